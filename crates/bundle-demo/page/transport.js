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
    async predict(inputs, signal, trace = false) {
      return filesOf(await asked(inputs, { trace }, signal));
    },
    async perturb(inputs, change, signal) {
      return answerToChanged(filesOf(await asked(inputs, { perturb: change }, signal)));
    },
    async occlude(inputs, { input, grid }, signal) {
      const body = JSON.stringify({ inputs: await encoded(inputs), input, grid });
      return answerToCovered(await json(await call("api/occlude", { method: "POST", headers: JSON_HEAD, body, signal })));
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

const JSON_HEAD = { "content-type": "application/json" };

/** One file goes as it is, and its address says what else is asked; everything else goes as JSON. */
async function asked(inputs, { trace = false, perturb }, signal) {
  const [[name, source], ...others] = inputs;
  if (others.length === 0 && source.file) {
    const { kind, strength, seed } = perturb ?? {};
    const query = new URLSearchParams({ ...(trace && { trace }), ...(perturb && { perturb: kind, strength, seed }) });
    const place = `api/predict/${encodeURIComponent(name)}`;
    return json(await call(query.size > 0 ? `${place}?${query}` : place, { method: "POST", body: source.file, signal }));
  }
  const body = JSON.stringify({ inputs: await encoded(inputs), trace, perturb });
  return json(await call("api/predict", { method: "POST", headers: JSON_HEAD, body, signal }));
}

/** An answer with a Blob in the place of each file. */
function filesOf(value) {
  if (Array.isArray(value)) return value.map(filesOf);
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === "file_base64" && typeof value.file_base64 === "string") return pictureOrFile(fromBase64(value.file_base64));
  return Object.fromEntries(keys.map((key) => [key, filesOf(value[key])]));
}

/** The answer to a changed input, and the input: a picture, or words. */
export function answerToChanged({ outputs, changed }) {
  const picture = changed instanceof Blob && changed.type.startsWith("image/") ? changed : null;
  return { outputs, picture, words: typeof changed === "string" ? changed : null };
}

/** How far a score falls with each square covered; what is no number is no fall. */
export function answerToCovered({ grid, drops, label }) {
  return { rows: grid, columns: grid, drops: drops.map((drop) => drop ?? 0), label };
}

/** Only what certainly is a picture is called one. */
export function pictureOrFile(content) {
  const starts = (...head) => head.every((byte, index) => content[index] === byte);
  const type = starts(0x89, 0x50, 0x4e, 0x47) ? "image/png" : starts(0xff, 0xd8, 0xff) ? "image/jpeg" : "application/octet-stream";
  return new Blob([content], { type });
}

/** The bytes that base64 stands for. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const content = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) content[at] = binary.charCodeAt(at);
  return content;
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
