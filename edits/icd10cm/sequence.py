"""Which code may stand first, and for whom a code is meant: DX-08, DX-09, DX-0A, DX-0B, DX-0C, DX-14b."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim
from scrubber.finding import Severity
from scrubber.tables.icd10cm import dotted

from .reading import age, by_codes, newer_than_notes, read_codes, report, to_hit


@by_codes
def external_cause_first(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-08: an external-cause code (V00-Y99) is listed first."""
    return report(claim, know, "DX-08")


@by_codes
def manifestation_first(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-09: a manifestation code is listed first, or none of the codes before it is one that it is coded under.

    The second is a warning: the notes name typical diseases, the record may hold another.
    """
    found = read_codes(claim, know).faults.get("DX-09", ())
    for fault in found:
        if isinstance(fault, Gap):
            continue
        if fault.at == 0:
            yield to_hit(claim, fault._replace(values={**fault.values, "problem": "is listed first"}))
            continue
        code, day = claim.diagnoses[fault.at].code, claim.service_from
        notes = know.icd10cm.code_first(code, day) if day else ()
        if not notes or any(note.open_ended or note.if_applicable for note in notes):
            continue
        wanted = "; ".join(note.text for note in notes)
        before = any(know.icd10cm.named(note, d.code) for note in notes for d in claim.diagnoses[: fault.at])
        if not before:
            problem = f"stands without its underlying disease before it ({wanted})"
            values = {**fault.values, "problem": problem}
            yield to_hit(claim, fault._replace(values=values, severity=Severity.WARNING))


@by_codes
def underlying_after(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """DX-0A: a "code first" note names a code that is on the claim, but only behind the code with the note.

    What is not on the claim is no fault: the note asks for it where it is known.
    """
    usable, day = read_codes(claim, know).usable, claim.service_from
    if len(usable) < 2 or day is None or not know.icd10cm.covers(day):
        return
    table, diagnoses = know.icd10cm, claim.diagnoses
    if unlisted := newer_than_notes(table, [diagnoses[i].code for i in sorted(usable)], day):
        yield Gap(unlisted)
    for index in sorted(usable):
        named = [
            (other, note)
            for note in table.code_first(diagnoses[index].code, day)
            for other in sorted(usable)
            if other != index and table.named(note, diagnoses[other].code)
        ]
        if named and all(other > index for other, _ in named):
            other, note = named[0]
            values = {
                "code": dotted(diagnoses[index].code),
                "title": table.title(diagnoses[index].code) or "",
                "first": dotted(diagnoses[other].code),
                "note": note.text.lstrip(" ,"),
                "edition": table.edition(day).name,
            }
            yield Hit(diagnoses[index].place, values, (diagnoses[other].place,))


@by_codes
def sequela_first(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-14b: the injury with seventh character S stands before the condition that it left behind."""
    diagnoses = claim.diagnoses
    if not diagnoses or not _is_sequela(diagnoses[0].code, know):
        return
    others = [d for d in diagnoses[1:] if d.code and d.code[0] not in "STVWXYZ"]
    if others:
        first = diagnoses[0]
        values = {"injury": dotted(first.code), "condition": dotted(others[0].code)}
        yield Hit(first.place, values, (others[0].place,))


def _is_sequela(code: str, know: Knowledge) -> bool:
    if len(code) != 7 or code[0] not in "ST":
        return False
    rule = know.icd10cm.seventh(code)
    return rule is not None and rule.characters.get(code[6], "").startswith("sequela")


@by_codes
def age_conflict(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """DX-0B: the patient's age on the day of service is outside the range the code is meant for."""
    limited = read_codes(claim, know).limited
    if not limited:
        return
    patient, day = claim.patient, claim.service_from
    birth = patient.birth if patient else None
    if birth is None or day is None:
        yield Gap("the patient's age is unknown: birth date or date of service is missing or unreadable")
        return
    years = age(birth, day)
    if years < 0:
        return  # A birth date after the service is another edit's fault.
    for index, limit in limited:
        low, high = know.params[limit]
        if not low <= years <= high:
            diagnosis = claim.diagnoses[index]
            ages = f"{low} to {high}" if high else "under one year"
            values = {"code": dotted(diagnosis.code), "limit": limit, "age": str(years), "ages": ages}
            related = (patient.dmg.at(2),) if patient and patient.dmg else ()
            yield Hit(diagnosis.place, values, related)


@by_codes
def sex_conflict(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """DX-0C: a maternity code for a patient whom DMG03 calls male."""
    limited = read_codes(claim, know).limited
    patient = claim.patient
    if not limited or patient is None or patient.sex != "M":
        return ()
    return [
        Hit(
            claim.diagnoses[index].place,
            {"code": dotted(claim.diagnoses[index].code)},
            (patient.dmg.at(3),) if patient.dmg else (),
        )
        for index, limit in limited
        if limit == "maternity"
    ]
