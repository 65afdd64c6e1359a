"""Publishers' files that were cut off at the end of a line: nothing in them is wrong, and they are not whole. What such
an edition does not list is not checked, and not fine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lines import write
from reference import PTP, ptp_parts, samples_are_whole
from test_importers import FILE, FILES

from scrubber.cli import cli
from scrubber.tables.folder import open_library
from scrubber.tables.kinds import KINDS, Imported
from scrubber.tables.publishers import ptp
from scrubber.tables.store import Store

PAIR = ("72040", "99213", "20200101", "*", "0")
"""Never a pair in truth: a finding on it is the loaded table's."""

SIZED = [kind for kind in FILE if KINDS[kind].usual]

WHOLE = [
    ("ncci-ptp", 2_546_017, "0001A", "U0003"), ("ncci-mue", 14_677, "0001U", "V5364"), ("ncci-aoc", 7_465, "", ""),
    ("pfs", 18_664, "0001F", "V5364"), ("hcpcs", 8_033, "A0021", "V5364"), ("taxonomy", 883, "", ""),
    ("telehealth", 280, "", ""),
]  # fmt: skip
"""Rows, first and last code of the publishers' files of 2024 to 2026."""


def add(folder: Path, kind: str, *files: Path) -> str:
    run = CliRunner().invoke(cli, ["tables", "add", kind, *map(str, files), "--data", str(folder)])
    assert run.exit_code == 0, run.output
    return run.output


def is_whole(folder: Path) -> bool:
    library = open_library(folder)
    assert library is not None
    (holding,) = library.holdings()
    return holding.edition.complete


def judged(folder: Path, claim: bytes) -> dict[str, Any]:
    path = folder / "claim.837"
    path.write_bytes(claim)
    arguments = ["check", str(path), "--format", "json", "--received", "2026-09-20", "--fail-on", "never"]
    run = CliRunner().invoke(cli, [*arguments, "--data", str(folder)])
    assert run.exit_code == 0, run.output
    (told,) = json.loads(run.stdout)["files"][0]["claims"]
    assert isinstance(told, dict)
    return told


def found(claim: dict[str, Any], *edits: str) -> dict[str, str]:
    return {f["edit"]: f["severity"] for f in claim["findings"] if f["edit"] in edits}


def unchecked(claim: dict[str, Any], *edits: str) -> set[str]:
    return {gap["edit"] for gap in claim["unchecked"] if gap["edit"] in edits}


@pytest.mark.parametrize("kind", SIZED)
def test_a_file_of_few_rows_is_kept_as_not_whole(tmp_path: Path, kind: str) -> None:
    said = add(tmp_path, kind, FILES / FILE[kind])
    assert f"That is little: the publisher's file has {KINDS[kind].usual:,} rows or more. It is kept as not" in said
    assert not is_whole(tmp_path)
    listed = CliRunner().invoke(cli, ["tables", "list", "--data", str(tmp_path)]).output
    assert "; not whole\n" in listed
    with samples_are_whole():
        assert "not whole" not in add(tmp_path, kind, FILES / FILE[kind])
    assert is_whole(tmp_path), "the whole file takes the place of the cut one"


def test_every_kind_of_rows_has_a_size_or_another_mark() -> None:
    """The order file goes to Z99, the tabular list is XML, and the articles come in zips, which have check sums."""
    assert {kind.name for kind in KINDS.values() if not kind.usual} == {"icd10cm", "mcd"}


