"""Rich results: displays, images, figures, arrays and frames, by what `Accept` prefers.

Nothing is imported: a library's objects are known by the module of their class. When several
types are equally welcome (`*/*`, or no `Accept`), the order of each table here decides, which for
displays is: HTML, PNG, SVG, JPEG, GIF, WebP, PDF, Markdown, LaTeX, JSON, plain text.
"""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable
from typing import Any

from . import _json
from ._negotiate import preferred
from ._pandas import levels

Rendered = tuple[str | None, object]
Table = dict[str, Callable[[], object]]

_METHODS = {
    "text/html": "_repr_html_",
    "image/png": "_repr_png_",
    "image/svg+xml": "_repr_svg_",
    "image/jpeg": "_repr_jpeg_",
    "application/pdf": "_repr_pdf_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
    "application/json": "_repr_json_",
}
_ORDER = [
    "text/html",
    "image/png",
    "image/svg+xml",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/pdf",
    "text/markdown",
    "text/latex",
    "application/json",
    "text/plain",
]
_LIBRARIES = ("numpy", "pandas", "polars", "matplotlib", "seaborn")
# A table longer than this is shown in part; CSV and JSON always have all of it.
_ROWS_SHOWN = 1000


def render(value: Any, accept: str) -> Rendered | None:
    """Content type and content (text or bytes), or None for what has no rich form.

    The type is None when the content is a plain Python value to be answered in its stead.
    """
    if isinstance(value, type):
        return None
    match _library(value):
        case "numpy":
            return _numpy(value, accept)
        case "pandas":
            return _pandas(value, accept)
        case "polars":
            return _polars(value, accept)
        case "matplotlib" | "seaborn":
            figure = _figure(value)
            if figure is not None:
                return _matplotlib(figure, accept)
    if _is_image(value):
        return _choose(_image(value), accept)
    return _display(value, accept)


def _library(value: object) -> str | None:
    """The library that the value's class comes from, or that of a base of it."""
    roots = (base.__module__.partition(".")[0] for base in type(value).__mro__)
    return next((root for root in roots if root in _LIBRARIES), None)


def _choose(table: Table, accept: str) -> Rendered | None:
    """The first representation in the client's order that is there."""
    for media in preferred(accept, list(table)):
        content = table[media]()
        if content is not None:
            return _typed(media), content
    return None


def _typed(media: str) -> str:
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


def _display(value: Any, accept: str) -> Rendered | None:
    """Jupyter's display methods; looked for on the class, since some objects have every name."""
    kind = type(value)
    table: Table = {
        media: _method(value, media, name)
        for media, name in _METHODS.items()
        if callable(getattr(kind, name, None))
    }
    if callable(getattr(kind, "_repr_mimebundle_", None)):
        bundle = value._repr_mimebundle_(include=None, exclude=None)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        for media, content in (data or {}).items():
            table[media] = _constant(media, content)
    order = {media: place for place, media in enumerate(_ORDER)}
    offers = sorted(table, key=lambda media: order.get(media, len(order)))
    return _choose({media: table[media] for media in offers}, accept)


def _method(value: Any, media: str, name: str) -> Callable[[], object]:
    def call() -> object:
        content = getattr(value, name)()
        if isinstance(content, tuple) and len(content) == 2:  # data and metadata
            content = content[0]
        return _content(media, content)

    return call


def _constant(media: str, content: object) -> Callable[[], object]:
    return lambda: _content(media, content)


def _content(media: str, content: object) -> object:
    if content is None:
        return None
    if isinstance(content, str):
        binary = media.startswith(("image/", "audio/", "video/")) or media == "application/pdf"
        # In a notebook binary data travels as base64.
        return base64.b64decode(content) if binary and "svg" not in media else content
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    return _json.encoded(content)


def _is_image(value: Any) -> bool:
    return any(base.__module__.startswith("PIL.Image") for base in type(value).__mro__) and hasattr(
        value, "save"
    )


