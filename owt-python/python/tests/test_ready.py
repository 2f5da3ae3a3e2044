"""Names that are there without an import, and those that stay the code's own."""

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest
from adapting import adaptor, call

from owt import _flask, _ready
from owt._errors import Refused

HERE = pathlib.Path(__file__).parent


@pytest.mark.parametrize("name", [*_ready.STANDARD, *_ready.INSTALLED])
def test_each_name_is_there_in_both_forms(name):
    module, implicit = call(f"def run(): return {name}"), call(f"lambda: {name}")
    assert module is implicit
    assert getattr(module, "__name__", name) in (name, "owt_adaptors", f"typing.{name}")


@pytest.mark.parametrize(
    "code",
    [
        "app = 3\ndef run(): return app",
        "def run(app=3): return app",
        "def run():\n    app = 3\n    return (lambda: app)()",
        "def run():\n    global app\n    app = 3\n    return app",
        "from math import floor as app\ndef run(): return app(3.5)",
        "def app(): return 3\ndef run(): return app()",
        "class app:\n    def __new__(cls): return 3\ndef run(): return app()",
        "for app in [3]: pass\ndef run(): return app",
        "lambda app=3: app",
        "lambda: [app for app in [3]][0]",
    ],
)
def test_what_the_code_binds_is_its_own(code):
    assert call(code) == 3
    assert not adaptor(code).uses_flask


def test_they_are_bound_only_where_they_are_used():
    loaded = adaptor("def run(): return sorted(globals())")
    names = loaded.function("run")[0]()
    assert not {*names} & {*_ready.STANDARD, *_ready.INSTALLED}


def alone(*options):
    """What a Python of its own prints."""
    *options, code = options
    folders = os.pathsep.join([str(HERE), str(HERE.parent)])
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": folders},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_adaptor_that_uses_none_loads_neither_flask_nor_requests():
    code = """
        import sys
        from adapting import call
        assert call("def run(x): return x + 1", 1) == 2
        assert call("def run(): return json.dumps(1)") == "1"
        print({"flask", "requests"} & set(sys.modules))
    """
    assert alone(code) == "set()\n"


def test_flasks_names_need_its_context():
    assert adaptor("def run(): return jsonify(a=1)").uses_flask
    assert adaptor("lambda: app.name").uses_flask
    assert not adaptor("def run(): return requests").uses_flask
    assert call("lambda: app") is _flask.app()


def test_they_are_not_what_the_code_defines():
    with pytest.raises(Refused, match="it defines 'walk'"):
        adaptor("def walk(): return json").function("run")
    with pytest.raises(Refused, match="does not define 'dataclass'"):
        adaptor("@dataclass\nclass A: pass").function("dataclass")


def test_a_step_stays_a_step():
    assert call("const({'a': 1}).get('a')") == 1
    assert call("const('{}').f(json.loads)") == {}


def test_what_is_not_installed_is_told_of():
    told = alone(
        "-S",  # without site-packages
        """
        from adapting import call
        from owt._errors import describe
        for name in ("jsonify", "nothing"):
            try:
                call(f"def run(): return {name}")
            except NameError as error:
                print(describe(error)[2])
        """,
    )
    flask, nothing = told.splitlines()
    assert "'jsonify' is not defined: it is there where flask is; owt looked in" in flask
    assert flask.endswith("flask") and " install " in flask
    assert nothing.endswith("name 'nothing' is not defined")
