"""Corrections: each kind made as its user would want it, and what holds of all whatever comes in: nothing clinical or
financial changes, what is fixed stays fixed, what needs nothing comes out byte for byte, nothing accepted is lost."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from damaging import damage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutations
from reporting import BASE, ROOT, catalogue
from second_opinion import Refused, ask_pyx12
from splitting import Writer, shapes
from test_second_opinion import CORPUS, modernise, professional

from scrubber.catalogue.sources import Sources
from scrubber.finding import Severity
from scrubber.fixes.meaning import means_the_same
from scrubber.fixes.rewrite import Change
from scrubber.fixing import FixResult, fix_file
from scrubber.pipeline import Options, judge, open_sources
from scrubber.verdict import ClaimVerdict
from scrubber.x12.segments import Delimiters

RECEIVED = date(2026, 9, 20)
OFFICE = (BASE / "office.837").read_text("ascii")
NAMES = sorted(path.stem for path in BASE.glob("*.837"))
COMMON = Delimiters("*", ":", "^", "~")

ORDINARY = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@cache
def sources() -> Sources:
    return open_sources(None)


def options(**how: Any) -> Options:
    return Options(RECEIVED, catalogue(), sources=sources(), strict=True, **how)


class Fixed(NamedTuple):
    result: FixResult
    data: bytes
    changes: list[tuple[int, Change]]

    @property
    def edits(self) -> list[str]:
        return [edit for _, change in self.changes for edit in change.edits]


def fix(data: bytes | str, folder: Path, **how: Any) -> Fixed:
    """The file corrected; ``data`` is empty where there is nothing to be written."""
    path = folder / "claims.837"
    path.write_bytes(data if isinstance(data, bytes) else data.encode("latin-1"))
    out = io.BytesIO()
    changes: list[tuple[int, Change]] = []
    result = fix_file(
        str(path),
        options(**how),
        lambda: contextlib.nullcontext(out),
        tell=lambda passed, change: changes.append((passed, change)),
    )
    return Fixed(result, out.getvalue(), changes)


# Each kind -----------------------------------------------------------------------------------------------------------

BATCH = (BASE / "batch.837").read_text("ascii")
DEPENDENT = (BASE / "dependent.837").read_text("ascii")

CASES: dict[str, tuple[str, str, str]] = {
    "dot in a diagnosis": ("ABK:M542", "ABK:M54.2", "DX-0E"),
    "dot and small letters": ("ABK:M542", "ABK:m54.2", "DX-0E"),
    "count of segments": ("SE*33*0001", "SE*34*0001", "X12-IK5-4"),
    "no count of segments": ("SE*33*0001", "SE**0001", "X12-IK5-4"),
    "set's control number": ("SE*33*0001", "SE*33*0002", "X12-IK5-3"),
    "no control number of the set": ("SE*33*0001", "SE*33", "X12-IK5-3"),
    "count of sets": ("GE*1*101", "GE*2*101", "X12-AK9-5"),
    "group's control number": ("GE*1*101", "GE*1*102", "X12-AK9-4"),
    "count of groups": ("IEA*1*", "IEA*3*", "X12-TA1-021"),
    "interchange's control number": ("IEA*1*000000101", "IEA*1*000000102", "X12-TA1-001"),
    "HL01": ("HL*2*1*22*0", "HL*7*1*22*0", "X12-IK4-7"),
    "HL04": ("HL*1**20*1", "HL*1**20*0", "X12-IK4-7"),
    "LX01": ("LX*2~", "LX*3~", "CLM-39"),
    "trailing elements": ("REF*6R*L1~", "REF*6R*L1**~", "X12-IK3-8"),
    "trailing components": ("SV1*HC:99213*", "SV1*HC:99213::*", "X12-IK3-8"),
    "empty segment": ("LX*2~", "LX*2~~", "X12-IK3-1"),
    "small qualifier": ("SBR*P*18", "SBR*p*18", "X12-IK4-7"),
    "blank behind a code": ("SBR*P*18", "SBR*P *18", "X12-IK4-5"),
    "ZIP code": ("N4*SPRINGFIELD*IL*627014410", "N4*SPRINGFIELD*IL*62701-4410", "CLM-24"),
    "tax number": ("REF*EI*890010101", "REF*EI*89-0010101", "CLM-26"),
    "gap between modifiers": ("SV1*HC:99213*", "SV1*HC:99213::25*", "MOD-14"),
    "last terminator": ("IEA*1*000000101~\n", "IEA*1*000000101\n", "X12-TA1-004"),
    "byte-order mark": ("ISA*00", "\xef\xbb\xbfISA*00", "X12-TA1-022"),
}
"""What is right, the same gone wrong, and the edit that says so."""


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_fault_comes_right(case: str, tmp_path: Path) -> None:
    right, wrong, edit = CASES[case]
    assert OFFICE.count(right) == 1
    fixed = fix(OFFICE.replace(right, wrong), tmp_path)
    expected = OFFICE if case != "gap between modifiers" else OFFICE.replace(right, "SV1*HC:99213:25*")
    assert fixed.data.decode("latin-1") == expected
    assert edit in fixed.edits
    assert fixed.result.error is None


def test_many_faults_come_right_together(tmp_path: Path) -> None:
    text = OFFICE
    for case, (right, wrong, _) in CASES.items():
        if "control number" in case or "no count" in case or case in ("gap between modifiers", "dot in a diagnosis"):
            continue  # Two faults of one segment's same part; a wrong count and control number are a person's.
        text = text.replace(right, wrong)
    assert fix(text, tmp_path).data.decode("latin-1") == OFFICE


@pytest.mark.parametrize("layout", ["wrapped", "indented", "wrapped, CRLF"])
def test_lines_come_right(layout: str, tmp_path: Path) -> None:
    plain = OFFICE.replace("\n", "")
    if layout == "indented":
        fixed = fix(OFFICE.replace("~\n", "~\n  "), tmp_path)
        assert fixed.data.decode() == OFFICE + "  "  # What follows the last segment is no indent.
    else:
        end = "\r\n" if "CRLF" in layout else "\n"
        fixed = fix(end.join(plain[at : at + 80] for at in range(0, len(plain), 80)) + end, tmp_path)
        assert fixed.data.decode() == plain
    assert fixed.edits == ["X12-TA1-024"]


def test_a_hierarchy_is_counted_anew_where_nothing_hangs_elsewhere(tmp_path: Path) -> None:
    """Two files put into one set by hand: the second's numbers start again."""
    shifted = re.sub(r"HL\*(\d+)\*(\d*)\*", lambda m: f"HL*{int(m[1]) + 4}*{m[2] and int(m[2]) + 4}*", DEPENDENT)
    assert shifted != DEPENDENT
    assert fix(shifted, tmp_path).data.decode() == DEPENDENT


