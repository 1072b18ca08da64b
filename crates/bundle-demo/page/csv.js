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

/**
 * The rows of a text, each a list of cells, all as long as the first. The separator is the one that its first line
 * has most of, outside of quotes.
 */
export function csvRows(text) {
  const content = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const [head] = content.replace(/"(?:[^"]|"")*"/g, "").split(/\r?\n/, 1);
  const separators = [",", ";", "\t"].map((one) => [head.split(one).length, one]).sort((a, b) => b[0] - a[0]);
  const separator = separators[0][1];
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
