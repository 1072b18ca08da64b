// "Your own data stays here": many files or rows, one prediction each, and what they are worth
// beside a truth that the person has. Everything happens on this page.

import { csvRows, csvText } from "./csv.js";
import { authored, el, saveFile, urlSlot } from "./dom.js";
import { labelMetrics, numberMetrics, wilson } from "./metrics.js";
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
    try {
      if (isTable) listed = await readTable(chosen[0]);
      else state.files = chosen;
      prepare(state, listed);
      run.disabled = state.items.length === 0;
      status.replaceChildren(tn("own_items", state.items.length));
      results.replaceChildren();
    } catch (error) {
      refuse(error);
    }
  };
  for (const { control } of [files, folder]) control.addEventListener("change", () => take([...control.files], false));
  table.control.addEventListener("change", () => table.control.files.length > 0 && take([...table.control.files], true));

  let running = null;
  stop.addEventListener("click", () => running?.abort());
  run.addEventListener("click", async () => {
    running = new AbortController();
    run.hidden = true;
    stop.hidden = bar.hidden = false;
    stop.focus();
    await predictAll(state, transport, running.signal, (done) => {
      bar.value = done / state.items.length;
      status.replaceChildren(t("own_done", { done: integer(done), count: integer(state.items.length) }));
    });
    run.hidden = false;
    stop.hidden = bar.hidden = true;
    run.focus();
    running = null;
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

async function readTable(file) {
  if (file.size > MOST_BYTES) throw new TransportError(t("own_too_large", { limit: bytes(MOST_BYTES) }));
  const [head, ...rows] = csvRows(await file.text());
  if (!head || rows.length === 0) throw new TransportError(t("own_empty_csv", { name: file.name }));
  if (rows.length > MOST_ROWS) throw new TransportError(t("own_too_many", { limit: integer(MOST_ROWS) }));
  return { head, rows };
}

/** What is predicted, one item each: { name, source, facts }; facts are the columns for truth and slices. */
function prepare(state, listed) {
  const { input } = state;
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
    state.items = listed.rows.map((row, at) => ({ name: integer(at + 1), source: { value: facts(row)[column] }, facts: facts(row) }));
  } else {
    const beside = new Map((listed?.rows ?? []).map((row) => [row[0].split("/").at(-1), facts(row)]));
    state.items = files.map((file) => {
      const folder = (file.webkitRelativePath || "").split("/").at(-2);
      return { name: file.webkitRelativePath || file.name, source: { file }, facts: { ...(folder ? { [t("own_folder_name")]: folder } : {}), ...beside.get(file.name) } };
    });
  }
  state.columns = [...new Set(state.items.flatMap((item) => Object.keys(item.facts)))].filter((name) => !input.columns.some((column) => column.name === name));
  state.results = [];
  state.truth = state.columns.find((name) => /^(label|truth|class|target|y)$/i.test(name)) ?? state.columns[0] ?? null;
  state.slice = null;
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

async function predictAll(state, transport, signal, progress) {
  state.results = [];
  for (const item of state.items) {
    progress(state.results.length);
    try {
      const source = item.source.file && state.input.kind === "text" ? { value: await item.source.file.text() } : item.source;
      const { outputs } = await transport.predict(new Map([[state.input.name, source]]), signal);
      state.results.push({ item, outputs });
    } catch (error) {
      if (signal.aborted) return;
      state.results.push({ item, error: error.message });
    }
  }
  progress(state.results.length);
}

/** The answer of an outcome: its top label with its score, or its number. */
function answerOf(outcome) {
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
      document.getElementById(id).focus();
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
  const rows = state.results.map(({ item, outputs, error }) => ({ item, error, truth: state.truth ? (item.facts[state.truth] ?? "") : "", ...answerOf(outputs?.[state.output]) }));
  const judged = rows.filter((row) => !row.error && row.truth !== "");
  const parts = [picks];
  const metrics = judged.length > 0 && metricsOf(judged);
  if (metrics) parts.push(...metrics.elements(state));
  const failed = rows.filter((row) => row.error).length;
  if (failed > 0) parts.push(el("p", { "data-mark": "no" }, tn("own_failed", failed)));
  parts.push(el("h3", {}, t("own_answers")), rowsTable(rows, Boolean(state.truth)), exportButtons(description, state, rows, metrics));
  host.replaceChildren(...parts);
}

function metricsOf(judged) {
  const ofNumbers = judged.every((row) => typeof row.value === "number" && Number.isFinite(Number(row.truth)));
  if (ofNumbers) {
    const rows = judged.map((row) => ({ ...row, truth: Number(row.truth) }));
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

function dataTable(name, head, lines) {
  const caption = el("caption", { class: "visually-hidden" }, name);
  const table = el("table", { class: "rows" }, caption, el("thead", {}, el("tr", {}, ...head.map((words) => el("th", { scope: "col" }, words)))), el("tbody", {}, ...lines));
  return el("div", { class: "scroll tall", role: "region", "aria-label": name, tabindex: 0 }, table);
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

function rowsTable(rows, withTruth) {
  const line = (row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, authored(row.item.name)),
      el("td", {}, row.error ? el("span", { "data-mark": "no" }, authored(row.error)) : authored(row.label ?? number(row.value))),
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
  const asRows = () => [header, ...rows.map((row) => [row.item.name, ...state.columns.map((name) => row.item.facts[name]), row.label ?? row.value, row.score, row.truth, row.error])];
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
