"""Records an example of a bundle with the author's own libraries.

    python -m bundle_record bundle.toml --input photo=cat.jpg --callable mycode:prepare --name cat

reads `bundle.toml` and runs its steps one by one with the libraries that they name: Pillow,
torchvision, OpenCV, pydicom, soundfile, torchaudio, tokenizers, and NumPy for what no library
owns (scikit-learn's scalers and encoders are NumPy, too). Beside them runs the author's callable,
which takes the path of the file and gives what the network is fed: an array, a torch tensor, or a
mapping with the names of the network's inputs. Written are, below `examples/NAME/`:

    INPUT.jpg           a copy of the file
    stages.npz          INPUT/0, INPUT/1, …: the value after each step; INPUT/value: the author's
    tensors.npz         what the network is fed, by the names of its inputs
    OUTPUT.expected.npy what the author's model gives, where --model or --expect says
    environment.json    releases, machine, processor class, and where callable and steps disagree

and the `[[examples]]` entry. Where the callable and the steps disagree, the callable's tensor is
recorded all the same, and how far apart they are is said: `bundle check` then names the step.

With `--flags FILE` the inputs are those that people flagged on the page and gave with their export
(`bundle flags merge -o FILE`): an example each, its origin `flagged`, its truth what they corrected.

As a function: `bundle_record.record("bundle.toml", {"photo": "cat.jpg"}, prepare, name="cat")`.

Needs Python 3.9 and NumPy (before Python 3.11 also `tomli`); other libraries only where a step
names them. Nothing is sent anywhere, and neither paths nor names of this machine are written down.
The same values are the same bytes; an interrupted recording leaves nothing behind.
"""

import argparse
import base64
import binascii
import contextlib
import csv
import importlib
import io
import json
import math
import os
import pathlib
import platform
import re
import shutil
import sys
import tempfile
import traceback
import typing
import zipfile

import numpy as np

# A time for everything in an archive, so that the same values are the same bytes.
MIDNIGHT = (1980, 1, 1, 0, 0, 0)
# Packages whose release decides what preprocessing gives: the name to import, the names to install.
DECISIVE = {
    "numpy": ["numpy"], "PIL": ["pillow"], "torch": ["torch"], "torchvision": ["torchvision"], "torchaudio": ["torchaudio"],
    "transformers": ["transformers"], "timm": ["timm"], "ultralytics": ["ultralytics"], "albumentations": ["albumentations"],
    "cv2": ["opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"],
    "skimage": ["scikit-image"], "pydicom": ["pydicom"], "librosa": ["librosa"], "soundfile": ["soundfile"], "tokenizers": ["tokenizers"],
    "sentencepiece": ["sentencepiece"], "pandas": ["pandas"], "sklearn": ["scikit-learn"], "scipy": ["scipy"],
    "tensorflow": ["tensorflow", "tensorflow-cpu"], "keras": ["keras"], "jax": ["jax"], "onnxruntime": ["onnxruntime", "onnxruntime-gpu"],
}
# Where classes come from that are worth naming when a callable uses one.
PROCESSORS = ("transformers", "timm", "torchvision", "torchaudio", "albumentations", "ultralytics", "tokenizers", "sklearn")
# What `bundle check` reads of one NPZ file, with some room.
MOST_BYTES = 500 << 20


class RecordError(Exception):
    """What keeps an example from being recorded; the second argument says what to do."""


class CannotRun(Exception):
    """A step that cannot be shown here: the stages from it on are left out."""


# --- values between steps --------------------------------------------------------------------


class Value:
    """A value between two steps, of the same kinds as in `bundle`.

    `kind` is `file` (bytes), `json`, `text`, `image` (height × width × channels; gray without the
    last axis), `audio` (float32), `table` (a list of `Column`) or `tensor`.
    """

    def __init__(self, kind, data, **known):
        self.kind, self.data = kind, data
        # Of an image what its channels are, of a sound its rate, of a spectrum its rate and the
        # length of its transform, of a tensor the order of its axes.
        self.channels, self.rate = known.get("channels"), known.get("rate")
        self.n_fft, self.layout = known.get("n_fft"), known.get("layout")

    def like(self, data, **changes):
        """The same kind of value with other elements."""
        known = {"channels": self.channels, "rate": self.rate, "n_fft": self.n_fft, "layout": self.layout, **changes}
        return Value(self.kind, data, **known)

    def array(self):
        """The array that is recorded, None where the value is none."""
        if self.kind == "table":
            if any(column.kind != "number" for column in self.data):
                return None
            return np.stack([column.cells for column in self.data], axis=1)
        return self.data if isinstance(self.data, np.ndarray) else None


class Column(typing.NamedTuple):
    """A column of a table: float64 with NaN where missing, or texts and None."""

    name: str
    kind: str
    cells: typing.Any
    dtype: str = "float64"


class Run:
    """What steps need beside the value: the project's directory, what they publish, what to say.

    `beside` is what the steps of an output look at: `scores` of boxes, the `size` of the network's
    image, and the attention `masks` by input.
    """

    def __init__(self, directory, beside=None):
        self.directory, self.published, self.notes, self.beside = directory, {}, [], beside or {}


STEPS = {}


def step(*kinds):
    """Registers an operation, for values of these kinds."""

    def register(function):
        name = function.__name__.rstrip("_")

        def checked(value, options, run):
            if value.kind == "audio" and "audio" not in kinds and "tensor" in kinds:
                value = Value("tensor", value.data)
            if value.kind not in kinds:
                raise CannotRun(f"takes {' or '.join(kinds)}, got {value.kind}")
            return function(value, options, run)

        STEPS[name] = checked
        return function

    return register


NUMBERS = ("image", "audio", "tensor")


def floats(array, wide=False):
    """float64 stays (or all become it), everything else becomes float32."""
    return array.astype(np.float64 if wide or array.dtype == np.float64 else np.float32)


def narrow(array, like):
    """Rounded once to float32, but where the value was float64 to begin with."""
    return array if like.dtype == np.float64 else array.astype(np.float32)


def along(values, array, axis, dtype):
    """Constants along an axis; a single one for all elements."""
    values = np.asarray(values, dtype)
    if values.size == 1:
        return values.reshape(())
    axis = axis % array.ndim
    if array.shape[axis] != values.size:
        raise CannotRun(f"{values.size} constants for an axis of {array.shape[axis]}")
    return values.reshape([-1 if index == axis else 1 for index in range(array.ndim)])


# --- files to pixels -------------------------------------------------------------------------


@step("file")
def decode_image(value, options, _run):
    from PIL import Image, ImageOps

    image = Image.open(io.BytesIO(value.data))
    image.load()
    depth = options.get("bit_depth16")
    if image.mode.startswith("I;16") or image.mode == "I" and image.format in ("PNG", "TIFF"):
        return sixteen_bits(image, depth, options["exif_orientation"])
    if depth == "keep" and image.format in ("PNG", "TIFF"):
        return deep_colours(value.data, image, options["exif_orientation"])
    if options["exif_orientation"] == "apply":
        image = ImageOps.exif_transpose(image)
    return of_pillow(image)


def of_pillow(image):
    """Pixels with the channels that the colours of a palette, or of a colour key, have."""
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    elif image.mode in ("1", "L") and "transparency" in image.info:
        image = image.convert("LA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode == "RGB" and "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode == "RGBX":
        image = image.convert("RGB")
    if image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        raise CannotRun(f"a picture of Pillow's mode `{image.mode}`")
    return Value("image", np.array(image), channels=image.mode)


def sixteen_bits(image, rule, orientation):
    """Gray of 16 bits: kept, its high byte (as OpenCV), or limited to 255 (as Pillow)."""
    from PIL import ImageOps

    if rule is None:
        raise CannotRun("the file has 16-bit samples, and `bit_depth16` does not say what becomes of them")
    if orientation == "apply":
        image = ImageOps.exif_transpose(image)
    if rule == "saturate":
        return Value("image", np.minimum(np.array(image), 255).astype(np.uint8), channels="L")
    pixels = np.array(image).astype(np.uint16)
    return Value("image", pixels if rule == "keep" else (pixels >> 8).astype(np.uint8), channels="L")


def deep_colours(content, image, orientation):
    """Colours of 16 bits, of which Pillow keeps the high byte only."""
    import cv2

    if orientation == "apply" and image.getexif().get(0x0112, 1) != 1:
        raise CannotRun("no library here turns a picture of 16-bit colours")
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        return of_pillow(image)
    channels = {1: "L", 3: "RGB", 4: "RGBA"}[1 if pixels.ndim == 2 else pixels.shape[2]]
    order = {"L": None, "RGB": [2, 1, 0], "RGBA": [2, 1, 0, 3]}[channels]
    return Value("image", pixels if order is None else np.ascontiguousarray(pixels[..., order]), channels=channels)


@step("file")
def decode_dicom(value, options, _run):
    import pydicom
    from pydicom.pixels import apply_modality_lut, pixel_array

    file = pydicom.dcmread(io.BytesIO(value.data))
    frames = int(file.get("NumberOfFrames", 1) or 1)
    if "frame" not in options and frames > 1:
        raise CannotRun(f"the file has {frames} frames, and `frame` does not say which")
    is_jpeg = "JPEGBaseline" in file.file_meta.TransferSyntaxUID.keyword
    stored = pixel_array(file, index=options.get("frame", 0), **({"decoding_plugin": "pillow"} if is_jpeg else {}))
    if stored.ndim == 3:
        return Value("image", stored, channels="RGB")
    inverted = options["photometric"] == "apply" and file.PhotometricInterpretation == "MONOCHROME1"
    window = options.get("window")
    if inverted and window is None:
        signed = int(file.get("PixelRepresentation", 0)) == 1
        least, most = (-(2 ** (file.BitsStored - 1)), 2 ** (file.BitsStored - 1) - 1) if signed else (0, 2**file.BitsStored - 1)
        stored = (least + most - stored.astype(np.int64)).astype(stored.dtype)
    pixels = apply_modality_lut(stored, file) if options["rescale"] else stored
    if window is not None:
        pixels, center, width = pixels.astype(np.float64), window["center"] - 0.5, window["width"] - 1
        if width > 0:
            line = (pixels - center) / width + 0.5
            pixels = np.where(pixels <= center - width / 2, 0.0, np.where(pixels > center + width / 2, 1.0, line))
        else:
            pixels = (pixels > center).astype(np.float64)
        pixels = 1 - pixels if inverted else pixels
    if options["rescale"] or window is not None or pixels.dtype.kind == "i":
        pixels = pixels.astype(np.float32)
    return Value("image", np.array(pixels, order="C"), channels="L")


# --- pixels ----------------------------------------------------------------------------------


def to_pillow(array, channels):
    """An 8-bit image of Pillow; blue first is to it three channels like any."""
    from PIL import Image

    if array.dtype != np.uint8:
        raise CannotRun(f"takes uint8 samples, got {array.dtype}")
    mode = "RGB" if channels == "BGR" else channels
    return Image.frombytes(mode, (array.shape[1], array.shape[0]), np.ascontiguousarray(array).tobytes())


@step("image")
def convert_color(value, options, _run):
    to, alpha, luma = options["to"], options.get("alpha"), options.get("luma")
    has_alpha = value.channels in ("LA", "RGBA")
    if has_alpha and to != "RGBA" and alpha is None:
        raise CannotRun("the image has transparency, and `alpha` does not say what becomes of it")
    if value.data.dtype == np.uint16:
        return convert_deep(value, to, alpha)
    array, channels = value.data, value.channels
    if channels == "BGR":
        array, channels = array[..., ::-1], "RGB"
    image = to_pillow(array, channels)
    if has_alpha and alpha == "composite":
        from PIL import Image

        under = Image.new("RGBA", image.size, (*options["background"], 255))
        image = Image.alpha_composite(under, image.convert("RGBA")).convert("RGB")
    if image.mode == "CMYK":
        image = image.convert("RGB")
    if to == "L" and image.mode in ("RGB", "RGBA"):
        if luma is None:
            raise CannotRun("the image has colour, and `luma` does not say how it becomes gray")
        return Value("image", gray(image.convert("RGB"), luma), channels="L")
    array = np.array(image.convert("RGB" if to == "BGR" else to))
    return Value("image", np.ascontiguousarray(array[..., ::-1]) if to == "BGR" else array, channels=to)


def gray(image, luma):
    if luma == "pillow":
        return np.array(image.convert("L"))
    import cv2

    return cv2.cvtColor(np.array(image), cv2.COLOR_RGB2GRAY)


def convert_deep(value, to, alpha):
    """Channels of 16 bits in another order."""
    array, channels = value.data, value.channels
    if alpha == "composite" and channels in ("LA", "RGBA") or to == "L" and channels not in ("L", "LA"):
        raise CannotRun("no library blends or weighs 16-bit samples as `bundle` does 8-bit ones")
    planes = array[..., None] if array.ndim == 2 else array
    colours = planes[..., [0, 0, 0]] if channels in ("L", "LA") else planes[..., :3]
    colours = colours[..., ::-1] if (channels == "BGR") != (to == "BGR") and channels not in ("L", "LA") else colours
    if to == "L":
        return Value("image", np.ascontiguousarray(planes[..., 0]), channels="L")
    if to == "RGBA":
        opaque = np.full(array.shape[:2], 65535, np.uint16)
        colours = np.dstack([colours, planes[..., -1] if channels in ("LA", "RGBA") else opaque])
    return Value("image", np.ascontiguousarray(colours), channels=to)


def divide(dividend, divisor, how):
    """A quotient of whole numbers as an edge."""
    quotient, rest = divmod(dividend, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2 == 1)) if how == "round" else quotient


