"""Where in a file a fault lies: by name, by segment number and by byte."""

from __future__ import annotations

from dataclasses import replace

from scrubber.finding import Finding, Location
from scrubber.x12.guide import EPOCH_LOOPS
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Place, Segment


def named(loop_id: str | None) -> str:
    """The set's own loop has no name in the guide."""
    return "" if loop_id in (None, "ST_LOOP") else loop_id


def context(loop: Loop) -> tuple[str | None, int | None, Loop]:
    """The claim id and line number that a loop lies in, and the loop whose findings it adds to."""
    claim: str | None = None
    line: int | None = None
    scope = loop
    outer: Loop | None = loop
    while outer is not None:
        if outer.node.id == "2400" and line is None:
            line = number_line(outer)
        if outer.node.id == "2300":
            clm = outer.index.get("CLM")
            claim = (clm.get(1) or None) if clm else None
        scope = outer
        if outer.node.id in EPOCH_LOOPS:
            break
        outer = outer.parent
    return claim, line, scope


def number_line(line: Loop) -> int | None:
    """LX01 of a service line; where that is no number, its position in the claim. None where the claim does not hold
    it: of too many lines not all are kept."""
    lx = line.index.get("LX")
    written = lx.get(1) if lx else ""
    if written.isascii() and written.isdigit() and len(written) <= 6:
        return int(written)
    around = line.parent.children if line.parent is not None else []
    # From the end: a line that is being read is the last, however many there are.
    behind = next((number for number, loop in enumerate(reversed(around)) if loop is line), None)
    if behind is None:
        return None
    first = next(number for number, loop in enumerate(around) if loop.node is line.node)
    return len(around) - behind - first


def find_span(place: Place, delimiters: Delimiters) -> tuple[int, int]:
    """The first byte of a place, and how many it covers. Of what is not there it is none, at the end of what it should
    be in: the segment, the element or the repetition."""
    segment, element, component, repeat = place
    elements = segment.elements
    start = segment.offset
    if element == 0 or element >= len(elements):
        length = sum(map(len, elements)) + len(elements) - 1
        return (start + length, 0) if element else (start, length)
    start += sum(map(len, elements[:element])) + element
    text = elements[element]
    for number, delimiter in ((repeat, delimiters.repetition), (component, delimiters.component)):
        if number and delimiter:
            parts = text.split(delimiter)
            missing = number > len(parts)
            start += len(text) if missing else sum(map(len, parts[: number - 1])) + number - 1
            text = "" if missing else parts[number - 1]
    return start, len(text)


def locate(
    segment: Segment, element: int, component: int, repeat: int, delimiters: Delimiters, ref: str = ""
) -> Location:
    """Where a structural fault lies: an element, component or repetition (0: the whole) of a segment. ``ref`` is what
    the guide calls the element. (``address.locate`` does the same for edits, whose claim is known.)"""
    loop = segment.loop
    claim, line, _ = context(loop) if loop is not None else (None, None, None)
    name = ref or f"{segment.id}{element:02d}" + (f"-{component}" if component else "") if element else None
    offset, length = find_span(segment.at(element, component, repeat), delimiters)
    return Location(
        loop=(named(loop.id) or None) if loop is not None else None,
        segment=segment.id,
        element=name,
        claim=claim,
        line=line,
        ordinal=segment.ordinal,
        offset=offset,
        length=length,
        repeat=repeat,
    )


def replace_segment(finding: Finding, segment: str) -> Location:
    """The place of a finding, said to be about another segment than it was."""
    return replace(finding.where, segment=segment, length=len(segment))
