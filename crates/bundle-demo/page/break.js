// "Try to break it": the input of the last answer, changed more and more, and how long the answer
// holds. The transport does the changing, from a seed, so that anyone can do it again.

import { typedNumber } from "./chooser.js";
import { authored, authoredCode, el, keepPixels, saveFile, unseen, urlSlot, withCode } from "./dom.js";
import { scrollTable } from "./frames.js";
import { summary, unitScale } from "./outputs.js";
import { linePlot, squares } from "./plot.js";
import { answerNumber, integer, isolated, number, score, t, tn } from "./strings.js";

/** What is said of each change: its name, a strength of it, its axis; and the strength that leaves an input as it is. */
const CHANGES = {
  rotate: { name: "break_rotate", at: "break_rotate_at", axis: "break_rotate_axis", still: 0 },
  shift: { name: "break_shift", at: "break_shift_at", axis: "break_shift_axis", still: 0 },
  blur: { name: "break_blur", at: "break_blur_at", axis: "break_blur_axis", still: 0 },
  noise: { name: "break_noise", at: "break_noise_at", axis: "break_noise_axis", still: 0 },
  brightness: { name: "break_brightness", at: "break_brightness_at", axis: "break_brightness_axis", still: 1 },
  contrast: { name: "break_contrast", at: "break_contrast_at", axis: "break_contrast_axis", still: 1 },
  jpeg: { name: "break_jpeg", at: "break_jpeg_at", axis: "break_jpeg_axis", still: 100 },
  crop: { name: "break_crop", at: "break_crop_at", axis: "break_crop_axis", still: 0 },
  gain: { name: "break_gain", at: "break_gain_at", axis: "break_gain_axis", still: 0 },
  // The more decibels, the less noise: no number leaves the sound as it is.
  hiss: { name: "break_hiss", at: "break_hiss_at", axis: "break_hiss_axis" },
  word_deletion: { name: "break_word_deletion", at: "break_word_deletion_at", axis: "break_word_deletion_axis", still: 0 },
};
/** Squares on each side of the map of what matters. */
const SQUARES = 8;
const LARGEST_SEED = 2 ** 32 - 1;

