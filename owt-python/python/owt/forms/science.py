"""What the sciences have: molecules, sequences, quantities, shapes on the earth, labelled grids."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from .. import _json
from . import displays, rows, tables
from .available import available, library
from .protocols import GEOJSON
from .registry import JSON, Form

SVG = "image/svg+xml"
WKT = "application/wkt"
WKB = "application/wkb"
NETCDF = "application/x-netcdf"
MOL = "chemical/x-mdl-molfile"
SMILES = "chemical/x-daylight-smiles"
FASTA = "text/x-fasta"
GENBANK = "text/x-genbank"


def geometry(value: Any) -> Sequence[Form]:
    """A geometry of shapely."""
    return [
        Form(GEOJSON, lambda _: _json.encoded(value.__geo_interface__)),
        Form(JSON, lambda _: _json.encoded(value.__geo_interface__)),
        Form(SVG, lambda _: value._repr_svg_()),
        Form("text/plain", lambda _: value.wkt),
        Form(WKT, lambda _: value.wkt),
        Form(WKB, lambda _: value.wkb),
    ]


def plain_geometry(value: Any, depth: int) -> Any:
    """A geometry, or what has many, as GeoJSON."""
    return _json.plain(value.__geo_interface__, depth + 1)


def places(frame: Any) -> Sequence[Form]:
    """A frame or a series of GeoPandas: GeoJSON, and a table with its shapes as WKT."""
    geo = [
        Form(GEOJSON, lambda _: _json.encoded(_features(frame))),
        Form(JSON, lambda _: _json.encoded(_features(frame))),
    ]
    flat = frame.to_wkt()
    flat = flat if hasattr(flat, "columns") else flat.to_frame("geometry")
    table = [one for one in tables.pandas_forms(flat) if one.media not in (JSON, tables.PARQUET)]
    if available("pyarrow") and hasattr(frame, "to_parquet"):
        table.append(Form(tables.PARQUET, _parquet))
    return [*geo, *table]


def _features(frame: Any) -> Any:
    # GeoJSON is in degrees (RFC 7946, section 4)
    crs = frame.crs
    return (
        frame.to_crs(4326) if crs is not None and crs.to_epsg() != 4326 else frame
    ).__geo_interface__


def _plain_places(frame: Any, depth: int) -> Any:
    return _json.plain(_features(frame), depth + 1)


def _parquet(frame: Any) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def grid(value: Any) -> Sequence[Form]:
    """An array or a dataset of xarray."""
    given = [
        Form(JSON, _json.encoded),
        *displays.of(value, type(value).__mro__),
        Form("text/csv", lambda _: _named(value).to_dataframe().to_csv()),
    ]
    if available("netCDF4") or available("scipy") or available("h5netcdf"):
        given.append(Form(NETCDF, lambda _: bytes(value.to_netcdf())))
    return given


def _named(value: Any) -> Any:
    return value.rename("value") if getattr(value, "name", "") is None else value


def _plain_grid(value: Any, depth: int) -> Any:
    return _json.plain(value.to_dict(data="array"), depth + 1)


def molecule(value: Any) -> Sequence[Form]:
    """A molecule of RDKit."""
    chem = library("rdkit.Chem")

    def drawn(canvas: str) -> Any:
        draw = library("rdkit.Chem.Draw.rdMolDraw2D")
        surface = getattr(draw, canvas)(450, 300)
        draw.PrepareAndDrawMolecule(surface, value)
        surface.FinishDrawing()
        return surface.GetDrawingText()

    return [
        Form(SVG, lambda _: drawn("MolDraw2DSVG")),
        Form("image/png", lambda _: drawn("MolDraw2DCairo")),
        Form("text/plain", lambda _: chem.MolToSmiles(value)),
        Form(SMILES, lambda _: chem.MolToSmiles(value)),
        Form(MOL, lambda _: chem.MolToMolBlock(value)),
        Form(JSON, _json.encoded),
    ]


def _plain_molecule(value: Any, _: int) -> Any:
    return library("rdkit.Chem").MolToSmiles(value)


def record(value: Any) -> Sequence[Form]:
    """A record of Biopython: FASTA, GenBank where it says what molecule it is, JSON."""
    return [
        Form(FASTA, lambda _: value.format("fasta")),
        Form("text/plain", lambda _: value.format("fasta")),
        Form(GENBANK, lambda _: value.format("genbank")),
        Form(JSON, _json.encoded),
    ]


def sequence(value: Any) -> Sequence[Form]:
    """A sequence of Biopython: its letters."""
    return [Form("text/plain", lambda _: str(value)), Form(JSON, _json.encoded)]


def _plain_record(value: Any, depth: int) -> Any:
    return {
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "seq": str(value.seq),
        "annotations": _json.plain(value.annotations, depth + 1),
    }


def astropy_table(value: Any) -> Sequence[Form]:
    """A table of astropy."""
    names = [str(name) for name in value.colnames]

    def batches() -> Iterator[Sequence[rows.Record]]:
        for start in range(0, len(value), rows.BATCH):
            yield _astropy_rows(value[start : start + rows.BATCH])

    found = rows.Batches(names, batches)
    whole = Form(JSON, lambda _: _json.encoded([row for batch in batches() for row in batch]))
    return [whole, *rows.forms(lambda: found)]


def _astropy_rows(value: Any) -> list[rows.Record]:
    columns = [_json.plain(getattr(column, "value", column)) for column in value.itercols()]
    return [dict(zip(value.colnames, row, strict=True)) for row in zip(*columns, strict=True)]


def quantity(value: Any) -> Sequence[Form]:
    """A number or an array with its unit."""
    return [
        Form(JSON, _json.encoded),
        Form("text/plain", str),
        *displays.of(value, type(value).__mro__),
    ]


def _plain_pint(value: Any, depth: int) -> Any:
    return {"value": _json.plain(value.magnitude, depth + 1), "unit": str(value.units)}


def _plain_astropy(value: Any, depth: int) -> Any:
    return {"value": _json.plain(value.value, depth + 1), "unit": str(value.unit)}


def _plain_quantities(value: Any, depth: int) -> Any:
    return {
        "value": _json.plain(value.magnitude, depth + 1),
        "unit": value.dimensionality.string,
    }


def uncertain(value: Any) -> Sequence[Form]:
    """A number with its uncertainty."""
    return [Form(JSON, _json.encoded), Form("text/plain", str)]


def _plain_uncertain(value: Any, _: int) -> Any:
    return {"value": value.nominal_value, "deviation": value.std_dev}


def distance(value: Any) -> Sequence[Form]:
    """A distance of geopy."""
    return [Form("text/plain", str), Form(JSON, _json.encoded)]


def _plain_location(value: Any, _: int) -> Any:
    names = ("address", "latitude", "longitude", "altitude")
    return {name: getattr(value, name) for name in names}


def dicom(value: Any) -> Sequence[Form]:
    """A dataset of pydicom, as DICOM's own JSON (PS3.18, annex F)."""
    return [Form(JSON, _json.encoded), Form("text/plain", str)]


