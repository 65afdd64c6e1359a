"""What waits for a person: claims in rejected/, files in failed/, files to send in accepted/.

What somebody takes out of these folders waits no longer, whatever becomes of it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from scrubber.watch.layout import ACCEPTED, REJECTED, Layout
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
    """What waits of the files that were done from one moment until another. Raises Corrupt."""
    found = ledger.entries(
        "state = 'done' AND done >= ? AND done < ? AND (rejected > 0 OR outcome = 'failed') ORDER BY published DESC",
        (since, until),
    )
    rejected = [entry for entry in found if entry.rejected and _lies(layout, _find_rejected(ledger, entry))]
    failed = [entry for entry in found if entry.outcome == "failed" and _lies(layout, entry.place)]
    return Outstanding(rejected, failed)


def _find_rejected(ledger: Ledger, entry: Entry) -> bytes | None:
    """Where a file's rejected claims were put."""
    paths = (path for path, _, _ in ledger.outputs(entry.id))
    return next((path for path in paths if path.startswith(os.fsencode(f"{REJECTED}/"))), None)


def _lies(layout: Layout, path: bytes | None) -> bool:
    return path is not None and os.path.lexists(layout.absolute(path))


def count_to_send(layout: Layout) -> int:
    """Files in accepted/."""
    return len(os.listdir(layout.root / ACCEPTED))
