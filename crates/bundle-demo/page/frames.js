// A table in a frame that scrolls: a table is wider than a telephone, and its frame is reached by keyboard.

import { el } from "./dom.js";

/** The table of `rows`; `heads` are `[words, whether numbers stand below]`, `name` is what the frame is called. */
export function scrollTable(title, heads, rows, name = title) {
  const head = heads.map(([words, numeric]) => el("th", { scope: "col", class: numeric ? "numeric" : undefined }, words));
  const table = el("table", { class: "rows" }, el("caption", { class: "visually-hidden" }, title), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
  return el("div", { class: "scroll tall", role: "region", "aria-label": name, tabindex: 0 }, table);
}
