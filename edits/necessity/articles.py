"""What the loaded coverage articles (CMS, Medicare Coverage Database) say of a line: NEC-E1, and whether they decide.

An article lists diagnoses for procedures and holds in the states of its contractors. Which contractor judges a claim
goes by where the service was rendered. It is certain only where the entry's ``jurisdictions`` (set by a profile or the
configuration) names the states of the claim's payer id.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from scrubber.catalogue.check import Gap, Hit, Knowledge, alike
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity
from scrubber.tables.coverage import COVERED, NONCOVERED, Article

from ..ncci.reasons import at_lines, gaps
from .groups import listed


class Decision(NamedTuple):
    """What the articles that hold for a line say of its diagnoses."""

    articles: Sequence[Article]
    """Those that speak."""
    problem: str
    """What they say against the diagnoses; ``""`` where one is covered."""
    certain: bool = True
    """The payer's contractor is known, and so is that the articles' lists are meant for this procedure."""


def is_decided(claim: Claim, know: Knowledge, line: ServiceLine) -> bool:
    """Whether a loaded article decides on this line, so that our own lists do not."""
    return decide(claim, know, line, ()) is not None


def decide(claim: Claim, know: Knowledge, line: ServiceLine, states: Sequence[str]) -> Decision | None:
    """What the loaded articles say, None where none is for this procedure, day and place. ``states`` are those of the
    contractor where it is known; else the state where the service was rendered counts."""
    day = line.first
    if day is None or line.qualifier != "HC" or not know.profile.is_("medicare") or know.coverage.on(day) is None:
        return None
    places = states or (state_of(claim),)
    speaking: list[Article] = []
    problem = ""
    for article in know.coverage.find(line.procedure, day):
        if article.states and article.states.isdisjoint(places):
            continue
        said = {know.coverage.says(article, d.code, day) for d in line.diagnoses if d.code}
        if COVERED in said:
            return Decision((article,), "")
        if NONCOVERED in said:
            speaking.append(article)
            problem = "names them among those not covered"
        elif article.paired and COVERED in article.lists:
            # A list of covered diagnoses speaks of all others; a list of those not covered does not.
            speaking.append(article)
            problem = problem or "does not list them as covered"
    if not speaking:
        return None
    return Decision(speaking, problem, bool(states) and all(a.states and a.paired for a in speaking))


def state_of(claim: Claim) -> str:
    """The state where the services were rendered: the service facility's, else the billing provider's; or ``""``."""
    for provider in (claim.facility, claim.billing):
        n4 = provider.loop.find("N4") if provider is not None else None
        if n4 is not None and n4.get(2):
            return n4.get(2)
    return ""


def _unread(claim: Claim, know: Knowledge) -> Hashable:
    """Where no articles are loaded, all claims are alike; None where they are to be asked."""
    return None if know.coverage.all() else True


@alike(_unread)
def not_in_article(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """NEC-E1: no diagnosis that the line points to is among those that the article covers for its procedure."""
    if not know.coverage.all():
        yield Gap(know.params["gap"])
        return
    outside: list[int] = []
    newer: dict[str, list[int]] = {}
    states = know.params["jurisdictions"].get(claim.payer.id, ()) if claim.payer is not None else ()
    waivers = know.code_lists["coverage-waivers"]
    for line in claim.lines:
        pointed = [d for d in line.diagnoses if d.code]
        if not pointed or any(modifier in waivers for modifier in line.modifiers):
            continue
        if line.first is not None and know.coverage.on(line.first) is None:
            outside.append(line.number)
        decision = decide(claim, know, line, states)
        if decision is None and line.first is not None and line.qualifier == "HC":
            places = states or (state_of(claim),)
            for article in know.coverage.newer(line.procedure, line.first):
                if not article.states or not article.states.isdisjoint(places):
                    newer.setdefault(article.id, []).append(line.number)
        if decision is None or not decision.problem:
            continue
        values = {
            "procedure": line.procedure,
            "codes": listed(pointed),
            "articles": " and ".join(article.id for article in decision.articles),
            "problem": decision.problem,
        }
        severity = None if decision.certain else Severity.WARNING
        yield Hit(line.procedure_place, values, tuple([d.place for d in pointed]), severity)
    if outside:
        yield at_lines(know.params["gap"], outside)
    yield from gaps(know.params["newer"], newer)
