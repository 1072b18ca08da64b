// Runs in a worker of its own: opens the bundle and answers questions. The page sends the
// runtime, then the bundle piece by piece, then questions; every message has one key.

"use strict";

let wasm = null;
let place = 0;
let filled = 0;
let total = 0;
let checked = 0;
let lastWords = null;

const decoder = new TextDecoder();
const memory = (at, length) => new Uint8Array(wasm.memory.buffer, at, length);

const handlers = {
  async start({ runtime, size }) {
    const module = await WebAssembly.compile(await unpacked(runtime));
    const page = {
      heard: (more, all) => postMessage({ heard: { checked: (checked += more), all } }),
      died: (at, length) => {
        lastWords = decoder.decode(memory(at, length));
      },
    };
    const imports = { page };
    // Bindings to JavaScript that a dependency links and nothing reaches.
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      imports[from] ??= {};
      if (kind === "function") imports[from][name] ??= () => unreachable(from, name);
    }
    wasm = (await WebAssembly.instantiate(module, imports)).exports;
    total = size;
    place = wasm.room(total) >>> 0;
    if (place === 0 && total > 0) throw new Error("no memory");
  },
  piece(bytes) {
    if (filled + bytes.byteLength > total) throw new Error("too long");
    memory(place + filled, bytes.byteLength).set(new Uint8Array(bytes));
    filled += bytes.byteLength;
  },
  open() {
    if (filled !== total) throw new Error("too short");
    const length = wasm.open(Math.floor(Date.now() / 1000));
    postMessage({ opened: taken(length) });
  },
  ask({ id, question }) {
    const at = wasm.room(question.byteLength) >>> 0;
    if (at === 0 && question.byteLength > 0) throw new Error("no memory");
    memory(at, question.byteLength).set(new Uint8Array(question));
    const answer = taken(wasm.ask());
    postMessage({ answer: { id, answer } }, [answer]);
  },
};

function unreachable(from, name) {
  throw new Error(`${from}.${name} was called`);
}

/** What the last call left, as a buffer of its own. */
function taken(length) {
  return memory(wasm.answer() >>> 0, length >>> 0).slice().buffer;
}

/** The module: what comes first in gzip unpacks the rest, for browsers do not know Zstandard. */
async function unpacked(packed) {
  const head = new DataView(packed);
  const [first, size] = [head.getUint32(0, true), head.getUint32(4, true)];
  const frame = new Uint8Array(packed, 8 + first);
  const { room, unpack, memory: own } = (await WebAssembly.instantiate(await gunzipped(new Uint8Array(packed, 8, first)))).instance.exports;
  const at = room(frame.length, size) >>> 0;
  if (at === 0) throw new Error("no memory");
  new Uint8Array(own.buffer, at, frame.length).set(frame);
  const content = unpack() >>> 0;
  if (content === 0) throw new Error("the program in this page is damaged");
  return new Uint8Array(own.buffer, content, size);
}

async function gunzipped(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// One message after the other, also where one has to wait.
let line = Promise.resolve();
onmessage = ({ data }) => {
  line = line.then(async () => {
    const [[what, content]] = Object.entries(data);
    try {
      await handlers[what](content);
    } catch (error) {
      postMessage({ failed: { words: lastWords ?? String(error), memory: error instanceof RangeError || error.message === "no memory" } });
    }
  });
};
