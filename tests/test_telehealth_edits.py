"""Telehealth edits beyond their examples: the valid and invalid lines of each, places, payers, dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from judging import judge
from lines import INFO, OTHER_NPI, REJECT, WARNING, Line, Said, catalogue, judge_file, write
from mutations import mutations

from scrubber.catalogue.engine import Engine
from scrubber.catalogue.sources import Sources
from scrubber.pipeline import Options
from scrubber.pipeline import judge as judge_whole
from scrubber.tables.dated import Edition, Row, RowsInMemory
from scrubber.tables.telehealth import TelehealthList
from scrubber.verdict import ClaimVerdict

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

LISTED = [("99213", "Permanent"), ("97110", "Provisional"), ("97140", "Provisional"), ("90853", "Removal")]


def telehealth_list(from_: date = date(2025, 1, 1), to: date | None = date(2028, 12, 31)) -> TelehealthList:
    rows: dict[tuple[str, ...], list[Row]] = {(code,): [(code, status, "", "")] for code, status in LISTED}
    return TelehealthList(RowsInMemory(Edition("telehealth", "CY2026", from_, to, len(rows)), rows))


def with_list(line: str, place: str = "10", day: str = "2026-09-15", payer: str = MEDICARE) -> Said:
    """What TEL-12 and TEL-13 say where CMS's list is loaded."""
    sources = Sources(given={"telehealth": telehealth_list})
    engine = Engine(catalogue(), sources, received=date(2026, 9, 16), select=("TEL-12", "TEL-13"), strict=True)
    (claim,) = [j for j in judge(write(line, place=place, day=day, filing=payer), engine) if j.claim]
    return Said(tuple(claim.findings), tuple(claim.unchecked))


def test_without_the_list_the_question_stays_open() -> None:
    result = judge_file(write("99213", "97110-GP", place="10", filing=MEDICARE), select=("TEL-13",))
    assert not result.ids
    assert set(result.gaps("TEL-13")) == {"the CMS telehealth list for 2026 is not loaded"}
    for place, payer in (("11", MEDICARE), ("10", COMMERCIAL)):
        assert not judge_file(write("99213", place=place, filing=payer), select=("TEL-13",)).unchecked


def test_the_list_decides_when_it_is_loaded() -> None:
    listed = with_list("99213")
    assert not listed.findings
    assert not listed.unchecked
    finding = with_list("90791").one("TEL-13")
    assert finding.severity is REJECT
    assert finding.values == {"procedure": "90791", "place": "10", "year": "2026"}
    assert not with_list("90791", place="11").findings
    assert not with_list("90791", payer=COMMERCIAL).findings


def test_what_the_list_takes_off_is_not_on_it() -> None:
    assert with_list("90853").weights == {"TEL-13": REJECT}


def test_the_list_answers_for_its_own_days() -> None:
    assert not with_list("99213", day="2025-01-01").unchecked
    assert with_list("99213", day="2024-12-31").gaps("TEL-13") == ["the CMS telehealth list for 2024 is not loaded"]


@pytest.mark.parametrize(
    "day",
    ["2025-01-01", "2025-03-31", "2025-04-01", "2025-09-30", "2025-10-01", "2025-11-11", "2026-01-30", "2026-01-31",
     "2026-02-03", "2027-12-31"],
)  # fmt: skip
def test_statutes_cover_every_day_of_the_lapses(day: str) -> None:
    assert not with_list("99213", day=day).unchecked


def test_after_the_last_statute_home_is_an_open_question() -> None:
    (gap,) = with_list("99213", day="2028-01-01").gaps("TEL-13")
    assert gap.startswith("from 2028-01-01 Medicare pays telehealth to a patient at home for behavioral health")
    assert not with_list("99213", day="2028-01-01", place="02").unchecked


