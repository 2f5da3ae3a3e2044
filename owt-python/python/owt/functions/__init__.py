"""Functions called by their names: what is published, and how requests become arguments."""

from .._multipart import File
from ._mark import function

__all__ = ["File", "function"]
