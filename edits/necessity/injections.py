"""NEC-02b: how many regions, levels and sessions of epidural injections Medicare's contractors allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from scrubber.catalogue.check import Gap, Hit, Knowledge, across, over_time
from scrubber.claims.earlier import EarlierLine
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Location
from scrubber.x12.segments import Place

from .groups import is_among
from .memory import remembered
from .visits import too_many_visits

Line = ServiceLine | EarlierLine


@over_time
@remembered
@across
def injections_within_limits(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """NEC-02b: one region a day, so many levels a day, so many sessions in the window of its ``limits``."""
    waivers = know.code_lists["coverage-waivers"]
    lines = [line for line in claim.lines if line.qualifier == "HC" and not any(m in waivers for m in line.modifiers)]
    for day in dict.fromkeys(line.first for line in lines):
        if day is not None:
            own = [line for line in lines if line.first == day]
            # A claim that comes once more is a duplicate, which CLM-38 tells.
            earlier = [line for line in know.earlier if line.day == day and not line.repeated]
            yield from _judge_day(own, earlier, know.params)
    yield from too_many_visits(claim, know)


def _judge_day(own: Sequence[ServiceLine], earlier: Sequence[EarlierLine], params: Mapping[str, Any]) -> Iterator[Hit]:
    seen: dict[str, Line] = {}
    told = False
    together: tuple[Line, ...] = (*earlier, *own)
    for line in together:
        region = next((name for name, codes in params["regions"].items() if is_among(line.procedure, codes)), None)
        if region is None:
            continue
        other = next((first for name, first in seen.items() if name != region), None)
        seen.setdefault(region, line)
        if other is not None and isinstance(line, ServiceLine) and not told:
            told = True
            problem = f"{line.procedure} ({region}) and {other.procedure} are injections of two regions on one day"
            yield Hit(line.procedure_place, {"problem": problem}, (other.procedure_place,))
    for level in params["levels"]:
        mine = [line for line in own if is_among(line.procedure, level["procedures"])]
        others = [line for line in earlier if is_among(line.procedure, level["procedures"])]
        found = count_levels([*others, *mine])
        if mine and found > level["most"]:
            problem = f"{found} levels of {', '.join(level['procedures'])} on one day, and {level['most']} are allowed"
            related: list[Place | Location] = [line.procedure_place for line in others]
            related += [line.procedure_place for line in mine[:-1]]
            yield Hit(mine[-1].procedure_place, {"problem": problem}, tuple(related))


def count_levels(lines: Sequence[Line]) -> int:
    """Levels of the spine that lines tell of: both sides of one level are one, however they are billed."""
    left = right = either = Decimal(0)
    for line in lines:
        units = line.units if line.units is not None and line.units > 0 else Decimal(1)
        if "50" in line.modifiers:
            left, right = left + units, right + units
        elif "LT" in line.modifiers:
            left += units
        elif "RT" in line.modifiers:
            right += units
        else:
            either += units
    return int(either + max(left, right))
