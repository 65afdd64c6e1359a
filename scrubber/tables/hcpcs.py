"""HCPCS Level II codes and modifiers by day: CMS's quarterly file, where the user has loaded it.

It holds no CPT codes. Ask only about what ``covers`` says is Level II: a letter and four digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import Edition, Editions, NoEditions
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "hcpcs"

# Dental codes (D) are ADA's and no longer in CMS's file.
_LEVEL_TWO = re.compile(r"[A-CE-Z]\d{4}")


class HcpcsStatus(StrEnum):
    """What a code is on a day."""

    IN_USE = "in-use"
    NOT_YET = "not-yet"
    TERMINATED = "terminated"
    UNKNOWN = "unknown"
    """The file does not have it."""
    UNCHECKED = "unchecked"
    """No edition answers for the day."""


class HcpcsCode(NamedTuple):
    """A code or modifier: first and last day of use (None: not told, or open), CMS's latest action and since when,
    coverage (one letter) and pricing (two digits) indicators."""

    code: str
    sort: str
    """``procedure`` or ``modifier``."""
    added: date | None
    terminated: date | None
    action: str
    action_date: date | None
    coverage: str
    pricing: str


class HcpcsTable:
    """Codes by day. A file speaks for earlier days, too: it keeps codes for some ten years after they end."""

    def __init__(self, editions: Editions) -> None:
        self.editions = editions

    @classmethod
    def open(cls, library: Library | None) -> HcpcsTable:
        """The user's editions; none where none is loaded."""
        return cls(loaded(library, KIND) or NoEditions())

    @staticmethod
    def covers(code: str) -> bool:
        """Whether a code is of the sort that the file holds."""
        return _LEVEL_TWO.fullmatch(code) is not None

    def find(self, code: str, day: date) -> HcpcsCode | None:
        """What the edition of that day says of a code or modifier, in use or not; None when it has none (ask
        ``on``)."""
        rows = self.editions.find(day, code)
        if not rows:
            return None
        code, sort, added, terminated, action, action_date, coverage, pricing = rows[0]
        return HcpcsCode(code, sort, _day(added), _day(terminated), action, _day(action_date), coverage, pricing)

    def status(self, code: str, day: date) -> HcpcsStatus:
        """Whether a code or modifier may be used on a day."""
        if self.editions.on(day) is None:
            return HcpcsStatus.UNCHECKED
        found = self.find(code, day)
        if found is None:
            return HcpcsStatus.UNKNOWN
        if found.terminated is not None and found.terminated < day:
            return HcpcsStatus.TERMINATED
        # A code that was re-activated has gone before; when it ended then, the file no longer tells.
        reactivated = found.action == "R" and found.action_date is not None and day < found.action_date
        if reactivated:
            return HcpcsStatus.UNCHECKED
        if found.added is not None and day < found.added:
            return HcpcsStatus.NOT_YET
        return HcpcsStatus.IN_USE

    def on(self, day: date) -> Edition | None:
        """The edition that answers for a day."""
        return self.editions.on(day)

    def all(self) -> Sequence[Edition]:
        """Every edition."""
        return self.editions.all()

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known."""
        return self.editions.turns()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
