"""HCPCS Level II: which codes were in use on a day. None is shipped: CMS publishes the file anew every quarter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import DatedTable, NoEditions
from scrubber.tables.kinds import KINDS
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "hcpcs"
PROCEDURE = "procedure"


class Code(NamedTuple):
    """A procedure code: ``added`` first and ``terminated`` last day of use as ISO texts, ``""`` where open or not told;
    ``coverage`` CMS's letter (I: not payable by Medicare …)."""

    sort: str
    added: str
    terminated: str
    coverage: str

    def covers(self, day: date) -> bool:
        """Whether the code may be billed for service on this day."""
        text = day.isoformat()
        return self.added <= text and (not self.terminated or text <= self.terminated)


_PICKED = tuple(KINDS[KIND].columns.index(name) for name in Code._fields)


class HcpcsTable(DatedTable):
    """Procedure codes by code and day."""

    @classmethod
    def open(cls, library: Library | None) -> HcpcsTable:
        """The user's editions; without any, no day is answered for."""
        return cls(loaded(library, KIND) or NoEditions())

    def find(self, code: str, day: date) -> Code | None:
        """The code as it was in use on a day; None when it was not, or no edition answers (ask ``knows``)."""
        return next((found for found in self.listed(code, day) if found.covers(day)), None)

    def listed(self, code: str, day: date) -> Sequence[Code]:
        """What the edition of a day has under a code, in use or not."""
        found = (Code(*[row[number] for number in _PICKED]) for row in self.editions.find(day, code))
        return [each for each in found if each.sort == PROCEDURE]

    def knows(self, code: str, day: date) -> bool:
        """Whether not finding a code means that it was not in use that day."""
        edition = self.editions.on(day)
        return edition is not None and (edition.complete or bool(self.listed(code, day)))
