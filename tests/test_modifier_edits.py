"""Modifier edits beyond their examples: the valid and invalid lines of each, dates, payers, and one voice a fault."""

from __future__ import annotations

from datetime import date

import pytest
from checking import claim_of, knowledge
from judging import judge
from lines import INFO, OTHER_NPI, REJECT, WARNING, Line, Said, catalogue, judge_file, said, write
from scrubber.edits.modifiers.checks import separate_from_nothing, visit_alone

from scrubber.catalogue.check import Gap
from scrubber.catalogue.engine import Engine
from scrubber.catalogue.features import Filters
from scrubber.tables.ptp import PtpRow, PtpTable

MEDICARE, COMMERCIAL, WORK = "MB", "CI", "WC"


def pair(one: str, two: str, indicator: str = "1") -> PtpTable:
    """A complete table of one pair."""
    return PtpTable.of([PtpRow(one, two, date(2014, 1, 1), None, indicator)], "test", date(2014, 1, 1), None, True)


# (lines, payer, the edit and its weight); an empty edit means that no modifier edit speaks.
CASES = [
    ("99213-25 20610-RT", COMMERCIAL, "", None),
    ("99213 20610-RT", COMMERCIAL, "MOD-01", REJECT),
    ("99213-57 20610-RT", COMMERCIAL, "", None),
    ("99213-24 20610-RT", COMMERCIAL, "MOD-28", INFO),  # 24 parts them; what it speaks of is not on the claim.
    ("99203 20610-RT", COMMERCIAL, "MOD-01", WARNING),  # No PTP row pairs a new patient's visit with 20610.
    ("99203-25 20610-RT", COMMERCIAL, "", None),
    ("99213 72040", COMMERCIAL, "", None),
    ("99213 36415", COMMERCIAL, "", None),
    ("99406 20610-RT", COMMERCIAL, "", None),  # Counselling is no visit beside which 25 is asked for.
    ("99213 20610-59-RT", COMMERCIAL, "MOD-01", WARNING),  # 59 parts the pair; the global rule remains.
    ("99204-57 22551", COMMERCIAL, "", None),
    ("99204 22551", COMMERCIAL, "MOD-02", WARNING),
    ("99204-25 22551", COMMERCIAL, "MOD-02", WARNING),
    ("99204-25 22551 20610-RT", COMMERCIAL, "", None),
    ("99214-25 96372", COMMERCIAL, "", None),
    ("99214 96372", COMMERCIAL, "MOD-03", REJECT),
    ("99213 97161-GP", COMMERCIAL, "MOD-03", REJECT),
    ("99213 97810", COMMERCIAL, "MOD-03", REJECT),
    ("99213-25 20610-25", COMMERCIAL, "MOD-04", REJECT),
    ("99213-25 G0442-25", COMMERCIAL, "MOD-04", WARNING),
    ("99213-25", COMMERCIAL, "MOD-05", WARNING),
    ("99214-57", COMMERCIAL, "", None),
    ("22551-57", COMMERCIAL, "MOD-06", REJECT),
    ("98940-AT 97140-59-GP", COMMERCIAL, "", None),
    ("99213-59", COMMERCIAL, "MOD-07", REJECT),
    ("99213-XS 20610-RT", COMMERCIAL, "MOD-07", REJECT),
    ("77427-59", COMMERCIAL, "MOD-07", REJECT),
    ("99406-59", COMMERCIAL, "MOD-07", WARNING),
    ("98940-AT 97140-XS-GP", COMMERCIAL, "", None),
    ("98940-AT 97140-59-XS-GP", COMMERCIAL, "MOD-08", REJECT),
    ("98940-AT 97140-XE-XS-GP", COMMERCIAL, "MOD-08", WARNING),
    ("97110-59-GP", COMMERCIAL, "MOD-09", WARNING),
    ("97110-59-GP 97112-GP", COMMERCIAL, "MOD-09", WARNING),
    ("97110-GP 97110-59-GP", COMMERCIAL, "", None),  # Units of one code split over two lines.
    ("20610-RT 20605-LT", COMMERCIAL, "", None),
    ("20611 20610-59", COMMERCIAL, "MOD-10", INFO),
    ("20611-RT 20610-59-LT", COMMERCIAL, "MOD-10", INFO),
    ("20611-RT 20610-59-RT", COMMERCIAL, "", None),
    ("20611 20610-XS", COMMERCIAL, "", None),
    ("98940-AT 97140-XP-GP", COMMERCIAL, "MOD-11", WARNING),
    ("97110-GP", COMMERCIAL, "", None),
    ("97110-GP-GP", COMMERCIAL, "MOD-12", REJECT),
    ("20610-25 99213-25", COMMERCIAL, "MOD-04", REJECT),
    ("20610-ZZ", COMMERCIAL, "MOD-13", REJECT),
    ("20610-ZZ", WORK, "MOD-13", WARNING),
    ("20610-rt", COMMERCIAL, "MOD-13", REJECT),
    ("A0428-RH", COMMERCIAL, "", None),
    ("A0428-RA", COMMERCIAL, "", None),
    ("A0428-RQ", COMMERCIAL, "MOD-13", REJECT),
    ("20610-RH", COMMERCIAL, "MOD-13", REJECT),
    ("64483-50", MEDICARE, "", None),
    ("20553-50", MEDICARE, "MOD-15", REJECT),
    ("20553-50", COMMERCIAL, "MOD-15", WARNING),
    ("20610-50-RT", MEDICARE, "MOD-15", REJECT),
    ("62321-50", MEDICARE, "MOD-15", REJECT),
    ("95886-50", MEDICARE, "", None),
    ("69210-50", MEDICARE, "MOD-15", REJECT),
    ("20610-LT-RT", MEDICARE, "MOD-16", WARNING),
    ("97110-GP", MEDICARE, "", None),
    ("97110", MEDICARE, "MOD-19", REJECT),
    ("97110", COMMERCIAL, "MOD-19", WARNING),
    ("97110", WORK, "MOD-19", INFO),
    ("97161-GP", MEDICARE, "", None),
    ("97161-GO", MEDICARE, "MOD-20", REJECT),
    ("97165-GP", MEDICARE, "MOD-20", REJECT),
    ("92523-GP", MEDICARE, "MOD-20", REJECT),
    ("97110-GP-GO", MEDICARE, "MOD-20", REJECT),
    ("97110-GO", MEDICARE, "", None),
    ("97110-CQ-GP", MEDICARE, "", None),
    ("97110-CQ", MEDICARE, "MOD-21", REJECT),
    ("97110-CQ-GO", MEDICARE, "MOD-21", REJECT),
    ("97535-CO-GO", MEDICARE, "", None),
    ("72141-26", COMMERCIAL, "", None),
    ("72141-26-TC", COMMERCIAL, "MOD-23", REJECT),
    ("22551-54-55", COMMERCIAL, "MOD-23", REJECT),
    ("99214 G2211", MEDICARE, "", None),
    ("99214-25 G2211 20610", MEDICARE, "MOD-26", REJECT),
    ("99214-25 G2211 20610", COMMERCIAL, "", None),
    ("99214-25 G2211 G0439", MEDICARE, "", None),
    ("99214-25 G2211 G0008", MEDICARE, "", None),
    ("99214-25 G2211 G0444", MEDICARE, "", None),
    ("98941-AT", MEDICARE, "", None),
    ("98941", MEDICARE, "MOD-17", WARNING),
    ("98941-GA", MEDICARE, "", None),
    ("98941-GZ", MEDICARE, "", None),
    ("98941", COMMERCIAL, "", None),
    ("98941-AT-GY", MEDICARE, "MOD-18", WARNING),
    ("98941-AT-GZ", MEDICARE, "MOD-18", WARNING),
    ("98941-AT-GA", MEDICARE, "MOD-18", INFO),
    ("72141-26", MEDICARE, "", None),
    ("95886-26 95909-26", COMMERCIAL, "", None),
    ("20610-26", COMMERCIAL, "MOD-24", REJECT),
    ("62321-TC", MEDICARE, "MOD-24", REJECT),
    ("99213-26", COMMERCIAL, "MOD-24", REJECT),
    ("97110-TC-GP", COMMERCIAL, "MOD-24", WARNING),  # Indicator 7.
    ("97140-76-GP 98940-AT", COMMERCIAL, "MOD-25", WARNING),
    ("97140-22-GP 98940-AT", COMMERCIAL, "MOD-25", WARNING),
    ("97140-76-59-GP 98940-AT", COMMERCIAL, "", None),
    ("97140-76-GP 97124-GP", COMMERCIAL, "", None),  # Indicator 0: no modifier would help.
    ("97140-59-GP 98940-AT", MEDICARE, "", None),
    ("72040-59-26 72052", COMMERCIAL, "MOD-27", INFO),
    ("72040-26-59 72052", COMMERCIAL, "", None),
    ("97110-GP-CQ", COMMERCIAL, "MOD-27", INFO),
    ("97110-GP-CQ", MEDICARE, "", None),
    ("99213-24", COMMERCIAL, "MOD-28", INFO),
    ("20610-79-RT", COMMERCIAL, "MOD-28", INFO),
    ("97014-GP", MEDICARE, "MOD-29", REJECT),
    ("97014-GP", COMMERCIAL, "", None),
    ("G0283-GP", MEDICARE, "", None),
    ("99215 99417", MEDICARE, "MOD-29", REJECT),
    ("99215 G2212", MEDICARE, "", None),
    ("97010-GP", MEDICARE, "MOD-29", WARNING),
    ("98943", MEDICARE, "MOD-29", WARNING),
    ("98943-GY", MEDICARE, "", None),
    ("36415", MEDICARE, "", None),  # Status X: paid, but not by this schedule.
    ("99214-25 G2211 93000", MEDICARE, "MOD-26", WARNING),  # Not in a list of ours: it may be preventive.
]