def test_a_tangled_hierarchy_is_left_to_a_person(tmp_path: Path) -> None:
    """Under which provider the subscriber stands decides who is paid."""
    text = OFFICE.replace("HL*2*1*22*0", "HL*3*9*22*0")
    fixed = fix(text, tmp_path)
    assert fixed.result.changed == 0
    assert fixed.data.decode() == text


def test_a_trailer_that_agrees_in_nothing_is_left_to_a_person(tmp_path: Path) -> None:
    """SE of another set: what lay between is lost, and a new count would hide it."""
    text = OFFICE.replace("SE*33*0001", "SE*61*0002")
    assert fix(text, tmp_path).data.decode() == text


def test_a_flag_does_not_hide_a_missing_patient(tmp_path: Path) -> None:
    text = OFFICE.replace("HL*2*1*22*0", "HL*2*1*22*1")
    assert fix(text, tmp_path).data.decode() == OFFICE
    other = text.replace("SBR*P*18*", "SBR*P**")
    assert fix(other, tmp_path).data.decode() == other


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("CLM*OFFICE-1001*245*", "CLM*OFFICE-1001*250*"),
        ("*150*UN*1*", "*150 *UN*1*"),
        ("*150*UN*1*", "*150*UN*1,0*"),
        ("HC:99213", "HC:9921"),
        ("ABF:M62838", "ABF:M62839"),
        ("D8*20260915", "D8*20260931"),
        ("*1:2~", "*1:5~"),
        ("NM1*IL*1*CORWIN*", "NM1*IL*1**"),
    ],
)
def test_clinical_and_financial_faults_stay(right: str, wrong: str, tmp_path: Path) -> None:
    text = OFFICE.replace(right, wrong)
    assert text != OFFICE
    fixed = fix(text, tmp_path)
    assert fixed.result.after.totals.findings["reject"]
    assert [c for _, c in fixed.changes if not c.before.startswith(("SE", "REF"))] == []


