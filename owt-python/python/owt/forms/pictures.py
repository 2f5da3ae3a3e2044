"""Figures and images: matplotlib and what draws with it, PIL, frames of films."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from .. import _json
from . import pixels
from .available import available, library
from .pixels import image_tag, wav
from .registry import JSON, Form

# Formats that PIL writes beside the four that browsers know best, by their names there.
_OTHERS = {
    "image/avif": "AVIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/x-icon": "ICO",
    "image/jp2": "JPEG2000",
    "application/pdf": "PDF",
}


def figure_forms(value: Any) -> Sequence[Form] | None:
    """The forms of a figure of matplotlib, or of what belongs to one: axes, lines, a grid."""
    figure = figure_of(value)
    if figure is None:
        return None
    return [
        Form("image/png", lambda _: drawn([figure], "png")),
        Form("image/svg+xml", lambda _: drawn([figure], "svg")),
        Form("application/pdf", lambda _: drawn([figure], "pdf")),
    ]


def figure_of(value: Any) -> Any | None:
    """The figure itself, or the one that an Axes, an artist or a seaborn grid belongs to."""
    for found in (value, getattr(value, "figure", None)):
        if hasattr(found, "savefig") and hasattr(found, "canvas"):
            return found
    # a container, as `bar` and `pie` give
    parts = value if isinstance(value, tuple) else getattr(value, "wedges", ())
    return figure_of(parts[0]) if parts else None


def figure_among(value: Any) -> Any | None:
    """The figure that a value of matplotlib's belongs to: an artist, a container of them."""
    kinds = {base.__module__.partition(".")[0] for base in type(value).__mro__}
    if kinds & {"matplotlib", "seaborn"}:
        return figure_of(value)
    if hasattr(type(value), "flat") and "numpy" in kinds and value.dtype == object and value.size:
        return figure_among(value.flat[0])  # the axes of `subplots(2)`
    return None


def of_figures(figures: Sequence[Any]) -> list[Form]:
    """The forms of one figure or several: a page, or a PDF of a page for each."""
    if len(figures) == 1:
        return list(figure_forms(figures[0]) or ())

    def page(_: Any) -> str:
        return _page([image_tag("image/png", drawn([figure], "png")) for figure in figures])

    def pdf(_: Any) -> bytes:
        buffer = io.BytesIO()
        with library("matplotlib.backends.backend_pdf").PdfPages(buffer) as pages:
            for figure in figures:
                pages.savefig(figure)
        return buffer.getvalue()

    return [Form("text/html", page), Form("application/pdf", pdf)]


def _page(pictures: Sequence[str]) -> str:
    return "\n".join(f"<p>{picture}</p>" for picture in pictures)


def animation_forms(animation: Any) -> Sequence[Form]:
    """The forms of an animation of matplotlib."""

    def gif(_: Any) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "animation.gif")
            animation.save(path, writer="pillow")
            with open(path, "rb") as file:
                return file.read()

    return [Form("image/gif", gif), Form("text/html", lambda _: animation.to_jshtml())]


def display_forms(display: Any) -> Sequence[Form]:
    """The forms of a display of scikit-learn: its figure, drawn now if it was not."""
    if not hasattr(display, "figure_"):
        display.plot()
    return list(figure_forms(display.figure_) or ())


def drawn(figures: Sequence[Any], form: str) -> bytes:
    """The first figure in that form. All are closed: pyplot keeps what it made, unless told."""
    try:
        buffer = io.BytesIO()
        figures[0].savefig(buffer, format=form)
        return buffer.getvalue()
    finally:
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            for figure in figures:
                pyplot.close(figure)


def image_forms(image: Any) -> Sequence[Form]:
    """The forms of an image of PIL."""
    frames = {"save_all": True} if getattr(image, "n_frames", 1) > 1 else {}

    def png(_: Any) -> bytes:
        fits = image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
        mode = {"I": "I;16", "F": "L"}.get(image.mode, "RGB")
        return _saved(image if fits else image.convert(mode), "PNG")

    def jpeg(_: Any) -> bytes:
        return _saved(opaque(image), "JPEG", quality=90)

    def webp(_: Any) -> bytes:
        fits = image.mode in ("RGB", "RGBA")
        return _saved(image if fits else image.convert("RGBA"), "WEBP", lossless=True, **frames)

    def gif(_: Any) -> bytes:
        fits = image.mode in ("1", "L", "P", "RGB", "RGBA")
        return _saved(image if fits else image.convert("RGB"), "GIF", **frames)

    given: dict[str, Callable[[Any], bytes]] = {
        "image/png": png,
        "image/jpeg": jpeg,
        "image/webp": webp,
        "image/gif": gif,
    }
    forms = [Form(media, make) for media, make in given.items()]
    return forms + [Form(media, _writer(image, name)) for media, name in _OTHERS.items()]


