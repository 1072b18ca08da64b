// "It is wrong here…": what a person saw, in their words. Flags stay in this browser under the
// bundle's id until the person exports or deletes them; the input goes along only if they say so.

import { saveBlob } from "./batch.js";
import { authored, el } from "./dom.js";
import { t, tn } from "./strings.js";

const REASONS = ["wrong-answer", "unsure", "should-refuse", "harmful", "other"];
const MOST_NOTE = 2000;
/** Labels that fit into a list to choose from. */
const MOST_CHOICES = 500;

/** The section; `answered(inputs, outputs)` hears what may be flagged, `cleared()` that it is gone. */
export function flagsSection(description, host) {
  const bundle = { id: description.id, name: description.name, version: description.version };
  const key = bundle.id ?? `${bundle.name}-${bundle.version}`;
  const store = openStore(key);
  let last = null;
  const details = el("details", { class: "flag-form", hidden: true });
  const list = el("div", {});
  const status = el("p", { class: "status", role: "status" });
  host.append(el("p", { class: "hint" }, t("flag_intro")), details, status, list);
  refresh();

  async function refresh() {
    const { flags, kept } = await store.all();
    if (!kept) status.replaceChildren(t("flag_memory"));
    list.replaceChildren(...(flags.length > 0 ? [flagTable(flags), flagButtons(flags)] : []));
    leaving = kept ? 0 : flags.length;
  }

  function form() {
    const reasons = el("fieldset", {}, el("legend", {}, t("flag_reason")), ...REASONS.map((reason, at) => el("p", {}, el("input", { type: "radio", name: "flag-reason", id: `flag-${reason}`, value: reason, checked: at === 0 }), " ", el("label", { for: `flag-${reason}` }, t(`flag_${reason.replace("-", "_")}`)))));
    const corrections = description.outputs.map((output, at) => {
      const id = `flag-correct-${at}`;
      const choices = output.labels?.length > 0 && output.labels.length <= MOST_CHOICES;
      const control = choices ? el("select", { id, dir: "auto" }, el("option", { value: "" }, "–"), ...output.labels.map((label) => el("option", { value: label }, label))) : el("input", { id, type: "text", autocomplete: "off", dir: "auto" });
      return { name: output.name, control, element: el("p", {}, el("label", { for: id }, t("flag_correct", { output: output.name })), " ", control) };
    });
    const note = el("textarea", { id: "flag-note", rows: 3, maxlength: MOST_NOTE, dir: "auto" });
    const include = el("input", { type: "checkbox", id: "flag-include" });
    const save = el("button", { type: "button", class: "button primary" }, t("flag_save"));
    save.addEventListener("click", async () => {
      const reason = details.querySelector("input[name=flag-reason]:checked").value;
      const corrected = Object.fromEntries(corrections.filter(({ control }) => control.value !== "").map(({ name, control }) => [name, control.value]));
      const inputs = await described(last.inputs, include.checked);
      await store.add({ flag: identifier(), time: new Date().toISOString(), reason, note: note.value || null, corrected, outputs: last.outputs, inputs });
      details.open = false;
      status.replaceChildren(t("flag_saved"));
      details.querySelector("summary").focus();
      refresh();
    });
    details.replaceChildren(
      el("summary", {}, t("flag_open")),
      reasons,
      ...corrections.map(({ element }) => element),
      el("p", {}, el("label", { class: "field-label", for: note.id }, t("flag_note")), note),
      el("p", {}, include, " ", el("label", { for: include.id }, t("flag_include"))),
      el("p", { class: "actions" }, save),
    );
  }

  function flagTable(flags) {
    const line = (flag) => {
      const remove = el("button", { type: "button", class: "button small", "aria-label": t("flag_delete_one", { time: flag.time }) }, t("flag_delete"));
      remove.addEventListener("click", async () => {
        await store.remove(flag.flag);
        refresh();
      });
      const corrected = Object.values(flag.corrected).join(", ");
      return el("tr", {}, el("th", { scope: "row" }, new Date(flag.time).toLocaleString()), el("td", {}, t(`flag_${flag.reason.replace("-", "_")}`)), el("td", {}, authored(corrected || "–")), el("td", {}, authored(flag.note ?? "–")), el("td", {}, remove));
    };
    const name = t("flag_list");
    const head = ["flag_when", "flag_reason", "flag_corrected", "flag_note", "flag_delete"].map((words) => el("th", { scope: "col" }, t(words)));
    const table = el("table", { class: "rows" }, el("caption", { class: "visually-hidden" }, name), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...flags.map(line)));
    return el("div", { class: "scroll", role: "region", "aria-label": name, tabindex: 0 }, table);
  }

  function flagButtons(flags) {
    const keep = el("button", { type: "button", class: "button" }, tn("flag_export", flags.length));
    keep.addEventListener("click", () => {
      const header = { format: 1, kind: "bundle-flags", bundle, exported: new Date().toISOString() };
      const lines = [header, ...flags].map((line) => `${JSON.stringify(line)}\n`);
      saveBlob(new Blob(lines, { type: "application/jsonl" }), `${bundle.name}-${bundle.version}-flags.jsonl`);
      leaving = 0;
    });
    const none = el("button", { type: "button", class: "button quiet" }, t("flag_delete_all"));
    none.addEventListener("click", async () => {
      for (const { flag } of flags) await store.remove(flag);
      refresh();
    });
    return el("p", { class: "actions" }, keep, none);
  }

  let leaving = 0;
  // Only what would be lost is worth a question.
  window.addEventListener("beforeunload", (event) => {
    if (leaving > 0) event.preventDefault();
  });
  return {
    answered(inputs, outputs) {
      last = { inputs, outputs };
      form();
      details.hidden = false;
    },
    cleared() {
      last = null;
      details.hidden = true;
    },
  };
}

