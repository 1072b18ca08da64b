// node --test in this directory: beside SciPy 1.x (binomtest(...).proportion_ci("wilson")) and
// scikit-learn 1.x (f1_score, r2_score), whose numbers are written down here.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cellNumber, csvRows, csvText } from "../csv.js";
import { bootstrap, calibrationError, generator, labelMetrics, labelReader, numberMetrics, wilson } from "../metrics.js";

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

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
  near(calibrationError(rows(1, 10)), 0);
  near(calibrationError(rows(0.5, 10)), 0.5);
  near(calibrationError([...rows(0.9, 9), ...rows(0.6, 6)]), 0);
  assert.equal(calibrationError([{ score: 3.5, truth: "a", label: "a" }]), null);
});

test("numbers: errors and R²", () => {
  const rows = [[3, 2.5], [-0.5, 0], [2, 2], [7, 8]].map(([truth, value]) => ({ truth, value }));
  const found = numberMetrics(rows);
  // The example of scikit-learn's documentation: 0.5, 0.375 and 0.948…
  near(found.mae, 0.5);
  near(found.rmse ** 2, 0.375);
  near(found.r2, 0.9486081370449679);
  assert.deepEqual(found.interval, numberMetrics(rows).interval);
});

test("the bootstrap holds the mean, and seeds repeat", () => {
  const values = Array.from({ length: 200 }, (_, at) => at % 10);
  const [low, high] = bootstrap(values, (some) => some.reduce((sum, one) => sum + one, 0) / some.length);
  assert.ok(low < 4.5 && 4.5 < high && high - low < 1.2, `${low} ${high}`);
  const [a, b] = [generator(7), generator(7)];
  assert.deepEqual([a(), a()], [b(), b()]);
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
