"""Injuries, their external causes and aftercare, and what CLM11 says of an accident: DX-24 to DX-28."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scrubber.catalogue.check import Hit, Knowledge
from scrubber.claims.model import Claim
from scrubber.finding import Severity
from scrubber.tables.icd10cm import Icd10cm, dotted

from ..tr3.claim_checks import in_order
from .reading import ICD9_QUALIFIERS, among, by_codes


def _encounter(code: str, table: Icd10cm) -> str:
    """``initial``, ``subsequent`` or ``sequela``, as the seventh character's meaning begins; empty without one."""
    rule = table.seventh(code) if len(code) == 7 else None
    return rule.characters.get(code[6], "").split(" ", 1)[0] if rule else ""


def injury_without_related_cause(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-24: a current injury and an empty CLM11. A remark, unless the payer insures accidents."""
    if any(claim.related_causes):
        return
    for diagnosis in claim.diagnoses:
        if among(diagnosis.code, know.params["injuries"]) and _encounter(diagnosis.code, know.icd10cm) != "sequela":
            severity = None if know.profile.is_("property-casualty") else Severity.INFO
            yield Hit(claim.clm.at(11), {"code": dotted(diagnosis.code)}, (diagnosis.place,), severity)
            return


@in_order
def related_cause_without_injury(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-25: CLM11 speaks of an accident, the diagnoses do not. EM alone may be an illness caused by work: a remark."""
    if not claim.related_causes or not claim.diagnoses:
        return ()
    causes = [cause for cause in claim.related_causes if cause]
    if not causes or any(
        diagnosis.qualifier in ICD9_QUALIFIERS or among(diagnosis.code, know.params["accident_codes"])
        for diagnosis in claim.diagnoses
    ):
        return ()
    severity = Severity.INFO if causes == ["EM"] else None
    values = {"causes": ", ".join(causes), "codes": ", ".join(dotted(code) for code in claim.codes())}
    return (Hit(claim.clm.at(11), values, (claim.diagnoses[0].place,), severity),)


@by_codes
def external_cause_other_encounter(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-26: the external cause's seventh character tells of another stage of care than the injury's."""
    table = know.icd10cm
    injuries = [
        (d, stage) for d in claim.diagnoses if d.code[:1] in ("S", "T") and (stage := _encounter(d.code, table))
    ]
    if not injuries:
        return
    stages = {stage for _, stage in injuries}
    for diagnosis in claim.diagnoses:
        if diagnosis.code[:1] in ("V", "W", "X", "Y"):
            stage = _encounter(diagnosis.code, table)
            if stage and stage not in stages:
                injury = injuries[0][0]
                values = {
                    "cause": dotted(diagnosis.code),
                    "cause_stage": stage,
                    "injury": dotted(injury.code),
                    "injury_stage": injuries[0][1],
                }
                yield Hit(diagnosis.place, values, (injury.place,))


@by_codes
def external_cause_missing(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-27: a current injury, and no code that tells how it came about."""
    if any(diagnosis.code[:1] in ("V", "W", "X", "Y") for diagnosis in claim.diagnoses):
        return
    for diagnosis in claim.diagnoses:
        stage = _encounter(diagnosis.code, know.icd10cm)
        if among(diagnosis.code, know.params["injuries"]) and stage and stage != "sequela":
            yield Hit(diagnosis.place, {"code": dotted(diagnosis.code)})
            return


@by_codes
def aftercare_beside_injury(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-28: an aftercare code beside an injury whose seventh character tells of the stage of care."""
    table, params = know.icd10cm, know.params
    injuries = [d for d in claim.diagnoses if among(d.code, params["injuries"])]
    injury = next((d for d in injuries if _encounter(d.code, table) in params["stages"]), None)
    if injury is None:
        return
    for diagnosis in claim.diagnoses:
        if among(diagnosis.code, params["aftercare"]):
            values = {
                "aftercare": dotted(diagnosis.code),
                "injury": dotted(injury.code),
                "stage": _encounter(injury.code, table),
            }
            yield Hit(diagnosis.place, values, (injury.place,))
