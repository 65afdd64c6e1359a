"""What the watched folder must survive, each fault made for real; afterwards the proof must find nothing."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watching import claims, drop, during, entries, files, folder, identify_file, make_service, outcomes, prove, run

from scrubber import cli, filtering
from scrubber.watch import publish, worker
from scrubber.watch.identity import State
from scrubber.watch.layout import Layout
from scrubber.watch.lock import Held, Lock, find_watcher
from scrubber.watch.publish import Publisher
from scrubber.watch.service import Service

posix = pytest.mark.skipif(os.name == "nt", reason="needs fork, signals, or mounts")
pytestmark = posix

assert filtering  # Workers are forked: what they need is loaded here.


@pytest.fixture
def layout() -> Iterator[Layout]:
    with folder() as layout:
        yield layout


@contextlib.contextmanager
def running(service: Service) -> Iterator[Service]:
    """The service in a thread; stopped at the end, and what it raised is raised."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            service.run()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(60)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


def wait_for(holds: Callable[[], Any], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, sqlite3.Error):
            if holds():
                return
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


# Two watchers, and the end of one ------------------------------------------------------------------------------------


def test_a_second_watcher_is_refused_and_takes_over_from_a_dead_one(layout: Layout) -> None:
    command = [sys.executable, "-m", "scrubber", "watch", str(layout.root), "--poll", "--quiet"]
    first = subprocess.Popen(command)
    try:
        wait_for(lambda: layout.index.exists())
        second = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=60)
        assert second.returncode == 2
        assert f"another watcher has this folder: process {first.pid} on" in second.stderr
        ask = [sys.executable, "-m", "scrubber", "watch", "status", str(layout.root)]
        assert f"running: process {first.pid} on" in subprocess.run(ask, capture_output=True, text=True).stdout
    finally:
        first.kill()
        first.wait()
    assert f"died: process {first.pid} on" in subprocess.run(ask, capture_output=True, text=True).stdout
    drop(layout, "a.837", claims())
    assert subprocess.run([*command, "--once"], timeout=60).returncode == 0
    prove(layout, 1)


def test_a_watcher_on_another_machine_is_believed_for_a_minute(layout: Layout) -> None:
    layout.lock.write_text(json.dumps({"pid": 4, "host": "elsewhere", "since": "2026-09-20T08:00:00"}))
    with pytest.raises(Held, match="process 4 on elsewhere"):
        Lock(layout.lock)
    then = time.time() - 61
    os.utime(layout.lock, (then, then))
    Lock(layout.lock).release()
    assert find_watcher(layout.lock) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_or_rolls_back(layout: Layout, number: signal.Signals) -> None:
    for n in range(30):
        drop(layout, f"{n}.837", claims(patient=f"STOP{n:05d}"))
    process = subprocess.Popen([sys.executable, "-m", "scrubber", "watch", str(layout.root), "--poll", "--quiet"])
    wait_for(lambda: files(layout, "accepted"))
    process.send_signal(number)
    assert process.wait(30) == 0
    proof = prove(layout, 30)
    assert proof.pending == 0
    assert proof.inbox > 0


def test_what_is_not_finished_in_time_goes_back(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker._Desk, "_filter", lambda *_: time.sleep(60))
    drop(layout, "a.837", claims())
    with running(make_service(layout, once=False, grace=0)):
        wait_for(lambda: files(layout, ".scrubber/work"))
    assert files(layout, "inbox") == ["a.837"]
    assert prove(layout, 1).inbox == 1


