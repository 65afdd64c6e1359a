"""``--require``: where a practice must have an edit's answer, "not checked" rejects the claim (SYS-02)."""

from __future__ import annotations

from collections.abc import Iterable

from scrubber.catalogue.engine import Engine
from scrubber.claims.model import Claim
from scrubber.finding import Finding, Location, Severity, Unchecked
from scrubber.x12.address import locate
from scrubber.x12.segments import Place

NOT_CHECKED = "SYS-02"
"""The finding that says that a required edit could not be checked."""


def reject_unchecked(engine: Engine, claim: Claim, unchecked: Iterable[Unchecked]) -> list[Finding]:
    """A finding for each question that was not to stay open, at the first line that it concerns; the other lines are
    related. Edits that ask the same are named together. ``unchecked`` is gathered, one entry an edit and reason: it
    stands for every edit that says ``unchecked_with`` of the one named, and could have spoken of this claim."""
    if not engine.selection.has(NOT_CHECKED):
        return []
    asking: dict[tuple[str, int | None, tuple[int, ...]], dict[str, None]] = {}
    for gap in unchecked:
        for edit in engine.required_with(gap.edit, claim):
            asking.setdefault((gap.reason, gap.line, gap.also), {})[f"{edit.id} ({edit.name})"] = None
    return [
        Finding(
            NOT_CHECKED,
            Severity.REJECT,
            _place(claim, line),
            {"edits": ", ".join(named), "reason": reason},
            tuple(_place(claim, number) for number in also),
        )
        for (reason, line, also), named in asking.items()
    ]


def _place(claim: Claim, number: int | None) -> Location:
    """The service of a line, or the claim where no line is meant."""
    for line in claim.lines:
        if line.number == number:
            return locate(line.at(), claim.delimiters, claim.id)
    return locate(Place(claim.clm), claim.delimiters, claim.id)
