"""What `bundle init` reads off the configurations that libraries save, beside what the libraries do.

Each processor saves its configuration beside a network; the proposed steps prepare files, and so
does the processor.
"""

import subprocess
import tomllib

import make
import numpy as np


def field(number, content):
    """A field of a protocol buffer: a number or bytes."""
    def varint(value):
        out = b""
        while value > 127:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def network(inputs, outputs):
    """An ONNX file of one node with these tensors: name to element type and axes; 0 is any."""
    def value(name, kind, axes):
        dims = b"".join(field(1, field(1, axis) if axis else field(2, b"n")) for axis in axes)
        return field(1, name.encode()) + field(2, field(1, field(1, kind) + field(2, dims)))

    node = b"".join(field(1, name.encode()) for name, *_ in inputs) + b"".join(field(2, name.encode()) for name, *_ in outputs)
    node += field(3, b"node") + field(4, b"Flatten")
    graph = field(1, node) + field(2, b"graph")
    graph += b"".join(field(11, value(*tensor)) for tensor in inputs) + b"".join(field(12, value(*tensor)) for tensor in outputs)
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))


def proposed(bundle, project):
    """The steps of the first input that `bundle init` proposes, and its notes."""
    done = subprocess.run([bundle, "init", project, "--print"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return tomllib.loads(done.stdout)["inputs"][0], done.stderr


FLOAT = 1
IMAGES = [
    "BeitImageProcessor", "BitImageProcessor", "BlipImageProcessor", "CLIPImageProcessor", "ConvNextImageProcessor", "DeiTImageProcessor",
    "DetrImageProcessor", "DPTImageProcessor", "EfficientNetImageProcessor", "GLPNImageProcessor", "LevitImageProcessor",
    "MobileNetV1ImageProcessor", "MobileNetV2ImageProcessor", "MobileViTImageProcessor", "PerceiverImageProcessor", "PoolFormerImageProcessor",
    "PvtImageProcessor", "RTDetrImageProcessor", "SamImageProcessor", "SegformerImageProcessor", "SiglipImageProcessor", "Swin2SRImageProcessor",
    "ViTImageProcessor", "YolosImageProcessor", "ZoeDepthImageProcessor",
]


def pictures(bundle, directory, names):
    """Image processors of transformers with their defaults; no group where `init` says that it has no steps."""
    import transformers
    from transformers.image_utils import load_image

    for name in IMAGES:
        processor = getattr(transformers, name, None)
        if processor is None:
            continue
        processor = processor()
        project = directory / "project" / name
        project.mkdir(parents=True, exist_ok=True)
        processor.save_pretrained(project)
        (project / "net.onnx").write_bytes(network([("pixel_values", FLOAT, (1, 3, 0, 0))], [("y", FLOAT, (1, 9))]))
        entry, notes = proposed(bundle, project)
        if "cannot be written as steps" in notes or "which no size of `resize` has" in notes:
            yield None, name
            continue
        group = make.Group(directory, "batch")
        for picture in names:
            image = load_image(str(directory / "inputs" / picture)).convert("RGB")
            expected = np.asarray(processor(image, return_tensors="np")["pixel_values"], np.float32)
            group.add(f"{name} {picture}", picture, entry["steps"], expected, kind=entry["kind"])
        yield group, name
