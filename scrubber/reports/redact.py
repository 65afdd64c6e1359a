"""Events without patient data: what a report is fed with under ``--redact``.

Everything that a claim says is masked before any format sees it: names, numbers, codes, dates, money. Left are the
places (segment, element, byte), the edits and their general words, and counts; control numbers of envelopes, and the
file's name. An edit's own words are the same for every claim, but that an edit speaks tells something: DX-10 says that
some patient's neck hurts. A claim is called by its number in its transaction set, so that findings can be told apart
and found again in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from scrubber.claims.model import Claim, Diagnosis, ServiceLine
from scrubber.finding import Finding, Location, Unchecked
from scrubber.verdict import (
    ClaimVerdict,
    Event,
    FileEnd,
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    SetEnd,
    SetStart,
)
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment, make_segment

MASK = "***"

GENERAL = frozenset({"data_element", "edit", "element", "element_name", "ik3", "ik4", "loop", "qualifier", "segment"})
"""Values that say something about X12 and nothing about a patient."""

CATALOGUE_WORDS = frozenset({"case", "fault"})
"""Values that a check took from its entry, not from the claim: they choose a status or finish a sentence."""

_TERM = re.compile(r"[0-9A-Z]{1,6}(?:-[0-9]+)?|[A-Z][A-Za-z '()/-]+").fullmatch
"""What such a value may look like: an id, or a name of the guide."""

_SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}").fullmatch
"""Where a file is damaged, what stands in a segment id's place may be anything."""

_GENERAL_WORD = re.compile(r"ICD-[0-9]+-CM|(?:19|20)[0-9]{2}|[^0-9]*").fullmatch
"""Words of a reason that are nobody's: code sets, years, all without a digit."""

_WORD = re.compile(r"[0-9A-Za-z]+(?:[.:/-][0-9A-Za-z]+)*")


class Redactor:
    """Masks the events of one file, in order."""

    def __init__(self) -> None:
        self._set = ""
        self._labels: dict[str, str] = {}

    def redact(self, event: Event) -> Event:
        """The event, without patient data. Stays as it is where it can hold none."""
        if isinstance(event, ClaimVerdict):
            return self._verdict(event)
        if isinstance(event, SetStart):
            self._set = event.control_number
            self._labels = {}
            return replace(event, bht=None, submitter=None, receiver=None)
        if isinstance(event, InterchangeStart):
            return replace(event, isa=_masked_elements(event.isa, event.delimiters))
        if isinstance(event, GroupStart):
            return replace(event, gs=[event.gs[0], *(MASK for _ in event.gs[1:])] if event.gs else [])
        if isinstance(event, SetEnd):
            cause = self._finding(event.cause) if event.cause else None
            return replace(event, findings=self._findings(event.findings), cause=cause)
        if isinstance(event, GroupEnd | InterchangeEnd | FileEnd):
            return replace(event, findings=self._findings(event.findings))
        return event

    def _verdict(self, verdict: ClaimVerdict) -> ClaimVerdict:
        claim = verdict.claim
        label = f"claim {verdict.ordinal} of set {self._set}"
        if any(not f.inherited for f in verdict.findings):
            self._labels[claim.id] = label  # For the cause of the set's rejection, which may lie in a claim.
        said = _words(claim)
        return replace(
            verdict,
            claim=_masked_claim(claim, label),
            findings=tuple(self._finding(f, label, said) for f in verdict.findings),
            unchecked=tuple(
                Unchecked(g.edit, _masked_reason(g.reason, said), g.line, g.also) for g in verdict.unchecked
            ),
            provider=None,
            subscriber=None,
        )

    def _findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(map(self._finding, findings))

    def _finding(self, finding: Finding, label: str | None = None, said: Set[str] = frozenset()) -> Finding:
        waived = finding.waived
        return replace(
            finding,
            where=self._location(finding.where, label),
            related=tuple(
                self._location(where, label if where.claim == finding.where.claim else None)
                for where in finding.related
            ),
            values=_masked_values(finding.values),
            fix=None,
            waived=waived._replace(reason=_masked_text(waived.reason, said)) if waived else None,
        )

    def _location(self, where: Location, label: str | None) -> Location:
        segment = where.segment
        if segment is not None and not _SEGMENT_ID(segment):
            where = replace(where, segment=MASK, element=None)
        if where.claim is None:
            return where
        return replace(where, claim=label or self._labels.get(where.claim, MASK))


