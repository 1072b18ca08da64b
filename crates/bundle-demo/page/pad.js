// A pad to draw on. Strokes are kept as lines and become a PNG file by arithmetic alone, so the
// same strokes are the same file in every browser; the page still decodes nothing.

import { el } from "./dom.js";
import { pngOf } from "./png.js";
import { t } from "./strings.js";

const SPACE = "http://www.w3.org/2000/svg";
/** The pad's own side, in which strokes are kept. */
const SIDE = 280;
/** How far an arrow key moves the pen. */
const STEP = 7;

/** A pad; `take(file)` hears each drawing when a stroke has ended. `side()` says how many pixels it is to have. */
export function drawingPad(id, take, side) {
  const strokes = [];
  let stroke = null;
  const pen = { x: SIDE / 2, y: SIDE / 2, down: false };

  const svg = document.createElementNS(SPACE, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${SIDE} ${SIDE}`, class: "pad", tabindex: 0, role: "application", "aria-label": t("pad_label"), "aria-describedby": `${id}-pad-hint` })) {
    svg.setAttribute(name, value);
  }
  const width = el("input", { type: "range", id: `${id}-pad-width`, min: 8, max: 60, value: 24 });
  const ink = el("select", { id: `${id}-pad-ink` }, el("option", { value: "light" }, t("pad_light")), el("option", { value: "dark" }, t("pad_dark")));
  const clear = el("button", { type: "button", class: "button quiet" }, t("pad_clear"));
  const cursor = document.createElementNS(SPACE, "circle");
  cursor.setAttribute("class", "pad-cursor");

  function redraw() {
    svg.classList.toggle("dark-ink", ink.value === "dark");
    const lines = strokes.map(({ points, radius }) => {
      const line = document.createElementNS(SPACE, "polyline");
      const [first] = points;
      // A line of one point has no length; it is drawn to itself.
      line.setAttribute("points", [...points, first].slice(0, Math.max(2, points.length)).map(({ x, y }) => `${x},${y}`).join(" "));
      line.setAttribute("stroke-width", radius * 2);
      return line;
    });
    cursor.setAttribute("cx", pen.x);
    cursor.setAttribute("cy", pen.y);
    cursor.setAttribute("r", Number(width.value) / 2);
    svg.replaceChildren(...lines, cursor);
  }

  function begin(at) {
    stroke = { points: [at], radius: Number(width.value) / 2 };
    strokes.push(stroke);
    redraw();
  }

  function end() {
    if (!stroke) return;
    stroke = null;
    send();
  }

  function send() {
    if (strokes.length === 0) return;
    const pixels = side() ?? SIDE;
    const levels = rasterised(strokes, pixels);
    if (ink.value === "dark") for (let at = 0; at < levels.length; at += 1) levels[at] = 255 - levels[at];
    take(new File([pngOf(pixels, pixels, levels)], t("pad_file"), { type: "image/png" }));
  }

  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * SIDE, y: ((event.clientY - box.top) / box.height) * SIDE };
  };
  svg.addEventListener("pointerdown", (event) => {
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    svg.focus({ preventScroll: true });
    begin(place(event));
  });
  svg.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    const events = event.getCoalescedEvents?.() ?? [];
    stroke.points.push(...(events.length > 0 ? events : [event]).map(place));
    redraw();
  });
  svg.addEventListener("pointerup", end);
  svg.addEventListener("pointercancel", end);
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (move) {
      pen.x = Math.min(SIDE, Math.max(0, pen.x + move[0]));
      pen.y = Math.min(SIDE, Math.max(0, pen.y + move[1]));
      if (pen.down) stroke?.points.push({ x: pen.x, y: pen.y });
      redraw();
    } else if (event.key === " ") {
      pen.down = !pen.down;
      if (pen.down) begin({ x: pen.x, y: pen.y });
      else end();
    } else return;
    event.preventDefault();
  });
  width.addEventListener("input", redraw);
  ink.addEventListener("change", () => {
    redraw();
    send();
  });
  clear.addEventListener("click", () => {
    strokes.length = 0;
    stroke = null;
    pen.down = false;
    redraw();
  });
  redraw();

  const controls = el(
    "p",
    { class: "slider" },
    el("label", { for: width.id }, t("pad_width")),
    width,
    el("label", { for: ink.id }, t("pad_ink")),
    ink,
    clear,
  );
  const hint = el("p", { class: "hint", id: `${id}-pad-hint` }, t("pad_hint"));
  return el("details", { class: "pad-box" }, el("summary", {}, t("pad")), svg, hint, controls);
}

/** The brightness of every pixel of a picture with this side: how far the ink covers it. */
function rasterised(strokes, side) {
  const levels = new Uint8Array(side * side);
  const scale = side / SIDE;
  for (const { points, radius } of strokes) {
    const scaled = points.map(({ x, y }) => ({ x: x * scale, y: y * scale }));
    scaled.forEach((to, index) => cover(levels, side, { from: scaled[Math.max(0, index - 1)], to, radius: radius * scale }));
  }
  return levels;
}

function cover(levels, side, { from, to, radius }) {
  const low = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - radius - 1));
  const high = (a, b) => Math.min(side - 1, Math.ceil(Math.max(a, b) + radius + 1));
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let y = low(from.y, to.y); y <= high(from.y, to.y); y += 1) {
    for (let x = low(from.x, to.x); x <= high(from.x, to.x); x += 1) {
      const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      const [ox, oy] = [px - along * dx, py - along * dy];
      const inside = radius + 0.5 - Math.sqrt(ox * ox + oy * oy);
      const level = Math.round(255 * Math.min(1, Math.max(0, inside)));
      const at = y * side + x;
      if (level > levels[at]) levels[at] = level;
    }
  }
}
