"""Checks on the modifiers that call a service separate, 59 and XE, XS, XP, XU: MOD-07 to MOD-11."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from scrubber.catalogue.check import Gap, Hit, Knowledge, across
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity

from ..ncci.memory import remembered
from ..ncci.pairs import AnyLine, Judge, Parting, judge_of, meetings, pairs_of, same_performer, shared_day
from ..ncci.reasons import gaps


@remembered
def separate_on_visit(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-07: 59 or X{EPSU} on an E/M service, or on a code that the entry's ``also`` names."""
    judge = judge_of(know)
    also = know.params["also"]
    for line in claim.lines:
        if line.qualifier != "HC":
            continue
        kind = "visit" if line.procedure in also else judge.em.value(line.procedure, "kind")
        if kind:
            for modifier in _separating(judge, line):
                yield Hit(
                    line.modifier_place(modifier),
                    {"procedure": line.procedure, "modifier": modifier},
                    severity=None if kind == "visit" else Severity.WARNING,
                )
                break


@remembered
def separate_twice(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-08: 59 together with an X modifier, or two X modifiers, on one line."""
    judge = judge_of(know)
    for line in claim.lines:
        found = list(dict.fromkeys(_separating(judge, line)))
        if len(found) > 1:
            # What the manual refuses is 59 beside its more specific form; of two X modifiers it says nothing.
            severity = None if "59" in found else Severity.WARNING
            where = line.modifier_place("59" if "59" in found else found[1])
            yield Hit(where, {"procedure": line.procedure, "modifiers": " ".join(found)}, severity=severity)


@across
@remembered
def separate_from_nothing(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """MOD-09: 59 or X{EPSU} although no service of the day makes a PTP pair with the line."""
    judge = judge_of(know)
    unknown: dict[str, list[int]] = {}
    for line in claim.lines:
        modifier = next(_separating(judge, line), None)
        if modifier is None or line.first is None or line.procedure in judge.em:
            continue
        # A second line of the same code is the other honest use: units of one day split over two lines.
        same_day = [o for o in claim.lines if o is not line and (o.first is None or shared_day(line, o))]
        if any(o.procedure == line.procedure or o.first is None for o in same_day):
            continue
        before = [earlier.procedure for mine, earlier in meetings(claim, know.earlier) if mine is line]
        if line.procedure in before:
            continue
        codes = list(dict.fromkeys([*(other.procedure for other in same_day), *before]))
        table, day = judge.table, line.first
        if any(table.between(line.procedure, code, day) for code in codes):
            continue
        unlisted = [code for code in codes if not table.tells(line.procedure, code, day)]
        if unlisted or not table.covers(day):
            for code in unlisted or codes:
                unknown.setdefault("/".join(sorted((line.procedure, code))), []).append(line.number)
        else:
            yield Hit(line.modifier_place(modifier), {"procedure": line.procedure, "modifier": modifier})
    yield from gaps("pairs not in the PTP table", unknown)


@remembered
def site_says_more(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-10: 59 on a pair of one-sided procedures, where a side says what is separate."""
    judge = judge_of(know)
    for pair in pairs_of(claim, know).found:
        if pair.parting is not Parting.PARTED or pair.row.indicator != "1":
            continue
        if not all(_one_sided(judge, line, pair.day) for line in (pair.one, pair.two)):
            continue
        sides = [{m for m in line.modifiers if m in ("LT", "RT")} for line in (pair.one, pair.two)]
        if sides[0] & sides[1]:
            continue  # The same side twice: only 59 or XS can tell the sites apart.
        for line, other in ((pair.one, pair.two), (pair.two, pair.one)):
            if "59" in line.modifiers and isinstance(line, ServiceLine):
                yield Hit(
                    line.modifier_place("59"),
                    {"procedure": line.procedure, "other": other.procedure},
                    related=(other.procedure_place,),
                )


@remembered
def separate_practitioner(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-11: XP although every service of the day names the same performer."""
    for line in claim.lines:
        if "XP" not in line.modifiers or line.first is None:
            continue
        others = [o for o in claim.lines if o.procedure != line.procedure and shared_day(line, o)]
        if others and all(same_performer(claim, line, other) for other in others):
            yield Hit(
                line.modifier_place("XP"),
                {"procedure": line.procedure, "other": others[0].procedure},
                related=(others[0].procedure_place,),
            )


def _separating(judge: Judge, line: ServiceLine) -> Iterator[str]:
    return (modifier for modifier in line.modifiers if modifier in judge.distinct)


def _one_sided(judge: Judge, line: AnyLine, day: date) -> bool:
    fee = judge.fees.find(line.procedure, day)
    return fee is not None and fee.bilateral == "1"
