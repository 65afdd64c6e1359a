"""Who is who: how the payers stand to each other, and how a provider can be told: taxonomy, tax number, telephone."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache

from scrubber.catalogue.check import Gap, Hit, Knowledge, alike
from scrubber.claims.model import Claim, Payer, Provider
from scrubber.finding import Severity
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Segment

Found = Iterable[Hit | Gap]
NOTHING: tuple[Hit, ...] = ()


def standing(claim: Claim, know: Knowledge) -> Hashable:
    """How the claim is filed with its payer (SBR01, SBR05, SBR09), what is written of the billing provider besides its
    name and address, and the rendering provider's taxonomy.

    None where there are several payers, a line has a provider of its own, or the subscriber a second number.
    """
    subscriber, payee = claim.subscriber, claim.billing
    if payee is None or subscriber is None or subscriber.sbr is None or claim.other_payers:
        return None
    if "plain" not in know.scratch:  # A plain claim's lines have no loops.
        for line in claim.lines:
            if line.loop.children:
                return None
    for child in subscriber.loop.children:
        if "REFSY" in child.index:
            return None
    sbr, rendering = subscriber.sbr.elements, claim.rendering
    specialty = rendering.prv.elements if rendering is not None and rendering.prv is not None else ()
    return (sbr[1], *sbr[5:], _written(payee), *specialty) if len(sbr) > 1 else None


by_standing = alike(standing)
"""For a check that sees nothing else of a claim."""


@lru_cache(maxsize=64)
def _written(provider: Provider) -> tuple[str, ...]:
    """One billing provider has many claims."""
    index = provider.loop.index
    segments = [provider.prv, index.get("REFEI"), index.get("REFSY"), index.get("N4"), *provider.loop.all("PER")]
    return (provider.npi, *["*".join(s.elements) for s in segments if s is not None])


def _payers(claim: Claim) -> Iterator[Payer]:
    """The payer that the claim goes to, then the others."""
    if claim.payer is not None:
        yield claim.payer
    for other in claim.other_payers:
        yield other.payer


@by_standing
def insurance_type(claim: Claim, know: Knowledge) -> Found:
    """CLM-18: SBR05 says why Medicare comes after another payer: there, and nowhere else."""
    params = know.params
    found = []
    for payer in _payers(claim):
        sbr = payer.sbr
        if sbr is None:
            continue
        kind, medicare = sbr.get(5), payer.filing in params["medicare"]
        if kind and payer.sequence == params["first"]:
            case = "first"
        elif kind and payer.filing and not medicare and payer.filing not in params["like_medicare"]:
            case = "other"
        elif not kind and medicare and payer.sequence not in (params["first"], params["unknown"], ""):
            case = "missing"
        else:
            continue
        values = {"case": case, "value": kind, "fault": params["faults"][case]}
        found.append(Hit(sbr.at(5), values, severity=Severity.WARNING if case == "other" else None))
    return found


@by_standing
def filing_indicator(claim: Claim, know: Knowledge) -> Found:
    """CLM-19: the filing code is there, and says the same as the payer's id."""
    found = []
    for payer in _payers(claim):
        sbr = payer.sbr
        if sbr is None:
            continue
        if not payer.filing:
            case = "missing"
        elif payer is claim.payer and payer.filing in know.params["medicare"] and not know.profile.is_("medicare"):
            case = "mixture"
        else:
            continue
        found.append(Hit(sbr.at(9), {"case": case, "value": payer.filing, "fault": know.params["faults"][case]}))
    return found


UNLOADED = "unloaded"
"""No list of taxonomy codes is at hand for the day."""


@by_standing
def taxonomy(claim: Claim, know: Knowledge) -> Found:
    """CLM-22: a taxonomy code has its form, is in the loaded list, and is sent to payers that sort by it."""
    found: list[Hit | Gap] = []
    unloaded = False
    providers = [claim.billing, claim.rendering, *(line.rendering for line in claim.lines if line.loop.children)]
    for provider in dict.fromkeys(p for p in providers if p is not None):
        prv = provider.prv
        if prv is None or prv.get(2) != know.params["qualifier"] or not provider.taxonomy:
            continue
        case = _taxonomy_fault(provider.taxonomy, know)
        if case == UNLOADED:
            unloaded = True
        elif case:
            values = {"case": case, "value": provider.taxonomy, "fault": know.params["faults"][case]}
            found.append(Hit(prv.at(3), values, severity=Severity.WARNING if case == "inactive" else None))
    if unloaded:
        found.append(Gap(know.params["gap"]))
    payee = claim.billing
    if know.params["required"] and payee is not None and not payee.taxonomy and payee.nm1 is not None:
        values = {"case": "missing", "value": "", "fault": know.params["faults"]["missing"]}
        # A payer's own rule: the guide leaves it to the payer.
        found.append(Hit(payee.nm1.at(), values, severity=Severity.WARNING))
    return found


def _taxonomy_fault(code: str, know: Knowledge) -> str:
    """``form``, ``unlisted``, ``inactive``, ``""``, or UNLOADED. The list is asked for the day of receipt: providers
    register for today."""
    if not re.fullmatch(know.params["form"], code):
        return "form"
    edition = know.taxonomy.on(know.received)
    if edition is None:
        return UNLOADED
    listed = know.taxonomy.find(code, know.received)
    if listed is None:
        return "unlisted" if edition.complete else UNLOADED
    return "" if listed.covers(know.received) else "inactive"


@by_standing
def telephone(claim: Claim, know: Knowledge) -> Found:
    """CLM-25: a telephone number of the billing provider, in the United States or Canada, can be dialled."""
    loop = claim.billing.loop if claim.billing else None
    if loop is None or _abroad(loop, know):
        return NOTHING
    found = []
    for segment in loop.all("PER"):
        for element in (4, 6, 8):
            number = segment.get(element) if segment.get(element - 1) == know.params["qualifier"] else ""
            if number and not re.fullmatch(know.params["form"], number):
                found.append(Hit(segment.at(element), {"value": number}))
    return found


def _abroad(loop: Loop, know: Knowledge) -> bool:
    n4 = loop.index.get("N4")
    return n4 is not None and n4.get(4) not in know.params["countries"]


@by_standing
def tax_number(claim: Claim, know: Knowledge) -> Found:
    """CLM-26: an employer's or a social security number has nine digits and no hyphens."""
    found = []
    for segment in _tax_numbers(claim):
        number, case = segment.get(2), segment.get(1)
        if not number or re.fullmatch("[0-9]{9}", number):
            continue
        plain = re.sub("[ -]", "", number)
        loop = segment.loop.id if segment.loop else ""
        change = {f"{loop}.REF({case})02": plain} if re.fullmatch("[0-9]{9}", plain) else None
        values = {"case": case, "value": number, "kind": know.params["kinds"][case]}
        found.append(Hit(segment.at(2), values, change=change, safe=True))
    return found


def _tax_numbers(claim: Claim) -> Iterator[Segment]:
    loops = [claim.billing.loop] if claim.billing else []
    if claim.subscriber:
        loops += claim.subscriber.loop.each("2010BA")
    for loop in loops:
        for key in ("REFEI", "REFSY"):
            if (segment := loop.index.get(key)) is not None:
                yield segment


@by_standing
def enrolled(claim: Claim, know: Knowledge) -> Found:
    """CLM-28: the billing provider is among those that the submitter may send for, where these are told."""
    npis, payee = know.params["enrolled"], claim.billing
    if not npis or payee is None or not payee.npi or payee.npi in npis or payee.npi_place is None:
        return NOTHING
    return (Hit(payee.npi_place, {"value": payee.npi}),)
