"""Processes that calls start: each ends with its own exit code, and its result comes.

No call waits for the end of a pipe: a process that another call forks meanwhile may hold it open.
"""

from ..stage import Scene, Stage, together

FORKS_CODE = """
import logging, multiprocessing, os, subprocess, sys, tempfile, threading, time

def answer(queue, n):
    queue.put(n * 2)

def nothing():
    pass

def double(n):
    return n * 2

def ended(child):
    child.join()
    # Python has the `start` of any thread wait for the children of all; that thread has a moment
    # in which the child is gone and its code is not told yet.
    while child.exitcode is None: time.sleep(0.001)
    return child.exitcode

def process(n, kind):
    # Whoever logs asks which thread it is.
    threading.current_thread(), logging.getLogger("soak").debug("n")
    context = multiprocessing.get_context(kind)
    queue = context.SimpleQueue()
    children = [context.Process(target=answer, args=(queue, n)), context.Process(target=nothing)]
    for child in children: child.start()
    told = queue.get()
    return f"{told} {[ended(child) for child in children]}"

def fork(n): return process(n, "fork")
def spawn(n): return process(n, "spawn")

def pool(n):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return f"{pool.map(double, [n, n + 1])}"

def bare(n):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b'%d\\n' % n)
        os._exit(7)
    os.close(write)
    with open(read) as told:
        text = told.readline().strip()
    return f"{text} {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}"

def grandchild(n):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            # The descriptor of a file is the child's own, and its child's too.
            with open(os.devnull) as kept:
                inner = os.fork()
                if inner == 0:
                    kept.read()
                    os.write(write, b'%d\\n' % n)
                    os._exit(5)
                os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
        finally:
            os._exit(1)
    os.close(write)
    with open(read) as told:
        text = told.readline().strip()
    return f"{text} {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}"

CHILD = "import sys; print(sys.argv[1], flush=True); sys.exit(9)"
PARENT = (
    "import subprocess, sys;"
    "sys.exit(subprocess.run([sys.executable, '-c', *sys.argv[1:]]).returncode)"
)

def program(n):
    command = [sys.executable, "-c", PARENT, CHILD, str(n)]
    with tempfile.TemporaryFile("w+") as out:
        code = subprocess.run(command, stdout=out).returncode
        out.seek(0)
        return f"{out.read().strip()} {code}"
"""


def _wanted(n: int) -> dict[str, str]:
    return {
        "fork": f"{n * 2} [0, 0]",
        "spawn": f"{n * 2} [0, 0]",
        "pool": f"{[n * 2, n * 2 + 2]}",
        "bare": f"{n} 7",
        "grandchild": f"{n} 5",
        "program": f"{n} 9",
    }


def _scene(function: str) -> Scene:
    async def play(stage: Stage) -> None:
        # Two, so that they run on other threads than the first.
        numbers = [next(stage.numbers) for _ in range(2)]
        calls = ((n, _wanted(n)[function]) for n in numbers)
        await together(*(stage.right(FORKS_CODE, text, n, fn_name=function) for n, text in calls))

    # What spawns has a process that tracks what it shares, as long as it lives itself.
    return Scene(f"fork-{function}", play, pause_s=0.3, keeps=1 if function == "spawn" else 0)


FORKS = tuple(_scene(function) for function in _wanted(0))
