import pytest

from owt._arguments import arguments
from owt._errors import Refused

NAN = float("nan")


@pytest.mark.parametrize(
    "text,value",
    [
        ("{'name': 'owt'}", {"name": "owt"}),
        ('{"a": true, "b": null, "c": [1, false]}', {"a": True, "b": None, "c": [1, False]}),
        ("{'a': true}", {"a": True}),
        ("dict(x=1)", {"x": 1}),
        ("solve AGI", "solve AGI"),
        ("list", "list"),
        ("id", "id"),
        ("help\n", "help\n"),
        ('"list"', "list"),
        ("'id'", "id"),
        ("'hello'", "hello"),
        ("'[1, 2]'", [1, 2]),
        ("'\"3\"'", "3"),
        ("\"{'x': 1}\"", {"x": 1}),
        ("true", True),
        ("null", None),
        ("None", None),
        ("Infinity", float("inf")),
        ("-inf", float("-inf")),
        ("1 + 1", 2),
        ("  7\n", 7),
        ("", ""),
        ("1 / 0", "1 / 0"),
        ("undefined.thing", "undefined.thing"),
        ("x\0y", "x\0y"),
        ("(" * 1000, "(" * 1000),
        ("b'ab'", b"ab"),
        ("{'x': [y for y in range(3)]}", {"x": [0, 1, 2]}),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('{"u": "a\\/b"}', {"u": "a/b"}),
        ('"C:\\\\dir"', "C:\\dir"),
    ],
)
def test_values(text, value):
    assert arguments(text)() == value
    assert arguments(text)() == value


def test_nan():
    assert arguments("nan")() != arguments("NaN")()


@pytest.mark.parametrize("text", ["[1, [2]]", "{'a': [1]}", '{"a": 1}', '{"a": {"b": 1}}', '"[1]"'])
def test_each_call_gives_a_fresh_value(text):
    make = arguments(text)
    first, second = make(), make()
    assert first == second and first is not second
    for inner in first if isinstance(first, list) else first.values():
        if isinstance(inner, list):
            inner.append("changed")
    assert make() == second


def test_nothing_leaks_from_one_call_to_the_next():
    assert arguments("(leak := 5)")() == 5
    assert arguments("[kept := n for n in range(3)]")() == [0, 1, 2]
    assert arguments("(n := 2, [n for _ in 'ab'])")() == (2, [2, 2])
    assert arguments("leak + 1")() == "leak + 1"
    assert arguments("kept + 1")() == "kept + 1"
    assert arguments("__builtins__ and 0")() == 0


def test_keys_must_be_text():
    for text in ("{1: 2}", "'{1: 2}'"):
        make = arguments(text)
        with pytest.raises(Refused) as refused:
            make()
        assert (refused.value.slug, refused.value.field) == ("malformed-call", "kwargs_b64")


def test_what_is_no_exception_comes_through():
    with pytest.raises(SystemExit):
        arguments("exit(3)")()


def test_deep_json():
    text = "[" * 100_000 + "]" * 100_000
    assert arguments(text)() == text
