"""Category G89, pain not elsewhere classified: alone, first, after the site, or not at all (guideline I.C.6.b)."""

from __future__ import annotations

from collections.abc import Iterator

from scrubber.catalogue.check import Hit, Knowledge
from scrubber.claims.model import Claim, Diagnosis
from scrubber.tables.icd10cm import dotted
from scrubber.x12.values import to_date

from .reading import among, by_codes, listed

_PAIN = ("G89",)
_NO_SITE = ("G89", "R52", "F454")
"""Pain itself, wherever it is."""


def _pain(claim: Claim) -> list[Diagnosis]:
    return [d for d in claim.diagnoses if d.code.startswith(_PAIN)]


def _sites(claim: Claim) -> list[Diagnosis]:
    """Codes that can say where or why it hurts: all but pain itself, injuries' external causes and status codes."""
    return [d for d in claim.diagnoses if d.code and not d.code.startswith(_NO_SITE) and d.code[0] not in "VWXYZ"]


def _specialist(claim: Claim, know: Knowledge) -> bool:
    """Whether a pain physician renders: then any visit may be for pain control."""
    renders = claim.rendering or claim.billing
    return renders is not None and renders.taxonomy in know.params["pain_specialties"]


def _treats_pain(claim: Claim, know: Knowledge) -> bool:
    return any(among(line.procedure, know.params["pain_management"]) for line in claim.lines)


def _codes(claim: Claim) -> str:
    return ", ".join(dict.fromkeys(line.procedure for line in claim.lines if line.procedure))


@by_codes
def pain_without_site(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-20: G89.- is all that the claim says of the pain."""
    pain = _pain(claim)
    if pain and not _sites(claim):
        yield Hit(pain[0].place, {"code": dotted(pain[0].code)})


def chronic_within_weeks(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-23: chronic pain whose onset, as the claim gives it, is fewer weeks back than some payers count."""
    onset, day, weeks = claim.loop.find("DTP431"), claim.service_from, know.params["weeks"]
    began = to_date(onset.get(3)) if onset is not None else None
    if onset is None or began is None or day is None or not began <= day:
        return
    chronic = next((d for d in claim.diagnoses if d.code.startswith(tuple(know.params["chronic"]))), None)
    if chronic is not None and (day - began).days < 7 * weeks:
        values = {"code": dotted(chronic.code), "onset": str(began), "day": str(day), "weeks": str(weeks)}
        yield Hit(chronic.place, values, (onset.at(3),))


def pain_after_site(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-21: every service treats the pain itself, yet G89.- stands after the site."""
    pain, sites = _pain(claim), _sites(claim)
    if not pain or not sites or pain[0].position < sites[0].position:
        return
    services = [line for line in claim.lines if not among(line.procedure, know.params["accompanying"])]
    if services and all(among(line.procedure, know.params["pain_management"]) for line in services):
        values = {"code": dotted(pain[0].code), "site": dotted(sites[0].code), "procedures": _codes(claim)}
        yield Hit(pain[0].place, values, (sites[0].place,))


def pain_before_site(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-21b: G89.- stands first, yet no service is for pain control. Silent where DX-22 or DX-22b drops the code."""
    pain, sites = _pain(claim), _sites(claim)
    if not pain or not sites or pain[0].position > sites[0].position or not claim.lines or _specialist(claim, know):
        return
    if _causes(claim, know) or _surgery(claim, know):
        return
    if all(among(line.procedure, know.params["other_services"]) for line in claim.lines):
        values = {"code": dotted(pain[0].code), "site": dotted(sites[0].code), "procedures": _codes(claim)}
        yield Hit(pain[0].place, values, (sites[0].place,))


def pain_with_known_cause(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-22: G89.- beside the disease that causes the pain, with no service for pain control."""
    pain, causes = _pain(claim), _causes(claim, know)
    if not pain or not causes or not claim.lines or _treats_pain(claim, know) or _specialist(claim, know):
        return
    if not _surgery(claim, know):
        values = {"code": dotted(pain[0].code), "causes": listed([d.code for d in causes])}
        yield Hit(pain[0].place, values, tuple(d.place for d in causes))


def pain_with_surgery(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-22b: G89.- on a claim for surgery of what causes the pain."""
    pain, surgery = _pain(claim), _surgery(claim, know)
    if pain and surgery:
        values = {"code": dotted(pain[0].code), "procedures": ", ".join(dict.fromkeys(surgery))}
        yield Hit(pain[0].place, values)


def _causes(claim: Claim, know: Knowledge) -> list[Diagnosis]:
    return [d for d in claim.diagnoses if among(d.code, know.params["causes"])]


def _surgery(claim: Claim, know: Knowledge) -> list[str]:
    return [line.procedure for line in claim.lines if among(line.procedure, know.params["surgery"])]
