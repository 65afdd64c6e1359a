"""Medical necessity beyond the examples: pointed diagnoses, payers, days, limits, loaded articles, packs of data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from judging import judge
from lines import INFO, REJECT, WARNING, Line, Said, catalogue, write
from mutations import mutations
from scrubber.edits.necessity.form import limit_form, rule_form
from scrubber.edits.necessity.groups import Diagnoses
from scrubber.edits.necessity.injections import count_levels

from scrubber.catalogue.engine import Engine
from scrubber.catalogue.examples import read_base
from scrubber.catalogue.index import Catalogue, PackError
from scrubber.catalogue.load import load
from scrubber.catalogue.sources import Sources
from scrubber.config import Config
from scrubber.pipeline import Options
from scrubber.pipeline import judge as judge_whole
from scrubber.tables.coverage import Coverage
from scrubber.tables.dated import Edition, Row, RowsInMemory
from scrubber.tables.icd10cm import Icd10cm
from scrubber.verdict import ClaimVerdict

MEDICARE, COMMERCIAL, AUTO = "MB", "CI", "AM"
DAY = date(2026, 9, 15)


def claim(
    codes: str,
    *lines: Line | str,
    pointers: Sequence[str] = (),
    payer: str = MEDICARE,
    day: str = "2026-09-15",
    taxonomy: str = "207X00000X",
) -> bytes:
    """The office claim with these diagnoses and lines; every line points to all diagnoses unless told otherwise."""
    wanted = codes.split()
    hi = "*".join(("ABK:" if n == 0 else "ABF:") + code for n, code in enumerate(wanted))
    text = write(*lines, day=day, filing=payer).decode("ascii")
    text = text.replace("HI*ABK:M542*ABF:M62838", f"HI*{hi}").replace("PXC*207X00000X", f"PXC*{taxonomy}")
    usual = ":".join(str(n) for n in range(1, min(len(wanted), 4) + 1))
    given: Iterator[str] = iter(pointers)
    return re.sub(r"(SV1\*[^~]*)\*1~", lambda m: f"{m[1]}*{next(given, usual)}~", text).encode("ascii")


def said(
    data: bytes,
    select: Sequence[str] = ("NEC",),
    config: Config | None = None,
    coverage: Coverage | None = None,
    use: Catalogue | None = None,
    ignore: Sequence[str] = (),
) -> Said:
    """What the necessity edits say of a file of one claim."""
    given: dict[str, Callable[[], Any]] = {"coverage": lambda: coverage} if coverage else {}
    sources = Sources(given=given)
    engine = Engine(
        use or catalogue(),
        sources,
        received=date(2026, 11, 22),
        select=select,
        ignore=ignore,
        config=config,
        strict=True,
    )
    (only,) = [judged for judged in judge(data, engine) if judged.claim]
    return Said(tuple(f for f in only.findings if not f.edit.startswith("X12-")), tuple(only.unchecked))


# Which diagnoses are enough ---------------------------------------------------------------------------------------

NOT_ENOUGH = [
    ("M542", "72141", {"NEC-01": WARNING}),
    ("M542 G8929", "72142", {"NEC-01": WARNING}),
    ("M542", "72156", {"NEC-01": WARNING}),
    ("M5416", "72141", {"NEC-01": WARNING}),
    ("M542 M5450", "72141", {"NEC-01": WARNING}),
    ("M542", "62321", {"NEC-02": WARNING}),
    ("M47812", "62320", {"NEC-02": WARNING}),
    ("M542 M47812", "62321", {"NEC-02": WARNING}),
    ("M5416", "62321", {"NEC-02": WARNING}),
    ("M5416", "64479", {"NEC-03": WARNING}),
    ("M542", "64479", {"NEC-03": WARNING}),
    ("M542", "95886", {"NEC-04": WARNING}),
    ("M542", "95861", {"NEC-04": WARNING}),
    ("M5450", "72040", {"NEC-08": INFO}),
    ("M542 M62838", "62321", {"NEC-11": WARNING}),
    ("M542 M25511", "95910", {"NEC-11": WARNING}),
    ("M542 S134XXA", "72156", {"NEC-11": WARNING}),
    ("M5412", "72156", {"NEC-01": INFO}),
]


@pytest.mark.parametrize(("codes", "line", "weights"), NOT_ENOUGH, ids=[f"{c} {line}" for c, line, _ in NOT_ENOUGH])
@pytest.mark.parametrize("payer", [MEDICARE, COMMERCIAL])
def test_what_does_not_support_a_service(codes: str, line: str, weights: Mapping[str, str], payer: str) -> None:
    found = said(claim(codes, line, payer=payer)).weights
    found.pop("NEC-09", None)  # A remark on sides.
    assert found == weights


ENOUGH = [
    ("M5412", "72141"), ("M5413", "72141"), ("M5001", "72141"), ("M50122", "72141"), ("M50222", "72141"),
    ("M4712", "72141"), ("M4722", "72141"), ("M4802", "72141"), ("S14101A", "72141"), ("C412", "72156"),
    ("M4642", "72156"), ("M542 R292", "72141"), ("M542 R202", "72141"), ("M542 M5412", "72141"),
    ("M5412", "62321"), ("M50122", "62321"), ("M4722", "62321"), ("M4802", "62321"), ("M542 M4802", "62321"),
    ("M47812 M5412", "62321"), ("M5412", "64479"), ("M4802", "64479"), ("M5414", "64479"),
    ("M5412", "95886"), ("M50122", "95886"), ("G5601", "95910"), ("G540", "95886"), ("R202", "95910"),
    ("M6281", "95886"), ("M4802 M79601", "95886"), ("M542 G5601", "95910"),
    ("M542", "72040"), ("S134XXA", "72050"), ("S12000A", "72052"), ("M5450 M542", "72040"), ("R519", "72040"),
    ("M542", "97161-GP"), ("M5412 G8929", "97161-GP"), ("M542", "97110-GP"), ("M542", "99213"), ("M542", "20553"),
]  # fmt: skip


@pytest.mark.parametrize(("codes", "line"), ENOUGH, ids=[f"{c} {line}" for c, line in ENOUGH])
@pytest.mark.parametrize("payer", [MEDICARE, COMMERCIAL, AUTO])
def test_what_supports_a_service_is_clean_and_checked(codes: str, line: str, payer: str) -> None:
    result = said(claim(codes, line, payer=payer), ignore=("NEC-E1",))  # Its articles are not shipped.
    assert not result.ids
    assert not result.unchecked


def test_a_diagnosis_that_nothing_is_known_of_is_not_checked() -> None:
    result = said(claim("S134XXA", "72141", payer=COMMERCIAL))
    assert not result.weights
    assert result.gaps("NEC-01") == [
        "no diagnosis of the line is known to support an MRI of the neck, or known not to: the payer's policy decides"
    ]


def test_the_line_counts_by_what_it_points_to() -> None:
    finding = said(claim("M542 M5412", "62321", pointers=("1",))).one("NEC-02")
    assert finding.severity is WARNING
    assert finding.values["problem"] == "M54.12, which supports it, is on the claim, but the line does not point to it"
    assert [where.element for where in finding.related] == ["HI01-2", "HI02-2"]
    assert not said(claim("M542 M5412", "62321", pointers=("2",))).ids
    result = said(claim("M542", "62321", pointers=("",)))
    assert result.gaps("NEC-02") == ["the line points to no diagnosis that could be read"]


def test_only_lines_of_the_service_are_judged() -> None:
    finding = said(claim("M542 M5412", "99213", "62321", pointers=("1", "1"))).one("NEC-02")
    assert finding.where.line == 2


def test_two_codes_of_a_pair_have_to_be_there_both() -> None:
    both = Diagnoses(["M4802+limb-symptoms"], catalogue().code_lists["diagnosis-groups"])
    assert not both.holds("M4802")
    assert said(claim("M4802", "95886")).gaps("NEC-04")
    assert not said(claim("M4802 R202", "95886"), ignore=("NEC-E1",)).unchecked


def test_neck_pain_without_radiculopathy_is_told_once() -> None:
    for codes, line in (("M542", "62321"), ("M542", "64479"), ("M542", "95910"), ("M542", "72156")):
        assert "NEC-11" not in said(claim(codes, line)).weights
    assert "NEC-11" in said(claim("M542", "62321"), select=("NEC-11",)).weights


def test_a_radiculopathy_anywhere_on_the_claim_is_no_undercoding() -> None:
    for code in ("M5412", "M50122", "M4722"):
        assert "NEC-11" not in said(claim(f"M542 M62838 {code}", "62321", pointers=("1:2",))).weights


def test_what_the_provider_bills_as_not_covered_is_not_judged() -> None:
    for modifier in ("GA", "GX", "GY", "GZ"):
        assert not said(claim("M542", f"62321-{modifier}")).ids
        assert not said(claim("M542", f"97810-{modifier}")).ids


def test_icd9_codes_are_not_weighed() -> None:
    data = claim("M542", "72141", day="2015-09-30").replace(b"ABK:M542", b"BK:7231")
    assert not said(data).weights
    assert not said(claim("M542", "72141", day="2015-09-30")).weights
    assert said(claim("M542", "72141", day="2015-10-01")).weights == {"NEC-01": WARNING}


# Nerve studies in company -----------------------------------------------------------------------------------------


def test_nerve_conduction_for_a_root_wants_needle_emg_of_the_day() -> None:
    assert said(claim("M5412", "95910")).one("NEC-04").values["problem"].startswith("no needle EMG")
    assert not said(claim("M5412", "95910", "95886")).ids
    assert said(claim("M5412", "95910", Line("95886", day="2026-09-14"))).weights == {"NEC-04": WARNING}
    assert not said(claim("G5601", "95910")).ids


def test_needle_emg_may_stand_on_another_claim_of_the_day() -> None:
    first, second = claim("M5412", "95886"), claim("M5412", "95910")
    assert [ids(v) for v in whole(first, second)] == [set(), set()]
    assert [ids(v) for v in whole(second)] == [{"NEC-04"}]


def whole(*files: bytes) -> list[ClaimVerdict]:
    """Verdicts on one file that holds the claims of these, by the necessity edits."""
    segments = [s.strip() for s in files[0].decode("ascii").split("~") if s.strip()]
    end = next(i for i, s in enumerate(segments) if s.startswith("SE*"))
    head = segments[:end]
    for number, file in enumerate(files[1:], 2):
        more = [s.strip() for s in file.decode("ascii").split("~") if s.strip()]
        start, stop = (next(i for i, s in enumerate(more) if s.startswith(k)) for k in ("CLM*", "SE*"))
        head += [s.replace("OFFICE-1001", f"OFFICE-100{number}") for s in more[start:stop]]
    first = next(i for i, s in enumerate(head) if s.startswith("ST*"))
    data = "~\n".join([*head, f"SE*{len(head) - first + 1}*0001", *segments[end + 1 :]]) + "~\n"
    options = Options(received=date(2026, 11, 22), catalogue=catalogue(), select=("NEC",), strict=True)
    return [event for event in judge_whole(data.encode("ascii"), options) if isinstance(event, ClaimVerdict)]


def ids(verdict: ClaimVerdict) -> set[str]:
    return {f.edit for f in verdict.findings if f.severity is not INFO}


# Epidural limits --------------------------------------------------------------------------------------------------

EPIDURALS = [
    (("64479", "64480"), False),
    (("64479", Line("64480", units="2")), True),
    (("64479-50", "64480-50"), False),
    (("64479-LT", "64479-RT", "64480-LT", "64480-RT"), False),
    (("64479", "64480-LT", "64480-RT", "64480"), True),
    (("62321",), False),
    (("62321", "62321-59"), True),
    (("62321", "62323"), True),
    (("64479", "64483"), True),
    (("62321", Line("62323", day="2026-09-16")), False),
    (("62321", "64479"), False),  # One region; whether they go together is NCCI's question.
    (("62321-GY", "62323"), False),
]


@pytest.mark.parametrize(("lines", "told"), EPIDURALS)
def test_regions_and_levels_of_a_day(lines: tuple[Line | str, ...], told: bool) -> None:
    codes = "M5412 M5416"
    assert ("NEC-02b" in said(claim(codes, *lines), select=("NEC-02b",)).ids) is told
    assert not said(claim(codes, *lines, payer=COMMERCIAL), select=("NEC-02b",)).ids


def test_levels_count_both_sides_once() -> None:
    assert count_levels([]) == 0


def test_sessions_of_a_region_in_twelve_months() -> None:
    days = [date(2025, 9, 16) + timedelta(days=90 * n) for n in range(5)]

    def judged(last: date) -> Said:
        lines = [Line("62321", day=str(day)) for day in (*days[:4], last)]
        return said(claim("M5412", *lines), select=("NEC-02b",))

    assert judged(days[0] + timedelta(days=364)).one("NEC-02b").where.line == 5
    assert not judged(days[0] + timedelta(days=365)).ids


def test_regions_are_told_across_claims_of_the_file() -> None:
    first, second = claim("M5412", "62321"), claim("M5416", "62323")
    verdicts = whole(first, second)
    assert [ids(v) for v in verdicts] == [set(), {"NEC-02b"}]
    (finding,) = [f for f in verdicts[1].findings if f.edit == "NEC-02b"]
    assert finding.related[0].claim == "OFFICE-1001"


# Acupuncture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["97810", "97811", "97813", "97814", "20560", "20561"])
@pytest.mark.parametrize("codes", ["M542", "M5412", "G8929", "M542 G8929", "M50322"])
def test_acupuncture_of_the_neck_is_not_covered_by_medicare(codes: str, line: str) -> None:
    assert said(claim(codes, line)).weights == {"NEC-06": REJECT}
    assert not said(claim(codes, line, payer=COMMERCIAL)).weights


@pytest.mark.parametrize("codes", ["M5450", "M5451", "M5459", "M542 M5450", "G8929 M5459"])
def test_acupuncture_of_the_low_back_is(codes: str) -> None:
    assert not said(claim(codes, "97810")).weights


@pytest.mark.parametrize("codes", ["M5416", "M25561", "R519", "M542 M25561"])
def test_what_medicares_list_may_name_is_a_warning(codes: str) -> None:
    assert said(claim(codes, "97810")).weights == {"NEC-06": WARNING}


def test_the_determination_is_in_force_from_its_day() -> None:
    assert not said(claim("M542", "97810", day="2020-01-20")).weights
    assert said(claim("M542", "97810", day="2020-01-21")).weights == {"NEC-06": REJECT}
    assert not said(claim("M545", "97810", day="2020-01-21")).weights


def visits(number: int, code: str, every: int = 5, last: str = "") -> list[Line]:
    first = date(2026, 1, 5)
    days = [str(first + timedelta(days=every * n)) for n in range(number)]
    return [Line(last if last and n == number - 1 else code, day=day) for n, day in enumerate(days)]


def test_the_thirteenth_visit_in_ninety_days_carries_kx() -> None:
    assert not said(claim("M5450", *visits(12, "97810"))).ids
    finding = said(claim("M5450", *visits(13, "97810"))).one("NEC-06")
    assert (finding.severity, finding.where.line) == (WARNING, 13)
    assert not said(claim("M5450", *visits(13, "97810", last="97810-KX"))).ids
    # The window has moved on: the thirteenth is no more within ninety days of the first.
    assert not said(claim("M5450", *visits(13, "97810", every=8))).ids


def test_twenty_visits_in_a_year() -> None:
    assert not said(claim("M5450", *visits(20, "97810-KX", every=10))).ids
    assert said(claim("M5450", *visits(21, "97810-KX", every=10))).one("NEC-06").where.line == 21


# Chiropractic for Medicare ----------------------------------------------------------------------------------------

MANIPULATION = [
    ("M9901 M542", "1:2", {}),
    ("M9901 M5412", "1:2", {}),
    ("M9901 M50322", "1", {}),
    ("M9900 M542", "1:2", {}),
    ("M9905 M5450", "1:2", {}),
    ("M542 M9901", "1:2", {"NEC-07": REJECT}),
    ("M542", "1", {"NEC-07": REJECT}),
    ("M542 M5412", "1:2", {"NEC-07": REJECT}),
    ("M542 M9901", "2:1", {"NEC-07": WARNING}),
    ("M9901 M542", "2:1", {"NEC-07": WARNING}),
    ("M9901", "1", {"NEC-07": WARNING}),
    ("M9901 M9902", "1:2", {"NEC-07": WARNING}),
    ("M9906 M542", "1:2", {"NEC-07": REJECT}),
]


@pytest.mark.parametrize(("codes", "pointer", "weights"), MANIPULATION)
def test_the_subluxation_comes_first(codes: str, pointer: str, weights: Mapping[str, str]) -> None:
    assert said(claim(codes, "98940-AT", pointers=(pointer,))).weights == weights
    assert not said(claim(codes, "98940-AT", pointers=(pointer,), payer=COMMERCIAL)).weights


def test_one_finding_a_claim_and_maintenance_is_not_rejected() -> None:
    data = claim("M542", "98940-AT", Line("98940-AT", day="2026-09-14"))
    assert len([f for f in said(data).findings if f.edit == "NEC-07"]) == 1
    assert said(claim("M542", "98940-GA")).weights == {"NEC-07": WARNING}


REGIONS = [
    ("98940", "M9901", None), ("98940", "M9901 M9902", None), ("98940", "M9900 M9901 M9902", None),
    ("98940", "M9901 M9902 M9903", INFO), ("98941", "M9901 M9902", WARNING), ("98941", "M9901 M9902 M9903", None),
    ("98941", "M9901 M9902 M9903 M9904", None), ("98941", "M9901 M9902 M9903 M9904 M9905", INFO),
    ("98942", "M9901 M9902 M9903 M9904", WARNING), ("98942", "M9901 M9902 M9903 M9904 M9905", None),
    ("98941", "M9900 M9901 M9902", WARNING), ("98941", "M542", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "codes", "weight"), REGIONS)
def test_the_level_of_manipulation_fits_the_regions(line: str, codes: str, weight: str | None) -> None:
    found = said(claim(f"{codes} M542" if codes != "M542" else codes, f"{line}-AT"), select=("NEC-07b",)).weights
    assert found == ({"NEC-07b": weight} if weight else {})


@pytest.mark.parametrize("line", ["97140-GP", "97110-GP", "72040", "99213", "G0283-GP"])
def test_a_chiropractors_other_services_are_not_covered(line: str) -> None:
    def weights(line: str, taxonomy: str = "111N00000X", payer: str = MEDICARE) -> dict[str, Any]:
        return dict(said(claim("M9901 M542", line, taxonomy=taxonomy, payer=payer), select=("NEC-07c",)).weights)

    assert weights(line) == {"NEC-07c": WARNING}
    assert not weights(f"{line}-GY")
    assert not weights(line, taxonomy="225100000X")
    assert not weights(line, payer=COMMERCIAL)
    assert not weights("98940-AT")


def test_manipulation_without_at_and_subluxation_second_are_two_faults() -> None:
    found = said(claim("M542 M9901", "98940"), select=("NEC", "MOD")).weights
    assert found["NEC-07"] is REJECT
    assert not {"NEC-07b", "NEC-07c"} & set(found)


# Counting visits --------------------------------------------------------------------------------------------------


def test_a_second_evaluation_within_an_episode() -> None:
    def judged(days: int) -> Said:
        lines = (Line("97161-GP", day="2026-03-02"), Line("97162-GP", day=str(date(2026, 3, 2) + timedelta(days=days))))
        return said(claim("M542", *lines))

    assert judged(89).weights == {"NEC-05": WARNING}
    assert not judged(90).weights
    assert not said(claim("M542", Line("97161-GP", day="2026-03-02"), "97164-GP")).weights
    # Two of one day are an NCCI pair.
    assert not said(claim("M542", "97161-GP", "97162-GP")).weights


def test_neck_pain_visit_after_visit() -> None:
    def told(number: int, codes: str = "M542", every: int = 10) -> bool:
        return "NEC-10" in said(claim(codes, *visits(number, "99213", every), payer=COMMERCIAL)).weights

    assert not told(5)
    assert told(6)
    assert not told(6, "M542 M5412")  # A diagnosis explains the pain.
    assert not told(6, every=18)
    assert said(claim("M542", *visits(6, "99213"), payer=COMMERCIAL)).one("NEC-10").severity is INFO


def test_chronic_pain_and_long_therapy() -> None:
    assert "NEC-12" not in said(claim("M542 G8929", *visits(10, "97110-GP"), payer=COMMERCIAL)).weights
    assert said(claim("M542 G8929", *visits(11, "97110-GP"), payer=COMMERCIAL)).weights == {"NEC-12": INFO}
    assert "NEC-12" not in said(claim("M542 M62838", *visits(11, "97110-GP"), payer=COMMERCIAL)).weights


def test_limits_are_data() -> None:
    limits = [{"nothing_but": ["M542"], "visits": 8, "window_days": 30, "says": "are usual here"}]
    config = Config(params={"NEC-10": {"limits": limits}})
    assert not said(claim("M542", *visits(8, "99213", 3), payer=COMMERCIAL), config=config).weights
    finding = said(claim("M542", *visits(9, "99213", 3), payer=COMMERCIAL), config=config).one("NEC-10")
    assert finding.values["problem"] == "visit 9 within 30 days, counting this claim alone, and 8 are usual here"


def test_a_profile_may_weigh_and_change_the_lists() -> None:
    reject = Config(severity={"NEC-02": "reject"})
    assert said(claim("M542", "62321"), config=reject).weights == {"NEC-02": REJECT}
    more = Config(params={"NEC-02": {"insufficient": ["M54", "M50"], "supports": ["G54"]}})
    assert said(claim("M5412", "62321"), config=more, select=("NEC-02",)).weights == {"NEC-02": WARNING}


def test_a_side_is_told_of_one_sided_services_only() -> None:
    assert said(claim("M5412", "64479"), select=("NEC-09",)).weights == {"NEC-09": INFO}
    assert said(claim("M5412", "20553-LT"), select=("NEC-09",)).weights == {"NEC-09": INFO}
    assert not said(claim("M5412", "99213"), select=("NEC-09",)).weights
    assert not said(claim("M542", "64479"), select=("NEC-09",)).weights


def test_what_was_learned_of_one_claim_is_said_of_no_other() -> None:
    lines = ("62321", "62321-GY", "72141", "95910", "98940-AT", "97810", "64479", "97161-GP", "97140-GP")
    files = [
        claim(codes, line, pointers=(pointer,), payer=payer, day=day, taxonomy=taxonomy)
        for codes in ("M542 M5412", "M5412 M542", "M9901 M542", "S134XXA M5450")
        for line in lines
        for pointer in ("1", "2:1")
        for payer, taxonomy in ((MEDICARE, "111N00000X"), (MEDICARE, "207X00000X"), (COMMERCIAL, "111N00000X"))
        for day in ("2015-09-30", "2020-01-20", "2026-09-15")
    ]
    one = Engine(catalogue(), received=date(2026, 11, 22), select=("NEC",), strict=True)
    for file in files * 2:
        (told,) = [judged for judged in judge(file, one) if judged.claim]
        fresh = said(file)
        assert {f.edit: (f.severity, dict(f.values)) for f in told.findings if not f.edit.startswith("X12-")} == {
            f.edit: (f.severity, dict(f.values)) for f in fresh.findings
        }
        assert tuple(told.unchecked) == fresh.unchecked


# Loaded articles --------------------------------------------------------------------------------------------------


def article(id: str, procedure: str, states: str = "IL", groups: str = "1 1 1", **lists: str) -> list[Row]:
    """An article's rows as the importer writes them; ``covered`` and ``noncovered`` are diagnoses by blanks."""
    rows: list[Row] = [("procedure", procedure, id, "", "1", "", "", "", "")]
    rows += [(id, code, id, which, "1", "", "", "", "") for which, codes in lists.items() for code in codes.split()]
    rows.append(("article", id, id, " ".join(lists), groups, "", "2026-01-01", "", states))
    return rows


