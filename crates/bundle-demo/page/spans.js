// Labels of single tokens as the passages that they mean: BIO and its kin (Ramshaw and Marcus 1995),
// and plain labels. Arithmetic alone, which the tests call without a page.

/** Scripts that put no space between words: there, no space says nothing. */
const WITHOUT_SPACES = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** What a label says: whether a passage begins (`B`, `S`, `U`) or ends (`L`, `E`, `S`, `U`) here, and of what class. */
function tagOf(label, prefixed) {
  if (label === "" || label === "O") return { name: null, begins: false, ends: false };
  const [, prefix, name] = (prefixed && /^([BILUES])-(.+)$/su.exec(label)) || [];
  if (!prefix) return { name: label, begins: false, ends: false };
  return { name, begins: "BUS".includes(prefix), ends: "LEUS".includes(prefix) };
}

/**
 * The text in passages, one after the other: `name` is the class of a passage, null where there is
 * none, and `score` the mean of its tokens' scores. Tokens whose label is null are no part of the text.
 */
export function passagesOf(tokens) {
  // "E-mail" is a prefix and a class only where other labels begin, or go on.
  const prefixed = tokens.some(({ label }) => /^[BI]-./su.test(label ?? ""));
  const passages = [];
  let last = null;
  for (const { text, label, score } of tokens) {
    if (label === null || label === undefined) continue;
    const tag = tagOf(label, prefixed);
    const again = tag.begins && !(last && insideWord(last.parts.at(-1), text));
    if (!last || last.name !== tag.name || (tag.name !== null && (again || last.ended))) {
      last = { name: tag.name, parts: [], sum: 0, scores: 0, ended: false };
      passages.push(last);
    }
    last.parts.push(text);
    last.ended = tag.ends;
    if (Number.isFinite(score)) {
      last.sum += score;
      last.scores += 1;
    }
  }
  return passages.map(({ name, parts, sum, scores }) => ({ name, text: parts.join(""), tokens: parts.length, score: scores > 0 ? sum / scores : null }));
}

/** Whether a token goes on with the word of the one before it: models label the pieces of one name alike. */
function insideWord(before, text) {
  return /[\p{L}\p{M}\p{N}]$/u.test(before) && /^[\p{L}\p{M}\p{N}]/u.test(text) && !WITHOUT_SPACES.test(text);
}
