"""The base claims hold what their README promises, by pyx12 and by a few lines that share nothing with scrubber."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import pyx12.params
import pyx12.x12n_document

ROOT = Path(__file__).parents[1]
BASE = sorted((ROOT / "fixtures" / "base").glob("*.837"))
QUICKSTART = ROOT / "fixtures" / "quickstart.837"
CASES = [pytest.param(path, id=path.stem) for path in (*BASE, QUICKSTART)]

Segments = list[list[str]]


def split(path: Path) -> Segments:
    return [line.removesuffix("~").split("*") for line in path.read_text(encoding="ascii").splitlines()]


def pyx12_errors(path: Path) -> str:
    """Empty when pyx12 accepts the file, else its report."""
    report = io.StringIO()
    accepted = pyx12.x12n_document.x12n_document(
        param=pyx12.params.params(), src_file=str(path), fd_997=None, fd_html=None, fd_json=report
    )
    return "" if accepted else report.getvalue()


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed("80840" + number)]
    return sum(digits[0::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


def sets(segments: Segments) -> list[Segments]:
    found: list[Segments] = []
    for segment in segments:
        if segment[0] == "ST":
            found.append([])
        if found and segment[0] not in ("GE", "GS", "IEA", "ISA"):
            found[-1].append(segment)
    return found


def claims(segments: Segments) -> list[Segments]:
    """Each claim from its CLM to the next HL, CLM or SE."""
    found: list[Segments] = []
    inside = False
    for segment in segments:
        if segment[0] in ("HL", "SE", "CLM"):
            inside = segment[0] == "CLM"
            if inside:
                found.append([])
        if inside:
            found[-1].append(segment)
    return found


def envelope_faults(segments: Segments) -> list[str]:
    """Counts and control numbers of every interchange, group and set."""
    faults = []
    opened: dict[str, list[str]] = {}
    groups = transactions = length = 0
    for segment in segments:
        name = segment[0]
        length += 1
        if name in ("ISA", "GS", "ST"):
            opened[name] = segment
            if name == "ISA":
                groups = 0
            elif name == "GS":
                groups, transactions = groups + 1, 0
            else:
                transactions, length = transactions + 1, 1
        elif name == "SE" and segment[1:] != [str(length), opened["ST"][2]]:
            faults.append(f"SE says {segment[1:]}, counted {length} in {opened['ST'][2]}")
        elif name == "GE" and segment[1:] != [str(transactions), opened["GS"][6]]:
            faults.append(f"GE says {segment[1:]}, counted {transactions}")
        elif name == "IEA" and segment[1:] != [str(groups), opened["ISA"][13]]:
            faults.append(f"IEA says {segment[1:]}, counted {groups}")
    return faults


def hierarchy_faults(transaction: Segments) -> list[str]:
    """HL01 in order, HL02 an open parent of the right level, HL04 as it turns out."""
    faults = []
    levels = [segment for segment in transaction if segment[0] == "HL"]
    above = {"22": "20", "23": "22"}
    parents = {segment[2] for segment in levels if segment[2]}
    for number, segment in enumerate(levels, 1):
        if segment[1] != str(number):
            faults.append(f"HL01 {segment[1]}, expected {number}")
        if segment[3] in above:
            parent = next((level for level in levels if level[1] == segment[2]), None)
            if parent is None or parent[3] != above[segment[3]]:
                faults.append(f"HL*{segment[1]} has no parent of level {above[segment[3]]}")
        elif segment[2]:
            faults.append(f"HL*{segment[1]} is at the top and names a parent")
        if segment[4] != ("1" if segment[1] in parents else "0"):
            faults.append(f"HL*{segment[1]} HL04 {segment[4]}")
    return faults


def test_there_are_base_claims() -> None:
    assert len(BASE) == 19


@pytest.mark.parametrize("path", CASES)
def test_pyx12_accepts_it(path: Path) -> None:
    assert pyx12_errors(path) == ""


@pytest.mark.parametrize("path", CASES)
def test_it_is_written_one_segment_a_line(path: Path) -> None:
    raw = path.read_bytes()
    assert raw.startswith(b"ISA*")
    assert raw.endswith(b"~\n")
    assert raw.count(b"~") == raw.count(b"~\n") == raw.count(b"\n")
    assert all(segment[15] == "T" for segment in split(path) if segment[0] == "ISA")


@pytest.mark.parametrize("path", CASES)
def test_counts_and_control_numbers_are_right(path: Path) -> None:
    segments = split(path)
    assert envelope_faults(segments) == []
    assert [fault for transaction in sets(segments) for fault in hierarchy_faults(transaction)] == []


@pytest.mark.parametrize("path", CASES)
def test_npis_are_invented_and_pass_their_check_digit(path: Path) -> None:
    npis = [segment[9] for segment in split(path) if segment[0] == "NM1" and segment[8:9] == ["XX"]]
    assert npis
    for npi in npis:
        assert re.fullmatch(r"299\d{7}", npi)
        assert luhn(npi), npi


@pytest.mark.parametrize("path", CASES)
def test_line_charges_add_up_to_the_claim(path: Path) -> None:
    found = claims(split(path))
    assert found
    for claim in found:
        lines = [segment for segment in claim if segment[0] == "SV1"]
        assert sum(Decimal(line[2]) for line in lines) == Decimal(claim[0][2]), claim[0][1]
        assert [segment[1] for segment in claim if segment[0] == "LX"] == [str(n + 1) for n in range(len(lines))]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in BASE])
def test_every_diagnosis_is_pointed_at_and_every_pointer_hits(path: Path) -> None:
    for claim in claims(split(path)):
        diagnoses = next(segment[1:] for segment in claim if segment[0] == "HI")
        pointers = {int(number) for segment in claim if segment[0] == "SV1" for number in segment[7].split(":")}
        assert pointers == set(range(1, len(diagnoses) + 1)), claim[0][1]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in BASE])
def test_what_the_other_payer_did_balances(path: Path) -> None:
    for claim in claims(split(path)):
        paid = [Decimal(segment[2]) for segment in claim if segment[0] == "AMT" and segment[1] == "D"]
        if not paid:
            continue
        adjusted = Decimal(0)
        line_left = Decimal(0)
        for segment in claim:
            if segment[0] == "LX":
                assert line_left == 0
            elif segment[0] == "SV1":
                line_left = Decimal(segment[2])
            elif segment[0] == "SVD":
                line_left -= Decimal(segment[2])
            elif segment[0] == "CAS":
                line_left -= Decimal(segment[3])
                adjusted += Decimal(segment[3])
        assert line_left == 0
        assert sum(paid) + adjusted == Decimal(claim[0][2]), claim[0][1]


def test_control_numbers_and_claim_numbers_are_distinct() -> None:
    controls = [segment[13] for path in (*BASE, QUICKSTART) for segment in split(path) if segment[0] == "ISA"]
    names = [claim[0][1] for path in (*BASE, QUICKSTART) for claim in claims(split(path))]
    assert len(set(controls)) == len(controls)
    assert len(set(names)) == len(names)


def generate(out: Path, *options: str) -> bytes:
    script = ROOT / "benchmarks" / "generate.py"
    subprocess.run([sys.executable, script, "--out", out, *options], check=True)
    return out.read_bytes()


def test_generated_claims_are_clean_and_the_same_every_time(tmp_path: Path) -> None:
    options = ("--claims", "120", "--seed", "5", "--per-set", "50")
    made = generate(tmp_path / "one.837", *options)
    assert made == generate(tmp_path / "two.837", *options)
    segments = split(tmp_path / "one.837")
    found = claims(segments)
    assert len({claim[0][1] for claim in found}) == 120
    assert len(sets(segments)) == 3
    assert envelope_faults(segments) == []
    assert [fault for transaction in sets(segments) for fault in hierarchy_faults(transaction)] == []
    assert all(luhn(segment[9]) for segment in segments if segment[0] == "NM1" and segment[8:9] == ["XX"])
    for claim in found:
        lines = [segment for segment in claim if segment[0] == "SV1"]
        assert sum(Decimal(line[2]) for line in lines) == Decimal(claim[0][2])
    assert pyx12_errors(tmp_path / "one.837") == ""


def test_generated_faults_break_exactly_the_claims_named(tmp_path: Path) -> None:
    options = ("--claims", "300", "--seed", "5")
    generate(tmp_path / "clean.837", *options)
    generate(tmp_path / "broken.837", *options, "--faults", "10", "--answers", str(tmp_path / "answers.tsv"))
    answers = dict(line.split("\t") for line in (tmp_path / "answers.tsv").read_text().splitlines())
    clean = {claim[0][1]: claim for claim in claims(split(tmp_path / "clean.837"))}
    broken = {claim[0][1]: claim for claim in claims(split(tmp_path / "broken.837"))}
    assert len(answers) == 30
    assert {name for name in clean if clean[name] != broken[name]} == set(answers)
