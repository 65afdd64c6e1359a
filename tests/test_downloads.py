"""Files as downloaded: what is read, and what is refused, by name, place and remedy. No other exception leaves."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrubber.tables import downloads
from scrubber.tables.downloads import Line, choose, list_downloads
from scrubber.tables.kinds import ImportFault

Zips = dict[str, bytes]
TSV = b"Code\tWord\r\nA0001\tone\r\nA0002\ttwo\r\n"
ROWS = [["Code", "Word"], ["A0001", "one"], ["A0002", "two"]]


def packed(files: Zips, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def workbook(rows: list[list[object]]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Edits")
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def given_as(folder: Path, name: str, data: bytes) -> list[Line]:
    """All records of a file's tables."""
    path = folder / name
    path.write_bytes(data)
    return [line for download in list_downloads([path], lambda size: None) for line in download.table()]


def cells(lines: list[Line]) -> list[list[str]]:
    return [[cell for cell in line.cells if cell] for line in lines]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("t.txt", lambda: TSV),
        ("t.csv", lambda: TSV.replace(b"\t", b",")),
        ("bom.csv", lambda: b"\xef\xbb\xbf" + TSV.replace(b"\t", b",")),
        ("t.zip", lambda: packed({"folder/deeper/t.TXT": TSV})),
        ("nested.zip", lambda: packed({"t_csv.zip": packed({"t.csv": TSV.replace(b"\t", b",")})})),
        ("t.xlsx", lambda: workbook(ROWS)),  # type: ignore[arg-type]
        ("x.zip", lambda: packed({"a/t.xlsx": workbook(ROWS)})),  # type: ignore[arg-type]
        ("misnamed.txt", lambda: packed({"t.txt": TSV})),
    ],
)
def test_every_form_reads_alike(tmp_path: Path, name: str, make: Callable[[], bytes]) -> None:
    lines = given_as(tmp_path, name, make())
    assert cells(lines) == ROWS
    assert [line.number for line in lines] == [1, 2, 3]


def test_a_record_over_several_lines_has_the_number_of_its_first(tmp_path: Path) -> None:
    lines = given_as(tmp_path, "t.csv", b'"a notice\r\nof three\r\nlines",x\r\n"HCPCS/\nCPT Code",y\r\nA0001,1\r\n')
    assert [line.number for line in lines] == [1, 4, 6]
    assert lines[1].cells == ["HCPCS/\nCPT Code", "y"]


