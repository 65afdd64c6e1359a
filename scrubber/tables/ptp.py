"""NCCI PTP pairs by date: which two procedures are not paid together, and whether a modifier may part them.

One row is (column one, column two, effective, deletion or open, modifier indicator). The same pair may have several
rows with different dates. Indicator 0: no modifier parts the pair; 1: one may; 9: the row was never an edit. The
shipped starter table is partial: a pair that it does not know is unchecked, not fine.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

NEVER_AN_EDIT = "9"


class PtpRow(NamedTuple):
    """One row of a PTP table. ``effective`` is None where the source does not tell; ``deletion`` is the last day in
    force, None while open."""

    column_one: str
    column_two: str
    effective: date | None
    deletion: date | None
    indicator: str

    def covers(self, day: date) -> bool:
        """Whether the row is an edit on this day. A row of unknown beginning covers every day before its end."""
        return (
            self.indicator != NEVER_AN_EDIT
            and (self.effective is None or self.effective <= day)
            and (self.deletion is None or day <= self.deletion)
        )


class PtpTable:
    """Pairs of one edition, kept by (column one, column two).

    ``from_`` and ``to`` are the days of the edition. ``complete`` says that an unlisted pair is known not to be an
    edit; in a partial table only ``clear`` pairs are (looked up in the full edition, no row in force). A subclass
    that keeps its rows elsewhere overrides ``find`` and ``turns``.
    """

    def __init__(
        self,
        rows: Iterable[PtpRow],
        edition: str,
        from_: date,
        to: date | None,
        complete: bool,
        clear: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.edition = edition
        self.from_ = from_
        self.to = to
        self.complete = complete
        self._rows: dict[tuple[str, str], tuple[PtpRow, ...]] = {}
        for row in rows:
            pair = (row.column_one, row.column_two)
            self._rows[pair] = (*self._rows.get(pair, ()), row)
        self._clear = frozenset(frozenset(pair) for pair in clear)
        self.rows = sum(map(len, self._rows.values()))

    @classmethod
    def open(cls, library: Library | None) -> PtpTable:
        """The user's editions where they are loaded, else the starter table."""
        return cls.starter()

    @classmethod
    @lru_cache(maxsize=1)
    def starter(cls) -> PtpTable:
        """The shipped starter table, from ``edits/ncci/tables``: ``ptp_starter.csv`` with column_one, column_two,
        effective, deletion, indicator (dates ISO, empty for unknown or open) and ``ptp_clear.csv``."""
        tables = Path(next(iter(import_module("scrubber.edits.ncci").__path__))) / "tables"
        rows = (
            PtpRow(r["column_one"], r["column_two"], _day(r["effective"]), _day(r["deletion"]), r["indicator"])
            for r in _records(tables / "ptp_starter.csv")
        )
        clear = [(r["code"], r["other"]) for r in _records(tables / "ptp_clear.csv")]
        return cls(rows, "starter (from 2024 Q3, partial)", date(2024, 7, 1), None, complete=False, clear=clear)

    def find(self, column_one: str, column_two: str) -> Sequence[PtpRow]:
        """Every row of this pair in this column order, whatever its dates and indicator."""
        return self._rows.get((column_one, column_two), ())

    def on(self, column_one: str, column_two: str, day: date) -> PtpRow | None:
        """The row of this pair, in this column order, that is an edit on a day; or None."""
        if self.to is not None and day > self.to:
            return None
        for row in self.find(column_one, column_two):
            if row.covers(day):
                return row
        return None

    def between(self, code: str, other: str, day: date) -> PtpRow | None:
        """The row for two codes in whichever column order the table has them; the stricter one if it has both."""
        there, back = self.on(code, other, day), self.on(other, code, day)
        if there and back:
            return min(there, back, key=lambda row: row.indicator)
        return there or back

    def knows(self, code: str, other: str) -> bool:
        """Whether no row in force means no edit: the pair is listed in either order, or known to be clear."""
        return (
            self.complete
            or bool(self.find(code, other) or self.find(other, code))
            or frozenset((code, other)) in self._clear
        )

    def covers(self, day: date) -> bool:
        """Whether a day lies before the end of the edition; after it the table cannot say what is in force."""
        return self.to is None or day <= self.to

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer of this table changes; None where that is not known."""
        days = {self.from_, *(row.effective for rows in self._rows.values() for row in rows if row.effective)}
        ends = [self.to, *(row.deletion for rows in self._rows.values() for row in rows)]
        # The last day itself is a turn too: ``sure`` knows more of it than of the day before.
        days.update(day for end in ends if end for day in (end, end + timedelta(days=1)))
        return frozenset(days)

    def sure(self, row: PtpRow, day: date) -> bool:
        """Whether a row that covers a day is known to have been in force on it, though its beginning may be unknown:
        it was when the edition began, and on its own last day."""
        return row.effective is not None or day >= self.from_ or day == row.deletion


def _records(table: Path) -> Iterator[dict[str, str]]:
    """The rows of a small CSV with ``#`` comments above its header."""
    lines = table.read_text(encoding="ascii").splitlines()
    return iter(csv.DictReader(line for line in lines if not line.startswith("#")))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
