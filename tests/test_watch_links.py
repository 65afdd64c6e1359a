"""A link, a pipe or another file that is put into a file's place, at each moment between the look at the inbox and the
publishing. What lies outside is never read, never moved; what is swapped in is left alone in the inbox."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watching import claims, drop, during, entries, files, folder, make_service, outcomes, prove, run

from scrubber import cli
from scrubber.watch import worker
from scrubber.watch.identity import State, Swapped, find_state, open_plain
from scrubber.watch.layout import Layout
from scrubber.watch.ledger import Ledger
from scrubber.watch.publish import Publisher
from scrubber.watch.verify import verify

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs fork, and links for everyone")

MARK = "OUTSIDE01"


@pytest.fixture
def layout() -> Iterator[Layout]:
    with folder() as layout:
        yield layout


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of claims that is none of ours; nobody has read it as long as its time of reading stands."""
    path = tmp_path / "outside.837"
    path.write_bytes(claims(patient=MARK))
    return path


def link_to(outside: Path) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(outside)


def make_folder(path: Path) -> None:
    path.mkdir()
    (path / "inside.837").write_bytes(claims(patient=MARK))


INTRUDERS: dict[str, Callable[[Path], object]] = {
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a link to nothing": lambda path: path.symlink_to("/nowhere/at/all"),
    "a pipe": os.mkfifo,
    "a folder": make_folder,
}


def swap(path: Path, intrude: Callable[[Path], object]) -> None:
    path.unlink()
    intrude(path)


def check_nothing_came_out(layout: Layout) -> None:
    assert entries(layout) == []
    for part in ("accepted", "rejected", "reports", "archive", "failed"):
        assert files(layout, part) == []
    assert os.listdir(layout.work) == []
    assert os.listdir(layout.inbox) == ["a.837"], "what was put there lies there"
    assert prove(layout).pending == 0


