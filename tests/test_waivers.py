"""Waivers: a finding set aside stays visible, until its day; nothing that a 999 tells of can be set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reporting import QUICKSTART, base
from running import Said, call

QUICK = QUICKSTART.read_bytes()

WAIVER = {"edit": "DX-10", "claim": "NECK-1002", "reason": "agreed", "owner": "J. Doe", "expires": "2026-12-31"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claims.837").write_bytes(QUICK)
    return tmp_path


def waive(folder: Path, *waivers: dict[str, Any], more: str = "") -> None:
    text = more
    for waiver in waivers:
        text += "\n[[waiver]]\n"
        for key, value in waiver.items():
            text += f"{key} = {value}\n" if key == "expires" else f"{key} = {json.dumps(value)}\n"
    (folder / "scrubber.toml").write_text(text)


def scrub(*args: str, command: str = "check") -> Said:
    return call(command, "claims.837", "--received", "2026-09-16", "--data", "none", *args)


def document(*args: str) -> Any:
    return json.loads(scrub("--format", "json", *args).stdout)


def waived(*args: str) -> list[tuple[str, str]]:
    claims = document(*args)["files"][0]["claims"]
    return [(claim["claim"], f["edit"]) for claim in claims for f in claim["findings"] if "waived" in f]


def test_a_waived_finding_is_told_and_does_not_reject(folder: Path) -> None:
    waive(folder, WAIVER)
    told = document()
    claim = told["files"][0]["claims"][1]
    assert claim["status"] == "accepted"
    (finding,) = claim["findings"]
    assert finding["severity"] == "info"
    assert finding["ack"] is None
    assert finding["waived"] == {"severity": "reject", "reason": "agreed", "owner": "J. Doe", "expires": "2026-12-31"}
    assert told["summary"]["waived"] == 1
    assert told["summary"]["rejected"] == 2


@pytest.mark.parametrize(
    ("format_", "mark"),
    [("text", "WAIVED   DX-10"), ("html", ">Waived<"), ("sarif", '"suppressions":[{"kind":"external"'),
     ("junit", "WAIVED DX-10"), ("csv", '"agreed (J. Doe, until 2026-12-31)"'), ("github", "Waived until 2026-12-31")],
)  # fmt: skip
def test_every_format_shows_it(folder: Path, format_: str, mark: str) -> None:
    waive(folder, WAIVER)
    told = scrub("--format", format_).stdout
    assert mark in told
    assert "agreed" in told


def test_the_html_report_counts_what_is_waived(folder: Path) -> None:
    waive(folder, WAIVER)
    assert "1 finding waived, and marked so." in scrub("--format", "html").stdout
    waive(folder)
    assert "waived, and marked" not in scrub("--format", "html").stdout


def test_sarif_keeps_the_level_beside_the_suppression(folder: Path) -> None:
    waive(folder, WAIVER)
    results = json.loads(scrub("--format", "sarif").stdout)["runs"][0]["results"]
    (result,) = [r for r in results if "suppressions" in r]
    assert (result["ruleId"], result["level"]) == ("DX-10", "error")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"claim": "NECK-1002"}, 1),
        ({"claim": "NECK-1003"}, 0),
        ({"file": "claims.*"}, 1),
        ({"file": "*"}, 1),
        ({"file": "outbox/*.837"}, 0),
        ({"payer": "NOBODY"}, 0),
        ({"payer": "{payer}"}, 1),
        ({"provider": "{npi}"}, 1),
        ({"provider": "2999999999"}, 0),
        ({"payer": "{payer}", "claim": "NECK-1001"}, 0),
        ({"payer": "{payer}", "provider": "{npi}", "claim": "NECK-1002", "file": "claims.837"}, 1),
    ],
    ids=str,
)
def test_all_scopes_must_hold(folder: Path, scope: dict[str, str], expected: int) -> None:
    text = QUICK.decode()
    payer = text.split("NM1*PR*2*")[1].split("~")[0].split("*")[-1]
    npi = text.split("NM1*85*")[1].split("~")[0].split("*")[-1]
    plain = {key: value for key, value in WAIVER.items() if key != "claim"}
    waive(folder, plain | {key: value.format(payer=payer, npi=npi) for key, value in scope.items()})
    assert len(waived()) == expected


@pytest.mark.parametrize("edit", ["DX-10", "DX", "cervicalgia-with-cervical-disc-disorder"])
def test_edits_are_named_as_elsewhere(folder: Path, edit: str) -> None:
    waive(folder, WAIVER | {"edit": edit})
    assert waived() == [("NECK-1002", "DX-10")]


def test_a_waiver_holds_through_its_last_day_and_is_then_a_finding(folder: Path) -> None:
    waive(folder, WAIVER | {"expires": "2026-09-16"})
    assert waived() == [("NECK-1002", "DX-10")]
    waive(folder, WAIVER | {"expires": "2026-09-15"})
    assert waived() == []
    told = document()
    assert told["files"][0]["claims"][1]["status"] == "rejected"
    (finding,) = told["files"][0]["findings"]
    assert (finding["edit"], finding["severity"], finding["ack"]) == ("SYS-03", "warning", None)
    assert finding["message"] == "The waiver of DX-10 for claim NECK-1002 (J. Doe: agreed) ended on 2026-09-15."


def test_an_expired_waiver_weighs_what_the_operator_says(folder: Path) -> None:
    clean = base("office")
    (folder / "claims.837").write_bytes(clean)
    over = WAIVER | {"expires": "2026-09-15"}
    waive(folder, over)
    assert scrub().exit_code == 0
    assert scrub("--fail-on", "warning").exit_code == 1
    assert scrub("--fail-on", "warning", "--ignore", "SYS-03").exit_code == 0
    waive(folder, over, more='[severity]\nSYS-03 = "reject"\n')
    assert scrub().exit_code == 1
    waive(folder, over, more='[severity]\nSYS-03 = "off"\n')
    assert scrub("--fail-on", "warning").exit_code == 0


def test_a_provider_s_fault_is_waived_for_all_its_claims_but_not_by_one_of_them(folder: Path) -> None:
    (folder / "claims.837").write_bytes(base("batch", ("XX*2990001010~", "XX*2990001011~")))
    rejected = document()["summary"]["rejected"]
    assert rejected
    waive(folder, WAIVER | {"edit": "CLM-01", "claim": "BATCH-1"})
    assert document()["summary"]["rejected"] == rejected
    waive(folder, {k: v for k, v in WAIVER.items() if k != "claim"} | {"edit": "CLM-01", "provider": "2990001011"})
    told = document()
    assert told["summary"]["rejected"] == 0
    assert [f["edit"] for f in told["files"][0]["findings"] if "waived" in f] == ["CLM-01"]


@pytest.mark.parametrize("edit", ["X12-IK4-7", "X12", "X12-TA1", "SYS-01", "SYS-03", "SYS"])
def test_structure_and_our_own_faults_cannot_be_waived(folder: Path, edit: str) -> None:
    waive(folder, WAIVER | {"edit": edit})
    refused = scrub()
    assert refused.exit_code == 2
    assert "cannot be waived" in refused.stderr
    assert "scrubber.toml: waiver 1" in refused.stderr


def test_a_structural_fault_that_an_edit_names_is_not_waived(folder: Path) -> None:
    """PTR-03, a line without pointer, is told on the 999."""
    broken = QUICK.replace(b"SV1*HC:97140:GP*52*UN*1***2~", b"SV1*HC:97140:GP*52*UN*1~")
    assert broken != QUICK
    (folder / "claims.837").write_bytes(broken)
    edits = [f["edit"] for c in document()["files"][0]["claims"] for f in c["findings"] if f["x12"]]
    assert edits
    waive(folder, {k: v for k, v in WAIVER.items() if k != "claim"} | {"edit": "PTR", "file": "*"})
    again = [f for c in document()["files"][0]["claims"] for f in c["findings"] if f["edit"] in edits]
    assert again
    assert not any("waived" in f for f in again)


def test_filter_sends_what_is_waived(folder: Path) -> None:
    waive(folder, WAIVER)
    scrub("--out", "out", command="filter")
    assert b"NECK-1002" in (folder / "out" / "claims.accepted.837").read_bytes()
    assert b"NECK-1002" not in (folder / "out" / "claims.rejected.837").read_bytes()
    answer = (folder / "out" / "claims.277ca").read_text()
    assert "STC*A1:20" in answer.split("NECK-1002")[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"edit": "DX-99"}, "no edit is called `DX-99`"),
        ({"claim": None}, "needs a scope"),
        ({"file": "/"}, "no file ends on '/'"),
        ({"file": "."}, "no file ends on '.'"),
        ({"reason": " "}, "waiver 1.reason"),
        ({"owner": None}, "waiver 1.owner: is missing"),
        ({"expires": None}, "waiver 1.expires: is missing"),
        ({"expires": '"soon"'}, "waiver 1.expires: is no date; write it like 2026-12-31"),
        ({"payor": "12345"}, "no such key"),
    ],
    ids=str,
)
def test_a_waiver_that_says_too_little_is_refused(folder: Path, change: dict[str, str | None], said: str) -> None:
    waive(folder, {key: value for key, value in (WAIVER | change).items() if value is not None})
    refused = scrub()
    assert refused.exit_code == 2
    assert said in refused.stderr


def test_redacted_reasons_lose_what_the_claim_says(folder: Path) -> None:
    waive(folder, WAIVER | {"reason": "NECK-1002 has M50.322 by letter"})
    told = scrub("--format", "json", "--redact").stdout
    assert "by letter" in told
    assert "NECK-1002" not in told
    assert "M50.322" not in told
