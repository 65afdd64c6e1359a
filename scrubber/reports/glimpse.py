"""The text of a segment that a finding points at: from the claim that holds it, or from the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from scrubber.finding import Location
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment

if TYPE_CHECKING:
    from scrubber.reports.folds import Fold

AROUND = 2048
"""Bytes read on both sides of a place: far more than a segment of an 837 holds."""


_NO_BREAKS = str.maketrans("", "", "\r\n")


@dataclass(slots=True)
class Sight:
    """A segment as text, the byte it starts at, and a way to others of the same claim. ``found`` is the segment itself
    where it was read with its claim. ``fold`` is how lines of the file are broken, which they are not in ``text``."""

    text: str
    offset: int
    beside: Callable[[Location], Sight | None]
    found: Segment | None = None
    fold: Fold | None = None

    def stretch(self, where: Location) -> tuple[int, int]:
        """The part of the text that a place of this segment covers: first character, and length."""
        return find_stretch(where, self.offset, self.fold)

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


def find_stretch(where: Location, start: int, fold: Fold | None) -> tuple[int, int]:
    """The same, of a segment that begins at this byte."""
    if fold is None:
        return where.offset - start, where.length
    first = fold.measure(start, where.offset)
    return first, fold.measure(start, where.offset + where.length) - first


def find_segment(loop: Loop, where: Location, separator: str, fold: Fold | None = None) -> Sight | None:
    """The segment at this place, in a claim's loop or in one around it. None where the claim does not hold it (a
    missing segment's place may lie behind its end)."""
    if not where.ordinal:
        return None
    for segment in _segments(loop):
        if segment.ordinal == where.ordinal:
            text = separator.join(segment.elements)
            return Sight(text, segment.offset, lambda other: find_segment(loop, other, separator, fold), segment, fold)
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
        self.fold: Fold | None = None

    def open(self, path: str) -> None:
        """Look into this file from now on."""
        self._path = path
        self.delimiters = self.fold = None

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
        if self.fold is not None:
            shown = shown.translate(_NO_BREAKS)
        if shown.startswith("ISA"):
            shown = _without_secrets(shown, self.delimiters.element)
        return Sight(shown, begin + start, self.segment, fold=self.fold)


def _without_secrets(isa: str, separator: str) -> str:
    """ISA02 and ISA04 may hold a password: never on a screen or in a log."""
    elements = isa.split(separator)
    for number in (2, 4):
        if number < len(elements):
            elements[number] = "".join(c if c == " " else "x" for c in elements[number])
    return separator.join(elements)
