"""Where in a file a fault lies: by name, by segment number and by byte."""

from __future__ import annotations

from dataclasses import replace

from scrubber.finding import Finding, Location
from scrubber.x12.guide import EPOCH_LOOPS
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment


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
            lx = outer.index.get("LX")
            written = lx.get(1) if lx else ""
            line = int(written) if written.isdecimal() and len(written) < 7 else None
        if outer.node.id == "2300":
            clm = outer.index.get("CLM")
            claim = (clm.get(1) or None) if clm else None
        scope = outer
        if outer.node.id in EPOCH_LOOPS:
            break
        outer = outer.parent
    return claim, line, scope


def locate(
    segment: Segment, element: int, component: int, repeat: int, delimiters: Delimiters, ref: str = ""
) -> Location:
    """The bytes of an element, component or repetition (0: the whole) of a segment."""
    elements = segment.elements
    offset = segment.offset
    if element == 0:
        length = sum(map(len, elements)) + len(elements) - 1
        name = None
    else:
        name = ref or f"{elements[0]}{element:02d}" + (f"-{component}" if component else "")
        offset += sum(map(len, elements[:element])) + element
        value = elements[element] if element < len(elements) else ""
        if repeat and delimiters.repetition:
            parts = value.split(delimiters.repetition)
            offset += sum(map(len, parts[: repeat - 1])) + repeat - 1
            value = parts[repeat - 1] if repeat <= len(parts) else ""
        if component:
            parts = value.split(delimiters.component)
            offset += sum(map(len, parts[: component - 1])) + min(component - 1, len(parts))
            value = parts[component - 1] if component <= len(parts) else ""
        end = segment.offset + sum(map(len, elements)) + len(elements) - 1
        offset = min(offset, end)  # A missing element points at the segment's end.
        length = len(value)
    loop = segment.loop
    claim, line, _ = context(loop) if loop is not None else (None, None, None)
    return Location(
        loop=(named(loop.id) or None) if loop is not None else None,
        segment=elements[0],
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
