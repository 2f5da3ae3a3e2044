import importlib.util
import shlex
import sys

from owt import _missing
from owt._errors import describe


def detail_of(source):
    try:
        exec(source, {})
    except ImportError as error:
        return describe(error)[2]
    raise AssertionError("it is there")


def test_it_says_where_and_how():
    detail = detail_of("import nosuchmodule_owt")
    assert detail.startswith(
        "the adaptor raised ModuleNotFoundError: No module named 'nosuchmodule_owt'; owt looked in "
    )
    assert f"at {sys.prefix};" in detail
    python = shlex.quote(sys.executable)
    assert detail.endswith(f": {python} -m pip install nosuchmodule_owt")
    assert "pip install nosuchmodule_owt" in detail_of("import nosuchmodule_owt.deep.down")


def test_a_distribution_may_have_another_name():
    error = ModuleNotFoundError("No module named 'cv2'", name="cv2")
    find, seen = importlib.util.find_spec, []

    def nothing(name, package=None):
        seen.append(name)
        return None

    importlib.util.find_spec = nothing
    try:
        told = _missing.hint(error)
    finally:
        importlib.util.find_spec = find
    assert told.endswith(f"uv pip install --python {shlex.quote(sys.executable)} opencv-python")
    assert seen == ["cv2", "pip"]


def test_a_part_of_what_is_there_is_not_to_be_installed():
    detail = detail_of("import json.nothing")
    assert "install" not in detail and "where json is, without this part of it" in detail


def test_an_error_of_the_adaptors_own_has_no_command():
    assert "install" not in _missing.hint(ModuleNotFoundError("mine"))
    assert "install" not in _missing.hint(ModuleNotFoundError("mine", name="; rm -rf /"))
