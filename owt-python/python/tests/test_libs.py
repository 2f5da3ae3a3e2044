import builtins
import os
import sys
import textwrap
import threading

import pytest
from adapting import adaptor

from owt import _libs


@pytest.fixture
def served(tmp_path):
    path, before = list(sys.path), set(sys.modules)
    folder = tmp_path / "served"
    folder.mkdir()
    _libs.serve([str(folder)])
    yield folder
    sys.path[:] = path
    _libs._folders.clear()
    _libs._loaded.clear()
    for name in set(sys.modules) - before:
        if name.startswith(("lib_", "pkg_", "owt.adaptors.h")):
            del sys.modules[name]


def write(path, text, same_time_as=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    if same_time_as is not None:
        os.utime(path, ns=(same_time_as.st_atime_ns, same_time_as.st_mtime_ns))


def test_a_change_within_the_same_second_is_seen(served):
    write(served / "lib_a.py", "def answer(): return 1")
    for expected in (2, 3, 4):
        loaded = adaptor("f(lambda _: lib_a.answer())")
        assert loaded.uses_libs and loaded.fresh()
        assert loaded.function("run")[0](0) == expected - 1
        assert loaded.fresh()
        write(served / "lib_a.py", f"def answer(): return {expected}")
        assert not loaded.fresh()
        assert not loaded.fresh()
        assert "lib_a" not in sys.modules
    assert not list(served.rglob("__pycache__"))


def test_several_adaptors_of_one_library(served):
    write(served / "lib_b.py", "X = 1")
    first = adaptor("import lib_b\ndef run(): return lib_b.X")
    second = adaptor("from lib_b import X\ndef run(): return X")
    write(served / "lib_b.py", "X = 22")
    assert not first.fresh()
    assert not second.fresh()
    again = adaptor("import lib_b\ndef run(): return lib_b.X")
    assert again.fresh() and again.function("run")[0]() == 22


def test_same_size_and_time_but_another_file(served):
    write(served / "lib_c.py", "X = 1")
    stat = (served / "lib_c.py").stat()
    loaded = adaptor("import lib_c\ndef run(): return lib_c.X")
    write(served / "new", "X = 2", same_time_as=stat)
    os.replace(served / "new", served / "lib_c.py")
    assert not loaded.fresh()


def test_packages_and_their_modules(served):
    write(served / "pkg_d" / "__init__.py", "from .inner import X")
    write(served / "pkg_d" / "inner.py", "X = 1")
    write(served / "pkg_ns" / "deep.py", "import pkg_d\ndef g(_): return pkg_d.X")
    loaded = adaptor("f(pkg_ns.deep.g)")
    assert loaded.uses_libs and loaded.function("run")[0](0) == 1
    write(served / "pkg_d" / "inner.py", "X = 10")
    assert not loaded.fresh()
    assert adaptor("f(pkg_ns.deep.g)").function("run")[0](0) == 10


def test_a_file_that_went_away(served):
    write(served / "lib_e.py", "X = 1")
    loaded = adaptor("import lib_e\ndef run(): return lib_e.X")
    (served / "lib_e.py").unlink()
    assert not loaded.fresh()
    with pytest.raises(ModuleNotFoundError):
        adaptor("import lib_e\ndef run(): return lib_e.X")


def test_a_broken_library_can_be_repaired(served):
    write(served / "lib_f.py", "X = = 1")
    with pytest.raises(SyntaxError):
        adaptor("import lib_f\ndef run(): return lib_f.X")
    write(served / "lib_f.py", "X = 1")
    assert adaptor("import lib_f\ndef run(): return lib_f.X").function("run")[0]() == 1


@pytest.mark.parametrize(
    "code,uses",
    [
        ("def run():\n    import lib_g", True),
        ("def run():\n    from lib_g.x import y", True),
        ("run = pipe().importing('lib_g')", True),
        ("lambda x: lib_g.f(x)", True),
        ("lambda lib_g: lib_g.f(1)", False),
        ("import os\ndef run(): lib_g = 1", False),
        ("def run():\n    import lib_not_yet_there", True),
    ],
)
def test_uses_libs_is_found_without_importing(served, code, uses):
    write(served / "lib_g.py", "X = 1")
    assert adaptor(code).uses_libs is uses


def test_a_site_packages_below_a_served_folder_is_left_alone(served):
    site = served / ".venv" / "site-packages"
    write(site / "lib_h.py", "X = 1")
    sys.path.append(str(site))
    import lib_h

    assert type(lib_h.__loader__) is not _libs._Loader
    assert "lib_h" not in _libs._loaded


def test_a_change_while_another_thread_imports(served):
    write(served / "lib_j.py", "import time\nX = 1\nstarted.set()\ngo.wait(10)\nX = 2")
    write(served / "lib_k.py", "X = 1")
    loaded = adaptor("import lib_k\ndef run(): return lib_k.X")
    builtins.started, builtins.go = threading.Event(), threading.Event()
    got = []
    thread = threading.Thread(target=lambda: got.append(__import__("lib_j").X))
    try:
        thread.start()
        assert builtins.started.wait(10)
        write(served / "lib_k.py", "X = 22")
        assert not loaded.fresh()
        generation = _libs.generation()
        assert _libs.refresh() == generation  # not again and again
        builtins.go.set()
        thread.join(10)
        assert got == [2]
        assert _libs.refresh() == generation + 1 and "lib_j" not in sys.modules
        assert _libs.refresh() == generation + 1
    finally:
        del builtins.started, builtins.go


def test_the_order_of_the_folders(served, tmp_path):
    write(served / "lib_i.py", "X = 'first'")
    write(tmp_path / "second" / "lib_i.py", "X = 'second'")
    _libs.serve([str(served), str(tmp_path / "second")])
    assert sys.path[:2] == [str(served), str(tmp_path / "second")]
    import lib_i

    assert lib_i.X == "first"
