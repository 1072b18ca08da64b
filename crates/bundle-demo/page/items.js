// What is asked of the model: files, or the rows of a CSV file and the files that they name. Pure functions of their
// arguments, which know no words: what is wrong is a `CsvProblem`, and of a single row a key with its values.

import { CsvProblem, cellNumber, columnNumber, csvTable, isMissing } from "./csv.js";

/** Items that one run takes; their files are read one at a time, each up to a limit of its own. */
const MOST_ITEMS = 20_000;

/** Whether an input is given by a file, and not by cells of a CSV file. */
export function takesFile(input) {
  return !["table", "text", "scalar", "number"].includes(input.kind);
}

/** Whether the rows of a CSV file are what is asked, and not the files themselves. */
export function asksRows(inputs) {
  return inputs.length > 1 || !takesFile(inputs[0]);
}

/** A CSV text as a table that is not too long. */
export function itemTable(text) {
  return csvTable(text, MOST_ITEMS);
}

/** Whether a file is one that was meant: a folder also holds what systems and programs leave there. */
export function isMeant({ file, path }, inputs) {
  if (!path.includes("/")) return true;
  const name = file.name.toLowerCase();
  // A bundle of texts alone names no endings; neither does one that takes any file.
  const takers = inputs.filter(takesFile);
  const endings = takers.flatMap((input) => input.extensions ?? []);
  const any = takers.length === 0 || takers.some((input) => (input.extensions ?? []).length === 0);
  return !name.startsWith(".") && (any || endings.some((ending) => name.endsWith(ending)));
}

/** What was dropped at once, told apart: the CSV file, or null, and the files beside it. */
export function toldApart(entries, inputs) {
  const lists = entries.filter(({ file }) => /\.(csv|tsv)$/i.test(file.name));
  const top = lists.filter(({ path }) => !path.includes("/"));
  const likely = top.length > 0 ? top : lists;
  // Where CSV files may be what the model takes, several of them are just that.
  const asFiles = inputs.some((input) => takesFile(input) && (input.extensions ?? []).length === 0);
  if (likely.length > 1 && !asFiles) throw new CsvProblem("own_several_csv", {});
  const table = likely.length === 1 ? likely[0] : null;
  return { table, files: entries.filter((entry) => entry !== table) };
}

/** The column that is likely to hold the text of an input: its name's, else, where it is the only input, a likely one. */
export function likelyText(input, inputs, { head }) {
  if (head.includes(input.name)) return input.name;
  if (inputs.length > 1) return null;
  return head.find((name) => /text/i.test(name)) ?? head.find((name) => name !== "") ?? null;
}

/**
 * What is asked, one item each: { name, sources, facts, problem }; `sources` maps inputs to what is given, `facts` are
 * the columns for truth and slices, `problem` says why it cannot be asked. `given` has `files` ({ file, path }), `table`
 * or null, `texts` (the column of each input of texts) and `folder`, the name of the column of folders.
 */
export function itemsOf(inputs, given) {
  const { files, table } = given;
  if (files.length > MOST_ITEMS) throw new CsvProblem("own_too_many", { limit: MOST_ITEMS });
  const byRow = asksRows(inputs) && (table !== null || inputs.length > 1 || inputs[0].kind !== "text");
  // The CSV file may come after the files.
  if (byRow && table === null) return { items: [], columns: [], unmatched: 0, absent: [], numbers: [] };
  return byRow ? rowItems(inputs, given) : fileItems(inputs[0], given);
}

function fileItems(input, { files, table, folder }) {
  const rows = rowsBeside(files, table);
  const items = files.map(({ file, path }, at) => {
    const parts = path.split("/");
    const facts = new Map(parts.length > 1 ? [[folder, parts.at(-2)]] : []);
    for (const [name, cell] of rows[at] ? cellsOf(table, rows[at]) : []) facts.set(name, cell);
    return { name: path, sources: new Map([[input.name, { file }]]), facts, problem: null };
  });
  const columns = [...new Set(items.flatMap(({ facts }) => [...facts.keys()]))];
  return { items, columns, unmatched: table ? rows.filter((row) => !row).length : 0, absent: [], numbers: [] };
}

/** The row of each file, by the name in the first column. A name that several files or several rows bear names none of them. */
function rowsBeside(files, table) {
  const rows = new Map();
  for (const row of table?.rows ?? []) rows.set(plainPath(row[0]), rows.has(plainPath(row[0])) ? null : row);
  const named = filesNamed(files, [...rows.keys()]);
  const found = new Map([...named].map(([name, file]) => [file, rows.get(name)]));
  return files.map((file) => found.get(file) ?? null);
}

function rowItems(inputs, { files, table, texts }) {
  const wanted = inputs.flatMap((input) => columnsOf(input, texts));
  const missing = wanted.filter((name) => !table.head.includes(name));
  if (missing.length > 0) throw new CsvProblem("own_missing_columns", { names: [...new Set(missing)].join(", ") });
  const numbers = inputs.flatMap(numberColumns);
  const unclear = numbers.find((name) => table.unclear.has(name));
  if (unclear !== undefined) throw new CsvProblem("own_csv_unclear", { name: unclear, cell: table.unclear.get(unclear) });
  const fills = inputs.map((input) => [input.name, fillerOf(input, { files, table, texts })]);
  const items = table.rows.map((row, at) => {
    const facts = new Map(cellsOf(table, row));
    const sources = new Map(fills.map(([name, fill]) => [name, fill(facts)]));
    return { name: at + 1, sources, facts, problem: [...sources.values()].find(({ problem }) => problem)?.problem ?? null };
  });
  const problems = items.flatMap(({ sources }) => [...sources.values()].map(({ problem }) => problem));
  const absent = problems.filter((problem) => problem?.key === "own_file_absent").map(({ values }) => values.name);
  return { items, columns: table.head.filter((name) => name !== "" && !wanted.includes(name)), unmatched: 0, absent, numbers };
}

