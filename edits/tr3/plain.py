"""What nearly every claim looks like, so that the edits on rarer things are spared for it."""

from __future__ import annotations

from collections.abc import Hashable

from scrubber.catalogue.check import Knowledge, alike
from scrubber.claims.model import Claim

_fits_line = frozenset(("LX", "SV1", "DTP472", "REF6R", "REFG1", "REF9F", "REFX4", "DTP454", "NTEADD")).issuperset
"""Whether these are segments of a line that no check of this kind looks at; those that do have a way of their own to be
quick."""

_fits_claim = frozenset(
    (
        "CLM", "HIABK", "HIBK", "REFD9", "REFEA", "REFF8", "REFG1", "REF9F", "REFX4", "DTP431", "DTP439", "DTP454",
        "NTEADD", "AMTF5",
    )
).issuperset  # fmt: skip


def plain(claim: Claim, know: Knowledge) -> Hashable:
    """True for a claim of one payer with nothing but services counted in units: no dates besides those of service, no
    drugs, no anesthesia, no laboratory numbers, no provider of a line. None for any other."""
    if claim.other_payers or not _fits_claim(claim.loop.index):
        return None
    for line in claim.lines:
        loop = line.loop
        if loop.children or line.unit_basis != "UN" or line.procedure[:1] == "0" or not _fits_line(loop.index):
            return None
    know.scratch["plain"] = True
    return True


beyond_plain = alike(plain)
"""For a check that has nothing to say of a plain claim."""
