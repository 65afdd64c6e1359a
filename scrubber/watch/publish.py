"""Publishing: what was made of a file appears, and the file leaves the inbox for good, in one recoverable step.

Everything is first written and synced in the folder of the file in hand. Then one commit to the ledger says how the
file came out and what is to be renamed: the file is published. The renames follow; each may be repeated, and whoever
opens the folder after a crash carries out those that are left. A file whose commit did not happen is judged anew.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scrubber.watch.history import merge
from scrubber.watch.identity import Identity, State, Swapped, find_state
from scrubber.watch.layout import (
    ARCHIVE,
    FAILED,
    Layout,
    candidates,
    destination,
    free_path,
    note_of,
    remove_tree,
    split_name,
    sync_folder,
)
from scrubber.watch.ledger import Entry, Ledger
from scrubber.watch.worker import Judged, Output

GRACE = 2
"""Deaths of workers over one file after which it is not tried again."""

STRAY = 60.0
"""Seconds after which a note of a retry that nobody committed to is nobody's work any more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file, as it is to stand in the ledger."""

    outcome: str
    reason: str | None = None
    repeats: int | None = None
    identity: Identity | None = None
    judged: Judged | None = None


class Publisher:
    """Takes files out of the inbox, and lets what was made of them appear. Raises OSError and sqlite3.OperationalError
    where the machine does not let it: nothing is lost then, and ``recover`` brings everything in order."""

    def __init__(self, layout: Layout, ledger: Ledger) -> None:
        self.layout = layout
        self.ledger = ledger

    def take(self, name: bytes, state: State) -> tuple[int, State]:
        """Move a file that was seen so from the inbox into a folder of its own; its number, and its state there. Raises
        FileNotFoundError where it is gone, Swapped where something else had come into its place: that is in the inbox
        again."""
        layout = self.layout
        stem, ending = split_name(name)
        today = _today()
        slot = next(
            slot for slot in candidates(stem) if self.ledger.is_slot_free(slot) and layout.is_free(slot, ending, today)
        )
        number = self.ledger.take(name, slot, ending)
        target = layout.held(number, name)
        target.parent.mkdir(mode=0o700, parents=True)
        try:
            os.rename(layout.inbox / os.fsdecode(name), target)
        except OSError:
            remove_tree(layout.hand(number))
            self.ledger.give_back(number)
            raise
        sync_folder(layout.inbox)
        try:
            moved = find_state(target)
            if not moved.resembles(state):
                raise Swapped
        except Swapped:
            self.give_back(number)
            raise
        return number, moved

    def give_back(self, number: int) -> None:
        """Put a file in hand back into the inbox, as if it had not been taken."""
        entry = self.ledger.entry(number)
        held = self.layout.held(number, entry.name)
        if os.path.lexists(held):
            os.rename(held, free_path(self.layout.inbox / os.fsdecode(entry.name)))
            sync_folder(self.layout.inbox)
        self.ledger.give_back(number)
        remove_tree(self.layout.hand(number))

    def publish(self, number: int, out: Path | None, outcome: Outcome, history: Path | None = None) -> bool:
        """Commit to an outcome, and carry it out. False where another file was published meanwhile that this one must
        be judged with: then nothing has happened."""
        entry = self.ledger.entry(number)
        _make_private(self.layout.held(number, entry.name))
        moves, place, outputs = self._plan(entry, out, outcome)
        judged, identity = outcome.judged, outcome.identity
        ledger = self.ledger
        with merge(ledger, history) as merging, ledger.transaction():
            if judged is not None and merging.meets(judged.snapshot):
                return False
            published = ledger.counter("published") + 1
            ledger.set_counter("published", published)
            ledger.run(
                "UPDATE file SET state = 'moving', outcome = ?, reason = ?, repeats = ?, place = ?, published = ?,"
                " done = ?, sha256 = ?, size = ? WHERE id = ?",
                (
                    outcome.outcome, outcome.reason, outcome.repeats, place, published, time.time(),
                    identity.sha256 if identity else None, identity.state.size if identity else None, number,
                ),
            )  # fmt: skip
            if judged is not None:
                ledger.run(
                    "UPDATE file SET claims = ?, accepted = ?, rejected = ?, warnings = ? WHERE id = ?",
                    (judged.claims, judged.accepted, judged.rejected, judged.warnings, number),
                )
            if identity is not None:
                ledger.add_interchanges(number, identity.interchanges)
                ledger.run("DELETE FROM allowed WHERE sha256 = ?", (identity.sha256,))
            for path, output in outputs:
                ledger.run("INSERT INTO output VALUES (?, ?, ?, ?)", (number, path, output.sha256, output.size))
            ledger.add_moves(number, moves)
            merging.carry_out(number)
        self.finish(number)
        return True

    def _plan(
        self, entry: Entry, out: Path | None, outcome: Outcome
    ) -> tuple[list[tuple[bytes, bytes | None]], bytes, list[tuple[bytes, Output]]]:
        """What is to be renamed, where the original goes, and what was made of it."""
        layout = self.layout
        moves: list[tuple[bytes, bytes | None]] = []
        outputs: list[tuple[bytes, Output]] = []
        if out is not None and outcome.judged is not None:
            for output in outcome.judged.outputs:
                target = os.fsencode(destination(entry.slot, output.ending))
                moves.append((layout.relative(out / f"{entry.slot}{output.ending}"), target))
                outputs.append((target, output))
        name = f"{entry.slot}{entry.ending}"
        failed = outcome.outcome == "failed"
        place = os.fsencode(f"{FAILED}/{name}" if failed else f"{ARCHIVE}/{_today()}/{name}")
        if outcome.reason is not None:
            # The reason stands beside the original, or among the reports where the original is filed away.
            beside = f"{FAILED}/{name}.txt" if failed else note_of(entry.slot, outcome.outcome)
            written = self._write_reason(entry, outcome.reason, place if failed else None)
            moves.append((layout.relative(written), os.fsencode(beside)))
        moves.append((layout.relative(layout.held(entry.id, entry.name)), place))
        return moves, place, outputs

    def _write_reason(self, entry: Entry, reason: str, failed: bytes | None) -> Path:
        """What lies beside a file: its name, why it was not judged, and what to do where it failed, in paragraphs."""
        said = f"{entry.slot}{entry.ending}\n\n{reason.rstrip('.')}.\n"
        if failed is not None:
            again = shlex.quote(str(self.layout.absolute(failed)))
            said += (
                "\nIt was not judged: none of its claims is in accepted/ or rejected/. Drop a mended file into inbox/, "
                f"or have this one judged again:\nscrubber watch retry {again}\n"
            )
        path = self.layout.hand(entry.id) / "reason.txt"
        _write(path, said)
        return path

    def finish(self, number: int) -> None:
        """Carry out what is left of an intent."""
        layout, touched = self.layout, set()
        for row, source, target in self.ledger.moves(number):
            path = layout.absolute(source)
            if target is None:
                path.unlink(missing_ok=True)
            elif os.path.lexists(path):
                goal = layout.absolute(target)
                if os.path.lexists(goal):
                    # Somebody put a file of this name there meanwhile: it is not ours to write over.
                    goal = free_path(goal)
                    self.ledger.redirect(number, row, target, layout.relative(goal))
                self._make(goal.parent)
                try:
                    os.rename(path, goal)
                except FileNotFoundError:
                    if os.path.lexists(path):
                        raise
                    continue  # Another process carries out the same: a retry that was begun twice.
                touched |= {goal.parent, path.parent}
        for folder in touched:
            with contextlib.suppress(FileNotFoundError):
                sync_folder(folder)
        self.ledger.settle(number)
        remove_tree(layout.hand(number))

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)

    def recover(self) -> tuple[int, int]:
        """Bring everything in order after a crash: carry out what was committed to, throw away what was not. How many
        files were finished, and how many will be judged anew."""
        layout, ledger = self.layout, self.ledger
        finished = again = 0
        for entry in ledger.entries("state = 'moving' ORDER BY published"):
            self.finish(entry.id)
            finished += 1
        known = set()
        for entry in ledger.entries("state = 'taken' ORDER BY id"):
            if not os.path.lexists(layout.held(entry.id, entry.name)):
                ledger.give_back(entry.id)  # It never left the inbox, or somebody took it away.
                continue
            known.add(str(entry.id))
            again += 1
            for folder in layout.hand(entry.id).iterdir():
                if folder.name != "in":
                    remove_tree(folder)
        for folder in layout.work.iterdir():
            if folder.name not in known:
                self.return_strays(folder)
        for note in layout.state.glob("retried-*.txt"):
            if time.time() - note.stat().st_mtime > STRAY:
                note.unlink(missing_ok=True)  # What was committed to is carried out: its retry never was.
        return finished, again

    def return_strays(self, folder: Path) -> int:
        """Put the originals that lie in a folder that no entry knows back into the inbox; how many."""
        count = 0
        if (folder / "in").is_dir():
            for path in sorted((folder / "in").iterdir()):
                os.rename(path, free_path(self.layout.inbox / path.name))
                count += 1
            sync_folder(self.layout.inbox)
        remove_tree(folder)
        return count

    def retry(self, entry: Entry) -> None:
        """Put a file that failed, or was a duplicate, back into the inbox, to be judged whatever it looks like.

        What was published of it stays where it is: an answer may have been sent, and its control numbers are used. A
        note takes the place of the reason. It tells people, and whoever makes a new ledger, that somebody asked.
        """
        assert entry.place is not None
        layout, ledger = self.layout, self.ledger
        target = free_path(layout.inbox / os.fsdecode(entry.name))
        # Not in the folders of files in hand: the file is in nobody's hand until the commit.
        note = layout.state / f"retried-{entry.id}-{secrets.token_hex(4)}.txt"
        beside = entry.place + b".txt" if entry.outcome == "failed" else os.fsencode(note_of(entry.slot, "duplicate"))
        # In this order: where the original is gone the note is there, for whoever has to do without the ledger.
        moves = [
            (layout.relative(note), os.fsencode(note_of(entry.slot, "retried"))),
            (entry.place, layout.relative(target)), (beside, None),
        ]  # fmt: skip
        try:
            _write(note, say_retried(entry))
            sync_folder(layout.state)
            with ledger.transaction():
                if ledger.entry(entry.id) != entry:
                    note.unlink()
                    return  # Somebody else was quicker.
                if entry.sha256:
                    ledger.run("INSERT OR IGNORE INTO allowed VALUES (?)", (entry.sha256,))
                ledger.run(
                    "UPDATE file SET state = 'moving', outcome = 'retried', place = NULL WHERE id = ?", (entry.id,)
                )
                ledger.add_moves(entry.id, moves)
        except BaseException:
            note.unlink(missing_ok=True)
            raise
        self.finish(entry.id)


BEFORE, DIGEST = "What was said of it before: ", "SHA-256 of its bytes: "
"""What two paragraphs of the note of a retry begin with."""


def say_retried(entry: Entry) -> str:
    """What lies among the reports of a file that somebody had judged again, in paragraphs."""
    said = (
        f"{entry.slot}{entry.ending}\n\nSomebody had it judged again (scrubber watch retry): it went back into inbox/, "
        "and what became of it then stands under the name that it was given next.\n\n"
        f"{BEFORE}{(entry.reason or 'nothing').rstrip('.')}.\n"
    )
    return f"{said}\n{DIGEST}{entry.sha256}\n" if entry.sha256 else said


def _write(path: Path, said: str) -> None:
    """Write a text that is to last before it is renamed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(said)
        stream.flush()
        os.fsync(stream.fileno())


def _make_private(path: Path) -> None:
    """Leave a file to its owner alone, if it is ours: it was saved with whatever rights its program gives."""
    with contextlib.suppress(OSError, AttributeError):  # Another's, a share without rights, or Windows.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)


def _today() -> str:
    return datetime.now().date().isoformat()
