// "Your own data stays here": many files or rows, one prediction each, and what they are worth
// beside a truth that the person has. Everything happens on this page.

import { CsvProblem, numberArray, plainCsv } from "./csv.js";
import { authored, authoredCode, el } from "./dom.js";
import { DropProblem, acceptDropped } from "./dropped.js";
import { asksRows, isMeant, itemTable, itemsOf, likelyText, likelyTruth, takesFile, toldApart } from "./items.js";
import { labelReader } from "./metrics.js";
import { picker, showResults } from "./results.js";
import { bytes, integer, isolated, t, tn } from "./strings.js";
import { TransportError } from "./transport.js";

/** Bytes of a CSV file, and of any other file where the transport names no limit. */
const LARGEST_CSV = 200 * 1024 * 1024;
const LARGEST_FILE = 256 * 1024 * 1024;
/** Names that are listed where many are absent. */
const LISTED = 5;
/** Numbers of a list that are said as they were read. */
const SAID_NUMBERS = 5;
/** Failures of the way to the model, one after the other, that end a run. */
const GIVE_UP = 5;

/** The section. */
export function batchSection(description, transport, host) {
  const { inputs } = description;
  if (inputs.length === 0) return;
  const state = newState(description);
  const status = el("p", { class: "status", role: "status" });
  const notes = el("div", { role: "status" });
  const picks = el("div", { class: "actions", hidden: true });
  const bar = el("progress", { max: 1, hidden: true, "aria-label": t("own_progress") });
  const run = el("button", { type: "button", class: "button primary", disabled: true }, t("own_run"));
  const stop = el("button", { type: "button", class: "button", hidden: true }, t("cancel"));
  const again = el("button", { type: "button", class: "button quiet", hidden: true }, t("clear"));
  const results = el("div", { class: "own-results" });
  const refuse = (error) => status.replaceChildren(el("span", { "data-mark": "no" }, authoredCode(refusalWords(error))));
  let running = null;

  /** Makes the items anew of what `give` changes. What is refused must not be run in the place of what was meant. */
  function prepare(give) {
    // A run of what was there before would mix its answers with those of what is there now.
    running?.abort();
    state.measuring?.abort();
    for (const part of [results, notes]) part.replaceChildren();
    try {
      give();
      showTextPicks(state, picks, prepare);
      makeItems(state, description);
      status.replaceChildren(tn("own_items", state.items.length), state.skipped > 0 ? ` · ${tn("own_skipped", state.skipped)}` : "");
      notes.replaceChildren(...preparedNotes(state));
    } catch (error) {
      state.items = [];
      refuse(error);
    }
    run.disabled = state.items.every(({ problem }) => problem);
    again.hidden = state.files.length === 0 && state.table === null;
  }

  async function runAll() {
    const mine = new AbortController();
    const { items } = state;
    running = mine;
    run.hidden = true;
    stop.hidden = bar.hidden = false;
    stop.focus();
    let quarter = 0;
    const answers = [];
    const limit = description.limits?.file_bytes ?? LARGEST_FILE;
    const failure = await predictAll({ inputs, limit }, items, transport, mine.signal, answers, (done) => {
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
  }

  const choosers = sourceChoosers(inputs, intakeOf(state, prepare), host.closest("section") ?? host);
  run.addEventListener("click", runAll);
  stop.addEventListener("click", () => running?.abort());
  again.addEventListener("click", () => {
    prepare(() => Object.assign(state, { files: [], skipped: 0, table: null }));
    for (const part of [status, notes]) part.replaceChildren();
    choosers.first.focus();
  });
  host.append(
    el("p", { class: "hint" }, t(`own_how_${howOf(inputs)}`)),
    ...(inputs.length > 1 ? [el("p", { class: "hint" }, t("own_columns"), " ", authored(columnNames(inputs).join(", ")))] : []),
    choosers.element,
    picks,
    el("p", { class: "actions" }, run, stop, again),
    bar,
    status,
    notes,
    results,
    el("p", { class: "hint" }, transport.local ? t("own_stays") : transport.destination),
  );
}

/** What is given, what is made of it, and what is chosen of the results. */
function newState({ inputs, outputs }) {
  const given = { files: [], skipped: 0, table: null, texts: new Map(), folder: t("own_folder_name") };
  return { inputs, ...given, items: [], columns: [], results: [], output: outputs[0]?.name, truth: null, slice: null, measuring: null };
}

function makeItems(state, { inputs, outputs }) {
  Object.assign(state, itemsOf(inputs, state), { results: [], slice: null });
  const output = outputs.find(({ name }) => name === state.output);
  state.truth = likelyTruth(state, output, state.table, labelReader(output?.labels));
}

/** How what a person gives becomes part of the state, by buttons or drops. */
function intakeOf(state, prepare) {
  const { inputs } = state;
  const texts = inputs.filter(({ kind }) => kind === "text");
  let latest = null;

  function files(entries) {
    const meant = entries.filter((entry) => isMeant(entry, inputs)).sort((a, b) => (a.path < b.path ? -1 : 1));
    prepare(() => {
      Object.assign(state, { files: meant, skipped: entries.length - meant.length });
      // Texts are in files or in a column; what was given last is meant.
      if (inputs.length === 1 && texts.length === 1) state.table = null;
    });
  }

  async function table(file) {
    latest = file;
    const read = await readTable(file).catch((error) => error);
    if (latest !== file) return;
    prepare(() => {
      state.table = null;
      if (read instanceof Error) throw read;
      state.table = read;
      state.texts = new Map(texts.map((input) => [input.name, likelyText(input, inputs, read)]));
      if (inputs.length === 1 && asksRows(inputs)) Object.assign(state, { files: [], skipped: 0 });
    });
  }

  const refused = (error) =>
    prepare(() => {
      throw error;
    });

  async function dropped(entries) {
    try {
      const apart = toldApart(entries, inputs);
      if (!apart.table && !takesFiles(inputs)) throw new TransportError(t("own_drop_csv"));
      if (apart.files.length > 0 && takesFiles(inputs)) files(apart.files);
      if (apart.table) await table(apart.table.file);
    } catch (error) {
      refused(error);
    }
  }

  return { files, table, dropped, refused };
}

/** Whether files are chosen, and not a CSV file alone: for an input of files, or a text of its own. */
function takesFiles(inputs) {
  return inputs.some(takesFile) || howOf(inputs) === "text";
}

/** The buttons that choose, and the part of the page onto which the same is dropped. */
function sourceChoosers(inputs, intake, zone) {
  const files = chooserButton("own-files", t("own_files"), { multiple: true });
  const folder = chooserButton("own-folder", t("own_folder"), { multiple: true, webkitdirectory: true });
  const table = chooserButton("own-table", t(asksRows(inputs) ? "own_csv" : "own_csv_beside"), { accept: ".csv,.tsv,text/csv" });
  const heard = ({ control }, take) =>
    control.addEventListener("change", () => {
      const chosen = [...control.files];
      // The same file chosen again is a change again.
      control.value = "";
      if (chosen.length > 0) take(chosen);
    });
  for (const one of [files, folder]) heard(one, (chosen) => intake.files(chosen.map((file) => ({ file, path: file.webkitRelativePath || file.name }))));
  heard(table, ([file]) => intake.table(file));
  acceptDropped(zone, intake.dropped, intake.refused);
  const beside = inputs.some(takesFile) ? [files, folder] : takesFiles(inputs) ? [files] : [];
  const choices = asksRows(inputs) ? [table, ...beside] : [...beside, table];
  const hint = el("span", { class: "hint" }, t(beside.length > 0 ? "own_drop" : "own_drop_table"));
  return { first: choices[0].control, element: el("p", { class: "actions" }, ...choices.flatMap(({ control, label }) => [control, label]), hint) };
}

function chooserButton(id, words, properties) {
  const control = el("input", { type: "file", id, class: "file-control", ...properties });
  return { control, label: el("label", { class: "button", for: id }, words) };
}

function howOf([input, ...others]) {
  if (others.length === 0 && takesFile(input)) return "file";
  return others.length === 0 && ["table", "text"].includes(input.kind) ? input.kind : "several";
}

/** What a CSV file names for several inputs: a table's columns, and for every other input its name. */
function columnNames(inputs) {
  return inputs.flatMap((input) => (input.kind === "table" ? input.columns.map(({ name }) => name) : [takesFile(input) ? t("own_column_of_files", { name: input.name }) : input.name]));
}

/** A choice of the column for each input of texts. */
function showTextPicks(state, host, prepare) {
  const texts = state.table ? state.inputs.filter(({ kind }) => kind === "text") : [];
  host.hidden = texts.length === 0;
  host.replaceChildren(...texts.map((input) => textPick(state, input, prepare)));
}

function textPick(state, input, prepare) {
  const names = state.table.head.filter((name) => name !== "");
  const chosen = state.texts.get(input.name);
  const words = state.inputs.length > 1 ? t("own_text_column_of", { name: input.name }) : t("own_text_column");
  const options = [...(chosen ? [] : [["", "–"]]), ...names.map((name) => [name, name])];
  return picker(`own-text-${input.name}`, words, options, chosen ?? "", (name) => prepare(() => state.texts.set(input.name, name || null)));
}

/** What a person should know before the run. */
function preparedNotes({ inputs, table, items, unmatched, absent, columns, numbers }) {
  const noted = (mark, ...words) => el("p", { "data-mark": mark }, ...words);
  const notes = [];
  if (asksRows(inputs) && table === null && items.length === 0) notes.push(noted("unknown", t("own_csv_first")));
  const decimal = [...(table?.decimal ?? [])].filter((name) => numbers.includes(name) || columns.includes(name));
  if (decimal.length > 0) notes.push(noted("none", t("own_decimal_commas"), " ", authored(decimal.join(", "))));
  if (unmatched > 0) notes.push(noted("unknown", tn("own_unmatched", unmatched)));
  const names = [...new Set(absent)];
  const more = names.length > LISTED ? ` ${t("own_and_more", { count: integer(names.length - LISTED) })}` : "";
  if (names.length > 0) notes.push(noted("no", tn("own_absent", names.length), " ", authored(names.slice(0, LISTED).join(", ")), more));
  const failing = items.filter(({ problem }) => problem && problem.key !== "own_file_absent");
  if (failing.length > 0) notes.push(noted("no", tn("own_will_fail", failing.length), " ", authored(problemWords(failing[0].problem))));
  return notes;
}

/** The words of a problem, whose values are texts, counts and sizes. */
function problemWords({ key, values }) {
  const said = (name, value) => (typeof value !== "number" ? value : name === "bytes" ? bytes(value) : integer(value));
  return t(key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, said(name, value)])));
}

