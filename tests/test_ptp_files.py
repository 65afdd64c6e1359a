"""CMS's PTP files: what is read from them, and what is wrong with those that are not."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest
from reference import PTP, ptp_parts, ptp_text

from scrubber.tables.dated import Row
from scrubber.tables.kinds import KINDS, Imported, ImportFault

A, B, NINE = (
    ("20550", "99213", "20200101", "*", "1"),
    ("0001U", "0030U", "20180701", "20260630", "0"),
    ("0001A", "90473", "20220101", "20220101", "9"),
)


def read(*files: Path, edition: str | None = None, kind: str = "ncci-ptp") -> tuple[Imported, list[Row]]:
    found = KINDS[kind].read(files, edition, lambda size: None)
    return found, list(found.rows)


def refused(*files: Path, edition: str | None = None, kind: str = "ncci-ptp") -> ImportFault:
    with pytest.raises(ImportFault) as caught:
        read(*files, edition=edition, kind=kind)
    return caught.value


def test_an_edition_is_read_from_its_parts(tmp_path: Path) -> None:
    found, rows = read(*ptp_parts(tmp_path, "v322r0", NINE, B, A))
    assert (found.name, found.from_, found.to) == ("2026 Q3", date(2026, 7, 1), date(2026, 9, 30))
    assert found.since == date(1996, 1, 1)
    assert found.complete
    assert found.notes == []
    words = "Misuse of Column Two code"
    assert rows == [
        ("0001A", "90473", "2022-01-01", "2022-01-01", "9", words),
        ("0001U", "0030U", "2018-07-01", "2026-06-30", "0", words),
        ("20550", "99213", "2020-01-01", "", "1", words),
    ]
    assert all(len(row) == len(PTP.columns) for row in rows)


def test_zips_are_read_as_they_are(tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path / "parts", "v322r0", A, B)
    zips = []
    for part in parts:
        zips.append(tmp_path / f"{part.stem}.zip")
        with zipfile.ZipFile(zips[-1], "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(part, part.name)
    found, rows = read(*zips)
    assert (found.name, found.complete) == ("2026 Q3", True)
    assert rows == read(*parts)[1]


def test_of_a_zip_that_holds_each_part_twice_the_text_is_read(tmp_path: Path) -> None:
    zips = []
    for part in ptp_parts(tmp_path / "parts", "v322r0", A, B):
        zips.append(tmp_path / f"medicare-ncci-2026-q3-practitioner-ptp-edits-{part.stem}.zip")
        with zipfile.ZipFile(zips[-1], "w") as archive:
            archive.write(part, part.name)
            archive.writestr(f"{part.stem}.xlsx", b"no workbook: nobody opens it")
    found, rows = read(*zips)
    assert (found.name, found.complete, len(rows)) == ("2026 Q3", True, 2)


def test_edits_for_hospitals_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "ccioph-v322r0-f1.TXT"
    file.write_bytes(ptp_text(A))
    assert "not the edits for practitioners (`ccioph`)" in str(refused(file))


def test_what_the_user_says_wins_over_names(tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path, "v322r0", A)
    assert read(*parts, edition="v32.3")[0].name == "2026 Q4"
    assert read(*parts, edition="2025Q1")[0].name == "2025 Q1"
    assert "`autumn` names no quarter. Write it like 2026Q3" in str(refused(*parts, edition="autumn"))


def test_names_that_say_otherwise_are_told(tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path, "v322r0", A)
    told = ["ccipra-v322r0-f1.TXT names 2026 Q3; it was taken for 2026 Q4, as --edition says."]
    assert read(*parts, edition="v32.3")[0].notes == told
    assert read(*parts, edition="v32.2")[0].notes == []


@pytest.mark.parametrize("mark", ["0", "1"])
def test_a_pair_that_ended_before_it_began_is_refused(tmp_path: Path, mark: str) -> None:
    parts = ptp_parts(tmp_path, "v322r0", A, ("20551", "99213", "20250102", "20250101", mark))
    words = "ccipra-v322r0-f1.TXT, line 8: the deletion date 20250101 lies before the effective date 20250102"
    assert str(refused(*parts)).startswith(words)


def test_a_pair_of_one_day_is_one_and_what_never_was_an_edit_may_have_any_days(tmp_path: Path) -> None:
    day, never = ("20551", "99213", "20250101", "20250101", "1"), ("20552", "99213", "20250102", "20250101", "9")
    assert [row[2:5] for row in read(*ptp_parts(tmp_path, "v322r0", day, never))[1]] == [
        ("2025-01-01", "2025-01-01", "1"), ("2025-01-02", "2025-01-01", "9"),
    ]  # fmt: skip


def test_a_part_that_is_missing_leaves_the_rest_unknown(tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path, "v322r0", A, B)
    found, rows = read(parts[0], parts[2])
    assert not found.complete
    assert len(rows) == 2
    assert "Without part f2, part f4 it is not whole" in found.notes[0]


def test_parts_of_two_quarters_are_not_one_edition(tmp_path: Path) -> None:
    mixed = [*ptp_parts(tmp_path, "v322r0", A)[:2], *ptp_parts(tmp_path, "v323r0", A)[2:]]
    assert "it is of 2026 Q4, but ccipra-v322r0-f1.TXT is of 2026 Q3" in str(refused(*mixed))


def test_a_part_given_twice(tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path / "one", "v322r0", A) + ptp_parts(tmp_path / "two", "v322r1", A)[:1]
    assert "part 1 is given twice" in str(refused(*parts))


def test_a_name_without_edition_asks_for_one(tmp_path: Path) -> None:
    file = tmp_path / "pairs.txt"
    file.write_bytes(ptp_text(A))
    assert "its name tells no edition" in str(refused(file))
    found, rows = read(file, edition="2026Q3")
    assert (found.name, len(rows)) == ("2026 Q3", 1)


def test_medicaids_layout_is_kept_apart(tmp_path: Path) -> None:
    file = tmp_path / "medicaid-ncci-ptp-2026q3.txt"
    file.write_bytes(ptp_text(A, B, medicaid=True))
    found, rows = read(file)
    assert found.kind == "ncci-ptp-medicaid"
    assert "Medicaid's pairs" in found.notes[0]
    assert [row[:5] for row in rows] == [("20550", "99213", "2020-01-01", "", "1"),
                                         ("0001U", "0030U", "2018-07-01", "2026-06-30", "0")]  # fmt: skip
    assert read(file, kind="ncci-ptp-medicaid")[0].kind is None
    medicare = ptp_parts(tmp_path / "parts", "v322r0", A)
    assert "this is Medicare's file" in str(refused(*medicare, kind="ncci-ptp-medicaid"))
    odd = tmp_path / "parts" / "ccipra-v322r0-f2.TXT"
    odd.write_bytes(ptp_text(medicaid=True))
    assert "laid out differently" in str(refused(*medicare))


def swap(old: bytes, new: bytes) -> bytes:
    content = ptp_text(A, B)
    assert old in content
    return content.replace(old, new, 1)


WRONG = {
    "no header": (ptp_text(A).replace(b"Column 1\t", b"Code\t"), None, "no header begins with `Column 1`"),
    "columns swapped": (swap(b"Effective\tDeletion", b"Deletion\tEffective"), 3, "the header has changed: it reads"),
    "a column more": (swap(b"PTP Edit Rationale", b"PTP Edit Rationale\tNew"), 3, "the header has changed"),
    "not a code": (swap(b"0001U\t", b"1U\t"), 8, "`1U` is no procedure code"),
    "small letters": (swap(b"0001U\t", b"0001u\t"), 8, "`0001u` is no procedure code"),
    "not a date": (swap(b"20180701", b"20180732"), 8, "`20180732` is no date"),
    "no beginning": (swap(b"20180701", b"*"), 8, "the effective date is missing"),
    "not an indicator": (swap(b"\t1\tMisuse", b"\t7\tMisuse"), 7, "the modifier indicator is `7`"),
    "cut in a row": (ptp_text(A, B)[:-40] + b"\r\n", 8, "the row has 4 columns, not 7"),
    "cut in a line": (ptp_text(A, B)[:-9], None, "cut off"),
    "empty": (b"", None, "the file is empty"),
    "a web page": (b"<!DOCTYPE html><html>licence</html>", None, "this is a web page"),
    "control characters": (swap(b"0001U\t", b"\x1b]0;x\t"), 8, "`?]0;x` is no procedure code"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_wrong_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    content, line, words = WRONG[name]
    parts = ptp_parts(tmp_path, "v322r0", A)
    parts[0].write_bytes(content)
    fault = refused(*parts)
    assert words in str(fault)
    assert fault.file == parts[0].name
    if line is not None:
        assert fault.line == line
    assert str(fault).isprintable()


def test_blank_lines_say_nothing(tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path, "v322r0", A, B)
    blank = b"\r\n" + b"\t" * 6 + b"\r\n"
    parts[0].write_bytes(swap(b"20550", blank + b"20550") + blank)
    assert len(read(*parts)[1]) == 2


def test_a_damaged_zip_is_told(tmp_path: Path) -> None:
    part = ptp_parts(tmp_path, "v322r0", *[A] * 3000)[0]
    file = tmp_path / "ccipra-v322r0-f1.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(part, part.name)
    content = file.read_bytes()
    for size in (len(content) // 2, 30):
        file.write_bytes(content[:size])
        assert "zip" in str(refused(file))
