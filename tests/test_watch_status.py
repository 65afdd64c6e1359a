"""What a person is told of a watched folder: who watches, what waits, what is to be done next."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import os
import shlex
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from watching import claims, drop, entries, folder, make_service, run

from scrubber import cli
from scrubber.watch import shift, worker
from scrubber.watch.journal import Journal
from scrubber.watch.layout import Layout
from scrubber.watch.ledger import Ledger
from scrubber.watch.lock import Held, Lock, find_watcher
from scrubber.watch.page import render
from scrubber.watch.status import State, find_state

DEAD_WATCHER = {"pid": 4, "host": os.uname().nodename, "since": "2026-09-20T08:00:00+00:00"}


@pytest.fixture
def layout() -> Iterator[Layout]:
    with folder() as layout:
        yield layout


def ask(layout: Layout) -> State:
    with contextlib.closing(Ledger(layout.ledger)) as ledger:
        return find_state(layout, ledger)


def steps(layout: Layout) -> str:
    return "\n".join(ask(layout).find_steps())


@contextlib.contextmanager
def watched(layout: Layout) -> Iterator[Lock]:
    """The folder as long as somebody has it."""
    lock = Lock(layout.lock)
    try:
        yield lock
    finally:
        lock.release()


# Who watches ---------------------------------------------------------------------------------------------------------


def test_a_watcher_that_starts_while_somebody_looks_is_not_refused(layout: Layout) -> None:
    layout.lock.touch()
    with open(layout.lock, "rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        timer = threading.Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN))
        timer.start()
        with watched(layout):
            watcher = find_watcher(layout.lock)
            assert watcher is not None
            assert (watcher.lives, watcher.pid) == (True, os.getpid())
        timer.join()


def test_watchers_start_under_the_eyes_of_many(layout: Layout) -> None:
    layout.lock.touch()
    over = threading.Event()
    seen = []

    def look() -> None:
        while not over.is_set():
            seen.append(find_watcher(layout.lock))

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(60):
            Lock(layout.lock).release()
    finally:
        over.set()
        for looker in lookers:
            looker.join()
    assert {watcher.pid for watcher in seen if watcher is not None} <= {None, os.getpid()}


def test_those_who_look_do_not_take_each_other_for_watchers(layout: Layout) -> None:
    layout.lock.touch()
    with open(layout.lock, "rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert find_watcher(layout.lock) is None


def test_a_watcher_that_lives_is_still_refused(layout: Layout) -> None:
    with watched(layout), pytest.raises(Held, match=f"process {os.getpid()} on .*, since 20"):
        Lock(layout.lock)


def test_a_sign_of_life_never_leaves_the_lock_without_a_name(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks between its two steps finds a name."""
    found = []
    with watched(layout) as lock:
        for name in ("write", "ftruncate"):
            real = getattr(os, name)

            def looking(*arguments: object, real: object = real) -> object:
                found.append(find_watcher(layout.lock))
                return real(*arguments)  # type: ignore[operator]

            monkeypatch.setattr(os, name, looking)
        lock._next = 0.0
        lock.beat()
        monkeypatch.undo()
    assert len(found) == 2
    assert all(watcher is not None and watcher.pid == os.getpid() for watcher in found)


def test_a_watcher_on_another_machine_is_seen(layout: Layout) -> None:
    run(layout)
    layout.lock.write_text(json.dumps(DEAD_WATCHER | {"host": "elsewhere"}))
    assert ask(layout).is_watched
    then = time.time() - 61
    os.utime(layout.lock, (then, then))
    assert not ask(layout).is_watched


# What to do ----------------------------------------------------------------------------------------------------------


