// "It is wrong here…": what a person says of an answer. Flags stay in this browser until the person
// exports or deletes them; nothing is sent, and an input is kept only where the person says so.

import { authored, el, saveFile } from "./dom.js";
import { scrollTable } from "./frames.js";
import { summary } from "./outputs.js";
import { integer, isolated, t, tn } from "./strings.js";
import { base64 } from "./transport.js";

/** What can be wrong: the word in the file, and the text for people. */
const FLAG_REASONS = new Map([
  ["wrong-answer", "flag_wrong_answer"],
  ["unsure", "flag_unsure"],
  ["should-refuse", "flag_should_refuse"],
  ["harmful", "flag_harmful"],
  ["other", "flag_other"],
]);
/** Labels that still are a list to choose from. */
const FLAG_LABELS = 500;
const FLAG_NOTE = 2000;
/** Kinds whose labels only spell the answer: the right one is a text of any length. */
const SPELT = new Set(["text", "tokens"]);

/** The section. `answered({ inputs, outputs })` hears every answer, `cleared()` that there is none any more. */
export function flagsSection(description, host) {
  const { name, version } = description;
  const store = flagStore(description.id ?? `${name}-${version}`);
  let answer = null;

  const open = el("button", { type: "button", class: "button", "aria-expanded": "false", "aria-controls": "flag-form", hidden: true, onclick: openForm }, t("flag_open"));
  const hint = el("p", { class: "hint" }, t("flag_first"));
  const place = el("div", { id: "flag-form" });
  const status = el("p", { class: "status", role: "status", tabindex: -1 });
  const trouble = el("p", { "data-mark": "no", hidden: true }, t("flag_memory"));
  const list = el("div", { class: "flag-list" });
  host.append(hint, el("div", { class: "actions" }, open, status), place, trouble, list);

  // Only what is nowhere but on this page is lost with it.
  const stay = (event) => event.preventDefault();
  const told = (flags) => {
    trouble.hidden = !store.broken();
    if (flags.some((flag) => flag.unsaved)) addEventListener("beforeunload", stay);
    else removeEventListener("beforeunload", stay);
  };

  async function refresh() {
    const flags = await store.all();
    told(flags);
    list.replaceChildren(...(flags.length > 0 ? [flagTable(description, flags, removeOne), flagActions(flags, exportAll, removeAll)] : []));
    return flags;
  }

  function openForm() {
    if (place.firstChild) {
      closeForm();
      return;
    }
    const form = flagForm(description, answer, save, closeForm);
    place.replaceChildren(form);
    open.setAttribute("aria-expanded", "true");
    status.replaceChildren();
    form.querySelector("input").focus();
  }

  function closeForm() {
    place.replaceChildren();
    open.setAttribute("aria-expanded", "false");
    open.hidden = !answer;
    // After a failed run there is no answer, and so no button to go back to.
    (answer ? open : status).focus();
  }

  async function save(subject, said, include) {
    const inputs = await flaggedInputs(subject.inputs, include);
    const lost = Object.values(inputs).some((input) => input.unreadable);
    for (const input of Object.values(inputs)) delete input.unreadable;
    const stored = await store.add({ flag: flagId(), time: new Date().toISOString(), ...said, outputs: subject.outputs, inputs });
    closeForm();
    await refresh();
    status.replaceChildren(t(stored ? "flag_saved" : "flag_saved_here"), lost ? ` ${t("flag_saved_unread")}` : "");
  }

  async function removeOne(flag, at) {
    await deleted(() => store.remove(flag));
    const buttons = list.querySelectorAll("tbody button");
    (buttons[Math.min(at, buttons.length - 1)] ?? status).focus();
  }

  async function removeAll() {
    await deleted(() => store.clear());
    status.focus();
  }

  async function deleted(work) {
    const words = await work().then(
      () => "flag_deleted",
      () => "flag_delete_failed",
    );
    await refresh();
    status.replaceChildren(t(words));
  }

  async function exportAll() {
    const flags = await refresh();
    const bundle = { id: description.id, name, version };
    const lines = [JSON.stringify({ format: 1, kind: "bundle-flags", bundle, exported: new Date().toISOString() })];
    for (const flag of flags) lines.push(JSON.stringify(await flagLine(flag)));
    saveFile(`${name}-${version}-flags.jsonl`, new Blob(lines.map((line) => `${line}\n`), { type: "application/jsonl" }));
    status.replaceChildren(tn("flag_exported", flags.length));
  }

  refresh();
  return {
    answered({ inputs, outputs }) {
      // A form that is open stays with the answer it was opened for.
      answer = { inputs, outputs };
      open.hidden = false;
      hint.hidden = true;
      status.replaceChildren();
    },
    cleared() {
      answer = null;
      open.hidden = !place.firstChild;
      hint.hidden = Boolean(place.firstChild);
    },
  };
}

