"""Functions of this program on a real server."""

import asyncio
import collections
import contextlib
import dataclasses
import functools
import math
import os
import pathlib
import threading
import xml.etree.ElementTree
from collections import Counter
from math import sqrt as root
from statistics import mean

import pytest

import neighbour
from neighbour import middle, times
from neighbour import times as triple
from owt.client import Client, OwtError

client = Client("http://127.0.0.1:9")  # stands for what a program has; `here` has the server
LIMIT = 10
TABLE = {"a": [1, (2.5, None)], 3: {b"\xff"}}
HANDLE = object()
Pair = collections.namedtuple("Pair", "a b")


@pytest.fixture
def here(server):
    return Client(server)


def pid():
    return os.getpid()


def test_it_runs_on_the_server(here):
    @here.remote
    def where():
        return os.getpid()

    assert where() != os.getpid()
    assert here.remote(pid)() == where()
    assert pid() == os.getpid()
    assert where.__name__ == "where"


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2**80, -0.5, math.inf, "it's \ud800 🎵\n", b"\xff\0", [1, [2]], (), (1, (2,)),
     {1: {"a": {2, 3}}}, set(), {"k": (None, b"")}],
)  # fmt: skip
def test_plain_data_comes_back_as_it_is(here, value):
    @here.remote
    def same(x):
        return x

    result = same(value)
    assert result == value and type(result) is type(value)
    assert math.isnan(same(math.nan))


def test_other_results_are_as_the_server_renders_them(here):
    @here.remote
    def point():
        from dataclasses import dataclass

        @dataclass
        class Point:
            x: int

        return Point(1)

    @here.remote
    def own():
        return Response("a,b", content_type="text/csv")  # noqa: F821  (the server has it)

    assert point() == {"x": 1}
    assert own() == "a,b"


def test_what_a_function_uses_is_sent(here):
    offset = 5

    def add(n):
        return n + offset

    @here.remote
    def mixed(n, *more, scale=LIMIT, **named):
        total = add(n) + sum(more) + scale + root(named.get("square", 0))
        return [
            total,
            mean([1, 2]),
            TABLE,
            dict(Counter("aab")),
            xml.etree.ElementTree.Element("e").tag,
        ]

    assert mixed(1) == [16.0, 1.5, TABLE, {"a": 2, "b": 1}, "e"]
    assert mixed(1, 2, 3, scale=0, square=4)[0] == 13.0
    offset = 6
    assert mixed(1)[0] == 17.0


def test_functions_of_other_modules_of_the_program_are_sent(here):
    @here.remote
    def both(n):
        return [times(n), triple(n), middle([1, 2, 9])]

    assert both(2) == [6, 6, 2]


@functools.lru_cache
def cached(n):
    return n * LIMIT


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def test_recursion_and_decorators(here):
    @here.remote
    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    @here.remote
    @functools.cache
    def twice(n: Pair) -> Pair:
        text = """A text
over lines."""
        local: NoSuchName = 2  # noqa: F821  (never evaluated, here or there)
        return [n * local, text]

    assert factorial(20) == math.factorial(20)
    assert here.remote(even)(10) is True
    assert here.remote(cached)(2) == 20
    assert twice(2) == [4, "A text\nover lines."]


def test_the_cache_tells_arguments_apart(here):
    @here.remote(use_cache=True)
    def chance(n):
        import random

        return [n, random.random()]

    assert chance(1) == chance(1) and chance(2)[0] == 2


def test_generators_stream(here, gate):
    @here.remote
    def items(path):
        try:
            yield ("a\n", b"\xff")
            with open(path) as file:
                file.read()
            yield {1: None}
            while True:
                yield 0
        finally:
            with open(path, "w") as file:
                file.write("closed")

    stream = items(gate.path)
    assert next(stream) == ("a\n", b"\xff")
    gate.write("go on")
    assert next(stream) == {1: None}
    stream.close()
    assert gate.read() == "closed"

    @here.remote
    def some(n):
        return (x * x for x in range(n))

    assert list(some(3)) == [0, 1, 4]


