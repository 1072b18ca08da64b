// The model in this page: a worker that runs what is embedded here. Nothing is sent anywhere.

import { byId } from "./dom.js";
import { bytes, t } from "./strings.js";
import { answerToChanged, answerToCovered, fromBase64, pictureOrFile, TransportError } from "./transport.js";

/** How the bundle's parts and the runtime lie in the page. */
const PART = "script.bundle-part";
const RUNTIME = "script.bundle-runtime";

/** The embedded bundle. `opened` resolves with what the bundle says of itself once it was checked. */
export function localTransport(description) {
  const parts = [];
  const waiting = new Map();
  let runtime = null;
  let worker = null;
  let begun = Promise.resolve();
  let size = 0;
  let complete = false;
  let next = 0;
  let opening = deferred();
  const first = opening.promise;

  // The page hands over each part as soon as it was read, and forgets its text.
  self.bundlePart = () => {
    const script = document.querySelector(`${RUNTIME}, ${PART}`);
    if (!script) return;
    const content = fromBase64(script.textContent);
    if (script.matches(RUNTIME)) {
      runtime = new Blob([content]);
      size = Number(script.dataset.bundleSize);
      begun = start();
    } else {
      parts.push(new Blob([content]));
      begun.then(() => worker?.postMessage({ piece: content.buffer }, [content.buffer]));
      showProgress("opening_read", sum(parts), size);
    }
    script.remove();
  };
  document.addEventListener("DOMContentLoaded", () => {
    complete = true;
    begun.then(() => worker?.postMessage({ open: null }));
  });

  function start() {
    const source = new Blob([byId("worker").textContent], { type: "text/javascript" });
    const url = URL.createObjectURL(source);
    const mine = new Worker(scriptUrl(url));
    worker = mine;
    mine.onmessage = ({ data }) => {
      URL.revokeObjectURL(url);
      if (worker === mine) hear(data);
    };
    mine.onerror = (event) => worker === mine && fail(event.message || t("error_runtime"));
    // What comes after waits in the worker's queue, and must not be there before this.
    return runtime.arrayBuffer().then((buffer) => {
      mine.postMessage({ start: { runtime: buffer, size } }, [buffer]);
    });
  }

  /** A new worker with the same bundle, after the old one was ended. */
  async function restart() {
    worker?.terminate();
    opening = deferred();
    opening.promise.catch(() => {});
    await start();
    const mine = worker;
    for (const part of parts) {
      const buffer = await part.arrayBuffer();
      mine.postMessage({ piece: buffer }, [buffer]);
    }
    if (complete) mine.postMessage({ open: null });
  }

  function hear(message) {
    if (message.heard) showProgress(message.heard.all > 0 ? "opening_checked" : "opening_loading", message.heard.checked, message.heard.all);
    if (message.opened) {
      const { ok, why, error, hint } = unpacked(message.opened).json;
      showProgress(null);
      if (ok) opening.resolve();
      else opening.reject(Object.assign(new TransportError(error, hint), { why }));
    }
    if (message.answer) {
      const { id, answer } = message.answer;
      const question = waiting.get(id);
      waiting.delete(id);
      question?.resolve(answer);
    }
    if (message.failed) fail(message.failed.words, message.failed.memory);
  }

  /** The worker is of no use any more: everybody who waits is told, and another one is started. */
  function fail(words, memory = false) {
    const error = new TransportError(memory ? t("error_memory") : words, t(memory ? "error_memory_hint" : "error_runtime_hint"), true);
    showProgress(null);
    opening.reject(error);
    for (const question of waiting.values()) question.reject(error);
    const wasRunning = waiting.size > 0;
    waiting.clear();
    if (wasRunning) restart();
  }

  async function ask(question, files, signal) {
    await abortable(opening.promise, signal);
    signal?.throwIfAborted();
    const id = next++;
    const answer = deferred();
    waiting.set(id, answer);
    const packed = await packedParcel(question, files);
    worker.postMessage({ ask: { id, question: packed } }, [packed]);
    // A computation in a worker can only be ended together with it.
    const end = () => {
      waiting.delete(id);
      restart();
    };
    signal?.addEventListener("abort", end, { once: true });
    try {
      const parcel = unpacked(await abortable(answer.promise, signal));
      if (parcel.json.error) throw new TransportError(parcel.json.error, parcel.json.hint, true);
      return parcel.ok;
    } finally {
      signal?.removeEventListener("abort", end);
    }
  }

  return {
    local: true,
    destination: t("destination_here"),
    async predict(inputs, signal, trace = false) {
      const { question, files } = given(inputs);
      return ask({ ask: "predict", inputs: question, trace }, files, signal);
    },
    async perturb(inputs, change, signal) {
      const { question, files } = given(inputs);
      return answerToChanged(await ask({ ask: "predict", inputs: question, perturb: change }, files, signal));
    },
    async occlude(inputs, { input, grid }, signal) {
      const { question, files } = given(inputs);
      return answerToCovered(await ask({ ask: "occlude", inputs: question, input, grid }, files, signal));
    },
    replay: (example, signal) => ask({ ask: "replay", example }, [], signal),
    exampleFile: (example, input, signal) => ask({ ask: "file", example, input }, [], signal),
    usage: () => null,
    /** What the bundle says of itself, once every byte was checked. */
    async opened() {
      await first;
      return ask({ ask: "describe" }, []);
    },
    /** The bundle, byte for byte as it was embedded. */
    bundle: () => new Blob(parts, { type: "application/octet-stream" }),
    /** Ends the worker: nothing of this bundle runs any more. */
    close() {
      worker?.terminate();
      worker = null;
    },
    name: `${description.name}-${description.version}.bundle.tar.zst`,
  };
}

