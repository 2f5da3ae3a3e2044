import inspect
import linecache
import multiprocessing
import os
import pathlib
import subprocess
import sys
import traceback

import pytest
from adapting import adaptor, call, during, raw_call

from owt._errors import Refused, describe


def test_explicit_by_def_class_assignment_import():
    assert call("def run(name): return f'Hello, {name}!'", name="owt") == "Hello, owt!"
    assert call("run = str.upper", "x") == "X"
    assert call("from os.path import basename as run", "/a/b") == "b"
    assert call("class run:\n  def __init__(self, x): self.x = x", x=2).x == 2
    assert call("def other(): return 3", fn_name="other") == 3


def test_implicit():
    assert call("pipe().path().last()", raw=raw_call("/a/b")) == "b"
    assert call("lambda x: x + 1", 4) == 5
    assert (
        call("run = pipe().path().f(lambda names: f'Hi {names[0]}')", raw=raw_call("/x")) == "Hi x"
    )
    assert call('"a comment"\npipe().const(1).done()') == 1


def test_terse(tmp_path):
    (tmp_path / "a.txt").write_text("abc")
    code = f"kwarg('path').open(root_dir={str(tmp_path)!r}).bytes().f(lambda b: b.decode().upper())"
    assert call(code, path="a.txt") == "ABC"
    dotted = f"""
    # over several lines
    kwarg('path')
      .open(root_dir={str(tmp_path)!r})
      .bytes()  # as bytes
      .f(lambda ab: ab.decode('utf-8').upper())
    """
    assert call(dotted, path="a.txt") == "ABC"
    assert call("const([1, 2]).ix(1)") == 2


def test_steps_inside_an_expression_are_pipelines():
    code = "path().last().cast(int).f(lambda x: x > 10).cond(const('yes'), const('no'))"
    assert call(code, raw=raw_call("/15")) == "yes"
    assert call(code, raw=raw_call("/5")) == "no"
    assert call("fork(kwarg('a'), kwarg('b'))", a=1, b=2) == (1, 2)


def test_builtins_inside_an_expression_stay(tmp_path):
    file = tmp_path / "f"
    file.write_text("hello")
    assert call(f"const(1).f(lambda _: open(__import__('os').fspath({str(file)!r})).read())") == (
        "hello"
    )
    assert call("f(lambda xs: list(map(str, filter(None, xs))))", [0, 1]) == ["1"]


def test_a_module_whose_name_is_a_step():
    assert call("json.dumps", [1]) == "[1]"
    assert call("f(lambda x: json.dumps(x))", [1]) == "[1]"
    assert call("f(json.dumps)", [1]) == "[1]"


def test_free_names_are_imported():
    assert call("f(math.sqrt)", 9) == 3
    assert call("xml.dom.minidom.parseString", "<a/>").documentElement.tagName == "a"
    assert call("f(lambda s: xml.etree.ElementTree.fromstring(s).tag)", "<b/>") == "b"
    assert call("lambda xs: [string.capwords(x) for x in xs]", ["a b"]) == ["A B"]


def test_bound_names_are_not_imported():
    assert call("lambda math: math", 5) == 5
    assert call("lambda xs: [calendar for calendar in xs]", [1]) == [1]
    assert "calendar" not in adaptor("lambda xs: [calendar for calendar in xs]")._module.__dict__
    assert call("lambda x: (wave := x) + wave", 2) == 4
    assert "wave" not in adaptor("lambda x: (wave := x) + wave")._module.__dict__


def test_a_name_that_is_nowhere():
    function, _ = adaptor("f(lambda x: nowhere_at_all(x))").function("run")
    with pytest.raises(NameError):
        function(1)
    with pytest.raises(NameError):
        adaptor("f(nowhere_at_all.x)")


@pytest.mark.parametrize("code", ["", "\n\n", "# only this", "  "])
def test_empty(code):
    with pytest.raises(Refused) as refused:
        adaptor(code)
    assert (refused.value.slug, refused.value.field) == ("not-runnable", "code_b64")
    assert "empty" in refused.value.detail


@pytest.mark.parametrize(
    "code,what", [("'text'", "a str"), ("1", "an int"), ("print('x')", "None"), ("math", "module")]
)
def test_an_expression_that_cannot_be_called(code, what):
    with pytest.raises(Refused) as refused:
        adaptor(code)
    assert refused.value.slug == "not-runnable"
    assert what in refused.value.detail


