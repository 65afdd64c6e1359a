"""The watched folder as its users meet it: what goes where, what is taken and when, duplicates, history, notices."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import os
import smtplib
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ack_validator import find_faults
from watching import claims, drop, entries, files, folder, identify_file, make_service, outcomes, prove, run

from scrubber import cli
from scrubber.config import Config, ConfigError, Mail, Webhook, load
from scrubber.reports.readback import read_277ca
from scrubber.watch.intake import Inbox
from scrubber.watch.layout import Layout, split_name
from scrubber.watch.notices import send_mail


@pytest.fixture
def layout() -> Iterator[Layout]:
    with folder() as layout:
        yield layout


def text(path: Path) -> str:
    return path.read_text("utf-8")


# What goes where -----------------------------------------------------------------------------------------------------


def test_each_file_is_judged_and_laid_out(layout: Layout) -> None:
    drop(layout, "Tuesday batch.837", claims("quickstart"))
    drop(layout, "clean.837", claims())
    drop(layout, "letter.txt", b"hello")
    run(layout)
    assert outcomes(layout) == {"Tuesday batch.837": "partial", "clean.837": "accepted", "letter.txt": "failed"}
    assert files(layout, "accepted") == ["Tuesday batch.accepted.837", "clean.accepted.837"]
    assert files(layout, "rejected") == ["Tuesday batch.rejected.837"]
    assert files(layout, "failed") == ["letter.txt", "letter.txt.txt"]
    assert "no ISA segment" in text(layout.root / "failed/letter.txt.txt")
    assert files(layout, "inbox") == []
    assert [name.split("/")[1] for name in files(layout, "archive")] == ["Tuesday batch.837", "clean.837"]
    names = ("999", "999.txt", "277ca", "277ca.txt")
    wanted = [f"clean/clean.{name}" for name in names] + ["clean/report.html", "clean/report.json"]
    assert [name for name in files(layout, "reports") if name.startswith("clean/")] == sorted(wanted)
    report = json.loads(text(layout.root / "reports/clean/report.json"))
    assert report["files"][0]["path"] == "clean.837", "reports call a file by its name and by nothing else"
    prove(layout, 3)


def test_everything_that_is_written_is_for_its_owner_alone(layout: Layout) -> None:
    drop(layout, "a.837", claims("quickstart"))
    run(layout)
    for part in ("accepted", "rejected", "reports", ".scrubber"):
        for name in files(layout, part):
            mode = stat.S_IMODE((layout.root / part / name).stat().st_mode)
            assert mode & 0o077 == 0, f"{part}/{name} is {mode:o}"
    assert stat.S_IMODE(layout.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.index.stat().st_mode) == 0o600


def test_the_same_name_every_day_writes_over_nothing(layout: Layout) -> None:
    for number in range(3):
        drop(layout, "claims.837", claims(patient=f"SAME{number:05d}"))
        run(layout)
    assert files(layout, "accepted") == ["claims-2.accepted.837", "claims-3.accepted.837", "claims.accepted.837"]
    prove(layout, 3)


def test_what_somebody_else_put_there_is_not_written_over(layout: Layout) -> None:
    foreign = layout.root / "accepted/a.accepted.837"
    foreign.write_text("not ours")
    drop(layout, "a.837", claims())
    run(layout)
    assert foreign.read_text() == "not ours"
    assert (layout.root / "accepted/a-2.accepted.837").exists()


def test_control_numbers_of_answers_run_on_and_never_repeat(layout: Layout) -> None:
    for number in range(4):
        drop(layout, f"{number}.837", claims(patient=f"NUMB{number:05d}"))
    run(layout, workers=2)
    run(layout)
    drop(layout, "later.837", claims(patient="LATER0001"))
    run(layout)
    sent = [
        interchange.number
        for name in files(layout, "reports")
        if name.endswith((".999", ".277ca"))
        for interchange in identify_file(layout.root / "reports" / name).interchanges
    ]
    assert len(sent) == 10
    assert len(set(sent)) == 10


# What is taken, and when ---------------------------------------------------------------------------------------------


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_file_is_taken_when_it_has_been_still_for_a_while(layout: Layout) -> None:
    clock = Clock()
    inbox = Inbox(layout.inbox, 2.0, clock)
    path = drop(layout, "a.837", b"ISA", age=0)
    assert inbox.look() == []
    clock.now += 1.9
    assert inbox.look() == []
    path.write_bytes(b"ISA*00")
    clock.now += 1.9
    assert inbox.look() == [], "it has grown: it waits anew"
    clock.now += 2.0
    assert [one.name for one in inbox.look()] == [b"a.837"]


def test_a_file_that_was_moved_here_whole_is_taken_at_once(layout: Layout) -> None:
    drop(layout, "a.837", b"ISA", age=3600)
    assert [one.name for one in Inbox(layout.inbox, 2.0).look()] == [b"a.837"]


def test_a_file_from_the_future_settles_by_our_own_clock(layout: Layout) -> None:
    """The clock went back, or the share's runs ahead."""
    clock = Clock()
    inbox = Inbox(layout.inbox, 2.0, clock)
    drop(layout, "a.837", b"ISA", age=-86400)
    assert inbox.look() == []
    clock.now += 2.0
    assert len(inbox.look()) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only Linux can tell")
