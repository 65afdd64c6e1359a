"""Visits counted: how often a service, or a diagnosis, comes back within a number of days.

A claim shows its own days only, and the file those of the day that it shares with others; what lies further back is
asked of the history, where one is kept (the watched folder). A limit is data: see ``pack.toml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from scrubber.catalogue.check import Hit, Knowledge, over_time, reads
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity

from .form import limit_form
from .groups import diagnoses_of, is_among, listed
from .memory import remembered

Limit = Mapping[str, Any]
"""A table of an entry's ``limits``."""


@reads(limit_form)
@over_time
@remembered
def too_many_visits(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """One finding for each limit that this claim goes beyond, at the line that does."""
    limits = know.params.get("limits", ())
    if not limits or (know.history is None and _is_one_visit(claim, limits)):
        return
    for limit in limits:
        counted = [line for line in claim.lines if line.first is not None and _counts(line, limit, know)]
        days = sorted({line.first for line in counted if line.first is not None})
        before = know.history.visits(_name(limit), days) if know.history is not None and days else ()
        alone, days = not before, sorted({*days, *before})
        for line in sorted(counted, key=_day):
            number = _number(days, _day(line), limit["window_days"])
            unless = any(modifier in limit.get("unless", ()) for modifier in line.modifiers)
            if number > limit["visits"] and not unless:
                yield _hit(line, number, limit, alone)
                break


def _is_one_visit(claim: Claim, limits: Sequence[Limit]) -> bool:
    """Whether the claim has one day, and every limit allows that."""
    return claim.service_from == claim.service_to and all(limit["visits"] for limit in limits)


def _name(limit: Limit) -> str:
    """What a limit counts, whatever it allows."""
    return " ".join(f"{key}={limit[key]}" for key in ("procedures", "diagnoses", "nothing_but") if key in limit)


def _day(line: ServiceLine) -> date:
    return line.first or date.min


def _number(days: list[date], day: date, window: int) -> int:
    """How many of the days lie in the window that ends with ``day``."""
    start = day - timedelta(days=window - 1)
    return sum(start <= other <= day for other in days)


def _counts(line: ServiceLine, limit: Limit, know: Knowledge) -> bool:
    groups = know.code_lists["diagnosis-groups"]
    if "procedures" in limit and not is_among(line.procedure, limit["procedures"]):
        return False
    pointed = [d for d in line.diagnoses if d.code]
    if "diagnoses" in limit and diagnoses_of(limit["diagnoses"], groups).first_in(pointed) is None:
        return False
    if "nothing_but" in limit:
        only = diagnoses_of(limit["nothing_but"], groups)
        return bool(pointed) and all(only.holds(d.code) for d in pointed)
    return True


def _hit(line: ServiceLine, number: int, limit: Limit, alone: bool) -> Hit:
    pointed = [d for d in line.diagnoses if d.code]
    window, most = limit["window_days"], limit["visits"]
    counted = "this claim alone" if alone else "the claims accepted before"
    problem = f"visit {number} within {window} days, counting {counted}, and {most} {limit['says']}"
    values = {"procedure": line.procedure, "codes": listed(pointed), "problem": problem}
    severity = Severity(limit["severity"]) if "severity" in limit else None
    return Hit(line.procedure_place, values, tuple(d.place for d in pointed), severity)
