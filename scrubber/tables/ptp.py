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

from scrubber.tables.dated import Edition, Row, RowsInMemory

if TYPE_CHECKING:
    from scrubber.tables.dated import Editions, Library

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
    """Pairs by (column one, column two), in the edition that answers for the day.

    Of a complete edition an unlisted pair is known not to be an edit; of a partial one only ``clear`` pairs are (looked
    up in the full edition, no row in force).
    """

    def __init__(
        self, editions: Editions, clear: Iterable[Iterable[str]] = (), medicaid: PtpTable | None = None
    ) -> None:
        """``clear`` are pairs of codes in any order, ``medicaid`` is the table of Medicaid's own pairs."""
        self._editions = editions
        self._clear = frozenset(frozenset(pair) for pair in clear)
        self.medicaid = medicaid or self
        """The table for claims to Medicaid: its own pairs where they are loaded, else these. Never both."""
        self.complete = all(edition.complete for edition in editions.all())

    @classmethod
    def of(
        cls,
        rows: Iterable[PtpRow],
        edition: str,
        from_: date,
        to: date | None,
        complete: bool,
        clear: Iterable[Iterable[str]] = (),
    ) -> PtpTable:
        """A table of one edition, from its rows. It speaks for the days before ``from_``, too, by the rows' dates."""
        kept: dict[tuple[str, ...], list[Row]] = {}
        days: set[date] = set()
        for row in rows:
            one, two, effective, deletion, indicator = row
            values = (one, two, _text(effective), _text(deletion), indicator, "")
            kept.setdefault((one, two), []).append(values)
            if effective:
                days.add(effective)
            if deletion:
                # The last day itself is a turn too: ``sure`` knows more of it than of the day before.
                days.update((deletion, deletion + timedelta(days=1)))
        known = Edition("ncci-ptp", edition, from_, to, sum(map(len, kept.values())), complete, since=date.min)
        return cls(RowsInMemory(known, kept, days), clear)

    @classmethod
    def open(cls, library: Library | None) -> PtpTable:
        """The user's editions where they are loaded, else the starter table."""
        medicare = library.editions("ncci-ptp") if library else None
        medicaid = library.editions("ncci-ptp-medicaid") if library else None
        if medicare is None and medicaid is None:
            return cls.starter()
        own = cls(medicaid) if medicaid else None
        if medicare is not None:
            return cls(medicare, medicaid=own)
        starter = cls.starter()
        return cls(starter._editions, starter._clear, own)

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
        return cls.of(rows, "starter (from 2024 Q3, partial)", date(2024, 7, 1), None, complete=False, clear=clear)

    def all(self) -> Sequence[Edition]:
        """Every edition that it answers from, oldest first; Medicaid's after Medicare's."""
        own = self._editions.all()
        return own if self.medicaid is self else (*own, *self.medicaid._editions.all())

    def find(self, column_one: str, column_two: str) -> Sequence[PtpRow]:
        """Every row of this pair in this column order in any edition, whatever its dates and indicator."""
        found: dict[PtpRow, None] = {}
        for edition in self._editions.all():
            found.update((_read(row), None) for row in self._editions.find(edition.from_, column_one, column_two))
        return tuple(found)

    def on(self, column_one: str, column_two: str, day: date) -> PtpRow | None:
        """The row of this pair, in this column order, that is an edit on a day; the stricter one of several; or
        None."""
        covering = [row for r in self._editions.find(day, column_one, column_two) if (row := _read(r)).covers(day)]
        return min(covering, key=_strictness) if covering else None

    def between(self, code: str, other: str, day: date) -> PtpRow | None:
        """The row for two codes in whichever column order the table has them; the stricter one if it has both."""
        there, back = self.on(code, other, day), self.on(other, code, day)
        if there and back:
            return min(there, back, key=_strictness)
        return there or back

    def knows(self, code: str, other: str) -> bool:
        """Whether no row in force means no edit: the pair is listed in either order, or known to be clear."""
        return (
            self.complete
            or bool(self.find(code, other) or self.find(other, code))
            or frozenset((code, other)) in self._clear
        )

    def tells(self, code: str, other: str, day: date) -> bool:
        """Whether it is known of a pair and a day if it is an edit: some edition answers for the day, and no row in it
        means no edit."""
        edition = self._editions.on(day)
        return edition is not None and (
            edition.complete
            or bool(self._editions.find(day, code, other) or self._editions.find(day, other, code))
            or frozenset((code, other)) in self._clear
        )

    def covers(self, day: date) -> bool:
        """Whether some edition answers for a day; after the last, nobody can say what is in force."""
        return self._editions.on(day) is not None

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer of this table changes; None where that is not known."""
        own = self._editions.turns()
        if self.medicaid is self or own is None:
            return own
        other = self.medicaid.turns()
        return None if other is None else own | other

    def sure(self, row: PtpRow, day: date) -> bool:
        """Whether a row that covers a day is known to have been in force on it, though its beginning may be unknown:
        it was when the edition began, and on its own last day."""
        if row.effective is not None or day == row.deletion:
            return True
        edition = self._editions.on(day)
        return edition is not None and day >= edition.from_


@lru_cache(8_192)
def _read(row: Row) -> PtpRow:
    one, two, effective, deletion, indicator, _ = row
    return PtpRow(one, two, _day(effective), _day(deletion), indicator)


def _strictness(row: PtpRow) -> str:
    return row.indicator


def _records(table: Path) -> Iterator[dict[str, str]]:
    """The rows of a small CSV with ``#`` comments above its header."""
    lines = table.read_text(encoding="ascii").splitlines()
    return iter(csv.DictReader(line for line in lines if not line.startswith("#")))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
