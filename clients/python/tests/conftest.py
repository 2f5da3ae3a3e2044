import pytest
from serving import serving

from owt.client import Client


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a server for all tests."""
    with serving(tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture
def client(server):
    return Client(server)
