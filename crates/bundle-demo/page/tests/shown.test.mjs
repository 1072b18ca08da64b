// node --test in this directory: what the parts of the page show, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { elementsOf } from "./page.mjs";

// The strings are read when a module is loaded, which must be after the page is there.
const { makeInput } = await import("../inputs.js");

const NOTE = { name: "note", kind: "text", description: null, media_types: [], extensions: [], columns: [] };
const tagged = (element, tag) => elementsOf(element).filter((one) => one.tag === tag);

test("an empty text is a text, which runs when it is asked to and never by itself", async () => {
  const input = makeInput(NOTE, { changed() {}, refused() {} });
  assert.deepEqual([input.read(), input.immediate], [{ value: "" }, false]);
  await input.write({ value: "words" });
  assert.deepEqual([input.read(), tagged(input.element, "textarea")[0].value], [{ value: "words" }, "words"]);
  input.clear();
  assert.deepEqual(input.read(), { value: "" });
});
