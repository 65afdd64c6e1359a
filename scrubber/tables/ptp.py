"""NCCI PTP pairs by date: which two procedures are not paid together, and whether a modifier may part them.

Shape: one row is (column one, column two, effective, deletion or open, modifier indicator 0/1). The same pair may have
several rows with different dates. The shipped starter table is partial: a pair that it does not list is unchecked.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class PtpRow:
    """One row of a PTP table. ``deletion`` is the last day in force, None while open."""

    column_one: str
    column_two: str
    effective: date | None
    deletion: date | None
    indicator: str


class PtpTable:
    """Pairs of one edition, kept by (column one, column two).

    ``complete`` says that an unlisted pair is known not to be an edit; otherwise it is unchecked.
    """

    def __init__(self, rows: Iterable[PtpRow], edition: str, from_: date, to: date | None, complete: bool) -> None:
        self.edition = edition
        self.from_ = from_
        self.to = to
        self.complete = complete
        self._rows: dict[tuple[str, str], list[PtpRow]] = {}
        for row in rows:
            self._rows.setdefault((row.column_one, row.column_two), []).append(row)
        self.rows = sum(map(len, self._rows.values()))

    @classmethod
    @lru_cache(maxsize=1)
    def starter(cls) -> PtpTable:
        """The shipped starter table (``edits/ncci/tables/ptp_starter.csv``): column_one, column_two, effective,
        deletion, indicator; dates ISO, empty for unknown or open."""
        text = (files("scrubber.edits.ncci") / "tables" / "ptp_starter.csv").read_text(encoding="ascii")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        rows = [
            PtpRow(
                r["column_one"],
                r["column_two"],
                date.fromisoformat(r["effective"]) if r["effective"] else None,
                date.fromisoformat(r["deletion"]) if r["deletion"] else None,
                r["indicator"],
            )
            for r in csv.DictReader(lines)
        ]
        return cls(rows, "starter (from 2024 Q3, partial)", date(2024, 7, 1), None, complete=False)

    def on(self, column_one: str, column_two: str, day: date) -> PtpRow | None:
        """The row of this pair in force on a day, or None."""
        for row in self._rows.get((column_one, column_two), ()):
            if (row.effective is None or row.effective <= day) and (row.deletion is None or day <= row.deletion):
                return row
        return None
