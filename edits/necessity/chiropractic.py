"""Chiropractic manipulation for Medicare: what has to be diagnosed, at how many regions, and what is not covered."""

from __future__ import annotations

from collections.abc import Iterator

from scrubber.catalogue.check import Hit, Knowledge
from scrubber.claims.model import Claim
from scrubber.finding import Severity
from scrubber.tables.icd10cm import dotted

from .groups import is_among
from .memory import remembered
from .support import ICD9_QUALIFIERS


@remembered
def subluxation_first(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """NEC-07: the claim's first diagnosis and the line's first pointer name the subluxation, another the complaint.

    Rejects where neither of the two is a subluxation; one of two, no complaint, or a line billed as not covered warn.
    """
    params = know.params
    diagnoses = [d for d in claim.diagnoses if d.code]
    if not diagnoses or any(d.qualifier in ICD9_QUALIFIERS for d in diagnoses):
        return
    waivers = know.code_lists["coverage-waivers"]
    regions = know.code_lists["spinal-regions"]
    found = next((d for d in diagnoses if d.code in regions), None)
    for line in claim.lines:
        if line.qualifier != "HC" or not is_among(line.procedure, params["procedures"]) or not line.diagnoses:
            continue
        first, top = line.diagnoses[0], diagnoses[0]
        by_claim, by_line = top.code in regions, first.code in regions
        if by_claim and by_line:
            if any(d.code not in regions for d in diagnoses):
                continue
            problem = "no second diagnosis names the condition that was treated"
        elif found is None:
            problem = f"{dotted(top.code)} is listed first, and no subluxation (M99.00 to M99.05) is on the claim"
        elif by_claim:
            problem = f"the line points to {dotted(first.code)} first, not to the subluxation {dotted(found.code)}"
        else:
            problem = f"{dotted(top.code)} is listed first, before the subluxation {dotted(found.code)}"
        # Medicare's front end returns a claim without a subluxation first, unless the line is billed to be denied.
        certain = not by_claim and not by_line and not any(modifier in waivers for modifier in line.modifiers)
        related = (line.procedure_place,) if first is top else (line.procedure_place, first.place)
        severity = None if certain else Severity.WARNING
        yield Hit(top.place, {"procedure": line.procedure, "problem": problem}, related, severity)
        return


@remembered
def regions_for_level(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """NEC-07b: a manipulation for more, or fewer, regions than the subluxations of the claim name."""
    regions = know.code_lists["spinal-regions"]
    named = {str(regions[d.code]["region"]): d for d in claim.diagnoses if d.code in regions}
    if not named:
        return  # NEC-07 says that there is none.
    for line in claim.lines:
        span = know.params["levels"].get(line.procedure)
        if span is None or line.qualifier != "HC" or span[0] <= len(named) <= span[1]:
            continue
        wanted = str(span[0]) if span[0] == span[1] else f"{span[0]} to {span[1]}"
        values = {"procedure": line.procedure, "wanted": wanted, "found": ", ".join(named)}
        # A smaller manipulation than was diagnosed is a loss, not a fault.
        severity = Severity.INFO if len(named) > span[1] else None
        yield Hit(line.procedure_place, values, tuple(d.place for d in named.values()), severity)


@remembered
def chiropractor_beyond_manipulation(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """NEC-07c: a chiropractor bills Medicare for another service without saying that it is not covered."""
    params, waivers = know.params, know.code_lists["coverage-waivers"]
    for line in claim.lines:
        performer = line.rendering or claim.billing
        if performer is None or not performer.taxonomy.startswith(tuple(params["taxonomies"])):
            continue
        if is_among(line.procedure, params["procedures"]) and not any(m in waivers for m in line.modifiers):
            values = {"procedure": line.procedure, "provider": performer.taxonomy}
            yield Hit(line.procedure_place, values)
