"""Steps that `bundle init --infer` finds from three pairs, beside the code that made the arrays.

The code is what people write: with Pillow, NumPy, OpenCV, torchvision, transformers and timm. What
is found is run on other files, too, and compared with the code's arrays there.
"""

import subprocess
import tomllib

import make
import numpy as np

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def codes():
    """Name to a function from a file to an array."""
    import cv2
    import torch
    import transformers
    from PIL import Image
    from timm.data import create_transform
    from torchvision import transforms as T
    from torchvision.transforms import v2

    def picture(path):
        return Image.open(path).convert("RGB")

    def chw(array):
        return np.ascontiguousarray(array.transpose(2, 0, 1))[None]

    def composed(*steps):
        whole = T.Compose(steps)
        return lambda path: whole(picture(path))[None].numpy()

    def processor(name):
        made = getattr(transformers, name)()
        return lambda path: np.asarray(made(picture(path), return_tensors="np")["pixel_values"])

    def letterbox(path, size=416):
        image = cv2.imread(str(path))
        height, width = image.shape[:2]
        ratio = min(size / height, size / width)
        wide, high = round(width * ratio), round(height * ratio)
        across, down = (size - wide) / 2, (size - high) / 2
        edges = round(down - 0.1), round(down + 0.1), round(across - 0.1), round(across + 0.1)
        image = cv2.copyMakeBorder(cv2.resize(image, (wide, high)), *edges, cv2.BORDER_CONSTANT, value=(114,) * 3)
        return chw(image[..., ::-1]).astype(np.float32) / 255

    def padded(path, size=256):
        image = picture(path)
        scale = size / max(image.size)
        image = image.resize((int(image.width * scale), int(image.height * scale)), Image.BICUBIC)
        canvas = Image.new("RGB", (size, size))
        canvas.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
        return chw(np.asarray(canvas, np.float32) / 255)

    bgr = np.array([103.939, 116.779, 123.68], np.float32)
    floats = v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Resize((224, 224), antialias=True), v2.Normalize(**IMAGENET)])
    timm = create_transform((3, 288, 288), crop_pct=0.95, interpolation="bicubic")
    codes = {
        "torchvision, 256 to 224": composed(T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize(**IMAGENET)),
        "torchvision, DINO": composed(T.Resize(256, interpolation=3), T.CenterCrop(224), T.ToTensor(), T.Normalize(**IMAGENET)),
        "torchvision, 342 to 299": composed(T.Resize(342), T.CenterCrop(299), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)),
        "torchvision, odd edge": composed(T.Resize(251), T.CenterCrop(220), T.ToTensor()),
        "torchvision, other statistics": composed(T.Resize((128, 128)), T.ToTensor(), T.Normalize([0.531, 0.442, 0.391], [0.241, 0.232, 0.219])),
        "torchvision, float16": lambda path: composed(T.Resize((224, 224), interpolation=3), T.ToTensor())(path).astype(np.float16),
        "torchvision v2, floats": lambda path: floats(picture(path))[None].numpy(),
        "timm, 0.95": lambda path: timm(picture(path))[None].numpy(),
        "Pillow, 0 to 1": lambda path: chw(np.asarray(picture(path).resize((224, 224)), np.float32) / 255),
        "Pillow, channels last": lambda path: (np.asarray(picture(path).resize((160, 160), Image.BILINEAR), np.float32) / 255)[None],
        "Pillow, -1 to 1": lambda path: (np.asarray(picture(path).resize((224, 224), Image.NEAREST)).astype(np.float32) / 127.5 - 1)[None],
        "Pillow, Caffe": lambda path: chw(np.asarray(picture(path).resize((224, 224), Image.BILINEAR))[..., ::-1].astype(np.float32) - bgr),
        "Pillow, bytes": lambda path: np.asarray(picture(path).resize((300, 300), Image.BICUBIC))[None],
        "Pillow, Lanczos": lambda path: chw(np.asarray(picture(path).resize((256, 192), Image.LANCZOS)).astype(np.float32) / 255)[0],
        "Pillow, gray": lambda path: (np.asarray(Image.open(path).convert("L").resize((28, 28), Image.BILINEAR), np.float32) / 255)[None, None],
        "Pillow, padded": padded,
        "Pillow, as it is": lambda path: chw(np.asarray(picture(path), np.float32) / 255),
        "OpenCV, BGR": lambda path: chw(cv2.resize(cv2.imread(str(path)), (320, 240)).astype(np.float32) / 255),
        "OpenCV, area": lambda path: chw(cv2.resize(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32) / 255),
        "OpenCV, letterbox": letterbox,
        "OpenCV, gray from the file": lambda path: ((cv2.resize(cv2.imread(str(path), 0), (64, 64)).astype(np.float32) / 255 - 0.5) / 0.5)[None, None],
    }
    for name in ["CLIP", "ViT", "ConvNext", "Segformer", "Siglip", "Beit", "DPT", "EfficientNet", "MobileNetV2", "Levit", "Detr", "PoolFormer"]:
        codes[f"transformers, {name}"] = processor(f"{name}ImageProcessor")
    return codes


def found(bundle, directory, pairs):
    """The proposed steps and what is said of them; none where none was found."""
    empty = directory / "empty"
    empty.mkdir(exist_ok=True)
    arguments = [f"--infer={file}={array}" for file, array in pairs]
    done = subprocess.run([bundle, "init", empty, "--print", *arguments], capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr
    lines = [line.removeprefix("# ") for line in done.stdout.splitlines() if line.startswith("# ")]
    start = lines.index("[[inputs]]")
    text = "\n".join(lines[start : lines.index("]", start) + 1])
    return tomllib.loads(text)["inputs"][0], done.stderr


def groups(bundle, directory, three, others):
    """For each code the group of its files with the steps that were found, and whether the steps
    meet the three pairs; a group of none where nothing was found."""
    inputs = directory / "inputs"
    for name, code in codes().items():
        pairs = []
        for index, file in enumerate(three):
            array = directory / f"pair-{index}.npy"
            np.save(array, code(inputs / file))
            pairs.append((inputs / file, array))
        entry, said = found(bundle, directory, pairs)
        group = make.Group(directory, "batch")
        if entry is not None:
            for file in [*three, *others]:
                group.add(file, file, entry["steps"], code(inputs / file), kind=entry["kind"])
        yield name, group, "bit for bit" in said
