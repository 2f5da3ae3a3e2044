"""Arrays of numbers that are written from their memory, as lists for whoever asks for more."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any


class Numbers(Sequence[Any]):
    """An array of numpy's that has a dimension and an item; no float in it is a `longdouble`."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        """Take the array, in the order of its indices and in the machine's byte order."""
        kind, size = array.dtype.kind, array.dtype.itemsize
        # Half floats are written as the wider ones are that they are equal to.
        native = "f4" if (kind, size) == ("f", 2) else f"{kind}{size}"
        self._array = sys.modules["numpy"].ascontiguousarray(array, dtype=native)

    @property
    def code(self) -> str:
        """The kind of the numbers and their size in bytes: `f8`."""
        return f"{self._array.dtype.kind}{self._array.dtype.itemsize}"

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the dimensions."""
        return self._array.shape  # type: ignore[no-any-return]

    @property
    def memory(self) -> memoryview:
        """The numbers as bytes."""
        return memoryview(self._array).cast("B")

    def values(self) -> list[Any]:
        """The numbers as lists; those that JSON has no word for are None."""
        array = self._array
        if array.dtype.kind == "f":
            absent = ~sys.modules["numpy"].isfinite(array)
            if absent.any():
                array = array.astype(object)
                array[absent] = None
        return array.tolist()  # type: ignore[no-any-return]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._array)

    def __iter__(self) -> Iterator[Any]:
        """Give the rows."""
        return iter(self.values())

    def __getitem__(self, index: Any) -> Any:
        """Give a row, or a list of some."""
        found = self._array[index]
        if hasattr(found, "shape") and found.shape and len(found):
            return Numbers(found).values()
        made = found.tolist()
        return None if isinstance(made, float) and not math.isfinite(made) else made
