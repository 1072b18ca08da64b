"""The rows of the parity proof other than Pillow's: groups of cases with what the libraries gave,
each small enough for the disk; with a group, the row of each of its cases."""

import itertools

import corpus
import make
import media
import numpy as np

# Elements after which a group is compared and deleted.
ENOUGH = 40_000_000


class Batch:
    """Cases that are handed on as groups of limited size."""

    def __init__(self, directory, row):
        self.directory, self.row, self.group = directory, row, make.Group(directory, "batch")

    def add(self, *arguments, **options):
        self.group.add(*arguments, **options)

    def full(self):
        return sum(part.size for parts in self.group.flat.values() for part in parts) > ENOUGH

    def hand_on(self):
        """The group, where there is one, with its row; a new one takes its place."""
        group, self.group = self.group, make.Group(self.directory, "batch")
        if group.cases:
            yield group, lambda _case: self.row


def pipelines(directory, names):
    """Whole pipelines, at the sizes that the networks have."""
    inputs = directory / "inputs"
    of_library = [("transformers, ", make.hf_pipelines(224)), ("", make.preset_pipelines(224))]
    for name, steps, author in itertools.chain.from_iterable(([library + name, *rest] for name, *rest in made) for library, made in of_library):
        batch = Batch(directory, ("pipeline", name))
        for file in takes(name, names):
            batch.add(file, file, steps, author(inputs / file))
            if batch.full():
                yield from batch.hand_on()
        yield from batch.hand_on()


def takes(name, names):
    """The files that a pipeline reads as `decode_image` of ours does: torchvision's reads JPEG and PNG
    only, keeps what is transparent apart, and turns what EXIF says; OpenCV blends nothing either."""
    if "tensor" in name:
        plain = lambda file: file.endswith((".jpg", ".jpeg", ".png")) and "exif" not in file  # noqa: E731
        return [file for file in names if plain(file)]
    return names


def torchvision(directory, names):
    """Resizes of uint8 tensors, and of float32 tensors of every second file."""
    inputs, sizes = directory / "inputs", [(224, 224), (97, 301), (600, 410)]

    def row(case):
        kind = "float32" if case.startswith("float ") else "uint8"
        return "resize", f"torchvision on {kind}"

    for index, file in enumerate(names):
        group = make.Group(directory, "batch")
        make.torchvision_cases(group, inputs, {file: sizes}, floats=index % 2 == 0)
        yield group, row


def opencv(directory, names):
    inputs = directory / "inputs"
    for row, cases in {
        ("resize", "OpenCV"): lambda group, file: make.opencv_cases(group, inputs, {file: [(224, 224), (97, 301), (600, 410), (100, 133)]}),
        ("letterbox", "OpenCV"): lambda group, file: make.letterbox_cases(group, inputs, [file] if make.pixels(inputs, file).shape[2:] != (4,) else []),
    }.items():
        batch = Batch(directory, row)
        for file in names:
            cases(batch, file)
            if batch.full():
                yield from batch.hand_on()
        yield from batch.hand_on()


def dicom(directory):
    names = corpus.write_others(directory / "inputs", media.dicom_files)
    batch = Batch(directory, ("decode_dicom", "pydicom"))
    media.dicom_cases(batch, directory / "inputs", names)
    yield from batch.hand_on()


def sound(directory, names, at16):
    """Sounds of all rates, and those at 16 kHz, which feature extractors take."""
    import soundfile

    inputs = directory / "inputs"
    batch = Batch(directory, ("decode_audio", "soundfile"))
    for name in names:
        signal, rate = soundfile.read(inputs / name, dtype="float32")
        batch.add(name, name, [{"op": "decode_audio", "sampling_rate": rate}], signal, kind="audio")
    yield from batch.hand_on()
    rows = {
        **{f"Whisper {mels}{' torch' if path == 'torch' else ''} ": ("pipeline", f"transformers, Whisper, {mels} mels, {path} path") for mels in (80, 128) for path in ("NumPy", "torch")},
        "Wav2Vec2": ("pipeline", "transformers, Wav2Vec2"), "AST": ("pipeline", "transformers, AST"),
        "librosa mel": ("stft, mel, log", "librosa"), "librosa stft": ("stft", "librosa"), "resample": ("resample", "torchaudio in float64"),
        "resample float32": ("resample", "torchaudio in float32"),
    }

    def row(case):
        # The longest start: "Whisper 80 torch " before "Whisper 80 ".
        return rows[max((start for start in rows if case.startswith(start)), key=len)]

    for start in range(0, len(at16), 15):
        group = make.Group(directory, "batch")
        make.audio_cases(group, inputs, at16[start : start + 15], 480_000)
        paths_apart(group)
        yield group, row
    group = make.Group(directory, "batch")
    make.librosa_cases(group, inputs, names)
    make.resample_cases(group, inputs, names)
    make.resample_cases(group, inputs, names, single=True)
    yield group, row


