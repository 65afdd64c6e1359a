"""CLM-10: whether the procedure of a line may be billed on its day of service.

HCPCS Level II is looked up in CMS's own quarterly file. CPT has no public list: a code that Medicare's fee schedule
does not have is doubtful, not wrong. Without a table for the day the question stays open, and the claim says so.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from scrubber.catalogue.check import Gap, Hit, Knowledge, alike
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity

if TYPE_CHECKING:
    from scrubber.tables.hcpcs import HcpcsTable
    from scrubber.tables.pfs import FeeSchedule

_LEVEL_TWO = re.compile("[A-V][0-9]{4}").fullmatch
_CPT = re.compile("[0-9]{4}[0-9A-Z]").fullmatch
_LOCAL = re.compile("[W-Z][0-9A-Z]{4}").fullmatch
"""Codes of states and of workers' compensation: no national list has them."""


def billed(claim: Claim, know: Knowledge) -> Hashable:
    """Kinds of codes where no table is loaded, else the codes themselves with their days; None where a line has no
    code that could be one, or no day."""
    seen: set[Hashable] = set()
    any_table = _any_loaded(know.hcpcs, know.pfs)
    for line in claim.lines:
        if line.qualifier == "HC":
            kind, day = _kind(line.procedure), line.first
            if not kind or day is None:
                return None
            seen.add((line.procedure, day) if any_table else kind)
    return frozenset(seen)


@lru_cache(maxsize=1)
def _any_loaded(hcpcs: HcpcsTable, fees: FeeSchedule) -> bool:
    return bool(hcpcs.all()) or any(edition.complete for edition in fees.all())


@alike(billed)
def procedure_on_date(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
    """CLM-10: a code that does not exist, or not on this day. One gap a claim, whatever number of codes."""
    found: list[Hit | Gap] = []
    unknown = False
    for line in claim.lines:
        if line.qualifier != "HC" or not line.procedure:
            continue
        kind = _kind(line.procedure)
        if not kind:
            found.append(_hit(line, "form", know))
        elif line.first is not None:
            case = _case(line.procedure, kind, line.first, know)
            unknown = unknown or case is None
            if case:
                found.append(_hit(line, case, know))
    if unknown:
        found.append(Gap(know.params["gap"]))
    return found


@lru_cache(maxsize=16_384)
def _kind(code: str) -> str:
    """``level-two``, ``dental``, ``cpt`` or ``local``; ``""`` for what is no procedure code."""
    if _LEVEL_TWO(code):
        return "dental" if code[0] == "D" else "level-two"
    return "cpt" if _CPT(code) else "local" if _LOCAL(code) else ""


def _case(code: str, kind: str, day: date, know: Knowledge) -> str | None:
    """What is wrong, ``""`` for nothing, None where no table tells."""
    if kind == "level-two":
        if know.hcpcs.find(code, day) is not None:
            return ""
        if not know.hcpcs.knows(code, day):
            return None
        return "date" if know.hcpcs.listed(code, day) else "unlisted"
    if kind == "cpt":
        edition = know.pfs.on(day)
        if edition is None or not edition.complete:
            return None
        return "" if know.pfs.editions.find(day, code) else "not-in-schedule"
    return None if kind == "dental" else ""


def _hit(line: ServiceLine, case: str, know: Knowledge) -> Hit:
    values = {"case": case, "procedure": line.procedure, "fault": know.params["faults"][case]}
    doubtful = case == "not-in-schedule"
    return Hit(line.procedure_place, values, severity=Severity.WARNING if doubtful else None)
