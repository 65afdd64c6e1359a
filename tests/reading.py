"""Base files to change, and what the reader finds in the result."""

from __future__ import annotations

import io
from pathlib import Path

from scrubber.finding import Finding
from scrubber.x12.events import ClaimRead, GroupClosed, InterchangeClosed, ReaderEvent, SetClosed
from scrubber.x12.read import read
from scrubber.x12.segments import Source

BASE = Path(__file__).parents[1] / "fixtures" / "base"

Segments = list[list[str]]


def base(name: str) -> Segments:
    """The segments of a base file, each a list of its elements."""
    return [line.removesuffix("~").split("*") for line in (BASE / f"{name}.837").read_text("ascii").splitlines()]


def write(
    segments: Segments, element: str = "*", component: str = ":", terminator: str = "~", eol: str = "\n"
) -> bytes:
    """The file of these segments, in these delimiters; a base file is written with ``*``, ``:`` and ``~``."""
    parts = []
    for elements in segments:
        parts.append(element.join(elements).replace(":", component) + terminator + eol)
    return "".join(parts).encode("latin-1")


def count(segments: Segments) -> Segments:
    """SE01 made right, so that only what was changed shows."""
    for i, elements in enumerate(segments):
        if elements[0] == "ST":
            start = i
        elif elements[0] == "SE":
            elements[1] = str(i - start + 1)
    return segments


def find(segments: Segments, start: str, nth: int = 0) -> int:
    """Index of the nth segment that starts with this text."""
    return [i for i, s in enumerate(segments) if "*".join(s).startswith(start)][nth]


class Stream(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__()
        self._data = data
        self._size = size
        self._at = 0

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        size = self._size if size < 0 else min(size, self._size)
        part = self._data[self._at : self._at + size]
        self._at += len(part)
        return part


def read_all(data: bytes, block: int = 0) -> list[ReaderEvent]:
    """The events of a file; ``block`` bytes come from the stream at a time."""
    stream = Stream(data, block) if block else io.BytesIO(data)
    return list(read(Source(stream, "-")))  # type: ignore[arg-type]


def findings(data: bytes) -> list[Finding]:
    """Every finding of the reader, those of claims included, in the order in which they come."""
    found: list[Finding] = []
    for event in read_all(data):
        if isinstance(event, ClaimRead):
            found += event.loop.findings
        elif isinstance(event, SetClosed | GroupClosed | InterchangeClosed):
            found += event.findings
    return found


def claims(data: bytes) -> list[str]:
    """CLM01 of every claim read; empty for a claim without CLM."""
    read = [event.loop for event in read_all(data) if isinstance(event, ClaimRead)]
    return [clm.get(1) if (clm := loop.find("CLM")) else "" for loop in read]