def target_size(height, width, size, how):
    """Height and width as torchvision and transformers compute them."""
    if "height" in size:
        return size["height"], size["width"]
    if how is None:
        raise CannotRun("`size` computes an edge, and `size_rounding` does not say how it is rounded")
    if "max_height" in size:
        ratio = min(size["max_height"] / height, size["max_width"] / width)
        whole = round if how == "round" else int
        return whole(height * ratio), whole(width * ratio)
    short, long = min(height, width), max(height, width)
    if "shortest_edge" not in size:
        edges = divide(size["longest_edge"] * short, long, how), size["longest_edge"]
    else:
        edges = by_shortest_edge(short, long, size["shortest_edge"], size.get("longest_edge"), how)
    return edges if height <= width else edges[::-1]


def by_shortest_edge(short, long, shortest, most, how):
    if how == "trunc_round" and most:
        # transformers `get_size_with_aspect_ratio`
        if long / short * shortest <= most:
            return shortest, shortest * long // short
        exact = most * short / long
        return round(exact), (long if round(exact) == short else int(exact * long / short))
    longer = divide(shortest * long, short, how)
    return (divide(most * shortest, longer, how), most) if most and longer > most else (shortest, longer)


def resize_to(value, options, size, run):
    height, width = size
    if value.data.shape[:2] == (height, width):
        return value
    if height < 1 or width < 1:
        raise CannotRun(f"an image of {value.data.shape[0]}×{value.data.shape[1]} would become {height}×{width}")
    kernel = {"pillow": by_pillow, "opencv": by_opencv, "torchvision_u8": by_torchvision, "torchvision_f32": by_torchvision}[options["impl"]]
    return value.like(kernel(value, options, height, width, run))


def by_pillow(value, options, height, width, run):
    import PIL
    from PIL import Image

    release = tuple(int(part) for part in re.findall(r"\d+", PIL.__version__)[:2])
    wanted = options.get("impl_version")
    if wanted and (release >= (13, 0)) != (wanted == "ge13"):
        run.notes.append(f"the step says `impl_version = \"{wanted}\"`, and what resizes here is Pillow {PIL.__version__}")
    filters = getattr(Image, "Resampling", Image)
    image = to_pillow(value.data, value.channels)
    return np.array(image.resize((width, height), getattr(filters, options["interpolation"].upper())))


def by_opencv(value, options, height, width, _run):
    import cv2

    flags = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}
    if options["interpolation"] not in flags:
        raise CannotRun(f"`{options['interpolation']}` of OpenCV")
    return cv2.resize(value.data, (width, height), interpolation=flags[options["interpolation"]])


def by_torchvision(value, options, height, width, _run):
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional

    wanted = np.uint8 if options["impl"] == "torchvision_u8" else np.float32
    if value.data.dtype != wanted:
        raise CannotRun(f"takes {np.dtype(wanted)} samples, got {value.data.dtype}")
    planes = value.data[None] if value.data.ndim == 2 else value.data.transpose(2, 0, 1)
    planes = torch.from_numpy(np.ascontiguousarray(planes))
    mode = InterpolationMode[options["interpolation"].upper()]
    result = functional.resize(planes, [height, width], interpolation=mode, antialias=options.get("antialias", False)).numpy()
    return np.array(result[0] if value.data.ndim == 2 else result.transpose(1, 2, 0), order="C")


@step("image")
def resize(value, options, run):
    size = target_size(*value.data.shape[:2], options["size"], options.get("size_rounding"))
    return resize_to(value, options, size, run)


def filled(array, rows, columns, fill):
    """With a border of one value: rows above and below, columns left and right."""
    if min(*rows, *columns) < 0:
        raise CannotRun(f"the image is {array.shape[0]}×{array.shape[1]}, larger than it shall become")
    return np.pad(array, (rows, columns, (0, 0))[: array.ndim], constant_values=np.asarray(fill).astype(array.dtype))


@step("image")
def center_crop(value, options, _run):
    array, (height, width) = value.data, options["size"]
    down, across = max(height - array.shape[0], 0), max(width - array.shape[1], 0)
    if down or across:
        if "pad_side" not in options or "fill" not in options:
            raise CannotRun(f"the image is smaller than {height}×{width}, and `pad_side` and `fill` do not say how to pad it")
        up = 1 if options["pad_side"] == "ceil" else 0
        top, left = (down + up) // 2, (across + up) // 2
        array = filled(array, (top, down - top), (left, across - left), options["fill"])

    def offset(rest):
        return rest // 2 if options["offset_rounding"] == "floor" else int(round(rest / 2))

    top, left = offset(array.shape[0] - height), offset(array.shape[1] - width)
    return value.like(array[top : top + height, left : left + width])


@step("image")
def crop(value, options, _run):
    bottom, right = options["top"] + options["height"], options["left"] + options["width"]
    if bottom > value.data.shape[0] or right > value.data.shape[1]:
        raise CannotRun("the rectangle is outside the image")
    return value.like(value.data[options["top"] : bottom, options["left"] : right])


@step("image")
def pad(value, options, _run):
    height, width = value.data.shape[:2]
    if "divisor" in options:
        down, across = -height % options["divisor"], -width % options["divisor"]
    else:
        down, across = options["size"][0] - height, options["size"][1] - width
    top, left = (down // 2, across // 2) if options["position"] == "center" else (0, 0)
    return value.like(filled(value.data, (top, down - top), (left, across - left), options["fill"]))


@step("image")
def letterbox(value, options, run):
    height, width = value.data.shape[:2]
    ratio = min(options["size"][0] / height, options["size"][1] / width)
    ratio = ratio if options["scaleup"] else min(ratio, 1.0)
    inner = round(height * ratio), round(width * ratio)
    rest = [outer - edge for outer, edge in zip(options["size"], inner)]
    if "stride" in options:
        rest = [edge % options["stride"] for edge in rest]
    if options["position"] == "center":
        border = [(round(edge / 2 - 0.1), round(edge / 2 + 0.1)) for edge in rest]
    else:
        border = [(0, round(edge + 0.1)) for edge in rest]
    value = resize_to(value, options, inner, run)
    if options["impl"] != "opencv" or value.data.dtype != np.uint8:
        return value.like(filled(value.data, *border, options["fill"]))
    import cv2

    fill = (int(options["fill"]),) * 4
    return value.like(cv2.copyMakeBorder(value.data, *border[0], *border[1], cv2.BORDER_CONSTANT, value=fill))


# --- numbers ---------------------------------------------------------------------------------


@step(*NUMBERS)
def rescale(value, options, _run):
    array, scale, offset = value.data, options["scale"], options.get("offset", 0.0)
    how = options.get("arithmetic", "f64_mul")
    if how == "f64_mul":
        return value.like((array.astype(np.float64) * scale + offset).astype(np.float32))
    single = array.astype(np.float32)
    scaled = single * np.float32(scale) if how == "f32_mul" else single / np.float32(1 / scale)
    return value.like(scaled + np.float32(offset))


@step(*NUMBERS)
def normalize(value, options, _run):
    axis = options.get("axis")
    if axis is None and value.kind == "image":
        axis = -1
    if axis is None and value.layout and "C" in value.layout:
        axis = value.layout.index("C")
    count = max(len(options["mean"]), len(options["std"]))
    if count > 1 and (axis is None or value.kind == "image" and value.data.ndim == 2):
        raise CannotRun(f"{count} constants, and the value has no channel axis that is known")
    single = value.data.astype(np.float32)
    mean, std = (along(options[key], single, axis or 0, np.float32) for key in ("mean", "std"))
    return value.like((single - mean) / std)


@step(*NUMBERS)
def zero_mean_unit_variance(value, options, _run):
    x = value.data.astype(np.float32 if options.get("arithmetic") == "f32" else np.float64)
    axes = tuple(options["axes"]) if "axes" in options else None
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, ddof=options["ddof"])
    # A Python number takes the type of the array on either side of NumPy 2.
    divisor = np.sqrt(variance) + options["eps"] if options["eps_position"] == "std" else np.sqrt(variance + options["eps"])
    return value.like(narrow((x - mean) / divisor, value.data))


