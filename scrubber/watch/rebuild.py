"""A new ledger, made of what lies in the folders, where the old one is lost or damaged.

It is built beside the old one and takes its place when it is whole. What cannot be known any more is kept safe rather
than nice: control numbers go on behind the highest that was sent, an original without a report counts as judged (as a
duplicate where one with the same bytes came before), and files that were in hand go back into the inbox.
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
from scrubber.watch.publish import BEFORE, DIGEST, Publisher
from scrubber.watch.worker import Output, measure

SIDES = ("", "-wal", "-shm")
"""What SQLite calls the files of a database."""

JUDGED = ("accepted", "partial", "rejected")

NOTES = ("duplicate.txt", "retried.txt")
"""What lies among the reports of a file and is no output: why it was not judged."""


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
        self.known: set[str] = set()
        """Slots of the originals that are there."""

    def run(self) -> Rebuilt:
        layout, result = self.layout, self.result
        for side in SIDES:
            Path(f"{self.path}{side}").unlink(missing_ok=True)
        key = read_key(layout.key)
        with contextlib.closing(Ledger(self.path, create=True)) as ledger:
            for day, path in self._find_originals():
                self._add(ledger, path, day, key)
                self.say(f"{result.files} files")
            for folder in self._find_orphans():
                self._add_orphan(ledger, folder)
            self._allow(ledger)
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
        if outcome is None:
            again = identity is not None and ledger.find_content(identity.sha256) is not None
            outcome, reason = ("duplicate", "It was judged before.") if again else ("accepted", None)
        self.known.add(path.stem)
        (reports / "retried.txt").unlink(missing_ok=True)  # A retry that was cut short: the original never left.
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
            self._note_outputs(ledger, number, path.stem)
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
            yield from (p for p in sorted(reports.iterdir()) if _is_plain(p) and p.name not in NOTES)

    def _note_outputs(self, ledger: Ledger, number: int, slot: str) -> None:
        for path in self._find_outputs(slot):
            self._note_output(ledger, number, path, measure(path, path.name))

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

    def _find_orphans(self) -> Iterator[Path]:
        """Reports whose original is not there, and need not be: somebody had it judged again, or it failed and was
        taken away. That of a file that was judged, or was a duplicate, must be in archive/: its loss is to show."""
        for folder in sorted((self.layout.root / REPORTS).iterdir()):
            if folder.is_symlink() or not folder.is_dir() or folder.name in self.known:
                continue
            if (folder / "retried.txt").exists():
                yield folder
            elif not (folder / "duplicate.txt").exists():
                report = _read_report(folder)
                if report is None or report["status"] not in JUDGED:
                    yield folder

    def _add_orphan(self, ledger: Ledger, folder: Path) -> None:
        slot, note = folder.name, folder / "retried.txt"
        name, reason, sha256 = slot, "The reason is lost.", None
        if retried := note.exists():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                first, *said = note.read_text("utf-8").split("\n\n")
                name = first if first.startswith(slot) and "/" not in first else slot
                for part in said:
                    if part.startswith(BEFORE):
                        reason = part.removeprefix(BEFORE).strip()
                    elif part.startswith(DIGEST):
                        sha256 = part.removeprefix(DIGEST).strip()
            # The last step of a retry, where it was cut short.
            (self.layout.root / FAILED / f"{name}.txt").unlink(missing_ok=True)
        elif report := _read_report(folder):
            name, reason = f"{slot}{Path(report['path']).suffix}", f"{report.get('error')}"
        done = (note if retried else folder).stat().st_mtime
        with ledger.transaction():
            published = ledger.counter("published") + 1
            ledger.set_counter("published", published)
            number = ledger.run(
                "INSERT INTO file (name, slot, ending, state, seen, published, done, outcome, place, sha256, reason,"
                " told) VALUES (?, ?, ?, 'done', ?, ?, ?, ?, ?, ?, ?, 1)",
                (
                    os.fsencode(name), slot, Path(name).suffix, done, published, done,
                    "retried" if retried else "failed", None if retried else os.fsencode(f"{FAILED}/{name}"), sha256,
                    reason,
                ),
            ).lastrowid  # fmt: skip
            assert number is not None
            self._note_outputs(ledger, number, slot)
        self.result.files += 1

    def _allow(self, ledger: Ledger) -> None:
        """Files that somebody wants to have judged again, and that were not yet: they are in the inbox."""
        with ledger.transaction():
            ledger.run(
                "INSERT OR IGNORE INTO allowed SELECT sha256 FROM file AS asked WHERE outcome = 'retried'"
                " AND sha256 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM file WHERE sha256 = asked.sha256"
                " AND outcome <> 'retried' AND done >= asked.done)"
            )

    def _read_outcome(
        self, reports: Path, path: Path, day: date | None
    ) -> tuple[str | None, str | None, tuple[int, ...]]:
        """Outcome (None where it cannot be known), reason, and counts of claims and warnings."""
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
            return None, None, (0, 0, 0, 0)
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


def _read_report(reports: Path) -> Any:
    """What the report says of its file; None where there is none that can be read."""
    try:
        found = json.loads((reports / "report.json").read_bytes())["files"][0]
        return {"path": str(found["path"]), "status": str(found["status"]), "error": found.get("error")}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _is_plain(path: Path) -> bool:
    """Whether there is a file, and no link to one."""
    try:
        find_state(path)
    except (Swapped, OSError):
        return False
    return True
