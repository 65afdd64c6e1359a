"""NCCI pairs: the facts of each pair, the dates, who rendered it, and which modifier parts it."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest
from checking import claim_of, knowledge
from lines import OTHER_NPI, REJECT, WARNING, Line, judge_file, said, write
from scrubber.edits.ncci.checks import ptp_bare

from scrubber.catalogue.check import Gap
from scrubber.tables.ptp import PtpRow, PtpTable

STARTER = PtpTable.starter()


def table(*rows: PtpRow, complete: bool = True, to: date | None = None) -> PtpTable:
    return PtpTable.of(rows, "test", date(2014, 1, 1), to, complete)


def row(one: str, two: str, indicator: str = "1", effective: str = "2014-01-01", deletion: str = "") -> PtpRow:
    return PtpRow(
        one, two, date.fromisoformat(effective), date.fromisoformat(deletion) if deletion else None, indicator
    )


def pairs_only(findings: set[str]) -> set[str]:
    return findings & {"NCCI-01", "NCCI-02"}


# The pairs themselves --------------------------------------------------------------------------------------------

VALID = [
    ("98940-AT", "97140-59-GP"),
    ("99213-25", "20553"),
    ("98940-AT", "97140-XS-GP"),
    ("20610-RT", "20553-59"),
    ("98941-AT", "98943"),
    ("99214-25", "96372"),
    ("97150-GP", "97110-59-GP"),
    ("97150-59-GP", "97110-GP"),
    ("64479", "62321-59"),
]

NEVER = [
    ("72141", "72142-59"),
    ("72142", "72141"),
    ("95886-59", "95861"),
    ("98940-AT", "97161-59-GP"),
    ("98942-AT", "98941-59-AT"),
    ("98925", "97140-59-GP"),
    ("97140-GP", "97124-59-GP"),
    ("20552", "20553-59"),
    ("20560", "97810-59"),
    ("95909", "95908-59"),
    ("G2212", "99417"),
    ("97530-GP", "95851-59"),
    ("97161-GP", "97750-59-GP"),
]

BARE = [
    ("98940-AT", "97140-GP"),
    ("97140-GP", "98940-AT"),
    ("97150-GP", "97110-GP"),
    ("20610-RT", "20553"),
    ("72052", "72040"),
    ("62321", "64479"),
    ("97140-76-GP", "98940-AT"),
    ("98940-AT", "97140-GP-KX"),
    ("98940-AT", "97140-22-GP"),
    ("99214", "99213"),
    ("G0283-GP", "97032-GP"),
]


@pytest.mark.parametrize("lines", VALID, ids=" ".join)
def test_a_parted_pair_is_not_reported(lines: tuple[str, str]) -> None:
    assert not pairs_only(said(*lines).ids)


@pytest.mark.parametrize("lines", NEVER, ids=" ".join)
def test_no_modifier_parts_a_pair_of_indicator_0(lines: tuple[str, str]) -> None:
    result = said(*lines)
    assert result.weights["NCCI-01"] is REJECT
    assert "NCCI-02" not in result.ids


@pytest.mark.parametrize("lines", BARE, ids=" ".join)
def test_a_pair_of_indicator_1_needs_a_modifier(lines: tuple[str, str]) -> None:
    result = said(*lines)
    assert result.weights["NCCI-02"] is REJECT
    assert "NCCI-01" not in result.ids


SILENT = [
    "97140/97530",
    "97530/97116",
    "97161/97140",
    "97162/97140",
    "97163/97140",
    "97530/97164",
    "97110/97164",
    "97112/97164",
    "98940/97110",
    "98940/97530",
    "98940/97012",
    "98940/G0283",
    "98940/97035",
    "95908/95886",
    "62321/99203",
    "20610/99203",
    "20610/20605",
    "20610/20604",
    "36415/99213",
    "99215/99417",
    "97110/97112",
    "97810/98940",
    "97810/97140",
    "20552/97140",
]


@pytest.mark.parametrize("pair", SILENT)
def test_pairs_without_a_row_in_force_stay_silent(pair: str) -> None:
    """Many public samples show some of these as edits."""
    for lines in (pair.split("/"), pair.split("/")[::-1]):
        result = said(*lines)
        assert not pairs_only(result.ids)
        assert not result.gaps("NCCI-01")
        assert not result.gaps("NCCI-02")


def test_column_two_is_where_it_points_whatever_the_order_of_the_lines() -> None:
    for lines, at, other in ((("98940-AT", "97140-GP"), 2, 1), (("97140-GP", "98940-AT"), 1, 2)):
        finding = said(*lines).one("NCCI-02")
        assert (finding.where.line, finding.where.element) == (at, "SV101-2")
        assert [place.line for place in finding.related] == [other]
        assert (finding.values["column_one"], finding.values["column_two"]) == ("98940", "97140")


def test_a_column_one_code_on_two_lines_is_told_once() -> None:
    assert len([f for f in said("98940-AT", "98940-AT", "97140-GP").findings if f.edit == "NCCI-02"]) == 1


def test_two_lines_of_one_code_are_no_pair() -> None:
    result = said("97110-GP", "97110-GP")
    assert not result.ids
    assert not result.unchecked


# What a partial table does not know -------------------------------------------------------------------------------


def test_an_unlisted_pair_is_unchecked_once_for_each_edit() -> None:
    result = said("99213", "72040", "97110-GP")
    assert not pairs_only(result.ids)
    for edit in ("NCCI-01", "NCCI-02"):
        assert result.gaps(edit) == ["pairs not in the starter table: 72040/97110, 72040/99213, 97110/99213"]


def test_many_unlisted_pairs_are_counted() -> None:
    (reason,) = said("10060", "11042", "12001", "17110", "29200").gaps("NCCI-01")
    assert reason.endswith(" and 4 more")


def test_a_complete_table_leaves_nothing_unchecked() -> None:
    result = said("99213", "72040", ptp=table(row("98940", "97140")))
    assert not result.unchecked


def test_nothing_is_asked_of_a_single_line() -> None:
    assert not said("97140-GP").unchecked


def test_a_day_after_the_edition_is_unchecked() -> None:
    ended = table(row("98940", "97140"), to=date(2026, 6, 30))
    assert "NCCI-02" in said("98940-AT", "97140-GP", day="2026-06-30", ptp=ended).ids
    after = said("98940-AT", "97140-GP", day="2026-07-01", ptp=ended)
    assert "NCCI-02" not in after.ids
    assert after.gaps("NCCI-02") == ["no edition of the procedure pairs for the service date: 97140/98940"]


# Dates ------------------------------------------------------------------------------------------------------------


def test_the_deletion_date_is_the_last_day_in_force() -> None:
    assert said("97140-GP", "97530-GP", day="2019-12-31").weights["NCCI-02"] is REJECT
    assert not pairs_only(said("97140-GP", "97530-GP", day="2020-01-01").ids)


def test_a_row_of_unknown_beginning_only_warns_before_its_edition() -> None:
    assert said("97140-GP", "97530-GP", day="2019-06-03").weights["NCCI-02"] is WARNING
    assert said("98940-AT", "97140-GP", day="2024-06-30").weights["NCCI-02"] is WARNING
    assert said("98940-AT", "97140-GP", day="2024-07-01").weights["NCCI-02"] is REJECT


def test_several_rows_of_a_pair_each_count_on_their_own_days() -> None:
    two = table(
        row("97150", "97110", "0", "2016-01-01", "2019-12-31"),
        row("97150", "97110", "1", "2020-10-01"),
    )
    told = {day: pairs_only(said("97150-GP", "97110-GP", day=day, ptp=two).ids) for day in (
        "2015-12-31", "2016-01-01", "2019-12-31", "2020-01-01", "2020-09-30", "2020-10-01"
    )}  # fmt: skip
    assert told == {
        "2015-12-31": set(), "2016-01-01": {"NCCI-01"}, "2019-12-31": {"NCCI-01"},
        "2020-01-01": set(), "2020-09-30": set(), "2020-10-01": {"NCCI-02"},
    }  # fmt: skip


def test_indicator_9_is_never_an_edit() -> None:
    assert not said("98940-AT", "97140-GP", ptp=table(row("98940", "97140", "9"))).ids


def test_of_both_column_orders_the_stricter_row_counts() -> None:
    both = table(row("97012", "97018", "1"), row("97018", "97012", "0"))
    assert said("97012-GP", "97018-GP", ptp=both).one("NCCI-01").values["column_one"] == "97018"


@pytest.mark.parametrize("modifier", ["59", "XE", "XS", "XP", "XU"])
def test_59_and_its_kin_count_on_either_line_from_july_2019(modifier: str) -> None:
    pair = table(row("97150", "97110"))
    for day, on_column_one, on_column_two in (("2019-06-30", True, False), ("2019-07-01", False, False)):
        one = said(f"97150-{modifier}-GP", "97110-GP", day=day, ptp=pair)
        two = said("97150-GP", f"97110-{modifier}-GP", day=day, ptp=pair)
        assert ("NCCI-02" in one.ids, "NCCI-02" in two.ids) == (on_column_one, on_column_two)


@pytest.mark.parametrize("modifier", ["XE", "XS", "XP", "XU"])
def test_the_x_modifiers_part_nothing_before_2015(modifier: str) -> None:
    pair = table(row("97150", "97110"))
    assert "NCCI-02" in said("97150-GP", f"97110-{modifier}-GP", day="2014-12-31", ptp=pair).ids
    assert "NCCI-02" not in said("97150-GP", f"97110-{modifier}-GP", day="2015-01-01", ptp=pair).ids
    assert "NCCI-02" not in said("97150-GP", "97110-59-GP", day="2014-12-31", ptp=pair).ids


# Same day, same performer -----------------------------------------------------------------------------------------


def test_different_days_are_no_pair() -> None:
    assert not pairs_only(said(Line("98940-AT", day="2026-09-14"), "97140-GP").ids)


def test_ranges_pair_where_they_overlap() -> None:
    ranged = Line("98940-AT", day="2026-09-10/2026-09-15")
    finding = said(ranged, Line("97140-GP", day="2026-09-15/2026-09-20")).one("NCCI-02")
    assert finding.values["date"] == "2026-09-15"
    assert finding.severity is WARNING  # One unit in six days: nobody knows on which.
    assert not pairs_only(said(ranged, Line("97140-GP", day="2026-09-16/2026-09-20")).ids)
    full = Line("98940-AT", day="2026-09-14/2026-09-15", units="2")
    assert said(full, Line("97140-GP", day="2026-09-15")).one("NCCI-02").severity is REJECT
    assert said(replace(full, units="1"), Line("97140-GP", day="2026-09-15")).one("NCCI-02").severity is WARNING


def test_different_performers_are_no_pair() -> None:
    result = said("98940-AT", Line("97140-GP", npi=OTHER_NPI))
    assert not pairs_only(result.ids)
    assert not result.gaps("NCCI-01")


def test_a_line_performer_equal_to_the_claims_is_the_same_performer() -> None:
    rendering = claim_of(write("98940-AT")).rendering
    assert rendering is not None
    assert "NCCI-02" in said("98940-AT", Line("97140-GP", npi=rendering.npi)).ids


def test_without_a_rendering_provider_the_billing_provider_performs() -> None:
    assert "NCCI-02" in judge_file(write("98940-AT", "97140-GP", rendering=False)).ids


def test_an_unreadable_date_leaves_a_listed_pair_unchecked() -> None:
    claim = claim_of(write("98940-AT", "97140-GP"))
    claim.lines[1].service = None
    gap = Gap("no readable service date to look the procedure pairs up by", line=2)
    assert list(ptp_bare(claim, knowledge())) == [gap]


# Modifiers --------------------------------------------------------------------------------------------------------


def test_sites_part_only_when_the_lines_name_different_ones() -> None:
    assert not pairs_only(said("20610-RT", "20550-LT").ids)
    assert not pairs_only(said("20610-F1", "20550-F2").ids)
    assert said("20610-RT", "20550-RT").weights["NCCI-02"] is WARNING
    assert said("20610-RT", "20550").weights["NCCI-02"] is REJECT
    assert not pairs_only(said("20610-RT", "20550-RT-XS").ids)


def test_visit_modifiers_count_on_the_visit_only() -> None:
    for wrong in ("24", "25", "57"):
        pair = table(row("20610", "99213"))
        assert "MOD-01" in said("99213", f"20610-{wrong}", ptp=pair).ids
        assert not {"MOD-01", "NCCI-02"} & said(f"99213-{wrong}", "20610", ptp=pair).ids
        assert "NCCI-02" in said("98940-AT", f"97140-{wrong}-GP").ids


@pytest.mark.parametrize("modifier", ["58", "78", "79", "91", "27"])
def test_the_other_associated_modifiers_part(modifier: str) -> None:
    assert not pairs_only(said("20610", f"20550-{modifier}").ids)


@pytest.mark.parametrize("modifier", ["22", "76", "77", "50", "51", "52", "53", "26", "TC", "GP", "KX", "AT"])
def test_modifiers_that_are_not_associated_do_not_part(modifier: str) -> None:
    assert "NCCI-02" in said("20610", f"20550-{modifier}").ids


def test_what_25_would_part_is_told_once() -> None:
    assert said("99213", "20610-RT").ids == {"MOD-01"}
    assert said("99214", "96372").ids == {"MOD-03"}
    assert said("99211", "96372").ids == {"NCCI-01"}


# The shipped table ------------------------------------------------------------------------------------------------


def records(name: str) -> list[dict[str, str]]:
    text = (files("scrubber.edits.ncci") / "tables" / name).read_text(encoding="ascii")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def test_the_starter_table_is_sound() -> None:
    rows = [tuple(r.values()) for r in records("ptp_starter.csv")]
    assert rows == sorted(set(rows), key=lambda r: (r[0], r[1], r[3] or "9999", r[4]))
    assert STARTER.all()[0].rows == len(rows) == 513
    assert not STARTER.complete
    for one, two, effective, deletion, indicator in rows:
        assert len(one) == len(two) == 5
        assert one != two
        assert not effective
        assert indicator in "019"
        assert (indicator != "9") or deletion
        assert not deletion or date.fromisoformat(deletion)


def test_no_pair_is_in_force_in_both_column_orders() -> None:
    day = date(2026, 9, 15)
    for r in records("ptp_starter.csv"):
        one, two = r["column_one"], r["column_two"]
        assert not (STARTER.on(one, two, day) and STARTER.on(two, one, day))


def test_clear_pairs_have_no_row_in_force() -> None:
    for r in records("ptp_clear.csv"):
        assert STARTER.between(r["code"], r["other"], date(2026, 9, 15)) is None
        assert STARTER.knows(r["other"], r["code"])
    assert not STARTER.knows("99213", "72040")
