"""Checks on the place of service: TEL-14 to TEL-17, and where a line's place stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from scrubber.catalogue.check import Hit, Knowledge
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.codes import spans
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Place

from ..ncci.memory import remembered
from ..ncci.pairs import same_performer, shared_day


def pos_place(claim: Claim, line: ServiceLine) -> Place:
    """Where the place of service of a line stands: SV105, else CLM05-1."""
    return line.at(5) if line.own_place_of_service else claim.clm.at(5, 1)


@remembered
def one_place(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """TEL-14: a line that repeats its claim's place, or telehealth and other places on one day."""
    for line in claim.lines:
        if line.own_place_of_service:
            return _one_place(claim, know)
    return ()


def _one_place(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    same = [
        line
        for line in claim.lines
        if line.own_place_of_service and line.own_place_of_service == claim.place_of_service
    ]
    if same:
        number = "one line repeats" if len(same) == 1 else f"{len(same)} lines repeat"
        problem = f"{number} the claim's place {claim.place_of_service}, which needs no repeating"
        yield Hit(same[0].at(5), {"problem": problem}, related=(claim.clm.at(5, 1),), severity=Severity.INFO)
    remote = know.params["places"]
    for i, line in enumerate(claim.lines):
        for other in claim.lines[:i]:
            places = (other.place_of_service, line.place_of_service)
            if (places[0] in remote) == (places[1] in remote) or "Q3014" in (line.procedure, other.procedure):
                continue
            if shared_day(line, other) and same_performer(claim, line, other):
                problem = f"places {places[0]} and {places[1]} stand on one day of one provider"
                yield Hit(pos_place(claim, line), {"problem": problem}, related=(pos_place(claim, other),))
                return


def originating_fee(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-15: the originating site fee in several units, for a patient at home, or from the distant provider."""
    em = spans(know.code_lists, "em-codes")
    for line in claim.lines:
        if line.procedure != "Q3014":
            continue
        severity: Severity | None = Severity.WARNING
        related: tuple[Place, ...] = ()
        if line.units is not None and line.units > 1:
            problem, where, severity = f"{line.units} units are billed, one is paid", line.at(4), None
        elif line.place_of_service == know.params["home"]:
            problem, where = "the patient was at home (place 10), which is no originating site", pos_place(claim, line)
        else:
            visit = next((o for o in claim.lines if o.procedure in em and _together(claim, line, o)), None)
            if visit is None:
                continue
            problem = f"the provider of the visit {visit.procedure} bills it too; it belongs to the patient's site"
            where, related = line.procedure_place, (visit.procedure_place,)
        yield Hit(where, {"problem": problem}, related=related, severity=severity)


def _together(claim: Claim, line: ServiceLine, other: ServiceLine) -> bool:
    return shared_day(line, other) is not None and same_performer(claim, line, other)


def facility_of_remote_patient(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-17: a service facility (2310C) for a patient at home; at place 02, one with the patient's own address."""
    facility = claim.facility
    if facility is None or facility.nm1 is None:
        return
    places = {line.place_of_service for line in claim.lines} or {claim.place_of_service}
    if not places <= set(know.params["places"]):
        return  # Another line was rendered there.
    street = _street(facility.nm1.loop)
    name = claim.patient.nm1 if claim.patient else None
    if street and name is not None and street == _street(name.loop):
        problem = "its street is the patient's own"
    elif places == {know.params["home"]}:
        problem = "the patient was at home (place 10)"
    else:
        return
    values = {"problem": problem, "place": ", ".join(sorted(places))}
    yield Hit(Place(facility.nm1), values, related=(claim.clm.at(5, 1),))


def _street(loop: Loop | None) -> str:
    """The first line of a loop's address, for comparing; patients' addresses go no further than this."""
    n3 = loop.find("N3") if loop is not None else None
    return " ".join(n3.get(1).upper().split()) if n3 is not None else ""


@remembered
def known_place(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """TEL-16: a place of service that is not assigned, or was not on the day."""
    places = know.code_lists["place-of-service"]
    hits: list[Hit] = []
    written = claim.place_of_service
    if written and (problem := _problem(places.get(written), claim.service_from)):
        hits.append(Hit(claim.clm.at(5, 1), {"place": written, "problem": problem}))
    for line in claim.lines:
        own = line.own_place_of_service
        # A line that repeats the claim's place repeats its fault.
        if own and own != written and (problem := _problem(places.get(own), line.first)):
            hits.append(Hit(line.at(5), {"place": own, "problem": problem}))
    return hits


def _problem(row: object, day: date | None) -> str:
    if not isinstance(row, dict):
        return "is not assigned"
    if day is not None:
        if row["from"] and day.isoformat() < row["from"]:
            return f"exists only from {row['from']} on"
        if row["to"] and day.isoformat() > row["to"]:
            return f"ended on {row['to']}"
    return ""
