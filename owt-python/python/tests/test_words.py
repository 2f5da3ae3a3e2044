import pytest

from owt._words import with_article


@pytest.mark.parametrize(
    "noun,wanted",
    [
        ("object", "an object"),
        ("int", "an int"),
        ("asyncio.Future", "an asyncio.Future"),
        ("Interval", "an Interval"),
        ("bytes", "a bytes"),
        ("NoneType", "a NoneType"),
        ("mylib.Thing", "a mylib.Thing"),
        ("Series", "a Series"),
        ("uint8", "a uint8"),
        ("UInt8Dtype", "a UInt8Dtype"),
        ("UUID", "a UUID"),
        ("uuid.UUID", "a uuid.UUID"),
        ("UserDict", "a UserDict"),
        ("Unknown", "an Unknown"),
        ("HTTPError", "an HTTPError"),
        ("SVG", "an SVG"),
        ("PIL", "a PIL"),
        ("datetime64[ns]", "a datetime64[ns]"),
    ],
)
def test_articles(noun, wanted):
    assert with_article(noun) == wanted
