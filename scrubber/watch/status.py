"""How a watched folder is doing, for whoever asks while it is watched or not."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Any

from scrubber.spelling import count
from scrubber.watch.intake import is_ignored
from scrubber.watch.layout import ARCHIVE, FAILED, INBOX, Layout
from scrubber.watch.ledger import Entry, Ledger
from scrubber.watch.lock import DEAD, Watcher, find_watcher
from scrubber.watch.outstanding import Outstanding, count_to_send, find_outstanding

OUTCOMES = {
    "accepted": "accepted", "partial": "accepted in part", "rejected": "rejected", "failed": "not judged",
    "duplicate": "duplicate", "retried": "tried again",
}  # fmt: skip

LONG = 600.0
"""Seconds after which it is worth a word that a file still waits."""


@dataclass(frozen=True, slots=True)
class State:
    """``today`` has outcomes and how many files came out so."""

    root: Path
    watcher: Watcher | None
    waiting: int
    """Files in the inbox that will be taken."""
    longest: float
    """Seconds for which the first of them has waited."""
    left_alone: int
    """What lies in the inbox and is never taken: links, folders."""
    unfinished: int
    """Files in the inbox that are unfinished by their names."""
    in_hand: int
    today: dict[str, int]
    claims: tuple[int, int]
    """Today's, accepted and rejected."""
    outstanding: Outstanding
    to_send: int
    """Files in accepted/."""

    @property
    def is_watched(self) -> bool:
        return self.watcher is not None and self.watcher.lives

    def data(self) -> dict[str, Any]:
        accepted, rejected = self.claims
        watcher = self.watcher
        return {
            "watched": self.is_watched, "watcher": str(watcher) if watcher is not None else None,
            "trouble": watcher.trouble if watcher is not None else None,
            "waiting": self.waiting, "in_hand": self.in_hand, "left_alone": self.left_alone,
            "unfinished": self.unfinished, "today": self.today,
            "claims": {"accepted": accepted, "rejected": rejected},
            "to_correct": {"files": len(self.outstanding.rejected), "claims": self.outstanding.claims},
            "failed": len(self.outstanding.failed), "to_send": self.to_send, "to_do": list(self.find_steps()),
        }  # fmt: skip

    def text(self) -> str:
        accepted, rejected = self.claims
        open_, today = self.outstanding, self.today
        outcomes = [f"{today[key]:,} {word}" for key, word in OUTCOMES.items() if key in today]
        files = count(len(open_.rejected), "file")
        waits = f", the first for {say_time(self.longest)}" if self.waiting and self.longest >= 60 else ""
        facts = (
            ("Watcher", self._say_watcher()),
            ("Inbox", f"{count(self.waiting, 'file')} waiting{waits}; {self.in_hand:,} being judged"),
            ("Today", f"{count(sum(today.values()), 'file')}: {', '.join(outcomes)}" if today else "no file yet"),
            *((("Claims", f"{accepted:,} accepted, {rejected:,} rejected today"),) if accepted or rejected else ()),
            ("To send", f"{count(self.to_send, 'file')} in accepted/" if self.to_send else "nothing"),
            ("To correct", f"{count(open_.claims, 'claim')} in {files} of rejected/" if open_.rejected else "nothing"),
            ("Not judged", f"{count(len(open_.failed), 'file')} in failed/" if open_.failed else "nothing"),
        )
        steps = [f"  - {step}" for step in self.find_steps()] or ["  - Nothing: all that was dropped is dealt with."]
        return "\n".join((*(f"{name:<10} {said}" for name, said in facts), "", "What to do:", *steps))

    def _say_watcher(self) -> str:
        watcher = self.watcher
        if watcher is None:
            return "none: what is dropped waits for the next start"
        if watcher.lives:
            return f"running: {watcher}" + (f", since {_say_moment(watcher.since)}" if watcher.since else "")
        seen = f"{datetime.fromtimestamp(watcher.seen):%Y-%m-%d %H:%M:%S}"
        if watcher.trouble is not None:
            return f"waiting: {watcher} could not go on at {seen} ({watcher.trouble})"
        return f"died: {watcher}, which last gave a sign of life at {seen}"

    def find_steps(self) -> Iterator[str]:
        """What a person should do next, the most urgent first."""
        yield from self._find_steps_of_watcher()
        if self.left_alone:
            yield (
                f"{self.left_alone:,} in inbox/ will never be taken: links and folders are left alone. "
                "Drop the files themselves."
            )
        if self.unfinished:
            yield (
                f"{self.unfinished:,} in inbox/ will not be taken under such a name (.tmp, .part and the like stand "
                "for unfinished work). Rename what is whole."
            )
        if self.is_watched and not self.in_hand and self.longest > LONG:
            yield (
                "A file in inbox/ is not taken: another program may have it open, or scrubber may not read it. "
                "index.html says which."
            )
        if self.outstanding.rejected:
            yield (
                "Correct the rejected claims: index.html leads to the reasons. Drop the file that your practice system "
                "then writes, and take the old one out of rejected/; until then it is counted here."
            )
        if self.outstanding.failed:
            failed = shlex.quote(str(self.root / FAILED / "NAME"))
            yield (
                "Read why files were not judged: each in failed/ has a .txt beside it. Drop a corrected file, or have "
                f"the same one judged again: scrubber watch retry {failed}"
            )
        if self.to_send:
            yield "Send what lies in accepted/, and take it out when it is sent."
        if self.is_watched and not self.today and not self.waiting and not self.in_hand:
            yield f"Drop files into {self.root / INBOX}"

    def _find_steps_of_watcher(self) -> Iterator[str]:
        watcher = self.watcher
        start = f"scrubber watch {shlex.quote(str(self.root))}"
        if watcher is None:
            yield f"Start the watcher: {start} (or judge what waits, and no more: {start} --once)"
        elif watcher.lives:
            silent = time.time() - watcher.seen
            if watcher.seen and silent > DEAD:
                yield (
                    f"The watcher has given no sign of life for {say_time(silent)}. If nothing moves, end it "
                    f"({watcher}) and start it again: {start}"
                )
        elif watcher.trouble is not None:
            yield (
                f"See to what holds the watcher up ({watcher.trouble}); it tries again each minute. If it is gone, "
                f"start it again: {start}"
            )
        else:
            yield f"Start the watcher again: {start} (nothing is lost: it takes up what the other had in hand)"


