"""CLM-30, CLM-31 and CLM-32: dates beside the dates of service."""

from __future__ import annotations

from typing import Any

import pytest
from claim_edits import found, ids, only, statuses

from scrubber.finding import Severity

REJECT, WARNING, INFO = Severity.REJECT, Severity.WARNING, Severity.INFO


def dated(*dates: str) -> dict[str, Any]:
    """Dates added to the claim: ``435*D8*20260914``."""
    return {"add": [{"after": "2300.CLM", "segment": f"DTP*{text}"} for text in reversed(dates)]}


@pytest.mark.parametrize(
    ("qualifier", "day", "status"),
    [
        ("431", "20260915", None),
        ("431", "20260916", "A7:397"),
        ("454", "20260915", None),
        ("454", "20260916", "A7:701"),
    ],
)
def test_illness_and_treatment_begin_before_the_service(qualifier: str, day: str, status: str | None) -> None:
    told = found(**dated(f"{qualifier}*D8*{day}"))
    assert [(f.edit, f.severity, *statuses(f)) for f in told] == ([("CLM-30", WARNING, status)] if status else [])


def test_the_first_of_several_services_counts() -> None:
    changes = dated("454*D8*20260915")
    told = found(set={"2400[1].DTP(472)03": "20260914"}, **changes)
    assert [f.edit for f in told] == ["CLM-30"]


@pytest.mark.parametrize(
    ("base", "expected"), [("medicare-chiro", WARNING), ("therapy", INFO)], ids=["manipulation", "therapy"]
)
def test_medicare_asks_when_a_course_of_treatment_began(base: str, expected: Severity) -> None:
    finding = only(base, remove=["2300.DTP(454)"])
    assert (finding.edit, finding.severity, finding.where.line) == ("CLM-30", expected, 1)
    assert statuses(finding) == ["A6:701"]


def test_the_line_may_tell_it_instead() -> None:
    line = [{"after": "2400[1].DTP(472)", "segment": "DTP*454*D8*20260901"}]
    assert ids("medicare-chiro", remove=["2300.DTP(454)"], add=line) == []


def test_others_do_not_ask() -> None:
    assert ids("medicare-chiro", remove=["2300.DTP(454)"], set={"2000B.SBR09": "CI"}) == []
    assert ids("medicare-em") == []


ACUTE = {"after": "2300.REF(D9)", "segment": "CR2********{}**NECK PAIN"}


@pytest.mark.parametrize(("nature", "told"), [("A", True), ("M", True), ("C", False), ("F", False)])
def test_an_acute_condition_has_its_day(nature: str, told: bool) -> None:
    segment = {**ACUTE, "segment": ACUTE["segment"].format(nature)}
    assert ids("medicare-chiro", add=[segment]) == (["CLM-31"] if told else [])
    day = {"after": "2300.DTP(454)", "segment": "DTP*453*D8*20260901"}
    assert ids("medicare-chiro", add=[day, segment]) == []


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        (("455*D8*20260915",), None),
        (("455*D8*20260916",), "A7:210"),
        (("435*D8*20260915",), None),
        (("435*D8*20260916",), "A7:189"),
        (("435*D8*20260914", "096*D8*20260914"), None),
        (("435*D8*20260914", "096*D8*20260913"), "A7:190"),
        (("314*RD8*20260901-20260930",), None),
        (("314*RD8*20260930-20260901",), "A7:195"),
        (("435*DT*202609141230",), None),
        (("435*DT*202609161230",), "A7:189"),
    ],
)
def test_order_of_dates(dates: tuple[str, ...], status: str | None) -> None:
    told = found(**dated(*dates))
    assert [(f.edit, f.severity, *statuses(f)) for f in told] == ([("CLM-31", WARNING, status)] if status else [])


def test_an_xray_of_a_line() -> None:
    late = [{"after": "2400[1].DTP(472)", "segment": "DTP*455*D8*20260916"}]
    finding = only("medicare-chiro", add=late)
    assert (finding.edit, finding.where.line) == ("CLM-31", 1)


@pytest.mark.parametrize("place", ["21", "51", "61"])
def test_an_inpatient_was_admitted(place: str) -> None:
    finding = only(set={"2300.CLM05-1": place})
    assert (finding.edit, finding.severity, finding.where.element) == ("CLM-32", REJECT, "CLM05-1")
    assert statuses(finding) == ["A6:189"]
    assert ids(set={"2300.CLM05-1": place}, **dated("435*D8*20260914")) == []


@pytest.mark.parametrize("place", ["11", "19", "22", "23", "31", "52"])
def test_nobody_is_admitted_elsewhere(place: str) -> None:
    assert ids(set={"2300.CLM05-1": place}) == []


def test_the_place_of_a_line_counts() -> None:
    finding = only(set={"2400[2].SV105": "21"})
    assert (finding.edit, finding.where.line, finding.where.element) == ("CLM-32", 2, "SV105")
    assert ids(set={"2300.CLM05-1": "21", "2400.SV105": "22"}) == []