@pytest.mark.parametrize(("lines", "payer", "edit", "weight"), CASES, ids=[f"{c[0]} {c[1]}" for c in CASES])
def test_what_the_modifier_edits_say(lines: str, payer: str, edit: str, weight: str | None) -> None:
    data = write(*lines.split(), filing=payer)
    weights = judge_file(data, select=("MOD",)).weights
    assert weights == ({edit: weight} if edit else {})


# Visits -----------------------------------------------------------------------------------------------------------


def test_the_visit_is_where_25_is_missing() -> None:
    for lines, at, other in ((("99213", "20610-RT"), 1, 2), (("20610-RT", "99213"), 2, 1)):
        finding = said(*lines).one("MOD-01")
        assert (finding.where.line, finding.where.element) == (at, "SV101-2")
        assert [place.line for place in finding.related] == [other]


def test_one_missing_25_is_one_finding_whatever_stands_beside_the_visit() -> None:
    assert said("99213", "20610-RT", "20553-XS").ids == {"MOD-01"}
    assert said("99213", "20610-RT", "97161-GP").ids == {"MOD-01"}
    # The pair that is certain speaks, not the global rule that only warns.
    assert said("99203", "20610-RT", "96372-59").weights == {"MOD-01": WARNING}
    assert said("99203", "20605-RT", "97161-GP").weights == {"MOD-03": REJECT}


