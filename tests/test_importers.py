"""The publishers' files, kind by kind: what rows they give, and what is refused, with line and remedy; the store
unchanged."""

from __future__ import annotations

import contextlib
import io
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scrubber.edits.icd10cm.reading import judge_codes

from scrubber.catalogue.check import Gap
from scrubber.tables.coverage import Coverage
from scrubber.tables.dated import Row
from scrubber.tables.icd10cm import CodeStatus, Icd10cm
from scrubber.tables.kinds import KINDS, Imported, ImportFault
from scrubber.tables.store import Store
from scrubber.tables.stored import StoredLibrary

FILES = Path(__file__).resolve().parents[1] / "fixtures" / "tables"
MUE = "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
MEDICAID_MUE = "Medicaid_MUE_PractitionerServices_Eff_07-01-2026.csv"
AOC, AOC_FIXED = "AOC_V2026Q3-MCR.txt", "AOC_V2026Q3-F-MCR.txt"
PFS = "PPRRVU2026_Jul_nonQPP.csv"
HCPCS = "HCPC2026_OCT_ANWEB_09232026.txt"
TELEHEALTH = "CY2026_Telehealth_List.txt"
TAXONOMY = "nucc_taxonomy_261.csv"
MCD = "current_article.zip"
FILE = {
    "ncci-mue": MUE, "ncci-mue-medicaid": MEDICAID_MUE, "ncci-aoc": AOC, "pfs": PFS, "hcpcs": HCPCS,
    "telehealth": TELEHEALTH, "taxonomy": TAXONOMY, "mcd": MCD,
}  # fmt: skip


def take(kind: str, *files: Path, edition: str | None = None) -> tuple[Imported, list[Row]]:
    imported = KINDS[kind].read(files, edition, lambda size: None)
    rows = list(imported.rows)
    for row in rows:
        assert len(row) == len(KINDS[kind].columns)
        assert all(type(cell) is str for cell in row)
    return imported, rows


def stored(folder: Path, kind: str, *files: Path, edition: str | None = None) -> StoredLibrary:
    with Store(folder) as store:
        store.add(KINDS[kind], KINDS[kind].read(files, edition, lambda size: None), [])
    return StoredLibrary(folder / "tables.sqlite")


def changed(folder: Path, name: str, change: Callable[[bytes], bytes], as_: str = "") -> Path:
    path = folder / (as_ or name)
    path.write_bytes(change((FILES / name).read_bytes()))
    return path


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return change


# What each file gives


def test_mue() -> None:
    imported, rows = take("ncci-mue", FILES / MUE)
    assert (imported.name, imported.from_, imported.to) == ("2026 Q3", date(2026, 7, 1), date(2026, 9, 30))
    assert rows[0] == ("A4220", "1", "3", "Nature of Equipment")
    assert [(row[0], row[1], row[2]) for row in rows[1:]] == [
        ("G0283", "1", "2"), ("G2212", "6", "3"), ("Q3014", "1", "1"), ("V5364", "0", "3"),
    ]  # fmt: skip
    assert take("ncci-mue-medicaid", FILES / MEDICAID_MUE)[1][0] == ("A4220", "2", "", "Nature of Equipment")


@pytest.mark.parametrize("name", [AOC, AOC_FIXED])
def test_aoc_in_both_texts(name: str) -> None:
    imported, rows = take("ncci-aoc", FILES / name)
    assert (imported.name, imported.since) == ("2026 Q3", date(2013, 4, 1))
    assert rows == [
        ("G0289", "G0428", "2013-04-01", "1", "", "", "", ""),
        ("G0289", "G0429", "2013-04-01", "1", "2024-12-31", "", "", ""),
        ("G0290", "CCCCC", "2013-04-01", "2", "", "2014-12-31", "", "Contractor Defined Primary Codes"),
        ("G2212", "G0438", "2021-01-01", "3", "", "", "", ""),
    ]


def test_pfs_reads_columns_by_the_words_above_them() -> None:
    imported, rows = take("pfs", FILES / PFS)
    assert (imported.name, imported.from_, imported.notes) == ("2026 Q3", date(2026, 7, 1), [])
    found = {row[:2]: dict(zip(KINDS["pfs"].columns, row, strict=True)) for row in rows}
    assert set(found) >= {("G0130", ""), ("G0130", "26"), ("G0130", "TC")}
    assert found["G0289", ""]["global_days"] == "ZZZ"
    knee = found["G0429", ""]
    assert (knee["status"], knee["pctc"], knee["global_days"], knee["pre_op"]) == ("A", "0", "010", "0.10")
    assert (knee["multiple"], knee["bilateral"], knee["assistant"]) == ("2", "2", "1")
    assert (knee["co_surgeons"], knee["team"]) == ("0", "0")


