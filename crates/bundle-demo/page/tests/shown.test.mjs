// node --test in this directory: what the parts of the page show, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { elementsOf } from "./page.mjs";

// The strings are read when a module is loaded, which must be after the page is there.
const { readGiven, readNumbers, takesNumbers } = await import("../batch.js");
const { boxesSummary, renderBoxes, scoreRange } = await import("../boxes.js");
const { firstRanked, seedOf } = await import("../break.js");
const { typedNumber } = await import("../chooser.js");
const { el, keepPixels, withCode } = await import("../dom.js");
const { correction } = await import("../flags.js");
const { makeInput } = await import("../inputs.js");
const { renderOutput, summary } = await import("../outputs.js");
const { answerNumber, number } = await import("../strings.js");
const { nameInside } = await import("../plot.js");
const { seenSteps, sizeOfShape, unlikeNotice } = await import("../seen.js");

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

const box = (score, label = "cat") => ({ left: 0, top: 0, right: 1, bottom: 1, label: { index: 0, label, score } });
const boxes = (all, omitted_boxes = 0) => ({ kind: "boxes", boxes: all, omitted_boxes });
const array = (values, shape = [values.length], omitted = 0) => ({ kind: "tensor", dtype: "float32", shape, values, not_finite: [], not_finite_count: 0, omitted, min: 0, max: 1, mean: 0.5 });
const regions = (element) => elementsOf(element).map(({ attributes }) => attributes).filter(({ role }) => role === "region");

test("at first every box is shown, and the status counts them all", () => {
  const few = boxes([box(0.61, "dog"), box(0.3), box(0.12)]);
  const [control, region] = renderBoxes({ name: "found" }, few, null, null).rest;
  const [slider] = tagged(control, "input");
  assert.equal(slider.value, "0.1");
  assert.equal(tagged(region, "p")[0].textContent, "3 boxes");
  slider.value = "0.25";
  slider.listeners.input();
  assert.equal(tagged(region, "p")[0].textContent, "2 boxes");
  assert.equal(boxesSummary(few), "1 × \u2068dog\u2069, 2 × \u2068cat\u2069");
  assert.equal(boxesSummary(boxes([box(0.1)], 4)), "5 boxes");
  assert.equal(boxesSummary(boxes([])), "0 boxes");
  assert.equal(boxesSummary(boxes(["a", "b", "c", "d", "e", "f"].map((label) => box(0.5, label)))).endsWith(", …"), true);
});

test("the range of scores holds all of them", () => {
  assert.deepEqual(scoreRange([]), { low: 0, high: 1 });
  assert.deepEqual(scoreRange([box(0.15), box(7.2)]), { low: 0.15, high: 8 });
  assert.deepEqual(scoreRange([box(-1.01), box(null)]), { low: -1.05, high: 1 });
});

test("what a model says in the status line is isolated, and nothing is said as such", () => {
  const label = "مكان\u202E";
  assert.equal(summary({ name: "y" }, { kind: "labels", rows: [[{ index: 0, label, score: 2 }]], omitted_rows: 0 }), "\u2068مكان\u2069 (2)");
  assert.equal(summary({ name: "y", unit: "°C" }, { kind: "scalar", rows: [2], omitted_rows: 0 }), "2 \u2068°C\u2069");
  assert.equal(summary({ name: "y" }, { kind: "text", text: " " }), "no text");
  assert.equal(summary({ name: "y" }, { kind: "text", text: "شارع" }), "\u2068شارع\u2069");
});

test("the region of an array has the name of its output", () => {
  const names = ["a", "b"].flatMap((name) => regions(renderOutput({ name, kind: "tensor" }, array([1, 2]), { expected: array([1]) })));
  const labels = names.map((one) => one["aria-label"]);
  assert.deepEqual(labels, ["a: First 2 values", "a: Recorded answer: First value", "b: First 2 values", "b: Recorded answer: First value"]);
});