/** The columns that an input is read from. */
function columnsOf(input, texts) {
  if (input.kind === "table") return input.columns.map(({ name }) => name.trim());
  return [input.kind === "text" ? (texts.get(input.name) ?? input.name) : input.name];
}

function numberColumns(input) {
  if (input.kind === "table") return input.columns.filter(({ kind }) => kind === "number").map(({ name }) => name.trim());
  return input.kind === "scalar" || input.kind === "number" ? [input.name] : [];
}

/** The cells of a row with the names of their columns; a column without a name is nobody's. */
function cellsOf({ head }, row) {
  return head.map((name, at) => [name, row[at]]).filter(([name]) => name !== "");
}

/** How a row fills an input: a function of its facts to a source, or to `{ problem }`. */
function fillerOf(input, { files, table, texts }) {
  const [column] = columnsOf(input, texts);
  if (input.kind === "table") return tableFiller(input, table);
  if (input.kind === "text") return (facts) => ({ value: facts.get(column) });
  if (!takesFile(input)) return numberFiller(column, columnNumber(table, column));
  return fileFiller(input, files, table);
}

function tableFiller(input, table) {
  const read = ({ name, kind, categories }) => {
    const number = kind === "number" ? columnNumber(table, name.trim()) : () => null;
    // The program that runs the model says what is wrong with a cell that is neither a number nor missing.
    return (cell) => (isMissing(cell) && !categories?.includes(cell) ? null : (number(cell) ?? cell));
  };
  const readers = input.columns.map((column) => [column.name, read(column)]);
  return (facts) => ({ value: Object.fromEntries(readers.map(([name, cell]) => [name, cell(facts.get(name.trim()))])) });
}

function numberFiller(column, number) {
  return (facts) => {
    const cell = facts.get(column);
    if (isMissing(cell)) return { problem: { key: "own_cell_missing", values: { name: column } } };
    const value = number(cell);
    return value === null ? { problem: { key: "own_cell_no_number", values: { name: column, cell } } } : { value };
  };
}

function fileFiller(input, files, table) {
  const column = input.name;
  const at = table.head.indexOf(column);
  const named = filesNamed(files, [...new Set(table.rows.map((row) => plainPath(row[at])))]);
  return (facts) => {
    const cell = facts.get(column);
    const found = named.get(plainPath(cell));
    if (found) return { file: found.file };
    if (isMissing(cell)) return { problem: { key: "own_cell_missing", values: { name: column } } };
    if (found === null) return { problem: { key: "own_file_twice", values: { name: cell } } };
    const value = input.kind === "tensor" || input.kind === "series" ? arrayOf(cell) : null;
    return value === null ? { problem: { key: "own_file_absent", values: { name: cell } } } : { value };
  };
}

/** The array that a cell says: a number, or JSON; null where it is neither. */
function arrayOf(cell) {
  if (!cell.trim().startsWith("[")) return cellNumber(cell);
  try {
    return JSON.parse(cell);
  } catch {
    return null;
  }
}

/**
 * The file of each name: that whose path ends with the name, where several names do the longest; or, where only files
 * without their folders are here, that with which the name ends. Null where several files bear it.
 */
function filesNamed(files, names) {
  const known = new Set(names.filter((name) => name !== ""));
  const beyond = new Map();
  for (const name of known) for (const ending of endingsOf(name)) beyond.set(ending, beyond.has(ending) ? null : name);
  const found = new Map();
  for (const entry of files) {
    const path = plainPath(entry.path);
    const name = endingsOf(path).find((ending) => known.has(ending)) ?? beyond.get(path);
    if (name) found.set(name, found.has(name) ? null : entry);
  }
  return found;
}

/** A path and its endings, the longest first. */
function endingsOf(path) {
  const parts = path.split("/");
  return parts.map((_, at) => parts.slice(at).join("/"));
}

/** A path as all systems write it: some separate folders otherwise, some take letters with accents apart. */
function plainPath(text) {
  return text.trim().normalize("NFC").replaceAll("\\", "/").replace(/^(\.?\/)+/, "");
}

/** The column that is likely to hold the truth of an output, or null: a guess among others would be measured. */
export function likelyTruth({ items, columns }, output, table, readLabel) {
  const labels = Array.isArray(output?.labels) ? new Set(output.labels) : null;
  const fits = (name) => {
    const cells = items.map(({ facts }) => facts.get(name) ?? "").filter((cell) => !isMissing(cell));
    const number = columnNumber(table, name);
    const fit = output.kind === "scalar" ? (cell) => number(cell) !== null : (cell) => labels.has(readLabel(cell));
    return cells.length > 0 && cells.filter(fit).length * 2 > cells.length;
  };
  const named = (name) => name === output?.name || /^(label|truth|class|target|y)$/i.test(name);
  const checked = output?.kind === "scalar" || labels !== null;
  const likely = columns.filter((name) => (checked ? fits(name) && (output.kind === "labels" || named(name)) : named(name)));
  return likely.find(named) ?? likely[0] ?? null;
}
