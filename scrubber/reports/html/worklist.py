"""What to do first: the edits that reject, by the money that they hold back."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

ZERO = Decimal(0)

NAMED = 5
"""Claims that an edit names: those with the highest charges."""


class Example(NamedTuple):
    """A claim that an edit rejects, and where the report tells it."""

    charge: Decimal
    id: str
    anchor: str


class Task:
    """One edit: the claims it rejects, their charges, and how much of it would be accepted without this edit alone."""

    __slots__ = ("alone", "charge", "charge_alone", "claims", "examples")

    def __init__(self) -> None:
        self.claims = self.alone = 0
        self.charge = self.charge_alone = ZERO
        self.examples: list[Example] = []

    def merge(self, other: Task) -> None:
        self.claims += other.claims
        self.alone += other.alone
        self.charge += other.charge
        self.charge_alone += other.charge_alone
        self._choose([*self.examples, *other.examples])

    def add(self, charge: Decimal, example: Example, *, alone: bool) -> None:
        """One claim more."""
        self.claims += 1
        self.charge += charge
        if alone:
            self.alone += 1
            self.charge_alone += charge
        if len(self.examples) < NAMED or charge > self.examples[-1].charge:
            self._choose([*self.examples, example])

    def _choose(self, examples: list[Example]) -> None:
        self.examples = sorted(examples, key=lambda e: -e.charge)[:NAMED]  # Stable: the first of the file come first.


class Worklist:
    """Rejected claims, by the edits that reject them."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}

    def add(self, edits: Iterable[str], charge: Decimal, id: str, anchor: str) -> None:
        """A rejected claim and the edits that reject it."""
        kinds = list(dict.fromkeys(edits))
        for edit in kinds:
            task = self.tasks.setdefault(edit, Task())
            task.add(charge, Example(charge, id, anchor), alone=len(kinds) == 1)

    def ranked(self) -> list[tuple[str, Task]]:
        """Most money first, then most claims."""
        return sorted(self.tasks.items(), key=lambda item: (-item[1].charge, -item[1].claims, item[0]))

    def merge(self, other: Worklist) -> None:
        for edit, task in other.tasks.items():
            self.tasks.setdefault(edit, Task()).merge(task)

    def dump(self) -> dict[str, Any]:
        """As plain data, for another process."""
        return {
            edit: [t.claims, t.alone, str(t.charge), str(t.charge_alone), [(str(c), i, a) for c, i, a in t.examples]]
            for edit, t in self.tasks.items()
        }

    @classmethod
    def load(cls, record: dict[str, Any]) -> Worklist:
        """What ``dump`` gave."""
        worklist = cls()
        for edit, (claims, alone, charge, charge_alone, examples) in record.items():
            task = worklist.tasks[edit] = Task()
            task.claims, task.alone = claims, alone
            task.charge, task.charge_alone = Decimal(charge), Decimal(charge_alone)
            task.examples = [Example(Decimal(c), i, a) for c, i, a in examples]
        return worklist
