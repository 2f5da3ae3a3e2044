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

from owt import _adaptor, _ready
from owt._request import Current, Request
from owt.lib import encoding, shell, stream, tts

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
anything. `make adaptors-doc` writes this page from the docstrings in `owt-python/python/owt`, and
the tests run its examples.
"""

SECTIONS = [
    Section(
        "The request",
        "`request` is the request of whichever call runs the code that asks. It has flask's\n"
        "attributes. A module body runs once for all calls, so it has none to read there\n"
        "([wire.md](wire.md#2-three-ways-to-write-the-code)).",
        ["request"],
    ),
    Section(
        "Answers",
        "A plain value is an answer already ([wire.md](wire.md#results)). These say more.",
        ["Response", "as_json", "form", "redirect", "stream", "sse"],
    ),
    Section(
        "Pipelines and commands",
        "The steps of a pipeline are in [pipelines.md](pipelines.md).",
        ["pipe", "shell"],
    ),
    Section(
        "Calls that come together",
        "A model that takes sixteen texts in the time of one wants them together\n"
        "([batching.md](batching.md)).",
        ["batch"],
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

_READY = """\
## Ready without an import

A module or a function of these is bound where the code uses its name and binds nothing else to it.
Text that the code itself runs by `eval` or `exec` is not looked into.

```python
{standard}```

### flask and requests

These are there where flask and requests are installed in the served Python. `request` and
`Response` are owt's in any case; `from flask import request, Response` gives flask's.

```python
{installed}```

`render_template` looks into `templates` in the folder that the server was started in. `app` is the
flask application in whose context calls run. It is not the server: what `app.route` adds is never
called, and `url_for` knows `static` alone. Nor is there `Server.sing().cache` or `.auth`: kept
results and keys are in the server's process, where no adaptor reads them.
"""

_STANDARD = """\
def run(): return json.dumps([1, 2])  # → [1, 2]
def run(): return os.path.basename("/a/b")  # → b
def run(): return sys.version_info.major  # → 3
def run(): return logging.getLevelName(30)  # → WARNING
def run(): return base64.b64encode(b"owt")  # → b3d0
def run(): return hashlib.sha256(b"owt").hexdigest()  # → …
def run(): return types.SimpleNamespace(a=1)  # → {"a":1}
def run(): return builtins.len([1, 2])  # → 2
def run(): return traceback.format_exception_only(ValueError("no"))[0].strip()  # → ValueError: no
def run(): return argparse.ArgumentParser("greet").format_usage()  # → usage: greet [-h]\\n
def run(): return urllib.parse.quote("a b")  # → a%20b
def run(): return dataclasses.make_dataclass("Point", ["x", "y"])(1, 2)  # → {"x":1,"y":2}
async def run(): return await asyncio.sleep(0, "slept")  # → slept

def run(words):
    count = defaultdict(int)
    for word in words:
        count[word] += 1
    return count
# {"words": ["a", "b", "a"]} → {"a":2,"b":1}

@dataclass
class Greeting:
    text: Any
    name: Optional[str] = None

def make(of: Callable[[str], Greeting], text: str): return of(text)
def run(): return make(Greeting, "hello")
# → {"text":"hello","name":null}

def run():
    inner = Process(target=print)
    inner.start()
    inner.join()
    return inner.exitcode
# → 0
"""

_INSTALLED = """\
def run(): return jsonify(a=1)  # → Content-Type: application/json · {"a":1}\\n
def run(): return make_response("made", 201)  # → 201 · made
def run(): return render_template("hello.html", name="<owt>")  # → <p>Hello, &lt;owt&gt;!</p>
def run(): return send_file(__file__, mimetype="text/plain")  # → def run(): return send_file…
def run(): return url_for("static", filename="look.css")  # → /static/look.css
def run(): return isinstance(app, Flask)  # → True
def run(): return requests.get(request.host_url, headers={"X-Owt": "1"}).status_code  # → 200
"""

_LIB = """\
## owt.lib

Small ready parts. In the expression forms `owt.lib.shell` is imported by its name; a module says
`from owt.lib import shell`. Models are not among them: [the examples](../examples/README.md) have
adaptors for speech and others, to be sent as they are.
"""

# What the text of its section tells.
_TOLD = {"_SERVER", "server"}


def document() -> str:
    """Give what docs/adaptors.md has to say."""
    scope = _adaptor.namespace()
    told = [name for section in SECTIONS for name in section.names]
    if sorted(told) != sorted(scope):
        raise ValueError(f"not the names in scope: {set(told) ^ set(scope)}")
    for code, names in ((_STANDARD, _ready.STANDARD), (_INSTALLED, _ready.INSTALLED)):
        if missing := {name for name in names if not re.search(rf"\b{name}\b", code)}:
            raise ValueError(f"no example of {missing}")
    ready = _READY.format(standard=_STANDARD, installed=_INSTALLED)
    sections = [_section(section, scope) for section in SECTIONS]
    return "\n".join([_HEAD, *sections, ready, _LIB, *_library()])


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


def _library() -> Iterator[str]:
    for module in (shell, stream, encoding, tts):
        for function, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__:
                name = f"{module.__name__}.{function}"
                yield _entry(name, _signature(name, value), value)


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
