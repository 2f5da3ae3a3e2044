"""Texts and documents: formulas, markup, parsed language, reports, office files and PDF."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .. import _json
from .available import available, library
from .registry import JSON, Form
from .rows import XLSX

PDF = "application/pdf"
XML = "application/xml"
MATHML = "application/mathml+xml"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


# sympy


def formula(value: Any) -> Sequence[Form]:
    """An expression of sympy."""
    sympy = sys.modules["sympy"]

    def mathml(_: Any) -> str:
        inner = sympy.mathml(value, printer="presentation")
        return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{inner}</math>'

    given = [
        Form("text/latex", lambda _: sympy.latex(value)),
        Form("text/html", mathml),
        Form("text/plain", lambda _: str(value)),
        Form(MATHML, mathml),
        Form(JSON, _json.encoded),
    ]
    if available("matplotlib"):
        given.append(Form("image/png", lambda _: _mathtext(sympy.latex(value))))
    return given


def _mathtext(latex: str) -> bytes:
    buffer = io.BytesIO()
    library("matplotlib.mathtext").math_to_image(f"${latex}$", buffer, dpi=150, format="png")
    return buffer.getvalue()


def _plain_formula(value: Any, depth: int) -> Any:
    """A whole number or a float that says the same; anything else as its text."""
    if value.is_Integer:
        return int(value)
    if value.is_Float:
        near = float(value)
        return (
            near if value == sys.modules["sympy"].Float(near, precision=value._prec) else str(value)
        )
    if value.is_Boolean and value.is_Atom and not value.is_Symbol:
        return bool(value)
    return None if value.is_number and value.has(sys.modules["sympy"].nan) else str(value)


def _plain_matrix(value: Any, depth: int) -> Any:
    return _json.plain(value.tolist(), depth + 1)


def _plain_parts(value: Any, depth: int) -> Any:
    return _json.plain(list(value.args), depth + 1)


# Markup


def soup(value: Any) -> Sequence[Form]:
    """What Beautiful Soup has parsed."""
    return [
        Form("text/html", str),
        Form("text/plain", lambda _: value.get_text()),
        Form(JSON, lambda _: _json.encoded(str(value))),
    ]


def tags(value: Any) -> Sequence[Form]:
    """What dominate writes."""
    return [Form("text/html", lambda _: value.render())]


def lxml(value: Any) -> Sequence[Form]:
    """An element or a tree of lxml: XML, or HTML where that was parsed."""
    etree = sys.modules["lxml.etree"]
    tree = value if hasattr(value, "getroot") else value.getroottree()
    markup = bool(tree.docinfo.doctype.lower().startswith("<!doctype html"))
    markup = markup or type(value).__module__ == "lxml.html"

    def xml(_: Any) -> bytes:
        return bytes(etree.tostring(value, xml_declaration=True, encoding="UTF-8"))

    def page(_: Any) -> str:
        return str(etree.tostring(value, method="html", encoding="unicode"))

    forms = [Form(XML, xml), Form("text/xml", xml), Form("text/html", page)]
    forms = [forms[2], *forms[:2]] if markup else forms
    return [*forms, Form(JSON, lambda _: _json.encoded(page(_)))]


def element_tree(value: Any) -> Sequence[Form]:
    """An element or a tree of the standard library."""

    def xml(_: Any) -> bytes:
        etree = library("xml.etree.ElementTree")
        root = value.getroot() if hasattr(value, "getroot") else value
        return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))

    return [Form(XML, xml), Form("text/xml", xml)]


def dom(value: Any) -> Sequence[Form]:
    """A node of minidom."""
    return [
        Form(XML, lambda _: value.toxml(encoding="UTF-8")),
        Form("text/xml", lambda _: value.toxml()),
    ]


# Language


def spacy(doc: Any) -> Sequence[Form]:
    """A document or a span of spaCy: JSON, displaCy's page, the text."""

    def page(_: Any) -> str:
        whole = _doc(doc)
        style = "dep" if whole.has_annotation("DEP") and not whole.ents else "ent"
        made: str = library("spacy.displacy").render(whole, style=style, page=True, jupyter=False)
        return made

    return [
        Form(JSON, _json.encoded),
        Form("text/html", page),
        Form("text/plain", lambda _: doc.text),
    ]


def _plain_spacy(doc: Any, depth: int) -> Any:
    return _json.plain(_doc(doc).to_json(), depth + 1)


def _doc(value: Any) -> Any:
    return value if hasattr(value, "to_json") else value.as_doc()


def tree(value: Any) -> Sequence[Form]:
    """A tree of nltk."""
    return [
        Form("text/plain", lambda _: value.pformat()),
        Form(JSON, _json.encoded),
        Form("text/latex", lambda _: value.pformat_latex_qtree()),
    ]


def parsed(value: Any) -> Sequence[Form]:
    """A tree of lark."""
    return [Form("text/plain", lambda _: value.pretty()), Form(JSON, _json.encoded)]


