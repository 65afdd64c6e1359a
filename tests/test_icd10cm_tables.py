"""The ICD-10-CM tables: validity by date, titles, seventh characters, notes, and the build that writes them."""

import gzip
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubber.tables import build_icd10cm
from scrubber.tables.icd10cm import CodeStatus, Doubt, Icd10cm, Level, dotted
from scrubber.tables.icd10cm_files import Window, read_text, shipped_directory
from scrubber.tables.icd10cm_references import Parser, Tree

FY2026 = date(2026, 3, 2)
SOURCES = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "icd10cm"


@pytest.fixture(scope="module")
def icd() -> Icd10cm:
    return Icd10cm.shipped()


# Validity


def test_billable_codes_number_what_cdc_counts_each_year(icd: Icd10cm) -> None:
    spans: Counter[tuple[Window, ...]] = Counter()
    for line in read_text(shipped_directory(), "validity.txt.gz").splitlines():
        if line[3:4] == "\t":
            spans.update(icd._valid().codes(line[:3]).values())

    def count(on: date) -> int:
        return sum(number for windows, number in spans.items() if any(window.covers(on) for window in windows))

    octobers = [count(date(year - 1, 10, 1)) for year in range(2016, 2028)]
    assert octobers == [
        69823, 71486, 71704, 71932, 72184, 72616, 72748, 73639, 74044, 74260, 74719, 74879
    ]  # fmt: skip
    assert count(date(2022, 4, 1)) == 72750
    assert count(date(2023, 4, 1)) == 73674


@pytest.mark.parametrize(
    ("code", "on", "status"),
    [
        ("M542", date(2015, 10, 1), "billable"),
        ("M542", FY2026, "billable"),
        ("M5012", date(2016, 9, 30), "billable"),
        ("M5012", date(2016, 10, 1), "category"),
        ("M5012", FY2026, "category"),
        ("M50120", date(2016, 9, 30), "not-in-force"),
        ("M545", date(2021, 9, 30), "billable"),
        ("M545", date(2021, 10, 1), "category"),
        ("M5450", date(2021, 9, 30), "not-in-force"),
        ("M5450", date(2021, 10, 1), "billable"),
        ("M54", FY2026, "category"),
        ("S134XXA", FY2026, "billable"),
        ("S134", FY2026, "category"),
        ("S134XX", FY2026, "category"),
        ("S134A", FY2026, "unknown"),
        ("S134XXG", FY2026, "unknown"),
        ("S142XXD", FY2026, "billable"),
        ("S142D", FY2026, "unknown"),
        ("D691", date(2026, 9, 30), "billable"),
        ("D691", date(2026, 10, 1), "category"),
        ("J4B", FY2026, "not-in-force"),
        ("J4B", date(2026, 10, 1), "billable"),
        ("K6A", date(2026, 10, 1), "category"),
        ("QA1790", date(2026, 10, 1), "billable"),
        ("M542", date(2015, 9, 30), "unchecked"),
        ("M542", date(2027, 3, 31), "billable"),
        ("M542", date(2027, 4, 1), "unchecked"),
        ("7231", FY2026, "unknown"),
        ("M54.2", FY2026, "unknown"),
        ("", FY2026, "unknown"),
        ("é", FY2026, "unknown"),
    ],
)
def test_status(icd: Icd10cm, code: str, on: date, status: str) -> None:
    assert icd.status(code, on) == CodeStatus(status)
    assert icd.billable(code, on) is (status == "billable")


def test_a_category_lists_its_billable_codes_of_the_date(icd: Icd10cm) -> None:
    assert icd.children("M5012", date(2019, 1, 1)) == ("M50120", "M50121", "M50122", "M50123")
    assert icd.children("M5012", date(2016, 1, 1)) == ()
    assert icd.children("M545", FY2026) == ("M5450", "M5451", "M5459")
    assert icd.children("S134", FY2026) == ("S134XXA", "S134XXD", "S134XXS")
    assert icd.children("M542", FY2026) == ()
    assert icd.children("M545", date(2030, 1, 1)) == ()


