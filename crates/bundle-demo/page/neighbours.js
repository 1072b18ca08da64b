// Which vectors are near to another one, and the vectors that were answered so far. Arithmetic
// alone, which the tests call without a page.

/** Answers to the person's own inputs that are remembered. */
const OWN_ANSWERS = 50;
/** Examples whose vectors are remembered. */
const EXAMPLE_ANSWERS = 500;

/** The vector of an array: how long it is, and its numbers where all are here. Null of an array of several axes. */
export function vectorOf({ kind, shape, values, omitted }) {
  if (kind !== "tensor" || shape.filter((side) => side !== 1).length > 1) return null;
  const length = shape.reduce((product, side) => product * side, 1);
  return { length, values: omitted > 0 || values.length !== length ? null : values };
}

/** The Euclidean norm; null where a number is not finite. */
export function norm(values) {
  if (values.includes(null)) return null;
  // Of large numbers the squares would be infinite.
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most === 0 ? 0 : most * Math.sqrt(values.reduce((total, value) => total + (value / most) ** 2, 0));
}

/** The cosine of the angle between two vectors; null where there is none. */
export function cosine(one, other) {
  const [first, second] = [norm(one), norm(other)];
  if (one.length !== other.length || !first || !second) return null;
  const total = one.reduce((sum, value, at) => sum + (value / first) * (other[at] / second), 0);
  return Math.min(1, Math.max(-1, total));
}

/** `{ name, values }` by their similarity to `values`, the most similar first; without those that have none. */
export function nearest(values, neighbours) {
  const found = neighbours.map(({ name, values: others }) => ({ name, similarity: cosine(values, others) }));
  return found.filter(({ similarity }) => similarity !== null).sort((a, b) => b.similarity - a.similarity);
}

/** The vectors that were answered on this page, of examples and of the person's own inputs; `ownName` names the latter. */
export function vectorMemory(outputs, ownName) {
  const kept = new Map(outputs.filter(({ kind }) => kind === "embedding").map(({ name }) => [name, { examples: new Map(), own: [], count: 0 }]));
  const each = (outcomes, keep) => {
    for (const [name, memory] of kept) {
      const values = outcomes[name] && vectorOf(outcomes[name])?.values;
      if (values) keep(memory, values);
    }
  };
  return {
    replayed(replay) {
      const outcomes = Object.fromEntries(Object.entries(replay.outputs).map(([name, { actual }]) => [name, actual]));
      each(outcomes, ({ examples }, values) => {
        if (examples.has(replay.example) || examples.size < EXAMPLE_ANSWERS) examples.set(replay.example, values);
      });
    },
    answered(outcomes) {
      each(outcomes, (memory, values) => {
        memory.count += 1;
        memory.own.push({ name: ownName(memory.count), values });
        if (memory.own.length > OWN_ANSWERS) memory.own.shift();
      });
    },
    /** All of one output but those of `example`; undefined where the output is no vector. */
    beside(output, example = null) {
      const memory = kept.get(output);
      if (!memory) return undefined;
      const others = [...memory.examples].filter(([name]) => name !== example);
      return [...others.map(([name, values]) => ({ name, values })), ...memory.own];
    },
  };
}
