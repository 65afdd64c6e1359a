"""What a 277CA says of one claim: the patient, what became of the claim and why, and the lines that sank it.

A fault in a service line is told at the line (2220D) and pointed to from the claim (A3:247). Where a line cannot be
named, for it has no procedure code that SVC takes, its faults are told at the claim. A claim lost to a fault that the
999 reports carries 684.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from scrubber.claims.model import Claim, Provider, ServiceLine, Subscriber
from scrubber.finding import Finding, Location, Severity
from scrubber.reports.annotate import SAYS, annotate, explain, wrap
from scrubber.reports.entries import BUSINESS, FUNCTIONAL, UNSPECIFIED, Composites, Entries
from scrubber.reports.outbound import (
    UNKNOWN,
    clean,
    clean_code,
    format_amount,
    say_date,
    say_money,
)
from scrubber.reports.scroll import Scroll
from scrubber.reports.vocabulary import read_vocabulary
from scrubber.verdict import ClaimStatus, ClaimVerdict
from scrubber.x12.segments import Segment

SEE_LINES: Composites = (("A3", "247", None),)
SEE_999: Composites = (("A3", "684", None),)
ACCEPTED: Composites = (("A1", "20", None),)

PROVIDER_LOOPS = frozenset({"2000A", "2010AA", "2010AB", "2010AC"})

Stcs = dict[Composites, list[Finding]]
"""Each error once, with the findings that it stands for."""


class Dated(NamedTuple):
    """DTP02, DTP03 and the same in words."""

    format: str
    value: str
    says: str


@dataclass(slots=True)
class Reasons:
    """Why a claim is rejected, by where the 277CA tells it."""

    claim: Stcs = field(default_factory=dict)
    lines: list[tuple[ServiceLine, Stcs]] = field(default_factory=list)


def restrict(composites: Composites, level: str) -> Composites:
    """The same error with the entity codes that this level (batch, provider, claim) takes."""
    allowed = read_vocabulary().entities[level]
    return tuple((c, s, e if e in allowed else None) for c, s, e in composites)


def collect(findings: Iterable[Finding], entries: Entries, level: str) -> Stcs:
    """Rejects as STCs of one level. What the 999 reports comes last, as one."""
    stcs: Stcs = {}
    syntax = []
    for finding in findings:
        told = entries.acknowledged_on(finding)
        if told == BUSINESS:
            for composites in entries.statuses(finding):
                stcs.setdefault(restrict(composites, level), []).append(finding)
        elif told == FUNCTIONAL:
            syntax.append(finding)
    if syntax:
        stcs[SEE_999] = syntax
    return stcs


def build_stc(composites: Composites, action: str, day: str = "", amount: str = "", text: str = "") -> list[str]:
    """STC01 with STC10 and STC11 for the further codes of the same error; ``text`` is STC12."""
    first, *others = [":".join(p for p in c if p) for c in composites]
    stc = ["STC", first, day, action, amount, *[""] * 5, *others, "", ""]
    return [*stc[:12], clean(text, 264)] if text else stc


def write_claim(
    scroll: Scroll, verdict: ClaimVerdict, hl: int, parent: int, day: str, stc12: bool, entries: Entries
) -> None:
    """Loops 2000D to 2220D of one claim. ``day`` is the process date, ``stc12`` whether messages go along as text."""
    claim = verdict.claim
    pieces = _open(verdict, hl, parent)
    amount, money = format_amount(claim.charge), say_money(claim.charge)
    reasons = Reasons()
    if verdict.status is ClaimStatus.ACCEPTED:
        stc = build_stc(ACCEPTED, "WQ", day, amount)
        pieces.append(annotate(stc, f"Claim accepted for processing, {money}."))
    else:
        reasons = _find_reasons(verdict, entries)
        for composites, findings in reasons.claim.items():
            text = " / ".join(entries.message(f) for f in findings) if stc12 else ""
            stc = build_stc(composites, "U", day, amount, text)
            says = f"Claim rejected, {money}. {read_vocabulary().say_status(composites)}."
            pieces.append(annotate(stc, says, explain(entries, findings)))
    trace = claim.loop.find("REFD9")
    if trace is not None and (number := clean(trace.get(2), 50)):
        pieces.append(annotate(["REF", "D9", number], f"The trace number that came with the claim: {number}."))
    if dated := _dated(claim.service_from, claim.service_to):
        pieces.append(annotate(["DTP", "472", dated.format, dated.value], f"Dates of service: {dated.says}."))
    else:  # 2200D requires a date; there is no honest one to send.
        said = wrap("The claim gives no date of service that can be read, so none is sent here.", SAYS)
        pieces[-1] = (pieces[-1][0], pieces[-1][1] + said)
    for line, stcs in reasons.lines:
        pieces += _tell_line(line, stcs, entries)
    scroll.write("".join([edi for edi, _ in pieces]), "".join([text for _, text in pieces]), len(pieces))


def _open(verdict: ClaimVerdict, hl: int, parent: int) -> list[tuple[str, str]]:
    """HL, NM1 and TRN."""
    claim = verdict.claim
    person = claim.patient
    nm1 = person.nm1 if person else None
    last = clean(nm1.get(3), 60) if nm1 else ""
    first = clean(nm1.get(4), 35) if nm1 else ""
    middle = clean(nm1.get(5), 25) if nm1 else ""
    suffix = clean(nm1.get(7), 10) if nm1 else ""
    kind, member = _member(claim.subscriber)
    control = clean(claim.id, 50) or "0"
    full = " ".join(p for p in (first, middle, last or UNKNOWN, suffix) if p)
    name = ["NM1", "QC", "1", last or UNKNOWN, first, middle, "", suffix, kind, member]
    return [
        annotate(["HL", str(hl), str(parent), "PT"], "A claim of this provider."),
        annotate(name, f"Patient {full}, member id {member}."),
        annotate(["TRN", "2", control], f"Claim {control}, number {verdict.ordinal} of the transaction set."),
    ]


def _member(subscriber: Subscriber | None) -> tuple[str, str]:
    """NM108 and NM109 of the patient: the subscriber's member id, whoever the patient is."""
    if subscriber is None:
        return "MI", UNKNOWN
    nm1 = subscriber.person.nm1
    kind = nm1.get(8) if nm1 else ""
    return (kind if kind in ("MI", "II") else "MI"), clean_code(subscriber.member_id, 80)


