"""The table of types: each library's values in each form that they have, where it is installed."""

from __future__ import annotations

import io
import json
import textwrap

import pytest

from owt._errors import NotAcceptable
from owt.forms.wishes import SHORT
from owt.responses import ITER, respond

#: How the content of a type begins.
BEGINS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/webp": b"RIFF",
    "image/gif": b"GIF8",
    "application/pdf": b"%PDF",
    "application/x-npy": b"\x93NUMPY",
    "application/x-npz": b"PK",
    SHORT["xlsx"]: b"PK",
    SHORT["docx"]: b"PK",
    SHORT["pptx"]: b"PK",
    SHORT["parquet"]: b"PAR1",
    SHORT["arrow"]: b"\xff\xff\xff\xff",
    "audio/wav": b"RIFF",
    "audio/flac": b"fLaC",
}
TABLE = "json html csv ndjson jsonl markdown"
FIGURE = "png svg pdf"

#: The library, code that makes `value()`, and the short names of its forms, the natural one first.
CASES = [
    ("numpy", "value = lambda: m.eye(3)", "json html csv npy npz safetensors png"),
    ("numpy", "value = lambda: m.zeros((4, 5, 3), 'u1')", "json html npy png"),
    ("numpy", "value = lambda: m.zeros((4, 5, 4))", "json html npy png"),
    ("numpy", "value = lambda: m.zeros((3, 6, 7), 'f4')", "json png"),
    ("numpy", "value = lambda: m.zeros((3, 6), bool)", "json png"),
    ("numpy", "value = lambda: m.zeros((3, 6), 'u2')", "json png"),
    ("numpy", "value = lambda: (m.zeros(800), 8000)", "json wav"),
    ("numpy", "value = lambda: (16000, m.zeros((2, 900), 'i2'))", "json wav"),
    ("numpy", "value = lambda: {'a': m.eye(2), 'b': m.arange(3)}", "json npz safetensors"),
    ("torch", "value = lambda: m.rand(3, 4, 5, requires_grad=True)", "json html npy png"),
    ("torch", "value = lambda: m.ones(3, dtype=m.bfloat16)", "json html csv npy safetensors"),
    ("torch", "value = lambda: m.eye(2).to_sparse()", "json csv npy"),
    ("torch", "value = lambda: m.nn.Parameter(m.ones(2))", "json npy"),
    ("jax", "import jax.numpy as j\nvalue = lambda: j.ones((2, 3))", "json html csv npy png"),
    ("jax", "import jax.numpy as j\nvalue = lambda: j.ones(3, 'bfloat16')", "json csv npy"),
    (
        "scipy",
        "import scipy.sparse as s\nvalue = lambda: s.csr_array([[0, 1], [2, 0]])",
        "json csv npz",
    ),
    (
        "cv2",
        "import numpy as n\nvalue = lambda: m.imencode('.png', n.zeros((4, 5), 'u1'))",
        "png json",
    ),
    (
        "cv2",
        "import numpy as n\nvalue = lambda: m.imencode('.jpg', n.zeros((4, 5), 'u1'))[1]",
        "jpeg json",
    ),
    ("pandas", "value = lambda: m.DataFrame({'a': [1, 2], 'b': ['x|y', None]})", TABLE),
    ("pandas", "value = lambda: m.DataFrame({'a': []})", TABLE),
    ("pandas", "value = lambda: m.Series([1, 2], index=['x', 'y'])", TABLE),
    ("pandas", "value = lambda: m.DataFrame({'a': [1]}).style", "html json csv"),
    (
        "polars",
        "value = lambda: m.DataFrame({'a': [1, 2], 'l': [[1], [2, 3]]})",
        TABLE + " parquet arrow",
    ),
    ("polars", "value = lambda: m.LazyFrame({'a': [1, 2]})", TABLE + " parquet arrow"),
    ("polars", "value = lambda: m.Series('s', [1, 2])", TABLE + " parquet arrow"),
    (
        "pyarrow",
        "value = lambda: m.table({'a': [1, 2], 'b': ['x', None]})",
        TABLE + " parquet arrow",
    ),
    ("pyarrow", "value = lambda: m.record_batch({'a': [1, 2]})", TABLE + " parquet arrow"),
    ("pyarrow", "value = lambda: m.table({'a': [1, 2]}).to_reader()", TABLE + " parquet arrow"),
    ("pyarrow", "value = lambda: m.array([1, None])", "json csv parquet"),
    ("duckdb", "value = lambda: m.sql('select 1 as a, [1, 2] as b')", TABLE),
    ("ibis", "value = lambda: m.memtable({'a': [1, 2]})", TABLE),
    (
        "dask",
        "import dask.dataframe as d, pandas as p\n"
        "value = lambda: d.from_pandas(p.DataFrame({'a': [1, 2]}), npartitions=1)",
        TABLE,
    ),
    (
        "geopandas",
        "from shapely import Point\n"
        "value = lambda: m.GeoDataFrame({'n': [1]}, geometry=[Point(1, 2)])",
        "geojson json html csv ndjson",
    ),
    ("shapely", "value = lambda: m.Point(1, 2)", "geojson json svg text wkt"),
    ("xarray", "import numpy as n\nvalue = lambda: m.DataArray(n.eye(2))", "json html csv"),
    ("matplotlib.pyplot", "value = lambda: m.figure()", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.plot([1, 2])", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.subplots()", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.subplots(2, 2)", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.subplots(2, 2)[1]", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.hist([1, 2, 2])", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.bar([1, 2], [2, 3])", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.pie([1, 2])", FIGURE),
    ("matplotlib.pyplot", "value = lambda: m.boxplot([1, 2])", FIGURE),
    ("matplotlib.pyplot", "value = lambda: [m.figure(), m.figure()]", "html pdf"),
    (
        "matplotlib.pyplot",
        "from matplotlib.animation import FuncAnimation\ndef value():\n"
        "    figure, axes = m.subplots()\n"
        "    [line] = axes.plot([0, 1])\n"
        "    return FuncAnimation(figure, lambda i: line.set_ydata([0, i]), frames=2)",
        "gif html",
    ),
    (
        "matplotlib.pyplot",
        "import pandas\nvalue = lambda: pandas.DataFrame({'a': [1, 2]}).plot()",
        FIGURE,
    ),
    (
        "seaborn",
        "import pandas as p\nf = p.DataFrame({'a': [1, 2], 'b': [1, 2]})\n"
        "value = lambda: m.jointplot(f, x='a', y='b')",
        FIGURE,
    ),
    ("plotly.graph_objects", "value = lambda: m.Figure(m.Bar(y=[1, 2]))", "html json"),
    (
        "altair",
        "import pandas as p\n"
        "value = lambda: m.Chart(p.DataFrame({'a': [1]})).mark_bar().encode(x='a')",
        "html json",
    ),
    (
        "bokeh",
        "from bokeh.plotting import figure\ndef value():\n"
        "    made = figure()\n    made.line([1, 2], [1, 2])\n    return made",
        "html json",
    ),
    ("folium", "value = lambda: m.Map()", "html"),
    ("networkx", "value = lambda: m.path_graph(3)", "json svg png pdf"),
    ("wordcloud", "value = lambda: m.WordCloud().generate('a bb ccc bb')", "png svg jpeg"),
    ("qrcode", "value = lambda: m.make('x')", "png"),
    ("PIL.Image", "value = lambda: m.new('RGBA', (4, 3))", "png jpeg webp gif pdf"),
    ("PIL.Image", "value = lambda: [m.new('RGB', (4, 3)), m.new('L', (4, 3))]", "html gif pdf"),
    (
        "av",
        "import numpy as n\nvalue = lambda: m.VideoFrame.from_ndarray(n.zeros((16, 16, 3), 'u1'))",
        "png",
    ),
    (
        "sympy",
        "x = m.Symbol('x')\nvalue = lambda: m.Integral(x**2, x)",
        "latex html text mathml json",
    ),
    ("sympy", "value = lambda: m.Matrix([[1, 2]])", "latex html text mathml json"),
    ("bs4", "value = lambda: m.BeautifulSoup('<p>a</p>', 'html.parser')", "html text json"),
    ("lxml.etree", "value = lambda: m.fromstring('<a/>')", "xml html"),
    ("lxml.html", "value = lambda: m.fromstring('<p>a<br></p>')", "html xml"),
    ("xml.etree.ElementTree", "value = lambda: m.fromstring('<a/>')", "xml"),
    ("xml.dom.minidom", "value = lambda: m.parseString('<a/>')", "xml"),
    ("spacy", "value = lambda: m.blank('en')('Hello world')", "json html text"),
    ("spacy", "value = lambda: m.blank('en')('Hello world')[:1]", "json html text"),
    ("nltk", "value = lambda: m.Tree('S', ['a', m.Tree('B', ['b'])])", "text json latex"),
    (
        "statsmodels.api",
        "import numpy as n\n"
        "x = n.arange(9.0)\nvalue = lambda: m.OLS(x, m.add_constant(x**2)).fit()",
        "text html latex csv",
    ),
    ("sklearn.linear_model", "value = lambda: m.LinearRegression()", "html text"),
    (
        "sklearn.metrics",
        "value = lambda: m.ConfusionMatrixDisplay.from_predictions([0, 1], [0, 1])",
        FIGURE,
    ),
    ("rich.table", "value = lambda: m.Table('a', 'b')", "html text svg"),
    ("openpyxl", "value = lambda: m.Workbook()", "xlsx"),
    ("docx", "value = lambda: m.Document()", "docx"),
    ("pptx", "value = lambda: m.Presentation()", "pptx"),
    ("reportlab.pdfgen.canvas", "value = lambda: m.Canvas('x')", "pdf"),
    (
        "pypdf",
        "def value():\n    made = m.PdfWriter()\n    made.add_blank_page(9, 9)\n    return made",
        "pdf",
    ),
    ("weasyprint", "value = lambda: m.HTML(string='<p>a')", "pdf"),
    ("pymupdf", "def value():\n    made = m.open()\n    made.new_page()\n    return made", "pdf"),
    ("rdkit.Chem", "value = lambda: m.MolFromSmiles('CCO')", "svg png text smiles mol json"),
    (
        "Bio.SeqRecord",
        "from Bio.Seq import Seq\n"
        "value = lambda: m.SeqRecord(Seq('ACGT'), id='x', annotations={'molecule_type': 'DNA'})",
        "fasta text genbank json",
    ),
    ("astropy.table", "value = lambda: m.Table({'a': [1, 2], 'b': ['x', 'y']})", TABLE),
    ("pint", "value = lambda: 3 * m.UnitRegistry().meter", "json text html"),
    (
        "sqlalchemy",
        "c = m.create_engine('sqlite://').connect()\n"
        "value = lambda: c.execute(m.text('select 1 as a'))",
        TABLE,
    ),
    (
        "sqlalchemy",
        "c = m.create_engine('sqlite://').connect()\n"
        "value = lambda: c.execute(m.text('select 1 as a')).mappings()",
        TABLE,
    ),
    ("msgspec", "class P(m.Struct):\n    a: int\nvalue = lambda: P(1)", "json"),
    ("pydub", "value = lambda: m.AudioSegment.silent(10)", "wav"),
    (
        "json",
        "value = lambda: [{'a': 1, 'b': None}, {'a': 2, 'c': [1]}]",
        "json csv ndjson markdown",
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("library", "code", "forms"), CASES)
def test_a_value_has_these_forms(library, code, forms):
    names = {"m": pytest.importorskip(library)}
    exec(textwrap.dedent(code), names)
    natural, *_ = forms.split()
    for accept in ("", *(SHORT[name] for name in forms.split())):
        kind, status, headers, content = respond(names["value"](), accept)
        if kind == ITER:
            content = b"".join(x if type(x) is bytes else x.encode() for x in content)
        media = dict(headers)["Content-Type"].partition(";")[0]
        assert (status, media) == (200, accept or SHORT[natural])
        assert content.startswith(BEGINS.get(media, b""))
        if media == "application/json":
            json.loads(content)
        elif media == SHORT["ndjson"]:
            assert all(isinstance(json.loads(line), dict) for line in content.splitlines())
    with pytest.raises(NotAcceptable, match=SHORT[natural].replace("+", r"\+")):
        respond(names["value"](), "application/x-none")


# What the files hold


def content(value, accept):
    kind, _, _, payload = respond(value, accept)
    return b"".join(payload) if kind == ITER else payload


def test_npy_and_safetensors_are_exact_in_every_order_and_size():
    np = pytest.importorskip("numpy")
    for shape in [(3,), (2, 3), (700, 900), (0, 2), (2, 3, 4)]:
        for dtype in ("f4", ">f8", "i2", "u1", "?", "c8"):
            plain = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
            for array in (plain, np.asfortranarray(plain), plain[::-1]):
                made = content(array, "application/x-npy")
                read = np.load(io.BytesIO(made))
                assert (read == array).all() and read.dtype == array.dtype
                if array.dtype.kind == "c":
                    continue
                made = content(array, "application/x-safetensors")
                length = int.from_bytes(made[:8], "little")
                head = json.loads(made[8 : 8 + length])["arr_0"]
                begin, end = (8 + length + place for place in head["data_offsets"])
                little = np.frombuffer(made[begin:end], array.dtype.newbyteorder("<"))
                assert head["shape"] == list(shape) and len(made) == end
                assert (little.reshape(shape) == array).all()


def test_pixels_are_what_they_were():
    np, Image = pytest.importorskip("numpy"), pytest.importorskip("PIL.Image")
    numbers = np.arange(5 * 6 * 4, dtype="u1").reshape(5, 6, 4)
    for array, expected in [
        (numbers, numbers),
        (numbers[..., :3], numbers[..., :3]),
        (numbers[..., 0], numbers[..., 0]),
        (numbers[..., :1], numbers[..., 0]),
        (np.moveaxis(numbers[..., :3], 2, 0), numbers[..., :3]),
        (numbers[..., :3] / 255, numbers[..., :3]),
        (numbers[..., 0] > 7, (numbers[..., 0] > 7) * 255),
        (numbers[..., 0].astype("u2") * 300, numbers[..., 0].astype("i4") * 300),
    ]:
        read = np.asarray(Image.open(io.BytesIO(content(array, "image/png"))))
        assert (read == expected).all()
    for array in (numbers.astype("i4"), numbers * 1.5, np.zeros(3), np.full((2, 2), np.nan)):
        with pytest.raises(NotAcceptable):
            respond(array, "image/png")


def test_samples_are_what_they_were():
    np = pytest.importorskip("numpy")
    import wave

    for samples, channels, expected in [
        (np.array([0, 1, -2], "i2"), 1, [0, 1, -2]),
        (np.array([0.0, 1.0, -1.0, 7.0]), 1, [0, 32767, -32767, 32767]),
        (np.arange(20, dtype="i2").reshape(10, 2), 2, list(range(20))),
        (np.arange(20, dtype="i2").reshape(10, 2).T, 2, list(range(20))),
    ]:
        for value in ((samples, 8000), (8000, samples)):
            with wave.open(io.BytesIO(content(value, "audio/wav"))) as file:
                assert (file.getframerate(), file.getnchannels()) == (8000, channels)
                assert np.frombuffer(file.readframes(99), "<i2").tolist() == expected
    with pytest.raises(NotAcceptable):  # a size, and no rate
        respond((np.zeros(3), 7), "audio/wav")


def test_a_long_table_says_how_many_rows_html_leaves_out():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for frame in (
        pandas.DataFrame({"a": range(12_345)}),
        polars.DataFrame({"a": range(12_345)}),
    ):
        page = content(frame, "text/html").decode()
        assert "11,345 of 12,345 rows are left out" in page
        assert page.count("<tr") < 1100
        lines = content_text(frame, "application/x-ndjson").splitlines()
        assert len(lines) == 12_345 and json.loads(lines[-1]) == {"a": 12_344}


def content_text(value, accept):
    kind, _, _, payload = respond(value, accept)
    assert kind == ITER
    pieces = [piece.encode() if isinstance(piece, str) else piece for piece in payload]
    return b"".join(pieces).decode()


def test_html_and_markdown_escape_what_a_cell_holds():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"<b>": ["<script>", "a|b\nc"]})
    page = content(frame, "text/html").decode()
    assert "<script>" not in page and "<b>" not in page
    assert content(frame, "text/markdown").decode().splitlines()[-1] == "| a\\|b<br>c |"


def test_frames_come_back_from_their_files():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None], "b": ["x", "y"]})
    assert polars.read_parquet(io.BytesIO(content(frame, SHORT["parquet"]))).equals(frame)
    assert polars.read_ipc_stream(io.BytesIO(content(frame, SHORT["arrow"]))).equals(frame)


def test_what_is_inside_has_the_same_json():
    sympy = pytest.importorskip("sympy")
    value = [sympy.Integer(3), sympy.Float("0.5"), sympy.Rational(1, 3), sympy.pi, sympy.true]
    assert json.loads(content(value, "")) == [3, 0.5, "1/3", "pi", True]