def test_async_functions(here):
    @here.remote
    async def slow(n):
        import asyncio

        await asyncio.sleep(0)
        return n + 1

    @here.remote
    async def count(n):
        for x in range(n):
            yield x

    async def all_at_once():
        found = [x async for x in count(3)]
        return found, await asyncio.gather(slow(1), slow(2))

    assert asyncio.run(all_at_once()) == ([0, 1, 2], [2, 3])


def test_to_cancel_an_async_call_cancels_it_on_the_server(here, gate):
    @here.remote
    async def forever(path):
        import asyncio

        try:
            with open(path, "w") as file:
                file.write("begun")
            await asyncio.Event().wait()
        finally:
            with open(path, "w") as file:
                file.write("cancelled")

    async def cancel():
        call = asyncio.create_task(forever(gate.path))
        assert await asyncio.to_thread(gate.read) == "begun"
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        assert call.cancelled()
        assert await asyncio.to_thread(gate.read) == "cancelled"

    asyncio.run(cancel())


def test_what_it_raises_comes_with_its_line(here):
    @here.remote
    def fails():
        raise LookupError("nothing there")

    with pytest.raises(OwtError, match="LookupError: nothing there") as caught:
        fails()
    assert 'raise LookupError("nothing there")' in caught.value.traceback

    @here.remote
    def strange():
        yield object()

    with pytest.raises(OwtError, match="TypeError: object cannot be sent: yield"):
        list(strange())


def test_arguments_that_do_not_fit_are_told_here():
    @client.remote
    def f(x, *, y=1):
        return x

    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        f()
    with pytest.raises(
        TypeError, match=r"f's argument y is a builtins\.object, which cannot be sent"
    ):
        f(1, y=HANDLE)


def counter():
    global LIMIT
    LIMIT += 1


def test_what_cannot_be_sent_is_told_where_it_is_defined():
    def none():
        count = 0

        def up():
            nonlocal count
            count += 1

        return up

    for function, why in [
        (lambda: 1, "write it as a `def`"),
        (print, "print is a builtin_function_or_method: only what `def` defines"),
        (Counter, "Counter is a type: only what this program defines"),
        (counter, "counter cannot be sent: it changes the global 'LIMIT'.* return the value"),
        (none(), "up cannot be sent: no binding for nonlocal 'count' found; return the value"),
        (eval("lambda: 1"), "has no source"),
    ]:
        with pytest.raises(TypeError, match=why):
            client.remote(function)
    with pytest.raises(TypeError, match=r"remote takes \['prints', .*\], not \['time'\]"):
        client.remote(time=1)(counter)


def test_what_cannot_be_sent_with_a_function_is_named():
    local = threading.Lock()

    @client.remote
    def uses_handle():
        return HANDLE

    @client.remote
    def uses_lock():
        return local

    @client.remote
    def uses_class():
        return Pair(1, 2)

    @client.remote
    def uses_client():
        return client

    @client.remote
    def uses_nothing():
        return no_such_name  # noqa: F821

    @client.remote
    def through_another():
        return uses_handle()

    for function, why in [
        (uses_handle, "'HANDLE', which uses_handle uses, is a builtins.object.* pass it to"),
        (uses_lock, "'local', which uses_lock uses, is a _thread.lock"),
        (uses_class, "'Pair', which uses_class uses, is a .*make it inside uses_class"),
        (uses_client, "'client', which uses_client uses, is a owt.client._client.Client"),
        (uses_nothing, "uses_nothing uses 'no_such_name', which is not defined here"),
        (through_another, "'HANDLE', which uses_handle uses"),
    ]:
        with pytest.raises(TypeError, match=why):
            function()


def test_a_name_that_means_two_things_is_told():
    FACTOR = 4

    @client.remote
    def f(n):
        return times(n) + FACTOR

    with pytest.raises(TypeError, match="'FACTOR' means one thing in times and another in f"):
        f(1)


def test_a_module_of_the_program_is_imported_there(here):
    @here.remote
    def f():
        return neighbour.factor_of_two()

    with pytest.raises(OwtError, match="No module named 'neighbour'"):
        f()
    folder = str(pathlib.Path(neighbour.__file__).parent)
    from serving import serving

    with serving(folder) as address:
        assert Client(address).remote(f)() == 2


