"""The peer FastAPI: async handlers, hard-coded. Served by uvicorn with uvloop and httptools."""

from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel

BINARY = b"owt!" * 2_500_000

app = FastAPI()


class Greeting(BaseModel):
    name: str


@app.post("/hello")
async def hello(greeting: Greeting) -> Response:
    return HTMLResponse(f"Hello, {greeting.name}!")


@app.post("/fixed")
async def fixed() -> Response:
    return HTMLResponse("Hello, owt!")


@app.post("/stream")
async def stream() -> Response:
    async def chunks() -> AsyncIterator[str]:
        for i in range(100_000):
            yield f"chunk number {i:05}"

    return StreamingResponse(chunks(), media_type="text/html")


@app.post("/binary")
async def binary() -> Response:
    return Response(BINARY, media_type="application/octet-stream")
