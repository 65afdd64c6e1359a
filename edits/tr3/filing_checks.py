"""Filing a claim: whether it is in time, and whether its number fits."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Severity

Found = Iterable[Hit | Gap]
NOTHING: tuple[Hit, ...] = ()


def timely_filing(claim: Claim, know: Knowledge) -> Found:
    """CLM-07: the claim comes before the payer's limit has run out, counted from each line's first day of service.

    The limit is the profile's: ``months`` (calendar), else ``days``; with neither the payer's limit is not known and
    nothing is said. One finding a claim, at its first late line.
    """
    params, received, oldest = know.params, know.received, claim.service_from
    months, days = params["months"], params["days"]
    if oldest is None or not (months or days) or received <= oldest:
        return NOTHING
    if (_deadline(oldest, months, days) - received).days >= params["warn_days"]:
        return NOTHING
    late: list[ServiceLine] = []
    near: list[ServiceLine] = []
    for line in claim.lines:
        if line.service is None or line.first is None:
            continue
        last = _deadline(line.first, months, days)
        if received > last:
            late.append(line)
        elif (last - received).days < params["warn_days"]:
            near.append(line)
    lines = late or near
    return (_filed(claim, lines, bool(late), know),) if lines else NOTHING


def _filed(claim: Claim, lines: list[ServiceLine], late: bool, know: Knowledge) -> Hit:
    line, *others = lines
    assert line.service is not None
    assert line.first is not None
    params, received = know.params, know.received
    deadline = _deadline(line.first, params["months"], params["days"])
    prolonged = deadline
    if params["next_working_day"]:
        prolonged = next_working_day(deadline, know.code_lists["federal-holidays"])
    reason = claim.clm.get(20)
    if not late:
        case = "near"
    elif received <= prolonged:
        case = "weekend"
    elif reason:
        case = "excused"
    elif claim.frequency in params["corrections"]:
        case = "correction"
    else:
        case = "late"
    values = {
        "case": case,
        "service": line.first.isoformat(),
        "deadline": deadline.isoformat(),
        "received": received.isoformat(),
        "fault": params["faults"][case],
    }
    related = tuple(o.service.segment.at(3) for o in others if o.service)
    severity = None if case == "late" else Severity.WARNING
    return Hit(line.service.segment.at(3), values, related=related, severity=severity, on=line.first)


@lru_cache(maxsize=4_096)
def _deadline(service: date, months: int, days: int) -> date:
    """The last day in time. A day that its month lacks in that year is the month's last: 02-29 becomes 02-28."""
    try:
        if not months:
            return service + timedelta(days)
        years, month = divmod(service.month - 1 + months, 12)
        year = service.year + years
        return date(year, month + 1, min(service.day, calendar.monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):  # A year beyond 9999.
        return date.max


def next_working_day(day: date, holidays: Mapping[str, Mapping[str, Any]]) -> date:
    """The day itself, or the first one after it that is neither of a weekend nor a federal holiday."""
    while day < date.max and (day.weekday() > 4 or _is_holiday(day, holidays)):
        day += timedelta(1)
    return day


def _is_holiday(day: date, holidays: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a weekday is kept as a holiday. The new year of next year may be kept on this year's last day."""
    years = (day.year, day.year + 1) if day.year < date.max.year else (day.year,)
    return any(_kept(row, year) == day for row in holidays.values() for year in years)


def _kept(row: Mapping[str, Any], year: int) -> date | None:
    """The day on which a holiday is kept in a year; None where it was none yet."""
    if row["from"] and year < int(row["from"]):
        return None
    month = int(row["month"])
    if row["day"]:
        day = date(year, month, int(row["day"]))
        return day + timedelta({5: -1, 6: 1}.get(day.weekday(), 0))
    last = calendar.monthrange(year, month)[1]
    found = [n for n in range(1, last + 1) if date(year, month, n).weekday() == int(row["weekday"])]
    nth = int(row["nth"])
    return date(year, month, found[nth - 1] if nth > 0 else found[nth])


def patient_control_number(claim: Claim, know: Knowledge) -> Found:
    """CLM-39: the patient control number has a length that every payer keeps. Medicare refuses longer ones.

    More than 50 lines, and line numbers out of order, are found by the reader.
    """
    longest = know.params["longest"]
    if len(claim.id) <= longest:
        return NOTHING
    detail = know.params["fault"].format(length=len(claim.id), longest=longest)
    severity = None if know.params["strict"] else Severity.WARNING
    return (Hit(claim.clm.at(1), {"case": "length", "value": claim.id, "detail": detail}, severity=severity),)
