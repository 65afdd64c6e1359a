"""The command line: exit codes, options, files in and out, and that nothing it meets makes it print a traceback."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner
from reporting import BASE, QUICKSTART, base

from scrubber import cli, progress, run
from scrubber.tables.kinds import KINDS

RECEIVED = ("--received", "2026-09-20")


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def scrubber(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs the command line in this process, in a folder without settings."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        code = cli.run_command([str(a) for a in arguments])
        sys.stdout.flush()
        return Outcome(code, *capfd.readouterr())

    return call


def process(*arguments: str | Path, **how: object) -> subprocess.CompletedProcess[bytes]:
    """Runs it in a process of its own."""
    command = [sys.executable, "-m", "scrubber", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, **how)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder: a clean file, one with rejects, one with a warning, and others that are no claims."""
    folder = tmp_path / "outbox"
    (folder / "inner").mkdir(parents=True)
    (folder / "b-clean.837").write_bytes(base("office"))
    (folder / "a-rejects.edi").write_bytes(QUICKSTART.read_bytes())
    (folder / "inner" / "warns").write_bytes(base("medicaid", ("005010X222A1~\nST", "005010X222~\nST")))
    (folder / "readme.txt").write_text("ISA is the first segment of an interchange, but not of this file: no")
    (folder / "notes.txt").write_text("Not X12")
    (folder / "empty.837").touch()
    return folder


# Exit codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fail_on", "code"),
    [
        ("b-clean.837", None, 0), ("b-clean.837", "warning", 0),
        ("inner/warns", None, 0), ("inner/warns", "warning", 1), ("inner/warns", "never", 0),
        ("a-rejects.edi", None, 1), ("a-rejects.edi", "warning", 1), ("a-rejects.edi", "never", 0),
        ("notes.txt", None, 3), ("notes.txt", "never", 3), ("not-there.837", None, 3),
    ],
)  # fmt: skip
def test_exit_codes(scrubber: Command, files: Path, name: str, fail_on: str | None, code: int) -> None:
    options = ["--fail-on", fail_on] if fail_on else []
    assert scrubber("check", files / name, *RECEIVED, *options).code == code


