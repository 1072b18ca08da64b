// node --test in this directory: beside SciPy 1.x (binomtest(...).proportion_ci("wilson")) and
// scikit-learn 1.x (f1_score, balanced_accuracy_score, r2_score, calibration_curve, the dummy estimators), whose numbers
// are written down here; those of intervals are of its scores on the same draws.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cellNumber, csvRows, csvText } from "../csv.js";
import { bootstrap, calibration, generator, labelIntervals, labelMetrics, labelReader, numberIntervals, numberMetrics, wilson } from "../metrics.js";

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
const nearBoth = (actual, expected) => [0, 1].forEach((end) => near(actual[end], expected[end]));
const noPause = async () => {};

/** Forty answers to three classes, as in the numbers of scikit-learn. */
const LABELLED = Array.from({ length: 40 }, (_, at) => ({
  truth: "abc"[at % 7 ? (at * at) % 3 : 2],
  label: "abc"[at % 5 ? (at * at) % 3 : at % 2],
  score: (((at * 37) % 100) + 0.5) / 100,
}));
/** Forty numbers and what was said. */
const MEASURED = Array.from({ length: 40 }, (_, at) => {
  const truth = (at % 11) * 1.5 + at / 10;
  return { truth, value: truth + (((at * 7) % 13) - 6) / 4 };
});

test("Wilson's interval", () => {
  const [low, high] = wilson(8, 10);
  near(low, 0.4901624715366418);
  near(high, 0.9433178485456248);
  near(wilson(0, 5)[1], 0.43448246478317465);
  assert.deepEqual(wilson(0, 0), [0, 1]);
});

test("labels: accuracy, F1, confusion", () => {
  const truth = ["a", "a", "a", "b", "b", "c"];
  const label = ["a", "b", "a", "b", "b", "a"];
  const found = labelMetrics(truth.map((one, at) => ({ truth: one, label: label[at], score: 0.5 })));
  near(found.accuracy, 4 / 6);
  // f1_score(average="macro"): (2/3 + 4/5 + 0) / 3
  near(found.f1, (2 / 3 + 0.8) / 3);
  assert.deepEqual(found.confusion, [[2, 1, 0], [0, 2, 0], [1, 0, 0]]);
  assert.deepEqual(found.perClass[0], { name: "a", precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3, said: 3 });
});

test("calibration: sure and always right is 0, half sure and always right is a half", () => {
  const rows = (score, right) => Array.from({ length: 10 }, (_, at) => ({ score, truth: "a", label: at < right ? "a" : "b" }));
  near(calibration(rows(1, 10)).error, 0);
  near(calibration(rows(0.5, 10)).error, 0.5);
  near(calibration([...rows(0.9, 9), ...rows(0.6, 6)]).error, 0);
  for (const score of [3.5, -0.1, null, undefined]) assert.equal(calibration([{ score, truth: "a", label: "a" }]), null);
  assert.equal(calibration([]), null);
});

test("calibration: bins as calibration_curve makes them", () => {
  const { error, bins } = calibration(LABELLED);
  near(error, 0.39525);
  assert.deepEqual(bins.map(({ count }) => count), [3, 3, 2, 3, 2, 3, 3, 3, 3, 2, 2, 3, 3, 2, 3]);
  near(bins[0].right / bins[0].count, 2 / 3);
  near(bins[0].score, 0.035);
  near(bins[14].score, 0.9716666666666667);
  assert.deepEqual([bins[0].low, bins[14].high], [0, 1]);
});

test("labels: means over classes, what always saying the same would score, and intervals", async () => {
  const found = labelMetrics(LABELLED);
  near(found.accuracy, 0.775);
  near(found.f1, 0.5552928815340162);
  near(found.balanced, 0.6085858585858586);
  assert.deepEqual(found.baseline, { label: "b", accuracy: 0.55 });
  const { f1, balanced } = await labelIntervals(LABELLED, noPause);
  nearBoth(f1, [0.467032967032967, 0.6261022927689593]);
  nearBoth(balanced, [0.5366161616161617, 0.6666666666666666]);
});

test("labels: one class, one row, a class that is only said, as many classes as rows", async () => {
  const one = labelMetrics([{ truth: "a", label: "a" }, { truth: "a", label: "a" }]);
  assert.deepEqual([one.accuracy, one.f1, one.balanced, one.baseline], [1, 1, 1, { label: "a", accuracy: 1 }]);
  assert.deepEqual(await labelIntervals([{ truth: "a", label: "b" }], noPause), { f1: null, balanced: null });
  // balanced_accuracy_score(["a", "a"], ["a", "b"]) is 0.5: nothing is truly b.
  near(labelMetrics([{ truth: "a", label: "a" }, { truth: "a", label: "b" }]).balanced, 0.5);
  const many = labelMetrics(Array.from({ length: 20_000 }, (_, at) => ({ truth: `t${at}`, label: `s${at}` })));
  assert.deepEqual([many.classes.length, many.confusion.length, many.accuracy], [40_000, 1000, 0]);
  const none = labelMetrics([]);
  assert.deepEqual([none.accuracy, none.f1, none.balanced, none.baseline], [0, 0, 0, { label: null, accuracy: 0 }]);
});

test("numbers: errors and R²", async () => {
  const rows = [[3, 2.5], [-0.5, 0], [2, 2], [7, 8]].map(([truth, value]) => ({ truth, value }));
  const found = numberMetrics(rows);
  // The example of scikit-learn's documentation: 0.5, 0.375 and 0.948…
  near(found.mae, 0.5);
  near(found.rmse ** 2, 0.375);
  near(found.r2, 0.9486081370449679);
  assert.deepEqual(await numberIntervals(rows, noPause), await numberIntervals(rows, noPause));
});

