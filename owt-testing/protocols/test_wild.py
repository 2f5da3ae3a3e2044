"""Schemathesis calls functions of every kind of parameter with what the OpenAPI document says.

What fits the schemas and what does not: no answer may be a 500, since none of the functions raises, nor
one that the document does not tell.
"""

import contextlib
import itertools
import json
import urllib.request
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
#: The same examples each time, so many of each function.
LIMITS = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
#: A POST by a program says that somebody means it.
HEADERS = {"X-Owt": "1"}


@pytest.fixture(scope="session")
def wild(kinds: str) -> schemathesis.BaseSchema:
    """What that server's document says, once it has read all modules."""
    for _ in itertools.count():
        with urllib.request.urlopen(f"{kinds}/_owt/functions") as answer:
            told = json.load(answer)
        if told["ready"]:
            break
    assert not told["errors"]
    assert len(told["functions"]) >= 40
    return schemathesis.openapi.from_url(f"{kinds}/_owt/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_told(
    wild: schemathesis.BaseSchema, mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    """By what fits the schemas, and by what does not."""
    statuses: Counter[int] = Counter()
    for found in wild.get_all_operations():
        operation = found.ok()

        @settings(LIMITS)
        @given(case=operation.as_strategy(generation_mode=mode))
        def tried(case: schemathesis.Case) -> None:
            answer = case.call(headers=HEADERS)
            statuses[answer.status_code] += 1
            # None is an answer without content and type, which OpenAPI can say only in words.
            checks = (
                CHECKS if answer.status_code != 200 or answer.content else CHECKS[:2]
            )
            case.validate_response(answer, checks=checks)

        # Nothing is wrong with an argument that may be anything.
        with subtests.test(operation.label), contextlib.suppress(Unsatisfiable):
            tried()
    expected = 200 if mode is GenerationMode.POSITIVE else 422
    assert statuses.most_common(1)[0][0] == expected, statuses
