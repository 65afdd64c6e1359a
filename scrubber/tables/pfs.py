"""Payment indicators of the Medicare physician fee schedule: how a service may be billed, no amounts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import DatedTable, Edition, Editions
from scrubber.tables.kinds import KINDS
from scrubber.tables.starter import in_memory, loaded, read_starter

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "pfs"


class Fee(NamedTuple):
    """Indicators of a service as CMS writes them: ``status`` A, B, C …; ``pctc`` 0 to 9; ``global_days`` 000, 010,
    090, XXX, ZZZ …; ``bilateral`` 0 to 9; ``assistant`` 0 to 9, ``""`` where the table lacks it."""

    status: str
    pctc: str
    global_days: str
    bilateral: str
    assistant: str


_PICKED = tuple(KINDS[KIND].columns.index(name) for name in Fee._fields)


class FeeSchedule(DatedTable):
    """Indicators by code and day."""

    @classmethod
    def open(cls, library: Library | None) -> FeeSchedule:
        """The user's editions where they are loaded, else the starter table."""
        return cls(loaded(library, KIND) or starter())

    def find(self, code: str, day: date | None) -> Fee | None:
        """The indicators of a whole service (no 26, TC or 53) on a day; None where they are not known."""
        rows = self.editions.find(day, code) if day is not None else ()
        for row in rows:
            if not row[1]:
                return Fee(*(row[number] for number in _PICKED))
        return None

    def knows(self, code: str, day: date) -> bool:
        """Whether no indicators means that the schedule has none for the code that day."""
        edition = self.editions.on(day)
        return edition is not None and (edition.complete or bool(self.editions.find(day, code)))


def starter() -> Editions:
    """The shipped part of CMS's file."""
    rows = read_starter("modifiers", "pfs_starter.csv")
    edition = Edition(KIND, "starter (from 2024, partial)", date(2024, 1, 1), None, len(rows), complete=False)
    return in_memory(edition, KINDS[KIND].columns, rows)
