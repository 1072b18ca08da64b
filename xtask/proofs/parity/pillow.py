"""What one version of Pillow makes of the files: `python pillow.py DIR ROW NUMBER`, run with the
Pillow that is meant. NUMBER picks one part of the row, so that the disk holds one at a time."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[2] / "fixtures/vectors/preprocess"))

import corpus  # noqa: E402
import make  # noqa: E402
import media  # noqa: E402
import numpy as np  # noqa: E402


def parts(names, size=40):
    return [names[start : start + size] for start in range(0, len(names), size)]


def write(directory, row, number):
    import PIL
    from PIL import Image

    directory = pathlib.Path(directory)
    inputs, group = directory / "inputs", make.Group(directory, "pillow")
    names = json.loads((directory / "names.json").read_text())
    if row == "resize":
        name = names[row][number]
        shape = np.asarray(Image.open(inputs / name)).shape
        channels = shape[2] if len(shape) == 3 else 1
        version = "lt13" if int(PIL.__version__.split(".")[0]) < 13 else "ge13"
        make.resize_cases(group, inputs, version, {name: corpus.targets(*shape[:2], channels)})
    elif row == "convert":
        make.to_cases(group, inputs, parts(names[row])[number])
    else:
        chosen = parts(names[row])[number]
        if int(PIL.__version__.split(".")[0]) < 10:
            # It keeps a fourth sample of which TIFF does not say what it is; later versions drop it.
            chosen = [name for name in chosen if name != "rgb-other.tif"]
        media.image_cases(group, inputs, chosen)
    group.write()


if __name__ == "__main__":
    _, directory, row, number = sys.argv
    write(directory, row, int(number))
