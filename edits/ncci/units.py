"""NCCI-03 and NCCI-04: more units than the MUE table allows, of a line or of a day.

How CMS counts: a line of several days is divided by its days and rounded; by indicator 1 each line stands for itself;
by 2 and 3 all lines of the code, day and performer count together, whatever their modifiers and whichever claim holds
them, and once there are too many none is paid.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from scrubber.catalogue.check import Gap, Hit, Knowledge, across, alike
from scrubber.claims.earlier import EarlierLine
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.mue import Limit

from .memory import seen_before
from .pairs import AnyLine, days_of, meetings
from .reasons import at_lines, gaps, short_table

LINE = "1"
"""MUE adjudication indicator of a limit on each line."""

APPEALS = {"2": "The limit is one of policy: no appeal changes it.", "3": "More may be paid on appeal, with the notes."}
"""What the indicator of a limit on the day says of appeals."""

COUNTS = ("UN", "")
"""SV103 of lines that are counted. Minutes of anesthesia (MJ) are no units of service."""


_ANY = Decimal("Infinity")
_UNLISTED, _OUTSIDE = Decimal(-1), Decimal(-2)
"""Instead of the most units of a code: it is not listed, no edition answers."""


def counted(claim: Claim, know: Knowledge) -> Hashable:
    """What these edits see of a claim: what the other coding edits do, with units and what they count.

    Mostly every code stands once a day and within its limit: such claims are alike but for the codes of which no limit
    is known.
    """
    seen = seen_before(claim, know)
    if seen is None:
        return None
    key, era, limits = seen
    payer = _payer(know)
    billed: set[tuple[str, date | None]] = set()
    unknown: list[Hashable] = []
    for line in claim.lines:
        code, units = line.procedure, line.units
        if line.qualifier != "HC" or not code or units is None or line.unit_basis not in COUNTS:
            continue
        most = limits.get(("mue", code, era, payer))
        if most is None:
            most = limits["mue", code, era, payer] = _most(know, line, payer)
        if most < 0:
            unknown.append((line.number, code if most is _UNLISTED else most))
        elif units > most or (code, line.first) in billed:
            break
        else:
            billed.add((code, line.first))
    else:
        return tuple(unknown)
    full: list[Any] = [key]
    for line in claim.lines:
        sv1 = line.sv1
        full += sv1.elements[3:5] if sv1 is not None else ()
        full.append("")
    return tuple(full)


def _payer(know: Knowledge) -> str:
    """Whose limits are asked: ``medicare``, ``medicaid``, or ``""`` for payers that publish none."""
    is_ = know.profile.is_  # Asked for every claim.
    return "medicaid" if is_("medicaid") else "medicare" if is_("medicare") else ""


def _binds(limit: Limit, payer: str) -> bool:
    """Whether a limit says anything of this payer. One of 0 is no count: it says that the program that published it
    does not cover the service (Medicare no yearly check-up), of which another payer's own terms decide."""
    return limit.units > 0 or (bool(payer) and limit.own)


def _most(know: Knowledge, line: ServiceLine, payer: str) -> Decimal:
    """The most units of a line's code, on a line and on a day; less than nothing where that is not known."""
    table, day, medicaid = know.mue, line.first, payer == "medicaid"
    if day is None or table.on(day, medicaid) is None:
        return _OUTSIDE
    limit = table.find(line.procedure, day, medicaid)
    if limit is not None:
        return Decimal(limit.units) if _binds(limit, payer) else _ANY
    return _ANY if table.knows(line.procedure, day, medicaid) else _UNLISTED


