"""Charts, maps, graphs and codes that draw themselves: plotly, Altair, Bokeh, folium and others."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .. import _json
from .available import available, library
from .registry import JSON, Form

SVG = "image/svg+xml"
_STATIC = {"image/png": "png", SVG: "svg", "application/pdf": "pdf", "image/webp": "webp"}


def _static(save: Callable[[str], bytes], media: Sequence[str] = tuple(_STATIC)) -> list[Form]:
    return [Form(one, lambda _, name=_STATIC[one]: save(name)) for one in media]  # type: ignore[misc]


def plotly(figure: Any) -> Sequence[Form]:
    """A figure of plotly: a page that needs no network, its JSON, and pictures by kaleido."""
    given = [
        Form("text/html", lambda _: figure.to_html(include_plotlyjs=True, full_html=True)),
        Form(JSON, lambda _: figure.to_json()),
        Form("application/vnd.plotly.v1+json", lambda _: figure.to_json()),
    ]
    if available("kaleido"):
        given += _static(lambda name: bytes(figure.to_image(format=name)))
    return given


def altair(chart: Any) -> Sequence[Form]:
    """A chart of Altair: a page, its Vega-Lite, and pictures by vl-convert."""
    version = str(sys.modules["altair"].SCHEMA_VERSION).partition(".")[0]
    given = [
        Form("text/html", lambda _: chart.to_html()),
        Form(JSON, lambda _: chart.to_json()),
        Form(f"application/vnd.vegalite.{version}+json", lambda _: chart.to_json()),
    ]
    if available("vl_convert"):

        def save(name: str) -> bytes:
            content = io.StringIO() if name == "svg" else io.BytesIO()
            chart.save(content, format=name)
            made = content.getvalue()
            return made.encode() if isinstance(made, str) else made

        given += _static(save, ("image/png", SVG, "application/pdf"))
    return given


def bokeh(model: Any) -> Sequence[Form]:
    """A plot or a layout of Bokeh: a page that needs no network, and what BokehJS embeds."""

    def page(_: Any) -> str:
        embed, resources = library("bokeh.embed"), library("bokeh.resources")
        made: str = embed.file_html(model, resources.INLINE, title="Bokeh")
        return made

    return [
        Form("text/html", page),
        Form(JSON, lambda _: _json.encoded(library("bokeh.embed").json_item(model))),
    ]


def folium(element: Any) -> Sequence[Form]:
    """A map of folium, or a part of one: the page."""
    return [Form("text/html", lambda _: element.get_root().render())]


def holoviews(element: Any) -> Sequence[Form]:
    """An element of HoloViews, drawn by the backend that was chosen, else by Bokeh."""

    def drawn(name: str, backend: str) -> bytes:
        chosen = sys.modules["holoviews"]
        buffer = io.BytesIO()
        chosen.save(element, buffer, fmt=name, backend=backend)
        return buffer.getvalue()

    given = []
    if available("bokeh"):
        given.append(Form("text/html", lambda _: drawn("html", "bokeh")))
    if available("matplotlib"):
        given.append(Form("image/png", lambda _: drawn("png", "matplotlib")))
        given.append(Form(SVG, lambda _: drawn("svg", "matplotlib")))
    return given


def panel(view: Any) -> Sequence[Form]:
    """A layout or a pane of Panel: a page that needs no network."""

    def page(_: Any) -> str:
        text = io.StringIO()
        view.save(text, resources=library("bokeh.resources").INLINE)
        return text.getvalue()

    return [Form("text/html", page)]


def graphviz(graph: Any) -> Sequence[Form]:
    """A graph of graphviz: drawn by its program `dot`, or its source."""
    return [
        *_static(lambda name: graph.pipe(format=name), (SVG, "image/png", "application/pdf")),
        Form("text/vnd.graphviz", lambda _: graph.source),
        Form("text/plain", lambda _: graph.source),
    ]


def networkx(graph: Any) -> Sequence[Form]:
    """A graph of networkx: node-link JSON, and drawn by matplotlib."""
    given = [Form(JSON, lambda _: _json.encoded(plain_graph(graph, 0)))]
    if available("matplotlib"):
        given += _static(lambda name: _drawn(graph, name), (SVG, "image/png", "application/pdf"))
    return given


def plain_graph(graph: Any, depth: int) -> Any:
    """The nodes and links of a graph."""
    data = sys.modules["networkx"].node_link_data(graph, edges="links")
    return _json.plain(data, depth + 1)


def _drawn(graph: Any, name: str) -> bytes:
    # A figure of no pyplot: nothing keeps it.
    figure = library("matplotlib.figure").Figure()
    sys.modules["networkx"].draw(graph, ax=figure.add_subplot(), with_labels=True)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=name)
    return buffer.getvalue()


def _plain_igraph(graph: Any, depth: int) -> Any:
    nodes, links = graph.to_dict_list()
    return _json.plain({"directed": graph.is_directed(), "nodes": nodes, "links": links}, depth + 1)


def wordcloud(cloud: Any) -> Sequence[Form]:
    """A cloud of words: as an image, and as SVG."""
    from .pictures import image_forms

    return [*image_forms(cloud.to_image()), Form(SVG, lambda _: cloud.to_svg())]


def qrcode(code: Any) -> Sequence[Form]:
    """A QR code, by whatever its factory draws with."""
    from .pictures import image_forms

    image = code.get_image() if hasattr(code, "get_image") else None
    if hasattr(image, "mode"):
        return image_forms(image)

    def saved(_: Any) -> bytes:
        buffer = io.BytesIO()
        code.save(buffer)
        return buffer.getvalue()

    return [Form(SVG if code.kind == "SVG" else "image/png", saved)]


def segno(code: Any) -> Sequence[Form]:
    """A QR code of segno."""

    def saved(name: str) -> bytes:
        buffer = io.BytesIO()
        code.save(buffer, kind=name, scale=8)
        return buffer.getvalue()

    return _static(saved, (SVG, "image/png", "application/pdf"))


def barcode(code: Any) -> Sequence[Form]:
    """A bar code."""
    return [Form(SVG, lambda _: code.render())]


def pygal(chart: Any) -> Sequence[Form]:
    """A chart of pygal."""
    return [Form(SVG, lambda _: chart.render())]


def pyecharts(chart: Any) -> Sequence[Form]:
    """A chart of pyecharts: a page, which takes ECharts from the network, and its options."""
    return [
        Form("text/html", lambda _: chart.render_embed()),
        Form(JSON, lambda _: chart.dump_options_with_quotes()),
    ]


def _plain_json(value: Any, depth: int) -> Any:
    return _json.plain(json.loads(value.to_json()), depth + 1)


FORMS: dict[str, Any] = {
    "plotly.BaseFigure": plotly,
    "altair.TopLevelMixin": altair,
    "bokeh.LayoutDOM": bokeh,
    "folium.Map": folium,
    "branca.Element": folium,
    "holoviews.Dimensioned": holoviews,
    "panel.Viewable": panel,
    "segno.QRCode": segno,
    "barcode.Barcode": barcode,
    "pygal.PublicApi": pygal,
    "pyecharts.Base": pyecharts,
    "graphviz.Dot": graphviz,
    "graphviz.Source": graphviz,
    "networkx.Graph": networkx,
    "wordcloud.WordCloud": wordcloud,
    "qrcode.BaseImage": qrcode,
}
PLAIN: dict[str, Any] = {
    "plotly.BaseFigure": _plain_json,
    "altair.TopLevelMixin": _plain_json,
    "networkx.Graph": plain_graph,
    "igraph.Graph": _plain_igraph,
}
