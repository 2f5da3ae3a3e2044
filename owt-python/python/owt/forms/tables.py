"""Tables of pandas, polars, Arrow and what speaks their protocols."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .. import _json, _numpy
from .._pandas import levels
from .._rows import records
from .._unknown import Unknown
from . import arrays, displays, rows
from .available import available, library
from .registry import JSON, Form, Instead

PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"

Arrow = Callable[[], Any]


# pandas


def pandas_forms(value: Any) -> Sequence[Form]:
    """The forms of a frame, a series or an index; the index of a frame is as in JSON."""
    frame = value if hasattr(value, "columns") else None
    if frame is None:
        # An index has none of its own.
        frame = value.to_frame() if hasattr(value, "index") else value.to_frame(index=False)

    def csv(_: Any) -> str:
        labels = levels(frame.index)
        text: str = frame.to_csv(index=bool(labels), index_label=labels or None)
        return text

    def html(_: Any) -> str:
        shown: str = frame.to_html(max_rows=rows.SHOWN, border=0)
        return shown + rows.left_out(len(frame))

    # First what programs want, who seldom say so; a browser asks for HTML.
    given = [
        rows.json_form(),
        Form("text/html", html),
        Form("text/csv", csv),
        *rows.forms(lambda: _of_pandas(frame)),
    ]
    return given + (arrow_files(lambda: _from_pandas(frame)) if available("pyarrow") else [])


def _of_pandas(frame: Any) -> rows.Batches:
    counted = not levels(frame.index)

    def batch(start: int, size: int) -> Any:
        some = frame.iloc[start : start + size]
        return some.reset_index(drop=True) if counted else some

    def batches() -> Iterator[Any]:
        for start in range(0, len(frame), rows.BATCH):
            yield batch(start, rows.BATCH)

    first: list[rows.Record] = _json.plain_or_refused(batch(0, 1))
    names = list(first[0]) if first else map(str, [*levels(frame.index), *frame.columns])
    return rows.Batches(list(names), batches)


def _from_pandas(frame: Any) -> Any:
    pyarrow, kept = library("pyarrow"), bool(levels(frame.index))
    try:
        return pyarrow.Table.from_pandas(frame, preserve_index=kept)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        # Objects that Arrow has no type for, such as sets: as they are in JSON.
        plain = frame.apply(_plain_objects)
        return pyarrow.Table.from_pandas(plain, preserve_index=kept)


def _plain_objects(column: Any) -> Any:
    if column.dtype != object:
        return column
    made = sys.modules["pandas"].Series(index=column.index, dtype=object)
    made[:] = _json.plain_or_refused(column.tolist())
    return made


# polars


def polars_forms(value: Any) -> Sequence[Form]:
    """The forms of a frame, a lazy one or a series."""
    made: list[Any] = []

    def frame() -> Any:
        if not made:
            found = value.collect() if hasattr(value, "collect") else value
            made.append(found if hasattr(found, "write_csv") else found.to_frame())
        return made[0]

    def csv(_: Any) -> object:
        if any(dtype.is_nested() for dtype in frame().dtypes):  # which polars does not write
            return rows.as_csv(rows.Batches(frame().columns, batches))
        return frame().write_csv()

    def parquet(_: Any) -> bytes:
        return _written(frame().write_parquet)

    def arrow(_: Any) -> bytes:
        return _written(frame().write_ipc_stream)

    def batches() -> Iterator[Any]:
        batches: Iterator[Any] = frame().iter_slices(rows.BATCH)
        return batches

    return [
        Form(JSON, lambda _: _json.encoded(value if not hasattr(value, "collect") else frame())),
        Form("text/html", lambda _: rows.as_html(rows.Batches(frame().columns, batches))),
        Form("text/csv", csv),
        *rows.forms(lambda: rows.Batches(frame().columns, batches)),
        Form(PARQUET, parquet),
        Form(ARROW, arrow),
    ]


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


# Arrow


def arrow_forms(value: Any) -> Sequence[Form]:
    """The forms of a table or a batch of pyarrow."""
    return arrow_table(lambda: _table(value))


def column_forms(value: Any) -> Sequence[Form]:
    """The forms of an array of pyarrow: its values as JSON, else a table of one column."""
    return [rows.json_form(), *arrow_forms(value)]


def arrow_table(table: Arrow) -> list[Form]:
    """The forms of what can be made a table of pyarrow, which is done when one is asked for."""

    def found() -> rows.Batches:
        made = table()
        return rows.Batches(made.schema.names, lambda: map(_batch, made.to_batches(rows.BATCH)))

    return [
        Form(JSON, lambda _: _json.encoded(table())),
        *rows.forms(found),
        *arrow_files(table),
    ]


def reader_forms(reader: Any) -> Sequence[Form]:
    """The forms of a reader of batches: each is sent as it is read."""

    def found() -> rows.Batches:
        return rows.Batches(reader.schema.names, lambda: map(_batch, reader))

    return [
        Form(JSON, lambda _: rows.as_array(found())),
        *rows.forms(found),
        Form(ARROW, lambda _: arrow_pieces(reader.schema, reader)),
        *(one for one in arrow_files(reader.read_all) if one.media == PARQUET),
    ]


def arrow_files(table: Arrow) -> list[Form]:
    """Parquet and the stream of Arrow, of what gives a table of pyarrow."""

    def parquet(_: Any) -> bytes:
        write = library("pyarrow.parquet").write_table
        return _written(lambda buffer: write(table(), buffer))

    def arrow(_: Any) -> Iterator[bytes]:
        made = table()
        return arrow_pieces(made.schema, made.to_batches())

    return [Form(PARQUET, parquet), Form(ARROW, arrow)]


def arrow_pieces(schema: Any, batches: Iterable[Any]) -> Iterator[bytes]:
    """Give the stream of Arrow, a piece for each batch."""
    buffer = io.BytesIO()
    with library("pyarrow.ipc").new_stream(buffer, schema) as writer:
        for batch in batches:
            writer.write(batch)
            yield taken(buffer)
    yield taken(buffer)


def taken(buffer: io.BytesIO) -> bytes:
    """What was written since it was last taken."""
    content = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return content


def _table(value: Any) -> Any:
    pyarrow = sys.modules["pyarrow"]
    if isinstance(value, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([value])
    if isinstance(value, pyarrow.Array | pyarrow.ChunkedArray):
        return pyarrow.table({"value": value})
    return value


def _batch(batch: Any) -> Sequence[rows.Record]:
    try:
        return _columns(batch)
    except Unknown as refused:
        raise _json.unrenderable(refused) from None


def _columns(table: Any) -> Sequence[rows.Record]:
    names = table.schema.names
    columns = [_values(column) for column in table.columns]
    return records([(name,) for name in names], columns, table.num_rows)


def _values(column: Any) -> Sequence[Any]:
    """A column's values: as numpy has them, which are written at once, if they are all numbers."""
    types = sys.modules["pyarrow"].types
    numbers = types.is_integer(column.type) or types.is_floating(column.type)
    if numbers and column.null_count == 0 and "numpy" in sys.modules:
        made: Sequence[Any] = _numpy.array(column)
        return made
    values: list[Any] = column.to_pylist()
    return values