def coverage(*articles: list[Row]) -> Coverage:
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in (row for rows in articles for row in rows):
        found.setdefault(row[:2], []).append(row)
    edition = Edition("mcd", "2026-09-01", date(2026, 1, 1), None, len(found))
    return Coverage(RowsInMemory(edition, found))


KNOWN = Config(params={"NEC-E1": {"jurisdictions": {"NFHP1": ["IL"]}}})
ESI = article("A90001", "62321", covered="M5412 M47812", noncovered="M4802")


def test_the_loaded_article_decides() -> None:
    table = coverage(ESI)
    # Our own list would warn of M47.812, and would let M48.02 pass.
    assert not said(claim("M47812", "62321"), coverage=table).weights
    assert said(claim("M4802", "62321"), coverage=table, config=KNOWN).weights == {"NEC-E1": REJECT}
    finding = said(claim("M542", "62321"), coverage=table, config=KNOWN).one("NEC-E1")
    assert finding.severity is REJECT
    assert finding.values["articles"] == "A90001"
    assert finding.values["problem"] == "does not list them as covered"
    assert not said(claim("M542 M5412", "62321"), coverage=table, config=KNOWN).weights


def test_without_a_certain_contractor_it_warns() -> None:
    assert said(claim("M542", "62321"), coverage=coverage(ESI)).weights == {"NEC-E1": WARNING}
    nowhere = coverage(article("A90001", "62321", states="", covered="M5412"))
    assert said(claim("M542", "62321"), coverage=nowhere, config=KNOWN).weights == {"NEC-E1": WARNING}


