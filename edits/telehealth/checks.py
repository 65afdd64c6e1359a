"""Checks of the telehealth pack. The place of a line is SV105, else CLM05-1. Those on places stand in ``places.py``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.codes import spans

from ..ncci.memory import remembered
from .places import facility_of_remote_patient, known_place, one_place, originating_fee, pos_place

__all__ = [
    "audio_at_home",
    "audio_or_video",
    "code_says_it",
    "facility_of_remote_patient",
    "known_place",
    "modifier_at_place",
    "no_gt",
    "on_the_list",
    "one_place",
    "originating_fee",
    "place_says_it",
    "place_with_modifier",
    "remote_by_nature",
    "special_modifier",
    "therapy_by_video",
]


@remembered
def modifier_at_place(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-01: a telehealth modifier at another place than 02 or 10."""
    params = know.params
    medicare = know.profile.is_("medicare")
    hands_on = spans(know.code_lists, "hands-on-services")
    for line in claim.lines:
        place = line.place_of_service
        if not place or place in params["places"] or line.procedure in hands_on:
            continue
        for modifier in line.modifiers:
            if modifier not in params["modifiers"] or (medicare and modifier == "GT"):
                continue
            if medicare and (_therapist(claim, line, know) or place in params["hospital"]):
                break
            yield Hit(
                line.modifier_place(modifier),
                {"procedure": line.procedure, "modifier": modifier, "place": place},
                related=(pos_place(claim, line),),
                severity=None if medicare else Severity.INFO,
            )
            break


