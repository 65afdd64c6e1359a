"""``--format github``: annotations on a pull request, as workflow commands (``::error file=...,line=...::message``).

GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest, so the ten that matter most are
written: what concerns many claims first, then by the charge at stake. How many there were stands in the log, and as a
table in the job's summary, which holds counts and no data of claims.

A text of the file cannot become a command: it never begins a line, and line breaks in it are written out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Any, BinaryIO

import orjson

from scrubber.finding import Finding, Location, Severity
from scrubber.reports.lines import Lines
from scrubber.reports.prose import harmless
from scrubber.reports.report import Run
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.spelling import count
from scrubber.verdict import ClaimVerdict, Event, FileEnd, FileStart, TableUsed

SHOWN = 10
"""Annotations of a kind that GitHub shows of a step."""

MOST = 20
"""Edits that the job's summary lists."""

KIND = {Severity.REJECT: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}

ABOVE = Decimal("Infinity")
"""What stands above the claims weighs more than any charge."""


class _Best:
    """The annotations of a kind that matter most, as (weight, position, text)."""

    def __init__(self) -> None:
        self.found: list[tuple[Decimal, int, str]] = []
        self._number = 0

    def takes(self, weight: Decimal) -> bool:
        """Whether one of this weight would be kept: most need not even be put in words."""
        return len(self.found) < SHOWN or weight > self.found[-1][0]

    def add(self, weight: Decimal, text: str) -> None:
        """Keep this, if it is among the heaviest; of equals the first."""
        self._number += 1
        self.found.append((weight, self._number, text))
        self.found.sort(key=lambda one: (-one[0], one[1]))
        del self.found[SHOWN:]


class GitHub:
    """Writes annotations at the end of a run. ``step_summary`` is the file that GITHUB_STEP_SUMMARY names, which is
    appended to."""

    def __init__(
        self, out: BinaryIO, wording: Wording, run: Run, lines: Lines | None = None, step_summary: str | None = None
    ) -> None:
        self._out = out
        self._wording = wording
        self._run = run
        self._lines = lines
        self._step_summary = step_summary
        self._path = ""
        self._best = {kind: _Best() for kind in KIND.values()}
        self._whole_run = False

    def begin(self) -> None:
        self._whole_run = True

    def handle(self, event: Event) -> None:
        if type(event) is ClaimVerdict:
            if event.findings:
                weight = event.claim.charge or Decimal(0)
                for finding in event.findings:
                    if not finding.inherited:
                        self._add(finding, weight)
        elif isinstance(event, FileStart):
            self._path = event.path
            if self._lines is not None:
                self._lines.open(event.path)
        elif isinstance(event, FileEnd):
            self._close(event)

    def _close(self, event: FileEnd) -> None:
        for finding in event.findings:
            self._add(finding, ABOVE)
        if event.error is not None:
            self._best["error"].add(ABOVE, annotate("error", self._path, None, "file not judged", event.error))
        if self._lines is not None:
            self._lines.close()
        if not self._whole_run:
            piece = {kind: [(str(weight), text) for weight, _, text in b.found] for kind, b in self._best.items()}
            self._out.write(orjson.dumps(piece))

    def take_in(self, piece: BinaryIO) -> None:
        for kind, found in orjson.loads(piece.read()).items():
            for weight, text in found:
                self._best[kind].add(Decimal(weight), text)

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        for best in self._best.values():
            for _, _, text in best.found:
                self._out.write(f"{text}\n".encode())
        self._out.write(f"{self._sum_up(tally)}\n".encode())
        if self._step_summary:
            with open(self._step_summary, "a", encoding="utf-8") as summary:
                summary.write(self._table(tally))

    def _add(self, finding: Finding, weight: Decimal) -> None:
        kind = KIND[finding.severity]
        if not weight.is_finite() and weight != ABOVE:
            weight = Decimal(0)
        if not self._best[kind].takes(weight):
            return
        entry, where = self._wording.entry(finding.edit), finding.where
        said = [entry.message(finding)]
        if where.claim:
            said.insert(0, f"{'' if self._run.redacted else 'Claim '}{where.claim}:")
        if waived := finding.waived:
            said.append(f"Waived until {waived.expires} by {waived.owner}: {waived.reason}.")
        said.append(" ".join(entry.fix.split()))
        self._best[kind].add(
            weight, annotate(kind, self._path, self._region(where), f"{finding.edit} {entry.name}", " ".join(said))
        )

    def _region(self, where: Location) -> dict[str, int] | None:
        found = self._lines.find(where) if self._lines is not None else None
        if found is None:
            return None
        region = {"line": found.line, "endLine": found.end_line}
        if found.line == found.end_line:  # GitHub refuses columns of a stretch of several lines.
            region |= {"col": found.column, "endColumn": found.end_column}
        return region

    # Totals ------------------------------------------------------------------------------------------------------

    def _sum_up(self, tally: Tally) -> str:
        totals = tally.totals
        found = totals.findings
        text = (
            f"scrubber: {count(len(tally.files), 'file')}, {count(totals.claims, 'claim')}: "
            f"{totals.accepted:,} accepted, {totals.rejected:,} rejected; "
            f"{count(found['reject'], 'reject')}, {count(found['warning'], 'warning')}"
        )
        if tally.known is not None:
            text += f"; {count(tally.known, 'finding')} more in the baseline"
        if tally.errors:
            text += f"; {count(len(tally.errors), 'file')} not judged"
        if any(number > SHOWN for number in found.values()):
            text += f" (annotated: the {SHOWN} of each kind that weigh most)"
        return text

    def _table(self, tally: Tally) -> str:
        """The job's summary, in Markdown: counts alone."""
        totals = tally.totals
        lines = [
            "### scrubber",
            "",
            f"{count(totals.claims, 'claim')}: {totals.accepted:,} accepted, {totals.rejected:,} rejected.",
            "",
        ]
        if tally.known is not None:
            lines += [f"Only what is new: {count(tally.known, 'finding')} of the baseline left out.", ""]
        lines += ["| edit | severity | findings |", "|---|---|---:|"] if tally.edits else []
        weight = {"reject": 0, "warning": 1, "info": 2}
        ranked = sorted(tally.edits.items(), key=lambda item: (weight[item[0][1]], -item[1], item[0][0]))
        for (edit, severity), times in ranked[:MOST]:
            lines.append(f"| {edit} {self._wording.entry(edit).name} | {severity} | {times:,} |")
        if len(ranked) > MOST:
            lines.append(f"| and {count(len(ranked) - MOST, 'other edit')} | | |")
        for file in tally.errors:
            lines += ["", f"Not judged: {_code(file.path)}. {file.error or ''}"]
        if tally.open:
            lines += [
                "",
                f"Not everything could be checked on {count(tally.open, 'claim')}: the text report tells what.",
            ]
        return "\n".join(lines) + "\n\n"


def annotate(kind: str, path: str, region: dict[str, int] | None, title: str, message: str) -> str:
    """One workflow command."""
    said: dict[str, Any] = {} if path == "-" else {"file": harmless(_legible(PurePath(path).as_posix()))}
    said |= region or {}
    said["title"] = harmless(title)
    properties = ",".join(f"{name}={_escape_property(str(value))}" for name, value in said.items())
    return f"::{kind} {properties}::{_escape(harmless(message))}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def _legible(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def _code(text: str) -> str:
    """Text from outside as code in Markdown, whatever stands in it."""
    return f"`{harmless(_legible(text)).replace('`', '?').replace('|', '?')}`"
