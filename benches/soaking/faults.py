"""Calls that do their worst, and how each may end."""

from dataclasses import dataclass

from .calls import RIGHT
from .wire import Client, WrongError

DIED, PASSED, RAISED = "worker-died", "deadline-passed", "adaptor-raised"
HEAD = "import ctypes, itertools, os, sys, threading, time\n"


@dataclass(frozen=True)
class Fault:
    """`ends` are the problems it may end in; `text` is its answer where it may have one.

    Each call's code differs, so that none is refused for what others did, but where `same`.
    """

    name: str
    body: str
    ends: tuple[str, ...] = ()
    text: str | None = None
    timeout: float = 30
    leaves_after: float | None = None
    same: bool = False
    cut: bool = False

    async def act(self, client: Client, n: int, options: tuple[str, ...] = ()) -> str:
        lines = "".join(f"    {line}\n" for line in self.body.splitlines())
        code = f"{HEAD}def run(n):\n{lines}" + ("" if self.same else f"# {n}\n")
        if self.leaves_after is not None:
            await client.go_away(code, n, self.leaves_after)
            return RIGHT
        reply = await client.call(code, n, timeout=self.timeout)
        told = reply.body.decode(errors="replace")
        # Another fault's worker may be its own: that it died is always possible.
        if reply.slug in (*self.ends, *options, DIED, "busy"):
            return reply.slug
        if (self.text is not None and told == self.text) or (self.cut and reply.cut):
            return RIGHT
        raise WrongError(f"{self.name}: {reply}")


STUBBORN = """
while True:
    try: time.sleep(1)
    except BaseException: pass
"""
ESCAPE = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3600)
    os._exit(0)
os.wait()
"""

FAULTS = (
    Fault("exit", "os._exit(3)"),
    Fault("poison", "os._exit(3)", ("adaptor-refused",), same=True),
    Fault("segv", "ctypes.string_at(8)"),
    Fault("sysexit", "sys.exit(3)", (RAISED,)),
    Fault("loop", "while True: pass", (PASSED,), timeout=0.5),
    Fault("sleep", "time.sleep(3600)", (PASSED,), timeout=0.5),
    Fault("left", "time.sleep(3600)", leaves_after=0.3),
    Fault("gil", "ctypes.PyDLL(None).sleep(3600)", (PASSED,), timeout=0.5),
    Fault("sum", "sum(itertools.repeat(1))", (PASSED,), timeout=0.5),
    Fault("stubborn", STUBBORN, (PASSED,), timeout=0.5),
    Fault("escape", ESCAPE + "os._exit(3)"),
    Fault("escape-stubborn", ESCAPE + STUBBORN, (PASSED,), timeout=0.5),
    Fault("memory", "held = [bytearray(b'x') * (64 << 20) for _ in range(16)]\ntime.sleep(3600)"),
    Fault(
        "forks",
        "for _ in range(100):\n    if os.fork() == 0: time.sleep(3600)\nos.wait()",
        (PASSED,),
        timeout=2,
    ),
    Fault(
        "threads",
        "for _ in range(10_000):\n    threading.Thread(target=time.sleep, args=(3600,)).start()\n"
        "os._exit(3)",
        (RAISED, PASSED),
    ),
    Fault("close", "os.closerange(3, 65536)\ntime.sleep(3600)", (PASSED,), timeout=0.5),
    Fault("stdout", "sys.stdout.close()\nprint('more')\nreturn 'well'", text="well"),
    Fault("print", "for _ in range(64): print('x' * (1 << 20))\nreturn 'printed'", text="printed"),
    Fault("recurse", "def deep(): deep()\ndeep()", (RAISED,)),
    Fault(
        "recurse-c",
        "sys.setrecursionlimit(10**9)\ndef deep(n): return max([n], key=deep)\ndeep(0)",
        (RAISED,),
    ),
    Fault("generator", "yield 'first'\nraise ValueError('second')", cut=True),
    Fault("silent", "while True: time.sleep(0.01)\nyield", (PASSED,), timeout=0.5),
)