/** The flags of one bundle: in the browser's database, or in memory where it has none to give. */
function openStore(key) {
  let memory = null;
  const opened = new Promise((resolve) => {
    try {
      const request = indexedDB.open("bundle-flags", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("flags", { keyPath: "flag" }).createIndex("bundle", "bundle");
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  const inMemory = () => (memory ??= []);
  const act = async (mode, work) => {
    const database = await opened;
    if (!database) return null;
    const result = work(database.transaction("flags", mode).objectStore("flags"));
    return new Promise((resolve, reject) => {
      result.onsuccess = () => resolve(result.result);
      result.onerror = () => reject(result.error);
    });
  };
  return {
    async all() {
      // Every page of the disk shares one database: only flags of this very bundle are ours.
      const kept = await act("readonly", (flags) => flags.index("bundle").getAll(key)).catch(() => null);
      const flags = (kept ?? inMemory()).map(({ bundle: _, ...flag }) => flag).sort((a, b) => (a.time < b.time ? 1 : -1));
      return { flags, kept: kept !== null };
    },
    async add(flag) {
      const entry = { ...flag, bundle: key };
      const done = await act("readwrite", (flags) => flags.add(entry)).catch(() => null);
      if (done === null) inMemory().push(entry);
    },
    async remove(id) {
      await act("readwrite", (flags) => flags.delete(id)).catch(() => null);
      memory = memory?.filter(({ flag }) => flag !== id) ?? null;
    },
  };
}

/** What is said of each input: its digest always, itself only if the person said so. */
async function described(inputs, include) {
  const entries = [];
  for (const [name, source] of inputs) {
    const content = source.file ? new Uint8Array(await source.file.arrayBuffer()) : new TextEncoder().encode(JSON.stringify(source.value));
    const said = { sha256: await digestOf(content), name: source.file?.name ?? null, size: content.length };
    if (include && source.file) said.base64 = base64Of(content);
    if (include && !source.file) said.value = source.value;
    entries.push([name, said]);
  }
  return Object.fromEntries(entries);
}

async function digestOf(content) {
  if (!crypto.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64Of(content) {
  let binary = "";
  for (let at = 0; at < content.length; at += 8192) binary += String.fromCharCode(...content.subarray(at, at + 8192));
  return btoa(binary);
}

function identifier() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