@alike(counted)
def units_of_line(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """NCCI-03: units of one line over a limit of indicator 1."""
    found = _units_of(claim, know)
    return [
        Hit(
            item.line.at(4),
            {"procedure": item.line.procedure, "units": _text(units), "limit": str(item.limit.units)},
            severity=_softened(item.limit, know),
        )
        for item in found.limited
        if item.limit.mai == LINE and (units := a_day(item.line)) > item.limit.units
    ] + found.gaps


@across
@alike(counted)
def units_of_day(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """NCCI-04: units of a day over a limit of indicator 2 or 3."""
    found = _units_of(claim, know)
    by_code: dict[tuple[str, str], list[_Limited]] = {}
    for item in found.limited:
        if item.limit.mai != LINE:
            by_code.setdefault((item.line.procedure, claim.performer(item.line)), []).append(item)
    hits = [hit for items in by_code.values() for hit in _day_hits(claim, know, items)]
    return [*hits, *found.gaps]


@dataclass(slots=True)
class _Limited:
    """A line whose code has a limit."""

    line: ServiceLine
    limit: Limit


@dataclass(slots=True)
class _Units:
    """The lines of a claim with their limits, and what is not known."""

    limited: list[_Limited]
    gaps: list[Hit | Gap]


def _units_of(claim: Claim, know: Knowledge) -> _Units:
    """The limits of a claim's lines, looked up once for both edits."""
    known: _Units | None = know.scratch.get("mue")
    if known is not None:
        return known
    table, payer = know.mue, _payer(know)
    medicaid = payer == "medicaid"
    limited: list[_Limited] = []
    unlisted: dict[str, list[int]] = {}
    outside: list[int] = []
    undated: list[Hit | Gap] = []
    for line in claim.lines:
        if line.qualifier != "HC" or not line.procedure or line.units is None or line.unit_basis not in COUNTS:
            continue
        if line.first is None:
            undated.append(Gap("no readable service date to look the unit limit up by", line.number))
            continue
        limit = table.find(line.procedure, line.first, medicaid)
        if limit is not None:
            if _binds(limit, payer):
                limited.append(_Limited(line, limit))
        elif table.on(line.first, medicaid) is None:
            outside.append(line.number)
        elif not table.knows(line.procedure, line.first, medicaid):
            unlisted.setdefault(line.procedure, []).append(line.number)
    not_known: list[Hit | Gap] = list(undated)
    if unlisted:
        not_known += gaps(f"unit limits not in {short_table(table.all())}", unlisted)
    if outside:
        not_known.append(at_lines("no edition of the unit limits for the service date", outside))
    found = know.scratch["mue"] = _Units(limited, not_known)
    return found


def a_day(line: AnyLine) -> Decimal:
    """Units of a line on one of its days: divided by the days it spans, to the nearest whole."""
    days = days_of(line)
    units = line.units or Decimal(0)
    return units if days == 1 else (units / days).quantize(Decimal(1), ROUND_HALF_UP)


def _day_hits(claim: Claim, know: Knowledge, items: list[_Limited]) -> Iterator[Hit]:
    """A finding for each day of a code that holds too many units, at the last of its lines."""
    before = [(line, e) for line, e in meetings(claim, know.earlier) if e.procedure == items[0].line.procedure]
    told: set[tuple[int, ...]] = set()
    # However lines overlap, the most units fall on a first day of one of them.
    for day in dict.fromkeys([item.line.first for item in items] + [earlier.day for _, earlier in before]):
        here = [i for i in items if day and i.line.first and i.line.first <= day <= (i.line.last or i.line.first)]
        lines = [item.line for item in here]
        # One earlier line meets each line of this claim: it counts once.
        met = {id(e): e for mine, e in before if e.day == day and any(mine is line for line in lines)}.values()
        there = [earlier for earlier in met if earlier.qualifier == "HC" and earlier.unit_basis in COUNTS]
        total = sum(map(a_day, lines), Decimal(0)) + sum(map(a_day, there), Decimal(0))
        if here and day and total > here[-1].limit.units and (ids := tuple(map(id, lines))) not in told:
            told.add(ids)
            yield _day_hit(know, lines, there, day, total, here[-1].limit)


def _day_hit(
    know: Knowledge, here: list[ServiceLine], there: list[EarlierLine], day: date, total: Decimal, limit: Limit
) -> Hit:
    severity = _softened(limit, know)
    advice = APPEALS.get(limit.mai, "") if limit.units else f"{_payer(know).capitalize()} does not pay this code."
    if _sides_apart(here, there, limit):
        advice = "Both sides are one line with modifier 50 and 1 unit."
        if not know.profile.is_("medicare") or here[-1].place_of_service in know.params["sides_apart"]:
            severity = Severity.WARNING
    return Hit(
        here[-1].at(4) if limit.units else here[-1].procedure_place,
        {
            "procedure": here[0].procedure,
            "units": _text(total),
            "limit": str(limit.units),
            "date": day.isoformat(),
            "advice": advice,
        },
        related=(*(line.at(4) for line in here[:-1]), *(line.procedure_place for line in there)),
        severity=severity,
        on=day,
    )


def _sides_apart(here: list[ServiceLine], there: list[EarlierLine], limit: Limit) -> bool:
    """Whether the units fit when left and right are counted each by itself."""
    sides = {"LT": Decimal(0), "RT": Decimal(0)}
    lines: list[AnyLine] = [*here, *there]
    for line in lines:
        named = [side for side in sides if side in line.modifiers]
        if len(named) != 1:
            return False
        sides[named[0]] += a_day(line)
    return all(units <= limit.units for units in sides.values())


def _softened(limit: Limit, know: Knowledge) -> Severity | None:
    """A warning where the limit is not this payer's own, Medicare's for Medicaid; and where Medicaid pays none: what a
    state adds to its program is not in the table."""
    strange = not limit.own or (limit.units == 0 and not know.profile.is_("medicare"))
    return Severity.WARNING if strange else None


def _text(units: Decimal) -> str:
    return f"{units.normalize():f}"
