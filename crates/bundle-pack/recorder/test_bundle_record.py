"""Tests of the recorder, against the real libraries.

    python -m unittest test_bundle_record        in this directory

Needs NumPy and Pillow; what needs another library is skipped, and said, where it is missing. With
torch, torchvision, torchaudio, transformers, timm, OpenCV, soundfile, tokenizers, scikit-learn and
pydicom (the environment of the parity proof) nothing is skipped but vectors of another Pillow.
"""

import base64
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import tomllib
import unittest

import numpy as np

import bundle_record

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "fixtures/vectors/preprocess"
INPUTS = VECTORS / "inputs"
sys.path.insert(0, str(VECTORS))
import make  # noqa: E402

if importlib.util.find_spec("torchaudio"):
    make.with_torchaudio()

HEADER = """format = 1
[bundle]
name = "test"
version = "1.0.0"
title = "Test"
license = "MIT"
[models.net]
onnx = "net.onnx"
"""


def has(*modules):
    return all(importlib.util.find_spec(module) for module in modules)


def manifest(steps, kind="image", tensors=None, name="given", more=""):
    tensors = tensors or {"x": "value"}
    lines = ",\n  ".join(step if isinstance(step, str) else make.toml(step) for step in steps)
    entry = f'[[inputs]]\nname = "{name}"\nkind = "{kind}"\ntensors = {make.toml(tensors)}\nsteps = [\n  {lines}\n]\n'
    return HEADER + entry + more


