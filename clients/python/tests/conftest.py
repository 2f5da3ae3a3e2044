import pytest

from owt.client import Client
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