def test_a_pair_that_no_modifier_parts_asks_for_no_25() -> None:
    never = pair("20610", "99213", "0")
    assert said("99213", "20610-RT", ptp=never).ids == {"NCCI-01"}


def test_a_visit_by_another_performer_or_on_another_day_needs_no_25() -> None:
    assert not said(Line("99213", npi=OTHER_NPI), "20610-RT").ids
    assert not said(Line("99213", day="2026-09-14"), "20610-RT").ids
    assert not said(Line("99204", npi=OTHER_NPI), "22551").ids


def test_a_visit_and_a_service_of_unknown_global_days_ask_for_25_by_their_pair() -> None:
    assert said("99213", "93000", ptp=pair("93000", "99213")).weights == {"MOD-03": REJECT}


def test_two_visits_are_no_matter_of_25_beside_a_procedure() -> None:
    assert said("99214", "99213").ids == {"NCCI-02"}
    assert not {"NCCI-02", "MOD-03"} & said("99214", "99213-25").ids


def test_25_is_alone_only_on_its_own_day() -> None:
    assert "MOD-05" in said("99213-25", Line("20610-RT", day="2026-09-14")).ids
    assert "MOD-05" not in said("99213-25", Line("20610-RT", day="2026-09-14/2026-09-16")).ids
    assert "MOD-05" not in said("99213-25", Line("72040", npi=OTHER_NPI)).ids


def test_25_without_a_date_says_nothing() -> None:
    claim = claim_of(write("99213-25"))
    claim.lines[0].service = None
    assert not list(visit_alone(claim, knowledge()))


# 59 and its kin ---------------------------------------------------------------------------------------------------


def test_59_beside_a_pair_that_the_table_does_not_know_is_unchecked() -> None:
    result = said("72040-59", "97110-GP")
    assert "MOD-09" not in result.ids
    assert result.gaps("MOD-09") == ["pairs not in the PTP table: 72040/97110"]


def test_with_a_complete_table_59_without_a_pair_is_known_to_be_idle() -> None:
    assert "MOD-09" in said("72040-59", "97110-GP", ptp=pair("98940", "97140")).ids


