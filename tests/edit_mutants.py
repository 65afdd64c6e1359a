"""Edits with one thing about them changed: what an edit's examples have to notice.

A condition is turned round or left out, a bound or a numeric parameter moved by one, a filter made to pass nothing, a
payer's edit made everybody's, a date moved by a day. Each is a fault that a slip of the pen would make.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from scrubber.catalogue.entry import Condition, Edit, Example, LooksAt
from scrubber.catalogue.index import Catalogue
from scrubber.proof import End, boundaries, run, run_on, strangers
from scrubber.x12.values import to_decimal

NEVER = "(?!)"
"""A pattern that nothing matches."""

JUST = Decimal("0.000001")
DAY = timedelta(1)


class Mutant(NamedTuple):
    """What was changed, and the edit with it."""

    change: str
    edit: Edit


def mutants(edit: Edit, catalogue: Catalogue) -> Iterator[Mutant]:
    """Every change to the edit's declaration."""
    for number, condition in enumerate(edit.when):
        rest = edit.when[:number] + edit.when[number + 1 :]
        place = f"when {number + 1} ({_said(condition)})"
        turned = (*edit.when[:number], negated(condition, catalogue), *edit.when[number + 1 :])
        yield Mutant(f"{place} turned round", edit._replace(when=turned))
        yield Mutant(f"{place} left out", edit._replace(when=rest))
        for moved in shifted(condition):
            yield Mutant(f"{place} moved to {moved.value}", edit._replace(when=(*rest, moved)))
    must = edit.must
    if must is not None and must.verb != "check":
        yield Mutant(f"must ({_said(must)}) turned round", edit._replace(must=negated(must, catalogue)))
        for moved in shifted(must):
            yield Mutant(f"must ({_said(must)}) moved to {moved.value}", edit._replace(must=moved))
    yield from _filters(edit)
    for path, value in numbers(edit.params):
        for step in (-1, 1):
            params = _with(edit.params, path, value + step)
            yield Mutant(
                f"params.{'.'.join(map(str, path))} {value} moved to {value + step}", edit._replace(params=params)
            )
    for step in (-DAY, DAY):
        if edit.from_:
            yield Mutant(f"from moved to {edit.from_ + step}", edit._replace(from_=edit.from_ + step))
        if edit.to:
            yield Mutant(f"to moved to {edit.to + step}", edit._replace(to=edit.to + step))


def _said(condition: Condition) -> str:
    return " ".join(filter(None, (condition.at, condition.verb)))


def negated(condition: Condition, catalogue: Catalogue) -> Condition:
    """The condition that holds where this one does not, as near as the vocabulary comes to it."""
    at, verb, value = condition
    match verb:
        case "present" | "absent":
            return Condition(at, verb, not value)
        case "in":
            return Condition(at, "not_in", value)
        case "not_in":
            return Condition(at, "in", value)
        case "table":
            return Condition(at, "not_in", tuple(catalogue.code_lists[value]))
        case "matches":
            return Condition(at, "matches", rf"(?s:(?!(?:{value})\Z).*)")
        case "equals" if "." not in value or to_decimal(value) is not None:
            return Condition(at, "not_in", (value,))
        case "equals":
            return Condition(at, "matches", NEVER)
        case "min":
            number = to_decimal(value)
            return Condition(at, "max", value if number is None else str(number - JUST))
        case "max":
            number = to_decimal(value)
            return Condition(at, "min", value if number is None else str(number + JUST))
        case "before" | "after":
            return Condition(at, "after" if verb == "before" else "before", value)
    raise AssertionError(f"no negation of {verb}")


def shifted(condition: Condition) -> Iterator[Condition]:
    """The condition with its bound one further, either way; nothing for one without a bound of its own."""
    at, verb, value = condition
    if verb in ("min", "max") and (number := to_decimal(value)) is not None:
        yield from (Condition(at, verb, str(number + step)) for step in (-1, 1))
    elif verb in ("before", "after") and value[:4].isdigit():
        day = date.fromisoformat(value)
        yield from (Condition(at, verb, (day + step).isoformat()) for step in (-DAY, DAY))


def _filters(edit: Edit) -> Iterator[Mutant]:
    for kind in LooksAt._fields:
        if not getattr(edit.looks_at, kind):
            continue
        nothing = edit.looks_at._replace(**{kind: ("~",)})
        yield Mutant(f"looks_at.{kind} lets nothing pass", edit._replace(looks_at=nothing))
        if kind == "profiles":
            everybody = edit.looks_at._replace(profiles=())
            yield Mutant("looks_at.profiles left out", edit._replace(looks_at=everybody))


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], int | float]]:
    """Each number in an edit's parameters, with the way to it."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from numbers(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from numbers(inner, (*path, number))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, Mapping):
        return {**value, path[0]: _with(value[path[0]], path[1:], new)}
    return [_with(inner, path[1:], new) if number == path[0] else inner for number, inner in enumerate(value)]


# Who notices ------------------------------------------------------------------------------------------------------


class Witness:
    """An edit's examples and boundary days, and how they come out with the edit as it is written."""

    def __init__(self, edit: Edit, catalogue: Catalogue) -> None:
        self._edit = edit
        self._packs, self._profiles = catalogue.packs.values(), catalogue.profiles.values()
        self._trials: list[tuple[Example, tuple[date, End] | None]] = [(example, None) for _, example in edit.examples]
        broken = [example for kind, example in edit.examples if kind == "breaks"]
        ends = [(at.day, end) for at in boundaries(edit) for end in at.ends]
        self._trials += [(example, at) for at in ends for example in broken]
        self._trials += [
            (example._replace(profile=name), None) for name in strangers(catalogue, edit) for example in broken
        ]
        alone = self._catalogue(edit)
        self._expected = [self._fires(alone, *trial) for trial in self._trials]

    def notices(self, mutant: Edit) -> bool:
        """Whether some trial comes out otherwise."""
        alone = self._catalogue(mutant)
        return any(self._fires(alone, *t) != e for t, e in zip(self._trials, self._expected, strict=True))

    def _catalogue(self, edit: Edit) -> Catalogue:
        """The edit with no other beside it: its own answer is asked for, and quickly."""
        return Catalogue(self._packs, [edit], self._profiles)

    def _fires(self, catalogue: Catalogue, example: Example, at: tuple[date, End] | None) -> bool:
        try:
            found = run_on(catalogue, self._edit, example, *at) if at else run(catalogue, example)
        except Exception:
            return False  # A changed parameter may be one that the check cannot take: noticed, where it fired.
        return any(finding.edit == self._edit.id for finding in found)
