// Elements are built, never parsed: no text of an author or a model can become markup.

/** An element. `on…` properties are listeners, `true` is a bare attribute, `false` and `undefined` are left out. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** The element with this id, which the template always has. */
export function byId(id) {
  return document.getElementById(id);
}

/** Text of an author or a model, in the direction of its own script. */
export function authored(text) {
  return el("bdi", {}, String(text));
}

/** Words with what stands in backticks as code. */
export function withCode(text) {
  return text.split(/(`[^`]+`)/).map((part) => (part.length > 2 && part.startsWith("`") ? el("code", {}, part.slice(1, -1)) : part));
}

/** Words of the program that runs the model, which speak of an author's names as code. */
export function authoredCode(text) {
  return el("bdi", {}, ...withCode(String(text)));
}

/** Text for people who cannot see what the others see. */
export function unseen(text) {
  return el("span", { class: "visually-hidden" }, text);
}

/** The longer side that a tiny picture is enlarged to, at least; and up to which side a picture is tiny. */
const SEEN_SIDE = 200;
const TINY_SIDE = 128;

/** Whether a picture is shown as the pixels it has: enlarged smoothly it would be a blur. */
export function isTiny({ width, height }) {
  return Math.max(width, height) <= TINY_SIDE;
}

/** A tiny picture is enlarged, each of its pixels to as many. Said of a picture that has loaded. */
export function keepPixels(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  if (!isTiny({ width, height }) || width === 0) return;
  image.classList.add("pixels");
  // The height follows: where there is no room for the width, the picture keeps its shape.
  image.setAttribute("width", width * Math.ceil(SEEN_SIDE / Math.max(width, height)));
}

/** Says what came of a check in the list of checks: a mark, words, and where it has one another title. */
export function setCheck(id, mark, words, title = null) {
  const check = byId(id);
  check.dataset.mark = mark;
  if (title) check.querySelector("strong").replaceChildren(title);
  check.querySelector("span").replaceChildren(...words);
}

/** Gives the person a file to keep. */
export function saveFile(name, blob) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  // The browser still reads it after the click; how long, it does not say.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** An object URL that is given back when the next one takes its place. */
export function urlSlot() {
  let current = null;
  return (blob) => {
    if (current) URL.revokeObjectURL(current);
    current = blob ? URL.createObjectURL(blob) : null;
    return current;
  };
}
