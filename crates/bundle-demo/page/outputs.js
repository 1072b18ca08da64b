// What comes back, as text and numbers first; bars only repeat the numbers.
// `beside` is what else is known of an answer, each only where it is known:
//
//   expected, replay, truth, recordedWith   of an example: its recorded outcome, the comparison, the truth
//   seen         { url, width, height }: the picture that went into the network
//   picture      a Blob: the output as a picture
//   raster       { width, height, classes }: a mask, one byte a pixel, row by row (see `readRaster`)
//   tokens       [{ text, label, score }]: a text in tokens; the label of a special one is null
//   neighbours   [{ name, values }]: vectors of this output that were answered before

import { firstLinesOf, linesOf, thinned } from "./arrays.js";
import { boxesSummary, renderBoxes } from "./boxes.js";
import { authored, el, keepPixels, saveFile, unseen } from "./dom.js";
import { embeddingSummary, renderEmbedding } from "./embedding.js";
import { scrollTable } from "./frames.js";
import { keypointsSummary, renderKeypoints } from "./keypoints.js";
import { maskSummary, renderMask } from "./mask.js";
import { renderTable, tableSummary } from "./outtable.js";
import { linePlot, lineSample } from "./plot.js";
import { opacitySlider } from "./seen.js";
import { answerNumber, cut, delta, integer, isolated, number, score, t, tn } from "./strings.js";
import { renderTokens, tokensSummary } from "./tokens.js";

/** Labels shown before "show all". */
const FEW = 10;
/** Rows of a table shown. */
const ROWS = 200;
/** Points of a line that a plot can tell apart. */
const PLOT_POINTS = 2000;

/** An output with its outcome; `beside` is empty where nothing else is known. */
export function renderOutput(output, outcome, beside = {}) {
  const render = { labels: renderLabels, scalar: renderScalars, boxes: renderBoxes, text: renderText, tensor: renderTensor }[outcome.kind];
  const own = renderKind(output, outcome, beside);
  const { top, rest } = own ? { rest: [...own, arrayDetails(output, outcome, beside.expected)] } : render(output, outcome, beside.expected, beside.seen, beside.picture);
  const heading = el("h3", {}, authored(output.name), output.unit && el("span", { class: "unit" }, " ", authored(output.unit)));
  const description = output.description && el("p", { class: "hint", dir: "auto" }, output.description);
  return el("section", { class: "output" }, heading, description, top, verdict(output, outcome, beside), ...rest);
}

/** The parts of a kind that has its own way to be shown; null where what that needs is not here. */
function renderKind(output, outcome, beside) {
  if (output.kind === "mask") return renderMask(output, outcome, beside);
  if (output.kind === "keypoints") return renderKeypoints(output, outcome, beside);
  if (output.kind === "tokens") return renderTokens(output, beside);
  if (output.kind === "embedding") return renderEmbedding(output, outcome, beside);
  if (output.kind === "table") return renderTable(output, outcome);
  return null;
}

function kindSummary(output, outcome, beside) {
  if (output.kind === "mask") return maskSummary(output, outcome, beside);
  if (output.kind === "keypoints") return keypointsSummary(outcome);
  if (output.kind === "tokens") return tokensSummary(beside);
  if (output.kind === "embedding") return embeddingSummary(outcome, beside);
  if (output.kind === "table") return tableSummary(outcome);
  return output.kind === "series" ? seriesSummary(outcome) : null;
}

/** The outcome in a few words, for the status line; what an author or a model says in it is isolated. */
export function summary(output, outcome, beside = {}) {
  const own = kindSummary(output, outcome, beside);
  if (own) return own;
  if (outcome.kind === "boxes") return boxesSummary(outcome);
  if (outcome.kind === "text") return outcome.text.trim() === "" ? t("empty_text") : isolated(cut(outcome.text, 80));
  if (outcome.kind === "tensor") return t("tensor_summary", { shape: shapeText(outcome.shape) });
  if (outcome.rows.length !== 1) return tn("rows", outcome.rows.length + outcome.omitted_rows);
  if (outcome.kind === "labels") {
    const [top] = outcome.rows[0];
    return top ? `${isolated(cut(top.label))} (${score(top.score, unitScale(output, outcome.rows[0]), top.word)})` : t("empty_output");
  }
  return `${answerNumber(outcome.rows[0], output.tolerance, wordAt(outcome, 0))}${output.unit ? ` ${isolated(output.unit)}` : ""}`;
}

