"""Telehealth edits beyond their examples: the valid and invalid lines of each, places, payers, dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from checking import claim_of, knowledge
from lines import INFO, OTHER_NPI, REJECT, WARNING, Line, catalogue, judge_file, write
from scrubber.edits.telehealth.checks import on_the_list, remote_by_nature

from scrubber.catalogue.check import Gap, Hit

MEDICARE, COMMERCIAL, MEDICAID = "MB", "CI", "MC"

# (lines, place, payer, the edits and their weights)
CASES: list[tuple[str, str, str, dict[str, str]]] = [
    ("99213-95", "10", COMMERCIAL, {}),
    ("99213", "10", COMMERCIAL, {"TEL-02": WARNING}),
    ("99213-93", "02", COMMERCIAL, {}),
    ("99213-GT", "02", COMMERCIAL, {}),
    ("99213", "11", COMMERCIAL, {}),
    ("99213", "10", MEDICAID, {}),
    ("99213-95", "11", COMMERCIAL, {"TEL-01": INFO}),
    ("99213-95", "11", MEDICARE, {"TEL-01": WARNING}),
    ("99213-93", "12", MEDICARE, {"TEL-01": WARNING}),
    ("97110-95-GP", "11", MEDICARE, {}),  # Therapists report the usual place.
    ("99213-95", "22", MEDICARE, {}),  # So do hospital clinicians.
    ("99213", "10", MEDICARE, {}),
    ("99213-95", "10", MEDICARE, {"TEL-03": INFO}),
    ("97110-95-GP", "10", MEDICARE, {}),
    ("99213-95-93", "10", COMMERCIAL, {"TEL-04": REJECT}),
    ("99213-GT-95", "10", COMMERCIAL, {"TEL-04": REJECT}),
    ("99213-GT-93", "10", COMMERCIAL, {"TEL-04": REJECT}),
    ("99213-93", "10", MEDICARE, {}),
    ("99213-93", "02", MEDICARE, {"TEL-05": INFO}),
    ("99213-FQ", "10", MEDICARE, {"TEL-05": INFO}),
    ("99213-GT", "10", MEDICARE, {"TEL-06": REJECT}),
    ("99213-GT-93", "10", MEDICARE, {"TEL-06": REJECT}),
    ("99213-GT", "11", MEDICARE, {"TEL-06": REJECT}),
    ("99213-GQ", "10", MEDICARE, {"TEL-07": WARNING}),
    ("99213-GQ", "10", COMMERCIAL, {}),
    ("99213-G0", "10", MEDICARE, {"TEL-07": INFO}),
    ("99441", "10", COMMERCIAL, {"TEL-08": REJECT}),
    ("99442", "11", MEDICARE, {"TEL-08": REJECT}),
    ("98005", "10", COMMERCIAL, {}),
    ("98005", "10", MEDICARE, {"TEL-09": REJECT}),
    ("98015", "10", MEDICARE, {"TEL-09": REJECT}),
    ("98016", "10", MEDICARE, {}),
    ("98016", "10", COMMERCIAL, {}),
    ("G2012", "10", COMMERCIAL, {"TEL-10": REJECT}),
    ("98005-95", "10", COMMERCIAL, {"TEL-11": WARNING}),
    ("98008-93", "10", COMMERCIAL, {"TEL-11": WARNING}),
    ("98005-95", "10", MEDICARE, {"TEL-09": REJECT}),
    ("20610", "10", COMMERCIAL, {"TEL-12": REJECT}),
    ("20610", "10", MEDICARE, {"TEL-12": REJECT}),
    ("98940-95", "11", COMMERCIAL, {"TEL-12": REJECT}),
    ("98940-95", "10", COMMERCIAL, {"TEL-12": REJECT}),
    ("97140-GP", "10", MEDICARE, {"TEL-12": REJECT}),
    ("62321", "02", MEDICARE, {"TEL-12": REJECT}),
    ("72141", "10", COMMERCIAL, {"TEL-12": REJECT}),
    ("95910", "10", COMMERCIAL, {"TEL-12": REJECT}),
    ("97110-95-GP", "10", COMMERCIAL, {}),
    ("Q3014", "11", MEDICARE, {}),
    ("Q3014", "10", MEDICARE, {"TEL-15": WARNING}),
    ("Q3014 99213", "11", MEDICARE, {"TEL-15": WARNING}),
    ("99213", "22", COMMERCIAL, {}),
    ("99213", "30", COMMERCIAL, {"TEL-16": REJECT}),
    ("99213", "98", COMMERCIAL, {"TEL-16": REJECT}),
    ("99213", "27", COMMERCIAL, {}),
]


@pytest.mark.parametrize(("lines", "place", "payer", "weights"), CASES, ids=[f"{c[0]} at {c[1]} {c[2]}" for c in CASES])
def test_what_the_telehealth_edits_say(lines: str, place: str, payer: str, weights: dict[str, str]) -> None:
    assert judge_file(write(*lines.split(), place=place, filing=payer), select=("TEL",)).weights == weights


# Dates ------------------------------------------------------------------------------------------------------------

UNTIL = [
    ("TEL-01", "99213-95", "11", MEDICARE, "2023-12-31", "2024-01-01"),
    ("TEL-08", "99443", "11", COMMERCIAL, "2024-12-31", "2025-01-01"),
    ("TEL-10", "G2012", "11", COMMERCIAL, "2024-12-31", "2025-01-01"),
    ("TEL-05", "99213-93", "02", MEDICARE, "2024-12-31", "2025-01-01"),
]


@pytest.mark.parametrize(("edit", "line", "place", "payer", "before", "first"), UNTIL, ids=[u[0] for u in UNTIL])
def test_an_edit_begins_on_its_day(edit: str, line: str, place: str, payer: str, before: str, first: str) -> None:
    assert edit not in judge_file(write(line, place=place, filing=payer, day=before), select=("TEL",)).weights
    assert edit in judge_file(write(line, place=place, filing=payer, day=first), select=("TEL",)).weights


@pytest.mark.parametrize(
    ("place", "before", "first"),
    [
        ("02", "2016-12-31", "2017-01-01"),
        ("10", "2021-12-31", "2022-01-01"),
        ("27", "2023-09-30", "2023-10-01"),
        ("66", "2024-07-31", "2024-08-01"),
    ],
)
def test_a_place_is_valid_from_its_first_day(place: str, before: str, first: str) -> None:
    early = judge_file(write("99213-95", place=place, day=before), select=("TEL-16",)).one("TEL-16")
    assert early.values["problem"] == f"exists only from {first} on"
    assert early.where.element == "CLM05-1"
    assert not judge_file(write("99213-95", place=place, day=first), select=("TEL-16",)).ids


def test_every_assigned_place_is_accepted_and_no_other() -> None:
    unassigned = {
        *range(28, 31),
        *range(35, 41),
        *range(43, 49),
        59,
        63,
        64,
        *range(67, 71),
        *range(73, 81),
        *range(82, 99),
    }
    places = catalogue().code_lists["place-of-service"]
    assert {f"{n:02}" for n in range(1, 100)} - set(places) == {f"{n:02}" for n in unassigned}


# Places on lines --------------------------------------------------------------------------------------------------


def test_the_lines_own_place_counts_over_the_claims() -> None:
    assert "TEL-02" in judge_file(write(Line("99213", place="10")), select=("TEL-02",)).ids
    assert not judge_file(write(Line("99213", place="11"), place="10"), select=("TEL-02",)).ids


def test_a_wrong_place_is_reported_where_it_stands() -> None:
    finding = judge_file(write("99213", Line("72040", place="30")), select=("TEL-16",)).one("TEL-16")
    assert (finding.where.line, finding.where.element) == (2, "SV105")
    # A line that repeats the claim's wrong place adds nothing.
    both = judge_file(write(Line("99213", place="30"), place="30"), select=("TEL-16",))
    assert both.one("TEL-16").where.element == "CLM05-1"


def test_a_repeated_place_is_information() -> None:
    result = judge_file(write(Line("99213", place="11"), Line("72040", place="11")), select=("TEL-14",))
    assert result.weights == {"TEL-14": INFO}
    assert "2 lines repeat" in result.one("TEL-14").values["problem"]


def test_telehealth_and_in_person_places_of_one_provider_and_day_are_doubtful() -> None:
    result = judge_file(write(Line("99213-95", place="10"), "72040"), select=("TEL-14",))
    assert result.weights == {"TEL-14": WARNING}
    for other in (Line("72040", npi=OTHER_NPI), Line("72040", day="2026-09-14")):
        assert not judge_file(write(Line("99213-95", place="10"), other), select=("TEL-14",)).ids
    assert not judge_file(write(Line("99213", place="22"), "72040"), select=("TEL-14",)).ids


def test_the_originating_site_fee() -> None:
    assert judge_file(write(Line("Q3014", units="2")), select=("TEL-15",)).weights == {"TEL-15": REJECT}
    assert not judge_file(write("Q3014", Line("99213", npi=OTHER_NPI)), select=("TEL-15",)).ids


def test_a_stroke_makes_g0_right() -> None:
    data = write("99213-G0", place="10", filing=MEDICARE).replace(b"ABK:M542", b"ABK:I639")
    assert not judge_file(data, select=("TEL-07",)).weights


def test_a_therapist_is_known_by_taxonomy() -> None:
    data = write("97110-95", filing=MEDICARE).replace(b"PRV*PE*PXC*207X00000X", b"PRV*PE*PXC*225100000X")
    assert not judge_file(data, select=("TEL-01",)).ids
    assert judge_file(write("97110-95", filing=MEDICARE), select=("TEL-01",)).ids == {"TEL-01"}


# Medicare's own list ----------------------------------------------------------------------------------------------

TELEHEALTH_LIST = {
    "99213": {"HCPCS": "99213", "from": "2026-01-01", "to": "2026-12-31"},
    "97110": {"HCPCS": "97110"},
    "97140": {"HCPCS": "97140"},
}


def with_list() -> Mapping[str, Mapping[str, Any]]:
    return {**catalogue().code_lists, "cms-telehealth": TELEHEALTH_LIST}


def ask_list(line: str, place: str = "10", day: str = "2026-09-15") -> list[Hit | Gap]:
    know = knowledge("medicare", code_lists=with_list(), places=["02", "10"])
    return list(on_the_list(claim_of(write(line, place=place, day=day, filing=MEDICARE)), know))


def test_without_the_list_the_question_stays_open() -> None:
    result = judge_file(write("99213", "97110-GP", place="10", filing=MEDICARE), select=("TEL-13",))
    assert not result.ids
    assert result.gaps("TEL-13") == ["the CMS telehealth list for 2026 is not loaded"]
    for place, payer in (("11", MEDICARE), ("10", COMMERCIAL)):
        assert not judge_file(write("99213", place=place, filing=payer), select=("TEL-13",)).unchecked


def test_the_list_decides_when_it_is_loaded() -> None:
    assert not ask_list("99213")
    (hit,) = ask_list("90791")
    assert isinstance(hit, Hit)
    assert hit.severity is None
    assert hit.values == {"procedure": "90791", "place": "10", "year": "2026"}
    assert not ask_list("90791", place="11")


def test_a_row_of_the_list_counts_on_its_own_days() -> None:
    assert not ask_list("99213", day="2026-01-01")
    assert len(ask_list("99213", day="2025-12-31")) == 1
    assert not ask_list("97110-GP", day="2025-12-31")


def test_a_listed_service_is_not_called_hands_on_for_medicare() -> None:
    claim = claim_of(write("97140-GP", place="10", filing=MEDICARE))
    told = {
        name: list(remote_by_nature(claim, knowledge(name, code_lists=with_list(), places=["10"], modifiers=["95"])))
        for name in ("medicare", "commercial")
    }
    assert not told["medicare"]
    assert len(told["commercial"]) == 1