@step(*NUMBERS)
def scale_range(value, options, _run):
    x, axes = value.data.astype(np.float64), tuple(options["axes"]) if "axes" in options else None
    low, high = (np.percentile(x, options[key], axis=axes, keepdims=True) for key in ("min_percentile", "max_percentile"))
    return value.like(narrow((x - low) / (high - low + options["eps"]), value.data))


@step(*NUMBERS)
def clip(value, options, _run):
    array, low, high = value.data, options.get("min"), options.get("max")
    if array.dtype.kind in "iu":
        # Within what the type holds; half a level rounds inwards.
        limits = np.iinfo(array.dtype)
        low = limits.min if low is None else min(max(math.ceil(low), limits.min), limits.max)
        high = limits.max if high is None else max(min(math.floor(high), limits.max), limits.min)
    low, high = (None if limit is None else np.asarray(limit).astype(array.dtype) for limit in (low, high))
    return value.like(np.clip(array, low, high))


@step(*NUMBERS)
def scale_linear(value, options, _run):
    x = floats(value.data)
    axis = options.get("axis", -1)
    gain, offset = (along(options[key], x, axis, x.dtype) for key in ("gain", "offset"))
    return value.like(x * gain + offset)


@step(*NUMBERS)
def binarize(value, options, _run):
    x = floats(value.data)
    return value.like((x > x.dtype.type(options["threshold"])).astype(x.dtype))


@step(*NUMBERS)
def reverse_channels(value, options, _run):
    array = np.ascontiguousarray(np.flip(value.data, options["axis"]))
    if value.kind != "image":
        return Value("tensor", array)
    colours = options["axis"] in (2, -1) and array.ndim == 3
    swapped = {"RGB": "BGR", "BGR": "RGB"}.get(value.channels) if colours else value.channels
    if swapped is None:
        raise CannotRun("reverses the colours of an image without alpha")
    return value.like(array, channels=swapped)


@step(*NUMBERS)
def transpose(value, options, _run):
    return Value("tensor", np.ascontiguousarray(value.data.transpose(options["axes"])))


@step("image")
def layout(value, options, _run):
    to, array = options["to"], value.data
    if "C" not in to and array.ndim == 3:
        raise CannotRun(f"`to = \"{to}\"` is for one channel, the image has {array.shape[2]}")
    array = array[..., None] if array.ndim == 2 and "C" in to else array
    array = array.transpose(2, 0, 1) if to.endswith("CHW") else array
    return Value("tensor", np.ascontiguousarray(array[None] if to.startswith("N") else array), layout=to)


@step(*NUMBERS)
def expand_dims(value, options, _run):
    order = value.layout
    if value.kind == "image":
        order = "HW" if value.data.ndim == 2 else "HWC"
    first = order and options["axis"] in (0, -len(order) - 1)
    batch = f"N{order}" if first and order in ("CHW", "HWC", "HW") else None
    return Value("tensor", np.expand_dims(value.data, options["axis"]), layout=batch)


def cast(array, dtype):
    """The elements as another type; one that it cannot hold is refused."""
    kind = np.dtype(dtype)
    with np.errstate(all="ignore"):
        result = array.astype(kind)
        if kind.kind == "f":
            fits = np.isfinite(result) | ~np.isfinite(array.astype(np.float64))
        else:
            fits = (result.astype(array.dtype) == array) & np.isfinite(array.astype(np.float64))
            if kind.kind in "iu" and array.dtype.kind in "iuf":
                limits = np.iinfo(kind)
                fits &= (array >= limits.min) & (array <= limits.max)
    if not np.all(fits):
        raise CannotRun(f"an element is {np.asarray(array)[~fits].flat[0]}, which `{dtype}` cannot hold")
    return result


@step("image", "audio", "tensor", "table")
def ensure_dtype(value, options, _run):
    dtype = options["dtype"]
    if value.kind == "table":
        columns = [
            column._replace(cells=cast(column.cells, dtype).astype(np.float64), dtype=dtype) if column.kind == "number" else column
            for column in value.data
        ]
        return value.like(columns)
    if value.kind == "audio":
        return Value("tensor", cast(value.data, dtype))
    return value.like(cast(value.data, dtype))


@step("file", "json")
def decode_array(value, _options, _run):
    return as_tensor(value)


def as_tensor(value):
    """An NPY file as it is; JSON as int64, bool, or else float32."""
    if value.kind == "file" and value.data.startswith(b"\x93NUMPY"):
        return Value("tensor", np.load(io.BytesIO(value.data), allow_pickle=False))
    try:
        given = value.data if value.kind == "json" else json.loads(value.data)
    except ValueError:
        raise CannotRun("takes an NPY array or a JSON array") from None
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise CannotRun("takes a number, or nested arrays of numbers")
    return Value("tensor", array if array.dtype.kind == "b" else array.astype(np.int64 if array.dtype.kind in "iu" else np.float32))


@step("tensor")
def window_(value, options, _run):
    array, length, stride = value.data, options["length"], options["stride"]
    past = max(len(array) - length, 0)
    if options["tail"] == "drop":
        if len(array) < length:
            raise CannotRun(f"a series of {len(array)} has no window of {length}")
        count = past // stride + 1
    else:
        count = -(-past // stride) + 1
        missing = max((count - 1) * stride + length - len(array), 0)
        array = np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
    return Value("tensor", np.stack([array[start * stride : start * stride + length] for start in range(count)]))


@step("tensor")
def difference(value, options, _run):
    lag = options.get("lag", 1)
    return Value("tensor", value.data[lag:] - value.data[: len(value.data) - lag])


# --- sound -----------------------------------------------------------------------------------


@step("file")
def decode_audio(value, options, _run):
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(value.data), dtype="float32", always_2d=True)
    if options.get("sampling_rate", rate) != rate:
        raise CannotRun(f"takes a sound at {options['sampling_rate']} Hz, got one at {rate} Hz")
    mono = options.get("mono")
    if samples.shape[1] > 1 and mono is None:
        raise CannotRun(f"the sound has {samples.shape[1]} channels, and `mono` does not say how they become one")
    if samples.shape[1] == 1 or mono == "first":
        return Value("audio", np.ascontiguousarray(samples[:, 0]), rate=rate)
    return Value("audio", samples.astype(np.float64).mean(axis=1).astype(np.float32), rate=rate)


@step("audio")
def resample(value, options, _run):
    """torchaudio's, in float64 and rounded once; in float32 it is some 1e-5 off that."""
    if value.rate == options["sampling_rate"]:
        return value
    import torch
    import torchaudio.functional

    width, rolloff = options["lowpass_filter_width"], options["rolloff"]
    resampled = torchaudio.functional.resample(
        torch.from_numpy(value.data.astype(np.float64)), value.rate, options["sampling_rate"], lowpass_filter_width=width, rolloff=rolloff)
    return value.like(resampled.numpy().astype(np.float32), rate=options["sampling_rate"])