def test_attributes_follow_the_date(icd: Icd10cm) -> None:
    assert icd.has("G55", "manifestation", FY2026)
    assert icd.has("V4352XA", "ecodepdx", FY2026)
    assert icd.has("Z00110", "newborn", FY2026)
    assert icd.has("O80", "female", date(2024, 9, 30))
    assert not icd.has("O80", "female", date(2024, 10, 1))
    assert icd.has("O80", "maternity", date(2024, 10, 1))
    assert not icd.has("M542", "manifestation", FY2026)
    assert not icd.has("O80", "maternity", date(2027, 4, 1))


def test_windows_say_when(icd: Icd10cm) -> None:
    assert icd.windows("M545") == (Window(date(2015, 10, 1), date(2021, 9, 30), frozenset()),)
    assert icd.windows("M54") == ()
    assert (icd.first, icd.last) == (date(2015, 10, 1), date(2027, 3, 31))


# Names and places


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("M542", "Cervicalgia"),
        ("M545", "Low back pain"),
        ("S134XXA", "Sprain of ligaments of cervical spine, initial encounter"),
        ("T360X1A", "Poisoning by penicillins, accidental (unintentional), initial encounter"),
        ("J4B", "Pulmonary mycetoma"),
        ("S134XXG", None),
        ("Q", None),
    ],
)
def test_title(icd: Icd10cm, code: str, title: str | None) -> None:
    assert icd.title(code) == title


def test_the_seventh_character_rule_comes_from_the_nearest_node(icd: Icd10cm) -> None:
    for code in ("S134", "S134XXA", "S134XXG"):
        rule = icd.seventh(code)
        assert rule is not None
        assert rule.node == "S13"
        assert dict(rule.characters) == {"A": "initial encounter", "D": "subsequent encounter", "S": "sequela"}
    assert icd.seventh("M542") is None


def test_letters_in_categories_keep_the_tabulars_order(icd: Icd10cm) -> None:
    place = icd._laid_out().place
    assert place["C43"] < place["C4A"] < place["C44"] < place["C45"]
    assert place["M08"] < place["M1A"] < place["M10"]
    assert place["Q99"] < place["QA0"] < place["QA1"] < place["R00"]
    assert icd.ancestors("M5412") == ("chapter 13", "M40-M54", "M50-M54", "M54", "M541")
    assert icd.ancestors("J4520") == ("chapter 10", "J40-J4A", "J45", "J452")  # Printed behind J4A, and in its block.
    assert icd.ancestors("U071") == ("chapter 22", "U00-U49", "U07")
    assert icd.ancestors("XYZ") == ()


def test_a_date_is_answered_by_its_edition_or_a_marked_stand_in(icd: Icd10cm) -> None:
    named = {on: (icd.edition(on).name, icd.edition(on).stand_in) for on in (
        date(2016, 1, 1), date(2024, 10, 1), date(2025, 9, 30), date(2025, 10, 1), date(2026, 10, 1)
    )}  # fmt: skip
    assert list(named.values()) == [
        ("FY2025", True), ("FY2025", False), ("FY2025", False), ("FY2026", False), ("FY2026", True),
    ]  # fmt: skip


# Excludes1