def test_what_is_not_defined():
    loaded = adaptor("def walk(): pass\nx = 1")
    with pytest.raises(Refused) as refused:
        loaded.function("run")
    assert (refused.value.slug, refused.value.field) == ("not-runnable", "fn_name")
    assert "'walk'" in refused.value.detail and "'x'" not in refused.value.detail
    with pytest.raises(Refused, match="cannot be called"):
        loaded.function("x")
    with pytest.raises(Refused):
        loaded.function("main")  # owt's own is not the code's


def test_the_request_parameter():
    assert adaptor("def run(_, name): pass").function("run")[1] == "_"
    assert adaptor("def run(request, name=None): pass").function("run")[1] == "request"
    assert adaptor("def run(name, request): pass").function("run")[1] is None
    assert adaptor("def run(*, request): pass").function("run")[1] is None
    assert adaptor("run = max").function("run")[1] is None
    assert adaptor("pipe().last()").function("run")[1] is None
    assert call("def run(_, name): return _.path + name", name="x", raw=raw_call("/p/")) == "/p/x"


def test_namespace():
    code = """
    def run():
        port = Server.sing().port, _SERVER.port, args.port
        return [pipe, request, port, shell, __name__, __file__]
    """
    found = call(code)
    assert found[-2].startswith("owt.adaptors.h") and os.path.isfile(found[-1])


def test_the_request_is_not_read_while_loading():
    raw = raw_call("/secret")
    with pytest.raises(RuntimeError, match="once for all calls"):
        during(raw, lambda: adaptor("x = request.path\ndef run(): return x"))
    with pytest.raises(RuntimeError, match="inside a call"):
        adaptor("def run(): return request.path").function("run")[0]()
    assert call("def run(): return request.path", raw=raw) == "/secret"


def test_a_body_that_fails_is_forgotten():
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError) as raised:
        adaptor("x = 1\ny = x / 0")
    assert {n for n in set(sys.modules) - before if n.startswith("owt.adaptors.h")} == set()
    slug, field, _detail, kind, message, text, failed, _ = describe(raised.value)
    assert (slug, field, kind, message) == (
        "adaptor-raised",
        None,
        "ZeroDivisionError",
        "division by zero",
    )
    assert "y = x / 0" in text and "owt/_adaptor.py" not in text and failed == 2


def test_source_is_found():
    function, _ = adaptor("def run(x):\n    # here\n    return x\n").function("run")
    assert inspect.getsource(function) == "def run(x):\n    # here\n    return x\n"
    assert function.__code__.co_filename == sys.modules[function.__module__].__file__
    linecache.checkcache()
    assert "# here" in inspect.getsource(function)
    with open(function.__code__.co_filename) as file:
        assert "# here" in file.read()


def test_lines_and_columns_of_wrapped_code():
    code = "const(4)\n  .f(lambda x: x)\n  .f(lambda x:\n     1 / (x - 4))"
    function, _ = adaptor(code).function("run")
    with pytest.raises(ZeroDivisionError) as raised:
        function()
    frame = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert (frame.lineno, frame.colno) == (4, 5)
    text = describe(raised.value)[5]
    assert "     1 / (x - 4))".strip() in text and "~~^~~~~~~~~" in text
    assert "step 3, f(<lambda>), line 3" in text
    assert "summat.py" not in text


@pytest.mark.parametrize(
    "code,line,column,text",
    [
        ("def run(:\n  pass", 1, 9, "def run(:"),
        ("x = 1\nreturn x", 2, 1, "return x"),
        ("kwarg('a')\n  .f(lambda x: x +)\n  .last()", 2, 19, ".f(lambda x: x +)"),
        ("a) + (b", 1, 2, "a) + (b"),
        ("def run():\nreturn 1", 2, 1, "return 1"),
        ("await x", 1, 1, "await x"),
    ],
)
def test_no_python(code, line, column, text):
    with pytest.raises(Refused) as refused:
        adaptor(code)
    slug, field, detail, kind, _, _, found, _ = describe(refused.value)
    assert (slug, field, found) == ("not-runnable", "code_b64", line)
    assert f"(line {line}, column {column})" in detail
    assert text in detail and detail.splitlines()[-1].strip() == "^"
    assert kind in ("SyntaxError", "IndentationError")


def test_no_python_at_all():
    for code in ("x\0y", "(" * 5000 + ")" * 5000, "-" * 100000 + "1"):
        with pytest.raises(Refused):
            adaptor(code)


def test_a_syntax_error_from_elsewhere_is_the_adaptors(tmp_path, monkeypatch):
    (tmp_path / "crooked_module.py").write_text("def (")
    monkeypatch.syspath_prepend(str(tmp_path))
    for code in ("import crooked_module\ndef run(): pass", "eval('1 +')\ndef run(): pass"):
        with pytest.raises(SyntaxError) as raised:
            adaptor(code)
        assert describe(raised.value)[0] == "adaptor-raised"


