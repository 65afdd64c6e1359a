"""One watcher for one folder.

The lock is the operating system's: it ends with the process that holds it, however that ends. Some network shares do
not pass locks on to other machines; so the holder also writes who it is and that it lives, and a watcher on another
machine believes that for a minute. A holder that stops takes its writing away: where it stands and nobody has the
lock, the holder died.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

BEAT = 10.0
"""Seconds between signs of life."""

DEAD = 60.0
"""Seconds without a sign after which a watcher on another machine is dead."""

PATIENCE = 0.2
"""Seconds for which a lock is asked for again: somebody may only be looking at it, or just be letting go."""


class Held(Exception):
    """Another watcher has the folder. Its text says which."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who has a folder; who had it and did not stop as it should, where it does not live."""

    lives: bool
    pid: object = None
    host: object = None
    since: object = None
    """These three are None where it has not written them yet."""
    seen: float = 0.0
    """When it gave its last sign of life, by the clock of the file system."""
    trouble: str | None = None
    """Why it has let go of the folder for a while."""

    def __str__(self) -> str:
        return "a process that has only begun" if self.pid is None else f"process {self.pid} on {self.host}"


class Lock:
    """The right to work on a folder. Raises Held, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._since = datetime.now().astimezone().isoformat(timespec="seconds")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            free = _seize(self._descriptor)
            end = time.monotonic() + PATIENCE
            while not free and time.monotonic() < end:
                time.sleep(PATIENCE / 20)
                free = _seize(self._descriptor)
            holder = _read(self._descriptor, free)
            if holder is not None and holder.lives:
                raise Held(_say(holder, free))
        except BaseException:
            os.close(self._descriptor)
            raise
        self._next = 0.0
        self.beat()

    def beat(self) -> None:
        """Give a sign of life, if one is due. Raises OSError where the folder is gone or cannot be written."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + BEAT
        if not os.path.samestat(os.stat(self._path), os.fstat(self._descriptor)):
            raise FileNotFoundError(2, "The lock has been taken away", str(self._path))
        self._write()

    def _write(self, **more: str) -> None:
        """Written over and never empty: whoever looks finds a name; and a full disk has room for it."""
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": self._since, **more}
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.ftruncate(self._descriptor, os.write(self._descriptor, json.dumps(holder).encode()))

    def release(self, trouble: str | None = None) -> None:
        """Let go; for a while, where there is trouble. The file stays, empty: to take it away would let two hold locks
        of one name."""
        with contextlib.suppress(OSError):
            if trouble is None:
                os.ftruncate(self._descriptor, 0)
            else:
                self._write(trouble=trouble)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def find_watcher(path: Path) -> Watcher | None:
    """Who watches, or watched and did not stop as it should; None where there is neither. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if not os.fstat(descriptor).st_size:
            return None  # Most watchers stop as they should; then nobody who looks is in the way of the next one.
        # Shared: those who look do not take each other for watchers.
        return _read(descriptor, _seize(descriptor, shared=True))
    finally:
        os.close(descriptor)


def _read(descriptor: int, free: bool) -> Watcher | None:
    """Who has written itself down; ``free`` says that nobody of this machine has the lock."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        found = json.loads(os.read(descriptor, 4096))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found:
        return None if free else Watcher(True)
    seen, trouble = os.fstat(descriptor).st_mtime, found.get("trouble")
    elsewhere = found.get("host") != socket.gethostname() and trouble is None and abs(time.time() - seen) < DEAD
    return Watcher(not free or elsewhere, found.get("pid"), found.get("host"), found.get("since"), seen, trouble)


def _seize(descriptor: int, *, shared: bool = False) -> bool:
    if os.name == "nt":
        import msvcrt

        # The byte lies behind what is written: Windows lets nobody read a locked byte.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _say(holder: Watcher, free: bool) -> str:
    said = f"another watcher has this folder: {holder}" + (f", since {holder.since}" if holder.since else "")
    # A lock that does not reach this machine: only what the holder writes tells that it lives.
    return f"{said}; last sign of life {abs(time.time() - holder.seen):.0f} s ago" if free else said
