"""The extension: Python's side of owt in Rust."""

from typing import NoReturn

__version__: str

def work(socket: int, log: int, claims: int, files: int, /) -> NoReturn: ...
