"""What a finding is. This module imports nothing of ours: every floor may speak of findings.

A finding is a value, not an exception: it sorts, pickles and serialises. Its words (message, why, fix, citation,
status code) stand in the catalogue under its edit id; a finding carries only what differs from case to case.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Severity(enum.StrEnum):
    """How much a finding weighs. Only ``reject`` keeps a claim from being accepted."""

    REJECT = "reject"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding points: the place by name (loop, segment, element) and by number (segment, byte).

    ``ordinal`` counts segments in the transaction set with ST = 1 (what a 999 calls IK302); it is 0 outside a set.
    ``offset`` and ``length`` are bytes in the file. ``element`` is written ``HI02-2``; None means the whole segment.
    ``claim`` is the patient control number (CLM01) and ``line`` the service line number (LX01), where they apply.
    """

    loop: str | None
    segment: str | None
    element: str | None
    claim: str | None
    line: int | None
    ordinal: int
    offset: int
    length: int
    repeat: int = 0
    """Occurrence of a repeating element, from 1; 0 where the element does not repeat."""


class Fix(NamedTuple):
    """A correction. ``safe`` ones concern format only; the others are a question for a person."""

    safe: bool
    changes: Mapping[str, str]
    """Address to new value."""


LAYOUT = Fix(True, {})
"""A correction of what lies around values: trailing delimiters, empty segments, line breaks, a byte-order mark."""


class Waived(NamedTuple):
    """That an operator has set a finding aside: who, why, until which day. ``severity`` is what it weighs without."""

    severity: Severity
    reason: str
    owner: str
    expires: date


class Answered(NamedTuple):
    """That an edition of the user's own decided, where a source of the edit's citations is a reference table: what to
    cite instead of what is shipped."""

    table: str
    """What the source is the publication of: ``ncci-mue``."""
    title: str
    edition: str
    """Its name and dates: ``2024 Q3 (2024-07-01 to 2024-09-30)``."""
    elsewhere: bool = False
    """Whether it is published at another address than the source says: Medicaid's table, not Medicare's."""


NO_VALUES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault found at one place.

    ``values`` fill the placeholders of the edit's message and are the only field that may hold patient data, so
    that redaction has one place to work on. ``inherited`` marks the copy of a finding above the claim (envelope,
    provider, subscriber, patient) that is repeated under each claim it rejects; it is counted and acknowledged once.
    """

    edit: str
    severity: Severity
    where: Location
    values: Mapping[str, str] = field(default_factory=dict)
    related: tuple[Location, ...] = ()
    fix: Fix | None = None
    inherited: bool = False
    waived: Waived | None = None
    """Set on a finding that a waiver has made an information; it says what the finding weighed before."""
    fingerprint: str = ""
    """What the finding is known by from run to run, where somebody asks for it; see reports/fingerprint.py."""
    answered: tuple[Answered, ...] = ()
    """The editions that decided, where they are the user's own; mostly none."""

    @property
    def sort_key(self) -> tuple[int, int, str]:
        """Findings sort by place, then by edit id."""
        return (self.where.ordinal, self.where.offset, self.edit)


class Unchecked(NamedTuple):
    """What could not be judged, and why: silence about it would read as clean. ``also`` are the numbers of further
    lines that the same is true of."""

    edit: str
    reason: str
    line: int | None = None
    also: tuple[int, ...] = ()


def gather(unchecked: Iterable[Unchecked]) -> tuple[Unchecked, ...]:
    """One entry for each edit and reason: it names the first line, and the others behind it."""
    lines: dict[tuple[str, str], list[int]] = {}
    for gap in unchecked:
        known = lines.setdefault((gap.edit, gap.reason), [])
        known += [line for line in (gap.line, *gap.also) if line is not None and line not in known]
    return tuple(
        [
            Unchecked(edit, reason, found[0] if found else None, tuple(found[1:]))
            for (edit, reason), found in lines.items()
        ]
    )
