"""MCP as others speak it: the official SDK and fastmcp's client, by HTTP and by `owt mcp`."""

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from typing import Any

import fastmcp
import pytest
from conftest import OWT, TOKEN, environment
from fastmcp.client.transports import StdioTransport
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


def by_stdio(url: str) -> tuple[str, list[str]]:
    """The command of a bridge to that server."""
    return OWT, ["mcp", "--address", url]


@contextlib.asynccontextmanager
async def official(url: str, way: str, mode: str) -> AsyncIterator[Client]:
    """The SDK's client."""
    if way == "http":
        transport: Any = f"{url}/_owt/mcp"
    else:
        command, args = by_stdio(url)
        transport = stdio_client(
            StdioServerParameters(command=command, args=args, env=environment())
        )
    async with Client(transport, mode=mode) as client:
        yield client


@contextlib.asynccontextmanager
async def theirs(url: str, way: str) -> AsyncIterator[fastmcp.Client]:
    """fastmcp's client."""
    if way == "http":
        transport: Any = f"{url}/_owt/mcp"
    else:
        command, args = by_stdio(url)
        transport = StdioTransport(command, args, env=environment())
    async with fastmcp.Client(transport) as client:
        yield client


CLIENTS: dict[str, Callable[[str], Any]] = {
    f"{kind}-{way}": (
        (lambda url, way=way: theirs(url, way))
        if kind == "fastmcp"
        else (lambda url, way=way, mode=kind: official(url, way, mode))
    )
    for kind in (MODERN, "auto", "legacy", "fastmcp")
    for way in ("http", "stdio")
}


@pytest.fixture(params=CLIENTS)
def connect(request, url) -> Callable[[], Any]:
    """What makes a client of each kind."""
    return lambda: CLIENTS[request.param](url)


