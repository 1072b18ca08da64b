"""Records an example of a bundle with the author's own libraries.

    python -m bundle_record bundle.toml --input photo=cat.jpg --callable mycode:prepare --name cat

reads `bundle.toml`, runs its steps one by one with the libraries that they name (Pillow,
torchvision, OpenCV, NumPy, soundfile, torchaudio, tokenizers), and beside them the author's
callable, which takes the path of the file and gives the tensor for the network. Written are the
input, an NPZ of the value after each step and of the tensor, the environment as JSON, and the
`[[examples]]` entry. Where the callable and the steps disagree, the callable's tensor is what is
recorded, and by how much it differs is said: `bundle check` then names the step.

As a function: `bundle_record.record("bundle.toml", {"photo": "cat.jpg"}, prepare, name="cat")`.

Needs Python 3.9 and NumPy; the other libraries only where a step names them. Nothing is sent
anywhere.
"""

import argparse
import importlib
import io
import json
import math
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

# A time for everything in an archive, so that the same values are the same bytes.
MIDNIGHT = (1980, 1, 1, 0, 0, 0)
# Packages whose release decides what preprocessing gives.
DECISIVE = [
    "numpy", "pillow", "torch", "torchvision", "torchaudio", "transformers", "timm", "opencv-python", "opencv-python-headless", "librosa",
    "soundfile", "tokenizers", "scikit-learn", "scipy", "onnxruntime",
]


class CannotRun(Exception):
    """A step that these libraries cannot show."""


# --- steps -----------------------------------------------------------------------------------


def decode_image(path, step):
    from PIL import Image, ImageOps

    image = Image.open(path)
    image.load()
    if step["exif_orientation"] == "apply":
        image = ImageOps.exif_transpose(image)
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        raise CannotRun(f"a picture of Pillow's mode {image.mode}")
    return np.asarray(image)


def convert_color(array, step):
    from PIL import Image

    image, to = Image.fromarray(array), step["to"]
    if to in ("RGB", "BGR"):
        if image.mode in ("RGBA", "LA") and step.get("alpha") == "composite":
            background = Image.new("RGBA", image.size, (*step["background"], 255))
            image = Image.alpha_composite(background, image.convert("RGBA"))
        array = np.asarray(image.convert("RGB"))
        return array if to == "RGB" else np.ascontiguousarray(array[..., ::-1])
    if to == "L" and step.get("luma", "pillow") == "pillow":
        return np.asarray(image.convert("L"))
    if to == "L":
        import cv2

        return cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2GRAY)
    return np.asarray(image.convert(to))


def rounded(value, how):
    return {"trunc": int, "floor": math.floor, "round": round, "trunc_round": int}[how](value)


def target_size(height, width, size, how):
    """Height and width as torchvision and transformers compute them."""
    if "height" in size:
        return size["height"], size["width"]
    if "max_height" in size:
        ratio = min(size["max_height"] / height, size["max_width"] / width)
        return rounded(height * ratio, how), rounded(width * ratio, how)
    short, long = min(height, width), max(height, width)
    if "shortest_edge" not in size:
        edges = (rounded(size["longest_edge"] * short / long, how), size["longest_edge"])
    else:
        shortest, most = size["shortest_edge"], size.get("longest_edge")
        if how == "trunc_round" and most and long / short * shortest > most:
            exact = most * short / long
            edges = (round(exact), int(exact * long / short)) if round(exact) != short else (short, long)
        else:
            edges = (shortest, rounded(shortest * long / short, how))
            if most and edges[1] > most:
                edges = (rounded(most * shortest / edges[1], how), most)
    return edges if height <= width else edges[::-1]


def resize_to(array, step, height, width):
    kernel, words = step["impl"], step["interpolation"]
    if kernel == "pillow":
        from PIL import Image, __version__

        is_new = int(__version__.split(".")[0]) >= 13
        if is_new != (step["impl_version"] == "ge13"):
            print(f"note: `impl_version = \"{step['impl_version']}\"`, and Pillow {__version__} is installed", file=sys.stderr)
        return np.asarray(Image.fromarray(array).resize((width, height), getattr(Image.Resampling, words.upper())))
    if kernel == "opencv":
        import cv2

        codes = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA, "bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
        return cv2.resize(array, (width, height), interpolation=codes[words])
    import torch
    from torchvision.transforms.v2 import InterpolationMode, functional

    planes = array[..., None] if array.ndim == 2 else array
    planes = torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))
    result = functional.resize(planes, [height, width], InterpolationMode(words), antialias=step.get("antialias", True)).numpy()
    result = np.ascontiguousarray(result.transpose(1, 2, 0))
    return result[..., 0] if array.ndim == 2 else result