def _plain_arrow(value: Any, _: int) -> Any:
    return _columns(value)


def _plain_list(value: Any, depth: int) -> Any:
    return _json.plain(value.to_pylist(), depth + 1)


def _plain_scalar(value: Any, depth: int) -> Any:
    return _json.plain(value.as_py(), depth + 1)


def _scalar(value: Any) -> Instead:
    return Instead(value.as_py())


# Others


def relation_forms(relation: Any) -> Sequence[Form]:
    """The forms of a relation of DuckDB, which needs nothing beside it for rows."""
    table = rows.Batches(list(relation.columns), lambda: _relation(relation))
    given = [rows.json_form(), *rows.forms(lambda: table)]
    return given + (arrow_files(lambda: _arrow_of(relation)) if available("pyarrow") else [])


def _relation(relation: Any) -> Iterator[Sequence[rows.Record]]:
    paths = [(name,) for name in relation.columns]
    # at once: a part of it would be the first part again, or the next, by DuckDB's version
    fetched = relation.fetchall()
    for start in range(0, len(fetched), rows.BATCH):
        batch = fetched[start : start + rows.BATCH]
        columns = [list(column) for column in zip(*batch, strict=True)]
        yield records(paths, columns, len(batch))


def _arrow_of(value: Any) -> Any:
    """A table of pyarrow, of what has any of the ways to become one."""
    kind = type(value)
    for name in ("to_pyarrow", "to_arrow_table", "toArrow", "to_arrow"):
        if hasattr(kind, name):
            made = getattr(value, name)()
            return made.read_all() if hasattr(made, "read_all") else made
    return library("pyarrow").table(value)


