"""What the service is told to do, what it has in hand, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from scrubber.config import Watch
from scrubber.pipeline import Options
from scrubber.watch.identity import Identity, State
from scrubber.watch.ledger import Entry
from scrubber.watch.repeated import Repeated


@dataclass(frozen=True, slots=True)
class Terms:
    """How the service is to run. The options hold no catalogue and no tables: each worker loads them."""

    options: Options
    settings: Watch = field(default_factory=Watch)
    packs: tuple[str, ...] = ()
    received: date | None = None
    poll: bool = False
    once: bool = False
    method: str = "spawn"
    """How workers are started; see ``Crew``."""


@dataclass(slots=True)
class Tally:
    """What came of the files of this run."""

    outcomes: dict[str, int] = field(default_factory=dict)
    warnings: int = 0
    left: int = 0
    """Files that could not be taken."""

    def count(self, outcome: str, warnings: int) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.warnings += warnings


@dataclass(slots=True)
class Job:
    """A file in hand."""

    entry: Entry
    state: State
    """As it was taken."""
    large: bool
    identity: Identity | None = None
    keys: frozenset[tuple[str, ...]] = frozenset()
    """What it keeps from files that were taken later until it has come out; see ``Identity``."""
    behind: bool = False
    """It waits for such a file that was taken before it."""
    reading: bool = False
    """A worker reads it, to say what it is."""
    out: Path | None = None
    repeats: Repeated | None = None
    troubles: int = 0
    due: float = 0.0
    """When it may be tried again, by our own clock."""
