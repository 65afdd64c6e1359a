"""A file in two: the claims that were accepted, and those that were not.

The events of the pipeline say where claims begin, what stands above them and what becomes of them; the bytes are taken
from the file as it came, so that nothing of a claim is changed. An interchange is divided when it is over: only then is
it known whether it stands.

Every claim goes to exactly one of the two. What no claim needs is left out of both, except where something is damaged:

* A set whose levels cannot be followed (an HL of no known level, a parent that is another's) goes to the rejected file
  as it is, without the claims that were accepted: giving its levels new numbers could give a claim another patient.
* An interchange of which nothing is accepted, and in which something stands outside the sets, goes to the rejected
  file as it is: whose it is, nobody can tell.
* Claims in sets that are not professional are carried to the rejected file as they stand, and so is X12 text that
  stands outside every interchange.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from scrubber.reports.held import judge_envelope
from scrubber.reports.split.original import Original
from scrubber.reports.split.portion import Portion, Span
from scrubber.reports.split.records import ClaimRecord, GroupRecord, Records, SetRecord
from scrubber.verdict import (
    ClaimStatus,
    ClaimVerdict,
    Event,
    FileEnd,
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    SetEnd,
    SetStart,
)
from scrubber.x12.loops import Loop
from scrubber.x12.recognise import SEGMENT
from scrubber.x12.segments import LONGEST_SEGMENT, Delimiters
from scrubber.x12.skeleton import BLANK, Mark, find_marks

LEVELS = {b"20": 0, b"22": 1, b"23": 2}
"""HL03, and how deep it stands."""

REJECTED = ClaimStatus.REJECTED

CHUNK = 1 << 18
_LOOSE_CLAIM = re.compile(rb"(?<![A-Za-z0-9])CLM(?=[^A-Za-z0-9\s])")
"""A claim where no delimiters are known."""


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
class _Interchange:
    start: int
    isa: list[str]
    delimiters: Delimiters
    rejected: bool = False
    stands: bool = False
    """Whether any claim of it is accepted."""


class Split:
    """Divides one file. Feed it every event of the pipeline, in order, and read the file through ``original``.

    ``accepted`` and ``rejected`` count the claims written; ``outside`` counts those among the rejected that the
    pipeline has not seen, because they are in no set that it could judge. Raises Unbalanced, and OSError as the file
    system does.
    """

    def __init__(self, accepted: IO[bytes], rejected: IO[bytes], directory: Path) -> None:
        self.original = Original(directory)
        self.accepted = Portion(accepted, self.original)
        self.rejected = Portion(rejected, self.original)
        self.outside = 0
        self.verbatim = False
        """Whether the levels of some set in the rejected file are as they came, right or wrong."""
        self.irregular = False
        """Whether the rejected file holds what stood outside its envelopes: no reader can be sure of it."""
        self._portions = (self.accepted, self.rejected)
        self._claims = Records(ClaimRecord, directory)
        self._sets = Records(SetRecord, directory)
        self._groups = Records(GroupRecord, directory)
        self._open: _Interchange | None = None
        self._done = 0
        """Everything before this position has been written, or left out."""
        self._group = 0
        self._standing = [0, 0, 0]
        """Accepted claims of the open set, group and interchange."""
        self._set: SetStart | None = None
        self._first = 0
        self._some_rejected = False

    def handle(self, event: Event) -> None:
        """Take the next event of the pipeline."""
        if type(event) is ClaimVerdict:
            self._take(event)
        elif isinstance(event, SetStart):
            self._set = event
            self._first = len(self._claims)
            self._some_rejected = False
        elif isinstance(event, SetEnd):
            self._end_set(event)
        elif isinstance(event, GroupStart):
            self._group = self.original.position(event.offset)
        elif isinstance(event, GroupEnd):
            self._groups.add(GroupRecord(self._group, self._settle(1, event)))
        elif isinstance(event, InterchangeStart):
            if event.wrapped is not None:
                self.original.join_lines(event.wrapped)
            start = self.original.position(event.offset)
            self._divide(start)
            self._open = _Interchange(start, event.isa, event.delimiters)
            self._standing = [0, 0, 0]
        elif isinstance(event, InterchangeEnd):
            if self._open is not None:
                self._open.rejected = self._settle(2, event)
                self._open.stands = self._standing[2] > 0
        elif isinstance(event, FileEnd):
            self._divide(self.original.size)
            if not self.rejected.claims:
                self.rejected.clear()  # Nothing but what stood around claims that were accepted.

    def close(self) -> None:
        """Let go of what was kept of the file."""
        self.original.close()
        for records in (self._claims, self._sets, self._groups):
            records.close()

    # Phase one: what is known of each claim --------------------------------------------------------------------

    def _take(self, verdict: ClaimVerdict) -> None:
        claim = verdict.claim
        loop = claim.loop
        position = self.original.position
        clm = start = claim.clm.offset
        segments = loop.segments
        if len(segments) > 1 and segments[1].offset < start:
            start = segments[1].offset  # Its CLM stands behind others of its segments.
        patient: Loop | None = None
        subscriber = loop.parent
        if subscriber is not None and subscriber.node.id == "2000C":
            patient, subscriber = subscriber, subscriber.parent
        provider = subscriber.parent if subscriber is not None else None
        rejected = verdict.status is REJECTED
        self._some_rejected = self._some_rejected or rejected
        self._standing[0] += not rejected
        self._claims.add(
            ClaimRecord(
                position(start),
                position(clm),
                position(_find_hl(provider)),
                position(_find_hl(subscriber)),
                position(_find_hl(patient)),
                rejected,
            )
        )

    def _end_set(self, event: SetEnd) -> None:
        start, self._set = self._set, None
        if start is not None:
            judged = len(start.st) > 1 and start.st[1] == "837"
            position = self.original.position(start.offset)
            lost = self._settle(0, event)
            claims = len(self._claims) - self._first
            self._sets.add(SetRecord(position, self._first, claims, lost, self._some_rejected, judged))

    def _settle(self, level: int, event: Event) -> bool:
        """An envelope is over: whether it is rejected, and its claims with it; else they stand as far as it does."""
        lost = judge_envelope(event)[0]
        inner = sum(self._standing[: level + 1])
        self._standing[: level + 1] = [0] * (level + 1)
        if not lost:
            self._standing[min(level + 1, 2)] += inner
        return lost

    # Phase two: an interchange is over ---------------------------------------------------------------------------

    def _divide(self, end: int) -> None:
        """Write what stands before ``end`` and has not been written."""
        interchange, self._open = self._open, None
        if interchange is None:
            self._carry_outside(self._done, end)
        else:
            _Division(self, interchange, end).run()
            for records in (self._claims, self._sets, self._groups):
                records.clear()
        self._done = end

    def _carry_outside(self, start: int, end: int) -> None:
        """What stands between interchanges, if it is X12."""
        if self._holds_segments(start, end):
            claims, held = 0, b""
            for at in range(start, end, CHUNK):
                data = held + self.original.read(at, min(at + CHUNK, end))
                claims += len(_LOOSE_CLAIM.findall(data))
                held = data[-3:]
            self._carry(Span(start, end), claims, outside=claims)

    def _holds_segments(self, start: int, end: int) -> bool:
        """Whether text that stands outside interchanges is X12."""
        held = b""
        for at in range(start, end, CHUNK):
            data = held + self.original.read(at, min(at + CHUNK, end))
            if SEGMENT.search(data):
                return True
            held = data[-3:]
        return False

    def _carry(self, span: Span, claims: int, outside: int) -> None:
        """Write text to the rejected file that is no whole interchange."""
        self.rejected.carry_outside(span, claims)
        self.outside += outside
        self.irregular = True


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


class _Division:
    """Divides one interchange, which reaches to ``end``."""

    def __init__(self, split: Split, interchange: _Interchange, end: int) -> None:
        self._split = split
        self._interchange = interchange
        self._end = end
        self._delimiters = interchange.delimiters
        self._element, self._terminator = (
            d.encode("latin-1") for d in (interchange.delimiters.element, interchange.delimiters.segment)
        )
        self._read = split.original.read
        self._doomed = interchange.rejected
        self._sets = split._sets.read()
        self._next_set = next(self._sets, None)
        self._groups = split._groups.read()
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
            self._split._carry(Span(head.start, self._end), claims, outside=claims - len(self._split._claims))
            return
        number = interchange.isa[13]
        for portion in self._split._portions:
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
        sets = self._split._sets.read()
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
                return self._split._holds_segments(end, self._end)
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
        for portion in self._split._portions:
            portion.begin_group(span, gs[6] if len(gs) > 6 else "")
        record = self._next_group
        if record is not None and record.start == span.start:
            self._next_group = next(self._groups, None)
            return record.rejected
        return False

    def _close_group(self, span: Span | None) -> None:
        self._in_group = False
        for portion in self._split._portions:
            portion.end_group(span)

    def _close_interchange(self, span: Span | None) -> None:
        self._close_group(None)
        for portion in self._split._portions:
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
            split._carry_outside(*loose)
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
                for portion in self._split._portions:
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
                for portion in self._split._portions:
                    portion.end_set(span if span.end > span.start else None)
        self._loose = Span(end, end)
        self._next_set = next(self._sets, None)

    def _parts(self, record: SetRecord, marks: _Marks) -> Iterator[Part]:
        """The parts of a set, whose ST has been taken from the marks, in order and without a gap."""
        claims = self._split._claims.read(record.first, record.claims)
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


def _find_hl(loop: Loop | None) -> int:
    """Where the HL of a level stands; 0 where it has none."""
    if loop is None or not loop.segments or loop.segments[0].elements[0] != "HL":
        return 0
    return loop.segments[0].offset
