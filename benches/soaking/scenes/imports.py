"""Deadlines that pass while a package is imported: who comes next gets it whole."""

import os
import shutil

from ..stage import Scene, Stage, together

MODULES = 120
MOST_S = 0.6
# Packages of so many rounds before stay: an import that was begun may still read them.
KEPT = 8

# Much of what is imported can be imported once only: a second time, its own registry is full.
REGISTRY = """
import _struct, itertools, json
names = {}
def register(name, value):
    if name in names:
        raise ImportError(f"{name} cannot be loaded more than once")
    names[name] = value
    return value
"""
MODULE = """
import time
from .registry import register
VALUE = register(__name__, {n})
time.sleep(0.002)
class Thing{n}:
    def method(self): return VALUE
"""
USE = """
# {call}
import sys
if {folder!r} not in sys.path: sys.path.insert(0, {folder!r})
{at_top}
def run(n):
    import {name}
    return str(sum(getattr({name}, f"part{{i}}").VALUE for i in range({modules})))
"""

LIBRARIES = {
    "numpy": "int(mod.arange(4).sum())",
    "pandas": "int(mod.DataFrame({'a': [1, 5]}).a.sum())",
    "matplotlib.pyplot": "len(mod.figure().axes) + 6",
    "polars": "mod.DataFrame({'a': [1, 5]})['a'].sum()",
    "pydantic": "mod.TypeAdapter(int).validate_python('6')",
    "PIL.Image": "mod.new('L', (2, 3)).size[0] * 3",
}
REAL = """
# {call}
import importlib
def run(n):
    mod = importlib.import_module({name!r})
    return str({value})
"""


async def _made(stage: Stage) -> str:
    """A package that nobody has imported yet, by its module body and by a function."""
    name = f"heavy{next(stage.numbers)}"
    package = stage.aside / name
    package.mkdir()
    for old in sorted(stage.aside.iterdir(), key=os.path.getctime)[:-KEPT]:
        shutil.rmtree(old)
    (package / "registry.py").write_text(REGISTRY)
    for n in range(MODULES):
        (package / f"part{n}.py").write_text(MODULE.format(n=n))
    # The first time this makes each an attribute of the package, and the second time it does not.
    lines = "".join(f"import {name}.part{n}\n" for n in range(MODULES))
    (package / "__init__.py").write_text(lines)
    text = str(sum(range(MODULES)))

    def use(call: str, *, at_top: bool) -> str:
        top = f"import {name}" if at_top else ""
        folder = str(stage.aside)
        return USE.format(call=call, folder=folder, name=name, modules=MODULES, at_top=top)

    early = [
        stage.maybe_cut(use(f"cut {i}", at_top=i % 2 == 0), text, most=MOST_S) for i in range(4)
    ]
    cuts = sum(await together(*early))
    await together(*(stage.right(use(f"late {i}", at_top=i % 2 == 0), text) for i in range(4)))
    return f"right after {cuts} cuts"


async def _real(stage: Stage) -> str:
    """What the served environment has; it is new to a fresh worker only."""
    roots = [name.partition(".")[0] for name in LIBRARIES]
    there = await stage.has(*roots)
    cuts = 0
    for name, value in LIBRARIES.items():
        if name.partition(".")[0] not in there:
            continue
        use = [REAL.format(call=call, name=name, value=value) for call in ("cut", "late")]
        wanted = "6"
        cuts += sum(await together(*(stage.maybe_cut(use[0], wanted, most=1) for _ in range(2))))
        await together(*(stage.right(use[1], wanted) for _ in range(2)))
    return f"right after {cuts} cuts"


IMPORTS = (Scene("import", _made, pause_s=4), Scene("import-real", _real, pause_s=0.5))