function verdict(output, outcome, { replay, truth, recordedWith }) {
  const lines = [];
  if (replay) {
    const numbers = tn("same_as_recorded_delta", replay.elements, { delta: delta(replay.max_abs) });
    const words = replay.holds ? `${t("same_as_recorded")} · ${numbers}` : t("differs_from_recorded");
    lines.push(marked(replay.holds ? "yes" : "no", words));
    if (!replay.holds && replay.difference) lines.push(el("p", { class: "detail" }, replay.difference, ` · ${numbers}`));
    if (recordedWith) {
      const itself = recordedWith === "bundle";
      lines.push(el("p", { class: "hint" }, itself ? t("recorded_with_itself") : t("recorded_with", { programs: recordedWith })));
    }
  }
  if (truth !== undefined) {
    const top = outcome.kind === "labels" && outcome.rows.length === 1 ? outcome.rows[0][0]?.label : undefined;
    const right = top === undefined ? null : top === truth;
    const words = right === null ? null : t(right ? "truth_right" : "truth_wrong");
    lines.push(marked(right === null ? "none" : right ? "yes" : "no", `${t("truth")}: `, authored(truth), words && ` · ${words}`));
  }
  return lines.length > 0 && el("div", { class: "verdict" }, ...lines);
}

function marked(mark, ...children) {
  return el("p", { "data-mark": mark }, ...children);
}

/** Whether scores run from 0 to 1: because the author's last step makes them so, or because they are shares of 1. */
export function unitScale(output, ranking) {
  if (output.unit_scale) return true;
  const sum = ranking.reduce((total, one) => total + (one.score ?? NaN), 0);
  return ranking.every((one) => one.score >= 0 && one.score <= 1) && Math.abs(sum - 1) < 1e-3;
}

function renderLabels(output, outcome, expected) {
  const { rows } = outcome;
  const empty = { rest: [el("p", {}, t("empty_output"))] };
  if (rows.length === 0) return empty;
  if (rows.length > 1) {
    const cells = rows.map(([top], index) => (top ? [authored(top.label), score(top.score, unitScale(output, rows[index]), top.word)] : [t("empty_output"), ""]));
    const recorded = expected?.rows.map(([top]) => (top ? authored(top.label) : ""));
    return { rest: rowTable(output, outcome, [t("label"), t("score")], cells, recorded) };
  }
  const [ranking] = rows;
  if (ranking.length === 0) return empty;
  const then = expected?.rows[0] && new Map(expected.rows[0].map((one) => [one.index, one]));
  const [first] = ranking;
  const points = el("span", { class: "top-score" }, unseen(`${t("score")} `), score(first.score, unitScale(output, ranking), first.word));
  return { top: el("p", { class: "top" }, authored(first.label), " ", points), rest: [rankingTable(output, ranking, then)] };
}

