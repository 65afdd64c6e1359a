"""Checks of the modifiers pack. Those on visits and on 59 and its kin stand in ``visits.py`` and ``separate.py``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.codes import spans

from ..ncci.memory import remembered
from ..ncci.reasons import gaps
from .medicare import active_or_not, active_treatment, no_parts, payable, therapy_threshold
from .order import idle_in_pair, no_surgery_known, payment_first
from .separate import (
    separate_from_nothing,
    separate_on_visit,
    separate_practitioner,
    separate_twice,
    site_says_more,
)
from .visits import (
    complexity_beside_25,
    complexity_unless_preventive,
    modifier_25_off_visit,
    modifier_57_off_visit,
    visit_alone,
    visit_beside_major,
    visit_beside_minor,
    visit_beside_other,
)

__all__ = [
    "active_or_not",
    "active_treatment",
    "complexity_beside_25",
    "complexity_unless_preventive",
    "idle_in_pair",
    "listed",
    "modifier_25_off_visit",
    "modifier_57_off_visit",
    "no_gap",
    "no_parts",
    "no_surgery_known",
    "not_repeated",
    "one_side_pair",
    "payable",
    "payment_first",
    "plan_of_care",
    "plan_of_care_fits",
    "separate_from_nothing",
    "separate_on_visit",
    "separate_practitioner",
    "separate_twice",
    "site_says_more",
    "sound_bilateral",
    "therapy_assistant",
    "therapy_threshold",
    "together",
    "visit_alone",
    "visit_beside_major",
    "visit_beside_minor",
    "visit_beside_other",
]

BOTH_SIDES = {"LT", "RT"}


@remembered
def not_repeated(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """MOD-12: a modifier twice on one line."""
    return [
        Hit(line.at(1, 3 + i), {"procedure": line.procedure, "modifier": modifier})
        for line in claim.lines
        if len(line.modifiers) > 1 and len(set(line.modifiers)) < len(line.modifiers)
        for i, modifier in enumerate(line.modifiers)
        if modifier and modifier in line.modifiers[:i]
    ]


@remembered
def listed(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """MOD-13: a modifier that is in no code set on the day of service."""
    known = know.code_lists["modifiers"]
    return [
        Hit(
            line.at(1, 3 + i),
            {"procedure": line.procedure, "modifier": modifier},
            # State schedules for work and road accidents define modifiers of their own.
            severity=Severity.WARNING if know.profile.is_("property-casualty") else None,
        )
        for line in claim.lines
        if line.modifiers
        for i, modifier in enumerate(line.modifiers)
        if not _in_set(known.get(modifier), line.first) and _whole(modifier) and not _ride(line, modifier, know)
    ]


def _in_set(row: object, day: date | None) -> bool:
    if not isinstance(row, dict):
        return False
    if day is None:
        return True
    text = day.isoformat()
    return (not row["from"] or row["from"] <= text) and (not row["to"] or text <= row["to"])


def _whole(modifier: str) -> bool:
    """Whether a modifier has two characters; another length is a fault of the segment, reported as such."""
    return len(modifier) == 2


def _ride(line: ServiceLine, modifier: str, know: Knowledge) -> bool:
    """Whether a modifier of an ambulance line is an origin and a destination, a letter each."""
    first, last = know.params["ambulance"]
    return first <= line.procedure <= last and all(letter in know.params["stations"] for letter in modifier)


@remembered
def no_gap(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """MOD-14: an empty place before a modifier."""
    doubled = claim.delimiters.component * 2
    return [
        hit for line in claim.lines if line.sv1 is not None and doubled in line.sv1.get(1) for hit in _gap(claim, line)
    ]


def _gap(claim: Claim, line: ServiceLine) -> Iterator[Hit]:
    written = line.at(1).segment.get(1).split(claim.delimiters.component)[2:6]
    used = [modifier for modifier in written if modifier]
    if written[: len(used)] != used:
        number = next(n for n, each in enumerate(claim.lines, 1) if each is line)
        shifted = {f"2400[{number}].SV101-{3 + i}": m for i, m in enumerate([*used, *[""] * 4][: len(written)])}
        where = line.at(1, 3 + written.index(""))
        yield Hit(where, {"procedure": line.procedure}, change=shifted, safe=True)


def sound_bilateral(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """MOD-15: 50 beside a side, with several units, or on a code that is not billed for both sides."""
    unknown: dict[str, list[int]] = {}
    for line in claim.lines:
        if "50" not in line.modifiers:
            continue
        fee = know.pfs.find(line.procedure, line.first)
        if BOTH_SIDES.intersection(line.modifiers):
            problem = "it stands beside LT or RT"
        elif line.units is not None and line.units > 1:
            problem = f"{line.units} units are billed instead of 1"
        elif fee and fee.bilateral in know.params["never"]:
            problem = f"the procedure is not billed for both sides (indicator {fee.bilateral})"
        else:
            if fee is None and line.procedure and line.first and not know.pfs.knows(line.procedure, line.first):
                unknown.setdefault(line.procedure, []).append(line.number)
            continue
        severity = None if know.profile.is_("medicare") else Severity.WARNING
        yield Hit(line.modifier_place("50"), {"procedure": line.procedure, "problem": problem}, severity=severity)
    yield from gaps("not known whether these are billed for both sides", unknown)


@remembered
def one_side_pair(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-16: LT and RT on one line."""
    for line in claim.lines:
        if BOTH_SIDES.issubset(line.modifiers) and "50" not in line.modifiers:
            yield Hit(line.modifier_place("RT"), {"procedure": line.procedure})


