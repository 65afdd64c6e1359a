"""The workers as the service sees them: who is free, who has answered, who is dead."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from scrubber.watch.worker import OUT_OF_MEMORY, Answer, Judge, Read, Setup, work

PATIENCE = 120.0
"""Seconds for a worker to load edits and tables."""

FILES = 500
"""Files after which a worker is replaced: reference tables that were imported meanwhile come in with the next."""


@dataclass(frozen=True, slots=True)
class Death:
    """A worker died over what it had in hand."""

    reason: str


@dataclass(eq=False, slots=True)
class Hand:
    """A worker, and the file that it has."""

    process: Any
    orders: Connection
    life: Connection
    ready: bool = False
    file: int | None = None
    deadline: float = 0.0
    files: int = 0
    spent: str | None = field(default=None)
    """Why it was ended, where it was by us."""

    @property
    def free(self) -> bool:
        return self.ready and self.file is None


class Crew:
    """A few workers. ``method`` is how processes are started: ``spawn``, or ``fork`` where everything is loaded and no
    threads run (tests)."""

    def __init__(self, size: int, setup: Setup, seconds: float, method: str = "spawn") -> None:
        self._setup = setup
        self._seconds = seconds
        self._context = multiprocessing.get_context(method)
        self._hands = [self._start() for _ in range(size)]

    @property
    def size(self) -> int:
        return len(self._hands)

    def _start(self) -> Hand:
        orders, far = self._context.Pipe()
        life, far_life = self._context.Pipe()
        process = self._context.Process(  # type: ignore[attr-defined]
            target=work, args=(far, far_life, self._setup), name="scrubber-worker", daemon=True
        )
        process.start()
        far.close()
        far_life.close()
        return Hand(process, orders, life, deadline=time.monotonic() + PATIENCE)

    def find_free(self) -> Hand | None:
        return next((hand for hand in self._hands if hand.free), None)

    @property
    def busy(self) -> list[Hand]:
        return [hand for hand in self._hands if hand.file is not None]

    def give(self, hand: Hand, file: int, order: Read | Judge) -> None:
        """Let a worker carry out an order. That it is dead is told by the next ``wait``."""
        hand.file = file
        hand.deadline = time.monotonic() + self._seconds
        with contextlib.suppress(OSError):
            hand.orders.send(order)

    def release(self, hand: Hand) -> None:
        """What it had is done with."""
        hand.file = None
        hand.files += 1
        if hand.files >= FILES:
            self._replace(hand)

    def wait(self, seconds: float, *others: int) -> Iterator[tuple[Hand, Answer | Death]]:
        """What workers have to say, as soon as one has, or something can be read from the other descriptors. Raises
        RuntimeError where a worker cannot even begin."""
        now = time.monotonic()
        ends = [hand.deadline for hand in self._hands if hand.file is not None or not hand.ready]
        seconds = max(0.0, min([seconds, *(end - now for end in ends)]))
        heard: Sequence[Any] = wait([*(hand.orders for hand in self._hands), *others], seconds)
        now = time.monotonic()
        for hand in list(self._hands):
            if hand.orders in heard:
                try:
                    said = hand.orders.recv()
                except (EOFError, OSError):
                    yield from self._bury(hand)
                    continue
                if said is None:
                    hand.ready = True
                else:
                    yield hand, said
            elif (hand.file is not None or not hand.ready) and now >= hand.deadline:
                hand.spent = f"it took longer than {self._seconds:,.0f} seconds"
                yield from self._bury(hand)

    def _bury(self, hand: Hand) -> Iterator[tuple[Hand, Death]]:
        _end(hand)
        file, ready = hand.file, hand.ready
        reason = hand.spent or _say_end(hand.process.exitcode)
        self._replace(hand)
        if file is not None:
            yield Hand(hand.process, hand.orders, hand.life, file=file), Death(reason)
        elif not ready:
            raise RuntimeError(f"a worker could not begin: {reason}")

    def _replace(self, hand: Hand) -> None:
        _end(hand)
        self._hands[self._hands.index(hand)] = self._start()

    def stop(self) -> None:
        """End all workers at once; what they have in hand is lost."""
        for hand in self._hands:
            _end(hand)
        self._hands = []


def _end(hand: Hand) -> None:
    hand.process.kill()
    hand.process.join()
    hand.orders.close()
    hand.life.close()


def _say_end(code: int | None) -> str:
    if code == OUT_OF_MEMORY:
        return "it needed more memory than it may have"
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in {int(s) for s in signal.Signals} else str(-code)
        if os.name != "nt" and -code == signal.SIGXCPU:
            return "it used more processor time than it may"
        return f"the process that judged it was ended by {name}, perhaps for want of memory"
    return f"the process that judged it ended with code {code}"