def _masked_values(values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a segment (``detail``) is said in general words, but may quote the value."""
    general = {name for name, value in values.items() if name in GENERAL and _TERM(value)}
    general |= CATALOGUE_WORDS & values.keys()
    masked = {name: value if name in general or not value else MASK for name, value in values.items()}
    if detail := values.get("detail"):
        own = {word for name in values.keys() - general - {"detail"} for word in _split(values[name])}
        masked["detail"] = _masked_text(detail, own)
    return masked


def _masked_text(text: str, said: Set[str]) -> str:
    """A sentence with every word masked that the claim says too."""
    return _WORD.sub(lambda word: word[0] if said.isdisjoint(_split(word[0])) else MASK, text)


def _masked_reason(reason: str, said: Set[str]) -> str:
    """Why something was not checked, without codes: they may be another claim's, which met this one."""
    return _WORD.sub(lambda word: word[0] if _GENERAL_WORD(word[0]) else MASK, _masked_text(reason, said))


def _split(value: str) -> list[str]:
    return [value, *_WORD.findall(value), *re.findall(r"[0-9A-Za-z]+", value)]


def _words(claim: Claim) -> set[str]:
    """Everything that the claim says, as prose may repeat it."""
    said = {d.written for d in claim.diagnoses}
    for diagnosis in claim.diagnoses:
        said |= {diagnosis.code, f"{diagnosis.code[:3]}.{diagnosis.code[3:]}"}
    for line in claim.lines:
        said |= {line.procedure, *line.modifiers}
        said |= {str(day) for day in (line.first, line.last) if day}
        said |= {str(amount) for amount in (line.charge, line.units) if amount is not None}
    said |= {str(day) for day in (claim.service_from, claim.service_to) if day}
    said |= {claim.id, str(claim.charge)}
    return {word for word in said if word}


def _masked_claim(claim: Claim, label: str) -> Claim:
    loop = _masked_loop(claim.loop, claim.delimiters, _masked_parents(claim.loop.parent, claim.delimiters))
    diagnoses = tuple(map(_masked_diagnosis, claim.diagnoses))
    return replace(
        claim,
        id=label,
        charge=None,
        place_of_service="",
        frequency="",
        diagnoses=diagnoses,
        lines=[_masked_line(line) for line in claim.lines],
        billing=None,
        pay_to=None,
        rendering=None,
        facility=None,
        referring=None,
        supervising=None,
        subscriber=None,
        patient=None,
        payer=None,
        other_payers=[],
        related_causes=(),
        accident_state="",
        accident=None,
        payer_control_number="",
        service_from=None,
        service_to=None,
        clm=_masked_segment(claim.clm, claim.delimiters, loop),
        hi=None,
        loop=loop,
        patient_loop=None,
    )


def _masked_line(line: ServiceLine) -> ServiceLine:
    return replace(
        line,
        procedure=MASK,
        modifiers=(MASK,) * len(line.modifiers),
        charge=None,
        units=None,
        place_of_service="",
        own_place_of_service="",
        written_pointers=(MASK,) * len(line.written_pointers),
        diagnoses=tuple(map(_masked_diagnosis, line.diagnoses)),
        service=None,
        rendering=None,
        sv1=None,
        lx=None,
        adjudications=[],
        drug=None,
    )


def _masked_diagnosis(diagnosis: Diagnosis) -> Diagnosis:
    return replace(diagnosis, code=MASK, written=MASK)


def _masked_parents(loop: Loop | None, delimiters: Delimiters) -> Loop | None:
    """The loops around a claim, without what else stands in them."""
    if loop is None:
        return None
    return _masked_loop(loop, delimiters, _masked_parents(loop.parent, delimiters), deep=False)


def _masked_loop(loop: Loop, delimiters: Delimiters, parent: Loop | None, *, deep: bool = True) -> Loop:
    masked = Loop(loop.node, parent)
    masked.segments = [_masked_segment(segment, delimiters, masked) for segment in loop.segments]
    children = loop.children if deep else [c for c in loop.children if not c.children and c.node.id[:2] == "20"]
    for child in children:
        inner = _masked_loop(child, delimiters, masked)
        inner.complete()
        masked.children.append(inner)
    return masked


def _masked_segment(segment: Segment, delimiters: Delimiters, loop: Loop) -> Segment:
    elements = _masked_elements(segment.elements, delimiters)
    return make_segment(elements, segment.ordinal, segment.offset, loop, segment.use)


def _masked_elements(elements: list[str], delimiters: Delimiters) -> list[str]:
    """Every character of the data an x; separators stay, so that places can be pointed at."""
    keep = {delimiters.component, delimiters.repetition}
    return [elements[0], *("".join(c if c in keep else "x" for c in element) for element in elements[1:])]
