// What a set of answers is worth, beside the truth. Pure functions of their arguments.

import { cellNumber, isMissing } from "./csv.js";

/** z of a 95 % interval. */
const Z95 = 1.959963984540054;
const RESAMPLED = 1000;
const BINS = 15;
/** Classes whose confusions are counted one by one. */
const CONFUSED = 1000;
/** Milliseconds after which a bootstrap lets others go on. */
const AT_ONCE = 40;

/** The score interval of a share (Wilson 1927): [low, high]. */
export function wilson(successes, count) {
  if (count === 0) return [0, 1];
  const share = successes / count;
  const z2 = Z95 * Z95;
  const middle = share + z2 / (2 * count);
  const spread = Z95 * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count));
  const whole = 1 + z2 / count;
  return [Math.max(0, (middle - spread) / whole), Math.min(1, (middle + spread) / whole)];
}

/** Metrics of labels. Each row is { truth, label }. */
export function labelMetrics(rows) {
  const { classes, truths, labels } = coded(rows);
  const sized = () => new Array(classes.length).fill(0);
  const [hits, supports, saids] = [sized(), sized(), sized()];
  // Free texts can be as many classes as rows; a table of all pairs would not fit.
  const confused = Math.min(classes.length, CONFUSED);
  const confusion = Array.from({ length: confused }, () => new Array(confused).fill(0));
  rows.forEach((_, at) => {
    const [truth, label] = [truths[at], labels[at]];
    supports[truth] += 1;
    saids[label] += 1;
    if (truth === label) hits[truth] += 1;
    if (truth < confused && label < confused) confusion[truth][label] += 1;
  });
  const perClass = classes.map((name, at) => {
    const [hit, support, said] = [hits[at], supports[at], saids[at]];
    const precision = said > 0 ? hit / said : 0;
    const recall = support > 0 ? hit / support : 0;
    return { name, precision, recall, f1: hit > 0 ? (2 * hit) / (support + said) : 0, support, said };
  });
  const right = total(hits);
  const often = supports.reduce((most, support, at) => (support > supports[most] ? at : most), 0);
  const share = (count) => (rows.length > 0 ? count / rows.length : 0);
  return {
    count: rows.length,
    accuracy: share(right),
    intervals: { accuracy: wilson(right, rows.length) },
    ...classMeans(hits, supports, saids),
    baseline: { label: classes[often] ?? null, accuracy: share(supports[often] ?? 0) },
    classes,
    confusion,
    perClass,
  };
}

/** The 95 % intervals of what `labelMetrics` means over classes. */
export async function labelIntervals(rows, pause) {
  const { classes, truths, labels } = coded(rows);
  const sized = () => new Uint32Array(classes.length);
  const [hits, supports, saids] = [sized(), sized(), sized()];
  const [f1, balanced] = await bootstrap(
    rows.length,
    (draw) => {
      for (const counts of [hits, supports, saids]) counts.fill(0);
      for (const at of draw) {
        supports[truths[at]] += 1;
        saids[labels[at]] += 1;
        if (truths[at] === labels[at]) hits[truths[at]] += 1;
      }
      const means = classMeans(hits, supports, saids);
      return [means.f1, means.balanced];
    },
    pause,
  );
  return { f1, balanced };
}

/** F1 over the classes that are true or said somewhere, and recall over those that are true, as scikit-learn means them. */
function classMeans(hits, supports, saids) {
  let [f1, named, recall, present] = [0, 0, 0, 0];
  for (let at = 0; at < hits.length; at += 1) {
    const uses = supports[at] + saids[at];
    if (uses > 0) {
      f1 += (2 * hits[at]) / uses;
      named += 1;
    }
    if (supports[at] > 0) {
      recall += hits[at] / supports[at];
      present += 1;
    }
  }
  return { f1: named > 0 ? f1 / named : 0, balanced: present > 0 ? recall / present : 0 };
}

/** Rows as places in the list of classes. */
function coded(rows) {
  const classes = [...new Set(rows.flatMap((row) => [row.truth, row.label]))].sort();
  const index = new Map(classes.map((name, at) => [name, at]));
  return { classes, truths: Uint32Array.from(rows, ({ truth }) => index.get(truth)), labels: Uint32Array.from(rows, ({ label }) => index.get(label)) };
}

/**
 * Expected calibration error over equally wide bins (Guo et al. 2017), with the bins that hold something; each row
 * is { score, truth, label }. Null where scores are no shares.
 */
