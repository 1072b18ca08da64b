// A table: one row as a form, many rows as a CSV file. The program that will run a file is the one that reads it; only
// one that is written in another way than it reads, with semicolons and decimal commas, is written anew before.

import { chooser, fileTaker, frame, typedNumber } from "./chooser.js";
import { authored, el } from "./dom.js";
import { bytes, number, t } from "./strings.js";
import { TransportError } from "./transport.js";

/** How much of a CSV file is shown, in bytes and in lines. */
const PREVIEW_BYTES = 2048;
const PREVIEW_LINES = 5;

/** A form with a field per column, or a CSV file. */
export function tableInput(description, options) {
  const id = `input-${description.name}`;
  const fields = description.columns.map((column, index) => makeField(column, `${id}-${index}`, options));
  const form = el("div", { class: "fields" }, ...fields.map((field) => field.element));
  const hint = el("p", { class: "hint", id: `${id}-csv-hint` }, t("csv_hint"));
  const card = el("div", { class: "csv" });
  let source = null;
  const taker = fileTaker(description, options, (given, read) => show(given, read));

  const choose = chooser({
    id: `${id}-csv`,
    words: t("load_csv"),
    accept: [...description.media_types, ...description.extensions].join(","),
    describedBy: hint.id,
    options,
    take: taker.take,
  });
  const back = el("button", { type: "button", class: "button quiet" }, t("use_form"));
  back.addEventListener("click", () => {
    show(null);
    options.changed();
    choose.control.focus();
  });
  const zone = el("div", { class: "drop slim" }, card, el("div", { class: "drop-words" }, choose.control, choose.label, back), hint);
  choose.acceptDrops(zone);

  /** Shows what is given; `read` is the file that it was read from, and in words how. */
  function show(next, read = null) {
    source = next;
    taker.forget();
    form.hidden = Boolean(next);
    back.hidden = !next || fields.length === 0;
    card.replaceChildren();
    zone.classList.toggle("filled", Boolean(next));
    if (next?.file) showFile(card, read?.file ?? next.file, read?.words);
    else if (next) card.append(el("code", {}, JSON.stringify(next.value)));
  }

  function write(next) {
    const row = next.value;
    const fits = row && !Array.isArray(row) && fields.length > 0;
    show(fits ? null : next);
    if (fits) for (const field of fields) field.write(row[field.name]);
  }

  show(null);
  return {
    element: frame(description, form, zone),
    immediate: false,
    read() {
      if (source) return source;
      const row = fields.map((field) => [field.name, field.read()]);
      return row.every(([, cell]) => cell === null) ? null : { value: Object.fromEntries(row) };
    },
    write,
    clear() {
      show(null);
      for (const field of fields) field.write(null);
    },
  };
}

async function showFile(card, file, words) {
  const name = file.name ?? "CSV";
  const text = await file.slice(0, PREVIEW_BYTES).text();
  const lines = text.split(/\r?\n/).slice(0, PREVIEW_LINES).join("\n");
  card.append(
    el("p", {}, authored(name), ` · ${bytes(file.size)}`, words && el("span", { class: "read-as" }, words)),
    el("pre", { tabindex: 0, role: "region", "aria-label": t("csv_first_lines", { name }) }, el("code", {}, lines)),
  );
}

function makeField(column, id, options) {
  const note = el("span", { class: "field-note", id: `${id}-note` });
  const control = column.categories ? categories(column, id) : numeric(column, id);
  control.setAttribute("aria-describedby", note.id);
  const refresh = () => {
    const { text, warn } = remark(column, control);
    note.replaceChildren(...[column.description && el("span", { dir: "auto" }, column.description), text && el("span", {}, text)].filter(Boolean));
    note.classList.toggle("warn", warn);
    if (isNoNumber(column, control)) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  control.addEventListener("input", () => {
    refresh();
    options.changed();
  });
  refresh();
  const unit = column.unit && el("span", { class: "unit" }, authored(column.unit));
  const label = el("label", { class: "field-label", for: id }, authored(column.name), unit && " ", unit);
  return {
    element: el("div", { class: "field" }, label, control, note),
    name: column.name,
    read: () => cell(column, control),
    write(value) {
      const text = value === null || value === undefined ? "" : String(value);
      // A word for a missing number is an empty field.
      control.value = column.kind === "number" && typedNumber(text) === null ? "" : text;
      refresh();
    },
  };
}

function numeric(column, id) {
  const numbers = column.kind === "number";
  // The keys for decimals have no minus on some telephones.
  const mode = column.range?.[0] < 0 ? "text" : "decimal";
  return el("input", { id, type: "text", autocomplete: "off", ...(numbers ? { inputmode: mode } : { dir: "auto" }) });
}

function categories(column, id) {
  const options = column.categories.map((name) => el("option", { value: name, dir: "auto" }, name));
  return el("select", { id }, el("option", { value: "" }, "–"), ...options);
}

function cell(column, control) {
  if (isNoNumber(column, control)) throw new TransportError(t("error_not_a_number", { name: column.name }));
  if (isBlank(column, control)) return null;
  return column.kind === "number" ? typedNumber(control.value) : control.value;
}

function isBlank({ kind }, { value }) {
  return kind === "number" ? value.trim() === "" : value === "";
}

function isNoNumber(column, control) {
  return column.kind === "number" && !isBlank(column, control) && typedNumber(control.value) === null;
}

function remark(column, control) {
  if (isNoNumber(column, control)) return { text: t("column_not_a_number"), warn: true };
  const value = column.kind === "number" ? typedNumber(control.value) : null;
  // A comma may have been meant to separate thousands.
  const read = value !== null && control.value.includes(",") ? t("column_read", { value }) : null;
  if (!column.range) return { text: read, warn: false };
  const [low, high] = column.range;
  const words = { low: number(low), high: number(high) };
  const outside = value !== null && (value < low || value > high);
  return { text: [read, t(outside ? "column_outside" : "column_range", words)].filter(Boolean).join(" · "), warn: outside };
}
