"""NCCI medically unlikely edits (MUE): the units of a service beyond which a line or a day is not paid.

CMS replaces the whole table each quarter; rows carry no dates. Medicaid has a table of its own, whose values differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import Edition, Editions, NoEditions
from scrubber.tables.kinds import KINDS
from scrubber.tables.starter import in_memory, loaded, read_starter

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND, MEDICAID = "ncci-mue", "ncci-mue-medicaid"


class Limit(NamedTuple):
    """Most ``units`` of a code. ``mai`` is the adjudication indicator: 1 each line by itself, 2 the day by policy, 3
    the day by clinical experience. ``own`` is False where Medicare's table stands in for Medicaid's."""

    units: int
    mai: str
    own: bool = True


class MueTable:
    """Unit limits by code and day; ``medicaid`` asks Medicaid's table first, where it is loaded."""

    def __init__(self, editions: Editions, medicaid: Editions | None = None) -> None:
        self.editions = editions
        self._medicaid: Editions = medicaid or NoEditions()

    @classmethod
    def open(cls, library: Library | None) -> MueTable:
        """The user's editions where they are loaded, else the starter table."""
        return cls(loaded(library, KIND) or starter(), loaded(library, MEDICAID))

    def find(self, code: str, day: date, medicaid: bool = False) -> Limit | None:
        """The limit of a code on a day; None where none is published or known (ask ``knows``)."""
        own = self._medicaid.on(day) is not None
        rows = self._asked(day, medicaid).find(day, code)
        units, mai = rows[0][1:3] if rows else ("", "")
        return Limit(int(units), mai, own or not medicaid) if units.isdecimal() else None

    def knows(self, code: str, day: date, medicaid: bool = False) -> bool:
        """Whether no limit means that none is published: an edition answers for the day, and it is complete or lists
        the code."""
        asked = self._asked(day, medicaid)
        edition = asked.on(day)
        return edition is not None and (edition.complete or bool(asked.find(day, code)))

    def on(self, day: date, medicaid: bool = False) -> Edition | None:
        """The edition that answers for a day."""
        return self._asked(day, medicaid).on(day)

    def all(self) -> Sequence[Edition]:
        """Every edition."""
        return [*self.editions.all(), *self._medicaid.all()]

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known."""
        here, there = self.editions.turns(), self._medicaid.turns()
        return None if here is None or there is None else here | there

    def _asked(self, day: date, medicaid: bool) -> Editions:
        return self._medicaid if medicaid and self._medicaid.on(day) is not None else self.editions


def starter() -> Editions:
    """The shipped part of CMS's table. Empty units say that the code was looked up and has no published limit."""
    rows = read_starter("ncci", "mue_starter.csv")
    edition = Edition(KIND, "starter (from 2026 Q2, partial)", date(2026, 4, 1), None, len(rows), complete=False)
    return in_memory(edition, KINDS[KIND].columns, rows)
