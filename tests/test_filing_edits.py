"""CLM-07, CLM-14, CLM-39 and CLM-40: in time, under which number, how often, with which indicators."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from claim_edits import catalogue, found, ids, only, statuses

from scrubber.finding import Severity

REJECT, WARNING = Severity.REJECT, Severity.WARNING


def filed(service: str, received: date, base: str = "medicare-em", **changes: object) -> list[tuple[str, Severity]]:
    day = service.replace("-", "")
    told = found(base, received, set={"2400.DTP(472)03": day} | changes.pop("set", {}), **changes)  # type: ignore[call-overload, operator]
    return [(f.values["case"], f.severity) for f in told if f.edit == "CLM-07"]


@pytest.mark.parametrize(
    ("service", "received", "expected"),
    [
        # A Wednesday: one year to the day is in time, the day after is not.
        ("2025-10-07", date(2026, 9, 7), []),
        ("2025-10-07", date(2026, 9, 8), [("near", WARNING)]),
        ("2025-10-07", date(2026, 10, 7), [("near", WARNING)]),
        ("2025-10-07", date(2026, 10, 8), [("late", REJECT)]),
        # 29 February: the year after has none.
        ("2024-02-29", date(2025, 2, 28), [("near", WARNING)]),
        ("2024-02-29", date(2025, 3, 1), [("late", REJECT)]),
        ("2024-02-28", date(2025, 3, 1), [("late", REJECT)]),
        # The last day is a Saturday, the next working day the Monday.
        ("2025-10-10", date(2026, 10, 11), [("weekend", WARNING)]),
        # Saturday, Sunday, then Columbus Day (second Monday of October): Tuesday.
        ("2025-10-10", date(2026, 10, 13), [("weekend", WARNING)]),
        ("2025-10-10", date(2026, 10, 14), [("late", REJECT)]),
        # Thanksgiving, a Thursday.
        ("2025-11-26", date(2026, 11, 27), [("weekend", WARNING)]),
        ("2025-11-26", date(2026, 11, 30), [("late", REJECT)]),
        # 4 July 2026 is a Saturday: kept on Friday.
        ("2025-07-03", date(2026, 7, 6), [("weekend", WARNING)]),
        ("2025-07-03", date(2026, 7, 7), [("late", REJECT)]),
        # New Year 2028 is a Saturday: kept on the last day of 2027.
        ("2026-12-31", date(2028, 1, 3), [("weekend", WARNING)]),
        ("2026-12-31", date(2028, 1, 4), [("late", REJECT)]),
        # Juneteenth is a holiday since 2021; in 2018 it was none.
        ("2025-06-19", date(2026, 6, 22), [("weekend", WARNING)]),
        ("2017-06-19", date(2018, 6, 20), [("late", REJECT)]),
    ],
)
def test_medicares_year(service: str, received: date, expected: list[tuple[str, Severity]]) -> None:
    assert filed(service, received) == expected


def test_the_rule_begins_with_services_of_2010() -> None:
    assert filed("2010-01-01", date(2026, 9, 16)) == [("late", REJECT)]
    assert filed("2009-12-31", date(2026, 9, 16)) == []


def test_a_reason_for_the_delay_is_left_to_the_payer() -> None:
    assert filed("2025-09-01", date(2026, 9, 16), set={"2300.CLM20": "7"}) == [("excused", WARNING)]


def test_a_correction_counts_otherwise() -> None:
    assert filed("2025-09-01", date(2026, 9, 16), set={"2300.CLM05-3": "7"}) == [("correction", WARNING)]


def test_each_line_counts_from_its_own_first_day() -> None:
    late = {"2400[1].DTP(472)03": "20250901", "2400[2].DTP(472)03": "20251201"}
    params = {"CLM-07": {"months": 12}}
    finding = only(received=date(2026, 9, 16), params=params, set=late)
    assert (finding.edit, finding.where.line, finding.related) == ("CLM-07", 1, ())
    both = only(received=date(2026, 12, 16), params=params, set=late)
    assert (both.where.line, [place.line for place in both.related]) == (1, [2])
    span = {"2400[1].DTP(472)02": "RD8", "2400[1].DTP(472)03": "20250901-20251001"}
    assert only(received=date(2026, 9, 16), params=params, set=span).values["deadline"] == "2026-09-01"


def test_no_limit_is_made_up() -> None:
    assert filed("2011-09-15", date(2026, 9, 16), base="office") == []
    assert filed("2011-09-15", date(2026, 9, 16), base="medicaid") == []


@pytest.mark.parametrize(("days", "expected"), [(90, "late"), (91, "near"), (120, "near"), (121, None)])
def test_a_payers_own_limit_in_days(days: int, expected: str | None) -> None:
    service = date(2026, 9, 16) - timedelta(91)
    told = found(set={"2400.DTP(472)03": service.strftime("%Y%m%d")}, params={"CLM-07": {"days": days}})
    assert [f.values["case"] for f in told] == ([expected] if expected else [])


def test_absurd_days_do_no_harm() -> None:
    assert filed("9999-12-31", date(2026, 9, 16)) == []
    assert filed("0001-01-01", date(2026, 9, 16)) == []
    assert filed("9998-12-31", date(9999, 12, 31)) in ([], [("near", WARNING)])


# CLM-14 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "expected"), [("1", []), ("7", ["CLM-14"]), ("8", ["CLM-14"]), ("3", ["CLM-12"])])
def test_medicare_takes_originals(code: str, expected: list[str]) -> None:
    number = [{"after": "2300.CLM", "segment": "REF*F8*1126260000100"}] if code in "78" else []
    assert ids("medicare-em", set={"2300.CLM05-3": code}, add=number) == expected


# CLM-39 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "severity"), [("medicare-em", REJECT), ("office", WARNING)])
def test_a_long_claim_number(base: str, severity: Severity) -> None:
    assert ids(base, set={"2300.CLM01": "A" * 20}) == []
    finding = only(base, set={"2300.CLM01": "A" * 21})
    assert (finding.edit, finding.severity, finding.where.element) == ("CLM-39", severity, "CLM01")
    assert statuses(finding) == ["A7:478", "A7:512"]
    assert "ik3" not in finding.values


def test_lines_are_counted_from_one() -> None:
    finding = only(set={"2400[2].LX01": "3"})
    assert (finding.edit, finding.where.element, finding.values["ik4"]) == ("CLM-39", "LX01", "7")
    assert statuses(finding) == ["A7:121"]


def test_fifty_lines_and_one_more() -> None:
    def lines(last: int) -> dict[str, object]:
        more = "".join(f"LX*{n}~\nSV1*HC:72040*0*UN*{n}***1~\nDTP*472*D8*20260915~\n" for n in range(3, last + 1))
        return {"replace": [{"old": "SE*33", "new": f"{more}SE*33"}]}

    assert [f for f in found(**lines(50)) if f.edit == "CLM-39"] == []
    finding = next(f for f in found(**lines(51)) if f.edit == "CLM-39")
    assert (finding.where.segment, finding.values["ik3"]) == ("LX", "4")


# CLM-40 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "wrong", "right", "status"),
    [
        ("CLM06", "X", "N", "A7:117"),
        ("CLM07", "P", "C", "A7:589"),
        ("CLM08", "X", "W", "A7:360"),
        ("CLM09", "N", "I", "A7:333"),
        ("CLM20", "14", "15", "A7:555"),
    ],
)
def test_indicators(element: str, wrong: str, right: str, status: str) -> None:
    assert ids(set={f"2300.{element}": right}) == []
    finding = only(set={f"2300.{element}": wrong})
    assert (finding.edit, finding.where.element, statuses(finding)) == ("CLM-40", element, [status])
    assert finding.values["ik3"] == "8"


def test_a_missing_indicator() -> None:
    finding = only(set={"2300.CLM08": ""})
    assert (finding.edit, finding.where.element, finding.values["ik4"]) == ("CLM-40", "CLM08", "I9")


def test_other_faults_of_clm_keep_their_own_ids() -> None:
    assert ids(set={"2300.CLM11": "ZZ"}) == []


def test_both_kinds_of_finding_have_words() -> None:
    """An edit that takes over structural faults and judges, too, has one message for both."""
    for edit in catalogue().edits:
        if edit.structure and edit.must:
            assert edit.message == "{detail}.", edit.id
