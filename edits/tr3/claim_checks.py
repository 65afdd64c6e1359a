"""Checks of what the claim's own figures, dates and identifiers say of each other."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from decimal import Decimal
from functools import lru_cache

from scrubber.catalogue.check import Gap, Hit, Knowledge, alike
from scrubber.claims.model import Claim, Provider, ServiceLine
from scrubber.finding import Severity
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Place, Segment

Found = Iterable[Hit | Gap]
NOTHING: tuple[Hit, ...] = ()


_USUAL_UNITS = frozenset(Decimal(number) for number in range(1, 100))
"""Whole and over zero at a glance; other units are worth a calculation."""


def figures(claim: Claim, know: Knowledge) -> Hashable:
    """Most claims are in order: this sees it in one pass, and the dozen checks on figures, dates and payers are spared.

    True where none of them can have anything to say; None (a claim like no other) where one of them may. A claim of
    several payers, or one that corrects another, is like those with the same turns and frequency.
    """
    subscriber, patient, charge = claim.subscriber, claim.patient, claim.charge
    if (
        subscriber is None
        or patient is None
        or charge is None
        or charge <= 0
        or claim.related_causes
        or patient.death is not None
        or (subscriber.relationship == "18") == claim.dependent
        or (claim.dependent and know.profile.is_("medicare"))
    ):
        return None
    for line in claim.lines:
        service, units, amount = line.service, line.units, line.charge
        if amount is None or amount.is_signed() or service is None:
            return None
        if units not in _USUAL_UNITS and (units is None or units <= 0 or units != int(units)):
            return None
        first, last = service.first, service.last
        if first is None or (last is not first and (last is None or last < first)):
            return None
        charge -= amount
    start, end, birth = claim.service_from, claim.service_to, patient.birth
    if charge or start is None or end is None or end > know.received or (birth is not None and start < birth):
        return None
    turn, frequency = subscriber.payer.sequence, claim.frequency
    if turn == "P" and frequency == "1" and not claim.other_payers and not claim.payer_control_number:
        return True
    turns = [turn, *[other.payer.sequence for other in claim.other_payers]]
    return (frequency, bool(claim.payer_control_number), *turns) if all(turns) else None


in_order = alike(figures)
"""For a check that has nothing to say of a claim for which ``figures`` is True, and otherwise looks at the turns of the
payers (SBR01), the frequency and whether there is a payer's control number."""


def parties(claim: Claim, know: Knowledge) -> Hashable:
    """What the checks on names, NPIs and addresses see: the billing provider's address and every NPI.

    None where one of them may have more to look at: a service facility, an organisation with a person's name.
    """
    billing, subscriber = claim.billing, claim.subscriber
    if billing is None or subscriber is None or claim.facility is not None:
        return None
    address = _billing_address(billing)
    if address is None:
        return None
    names = [subscriber.person.nm1, billing.nm1, claim.pay_to.nm1 if claim.pay_to is not None else None]
    for child in claim.loop.children:
        if child.node.id in _NAMED:
            names += child.segments[:1]
        elif child.children:
            for part in child.children:
                if part.node.id == "2420C":
                    return None
                if part.node.id in _NAMED:
                    names += part.segments[:1]
    seen: list[Hashable] = [address]
    for name in names:
        if name is None:
            continue
        elements = name.elements
        size = len(elements)
        if size > 4 and elements[2] == "2" and any(elements[4:8]):
            return None
        if size > 9 and elements[8] == "XX":
            seen.append(elements[9])
    return tuple(seen)


@lru_cache(maxsize=64)
def _billing_address(billing: Provider) -> tuple[str, ...] | None:
    """N3 and N4 as written; one billing provider has many claims."""
    street, town = billing.loop.index.get("N3"), billing.loop.index.get("N4")
    return (*street.elements, *town.elements) if street and town else None


with_parties = alike(parties)
"""For a check that sees nothing of a claim but its names, NPIs and addresses."""


@with_parties
def npi(claim: Claim, know: Knowledge) -> Found:
    """CLM-01: every provider id sent as an NPI, above the claim, on it and on its lines."""
    first_digits = know.params["first_digits"]
    found: list[Hit] = []
    for segment in _names(claim, know):
        elements = segment.elements
        if len(elements) > 9 and elements[8] == "XX" and (fault := npi_fault(elements[9], first_digits)):
            loop = segment.loop.id if segment.loop else ""
            provider = know.params["providers"].get(loop, "Provider")
            values = {"value": elements[9], "provider": provider, "fault": know.params["faults"][fault]}
            # The first-digit rule is not verified against the standard's text: a doubt, not a certain fault.
            found.append(Hit(segment.at(9), values, severity=Severity.WARNING if fault == "unissued" else None))
    return found