def test_a_file_that_is_open_for_writing_is_left_alone(layout: Layout) -> None:
    drop(layout, "b.837", claims())
    path = drop(layout, "a.837", b"")
    with path.open("ab") as stream:
        stream.write(claims()[:400])
        stream.flush()
        os.utime(path, (1, 1))
        inbox = Inbox(layout.inbox, 0)
        for one in inbox.look():
            assert inbox.check(one) is (one.name == b"b.837")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only Linux can tell")
def test_once_waits_a_while_for_a_file_that_is_open_for_writing(layout: Layout) -> None:
    writers = []
    for name, seconds in (("soon.837", 1), ("never.837", 60)):
        path = drop(layout, name, claims())
        command = ["sh", "-c", f"exec 3>>{path}; touch -d @1 {path}; echo; exec sleep {seconds}"]
        writers.append(subprocess.Popen(command, stdout=subprocess.PIPE))
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    try:
        assert run(layout).left == 1
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert outcomes(layout) == {"soon.837": "accepted"}
    assert files(layout, "inbox") == ["never.837"]


def test_unfinished_names_and_dotfiles_are_ignored(layout: Layout) -> None:
    for name in (".hidden.837", "a.837.tmp", "a.837.part", "B.TMP", "c.837~"):
        drop(layout, name, claims())
    run(layout)
    assert entries(layout) == []
    assert len(files(layout, "inbox")) == 5


def test_files_dropped_together_are_taken_in_order(layout: Layout) -> None:
    for number in (10, 9, 2, 1):
        drop(layout, f"batch{number}.837", claims(patient=f"ORD{number:06d}"), age=60)
        path = layout.inbox / f"batch{number}.837"
        os.utime(path, (1_000_000, 1_000_000))
    drop(layout, "earlier.837", claims(patient="ORD000099"), age=2_000_000_000 - 1_000_000)
    os.utime(layout.inbox / "earlier.837", (999_999, 999_999))
    run(layout)
    taken = [os.fsdecode(entry.name) for entry in entries(layout)]
    assert taken == ["earlier.837", "batch1.837", "batch2.837", "batch9.837", "batch10.837"]


def test_events_are_heard_at_once(layout: Layout) -> None:
    pytest.importorskip("watchfiles")
    service = make_service(layout, once=False, poll=False, scan=60, settle=0, method="spawn")
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        _wait_for(lambda: layout.ledger.exists() and layout.index.exists())
        time.sleep(0.5)
        drop(layout, "a.837", claims())
        _wait_for(lambda: (layout.root / "accepted/a.accepted.837").exists())
    finally:
        service.stop()
        thread.join(30)
    prove(layout, 1)


def _wait_for(holds: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("name", "stem", "ending"),
    [
        (b"claims.837", "claims", ".837"),
        (b"a\nb\x1b[31m.837", "a_b_[31m", ".837"),
        ("Büro März.837".encode(), "Büro März", ".837"),
        (b"\xff\xfe.837", "��", ".837"),
        (b"..", "file", ""),
        (b"CON.837", "_CON", ".837"),
        (b"-rf.837", "_-rf", ".837"),
        (b"a\\..\\b:c.837", "a_.._b_c", ".837"),
        ("\u202egpj.837".encode(), "_gpj", ".837"),
        (b"x" * 251 + b".837", "x" * 100, ".837"),
    ],
)
def test_names_are_made_harmless(name: bytes, stem: str, ending: str) -> None:
    assert split_name(name) == (stem, ending)