@pytest.mark.parametrize("kind", INTRUDERS)
def test_swapped_between_the_look_and_the_rename(layout: Layout, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Publisher.take
    path = drop(layout, "a.837", claims())

    def late(publisher: Publisher, name: bytes, state: State) -> Any:
        swap(path, INTRUDERS[kind])
        return take(publisher, name, state)

    monkeypatch.setattr(Publisher, "take", late)
    log = io.StringIO()
    make_service(layout, log).run()
    assert "changed while it was taken" in log.getvalue()
    check_nothing_came_out(layout)


@pytest.mark.parametrize("kind", INTRUDERS)
def test_swapped_between_the_rename_and_the_opening(layout: Layout, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = worker._Desk._identify
    drop(layout, "a.837", claims())

    def late(desk: Any, order: worker.Read) -> Any:
        swap(order.folder / order.name, INTRUDERS[kind])
        return read(desk, order)

    monkeypatch.setattr(worker._Desk, "_identify", late)
    log = io.StringIO()
    make_service(layout, log, seconds=10).run()
    assert "changed while it was read" in log.getvalue()
    check_nothing_came_out(layout)


def test_a_link_swapped_in_before_the_judging(layout: Layout, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(layout, "a.837", claims())
    during(monkeypatch, lambda: swap(layout.work / "1/in/a.837", link_to(outside)))
    run(layout)
    check_nothing_came_out(layout)


def test_a_link_that_is_there_only_while_the_file_is_judged(
    layout: Layout, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after, everything is as it was; only the digest tells that something else was judged."""
    data = claims()
    drop(layout, "a.837", data)
    held, aside = layout.work / "1/in/a.837", layout.root / "aside"

    def put_in() -> None:
        os.rename(held, aside)
        held.symlink_to(outside)

    def put_back(path: Path) -> State:
        if aside.exists():
            os.rename(aside, held)
        return find_state(path)

    during(monkeypatch, put_in)
    judge = worker._Desk._judge

    def judged(desk: Any, order: worker.Judge) -> Any:
        try:
            return judge(desk, order)
        finally:
            if aside.exists():
                os.rename(aside, held)

    monkeypatch.setattr(worker._Desk, "_judge", judged)
    monkeypatch.setattr(worker, "find_state", put_back)
    run(layout)
    assert outcomes(layout) == {"a.837": "accepted"}
    assert MARK.encode() not in (layout.root / "accepted/a.accepted.837").read_bytes()
    (original,) = (layout.root / "archive").rglob("*.837")
    assert original.read_bytes() == data
    prove(layout, 1)


def test_another_file_in_its_place_is_taken_as_what_it_is(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Publisher.take
    path = drop(layout, "a.837", claims())
    other = claims("quickstart")
    swapped: list[Path] = []

    def late(publisher: Publisher, name: bytes, state: State) -> Any:
        if not swapped:
            swapped.append(drop(layout, "a.837", other))
        return take(publisher, name, state)

    monkeypatch.setattr(Publisher, "take", late)
    log = io.StringIO()
    make_service(layout, log).run()
    assert "changed while it was taken" in log.getvalue(), "nobody knew yet whether it is whole"
    assert outcomes(layout) == {"a.837": "partial"}
    assert not path.exists()
    prove(layout, 1)


def test_a_file_in_hand_that_is_a_link_after_a_crash(layout: Layout, outside: Path) -> None:
    run(layout)
    for name, target in (("a.837", outside), ("b.837", Path("/nowhere/at/all"))):
        path = drop(layout, name, claims())
        with contextlib.closing(Ledger(layout.ledger)) as ledger:
            number, _ = Publisher(layout, ledger).take(name.encode(), find_state(path))
        swap(layout.work / f"{number}/in/{name}", link_to(target))
    run(layout)
    assert entries(layout) == []
    assert sorted(os.listdir(layout.inbox)) == ["a.837", "b.837"]
    assert MARK.encode() in outside.read_bytes()


def test_what_lies_among_the_files_in_hand_is_no_stumbling_block(layout: Layout) -> None:
    """A file manager's leavings, a link: after a crash they are cleared away like everything unfinished."""
    run(layout)
    path = drop(layout, "a.837", claims())
    with contextlib.closing(Ledger(layout.ledger)) as ledger:
        number, _ = Publisher(layout, ledger).take(b"a.837", find_state(path))
    (layout.work / f"{number}/link").symlink_to("/tmp")
    (layout.work / "Thumbs.db").write_bytes(b"x")
    run(layout)
    assert outcomes(layout) == {"a.837": "accepted"}
    prove(layout, 1)


def test_the_proof_takes_no_link_for_an_original(layout: Layout, tmp_path: Path) -> None:
    drop(layout, "a.837", claims())
    run(layout)
    (original,) = (layout.root / "archive").rglob("*.837")
    shutil.move(original, tmp_path / "moved.837")
    original.symlink_to(tmp_path / "moved.837")
    with contextlib.closing(Ledger(layout.ledger)) as ledger:
        (fault,) = verify(layout, ledger).faults
    assert "is not what it was" in fault


def test_a_new_ledger_is_not_made_of_links(layout: Layout, outside: Path) -> None:
    drop(layout, "a.837", claims())
    run(layout)
    (original,) = (layout.root / "archive").rglob("*.837")
    original.with_name("link.837").symlink_to(outside)
    (layout.root / "failed/link.837").symlink_to(outside)
    (layout.root / "failed/link.837.txt").write_text("link.837\n\nnone\n")
    assert cli.run_command(["watch", "rebuild", str(layout.root)]) == 0
    assert outcomes(layout) == {"a.837": "accepted"}


@pytest.mark.parametrize("kind", INTRUDERS)
def test_only_files_are_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"ISA")
    state = find_state(path)
    with open_plain(path, state) as stream:
        assert stream.read() == b"ISA"
    path.write_bytes(b"ISA*")
    with pytest.raises(Swapped):
        open_plain(path, state)
    swap(path, INTRUDERS[kind])
    for opening in (find_state, open_plain):
        with pytest.raises(Swapped):
            opening(path)