/** The section, shown only where there is something to try. `answered` hears every answer, `cleared` that there is none any more. */
export function breakSection(description, transport, host) {
  const changes = possibleChanges(description);
  if (typeof transport.perturb !== "function" || changes.length === 0) return { answered() {}, cleared() {} };
  const ranked = firstRanked(description);
  const picture = transport.occlude && ranked && description.inputs.find((input) => input.kind === "image");
  let subject = null;
  let running = null;
  let runs = new Map();
  let shown = {};
  const pictureUrl = urlSlot();

  const which = el("select", { id: "break-change" }, ...changes.map((change, at) => el("option", { value: at }, changeName(change, changes))));
  const seed = el("input", { type: "text", inputmode: "numeric", id: "break-seed", value: 1, autocomplete: "off", "aria-describedby": "break-seed-note" });
  const seedNote = el("span", { class: "field-note", id: "break-seed-note" }, t("break_seed_why"));
  const follow = el("select", { id: "break-follow", onchange: render });
  const followField = field(follow, t("break_follow"));
  const starter = (words, kind, work) => el("button", { type: "button", class: `button${kind}`, onclick: (event) => start(event.currentTarget, work) }, words);
  const starters = [starter(t("break_run"), " primary", runOne), starter(t("break_all"), "", runAll)];
  const parter = picture && starter(t("break_parts"), "", runParts);
  if (parter) starters.push(parter);
  const stop = el("button", { type: "button", class: "button", hidden: true, onclick: () => running?.abort() }, t("cancel"));
  const keep = el("button", { type: "button", class: "button quiet", hidden: true, onclick: exportRuns }, t("break_export"));
  const bar = el("progress", { hidden: true, "aria-label": t("break_progress") });
  const status = el("p", { class: "status", role: "status" });
  const results = { one: el("div", { class: "break-result" }), all: el("div", { class: "break-result" }), parts: el("div", { class: "break-result" }) };
  host.append(
    el("p", { class: "hint" }, t("break_intro")),
    el("div", { class: "fields" }, field(which, t("break_change")), field(seed, t("break_seed"), seedNote), followField),
    el("div", { class: "actions" }, ...starters, stop, keep),
    bar,
    status,
    ...Object.values(results),
  );
  host.hidden = false;
  forget();

  function forget() {
    running?.abort();
    running = null;
    subject = null;
    runs = new Map();
    shown = {};
    followField.hidden = true;
    status.replaceChildren(t("break_first"));
    idle(null);
    render();
  }

  /** One thing runs at a time; a new answer ends it. What was found before a cancel is shown. */
  async function start(button, work) {
    if (seedOf(seed.value) === null) {
      const wrong = t("break_seed_wrong", { largest: integer(LARGEST_SEED) });
      seed.setAttribute("aria-invalid", "true");
      seedNote.replaceChildren(wrong);
      status.replaceChildren(el("span", { "data-mark": "no" }, wrong));
      seed.focus();
      return;
    }
    seed.removeAttribute("aria-invalid");
    seedNote.replaceChildren(t("break_seed_why"));
    const mine = new AbortController();
    running = mine;
    for (const one of starters) one.disabled = true;
    keep.hidden = true;
    stop.hidden = bar.hidden = false;
    bar.removeAttribute("value");
    stop.focus();
    let words;
    try {
      words = await work(mine.signal);
    } catch (error) {
      if (mine.signal.aborted) words = [t("cancelled")];
      else words = [el("span", { "data-mark": "no" }, t("error"), " ", authoredCode(error.message)), ...(error.hint ? [" ", ...withCode(error.hint)] : [])];
    }
    if (running !== mine) return;
    running = null;
    status.replaceChildren(...words.filter(Boolean));
    idle(button);
    render();
  }

  function idle(button) {
    const focused = stop === document.activeElement;
    for (const one of starters) one.disabled = !subject;
    stop.hidden = bar.hidden = true;
    keep.hidden = runs.size === 0 && !shown.parts;
    if (focused) (button ?? which).focus();
  }

  function progress(done, count) {
    bar.max = count;
    bar.value = done;
    status.replaceChildren(t("break_done", { done: integer(done), count: integer(count) }));
  }

  /** Asks for every strength of a change; what is known so far is in the run. */
  async function measure(change, run, signal, step) {
    const { inputs } = subject;
    for (const strength of change.levels) {
      const asked = { input: change.input, kind: change.kind, strength, seed: run.seed };
      run.points.push(await changedAnswer(transport, inputs, asked, signal));
      step();
    }
  }

  function newRun(change) {
    const run = { change, seed: seedOf(seed.value), points: [] };
    runs.set(JSON.stringify([change.input, change.kind, run.seed]), run);
    return run;
  }

  async function runOne(signal) {
    const change = changes[Number(which.value)];
    const run = newRun(change);
    shown.one = run;
    progress(0, change.levels.length);
    await measure(change, run, signal, () => progress(run.points.length, change.levels.length));
    const said = runView(run, subject, followed()).sentences.join(" ");
    return [tn("break_one_done", run.points.length, { change: changeName(change, changes) }), " ", unseen(said)];
  }

  async function runAll(signal) {
    const count = changes.reduce((sum, change) => sum + change.levels.length, 0);
    let done = 0;
    shown.all = [];
    progress(0, count);
    for (const change of changes) {
      const run = newRun(change);
      await measure(change, run, signal, () => progress((done += 1), count));
      // Of the many pictures, none is looked at.
      for (const point of run.points) point.picture = null;
      shown.all.push(run);
    }
    return [tn("break_all_done", changes.length)];
  }

  async function runParts(signal) {
    shown.parts = null;
    status.replaceChildren(t("running"));
    const parts = await transport.occlude(subject.inputs, { input: picture.name, grid: SQUARES }, signal);
    signal.throwIfAborted();
    shown.parts = parts;
    return [t("break_parts_done", { label: isolated(parts.label) })];
  }

  function followed() {
    return description.outputs.find((output) => output.name === follow.value);
  }

  function render() {
    const { one, all, parts } = shown;
    pictureUrl(null);
    const output = followed();
    const partsFollow = output?.name === ranked;
    if (parter) parter.hidden = Boolean(output) && !partsFollow;
    results.one.replaceChildren(...(one?.points.length > 0 ? runResult(one, subject, output, { changes, pictureUrl }) : []));
    results.all.replaceChildren(...(all?.length > 0 ? allResult(all, subject, output, changes) : []));
    results.parts.replaceChildren(...(parts && partsFollow ? partsResult(parts, subject.inputs.get(picture.name)?.file) : []));
  }

  function exportRuns() {
    const { id, name, version } = description;
    const { inputs, outputs } = subject;
    const file = {
      format: 1,
      kind: "bundle-break",
      bundle: { id, name, version },
      exported: new Date().toISOString(),
      files: Object.fromEntries([...inputs].map(([key, source]) => [key, source.file?.name ?? null])),
      outputs,
      runs: [...runs.values()].filter((run) => run.points.length > 0).map(exportedRun),
      parts: shown.parts ?? null,
    };
    saveFile(`${name}-${version}-break.json`, new Blob([JSON.stringify(file, null, 1), "\n"], { type: "application/json" }));
  }

  return {
    answered({ inputs, outputs }) {
      forget();
      const suited = description.outputs.filter((output) => suits(outputs[output.name]));
      if (suited.length === 0 || !changes.every((change) => inputs.has(change.input))) {
        status.replaceChildren(t("break_unsuited"));
        return;
      }
      subject = { inputs, outputs };
      follow.replaceChildren(...suited.map((output) => el("option", { value: output.name, dir: "auto" }, output.name)));
      followField.hidden = suited.length < 2;
      render();
      const [first] = suited;
      status.replaceChildren(t("break_ready", { answer: summary(first, outputs[first.name]) }));
      idle(null);
    },
    cleared: forget,
  };
}

