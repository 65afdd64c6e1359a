"""Lists of diagnoses and procedures as the entries write them: codes, ranges, groups by name, pairs joined by ``+``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scrubber.claims.model import Diagnosis
from scrubber.tables.icd10cm import dotted

Groups = Mapping[str, Mapping[str, Any]]
"""``tables/diagnosis_groups.csv``."""

_Stems = tuple[tuple[str, str], ...]
"""First and last stem of each code or range; a single code is both."""


class Diagnoses:
    """A list of diagnoses, ready for asking."""

    __slots__ = ("_alternatives",)

    def __init__(self, items: Iterable[str], groups: Groups) -> None:
        self._alternatives = tuple([tuple([_stems(part, groups) for part in item.split("+")]) for item in items])

    def holds(self, code: str) -> bool:
        """Whether an item without ``+`` means this code."""
        return any(len(item) == 1 and _means(item[0], code) for item in self._alternatives)

    def first_in(self, diagnoses: Sequence[Diagnosis]) -> Diagnosis | None:
        """A diagnosis that satisfies an item, or None; an item with ``+`` wants one for each of its parts."""
        for item in self._alternatives:
            found = [next((d for d in diagnoses if _means(stems, d.code)), None) for stems in item]
            if None not in found:
                return found[0]
        return None


def _stems(text: str, groups: Groups) -> _Stems:
    row = groups.get(text)
    codes = str(row["diagnoses"]).split() if row is not None else [text]
    parts = [code.replace(".", "").partition("-") for code in codes]
    return tuple([(first, last or first) for first, _, last in parts])


def _means(stems: _Stems, code: str) -> bool:
    return any(first <= code[: len(first)] and code[: len(last)] <= last for first, last in stems) if code else False


_lists: dict[tuple[str, ...], Diagnoses] = {}
_lists_of: Groups | None = None


def diagnoses_of(items: Sequence[str], groups: Groups) -> Diagnoses:
    """The list that an entry writes; made once for the ``groups`` of a run."""
    global _lists_of
    if groups is not _lists_of:
        _lists.clear()
        _lists_of = groups
    key = tuple(items)
    found = _lists.get(key)
    if found is None:
        found = _lists[key] = Diagnoses(key, groups)
    return found


def is_among(code: str, items: Sequence[str]) -> bool:
    """Whether a procedure is one of these codes, or lies in one of these ranges of codes of one length."""
    for item in items:
        first, _, last = item.partition("-")
        if len(code) == len(first) and first <= code <= (last or first):
            return True
    return False


def listed(diagnoses: Iterable[Diagnosis]) -> str:
    """Codes with their dots, for a message: ``M54.2 and G89.29``."""
    codes = list(dict.fromkeys(dotted(d.code) for d in diagnoses))
    return f"{', '.join(codes[:-1])} and {codes[-1]}" if len(codes) > 1 else "".join(codes)
