// CSV as RFC 4180 says, with the separators that programs write, and none that a spreadsheet runs.

/** What is wrong with a CSV text: the key of its words, and their values. */
export class CsvProblem extends Error {
  constructor(key, values) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/** The number that a cell says, or null: `Number` would read a blank as 0, and take "0x10" and "Infinity". */
export function cellNumber(text) {
  const plain = String(text ?? "").trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : null;
}

/** Whether a cell says that there is no value: it is empty, or one of the words that programs write there. */
export function isMissing(text) {
  return ["", "NA", "N/A", "#N/A", "NaN", "nan"].includes(text.trim());
}

/** The separator of a text is the one that its first line has most of, outside of quotes. */
function csvSeparator(content) {
  const [head] = content.replace(/"(?:[^"]|"")*"/g, "").split(/\r?\n/, 1);
  const separators = [",", ";", "\t"].map((one) => [head.split(one).length, one]).sort((a, b) => b[0] - a[0]);
  return separators[0][1];
}

/**
 * A text as a table: `head` and `rows`, the columns that are written with decimal commas, and for each column of
 * numbers that can be read in more than one way the first cell of that kind. More rows than `most` are refused.
 */
export function csvTable(text, most = Infinity) {
  const [first = [], ...rows] = csvRows(text, most);
  // Spaces around a name are nobody's meaning; `bundle run` leaves them out too.
  const head = first.map((name) => name.trim());
  const twice = head.find((name, at) => name !== "" && head.indexOf(name) !== at);
  if (twice !== undefined) throw new CsvProblem("own_csv_twice", { name: twice });
  const comma = csvSeparator(withoutMark(text)) !== ",";
  const decimal = new Set();
  const unclear = new Map();
  head.forEach((name, at) => {
    const cells = rows.map((row) => row[at].trim()).filter((cell) => !isMissing(cell));
    if (cells.length === 0 || !cells.every(isNumberLike)) return;
    const odd = cells.find((cell) => cellNumber(cell) === null);
    if (odd === undefined) return;
    if (comma && cells.every((cell) => commaNumber(cell) !== null)) decimal.add(name);
    else unclear.set(name, odd);
  });
  return { head, rows, decimal, unclear };
}

/** How the numbers of a column are read. */
export function columnNumber(table, name) {
  return table?.decimal.has(name) ? commaNumber : cellNumber;
}

/** A number with a decimal comma, or a whole one; null where there is a point, or a second comma. */
function commaNumber(text) {
  return text.includes(".") || /,\s*$/.test(text) ? null : cellNumber(text.replace(",", "."));
}

