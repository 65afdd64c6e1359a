"""What a line bills: codes and qualifiers, anesthesia, laboratory, drugs, authorization, repeats."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache

from scrubber.catalogue.check import Gap, Hit, Knowledge, across
from scrubber.claims.earlier import span
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Location, Severity
from scrubber.tables.codes import CodeSpans, spans
from scrubber.x12.segments import Place

from .plain import beyond_plain

Found = Iterable[Hit | Gap]
NOTHING: tuple[Hit, ...] = ()

ANESTHESIA, LABORATORY, DRUGS = "anesthesia-codes", "clia-codes", "drug-codes"


# Units and modifiers of anesthesia ---------------------------------------------------------------------------------


@beyond_plain
def unit_basis(claim: Claim, know: Knowledge) -> Found:
    """CLM-09: anesthesia is counted in minutes (MJ), everything else in units (UN)."""
    minutes = know.params["minutes"]
    found = []
    for line in claim.lines:
        basis = line.unit_basis
        if not basis or not line.procedure:
            continue
        of_time = _timed(line.procedure, know)
        if basis == minutes and not of_time:
            case = "other"
        elif basis == know.params["units"] and of_time == "yes":
            case = "anesthesia"
        else:
            continue
        values = {"case": case, "value": basis, "procedure": line.procedure, "fault": know.params["faults"][case]}
        found.append(Hit(line.at(3), values))
    return found


def _timed(procedure: str, know: Knowledge) -> str:
    """Whether anesthesia is billed by time: ``yes`` or ``no``; ``""`` for other services, 0100T among them."""
    return spans(know.code_lists, ANESTHESIA).value(procedure, "timed") if procedure.isdecimal() else ""


def anesthesia_modifiers(claim: Claim, know: Knowledge) -> Found:
    """CLM-41: anesthesia says by whom it was given, and in what health the patient was."""
    params = know.params
    found = []
    for line in claim.lines:
        if _timed(line.procedure, know) != "yes":
            continue
        for case, wanted in (("performer", params["performers"]), ("status", params["physical_status"])):
            if wanted and not any(modifier in wanted for modifier in line.modifiers):
                values = {"case": case, "procedure": line.procedure, "fault": params["faults"][case]}
                found.append(Hit(line.procedure_place, values))
    return found


# Laboratory and drugs ----------------------------------------------------------------------------------------------

_X4 = "REFX4"


def laboratory_number(claim: Claim, know: Knowledge) -> Found:
    """CLM-33: a laboratory test is billed with the laboratory's CLIA number, and that has its form."""
    params = know.params
    found = []
    own = claim.loop.index.get(_X4)
    numbers = [own] if own is not None else []
    for line in claim.lines:
        number = line.loop.index.get(_X4)
        if number is not None:
            numbers.append(number)
        elif own is None and _needs_certificate(line, know):
            values = {"case": "missing", "value": line.procedure, "fault": params["faults"]["missing"]}
            # Which tests need a certificate is a list of CMS that we have not seen; a waived test is sure to.
            sure = params["strict"] and params["waived"] in line.modifiers
            found.append(Hit(line.procedure_place, values, severity=None if sure else Severity.WARNING))
    for segment in numbers:
        if segment.get(2) and not re.fullmatch(params["form"], segment.get(2)):
            values = {"case": "form", "value": segment.get(2), "fault": params["faults"]["form"]}
            found.append(Hit(segment.at(2), values))
    return found


def _needs_certificate(line: ServiceLine, know: Knowledge) -> bool:
    if spans(know.code_lists, LABORATORY).value(line.procedure, "clia") != "yes":
        return False
    return not any(modifier in know.params["without"] for modifier in line.modifiers)


@beyond_plain
def drug(claim: Claim, know: Knowledge) -> Found:
    """CLM-34, where a drug is told: eleven digits, and a quantity over zero."""
    params = know.params
    found = []
    for line in claim.lines:
        given = line.drug
        if given is None or given.lin is None:
            continue
        if given.ndc and not re.fullmatch(params["form"], given.ndc):
            plain = given.ndc.replace("-", "")
            change = {"2410.LIN03": plain} if re.fullmatch(params["form"], plain) else None
            found.append(Hit(given.lin.at(3), _drug("form", given.ndc, know), change=change, safe=True))
        if given.ctp is not None and given.quantity is not None and given.quantity <= 0:
            found.append(Hit(given.ctp.at(4), _drug("quantity", f"{given.quantity:f}", know)))
    if params["required"]:
        listed = spans(know.code_lists, DRUGS)
        for line in claim.lines:
            if line.drug is None and line.procedure in listed:
                found.append(Hit(line.procedure_place, _drug("missing", line.procedure, know)))
    return found