REJECTED = [
    ("M542", "M50322"), ("M542", "M5020"), ("M5412", "M50122"), ("M5412", "M4722"), ("M5412", "M792"),
    ("M5413", "M5013"), ("M542", "R52"), ("G8929", "R52"), ("M5450", "F4541"), ("M542", "F4541"), ("G8929", "F4541"),
    ("G8929", "G894"), ("G8929", "G890"), ("G8929", "G893"), ("M5416", "M5116"), ("M5459", "S39012A"),
    ("E119", "R7303"), ("E119", "E109"), ("E1110", "E8720"), ("G44209", "R519"), ("Z3401", "O0990"),
    ("S0101XA", "S020XXB"), ("G545", "E1144"), ("I6930", "S060X0S"),
]  # fmt: skip
DOUBTED = [
    ("M5412", "G5601", Doubt.NOS), ("M5412", "M5116", Doubt.APART), ("M5416", "M50122", Doubt.APART),
    ("M7061", "M65331", Doubt.APART), ("M75101", "S46012A", Doubt.APART), ("M5431", "M5442", Doubt.APART),
    ("M5459", "S39012S", Doubt.SEQUELA), ("K580", "K529", Doubt.WIDE),
]  # fmt: skip
ALLOWED = [
    ("M542", "M5412"), ("M5412", "M50321"), ("M5412", "M5020"), ("M542", "M4802"), ("M5412", "M4802"),
    ("M542", "G4486"), ("M5412", "G4486"), ("M542", "M62838"), ("M5412", "M62838"), ("M542", "M531"),
    ("M5412", "M531"), ("M542", "M436"), ("M5412", "M436"), ("M542", "M9901"), ("M5412", "M9901"),
    ("M542", "M47812"), ("M5412", "M47812"), ("E119", "I10"), ("E119", "E785"), ("E119", "Z794"), ("M5450", "M25511"),
    ("J069", "R509"), ("E119", "E8720"), ("T887XXA", "I10"), ("S0101XA", "S020XXA"), ("M542", "M542"),
    ("M50122", "M50121"), ("I69320", "F067"), ("G8929", "M542"), ("F4542", "G8929"), ("M542", "?"),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), REJECTED)
def test_a_named_code_is_rejected(icd: Icd10cm, a: str, b: str) -> None:
    hits = icd.excludes1(a, b, FY2026)
    assert hits
    assert hits[0].strength == "reject"
    assert hits[0].doubt is None


@pytest.mark.parametrize(("a", "b", "doubt"), DOUBTED)
def test_a_doubtful_note_only_warns(icd: Icd10cm, a: str, b: str, doubt: Doubt) -> None:
    hits = icd.excludes1(a, b, FY2026)
    assert {hit.strength for hit in hits} == {"warning"}
    assert hits[0].doubt is doubt


@pytest.mark.parametrize(("a", "b"), ALLOWED)
def test_a_pair_without_a_note_is_left_alone(icd: Icd10cm, a: str, b: str) -> None:
    assert icd.excludes1(a, b, FY2026) == ()


def test_a_hit_tells_everything_a_message_needs(icd: Icd10cm) -> None:
    (hit,) = icd.excludes1("M50322", "M542", FY2026)
    assert (hit.node, hit.level, hit.names) == ("M542", Level.CODE, "M50.-")
    assert (hit.holder, hit.excluded, hit.wording) == ("M542", "M50322", "due-to")
    assert hit.text == "cervicalgia due to intervertebral cervical disc disorder (M50.-)"
    assert (hit.edition, hit.stand_in) == ("FY2026", False)
    (hit,) = icd.excludes1("M542", "M50322", date(2026, 11, 22))
    assert (hit.edition, hit.stand_in) == ("FY2026", True)


def test_excludes2_shows_where_the_tabular_contradicts_itself(icd: Icd10cm) -> None:
    assert icd.excludes1("M5413", "M5013", FY2026)[0].strength == "reject"
    assert [hit.node for hit in icd.excludes2("M5413", "M5013", FY2026)] == ["M501"]
    assert icd.excludes2("M5412", "M50122", FY2026) == ()


def test_a_claims_codes_are_judged_together(icd: Icd10cm) -> None:
    codes = ("M542", "I10", "M50322", "R52")
    found = [(i, j, hit.node) for i, j, hit in icd.excludes1_among(codes, FY2026)]
    assert found == [(0, 2, "M542"), (0, 3, "R52")]


def test_notes_in_words_only_are_kept_for_curated_edits(icd: Icd10cm) -> None:
    notes = [note for note in icd.notes("M542", "1", FY2026) if not note.references]
    assert [(note.node, note.text) for note in notes] == [
        ("M50-M54", "current injury - see injury of spine by body region")
    ]


def test_code_first_names_the_etiology(icd: Icd10cm) -> None:
    notes = icd.code_first("G55", FY2026)
    assert any(icd.named(note, "C720") for note in notes)
    assert all(note.open_ended for note in notes)
    (note,) = icd.code_first("M51A1", FY2026)
    assert note.if_applicable
    assert icd.named(note, "M5116")
    assert not icd.named(note, "M542")