# A worker that dies --------------------------------------------------------------------------------------------------


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_file_that_kills_its_worker_twice_has_failed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = worker._Desk._filter

    def judge_or_die(desk: Any, order: Any, name: str, *rest: Any) -> Any:
        return die() if name.startswith("bad") else judge(desk, order, name, *rest)

    monkeypatch.setattr(worker._Desk, "_filter", judge_or_die)
    drop(layout, "bad.837", claims(patient="BAD000001"))
    drop(layout, "good.837", claims())
    run(layout)
    assert outcomes(layout) == {"bad.837": "failed", "good.837": "accepted"}
    reason = (layout.root / "failed/bad.837.txt").read_text()
    assert "ended by SIGKILL" in reason
    assert "tried 2 times" in reason
    prove(layout, 2)
    monkeypatch.undo()
    assert cli.run_command(["watch", "retry", str(layout.root / "failed/bad.837")]) == 0
    run(layout)
    assert entries(layout)[-1].outcome == "accepted"
    prove(layout, 3)


def test_a_file_that_takes_too_long_has_failed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker._Desk, "_filter", lambda *_: time.sleep(60))
    drop(layout, "slow.837", claims())
    run(layout, seconds=1)
    assert "it took longer than 1 seconds" in (layout.root / "failed/slow.837.txt").read_text()
    prove(layout, 1)


def test_a_file_that_needs_too_much_processor_has_failed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def spin(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr(worker._Desk, "_filter", spin)
    monkeypatch.setattr(worker, "limit_time", lambda seconds: LIMIT(1))
    drop(layout, "hot.837", claims())
    run(layout, seconds=50)
    assert "more processor time" in (layout.root / "failed/hot.837.txt").read_text()


LIMIT = worker.limit_time


def test_a_file_that_needs_too_much_memory_has_failed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker._Desk, "_filter", lambda *_: bytearray(64 << 30))
    drop(layout, "big.837", claims())
    run(layout, memory=4096)
    assert "more memory than it may have" in (layout.root / "failed/big.837.txt").read_text()
    prove(layout, 1)