def test_the_highest_code_wins_and_every_file_is_judged(scrubber: Command, files: Path) -> None:
    paths = [files / "not-there.837", files / "a-rejects.edi", files / "b-clean.837"]
    done = scrubber("check", *paths, "--format", "json", *RECEIVED)
    assert done.code == 3
    found = json.loads(done.out)
    assert [f["status"] for f in found["files"]] == ["unreadable", "partial", "accepted"]
    assert "not-there.837" in done.err
    assert "No such file" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "PATH"),
        (["check", "x", "--format", "pdf"], "pdf"),
        (["check", "x", "--received", "2026-13-01"], "2026-09-15"),
        (["check", "x", "--select", "DX-99"], "no edit is called `DX-99`"),
        (["check", "x", "--ignore", "cervicalgia-with-cervical-disk-disorder"], "did you mean"),
        (["check", "x", "--profile", "medicair"], "medicare"),
        (["check", "x", "--config", "missing.toml"], "missing.toml"),
        (["check", "x", "--pack", "nowhere"], "pack.toml"),
        (["check", "x", "--jobs", "0"], "jobs"),
        (["explain", "DX-1O"], "did you mean DX-10"),
        (["edits", "--pack", "ncc"], "did you mean ncci"),
        (["chekc", "x"], "chekc"),
    ],
)
def test_wrong_usage_is_2_and_says_what_would_be_right(scrubber: Command, arguments: list[str], said: str) -> None:
    done = scrubber(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err


def test_a_folder_without_claims_is_not_silently_fine(scrubber: Command, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    done = scrubber("check", tmp_path / "letters")
    assert done.code == 2
    assert "nothing to judge" in done.err


# Files in --------------------------------------------------------------------------------------------------------


def test_a_folder_stands_for_its_x12_files_in_order(scrubber: Command, files: Path) -> None:
    done = scrubber("check", files, "--format", "json", *RECEIVED)
    names = [Path(f["path"]).relative_to(files).as_posix() for f in json.loads(done.out)["files"]]
    assert names == ["a-rejects.edi", "b-clean.837", "readme.txt", "inner/warns"]


def test_a_byte_order_mark_and_blanks_do_not_hide_a_file(scrubber: Command, files: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "bom").write_bytes(b"\xef\xbb\xbf" + base("office"))
    (odd / "blank").write_bytes(b"\r\n  " + base("office"))
    assert [f["path"][-5:] for f in json.loads(scrubber("check", odd, "--format", "json").out)["files"]] == [
        "blank", "d/bom",
    ]  # fmt: skip


def test_a_file_named_twice_is_judged_once(scrubber: Command, files: Path) -> None:
    done = scrubber("check", files / "b-clean.837", files / "b-clean.837", "--format", "json")
    assert json.loads(done.out)["summary"]["files"] == 1


def test_standard_input(tmp_path: Path) -> None:
    done = process("check", "-", "--format", "json", *RECEIVED, input=QUICKSTART.read_bytes(), cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, b"")
    assert found["files"][0]["path"] == "-"
    assert found["summary"]["claims"] == 5


# Reports out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", run.FORMATS)
@pytest.mark.parametrize("options", [(), ("--redact",), ("--quiet",), ("--verbose",)])
def test_files_judged_side_by_side_give_the_same_bytes(
    scrubber: Command, files: Path, format_: str, options: tuple[str, ...]
) -> None:
    paths = [files / "not-there", files, files / "notes.txt"]
    alone = scrubber("check", *paths, "--format", format_, *RECEIVED, *options)
    together = scrubber("check", *paths, "--format", format_, *RECEIVED, *options, "--jobs", "2")
    assert together == alone


def test_output_goes_to_a_file_of_its_owner(scrubber: Command, files: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("an older report")
    done = scrubber("check", files / "a-rejects.edi", "--format", "json", "--output", target, *RECEIVED)
    assert (done.code, done.out, done.err) == (1, "", "")
    assert json.loads(target.read_text())["summary"]["rejected"] == 3
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if "report" in p.name] == ["report.json"]


def test_output_that_cannot_be_written_leaves_what_was_there(
    scrubber: Command, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.txt"
    target.write_text("an older report")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "make_report", full)
    done = scrubber("check", files / "a-rejects.edi", "--output", target)
    assert done.code == 2
    assert "No space left" in done.err
    assert target.read_text() == "an older report"
    assert [p.name for p in tmp_path.iterdir() if "report" in p.name] == ["report.txt"]


def test_output_into_a_missing_folder_is_wrong_usage(scrubber: Command, files: Path, tmp_path: Path) -> None:
    done = scrubber("check", files / "b-clean.837", "--output", tmp_path / "no" / "report.txt")
    assert done.code == 2
    assert "report.txt: No such file" in done.err


def test_select_and_ignore(scrubber: Command, files: Path) -> None:
    def told(*options: str) -> set[str]:
        done = scrubber("check", files / "a-rejects.edi", "--format", "jsonl", *RECEIVED, *options)
        return {f["edit"] for line in done.out.splitlines() for f in json.loads(line)["findings"]}

    assert {"DX-10", "DX-01", "PTR-05"} <= told()
    assert told("--select", "DX-10,PTR-05") == {"DX-10", "PTR-05"}
    assert told("--select", "DX-10", "--select", "PTR") == {"DX-10", "PTR-05"}
    assert not {"DX-10", "DX-01"} & told("--ignore", "DX")


def test_settings_are_found_upward_and_options_win(scrubber: Command, files: Path, tmp_path: Path) -> None:
    (tmp_path / "scrubber.toml").write_text('fail-on = "never"\n'.replace("-", "_"))
    assert scrubber("check", files / "a-rejects.edi", *RECEIVED).code == 0
    assert scrubber("check", files / "a-rejects.edi", *RECEIVED, "--fail-on", "reject").code == 1
    (tmp_path / "scrubber.toml").write_text("fial_on = 3\n")
    done = scrubber("check", files / "a-rejects.edi")
    assert done.code == 2
    assert "fail_on" in done.err


def test_redacted_output_names_no_claim(scrubber: Command, files: Path) -> None:
    done = scrubber("check", files / "a-rejects.edi", "--redact", *RECEIVED)
    assert "Claim 2 of set 0001" in done.out
    assert "NECK-" not in done.out
    assert "NFH4" not in done.out


def test_acknowledgements_are_written_beside_the_report(scrubber: Command, files: Path, tmp_path: Path) -> None:
    paths = [files / "a-rejects.edi", files / "b-clean.837"]
    done = scrubber("check", *paths, "--ack-dir", tmp_path / "acks", *RECEIVED, "--jobs", "2")
    assert done.code == 1
    names = {p.name for p in (tmp_path / "acks").iterdir()}
    assert names == {f"{n}.{e}{t}" for n in ("a-rejects", "b-clean") for e in ("999", "277ca") for t in ("", ".txt")}
    first = {p.name: p.read_bytes() for p in (tmp_path / "acks").iterdir()}
    scrubber("check", *paths, "--ack-dir", tmp_path / "acks", *RECEIVED)
    assert {p.name: p.read_bytes() for p in (tmp_path / "acks").iterdir()} == first
    assert b"NECK-1002" in first["a-rejects.277ca"]


def test_acknowledgements_of_an_earlier_run_are_not_judged(scrubber: Command, files: Path) -> None:
    first = scrubber("check", files / "inner", "--ack-dir", files / "inner", *RECEIVED)
    assert (first.code, len(list((files / "inner").iterdir()))) == (0, 5)
    assert scrubber("check", files / "inner", "--ack-dir", files / "inner", *RECEIVED) == first
    assert scrubber("check", files / "inner" / "warns.999").code == 3


def test_the_report_may_not_replace_the_claims(scrubber: Command, files: Path) -> None:
    before = (files / "b-clean.837").read_bytes()
    assert scrubber("check", files, "--output", files / "b-clean.837").code == 2
    assert (files / "b-clean.837").read_bytes() == before


def test_acknowledgements_of_two_files_never_overwrite_each_other(
    scrubber: Command, files: Path, tmp_path: Path
) -> None:
    shutil.copy(files / "b-clean.837", tmp_path / "b-clean.edi")
    done = scrubber("check", files / "b-clean.837", tmp_path / "b-clean.edi", "--ack-dir", tmp_path / "acks")
    assert done.code == 2
    assert "same names" in done.err


# When things go wrong --------------------------------------------------------------------------------------------


def test_a_crash_of_ours_ends_its_file_only_and_prints_no_data(
    scrubber: Command, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run.judge

    def judge(source: object, options: object, *, name: str) -> object:
        for number, event in enumerate(real(source, options, name=name)):  # type: ignore[arg-type]
            if "a-rejects" in name and number == 5:
                raise ValueError("CORWIN JASPER")
            yield event

    monkeypatch.setattr(run, "judge", judge)
    done = scrubber("check", files / "a-rejects.edi", files / "b-clean.837", "--format", "json", *RECEIVED)
    assert done.code == 3
    broken, whole = json.loads(done.out)["files"]
    assert broken["status"] == "unreadable"
    assert "ValueError" in broken["error"]
    assert whole["status"] == "accepted"
    assert "CORWIN" not in done.out + done.err
    assert "Traceback" not in done.err


def test_a_crash_elsewhere_apologises_without_a_traceback(
    scrubber: Command, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("CORWIN JASPER")

    monkeypatch.setattr(run, "make_report", fail)
    done = scrubber("check", files / "a-rejects.edi")
    assert done.code == 3
    assert "KeyError" in done.err
    assert "CORWIN" not in done.err
    assert "Traceback" not in done.err


def test_a_process_that_dies_costs_one_file(scrubber: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux" or sys.version_info >= (3, 14):
        pytest.skip("the processes must inherit the patched function")
    real = run._judge_file

    def judge_file(request: object, path: str, *rest: object) -> bool:
        if "a-rejects" in path:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(request, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "_judge_file", judge_file)
    paths = [files / "b-clean.837", files / "a-rejects.edi", files / "inner" / "warns"]
    done = scrubber("check", *paths, "--jobs", "2", "--format", "json", *RECEIVED)
    assert done.code == 3
    assert [f["status"] for f in json.loads(done.out)["files"]] == ["accepted", "unreadable", "accepted"]
    assert "want of memory" in done.err


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")
def test_a_reader_that_leaves_early_is_no_trouble(tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(40):
        shutil.copy(QUICKSTART, many / f"{number}.837")
    command = [sys.executable, "-m", "scrubber", "check", str(many), "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(60) == cli.PIPE_CLOSED
        assert running.stderr.read() == b""


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")
def test_a_reader_that_leaves_before_the_last_words_is_no_finding(tmp_path: Path) -> None:
    """As in ``scrubber check FILE 2>&1 | head``: what is said of a file that could not be judged finds nobody."""
    (tmp_path / "letter.txt").write_text("no claims")
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "scrubber", "check", "letter.txt"],
            stdout=subprocess.DEVNULL, stderr=write, cwd=tmp_path, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(write)
    assert done.returncode == cli.PIPE_CLOSED


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_is_quiet_and_leaves_no_half_report(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scrubber", "check", "-", "--output", "report.txt"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write(base("office"))
        running.stdin.flush()
        while not list(tmp_path.glob(".report.txt.*")):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == cli.INTERRUPTED
        assert running.stderr.read().strip() == b""
    assert list(tmp_path.iterdir()) == []


FULL = Path("/dev/full")

EVERYWHERE = {
    "check": ["check", QUICKSTART],
    "check as JSON": ["check", QUICKSTART, "--format", "json"],
    "a long report": ["check", QUICKSTART, "--format", "html"],
    "filter": ["filter", "-", "--accepted", "-"],
    "diff": ["diff", QUICKSTART, "--received-b", "2026-01-01"],
    "fix": ["fix", QUICKSTART],
    "fix in a pipe": ["fix", "-", "--out", "-", "--quiet"],
    "tables": ["tables", "list"],
    "edits": ["edits"],
    "explain": ["explain", "DX-10"],
    "help": ["--help"],
}


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_full_disk_under_standard_output_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "scrubber", *map(str, EVERYWHERE[name])]
    with FULL.open("wb") as full, QUICKSTART.open("rb") as claims:
        done = subprocess.run(
            command, stdin=claims, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60, check=False
        )
    assert done.stderr.decode().splitlines() == ["scrubber: standard output: No space left on device"]
    assert done.returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
def test_a_standard_output_that_is_closed_is_told_and_needed_only_where_it_is_written(tmp_path: Path) -> None:
    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = shlex.join([sys.executable, "-m", "scrubber", *arguments])
        return subprocess.run(
            f"{command} >&-", shell=True, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60, check=False, text=True
        )

    done = ask("check", str(QUICKSTART))
    assert (done.returncode, done.stderr) == (2, "scrubber: standard output: is closed\n")
    done = ask("check", str(QUICKSTART), "--output", "report.txt", *RECEIVED)
    assert (done.returncode, done.stderr) == (1, "")
    assert (tmp_path / "report.txt").read_text("utf-8").startswith(str(QUICKSTART))


# Other commands --------------------------------------------------------------------------------------------------


def test_version_and_help_load_nothing_heavy(tmp_path: Path) -> None:
    heavy = ("pydantic", "lxml", "orjson", "pyx12", "asyncio", "scrubber.pipeline", "scrubber.catalogue")
    code = f"""
import sys
from scrubber.cli import run_command
for arguments in (["--version"], ["--help"], ["check", "--help"]):
    assert run_command(arguments) == 0
loaded = [name for name in {heavy!r} if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"scrubber ")


def test_help_teaches_with_examples() -> None:
    runner = CliRunner()
    top = runner.invoke(cli.cli, ["--help"])
    assert top.exit_code == 0
    assert "scrubber check claims.837" in top.output
    check = runner.invoke(cli.cli, ["check", "--help"])
    assert "Exit codes:" in check.output
    for option in ("--format", "--output", "--fail-on", "--select", "--ignore", "--profile", "--config", "--received",
                   "--redact", "--ack-dir", "--quiet", "--no-color", "--jobs", "--pack"):  # fmt: skip
        assert option in check.output


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its path, groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


def options(command: click.Command) -> dict[str, click.Option]:
    return {name: o for o in command.params if isinstance(o, click.Option) for name in o.opts}


def test_every_command_and_option_says_what_it_does() -> None:
    for path, command in commands(cli.cli):
        assert command.help, path
        assert not command.get_short_help_str(limit=70).endswith("..."), path
        for name, option in options(command).items():
            assert option.help, f"{path} {name}"


def test_what_commands_share_they_have_and_say_alike() -> None:
    found = {path: options(command) for path, command in commands(cli.cli)}
    told: dict[str, set[str | None]] = {}
    for has in found.values():
        for name, option in has.items():
            told.setdefault(name, set()).add(option.help)
    shared = ("--select", "--ignore", "--require", "--profile", "--config", "--data", "--received", "--no-color")
    assert all(len(told[name]) == 1 for name in shared)
    for path in ("check", "filter", "fix", "diff"):
        assert {*shared, "--pack", "--redact", "--quiet", "--fail-on"} <= found[path].keys(), path
    assert [path for path, has in found.items() if "--jobs" in has] == ["check"]


def test_help_names_the_kinds_of_tables() -> None:
    said = CliRunner().invoke(cli.cli, ["tables", "add", "--help"]).output
    named = re.search(r"Kinds:\n(.*?)\n\n", said, re.DOTALL)
    assert named is not None
    assert {n.strip(",") for line in named[1].splitlines() for n in line.strip().partition("   ")[0].split()} == set(
        KINDS
    )


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_filter_is_coloured_on_a_terminal_alone(tmp_path: Path) -> None:
    def ask(*arguments: str) -> str:
        """What a terminal is shown."""
        import pty

        screen, terminal = pty.openpty()
        command = [sys.executable, "-m", "scrubber", "filter", str(QUICKSTART), "--out", "out", *RECEIVED, *arguments]
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
        done = subprocess.run(
            command, stdout=terminal, stderr=subprocess.PIPE, cwd=tmp_path, env=environment, timeout=60, check=False
        )
        said = os.read(screen, 1 << 16).decode()
        os.close(terminal)
        os.close(screen)
        assert (done.returncode, done.stderr) == (1, b"")
        return said

    assert "\x1b[1;31m3 rejected" in ask()
    assert "\x1b" not in ask("--no-color")
    assert "3 rejected" in ask("--no-color")


def test_python_m_scrubber_is_scrubber(tmp_path: Path) -> None:
    done = process("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.decode().split()[0] == "scrubber"


def test_edits_lists_the_catalogue(scrubber: Command) -> None:
    records = json.loads(scrubber("edits", "--format", "json").out)
    ids = {record["id"] for record in records}
    assert {"DX-10", "CLM-02", "NCCI-02", "TEL-01"} <= ids
    listed = scrubber("edits").out
    assert all(id in listed for id in ids)
    ncci = json.loads(scrubber("edits", "--pack", "ncci", "--format", "json").out)
    assert {record["pack"] for record in ncci} == {"ncci"}


@pytest.mark.parametrize("called", ["DX-10", "dx-10", "cervicalgia-with-cervical-disc-disorder"])
def test_explain_shows_an_edit_by_id_or_name(scrubber: Command, called: str) -> None:
    done = scrubber("explain", called)
    assert done.code == 0
    assert done.out.startswith("DX-10  cervicalgia-with-cervical-disc-disorder")
    for part in ("Why", "What to do", "Source", "Breaks it", "Holds it"):
        assert part in done.out


def test_tables_list_names_editions_and_dates(scrubber: Command) -> None:
    records = {r["name"]: r for r in json.loads(scrubber("tables", "list", "--format", "json").out)}
    assert records["icd10cm-codes"]["from"] == "2015-10-01"
    assert records["icd10cm-codes"]["rows"] > 70_000
    assert "partial" in records["ncci-ptp"]["edition"]
    listed = scrubber("tables", "list").out
    assert all(name in listed for name in records)


@pytest.mark.parametrize("name", sorted(p.stem for p in BASE.glob("*.837")))
def test_every_base_file_passes(scrubber: Command, name: str) -> None:
    done = scrubber("check", BASE / f"{name}.837", *RECEIVED, "--fail-on", "warning")
    assert (done.code, done.err) == (0, "")


def test_progress_is_shown_in_its_time_and_wiped_away(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 0.5, 1.1, 1.2, 1.4])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    out = io.StringIO()
    shown = progress.Progress(out, 4_000_000)
    shown.add(1_000_000)
    shown.clear()
    assert out.getvalue() == ""  # Nobody needs it for a short run.
    shown.add(1_000_000)
    assert out.getvalue() == "\r\x1b[K50 % of 4.0 MB judged"
    assert shown.watch(io.BytesIO(b"123456")).read(4) == b"1234"
    shown.clear()
    assert out.getvalue().endswith("judged\r\x1b[K")