# Duplicates and history ----------------------------------------------------------------------------------------------


def test_the_same_bytes_are_judged_once(layout: Layout) -> None:
    data = claims("quickstart")
    drop(layout, "one.837", data)
    run(layout)
    drop(layout, "two.837", data)
    run(layout)
    assert outcomes(layout) == {"one.837": "partial", "two.837": "duplicate"}
    assert files(layout, "accepted") == ["one.accepted.837"]
    assert "byte for byte, as one.837" in text(layout.root / "reports/two/duplicate.txt")
    prove(layout, 2)


def test_the_same_bytes_dropped_together_are_judged_once(layout: Layout) -> None:
    data = claims("quickstart")
    for number in range(4):
        drop(layout, f"{number}.837", data)
    run(layout, workers=2)
    assert sorted(str(outcome) for outcome in outcomes(layout).values()) == ["duplicate"] * 3 + ["partial"]
    assert len(files(layout, "accepted")) == 1
    prove(layout, 4)


def test_a_control_number_that_was_used_waits_for_a_person(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    first = claims(number=4711)
    drop(layout, "one.837", first)
    run(layout)
    drop(layout, "two.837", claims(number=4711, patient="OTHER0001"))
    run(layout)
    assert outcomes(layout)["two.837"] == "failed"
    assert "control number (ISA13) was used before" in text(layout.root / "failed/two.837.txt")
    assert cli.run_command(["watch", "retry", str(layout.root / "failed/two.837")]) == 0
    assert files(layout, "failed") == []
    run(layout)
    assert [entry.outcome for entry in entries(layout)] == ["accepted", "retried", "accepted"]
    prove(layout, 3)


def test_the_setting_judges_a_used_control_number(layout: Layout) -> None:
    for patient in ("ONE000001", "TWO000001"):
        drop(layout, f"{patient}.837", claims(number=5, patient=patient))
    run(layout, same_number="judge")
    assert set(outcomes(layout).values()) == {"accepted"}


def test_test_and_production_interchanges_have_numbers_of_their_own(layout: Layout) -> None:
    drop(layout, "test.837", claims(number=6, patient="USAGE0001").replace(b"*0*P*:~", b"*0*T*:~", 1))
    drop(layout, "real.837", claims(number=6, patient="USAGE0002").replace(b"*0*T*:~", b"*0*P*:~", 1))
    run(layout)
    assert set(outcomes(layout).values()) == {"accepted"}


def test_a_duplicate_is_answered_with_746_where_that_is_wanted(layout: Layout, tmp_path: Path) -> None:
    data = claims("quickstart")
    drop(layout, "one.837", data)
    drop(layout, "two.837", data)
    run(layout, answer_duplicates=True)
    path = layout.root / "reports/two/two.277ca"
    answer = text(path)
    assert find_faults(answer, tmp_path) == []
    assert "STC*A3:746*" in answer
    assert "HL*3*" not in answer, "the claims are only counted"
    assert read_277ca(path).rejected == 5
    assert "submitted before" in text(layout.root / "reports/two/two.277ca.txt")
    prove(layout, 2)


def warned(layout: Layout, slot: str) -> list[str]:
    report = json.loads(text(layout.root / f"reports/{slot}/report.json"))
    return [f["edit"] for claim in report["files"][0]["claims"] for f in claim["findings"]]


def test_a_claim_of_an_earlier_file_is_told_as_a_duplicate(layout: Layout) -> None:
    drop(layout, "one.837", claims())
    run(layout)
    drop(layout, "two.837", claims())
    drop(layout, "three.837", claims(patient="SOMEONE01"))
    run(layout)
    assert "CLM-38" not in warned(layout, "one")
    assert "CLM-38" in warned(layout, "two")
    assert "CLM-38" not in warned(layout, "three")
    assert "accepted before, as part of one on" in text(layout.root / "reports/two/report.json")


def test_claims_of_files_judged_side_by_side_meet_too(layout: Layout) -> None:
    for number in range(4):
        drop(layout, f"{number}.837", claims())
    run(layout, workers=2)
    assert sum("CLM-38" in warned(layout, str(number)) for number in range(4)) == 3


def test_a_replacement_is_no_duplicate_and_a_void_makes_room(layout: Layout) -> None:
    drop(layout, "first.837", claims())
    run(layout)
    for frequency, name in ((b"7", "replacement"), (b"8", "void")):
        data = claims().replace(b":B:1*", b":B:%b*" % frequency).replace(b"REF*D9*PRCH0000101", b"REF*F8*ICN123456")
        drop(layout, f"{name}.837", data)
        run(layout)
        assert outcomes(layout)[f"{name}.837"] == "accepted"
        assert "CLM-38" not in warned(layout, name)
    drop(layout, "anew.837", claims())
    run(layout)
    assert "CLM-38" not in warned(layout, "anew")


def test_rejected_claims_are_not_remembered(layout: Layout) -> None:
    """They are corrected and sent again."""
    broken = claims().replace(b"2990001010", b"2990001011")
    drop(layout, "one.837", broken)
    run(layout)
    assert outcomes(layout)["one.837"] == "rejected"
    drop(layout, "two.837", claims())
    run(layout)
    assert "CLM-38" not in warned(layout, "two")


def neck_visit(day: int) -> bytes:
    """A visit for neck pain alone."""
    data = claims().replace(b"HI*ABK:M542*ABF:M62838~", b"HI*ABK:M542~").replace(b"***1:2~", b"***1~")
    return data.replace(b"DTP*472*D8*20260915", b"DTP*472*D8*202609%02d" % day)


def test_visits_for_neck_pain_are_counted_over_files(layout: Layout) -> None:
    for day in range(1, 8):
        drop(layout, f"visit{day}.837", neck_visit(day))
        run(layout)
    told = [day for day in range(1, 8) if "NEC-10" in warned(layout, f"visit{day}")]
    assert told == [6, 7], "five pass unnoticed"
    said = text(layout.root / "reports/visit6/report.json")
    assert "visit 6 within 90 days, counting the claims accepted before" in said


def test_the_history_holds_no_patient_data_and_forgets(layout: Layout) -> None:
    drop(layout, "visit.837", neck_visit(1))
    run(layout)
    ledger = layout.ledger.read_bytes()
    for secret in (b"20260901", b"M542", b"99213", b"2990001010", b"CORWIN", b"NFH400118"):
        assert secret not in ledger
    from scrubber.watch.history import forget
    from scrubber.watch.ledger import Ledger

    with contextlib.closing(Ledger(layout.ledger)) as book:
        assert book.run("SELECT count(*) FROM claim").fetchone()[0] == 1
        assert forget(book, 30) == 0
        book.run("UPDATE claim SET day = day - 31")
        book.run("UPDATE visit SET kept = kept - 31")
        assert forget(book, 30) == 2


# Telling people ------------------------------------------------------------------------------------------------------


def test_the_index_shows_the_day(layout: Layout) -> None:
    drop(layout, "<b>x.837", claims("quickstart"))
    drop(layout, "junk.837", b"nothing")
    run(layout)
    page = text(layout.index)
    assert "&lt;b&gt;x.837" in page
    assert "<b>x" not in page
    assert 'href="reports/_b_x/report.html"' in page
    assert 'href="failed/junk.837.txt"' in page
    assert page.index("x.837") != -1
    assert "Not judged" in page
    assert page.count("<script") == 1
    for link in [part.split('"')[0] for part in page.split('href="')[1:]]:
        assert (layout.root / link).is_file(), link


def test_the_log_holds_no_names_unless_asked(layout: Layout) -> None:
    log = io.StringIO()
    drop(layout, "Corwin Jasper.837", claims())
    make_service(layout, log).run()
    assert "accepted" in log.getvalue()
    assert "Corwin" not in log.getvalue()
    drop(layout, "Corwin Jasper.837", claims(patient="CORWIN001"))
    make_service(layout, log, log_names=True).run()
    assert "Corwin Jasper.837" in log.getvalue()


class _Hook(http.server.BaseHTTPRequestHandler):
    said: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.said.append(json.loads(body) | {"token": self.headers["Authorization"]})
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_webhook_is_told_of_rejects_without_patient_data(layout: Layout, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    _Hook.said = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook = Webhook(f"http://127.0.0.1:{server.server_port}/x", str(token))
        drop(layout, "Corwin.837", claims("quickstart"))
        drop(layout, "clean.837", claims())
        run(layout, webhook=hook)
        server.shutdown()
    (said,) = _Hook.said
    assert (said["outcome"], said["accepted"], said["rejected"], said["token"]) == ("partial", 2, 3, "Bearer s3cret")
    assert "Corwin" not in json.dumps(said)
    assert all(entry.told for entry in entries(layout))


def test_mail_names_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    class Server:
        def __init__(self, host: str, port: int, **_: object) -> None:
            self.port = port

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def starttls(self, **_: object) -> None:
            sent.append("tls")

        def send_message(self, message: Any) -> None:
            sent.append(message)

    monkeypatch.setattr(smtplib, "SMTP", Server)
    said = {"file": 3, "outcome": "partial", "claims": 5, "accepted": 2, "rejected": 3, "at": "2026-09-20T12:00:00"}
    send_mail(Mail("mail.example", "a@example.org", ("b@example.org", "c@example.org")), said)
    assert sent[0] == "tls"
    assert sent[1]["Subject"] == "scrubber: File 3: 2 of 5 claims accepted, 3 rejected."
    assert sent[1]["To"] == "b@example.org, c@example.org"


def test_a_server_that_does_not_answer_holds_nothing_up(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubber.watch.notices.PAUSE", 0.01)
    log = io.StringIO()
    drop(layout, "a.837", claims("quickstart"))
    make_service(layout, log, webhook=Webhook("http://127.0.0.1:9/")).run()
    assert outcomes(layout) == {"a.837": "partial"}
    assert "notice failed" in log.getvalue()


# Commands and settings -----------------------------------------------------------------------------------------------


def test_the_command_knows_a_folder_from_a_command(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    drop(layout, "a.837", claims("quickstart"))
    assert cli.run_command(["watch", str(layout.root), "--once", "--received", "2026-09-20", "--quiet"]) == 1
    assert cli.run_command(["watch", "status", str(layout.root)]) == 0
    assert "1 accepted in part" in capsys.readouterr().out
    assert cli.run_command(["watch", "status", str(layout.root), "--format", "json"]) == 0
    state = json.loads(capsys.readouterr().out)
    assert (state["watched"], state["waiting"], state["claims"]) == (False, 0, {"accepted": 2, "rejected": 3})
    assert cli.run_command(["watch", "verify", str(layout.root), "--complete"]) == 0
    (layout.root / "accepted/a.accepted.837").unlink()
    assert cli.run_command(["watch", "verify", str(layout.root)]) == 0, "what is sent is taken away"
    assert cli.run_command(["watch", "verify", str(layout.root), "--complete"]) == 1
    (layout.root / "rejected/a.rejected.837").write_bytes(b"changed")
    assert cli.run_command(["watch", "verify", str(layout.root)]) == 1


def test_verify_finds_what_is_wrong(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    drop(layout, "a.837", claims())
    run(layout)
    (original,) = (layout.root / "archive").rglob("*.837")
    kept = original.read_bytes()
    (layout.root / "failed/stray.837").write_bytes(b"x")
    original.unlink()
    assert cli.run_command(["watch", "verify", str(layout.root)]) == 1
    said = capsys.readouterr().out
    assert "its original is in 0 places instead of one" in said
    assert "failed/stray.837 belongs to no file" in said
    original.write_bytes(kept + b"x")
    assert cli.run_command(["watch", "verify", str(layout.root)]) == 1


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["watch", str(tmp_path / "none"), "--once"]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert cli.run_command(["watch", "status", str(tmp_path)]) == 2


def test_settings_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "scrubber.toml"
    path.write_text(
        '[watch]\nworkers = 3\nsame_number = "judge"\n[watch.mail]\nhost = "h"\nsender = "a@b"\nto = ["c@d"]\n'
        'password_file = "secret"\n'
    )
    config: Config = load(path)
    assert (config.watch.workers, config.watch.same_number) == (3, "judge")
    assert config.watch.mail is not None
    assert config.watch.mail.password_file == str(tmp_path / "secret")
    for wrong, said in (
        ("[watch]\nworker = 3\n", "did you mean"),
        ("[watch.mail]\nhost = 'h'\nsender = 'a@b'\nto = ['c']\nporte = 3\n", "watch.mail.porte"),
        ("[watch.webhook]\nurl = 'file:///etc/passwd'\n", "watch.webhook.url"),
        ("[watch]\nworkers = 0\n", "watch.workers"),
    ):
        path.write_text(wrong)
        with pytest.raises(ConfigError, match=said):
            load(path)