def test_without_articles_of_the_day_they_are_not_checked() -> None:
    assert said(claim("M542", "62321")).gaps("NEC-E1") == ["no coverage articles are loaded for the date of service"]
    assert not said(claim("M542", "62321", payer=COMMERCIAL)).gaps("NEC-E1")
    assert not said(claim("M542", "62321"), coverage=coverage(ESI)).gaps("NEC-E1")
    over = Coverage(RowsInMemory(Edition("mcd", "2026-08-01", date(2026, 1, 1), date(2026, 8, 31), 1), {}))
    (gap,) = [gap for gap in said(claim("M542", "62321"), coverage=over).unchecked if gap.edit == "NEC-E1"]
    assert gap.line == 1


def test_what_an_article_said_before_its_loaded_version_is_not_checked() -> None:
    rows = [*article("A90001", "62321", covered="M5412"), *article("A90002", "62321", states="FL", covered="M5412")]
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(row[:2], []).append(row)
    since = Edition("mcd", "2026-09-01", date(2026, 9, 1), None, len(found), since=date(2025, 6, 1))
    table = Coverage(RowsInMemory(since, found))
    result = said(claim("M542", "62321", day="2025-12-31"), coverage=table)
    assert result.gaps("NEC-E1") == ["coverage articles whose loaded version began after the date of service: A90001"]
    assert result.weights == {"NEC-02": WARNING}, "our own list answers"
    held = said(claim("M542", "62321", day="2026-08-01"), coverage=table)
    assert (held.weights, held.gaps("NEC-E1")) == ({"NEC-E1": WARNING}, []), "its version had begun"
    assert not said(claim("M542", "62322", day="2025-12-31"), coverage=table).gaps("NEC-E1")


