"""Sentences to vectors."""

import math

import pytest

import serving
from conftest import code, script

pytestmark = pytest.mark.example("embed")

# Each of the first is nearer to its neighbour than to any other.
PAIRS = [
    ("A man is eating food.", "Someone is having a meal."),
    ("The cat sleeps on the sofa.", "A kitten naps on the couch."),
    ("How do I reset my password?", "I forgot my login credentials."),
    ("The stock market fell today.", "Share prices dropped sharply."),
    ("It will rain tomorrow.", "The forecast says wet weather."),
]


def similarity(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_unit_vectors_of_384_numbers(client):
    [vector] = client(code("embed"), sentences=["Hello"])
    assert len(vector) == 384
    assert math.isclose(similarity(vector, vector), 1, abs_tol=1e-4)


def test_related_sentences_are_nearest(client):
    firsts, seconds = zip(*PAIRS, strict=True)
    vectors = client(code("embed"), sentences=[*firsts, *seconds])
    left, right = vectors[: len(PAIRS)], vectors[len(PAIRS) :]
    for i, vector in enumerate(left):
        others = [right[j] for j in range(len(PAIRS)) if j != i] + left[:i] + left[i + 1 :]
        assert similarity(vector, right[i]) > max(similarity(vector, other) for other in others)


@pytest.mark.parametrize("language", serving.LANGUAGES)
def test_the_same_in_every_language(address, language):
    sentences = ["A man is eating food.", "Someone's having a “meal”.", "-x die Größe 世界", ""]
    assert script(address, "embed", language, *sentences) == script(
        address, "embed", "Python", *sentences
    )
