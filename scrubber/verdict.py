"""What the pipeline says: verdicts on claims, and what happened to the envelopes around them.

The pipeline yields these in file order. A report is a writer fed with them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from scrubber.claims.model import Claim, Provider, Subscriber
from scrubber.finding import Finding, Unchecked
from scrubber.x12.segments import Delimiters, Segment


class ClaimStatus(enum.StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class SetStatus(enum.StrEnum):
    """IK501 of the 999."""

    ACCEPTED = "A"
    ACCEPTED_WITH_ERRORS = "E"
    REJECTED = "R"


@dataclass(slots=True, eq=False, repr=False)
class FileStart:
    """A file begins."""

    path: str


@dataclass(slots=True, eq=False, repr=False)
class InterchangeStart:
    """``isa`` holds ISA01 to ISA16 as written, widths kept (index 0 is ``ISA``)."""

    isa: list[str]
    delimiters: Delimiters
    offset: int
    control_number: str
    """ISA13 as written."""
    wrapped: tuple[int, int] | None = None
    """Bytes of each line and of its end, where the file's lines are broken at a fixed length, in midst of segments."""


@dataclass(slots=True, eq=False, repr=False)
class GroupStart:
    """``gs`` holds GS01 to GS08 as written (index 0 is ``GS``)."""

    gs: list[str]
    offset: int
    control_number: str
    """GS06 as written."""


@dataclass(slots=True, eq=False, repr=False)
class SetStart:
    """``st``, ``bht`` and loops 1000A/1000B as far as they could be read when the first claim, or the end, came."""

    st: list[str]
    offset: int
    control_number: str
    """ST02 as written."""
    bht: Segment | None = None
    submitter: Segment | None = None
    """NM1*41 of 1000A."""
    receiver: Segment | None = None
    """NM1*40 of 1000B."""


@dataclass(slots=True, eq=False, repr=False)
class ClaimVerdict:
    """One claim judged on its own merits.

    ``findings`` hold the claim's own, and a copy marked ``inherited`` of each reject that stands above it (provider,
    subscriber, patient). ``status`` is final unless the transaction set is rejected as a whole: see SetEnd.
    ``syntax`` says that a structural fault, reported on the 999, is among what rejects it (684 on the 277CA).
    """

    claim: Claim
    ordinal: int
    """Number of the claim in its transaction set, from 1."""
    status: ClaimStatus
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    provider: Provider | None
    provider_rejected: bool
    """A reject at the billing provider (2000A/2010AA…) rejects the provider's whole group."""
    subscriber: Subscriber | None
    syntax: bool = False
    known: int = 0
    """Findings that are not in ``findings``, because a baseline knows them."""


@dataclass(slots=True, eq=False, repr=False)
class SetEnd:
    """A transaction set is over. ``findings`` are those above its claims, and its structural faults inside claims are
    in the claims' verdicts. When ``status`` is R, every claim of the set is rejected with it; ``cause`` says why."""

    status: SetStatus
    findings: tuple[Finding, ...]
    segments: int
    claims: int
    codes: tuple[str, ...] = ()
    """IK502 to IK506."""
    cause: Finding | None = None


@dataclass(slots=True, eq=False, repr=False)
class GroupEnd:
    """``status`` is AK901: A, E, P or R. ``codes`` are AK905 to AK909."""

    status: str
    sets_declared: str
    """GE01 as written, ``""`` when GE is missing."""
    sets_received: int
    sets_accepted: int
    findings: tuple[Finding, ...]
    codes: tuple[str, ...] = ()


@dataclass(slots=True, eq=False, repr=False)
class InterchangeEnd:
    """``status`` is TA104: A, E or R; ``note`` is TA105. ``due`` says that a TA1 is to be sent (ISA14 = 1, or R)."""

    status: str
    note: str
    due: bool
    findings: tuple[Finding, ...]
    cause: Finding | None = None
    """What rejects the interchange, and with it every claim in it."""


@dataclass(slots=True, eq=False, repr=False)
class FileEnd:
    """``status`` is accepted, partial, rejected or unreadable."""

    path: str
    sha256: str
    size: int
    status: str
    findings: tuple[Finding, ...]
    """All findings above the claims, envelope and sets included, in file order."""
    error: str | None = None
    """Why the file could not be judged, in words for its reader; None when it was."""


Event = (
    FileStart | InterchangeStart | GroupStart | SetStart | ClaimVerdict | SetEnd | GroupEnd | InterchangeEnd | FileEnd
)


@dataclass(slots=True, eq=False, repr=False)
class Totals:
    """Counts for a summary; charges exact."""

    claims: int = 0
    accepted: int = 0
    rejected: int = 0
    charge_accepted: Decimal = Decimal(0)
    charge_rejected: Decimal = Decimal(0)
    findings: dict[str, int] = field(default_factory=lambda: {"reject": 0, "warning": 0, "info": 0})


@dataclass(frozen=True, slots=True)
class TableUsed:
    """A reference table as loaded: what the run knew."""

    name: str
    edition: str
    from_: date | None
    to: date | None
    rows: int
