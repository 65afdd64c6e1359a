"""CLM-20 and CLM-21: what other payers decided, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from claim_edits import found, ids, message, only, statuses
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubber.finding import Severity

TERTIARY = [
    {"after": "2320", "segment": "SBR*T*01*OM1100******CI"},
    {"after": "2320[2].SBR", "segment": "AMT*D*0"},
    {"after": "2320[2].AMT(D)", "segment": "OI***Y***Y"},
    {"after": "2320[2].OI", "segment": "NM1*IL*1*PELLAM*GARETH****MI*OMI7788"},
    {"after": "2330A[2].NM1", "segment": "NM1*PR*2*OLD MILL COVER*****PI*OMC1"},
]
"""A third payer behind the one that the claim goes to."""


@pytest.mark.parametrize(
    ("element", "value", "where"),
    [
        ("2430[1].SVD02", "89.99", (1, "SVD02")),
        ("2430[1].SVD02", "90.01", (1, "SVD02")),
        ("2430[2].CAS03", "0", (2, "SVD02")),
        ("2320.AMT(D)02", "149.99", (None, "AMT02")),
    ],
)
def test_one_cent_is_out_of_balance(element: str, value: str, where: tuple[int | None, str]) -> None:
    finding = only("secondary", set={element: value})
    assert (finding.edit, finding.severity) == ("CLM-20", Severity.REJECT)
    assert (finding.where.line, finding.where.element) == where
    assert statuses(finding) == (["A7:672"] if where[0] else ["A7:672", "A7:400"])


def test_the_message_says_what_is_missing() -> None:
    finding = only("secondary", set={"2430[1].SVD02": "80"})
    assert message(finding) == (
        "The line charges 150.00; NORTHFIELD HEALTH PLAN paid 80.00 of it and adjusted 60.00, which leaves 10.00 "
        "unaccounted for."
    )
    assert {place.segment for place in finding.related} == {"SV1", "CAS"}


def test_reductions_copied_with_their_minus() -> None:
    finding = only("secondary", set={"2430[2].CAS03": "-20"}, replace=[{"old": "CAS*PR*2*15", "new": "CAS*PR*2*-15"}])
    assert "the signs of the adjustments turned it would balance" in message(finding)


def test_a_claim_out_of_balance_itself_is_one_fault() -> None:
    assert ids("secondary", set={"2300.CLM02": "246"}) == ["CLM-02"]


def test_adjustments_of_the_claim_count_for_the_claim_alone() -> None:
    """The front matter's own way: the deductible is taken off the whole claim, the lines are paid before it."""
    deductible = {"set": {"2320.AMT(D)02": "100"}, "add": [{"after": "2320.SBR", "segment": "CAS*PR*1*50"}]}
    assert ids("secondary", **deductible) == []
    deductible["set"] = {"2320.AMT(D)02": "150"}
    assert [f.where.element for f in found("secondary", **deductible)] == ["AMT02"]


def test_a_payer_that_decided_on_the_claim_as_a_whole() -> None:
    lines = {"remove": ["2430"]}
    date = {"after": "2330B.NM1", "segment": "DTP*573*D8*20260916"}
    whole = [{"after": "2320.SBR", "segment": "CAS*CO*45*50**2*45"}, date]
    assert ids("secondary", **lines, add=whole) == []
    finding = only("secondary", **lines, add=[{"after": "2320.SBR", "segment": "CAS*CO*45*50"}, date])
    assert (finding.edit, finding.severity, finding.where.element) == ("CLM-20", Severity.REJECT, "AMT02")
    # Nothing but what it paid: the rest may be in a remittance that the next payer has itself.
    finding = only("secondary", **lines, add=[date])
    assert (finding.edit, finding.severity) == ("CLM-20", Severity.WARNING)


def test_a_payer_that_decided_on_some_lines_is_doubtful() -> None:
    finding = only("secondary", remove=["2430[2]"])
    assert (finding.edit, finding.severity, finding.where.element) == ("CLM-20", Severity.WARNING, "AMT02")


def test_a_payer_still_to_come_has_nothing_to_balance() -> None:
    assert ids("secondary", set={"2000B.SBR01": "P", "2320.SBR01": "S", "2320.AMT(D)02": "0"}, remove=["2430"]) == []


