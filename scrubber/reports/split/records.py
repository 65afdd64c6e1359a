"""What the verdicts say of claims, sets and groups, kept until their interchange is over. Memory stays flat: what is
more than a little goes to a nameless file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from scrubber.reports.scroll import make_spool

AT_ONCE = 1 << 10
"""Records read together."""


class ClaimRecord(NamedTuple):
    """A claim: where it and its CLM begin, and the HLs above it; 0 where there is none."""

    start: int
    clm: int
    provider: int
    subscriber: int
    patient: int
    rejected: bool


class SetRecord(NamedTuple):
    """A transaction set: where its ST begins, its claims (the first is number ``first`` of the interchange), and
    whether it is one that was judged: a professional claim."""

    start: int
    first: int
    claims: int
    rejected: bool
    some_rejected: bool
    judged: bool


class GroupRecord(NamedTuple):
    """A functional group: where its GS begins."""

    start: int
    rejected: bool


R = TypeVar("R", ClaimRecord, SetRecord, GroupRecord)

LAYOUT: dict[type, struct.Struct] = {
    ClaimRecord: struct.Struct("<5q?"),
    SetRecord: struct.Struct("<3q3?"),
    GroupRecord: struct.Struct("<q?"),
}


class Records(Generic[R]):
    """Records of one kind, in order. Raises OSError as the file system does."""

    def __init__(self, kind: type[R], directory: Path) -> None:
        self._kind: type[R] = kind
        self._layout = LAYOUT[kind]
        self._pack = self._layout.pack
        self._file = make_spool(directory)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: R) -> None:
        """Keep one more; not while they are read."""
        self._file.write(self._pack(*record))
        self._count += 1

    def read(self, first: int = 0, count: int | None = None) -> Iterator[R]:
        """So many records from this one on, or all of them."""
        size = self._layout.size
        end = self._count if count is None else min(first + count, self._count)
        while first < end:
            many = min(AT_ONCE, end - first)
            self._file.seek(first * size)
            data = self._file.read(many * size)
            self._file.seek(0, 2)
            for values in self._layout.iter_unpack(data):
                yield self._kind._make(values)
            first += many

    def clear(self) -> None:
        """Forget them."""
        self._file.seek(0)
        self._file.truncate()
        self._count = 0

    def close(self) -> None:
        self._file.close()
