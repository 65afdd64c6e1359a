"""Killing the service, or its worker, at any of its steps: each opening, renaming, removing, syncing, and each
statement to the ledger is a step, as Python's audit events and SQLite's trace tell them."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sqlite3
import struct
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from watching import make_service

from scrubber.watch.layout import Layout
from scrubber.watch.lock import find_watcher

STEPS = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.listdir", "os.scandir"}
)

SERVICE, WORKER = "service", "worker"


class Counter:
    """Counts the steps of the service and of its workers, and kills who takes the given one, once."""

    def __init__(self, root: str, role: str | None = None, at: int = 0) -> None:
        self._root = root
        self._role = role
        self._at = at
        self._service = os.getpid()
        self._shared = mmap.mmap(-1, 16)  # The workers' counts go on in it, and a kill happens once.
        self._own = 0

    def install(self) -> None:
        sys.addaudithook(self._audit)
        for name in ("fsync", "write", "ftruncate"):
            setattr(os, name, self._wrap(getattr(os, name)))
        connect = sqlite3.connect

        def traced(*arguments: Any, **how: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **how)
            connection.set_trace_callback(lambda statement: self.step())
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]

    @property
    def counts(self) -> tuple[int, int]:
        """Steps of the service, and of its workers."""
        return self._read(0), self._read(4)

    def _wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.step()
            return function(*arguments)

        return counted

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in STEPS and arguments and self._concerns(arguments[0]):
            self.step()

    def _concerns(self, path: object) -> bool:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        return not isinstance(path, str) or path.startswith(self._root) or not path.startswith("/")

    def step(self) -> None:
        worker = os.getpid() != self._service
        count = self._read(4 * worker) + 1
        struct.pack_into("<I", self._shared, 4 * worker, count)
        if self._role == (WORKER if worker else SERVICE) and count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)

    def _read(self, at: int) -> int:
        value: int = struct.unpack_from("<I", self._shared, at)[0]
        return value


def run_killed(layout: Layout, role: str | None = None, at: int = 0, **how: Any) -> tuple[int, tuple[int, int]]:
    """Run the service in a process of its own that is killed at a step; how it ended, and how many steps were taken."""
    return do_killed(layout, lambda: 3 if make_service(layout, **how).run().left else 0, role, at)


def do_killed(
    layout: Layout, act: Callable[[], int], role: str | None = None, at: int = 0
) -> tuple[int, tuple[int, int]]:
    """Do something that tells its exit code in a process of its own that is killed at a step."""
    counter = Counter(str(layout.root), role, at)
    child = os.fork()
    if child == 0:
        try:
            os.setpgrp()
            counter._service = os.getpid()
            counter.install()
            os._exit(act())
        except BaseException:
            traceback.print_exc()
            os._exit(70)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        # Workers that were forked hold what their service held: its pipes, and its lock. Those of a service that is
        # started as users start it do not.
        os.killpg(child, signal.SIGKILL)
    end = time.monotonic() + 10
    while (watcher := find_watcher(layout.lock)) is not None and watcher.lives and time.monotonic() < end:
        time.sleep(0.002)
    return os.waitstatus_to_exitcode(status), counter.counts
