"""Where the server listens, what a call may change of it, and starting another one."""

from __future__ import annotations

import contextvars
import multiprocessing
import os
import pathlib
import socket
import stat
import subprocess
import sys
import textwrap

import pytest

from owt import server
from owt.server import Server, args

ROOT = pathlib.Path(__file__).parents[1]

# In the place of the program owt: serves as told, and tells how it was called.
PROGRAM = """\
#!{python}
import json, os, socket, sys
flags = dict(zip(sys.argv[2::2], sys.argv[3::2]))
listener = socket.create_server((flags["--address"], int(flags["--port"])))
while True:
    peer, _ = listener.accept()
    told = [sys.argv[1:], os.environ.get("OWT_PORT"), os.getpid()]
    try:
        peer.sendall(json.dumps(told).encode())
    except OSError:
        pass
    peer.close()
"""


@pytest.fixture
def configured(monkeypatch, tmp_path):
    program = tmp_path / "owt"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("OWT_PORT", "1")
    monkeypatch.setenv("OWT_BINARY", "")  # so that they are put back
    monkeypatch.setenv("OWT_PYTHON", "")
    monkeypatch.setattr(Server, "_one", None)
    server.configure(address="127.0.0.1", port=9999, binary=str(program))
    return program


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def ask(port):
    """What the program tells. Refused when it does not listen yet."""
    import json

    with socket.create_connection(("127.0.0.1", port)) as connection:
        return json.loads(connection.makefile("rb").read())


def test_sing_is_one_server(configured):
    assert Server.sing() is Server.sing()
    assert (Server.sing().address, Server.sing().port) == ("127.0.0.1", 9999)
    assert (args.address, args.port) == ("127.0.0.1", 9999)
    assert os.environ["OWT_BINARY"] == str(configured)
    assert os.environ["OWT_PYTHON"] == sys.executable
    with pytest.raises(AttributeError, match="no 'colour'"):
        _ = args.colour


def test_sing_outside_a_server(monkeypatch):
    monkeypatch.setattr(Server, "_one", None)
    monkeypatch.delenv("OWT_PORT", raising=False)
    monkeypatch.setenv("OWT_ADDRESS", "0.0.0.0")
    assert (Server.sing().address, Server.sing().port) == ("0.0.0.0", 9876)
    monkeypatch.setattr(Server, "_one", None)


def test_what_a_call_sets_only_it_sees(configured):
    def call():
        args.port = 5
        return args.port

    assert contextvars.Context().run(call) == 5
    assert args.port == 9999 and Server.sing().port == 9999

    def take_back():
        args.port = 5
        del args.port
        return args.port

    assert contextvars.Context().run(take_back) == 9999


def test_no_program_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.delenv("OWT_BINARY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="OWT_BINARY"):
        server.main(port=1)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_serves_when_start_returns(configured, method):
    """As in the seeds: called right after `start`, ended by `terminate`."""
    context = multiprocessing.get_context(method)
    port = free_port()
    process = context.Process(target=server.main, kwargs={"port": port})
    process.start()
    told, environment_port, pid = ask(port)
    assert told == ["serve", "--address", "127.0.0.1", "--port", str(port)]
    assert environment_port is None and pid == process.pid
    process.terminate()
    process.join(20)
    assert process.exitcode is not None


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_takes_the_port_that_the_call_has_set(configured, method):
    port = free_port()

    def call():
        args.port = port
        process = multiprocessing.get_context(method).Process(target=server.main)
        process.start()
        return process

    process = contextvars.Context().run(call)
    assert ask(port)[0][-1] == str(port)
    process.terminate()
    process.join(20)


def test_start_returns_when_the_child_dies(configured):
    configured.write_text("#!/bin/sh\nexit 3\n")
    process = multiprocessing.get_context("fork").Process(target=server.main, args=(free_port(),))
    process.start()
    process.join(20)
    assert process.exitcode == 3


def test_other_processes_start_as_ever():
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join(20)
    assert process.exitcode == 0
    before = multiprocessing.process.BaseProcess.start
    server._await_servers(multiprocessing.process)
    assert multiprocessing.process.BaseProcess.start is before


def test_main_outside_multiprocessing_waits_for_its_child(configured):
    configured.write_text('#!/bin/sh\necho "$@"\nexit 4\n')
    script = "import sys; from owt.server import main; sys.exit(main(7, '::1', ['--quiet']))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout == "serve --address ::1 --port 7 --quiet\n"


def test_main_ends_its_child_when_interrupted(configured):
    port = free_port()
    script = textwrap.dedent(f"""
        import os, signal, socket, threading, time
        from owt import server
        def interrupt():
            while True:
                try:
                    socket.create_connection(("127.0.0.1", {port})).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            server.main({port})
        except KeyboardInterrupt:
            print("interrupted")
    """)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "OWT_ADDRESS": "127.0.0.1"},
    )
    assert done.stdout == "interrupted\n", done.stderr
    with pytest.raises(ConnectionRefusedError):
        ask(port)


def python_m_owt_server(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OWT_")}
    return subprocess.run(
        [sys.executable, "-m", "owt.server", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**kept, **environment},
    )


def test_python_m_owt_server_is_owt_serve(tmp_path):
    program = tmp_path / "owt"
    program.write_text('#!/bin/sh\necho "$OWT_PYTHON" "$@"\n')
    program.chmod(0o700)
    for environment in (
        {"OWT_BINARY": str(program)},
        {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    ):
        done = python_m_owt_server("--port", "0", **environment)
        # Without the `..` of a Python that was started as `../../venv/bin/python`.
        assert done.stdout == f"{os.path.normpath(sys.executable)} serve --port 0\n", done.stderr
    done = python_m_owt_server(OWT_BINARY=str(program), OWT_PYTHON="another")
    assert done.stdout == "another serve\n", done.stderr


def test_the_program_beside_the_interpreter_comes_before_the_path(monkeypatch, tmp_path):
    monkeypatch.delenv("OWT_BINARY", raising=False)
    monkeypatch.setattr(
        server.sysconfig, "get_path", lambda name, scheme="": str(tmp_path / scheme / name)
    )
    monkeypatch.setattr(server.sysconfig, "get_preferred_scheme", lambda _: "user")
    for folder in ("scripts", "user/scripts", "path"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "owt").touch(0o700)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert server.binary() == str(tmp_path / "scripts/owt")
    (tmp_path / "scripts/owt").unlink()
    # Where `pip install --user` puts it.
    assert server.binary() == str(tmp_path / "user/scripts/owt")
    (tmp_path / "user/scripts/owt").unlink()
    assert server.binary() == str(tmp_path / "path/owt")


def test_python_m_owt_server_says_how_to_get_the_program(tmp_path):
    done = python_m_owt_server(PATH=str(tmp_path))
    assert done.returncode == 1 and done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("owt: the program owt is neither in /"), line
    assert "`cargo install --path owt-cli`" in line and "OWT_BINARY" in line
    done = python_m_owt_server(OWT_BINARY=str(tmp_path / "none"))
    assert done.returncode == 1 and "none" in done.stderr and "Traceback" not in done.stderr
