// Updates the page without a reload: fetches it again and replaces the parts that changed. The
// response is parsed, never run. Only the server renders.
(() => {
  const seconds = 5;
  const live = () => one(document, ".live");
  let failed = 0;

  async function renew() {
    const response = await fetch(location.pathname, { cache: "no-store", headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error("status " + response.status);
    const text = await response.text();
    // Only the content: the style sheet in the head has the nonce of another response.
    const content = text.slice(text.indexOf("<main"), text.lastIndexOf("<\/main>"));
    const fresh = new DOMParser().parseFromString(content, "text/html");
    for (const part of all(document, "[data-part]")) {
      const next = fresh.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement : null;
      const same = focused && all(part, "a, [tabindex]").indexOf(focused);
      part.replaceChildren(...Array.from(next.childNodes).map((node) => document.importNode(node, true)));
      if (focused && same >= 0) all(part, "a, [tabindex]")[same]?.focus();
    }
  }

  async function tick() {
    if (document.hidden) return;
    try {
      await renew();
      failed = 0;
      live().textContent = "";
    } catch {
      failed++;
      live().textContent = "The daemon does not answer; trying again.";
    }
  }

  (function loop() {
    setTimeout(async () => { await tick(); loop(); }, 1000 * Math.min(60, seconds * 2 ** Math.min(failed, 4)));
  })();
  document.addEventListener("visibilitychange", tick);
})();
