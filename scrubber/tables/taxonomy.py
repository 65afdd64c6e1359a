"""NUCC's taxonomy of providers: which codes were in use on a day. None is shipped: the list is licensed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import DatedTable, NoEditions
from scrubber.tables.kinds import KINDS
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "taxonomy"


class Taxonomy(NamedTuple):
    """A taxonomy code: ``effective`` first and ``last`` last day of use as ISO texts, ``""`` where not told or open;
    ``replacement`` is the code to use instead, ``""`` where there is none."""

    effective: str
    last: str
    replacement: str

    def covers(self, day: date) -> bool:
        """Whether the code was in use on this day."""
        text = day.isoformat()
        return self.effective <= text and (not self.last or text <= self.last)


_PICKED = tuple(KINDS[KIND].columns.index(name) for name in Taxonomy._fields)


class TaxonomyTable(DatedTable):
    """Taxonomy codes by code and day."""

    @classmethod
    def open(cls, library: Library | None) -> TaxonomyTable:
        """The user's editions; without any, no day is answered for."""
        return cls(loaded(library, KIND) or NoEditions())

    def find(self, code: str, day: date) -> Taxonomy | None:
        """The code as the edition of a day lists it, in use or not; None when it is not listed, or no edition answers
        (ask ``on``)."""
        rows = self.editions.find(day, code)
        return Taxonomy(*[rows[0][number] for number in _PICKED]) if rows else None
