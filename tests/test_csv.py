"""CSV: one row a finding, money that adds up, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hostile import poison
from reporting import QUICKSTART, ROOT, base
from running import check

from scrubber.reports.csv_report import COLUMNS, _cell

QUICK = QUICKSTART.read_bytes()


def rows(folder: Path, files: Any, **how: Any) -> list[dict[str, str]]:
    out = check(folder, "csv", files, **how).out
    assert out.startswith(b"\xef\xbb\xbffile,")
    text = out.decode("utf-8-sig")
    assert text.count("\n") == text.count("\r\n")
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert read[0] == list(COLUMNS)
    assert all(len(row) == len(COLUMNS) for row in read)
    return [dict(zip(read[0], row, strict=True)) for row in read[1:]]


def test_a_row_a_finding(tmp_path: Path) -> None:
    found = rows(tmp_path, QUICK)
    assert [(r["claim"], r["edit"], r["line"], r["severity"]) for r in found] == [
        ("NECK-1002", "DX-10", "", "reject"),
        ("NECK-1003", "DX-01", "", "reject"),
        ("NECK-1003", "PTR-05", "2", "reject"),
        ("NECK-1005", "NCCI-02", "2", "reject"),
    ]
    first = found[0]
    assert (first["place"], first["acknowledgement"], first["status"]) == ("HI01-2", "277CA", "A8:255 A8:732")
    start = int(first["offset"])
    assert QUICK[start : start + int(first["length"])] == b"M542"


@pytest.mark.parametrize(
    "data",
    [
        QUICK,
        base("batch", ("XX*2990001010~", "XX*2990001011~")),
        base("two-interchanges", ("IEA*1*", "IEA*2*")),
        base("two-sets", ("SE*", "SE*9")),
    ],
    ids=["claims", "provider", "interchange", "set"],
)
def test_what_is_at_risk_adds_up_to_what_is_rejected(tmp_path: Path, data: bytes) -> None:
    ran = check(tmp_path, "csv", data)
    found = list(csv.DictReader(io.StringIO(ran.out.decode("utf-8-sig"), newline="")))
    assert ran.tally.totals.rejected
    assert sum(Decimal(r["charge_at_risk"] or 0) for r in found) == ran.tally.totals.charge_rejected
    assert len({r["claim"] for r in found if r["claim_status"] == "rejected"}) == ran.tally.totals.rejected
    own = [r for r in found if not r["inherited"]]
    assert len(own) == sum(ran.tally.totals.findings.values())


@pytest.mark.parametrize("seed", range(4))
def test_no_cell_is_a_formula(tmp_path: Path, seed: int) -> None:
    evil = "=cmd|'/c calc'!A0"
    for row in rows(tmp_path, poison(seed, 0.4, evil)):
        for cell in row.values():
            assert not re.match(r"\s*[=+@\t\r]", cell)
            assert not cell.startswith("-") or re.fullmatch(r"-[0-9.]+", cell)
            assert cell.isprintable()


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1+1", "'=1+1"), ("  =1", "'  =1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3", "'-2+3"), ("-5.00", "-5.00"),
     ("+1", "'+1"), ("\t=1", "\\x09=1"), ("\uff1d1", "'\uff1d1"), ("M54.2", "M54.2"), (None, ""), (0, "0")],
)  # fmt: skip
def test_cells_are_text(value: object, cell: str) -> None:
    assert _cell(value) == cell


def test_nothing_of_a_patient_when_redacted(tmp_path: Path) -> None:
    text = check(tmp_path, "csv", QUICK, redact=True).out.decode()
    assert "claim 2 of set 0001" in text
    assert not re.search("NECK|M50\\.322|2026-09-15|,185,", text)


def test_side_by_side_is_the_same(tmp_path: Path) -> None:
    files = {"a.837": QUICK, "b.837": base("batch"), "c.837": base("office")}
    assert check(tmp_path, "csv", files, jobs=2).out == check(tmp_path, "csv", files).out


def test_the_columns_are_documented() -> None:
    documented = (ROOT / "docs" / "ci.md").read_text("utf-8")
    assert "".join(f"| `{name}` | {meaning} |\n" for name, meaning in COLUMNS.items()) in documented