def test_59_has_its_partner_though_another_person_rendered_it() -> None:
    assert "MOD-09" not in said("98940-AT", Line("97140-XP-GP", npi=OTHER_NPI)).ids


def test_59_on_another_day_than_its_partner_is_idle() -> None:
    assert "MOD-09" in said(Line("98940-AT", day="2026-09-14"), "97140-59-GP").ids


def test_59_beside_an_undated_line_says_nothing() -> None:
    claim = claim_of(write("98940-AT", "97140-59-GP"))
    claim.lines[0].service = None
    assert not list(separate_from_nothing(claim, knowledge()))


def test_59_is_asked_about_once_a_claim() -> None:
    claim = claim_of(write("72040-59", "97110-59-GP"))
    assert list(separate_from_nothing(claim, knowledge())) == [Gap("pairs not in the PTP table: 72040/97110", 1, (2,))]


def test_xp_needs_another_practitioner() -> None:
    assert "MOD-11" not in said("98940-AT", Line("97140-XP-GP", npi=OTHER_NPI)).ids
    assert said("97110-XP-GP").ids == {"MOD-09"}


# Modifiers as such ------------------------------------------------------------------------------------------------


def test_a_repeated_modifier_is_found_in_every_place() -> None:
    found = [f.where.element for f in said("20610-RT-59-RT-59").findings if f.edit == "MOD-12"]
    assert found == ["SV101-5", "SV101-6"]


@pytest.mark.parametrize(
    ("modifier", "first"), [("XS", date(2015, 1, 1)), ("XE", date(2015, 1, 1)), ("CQ", date(2020, 1, 1))]
)
def test_a_modifier_is_known_from_its_first_day(modifier: str, first: date) -> None:
    before = date.fromordinal(first.toordinal() - 1)
    code = f"97140-GP-{modifier}"
    assert "MOD-13" in said(code, day=before.isoformat()).ids
    assert "MOD-13" not in said(code, day=first.isoformat()).ids


def test_a_modifier_of_another_length_is_the_segments_fault() -> None:
    findings = claim_findings(write("20610-2"))
    assert "X12-IK4-4" in findings
    assert "MOD-13" not in findings


def test_a_modifier_in_small_letters_is_told_that_capitals_are_meant() -> None:
    assert said("20610-rt").ids == {"MOD-13"}
    assert "capitals" in catalogue().by_id["MOD-13"].fix


def claim_findings(data: bytes) -> set[str]:

    engine = Engine(catalogue(), received=date(2026, 9, 16), select=("MOD",), strict=True)
    return {f.edit for judged in judge(data, engine) for f in judged.findings}


@pytest.mark.parametrize(
    ("written", "place", "shifted"),
    [
        ("HC:97140::59", "SV101-3", ["59", ""]),
        ("HC:97140::59:GP", "SV101-3", ["59", "GP", ""]),
        ("HC:97140:59::GP", "SV101-4", ["59", "GP", ""]),
        ("HC:97140:::GP", "SV101-3", ["GP", "", ""]),
    ],
)
def test_a_gap_is_closed_by_shifting_left(written: str, place: str, shifted: list[str]) -> None:
    finding = judge_file(write("97140", raw=written), select=("MOD-14",)).one("MOD-14")
    assert finding.where.element == place
    assert finding.fix is not None
    assert finding.fix.safe
    assert finding.fix.changes == {f"2400[1].SV101-{3 + i}": value for i, value in enumerate(shifted)}


@pytest.mark.parametrize(
    "written", ["HC:97140:59:GP", "HC:97140", "HC:97140:::::MANUAL WORK", "HC:97140:59::::MANUAL WORK"]
)
def test_empty_places_behind_the_last_modifier_are_no_gap(written: str) -> None:
    assert not judge_file(write("97140", raw=written), select=("MOD-14",)).ids


def test_50_with_two_units() -> None:
    assert said(Line("20610-50", units="2"), filing=MEDICARE).weights["MOD-15"] is REJECT
    assert "MOD-15" not in said(Line("20610-50", units="1"), filing=MEDICARE).ids


def test_therapy_modifiers_follow_the_day_of_service() -> None:
    assert "MOD-19" not in said("97110", day="2017-12-31", filing=MEDICARE).ids
    assert "MOD-19" in said("97110", day="2018-01-01", filing=MEDICARE).ids
    assert "MOD-21" not in said("97110-CQ", day="2019-12-31", filing=MEDICARE).ids
    assert "MOD-21" in said("97110-CQ", day="2020-01-01", filing=MEDICARE).ids


