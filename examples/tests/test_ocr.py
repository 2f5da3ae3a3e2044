"""The text in a picture, with its boxes."""

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

import serving
from conftest import code
from owt.client import OwtError

pytestmark = pytest.mark.example("ocr")

LINES = [
    "The Daily Harbour",
    "Ferry leaves at 9.45 from pier 7",
    "Tickets cost 12 euros",
    "Bring a coat!",
]


def page(mode="RGB", paper="white", ink="black"):
    """A page with these lines, and where each of them is."""
    image = Image.new(mode, (800, 420), paper)
    draw = ImageDraw.Draw(image)
    places = []
    for i, line in enumerate(LINES):
        at, font = (50, 40 + 90 * i), ImageFont.load_default(36)
        draw.text(at, line, font=font, fill=ink)
        places.append(draw.textbbox(at, line, font=font))
    return image, places


def encoded(image, form="PNG", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def test_reads_a_page(client):
    image, places = page()
    read = client(code("ocr"), data=encoded(image))
    assert read["text"].splitlines() == LINES
    assert (read["width"], read["height"]) == image.size
    assert [line["text"] for line in read["lines"]] == LINES
    for line, place in zip(read["lines"], places, strict=True):
        assert 0.9 < line["confidence"] <= 1
        xs, ys = zip(*line["box"], strict=True)
        found = min(xs), min(ys), max(xs), max(ys)
        assert all(abs(a - b) < 20 for a, b in zip(found, place, strict=True)), (found, place)


@pytest.mark.parametrize(
    "data",
    [
        encoded(page()[0], "JPEG"),
        encoded(page("L", 255, 0)[0]),
        encoded(page()[0].quantize(8)),
        encoded(page("RGBA", (0, 0, 0, 0), "black")[0]),
        encoded(page("RGB", "navy", "white")[0], "WEBP", lossless=True),
        # On its side, with a note of how to hold it.
        encoded(
            page()[0].rotate(90, expand=True),
            "JPEG",
            exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
        ),
    ],
    ids=["JPEG", "gray", "palette", "transparent", "white on blue", "on its side"],
)
def test_reads_any_sort_of_picture(client, data):
    assert client(code("ocr"), data=data)["text"].splitlines() == LINES


def test_draws_the_boxes(client):
    image, places = page()
    boxed = Image.open(io.BytesIO(client(code("ocr"), data=encoded(image), fn_name="picture")))
    assert (boxed.format, boxed.size) == ("PNG", image.size)
    red = Image.eval(boxed.convert("HSV").getchannel("S"), lambda colour: 255 * (colour > 128))
    left, top, right, bottom = red.getbbox()
    assert left < places[0][0] and top < places[0][1]
    assert right > max(place[2] for place in places) and bottom > places[-1][3]


def test_an_empty_page_has_no_lines(client):
    data = encoded(Image.new("RGB", (300, 200), "white"))
    assert client(code("ocr"), data=data) == {"width": 300, "height": 200, "text": "", "lines": []}


@pytest.mark.parametrize("fn_name", ["run", "picture"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello " * 99,
        encoded(page()[0])[:2000],
        (serving.EXAMPLES / "transcribe/sample.wav").read_bytes(),
    ],
    ids=["nothing", "text", "half a picture", "a sound"],
)
def test_says_what_to_send_instead(client, fn_name, body):
    with pytest.raises(OwtError, match="the body is no picture: send a PNG or JPEG") as refused:
        client(code("ocr"), data=body, fn_name=fn_name)
    assert refused.value.status == 415