@lru_cache(maxsize=20_000)
def npi_fault(value: str, first_digits: str) -> str:
    """What is wrong with an NPI, as a key of the entry's ``faults``: ``""`` when it is right.

    The last digit is a Luhn check digit over the number with the card issuer prefix 80840, whose share of the sum is
    always 24.
    """
    if not value:
        return ""  # A missing id is the guide's to report.
    if not (value.isascii() and value.isdigit()):
        return "letters"
    if len(value) != 10:
        return "length"
    doubled = sum((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(digit)] for digit in value[-2::-2])
    if (24 + doubled + sum(int(digit) for digit in value[::-2])) % 10:
        return "check-digit"
    return "" if value[0] in first_digits else "unissued"


_NAMED = frozenset(("2310A", "2310B", "2310C", "2310D", "2330A", "2420A", "2420B", "2420C", "2420D", "2420E", "2420F"))
"""Loops of the claim that open with the name of a provider or subscriber."""


def _names(claim: Claim, know: Knowledge) -> list[Segment]:
    """The NM1 of every provider and subscriber that this claim rests on, in order of the file."""
    found: list[Segment] | None = know.scratch.get("tr3.names")
    if found is not None:
        return found
    above = (claim.billing, claim.pay_to, claim.subscriber.person if claim.subscriber else None)
    found = know.scratch["tr3.names"] = [who.nm1 for who in above if who is not None and who.nm1 is not None]
    for child in claim.loop.children:
        if child.node.id in _NAMED:
            found += child.segments[:1]
        elif child.children:
            for part in child.children:
                if part.node.id in _NAMED:
                    found += part.segments[:1]
    return found


@in_order
def total_charge(claim: Claim, know: Knowledge) -> Found:
    """CLM-02: the claim's charge is the sum of its lines' charges, to the cent."""
    if claim.charge is None or not claim.lines:
        return NOTHING
    total = Decimal(0)
    for line in claim.lines:
        if line.charge is None:
            return NOTHING  # An unreadable amount is reported as such.
        total += line.charge
    if total == claim.charge:
        return NOTHING
    values = {
        "charge": f"{claim.charge:.2f}",
        "total": f"{total:.2f}",
        "difference": f"{abs(claim.charge - total):.2f}",
        "lines": str(len(claim.lines)),
    }
    return (Hit(claim.clm.at(2), values, related=tuple(line.at(2) for line in claim.lines)),)


@in_order
def charges(claim: Claim, know: Knowledge) -> Found:
    """CLM-03: a chargeable claim costs something, and no amount is negative."""
    found: list[Hit] = []
    if claim.charge is not None and (
        claim.charge < 0 or (claim.charge == 0 and claim.transaction.kind == know.params["chargeable"])
    ):
        found.append(_charge(know, claim.clm.at(2), "claim", claim.charge))
    found += [_charge(know, line.at(2), "line", line.charge) for line in claim.lines if line.charge and line.charge < 0]
    return found


def _charge(know: Knowledge, where: Place, case: str, amount: Decimal) -> Hit:
    return Hit(where, {"case": case, "value": f"{amount:.2f}", "fault": know.params["faults"][case]})


@in_order
def service_in_future(claim: Claim, know: Knowledge) -> Found:
    """CLM-04: no line was served after the file was received."""
    received = know.received
    if claim.service_to is not None and claim.service_to <= received and (claim.service_from or received) <= received:
        return NOTHING
    found = []
    for line in claim.lines:
        service = line.service
        if service and (latest := max((d for d in (service.first, service.last) if d), default=None)):
            if latest <= received:
                continue
            found.append(
                Hit(service.segment.at(3), {"service": latest.isoformat(), "received": received.isoformat()}, on=latest)
            )
    return found


@in_order
def service_within_life(claim: Claim, know: Knowledge) -> Found:
    """CLM-05: service lies between the patient's birth and death. One finding a claim: one date is wrong."""
    patient = claim.patient
    if patient is None:
        return NOTHING
    found: list[Hit] = []
    birth, death = patient.birth, patient.death
    if birth is not None and (early := [line for line in claim.lines if line.first and line.first < birth]):
        person = patient.dmg.at(2) if patient.dmg else None
        found.append(_out_of_life(early, person, {"case": "birth", "date": birth.isoformat()}, know))
    if death is not None and (late := [line for line in claim.lines if line.last and line.last > death]):
        person = patient.pat.at(6) if patient.pat else None
        found.append(_out_of_life(late, person, {"case": "death", "date": death.isoformat()}, know))
    return found


