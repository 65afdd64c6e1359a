"""What holds of the filter whatever comes in: no claim lost, doubled or changed; what is accepted scrubs clean, comes
out again as it is, and pyx12 finds no more in it than in the input; answers that pyx12 can read."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ack_validator import find_faults
from damaging import damage
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mutations import mutations
from reporting import BASE, ROOT, catalogue
from second_opinion import Refused, ask_pyx12
from test_properties import injured, soups
from test_second_opinion import CORPUS, modernise, professional

from scrubber.catalogue.sources import Sources
from scrubber.config import Acks, Config
from scrubber.filtering import FilterResult, filter_file
from scrubber.pipeline import Options, open_sources

RECEIVED = date(2026, 9, 20)

SETTINGS: dict[str, dict[str, Any]] = {
    "sets": {},
    "claims": {"config": Config(acks=Acks(syntax="claim"))},
    "whole sets": {"reject_unit": "transaction"},
    "structure": {"select": ("X12",)},
    "notes": {"config": Config(acks=Acks(syntax="claim", ta1_control_faults="note")), "select": ("X12",)},
}
"""Ways to judge, by name."""

NAMES = sorted(path.stem for path in BASE.glob("*.837"))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """That files survive a loss of power is not tested here, and takes most of the time."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@cache
def sources() -> Sources:
    return open_sources(None)


def run(data: bytes, folder: Path, out: str = "out", **how: Any) -> FilterResult:
    path = folder / "claims.837"
    path.write_bytes(data)
    options = Options(RECEIVED, catalogue(), sources=sources(), strict=True, **how)
    return filter_file(path, folder / out, options, clock=datetime(2026, 9, 20))


def halves(result: FilterResult) -> tuple[bytes, bytes]:
    """What was accepted, and what was not."""
    accepted, rejected = (result.file(f".{fate}.837") for fate in ("accepted", "rejected"))
    return accepted.read_bytes() if accepted else b"", rejected.read_bytes() if rejected else b""


def delimiters(data: bytes) -> tuple[bytes, bytes]:
    """Element separator and segment terminator, as the first ISA has them."""
    isa = re.search(rb"(?<![A-Za-z0-9])ISA([^A-Za-z0-9\s])", data)
    if isa is None:
        return b"*", b"~"
    pieces = data[isa.start() :].split(isa[1], 16)
    return isa[1], pieces[16][1:2] if len(pieces) > 16 else b"~"


def bodies(data: bytes, separator: bytes, terminator: bytes) -> Counter[bytes]:
    """The text of every claim: from its CLM to what opens or closes something else. Line breaks at a claim's end are
    not its own, nor is a terminator that a cut-off claim lacks."""
    e, t = re.escape(separator), re.escape(terminator)
    end = rb"(?=%b\s*(?:HL|CLM|SE|ST|GS|GE|IEA|TA1|ISA)(?:%b|%b)|\Z)" % (t, e, t)
    found = re.findall(rb"(?:(?<=%b)|(?<=%b[\r\n]))CLM(?=%b|%b).*?%b" % (t, t, e, t, end), data, re.DOTALL)
    return Counter(text.rstrip(terminator + b"\r\n\t ") for text in found)


def check(data: bytes, folder: Path, how: str, *, slow: bool = True) -> FilterResult:
    """Filter this, and hold everything against it that must be true; what pyx12 says, which takes long, if ``slow``."""
    result = run(data, folder, **SETTINGS[how])
    if result.error is not None:
        assert "agree" not in result.error, result.error
        assert "itself failed" not in result.error, result.error
        return result
    accepted, rejected = halves(result)
    known = delimiters(data)
    good, bad = bodies(accepted, *known), bodies(rejected, *known)
    assert good + bad == bodies(data, *known)
    totals = result.totals
    assert good.total() == totals.accepted
    if not result.outside:  # What stands outside every set is a claim or not, as one sees it.
        assert bad.total() == totals.rejected
    for ending in (".999", ".277ca", ".ta1") if slow else ():
        if (file := result.file(ending)) is not None:
            assert find_faults(file.read_text(), folder) == [], ending
    if accepted:
        again = run(accepted, folder, "again", **SETTINGS[how])
        assert (again.status, again.error) == ("accepted", None), again.tally.edits
        assert halves(again) == (accepted, b"")
        if slow:
            assert complaints(accepted) <= complaints(data)
    return result


