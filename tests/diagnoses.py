"""Claims from a few diagnosis codes, and what the edits on diagnoses and pointers say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from judging import Judged, judge

from scrubber.catalogue.engine import Engine
from scrubber.catalogue.entry import Example
from scrubber.catalogue.examples import apply
from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import build, read_folder, shipped_folder
from scrubber.finding import Finding, Severity

RECEIVED = date(2026, 11, 22)
OURS = ("DX-", "PTR-")


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The packs under test alone: what the others say of these claims is not asked here."""
    root = shipped_folder()
    return build([read_folder(root / name, f"scrubber.edits.{name}") for name in ("payers", "tr3", "icd10cm")], {})


def claim(
    *codes: str,
    base: str = "office",
    day: str = "20260915",
    second_day: str = "",
    pointers: Sequence[str] = ("1", "1"),
    procedures: Sequence[str] = (),
    qualifiers: Sequence[str] = (),
    change: Mapping[str, str] | None = None,
    remove: tuple[str, ...] = (),
) -> Judged:
    """A base claim of two lines with these diagnoses (``""`` leaves a gap), judged.

    The lines are of ``day``, or the second of ``second_day``; ``pointers`` and ``procedures`` are theirs in turn.
    """
    sets = {f"2300.HI{n:02d}": "" for n in range(1, 4)}
    for number, code in enumerate(codes, 1):
        qualifier = qualifiers[number - 1] if qualifiers else "ABK" if number == 1 else "ABF"
        sets[f"2300.HI{number:02d}"] = f"{qualifier}:{code}" if code else ""
    sets["2400.DTP(472)03"] = day
    if second_day:
        sets["2400[2].DTP(472)03"] = second_day
    for number, pointer in enumerate(pointers, 1):
        sets[f"2400[{number}].SV107"] = pointer
    for number, procedure in enumerate(procedures, 1):
        sets[f"2400[{number}].SV101-2"] = procedure
    example = Example(base, sets | dict(change or {}), remove, (), (), RECEIVED, None, (), None)
    [judged] = [j for j in judge(apply(example), Engine(catalogue(), received=RECEIVED, strict=True)) if j.claim]
    return judged


def findings(*codes: str, **how: object) -> list[Finding]:
    """The findings of the edits under test, remarks about idle diagnoses (PTR-09) left out."""
    return [f for f in claim(*codes, **how).findings if f.edit.startswith(OURS) and f.edit != "PTR-09"]  # type: ignore[arg-type]


def said(*codes: str, **how: object) -> dict[str, Severity]:
    """Edit id to severity, of the rejects and warnings."""
    return {f.edit: f.severity for f in findings(*codes, **how) if f.severity is not Severity.INFO}


def remarks(*codes: str, **how: object) -> set[str]:
    """Ids of the findings that are info only."""
    return {f.edit for f in findings(*codes, **how) if f.severity is Severity.INFO}


def one(edit: str, *codes: str, **how: object) -> Finding:
    """The only finding of this edit."""
    [found] = [f for f in findings(*codes, **how) if f.edit == edit]
    return found


def words(finding: Finding) -> str:
    """A finding's message."""
    edit = catalogue().edit_of(finding)
    assert edit is not None
    return edit.message.format(**finding.values)