def resize(array, step):
    height, width = target_size(*array.shape[:2], step["size"], step.get("size_rounding", "trunc"))
    return resize_to(array, step, height, width)


def filled(array, top, bottom, left, right, fill):
    widths = ((top, bottom), (left, right), (0, 0))[: array.ndim]
    return np.pad(array, widths, constant_values=fill)


def center_crop(array, step):
    height, width = step["size"]
    offset = {"floor": lambda rest: rest // 2, "half_even": lambda rest: int(round(rest / 2))}[step["offset_rounding"]]
    down, across = max(height - array.shape[0], 0), max(width - array.shape[1], 0)
    if down or across:
        first = (lambda rest: -(-rest // 2)) if step.get("pad_side") == "ceil" else (lambda rest: rest // 2)
        array = filled(array, first(down), down - first(down), first(across), across - first(across), step.get("fill", 0))
    top, left = offset(array.shape[0] - height), offset(array.shape[1] - width)
    return array[top : top + height, left : left + width]


def crop(array, step):
    return array[step["top"] : step["top"] + step["height"], step["left"] : step["left"] + step["width"]]


def pad(array, step):
    height, width = array.shape[:2]
    if "divisor" in step:
        down, across = -height % step["divisor"], -width % step["divisor"]
    else:
        down, across = step["size"][0] - height, step["size"][1] - width
    top, left = (down // 2, across // 2) if step["position"] == "center" else (0, 0)
    return filled(array, top, down - top, left, across - left, step["fill"])


def letterbox(array, step):
    height, width = array.shape[:2]
    ratio = min(step["size"][0] / height, step["size"][1] / width)
    if not step["scaleup"]:
        ratio = min(ratio, 1.0)
    high, wide = round(height * ratio), round(width * ratio)
    down, across = step["size"][0] - high, step["size"][1] - wide
    if "stride" in step:
        down, across = down % step["stride"], across % step["stride"]
    if (high, wide) != (height, width):
        array = resize_to(array, step, high, wide)
    if step["position"] == "center":
        top, left = round(down / 2 - 0.1), round(across / 2 - 0.1)
    else:
        top = left = 0
    return filled(array, top, down - top, left, across - left, step["fill"])


def rescale(array, step):
    scale, offset, how = step["scale"], step.get("offset", 0.0), step.get("arithmetic", "f64_mul")
    if how == "f64_mul":
        return (array.astype(np.float64) * scale + offset).astype(np.float32)
    narrow = array.astype(np.float32)
    scaled = narrow * np.float32(scale) if how == "f32_mul" else narrow / np.float32(1 / scale)
    return scaled + np.float32(offset) if offset else scaled


def along(values, array, axis):
    """Constants along an axis, in float32."""
    values = np.asarray(values, np.float32)
    if values.size == 1:
        return values.reshape(())
    return values.reshape([-1 if index == axis % array.ndim else 1 for index in range(array.ndim)])


def normalize(array, step, channels):
    axis = step.get("axis", channels)
    return (array.astype(np.float32) - along(step["mean"], array, axis)) / along(step["std"], array, axis)


def layout(array, step):
    to = step["to"]
    array = array[..., None] if array.ndim == 2 and "C" in to else array
    array = array.transpose(2, 0, 1) if to.endswith("CHW") else array
    return np.ascontiguousarray(array[None] if to.startswith("N") else array)


def zero_mean_unit_variance(array, step):
    narrow = array.astype(np.float32 if step.get("arithmetic") == "f32" else np.float64)
    axes = None if "axes" not in step else tuple(step["axes"])
    mean, variance = narrow.mean(axis=axes, keepdims=True), narrow.var(axis=axes, keepdims=True, ddof=step["ddof"])
    root = np.sqrt(variance) + step["eps"] if step["eps_position"] == "std" else np.sqrt(variance + step["eps"])
    return ((narrow - mean) / root).astype(array.dtype if array.dtype == np.float64 else np.float32)


def scale_range(array, step):
    wide, axes = array.astype(np.float64), None if "axes" not in step else tuple(step["axes"])
    low, high = (np.percentile(wide, step[key], axis=axes, keepdims=True) for key in ("min_percentile", "max_percentile"))
    return ((wide - low) / (high - low + step["eps"])).astype(array.dtype if array.dtype == np.float64 else np.float32)


def scale_linear(array, step):
    def constants(key):
        values = np.asarray(step[key], np.float64)
        return values if values.size == 1 else values.reshape([-1 if index == step["axis"] % array.ndim else 1 for index in range(array.ndim)])

    return (array.astype(np.float64) * constants("gain") + constants("offset")).astype(array.dtype if array.dtype == np.float64 else np.float32)


def decode_audio(path, step):
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if step.get("sampling_rate", rate) != rate:
        raise CannotRun(f"a file of {rate} Hz where `sampling_rate` is {step['sampling_rate']}")
    samples = samples[:, 0] if samples.shape[1] == 1 or step.get("mono") == "first" else samples.mean(axis=1, dtype=np.float32)
    return samples, rate


def resample(array, step, rate):
    import torch
    import torchaudio.functional

    given = torch.from_numpy(array.astype(np.float64))
    options = {"lowpass_filter_width": step["lowpass_filter_width"], "rolloff": step["rolloff"]}
    return torchaudio.functional.resample(given, rate, step["sampling_rate"], **options).numpy().astype(np.float32)


def pad_or_trim(array, step):
    axis, length = step.get("axis", -1), step["length"]
    array = np.moveaxis(array, axis, 0)
    mode, right = step.get("mode", "constant"), step.get("side", "right") == "right"
    if len(array) > length:
        array = array[:length]
    if len(array) < length and mode != "constant":
        times = -(-length // len(array)) if mode == "repeat" else length // len(array)
        array = np.concatenate([array] * times)[:length]
    rest = [(length - len(array)) if side == right else 0 for side in (False, True)]
    array = np.pad(array, [tuple(rest), *[(0, 0)] * (array.ndim - 1)], constant_values=step.get("value", 0.0))
    return np.moveaxis(array, 0, axis)


PLAIN = {
    "convert_color": convert_color, "resize": resize, "center_crop": center_crop, "crop": crop, "pad": pad, "letterbox": letterbox,
    "rescale": rescale, "zero_mean_unit_variance": zero_mean_unit_variance, "scale_range": scale_range, "scale_linear": scale_linear,
    "pad_or_trim": pad_or_trim, "layout": layout,
    "expand_dims": lambda array, step: np.expand_dims(array, step["axis"]),
    "transpose": lambda array, step: np.ascontiguousarray(array.transpose(step["axes"])),
    "reverse_channels": lambda array, step: np.ascontiguousarray(np.flip(array, step["axis"])),
    "ensure_dtype": lambda array, step: array.astype(step["dtype"]),
    "clip": lambda array, step: array.clip(step.get("min"), step.get("max")).astype(array.dtype),
    "binarize": lambda array, step: (array > step["threshold"]).astype(np.float32),
    "drop_last_frame": lambda array, _step: array[..., :-1],
}


def tokenize(text, step, directory):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(directory / step["file"]))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if "truncation" in step:
        cut = step["truncation"]
        tokenizer.enable_truncation(cut["max_length"], strategy=cut.get("strategy", "longest_first"), direction=cut.get("side", "right"))
    if "padding" in step:
        fill = step["padding"]
        tokenizer.enable_padding(
            direction=fill["side"], pad_id=fill["pad_id"], pad_type_id=fill.get("pad_type_id", 0), pad_token=fill.get("pad_token", "[PAD]"),
            length=fill.get("length"), pad_to_multiple_of=fill.get("multiple_of"),
        )
    encoded = tokenizer.encode(text, add_special_tokens=step["add_special_tokens"])
    published = {"ids": encoded.ids, "attention_mask": encoded.attention_mask, "type_ids": encoded.type_ids}
    return {name: np.asarray([values], np.int64) for name, values in published.items()}


def run_steps(entry, path, directory):
    """The value after each step, None where it is no array; and why it ended early."""
    value, rate, channels, stages = path, None, None, []
    for index, step in enumerate(entry.get("steps", [])):
        op = step["op"]
        try:
            if op == "decode_image":
                value, channels = decode_image(path, step), -1
            elif op == "decode_audio":
                value, rate = decode_audio(path, step)
            elif op == "resample":
                value, rate = resample(value, step, rate), step["sampling_rate"]
            elif op == "decode_array":
                value = np.load(path, allow_pickle=False)
            elif op == "lowercase":
                value = text_of(value).lower()
            elif op == "tokenize":
                value = tokenize(text_of(value), step, directory)["ids"]
            elif op == "normalize":
                value = normalize(value, step, channels)
            elif op in PLAIN:
                value = PLAIN[op](value, step)
                if op == "layout":
                    channels = step["to"].index("C") if "C" in step["to"] else None
            else:
                raise CannotRun("no library is known to the recorder")
        except (CannotRun, ImportError) as error:
            return stages, f"step {index} `{op}`: {error}"
        stages.append(np.array(value, order="C") if isinstance(value, np.ndarray) else None)
    return stages, None


def text_of(value):
    return pathlib.Path(value).read_text(encoding="utf-8") if isinstance(value, pathlib.Path) else value


# --- the author's callable -------------------------------------------------------------------


def array_of(given, wanted):
    """An array out of what a callable gives: a tensor, or a mapping with the network's inputs."""
    if hasattr(given, "keys"):
        names = [name for name in wanted if name in given] or list(given.keys())[:1]
        if not names:
            raise SystemExit("error: the callable gives an empty mapping")
        given = given[names[0]]
    if isinstance(given, (list, tuple)) and len(given) == 1:
        given = given[0]
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    array = np.asarray(given)
    if array.dtype == object:
        raise SystemExit("error: the callable gives no array of numbers: return a tensor or a NumPy array")
    return np.array(array, order="C")


def difference(author, steps):
    """How far two arrays are apart, in words; None where every bit is the same."""
    if author.shape != steps.shape or author.dtype != steps.dtype:
        return f"the callable gives {author.dtype}{list(author.shape)}, the steps {steps.dtype}{list(steps.shape)}"
    different = author != steps
    if np.issubdtype(author.dtype, np.floating):
        different &= ~(np.isnan(author) & np.isnan(steps))
    count = int(different.sum())
    if count == 0:
        return None
    at = tuple(int(index) for index in np.argwhere(different)[0])
    apart = np.abs(author.astype(np.float64) - steps.astype(np.float64)).max()
    return f"{count} of {author.size} elements differ, by up to {apart:.3g}, first at {list(at)}"


# --- the environment -------------------------------------------------------------------------


def releases():
    from importlib import metadata

    found = {}
    for name in DECISIVE:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def environment():
    """What decides the values: releases, Python, machine."""
    said = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system(), "releases": releases()}
    if "pillow" in said["releases"]:
        from PIL import features

        said["libjpeg_turbo"] = features.version_feature("libjpeg_turbo")
    if "torch" in sys.modules:
        said["torch_cpu"] = sys.modules["torch"].backends.cpu.get_cpu_capability()
    done = subprocess.run([sys.executable, "-m", "pip", "freeze", "--disable-pip-version-check"], capture_output=True, text=True)
    said["pip_freeze"] = sorted(line for line in done.stdout.splitlines() if "==" in line)
    return said


# --- writing ---------------------------------------------------------------------------------


def npz(arrays):
    """A NumPy archive whose bytes depend on the arrays alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.save(content, arrays[name], allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", MIDNIGHT)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, content.getvalue())
    return buffer.getvalue()


def write(path, content):
    """Writes all of a file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def load(manifest):
    try:
        import tomllib
    except ImportError:
        try:
            import tomli as tomllib
        except ImportError:
            raise SystemExit("error: Python before 3.11 needs `pip install tomli`") from None
    try:
        return tomllib.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SystemExit(f"error: {manifest}: {error}") from None


def record(manifest, inputs, callable=None, name="recorded", expect=None, force=False):
    """Records one example: `inputs` by name to files, `expect` by output to arrays (optional).

    Gives the text of the `[[examples]]` entry and a list of what disagrees.
    """
    manifest = pathlib.Path(manifest)
    directory, parsed = manifest.resolve().parent, load(manifest)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise SystemExit(f"error: `{name}` is no name: letters, digits, `_`, `-` and `.`")
    folder = directory / "examples" / name
    if (folder.exists() or any(example.get("name") == name for example in parsed.get("examples", []))) and not force:
        raise SystemExit(f"error: the example `{name}` is there already: choose another --name, or --force")
    entries = {entry["name"]: entry for entry in parsed.get("inputs", [])}
    arrays, weak, given = {}, [], []
    for input_name, file in inputs.items():
        if input_name not in entries:
            raise SystemExit(f"error: there is no input `{input_name}`; there are {', '.join(entries) or 'none'}")
        entry, file = entries[input_name], pathlib.Path(file)
        if not file.is_file():
            raise SystemExit(f"error: there is no file `{file}`")
        stages, ended = run_steps(entry, file, directory)
        if ended:
            weak.append(f"`{input_name}`: {ended}; later stages are left out")
        for index, stage in enumerate(stages):
            if stage is not None:
                arrays[f"{input_name}/{index}"] = stage
        value = stages[-1] if stages and not ended else None
        if callable is not None:
            author = array_of(callable(str(file)), list(entry.get("tensors", {})))
            apart = difference(author, value) if value is not None else None
            if apart:
                weak.append(f"`{input_name}`: {apart}")
            value = author
        if value is not None:
            arrays[f"{input_name}/value"] = value
        given.append((input_name, file, f"examples/{name}/{input_name}{file.suffix.lower()}"))
    said = environment()
    said["disagreements"] = weak
    for input_name, file, target in given:
        write(directory / target, file.read_bytes())
    write(folder / "stages.npz", npz(arrays))
    write(folder / "environment.json", (json.dumps(said, indent=1, sort_keys=True) + "\n").encode())
    lines = ["[[examples]]", f'name = "{name}"']
    lines.append("inputs = { " + ", ".join(f'{key} = {{ file = "{target}" }}' for key, _, target in given) + " }")
    expected = []
    for output, array in (expect or {}).items():
        content = io.BytesIO()
        np.save(content, np.asarray(array), allow_pickle=False)
        write(folder / f"{output}.npy", content.getvalue())
        expected.append(f'{output} = {{ file = "examples/{name}/{output}.npy" }}')
    if expected:
        lines.append("expect = { " + ", ".join(expected) + " }")
    lines.append(f'stages = "examples/{name}/stages.npz"')
    lines.append('recorded_with = "' + ", ".join(f"{key} {value}" for key, value in said["releases"].items()) + '"')
    return "\n".join(lines) + "\n", weak


# --- the command -----------------------------------------------------------------------------

EXAMPLES = """examples:
  python -m bundle_record bundle.toml --input photo=cat.jpg --name cat
        the steps of bundle.toml, with their libraries
  python -m bundle_record bundle.toml --input photo=cat.jpg --callable prepare:to_tensor --append
        your function beside them; the entry goes into bundle.toml
  python -m bundle_record bundle.toml --input photo=cat.jpg --expect grade=cat.grade.npy
        with what your framework gave for it"""


def assigned(texts, what):
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise SystemExit(f"error: `{text}` is not {what}")
        pairs[key] = value
    return pairs


def imported(text):
    module, colon, name = text.partition(":")
    if not colon:
        raise SystemExit(f"error: `{text}` is not MODULE:FUNCTION")
    sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SystemExit(f"error: `{text}`: {error}") from None


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="bundle_record", description="Record an example of a bundle with your own libraries.", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=pathlib.Path, help="the bundle.toml")
    parser.add_argument("--input", action="append", required=True, metavar="NAME=FILE", help="a file for an input; once for each")
    parser.add_argument("--callable", metavar="MODULE:FUNCTION", help="your code, from the path of a file to the tensor")
    parser.add_argument("--expect", action="append", default=[], metavar="OUTPUT=NPY", help="what your framework gave for an output")
    parser.add_argument("--name", default="recorded", help="the example's name [recorded]")
    parser.add_argument("--append", action="store_true", help="append the entry to bundle.toml instead of printing it")
    parser.add_argument("--force", action="store_true", help="replace an example that is there")
    asked = parser.parse_args(arguments)
    inputs = assigned(asked.input, "NAME=FILE")
    expect = {key: np.load(file, allow_pickle=False) for key, file in assigned(asked.expect, "OUTPUT=NPY").items()}
    if asked.callable and len(inputs) > 1:
        raise SystemExit("error: with --callable, record one input at a time")
    function = imported(asked.callable) if asked.callable else None
    entry, weak = record(asked.manifest, inputs, function, asked.name, expect, asked.force)
    for line in weak:
        print(f"warning: {line}; the callable's value is recorded" if "differ" in line or "gives" in line else f"warning: {line}", file=sys.stderr)
    is_there = any(example.get("name") == asked.name for example in load(asked.manifest).get("examples", []))
    if asked.append and is_there:
        print(f"wrote examples/{asked.name}; its entry is in {asked.manifest} already", file=sys.stderr)
    elif asked.append:
        text = asked.manifest.read_text(encoding="utf-8")
        write(asked.manifest, (text.rstrip("\n") + "\n\n" + entry).encode())
        print(f"wrote examples/{asked.name}, and the entry in {asked.manifest}", file=sys.stderr)
    else:
        print(entry, end="")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