def _drug(case: str, value: str, know: Knowledge) -> dict[str, str]:
    return {"case": case, "value": value, "fault": know.params["faults"][case]}


# Authorization -----------------------------------------------------------------------------------------------------


def authorization(claim: Claim, know: Knowledge) -> Found:
    """CLM-35: services for which this payer wants an authorization or a referral carry its number."""
    if not (know.params["authorization"] or know.params["referral"]):
        return NOTHING
    found: list[Hit] = []
    for case, key in (("authorization", "REFG1"), ("referral", "REF9F")):
        wanted = know.params[case]
        if not wanted or key in claim.loop.index:
            continue
        listed = _listed(tuple(wanted))
        for line in claim.lines:
            if line.procedure in listed and key not in line.loop.index:
                values = {"case": case, "procedure": line.procedure, "fault": know.params["faults"][case]}
                found.append(Hit(line.procedure_place, values))
    return found


@lru_cache(maxsize=64)
def _listed(codes: tuple[str, ...]) -> CodeSpans:
    """Codes and ranges of codes (``72141-72158``) of a profile."""
    return CodeSpans({code: {} for code in codes})


@beyond_plain
def referring_of_line(claim: Claim, know: Knowledge) -> Found:
    """CLM-36: a line's own referring provider differs from the claim's, so that the claim has one. One finding."""
    if claim.referring is not None or claim.loop.child("2310A") is not None:
        return NOTHING
    places = [
        child.segments[0].at()
        for line in claim.lines
        for child in line.loop.children
        if child.node.id == "2420F" and child.segments
    ]
    return (Hit(places[0], {}, related=tuple(places[1:])),) if places else NOTHING


# Repeats -----------------------------------------------------------------------------------------------------------


@across
def repeated_line(claim: Claim, know: Knowledge) -> Found:
    """CLM-38: a line says the same as one before it, of this claim or of an earlier one of the file: code, modifiers,
    day, units, charge, performer, drug. A claim that is sent once more is told once, and so is one that an earlier
    file held, where a history is kept."""
    lines = claim.lines
    sent = know.history.sent() if know.history is not None else None
    if sent is not None and lines and not any(_meant(line, know) for line in lines):
        line = lines[0]
        which = f"as part of {sent.file} on {sent.day}"
        values = {"case": "sent", "procedure": line.procedure, "which": which, "fault": know.params["faults"]["sent"]}
        return (Hit(line.procedure_place, values),)
    if not know.earlier and len({line.procedure for line in lines}) == len(lines):
        return NOTHING
    found = list(_sent_again(claim, know))
    if found:
        return found
    first: dict[Hashable, ServiceLine] = {}
    for line in lines:
        said = first.setdefault((line.procedure, line.modifiers, line.charge, line.first), line)
        if said is not line and _same(said, line, claim) and not _meant(line, know):
            found.append(_repeat(line, "line", str(said.number), know, said.procedure_place))
    return found


def _sent_again(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    for before in know.earlier:
        for line in claim.lines:
            alike = (
                line.procedure == before.procedure
                and line.modifiers == before.modifiers
                and line.first == before.day
                and (line.charge, line.units, span(line)) == (before.charge, before.units, before.days)
                and claim.performer(line) == before.performer
            )
            if alike and not _meant(line, know):
                case = "claim" if before.repeated else "earlier"
                yield _repeat(line, case, before.procedure_place.claim or "", know, before.procedure_place)
                if before.repeated:
                    return


def _repeat(line: ServiceLine, case: str, which: str, know: Knowledge, where: Place | Location) -> Hit:
    values = {"case": case, "procedure": line.procedure, "which": which, "fault": know.params["faults"][case]}
    return Hit(line.procedure_place, values, related=(where,))


def _same(one: ServiceLine, other: ServiceLine, claim: Claim) -> bool:
    return (
        bool(one.procedure)
        and one.units == other.units
        and one.last == other.last
        and claim.performer(one) == claim.performer(other)
        and (one.drug.ndc if one.drug else "") == (other.drug.ndc if other.drug else "")
    )


def _meant(line: ServiceLine, know: Knowledge) -> bool:
    """Whether a modifier says that the service was repeated."""
    return any(modifier in know.params["repeats"] for modifier in line.modifiers)
