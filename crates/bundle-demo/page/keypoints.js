// Points over the picture that the model saw, and the same as a table. The least score is chosen
// here: the model has answered, and is not asked again.

import { pointsOf } from "./arrays.js";
import { authored, el } from "./dom.js";
import { scrollTable } from "./frames.js";
import { seenImage, svg } from "./plot.js";
import { integer, number, score, t, tn } from "./strings.js";

/** Points that are drawn and listed. */
const MOST_POINTS = 200;
/** The least score of what is shown at first. */
const FIRST_LEAST = 0.25;

/** The parts of an output of points; null where its array has another shape. */
export function renderKeypoints(output, outcome, { seen }) {
  const found = pointsOf(outcome);
  if (!found) return null;
  const count = el("p", { "aria-live": "polite" });
  const region = el("div", { class: "found" });
  const show = (least) => {
    const kept = least === null ? found.points : found.points.filter((point) => (point.score ?? 0) >= least);
    const listed = kept.slice(0, MOST_POINTS);
    const left = kept.length + (found.all - found.points.length);
    const words = listed.length < left ? t("points_first", { shown: integer(listed.length), count: integer(left) }) : tn("points", kept.length);
    count.replaceChildren(words);
    region.replaceChildren(
      ...(seen && listed.length > 0 ? [pointPicture(seen, found, listed)] : []),
      ...(listed.length > 0 ? [keypointTable(output, found, listed)] : []),
    );
  };
  if (!found.scored) {
    show(null);
    return [count, region];
  }
  const id = `least-${output.name}`;
  // Some models say 2 of a point that is visible.
  const most = found.points.reduce((largest, point) => Math.max(largest, point.score ?? 0), 1);
  const slider = el("input", { type: "range", id, min: 0, max: Math.ceil(most), step: 0.05, value: FIRST_LEAST, "aria-describedby": `${id}-hidden` });
  const value = el("output", { for: id });
  const hidden = el("span", { id: `${id}-hidden`, class: "hint" });
  const choose = () => {
    const least = Number(slider.value);
    const below = hiddenBelow(found, least);
    value.replaceChildren(least.toFixed(2));
    // Whoever does not see them would take them for absent.
    hidden.replaceChildren(below > 0 ? tn("points_hidden", below) : "");
    show(least);
  };
  slider.addEventListener("input", choose);
  choose();
  return [el("p", { class: "slider" }, el("label", { for: id }, t("least_score")), " ", slider, " ", value, " ", hidden), count, region];
}

/** How many points there are; null where the array has another shape. */
export function keypointsSummary(outcome) {
  const found = pointsOf(outcome);
  if (!found) return null;
  if (!found.scored || found.points.length < found.all) return tn("points", found.all);
  const below = hiddenBelow(found, FIRST_LEAST);
  const shown = tn("points", found.points.length - below);
  return below > 0 ? t("points_summary", { points: shown, hidden: integer(below), least: FIRST_LEAST }) : shown;
}

/** How many points have a lower score; one without a score has the lowest. */
function hiddenBelow({ points }, least) {
  return points.filter((point) => (point.score ?? 0) < least).length;
}

/** What a point is called on the picture and in the table: its number, behind that of its group where there are several. */
function pointNumber({ groups }, { group, index }) {
  return groups > 1 ? `${group + 1}.${index + 1}` : String(index + 1);
}

function pointPicture({ url, width, height }, found, points) {
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("points_alt"), class: "boxes" });
  drawing.append(seenImage({ url, width, height }));
  const thin = Math.max(width, height) / 250;
  for (const point of points) {
    const { x, y } = point;
    if (x === null || y === null) continue;
    // Its number stands above and behind it, and never outside of the picture.
    const last = x > width * 0.9;
    const beside = { x: last ? x - thin * 4 : x + thin * 4, y: Math.max(thin * 8, y - thin * 2), "text-anchor": last ? "end" : "start" };
    drawing.append(
      svg("circle", { cx: x, cy: y, r: thin * 2.5, "stroke-width": thin, class: "point" }),
      svg("text", { ...beside, "font-size": thin * 9, class: "box-name" }, pointNumber(found, point)),
    );
  }
  return el("figure", { class: "picture" }, drawing);
}

function keypointTable(output, found, points) {
  const name = t("points_caption", { output: output.name });
  const labels = output.labels?.length > 0 ? output.labels : null;
  const row = (point) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "numeric" }, pointNumber(found, point)),
      labels && el("td", {}, authored(labels[point.index] || "–")),
      el("td", { class: "numeric" }, number(point.x)),
      el("td", { class: "numeric" }, number(point.y)),
      found.scored && el("td", { class: "numeric" }, score(point.score, true)),
    );
  const heads = [[t("point"), true], ...(labels ? [[t("label"), false]] : []), [t("point_x"), true], [t("point_y"), true], ...(found.scored ? [[t("score"), true]] : [])];
  return scrollTable(name, heads, points.map(row));
}
