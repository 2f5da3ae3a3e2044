import asyncio
import io
import json
import pathlib
import re
import sys

import pytest
from adapting import call, during, raw_call

from owt import pipe, summat
from owt._errors import Refused
from owt.responses import respond
from owt.summat import STEPS, Pipeline, const, kwarg, path, shell

SPECIFIED = (
    "f exec const identity cast clear input kwarg kwargs path query json get ix last map foldl "
    "foldl1 cond fork open bytes shell importing installing done"
)


def test_every_step_of_the_specification_is_there():
    assert set(SPECIFIED.split(" ")) <= STEPS
    for step in STEPS:
        assert callable(getattr(summat, step)) and getattr(Pipeline, step).__doc__
    with pytest.raises(AttributeError):
        _ = summat.no_such_step


def test_steps_are_functions_of_the_module():
    assert kwarg("a")(a=1) == 1
    assert const(2)() == 2
    assert summat.f(len)("abc") == 3
    assert summat.map(str)([1]) == ["1"]


def test_pipelines_are_immutable():
    begun = pipe().const(1)
    assert begun.f(str)() == "1" and begun() == 1
    assert repr(begun.cond(pipe().f(len), const("x"))) == (
        "pipe().const(1).cond(pipe().f(len), pipe().const('x'))"
    )


def test_calling():
    assert pipe()("x") == "x"
    assert pipe()(a=1) == {"a": 1}
    assert pipe()() is None
    assert pipe()(__last__=[1]) == [1]
    assert pipe().f(lambda self: self)(self=4) == 4
    with pytest.raises(TypeError):
        pipe()(1, 2)


def test_f():
    assert pipe().f(lambda x: x + 1)(1) == 2
    assert pipe().f(lambda a, b: a + b)(a=1, b=2) == 3
    assert pipe().kwargs(a=1).f(lambda a, __last__: (a, __last__))(5) == (1, 5)
    assert pipe().kwargs(a=1).f(lambda **all: all)(5) == {"a": 1, "__last__": 5}
    assert pipe().kwargs(a=1).f(lambda a: a)(5) == 1
    assert pipe().f(lambda a: a).f(lambda x: x * 2)(a=3) == 6  # only the result is carried on
    assert pipe().f(lambda: 7)() == 7
    assert pipe().f(lambda x: x)() is None
    assert pipe().f(lambda x=3: x)() == 3
    with pytest.raises(TypeError, match="missing 2"):
        pipe().f(lambda a, b: 1)()
    assert pipe().f(pipe().f(len).f(str))("abc") == "3"
    assert pipe().f(pipe().kwarg("a"))(a=1) == 1
    assert pipe().f(max)([1, 3]) == 3
    assert pipe().f(lambda _: None).f(lambda x: x)(1) is None


def test_exec_and_tap_carry_everything_on():
    seen = []
    p = pipe().exec(lambda a, b: seen.append((a, b))).f(lambda a, b: a - b)
    assert p(a=3, b=1) == 2 and seen == [(3, 1)]
    assert pipe().tap(seen.append)("x") == "x" and seen[-1] == "x"
    assert pipe().tap(seen.append)(a=1) == {"a": 1} and seen[-1] == {"a": 1}


def test_plain_ones():
    assert pipe().const("c")("x") == "c"
    assert pipe().identity()("x") == "x"
    assert pipe().identity()(a=1) == {"a": 1}
    assert pipe().cast(int)("12") == 12
    assert pipe().clear()("x") is None
    assert pipe().clear().f(lambda _: "nothing")(x=1, y=2) == "nothing"
    assert pipe().const(0).input()("x") == "x"
    assert pipe().clear().input().f(lambda a: a)(a=1) == 1
    assert pipe().const(1).f(pipe().input().kwarg("a"))(a=5) == 5
    with pytest.raises(ValueError, match="needs a value"):
        pipe().cast(int)()


def test_named():
    assert pipe().kwarg("a", default=3)() == 3
    assert pipe().kwargs(a=1, b=2).f(lambda a, b: (a, b))(a=0) == (0, 2)
    assert pipe().kwarg("a").f(lambda x: x)(a=1, b=2) == 1
    with pytest.raises(Refused) as refused:
        pipe().kwarg("a")()
    assert (refused.value.slug, refused.value.field) == ("malformed-call", "kwargs_b64")
    with pytest.raises(LookupError, match="input"):
        pipe().const(1).kwarg("a")(a=1)


