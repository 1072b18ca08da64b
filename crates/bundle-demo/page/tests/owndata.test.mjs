// node --test crates/bundle-demo/page/tests: which items a person's files and CSV files are.

import assert from "node:assert/strict";
import { test } from "node:test";

import { columnNumber, csvTable, numberArray, plainCsv } from "../csv.js";
import { isMeant, itemTable, itemsOf, likelyText, likelyTruth, toldApart } from "../items.js";
import { labelReader } from "../metrics.js";

const entry = (path, size = 1) => ({ file: { name: path.split("/").at(-1), size, path }, path });
const entries = (...paths) => paths.map((path) => entry(path));
const PHOTO = { name: "photo", kind: "image", extensions: [".png", ".jpg"], columns: [] };
const NOTE = { name: "note", kind: "text", extensions: [], columns: [] };
const PATIENT = {
  name: "patient",
  kind: "table",
  extensions: [".csv"],
  columns: [
    { name: "age", kind: "number", categories: null },
    { name: "sex", kind: "category", categories: ["f", "m"] },
  ],
};
const given = (csv, paths = [], texts = []) => ({ files: entries(...paths), table: csv === null ? null : csvTable(csv), texts: new Map(texts), folder: "folder" });
const sourcesOf = ({ sources }) => Object.fromEntries([...sources].map(([name, source]) => [name, source.file?.path ?? source.value ?? source.problem.key]));
const factsOf = ({ facts }) => Object.fromEntries(facts);
const refused = (work, key, values) => assert.throws(work, { key, ...(values && { values }) });

test("a table has names, each once; a column without a name is nobody's", () => {
  assert.deepEqual(csvTable("\uFEFF a , b\r\n1,2\r\n").head, ["a", "b"]);
  refused(() => csvTable("a,b, a\n1,2,3\n"), "own_csv_twice", { name: "a" });
  assert.deepEqual(csvTable("a;;\n1;;\n").head, ["a", "", ""]);
  assert.deepEqual(csvTable(""), { head: [], rows: [], decimal: new Set(), unclear: new Map() });
  refused(() => csvTable("a;b\n1\n"), "own_csv_uneven", { line: 2, cells: 1, expected: 2 });
  assert.equal(itemTable(`a\n${"1\n".repeat(20_000)}`).rows.length, 20_000);
  refused(() => itemTable(`a\n${"1\n".repeat(20_001)}`), "own_too_many", { limit: 20_000 });
});

test("decimal commas are read column by column, only where semicolons or tabs are between the cells", () => {
  const table = csvTable('a;b;c;d;e;f\n3,5;1.5;x;NA;1,5;\n-,25;2;1,5;;2.5;\n4;NaN;2,5;1,5e3;2;\n');
  assert.deepEqual([...table.decimal], ["a", "d"]);
  assert.deepEqual([...table.unclear], [["e", "1,5"]]);
  assert.deepEqual(["3,5", "-,25", "4", "1.5", "1,2,3", "3,"].map(columnNumber(table, "a")), [3.5, -0.25, 4, null, null, null]);
  assert.deepEqual(["1.5", "3,5"].map(columnNumber(table, "b")), [1.5, null]);
  const commas = csvTable('a,b\n"3,5",1\n"4,5",2\n');
  assert.deepEqual([commas.decimal.size, [...commas.unclear]], [0, [["a", "3,5"]]]);
  assert.deepEqual([...csvTable("a\tb\n3,5\t1\n").decimal], ["a"]);
  assert.equal(columnNumber(null, "a")("2.5"), 2.5);
});

test("thousands separators are never guessed", () => {
  for (const cell of ["1.234,5", "1 234", "1'234", "1,234,567", "1.234.567", "1\u202f234"]) {
    const table = csvTable(`age;sex\n12;f\n${cell};m\n`);
    assert.deepEqual([...table.unclear], [["age", cell]]);
    refused(() => itemsOf([PATIENT], { ...given(null), table }), "own_csv_unclear", { name: "age", cell });
  }
  // What is read as no number may be a date.
  assert.equal(itemsOf([PATIENT], given("age;sex;day\n12;f;01.02.2024\n")).items.length, 1);
  assert.equal(csvTable("a;b\n1.234,5;x\nmany;y\n").unclear.size, 0);
});