test("numbers: what the mean alone would give, and intervals", async () => {
  const found = numberMetrics(MEASURED);
  near(found.mae, 0.825);
  near(found.rmse, 0.9536115561380326);
  near(found.r2, 0.961665129758925);
  near(found.baseline.rmse, 4.8705107535041945);
  near(found.baseline.mean, 8.925);
  const { mae, rmse, r2 } = await numberIntervals(MEASURED, noPause);
  nearBoth(mae, [0.66875, 0.96875]);
  nearBoth(rmse, [0.815858443604036, 1.0665364503850772]);
  nearBoth(r2, [0.9421864808937319, 0.973688332794862]);
  // Far from 0, the squares of the truths would have no digits left.
  const far = MEASURED.map(({ truth, value }) => ({ truth: truth + 1e9, value: value + 1e9 }));
  nearBoth((await numberIntervals(far, noPause)).r2, [0.9421864809182426, 0.9736883328806615]);
});

test("numbers: truths that are all the same have no R², and one row has no interval", async () => {
  const same = Array.from({ length: 9 }, (_, at) => ({ truth: 0.1, value: at / 10 }));
  assert.equal(numberMetrics(same).r2, null);
  assert.equal(numberMetrics(same).baseline.rmse, 0);
  const intervals = await numberIntervals(same, noPause);
  assert.equal(intervals.r2, null);
  assert.ok(intervals.mae[0] < intervals.mae[1]);
  assert.deepEqual(await numberIntervals(same.slice(0, 1), noPause), { mae: null, rmse: null, r2: null });
});

test("the bootstrap holds the mean, seeds repeat, and pauses change nothing", async () => {
  const values = Array.from({ length: 200 }, (_, at) => at % 10);
  const mean = (draw) => [draw.reduce((sum, at) => sum + values[at], 0) / draw.length];
  const [[low, high]] = await bootstrap(values.length, mean, noPause);
  assert.ok(low < 4.5 && 4.5 < high && high - low < 1.2, `${low} ${high}`);
  const [a, b] = [generator(7), generator(7)];
  assert.deepEqual([a(), a()], [b(), b()]);
  let paused = 0;
  const slow = (draw) => {
    for (const until = performance.now() + 0.2; performance.now() < until; );
    return mean(draw);
  };
  const again = await bootstrap(values.length, slow, async () => (paused += 1));
  assert.ok(paused > 1, `${paused}`);
  assert.deepEqual(again, [[low, high]]);
});

test("a bootstrap of many rows pauses in between, and ends when a pause says so", async () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => ({ truth: at % 97, value: at % 89 }));
  let paused = 0;
  await numberIntervals(rows, async () => (paused += 1));
  assert.ok(paused > 0);
  await assert.rejects(numberIntervals(rows, async () => Promise.reject(new Error("ended"))), /ended/);
});

test("CSV is read and written", () => {
  assert.deepEqual(csvRows('\uFEFFa;b\r\n"x;""y""";2\r\n\r\n3;'), [["a", "b"], ['x;"y"', "2"], ["3", ""]]);
  assert.deepEqual(csvRows("a,b\n1,\"two\nlines\""), [["a", "b"], ["1", "two\nlines"]]);
  assert.equal(csvText([["=1+1", "-3.5", "a,b", null]]), "'=1+1,-3.5,\"a,b\",\r\n");
  assert.deepEqual(csvRows(csvText([["a", 'q"', "l\nm"]])), [["a", 'q"', "l\nm"]]);
});

test("a CSV text that would be misread is refused, with its line", () => {
  const refused = (text, key, values) => assert.throws(() => csvRows(text), { key, values });
  refused("a,b\n\n1\n", "own_csv_uneven", { line: 3, cells: 1, expected: 2 });
  refused('a,b\n"x\ny",1\n1,2,3\n', "own_csv_uneven", { line: 4, cells: 3, expected: 2 });
  refused('a,b\n1,"x\n2,y\n', "own_csv_unclosed", { line: 2 });
  assert.deepEqual(csvRows('"a;b;c",d\n1,2\n'), [["a;b;c", "d"], ["1", "2"]]);
});

test("a cell is a number only where it says one", () => {
  const said = ["1", " -2.5e3 ", ".5", "", " ", "NA", "0x10", "Infinity", "1e999", "1,5"].map(cellNumber);
  assert.deepEqual(said, [1, -2500, 0.5, null, null, null, null, null, null, null]);
  assert.equal(csvText([["\t", "\n=1", "＝1", "+1"]]), "'\t,\"'\n=1\",'＝1,+1\r\n");
});

test("truths name labels but for case and spaces", () => {
  const read = labelReader(["cat", "A", "a"]);
  assert.deepEqual(["Cat ", "A", "a", "dog"].map(read), ["cat", "A", "a", "dog"]);
  assert.equal(labelReader(null)(" x "), "x");
});

test("truths name labels that look like numbers, and missing ones name none", () => {
  const digits = labelReader(["0", "1", "2"]);
  assert.deepEqual(["1", " 2 ", "1.0", "2e0", "3", "1,0"].map(digits), ["1", "2", "1", "2", "3", "1,0"]);
  // Two spellings of one number stay apart.
  assert.deepEqual(["1", "1.0", "1.00"].map(labelReader(["1", "1.0"])), ["1", "1.0", "1.00"]);
  assert.deepEqual(["", " ", "NA", "NaN", "N/A"].map(digits), ["", "", "", "", ""]);
  // Unless it is a class: Namibia.
  assert.equal(labelReader(["NA", "NL"])("NA"), "NA");
});