function flagForm(description, subject, save, close) {
  const missing = el("p", { id: "flag-missing", class: "field-note", role: "alert" });
  const reasons = [...FLAG_REASONS].map(([value, words]) => choiceLine({ type: "radio", name: "flag-reason", id: `flag-reason-${value}`, value }, t(words)));
  const labels = description.outputs.map((output, at) => correction(output, `flag-right-${at}`));
  const note = el("textarea", { id: "flag-note", rows: 3, maxlength: FLAG_NOTE, dir: "auto", "aria-describedby": "flag-note-limit" });
  const include = el("input", { type: "checkbox", id: "flag-include", "aria-describedby": "flag-include-why" });
  const keep = el("button", { type: "submit", class: "button primary" }, t("flag_save"));
  const form = el(
    "form",
    { class: "flag-form", novalidate: true, "aria-labelledby": "flag-form-title" },
    el("h3", { id: "flag-form-title" }, t("flag_about"), " ", answerWords(description, subject.outputs)),
    el("fieldset", { class: "input flag-reasons", "aria-describedby": missing.id }, el("legend", {}, t("flag_reason")), ...reasons, missing),
    ...labels.map(({ element }) => element),
    el(
      "div",
      { class: "field" },
      el("label", { class: "field-label", for: note.id }, t("flag_note")),
      note,
      el("p", { class: "field-note", id: "flag-note-limit" }, t("flag_note_limit", { limit: integer(FLAG_NOTE) })),
    ),
    el(
      "div",
      { class: "field" },
      el("div", { class: "choice" }, include, el("label", { for: include.id }, t("flag_include"))),
      el("p", { class: "field-note", id: "flag-include-why" }, t("flag_include_why")),
    ),
    el("div", { class: "actions" }, keep, el("button", { type: "button", class: "button quiet", onclick: close }, t("cancel"))),
  );
  form.addEventListener("change", (event) => event.target.type === "radio" && missing.replaceChildren());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = form.querySelector("input[type=radio]:checked")?.value;
    if (!reason) {
      missing.replaceChildren(t("flag_reason_missing"));
      form.querySelector("input").focus();
      return;
    }
    // Reading a large file takes a moment, in which a second press would flag twice.
    keep.disabled = true;
    const corrected = Object.fromEntries(labels.filter(({ control }) => control.value !== "").map(({ output, control }) => [output, control.value]));
    save(subject, { reason, note: note.value === "" ? null : note.value, corrected }, include.checked);
  });
  return form;
}

function choiceLine(properties, words) {
  return el("div", { class: "choice" }, el("input", properties), el("label", { for: properties.id }, words));
}

/** What the answer should have been: one of the labels, or free text where there are none or too many, or a text is meant. */
export function correction(output, id) {
  const choices = !SPELT.has(output.kind) && output.labels?.length > 0 && output.labels.length <= FLAG_LABELS ? output.labels : null;
  const control = choices
    ? el("select", { id }, el("option", { value: "" }, t("flag_right_unknown")), ...choices.map((label) => el("option", { value: label, dir: "auto" }, label)))
    : el("input", { type: "text", id, autocomplete: "off", dir: "auto" });
  const label = el("label", { class: "field-label", for: id }, t("flag_right"), " ", authored(output.name));
  return { output: output.name, control, element: el("div", { class: "field" }, label, control) };
}

function answerWords(description, outputs) {
  const known = description.outputs.filter((output) => outputs[output.name]);
  return known.map((output) => summary(output, outputs[output.name])).join("; ");
}

/** The same of what comes from the database, where another page may have put anything. */
function storedWords(description, outputs) {
  try {
    return answerWords(description, outputs);
  } catch {
    return "–";
  }
}

function flagTable(description, flags, remove) {
  const row = (flag, at) => {
    const when = new Date(flag.time).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    const reason = t(FLAG_REASONS.get(flag.reason) ?? "flag_other");
    const several = description.outputs.length > 1;
    const right = Object.entries(flag.corrected).map(([output, label]) => (several ? `${output}: ${isolated(label)}` : isolated(label)));
    const button = el("button", { type: "button", class: "button small", "aria-label": t("flag_delete_one", { when, reason }), onclick: () => remove(flag, at) }, t("flag_delete"));
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, el("time", { datetime: flag.time }, when)),
      el("td", {}, reason),
      el("td", {}, storedWords(description, flag.outputs)),
      el("td", {}, right.join("; ") || "–"),
      el("td", { class: "flag-note" }, authored(flag.note ?? "–")),
      el("td", {}, button),
    );
  };
  const heads = ["flag_when", "flag_reason", "answer", "flag_right_short", "flag_note", "flag_delete"];
  const table = scrollTable(t("flag_list"), heads.map((head) => [t(head), false]), flags.map(row), t("flag_list_region"));
  return el("div", { class: "flag-list" }, el("h3", {}, t("flag_list")), table);
}