def test_pfs_of_the_zip_takes_the_schedule_of_most(tmp_path: Path) -> None:
    path = tmp_path / "RVU26C.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("PPRRVU2026_Jul_QPP.csv", "PPRRVU2026_Jul_nonQPP.csv"):
            archive.write(FILES / PFS, name)
        archive.writestr("PPRRVU2026_Jul_nonQPP.txt", "fixed width")
        archive.writestr("GPCI2026.csv", "something else\n")
    imported, rows = take("pfs", path)
    assert imported.notes == ["Of 2 schedules PPRRVU2026_Jul_nonQPP.csv was read."]
    assert len(rows) == 8


def test_hcpcs() -> None:
    imported, rows = take("hcpcs", FILES / HCPCS)
    assert (imported.name, imported.from_, imported.since) == ("2026 Q4", date(2026, 10, 1), date(2022, 1, 1))
    assert rows[0] == ("A0021", "procedure", "1985-01-01", "", "N", "1996-09-10", "I", "00")
    assert rows[1][:4] == ("A4397", "procedure", "1990-01-01", "2021-12-31")
    assert [row[:2] for row in rows[4:]] == [("A1", "modifier"), ("XU", "modifier")]


def test_hcpcs_from_its_workbook(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(
        ["HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "PRICE1", "COV", "ADD DT", "ACT EFF DT", "TERM DT", "ACTION CD"]
    )
    sheet.append(["A0021", 100, 3, "text", "00", "I", 19850101, 19960910, None, "N"])
    sheet.append(["A1", 100, 7, "text", None, "D", 20030101, 20030101, None, "N"])
    path = tmp_path / "HCPC2026_OCT_ANWEB.xlsx"
    book.save(path)
    assert take("hcpcs", path)[1] == [
        ("A0021", "procedure", "1985-01-01", "", "N", "1996-09-10", "I", "00"),
        ("A1", "modifier", "2003-01-01", "", "N", "2003-01-01", "D", ""),
    ]


def test_telehealth(tmp_path: Path) -> None:
    imported, rows = take("telehealth", FILES / TELEHEALTH)
    assert (imported.name, imported.from_, imported.to) == ("CY2026", date(2026, 1, 1), date(2026, 12, 31))
    assert rows[2:] == [("G0296", "Addition", "", ""), ("G0459", "Removal", "", "")]
    other = tmp_path / "list of telehealth services.csv"
    other.write_text(
        "LIST OF MEDICARE TELEHEALTH SERVICES for CY 2025\r\nCode,Short Descriptor,Status,"
        '"Can Audio-only Interaction\nMeet the Requirements?",Medicare Payment Limitations\r\n'
        "G0108,x,Permanent,Yes,\r\n\r\n* A note that follows the list.,,,,\r\n",
        newline="",
    )
    imported, rows = take("telehealth", other)
    assert (imported.name, rows) == ("CY2025", [("G0108", "Permanent", "Yes", "")])


def test_taxonomy(tmp_path: Path) -> None:
    imported, rows = take("taxonomy", FILES / TAXONOMY)
    assert (imported.name, imported.from_, imported.to) == ("v26.1", date(2026, 10, 1), date(2027, 3, 31))
    assert imported.since == date(2006, 1, 1)
    assert [row[:4] for row in rows] == [
        ("000000001X", "", "", ""), ("000000002X", "2024-07-01", "", ""),
        ("000000003X", "2006-01-01", "2009-06-30", "000000004X"), ("000000004X", "2006-01-01", "", ""),
    ]  # fmt: skip
    old = tmp_path / "nucc_taxonomy_150.csv"
    old.write_text(
        "Code,Type,Classification,Specialization,Definition,Effective Date,Deactivation Date,Notes\r\n"
        "000000003X,t,c,s,d,1/1/2006,7/1/2009,\r\n",
        newline="",
    )
    assert take("taxonomy", old)[1][0][:3] == ("000000003X", "2006-01-01", "2009-06-30")


def test_mcd_and_what_its_articles_say(tmp_path: Path) -> None:
    imported, rows = take("mcd", FILES / MCD)
    assert (imported.name, imported.from_, imported.to) == ("2026-11-20", date(2026, 11, 20), date(2026, 12, 31))
    assert [row for row in rows if row[0] == "article"] == [
        ("article", "A90001", "A90001", "covered", "1 1 0", "", "2026-10-01", "", "NJ NY"),
        ("article", "A90002", "A90002", "covered noncovered", "2 2 1", "", "2025-01-01", "", "TX"),
    ]
    assert ("A90001", "M533", "A90001", "covered", "1", "Y", "", "", "") in rows
    assert not [row for row in rows if "90003" in row[2] or "90004" in row[2] or row[1] == "XX000"]

    coverage = Coverage.open(stored(tmp_path, "mcd", FILES / MCD))
    day = date(2026, 11, 21)
    (article,) = coverage.find("G0260", day)
    assert (article.id, article.lists, article.states, article.paired) == ("A90001", ("covered",), {"NJ", "NY"}, True)
    assert [coverage.says(article, code, day) for code in ("M461", "M542")] == ["covered", ""]
    (other,) = coverage.find("G0130", day)
    assert not other.paired
    assert coverage.says(other, "M542", day) == "noncovered"
    # The version of September is not in an export of November.
    assert not coverage.find("G0260", date(2026, 9, 30))
    assert [article.id for article in coverage.newer("G0260", date(2026, 9, 30))] == ["A90001"]
    assert not coverage.newer("G0260", date(2026, 10, 1))
    assert coverage.find("G0130", date(2026, 9, 30))
    assert coverage.on(date(2027, 1, 1)) is None


def test_mcd_as_single_tables_without_contractors(tmp_path: Path) -> None:
    with zipfile.ZipFile(FILES / MCD) as outer:
        inner = zipfile.ZipFile(io.BytesIO(outer.read("current_article_csv.zip")))
    names = ["article.csv", "article_x_hcpc_code.csv", "article_x_icd10_covered.csv"]
    for name in names:
        (tmp_path / name).write_bytes(inner.read(name))
    imported, rows = take("mcd", *(tmp_path / name for name in names))
    assert imported.name == "2026-10-02"
    assert "in which states" in imported.notes[0]
    assert [row[8] for row in rows if row[0] == "article"] == ["", ""]


def test_a_workbook_beside_its_text_is_not_read_too(tmp_path: Path) -> None:
    path = tmp_path / "aoc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(FILES / AOC, "AOC_V2026Q3-MCR.TXT")
        archive.writestr("AOC_V2026Q3-MCR.xlsx", b"PK\x03\x04 damaged, and never opened")
    assert take("ncci-aoc", path)[1] == take("ncci-aoc", FILES / AOC)[1]


# Editions


@pytest.mark.parametrize(
    ("kind", "name", "edition", "told"),
    [
        ("ncci-mue", "limits.csv", "2026Q4", "2026 Q4"),
        ("ncci-mue", "limits.csv", "2026-10-01", "2026 Q4"),
        ("ncci-mue", MUE, "2026 Q4", "2026 Q4"),
        ("ncci-aoc", "addons.txt", "v32.2", "2026 Q3"),
        ("pfs", "fees.csv", None, "2026 Q3"),
        ("hcpcs", "codes.txt", "October 2026", "2026 Q4"),
        ("telehealth", "codes.txt", None, "CY2026"),
        ("telehealth", "codes.txt", "2027", "CY2027"),
        ("taxonomy", "codes.csv", "26.0", "v26.0"),
        ("mcd", MCD, "2026-11-22", "2026-11-22"),
    ],
)
def test_the_edition_is_the_users_or_the_files(
    tmp_path: Path, kind: str, name: str, edition: str | None, told: str
) -> None:
    path = tmp_path / name
    shutil.copy(FILES / FILE[kind], path)
    assert take(kind, path, edition=edition)[0].name == told


@pytest.mark.parametrize(
    ("kind", "edition"), [("ncci-mue", "soon"), ("telehealth", "next"), ("taxonomy", "x"), ("mcd", "x")]
)
def test_an_edition_that_names_nothing_is_refused(kind: str, edition: str) -> None:
    with pytest.raises(ImportFault, match=f"`{edition}` names no .*Write it like"):
        take(kind, FILES / FILE[kind], edition=edition)


@pytest.mark.parametrize("kind", ["ncci-mue", "ncci-aoc", "hcpcs", "taxonomy"])
def test_a_file_that_does_not_tell_its_edition_asks_for_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("x" + Path(FILE[kind]).suffix)
    shutil.copy(FILES / FILE[kind], path)
    with pytest.raises(ImportFault, match="say --edition"):
        take(kind, path)


@pytest.mark.parametrize(
    ("kind", "name", "edition", "told"),
    [
        ("ncci-mue", MUE, "2026Q4", f"{MUE} names 2026 Q3; it was taken for 2026 Q4, as --edition says."),
        ("ncci-mue-medicaid", MEDICAID_MUE, "v32.3", "names 2026 Q3; it was taken for 2026 Q4, as --edition says."),
        ("ncci-aoc", AOC, "2026Q4", f"{AOC} names 2026 Q3; it was taken for 2026 Q4, as --edition says."),
        ("pfs", PFS, "2026Q4", "Its head says 2026 Q3; it was taken for 2026 Q4, as --edition says."),
        (
            "pfs",
            "PPRRVU2026_Oct_nonQPP.csv",
            None,
            "Its head says 2026 Q3; it was taken for 2026 Q4, as its name says.",
        ),
        ("hcpcs", HCPCS, "2026Q3", f"{HCPCS} names 2026 Q4; it was taken for 2026 Q3, as --edition says."),
        ("telehealth", TELEHEALTH, "2027", "Its title or name says 2026; it was taken for 2027, as --edition says."),
        ("taxonomy", TAXONOMY, "26.0", f"{TAXONOMY} names v26.1; it was taken for v26.0, as --edition says."),
        (
            "mcd",
            MCD,
            "2026-11-22",
            "The export says that it is of 2026-11-20; it was taken for 2026-11-22, as --edition",
        ),
    ],
)
def test_an_edition_that_the_file_contradicts_is_told(
    tmp_path: Path, kind: str, name: str, edition: str | None, told: str
) -> None:
    path = tmp_path / name
    shutil.copy(FILES / FILE[kind], path)
    (note,) = take(kind, path, edition=edition)[0].notes
    assert told in note
    if edition is not None:  # And where they agree, there is nothing to tell.
        own = take(kind, path)[0]
        assert take(kind, path, edition=own.name.removeprefix("CY"))[0].notes == own.notes == []


def test_two_names_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    path = tmp_path / "mue-2026q4.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(FILES / MUE, MUE)
    imported, _ = take("ncci-mue", path)
    assert imported.name == "2026 Q3"
    assert imported.notes == ["mue-2026q4.zip names 2026 Q4; it was taken for 2026 Q3, as another name says."]


def test_which_kinds_speak_of_days_before_they_began() -> None:
    """docs/tables.md names them."""
    known = {kind: take(kind, FILES / name)[0] for kind, name in FILE.items()}
    history = {kind for kind, imported in known.items() if (imported.since or imported.from_) < imported.from_}
    assert history == {"ncci-aoc", "hcpcs", "taxonomy", "mcd"}
    assert history | {"ncci-ptp", "ncci-ptp-medicaid"} == {kind.name for kind in KINDS.values() if kind.begins}


# What is refused


@pytest.mark.parametrize("kind", FILE)
def test_the_file_of_another_kind_is_refused(kind: str) -> None:
    for other, name in FILE.items():
        if other != kind:
            with pytest.raises(ImportFault) as refused:
                take(kind, FILES / name)
            assert refused.value.fix, refused.value


FAULTS: list[tuple[str, str, Callable[[bytes], bytes], str]] = [
    ("ncci-mue", MUE, swap(b"MUE Values", b"MUE Limits"), "line 5: the header has no column `MUE Values`"),
    (
        "ncci-mue",
        MUE,
        swap(b"Practitioner Services", b"Outpatient Hospital Services"),
        "line 5: these are the values for",
    ),
    ("ncci-mue", MUE, swap(b"G0283,1,", b"G0283,many,"), "line 8: MUE Values is `many`, expected a whole number"),
    ("ncci-mue", MUE, swap(b"2 Date", b"7 Date"), "line 8: MUE Adjudication Indicator is `7 Date"),
    ("ncci-mue", MUE, swap(b"G0283", b"G02"), "line 8: HCPCS/CPT Code is `G02`"),
    ("ncci-mue", MUE, lambda d: d[: d.index(b"G2212") + 7], "line 9: the last line has no end"),
    ("ncci-mue", MUE, lambda d: d[: d.index(b"G2212") + 7] + b"\r\n", "line 9: the row is cut short"),
    ("ncci-mue", MUE, lambda d: d[: d.index(b"A4220")], "there is no row below the header"),
    ("ncci-aoc", AOC, swap(b"AOC_Edit_EffDT", b"Begins"), "line 2: the header has no column `AOC_Edit_EffDT`"),
    ("ncci-aoc", AOC, swap(b"2013091", b"2013400"), "line 3: AOC_Edit_EffDT is `2013400`, expected a day as YYYYDDD"),
    ("ncci-aoc", AOC, swap(b"3\tG2212", b"4\tG2212"), "line 6: AOC_Edit_Type is `4`"),
    ("ncci-aoc", AOC_FIXED, lambda d: d[:130] + b"\r\n", "line 2: the row is cut short"),
    ("pfs", PFS, swap(b",GLOB,", b",GLOBE,"), "no column `GLOB DAYS`"),
    ("pfs", PFS, swap(b",010,", b",ten,"), "line 14: GLOB DAYS is `ten`"),
    ("pfs", PFS, swap(b"REDACTED,A", b"REDACTED,AA"), "line 12: STATUS CODE is `AA`"),
    ("pfs", PFS, swap(b"G0429,,REDACTED,A", b"G0429,,"), "line 14: "),
    ("hcpcs", HCPCS, swap(b"20211231D", b"20211331D"), "line 3: the termination date is `20211331`"),
    ("hcpcs", HCPCS, lambda d: d[:250] + b"\r\n" + d[295:], "line 1: the row is cut short"),
    ("hcpcs", HCPCS, lambda d: b"HCPCS record layout\r\n" + d, "line 1: this is not CMS's HCPCS file"),
    ("hcpcs", HCPCS, swap(b"G999900100", b"G9 9900100"), "line 5: the begin of the record"),
    ("telehealth", TELEHEALTH, swap(b"Final List", b"Proposed List"), "the list that CMS proposed"),
    ("telehealth", TELEHEALTH, swap(b"G0438", b"G043"), "line 4: HCPCS is `G043`"),
    ("taxonomy", TAXONOMY, swap(b"000000002X", b"000000002"), "line 3: Code is `000000002`"),
    ("taxonomy", TAXONOMY, swap(b"7/1/2009", b"7/41/2009"), "line 4: Deactivation Date is `7/41/2009`"),
]


@pytest.mark.parametrize(("kind", "name", "change", "words"), FAULTS, ids=[f[3][:40] for f in FAULTS])
def test_a_fault_is_told_with_its_line(
    tmp_path: Path, kind: str, name: str, change: Callable[[bytes], bytes], words: str
) -> None:
    with pytest.raises(ImportFault, match=words) as refused:
        take(kind, changed(tmp_path, name, change))
    assert str(refused.value).startswith(name)


def test_medicaids_limits_are_not_medicares() -> None:
    with pytest.raises(ImportFault, match=r"looks like Medicaid's table.*ncci-mue-medicaid"):
        take("ncci-mue", FILES / MEDICAID_MUE)
    with pytest.raises(ImportFault, match=r"this is Medicare's table.*ncci-mue"):
        take("ncci-mue-medicaid", FILES / MUE)


@pytest.mark.parametrize("kind", [kind for kind in FILE if kind != "mcd"])
def test_a_row_that_comes_twice_leaves_the_store_as_it_was(tmp_path: Path, kind: str) -> None:
    stored(tmp_path / "store", kind, FILES / FILE[kind])
    before = (tmp_path / "store" / "tables.sqlite").read_bytes()
    data = (FILES / FILE[kind]).read_bytes()
    last = data.rstrip(b"\r\n").rpartition(b"\n")[2]
    path = tmp_path / FILE[kind]
    path.write_bytes(data + last.rstrip(b"\r\n") + b"\r\n")
    with pytest.raises(
        ImportFault, match=rf"{FILE[kind]}, line {data.count(bytes([10])) + 1}: this row comes a second"
    ):
        stored(tmp_path / "store", kind, path)
    assert (tmp_path / "store" / "tables.sqlite").read_bytes() == before


# Whatever comes


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_file_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(FILE)))
    whole = (FILES / FILE[kind]).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    end = at + data.draw(st.integers(0, 60))
    path = tmp_path / FILE[kind]
    path.write_bytes(whole[:at] + data.draw(st.binary(max_size=8)) + whole[end:])
    with contextlib.suppress(ImportFault):
        take(kind, path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(KINDS)), text=st.text(max_size=300), suffix=st.sampled_from([".txt", ".csv", ".xml"])
)
def test_arbitrary_text_is_refused(tmp_path: Path, kind: str, text: str, suffix: str) -> None:
    path = tmp_path / f"2026Q3{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogatepass") + b"\n")
    with pytest.raises(ImportFault):
        take(kind, path)