def test_the_statutes_leave_no_day_out() -> None:
    rows = sorted(catalogue().code_lists["medicare-home-telehealth"].values(), key=lambda row: row["from"])
    for earlier, later in pairwise(rows):
        assert date.fromisoformat(earlier["to"]) + timedelta(days=1) == date.fromisoformat(later["from"])
    assert not rows[-1]["to"]


def test_a_listed_service_is_not_called_hands_on_for_medicare() -> None:
    assert not with_list("97140-GP").findings
    assert with_list("97140-GP", payer=COMMERCIAL).weights == {"TEL-12": REJECT}
    assert with_list("20610").weights == {"TEL-12": REJECT}


# Therapists, and facilities for patients at home ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "day", "told"),
    [
        ("97110-GP", "2026-09-15", True),
        ("97161-GP", "2026-09-15", True),
        ("92507-GN", "2026-09-15", True),
        ("97110-95-GP", "2026-09-15", False),
        ("97110-93-GP", "2026-09-15", False),
        ("97140-GP", "2026-09-15", False),  # Hands-on: TEL-12.
        ("99213", "2026-09-15", False),
        ("97110-GP", "2023-12-31", False),
        ("97110-GP", "2024-01-01", True),
        ("97110-GP", "2027-12-31", True),
        ("97110-GP", "2028-01-01", False),
    ],
)
def test_therapists_need_95_beside_the_plan_of_care(line: str, day: str, told: bool) -> None:
    result = judge_file(write(line, place="10", filing=MEDICARE, day=day), select=("TEL-18",))
    assert result.weights == ({"TEL-18": WARNING} if told else {})
    assert not judge_file(write(line, place="11", filing=MEDICARE, day=day), select=("TEL-18",)).weights
    assert not judge_file(write(line, place="10", filing=COMMERCIAL, day=day), select=("TEL-18",)).weights


def test_a_missing_plan_of_care_is_told_by_its_own_edit_only() -> None:
    assert judge_file(write("97110-95", place="10", filing=MEDICARE), select=("TEL-18", "MOD-19")).ids == {"MOD-19"}


FACILITY = b"NM1*77*2*LANTERN HILL ANNEX*****XX*2990001010~\nN3*{street}~\nN4*SPRINGFIELD*IL*627030005~\nLX*1~"


def facility(street: bytes, *lines: Line | str, place: str) -> Said:
    data = write(*lines, place=place)
    data = data.replace(b"LX*1~", FACILITY.replace(b"{street}", street))
    data = re.sub(rb"SE\*(\d+)\*", lambda m: b"SE*%d*" % (int(m[1]) + 3), data)
    return judge_file(data, select=("TEL-17",))


def test_a_facility_for_a_patient_at_home_is_a_remark() -> None:
    assert facility(b"12 MAIN STREET", "99213-95", place="10").weights == {"TEL-17": INFO}
    assert not facility(b"12 MAIN STREET", "99213-95", place="02").weights
    assert facility(b"5 Harbor  Street", "99213-95", place="02").weights == {"TEL-17": INFO}
    assert not facility(b"12 MAIN STREET", "99213", place="11").weights
    assert not facility(b"12 MAIN STREET", "99213-95", Line("72040", place="22"), place="10").weights


def test_no_patients_address_is_in_the_finding() -> None:
    finding = facility(b"5 HARBOR STREET", "99213-95", place="02").one("TEL-17")
    assert finding.values == {"problem": "its street is the patient's own", "place": "02"}


@pytest.mark.parametrize("base", ["telehealth", "telehealth-medicare"])
def test_no_check_raises_on_a_damaged_claim(base: str) -> None:
    sources = Sources(given={"telehealth": telehealth_list})
    options = Options(date(2026, 11, 22), catalogue(), select=("TEL",), sources=sources, strict=True)
    judged = 0
    for mutation in mutations(base, 25):
        judged += sum(isinstance(event, ClaimVerdict) for event in judge_whole(mutation.data, options))
    assert judged > 100
