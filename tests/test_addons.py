"""Add-on codes: which primaries they may stand beside, by type and day, and what is not known."""

from __future__ import annotations

from datetime import date

import pytest
from checking import claim_of, knowledge
from lines import INFO, OTHER_NPI, REJECT, WARNING, Line, said, write
from scrubber.edits.ncci.addons import addon_alone

from scrubber.catalogue.check import Gap, Hit
from scrubber.tables.addons import AddonTable
from scrubber.tables.dated import Edition, RowsInMemory
from scrubber.tables.starter import read_starter

DAY = date(2026, 9, 15)


def table(*rows: tuple[str, ...], complete: bool = True) -> AddonTable:
    """Rows of the kind's columns; what is missing at the end is empty."""
    found: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for row in rows:
        found.setdefault((row[0],), []).append((*row, *[""] * (8 - len(row))))
    return AddonTable(RowsInMemory(Edition("ncci-aoc", "test", date(2026, 7, 1), None, len(rows), complete), found))


def hits(data: bytes, addons: AddonTable) -> list[Hit | Gap]:
    know = knowledge(elsewhere=["99292"])
    know.addons = addons
    return list(addon_alone(claim_of(data), know))


PAIRS = [
    ("64480", "64479"), ("64484", "64483"), ("64491", "64490"), ("64492", "64490"), ("64492", "64491"),
    ("64494", "64493"), ("64494", "64490"), ("64495", "64493"), ("64495", "64494"), ("64634", "64633"),
    ("64636", "64635"), ("95885", "95907"), ("95886", "95913"), ("95887", "95909"), ("97811", "97810"),
    ("97811", "97813"), ("97814", "97810"), ("99417", "99205"), ("99417", "98007"), ("G2212", "99215"),
    ("G2211", "99213"), ("G2211", "99341"), ("99292", "99291"), ("22552", "22551"), ("63082", "63081"),
]  # fmt: skip


@pytest.mark.parametrize(("addon", "primary"), PAIRS, ids=" ".join)
def test_an_add_on_beside_its_primary(addon: str, primary: str) -> None:
    """The primary may be an add-on itself, which then lacks its own."""
    for codes in ((primary, addon), (addon, primary)):
        alone = [f.where.line for f in said(*codes).findings if f.edit == "NCCI-05"]
        assert codes.index(addon) + 1 not in alone


@pytest.mark.parametrize(
    "addon", ["64480", "64494", "95886", "97811", "99417", "G2212", "G2211", "22552", "22845", "20930"]
)
def test_an_add_on_alone_or_beside_something_else(addon: str) -> None:
    assert said(addon).weights["NCCI-05"] is REJECT
    finding = said("72020", addon).one("NCCI-05")
    assert finding.severity is REJECT
    assert (finding.where.line, finding.where.element) == (2, "SV101-2")


def test_many_primaries_are_counted_not_listed() -> None:
    text = said("22845").one("NCCI-05").values["primaries"]
    assert text.endswith("and 106 more")
    assert len(text) < 80


def test_several_lines_of_one_add_on_lack_one_primary() -> None:
    assert len([f for f in said("64480", "64480-59").findings if f.edit == "NCCI-05"]) == 1


def test_the_primary_is_of_the_same_day_and_performer() -> None:
    assert said(Line("64479", day="2026-09-14"), "64480").weights["NCCI-05"] is REJECT
    # Of one group and specialty they may count as one: only the payer knows.
    assert said(Line("64479", npi=OTHER_NPI), "64480").weights["NCCI-05"] is WARNING
    assert "NCCI-05" not in said(Line("64479", day="2026-09-14/2026-09-16"), "64480").weights


def test_critical_care_may_ride_on_another_days() -> None:
    assert said("99292").weights["NCCI-05"] is WARNING


@pytest.mark.parametrize(
    ("addon", "primary", "first"),
    [("99417", "98003", "2025-04-01"), ("G2211", "99341", "2026-01-01"), ("64494", "64490", None)],
)
def test_a_pair_begins_on_its_day(addon: str, primary: str, first: str | None) -> None:
    rows = {(r["addon"], r["primary"]): r["effective"] for r in read_starter("ncci", "aoc_starter.csv")}
    if first is None:
        assert rows[addon, primary] < "2024-07-01"
        return
    assert rows[addon, primary] == first
    before = date.fromordinal(date.fromisoformat(first).toordinal() - 1).isoformat()
    assert "NCCI-05" in said(primary, addon, day=before).ids
    assert "NCCI-05" not in said(primary, addon, day=first).ids


def test_days_before_the_edition_speaks_are_unchecked() -> None:
    result = said("64480", day="2024-06-30")
    assert "NCCI-05" not in result.weights
    assert result.gaps("NCCI-05") == ["no edition of the add-on codes for the service date"]
    assert "NCCI-05" in said("64480", day="2024-07-01").ids


def test_primaries_that_the_payer_names() -> None:
    assert said("77001").weights["NCCI-05"] is INFO
    beside = said("72020", "77001")
    assert "NCCI-05" not in beside.weights
    assert beside.gaps("NCCI-05") == ["the primary codes of 77001 are the payer's to name"]


def test_a_code_that_may_be_an_add_on_is_unchecked_and_a_clear_one_is_not() -> None:
    assert said("11720").gaps("NCCI-05") == ["not known whether these are add-on codes: 11720"]
    assert not said("99213", "72040", "97110-GP").gaps("NCCI-05")


def test_types_of_the_publishers_table() -> None:
    rows = table(
        ("11111", "22222", "", "1"),
        ("33333", "22222", "", "3"),
        ("44444", "CCCCC", "", "2"),
        ("55555", "22222", "", "9"),
    )
    assert [type(x) for x in hits(write("11111", "22222"), rows)] == []
    (closed,) = hits(write("11111", "66666"), rows)
    assert isinstance(closed, Hit)
    assert closed.severity is None
    (partial,) = hits(write("33333", "66666"), rows)
    assert isinstance(partial, Hit)
    assert partial.severity is WARNING
    assert [type(x) for x in hits(write("44444", "66666"), rows)] == [Gap]
    assert [type(x) for x in hits(write("55555", "66666"), rows)] == [Gap]


def test_pairs_end_with_their_rows_and_with_their_codes() -> None:
    for ends in (("2026-09-14",), ("", "2026-09-14"), ("", "", "2026-09-14")):
        rows = table(("11111", "22222", "2020-01-01", "1", *ends), ("11111", "33333", "2020-01-01", "1"))
        assert len(hits(write("11111", "22222"), rows)) == 1
        assert not hits(write("11111", "22222", day="2026-09-14"), rows)
        assert not hits(write("11111", "33333"), rows)
    gone = table(("11111", "22222", "2020-01-01", "1", "", "2026-09-14"))
    assert not hits(write("11111"), gone)  # No add-on any more: another edit speaks of deleted codes.


def test_an_undated_line_is_unchecked() -> None:
    claim = claim_of(write("64480"))
    claim.lines[0].service = None
    assert [type(x) for x in addon_alone(claim, knowledge(elsewhere=[]))] == [Gap]