def as_arrow(value: Any) -> Any:
    """Any table as one of pyarrow."""
    if hasattr(value, "iloc"):
        return _from_pandas(value if hasattr(value, "columns") else value.to_frame())
    if type(value).__module__.partition(".")[0] == "pyarrow":
        return _table(value)
    return _arrow_of(value)


def dataset_forms(dataset: Any) -> Sequence[Form]:
    """The forms of a dataset of Hugging Face's."""
    return arrow_table(lambda: _dataset(dataset))


def _dataset(dataset: Any) -> Any:
    return dataset.with_format("arrow")[:]


def by_arrow(value: Any) -> list[Form]:
    """The forms of what only says that it can be read as Arrow."""
    return arrow_table(lambda: _arrow_of(value)) if available("pyarrow") else []


def by_interchange(value: Any) -> Sequence[Form]:
    """The forms of what can be read by `__dataframe__` alone."""
    if available("pyarrow"):
        return arrow_table(lambda: _interchanged(value))
    return []


def _interchanged(value: Any) -> Any:
    return library("pyarrow.interchange").from_dataframe(value)


def by_pandas(value: Any) -> Sequence[Form]:
    """The forms of what can be made a frame of pandas: Spark's, dask's and others' frames."""
    frame = _frame_of(value)
    return [_of(frame, one) for one in pandas_forms(frame)]


def _frame_of(value: Any) -> Any:
    for name in ("to_pandas", "toPandas", "_to_pandas", "compute"):
        if callable(getattr(type(value), name, None)):
            return getattr(value, name)()
    raise TypeError(f"{type(value).__name__} cannot be made a frame of pandas")


def _plain_by_pandas(value: Any, depth: int) -> Any:
    return _json.plain(_frame_of(value), depth)


def _plain_by_arrow(value: Any, _: int) -> Any:
    return _columns(_arrow_of(value))


def _plain_relation(relation: Any, depth: int) -> Any:
    return [row for batch in _relation(relation) for row in batch]


def styled_forms(styler: Any) -> Sequence[Form]:
    """The forms of a styled frame of pandas: its HTML, else those of the frame."""
    frame = [one for one in pandas_forms(styler.data) if one.media != "text/html"]
    return [
        *displays.of(styler, type(styler).__mro__)[:1],
        *[_of(styler.data, one) for one in frame],
    ]


def _of(value: Any, one: Form) -> Form:
    return Form(one.media, lambda _: one.make(value))


FORMS: dict[str, Any] = {
    "pandas.DataFrame": pandas_forms,
    "pandas.Series": pandas_forms,
    "pandas.Index": pandas_forms,
    "pandas.Styler": styled_forms,
    "polars.DataFrame": polars_forms,
    "polars.LazyFrame": polars_forms,
    "polars.Series": polars_forms,
    "pyarrow.Table": arrow_forms,
    "pyarrow.RecordBatch": arrow_forms,
    "pyarrow.Array": column_forms,
    "pyarrow.ChunkedArray": column_forms,
    "pyarrow.RecordBatchReader": reader_forms,
    "pyarrow.Scalar": _scalar,
    "duckdb.DuckDBPyRelation": relation_forms,
    "_duckdb.DuckDBPyRelation": relation_forms,
    "dask.DataFrame": by_pandas,
    "dask.Series": by_pandas,
    "dask.Array": arrays.tensor_forms,
    "pyspark.DataFrame": by_pandas,
    "ibis.Table": by_arrow,
    "datasets.Dataset": dataset_forms,
    "modin.BasePandasDataset": by_pandas,
    "datafusion.DataFrame": by_arrow,
    "daft.DataFrame": by_arrow,
}
PLAIN: dict[str, Any] = {
    "pyarrow.Table": _plain_arrow,
    "pyarrow.RecordBatch": _plain_arrow,
    "pyarrow.Array": _plain_list,
    "pyarrow.ChunkedArray": _plain_list,
    "pyarrow.Scalar": _plain_scalar,
    "dask.DataFrame": _plain_by_pandas,
    "dask.Series": _plain_by_pandas,
    "dask.Array": arrays.plain,
    "pyspark.DataFrame": _plain_by_pandas,
    "ibis.Table": _plain_by_arrow,
    "modin.BasePandasDataset": _plain_by_pandas,
    "datafusion.DataFrame": _plain_by_arrow,
    "daft.DataFrame": _plain_by_arrow,
    "datasets.Dataset": lambda dataset, _: _columns(_dataset(dataset)),
    "duckdb.DuckDBPyRelation": _plain_relation,
    "_duckdb.DuckDBPyRelation": _plain_relation,
}
