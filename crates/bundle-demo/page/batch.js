// "Your own data stays here": many files or rows, one prediction each, and what they are worth
// beside a truth that the person has. Everything happens on this page.

import { CsvProblem, cellNumber, csvRows, csvText } from "./csv.js";
import { authored, byId, el, saveFile, urlSlot } from "./dom.js";
import { scrollTable } from "./frames.js";
import { labelMetrics, labelReader, numberMetrics, wilson } from "./metrics.js";
import { bytes, integer, number, score, t, tn } from "./strings.js";
import { TransportError } from "./transport.js";

/** Rows, and bytes of files, that one run takes. */
const MOST_ROWS = 20_000;
const MOST_BYTES = 200 * 1024 * 1024;
/** Rows, classes and worst cases that are shown. */
const SHOWN_ROWS = 200;
const SHOWN_CLASSES = 30;
const SHOWN_WORST = 20;
/** A slice of fewer than this says little. */
const SMALL_SLICE = 5;
/** Failures of the way to the model, one after the other, that end a run. */
const GIVE_UP = 5;

/** The section; nothing of it is shown where a bundle takes several inputs at once. */
export function batchSection(description, transport, host) {
  const [input, ...others] = description.inputs;
  if (!input || others.length > 0) {
    host.append(el("p", { class: "hint" }, t("own_one_input")));
    return;
  }
  const state = { input, items: [], results: [], columns: [], output: description.outputs[0]?.name, truth: null, slice: null };
  const status = el("p", { class: "status", role: "status" });
  const bar = el("progress", { max: 1, hidden: true, "aria-label": t("own_progress") });
  const run = el("button", { type: "button", class: "button primary", disabled: true }, t("own_run"));
  const stop = el("button", { type: "button", class: "button", hidden: true }, t("cancel"));
  const results = el("div", { class: "own-results" });
  const refuse = (error) => status.replaceChildren(el("span", { "data-mark": "no" }, authored(error.message)));
  const files = chooserButton("own-files", t("own_files"), { multiple: true });
  const folder = chooserButton("own-folder", t("own_folder"), { multiple: true, webkitdirectory: true });
  const table = chooserButton("own-table", t(input.kind === "table" || input.kind === "text" ? "own_csv" : "own_csv_beside"), { accept: ".csv,.tsv,text/csv" });
  let listed = null;

  const take = async (chosen, isTable) => {
    // A run of what was there before would mix its answers with those of what is there now.
    running?.abort();
    try {
      if (isTable) listed = await readTable(chosen[0]);
      else state.files = chosen.filter((file) => isMeant(file, input));
      prepare(state, listed, description);
      run.disabled = state.items.length === 0;
      const skipped = isTable ? 0 : chosen.length - state.files.length;
      status.replaceChildren(tn("own_items", state.items.length), skipped > 0 ? ` · ${tn("own_skipped", skipped)}` : "");
      results.replaceChildren();
    } catch (error) {
      // What is refused must not be run in the place of what was meant.
      state.items = [];
      run.disabled = true;
      results.replaceChildren();
      refuse(error);
    }
  };
  const heard = ({ control }, isTable) => () => {
    const chosen = [...control.files];
    // The same file chosen again is a change again.
    control.value = "";
    if (chosen.length > 0) take(chosen, isTable);
  };
  for (const one of [files, folder]) one.control.addEventListener("change", heard(one, false));
  table.control.addEventListener("change", heard(table, true));

  let running = null;
  stop.addEventListener("click", () => running?.abort());
  run.addEventListener("click", async () => {
    const mine = new AbortController();
    const { items } = state;
    running = mine;
    run.hidden = true;
    stop.hidden = bar.hidden = false;
    stop.focus();
    let quarter = 0;
    const answers = [];
    const failure = await predictAll(state.input, items, transport, mine.signal, answers, (done) => {
      bar.value = done / items.length;
      // Said at each quarter: a reader of screens reads out every change.
      const reached = Math.floor((4 * done) / items.length);
      if (reached === quarter && done > 0) return;
      quarter = reached;
      status.replaceChildren(t("own_done", { done: integer(done), count: integer(items.length) }));
    });
    const lost = document.activeElement === stop;
    run.hidden = false;
    stop.hidden = bar.hidden = true;
    if (lost) run.focus();
    running = null;
    if (state.items !== items) return;
    state.results = answers;
    status.replaceChildren(t("own_done", { done: integer(answers.length), count: integer(items.length) }));
    if (failure) refuse(failure);
    showResults(description, state, results);
  });

  const choices = input.kind === "table" ? [table] : input.kind === "text" ? [table, files] : [files, folder, table];
  host.append(
    el("p", { class: "hint" }, t(`own_how_${input.kind === "table" || input.kind === "text" ? input.kind : "file"}`)),
    el("p", { class: "actions" }, ...choices.flatMap(({ control, label }) => [control, label])),
    el("p", { class: "actions" }, run, stop),
    bar,
    status,
    results,
    el("p", { class: "hint" }, transport.local ? t("own_stays") : transport.destination),
  );
}