def test_an_import_error_comes_back_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "needs_other.py").write_text("import not_there_at_all")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        adaptor("f(needs_other.x)")


def test_the_body_runs_once_and_keeps_its_globals():
    loaded = adaptor("n = 0\ndef run():\n    global n\n    n += 1\n    return n")
    assert [loaded.function("run")[0]() for _ in range(3)] == [1, 2, 3]


def test_unload():
    loaded = adaptor("def run(): return 'unload me'")
    name = loaded.function("run")[0].__module__
    file = pathlib.Path(sys.modules[name].__file__ or "")
    assert file.exists()
    loaded.unload()
    assert name not in sys.modules
    assert not file.exists()


def test_uses():
    assert adaptor("from flask import request\ndef run(): pass").uses_flask
    assert not adaptor("def run(): pass").uses_flask
    assert not adaptor("import json\ndef run(): pass").uses_libs


def test_a_form_feed_ends_no_line():
    function, _ = adaptor("x = 1\n\x0c\ndef run():\n    return 1 / 0  # here\n").function("run")
    with pytest.raises(ZeroDivisionError) as raised:
        function()
    assert "line 4, in run\n    return 1 / 0  # here" in describe(raised.value)[5]


def test_an_expression_has_one_value_whatever_the_name():
    loaded = adaptor("lambda: 1")
    assert loaded.function("run") == loaded.function("other")
    assert len(loaded._functions) == 1


def test_byte_order_mark_and_line_ends():
    assert call("\ufeffdef run():\r\n    return 1\r\n") == 1


def test_dataclasses_and_pickle_in_an_adaptor():
    code = """
    import dataclasses, pickle
    @dataclasses.dataclass
    class P:
        x: int
    def run(): return pickle.loads(pickle.dumps(P(3))).x
    """
    assert call(code) == 3


POOL = """
import multiprocessing
BASE = 10
def add(x): return x + BASE + (0 if pipe else 1)
def run(how):
    with multiprocessing.get_context(how).Pool(2) as pool:
        return pool.map(add, [1, 2, 3])
"""


@pytest.mark.parametrize("how", ["spawn", "forkserver"])
def test_a_pool_of_processes(how, tmp_path):
    # in a process of its own, with a main module that can be imported again
    script = tmp_path / "main.py"
    script.write_text(
        "from owt._adaptor import load\n"
        f"CODE = {POOL!r}\n"
        f"if __name__ == '__main__': print(load(CODE, 'abc').function('run')[0]({how!r}))\n"
    )
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": here, "OWT_ADAPTORS": str(tmp_path / "adaptors")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[11, 12, 13]", done.stderr
    assert multiprocessing.get_start_method(allow_none=True) in (
        None,
        "fork",
        "spawn",
        "forkserver",
    )


def test_the_module_is_an_attribute_of_its_package():
    import owt.adaptors

    found = """
        import pydoc, sys
        def g(x): return x + 1
        def by_name():
            return pydoc.locate(__name__ + ".g")
        in_body = by_name() is g  # as in a program, whose body can be found by name too
        def run():
            import owt.adaptors
            name = __name__.rsplit(".", 1)[1]
            return in_body, by_name() is g, getattr(owt.adaptors, name) is sys.modules[__name__]
    """
    assert call(found) == (True, True, True)
    loaded = adaptor("def run(): return __name__")
    name = during(raw_call(), loaded.function("run")[0]).rsplit(".", 1)[1]
    assert hasattr(owt.adaptors, name)
    loaded.unload()
    assert not hasattr(owt.adaptors, name)


def test_a_module_whose_body_fails_is_no_attribute_and_the_one_before_stays_one():
    import owt.adaptors

    before = set(vars(owt.adaptors))
    with pytest.raises(ZeroDivisionError):
        adaptor("1 / 0")
    assert set(vars(owt.adaptors)) == before
    flaky = "import os\nif os.environ.get('FLAKY'): raise ValueError\ndef run(): return __name__"
    first = adaptor(flaky)
    name = first.function("run")[0]().rsplit(".", 1)[1]
    module = getattr(owt.adaptors, name)
    os.environ["FLAKY"] = "1"
    try:
        with pytest.raises(ValueError):
            adaptor(flaky)
    finally:
        del os.environ["FLAKY"]
    assert getattr(owt.adaptors, name) is module is sys.modules[module.__name__]
