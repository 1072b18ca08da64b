// "Try to break it": the same input, changed more and more, and how far the answer holds. The
// changes are made by the program that runs the model, from a seed, so they can be made again.

import { saveBlob } from "./batch.js";
import { authored, el, urlSlot } from "./dom.js";
import { integer, number, score, t } from "./strings.js";

const DRAWING = "http://www.w3.org/2000/svg";
/** The plot's size, and the room for its numbers. */
const [WIDE, HIGH, ROOM] = [480, 220, 44];
/** Squares of a side of the map of what matters. */
const GRID = 8;

/** The section. `answered(inputs, outputs)` hears what was asked last, `cleared()` that it is gone. */
export function breakSection(description, transport, section, host) {
  const kinds = description.perturbations ?? [];
  if (!transport.perturb || kinds.length === 0) return { answered() {}, cleared() {} };
  section.hidden = false;
  let last = null;
  let running = null;
  const records = [];
  const picker = el("select", { id: "break-kind" }, ...kinds.map(({ input, kind }, at) => el("option", { value: at }, kinds.some((one) => one.input !== input) ? `${input}: ${t(`break_${kind}`)}` : t(`break_${kind}`))));
  const seed = el("input", { id: "break-seed", type: "number", min: 0, step: 1, value: 1 });
  const run = el("button", { type: "button", class: "button primary", disabled: true }, t("break_run"));
  const all = el("button", { type: "button", class: "button", disabled: true }, t("break_all"));
  const parts = el("button", { type: "button", class: "button", disabled: true, hidden: !kinds.some(({ kind }) => kind === "rotate") }, t("break_parts"));
  const stop = el("button", { type: "button", class: "button", hidden: true }, t("cancel"));
  const keep = el("button", { type: "button", class: "button quiet", hidden: true }, t("break_export"));
  const bar = el("progress", { max: 1, hidden: true, "aria-label": t("break_progress") });
  const status = el("p", { class: "status", role: "status" }, t("break_first"));
  const shown = el("div", { class: "break-results" });
  const buttons = [run, all, parts];

  /** Runs one thing; the buttons are the only way to start, so nothing runs beside it. */
  const doing = (work) => async () => {
    running = new AbortController();
    for (const button of buttons) button.disabled = true;
    stop.hidden = bar.hidden = false;
    bar.value = 0;
    shown.replaceChildren();
    try {
      await work(running.signal);
    } catch (error) {
      status.replaceChildren(running.signal.aborted ? t("cancelled") : el("span", { "data-mark": "no" }, authored(error.message)));
    }
    running = null;
    for (const button of buttons) button.disabled = !last;
    stop.hidden = bar.hidden = true;
    keep.hidden = records.length === 0;
  };

  const measured = async (kind, signal, step) => {
    const points = [];
    for (const level of kind.levels) {
      const answer = await transport.perturb(last.inputs, { input: kind.input, kind: kind.kind, strength: level, seed: Number(seed.value) || 0 }, signal);
      points.push({ level, ...pointOf(description, answer.outputs, last), changed: answer.changed });
      step();
    }
    records.push({ input: kind.input, kind: kind.kind, seed: Number(seed.value) || 0, points: points.map(({ changed, ...point }) => point) });
    return points;
  };

  run.addEventListener(
    "click",
    doing(async (signal) => {
      const kind = kinds[Number(picker.value)];
      let done = 0;
      const points = await measured(kind, signal, () => (bar.value = (done += 1) / kind.levels.length));
      const fall = points.find(({ same }) => !same);
      const strength = (level) => t(`break_${kind.kind}_at`, { level: number(level) });
      status.replaceChildren(fall ? t("break_changes", { from: last.top.label, to: fall.label, at: strength(fall.level) }) : t("break_holds", { label: last.top.label, at: strength(points.at(-1).level) }));
      shown.append(plot(kind, points, last), pointTable(kind, points), ...changedView(points, strength));
    }),
  );
  all.addEventListener(
    "click",
    doing(async (signal) => {
      const total = kinds.reduce((sum, { levels }) => sum + levels.length, 0);
      const lines = [];
      let done = 0;
      for (const kind of kinds) {
        const points = await measured(kind, signal, () => (bar.value = (done += 1) / total));
        const fall = points.find(({ same }) => !same);
        const cells = [t(`break_${kind.kind}`), fall ? t(`break_${kind.kind}_at`, { level: number(fall.level) }) : t("break_never"), fall ? authored(fall.label) : "–"];
        lines.push(el("tr", {}, el("th", { scope: "row" }, cells[0]), el("td", {}, cells[1]), el("td", {}, cells[2])));
      }
      status.replaceChildren(t("break_all_done"));
      shown.append(scrolled(t("break_all"), [t("break_kind"), t("break_weakest"), t("break_then")], lines));
    }),
  );
  parts.addEventListener(
    "click",
    doing(async (signal) => {
      bar.removeAttribute("value");
      const input = kinds.find(({ kind }) => kind === "rotate").input;
      const found = await transport.occlude(last.inputs, { input, grid: GRID }, signal);
      status.replaceChildren(t("break_parts_done", { label: found.label }));
      shown.append(partsMap(found, last.inputs.get(input)), partsTable(found));
    }),
  );
  stop.addEventListener("click", () => running?.abort());
  keep.addEventListener("click", () => {
    const { id, name, version } = description;
    const content = { bundle: { id, name, version }, top: last?.top ?? null, changes: records };
    saveBlob(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }), `${name}-${version}-robustness.json`);
  });
  host.append(
    el("p", { class: "hint" }, t("break_intro")),
    el("p", { class: "actions" }, el("span", { class: "pick" }, el("label", { for: picker.id }, t("break_kind")), " ", picker), el("span", { class: "pick" }, el("label", { for: seed.id }, t("break_seed")), " ", seed)),
    el("p", { class: "actions" }, run, all, parts, stop, keep),
    bar,
    status,
    shown,
  );
  return {
    answered(inputs, outputs) {
      const top = topOf(description, outputs);
      last = top ? { inputs, top } : null;
      for (const button of buttons) button.disabled = !last;
      if (!running) status.replaceChildren(t(last ? "break_ready" : "break_first"));
      shown.replaceChildren();
    },
    cleared() {
      last = null;
      running?.abort();
      for (const button of buttons) button.disabled = true;
      status.replaceChildren(t("break_first"));
      shown.replaceChildren();
    },
  };
}

