"""Bytes of places in a file whose lines are broken at a fixed length, in midst of segments.

The reader joins such lines, so that a place in a segment is its distance from the segment's first byte, counted without
the line ends between. Here they are counted in. Files of any other layout pass by untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from scrubber.claims.model import Claim
from scrubber.finding import Finding, Location
from scrubber.reports.glimpse import find_segment
from scrubber.verdict import (
    ClaimVerdict,
    Event,
    FileEnd,
    FileStart,
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    SetEnd,
    SetStart,
)

AROUND = 1 << 12
"""Bytes that are looked through for the begin of a segment: more than any of an 837 holds."""

REMEMBERED = 10_000
"""Places that are kept in mind at a time: hostile input must not fill memory."""


class Fold(NamedTuple):
    """The bytes of each line, and of its end, from the first byte of the file on."""

    line: int
    end: int

    def reach(self, start: int, distance: int) -> int:
        """The byte so many bytes of text behind another."""
        return start + distance + (start % sum(self) + distance) // self.line * self.end

    def measure(self, start: int, byte: int) -> int:
        """The bytes of text between two bytes of the file: what ``reach`` went."""
        return byte - start - (byte // sum(self) - start // sum(self)) * self.end

    def is_text(self, byte: int) -> bool:
        """Whether a byte is no line end."""
        return byte % sum(self) < self.line


def find_fold(event: InterchangeStart) -> Fold | None:
    """How lines of an interchange are broken; None where they are not."""
    return Fold(*event.wrapped) if event.wrapped is not None else None


class Unfolder:
    """Puts the places of one run's files right, event by event.

    A segment's begin is known from the claim that holds it, or is looked for in the file, which ``opener`` opens once
    more, or (ISA, GS, ST) is known from its envelope. Of a stream some stay unknown: in trailers, levels without a
    claim, and lines of earlier claims, what stands behind a line end is told without it.
    """

    def __init__(self, opener: Callable[[str], BinaryIO]) -> None:
        self._open = opener
        self._fold: Fold | None = None
        self._path = ""
        self._terminator = b""
        self._envelope: dict[str | None, int] = {}
        """The begin of ISA, GS and ST of the envelopes that are open."""
        self._above: dict[Location, Location] = {}
        """Places above the claims as told, each as it is: they are told again when their claims are gone."""
        self._inside: dict[Location, Location] = {}
        """The same of claims of the open set, one of which may be why it is rejected."""

    def unfold(self, event: Event) -> Event:
        """The event, its places as the file has them."""
        if type(event) is FileStart:
            self._fold, self._path = None, event.path
            self._above.clear()
        elif type(event) is InterchangeStart and (fold := find_fold(event)) is not None:
            self._fold = fold
            self._terminator = event.delimiters.segment.encode("latin-1")
            self._envelope["ISA"] = event.offset
        if self._fold is None:
            return event
        if isinstance(event, ClaimVerdict):
            return self._verdict(event)
        if isinstance(event, GroupStart):
            self._envelope["GS"] = event.offset
        elif isinstance(event, SetStart):
            self._envelope["ST"] = event.offset
            self._inside.clear()
        elif isinstance(event, SetEnd | InterchangeEnd):
            cause = self._finding(event.cause) if event.cause else None
            return replace(event, findings=self._findings(event.findings), cause=cause)
        elif isinstance(event, GroupEnd | FileEnd):
            return replace(event, findings=self._findings(event.findings))
        return event

    def _verdict(self, verdict: ClaimVerdict) -> ClaimVerdict:
        claim = verdict.claim
        for level in claim.loop.around()[1:]:
            for finding in level.findings:  # Told again when the set is over: this claim is gone by then.
                self._finding(finding, claim)
        return replace(verdict, findings=self._findings(verdict.findings, claim))

    def _findings(self, findings: Iterable[Finding], claim: Claim | None = None) -> tuple[Finding, ...]:
        return tuple([self._finding(finding, claim) for finding in findings])

    def _finding(self, finding: Finding, claim: Claim | None = None) -> Finding:
        related = tuple([self._location(where, claim) for where in finding.related])
        return replace(finding, where=self._location(finding.where, claim), related=related)

    def _location(self, where: Location, claim: Claim | None) -> Location:
        known = self._above if where.claim is None else self._inside
        right = known.get(where)
        if right is None:
            right = self._work_out(where, claim)
            if len(known) < REMEMBERED:
                known[where] = right
        return right

    def _work_out(self, where: Location, claim: Claim | None) -> Location:
        fold = self._fold
        assert fold is not None
        start = self._begin(where, claim) if where.element is not None else where.offset
        if start is None or not fold.is_text(start):
            return where  # Unknown; or a line end, which is itself what the finding is about.
        distance = where.offset - start
        first = fold.reach(start, distance)
        behind = fold.reach(start, distance + where.length - 1) + 1 if where.length else first
        return replace(where, offset=first, length=behind - first)

    def _begin(self, where: Location, claim: Claim | None) -> int | None:
        """The first byte of the segment that holds a place; None where it is not known."""
        sight = find_segment(claim.loop, where, claim.delimiters.element) if claim is not None else None
        if sight is not None and 0 <= where.offset - sight.offset <= len(sight.text):
            return sight.offset
        begin = self._look_up(where.offset)
        return self._envelope.get(where.segment) if begin is None else begin

    def _look_up(self, near: int) -> int | None:
        """The begin of the segment that this byte stands in, or (a line end was not counted) in which it should."""
        first = max(0, near - AROUND)
        try:
            with self._open(self._path) as stream:
                stream.seek(first)
                before = stream.read(near - first)
        except OSError:
            return None
        begin = before.rfind(self._terminator) + 1
        if not begin and first:
            return None  # Its segment is longer than any of an 837.
        return first + begin + len(before) - begin - len(before[begin:].lstrip(b"\r\n"))
