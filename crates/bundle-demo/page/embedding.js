// A vector, which says nothing by itself: its length, and which earlier ones are near to it.

import { authored, el } from "./dom.js";
import { scrollTable } from "./frames.js";
import { nearest, norm, vectorOf } from "./neighbours.js";
import { cut, integer, isolated, number, score, t } from "./strings.js";

/** Neighbours that are listed. */
const MOST_NEIGHBOURS = 200;

/** The parts of a vector; null of an array of several axes. */
export function renderEmbedding(output, outcome, { neighbours = [] }) {
  const vector = vectorOf(outcome);
  if (!vector) return null;
  const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  const long = vector.values ? number(norm(vector.values)) : "–";
  const facts = el("dl", { class: "summary" }, fact(t("vector_length"), integer(vector.length)), fact(t("vector_norm"), long));
  if (!vector.values) {
    return [facts, el("p", {}, t("vector_cut", { shown: integer(outcome.values.length), count: integer(vector.length) }))];
  }
  const near = nearest(vector.values, neighbours);
  if (near.length === 0) return [facts, el("p", { class: "hint" }, t(neighbours.length === 0 ? "neighbours_none" : "neighbours_unlike"))];
  return [facts, el("p", { class: "hint" }, t("neighbours_hint")), neighbourTable(output, near.slice(0, MOST_NEIGHBOURS))];
}

/** How long the vector is, and what is nearest; null of an array of several axes. */
export function embeddingSummary(outcome, { neighbours = [] }) {
  const vector = vectorOf(outcome);
  if (!vector) return null;
  const count = integer(vector.length);
  const [first] = vector.values ? nearest(vector.values, neighbours) : [];
  if (!first) return t("vector_summary", { count });
  return t("vector_summary_near", { count, name: isolated(cut(first.name)), similarity: score(first.similarity, true) });
}

function neighbourTable(output, near) {
  const row = ({ name, similarity }) => {
    const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span", {}));
    // What points the other way is as far as can be.
    bar.firstChild.style.inlineSize = `${100 * Math.max(0, similarity)}%`;
    return el("tr", {}, el("th", { scope: "row" }, authored(name)), el("td", { class: "numeric" }, el("div", { class: "bar-line" }, bar, score(similarity, true))));
  };
  return scrollTable(t("neighbours_caption", { output: output.name }), [[t("neighbour"), false], [t("similarity"), true]], near.map(row));
}