/** The answer that is followed: the first label, or the number, of the first output that has one. */
function topOf(description, outputs) {
  for (const { name } of description.outputs) {
    const outcome = outputs[name];
    if (outcome?.kind === "labels" && outcome.rows.length === 1 && outcome.rows[0][0]) {
      const [first] = outcome.rows[0];
      return { output: name, index: first.index, label: first.label, score: first.score };
    }
    if (outcome?.kind === "scalar" && outcome.rows.length === 1) return { output: name, index: null, label: number(outcome.rows[0]), score: outcome.rows[0] };
  }
  return null;
}

function pointOf(description, outputs, { top }) {
  const outcome = outputs[top.output];
  if (outcome.kind === "scalar") {
    const value = outcome.rows[0];
    return { label: number(value), top: value, score: value, same: true };
  }
  const [first] = outcome.rows[0];
  const ours = outcome.rows[0].find(({ index }) => index === top.index);
  return { label: first.label, top: first.score, score: ours?.score ?? null, same: first.index === top.index };
}

function plot(kind, points, { top }) {
  const all = [{ level: null, score: top.score, same: true }, ...points];
  const scores = all.map((point) => point.score).filter((value) => value !== null);
  const low = Math.min(0, ...scores);
  const high = Math.max(...scores.map(Math.abs), 1e-9) <= 1 && low === 0 ? 1 : Math.max(...scores, low + 1e-9);
  const x = (at) => ROOM + (at / (all.length - 1)) * (WIDE - ROOM - 12);
  const y = (value) => HIGH - ROOM - ((value - low) / (high - low)) * (HIGH - ROOM - 12);
  const svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "break-plot", role: "img", "aria-label": t("break_plot_alt", { label: top.label, kind: t(`break_${kind.kind}`) }) });
  for (const value of [low, (low + high) / 2, high]) {
    svg.append(drawn("line", { x1: ROOM, x2: WIDE - 12, y1: y(value), y2: y(value), class: "break-grid" }), label(ROOM - 6, y(value) + 4, number(value), "end"));
  }
  all.forEach(({ level, same, score: value }, at) => {
    svg.append(label(x(at), HIGH - ROOM + 16, level === null ? "–" : number(level), "middle"));
    if (value === null) return;
    // Where the answer is another one, the mark is another shape, not another colour.
    svg.append(same ? drawn("circle", { cx: x(at), cy: y(value), r: 4, class: "break-point" }) : drawn("path", { d: `M${x(at) - 5} ${y(value) - 5}l10 10m0 -10l-10 10`, class: "break-miss" }));
  });
  const line = all.map(({ score: value }, at) => (value === null ? null : `${x(at)},${y(value)}`)).filter(Boolean);
  svg.append(drawn("polyline", { points: line.join(" "), class: "break-line" }), label((WIDE + ROOM) / 2, HIGH - 6, t(`break_${kind.kind}_axis`), "middle"));
  return el("figure", {}, svg, el("figcaption", {}, t("break_plot_words", { label: top.label })));
}