# ICD-10-CM


def order_file(path: Path, codes: dict[str, int]) -> Path:
    lines = [
        f"{n:05} {code:7} {flag} {'Title of ' + code:60} Title of {code}\r\n"
        for n, (code, flag) in enumerate(sorted(codes.items()), 1)
    ]
    path.write_bytes("".join(lines).encode())
    return path


CODES = {"A00": 0, "A000": 1, "M54": 0, "M542": 1, "M549": 0, "M5499": 1, "QA0": 0, "QA01": 1, "Z99": 0, "Z998": 1}

TABULAR = """<?xml version="1.0" encoding="utf-8"?><ICD10CM.tabular><version>2028</version>
<chapter><name>1</name><desc>Infectious diseases (A00-B99)</desc><section id="A00-A09"><desc>Intestinal</desc>
<diag><name>A00</name><desc>Cholera</desc><diag><name>A00.0</name><desc>Cholera, classical</desc></diag></diag>
</section></chapter><chapter><name>13</name><desc>Musculoskeletal (M00-M99)</desc>
<section id="M50-M54"><desc>Dorsopathies</desc>
<diag><name>M54</name><desc>Dorsalgia</desc><diag><name>M54.2</name><desc>Cervicalgia anew</desc>
<excludes1><note>cholera (A00.0)</note></excludes1></diag>
<diag><name>M54.9</name><desc>Dorsalgia, unspecified</desc>
<diag><name>M54.99</name><desc>Invented dorsalgia</desc></diag></diag></diag></section></chapter></ICD10CM.tabular>"""