/** The seed that a person typed; null where it is none. */
export function seedOf(text) {
  const value = typedNumber(text);
  return Number.isInteger(value) && value >= 0 && value <= LARGEST_SEED ? value : null;
}

/** The output whose top label is followed when squares are covered: the first by name that ranks labels, or none. */
export function firstRanked({ outputs }) {
  return outputs.filter(({ kind }) => kind === "labels").map(({ name }) => name).sort()[0];
}

/** The changes of the description, each with the input that it is done to. */
function possibleChanges(description) {
  const listed = (description.perturbations ?? []).filter((change) => change.levels.length > 0);
  return listed.flatMap((change) => {
    const takes = (input) => (change.input ? input.name === change.input : input.kind === change.applies_to);
    return description.inputs.filter(takes).map((input) => ({ ...change, input: input.name }));
  });
}

function field(control, words, note) {
  return el("div", { class: "field" }, el("label", { class: "field-label", for: control.id }, words), control, note);
}

/** An answer that can be followed: one ranking, or one number. */
function suits(outcome) {
  if (outcome?.kind === "labels") return outcome.rows.length === 1 && outcome.rows[0].length > 0;
  return outcome?.kind === "scalar" && outcome.rows.length === 1;
}

async function changedAnswer(transport, inputs, asked, signal) {
  try {
    const { outputs, picture, words } = await transport.perturb(inputs, asked, signal);
    signal.throwIfAborted();
    return { level: asked.strength, outputs, picture, text: words };
  } catch (error) {
    // That the model takes no input so changed is a finding, not a failure.
    if (signal.aborted || !error.refused) throw error;
    return { level: asked.strength, refused: error.message };
  }
}

function exportedRun({ change, seed, points }) {
  const { input, kind, unit } = change;
  const outputs = points.map((point) => point.outputs ?? { refused: point.refused });
  return { input, kind, unit: unit ?? null, seed, levels: points.map(({ level }) => level), outputs };
}

function changeName(change, changes) {
  const name = change.kind in CHANGES ? t(CHANGES[change.kind].name) : change.kind;
  return changes.some((one) => one.input !== change.input) ? t("break_change_of", { change: name, input: isolated(change.input) }) : name;
}

function strength({ kind, unit }, level) {
  return kind in CHANGES ? t(CHANGES[kind].at, { level: number(level) }) : [kind, number(level), unit].filter(Boolean).join(" ");
}

function axisName({ kind, unit }) {
  return kind in CHANGES ? t(CHANGES[kind].axis) : (unit ?? kind);
}

/** How far a strength is from leaving the input as it is; of a change we do not know, its place in the list. */
function reach({ kind, levels }, level) {
  const still = CHANGES[kind]?.still;
  if (still === undefined) return levels.indexOf(level);
  return still === 1 && level > 0 ? Math.abs(Math.log(level)) : Math.abs(level - still);
}

/** What a run says of one output: points with words, and sentences on where the answer changes. */
function runView(run, subject, output) {
  const { change } = run;
  const outcome = subject.outputs[output.name];
  const points = run.points.map((point) => pointView(point, outcome, output)).sort((one, other) => reach(change, one.level) - reach(change, other.level));
  const refused = points.filter((point) => point.refused);
  const answered = points.filter((point) => !point.refused);
  const sentences = [];
  const turns = [];
  if (outcome.kind === "scalar") {
    const values = answered.map((point) => point.value).filter((value) => value !== null);
    const [from, to] = [Math.min(...values), Math.max(...values)].map((value) => answerNumber(value, output.tolerance));
    if (values.length > 0) sentences.push(t("break_value_between", { value: answerNumber(outcome.rows[0], output.tolerance), from, to }));
  } else {
    const [[first]] = outcome.rows;
    const still = CHANGES[change.kind]?.still ?? -Infinity;
    for (const side of [answered.filter(({ level }) => level < still), answered.filter(({ level }) => level >= still)]) {
      let before = first;
      for (const point of side) {
        if (point.top.index === before.index) continue;
        turns.push({ level: point.level, from: before.label, to: point.top.label, first: before === first, side: point.level < still ? "left" : "right" });
        before = point.top;
      }
    }
    for (const { from, to, level } of turns) sentences.push(t("break_turns", { from: isolated(from), to: isolated(to), at: strength(change, level) }));
    if (turns.length === 0 && answered.length > 0) sentences.push(tn("break_holds", answered.length, { label: isolated(first.label) }));
  }
  if (refused.length > 0) sentences.push(tn("break_refused_some", refused.length, { at: strength(change, refused[0].level) }));
  return { points, turns, sentences };
}

