"""Checks on what Medicare wants of a line: MOD-17, MOD-18, MOD-22, MOD-24, MOD-29."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity

from ..ncci.memory import remembered
from ..ncci.reasons import gaps


@remembered
def active_treatment(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-17: manipulation with neither AT (active treatment) nor a notice that it is not covered."""
    said = {know.params["active"], *know.params["notices"]}
    for line in claim.lines:
        if line.procedure in know.params["codes"] and line.qualifier == "HC" and said.isdisjoint(line.modifiers):
            yield Hit(line.procedure_place, {"procedure": line.procedure})


@remembered
def active_or_not(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-18: AT beside a modifier that says that the service is not covered."""
    for line in claim.lines:
        if know.params["active"] not in line.modifiers:
            continue
        for modifier in line.modifiers:
            doubtful = modifier in know.params["doubtful"]
            if doubtful or modifier in know.params["contrary"]:
                yield Hit(
                    line.modifier_place(modifier),
                    {"procedure": line.procedure, "modifier": modifier},
                    severity=Severity.INFO if doubtful else None,
                )


def therapy_threshold(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """MOD-22: the therapy of this claim alone passes the year's threshold, and no line carries KX."""
    thresholds = know.params["thresholds"]
    for plans in know.params["groups"]:
        charged: dict[int, list[ServiceLine]] = {}
        for line in claim.lines:
            if line.first and not set(plans).isdisjoint(line.modifiers):
                charged.setdefault(line.first.year, []).append(line)
        for year, lines in charged.items():
            if any("KX" in line.modifiers for line in lines):
                continue
            threshold = thresholds.get(str(year))
            if threshold is None:
                if year > max(map(int, thresholds)):
                    yield Gap(f"the therapy threshold of {year} is not known")
                continue
            total = sum((line.charge or Decimal(0) for line in lines), Decimal(0))
            if total > Decimal(str(threshold)):
                values = {"plans": " and ".join(plans), "total": str(total), "threshold": str(threshold)}
                yield Hit(lines[0].procedure_place, values | {"year": str(year)})


@remembered
def no_parts(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """MOD-24: 26 or TC on a service that has no professional and technical part."""
    unknown: dict[str, list[int]] = {}
    for line in claim.lines:
        modifier = next((m for m in know.params["parts"] if m in line.modifiers), None)
        if modifier is None or line.first is None or line.qualifier != "HC":
            continue
        fee = know.pfs.find(line.procedure, line.first)
        if fee is None:
            if not know.pfs.knows(line.procedure, line.first):
                unknown.setdefault(line.procedure, []).append(line.number)
            continue
        doubtful = fee.pctc in know.params["doubtful"].get(modifier, ())
        if doubtful or fee.pctc in know.params["none"]:
            yield Hit(
                line.modifier_place(modifier),
                {"procedure": line.procedure, "modifier": modifier, "indicator": fee.pctc},
                severity=Severity.WARNING if doubtful else None,
            )
    yield from gaps("fee schedule indicators not known", unknown)


@remembered
def payable(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """MOD-29: a code that Medicare's fee schedule does not take, bundles, or does not cover."""
    unknown: dict[str, list[int]] = {}
    params = know.params
    for line in claim.lines:
        if line.qualifier != "HC" or not line.procedure or line.first is None:
            continue
        fee = know.pfs.find(line.procedure, line.first)
        if fee is None:
            if not know.pfs.knows(line.procedure, line.first):
                unknown.setdefault(line.procedure, []).append(line.number)
            continue
        severity = Severity.WARNING
        if fee.status in params["refused"]:
            instead = params["instead"].get(line.procedure)
            problem = "Medicare does not take this code" + (f": bill {instead} instead" if instead else "")
            severity = Severity.REJECT
        elif fee.status in params["bundled"]:
            problem = "Medicare pays it with the services it goes with, never by itself"
        elif fee.status in params["uncovered"] and not set(params["notices"]).intersection(line.modifiers):
            problem = "Medicare does not cover it; to have it denied for a second payer, add GY"
        else:
            continue
        values = {"procedure": line.procedure, "problem": problem, "status": fee.status}
        yield Hit(line.procedure_place, values, severity=severity)
    yield from gaps("fee schedule status not known", unknown)
