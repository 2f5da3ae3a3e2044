"""Reads the text in a picture with PP-OCR. The picture is the request's body."""

import io

from PIL import Image, ImageDraw, ImageOps
from rapidocr import RapidOCR

# Loaded once, then warm. It is told to log no more than errors: pages without text are none.
READER = RapidOCR(params={"Global.log_level": "error"})
NO_PICTURE = "the body is no picture: send a PNG or JPEG, as `curl -T page.png` does\n", 415
MODES = ("1", "L", "RGB", "RGBA")


def picture_of(data):
    """The upright picture, or None if these bytes are none."""
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        return image if image.mode in MODES else image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def read(image):
    """The lines of text, from the top down: each with its certainty, and its four corners."""
    found = READER(image)
    if found.txts is None:
        return []
    return [
        {
            "text": text,
            "confidence": round(float(score), 3),
            "box": box.round().astype(int).tolist(),
        }
        for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
    ]


def run(request):
    image = picture_of(request.data)
    if image is None:
        return NO_PICTURE
    lines = read(image)
    text = "\n".join(line["text"] for line in lines)
    return {"width": image.width, "height": image.height, "text": text, "lines": lines}


def picture(request):
    """The picture itself, with a box around each line that was read."""
    image = picture_of(request.data)
    if image is None:
        return NO_PICTURE
    boxed = image.convert("RGB")
    draw = ImageDraw.Draw(boxed)
    width = max(2, image.width // 400)
    for line in read(image):
        corners = [tuple(corner) for corner in line["box"]]
        draw.line([*corners, corners[0]], fill=(220, 30, 60), width=width, joint="curve")
    return boxed
