"""Claims that look alike to the coding edits are judged once: what an edit had to say of one, it says of the next.

Coding edits look at procedures, modifiers, places, days and who rendered them; of these a practice repeats a few
hundred combinations. Only silence and gaps are remembered: a finding points into its own claim, and is made anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import date
from functools import wraps
from typing import Any

from scrubber.catalogue.check import Check, Gap, Hit, Knowledge
from scrubber.claims.model import Claim

_REMEMBERED = 20_000
"""Combinations remembered; when there are more, all are forgotten."""

_SCRATCH = "coding"

Memory = dict[Check, tuple[Gap, ...]]


class _Run:
    """What was learned in a run: it holds while the knowledge is the same."""

    def __init__(self, know: Knowledge) -> None:
        self.know = know
        self.ptp = know.ptp
        self.lists = know.code_lists
        self.memories: dict[tuple[Any, ...], Memory] = {}
        self.turns = _turns(know)

    def era(self, day: date) -> tuple[int, int] | date:
        """Days of one year between which no rule of ours changes; the day itself where that is not known."""
        return (day.year, bisect_right(self.turns, day)) if self.turns is not None else day


def remembered(check: Callable[[Claim, Knowledge], Iterable[Hit | Gap]]) -> Check:
    """A check that is not run again on a claim that looks like one on which it was silent.

    It may look at the lines' SV101, SV105, dates and performers, the claim's place of service, the payer profile, the
    code lists, the PTP table and its parameters, and at nothing else.
    """

    @wraps(check)
    def run(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
        memory: Memory | None = know.scratch.get(_SCRATCH)
        if memory is None:
            memory = know.scratch[_SCRATCH] = _recall(claim, know)
        said = memory.get(run)
        if said is not None:
            return said
        result = list(check(claim, know))
        if not any(isinstance(each, Hit) for each in result):
            memory[run] = tuple(each for each in result if isinstance(each, Gap))
        return result

    return run


_run: _Run | None = None


def _recall(claim: Claim, know: Knowledge) -> Memory:
    """What is remembered of claims like this one; an empty memory of its own where it is like no other."""
    global _run
    if _run is None or _run.know is not know or _run.ptp is not know.ptp or _run.lists is not know.code_lists:
        _run = _Run(know)
    looks = _looks(claim, _run)
    if looks is None:
        return {}
    key = (know.profile.name, *looks)
    memory = _run.memories.get(key)
    if memory is None:
        if len(_run.memories) >= _REMEMBERED:
            _run.memories.clear()
        memory = _run.memories[key] = {}
    return memory


def _looks(claim: Claim, run: _Run) -> tuple[Any, ...] | None:
    """What the coding edits see of a claim; None where its lines differ in day or performer, or lack them."""
    lines = claim.lines
    if not lines:
        return None
    first = lines[0]
    performer = first.rendering or claim.billing
    day = first.service.first if first.service else None
    if performer is None or day is None:
        return None
    seen: list[Any] = [claim.place_of_service, claim.delimiters.component, performer.taxonomy, run.era(day)]
    for line in lines:
        service, sv1 = line.service, line.sv1
        if service is None or sv1 is None or service.first != day or service.last != day:
            return None
        other = line.rendering or claim.billing
        if other is not performer and (other is None or not _alike(performer, other)):
            return None
        elements = sv1.elements
        seen.append(elements[1] if len(elements) > 1 else "")
        seen.append(line.own_place_of_service)
    return tuple(seen)


def _alike(one: Any, other: Any) -> bool:
    return bool(one.npi) and one.npi == other.npi and one.taxonomy == other.taxonomy


def _turns(know: Knowledge) -> list[date] | None:
    """Every day on which a rule that the coding edits look up begins, or has just ended; sorted."""
    turns = know.ptp.turns()
    if turns is None:
        return None
    days = set(turns)
    for name in ("ptp-modifiers", "modifiers", "place-of-service", "therapy-codes", "cms-telehealth"):
        for row in know.code_lists.get(name, {}).values():
            for column, value in row.items():
                if value and column in ("from", "any_line_from"):
                    days.add(date.fromisoformat(value))
                elif value and column == "to":
                    days.add(date.fromordinal(date.fromisoformat(value).toordinal() + 1))
    return sorted(days)
