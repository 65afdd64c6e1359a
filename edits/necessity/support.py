"""Whether the diagnoses that a line points to support its service, by the lists that the entries write.

The form of an entry's lists is described in ``pack.toml``. Where a coverage article is loaded that decides, NEC-E1
speaks and these lists are silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scrubber.catalogue.check import Gap, Hit, Knowledge, across, reads
from scrubber.claims.earlier import EarlierLine
from scrubber.claims.model import Claim, Diagnosis, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.icd10cm import dotted

from .articles import is_decided
from .form import rule_form
from .groups import diagnoses_of, is_among, listed
from .memory import remembered
from .visits import too_many_visits

Rule = Mapping[str, Any]
"""``params`` of an entry, or a table of its ``further``."""

ICD9_QUALIFIERS = ("BK", "BF")


@reads(rule_form)
@remembered
def supported(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """Lines whose diagnoses do not support their service, and visits beyond the entry's ``limits``."""
    for line in claim.lines:
        yield from _judge(claim, know, line)
    yield from too_many_visits(claim, know)


@reads(rule_form)
@remembered
@across
def supported_in_company(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """As ``supported``; and lines without the service that belongs beside them (the entry's ``beside``)."""
    for line in claim.lines:
        said = list(_judge(claim, know, line))
        yield from said or _alone(claim, know, line)
    yield from too_many_visits(claim, know)


def is_judged(line: ServiceLine, rule: Rule, know: Knowledge) -> bool:
    """Whether a rule speaks of a line. Where the provider says himself that it may not be covered, none does."""
    if line.qualifier != "HC" or not is_among(line.procedure, rule["procedures"]):
        return False
    waivers = know.code_lists["coverage-waivers"]
    return not any(modifier in waivers for modifier in line.modifiers)


def _judge(claim: Claim, know: Knowledge, line: ServiceLine) -> Iterator[Hit | Gap]:
    """What the first rule that has anything to say says of a line."""
    for rule in (know.params, *know.params.get("further", ())):
        if is_judged(line, rule, know) and (said := _weigh(claim, know, line, rule)) is not None:
            yield said
            return


def _weigh(claim: Claim, know: Knowledge, line: ServiceLine, rule: Rule) -> Hit | Gap | None:
    pointed = [d for d in line.diagnoses if d.code]
    if any(d.qualifier in ICD9_QUALIFIERS for d in pointed):
        return None  # Another code set; DX-04 says whether it is the right one.
    if not pointed:
        return Gap("the line points to no diagnosis that could be read", line.number)
    groups = know.code_lists["diagnosis-groups"]
    supports = diagnoses_of(rule.get("supports", ()), groups)
    if supports.first_in(pointed) is not None or is_decided(claim, know, line):
        return None
    weak = diagnoses_of(rule.get("insufficient", ()), groups)
    elsewhere = diagnoses_of(rule.get("elsewhere", ()), groups)
    empty = diagnoses_of(rule.get("adds_nothing", ()), groups)
    telling = [d for d in pointed if not empty.holds(d.code)]
    if telling and all(weak.holds(d.code) or elsewhere.holds(d.code) for d in telling):
        away = not any(weak.holds(d.code) for d in telling)
        better = supports.first_in(claim.diagnoses)
        return _hit(line, pointed, _problem(rule, better, away), better, rule.get("severity"))
    otherwise = rule.get("otherwise", "unchecked")
    if otherwise == "unchecked":
        known = f"no diagnosis of the line is known to support {rule['service']}, or known not to"
        return Gap(f"{known}: the payer's policy decides", line.number)
    if otherwise == "silent":
        return None
    problem = rule.get("problem", "none of that is among the diagnoses known to support it")
    return _hit(line, pointed, problem, None, otherwise)


def _problem(rule: Rule, better: Diagnosis | None, away: bool) -> str:
    if better is not None:
        return f"{dotted(better.code)}, which supports it, is on the claim, but the line does not point to it"
    if away:
        return "that is another part of the body"
    return str(rule.get("problem", "alone that does not show why it was needed"))


def _hit(
    line: ServiceLine, pointed: Sequence[Diagnosis], problem: str, better: Diagnosis | None, severity: str | None
) -> Hit:
    values = {"procedure": line.procedure, "codes": listed(pointed), "problem": problem}
    related = [d.place for d in (*pointed, *([better] if better is not None else ()))]
    return Hit(line.procedure_place, values, tuple(related), Severity(severity) if severity else None)


def _alone(claim: Claim, know: Knowledge, line: ServiceLine) -> Iterator[Hit]:
    """A service without the one that belongs beside it on its day."""
    rule: Rule | None = know.params.get("beside")
    if rule is None or line.first is None or not is_judged(line, rule, know):
        return
    others: tuple[ServiceLine | EarlierLine, ...] = (*claim.lines, *know.earlier)
    if any(other.first == line.first and is_among(other.procedure, rule["with"]) for other in others):
        return
    pointed = [d for d in line.diagnoses if d.code]
    if diagnoses_of(rule["asked_by"], know.code_lists["diagnosis-groups"]).first_in(pointed) is not None:
        values = {"procedure": line.procedure, "codes": listed(pointed), "problem": str(rule["problem"])}
        yield Hit(line.procedure_place, values, tuple([d.place for d in pointed]))


@remembered
def undercoded(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """NEC-11: a service for radiculopathy points to neck pain, and nothing on the claim says more."""
    params, groups = know.params, know.code_lists["diagnosis-groups"]
    if diagnoses_of(params["absent"], groups).first_in(claim.diagnoses) is not None:
        return
    plain, supports = diagnoses_of(params["diagnoses"], groups), diagnoses_of(params["supports"], groups)
    for line in claim.lines:
        found = plain.first_in(line.diagnoses)
        if found is None or not is_judged(line, params, know) or supports.first_in(line.diagnoses) is not None:
            continue
        if not is_decided(claim, know, line):
            values = {"procedure": line.procedure, "code": dotted(found.code)}
            yield Hit(line.procedure_place, values, (found.place,))


@remembered
def side_not_in_code(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """NEC-09: a one-sided service points to a code that knows no sides."""
    params, groups = know.params, know.code_lists["diagnosis-groups"]
    sideless = diagnoses_of(params["diagnoses"], groups)
    for line in claim.lines:
        found = sideless.first_in(line.diagnoses)
        if found is None or line.qualifier != "HC":
            continue
        if is_among(line.procedure, params["procedures"]) or any(m in params["modifiers"] for m in line.modifiers):
            yield Hit(found.place, {"procedure": line.procedure, "code": dotted(found.code)}, (line.procedure_place,))
            return