def test_several_payers_balance_each_by_itself() -> None:
    changes = {"set": {"2000B.SBR01": "T"}, "add": [{**TERTIARY[0], "segment": "SBR*S*01*OM1100******CI"}]}
    decision = [
        {"after": "2320[2].SBR", "segment": "CAS*OA*23*150"},
        {"after": "2320[2].CAS", "segment": "AMT*D*95"},
        {"after": "2320[2].AMT(D)", "segment": "OI***Y***Y"},
        {"after": "2320[2].OI", "segment": "NM1*IL*1*PELLAM*GARETH****MI*OMI7788"},
        {"after": "2330A[2].NM1", "segment": "NM1*PR*2*OLD MILL COVER*****PI*OMC1"},
        {"after": "2330B[2].NM1", "segment": "DTP*573*D8*20260916"},
    ]
    changes["add"] += decision
    assert ids("secondary", **changes) == []
    decision[1]["segment"] = "AMT*D*94.99"
    finding = only("secondary", **changes)
    assert finding.values["payer"] == "OLD MILL COVER"


def test_two_payers_of_one_id_cannot_be_told_apart() -> None:
    from claim_edits import judged

    add = [{**step} for step in TERTIARY]
    add[-1]["segment"] = "NM1*PR*2*OLD MILL COVER*****PI*NFHP1"
    said = judged("secondary", add=add)[0]
    assert [f.edit for f in said.findings if f.edit.startswith("CLM")] == []
    assert [(u.edit, u.reason) for u in said.unchecked if u.edit == "CLM-20"] == [
        ("CLM-20", "two other payers have the same id")
    ]


@pytest.mark.parametrize(("adjusted", "expected"), [("0", []), ("0.01", ["CLM-20"])])
def test_a_line_that_the_payer_split(adjusted: str, expected: list[str]) -> None:
    """Two decisions of one payer on one line stand for it together."""
    second = [
        {"after": "2430[1]", "segment": "SVD*NFHP1*50*HC:99213**1"},
        {"after": "2430[2].SVD", "segment": f"CAS*CO*45*{adjusted}"},
        {"after": "2430[2].CAS", "segment": "DTP*573*D8*20260916"},
    ]
    assert ids("secondary", set={"2430[1].SVD02": "40"}, add=second) == expected


def test_amounts_that_cannot_be_read_are_the_readers() -> None:
    assert ids("secondary", set={"2430[1].CAS03": "3O"}) == []


cents = st.integers(min_value=0, max_value=15_000)


@settings(max_examples=25, deadline=None)
@given(cents, cents)
def test_balance_is_exact(paid: int, contract: int) -> None:
    """Any split of 150.00 that adds up holds; any other breaks, by exactly what is missing."""
    write = {"2430[1].SVD02": str(Decimal(paid) / 100), "2430[1].CAS03": str(Decimal(contract) / 100)}
    patient = 15_000 - paid - contract
    changes = {"set": write, "replace": [{"old": "CAS*PR*2*30", "new": f"CAS*PR*2*{Decimal(patient) / 100}"}]}
    told = [f for f in found("secondary", **changes) if f.where.line == 1]
    assert told == []
    changes["replace"] = [{"old": "CAS*PR*2*30", "new": f"CAS*PR*2*{Decimal(patient - 1) / 100}"}]
    told = [f for f in found("secondary", **changes) if f.where.line == 1]
    assert [f.values["difference"] for f in told] == ["0.01"]


# CLM-21 -----------------------------------------------------------------------------------------------------------


def test_a_line_without_its_date_is_reported_on_the_999() -> None:
    finding = only("secondary", replace=[{"old": "DTP*573*D8*20260916~\nAMT*EAF*30", "new": "AMT*EAF*30"}])
    assert (finding.edit, finding.where.line, finding.values["ik3"]) == ("CLM-21", 1, "I8")


def test_a_decision_on_the_claim_without_its_date() -> None:
    changes = {"remove": ["2430"], "add": [{"after": "2320.SBR", "segment": "CAS*CO*45*50**2*45"}]}
    finding = only("secondary", **changes)
    assert (finding.edit, finding.severity, finding.where.element) == ("CLM-21", Severity.REJECT, "AMT02")
    assert statuses(finding) == ["A6:516"]
    assert "ik3" not in finding.values


def test_a_line_is_not_paid_less_than_nothing() -> None:
    finding = only("secondary", set={"2430[1].SVD02": "-90", "2430[1].CAS03": "210", "2320.AMT(D)02": "-30"})
    assert (finding.edit, statuses(finding), finding.where.line) == ("CLM-21", ["A7:643"], 1)


def test_a_paid_amount_that_is_no_number() -> None:
    finding = only("secondary", set={"2430[1].SVD02": "X"})
    assert (finding.edit, statuses(finding), finding.values["ik4"]) == ("CLM-21", ["A7:643"], "6")


def test_a_decision_of_nobody_on_the_claim() -> None:
    told = found("secondary", set={"2430[1].SVD01": "ELSE"})
    assert ("CLM-21", Severity.WARNING, "SVD01") in [(f.edit, f.severity, f.where.element) for f in told]
    assert not [f for f in told if f.severity is Severity.REJECT]
