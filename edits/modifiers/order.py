"""Checks on modifiers beside one another and beside what happened before: MOD-25, MOD-27, MOD-28."""

from __future__ import annotations

from collections.abc import Iterator

from scrubber.catalogue.check import Hit, Knowledge, across
from scrubber.claims.model import Claim, ServiceLine

from ..ncci.memory import remembered
from ..ncci.pairs import Judge, Parting, judge_of, pairs_of


@across
@remembered
def idle_in_pair(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-25: a modifier that does not part an NCCI pair, on a pair that nothing else parts."""
    told: set[tuple[int, str]] = set()
    for pair in pairs_of(claim, know).found:
        if pair.parting is not Parting.NONE or pair.row.indicator != "1":
            continue
        for line in (pair.two, pair.one):
            modifier = next((m for m in line.modifiers if m in know.params["idle"]), None)
            if modifier and isinstance(line, ServiceLine) and (id(line), modifier) not in told:
                told.add((id(line), modifier))
                other = pair.beside(line)
                values = {"procedure": line.procedure, "modifier": modifier, "other": other.procedure}
                yield Hit(line.modifier_place(modifier), values, related=(other.procedure_place,))


@remembered
def payment_first(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-27: a modifier that changes payment behind one that only informs."""
    paying = {*know.params["paying"], *know.params["assistants"]}
    for line in claim.lines:
        informing = ""
        for modifier in line.modifiers:
            if modifier in know.params["informing"]:
                informing = informing or modifier
            elif informing and modifier in paying:
                values = {"procedure": line.procedure, "modifier": modifier, "before": informing}
                yield Hit(line.modifier_place(modifier), values)
                break


@remembered
def no_surgery_known(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-28: a modifier that speaks of an earlier operation, of which the claim says nothing."""
    judge = judge_of(know)
    for line in claim.lines:
        modifier = next((m for m in line.modifiers if m in know.params["after_surgery"]), None)
        if modifier and not any(_covers(judge, other, line) for other in claim.lines):
            yield Hit(line.modifier_place(modifier), {"procedure": line.procedure, "modifier": modifier})


def _covers(judge: Judge, surgery: ServiceLine, line: ServiceLine) -> bool:
    """Whether an earlier day's operation still has its global period when the line is rendered."""
    if surgery.first is None or line.first is None or surgery.first >= line.first:
        return False
    days = judge.global_days(surgery.procedure, surgery.first)
    return days.isdecimal() and (line.first - surgery.first).days <= int(days)
