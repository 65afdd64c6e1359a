"""Why a segment is refused: every element fault, with the code that a 999 reports it by.

Plain codes are violations of the X12 standard, I-codes of the implementation guide (facts: X12 RFI 2502): a missing
element is 1 where the base segment makes it mandatory, else I9; a code is 7 outside X12's own list, else I6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from scrubber.spelling import count
from scrubber.x12.guide import Definition, Element, Note
from scrubber.x12.segments import Delimiters
from scrubber.x12.values import to_date

_SEPARATORS = ">:<|\\^&+/;!"
"""Characters that senders use between components when ISA16 declares another."""


class Fault(NamedTuple):
    """One fault of one segment. ``code`` is an IK403 code; or, with ``element`` 0, the IK304 code 8."""

    code: str
    element: int
    component: int
    repeat: int
    ref: str
    name: str
    data_element: str
    value: str
    detail: str
    """What is wrong, as a clause in plain words."""
    better: str | None = None
    """The value in its right form, where the form alone is wrong; ``""`` of trailing delimiters, which go."""


def explain(definition: Definition, elements: list[str], delimiters: Delimiters) -> Iterator[Fault]:
    """Every fault of a segment against its definition; nothing when it is valid after all."""
    sent = len(elements) - 1
    defined = definition.elements
    if sent and not elements[-1] and sent <= definition.most:
        yield Fault(
            "8",
            0,
            0,
            0,
            "",
            "",
            "",
            "",
            f"{definition.id} ends with an empty element: drop the trailing {delimiters.element}",
            "",
        )
    if not sent and not any(element.usage == "R" for element in defined):
        yield Fault("8", 0, 0, 0, "", "", "", "", f"{definition.id} holds no element: a segment has at least one")
    wrong = set()
    for number, element in enumerate(defined, 1):
        value = elements[number] if number <= sent else ""
        for fault in _element(element, value, number, delimiters):
            wrong.add(number)
            yield fault
    if sent > definition.most:
        number = definition.most + 1
        yield Fault(
            "3", number, 0, 0, f"{definition.id}{number:02d}", "", "", elements[number],
            f"{definition.id} has {sent} elements, the standard allows {definition.most}",
            None if any(elements[number:]) else "",
        )  # fmt: skip
    for note in definition.notes:
        yield from _note(definition, note, elements)
    for number, format_at, kind in definition.dates:
        if number <= sent and elements[number] and number not in wrong:
            yield from _date(defined[number - 1], elements, number, format_at, kind)


def dates_exist(definition: Definition, elements: list[str]) -> bool:
    """Whether every date and time of the segment exists; the pattern alone takes 20260231."""
    for number, format_at, kind in definition.dates:
        if number < len(elements) and elements[number]:
            fmt = elements[format_at] if format_at and format_at < len(elements) else kind
            if not _exists(elements[number], fmt):
                return False
    return True


def notes_hold(definition: Definition, elements: list[str]) -> bool:
    """Whether every syntax note of the segment holds."""
    return not any(True for note in definition.notes for _ in _note(definition, note, elements))


def find_separator(definition: Definition, elements: list[str], delimiters: Delimiters) -> str | None:
    """The character that this segment uses between components, if it is plainly not the declared one."""
    for number, element in enumerate(definition.elements, 1):
        if not element.components or element.usage == "N" or number >= len(elements):
            continue
        value = elements[number]
        if delimiters.component in value or not value:
            continue
        for candidate in _SEPARATORS:
            if candidate in value and candidate not in delimiters:
                changed = delimiters._replace(component=candidate)
                if not any(_element(element, value, number, changed)):
                    return candidate
    return None


def _element(element: Element, value: str, number: int, delimiters: Delimiters) -> Iterator[Fault]:
    def fault(code: str, detail: str, component: int = 0, repeat: int = 0, part: Element = element) -> Fault:
        shown = value
        return Fault(code, number, component, repeat, part.ref, part.name, part.data_element, shown, detail)

    if not value:
        if element.usage == "R":
            yield fault("1" if element.mandatory else "I9", f"{_called(element)} is missing")
        return
    if element.usage == "N":
        yield fault("I10", f"{_called(element)} is not used in this guide, but holds a value")
        return
    if delimiters.repetition and delimiters.repetition in value:
        repeats = value.split(delimiters.repetition)
        if len(repeats) > element.repeat:
            many = f"{len(repeats)} repetitions" if element.repeat > 1 else "repetitions, which it does not take"
            yield fault("12" if element.repeat > 1 else "6", f"{_called(element)} holds {many}")
            return
    else:
        repeats = [value]
    for position, part in enumerate(repeats, 1):
        repeat = position if len(repeats) > 1 else 0
        if element.components is None:
            if delimiters.component in part:
                yield fault("6", f"{_called(element)} holds the component separator {delimiters.component}", 0, repeat)
            else:
                yield from _simple(element, part, number, 0, repeat)
        else:
            yield from _composite(element, part, number, repeat, delimiters)


def _composite(element: Element, value: str, number: int, repeat: int, delimiters: Delimiters) -> Iterator[Fault]:
    parts = value.split(delimiters.component)
    components = element.components or []
    if len(parts) > 1 and not parts[-1] and len(parts) <= element.most:
        yield Fault(
            "8", 0, 0, 0, element.ref, element.name, element.data_element, value,
            f"{_called(element)} ends with an empty component: drop the trailing {delimiters.component}", "",
        )  # fmt: skip
    if len(parts) > element.most:
        yield Fault(
            "13", number, element.most + 1, repeat, element.ref, element.name, element.data_element,
            delimiters.component.join(parts),
            f"{_called(element)} has {count(len(parts), 'component')}, {element.most} at most",
            None if any(parts[element.most :]) else "",
        )  # fmt: skip
    for position, component in enumerate(components, 1):
        part = parts[position - 1] if position <= len(parts) else ""
        if not part:
            if component.usage == "R":
                code = "1" if component.mandatory else "I9"
                yield Fault(
                    code, number, position, repeat, component.ref, component.name, component.data_element, "",
                    f"{_called(component)} is missing",
                )  # fmt: skip
        elif component.usage == "N":
            yield Fault(
                "I10", number, position, repeat, component.ref, component.name, component.data_element, part,
                f"{_called(component)} is not used in this guide, but holds a value",
            )  # fmt: skip
        else:
            yield from _simple(component, part, number, position, repeat)


def _simple(element: Element, value: str, number: int, component: int, repeat: int) -> Iterator[Fault]:
    def fault(code: str, detail: str, better: str | None = None) -> Fault:
        return Fault(
            code, number, component, repeat, element.ref, element.name, element.data_element, value, detail, better
        )

    called = _called(element)
    kind = element.type
    if odd := [c for c in value if not " " <= c <= "~"]:
        yield fault("6", f"{called} holds {_odd(odd[0])}, which X12 does not allow")
        return
    if not value.strip(" "):
        yield fault("6", f"{called} holds nothing but spaces")
        return
    length = len(value)
    if kind == "R" or kind.startswith("N"):
        shape = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)" if kind == "R" else r"-?[0-9]+"
        if not re.fullmatch(shape, value):
            yield fault("6", f"{called} is not a number")
            return
        length = sum(c.isdigit() for c in value)
    if length > element.max:
        yield fault("5", f"{called} has {count(length, 'character')}, {element.max} at most", _better(element, value))
    elif length < element.min:
        yield fault("4", f"{called} has {count(length, 'character')}, {element.min} at least")
    elif element.codes is not None or element.external is not None:
        listed = (element.codes or frozenset()) | (element.external or frozenset())
        if value not in listed:
            known = element.standard is not None and value in element.standard
            few = sorted(listed)
            allowed = f"; allowed: {', '.join(few)}" if len(few) <= 12 else ""
            where = "code that this guide allows here" if known else "valid code"
            yield fault("I6" if known else "7", f"{called} is not a {where}{allowed}", _better(element, value))
    elif element.pattern and not re.fullmatch(element.pattern, value):
        detail = f"{called} does not have the form that the guide asks for"
        yield fault("I12", detail, _better(element, value))


def _better(element: Element, value: str) -> str | None:
    """The value without blanks behind it, and a code in capitals, where that is all that it lacks; else None. A number
    stays as it is written: it may be an amount."""
    if element.type not in ("AN", "ID"):
        return None
    plain = value.rstrip(" ")
    codes = (element.codes or frozenset()) | (element.external or frozenset())
    for better in (plain, plain.upper()):
        if better == value or not element.min <= len(better) <= element.max:
            continue
        fits = better in codes if codes else better == plain and re.fullmatch(element.pattern or ".*", better)
        if fits:
            return better
    return None


def _note(definition: Definition, note: Note, elements: list[str]) -> Iterator[Fault]:
    filled = [n < len(elements) and bool(elements[n]) for n in note.elements]

    def fault(code: str, number: int, detail: str) -> Fault:
        e = definition.elements[number - 1] if number <= len(definition.elements) else None
        ref = e.ref if e else f"{definition.id}{number:02d}"
        value = elements[number] if number < len(elements) else ""
        return Fault(code, number, 0, 0, ref, e.name if e else "", e.data_element if e else "", value, detail)

    names = [f"{definition.id}{n:02d}" for n in note.elements]
    if note.kind == "P" and any(filled) and not all(filled):
        missing = note.elements[filled.index(False)]
        yield fault("2", missing, f"{' and '.join(names)} go together, and {definition.id}{missing:02d} is missing")
    elif note.kind == "R" and not any(filled):
        yield fault("2", note.elements[0], f"one of {', '.join(names)} is needed")
    elif note.kind == "E" and sum(filled) > 1:
        second = [n for n, f in zip(note.elements, filled, strict=True) if f][1]
        yield fault("10", second, f"only one of {', '.join(names)} may be present")
    elif note.kind == "C" and filled[0] and not all(filled):
        missing = note.elements[filled.index(False)]
        yield fault("2", missing, f"{names[0]} is present, so {definition.id}{missing:02d} is needed")
    elif note.kind == "L" and filled[0] and not any(filled[1:]):
        yield fault("2", note.elements[1], f"{names[0]} is present, so one of {', '.join(names[1:])} is needed")


def _date(element: Element, elements: list[str], number: int, format_at: int, kind: str) -> Iterator[Fault]:
    value = elements[number]
    fmt = elements[format_at] if format_at and format_at < len(elements) else kind
    if _exists(value, fmt) or not all(" " <= c <= "~" for c in value):
        return
    if kind in ("DT", "TM") and not element.min <= len(value) <= element.max:
        return  # Its length is the fault already reported.
    time = fmt == "TM"
    words = {"D8": "CCYYMMDD", "RD8": "CCYYMMDD-CCYYMMDD", "DT": "CCYYMMDDHHMM", "TM": "HHMM"}
    shape = "YYMMDD" if kind == "DT" and element.max == 6 else words.get(fmt, "")
    detail = f"{_called(element)} is no {'time' if time else 'date'} that exists" + (
        f" (written {shape})" if shape else ""
    )
    code = "9" if time else "8"
    yield Fault(code, number, 0, 0, element.ref, element.name, element.data_element, value, detail)


def _exists(value: str, fmt: str) -> bool:
    if fmt == "D8":
        return to_date(value) is not None
    if fmt == "RD8":
        return len(value) == 17 and value[8] == "-" and bool(to_date(value[:8]) and to_date(value[9:]))
    if fmt == "TM":
        return re.fullmatch(r"([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9]([0-9]{1,2})?)?", value) is not None
    if fmt == "DT":
        if len(value) == 12:
            return to_date(value[:8]) is not None and _exists(value[8:], "TM")
        if len(value) == 6 and value.isdigit():
            return _short_date(value)
        return to_date(value) is not None
    return True


def _short_date(value: str) -> bool:
    try:
        date(2000 + int(value[:2]), int(value[2:4]), int(value[4:]))
    except ValueError:
        return False
    return True


def _called(element: Element) -> str:
    return f"{element.ref} ({element.name})" if element.name else element.ref


def _odd(character: str) -> str:
    if character in "\r\n":
        return "a line break"
    if character == "\t":
        return "a tab"
    return f"the byte 0x{ord(character):02X}"