function refusalWords(error) {
  if (error instanceof CsvProblem) return problemWords(error);
  return error instanceof DropProblem ? t(error.message) : error.message;
}

async function readTable(file) {
  if (file.size > LARGEST_CSV) throw new CsvProblem("own_too_large", { bytes: LARGEST_CSV });
  const table = itemTable(await utf8(file));
  if (table.rows.length === 0) throw new TransportError(t("own_empty_csv", { name: file.name }));
  return table;
}

/**
 * A file under "Your input" that people write in other ways than the program which runs the model reads: what it becomes,
 * and in words how it was read, { source, words }. Null of any other, which goes as it is.
 */
export async function readGiven(input, file) {
  const columns = input.columns ?? [];
  const csv = columns.length > 0;
  if (!(csv || takesNumbers(input)) || file.size > LARGEST_CSV) return null;
  const head = new Uint8Array(await file.slice(0, 1).arrayBuffer());
  // An NPY file begins with a byte that no text has.
  const text = head[0] === 0x93 ? null : await utf8(file).catch(() => null);
  if (text === null || (!csv && input.kind === "tensor" && text.trimStart().startsWith("["))) return null;
  if (!csv) return readNumbers(text);
  const plain = inWords(() => plainCsv(text, columns.filter(({ kind }) => kind === "number").map(({ name }) => name)));
  return plain && { source: { file: new File([plain.text], file.name, { type: "text/csv" }) }, words: csvWords(plain) };
}

