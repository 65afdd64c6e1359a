"""What a correction may not change: everything that a segment says of patient, care and money.

This is the gate that every correction passes, whoever asks for it: an edit that calls its change safe is not believed.
It knows nothing of findings. Two segments mean the same when they differ in nothing but

- blanks behind a value, trailing delimiters, capitals of values that are codes of X12 or of a code set;
- the dot in a diagnosis code, empty places between modifiers, hyphens in a tax number, a ZIP code or a drug code;
- numbers that say nothing but how the file is put together: counts, control numbers of trailers, HL and LX numbers.

Numbers, dates, times and free text are compared as they are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from scrubber.x12.guide import Element, shipped
from scrubber.x12.segments import Delimiters

ENVELOPE: dict[str, frozenset[int]] = {
    "SE": frozenset((1, 2)),
    "GE": frozenset((1, 2)),
    "IEA": frozenset((1, 2)),
    "HL": frozenset((1, 2, 4)),
    "LX": frozenset((1,)),
}
"""Elements that number and count."""

DIAGNOSES = frozenset(("ABK", "ABF", "BK", "BF"))
"""Qualifiers of HI whose code is a diagnosis."""

TAX_NUMBERS = frozenset(("EI", "SY"))

MODIFIERS = slice(2, 6)
"""Where a procedure (SV101) holds its modifiers: components 3 to 6."""


def means_the_same(before: Sequence[str], after: Sequence[str], delimiters: Delimiters) -> bool:
    """Whether two segments, as elements with the id first, say the same."""
    return before[0] == after[0] and _meaning(before, delimiters) == _meaning(after, delimiters)


def _meaning(elements: Sequence[str], delimiters: Delimiters) -> list[list[list[str]]]:
    """Elements, their repetitions and components, in a form that is equal where the meaning is."""
    name = elements[0]
    numbering = ENVELOPE.get(name, frozenset())
    said: list[list[list[str]]] = []
    for number, element in enumerate(elements[1:], 1):
        if number in numbering:
            said.append([])
            continue
        repeats = element.split(delimiters.repetition) if delimiters.repetition else [element]
        said.append([_composite(elements, number, repeat.split(delimiters.component)) for repeat in repeats])
    while said and said[-1] in ([], [[]]):
        said.pop()
    return said


def _composite(elements: Sequence[str], number: int, parts: list[str]) -> list[str]:
    name = elements[0]
    parts = [_value(elements, number, component, part) for component, part in enumerate(parts, 1)]
    if name == "SV1" and number == 1:
        modifiers = [modifier for modifier in parts[MODIFIERS] if modifier]
        parts[MODIFIERS] = [*modifiers, *[""] * (4 - len(modifiers))] if len(parts) > 2 else []
    if name == "HI" and parts[0] in DIAGNOSES and len(parts) > 1:
        parts[1] = parts[1].replace(".", "").upper()
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _value(elements: Sequence[str], number: int, component: int, text: str) -> str:
    name = elements[0]
    kinds = _kinds().get((name, number, component))
    if kinds is None or kinds & {"R", "DT", "TM"} or any(kind.startswith("N") for kind in kinds):
        return text
    text = text.rstrip(" ")
    if "code" in kinds or (name == "SV1" and number == 1 and 2 <= component <= 6):
        text = text.upper()
    punctuated = (name == "REF" and number == 2 and elements[1].strip().upper() in TAX_NUMBERS) or (name, number) in (
        ("N4", 3), ("LIN", 3),
    )  # fmt: skip
    return text.replace("-", "").replace(" ", "") if punctuated else text


@cache
def _kinds() -> dict[tuple[str, int, int], frozenset[str]]:
    """The types that an element has in any place of the guide; ``code`` where everything it may hold is listed.
    Component 1 also stands for an element without components."""
    found: dict[tuple[str, int, int], set[str]] = {}
    free: set[tuple[str, int, int]] = set()

    def add(key: tuple[str, int, int], element: Element) -> None:
        found.setdefault(key, set()).add(element.type)
        if element.codes is None and element.external is None and element.usage != "N":
            free.add(key)

    for loop in shipped().loops.values():
        for use in loop.uses:
            for number, element in enumerate(use.definition.elements, 1):
                for component, part in enumerate(element.components or [element], 1):
                    add((use.id, number, component), part)
    return {key: frozenset(kinds | ({"code"} if key not in free else set())) for key, kinds in found.items()}