@step("audio", "tensor")
def pad_or_trim(value, options, _run):
    axis, wanted = options.get("axis", -1), options["length"]
    array = np.moveaxis(value.data, axis, 0)
    has = len(array)
    length = wanted if options.get("trim", True) else max(wanted, has)
    mode = options["mode"]
    times = {"constant": 1, "repeat": -(-length // max(has, 1)), "repeat_pad": max(length // max(has, 1), 1)}[mode]
    tiled = np.concatenate([array] * max(times, 1)) if has else array
    rest = max(length - len(tiled), 0)
    fill = np.full((rest, *array.shape[1:]), options.get("value", 0.0)).astype(array.dtype)
    if options["side"] == "right":
        array = np.concatenate([tiled[:length], fill])
    else:
        array = np.concatenate([fill, tiled[max(len(tiled) - length, 0) :]])
    array = np.ascontiguousarray(np.moveaxis(array, 0, axis))
    return value.like(array, layout=None)


@step("audio")
def preemphasis(value, options, _run):
    x = value.data.astype(np.float64)
    return value.like(np.append(x[:1], x[1:] - options["coefficient"] * x[:-1]).astype(np.float32))


def window_of(name, length, periodic):
    turns = max(length if periodic else length - 1, 1)
    cosine = np.cos(2 * np.pi * np.arange(length) / turns)
    return {
        "hann": 0.5 - 0.5 * cosine, "hamming": 0.54 - 0.46 * cosine, "povey": np.maximum(0.5 - 0.5 * cosine, 0) ** 0.85,
        "rectangular": np.ones(length),
    }[name]


@step("audio")
def stft(value, options, _run):
    """NumPy's transform in float64; librosa, torch and transformers round the same to float32."""
    n_fft, length, hop = options["n_fft"], options["win_length"], options["hop_length"]
    signal = value.data.astype(np.float64)
    if options["center"]:
        half, mode = n_fft // 2, {"reflect": "reflect", "zeros": "constant"}[options["pad_mode"]]
        if mode == "reflect" and len(signal) <= half:
            raise CannotRun(f"a sound of {len(signal)} samples cannot be mirrored by {half}")
        signal = np.pad(signal, half, mode=mode)
    if len(signal) < n_fft:
        raise CannotRun(f"a sound of {len(signal)} samples has no frame of {n_fft}")
    weights = np.zeros(n_fft)
    start = (n_fft - length) // 2
    weights[start : start + length] = window_of(options["window"], length, options["periodic"])
    frames = np.lib.stride_tricks.sliding_window_view(signal, n_fft)[::hop]
    spectrum = np.fft.rfft(frames * weights, axis=1).T
    square, power = spectrum.real**2 + spectrum.imag**2, options["power"]
    result = square if power == 2 else np.sqrt(square) if power == 1 else square ** (power / 2)
    return Value("tensor", np.ascontiguousarray(result), rate=value.rate, n_fft=n_fft)


def to_mel(scale, hertz):
    hertz = np.asarray(hertz, np.float64)
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + hertz / 700.0)
    if scale == "kaldi":
        return 1127.0 * np.log(1.0 + hertz / 700.0)
    above = 15.0 + np.log(np.maximum(hertz, 1000.0) / 1000.0) * (27.0 / np.log(6.4))
    return np.where(hertz >= 1000.0, above, 3.0 * hertz / 200.0)


def to_hertz(scale, mels):
    if scale == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    if scale == "kaldi":
        return 700.0 * (np.exp(mels / 1127.0) - 1.0)
    return np.where(mels >= 15.0, 1000.0 * np.exp((np.log(6.4) / 27.0) * (mels - 15.0)), 200.0 * mels / 3.0)


@step("tensor")
def mel(value, options, _run):
    """librosa's and transformers' triangles, in float64."""
    if value.rate is None or value.n_fft is None:
        raise CannotRun("takes the frequencies that `stft` gives, of a sound whose rate is known")
    scale, count = options["scale"], options["n_mels"]
    points = np.linspace(to_mel(scale, options["f_min"]), to_mel(scale, options["f_max"]), count + 2)
    hertz, bins = to_hertz(scale, points), np.linspace(0.0, value.rate / 2, value.n_fft // 2 + 1)
    corners, places = (points, to_mel(scale, bins)) if scale == "kaldi" else (hertz, bins)
    steps = np.diff(corners)
    slopes = corners[:, None] - places[None, :]
    bank = np.maximum(0.0, np.minimum(-slopes[:-2] / steps[:-1, None], slopes[2:] / steps[1:, None]))
    if options["norm"] == "slaney":
        bank *= (2.0 / (hertz[2:] - hertz[:-2]))[:, None]
    return value.like(bank @ value.data, n_fft=None)


@step("tensor")
def log(value, options, _run):
    raised = np.maximum(value.data.astype(np.float64) + options.get("offset", 0.0), options["floor"])
    base = {"e": np.log, "10": np.log10, "db": lambda x: 10.0 * np.log10(x), "1p": np.log1p}[options["base"]]
    with np.errstate(divide="ignore"):
        result = base(raised)
    if not np.all(np.isfinite(result)):
        raise CannotRun("an element has no logarithm: `floor` is too low")
    if "dynamic_range" in options:
        result = np.maximum(result, result.max() - options["dynamic_range"])
    return value.like(result)


@step("audio")
def kaldi_fbank(value, options, _run):
    """torchaudio's, all of it in float64; in float32 its filters alone are some 1e-4 off that."""
    import torch
    from torchaudio.compliance import kaldi

    def milliseconds(samples):
        # torchaudio multiplies by the rate and cuts: a quarter of a sample keeps it from one less.
        return (samples + 0.25) * 1000.0 / value.rate

    window = {"hann": "hanning"}.get(options["window"], options["window"])
    usual = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        bank = kaldi.fbank(
            torch.from_numpy(value.data.astype(np.float64))[None], num_mel_bins=options["n_mels"], frame_length=milliseconds(options["frame_length"]),
            frame_shift=milliseconds(options["frame_shift"]), window_type=window, preemphasis_coefficient=options["preemphasis"],
            remove_dc_offset=options["remove_dc_offset"], low_freq=options["f_min"], high_freq=options["f_max"], snip_edges=options["snip_edges"],
            sample_frequency=float(value.rate), dither=0.0, use_energy=False)
    finally:
        torch.set_default_dtype(usual)
    return Value("tensor", bank.numpy().astype(np.float64))


@step("tensor")
def drop_last_frame(value, _options, _run):
    return value.like(np.ascontiguousarray(value.data[..., :-1]), layout=None)


# --- text ------------------------------------------------------------------------------------


@step("text")
def lowercase(value, _options, _run):
    return value.like(value.data.lower())


@step("text")
def tokenize(value, options, run):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(run.directory / options["file"]))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if "truncation" in options:
        cut = options["truncation"]
        tokenizer.enable_truncation(cut["max_length"], strategy=cut.get("strategy", "longest_first"), direction=cut.get("side", "right"))
    if "padding" in options:
        fill = options["padding"]
        tokenizer.enable_padding(
            direction=fill["side"], pad_id=fill["pad_id"], pad_type_id=fill.get("pad_type_id", 0), pad_token=fill.get("pad_token", "[PAD]"),
            length=fill.get("length"), pad_to_multiple_of=fill.get("multiple_of"))
    encoding = tokenizer.encode(value.data, add_special_tokens=options["add_special_tokens"])
    rows = {"ids": encoding.ids, "attention_mask": encoding.attention_mask, "type_ids": encoding.type_ids}
    run.published.update({name: np.array([row], np.int64) for name, row in rows.items()})
    run.published["offsets"] = np.array(encoding.offsets, np.int64).reshape(1, -1, 2)
    return Value("tensor", run.published["ids"])


@step("file", "text")
def bytes_(value, options, run):
    content = value.data.encode() if value.kind == "text" else value.data
    appended, wanted = options.get("append", []), options.get("length")
    if wanted is not None:
        content = content[: max(wanted - len(appended), 0)]
    ids = ([byte + options.get("offset", 0) for byte in content] + appended)[:wanted]
    mask = [1] * len(ids)
    if wanted is not None and wanted > len(ids):
        if "pad_id" not in options:
            raise CannotRun(f"the file has {len(ids)} tokens, and `pad_id` does not say how {wanted} are filled")
        missing = wanted - len(ids)
        ids, mask = ids + [options["pad_id"]] * missing, mask + [0] * missing
    run.published.update({"ids": np.array([ids], np.int64), "attention_mask": np.array([mask], np.int64)})
    return Value("tensor", run.published["ids"])


# --- tables ----------------------------------------------------------------------------------


@step("file", "json")
def columns_(value, options, _run):
    declared, missing = options["columns"], set(options.get("na_values", []))
    rows = rows_of_csv(value.data, declared) if value.kind == "file" else rows_of_json(value.data, declared)
    if not rows:
        raise CannotRun("the table has no rows")
    result = []
    for index, column in enumerate(declared):
        cells = [row[index] for row in rows]
        if column["kind"] == "number":
            numbers = [number(cell, missing, row, column["name"]) for row, cell in enumerate(cells, 1)]
            result.append(Column(column["name"], "number", np.array(numbers, np.float64), column.get("dtype", "float64")))
        else:
            texts = [None if cell == "" or cell in missing else cell for cell in cells]
            result.append(Column(column["name"], "category", texts))
    return Value("table", result)


def number(cell, missing, row, name):
    text = cell.strip()
    if text == "" or text in missing or cell in missing:
        return float("nan")
    try:
        found = float(text) if "_" not in text else None
    except ValueError:
        found = None
    if found is None or not math.isfinite(found):
        raise CannotRun(f"row {row} of column `{name}` is `{text[:40]}`, not a number; if it means \"missing\", list it under `na_values`")
    return found


def rows_of_csv(content, declared):
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    lines = [line for line in reader if line]
    if not lines:
        raise CannotRun("the CSV file is empty")
    header, places = lines[0], []
    for column in declared:
        name = column["name"]
        found = [index for index, said in enumerate(header) if said == name]
        found = found or [index for index, said in enumerate(header) if said.strip() == name.strip()]
        if len(found) != 1:
            raise CannotRun(f"the CSV file has {'no' if not found else 'more than one'} column `{name}`")
        places += found
    for row, line in enumerate(lines[1:], 1):
        if len(line) != len(header):
            raise CannotRun(f"row {row} of the CSV file has {len(line)} cells, the header line has {len(header)}")
    return [[line[place] for place in places] for line in lines[1:]]


def rows_of_json(given, declared):
    rows = [given] if isinstance(given, dict) else given

    def text(cell):
        return "" if cell is None else cell if isinstance(cell, str) else json.dumps(cell)

    try:
        return [[text(row[column["name"]]) for column in declared] for row in rows]
    except (KeyError, TypeError) as error:
        raise CannotRun(f"the rows have no column {error}") from None


@step("table")
def impute(value, options, _run):
    def fill(column):
        given = options["values"].get(column.name)
        if given is None:
            return column
        if column.kind == "number":
            return column._replace(cells=np.where(np.isnan(column.cells), np.float64(given), column.cells))
        return column._replace(cells=[given if cell is None else cell for cell in column.cells])

    return value.like([fill(column) for column in value.data])


def each_column(value, options, change):
    """Numeric columns with a change, which gets the place of their constants."""
    names = options.get("columns", [column.name for column in value.data if column.kind == "number"])
    result = list(value.data)
    for index, name in enumerate(names):
        places = [place for place, column in enumerate(result) if column.name == name and column.kind == "number"]
        if not places:
            raise CannotRun(f"the table has no numeric column `{name}`")
        column = result[places[0]]
        dtype = column.dtype if column.dtype.startswith("float") else "float64"
        result[places[0]] = column._replace(cells=change(index, column.cells), dtype=dtype)
    return value.like(result)


@step("table")
def standard_scale(value, options, _run):
    return each_column(value, options, lambda index, x: (x - options["mean"][index]) / options["scale"][index])


@step("table")
def min_max_scale(value, options, _run):
    def change(index, x):
        scaled = x * options["scale"][index] + options["min"][index]
        return np.clip(scaled, *options["clip"]) if "clip" in options else scaled

    return each_column(value, options, change)


def category(value, options):
    for column in value.data:
        if column.name == options["column"] and column.kind == "category":
            return column
    raise CannotRun(f"the table has no category `{options['column']}`")


@step("table")
def ordinal_encode(value, options, _run):
    wanted = category(value, options)

    def index_of(row, cell):
        if cell in options["categories"]:
            return float(options["categories"].index(cell))
        instead = options.get("missing_value" if cell is None else "unknown_value")
        if instead is None:
            raise CannotRun(f"row {row} of column `{wanted.name}` is {'missing' if cell is None else 'no category'}")
        return float(instead)

    cells = np.array([index_of(row, cell) for row, cell in enumerate(wanted.cells, 1)], np.float64)
    encoded = Column(wanted.name, "number", cells, "int64")
    return value.like([encoded if column is wanted else column for column in value.data])


@step("table")
def one_hot(value, options, _run):
    wanted = category(value, options)
    if options["unknown"] == "error":
        for row, cell in enumerate(wanted.cells, 1):
            if cell not in options["categories"]:
                raise CannotRun(f"row {row} of column `{wanted.name}` is no category")
    features = [
        Column(f"{wanted.name}_{name}", "number", np.array([float(cell == name) for cell in wanted.cells])) for name in options["categories"]
    ]
    return value.like([feature for column in value.data for feature in (features if column is wanted else [column])])


@step("table")
def column_concat(value, options, _run):
    array = value.array()
    if array is None:
        raise CannotRun("a column is a category, not a number")
    for column in value.data:
        if np.isnan(column.cells).any():
            raise CannotRun(f"row {int(np.argmax(np.isnan(column.cells))) + 1} of column `{column.name}` is missing")
    return Value("tensor", cast(array, options["dtype"]))


# --- what comes out of a network -------------------------------------------------------------


def rounded_once(function):
    """In float64, rounded once."""

    def applied(value, options, _run):
        result = function(value.data.astype(np.float64), options)
        return Value("tensor", result.astype(value.data.dtype if value.data.dtype.kind == "f" else np.float32))

    applied.__name__ = function.__name__
    return applied


@step("tensor")
@rounded_once
def softmax(x, options):
    powers = np.exp(x - x.max(axis=options["axis"], keepdims=True))
    return powers / powers.sum(axis=options["axis"], keepdims=True)


@step("tensor")
@rounded_once
def sigmoid(x, _options):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


@step("tensor")
def l2_norm(value, options, _run):
    x = value.data.astype(np.float64)
    length = np.sqrt((x * x).sum(axis=-1, keepdims=True))
    return Value("tensor", (x / np.maximum(length, options["eps"])).astype(np.float32))


@step("tensor")
def argmax(value, options, _run):
    return Value("tensor", value.data.argmax(options["axis"]))


@step("tensor")
def top_k(value, options, run):
    order = np.argsort(-value.data, axis=-1, kind="stable")[..., : options["k"]]
    run.published.update({"values": np.take_along_axis(value.data, order, -1), "indices": order})
    return Value("tensor", run.published["values"])


@step("tensor")
def threshold(value, options, _run):
    return Value("tensor", (value.data >= value.data.dtype.type(options["value"])).astype(np.uint8))


@step("tensor")
def ctc_greedy(value, options, _run):
    best = value.data.reshape(-1, value.data.shape[-1]).argmax(-1)
    kept = np.append(True, best[1:] != best[:-1]) & (best != options["blank"])
    return Value("tensor", best[kept].astype(np.int64)[None])


@step("tensor")
def pool(value, options, run):
    x, how = value.data, options["method"]
    mask = np.ones(x.shape[:2], bool)
    if "mask" in options:
        mask = run.beside.get("masks", {}).get(options["mask"])
        if mask is None:
            raise CannotRun(f"`{options['mask']}` publishes no `attention_mask`")
        mask = np.broadcast_to(mask.astype(bool), x.shape[:2])
    if how == "mean":
        wide = np.where(mask[..., None], x.astype(np.float64), 0.0)
        return Value("tensor", (wide.sum(axis=1) / mask.sum(axis=1)[:, None]).astype(np.float32))
    if how == "max":
        return Value("tensor", np.where(mask[..., None], x, -np.inf).max(axis=1).astype(np.float32))
    places = np.zeros(len(x), int) if how == "cls" else mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
    return Value("tensor", x[np.arange(len(x)), places].astype(np.float32))


CORNERS = {
    "xyxy": lambda a, b, c, d: (a, b, c, d), "yxyx": lambda a, b, c, d: (b, a, d, c), "xywh": lambda a, b, c, d: (a, b, a + c, b + d),
    "cxcywh": lambda a, b, c, d: (a - c / 2, b - d / 2, a + c / 2, b + d / 2),
}


@step("tensor")
def decode_boxes(value, options, run):
    raw = value.data[0] if value.data.ndim == 3 and len(value.data) == 1 else value.data
    raw = (raw.T if options["transposed"] else raw).astype(np.float64)
    scores = run.beside.get("scores")
    scores = raw[:, 5 if options["objectness"] else 4 :] if scores is None else scores.reshape(-1, scores.shape[-1]).astype(np.float64)
    if options["activation"] == "sigmoid":
        scores = 1 / (1 + np.exp(-scores))
    elif options["activation"] == "softmax":
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores = powers / powers.sum(axis=1, keepdims=True)
    scores = scores[:, :-1] if options["background"] else scores
    best, classes = scores.max(axis=1), scores.argmax(axis=1)
    best = (best * raw[:, 4] if options["objectness"] else best).astype(np.float32)
    size = (1, 1) if options["unit"] == "pixels" else run.beside.get("size")
    if size is None:
        raise CannotRun("nothing says the size of the network's image")
    edges = np.stack(CORNERS[options["format"]](*raw[:, :4].T), axis=1) * ([size[1], size[0]] * 2)
    rows = np.column_stack([edges.astype(np.float32), best, classes.astype(np.float32)])
    return Value("tensor", rows[(best >= np.float32(options["score"])) & np.isfinite(rows).all(axis=1)])


@step("tensor")
def nms(value, options, _run):
    import torch
    from torchvision.ops import nms as kept_of

    rows = torch.from_numpy(np.ascontiguousarray(value.data))
    boxes, scores, classes = rows[:, :4], rows[:, 4], rows[:, 5]
    if not options["per_class"]:
        order = kept_of(boxes, scores, options["iou"])
    else:
        # Class by class: moving classes apart, as `batched_nms` may, would round the edges.
        each = [torch.nonzero(classes == one)[:, 0] for one in classes.unique()]
        order = torch.cat([places[kept_of(boxes[places], scores[places], options["iou"])] for places in each]) if each else torch.zeros(0, dtype=torch.long)
        order = order.sort().values
        order = order[scores[order].argsort(descending=True, stable=True)]
    return Value("tensor", rows[order[: options["max"]]].numpy())


@step("tensor")
def detokenize(value, options, run):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(run.directory / options["file"]))
    ids = [int(id_of) for id_of in value.data.reshape(-1)]
    return Value("text", tokenizer.decode(ids, skip_special_tokens=options["skip_special_tokens"]))