def test_lists():
    assert pipe().get("k")({"k": 1}) == 1
    assert pipe().get("k")(k=1) == 1
    assert pipe().get("k", default=2)({}) == 2
    assert pipe().get("real")(3) == 3
    assert pipe().ix(1)("abc") == "b"
    assert pipe().ix(-2)("abc") == "b"
    assert pipe().ix(1)(iter("abc")) == "b"
    assert pipe().last()([1, 2]) == 2
    assert pipe().last()(iter([1, 2])) == 2
    assert pipe().last()({"a": 1, "b": 2}) == "b"
    for empty in ([], iter([])):
        with pytest.raises(IndexError):
            pipe().last()(empty)
    assert pipe().map(lambda x: x * 2)([1, 2]) == [2, 4]
    assert pipe().map(pipe().f(str))([1]) == ["1"]
    assert pipe().filter(lambda x: x > 1)([1, 2, 3]) == [2, 3]
    assert pipe().filter()([0, 1]) == [1]
    assert pipe().foldl(lambda acc, x: acc + x, 10)([1, 2]) == 13
    assert pipe().foldl1(lambda x, y: x + y)(["a", "b"]) == "ab"
    assert pipe().foldl1(lambda x, y: x + y)([7]) == 7
    with pytest.raises(ValueError, match="foldl1"):
        pipe().foldl1(lambda x, y: x)([])


def test_cond_and_fork():
    p = pipe().cond(const("yes"), lambda x: f"no {x}")
    assert p(1) == "yes" and p(0) == "no 0"
    assert pipe().f(lambda x: x > 1).cond(pipe().input(), const("small"))(5) == 5
    assert pipe().fork(pipe().f(len), const("right"))("test") == (4, "right")
    assert pipe().fork(kwarg("a"), kwarg("b"))(a=1, b=2) == (1, 2)
    assert pipe().fork(max, min)([1, 2]) == (2, 1)


def test_the_request_is_read_when_it_runs():
    raw = raw_call("/a//b%c/", query="x=1&x=2&y=", body=b'{"k": [1]}', args={"n": 1})
    assert during(raw, path()) == ["a", "b%c"]
    assert during(raw_call("/"), path()) == []
    assert during(raw, summat.query()) == {"x": "1", "y": ""}
    assert during(raw, summat.json().get("k")) == [1]
    assert during(raw, summat.input().f(lambda n: n)) == 1
    with pytest.raises(RuntimeError, match="no request"):
        path()()


def test_open(tmp_path):
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "f").write_bytes(b"\x00\xff")
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "root2" / "secret")
    (root / "dir").symlink_to(tmp_path / "root2")
    (root / "inner").symlink_to(root / "sub" / "f")
    p = pipe().open(root_dir=str(root)).bytes()
    assert p("sub/f") == p("sub/../sub/f") == p(["sub", "f"]) == p("inner") == b"\x00\xff"
    assert p(str(root / "sub" / "f")) == b"\x00\xff"
    outside = [
        "../root2/secret",
        str(tmp_path / "root2" / "secret"),
        "link",
        "dir/secret",
        "..",
        "/etc/passwd",
        ["..", "root2", "secret"],
    ]
    for name in outside:
        with pytest.raises(PermissionError, match="outside"):
            p(name)
    with pytest.raises(FileNotFoundError):
        p("nothing")
    with pytest.raises(TypeError):
        p(3)
    assert pipe().open().bytes()(str(root / "link")) == b"secret"
    opened = pipe().open()(str(root / "link"))
    assert opened.readable() and opened.mode == "rb"
    opened.close()


def test_open_with_a_relative_root(tmp_path, monkeypatch):
    (tmp_path / "f").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert pipe().open(root_dir=".").bytes()("f") == b"x"
    assert pipe().open(root_dir="/").bytes()(str(tmp_path / "f")) == b"x"


def test_bytes_text_stream():
    file = io.BytesIO()
    file.write(b"written")
    assert pipe().bytes()(file) == b"written"
    text = io.StringIO("ä")
    assert pipe().bytes()(text) == "ä".encode() and text.closed
    assert pipe().bytes()("ä") == "ä".encode()
    assert pipe().bytes()(bytearray(b"x")) == b"x"
    assert pipe().text()("ä".encode()) == "ä"
    with pytest.raises(TypeError):
        pipe().bytes()(3)
    assert list(pipe().stream()([1, 2])) == [1, 2]
    assert list(pipe().stream()("ab")) == ["ab"]
    assert [len(c) for c in pipe().stream()(io.BytesIO(b"x" * 70_000))] == [65536, 4464]


def test_json_out():
    made = pipe().json_out()({"a": 1})
    kind, status, headers, payload = respond(made, "")
    assert (kind, status) == (0, 200) and json.loads(payload) == {"a": 1}
    assert any("json" in value for _, value in headers)