@pytest.mark.parametrize(
    ("day", "beside", "edits"),
    [
        ("2023-12-31", "20610", set()),
        ("2024-01-01", "20610", {"MOD-26"}),
        ("2024-12-31", "G0439", {"MOD-26"}),
        ("2025-01-01", "G0439", set()),
        ("2025-01-01", "20610", {"MOD-26"}),
    ],
)
def test_g2211_by_year(day: str, beside: str, edits: set[str]) -> None:
    data = write("99214-25", "G2211", beside, day=day, filing=MEDICARE)
    assert judge_file(data, select=("MOD-26",)).ids == edits


# The fee schedule ----------------------------------------------------------------------------------------------------


def test_what_medicare_takes_instead_is_named() -> None:
    assert "G0283" in said("97014-GP", filing=MEDICARE).one("MOD-29").values["problem"]
    assert "G2212" in said("99215", "99417", filing=MEDICARE).one("MOD-29").values["problem"]


def test_codes_that_the_schedule_lacks_are_unchecked() -> None:
    result = said("11720-26", filing=MEDICARE)
    assert result.gaps("MOD-24") == ["fee schedule indicators not known: 11720"]
    assert result.gaps("MOD-29") == ["fee schedule status not known: 11720"]
    assert said("99213", "11720").gaps("MOD-01") == ["global days not known: 11720"]
    assert not said("99213-25", "11720").gaps("MOD-01")
    assert not said("99213", "J1885").gaps("MOD-01")


def test_the_fee_schedule_speaks_from_its_first_day() -> None:
    assert "MOD-24" in said("20610-26", day="2024-01-01").ids
    before = said("20610-26", day="2023-12-31")
    assert "MOD-24" not in before.ids
    assert before.gaps("MOD-24")


def test_an_operation_of_the_days_before_explains_the_modifier() -> None:
    surgery = Line("22551", day="2026-09-01")
    assert "MOD-28" not in said(surgery, "99213-24").weights
    assert "MOD-28" in said(Line("22551", day="2026-06-01"), "99213-24").weights
    assert "MOD-28" in said("22551", "99213-24").weights


def test_the_therapy_threshold_of_a_year() -> None:
    def charged(*lines: str, total: str, day: str = "2026-09-15") -> Said:
        data = write(*lines, day=day, filing=MEDICARE).replace(b"*100*UN", f"*{total}*UN".encode())
        return judge_file(data, select=("MOD-22",))

    assert charged("97110-GP", total="2480.00").weights == {}
    over = charged("97110-GP", "97140-59-GP", total="1240.01").one("MOD-22")
    assert (over.severity, over.values["total"]) == (INFO, "2480.02")
    assert charged("97110-GP", "92507-GN", total="1240.01").weights == {"MOD-22": INFO}  # One threshold for both.
    assert charged("97110-GP", "97535-GO", total="1240.01").weights == {}  # OT has its own.
    assert charged("97110-KX-GP", total="9000").weights == {}
    assert charged("97110-GP", total="9000", day="2025-12-31").weights == {}
    assert charged("97110-GP", total="9000", day="2027-01-04").gaps("MOD-22")


# Data and filters -------------------------------------------------------------------------------------------------


def test_filters_let_every_listed_code_through() -> None:
    """``looks_at`` repeats what the lists hold, for speed; a code that it forgets would never be judged."""
    lists = catalogue().code_lists
    visits = [end for span, row in lists["em-codes"].items() if row["kind"] == "visit" for end in span.split("-")]
    wanted = {
        "MOD-01": visits,
        "MOD-02": visits,
        "MOD-03": visits,
        "MOD-19": list(lists["therapy-codes"]),
        "TEL-12": [end for span in lists["hands-on-services"] for end in span.split("-")],
    }
    for edit, codes in wanted.items():
        filters = Filters([catalogue().by_id[edit].looks_at])
        assert codes
        for code in codes:
            assert filters._procedures[code], f"{edit} never looks at {code}"


def test_the_lists_hold_codes_and_no_words_about_them() -> None:
    lists = catalogue().code_lists
    for name in ("modifiers", "em-codes", "therapy-codes", "preventive-services", "ptp-modifiers"):
        rows = lists[name]
        assert rows
        for key, row in rows.items():
            assert key
            assert all(len(str(value)) <= 11 for value in row.values()), f"{name}: {key}"