test("what is true is said beside an answer without a recording", () => {
  const ranking = { kind: "labels", rows: [[{ index: 0, label: "cat", score: 0.9 }]], omitted_rows: 0 };
  assert.match(renderOutput({ name: "y", kind: "labels" }, ranking, { truth: "dog" }).textContent, /true answer: dog · the model is wrong/);
  assert.doesNotMatch(renderOutput({ name: "y", kind: "labels" }, ranking, { truth: undefined }).textContent, /true answer/);
});

test("a text is corrected by a text, a label by one of the labels", () => {
  const control = (kind, labels) => correction({ name: "y", kind, labels }, "right").control.tag;
  assert.deepEqual([control("labels", ["a"]), control("text", ["a"]), control("tokens", ["a"]), control("labels", null)], ["select", "input", "input", "input"]);
});

test("a long series shows its beginning, or says why it has no plot", () => {
  const shown = (values, shape, omitted) => renderOutput({ name: "y", kind: "series" }, array(values, shape, omitted)).textContent;
  assert.match(shown([1, 2, 3], [1, 5000], 4997), /The first 3 of 5,000 values of each line are drawn/);
  assert.match(shown([1, 2, 3], [2, 5000], 9997), /No plot: the answer on this page holds the first 3 values only/);
  assert.match(shown([1, 2, 3, 4], [2, 1, 2], 0), /No plot: an array of this shape/);
  assert.doesNotMatch(shown([1, 2, 3], [3], 0), /No plot|are drawn/);
});

test("what matters is asked of the output that the engine follows, and of none that ranks nothing", () => {
  assert.equal(firstRanked({ outputs: [{ name: "z", kind: "labels" }, { name: "a", kind: "scalar" }, { name: "m", kind: "labels" }] }), "m");
  assert.equal(firstRanked({ outputs: [{ name: "a", kind: "scalar" }] }), undefined);
});

test("backticks in our words are code", () => {
  const parts = withCode("see `bundle check` and a lone ` here");
  assert.deepEqual(parts.map((part) => part.tag ?? part), ["see ", "code", " and a lone ` here"]);
  assert.equal(parts[1].textContent, "bundle check");
});