def test_a_release_of_ones_own_speaks_for_its_days(tmp_path: Path) -> None:
    order = order_file(tmp_path / "icd10cm-order-2028.txt", CODES)
    tabular = tmp_path / "icd10cm-tabular-2028.xml"
    tabular.write_text(TABULAR)
    icd = Icd10cm.open(stored(tmp_path, "icd10cm", order, tabular))
    shipped = Icd10cm.shipped()
    before, within, between = date(2026, 11, 1), date(2027, 11, 1), date(2027, 6, 1)
    # Codes: its own on its days, the shipped ones on theirs, nobody's between.
    assert icd.status("M5499", within) is CodeStatus.BILLABLE
    assert icd.status("M549", within) is CodeStatus.CATEGORY
    assert icd.status("M545", within) is CodeStatus.NOT_IN_FORCE or icd.status("M545", within) is CodeStatus.CATEGORY
    assert icd.status("M546", within) is CodeStatus.NOT_IN_FORCE
    assert icd.status("QA01", within) is CodeStatus.BILLABLE
    assert icd.status("M549", before) is shipped.status("M549", before) is CodeStatus.BILLABLE
    assert icd.status("M549", between) is CodeStatus.UNCHECKED
    assert icd.status("M5499", date(2028, 3, 31)) is CodeStatus.BILLABLE
    assert icd.status("M5499", date(2028, 4, 1)) is CodeStatus.UNCHECKED
    assert icd.children("M549", within) == ("M5499",)
    assert [(w.start, w.to) for w in icd.windows("M5499")] == [(date(2027, 10, 1), None)]
    assert icd.windows("M546")[-1].to == date(2027, 3, 31)
    # Notes: by edition; titles: the newest.
    assert [hit.names for hit in icd.excludes1("M542", "A000", within)] == ["A00.0"]
    assert icd.edition(within)[:2] == ("FY2028", "October 2027")
    assert not icd.edition(within).stand_in
    assert not icd.excludes1("M542", "A000", before)
    assert icd.excludes1("M542", "M50322", before)
    assert not icd.excludes1("M542", "M50322", within)
    assert icd.title("M542") == "Cervicalgia anew"
    assert icd.title("M5412") == shipped.title("M5412")
    assert icd.ancestors("M5499") == ("chapter 13", "M40-M54", "M50-M54", "M54", "M549")
    assert [edition.name for edition in icd.all()] == ["FY2028"]  # type: ignore[attr-defined]
    # What nobody's days are is not checked, and said with a reason that is true.
    judged = judge_codes(icd, ("M542", "R52"), ("ABK", "ABF"), between, between)
    (code, _), (pair,) = judged.faults["DX-02"], judged.faults["DX-E1"]
    assert code == Gap(f"no ICD-10-CM code set at hand covers {between}: its codes were not checked")
    assert pair == Gap(f"no tabular list for services of {between} is at hand")


