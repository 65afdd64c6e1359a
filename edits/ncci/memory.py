"""Claims that look alike to the coding edits are judged once: what an edit had to say of one, it says of the next.

Coding edits look at procedures, modifiers, places, days and who rendered them; of these a practice repeats a few
hundred combinations. Only silence and gaps are remembered: a finding points into its own claim, and is made anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from datetime import date
from functools import lru_cache
from typing import Any

from scrubber.catalogue.check import Knowledge, alike
from scrubber.claims.model import Claim


class _Run:
    """What was learned in a run: it holds while the knowledge is the same."""

    def __init__(self, know: Knowledge) -> None:
        self.know = know
        self.lists = know.code_lists
        self.turns = _turns(know)
        self.era = lru_cache(4_096)(self._era)
        self.of_codes: dict[Hashable, Any] = {}
        """What a table says of a code in an era, by table."""

    def _era(self, day: date) -> tuple[int, int] | date:
        """Days of one year between which no rule of ours changes; the day itself where that is not known."""
        return (day.year, bisect_right(self.turns, day)) if self.turns is not None else day


_run: _Run | None = None

CODES = 20_000
"""Codes remembered; hostile files have more, and are asked anew."""


def looks(claim: Claim, know: Knowledge) -> tuple[Any, ...] | None:
    """What the coding edits see of a claim: its lines' LX01, SV101, SV105 and performers, its place of service; of
    dates how many days the lines lie apart, and between which turns of the rules.

    None where lines differ in performer, span days, or lack either; or a rule turns between them.
    """
    global _run
    run = _run
    if run is None or run.know is not know or run.lists is not know.code_lists:
        run = _run = _Run(know)
    lines = claim.lines
    if not lines:
        return None
    first = lines[0]
    billing = claim.billing
    performer = first.rendering or billing
    day = first.service.first if first.service else None
    if performer is None or day is None:
        return None
    era = run.era(day)
    seen: list[Any] = [claim.place_of_service, claim.delimiters.component, performer.taxonomy, era]
    for line in lines:
        service, sv1 = line.service, line.sv1
        if service is None or sv1 is None:
            return None
        start = service.first
        if start is not day:
            if start is None or run.era(start) != era:
                return None
            seen.append((start - day).days)
        if service.last is not start and service.last != start:
            return None
        other = line.rendering or billing
        if other is not performer and (other is None or not _alike(performer, other)):
            return None
        elements = sv1.elements
        seen += (line.number, elements[1] if len(elements) > 1 else "", line.own_place_of_service)
    key = know.scratch["looks"] = tuple(seen)
    return key


def seen_before(claim: Claim, know: Knowledge) -> tuple[tuple[Any, ...], Hashable, dict[Hashable, Any]] | None:
    """The ``looks`` of a claim, its era, and what is known of codes; None where the claim is like no other."""
    key = know.scratch["looks"] if "looks" in know.scratch else looks(claim, know)
    if key is None or _run is None:
        return None
    of_codes = _run.of_codes
    if len(of_codes) > CODES:
        of_codes.clear()
    return key, key[3], of_codes


remembered = alike(looks)
"""For a check that sees nothing else of a claim (nor its diagnoses, units or addresses)."""


def _alike(one: Any, other: Any) -> bool:
    return bool(one.npi) and one.npi == other.npi and one.taxonomy == other.taxonomy


def _turns(know: Knowledge) -> list[date] | None:
    """Every day on which a rule that the coding edits look up begins, or has just ended; sorted."""
    days: set[date] = set()
    for table in (know.ptp, know.pfs, know.addons, know.mue, know.telehealth):
        turns = table.turns()
        if turns is None:
            return None
        days |= turns
    for name in ("ptp-modifiers", "modifiers", "place-of-service", "therapy-codes", "medicare-home-telehealth"):
        for row in know.code_lists.get(name, {}).values():
            for column, value in row.items():
                if value and column in ("from", "any_line_from"):
                    days.add(date.fromisoformat(value))
                elif value and column == "to":
                    days.add(date.fromordinal(date.fromisoformat(value).toordinal() + 1))
    return sorted(days)
