"""What waits for a person: claims in rejected/, files in failed/, files to send in accepted/.

What somebody takes out of these folders waits no longer, whatever becomes of it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from scrubber.watch.layout import ACCEPTED, FAILED, REJECTED, Layout
from scrubber.watch.ledger import Entry, Ledger


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Files that wait, newest first."""

    rejected: Sequence[Entry]
    """Those whose rejected claims lie in rejected/."""
    failed: Sequence[Entry]
    """Those that lie in failed/."""

    @property
    def claims(self) -> int:
        """Claims to correct."""
        return sum(entry.rejected for entry in self.rejected)

    @property
    def entries(self) -> list[Entry]:
        return sorted((*self.rejected, *self.failed), key=lambda entry: entry.published or 0, reverse=True)


def find_outstanding(layout: Layout, ledger: Ledger, since: float = 0.0, until: float = math.inf) -> Outstanding:
    """What waits of the files that were done from one moment until another. Raises OSError, Corrupt."""
    there = {os.fsencode(f"{folder}/{name}") for folder in (REJECTED, FAILED) for name in _list(layout, folder)}
    if not there:
        return Outstanding((), ())
    when, stretch = "state = 'done' AND done >= ? AND done < ? AND (rejected > 0 OR outcome = 'failed')", (since, until)
    paths = ledger.run(f"SELECT output.file, path FROM output JOIN file ON file.id = output.file WHERE {when}", stretch)
    rejected = {number for number, path in paths if path in there}
    found = ledger.entries(f"{when} ORDER BY published DESC", stretch)
    return Outstanding(
        [entry for entry in found if entry.id in rejected],
        [entry for entry in found if entry.outcome == "failed" and entry.place in there],
    )


def count_to_send(layout: Layout) -> int:
    """Files in accepted/."""
    return len(_list(layout, ACCEPTED))


def _list(layout: Layout, folder: str) -> list[str]:
    return os.listdir(layout.root / folder)