def test_an_order_file_alone_leaves_notes_as_they_are(tmp_path: Path) -> None:
    order = order_file(tmp_path / "icd10cm-order-April-2027.txt", CODES)
    imported, _ = take("icd10cm", order)
    assert (imported.name, imported.from_, imported.to) == ("FY2027 April", date(2027, 4, 1), date(2027, 9, 30))
    assert "No tabular list" in imported.notes[0]
    icd = Icd10cm.open(stored(tmp_path, "icd10cm", order))
    # What it follows on without a gap is one window.
    assert [(w.start, w.to) for w in icd.windows("M542")] == [(date(2015, 10, 1), None)]
    assert icd.windows("M5412")[-1].to == date(2027, 3, 31)
    assert icd.excludes1("M542", "M50322", date(2027, 5, 1))[0].stand_in


ICD_FAULTS: list[tuple[str, Callable[[str], str], str]] = [
    ("order", lambda t: t.replace("M542    1", "M542    7"), "line 4: the line is"),
    ("order", lambda t: t[: t.index("00009")], "do not go from chapter 1 .A. to the end of chapter 21, Z99"),
    ("order", lambda t: t.replace("Z99 ", "Z98 ").replace("Z998", "Z988"), "to the end of chapter 21, Z99"),
    ("order", lambda t: t.replace("00004", "00002"), "line 4: the order number and code is `00002 M542`"),
    ("order", lambda t: t.replace("M5499  ", "M542   "), "the order number and code is"),
    ("order", lambda t: t[:-30], "the last line has no end"),
    ("tabular", lambda t: t[:600], "XML is damaged or cut off"),
    ("tabular", lambda t: t.replace("ICD10CM.tabular", "ICD10CM.index"), "this is not CDC's tabular list"),
    ("tabular", lambda t: t.replace("<version>2028</version>", ""), "this is not CDC's tabular list"),
    ("tabular", lambda t: t.replace("2028", "2027"), "tabular list is of 2027, the edition is 2028"),
]  # fmt: skip