def _out_of_life(lines: list[ServiceLine], person: Place | None, values: dict[str, str], know: Knowledge) -> Hit:
    line, *others = lines
    assert line.service is not None
    day = line.first if values["case"] == "birth" else line.last
    assert day is not None
    values |= {"service": day.isoformat(), "relation": know.params["relations"][values["case"]]}
    related = [*([person] if person else []), *(o.service.segment.at(3) for o in others if o.service)]
    return Hit(line.service.segment.at(3), values, related=tuple(related), on=day)


@in_order
def service_reversed(claim: Claim, know: Knowledge) -> Found:
    """CLM-06: a span of service dates starts before it ends."""
    found: list[Hit] = []
    for line in claim.lines:
        service = line.service
        if service and service.first and service.last and service.first > service.last:
            values = {"first": service.first.isoformat(), "last": service.last.isoformat()}
            found.append(Hit(service.segment.at(3), values, on=service.first))
    return found


@in_order
def units(claim: Claim, know: Knowledge) -> Found:
    """CLM-08: units are over zero, have few decimals, and are whole for a numeric procedure code."""
    found: list[Hit] = []
    for line in claim.lines:
        quantity = line.units
        if quantity is None or (quantity > 0 and quantity == int(quantity)):
            continue
        exponent = quantity.normalize().as_tuple().exponent
        softer = None
        if quantity <= 0:
            case = "zero"
        elif isinstance(exponent, int) and -exponent > know.params["decimals"]:
            case = "decimals"
        elif line.unit_basis == "UN" and line.procedure.isdigit():
            case, softer = "fraction", Severity.WARNING
        else:
            continue
        values = {"value": f"{quantity:f}", "procedure": line.procedure, "fault": know.params["faults"][case]}
        found.append(Hit(line.at(4), values, severity=softer))
    return found


@in_order
def payer_control_number(claim: Claim, know: Knowledge) -> Found:
    """CLM-13: a replacement or void names the claim it corrects; an original names none."""
    frequency, number = claim.frequency, claim.payer_control_number
    if frequency in know.params["corrections"] and not number:
        values = {"frequency": frequency, "fault": know.params["faults"]["missing"]}
        return (Hit(claim.clm.at(5, 3), values),)
    if frequency == know.params["original"] and number and (segment := claim.loop.find("REFF8")):
        values = {"frequency": frequency, "fault": know.params["faults"]["surplus"]}
        return (Hit(segment.at(2), values, related=(claim.clm.at(5, 3),), severity=Severity.WARNING),)
    return NOTHING


@in_order
def subscriber_or_patient(claim: Claim, know: Knowledge) -> Found:
    """CLM-15: either the subscriber is the patient (SBR02 = 18), or a patient loop follows."""
    subscriber = claim.subscriber
    if subscriber is None or subscriber.sbr is None or (subscriber.relationship == "18") != claim.dependent:
        return NOTHING
    case = "both" if claim.dependent else "neither"
    related = (claim.patient_loop.segments[0].at(),) if claim.patient_loop and claim.patient_loop.segments else ()
    return (Hit(subscriber.sbr.at(2), {"fault": know.params["faults"][case]}, related=related),)


@in_order
def medicare_dependent(claim: Claim, know: Knowledge) -> Found:
    """CLM-16: Medicare has no dependents. A patient loop under SBR02 = 18 is CLM-15's fault."""
    subscriber, patient = claim.subscriber, claim.patient_loop
    if subscriber is None or patient is None or not patient.segments or subscriber.relationship == "18":
        return NOTHING
    pat = patient.find("PAT")
    related = (subscriber.sbr.at(9),) if subscriber.sbr else ()
    return (Hit(pat.at(1) if pat else patient.segments[0].at(), {}, related=related),)


