"""What a new edition changes: rows added, removed, changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from scrubber.tables.dated import Row


class Change(NamedTuple):
    """One row that differs: ``old`` is None for a row added, ``new`` for one removed; neither for one changed."""

    old: Row | None
    new: Row | None


def compare(old: Iterator[Row], new: Iterator[Row], same: int) -> Iterator[Change]:
    """The differences between two editions, in the order of their rows. Rows come sorted; those that are alike in the
    first ``same`` values are taken for one row in two states. Memory holds the rows of one such key."""
    before, after = _groups(old, same), _groups(new, same)
    was, is_ = next(before, None), next(after, None)
    while was or is_:
        if is_ is None or (was and was[0] < is_[0]):
            assert was is not None
            yield from (Change(row, None) for row in was[1])
            was = next(before, None)
        elif was is None or is_[0] < was[0]:
            yield from (Change(None, row) for row in is_[1])
            is_ = next(after, None)
        else:
            yield from _within(was[1], is_[1])
            was, is_ = next(before, None), next(after, None)


def _groups(rows: Iterator[Row], same: int) -> Iterator[tuple[Row, list[Row]]]:
    for key, group in groupby(rows, key=lambda row: row[:same]):
        yield key, sorted(group)


def _within(old: list[Row], new: list[Row]) -> Iterator[Change]:
    """Differences among rows of one key: mostly one row each."""
    if old == new:
        return
    gone = [row for row in old if row not in new]
    come = [row for row in new if row not in old]
    for n in range(max(len(gone), len(come))):
        yield Change(gone[n] if n < len(gone) else None, come[n] if n < len(come) else None)
