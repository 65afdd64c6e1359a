"""One of the two files that a file is split into: the claims of one fate, in interchanges that are whole.

Nothing is written before a claim needs it, so that what stands around no claim is left out: levels, sets, groups,
interchanges. Numbers that count are counted anew; everything else stays as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, NamedTuple

from scrubber.reports.split.original import Original
from scrubber.x12.segments import Delimiters
from scrubber.x12.skeleton import BLANK, count_segments

CHUNK = 1 << 20
"""Bytes copied at a time."""

PROVIDER, SUBSCRIBER, PATIENT = range(3)
"""Levels that a claim stands under."""


class Span(NamedTuple):
    """Bytes of the original, from a position up to another."""

    start: int
    end: int


@dataclass(slots=True)
class _Envelope:
    """An interchange, group or set: its first segment (and, of a set, all before its levels), and its number."""

    head: Span | None
    number: bytes
    open: bool = False
    count: int = 0
    """What its last segment counts: groups, sets, segments."""


@dataclass(slots=True)
class _Level:
    """An HL that has been written. ``flag`` is where its HL04 stands in the output."""

    source: int
    number: int
    flag: int
    says: bytes
    """HL04 as written."""


class Portion:
    """Writes the claims it is given, and around them what they need.

    ``claims`` counts them. Give it every envelope of the file: those without claims leave no trace.
    """

    def __init__(self, out: IO[bytes], original: Original) -> None:
        self.claims = 0
        self._out = out
        self._original = original
        self._interchange = self._group = self._set = _Envelope(None, b"")
        self._levels: list[_Level] = []
        self._next = 1
        self._element = self._terminator = self._newline = b""

    # Envelopes --------------------------------------------------------------------------------------------------

    def begin_interchange(self, head: Span, number: str, delimiters: Delimiters, newline: bytes) -> None:
        """``newline`` is what stands behind the file's terminators, for segments that must be added."""
        self._interchange = _Envelope(head, number.encode("latin-1"))
        self._element, self._terminator = (d.encode("latin-1") for d in (delimiters.element, delimiters.segment))
        self._newline = newline
        self.begin_group(None, "")

    def begin_group(self, head: Span | None, number: str) -> None:
        """``head`` is the GS; None where a set stands outside a group."""
        self._group = _Envelope(head, number.encode("latin-1"))

    def begin_set(self, head: Span, number: str) -> None:
        """``head`` reaches from ST to the first level or claim."""
        self._set = _Envelope(head, number.encode("latin-1"))
        self._levels = []
        self._next = 1

    def end_set(self, se: Span | None) -> None:
        """``se`` is None where the file has none."""
        envelope = self._set
        if envelope.open:
            self._settle_flags(0)
            envelope.count += 1
            self._close(b"SE", envelope, se)
        self._set = _Envelope(None, b"")

    def end_group(self, ge: Span | None) -> None:
        envelope = self._group
        if envelope.open and envelope.head is not None:
            self._close(b"GE", envelope, ge)
        self.begin_group(None, "")

    def end_interchange(self, iea: Span | None) -> None:
        envelope = self._interchange
        if envelope.open:
            self._close(b"IEA", envelope, iea)
        self._interchange = _Envelope(None, b"")

    def _close(self, name: bytes, envelope: _Envelope, span: Span | None) -> None:
        """Write a last segment, its count and number made right."""
        text = self._original.read(*span) if span is not None else b""
        written, found, behind = text.partition(self._terminator)
        elements = written.split(self._element)
        right = len(elements) > 1 and elements[1].isdigit() and int(elements[1][:12]) == envelope.count
        count = elements[1] if right else b"%d" % envelope.count
        written = self._element.join([name, count, envelope.number, *elements[3:]])
        behind = behind if found else self._newline
        self._out.write(written + self._terminator + behind)

    # Claims -----------------------------------------------------------------------------------------------------

    def add(self, claim: Span, above: Sequence[Span | None]) -> None:
        """Write a claim, under the provider, subscriber and patient that it came with."""
        self._open_set()
        for depth, span in enumerate(above):
            levels = self._levels
            if span is not None and not (depth < len(levels) and levels[depth].source == span.start):
                self._settle_flags(depth)
                self._write_level(depth, span)
            elif span is None:
                self._settle_flags(depth)
        self.copy(claim)
        self.claims += 1

    def copy(self, span: Span) -> None:
        """Write a part of a set as it is."""
        self._open_set()
        self._set.count += self._copy(span)

    def carry(self, span: Span, claims: int, sets: int) -> None:
        """Write what stands in an interchange but in no set that could be judged, as it is."""
        self._open_group() if self._group.head is not None else self._open_interchange()
        self._copy(span)
        self._group.count += sets
        self.claims += claims

    def carry_outside(self, span: Span, claims: int) -> None:
        """Write what stands outside interchanges."""
        self._copy(span, whole=False)
        self.claims += claims

    def clear(self) -> None:
        """Take back everything that was written."""
        self._out.seek(0)
        self._out.truncate()

    def _open_interchange(self) -> None:
        envelope = self._interchange
        if not envelope.open and envelope.head is not None:
            self._copy(envelope.head)
            envelope.open = True

    def _open_group(self) -> None:
        envelope = self._group
        if not envelope.open:
            self._open_interchange()
            self._interchange.count += 1
            if envelope.head is not None:
                self._copy(envelope.head)
            envelope.open = True

    def _open_set(self) -> None:
        envelope = self._set
        if not envelope.open and envelope.head is not None:
            self._open_group()
            self._group.count += 1
            envelope.open = True
            envelope.count = self._copy(envelope.head)

    # Levels -----------------------------------------------------------------------------------------------------

    def _write_level(self, depth: int, span: Span) -> None:
        """Write an HL with the number that it has here, and what stands under it."""
        text = self._original.read(span.start, min(span.end, span.start + CHUNK))
        hl, found, _ = text.partition(self._terminator)
        elements = hl.split(self._element)
        elements += [b""] * (5 - len(elements))
        parent = self._levels[-1].number if self._levels else 0
        elements[1] = b"%d" % self._next
        elements[2] = b"%d" % parent if depth else b""
        says = elements[4] if elements[4] in (b"0", b"1") else b"0"
        elements[4] = says
        written = self._element.join(elements)
        self._levels.append(_Level(span.start, self._next, self._out.tell() + sum(map(len, elements[:4])) + 4, says))
        self._next += 1
        self._out.write(written + self._terminator)
        # What follows the HL begins with what stands behind its terminator, and ends where the span does.
        self._set.count += 1
        rest = Span(span.start + len(hl) + len(found), span.end)
        self._set.count += self._copy(rest)

    def _settle_flags(self, depth: int) -> None:
        """Leave the levels from this depth on; what they say of lower levels is made right."""
        while len(self._levels) > depth:
            level = self._levels.pop()
            below = b"1" if self._next > level.number + 1 else b"0"
            if level.says != below:
                self._out.seek(level.flag)
                self._out.write(below)
                self._out.seek(0, 2)

    def _copy(self, span: Span, *, whole: bool = True) -> int:
        """Copy bytes, piece by piece; how many segments they hold. ``whole``: a last one that is cut off gets its
        terminator."""
        count = 0
        held = b""
        for start in range(span.start, span.end, CHUNK):
            data = self._original.read(start, min(start + CHUNK, span.end))
            self._out.write(data)
            if whole:
                text = held + data
                cut = text.rfind(self._terminator) + 1
                count += count_segments(text[:cut], self._terminator)
                # Of a segment longer than all bounds it is enough to know that it has begun.
                held = text[cut:] if len(text) - cut < CHUNK else b"."
        if whole and held.strip(BLANK):
            self._out.write(self._terminator + self._newline)
            count += 1
        return count
