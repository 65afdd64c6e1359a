"""The public names, and what they promise."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import scrubber

ROOT = Path(__file__).resolve().parent.parent
QUICKSTART = ROOT / "fixtures" / "quickstart.837"
DAY = date(2026, 9, 16)


def test_the_public_names_are_these() -> None:
    """Others build on them: adding one is a decision, removing one breaks somebody."""
    assert scrubber.__all__ == [
        "Catalogue",
        "Claim",
        "ClaimVerdict",
        "Config",
        "Finding",
        "Location",
        "Report",
        "Scrub",
        "Severity",
        "Transaction",
        "Unchecked",
        "load",
        "scrub",
    ]
    for name in scrubber.__all__:
        assert getattr(scrubber, name).__doc__, f"{name} says nothing of itself"
    with pytest.raises(AttributeError, match="nonsense"):
        _ = scrubber.nonsense


def test_verdicts_come_claim_by_claim_and_the_report_sums_up() -> None:
    run = scrubber.scrub(QUICKSTART, received=DAY)
    verdicts = list(run)
    assert [(v.claim.id, str(v.status), [f.edit for f in v.findings]) for v in verdicts] == [
        ("NECK-1001", "accepted", []),
        ("NECK-1002", "rejected", ["DX-10"]),
        ("NECK-1003", "rejected", ["DX-01", "PTR-05"]),
        ("NECK-1004", "accepted", []),
        ("NECK-1005", "rejected", ["NCCI-02"]),
    ]
    report = run.report
    assert (report.status, report.claims, report.accepted, report.rejected) == ("partial", 5, 2, 3)
    assert report.charge_accepted + report.charge_rejected == sum(
        (v.claim.charge or Decimal(0) for v in verdicts), Decimal(0)
    )
    assert report.counts["reject"] == 4
    assert [(t.control_number, t.status) for t in report.transactions] == [("0001", "A")]
    assert len(report.sha256) == 64


def test_a_finding_explains_itself() -> None:
    run = scrubber.scrub(QUICKSTART, received=DAY)
    words = [run.explain(f) for v in run for f in v.findings]
    assert words[0].startswith("DX-10 cervicalgia-with-cervical-disc-disorder: M54.2")


def test_it_streams() -> None:
    """The first verdict is there before the file has been read to its end."""
    data = QUICKSTART.read_bytes() * 60

    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.at = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            part = data[self.at : self.at + 9_000]
            self.at += len(part)
            return part

    stream = Slow()
    run = scrubber.scrub(stream, received=DAY)  # type: ignore[arg-type]
    first = next(iter(run))
    assert first.claim.id == "NECK-1001"
    assert stream.at < len(data)
    assert run.report.claims == 300


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04....", "ZIP"),
        (b"hello", "no ISA"),
        (ROOT / "no-such-file.837", "cannot be read"),
        (ROOT, "cannot be read"),
    ],
)
def test_what_cannot_be_judged_is_said_and_does_not_raise(source: bytes | Path, words: str) -> None:
    run = scrubber.scrub(source, received=DAY)
    assert list(run) == []
    assert run.report.status == "unreadable"
    assert words in (run.report.error or "")


def test_a_wrong_edit_name_is_an_operator_mistake() -> None:
    with pytest.raises(Exception, match="DX-1O"):
        list(scrubber.scrub(QUICKSTART, select=["DX-1O"]))


def test_select_and_ignore_narrow_the_run() -> None:
    only = {f.edit for v in scrubber.scrub(QUICKSTART, received=DAY, select=["PTR"]) for f in v.findings}
    assert only == {"PTR-05"}
    without = {f.edit for v in scrubber.scrub(QUICKSTART, received=DAY, ignore=["PTR"]) for f in v.findings}
    assert without == {"DX-10", "DX-01", "NCCI-02"}


def test_structural_faults_are_selected_and_weighed_like_others() -> None:
    data = (ROOT / "fixtures" / "base" / "office.837").read_bytes().replace(b"\nSE*", b"\nSE*9")
    assert scrubber.scrub(data, received=DAY).report.status == "rejected"
    assert scrubber.scrub(data, received=DAY, ignore=["X12-IK5-4"]).report.status == "accepted"
    assert scrubber.scrub(data, received=DAY, select=["DX"]).report.status == "accepted"
    softer = scrubber.scrub(data, received=DAY, config=scrubber.Config(severity={"X12-IK5-4": "warning"})).report
    assert (softer.status, softer.counts["warning"], softer.counts["reject"]) == ("accepted", 1, 0)
