"""A file with its corrections: copied segment by segment, in one pass, whatever its size.

What no order names is copied byte for byte. Every segment that is to change passes ``means_the_same`` first; one that
would say something else is left as it is, and counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple

from scrubber.fixes.hierarchy import Renumbering, renumber
from scrubber.fixes.meaning import means_the_same
from scrubber.fixes.orders import Order, Orders
from scrubber.x12.segments import BLANKS, BLOCK, LONGEST_SEGMENT, Delimiters, read_isa

MARK = b"\xef\xbb\xbf"


class Change(NamedTuple):
    """One segment that was corrected. ``before`` and ``after`` are its texts without terminator, ``after`` empty when
    it is gone. What concerns the whole file (lines joined, indents, a byte-order mark) is one change at byte 0, without
    texts or delimiters."""

    offset: int
    ordinal: int
    claim: str
    before: str
    after: str
    edits: tuple[str, ...]
    delimiters: Delimiters | None = None
    unended: bool = False
    """Whether the segment had no terminator before."""


class Piece(NamedTuple):
    """The bytes up to a terminator, blanks before the segment included. The last of a file may have none."""

    offset: int
    text: str
    ended: bool
    delimiters: Delimiters
    whole: bool = True
    """Whether it is a segment; else text of which nothing is known, to be copied."""


@dataclass(slots=True)
class Outcome:
    """What a pass came to. ``refused`` are segments whose correction would have changed what they say."""

    changed: int = 0
    refused: int = 0


def rewrite(source: IO[bytes], target: IO[bytes], orders: Orders, tell: Callable[[Change], None]) -> Outcome:
    """Copy a file with its corrections from one stream to another; ``tell`` hears of each in file order. The source can
    be seeked. Raises OSError as the streams do."""
    outcome = Outcome()
    if orders.joined:
        _join_lines(source, target)
        tell(Change(0, 0, "", "", "", (orders.joined,)))
        outcome.changed = 1
        return outcome
    hierarchy = renumber(_pieces(source, orders), orders.hierarchies) if orders.hierarchies else {}
    _Rewriting(target, orders, hierarchy, tell, outcome).run(source)
    return outcome


def _join_lines(source: IO[bytes], target: IO[bytes]) -> None:
    source.seek(0)
    while data := source.read(BLOCK):
        target.write(data.translate(None, b"\r\n"))


def _pieces(source: IO[bytes], orders: Orders) -> Iterator[Piece]:
    """The whole file in order: what stands before the first interchange, then each interchange's segments."""
    starts = [offset for offset, _ in orders.interchanges]
    none = Delimiters("", "", "", "")
    source.seek(0)
    before = starts[0] if starts else None
    yield from _raw(source, 0, before, none)
    for number, (start, delimiters) in enumerate(orders.interchanges):
        end = starts[number + 1] if number + 1 < len(starts) else None
        yield from _split(source, start, end, delimiters)


def _raw(source: IO[bytes], start: int, end: int | None, delimiters: Delimiters) -> Iterator[Piece]:
    source.seek(start)
    while end is None or start < end:
        data = source.read(BLOCK if end is None else min(BLOCK, end - start))
        if not data:
            return
        yield Piece(start, data.decode("latin-1"), False, delimiters, whole=False)
        start += len(data)


def _split(source: IO[bytes], start: int, end: int | None, delimiters: Delimiters) -> Iterator[Piece]:
    """The segments of one interchange, whose ISA is read by its elements: it may hold its own terminator."""
    terminator = delimiters.segment
    source.seek(start)
    tail = source.read(600 if end is None else min(600, end - start)).decode("latin-1")
    position, at = start, start + len(tail)
    isa = read_isa(tail)
    assert isa is not None, "the reader has read it"
    yield Piece(position, tail[: isa.length], True, delimiters)
    tail = tail[isa.length + 1 :]
    position += isa.length + 1
    while True:
        pieces = tail.split(terminator)
        tail = pieces.pop()
        for text in pieces:
            yield Piece(position, text, True, delimiters)
            position += len(text) + 1
        if len(tail) > LONGEST_SEGMENT:
            yield Piece(position, tail, False, delimiters, whole=False)
            position += len(tail)
            tail = ""
        data = source.read(BLOCK if end is None else min(BLOCK, end - at))
        if not data:
            break
        at += len(data)
        tail += data.decode("latin-1")
    if tail:
        yield Piece(position, tail, False, delimiters)