# --- a pipeline ------------------------------------------------------------------------------


class Ran(typing.NamedTuple):
    """What became of an input's steps."""

    stages: list  # the array after each step that ran, None where the value is none
    value: typing.Any  # the last value, None where a step could not run
    published: dict
    warnings: list


def first_value(kind, given):
    """`given` is the bytes of a file, or a value as it stands in bundle.toml."""
    is_file = isinstance(given, bytes)
    if kind == "tensor":
        return as_tensor(Value("file" if is_file else "json", given))
    if kind == "text":
        if not is_file and not isinstance(given, str):
            raise CannotRun("takes a text")
        return Value("text", given.decode("utf-8") if is_file else given)
    return Value("file" if is_file else "json", given)


def run_steps(entry, given, directory, beside=None):
    """Runs the steps of an `[[inputs]]` or `[[outputs]]` entry on a value, or on what is given."""
    run, stages = Run(directory, beside), []
    if "window" in entry or "tile" in entry:
        return Ran([], None, {}, ["`window` and `tile` are reserved, and no steps are run"])
    try:
        value = given if isinstance(given, Value) else first_value(entry["kind"], given)
    except (CannotRun, ValueError) as error:
        return Ran([], None, {}, [str(error)])
    for index, options in enumerate(entry.get("steps", [])):
        op = options.get("op")
        try:
            if op not in STEPS:
                raise CannotRun("the recorder has no library for this operation")
            value = STEPS[op](value, options, run)
        except Exception as error:  # whatever the libraries raise, the author reads what and where
            why = str(error) if isinstance(error, CannotRun) else f"{type(error).__name__}: {error}"
            if isinstance(error, KeyError) and re.fullmatch(r"'[a-z_]+'", str(error)):
                why = f"it has no `{error.args[0]}`"
            left = "its stage and those after it are left out"
            return Ran(stages, None, {}, [*run.notes, f"step {index} `{op}` cannot run: {why}; {left}"])
        array = value.array()
        stages.append(None if array is None else np.array(array, order="C"))
    published = dict(run.published)
    if value.kind == "table":
        for column in value.data:
            if column.kind == "number" and not np.isnan(column.cells).any():
                published[column.name] = cast(column.cells, column.dtype).reshape(-1, 1)
    if value.array() is not None:
        published["value"] = np.array(value.array(), order="C")
    return Ran(stages, value, published, [f"{note}" for note in dict.fromkeys(run.notes)])


def joined(entry, ran):
    """The results of a group's members, as one tensor."""
    members = [ran[name].published.get("value") if name in ran else None for name in entry["of"]]
    if any(member is None for member in members):
        raise CannotRun(f"the steps of {', '.join(entry['of'])} did not all run")
    join = np.concatenate if entry["join"]["how"] == "concat" else np.stack
    return Value("tensor", join(members, axis=entry["join"]["axis"]))


# --- the author's code -----------------------------------------------------------------------


def numbers_of(given, what):
    """An array out of a tensor, an array or nested lists."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
        given = given.float() if str(given.dtype) == "torch.bfloat16" else given
        given = given.numpy()
    elif hasattr(given, "numpy") and not isinstance(given, np.ndarray):
        given = given.numpy()
    elif isinstance(given, (list, tuple)) and given and not isinstance(given[0], (int, float, bool)):
        given = [numbers_of(item, what) for item in given]
    try:
        array = np.asarray(given)
    except ValueError:
        raise RecordError(f"{what} gives arrays of several shapes where one is needed", "return one array, with a batch axis") from None
    if array.dtype.kind not in "biuf":
        raise RecordError(f"{what} gives {type(given).__name__}, no array of numbers", "return a NumPy array, a tensor, or a mapping of them")
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def is_mapping(given):
    return hasattr(given, "keys") and hasattr(given, "__getitem__")


def by_input(given, entry):
    """What a callable gives, by the name of the network's input."""
    tensors = entry.get("tensors", {})
    what = f"the callable of `{entry['name']}`"
    if is_mapping(given):
        names = [name for name in tensors if name in given.keys()]
        if not names and len(given.keys()) == 1 and len(tensors) <= 1:
            return {next(iter(tensors), "value"): numbers_of(next(iter(given.values())), what)}
        if not names:
            wanted, has = ", ".join(tensors) or "one array", ", ".join(map(str, given.keys())) or "nothing"
            raise RecordError(f"{what} gives {has}, and the network takes {wanted}", "name them as the ONNX inputs under `tensors`")
        return {name: numbers_of(given[name], what) for name in names}
    main = [name for name, published in tensors.items() if published in ("value", "ids")] or list(tensors) or ["value"]
    return {main[0]: numbers_of(given, what)}


