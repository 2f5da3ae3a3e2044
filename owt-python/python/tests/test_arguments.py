import json
from random import Random

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
    with pytest.raises(Refused):
        arguments(text)()


@pytest.mark.parametrize(
    "text,says",
    [
        ("{'a': ", "'{' was never closed (line 1, column 1)"),
        ('{"a": 1,, "b": 2}', "(line 1, column 9)"),
        ("\n  [1 2]", "(line 2, column 4)"),
        ("[\n1 2]", "(line 2, column 1)"),
        ("{'é': 1 'ü' 2}", "column 7)"),
        ("(" * 1000, "too many nested parentheses"),
        ("[\0]", "null"),
        ("{name: 1}", "NameError: name 'name' is not defined (line 1, column 2); quote it"),
        ("  {'é': name}", "NameError: name 'name' is not defined (line 1, column 9); quote it"),
        ("[1,\n 1 / 0]", "ZeroDivisionError: division by zero (line 2, column 2)"),
        ("[int('x')]", "ValueError: invalid literal"),
    ],
)
def test_what_begins_with_a_bracket_is_a_value_or_a_mistake(text, says):
    make = arguments(text)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            make()
        assert (refused.value.slug, refused.value.field) == ("malformed-call", "kwargs_b64")
        assert says in refused.value.detail


def test_a_quoted_text_is_text_whatever_it_begins_with():
    for text in ("{oops", "[1, 2", "(see below)"):
        for quoted in (repr(text), json.dumps(text)):
            assert arguments(quoted)() == text


def made_up(random, depth=0):
    """A value that JSON has."""
    kind = random.randrange(8 if depth < 4 else 6)
    letters = "ab '\"\\{}[]():,\n\t\r\0\u00e9\u2028\U0001f980#"
    text = "".join(random.choices(letters, k=random.randrange(8)))
    if kind < 6:
        return [
            None,
            True,
            random.randrange(-(10**20), 10**20),
            random.uniform(-1e9, 1e9),
            text,
            "",
        ][kind]
    if kind == 6:
        return [made_up(random, depth + 1) for _ in range(random.randrange(4))]
    return {f"{text}{n}": made_up(random, depth + 1) for n in range(random.randrange(4))}


def test_json_and_pythons_own_writing_mean_the_same():
    """The two ways in which the clients write arguments, cut anywhere, are values or mistakes."""
    random = Random(20)
    for _ in range(3000):
        value = [made_up(random)]
        for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value)):
            assert arguments(text)() == value, text
            cut = text[: random.randrange(1, len(text))]
            with pytest.raises(Refused):
                arguments(cut)()
        # As the server writes a text of `kwargs`, and as the clients do.
        text = value[0] if isinstance(value[0], str) else text
        assert arguments(json.dumps(json.dumps(text)))() == text
        assert arguments(repr(repr(text)))() == text


def test_an_int_of_any_size_is_read():
    long, text = 10**5000 + 7, "1" + "0" * 4999 + "7"
    assert arguments(text)() == long
    assert arguments(
        f'{{"n": {text}, "t": "\\/\\ud83d\\ude00 {text}", "m": [-{text}, 1.5]}}'
    )() == {
        "n": long,
        "t": f"/\U0001f600 {text}",
        "m": [-long, 1.5],
    }
    underscored = text[0] + "_" + text[1:]
    expression = (
        f"{{'n': {underscored} + 1,\n 'é': ('{text}', -{text}, {text}.0e1 > 1, b'{text}')}}"
    )
    found = arguments(expression)()
    assert found["n"] == long + 1
    assert found["é"] == (text, -long, True, text.encode())
    with pytest.raises(Refused, match="no Python"):
        arguments(f"[{text}")()


def test_names_stand_for_what_is_held():
    make = arguments("{'a':  _owt_0 , 'b': [ _owt_1 , 1]}", (b"first", b"second"))
    assert make() == {"a": b"first", "b": [b"second", 1]} == make()
    assert arguments("{'a':  _owt_0  _owt_1 }", (b"first", b"second")) is None
    with pytest.raises(Refused, match="nowhere"):
        arguments("{'a':  _owt_0 , 'b': nowhere}", (b"first",))()
