"""Once installed, nothing is fetched: the models come with their packages."""

import subprocess
import sys

import pytest

import serving
from conftest import code
from owt.client import Client, OwtError

# A network of nothing but its own loopback, which is to be switched on (SIOCSIFFLAGS, IFF_UP).
LOOPBACK = """
import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execvp(sys.argv[1], sys.argv[1:])
"""
ALONE = ["unshare", "--map-root-user", "--net", sys.executable, "-c", LOOPBACK]
TIMED = {
    name: about["timed"] for name in serving.names() if "timed" in (about := serving.about(name))
}


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """A client of a server that has no network at all, and an empty home: no cache to read."""
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("`unshare` makes no network namespace here")
    home = tmp_path_factory.mktemp("home")
    path = str(home / "socket")
    with serving.serving(
        serving.binary(), "--quiet", "--unix", path, under=ALONE, HOME=str(home)
    ) as address:
        yield Client(address)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.example(name)) for name in TIMED]
)
def test_answers_without_a_network(cut_off, name):
    timed = TIMED[name]
    options = {"fn_name": timed.get("fn_name", "run"), "kwargs": timed.get("kwargs")}
    if "data" in timed:
        options["data"] = (serving.EXAMPLES / name / timed["data"]).read_bytes()
    assert cut_off.stream(code(name), **options).read()


def test_there_is_no_network(cut_off):
    with pytest.raises(OwtError) as refused:
        cut_off("lambda: socket.create_connection(('192.0.2.1', 80))")
    assert refused.value.exception["message"] == "[Errno 101] Network is unreachable"
