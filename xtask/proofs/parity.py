"""Preprocessing beside the libraries that it names, value by value.

The libraries themselves prepare files out of their packages (parity/corpus.py); the example
`parity` of bundle-preprocess runs the same steps and counts the values of which any bit differs.
Nothing is committed but the page: what the libraries gave is written in parts to a scratch
directory, compared and deleted. Small vectors of the same cases are in fixtures/vectors/preprocess.
"""

import argparse
import collections
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE / "parity"), str(ROOT / "fixtures/vectors/preprocess")]

import corpus  # noqa: E402
import make  # noqa: E402
import media  # noqa: E402

PACKAGES = [
    "numpy", "pillow", "torch", "torchvision", "torchaudio", "transformers", "timm", "opencv-python-headless", "librosa", "soundfile", "tokenizers",
    "scikit-learn", "pydicom",
]


class Proof:
    """Compares groups and adds up rows: (operation, library) to what came of it."""

    def __init__(self, replay, directory):
        self.replay, self.directory, self.rows, self.recovered, self.by_hand = replay, directory, {}, {}, []

    def compare(self, group, row):
        """A group of cases, written or not yet; it is deleted. `row` says the row of a case."""
        if group is not None:
            group.write(quiet=True)
        name = "batch" if group is not None else "pillow"
        done = subprocess.run([self.replay, self.directory, name], capture_output=True, text=True)
        if done.returncode not in (0, 1) or not done.stdout:
            sys.exit(f"{row(None)}: the comparison ended with {done.returncode}\n{done.stderr}")
        bars = {case["name"]: (case.get("within"), case.get("tolerance")) for case in json.loads((self.directory / f"{name}.json").read_text())}
        for line in done.stdout.splitlines():
            case = json.loads(line)
            total = self.rows.setdefault(row(case["case"]), collections.Counter(worst=0.0, bar=bars[case["case"]], each=[], said=[]))
            total["cases"] += 1
            total["samples"] += case["elements"]
            total["differing"] += case["differing"]
            total["worst"] = max(total["worst"], case["largest"])
            total["each"].append(case["largest"])
            if case["failure"]:
                total["failures"] += 1
                total["said"] = (total["said"] + [f"{case['case']}: {case['failure']}"])[:3]
        for path in self.directory.glob(f"{name}.*"):
            path.unlink()

    def pillow(self, python, row, parts, said):
        for number in range(parts):
            subprocess.run([python, HERE / "parity/pillow.py", self.directory, row, str(number)], check=True, stdout=subprocess.DEVNULL)
            self.compare(None, lambda _case: said)
        self.say(said)

    def say(self, row):
        found = self.rows[row]
        print(f"    {row[0]}, {row[1]}: {found['cases']} cases, {found['samples']:,} samples, {found['differing']:,} differ, largest {found['worst']:.2g}", flush=True)
        for failure in found["said"]:
            print(f"        {failure}")

    def run(self, groups):
        """All groups of a part of the proof; says each row when all its cases were compared."""
        started, told = time.monotonic(), set(self.rows)
        for group, row in groups:
            before = [other for other in self.rows if other not in told]
            self.compare(group, row)
            if len(before) < len([other for other in self.rows if other not in told]):
                self.tell(before, told)
        self.tell(list(self.rows), told)
        print(f"    ({time.monotonic() - started:.0f} s)", flush=True)

    def tell(self, rows, told):
        for row in rows:
            if row not in told:
                told.add(row)
                self.say(row)


