"""The closed vocabulary of `when` and `must`, each verb tried on real claims through a data-only pack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from judging import judge

from scrubber.catalogue.engine import Engine
from scrubber.catalogue.entry import Example
from scrubber.catalogue.examples import RECEIVED, apply
from scrubber.catalogue.load import load
from scrubber.finding import Finding

PACK = """
name = "house"
title = "House rules"
authority = "our office"
edits = ["rules.toml"]
code_lists = { colours = "colours.csv" }
[sources.memo]
title = "Memo"
publisher = "The office"
edition = "1"
read = 2026-11-22
"""

COLOURS = """# codes of our own, for tests
code,from,to
99213,,
72040,2026-01-01,2026-08-31
97140,2026-09-01,
"""

EDIT = """
[[edit]]
id = "T-01"
name = "a-test"
at = "{at}"
snip = 7
{conditions}
message = "{{value}} is not {{expected}} on line {{line}}."
why = "Because."
fix = "Change it."
severity = "warning"
cite = [{{ source = "memo", at = "1" }}]
"""

Ask = Callable[..., list[Finding]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Judge an example's claim with one edit; the findings it makes."""

    def judged(at: str, conditions: str, base: str = "office", **changes: object) -> list[Finding]:
        (tmp_path / "pack.toml").write_text(PACK)
        (tmp_path / "colours.csv").write_text(COLOURS)
        (tmp_path / "rules.toml").write_text(EDIT.format(at=at, conditions=conditions))
        engine = Engine(load([tmp_path], installed=False), received=RECEIVED, select=["T-01"], strict=True)
        example = Example(
            base=base,
            set=changes.get("set", {}),  # type: ignore[arg-type]
            remove=changes.get("remove", ()),  # type: ignore[arg-type]
            add=changes.get("add", ()),  # type: ignore[arg-type]
            replace=(),
            received=None,
            profile=None,
            also=(),
            note=None,
        )
        return [f for claim in judge(apply(example), engine) for f in claim.findings if f.edit == "T-01"]

    return judged


def places(findings: list[Finding]) -> list[str]:
    return [f"{f.where.loop}.{f.where.element or f.where.segment}" for f in findings]


# must, one verb after the other: (at, condition, changes, where it is found) ------------------------------------------

CASES = [
    # present, absent
    ("2010AA.REF(EI)02", "present = true", {}, []),
    ("2010AA.PER06", "present = true", {}, ["2010AA.PER06"]),
    ("2300.REF(G1)02", "present = true", {}, ["2300.CLM"]),
    ("2300.REF(G1)02", "absent = true", {}, []),
    ("2300.REF(G1)02", "absent = true", {"add": (("2300.REF(D9)", "REF*G1*A1"),)}, ["2300.REF02"]),
    ("2310B", "present = true", {}, []),
    ("2310B", "present = true", {"remove": ("2310B",)}, ["2300.CLM"]),
    ("2310B", "absent = true", {}, ["2310B.NM1"]),
    ("2420A", "absent = true", {"add": (("2400[2]", "NM1*82*1*OTHER*A****XX*2990010287"),)}, ["2420A.NM1"]),
    # in, not_in
    ("2400.SV101-2", 'in = ["99213"]', {}, ["2400.SV101-2"]),
    ("2400.SV101-2", 'in = ["99213", "72040"]', {}, []),
    ("2400.SV101-2", 'not_in = ["99213"]', {}, ["2400.SV101-2"]),
    ("2400.SV101-3", 'in = ["25"]', {}, []),
    # matches: the whole value
    ("2300.CLM01", 'matches = "OFFICE"', {}, ["2300.CLM01"]),
    ("2300.CLM01", 'matches = "OFFICE.*"', {}, []),
    # min, max: numbers, ends included; what is no number is not judged
    ("2400.SV102", 'min = "95"', {}, []),
    ("2400.SV102", 'min = "95.01"', {}, ["2400.SV102"]),
    ("2400.SV102", 'max = "149.99"', {}, ["2400.SV102"]),
    ("2400.SV101-2", 'max = "1"', {"set": {"2400.SV101-2": "G0283"}}, []),
    # equals: text or number, literal or address
    ("2300.CLM02", 'equals = "245.00"', {}, []),
    ("2300.CLM02", 'equals = "246"', {}, ["2300.CLM02"]),
    ("2300.CLM02", 'equals = "2400.SV102"', {}, ["2300.CLM02"]),
    ("2310B.NM109", 'equals = "2310B.NM109"', {}, []),
    # before, after: dates, ends not included
    ("2400.DTP(472)03", 'before = "2026-09-15"', {}, ["2400.DTP03", "2400.DTP03"]),
    ("2400.DTP(472)03", 'before = "2026-09-16"', {}, []),
    ("2400.DTP(472)03", 'before = "received"', {}, []),
    ("2400.DTP(472)03", 'after = "2010BA.DMG02"', {}, []),
    ("2010BA.DMG02", 'before = "1984-02-19"', {}, ["2010BA.DMG02"]),
    # table: with the dates of its rows
    ("2400.SV101-2", 'table = "colours"', {}, ["2400.SV101-2"]),
    ("2400.SV101-2", 'table = "colours"', {"set": {"2400.DTP(472)03": "20260831"}}, []),
    ("2400.SV101-2", 'table = "colours"', {"set": {"2400.SV101-2": "97140", "2400.DTP(472)03": "20260831"}},
     ["2400.SV101-2", "2400.SV101-2"]),
]  # fmt: skip