class Project(unittest.TestCase):
    """A directory with a bundle.toml."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.directory = pathlib.Path(made.name).resolve()
        self.path = self.directory / "bundle.toml"

    def record(self, text, file, function=None, kind="given", **options):
        self.path.write_text(text)
        return bundle_record.record(self.path, {kind: file}, function, **options)

    def stages(self, name="recorded"):
        with np.load(self.directory / "examples" / name / "stages.npz") as archive:
            return {key: archive[key] for key in archive.files}

    def files(self):
        return sorted(path.relative_to(self.directory).as_posix() for path in self.directory.rglob("*") if path.is_file())


# --- every operation -------------------------------------------------------------------------


class Vectors(unittest.TestCase):
    """The committed vectors, which the libraries gave and the reference implementation meets."""

    def group(self, name):
        if name.startswith("pillow"):
            import PIL

            if name != f"pillow{PIL.__version__.split('.')[0]}":
                self.skipTest("vectors of another Pillow")
        cases = json.loads((VECTORS / f"{name}.json").read_text())
        flat, wrong, missing, compared = {}, [], set(), 0
        for case in cases:
            if case["dtype"] not in flat:
                flat[case["dtype"]] = np.load(VECTORS / f"{name}.{case['dtype']}.npy")
            size = int(np.prod(case["shape"]))
            expected = flat[case["dtype"]][case["offset"] : case["offset"] + size].reshape(case["shape"])
            steps = tomllib.loads(f"steps = [{', '.join(case['steps'])}]")["steps"]
            given = case["text"] if case.get("input") is None else (INPUTS / case["input"]).read_bytes()
            with contextlib.redirect_stderr(io.StringIO()):
                ran = bundle_record.run_steps({"kind": case["kind"], "steps": steps}, given, INPUTS)
            lacks = [warning for warning in ran.warnings if "ModuleNotFoundError" in warning]
            if lacks:
                missing.add(lacks[0].split("No module named ")[-1].split(";")[0])
                continue
            if any("impl_version" in warning for warning in ran.warnings):
                continue  # Pillow resizes in one order of the passes, and not in the other
            compared += 1
            actual = ran.published.get(case.get("value", "value"))
            fault = self.fault(case, actual, expected) if actual is not None else f"no value: {ran.warnings}"
            if fault:
                wrong.append(f"{case['name']}: {fault}")
        if missing and not compared:
            self.skipTest(f"needs {', '.join(sorted(missing))}")
        self.assertEqual(wrong, [], f"{len(wrong)} of {compared} cases of {name}")
        print(f"{name}: {compared} of {len(cases)} cases agree", file=sys.stderr)

    def fault(self, case, actual, expected):
        if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
            return f"{actual.dtype}{actual.shape} instead of {expected.dtype}{expected.shape}"
        if "within" in case or "tolerance" in case:
            bound = case.get("within", 4 * case.get("tolerance", 0) * np.finfo(expected.dtype).eps * max(1, np.abs(expected).max()))
            apart = np.abs(actual.astype(np.float64) - expected).max()
            return f"off by {apart}" if not apart <= bound else None
        apart = bundle_record.difference_of(expected, actual)
        return bundle_record.told(apart) if apart else None


for _name in sorted(path.stem for path in VECTORS.glob("*.json")):
    setattr(Vectors, f"test_{_name}", lambda self, name=_name: self.group(name))


class EveryOperation(unittest.TestCase):
    def test_no_operation_of_an_input_is_missing(self):
        """The schema lists the operations."""
        schema = json.loads((VECTORS.parents[2] / "schemas/bundle.schema.json").read_text())
        declared = {form["properties"]["op"]["const"] for form in schema["$defs"]["Step"]["oneOf"]}
        self.assertEqual(set(bundle_record.STEPS), declared)


# --- whole pipelines -------------------------------------------------------------------------


class Pipelines(Project):
    """Author's callables beside the steps, recorded: not a bit differs where nothing is bounded."""

    def beside(self, name, steps, author, file, **options):
        recording = self.record(manifest(steps, **options), file, author, name=name)
        stages = self.stages(name)
        self.assertEqual(len([key for key in stages if not key.endswith("/value")]), len(steps), recording.warnings)
        return recording, stages

    def exact(self, made):
        import PIL

        self.assertGreaterEqual(int(PIL.__version__.split(".")[0]), 13, "the steps say `ge13`")
        count = elements = 0
        for index, (name, steps, author) in enumerate(made):
            files = ["420.jpg", "portrait.png"] + ([] if "tensor" in name else ["exif6.jpg"])
            for number, file in enumerate(files):
                with self.subTest(pipeline=name, file=file):
                    recording, stages = self.beside(f"p{index}-{number}", steps, author, INPUTS / file)
                    self.assertEqual(recording.differences, {})
                    self.assertEqual(recording.warnings, [])
                    last = stages[f"given/{len(steps) - 1}"]
                    self.assertEqual((last.tobytes(), last.dtype, last.shape), (stages["given/value"].tobytes(), stages["given/value"].dtype, stages["given/value"].shape))
                    elements += last.size
            count += 1
        print(f"{count} pipelines, {elements} values: none differs", file=sys.stderr)
        return count

    @unittest.skipUnless(has("transformers", "torchvision"), "needs transformers and torchvision")
    def test_transformers(self):
        """CLIP, ViT, SigLIP, ConvNeXt, DETR and SegFormer, each with Pillow and with torchvision."""
        self.assertEqual(self.exact(make.hf_pipelines(64)), 12)

    @unittest.skipUnless(has("torchvision", "timm", "cv2"), "needs torchvision, timm and OpenCV")
    def test_presets(self):
        """torchvision's presets on Pillow and tensors, timm's transforms, Ultralytics' letterbox."""
        self.assertEqual(self.exact(make.preset_pipelines(64)), 7)

    @unittest.skipUnless(has("transformers", "torch"), "needs transformers")
    def test_the_processor_is_named(self):
        from transformers import CLIPImageProcessor

        size = {"height": 32, "width": 32}
        processor = CLIPImageProcessor(size=size, crop_size=size)
        name, steps, _ = next(iter(make.hf_pipelines(64)))
        recording = self.record(manifest(steps, tensors={"pixel_values": "value"}), INPUTS / "420.jpg", lambda path: processor(images=make.opened(path), return_tensors="pt"))
        said = json.loads((recording.directory / "environment.json").read_text())
        (named,) = [found for found in said["processors"] if "CLIP" in found["class"]]
        self.assertEqual(named["backend"], processor.backend)
        for key in ("python", "machine", "system", "pip_freeze", "releases"):
            self.assertTrue(said[key], key)
        self.assertTrue(said["pillow_features"]["libjpeg_turbo"])
        self.assertTrue(said["torch"]["cpu_capability"])

    @unittest.skipUnless(has("transformers", "soundfile"), "needs transformers and soundfile")
    def test_wav2vec2(self):
        import soundfile
        from transformers import Wav2Vec2FeatureExtractor

        extractor = Wav2Vec2FeatureExtractor(do_normalize=True)
        steps = [
            {"op": "decode_audio", "sampling_rate": 16000},
            {"op": "zero_mean_unit_variance", "eps": 1e-7, "eps_position": "variance", "ddof": 0, "arithmetic": "f32"}, {"op": "expand_dims", "axis": 0},
        ]
        for file in ("speech16.wav", "speech16.flac", "float.wav"):
            author = lambda path: extractor(soundfile.read(path, dtype="float32")[0], sampling_rate=16_000, return_tensors="np")  # noqa: E731
            recording, _ = self.beside(f"w-{file}", steps, author, INPUTS / file, kind="audio", tensors={"input_values": "value"})
            self.assertEqual(recording.differences, {}, file)

    @unittest.skipUnless(has("transformers", "soundfile"), "needs transformers and soundfile")
    def test_whisper(self):
        """Bounded: transformers transforms in float32 with torch, in float64 with NumPy."""
        import soundfile
        from transformers import WhisperFeatureExtractor

        extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=1)

        def with_numpy(path):
            signal = soundfile.read(path, dtype="float32")[0]
            padded = np.pad(signal[:16_000], (0, max(16_000 - len(signal), 0)))
            return np.asarray(extractor._np_extract_fbank_features(padded[None], device="cpu"), np.float32)

        def with_torch(path):
            return extractor(soundfile.read(path, dtype="float32")[0], sampling_rate=16_000, return_tensors="np")

        for label, author, bound in (("numpy", with_numpy, 2e-7), ("torch", with_torch, 1e-5)):
            steps = make.whisper_steps(16_000, 16_000, 80)
            recording, stages = self.beside(f"whisper-{label}", steps, author, INPUTS / "speech16.wav", kind="audio", tensors={"input_features": "value"})
            apart = np.abs(stages["given/8"].astype(np.float64) - stages["given/value"]).max()
            self.assertLessEqual(apart, bound, label)
            if recording.differences:
                said = recording.differences["input_features"]
                self.assertAlmostEqual(said["max_abs"], apart)
                self.assertTrue(any("values differ" in warning for warning in recording.warnings))

    @unittest.skipUnless(has("tokenizers", "transformers"), "needs tokenizers and transformers")
    def test_tokenizer(self):
        from transformers import PreTrainedTokenizerFast

        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(INPUTS / "bert.json"), pad_token="[PAD]")
        (self.directory / "tokenizer.json").write_bytes((INPUTS / "bert.json").read_bytes())
        steps = [{
            "op": "tokenize", "file": "tokenizer.json", "add_special_tokens": True, "truncation": {"max_length": 16},
            "padding": {"length": 16, "side": "right", "pad_id": 0},
        }]
        tensors = {"input_ids": "ids", "attention_mask": "attention_mask"}
        self.path.write_text(manifest(steps, "text", tensors))
        author = lambda text: tokenizer(text, padding="max_length", max_length=16, truncation=True, return_tensors="pt")  # noqa: E731
        for index, text in enumerate(make.STRINGS[2:8]):
            recording = bundle_record.record(self.path, values={"given": text}, callable=author, name=f"t{index}")
            self.assertEqual((recording.differences, recording.warnings), ({}, []), text)
            self.assertIn("given/value", self.stages(f"t{index}"))
            with np.load(recording.directory / "tensors.npz") as fed:
                self.assertEqual(sorted(fed.files), ["attention_mask", "input_ids"])
            self.assertEqual(tomllib.loads(recording.entry)["examples"][0]["inputs"]["given"]["value"], text)

    @unittest.skipUnless(has("sklearn", "pandas") or has("sklearn"), "needs scikit-learn")
    def test_table(self):
        import csv

        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        def read(path):
            with open(path, newline="") as file:
                rows = list(csv.DictReader(file))
            number = lambda text: float("nan") if text.strip() in ("", "NA") else float(text)  # noqa: E731
            return np.array([[number(row["bmi"]), number(row["age"])] for row in rows]), np.array([[row["sex"]] for row in rows])

        numbers, sex = read(INPUTS / "patients.csv")
        imputer = SimpleImputer().fit(numbers)
        scaler = StandardScaler().fit(imputer.transform(numbers))
        encoder = OneHotEncoder(categories=[["m", "f", "other"]], sparse_output=False).fit(sex)

        def author(path):
            numbers, sex = read(path)
            return np.hstack([scaler.transform(imputer.transform(numbers)), encoder.transform(sex)]).astype(np.float32)

        steps = [
            {"op": "columns", "na_values": ["NA"], "columns": [{"name": "bmi", "kind": "number"}, {"name": "age", "kind": "number"}, {"name": "sex", "kind": "category"}]},
            {"op": "impute", "values": {"bmi": imputer.statistics_[0], "age": imputer.statistics_[1]}},
            {"op": "standard_scale", "mean": list(scaler.mean_), "scale": list(scaler.scale_)},
            {"op": "one_hot", "column": "sex", "categories": ["m", "f", "other"], "unknown": "error"},
            {"op": "column_concat", "dtype": "float32"},
        ]
        recording = self.record(manifest(steps, "table"), INPUTS / "patients.csv", author)
        self.assertEqual((recording.differences, recording.warnings), ({}, []))
        # With a category in it, a table is no array.
        self.assertEqual(sorted(self.stages()), ["given/3", "given/4", "given/value"])

    def test_columns_that_the_network_takes_one_by_one(self):
        steps = [{"op": "columns", "columns": [{"name": "age", "kind": "number"}, {"name": "stage", "kind": "number", "dtype": "int64"}]}]
        (self.directory / "rows.csv").write_text("stage,age\n2,61.5\n3,48\n")
        author = lambda path: {"a": [[61.5], [48.0]], "s": np.array([[2], [3]])}  # noqa: E731
        recording = self.record(manifest(steps, "table", {"a": "age", "s": "stage"}), self.directory / "rows.csv", author)
        self.assertEqual((recording.differences, recording.warnings), ({}, []))
        self.assertEqual(self.stages()["given/value"].tolist(), [[61.5, 2.0], [48.0, 3.0]])

    def test_groups_join_their_members(self):
        more = ""
        for name in ("left", "right"):
            more += f'[[inputs]]\nname = "{name}"\nkind = "tensor"\ntensors = {{}}\n'
        more += '[[inputs]]\nname = "pair"\nkind = "group"\nof = ["left", "right"]\njoin = { how = "stack", axis = 0 }\n'
        more += 'steps = [{ op = "scale_linear", gain = [2.0], offset = [0.0] }]\ntensors = { x = "value" }\n'
        self.path.write_text(HEADER + more)
        both = {"left": [1.5, 2.5], "right": [3.5, 4.5]}
        author = lambda left, right: np.array([left, right], np.float32) * 2  # noqa: E731
        recording = bundle_record.record(self.path, values=both, callable={"pair": author})
        self.assertEqual((recording.differences, recording.warnings), ({}, []))
        stages = self.stages()
        self.assertEqual(sorted(stages), ["left/value", "pair/0", "pair/value", "right/value"])
        self.assertEqual(stages["pair/value"].tolist(), [[3.0, 5.0], [7.0, 9.0]])


