"""What form a result is wished for in: by `Accept`, by `?format=`, or by the adaptor itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from .._context import current
from .negotiation import acceptable, names

#: Who wishes: the header, the query, or the adaptor by its Content-Type.
ACCEPT = 0
FORMAT = 1
SAID = 2

#: The short names of `?format=`.
SHORT: dict[str, str] = {
    "arrow": "application/vnd.apache.arrow.stream",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "events": "text/event-stream",
    "fasta": "text/x-fasta",
    "flac": "audio/flac",
    "genbank": "text/x-genbank",
    "geojson": "application/geo+json",
    "gif": "image/gif",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "latex": "text/latex",
    "markdown": "text/markdown",
    "mathml": "application/mathml+xml",
    "md": "text/markdown",
    "mol": "chemical/x-mdl-molfile",
    "ndjson": "application/x-ndjson",
    "netcdf": "application/x-netcdf",
    "npy": "application/x-npy",
    "npz": "application/x-npz",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "safetensors": "application/x-safetensors",
    "smiles": "chemical/x-daylight-smiles",
    "svg": "image/svg+xml",
    "text": "text/plain",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webp": "image/webp",
    "wkt": "application/wkt",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}


class Wish(NamedTuple):
    """Media ranges, and who wishes for them."""

    text: str
    by: int = ACCEPT

    def wanted(self, media: Sequence[str]) -> Sequence[str]:
        """Those of the media types that may be given, the best first."""
        if self.by == SAID:
            # The adaptor's word stands on whatever is sent: that is at best what it says.
            essence = self.text.partition(";")[0].strip().lower()
            return sorted(media, key=lambda one: one != essence)
        return acceptable(self.text, media)

    def names(self, media: str) -> bool:
        """Whether this very type is wished for, by no wildcard."""
        return self.by != SAID and names(self.text, media)

    def __str__(self) -> str:
        """Show it as it came."""
        return f"`format={self.text}`" if self.by == FORMAT else f"`Accept: {self.text}`"


def wished(accept: str) -> Wish:
    """The wish of the running call.

    `?format=` is before `Accept` where it is one of the short names or a media type; anything else
    by that name is the adaptor's own.
    """
    query = getattr(current.get(None), "query", "")
    if "format=" in query:
        for name, value in parse_qsl(query):
            media = SHORT.get(value.lower(), value if "/" in value else "")
            if name == "format" and media:
                return Wish(media, FORMAT)
    return Wish(accept)
