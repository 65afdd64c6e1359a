"""Segments made to measure from the guide's tables: right ones, and ones spoilt in many ways."""

from __future__ import annotations

import random

from scrubber.x12.guide import Definition, Element
from scrubber.x12.segments import Delimiters

COMMON = Delimiters("*", ":", "^", "~")

LETTERS = "ABC XYZ019-'/#&().,"


def plain(element: Element, choice: random.Random, delimiters: Delimiters, fmt: str) -> str:
    """A value that is right."""
    codes = (element.codes or frozenset()) | (element.external or frozenset())
    if codes:
        return choice.choice(sorted(codes))
    if element.pattern:
        return "".join(choice.choice("0123456789") for _ in range(9))
    if fmt:
        day = choice.choice(("20240229", "20260915", "19991231"))
        return {"D8": day, "RD8": f"{day}-20260930", "DT": day, "TM": choice.choice(("0000", "2359", "23595999"))}[fmt]
    least, most = max(element.min, 1), min(element.max, 40)
    length = choice.choice((least, most, choice.randint(least, most)))
    if element.type.startswith("N"):
        return "".join(choice.choice("123456789") for _ in range(length))
    if element.type == "R":
        digits = "".join(choice.choice("123456789") for _ in range(min(length, 9)))
        at = choice.randrange(len(digits))
        return choice.choice((digits, f"{digits[:at]}.{digits[at:]}" if "." not in delimiters else digits))
    letters = [c for c in LETTERS if c not in delimiters]
    inner = "".join(choice.choice(letters) for _ in range(length))
    return "A" + (inner[1:-1] + inner[-1].replace(" ", "Z") if length > 1 else "")


def wrong(value: str, element: Element, choice: random.Random, delimiters: Delimiters) -> str:
    """The value, spoilt in one of many ways; now and then it is as good as before."""
    kind = choice.randrange(10)
    if kind == 0:
        return ""
    if kind == 1:
        return value + "9" * choice.choice((1, 60, 300))
    if kind == 2:
        return value[:1]
    if kind == 3:
        return choice.choice((" ", "\t", "\xe9", "\x00", "\n", "  "))
    if kind == 4:
        return value + choice.choice((" ", "x", ".", "-", delimiters.component, delimiters.repetition))
    if kind == 5:
        return choice.choice(("ZZ", "0", "-", ".", "-.", "1.", ".5", "-1", "1e5", "00", "A", "+1", "1,000"))
    if kind == 6:
        return choice.choice(("20260231", "20260915-", "20260915-20260231", "2460", "99999999", "20260915-20260916"))
    if kind == 7:
        return value.lower()
    return value


def made(definition: Definition, choice: random.Random, delimiters: Delimiters, spoil: float) -> str:
    """A segment: right, but for elements spoilt with this chance each."""
    parts = [definition.id]
    formats = {number: (at, kind) for number, at, kind in definition.dates}
    for number, element in enumerate(definition.elements, 1):
        used = element.usage == "R" or (element.usage == "S" and choice.random() < 0.5)
        if not used:
            value = "X" if element.usage == "N" and choice.random() < spoil / 4 else ""
        else:
            at, kind = formats.get(number, (0, ""))
            fmt = kind or (parts[at] if at and at < len(parts) else "") or ("D8" if at else "")
            if fmt not in ("", "D8", "RD8", "DT", "TM"):
                fmt = "D8"
            repeats = []
            for _ in range(choice.choice((1, 1, 1, element.repeat)) if delimiters.repetition else 1):
                if element.components is None:
                    repeats.append(plain(element, choice, delimiters, fmt))
                else:
                    inner = [
                        plain(c, choice, delimiters, "")
                        if c.usage == "R" or (c.usage == "S" and choice.random() < 0.5)
                        else ""
                        for c in element.components
                    ]
                    inner = [
                        wrong(v, c, choice, delimiters) if choice.random() < spoil else v
                        for v, c in zip(inner, element.components, strict=True)
                    ]
                    text = delimiters.component.join(inner)
                    repeats.append(text if choice.random() < spoil / 2 else text.rstrip(delimiters.component))
            value = delimiters.repetition.join(repeats) if len(repeats) > 1 else repeats[0]
            if choice.random() < spoil:
                value = wrong(value, element, choice, delimiters)
        parts.append(value)
    parts += ["X"] * (choice.random() < spoil / 6)
    if not any(parts[1:]) and not spoil:
        return made(definition, choice, delimiters, spoil)  # A segment has at least one element.
    text = delimiters.element.join(parts)
    return text if choice.random() < spoil / 3 else text.rstrip(delimiters.element)
