"""Start-up stays small: what a command must not load. Times are no test; what costs them is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLAIM = ROOT / "fixtures" / "base" / "office.837"

NEVER = {"pydantic", "lxml", "pyx12", "orjson", "importlib.metadata", "importlib.resources", "email", "logging",
         "concurrent.futures", "multiprocessing", "asyncio", "subprocess", "socket", "tempfile", "zipfile",
         "tomllib", "traceback"}  # fmt: skip
"""What neither a command that only says something nor the check of a clean claim has a use for."""

PROGRAM = """
import sys
before = set(sys.modules)
from scrubber.cli import run_command
code = run_command(sys.argv[1:])
sys.stdout.flush()
print(code, *sorted(set(sys.modules) - before), file=sys.stderr)
"""


def load(*arguments: str, cwd: Path) -> tuple[int, set[str]]:
    """Exit code of a command, and the modules that it loaded on top of a bare interpreter's."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, cwd=cwd, timeout=60
    )
    code, *modules = done.stderr.split()
    return int(code), set(modules)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--help"]], ids=" ".join)
def test_what_only_says_something_loads_the_command_line_alone(arguments: list[str], tmp_path: Path) -> None:
    code, modules = load(*arguments, cwd=tmp_path)
    assert code == 0
    assert not modules & NEVER
    ours = {m for m in modules if m.partition(".")[0] == "scrubber"}
    commands = {f"scrubber.commands.{name}" for name in ("options", "output")}
    line = {"scrubber", "scrubber.cli", "scrubber.commands", *commands}
    assert ours == line | {f"scrubber.commands.{a}" for a in arguments if not a.startswith("-")}
    assert "dataclasses" not in modules


def test_one_claim_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    code, modules = load("check", str(CLAIM), "--received", "2026-09-16", cwd=tmp_path)
    assert code == 0
    assert "scrubber.edits.ncci.pairs" in modules  # It was judged, by every pack.
    assert not modules & (NEVER | {"shutil"})
    unused = {"scrubber.api", "scrubber.settings", "scrubber.catalogue.edit", "scrubber.catalogue.lint",
              "scrubber.catalogue.examples", "scrubber.x12.compile", "scrubber.tables.build_icd10cm",
              "scrubber.reports.json_report", "scrubber.reports.acknowledge", "scrubber.reports.ack277ca"}  # fmt: skip
    assert not modules & unused


def test_the_guide_makes_only_the_definitions_that_a_file_meets(tmp_path: Path) -> None:
    program = """
import sys
from scrubber.cli import run_command
from scrubber.x12.guide import Definition, shipped
run_command(["check", sys.argv[1], "--received", "2026-09-16", "--output", "report.txt"])
met = {use.definition for loop in shipped().every() for use in loop.uses}
made = set()
for definition in met:
    try:
        Definition.elements.__get__(definition)
    except AttributeError:
        continue
    made.add(definition)
print(len(made), len(met))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, CLAIM], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60
    )
    made, all_ = map(int, done.stdout.split())
    segments = CLAIM.read_bytes().count(b"~")
    assert 10 < made <= segments < all_ / 2