def complaints(data: bytes) -> Counter[tuple[str, str, str]]:
    """What pyx12 finds, and how often."""
    try:
        return Counter((o.code, o.segment, o.element) for o in ask_pyx12(modernise(data).decode("latin-1")))
    except Refused:
        return Counter({("refused", "", ""): 1})


ORDINARY = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@ORDINARY
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 100_000), how=st.sampled_from(sorted(SETTINGS)))
@example(name="two-interchanges", seed=151, how="claims")  # An ISA in the middle of a claim.
@example(name="newborn", seed=11, how="whole sets")  # A set outside its group.
@example(name="office", seed=131, how="whole sets")  # An IEA before its time.
def test_damaged_files(name: str, seed: int, how: str, tmp_path: Path) -> None:
    text = (BASE / f"{name}.837").read_text()
    check(damage(text, seed).encode("latin-1"), tmp_path, how, slow=seed % 4 == 0)


@settings(ORDINARY, max_examples=100)
@given(data=st.one_of(injured(spare=106), soups()), how=st.sampled_from(sorted(SETTINGS)))
def test_bytes_changed_and_segments_in_any_order(data: bytes, how: str, tmp_path: Path) -> None:
    check(data, tmp_path, how, slow=False)


@settings(ORDINARY, max_examples=40)
@given(
    chosen=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 100_000)), min_size=2, max_size=4),
    how=st.sampled_from(sorted(SETTINGS)),
)
def test_damaged_files_behind_each_other(chosen: list[tuple[str, int]], how: str, tmp_path: Path) -> None:
    text = "".join(damage((BASE / f"{name}.837").read_text(), seed) for name, seed in chosen)
    check(text.encode("latin-1"), tmp_path, how, slow=sum(seed for _, seed in chosen) % 4 == 0)


@pytest.mark.parametrize("name", ["batch", "dependent", "secondary"])
def test_mutations(name: str, tmp_path: Path) -> None:
    for number, mutation in enumerate(mutations(name, 1)):
        check(mutation.data, tmp_path, sorted(SETTINGS)[number % len(SETTINGS)], slow=number % 10 == 0)


CLAIMS = 150


@pytest.mark.parametrize("how", ["claims", "sets", "whole sets"])
def test_faults_that_billers_make(how: str, tmp_path: Path) -> None:
    """Many claims of many practices, a fifth of them broken: the broken ones go, and nothing else."""
    made, answers = tmp_path / "made.837", tmp_path / "answers.tsv"
    generate = [sys.executable, ROOT / "benchmarks" / "generate.py", "--claims", str(CLAIMS), "--seed", "7"]
    subprocess.run([*generate, "--out", made, "--faults", "20", "--answers", answers], check=True)
    data = made.read_bytes()
    result = check(data, tmp_path, how)
    assert result.totals.claims == CLAIMS
    assert result.totals.rejected > CLAIMS // 10
    broken = {line.split("\t")[0].encode() for line in answers.read_text().splitlines()}
    good = {body.split(b"*")[1] for body in bodies(halves(result)[0], b"*", b"~")}
    assert len(good & broken) < CLAIMS // 20, "most faults are rejects; a few are for people to judge"


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is not here: real files are not filtered")
@pytest.mark.parametrize("how", ["claims", "notes"])
def test_corpus(how: str, tmp_path: Path) -> None:
    judged = accepted = 0
    for path in professional():
        result = check((CORPUS / path).read_bytes(), tmp_path, how, slow=how == "notes")
        judged += result.error is None
        accepted += result.totals.accepted
    assert judged >= 20
    assert accepted or how != "notes"