# The gate ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("HI*ABK:M54.2", "HI*ABK:M542", True),
        ("HI*ABK:m542", "HI*ABK:M542", True),
        ("HI*ABK:M542", "HI*ABK:M543", False),
        ("HI*BG:A.1", "HI*BG:A1", False),
        ("SV1*HC:99213::25*1", "SV1*HC:99213:25*1", True),
        ("SV1*HC:99213:25:59*1", "SV1*HC:99213:59:25*1", False),
        ("SV1*HC:99213:25*1", "SV1*HC:99213*1", False),
        ("SV1*HC:99213*150", "SV1*HC:99213*150.00", False),
        ("SV1*HC:99213*150 ", "SV1*HC:99213*150", False),
        ("CLM*A*100.", "CLM*A*100", False),
        ("CLM*a*100", "CLM*A*100", False),
        ("NM1*IL*1*Doe", "NM1*IL*1*DOE", False),
        ("NM1*il*1*DOE", "NM1*IL*1*DOE", True),
        ("DTP*472*D8*20260915", "DTP*472*D8*20260916", False),
        ("SE*1*0001", "SE*2*0002", True),
        ("HL*1**20*1", "HL*1**22*1", False),
        ("LX*1", "LX*2", True),
        ("REF*EI*12-3456789", "REF*EI*123456789", True),
        ("REF*F8*12-3456789", "REF*F8*123456789", False),
        ("N4*X*IL*62701-4410", "N4*X*IL*627014410", True),
        ("N3*A-B", "N3*AB", False),
        ("REF*6R*L1**", "REF*6R*L1", True),
        ("REF*6R*L1", "REF*D9*L1", False),
        ("CLM*A*1", "AMT*A*1", False),
    ],
)
def test_the_gate(before: str, after: str, same: bool) -> None:
    assert means_the_same(before.split("*"), after.split("*"), COMMON) is same


def test_a_pack_that_calls_an_amount_safe_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate does not know who asks."""
    from scrubber.fixes import orders

    real = orders.Collector.handle

    def handle(self: orders.Collector, event: Any) -> None:
        if isinstance(event, ClaimVerdict):
            at = OFFICE.index("*150*") + 1
            self.orders.changes.append(orders.Order(at, 3, 2, "999", "CLM-02"))
        real(self, event)

    monkeypatch.setattr(orders.Collector, "handle", handle)
    fixed = fix(OFFICE, tmp_path)
    assert (fixed.result.changed, fixed.result.refused) == (0, 1)
    assert fixed.data.decode() == OFFICE


def test_nothing_is_written_where_a_claim_would_be_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should our own rewriting ever go wrong, it is told and nothing appears."""
    from scrubber import fixing

    def spoil(source: Any, target: Any, orders: Any, tell: Any) -> Any:
        from scrubber.fixes.rewrite import Outcome

        source.seek(0)
        target.write(source.read().replace(b"*245*", b"*246*"))
        return Outcome(1)

    monkeypatch.setattr(fixing, "rewrite", spoil)
    fixed = fix(OFFICE.replace("ABK:M542", "ABK:M54.2"), tmp_path)
    assert fixed.result.error is not None
    assert "fault of ours" in fixed.result.error
    assert fixed.data == b""


# What holds whatever comes in ----------------------------------------------------------------------------------------

NUMBERING = {"SE": {1, 2}, "GE": {1, 2}, "IEA": {1, 2}, "HL": {1, 2, 4}, "LX": {1}}

EXACT = {
    "CLM": {2},
    "SV1": {2, 4, 7},
    "AMT": {2},
    "CAS": {n for n in range(3, 20) if n % 3 != 2},
    "SVD": {2, 5, 6},
    "CTP": {4},
    "QTY": {2},
    "DTP": {3},
    "DMG": {2},
    "PAT": {6, 8},
    "CR1": {2, 6},
}
"""Elements in which no character may differ: amounts, units, dates, pointers. Of all others that are no short codes,
names and identities among them, no character but blanks at the end."""


