"""The other side of `owt._loop`, as the server's contract says it is."""

from __future__ import annotations

import contextlib
import contextvars
import os
import threading
from types import SimpleNamespace

from owt import _loop
from owt._context import current
from owt.responses import opening

PATIENCE = 20


class Mailbox:
    """Callbacks for the loop's thread, and the bell that wakes it."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.due = []
        self.lock = threading.Lock()

    def post(self, callback):
        with self.lock:
            self.due.append(callback)
        os.eventfd_write(self.fd, 1)

    def drain(self):
        with self.lock:
            due, self.due = self.due, []
        return due


class Sink:
    """Keeps what it is told; `room` chunks are taken before one must wait."""

    def __init__(self, mailbox, room=None):
        self.mailbox = mailbox
        self.room = room
        self.chunks = []
        self.normal = None
        self.gone = False
        self.error = None
        self.ends = 0
        self.waiting = []
        self.watching = []
        self.over = threading.Event()
        self.full = threading.Event()
        self.changed = threading.Condition()

    def respond(self, normal):
        self.normal = normal
        if normal[0] in (0, 1, 2):
            self.finish()

    def opening(self, value):
        return opening(value, "text/plain; charset=utf-8", "")[1]

    def send(self, data):
        assert type(data) is bytes
        with self.changed:
            if self.gone:
                raise BrokenPipeError("the client has gone")
            if self.room == 0:
                self.full.set()
                return False
            if self.room is not None:
                self.room -= 1
            self.chunks.append(data)
            self.changed.notify_all()
            return True

    def when_room(self, callback):
        self.waiting.append(callback)

    def on_gone(self, callback):
        self.watching.append(callback)

    def end(self):
        self.finish()

    def fail(self, error):
        self.error = error
        self.finish()

    def finish(self):
        self.ends += 1
        self.over.set()

    # What the test does

    def grant(self, room):
        self.room = room
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            self.mailbox.post(callback)

    def leave(self, told=True):
        """The client goes; `told` is whether the loop is called back about it."""
        self.gone = True
        for callback in self.watching if told else []:
            self.mailbox.post(callback)

    def wait_chunks(self, number):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.chunks) >= number, PATIENCE)

    def wait(self):
        assert self.over.wait(PATIENCE), "the call does not end"
        return self


@contextlib.contextmanager
def running_loop():
    """A loop that runs, and its mailbox."""
    mailbox = Mailbox()
    _loop.start_loop(mailbox.fd, mailbox.drain)
    try:
        yield mailbox
    finally:
        _loop.stop_loop(PATIENCE)
        os.close(mailbox.fd)


def context_of(name, accept=""):
    """The context of a call with that id."""
    context = contextvars.Context()
    context.run(current.set, SimpleNamespace(id=name, headers=[("accept", accept)]))
    return context