@remembered
def plan_of_care(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-19: therapy without GP, GO or GN."""
    therapy = spans(know.code_lists, "therapy-codes")
    plans = know.params["plans"]
    for line in claim.lines:
        row = therapy.get(line.procedure)
        if row is None or line.qualifier != "HC":
            continue
        # CQ and CO lack the same modifier: MOD-21 says it.
        if any(m in plans or m in know.params["assistants"] for m in line.modifiers):
            continue
        profile = know.profile
        severity = None if profile.is_("medicare") else Severity.WARNING
        if profile.is_("property-casualty"):
            severity = Severity.INFO
        wanted = ", ".join(plans[:-1]) + f" or {plans[-1]}" if row["discipline"] == "any" else row["discipline"]
        yield Hit(line.procedure_place, {"procedure": line.procedure, "wanted": wanted}, severity=severity)


@remembered
def plan_of_care_fits(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-20: two plan-of-care modifiers on a line, or one that the procedure does not take."""
    therapy = spans(know.code_lists, "therapy-codes")
    plans = know.params["plans"]
    for line in claim.lines:
        named = list(dict.fromkeys(m for m in line.modifiers if m in plans))
        if len(named) > 1:
            problem = f"{' and '.join(named)} stand together"
        elif named and therapy.value(line.procedure, "discipline") not in ("", "any", named[0]):
            problem = f"{named[0]} is given, {therapy.value(line.procedure, 'discipline')} is due"
        else:
            continue
        yield Hit(line.modifier_place(named[-1]), {"procedure": line.procedure, "problem": problem})


@remembered
def therapy_assistant(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-21: CQ without GP, or CO without GO."""
    for line in claim.lines:
        for assistant, plan in know.params["assistants"].items():
            if assistant in line.modifiers and plan not in line.modifiers:
                values = {"procedure": line.procedure, "modifier": assistant, "wanted": plan}
                yield Hit(line.modifier_place(assistant), values)


@remembered
def together(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-23: two modifiers on a line of which each excludes the other (the entry's ``pairs``)."""
    for line in claim.lines:
        for one, two in know.params["pairs"]:
            if one in line.modifiers and two in line.modifiers:
                yield Hit(line.modifier_place(two), {"procedure": line.procedure, "one": one, "two": two})
