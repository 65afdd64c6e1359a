"""One interchange that is over: its sets, levels and claims are found again in its bytes, and go where they belong."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from scrubber.reports.split.portion import Span
from scrubber.reports.split.records import ClaimRecord, SetRecord
from scrubber.x12.segments import LONGEST_SEGMENT, Delimiters
from scrubber.x12.skeleton import BLANK, Mark, find_marks

if TYPE_CHECKING:
    from scrubber.reports.split.split import Split

LEVELS = {b"20": 0, b"22": 1, b"23": 2}
"""HL03, and how deep it stands."""


class Unbalanced(Exception):
    """What was judged and what stands in the file do not agree: nothing may be released. Holds no patient data."""


class Kind(enum.Enum):
    """A part of a transaction set."""

    HEAD = enum.auto()
    LEVEL = enum.auto()
    CLAIM = enum.auto()
    END = enum.auto()


class Part(NamedTuple):
    """``claim`` is the claim's record; of a level, that of the next claim."""

    kind: Kind
    span: Span
    claim: ClaimRecord | None = None


@dataclass(slots=True)
class Interchange:
    start: int
    isa: list[str]
    delimiters: Delimiters
    rejected: bool = False
    stands: bool = False
    """Whether any claim of it is accepted."""


class _Marks:
    """Marks, one ahead."""

    def __init__(self, marks: Iterator[Mark], end: int) -> None:
        self._marks = marks
        self._end = Mark(end, b"")
        self.next = next(marks, self._end)

    def take(self) -> Mark:
        taken = self.next
        self.next = next(self._marks, self._end)
        return taken


