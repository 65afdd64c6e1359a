"""Claims that look alike to this pack are judged once, as in ``ncci/memory.py``; only silence and gaps are kept."""

from __future__ import annotations

from collections.abc import Hashable

from scrubber.catalogue.check import Knowledge, alike
from scrubber.claims.model import Claim

from .articles import state_of


def looks(claim: Claim, know: Knowledge) -> Hashable:
    """What these edits see of a claim: its diagnoses; of its lines the service, units, pointers, how many days they lie
    apart, and the performer's taxonomy; where articles are loaded, also the day and the state. None where it lacks one.
    """
    lines, hi, billing = claim.lines, claim.hi, claim.billing
    day = lines[0].first if lines else None
    if day is None or hi is None:
        return None
    seen: list[Hashable] = [claim.delimiters.component, *hi.elements]
    for line in lines:
        sv1, first, performer = line.sv1, line.first, line.rendering or billing
        if sv1 is None or first is None or performer is None:
            return None
        elements = sv1.elements
        if len(elements) < 8:
            return None
        seen += (line.number, elements[1], elements[4], elements[7], (first - day).days, performer.taxonomy)
    if know.coverage.all():
        seen += (day, state_of(claim))
    return tuple(seen)


remembered = alike(looks)
"""For a check that sees nothing else of a claim."""
