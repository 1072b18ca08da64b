"""The same networks in two pages: ours, and onnxruntime-web inlined the same way.

    bench_demo.py --bundle PROGRAM --work DIR --modules DIR

Writes both pages of each network and cases.json for demo/bench.mjs. Networks come out of pinned
wheels, and take arrays, so that both pages are given the very same numbers.
"""

import argparse
import base64
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from models import ROOT, recorded_project

NAMES = ["silero-vad-state", "magika", "rapidocr-cls", "rapidocr-det", "rapidocr-rec"]
# What a page that inlines onnxruntime-web does: one thread, the wasm and the network as bytes.
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>onnxruntime-web</title></head><body><p id="state">opening</p>
<script type="text/plain" id="glue">{glue}</script>
<script type="text/plain" id="wasm">{wasm}</script>
<script type="text/plain" id="model">{model}</script>
<script>
const bytes = (id) => Uint8Array.fromBase64(document.getElementById(id).textContent);
const inflate = async (id) => new Uint8Array(await new Response(new Blob([bytes(id)]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
self.ready = (async () => {{
  const ort = await import(URL.createObjectURL(new Blob([bytes("glue")], {{ type: "text/javascript" }})));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = (await inflate("wasm")).buffer;
  const session = await ort.InferenceSession.create(await inflate("model"), {{ executionProviders: ["wasm"], graphOptimizationLevel: "all" }});
  self.readyAt = performance.now();
  self.run = async (inputs) => {{
    const feeds = {{}};
    for (const [name, {{ dtype, dims, data }}] of Object.entries(inputs)) {{
      const raw = Uint8Array.fromBase64(data);
      const typed = dtype === "int32" ? new Int32Array(raw.buffer) : new Float32Array(raw.buffer);
      feeds[name] = new ort.Tensor(dtype, typed, dims);
    }}
    const outputs = await session.run(feeds);
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, [...tensor.data.slice(0, 8)]]));
  }};
}})();
</script></body></html>
"""


def packed(content):
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    parser.add_argument("--smoke", action="store_true", help="one network")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    cache = ROOT / "target/proof-wheels"
    cache.mkdir(parents=True, exist_ok=True)
    dist = options.modules / "onnxruntime-web/dist"
    glue = base64.b64encode((dist / "ort.wasm.bundle.min.mjs").read_bytes()).decode()
    wasm = packed((dist / "ort-wasm-simd-threaded.wasm").read_bytes())
    cases = []
    with tempfile.TemporaryDirectory(prefix="bundle-bench-") as work:
        work = pathlib.Path(work)
        os.environ["BUNDLE_CONFIG_DIR"] = str(work / "config")
        for name in NAMES[:1] if options.smoke else NAMES:
            directory, recorded = recorded_project(name, work, cache)
            bundle, ours, theirs = work / f"{name}.bundle.tar.zst", options.work / f"{name}.html", options.work / f"{name}-ort.html"
            for command in (["pack", directory, "-o", bundle], ["demo", bundle, "-o", ours, "--force"]):
                done = subprocess.run([options.bundle, *map(str, command)], capture_output=True, text=True)
                if done.returncode != 0:
                    sys.exit(f"{name}: {done.stdout}{done.stderr}")
            theirs.write_text(PAGE.format(glue=glue, wasm=wasm, model=packed((directory / "model.onnx").read_bytes())))
            example, inputs, _ = recorded[0]
            manifest = (directory / "bundle.toml").read_text()
            files, feeds = {}, {}
            for key, array in inputs.items():
                files[key] = base64.b64encode((directory / f"{example}.in.{key}.npy").read_bytes()).decode()
                # `tensors = { ONNX = "value" }` of the input of that name.
                onnx = manifest.split(f'name = "{key}"\n')[1].split("tensors = { ")[1].split(" =")[0]
                array = np.ascontiguousarray(array)
                feeds[onnx] = dict(dtype=str(array.dtype), dims=list(array.shape), data=base64.b64encode(array.tobytes()).decode())
            cases.append(dict(name=name, model=(directory / "model.onnx").stat().st_size, ours=str(ours), theirs=str(theirs), files=files, feeds=feeds))
    (options.work / "cases.json").write_text(json.dumps(cases))


main()
