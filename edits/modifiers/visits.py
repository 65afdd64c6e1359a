"""Checks on visits beside other services of the day: MOD-01 to MOD-06, MOD-26."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scrubber.catalogue.check import Gap, Hit, Knowledge, across
from scrubber.claims.earlier import EarlierLine
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.codes import CodeSpans, spans

from ..ncci.memory import remembered
from ..ncci.pairs import (
    AnyLine,
    Judge,
    Pair,
    Parting,
    judge_of,
    meetings,
    pairs_of,
    same_performer,
    shared_day,
)
from ..ncci.reasons import gaps

COVERS_A_MINOR = {"24", "25", "57"}
"""Modifiers that say why a visit is paid beside a minor procedure."""

MINOR = ("000", "010")
"""Global days of minor procedures."""

MINORS_BEGIN = frozenset("0123456789G")
"""First characters of codes among which there are minor procedures: CPT and Medicare's own, no drugs or supplies."""

UNSURE_PREFIXES = "GHST"
"""HCPCS Level II codes by first letter: payers have visits among them that our list may lack."""


@across
@remembered
def visit_beside_minor(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """MOD-01: a visit without 25 on the day of a procedure with 000 or 010 global days."""
    return _beside_minor(claim, know) if len(claim.lines) > 1 or know.earlier else ()


def _beside_minor(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    judge = judge_of(know)
    asking = [pair for pair in _asking(claim, know) if pair.owner == "MOD-01"]
    unknown: dict[str, list[int]] = {}
    for visit in claim.lines:
        if not judge.is_visit(visit.procedure) or COVERS_A_MINOR.intersection(visit.modifiers):
            continue
        certain = next((pair for pair in asking if visit is pair.one or visit is pair.two), None)
        if certain:
            yield _visit_hit(visit, certain.beside(visit), certain)
        elif not _asks(claim, know, visit) and not judge.distinct.intersection(visit.modifiers):
            for line in _same_day(claim, visit):
                days = judge.global_days(line.procedure, line.first)
                if days in MINOR and not _never_paid(claim, know, visit, line):
                    yield _visit_hit(visit, line, None)
                    break
                if not days and _may_be_procedure(judge, line):
                    unknown.setdefault(line.procedure, []).append(line.number)
    yield from _visits_before(judge, asking)
    yield from gaps("global days not known", unknown)


def _may_be_procedure(judge: Judge, line: ServiceLine) -> bool:
    """Whether a service of which no global days are known could have some."""
    return (
        line.first is not None
        and line.qualifier == "HC"
        and line.procedure[:1] in MINORS_BEGIN
        and line.procedure not in judge.em
        and not judge.fees.knows(line.procedure, line.first)
    )


def _visits_before(judge: Judge, asking: Iterable[Pair]) -> Iterator[Hit]:
    """The pairs whose visit stands on an earlier claim, one for each procedure of this claim."""
    told: set[int] = set()
    for pair in asking:
        visit = _visit_of(judge, pair)
        if isinstance(visit, EarlierLine) and id(pair.beside(visit)) not in told:
            told.add(id(pair.beside(visit)))
            yield _visit_hit(visit, pair.beside(visit), pair)


@remembered
def visit_beside_major(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """MOD-02: a visit without 57 on the day of a procedure with 090 global days."""
    return _beside_major(claim, know) if len(claim.lines) > 1 else ()


def _beside_major(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    judge = judge_of(know)
    unknown: dict[str, list[int]] = {}
    for visit in claim.lines:
        if not judge.is_visit(visit.procedure) or "57" in visit.modifiers or "24" in visit.modifiers:
            continue
        others = list(_same_day(claim, visit))
        major = next((line for line in others if judge.global_days(line.procedure, line.first) == "090"), None)
        # 25 is right for a minor procedure of the same day, but says nothing of a decision for surgery.
        if "25" in visit.modifiers and any(_is_minor(judge, line) for line in others):
            continue
        if major:
            yield Hit(
                visit.procedure_place,
                {"visit": visit.procedure, "procedure": major.procedure},
                related=(major.procedure_place,),
            )
            continue
        for line in others:
            if not judge.global_days(line.procedure, line.first) and _may_be_procedure(judge, line):
                unknown.setdefault(line.procedure, []).append(line.number)
    yield from gaps("global days not known", unknown)


@across
@remembered
def visit_beside_other(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """MOD-03: a visit without 25 beside another service that a PTP pair binds it to."""
    return _beside_other(claim, know) if pairs_of(claim, know).found else ()


def _beside_other(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    judge = judge_of(know)
    open_pairs = _asking(claim, know)
    told = {id(line) for pair in open_pairs if pair.owner == "MOD-01" for line in (pair.one, pair.two)}
    asking = [pair for pair in open_pairs if pair.owner == "MOD-03" and id(_visit_of(judge, pair)) not in told]
    for pair in asking:
        visit = _visit_of(judge, pair)
        if isinstance(visit, ServiceLine) and id(visit) not in told:
            told.add(id(visit))
            yield _visit_hit(visit, pair.beside(visit), pair)
    yield from _visits_before(judge, asking)


@remembered
def modifier_25_off_visit(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-04: 25 on a code that is no E/M service."""
    return _off_visit(claim, know, ("25",))


@remembered
def modifier_57_off_visit(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-06: 57 or 24 on a code that is no E/M service."""
    return _off_visit(claim, know, ("57", "24"))


def _off_visit(claim: Claim, know: Knowledge, modifiers: tuple[str, ...]) -> Iterator[Hit]:
    em = judge_of(know).em
    for line in claim.lines:
        code = line.procedure
        if not code or line.qualifier != "HC" or code in em:
            continue
        for modifier in modifiers:
            if modifier in line.modifiers:
                unsure = Severity.WARNING if code[0] in UNSURE_PREFIXES else None
                yield Hit(line.modifier_place(modifier), {"procedure": code, "modifier": modifier}, severity=unsure)


@across
@remembered
def visit_alone(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-05: 25 on a visit that is the only service of its day on the claim."""
    em = judge_of(know).em
    for line in claim.lines:
        if "25" not in line.modifiers or line.first is None or line.procedure not in em:
            continue
        if not any(other is not line and (other.first is None or shared_day(line, other)) for other in claim.lines):
            if any(mine is line for mine, _ in meetings(claim, know.earlier)):
                continue  # The other service stands on an earlier claim.
            yield Hit(line.modifier_place("25"), {"procedure": line.procedure})


@remembered
def complexity_beside_25(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-26 in 2024: G2211 beside a visit with 25."""
    return _complexity(claim, know, None)


@remembered
def complexity_unless_preventive(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """MOD-26 from 2025: G2211 beside a visit with 25, unless a preventive service of the day makes it payable."""
    return _complexity(claim, know, spans(know.code_lists, "preventive-services"))


def _complexity(claim: Claim, know: Knowledge, preventive: CodeSpans | None) -> Iterator[Hit]:
    judge = judge_of(know)
    for line in claim.lines:
        if line.procedure != "G2211":
            continue
        others = list(_same_day(claim, line))
        visit = next((v for v in others if "25" in v.modifiers and v.procedure in judge.em), None)
        if visit is None:
            continue
        sure = True
        if preventive is not None:
            rest = [other for other in others if other is not visit]
            if any(o.procedure in preventive or "33" in o.modifiers or "PT" in o.modifiers for o in rest):
                continue
            # Our list of preventive services may lack one; a service that we know for something else settles it.
            sure = all(judge.fees.find(other.procedure, other.first) for other in rest)
        yield Hit(
            line.procedure_place,
            {"visit": visit.procedure},
            related=(visit.modifier_place("25"),),
            severity=None if sure else Severity.WARNING,
        )


def _asking(claim: Claim, know: Knowledge) -> list[Pair]:
    """Unparted pairs of a visit and another service, which modifier 25 would part."""
    return [
        pair
        for pair in pairs_of(claim, know).found
        if pair.owner in ("MOD-01", "MOD-03") and pair.parting is not Parting.PARTED
    ]


def _never_paid(claim: Claim, know: Knowledge, a: ServiceLine, b: ServiceLine) -> bool:
    """Whether the two lines are a pair that no modifier parts: NCCI-01 says so, and 25 would not help."""
    return any(
        pair.owner == "NCCI-01" and {id(pair.one), id(pair.two)} == {id(a), id(b)}
        for pair in pairs_of(claim, know).found
    )


def _same_day(claim: Claim, line: ServiceLine) -> Iterator[ServiceLine]:
    """Other lines of the same performer that share a day with this one."""
    for other in claim.lines:
        if other is not line and shared_day(line, other) and same_performer(claim, line, other):
            yield other


def _asks(claim: Claim, know: Knowledge, visit: ServiceLine) -> bool:
    """Whether an unparted pair of another kind asks for 25 on this visit."""
    return any(visit is pair.one or visit is pair.two for pair in _asking(claim, know))


def _is_minor(judge: Judge, line: ServiceLine) -> bool:
    return judge.global_days(line.procedure, line.first) in MINOR


def _visit_of(judge: Judge, pair: Pair) -> AnyLine:
    return pair.one if judge.is_visit(pair.one.procedure) else pair.two


def _visit_hit(visit: AnyLine, procedure: AnyLine, pair: Pair | None) -> Hit:
    """At the visit; where an earlier claim holds that, at the procedure."""
    here, other = (visit, procedure) if isinstance(visit, ServiceLine) else (procedure, visit)
    assert isinstance(here, ServiceLine)
    return Hit(
        here.procedure_place,
        {"visit": visit.procedure, "procedure": procedure.procedure},
        related=(other.procedure_place,),
        severity=None if pair and pair.sure else Severity.WARNING,
        on=pair.day if pair else None,
    )