/** Whether an input is an array of numbers, which can be written down. */
export function takesNumbers({ kind, columns }) {
  return (kind === "tensor" || kind === "series") && !(columns?.length > 0);
}

/** Numbers in a text as { source, words }. */
export function readNumbers(text) {
  if (text.trimStart().startsWith("[")) return { source: { value: jsonArray(text) }, words: t("numbers_read_json") };
  const read = inWords(() => numberArray(text));
  return { source: { value: read.value }, words: numbersWords(read) };
}

function jsonArray(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new TransportError(t("numbers_no_json"));
  }
}

/** What `work` gives; what it finds wrong, in words. */
function inWords(work) {
  try {
    return work();
  } catch (error) {
    throw error instanceof CsvProblem ? new TransportError(problemWords(error)) : error;
  }
}

function numbersWords({ value, rows, columns, commas, unsure }) {
  const first = value.flat();
  const values = first.slice(0, SAID_NUMBERS).join(", ") + (first.length > SAID_NUMBERS ? ", …" : "");
  const read = Array.isArray(value[0]) ? t("numbers_read_rows", { rows: tn("rows", rows), columns: tn("values", columns), values }) : tn("numbers_read", value.length, { values });
  return [read, commas && t("numbers_commas"), unsure && t("numbers_unsure")].filter(Boolean).join(" · ");
}