function rankingTable(output, ranking, then) {
  const finite = ranking.map((one) => one.score).filter((value) => value !== null);
  const unit = unitScale(output, ranking);
  const low = unit ? 0 : finite.reduce((least, value) => Math.min(least, value), 0);
  const high = unit ? 1 : finite.reduce((most, value) => Math.max(most, value), 0);
  const share = (value) => (value === null || high <= low ? 0 : (value - low) / (high - low));
  const row = (one) => {
    const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span", {}));
    bar.firstChild.style.inlineSize = `${100 * share(one.score)}%`;
    const past = then?.get(one.index);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, authored(one.label)),
      el("td", { class: "with-bar" }, bar),
      el("td", { class: "numeric" }, score(one.score, unit, one.word)),
      then && el("td", { class: "numeric past" }, past ? score(past.score, unit, past.word) : "–"),
    );
  };
  const body = el("tbody", {}, ...(ranking.length <= FEW + 2 ? ranking : ranking.slice(0, FEW)).map(row));
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, t("label")),
    el("td", { class: "with-bar" }),
    el("th", { scope: "col", class: "numeric" }, then ? t("actual") : t("score")),
    then && el("th", { scope: "col", class: "numeric" }, t("recorded")),
  );
  const caption = el("caption", { class: "visually-hidden" }, t("ranking_caption", { output: output.name }));
  const table = el("table", { class: "ranking" }, caption, el("thead", {}, head), body);
  if (ranking.length <= FEW + 2) return table;
  const more = el("button", { type: "button", class: "button quiet", "aria-expanded": "false" }, t("show_all_labels", { count: integer(ranking.length) }));
  more.addEventListener("click", () => {
    const all = more.getAttribute("aria-expanded") === "false";
    body.replaceChildren(...(all ? ranking : ranking.slice(0, FEW)).map(row));
    more.setAttribute("aria-expanded", String(all));
    more.replaceChildren(all ? t("show_fewer_labels") : t("show_all_labels", { count: integer(ranking.length) }));
  });
  return el("div", {}, table, more);
}

function renderScalars(output, outcome, expected) {
  const { rows } = outcome;
  if (rows.length === 0) return { rest: [el("p", {}, t("empty_output"))] };
  const text = (of, index) => wholeNumber(of.rows[index], answerNumber(of.rows[index], output.tolerance, wordAt(of, index)));
  if (rows.length > 1) {
    const cells = rows.map((_, index) => [text(outcome, index)]);
    const recorded = expected?.rows.map((_, index) => text(expected, index));
    return { rest: rowTable(output, outcome, [t("value")], cells, recorded) };
  }
  const unit = output.unit && el("span", { class: "unit" }, " ", authored(output.unit));
  const top = el("p", { class: "top" }, text(outcome, 0), unit);
  const past = expected?.rows.length === 1 && el("p", { class: "past" }, `${t("recorded_answer")}: `, text(expected, 0));
  return { top, rest: past ? [past] : [] };
}

/** A number in words, with all of its digits for who points at it. */
function wholeNumber(value, words) {
  return typeof value === "number" ? el("data", { value, title: value }, words) : words;
}

/** One line per row of a batch. */
function rowTable(output, outcome, columns, cells, recorded) {
  const count = cells.length + outcome.omitted_rows;
  const shown = Math.min(cells.length, ROWS);
  const heads = [t("row"), ...columns, ...(recorded ? [t("recorded")] : [])];
  const name = t("rows_caption", { output: output.name });
  const lines = cells.slice(0, ROWS).map((line, index) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "numeric" }, integer(index + 1)),
      ...line.map((cell, at) => el("td", { class: at === line.length - 1 ? "numeric" : undefined }, cell)),
      recorded && el("td", { class: "past" }, recorded[index] ?? "–"),
    ),
  );
  const table = scrollTable(name, heads.map((head, at) => [head, at === 0 || at === columns.length]), lines);
  const note = shown < count ? t("first_rows_of", { shown: integer(shown), count: integer(count) }) : tn("rows", count);
  return [el("p", { class: "hint" }, note), table];
}

function renderText(output, outcome, expected) {
  const past = expected && el("p", { class: "past" }, `${t("recorded_answer")}: `, authored(expected.text));
  return { top: el("p", { class: "text-answer", dir: "auto" }, outcome.text === "" ? t("empty_text") : outcome.text), rest: past ? [past] : [] };
}

/** An array that can be a picture: over what the model saw, as strongly as one likes. */
function overlay(output, picture, seen) {
  const url = URL.createObjectURL(picture);
  const above = el("img", { src: url, alt: t("picture_alt", { output: output.name }) });
  above.addEventListener("load", () => {
    URL.revokeObjectURL(url);
    keepPixels(above);
  });
  if (!seen) return el("figure", { class: "picture" }, above);
  const below = el("img", { src: seen.url, alt: "" });
  below.addEventListener("load", () => keepPixels(below));
  return el("div", {}, el("figure", { class: "picture overlay" }, below, above), opacitySlider(output.name, above));
}

