// What came of many items: what the answers are worth beside the truth, each answer, and files of both to keep.

import { columnNumber, csvText } from "./csv.js";
import { authored, authoredCode, byId, el, saveFile, urlSlot } from "./dom.js";
import { scrollTable } from "./frames.js";
import { calibration, labelIntervals, labelMetrics, labelReader, numberIntervals, numberMetrics, wilson } from "./metrics.js";
import { unitScale } from "./outputs.js";
import { answerNumber, integer, number, score, t, tn } from "./strings.js";

/** Rows, classes, slices and worst cases that are shown. */
const SHOWN_ROWS = 200;
const SHOWN_CLASSES = 30;
const SHOWN_SLICES = 200;
const SHOWN_WORST = 20;
/** A slice of fewer than this says little. */
const SMALL_SLICE = 5;

/** A choice with its name, which keeps the focus when what it changes is drawn anew. */
export function picker(id, words, options, value, change) {
  const select = el("select", { id }, ...options.map(([key, text]) => el("option", { value: key, selected: key === value, dir: "auto" }, text)));
  select.addEventListener("change", () => {
    change(select.value);
    byId(id)?.focus();
  });
  return el("span", { class: "pick" }, el("label", { for: id }, words), " ", select);
}

/** Shows `state.results` in `host`. Intervals that take a while come later, unless `state.measuring` is aborted. */
export function showResults(description, state, host) {
  state.measuring?.abort();
  state.measuring = new AbortController();
  const output = description.outputs.find(({ name }) => name === state.output);
  const rows = answeredRows(state, output);
  const judged = rows.filter((row) => !row.error && row.truth !== "");
  // A truth that can be read in two ways is not measured in either.
  const unclear = output?.kind === "scalar" && state.table?.unclear.get(state.truth);
  const worth = judged.length > 0 && !unclear ? worthOf(judged, output, state) : null;
  const parts = [resultPicks(description, state, () => showResults(description, state, host))];
  if (unclear) parts.push(el("p", { "data-mark": "no" }, authored(t("own_csv_unclear", { name: state.truth, cell: unclear }))));
  if (worth) parts.push(...worth.parts);
  const failed = rows.filter((row) => row.error).length;
  const unjudged = rows.length - failed - (worth?.found.count ?? 0);
  if (state.truth && unjudged > 0) parts.push(el("p", { "data-mark": "unknown" }, tn("own_unjudged", unjudged)));
  if (failed > 0) parts.push(el("p", { "data-mark": "no" }, tn("own_failed", failed)));
  // Intervals of an earlier choice end here, and nobody waits for them.
  const ready = worth?.measure(pauses(state.measuring.signal)).catch(() => {});
  parts.push(el("h3", {}, t("own_answers")), answersTable(rows, output, Boolean(state.truth)), exportButtons(description, state, rows, worth, ready));
  host.replaceChildren(...parts);
}

/** Each result with its answer and, as the model would say it, its truth: empty where there is none. */
function answeredRows(state, output) {
  const read = labelReader(output?.labels);
  return state.results.map(({ item, outputs, error }) => {
    const cell = state.truth ? (item.facts.get(state.truth) ?? "") : "";
    return { item, error, truth: read(cell), ...answerOf(outputs?.[state.output], output) };
  });
}

/** The answer of an outcome: its top label with its score, its number, or words where it is neither. */
function answerOf(outcome, output) {
  if (outcome?.rows && outcome.rows.length !== 1) return { words: tn("rows", outcome.rows.length + outcome.omitted_rows) };
  if (outcome?.kind === "boxes") return { words: tn("own_boxes", outcome.boxes.length + outcome.omitted_boxes) };
  if (outcome?.kind === "tensor") return { words: t("tensor_summary", { shape: outcome.shape.join(" × ") }) };
  if (outcome?.kind === "labels") {
    const [ranking] = outcome.rows;
    return { label: ranking[0]?.label ?? null, score: ranking[0]?.score ?? null, unit: unitScale(output, ranking) };
  }
  if (outcome?.kind === "scalar") return scalarAnswer(outcome.rows[0] ?? null, output);
  if (outcome?.kind === "text") return { label: outcome.text, score: null };
  return {};
}