function pointView(point, before, output) {
  if (point.refused) return { ...point, value: null, same: false };
  const outcome = point.outputs[output.name];
  if (before.kind === "scalar") {
    const value = outcome.rows[0] ?? null;
    return { ...point, value, words: answerNumber(value, output.tolerance, outcome.not_finite?.[0]?.[1]), same: true };
  }
  const [[first]] = before.rows;
  const [ranking] = outcome.rows;
  const [top] = ranking;
  const ours = ranking.find((one) => one.index === first.index);
  const unit = unitScale(output, ranking);
  return {
    ...point,
    top,
    topWords: score(top.score, unit, top.word),
    value: ours?.score ?? null,
    words: ours ? score(ours.score, unit, ours.word) : "–",
    same: top.index === first.index,
  };
}

function runResult(run, subject, output, { changes, pictureUrl }) {
  const { change } = run;
  const { points, turns, sentences } = runView(run, subject, output);
  const outcome = subject.outputs[output.name];
  const name = changeName(change, changes);
  const first = outcome.kind === "labels" ? outcome.rows[0][0] : null;
  const yName = first ? t("break_score_of", { label: isolated(first.label) }) : [t("value"), output.unit].filter(Boolean).join(", ");
  const plot = el(
    "figure",
    { class: "break-plot" },
    linePlot({
      alt: t("break_plot_alt", { what: yName, change: name }),
      points: plotPoints(change, points, first ? first.score : outcome.rows[0]),
      notes: turns.filter((turn) => turn.first).map((turn) => ({ x: turn.level, side: turn.side, words: t("break_turns_to", { label: turn.to }) })),
      xName: axisName(change),
      yName,
      yRange: first && unitScale(output, outcome.rows[0]) ? [0, 1] : null,
    }),
    el("figcaption", {}, t(first ? "break_marks_labels" : "break_marks_value")),
  );
  return [
    el("h3", {}, name, " ", el("span", { class: "unit" }, t("break_with_seed", { seed: integer(run.seed) }))),
    el("ul", { class: "break-sentences" }, ...sentences.map((sentence) => el("li", {}, sentence))),
    points.some((point) => point.value !== null) && plot,
    changedInput(change, points, pictureUrl),
    pointTable(change, points, name, yName, first),
  ].filter(Boolean);
}

/** From left to right, with the unchanged input where that is a strength. */
function plotPoints({ kind }, points, before) {
  const places = points.map(({ level, value, same }) => ({ x: level, y: value, mark: same ? "same" : "other" }));
  const still = CHANGES[kind]?.still;
  if (still !== undefined && !places.some(({ x }) => x === still)) places.push({ x: still, y: before, mark: "start" });
  return places.sort((one, other) => one.x - other.x);
}

/** The input as it became, at a strength that the person picks: first where the answer is another one. */
function changedInput(change, points, pictureUrl) {
  const seen = points.filter((point) => point.picture || typeof point.text === "string");
  if (seen.length === 0) return null;
  const view = el("div", {});
  const pick = el("select", { id: "break-level" }, ...seen.map((point, at) => el("option", { value: at }, strength(change, point.level))));
  pick.value = String(Math.max(0, seen.findIndex((point) => !point.same)));
  const show = () => {
    const { level, picture, text, top, topWords, words } = seen[Number(pick.value)];
    const at = strength(change, level);
    const answer = top ? `${isolated(top.label)} (${topWords})` : words;
    const changed = picture
      ? el("img", { src: pictureUrl(picture), alt: t("break_picture_alt", { at }), onload: ({ target }) => keepPixels(target) })
      : el("blockquote", { class: "break-text", dir: "auto" }, text === "" ? t("break_text_empty") : text);
    view.replaceChildren(el("figure", { class: picture ? "picture" : undefined }, changed, el("figcaption", {}, t("break_picture_answer", { at, answer }))));
  };
  pick.addEventListener("change", show);
  show();
  return el("div", { class: "break-changed" }, field(pick, t("break_show")), view);
}

