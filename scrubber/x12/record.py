"""Findings of a transaction set as they are made: what each says, and where it is kept.

A claim keeps its own findings; those above claims are kept for the set, and by the provider, subscriber or patient
that they concern.
"""

from __future__ import annotations

from scrubber.finding import LAYOUT, Finding, Fix, Location, Severity
from scrubber.x12.explain import Fault
from scrubber.x12.loops import Loop
from scrubber.x12.places import context, locate, named
from scrubber.x12.segments import Delimiters, Segment

LOOP_FINDINGS = 200
SET_FINDINGS = 2_000
"""Findings kept for one claim, patient, subscriber or provider, and for all above claims in one set: hostile input must
not fill memory."""


class Recorder:
    """Makes and keeps the findings of a walk through a set. ``ordinal`` and ``start`` are where the walk stands."""

    def __init__(self, root: Loop, delimiters: Delimiters) -> None:
        self.findings: list[Finding] = []
        self.ordinal = 0
        self.start = 0
        self.silent = False
        """Whether findings are left out: what is wrong now has been told in another way."""
        self.delimiters = delimiters
        self.root = root
        self._loop = root

    def note(self, fault: Fault, segment: Segment) -> None:
        """Record a fault of a segment that the walk does not read itself."""
        self._element_fault(fault, segment)

    def _element_fault(self, fault: Fault, segment: Segment) -> None:
        loop = segment.loop or self._loop
        fix = LAYOUT if fault.better is not None else None
        if fault.element == 0:
            self._report("IK3-8", segment.id, fault.detail, loop=loop, segment=segment, element=fault.ref, fix=fix)
            return
        where = locate(segment, fault.element, fault.component, fault.repeat, self.delimiters, fault.ref)
        values = {
            "element": fault.ref, "element_name": fault.name, "value": fault.value[:200], "detail": fault.detail,
            "ik3": "8", "ik4": fault.code, "data_element": fault.data_element, "bad": fault.value[:99],
            "component": str(fault.component or ""),
        }  # fmt: skip
        if fault.better:
            address = f"{where.loop}.{where.element}" if where.loop else where.element or ""
            fix = Fix(True, {address: fault.better})
        self._keep(loop, f"IK4-{fault.code}", where, values, fix)

    def _report(
        self,
        code: str,
        segment_id: str,
        detail: str,
        *,
        loop: Loop | None = None,
        segment: Segment | None = None,
        ordinal: int | None = None,
        offset: int | None = None,
        length: int | None = None,
        element: str = "",
        found: str = "",
        loop_id: str = "",
        qualifier: str = "",
        fix: Fix | None = None,
    ) -> Finding | None:
        """A finding about a whole segment; where it stands, unless told otherwise, is where the walk does."""
        loop = loop or self._loop
        if segment is not None:
            where = locate(segment, 0, 0, 0, self.delimiters, "")
        else:
            where = Location(
                loop=loop_id or loop.id,
                segment=segment_id or None,
                element=None,
                claim=None,
                line=None,
                ordinal=self.ordinal if ordinal is None else ordinal,
                offset=self.start if offset is None else offset,
                length=len(segment_id) if length is None else length,
            )
        values = {"detail": detail, "found": found, "ik3": code[4:], "element": element}
        if qualifier:
            values["qualifier"] = qualifier
        return self._keep(loop, code, where, values, fix)

    def _keep(
        self, loop: Loop, code: str, where: Location, values: dict[str, str], fix: Fix | None = None
    ) -> Finding | None:
        """Keep a finding by the claim, patient, subscriber or provider that it concerns, and those above claims for
        the set. What is too much for the set's list still rejects what it concerns."""
        if self.silent:
            return None
        claim, line, scope = context(loop)
        lists = [(scope.findings, LOOP_FINDINGS)]
        if scope.node.id != "2300":
            lists.append((self.findings, SET_FINDINGS))
        where = Location(
            named(where.loop) or None, where.segment, where.element, claim, line, where.ordinal, where.offset,
            where.length, where.repeat,
        )  # fmt: skip
        told = {"segment": where.segment or "", "loop": where.loop or ""}
        finding = Finding(f"X12-{code}", Severity.REJECT, where, {**told, **values}, fix=fix)
        kept = None
        for findings, most in lists:
            if len(findings) < most:
                findings.append(finding)
                kept = finding
            elif len(findings) == most:
                more = "More faults follow here; they are not listed"
                findings.append(Finding("X12-IK3-8", Severity.REJECT, where, {**told, "detail": more, "ik3": "8"}))
        return kept

    def _keeps(self, loop: Loop) -> bool:
        """Whether more may be kept of what a loop belongs to: hostile input must not fill memory."""
        scope = context(loop)[2]
        return len(scope.findings) <= LOOP_FINDINGS

    def _amend(self, old: Finding, new: Finding) -> None:
        """Put a finding in another's place, now that more is known."""
        for loop in self._chain():
            for kept in (loop.findings, self.findings):
                for number in range(len(kept) - 1, -1, -1):
                    if kept[number] is old:
                        kept[number] = new
                        break

    def _chain(self) -> list[Loop]:
        """The open loops, innermost first."""
        return self._loop.around()