def test_shell():
    assert pipe().shell()("echo hi") == "hi\n"
    assert pipe().shell("echo there")() == "there\n"
    assert shell("echo plain | tr a-z A-Z") == "PLAIN\n"
    assert pipe().shell()(["echo", "two words;"]) == "two words;\n"
    with pytest.raises(RuntimeError, match="status 3: oops"):
        shell("echo oops >&2; exit 3")
    with pytest.raises(RuntimeError, match="signal 9"):
        shell("kill -9 $$")
    assert call("shell()", "echo $((1+1))") == "2\n"
    assert call("def run(): return shell('echo x')") == "x\n"


def test_importing():
    p = pipe().importing("colorsys", "email.mime.text").f(lambda _: colorsys.__name__)  # noqa: F821
    try:
        assert p(1) == "colorsys"
        assert globals()["email"].mime.text
    finally:
        globals().pop("colorsys", None)
        globals().pop("email", None)
    with pytest.raises(ModuleNotFoundError):
        pipe().importing("not_there_at_all")(1)
    code = "run = pipe().importing('json').path().f(lambda p: json.dumps(p)).f(json_loads).last()"
    assert call("json_loads = lambda t: json.loads(t)\n" + code, raw=raw_call("/a/b")) == "b"
    code = "importing('wave').f(lambda _: wave.__name__)"
    assert call(code) == "wave"
    from owt.summat import importing

    assert importing("this_is_not")._steps[0].name == "importing"


def test_installing(monkeypatch):
    runs = []

    class Done:
        returncode = 0
        stderr = b""

    def run(command, **_):
        runs.append(command)
        return Done

    monkeypatch.setattr("subprocess.run", run)
    p = pipe().installing("pytest", "no-such-package-here", "x[y]>=1")
    assert p(3) == 3 and p(4) == 4
    assert len(runs) == 1
    assert runs[0][0] == sys.executable and runs[0][-2:] == ["no-such-package-here", "x[y]>=1"]
    Done.returncode, Done.stderr = 1, b"no matching distribution"
    with pytest.raises(RuntimeError, match="no matching distribution"):
        pipe().installing("other-missing-package")()


def test_done_is_a_plain_function():
    done = pipe().const(1).f(lambda x: x + 1).done()
    assert type(done).__name__ == "function"
    assert done() == done(None) == 2
    assert pipe().done()(a=1) == {"a": 1}


async def _later(value):
    await asyncio.sleep(0)
    return value


def test_async_steps():
    async def double(x):
        return await _later(x * 2)

    seen = []

    async def note(x):
        seen.append(await _later(x))

    assert asyncio.run(pipe().f(double).f(double).f(str)(1)) == "4"
    assert asyncio.run(pipe().exec(note).f(lambda x: x + 1)(1)) == 2 and seen == [1]
    assert asyncio.run(pipe().map(double).last()([1, 2])) == 4
    assert asyncio.run(pipe().map(pipe().f(double))([1, 2])) == [2, 4]
    assert asyncio.run(pipe().fork(double, lambda x: x)(3)) == (6, 3)
    assert asyncio.run(pipe().cond(pipe().f(double), const(0)).f(str)(3)) == "6"
    assert asyncio.run(pipe().f(pipe().f(double).f(double)).f(str)(1)) == "4"
    assert asyncio.run(pipe().tap(note).cast(str)(1)) == "1"

    async def fails(x):
        raise KeyError(x)

    with pytest.raises(KeyError) as raised:
        asyncio.run(pipe().f(fails).f(str)(1))
    assert "step 1, f(" in raised.value.__notes__[0]


def test_a_failing_step_is_named():
    with pytest.raises(ZeroDivisionError) as raised:
        pipe().const(0).f(lambda x: 1 / x)()
    assert raised.value.__notes__[0].startswith("in the pipeline's step 2, f(test_a_failing")
    with pytest.raises(KeyError) as raised:
        const({}).get("k")()
    line = sys._getframe().f_lineno - 1
    assert raised.value.__notes__ == [f"in the pipeline's step 2, get('k'), line {line}"]
    with pytest.raises(KeyError) as raised:
        summat.get("k")({})
    line = sys._getframe().f_lineno - 1
    assert raised.value.__notes__ == [f"in the pipeline's step 1, get('k'), line {line}"]


def test_every_step_is_documented():
    page = pathlib.Path(__file__).parents[3] / "docs" / "pipelines.md"
    documented = set(re.findall(r"`(\w+)\(", page.read_text()))
    assert documented >= STEPS
