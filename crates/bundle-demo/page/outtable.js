// Rows with named columns, as the table that they are.

import { rowsOf } from "./arrays.js";
import { authored, el } from "./dom.js";
import { scrollTable } from "./frames.js";
import { cut, integer, number, t, tn } from "./strings.js";

/** Rows and columns that are shown. */
const TABLE_ROWS = 200;
const TABLE_COLUMNS = 100;

/** The parts of a table; null where its array has another shape. */
export function renderTable(output, outcome) {
  const found = rowsOf(outcome);
  if (!found) return null;
  if (found.all === 0 || found.columns === 0) return [el("p", {}, t("empty_output"))];
  const rows = found.rows.slice(0, TABLE_ROWS);
  const columns = Math.min(found.columns, TABLE_COLUMNS);
  const column = (at) => (output.labels?.[at] ? authored(cut(output.labels[at], 40)) : integer(at + 1));
  const words = new Map(outcome.not_finite ?? []);
  const cell = (value, at) => el("td", { class: "numeric" }, number(value, words.get(at)));
  const row = (values, at) =>
    el("tr", {}, el("th", { scope: "row", class: "numeric" }, integer(at + 1)), ...values.slice(0, columns).map((value, place) => cell(value, at * found.columns + place)));
  const heads = [[t("row"), true], ...Array.from({ length: columns }, (_, at) => [column(at), true])];
  const notes = [rows.length < found.all ? t("first_rows_of", { shown: integer(rows.length), count: integer(found.all) }) : tn("rows", found.all)];
  if (columns < found.columns) notes.push(t("first_columns_of", { shown: integer(columns), count: integer(found.columns) }));
  const note = el("p", { class: "hint" }, notes.join(" · "));
  return rows.length > 0 ? [note, scrollTable(t("table_caption", { output: output.name }), heads, rows.map(row))] : [note];
}

/** How many rows and columns there are; null where the array has another shape. */
export function tableSummary(outcome) {
  const found = rowsOf(outcome);
  return found && t("table_summary", { rows: tn("rows", found.all), columns: tn("columns", found.columns) });
}
