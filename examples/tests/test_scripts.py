"""The same command line and the same output in every language."""

import functools

import pytest

import serving
from conftest import script

ARGUMENTS = {
    "embed": ["A man is eating food.", "Someone's having a “meal”.", "-x die Größe 世界", ""],
    "ocr": ["examples/ocr/sample.png"],
    "transcribe": ["examples/transcribe/sample.wav"],
}
PRINTS = {
    "embed": "% Someone's having a “meal”.",
    "ocr": "Harbour Bakery",
    "transcribe": "The train to the coast leaves at",
}


@pytest.mark.parametrize("language", serving.LANGUAGES)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.example(name)) for name in ARGUMENTS]
)
def test_prints_what_python_prints(address, name, language):
    printed = script(address, name, language, *ARGUMENTS[name])
    assert PRINTS[name].lower() in printed.lower()
    assert printed == in_python(address, name)


@functools.cache
def in_python(address, name):
    return script(address, name, "Python", *ARGUMENTS[name])
