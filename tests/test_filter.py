"""The filter as its users meet it: what is written, when nothing is, and what the command says."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ack_validator import find_faults
from reporting import BASE, QUICKSTART, base, catalogue
from splitting import Writer, lay_out, list_claims

from scrubber import cli, filtering
from scrubber.config import ConfigError
from scrubber.filtering import FilterResult, filter_file
from scrubber.pipeline import Options, open_sources
from scrubber.reports import readback
from scrubber.reports.outbound import AckOptions, Numbers
from scrubber.reports.readback import Unsound, read_277ca, read_999, read_claims
from scrubber.reports.split.original import Original
from scrubber.reports.split.portion import Portion

RECEIVED = date(2026, 9, 20)
CLOCK = datetime(2026, 9, 20, 12, 0)
ARGUMENTS = ("--received", "2026-09-20")

FILES = (
    ".999", ".999.txt", ".277ca", ".277ca.txt", ".accepted.837", ".rejected.837", ".report.html", ".report.json",
)  # fmt: skip


def run(source: Path | bytes, out: Path, *, name: str | None = None, **settings: Any) -> FilterResult:
    """Filter a file, or these bytes as ``claims.837``."""
    if isinstance(source, bytes):
        path = out.parent / "claims.837"
        path.write_bytes(source)
        source = path
    how = {key: settings.pop(key) for key in ("numbers", "redact") if key in settings}
    options = Options(RECEIVED, catalogue(), sources=open_sources(None), strict=True, **settings)
    return filter_file(source, out, options, name=name, clock=CLOCK, **how)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


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


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.exists() else set()


# What is written -----------------------------------------------------------------------------------------------------


def test_a_file_becomes_two_with_their_answers(out: Path) -> None:
    result = run(QUICKSTART, out)
    assert result.error is None
    assert (result.status, result.totals.claims, result.totals.accepted, result.totals.rejected) == ("partial", 5, 2, 3)
    assert names(out) == {f"quickstart{ending}" for ending in FILES}
    assert {file.name for file in result.files} == names(out)
    whole = list_claims(QUICKSTART.read_bytes())
    accepted, rejected = ((out / f"quickstart.{fate}.837").read_bytes() for fate in ("accepted", "rejected"))
    assert sorted([*list_claims(accepted), *list_claims(rejected)]) == sorted(whole)
    statuses = {c["claim"]: c["status"] for c in document(out, "quickstart")["claims"]}
    for half, status in ((accepted, "accepted"), (rejected, "rejected")):
        ids = [claim.claim.split(b"*")[1].decode() for claim in list_claims(half)]
        assert ids == [claim for claim, fate in statuses.items() if fate == status]
    told = read_277ca(out / "quickstart.277ca")
    assert (told.accepted, told.rejected) == (2, 3)
    assert told.charge_accepted == result.totals.charge_accepted
    assert read_claims(out / "quickstart.rejected.837").charge == told.charge_rejected


def document(out: Path, name: str = "claims") -> Any:
    return json.loads((out / f"{name}.report.json").read_bytes())["files"][0]


def test_only_their_owner_reads_the_files(out: Path) -> None:
    run(QUICKSTART, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE((out / name).stat().st_mode) for name in names(out)} == {0o600}


def test_a_clean_file_is_accepted_as_it_is(out: Path) -> None:
    for path in sorted(BASE.glob("*.837")):
        result = run(path, out)
        assert result.status == "accepted", path.name
        accepted = result.file(".accepted.837")
        assert accepted is not None
        assert accepted.read_bytes() == path.read_bytes()
        assert result.file(".rejected.837") is None


def test_the_same_file_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    run(QUICKSTART, out)
    run(QUICKSTART, tmp_path / "again")
    for name in names(out):
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


@pytest.mark.parametrize("half", ["accepted", "rejected"])
def test_what_was_filtered_can_be_filtered_again(half: str, out: Path) -> None:
    run(QUICKSTART, out)
    once = out / f"quickstart.{half}.837"
    result = run(once, out, name="again")
    assert result.status == half
    assert names(out) & {"again.accepted.837", "again.rejected.837"} == {f"again.{half}.837"}
    assert (out / f"again.{half}.837").read_bytes() == once.read_bytes()


def test_a_ta1_comes_only_where_one_is_due(out: Path) -> None:
    asked = base("office", ("*0*T*:", "*1*T*:"))
    assert run(asked, out).file(".ta1") is not None
    assert run(base("office"), out).file(".ta1") is None
    assert "claims.ta1" not in names(out), "the older answer speaks of another file"
    refused = run(base("office", ("IEA*1*000000101", "IEA*1*000000999")), out)
    assert refused.status == "rejected"
    assert {".ta1", ".ta1.txt"} <= {file.name.removeprefix("claims") for file in refused.files}
    assert refused.file(".999") is None
    assert refused.file(".rejected.837") is not None


def test_older_results_of_the_name_are_replaced(out: Path) -> None:
    run(base("office", ("M542", "M549999")), out)
    assert "claims.rejected.837" in names(out)
    run(base("office"), out)
    assert "claims.rejected.837" not in names(out)
    assert "claims.accepted.837" in names(out)


def test_control_numbers_run_on(out: Path) -> None:
    numbers = Numbers.starting(AckOptions(clock=CLOCK))
    run(base("office"), out, numbers=numbers)
    first = (out / "claims.277ca").read_text().split("*")[13]
    run(base("office"), out, numbers=numbers)
    assert (out / "claims.277ca").read_text().split("*")[13] > first
    assert numbers.interchange == 5


def test_reports_keep_silent_about_patients_where_asked(out: Path) -> None:
    run(QUICKSTART, out, redact=True)
    for ending in ("json", "html"):
        text = (out / f"quickstart.report.{ending}").read_text()
        assert "CORWIN" not in text.upper()
        assert "NFH400118" not in text
    assert b"CORWIN" in (out / "quickstart.accepted.837").read_bytes()


# Whole sets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["business", "syntax"])
def test_one_claim_may_take_its_set_along(fault: str, out: Path, tmp_path: Path) -> None:
    """The acknowledgements say the same as the files: all of the set is rejected, and why."""
    change = ("HI*ABK:M5412~", "HI*ABK:M54129~") if fault == "business" else ("DTP*472*D8*20260908~\n", "")
    data = base("batch", change, *([("SE*106*", "SE*105*")] if fault == "syntax" else []))
    alone = run(data, out)
    assert (alone.totals.accepted, alone.totals.rejected) in ((4, 1), (0, 5))
    result = run(data, out, reject_unit="transaction")
    assert (result.totals.accepted, result.totals.rejected) == (0, 5)
    assert result.status == "rejected"
    rejected = result.file(".rejected.837")
    assert rejected is not None
    assert rejected.read_bytes() == data
    assert result.file(".accepted.837") is None
    claims = document(out)["claims"]
    assert all(any(f["severity"] == "reject" for f in claim["findings"]) for claim in claims)
    for ending in (".999", ".277ca"):
        if (file := result.file(ending)) is not None:
            assert find_faults(file.read_text(), tmp_path) == []
    if fault == "business":
        told = read_277ca(out / "claims.277ca")
        assert (told.accepted, told.rejected) == (0, 5)
        assert read_999(out / "claims.999").sets == {"A": 1}


def test_a_clean_set_beside_it_stays(out: Path) -> None:
    data = base("two-sets", ("HI*ABK:M542", "HI*ABK:M549999"))
    result = run(data, out, reject_unit="transaction")
    assert (result.totals.accepted, result.totals.rejected) == (1, 1)
    accepted = result.file(".accepted.837")
    assert accepted is not None
    assert read_claims(accepted).claims == 1


# Files that cannot be filtered --------------------------------------------------------------------------------------


def test_a_file_that_is_no_claim_is_explained(out: Path) -> None:
    remittance = base("office", ("GS*HC", "GS*HP"), ("005010X222A1", "005010X221A1"))
    result = run(remittance, out)
    assert result.status == "unreadable"
    assert result.error is not None
    assert "remittance" in result.error
    assert names(out) == {f"claims{ending}" for ending in (".999", ".999.txt", ".report.html", ".report.json")}
    assert document(out)["error"] == result.error


def test_other_claims_alone_are_no_file_to_split(out: Path) -> None:
    result = run(base("office", ("005010X222A1", "005010X223A2"), ("005010X222A1", "005010X223A2")), out)
    assert result.status == "unreadable"
    assert result.file(".rejected.837") is None


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"hello"])
def test_a_file_that_is_not_x12_is_explained(data: bytes, out: Path) -> None:
    result = run(data, out)
    assert result.error
    assert names(out) == {"claims.report.html", "claims.report.json"}


def test_a_file_that_is_not_there_changes_nothing(out: Path, tmp_path: Path) -> None:
    run(base("office"), out)
    before = names(out)
    result = run(tmp_path / "missing.837", out, name="claims")
    assert result.status == "unreadable"
    assert result.error is not None
    assert "No such file" in result.error
    assert not result.files
    assert names(out) == before


def test_a_source_that_breaks_off_changes_nothing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was judged until then is worth nothing: the rest of its interchange is unknown."""
    keep = Original.keep

    class Broken(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            if not (data := self.data.read(size)):
                raise OSError(errno.EIO, "Input/output error")
            return data

    monkeypatch.setattr("scrubber.run.open", lambda *a: Broken(QUICKSTART.read_bytes()), raising=False)
    result = run(QUICKSTART, out)
    assert result.status == "unreadable"
    assert result.error is not None
    assert "Input/output error" in result.error
    assert not names(out)
    assert Original.keep is keep


def test_a_crash_of_ours_releases_nothing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(self: object, event: object) -> None:
        raise KeyError("CORWIN")

    monkeypatch.setattr("scrubber.pipeline._Judge._close_set", crash)
    result = run(QUICKSTART, out)
    assert result.status == "unreadable"
    assert result.error is not None
    assert "CORWIN" not in result.error
    assert not names(out)


# What does not reconcile ---------------------------------------------------------------------------------------------


def lose_a_claim(patch: pytest.MonkeyPatch) -> None:
    add = Portion.add

    def forget(self: Portion, claim: Any, above: Any) -> None:
        if self.claims != 1:
            add(self, claim, above)
        else:
            self.claims += 1

    patch.setattr(Portion, "add", forget)


def double_a_claim(patch: pytest.MonkeyPatch) -> None:
    add = Portion.add
    patch.setattr(Portion, "add", lambda self, claim, above: [add(self, claim, above), add(self, claim, above)])


def change_an_amount(patch: pytest.MonkeyPatch) -> None:
    read = Original.read
    patch.setattr(Original, "read", lambda self, start, end: read(self, start, end).replace(b"*245*", b"*254*"))


def forget_the_flag(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Portion, "_settle_flags", lambda self, depth: self._levels.__delitem__(slice(depth, None)))


def miscount(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("scrubber.reports.split.portion.count_segments", lambda text, terminator: text.count(b"*"))


def lose_a_status(patch: pytest.MonkeyPatch) -> None:
    from scrubber.reports import ack277ca

    write = ack277ca.write_claim
    told: list[object] = []

    def forget(spool: Any, verdict: Any, *rest: Any) -> None:
        told.append(verdict)
        if len(told) != 2:
            write(spool, verdict, *rest)

    patch.setattr(ack277ca, "write_claim", forget)


def miss_a_total(patch: pytest.MonkeyPatch) -> None:
    from scrubber.reports import ack277ca

    patch.setattr(ack277ca, "format_amount", lambda amount, digits=18: "1")


def claim_more_sets(patch: pytest.MonkeyPatch) -> None:
    from scrubber.reports import ack999

    build = ack999.annotate
    patch.setattr(
        ack999, "annotate",
        lambda elements, *rest: build([*elements[:4], "7", *elements[5:]] if elements[0] == "AK9" else elements, *rest),
    )  # fmt: skip


def forget_the_reason(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(filtering, "Events", _stripped(filtering.Events))


def _stripped(events: Any) -> Any:
    class Stripped(events):
        def __iter__(self) -> Any:
            for event in super().__iter__():
                if hasattr(event, "ordinal"):
                    event.findings = ()
                yield event

    return Stripped


def report_another_fate(patch: pytest.MonkeyPatch) -> None:
    from scrubber.reports.json_report import JsonReport

    put = JsonReport._put
    patch.setattr(JsonReport, "_put", lambda self, claim: put(self, claim.replace(b'"rejected"', b'"accepted"')))
    patch.setattr(JsonReport, "_put_together", lambda self, claims: [self._put(c) for c in claims.split(b"\0")])


@pytest.mark.parametrize(
    "tamper",
    [
        lose_a_claim, double_a_claim, change_an_amount, forget_the_flag, miscount, lose_a_status, miss_a_total,
        claim_more_sets, forget_the_reason, report_another_fate,
    ],
)  # fmt: skip
def test_what_does_not_agree_is_not_released(tamper, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of our own faults, made on purpose, is noticed before anything appears."""
    data = base("batch", ("HI*ABK:M5412~", "HI*ABK:M54129~"))
    # Besides, a subscriber with a patient whose claim goes: HL04 changes.
    data += (
        Writer()
        .write([[[[[(1, [1])]]]]])
        .replace("ABK:M542~LX*1~SV1*HC:99213*102", "ABK:M549999~LX*1~SV1*HC:99213*102")
        .encode()
    )
    edits = ("X12", "DX")
    assert run(data, out, name="before", select=edits).totals.rejected == 2
    before = names(out)
    tamper(monkeypatch)
    result = run(data, out, select=edits)
    assert result.error is not None
    assert "does not agree" in result.error
    assert result.status == "unreadable"
    assert not result.files
    assert names(out) == before


def test_a_disagreement_is_exit_code_3(scrubber: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lose_a_claim(monkeypatch)
    done = scrubber("filter", QUICKSTART, "--out", "out", *ARGUMENTS)
    assert done.code == 3
    assert "nothing was released" in done.err
    assert names(tmp_path / "out") == set()


# Trouble with the folder ----------------------------------------------------------------------------------------------


def test_a_full_disk_leaves_nothing_behind(scrubber: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(self: Original, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Original, "keep", full)
    done = scrubber("filter", QUICKSTART, "--out", "out", *ARGUMENTS)
    assert done.code == 2
    assert "No space left on device" in done.err
    assert "out" in done.err
    assert names(tmp_path / "out") == set()


def test_a_disk_that_fills_up_at_the_end_leaves_nothing_behind(
    scrubber: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = scrubber("filter", QUICKSTART, "--out", "out", *ARGUMENTS)
    assert done.code == 2
    assert "No space left on device" in done.err
    assert names(tmp_path / "out") == set()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(scrubber: Command, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    done = scrubber("filter", QUICKSTART, "--out", "out", *ARGUMENTS)
    assert done.code == 2
    assert "Permission denied" in done.err


def test_out_must_be_a_folder(scrubber: Command, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    done = scrubber("filter", QUICKSTART, "--out", "out", *ARGUMENTS)
    assert done.code == 2
    assert "not a folder" in done.err
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_in_the_way_of_a_file_leaves_nothing_behind(out: Path) -> None:
    (out / "claims.accepted.837").mkdir(parents=True)
    with pytest.raises(OSError, match=r"claims\.accepted\.837"):
        run(base("office"), out)
    assert names(out) == {"claims.accepted.837"}


# The command --------------------------------------------------------------------------------------------------------


def test_the_command_says_what_it_did(scrubber: Command, tmp_path: Path) -> None:
    done = scrubber("filter", QUICKSTART, "--out", "out", *ARGUMENTS)
    assert done.code == 1
    assert "5 claims: 2 accepted ($297.00), 3 rejected ($577.00)" in done.out
    assert "quickstart.accepted.837" in done.out
    assert done.err == ""
    assert scrubber("filter", QUICKSTART, "--out", "out", *ARGUMENTS, "--fail-on", "never").code == 0
    assert scrubber("filter", BASE / "office.837", "--out", "out", *ARGUMENTS).code == 0
    quiet = scrubber("filter", BASE / "office.837", "--out", "out", "--quiet", *ARGUMENTS)
    assert (quiet.out, quiet.err) == ("", "")


def test_every_file_is_filtered_and_the_highest_code_wins(scrubber: Command, tmp_path: Path) -> None:
    (tmp_path / "letter.837").write_text("Dear payer")
    done = scrubber("filter", QUICKSTART, "letter.837", BASE / "office.837", "--out", "out", *ARGUMENTS)
    assert done.code == 3
    assert "letter.837" in done.err
    assert {"office.accepted.837", "quickstart.rejected.837", "letter.report.json"} <= names(tmp_path / "out")


def test_acknowledgements_of_a_run_have_numbers_of_their_own(scrubber: Command, tmp_path: Path) -> None:
    scrubber("filter", QUICKSTART, BASE / "office.837", "--out", "out", *ARGUMENTS)
    numbers = [path.read_text().split("*")[13] for path in (tmp_path / "out").iterdir() if path.suffix != ".txt"
               and path.suffix in (".999", ".277ca")]  # fmt: skip
    assert len(set(numbers)) == 4


def test_claims_under_one_name_are_refused(scrubber: Command, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "claims.837").write_bytes(base("office"))
    done = scrubber("filter", "a/claims.837", "b/claims.837", "--out", "out", *ARGUMENTS)
    assert done.code == 2
    assert "same names" in done.err
    assert not (tmp_path / "out").exists()


def test_an_input_is_never_overwritten(scrubber: Command, tmp_path: Path) -> None:
    (tmp_path / "claims.837").write_bytes(base("office"))
    (tmp_path / "claims.accepted.837").write_bytes(base("auto"))
    done = scrubber("filter", "claims.837", "claims.accepted.837", "--out", ".", *ARGUMENTS)
    assert done.code == 2
    assert "would be overwritten" in done.err
    assert (tmp_path / "claims.accepted.837").read_bytes() == base("auto")
    done = scrubber("filter", "claims.837", "--accepted", "claims.837", *ARGUMENTS)
    assert done.code == 2
    assert "would be overwritten" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--accepted", "-", "--rejected", "-"),
        ("--accepted", "x", "--rejected", "./x"),
        ("--out", "o", "--select", "NO-1"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], scrubber: Command, tmp_path: Path) -> None:
    assert scrubber("filter", QUICKSTART, *arguments, *ARGUMENTS).code == 2
    assert names(tmp_path) == set()


def test_only_the_claims(scrubber: Command, tmp_path: Path) -> None:
    done = scrubber("filter", QUICKSTART, "--accepted", "good.837", "--rejected", "bad.837", *ARGUMENTS)
    assert done.code == 1
    assert names(tmp_path) == {"good.837", "bad.837"}
    assert read_claims(tmp_path / "good.837").claims == 2
    assert read_claims(tmp_path / "bad.837").claims == 3
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names(tmp_path)} == {0o600}


def test_a_folder_stands_for_its_claims_but_not_for_its_results(scrubber: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "claims.837").write_bytes(base("office"))
    for _ in range(2):
        done = scrubber("filter", "in", "--out", "in/done", *ARGUMENTS)
        assert done.code == 0
        assert done.out.count("accepted (") == 1


COMMAND = [sys.executable, "-m", "scrubber", "filter"]


def test_a_pipe_gets_the_accepted_claims_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "-", "--accepted", "-", *ARGUMENTS], input=QUICKSTART.read_bytes(), capture_output=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert len(list_claims(done.stdout)) == 2
    assert b"2 accepted" in done.stderr
    assert names(tmp_path) == set()
    again = subprocess.run(
        [*COMMAND, "-", "--accepted", "-", "--quiet", *ARGUMENTS], input=done.stdout, capture_output=True, cwd=tmp_path
    )
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, b"")


def test_a_pipe_and_a_folder_together(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "-", "--accepted", "-", "--out", "out", *ARGUMENTS],
        input=QUICKSTART.read_bytes(),
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.stdout == (tmp_path / "out" / "stdin.accepted.837").read_bytes()
    assert "stdin.277ca" in names(tmp_path / "out")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_being_stopped_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    data = QUICKSTART.read_bytes()
    with subprocess.Popen([*COMMAND, "-", "--out", "out", *ARGUMENTS], stdin=subprocess.PIPE, cwd=tmp_path) as running:
        assert running.stdin is not None
        running.stdin.write(data * 200)
        running.stdin.flush()
        deadline = time.monotonic() + 30
        while not names(tmp_path / "out") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert names(tmp_path / "out"), "nothing is being written: the test has come too late or too early"
        running.send_signal(number)
        running.stdin.close()
        assert running.wait(30) in (130, 143)
    assert names(tmp_path / "out") == set()


def test_wrong_options_are_an_operators_mistake(out: Path) -> None:
    with pytest.raises(ConfigError):
        run(QUICKSTART, out, select=("NO-SUCH",))
    assert names(out) == set()


# Reading back --------------------------------------------------------------------------------------------------------


CLEAN = lay_out(Writer().write([[[[[(1, []), (0, [1, 1])]]]]]), "lines").decode()


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("\nSE*", "\nSE*1", "SE01"),
        ("GE*1", "GE*2", "GE01"),
        ("IEA*1", "IEA*0", "IEA01"),
        ("*0001~\nGE", "*0002~\nGE", "SE02"),
        ("GE*1*1", "GE*1*2", "GE02"),
        ("IEA*1*000000001", "IEA*1*000000002", "IEA02"),
        ("IEA*1*000000001~\n", "", "IEA"),
        ("HL*3*1*", "HL*4*1*", "level 3"),
        ("HL*4*3*", "HL*4*2*", "level 4"),
        ("22*0", "22*1", "HL04 of level 2"),
        ("22*1", "22*0", "HL04 of level 3"),
        ("HL*5*3*23*0", "HL*5*3*23*1", "HL04 of level 5"),
    ],
)
def test_reading_back_notices(right: str, wrong: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "claims.837"
    path.write_text(CLEAN)
    assert read_claims(path).claims == 3
    assert read_claims(path).charge == Decimal("306.06")
    assert CLEAN.count(right) >= 1
    path.write_text(CLEAN.replace(right, wrong, 1))
    with pytest.raises(Unsound, match=says):
        read_claims(path)


def test_reading_back_goes_through_all_interchanges(tmp_path: Path) -> None:
    path = tmp_path / "claims.837"
    path.write_text(CLEAN * 3 + "\n\n")
    assert read_claims(path).claims == 9
    path.write_text(CLEAN + "junk")
    with pytest.raises(Unsound):
        read_claims(path)
    assert readback.read_claims(path.with_name("claims.837"), levels=False) if path.write_text(CLEAN) else None