def test_another_contractors_article_is_none() -> None:
    elsewhere = coverage(article("A90002", "62321", states="FL PR", covered="M542"))
    assert said(claim("M542", "62321"), coverage=elsewhere).weights == {"NEC-02": WARNING}
    config = Config(params={"NEC-E1": {"jurisdictions": {"NFHP1": ["FL"]}}})
    assert not said(claim("M542", "62321"), coverage=elsewhere, config=config).ids - {"NEC-02"}


def test_an_article_of_several_groups_decides_only_by_what_it_lists() -> None:
    table = coverage(article("A90001", "62321", groups="2 1 0", covered="M5412"))
    assert not said(claim("M5412", "62321"), coverage=table, config=KNOWN).weights
    assert said(claim("M542", "62321"), coverage=table, config=KNOWN).weights == {"NEC-02": WARNING}


def test_articles_are_medicares_and_of_their_days() -> None:
    table = coverage(ESI)
    assert said(claim("M542", "62321", payer=COMMERCIAL), coverage=table).weights == {"NEC-02": WARNING}
    assert said(claim("M542", "62321", day="2025-12-31"), coverage=table).weights == {"NEC-02": WARNING}
    assert said(claim("M542", "62321", day="2026-01-01"), coverage=table).weights == {"NEC-E1": WARNING}


