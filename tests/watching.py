"""Watched folders for tests: folders to drop into, files to drop, runs of the service, and the proof afterwards.

Folders lie in memory where the system has such a place: syncing to disk is not what most tests are about.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from reporting import BASE, QUICKSTART, catalogue

from scrubber.config import Watch
from scrubber.pipeline import Options, open_sources
from scrubber.watch import worker
from scrubber.watch.identity import Identity, identify, open_plain
from scrubber.watch.job import Tally, Terms
from scrubber.watch.journal import Journal
from scrubber.watch.layout import Layout
from scrubber.watch.ledger import Entry, Ledger
from scrubber.watch.service import Service
from scrubber.watch.verify import Proof, verify

RECEIVED = date(2026, 9, 20)

_numbers = itertools.count(100_000)
"""Numbers of interchanges, beyond those that tests name: the same number would make the same bytes, a duplicate."""


def claims(name: str = "office", *, number: int | None = None, patient: str | None = None) -> bytes:
    """A file of one claim, clean, in an interchange of its own. ``patient`` is another member's number."""
    number = next(_numbers) if number is None else number
    text = (BASE / f"{name}.837").read_text("ascii") if name != "quickstart" else QUICKSTART.read_text("ascii")
    old = text[:106].split("*")[13]
    new = f"{number:09d}"
    text = text.replace(old, new)
    if patient is not None:
        member = next(s for s in text.split("~") if s.strip().startswith("NM1*IL")).split("*")[9]
        text = text.replace(member, patient)
    return text.encode("ascii")


@contextlib.contextmanager
def folder() -> Iterator[Layout]:
    """A watched folder that goes away."""
    memory = "/dev/shm"
    place = tempfile.mkdtemp(prefix="scrubber-", dir=memory if os.access(memory, os.W_OK) else None)
    try:
        layout = Layout(place)
        layout.make()
        yield layout
    finally:
        shutil.rmtree(place, ignore_errors=True)


def drop(layout: Layout, name: str | bytes, data: bytes, *, age: float = 60) -> Path:
    """Move a file into the inbox, whole, as a practice system should; it was written ``age`` seconds ago."""
    path = layout.inbox / os.fsdecode(name)
    aside = layout.root / "aside"
    aside.write_bytes(data)
    then = time.time() - age
    os.utime(aside, (then, then))
    os.rename(aside, path)
    return path


def make_service(layout: Layout, log: io.StringIO | None = None, **how: Any) -> Service:
    """The service of a test: workers are forked, for everything is loaded here already."""
    run = {key: how.pop(key) for key in ("once", "poll", "method") if key in how}
    settings = Watch(**{"settle": 0.05, "scan": 0.2, "workers": 1, "memory": 0, "grace": 5} | how)
    options = Options(RECEIVED, catalogue(), sources=open_sources(None))
    terms = Terms(options, settings, received=RECEIVED, **{"once": True, "poll": True, "method": "fork"} | run)
    return Service(layout, terms, Journal(None, stream=log))


def run(layout: Layout, **how: Any) -> Tally:
    """Judge what is there."""
    return make_service(layout, **how).run()


def entries(layout: Layout) -> list[Entry]:
    with contextlib.closing(Ledger(layout.ledger)) as ledger:
        return ledger.entries("1 ORDER BY id")


def outcomes(layout: Layout) -> dict[str, str | None]:
    """Each file's name as it was dropped, and what came of it."""
    return {os.fsdecode(entry.name): entry.outcome for entry in entries(layout)}


def prove(layout: Layout, dropped: int | None = None) -> Proof:
    """The proof, which must find nothing; ``dropped`` files must be accounted for."""
    with contextlib.closing(Ledger(layout.ledger)) as ledger:
        proof = verify(layout, ledger)
    assert proof.faults == []
    assert proof.gone == []
    if dropped is not None:
        assert proof.inbox + proof.pending + proof.done == dropped
    return proof


def files(layout: Layout, part: str) -> list[str]:
    """The files of one of the folders, by their path inside it."""
    root = layout.root / part
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def during(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once, between the reading of a file and its judging."""
    judge = worker._Desk._filter
    once = multiprocessing.get_context("fork").Value("b", 0)  # Workers are forked: what one did, the next must know.

    def disturbed(desk: Any, order: Any, *rest: Any) -> Any:
        if not once.value:
            once.value = 1
            act()
        return judge(desk, order, *rest)

    monkeypatch.setattr(worker._Desk, "_filter", disturbed)


def identify_file(path: Path) -> Identity:
    """What tells a file from all others."""
    with open_plain(path) as stream:
        return identify(stream)
