// A text with the passages that the model marks in it, and the passages as a table.

import { authored, el, unseen } from "./dom.js";
import { scrollTable } from "./frames.js";
import { passagesOf } from "./spans.js";
import { cut, integer, isolated, score, t, tn } from "./strings.js";

/** Tokens whose text is shown, and passages that are listed. */
const SHOWN_TOKENS = 5000;
const SHOWN_PASSAGES = 200;
/** Passages that the status line names. */
const SAID_PASSAGES = 3;

/** The parts of labelled tokens; null where they are not here. */
export function renderTokens(output, { tokens }) {
  if (!Array.isArray(tokens)) return null;
  const shown = tokens.slice(0, SHOWN_TOKENS);
  const passages = passagesOf(shown);
  const marked = passages.filter(({ name }) => name !== null);
  // A long text scrolls in a frame of its own, which is reached by keyboard.
  const text = el("div", { class: "text-answer marked-text", dir: "auto", role: "region", tabindex: 0, "aria-label": t("marked_text", { output: output.name }) }, ...passages.flatMap(passageParts));
  const parts = [el("p", {}, tn("passages", marked.length))];
  if (passages.length > 0) parts.push(text);
  if (shown.length < tokens.length) parts.push(el("p", { class: "hint" }, t("tokens_first", { shown: integer(shown.length), count: integer(tokens.length) })));
  if (marked.length > SHOWN_PASSAGES) parts.push(el("p", { class: "hint" }, t("first_rows_of", { shown: integer(SHOWN_PASSAGES), count: integer(marked.length) })));
  if (marked.length > 0) parts.push(passageTable(output, marked.slice(0, SHOWN_PASSAGES)));
  return parts;
}

/** How many passages are marked, and the first of them; null where the tokens are not here. */
export function tokensSummary({ tokens }) {
  if (!Array.isArray(tokens)) return null;
  const marked = passagesOf(tokens).filter(({ name }) => name !== null);
  if (marked.length === 0) return tn("passages", 0);
  const said = marked.slice(0, SAID_PASSAGES).map(({ text, name }) => `${isolated(cut(text.trim()))} (${isolated(cut(name))})`);
  return tn("passages_summary", marked.length, { passages: said.join(", ") + (marked.length > said.length ? ", …" : "") });
}

function passageParts({ text, name }) {
  if (name === null) return [text];
  // The space before a passage is none of it.
  const inner = text.trimStart();
  const before = text.slice(0, text.length - inner.length);
  return [before, el("mark", {}, el("bdi", {}, inner), unseen(" ("), el("span", { class: "mark-label" }, authored(name)), unseen(")"))];
}

function passageTable(output, passages) {
  const row = ({ text, name, score: mean }) =>
    el("tr", {}, el("th", { scope: "row" }, authored(text.trim())), el("td", {}, authored(name)), el("td", { class: "numeric" }, score(mean, true, "–")));
  const heads = [[t("passage"), false], [t("label"), false], [t("mean_score"), true]];
  return scrollTable(t("passages_caption", { output: output.name }), heads, passages.map(row));
}
