"""What an adaptor may say of how it wants to be run."""

from __future__ import annotations

import pytest

from owt._errors import Refused
from owt._wishes import wants_own_thread


@pytest.mark.parametrize(
    "code",
    [
        '__owt__ = {"threads": 1}',
        '"""Doc."""\nimport os\n__owt__: dict = {"threads": 1}\ndef run(): pass',
        'a = __owt__ = {"threads": 1}',
        '\ufeff__owt__ = {"threads": 1}',
    ],
)
def test_an_own_thread_is_asked_for(code):
    assert wants_own_thread(code)


@pytest.mark.parametrize(
    "code",
    [
        "__owt__ = {}",
        "def run():\n    __owt__ = {'threads': 1}",
        "print('__owt__')",
        "this is __owt__ no Python",
        "(__owt__",
        "__owt__: dict",
    ],
)
def test_nothing_is_asked_for(code):
    assert not wants_own_thread(code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("__owt__ = {'threads': 2}", "2 threads"),
        ("__owt__ = {'threads': True}", "True threads"),
        ("__owt__ = {'threads': 1.0}", "1.0 threads"),
        ("__owt__ = {'thread': 1}", "'thread', which is not known"),
        ("__owt__ = {'threads': 1, 'gpu': 1}", "'gpu'"),
        ("__owt__ = [1]", "of type list"),
        ("__owt__ = dict(threads=1)", "write the dict itself"),
    ],
)
def test_what_is_not_known_is_refused_by_name(code, words):
    with pytest.raises(Refused, match=words) as refused:
        wants_own_thread(code)
    assert (refused.value.slug, refused.value.field) == ("not-runnable", "code_b64")
