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

import re
from pathlib import Path
from typing import IO

from scrubber.reports.held import judge_envelope
from scrubber.reports.split.division import Division, Interchange
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

REJECTED = ClaimStatus.REJECTED

CHUNK = 1 << 18
_LOOSE_CLAIM = re.compile(rb"(?<![A-Za-z0-9])CLM(?=[^A-Za-z0-9\s])")
"""A claim where no delimiters are known."""


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
        self.portions = (self.accepted, self.rejected)
        self.claims = Records(ClaimRecord, directory)
        self.sets = Records(SetRecord, directory)
        self.groups = Records(GroupRecord, directory)
        self._open: Interchange | None = None
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
            self._first = len(self.claims)
            self._some_rejected = False
        elif isinstance(event, SetEnd):
            self._end_set(event)
        elif isinstance(event, GroupStart):
            self._group = self.original.position(event.offset)
        elif isinstance(event, GroupEnd):
            self.groups.add(GroupRecord(self._group, self._settle(1, event)))
        elif isinstance(event, InterchangeStart):
            if event.wrapped is not None:
                self.original.join_lines(event.wrapped)
            start = self.original.position(event.offset)
            self._divide(start)
            self._open = Interchange(start, event.isa, event.delimiters)
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
        for records in (self.claims, self.sets, self.groups):
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
        self.claims.add(
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
            claims = len(self.claims) - self._first
            self.sets.add(SetRecord(position, self._first, claims, lost, self._some_rejected, judged))

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
            self.carry_outside(self._done, end)
        else:
            Division(self, interchange, end).run()
            for records in (self.claims, self.sets, self.groups):
                records.clear()
        self._done = end

    def carry_outside(self, start: int, end: int) -> None:
        """What stands between interchanges, if it is X12."""
        if self.holds_segments(start, end):
            claims, held = 0, b""
            for at in range(start, end, CHUNK):
                data = held + self.original.read(at, min(at + CHUNK, end))
                claims += len(_LOOSE_CLAIM.findall(data))
                held = data[-3:]
            self.carry(Span(start, end), claims, outside=claims)

    def holds_segments(self, start: int, end: int) -> bool:
        """Whether text that stands outside interchanges is X12."""
        held = b""
        for at in range(start, end, CHUNK):
            data = held + self.original.read(at, min(at + CHUNK, end))
            if SEGMENT.search(data):
                return True
            held = data[-3:]
        return False

    def carry(self, span: Span, claims: int, outside: int) -> None:
        """Write text to the rejected file that is no whole interchange."""
        self.rejected.carry_outside(span, claims)
        self.outside += outside
        self.irregular = True


def _find_hl(loop: Loop | None) -> int:
    """Where the HL of a level stands; 0 where it has none."""
    if loop is None or not loop.segments or loop.segments[0].elements[0] != "HL":
        return 0
    return loop.segments[0].offset
