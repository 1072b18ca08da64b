// Boxes over the picture that the model saw, and the same as a table. The least score is chosen
// here: the model has answered, and is not asked again.

import { authored, el } from "./dom.js";
import { scrollTable } from "./frames.js";
import { svg } from "./plot.js";
import { integer, number, score, t, tn } from "./strings.js";

/** Boxes that are drawn and listed. */
const MOST = 200;

/** The parts of an output of boxes; `seen` is the picture in whose pixels they are, or null. */
export function renderBoxes(output, outcome, expected, seen) {
  const boxes = outcome.boxes;
  const region = el("div", { "aria-live": "polite" });
  const id = `least-${output.name}`;
  const slider = el("input", { type: "range", id, min: 0, max: 1, step: 0.05, value: 0.25 });
  const value = el("output", { for: id });
  const show = () => {
    const least = Number(slider.value);
    value.replaceChildren(least.toFixed(2));
    const kept = boxes.filter((box) => (box.label.score ?? 0) >= least).slice(0, MOST);
    const picture = seen && boxPicture(seen, kept);
    region.replaceChildren(el("p", {}, tn("boxes", kept.length)), ...(picture ? [picture] : []), ...(kept.length > 0 ? [boxTable(output, kept)] : []));
  };
  slider.addEventListener("input", show);
  show();
  const control = el("p", { class: "slider" }, el("label", { for: id }, t("least_score")), " ", slider, " ", value);
  const past = expected && el("p", { class: "past" }, `${t("recorded_answer")}: ${tn("boxes", expected.boxes.length)}`);
  return { rest: [control, region, past || ""] };
}

/** How many boxes there are, and of what. */
export function boxesSummary(outcome) {
  const count = new Map();
  for (const { label } of outcome.boxes) if ((label.score ?? 0) >= 0.25) count.set(label.label, (count.get(label.label) ?? 0) + 1);
  const words = [...count].slice(0, 5).map(([label, times]) => `${integer(times)} × ${label}`);
  return words.length > 0 ? words.join(", ") : tn("boxes", 0);
}

function boxPicture({ url, width, height }, boxes) {
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("boxes_alt"), class: "boxes" });
  drawing.append(svg("image", { href: url, width, height }));
  const thin = Math.max(width, height) / 250;
  boxes.forEach(({ left, top, right, bottom, label }, index) => {
    if ([left, top, right, bottom].includes(null)) return;
    const place = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
    drawing.append(svg("rect", { ...place, class: "box-outer", "stroke-width": thin * 2 }), svg("rect", { ...place, class: "box", "stroke-width": thin }));
    const words = svg("text", { x: left + thin, y: Math.max(top, thin * 9) - thin, "font-size": thin * 8, class: "box-name" });
    words.append(`${index + 1} ${label.label}`);
    drawing.append(words);
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
