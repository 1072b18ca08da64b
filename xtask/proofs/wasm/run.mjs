// Runs groups of vectors in wasm32 and prints a line of JSON a case: node run.mjs WASM DIR GROUP…
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const [wasm, directory, ...groups] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(wasm));
const imports = {};
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  if (kind !== "function") throw new Error(`${from}.${name} is a ${kind}`);
  // The tokenizers link bindings to JavaScript that no vector reaches.
  (imports[from] ??= {})[name] = () => {
    throw new Error(`${from}.${name} was called`);
  };
}
const { push, name, file, run, pop } = new WebAssembly.Instance(module, imports).exports;

function send(content) {
  const padded = Buffer.alloc(Math.ceil(content.length / 8) * 8);
  content.copy(padded);
  for (let at = 0; at < content.length; at += 8) {
    push(padded.readBigUInt64LE(at), Math.min(8, content.length - at));
  }
}

function* below(folder) {
  for (const entry of readdirSync(join(directory, folder))) {
    const path = folder ? `${folder}/${entry}` : entry;
    if (statSync(join(directory, path)).isDirectory()) yield* below(path);
    else yield path;
  }
}

for (const path of below("")) {
  send(Buffer.from(path));
  name();
  send(readFileSync(join(directory, path)));
  file();
}
for (const group of groups) {
  send(Buffer.from(group));
  run();
  const answer = [];
  for (let byte = pop(); byte >= 0; byte = pop()) answer.push(byte);
  process.stdout.write(Buffer.from(answer));
}