def test_an_article_speaks_of_services_that_we_have_no_list_for() -> None:
    table = coverage(article("A90003", "64405", covered="M5481"))
    assert said(claim("M542", "64405"), coverage=table).weights == {"NEC-E1": WARNING}
    assert not said(claim("M5481", "64405"), coverage=table).weights
    assert not said(claim("M542", "64405-GA"), coverage=table).weights


# Packs of data ----------------------------------------------------------------------------------------------------

PACK = """
name = "acme"
title = "Acme Health's own rules"
authority = "Acme Health"
edits = ["acme.toml"]
[sources.policy]
title = "Policy 7"
publisher = "Acme Health"
edition = "2026"
read = 2026-11-22
"""

ENTRY = """
[[edit]]
id = "ACME-01"
name = "lumbar-mri-for-back-pain-alone"
at = "2400.SV101-2"
snip = 7
must = {{ check = "{check}" }}
looks_at = {{ procedures = ["72148"] }}
message = "{{procedure}} points to {{codes}}: {{problem}}."
why = "Acme pays an MRI of the low back for radiculopathy."
fix = "Code the radiculopathy if the record states it."
severity = "warning"
cite = [{{ source = "policy", at = "7" }}]
params = {params}
"""
PARAMS = '{ procedures = ["72148"], service = "an MRI of the low back", supports = ["M5416"], insufficient = ["M545"] }'


