import asyncio
import functools
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from adapting import adaptor

from owt._errors import LIMIT, Cancelled, Refused, Unrenderable, check_call, describe


def raised(work, *args, **named):
    try:
        work(*args, **named)
    except BaseException as exc:
        return exc
    raise AssertionError("nothing was raised")


def failing(source, *args, **named):
    return describe(raised(adaptor(source).function("run")[0], *args, **named))


def test_an_ordinary_exception():
    slug, field, detail, kind, message, text, line, _ = failing(
        "class Oops(Exception): pass\ndef run(x):\n    raise Oops(f'bad {x}')  # here", 1
    )
    assert (slug, field, kind, message) == ("adaptor-raised", None, "Oops", "bad 1")
    assert detail == "the adaptor raised Oops: bad 1"
    assert "# here" in text and "line 3, in run" in text and line == 3
    assert text.endswith("\nOops: bad 1\n")
    assert describe(raised(__import__("json").loads, "{"))[3] == "json.decoder.JSONDecodeError"


def test_frames_of_owt_are_left_out():
    text = failing("pipe().f(lambda x:\n  x.nothing)", 1)[5]
    assert "x.nothing" in text and "summat.py" not in text and "_flow.py" not in text
    assert "in the pipeline's step 1" in text


def test_causes_and_groups():
    text = failing(
        """
def run():
    try:
        pipe().get('k')({})
    except KeyError as e:
        raise ExceptionGroup('several', [ValueError('one'), TypeError('two')]) from e
"""
    )[5]
    for part in ("KeyError", "direct cause", "ValueError: one", "TypeError: two"):
        assert part in text
    assert "_steps.py" not in text.replace('_steps.py", line', "", 0) or "item" not in text


def test_the_line_is_the_innermost_of_the_code_itself():
    source = "import json\ndef run():\n    return deeper()\ndef deeper():\n    json.loads('{')"
    assert failing(source)[6] == 5
    assert describe(raised(__import__("json").loads, "{"))[6] is None


def test_exceptions_that_misbehave():
    class Bad(Exception):
        def __str__(self):
            raise ValueError("no")

    slug, _, detail, kind, message, text, line, _ = describe(Bad())
    assert slug == "adaptor-raised" and "Bad" in kind and "failed" in message
    assert "Bad" in text and detail and line is None

    class Worse(Exception):
        def __str__(self):
            return 3

    assert describe(Worse())[0] == "adaptor-raised"
    looped = ValueError("a")
    looped.__cause__ = looped
    assert describe(looped)[4] == "a"
    assert describe(ValueError("\ud800"))[4] == "?"


def test_exits_and_cancels():
    assert describe(raised(sys.exit, 3))[2] == "the adaptor called sys.exit(3)"
    assert describe(raised(sys.exit))[2] == "the adaptor called sys.exit()"
    assert describe(raised(sys.exit, "bye"))[2] == "the adaptor called sys.exit('bye')"
    assert describe(Cancelled())[0] == "adaptor-raised" and "cancelled" in describe(Cancelled())[2]
    assert describe(KeyboardInterrupt())[3] == "KeyboardInterrupt"


def test_what_owt_refuses():
    assert describe(Refused("malformed-call", "kwargs_b64", "why"))[:3] == (
        "malformed-call",
        "kwargs_b64",
        "why",
    )
    assert describe(Refused("malformed-call", "kwargs_b64", "why"))[3] == "owt.Refused"
    assert describe(Unrenderable("no form"))[:3] == ("unrenderable", None, "no form")


def test_the_length_is_bounded():
    def deep(n):
        if n:
            deep(n - 1)
        raise ValueError("ä" * LIMIT)

    for part in describe(raised(deep, 50))[2:6]:
        assert len(part.encode()) <= LIMIT
    parts = describe(raised(lambda: (lambda f: f(f))(lambda f: f(f))))
    assert parts[3] == "RecursionError"


def run(request, name, times=1, /, *, flag=False):
    return name.nothing


def call_error(function, *args, **named):
    exc = raised(function, *args, **named)
    # the server calls from Rust: there is no frame of a caller
    exc.__traceback__ = exc.__traceback__.tb_next
    return check_call(function, args, named, exc)


def test_check_call():
    def plain(request, name, age=1):
        return name + 1

    refused = call_error(plain, "request")
    assert (refused.slug, refused.field) == ("malformed-call", "kwargs_b64")
    assert refused.detail == "plain() needs an argument `name`"
    assert call_error(plain, "r", nme=1).detail == (
        "plain() needs an argument `name`; plain() has no argument `nme`; it takes `name`, `age`"
    )
    assert call_error(plain, "r", a=1, b=2, name="").detail == (
        "plain() has no arguments `a`, `b`; it takes `name`, `age`"
    )
    assert "too many positional" in call_error(plain, 1, 2, 3, 4).detail
    assert call_error(plain, "r", "text") is None  # raised inside
    assert call_error(lambda: 1, x=1).detail.endswith("has no argument `x`; it takes none")
    assert call_error(run, "r").detail == "run() needs an argument `name`"


