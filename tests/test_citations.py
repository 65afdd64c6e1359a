"""A finding cites the edition that decided it: the user's own where one is loaded, with its name and dates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lines import Line, write
from running import call
from shipped import catalogue
from test_importers import CODES, TABULAR, order_file, stored

from scrubber.catalogue.sources import CITED, Sources
from scrubber.finding import Answered, Finding
from scrubber.pipeline import Options, judge
from scrubber.reports.wording import Wording
from scrubber.tables.dated import Edition, Editions, Row, RowsInMemory
from scrubber.tables.icd10cm import Icd10cm
from scrubber.tables.kinds import KINDS
from scrubber.verdict import ClaimVerdict, FileEnd

DAY = "2024-09-15"
FIRST, LAST = date(2024, 7, 1), date(2024, 9, 30)
QUARTER = "2024 Q3 (2024-07-01 to 2024-09-30)"

ROWS = {
    "ncci-mue": ["97110 6 3", "99051 0 2"],
    "ncci-mue-medicaid": ["97110 8 3"],
    "ncci-aoc": ["97811 97810 1"],
    "ncci-ptp": ["98940 97140 1", "20550 20551 0"],
    "pfs": ["20553 000", "99213 XXX"],
    "telehealth": ["G0108"],
    "hcpcs": ["G0283"],
    "taxonomy": ["207X00000X"],
}
COLUMNS = {
    "ncci-mue": ("code", "units", "mai"), "ncci-mue-medicaid": ("code", "units", "mai"),
    "ncci-aoc": ("addon", "primary", "type"), "ncci-ptp": ("column_one", "column_two", "indicator"),
    "pfs": ("code", "global_days"),
}  # fmt: skip


class Loaded:
    """Editions of 2024 Q3 of these kinds, as if the user had loaded them (a Library)."""

    def __init__(self, *kinds: str, **edition: Any) -> None:
        self.kinds = kinds
        self.edition = edition

    def editions(self, kind: str) -> Editions | None:
        if kind not in self.kinds:
            return None
        columns, named = KINDS[kind].columns, COLUMNS.get(kind, ("code",))
        found: dict[tuple[str, ...], list[Row]] = {}
        for text in ROWS[kind]:
            given = dict(zip(named, text.split(), strict=True))
            row = tuple([given.get(column, "") for column in columns])
            for size in (1, 2):
                found.setdefault(row[:size], []).append(row)
        edition: dict[str, Any] = {"from_": FIRST, "to": LAST, "rows": len(found), **self.edition}
        return RowsInMemory(Edition(kind, "2024 Q3", **edition), found)


def options(library: object | None) -> Options:
    return Options(date(2024, 9, 20), catalogue(), strict=True, sources=Sources(library))  # type: ignore[arg-type]


def findings(data: bytes, library: object | None) -> Iterator[Finding]:
    for event in judge(data, options(library)):
        if isinstance(event, ClaimVerdict | FileEnd):
            yield from event.findings


def cited(data: bytes, edit: str, library: object | None) -> dict[str, tuple[str, str]]:
    """Title and edition of the sources that a finding of this edit cites, by their ids."""
    found = next(finding for finding in findings(data, library) if finding.edit == edit)
    return {c.source.id: (c.source.title, c.source.edition) for c in Wording(catalogue()).citations(found)}


@pytest.mark.parametrize(
    ("edit", "lines", "how", "source"),
    [
        ("NCCI-01", ("20550", "20551"), {}, ("ptp", "ncci-ptp")),
        ("NCCI-02", ("98940", "97140-GP"), {}, ("ptp", "ncci-ptp")),
        ("NCCI-04", (Line("97110-GP", units="7"),), {}, ("mue", "ncci-mue")),
        ("NCCI-05", ("97811", "72040"), {}, ("aoc", "ncci-aoc")),
        ("MOD-09", ("98940", "97110-59-GP"), {}, ("ptp", "ncci-ptp")),
        ("TEL-13", ("99213-95",), {"filing": "MB", "place": "02"}, ("list", "telehealth")),
        ("CLM-10", ("G9999",), {}, ("hcpcs", "hcpcs")),
    ],
)
def test_the_loaded_edition_is_cited_with_its_dates(
    edit: str, lines: tuple[Line | str, ...], how: dict[str, str], source: tuple[str, str]
) -> None:
    id, kind = source
    data = write(*lines, day=DAY, **how)  # type: ignore[arg-type]
    assert cited(data, edit, Loaded(*ROWS))[id] == (KINDS[kind].title, QUARTER)


def test_no_finding_on_a_loaded_table_tells_of_a_shipped_one() -> None:
    """Whatever is found, no citation of a table that is loaded names the starter."""
    data = write(Line("97110-GP", units="9"), "98940", "97140-GP", "97811", "99213-25", "20553-59", day=DAY)
    for finding in findings(data, Loaded(*ROWS)):
        for citation in Wording(catalogue()).citations(finding):
            if citation.source.table in ROWS:
                assert citation.source.edition == QUARTER, finding.edit
                assert "shipped" not in citation.source.title


def test_without_tables_of_ones_own_the_words_stay() -> None:
    data = write(Line("97110-GP", units="7"))
    source = catalogue().packs["ncci"].sources["mue"]
    (found,) = [f for f in findings(data, None) if f.edit == "NCCI-04"]
    assert found.answered == ()
    assert Wording(catalogue()).citations(found) == catalogue().citations(catalogue().by_id["NCCI-04"])
    # A library of other kinds changes nothing either.
    assert cited(data, "NCCI-04", Loaded("telehealth"))["mue"] == (source.title, source.edition)


def test_medicaids_own_table_is_cited_by_its_name_and_not_by_medicares_address() -> None:
    data = write(Line("97110-GP", units="9"), day=DAY, filing="MC")
    both, medicare = Loaded("ncci-mue", "ncci-mue-medicaid"), Loaded("ncci-mue")
    assert cited(data, "NCCI-04", both)["mue"] == (KINDS["ncci-mue-medicaid"].title, QUARTER)
    assert cited(data, "NCCI-04", medicare)["mue"] == (KINDS["ncci-mue"].title, QUARTER)
    for library, address in ((both, False), (medicare, True)):
        (found,) = [f for f in findings(data, library) if f.edit == "NCCI-04"]
        (source,) = [c.source for c in Wording(catalogue()).citations(found) if c.source.id == "mue"]
        assert (source.url is not None) is address


def test_each_line_cites_the_edition_of_its_own_day() -> None:
    class Two(Loaded):
        """Limits of two quarters."""

        def editions(self, kind: str) -> Editions | None:
            first = super().editions(kind)
            if first is None:
                return None
            after = Edition(kind, "2024 Q4", date(2024, 10, 1), date(2024, 12, 31), 1)
            second = RowsInMemory(after, {("97110",): [("97110", "4", "3", "")]})

            class Both:
                def pick(self, day: date) -> Editions:
                    return second if day >= after.from_ else first

                def all(self) -> list[Edition]:
                    return [*first.all(), after]

                def on(self, day: date) -> Edition | None:
                    return self.pick(day).on(day)

                def find(self, day: date, *key: str) -> object:
                    return self.pick(day).find(day, *key)

                def turns(self) -> frozenset[date]:
                    return frozenset((FIRST, after.from_))

            return Both()  # type: ignore[return-value]

    lines = (Line("97110-GP", units="7"), Line("97110-GP", units="7", day="2024-10-02"))
    found = [f for f in findings(write(*lines, day=DAY), Two("ncci-mue")) if f.edit == "NCCI-04"]
    editions = [answered.edition for finding in found for answered in finding.answered]
    assert editions == [QUARTER, "2024 Q4 (2024-10-01 to 2024-12-31)"]


@pytest.mark.parametrize(
    ("edition", "day", "text"),
    [
        ({"to": None}, FIRST, "2024 Q3 (from 2024-07-01)"),
        ({"complete": False}, LAST, f"{QUARTER}, a part of it"),
        ({"since": date(2020, 1, 1)}, date(2023, 5, 5), f"{QUARTER}, by the dates of its rows"),
        ({}, date(2023, 5, 5), f"{QUARTER}, made for other days"),
    ],
)
def test_an_edition_in_words(edition: dict[str, Any], day: date, text: str) -> None:
    assert Edition("ncci-ptp", "2024 Q3", **{"from_": FIRST, "to": LAST, **edition}).cite(day) == text


def test_every_kind_is_cited_by_somebody() -> None:
    """A kind that edits ask is a source of the packs, so that a finding can name its edition."""
    sources = {source.table for pack in catalogue().packs.values() for source in pack.sources.values()}
    assert sources - {None} == set(CITED)
    for edit in catalogue().edits:
        tables = {c.source.table for c in catalogue().citations(edit)}
        for kind in edit.asks:
            # Coverage articles, where one speaks, silence the other edits that ask for them.
            assert kind in tables or kind == "mcd", f"{edit.id} asks {kind} and does not cite it"


# Diagnoses -----------------------------------------------------------------------------------------------------------


def test_a_release_of_ones_own_is_cited_on_its_days(tmp_path: Path) -> None:
    order = order_file(tmp_path / "icd10cm-order-2028.txt", CODES)
    tabular = tmp_path / "icd10cm-tabular-2028.xml"
    tabular.write_text(TABULAR)
    icd = Icd10cm.open(stored(tmp_path, "icd10cm", order, tabular))
    within, before = date(2027, 11, 1), date(2026, 11, 1)
    codes, notes = icd.own_codes(within), icd.own_notes(within)
    assert codes is not None
    assert notes is not None
    assert codes.cite(within) == "FY2028 (2027-10-01 to 2028-03-31)"
    assert notes.cite(within) == "FY2028 (2027-10-01 to 2028-09-30)"
    assert icd.own_codes(before) is icd.own_notes(before) is None
    assert Icd10cm.shipped().own_codes(within) is Icd10cm.shipped().own_notes(within) is None


def test_findings_on_diagnoses_cite_the_release(tmp_path: Path) -> None:
    order = order_file(tmp_path / "icd10cm-order-2028.txt", CODES)
    library = stored(tmp_path, "icd10cm", order)
    on_its_day = write("99213", day="2027-11-01").replace(b"ABK:M542", b"ABK:M549")
    title, edition = cited(on_its_day, "DX-01", library)["code-set"]
    assert (title, edition) == ("ICD-10-CM, order file", "FY2028 (2027-10-01 to 2028-03-31)")
    shipped = catalogue().packs["icd10cm"].sources["code-set"]
    before = write("99213", day="2026-09-15").replace(b"ABK:M542", b"ABK:M545")
    assert cited(before, "DX-01", library)["code-set"] == (shipped.title, shipped.edition)


# Reports -------------------------------------------------------------------------------------------------------------

MUE = """"A notice of the publisher stands here.",,,
HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale
97110,6,3 Date of Service Edit: Clinical,Clinical: Data
97140,6,3 Date of Service Edit: Clinical,Clinical: Data
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A claim file with two quarters of days, and a data folder with limits of both."""
    folder = tmp_path_factory.mktemp("cited")
    for begin in ("07-01", "10-01"):
        file = folder / f"MCR_MUE_PractitionerServices_Eff_{begin}-2024.csv"
        file.write_text(MUE)
        assert call("tables", "add", "ncci-mue", str(file), "--data", str(folder / "data")).exit_code == 0
    data = write(Line("97110-GP", units="7"), Line("97140-59-GP", units="7", day="2024-10-02"), day=DAY)
    (folder / "claims.837").write_bytes(data)
    return folder / "claims.837", str(folder / "data")


def report(run: tuple[Path, str], kind: str, *more: str) -> str:
    file, data = run
    said = call("check", str(file), "--received", "2024-10-10", "--data", data, "--format", kind, *more)
    assert said.exit_code == 1
    return said.stdout


BOTH = (f"{QUARTER}, a part of it", "2024 Q4 (2024-10-01 to 2024-12-31), a part of it")
"""The sample has few rows: it is kept as not whole."""


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("redact", [(), ("--redact",)])
def test_json_names_the_edition_of_each_finding(run: tuple[Path, str], jobs: str, redact: tuple[str, ...]) -> None:
    (claim,) = json.loads(report(run, "json", "--jobs", jobs, *redact))["files"][0]["claims"]
    found = [
        citation["edition"]
        for finding in claim["findings"]
        for citation in finding["citations"]
        if finding["edit"] == "NCCI-04" and citation["source"] == "mue"
    ]
    assert tuple(found) == BOTH


def test_text_names_the_source_that_decided_first_and_each_edition(run: tuple[Path, str]) -> None:
    told = " ".join(report(run, "text").split())
    assert all(f"Source NCCI unit limits (MUE), practitioner, Medicare, {edition}:" in told for edition in BOTH)
    assert told.count("; 2 more: scrubber explain NCCI-04") == 2
    everything = " ".join(report(run, "text", "--verbose").split())
    assert "shipped: the values of some services" not in told + everything


def test_html_tells_each_edition(run: tuple[Path, str]) -> None:
    page = report(run, "html")
    assert all(f", {edition}: rows with adjudication indicators 2 and 3" in page for edition in BOTH)
    assert "the values of some services" not in page


def test_sarif_results_name_their_edition(run: tuple[Path, str]) -> None:
    (log,) = json.loads(report(run, "sarif"))["runs"]
    results = [r["properties"]["sources"] for r in log["results"] if r["ruleId"] == "NCCI-04"]
    assert [next(s for s in told if "MUE" in s and "unit" in s).partition(": ")[0] for told in results] == [
        f"NCCI unit limits (MUE), practitioner, Medicare, {edition}" for edition in BOTH
    ]
    rules = {rule["id"]: rule["help"]["text"] for rule in log["tool"]["driver"]["rules"]}
    assert "(a result that an edition of your own decided names that one)" in rules["NCCI-04"]
    others = [r for r in log["results"] if r["ruleId"] != "NCCI-04"]
    assert not any("sources" in r["properties"] for r in others)


def test_fingerprints_do_not_change_with_editions(tmp_path: Path) -> None:
    """A baseline made with the starter table still knows the finding when the quarter's own is loaded."""
    file, baseline, data = tmp_path / "claims.837", tmp_path / "baseline.json", tmp_path / "data"
    file.write_bytes(write(Line("97110-GP", units="7")))
    how = ("check", str(file), "--received", "2026-09-20", "--data", str(data), "--select", "NCCI-04")
    assert call(*how, "--write-baseline", str(baseline)).exit_code == 1
    assert "NCCI-04" in baseline.read_text()
    table = tmp_path / "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
    table.write_text(MUE)
    assert call("tables", "add", "ncci-mue", str(table), "--data", str(data)).exit_code == 0
    assert "2026 Q3 (2026-07-01" in call(*how, "--format", "json").stdout
    assert call(*how, "--baseline", str(baseline)).exit_code == 0


def test_the_users_own_is_all_that_is_looked_for() -> None:
    assert Sources().answered("ncci-mue", date(2026, 9, 15), False) is None
    asked = Sources(Loaded("ncci-mue")).answered("ncci-mue", date(2024, 9, 15), True)  # type: ignore[arg-type]
    assert asked == Answered("ncci-mue", KINDS["ncci-mue"].title, QUARTER)
