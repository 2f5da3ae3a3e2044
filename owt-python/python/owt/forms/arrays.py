"""Arrays and tensors: numbers as JSON, CSV and HTML, npy, npz and safetensors, and as images."""

from __future__ import annotations

import csv
import html
import io
import json
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import _json, _numpy
from .._errors import Unrenderable
from . import displays, pixels
from .registry import JSON, Form, Instead

NPY = "application/x-npy"
NPZ = "application/x-npz"
SAFETENSORS = "application/x-safetensors"

# Larger files go in pieces of this size, so that there is no second copy of them.
_PIECE = 1 << 20
# A sparse array with more places than this is not written out.
_DENSE = 100_000_000
_SAFETENSORS = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}


def numpy_forms(value: Any) -> Sequence[Form] | Instead | None:
    """The forms of what is numpy's."""
    masked = hasattr(type(value), "mask")
    single = value.shape == () and not masked and value.dtype.names is None
    if single and value.dtype.kind in "biufSUOV":
        content = value.item()
        # A long double has no form in Python; JSON refuses it by its name.
        return Instead(content) if _json.root(content) != "numpy" else [_as_json()]
    if value.dtype == object and value.size and _json.root(value.flat[0]) == "matplotlib":
        return Instead(value.flat[0])  # what `frame.hist()` gives: the figure's axes
    if value.dtype.hasobject or masked:
        return [_as_json()]  # anything else would be pickled, or lose its mask
    return [*pixels.file_forms(value), _as_json(), *_of(lambda: host(value), value.shape)]


def tensor_forms(value: Any) -> Sequence[Form] | Instead | None:
    """The forms of another library's array, which is moved to the host and to numpy."""
    if not hasattr(value, "shape") or "numpy" not in sys.modules:
        return [_as_json()]
    shape = tuple(value.shape)
    if shape == ():
        return Instead(host(value)[()])
    made: list[Any] = []

    def once() -> Any:
        if not made:
            made.append(host(value))
        return made[0]

    return [_as_json(), *_of(once, shape)]


def sparse_forms(value: Any) -> Sequence[Form]:
    """The forms of a sparse matrix; npz is scipy's own, which is sparse too."""
    forms: list[Form] = [one for one in tensor_forms(value) or () if isinstance(one, Form)]
    scipy = sys.modules.get("scipy.sparse")
    if scipy is None or not scipy.issparse(value):
        return forms

    def npz(_: Any) -> bytes:
        buffer = io.BytesIO()
        scipy.save_npz(buffer, value)
        return buffer.getvalue()

    return [Form(NPZ, npz) if one.media == NPZ else one for one in forms]


def ragged_forms(value: Any) -> Sequence[Form]:
    """The forms of rows of any length: all of them as JSON; what shows itself is but a part."""
    return [_as_json(), *displays.of(value, type(value).__mro__)]


def named_forms(arrays: dict[str, Any]) -> list[Form]:
    """The forms of several arrays by their names: files that hold them all."""
    return [
        Form(NPZ, lambda _: _npz({name: host(value) for name, value in arrays.items()})),
        Form(
            SAFETENSORS,
            lambda _: _safetensors({name: host(value) for name, value in arrays.items()}),
        ),
    ]


def is_array(value: Any) -> bool:
    """Whether a value is an array of numbers of any library that the table knows."""
    return any(
        f"{base.__module__.partition('.')[0]}.{base.__name__}" in _ARRAYS
        for base in type(value).__mro__
    )


def host(value: Any) -> Any:
    """The array as numpy's, in the host's memory."""
    numpy = sys.modules["numpy"]
    kind = type(value)
    if isinstance(value, numpy.ndarray):
        return _known(value)
    if hasattr(kind, "detach") and hasattr(kind, "cpu"):
        return _from_torch(value)
    get = ("get",) if kind.__module__.startswith("cupy") else ()
    for name in ("toarray", "todense", *get, "numpy"):
        if hasattr(kind, name):
            _check_dense(value)
            return numpy.asarray(getattr(value, name)())
    made = numpy.from_dlpack(value) if not hasattr(kind, "__array__") else numpy.asarray(value)
    return _known(made)


def _known(array: Any) -> Any:
    """The array with bfloat16 and the small floats of ml_dtypes, which numpy lacks, as float32."""
    small = array.dtype.kind == "V" and "float" in array.dtype.name
    return array.astype("float32") if small else array


def _from_torch(tensor: Any) -> Any:
    torch = sys.modules["torch"]
    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        _check_dense(tensor)
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.dtype.is_floating_point and tensor.dtype.itemsize < 4:
        # numpy has no bfloat16 and no float8
        tensor = tensor if tensor.dtype == torch.float16 else tensor.float()
    return tensor.cpu().resolve_conj().resolve_neg().numpy()