@pytest.mark.parametrize(("kind", "rows", "first", "last"), WHOLE)
def test_where_a_file_stops_being_whole(kind: str, rows: int, first: str, last: str) -> None:
    known = KINDS[kind]
    assert known.lack(rows, first, last) == ""
    least = -(-known.usual * 2 // 3)
    assert known.lack(least, first, last) == ""
    assert known.lack(least - 1, first, last).startswith("That is little")
    if any(known.reach):
        assert known.lack(rows, first, "G0463") == "Its codes end at G0463: the publisher's file goes on"
        assert known.lack(rows, "J0120", last) == "Its codes begin at J0120: the publisher's file begins earlier"


def test_what_is_said_of_the_reach_is_of_procedure_codes(tmp_path: Path) -> None:
    """Modifiers stand among the codes of HCPCS; the publisher's order is not asked."""
    kind = KINDS["hcpcs"]._replace(usual=0, reach=("B", "H"))
    with Store(tmp_path) as store:
        imported = kind.read([FILES / FILE["hcpcs"]], None, lambda size: None)
        holding, _ = store.add(kind, imported, [])
    assert any("Its codes end at G9999" in note for note in imported.notes)
    assert not holding.edition.complete


def test_a_pair_that_a_cut_file_lacks_is_not_checked(tmp_path: Path) -> None:
    said = add(tmp_path, "ncci-ptp", *ptp_parts(tmp_path / "cut", "v322r0", PAIR))
    assert "That is little" in said
    edits = ("NCCI-01", "NCCI-02")
    lacks = judged(tmp_path, write("99213", "72100"))
    assert (found(lacks, *edits), unchecked(lacks, *edits)) == ({}, set(edits))
    reasons = {gap["reason"] for gap in lacks["unchecked"] if gap["edit"] in edits}
    assert reasons == {"pairs not in the loaded table, which is not whole: 72100/99213"}
    has = judged(tmp_path, write("99213", "72040"))
    assert (found(has, *edits), unchecked(has, *edits)) == ({"NCCI-01": "reject"}, set())


@pytest.mark.parametrize(
    ("kind", "claim", "edit"),
    [
        ("ncci-mue", write("G0270"), "NCCI-04"),
        ("ncci-aoc", write("G0270"), "NCCI-05"),
        ("hcpcs", write("G0270"), "CLM-10"),
        ("telehealth", write("G0270", filing="MB", place="02"), "TEL-13"),
    ],
)
def test_a_code_that_a_cut_file_lacks_is_not_checked(tmp_path: Path, kind: str, claim: bytes, edit: str) -> None:
    path = FILES / FILE[kind]
    if kind == "hcpcs":  # The fixture is of the last quarter.
        path = tmp_path / "HCPC2026_JUL_ANWEB.txt"
        path.write_bytes((FILES / FILE[kind]).read_bytes())
    add(tmp_path, kind, path)
    told = judged(tmp_path, claim)
    assert (found(told, edit), unchecked(told, edit)) == ({}, {edit})
    with samples_are_whole():
        add(tmp_path, kind, path)
    told = judged(tmp_path, claim)
    assert unchecked(told, edit) == set()


def test_of_a_cut_file_nobody_knows_that_it_lists_all_primaries(tmp_path: Path) -> None:
    """The closed list of an add-on code may go on where the file was cut."""
    add(tmp_path, "ncci-aoc", FILES / FILE["ncci-aoc"])
    assert found(judged(tmp_path, write("G0289")), "NCCI-05") == {"NCCI-05": "warning"}
    with samples_are_whole():
        add(tmp_path, "ncci-aoc", FILES / FILE["ncci-aoc"])
    assert found(judged(tmp_path, write("G0289")), "NCCI-05") == {"NCCI-05": "reject"}


def parts(folder: Path, *sizes: int) -> Imported:
    """An edition of parts with so many rows, read."""
    files = ptp_parts(folder, "v322r0")
    for number, (file, size) in enumerate(zip(files, sizes, strict=False), 1):
        rows = (f"{number}{n:04}\t99213\t\t20200101\t*\t0\tMisuse\r\n" for n in range(size))
        file.write_bytes(file.read_bytes() + "".join(rows).encode())
    imported = PTP.read(files[: len(sizes)], None, lambda size: None)
    assert len(list(imported.rows)) == sum(sizes)
    return imported


def test_a_part_that_was_cut_is_smaller_than_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptp, "SMALL", 50)
    whole = parts(tmp_path, 494, 494, 394, 90)
    assert (whole.complete, whole.notes) == (True, []), "the last part has what remains"
    cut = parts(tmp_path, 494, 393, 494, 490)
    assert not cut.complete
    (note,) = cut.notes
    assert note.startswith("ccipra-v322r0-f2.TXT has 399 lines and another part 500")
    monkeypatch.setattr(ptp, "SMALL", 500)
    assert parts(tmp_path, 494, 1, 494, 490).complete, "samples have any size"