def say_time(seconds: float) -> str:
    """A stretch of time, roughly."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return count(int(seconds // size), unit)
    return count(int(seconds), "second")


def _say_moment(since: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(since)):%Y-%m-%d %H:%M}"
    except ValueError:
        return str(since)


def find_state(layout: Layout, ledger: Ledger) -> State:
    """Raises OSError, Corrupt."""
    since = datetime.combine(date.today(), clock()).timestamp()
    rows = list(
        ledger.run(
            "SELECT outcome, count(*), sum(accepted), sum(rejected) FROM file WHERE state = 'done' AND done >= ?"
            " GROUP BY outcome ORDER BY outcome",
            (since,),
        )
    )
    waiting, unfinished, left_alone = _look(layout)
    return State(
        root=layout.root,
        watcher=find_watcher(layout.lock),
        waiting=len(waiting),
        longest=max([0.0, *waiting]),
        left_alone=left_alone,
        unfinished=unfinished,
        in_hand=ledger.run("SELECT count(*) FROM file WHERE state <> 'done'").fetchone()[0],
        today={outcome: files for outcome, files, _, _ in rows},
        claims=(sum(row[2] for row in rows), sum(row[3] for row in rows)),
        outstanding=find_outstanding(layout, ledger),
        to_send=count_to_send(layout),
    )


def _look(layout: Layout) -> tuple[list[float], int, int]:
    """For how many seconds each file of the inbox has waited; how many are unfinished by their names; how many things
    are no files."""
    now = time.time()
    waiting: list[float] = []
    unfinished = left_alone = 0
    with os.scandir(os.fsencode(layout.inbox)) as found:
        for item in found:
            if is_ignored(item.name):
                unfinished += not item.name.startswith(b".")
            elif item.is_file(follow_symlinks=False):
                try:
                    waiting.append(now - item.stat(follow_symlinks=False).st_ctime)
                except FileNotFoundError:
                    continue  # Taken, this moment.
            else:
                left_alone += 1
    return waiting, unfinished, left_alone


def find_root(file: str) -> Layout | None:
    """The watched folder that a file of failed/ or archive/ lies in."""
    path = Path(os.path.abspath(file))
    for root in path.parents[1:3]:
        layout = Layout(root)
        if layout.state.is_dir() and layout.relative(path).split(os.fsencode(os.sep))[0] in (
            FAILED.encode(),
            ARCHIVE.encode(),
        ):
            return layout
    return None


def find_entry(layout: Layout, ledger: Ledger, file: str) -> Entry | None:
    """The file that the ledger has in a place, if it lies there."""
    place = layout.relative(Path(os.path.abspath(file)))
    found = ledger.entries("place = ? AND state = 'done'", (place,))
    return found[0] if found and os.path.lexists(layout.absolute(place)) else None


def find_interrupted(layout: Layout, ledger: Ledger, file: str) -> int | None:
    """The file that was about to go from a place back into the inbox when its retry was cut short."""
    row = ledger.run(
        "SELECT file.id FROM move JOIN file ON file.id = move.file WHERE source = ? AND outcome = 'retried'",
        (layout.relative(Path(os.path.abspath(file))),),
    ).fetchone()
    return None if row is None else row[0]
