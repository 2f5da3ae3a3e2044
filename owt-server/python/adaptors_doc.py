"""Writes docs/adaptors.md from the docstrings of what adaptors find in scope.

Run: make adaptors-doc

In a docstring, a paragraph with a line `# … → …` is an example: an adaptor, and what comes of it.
"""

import dataclasses
import functools
import inspect
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

from owt import _adaptor
from owt._request import Current, Request

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs/adaptors.md"

_CASE = re.compile(r"# (?:.* )?→ ")


@dataclasses.dataclass
class Section:
    """A heading, what stands below it, and the names that it tells of."""

    heading: str
    text: str
    names: list[str]


_HEAD = """\
# In an adaptor's scope

An adaptor finds these names defined, with no import. `from owt import *` gives the same to a module
that adaptors import.

The line at an example says what comes of it: `# what is sent → what comes back`. Arguments stand as
JSON, everything else as curl takes it, where `curl /path` is short for

```sh
curl --url-query code@adaptor.py http://127.0.0.1:9876/path
```

What comes back is the body, after a status that is not 200 and the headers that matter; `…` is
anything. `make adaptors-doc` writes this page from the docstrings in `owt-server/python/owt`, and
the tests run its examples.
"""

SECTIONS = [
    Section(
        "The request",
        "`request` is the request of whichever call runs the code that asks. It has flask's\n"
        "attributes. A module body runs once for all calls, so it has none to read there\n"
        "([wire.md](wire.md#three-ways-to-write-the-code)).",
        ["request"],
    ),
    Section(
        "Answers",
        "A plain value is an answer already ([wire.md](wire.md#results)). These say more.",
        ["Response", "as_json", "redirect", "stream", "sse"],
    ),
    Section(
        "Pipelines and commands",
        "The steps of a pipeline are in [pipelines.md](pipelines.md).",
        ["pipe", "shell"],
    ),
    Section(
        "The server",
        "`_SERVER` is `Server.sing()`, and `server` is the module `owt.server`, which has these.",
        ["Server", "args", "main", "_SERVER", "server"],
    ),
    Section(
        "The end of a call",
        "What ends a call early is in [wire.md](wire.md#cancelling).",
        ["Cancelled"],
    ),
]

# What the text of its section tells.
_TOLD = {"_SERVER", "server"}


def document() -> str:
    """Give what docs/adaptors.md has to say."""
    scope = _adaptor.namespace()
    told = [name for section in SECTIONS for name in section.names]
    if sorted(told) != sorted(scope):
        raise ValueError(f"not the names in scope: {set(told) ^ set(scope)}")
    return "\n".join([_HEAD, *(_section(section, scope) for section in SECTIONS)])


def _section(section: Section, scope: dict[str, Any]) -> str:
    parts = [f"## {section.heading}\n\n{section.text}\n"]
    for name in section.names:
        if name not in _TOLD:
            parts += _entries(name, scope[name])
    return "\n".join(parts)


def _entries(name: str, value: Any) -> list[str]:
    if isinstance(value, Current):
        return list(_attributes(name, Request))
    documented = value if inspect.isroutine(value) or inspect.isclass(value) else type(value)
    return [_entry(name, _signature(name, value), documented)]


class _Unquoted(str):
    """An annotation's text, shown as it is written."""

    __repr__ = str.__str__


def _attributes(name: str, kind: type) -> Iterator[str]:
    aliases = {"root_url", "url_root"}  # of host_url
    for attribute, value in vars(kind).items():
        if attribute.startswith("_") or attribute in aliases:
            continue
        shown = f"{name}.{attribute}"
        yield _entry(shown, _signature(shown, value), value)


def _signature(name: str, value: Any) -> str:
    match value:
        case property(fget=getter) | functools.cached_property(func=getter):
            return f"{name}: {inspect.signature(getter).return_annotation}"
    if not callable(value):
        return ""
    signature = inspect.signature(value)
    parameters = [
        each.replace(annotation=_Unquoted(each.annotation))
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    gives = signature.empty if inspect.isclass(value) else _Unquoted(signature.return_annotation)
    return f"{name}{signature.replace(parameters=parameters, return_annotation=gives)}"


def _entry(name: str, signature: str, documented: Any) -> str:
    parts = [f"### {name}"]
    if signature:
        parts.append(f"`{signature}`")
    text = inspect.getdoc(documented) or ""
    paragraphs = text.split("\n\n")
    if not any(map(_CASE.search, paragraphs)):
        raise ValueError(f"{name} has no example")
    parts += [_fence(each) if _CASE.search(each) else each for each in paragraphs]
    return "\n\n".join(parts) + "\n"


def _fence(code: str) -> str:
    return f"```python\n{code}\n```"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stderr.write(f"{DOCUMENT} is written\n")
