"""Jupyter's display methods: `_repr_html_` and its kin, `_repr_mimebundle_`, and `__html__`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from .. import _json
from .._errors import Unrenderable
from .registry import Form, logger

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
_BUNDLE = "_repr_mimebundle_"
_MARKUP = "__html__"
# What is natural where nothing is said.
_ORDER = {
    media: place
    for place, media in enumerate(
        [
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
    )
}


def of(value: Any, classes: Sequence[type]) -> list[Form]:
    """The displays that these classes of the value define, in our order.

    They are looked for on classes, since some objects have every attribute one asks for.
    """
    defined = {name for kind in classes for name in vars(kind)}
    forms = {}
    for media, name in _METHODS.items():
        if name in defined and callable(getattr(type(value), name, None)):
            forms[media] = Form(media, _method(media, name))
    if _MARKUP in defined and callable(getattr(type(value), _MARKUP, None)):
        forms.setdefault("text/html", Form("text/html", lambda value: str(value.__html__())))
    if _BUNDLE in defined and callable(getattr(type(value), _BUNDLE, None)):
        forms |= _bundle(value)
    return sorted(forms.values(), key=lambda one: _ORDER.get(one.media, len(_ORDER)))


def _bundle(value: Any) -> dict[str, Form]:
    try:
        bundle = value._repr_mimebundle_(include=None, exclude=None)
    except Exception as error:  # there may be others
        logger.warning("the display %s of a %s raised %r", _BUNDLE, type(value).__name__, error)
        return {}
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return {
        media: Form(media, _constant(media, content)) for media, content in (data or {}).items()
    }


def _method(media: str, name: str) -> Callable[[Any], object]:
    def call(value: Any) -> object:
        content = getattr(value, name)()
        if isinstance(content, tuple) and len(content) == 2:  # data and metadata
            content = content[0]
        return _content(media, content)

    return call


def _constant(media: str, content: object) -> Callable[[Any], object]:
    return lambda _: _content(media, content)


def _content(media: str, content: object) -> object:
    if content is None:
        return None
    if isinstance(content, str):
        binary = media.startswith(("image/", "audio/", "video/")) or media == "application/pdf"
        # In a notebook binary data travels as base64.
        return base64.b64decode(content) if binary and "svg" not in media else content
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    try:
        return _json.encoded(content)
    except Unrenderable as refused:
        # It is this display that cannot be sent: there may be others.
        raise ValueError(str(refused)) from None
