// A mask over the picture that the model saw, and how much of it each class covers. The mask is a
// PNG file whose colours are the classes, so that one can be hidden without writing a pixel anew.

import { authored, el, saveFile } from "./dom.js";
import { scrollTable } from "./frames.js";
import { seenImage, svg } from "./plot.js";
import { palettePng } from "./png.js";
import { classColour, classShares, fittingRaster, hiddenAtFirst, numberPlaces, rasterOfValues, takesBlack } from "./raster.js";
import { opacitySlider } from "./seen.js";
import { cut, integer, isolated, percent, t, tn } from "./strings.js";

/** Classes that the words for a mask name. */
const SAID_CLASSES = 5;
/** Numbers that are written on a mask. */
const WRITTEN_NUMBERS = 60;

/** The raster with its classes read; null where there is none that fits. */
export async function readRaster(raster) {
  if (!raster?.classes) return null;
  const classes = new Uint8Array(await raster.classes.arrayBuffer());
  return fittingRaster({ ...raster, classes });
}

/** The parts of a mask; null where its classes are not here. */
export function renderMask(output, outcome, { raster, seen }) {
  const mask = fittingRaster(raster) ?? rasterOfValues(outcome);
  if (!mask) return null;
  const shares = classShares(mask.classes);
  const hidden = hiddenAtFirst(output.labels, shares);
  const picture = maskPicture(output, mask, shares, seen);
  const boxes = new Map();
  const show = () => picture.show(hidden);
  const all = (shown) => {
    for (const [index, box] of boxes) {
      box.checked = shown;
      if (shown) hidden.delete(index);
      else hidden.add(index);
    }
    show();
  };
  const lines = shares.map(({ index, pixels, share }) => {
    const id = `class-${output.name}-${index}`;
    const change = ({ target }) => {
      if (target.checked) hidden.delete(index);
      else hidden.add(index);
      show();
    };
    const box = el("input", { type: "checkbox", id, checked: !hidden.has(index), onchange: change });
    boxes.set(index, box);
    const label = el("label", { for: id }, swatch(index), " ", authored(nameOfClass(output, index)));
    const name = el("th", { scope: "row" }, el("div", { class: "choice" }, box, label));
    return el("tr", {}, name, el("td", { class: "numeric" }, percent(share)), el("td", { class: "numeric" }, integer(pixels)));
  });
  const heads = [[t("mask_class"), false], [t("mask_share"), true], [t("mask_pixels"), true]];
  const button = (words, press) => el("button", { type: "button", class: "button small", onclick: press }, words);
  const save = () => saveFile(`${output.name}.png`, picture.file(new Set()));
  const actions = el("div", { class: "actions" }, button(t("mask_all"), () => all(true)), button(t("mask_none"), () => all(false)), button(t("save_png"), save));
  show();
  return [...picture.parts, el("p", { class: "hint" }, t("mask_hint")), actions, scrollTable(t("mask_caption", { output: output.name }), heads, lines)];
}

/** How many classes there are, and which covers most; null where they are not here. */
export function maskSummary(output, outcome, { raster }) {
  const mask = fittingRaster(raster) ?? rasterOfValues(outcome);
  if (!mask) return null;
  const shares = classShares(mask.classes);
  return tn("mask_summary", shares.length, { label: isolated(cut(nameOfClass(output, shares[0].index))), share: percent(shares[0].share) });
}

function nameOfClass({ labels }, index) {
  return labels?.[index] || t("mask_class_number", { index });
}

/** The shares of the largest classes in words, for who does not see the picture. */
function sharesInWords(output, shares) {
  const said = shares.slice(0, SAID_CLASSES).map(({ index, share }) => `${isolated(cut(nameOfClass(output, index)))} ${percent(share)}`);
  const more = shares.length - said.length;
  return [...said, ...(more > 0 ? [tn("mask_more", more)] : [])].join(", ");
}

/** The colour of a class with its number, which is also written on the mask. */
function swatch(index) {
  const colour = classColour(index);
  const box = el("span", { class: "swatch", "aria-hidden": "true" }, String(index));
  box.style.backgroundColor = `rgb(${colour.join(" ")})`;
  box.style.color = takesBlack(colour) ? "#000" : "#fff";
  return box;
}

/** A place at least `room` from both ends, or in the middle. */
function within(place, room, length) {
  return Math.max(Math.min(room, length / 2), Math.min(length - Math.min(room, length / 2), place));
}

/** The drawing: `show(hidden)` draws it without some classes, `file(hidden)` is its mask as a file. */
function maskPicture(output, mask, shares, seen) {
  const { width, height } = seen ?? mask;
  const write = palettePng(mask.width, mask.height, mask.classes);
  const last = shares.reduce((most, { index }) => Math.max(most, index), 0);
  const colours = Array.from({ length: last + 1 }, (_, index) => classColour(index));
  const file = (hidden) => write(colours.map((colour, index) => [...colour, hidden.has(index) ? 0 : 255]));
  const layer = svg("g", { class: "mask-layer" });
  const numbers = svg("g", {});
  const words = t(seen ? "mask_alt" : "mask_alt_alone", { output: output.name, shares: sharesInWords(output, shares) });
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words, class: "boxes" });
  if (seen) drawing.append(seenImage(seen));
  drawing.append(layer, numbers);
  const places = numberPlaces(mask);
  const scale = [width / mask.width, height / mask.height];
  const size = Math.max(width, height) / 20;

  const show = (hidden) => {
    const url = URL.createObjectURL(file(hidden));
    const image = svg("image", { href: url, width, height, preserveAspectRatio: "none", class: "pixels" });
    // The one before stays until this one can be seen.
    image.addEventListener("load", () => {
      URL.revokeObjectURL(url);
      while (layer.firstChild !== image) layer.firstChild.remove();
    });
    layer.append(image);
    const shown = shares.filter(({ index }) => places.has(index) && !hidden.has(index)).slice(0, WRITTEN_NUMBERS);
    numbers.replaceChildren(
      ...shown.map(({ index }) => {
        const place = places.get(index);
        const digits = String(index);
        // A number at the edge would be cut off there.
        const x = within(place.x * scale[0], size * 0.35 * digits.length, width);
        const y = within(place.y * scale[1], size * 0.6, height);
        return svg("text", { x, y, "font-size": size, "text-anchor": "middle", "dominant-baseline": "central", class: "box-name" }, digits);
      }),
    );
  };

  const figure = el("figure", { class: "picture" }, drawing);
  if (!seen) return { parts: [figure], show, file };
  return { parts: [figure, opacitySlider(output.name, layer)], show, file };
}