def test_check_call_of_other_callables():
    class Made:
        def __init__(self, x):
            self.x = x + 1

        def __call__(self, y):
            return y + self.x

    assert "`x`" in call_error(Made).detail
    assert call_error(Made, "text") is None
    assert "`y`" in call_error(Made(1)).detail
    assert call_error(Made(1), "text") is None
    assert "`y`" in call_error(functools.partial(lambda x, y: 1, 1)).detail

    @functools.wraps(Made.__init__)
    def wrapped(*args, **named):
        return plain(*args, **named)

    def plain(self, x):
        return x

    assert call_error(wrapped) is not None

    async def later(x):
        pass

    assert "`x`" in call_error(later).detail
    assert call_error(len) is not None


ELSEWHERE = """
import asyncio, signal, sqlite3
base = sqlite3.connect(":memory:")
def sqlite(): base.execute("select 1")
def signals(): signal.signal(signal.SIGUSR1, signal.SIG_DFL)
def loop(): asyncio.get_event_loop()
def memory(): raise sqlite3.OperationalError("no such table: t")
def greenlet(): raise ValueError("cannot switch to a different thread")
def many(): raise RuntimeError("can't start new thread")
def other(): raise ValueError("threadbare")
"""


def detail_on(thread, source, fn_name):
    """What is told of a call on that thread, of code whose body runs on this one."""
    function, _ = adaptor(source).function(fn_name)
    return thread.submit(lambda: describe(raised(function))).result()[2]


def test_an_error_that_comes_of_another_thread_says_so():
    with ThreadPoolExecutor(1, thread_name_prefix="another") as another:
        for fn_name in ("sqlite", "memory", "signals", "loop", "greenlet"):
            detail = detail_on(another, ELSEWHERE, fn_name)
            assert "The module body ran on the main thread, this call on another_0 (" in detail
            assert '`__owt__ = {"threads": 1}`' in detail, fn_name
        for fn_name in ("many", "other"):
            assert "module body" not in detail_on(another, ELSEWHERE, fn_name)
        detail = another.submit(on_a_loop, adaptor(ELSEWHERE).function("sqlite")[0]).result()
        assert "All async calls run there" in detail and "__owt__" not in detail


def on_a_loop(function):
    async def run():
        return describe(raised(function))[2]

    return asyncio.run(run())


def test_an_error_on_the_bodys_own_thread_says_nothing_of_threads():
    with ThreadPoolExecutor(1) as one:
        given = one.submit(failing, "def run(): raise ValueError('another thread')").result()
        assert given[2] == "the adaptor raised ValueError: another thread"


def test_the_file_of_an_adaptor_goes_by_its_name():
    error = raised(
        adaptor("def run():\n    raise ValueError(__file__, 'h' * 64)  # here").function("run")[0]
    )
    for name, shown in ((None, "adaptor.py"), ("plot (2).py", "plot (2).py"), (r"\g<0>", r"\g<0>")):
        _, _, detail, _, message, text, *_ = describe(error, name)
        assert f'File "{shown}", line 2, in run' in text and "# here" in text
        for told in (detail, message, text):
            assert shown in told and "adaptors" not in told


def test_what_an_exception_says_beside_its_text_is_told():
    noted = ValueError("the cell is empty")
    noted.add_note("in column price, row 7")
    assert describe(noted)[2] == (
        "the adaptor raised ValueError: the cell is empty\nin column price, row 7"
    )
    group = ExceptionGroup(
        "unhandled errors in a TaskGroup", [noted, ExceptionGroup("more", [KeyError("x")])]
    )
    assert describe(group)[2].split("\n")[1:] == ["ValueError: the cell is empty", "KeyError: 'x'"]


def test_an_exception_that_cannot_say_itself_is_told_by_its_arguments():
    class Broken(Exception):
        def __str__(self):
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")

    assert describe(Broken("disk is full", 7))[2] == "the adaptor raised " + (
        f"{Broken.__module__}.{Broken.__qualname__}: 'disk is full', 7"
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("@pydantic.validate_call\ndef run(x: int, y: list[int]): return x", ["`x`", "`y.0`"]),
        ("class run(pydantic.BaseModel):\n    x: int\n    y: list[int]", ["`x`", "`y.0`"]),
        ("@pydantic.dataclasses.dataclass\nclass run:\n    x: int\n    y: list[int]", ["`x`"]),
    ],
)
def test_arguments_that_pydantic_refuses(source, said):
    pytest.importorskip("pydantic")
    source = f"import pydantic, pydantic.dataclasses\n{source}"
    told = failing_call(source, x="one", y=["two"])
    assert told[:2] == ("unreadable-argument", "kwargs_b64")
    assert all(one in told[2] for one in said) and told[3].endswith("ValidationError")


@pytest.mark.parametrize(
    "source",
    [
        "def run(**given): return Model(**given)",
        "@pydantic.validate_call\ndef run(x: str, y: list[str]): return Model(x=x, y=y)",
    ],
)
def test_what_the_code_has_refused_within_is_its_own_failure(source):
    pytest.importorskip("pydantic")
    model = "import pydantic\nclass Model(pydantic.BaseModel):\n    x: int\n    y: list[int]\n"
    assert failing_call(model + source, x="one", y=["two"])[0] == "adaptor-raised"


def failing_call(source, **named):
    exc = raised(adaptor(source).function("run")[0], **named)
    # the server calls from Rust: there is no frame of a caller
    exc.__traceback__ = exc.__traceback__.tb_next
    return describe(exc)
