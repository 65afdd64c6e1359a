"""``--format sarif``: SARIF 2.1.0, for code scanning and for editors.

A result is a finding; a rule is an edit. What could not be checked is no result, for nothing is known to be wrong: it
is a notification of the run, as is a file that could not be judged. A waived finding is a result with its suppression.
Results are written as the file is read; the rules that they name stand behind them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, BinaryIO
from urllib.parse import quote

from scrubber.catalogue.explain import link_title
from scrubber.finding import Finding, Location, Severity
from scrubber.reports.jsontext import dumps
from scrubber.reports.lines import Lines
from scrubber.reports.report import Run
from scrubber.reports.standing import is_beside
from scrubber.reports.summary import group_gaps
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Entry, Wording
from scrubber.spelling import count
from scrubber.verdict import ClaimVerdict, Event, FileEnd, FileStart, TableUsed

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVEL = {Severity.REJECT: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

FINGERPRINT = "scrubber/v1"
"""Our name for a finding's fingerprint. ``primaryLocationLineHash`` is GitHub's, which reads no other."""

CHUNK = 1 << 20


class Sarif:
    """Writes results to ``out``. ``lines`` looks up lines and columns; without it results have bytes alone."""

    def __init__(self, out: BinaryIO, wording: Wording, run: Run, lines: Lines | None = None) -> None:
        self._out = out
        self._wording = wording
        self._run = run
        self._lines = lines
        self._uri = ""
        self._comma = b""

    def begin(self) -> None:
        head = {"$schema": SCHEMA, "version": "2.1.0"}
        self._out.write(dumps(head)[:-1] + b',"runs":[{"results":[\n')

    def handle(self, event: Event) -> None:
        if type(event) is ClaimVerdict:
            for finding in event.findings:
                if not finding.inherited:
                    self._result(finding)
        elif isinstance(event, FileStart):
            self._uri = name_file(event.path)
            if self._lines is not None:
                self._lines.open(event.path)
        elif isinstance(event, FileEnd):
            for finding in event.findings:
                self._result(finding)
            if self._lines is not None:
                self._lines.close()

    def take_in(self, piece: BinaryIO) -> None:
        import shutil

        if start := piece.read(CHUNK):
            self._out.write(self._comma + start)
            self._comma = b",\n"
            shutil.copyfileobj(piece, self._out, CHUNK)

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        edits = sorted({edit for edit, _ in tally.edits} | {edit for edit, _ in tally.unchecked})
        totals = tally.totals
        rest: dict[str, Any] = {
            "tool": {
                "driver": {
                    "name": "scrubber",
                    "version": self._run.version,
                    "semanticVersion": self._run.version,
                    "rules": [_rule(self._wording.entry(edit)) for edit in edits],
                }
            },
            "artifacts": [
                {"location": {"uri": name_file(file.path)}, "mimeType": "application/edi-x12"} for file in tally.files
            ],
            "columnKind": "utf16CodeUnits",
            "newlineSequences": ["\r\n", "\n", "\r"],
            "invocations": [
                {"executionSuccessful": not tally.errors, "toolExecutionNotifications": self._notifications(tally)}
            ],
            "properties": {
                "received": self._run.received,
                "redacted": self._run.redacted,
                "summary": {
                    "files": len(tally.files),
                    "claims": totals.claims,
                    "accepted": totals.accepted,
                    "rejected": totals.rejected,
                    "findings": totals.findings,
                },
                "tables": [{"name": t.name, "edition": t.edition, "rows": t.rows} for t in tables],
            },
        }
        self._out.write(b"\n]," + dumps(rest)[1:] + b"]}\n")

    def _notifications(self, tally: Tally) -> list[dict[str, Any]]:
        """Files that could not be judged, and what was not checked."""
        told: list[dict[str, Any]] = [
            {
                "level": "error",
                "message": {"text": file.error or "The file could not be judged."},
                "descriptor": {"id": "file-not-judged"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": name_file(file.path)}}}],
            }
            for file in tally.errors
        ]
        for question in group_gaps(tally):
            reason = question.kind if self._run.redacted else question.why
            times = count(question.times, "time")
            told.append(
                {
                    "level": "note",
                    "message": {"text": f"Not checked ({times}): {', '.join(question.edits)}: {reason}."},
                    "descriptor": {"id": "not-checked"},
                    "associatedRule": {"id": question.edits[0]},
                    "properties": {"edits": question.edits, "times": question.times},
                }
            )
        return told

    # Results -----------------------------------------------------------------------------------------------------

    def _result(self, finding: Finding) -> None:
        where, entry = finding.where, self._wording.entry(finding.edit)
        severity = finding.waived.severity if finding.waived else finding.severity
        result: dict[str, Any] = {
            "ruleId": finding.edit,
            "level": LEVEL[severity],
            "message": {"text": entry.message(finding)},
            "locations": [self._place(where) | {"logicalLocations": _named(where)}],
            "properties": _properties(finding, entry, self._wording),
        }
        if finding.related:
            result["relatedLocations"] = [
                self._place(other) | {"id": number, "message": {"text": _say(finding, other)}}
                for number, other in enumerate(finding.related, 1)
            ]
        if finding.fingerprint:
            result["partialFingerprints"] = {
                FINGERPRINT: finding.fingerprint,
                "primaryLocationLineHash": f"{finding.fingerprint}:1",
            }
        if waived := finding.waived:
            until = f"{waived.reason} ({waived.owner}, until {waived.expires})"
            result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": until}]
        self._out.write(self._comma + dumps(result))
        self._comma = b",\n"

    def _place(self, where: Location) -> dict[str, Any]:
        region = {"byteOffset": where.offset, "byteLength": where.length}
        if self._lines is not None and (found := self._lines.find(where)):
            region = {
                "startLine": found.line,
                "startColumn": found.column,
                "endLine": found.end_line,
                "endColumn": found.end_column,
                **region,
            }
        return {"physicalLocation": {"artifactLocation": {"uri": self._uri}, "region": region}}


OWN = " (a result that an edition of your own decided names that one)"
"""Of a rule's source that is a reference table: one rule has results of several editions."""


