// node --test in this directory: what the page reads out of arrays, masks, tokens and vectors.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";

import { firstLinesOf, linesOf, pointsOf, rowsOf, thinned } from "../arrays.js";
import { cosine, nearest, norm, vectorMemory, vectorOf } from "../neighbours.js";
import { palettePng, pngOf } from "../png.js";
import { classColour, classShares, fittingRaster, hiddenAtFirst, numberPlaces, rasterOfValues, takesBlack } from "../raster.js";
import { passagesOf } from "../spans.js";

const array = (shape, values, omitted = 0) => ({ kind: "tensor", dtype: "float32", shape, values, omitted });
const counted = (count) => Array.from({ length: count }, (_, at) => at);
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

test("shares: the largest first, equal ones by number", () => {
  assert.deepEqual(classShares(Uint8Array.of(7, 7, 0, 255, 7, 0, 3, 7)), [
    { index: 7, pixels: 4, share: 0.5 },
    { index: 0, pixels: 2, share: 0.25 },
    { index: 3, pixels: 1, share: 0.125 },
    { index: 255, pixels: 1, share: 0.125 },
  ]);
  assert.deepEqual(classShares(new Uint8Array()), []);
});

test("the first class is hidden where it lies behind the others", () => {
  const hidden = (labels, classes) => [...hiddenAtFirst(labels, classShares(Uint8Array.from(classes)))];
  for (const label of ["background", "Background", "_background_", "__bg__", "void", "unlabeled", "unlabelled", "back ground", "none"]) {
    assert.deepEqual(hidden([label, "cat"], [0, 1]), [0], label);
    assert.deepEqual(hidden([label], [0]), [0], label);
  }
  for (const label of ["road", "avoid", "bgr", "nonetheless", "background noise"]) assert.deepEqual(hidden([label, "cat"], [0, 1]), [], label);
  assert.deepEqual(hidden(null, [0, 1]), [0]);
  assert.deepEqual(hidden([], [0, 1]), [0]);
  assert.deepEqual(hidden(null, [0, 0]), []);
  assert.deepEqual(hidden(["", "cat"], [0, 1]), []);
});

test("256 colours: Okabe and Ito's first, none twice, and text can be read on every one", () => {
  assert.deepEqual([0, 4, 7].map(classColour), [[230, 159, 0], [0, 114, 178], [0, 0, 0]]);
  const colours = counted(256).map(classColour);
  assert.equal(new Set(colours.map(String)).size, 256);
  const linear = (level) => (level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4);
  for (const colour of colours) {
    assert.ok(colour.every((level) => Number.isInteger(level) && level >= 0 && level <= 255), String(colour));
    const [r, g, b] = colour.map((level) => linear(level / 255));
    const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    const contrast = takesBlack(colour) ? (luminance + 0.05) / 0.05 : 1.05 / (luminance + 0.05);
    assert.ok(contrast >= 4.5, `${colour}: ${contrast}`);
  }
});

test("a number has its place where its class is widest", () => {
  const [width, height] = [9, 5];
  const classes = new Uint8Array(width * height);
  // A square of 5 in a field of 0, and one pixel of 2 in its corner.
  for (let y = 0; y < 5; y += 1) for (let x = 4; x < 9; x += 1) classes[y * width + x] = 5;
  classes[0] = 2;
  const places = numberPlaces({ width, height, classes });
  assert.deepEqual(places.get(5), { x: 6.5, y: 2.5, depth: 3 });
  assert.deepEqual(places.get(2), { x: 0.5, y: 0.5, depth: 1 });
  assert.equal(places.get(0).depth, 2);
  assert.deepEqual([...numberPlaces({ width: 1, height: 1, classes: Uint8Array.of(9) })], [[9, { x: 0.5, y: 0.5, depth: 1 }]]);
  const large = numberPlaces({ width: 2048, height: 2048, classes: new Uint8Array(2048 * 2048) });
  assert.ok(Math.abs(large.get(0).x - 1024) < 8 && Math.abs(large.get(0).y - 1024) < 8, JSON.stringify(large.get(0)));
});

