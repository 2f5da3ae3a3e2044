"""Finds the forms of a value: what the adaptor says, the table, the type's own protocols."""

from __future__ import annotations

import functools
import importlib
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .. import adaptors
from .._context import current
from .._errors import NotAcceptable, Unrenderable
from .wishes import Wish

JSON = "application/json"

#: How a value is made plain for JSON: the value, and how deep it is.
Plain = Callable[[Any, int], Any]

#: Where it is told that a form raised.
logger = logging.getLogger("owt")


class Form(NamedTuple):
    """A media type, and what makes a value that: text, bytes, an iterator of them, or None.

    None declines, and the next form that the client accepts is tried.
    """

    media: str
    make: Callable[[Any], object]


class Instead(NamedTuple):
    """A value that is answered in the place of another one."""

    value: object


#: Of a type in the table: its forms, the natural one first.
Offers = Callable[[Any], "Sequence[Form] | Instead | None"]

# The module here that knows a library's types, loaded when the first of its values comes.
_FAMILIES = {
    **dict.fromkeys(
        (
            "numpy",
            "torch",
            "tensorflow",
            "jaxlib",
            "jax",
            "mlx",
            "cupy",
            "cupyx",
            "scipy",
            "sparse",
            "awkward",
        ),
        "arrays",
    ),
    **dict.fromkeys(
        (
            *("pandas", "polars", "pyarrow", "duckdb", "_duckdb", "dask", "pyspark", "ibis"),
            *("datasets", "modin", "datafusion", "daft"),
        ),
        "tables",
    ),
    **dict.fromkeys(("tablib", "petl", "agate", "great_tables"), "recordsets"),
    **dict.fromkeys(("matplotlib", "seaborn", "PIL", "sklearn", "av", "ultralytics"), "pictures"),
    **dict.fromkeys(
        (
            *("plotly", "altair", "bokeh", "folium", "branca", "holoviews", "panel"),
            *("graphviz", "networkx", "igraph", "wordcloud", "qrcode", "segno", "barcode"),
            *("pygal", "pyecharts"),
        ),
        "charts",
    ),
    **dict.fromkeys(
        (
            *("sympy", "bs4", "dominate", "lxml", "xml", "spacy", "nltk", "statsmodels"),
            *("openpyxl", "docx", "pptx", "reportlab", "fpdf", "pypdf", "weasyprint"),
            *("pymupdf", "fitz", "docxtpl", "odfdo", "textblob", "lark", "icalendar"),
        ),
        "documents",
    ),
    **dict.fromkeys(
        (
            *("shapely", "geopandas", "xarray", "rdkit", "Bio", "skbio", "astropy", "pint"),
            *("quantities", "uncertainties", "geopy", "pydicom", "google"),
            *("pystac", "pyproj"),
        ),
        "science",
    ),
    **dict.fromkeys(
        ("sqlalchemy", "msgspec", "pydub", "IPython", "graphql", "peewee", "tortoise", "mido"),
        "services",
    ),
}
# A module keeps what it has registered under this name, so that it goes with the module.
_OWN = "__owt_forms__"
# What others than adaptors have registered: modules that adaptors import. By qualified name, so
# that a module that is loaded anew takes the place of what it was.
_everywhere: dict[str, dict[str, Callable[[Any], object]]] = {}
_any_own = False


def form(
    kind: type | str, media: str
) -> Callable[[Callable[[Any], object]], Callable[[Any], object]]:
    """Registers a function that gives values of a type in a media type.

    It takes the value and gives text, bytes or a generator of them; for JSON any value that has
    a form there; None leaves it to the value's other forms. The type is a class or its qualified
    name, and subclasses have its forms too. Of several registered forms the first is the natural
    one, and `Accept` chooses. What an adaptor registers holds for that adaptor.

    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y
    @form(Point, "application/json")
    def coordinates(point):
        return {"x": point.x, "y": point.y}
    def run():
        return [Point(1, 2)]
    # → Content-Type: application/json · [{"x":1,"y":2}]
    """
    name = kind if isinstance(kind, str) else qualified(kind)
    essence = media.strip().lower()
    if "/" not in essence:
        raise ValueError(f"{media!r} is no media type: write it as in 'image/png'")

    def register(function: Callable[[Any], object]) -> Callable[[Any], object]:
        global _any_own
        home = getattr(function, "__globals__", {})
        whose = str(home.get("__name__", ""))
        own = whose.startswith(adaptors.__name__ + ".h")
        registered = home.setdefault(_OWN, {}) if own else _everywhere
        registered.setdefault(name, {})[essence] = function
        _any_own = True
        return function

    return register