@pytest.mark.parametrize(("at", "must", "changes", "found"), CASES)
def test_must(ask: Ask, at: str, must: str, changes: dict[str, object], found: list[str]) -> None:
    assert places(ask(at, f"must = {{ {must} }}", **changes)) == found


def test_a_message_has_value_and_expectation_and_line(ask: Ask) -> None:
    (finding,) = ask("2400.SV102", 'must = { min = "100" }')
    assert finding.values == {"value": "95", "expected": "100", "line": "2"}
    assert finding.where.line == 2


# when: it holds if any value satisfies it -----------------------------------------------------------------------------

WHENS = [
    ('{ at = "2000B.SBR09", in = ["CI"] }', True),
    ('{ at = "2000B.SBR09", not_in = ["CI"] }', False),
    ('{ at = "2000B.SBR09", not_in = ["MB"] }', True),
    ('{ at = "2300.REF(G1)02", not_in = ["X"] }', True),
    ('{ at = "2300.REF(G1)02", in = ["X"] }', False),
    ('{ at = "2300.REF(G1)02", present = true }', False),
    ('{ at = "2300.REF(G1)02", absent = true }', True),
    ('{ at = "2310B", present = true }', True),
    ('{ at = "2310A", absent = true }', True),
    ('{ at = "2310A", present = true }', False),
    ('{ at = "2400.SV101-2", in = ["72040"] }', False),
    ('{ at = "2300.HI02-2", matches = "M.*" }', True),
    ('{ at = "2400.SV101-2", min = "1" }', True),
    ('{ at = "2300.CLM01", min = "1" }', False),
]


@pytest.mark.parametrize(("when", "holds"), WHENS)
def test_when(ask: Ask, when: str, holds: bool) -> None:
    # Judged in the first line only: what lies in a line is that line's, what lies around it is shared.
    found = ask("2400.SV101-2", f'when = [{{ in = ["99213"] }}, {when}]\nmust = {{ not_in = ["99213"] }}')
    assert bool(found) == holds


def test_all_of_when_must_hold(ask: Ask) -> None:
    conditions = (
        'when = [{ at = "2300.CLM05-1", in = ["11"] }, { at = "2300.CLM05-3", in = ["7"] }]\nmust = { absent = true }'
    )
    assert ask("2300.CLM02", conditions) == []
    assert places(ask("2300.CLM02", conditions, base="replacement")) == ["2300.CLM02"]


def test_an_edit_above_the_claims_is_told_once(ask: Ask) -> None:
    found = ask("2010AA.NM103", 'must = { in = ["NOBODY"] }', base="batch")
    assert len(found) == 2  # Two billing providers, five claims.
    assert len({f.where.ordinal for f in found}) == 2
    found = ask("2010BA.NM103", 'must = { in = ["NOBODY"] }', base="batch")
    assert len(found) == 4  # Four subscribers.
    assert len(ask("1000A.NM103", 'must = { in = ["NOBODY"] }', base="batch")) == 1
    assert len(ask("1000A.NM103", 'must = { in = ["NOBODY"] }', base="two-sets")) == 2