class Division:
    """Divides one interchange, which reaches to ``end``."""

    def __init__(self, split: Split, interchange: Interchange, end: int) -> None:
        self._split = split
        self._interchange = interchange
        self._end = end
        self._delimiters = interchange.delimiters
        self._element, self._terminator = (
            d.encode("latin-1") for d in (interchange.delimiters.element, interchange.delimiters.segment)
        )
        self._read = split.original.read
        self._doomed = interchange.rejected
        self._sets = split.sets.read()
        self._next_set = next(self._sets, None)
        self._groups = split.groups.read()
        self._next_group = next(self._groups, None)
        self._loose = Span(0, 0)
        self._loose_claims = self._loose_sets = 0
        self._in_group = False
        self._behind = False
        """Whether the interchange's IEA has come."""

    def run(self) -> None:
        """Write both portions."""
        interchange = self._interchange
        # The ISA is found again as it was read: by its elements, whatever their widths.
        body = interchange.start + len(self._delimiters.element.join(interchange.isa))
        marks = self._marks(body)
        head = Span(interchange.start, self._past_blanks(body + 1))
        newline = bytes(b for b in self._read(body + 1, body + 3) if b in b"\r\n")
        while marks.next.name == b"TA1":
            head = Span(head.start, self._segment_end(marks.take().position))
        self._loose = Span(head.end, head.end)
        if not interchange.stands and self._has_strays(body, head.end):
            claims = sum(mark.name == b"CLM" for mark in self._find_marks(body))
            self._split.carry(Span(head.start, self._end), claims, outside=claims - len(self._split.claims))
            return
        number = interchange.isa[13]
        for portion in self._split.portions:
            portion.begin_interchange(head, number, self._delimiters, newline)
        group_doomed = False
        while (mark := marks.next).name:
            name = mark.name
            if name == b"ST" and self._is_judged(mark.position):
                self._flush(mark.position)
                assert self._next_set is not None
                self._write_set(self._next_set, marks, group_doomed)
                continue
            marks.take()
            if self._behind or name in (b"CLM", b"HL", b"SE", b"ST", b"TA1"):
                self._loose_claims += name == b"CLM"
                self._loose_sets += name == b"ST"
                continue
            self._flush(mark.position)
            span = Span(mark.position, self._segment_end(mark.position))
            self._loose = Span(span.end, span.end)
            if name == b"GS":
                group_doomed = self._open_group(span)
            elif name == b"GE":
                group_doomed = False
                self._close_group(span)
            else:
                self._close_interchange(span)
        self._flush(self._end)
        if not self._behind:
            self._close_interchange(None)

    def _marks(self, start: int) -> _Marks:
        return _Marks(self._find_marks(start), self._end)

    def _find_marks(self, start: int) -> Iterator[Mark]:
        return find_marks(self._read, start, self._end, self._delimiters)

    def _has_strays(self, body: int, end: int) -> bool:
        """Whether anything stands outside the sets but the segments of envelopes. ``body`` is where the terminator of
        the ISA stands, ``end`` where the last of these segments ends."""
        sets = self._split.sets.read()
        coming = next(sets, None)
        in_set = in_group = False
        for position, name in self._find_marks(body):
            if position < end or (in_set and name in (b"CLM", b"HL")):
                continue
            if in_set:
                in_set = False
                if name == b"SE":
                    end = self._segment_end(position)
                    continue
                end = position
            if self._past_blanks(end) < position or name not in (b"GS", b"ST", b"GE", b"IEA"):
                return True
            end = self._segment_end(position)
            if name == b"IEA":
                return self._split.holds_segments(end, self._end)
            if name == b"ST":
                if not in_group or coming is None or coming.start != position or not coming.judged:
                    return True
                in_set, coming = True, next(sets, None)
            elif name == b"GE" and not in_group:
                return True
            else:
                in_group = name == b"GS"
        return not in_set and self._past_blanks(end) < self._end

    # Envelopes --------------------------------------------------------------------------------------------------

    def _open_group(self, span: Span) -> bool:
        """Begin a group; whether it is rejected."""
        self._close_group(None)
        self._in_group = True
        gs = self._elements(span)
        for portion in self._split.portions:
            portion.begin_group(span, gs[6] if len(gs) > 6 else "")
        record = self._next_group
        if record is not None and record.start == span.start:
            self._next_group = next(self._groups, None)
            return record.rejected
        return False

    def _close_group(self, span: Span | None) -> None:
        self._in_group = False
        for portion in self._split.portions:
            portion.end_group(span)

    def _close_interchange(self, span: Span | None) -> None:
        self._close_group(None)
        for portion in self._split.portions:
            portion.end_interchange(span)
        self._behind = True

    def _is_judged(self, position: int) -> bool:
        """Whether a set begins here that the pipeline has judged."""
        record = self._next_set
        if self._behind or record is None or record.start != position:
            return False
        if not record.judged:
            self._next_set = next(self._sets, None)
        return record.judged

    def _flush(self, end: int) -> None:
        """Carry on what stood in no judged set, if it holds claims."""
        split, loose = self._split, Span(self._loose.start, end)
        if self._behind:
            split.carry_outside(*loose)
        elif self._loose_claims:
            split.rejected.carry(loose, self._loose_claims, self._loose_sets)
            split.outside += self._loose_claims
            split.irregular = True
        self._loose = Span(end, end)
        self._loose_claims = self._loose_sets = 0

    # Transaction sets -----------------------------------------------------------------------------------------------

    def _write_set(self, record: SetRecord, marks: _Marks, group_doomed: bool) -> None:
        doomed = self._doomed or group_doomed or record.rejected
        accepted, rejected = self._split.accepted, self._split.rejected
        verbatim = (doomed or record.some_rejected) and not self._is_sound(record)
        self._split.verbatim = self._split.verbatim or verbatim
        self._split.irregular = self._split.irregular or not self._in_group
        levels: dict[int, Span] = {}
        end = record.start
        marks.take()
        for kind, span, claim in self._parts(record, marks):
            end = span.end
            if kind is Kind.HEAD:
                st = self._elements(Span(span.start, self._segment_end(span.start)))
                for portion in self._split.portions:
                    portion.begin_set(span, st[2] if len(st) > 2 else "")
            elif kind is Kind.LEVEL:
                if claim is not None and span.start in claim[2:5]:
                    levels[span.start] = span
                if verbatim:
                    rejected.copy(span)
            elif kind is Kind.CLAIM:
                assert claim is not None
                above = [levels.get(position) for position in claim[2:5]]
                levels = {span.start: span for span in above if span is not None}
                if not (doomed or claim.rejected):
                    accepted.add(span, above)
                elif verbatim:
                    rejected.copy(span)
                    rejected.claims += 1
                else:
                    rejected.add(span, above)
            else:
                for portion in self._split.portions:
                    portion.end_set(span if span.end > span.start else None)
        self._loose = Span(end, end)
        self._next_set = next(self._sets, None)

    def _parts(self, record: SetRecord, marks: _Marks) -> Iterator[Part]:
        """The parts of a set, whose ST has been taken from the marks, in order and without a gap."""
        claims = self._split.claims.read(record.first, record.claims)
        coming = next(claims, None)
        kind, start, current = Kind.HEAD, record.start, coming
        while True:
            mark = marks.next
            if coming is not None and coming.start <= mark.position:
                yield Part(kind, Span(start, coming.start), current if kind is not Kind.LEVEL else coming)
                kind, start, current = Kind.CLAIM, coming.start, coming
                if marks.take() != (coming.clm, b"CLM"):
                    raise Unbalanced(f"a claim was judged at byte {coming.clm}, where the file has none")
                coming = next(claims, None)
            elif mark.name == b"CLM":
                raise Unbalanced(f"the claim at byte {mark.position} was not judged")
            else:
                yield Part(kind, Span(start, mark.position), current if kind is not Kind.LEVEL else coming)
                if mark.name != b"HL":
                    break
                kind, start, current = Kind.LEVEL, marks.take().position, None
        if coming is not None:
            raise Unbalanced(f"a claim was judged at byte {coming.clm}, behind the end of its set")
        end = mark.position
        if mark.name == b"SE":
            end = self._segment_end(marks.take().position)
        yield Part(Kind.END, Span(mark.position, end))

    def _is_sound(self, record: SetRecord) -> bool:
        """Whether every level of a set is known, numbered as it stands, and the claims were judged under it."""
        stack: list[tuple[int, bytes]] = []
        for kind, span, claim in self._parts(record, self._marks(record.start)):
            if kind is Kind.LEVEL:
                hl = self._read(span.start, min(span.start + 100, span.end)).partition(self._terminator)[0]
                elements = [e.rstrip() for e in hl.split(self._element)]
                depth = LEVELS.get(elements[3]) if len(elements) > 3 else None
                if depth is None or depth > len(stack) or not elements[1]:
                    return False
                if elements[2] != (stack[depth - 1][1] if depth else b""):
                    return False
                stack[depth:] = [(span.start, elements[1])]
            elif kind is Kind.CLAIM:
                assert claim is not None
                above = [position for position, _ in stack]
                if len(above) < 2 or [p for p in claim[2:5] if p] != above:
                    return False
        return True

    # Segments -------------------------------------------------------------------------------------------------------

    def _segment_end(self, start: int) -> int:
        """Where a segment and the blanks behind its terminator end."""
        for at in range(start, min(start + LONGEST_SEGMENT, self._end), 1 << 10):
            found = self._read(at, min(at + (1 << 10), self._end)).find(self._terminator)
            if found >= 0:
                return self._past_blanks(at + found + 1)
        return self._end

    def _past_blanks(self, position: int) -> int:
        while position < self._end:
            data = self._read(position, min(position + 64, self._end))
            rest = data.lstrip(BLANK)
            position += len(data) - len(rest)
            if rest:
                break
        return position

    def _elements(self, span: Span) -> list[str]:
        text = self._read(span.start, min(span.start + 1_000, span.end)).partition(self._terminator)[0]
        return text.decode("latin-1").split(self._delimiters.element)