@dataclasses.dataclass
class Base:
    x: int

    def scaled(self, n):
        return self.x * n * neighbour_factor()


def neighbour_factor():
    return LIMIT


class Slotted:
    __slots__ = ("__weakref__", "kept")

    def __init__(self, kept):
        self.kept = kept

    @client.remote
    def get(self):
        return self.kept


class Shape(Base):
    """A class of this program, whose methods run there."""

    SIDES = LIMIT // 2

    def __init__(self, x, name="shape"):
        super().__init__(x)
        self.name = name
        self.where = os.getpid()

    @property
    def sides(self):
        return self.SIDES

    def there(self):
        return os.getpid() != self.where

    def area(self, k=1):
        return (self.name, super().scaled(k), self.sides, root(16), self.there())

    async def later(self, k):
        return self.area(k)

    def each(self, n):
        for i in range(n):
            yield self.x + i

    @classmethod
    def named(cls, name):
        return f"{cls.__name__} {name} {cls.SIDES}"

    @staticmethod
    def plain(n):
        return n + LIMIT

    def refers(self):
        return type(Shape(1)).__name__, isinstance(self, Base)


def test_methods_of_an_object_run_there_with_what_it_has(here):
    shape = Shape(2, "s")
    assert here.remote(shape.area)(k=3) == ("s", 60, 5, 4.0, True)
    assert shape.area(3)[4] is False
    assert asyncio.run(here.remote(shape.later)(1)) == ("s", 20, 5, 4.0, True)
    assert list(here.remote(shape.each)(3)) == [2, 3, 4]
    assert here.remote(shape.refers)() == ("Shape", True)
    assert here.remote(Shape.named)("x") == "Shape x 5"
    with pytest.raises(TypeError, match=r"area's argument self\['name'\] is a builtins\.object"):
        here.remote(Shape(1, HANDLE).area)()


def test_a_whole_class_runs_there(here):
    @here.remote
    class Own(Shape):
        def area(self, k=1):
            return (os.getpid() != self.where, super().area(k))

        @classmethod
        def make(cls, x):
            return cls.__name__, x

        @staticmethod
        def twice(n):
            return n * 2 + LIMIT

        async def soon(self):
            return self.x

        def _kept(self):
            return os.getpid() == self.where

    own = Own(3)
    assert own.area(2) == (True, ("shape", 60, 5, 4.0, True))
    assert Own.make(1) == ("Own", 1) and Own.twice(2) == 14
    assert asyncio.run(own.soon()) == 3
    assert own._kept()


def test_methods_that_say_remote_themselves(here):
    class Local:
        def __init__(self):
            self.n = 1

        @here.remote
        def there(self, m):
            return self.n + m, os.getpid()

        def both(self):
            return self.there(1)[0], os.getpid()

        @staticmethod
        @here.remote(timeout=60)
        def static(n):
            return n + LIMIT

    local = Local()
    assert local.there(2)[0] == 3 and local.there(2)[1] != os.getpid()
    assert local.both() == (2, os.getpid())
    assert Local.static(1) == 11
    slotted = Slotted((1, 2))
    assert here.remote(Slotted.get)(slotted) == (1, 2)


def test_classes_go_along_with_functions(here):
    class Inner(Base):
        def more(self):
            return Inner(self.x + 1).x

    @here.remote
    def uses_classes(n):
        return Inner(n).more(), Shape(n).scaled(1), isinstance(Inner(1), Base)

    assert uses_classes(4) == (5, 40, True)


def test_what_it_prints_is_printed_here(here, capsys):
    @here.remote(prints=True)
    def says(n):
        print("grün 🎵\n" * n, end="")
        return n

    @here.remote(prints=True)
    async def later(n):
        print("later", n)
        return [n]

    assert says(2) == 2 and asyncio.run(later(1)) == [1] and says(0) == 0
    assert capsys.readouterr().out == "grün 🎵\ngrün 🎵\nlater 1\n"

    @here.remote(prints=True)
    def streams():
        yield 1

    with pytest.raises(OwtError, match="with prints=True a function returns plain data"):
        streams()
