// Every word of the page comes from one table, so a translation is one more table.

const strings = JSON.parse(document.getElementById("strings").textContent);
const plurals = new Intl.PluralRules(strings.lang);

/** The text under `key`, with `{name}` replaced by `values.name`. */
export function t(key, values = {}) {
  const text = strings[key];
  if (text === undefined) throw new Error(`no text ${key}`);
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The text under `key.one`, `key.other` … for this count, with `{count}` and `values` replaced. */
export function tn(key, count, values = {}) {
  const form = `${key}.${plurals.select(count)}`;
  return t(form in strings ? form : `${key}.other`, { count: integer(count), ...values });
}

/** A whole number as people of this language write it. */
export function integer(value) {
  return new Intl.NumberFormat(strings.lang).format(value);
}

/** A size in the largest binary unit that keeps it above 1. */
export function bytes(count) {
  const short = (value) => new Intl.NumberFormat(strings.lang, { maximumFractionDigits: 1 }).format(value);
  if (count < 1024) return t("bytes", { count: integer(count) });
  if (count < 1024 * 1024) return t("kib", { count: short(count / 1024) });
  return t("mib", { count: short(count / 1024 / 1024) });
}

/** A size in pixels, width first. */
export function pixelSize({ width, height }) {
  return t("pixel_size", { width: integer(width), height: integer(height) });
}

/** A number as a person reads it, with so many significant digits; `word` where it is not finite. */
export function number(value, word = "NaN", digits = 4) {
  if (value === null || value === undefined) return word;
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return integer(value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(digits)));
  return value.toExponential(digits - 1);
}

/**
 * A number that was answered: with two digits more than its tolerance tells apart, so that no rounding hides what is
 * judged, and never with more than the seven that a 32-bit float has.
 */
export function answerNumber(value, tolerance, word = "NaN") {
  return number(value, word, answerDigits(value, tolerance));
}

function answerDigits(value, tolerance) {
  const { atol, rtol } = tolerance ?? { atol: 0, rtol: 1e-3 };
  const size = Math.abs(value);
  if (!(size > 0)) return 4;
  return Math.max(4, Math.min(7, 3 + Math.ceil(-Math.log10(atol / size + rtol))));
}

/** A score; on a scale from 0 to 1 with three decimals, and never rounded to certainty. */
export function score(value, unit, word = "NaN") {
  if (value === null || value === undefined || !unit) return number(value, word);
  if (value > 0 && value < 0.0005) return "<0.001";
  if (value < 1 && value >= 0.9995) return ">0.999";
  return value.toFixed(3);
}

/** A share of 1 in percent; what is there is never rounded to nothing, nor what is missing to all. */
export function percent(share) {
  const words = (value) => new Intl.NumberFormat(strings.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
  if (share > 0 && share < 0.0005) return t("percent", { share: `<${words(0.1)}` });
  if (share < 1 && share >= 0.9995) return t("percent", { share: `>${words(99.9)}` });
  return t("percent", { share: words(100 * share) });
}

/** Text of an author or a model within our words: in the direction of its own script, which it cannot leave. */
export function isolated(text) {
  return `\u2068${String(text).replace(/[\u202a-\u202e\u2066-\u2069]/g, "")}\u2069`;
}

/** The beginning of a text that may be of any length. */
export function cut(text, most = 60) {
  const letters = [...text.slice(0, 2 * most + 2)];
  return letters.length <= most ? text : `${letters.slice(0, most).join("")}…`;
}

/** A difference: only its magnitude matters. */
export function delta(value) {
  if (value === null || value === undefined) return "NaN";
  return value === 0 ? "0" : value.toExponential(1);
}