@remembered
def place_with_modifier(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-02: a telehealth place without a telehealth modifier."""
    hands_on, remote = spans(know.code_lists, "hands-on-services"), spans(know.code_lists, "remote-services")
    for line in claim.lines:
        if line.place_of_service not in know.params["places"] or not line.procedure:
            continue
        if line.procedure in hands_on or line.procedure in remote:
            continue
        if not any(modifier in know.params["modifiers"] for modifier in line.modifiers):
            yield Hit(
                line.procedure_place,
                {"procedure": line.procedure, "place": line.place_of_service},
                related=(pos_place(claim, line),),
            )


@remembered
def place_says_it(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-03: 95 at a telehealth place, where Medicare does not need it."""
    hands_on, remote = spans(know.code_lists, "hands-on-services"), spans(know.code_lists, "remote-services")
    for line in claim.lines:
        if "95" not in line.modifiers or line.place_of_service not in know.params["places"]:
            continue
        if line.procedure not in hands_on and line.procedure not in remote and not _therapist(claim, line, know):
            yield Hit(line.modifier_place("95"), {"procedure": line.procedure, "place": line.place_of_service})


@remembered
def audio_or_video(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-04: modifiers on a line that each name another way of rendering it (the entry's ``exclusive`` pairs)."""
    medicare = know.profile.is_("medicare")
    for line in claim.lines:
        for one, two in know.params["exclusive"]:
            # Medicare takes no GT at all: TEL-06 says so, and then nothing is left to contradict.
            if one in line.modifiers and two in line.modifiers and not (medicare and one == "GT"):
                yield Hit(line.modifier_place(two), {"procedure": line.procedure, "modifiers": f"{one} and {two}"})
                break


@remembered
def audio_at_home(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-05: audio-only service that Medicare's rule does not fit as billed: not at home, or FQ instead of 93."""
    for line in claim.lines:
        if "FQ" in line.modifiers:
            problem, modifier = "FQ has given way to 93", "FQ"
        elif "93" in line.modifiers and line.place_of_service == know.params["away"]:
            problem, modifier = "it is for patients at home (place 10), and the place is 02", "93"
        else:
            continue
        yield Hit(line.modifier_place(modifier), {"procedure": line.procedure, "problem": problem})


@remembered
def no_gt(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-06: GT on a professional claim."""
    for line in claim.lines:
        if "GT" in line.modifiers:
            yield Hit(line.modifier_place("GT"), {"procedure": line.procedure})


def special_modifier(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-07: GQ outside the demonstration states (Medicare), and G0 without a stroke among the diagnoses."""
    params = know.params
    for line in claim.lines:
        if "GQ" in line.modifiers and know.profile.is_("medicare"):
            state = _state(claim)
            if state and state not in params["states"]:
                where = " and ".join(params["states"])
                problem = f"it is for the demonstration in {where}, and the provider is in {state}"
                yield Hit(line.modifier_place("GQ"), _special(line, "GQ", problem))
        if "G0" in line.modifiers and not any(d.code.startswith(tuple(params["stroke"])) for d in claim.diagnoses):
            problem = "it is for acute stroke, and no diagnosis of the claim names one"
            yield Hit(line.modifier_place("G0"), _special(line, "G0", problem), severity=Severity.INFO)


@remembered
def code_says_it(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-11: 95 or 93 on a code that names its own way of contact."""
    if know.profile.is_("medicare"):
        return  # TEL-09: Medicare does not take the code at all.
    first, last = know.params["codes"]
    for line in claim.lines:
        if first <= line.procedure <= last:
            modifier = next((m for m in line.modifiers if m in know.params["modifiers"]), None)
            if modifier:
                yield Hit(line.modifier_place(modifier), {"procedure": line.procedure, "modifier": modifier})


@remembered
def remote_by_nature(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-12: a service that needs hands or equipment at the patient, billed as telehealth."""
    places, modifiers = know.params["places"], know.params["modifiers"]
    hands_on = spans(know.code_lists, "hands-on-services")
    for line in claim.lines:
        modifier = next((m for m in line.modifiers if m in modifiers), None)
        if line.place_of_service in places:
            sign, where = f"place {line.place_of_service}", pos_place(claim, line)
        elif modifier:
            sign, where = f"modifier {modifier}", line.modifier_place(modifier)
        else:
            continue
        row = hands_on.get(line.procedure)
        # Where Medicare's own list has the code, Medicare has decided.
        if row is None or line.qualifier != "HC" or (know.profile.is_("medicare") and _listed(know, line)):
            continue
        yield Hit(
            line.procedure_place,
            {"procedure": line.procedure, "kind": str(row["kind"]), "sign": sign},
            related=(where,),
        )


@remembered
def on_the_list(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """TEL-13: a code at a telehealth place that Medicare's list for the day does not have.

    A code on the list is a question that stays open where the patient was at home and no statute lets Medicare pay
    for that on the day, whatever the service: some kinds of care are payable all the same.
    """
    params = know.params
    hands_on, remote = spans(know.code_lists, "hands-on-services"), spans(know.code_lists, "remote-services")
    for line in claim.lines:
        day = line.first
        if line.place_of_service not in params["places"] or not line.procedure or day is None:
            continue
        if line.procedure in remote or line.procedure in hands_on:
            continue  # Other edits say whether these are telehealth.
        listed = _listed(know, line)
        if listed is None:
            fault = "is not loaded" if know.telehealth.on(day) is None else "was loaded in part and lacks the code"
            yield Gap(f"the CMS telehealth list for {day.year} {fault}", line.number)
        elif not listed:
            yield Hit(
                line.procedure_place,
                {"procedure": line.procedure, "place": line.place_of_service, "year": str(day.year)},
                related=(pos_place(claim, line),),
            )
        elif line.place_of_service == params["home"] and (law := _no_statute(know, day)):
            yield Gap(law, line.number)


@remembered
def therapy_by_video(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """TEL-18: a therapist's line at a telehealth place without 95. Without a plan-of-care modifier MOD-19 speaks."""
    params = know.params
    therapy, hands_on = spans(know.code_lists, "therapy-codes"), spans(know.code_lists, "hands-on-services")
    for line in claim.lines:
        if line.place_of_service not in params["places"] or line.procedure in hands_on:
            continue
        plan = next((m for m in line.modifiers if m in params["plans"]), None)
        if plan is None and line.procedure not in therapy:
            continue
        if not any(modifier in params["modifiers"] for modifier in line.modifiers):
            values = {"procedure": line.procedure, "place": line.place_of_service}
            yield Hit(line.procedure_place, values, related=(pos_place(claim, line),))


def _listed(know: Knowledge, line: ServiceLine) -> bool | None:
    """Whether Medicare's list has the code on the line's day; None where no list tells."""
    day = line.first
    if day is None or not know.telehealth.knows(line.procedure, day):
        return None
    return bool(know.telehealth.find(line.procedure, day))


def _no_statute(know: Knowledge, day: date) -> str:
    """Why telehealth to a patient's home may not be payable by Medicare on a day; ``""`` where a statute allows it."""
    for row in know.code_lists["medicare-home-telehealth"].values():
        if row["from"] <= day.isoformat() and (not row["to"] or day.isoformat() <= row["to"]):
            return str(row["limit"])
    return ""


def _therapist(claim: Claim, line: ServiceLine, know: Knowledge) -> bool:
    """Whether a therapist rendered the line: a plan-of-care modifier, or the performer's taxonomy."""
    if any(modifier in know.params["plans"] for modifier in line.modifiers):
        return True
    performer = line.rendering or claim.billing
    return performer is not None and performer.taxonomy.startswith(tuple(know.params["therapists"]))


def _state(claim: Claim) -> str:
    """State of the place of service: the facility's address, else the billing provider's."""
    for provider in (claim.facility, claim.billing):
        n4 = provider.loop.find("N4") if provider else None
        if n4 is not None and n4.get(2):
            return n4.get(2)
    return ""


def _special(line: ServiceLine, modifier: str, problem: str) -> dict[str, str]:
    return {"procedure": line.procedure, "modifier": modifier, "problem": problem}