test("a table takes its columns by name, and missing cells as missing", () => {
  const found = itemsOf([PATIENT], given("sex;truth; age ;x\nf;yes;3,5;1\nNA;no;NaN;2\nm;no;;3\n"));
  assert.deepEqual(found.items.map(sourcesOf), [{ patient: { age: 3.5, sex: "f" } }, { patient: { age: null, sex: null } }, { patient: { age: null, sex: "m" } }]);
  assert.deepEqual(found.columns, ["truth", "x"]);
  assert.deepEqual(factsOf(found.items[0]), { sex: "f", truth: "yes", age: "3,5", x: "1" });
  assert.deepEqual(found.items.map(({ name }) => name), [1, 2, 3]);
  // What is no number goes to the model, which says so.
  assert.deepEqual(sourcesOf(itemsOf([PATIENT], given("age,sex\n0x10,f\n")).items[0]), { patient: { age: "0x10", sex: "f" } });
  const countries = { ...PATIENT, columns: [{ name: "sex", kind: "category", categories: ["NA", "NL"] }] };
  assert.deepEqual(sourcesOf(itemsOf([countries], given("sex,b\nNA,1\n")).items[0]), { patient: { sex: "NA" } });
  refused(() => itemsOf([PATIENT], given("sex,b\nf,1\n")), "own_missing_columns", { names: "age" });
  assert.deepEqual(itemsOf([PATIENT], given(null)).items, []);
});

test("several inputs take cells, columns, and the files that cells name", () => {
  const csv = "photo,age,sex,note,truth\nx/a.png,1,f,first,yes\nb.png,2,m,NA,no\n.\\y\\a.png,3,f,,no\n";
  const found = itemsOf([PHOTO, PATIENT, NOTE], given(csv, ["data/x/a.png", "data/y/a.png", "data/b.png", "data/unused.png"]));
  assert.deepEqual(found.items.map(sourcesOf), [
    { photo: "data/x/a.png", patient: { age: 1, sex: "f" }, note: "first" },
    { photo: "data/b.png", patient: { age: 2, sex: "m" }, note: "NA" },
    { photo: "data/y/a.png", patient: { age: 3, sex: "f" }, note: "" },
  ]);
  assert.deepEqual([found.columns, found.absent, found.numbers], [["truth"], [], ["age"]]);
  refused(() => itemsOf([PHOTO, PATIENT, NOTE], given("age,truth\n1,yes\n")), "own_missing_columns", { names: "photo, sex, note" });
  const texts = itemsOf([PHOTO, NOTE], given("photo,words\na.png,hello\n", ["a.png"], [["note", "words"]]));
  assert.deepEqual(sourcesOf(texts.items[0]), { photo: "a.png", note: "hello" });
  refused(() => itemsOf([PHOTO, NOTE], given("photo,words\na.png,hello\n", ["a.png"], [["note", null]])), "own_missing_columns", { names: "note" });
  assert.deepEqual(itemsOf([PHOTO, NOTE], given(null, ["a.png"])).items, []);
});

test("a file that a row names and that is absent, or there twice, fails as that row", () => {
  const inputs = [PHOTO, NOTE];
  const found = itemsOf(inputs, given("photo,note\na.png,1\nc.png,2\nd.png,3\n,4\na.png,5\n", ["p/a.png", "q/c.png", "r/c.png"]));
  assert.deepEqual(found.items.map(({ problem }) => problem), [
    null,
    { key: "own_file_twice", values: { name: "c.png" } },
    { key: "own_file_absent", values: { name: "d.png" } },
    { key: "own_cell_missing", values: { name: "photo" } },
    null,
  ]);
  assert.deepEqual(found.absent, ["d.png"]);
  // Files alone have no folders; a whole path in the CSV file still names one of them, but not one of two.
  const alone = (csv, ...paths) => itemsOf(inputs, given(csv, paths)).items.map(({ sources }) => sources.get("photo").file?.path ?? null);
  assert.deepEqual(alone("photo,note\n/home/x/a.png,1\n", "a.png"), ["a.png"]);
  assert.deepEqual(alone("photo,note\n/home/x/a.png,1\n/home/y/a.png,2\n", "a.png"), [null, null]);
  assert.deepEqual(alone("photo,note\nx/a.png,1\ny/a.png,2\n", "x/a.png"), ["x/a.png", null]);
  // Some systems take the dots of letters apart.
  assert.deepEqual(alone("photo,note\nb\u00e4r.png,1\n", "ba\u0308r.png"), ["ba\u0308r.png"]);
});

