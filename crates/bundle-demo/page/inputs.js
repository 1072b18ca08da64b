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
// `options.changed()` hears every change by the person, `options.refused(error)` what could not be taken.

import { chooser, frame } from "./chooser.js";
import { authored, el, keepPixels, urlSlot } from "./dom.js";
import { drawingPad } from "./pad.js";
import { camera, microphone } from "./record.js";
import { bytes, pixelSize, t } from "./strings.js";
import { tableInput } from "./table.js";

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

function typesLine(description, limit) {
  const types = description.extensions.length ? description.extensions.join(", ") : t("any_file");
  return limit ? t("file_types", { types, limit: bytes(limit) }) : t("file_types_only", { types });
}

/** A file of any kind; pictures are shown. */
function fileInput(description, options) {
  const picture = description.kind === "image";
  const id = `input-${description.name}`;
  const url = urlSlot();
  let source = null;
  /** The side of the author's pictures, which a drawing should have too. */
  let pixels = null;

  const types = el("p", { class: "hint", id: `${id}-types` }, typesLine(description, options.limit));
  const choose = chooser({
    id,
    words: t(picture ? "choose_image" : "choose_file"),
    other: t(picture ? "choose_other_image" : "choose_other_file"),
    accept: [...description.media_types, ...description.extensions].join(","),
    describedBy: types.id,
    options,
    take(file) {
      show({ file });
      options.changed();
    },
  });
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

  function show(next) {
    source = next;
    const name = next?.file ? (next.file.name ?? t("pasted")) : t("from_example");
    const sound = description.kind === "audio";
    const shown = next?.file ? fileCard(next.file, name, { picture, sound, url: picture || sound ? url(next.file) : null }) : next && valueCard(next.value);
    preview.replaceChildren(...(shown ? [shown] : []));
    if (!next) url(null);
    clearButton.hidden = !next;
    clearButton.replaceChildren(t("remove_file", { name }));
    choose.filled(Boolean(next));
    zone.classList.toggle("filled", Boolean(next));
  }

  return {
    element: frame(description, zone, ...more),
    immediate: true,
    takesPaste: picture,
    drawAt: picture ? (side) => (pixels = side) : null,
    give: choose.give,
    read: () => source,
    write: show,
    clear: () => show(null),
  };
}

function fileCard(file, name, { picture, sound, url }) {
  const caption = el("figcaption", {}, authored(name), ` · ${bytes(file.size)}`);
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
