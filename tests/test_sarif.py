"""SARIF: valid by another's validator, places that open where the fault is, fingerprints that stay."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from hostile import poison
from hypothesis import given
from hypothesis import strategies as st
from reporting import BASE, QUICKSTART, base
from running import check
from sarif_kit.validate import validation_errors

from scrubber.reports.lines import BLOCK, Lines, count_units
from scrubber.reports.sarif import name_file

CASES = {path.stem: path.read_bytes() for path in [*sorted(BASE.glob("*.837")), QUICKSTART]} | {
    "bad-npi": base("batch", ("XX*2990001010~", "XX*2990001011~")),
    "bad-charge": base("batch", ("CLM*BATCH-2*185*", "CLM*BATCH-2*18X5*")),
    "iea-count": base("two-interchanges", ("IEA*1*", "IEA*2*")),
    "unknown-segment": base("office", ("HI*ABK", "QQ*1~\nHI*ABK")),
    "cut-off": base("office")[:900],
    "no-x12": b"Dear payer, please find our claims enclosed.",
    "empty": b"",
}

QUICK = QUICKSTART.read_bytes()
ONE_LINE = QUICK.replace(b"\n", b"")

LAYOUTS = {
    "lines": QUICK,
    "one line": ONE_LINE,
    "windows": QUICK.replace(b"\n", b"\r\n"),
    "old mac": QUICK.replace(b"\n", b"\r"),
    "utf-8": QUICK.replace(b"NORTHFIELD", "NÖRTHFIELD \N{BEAR FACE}".encode()).replace(b"\n", b""),
    "latin-1": QUICK.replace(b"NORTHFIELD", "NÖRTHFIELD".encode("latin-1")).replace(b"\n", b""),
    "byte-order mark": b"\xef\xbb\xbf" + ONE_LINE,
}


def sarif(folder: Path, files: dict[str, bytes] | bytes, **how: Any) -> Any:
    document = json.loads(check(folder, "sarif", files, **how).out)
    assert validation_errors(document) == []
    return document["runs"][0]


@pytest.mark.parametrize("seed", range(4))
def test_hostile_files_stay_data(tmp_path: Path, seed: int) -> None:
    sarif(tmp_path, poison(seed, 0.3))


def regions(run: Any) -> Iterator[tuple[bytes, Any]]:
    for result in run["results"]:
        for place in [*result["locations"], *result.get("relatedLocations", [])]:
            physical = place["physicalLocation"]
            yield Path(unquote(urlparse(physical["artifactLocation"]["uri"]).path)).read_bytes(), physical["region"]


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_run_is_valid_whatever_the_file(tmp_path: Path, name: str, redact: bool) -> None:
    run = sarif(tmp_path, CASES[name], redact=redact)
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_region_opens_where_the_fault_stands(tmp_path: Path, layout: str) -> None:
    """Lines and columns are read as an editor reads them, and must show the very bytes that the finding is about."""
    run = sarif(tmp_path, LAYOUTS[layout])
    seen = 0
    for data, region in regions(run):
        try:
            text, encoding = data.decode("utf-8-sig"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = data.decode("latin-1"), "latin-1"
        line = re.split("\r\n|\n|\r", text)[region["startLine"] - 1].encode("utf-16-le")
        assert region["startLine"] == region["endLine"]
        shown = line[2 * (region["startColumn"] - 1) : 2 * (region["endColumn"] - 1)].decode("utf-16-le")
        if not region["byteOffset"]:
            continue  # The byte-order mark itself, which no editor shows.
        assert shown.encode(encoding) == data[region["byteOffset"] : region["byteOffset"] + region["byteLength"]], (
            region
        )
        seen += bool(shown)
    assert seen >= 4


@pytest.mark.parametrize("width", [60, 79, 80, 81, 100, 133])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_region_is_found_in_lines_of_a_fixed_length(tmp_path: Path, width: int, end: bytes) -> None:
    wrapped = end.join(ONE_LINE[at : at + width] for at in range(0, len(ONE_LINE), width))

    def said(layout: bytes) -> list[bytes]:
        told = []
        for data, region in regions(sarif(tmp_path, layout)):
            text = data[region["byteOffset"] : region["byteOffset"] + region["byteLength"]]
            lines = data.decode().splitlines()
            assert lines[region["startLine"] - 1][region["startColumn"] - 1 :].startswith(text.split(end)[0].decode())
            told.append(text.replace(end, b""))
        return told

    *found, at_the_break = said(wrapped)  # The last is X12-TA1-024, which says that lines are broken.
    assert found == said(ONE_LINE)
    assert not at_the_break.strip()


def test_a_finding_is_told_in_full(tmp_path: Path) -> None:
    run = sarif(tmp_path, QUICK)
    (found,) = [r for r in run["results"] if r["ruleId"] == "DX-10"]
    assert found["level"] == "error"
    assert "M54.2" in found["message"]["text"]
    assert found["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "NECK-1002/2300.HI01-2"
    assert found["relatedLocations"][0]["message"]["text"] == "HI02-2"
    (rule,) = [r for r in run["tool"]["driver"]["rules"] if r["id"] == "DX-10"]
    assert "ICD-10-CM" in rule["help"]["markdown"]
    linked = [r for r in sarif(tmp_path, CASES["bad-charge"])["tool"]["driver"]["rules"] if "helpUri" in r]
    assert all(f"]({r['helpUri']})" in r["help"]["markdown"] for r in linked)
    assert run["columnKind"] == "utf16CodeUnits"


def test_levels_follow_severities(tmp_path: Path) -> None:
    levels = {(r["properties"]["severity"], r["level"]) for r in sarif(tmp_path, CASES["batch"] + QUICK)["results"]}
    levels |= {(r["properties"]["severity"], r["level"]) for r in sarif(tmp_path, CASES["bad-charge"])["results"]}
    assert levels <= {("reject", "error"), ("warning", "warning"), ("info", "note")}
    assert ("reject", "error") in levels


def test_what_was_not_checked_or_judged_is_a_notification_not_a_result(tmp_path: Path) -> None:
    run = sarif(tmp_path, {"claims.837": QUICK, "letter.837": CASES["no-x12"]})
    (invocation,) = run["invocations"]
    told = [n["descriptor"]["id"] for n in invocation["toolExecutionNotifications"]]
    assert "not-checked" in told
    assert told.count("file-not-judged") == 1
    assert invocation["executionSuccessful"] is False


def fingerprints(run: Any, edit: str | None = None) -> set[str]:
    return {r["partialFingerprints"]["scrubber/v1"] for r in run["results"] if edit in (None, r["ruleId"])}


def test_fingerprints_stay_when_lines_move_and_control_numbers_are_new(tmp_path: Path) -> None:
    before = sarif(tmp_path, QUICK)
    moved = QUICK.replace(b"\n", b"\r\n").replace(b"000000201", b"000000977").replace(b"*0001", b"*0455")
    assert moved.replace(b"\r", b"") != QUICK
    after = sarif(tmp_path, {"elsewhere.837": moved})
    assert fingerprints(before) == fingerprints(after)
    assert len(fingerprints(before)) == len(before["results"])


def test_a_new_line_before_changes_no_other_fingerprint_and_another_value_its_own(tmp_path: Path) -> None:
    before = sarif(tmp_path, QUICK)
    other = QUICK.replace(b"HI*ABK:M542*ABF:M50322", b"HI*ABK:M542*ABF:M50321")
    assert other != QUICK
    after = sarif(tmp_path, other)
    changed = fingerprints(before) ^ fingerprints(after)
    assert changed == fingerprints(before, "DX-10") ^ fingerprints(after, "DX-10")
    assert changed


def test_fingerprints_of_redacted_runs_are_the_same_and_nothing_else_tells(tmp_path: Path) -> None:
    plain, masked = sarif(tmp_path, QUICK), sarif(tmp_path, QUICK, redact=True)
    assert fingerprints(plain) == fingerprints(masked)
    text = json.dumps(masked["results"])
    assert "NECK-1002" in json.dumps(plain["results"])
    assert not re.search("NECK-100|M50\\.?322|97140|NORTHFIELD", text)


def test_two_files_judged_side_by_side_are_one_run(tmp_path: Path) -> None:
    files = {"a.837": QUICK, "b.837": CASES["batch"], "c.837": CASES["bad-npi"]}
    assert check(tmp_path, "sarif", files, jobs=2).out == check(tmp_path, "sarif", files).out


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("./out box/a#1.837", "out%20box/a%231.837"),
        ("a:b.837", "a%3Ab.837"),
        ("/srv/claims/ä.837", "file:///srv/claims/%C3%A4.837"),
        ("-", "stdin"),
        ("x\udcff.837", "x%FF.837"),
    ],
)
def test_paths_become_uris(path: str, uri: str) -> None:
    assert name_file(path) == uri


# Lines and columns -------------------------------------------------------------------------------------------------


@given(st.text(st.sampled_from("ab~\r\n\N{LATIN SMALL LETTER A WITH DIAERESIS}\N{BEAR FACE}")), st.data())
def test_lines_agree_with_an_editor(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    head = text[:cut]
    if text[cut : cut + 1] == "\n" and head.endswith("\r"):
        return  # No place of a finding lies within a line end.
    # Whole blocks before it: what is remembered of blocks must count, too.
    filler = data.draw(st.sampled_from(["", "x" * (BLOCK - 1), "\n" * (BLOCK - 1), "\N{BEAR FACE}" * (BLOCK // 4 + 1)]))
    lines = Lines(lambda path: io.BytesIO((filler + text).encode()))
    lines.open("any")
    found = lines.region(len((filler + head).encode()), 0)
    if not filler + text:
        assert found is None
        return
    before = re.split("\r\n|\n|\r", filler + head)
    assert found is not None
    assert (found.line, found.column) == (len(before), len(before[-1].encode("utf-16-le")) // 2 + 1)


def test_a_file_that_cannot_be_read_again_has_no_lines() -> None:
    def fail(path: str) -> io.BytesIO:
        raise FileNotFoundError(path)

    lines = Lines(fail)
    lines.open("gone")
    assert lines.region(0, 0) is None


def test_units_of_pieces_add_up() -> None:
    text = "a\N{LATIN SMALL LETTER A WITH DIAERESIS}\N{EURO SIGN}\N{BEAR FACE}b".encode()
    whole = count_units(text)
    assert whole == 6
    assert all(count_units(text[:cut]) + count_units(text[cut:]) == whole for cut in range(len(text)))
