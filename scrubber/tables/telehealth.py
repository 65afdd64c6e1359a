"""CMS's list of services that Medicare pays as telehealth, by year. None is shipped: its codes are the AMA's."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import DatedTable, NoEditions
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


class TelehealthList(DatedTable):
    """Medicare's telehealth services by code and day."""

    @classmethod
    def open(cls, library: Library | None) -> TelehealthList:
        """The user's editions; without any, no day is answered for."""
        return cls(loaded(library, KIND) or NoEditions())

    def find(self, code: str, day: date) -> Listed | None:
        """The service on a day's list; None when it is not listed or taken off, or no list tells (ask ``knows``)."""
        for _, status, audio_only, limits in self.editions.find(day, code):
            if not status.upper().startswith(REMOVED):
                return Listed(status, audio_only, limits)
        return None

    def knows(self, code: str, day: date) -> bool:
        """Whether a code that is not found is known to be none of the list: a list answers for the day, and it is
        whole or has the code."""
        edition = self.editions.on(day)
        return edition is not None and (edition.complete or bool(self.editions.find(day, code)))