class _Rewriting:
    """One pass through a file."""

    def __init__(
        self,
        target: IO[bytes],
        orders: Orders,
        hierarchy: dict[int, Renumbering],
        tell: Callable[[Change], None],
        outcome: Outcome,
    ) -> None:
        self.target = target
        self.orders = orders
        self.hierarchy = hierarchy
        self.tell = tell
        self.outcome = outcome
        self.offsets = [order.offset for order in orders.changes]
        self.ordinal = 0
        self.claim = ""
        self.counting = ""
        """Edit that asks for the open claim's lines to be counted anew."""
        self.line = 0
        self.straightened = False

    def run(self, source: IO[bytes]) -> None:
        for piece in _pieces(source, self.orders):
            text = self._piece(piece) if piece.whole else self._raw(piece)
            self.target.write(text.encode("latin-1"))

    def _raw(self, piece: Piece) -> str:
        if piece.offset == 0 and self.orders.mark and piece.text.startswith(MARK.decode("latin-1")):
            self._told(Change(0, 0, "", "", "", (self.orders.mark,)))
            return piece.text[len(MARK) :]
        return piece.text

    def _piece(self, piece: Piece) -> str:
        text, orders = piece.text, self.orders
        terminator = piece.delimiters.segment if piece.ended else ""
        body = text.lstrip(BLANKS)
        if not body:
            if orders.empties and piece.ended:
                self._told(Change(piece.offset, self.ordinal, self.claim, "", "", (orders.empties,), piece.delimiters))
                return ""
            return text + terminator
        lead = text[: len(text) - len(body)]
        behind = ""
        if not piece.ended:
            behind = body[len(body.rstrip(BLANKS)) :]
            body = body.rstrip(BLANKS)
        start = piece.offset + len(lead)
        edits: list[str] = []
        if orders.indents and lead.strip("\r\n"):
            lead = lead.translate({ord(" "): None, ord("\t"): None})
            if not self.straightened:
                self.straightened = True
                self._told(Change(0, 0, "", "", "", (orders.indents,)))
        after = self._segment(body, start, piece.delimiters, edits)
        if not piece.ended and orders.ending and body.startswith("IEA"):
            terminator = piece.delimiters.segment
            edits.append(orders.ending)
        if edits:
            told = Change(start, self.ordinal, self.claim, body, after, tuple(edits), piece.delimiters, not piece.ended)
            self._told(told)
        return lead + after + terminator + behind

    def _segment(self, body: str, start: int, delimiters: Delimiters, edits: list[str]) -> str:
        """The segment as it should be; what asks for it goes onto ``edits``."""
        separator = delimiters.element
        name, _, rest = body.partition(separator)
        self._follow(name, rest.partition(separator)[0], start)
        asked = self._asked(start, start + len(body))
        numbers = self.hierarchy.get(start) if name == "HL" else None
        line = str(self.line) if name == "LX" and self.counting else None
        if not asked and numbers is None and line is None:
            return body
        elements = body.split(separator)
        after = list(elements)
        for order in asked:
            if order.text is not None:
                _apply(order, order.text, after, elements, start)
        for order in asked:
            if order.text is None:
                _trim(after, order.element, delimiters)
        said = [order.edit for order in asked]
        if numbers is not None and len(after) > 2:
            after[1:3] = numbers.own, numbers.parent
            said.append(numbers.edit)
        if line is not None and len(after) > 1:
            after[1] = line
            said.append(self.counting)
        if after == elements:
            return body
        if not means_the_same(elements, after, delimiters):
            self.outcome.refused += 1
            return body
        edits += dict.fromkeys(said)
        return separator.join(after)

    def _asked(self, start: int, end: int) -> list[Order]:
        """The orders for bytes of a segment. Of two for the same bytes only the first: the next pass sees to the other,
        if it still stands."""
        asked: list[Order] = []
        changed = start
        for number in range(bisect_left(self.offsets, start), len(self.offsets)):
            order = self.orders.changes[number]
            if order.offset > end:
                break
            if order.text is None:
                asked.append(order)
            elif order.offset >= changed:
                asked.append(order)
                changed = order.offset + max(order.length, 1)
        return asked

    def _follow(self, name: str, first: str, start: int) -> None:
        """Know where in the file we are."""
        self.ordinal = 1 if name == "ST" else self.ordinal + 1 if self.ordinal else 0
        if name == "CLM":
            self.claim = first
            self.counting = self.orders.lines.get(start, "")
            self.line = 0
        elif name == "LX":
            self.line += 1
        elif name in ("HL", "ISA", "GS", "ST", "SE", "GE", "IEA"):
            self.claim = self.counting = ""
        if name in ("GS", "GE", "IEA"):
            self.ordinal = 0

    def _told(self, change: Change) -> None:
        self.outcome.changed += 1
        self.tell(change)


def _apply(order: Order, text: str, after: list[str], elements: list[str], start: int) -> None:
    """Carry out an order on a segment's elements. Orders come in the order of their bytes: what earlier ones did has
    moved this one's place, but from the element's end it stands where it stood."""
    number = order.element
    if number >= len(elements):
        after += [""] * (number - len(after) + 1)
        after[number] = text
        return
    at = order.offset - start - sum(map(len, elements[:number])) - number
    rest = len(elements[number]) - at - order.length
    if at >= 0 and rest >= 0:
        end = len(after[number]) - rest
        after[number] = after[number][: end - order.length] + text + after[number][end:]


def _trim(elements: list[str], number: int, delimiters: Delimiters) -> None:
    """Drop trailing delimiters: those of one composite, or (element 0) of the segment."""
    if 0 < number < len(elements):
        repeats = elements[number].split(delimiters.repetition) if delimiters.repetition else [elements[number]]
        trimmed = (repeat.rstrip(delimiters.component) for repeat in repeats)
        elements[number] = delimiters.repetition.join(trimmed)
    while not number and len(elements) > 1 and not elements[-1]:
        elements.pop()