def _image(image: Any) -> Table:
    frames = {"save_all": True} if getattr(image, "n_frames", 1) > 1 else {}

    def png() -> bytes:
        fits = image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
        mode = {"I": "I;16", "F": "L"}.get(image.mode, "RGB")
        return _saved(image if fits else image.convert(mode), "PNG")

    def jpeg() -> bytes:
        return _saved(_opaque(image), "JPEG", quality=90)

    def webp() -> bytes:
        fits = image.mode in ("RGB", "RGBA")
        return _saved(image if fits else image.convert("RGBA"), "WEBP", lossless=True, **frames)

    def gif() -> bytes:
        fits = image.mode in ("1", "L", "P", "RGB", "RGBA")
        return _saved(image if fits else image.convert("RGB"), "GIF", **frames)

    return {"image/png": png, "image/jpeg": jpeg, "image/webp": webp, "image/gif": gif}


def _opaque(image: Any) -> Any:
    """JPEG has no transparency: what shines through is white."""
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    if "A" not in image.mode and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    ground = layered.copy()
    ground.paste((255, 255, 255, 255), (0, 0, *layered.size))
    ground.alpha_composite(layered)
    return ground.convert("RGB")


def _saved(image: Any, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _figure(value: Any) -> Any | None:
    """The figure itself, or the one that an Axes or a seaborn grid belongs to."""
    if hasattr(value, "savefig") and hasattr(value, "axes") and hasattr(value, "canvas"):
        return value
    figure = getattr(value, "figure", None)
    return figure if hasattr(figure, "savefig") else None


def _matplotlib(figure: Any, accept: str) -> Rendered | None:
    def save(form: str) -> Callable[[], bytes]:
        def call() -> bytes:
            buffer = io.BytesIO()
            figure.savefig(buffer, format=form)
            return buffer.getvalue()

        return call

    table: Table = {
        "image/png": save("png"),
        "image/svg+xml": save("svg"),
        "application/pdf": save("pdf"),
    }
    try:
        return _choose(table, accept)
    finally:
        # pyplot keeps every figure it made, for ever, unless told.
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.close(figure)


def _numpy(value: Any, accept: str) -> Rendered | None:
    if not hasattr(value, "tolist") or not hasattr(value, "shape"):
        return None
    masked = hasattr(type(value), "mask")
    single = value.shape == () and not masked and value.dtype.names is None
    if single and value.dtype.kind in "biufSUOV":
        content = value.item()
        # A long double has no form in Python; JSON refuses it by its name.
        return (None, content) if _json.root(content) != "numpy" else _choose(_as_json(value), "")
    if value.dtype == object and value.size and _json.root(value.flat[0]) == "matplotlib":
        return render(value.flat[0], accept)  # what `frame.hist()` gives: the figure's axes

    def npy() -> bytes | None:
        if value.dtype.hasobject or masked:
            return None  # it would be pickled, or lose its mask
        buffer = io.BytesIO()
        sys.modules["numpy"].save(buffer, value, allow_pickle=False)
        return buffer.getvalue()

    return _choose({**_as_json(value), "application/x-npy": npy}, accept)


def _as_json(value: Any) -> Table:
    return {"application/json": lambda: _json.encoded(value)}


def _pandas(value: Any, accept: str) -> Rendered | None:
    frame = value if hasattr(value, "to_html") else None
    if frame is None and hasattr(value, "to_frame"):
        # An index has none of its own.
        frame = value.to_frame() if hasattr(value, "index") else value.to_frame(index=False)
    if frame is None or not hasattr(frame, "to_csv"):
        return _display(value, accept)

    def csv() -> object:
        labels = levels(frame.index)
        return frame.to_csv(index=bool(labels), index_label=labels or None)

    # First what programs want, who seldom say so; a browser asks for HTML.
    return _choose(
        {
            **_as_json(value),
            "text/html": lambda: frame.to_html(max_rows=_ROWS_SHOWN, border=0),
            "text/csv": csv,
        },
        accept,
    )


def _polars(value: Any, accept: str) -> Rendered | None:
    if hasattr(value, "collect"):  # a LazyFrame
        value = value.collect()
    frame = value if hasattr(value, "write_csv") else None
    if frame is None and hasattr(value, "to_frame"):
        frame = value.to_frame()
    if frame is None:
        return _display(value, accept)
    return _choose(
        {
            **_as_json(value),
            "text/html": frame._repr_html_,
            "text/csv": frame.write_csv,
        },
        accept,
    )
