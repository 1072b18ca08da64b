// Drawings in SVG. They are in the colour of the text, tell apart by shape, and only repeat what a
// table beside them says.

import { el, isTiny } from "./dom.js";
import { number } from "./strings.js";

const PLOT_HEIGHT = 260;
/** The room around a plot: above for words, below and left for the numbers of the axes. */
const PLOT_ROOM = { top: 34, right: 18, bottom: 48 };
/** About how wide a digit is, and how high a line. */
const DIGIT = 8;
const LINE = 18;
/** The dashes that tell lines apart. */
const DASHES = ["none", "8 4", "2 3", "12 3 2 3", "5 2", "14 6", "2 6", "9 3 2 3 2 3"];

/**
 * Points joined by a line, drawn anew for every width so that the numbers keep their size.
 *
 * `points` are `{ x, y, mark }` from left to right, `y` null where there is no number, `mark` one of
 * `same`, `other` and `start`, or none. `notes` are `{ x, words, side }`: words at a place, on its `side`.
 * Instead of points, `lines` are up to eight `{ points, style, number }`: each has the dashes of its
 * `style`, and its `number` on it.
 */
export function linePlot({ alt, points, lines = [{ points, style: 0, number: "" }], notes, xName, yName, yRange }) {
  const place = el("div", { class: "plot" });
  let drawn = 0;
  const observer = new ResizeObserver(([{ contentRect }]) => {
    const width = Math.floor(contentRect.width);
    if (width === drawn || width < 100) return;
    drawn = width;
    place.replaceChildren(drawPlot(width, { alt, lines, notes, xName, yName, yRange }));
  });
  observer.observe(place);
  return place;
}

function drawPlot(width, { alt, lines, notes, xName, yName, yRange }) {
  const points = lines.flatMap((line) => line.points);
  const [xLow, xHigh] = span(points.map(({ x }) => x));
  const [yLow, yHigh] = yRange ?? widened(span(points.map(({ y }) => y).filter((y) => y !== null)));
  const yTicks = ticks(yLow, yHigh, 4);
  const left = 12 + DIGIT * Math.max(2, ...yTicks.map((value) => number(value).length));
  const right = width - PLOT_ROOM.right;
  const top = PLOT_ROOM.top + LINE * notes.length;
  const bottom = PLOT_HEIGHT - PLOT_ROOM.bottom;
  const across = (x) => left + ((x - xLow) / (xHigh - xLow)) * (right - left);
  const down = (y) => bottom - ((y - yLow) / (yHigh - yLow)) * (bottom - top);
  const xTicks = ticks(xLow, xHigh, Math.max(2, Math.min(7, Math.floor((right - left) / 60))));

  const drawing = svg("svg", { class: "plot-drawing", width, height: PLOT_HEIGHT, viewBox: `0 0 ${width} ${PLOT_HEIGHT}`, role: "img", "aria-label": alt });
  for (const value of yTicks) {
    drawing.append(
      svg("line", { class: "plot-grid", x1: left, x2: right, y1: down(value), y2: down(value) }),
      svgText(left - 6, down(value) + 4, number(value), "end"),
    );
  }
  for (const value of xTicks) {
    drawing.append(
      svg("line", { class: "plot-axis", x1: across(value), x2: across(value), y1: bottom, y2: bottom + 5 }),
      svgText(across(value), bottom + LINE, number(value), "middle"),
    );
  }
  drawing.append(
    svg("path", { class: "plot-axis", d: `M${left} ${top}V${bottom}H${right}` }),
    svgText(0, 14, shortened(yName, width), "start"),
    svgText(right, PLOT_HEIGHT - 6, xName, "end"),
  );
  notes.forEach(({ x, words, side }, index) => {
    const at = across(x);
    const baseline = PLOT_ROOM.top + LINE * (index + 0.5);
    // On its own side if there is room, else on the other.
    const room = { left: at - 8, right: width - at - 8 };
    const other = side === "left" ? "right" : "left";
    const where = room[side] >= DIGIT * words.length || room[side] >= room[other] ? side : other;
    drawing.append(
      svg("line", { class: "plot-note", x1: at, x2: at, y1: baseline - 12, y2: bottom }),
      svgText(where === "left" ? at - 6 : at + 6, baseline, shortened(words, room[where]), where === "left" ? "end" : "start"),
    );
  });
  drawing.append(...lines.map((line) => svg("path", { class: "plot-line", d: joined(line.points, across, down), "stroke-dasharray": DASHES[line.style] })));
  drawing.append(...lines.filter((line) => line.number).flatMap((line) => lineNumber(line, lines.length, across, down)));
  for (const { x, y, mark } of points) if (y !== null && mark) drawing.append(plotMark(mark, across(x), down(y)));
  return drawing;
}