/** Digits with what separates thousands and decimals somewhere: 1.234,5 and 1 234 and 1'234, but a date as well. */
function isNumberLike(text) {
  return /^[+-]?[.,]?\d[\d.,'’ \u00a0\u202f]*([eE][+-]?\d+)?$/.test(text);
}

/**
 * A CSV text with commas between its cells and points before the decimals of the columns `numbers`, which is what the
 * program that runs the model reads: { text, separator, decimal }. Null of one whose cells are separated by commas:
 * that is taken as it is.
 */
export function plainCsv(text, numbers) {
  const separator = csvSeparator(withoutMark(text));
  if (separator === ",") return null;
  const [head = [], ...rows] = csvRows(text);
  const declared = new Set(numbers.map((name) => name.trim()));
  const decimal = head.flatMap((name, at) => (declared.has(name.trim()) && hasDecimalCommas(name.trim(), rows, at) ? [at] : []));
  const point = (row) => row.map((cell, at) => (decimal.includes(at) && commaNumber(cell) !== null ? cell.replace(",", ".") : cell));
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = [head, ...rows.map(point)].map((row) => `${row.map(quoted).join(",")}\n`);
  return { text: lines.join(""), separator, decimal: decimal.map((at) => head[at].trim()) };
}

/** Whether a column of numbers is written with decimal commas; what is no number in it may be a word for a missing one. */
function hasDecimalCommas(name, rows, at) {
  const cells = rows.map((row) => row[at].trim()).filter(isNumberLike);
  if (cells.every((cell) => cellNumber(cell) !== null)) return false;
  const odd = cells.find((cell) => commaNumber(cell) === null);
  if (odd !== undefined) throw new CsvProblem("own_csv_unclear", { name, cell: odd });
  return true;
}

/**
 * Numbers that a text lists, one row a line: { value, rows, columns, commas, unsure }; of one row or one column `value` is
 * a flat list. `commas` says that the commas are decimal marks, `unsure` that they may have been meant as such.
 */
export function numberArray(text) {
  const texts = withoutMark(text).split(/\r?\n/).map((line) => line.trim());
  const separator = numberSeparator(texts);
  const lines = texts.map((line, at) => ({ line: at + 1, cells: numberCells(line, separator) })).filter(({ cells }) => cells.length > 0);
  if (lines.length === 0) throw new CsvProblem("numbers_none", {});
  const has = (sign) => lines.some(({ cells }) => cells.some((cell) => cell.includes(sign)));
  const commas = has(",");
  const rows = lines.map(({ line, cells }) => {
    const expected = lines[0].cells.length;
    if (cells.length !== expected) throw new CsvProblem("numbers_uneven", { line, cells: cells.length, expected });
    return cells.map((cell) => listedNumber(cell, line, commas ? commaNumber : cellNumber));
  });
  const columns = rows[0].length;
  const unsure = separator === "," && columns === 2 && !has(".");
  return { value: rows.length === 1 || columns === 1 ? rows.flat() : rows, rows: rows.length, columns, commas, unsure };
}

/** What is between the numbers of a text: a comma is that only where nothing else can be. */
function numberSeparator(lines) {
  const some = (pattern) => lines.some((line) => pattern.test(line));
  if (some(/;/)) return ";";
  if (some(/\t/)) return "\t";
  return some(/,/) && (some(/,\s|\s,/) || !some(/\s/)) ? "," : " ";
}

/** The cells of a line, without what a separator at its end would begin. */
function numberCells(line, separator) {
  if (line === "") return [];
  if (separator === " ") return line.split(/\s+/);
  const cells = line.split(separator).map((cell) => cell.trim());
  return cells.length > 1 && cells.at(-1) === "" ? cells.slice(0, -1) : cells;
}

function listedNumber(cell, line, read) {
  const value = read(cell);
  if (value !== null) return value;
  if (cell === "") throw new CsvProblem("numbers_gap", { line });
  throw new CsvProblem(isNumberLike(cell) ? "numbers_unclear" : "numbers_other", { line, cell });
}

function withoutMark(text) {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** The rows of a text, each a list of cells, all as long as the first; at most `most` below that. */
export function csvRows(text, most = Infinity) {
  const content = withoutMark(text);
  const separator = csvSeparator(content);
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  let [line, begun, opened] = [1, 1, 1];
  const endCell = () => {
    row.push(cell);
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== "") {
      // A row of another length would put its cells under the names of others.
      const expected = rows[0]?.length ?? row.length;
      if (row.length !== expected) throw new CsvProblem("own_csv_uneven", { line: begun, cells: row.length, expected });
      // A long file is not read to its end for that.
      if (rows.length > most) throw new CsvProblem("own_too_many", { limit: most });
      rows.push(row);
    }
    row = [];
    begun = line;
  };
  for (let at = 0; at < content.length; at += 1) {
    const letter = content[at];
    if (letter === "\n") line += 1;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (content[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && cell === "") {
      quoted = true;
      opened = line;
    } else if (letter === separator) endCell();
    else if (letter === "\n") endRow();
    else if (letter !== "\r" || content[at + 1] !== "\n") cell += letter;
  }
  if (quoted) throw new CsvProblem("own_csv_unclosed", { line: opened });
  if (cell !== "" || row.length > 0) endRow();
  return rows;
}

/** A CSV file of rows. A cell that a spreadsheet would run gets an apostrophe (OWASP, CSV injection). */
export function csvText(rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) && cellNumber(text) === null ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => row.map(cell).join(",")).join("\r\n").concat("\r\n");
}
