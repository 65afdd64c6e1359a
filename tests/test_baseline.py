"""Baselines: what is known is left out of reports and exit codes, and of nothing else."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from reporting import QUICKSTART, base
from running import Said, call

QUICK = QUICKSTART.read_bytes()
WORSE = QUICK.replace(b"HI*ABK:M542*ABF:M62838", b"HI*ABK:M542*ABF:M50322")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claims.837").write_bytes(QUICK)
    return tmp_path


def scrub(*args: str) -> Said:
    # No reference tables of whoever runs the tests.
    return call("check", "claims.837", "--received", "2026-09-16", "--data", "none", *args)


def found(result: Said) -> list[tuple[str, str]]:
    claims = json.loads(result.stdout)["files"][0]["claims"]
    return [(claim["claim"], f["edit"]) for claim in claims for f in claim["findings"]]


def test_what_is_known_is_not_told_again_and_does_not_fail(folder: Path) -> None:
    assert scrub("--write-baseline", "known.json").exit_code == 1
    again = scrub("--baseline", "known.json", "--format", "json")
    assert again.exit_code == 0
    assert found(again) == []
    document = json.loads(again.stdout)
    assert document["summary"]["known"] == 4
    # The claims stay what they are.
    assert document["summary"]["rejected"] == 3
    assert [c["status"] for c in document["files"][0]["claims"]].count("rejected") == 3
    assert [c.get("known", 0) for c in document["files"][0]["claims"]] == [0, 1, 2, 0, 1]


def test_what_is_new_is_told_and_fails(folder: Path) -> None:
    scrub("--write-baseline", "known.json")
    (folder / "claims.837").write_bytes(WORSE.replace(b"\n", b"\r\n").replace(b"*0001", b"*0917"))
    again = scrub("--baseline", "known.json", "--format", "json")
    assert again.exit_code == 1
    assert found(again) == [("NECK-1001", "DX-10")]


@pytest.mark.parametrize("format_", ["text", "html", "sarif", "junit", "github", "csv", "jsonl"])
def test_every_format_leaves_out_what_is_known(folder: Path, format_: str) -> None:
    (folder / "claims.837").write_bytes(WORSE)
    scrub("--write-baseline", "known.json")
    told = scrub("--baseline", "known.json", "--format", format_, "--select", "DX,PTR,NCCI").stdout
    assert "message" not in told or "excludes" not in told
    assert "M50.322" not in told.split('"diagnoses"')[0]
    plain = scrub("--format", format_, "--select", "DX,PTR,NCCI").stdout
    assert "excludes" in plain


def test_text_says_what_is_left_out(folder: Path) -> None:
    scrub("--write-baseline", "known.json")
    told = scrub("--baseline", "known.json").stdout
    assert "4 findings of the baseline" in told
    assert "What the baseline knows is still to be corrected." in told
    assert "they can be sent" not in told
    assert "NECK-1002 " not in told


def test_the_html_report_says_what_is_left_out(folder: Path) -> None:
    scrub("--write-baseline", "known.json")
    assert (
        "4 findings that a baseline knows left out here" in scrub("--baseline", "known.json", "--format", "html").stdout
    )


def test_a_set_lost_to_what_is_known_fails_no_test_case(folder: Path) -> None:
    (folder / "claims.837").write_bytes(base("two-sets", ("SE*", "SE*9")))
    scrub("--write-baseline", "known.json")
    again = scrub("--baseline", "known.json", "--format", "junit")
    assert again.exit_code == 0
    assert "<failure" in scrub("--format", "junit").stdout
    assert "<failure" not in again.stdout


def test_acknowledgements_tell_all(folder: Path) -> None:
    scrub("--write-baseline", "known.json", "--ack-dir", "one")
    scrub("--baseline", "known.json", "--ack-dir", "two")
    for name in ("claims.999", "claims.277ca"):
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes()


def test_a_baseline_holds_nothing_of_a_patient_and_is_private(folder: Path) -> None:
    scrub("--write-baseline", "known.json")
    text = (folder / "known.json").read_text()
    assert json.loads(text)["findings"].keys() == {"DX-01", "DX-10", "NCCI-02", "PTR-05"}
    assert not any(word in text for word in ("NECK", "M54", "M50", "NORTHFIELD", "claims.837", "97140"))
    assert stat.S_IMODE(os.stat("known.json").st_mode) == 0o600
    before = text
    scrub("--write-baseline", "known.json", "--redact")
    assert (folder / "known.json").read_text() == before


def test_entries_that_are_not_met_are_told(folder: Path) -> None:
    scrub("--write-baseline", "known.json")
    (folder / "claims.837").write_bytes(QUICK.replace(b"HI*ABK:M542*ABF:M50322", b"HI*ABK:M50322"))
    told = scrub("--baseline", "known.json")
    assert "1 of 4 findings of known.json not met again" in told.stderr
    assert "not met" not in scrub("--baseline", "known.json", "--quiet").stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "the baseline cannot be read"),
        ("{", "not JSON"),
        ("[]", "no baseline"),
        ('{"form": "scrubber baseline", "version": "0", "findings": {}}', "another version"),
        ('{"form": "scrubber baseline", "version": "1", "findings": {"DX-10": ["x"]}}', "damaged"),
        ('{"form": "scrubber baseline", "version": "1", "findings": {"DX-10": 3}}', "damaged"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_baseline_is_refused(folder: Path, text: str | None, said: str) -> None:
    if text is not None:
        (folder / "known.json").write_text(text)
    refused = scrub("--baseline", "known.json")
    assert refused.exit_code == 2
    assert said in refused.stderr


def test_a_baseline_does_not_overwrite_claims(folder: Path) -> None:
    assert scrub("--write-baseline", "claims.837").exit_code == 2
    assert (folder / "claims.837").read_bytes() == QUICK


def test_files_that_cannot_be_judged_still_exit_with_3(folder: Path) -> None:
    scrub("--write-baseline", "known.json")
    (folder / "claims.837").write_bytes(b"no X12")
    assert scrub("--baseline", "known.json").exit_code == 3
