"""What every report is: a writer fed with the pipeline's events, one claim at a time.

Files may be judged in other processes: each then writes its own piece with ``handle`` alone, and the report of the run
takes the pieces in, in order, between its ``begin`` and its ``end``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import BinaryIO, NamedTuple, Protocol

from scrubber.reports.tally import Tally
from scrubber.verdict import Event, TableUsed


class Run(NamedTuple):
    """What holds for a whole run: which scrubber, the receipt date, and whether patient data is left out."""

    version: str
    received: date
    redacted: bool = False


class Report(Protocol):
    """A format. All text goes to the stream that the report was made with."""

    def begin(self) -> None:
        """Open the document."""

    def handle(self, event: Event) -> None:
        """Take the next event, in file order."""

    def take_in(self, piece: BinaryIO) -> None:
        """Copy what another process wrote about one file."""

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        """Close the document with what is known at last: totals, and the tables that were used."""
