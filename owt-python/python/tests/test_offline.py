"""What is said of a library that could not get what it downloads."""

from __future__ import annotations

import importlib
import sys
import urllib.request

import pytest

from owt._errors import describe


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Makes a library of that name, with that code."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name, code):
        folder = tmp_path.joinpath(*name.split(".")[:-1])
        folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name.replace('.', '/')}.py").write_text(code)
        for part in (name.split(".")[0], name):
            monkeypatch.delitem(sys.modules, part, raising=False)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return make


def detail_of(work):
    with pytest.raises(BaseException) as caught:
        work()
    return describe(caught.value)[2]


FETCH = "import urllib.request\ndef fetch(): return urllib.request.urlopen('http://127.0.0.1:9/')\n"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("nltk.downloader", "NLTK_DATA"),
        ("tiktoken.load", "TIKTOKEN_CACHE_DIR"),
        ("huggingface_hub.file_download", "HF_HOME"),
        ("torch.hub", "TORCH_HOME"),
        ("sklearn.datasets.base", "SCIKIT_LEARN_DATA"),
    ],
)
def test_a_download_that_fails_says_what_to_do_beforehand(library, name, variable):
    detail = detail_of(library(name, FETCH).fetch)
    assert "URLError" in detail
    assert f"{variable}=FOLDER" in detail


def test_also_where_another_library_says_it_in_its_own_words(library):
    hub = library("huggingface_hub.file_download", FETCH)

    def load():
        try:
            hub.fetch()
        except OSError as error:
            raise RuntimeError("no such model") from error

    assert "HF_HUB_OFFLINE=1" in detail_of(load)


def test_missing_data_of_nltk(library):
    code = "def find(): raise LookupError('Resource punkt not found.\\nSearched in: /a')\n"
    detail = detail_of(library("nltk.data", code).find)
    assert "Resource punkt not found.\nSearched in: /a" in detail
    assert "NLTK_DATA=FOLDER" in detail


def test_other_errors_are_left_alone(library):
    code = "def find(): raise LookupError('x')\ndef key(): {}['y']\ndef file(): open('/no/file')\n"
    other = library("nltk.tree", code)
    assert "NLTK_DATA" not in detail_of(other.key)
    assert "NLTK_DATA" not in detail_of(other.file)
    assert "FOLDER" not in detail_of(library("my_nltk", code).find)
    assert "FOLDER" not in detail_of(lambda: urllib.request.urlopen("http://127.0.0.1:9/"))