def _plain_time(value: Any, depth: int) -> Any:
    return _json.plain(value.isot, depth + 1)


def message(value: Any) -> Sequence[Form]:
    """A message of protocol buffers: its JSON, its text, and as it goes over a wire."""
    return [
        Form(JSON, _json.encoded),
        Form("text/plain", str),
        Form("application/x-protobuf", lambda _: value.SerializeToString()),
    ]


def _plain_message(value: Any, depth: int) -> Any:
    return _json.plain(library("google.protobuf.json_format").MessageToDict(value), depth + 1)


FORMS: dict[str, Any] = {
    "shapely.BaseGeometry": geometry,
    "geopandas.GeoDataFrame": places,
    "geopandas.GeoSeries": places,
    "xarray.DataArray": grid,
    "xarray.Dataset": grid,
    "rdkit.Mol": molecule,
    "Bio.SeqRecord": record,
    "Bio.Seq": sequence,
    "astropy.Table": astropy_table,
    "astropy.Quantity": quantity,
    "pint.PlainQuantity": quantity,
    "google.Message": message,
    "skbio.Sequence": sequence,
    "quantities.Quantity": quantity,
    "uncertainties.AffineScalarFunc": uncertain,
    "geopy.Distance": distance,
    "pydicom.Dataset": dicom,
    "pystac.STACObject": lambda value: [
        Form(JSON, _json.encoded),
        *displays.of(value, type(value).__mro__),
    ],
}
PLAIN: dict[str, Any] = {
    "shapely.BaseGeometry": plain_geometry,
    "geopandas.GeoDataFrame": _plain_places,
    "geopandas.GeoSeries": _plain_places,
    "xarray.DataArray": _plain_grid,
    "xarray.Dataset": _plain_grid,
    "rdkit.Mol": _plain_molecule,
    "Bio.SeqRecord": _plain_record,
    "Bio.Seq": lambda value, _: str(value),
    "astropy.Table": lambda value, _: _astropy_rows(value),
    "astropy.Quantity": _plain_astropy,
    "astropy.Time": _plain_time,
    "pint.PlainQuantity": _plain_pint,
    "google.Message": _plain_message,
    "skbio.Sequence": lambda value, _: str(value),
    "quantities.Quantity": _plain_quantities,
    "uncertainties.AffineScalarFunc": _plain_uncertain,
    "geopy.Distance": lambda value, _: {"km": value.km},
    "geopy.Location": _plain_location,
    "pydicom.Dataset": lambda value, depth: _json.plain(value.to_json_dict(), depth + 1),
    "pystac.STACObject": lambda value, depth: _json.plain(value.to_dict(), depth + 1),
    # PROJJSON: what its `to_dict` gives has lost names and more
    "pyproj.CRS": lambda value, depth: _json.plain(value.to_json_dict(), depth + 1),
}