@pytest.mark.parametrize("text", ["Médicare ®", "naïve"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_both_encodings_of_the_publishers_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    assert given_as(tmp_path, "t.csv", f"A0001,{text}\r\n".encode(encoding))[0].cells[1] == text


def test_workbooks_give_numbers_and_days_as_a_csv_would(tmp_path: Path) -> None:
    from datetime import datetime

    lines = given_as(tmp_path, "t.xlsx", workbook([[100, 2.0, 0.5, None, datetime(2026, 7, 1), "x "]]))
    assert lines[0].cells[:6] == ["100", "2", "0.5", "", "2026-07-01", "x"]


def test_files_of_a_zip_come_by_name_and_only_those_of_the_publisher(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    path.write_bytes(packed({"b.txt": TSV, "a.txt": TSV, "__MACOSX/._a.txt": b"\0\1", "folder/": b""}))
    found = list_downloads([path], lambda size: None)
    assert [d.name for d in found] == ["a.txt", "b.txt"]
    assert found[0].label == "z.zip: a.txt"
    assert [d.name for d in choose(found, r"^b", "b")] == ["b.txt"]
    with pytest.raises(ImportFault, match=r"a table of edits is not among the files \(a.txt, b.txt\)"):
        choose(found, "ccipra", "a table of edits")


def test_progress_tells_the_bytes_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    path.write_bytes(packed({"a.txt": TSV * 5_000}))
    sizes: list[int] = []
    for download in list_downloads([path], sizes.append):
        assert sum(1 for _ in download.table()) == 15_000
    # The directory of a zip is read before and after its contents.
    assert path.stat().st_size <= sum(sizes) <= 3 * path.stat().st_size


REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty.csv", lambda: b"", "empty"),
    ("empty.zip", lambda: packed({}), "zip is empty"),
    ("page.csv", lambda: b"\n<!DOCTYPE HTML><html>License</html>\n", "web page.*accept the licence"),
    ("old.xls", lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Excel workbook"),
    ("guide.csv", lambda: b"%PDF-1.7\n", "PDF"),
    ("wide.csv", lambda: "A0001,1\r\n".encode("utf-16"), "UTF-16"),
    ("packed.csv", lambda: b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
    ("bytes.csv", lambda: b"a,b\0c\n", "not text"),
    ("cut.csv", lambda: b"A0001,1\r\nA00", "line 2: the last line has no end.*cut off.*Download it again"),
    ("quote.csv", lambda: b'a,b\r\nA0001,"one\r\nA0002,two\r\n', "line 2: the file cannot be read as a table"),
    ("not.zip", lambda: b"not a zip\n", "not a zip, or it is damaged"),
    ("not.xlsx", lambda: b"not a workbook\n", "not a zip, or it is damaged"),
    ("book.xlsx", lambda: packed({"xl/workbook.xml": b"<broken"}), "workbook cannot be read"),
    ("page.zip", lambda: b"<html>\n", "web page"),
    ("deep.zip", lambda: packed({"a.zip": packed({"b.zip": packed({"c.txt": TSV})})}), "zip in a zip in a zip"),
]


@pytest.mark.parametrize(("name", "make", "words"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_cannot_be_read_is_refused_with_a_remedy(
    tmp_path: Path, name: str, make: Callable[[], bytes], words: str
) -> None:
    with pytest.raises(ImportFault, match=f"^{name}.*{words}") as refused:
        given_as(tmp_path, name, make())
    assert refused.value.fix


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImportFault, match="this is a folder"):
        list_downloads([tmp_path], lambda size: None)
    with pytest.raises(FileNotFoundError):
        list_downloads([tmp_path / "none.csv"], lambda size: None)


def test_a_zip_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = packed({"a.txt": TSV * 50, "b.txt": bytes(range(32, 127)) * 40 + b"\n"})
    for end in range(1, len(whole), 7):
        with pytest.raises(ImportFault):
            given_as(tmp_path, "t.zip", whole[:end])
    assert given_as(tmp_path, "t.zip", whole)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(packed({"a.txt": TSV}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + offset
        struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | 1)
    with pytest.raises(ImportFault, match=r"a\.txt is encrypted.*Unpack it with its password"):
        given_as(tmp_path, "t.zip", bytes(data))


def test_a_zip_packed_in_a_way_that_we_cannot_unpack(tmp_path: Path) -> None:
    data = bytearray(packed({"a.txt": TSV}))
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(mark) + offset, 9)  # Deflate64, which Windows uses for large files.
    with pytest.raises(ImportFault, match=r"packed in a way that is not read here.*Unpack it yourself"):
        given_as(tmp_path, "t.zip", bytes(data))


def test_a_damaged_zip_is_refused_while_it_is_read(tmp_path: Path) -> None:
    data = bytearray(packed({"a.txt": TSV * 200}, zipfile.ZIP_STORED))
    data[200] ^= 1
    with pytest.raises(ImportFault, match=r"damaged or cut off.*CRC"):
        given_as(tmp_path, "t.zip", bytes(data))


@pytest.mark.parametrize("nested", [False, True], ids=["plain", "nested"])
def test_bombs_are_refused_before_they_unpack(tmp_path: Path, nested: bool) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.txt", "w") as member:
        for _ in range(200):
            member.write(b"A" * (1 << 20))
    path = tmp_path / "bomb.zip"
    path.write_bytes(packed({"inner.zip": bomb.getvalue()}) if nested else bomb.getvalue())
    assert path.stat().st_size < 1 << 19
    tracemalloc.start()
    try:
        with pytest.raises(ImportFault, match=r"would grow .* times.*publisher's own page"):
            list_downloads([path], lambda size: None)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_zip_that_says_it_is_larger_than_any_publishers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "LARGEST_MEMBER", 1_000)
    with pytest.raises(ImportFault, match="would unpack to"):
        given_as(tmp_path, "t.zip", packed({"a.txt": TSV * 50}))
    monkeypatch.setattr(downloads, "MOST_MEMBERS", 3)
    with pytest.raises(ImportFault, match="holds 4 files"):
        given_as(tmp_path, "t.zip", packed({f"{n}.txt": TSV for n in range(4)}))


def test_a_zip_that_lies_about_sizes_gives_no_more_than_it_said(tmp_path: Path) -> None:
    whole = packed({"a.txt": TSV * 1_000})
    data = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + offset, len(TSV))
    with pytest.raises(ImportFault, match="damaged"):
        given_as(tmp_path, "t.zip", bytes(data))


def test_a_line_without_end_does_not_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "LONGEST_LINE", 1 << 12)
    with pytest.raises(ImportFault, match="line 1: a line is longer"):
        given_as(tmp_path, "t.txt", b"A" * (1 << 14))


def test_a_hostile_workbook_neither_expands_nor_reads_files(tmp_path: Path) -> None:
    whole = workbook([["a"]])
    parts = {
        i.filename: zipfile.ZipFile(io.BytesIO(whole)).read(i) for i in zipfile.ZipFile(io.BytesIO(whole)).infolist()
    }
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    sheet = f"""<?xml version="1.0"?><!DOCTYPE w [{entities}<!ENTITY x SYSTEM "file:///etc/hostname">]>
        <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">
        <c r="A1" t="inlineStr"><is><t>&e9;&x;</t></is></c></row></sheetData></worksheet>"""
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with pytest.raises(ImportFault, match="does not begin as a workbook's does"):
        given_as(tmp_path, "t.xlsx", packed(parts))


def test_a_workbook_that_claims_a_billion_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scrubber.tables import workbooks

    monkeypatch.setattr(workbooks, "MOST_ROWS", 1_000)
    whole = workbook([["a"]])
    parts = {
        i.filename: zipfile.ZipFile(io.BytesIO(whole)).read(i) for i in zipfile.ZipFile(io.BytesIO(whole)).infolist()
    }
    parts["xl/worksheets/sheet1.xml"] = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1000000000"><c r="A1000000000"><v>2</v></c></row>'
        b"</sheetData></worksheet>"
    )
    with pytest.raises(ImportFault, match="more rows than Excel"):
        given_as(tmp_path, "t.xlsx", packed(parts))


def test_a_sheet_that_is_all_but_empty_and_huge_is_refused(tmp_path: Path) -> None:
    """The library would hold what lies between its two cells: 17 billion of them."""
    whole = workbook([["a"]])
    archive = zipfile.ZipFile(io.BytesIO(whole))
    parts = {info.filename: archive.read(info) for info in archive.infolist()}
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c s="0" r=\'XFD1048576\'><v>2</v></c></row>'
        b"</sheetData></worksheet>"
    )
    for padding in (b"", b" " * (1 << 20), b" " * ((1 << 20) - 200)):  # Wherever a block ends.
        parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"<sheetData>", b"<sheetData>" + padding)
        with pytest.raises(ImportFault, match="cells lie far apart, over 1,048,576 rows and 16,384 columns"):
            given_as(tmp_path, "t.xlsx", packed(parts, zipfile.ZIP_STORED))