function scalarAnswer(value, output) {
  return { value, shown: answerNumber(value, output?.tolerance) };
}

function resultPicks(description, state, redraw) {
  const pick = (id, words, options, key) =>
    picker(id, words, options, state[key] ?? "", (chosen) => {
      state[key] = chosen || null;
      redraw();
    });
  const columns = [["", t("own_none")], ...state.columns.map((name) => [name, name])];
  return el(
    "p",
    { class: "actions" },
    description.outputs.length > 1 && pick("own-output", t("own_output"), description.outputs.map(({ name }) => [name, name]), "output"),
    state.columns.length > 0 && pick("own-truth", t("own_truth"), columns, "truth"),
    state.columns.length > 0 && pick("own-slice", t("own_slice"), columns, "slice"),
  );
}

/** Waits that let the page answer to other things; they end with the signal. */
function pauses(signal) {
  return async () => {
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  };
}

/** What judged answers are worth: { found, parts, measure }; null where none of them can be measured. */
function worthOf(judged, output, state) {
  if (output?.kind === "scalar") {
    // An answer or a truth that is no number is in no mean; how many there are is said beside.
    const read = columnNumber(state.table, state.truth);
    const rows = judged.map((row) => ({ ...row, truth: read(row.truth) })).filter((row) => typeof row.value === "number" && row.truth !== null);
    return rows.length > 0 ? worthOfNumbers(rows, state) : null;
  }
  const rows = judged.filter((row) => typeof row.label === "string");
  return rows.length > 0 ? worthOfLabels(rows, state) : null;
}

function worthOfNumbers(rows, state) {
  const found = numberMetrics(rows);
  const places = { mae: measured(found.mae), rmse: measured(found.rmse), r2: measured(found.r2) };
  const facts = [[t("own_mae"), places.mae.element], [t("own_rmse"), places.rmse.element], [t("own_bias"), number(found.bias)], [t("own_r2"), places.r2.element]];
  const sliced = slicesOf(rows, state, (some) => measured(numberMetrics(some).mae), 1);
  const worst = [...rows].sort((a, b) => Math.abs(b.value - b.truth) - Math.abs(a.value - a.truth));
  const baseline = t("own_baseline_numbers", { rmse: number(found.baseline.rmse), mean: number(found.baseline.mean) });
  return {
    found,
    parts: [summaryList(found.count, facts), el("p", { class: "hint" }, baseline), ...sliced.parts, ...worstCases(worst)],
    async measure(pause) {
      await pause();
      found.intervals = await numberIntervals(rows, pause);
      for (const [name, place] of Object.entries(places)) place.fill(found.intervals[name]);
      for (const { some, place } of sliced.shown) {
        // Many small slices are as long as a large one.
        await pause();
        place.fill((await numberIntervals(some, pause)).mae);
      }
    },
  };
}

function worthOfLabels(rows, state) {
  const found = labelMetrics(rows);
  // How far a score can be believed can be asked only of scores that are shares.
  const reliable = rows.every((row) => row.unit) ? calibration(rows) : null;
  Object.assign(found, { calibration: reliable?.error ?? null, reliability: reliable?.bins ?? null });
  const places = { f1: measured(found.f1), balanced: measured(found.balanced) };
  const accuracy = measured(found.accuracy);
  accuracy.fill(found.intervals.accuracy);
  const facts = [[t("own_accuracy"), accuracy.element], [t("own_balanced"), places.balanced.element], [t("own_f1"), places.f1.element]];
  if (reliable) facts.push([t("own_calibration"), score(reliable.error, true)]);
  const baseline = el("p", { class: "hint" }, t("own_baseline_labels", { value: number(found.baseline.accuracy) }), " ", authored(found.baseline.label));
  const share = (some) => {
    const right = some.filter((row) => row.truth === row.label).length;
    const place = measured(right / some.length);
    place.fill(wilson(right, some.length));
    return place;
  };
  const worst = rows.filter((row) => row.truth !== row.label).sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  return {
    found,
    parts: [summaryList(found.count, facts), baseline, ...(reliable ? [reliabilityTable(reliable)] : []), confusionTable(found), classTable(found), ...slicesOf(rows, state, share, -1).parts, ...worstCases(worst)],
    async measure(pause) {
      await pause();
      Object.assign(found.intervals, await labelIntervals(rows, pause));
      for (const [name, place] of Object.entries(places)) place.fill(found.intervals[name]);
    },
  };
}