# --- what is written -------------------------------------------------------------------------

PICTURE = [
    'op = "decode_image", exif_orientation = "ignore"', 'op = "convert_color", to = "RGB", alpha = "drop"',
    'op = "rescale", scale = 0.00392156862745098', 'op = "layout", to = "NCHW"',
]
STEPS = [f"{{ {step} }}" for step in PICTURE]
OUTPUT = '[[outputs]]\nname = "grade"\nkind = "labels"\ntensors = { scores = "logits" }\nsteps = [{ op = "softmax", axis = -1 }, { op = "top_k", k = 2 }]\n'


def prepared(path):
    pixels = np.asarray(make.opened(path).convert("RGB"))
    return (pixels.astype(np.float64) * 0.00392156862745098).astype(np.float32).transpose(2, 0, 1)[None]


class Writing(Project):
    def test_the_same_is_the_same_bytes(self):
        contents = []
        for index in range(2):
            self.record(manifest(STEPS), INPUTS / "420.jpg", prepared, force=index > 0)
            contents.append({file: (self.directory / file).read_bytes() for file in self.files()})
            time.sleep(1.1)  # a time in an archive would differ
        self.assertEqual(contents[0], contents[1])
        self.assertEqual(sorted(contents[0]), ["bundle.toml"] + [f"examples/recorded/{file}" for file in ("environment.json", "given.jpg", "stages.npz", "tensors.npz")])

    def test_nothing_tells_who_recorded(self):
        recording = self.record(manifest(STEPS), INPUTS / "420.jpg", prepared)
        said = (recording.directory / "environment.json").read_text() + recording.entry
        words = [str(self.directory), str(INPUTS), f"{pathlib.Path.home()}/", sys.prefix, platform.node()]
        for word in words:
            # A host named in three letters may be part of any word.
            self.assertFalse(len(word) > 3 and word in said, word)

    def test_a_disagreement_is_recorded_and_said(self):
        def wrong(path):
            array = prepared(path)
            array[0, 1, 2, 3] += 0.5
            return array

        recording = self.record(manifest(STEPS), INPUTS / "420.jpg", wrong)
        said = recording.differences["x"]
        self.assertEqual((said["differing"], said["first"]), (1, [0, 1, 2, 3]))
        self.assertAlmostEqual(said["max_abs"], 0.5, places=6)
        stages = self.stages()
        self.assertAlmostEqual(float(stages["given/value"][0, 1, 2, 3] - stages["given/3"][0, 1, 2, 3]), 0.5, places=6)
        environment = json.loads((recording.directory / "environment.json").read_text())
        self.assertEqual(environment["differences"]["x"], said)
        self.assertIn("1 of 9045 values differ, by up to 0.5, first at [0, 1, 2, 3]", environment["warnings"][0])

    def test_shapes_and_types_that_differ_are_said(self):
        for author, words in [
            (lambda path: prepared(path)[:, :2], "the callable gives float32[1, 2, 45, 67], the steps float32[1, 3, 45, 67]"),
            (lambda path: prepared(path).astype(np.float64), "the callable gives float64, the steps float32; the values are equal"),
            (lambda path: prepared(path)[0], "without the batch axis that the steps have; it is added"),
            (lambda path: -prepared(path) * 0, "values differ"),
        ]:
            recording = self.record(manifest(STEPS), INPUTS / "420.jpg", author, force=True)
            self.assertIn(words, recording.warnings[0])
        zero = bundle_record.difference_of(np.array([0.0, -0.0]), np.array([0.0, 0.0]))
        self.assertEqual((zero["differing"], zero["first"]), (1, [1]), "the sign of a zero is a bit")
        self.assertIsNone(bundle_record.difference_of(np.array([np.nan]), np.array([np.nan])))

    def test_a_step_that_cannot_run_ends_the_stages(self):
        steps = [*STEPS[:2], '{ op = "center_crop", size = [900, 900], offset_rounding = "floor" }', *STEPS[2:]]
        recording = self.record(manifest(steps), INPUTS / "420.jpg", prepared)
        self.assertEqual(sorted(self.stages()), ["given/0", "given/1", "given/value"])
        self.assertIn("step 2 `center_crop` cannot run: the image is smaller than 900×900", recording.warnings[0])
        steps[2] = '{ op = "center_crop", size = [9, 9] }'
        recording = self.record(manifest(steps), INPUTS / "420.jpg", force=True)
        self.assertIn("step 2 `center_crop` cannot run: it has no `offset_rounding`", recording.warnings[0])
        steps[2] = '{ op = "sharpen" }'
        recording = self.record(manifest(steps), INPUTS / "420.jpg", force=True)
        self.assertEqual(sorted(self.stages()), ["given/0", "given/1"], "without a callable nothing is said of the end")
        self.assertIn("step 2 `sharpen` cannot run: the recorder has no library", recording.warnings[0])

    def test_outputs_come_from_the_model(self):
        logits = np.array([[1.0, 3.0, 2.0]], np.float32)
        seen = []

        def model(tensors):
            seen.append({name: array.shape for name, array in tensors.items()})
            return {"logits": logits, "hidden": np.zeros(3)}

        recording = self.record(manifest(STEPS, more=OUTPUT), INPUTS / "420.jpg", prepared, model=model, truth={"grade": "b"}, origin="picked")
        self.assertEqual(seen, [{"x": (1, 3, 45, 67)}])
        self.assertEqual(self.stages()["@logits"].tolist(), logits.tolist())
        (entry,) = tomllib.loads(recording.entry)["examples"]
        self.assertEqual(entry["expect"], {"grade": {"file": "examples/recorded/grade.expected.npy"}})
        expected = np.load(self.directory / entry["expect"]["grade"]["file"])
        powers = np.exp(logits.astype(np.float64) - 3)
        np.testing.assert_allclose(expected, powers / powers.sum(), rtol=1e-6)
        self.assertEqual((entry["origin"], entry["truth"], expected.dtype), ("picked", {"grade": "b"}, np.float32))

    @unittest.skipUnless(has("torch"), "needs torch")
    def test_a_torch_module_is_a_model(self):
        import torch

        class Net(torch.nn.Module):
            def forward(self, x):
                return x.mean(dim=(2, 3))

        self.record(manifest(STEPS, more=OUTPUT), INPUTS / "420.jpg", lambda path: torch.from_numpy(prepared(path)).to(torch.float32), model=Net())
        self.assertEqual(self.stages()["@logits"].shape, (1, 3))

    def test_an_example_is_replaced_only_when_asked(self):
        text = manifest(STEPS) + "\n# kept\n\n[[examples]]\nname = \"a\"\ninputs = { given = { file = \"a.jpg\" } }\n"
        self.record(text, INPUTS / "420.jpg", prepared, append=True, truth={"grade": "b"})
        once = self.path.read_text()
        self.assertTrue(once.startswith(text.rstrip("\n")))
        with self.assertRaisesRegex(bundle_record.RecordError, "there already"):
            bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared)
        bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared, force=True, append=True)
        self.assertEqual(self.path.read_text(), once, "what was said of the same input stays")
        with self.path.open("a") as file:
            file.write("\n[files]\nalso = [\"x\"]\n")
        bundle_record.record(self.path, {"given": INPUTS / "422.jpg"}, prepared, force=True, append=True, origin="failure")
        names = [example["name"] for example in tomllib.loads(self.path.read_text())["examples"]]
        self.assertEqual(names, ["a", "recorded"])
        self.assertIn('origin = "failure"', self.path.read_text())
        self.assertIn("# kept", self.path.read_text())

    def test_the_manifest_stays_as_it_is_written(self):
        self.path.write_bytes(manifest(STEPS).replace("\n", "\r\n").encode())
        bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared, append=True)
        content = self.path.read_bytes()
        self.assertEqual((content.count(b"\n"), content.count(b"\r\r")), (content.count(b"\r\n"), 0))
        bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared, append=True, force=True)
        self.assertEqual(self.path.read_bytes(), content)
        text = "examples = []\n" + manifest(STEPS)
        self.path.write_text(text)
        with self.assertRaisesRegex(bundle_record.RecordError, "does not fit into .* as it is written"):
            bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared, name="b", append=True)
        self.assertEqual((self.path.read_text(), (self.directory / "examples/b").exists()), (text, False))
        self.assertIn("[[examples]]", bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared, name="b").entry)

    def test_failure_leaves_nothing(self):
        self.path.write_text(manifest(STEPS))
        before = self.files()

        def broken(path):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, broken)
        self.assertEqual(self.files(), before)
        self.assertFalse((self.directory / "examples").exists())
        original = bundle_record.write_text
        self.addCleanup(setattr, bundle_record, "write_text", original)

        def interrupted(path, text):
            raise KeyboardInterrupt

        bundle_record.write_text = interrupted
        with self.assertRaises(KeyboardInterrupt):
            bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared, append=True)
        self.assertEqual(self.files(), before)
        self.assertFalse((self.directory / "examples").exists())
        bundle_record.write_text = original
        bundle_record.record(self.path, {"given": INPUTS / "420.jpg"}, prepared, append=True)
        contents = {file: (self.directory / file).read_bytes() for file in self.files()}
        bundle_record.write_text = interrupted
        with self.assertRaises(KeyboardInterrupt):
            bundle_record.record(self.path, {"given": INPUTS / "422.jpg"}, prepared, append=True, force=True)
        self.assertEqual({file: (self.directory / file).read_bytes() for file in self.files()}, contents, "the old example is back")

    def test_what_is_wrong_is_said(self):
        self.path.write_text(manifest(STEPS, more=OUTPUT))
        file = INPUTS / "420.jpg"
        for arguments, options, words in [
            (({"gven": file},), {}, "there is no input `gven`"),
            (({"given": self.directory / "none.jpg"},), {}, "No such file"),
            (({},), {}, "an example gives every input"),
            (({"given": file},), {"name": "a/b"}, "is no name"),
            (({"given": file},), {"name": "a."}, "is no name"),
            (({"given": file},), {"out": self.directory.parent}, "is not below"),
            (({"given": file}, lambda path: "text"), {}, "no array of numbers"),
            (({"given": file}, lambda path: 1 / 0), {}, "the callable of `given` failed: ZeroDivisionError: division by zero"),
            (({"given": file}, lambda path: {"y": [1], "z": [2]}), {}, "gives y, z, and the network takes x"),
            (({"given": file}, lambda path: [np.zeros(2), np.zeros(3)]), {}, "arrays of several shapes"),
            (({"given": file},), {"expect": {"grad": np.zeros(2)}}, "there is no output `grad`"),
            (({"given": file},), {"model": lambda tensors: {"other": np.zeros(2)}}, "the model gives other, and the outputs are logits"),
        ]:
            with self.subTest(words), self.assertRaisesRegex(bundle_record.RecordError, words):
                bundle_record.record(self.path, *arguments, **options)
        self.assertEqual(self.files(), ["bundle.toml"])

    def test_large_stages_are_left_out(self):
        original = bundle_record.MOST_BYTES
        self.addCleanup(setattr, bundle_record, "MOST_BYTES", original)
        bundle_record.MOST_BYTES = 100_000
        recording = self.record(manifest(STEPS), INPUTS / "420.jpg", prepared)
        self.assertEqual(sorted(self.stages()), ["given/0", "given/1", "given/3", "given/value"])
        self.assertIn("stage `given/2` is left out", recording.warnings[0])


