"""What a biller would expect of scrubber, case by case: exactly these rejects and warnings, and silence on the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scenarios import FOLDER, Case, Expected, Figures, Said, cases, catalogue, say

from scrubber.finding import Severity

NAMES = [case.name for case in cases()]


@pytest.mark.parametrize("case", cases(), ids=NAMES)
def test_scenario(case: Case, request: pytest.FixtureRequest) -> None:
    if case.known:
        request.applymarker(pytest.mark.xfail(reason=case.known, strict=True))
    said = say(case)
    assert len(said) == len(case.expected)
    assert [s.differences(e) for s, e in zip(said, case.expected, strict=True)] == [[] for _ in case.expected]


def test_scenarios_are_many_and_half_of_them_clean() -> None:
    expected = [e for case in cases() for e in case.expected]
    assert len(cases()) >= 160
    assert 2 * sum(not e.rejects for e in expected) >= len(expected)
    assert len(set(NAMES)) == len(NAMES)
    assert all(case.why for case in cases())
    assert len(list(FOLDER.glob("*.toml"))) == len({case.file for case in cases()})


def test_expected_ids_are_the_catalogues() -> None:
    known = catalogue().by_id
    for case in cases():
        for expected in case.expected:
            for edit in expected.rejects | expected.warnings | expected.must_not | expected.unchecked:
                assert edit in known, f"{case.name}: {edit}"
            assert not expected.rejects & expected.warnings, case.name
            # An edit that only informs can neither be a reject nor a warning.
            for edit in expected.rejects:
                assert known[edit].severity is Severity.REJECT, f"{case.name}: {edit}"


def test_every_family_of_edits_is_met() -> None:
    met = {edit.partition("-")[0] for case in cases() for e in case.expected for edit in e.rejects | e.warnings}
    assert met >= {"CLM", "DX", "MOD", "NCCI", "NEC", "PTR", "TEL"}


def test_differences_are_told_both_ways() -> None:
    none: frozenset[str] = frozenset()
    expected = Expected(frozenset({"CLM-01"}), frozenset({"MOD-05"}), frozenset({"TEL-03"}), frozenset({"DX-02"}))
    assert Said({"CLM-01"}, {"MOD-05"}, {"TEL-01"}, {"DX-02"}).differences(expected) == []
    assert len(Said({"CLM-02"}, {"MOD-09"}, {"TEL-03"}, set()).differences(expected)) == 6
    assert Said().differences(Expected(none, none, none, none)) == []


def test_figures_count_what_is_said_and_what_is_due() -> None:
    none: frozenset[str] = frozenset()
    clean = Expected(none, none, none, none)
    due = replace(clean, rejects=frozenset({"CLM-01", "NCCI-01"}))
    figures = Figures()
    figures.count(Said(rejects={"CLM-01", "CLM-02"}), due)
    figures.count(Said(warnings={"MOD-05"}), clean)
    figures.count(Said(warnings={"MOD-05"}), replace(clean, warnings=frozenset({"MOD-05"})))
    assert list(figures.rows()) == [("CLM", 1, 1, 0), ("NCCI", 0, 0, 1), ("all", 1, 1, 1)]
    assert (figures.claims, figures.clean, figures.bothered) == (3, 2, 1)
