"use strict";
const one = (root, selector) => root.querySelector(selector);
const all = (root, selector) => Array.from(root.querySelectorAll(selector));

// The reader's choice of light or dark overrides the system's, and is stored if possible.
(() => {
  const button = one(document, ".theme");
  if (!button) return;
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem("flopmeter-theme"); } catch { return null; } };
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  if (stored()) root.dataset.theme = stored();
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("flopmeter-theme", root.dataset.theme); } catch { /* private browsing stores nothing */ }
    show();
  });
  show();
})();
