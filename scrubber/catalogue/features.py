"""Which edits could fire on a claim, by what they look at. One bit an edit; a claim's codes pick the bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scrubber.catalogue.entry import LooksAt
from scrubber.claims.model import Claim

MEMORY = 50_000
"""Codes remembered of each kind. Real files have a few thousand; hostile ones should not fill memory."""

Match = Callable[[str], bool]


class Bits(dict[str, int]):
    """Code to the bits of the edits that look at it, worked out once for each code."""

    def __init__(self, wanted: Sequence[tuple[str, ...]], match: Callable[[str], Match]) -> None:
        self.free = sum(1 << number for number, codes in enumerate(wanted) if not codes)
        """Edits that look at no code of this kind: any claim will do."""
        self._wanted = [(1 << number, [match(c) for c in codes]) for number, codes in enumerate(wanted) if codes]

    def __missing__(self, code: str) -> int:
        if len(self) > MEMORY:
            self.clear()
        bits = self[code] = sum(bit for bit, matches in self._wanted if any(match(code) for match in matches))
        return bits


class Filters:
    """The filters of a run's edits, in their order."""

    def __init__(self, looks_at: Sequence[LooksAt]) -> None:
        self._procedures = Bits([look.procedures for look in looks_at], _procedure)
        self._modifiers = Bits([look.modifiers for look in looks_at], _same)
        self._diagnoses = Bits([look.diagnoses for look in looks_at], _diagnosis)
        self._places = Bits([look.places for look in looks_at], _same)

    def of(self, claim: Claim) -> int:
        """The bits of the edits that could fire on this claim."""
        procedures, modifiers, places = self._procedures, self._modifiers, self._places
        by_procedure, by_modifier, by_place = procedures.free, modifiers.free, places.free
        by_place |= places[claim.place_of_service]
        for line in claim.lines:
            by_procedure |= procedures[line.procedure]
            by_place |= places[line.place_of_service]
            for modifier in line.modifiers:
                by_modifier |= modifiers[modifier]
        diagnoses = self._diagnoses
        by_diagnosis = diagnoses.free
        for diagnosis in claim.diagnoses:
            by_diagnosis |= diagnoses[diagnosis.code]
        return by_procedure & by_modifier & by_place & by_diagnosis


def _same(wanted: str) -> Match:
    return wanted.__eq__


def _procedure(wanted: str) -> Match:
    """A code, or a range of codes of one length (``98940-98942``)."""
    first, dash, last = wanted.partition("-")
    if not dash:
        return first.__eq__
    return lambda code: len(code) == len(first) and first <= code <= last


def _diagnosis(wanted: str) -> Match:
    """A code or category and all below it (``M54``), or a range of these, ends included (``M50-M54``)."""
    first, dash, last = wanted.replace(".", "").partition("-")
    if not dash:
        return lambda code: code.startswith(first)
    return lambda code: first <= code[: len(first)] and code[: len(last)] <= last
