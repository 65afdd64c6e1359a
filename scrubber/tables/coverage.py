"""Medicare's coverage articles by day: which diagnoses they list for a procedure, where the user has loaded them.

An article lists procedures and diagnoses, each in groups, and holds in the states of its contractors. Which group of
diagnoses goes with which group of procedures is said in prose only, which is not read: group numbers do not match. So a
diagnosis counts for every procedure of its article; where an article has more than one group of procedures
(``paired`` is False) a diagnosis that it does not list decides nothing, for the procedure's own group may have no list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.dated import DatedTable, NoEditions
from scrubber.tables.starter import loaded

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

KIND = "mcd"

COVERED, NONCOVERED = "covered", "noncovered"


class Article(NamedTuple):
    """An article in force that lists a procedure: ``id`` (A56651), the ``lists`` of diagnoses that it has (covered,
    noncovered), and the ``states`` (postal codes) where it holds; none where the export does not tell."""

    id: str
    lists: tuple[str, ...]
    states: frozenset[str]
    paired: bool
    """Whether all its procedures are in one group, so that its lists are certain to speak of each of them."""


class Coverage(DatedTable):
    """Articles by procedure, diagnosis and day. Nothing is shipped: CPT codes are AMA's."""

    @classmethod
    def open(cls, library: Library | None) -> Coverage:
        """The user's exports; without any, no day is answered for."""
        return cls(loaded(library, KIND) or NoEditions())

    def find(self, procedure: str, day: date) -> Sequence[Article]:
        """The articles that list a procedure, in the version in force on a day. An export has the newest version of
        each only: on a day before it, an article is not found (ask ``newer``)."""
        text = day.isoformat()
        return [article for article, effective, end in self._listing(procedure, day) if effective <= text <= end]

    def newer(self, procedure: str, day: date) -> Sequence[Article]:
        """The articles that list a procedure in a version that began after a day: what held on it, if any did, is not
        in the export."""
        return [article for article, effective, _ in self._listing(procedure, day) if effective > day.isoformat()]

    def _listing(self, procedure: str, day: date) -> Iterator[tuple[Article, str, str]]:
        """The articles that list a procedure in the edition of a day, each with the days of its version."""
        edition = self.editions.on(day)
        if edition is None:
            return
        for name in dict.fromkeys(row[2] for row in self.editions.find(day, "procedure", procedure)):
            for _, id, _, lists, groups, _, effective, end, states in self.editions.find(day, "article", name):
                one_group = groups.partition(" ")[0] == "1"
                article = Article(id, tuple(lists.split()), frozenset(states.split()), one_group)
                yield article, effective or edition.from_.isoformat(), end or date.max.isoformat()

    def says(self, article: Article, diagnosis: str, day: date) -> str:
        """What an article says of a diagnosis (without dot): ``covered``, ``noncovered``, or ``""`` for neither, or for
        both in different groups."""
        lists = {row[3] for row in self.editions.find(day, article.id, diagnosis)}
        return lists.pop() if len(lists) == 1 else ""
