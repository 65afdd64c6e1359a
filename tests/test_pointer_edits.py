"""The pointer edits beyond their examples: gaps, ends, several lines, faults of the guide under names of their own."""

from __future__ import annotations

import pytest
from diagnoses import claim, findings, one, said, words
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubber.finding import Severity

REJECT, WARNING, INFO = Severity.REJECT, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("pointers", "edits"),
    [
        (("1", "2"), []),
        (("1:2", "2:1"), []),
        (("3", "1"), ["PTR-05"]),
        (("1", "1:3"), ["PTR-05"]),
        (("3", "4"), ["PTR-05", "PTR-05"]),
        (("1:1", "2"), ["PTR-06"]),
        (("1:2:1", "2"), ["PTR-06"]),
        (("1::2", "2"), ["PTR-07"]),
        (("1:::2", "2"), ["PTR-07"]),
        (("A", "2"), ["PTR-04"]),
        (("0", "2"), ["PTR-04"]),
        (("13", "2"), ["PTR-04"]),
        (("1:B", "2"), ["PTR-04"]),
        (("", "2"), ["PTR-03"]),
        ((":2", "2"), ["PTR-03"]),
    ],
)
def test_pointers_of_two_diagnoses(pointers: tuple[str, str], edits: list[str]) -> None:
    assert [f.edit for f in findings("M542", "M62838", pointers=pointers)] == edits


def test_the_finding_stands_at_the_pointer() -> None:
    finding = one("PTR-05", "M542", "M62838", pointers=("1", "1:2:3"))
    assert (finding.where.loop, finding.where.element, finding.where.line) == ("2400", "SV107-3", 2)
    assert words(finding) == "Line 2 points to diagnosis 3, but the claim has 2."


def test_severities() -> None:
    assert said("M542", pointers=("2", "1")) == {"PTR-05": REJECT}
    assert said("M542", pointers=("1:1", "1")) == {"PTR-06": WARNING}


def test_a_gap_in_hi_is_told_once_and_pointers_keep_their_numbers() -> None:
    assert [f.edit for f in findings("M542", "", "M62838", pointers=("1", "3"))] == ["PTR-02"]
    # What points into the gap is explained by the gap.
    assert [f.edit for f in findings("M542", "", "M62838", pointers=("1", "2"))] == ["PTR-02"]
    assert [f.edit for f in findings("M542", "", "M62838", pointers=("1", "4"))] == ["PTR-02", "PTR-05"]


def test_a_qualifier_without_a_code_is_no_gap() -> None:
    found = findings("M542", "M62838", change={"2300.HI02": "ABF", "2300.HI03": "ABF:M62838"}, pointers=("1", "3"))
    assert [(f.edit, f.where.element) for f in found] == [("PTR-01", "HI02-2")]


def test_no_diagnosis_at_all_is_one_fault() -> None:
    judged = claim("M542", "M62838", remove=("2300.HI",))
    assert [f.edit for f in judged.findings if f.edit.startswith(("PTR", "DX", "X12"))] == ["PTR-01"]


def test_a_first_qualifier_of_the_later_ones_keeps_the_diagnoses() -> None:
    found = findings("M542", "M50322", qualifiers=("ABF", "ABF"), pointers=("1", "2"))
    assert [(f.edit, f.where.element) for f in found] == [("PTR-01", "HI01-1"), ("DX-10", "HI01-2")]


def test_a_later_qualifier_of_the_first_one() -> None:
    found = findings("M542", "M62838", qualifiers=("ABK", "ABK"), pointers=("1", "2"))
    assert [(f.edit, f.where.element) for f in found] == [("PTR-01", "HI02-1")]


def test_twelve_diagnoses_and_four_pointers_are_the_most() -> None:
    codes = [
        "M542",
        "M62838",
        "M436",
        "G4486",
        "M531",
        "M9901",
        "M546",
        "M4802",
        "M25511",
        "M25512",
        "M25521",
        "M25522",
    ]
    assert said(*codes, pointers=("1:2:3:4", "9:10:11:12")) == {}
    assert said(*codes, pointers=("1:2:3:4:5", "9:10:11:12")) == {"PTR-08": REJECT}
    assert said(*codes, change={"2300.HI13": "ABF:M25531"}) == {"PTR-01": REJECT}


def test_idle_diagnoses_are_one_remark() -> None:
    idle = [f for f in claim("M542", "M62838", "M436").findings if f.edit == "PTR-09"]
    assert [(f.severity, f.values["codes"]) for f in idle] == [(INFO, "M62.838, M43.6")]
    # Where no line points anywhere the missing pointers are the fault.
    assert not [f for f in claim("M542", pointers=("", "")).findings if f.edit == "PTR-09"]


@pytest.mark.parametrize(
    ("codes", "pointers", "kind"),
    [
        (("S134XXA", "V4352XA"), ("2:1", "1"), "an external cause"),
        (("C720", "G55"), ("2:1", "1"), "a manifestation of another disease"),
        (("M542", "Z87891"), ("2", "1"), "a history code"),
        (("M542", "Z8679"), ("2", "1"), "a history code"),
    ],
)
def test_a_first_pointer_gives_a_reason(codes: tuple[str, ...], pointers: tuple[str, str], kind: str) -> None:
    assert said(*codes, pointers=pointers) == {"PTR-10": WARNING}
    assert one("PTR-10", *codes, pointers=pointers).values["kind"] == kind
    assert said(*codes, pointers=("1:2", "1")) == {}


def test_other_z_codes_are_reasons() -> None:
    assert said("M542", "Z0000", pointers=("2", "1")) == {}
    # Screening because of a history.
    assert said("M542", "Z8601", "Z860100", pointers=("3", "1"), procedures=("G0105", "99213")).get("PTR-10") is None


def test_first_on_the_claim_is_told_by_its_own_edit_only() -> None:
    assert said("V4352XA", "S134XXA", pointers=("1", "2")) == {"DX-08": REJECT}
    assert said("G55", "C720", pointers=("1", "2")) == {"DX-09": REJECT}


@settings(max_examples=60, deadline=None)
@given(
    codes=st.lists(st.sampled_from(["M542", "M62838", "M436", "G4486", ""]), min_size=1, max_size=5),
    pointers=st.lists(st.text("0123456789:A", max_size=9), min_size=2, max_size=2),
)
def test_no_pointer_raises_and_no_place_is_told_twice(codes: list[str], pointers: list[str]) -> None:
    found = [
        (f.edit, f.where.element, f.where.line) for f in findings(*codes, pointers=pointers) if f.edit[:3] == "PTR"
    ]
    assert len(found) == len(set(found))
