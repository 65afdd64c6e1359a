"""What a retry leaves behind: what was published of the first attempt stays, the ledger knows of it, a new ledger knows
that somebody asked; whenever the retry is killed, and whatever of it was done by then."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from killing import SERVICE, do_killed
from watching import claims, drop, entries, files, folder, outcomes, prove, run

from scrubber import cli
from scrubber.watch.layout import Layout
from scrubber.watch.rebuild import SIDES

DATA = claims("quickstart", number=41)


@pytest.fixture
def layout() -> Iterator[Layout]:
    with folder() as layout:
        yield layout


def watch(*words: object) -> int:
    return cli.run_command(["watch", *map(str, words)])


def fill(layout: Layout) -> None:
    """A file, the same once more (answered with a 277CA), another under its number, and one that is no claim at all."""
    for name, data in (
        ("a.837", DATA),
        ("b.837", DATA),
        ("c.837", claims(number=41, patient="SAMENUMB1")),
        ("j.txt", b"junk"),
    ):
        drop(layout, name, data)
        run(layout, answer_duplicates=True)
    assert list(outcomes(layout).values()) == ["partial", "duplicate", "failed", "failed"]
    prove(layout, 4)


def find_original(layout: Layout, name: str) -> str:
    (path,) = (path for part in ("archive", "failed") for path in (layout.root / part).rglob(name))
    return str(path)


@pytest.mark.parametrize("name", ["b.837", "c.837", "j.txt"])
def test_a_retry_leaves_nothing_that_verify_does_not_know(layout: Layout, name: str) -> None:
    fill(layout)
    slot = name.split(".")[0]
    before = {path for path in files(layout, f"reports/{slot}") if path != "duplicate.txt"}
    assert watch("retry", find_original(layout, name)) == 0
    prove(layout)
    assert set(files(layout, f"reports/{slot}")) == before | {"retried.txt"}, "answers may have been sent"
    note = (layout.root / f"reports/{slot}/retried.txt").read_text()
    assert "went back into inbox/" in note
    assert ("No X12 interchange" if slot == "j" else "a.837, judged on") in note
    assert files(layout, "inbox") == [name]
    run(layout)
    prove(layout, 5)
    assert entries(layout)[-1].outcome == {"b.837": "partial", "c.837": "accepted", "j.txt": "failed"}[name]
    for wanted in ("report.html", "report.json"):
        assert wanted in files(layout, f"reports/{slot}-2")
    index = layout.index.read_text()
    assert "Tried again" in index
    assert (f'href="reports/{slot}/' in index) is (slot != "c") or ".277ca.txt" in index


@pytest.mark.parametrize("name", ["b.837", "c.837", "j.txt"])
@pytest.mark.parametrize("judged", [True, False], ids=["judged", "waiting"])
def test_a_new_ledger_knows_that_somebody_asked(layout: Layout, name: str, judged: bool) -> None:
    fill(layout)
    assert watch("retry", find_original(layout, name)) == 0
    if judged:
        run(layout)
    assert watch("rebuild", layout.root) == 0
    prove(layout, 5)
    run(layout)
    prove(layout, 5)
    wanted = {"b.837": "partial", "c.837": "accepted", "j.txt": "failed"}[name]
    (again,) = (entry for entry in entries(layout) if entry.slot == f"{name.split('.')[0]}-2")
    assert again.outcome == wanted, "it is judged whatever it looks like"
    drop(layout, "more.837", DATA)
    run(layout)
    assert outcomes(layout)["more.837"] == "duplicate", "nobody asked for this one"
    assert watch("rebuild", layout.root) == 0
    prove(layout, 6)


def test_a_new_ledger_of_reports_whose_files_were_taken_away(layout: Layout) -> None:
    fill(layout)
    for name in ("c.837", "c.837.txt", "j.txt", "j.txt.txt"):
        (layout.root / "failed" / name).unlink()
    shutil.rmtree(layout.root / "reports/b")
    assert watch("rebuild", layout.root) == 0
    assert watch("verify", layout.root) == 0
    assert outcomes(layout) == {"a.837": "partial", "b.837": "duplicate", "c": "failed", "j.txt": "failed"}


def test_a_new_ledger_does_not_hide_that_an_original_is_lost(layout: Layout) -> None:
    fill(layout)
    os.unlink(find_original(layout, "a.837"))
    assert watch("rebuild", layout.root) == 0
    assert watch("verify", layout.root) == 1


def test_a_retry_cut_short_can_be_given_again(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(layout)
    path = find_original(layout, "j.txt")
    with monkeypatch.context() as patch:
        patch.setattr("scrubber.watch.publish.Publisher.finish", lambda *_: None)
        assert watch("retry", path) == 0
    assert os.path.exists(path)
    assert prove(layout).pending == 1
    assert watch("retry", path) == 0
    assert files(layout, "inbox") == ["j.txt"]
    assert prove(layout).pending == 0
    assert watch("retry", path) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by fork")
@pytest.mark.parametrize("name", ["b.837", "c.837", "j.txt"])
def test_a_retry_killed_at_any_step(layout: Layout, name: str) -> None:
    """It was never begun, or it is finished: by the next start, or by a new ledger."""
    fill(layout)
    steps = killed = 0
    while True:
        steps += 1
        with folder() as copy:
            shutil.copytree(layout.root, copy.root, dirs_exist_ok=True)
            path = find_original(copy, name)
            code, _ = do_killed(copy, lambda: watch("retry", path), SERVICE, steps)  # noqa: B023 - called at once
            if code == 0:
                break
            killed += 1
            proof = prove(copy)
            assert (len(files(copy, "inbox")) + os.path.exists(path)) == 1, "the file is in one place"
            assert proof.inbox + proof.pending + proof.done in (4, 5)
            if steps % 2:
                for side in SIDES:
                    Path(f"{copy.ledger}{side}").unlink(missing_ok=True)
                assert watch("rebuild", copy.root) == 0
                prove(copy)
            if not files(copy, "inbox"):
                assert watch("retry", path) in (0, 2)
                prove(copy)
            run(copy)
            proof = prove(copy, 5)
            assert (proof.done, proof.pending, proof.inbox) == (5, 0, 0)
            found = [entry.outcome for entry in entries(copy) if entry.slot == f"{name.split('.')[0]}-2"]
            assert found == [{"b.837": "partial", "c.837": "accepted", "j.txt": "failed"}[name]]
            assert files(copy, "accepted") == sorted(
                ["a.accepted.837", *([f"{name[0]}-2.accepted.837"] if name != "j.txt" else [])]
            )
    assert killed > 20


def test_what_a_killed_retry_leaves_is_swept_up(layout: Layout) -> None:
    for name, age in (("old", 61), ("new", 0)):
        note = layout.state / f"retried-{name}.txt"
        note.write_text("of a retry that nobody committed to, or is about to")
        os.utime(note, (then := time.time() - age, then))
    run(layout)
    assert [path.name for path in layout.state.glob("retried-*")] == ["retried-new.txt"]
