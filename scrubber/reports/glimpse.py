"""The text of a segment that a finding points at: from the claim that holds it, or from the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from scrubber.finding import Location
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment

AROUND = 2048
"""Bytes read on both sides of a place: far more than a segment of an 837 holds."""


@dataclass(slots=True)
class Sight:
    """A segment as text, the byte it starts at, and a way to others of the same claim. ``found`` is the segment itself
    where it was read with its claim."""

    text: str
    offset: int
    beside: Callable[[Location], Sight | None]
    found: Segment | None = None

    def name_of(self, element: str) -> str:
        """What the guide calls an element (``SV107-1``), or nothing where it is not known."""
        use = self.found.use if self.found else None
        if use is None:
            return ""
        number, _, component = element[len(use.id) :].partition("-")
        elements = use.definition.elements
        if not number.isdecimal() or not 0 < int(number) <= len(elements):
            return ""
        named = elements[int(number) - 1]
        parts = named.components or ()
        if component.isdecimal() and 0 < int(component) <= len(parts):
            named = parts[int(component) - 1]
        return named.name


def find_segment(loop: Loop, where: Location, separator: str) -> Sight | None:
    """The segment at this place, in a claim's loop or in one around it. None where the claim does not hold it (a
    missing segment's place may lie behind its end)."""
    if not where.ordinal:
        return None
    for segment in _segments(loop):
        if segment.ordinal == where.ordinal:
            text = separator.join(segment.elements)
            return Sight(text, segment.offset, lambda other: find_segment(loop, other, separator), segment)
    return None


def _segments(loop: Loop) -> Iterator[Segment]:
    for inner in loop.walk():
        yield from inner.segments
    outer = loop.parent
    while outer is not None:
        yield from outer.segments
        for child in outer.children:
            if not child.children and child is not loop:
                yield from child.segments
        outer = outer.parent


class Glimpse:
    """Looks into a file again. Only for files that can be opened twice: of a stream nothing is shown."""

    def __init__(self, opener: Callable[[str], BinaryIO]) -> None:
        self._open = opener
        self._path: str | None = None
        self.delimiters: Delimiters | None = None

    def open(self, path: str) -> None:
        """Look into this file from now on."""
        self._path = path
        self.delimiters = None

    def segment(self, where: Location) -> Sight | None:
        """The segment around a byte of the file, or None when it cannot be shown."""
        if self._path is None or self.delimiters is None:
            return None
        begin = max(0, where.offset - AROUND)
        try:
            with self._open(self._path) as stream:
                stream.seek(begin)
                text = stream.read(2 * AROUND + where.length).decode("latin-1")
        except OSError:
            return None
        terminator = self.delimiters.segment
        at = where.offset - begin
        start = text.rfind(terminator, 0, at) + 1
        end = text.find(terminator, at)
        shown = text[start : end if end >= 0 else at + AROUND]
        start += len(shown) - len(shown := shown.lstrip("\r\n"))
        shown = shown.rstrip("\r\n")
        if shown.startswith("ISA"):
            shown = _without_secrets(shown, self.delimiters.element)
        return Sight(shown, begin + start, self.segment)


def _without_secrets(isa: str, separator: str) -> str:
    """ISA02 and ISA04 may hold a password: never on a screen or in a log."""
    elements = isa.split(separator)
    for number in (2, 4):
        if number < len(elements):
            elements[number] = "".join(c if c == " " else "x" for c in elements[number])
    return separator.join(elements)