test("numbers are cells; arrays are files, or JSON in cells", () => {
  const dose = { name: "dose", kind: "scalar", columns: [] };
  const signal = { name: "signal", kind: "tensor", extensions: [".npy"], columns: [] };
  const found = itemsOf([dose, signal], given("dose;signal\n3,5;s.npy\nNA;[1, 2]\n1;4.5\n2;t.npy\n", ["s.npy"]));
  assert.deepEqual(found.items.map(sourcesOf), [
    { dose: 3.5, signal: "s.npy" },
    { dose: "own_cell_missing", signal: [1, 2] },
    { dose: 1, signal: 4.5 },
    { dose: 2, signal: "own_file_absent" },
  ]);
  assert.deepEqual(sourcesOf(itemsOf([dose], given("dose,b\nmany,1\n")).items[0]), { dose: "own_cell_no_number" });
});

test("files are items, with the row of their name and the name of their folder", () => {
  const found = itemsOf([PHOTO], given("file,truth\nx/1.png,cat\n1.png,dog\n3.png,cat\n3.png,dog\n", ["d/x/1.png", "d/y/1.png", "d/3.png", "4.png"]));
  assert.deepEqual(found.items.map(factsOf), [{ folder: "x", file: "x/1.png", truth: "cat" }, { folder: "y", file: "1.png", truth: "dog" }, { folder: "d" }, {}]);
  assert.deepEqual([found.unmatched, found.columns], [2, ["folder", "file", "truth"]]);
  assert.deepEqual(itemsOf([PHOTO], given(null, ["a.png"])).items.map(sourcesOf), [{ photo: "a.png" }]);
  assert.equal(itemsOf([PHOTO], given(null, ["a.png"])).unmatched, 0);
  assert.deepEqual(itemsOf([NOTE], given(null, ["a.txt"])).items.map(sourcesOf), [{ note: "a.txt" }]);
  refused(() => itemsOf([PHOTO], { ...given(null), files: Array.from({ length: 20_001 }, () => entry("a.png")) }), "own_too_many", { limit: 20_000 });
  // A column may be called as anything.
  assert.deepEqual(factsOf(itemsOf([NOTE], given("note,constructor,__proto__\na,b,c\n")).items[0]).constructor, "b");
});

test("the column of texts is guessed, and never for one input among others", () => {
  const guess = (csv, inputs) => likelyText(NOTE, inputs, csvTable(csv));
  assert.equal(guess("id,Text,note\n1,a,b\n", [NOTE]), "note");
  assert.equal(guess("id,Full text\n1,a\n", [NOTE]), "Full text");
  assert.equal(guess(",id\n1,a\n", [NOTE]), "id");
  assert.equal(guess("id,text\n1,a\n", [NOTE, PHOTO]), null);
  assert.equal(guess("id,note\n1,a\n", [NOTE, PHOTO]), "note");
  const found = itemsOf([NOTE], given("id,text\n1,a\n", [], [["note", "id"]]));
  assert.deepEqual([sourcesOf(found.items[0]), found.columns], [{ note: "1" }, ["text"]]);
});

test("the truth is guessed where most cells are answers", () => {
  const grade = { name: "grade", kind: "labels", labels: ["0", "1"] };
  const guess = (csv, output) => {
    const table = csvTable(csv);
    return likelyTruth(itemsOf([NOTE], { ...given(null), table, texts: new Map([["note", "note"]]) }), output, table, labelReader(output?.labels));
  };
  assert.equal(guess("note,a,b\nx,7,1\ny,8,0.0\nz,9,NA\n", grade), "b");
  assert.equal(guess("note,a\nx,7\n", grade), null);
  assert.equal(guess("note;y\nx;3,5\ny;NA\n", { name: "value", kind: "scalar" }), "y");
  assert.equal(guess("note,y\nx,many\n", { name: "value", kind: "scalar" }), null);
  assert.equal(guess("note,target\nx,a\n", { name: "said", kind: "text" }), "target");
  assert.equal(guess("note,target\nx,NA\n", grade), null);
});