function csvWords({ separator, decimal }) {
  const words = t(`csv_by_${separator === ";" ? "semicolon" : "tab"}`);
  return decimal.length > 0 ? t("csv_commas", { separator: words, columns: isolated(decimal.join(", ")) }) : t("csv_points", { separator: words });
}

/** The bytes of a file, which may have been moved since it was chosen. */
async function bytesOf(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new TransportError(t("own_unreadable", { name: file.name }), null, true);
  }
}

/** The text of a file; a decoder that puts signs in the place of what it cannot read would make another text of it. */
async function utf8(file) {
  const content = await bytesOf(file);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw new TransportError(t("own_csv_not_utf8", { name: file.name }), null, true);
  }
}

/** Fills `results`; gives the failure that ended the run before its time, or null. */
async function predictAll({ inputs, limit }, items, transport, signal, results, progress) {
  let failures = 0;
  for (const item of items) {
    if (signal.aborted) return null;
    progress(results.length);
    try {
      if (item.problem) throw new TransportError(problemWords(item.problem), null, true);
      const sources = await Promise.all(inputs.map(async (input) => [input.name, await readySource(input, item.sources.get(input.name), limit)]));
      const { outputs } = await transport.predict(new Map(sources), signal);
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

/** A source as the transport takes it; one that it would not take is said to be the row's own failure. */
async function readySource(input, source, limit) {
  const { file } = source;
  if (!file) return source;
  if (file.size === 0) throw new TransportError(t("error_empty_file", { name: file.name }), null, true);
  if (file.size > limit) throw new TransportError(t("own_file_too_large", { name: file.name, size: bytes(file.size), limit: bytes(limit) }), null, true);
  if (input.kind === "text") return { value: await utf8(file) };
  // One byte is enough to see whether it still is there.
  await bytesOf(new File([file.slice(0, 1)], file.name));
  return source;
}
