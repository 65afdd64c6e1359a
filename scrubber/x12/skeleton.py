"""Where the parts of X12 text begin: envelopes, levels and claims. What is in them is not read.

This is for who cuts a file into pieces that must stay as they are. It finds segments as the walker does: by their id
behind a terminator, whatever blanks stand between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from scrubber.x12.segments import BLANKS, Delimiters

CHUNK = 1 << 18
"""Bytes looked at together."""

BLANK = BLANKS.encode("ascii")

Read = Callable[[int, int], bytes]
"""Bytes from a position up to another."""


class Mark(NamedTuple):
    """A segment that opens or closes something: CLM, HL, ST, SE, GS, GE, IEA or TA1."""

    position: int
    name: bytes


@lru_cache(maxsize=64)
def _opener(delimiters: Delimiters) -> re.Pattern[bytes]:
    element, terminator = (re.escape(d.encode("latin-1")) for d in (delimiters.element, delimiters.segment))
    names = rb"(CLM|HL|SE|ST|GS|GE|IEA|TA1)"
    return re.compile(rb"%b(?:[\r\n\t ]*|[\x00-\x20])%b(?=%b|%b)" % (terminator, names, element, terminator))


@lru_cache(maxsize=64)
def _empty(terminator: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:\A|%b)[\r\n\t ]*(?=%b)" % (re.escape(terminator), re.escape(terminator)))


def find_marks(read: Read, start: int, end: int, delimiters: Delimiters) -> Iterator[Mark]:
    """The marks between two positions, in order. One at ``start`` itself counts only behind a terminator: begin with
    the terminator of the segment before."""
    find = _opener(delimiters).finditer
    terminator = delimiters.segment.encode("latin-1")
    held = b""
    while start < end:
        data = held + read(start, min(start + CHUNK, end))
        base = start - len(held)
        start = min(start + CHUNK, end)
        last = 0
        for match in find(data):
            yield Mark(base + match.start(1), match[1])
            last = match.end()
        # A mark may straddle the chunk's end: its terminator, the blanks, and a part of its id.
        cut = data.rfind(terminator)
        rest = data[cut + 1 :].lstrip(BLANK)
        held = terminator + rest if last <= cut and len(rest) < 4 else b""


def count_segments(data: bytes, terminator: bytes) -> int:
    """Segments that end in a text that begins where one does; two terminators with nothing between hold none."""
    return data.count(terminator) - len(_empty(terminator).findall(data))
