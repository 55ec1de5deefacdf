// Choice of result, dots with details, table with sort and filter. Names are only ever set as text.
// The details of a layer come from its table row, so nothing is in the file twice.

function choice() {
  const articles = all(document, "article.result");
  const links = all(document, ".choice a");
  if (articles.length < 2) return;
  const show = (id) => {
    articles.forEach((article) => { article.hidden = article.id !== id; });
    links.forEach((link) => {
      if (link.hash === "#" + id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  };
  links.forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    show(link.hash.slice(1));
  }));
  const asked = articles.find((article) => "#" + article.id === location.hash);
  show((asked || articles.find((article) => "best" in article.dataset) || articles[0]).id);
  // A printed page shows them all.
  addEventListener("beforeprint", () => articles.forEach((article) => { article.hidden = false; }));
  addEventListener("afterprint", () => show((links.find((link) => link.hasAttribute("aria-current")) || links[0]).hash.slice(1)));
}

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("role", "status");

function fill(row, heads) {
  tip.replaceChildren();
  const cells = Array.from(row.cells);
  const name = document.createElement("strong");
  name.textContent = cells[1].textContent.slice(0, 400);
  const op = document.createElement("em");
  op.textContent = cells[2].textContent.slice(0, 400);
  const list = document.createElement("dl");
  cells.forEach((cell, i) => {
    const text = cell.textContent.trim();
    if (i < 3 || !text) return;
    const term = document.createElement("dt");
    term.textContent = heads[i];
    const value = document.createElement("dd");
    value.textContent = text.slice(0, 80);
    list.append(term, value);
  });
  tip.append(name, op, list);
}

function place(target) {
  const box = target.getBoundingClientRect();
  tip.hidden = false;
  const size = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.left + box.width / 2 - size.width / 2), document.documentElement.clientWidth - size.width - 8);
  const above = box.top - size.height - 10;
  tip.style.left = left + scrollX + "px";
  tip.style.top = (above > 4 ? above : box.bottom + 10) + scrollY + "px";
}

function details(article) {
  const table = one(article, "table.layers");
  if (!table) return;
  const heads = all(table, "thead th").map((head) => head.textContent);
  const rows = new Map(all(table, "tbody tr").map((row) => [row.dataset.i, row]));
  const marks = new Map();
  all(article, ".dot[data-i], .span[data-i]").forEach((mark) => {
    if (!marks.has(mark.dataset.i)) marks.set(mark.dataset.i, []);
    marks.get(mark.dataset.i).push(mark);
  });
  let lit = [];
  const clear = () => { lit.forEach((mark) => mark.classList.remove("on")); lit = []; tip.hidden = true; };
  const light = (index, target) => {
    clear();
    const row = rows.get(index);
    if (!row) return;
    lit = [row, ...(marks.get(index) || [])];
    lit.forEach((mark) => mark.classList.add("on"));
    if (target) { fill(row, heads); place(target); }
  };
  const marked = (event) => event.target.closest ? event.target.closest("[data-i]") : null;
  article.addEventListener("pointerover", (event) => {
    const mark = marked(event);
    if (mark) light(mark.dataset.i, mark.closest("svg") ? mark : null); else clear();
  });
  article.addEventListener("pointerleave", clear);
  article.addEventListener("focusin", (event) => {
    if (event.target.matches(".dot")) light(event.target.dataset.i, event.target);
  });
  article.addEventListener("focusout", clear);

  // One tab stop for all dots of a plot; arrow keys move between them, Home and End to the ends.
  const walks = new Map(all(article, "svg.roofline").map((plot) => [plot, all(plot, ".dot").sort(
    (a, b) => a.cx.baseVal.value - b.cx.baseVal.value || b.cy.baseVal.value - a.cy.baseVal.value)]));
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
  article.addEventListener("keydown", (event) => {
    if (!event.target.matches(".dot")) return;
    const dots = walks.get(event.target.closest("svg"));
    const at = dots.indexOf(event.target);
    let next = at;
    if (event.key in step) next = Math.min(dots.length - 1, Math.max(0, at + step[event.key]));
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = dots.length - 1;
    else if (event.key === "Escape") { clear(); return; }
    else if (event.key === "Enter") { const row = rows.get(event.target.dataset.i); if (row) row.scrollIntoView({ block: "center" }); return; }
    else return;
    event.preventDefault();
    dots[at].setAttribute("tabindex", "-1");
    dots[next].setAttribute("tabindex", "0");
    dots[next].focus();
  });
}

function sortable(table) {
  const body = table.tBodies[0];
  const state = { rows: Array.from(body.rows), limit: 200, words: [] };
  const section = table.closest("section");
  const tools = one(section, ".tools");
  const count = one(section, ".count");
  const more = one(section, ".more");
  const text = new Map(state.rows.map((row) => [row, row.textContent.toLowerCase()]));

  const show = () => {
    let matching = 0;
    for (const row of state.rows) {
      const fits = state.words.every((word) => text.get(row).includes(word));
      if (fits) matching++;
      const hide = !fits || matching > state.limit;
      if (row.hidden !== hide) row.hidden = hide;
    }
    const shown = Math.min(matching, state.limit);
    if (count) count.textContent = shown + (state.words.length ? " of " + matching + " matching" : " of " + state.rows.length) + " layers";
    if (more) {
      more.hidden = matching <= state.limit;
      more.textContent = "Show all " + matching;
    }
  };

  all(table, "thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
    const isFigure = head.classList.contains("n");
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const descending = before === "none" ? isFigure && column > 0 : before === "ascending";
      all(table, "thead th").forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const from = head.textContent === "Share" ? column - 1 : column; // a share is sorted by its time
      const key = (row) => isFigure ? parseFloat(row.cells[from].dataset.v ?? "NaN") : row.cells[column].textContent;
      const keys = new Map(state.rows.map((row) => [row, key(row)]));
      const sign = descending ? -1 : 1;
      state.rows.sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        if (!isFigure) return sign * x.localeCompare(y, "en", { numeric: true });
        // Absent values come last in both orders.
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return sign * (x - y);
      });
      body.append(...state.rows);
      show();
    });
  });

  if (tools) {
    tools.hidden = false;
    one(tools, ".filter").addEventListener("input", (event) => {
      state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      show();
    });
  }
  if (more) more.addEventListener("click", () => { state.limit = Infinity; show(); });
  show();
  table.classList.add("ready");
}

choice();
document.body.append(tip);
all(document, "article.result").forEach(details);
all(document, "table.layers").forEach(sortable);
