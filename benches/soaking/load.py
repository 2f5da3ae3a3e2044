"""The load: many ordinary clients, one that does its worst, and signals, all at once."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from .calls import HELLO, RIGHT, Kind
from .faults import Fault
from .server import Running
from .stage import Scene, Stage
from .watch import Sample, Watch
from .wire import Client, WrongError

SAMPLE_S = 0.25
HANGUP_S = 5.0
KILL_S = 1.0
SETTLE_S = 30
FILES_SLACK = 8
WRONG_SHOWN = 4  # of each kind


@dataclass(frozen=True)
class Phase:
    """What goes on together. Workers die if there are faults or kills."""

    name: str
    ordinary: Sequence[Kind]
    faults: Sequence[Fault] = ()
    scenes: Sequence[Scene] = ()
    hangups: bool = False
    kills: bool = False

    @property
    def workers_die(self) -> bool:
        return bool(self.faults) or self.kills

    @property
    def keeps(self) -> int:
        """Processes that its scenes may leave in each worker."""
        return sum(scene.keeps for scene in self.scenes)


@dataclass
class Tally:
    """What became of the calls, by kind; what was wrong, in words."""

    ended: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: list[str] = field(default_factory=list)
    wrongs: int = 0

    def count(self, kind: str, outcome: str) -> None:
        self.ended[kind][outcome] += 1

    def blame(self, kind: str, words: str) -> None:
        self.wrongs += 1
        self.ended[kind]["WRONG"] += 1
        if self.ended[kind]["WRONG"] <= WRONG_SHOWN:
            self.wrong.append(f"{kind}: {words}")

    @property
    def calls(self) -> int:
        return sum(sum(outcomes.values()) for outcomes in self.ended.values())


class Load:
    def __init__(
        self,
        server: Running,
        stage: Stage,
        workers: int,
        connections: int,
        tell: Callable[[str], None],
    ) -> None:
        self.server, self.size, self.connections, self.tell = server, workers, connections, tell
        self.stage = stage
        self.watch = Watch(server)
        self.tally = Tally()
        self.numbers = itertools.count()
        self.rest: Sample | None = None
        self.workers_die = False
        self.lost: Counter[str] = Counter()

    async def warm_up(self, kinds: Sequence[Kind]) -> None:
        """Every ordinary kind, so that what is made once is there before the measure is taken."""
        warm = Phase("warm-up", kinds)
        await self.run(warm, 1)
        await self._settled(lambda now: now.workers == self.size)
        await asyncio.sleep(SAMPLE_S)  # connections that the clients closed
        self.rest = self.watch.look()
        self.watch.samples.clear()

    async def run(self, phase: Phase, seconds: float) -> None:
        # For good: who ran in workers that died may be refused for a while after that.
        self.workers_die |= phase.workers_die
        self.stage.workers_die = self.workers_die
        end = time.monotonic() + seconds
        jobs = [self._ordinary(phase, end) for _ in range(self.connections)]
        jobs += [self._scene(scene, end) for scene in phase.scenes]
        if phase.faults:
            jobs.append(self._faults(phase, end))
        if phase.hangups:
            jobs.append(self._signals("hangup", HANGUP_S, end, self._hangup))
        if phase.kills:
            jobs.append(self._signals("kill", KILL_S, end, self._kill))
        sampling = asyncio.create_task(self._sample(phase))
        try:
            await asyncio.gather(*jobs)
        finally:
            sampling.cancel()

    async def settle(self, phase: Phase) -> None:
        """After a phase everything is as it was before; what is not is blamed on it."""
        rest = self.rest
        assert rest is not None

        def calm(now: Sample) -> bool:
            files = now.files <= rest.files + FILES_SLACK
            kept = now.strays <= phase.keeps * self.size
            return files and now.workers == self.size and not now.zombies and kept

        if not await self._settled(calm):
            now = self.watch.look()
            self.tally.blame(
                phase.name,
                f"after {SETTLE_S} s: {now.workers} workers of {self.size}, {now.strays} stray "
                f"processes, {now.zombies} zombies, {now.files} open files of {rest.files}",
            )
        self.lost = self.server.lost()
        if self.lost and not self.workers_die:
            self.tally.blame(phase.name, f"workers were lost: {dict(self.lost)}")
        client = Client(self.server.port)
        try:
            reply = await client.call(HELLO, 7)
            if reply.body != b"<hello 7>":
                self.tally.blame(phase.name, f"after it: {reply}")
        except (WrongError, OSError) as error:
            self.tally.blame(phase.name, f"after it: {error}")
        client.leave()

    async def _settled(self, calm: Callable[[Sample], bool]) -> bool:
        end = time.monotonic() + SETTLE_S
        while not calm(self.watch.look()):
            if time.monotonic() > end:
                return False
            await asyncio.sleep(SAMPLE_S / 5)
        return True

    async def _ordinary(self, phase: Phase, end: float) -> None:
        client = Client(self.server.port)
        while time.monotonic() < end:
            kind = random.choice(phase.ordinary)
            await self._one(
                kind.name, kind.act(client, next(self.numbers), workers_die=self.workers_die)
            )
        client.leave()

    async def _scene(self, scene: Scene, end: float) -> None:
        while True:
            await self._one(scene.name, scene.act(self.stage))
            if time.monotonic() + scene.pause_s >= end:
                return
            await asyncio.sleep(scene.pause_s)

    async def _faults(self, phase: Phase, end: float) -> None:
        """Each in its turn, one at a time, at least once."""
        for fault in itertools.cycle(phase.faults):
            client = Client(self.server.port)
            # A kill from outside counts against what ran then.
            others = ("adaptor-refused",) if phase.kills or len(phase.faults) > 1 else ()
            await self._one(fault.name, fault.act(client, next(self.numbers), others))
            client.leave()
            if time.monotonic() >= end:
                return

    async def _one(self, kind: str, act: Awaitable[str]) -> None:
        try:
            self.tally.count(kind, await act)
        except WrongError as wrong:
            self.tally.blame(kind, str(wrong))
        except OSError as error:
            self.tally.blame(kind, f"no connection: {error!r}")

    async def _signals(
        self, name: str, every_s: float, end: float, send: Callable[[], None]
    ) -> None:
        while True:
            send()
            self.tally.count(name, RIGHT)
            if time.monotonic() + every_s >= end:
                return
            await asyncio.sleep(every_s)

    def _hangup(self) -> None:
        self.server.signal(signal.SIGHUP)

    def _kill(self) -> None:
        if workers := self.watch.workers():
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(random.choice(workers), signal.SIGKILL)

    async def _sample(self, phase: Phase) -> None:
        while True:
            now = self.watch.look()
            memory = now.memory[self.server.pid] >> 20
            self.tell(
                f"{phase.name} · {self.tally.calls:,} calls, {self.tally.wrongs} wrong · "
                f"{now.files} files · {memory} MiB · {now.workers} workers, {now.strays} strays"
            )
            await asyncio.sleep(SAMPLE_S)
