"""A new ledger, made of what lies in the folders, where the old one is lost or damaged.

It is built beside the old one and takes its place when it is whole. What cannot be known any more is kept safe rather
than nice: control numbers go on behind the highest that was sent, an original without a report counts as judged, and
files that were in hand go back into the inbox.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from scrubber.pipeline import Options, judge
from scrubber.watch.history import History, merge, read_key
from scrubber.watch.identity import Identity, Swapped, find_state, identify, open_plain
from scrubber.watch.layout import (
    ACCEPTED,
    ARCHIVE,
    FAILED,
    REJECTED,
    REPORTS,
    Layout,
    candidates,
    sync_folder,
)
from scrubber.watch.ledger import Ledger
from scrubber.watch.lock import Lock
from scrubber.watch.publish import Publisher
from scrubber.watch.worker import Output, measure

SIDES = ("", "-wal", "-shm")
"""What SQLite calls the files of a database."""

JUDGED = ("accepted", "partial", "rejected")


@dataclass(slots=True)
class Rebuilt:
    """What was found."""

    files: int = 0
    outputs: int = 0
    returned: int = 0
    """Originals that were in hand, and are in the inbox again."""
    aside: str | None = None
    """Where the old ledger is."""


def rebuild(layout: Layout, options: Options, history_days: int, say: Callable[[str], None]) -> Rebuilt:
    """Make a new ledger. ``say`` is told how far it is. Raises Held, OSError."""
    layout.make()
    lock = Lock(layout.lock)
    try:
        return _Rebuilding(layout, options, history_days, say).run()
    finally:
        lock.release()


class _Rebuilding:
    def __init__(self, layout: Layout, options: Options, history_days: int, say: Callable[[str], None]) -> None:
        self.layout = layout
        self.options = options
        self.history_days = history_days
        self.say = say
        self.path = layout.state / "ledger.new"
        self.result = Rebuilt()
        self.highest = {"interchange": 0, "group": 0, "set": 0}

    def run(self) -> Rebuilt:
        layout, result = self.layout, self.result
        for side in SIDES:
            Path(f"{self.path}{side}").unlink(missing_ok=True)
        key = read_key(layout.key)
        with contextlib.closing(Ledger(self.path, create=True)) as ledger:
            for day, path in self._find_originals():
                self._add(ledger, path, day, key)
                self.say(f"{result.files} files")
            with ledger.transaction():
                for name, highest in self.highest.items():
                    ledger.set_counter(name, highest + 1)
            ledger.run("PRAGMA wal_checkpoint(TRUNCATE)")
        self._replace()
        with contextlib.closing(Ledger(layout.ledger)) as ledger:
            publisher = Publisher(layout, ledger)
            result.returned = sum(publisher.return_strays(folder) for folder in list(layout.work.iterdir()))
        return result

    def _find_originals(self) -> Iterator[tuple[date | None, Path]]:
        """Originals in the order in which they were judged, as far as that can be told; None for those that failed."""
        found: list[tuple[str, float, date | None, Path]] = []
        for folder in (self.layout.root / ARCHIVE).iterdir():
            with contextlib.suppress(ValueError):
                day = date.fromisoformat(folder.name)
                paths = filter(_is_plain, folder.iterdir())
                found += [(folder.name, self._judged_at(path), day, path) for path in paths]
        for path in (self.layout.root / FAILED).iterdir():
            if _is_plain(path) and (path.suffix != ".txt" or path.with_name(f"{path.name}.txt").exists()):
                judged = date.fromtimestamp(os.lstat(path).st_ctime)
                found.append((judged.isoformat(), self._judged_at(path), None, path))
        for _, _, maybe, path in sorted(found, key=lambda one: (one[0], one[1], one[3])):
            yield maybe, path

    def _judged_at(self, path: Path) -> float:
        report = self.layout.root / REPORTS / path.stem / "report.json"
        try:
            return report.stat().st_mtime
        except OSError:
            return os.lstat(path).st_ctime

    def _add(self, ledger: Ledger, path: Path, day: date | None, key: bytes) -> None:
        layout = self.layout
        identity = self._identify(path)
        slot = next(slot for slot in candidates(path.stem) if ledger.is_slot_free(slot))
        reports = layout.root / REPORTS / path.stem
        outcome, reason, counts = self._read_outcome(reports, path, day)
        done = self._judged_at(path)
        with ledger.transaction():
            published = ledger.counter("published") + 1
            ledger.set_counter("published", published)
            number = ledger.run(
                "INSERT INTO file (name, slot, ending, state, seen, published, done, outcome, place, sha256, size,"
                " claims, accepted, rejected, warnings, reason, told)"
                " VALUES (?, ?, ?, 'done', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
                (
                    os.fsencode(path.name), slot, path.suffix, done, published, done, outcome, layout.relative(path),
                    identity.sha256 if identity else None, identity.state.size if identity else None, *counts, reason,
                ),
            ).lastrowid  # fmt: skip
            assert number is not None
            if identity is not None:
                ledger.add_interchanges(number, identity.interchanges)
            for output in self._find_outputs(path.stem):
                measured = measure(output, output.name)
                self._note_output(ledger, number, output, measured)
        self.result.files += 1
        if outcome in JUDGED and day is not None and self.history_days:
            self._remember(ledger, number, path, day, key)

    def _identify(self, path: Path) -> Identity | None:
        try:
            with open_plain(path) as stream:
                return identify(stream)
        except PermissionError:
            return None

    def _find_outputs(self, slot: str) -> Iterator[Path]:
        root = self.layout.root
        for path in (root / ACCEPTED / f"{slot}.accepted.837", root / REJECTED / f"{slot}.rejected.837"):
            if _is_plain(path):
                yield path
        reports = root / REPORTS / slot
        if reports.is_dir():
            yield from (p for p in sorted(reports.iterdir()) if _is_plain(p) and p.name != "duplicate.txt")

    def _note_output(self, ledger: Ledger, number: int, path: Path, output: Output) -> None:
        ledger.run(
            "INSERT OR IGNORE INTO output VALUES (?, ?, ?, ?)",
            (number, self.layout.relative(path), output.sha256, output.size),
        )
        self.result.outputs += 1
        if path.suffix in (".999", ".277ca", ".ta1"):
            with open_plain(path) as stream:
                sent = identify(stream).interchanges
            for name, numbers in (
                ("interchange", [one.number for one in sent]),
                ("group", [group for one in sent for group in one.groups]),
                ("set", [set_ for one in sent for set_ in one.sets]),
            ):
                found = [int(number) for number in numbers if number.isdecimal()]
                self.highest[name] = max([self.highest[name], *found])

    def _read_outcome(self, reports: Path, path: Path, day: date | None) -> tuple[str, str | None, tuple[int, ...]]:
        """Outcome, reason, and counts of claims and warnings."""
        if day is None:
            try:
                reason = path.with_name(f"{path.name}.txt").read_text("utf-8").split("\n\n")[1].strip()
            except (OSError, UnicodeDecodeError, IndexError):
                reason = ""
            return "failed", reason or "The reason is lost.", (0, 0, 0, 0)
        if (reports / "duplicate.txt").exists():
            return "duplicate", "It was judged before.", (0, 0, 0, 0)
        try:
            report: Any = json.loads((reports / "report.json").read_bytes())
            status, summary = report["files"][0]["status"], report["summary"]
            warnings = summary["findings"]["warning"]
            counts = (summary["claims"], summary["accepted"], summary["rejected"], warnings)
        except (OSError, ValueError, LookupError, TypeError):
            return "accepted", None, (0, 0, 0, 0)
        return (status if status in JUDGED else "rejected"), None, counts

    def _remember(self, ledger: Ledger, number: int, path: Path, day: date, key: bytes) -> None:
        """Judge an original once more, for the claims that it adds to the history."""
        fresh = self.layout.state / "history.new"
        fresh.unlink(missing_ok=True)
        history = History(self.path, fresh, key)
        try:
            for event in judge(path, replace(self.options, received=day, history=history)):
                history.handle(event)
        finally:
            history.close()
        with merge(ledger, fresh) as merging, ledger.transaction():
            merging.carry_out(number, day)
        fresh.unlink()

    def _replace(self) -> None:
        """Put the old ledger aside and the new one in its place."""
        old = self.layout.ledger
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for side in SIDES:
            path = Path(f"{old}{side}")
            if path.exists():
                aside = Path(f"{old}.aside-{stamp}{side}")
                os.replace(path, aside)
                self.result.aside = self.result.aside or aside.name
        os.replace(self.path, old)
        sync_folder(self.layout.state)


def _is_plain(path: Path) -> bool:
    """Whether there is a file, and no link to one."""
    try:
        find_state(path)
    except (Swapped, OSError):
        return False
    return True
