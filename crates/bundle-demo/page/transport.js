// How the page reaches the model. The rest of the page knows only this interface:
//
//   destination                          where inputs go, in words
//   predict(inputs, signal, trace)       → a prediction view; `inputs` maps names to { file } or { value };
//                                          with `trace`, if it can: what the model saw, and `unlike`
//   replay(example, signal)              → a replay view
//   exampleFile(example, input, signal)  → a Blob
//   usage(description)                   → how a program does the same, or null
//
// and, where it can change an input before it asks:
//
//   perturb(inputs, { input, kind, strength, seed }, signal)
//                                        → { outputs, picture, words }: a prediction, and the changed
//                                          input as a Blob or as text, or null
//   occlude(inputs, { input, grid }, signal)
//                                        → { rows, columns, drops, label }: how far the score of the
//                                          top label falls with each square grey, row by row
//
// Files go through untouched: a picture that a canvas has decoded is another picture.
// Every failure is a `TransportError` with words for a person, except an abort by `signal`.

import { t } from "./strings.js";

/** A failure in words, with a hint where there is something to do. */
export class TransportError extends Error {
  constructor(message, hint, refused = false) {
    super(message);
    this.hint = hint;
    /** Whether the model was reached and could not answer this; the next question may go well. */
    this.refused = refused;
  }
}

/** The HTTP API of `bundle serve`. */
export function httpTransport() {
  const segment = encodeURIComponent;
  return {
    destination: t("destination", { host: location.host }),
    async predict(inputs, signal) {
      const [[name, source], ...others] = inputs;
      if (others.length === 0 && source.file) {
        const request = { method: "POST", body: source.file, signal };
        return json(await call(`api/predict/${segment(name)}`, request));
      }
      const body = JSON.stringify({ inputs: await encoded(inputs) });
      const headers = { "content-type": "application/json" };
      return json(await call("api/predict", { method: "POST", headers, body, signal }));
    },
    async replay(example, signal) {
      return json(await call(`api/replay/${segment(example)}`, { method: "POST", signal }));
    },
    async exampleFile(example, input, signal) {
      const response = await call(`api/examples/${segment(example)}/${segment(input)}`, { signal });
      return response.blob();
    },
    usage: httpUsage,
  };
}

async function call(path, request) {
  let response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new TransportError(t("error_server_gone"), t("error_server_gone_hint"));
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new TransportError(problem.error ?? `${response.status} ${response.statusText}`, problem.hint, true);
}

async function json(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new TransportError(t("error_unreadable"));
  }
}

async function encoded(inputs) {
  const entries = [];
  for (const [name, source] of inputs) {
    entries.push([name, source.file ? { file_base64: await base64(source.file) } : { value: source.value }]);
  }
  return Object.fromEntries(entries);
}

/** The bytes of a blob as base64. */
export function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new TransportError(reader.error.message));
    reader.readAsDataURL(blob);
  });
}

function httpUsage(description) {
  const root = location.origin;
  const [first, ...others] = description.inputs;
  if (!first) return null;
  const lines = [];
  const names = { image: "picture.png", table: "rows.csv", tensor: "array.npy" };
  if (others.length === 0) {
    lines.push(`curl --data-binary @${names[first.kind] ?? "file"} ${root}/api/predict/${first.name}`);
  }
  const example = description.examples.find((one) => Object.values(one.inputs).every((input) => "value" in input));
  const body = example
    ? Object.fromEntries(Object.entries(example.inputs).map(([name, { value }]) => [name, { value }]))
    : Object.fromEntries(description.inputs.map((input) => [input.name, { file_base64: "…" }]));
  const text = JSON.stringify({ inputs: body }).replaceAll("'", "'\\''");
  lines.push(`curl --json '${text}' ${root}/api/predict`);
  if (description.examples[0]) lines.push(`curl -X POST ${root}/api/replay/${description.examples[0].name}`);
  return lines.join("\n\n");
}