BILLABLE = sorted(
    {code for pair in (*REJECTED, *ALLOWED) for code in pair} | {code for a, b, _ in DOUBTED for code in (a, b)}
)


@given(
    st.sampled_from(BILLABLE) | st.from_regex(r"[A-Z][0-9][0-9A-Z]{1,5}", fullmatch=True),
    st.sampled_from(BILLABLE) | st.text(max_size=8),
    st.dates(date(2014, 1, 1), date(2030, 1, 1)),
)
@settings(max_examples=100, deadline=None)
def test_a_pair_reads_the_same_in_both_directions(a: str, b: str, on: date) -> None:
    icd = Icd10cm.shipped()
    hits = icd.excludes1(a, b, on)
    assert hits == icd.excludes1(b, a, on)
    assert {(hit.holder, hit.excluded) for hit in hits} <= {(a, b), (b, a)}
    assert [hit for _, _, hit in icd.excludes1_among((a, b), on)] == list(hits)
    assert isinstance(icd.status(b, on), CodeStatus)


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    empty = Icd10cm(tmp_path)
    with pytest.raises(FileNotFoundError):
        empty.status("M542", FY2026)


def test_dotted() -> None:
    assert [dotted(code) for code in ("M542", "M54", "S134XXA", "M50-M54", "chapter 13")] == [
        "M54.2", "M54", "S13.4XXA", "M50-M54", "chapter 13",
    ]  # fmt: skip


# The build


def tree() -> Tree:
    """A handful of nodes in printed order, C4A between C43 and C44."""
    made = Tree()
    nodes = "C43 C4A C4A0 C44 E08 E084 E0844 E09 E094 E0944 M43 M433 M434 M435 M435X M435X2 M435X9 M436 M50 M501 M51"
    for node in f"{nodes} S12 S120 S121".split():
        parent = next((node[:end] for end in range(len(node) - 1, 2, -1) if node[:end] in made.order), None)
        made.add(node, parent, node)
        made.chapter[node[:3]] = node[0]
    made.seventh["S12"] = {"A": "initial encounter for closed fracture", "B": "initial encounter for open fracture"}
    return made


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("disc disorder (M50.-)", ["M50"]),
        ("disc disorder (M50.1)", ["M501"]),
        ("several (M50.1.-, M51)", ["M501", "M51"]),
        ("a range (M50-M51)", ["M50:M51"]),
        ("in printed order (C43-C44)", ["C43:C44"]),
        ("inside a category (M43.3-M43.5X9)", ["M433", "M434", "M435"]),
        ("part of a subcategory (M43.4-M43.5X2)", ["M434", "M435X2"]),
        ("doubled hyphen (S12.0--S12.1.-)", ["S120", "S121"]),
        ("in words S12.0- to S12.1-code to injury", ["S120", "S121"]),
        ("ending (E08-E09 with .44)", ["E0844", "E0944"]),
        ("seventh (S12.-with 7th character B)", ["S12*B"]),
        ("seventh (S12.- with open fracture 7th character)", ["S12*B"]),
        ("sequelae of fracture (S12.-)", ["S12*S"]),
        ("poisoning (C43-C44 with fifth or sixth character 1-4)", ["C43:C44/1234"]),
        ("any type in M43 (M50)", ["M50"]),
        ("unclosed (M50.1-", ["M501"]),
        ("everywhere (C43-M51)", []),
        ("current injury - see injury of spine", []),
        ("G6PD deficiency, HIV (NOS)", []),
    ],
)
def test_every_spelling_of_a_reference_is_understood(text: str, tokens: list[str]) -> None:
    parser = Parser(tree())
    assert [token for reference in parser.read("X", text) for token in reference.tokens] == tokens
    assert parser.problems == []


TABULAR = """<?xml version="1.0"?><ICD10CM.tabular><version>2026</version><chapter><name>13</name><desc>Spine</desc>
<section id="M50-M54"><desc>Back</desc><excludes1><note>current injury</note></excludes1>
<diag><name>M50</name><desc>Disc</desc><diag><name>M50.1</name><desc>Disc, one</desc></diag></diag>
<diag><name>M54</name><desc>Pain</desc><diag><name>M54.2</name><desc>Neck pain</desc>
<excludes1><note>due to disc (M50.-)</note></excludes1></diag></diag></section></chapter></ICD10CM.tabular>"""


