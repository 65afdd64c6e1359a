"""Which files of the inbox are whole, and in which order they are taken.

A file is whole when nobody has it open for writing, as far as the system can tell, and its size and time have not
changed for a while, by our own clock: that of the file may be anyone's. A file whose time is long past when it is first
seen was moved here whole, or copied with its old time as the last thing done to it: it need not wait.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scrubber.watch.identity import State, Swapped, open_plain

IGNORED = (b".tmp", b".part", b".partial", b".crdownload", b".filepart", b".swp", b"~")
"""Endings of names that programs give to what they have not finished."""

LONG = 600.0
"""Seconds after which a file that is unfinished by its name is worth a word."""

_DIGITS = re.compile(rb"([0-9]+)")


@dataclass(slots=True)
class Seen:
    """A file of the inbox as it was seen last, and since when it has been so."""

    state: State
    since: float
    old: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that may be taken."""

    name: bytes
    state: State


class Inbox:
    """What is in the inbox. Raises OSError where it cannot be read."""

    def __init__(self, folder: Path, settle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._settle = settle
        self._clock = clock
        self._seen: dict[bytes, Seen] = {}
        self.waiting = 0
        """Files seen last that are not whole yet."""
        self.passed: dict[bytes, str] = {}
        """What lies there and is never taken, and why."""
        self.unfinished = 0
        """Files that have been unfinished by their names for long."""

    def look(self) -> list[Whole]:
        """The files that are whole, in the order in which they were dropped, then by name."""
        now, wall = self._clock(), time.time()
        seen: dict[bytes, Seen] = {}
        whole: list[Whole] = []
        self.passed, self.unfinished = {}, 0
        with os.scandir(os.fsencode(self._folder)) as found:
            for item in found:
                try:
                    stated = item.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if is_ignored(item.name):
                    self.unfinished += not item.name.startswith(b".") and wall - stated.st_mtime > LONG
                    continue
                if not stat.S_ISREG(stated.st_mode):
                    self.passed[item.name] = _say_kind(stated.st_mode)
                    continue
                state = State.of(stated)
                before = self._seen.get(item.name)
                if before is None or before.state != state:
                    age = wall - stated.st_mtime
                    before = Seen(state, now, before is None and age >= self._settle)
                seen[item.name] = before
                if before.old or now - before.since >= self._settle:
                    whole.append(Whole(item.name, state))
        self._seen = seen
        whole.sort(key=lambda one: (one.state.changed, _naturally(one.name)))
        self.waiting = len(seen) - len(whole)
        return whole

    def check(self, one: Whole) -> bool:
        """Whether a file that was whole still is, and nobody has it open for writing. Raises PermissionError where it
        cannot be read."""
        try:
            with open_plain(os.path.join(os.fsencode(self._folder), one.name), one.state) as stream:
                return not is_being_written(stream.fileno())
        except PermissionError:
            raise
        except (Swapped, OSError):
            return False  # It is gone, or another, or a link by now.

    def forget(self, name: bytes) -> None:
        """The file has been taken, or must settle anew."""
        self._seen.pop(name, None)


def is_ignored(name: bytes) -> bool:
    """Whether a file is somebody's unfinished work by its name."""
    return name.startswith(b".") or name.lower().endswith(IGNORED)


def is_being_written(descriptor: int) -> bool:
    """Whether a process of this machine has the file open for writing, where the system can tell (Linux: nobody gets a
    lease on such a file)."""
    try:
        import fcntl

        lease, read, unlock = fcntl.F_SETLEASE, fcntl.F_RDLCK, fcntl.F_UNLCK
    except (ImportError, AttributeError):
        return False
    try:
        fcntl.fcntl(descriptor, lease, read)
    except BlockingIOError:
        return True
    except OSError:
        return False  # Not ours, or a file system without leases.
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, lease, unlock)
    return False


def _naturally(name: bytes) -> list[tuple[int, int | bytes]]:
    """``batch2`` comes before ``batch10``."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in _DIGITS.split(name) if part]


def _say_kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link: links are not followed"
    if stat.S_ISDIR(mode):
        return "a folder: drop files, not folders"
    return "no file"
