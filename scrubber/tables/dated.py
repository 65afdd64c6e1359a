"""Editions of reference data: which rows were in force on a day, and on which days nobody can tell.

Every table class (PtpTable, MueTable, ...) asks an Editions: rows in memory (a starter table that is shipped) or rows
of the user's store. A question about a day that no edition answers for is *not checked*, never fine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol

Row = tuple[str, ...]
"""The values of a row as text, in the order of its kind's columns; ``""`` for none, dates ISO."""


class Edition(NamedTuple):
    """One edition of one kind of table.

    ``complete`` says that a key without rows is known to have none; of a partial edition (a starter table) nothing
    can be said about a key that it does not list.
    """

    kind: str
    """``ncci-ptp``, ``ncci-mue``, ...: the KIND of ``scrubber tables add``."""
    name: str
    """As its publisher calls it: ``2026 Q3``, ``v32.2``."""
    from_: date
    to: date | None
    """The last day it answers for; None while open."""
    rows: int = 0
    complete: bool = True
    since: date | None = None
    """The first day that its rows speak for by their own dates, where it carries history; None: ``from_``."""

    def answers(self, day: date) -> bool:
        """Whether its rows say what was in force on a day: from the begin of its history to its own last day."""
        return (self.since or self.from_) <= day and (self.to is None or day <= self.to)

    def cite(self, day: date) -> str:
        """Name and dates, as a citation of what it says of a day has them."""
        text = f"{self.name} ({self.from_} to {self.to})" if self.to else f"{self.name} (from {self.from_})"
        if not self.complete:
            text += ", a part of it"
        if self.from_ <= day and (self.to is None or day <= self.to):
            return text
        return f"{text}, {'by the dates of its rows' if self.since else 'made for other days'}"


class Editions(Protocol):
    """All editions of one kind, looked up by day."""

    def all(self) -> Sequence[Edition]:
        """Every edition, oldest first."""
        ...

    def on(self, day: date) -> Edition | None:
        """The edition that answers for a day. That is the one in force on it (of several, the one that began last);
        else the next to begin after it, where that carries the history of its rows. None: no edition does, and nobody
        can tell what was in force."""
        ...

    def find(self, day: date, *key: str) -> Sequence[Row]:
        """The rows under a key in the edition that answers for a day, in the order of its columns; empty when there
        are none or no edition answers. ``key`` are values of the first columns, as many as are known. Rows may carry
        dates of their own, which the table class reads."""
        ...

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known. Days between two turns are alike, so
        that what was answered for one may be remembered for the others."""
        ...


class Library(Protocol):
    """The user's reference data: editions by kind."""

    def editions(self, kind: str) -> Editions | None:
        """All editions of a kind, None when it holds none of it."""
        ...


class RowsInMemory:
    """One edition held in memory: a starter table, or a test's."""

    def __init__(
        self, edition: Edition, rows: Mapping[tuple[str, ...], Sequence[Row]], turns: Iterable[date] = ()
    ) -> None:
        """``rows`` by key; ``turns`` are the days on which rows begin or end inside the edition."""
        self._edition = edition
        self._rows = rows
        days = {edition.from_, *turns}
        if edition.since is not None:
            days.add(edition.since)
        if edition.to is not None:
            days.add(edition.to + timedelta(days=1))
        self._turns = frozenset(days)

    def all(self) -> Sequence[Edition]:
        return (self._edition,)

    def on(self, day: date) -> Edition | None:
        return self._edition if self._edition.answers(day) else None

    def find(self, day: date, *key: str) -> Sequence[Row]:
        return self._rows.get(key, ()) if self.on(day) else ()

    def turns(self) -> frozenset[date] | None:
        return self._turns


class NoEditions:
    """A kind of which nothing has been loaded."""

    def all(self) -> Sequence[Edition]:
        return ()

    def on(self, day: date) -> Edition | None:
        return None

    def find(self, day: date, *key: str) -> Sequence[Row]:
        return ()

    def turns(self) -> frozenset[date] | None:
        return frozenset()


class DatedTable:
    """What every table over one kind of editions answers of its days; a table adds how it is opened and looked up."""

    def __init__(self, editions: Editions) -> None:
        self.editions = editions

    def on(self, day: date) -> Edition | None:
        """The edition that answers for a day."""
        return self.editions.on(day)

    def all(self) -> Sequence[Edition]:
        """Every edition."""
        return self.editions.all()

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known."""
        return self.editions.turns()
