// What a set of answers is worth, beside the truth. Pure functions of their arguments.

/** z of a 95 % interval. */
const Z95 = 1.959963984540054;
const RESAMPLED = 1000;
const BINS = 15;

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

/** Metrics of labels. Each row is { truth, label, score }; a score is a share, or null. */
export function labelMetrics(rows) {
  const right = rows.filter((row) => row.truth === row.label).length;
  const classes = [...new Set(rows.flatMap((row) => [row.truth, row.label]))].sort();
  const index = new Map(classes.map((name, at) => [name, at]));
  const confusion = classes.map(() => new Array(classes.length).fill(0));
  for (const row of rows) confusion[index.get(row.truth)][index.get(row.label)] += 1;
  const perClass = classes.map((name, at) => {
    const hit = confusion[at][at];
    const support = confusion[at].reduce((sum, one) => sum + one, 0);
    const said = confusion.reduce((sum, line) => sum + line[at], 0);
    const precision = said > 0 ? hit / said : 0;
    const recall = support > 0 ? hit / support : 0;
    const f1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
    return { name, precision, recall, f1, support, said };
  });
  const f1 = perClass.reduce((sum, one) => sum + one.f1, 0) / Math.max(1, perClass.length);
  return { count: rows.length, accuracy: rows.length > 0 ? right / rows.length : 0, interval: wilson(right, rows.length), f1, classes, confusion, perClass, calibration: calibrationError(rows) };
}

/** Expected calibration error over equally wide bins (Guo et al. 2017); null where scores are no shares. */
export function calibrationError(rows) {
  if (rows.length === 0 || rows.some(({ score }) => score === null || score < 0 || score > 1)) return null;
  const bins = Array.from({ length: BINS }, () => ({ count: 0, score: 0, right: 0 }));
  for (const { score, truth, label } of rows) {
    // A bin holds its upper edge, as in the paper.
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(score * BINS) - 1))];
    bin.count += 1;
    bin.score += score;
    bin.right += truth === label ? 1 : 0;
  }
  return bins.reduce((sum, { count, score, right }) => sum + Math.abs(score - right), 0) / rows.length;
}

/** Metrics of numbers. Each row is { truth, value }. */
export function numberMetrics(rows) {
  const errors = rows.map(({ truth, value }) => value - truth);
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
  const middle = mean(rows.map(({ truth }) => truth));
  const spread = rows.reduce((sum, { truth }) => sum + (truth - middle) ** 2, 0);
  const squares = errors.reduce((sum, error) => sum + error * error, 0);
  return {
    count: rows.length,
    mae: mean(errors.map(Math.abs)),
    interval: bootstrap(errors.map(Math.abs), mean),
    rmse: Math.sqrt(squares / Math.max(1, rows.length)),
    bias: mean(errors),
    r2: spread > 0 ? 1 - squares / spread : null,
  };
}

/** The middle 95 % of a statistic over resampled values (Efron 1979); the same for the same values. */
export function bootstrap(values, statistic) {
  if (values.length === 0) return [0, 0];
  const random = generator(20_191_208);
  const found = [];
  for (let round = 0; round < RESAMPLED; round += 1) {
    found.push(statistic(values.map(() => values[Math.floor(random() * values.length)])));
  }
  found.sort((a, b) => a - b);
  return [found[Math.floor(0.025 * RESAMPLED)], found[Math.floor(0.975 * RESAMPLED)]];
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

/** How the true answers of a file name the model's labels: as they are, or but for case. */
export function labelReader(labels) {
  const exact = new Map((labels ?? []).map((label) => [label.trim(), label]));
  const folded = new Map();
  // Labels that differ in case alone stay apart.
  for (const label of labels ?? []) folded.set(label.trim().toLowerCase(), folded.has(label.trim().toLowerCase()) ? undefined : label);
  return (text) => exact.get(text.trim()) ?? folded.get(text.trim().toLowerCase()) ?? text.trim();
}
