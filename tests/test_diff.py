"""Two judgements held against each other: which verdicts turned, what turned them, and what a gate is told."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from reference import load_ptp
from reference import pair as pair_row
from reporting import BASE, QUICKSTART

from scrubber.cli import cli
from scrubber.comparison import Side, Summary, compare

RECEIVED = ("--received", "2026-09-20")


def scrub(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), standalone_mode=False)


def report(folder: Path, name: str, *arguments: str | Path, form: str = "json") -> Path:
    path = folder / name
    done = scrub("check", QUICKSTART, "--format", form, "--output", path, *RECEIVED, *arguments)
    assert done.exception is None, done.exception
    return path


def document(*arguments: str | Path) -> tuple[int, Any]:
    done = scrub("diff", *arguments, "--format", "json")
    assert done.exception is None, done.exception
    return done.return_value, json.loads(done.stdout)


def soften(folder: Path) -> Path:
    """Settings by which DX-10 rejects nothing."""
    path = folder / "soft.toml"
    path.write_text('[severity]\nDX-10 = "warning"\n')
    return path


def verdicts(told: Any) -> list[tuple[str, str, str]]:
    return [(c["claim"], c["was"], c["now"]) for c in told["claims"]]


# One file, two ways --------------------------------------------------------------------------------------------------


def test_two_settings(tmp_path: Path) -> None:
    code, told = document(QUICKSTART, "--config-b", soften(tmp_path), *RECEIVED)
    assert code == 1
    assert verdicts(told) == [("NECK-1002", "rejected", "accepted")]
    (both,) = told["claims"][0]["amended"]
    assert (both["was"]["edit"], both["was"]["severity"], both["now"]["severity"]) == ("DX-10", "reject", "warning")
    assert told["summary"]["better"] == 1
    assert told["summary"]["better_charge"] == "185"
    assert told["summary"]["claims"] == 5


def test_the_sides_the_other_way_round(tmp_path: Path) -> None:
    code, told = document(QUICKSTART, "--config-a", soften(tmp_path), *RECEIVED)
    assert (code, verdicts(told)) == (1, [("NECK-1002", "accepted", "rejected")])
    assert told["summary"]["amended"] == {"DX-10": 1}


@pytest.mark.parametrize(
    ("fail_on", "side", "code"), [("worse", "b", 0), ("worse", "a", 1), ("any", "b", 1), ("never", "a", 0)]
)
def test_gates(fail_on: str, side: str, code: int, tmp_path: Path) -> None:
    done = scrub("diff", QUICKSTART, f"--config-{side}", soften(tmp_path), "--fail-on", fail_on, *RECEIVED)
    assert done.return_value == code


def test_two_receipt_dates() -> None:
    """Timely filing: a year and more behind the service."""
    code, told = document(QUICKSTART, "--received-a", "2026-09-20", "--received-b", "2028-09-20")
    assert code == 1
    assert [side["received"] for side in told["sides"]] == ["2026-09-20", "2028-09-20"]
    assert told["summary"]["worse"] > 0
    assert told["summary"]["appeared"]


def test_two_editions_of_a_table(tmp_path: Path) -> None:
    """A pair that one NCCI table has and the other has not rejects a claim, and both tables are named."""
    load_ptp(tmp_path / "a", pair_row("98940", "97140", mark="1"))
    load_ptp(tmp_path / "b", pair_row("98940", "97140", mark="1"), pair_row("72040", "99213"))
    code, told = document(QUICKSTART, "--data-a", tmp_path / "a", "--data-b", tmp_path / "b", *RECEIVED)
    assert code == 1
    assert ("NECK-1001", "accepted", "rejected") in verdicts(told)
    assert [f["edit"] for f in told["claims"][0]["appeared"]] == ["NCCI-01"]
    (table,) = told["tables"]
    assert (table["name"], table["first"], table["second"]) == ("ncci-ptp", "2026 Q3 (1 row)", "2026 Q3 (2 rows)")


def test_text_names_what_did_it(tmp_path: Path) -> None:
    said = scrub("diff", QUICKSTART, "--config-b", soften(tmp_path), *RECEIVED).stdout
    assert "NECK-1002: rejected -> accepted" in said
    assert "- reject DX-10 cervicalgia-with-cervical-disc-disorder: M54.2" in said
    assert "+ warning DX-10" in said
    assert "ICD-10-CM Tabular List" in said
    assert "1 now accepted ($185.00)" in said


def test_redacted(tmp_path: Path) -> None:
    first, second = report(tmp_path, "a.json"), report(tmp_path, "b.json", "--ignore", "DX-10,NCCI-02")
    for sources in ((QUICKSTART, "--config-b", soften(tmp_path), *RECEIVED), (first, second)):
        for form in ("text", "json"):
            said = scrub("diff", *sources, "--redact", "--format", form).stdout
            assert "DX-10" in said
            for secret in ("NECK-1002", "M50.322", "M50322", '"185"', "185.00"):
                assert secret not in said


# Two reports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forms", [("json", "json"), ("jsonl", "jsonl"), ("json", "jsonl")])
def test_reports(forms: tuple[str, str], tmp_path: Path) -> None:
    first = report(tmp_path, "a", form=forms[0])
    second = report(tmp_path, "b", "--ignore", "NCCI", form=forms[1])
    code, told = document(first, second)
    assert code == 1
    assert verdicts(told) == [("NECK-1005", "rejected", "accepted")]
    assert [f["edit"] for f in told["claims"][0]["gone"]] == ["NCCI-02"]
    assert told["summary"]["gone"] == {"NCCI-02": 1}


def test_the_same_report_twice(tmp_path: Path) -> None:
    path = report(tmp_path, "a.json")
    done = scrub("diff", path, path)
    assert done.return_value == 0
    assert "No verdict differs." in done.stdout


def test_all_lists_other_findings_too(tmp_path: Path) -> None:
    first, second = report(tmp_path, "a.json"), report(tmp_path, "b.json", "--ignore", "CLM-10")
    code, told = document(first, second)
    assert (code, told["claims"], told["summary"]["restated"]) == (0, [], 5)
    code, told = document(first, second, "--all")
    assert len(told["claims"]) == 5
    assert {gap["edit"] for claim in told["claims"] for gap in claim["checked"]} == {"CLM-10"}


def test_a_corrected_file_against_the_one_before(tmp_path: Path) -> None:
    """What ``fix`` did to verdicts: other bytes, another name, the same claims."""
    office = (BASE / "office.837").read_text("ascii")
    (tmp_path / "old.837").write_text(office.replace("ABK:M542", "ABK:M54.2"))
    (tmp_path / "new.837").write_text(office)
    for name in ("old", "new"):
        scrub("check", tmp_path / f"{name}.837", "--format", "json", "--output", tmp_path / name, *RECEIVED)
    _, told = document(tmp_path / "old", tmp_path / "new")
    assert verdicts(told) == [("OFFICE-1001", "rejected", "accepted")]


# Pairing -------------------------------------------------------------------------------------------------------------


def claim(name: str, status: str = "accepted", transaction: str = "0001", path: str = "a.837") -> dict[str, Any]:
    return {
        "path": path, "claim": name, "transaction": transaction, "ordinal": 1, "charge": "10", "status": status,
        "findings": [], "unchecked": [],
    }  # fmt: skip


def pair(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]], paths: int = 1) -> tuple[Any, Summary]:
    summary = Summary()
    sides = [Side(name, "", (), claims, paths) for name, claims in (("a", first), ("b", second))]
    found = [(d.claim["claim"], d.was, d.now) for d in compare(sides[0], sides[1], summary)]
    return found, summary


def test_claims_pair_up_in_any_order() -> None:
    claims = [claim(f"C{n}", "rejected" if n % 3 else "accepted") for n in range(50)]
    shuffled = random.Random(1).sample(claims, len(claims))
    found, summary = pair(claims, shuffled)
    assert (found, summary.claims, summary.turned) == ([], 50, 0)


def test_claims_of_one_side_alone() -> None:
    found, summary = pair([claim("A"), claim("B")], [claim("B"), claim("C", "rejected")])
    assert found == [("A", "accepted", None), ("C", None, "rejected")]
    assert (summary.only_first, summary.only_second, summary.turned, summary.claims) == (1, 1, 2, 3)


def test_claims_that_share_a_number_pair_up_in_order() -> None:
    found, _ = pair([claim("A"), claim("A", "rejected")], [claim("A"), claim("A")])
    assert found == [("A", "rejected", "accepted")]


def test_files_are_told_apart_by_name_where_there_are_several() -> None:
    first = [claim("A", path="in/x.837"), claim("A", "rejected", path="in/y.837")]
    second = [claim("A", "rejected", path="out/y.837"), claim("A", path="out/x.837")]
    assert pair(first, second, paths=2)[0] == []
    assert pair([claim("A", path="old.837")], [claim("A", path="new.837")])[0] == []


# Mistakes ------------------------------------------------------------------------------------------------------------


def refuse(*arguments: str | Path) -> str:
    from scrubber.cli import run_command

    with pytest.raises(Exception) as caught:  # noqa: PT011 - click has several; each is told by its words
        raise scrub("diff", *arguments).exception or AssertionError("it was not refused")
    assert run_command(["diff", *map(str, arguments)]) == 2
    return str(caught.value)


def test_errors_teach(tmp_path: Path) -> None:
    path = report(tmp_path, "a.json")
    lines = report(tmp_path, "a.jsonl", form="jsonl")
    cut = tmp_path / "cut.json"
    cut.write_bytes(path.read_bytes()[:-100])
    other = tmp_path / "other.json"
    other.write_text('{"name": "DOE", "claims": 3}')
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(lines.read_bytes()[:-50])
    assert "say what differs" in refuse(QUICKSTART)
    assert "say what differs" in refuse(QUICKSTART, "--received-a", "2026-09-20", "--received-b", "2026-09-20")
    assert "save it to a file" in refuse("-", "--received-b", "2026-09-20")
    assert "is a report" in refuse(path, QUICKSTART)
    assert "are reports already" in refuse(path, path, "--data-b", tmp_path)
    assert "no whole JSON document" in refuse(path, cut)
    assert "no list of files" in refuse(path, other)
    assert "DOE" not in refuse(path, other)
    assert "line 5" in refuse(lines, torn)
    (tmp_path / "empty").mkdir()
    assert "begins with ISA" in refuse(tmp_path / "empty", "--received-b", "2026-09-20")


def test_a_file_that_cannot_be_judged(tmp_path: Path) -> None:
    (tmp_path / "x.837").write_text("no X12 at all")
    done = scrub("diff", tmp_path / "x.837", "--received-b", "2026-09-20")
    assert done.return_value == 3
    assert "No X12 interchange" in done.stderr


def test_a_report_that_is_not_there_is_called_so(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["diff", str(report(tmp_path, "a.json")), str(tmp_path / "none.json")])
    assert done.exit_code == 2
    assert "there is no such file" in done.stderr
