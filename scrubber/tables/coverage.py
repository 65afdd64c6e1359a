"""What Medicare's coverage articles say of a procedure with its diagnoses, where the user has loaded them.

An article lists procedures and diagnoses, each in groups. Which group of diagnoses goes with which group of procedures
is said in prose only. So an answer is certain only where the pairing leaves no room: a diagnosis that no group lists
supports nothing in an article whose procedures are all in one group. Everything else is LISTED or UNSURE, and neither
may reject a claim. An article binds where its contractor's states are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import Edition, Editions, NoEditions, Row
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "mcd"


class Support(StrEnum):
    """What the articles make of a procedure and the diagnoses that its line points to."""

    LISTED = "listed"
    """An article lists one of the diagnoses as supporting, or none of its lists speaks against all of them."""
    NOT_LISTED = "not-listed"
    """Certain: each article that binds lists what supports the procedure, and none of the diagnoses is there."""
    EXCLUDED = "excluded"
    """Certain: each article that binds lists every one of the diagnoses as not supporting."""
    UNSURE = "unsure"
    """Articles speak of the procedure, but not so that it can be told."""
    SILENT = "silent"
    """No article in force speaks of the procedure and diagnoses in this state."""
    UNCHECKED = "unchecked"
    """No export answers for the day, or the article's version of that day is not in it."""


class Answer(NamedTuple):
    """What was found, and the articles that were asked: ``A56651``."""

    support: Support
    articles: tuple[str, ...] = ()


class Coverage:
    """Articles by day. Nothing is shipped: CPT codes are AMA's."""

    def __init__(self, editions: Editions) -> None:
        self.editions = editions

    @classmethod
    def open(cls, library: Library | None) -> Coverage:
        """The user's exports; none where none is loaded."""
        return cls(loaded(library, KIND) or NoEditions())

    def judge(self, procedure: str, diagnoses: Sequence[str], day: date, state: str | None) -> Answer:
        """What the articles that bind in a state (postal code; None: not known) on a day say of a procedure with the
        diagnoses (without dots) that its line points to."""
        edition = self.editions.on(day)
        if edition is None:
            return Answer(Support.UNCHECKED)
        found: dict[str, Support] = {}
        elsewhen = False
        for article in dict.fromkeys(row[2] for row in self.editions.find(day, "procedure", procedure)):
            for row in self.editions.find(day, "article", article):
                _, _, _, has, groups, _, effective, end, states = row
                if state is not None and states and state not in states.split():
                    continue
                if not (effective or edition.from_.isoformat()) <= day.isoformat() <= (end or "9999"):
                    elsewhen = True
                    continue
                support = self._ask(article, has.split(), groups.split(), diagnoses, day)
                # Where an article binds is not known: what it says against a claim may not concern it.
                if (state is None or not states) and support in (Support.NOT_LISTED, Support.EXCLUDED):
                    support = Support.UNSURE
                found[article] = support
        if not found:
            # An export holds what was in force when it was made, and of that only the newest version.
            return Answer(Support.UNCHECKED if elsewhen or day < edition.from_ else Support.SILENT)
        return Answer(_sum_up(found.values()), tuple(found))

    def _ask(
        self, article: str, has: Sequence[str], groups: Sequence[str], diagnoses: Sequence[str], day: date
    ) -> Support:
        """What one article says."""
        if not has:
            return Support.SILENT
        if not diagnoses:
            return Support.UNSURE
        listed: set[tuple[str, str]] = {
            (row[3], diagnosis) for diagnosis in diagnoses for row in self._listed(article, diagnosis, day)
        }
        covered = [diagnosis for diagnosis in diagnoses if ("covered", diagnosis) in listed]
        excluded = [diagnosis for diagnosis in diagnoses if ("noncovered", diagnosis) in listed]
        if covered:
            return Support.LISTED if not excluded else Support.UNSURE
        procedures, _, noncovered = groups
        if "covered" in has:
            return Support.NOT_LISTED if procedures == "1" else Support.UNSURE
        if len(excluded) < len(diagnoses):
            return Support.LISTED
        return Support.EXCLUDED if procedures == noncovered == "1" else Support.UNSURE

    def _listed(self, article: str, diagnosis: str, day: date) -> Sequence[Row]:
        return self.editions.find(day, article, diagnosis)

    def on(self, day: date) -> Edition | None:
        """The export that answers for a day."""
        return self.editions.on(day)

    def all(self) -> Sequence[Edition]:
        """Every export."""
        return self.editions.all()

    def turns(self) -> frozenset[date] | None:
        """Every day on which an answer may change; None where that is not known."""
        return self.editions.turns()


def _sum_up(supports: Iterable[Support]) -> Support:
    """Several articles: one that supports is enough, and only all together refuse."""
    said = {support for support in supports if support is not Support.SILENT}
    if not said:
        return Support.SILENT
    if Support.LISTED in said:
        return Support.LISTED
    return said.pop() if len(said) == 1 else Support.UNSURE