def pillow_rows(proof, pythons, names):
    """Every version of Pillow on the same files."""
    (proof.directory / "names.json").write_text(json.dumps(names))
    for python in pythons:
        version = subprocess.run([python, "-c", "import PIL; print(PIL.__version__)"], capture_output=True, text=True, check=True).stdout.strip()
        for row, said in [("resize", "resize"), ("jpeg", "decode_image, JPEG"), ("png", "decode_image, PNG"), ("webp", "decode_image, WebP"), ("tiff", "decode_image, TIFF"), ("convert", "convert_color")]:
            if row in names:
                parts = len(names[row]) if row == "resize" else -(-len(names[row]) // 40)
                proof.pillow(python, row, parts, (said, f"Pillow {version}"))


def configurations(proof, bundle, names):
    """What `init` reads off saved configurations, beside the classes that saved them."""
    import importers

    for group, name in importers.pictures(bundle, proof.directory, names[:6]):
        if group is None:
            proof.by_hand.append(name)
            continue
        row = ("init reads", f"transformers, {name}")
        proof.compare(group, lambda _case, row=row: row)
        proof.say(row)


def pairs_of_files(proof, bundle, names):
    """Steps that `init --infer` finds from three pairs, on nine other files."""
    import pairs

    for name, group, exact in pairs.groups(bundle, proof.directory, names[:3], names[3:12]):
        row = ("init --infer", f"{name}{'' if exact else ', not found'}")
        if group.cases:
            proof.compare(group, lambda _case, row=row: row)
            proof.say(row)
        proof.recovered[name] = exact and proof.rows[row]["differing"] == 0


def full(proof, pythons, cache, bundle):
    make.with_torchaudio()
    os.environ["HF_HUB_OFFLINE"] = "1"
    import libraries

    inputs = proof.directory / "inputs"
    images, jpegs = corpus.write_images(inputs, cache), corpus.write_jpegs(inputs)
    corpus.write_resized(inputs)
    names = {
        "resize": [f"resized-{index:02}.png" for index in range(len(corpus.RESIZED))], "jpeg": jpegs,
        "png": [name for name in images if name.endswith(".png")], "webp": corpus.write_others(inputs, media.webp_files),
        "tiff": corpus.write_others(inputs, media.tiff_files), "convert": images,
    }
    print(f"    {len(images)} images, {len(jpegs)} JPEG files", flush=True)
    plain = [name for name in images if name.endswith((".jpg", ".png")) and not name.startswith(("exif", "palette", "gray"))]
    configurations(proof, bundle, plain)
    pairs_of_files(proof, bundle, plain)
    proof.run(libraries.pipelines(proof.directory, images))
    sounds, at16 = corpus.write_sounds(inputs, cache)
    print(f"    {len(sounds)} sounds, {len(at16)} of them at 16 kHz", flush=True)
    proof.run(libraries.sound(proof.directory, sounds, at16))
    proof.run(libraries.text(proof.directory, cache))
    proof.run(libraries.tables(proof.directory))
    proof.run(libraries.dicom(proof.directory))
    rgb = [name for name in images if name.endswith((".jpg", ".png")) and not name.startswith(("exif", "palette"))]
    proof.run(libraries.torchvision(proof.directory, rgb))
    proof.run(libraries.opencv(proof.directory, rgb))
    pillow_rows(proof, pythons, names)
    return bars(proof, images, jpegs)


def smoke(proof, pythons):
    """One version of Pillow on a few dozen made files: decoding, resizing, and whole pipelines."""
    from PIL import Image

    inputs, rng = proof.directory / "inputs", corpus.np.random.default_rng(51)
    jpegs = []
    for index in range(36):
        image = Image.fromarray(make.photo(rng, *rng.integers(9, 200, 2)))
        jpegs.append(f"{index}.jpg")
        options = {"quality": 60 + index, "subsampling": index % 3, "progressive": index % 2 == 1}
        image.save(inputs / jpegs[-1], **options)
    pictures = []
    for index, shape in enumerate([(300, 400, 3), (640, 360, 3), (227, 227, 3), (90, 120, 4)]):
        pictures.append(f"resized-{index:02}.png")
        array = make.noise(rng, *shape)
        (inputs / pictures[-1]).write_bytes(make.png(array, 2 if shape[2] == 3 else 6, 8))
    pillow_rows(proof, pythons, {"resize": pictures, "jpeg": jpegs, "convert": [*pictures, *jpegs[:8]]})
    group = make.Group(proof.directory, "batch")
    for name in [*jpegs[:12], *pictures]:
        steps, tensor = make.numpy_pipeline(inputs / name)
        group.add(name, name, steps, tensor)
    proof.run([(group, lambda _case: ("pipeline", "Pillow and NumPy"))])


def spoil(proof):
    """One value of a recorded tensor is changed by one bit: the comparison must say so."""
    steps, tensor = make.numpy_pipeline(next((proof.directory / "inputs").glob("*.jpg")))
    wrong = tensor.copy()
    wrong.view("int32").flat[tensor.size // 2] ^= 1
    group, probe = make.Group(proof.directory, "batch"), Proof(proof.replay, proof.directory)
    for name, expected in [("right", tensor), ("spoilt", wrong)]:
        group.add(name, next((proof.directory / "inputs").glob("*.jpg")).name, steps, expected)
    probe.compare(group, lambda case: case)
    if probe.rows["right"]["failures"] or probe.rows["spoilt"]["differing"] != 1:
        sys.exit(f"a spoilt value is not told from the right ones: {probe.rows}")
    print("    one bit changed in one value of a recording: 1 differs")


def bars(proof, images, jpegs):
    """What issue and documentation promise: what, wanted, found, whether it is met."""
    rows = proof.rows
    found = []

    def bar(what, wanted, value, met):
        found.append((what, wanted, value, "met" if met else "missed"))

    def of(start, library=""):
        return {row: total for row, total in rows.items() if row[0].startswith(start) and library in row[1]}

    recovered = sum(proof.recovered.values())
    bar("pipelines found from three pairs, exact on nine other files", "≥ 15 of 20", f"{recovered} of {len(proof.recovered)}", recovered >= 15)
    whole = of("pipeline")
    enough = [row for row, total in whole.items() if total["cases"] >= 40 and not total["failures"]]
    bar("whole pipelines on at least 40 files, each within its bar", "≥ 12", len(enough), len(enough) >= 12)
    exact = [total for row, total in rows.items() if total["bar"] == (None, None) and row[0] != "init --infer"]
    differing = sum(total["differing"] for total in exact)
    bar("values differing in all rows that are `exact`", "0", f"{differing:,} of {sum(total['samples'] for total in exact):,}", differing == 0)
    for (_, library), total in of("resize", "Pillow").items():
        held = total["differing"] == 0 and total["samples"] >= 90_000_000
        bar(f"resize, {library}", "0 of ≥ 90 million", f"{total['differing']:,} of {total['samples']:,}", held)
    for (_, library), total in of("decode_image, JPEG").items():
        bar(f"JPEG, {library}", "0 on ≥ 190 files", f"{total['differing']:,} on {len(jpegs)}", total["differing"] == 0 and len(jpegs) >= 190)
    texts = of("tokenize")
    count = sum(total["cases"] for total in texts.values()) // 12
    bar("strings × tokenizers", "0 of ≥ 1,200", f"{sum(total['differing'] for total in texts.values()):,} of {count:,}", count >= 1200 and not any(total["differing"] for total in texts.values()))
    for (_, library), total in of("pipeline", "Whisper, 80").items():
        most = 2e-7 if "NumPy" in library else 5e-6
        within = sum(1 for largest in total["each"] if largest <= most)
        bar(library, f"≤ {most:.0e}", f"{total['worst']:.1e}; {within} of {total['cases']} clips within", total["worst"] <= most)
    return found


def bar_of(total):
    within, ulps = total["bar"]
    return f"≤ {within:.0e}" if within else f"≤ {ulps} ulp" if ulps else "exact"


def write_page(proof, found):
    import libraries
    import torch

    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    lines = [
        "# Parity with the libraries", "",
        "`cargo xtask prove parity`: the libraries prepare files out of pinned packages, ours prepares the same files from the",
        "steps as they stand in a `bundle.toml`, and every value is compared bit for bit. `differing` counts values of which",
        "any bit differs, also where the promise is a distance. A pipeline goes from the file to the tensor.", "",
        f"{datetime.date.today()}, Python {platform.python_version()}, {platform.machine()} ({torch.backends.cpu.get_cpu_capability()}): {versions}; Pillow also 9.5.0 and 12.2.0.", "",
        "| operation | library or pipeline | cases | samples compared | differing | max difference | promise | held |",
        "|---|---|---:|---:|---:|---:|---|---|",
    ]
    for (what, library), total in proof.rows.items():
        worst = "0" if total["worst"] == 0 else f"{total['worst']:.1e}"
        held = "yes" if not total["failures"] else f"no: {total['failures']} cases"
        lines.append(f"| {what} | {library} | {total['cases']} | {total['samples']:,} | {total['differing']:,} | {worst} | {bar_of(total)} | {held} |")
    lines += ["", "| bar | wanted | found | |", "|---|---|---|---|"]
    lines += [f"| {what} | {wanted} | {value} | {met} |" for what, wanted, value, met in found]
    apart = sorted(libraries.APART.values())
    within = sum(1 for distance in apart if distance <= 5e-6)
    lines += ["", f"`bundle init` says of {', '.join(proof.by_hand)} that their steps must be written by hand, and why."]
    lines += [
        "", "The torch path of Whisper transforms in float32, and the logarithm shows its rounding where a frequency is far quieter than others of its frame:",
        f"transformers' own two paths are up to {apart[-1]:.1e} apart on the same clips, and within 5e-6 on {within} of {len(apart)}.", "", *FOOTNOTES, "",
    ]
    print("\n".join(lines))
    (ROOT / "docs/proof/parity.md").write_text("\n".join(lines))


FOOTNOTES = [
    "Pipelines are those of the classes' defaults. `PIL` and `torchvision` are the two backends of transformers 5; DETR and",
    "SegFormer read files with `load_image`, which turns them as EXIF says. Tokenizer cases are the ids, mask, type ids and",
    "offsets of each string with and without special tokens, truncation and padding.",
    "The small vectors that `cargo xtask test` replays are the same cases on small files (`fixtures/vectors/preprocess`).", "",
    "Left out: for Pillow 9.5 one TIFF file with a fourth sample of unspecified meaning, which it keeps, and later versions and",
    "ours drop; pictures with alpha from `letterbox`, which Ultralytics does not get.", "",
    "Not covered: torchvision's first transforms on uint8 tensors, which resize in float32 and round; ARM and GPU builds of",
    "the libraries; OpenCV's cubic and Lanczos filters; soxr.",
]


def recorder():
    """The recorder's own tests, with these libraries: how they ended."""
    place = ROOT / "crates/bundle-pack/recorder"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", "unittest", "test_bundle_record"], cwd=place, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
    ran = [line for line in done.stderr.splitlines() if line.startswith("Ran ")]
    return ", ".join([*done.stderr.splitlines()[-1:], *(line.split(" in ")[0].lower() for line in ran)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", help="the program whose `init` is asked")
    parser.add_argument("--replay", required=True, help="the example `parity` of bundle-preprocess")
    parser.add_argument("--pillow", action="append", default=[], help="an interpreter with another Pillow, besides this one")
    parser.add_argument("--smoke", action="store_true", help="Pillow only, on a few made files; write nothing")
    arguments = parser.parse_args()
    cache = ROOT / "target/proof-wheels"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bundle-parity-") as work:
        work = pathlib.Path(work)
        (work / "inputs").mkdir()
        proof, pythons = Proof(pathlib.Path(arguments.replay).resolve(), work), [*arguments.pillow, sys.executable]
        found = smoke(proof, pythons) if arguments.smoke else full(proof, pythons, cache, arguments.bundle)
        spoil(proof)
    recorded = recorder()
    if found is not None:
        found.append(("the recorder beside callables, and on the vectors", "all", recorded, "met" if recorded.startswith("OK") else "missed"))
        write_page(proof, found)
    elif not recorded.startswith("OK"):
        sys.exit(f"the recorder: {recorded}")
    failed = sum(1 for total in proof.rows.values() if total["failures"]) + sum(1 for bar in found or [] if bar[3] != "met")
    print(f"{len(proof.rows) + len(found or []) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
