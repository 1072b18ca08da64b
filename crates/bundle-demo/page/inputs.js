// What a person gives. Every input is an object of the same shape:
//
//   element        its part of the form
//   read()         → { file } or { value }, or null when nothing was given
//   write(source)  shows what an example holds
//   clear()
//   immediate      whether giving it is enough to run
//
// An input of pictures also has drawAt(side), which says how many pixels a drawing is to have.
//
// `options.changed()` hears every change by the person, `options.refused(error)` what could not be taken. Files and
// texts of numbers are read by `options.reader`: `takesNumbers`, `readGiven` and `readNumbers` of batch.js.

import { chooser, fileTaker, frame } from "./chooser.js";
import { authored, el, keepPixels, urlSlot } from "./dom.js";
import { drawingPad } from "./pad.js";
import { camera, microphone } from "./record.js";
import { bytes, pixelSize, t } from "./strings.js";
import { tableInput } from "./table.js";

/** Endings of files that hold an array of numbers. */
const NUMBER_FILES = [".npy", ".json", ".csv", ".txt"];

/** The input that `description` describes. */
export function makeInput(description, options) {
  switch (description.kind) {
    case "table":
      return tableInput(description, options);
    case "text":
      return textInput(description, options);
    default:
      return fileInput(description, options);
  }
}

function typesLine(extensions, limit) {
  const types = extensions.length ? extensions.join(", ") : t("any_file");
  return limit ? t("file_types", { types, limit: bytes(limit) }) : t("file_types_only", { types });
}

/** A file of any kind; pictures are shown. */
function fileInput(description, options) {
  const picture = description.kind === "image";
  const numbers = options.reader?.takesNumbers(description);
  const extensions = numbers ? [...new Set([...description.extensions, ...NUMBER_FILES])] : description.extensions;
  const id = `input-${description.name}`;
  const url = urlSlot();
  let source = null;
  const taker = fileTaker(description, options, (given, read) => show(given, read));
  /** The side of the author's pictures, which a drawing should have too. */
  let pixels = null;

  const types = el("p", { class: "hint", id: `${id}-types` }, typesLine(extensions, options.limit));
  const choose = chooser({
    id,
    words: t(picture ? "choose_image" : "choose_file"),
    other: t(picture ? "choose_other_image" : "choose_other_file"),
    accept: [...description.media_types, ...extensions].join(","),
    describedBy: types.id,
    options,
    take: taker.take,
  });
  const typed = () => {
    show(null, null, true);
    options.changed();
  };
  const list = numbers ? numberList(id, options.reader, typed) : null;
  const preview = el("div", { class: "preview" });
  const clearButton = el("button", { type: "button", class: "button quiet", hidden: true });
  clearButton.addEventListener("click", () => {
    show(null);
    options.changed();
    choose.control.focus();
  });
  const zone = el(
    "div",
    { class: "drop" },
    preview,
    el("div", { class: "drop-words" }, choose.control, choose.label, clearButton, el("span", { class: "hint" }, t(picture ? "drop_image" : "drop_file"))),
    types,
  );
  choose.acceptDrops(zone);
  const give = (file) => {
    show({ file });
    options.changed();
  };
  const devices = { take: give, refused: options.refused };
  const more = picture ? [camera(devices), drawingPad(id, give, () => pixels)] : description.kind === "audio" ? [microphone(devices)] : [];

  /** Shows what is given; `read` is the file that it was read from, and in words how. */
  function show(next, read = null, typing = false) {
    source = next;
    taker.forget();
    if (!typing) list?.clear();
    const file = read?.file ?? next?.file;
    const name = file ? (file.name ?? t("pasted")) : t("from_example");
    const sound = description.kind === "audio";
    const shown = file ? fileCard(file, name, { picture, sound, words: read?.words, url: picture || sound ? url(file) : null }) : next && valueCard(next.value);
    preview.replaceChildren(...(shown ? [shown] : []));
    if (!next) url(null);
    clearButton.hidden = !next;
    clearButton.replaceChildren(t("remove_file", { name }));
    choose.filled(Boolean(next));
    zone.classList.toggle("filled", Boolean(next));
  }

  return {
    element: frame(description, zone, ...(list ? [list.element] : more)),
    // Who types has not ended with the first number.
    get immediate() {
      return !list?.typing();
    },
    takesPaste: picture,
    drawAt: picture ? (side) => (pixels = side) : null,
    give: choose.give,
    read: () => (list?.typing() ? list.read() : source),
    write: (given) => show(given),
    clear: () => show(null),
  };
}

/** A list of numbers to write or paste; `changed()` hears every change. */
function numberList(id, { readNumbers }, changed) {
  const note = el("p", { class: "field-note", id: `${id}-numbers-note`, role: "status" });
  const hint = el("p", { class: "hint", id: `${id}-numbers-hint` }, t("numbers_hint"));
  const area = el("textarea", { id: `${id}-numbers`, rows: 4, autocomplete: "off", spellcheck: "false", "aria-describedby": `${hint.id} ${note.id}` });
  let [source, problem] = [null, null];
  const refresh = () => {
    [source, problem] = [null, null];
    let words = "";
    try {
      if (area.value.trim() !== "") ({ source, words } = readNumbers(area.value));
    } catch (error) {
      problem = error;
      words = error.message;
    }
    note.replaceChildren(words);
    note.classList.toggle("warn", Boolean(problem));
    if (problem) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
  };
  area.addEventListener("input", () => {
    refresh();
    changed();
  });
  const label = el("label", { class: "field-label", for: area.id }, t("numbers_label"));
  return {
    element: el("details", {}, el("summary", {}, t("numbers_open")), el("div", { class: "field" }, label, hint, area, note)),
    typing: () => area.value.trim() !== "",
    read() {
      if (problem) throw problem;
      return source;
    },
    clear() {
      area.value = "";
      refresh();
    },
  };
}

function fileCard(file, name, { picture, sound, words, url }) {
  const caption = el("figcaption", {}, authored(name), ` · ${bytes(file.size)}`, words && el("span", { class: "read-as" }, words));
  if (sound) return el("figure", { class: "file-card" }, el("audio", { controls: true, src: url, "aria-label": name }), caption);
  if (!picture) return el("figure", { class: "file-card" }, caption);
  const image = el("img", { src: url, alt: t("image_alt", { name }) });
  const figure = el("figure", { class: "picture" }, image, caption);
  image.addEventListener("load", () => {
    keepPixels(image);
    caption.append(` · ${pixelSize({ width: image.naturalWidth, height: image.naturalHeight })}`);
  });
  image.addEventListener("error", () => image.replaceWith(el("p", { class: "hint" }, t("no_preview"))));
  return figure;
}

function valueCard(value) {
  const text = JSON.stringify(value);
  return el("p", { class: "file-card" }, t("from_example"), " ", el("code", {}, text.length > 200 ? `${text.slice(0, 200)}…` : text));
}

function textInput(description, options) {
  const id = `input-${description.name}`;
  const area = el("textarea", { id, rows: 5, dir: "auto" });
  area.addEventListener("input", options.changed);
  return {
    element: frame(description, el("label", { class: "field-label", for: id }, t("text_label")), area),
    immediate: false,
    // No text is a text, too: whoever presses the button means it. Every input that is asked for is needed.
    read: () => ({ value: area.value }),
    write: async (source) => {
      area.value = source.file ? await source.file.text() : String(source.value);
    },
    clear: () => {
      area.value = "";
    },
  };
}
