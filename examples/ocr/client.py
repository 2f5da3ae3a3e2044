"""Prints each line of text in the picture, with its upper left corner.

Run: PYTHONPATH=owt-python/python python3 examples/ocr/client.py PICTURE
"""

import pathlib
import sys

from owt.client import Client

code = pathlib.Path(__file__).with_name("ocr.py").read_text(encoding="utf-8")
picture = pathlib.Path(sys.argv[1]).read_bytes()
for line in Client()(code, data=picture)["lines"]:
    (x, y), *_ = line["box"]
    print(f"{x},{y} {line['text']}")