def pack(folder: Path, check: str = "necessity.supported", params: str = PARAMS) -> Catalogue:
    (folder / "pack.toml").write_text(PACK)
    (folder / "acme.toml").write_text(ENTRY.format(check=check, params=params))
    return load([folder], installed=False)


def test_a_pack_of_data_adds_a_rule_without_python(tmp_path: Path) -> None:
    use = pack(tmp_path)
    data = claim("M5450 M5416", "72148", pointers=("1",), payer=COMMERCIAL)
    finding = said(data, select=("ACME",), use=use).one("ACME-01")
    assert finding.values["problem"].startswith("M54.16, which supports it")
    assert not said(claim("M5416", "72148"), select=("ACME",), use=use).weights


@pytest.mark.parametrize(
    ("check", "params", "words"),
    [
        ("necessity.supportd", PARAMS, "did you mean"),
        ("necesity.supported", PARAMS, "no pack `necesity`"),
        ("necessity.is_judged", PARAMS, "no function"),
        ("supported", PARAMS, "holds data only"),
        ("necessity.supported", PARAMS.replace("supports", "suports"), "no such key `suports`; did you mean supports?"),
        ("necessity.supported", '{ procedures = ["72148"] }', "`service` is missing"),
        ("necessity.supported", PARAMS.replace("M5416", "neck-pian"), "did you mean neck-pain?"),
        ("necessity.supported", PARAMS.replace("72148", "spine"), "`spine`, which is no code"),
        ("necessity.too_many_visits", '{ limits = [{ visits = "6", window_days = 90, says = "x" }] }', "whole number"),
    ],
)
def test_a_misspelt_rule_is_refused_when_the_pack_loads(tmp_path: Path, check: str, params: str, words: str) -> None:
    with pytest.raises(PackError) as error:
        pack(tmp_path, check, params)
    assert words in str(error.value)


