"""Bytes and sound as text, to stand in JSON and in events."""

import base64
import io
import wave
from typing import Any


def base64_buf(buf: io.BytesIO) -> str:
    """All of a buffer as base64.

    lambda: owt.lib.encoding.base64_buf(io.BytesIO(b"owt"))  # → b3d0
    """
    return base64.b64encode(buf.getvalue()).decode()


def base64_wav(arr: Any, sampling_rate: int) -> str:
    """Samples as a WAV file of 16 bits, in base64; needs numpy.

    Floats are between -1 and 1, what is beyond is cut; integers are of 16 bits. An array of two
    dimensions has a column for each channel.

    lambda: owt.lib.encoding.base64_wav([0.0, 0.5], 8000)  # → UklGRi…
    """
    import numpy as np

    samples = np.asarray(arr)
    if samples.dtype.kind == "f":
        samples = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    if samples.dtype != np.int16 or samples.ndim not in (1, 2):
        raise TypeError(f"no samples: {samples.dtype} in {samples.ndim} dimensions")
    buf = io.BytesIO()
    with wave.open(buf, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(sampling_rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return base64_buf(buf)
