"""Bodies as the objects of libraries: what each class is read from, and by what.

A class is known by its name. Its library is there, since somebody's hint names the class; others
are imported only where that library needs them to read a format.
"""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ._errors import Refused

Read = Callable[[bytes], object]


class Kind(NamedTuple):
    """A class that bodies are read as."""

    name: str
    #: What reads each form; what reads any is under the empty text.
    readers: Mapping[str, Read]
    #: What makes one of lists or objects of JSON.
    of_json: Callable[[Any], object] | None = None


NPY, PARQUET, ARROW, FEATHER = "npy", "Parquet", "an Arrow stream", "an Arrow file"
WAV, IMAGE, CSV, TSV, LINES, XLSX = "WAV", "an image", "CSV", "TSV", "JSON lines", "XLSX"

# How a format begins.
_MAGIC = (
    (b"\x93NUMPY", NPY),
    (b"PAR1", PARQUET),
    (b"ARROW1", FEATHER),
    (b"\xff\xff\xff\xff", ARROW),
    (b"\x89PNG\r\n\x1a\n", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF8", IMAGE),
    (b"BM", IMAGE),
    (b"II*\0", IMAGE),
    (b"MM\0*", IMAGE),
)
_MEDIA = {
    "application/x-npy": NPY,
    "application/vnd.apache.parquet": PARQUET,
    "application/vnd.apache.arrow.stream": ARROW,
    "application/vnd.apache.arrow.file": FEATHER,
    "audio/wav": WAV,
    "audio/x-wav": WAV,
    "audio/wave": WAV,
    "audio/vnd.wave": WAV,
    "text/csv": CSV,
    "text/tab-separated-values": TSV,
    "application/x-ndjson": LINES,
    "application/jsonl": LINES,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": XLSX,
}
_SUFFIXES = {"csv": CSV, "tsv": TSV, "jsonl": LINES, "ndjson": LINES, "xlsx": XLSX}


def form_of(data: bytes, media: str, filename: str) -> str:
    """What the content is: by its type, else by how it begins, else by its name; or nothing."""
    declared = _MEDIA.get(media) or (IMAGE if media.startswith("image/") else "")
    if declared:
        return declared
    if data[:4] == b"RIFF":
        return {b"WAVE": WAV, b"WEBP": IMAGE}.get(data[8:12], "")
    begun = next((form for magic, form in _MAGIC if data.startswith(magic)), "")
    return begun or _SUFFIXES.get((filename or "").rpartition(".")[2].lower(), "")


def _npy(data: bytes) -> Any:
    return sys.modules["numpy"].load(io.BytesIO(data), allow_pickle=False)


def _pixels(data: bytes) -> Any:
    if "PIL.Image" not in sys.modules:
        raise Refused(
            "unsupported-type",
            "body",
            "an image becomes an array by way of PIL, which the code does not import: add "
            "`import PIL.Image`, or take a PIL.Image.Image",
        )
    return sys.modules["numpy"].array(_image(data))


def _samples(data: bytes) -> Any:
    return _rated(data)[1]


def _rated(data: bytes) -> tuple[int, Any]:
    """The rate and the samples: a row for each moment where there are several channels."""
    numpy, wave = sys.modules["numpy"], importlib.import_module("wave")
    with wave.open(io.BytesIO(data)) as file:
        width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
        raw = file.readframes(file.getnframes())
    if width == 3:
        # The three bytes are the upper ones of four, which keeps the sign.
        wide = numpy.zeros((len(raw) // 3, 4), dtype="u1")
        wide[:, 1:] = numpy.frombuffer(raw, dtype="u1").reshape(-1, 3)
        samples = wide.view("<i4").reshape(-1) >> 8
    else:
        kinds = {1: "u1", 2: "<i2", 4: "<i4"}
        samples = numpy.frombuffer(raw, dtype=kinds[width]).copy()
    return rate, samples.reshape(-1, channels) if channels > 1 else samples


def _array(value: Any) -> Any:
    made = sys.modules["numpy"].asarray(value)
    if made.dtype == object:
        raise ValueError("the lists hold something else than numbers, or differ in length")
    return made


def _made_by(library: str, name: str) -> Callable[[Any], object]:
    """Makes an object of JSON's by calling the class of a library."""
    return lambda value: getattr(importlib.import_module(library), name)(value)


def _table_of_numbers(data: bytes) -> Any:
    return sys.modules["numpy"].loadtxt(io.BytesIO(data), delimiter=",", ndmin=1)


def _tensor(data: bytes) -> Any:
    importlib.import_module("numpy")
    return sys.modules["torch"].from_numpy(_npy(data))


def _image(data: bytes) -> Any:
    image = importlib.import_module("PIL.Image").open(io.BytesIO(data))
    image.load()  # what is cut short is refused here, and not while the adaptor runs
    return image


def _arrow(data: bytes) -> Any:
    return importlib.import_module("pyarrow.ipc").open_stream(data).read_all()


def _arrow_file(data: bytes) -> Any:
    return importlib.import_module("pyarrow.ipc").open_file(data).read_all()


def _by(library: str, function: str, **options: Any) -> Read:
    """Reads by a function of a library that takes an open file."""

    def read(data: bytes) -> object:
        module = importlib.import_module(library)
        return getattr(module, function)(io.BytesIO(data), **options)

    return read


def _then(read: Read, method: str) -> Read:
    return lambda data: getattr(read(data), method)()


_POLARS: dict[str, Read] = {
    PARQUET: _by("polars", "read_parquet"),
    ARROW: _by("polars", "read_ipc_stream"),
    FEATHER: _by("polars", "read_ipc"),
    CSV: _by("polars", "read_csv"),
    TSV: _by("polars", "read_csv", separator="\t"),
    LINES: _by("polars", "read_ndjson"),
}
_BYTES = {"": bytes}

#: By the library and the name of the class.
KINDS: dict[tuple[str, str], Kind] = {
    ("numpy", "ndarray"): Kind(
        "a numpy array",
        {NPY: _npy, IMAGE: _pixels, WAV: _samples, CSV: _table_of_numbers},
        _array,
    ),
    ("pandas", "DataFrame"): Kind(
        "a pandas DataFrame",
        {
            PARQUET: _by("pandas", "read_parquet"),
            ARROW: _then(_arrow, "to_pandas"),
            FEATHER: _by("pandas", "read_feather"),
            CSV: _by("pandas", "read_csv"),
            TSV: _by("pandas", "read_csv", sep="\t"),
            LINES: _by("pandas", "read_json", lines=True),
            XLSX: _by("pandas", "read_excel"),
        },
        _made_by("pandas", "DataFrame"),
    ),
    ("polars", "DataFrame"): Kind("a polars DataFrame", _POLARS, _made_by("polars", "DataFrame")),
    ("polars", "LazyFrame"): Kind(
        "a polars LazyFrame",
        {form: _then(read, "lazy") for form, read in _POLARS.items()},
        _made_by("polars", "LazyFrame"),
    ),
    ("pyarrow", "Table"): Kind(
        "a pyarrow Table",
        {
            PARQUET: _by("pyarrow.parquet", "read_table"),
            ARROW: _arrow,
            FEATHER: _arrow_file,
            CSV: _by("pyarrow.csv", "read_csv"),
        },
    ),
    ("PIL", "Image"): Kind("an image of PIL", {IMAGE: _image}),
    ("torch", "Tensor"): Kind("a torch tensor", {NPY: _tensor}, _made_by("torch", "tensor")),
    ("builtins", "bytes"): Kind("bytes", _BYTES),
    ("builtins", "bytearray"): Kind("a bytearray", {"": bytearray}),
    ("builtins", "memoryview"): Kind("a memoryview", {"": memoryview}),
    ("io", "BytesIO"): Kind("a BytesIO", {"": io.BytesIO}),
    ("_io", "BytesIO"): Kind("a BytesIO", {"": io.BytesIO}),
    ("typing", "BinaryIO"): Kind("a file", {"": io.BytesIO}),
}
#: Of `tuple[int, np.ndarray]`: the rate and the samples.
RATED = Kind("a rate and a numpy array of samples", {WAV: _rated})
