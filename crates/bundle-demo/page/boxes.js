// Boxes over the picture that the model saw, and the same as a table. The least score is chosen
// here: the model has answered, and is not asked again.

import { authored, el } from "./dom.js";
import { scrollTable } from "./frames.js";
import { nameInside, seenImage, svg } from "./plot.js";
import { cut, integer, isolated, number, score, t, tn } from "./strings.js";

/** Boxes that are drawn and listed. */
const MOST = 200;
/** Labels that the status line names. */
const SAID_LABELS = 5;
/** Steps of the slider from 0 to 1. */
const SCORE_STEPS = 20;

/** The parts of an output of boxes; `seen` is the picture in whose pixels they are, or null. */
export function renderBoxes(output, outcome, expected, seen) {
  const boxes = outcome.boxes;
  const region = el("div", { "aria-live": "polite" });
  const id = `least-${output.name}`;
  const { low, high } = scoreRange(boxes);
  const slider = el("input", { type: "range", id, min: Math.min(0, low), max: high, step: 1 / SCORE_STEPS, value: low });
  const value = el("output", { for: id });
  const show = () => {
    const least = Number(slider.value);
    value.replaceChildren(least.toFixed(2));
    // At the low end is every box, however the browser rounds.
    const above = least <= low ? boxes : boxes.filter((box) => boxScore(box) >= least);
    const count = above.length + (least <= low ? outcome.omitted_boxes : 0);
    const kept = above.slice(0, MOST);
    const picture = seen && boxPicture(seen, kept);
    const words = kept.length < count ? t("boxes_first", { shown: integer(kept.length), count: integer(count) }) : tn("boxes", count);
    region.replaceChildren(el("p", {}, words), ...(picture ? [picture] : []), ...(kept.length > 0 ? [boxTable(output, kept)] : []));
  };
  slider.addEventListener("input", show);
  show();
  const control = el("p", { class: "slider" }, el("label", { for: id }, t("least_score")), " ", slider, " ", value);
  const past = expected && el("p", { class: "past" }, `${t("recorded_answer")}: ${tn("boxes", expected.boxes.length + expected.omitted_boxes)}`);
  return { rest: [control, region, past || ""] };
}

function boxScore({ label }) {
  return label.score ?? 0;
}

/** From the lowest score, so that at first everything is shown that the bundle answered, to the end of the scale. */
export function scoreRange(boxes) {
  const scores = boxes.map(boxScore);
  const low = scores.length > 0 ? scores.reduce((least, one) => Math.min(least, one), Infinity) : 0;
  return { low: Math.floor(low * SCORE_STEPS) / SCORE_STEPS, high: Math.ceil(scores.reduce((most, one) => Math.max(most, one), 1)) };
}

/** How many boxes there are, and of what: all of them, whatever is shown. */
export function boxesSummary(outcome) {
  // Where only the first are here, what the others are is not known.
  if (outcome.boxes.length === 0 || outcome.omitted_boxes > 0) return tn("boxes", outcome.boxes.length + outcome.omitted_boxes);
  const count = new Map();
  for (const { label } of outcome.boxes) count.set(label.label, (count.get(label.label) ?? 0) + 1);
  const words = [...count].slice(0, SAID_LABELS).map(([label, times]) => `${integer(times)} × ${isolated(cut(label))}`);
  return words.join(", ") + (count.size > words.length ? ", …" : "");
}

function boxPicture({ url, width, height }, boxes) {
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("boxes_alt"), class: "boxes" });
  drawing.append(seenImage({ url, width, height }));
  const thin = Math.max(width, height) / 250;
  boxes.forEach(({ left, top, right, bottom, label }, index) => {
    if ([left, top, right, bottom].includes(null)) return;
    const place = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
    drawing.append(svg("rect", { ...place, class: "box-outer", "stroke-width": thin * 2 }), svg("rect", { ...place, class: "box", "stroke-width": thin }));
    const size = thin * 8;
    const { text, x, y } = nameInside(`${index + 1} ${cut(label.label)}`, { x: left + thin, y: top - thin, size }, { width, height });
    drawing.append(svg("text", { x, y, "font-size": size, class: "box-name" }, text));
  });
  return el("figure", { class: "picture" }, drawing);
}

function boxTable(output, boxes) {
  const name = t("boxes_caption", { output: output.name });
  const edges = (box) => [box.left, box.top, box.right, box.bottom].map((edge) => number(edge)).join(", ");
  const row = (box, index) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "numeric" }, integer(index + 1)),
      el("td", {}, authored(box.label.label)),
      el("td", { class: "numeric" }, score(box.label.score, true, box.label.word)),
      el("td", { class: "numeric" }, edges(box)),
    );
  const heads = [t("box"), t("label"), t("score"), t("box_edges")].map((words, at) => [words, at !== 1]);
  return scrollTable(name, heads, boxes.map(row));
}
