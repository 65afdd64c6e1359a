"""Dates beside the dates of service: onset, first treatment, acute episode, x-ray, hospital stay, disability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Place, Segment
from scrubber.x12.values import to_date

from .plain import beyond_plain

Found = Iterable[Hit | Gap]
NOTHING: tuple[Hit, ...] = ()

ONSET, TREATED, ACUTE, XRAY = "DTP431", "DTP454", "DTP453", "DTP455"
ADMITTED, DISCHARGED = "DTP435", "DTP096"


def treatment_dates(claim: Claim, know: Knowledge) -> Found:
    """CLM-30: illness and treatment begin before the service, and a course of treatment says when it began."""
    index, first = claim.loop.index, claim.service_from
    treated = index.get(TREATED)
    found: list[Hit] = []
    for segment in (index.get(ONSET), treated):
        if segment is not None and first is not None and (day := _day(segment)) is not None and day > first:
            found.append(_after_service(segment, "treated" if segment is treated else "onset", day, know))
    expected = know.params["expected"]
    for line in claim.lines:
        own = line.loop.index.get(TREATED)
        if own is not None:
            if line.first is not None and (day := _day(own)) is not None and day > line.first:
                found.append(_after_service(own, "treated", day, know))
        elif treated is None and line.procedure in expected:
            values = {"case": "missing", "fault": know.params["faults"]["missing"], "procedure": line.procedure}
            found.append(Hit(line.procedure_place, values, severity=Severity(expected[line.procedure])))
            break  # One date stands for all lines.
    return found


def _after_service(segment: Segment, case: str, day: date, know: Knowledge) -> Hit:
    return Hit(segment.at(3), {"case": case, "fault": know.params["faults"][case], "date": day.isoformat()})


@beyond_plain
def situational_dates(claim: Claim, know: Knowledge) -> Found:
    """CLM-31: dates that an acute condition, an x-ray, a hospital stay and a disability ask for, and their order."""
    index, faults = claim.loop.index, know.params["faults"]
    found: list[Hit] = []

    def tell(case: str, where: Place, *related: Place) -> None:
        found.append(Hit(where, {"case": case, "fault": faults[case]}, related=related))

    condition = index.get("CR2")
    if condition is not None and condition.get(8) in know.params["acute"] and ACUTE not in index:
        tell("acute", condition.at(8))
    for loop, service in _with_service(claim):
        xray = loop.index.get(XRAY)
        day = _day(xray)
        if xray is not None and day and service and day > service:
            tell("xray", xray.at(3))
    admitted, discharged = index.get(ADMITTED), index.get(DISCHARGED)
    first, last = _day(admitted), _day(discharged)
    if admitted is not None and first and claim.service_to and first > claim.service_to:
        tell("admitted", admitted.at(3))
    if admitted is not None and discharged is not None and first and last and first > last:
        tell("discharged", discharged.at(3), admitted.at(3))
    disability = index.get("DTP314")
    if disability is not None:
        begin, _, end = disability.get(3).partition("-")
        start, stop = to_date(begin[:8]), to_date(end[:8])
        if start and stop and start > stop:
            tell("disability", disability.at(3))
    return found


def _with_service(claim: Claim) -> Iterator[tuple[Loop, date | None]]:
    """The claim and its lines, each with its first day of service."""
    yield claim.loop, claim.service_from
    for line in claim.lines:
        yield line.loop, line.first


def _day(segment: Segment | None) -> date | None:
    """The day of a DTP, the first of a span; None where there is none to read. A time of day may follow it."""
    return to_date(segment.get(3)[:8]) if segment is not None else None


def admission_date(claim: Claim, know: Knowledge) -> Found:
    """CLM-32: care of a hospital inpatient tells the day of admission."""
    if ADMITTED in claim.loop.index:
        return NOTHING
    places = know.params["places"]
    inside: ServiceLine | None = next((line for line in claim.lines if line.place_of_service in places), None)
    if inside is None:
        return NOTHING
    where = inside.at(5) if inside.own_place_of_service else claim.clm.at(5, 1)
    return (Hit(where, {"value": inside.place_of_service}),)
