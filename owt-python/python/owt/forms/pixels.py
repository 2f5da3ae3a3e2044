"""Arrays of pixels as PNG, JPEG and WebP; an array of samples with its rate as WAV and FLAC."""

from __future__ import annotations

import base64
import io
import struct
import sys
import zlib
from collections.abc import Callable
from typing import Any

from .available import available, library
from .registry import Form

# The colour types of PNG, by the number of channels (RFC 2083, 6.1).
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
_CHANNELS = (1, 3, 4)
# How files of images begin.
_MAGIC = 12
_FILES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
_RATES = range(1000, 400_001)
_WAV = "audio/wav"
_FLAC = "audio/flac"


def forms(array: Callable[[], Any], shape: tuple[int, ...]) -> list[Form]:
    """The images that an array of this shape may be; one that it is not declines."""
    if len(shape) not in (2, 3) or 0 in shape:
        return []
    if len(shape) == 3 and shape[2] not in _CHANNELS and shape[0] not in _CHANNELS:
        return []
    made = [Form("image/png", lambda _: _if_pixels(array(), png))]
    if available("PIL"):
        made += [
            Form("image/jpeg", lambda _: _if_pixels(array(), lambda one: _saved(one, "JPEG"))),
            Form("image/webp", lambda _: _if_pixels(array(), lambda one: _saved(one, "WEBP"))),
        ]
    return made


def looks_like_image(array: Any) -> bool:
    """Whether an array has pixels' shape and type: bytes, bits, or fractions from 0 to 1."""
    return _pixels(array) is not None


def tag(array: Any) -> str:
    """The image as HTML."""
    return image_tag("image/png", png(_pixels(array)))


def image_tag(media: str, content: bytes) -> str:
    """An image of that type as HTML."""
    return f'<img src="data:{media};base64,{base64.b64encode(content).decode()}">'


def sound_tag(content: bytes) -> str:
    """A WAV as HTML, to be played."""
    return f'<audio controls src="data:{_WAV};base64,{base64.b64encode(content).decode()}"></audio>'


def png(pixels: Any) -> bytes:
    """Rows of pixels as PNG (RFC 2083)."""
    height, width, channels = pixels.shape
    wide = pixels.dtype.itemsize == 2
    head = struct.pack(">IIBBBBB", width, height, 16 if wide else 8, _COLOURS[channels], 0, 0, 0)
    numpy = sys.modules["numpy"]
    rows = numpy.ascontiguousarray(pixels.astype(">u2") if wide else pixels)
    rows = rows.reshape(height, -1).view("u1")
    # each row begins with the number of its filter: none
    filtered = numpy.concatenate([numpy.zeros((height, 1), "u1"), rows], axis=1)
    body = zlib.compress(filtered.tobytes(), 6)
    parts = (_part(b"IHDR", head), _part(b"IDAT", body), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _if_pixels(array: Any, make: Callable[[Any], bytes]) -> bytes | None:
    pixels = _pixels(array)
    return None if pixels is None else make(pixels)


def _pixels(array: Any) -> Any:
    """The array as height x width x channels of bytes (or of 16 bits); None if it is no image."""
    numpy = sys.modules["numpy"]
    if array.ndim == 3 and array.shape[2] not in _CHANNELS and array.shape[0] in _CHANNELS:
        array = numpy.moveaxis(array, 0, 2)  # as torch has it: channels first
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in _CHANNELS or array.size == 0:
        return None
    if array.dtype == "u1" or (array.dtype == "u2" and array.shape[2] == 1):
        return array
    if array.dtype == bool:
        return array.astype("u1") * 255
    if array.dtype.kind == "f" and bool(((array >= 0) & (array <= 1)).all()):
        return numpy.rint(array.astype("f4") * 255).astype("u1")
    return None


def file_forms(array: Any) -> list[Form]:
    """The form of an array of bytes that is an image's file, as OpenCV encodes it."""
    if array.dtype != "u1" or array.size < _MAGIC or array.size != max(array.shape, default=0):
        return []
    begin = array.ravel()[:_MAGIC].tobytes()
    for magic, media in _FILES.items():
        if begin.startswith(magic) and (media != "image/webp" or begin.endswith(b"WEBP")):
            return [Form(media, lambda _: array.tobytes())]
    return []


def _saved(pixels: Any, name: str) -> bytes:
    if pixels.dtype.itemsize == 2:
        pixels = (pixels >> 8).astype("u1")
    image = library("PIL.Image").fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    if name == "JPEG":
        from .pictures import opaque

        image = opaque(image)
    elif image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, name, **({"quality": 90} if name == "JPEG" else {"lossless": True}))
    return buffer.getvalue()


def sound_forms(value: tuple[Any, ...]) -> list[Form]:
    """The forms of samples and their rate, in either order; none if it is no sound."""
    found = _sound(value)
    if found is None:
        return []
    made = [Form(_WAV, lambda _: wav(*found))]
    if available("soundfile"):
        made.append(Form(_FLAC, lambda _: _flac(*found)))
    return made


def _sound(value: tuple[Any, ...]) -> tuple[Any, int] | None:
    from .arrays import host, is_array

    if len(value) != 2 or "numpy" not in sys.modules:
        return None
    samples, rate = value if is_array(value[0]) else value[::-1]
    if not is_array(samples) or type(rate) not in (int, float) or int(rate) != rate:
        return None
    if int(rate) not in _RATES:
        return None
    samples = host(samples)
    numbers = samples.dtype.kind == "f" or samples.dtype.name in ("uint8", "int16", "int32")
    if not numbers or samples.ndim not in (1, 2):
        return None
    if samples.ndim == 2 and samples.shape[0] <= 8 < samples.shape[1]:
        samples = samples.T  # channels first, as torchaudio and librosa have it
    if samples.ndim == 2 and not 1 <= samples.shape[1] <= 8:
        return None
    return samples, int(rate)


def wav(samples: Any, rate: int) -> bytes:
    """Samples as WAV of 16 bits; fractions beyond -1 and 1 are cut off."""
    numpy = sys.modules["numpy"]
    if samples.dtype.kind == "f":
        whole = numpy.rint(numpy.clip(numpy.nan_to_num(samples), -1, 1) * 32767)
    elif samples.dtype == "u1":
        whole = (samples.astype("i4") - 128) * 256
    elif samples.dtype == "i4":
        whole = samples >> 16
    else:
        whole = samples
    data: bytes = whole.astype("<i2").tobytes()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    width = 2 * channels
    head = struct.pack("<HHIIHH", 1, channels, rate, rate * width, width, 16)
    body: bytes = b"WAVEfmt " + struct.pack("<I", len(head)) + head
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _flac(samples: Any, rate: int) -> bytes:
    buffer = io.BytesIO()
    library("soundfile").write(buffer, samples, rate, format="FLAC")
    return buffer.getvalue()