test("what is unlike the examples is named as code, not with its backticks", () => {
  const notice = unlikeNotice([{ input: "patient", words: "`age` is higher than in every recorded example (95; their most is 50)" }]);
  assert.deepEqual(tagged(notice, "code").map((one) => one.textContent), ["age"]);
  assert.doesNotMatch(notice.textContent, /`/);
});

test("the size of a picture is its width, then its height, whatever the order in its array", () => {
  for (const shape of [[48, 640, 3], [48, 640], [3, 48, 640], [1, 3, 48, 640], [1, 48, 640, 1], [2, 3, 48, 640]]) assert.deepEqual(sizeOfShape(shape), { width: 640, height: 48 }, `${shape}`);
  assert.deepEqual([sizeOfShape([3, 2, 3]), sizeOfShape([8])], [{ width: 2, height: 3 }, null]);
  const step = (shape, what, picture) => seenSteps({ photo: [{ index: 0, op: "resize", shape, what, picture }] });
  const picture = new Blob(["x"]);
  assert.match(step([48, 640, 3], "RGB", picture).textContent, /RGB · 640 × 48 px$/);
  assert.match(step([1, 3, 48, 640], "float32", picture).textContent, /float32 · 640 × 48 px · array 1 × 3 × 48 × 640$/);
  assert.match(step([48, 640], "float32", null).textContent, /float32 · 48 × 640$/);
  assert.equal(tagged(step([48, 640, 3], "RGB", picture), "img")[0].attributes.alt, "resize: a picture, 640 × 48 px");
});

test("a tiny picture is enlarged to be seen, each of its pixels alike, and no other one is", () => {
  const shown = (naturalWidth, naturalHeight) => {
    const image = Object.assign(el("img"), { naturalWidth, naturalHeight });
    keepPixels(image);
    return [image.attributes.width, image.classList.contains("pixels")];
  };
  assert.deepEqual([shown(28, 28), shown(100, 10), shown(16, 128)], [[224, true], [200, true], [32, true]]);
  assert.deepEqual([shown(129, 20), shown(640, 480), shown(0, 0)], [[undefined, false], [undefined, false], [undefined, false]]);
});

test("a tiny picture under boxes and points is shown as its pixels", () => {
  const classes = (side) => tagged(renderBoxes({ name: "found" }, boxes([box(0.9)]), null, { url: "blob:x", width: side, height: side }).rest[1], "image").map(({ attributes }) => attributes.class);
  assert.deepEqual([classes(28), classes(640)], [["pixels"], [""]]);
});

test("an output as a picture is enlarged where it is tiny", () => {
  const section = renderOutput({ name: "y", kind: "image" }, array([1, 2]), { picture: new Blob(["x"], { type: "image/png" }) });
  const [image] = tagged(section, "img");
  Object.assign(image, { naturalWidth: 28, naturalHeight: 28 });
  image.listeners.load();
  assert.equal(image.attributes.width, 224);
});

test("the name of a box stays inside of the picture", () => {
  const picture = { width: 100, height: 50 };
  const at = (words, x, y) => nameInside(words, { x, y, size: 10 }, picture);
  assert.deepEqual(at("1 cat", 20, 30), { text: "1 cat", x: 20, y: 30 });
  assert.deepEqual(at("1 cat", 95, 30), { text: "1 cat", x: 69, y: 30 });
  assert.deepEqual(at("1 cat", -20, -5), { text: "1 cat", x: 0, y: 10 });
  assert.deepEqual(at("1 cat", 20, 90), { text: "1 cat", x: 20, y: 47.5 });
  const long = at("1 a very long name of a thing", 20, 30);
  assert.deepEqual([long.text, Math.round(long.x)], ["1 a very long n…", 1]);
  assert.equal(at("1 \u732b\u732b\u732b", 95, 30).x, 100 - (2 * 0.62 + 3) * 10);
  const right = { ...box(0.9, "a chair"), left: 620, top: 0, right: 640, bottom: 40 };
  const [words] = tagged(renderBoxes({ name: "found" }, boxes([right]), null, { url: "blob:x", width: 640, height: 480 }).rest[1], "text");
  assert.ok(words.attributes.x < 600 && Number(words.attributes.y) >= Number(words.attributes["font-size"]), words.attributes.x);
});

test("how many points are hidden is said beside the slider, and in the status", () => {
  const output = { name: "joints", kind: "keypoints" };
  const outcome = array([1, 2, 0.9, 3, 4, 0.1, 5, 6, 0.2, 7, 8, 0.3], [4, 3]);
  const section = renderOutput(output, outcome);
  const [slider] = tagged(section, "input");
  const said = () => elementsOf(section).find(({ attributes }) => attributes.id === slider.attributes["aria-describedby"]).textContent;
  assert.equal(said(), "2 points with a lower score are hidden.");
  assert.equal(summary(output, outcome), "2 points (2 hidden: score below 0.25)");
  slider.value = "0.15";
  slider.listeners.input();
  assert.equal(said(), "1 point with a lower score is hidden.");
  slider.value = "0";
  slider.listeners.input();
  assert.equal(said(), "");
  assert.equal(summary(output, array([1, 2, 0.9], [1, 3])), "1 point");
});

test("a number that was answered has the digits that its tolerance tells apart, and no more than a float has", () => {
  const usual = { atol: 1e-4, rtol: 1e-3 };
  const said = (value, tolerance) => answerNumber(value, tolerance);
  assert.deepEqual([said(151.23456789, usual), said(0.0123456789, usual), said(-1.23456789, usual)], ["151.235", "0.0123457", "-1.23457"]);
  assert.deepEqual([said(151.23456789, { atol: 0, rtol: 1e-6 }), said(151.23456789, { atol: 0, rtol: 0 })], ["151.2346", "151.2346"]);
  assert.deepEqual([said(151.23456789, { atol: 0, rtol: 0.1 }), said(151.23456789, undefined)], ["151.2", "151.235"]);
  assert.deepEqual([said(0, usual), said(3, usual), said(null, usual), said(1234567.89, usual), said(1.23456e-9, usual)], ["0", "3", "NaN", "1.23457e+6", "1.235e-9"]);
  assert.equal(number(151.23456789), "151.2");
});

test("the whole number is there for who points at it", () => {
  const output = { name: "y", kind: "scalar", unit: "mm", tolerance: { atol: 1e-4, rtol: 1e-3 } };
  const outcome = { kind: "scalar", rows: [151.23456573486328], omitted_rows: 0, not_finite: [] };
  const section = renderOutput(output, outcome, { expected: { ...outcome, rows: [151.25] } });
  assert.deepEqual(tagged(section, "data").map((one) => [one.textContent, one.attributes.title]), [["151.235", 151.23456573486328], ["151.25", 151.25]].map(([words, title]) => [words, String(title)]));
  assert.match(section.textContent, /151\.235 mm.*Recorded answer: 151\.25/);
  assert.equal(summary(output, outcome), "151.235 \u2068mm\u2069");
  const rows = renderOutput(output, { ...outcome, rows: [null, 2.123456789], not_finite: [[0, "Infinity"]] });
  assert.match(rows.textContent, /Infinity.*2\.12346/);
});

test("a number is typed with a point or a comma, and nothing else is one", () => {
  const texts = ["1.5", "1,5", " -,5 ", "+2.", "1,5e-3", "\u22123", "1,234"];
  assert.deepEqual(texts.map(typedNumber), [1.5, 1.5, -0.5, 2, 0.0015, -3, 1.234]);
  for (const text of ["", "x", "1.234,5", "1,2,3", "1 234", "0x10", "Infinity", "1e999", ",", "-"]) assert.equal(typedNumber(text), null, text);
  assert.deepEqual(["7", "4294967295", "4294967296", "-1", "1,5", "", "x"].map(seedOf), [7, 4294967295, null, null, null, null, null]);
});

test("a field of numbers says what it read, and what is no number", () => {
  const columns = [{ name: "age", kind: "number", range: [0, 120] }, { name: "dose", kind: "number", range: [-1, 1] }, { name: "mood", kind: "category" }];
  const input = makeInput({ name: "patient", kind: "table", media_types: [], extensions: [".csv"], columns }, { changed() {}, refused() {} });
  const [age, dose, mood] = tagged(input.element, "input");
  const noteOf = (field) => elementsOf(input.element).find(({ attributes }) => attributes.id === field.attributes["aria-describedby"]).textContent;
  const type = (field, text) => {
    field.value = text;
    field.listeners.input();
    return [field.attributes["aria-invalid"], noteOf(field)];
  };
  assert.deepEqual([age, dose, mood].map(({ attributes }) => [attributes.type, attributes.inputmode]), [["text", "decimal"], ["text", "text"], ["text", undefined]]);
  assert.equal(input.read(), null);
  assert.deepEqual(type(age, "36,5"), [undefined, "read as 36.5 · 0 to 120"]);
  assert.deepEqual(type(dose, "0.5"), [undefined, "-1 to 1"]);
  assert.deepEqual(input.read(), { value: { age: 36.5, dose: 0.5, mood: null } });
  assert.match(type(age, "121")[1], /^outside the 0 to 120/);
  const [invalid, words] = type(age, "1.234,5");
  assert.equal(invalid, "true");
  assert.match(words, /not a number/);
  assert.throws(() => input.read(), { message: "what was given for age is not a number" });
  input.write({ value: { age: 1.5, dose: "NA", mood: "NA" } });
  assert.deepEqual([input.read(), age.attributes["aria-invalid"]], [{ value: { age: 1.5, dose: null, mood: "NA" } }, undefined]);
});

const reader = { readGiven, readNumbers, takesNumbers };
const SIGNAL = { name: "signal", kind: "series", media_types: ["text/csv"], extensions: [".csv"], columns: [] };
const PATIENTS = { name: "patient", kind: "table", media_types: [], extensions: [".csv"], columns: [{ name: "age", kind: "number" }, { name: "sex", kind: "category", categories: ["f"] }] };

test("how numbers were read is said, in words that show the decimals", () => {
  const words = (text) => readNumbers(text).words;
  assert.equal(words("1,5;2,5"), "Read as 2 numbers: 1.5, 2.5 · The commas are decimal marks.");
  assert.equal(words("1,5"), "Read as 2 numbers: 1, 5 · The commas stand between numbers. If they are decimal marks, write a semicolon after each number.");
  assert.equal(words("1 2 3\n4 5 6\n"), "Read as 2 rows of 3 values each: 1, 2, 3, 4, 5, …");
  assert.deepEqual(readNumbers("[[1, 2]]").source, { value: [[1, 2]] });
  assert.throws(() => readNumbers("[1,"), { message: "this is not a JSON array" });
  assert.throws(() => readNumbers("1;x"), { message: "x in line 1 is not a number" });
});

test("a file of numbers or cells is read as people write it, and any other goes as it is", async () => {
  const file = (content, name) => new File([content], name);
  assert.deepEqual((await readGiven(SIGNAL, file("1,5;2,5\n", "s.csv"))).source, { value: [1.5, 2.5] });
  const rows = await readGiven(PATIENTS, file("age;sex\n3,5;f\n", "p.csv"));
  assert.deepEqual([await rows.source.file.text(), rows.source.file.name, rows.words], ["age,sex\n3.5,f\n", "p.csv", "Read with semicolons between the cells and with decimal commas in \u2068age\u2069."]);
  assert.equal((await readGiven(PATIENTS, file("age;sex\n3.5;f\n", "p.csv"))).words, "Read with semicolons between the cells and with decimal points.");
  const untouched = [[PATIENTS, "age,sex\n3.5,f\n"], [SIGNAL, new Uint8Array([0x93, 78, 85, 77])], [SIGNAL, new Uint8Array([0x31, 0xff])], [{ ...SIGNAL, kind: "tensor" }, "[1.0]"], [{ ...SIGNAL, kind: "image" }, "1;2"], [NOTE, "1;2"]];
  for (const [input, content] of untouched) assert.equal(await readGiven(input, file(content, "x")), null);
  await assert.rejects(readGiven(PATIENTS, file("age;sex\n1.234,5;f\n", "p.csv")), { message: /^1\.234,5 in column age can be read in more than one way/ });
});

test("numbers are written into a field that says how it read them, and run when asked to", async () => {
  const heard = [];
  const input = makeInput(SIGNAL, { changed: () => heard.push("changed"), refused: ({ message }) => heard.push(message), reader });
  const [area] = tagged(input.element, "textarea");
  const note = elementsOf(input.element).find(({ id }) => id === area.attributes["aria-describedby"].split(" ")[1]);
  const type = (text) => {
    area.value = text;
    area.listeners.input();
  };
  type("1,5;2,5");
  assert.deepEqual([input.read(), input.immediate, area.attributes["aria-invalid"]], [{ value: [1.5, 2.5] }, false, undefined]);
  assert.match(note.textContent, /^Read as 2 numbers: 1\.5, 2\.5/);
  type("1,5;x");
  assert.deepEqual([area.attributes["aria-invalid"], note.textContent], ["true", "x in line 1 is not a number"]);
  assert.throws(() => input.read(), { message: "x in line 1 is not a number" });
  type("");
  assert.deepEqual([input.read(), input.immediate], [null, true]);
  type("1;2");
  // What is chosen takes the place of what was typed.
  const [chosen] = tagged(input.element, "input");
  chosen.files = [new File(["3,5;4\n"], "s.csv")];
  chosen.listeners.change();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([input.read(), area.value, input.immediate], [{ value: [3.5, 4] }, "", true]);
  assert.match(input.element.textContent, /s\.csv.*Read as 2 numbers: 3\.5, 4/);
  chosen.files = [new File(["a;b\n"], "s.csv")];
  chosen.listeners.change();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(heard.slice(-2), ["changed", "a in line 1 is not a number"]);
});