def test_rows_of_a_workbook_have_their_own_numbers_and_columns(tmp_path: Path) -> None:
    rows: list[list[object]] = [[], ["", "Code", "Word"], [], [None, "A0001"]]
    lines = given_as(tmp_path, "t.xlsx", workbook(rows))
    assert [(line.number, line.cells) for line in lines if any(line.cells)] == [
        (2, ["", "Code", "Word"]), (4, ["", "A0001", ""])
    ]  # fmt: skip


def test_without_the_library_the_command_to_install_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    data = workbook([["a"]])
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(ImportFault, match=r"pip install 'scrubber\[xlsx\]'"):
        given_as(tmp_path, "t.xlsx", data)


QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUIET
@given(data=st.binary(max_size=400), suffix=st.sampled_from([".txt", ".csv", ".zip", ".xlsx"]))
def test_arbitrary_bytes_are_read_or_refused(tmp_path: Path, data: bytes, suffix: str) -> None:
    with contextlib.suppress(ImportFault):
        given_as(tmp_path, f"t{suffix}", data)


WHOLE = packed({"a/t.txt": TSV * 4, "u.csv": b"a,b\r\n", "inner.zip": packed({"i.txt": TSV})})


@QUIET
@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), more=st.binary(max_size=3))
def test_a_mutated_zip_is_read_or_refused(tmp_path: Path, at: int, byte: int, more: bytes) -> None:
    with contextlib.suppress(ImportFault):
        given_as(tmp_path, "t.zip", WHOLE[:at] + bytes([byte]) + more + WHOLE[at + 1 :])


@settings(QUIET, max_examples=60)
@given(data=st.data())
def test_a_mutated_workbook_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    whole = workbook(ROWS)  # type: ignore[arg-type]
    archive = zipfile.ZipFile(io.BytesIO(whole))
    parts = {info.filename: archive.read(info) for info in archive.infolist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    part = parts[name]
    at = data.draw(st.integers(0, len(part) - 1))
    parts[name] = part[:at] + data.draw(st.binary(max_size=4)) + part[at + data.draw(st.integers(0, 40)) :]
    with contextlib.suppress(ImportFault):
        given_as(tmp_path, "t.xlsx", packed(parts))