function chooserButton(id, words, properties) {
  const control = el("input", { type: "file", id, class: "file-control", ...properties });
  return { control, label: el("label", { class: "button", for: id }, words) };
}

/** Whether a file is one that was meant: a folder also holds what systems and programs leave there. */
function isMeant(file, input) {
  if (!file.webkitRelativePath) return true;
  const name = file.name.toLowerCase();
  const endings = input.extensions ?? [];
  return !name.startsWith(".") && (endings.length === 0 || endings.some((ending) => name.endsWith(ending)));
}

async function readTable(file) {
  if (file.size > MOST_BYTES) throw new TransportError(t("own_too_large", { limit: bytes(MOST_BYTES) }));
  const [head, ...rows] = await readRows(file);
  if (!head || rows.length === 0) throw new TransportError(t("own_empty_csv", { name: file.name }));
  if (rows.length > MOST_ROWS) throw new TransportError(t("own_too_many", { limit: integer(MOST_ROWS) }));
  return { head, rows };
}

async function readRows(file) {
  try {
    return csvRows(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
  } catch (error) {
    if (error instanceof CsvProblem) throw new TransportError(t(error.key, error.values));
    if (error instanceof TypeError) throw new TransportError(t("own_csv_not_utf8", { name: file.name }));
    throw error;
  }
}

/**
 * The row of a file, by the longest ending of its path that the first column has. A name that several files or
 * several rows bear names none of them.
 */
function rowsBeside(files, listed) {
  const rows = new Map();
  for (const row of listed?.rows ?? []) {
    const name = row[0].trim().replaceAll("\\", "/").replace(/^\.?\//, "");
    rows.set(name, rows.has(name) ? null : row);
  }
  const found = files.map((file) => {
    const parts = (file.webkitRelativePath || file.name).split("/");
    const endings = parts.map((_, at) => parts.slice(at).join("/"));
    return rows.get(endings.find((ending) => rows.has(ending))) ?? null;
  });
  const uses = new Map();
  for (const row of found) uses.set(row, (uses.get(row) ?? 0) + 1);
  return found.map((row) => (row && uses.get(row) === 1 ? row : null));
}

/** What is predicted, one item each: { name, source, facts }; facts are the columns for truth and slices. */
function prepare(state, listed, description) {
  const { input } = state;
  state.unmatched = 0;
  state.text = null;
  const files = state.files ?? [];
  if (files.length > MOST_ROWS) throw new TransportError(t("own_too_many", { limit: integer(MOST_ROWS) }));
  if (files.reduce((sum, file) => sum + file.size, 0) > MOST_BYTES) throw new TransportError(t("own_too_large", { limit: bytes(MOST_BYTES) }));
  const facts = (row) => Object.fromEntries(listed.head.map((name, at) => [name, row[at] ?? ""]));
  if (input.kind === "table" && listed) {
    const missing = input.columns.filter(({ name }) => !listed.head.includes(name)).map(({ name }) => name);
    if (missing.length > 0) throw new TransportError(t("own_missing_columns", { names: missing.join(", ") }));
    state.items = listed.rows.map((row, at) => ({ name: integer(at + 1), source: { value: tableRow(input.columns, facts(row)) }, facts: facts(row) }));
  } else if (input.kind === "text" && listed) {
    const column = listed.head.find((name) => /text/i.test(name)) ?? listed.head[0];
    state.text = column;
    state.items = listed.rows.map((row, at) => ({ name: integer(at + 1), source: { value: facts(row)[column] }, facts: facts(row) }));
  } else {
    const beside = rowsBeside(files, listed);
    if (listed) state.unmatched = beside.filter((row) => !row).length;
    state.items = files.map((file, at) => {
      const folder = (file.webkitRelativePath || "").split("/").at(-2);
      return { name: file.webkitRelativePath || file.name, source: { file }, facts: { ...(folder ? { [t("own_folder_name")]: folder } : {}), ...(beside[at] && facts(beside[at])) } };
    });
  }
  state.columns = [...new Set(state.items.flatMap((item) => Object.keys(item.facts)))].filter((name) => name !== state.text && !input.columns.some((column) => column.name === name));
  state.results = [];
  state.truth = likelyTruth(state, description);
  state.slice = null;
}

/** The column that is likely to hold the truth of the chosen output, or null: a guess among others would be measured. */
function likelyTruth(state, description) {
  const output = description.outputs.find(({ name }) => name === state.output);
  const cells = (name) => state.items.map((item) => item.facts[name] ?? "").filter((cell) => cell.trim() !== "");
  const fits = (name) => {
    const given = cells(name);
    const known = labelReader(output?.labels);
    const fit = output?.kind === "scalar" ? (cell) => cellNumber(cell) !== null : (cell) => output?.labels.includes(known(cell));
    return given.length > 0 && given.filter(fit).length * 2 > given.length;
  };
  const named = (name) => name === state.output || /^(label|truth|class|target|y)$/i.test(name);
  const checked = output?.kind === "scalar" || Array.isArray(output?.labels);
  const likely = state.columns.filter((name) => (checked ? fits(name) && (output.kind === "labels" || named(name)) : named(name)));
  return likely.find(named) ?? likely[0] ?? null;
}

function tableRow(columns, facts) {
  return Object.fromEntries(
    columns.map(({ name, kind }) => {
      const cell = facts[name];
      if (cell === "") return [name, null];
      return [name, kind === "number" && Number.isFinite(Number(cell)) ? Number(cell) : cell];
    }),
  );
}

/** Fills `results`; gives the failure that ended the run before its time, or null. */
async function predictAll(input, items, transport, signal, results, progress) {
  let failures = 0;
  for (const item of items) {
    if (signal.aborted) return null;
    progress(results.length);
    try {
      const { file } = item.source;
      if (file?.size === 0) throw new TransportError(t("error_empty_file", { name: file.name }), null, true);
      const source = file && input.kind === "text" ? { value: await file.text() } : item.source;
      const { outputs } = await transport.predict(new Map([[input.name, source]]), signal);
      results.push({ item, outputs });
      failures = 0;
    } catch (error) {
      if (signal.aborted) return null;
      results.push({ item, error: error.message });
      // The model refuses one item; what keeps failing before it was asked will fail for all.
      failures = error.refused ? 0 : failures + 1;
      if (failures === GIVE_UP) return error;
    }
  }
  progress(results.length);
  return null;
}

/** The answer of an outcome: its top label with its score, its number, or words where it is neither. */
function answerOf(outcome) {
  if (outcome?.rows && outcome.rows.length !== 1) return { words: tn("rows", outcome.rows.length + outcome.omitted_rows) };
  if (outcome?.kind === "boxes") return { words: tn("own_boxes", outcome.boxes.length + outcome.omitted_boxes) };
  if (outcome?.kind === "tensor") return { words: t("tensor_summary", { shape: outcome.shape.join(" × ") }) };
  if (outcome?.kind === "labels") return { label: outcome.rows[0]?.[0]?.label ?? null, score: outcome.rows[0]?.[0]?.score ?? null };
  if (outcome?.kind === "scalar") return { value: outcome.rows[0] ?? null };
  if (outcome?.kind === "text") return { label: outcome.text, score: null };
  return {};
}

function showResults(description, state, host) {
  const redraw = () => showResults(description, state, host);
  const pick = (id, words, value, options, change) => {
    const select = el("select", { id }, ...options.map(([key, text]) => el("option", { value: key, selected: key === value, dir: "auto" }, text)));
    select.addEventListener("change", () => {
      change(select.value);
      redraw();
      byId(id).focus();
    });
    return el("span", { class: "pick" }, el("label", { for: id }, words), " ", select);
  };
  const columns = [["", t("own_none")], ...state.columns.map((name) => [name, name])];
  const picks = el(
    "p",
    { class: "actions" },
    description.outputs.length > 1 && pick("own-output", t("own_output"), state.output, description.outputs.map(({ name }) => [name, name]), (name) => (state.output = name)),
    state.columns.length > 0 && pick("own-truth", t("own_truth"), state.truth ?? "", columns, (name) => (state.truth = name || null)),
    state.columns.length > 0 && pick("own-slice", t("own_slice"), state.slice ?? "", columns, (name) => (state.slice = name || null)),
  );
  const output = description.outputs.find(({ name }) => name === state.output);
  const read = labelReader(output?.labels);
  const rows = state.results.map(({ item, outputs, error }) => ({ item, error, truth: state.truth ? read(item.facts[state.truth] ?? "") : "", ...answerOf(outputs?.[state.output]) }));
  const judged = rows.filter((row) => !row.error && row.truth !== "");
  const parts = [picks];
  const metrics = judged.length > 0 && metricsOf(judged, output?.kind);
  const unjudged = rows.filter((row) => !row.error).length - (metrics ? metrics.found.count : 0);
  if (metrics) parts.push(...metrics.elements(state));
  const failed = rows.filter((row) => row.error).length;
  if (state.truth && unjudged > 0) parts.push(el("p", { "data-mark": "unknown" }, tn("own_unjudged", unjudged)));
  if (state.unmatched > 0) parts.push(el("p", { "data-mark": "unknown" }, tn("own_unmatched", state.unmatched)));
  if (failed > 0) parts.push(el("p", { "data-mark": "no" }, tn("own_failed", failed)));
  parts.push(el("h3", {}, t("own_answers")), rowsTable(rows, Boolean(state.truth)), exportButtons(description, state, rows, metrics));
  host.replaceChildren(...parts);
}

function metricsOf(judged, kind) {
  if (kind === "scalar") {
    // An answer or a truth that is no number is in no mean; how many there are is said beside.
    const rows = judged.map((row) => ({ ...row, truth: cellNumber(row.truth) })).filter((row) => typeof row.value === "number" && row.truth !== null);
    if (rows.length === 0) return null;
    const found = numberMetrics(rows);
    const facts = [[t("own_mae"), withInterval(found.mae, found.interval)], [t("own_rmse"), number(found.rmse)], [t("own_bias"), number(found.bias)], [t("own_r2"), number(found.r2, "–")]];
    const worst = [...rows].sort((a, b) => Math.abs(b.value - b.truth) - Math.abs(a.value - a.truth));
    const main = (some) => [numberMetrics(some).mae, numberMetrics(some).interval];
    return { found, elements: (state) => [summaryList(found.count, facts), ...slices(rows, state, main, 1), ...worstCases(worst)] };
  }
  const rows = judged.filter((row) => typeof row.label === "string");
  if (rows.length === 0) return null;
  const found = labelMetrics(rows);
  const facts = [[t("own_accuracy"), withInterval(found.accuracy, found.interval)], [t("own_f1"), score(found.f1, true)], [t("own_calibration"), found.calibration === null ? "–" : score(found.calibration, true)]];
  const worst = rows.filter((row) => row.truth !== row.label).sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  const main = (some) => {
    const right = some.filter((row) => row.truth === row.label).length;
    return [right / some.length, wilson(right, some.length)];
  };
  return { found, elements: (state) => [summaryList(found.count, facts), confusionTable(found), classTable(found), ...slices(rows, state, main, -1), ...worstCases(worst)] };
}

function withInterval(value, [low, high]) {
  return `${number(value)} (95 %: ${number(low)}–${number(high)})`;
}

function summaryList(count, facts) {
  const fact = ([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  return el("dl", { class: "summary" }, ...[[t("own_count"), integer(count)], ...facts].map(fact));
}

/** A table whose heads are words alone. */
function dataTable(name, head, lines) {
  return scrollTable(name, head.map((words) => [words, false]), lines);
}

function confusionTable({ classes, confusion }) {
  const shown = classes.slice(0, SHOWN_CLASSES);
  const lines = shown.map((name, at) =>
    el("tr", {}, el("th", { scope: "row" }, authored(name)), ...shown.map((_, other) => el("td", { class: at === other ? "numeric diagonal" : "numeric" }, integer(confusion[at][other])))),
  );
  const title = t("own_confusion");
  const head = [t("own_true_said"), ...shown.map((name) => authored(name))];
  const more = classes.length > shown.length && el("p", { class: "hint" }, t("own_more_classes", { shown: integer(shown.length), count: integer(classes.length) }));
  return el("div", {}, el("h3", {}, title), dataTable(title, head, lines), more);
}

function classTable({ perClass }) {
  const line = (one) =>
    el("tr", {}, el("th", { scope: "row" }, authored(one.name)), ...[one.precision, one.recall, one.f1].map((value) => el("td", { class: "numeric" }, score(value, true))), el("td", { class: "numeric" }, integer(one.support)));
  const title = t("own_classes");
  return el("div", {}, el("h3", {}, title), dataTable(title, [t("label"), t("own_precision"), t("own_recall"), "F1", t("own_support")], perClass.slice(0, SHOWN_ROWS).map(line)));
}

/** The main metric slice by slice, the worst first; `sign` is 1 where more is worse. */
function slices(rows, state, main, sign) {
  if (!state.slice) return [];
  const groups = new Map();
  for (const row of rows) {
    const key = row.item.facts[state.slice] ?? "";
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const found = [...groups].map(([key, some]) => ({ key, count: some.length, main: main(some) })).sort((a, b) => sign * (b.main[0] - a.main[0]) || (a.key < b.key ? -1 : 1));
  const line = ({ key, count, main: [value, interval] }) =>
    el("tr", {}, el("th", { scope: "row" }, key === "" ? "–" : authored(key)), el("td", { class: "numeric" }, withInterval(value, interval)), el("td", { class: "numeric" }, integer(count), count < SMALL_SLICE && ` ${t("own_few")}`));
  const title = t("own_slices", { column: state.slice });
  return [el("h3", {}, title), dataTable(title, [state.slice, t("value"), t("own_count")], found.map(line))];
}

function worstCases(worst) {
  if (worst.length === 0) return [];
  const line = (row) => {
    const url = urlSlot();
    const picture = row.item.source.file?.type.startsWith("image/") && el("img", { src: url(row.item.source.file), alt: "", class: "own-thumb", onload: () => url(null) });
    return el("li", {}, picture, el("span", {}, authored(row.item.name), " · ", t("own_truth"), ": ", authored(row.truth), " · ", t("actual"), ": ", authored(row.label ?? number(row.value)), row.score !== undefined && row.score !== null && ` (${score(row.score, true)})`));
  };
  return [el("h3", {}, t("own_worst")), el("ul", { class: "own-worst" }, ...worst.slice(0, SHOWN_WORST).map(line))];
}

function shownAnswer(row) {
  return row.words ?? row.label ?? (row.value === undefined ? "–" : number(row.value));
}

function rowsTable(rows, withTruth) {
  const line = (row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, authored(row.item.name)),
      el("td", {}, row.error ? el("span", { "data-mark": "no" }, authored(row.error)) : authored(shownAnswer(row))),
      el("td", { class: "numeric" }, row.score === undefined || row.score === null ? "–" : score(row.score, row.score >= 0 && row.score <= 1)),
      withTruth && el("td", {}, authored(row.truth)),
    );
  const head = [t("own_item"), t("answer"), t("score"), ...(withTruth ? [t("own_truth")] : [])];
  const table = dataTable(t("own_answers"), head, rows.slice(0, SHOWN_ROWS).map(line));
  return rows.length > SHOWN_ROWS ? el("div", {}, el("p", { class: "hint" }, t("first_rows_of", { shown: integer(SHOWN_ROWS), count: integer(rows.length) })), table) : table;
}

function exportButtons(description, state, rows, metrics) {
  const stem = `${description.name}-${description.version}-own-data`;
  const header = ["item", ...state.columns, "answer", "score", "truth", "error"];
  const asRows = () => [header, ...rows.map((row) => [row.item.name, ...state.columns.map((name) => row.item.facts[name]), row.words ?? row.label ?? row.value, row.score, row.truth, row.error])];
  const asJson = () => ({
    bundle: { id: description.id, name: description.name, version: description.version },
    output: state.output,
    truth: state.truth,
    metrics: metrics ? metrics.found : null,
    rows: state.results.map(({ item, outputs, error }) => ({ item: item.name, facts: item.facts, outputs: outputs ?? null, error: error ?? null })),
  });
  const button = (words, name, make) => {
    const one = el("button", { type: "button", class: "button" }, words);
    one.addEventListener("click", () => saveFile(name, make()));
    return one;
  };
  return el(
    "p",
    { class: "actions" },
    button(t("own_export_csv"), `${stem}.csv`, () => new Blob([csvText(asRows())], { type: "text/csv" })),
    button(t("own_export_json"), `${stem}.json`, () => new Blob([JSON.stringify(asJson(), null, 1)], { type: "application/json" })),
  );
}
