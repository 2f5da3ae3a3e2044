"""Writes Python values as TARP's messages carry them: pickled, in base64.

Whoever reads a pickle runs what its writer wants: TARP is for people who trust one another.
"""

from __future__ import annotations

import base64
import pickle
from typing import Any


def packed(value: object) -> str:
    """Write a value. Raises what pickling it raises."""
    return base64.b64encode(pickle.dumps(value)).decode("ascii")


def unpacked(text: str) -> Any:
    """Read a value. Raises what unpickling it raises, `ValueError` where it is no base64."""
    return pickle.loads(base64.b64decode(text, validate=True))
