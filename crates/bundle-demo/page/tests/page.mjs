// As much of a page as the modules need that build elements: they name and nest them, and hear events.

import { readFileSync } from "node:fs";

const STRINGS = readFileSync(new URL("../strings.json", import.meta.url), "utf8");

/** The classes of an element that a script gives. */
function classList() {
  const names = new Set();
  return {
    add: (name) => names.add(name),
    remove: (name) => names.delete(name),
    toggle: (name, on = !names.has(name)) => (on ? names.add(name) : names.delete(name)),
    contains: (name) => names.has(name),
  };
}

class FakeElement {
  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, children: [], listeners: {}, style: {}, value: "", classList: classList() });
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
    if (name === "value") this.value = value;
  }
  removeAttribute(name) {
    delete this.attributes[name];
  }
  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  get id() {
    return this.attributes.id;
  }
  get firstChild() {
    return this.children[0];
  }
  get textContent() {
    return this.children.map((child) => child.textContent ?? String(child)).join("");
  }
}

globalThis.document = {
  createElement: (tag) => new FakeElement(tag),
  createElementNS: (_, tag) => new FakeElement(tag),
  getElementById: () => ({ textContent: STRINGS }),
};
globalThis.ResizeObserver = class {
  observe() {}
};

/** The element and all below it. */
export function elementsOf(element) {
  return [element, ...(element.children ?? []).flatMap(elementsOf)].filter((one) => one instanceof FakeElement);
}