function renderTensor(output, outcome, expected, seen, picture) {
  const parts = arrayParts(output, outcome, expected);
  if (output.kind === "series") parts.unshift(...seriesParts(output, outcome));
  if (picture) parts.unshift(overlay(output, picture, output.kind === "mask" ? seen : null), savePicture(output, picture));
  return { rest: parts };
}

/** The facts and the first numbers of an array. */
function arrayParts(output, outcome, expected) {
  const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  const parts = [
    el(
      "dl",
      { class: "summary" },
      fact(t("shape"), shapeText(outcome.shape)),
      fact(t("element_type"), outcome.dtype),
      fact(t("smallest"), number(outcome.min, "–")),
      fact(t("largest"), number(outcome.max, "–")),
      fact(t("mean"), number(outcome.mean, "–")),
      outcome.not_finite_count > 0 && fact(t("not_finite"), integer(outcome.not_finite_count)),
    ),
  ];
  // Several arrays may be here: a region is told from the others by its name.
  const values = (of, name) =>
    el(
      "details",
      {},
      el("summary", {}, name),
      el("pre", { tabindex: 0, role: "region", "aria-label": `${output.name}: ${name}` }, el("code", {}, of.values.map((value, index) => number(value, wordAt(of, index))).join(", "))),
    );
  if (outcome.values.length > 0) parts.push(values(outcome, tn("first_values", outcome.values.length)));
  if (expected?.values?.length > 0) parts.push(values(expected, `${t("recorded_answer")}: ${tn("first_values", expected.values.length)}`));
  return parts;
}

/** The array behind what is shown, for who wants its numbers. */
function arrayDetails(output, outcome, expected) {
  return outcome.kind === "tensor" ? el("details", { class: "array" }, el("summary", {}, t("array_details")), ...arrayParts(output, outcome, expected)) : "";
}

function savePicture(output, picture) {
  const ending = picture.type === "image/jpeg" ? "jpg" : "png";
  return el("div", { class: "actions" }, el("button", { type: "button", class: "button small", onclick: () => saveFile(`${output.name}.${ending}`, picture) }, t(ending === "png" ? "save_png" : "save_picture")));
}

/** The plot of a series; of a long one the beginning, which is all of it that an answer holds, or why there is none. */
function seriesParts(output, outcome) {
  const lines = linesOf(outcome);
  if (lines) return seriesPlot(output, lines);
  const first = firstLinesOf(outcome);
  if (first) return [...seriesPlot(output, first.lines), el("p", { class: "hint" }, t("series_first", { shown: integer(first.lines[0].length), count: integer(first.length) }))];
  return outcome.values.length > 1 ? [el("p", { class: "hint" }, t(outcome.omitted > 0 ? "series_not_here" : "series_no_lines", { shown: integer(outcome.values.length) }))] : [];
}

/** One line a channel, told apart by its dashes and by the number on it. */
function seriesPlot(output, lines) {
  const several = lines.length > 1;
  const named = lines.map((values, at) => ({ points: thinned(values, PLOT_POINTS), style: at, number: several ? String(at + 1) : "" }));
  const plot = linePlot({
    alt: t(several ? "lines_alt" : "series_alt", { output: output.name, count: integer(lines.length) }),
    lines: named,
    notes: [],
    xName: t("series_index"),
    yName: output.unit ? `${output.name} (${output.unit})` : output.name,
  });
  if (!several) return [plot];
  const legend = named.map((line, at) => el("li", {}, lineSample(at), " ", ...(output.labels?.[at] ? [`${line.number} `, authored(output.labels[at])] : [t("channel_number", { number: line.number })])));
  return [plot, el("ul", { class: "legend", "aria-label": t("legend") }, ...legend)];
}

function seriesSummary(outcome) {
  const lines = linesOf(outcome);
  if (!lines) return null;
  return lines.length > 1 ? tn("lines_summary", lines.length, { length: tn("values", lines[0].length) }) : tn("values", lines[0].length);
}

function shapeText(shape) {
  return shape.length === 0 ? "()" : shape.join(" × ");
}

function wordAt(outcome, index) {
  return outcome.not_finite?.find(([at]) => at === index)?.[1];
}
