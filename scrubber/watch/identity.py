"""What tells a file from all others: the digest of its bytes, and the control numbers of what it holds."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from scrubber.x12.segments import BLANKS, Source, Splitter, read_isa

HEAD = 1024

MOST_NUMBERS = 10_000
"""Control numbers of groups, and of sets, that are kept of one interchange."""


NO_FILE = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR})
"""What systems say where a link (Linux, FreeBSD), a socket or a folder is to be opened as a file."""


class Swapped(Exception):
    """What lies in a file's place is another file, or none."""


@dataclass(frozen=True, slots=True)
class State:
    """What changes when a file is written to or replaced."""

    size: int
    changed: int
    """Nanoseconds, by the clock of the file system."""
    device: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> State:
        return cls(found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino)

    def resembles(self, other: State) -> bool:
        """Whether this may be the same file under another name: some shares then give it another number."""
        return (self.size, self.changed, self.device) == (other.size, other.changed, other.device)


@dataclass(slots=True)
class Interchange:
    """An interchange by the numbers that its sender gave."""

    sender: str
    """ISA05 and ISA06."""
    number: str
    """ISA13."""
    usage: str
    """ISA15: T test, P production."""
    groups: list[str] = field(default_factory=list)
    """GS06."""
    sets: list[str] = field(default_factory=list)
    """ST02."""


@dataclass(frozen=True, slots=True)
class Identity:
    sha256: str
    state: State
    interchanges: tuple[Interchange, ...]
    sets: int
    """Transaction sets, all that there are."""

    @property
    def keys(self) -> frozenset[tuple[str, ...]]:
        """What no other file may have that is judged: the bytes, and each number of an interchange with its sender."""
        numbers = ((one.number, one.sender, one.usage) for one in self.interchanges)
        return frozenset(((self.sha256,), *numbers))


def find_state(path: Path) -> State:
    """The state of what lies in a place. Raises Swapped where that is no file, OSError."""
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise Swapped
    return State.of(found)


def open_plain(path: str | bytes | Path, state: State | None = None) -> BufferedReader:
    """Open a file: no link is followed, no pipe waited for. With a state, only the file that was seen so. Raises
    Swapped, OSError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in NO_FILE:
            raise Swapped from None
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or (state is not None and State.of(found) != state):
        os.close(descriptor)
        raise Swapped
    return os.fdopen(descriptor, "rb")


def identify(stream: BinaryIO) -> Identity:
    """Read a file once. Raises OSError."""
    state = State.of(os.fstat(stream.fileno()))
    source = Source(stream, "")
    found, sets = _scan(source)
    source.drain()
    return Identity(source.sha256, state, tuple(found), sets)


def _scan(source: Source) -> tuple[list[Interchange], int]:
    found: list[Interchange] = []
    sets = 0
    while True:
        head = source.peek(HEAD)[:HEAD]
        start = head.find(b"ISA")
        if start < 0 or head[:start].strip(b"\xef\xbb\xbf\r\n\t \x00"):
            return found, sets
        source.skip(start)
        text = head[start:].decode("latin-1")
        isa = read_isa(text)
        if isa is None or (isa.wrong_widths and "\n" in text[: isa.length]):
            # Its lines may be broken at a fixed length, in the midst of segments.
            isa = read_isa(text.replace("\r", "").replace("\n", "")) or isa
        if isa is None:
            return found, sets
        elements, separator = isa.elements, isa.delimiters.element
        current = Interchange(f"{elements[5]}/{elements[6].strip()}", elements[13].strip(), elements[15])
        found.append(current)
        source.skip(min(isa.length + 1, HEAD))
        more, again = _read_numbers(Splitter(source, isa.delimiters.segment), separator, current)
        sets += more
        if not again:
            return found, sets


def _read_numbers(splitter: Splitter, separator: str, current: Interchange) -> tuple[int, bool]:
    """Read to the next ISA or the end: the sets on the way, and whether there is an ISA."""
    sets = 0
    group, set_ = f"GS{separator}", f"ST{separator}"
    while (pieces := splitter.next()) is not None:
        for at, piece in enumerate(pieces):
            if piece[:1] not in "GSI\r\n\t ":
                continue
            piece = piece.lstrip(BLANKS)
            if piece.startswith(group):
                _note(current.groups, piece, separator, 6)
            elif piece.startswith(set_):
                sets += 1
                _note(current.sets, piece, separator, 2)
            elif piece.startswith("ISA") and len(piece) > 3 and not piece[3].isalnum():
                splitter.give_back(pieces[at:])
                return sets, True
    return sets, False


def _note(numbers: list[str], piece: str, separator: str, element: int) -> None:
    elements = piece.split(separator, element + 1)
    if len(numbers) < MOST_NUMBERS and len(elements) > element:
        numbers.append(elements[element].strip()[:9])
