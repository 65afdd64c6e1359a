"""Provider taxonomy codes by day: NUCC's code set, where the user has loaded it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import Edition, Editions, NoEditions
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "taxonomy"


class TaxonomyStatus(StrEnum):
    """What a taxonomy code is on a day."""

    IN_USE = "in-use"
    NOT_YET = "not-yet"
    OUT_OF_USE = "out-of-use"
    UNKNOWN = "unknown"
    """The code set does not have it."""
    UNCHECKED = "unchecked"
    """No version answers for the day."""


class Taxonomy(NamedTuple):
    """A code: first and last day of use (None: not told, or open), the code to use instead, and what it stands for."""

    code: str
    effective: date | None
    last: date | None
    replacement: str
    classification: str
    specialization: str
    section: str
    """``Individual`` or ``Non-Individual``; ``""`` where the file does not tell."""


class TaxonomyTable:
    """Codes by day. Nothing is shipped: NUCC's code set needs a licence."""

    def __init__(self, editions: Editions) -> None:
        self.editions = editions

    @classmethod
    def open(cls, library: Library | None) -> TaxonomyTable:
        """The user's editions; none where none is loaded."""
        return cls(loaded(library, KIND) or NoEditions())

    def find(self, code: str, day: date) -> Taxonomy | None:
        """What the version of that day says of a code, in use or not; None when it has none (ask ``on``)."""
        rows = self.editions.find(day, code)
        if not rows:
            return None
        code, effective, last, *said = rows[0]
        return Taxonomy(code, _day(effective), _day(last), *said)

    def status(self, code: str, day: date) -> TaxonomyStatus:
        """Whether a code may be used on a day."""
        if self.editions.on(day) is None:
            return TaxonomyStatus.UNCHECKED
        found = self.find(code, day)
        if found is None:
            return TaxonomyStatus.UNKNOWN
        if found.last is not None and found.last < day:
            return TaxonomyStatus.OUT_OF_USE
        if found.effective is not None and day < found.effective:
            return TaxonomyStatus.NOT_YET
        return TaxonomyStatus.IN_USE

    def on(self, day: date) -> Edition | None:
        """The version that answers for a day."""
        return self.editions.on(day)

    def all(self) -> Sequence[Edition]:
        """Every version."""
        return self.editions.all()

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known."""
        return self.editions.turns()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
