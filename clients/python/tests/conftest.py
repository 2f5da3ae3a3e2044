import pytest

from owt.client import Client
from peer import Peer
from serving import Gate, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a server for all tests."""
    with serving(tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture
def client(server):
    return Client(server)


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path / "gate")


@pytest.fixture
def peers():
    """Makes servers that misbehave, which end with the test."""
    made = []

    def peer(answer):
        made.append(Peer(answer))
        return made[-1]

    yield peer
    for one in made:
        one.close()
