"""Speed of preprocessing beside Pillow and torchvision: a photograph to a tensor of 224 × 224.

A JPEG file of 4000 × 3000 pixels is made from a seed. All programs run on the same processor
with one thread, in turn (ours, peer, peer, ours …), each from the bytes of the file to the
tensor in memory. Ours is the example `speed` of bundle-preprocess, which measures itself on
request. Before anything is timed the tensors are compared bit for bit: a fast wrong answer is
no answer. Memory is what the kernel counts above what the process had before.
"""

import argparse
import datetime
import io
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import v2

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
SIZE = 4000, 3000


def photograph(width, height, seed=4):
    """Clouds at every scale, weaker where finer, mixed into colours, with the noise of a sensor."""
    generator = np.random.default_rng(seed)
    canvas = np.zeros((height, width, 3), np.float32)
    across, weight = 4, 1.0
    while across <= width:
        layer = generator.normal(0, 1, (max(2, across * height // width), across, 3)).astype(np.float32)
        for channel in range(3):
            canvas[..., channel] += weight * np.asarray(Image.fromarray(layer[..., channel]).resize((width, height), Image.BICUBIC))
        across, weight = across * 2, weight * 0.65
    canvas = canvas @ np.array([[1, 0.8, 0.7], [0.2, 0.5, 0.1], [0.1, 0.1, 0.4]], np.float32)
    canvas = (canvas - canvas.mean()) / canvas.std() * 52 + 120
    canvas += generator.normal(0, 3.5, (height, width, 1)).astype(np.float32)
    return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))


def pillow(filter):
    mean, std = np.array(MEAN, np.float32), np.array(STD, np.float32)

    def prepare(data):
        image = Image.open(io.BytesIO(data)).convert("RGB")
        width, height = image.size
        short = min(width, height)
        image = image.resize((256 * width // short, 256 * height // short), filter)
        left, top = (round((length - 224) / 2) for length in image.size)
        array = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / np.float32(255)
        return np.ascontiguousarray(((array - mean) / std).transpose(2, 0, 1)[None])

    return prepare


def torchvision_transforms(interpolation, tensor):
    steps = [v2.Resize(256, interpolation=interpolation, antialias=True), v2.CenterCrop(224), v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    transform = v2.Compose(steps)

    def of_tensor(data):
        return transform(decode_image(torch.frombuffer(data, dtype=torch.uint8), mode=ImageReadMode.RGB))[None].numpy()

    def of_picture(data):
        return transform(Image.open(io.BytesIO(data)).convert("RGB"))[None].numpy()

    return of_tensor if tensor else of_picture


# What is timed: the peer, and the kernel, filter and arithmetic that ours names for the same bits.
ROWS = {
    "Pillow, NumPy; bicubic": (pillow(Image.BICUBIC), "pillow", "bicubic", "f32_div"),
    "Pillow, NumPy; bilinear": (pillow(Image.BILINEAR), "pillow", "bilinear", "f32_div"),
    "torchvision v2 on a PIL image; bilinear": (torchvision_transforms(v2.InterpolationMode.BILINEAR, False), "pillow", "bilinear", "f32_mul"),
    "torchvision v2 on a tensor; bicubic": (torchvision_transforms(v2.InterpolationMode.BICUBIC, True), "torchvision_u8", "bicubic", "f32_mul"),
    "torchvision v2 on a tensor; bilinear": (torchvision_transforms(v2.InterpolationMode.BILINEAR, True), "torchvision_u8", "bilinear", "f32_mul"),
}


def steps(kernel, interpolation, arithmetic):
    which = 'impl_version = "ge13"' if kernel == "pillow" else "antialias = true"
    return [
        '{ op = "decode_image", exif_orientation = "ignore" }',
        '{ op = "convert_color", to = "RGB", alpha = "drop" }',
        f'{{ op = "resize", impl = "{kernel}", {which}, size = {{ shortest_edge = 256 }}, size_rounding = "trunc", interpolation = "{interpolation}" }}',
        '{ op = "center_crop", size = [224, 224], offset_rounding = "half_even" }',
        f'{{ op = "rescale", scale = {1 / 255!r}, arithmetic = "{arithmetic}" }}',
        f'{{ op = "normalize", mean = {MEAN}, std = {STD} }}',
        '{ op = "layout", to = "NCHW" }',
    ]


class Ours:
    """The example, waiting for requests."""

    def __init__(self, program, file, steps):
        self.process = subprocess.Popen([program, file, *steps], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request):
        print(request, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        return answer or sys.exit(f"the example ended with {self.process.wait()}")

    def seconds(self):
        return int(self.ask("run")) / 1e9

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def memory(pid, field):
    """Bytes of a field of the kernel's account."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))


def growth(pid, work):
    """The most memory that a process takes for `work`, above what it has."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = memory(pid, "VmRSS")
    work()
    return memory(pid, "VmHWM") - before


def growth_of_peer(what, file):
    """In a process of its own, whose memory is all fresh."""
    done = subprocess.run([sys.executable, __file__, "--growth", what, str(file)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def row(program, file, what, repeats):
    peer, *words = ROWS[what]
    data = bytearray(file.read_bytes())

    def timed():
        started = time.perf_counter()
        peer(data)
        return time.perf_counter() - started

    ours = Ours(program, file, steps(*words))
    ours.ask("start")
    peak, peer_peak = growth(ours.process.pid, lambda: ours.ask("run")), growth_of_peer(what, file)
    tensor = file.with_suffix(".f32")
    ours.ask(f"write {tensor}")
    theirs = peer(data)
    differing = int((np.fromfile(tensor, "<u4") != theirs.reshape(-1).view("<u4")).sum())
    pairs = []
    for index in range(repeats):
        # Whoever is second finds the caches of the other, so they take turns.
        first, second = (ours.seconds, timed) if index % 2 else (timed, ours.seconds)
        one, other = first(), second()
        pairs.append((one, other) if index % 2 else (other, one))
    ours.close()
    mine, peers = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    result = dict(what=what, mine=mine, peer=peers, ratio=mine / peers, paired=statistics.median(a / b for a, b in pairs), differing=differing, peak=peak, peer_peak=peer_peak)
    print(f"    {what}: {mine * 1000:.1f} ms, peer {peers * 1000:.1f} ms, ratio {result['ratio']:.2f}, {differing} values differ, memory {peak / 2**20:.0f} MiB, peer {peer_peak / 2**20:.0f} MiB", flush=True)
    return result


def write_page(rows, file, repeats):
    width, height = SIZE
    lines = [
        "# Speed of preprocessing", "",
        f"`cargo xtask prove speed`: a JPEG file of {width} × {height} pixels ({file.stat().st_size / 1e6:.1f} MB, quality 90, 4:2:0, made from a seed)",
        "to a float32 tensor of 1 × 3 × 224 × 224: decode, shortest edge to 256, centre crop, `/ 255`, mean and standard deviation.",
        f"One processor, one thread each, {repeats} times in turn, medians. Before that, the tensors are compared bit for bit.",
        "Memory is the most that a process takes above what it has before its first picture; the decoded picture alone is "
        f"{width * height * 3 / 2**20:.0f} MiB.", "",
        f"{datetime.date.today()}, {platform.machine()} ({torch.backends.cpu.get_cpu_capability()}): Pillow {PIL.__version__}, torchvision {torchvision.__version__}, torch {torch.__version__}, NumPy {np.__version__}.", "",
        "| peer | ours ms | peer ms | ratio of medians | median of ratios | values differing | ours MiB | peer MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for r in rows:
        lines.append(f"| {r['what']} | {r['mine'] * 1000:.1f} | {r['peer'] * 1000:.1f} | {r['ratio']:.2f} | {r['paired']:.2f} | {r['differing']} | {r['peak'] / 2**20:.0f} | {r['peer_peak'] / 2**20:.0f} |")
    lines += [
        "",
        "Where a resize follows the decoding of a sequential JPEG file of 4:2:0, 4:2:2 or 4:4:4 in which nothing need be turned, ours",
        "keeps the planes that the file stores and makes pixels row by row (`fused.rs`): less memory than the picture. Other files are",
        "decoded in full, which takes the picture and, beside it, the planes.", "",
        "Ratios carry over to other machines of the same kind; milliseconds do not.", "",
    ]
    (ROOT / "docs/proof/speed.md").write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", help="the example `speed` of bundle-preprocess")
    parser.add_argument("--smoke", action="store_true", help="a small picture, two repeats; write nothing and judge no speed")
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--growth", nargs=2, metavar=("ROW", "FILE"), help="print the memory that the peer of a row takes")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.growth:
        what, file = arguments.growth
        data = bytearray(pathlib.Path(file).read_bytes())
        small = io.BytesIO()
        photograph(64, 48).save(small, "JPEG")
        # What the libraries load at their first picture is not the picture's.
        ROWS[what][0](bytearray(small.getvalue()))
        print(growth(os.getpid(), lambda: ROWS[what][0](data)))
        return
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    program = pathlib.Path(arguments.speed).resolve()
    size, repeats = ((400, 300), 2) if arguments.smoke else (SIZE, arguments.repeats)
    with tempfile.TemporaryDirectory(prefix="bundle-speed-") as work:
        file = pathlib.Path(work) / "photograph.jpg"
        photograph(*size).save(file, quality=90, subsampling="4:2:0")
        rows = [row(program, file, what, repeats) for what in ROWS]
        if not arguments.smoke:
            write_page(rows, file, repeats)
    wrong = sum(1 for r in rows if r["differing"])
    slow = 0 if arguments.smoke else sum(1 for r in rows if r["ratio"] > 1)
    print(f"{len(rows)} compared, {wrong} differ, {slow} slower")
    sys.exit(1 if wrong or slow else 0)


if __name__ == "__main__":
    main()
