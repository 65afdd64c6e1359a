"""The report as JSON: one document (``json``), or one claim a line (``jsonl``).

``docs/schema.json`` describes it. A document is written as the file is read; what is known only at the end of a file
or of the run stands behind the claims. Same events, same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, BinaryIO

import orjson

from scrubber.catalogue.entry import Citation
from scrubber.finding import Answered, Finding, Location, Unchecked
from scrubber.reports.held import END, Docket, judge_envelope
from scrubber.reports.jsontext import dumps
from scrubber.reports.report import Run
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Entry, Wording, own_values, x12_codes
from scrubber.verdict import (
    ClaimVerdict,
    Event,
    FileEnd,
    FileStart,
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    SetEnd,
    SetStart,
    SetStatus,
    TableUsed,
)

SCHEMA = 1
"""Version of the JSON. A change that breaks a reader raises it."""

_FATE = b',"status":'
"""Where a held claim's fate begins. No string of the claim can hold these bytes: JSON escapes the quotes in it."""


class _Claims:
    """What both forms share: claims are rendered as they come and written when their envelopes are over."""

    def __init__(self, out: BinaryIO, wording: Wording, run: Run) -> None:
        self._out = out
        self._write = out.write
        self._findings = FindingRecords(wording)
        self._run = run
        self._docket = Docket(self._doom, self._put, self._put_together)
        self._set = ""

    def _claim(self, verdict: ClaimVerdict) -> None:
        findings = verdict.findings
        record = claim_record(verdict, self._set)
        record["status"] = verdict.status
        record["findings"] = [self._findings.record(f) for f in findings] if findings else ()
        self._docket.add(dumps(record))

    def _doom(self, claim: bytes, cause: Finding | None) -> bytes:
        return reject(claim, self._findings.record(cause) if cause else None)

    def _put(self, claim: bytes) -> None:
        raise NotImplementedError

    def _put_together(self, claims: bytes) -> None:
        """Claims with END between them."""
        raise NotImplementedError


class JsonReport(_Claims):
    """``--format json``: one document."""

    def __init__(self, out: BinaryIO, wording: Wording, run: Run) -> None:
        super().__init__(out, wording, run)
        self._interchange = ""
        self._group = ""
        self._transactions: list[dict[str, str]] = []
        self._interchange_from = self._group_from = 0
        self._first_file = True
        self._comma = b""

    def begin(self) -> None:
        head: dict[str, Any] = {"schema": SCHEMA, "scrubber": self._run.version, "received": self._run.received}
        if self._run.redacted:
            head["redacted"] = True
        self._write(dumps(head)[:-1] + b',"files":[\n')

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        used = [{"name": t.name, "edition": t.edition, "from": t.from_, "to": t.to, "rows": t.rows} for t in tables]
        totals = tally.totals
        summary: dict[str, Any] = {
            "files": len(tally.files),
            "claims": totals.claims,
            "accepted": totals.accepted,
            "rejected": totals.rejected,
            "findings": totals.findings,
        }
        if tally.waived:
            summary["waived"] = tally.waived
        if tally.known is not None:
            summary["known"] = tally.known
        self._write(b'\n],"tables":%b,"summary":%b}\n' % (dumps(used), dumps(summary)))

    def handle(self, event: Event) -> None:
        if type(event) is ClaimVerdict:
            self._claim(event)
        elif isinstance(event, SetStart):
            self._set = event.control_number
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            self._docket.close(event)
            self._note(event)
        elif isinstance(event, InterchangeStart):
            self._interchange = event.control_number
            self._interchange_from = len(self._transactions)
        elif isinstance(event, GroupStart):
            self._group = event.control_number
            self._group_from = len(self._transactions)
        elif isinstance(event, FileStart):
            self._separate()
            self._comma = b""
            self._transactions = []
            self._interchange_from = self._group_from = 0
            self._write(b'{"path":%b,"claims":[' % dumps(legible(event.path)))
        elif isinstance(event, FileEnd):
            self._docket.close(event)
            rest: dict[str, Any] = {
                "findings": [self._findings.record(f) for f in event.findings],
                "transactions": self._transactions,
                "status": event.status,
                "sha256": event.sha256,
            }
            if event.error is not None:
                rest["error"] = event.error
            self._write(b"]," + dumps(rest)[1:])

    def take_in(self, piece: BinaryIO) -> None:
        import shutil

        self._separate()
        shutil.copyfileobj(piece, self._out, 1 << 20)

    def _note(self, event: SetEnd | GroupEnd | InterchangeEnd) -> None:
        """What became of the transaction sets: a refused envelope refuses those in it."""
        if isinstance(event, SetEnd):
            keys = {"interchange": self._interchange, "group": self._group, "control_number": self._set}
            self._transactions.append(keys | {"status": event.status.value})
        elif judge_envelope(event)[0]:
            first = self._group_from if isinstance(event, GroupEnd) else self._interchange_from
            for transaction in self._transactions[first:]:
                transaction["status"] = SetStatus.REJECTED.value

    def _separate(self) -> None:
        if not self._first_file:
            self._write(b",\n")
        self._first_file = False

    def _put(self, claim: bytes) -> None:
        self._write(self._comma + claim)
        self._comma = b",\n"

    def _put_together(self, claims: bytes) -> None:
        self._put(claims.replace(END, b",\n"))