# The largest distance between the two paths of transformers' own Whisper, on each clip.
APART = {}


def paths_apart(group):
    """How far the NumPy and the torch path of a clip are apart; neither is ours."""
    flat = np.concatenate(group.flat["float32"])
    parts = {case["name"]: flat[case["offset"] : case["offset"] + int(np.prod(case["shape"]))] for case in group.cases}
    for name, part in parts.items():
        if name.startswith("Whisper 80 torch "):
            numpy = parts[name.replace(" torch", "")]
            APART[name] = float(np.abs(part.astype(np.float64) - numpy).max())


def text(directory, cache):
    """Every string of many languages with trained tokenizers of the usual kinds, and two in use."""
    from tokenizers import Tokenizer

    inputs = directory / "inputs"
    strings = corpus.strings(cache)
    tokenizers = make.trained_tokenizers() | {"sentencepiece": corpus.sentencepiece(directory, strings)}
    kinds = {
        "bpe": "ByteLevel BPE", "llama": "BPE as Llama 3", "bert": "WordPiece as BERT", "unigram": "Unigram, NFKC",
        "sentencepiece": "Unigram, Precompiled", "claude": "Claude, in use", "deepseek": "DeepSeek, in use",
    }
    for name, content in corpus.used_tokenizers(cache).items():
        tokenizers[name] = Tokenizer.from_str(content)
    for name, tokenizer in tokenizers.items():
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.save(str(inputs / f"{name}.json"), pretty=False)
        group = make.Group(directory, "batch")
        make.text_cases(group, {name: tokenizer}, strings)
        yield group, lambda _case, name=name: ("tokenize", f"tokenizers, {kinds[name]}")


def tables(directory):
    """scikit-learn's scalers, imputer and encoders on its own data sets."""
    from sklearn import datasets, impute, preprocessing

    rng, inputs = np.random.default_rng(31), directory / "inputs"
    for data in (datasets.load_diabetes, datasets.load_wine, datasets.load_breast_cancer, datasets.load_iris):
        values = data().data
        name = data.__name__.removeprefix("load_")
        columns = [f"c{index}" for index in range(values.shape[1])]
        holes = values.copy()
        holes[rng.random(values.shape) < 0.05] = np.nan
        words = np.array(["low", "mid", "high"])[np.digitize(values[:, 0], np.quantile(values[:, 0], [0.3, 0.6]))]
        rows = [",".join([*columns, "word"])]
        rows += [",".join([*("" if np.isnan(value) else repr(float(value)) for value in row), word]) for row, word in zip(holes, words)]
        (inputs / f"{name}.csv").write_text("\n".join(rows) + "\n")
        declared = [{"name": column, "kind": "number"} for column in columns]
        read = {"op": "columns", "na_values": [], "columns": declared}
        batch = Batch(directory, ("impute, scale, encode", "scikit-learn"))
        filled = {}
        for strategy in ["mean", "median"]:
            imputer = impute.SimpleImputer(strategy=strategy).fit(holes)
            filled[strategy] = imputer.transform(holes)
            fill = {"op": "impute", "values": dict(zip(columns, map(float, imputer.statistics_)))}
            standard = preprocessing.StandardScaler().fit(filled[strategy])
            scale = {"op": "standard_scale", "mean": list(map(float, standard.mean_)), "scale": list(map(float, standard.scale_))}
            small = preprocessing.MinMaxScaler(feature_range=(-1, 1)).fit(filled[strategy])
            fit = {"op": "min_max_scale", "scale": list(map(float, small.scale_)), "min": list(map(float, small.min_))}
            end = {"op": "column_concat", "dtype": "float64"}
            for said, step, scaler in [("standard", scale, standard), ("min-max", fit, small)]:
                batch.add(f"{name} {strategy} {said}", f"{name}.csv", [read, fill, step, end], scaler.transform(filled[strategy]), kind="table")
        categories = ["mid", "low", "high"]
        read = {"op": "columns", "na_values": [], "columns": [{"name": "word", "kind": "category", "categories": categories}]}
        one_hot = preprocessing.OneHotEncoder(categories=[categories], sparse_output=False).fit(words[:, None])
        step = {"op": "one_hot", "column": "word", "categories": categories, "unknown": "error"}
        batch.add(f"{name} one-hot", f"{name}.csv", [read, step, end], one_hot.transform(words[:, None]), kind="table")
        ordinal = preprocessing.OrdinalEncoder(categories=[categories]).fit(words[:, None])
        step = {"op": "ordinal_encode", "column": "word", "categories": categories}
        batch.add(f"{name} ordinal", f"{name}.csv", [read, step, end], ordinal.transform(words[:, None]), kind="table")
        yield from batch.hand_on()
