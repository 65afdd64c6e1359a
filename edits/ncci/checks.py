"""Checks of the NCCI pack: see ``pairs.py`` for how the pairs of a claim are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scrubber.catalogue.check import Gap, Hit, Knowledge, across
from scrubber.claims.model import Claim
from scrubber.finding import Severity

from .addons import addon_alone, addon_modified
from .memory import remembered
from .pairs import Pair, Pairs, Parting, pairs_of
from .reasons import gaps, short_table
from .units import units_of_day, units_of_line

__all__ = ["addon_alone", "addon_modified", "ptp_bare", "ptp_never", "units_of_day", "units_of_line"]


@across
@remembered
def ptp_never(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """NCCI-01: pairs that no modifier parts."""
    pairs = pairs_of(claim, know)
    return _speak(pairs, know, "NCCI-01") if pairs.found or pairs.unlisted or pairs.undated else ()


@across
@remembered
def ptp_bare(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """NCCI-02: pairs that a modifier may part, and none does; those that ask for 25 are MOD-01's and MOD-03's."""
    pairs = pairs_of(claim, know)
    return _speak(pairs, know, "NCCI-02") if pairs.found or pairs.unlisted or pairs.undated else ()


def _speak(pairs: Pairs, know: Knowledge, owner: str) -> Iterator[Hit | Gap]:
    for pair in pairs.found:
        if pair.owner == owner and pair.parting is not Parting.PARTED:
            yield pair_hit(pair)
    for line in pairs.undated:
        yield Gap("no readable service date to look the procedure pairs up by", line.number)
    if pairs.unlisted:
        table = know.ptp
        reason = "no edition of the procedure pairs for the service date"
        if not table.complete:
            reason = f"pairs not in {short_table(table.all())}"
        yield from gaps(reason, {"/".join(pair): lines for pair, lines in pairs.unlisted.items()})


def pair_hit(pair: Pair) -> Hit:
    """The finding of an unparted pair, at the column two line, or at this claim's where that is an earlier claim's."""
    one, two = pair.one, pair.two
    where = pair.here(two)
    doubtful = not pair.sure or pair.parting is Parting.SAME_SITE
    return Hit(
        where.procedure_place,
        {
            "column_one": one.procedure,
            "column_two": two.procedure,
            "date": pair.day.isoformat(),
            "modifiers": " ".join(m for m in (*one.modifiers, *two.modifiers) if m) or "none",
            "problem": pair.parting.value,
        },
        related=(pair.beside(where).procedure_place,),
        severity=Severity.WARNING if doubtful else None,
        on=pair.day,
    )
