"""Calls that are cut where they wait: the adaptor stays warm, and so does a pool of its own."""

import random
import re

from ..stage import Scene, Stage, together

WAITS_CODE = """
import asyncio, os, queue, select, selectors, socket, subprocess, threading, time

def do_select(n):
    read, write = os.pipe()
    try: select.select([read], [], [])
    finally: os.close(read), os.close(write)

def do_selectors(n):
    ours, theirs = socket.socketpair()
    with ours, theirs, selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        selector.select()

def do_recv(n):
    ours, theirs = socket.socketpair()
    with ours, theirs: ours.recv(1)

def do_accept(n):
    with socket.create_server(("127.0.0.1", 0)) as server: server.accept()

# A lock is not reached on each thread: what waits there for ever costs a thread each time, and in
# the end, in peace, the worker.
def do_lock(n):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=10)

def do_rlock_of_another(n):
    lock = threading.RLock()
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    thread.join()
    lock.acquire(timeout=10)

def do_simple_queue(n): queue.SimpleQueue().get()
def do_queue(n): queue.Queue().get()
def do_event(n): threading.Event().wait()
def do_asyncio(n): asyncio.run(asyncio.sleep(600))
def do_run(n): subprocess.run(["sleep", "600"])
def do_run_read(n): subprocess.run(["sleep", "600"], capture_output=True)
def do_pipe(n): os.popen("sleep 600").read()
def do_sleep(n): time.sleep(600)

async def do_await(n): await asyncio.Event().wait()

def well(n): return f"well {n}"
"""
WAITS = re.findall(r"def (do_\w+)", WAITS_CODE)

POOL_CODE = """
import time
from concurrent.futures import ProcessPoolExecutor

pool = ProcessPoolExecutor(2)

def double(n): return n * 2
def run(n): return f"{pool.submit(double, n).result()}"
def slow(n): pool.submit(time.sleep, 2).result()
"""
POOL = 2


async def _waits(stage: Stage) -> None:
    async def one(name: str) -> None:
        n = next(stage.numbers)
        await stage.cut(WAITS_CODE, random.uniform(0.2, 0.6), fn_name=name)
        await stage.right(WAITS_CODE, f"well {n}", n, fn_name="well")

    names = random.sample(WAITS, 4)
    await together(*(one(name) for name in names))


async def _pool(stage: Stage) -> None:
    async def quick() -> None:
        n = next(stage.numbers)
        await stage.right(POOL_CODE, f"{n * 2}", n)

    await quick()
    await together(stage.cut(POOL_CODE, 0.3, fn_name="slow"), quick(), quick())
    await together(*(quick() for _ in range(3)))


CUTS = (Scene("waits", _waits), Scene("pool", _pool, pause_s=0.5, keeps=POOL))
