"""The peer Flask: its development server as it comes (threaded). Handlers hard-coded.

python flask_app.py PORT
"""

import sys
from collections.abc import Iterator

from flask import Flask, Response, request

BINARY = b"owt!" * 2_500_000

app = Flask(__name__)


@app.post("/hello")
def hello() -> str:
    return f"Hello, {request.json['name']}!"


@app.post("/fixed")
def fixed() -> str:
    return "Hello, owt!"


@app.post("/stream")
def stream() -> Response:
    def chunks() -> Iterator[str]:
        for i in range(100_000):
            yield f"chunk number {i:05}"

    return Response(chunks(), mimetype="text/html")


@app.post("/binary")
def binary() -> Response:
    return Response(BINARY, mimetype="application/octet-stream")


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]))