def _writer(image: Any, name: str) -> Callable[[Any], bytes | None]:
    def write(_: Any) -> bytes | None:
        pil = library("PIL.Image")
        pil.init()
        if name not in pil.SAVE:
            return None  # this PIL was built without it
        fits = image.mode in ("1", "L", "RGB") or (image.mode == "RGBA" and name != "PDF")
        if image.mode == "1" and name == "JPEG2000":
            return _saved(image.convert("L"), name)
        return _saved(image if fits else opaque(image), name)

    return write


def is_image(value: Any) -> bool:
    """Whether this is an image of PIL."""
    return any(base.__module__ == "PIL.Image" for base in type(value).__mro__) and hasattr(
        value, "save"
    )


def of_images(images: Sequence[Any]) -> list[Form]:
    """The forms of several images: a page, an animation, a PDF."""

    def page(_: Any) -> str:
        return _page([image_tag("image/png", bytes(_png(image))) for image in images])

    def gif(_: Any) -> bytes:
        frames = [image.convert("RGB") for image in images]
        options = {"save_all": True, "append_images": frames[1:], "duration": 100, "loop": 0}
        return _saved(frames[0], "GIF", **options)

    def pdf(_: Any) -> bytes:
        pages = [opaque(image) for image in images]
        return _saved(pages[0], "PDF", save_all=True, append_images=pages[1:])

    return [Form("text/html", page), Form("image/gif", gif), Form("application/pdf", pdf)]


def _png(image: Any) -> bytes:
    made = next(one for one in image_forms(image) if one.media == "image/png").make(image)
    return bytes(made)  # type: ignore[call-overload, no-any-return]


def detection_forms(found: Any) -> Sequence[Form]:
    """The forms of what a model of ultralytics finds in an image: a list, and the image with it."""

    def drawn_on() -> Any:
        return found.plot()[:, :, ::-1]  # blue comes first, as OpenCV has it

    return [Form(JSON, _json.encoded), *pixels.forms(drawn_on, found.orig_img.shape)]


def film_forms(frame: Any) -> Sequence[Form]:
    """The forms of a frame of a film (PyAV)."""
    return image_forms(frame.to_image()) if available("PIL") else []


def sound_forms(frame: Any) -> Sequence[Form]:
    """The forms of a frame of sound (PyAV)."""

    def samples(_: Any) -> bytes:
        found = frame.to_ndarray()
        planar = frame.format.is_planar
        flat = found.T if planar else found.reshape(-1, len(frame.layout.channels))
        return wav(flat, frame.sample_rate)

    return [Form("audio/wav", samples)]


def opaque(image: Any) -> Any:
    """The image without transparency, for JPEG: what shines through is white."""
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


FORMS: dict[str, Any] = {
    "matplotlib.FigureBase": figure_forms,
    "matplotlib.Artist": figure_forms,
    "matplotlib.Container": figure_forms,
    "matplotlib.PieContainer": figure_forms,
    "matplotlib.Animation": animation_forms,
    "seaborn.Grid": figure_forms,
    "seaborn._BaseGrid": figure_forms,
    "PIL.Image": image_forms,
    "ultralytics.Results": detection_forms,
    "av.VideoFrame": film_forms,
    "av.AudioFrame": sound_forms,
    **dict.fromkeys(
        (
            f"sklearn.{name}Display"
            for name in (
                *("Calibration", "ConfusionMatrix", "DecisionBoundary", "DetCurve"),
                *("LearningCurve", "PartialDependence", "PrecisionRecall", "PredictionError"),
                *("RocCurve", "ValidationCurve"),
            )
        ),
        display_forms,
    ),
}
PLAIN: dict[str, Any] = {
    "ultralytics.Results": lambda found, depth: _json.plain(found.summary(), depth + 1),
}
