"""The client writes what `clients/vectors` holds, and reads it back."""

import ast
import base64
import json
import math

import pytest

from owt.client import Client
from owt.client._literals import literal
from owt.client._parsed import parsed
from owt.client._values import integer
from serving import ROOT

VECTORS = ROOT / "clients/vectors"


def rows(name):
    found = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    assert found
    return [pytest.param(row, id=row["name"]) for row in found]


def untagged(value):
    if not isinstance(value, dict):
        return value
    [(tag, content)] = value.items()
    match tag:
        case "int":
            return integer(content)
        case "float":
            return float(content)
        case "bytes":
            return base64.b64decode(content)
        case "list":
            return [untagged(item) for item in content]
        case "dict":
            return {key: untagged(item) for key, item in content}
    raise AssertionError(tag)


@pytest.mark.parametrize("row", rows("literals.json"))
def test_literals(row):
    value = untagged(row["value"])
    assert literal(value) == row["literal"]
    again = eval(row["literal"], {"float": float})
    assert repr(again) == repr(value)  # which tells 1 from 1.0, and finds nan the same


@pytest.mark.parametrize("row", rows("calls.json"))
def test_calls(row):
    client = Client(row["base"])
    options = dict(row["options"])
    values = ()
    if "kwargs_text" in row:
        options["kwargs"] = row["kwargs_text"]
    elif "kwargs" in row:
        value = untagged(row["kwargs"])
        if isinstance(value, dict):
            options["kwargs"] = value
        else:
            values = (value,)
    call = client.prepare(row["code"], *values, **options)
    assert call.kwargs == row.get("expression")
    assert call.json() == row["json"]
    assert client.url(row["code"], *values, **options) == row["url"]


def test_too_deep():
    deepest: object = 1
    for _ in range(190):
        deepest = [deepest]
    assert ast.literal_eval(literal(deepest)) == deepest
    with pytest.raises(TypeError, match="nested too deep"):
        literal([deepest])
    with pytest.raises(TypeError, match=r"the argument x.* nested too deep"):
        Client("http://h").url("c", x=deepest)


@pytest.mark.parametrize(
    "value",
    [None, True, -1, 10**40, 0.1, -0.0, math.inf, "a'\"\n\ud800", b"\0'\"", [1, (2,), ()], {1: {2}},
     set()],
)  # fmt: skip
def test_results_are_read_as_python_writes_them(value):
    again = parsed(repr(value))
    assert again == value and type(again) is type(value)


def test_results_are_data_and_nothing_else():
    assert math.isnan(parsed("nan"))
    for text in ["f()", "a", "{**{}}", "[*[]]", "1 +", "set([1])", "not 1", "x.y", "f'{1}'", ""]:
        with pytest.raises(ValueError, match="plain data"):
            parsed(text)