def test_the_shipped_entries_are_of_the_documented_form() -> None:
    forms = {"supported": rule_form, "supported_in_company": rule_form, "too_many_visits": limit_form}
    tried = 0
    for edit in catalogue().edits:
        form = forms.get(str(edit.must.value)) if edit.pack == "necessity" and edit.must else None
        if form is not None:
            tried += 1
            assert list(form(edit.params)) == [], edit.id
    assert tried == 9


def test_every_diagnosis_of_the_groups_exists() -> None:
    table = Icd10cm.shipped()
    for name, row in catalogue().code_lists["diagnosis-groups"].items():
        for item in row["diagnoses"].split():
            for stem in item.split("-"):
                assert table.ancestors(stem + "0"), f"{name}: {stem}"
                assert table.billable(stem, DAY) or table.children(stem, DAY), f"{name}: {stem}"


# Whatever is missing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["esi", "medicare-chiro", "therapy", "series"])
def test_no_check_raises_on_a_damaged_claim(base: str) -> None:
    code = {"esi": b"62321", "medicare-chiro": b"98941", "therapy": b"97810", "series": b"95910"}[base]
    data = re.sub(rb"HC:[0-9]{5}", b"HC:" + code, read_base(base))
    sources = Sources(given={"coverage": lambda: coverage(ESI)})
    options = Options(date(2026, 11, 22), catalogue(), select=("NEC",), sources=sources, strict=True)
    judged = 0
    for mutation in mutations(base, 25, data):
        judged += sum(isinstance(event, ClaimVerdict) for event in judge_whole(mutation.data, options))
    assert judged > 100
