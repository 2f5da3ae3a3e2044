"""A client for owt, with nothing but the standard library.

    from owt.client import Client
    client = Client("http://127.0.0.1:9876")
    client("def run(name): return {'hello': name}", name="world")    # {'hello': 'world'}

`client.stream(...)` gives the answer as it comes, `@client.remote` runs a function of this program
on the server. `owt(code, ...)` calls without a client. On the command line:
`python -m owt.client --code CODE --arg NAME VALUE`.
"""

from ._answer import Answer, Event, OwtError
from ._call import Call
from ._client import Client, owt
from ._connection import DEFAULT_URL

__all__ = ["DEFAULT_URL", "Answer", "Call", "Client", "Event", "OwtError", "owt"]
