"""Uploads of some megabytes, whose checksum is answered by who has read the request."""

import hashlib
import os
import random

from ..stage import Scene, Stage, together

MOST = 6 << 20
CODE = """
import hashlib
def run(request, n):
    first, again = request.data, request.data
    sums = {hashlib.sha256(data).hexdigest() for data in (first, again)}
    return f"{n} {request.path} {request.headers['content-length']} {sums}"
"""


async def _upload(stage: Stage) -> None:
    async def one(n: int) -> None:
        data = os.urandom(1 << 16) * random.randint(1, MOST >> 16)
        path = f"/upload/{n}"
        reply = await stage.upload(CODE, n, data, path)
        checksum = hashlib.sha256(data).hexdigest()
        stage.is_right(reply, f"{n} {path} {len(data)} { {checksum} }")

    await together(*(one(next(stage.numbers)) for _ in range(3)))


UPLOADS = (Scene("upload", _upload),)
