// What the model saw of an input, step by step, and how the input differs from the recorded ones.

import { authored, authoredCode, el, keepPixels, urlSlot } from "./dom.js";
import { pixelSize, t } from "./strings.js";

/** A warning: what of the input is far from every recorded example. */
export function unlikeNotice(unlike) {
  const lines = unlike.map(({ input, words }) => el("li", {}, authored(input), ": ", authoredCode(words)));
  return el("div", { class: "notice" }, el("p", {}, el("strong", {}, t("unlike_title"))), el("ul", {}, ...lines), el("p", {}, t("unlike_advice")));
}

/** Every step of every input, with its picture where it is one. */
export function seenSteps(seen) {
  const parts = Object.entries(seen).flatMap(([input, steps]) => [el("h3", {}, authored(input)), el("ol", { class: "seen" }, ...steps.map(seenStep))]);
  return el("details", { class: "seen-steps" }, el("summary", {}, t("seen")), el("p", { class: "hint" }, t("seen_intro")), ...parts);
}

/** How strongly what lies over such a picture is seen: a slider that fades `layer`. */
export function opacitySlider(name, layer) {
  const id = `opacity-${name}`;
  const slider = el("input", { type: "range", id, min: 0, max: 1, step: 0.05, value: 0.6 });
  const fade = () => {
    layer.style.opacity = slider.value;
  };
  slider.addEventListener("input", fade);
  fade();
  return el("p", { class: "slider" }, el("label", { for: id }, t("opacity")), " ", slider);
}

const lastUrl = urlSlot();

/** The picture that went into the network, with its size there; null where none did. */
export function lastPicture(seen) {
  const steps = Object.values(seen ?? {}).flat().filter((step) => step.picture);
  const last = steps.at(-1);
  if (!last) return null;
  const size = sizeOfShape(last.shape);
  return size && { url: lastUrl(last.picture), ...size };
}

/** How wide and high a picture of this shape is: its sides are height and width, with the channels before or behind; of a batch the first is shown. */
export function sizeOfShape(shape) {
  const sides = shape.slice(-3);
  const few = (side) => side <= 4;
  const [height, width] = sides.length === 3 && few(sides[0]) && !few(sides[1]) ? sides.slice(1) : sides;
  return sides.length === 2 || sides.length === 3 ? { width, height } : null;
}

function seenStep({ index, op, shape, what, picture }) {
  const size = picture && sizeOfShape(shape);
  // An array that can be a picture has a shape of its own, which the network is given.
  const isArray = size && !(shape.length === 3 && shape[0] === size.height && shape[1] === size.width);
  const sides = shape.join(" × ");
  const said = size ? [pixelSize(size), ...(isArray ? [t("array_shape", { shape: sides })] : [])].join(" · ") : sides;
  const words = el("figcaption", {}, el("code", {}, t("seen_step", { index: index + 1, op })), " ", el("span", { class: "hint", dir: "auto" }, t("seen_shape", { what, shape: said })));
  return el("li", {}, el("figure", {}, picture && seenPicture(picture, op, size ? pixelSize(size) : sides), words));
}

function seenPicture(picture, op, size) {
  const url = URL.createObjectURL(picture);
  const image = el("img", { src: url, alt: t("seen_alt", { op, size }) });
  image.addEventListener("load", () => {
    URL.revokeObjectURL(url);
    keepPixels(image);
  });
  return image;
}