function drawn(tag, properties) {
  const node = document.createElementNS(DRAWING, tag);
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, value);
  return node;
}

function label(x, y, words, anchor) {
  const node = drawn("text", { x, y, "text-anchor": anchor, class: "break-number" });
  node.append(words);
  return node;
}

function scrolled(name, head, lines) {
  const table = el("table", { class: "rows" }, el("caption", { class: "visually-hidden" }, name), el("thead", {}, el("tr", {}, ...head.map((words) => el("th", { scope: "col" }, words)))), el("tbody", {}, ...lines));
  return el("div", { class: "scroll", role: "region", "aria-label": name, tabindex: 0 }, table);
}

function pointTable(kind, points) {
  const unit = (value) => value !== null && value >= 0 && value <= 1;
  const line = (point) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "numeric" }, number(point.level)),
      el("td", {}, authored(point.label), point.same ? "" : ` ${t("break_other")}`),
      el("td", { class: "numeric" }, score(point.top, unit(point.top))),
      el("td", { class: "numeric" }, score(point.score, unit(point.score))),
    );
  const head = [t(`break_${kind.kind}_axis`), t("answer"), t("score"), t("break_score_before")];
  return el("details", {}, el("summary", {}, t("break_numbers")), scrolled(t("break_numbers"), head, points.map(line)));
}

/** What the input became, at the level that a person picks. */
function changedView(points, strength) {
  const [first] = points;
  if (first.changed === undefined) return [];
  const url = urlSlot();
  const view = el("div", { class: "break-changed" });
  const pick = el("select", { id: "break-level" }, ...points.map(({ level }, at) => el("option", { value: at }, strength(level))));
  const show = () => {
    const { changed, level } = points[Number(pick.value)];
    if (!(changed instanceof Blob)) view.replaceChildren(el("p", { dir: "auto", class: "text-answer" }, String(changed)));
    else if (changed.type.startsWith("image/")) view.replaceChildren(el("img", { src: url(changed), alt: t("break_changed_alt", { at: strength(level) }) }));
    else view.replaceChildren(el("audio", { controls: true, src: url(new Blob([changed], { type: "audio/wav" })), "aria-label": strength(level) }));
  };
  pick.addEventListener("change", show);
  show();
  return [el("p", { class: "actions" }, el("span", { class: "pick" }, el("label", { for: pick.id }, t("break_show")), " ", pick)), view];
}

function partsMap({ grid, drops, label: of }, source) {
  const url = urlSlot();
  const most = Math.max(...drops.map((drop) => drop ?? 0), 1e-9);
  const svg = drawn("svg", { viewBox: `0 0 ${grid} ${grid}`, class: "break-parts", preserveAspectRatio: "none", role: "img", "aria-label": t("break_parts_alt", { label: of }) });
  drops.forEach((drop, at) => {
    const strength = Math.max(0, drop ?? 0) / most;
    svg.append(drawn("rect", { x: at % grid, y: Math.floor(at / grid), width: 1, height: 1, class: "break-cell", "fill-opacity": (0.75 * strength).toFixed(3) }));
  });
  const picture = source.file ? el("img", { src: url(source.file), alt: "", onload: () => url(null) }) : null;
  return el("figure", { class: "break-parts-view" }, picture, svg);
}

function partsTable({ grid, drops }) {
  const line = (_, row) =>
    el("tr", {}, el("th", { scope: "row" }, integer(row + 1)), ...drops.slice(row * grid, (row + 1) * grid).map((drop) => el("td", { class: "numeric" }, drop === null ? "–" : drop.toFixed(3))));
  const head = [t("break_parts_row"), ...Array.from({ length: grid }, (_, at) => integer(at + 1))];
  return el("details", {}, el("summary", {}, t("break_numbers")), scrolled(t("break_parts"), head, Array.from({ length: grid }, line)));
}
