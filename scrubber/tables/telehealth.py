"""Which services Medicare pays as telehealth, by calendar year: CMS's list, where the user has loaded it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import Edition, Editions, NoEditions
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "telehealth"


class RemoteService(NamedTuple):
    """A service on the list, in the list's own words; ``""`` where it has no such column."""

    code: str
    status: str
    audio_only: str
    limits: str


class TelehealthList:
    """The list by day. Nothing is shipped: CPT codes are AMA's."""

    def __init__(self, editions: Editions) -> None:
        self.editions = editions

    @classmethod
    def open(cls, library: Library | None) -> TelehealthList:
        """The user's editions; none where none is loaded."""
        return cls(loaded(library, KIND) or NoEditions())

    def find(self, code: str, day: date) -> RemoteService | None:
        """What the list of that year says of a code; None when it is not on it, or no list answers (ask ``on``)."""
        rows = self.editions.find(day, code)
        # A list of changes names, too, what has been taken off.
        if not rows or rows[0][1].lower().startswith(("remov", "delet")):
            return None
        return RemoteService(*rows[0])

    def on(self, day: date) -> Edition | None:
        """The edition that answers for a day; None: it cannot be told what is on the list."""
        return self.editions.on(day)

    def all(self) -> Sequence[Edition]:
        """Every edition."""
        return self.editions.all()

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known."""
        return self.editions.turns()