@pytest.mark.parametrize(("which", "change", "words"), ICD_FAULTS, ids=[f[2][:40] for f in ICD_FAULTS])
def test_icd10cm_files_that_are_not_right(tmp_path: Path, which: str, change: Callable[[str], str], words: str) -> None:
    order = order_file(tmp_path / "icd10cm-order-2028.txt", CODES)
    tabular = tmp_path / "icd10cm-tabular-2028.xml"
    tabular.write_text(TABULAR)
    path = order if which == "order" else tabular
    path.write_bytes(change(path.read_bytes().decode()).encode())
    with pytest.raises(ImportFault, match=words):
        take("icd10cm", order, tabular)


def test_a_hostile_tabular_list_reads_no_files(tmp_path: Path) -> None:
    path = tmp_path / "icd10cm-tabular-2028.xml"
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    path.write_text(
        TABULAR.replace("?>", f'?><!DOCTYPE x [<!ENTITY a SYSTEM "{secret.as_uri()}">]>', 1).replace("anew", "&a;")
    )
    rows: list[Row] = []
    with contextlib.suppress(ImportFault):
        rows = take("icd10cm", path)[1]
    assert not any("hidden" in cell for row in rows for cell in row)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(TABULAR) - 1), size=st.integers(0, 30), text=st.text(max_size=5))
def test_a_mutated_tabular_list_is_read_or_refused(tmp_path: Path, at: int, size: int, text: str) -> None:
    path = tmp_path / "icd10cm-tabular-2028.xml"
    path.write_bytes((TABULAR[:at] + text + TABULAR[at + size :]).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(ImportFault):
        take("icd10cm", path)
