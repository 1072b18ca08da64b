// CSV as RFC 4180 says, with the separators that programs write, and none that a spreadsheet runs.

/** The rows of a text, each a list of cells. The separator is the one that its first line has most of. */
export function csvRows(text) {
  const content = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const [head] = content.split(/\r?\n/, 1);
  const separators = [",", ";", "\t"].map((one) => [head.split(one).length, one]).sort((a, b) => b[0] - a[0]);
  const separator = separators[0][1];
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  const endCell = () => {
    row.push(cell);
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < content.length; at += 1) {
    const letter = content[at];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (content[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && cell === "") quoted = true;
    else if (letter === separator) endCell();
    else if (letter === "\n") endRow();
    else if (letter !== "\r" || content[at + 1] !== "\n") cell += letter;
  }
  if (cell !== "" || row.length > 0) endRow();
  return rows;
}

/** A CSV file of rows. A cell that a spreadsheet would run gets an apostrophe (OWASP, CSV injection). */
export function csvText(rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const plain = text !== "" && Number.isFinite(Number(text));
    const safe = /^[=+\-@\t\r]/.test(text) && !plain ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => row.map(cell).join(",")).join("\r\n").concat("\r\n");
}
