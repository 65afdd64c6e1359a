"""What the reader reports as it goes through a file, in file order."""

from __future__ import annotations

from dataclasses import dataclass, field

from scrubber.finding import Finding
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters


@dataclass(slots=True, eq=False, repr=False)
class InterchangeOpened:
    """``isa[n]`` is ISAn as written, widths kept; ``isa[0]`` is ``ISA``. ``wrapped`` is as ``Source`` has it."""

    isa: list[str]
    delimiters: Delimiters
    offset: int
    wrapped: tuple[int, int] | None = None


@dataclass(slots=True, eq=False, repr=False)
class GroupOpened:
    """``gs[n]`` is GSn as written."""

    gs: list[str]
    offset: int


@dataclass(slots=True, eq=False, repr=False)
class SetOpened:
    """``loop`` is the set's own loop: ST, BHT and, once read, 1000A and 1000B as children."""

    st: list[str]
    offset: int
    loop: Loop


@dataclass(slots=True, eq=False, repr=False)
class ClaimRead:
    """A whole claim: its loop 2300, whose parents are still as they were when it was read. ``delimiters`` are those
    that the data use: where ISA16 declares a component separator that they do not, not the declared ones."""

    loop: Loop
    delimiters: Delimiters


@dataclass(slots=True, eq=False, repr=False)
class SetClosed:
    """``findings`` are those outside claims; ``codes`` the IK502 codes of faults of the set's own envelope."""

    findings: list[Finding]
    segments: int


@dataclass(slots=True, eq=False, repr=False)
class GroupClosed:
    """``ge[1]`` is GE01 as written; None when the group has no GE."""

    ge: list[str] | None
    findings: list[Finding] = field(default_factory=list)
    sets: int = 0
    """Transaction sets received, those of a group that is refused among them."""


@dataclass(slots=True, eq=False, repr=False)
class InterchangeClosed:
    """``findings`` are those of the interchange's own envelope."""

    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class Unreadable:
    """The file, or this part of it, cannot be judged. ``reason`` is a sentence for its reader, without file data."""

    reason: str
    offset: int = 0


ReaderEvent = (
    InterchangeOpened | GroupOpened | SetOpened | ClaimRead | SetClosed | GroupClosed | InterchangeClosed | Unreadable
)