def essence(data: bytes) -> list[tuple[str, ...]]:
    """Everything that a file says, read plainly, by nothing of the product: segments in order, without what counts and
    numbers; diagnoses without dot, codes in capitals, modifiers without gaps."""
    text = data.decode("latin-1")
    start = text.index("ISA")
    separator, component, terminator = text[start + 3], ":", "~"
    said = []
    for piece in text[start:].replace("\r", "").replace("\n", "").split(terminator):
        elements = piece.strip().split(separator)
        if elements == [""]:
            continue
        name = elements[0]
        kept = [name]
        for number, element in enumerate(elements[1:], 1):
            if number in NUMBERING.get(name, ()):
                continue
            if number in EXACT.get(name, ()):
                kept.append(element.rstrip(component) if element.strip(component) else "")
                continue
            if (name, number) in (("REF", 2), ("N4", 3), ("LIN", 3)):
                element = element.replace("-", "").replace(" ", "")
            codes = name in ("HI", "SV1")
            parts = [p.rstrip(" ") for p in element.split(component)]
            parts = [p.upper() if codes or len(p) <= 3 else p for p in parts]
            if name == "HI" and len(parts) > 1:
                parts[1] = parts[1].replace(".", "")
            if name == "SV1" and number == 1:
                parts[2:6] = [part for part in parts[2:6] if part]
            kept.append(component.join(parts).rstrip(component))
        while len(kept) > 1 and not kept[-1]:
            kept.pop()
        said.append(tuple(kept))
    return said


def rejects(data: bytes) -> list[tuple[str, bool, set[str]]]:
    """Each claim: its number, whether it is accepted, the edits that reject it."""
    return [
        (event.claim.id, event.status == "accepted", {f.edit for f in event.findings if f.severity is Severity.REJECT})
        for event in judge(io.BytesIO(data), options())
        if isinstance(event, ClaimVerdict)
    ]


@cache
def across() -> set[str]:
    """Edits that hold a claim against the others of its file: one that is in order now counts against later ones."""
    known = catalogue()
    checks = [(e, e.must.value) for e in known.edits if e.must is not None and e.must.verb == "check"]
    return {edit.id for edit, check in checks if getattr(known.check(edit, check), "across", False)}


def check(data: bytes, folder: Path) -> Fixed:
    """Correct this, and hold the result against everything that must be true of it."""
    fixed = fix(data, folder)
    if fixed.result.error is not None:
        assert "fault of ours" not in fixed.result.error
        assert fixed.data == b""
        return fixed
    if not fixed.result.changed:
        assert fixed.data == data
    assert fixed.result.refused == 0
    assert essence(fixed.data) == essence(data)
    again = fix(fixed.data, folder)
    assert (again.result.changed, again.data, again.changes) == (0, fixed.data, [])
    for before, after in zip(rejects(data), rejects(fixed.data), strict=True):
        assert before[0].rstrip(" ") == after[0].rstrip(" ")
        if before[1] and not after[1]:
            assert after[2] <= across(), after
    if max((passed for passed, _ in fixed.changes), default=0) == 1:
        assert apply_diff(data, [change for _, change in fixed.changes]) == fixed.data
    return fixed


def apply_diff(data: bytes, changes: list[Change]) -> bytes:
    """The file, with what the diff says done by hand: all other bytes are as they were."""
    for change in reversed(changes):
        if change.delimiters is None:
            if data.startswith(b"\xef\xbb\xbf"):
                data = data[3:]
            continue
        before, after = change.before.encode("latin-1"), change.after.encode("latin-1")
        end = change.offset + len(before)
        assert data[change.offset : end] == before
        if not before:
            end = data.index(b"~", end) + 1
        if change.unended:
            after += b"~"
        data = data[: change.offset] + after + data[end:]
    return data


Fault = Callable[[str, random.Random], str]


def _swap(pattern: str, change: Callable[[re.Match[str], random.Random], str]) -> Fault:
    """One of the places where a pattern is found, changed."""

    def fault(text: str, choice: random.Random) -> str:
        found = list(re.finditer(pattern, text))
        if not found:
            return text
        at = choice.choice(found)
        return text[: at.start()] + change(at, choice) + text[at.end() :]

    return fault