def test_the_build_writes_the_same_bytes_again_and_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "April-2026.xml").write_text(TABULAR)
    (tmp_path / "validity.csv.gz").write_bytes(
        gzip.compress(b"code,valid_from,valid_to,mce_attrs\nM501,2015-10-01,,\nM542,2015-10-01,2020-09-30,b|a\n")
    )
    (tmp_path / "titles.csv").write_text("code,billable,long_title\nM55,1,New\n")
    inputs = ["--tabular", str(tmp_path / "April-2026.xml"), "--validity", str(tmp_path / "validity.csv.gz")]
    for out in ("one", "two"):
        build_icd10cm.main([*inputs, "--titles", str(tmp_path / "titles.csv"), "--out", str(tmp_path / out)])
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    (tmp_path / "one" / "sites.txt").write_text("neck\tsite: neck\n")
    built = Icd10cm(tmp_path / "one")
    assert built.status("M501", FY2026) is CodeStatus.BILLABLE
    assert built.has("M542", "a", date(2016, 1, 1))
    assert built.title("M55") == "New"
    assert [hit.strength for hit in built.excludes1("M501", "M542", FY2026)] == ["reject"]


def test_an_entity_in_the_publishers_file_is_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + TABULAR.split("?>", 1)[1].replace(
        "Spine", "&a;"
    )
    assert build_icd10cm.read_tabular(bomb.encode()).chapters == [("13", "M50", "")]


def test_another_xml_is_refused() -> None:
    with pytest.raises(ValueError, match="the root element is html"):
        build_icd10cm.read_tabular(b"<html/>")


def test_the_shipped_tables_are_what_the_build_makes() -> None:
    if not SOURCES.is_dir():
        pytest.skip("the publishers' files (../shared/data/icd10cm) are not here, so freshness cannot be checked")
    tabular = sorted(SOURCES.glob("icd10cm-tabular-*.xml.gz"))
    built = build_icd10cm.build(
        [build_icd10cm.read_bytes(path) for path in tabular],
        [build_icd10cm.release_of(path) for path in tabular],
        build_icd10cm.read_bytes(SOURCES / "icd10cm_billable_validity_mce.csv.gz"),
        (SOURCES / "fy2027_added_titles.csv").read_bytes(),
        "2027-03-31",
    )
    # The text is compared, not the compressed bytes: those differ between builds of zlib.
    for name, data in built.contents().items():
        assert read_text(shipped_directory(), name).encode() == data, f"{name} is stale: run the build again"
    newest = built.editions[-1]
    counted = Counter(bool(note.references) for note in newest.notes if note.kind == "1")
    assert counted == {True: 5279, False: 128}


def test_each_edition_says_how_many_notes_it_has(icd: Icd10cm) -> None:
    years = [line.split("\t")[1] for line in read_text(shipped_directory(), "notes.txt.gz").splitlines()[1:]]
    for edition in icd.releases:
        assert edition.notes == sum(edition.name.removeprefix("FY") in year.split("+") for year in years)


def test_days_of_an_era_are_alike(icd: Icd10cm) -> None:
    """What the edits on codes remember of one day they say of its era."""
    lines = read_text(shipped_directory(), "validity.txt.gz").splitlines()
    windows = [line.split("\t") for line in lines if line.startswith("window\t")]
    assert len(windows) > 5
    turns = {start for _, _, start, _, _ in windows} | {to for _, _, _, to, _ in windows if to}
    day = timedelta(days=1)
    for written in turns:
        turn = date.fromisoformat(written)
        begins = any(start == written for _, _, start, _, _ in windows)
        before, after = (turn - day, turn) if begins else (turn, turn + day)
        assert icd.era(before) != icd.era(after)
    for release in icd.releases:
        assert icd.era(release.start) != icd.era(release.start - day)
    assert icd.era(icd.last) != icd.era(icd.last + day)
    assert icd.era(date(2026, 7, 1)) == icd.era(date(2026, 9, 30)) != icd.era(date(2026, 10, 1))