/** The number of a line on the line itself, each line's a little further on, so that they seldom meet. */
function lineNumber({ points, style, number: words }, count, across, down) {
  const known = points.filter(({ y }) => y !== null);
  if (known.length === 0) return [];
  const { x, y } = known[Math.floor(((style + 0.5) / count) * known.length)];
  return [svg("circle", { class: "plot-number", cx: across(x), cy: down(y), r: 9 }), svgText(across(x), down(y) + 4.5, words, "middle")];
}

/** A piece of a line as it is drawn, for a legend. */
export function lineSample(style) {
  const line = svg("path", { class: "plot-line", d: "M0 5H48", "stroke-dasharray": DASHES[style] });
  return svg("svg", { class: "line-sample", width: 48, height: 10, viewBox: "0 0 48 10", "aria-hidden": "true" }, line);
}

/** A path through the points, broken where there is no number. */
function joined(points, across, down) {
  let pen = "M";
  let path = "";
  for (const { x, y } of points) {
    if (y === null) {
      pen = "M";
      continue;
    }
    path += `${pen}${across(x).toFixed(1)} ${down(y).toFixed(1)}`;
    pen = "L";
  }
  return path;
}

function plotMark(mark, x, y) {
  if (mark === "other") return svg("path", { class: "plot-other", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` });
  if (mark === "start") return svg("rect", { class: "plot-start", x: x - 5, y: y - 5, width: 10, height: 10 });
  return svg("circle", { class: "plot-same", cx: x, cy: y, r: 4 });
}

/** Squares, row by row; the larger the number, the less one sees through. Less than 0 is as 0. */
export function squares({ alt, rows, columns, values }) {
  const most = Math.max(...values.map((value) => value ?? 0));
  const drawing = svg("svg", { class: "squares", viewBox: `0 0 ${columns} ${rows}`, preserveAspectRatio: "none", role: "img", "aria-label": alt });
  values.forEach((value, at) => {
    const share = most > 0 ? Math.max(0, value ?? 0) / most : 0;
    drawing.append(svg("rect", { x: at % columns, y: Math.floor(at / columns), width: 1, height: 1, "fill-opacity": share.toFixed(3) }));
  });
  return drawing;
}

/** An element of a drawing. */
export function svg(tag, properties, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Letters of East Asia and pictographs, which are as wide as they are high. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60\u{1f000}-\u{3ffff}]/u;

/** About how wide a text is at a size of 1; other letters are hardly wider than 0.6. */
function textWidth(text) {
  return [...text].reduce((width, letter) => width + (WIDE.test(letter) ? 1 : 0.62), 0);
}

/** A name at a place of a picture, moved and if need be shortened so that it stays inside. `y` is its base line. */
export function nameInside(words, { x, y, size }, { width, height }) {
  const letters = [...words];
  const room = width / size;
  let kept = letters.length;
  while (kept > 1 && textWidth(shortenedTo(letters, kept)) > room) kept -= 1;
  const text = shortenedTo(letters, kept);
  const most = Math.max(0, width - textWidth(text) * size);
  return { text, x: Math.max(0, Math.min(x, most)), y: Math.max(size, Math.min(y, height - size / 4)) };
}

function shortenedTo(letters, kept) {
  return kept < letters.length ? `${letters.slice(0, kept).join("")}…` : letters.join("");
}

/** The picture that the model saw, under what is drawn over it. */
export function seenImage({ url, width, height }) {
  return svg("image", { href: url, width, height, class: isTiny({ width, height }) ? "pixels" : "" });
}

function svgText(x, y, words, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, words);
}

function shortened(words, room) {
  const most = Math.max(4, Math.floor(room / DIGIT));
  const letters = [...words];
  return letters.length <= most ? words : `${letters.slice(0, most - 1).join("")}…`;
}

/** From the least to the most, never of no extent. */
function span(values) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (values.length === 0) return [0, 1];
  if (low < high) return [low, high];
  const around = Math.abs(low) * 0.1 || 1;
  return [low - around, high + around];
}

/** With a little air at both ends. */
function widened([low, high]) {
  const air = (high - low) * 0.08;
  return [low - air, high + air];
}

/** Round numbers between two others, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}