def name_file(path: str) -> str:
    """A path as a URI: relative ones stay relative, as code scanning wants them."""
    if path == "-":
        return "stdin"
    pure = PurePath(path)
    if pure.is_absolute():
        return pure.as_uri()
    return quote(os.fsencode(pure.as_posix()))


def _named(where: Location) -> list[dict[str, str]]:
    """The place by the names of the field: the claim, and the element in its loop."""
    place = f"{where.loop or 'envelope'}.{where.element or where.segment or 'file'}"
    line = f"line {where.line}/" if where.line is not None else ""
    claim = f"{where.claim}/" if where.claim is not None else ""
    return [{"name": where.element or where.segment or "file", "fullyQualifiedName": f"{claim}{line}{place}"}]


def _say(finding: Finding, other: Location) -> str:
    claim = "" if is_beside(finding, other) else f" of claim {other.claim}"
    line = f", line {other.line}" if other.line is not None else ""
    return f"{other.element or other.segment or 'the file'}{claim}{line}"


def _properties(finding: Finding, entry: Entry, wording: Wording) -> dict[str, Any]:
    where = finding.where
    said: dict[str, Any] = {
        "claim": where.claim,
        "line": where.line,
        "loop": where.loop,
        "segment": where.segment,
        "element": where.element,
        "ordinal": where.ordinal,
        "severity": finding.severity,
        "acknowledgement": entry.ack_of(finding),
        "fix": entry.fix,
    }
    if finding.answered:  # The rule names what is shipped.
        cited = wording.citations(finding)
        said["sources"] = [f"{c.source.title}, {c.source.edition}: {c.at}" for c in cited]
    return {name: value for name, value in said.items() if value is not None}


def _rule(entry: Entry) -> dict[str, Any]:
    edit = entry.edit
    sources = [(c.source, f"{c.source.edition}: {c.at}{OWN if c.source.table else ''}") for c in entry.citations]
    why, fix = _one_line(edit.why), _one_line(edit.fix)
    rule: dict[str, Any] = {
        "id": edit.id,
        "name": edit.name,
        "shortDescription": {"text": f"{edit.id} {edit.name.replace('-', ' ')}"},
        "fullDescription": {"text": why},
        "help": {
            "text": "\n".join([f"Why: {why}", f"Fix: {fix}", *(f"Source: {s.title}, {at}" for s, at in sources)]),
            "markdown": "\n".join(
                [
                    f"**Why** {why}\n",
                    f"**Fix** {fix}\n",
                    *(f"- {link_title(source)}, {at}" for source, at in sources),
                    f"\n`scrubber explain {edit.id}` tells it in full, with an example.",
                ]
            ),
        },
        "defaultConfiguration": {"level": LEVEL[edit.severity]},
        "properties": {"tags": ["x12", "837p", f"snip-{edit.snip}"], "snip": edit.snip},
    }
    if url := next((source.url for source, _ in sources if source.url), None):
        rule["helpUri"] = url
    return rule


def _one_line(text: str) -> str:
    return " ".join(text.split())