export function calibration(rows) {
  if (rows.length === 0 || rows.some(({ score }) => !(typeof score === "number" && score >= 0 && score <= 1))) return null;
  const bins = Array.from({ length: BINS }, (_, at) => ({ low: at / BINS, high: (at + 1) / BINS, count: 0, score: 0, right: 0 }));
  for (const { score, truth, label } of rows) {
    // A bin holds its upper edge, as in the paper.
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(score * BINS) - 1))];
    bin.count += 1;
    bin.score += score;
    bin.right += truth === label ? 1 : 0;
  }
  const error = total(bins.map(({ score, right }) => Math.abs(score - right))) / rows.length;
  return { error, bins: bins.filter(({ count }) => count > 0).map((bin) => ({ ...bin, score: bin.score / bin.count })) };
}

/** Metrics of numbers. Each row is { truth, value }. */
export function numberMetrics(rows) {
  const count = Math.max(1, rows.length);
  const errors = rows.map(({ truth, value }) => value - truth);
  const middle = total(rows.map(({ truth }) => truth)) / count;
  const spread = total(rows.map(({ truth }) => (truth - middle) ** 2));
  const squares = total(errors.map((error) => error * error));
  // Rounding leaves a spread where there is none.
  const varied = rows.some(({ truth }) => truth !== rows[0].truth);
  return {
    count: rows.length,
    mae: total(errors.map(Math.abs)) / count,
    rmse: Math.sqrt(squares / count),
    bias: total(errors) / count,
    r2: varied ? 1 - squares / spread : null,
    intervals: {},
    baseline: { mean: middle, rmse: varied ? Math.sqrt(spread / count) : 0 },
  };
}

/** The 95 % intervals of what `numberMetrics` finds. */
export async function numberIntervals(rows, pause) {
  const errors = Float64Array.from(rows, ({ truth, value }) => Math.abs(value - truth));
  const middle = total(rows.map(({ truth }) => truth)) / Math.max(1, rows.length);
  // Differences from the mean keep their digits where squares of the truths would lose them.
  const truths = Float64Array.from(rows, ({ truth }) => truth - middle);
  const [mae, rmse, r2] = await bootstrap(
    rows.length,
    (draw) => {
      let [sum, squares, mean, spread, varied] = [0, 0, 0, 0, false];
      for (const at of draw) {
        sum += errors[at];
        squares += errors[at] * errors[at];
        mean += truths[at];
        varied ||= truths[at] !== truths[draw[0]];
      }
      mean /= draw.length;
      for (const at of draw) spread += (truths[at] - mean) ** 2;
      return [sum / draw.length, Math.sqrt(squares / draw.length), varied ? 1 - squares / spread : null];
    },
    pause,
  );
  return { mae, rmse, r2 };
}

/**
 * The middle 95 % of statistics over resampled rows (Efron 1979): [low, high] each, null where there is nothing to
 * resample. `statistics(draw)` gets places of rows and gives a list; null in it is a statistic that this draw does not have.
 * Long ones wait for `pause()` in between. The same rows give the same intervals, wherever the pauses fall.
 */
export async function bootstrap(count, statistics, pause) {
  const random = generator(20_191_208);
  const draw = new Uint32Array(count);
  const found = [];
  let since = performance.now();
  for (let round = 0; round < RESAMPLED; round += 1) {
    for (let at = 0; at < count; at += 1) draw[at] = Math.floor(random() * count);
    found.push(statistics(draw));
    if (performance.now() - since > AT_ONCE) {
      await pause();
      since = performance.now();
    }
  }
  return found[0].map((_, at) => (count > 1 ? middleOf(found.map((values) => values[at])) : null));
}

function middleOf(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known.length > 0 ? [0.025, 0.975].map((share) => known[Math.floor(share * known.length)]) : null;
}

function total(values) {
  return values.reduce((sum, one) => sum + one, 0);
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * How the true answers of a file name the model's labels: as they are, but for case, or as another spelling of a
 * number (a column of digits with gaps is often saved as 3.0). Empty where there is no answer.
 */
export function labelReader(labels) {
  const exact = new Map((labels ?? []).map((label) => [label.trim(), label]));
  // Labels that differ in case alone, or are the same number, stay apart.
  const folded = spellings(labels, (label) => label.trim().toLowerCase());
  const numbers = spellings(labels, cellNumber);
  return (text) => {
    const plain = text.trim();
    const known = exact.get(plain) ?? folded.get(plain.toLowerCase()) ?? (cellNumber(plain) === null ? undefined : numbers.get(cellNumber(plain)));
    return known ?? (isMissing(plain) ? "" : plain);
  };
}

function spellings(labels, spelt) {
  const found = new Map();
  for (const label of labels ?? []) found.set(spelt(label), found.has(spelt(label)) ? undefined : label);
  return found;
}
