"""Where a finding stands: at which place, under whose name, and in which order it is told."""

from __future__ import annotations

from collections.abc import Iterable

from scrubber.finding import Finding, Location, Severity, Waived
from scrubber.reports.glimpse import Sight
from scrubber.reports.prose import harmless

PROVIDER_LOOPS = frozenset({"2000A", "2010AA", "2010AB", "2010AC"})
SUBSCRIBER_LOOPS = frozenset({"2000B", "2010BA", "2010BB"})
PATIENT_LOOPS = frozenset({"2000C", "2010CA"})
TRANSACTION, PROVIDER, SUBSCRIBER, PATIENT = OWNERS = ("transaction set", "billing provider", "subscriber", "patient")
"""Who a finding above the claims may be about, outermost first."""

Key = tuple[str, int, int]
"""What tells findings of one file apart: edit, segment, byte."""


def key_of(finding: Finding) -> Key:
    return (finding.edit, finding.where.ordinal, finding.where.offset)


def owner_of(where: Location) -> str:
    """Whose loop it is."""
    loop = where.loop or ""
    if loop in PROVIDER_LOOPS:
        return PROVIDER
    if loop in SUBSCRIBER_LOOPS:
        return SUBSCRIBER
    if loop in PATIENT_LOOPS:
        return PATIENT
    return TRANSACTION


def by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """Rejects first; the order of the file otherwise."""
    weight = {Severity.REJECT: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return sorted(findings, key=lambda f: weight[f.severity])


def first(cause: Finding | None, findings: list[Finding]) -> list[Finding]:
    """The cause before everything else."""
    return sorted(findings, key=lambda f: cause is None or key_of(f) != key_of(cause))


def say_place(finding: Finding, sight: Sight | None) -> str:
    """``line 2, SV107-1 (Diagnosis Code Pointer) in loop 2400 (segment 31 of the set, byte 1,034)``."""
    where = finding.where
    parts = [f"line {where.line}"] if where.line is not None else []
    named = where.element or where.segment or ""
    if where.element and sight and (name := sight.name_of(where.element)):
        named += f" ({name})"
    loop = f"loop {where.loop}" if where.loop else ""
    parts.append(f"{named} in {loop}" if named and loop else named or loop or "the file")
    if where.repeat:
        parts.append(f"repetition {where.repeat}")
    segment = f"segment {where.ordinal:,} of the set, " if where.ordinal else ""
    return f"{', '.join(parts)} ({segment}byte {where.offset:,})"


def say_waiver(waived: Waived) -> str:
    """``a reject until 2026-12-31, by J. Doe: agreed with the payer``."""
    return f"a {waived.severity} until {waived.expires}, by {waived.owner}: {waived.reason}"


def is_beside(finding: Finding, other: Location) -> bool:
    """Whether a related place lies in the finding's own claim, and not in an earlier one of the file."""
    return other.claim is None or other.claim == finding.where.claim


def say_other_claim(other: Location) -> str:
    """``claim NECK-1001, line 1, SV101-2 (byte 893)``: a related place in an earlier claim."""
    line = f", line {other.line}" if other.line is not None else ""
    name = harmless(other.claim or "")
    name = name if name.startswith("claim ") else f"claim {name}"  # Redacted, it is called by its number.
    return f"{name}{line}, {other.element or other.segment} (byte {other.offset:,})"
