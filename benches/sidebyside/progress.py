"""How far a run has come: one line rewritten on a terminal, else a line a round; on stderr."""

import sys
import time

from .cases import Case


class Progress:
    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.done = 0
        self.start = time.monotonic()
        self.on_terminal = sys.stderr.isatty()
        self.last_line = ""

    def tell(self, case: Case, doing: str, server: str) -> None:
        """A step begins."""
        if self.on_terminal:
            line = f"[{self.done + 1}/{self.steps}] {case.name}, {doing}: {server}{self._left()}"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
        elif (line := f"{case.name}, {doing}") != self.last_line:
            print(f"bench: {line}{self._left()}", file=sys.stderr, flush=True)
            self.last_line = line
        self.done += 1

    def close(self) -> None:
        if self.on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _left(self) -> str:
        if not self.done:
            return ""
        seconds = (time.monotonic() - self.start) / self.done * (self.steps - self.done)
        return f" · about {seconds // 60:.0f}:{seconds % 60:02.0f} left"