test("a raster has the pixels that its sides say, or is none", () => {
  const classes = Uint8Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(fittingRaster({ width: 3, height: 2, classes }), { width: 3, height: 2, classes });
  for (const raster of [undefined, null, {}, { width: 2, height: 2, classes }, { width: 0, height: 0, classes: new Uint8Array() }, { width: 3, height: 2, classes: [...classes] }]) {
    assert.equal(fittingRaster(raster), null);
  }
  assert.deepEqual(rasterOfValues(array([1, 2, 3], [0, 1, 2, 3, 4, 255])), { width: 3, height: 2, classes: Uint8Array.of(0, 1, 2, 3, 4, 255) });
  assert.deepEqual(rasterOfValues(array([1, 1, 1, 1], [7])), { width: 1, height: 1, classes: Uint8Array.of(7) });
  for (const [shape, values, omitted] of [[[1, 2], [0.5, 1]], [[1, 2], [null, 1]], [[1, 2], [-1, 1]], [[1, 2], [256, 1]], [[2, 1, 2], [0, 0, 0, 0]], [[2], [0, 0]], [[0, 3], []], [[64, 65], counted(4096).map(() => 0), 64]]) {
    assert.equal(rasterOfValues(array(shape, values, omitted)), null, `${shape}`);
  }
});

/** The chunks of a PNG file by name. */
async function pngChunks(blob) {
  const file = Buffer.from(await blob.arrayBuffer());
  const chunks = {};
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) chunks[file.toString("latin1", at + 4, at + 8)] = file.subarray(at + 8, at + 8 + file.readUInt32BE(at));
  return chunks;
}