def _plain_parsed(value: Any, depth: int) -> Any:
    return {"label": str(value.data), "children": _json.plain(list(value.children), depth + 1)}


def blob(value: Any) -> Sequence[Form]:
    """A text of TextBlob."""
    return [Form("text/plain", str), Form(JSON, _json.encoded)]


def _plain_tree(value: Any, depth: int) -> Any:
    return {"label": _json.plain(value.label()), "children": _json.plain(list(value), depth + 1)}


# Reports


def summary(value: Any) -> Sequence[Form]:
    """A summary of statsmodels."""
    return [
        Form("text/plain", lambda _: value.as_text()),
        Form("text/html", lambda _: value.as_html()),
        Form("text/latex", lambda _: value.as_latex()),
        *([Form("text/csv", lambda _: value.as_csv())] if hasattr(value, "as_csv") else []),
    ]


def summarized(value: Any) -> Sequence[Form]:
    """The results of a model of statsmodels: their summary."""
    return summary(value.summary()) if hasattr(value, "summary") else []


def rich(value: Any) -> Sequence[Form]:
    """What rich prints."""

    def printed() -> Any:
        console = library("rich.console").Console(record=True, file=io.StringIO(), width=100)
        console.print(value)
        return console

    return [
        Form("text/html", lambda _: printed().export_html()),
        Form("text/plain", lambda _: printed().export_text()),
        Form("image/svg+xml", lambda _: printed().export_svg(title="")),
    ]


# Files


def _saved(media: str, method: str) -> Callable[[Any], Sequence[Form]]:
    """The form of what is written to a file by that method."""

    def save(value: Any) -> bytes:
        buffer = io.BytesIO()
        getattr(value, method)(buffer)
        return buffer.getvalue()

    return lambda _: [Form(media, save)]


def _made(media: str, method: str, *given: Any) -> Callable[[Any], Sequence[Form]]:
    """The form of what a method gives as bytes."""
    return lambda _: [Form(media, lambda value: bytes(getattr(value, method)(*given)))]


def open_document(value: Any) -> Sequence[Form]:
    """A document of odfdo: a text, a spreadsheet, a presentation."""
    return _saved(value.mimetype, "save")(value)


def pdf_page(page: Any) -> Sequence[Form]:
    """A page of PyMuPDF: drawn, and its text."""
    return [
        Form("image/png", lambda _: page.get_pixmap().tobytes("png")),
        Form("image/svg+xml", lambda _: page.get_svg_image()),
        Form("text/plain", lambda _: page.get_text()),
    ]


FORMS: dict[str, Any] = {
    "sympy.Basic": formula,
    "sympy.MatrixBase": formula,
    "bs4.Tag": soup,
    "dominate.dom_tag": tags,
    "lxml._Element": lxml,
    "lxml._ElementTree": lxml,
    "xml.Element": element_tree,
    "xml.ElementTree": element_tree,
    "xml.Node": dom,
    "spacy.Doc": spacy,
    "spacy.Span": spacy,
    "nltk.Tree": tree,
    "statsmodels.Summary": summary,
    "statsmodels.ResultsWrapper": summarized,
    "statsmodels.Results": summarized,
    "openpyxl.Workbook": _saved(XLSX, "save"),
    "docxtpl.DocxTemplate": _saved(DOCX, "save"),
    "odfdo.Document": open_document,
    "textblob.BaseBlob": blob,
    "lark.Tree": parsed,
    "icalendar.Component": _made("text/calendar", "to_ical"),
    "docx.Document": _saved(DOCX, "save"),
    "pptx.Presentation": _saved(PPTX, "save"),
    "reportlab.Canvas": _made(PDF, "getpdfdata"),
    "fpdf.FPDF": _made(PDF, "output"),
    "pypdf.PdfWriter": _saved(PDF, "write"),
    "weasyprint.HTML": _made(PDF, "write_pdf"),
    "weasyprint.Document": _made(PDF, "write_pdf"),
    **dict.fromkeys(("pymupdf.Document", "fitz.Document"), _made(PDF, "tobytes")),
    **dict.fromkeys(("pymupdf.Pixmap", "fitz.Pixmap"), _made("image/png", "tobytes", "png")),
    **dict.fromkeys(("pymupdf.Page", "fitz.Page"), pdf_page),
}
PLAIN: dict[str, Any] = {
    "sympy.Basic": _plain_formula,
    "sympy.MatrixBase": _plain_matrix,
    "sympy.Tuple": _plain_parts,
    "bs4.Tag": lambda value, _: str(value),
    "spacy.Doc": _plain_spacy,
    "spacy.Span": _plain_spacy,
    "nltk.Tree": _plain_tree,
    "textblob.BaseBlob": lambda value, _: str(value),
    "lark.Tree": _plain_parsed,
}
