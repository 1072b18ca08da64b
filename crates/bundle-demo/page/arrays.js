// The numbers of an array as points, as rows, as lines. An answer has the first numbers only: what
// is not whole is left out. Arithmetic alone, which the tests call without a page.

/** Lines that one plot can hold. */
const MOST_LINES = 8;

/** The sides without those of 1 before them, down to `least` sides. */
function inner(shape, least) {
  const sides = [...shape];
  while (sides.length > least && sides[0] === 1) sides.shift();
  return sides;
}

/** `[…, K, 2 or 3]` as points: x, y and, where there are three, a score. Null of an array of another shape. */
export function pointsOf({ kind, shape, values }) {
  if (kind !== "tensor" || shape.length < 2) return null;
  const [each, width] = shape.slice(-2);
  if (width !== 2 && width !== 3) return null;
  const all = shape.slice(0, -1).reduce((product, side) => product * side, 1);
  const points = [];
  for (let at = 0; at < all && (at + 1) * width <= values.length; at += 1) {
    const [x, y, score] = values.slice(at * width, (at + 1) * width);
    points.push({ group: Math.floor(at / each), index: at % each, x, y, score: score ?? null });
  }
  return { points, all, each, groups: each > 0 ? all / each : 0, scored: width === 3 };
}

/** `[R, C]` or `[1, R, C]` as rows, as many as are here; null of an array of another shape. */
export function rowsOf({ kind, shape, values }) {
  const sides = kind === "tensor" ? inner(shape, 2) : [];
  if (sides.length !== 2) return null;
  const [all, columns] = sides;
  const whole = columns > 0 ? Math.min(all, Math.floor(values.length / columns)) : 0;
  return { columns, all, rows: Array.from({ length: whole }, (_, at) => values.slice(at * columns, (at + 1) * columns)) };
}

/**
 * The lines of the first numbers where not all are here: `{ lines, length }`, with how long they would be. Null where the
 * numbers of a channel lie apart, so that some channels would be missing.
 */
export function firstLinesOf({ kind, shape, values, omitted }) {
  const sides = kind === "tensor" && omitted > 0 ? inner(shape, 1) : [];
  const [length, channels = 1] = sides.length === 2 && sides[1] === 1 ? sides.slice(0, 1) : sides;
  if (sides.length === 0 || sides.length > 2 || channels > MOST_LINES || length <= MOST_LINES) return null;
  const whole = Math.floor(values.length / channels);
  if (whole < 2) return null;
  return { lines: Array.from({ length: channels }, (_, channel) => Array.from({ length: whole }, (_, time) => values[time * channels + channel])), length };
}

/** Points of a line for a plot no finer than `most`: of each stretch the least and the greatest, so that no peak is lost. */
export function thinned(values, most) {
  const points = values.map((y, x) => ({ x, y }));
  if (points.length <= most) return points;
  const stretch = Math.ceil((2 * points.length) / most);
  return Array.from({ length: Math.ceil(points.length / stretch) }, (_, at) => extremes(points.slice(at * stretch, (at + 1) * stretch))).flat();
}

/** The least and the greatest of some points, from left to right; one without a number where there is none. */
function extremes(points) {
  const known = points.filter(({ y }) => y !== null);
  if (known.length === 0) return points.slice(0, 1);
  const least = known.reduce((found, one) => (one.y < found.y ? one : found));
  const greatest = known.reduce((found, one) => (one.y > found.y ? one : found));
  return least === greatest ? [least] : [least, greatest].sort((one, other) => one.x - other.x);
}

/** `[1, C, T]` or `[T, C]` as C lines of numbers; null where that are too many, or not all are here. */
export function linesOf({ kind, shape, values, omitted }) {
  if (kind !== "tensor" || omitted > 0) return null;
  const sides = inner(shape, 1);
  if (sides.length > 2) return null;
  const [first, second = 1] = sides;
  if (sides.length === 1 || first === 1 || second === 1) return values.length > 1 ? [values] : null;
  // The shorter side are the channels; where both are short, what the number of sides says.
  const fewRows = first <= MOST_LINES;
  const byRow = fewRows && second <= MOST_LINES ? shape.length > 2 : fewRows;
  if (!byRow && second > MOST_LINES) return null;
  const [channels, length] = byRow ? [first, second] : [second, first];
  const at = (channel, time) => (byRow ? channel * length + time : time * channels + channel);
  return Array.from({ length: channels }, (_, channel) => Array.from({ length }, (_, time) => values[at(channel, time)]));
}