function pointTable(change, points, name, yName, first) {
  const heads = first ? [axisName(change), t("break_top"), t("break_top_score"), yName] : [axisName(change), yName];
  const line = (point) => {
    if (point.refused) return [el("td", { colspan: heads.length - 1 }, t("break_refused"), " ", authoredCode(point.refused))];
    if (!first) return [el("td", { class: "numeric" }, point.words)];
    return [el("td", {}, authored(point.top.label), !point.same && ` ${t("break_another")}`), el("td", { class: "numeric" }, point.topWords), el("td", { class: "numeric" }, point.words)];
  };
  const rows = points.map((point) => el("tr", {}, el("th", { scope: "row", class: "numeric" }, number(point.level)), ...line(point)));
  const title = t("break_numbers_of", { change: name });
  return el("details", {}, el("summary", {}, t("break_numbers")), scrollTable(title, heads.map((head, at) => [head, !(first && at === 1)]), rows));
}

function allResult(runs, subject, output, changes) {
  const value = subject.outputs[output.name].kind === "scalar";
  const rows = runs.map((run) => {
    const view = runView(run, subject, output);
    const cells = value ? valueCells(run, view, subject.outputs[output.name], output) : turnCells(run, view);
    return el("tr", {}, el("th", { scope: "row" }, changeName(run.change, changes)), ...cells.map((cell) => el("td", {}, cell)));
  });
  const heads = ["break_change", ...(value ? ["break_values", "break_furthest"] : ["break_weakest", "break_then"])];
  return [
    el("h3", {}, t("break_all"), " ", el("span", { class: "unit" }, t("break_with_seed", { seed: integer(runs[0].seed) }))),
    scrollTable(t("break_all_table"), heads.map((head) => [t(head), false]), rows),
  ];
}

/** The weakest strength at which the answer is another one, and which; a refusal is no answer. */
function turnCells({ change }, { points }) {
  const turn = points.find((point) => !point.same && !point.refused);
  if (turn) return [strength(change, turn.level), authored(turn.top.label)];
  const refused = points.filter((point) => point.refused).length;
  return [refused > 0 ? tn("break_never_refused", refused) : t("break_never"), "–"];
}

function valueCells({ change }, { points }, outcome, { tolerance }) {
  const known = points.filter((point) => point.value !== null);
  if (known.length === 0) return ["–", "–"];
  const [before] = outcome.rows;
  const away = (point) => Math.abs(point.value - before);
  const furthest = known.reduce((most, point) => (away(point) > away(most) ? point : most));
  const values = known.map((point) => point.value);
  const [from, to] = [Math.min(...values), Math.max(...values)].map((value) => answerNumber(value, tolerance));
  const between = t("break_from_to", { from, to });
  return [between, `${furthest.words} (${strength(change, furthest.level)})`];
}

function partsResult(parts, file) {
  const { rows, columns, drops, label } = parts;
  const most = drops.reduce((found, drop, at) => ((drop ?? -Infinity) > (drops[found] ?? -Infinity) ? at : found), 0);
  const drawing = squares({ alt: t("break_parts_alt", { label: isolated(label) }), rows, columns, values: drops });
  const url = urlSlot();
  const image = file && el("img", { src: url(file), alt: t("break_parts_picture") });
  image?.addEventListener("load", () => {
    // The squares then have the shape that they have on the picture.
    drawing.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight}`;
    keepPixels(image);
    url(null);
  });
  image?.addEventListener("error", () => {
    image.remove();
    url(null);
  });
  const words = (drop) => (drop === null ? "–" : Math.abs(drop) < 0.0005 ? "0" : drop.toFixed(3));
  const lines = Array.from({ length: rows }, (_, row) =>
    el("tr", {}, el("th", { scope: "row", class: "numeric" }, integer(row + 1)), ...drops.slice(row * columns, (row + 1) * columns).map((drop) => el("td", { class: "numeric" }, words(drop)))),
  );
  const heads = [[t("break_parts_row"), true], ...Array.from({ length: columns }, (_, at) => [integer(at + 1), true])];
  return [
    el("h3", {}, t("break_parts")),
    el("p", {}, t("break_parts_most", { label: isolated(label), drop: words(drops[most]), row: integer(Math.floor(most / columns) + 1), column: integer((most % columns) + 1) })),
    el("figure", { class: "break-parts" }, image, drawing, el("figcaption", {}, t("break_parts_words"))),
    scrollTable(t("break_parts_table"), heads, lines),
  ];
}