/** An interval; a dash before a minus would be read as another. */
function between([low, high], words) {
  return low < 0 ? t("own_between", { low: words(low), high: words(high) }) : `${words(low)}–${words(high)}`;
}

/** A number, and room for its interval. */
function measured(value) {
  const element = el("span", {}, number(value, "–"));
  return {
    value,
    element,
    fill(interval) {
      // Draws of few rows that are all alike say nothing of other rows.
      if (interval && value !== null && interval[0] < interval[1]) element.append(` (95 %: ${between(interval, number)})`);
    },
  };
}

function summaryList(count, facts) {
  const fact = ([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  return el("dl", { class: "summary" }, ...[[t("own_count"), integer(count)], ...facts].map(fact));
}

/** The heads of a table; what stands below `numeric` ones is set as they are. */
function headed(words, numeric) {
  return words.map((word) => [word, numeric]);
}

function reliabilityTable({ bins }) {
  const share = (value) => el("td", { class: "numeric" }, score(value, true));
  const line = ({ low, high, count, score: mean, right }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "numeric" }, `${low.toFixed(2)}–${high.toFixed(2)}`),
      el("td", { class: "numeric" }, integer(count)),
      share(mean),
      el("td", { class: "numeric" }, `${score(right / count, true)} (95 %: ${between(wilson(right, count), (end) => score(end, true))})`),
    );
  const heads = headed([t("score"), t("own_count"), t("own_mean_score"), t("own_share_right")], true);
  const title = t("own_reliability");
  return el("details", {}, el("summary", {}, title), el("p", { class: "hint" }, t("own_reliability_how")), scrollTable(title, heads, bins.map(line)));
}

function confusionTable({ classes, confusion }) {
  const shown = classes.slice(0, SHOWN_CLASSES);
  const lines = shown.map((name, at) =>
    el("tr", {}, el("th", { scope: "row" }, authored(name)), ...shown.map((_, other) => el("td", { class: at === other ? "numeric diagonal" : "numeric" }, integer(confusion[at][other])))),
  );
  const title = t("own_confusion");
  const heads = [[t("own_true_said"), false], ...headed(shown.map((name) => authored(name)), true)];
  const more = classes.length > shown.length && el("p", { class: "hint" }, t("own_more_classes", { shown: integer(shown.length), count: integer(classes.length) }));
  return el("div", {}, el("h3", {}, title), scrollTable(title, heads, lines), more);
}

function classTable({ perClass }) {
  const line = (one) =>
    el("tr", {}, el("th", { scope: "row" }, authored(one.name)), ...[one.precision, one.recall, one.f1].map((value) => el("td", { class: "numeric" }, score(value, true))), el("td", { class: "numeric" }, integer(one.support)));
  const title = t("own_classes");
  const heads = [[t("label"), false], ...headed([t("own_precision"), t("own_recall"), "F1", t("own_support")], true)];
  const more = perClass.length > SHOWN_ROWS && el("p", { class: "hint" }, t("own_more_classes", { shown: integer(SHOWN_ROWS), count: integer(perClass.length) }));
  return el("div", {}, el("h3", {}, title), scrollTable(title, heads, perClass.slice(0, SHOWN_ROWS).map(line)), more);
}

