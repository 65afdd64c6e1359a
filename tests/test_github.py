"""GitHub annotations: ten of a kind, the weightiest first, and no text of a file that could be a command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hostile import poison
from reporting import QUICKSTART, base
from running import check

from scrubber.reports.github import SHOWN, annotate

QUICK = QUICKSTART.read_bytes()

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::([^\r\n]*)")


def annotations(folder: Path, files: Any, **how: Any) -> list[tuple[str, dict[str, str], str]]:
    """What GitHub's runner reads: every line that is a command, and one line of totals."""
    lines = check(folder, "github", files, **how).out.decode().split("\n")
    assert lines.pop() == ""
    assert lines.pop().startswith("scrubber: ")
    found = []
    for line in lines:
        command = COMMAND.fullmatch(line)
        assert command, line
        properties = dict(pair.split("=", 1) for pair in command[2].split(","))
        assert properties.keys() <= {"file", "line", "endLine", "col", "endColumn", "title"}
        found.append((command[1], properties, command[3]))
    return found


def test_a_finding_stands_at_its_place(tmp_path: Path) -> None:
    (found,) = [a for a in annotations(tmp_path, QUICK) if a[1]["title"].startswith("DX-10")]
    kind, where, message = found
    assert kind == "error"
    line = QUICK.decode().splitlines()[int(where["line"]) - 1]
    assert line[int(where["col"]) - 1 : int(where["endColumn"]) - 1] == "M542"
    assert where["file"] == str(tmp_path / "claims.837")
    assert message.startswith("Claim NECK-1002: M54.2")


def test_ten_of_a_kind_by_what_is_at_stake(tmp_path: Path) -> None:
    files = {f"{n}.837": QUICK.replace(b"CLM*NECK-1005*112*", b"CLM*NECK-1005*%d*" % (112 + n)) for n in range(15)}
    found = annotations(tmp_path, files)
    errors = [message for kind, _, message in found if kind == "error"]
    assert len(errors) == SHOWN
    out = check(tmp_path, "github", files).out
    assert b"(annotated: the 10 of each kind that weigh most)" in out
    assert check(tmp_path, "github", files, jobs=2).out == out
    assert not any("NECK-1005" in message and "NCCI-02" in message for message in errors)  # The lightest of all.


def test_what_cannot_be_judged_comes_first(tmp_path: Path) -> None:
    found = annotations(tmp_path, {"claims.837": QUICK, "letter.837": b"Dear payer"})
    assert found[0][1]["title"] == "file not judged"


@pytest.mark.parametrize("seed", range(4))
def test_hostile_files_are_annotations_and_nothing_else(tmp_path: Path, seed: int) -> None:
    evil = "\n::set-output name=x::y\r\n::stop-commands::z##[add-mask]a%0A::error::"
    annotations(tmp_path, poison(seed, 0.3, evil))


def test_properties_and_messages_are_escaped() -> None:
    told = annotate("error", "a,b:c%.837", {"line": 1}, "X: y, z", "100% sure\n::error::no")
    assert told == "::error file=a%2Cb%3Ac%25.837,line=1,title=X%3A y%2C z::100%25 sure\\x0a::error::no"


def test_the_job_s_summary_holds_counts_and_no_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    check(tmp_path, "github", {"claims.837": QUICK, "a`|<b>.837": b"no X12"})
    text = summary.read_text()
    assert text.startswith("before\n")
    assert "5 claims: 2 accepted, 3 rejected." in text
    assert "| DX-10 cervicalgia-with-cervical-disc-disorder | reject | 1 |" in text
    assert "NECK" not in text
    assert "`|" not in text


def test_nothing_of_a_patient_when_redacted(tmp_path: Path) -> None:
    text = check(tmp_path, "github", QUICK, redact=True).out.decode()
    assert "claim 2 of set 0001" in text
    assert not re.search("NECK|M50\\.322", text)


def test_clean_claims_say_one_line(tmp_path: Path) -> None:
    assert annotations(tmp_path, base("office")) == []
