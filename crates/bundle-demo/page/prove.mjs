// Opens the bundle in a page that `bundle demo` wrote, with the program that is in the page, and
// replays its examples: node prove.mjs PAGE [EXAMPLE…]. One line of JSON an example.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const [page, ...examples] = process.argv.slice(2);
const pieces = { "bundle-runtime": [], "bundle-part": [] };
for (const line of readFileSync(page, "latin1").split("\n")) {
  const [, kind, content] = /^<script type="text\/plain" class="(bundle-runtime|bundle-part)"[^>]*>([^<]*)</.exec(line) ?? [];
  if (kind) pieces[kind].push(Buffer.from(content, "base64"));
}
const [packed, bundle] = [Buffer.concat(pieces["bundle-runtime"]), Buffer.concat(pieces["bundle-part"])];

/** The module: what comes first in gzip unpacks the rest. */
function unpacked() {
  const [first, size] = [packed.readUInt32LE(0), packed.readUInt32LE(4)];
  const frame = packed.subarray(8 + first);
  const unpacker = new WebAssembly.Module(gunzipSync(packed.subarray(8, 8 + first)));
  const { room, unpack, memory: own } = new WebAssembly.Instance(unpacker, {}).exports;
  const at = room(frame.length, size) >>> 0;
  if (at === 0) throw new Error("no memory");
  new Uint8Array(own.buffer, at, frame.length).set(frame);
  const content = unpack() >>> 0;
  if (content === 0) throw new Error("the program in this page is damaged");
  return new Uint8Array(own.buffer, content, size);
}

const module = new WebAssembly.Module(unpacked());
let wasm = null;
const memory = (at, length) => Buffer.from(wasm.memory.buffer, at >>> 0, length >>> 0);
const died = (at, length) => {
  throw new Error(memory(at, length).toString());
};
const imports = { page: { heard() {}, died } };
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  if (kind === "function") imports[from][name] ??= () => died(0, 0);
}
wasm = new WebAssembly.Instance(module, imports).exports;

function send(content) {
  memory(wasm.room(content.length), content.length).set(content);
}

function received(length) {
  const parcel = Buffer.from(memory(wasm.answer(), length));
  const text = parcel.readUInt32LE(0);
  return JSON.parse(parcel.toString("utf8", 4, 4 + text));
}

function ask(question) {
  const text = Buffer.from(JSON.stringify(question));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  send(Buffer.concat([length, text]));
  return received(wasm.ask());
}

send(bundle);
const opened = received(wasm.open(Date.now() / 1000));
if (!opened.ok) {
  console.log(JSON.stringify(opened));
  process.exit(1);
}
for (const example of examples) console.log(JSON.stringify(ask({ ask: "replay", example })));