def difference_of(author, steps):
    """How far two arrays are apart; None where every bit is the same."""
    said = {"elements": int(author.size)}
    if author.shape != steps.shape or author.dtype.kind != steps.dtype.kind:
        said["callable"] = f"{author.dtype}{list(author.shape)}"
        said["steps"] = f"{steps.dtype}{list(steps.shape)}"
        return said
    same_type = author.dtype == steps.dtype
    if not same_type:
        said["callable_dtype"], said["steps_dtype"] = str(author.dtype), str(steps.dtype)
    different = author != steps
    if author.dtype.kind == "f":
        different &= ~(np.isnan(author) & np.isnan(steps))
        different |= np.signbit(author) != np.signbit(steps)
    count = int(different.sum())
    if count == 0:
        return None if same_type else said
    at = tuple(int(index) for index in np.argwhere(different)[0])
    with np.errstate(invalid="ignore"):
        apart = np.abs(author.astype(np.float64) - steps.astype(np.float64))
    finite = apart[np.isfinite(apart)]
    largest = float(finite.max()) if finite.size else float("nan")
    said.update(differing=count, max_abs=largest if math.isfinite(largest) else None, first=list(at))
    said["callable_there"], said["steps_there"] = (repr(array[at].item()) for array in (author, steps))
    return said


def told(apart):
    if "callable" in apart:
        return f"the callable gives {apart['callable']}, the steps {apart['steps']}"
    if "differing" not in apart:
        return f"the callable gives {apart['callable_dtype']}, the steps {apart['steps_dtype']}; the values are equal"
    largest = "more than any number" if apart["max_abs"] is None else f"{apart['max_abs']:.3g}"
    return (
        f"{apart['differing']} of {apart['elements']} values differ, by up to {largest}, first at {apart['first']}: "
        f"the callable gives {apart['callable_there']}, the steps {apart['steps_there']}"
    )


def with_batch(author, steps):
    """An array that lacks the batch axis of 1, with it."""
    if steps is not None and steps.ndim == author.ndim + 1 and steps.shape[0] == 1 and steps.shape[1:] == author.shape:
        return author[None], True
    return author, False


# --- the environment -------------------------------------------------------------------------


def releases(loaded_only):
    """The releases of deciding packages: of all, or of those that took part."""
    from importlib import metadata

    found = {}
    for module, packages in DECISIVE.items():
        if loaded_only and module not in sys.modules:
            continue
        for package in packages:
            try:
                found[package] = metadata.version(package)
                break
            except metadata.PackageNotFoundError:
                continue
    return found


def frozen():
    """`pip freeze` without the paths and addresses that it would tell of this machine."""
    from importlib import metadata

    pairs = {(found.metadata["Name"], found.version) for found in metadata.distributions()}
    return sorted((f"{name}=={version}" for name, version in pairs if name), key=str.lower)


def processors(function):
    """The classes of libraries that a callable uses, as far as it can be seen, with their backend."""
    seen, found, queue = set(), {}, [function]
    while queue and len(seen) < 1000:
        item = queue.pop(0)
        if id(item) in seen or item is None or isinstance(item, (str, bytes, int, float, np.ndarray)):
            continue
        seen.add(id(item))
        kind = type(item)
        if kind.__module__.split(".")[0] in PROCESSORS and not isinstance(item, type):
            said = {"class": f"{kind.__module__}.{kind.__qualname__}"}
            backend = getattr(item, "backend", None)
            if isinstance(backend, str):
                said["backend"] = backend
            found[json.dumps(said, sort_keys=True)] = said
        queue += parts_of(item)
    return [found[key] for key in sorted(found)]


def parts_of(item):
    """What a callable refers to: its object, its arguments, its closure, the globals that it names."""
    if isinstance(item, type):
        return []
    parts = [getattr(item, "__self__", None), getattr(item, "func", None), getattr(item, "__wrapped__", None)]
    for name in ("args", "__defaults__", "transforms"):
        found = getattr(item, name, None)
        parts += found if isinstance(found, (list, tuple)) else []
    for name in ("keywords", "__kwdefaults__"):
        found = getattr(item, name, None)
        parts += found.values() if isinstance(found, dict) else []
    for cell in getattr(item, "__closure__", None) or ():
        try:
            parts.append(cell.cell_contents)
        except ValueError:
            continue
    code, names = getattr(item, "__code__", None), getattr(item, "__globals__", {})
    if code is not None:
        parts += [names[name] for name in code.co_names if name in names]
    elif callable(item) and hasattr(item, "__dict__"):
        # An object of the author's own that can be called.
        parts += [part for part in vars(item).values() if callable(part)]
        parts.append(getattr(type(item), "__call__", None))
    return [part for part in parts if type(part).__name__ != "module"]


def environment(functions):
    """What decides the values: releases, Python, the machine's kind and instructions."""
    said = {
        "python": platform.python_version(), "implementation": platform.python_implementation(), "system": platform.system(),
        "libc": " ".join(platform.libc_ver()).strip(), "machine": platform.machine(), "releases": releases(False), "loaded": releases(True),
        "pip_freeze": frozen(), "processors": [found for function in functions for found in processors(function)],
    }
    with contextlib.suppress(TypeError, KeyError):  # NumPy before 1.25 does not tell
        said["numpy"] = {"simd": np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])}
    if "PIL" in sys.modules:
        from PIL import features

        said["pillow_features"] = {name: features.version(name) for name in ("libjpeg_turbo", "jpg", "zlib", "libtiff", "webp", "jpg_2000", "littlecms2")}
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        capability = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", lambda: None)()
        said["torch"] = {"cpu_capability": capability, "threads": torch.get_num_threads()}
    if "cv2" in sys.modules:
        cv2 = sys.modules["cv2"]
        said["opencv"] = {"cpu_features": cv2.getCPUFeaturesLine(), "threads": cv2.getNumThreads()}
    return said


# --- writing ---------------------------------------------------------------------------------


def npy(array):
    content = io.BytesIO()
    array = np.array(array, dtype=array.dtype.newbyteorder("<"), order="C")
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def npz(arrays):
    """A NumPy archive whose bytes depend on the arrays alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            info = zipfile.ZipInfo(f"{name}.npy", MIDNIGHT)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, npy(arrays[name]))
    return buffer.getvalue()


def write_text(path, text):
    """Writes all of a file or nothing."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".bundle-record-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