@in_order
def payer_sequence(claim: Claim, know: Knowledge) -> Found:
    """CLM-17: each payer of a claim has its own turn, and one is primary. U (unknown) may repeat and hide any."""
    own = claim.subscriber.sbr if claim.subscriber else None
    if own is None or (not claim.other_payers and own.get(1) == "P"):
        return NOTHING
    turns = [own, *(other.payer.sbr for other in claim.other_payers if other.payer.sbr)]
    first: dict[str, Segment] = {}
    found: list[Hit] = []
    for segment in turns:
        turn = segment.get(1)
        if turn and turn != "U" and first.setdefault(turn, segment) is not segment:
            values = {"value": turn, "fault": know.params["faults"]["repeated"]}
            found.append(Hit(segment.at(1), values, related=(first[turn].at(1),)))
    if not found and "P" not in first and all(s.get(1) not in ("U", "") for s in turns):
        # The claim, not its subscriber, lacks the primary payer: another claim of the subscriber may have one.
        values = {"value": own.get(1), "fault": know.params["faults"]["no-primary"]}
        found.append(Hit(claim.clm.at(), values, related=(own.at(1),)))
    return found


@with_parties
def street_address(claim: Claim, know: Knowledge) -> Found:
    """CLM-23: the billing provider's address is a street, not a box."""
    segment = claim.billing.loop.find("N3") if claim.billing else None
    if segment is None:
        return NOTHING
    pattern = know.params["box"]
    return [Hit(segment.at(n), {"value": segment.get(n)}) for n in (1, 2) if _matches(pattern, segment.get(n))]


@lru_cache(maxsize=10_000)
def _matches(pattern: str, text: str) -> bool:
    return bool(text) and re.search(pattern, text, re.IGNORECASE) is not None


@with_parties
def nine_digit_zip(claim: Claim, know: Knowledge) -> Found:
    """CLM-24: where care is billed and given, a ZIP code is given in full in the United States, and none abroad."""
    found: list[Hit] = []
    for loop in _places_of_care(claim):
        segment = loop.index.get("N4")
        if segment is None:
            continue
        code = segment.get(3)
        country = segment.get(4) or know.code_lists["states"].get(segment.get(2), {}).get("country", "US")
        plain = re.sub(r"[ -]", "", code)
        if country != "US":
            if not code or country in know.params["with_codes"]:
                continue
            case = "foreign"
        else:
            if len(code) == 9 and code.isdigit():
                continue
            case = "missing" if not code else "punctuated" if re.fullmatch(r"[0-9]{9}", plain) else "short"
        places, faults = know.params["places"], know.params["faults"]
        values = {"case": case, "value": code, "place": places.get(loop.id, ""), "fault": faults[case]}
        change = {f"{loop.id}.N403": plain} if case == "punctuated" else None
        found.append(Hit(segment.at(3), values, change=change, safe=True))
    return found


def _places_of_care(claim: Claim) -> list[Loop]:
    """Loops of the billing provider and of the service facilities, the claim's and the lines'."""
    found = [who.loop for who in (claim.billing, claim.facility) if who is not None]
    for line in claim.lines:
        if line.loop.children:
            found += line.loop.each("2420C")
    return found


@in_order
def accident(claim: Claim, know: Knowledge) -> Found:
    """CLM-29: an accident has a date, and a car accident a state. Work-related illness has no accident date."""
    causes = claim.related_causes
    if not causes:
        return NOTHING
    found: list[Hit] = []
    faults, accidents = know.params["faults"], know.params["accidents"]
    named = next((cause for cause in causes if cause in accidents), "")
    if claim.accident is None and (named or know.params["maybe"] in causes):
        values = {"case": "date", "value": named or know.params["maybe"], "fault": faults["date"]}
        found.append(Hit(claim.clm.at(11), values, severity=None if named else Severity.WARNING))
    if know.params["car"] in causes and not claim.accident_state:
        parts = claim.clm.get(11).split(claim.delimiters.component)
        if len(parts) < 5 or parts[4] in ("", "US", "CA"):
            values = {"case": "state", "value": know.params["car"], "fault": faults["state"]}
            found.append(Hit(claim.clm.at(11, 4), values))
    return found


@with_parties
def organisation_name(claim: Claim, know: Knowledge) -> Found:
    """CLM-37: an organisation has no first or middle name, prefix or suffix. One finding for one name."""
    found: list[Hit] = []
    for segment in _names(claim, know):
        elements = segment.elements
        if len(elements) > 4 and elements[2] == "2":
            filled = next((n for n in range(4, min(8, len(elements))) if elements[n]), 0)
            if filled:
                part = know.params["parts"][filled - 4]
                where = know.params["entities"].get(segment.loop.id if segment.loop else "", "Organisation")
                values = {"case": part, "value": elements[filled], "part": part, "entity": where}
                found.append(Hit(segment.at(filled), values))
    return found
