"""Coordination of benefits: what other payers decided, and whether it adds up. Cents are exact.

The guide's balance, for each other payer by itself: a line's charge is what that payer paid and adjusted on the line
(SVD02, CAS of 2430); the claim's charge is what it paid in all (AMT*D) with all its adjustments, those of the claim
(CAS of 2320) and those of the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Adjudication, Adjustment, Claim, OtherPayer, ServiceLine
from scrubber.finding import Severity
from scrubber.x12.segments import Place

from .plain import beyond_plain

Found = Iterable[Hit | Gap]
NOTHING: tuple[Hit, ...] = ()
ZERO = Decimal(0)


@beyond_plain
def coordination_balance(claim: Claim, know: Knowledge) -> Found:
    """CLM-20: what each other payer paid and adjusted makes up the charge, of each line and of the claim."""
    if not claim.other_payers:
        return NOTHING
    found: list[Hit | Gap] = []
    shared = _repeated_ids(claim)
    for other in claim.other_payers:
        if not other.payer.id or other.payer.id in shared:
            continue
        lines = list(_unbalanced(claim, other, know))
        found += lines or _claim_level(claim, other, know)
    if shared:
        found.append(Gap(know.params["gaps"]["shared"]))
    return found


def _repeated_ids(claim: Claim) -> set[str]:
    """Ids of several other payers that have decided on lines: whose decision is whose cannot be told."""
    counted = Counter(other.payer.id for other in claim.other_payers if other.payer.id)
    named = {a.payer_id for line in claim.lines for a in line.adjudications}
    return {id for id, times in counted.items() if times > 1 and id in named}


def _decided(line: ServiceLine, other: OtherPayer) -> list[Adjudication]:
    """What this payer decided on a line. A line that the payer split has several."""
    return [a for a in line.adjudications if a.payer_id == other.payer.id]


def _unbalanced(claim: Claim, other: OtherPayer, know: Knowledge) -> Iterator[Hit]:
    for line in claim.lines:
        mine = _decided(line, other)
        paid, adjusted = _sum(a.paid for a in mine), _adjusted(x for a in mine for x in a.adjustments)
        if not mine or paid is None or adjusted is None or line.charge is None:
            continue
        if paid + adjusted != line.charge:
            related = [line.at(2), *_places(x for a in mine for x in a.adjustments)]
            values = _values(know, "line", other, line.charge, paid, adjusted)
            yield Hit(mine[0].svd.at(2), values, related=tuple(related))


def _claim_level(claim: Claim, other: OtherPayer, know: Knowledge) -> Sequence[Hit]:
    """Silent where the charge itself does not add up (CLM-02), or an amount cannot be read."""
    paid, charge, amount = other.paid, claim.charge, other.loop.index.get("AMTD")
    if paid is None or charge is None or amount is None or _sum(line.charge for line in claim.lines) != charge:
        return NOTHING
    decisions = [_decided(line, other) for line in claim.lines]
    of_lines = [x for mine in decisions for a in mine for x in a.adjustments]
    adjusted = _adjusted([*other.adjustments, *of_lines])
    if adjusted is None or paid + adjusted == charge or any(a.paid is None for mine in decisions for a in mine):
        return NOTHING
    told = bool(other.adjustments or any(decisions))
    if not told and not _comes_before(claim, other):
        return NOTHING
    # A payer that gives no reasons at all, or decided on some lines only, may be all that there is to tell.
    sure = told and (all(decisions) or not any(decisions))
    related = (claim.clm.at(2), *_places(other.adjustments))
    values = _values(know, "claim", other, charge, paid, adjusted)
    return (Hit(amount.at(2), values, related=related, severity=None if sure else Severity.WARNING),)


def _comes_before(claim: Claim, other: OtherPayer) -> bool:
    """Whether this payer was to decide before the one that the claim goes to: a later one has not decided yet."""
    own = claim.payer.sequence if claim.payer else ""
    return own not in ("P", "") and other.non_covered is None


def _values(
    know: Knowledge, case: str, other: OtherPayer, charge: Decimal, paid: Decimal, adjusted: Decimal
) -> dict[str, str]:
    # Remittances show reductions with a minus; in a claim they are positive.
    hint = know.params["signs"] if adjusted and paid - adjusted == charge else ""
    return {
        "case": case,
        "whole": know.params["levels"][case],
        "payer": other.payer.name or other.payer.id,
        "charge": f"{charge:.2f}",
        "paid": f"{paid:.2f}",
        "adjusted": f"{adjusted:.2f}",
        "difference": f"{abs(charge - paid - adjusted):.2f}",
        "hint": hint,
    }


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None where an amount cannot be read, which the reader reports."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _adjusted(adjustments: Iterable[Adjustment]) -> Decimal | None:
    return _sum(adjustment.amount for adjustment in adjustments)


def _places(adjustments: Iterable[Adjustment]) -> list[Place]:
    return [adjustment.segment.at(adjustment.element + 1) for adjustment in adjustments]


@beyond_plain
def other_payers_decision(claim: Claim, know: Knowledge) -> Found:
    """CLM-21: whoever has decided says when; no line was paid less than nothing; each decision is a named payer's.

    A decision on a line without its date is the guide's own fault, which the reader finds.
    """
    if not claim.other_payers:
        return NOTHING
    found: list[Hit] = []
    known = {other.payer.id for other in claim.other_payers if other.payer.id}
    for line in claim.lines:
        for decision in line.adjudications:
            svd = decision.svd
            if decision.paid is not None and decision.paid < 0:
                found.append(_told(know, "paid", svd.at(2), f"{decision.paid:.2f}"))
            if decision.payer_id and known and decision.payer_id not in known:
                found.append(_told(know, "stranger", svd.at(1), decision.payer_id, Severity.WARNING))
    found += [hit for other in claim.other_payers if (hit := _undated(claim, other, know))]
    return found


def _undated(claim: Claim, other: OtherPayer, know: Knowledge) -> Hit | None:
    payer = other.payer.loop
    if payer is None or payer.index.get("DTP573") or any(_decided(line, other) for line in claim.lines):
        return None
    amount = other.loop.index.get("AMTD")
    if not other.adjustments and (amount is None or not _comes_before(claim, other)):
        return None
    where = amount.at(2) if amount else other.adjustments[0].segment.at()
    return _told(know, "date", where, other.payer.name or other.payer.id)


def _told(know: Knowledge, case: str, where: Place, value: str, severity: Severity | None = None) -> Hit:
    detail = know.params["faults"][case].format(value=value)
    return Hit(where, {"case": case, "value": value, "detail": detail}, severity=severity)
