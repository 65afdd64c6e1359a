"""What could not be checked is said once, and rejects the claim where the operator requires the answer."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from lines import write

from scrubber.catalogue.load import load
from scrubber.cli import cli
from scrubber.config import Config, ConfigError
from scrubber.finding import Unchecked, gather
from scrubber.pipeline import Options, judge
from scrubber.reports.summary import group_gaps, tables_to_load
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.verdict import ClaimVerdict

ROOT = Path(__file__).resolve().parent.parent
QUICKSTART = ROOT / "fixtures" / "quickstart.837"
OFFICE = (ROOT / "fixtures" / "base" / "office.837").read_bytes()
RECEIVED = date(2026, 9, 16)

CATALOGUE = load(installed=False)


def verdicts(data: bytes = OFFICE, **options: object) -> list[ClaimVerdict]:
    settings = Options(received=RECEIVED, catalogue=CATALOGUE, strict=True, **options)  # type: ignore[arg-type]
    return [event for event in judge(data, settings) if isinstance(event, ClaimVerdict)]


def late() -> bytes:
    """The office claim on a day that no edition of the code tables reaches."""
    return OFFICE.replace(b"DTP*472*D8*20260915", b"DTP*472*D8*20280915")


def test_gaps_of_one_edit_and_reason_are_one() -> None:
    gaps = [
        Unchecked("A-1", "no table", 1),
        Unchecked("A-2", "no table", 1),
        Unchecked("A-1", "no table", 3),
        Unchecked("A-1", "no date"),
        Unchecked("A-1", "no table", 3),
        Unchecked("A-1", "no table", 2),
    ]
    assert gather(gaps) == (
        Unchecked("A-1", "no table", 1, (3, 2)),
        Unchecked("A-2", "no table", 1),
        Unchecked("A-1", "no date"),
    )
    assert gather(()) == ()


def test_a_verdict_names_each_edit_and_reason_once() -> None:
    (verdict,) = verdicts(late())
    told = [(gap.edit, gap.reason) for gap in verdict.unchecked]
    assert told
    assert len(told) == len(set(told))


def test_a_required_edit_that_was_not_checked_rejects() -> None:
    (plain,) = verdicts(late())
    gap = next(gap for gap in plain.unchecked if gap.edit == "DX-02")
    assert not any(f.edit == "SYS-02" for f in plain.findings)
    for require in ("DX-02", "dx", CATALOGUE.by_id["DX-02"].name):
        (strict,) = verdicts(late(), require=(require,))
        found = [f for f in strict.findings if f.edit == "SYS-02"]
        assert strict.status == "rejected"
        assert any("DX-02" in f.values["edits"] and f.values["reason"] == gap.reason for f in found)
        assert strict.unchecked == plain.unchecked


def test_what_was_checked_is_not_held_back() -> None:
    (verdict,) = verdicts(require=("DX-10", "CLM-02"))
    assert verdict.status == "accepted"
    assert verdict.findings == ()


@pytest.mark.parametrize(
    ("required", "diagnoses", "refused"),
    [
        ("DX-10", "HI*ABK:M542*ABF:M50322", True),
        ("DX-09", "HI*ABK:G55", True),
        ("DX-01", "HI*ABK:M5012", True),
        ("DX-10", "HI*ABK:E119", False),  # No neck pain: whatever the tables say, this edit is not asked.
        ("DX-07", "HI*ABK:M542", False),  # A code twice is seen without tables.
        ("MOD-01", "HI*ABK:M542", False),
    ],
)
def test_an_edit_is_required_in_whose_name_another_tells(required: str, diagnoses: str, refused: bool) -> None:
    head, _, rest = late().partition(b"HI*")
    data = head + diagnoses.encode() + b"~" + rest.partition(b"~")[2]
    (verdict,) = verdicts(data, require=(required,))
    found = [f for f in verdict.findings if f.edit == "SYS-02"]
    assert bool(found) == refused
    assert all(f.values["edits"].startswith(f"{required} (") for f in found)


@pytest.mark.parametrize(
    ("required", "lines"), [("MOD-02", "99213 27447"), ("MOD-02", "99213-25 27447"), ("MOD-03", "99213 94060")]
)
def test_unknown_global_days_and_pairs_leave_modifiers_of_the_visit_open(required: str, lines: str) -> None:
    (verdict,) = verdicts(write(*lines.split()), require=(required,))
    (found, *_) = [f for f in verdict.findings if f.edit == "SYS-02"]
    assert required in found.values["edits"]
    assert found.where.line is not None


def test_a_selected_edit_says_that_it_was_not_checked() -> None:
    (verdict,) = verdicts(late(), select=("DX-10",))
    assert "DX-02" in {gap.edit for gap in verdict.unchecked}
    assert not verdict.findings
    (verdict,) = verdicts(OFFICE.replace(b"ABF:M62838", b"ABF:M6299"), select=("DX-10",))
    assert not verdict.findings  # DX-02 runs for its silence; what it finds was not asked for.
    (verdict,) = verdicts(late(), select=("DX-10",), ignore=("DX-02", "DX-E1"))
    assert not verdict.unchecked


def test_a_gap_names_its_lines() -> None:
    (verdict,) = verdicts(write("99213", "72040", "J3301"))
    lines = {(gap.edit, gap.reason.partition(":")[0]): (gap.line, gap.also) for gap in verdict.unchecked}
    assert lines["NCCI-05", "not known whether these are add-on codes"] == (3, ())
    assert lines["NCCI-01", "pairs not in the starter table"] == (1, (2, 3))


def test_edits_that_ask_the_same_are_one_reject() -> None:
    (first, *_) = verdicts(QUICKSTART.read_bytes(), require=("NCCI",))
    (found,) = [f for f in first.findings if f.edit == "SYS-02" and "NCCI-01" in f.values["edits"]]
    assert "NCCI-02" in found.values["edits"]


def test_the_configuration_may_require() -> None:
    (verdict,) = verdicts(late(), config=Config(require=("DX-02",)))
    assert verdict.status == "rejected"
    (both,) = verdicts(late(), config=Config(require=("DX-02",)), require=("DX-E1",))
    assert len({f.values["edits"] for f in both.findings if f.edit == "SYS-02"}) >= 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"require": ("DX-1O",)}, "require: no edit is called `DX-1O`; did you mean DX-10?"),
        ({"require": ("X12-IK4-7x",)}, "require: no edit is called"),
        ({"require": ("DX-02",), "ignore": ("DX",)}, "`DX-02` is required, but --select or --ignore leaves it out"),
        ({"require": ("DX-02",), "select": ("CLM",)}, "`DX-02` is required, but --select or --ignore leaves it out"),
    ],
)
def test_what_cannot_be_required_is_refused(options: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        verdicts(**options)


def test_the_command_requires_and_the_277ca_tells(tmp_path: Path) -> None:
    arguments = ["check", str(QUICKSTART), "--received", "2026-09-16", "--format", "json", "--require", "NCCI"]
    done = CliRunner().invoke(cli, [*arguments, "--ack-dir", str(tmp_path)], standalone_mode=False)
    assert done.return_value == 1
    claims = {c["claim"]: c for c in json.loads(done.stdout)["files"][0]["claims"]}
    assert claims["NECK-1001"]["status"] == "rejected"
    (told,) = [f for f in claims["NECK-1001"]["findings"] if f["edit"] == "SYS-02" and "NCCI-01" in f["message"]]
    assert told["ack"] == "277CA"
    assert told["status"] == [{"category": "A3", "code": "0", "entity": None}]
    assert claims["NECK-1001"]["unchecked"]
    answer = (tmp_path / "quickstart.277ca").read_text()
    assert "STC*A3:247*20260916*U*245" in answer
    assert "SVC*HC:99213*150*****1~\nSTC*A3:0**U~" in answer


def test_a_misspelt_requirement_ends_the_command(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["check", str(QUICKSTART), "--require", "NCI-01"])
    assert done.exit_code == 1  # The exception; run_command makes it exit code 2.
    assert isinstance(done.exception, ConfigError)
    assert "did you mean NCCI-01?" in str(done.exception)


def test_claims_that_wait_are_named_the_first_of_all_files_first() -> None:
    """Files judged in other processes are counted apart and added up."""
    events = [list(judge(late().replace(b"OFFICE-1001", name), Options(RECEIVED, CATALOGUE))) for name in (b"A", b"B")]
    together, apart = Tally(), Tally()
    for file in events:
        alone = Tally()
        for event in file:
            together.handle(event)
            alone.handle(event)
        apart.merge(alone)
    assert together.open == apart.open == 2
    assert together.unchecked == apart.unchecked
    assert together.waiting == apart.waiting
    assert all(claims == ["A", "B"] for claims in together.waiting.values())
    (codes,) = [question for question in group_gaps(together) if "DX-02" in question.edits]
    assert (codes.times, codes.claims) == (2, ("A", "B"))


def test_a_table_is_asked_for_only_where_it_would_answer() -> None:
    tally, wording = Tally(), Wording(CATALOGUE)
    tally.unchecked["NCCI-01", "no readable service date to look the procedure pairs up by"] = 1
    assert tables_to_load(tally, wording) == []
    tally.unchecked["NCCI-01", "pairs not in the starter table: 72040/99213"] = 1
    ((kind, why),) = tables_to_load(tally, wording)
    assert kind == "ncci-ptp"
    assert "NCCI-01" in why
