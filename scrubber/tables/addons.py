"""NCCI add-on codes: services that are paid only beside one of their primary codes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import DatedTable, Edition, Editions, Row
from scrubber.tables.kinds import KINDS
from scrubber.tables.starter import in_memory, loaded, read_starter

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "ncci-aoc"

CLOSED, CONTRACTOR, PARTIAL = "1", "2", "3"
"""Types: only beside a listed primary; the payer names the primaries; payers may add primaries to the listed ones."""

ANY = "CCCCC"
"""The primary of a code whose primaries the payer names."""


class AddOn(NamedTuple):
    """An add-on code on a day: its type (of several the mildest) and the primaries it may stand beside."""

    type: str
    primaries: frozenset[str]


class AddonTable(DatedTable):
    """Add-on codes by day. ``clear`` are codes that a partial table lacks because they are no add-ons; a table that has
    such was chosen code by code, with all primaries of each."""

    def __init__(self, editions: Editions, clear: Iterable[str] = ()) -> None:
        super().__init__(editions)
        self._clear = frozenset(clear)
        self._chosen = bool(self._clear)

    @classmethod
    def open(cls, library: Library | None) -> AddonTable:
        """The user's editions where they are loaded, else the starter table."""
        own = loaded(library, KIND)
        return cls(own) if own else cls(starter(), (row["code"] for row in read_starter("ncci", "aoc_clear.csv")))

    def find(self, code: str, day: date) -> AddOn | None:
        """What a code needs beside it on a day; None where it is no add-on, or none that is known (ask ``knows``)."""
        rows = [row for row in self.editions.find(day, code) if _in_force(row, day)]
        if not rows:
            return None
        types = {self._type(row[3], day) for row in rows}
        primaries = frozenset(row[1] for row in rows) - {ANY}
        return AddOn(next(t for t in (CONTRACTOR, PARTIAL, CLOSED, *types) if t in types), primaries)

    def _type(self, type_: str, day: date) -> str:
        """The type of a pair. Of a file that is not whole nobody can tell that it lists all primaries."""
        edition = self.editions.on(day)
        whole = self._chosen or edition is None or edition.complete
        return type_ if whole or type_ != CLOSED else PARTIAL

    def knows(self, code: str, day: date) -> bool:
        """Whether a code without rows in force is known to be no add-on that day."""
        edition = self.editions.on(day)
        return edition is not None and (edition.complete or code in self._clear or bool(self.editions.find(day, code)))


def _in_force(row: Row, day: date) -> bool:
    """Whether a pair holds on a day. A code that was deleted takes its pairs with it."""
    _, _, effective, _, *ends = row
    text = day.isoformat()
    return (not effective or effective <= text) and all(not end or text <= end for end in ends[:3])


def starter() -> Editions:
    """The shipped part of CMS's table. It speaks for days since its rows were compared with the edition of that day."""
    rows = read_starter("ncci", "aoc_starter.csv")
    edition = Edition(
        KIND, "starter (from 2026 Q3, partial)", date(2026, 7, 1), None, len(rows),
        complete=False, since=date(2024, 7, 1),
    )  # fmt: skip
    return in_memory(edition, KINDS[KIND].columns, rows, begins="effective")