# A machine that does not allow it ------------------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(size: str) -> Iterator[Layout]:
    """A watched folder on a small file system of its own."""
    place = Path(os.path.realpath("/tmp")) / f"scrubber-mount-{os.getpid()}"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        place.rmdir()
        pytest.skip("needs the right to mount")
    try:
        yield Layout(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


def test_a_disk_that_is_full_loses_nothing_and_goes_on_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubber.watch.shift.PAUSES", (0.1, 0.2))
    with mounted("2m") as layout:
        layout.make()
        filler = layout.root / "filler"
        log = io.StringIO()
        with running(make_service(layout, log, once=False, settle=0.5)):
            wait_for(layout.index.exists)
            for n in range(4):
                drop(layout, f"{n}.837", claims(patient=f"FULL{n:05d}"), age=0)
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
                while True:
                    stream.write(bytes(4096))
            wait_for(lambda: "No space left" in log.getvalue() or "full" in log.getvalue())
            time.sleep(1)
            assert files(layout, "accepted") == []
            filler.unlink()
            wait_for(lambda: len(files(layout, "accepted")) == 4)
        assert set(outcomes(layout).values()) == {"accepted"}
        prove(layout, 4)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else for a while")
def test_a_folder_that_is_read_only_for_a_while(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published, a file cannot appear; nor can another leave the inbox."""
    monkeypatch.setattr("scrubber.watch.shift.PAUSES", (0.1, 0.2))
    with folder() as other:
        run(other)  # What is loaded late may lie where that user cannot read.
    for place in (layout.root, *layout.root.rglob("*")):
        os.chown(place, 65534, 65534)
    for part in ("accepted", "inbox"):
        drop(layout, f"{part}.837", claims(patient=f"RO{part.upper()}"))
        os.chown(layout.inbox / f"{part}.837", 65534, 65534)
        (layout.root / part).chmod(0o500)
        child = os.fork()
        if child == 0:
            try:
                os.setgid(65534)
                os.setuid(65534)
                service = make_service(layout, once=False)
                signal.signal(signal.SIGTERM, service.stop)
                service.run()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(70)
        time.sleep(2)
        assert not (layout.root / f"accepted/{part}.accepted.837").exists()
        (layout.root / part).chmod(0o700)
        wait_for((layout.root / f"accepted/{part}.accepted.837").exists)
        wait_for(lambda: outcomes(layout).get(f"{part}.837") == "accepted")  # noqa: B023 - called before the next turn
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    prove(layout, 2)


def test_a_folder_that_vanishes_and_returns(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubber.watch.shift.PAUSES", (0.1, 0.2))
    monkeypatch.setattr("scrubber.watch.lock.BEAT", 0.1)
    away = layout.root.with_name(layout.root.name + "-away")
    log = io.StringIO()
    with running(make_service(layout, log, once=False)):
        drop(layout, "a.837", claims())
        wait_for(lambda: files(layout, "accepted"))
        os.rename(layout.root, away)
        wait_for(lambda: "interrupted" in log.getvalue())
        layout.root.mkdir()  # An empty mount point.
        time.sleep(1)
        assert list(layout.root.iterdir()) == [], "nothing may be begun anew there"
        layout.root.rmdir()
        os.rename(away, layout.root)
        drop(layout, "b.837", claims(patient="VANISHED1"))
        wait_for(lambda: len(files(layout, "accepted")) == 2)
    prove(layout, 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else for a while")
def test_a_file_that_may_not_be_read(layout: Layout) -> None:
    """As an ordinary user: root may read everything."""
    with folder() as other:
        run(other)  # What is loaded late may lie where that user cannot read.
    drop(layout, "mine.837", claims())
    secret = drop(layout, "secret.837", claims(patient="SECRET001"))
    for place in (layout.root, *layout.root.rglob("*")):
        os.chown(place, 65534, 65534)
    os.chown(secret, 0, 0)
    secret.chmod(0o600)
    for patience, found in ((600, {"mine.837": "accepted"}), (0, {"mine.837": "accepted", "secret.837": "failed"})):
        child = os.fork()
        if child == 0:
            try:
                os.setgid(65534)
                os.setuid(65534)
                tally = run(layout, patience=patience, settle=0)
                os._exit(3 if tally.left else 0)
            except BaseException:
                os._exit(70)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == (3 if patience else 0)
        assert outcomes(layout) == found
    assert "may not be read" in (layout.root / "failed/secret.837.txt").read_text()
    prove(layout, 2)


def test_a_folder_on_several_file_systems_is_refused(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    (layout.root / "accepted").rmdir()
    (layout.root / "accepted").symlink_to("/tmp")
    assert cli.run_command(["watch", str(layout.root), "--once"]) == 2
    assert "is no folder of its own" in capsys.readouterr().err


# Files that do not keep still ----------------------------------------------------------------------------------------


def test_a_file_that_grows_while_it_is_judged_is_judged_anew(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    data = claims("quickstart")
    path = drop(layout, "a.837", data[:1500])
    handle = path.open("ab")

    def grow() -> None:
        handle.write(data[1500:])
        handle.flush()

    monkeypatch.setattr("scrubber.watch.intake.is_being_written", lambda descriptor: False)
    during(monkeypatch, grow)
    log = io.StringIO()
    make_service(layout, log).run()
    handle.close()
    assert "changed while it was read" in log.getvalue()
    assert outcomes(layout) == {"a.837": "partial"}
    (original,) = (layout.root / "archive").rglob("*.837")
    assert original.read_bytes() == data
    prove(layout, 1)


def test_a_file_dropped_under_the_name_of_one_in_hand_is_another_file(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(layout, "a.837", claims())
    second = claims(patient="SECOND001")
    during(monkeypatch, lambda: drop(layout, "a.837", second))
    run(layout)
    assert len(files(layout, "accepted")) == 2
    prove(layout, 2)


def test_a_file_that_is_deleted_before_it_is_taken_was_never_there(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(layout, "a.837", claims())
    drop(layout, "b.837", claims(patient="DELETED01"))
    take = Publisher.take

    def late(publisher: Publisher, name: bytes, state: State) -> Any:
        if name == b"a.837":
            path.unlink()
        return take(publisher, name, state)

    monkeypatch.setattr(Publisher, "take", late)
    run(layout)
    assert outcomes(layout) == {"b.837": "accepted"}
    prove(layout, 1)


def test_a_file_that_is_taken_out_of_our_hands(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody deletes the working copy of a file that is being judged."""
    drop(layout, "a.837", claims())
    drop(layout, "b.837", claims(patient="TAKENOUT1"))

    def steal() -> None:
        (layout.work / "1/in/a.837").unlink()

    monkeypatch.setattr("scrubber.watch.shift.PAUSES", (0.05,))
    during(monkeypatch, steal)
    run(layout)
    assert outcomes(layout) == {"b.837": "accepted"}
    assert prove(layout, 1).pending == 0


def test_a_clock_that_goes_back(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(layout, "a.837", claims())
    run(layout)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 86400 * 3)
    drop(layout, "b.837", claims(patient="CLOCKBACK"))
    run(layout)
    assert set(outcomes(layout).values()) == {"accepted"}
    one, two = entries(layout)
    assert (one.published, two.published) == (1, 2)
    prove(layout, 2)


# Names and links -----------------------------------------------------------------------------------------------------

NAMES = (
    b"with spaces and  more.837", b"new\nline.837", b"tab\tquote\"'.837", b"x" * 251 + b".837", b"-", b"--help.837",
    b"..837", b"...", b"..\\..\\up.837", "Ärzte Übersicht 請求.837".encode(), b"\xff\xfe\x80.837", b"%2e%2e%2f.837",
    b"'; DROP TABLE file; --.837", b"NUL.837", b"a.837.", b"A.837", b"a.837", b"*?.837", b"no-ending",
)  # fmt: skip


def test_odd_names_are_only_names(layout: Layout) -> None:
    dropped = [name for name in NAMES if not name.startswith(b".")]
    for number, name in enumerate(dropped):
        drop(layout, name, claims(patient=f"NAMES{number:04d}"))
    run(layout, workers=2)
    assert {entry.name for entry in entries(layout)} == set(dropped)
    assert {entry.outcome for entry in entries(layout)} == {"accepted"}
    for part in ("accepted", "archive", "reports"):
        for name in files(layout, part):
            assert name.isprintable()
    page = layout.index.read_text("utf-8")
    assert "DROP TABLE" in page
    prove(layout, len(dropped))


def test_links_and_folders_are_never_followed(layout: Layout, tmp_path: Path) -> None:
    outside = tmp_path / "outside.837"
    outside.write_bytes(claims())
    (layout.inbox / "link.837").symlink_to(outside)
    (layout.inbox / "dangling.837").symlink_to(tmp_path / "none")
    (layout.inbox / "folder.837").mkdir()
    (layout.inbox / "folder.837/inside.837").write_bytes(claims(patient="INSIDE001"))
    os.mkfifo(layout.inbox / "pipe.837")
    log = io.StringIO()
    make_service(layout, log).run()
    assert entries(layout) == []
    assert outside.exists()
    assert "links are not followed" in log.getvalue()
    assert "links are not followed" in layout.index.read_text("utf-8")


def test_a_file_that_becomes_a_link_is_not_followed(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside.837"
    outside.write_bytes(claims())
    path = drop(layout, "a.837", claims(patient="LINKED001"))
    from scrubber.watch.intake import Inbox

    look = Inbox.look

    def switch(inbox: Inbox) -> Any:
        found = look(inbox)
        if found and not path.is_symlink():
            path.unlink()
            path.symlink_to(outside)
        return found

    monkeypatch.setattr(Inbox, "look", switch)
    run(layout)
    assert entries(layout) == []
    assert outside.exists()


# The ledger ----------------------------------------------------------------------------------------------------------


def damage_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_bytes(b"garbage" * 1000),
    "pages lost": damage_pages,
    "cut off": lambda path: os.truncate(path, 5000),
    "empty": lambda path: os.truncate(path, 0),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_corrupt_ledger_is_refused_and_rebuilt(layout: Layout, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = claims("quickstart")
    drop(layout, "a.837", data)
    drop(layout, "b.837", claims(number=77))
    drop(layout, "junk.837", b"junk")
    run(layout)
    drop(layout, "c.837", data)
    run(layout)
    before = outcomes(layout)
    DAMAGE[kind](layout.ledger)
    drop(layout, "d.837", data)
    assert cli.run_command(["watch", str(layout.root), "--once", "--quiet"]) == 2
    assert "watch rebuild" in capsys.readouterr().err
    assert files(layout, "inbox") == ["d.837"], "nothing is touched"
    assert cli.run_command(["watch", "rebuild", str(layout.root)]) == 0
    assert outcomes(layout) == before
    prove(layout, 5)
    drop(layout, "e.837", claims(number=77, patient="REBUILT01"))
    drop(layout, "f.837", claims())
    run(layout)
    found = outcomes(layout)
    assert (found["d.837"], found["e.837"], found["f.837"]) == ("duplicate", "failed", "accepted")
    report = (layout.root / "reports/f/report.json").read_text()
    assert "was accepted before" in report, "claims are remembered as before"
    sent = [name for name in files(layout, "reports") if name.endswith((".999", ".277ca"))]
    numbers = [one.number for name in sent for one in identify_file(layout.root / "reports" / name).interchanges]
    assert len(numbers) == len(set(numbers))
    prove(layout, 7)


def test_files_in_hand_survive_the_loss_of_the_ledger(layout: Layout) -> None:
    drop(layout, "a.837", claims())
    run(layout)
    held = layout.work / "99/in/b\n.837"
    held.parent.mkdir(parents=True)
    held.write_bytes(claims(patient="INHAND001"))
    layout.ledger.write_bytes(b"garbage")
    assert cli.run_command(["watch", "rebuild", str(layout.root)]) == 0
    assert files(layout, "inbox") == ["b\n.837"]
    run(layout)
    prove(layout, 2)


# Many, and large -----------------------------------------------------------------------------------------------------


def test_many_files_at_once(layout: Layout) -> None:
    for n in range(60):
        drop(layout, f"{n}.837", claims(patient=f"MANY{n:05d}"))
    run(layout, workers=2)
    assert len(files(layout, "accepted")) == 60
    prove(layout, 60)


def test_a_large_file_leaves_a_worker_for_the_others(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = worker._Desk._filter

    def slowly(desk: Any, order: Any, name: str, *rest: Any) -> Any:
        if name.startswith("large"):
            time.sleep(3)
        return judge(desk, order, name, *rest)

    monkeypatch.setattr(worker._Desk, "_filter", slowly)
    for n in range(2):
        drop(layout, f"large{n}.837", claims(patient=f"LARGE{n:04d}") + b"\n" * (1 << 20), age=1000)
    for n in range(8):
        drop(layout, f"{n}.837", claims(patient=f"SMALL{n:04d}"))
    started = time.time()
    run(layout, workers=2, large=1)
    small = [entry.done or 0 for entry in entries(layout) if not entry.name.startswith(b"large")]
    assert len(small) == 8
    assert max(small) - started < 3, "they waited for a large file"
    prove(layout, 10)


def test_a_step_that_fails_once_is_made_good(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the midst of the renames, of a kind that passes."""
    monkeypatch.setattr("scrubber.watch.shift.PAUSES", (0.05,))
    rename, failed = os.rename, []

    def flaky(source: Any, target: Any) -> None:
        if "reports" in str(target) and not failed:
            failed.append(target)
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(publish.os, "rename", flaky)
    drop(layout, "a.837", claims())
    run(layout)
    assert failed
    assert outcomes(layout) == {"a.837": "accepted"}
    prove(layout, 1)
    shutil.rmtree(layout.root / "aside", ignore_errors=True)