class Command(Project):
    def run_it(self, *arguments, **options):
        here = pathlib.Path(bundle_record.__file__).parent
        environment = {**os.environ, "PYTHONPATH": str(here), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run([sys.executable, "-m", "bundle_record", *map(str, arguments)], cwd=self.directory, env=environment, capture_output=True, text=True, **options)

    def module(self, body):
        (self.directory / "prepare.py").write_text("import numpy as np\nfrom PIL import Image\n" + textwrap.dedent(body))

    def test_an_example_is_recorded(self):
        self.path.write_text(manifest(STEPS, more=OUTPUT))
        self.module("""
            def tensor(path):
                pixels = np.asarray(Image.open(path).convert("RGB"))
                return {"x": (pixels * 0.00392156862745098).astype(np.float32).transpose(2, 0, 1)[None]}
            def off(path):
                return tensor(path)["x"] + np.float32(1)
            def net(tensors):
                return tensors["x"].mean(axis=(2, 3))
            def broken(path):
                raise ValueError("of my own")
        """)
        said = self.run_it("bundle.toml", "--input", f"given={INPUTS / '420.jpg'}", "--callable", "prepare:broken")
        self.assertEqual((said.returncode, said.stdout), (2, ""))
        self.assertRegex(said.stderr, r'(?s)^Traceback.*prepare.py", line \d+, in broken.*\nerror: the callable of `given` failed: ValueError: of my own\n$')
        said = self.run_it("bundle.toml", "--input", f"given={INPUTS / '420.jpg'}", "--callable", "prepare:tensor", "--model", "prepare:net", "--example", "cat")
        self.assertEqual((said.returncode, said.stderr), (0, "wrote examples/cat; put this into bundle.toml, or use --append\n"))
        (entry,) = tomllib.loads(said.stdout)["examples"]
        self.assertEqual((entry["name"], entry["stages"]), ("cat", "examples/cat/stages.npz"))
        self.assertRegex(entry["recorded_with"], r"^numpy [0-9.]+, pillow [0-9.]+")
        said = self.run_it("bundle.toml", "--input", f"given={INPUTS / '420.jpg'}", "--callable", "prepare:off", "--append", "--name", "off", "--out", "shown")
        self.assertEqual((said.returncode, said.stdout), (0, ""), said.stderr)
        self.assertIn("warning: `given`: `x`: 9045 of 9045 values differ, by up to 1", said.stderr)
        (entry,) = tomllib.loads(self.path.read_text())["examples"]
        self.assertEqual(entry["inputs"], {"given": {"file": "shown/off/given.jpg"}})

    def test_errors_say_what_to_do(self):
        self.path.write_text(manifest(STEPS))
        for arguments, message in [
            (["--input", "given"], "error: `given` is not NAME=FILE\n"),
            (["--input", f"given={INPUTS / '420.jpg'}", "--callable", "prepare"], "error: `prepare` is not MODULE:FUNCTION\n"),
            (["--input", f"given={INPUTS / '420.jpg'}", "--callable", "none:f"], "error: `none:f`: No module named 'none'\nhint: "),
            (["--value", "other=1"], "error: there is no input `other`\nhint: the inputs are given\n"),
        ]:
            said = self.run_it("bundle.toml", *arguments)
            self.assertEqual((said.returncode, said.stdout), (2, ""))
            self.assertIn(message, said.stderr)
            self.assertNotIn("Traceback", said.stderr)
        self.path.write_text("format = ")
        said = self.run_it("bundle.toml", "--value", "a=1")
        self.assertEqual(said.returncode, 2)
        self.assertIn("error: bundle.toml: ", said.stderr)
        said = self.run_it("--help")
        self.assertEqual(said.returncode, 0)
        self.assertIn("--callable prepare:to_tensor --append", said.stdout)

    def test_flags_become_examples(self):
        self.path.write_text(manifest(STEPS, more=OUTPUT))
        self.module("""
            def net(tensors):
                return tensors["x"].mean(axis=(2, 3))
        """)
        content = (INPUTS / "420.jpg").read_bytes()
        (output,) = [entry["name"] for entry in tomllib.loads(OUTPUT)["outputs"]]
        kept = {"sha256": None, "name": "../of me.JPG", "size": len(content), "base64": base64.b64encode(content).decode()}
        lines = [
            {"format": 1, "kind": "bundle-flags", "bundle": {"name": "test"}},
            {"flag": "0f-1e/2d", "reason": "wrong", "corrected": {output: "cat"}, "inputs": {"given": kept}},
            {"flag": "ffff", "reason": "other", "corrected": {}, "inputs": {"given": {"sha256": None, "name": "x.jpg", "size": 1}}},
        ]
        flags = self.directory / "flags.jsonl"
        flags.write_text("".join(json.dumps(line) + "\n" for line in lines))
        said = self.run_it("bundle.toml", "--flags", "flags.jsonl", "--model", "prepare:net", "--append")
        self.assertEqual((said.returncode, said.stdout), (0, ""), said.stderr)
        self.assertIn("warning: 1 flags came without their input", said.stderr)
        (entry,) = tomllib.loads(self.path.read_text())["examples"]
        self.assertEqual((entry["name"], entry["origin"], entry["truth"]), ("flag-0f1e2d", "flagged", {output: "cat"}))
        self.assertEqual(entry["inputs"], {"given": {"file": "examples/flag-0f1e2d/given.jpg"}})
        self.assertEqual((self.directory / "examples/flag-0f1e2d/given.jpg").read_bytes(), content)
        for text, message in [
            ("", "1: is no export of flags"),
            (json.dumps({**lines[0], "format": 2}), "1: is of a newer format"),
            (json.dumps(lines[0]) + "\n[]", "2: is no flag"),
            (json.dumps(lines[0]) + "\n" + json.dumps(lines[2]), "none of its 1 flags has its input"),
            ("{", "Expecting"),
        ]:
            flags.write_text(text)
            said = self.run_it("bundle.toml", "--flags", "flags.jsonl")
            self.assertEqual((said.returncode, said.stdout), (2, ""))
            self.assertIn(message, said.stderr)
            self.assertNotIn("Traceback", said.stderr)
        said = self.run_it("bundle.toml", "--flags", "flags.jsonl", "--origin", "drawn")
        self.assertIn("--flags brings its own inputs", said.stderr)

    def test_an_interrupt_leaves_nothing(self):
        self.path.write_text(manifest(STEPS))
        self.module("""
            import time
            def tensor(path):
                print("here", flush=True)
                time.sleep(60)
        """)
        here = pathlib.Path(bundle_record.__file__).parent
        environment = {**os.environ, "PYTHONPATH": str(here), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "bundle_record", "bundle.toml", "--input", f"given={INPUTS / '420.jpg'}", "--callable", "prepare:tensor"]
        running = subprocess.Popen(command, cwd=self.directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(running.stdout.readline(), "here\n")
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=30)
        self.assertEqual((running.returncode, stderr), (130, "error: interrupted; nothing was written\n"))
        self.assertEqual(self.files(), ["bundle.toml", "prepare.py"])


if __name__ == "__main__":
    unittest.main()
