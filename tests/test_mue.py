"""Unit limits: the arithmetic of lines and days, payers, sides, and what is not known."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from checking import claim_of, knowledge
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import REJECT, WARNING, Line, said, write
from scrubber.edits.ncci.units import a_day, units_of_day, units_of_line

from scrubber.catalogue.check import Gap, Hit
from scrubber.claims.earlier import span
from scrubber.tables.dated import Edition, Row, RowsInMemory
from scrubber.tables.mue import Limit, MueTable

MEDICARE, MEDICAID = "MB", "MC"
DAY = date(2026, 9, 15)


def table(*rows: str, kind: str = "ncci-mue", from_: date = date(2026, 4, 1), complete: bool = True) -> RowsInMemory:
    """A table of rows like ``97110 6 3``."""
    values: dict[Row, list[Row]] = {(code,): [(code, units, mai, "")] for code, units, mai in map(str.split, rows)}
    return RowsInMemory(Edition(kind, "test", from_, None, len(rows), complete), values)


def day_hits(data: bytes, *profile: str, mue: MueTable | None = None) -> list[Hit]:
    know = knowledge(*profile, sides_apart=["24"])
    if mue:
        know.mue = mue
    return [hit for hit in units_of_day(claim_of(data), know) if isinstance(hit, Hit)]


# The starter table ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "units", "mai"),
    [("98940", 1, "2"), ("97110", 6, "3"), ("97140", 6, "3"), ("64450", 10, "3"), ("95886", 4, "2"), ("G0283", 1, "3"),
     ("97014", 0, "3"), ("98943", 0, "3"), ("99214", 2, "3"), ("20605", 2, "3"), ("A0425", 250, "1")],
)  # fmt: skip
def test_values_of_the_starter_table(code: str, units: int, mai: str) -> None:
    assert MueTable.open(None).find(code, DAY) == Limit(units, mai)


def test_no_row_and_no_published_value_are_not_the_same() -> None:
    starter = MueTable.open(None)
    assert starter.find("G2211", DAY) is None
    assert starter.knows("G2211", DAY)
    assert starter.find("99499", DAY) is None
    assert not starter.knows("99499", DAY)
    complete = MueTable(table("97110 6 3"))
    assert complete.knows("99499", DAY)


def test_before_the_first_edition_nothing_is_known() -> None:
    result = said(Line("97110-GP", units="40"), day="2026-03-31")
    assert not {"NCCI-03", "NCCI-04"} & result.ids
    assert result.gaps("NCCI-04") == ["no edition of the unit limits for the service date"]
    assert "NCCI-04" in said(Line("97110-GP", units="40"), day="2026-04-01").ids


def test_codes_that_a_partial_table_lacks_are_told_in_one_reason() -> None:
    result = said("11720", "11721", "97110-GP")
    assert result.gaps("NCCI-04") == ["unit limits not in the starter table: 11720, 11721"]
    assert result.gaps("NCCI-03") == result.gaps("NCCI-04")


# Lines ------------------------------------------------------------------------------------------------------------


def test_indicator_1_judges_each_line_by_itself() -> None:
    assert "NCCI-03" not in said(Line("A0425", units="250"), Line("A0425-76", units="250")).ids
    result = said(Line("A0425", units="10"), Line("A0425", units="251"))
    finding = result.one("NCCI-03")
    assert finding.severity is REJECT
    assert (finding.where.line, finding.where.element) == (2, "SV104")
    assert "NCCI-04" not in result.ids


# Days ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "over"),
    [
        ((Line("97110-GP", units="6"),), False),
        ((Line("97110-GP", units="7"),), True),
        ((Line("97110-GP", units="3"), Line("97110-59-GP", units="3")), False),
        ((Line("97110-GP", units="3"), Line("97110-59-GP", units="4")), True),
        ((Line("97110-GP", units="3"), Line("97110-76-GP", units="4")), True),
        ((Line("97110-GP", units="4"), Line("97110-GP", units="4", day="2026-09-14")), False),
        ((Line("97110-GP", units="4"), Line("97110-GP", units="4", npi="1234567893")), False),
        ((Line("97110-GP", units="4"), Line("97112-GP", units="4")), False),
        ((Line("97110-GP", units="12", day="2026-09-14/2026-09-15"),), False),
        ((Line("97110-GP", units="13", day="2026-09-14/2026-09-15"),), True),  # 6.5 a day is 7.
        ((Line("97110-GP", units="19", day="2026-09-13/2026-09-15"),), False),  # 6.33 a day is 6.
        ((Line("97110-GP", units="12", day="2026-09-14/2026-09-15"), Line("97110-GP", units="1")), True),
        ((Line("97110-GP", units="6.5"),), True),
    ],
)  # fmt: skip
def test_units_of_a_day(lines: tuple[Line, ...], over: bool) -> None:
    assert ("NCCI-04" in said(*lines).ids) is over


def test_the_finding_names_every_line_of_the_day() -> None:
    finding = said(Line("97110-GP", units="3"), "97140-59-GP", Line("97110-KX-GP", units="4")).one("NCCI-04")
    assert (finding.where.line, finding.where.element) == (3, "SV104")
    assert [(place.line, place.element) for place in finding.related] == [(1, "SV104")]
    assert finding.values["units"] == "7"
    assert finding.values["limit"] == "6"


def test_each_day_is_a_fault_of_its_own() -> None:
    hits = day_hits(
        write("98940-AT", "98940-AT", Line("98940-AT", day="2026-09-14"), Line("98940-AT", day="2026-09-14"))
    )
    assert sorted(hit.values["date"] for hit in hits) == ["2026-09-14", "2026-09-15"]


def test_minutes_of_anesthesia_are_no_units() -> None:
    claim = claim_of(write(Line("00600", units="90")))
    know = knowledge(sides_apart=[])
    know.mue = MueTable(table("00600 1 2"))
    assert [type(hit) for hit in units_of_day(claim, know)] == [Hit]
    claim.lines[0].unit_basis = "MJ"
    know.scratch.clear()
    assert list(units_of_day(claim, know)) == []


# Both sides ----------------------------------------------------------------------------------------------------------


def test_both_sides_are_one_unit_with_50() -> None:
    assert "NCCI-04" not in said("64483-50", filing=MEDICARE).ids
    assert said("64483-LT", "64483-RT", filing=MEDICARE).weights["NCCI-04"] is REJECT
    assert said("64483-LT", "64483-RT").weights["NCCI-04"] is WARNING
    # An ambulatory surgical center bills a line for each side.
    assert said("64483-LT", "64483-RT", filing=MEDICARE, place="24").weights["NCCI-04"] is WARNING
    assert said("64483-LT", "64483-LT").weights["NCCI-04"] is REJECT
    assert "NCCI-04" not in said("20610-LT", "20610-RT", filing=MEDICARE).ids


def test_priced_by_side_allows_two_units_or_two_lines() -> None:
    for lines in (("95886-50", "95909"), (Line("95886", units="2"), "95909"), ("95886-RT", "95886-LT", "95909")):
        assert "NCCI-04" not in said(*lines).ids


# Payers --------------------------------------------------------------------------------------------------------------


def test_a_limit_of_0_is_medicares_word() -> None:
    found = said("99051", filing=MEDICARE).one("NCCI-04")
    assert found.severity is REJECT
    assert found.values["advice"] == "Medicare does not pay this code."
    # Where Medicare's fee schedule says what to bill instead, that is told, once.
    assert said("97014-GP", filing=MEDICARE).weights == {"MOD-29": REJECT}


@pytest.mark.parametrize("filing", ["CI", "BL", "CH", "WC", "AM", "11", MEDICAID])
def test_a_limit_of_0_says_nothing_of_other_payers(filing: str) -> None:
    """A commercial plan pays the yearly check-up that Medicare does not cover; nothing stays open about it either."""
    result = said("99051", Line("99051", units="2"), filing=filing)
    assert not {"NCCI-03", "NCCI-04"} & result.ids
    assert not result.gaps("NCCI-04")


def test_a_limit_of_0_on_a_line_is_the_same() -> None:
    mue = MueTable(table("A9270 0 1"))
    for profile, hits in (("medicare", 1), ("commercial", 0)):
        know = knowledge(profile)
        know.mue = mue
        found = list(units_of_line(claim_of(write(Line("A9270"))), know))
        assert len(found) == hits


def test_medicaids_own_limit_of_0_warns_in_its_name() -> None:
    own = MueTable(table("99396 0 2"), table("99396 0 2", kind="ncci-mue-medicaid"))
    (hit,) = day_hits(write("99396", filing=MEDICAID), "medicaid", mue=own)
    assert (hit.severity, hit.values["advice"]) == (WARNING, "Medicaid does not pay this code.")
    assert not day_hits(write("99396", filing=MEDICAID), "medicaid", mue=MueTable(table("99396 0 2")))


def test_medicaid_has_its_own_table() -> None:
    over = write(Line("97110-GP", units="7"), filing=MEDICAID)
    (hit,) = day_hits(over, "medicaid")
    assert hit.severity is WARNING
    own = MueTable(table("97110 6 3"), table("97110 8 3", kind="ncci-mue-medicaid"))
    assert not day_hits(over, "medicaid", mue=own)
    (hit,) = day_hits(write(Line("97110-GP", units="9"), filing=MEDICAID), "medicaid", mue=own)
    assert hit.severity is None
    assert len(day_hits(over, mue=own)) == 1


def test_a_quarter_replaces_the_table_before() -> None:
    class Two:
        """Two editions, the later in force from October."""

        def __init__(self) -> None:
            self.old, self.new = table("97110 6 3"), table("97110 4 3", from_=date(2026, 10, 1))

        def pick(self, day: date) -> RowsInMemory:
            return self.new if day >= date(2026, 10, 1) else self.old

        def all(self) -> list[Edition]:
            return [*self.old.all(), *self.new.all()]

        def on(self, day: date) -> Edition | None:
            return self.pick(day).on(day)

        def find(self, day: date, *key: str) -> object:
            return self.pick(day).find(day, *key)

        def turns(self) -> frozenset[date]:
            return frozenset((date(2026, 4, 1), date(2026, 10, 1)))

    both = MueTable(Two())  # type: ignore[arg-type]
    assert not day_hits(write(Line("97110-GP", units="5"), day="2026-09-30"), mue=both)
    assert day_hits(write(Line("97110-GP", units="5"), day="2026-10-01"), mue=both)


# The sum, against a count by hand ----------------------------------------------------------------------------------


CODES = st.sampled_from(["97110-GP", "97110-59-GP", "97112-GP"])


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["97110-GP", "97110-59-GP", "97112-GP"]),
            st.integers(1, 9),
            st.integers(0, 3),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_day_is_over_exactly_when_its_units_are(drawn: list[tuple[str, int, int, int]]) -> None:
    limits = {"97110": 6, "97112": 4}
    lines = []
    by_day: dict[tuple[str, date], int] = {}
    for code, units, start, days in drawn:
        first = DAY - timedelta(days=7) + timedelta(days=start)
        last = first + timedelta(days=days - 1)
        lines.append(Line(code, units=str(units), day=first.isoformat() if days == 1 else f"{first}/{last}"))
        whole, rest = divmod(units, days)
        each = whole + (1 if 2 * rest >= days else 0)
        for number in range(days):
            key = (code[:5], first + timedelta(days=number))
            by_day[key] = by_day.get(key, 0) + each
    hits = day_hits(write(*lines))
    assert {hit.values["procedure"] for hit in hits} == {c for (c, _), units in by_day.items() if units > limits[c]}
    most = {code: max(units for (c, _), units in by_day.items() if c == code) for code, _ in by_day}
    for code in {hit.values["procedure"] for hit in hits}:
        assert max(int(h.values["units"]) for h in hits if h.values["procedure"] == code) == most[code]


@given(st.integers(1, 400), st.integers(1, 60))
def test_a_day_of_a_span_is_its_share_rounded(units: int, days: int) -> None:
    last = DAY + timedelta(days=days - 1)
    claim = claim_of(write(Line("97110-GP", units=str(units), day=f"{DAY}/{last}")))
    assert span(claim.lines[0]) == days
    assert abs(a_day(claim.lines[0]) * days - units) * 2 <= days
    assert a_day(claim.lines[0]) == int(Decimal(units) / days + Decimal("0.5"))


# Broken claims -------------------------------------------------------------------------------------------------------


def test_a_claim_without_parts_says_nothing_or_why_not() -> None:
    for part in ("sv1", "service", "units", "rendering", "lx"):
        claim = claim_of(write(Line("97110-GP", units="7"), Line("97110-GP", units="7")))
        for line in claim.lines:
            setattr(line, part, None)
        know = knowledge(sides_apart=[])
        found = [*units_of_line(claim, know), *units_of_day(claim, know)]
        if part == "service":
            assert all(isinstance(item, Gap) for item in found)
            assert found
        elif part == "units":
            assert not found
    claim.lines = []
    know.scratch.clear()
    assert not list(units_of_day(claim, know))