def qualified(kind: type) -> str:
    """The name by which a class is found: its module and its name there."""
    return f"{kind.__module__}.{kind.__qualname__}"


def of(value: Any) -> list[Form] | Instead:
    """The forms of a value, the natural one first. Empty for what has none here."""
    kind = type(value)
    if isinstance(value, type):
        return []
    offers = [Form(media, make) for media, make in _own(kind).items()]
    depth, table = _listed(kind)
    listed = table(value) if table is not None else None
    if isinstance(listed, Instead):
        return offers or listed
    from . import displays

    # A class derived from one in the table may know better how it is shown.
    shown = displays.of(value, kind.__mro__[: depth if listed else None])
    better = {one.media: one for one in shown}
    offers += [better.get(one.media, one) for one in listed or ()]
    offers += shown
    if not listed:
        from . import protocols

        offers += protocols.of(value)
    chosen: dict[str, Form] = {}
    for one in offers:
        chosen.setdefault(one.media, one)
    return list(chosen.values())


def together(value: Any) -> list[Form]:
    """The forms of a dict, list or tuple beside JSON; none where it is merely data."""
    from . import gathered as family

    return family.of(value)


def plain_form(library: str, name: str) -> Plain | None:
    """How the table has a class of that library made plain for JSON, None if it does not."""
    family = _FAMILIES.get(library)
    if family is None:
        return None
    return _module(family).PLAIN.get(f"{library}.{name}")  # type: ignore[no-any-return]


def plain_by_protocol(kind: type) -> Plain | None:
    """How values of a type that nobody lists are made plain for JSON by what they say they can."""
    from . import protocols

    return protocols.plain_form(kind)


def own_plain(kind: type) -> Plain | None:
    """How the adaptor itself has values of this type made plain for JSON, None if not at all."""
    if not _any_own:
        return None
    make = _own(kind).get(JSON)
    if make is None:
        return None
    from .._json import plain

    return lambda value, depth: plain(make(value), depth + 1)


def made(value: Any, offers: Sequence[Form], wish: Wish) -> tuple[str, object]:
    """The media type and the content of the form that is wished for most.

    A form that declines or raises leaves it to the next. Raises `NotAcceptable` where none fits,
    and what the first form raised where nothing else came of the others.
    """
    media = [one.media for one in offers]
    by_media = {one.media: one for one in offers}
    raised: Exception | None = None
    declined = []
    for name in wish.wanted(media):
        try:
            content = by_media[name].make(value)
        except Unrenderable:
            raise  # it says what is wrong with the value: another form would hide it
        except Exception as error:
            raised = raised or error
            logger.warning("the form %s of a %s raised %r", name, type(value).__name__, error)
            continue
        if content is not None:
            return name, content
        declined.append(name)
    if raised is not None:
        raise raised
    raise NotAcceptable(str(wish), [name for name in media if name not in declined])


def _own(kind: type) -> Mapping[str, Callable[[Any], object]]:
    """What the running adaptor, or a module that it imports, has registered for a type."""
    if not _any_own:
        return {}
    found: dict[str, Callable[[Any], object]] = {}
    for registered in (_of_adaptor(), _everywhere):
        for base in kind.__mro__:
            for media, make in registered.get(qualified(base), {}).items():
                found.setdefault(media, make)
    return found


def _of_adaptor() -> Mapping[str, dict[str, Callable[[Any], object]]]:
    code = getattr(current.get(None), "code", None)
    module = sys.modules.get(adaptors.module_name(code)) if code else None
    return getattr(module, _OWN, {})


def _listed(kind: type) -> tuple[int, Offers | None]:
    """What the table has of a type, and how far up in its order of resolution it was found.

    A class is listed in its library, wherever it lives there: `pandas.DataFrame`.
    """
    for depth, base in enumerate(kind.__mro__):
        library = base.__module__.partition(".")[0]
        family = _FAMILIES.get(library)
        if family is not None:
            found = _module(family).FORMS.get(f"{library}.{base.__name__}")
            if found is not None:
                return depth, found
    return len(kind.__mro__), None


@functools.cache
def _module(family: str) -> Any:
    return importlib.import_module(f".{family}", __package__)