FAULTS: dict[str, Fault] = {
    "dot": _swap(r"(?<=:)([A-Z]\d\w)(\w+)(?=[*~])", lambda m, c: f"{m[1]}.{m[2]}"),
    "small": _swap(r"(?<=[*:])[A-Z]{1,3}(?=[*:~])", lambda m, c: m[0].lower()),
    "small diagnosis": _swap(r"(?<=:)[A-Z]\d\w+(?=[*~])", lambda m, c: m[0].lower()),
    "blank behind": _swap(r"(?<=[*:])[^*:~\n]+(?=[*:~])", lambda m, c: m[0] + " " * c.randint(1, 9)),
    "blank value": _swap(r"\*(?=\*)", lambda m, c: "*  "),
    "trailing": _swap(r"~", lambda m, c: c.choice(("*~", "**~", ":~", "~~", "~\n~", "*:~", " ~"))),
    "gap": _swap(r"HC:\w{5}", lambda m, c: m[0] + c.choice((":", "::"))),
    "count": _swap(r"(?<=SE\*)\d+|(?<=GE\*)\d+|(?<=IEA\*)\d+", lambda m, c: c.choice(("", "0", "7", "x", "99999"))),
    "control": _swap(r"(?<=\*)\d{4,9}(?=~\n(?:GE|IEA|$))", lambda m, c: c.choice(("", "0009", m[0] + " ", "1"))),
    "HL": _swap(r"HL\*\d+", lambda m, c: f"HL*{c.choice(('', '1', '5', '9', 'A'))}"),
    "HL all": lambda text, c: re.sub(r"HL\*(\d+)\*(\d*)", lambda m: f"HL*{m[1]}3*{m[2] and m[2] + '3'}", text),
    "parent": _swap(r"(?<=HL\*)(\d+)\*\d", lambda m, c: f"{m[1]}*{c.choice('12349')}"),
    "flag": _swap(r"(?<=\*2[0-3]\*)[01]", lambda m, c: c.choice(("0", "1", "", "2"))),
    "LX": _swap(r"LX\*\d+", lambda m, c: f"LX*{c.choice(('1', '2', '7', '01', '', 'A'))}"),
    "ZIP": _swap(r"(?<=\*)\d{5}(?=\d{4}~)", lambda m, c: f"{m[0]}-"),
    "tax": _swap(r"(?<=REF\*EI\*)\d\d", lambda m, c: f"{m[0]}-"),
    "amount": _swap(r"(?<=\*)\d+(?=\*UN|\*\*\*11)", lambda m, c: c.choice((m[0] + " ", "0" + m[0], m[0] + "."))),
    "mark": lambda text, c: text if text.startswith("\xef") else "\xef\xbb\xbf" + text,
    "cut": lambda text, c: text.rstrip("~\n"),
    "damage": lambda text, c: damage(text, c.randrange(1 << 30)),
}  # fmt: skip

BASES = {name: (BASE / f"{name}.837").read_text("ascii") for name in NAMES}


@ORDINARY
@given(
    name=st.sampled_from(NAMES),
    faults=st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=8),
    seed=st.integers(0, 1 << 20),
)
def test_no_clinical_or_financial_value_changes(name: str, faults: list[str], seed: int, tmp_path: Path) -> None:
    text, choice = BASES[name], random.Random(seed)
    for fault in faults:
        text = FAULTS[fault](text, choice)
    check(text.encode("latin-1"), tmp_path)


