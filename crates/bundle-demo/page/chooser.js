// What inputs share: a frame with a name, a way to choose or drop a file, and how a number is typed.

import { authored, el } from "./dom.js";
import { bytes, t } from "./strings.js";
import { TransportError } from "./transport.js";

/** The frame that every input has: its name and what to give. */
export function frame(description, ...children) {
  const hint = description.description;
  return el(
    "fieldset",
    { class: "input" },
    el("legend", {}, authored(description.name)),
    hint && el("p", { class: "hint", dir: "auto" }, hint),
    ...children,
  );
}

/**
 * The number that a person typed, with a point or a comma before its decimals; null where it is none. A field of
 * `type="number"` takes only what the browser's language writes, and some drop the rest without a word.
 */
export function typedNumber(text) {
  const plain = text.trim().replace("\u2212", "-");
  if (!/^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$/.test(plain)) return null;
  const value = Number(plain.replace(",", "."));
  return Number.isFinite(value) ? value : null;
}

/** A button-like file chooser that takes drops as well. `take(file)` hears the file. */
export function chooser({ id, words, other, accept, describedBy, options, take }) {
  const label = el("label", { class: "button", for: id }, words);
  const give = (files) => {
    if (files.length === 0) return;
    const problem = refusal(files, options.limit);
    if (problem) options.refused(problem);
    else take(files[0]);
  };
  const control = el("input", { type: "file", id, class: "file-control", accept, "aria-describedby": describedBy });
  control.addEventListener("change", () => {
    give([...control.files]);
    // The same file chosen again is a change again.
    control.value = "";
  });
  const acceptDrops = (zone) => {
    const over = (event) => {
      event.preventDefault();
      zone.classList.add("over");
    };
    zone.addEventListener("dragenter", over);
    zone.addEventListener("dragover", over);
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      give([...event.dataTransfer.files]);
    });
  };
  const filled = (yes) => label.replaceChildren(yes && other ? other : words);
  return { control, label, give, acceptDrops, filled };
}

/**
 * How a chosen file is taken: `show(source, { file, words })` hears it once `options.reader` has read it, unless
 * `forget` was called before, because something else was given meanwhile.
 */
export function fileTaker(description, options, show) {
  let latest = null;
  async function take(file) {
    const mine = {};
    latest = mine;
    try {
      const read = await options.reader?.readGiven(description, file);
      if (latest !== mine) return;
      show(read?.source ?? { file }, { file, words: read?.words });
      options.changed();
    } catch (error) {
      if (latest === mine) options.refused(error);
    }
  }
  const forget = () => {
    latest = null;
  };
  return { take, forget };
}

function refusal(files, limit) {
  if (files.length > 1) return new TransportError(t("error_wrong_files"));
  const [{ name, size }] = files;
  if (size === 0) return new TransportError(t("error_empty_file", { name }));
  if (limit && size > limit) {
    return new TransportError(t("error_too_large", { name, size: bytes(size), limit: bytes(limit) }));
  }
  return null;
}
