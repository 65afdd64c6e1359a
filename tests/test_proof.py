"""``scrubber edits test``: a pack proves itself, and one that does not is told what to mend."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scrubber.cli import cli
from scrubber.commands.options import FOUND, OK

ROOT = Path(__file__).resolve().parent.parent
LAKESIDE = ROOT / "fixtures" / "packs" / "lakeside"


def try_packs(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["edits", "test", *map(str, arguments)], standalone_mode=False)


def said(result: Result) -> str:
    """What was printed, in one line, so that the width of the page does not matter."""
    return " ".join(result.output.split())


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the example pack, to break."""
    return shutil.copytree(LAKESIDE, tmp_path / "lakeside")


def change(pack: Path, file: str, old: str, new: str) -> None:
    path = pack / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_example_pack_proves_itself() -> None:
    result = try_packs(LAKESIDE)
    assert result.return_value == OK, result.output
    assert "all as they should be" in result.output
    assert "pass" not in result.output


def test_what_is_in_order_is_listed_when_asked() -> None:
    result = try_packs(LAKESIDE, "-v")
    assert result.return_value == OK
    told = said(result)
    for wanted in ("LKS-01 pass breaks", "in force on 2026-01-01", "silent on 2025-12-31", "profile lakeside-senior"):
        assert wanted in told
    assert re.search(r"pass severity of PTR-06", told)


BREAKS = 'breaks = [\n  { set = { "2010BB.NM109" = "LKSD1", "2000B.SBR03" = "" } },'

MISTAKES = [
    # the example is wrong
    (
        "rules.toml", BREAKS, 'breaks = [\n  { set = { "2010BB.NM109" = "LKSD1" } },',
        "LKS-01 FAIL breaks: it should be found here, and is not: what `when` and `must` ask for holds on this claim.",
    ),
    (
        "rules.toml", BREAKS, 'breaks = [\n  { set = { "2000B.SBR03" = "" } },',
        "`looks_at.profiles` wants lakeside; the claim's payer has the profile commercial.",
    ),
    (
        "rules.toml", '{ set = { "2010BB.NM109" = "LKSD1" } },',
        '{ set = { "2010BB.NM109" = "LKSD1", "2000B.SBR03" = "" } },',
        "FAIL holds: it should let this claim pass, but finds LKS-01 (reject) at 2000B.SBR",
    ),
    (
        "rules.toml", BREAKS, BREAKS.replace('"2000B.SBR03" = ""', '"2000B.SBR03" = "", "2400[2].SV107" = "9"'),
        'FAIL breaks: other edits speak, too: PTR-05 (reject) at 2400.SV107',
    ),
    (
        "rules.toml", BREAKS, BREAKS.replace("} },", '}, also = ["PTR-05"] },'),
        "`also` names PTR-05, which does not speak here",
    ),
    (
        "rules.toml", BREAKS, BREAKS.replace('"2000B.SBR03" = ""', '"2310D.NM109" = ""'),
        "the example cannot be applied to the base claim `office`: `2310D.NM109`: the claim has no such loop.",
    ),
    (
        "rules.toml", BREAKS, BREAKS.replace("{ set", '{ base = "ofice", set'),
        "there is no base claim `ofice`; did you mean office?",
    ),
    # its dates
    (
        "rules.toml", "from = 2026-01-01", "from = 2026-10-01",
        "`effective` leaves out the day of service, 2026-09-15.",
    ),
    # the profile
    (
        "lakeside.toml", 'finds = { PTR-06 = "reject" }', 'finds = { PTR-06 = "warning" }',
        "PTR-06 is a reject, not a warning. `finds` names every reject and warning of the claim",
    ),
    (
        "lakeside-senior.toml", 'set = { "2010BB.NM109" = "LKSD2"', 'set = { "2010BB.NM109" = "LKSD1"',
        "judged by the profile lakeside, not by lakeside-senior: name one of its payer ids (LKSD2) in the claim",
    ),
    (
        "lakeside-senior.toml", '"2400[2].SV107" = "1:1"', '"2400[2].SV107" = "1"',
        "severity of PTR-06: no example shows what it does: without it all come out the same",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "told"), MISTAKES, ids=[told[:60] for _, _, _, told in MISTAKES])
def test_a_broken_example_teaches(pack: Path, file: str, old: str, new: str, told: str) -> None:
    change(pack, file, old, new)
    result = try_packs(pack)
    assert result.return_value == FOUND, result.output
    assert told in said(result)
    assert re.search(r"\d+ tried, \d+ failed\.", result.output)


def test_an_edit_without_an_example_proves_nothing(pack: Path) -> None:
    text = (pack / "rules.toml").read_text()
    (pack / "rules.toml").write_text(text.partition("[edit.example]")[0])
    result = try_packs(pack)
    assert result.return_value == FOUND
    assert "LKS-01 FAIL an example: it has none" in said(result)


def test_half_an_example_is_refused(pack: Path) -> None:
    text = (pack / "rules.toml").read_text()
    (pack / "rules.toml").write_text(text.partition("holds = [")[0] + "holds = []\n")
    result = try_packs(pack)
    assert "`breaks` and `holds` are both wanted" in str(result.exception)


def test_packs_are_found_by_name_and_misspelt_ones_are_not() -> None:
    assert try_packs("payers").return_value == OK
    result = try_packs("lakesid")
    assert "no pack is called `lakesid`" in str(result.exception)
    assert "which pack?" in str(try_packs().exception)


def test_a_pack_that_the_settings_name_is_not_read_twice(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "scrubber.toml").write_text('packs = ["lakeside"]\n')
    result = try_packs(pack, "--config", tmp_path / "scrubber.toml")
    assert result.return_value == OK, result.output


def test_what_the_pack_says_is_what_check_does(tmp_path: Path) -> None:
    """The proof and a real run agree: the same claim, judged by the command with and without the pack."""
    claim = (ROOT / "fixtures" / "base" / "office.837").read_text().replace("NFHP1", "LKSD2")
    path = tmp_path / "claim.837"
    path.write_text(claim.replace("SV1*HC:72040*95*UN*1***1~", "SV1*HC:72040*95*UN*1***1:1~"))
    arguments = ["check", str(path), "--received", "2026-09-16", "--format", "jsonl"]
    plain = CliRunner().invoke(cli, arguments, standalone_mode=False)
    with_pack = CliRunner().invoke(cli, [*arguments, "--pack", str(LAKESIDE)], standalone_mode=False)
    assert '"PTR-06"' in plain.stdout
    assert '"PTR-06"' not in with_pack.stdout