@settings(ORDINARY, max_examples=40)
@given(
    shape=shapes, faults=st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=12), seed=st.integers(0, 999)
)
def test_files_of_many_levels(shape: Any, faults: list[str], seed: int, tmp_path: Path) -> None:
    """Many interchanges, providers and patients: each number comes right, and nobody hangs under another."""
    text, choice = Writer().write(shape), random.Random(seed)
    for fault in faults:
        text = FAULTS[fault](text, choice)
    check(text.encode("latin-1"), tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_injuries_of_clean_files(name: str, tmp_path: Path) -> None:
    """The named mutations of the reader's tests."""
    for mutation in mutations(name, 1):
        check(mutation.data, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_file_comes_out_byte_for_byte(name: str, tmp_path: Path) -> None:
    data = (BASE / f"{name}.837").read_bytes()
    fixed = fix(data, tmp_path)
    assert (fixed.data, fixed.changes) == (data, [])


# Real files, and what pyx12 says of them ------------------------------------------------------------------------------


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not beside the project")
def test_real_files(tmp_path: Path) -> None:
    """Nothing but format changes in any of them, and pyx12 finds no more in the result than in the file."""
    changed = 0
    for name in professional():
        data = (CORPUS / name).read_bytes()
        fixed = fix(data, tmp_path)
        if fixed.result.error is not None or not fixed.result.changed:
            continue
        changed += 1
        again = fix(fixed.data, tmp_path)
        assert (again.result.changed, again.data) == (0, fixed.data), name
        assert fixed.result.refused == 0, name
        assert complaints(fixed.data) <= complaints(data), name
    assert changed > 10


def complaints(data: bytes) -> Counter[tuple[str, str, str]]:
    """What pyx12 finds, and how often."""
    try:
        return Counter((o.code, o.segment, o.element) for o in ask_pyx12(modernise(data).decode("latin-1")))
    except Refused:
        return Counter({("refused", "", ""): 1})


# The command ---------------------------------------------------------------------------------------------------------

DOTTED = OFFICE.replace("ABK:M542", "ABK:M54.2")


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "scrubber", "fix", *arguments, "--received", "2026-09-20"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, env={**os.environ, "PYTHONPATH": path})


def test_the_command_shows_a_diff_and_writes_privately(tmp_path: Path) -> None:
    (tmp_path / "claims.837").write_text(DOTTED)
    done = run(tmp_path, "claims.837", "--out", "fixed.837")
    said = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert "--- claims.837\n+++ fixed.837\n" in said
    assert "claim OFFICE-1001, HI @@ DX-0E dot-in-diagnosis-code\n-HI*ABK:M54.2*ABF:M62838~\n+HI*ABK:M542*" in said
    assert "1 correction; written to fixed.837" in said
    assert (tmp_path / "fixed.837").read_text() == OFFICE
    assert stat.S_IMODE((tmp_path / "fixed.837").stat().st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["claims.837", "fixed.837"]
    assert "\x1b" not in said


def test_nothing_is_written_unasked(tmp_path: Path) -> None:
    (tmp_path / "claims.837").write_text(DOTTED)
    for arguments in (("claims.837",), ("claims.837", "--out", "fixed.837", "--dry-run")):
        done = run(tmp_path, *arguments)
        assert b"nothing is written" in done.stdout
        assert [p.name for p in tmp_path.iterdir()] == ["claims.837"]


def test_in_a_pipe(tmp_path: Path) -> None:
    done = run(tmp_path, "-", "--out", "-", stdin=DOTTED.encode())
    assert done.stdout == OFFICE.encode()
    assert b"+HI*ABK:M542" in done.stderr


def test_redacted_it_says_where_and_not_what(tmp_path: Path) -> None:
    (tmp_path / "claims.837").write_text(DOTTED)
    for form in ("text", "json"):
        said = run(tmp_path, "claims.837", "--redact", "--format", form).stdout.decode()
        assert "DX-0E" in said
        assert "OFFICE-1001" not in said
        assert "M54" not in said


def test_as_json(tmp_path: Path) -> None:
    (tmp_path / "claims.837").write_text(DOTTED.replace("*150*UN", "*155*UN"))
    done = run(tmp_path, "claims.837", "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(c["edits"], c["before"], c["after"]) for c in told["changes"]] == [
        (["DX-0E"], "HI*ABK:M54.2*ABF:M62838", "HI*ABK:M542*ABF:M62838")
    ]
    assert {"edit": "CLM-02", "severity": "reject", "count": 1} in told["left"]
    assert (told["written"], told["after"]["accepted"]) == (None, 0)


def test_a_hostile_file_does_not_drive_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "claims.837").write_bytes(DOTTED.replace("OFFICE-1001", "\x1b[2J\x07").encode())
    assert b"\x1b" not in run(tmp_path, "claims.837").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("gone.837",), 3, "cannot be read"),
        (("claims.837", "--out", "claims.837"), 2, "would be overwritten"),
        (("claims.837", "--out", "."), 2, "name the file"),
        ((".",), 2, "is a folder"),
        (("claims.837", "--out", "no/such/place.837"), 2, "No such file"),
        (("claims.837", "--select", "DX-0F"), 2, "did you mean"),
    ],
)
def test_errors_teach(arguments: tuple[str, ...], code: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "claims.837").write_text(DOTTED)
    done = run(tmp_path, *arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr.decode()
    assert (tmp_path / "claims.837").read_text() == DOTTED


def test_only_what_is_selected(tmp_path: Path) -> None:
    text = DOTTED.replace("SE*33", "SE*34")
    assert fix(text, tmp_path, select=("DX-0E",)).data.decode() == OFFICE.replace("SE*33", "SE*34")