class JsonLinesReport(_Claims):
    """``--format jsonl``: one claim a line, each with the ``path`` of its file."""

    def __init__(self, out: BinaryIO, wording: Wording, run: Run) -> None:
        super().__init__(out, wording, run)
        self._path = b""

    def begin(self) -> None:
        pass

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        pass

    def handle(self, event: Event) -> None:
        if type(event) is ClaimVerdict:
            self._claim(event)
        elif isinstance(event, SetStart):
            self._set = event.control_number
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd | FileEnd):
            self._docket.close(event)
        elif isinstance(event, FileStart):
            self._path = b'{"path":%b,' % dumps(legible(event.path))

    def take_in(self, piece: BinaryIO) -> None:
        import shutil

        shutil.copyfileobj(piece, self._out, 1 << 20)

    def _put(self, claim: bytes) -> None:
        self._write(self._path + claim[1:] + b"\n")

    def _put_together(self, claims: bytes) -> None:
        self._put(claims.replace(END + b"{", b"\n" + self._path))


def claim_record(verdict: ClaimVerdict, control_number: str) -> dict[str, Any]:
    """A claim as JSON has it, without its fate."""
    claim = verdict.claim
    lines = []
    for line in claim.lines:
        service = line.service
        lines.append(
            {
                "line": line.number,
                "procedure": line.procedure,
                "modifiers": line.modifiers,
                "charge": exact(line.charge),
                "units": exact(line.units),
                "place_of_service": line.place_of_service,
                "pointers": line.pointers,
                "diagnoses": [d.code for d in line.diagnoses],
                "service_from": service.first if service is not None else None,
                "service_to": service.last if service is not None else None,
            }
        )
    gaps = verdict.unchecked
    record = {
        "claim": claim.id,
        "transaction": control_number,
        "ordinal": verdict.ordinal,
        "charge": exact(claim.charge),
        "service_from": claim.service_from,
        "service_to": claim.service_to,
        "diagnoses": [d.code for d in claim.diagnoses],
        "lines": lines,
        "unchecked": _gaps(gaps) if gaps else (),
    }
    if verdict.known:
        record["known"] = verdict.known
    return record


_said: dict[int, tuple[tuple[Unchecked, ...], orjson.Fragment]] = {}
"""Gaps as written, by the identity of their tuple, which is kept beside: many claims share one."""


def _gaps(gaps: tuple[Unchecked, ...]) -> orjson.Fragment:
    known = _said.get(id(gaps))
    if known is None:
        if len(_said) > 1_000:
            _said.clear()
        known = _said[id(gaps)] = (gaps, orjson.Fragment(dumps([_gap(gap) for gap in gaps])))
    return known[1]