def _find_reasons(verdict: ClaimVerdict, entries: Entries) -> Reasons:
    """Sort a rejected claim's findings into what is said of the claim and what of its lines."""
    reasons = Reasons()
    own: list[Finding] = []
    by_line: dict[int, list[Finding]] = {}
    nameable = {}
    for finding in verdict.findings:
        if finding.severity is not Severity.REJECT:
            continue
        index = find_line(verdict.claim, finding.where)
        # What the 999 tells of a line is told once, by 684 at the claim.
        if index is None or entries.acknowledged_on(finding) != BUSINESS:
            own.append(finding)
            continue
        if index not in nameable:
            nameable[index] = build_procedure(verdict.claim.lines[index]) is not None
        if nameable[index]:
            by_line.setdefault(index, []).append(finding)
        else:
            own.append(finding)
    reasons.claim = collect(own, entries, "claim")
    if by_line:
        lines = sorted(by_line.items())
        reasons.lines = [(verdict.claim.lines[i], collect(found, entries, "claim")) for i, found in lines]
        reasons.claim[SEE_LINES] = []
    if verdict.syntax:
        reasons.claim.setdefault(SEE_999, [])
    if not reasons.claim:
        reasons.claim[UNSPECIFIED] = []
    return reasons


def find_line(claim: Claim, where: Location) -> int | None:
    """Index of the service line that a place lies in. By position: line numbers may repeat in a broken claim."""
    if where.line is None and not (where.loop or "").startswith("24"):
        return None
    found = None
    for index, line in enumerate(claim.lines):
        if where.ordinal and line.loop.segments:
            if line.loop.segments[0].ordinal <= where.ordinal:
                found = index
        elif line.number == where.line:
            return index
    return found


def build_procedure(line: ServiceLine) -> str | None:
    """SVC01, or None where the line's procedure cannot stand in one."""
    code = clean(line.procedure, 48)
    if not code or line.qualifier not in read_vocabulary().qualifiers["procedure"]:
        return None
    modifiers = [m for m in line.modifiers[:4] if len(m) == 2 and clean(m, 2) == m]
    return ":".join([line.qualifier, code, *modifiers])


def _tell_line(line: ServiceLine, stcs: Stcs, entries: Entries) -> list[tuple[str, str]]:
    """Loop 2220D."""
    procedure = build_procedure(line) or ""
    units = "" if line.units is None else format_amount(line.units, 15)
    svc = ["SVC", procedure, format_amount(line.charge), "", "", "", "", units]
    said = procedure.partition(":")[2].replace(":", "-")
    count = f", units {units}" if units else ""
    pieces = [annotate(svc, f"Line {line.number}: procedure {said}, charge {say_money(line.charge)}{count}.")]
    for composites, findings in stcs.items():
        says = f"Line {line.number}: {read_vocabulary().say_status(composites)}."
        pieces.append(annotate(build_stc(composites, "U"), says, explain(entries, findings)))
    control = line.loop.find("REF6R")
    number = clean(control.get(2), 50) if control else ""
    says = f"The line's control number: {number}." if number else f"The line's number: {line.number}."
    pieces.append(annotate(["REF", "FJ", number or str(line.number)], says))
    if dated := _dated(line.first, line.last):
        pieces.append(annotate(["DTP", "472", dated.format, dated.value], f"Dates of service: {dated.says}."))
    return pieces


def _dated(first: date | None, last: date | None) -> Dated | None:
    days = [d.isoformat().replace("-", "") for d in (first, last) if d is not None]
    if not days:
        return None
    if len(days) == 1 or days[0] == days[1]:
        return Dated("D8", days[0], say_date(days[0]))
    return Dated("RD8", "-".join(days), " to ".join(map(say_date, days)))


def build_provider(provider: Provider | None) -> list[str]:
    """NM1*85. The id is the NPI, else the tax id (REF*EI), else ``UNKNOWN``."""
    kind, name, first, middle, suffix = "2", "", "", "", ""
    qualifier, number = "FI", ""
    if provider is not None:
        nm1: Segment | None = provider.nm1
        name = clean(provider.name, 60)
        if provider.kind == "1":
            kind, first = "1", clean(provider.first, 35)
            middle, suffix = (clean(nm1.get(5), 25), clean(nm1.get(7), 10)) if nm1 else ("", "")
        if len(clean(provider.npi, 80)) > 1:
            qualifier, number = "XX", provider.npi
        elif (tax := provider.loop.find("REFEI")) is not None:
            number = tax.get(2)
    return ["NM1", "85", kind, name or UNKNOWN, first, middle, "", suffix, qualifier, clean_code(number, 80)]


def say_party(nm1: Sequence[str]) -> str:
    """A name segment of ours in words: ``JANE DOE, id 123``."""
    full = " ".join(p for p in (nm1[4], nm1[5], nm1[3], nm1[7] if len(nm1) > 7 else "") if p)
    return f"{full}, id {nm1[9]}"
