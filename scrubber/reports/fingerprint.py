"""By what a finding is known again in another run, when lines have moved and control numbers are new.

A fingerprint is a hash of the edit, the patient control number, the place by its name in the guide, and what stands
there; of a service line also its procedure and day, not its number. The file's name, bytes, line numbers, control
numbers, dates of creation and the message do not count. Above the claims, the finding's values stand for what is there.
Where all of that is the same, the finding's number among its likes is added.

It is one-way, and whoever holds a list of fingerprints reads nothing from it; who knows a claim already can confirm it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from scrubber.claims.model import Claim
from scrubber.finding import Finding, Location
from scrubber.reports.glimpse import find_segment
from scrubber.reports.standing import Key, key_of
from scrubber.reports.wording import own_values
from scrubber.verdict import ClaimVerdict, Event, FileEnd, FileStart, GroupEnd, InterchangeEnd, SetEnd

VERSION = "1"
"""Raised when the same finding would get another fingerprint than before."""

LENGTH = 32
"""Hexadecimal digits: 128 bits."""

MADE_ANEW = frozenset({"ISA", "GS", "ST", "BHT", "SE", "GE", "IEA"})
"""Segments whose numbers and dates differ each time that the same claims are written."""

RENUMBERED = frozenset({"LX", "HL"})
"""Segments that hold only their own number."""


class Fingerprints:
    """Gives the findings of one file their fingerprints, event by event. To be asked before anything is redacted."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._told: dict[tuple[Key, tuple[str, ...]], str] = {}
        """Of findings that are told more than once: above the claims, and structural ones that may reject their set."""

    def mark(self, event: Event) -> Event:
        """The event, its findings marked."""
        if type(event) is ClaimVerdict:
            return self._verdict(event) if event.findings else event
        if isinstance(event, FileStart):
            self._times.clear()
            self._told.clear()
        elif isinstance(event, SetEnd | InterchangeEnd):
            cause = self._again(event.cause) if event.cause else None
            return replace(event, findings=self._above(event.findings), cause=cause)
        elif isinstance(event, GroupEnd | FileEnd):
            return replace(event, findings=self._above(event.findings))
        return event

    def _verdict(self, verdict: ClaimVerdict) -> ClaimVerdict:
        marked = []
        for finding in verdict.findings:
            if finding.inherited:
                marked.append(self._again(finding))
                continue
            fingerprint = self._number(_describe(finding, verdict.claim))
            if "ik3" in finding.values:
                self._told[_identity(finding)] = fingerprint
            marked.append(replace(finding, fingerprint=fingerprint))
        return replace(verdict, findings=tuple(marked))

    def _above(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(map(self._again, findings))

    def _again(self, finding: Finding) -> Finding:
        identity = _identity(finding)
        fingerprint = self._told.get(identity)
        if fingerprint is None:
            fingerprint = self._told[identity] = self._number(_describe_above(finding))
        return replace(finding, fingerprint=fingerprint)

    def _number(self, parts: Iterable[str]) -> str:
        text = "\x1f".join((VERSION, *parts))
        self._times[text] += 1
        if (times := self._times[text]) > 1:
            text += f"\x1f{times}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]


def _identity(finding: Finding) -> tuple[Key, tuple[str, ...]]:
    return key_of(finding), tuple(finding.values.values())


def _describe(finding: Finding, claim: Claim) -> list[str]:
    """What tells a finding of a claim from all others."""
    parts = [finding.edit, claim.id, _name(finding.where), _line(finding.where, claim), _content(finding.where, claim)]
    for where in finding.related:
        parts.append(_content(where, claim) if where.claim == finding.where.claim else f"{where.claim} {_name(where)}")
    return parts


def _describe_above(finding: Finding) -> list[str]:
    values = [] if finding.where.segment in MADE_ANEW else [f"{k}={v}" for k, v in sorted(own_values(finding).items())]
    return [finding.edit, "", _name(finding.where), *values]


def _name(where: Location) -> str:
    return f"{where.loop}.{where.element or where.segment}[{where.repeat}]"


def _line(where: Location, claim: Claim) -> str:
    if where.line is None:
        return ""
    for line in claim.lines:
        if line.number == where.line:
            return f"{line.procedure}:{':'.join(line.modifiers)} {line.first}"
    return "?"


def _content(where: Location, claim: Claim) -> str:
    """What stands at a place of the claim, or above it; nothing where what should stand there is missing."""
    sight = find_segment(claim.loop, where, claim.delimiters.element)
    if sight is None or sight.found is None or sight.found.id != where.segment or where.segment in RENUMBERED:
        return ""
    if where.element is None:
        return sight.text
    number, _, component = where.element[len(where.segment) :].partition("-")
    text = sight.found.get(int(number)) if number.isdecimal() else sight.text
    parts = text.split(claim.delimiters.component)
    return parts[int(component) - 1] if component.isdecimal() and 0 < int(component) <= len(parts) else text