function sum(parts) {
  return parts.reduce((total, part) => total + part.size, 0);
}

function deferred() {
  const one = {};
  one.promise = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
  return one;
}

function abortable(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    // One signal may go with thousands of questions.
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

/** Inputs as a question says them, and the files behind it. */
function given(inputs) {
  const question = {};
  const files = [];
  for (const [name, source] of inputs) {
    question[name] = source.file ? { file: source.file.size } : { value: source.value };
    if (source.file) files.push(source.file);
  }
  return { question, files };
}

async function packedParcel(json, files) {
  const text = new TextEncoder().encode(JSON.stringify(json));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return new Blob([length, text, ...files]).arrayBuffer();
}

/** A parcel: `json` as it is, `ok` with a Blob in the place of each file. */
function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const json = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  const filled = (value) => {
    if (Array.isArray(value)) return value.map(filled);
    if (value === null || typeof value !== "object") return value;
    const keys = Object.keys(value);
    if (keys.length === 1 && keys[0] === "bytes" && typeof value.bytes === "number") {
      at += value.bytes;
      return pictureOrFile(new Uint8Array(buffer, at - value.bytes, value.bytes));
    }
    return Object.fromEntries(keys.map((key) => [key, filled(value[key])]));
  };
  // Where nothing is behind the text, nothing in it stands for a file: an input may be called `bytes`.
  return { json, ok: at < buffer.byteLength ? filled(json.ok) : json.ok };
}

let workerPolicy = null;

/** Where a browser enforces trusted types, the worker's address needs a policy; this is the only one. */
function scriptUrl(url) {
  if (!self.trustedTypes) return url;
  workerPolicy ??= trustedTypes.createPolicy("bundle-worker", { createScriptURL: (own) => own });
  return workerPolicy.createScriptURL(url);
}

/** Says how far opening has come; nothing once it has come to its end. */
function showProgress(key, done = 0, all = 0) {
  const host = byId("opening");
  if (!host) return;
  host.hidden = !key;
  if (!key) return;
  const bar = byId("opening-bar");
  if (all > 0) bar.value = done / all;
  else bar.removeAttribute("value");
  const words = t(key, { done: bytes(done), all: bytes(all) });
  // Read out when the words change, not at every step of the bar.
  const spoken = byId("opening-words");
  if (spoken.dataset.key !== key) {
    spoken.dataset.key = key;
    spoken.replaceChildren(t(`${key}_words`));
  }
  byId("opening-detail").replaceChildren(words);
}
