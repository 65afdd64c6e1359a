"""CMS's list of services that Medicare pays as telehealth, by year. None is shipped: its codes are the AMA's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import Edition, Editions, NoEditions
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "telehealth"

REMOVED = ("REMOV", "DELET")
"""How the status of a row begins, in capitals, that a list of changes takes off the list."""


class Listed(NamedTuple):
    """A service on the list, as CMS words it; ``""`` where the list has no such column."""

    status: str
    audio_only: str
    limits: str


class TelehealthList:
    """Medicare's telehealth services by code and day."""

    def __init__(self, editions: Editions) -> None:
        self.editions = editions

    @classmethod
    def open(cls, library: Library | None) -> TelehealthList:
        """The user's editions; without any, no day is answered for."""
        return cls(loaded(library, KIND) or NoEditions())

    def find(self, code: str, day: date) -> Listed | None:
        """The service on the list of a day; None when it is not listed, taken off, or no list answers (ask ``on``)."""
        for _, status, audio_only, limits in self.editions.find(day, code):
            if not status.upper().startswith(REMOVED):
                return Listed(status, audio_only, limits)
        return None

    def on(self, day: date) -> Edition | None:
        """The list that answers for a day."""
        return self.editions.on(day)

    def all(self) -> Sequence[Edition]:
        """Every edition."""
        return self.editions.all()

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known."""
        return self.editions.turns()