def _check_dense(value: Any) -> None:
    places = 1
    for size in getattr(value, "shape", ()):
        places *= int(size)
    if places > _DENSE:
        shape = " x ".join(str(int(size)) for size in value.shape)
        raise Unrenderable(
            f"the adaptor gave a sparse array of {shape}: written out it would be {places:,} "
            f"numbers, and {_DENSE:,} are the most; ask for {NPZ}, or give its places and values"
        )


def _as_json() -> Form:
    return Form(JSON, _json.encoded)


def _of(array: Callable[[], Any], shape: tuple[int, ...]) -> list[Form]:
    """All but the JSON."""
    forms = [Form("text/html", lambda _: _html(array()))]
    if 1 <= len(shape) <= 2:
        forms.append(Form("text/csv", lambda _: _csv(array())))
    forms += [
        Form(NPY, lambda _: _npy(array())),
        Form(NPZ, lambda _: _npz({"arr_0": array()})),
        Form(SAFETENSORS, lambda _: _safetensors({"arr_0": array()})),
    ]
    return forms + pixels.forms(array, shape)


def _html(array: Any) -> str:
    if array.ndim == 3 and pixels.looks_like_image(array):
        return pixels.tag(array)
    # numpy leaves out the middle of what is large
    shape = " x ".join(map(str, array.shape))
    return (
        f"<pre>{html.escape(str(array))}</pre>\n<p>{shape} of {html.escape(str(array.dtype))}</p>"
    )


def _csv(array: Any) -> str:
    text = io.StringIO()
    rows = _numpy.array(array)
    rows = rows if array.ndim == 2 else [[one] for one in rows]
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _npy(array: Any) -> bytes | Iterator[bytes]:
    write = sys.modules["numpy"].lib.format.write_array_header_1_0
    header = io.BytesIO()
    described = sys.modules["numpy"].lib.format.header_data_from_array_1_0(array)
    write(header, described)
    return _file(header.getvalue(), [(array, "F" if described["fortran_order"] else "C")])


def _npz(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    sys.modules["numpy"].savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _safetensors(arrays: dict[str, Any]) -> bytes | Iterator[bytes]:
    """The file format of safetensors: the length of a JSON header, the header, the numbers."""
    header, begin = {}, 0
    for name, array in arrays.items():
        dtype = _SAFETENSORS.get(array.dtype.name)
        if dtype is None:
            raise Unrenderable(
                f"safetensors has no {array.dtype}: give another type or ask for npy"
            )
        end = begin + array.nbytes
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    little = [
        (array.astype(array.dtype.newbyteorder("<"), copy=False), "C") for array in arrays.values()
    ]
    return _file(struct.pack("<Q", len(text)) + text, little)


def _file(header: bytes, arrays: list[tuple[Any, str]]) -> bytes | Iterator[bytes]:
    """The header and the arrays' numbers, in pieces if they are many."""
    if sum(array.nbytes for array, _ in arrays) <= _PIECE:
        return header + b"".join(array.tobytes(order) for array, order in arrays)
    return _pieces(header, arrays)


def _pieces(header: bytes, arrays: list[tuple[Any, str]]) -> Iterator[bytes]:
    numpy = sys.modules["numpy"]
    yield header
    for array, order in arrays:
        flat = numpy.ravel(array, order=order).view("u1")
        for start in range(0, flat.size, _PIECE):
            yield flat[start : start + _PIECE].tobytes()


def plain(value: Any, depth: int) -> Any:
    """An array of any library for JSON."""
    if "numpy" not in sys.modules:
        return _json.plain(value.tolist(), depth)
    return _numpy.array(host(value), depth)


_ARRAYS: dict[str, Any] = {
    "numpy.ndarray": numpy_forms,
    "torch.Tensor": tensor_forms,
    "tensorflow.EagerTensor": tensor_forms,
    "tensorflow.BaseResourceVariable": tensor_forms,
    "jaxlib.ArrayImpl": tensor_forms,
    "jaxlib.Array": tensor_forms,
    "jax.Array": tensor_forms,
    "mlx.array": tensor_forms,
    "cupy.ndarray": tensor_forms,
    "cupyx.spmatrix": sparse_forms,
    "scipy._spbase": sparse_forms,
    "scipy.spmatrix": sparse_forms,
    "sparse.SparseArray": sparse_forms,
}
FORMS = {
    **_ARRAYS,
    "numpy.generic": numpy_forms,
    "awkward.Array": ragged_forms,
    "awkward.Record": ragged_forms,
}
# numpy's own are in `_numpy`.
PLAIN: dict[str, Any] = {
    **{name: plain for name in _ARRAYS if name != "numpy.ndarray"},
    "awkward.Array": lambda value, depth: _json.plain(value.to_list(), depth),
    "awkward.Record": lambda value, depth: _json.plain(value.to_list(), depth),
}
