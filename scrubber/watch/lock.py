"""One watcher for one folder.

The lock is the operating system's: it ends with the process that holds it, however that ends. Some network shares do
not pass locks on to other machines; so the holder also writes who it is and that it lives, and a watcher on another
machine believes that for a minute.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from datetime import datetime
from pathlib import Path

BEAT = 10.0
"""Seconds between signs of life."""

DEAD = 60.0
"""Seconds without a sign after which a watcher on another machine is dead."""


class Held(Exception):
    """Another watcher has the folder. Its text says which."""


class Lock:
    """The right to work on a folder. Raises Held, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._since = datetime.now().astimezone().isoformat(timespec="seconds")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            if not _seize(self._descriptor):
                raise Held(_say(self._read()))
            holder = self._read()
            age = time.time() - os.fstat(self._descriptor).st_mtime
            if holder and holder.get("host") != socket.gethostname() and 0 <= age < DEAD:
                raise Held(f"{_say(holder)}; last sign of life {age:.0f} s ago")
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
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": self._since}
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, json.dumps(holder).encode())

    def release(self) -> None:
        """Let go. The file stays, empty: to take it away would let two hold locks of one name."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def _read(self) -> dict[str, object]:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return _parse(os.read(self._descriptor, 4096))


def find_holder(path: Path) -> str | None:
    """Who holds the lock, in words; None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if _seize(descriptor):
            return None
        return _say(_parse(os.read(descriptor, 4096)))
    finally:
        os.close(descriptor)


def _seize(descriptor: int) -> bool:
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
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _parse(data: bytes) -> dict[str, object]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _say(holder: dict[str, object]) -> str:
    if not holder:
        return "another watcher has this folder"
    pid, host, since = (holder.get(key, "unknown") for key in ("pid", "host", "since"))
    return f"another watcher has this folder: process {pid} on {host}, since {since}"
