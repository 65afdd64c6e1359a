"""What a person is told of a watched folder: who watches, what waits, what is to be done next."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from watching import claims, drop, folder, run

from scrubber import cli
from scrubber.watch.layout import Layout
from scrubber.watch.ledger import Ledger
from scrubber.watch.lock import Held, Lock, find_watcher
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
    assert "none: nothing that is dropped will be judged" in said
    assert f"Start the watcher: scrubber watch {shlex.quote(str(layout.root))}" in said


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
        assert "0 claims in 0 files of rejected/" in ask(layout).text()
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
