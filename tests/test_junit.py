"""JUnit: read back by a maintained reader; a case a claim, and every fate as it is at last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import junitparser
import pytest
from hostile import poison
from lxml import etree
from reporting import BASE, QUICKSTART, base
from running import check

QUICK = QUICKSTART.read_bytes()


def suites(folder: Path, files: Any, **how: Any) -> list[junitparser.TestSuite]:
    out = check(folder, "junit", files, **how).out
    etree.fromstring(out)
    read = junitparser.JUnitXml.fromstring(out)
    for suite in read:
        told = [case.result for case in suite]
        assert suite.tests == len(told)
        assert suite.failures == sum(isinstance(r, junitparser.Failure) for results in told for r in results)
        assert suite.errors == sum(isinstance(r, junitparser.Error) for results in told for r in results)
    return list(read)


def failed(suite: junitparser.TestSuite) -> list[str]:
    return [case.name for case in suite if case.result]


def test_a_case_a_claim(tmp_path: Path) -> None:
    (suite,) = suites(tmp_path, QUICK)
    assert [case.name for case in suite] == ["(file)", *(f"NECK-100{n}" for n in range(1, 6))]
    assert {case.classname for case in suite} == {str(tmp_path / "claims.837")}
    assert failed(suite) == ["NECK-1002", "NECK-1003", "NECK-1005"]
    cases = {case.name: case for case in suite}
    (failure,) = cases["NECK-1003"].result
    assert failure.type == "DX-01"
    assert failure.message.endswith("(and 1 more)")
    assert "PTR-05" in failure.text
    assert "NOT CHECKED NCCI-01" in cases["NECK-1001"].system_out


@pytest.mark.parametrize("path", [*sorted(BASE.glob("*.837"))], ids=lambda p: p.stem)
def test_clean_files_pass(tmp_path: Path, path: Path) -> None:
    (suite,) = suites(tmp_path, path.read_bytes())
    assert failed(suite) == []


def test_claims_fail_with_their_envelope(tmp_path: Path) -> None:
    (suite,) = suites(tmp_path, base("two-interchanges", ("IEA*1*", "IEA*2*")))
    cases = {case.name: case for case in suite}
    assert cases.pop("(file)").result
    rejected = [case for case in cases.values() if case.result]
    assert rejected
    assert len(rejected) < len(cases)
    assert {case.result[0].type for case in rejected} == {"X12-TA1-021"}


def test_a_file_that_could_not_be_judged_is_an_error(tmp_path: Path) -> None:
    judged, letter = suites(tmp_path, {"claims.837": QUICK, "letter.837": b"Dear payer, please find our claims."})
    assert (judged.errors, letter.errors, letter.tests) == (0, 1, 1)


def test_nothing_of_a_patient_when_redacted(tmp_path: Path) -> None:
    out = check(tmp_path, "junit", QUICK, redact=True).out.decode()
    assert "claim 2 of set 0001" in out
    assert "NECK" not in out
    assert "M50.322" not in out


@pytest.mark.parametrize("seed", range(4))
def test_hostile_files_stay_text(tmp_path: Path, seed: int) -> None:
    suites(tmp_path, poison(seed, 0.3))


def test_side_by_side_is_the_same(tmp_path: Path) -> None:
    files = {"a.837": QUICK, "b.837": base("batch"), "c.837": base("office")}
    assert check(tmp_path, "junit", files, jobs=2).out == check(tmp_path, "junit", files).out