test("a folder also holds what was not meant", () => {
  const meant = (path, inputs) => isMeant(entry(path), inputs);
  assert.deepEqual(["d/a.PNG", "d/.DS_Store", "d/a.txt", "a.txt"].map((path) => meant(path, [PHOTO])), [true, false, false, true]);
  assert.deepEqual(["d/a.png", "d/a.csv"].map((path) => meant(path, [PHOTO, PATIENT])), [true, false]);
  assert.equal(meant("d/a.txt", [NOTE]), true);
  assert.equal(meant("d/a.xyz", [{ ...PHOTO, kind: "file", extensions: [] }, PHOTO]), true);
});

test("what is dropped at once is told apart", () => {
  const apart = (inputs, ...paths) => {
    const { table, files } = toldApart(entries(...paths), inputs);
    return [table?.path ?? null, files.map(({ path }) => path)];
  };
  assert.deepEqual(apart([PHOTO], "a.png", "b.csv"), ["b.csv", ["a.png"]]);
  assert.deepEqual(apart([PHOTO], "d/a.png", "d/rows.TSV"), ["d/rows.TSV", ["d/a.png"]]);
  assert.deepEqual(apart([PHOTO], "d/a.png", "d/old.csv", "rows.csv"), ["rows.csv", ["d/a.png", "d/old.csv"]]);
  assert.deepEqual(apart([PHOTO], "a.png"), [null, ["a.png"]]);
  refused(() => apart([PATIENT], "a.csv", "b.csv"), "own_several_csv");
  assert.deepEqual(apart([{ ...PHOTO, kind: "series", extensions: [] }], "a.csv", "b.csv"), [null, ["a.csv", "b.csv"]]);
});

test("a list of numbers has decimal commas where something else separates them", () => {
  const read = (text) => {
    const { value, commas, unsure } = numberArray(text);
    return [value, commas, unsure];
  };
  for (const text of ["1,5;2,5", "1,5\t2,5", "1,5 2,5", "\uFEFF1,5; 2,5;\r\n", "1,5;\n2,5;\n", "1,5;\n\n2,5"]) assert.deepEqual(read(text), [[1.5, 2.5], true, false], text);
  assert.deepEqual(read("1.5;2.5"), [[1.5, 2.5], false, false]);
  assert.deepEqual(read("1,5;2,5\n3;-,5\n"), [[[1.5, 2.5], [3, -0.5]], true, false]);
  assert.deepEqual(read("1.5,2.5\n3,4"), [[[1.5, 2.5], [3, 4]], false, false]);
  assert.deepEqual(read("1, 2, 3"), [[1, 2, 3], false, false]);
  assert.deepEqual(read("1 2e-3\n"), [[1, 0.002], false, false]);
  // One comma a line is between two numbers, or within one.
  assert.deepEqual(read("1,5"), [[1, 5], false, true]);
  assert.deepEqual(read("1,5\n2,5\n"), [[[1, 5], [2, 5]], false, true]);
});

test("what is no list of numbers is said by its line", () => {
  refused(() => numberArray(" \n"), "numbers_none", {});
  refused(() => numberArray("1;2\n\n3\n"), "numbers_uneven", { line: 3, cells: 1, expected: 2 });
  refused(() => numberArray("1;;2"), "numbers_gap", { line: 1 });
  refused(() => numberArray("time;value\n1;2"), "numbers_other", { line: 1, cell: "time" });
  refused(() => numberArray("1,5;2.5"), "numbers_unclear", { line: 1, cell: "2.5" });
  refused(() => numberArray("1;1.234,5"), "numbers_unclear", { line: 1, cell: "1.234,5" });
});

test("a CSV file with semicolons or tabs is written as the program reads it", () => {
  assert.equal(plainCsv("age,sex\n1,f\n", ["age"]), null);
  assert.deepEqual(plainCsv('age;sex;note\n3,5;f;"a, b"\nmissing;m;1,5\n4;;say "x"\n', ["age"]), { text: 'age,sex,note\n3.5,f,"a, b"\nmissing,m,"1,5"\n4,,"say ""x"""\n', separator: ";", decimal: ["age"] });
  assert.deepEqual(plainCsv(" age \tsex\n3,5\tf\n", ["age"]), { text: " age ,sex\n3.5,f\n", separator: "\t", decimal: ["age"] });
  assert.deepEqual(plainCsv("age;sex\n3.5;-f\n", ["age"]), { text: "age,sex\n3.5,-f\n", separator: ";", decimal: [] });
  for (const cell of ["2.5", "1.234,5"]) refused(() => plainCsv(`age;sex\n3,5;f\n${cell};m\n`, ["age"]), "own_csv_unclear", { name: "age", cell });
});
