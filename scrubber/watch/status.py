"""How a watched folder is doing, for whoever asks while it is watched or not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Any

from scrubber.watch.intake import is_ignored
from scrubber.watch.layout import ARCHIVE, FAILED, Layout
from scrubber.watch.ledger import Entry, Ledger
from scrubber.watch.lock import find_holder


@dataclass(frozen=True, slots=True)
class State:
    """``today`` has outcomes and how many files came out so."""

    watcher: str | None
    waiting: int
    in_hand: int
    today: dict[str, int]
    claims: tuple[int, int]
    """Today's, accepted and rejected."""
    failed: int
    """Files in failed/."""

    def data(self) -> dict[str, Any]:
        accepted, rejected = self.claims
        return {
            "watched": self.watcher is not None, "watcher": self.watcher, "waiting": self.waiting,
            "in_hand": self.in_hand, "today": self.today,
            "claims": {"accepted": accepted, "rejected": rejected}, "failed": self.failed,
        }  # fmt: skip

    def text(self) -> str:
        accepted, rejected = self.claims
        files = ", ".join(f"{count:,} {outcome}" for outcome, count in self.today.items()) or "none"
        return "\n".join(
            (
                f"Watcher    {self.watcher or 'nobody watches this folder'}",
                f"Waiting    {self.waiting:,} in the inbox, {self.in_hand:,} in hand",
                f"Today      {files}",
                f"Claims     {accepted:,} accepted, {rejected:,} rejected today",
                f"Failed     {self.failed:,} in failed/" + (", each with its reason beside it" if self.failed else ""),
            )
        )


def find_state(layout: Layout, ledger: Ledger) -> State:
    """Raises OSError, Corrupt."""
    since = datetime.combine(date.today(), clock()).timestamp()
    rows = list(
        ledger.run(
            "SELECT outcome, count(*), sum(accepted), sum(rejected) FROM file WHERE state = 'done' AND done >= ?"
            " GROUP BY outcome ORDER BY outcome",
            (since,),
        )
    )
    return State(
        find_holder(layout.lock),
        sum(not is_ignored(name) for name in os.listdir(os.fsencode(layout.inbox))),
        ledger.run("SELECT count(*) FROM file WHERE state <> 'done'").fetchone()[0],
        {outcome: files for outcome, files, _, _ in rows},
        (sum(row[2] for row in rows), sum(row[3] for row in rows)),
        ledger.run("SELECT count(*) FROM file WHERE state = 'done' AND outcome = 'failed'").fetchone()[0],
    )


def find_root(file: str) -> Layout | None:
    """The watched folder that a file of failed/ or archive/ lies in."""
    path = Path(os.path.abspath(file))
    for root in path.parents[1:3]:
        layout = Layout(root)
        if layout.state.is_dir() and layout.relative(path).split(os.fsencode(os.sep))[0] in (
            FAILED.encode(),
            ARCHIVE.encode(),
        ):
            return layout
    return None


def find_entry(layout: Layout, ledger: Ledger, file: str) -> Entry | None:
    """The file that the ledger has in a place."""
    place = layout.relative(Path(os.path.abspath(file)))
    found = ledger.entries("place = ? AND state = 'done'", (place,))
    return found[0] if found else None
