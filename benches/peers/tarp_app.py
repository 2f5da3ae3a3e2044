"""The peer TARP: the function as one of its RPC endpoints. $TARP_SOURCE names its checkout."""

import os
import sys

sys.path.insert(0, os.environ["TARP_SOURCE"])

from tarp import server as tarp


def hello(name: str) -> str:
    return f"Hello, {name}!"


functions = tarp.makeServer("functions", multiThreaded=True)
functions.addRPCEndpoint("hello", hello)
tarp.runServer(functions, port=int(sys.argv[1]), bindTo="127.0.0.1")
