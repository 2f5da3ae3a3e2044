"""A library and an adaptor that are edited again and again, with weights in them."""

import os

from ..stage import Scene, Stage, together

WEIGHTS = 4 << 20
# The last line is written last: who has read only a part has no `last`.
LIBRARY = """
first = {version}
weights = bytes([{version} % 251]) * {size}
def told(): return f"{{first}} {{weights[0]}} {{weights[-1]}} {{last}}"
last = {version}
"""
CALLS = (
    "import soaklib\ndef run(n): return soaklib.told()\n",
    "def run(n):\n    import soaklib\n    return soaklib.told()\n",
    "from soaklib import told\ndef run(n): return told()\n",
    "import soaklib as lib\ndef run(n): return f'{lib.first} {lib.weights[0]} "
    "{lib.weights[-1]} {lib.last}'\n",
)
ADAPTOR = """
version = {version}
weights = bytes([{version} % 251]) * {size}
def run(n): return f"{{n}} {{version}} {{weights[0]}} {{weights[-1]}}"
"""


def _told(version: int) -> str:
    return f"{version} {version % 251} {version % 251} {version}"


async def _library(stage: Stage) -> None:
    """An answer is one version's, and after the edit the new one's."""
    module = stage.library / "soaklib.py"

    def edit(version: int) -> None:
        draft = module.with_suffix(".draft")
        draft.write_text(LIBRARY.format(version=version, size=WEIGHTS))
        os.replace(draft, module)  # noqa: PTH105 - the library is whole at any time

    old, new = next(stage.numbers), next(stage.numbers)
    edit(old)
    await together(*(stage.right(code, _told(old)) for code in CALLS))

    async def meanwhile() -> None:
        edit(new)

    either = (_told(old), _told(new))
    early = [stage.right(code, either) for code in CALLS]
    late = [stage.right(code, either) for code in CALLS]
    await together(*early, meanwhile(), *late)
    await together(*(stage.right(code, _told(new)) for code in CALLS))


async def _adaptor(stage: Stage) -> None:
    """Each version answers for itself, also beside the next."""

    async def one(version: int) -> None:
        code = ADAPTOR.format(version=version, size=WEIGHTS)
        weight = version % 251
        for n in range(2):
            await stage.right(code, f"{n} {version} {weight} {weight}", n, path="/edited")

    await together(*(one(next(stage.numbers)) for _ in range(2)))


EDITS = (Scene("library", _library, pause_s=0.3), Scene("adaptor", _adaptor, pause_s=0.3))