class Placed:
    """A directory that appears with all its files or not at all, and can be taken back."""

    def __init__(self, target, files):
        self.target, self.files, self.old = target, files, None

    def __enter__(self):
        made = [parent for parent in [self.target.parent, *self.target.parent.parents] if not parent.exists()]
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.made = made
        self.scratch = pathlib.Path(tempfile.mkdtemp(dir=self.target.parent, prefix=".bundle-record-"))
        try:
            fresh = self.scratch / "new"
            fresh.mkdir()
            for name, content in self.files.items():
                (fresh / name).write_bytes(content)
            if self.target.exists():
                os.replace(self.target, self.scratch / "old")
                self.old = self.scratch / "old"
            os.replace(fresh, self.target)
        except BaseException:
            self.take_back()
            raise
        return self

    def take_back(self):
        if self.old is not None:
            if self.target.exists():
                shutil.rmtree(self.target)
            os.replace(self.old, self.target)
        elif not (self.scratch / "new").exists():
            shutil.rmtree(self.target, ignore_errors=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            for parent in self.made:
                parent.rmdir()

    def __exit__(self, kind, _error, _trace):
        if kind is not None:
            self.take_back()
        else:
            shutil.rmtree(self.scratch, ignore_errors=True)


def text_of(value):
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key_of(key)} = {text_of(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(text_of(item) for item in value) + "]"
    raise RecordError(f"TOML has no {value!r}", "put the value into a file, and give that")


def key_of(key):
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else text_of(key)


def parsed(text, path):
    try:
        import tomllib
    except ImportError:
        try:
            import tomli as tomllib
        except ImportError:
            raise RecordError("Python before 3.11 reads no TOML", "pip install tomli") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecordError(f"{path}: {error}") from None


def with_entry(text, name, entry, path):
    """The manifest with the entry of an example, in place of the old one or at the end, and all else as it was."""
    if "\r\n" in text:
        entry = entry.replace("\n", "\r\n")
    result, before = put(text, name, entry, path), parsed(text, path)
    kept = [example for example in before.get("examples", []) if example.get("name") != name]
    try:
        after = parsed(result, path)
        (new,) = [example for example in after["examples"] if example.get("name") == name]
        after["examples"].remove(new)
    except (RecordError, KeyError, ValueError):
        after = None
    if after != {**before, "examples": kept}:
        raise RecordError(f"the entry does not fit into {path} as it is written", "leave --append out, and put the entry in by hand")
    return result


def put(text, name, entry, path):
    before = parsed(text, path)
    others = [example for example in before.get("examples", []) if example.get("name") != name]
    wanted = {**before, "examples": others}
    lines = text.splitlines(keepends=True)
    starts = [index for index, line in enumerate(lines) if re.match(r"\s*\[\[?\s*[A-Za-z\"']", line)] + [len(lines)]
    for start, end in zip(starts, starts[1:]):
        if not re.match(r"\s*\[\[\s*examples\s*\]\]", lines[start]):
            continue
        while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
            end -= 1
        rest = "".join(lines[:start] + lines[end:])
        try:
            fits = {**(found := parsed(rest, path)), "examples": found.get("examples", [])} == wanted
        except RecordError:
            fits = False
        if fits and len(others) < len(before.get("examples", [])):
            return "".join(lines[:start]) + entry + "".join(lines[end:])
    if len(others) < len(before.get("examples", [])):
        raise RecordError(f"the old entry of `{name}` cannot be found in {path}", "delete it, and record again")
    end = "\r\n" if "\r\n" in text else "\n"
    return text.rstrip("\r\n") + end + end + entry


# --- recording -------------------------------------------------------------------------------


class Recording(typing.NamedTuple):
    """What was recorded."""

    entry: str  # the `[[examples]]` entry
    warnings: list  # what was left out, and what disagrees, in words
    differences: dict  # by input of the network, where the callable and the steps disagree
    directory: pathlib.Path


class Recorder:
    """Gathers what an example is made of."""

    def __init__(self, manifest):
        self.path = pathlib.Path(manifest)
        try:
            self.text = self.path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordError(f"{self.path}: {error}") from None
        self.manifest, self.directory = parsed(self.text, self.path), self.path.resolve().parent
        self.inputs = {entry["name"]: entry for entry in self.manifest.get("inputs", [])}
        self.outputs = {entry["name"]: entry for entry in self.manifest.get("outputs", [])}
        self.arrays, self.tensors, self.files, self.expect = {}, {}, {}, {}
        self.ran, self.warnings, self.differences = {}, [], {}

    def warn(self, text):
        if text not in self.warnings:
            self.warnings.append(text)

    def check_given(self, names, functions):
        for name in [*names, *functions]:
            if name not in self.inputs:
                raise RecordError(f"there is no input `{name}`", f"the inputs are {', '.join(self.inputs) or 'none'}")
        models = {self.inputs[name].get("model") for name in names}
        needed = [name for name, entry in self.inputs.items() if entry.get("kind") != "group" and entry.get("model") in models]
        missing = [name for name in needed if name not in names]
        if missing or not names:
            raise RecordError(f"an example gives every input, and `{(missing or ['all'])[0]}` is missing", "add --input NAME=FILE or --value NAME=VALUE")
        for name in functions:
            if name not in names and self.inputs[name].get("kind") != "group":
                raise RecordError(f"there is a callable for `{name}`, and no file")

    def add_input(self, name, content, given, function):
        """`content` is bytes or a value; `given` is what the callable gets."""
        entry = self.inputs[name]
        self.take(entry, run_steps(entry, content, self.directory), function, [given])

    def add_group(self, entry, given, function):
        try:
            ran = run_steps(entry, joined(entry, self.ran), self.directory)
        except (CannotRun, ValueError) as error:
            ran = Ran([], None, {}, [str(error)])
        self.take(entry, ran, function, [given[name] for name in entry["of"]])

    def take(self, entry, ran, function, arguments):
        name, tensors = entry["name"], entry.get("tensors", {})
        self.ran[name] = ran
        for warning in ran.warnings:
            self.warn(f"`{name}`: {warning}")
        for index, stage in enumerate(ran.stages):
            if stage is not None:
                self.arrays[f"{name}/{index}"] = stage
        fed = {onnx: ran.published[published] for onnx, published in tensors.items() if published in ran.published}
        value = ran.published.get("value")
        if function is not None:
            author = by_input(attempted(function, arguments, f"the callable of `{name}`"), entry)
            author = {onnx: self.beside(name, onnx, array, fed.get(onnx)) for onnx, array in author.items()}
            fed.update(author)
            value = self.author_value(entry, author, value, ran)
        self.tensors.update(fed)
        if value is not None:
            self.arrays[f"{name}/value"] = value

    def beside(self, name, onnx, author, steps):
        author, added = with_batch(author, steps)
        if added:
            self.warn(f"`{name}`: the callable gives `{onnx}` without the batch axis that the steps have; it is added")
        apart = None if steps is None else difference_of(author, steps)
        if apart:
            self.differences[onnx] = apart
            self.warn(f"`{name}`: `{onnx}`: {told(apart)}; what the callable gives is recorded")
        return author

    def author_value(self, entry, author, steps, ran):
        """What the callable gave for the result of the steps."""
        tensors = entry.get("tensors", {})
        for onnx, array in author.items():
            if tensors.get(onnx, "value") in ("value", "ids"):
                return array
        names = {published: onnx for onnx, published in tensors.items()}
        if ran.value is not None and ran.value.kind == "table":
            columns = [names.get(column.name) for column in ran.value.data]
            if all(onnx in author for onnx in columns):
                return np.concatenate([author[onnx].reshape(-1, 1).astype(np.float64) for onnx in columns], axis=1)
        return None if any(onnx in self.differences for onnx in author) else steps

    def run_model(self, model):
        """The author's model on what the network is fed; and the outputs' steps behind it."""
        missing = [onnx for entry in self.inputs.values() for onnx in entry.get("tensors", {}) if onnx not in self.tensors]
        if missing:
            raise RecordError(f"the model takes `{missing[0]}`, which neither the steps nor a callable gave")
        given = attempted(called, [model, self.tensors], "the model")
        known = {onnx for entry in self.outputs.values() for onnx in entry.get("tensors", {}).values()}
        if not is_mapping(given):
            if len(known) != 1:
                raise RecordError(f"the model gives one array, and the outputs are {', '.join(sorted(known)) or 'none'}", "return a mapping of them")
            given = {next(iter(known)): given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given}
        found = {name: numbers_of(given[name], "the model") for name in given.keys() if name in known or name in self.outputs}
        if not found:
            raise RecordError(f"the model gives {', '.join(map(str, given.keys()))}, and the outputs are {', '.join(sorted(known))}")
        self.arrays.update({f"@{name}": array for name, array in found.items() if name in known})
        for name, entry in self.outputs.items():
            if name in found and name not in known:
                self.expect.setdefault(name, found[name])
            else:
                self.expect_of(entry, found)

    def expect_of(self, entry, found):
        tensors = entry.get("tensors", {})
        role = next((role for role in ("scores", "value", "boxes") if role in tensors and not (role == "scores" and "boxes" in tensors)), None)
        main = found.get(tensors.get(role))
        if main is None or entry["name"] in self.expect:
            return
        beside = {"masks": {name: ran.published.get("attention_mask") for name, ran in self.ran.items()}, "size": self.image_size()}
        beside["scores"] = found.get(tensors.get("scores")) if role == "boxes" else None
        ran = run_steps({**entry, "steps": transforming(entry)}, Value("tensor", main), self.directory, beside)
        if ran.value is None:
            self.warn(f"output `{entry['name']}`: {ran.warnings[-1]}; give it with --expect {entry['name']}=FILE.npy")
        else:
            self.expect[entry["name"]] = ran.published["value"]

    def image_size(self):
        """Height and width of the image that the network is fed."""
        for ran in self.ran.values():
            if ran.value is not None and ran.value.layout and "H" in ran.value.layout:
                return tuple(ran.value.data.shape[ran.value.layout.index(axis)] for axis in "HW")
        return None

    def keep_small(self):
        """Leaves out the largest stages where `bundle check` would not read the file."""
        while sum(array.nbytes for array in self.arrays.values()) > MOST_BYTES:
            stages = [key for key in self.arrays if not key.startswith("@") and not key.endswith("/value")]
            if not stages:
                raise RecordError("the tensors alone are larger than what is read of an example", "record a smaller input")
            largest = max(sorted(stages), key=lambda key: self.arrays[key].nbytes)
            self.warn(f"stage `{largest}` is left out: all stages together are more than {MOST_BYTES >> 20} MiB")
            del self.arrays[largest]


def attempted(function, arguments, what):
    """Runs the author's code; what it raises is the cause of the error."""
    try:
        return function(*arguments)
    except Exception as error:
        raise RecordError(f"{what} failed: {type(error).__name__}: {error}") from error


def called(model, tensors):
    """A torch module gets tensors by name, anything else the mapping of arrays."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        model.eval()
        with torch.no_grad():
            given = {name: torch.from_numpy(np.array(array)) for name, array in tensors.items()}
            return model(*given.values()) if len(given) == 1 else model(**given)
    return model(dict(tensors))


def transforming(entry):
    """The steps that change the recorded array: a last one may only say what it means."""
    steps = entry.get("steps", [])
    meaning = {"labels": ("top_k", "threshold"), "text": ("detokenize",)}.get(entry.get("kind"), ())
    return steps[:-1] if steps and steps[-1].get("op") in meaning else steps


def record(
    manifest, inputs=None, callable=None, name="recorded", expect=None, force=False, *,
    values=None, model=None, out=None, append=False, origin=None, truth=None,
):
    """Records one example.

    `inputs` are files by input, `values` texts, numbers, arrays or rows by input. `callable` is the
    author's code for the input, or a mapping of one by input; it gets the path of the file (or the
    value) and gives what the network is fed. `model` gets the network's inputs by name and gives
    its outputs by name; `expect` are recorded outputs, after their steps. `out` is the directory
    for the example's own, `append` puts the entry into the manifest.
    """
    recorder, inputs, values = Recorder(manifest), dict(inputs or {}), dict(values or {})
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?", name):
        raise RecordError(f"`{name}` is no name", "letters, digits, `_`, `-` and `.`, at most 64, the first a letter or digit, the last no `.`")
    folder, relative = place(recorder.directory, out, name)
    old = [example for example in recorder.manifest.get("examples", []) if example.get("name") == name]
    if (folder.exists() or old) and not force:
        raise RecordError(f"the example `{name}` is there already", "choose another --name, or replace it with --force")
    functions = callable_by_input(callable, [*inputs, *values])
    recorder.check_given([*inputs, *values], functions)
    given, sources = {}, {}
    for input_name, file in inputs.items():
        file = pathlib.Path(file)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise RecordError(f"{file}: {error.strerror}") from None
        given[input_name], target = str(file), input_name + safe_suffix(file)
        recorder.files[target] = content
        sources[input_name] = {"file": f"{relative}/{target}"}
        recorder.add_input(input_name, content, given[input_name], functions.get(input_name))
    for input_name, value in values.items():
        given[input_name], sources[input_name] = value, {"value": value}
        recorder.add_input(input_name, value, value, functions.get(input_name))
    for input_name, entry in recorder.inputs.items():
        if entry.get("kind") == "group" and all(member in given for member in entry.get("of", [])):
            recorder.add_group(entry, given, functions.get(input_name))
    for output in expect or {}:
        if output not in recorder.outputs:
            raise RecordError(f"there is no output `{output}`", f"the outputs are {', '.join(recorder.outputs) or 'none'}")
        recorder.expect[output] = numbers_of(expect[output], f"--expect {output}")
    if model is not None:
        recorder.run_model(model)
    recorder.keep_small()
    truth, origin = dict(truth or {}), origin
    if old and all(old[0].get("inputs", {}).get(key) == source for key, source in sources.items()):
        # What people said of the same input stays.
        truth, origin = {**old[0].get("truth", {}), **truth}, origin or old[0].get("origin")
    entry = written(recorder, name, relative, sources, origin, truth, [*functions.values(), *([model] if model else [])])
    text = with_entry(recorder.text, name, entry, recorder.path) if append else None
    with Placed(folder, recorder.files):
        if append:
            write_text(recorder.path, text)
    return Recording(entry, recorder.warnings, recorder.differences, folder)


def place(directory, out, name):
    """Where the example goes, and its path from the manifest."""
    folder = (directory / "examples" if out is None else pathlib.Path(out).resolve()) / name
    try:
        relative = folder.relative_to(directory).as_posix()
    except ValueError:
        raise RecordError(f"{out} is not below {directory.name or directory}", "paths in bundle.toml stay below its directory") from None
    return folder, relative


def safe_suffix(file):
    suffix = file.suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,16}", suffix) else ""


def callable_by_input(function, names):
    if function is None:
        return {}
    if isinstance(function, dict):
        return function
    if len(names) != 1:
        raise RecordError("there are several inputs, and one callable that does not say for which it is", "--callable NAME=MODULE:FUNCTION")
    return {names[0]: function}


def written(recorder, name, relative, sources, origin, truth, functions):
    """Fills the files of an example; gives its entry."""

    def add(file, content):
        if file in recorder.files:
            raise RecordError(f"an input and what is recorded would both be `{file}`", "rename the input")
        recorder.files[file] = content

    said = environment(functions)
    said["differences"], said["warnings"] = recorder.differences, recorder.warnings
    lines = ["[[examples]]", f"name = {text_of(name)}", f"inputs = {text_of(sources)}"]
    if recorder.expect:
        files = {output: f"{output}.expected.npy" for output in recorder.expect}
        for output, file in files.items():
            add(file, npy(recorder.expect[output]))
        lines.append(f"expect = {text_of({output: {'file': f'{relative}/{file}'} for output, file in files.items()})}")
    if recorder.arrays:
        add("stages.npz", npz(recorder.arrays))
        lines.append(f"stages = {text_of(f'{relative}/stages.npz')}")
    else:
        recorder.warn("no step could run and no callable was given: there are no stages")
    if recorder.tensors:
        add("tensors.npz", npz(recorder.tensors))
    add("environment.json", (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8"))
    lines.append(f"recorded_with = {text_of(', '.join(f'{package} {release}' for package, release in said['loaded'].items()))}")
    if origin:
        lines.append(f"origin = {text_of(origin)}")
    if truth:
        lines.append(f"truth = {text_of(truth)}")
    return "\n".join(lines) + "\n"


# --- what people flagged -----------------------------------------------------------------------


class Flag(typing.NamedTuple):
    """An input that somebody flagged: the name of its example, files and values by input, truths."""

    name: str
    files: dict
    values: dict
    truth: dict


def flags_of(file):
    """The flags of an export of the page, and how many of them came without their input."""

    def wrong(line, what):
        return RecordError(f"{file}:{line}: {what}", "give a file that `bundle flags merge` or a page wrote")

    try:
        with open(file, encoding="utf-8") as lines:
            found = [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise RecordError(f"{file}: {error}") from None
    if not found or not isinstance(found[0], dict) or found[0].get("kind") != "bundle-flags":
        raise wrong(1, "is no export of flags")
    if found[0].get("format") != 1:
        raise wrong(1, "is of a newer format than this version knows")
    flags, bare = [], 0
    for line, said in enumerate(found[1:], 2):
        inputs = said.get("inputs") if isinstance(said, dict) else None
        if not isinstance(inputs, dict) or not all(isinstance(kept, dict) for kept in inputs.values()):
            raise wrong(line, "is no flag")
        if not inputs or not all("base64" in kept or "value" in kept for kept in inputs.values()):
            bare += 1
            continue
        files, values = {}, {}
        for name, kept in inputs.items():
            if "value" in kept:
                values[name] = kept["value"]
                continue
            try:
                content = base64.b64decode(kept["base64"], validate=True)
            except (binascii.Error, TypeError, ValueError):
                raise wrong(line, f"the file of `{name}` is no base64") from None
            files[name] = (safe_suffix(pathlib.PurePosixPath(str(kept.get("name") or ""))), content)
        # Whatever the id is, its letters and digits are a name.
        known = re.sub(r"[^A-Za-z0-9]", "", str(said.get("flag")))[:12]
        corrected = said.get("corrected") if isinstance(said.get("corrected"), dict) else {}
        truth = {output: label for output, label in corrected.items() if isinstance(label, str) and label}
        flags.append(Flag(f"flag-{known or line}", files, values, truth))
    return flags, bare


def record_flags(manifest, file, **more):
    """Records an example of each flag that came with its input; gives the recordings and the number of the others."""
    flags, bare = flags_of(file)
    if not flags:
        raise RecordError(f"{file}: none of its {bare} flags has its input", "a page leaves inputs out unless one ticks `Include my input in the export`")
    recordings = []
    with tempfile.TemporaryDirectory() as directory:
        for flag in flags:
            inputs = {}
            for name, (suffix, content) in flag.files.items():
                inputs[name] = pathlib.Path(directory, f"{len(inputs)}{suffix}")
                inputs[name].write_bytes(content)
            recordings.append(record(manifest, inputs, name=flag.name, values=flag.values, origin="flagged", truth=flag.truth, **more))
    return recordings, bare


# --- the command -----------------------------------------------------------------------------

EXAMPLES = """examples:
  python -m bundle_record bundle.toml --input photo=cat.jpg --name cat
        the steps of bundle.toml, with their libraries; prints the entry
  python -m bundle_record bundle.toml --input photo=cat.jpg --callable prepare:to_tensor --append
        your function beside them; the entry goes into bundle.toml
  python -m bundle_record bundle.toml --value question="who?" --callable prepare:encode
        a text (or a JSON array, or a row of a table) instead of a file
  python -m bundle_record bundle.toml --input photo=cat.jpg --model prepare:network
        with what your model gives; it takes a dict of arrays by the names of the ONNX inputs
  python -m bundle_record bundle.toml --input photo=cat.jpg --expect grade=cat.grade.npy
        with an output that you saved
  python -m bundle_record bundle.toml --flags flags.jsonl --model prepare:network --append
        an example of each input that people flagged and gave

The exit code is 0 where an example was recorded, also where your function and the steps
disagree, which is a warning; 2 where none was."""


def assigned(texts, what):
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise RecordError(f"`{text}` is not {what}")
        if key in pairs:
            raise RecordError(f"`{key}` is given twice")
        pairs[key] = value
    return pairs


def value_of(text):
    """JSON where it is some; else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def imported(text):
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        raise RecordError(f"`{text}` is not MODULE:FUNCTION")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise RecordError(f"`{text}`: {error}", "the module is looked for in this directory and in this Python") from None
    if not callable(found):
        raise RecordError(f"`{text}` is {type(found).__name__}, which cannot be called")
    return found


def functions_of(texts):
    """One callable, or a mapping of them by input."""
    if len(texts) == 1 and "=" not in texts[0]:
        return imported(texts[0])
    return {name: imported(text) for name, text in assigned(texts, "NAME=MODULE:FUNCTION").items()} or None


def parser():
    made = argparse.ArgumentParser(
        prog="bundle_record", description="Record an example of a bundle with your own libraries.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("manifest", type=pathlib.Path, help="the bundle.toml")
    made.add_argument("--input", action="append", default=[], metavar="NAME=FILE", help="a file for an input; once for each")
    made.add_argument("--value", action="append", default=[], metavar="NAME=VALUE", help="a text or a JSON value for an input")
    made.add_argument("--flags", type=pathlib.Path, metavar="FILE", help="what people flagged, instead of inputs: an example each")
    made.add_argument("--callable", action="append", default=[], metavar="[NAME=]MODULE:FUNCTION", help="your code, from the path of a file to what the network is fed")
    made.add_argument("--model", metavar="MODULE:FUNCTION", help="your model, from a dict of arrays to its outputs by name; or a torch module")
    made.add_argument("--expect", action="append", default=[], metavar="OUTPUT=NPY", help="what your framework gave for an output, after its steps")
    made.add_argument("--name", "--example", default="recorded", help="the example's name [recorded]")
    made.add_argument("--out", type=pathlib.Path, metavar="DIR", help="where its directory is made [examples, beside bundle.toml]")
    made.add_argument("--origin", choices=["drawn", "picked", "failure", "flagged"], help="how the example was chosen")
    made.add_argument("--truth", action="append", default=[], metavar="OUTPUT=TEXT", help="the true answer, by output")
    made.add_argument("--append", action="store_true", help="put the entry into bundle.toml instead of printing it")
    made.add_argument("--force", action="store_true", help="replace an example that is there")
    return made


def loaded(file):
    try:
        return np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise RecordError(f"{file}: {error}", "save the array with `numpy.save`") from None


def run(asked):
    functions, model = functions_of(asked.callable), imported(asked.model) if asked.model else None
    more = {"callable": functions, "force": asked.force, "model": model, "out": asked.out, "append": asked.append}
    if asked.flags:
        if asked.input or asked.value or asked.expect or asked.truth or asked.origin:
            raise RecordError("--flags brings its own inputs, truths and origin", "leave out --input, --value, --expect, --truth and --origin")
        recordings, bare = record_flags(asked.manifest, asked.flags, **more)
        if bare:
            print(f"warning: {bare} flags came without their input and are no examples", file=sys.stderr)
    else:
        values = {name: value_of(text) for name, text in assigned(asked.value, "NAME=VALUE").items()}
        expect = {output: loaded(file) for output, file in assigned(asked.expect, "OUTPUT=NPY").items()}
        recordings = [record(
            asked.manifest, assigned(asked.input, "NAME=FILE"), name=asked.name, expect=expect, values=values,
            origin=asked.origin, truth=assigned(asked.truth, "OUTPUT=TEXT"), **more)]
    for recording in recordings:
        for warning in recording.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        shown = os.path.relpath(recording.directory)
        if asked.append:
            print(f"wrote {shown}, and its entry in {asked.manifest}", file=sys.stderr)
        else:
            print(f"wrote {shown}; put this into {asked.manifest}, or use --append", file=sys.stderr)
            print(recording.entry, end="")


def main(arguments=None):
    asked = parser().parse_args(arguments)
    try:
        run(asked)
    except RecordError as error:
        if error.__cause__ is not None:
            traceback.print_exception(type(error.__cause__), error.__cause__, error.__cause__.__traceback__)
        print(f"error: {error.args[0]}", file=sys.stderr)
        if len(error.args) > 1:
            print(f"hint: {error.args[1]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted; nothing was written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
