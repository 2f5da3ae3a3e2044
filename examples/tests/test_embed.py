"""Sentences to vectors, and how near they are as a picture."""

import functools
import io
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from conftest import code
from owt.client import OwtError

pytestmark = pytest.mark.example("embed")

# Each of the first is nearer to its neighbour than to any other.
PAIRS = [
    ("A man is eating food.", "Someone is having a meal."),
    ("The cat sleeps on the sofa.", "A kitten naps on the couch."),
    ("How do I reset my password?", "I forgot my login credentials."),
    ("The stock market fell today.", "Share prices dropped sharply."),
    ("It will rain tomorrow.", "The forecast says wet weather."),
]
AWKWARD = [
    "",
    " ",
    "costs $5 or $x_{1}$",
    "世界 😀 مرحبا",
    "long " * 500,
    "two\nlines\t",
    "\0",
    "-" * 99,
]


def similarity(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("sentences", [["Hello"], ["Hello", "", "世界 " * 400], AWKWARD])
def test_unit_vectors_of_384_numbers(client, sentences):
    vectors = client(code("embed"), sentences=sentences)
    assert [len(vector) for vector in vectors] == [384] * len(sentences)
    assert all(math.isclose(similarity(v, v), 1, abs_tol=1e-4) for v in vectors)


def test_one_sentence_of_many_callers_is_as_in_a_list(client):
    sentences = [text for pair in PAIRS for text in pair] * 4
    call = functools.partial(client, code("embed"), fn_name="vector")
    with ThreadPoolExecutor(len(sentences)) as callers:
        vectors = list(callers.map(lambda text: call(sentence=text), sentences))
    for vector, wanted in zip(vectors, client(code("embed"), sentences=sentences), strict=True):
        assert similarity(vector, wanted) > 0.99


def test_nothing_in_nothing_out(client):
    assert client(code("embed"), sentences=[]) == []


def test_related_sentences_are_nearest(client):
    firsts, seconds = zip(*PAIRS, strict=True)
    vectors = client(code("embed"), sentences=[*firsts, *seconds])
    left, right = vectors[: len(PAIRS)], vectors[len(PAIRS) :]
    for i, vector in enumerate(left):
        others = [right[j] for j in range(len(PAIRS)) if j != i] + left[:i] + left[i + 1 :]
        assert similarity(vector, right[i]) > max(similarity(vector, other) for other in others)


@pytest.mark.parametrize("sentences", [["One"], [text for pair in PAIRS for text in pair], AWKWARD])
def test_a_picture_that_opens(client, sentences):
    picture = Image.open(io.BytesIO(client(code("embed"), sentences=sentences, fn_name="heatmap")))
    picture.load()
    count = len(sentences)
    assert (picture.format, picture.size) == ("PNG", (480 + 60 * count, 108 + 60 * count))


def test_near_ones_are_dark(client):
    def dark(*sentences):
        png = client(code("embed"), sentences=sentences, fn_name="heatmap")
        return sum(Image.open(io.BytesIO(png)).convert("L").histogram()[:140])

    # All four cells, and not only the two of a sentence with itself.
    (first, near), (far, _) = PAIRS[:2]
    assert dark(first, near) > 1.5 * dark(first, far)


@pytest.mark.parametrize("count", [0, 41])
def test_no_picture_of_none_or_too_many(client, count):
    with pytest.raises(OwtError, match=f"1 to 40 sentences, not {count}") as refused:
        client(code("embed"), sentences=["x"] * count, fn_name="heatmap")
    assert refused.value.status == 400
