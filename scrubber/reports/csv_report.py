"""``--format csv``: one row a finding, for spreadsheets. COLUMNS says what stands in each.

RFC 4180 with a header. It begins with a byte-order mark, without which Excel takes UTF-8 for its own code page; every
CSV reader of today knows it (``utf-8-sig`` in Python). A cell cannot become a formula: one that begins like one gets an
apostrophe before it, which shows that it is text.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

from scrubber.finding import Finding, Severity
from scrubber.reports.held import Docket
from scrubber.reports.json_report import exact, legible
from scrubber.reports.prose import harmless
from scrubber.reports.report import Run
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.verdict import (
    ClaimStatus,
    ClaimVerdict,
    Event,
    FileEnd,
    FileStart,
    GroupEnd,
    InterchangeEnd,
    SetEnd,
    SetStart,
    TableUsed,
)

COLUMNS = {
    "file": "The file.",
    "transaction": "ST02 of the claim's transaction set.",
    "claim": "CLM01, the patient control number; empty for what stands above the claims.",
    "claim_status": "accepted or rejected, at last; empty for what stands above the claims.",
    "service_from": "First day of the claim's services.",
    "charge": "The claim's charge.",
    "charge_at_risk": "The charge of a rejected claim, on the first of its rows alone: the column adds up to what is "
    "rejected.",
    "line": "Number of the service line, where the finding is about one.",
    "edit": "Id of the edit.",
    "name": "What the edit finds.",
    "severity": "reject, warning or info.",
    "message": "What is wrong.",
    "fix": "What to do.",
    "loop": "Loop of the guide.",
    "place": "Element (HI02-2), or segment.",
    "segment_number": "Number of the segment in its set, ST = 1.",
    "offset": "First byte in the file.",
    "length": "Bytes.",
    "acknowledgement": "TA1, 999 or 277CA, where one tells of the finding.",
    "status": "Claim status codes of the 277CA: category:code:entity.",
    "inherited": "yes where the fault stands above the claim (provider, subscriber, envelope) and rejects others too.",
    "waived": "Reason, owner and last day of a waiver.",
}
"""Column to what stands in it, in order."""

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]").match
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?").fullmatch

_Row = dict[str, Any]


class CsvReport:
    """Writes rows to ``out``."""

    def __init__(self, out: BinaryIO, wording: Wording, run: Run) -> None:
        self._out = out
        self._wording = wording
        self._docket = Docket(self._doom, self._put)
        self._path = self._set = ""

    def begin(self) -> None:
        self._out.write(codecs.BOM_UTF8)
        self._write([list(COLUMNS)])

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        pass

    def take_in(self, piece: BinaryIO) -> None:
        import shutil

        shutil.copyfileobj(piece, self._out, 1 << 20)

    def handle(self, event: Event) -> None:
        if type(event) is ClaimVerdict:
            self._claim(event)
        elif isinstance(event, SetStart):
            self._set = event.control_number
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            self._docket.close(event)
        elif isinstance(event, FileStart):
            self._path = legible(event.path)
        elif isinstance(event, FileEnd):
            self._docket.close(event)
            self._tell({"file": self._path}, [self._row(f) for f in event.findings])

    def _claim(self, verdict: ClaimVerdict) -> None:
        claim = verdict.claim
        about: _Row = {
            "transaction": self._set,
            "claim": claim.id,
            "claim_status": verdict.status,
            "service_from": claim.service_from,
            "charge": exact(claim.charge),
        }
        # Clean claims are held as well: their envelope may yet be rejected, and then they have a row.
        self._docket.add(orjson.dumps([about, [self._row(f) for f in verdict.findings]]))

    def _doom(self, entry: bytes, cause: Finding | None) -> bytes:
        """A claim that is rejected with its envelope: the cause stands first, unless it is among its findings."""
        about, rows = orjson.loads(entry)
        about["claim_status"] = ClaimStatus.REJECTED
        if cause is not None:
            row = self._row(cause)
            same = ("edit", "offset", "segment_number")
            if not any(all(row[key] == other[key] for key in same) for other in rows):
                rows.insert(0, row | {"inherited": "yes"})
        return orjson.dumps([about, rows])

    def _put(self, entry: bytes) -> None:
        about, rows = orjson.loads(entry)
        if not rows:
            return
        if about["claim_status"] == ClaimStatus.REJECTED:
            rows[0]["charge_at_risk"] = about["charge"]
        self._tell({"file": self._path} | about, rows)

    def _row(self, finding: Finding) -> _Row:
        entry, where = self._wording.entry(finding.edit), finding.where
        rejects = finding.severity is Severity.REJECT
        return {
            "line": where.line,
            "edit": finding.edit,
            "name": entry.name,
            "severity": finding.severity,
            "message": entry.message(finding),
            "fix": " ".join(entry.fix.split()),
            "loop": where.loop,
            "place": where.element or where.segment,
            "segment_number": where.ordinal,
            "offset": where.offset,
            "length": where.length,
            "acknowledgement": entry.ack_of(finding),
            "status": " ".join(":".join(filter(None, s)) for s in entry.status_of(finding)) if rejects else "",
            "inherited": "yes" if finding.inherited else "",
            "waived": f"{w.reason} ({w.owner}, until {w.expires})" if (w := finding.waived) else "",
        }

    def _tell(self, about: _Row, rows: list[_Row]) -> None:
        self._write([[_cell((about | row).get(name)) for name in COLUMNS] for row in rows])

    def _write(self, rows: list[list[str]]) -> None:
        if rows:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\r\n").writerows(rows)
            self._out.write(text.getvalue().encode("utf-8", "replace"))


def _cell(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula, on one line."""
    text = "" if value is None else harmless(str(value))
    return f"'{text}" if _FORMULA(text) and not _NUMBER(text) else text
