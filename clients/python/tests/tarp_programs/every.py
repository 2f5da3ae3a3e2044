"""Endpoints of every kind, for the tests of TARP's wire."""

import argparse
import os
import threading
import time

from owt import tarp

parser = argparse.ArgumentParser()
parser.add_argument("--name", default="nobody")
options = parser.parse_args()

counted = 0
gate = threading.Event()


def add(x, y=0):
    """Adds two numbers."""
    return x + y


class Point:
    def __init__(self, x):
        self.x = x


def point(x):
    return Point(x)


def count():
    global counted
    counted += 1
    return counted


def fail(message):
    raise ValueError(message)


def slow(seconds, value):
    time.sleep(seconds)
    return value


def name(query, body):
    return options.name


def echo(query, body):
    kind = type(body).__name__
    shown = body.hex() if isinstance(body, bytes) else body
    return {"query": query, "body": shown, "type": kind}


def give(query, body):
    values = {
        "str": "tëxt", "bytes": b"\x00\xff", "int": 7, "true": True, "zero": 0, "tuple": (1, 2),
        "none": None, "nan": float("nan"), "list": [b"a", {"b": b"b"}], "empty": "",
        "raw": tarp.server.rawPayload("tëxt"), "png": tarp.server.rawPayload(b"\x89PNG", "image/png"),
        "json": tarp.server.rawPayload({"a": [1]}, mimetype="application/x-thing"),
    }
    return values[query["what"]]


def not_yet(query, body):
    raise tarp.server.OperationInProgress("not yet", retry_after=2.5)


def invalid(query, body):
    raise tarp.server.InvalidServerState("generate first")


server = tarp.server.makeServer()
other = tarp.server.makeServer("other")
other.addRPCEndpoint("others", add)
server.addRPCEndpoint("add", add)
server.addRPCEndpoint("point", point)
server.addRPCEndpoint("count", count)
server.addRPCEndpoint("fail", fail, description="Fails.")
server.addRPCEndpoint("lambda", lambda **named: named)
server.addRPCEndpoint("pid", os.getpid)
server.addRPCEndpoint("a/b", add)
server.addAsyncRPCEndpoint("later", slow, suggested_wait=0.2)
server.addAsyncRPCEndpoint("counted", count, suggested_wait=0)
server.addAsyncRPCEndpoint("failing", fail)
server.addAsyncRPCEndpoint("process", os.getpid)
server.addGetEndpoint("name", name)
server.addGetEndpoint("echo", echo, query_params=["a"])
server.addGetEndpoint("give", give)
server.addGetEndpoint("typed", lambda query, body: "x", result_mimetype="text/x-thing")
server.addGetEndpoint("not_yet", not_yet)
server.addGetEndpoint("invalid", invalid)
server.addPostEndpoint("post", echo, payload_mimetype="application/json", payload_schema={"a": 1})
tarp.server.runServer(server, port=8080)