def _gap(gap: Unchecked) -> dict[str, Any]:
    record: dict[str, Any] = {"edit": gap.edit, "line": gap.line, "reason": gap.reason}
    if gap.also:
        record["lines"] = [gap.line, *gap.also]
    return record


class FindingRecords:
    """Findings as JSON has them. What is the same for every finding of an edit is serialised once."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._fixed: dict[str, tuple[orjson.Fragment, ...]] = {}
        self._cited: dict[tuple[str, tuple[Answered, ...]], orjson.Fragment] = {}

    def record(self, finding: Finding, *, inherited: bool = False) -> dict[str, Any]:
        """One finding. ``inherited`` stands last, and only where it is true."""
        entry = self._wording.entry(finding.edit)
        fixed = self._fixed.get(finding.edit)
        if fixed is None:
            fixed = self._fixed[finding.edit] = _serialise(entry)
        name, why, fix, citations = fixed
        if finding.answered:
            citations = self._cite(finding)
        x12 = x12_codes(finding)
        record: dict[str, Any] = {
            "edit": finding.edit,
            "name": name,
            "severity": finding.severity.value,
            "snip": entry.edit.snip,
            "ack": entry.ack_of(finding),
            "location": location_record(finding.where),
            "related": [location_record(where) for where in finding.related],
            "values": own_values(finding),
            "message": entry.message(finding),
            "why": why,
            "fix": fix,
            "citations": citations,
            "status": [{"category": s.category, "code": s.code, "entity": s.entity} for s in entry.status_of(finding)],
            "x12": None if x12 is None else {"ik3": x12[0], "ik4": x12[1]},
        }
        if waived := finding.waived:
            record["waived"] = {
                "severity": waived.severity.value,
                "reason": waived.reason,
                "owner": waived.owner,
                "expires": waived.expires,
            }
        if inherited or finding.inherited:
            record["inherited"] = True
        return record

    def _cite(self, finding: Finding) -> orjson.Fragment:
        """The citations of a finding that an edition of the user's own decided."""
        key = finding.edit, finding.answered
        cited = self._cited.get(key)
        if cited is None:
            cited = self._cited[key] = orjson.Fragment(dumps(_citations(self._wording.citations(finding))))
        return cited


def location_record(where: Location) -> dict[str, Any]:
    return {
        "loop": where.loop,
        "segment": where.segment,
        "element": where.element,
        "claim": where.claim,
        "line": where.line,
        "ordinal": where.ordinal,
        "offset": where.offset,
        "length": where.length,
    }


def reject(claim: bytes, cause: dict[str, Any] | None) -> bytes:
    """A rendered claim, rejected with its set. The cause stands first among its findings, unless it is one of them."""
    head, fate, findings = claim.partition(_FATE)
    findings = findings.partition(b":[")[2]
    inherited = b""
    if cause is not None:
        own = dumps(cause)[:-1]
        if own not in findings:
            inherited = own + b',"inherited":true}' + (b"" if findings == b"]}" else b",")
    return head + fate + b'"rejected","findings":[' + inherited + findings


def exact(amount: Decimal | None) -> str | None:
    """Money or units as written, never with an exponent."""
    if amount is None:
        return None
    text = str(amount)
    return format(amount, "f") if "E" in text else text


def legible(path: str) -> str:
    """A path as text: bytes of its name that are no UTF-8 are replaced."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _serialise(entry: Entry) -> tuple[orjson.Fragment, ...]:
    fixed = (entry.name, entry.why, entry.fix, _citations(entry.citations))
    return tuple(orjson.Fragment(dumps(value)) for value in fixed)


def _citations(citations: Sequence[Citation]) -> list[dict[str, str]]:
    return [
        {"source": c.source.id, "title": c.source.title, "edition": c.source.edition, "at": c.at} for c in citations
    ]