test("a palette file keeps class numbers, whatever is hidden", async () => {
  const write = palettePng(3, 2, Uint8Array.of(0, 1, 2, 2, 1, 0));
  const { IHDR, PLTE, tRNS, IDAT } = await pngChunks(write([[1, 2, 3, 255], [4, 5, 6, 0], [7, 8, 9, 255]]));
  assert.deepEqual([...IHDR], [0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
  assert.deepEqual([...PLTE], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([...tRNS], [255, 0, 255]);
  assert.deepEqual([...inflateSync(IDAT)], [0, 0, 1, 2, 0, 2, 1, 0]);
  const gray = await pngChunks(pngOf(2, 1, Uint8Array.of(9, 8)));
  assert.deepEqual([[...gray.IHDR].slice(8), [...inflateSync(gray.IDAT)]], [[8, 0, 0, 0, 0], [0, 9, 8]]);
});

const said = (tokens) => passagesOf(tokens.map(([text, label, score]) => ({ text, label, score }))).map(({ name, text }) => (name ? [name, text] : text));

test("BIO: what begins and goes on is one passage", () => {
  const tokens = [["[CLS]", null], ["Angela", "B-PER"], [" Mer", "I-PER"], ["kel", "I-PER"], [" visits", "O"], [" Paris", "B-LOC"], [" Texas", "B-LOC"], [".", "O"], ["[SEP]", null]];
  assert.deepEqual(said(tokens), [["PER", "Angela Merkel"], " visits", ["LOC", " Paris"], ["LOC", " Texas"], "."]);
});

test("BILOU and BIOES: what ends is over, and single tokens are passages", () => {
  assert.deepEqual(said([["a", "B-X"], [" b", "L-X"], [" c", "I-X"], [" d", "U-X"], [" e", "U-X"]]), [["X", "a b"], ["X", " c"], ["X", " d"], ["X", " e"]]);
  assert.deepEqual(said([["a", "B-X"], [" b", "I-X"], [" c", "E-X"], [" d", "S-X"], [" e", "O"]]), [["X", "a b c"], ["X", " d"], " e"]);
});

test("labels without prefixes join their neighbours, and a hyphen is no prefix", () => {
  assert.deepEqual(said([["a", "PER"], [" b", "PER"], [" c", "LOC"], [" d", "O"], [" e", ""], [" f", "O-neg"]]), [["PER", "a b"], ["LOC", " c"], " d e", ["O-neg", " f"]]);
  assert.deepEqual(said([["a", "E-mail"], [" b", "U-turn"]]), [["E-mail", "a"], ["U-turn", " b"]]);
  assert.deepEqual(said([["a", "I-X-Y"], [" b", "I-X-Y"], [" c", "I-Z"]]), [["X-Y", "a b"], ["Z", " c"]]);
});

test("a piece of a word begins no second passage, but in scripts without spaces it may", () => {
  assert.deepEqual(said([[" Wash", "B-LOC"], ["ington", "B-LOC"], [" Paris", "B-LOC"]]), [["LOC", " Washington"], ["LOC", " Paris"]]);
  assert.deepEqual(said([["北京", "B-LOC"], ["上海", "B-LOC"], ["市", "I-LOC"]]), [["LOC", "北京"], ["LOC", "上海市"]]);
  assert.deepEqual(said([["Paris", "B-LOC"], [",", "O"], ["Rome", "B-LOC"]]), [["LOC", "Paris"], ",", ["LOC", "Rome"]]);
});

test("the score of a passage is the mean of those that are numbers", () => {
  const [first, second] = passagesOf([{ text: "a", label: "B-X", score: 0.5 }, { text: " b", label: "I-X", score: null }, { text: " c", label: "I-X", score: 1 }, { text: " d", label: "B-X" }]);
  assert.deepEqual([first.score, first.tokens, second.score], [0.75, 3, null]);
  assert.deepEqual(passagesOf([]), []);
  const many = passagesOf(counted(100_000).map((at) => ({ text: ` ${at}`, label: at % 3 ? "O" : "B-X", score: 1 })));
  assert.equal(many.length, 66_667);
});

test("labels are text, whatever they look like", () => {
  const hostile = "<img src=x onerror=alert(1)>\u202E\n";
  assert.deepEqual(said([["a", `B-${hostile}`], [" b", `I-${hostile}`]]), [[hostile, "a b"]]);
  assert.deepEqual(said([["a", "B-"], [" b", "-"]]), [["B-", "a"], ["-", " b"]]);
});

test("points: several groups, scores or none, and only what is whole", () => {
  assert.deepEqual(pointsOf(array([2, 2], [1, 2, 3, null])), {
    points: [{ group: 0, index: 0, x: 1, y: 2, score: null }, { group: 0, index: 1, x: 3, y: null, score: null }],
    all: 2,
    each: 2,
    groups: 1,
    scored: false,
  });
  const groups = pointsOf(array([1, 2, 2, 3], counted(12)));
  assert.deepEqual([groups.groups, groups.each, groups.scored], [2, 2, true]);
  assert.deepEqual(groups.points[3], { group: 1, index: 1, x: 9, y: 10, score: 11 });
  const some = pointsOf(array([1000, 17, 3], counted(4096), 46_904));
  assert.deepEqual([some.points.length, some.all], [1365, 17_000]);
  assert.deepEqual(pointsOf(array([0, 3], [])), { points: [], all: 0, each: 0, groups: 0, scored: true });
  for (const shape of [[3], [], [2, 4], [1, 1]]) assert.equal(pointsOf(array(shape, [0, 0, 0])), null);
});

test("rows: whole ones, of two axes", () => {
  assert.deepEqual(rowsOf(array([1, 2, 3], counted(6))), { columns: 3, all: 2, rows: [[0, 1, 2], [3, 4, 5]] });
  assert.deepEqual(rowsOf(array([1, 1], [null])), { columns: 1, all: 1, rows: [[null]] });
  assert.deepEqual(rowsOf(array([3, 4], counted(5), 7)).rows, [[0, 1, 2, 3]]);
  assert.deepEqual(rowsOf(array([2, 5000], counted(4096), 5904)).rows, []);
  assert.deepEqual(rowsOf(array([0, 4], [])), { columns: 4, all: 0, rows: [] });
  assert.deepEqual(rowsOf(array([4, 0], [])), { columns: 0, all: 4, rows: [] });
  for (const shape of [[], [4], [2, 2, 1]]) assert.equal(rowsOf(array(shape, counted(4))), null);
  assert.equal(rowsOf({ kind: "scalar", rows: [1] }), null);
});

test("lines: channels first or last, at most eight", () => {
  assert.deepEqual(linesOf(array([1, 2, 3], counted(6))), [[0, 1, 2], [3, 4, 5]]);
  assert.deepEqual(linesOf(array([3, 2], counted(6))), [[0, 2, 4], [1, 3, 5]]);
  assert.deepEqual(linesOf(array([2, 9], counted(18)))[1], counted(9).map((at) => at + 9));
  assert.deepEqual(linesOf(array([1, 9, 2], counted(18))).length, 2);
  for (const shape of [[4], [1, 4], [4, 1], [1, 1, 4], [1, 4, 1]]) assert.deepEqual(linesOf(array(shape, counted(4))), [[0, 1, 2, 3]], `${shape}`);
  for (const [shape, omitted] of [[[9, 9]], [[1]], [[]], [[0]], [[2, 2, 2]], [[4], 1]]) {
    assert.equal(linesOf(array(shape, counted(shape.reduce((a, b) => a * b, 1)), omitted)), null, `${shape}`);
  }
});

test("lines of which only the beginning is here", () => {
  assert.deepEqual(firstLinesOf(array([1, 1, 100], [1, 2, 3], 97)), { lines: [[1, 2, 3]], length: 100 });
  assert.deepEqual(firstLinesOf(array([100, 1], [1, 2, 3], 97)), { lines: [[1, 2, 3]], length: 100 });
  assert.deepEqual(firstLinesOf(array([50, 2], [0, 1, 2, 3, 4], 95)), { lines: [[0, 2], [1, 3]], length: 50 });
  for (const [shape, omitted] of [[[2, 5000], 5904], [[90, 90], 4004], [[2, 50, 2], 196], [[4], 0]]) {
    assert.equal(firstLinesOf(array(shape, counted(4), omitted)), null, `${shape}`);
  }
});

test("a thinned line keeps its peaks, its order and its gaps", () => {
  const line = counted(10_000).map((at) => (at === 4321 ? 99 : at === 77 ? -9 : 0));
  const points = thinned(line, 2000);
  assert.ok(points.length <= 2000 && points.every(({ x }, at) => at === 0 || x > points[at - 1].x));
  assert.deepEqual(points.filter(({ y }) => y !== 0), [{ x: 77, y: -9 }, { x: 4321, y: 99 }]);
  assert.deepEqual(thinned([3, null, 4], 2000), [{ x: 0, y: 3 }, { x: 1, y: null }, { x: 2, y: 4 }]);
  assert.deepEqual(thinned([null, null, null, null, 1, 2, 4, 3], 4), [{ x: 0, y: null }, { x: 4, y: 1 }, { x: 6, y: 4 }]);
});

test("cosine and norm, of large, small and missing numbers", () => {
  near(cosine([1, 0], [1, 1]), Math.SQRT1_2);
  near(cosine([1, 2, 3], [2, 4, 6]), 1);
  assert.ok(cosine([0.1, 0.3, 0.7], [0.1, 0.3, 0.7]) <= 1);
  near(cosine([1, 2], [-1, -2]), -1);
  near(cosine([1e200, 1e200], [1e200, 0]), Math.SQRT1_2);
  near(cosine([1e-200, 1e-200], [1e-200, 0]), Math.SQRT1_2);
  for (const [one, other] of [[[0, 0], [1, 1]], [[1, null], [1, 1]], [[1], [1, 1]], [[], []]]) assert.equal(cosine(one, other), null);
  assert.deepEqual([norm([3, -4]), norm([]), norm([0]), norm([1, null])], [5, 0, 0, null]);
});

test("neighbours: the nearest first, without those that are no vectors of this length", () => {
  const found = nearest([1, 0], [{ name: "far", values: [-1, 0] }, { name: "same", values: [2, 0] }, { name: "long", values: [1, 0, 0] }, { name: "none", values: [0, 0] }, { name: "across", values: [0, 1] }]);
  assert.deepEqual(found.map(({ name }) => name), ["same", "across", "far"]);
});

test("a vector is an array of one axis, and its numbers are used only if all are here", () => {
  assert.deepEqual(vectorOf(array([1, 3], [1, 2, 3])), { length: 3, values: [1, 2, 3] });
  assert.deepEqual(vectorOf(array([], [1])), { length: 1, values: [1] });
  assert.deepEqual(vectorOf(array([1, 5000], counted(4096), 904)), { length: 5000, values: null });
  assert.equal(vectorOf(array([2, 3], counted(6))), null);
});

test("vectors are remembered by example, and the last fifty of the person's own", () => {
  const memory = vectorMemory([{ name: "v", kind: "embedding" }, { name: "y", kind: "scalar" }], (count) => `own ${count}`);
  const replay = (example, values) => memory.replayed({ example, outputs: { v: { actual: array([2], values) }, y: { actual: { kind: "scalar", rows: [1] } } } });
  assert.deepEqual(memory.beside("v"), []);
  assert.equal(memory.beside("y"), undefined);
  replay("a", [1, 2]);
  replay("b", [3, 4]);
  replay("a", [5, 6]);
  memory.answered({ v: array([2], [7, 8]) });
  memory.answered({ v: array([1, 5000], [9], 4999) });
  memory.answered({});
  assert.deepEqual(memory.beside("v", "b"), [{ name: "a", values: [5, 6] }, { name: "own 1", values: [7, 8] }]);
  for (const at of counted(60)) memory.answered({ v: array([2], [at, at]) });
  const names = memory.beside("v").map(({ name }) => name);
  assert.deepEqual([names.length, names[2], names.at(-1)], [52, "own 12", "own 61"]);
});
