"""Totals of a run: claims and money in and out, findings by severity and edit, what was not checked.

A tally is fed with the same events as the reports, and adds up over files judged in other processes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from scrubber.finding import Finding
from scrubber.reports.held import judge_envelope
from scrubber.verdict import (
    ClaimStatus,
    ClaimVerdict,
    Event,
    FileEnd,
    FileStart,
    GroupEnd,
    InterchangeEnd,
    SetEnd,
    Totals,
)

ZERO = Decimal(0)

ACCEPTED = ClaimStatus.ACCEPTED  # Looked up once: the members of an enum are slow to reach.

FIRST = 3
"""Claims that are named for what was not checked."""

REASONS = 1000
"""Reasons for what was not checked that are counted one by one."""


@dataclass(slots=True)
class FileResult:
    """How one file came out. ``error`` says in words why it could not be judged to its end."""

    path: str
    status: str
    error: str | None
    totals: Totals


@dataclass(slots=True)
class Tally:
    """Counts over all files so far. A finding that many claims inherit is counted once."""

    totals: Totals = field(default_factory=Totals)
    files: list[FileResult] = field(default_factory=list)
    edits: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(edit, severity) to findings."""
    unchecked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(edit, reason) to claims."""
    waiting: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """(edit, reason) to the first claims (CLM01) that it was not checked on. Patient data."""
    open: int = 0
    """Claims on which something was not checked."""
    fixable: int = 0
    """Findings whose fix is safe: ``scrubber fix`` makes it."""
    waived: int = 0
    """Findings that a waiver has set aside; they are among the informations."""
    known: int | None = None
    """Findings that were left out because a baseline knows them; None without a baseline."""
    _levels: list[Totals] = field(default_factory=lambda: [Totals() for _ in range(4)])
    """Of the open set, group, interchange and file: each may still reject its claims."""

    def handle(self, event: Event) -> None:
        """Count one event."""
        if type(event) is ClaimVerdict:
            self._claim(event)
        elif isinstance(event, FileStart):
            self._levels = [Totals() for _ in range(4)]
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            lost, _ = judge_envelope(event)
            self._close(0 if isinstance(event, SetEnd) else 1 if isinstance(event, GroupEnd) else 2, lost)
        elif isinstance(event, FileEnd):
            self._close(2, False)
            for finding in event.findings:
                self._finding(finding)
            file = self._levels[3]
            self.files.append(FileResult(event.path, event.status, event.error, file))
            add(self.totals, file)
            self._levels[3] = Totals()

    def open_claims(self, event: Event) -> int:
        """Claims of the envelope that this event ends; before it is handled."""
        depth = 1 if isinstance(event, SetEnd) else 2 if isinstance(event, GroupEnd) else 3
        return sum(totals.claims for totals in self._levels[:depth])

    def merge(self, other: Tally) -> None:
        """Add what another process counted."""
        self.files += other.files
        self.edits.update(other.edits)
        self.unchecked.update(other.unchecked)
        self.open += other.open
        self.fixable += other.fixable
        self.waived += other.waived
        for key, claims in other.waiting.items():
            known = self.waiting.setdefault(key, [])
            known += claims[: FIRST - len(known)]
        add(self.totals, other.totals)

    @property
    def errors(self) -> list[FileResult]:
        """Files that could not be judged, or not to their end."""
        return [file for file in self.files if file.error is not None or file.status == "unreadable"]

    def _claim(self, verdict: ClaimVerdict) -> None:
        totals = self._levels[0]
        totals.claims += 1
        charge = verdict.claim.charge or ZERO
        if verdict.status is ACCEPTED:
            totals.accepted += 1
            totals.charge_accepted += charge
        else:
            totals.rejected += 1
            totals.charge_rejected += charge
        for finding in verdict.findings:
            if not finding.inherited:
                self._finding(finding)
        if not verdict.unchecked:
            return
        self.open += 1
        for gap in verdict.unchecked:
            key = (gap.edit, gap.reason)
            if key not in self.unchecked and len(self.unchecked) >= REASONS:
                key = (gap.edit, "further reasons")
            self.unchecked[key] += 1
            first = self.waiting.setdefault(key, [])
            if len(first) < FIRST:
                first.append(verdict.claim.id)

    def _finding(self, finding: Finding) -> None:
        self._levels[3].findings[finding.severity] += 1
        self.waived += finding.waived is not None
        if finding.fix is not None and finding.fix.safe and finding.waived is None:
            self.fixable += 1
        self.edits[finding.edit, finding.severity.value] += 1

    def _close(self, level: int, lost: bool) -> None:
        """An envelope is over: what it holds goes on to the next, rejected if the envelope is."""
        for inner in range(level):
            self._close(inner, False)
        totals = self._levels[level]
        if lost:
            totals.rejected, totals.accepted = totals.claims, 0
            totals.charge_rejected, totals.charge_accepted = totals.charge_rejected + totals.charge_accepted, ZERO
        add(self._levels[level + 1], totals)
        self._levels[level] = Totals()


def add(totals: Totals, more: Totals) -> None:
    """Add the second to the first."""
    totals.claims += more.claims
    totals.accepted += more.accepted
    totals.rejected += more.rejected
    totals.charge_accepted += more.charge_accepted
    totals.charge_rejected += more.charge_rejected
    for severity, count in more.findings.items():
        totals.findings[severity] += count