async def called(
    client: Any, name: str, arguments: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """A tool's result as it is on the wire, whichever client's it is."""
    if isinstance(client, fastmcp.Client):
        found = await client.call_tool_mcp(name, arguments, **more)
    else:
        found = await client.call_tool(name, arguments, **more)
    return found.model_dump(mode="json", by_alias=True, exclude_none=True)


async def listed(client: Any) -> dict[str, dict[str, Any]]:
    """The tools by their names."""
    found = await client.list_tools()
    tools = found if isinstance(found, list) else found.tools
    told = [
        tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools
    ]
    return {tool["name"]: tool for tool in told}


def inside(connect: Callable[[], Any], work: Callable[[Any], Any]) -> Any:
    """Do this with a client."""

    async def run() -> Any:
        async with connect() as client:
            return await work(client)

    return asyncio.run(run())


def keywords(schema: Any) -> set[str]:
    """All keys of a schema, at any depth."""
    if isinstance(schema, dict):
        return {*schema, *(key for value in schema.values() for key in keywords(value))}
    if isinstance(schema, list):
        return {key for value in schema for key in keywords(value)}
    return set()


def test_functions_are_tools_with_schemas_that_every_client_reads(connect):
    tools = inside(connect, listed)
    assert {"tools.add", "tools.move", "tools.double", "run_python"} <= tools.keys()
    add = tools["tools.add"]
    assert add["description"] == "Add two numbers.\n\nAny two."
    assert add["inputSchema"]["properties"]["y"] == {"type": "integer", "default": 2}
    assert add["outputSchema"]["properties"] == {"result": {"type": "integer"}}
    for tool in tools.values():
        for schema in (
            tool["inputSchema"],
            tool.get("outputSchema", {"type": "object"}),
        ):
            assert schema["type"] == "object", tool
            assert not {"$ref", "$defs", "x-mcp-header"} & keywords(schema), tool


@pytest.mark.parametrize(
    ("name", "arguments", "structured"),
    [
        ("add", {"x": 1, "y": 5}, {"result": 6}),
        ("add", {"x": 1}, {"result": 3}),
        ("greet", {"name": "owt"}, {"result": "Hello, owt!"}),
        ("move", {"point": {"x": 1, "y": 2}}, {"x": 2.0, "y": 2.0, "colour": "red"}),
        ("stats", {"ns": [1, 2]}, {"sum": 3.0, "count": 2}),
        ("day_of", {"at": "2026-07-28T12:00:00"}, {"result": "2026-07-28"}),
        ("price", {"amount": "1.50"}, {"result": "1.50"}),
        ("total", {"args": [1, 2, 3]}, {"result": 6}),
        ("anything", {"a": [1]}, {"a": [1]}),
        ("choose", {"options": {"depth": 1}}, {"depth": 1}),
        ("size", {"data": "b3d0"}, {"result": 3}),
        ("double", {"n": 4}, {"result": 8}),
        ("wait", {"seconds": 0}, {"result": 0}),
    ],
)
def test_results_are_structured_and_text(url, name, arguments, structured):
    for kind in ("2026-07-28-http", "legacy-http"):
        told = inside(
            lambda kind=kind: CLIENTS[kind](url),
            lambda client: called(client, f"tools.{name}", arguments),
        )
        assert told["structuredContent"] == structured
        assert not told["isError"]
        assert told["content"][0]["type"] == "text"


def test_a_call_by_each_client(connect):
    told = inside(connect, lambda client: called(client, "tools.add", {"x": 1}))
    assert told["structuredContent"] == {"result": 3}
    assert told["content"] == [{"type": "text", "text": "3"}]


def test_numbers_keep_all_their_digits(connect):
    told = inside(connect, lambda client: called(client, "tools.untold", {"x": 10**30}))
    assert told["content"] == [{"type": "text", "text": f"[{10**30}]"}]


def test_pictures_and_sound_are_what_they_are(connect):
    async def work(client: Any) -> None:
        [picture] = (await called(client, "tools.picture", {}))["content"]
        assert (picture["type"], picture["mimeType"]) == ("image", "image/png")
        [sound] = (await called(client, "tools.sound", {}))["content"]
        assert sound["type"] == "audio"
        assert "wav" in sound["mimeType"]

    inside(connect, work)


def test_what_is_raised_is_the_tools_error(connect):
    async def work(client: Any) -> None:
        told = await called(client, "tools.fail", {"why": "no such thing"})
        assert told["isError"]
        assert "ValueError: no such thing" in told["content"][0]["text"]
        told = await called(client, "tools.add", {"x": "one", "z": 1})
        assert told["isError"]
        assert "`x`" in told["content"][0]["text"]
        assert "`z`" in told["content"][0]["text"]
        told = await called(client, "tools.wrong", {})
        assert told["isError"]
        assert [block["text"] for block in told["content"]][1] == "three"

    inside(connect, work)


def test_code_is_run_by_a_tool_of_its_own(connect):
    async def work(client: Any) -> None:
        code = "def run(n): return {'n': n * 2}"
        told = await called(client, "run_python", {"code": code, "kwargs": {"n": 4}})
        assert told["structuredContent"] == {"n": 8}
        told = await called(client, "run_python", {"code": "def run(: pass"})
        assert told["isError"]
        assert (
            "line 1" in told["content"][0]["text"]
            or "SyntaxError" in told["content"][0]["text"]
        )
        told = await called(client, "run_python", {})
        assert told["isError"]
        assert "code" in told["content"][0]["text"]
        slow = "def run():\n    import time\n    time.sleep(60)"
        told = await called(client, "run_python", {"code": slow, "timeout": 0.3})
        assert told["isError"]

    inside(connect, work)


def test_a_stream_is_progress_and_then_the_whole(connect):
    told: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def work(client: Any) -> dict[str, Any]:
        handler = (
            "progress_handler"
            if isinstance(client, fastmcp.Client)
            else "progress_callback"
        )
        return await called(client, "tools.count", {"to": 3}, **{handler: note})

    result = inside(connect, work)
    assert result["content"] == [{"type": "text", "text": "1\n2\n3\n"}]
    assert [progress for progress, _ in told] == list(range(1, len(told) + 1))
    assert "".join(f"{message}\n" for _, message in told) == "1\n2\n3\n"


def test_a_tool_that_nobody_has(connect):
    async def work(client: Any) -> None:
        with pytest.raises(Exception, match=r"Unknown tool: tools\.subtract"):
            await called(client, "tools.subtract", {})

    inside(connect, work)


def post(url: str, message: Any, **headers: str) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    request = urllib.request.Request(
        f"{url}/_owt/mcp",
        json.dumps(message).encode(),
        {
            "Content-Type": "application/json",
            **{key.replace("_", "-"): value for key, value in headers.items()},
        },
    )
    try:
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if body else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def test_headers_say_what_the_body_does(url):
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "tools.add", "arguments": {"x": 1}, "_meta": META},
    }
    whole = {
        "MCP_Protocol_Version": MODERN,
        "Mcp_Method": "tools/call",
        "Mcp_Name": "tools.add",
    }
    status, told = post(url, call, **whole)
    assert (status, told["result"]["resultType"]) == (200, "complete")
    for name in whole:
        status, told = post(
            url, call, **{key: whole[key] for key in whole if key != name}
        )
        assert (status, told["error"]["code"]) == (400, -32020), name
    assert post(url, {"jsonrpc": "2.0", "method": "notifications/initialized"}) == (
        202,
        None,
    )
    status, told = post(url, [call])
    assert (status, told["error"]["code"]) == (400, -32600)


def test_it_is_behind_the_door(url, locked):
    """Keys, names and pages of others are asked for as everywhere; code can be left out."""
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert post(locked, listing)[0] == 401
    status, told = post(locked, listing, Authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert "run_python" not in [tool["name"] for tool in told["result"]["tools"]]
    run = {
        **listing,
        "method": "tools/call",
        "params": {"name": "run_python", "arguments": {}},
    }
    status, told = post(locked, run, Authorization=f"Bearer {TOKEN}")
    assert told["error"]["message"] == "Unknown tool: run_python"
    assert post(url, listing, Origin="https://example.org")[0] == 403
    assert post(url, listing, Host="example.org")[0] == 403
    request = urllib.request.Request(f"{url}/_owt/mcp", headers={"X-Owt": "1"})
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(request)


def test_who_goes_cancels(url):
    """By stdio that is a notification, and the call that waits ends."""

    async def work() -> None:
        async with CLIENTS["2026-07-28-stdio"](url) as client:
            with pytest.raises(Exception, match="(?i)time"):
                await client.call_tool(
                    "tools.wait", {"seconds": 100}, read_timeout_seconds=0.3
                )
            told = await called(client, "tools.add", {"x": 1})
            assert told["structuredContent"] == {"result": 3}

    asyncio.run(work())