/** The main metric slice by slice, the worst first; `sign` is 1 where more is worse. */
function slicesOf(rows, state, measure, sign) {
  if (!state.slice) return { parts: [], shown: [] };
  const groups = new Map();
  for (const row of rows) {
    const key = row.item.facts.get(state.slice) ?? "";
    if (groups.has(key)) groups.get(key).push(row);
    else groups.set(key, [row]);
  }
  const found = [...groups].map(([key, some]) => ({ key, some, place: measure(some) }));
  found.sort((a, b) => sign * (b.place.value - a.place.value) || (a.key < b.key ? -1 : 1));
  const shown = found.slice(0, SHOWN_SLICES);
  const line = ({ key, some, place }) =>
    el("tr", {}, el("th", { scope: "row" }, key === "" ? "–" : authored(key)), el("td", { class: "numeric" }, place.element), el("td", { class: "numeric" }, integer(some.length), some.length < SMALL_SLICE && ` ${t("own_few")}`));
  const title = t("own_slices", { column: state.slice });
  const heads = [[authored(state.slice), false], ...headed([t("value"), t("own_count")], true)];
  const more = found.length > shown.length ? [el("p", { class: "hint" }, t("first_rows_of", { shown: integer(shown.length), count: integer(found.length) }))] : [];
  return { parts: [el("h3", {}, title), ...more, scrollTable(title, heads, shown.map(line))], shown };
}

function worstCases(worst) {
  if (worst.length === 0) return [];
  const line = (row) => {
    const url = urlSlot();
    const file = [...row.item.sources.values()].find((source) => source.file?.type.startsWith("image/"))?.file;
    const picture = file && el("img", { src: url(file), alt: "", class: "own-thumb", onload: () => url(null) });
    const points = typeof row.score === "number" && ` (${score(row.score, row.unit)})`;
    return el("li", {}, picture, el("span", {}, authored(itemName(row.item)), " · ", t("own_truth"), ": ", authored(row.truth), " · ", t("actual"), ": ", authored(row.label ?? row.shown), points));
  };
  return [el("h3", {}, t("own_worst")), el("ul", { class: "own-worst" }, ...worst.slice(0, SHOWN_WORST).map(line))];
}

/** A file's path, or the number of a row. */
function itemName({ name }) {
  return typeof name === "number" ? integer(name) : name;
}

function shownAnswer(row) {
  return row.words ?? row.label ?? row.shown ?? "–";
}

function answersTable(rows, output, withTruth) {
  const numeric = output?.kind === "scalar";
  const side = numeric ? "numeric" : undefined;
  const line = (row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, authored(itemName(row.item))),
      row.error ? el("td", {}, el("span", { "data-mark": "no" }, authoredCode(row.error))) : el("td", { class: side }, el("span", { title: row.value }, authored(shownAnswer(row)))),
      el("td", { class: "numeric" }, typeof row.score === "number" ? score(row.score, row.unit) : "–"),
      withTruth && el("td", { class: side }, authored(row.truth)),
    );
  const heads = [[t("own_item"), false], [t("answer"), numeric], [t("score"), true], ...(withTruth ? [[t("own_truth"), numeric]] : [])];
  const table = scrollTable(t("own_answers"), heads, rows.slice(0, SHOWN_ROWS).map(line));
  return rows.length > SHOWN_ROWS ? el("div", {}, el("p", { class: "hint" }, t("first_rows_of", { shown: integer(SHOWN_ROWS), count: integer(rows.length) })), table) : table;
}

function exportButtons(description, state, rows, worth, ready) {
  const stem = `${description.name}-${description.version}-own-data`;
  const header = ["item", ...state.columns, "answer", "score", "truth", "error"];
  const asRows = () => [header, ...rows.map((row) => [row.item.name, ...state.columns.map((name) => row.item.facts.get(name)), row.words ?? row.label ?? row.value, row.score, row.truth, row.error])];
  const asJson = () => ({
    bundle: { id: description.id, name: description.name, version: description.version },
    output: state.output,
    truth: state.truth,
    metrics: worth ? worth.found : null,
    rows: state.results.map(({ item, outputs, error }) => ({ item: item.name, facts: Object.fromEntries(item.facts), outputs: outputs ?? null, error: error ?? null })),
  });
  const button = (words, name, make) => {
    const one = el("button", { type: "button", class: "button" }, words);
    one.addEventListener("click", async () => {
      // No file is without the intervals that the page is about to show.
      await ready;
      saveFile(name, make());
    });
    return one;
  };
  return el(
    "p",
    { class: "actions" },
    button(t("own_export_csv"), `${stem}.csv`, () => new Blob([csvText(asRows())], { type: "text/csv" })),
    button(t("own_export_json"), `${stem}.json`, () => new Blob([JSON.stringify(asJson(), null, 1)], { type: "application/json" })),
  );
}