def test_a_folder_that_nobody_watches(layout: Layout) -> None:
    run(layout)
    said = ask(layout).text()
    assert "none: what is dropped waits for the next start" in said
    start = f"scrubber watch {shlex.quote(str(layout.root))}"
    assert f"Start the watcher: {start} (or judge what waits, and no more: {start} --once)" in said


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["watch", "status", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert cli.run_command(["watch", "status", str(tmp_path)]) == 2
    assert "was never watched" in capsys.readouterr().err


def test_an_empty_folder_that_is_watched(layout: Layout) -> None:
    run(layout)
    with watched(layout):
        said = ask(layout).text()
    assert f"running: process {os.getpid()} on " in said
    assert "Today      no file yet" in said
    assert said.endswith(f"What to do:\n  - Drop files into {layout.inbox}")


def test_a_busy_folder(layout: Layout) -> None:
    drop(layout, "good.837", claims())
    run(layout)
    with watched(layout):
        for name in ("one.837", "two.837", "three.837.part", ".DS_Store"):
            drop(layout, name, claims())
        (layout.inbox / "folder").mkdir()
        (layout.inbox / "link.837").symlink_to("/etc/hostname")
        state = ask(layout)
        said = state.text()
    assert (state.waiting, state.left_alone, state.unfinished) == (2, 2, 1)
    assert "2 files waiting; 0 being judged" in said
    assert "1 file: 1 accepted" in said
    assert "2 in inbox/ will never be taken: links and folders" in said
    assert "1 in inbox/ will not be taken under such a name" in said
    assert "Send what lies in accepted/" in said


def test_what_failed_and_what_was_rejected(layout: Layout) -> None:
    drop(layout, "some.837", claims("quickstart"))
    drop(layout, "letter.txt", b"hello")
    run(layout)
    with watched(layout):
        said = ask(layout).text()
        assert "2 files: 1 accepted in part, 1 not judged" in said
        assert "3 claims in 1 file of rejected/" in said
        assert "1 file in failed/" in said
        assert "each in failed/ has a .txt beside it" in said
        assert f"scrubber watch retry {layout.root / 'failed/NAME'}" in said
        assert "Correct the rejected claims" in said
        (layout.root / "rejected/some.rejected.837").unlink()
        assert "To correct nothing\n" in ask(layout).text()
        assert "Correct the rejected claims" not in steps(layout)


def test_a_watcher_that_died(layout: Layout) -> None:
    run(layout)
    layout.lock.write_text(json.dumps(DEAD_WATCHER))
    said = ask(layout).text()
    assert "died: process 4 on " in said
    assert "gave a sign of life at 20" in said
    assert f"Start the watcher again: scrubber watch {layout.root} (nothing is lost" in said


def test_a_watcher_that_gives_no_sign_of_life(layout: Layout) -> None:
    run(layout)
    with watched(layout):
        then = time.time() - 600
        os.utime(layout.lock, (then, then))
        assert "no sign of life for 10 minutes" in steps(layout)


def test_a_watcher_that_waits_for_the_disk(layout: Layout) -> None:
    run(layout)
    lock = Lock(layout.lock)
    lock.release("No space left on device")
    said = ask(layout).text()
    assert f"waiting: process {os.getpid()} on " in said
    assert "(No space left on device)" in said
    assert "it tries again each minute" in said
    Lock(layout.lock).release()
    assert "none: " in ask(layout).text()


def test_a_service_that_cannot_go_on_says_why(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run(layout)
    monkeypatch.setattr(shift.Shift, "work", fail)
    service = make_service(layout, once=False)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        end = time.monotonic() + 30
        while (state := ask(layout)).watcher is None or state.is_watched:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert state.watcher.trouble == "No space left on device"
    finally:
        service.stop()
        thread.join(30)


def test_the_same_for_programs(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    drop(layout, "some.837", claims("quickstart"))
    run(layout)
    assert cli.run_command(["watch", "status", str(layout.root), "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["watched"], said["watcher"], said["trouble"]) == (False, None, None)
    assert said["to_correct"] == {"files": 1, "claims": 3}
    assert (said["failed"], said["to_send"], said["today"]) == (0, 1, {"partial": 1})
    assert len(said["to_do"]) == 3


def test_a_path_that_a_shell_would_take_apart_is_quoted(tmp_path: Path) -> None:
    root = tmp_path / "Dr. Müller's claims"
    root.mkdir()
    layout = Layout(root)
    layout.make()
    run(layout)
    assert shlex.quote(str(root)) in steps(layout)


def test_a_folder_where_all_is_done(layout: Layout) -> None:
    drop(layout, "good.837", claims())
    run(layout)
    (layout.root / "accepted/good.accepted.837").unlink()
    with watched(layout):
        assert ask(layout).text().endswith("What to do:\n  - Nothing: all that was dropped is dealt with.")


def test_the_reason_says_what_to_do(layout: Layout) -> None:
    drop(layout, "to whom.txt", b"hello")
    run(layout)
    failed = layout.root / "failed/to whom.txt"
    name, reason, steps = failed.with_name("to whom.txt.txt").read_text("utf-8").split("\n\n")
    assert name == "to whom.txt"
    assert reason.endswith(".")
    assert not reason.endswith("..")
    command = shlex.split(steps.splitlines()[-1])
    assert command == ["scrubber", "watch", "retry", str(failed)]
    before = entries(layout)[0].reason
    assert cli.run_command(["watch", "rebuild", str(layout.root)]) == 0
    assert (entries(layout)[0].reason or "").rstrip(".") == before
    assert cli.run_command(command[1:]) == 0
    assert os.listdir(layout.inbox) == ["to whom.txt"]


def test_the_index_names_what_lies_in_the_way(layout: Layout) -> None:
    for number in range(7):
        (layout.inbox / f"{number}.837").symlink_to("/etc/hostname")
    run(layout)
    page = layout.index.read_text("utf-8")
    assert "4.837 in the inbox will not be taken: it is a symbolic link: links are not followed" in page
    assert "2 more in the inbox will not be taken" in page


# The index ------------------------------------------------------------------------------------------------------------


def show(layout: Layout, *, later: int = 0, watched: bool = False) -> str:
    """The index, so many days later."""
    with contextlib.closing(Ledger(layout.ledger)) as ledger:
        return render(layout, ledger, (), datetime.now() + timedelta(later), watched)


def test_the_headline_hides_nothing(layout: Layout) -> None:
    assert "<h1>No file yet today</h1>" in (run(layout) and show(layout))
    drop(layout, "good.837", claims())
    run(layout)
    assert "<h1>1 file today, nothing to correct</h1>" in show(layout)
    drop(layout, "some.837", claims("quickstart"))
    run(layout)
    assert "<h1>2 files today: 3 claims to correct</h1>" in show(layout)
    drop(layout, "letter.txt", b"hello")
    run(layout)
    assert "<h1>3 files today: 3 claims to correct, 1 file not judged</h1>" in show(layout)


def test_the_next_morning_it_still_shows_what_waits(layout: Layout) -> None:
    drop(layout, "good.837", claims())
    drop(layout, "some.837", claims("quickstart"))
    drop(layout, "letter.txt", b"hello")
    run(layout)
    page = show(layout, later=1)
    assert "<h1>No file yet today. From earlier days: 3 claims to correct, 1 file not judged</h1>" in page
    earlier = page[page.index("Still open from earlier days") :]
    assert "some.837" in earlier
    assert "letter.txt" in earlier
    assert 'href="reports/some/report.html"' in earlier
    assert "good.837" not in page
    assert "Still open" not in show(layout, later=16)
    (layout.root / "rejected/some.rejected.837").unlink()
    (layout.root / "failed/letter.txt").unlink()
    assert "<h1>No file yet today</h1>" in show(layout, later=1)
    assert "Still open" not in show(layout, later=1)


def test_a_page_that_nobody_writes_any_more_can_tell(layout: Layout) -> None:
    run(layout)
    assert 'id="stale"' not in show(layout), "--once leaves a page that is as old as it is"
    assert 'id="stale" class="stale" hidden' in show(layout, watched=True)


def test_the_index_is_written_each_minute_while_it_is_watched(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubber.watch.shift.FRESH", 0.2)
    service = make_service(layout, once=False)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        seen = set()
        end = time.monotonic() + 30
        while len(seen) < 3 and time.monotonic() < end:
            with contextlib.suppress(FileNotFoundError):
                seen.add(layout.index.stat().st_mtime_ns)
            time.sleep(0.02)
        assert len(seen) == 3
        assert 'id="stale"' in layout.index.read_text("utf-8")
    finally:
        service.stop()
        thread.join(30)
    page = layout.index.read_text("utf-8")
    assert "The watcher was stopped at " in page
    assert 'id="stale"' not in page


def test_the_index_names_what_takes_long_and_what_is_never_taken(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrubber.watch.notes.LONG", 0.2)
    judge = worker._Desk._filter

    def slowly(desk: Any, order: Any, name: str, *rest: Any) -> Any:
        if name == "0.837":
            time.sleep(1)
        return judge(desk, order, name, *rest)

    monkeypatch.setattr(worker._Desk, "_filter", slowly)
    pages = []
    write = shift.write_page

    def note(*arguments: object, **how: object) -> None:
        write(*arguments, **how)  # type: ignore[arg-type]
        pages.append(layout.index.read_text("utf-8"))

    monkeypatch.setattr(shift, "write_page", note)
    for number in range(3):
        drop(layout, f"{number}.837", claims())
    drop(layout, "whole.837.part", claims(), age=3600)
    drop(layout, "coming.837.part", claims(), age=5)
    run(layout)
    assert any("0.837 is being judged, since " in page for page in pages)
    assert any("2 files in the inbox will be judged next" in page for page in pages)
    assert "1 in the inbox will not be taken under such a name" in pages[-1]


# The log, and what people take away -----------------------------------------------------------------------------------


def test_the_log_puts_quotes_round_words_only(layout: Layout) -> None:
    log = io.StringIO()
    journal = Journal(None, stream=log)
    journal.tell("put off", "error", file=3, seconds=0.25, again_in=1.0, poll=False, reason="No space left")
    assert log.getvalue().endswith('error put off file=3 seconds=0.25 again_in=1.0 poll=False reason="No space left"\n')


def test_failed_files_may_be_taken_away(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    drop(layout, "letter.txt", b"hello")
    run(layout)
    (layout.root / "failed/letter.txt").unlink()
    assert cli.run_command(["watch", "verify", str(layout.root)]) == 0
    assert cli.run_command(["watch", "verify", "--complete", str(layout.root)]) == 1
    assert cli.run_command(["watch", "retry", str(layout.root / "failed/letter.txt")]) == 2
    assert [entry.outcome for entry in entries(layout)] == ["failed"]