/** The buttons for all flags; deleting all takes a second press. */
function flagActions(flags, exportAll, removeAll) {
  const actions = el("div", { class: "actions" });
  const ask = el("button", { type: "button", class: "button quiet" }, t("flag_delete_all"));
  const sure = el("button", { type: "button", class: "button", onclick: removeAll }, tn("flag_delete_sure", flags.length));
  const not = el("button", { type: "button", class: "button quiet" }, t("flag_delete_not"));
  const usual = [el("button", { type: "button", class: "button", onclick: exportAll }, t("flag_export")), ask];
  ask.addEventListener("click", () => {
    actions.replaceChildren(sure, not);
    not.focus();
  });
  not.addEventListener("click", () => {
    actions.replaceChildren(...usual);
    ask.focus();
  });
  actions.append(...usual);
  return actions;
}

/** What a flag keeps of each input: its digest always, the input itself only with `include`. */
async function flaggedInputs(inputs, include) {
  const entries = [...inputs].map(async ([name, source]) => {
    const { file, value } = source;
    // The digest of a value is that of its JSON text.
    const content = file ? await file.arrayBuffer().catch(() => null) : new TextEncoder().encode(JSON.stringify(value));
    const kept = { sha256: content && (await sha256(content)), name: file?.name ?? null, size: file?.size ?? null };
    if (!content) kept.unreadable = true;
    else if (include && file) kept.bytes = content;
    else if (include) kept.value = value;
    return [name, kept];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** A flag as a line of the exported file. */
async function flagLine({ flag, time, reason, note, corrected, outputs, inputs }) {
  const entries = Object.entries(inputs).map(async ([name, { bytes, ...kept }]) => [name, bytes ? { ...kept, base64: await base64(new Blob([bytes])) } : kept]);
  return { flag, time, reason, note, corrected, outputs, inputs: Object.fromEntries(await Promise.all(entries)) };
}

/** In hexadecimal digits; null on a page that came over plain HTTP, where browsers compute none. */
async function sha256(content) {
  if (!crypto.subtle) return null;
  return hexadecimal(new Uint8Array(await crypto.subtle.digest("SHA-256", content)));
}

/** A random UUID. */
function flagId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const random = crypto.getRandomValues(new Uint8Array(16));
  random[6] = (random[6] & 0x0f) | 0x40;
  random[8] = (random[8] & 0x3f) | 0x80;
  return hexadecimal(random).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function hexadecimal(content) {
  return [...content].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The flags of one bundle: in the browser's database; in memory what it does not take. */
function flagStore(bundleId) {
  const memory = [];
  const opened = openFlags().catch(() => null);
  let broken = false;
  const act = async (mode, work) => transact(await opened, mode, work);
  return {
    broken: () => broken,
    /** Newest first. Pages from the disk share one database, so it is asked for this bundle alone. */
    async all() {
      const stored = await act("readonly", (flags) => flags.index("bundleId").getAll(bundleId)).catch(() => {
        broken = true;
        return [];
      });
      return [...stored.filter(wellFormed), ...memory].sort((one, other) => (one.time < other.time ? 1 : -1));
    },
    /** Whether it is in the database now, and not just in memory. */
    async add(flag) {
      try {
        await act("readwrite", (flags) => flags.add({ ...flag, bundleId }));
        return true;
      } catch {
        broken = true;
        memory.push({ ...flag, unsaved: true });
        return false;
      }
    },
    async remove(flag) {
      if (flag.unsaved) memory.splice(memory.findIndex((one) => one.flag === flag.flag), 1);
      else await act("readwrite", (flags) => flags.delete(flag.id));
    },
    async clear() {
      memory.length = 0;
      if (!(await opened)) return;
      await act("readwrite", (flags) => {
        const keys = flags.index("bundleId").getAllKeys(bundleId);
        keys.onsuccess = () => keys.result.forEach((id) => flags.delete(id));
        return keys;
      });
    },
  };
}

/** Another page may have written to the database that they share: what does not look like a flag is none. */
function wellFormed({ flag, time, reason, note, corrected, outputs, inputs }) {
  const texts = [flag, time, reason, note ?? ""].every((one) => typeof one === "string");
  const isMap = (one) => typeof one === "object" && one !== null;
  const maps = [corrected, outputs, inputs].every(isMap) && Object.values(inputs).every(isMap);
  return texts && maps && !Number.isNaN(Date.parse(time));
}

function openFlags() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("bundle-flags", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("flags", { keyPath: "id", autoIncrement: true }).createIndex("bundleId", "bundleId");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What the request of `work` gave, once the whole transaction is done. */
function transact(database, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("flags", mode);
    const request = work(transaction.objectStore("flags"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}
