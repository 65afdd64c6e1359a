"""Where acknowledgements are written: the segments, and beside them what they say.

A 277CA states its totals before the claims they sum, a 999 states whether a set was accepted before the group is
over. What cannot be written in order is staged in a spool: in memory while small, then in a nameless file, so that
memory does not grow with the number of claims.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple, cast

SPOOL_IN_MEMORY = 1 << 20
"""Bytes that a spool holds before it becomes a file."""


def make_spool(directory: Path) -> IO[bytes]:
    """A place for staging: what outgrows memory is a nameless file in ``directory`` that only its owner can read."""
    return cast(IO[bytes], tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY, mode="w+b", dir=str(directory)))


class Mark(NamedTuple):
    """A point in a scroll."""

    edi: int
    text: int
    segments: int


class Scroll:
    """Two streams that grow together: ``edi`` the segments, ``text`` their rendering in words."""

    def __init__(self, edi: IO[bytes], text: IO[bytes]) -> None:
        self.edi = edi
        self.text = text
        self.segments = 0

    @classmethod
    def spooled(cls, directory: Path) -> Scroll:
        """A scroll for staging, in two spools."""
        return cls(make_spool(directory), make_spool(directory))

    def write(self, edi: str, text: str, segments: int = 1) -> None:
        """Write segments (ASCII, terminators included) and their rendering."""
        self.edi.write(edi.encode("ascii"))
        self.text.write(text.encode())
        self.segments += segments

    def mark(self) -> Mark:
        """The present end."""
        return Mark(self.edi.tell(), self.text.tell(), self.segments)

    def rewind(self, mark: Mark) -> None:
        """Forget everything written since."""
        for stream, end in ((self.edi, mark.edi), (self.text, mark.text)):
            stream.seek(end)
            stream.truncate()
        self.segments = mark.segments

    def clear(self) -> None:
        """Forget everything."""
        self.rewind(Mark(0, 0, 0))

    def append(self, other: Scroll, start: Mark, end: Mark) -> None:
        """Copy a part of another scroll to the end of this one; the other's end stays where it is."""
        _copy(other.edi, self.edi, start.edi, end.edi)
        _copy(other.text, self.text, start.text, end.text)
        self.segments += end.segments - start.segments

    def close(self) -> None:
        self.edi.close()
        self.text.close()


def _copy(source: IO[bytes], target: IO[bytes], start: int, end: int) -> None:
    back = source.tell()
    source.seek(start)
    left = end - start
    while left > 0 and (data := source.read(min(left, 1 << 18))):
        target.write(data)
        left -= len(data)
    source.seek(back)


class Shelf:
    """Files of one folder that appear together, whole, or not at all.

    They are written under temporary names (mode 0600) and renamed by ``release``. The folder is made where missing
    (mode 0700). Raises OSError as the file system does.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._written: list[tuple[IO[bytes], str, str]] = []

    def open(self, name: str) -> IO[bytes]:
        """A new file that will be called ``name``."""
        target = self.directory / name
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        handle, path = tempfile.mkstemp(prefix=".", suffix=".part", dir=self.directory)
        stream = os.fdopen(handle, "w+b", buffering=1 << 18)
        self._written.append((stream, path, name))
        return stream

    def scroll(self, name: str) -> Scroll:
        """A scroll whose segments will be called ``name`` and whose words ``name.txt``."""
        return Scroll(self.open(name), self.open(f"{name}.txt"))

    def blank(self, *names: str) -> None:
        """Let these files hold nothing after all."""
        for stream, _, name in self._written:
            if name in names:
                stream.seek(0)
                stream.truncate()

    def staged(self) -> dict[str, Path]:
        """Each file's name, and where it is until it is released."""
        return {name: Path(path) for _, path, name in self._written}

    def finish(self) -> None:
        """Write everything out; after it only ``release`` or ``discard`` is left."""
        for stream, _, _ in self._written:
            if not stream.closed:
                stream.flush()
                os.fsync(stream.fileno())
                stream.close()

    def release(self) -> list[Path]:
        """Give the files their names and return them; empty ones vanish, and with them an older file of that name,
        which would otherwise speak of a file that is no more."""
        self.finish()
        released = []
        for _, path, name in self._written:
            target = self.directory / name
            if os.stat(path).st_size:
                os.replace(path, target)
                released.append(target)
            else:
                os.unlink(path)
                target.unlink(missing_ok=True)
        self._written.clear()
        return released

    def discard(self) -> None:
        """Take everything back."""
        _remove(self._written)
        self._written.clear()


def _remove(written: Iterable[tuple[IO[bytes], str, str]]) -> None:
    for stream, path, _ in written:
        stream.close()
        Path(path).unlink(missing_ok=True)
