"""What earlier files held, without holding it: claims that were sent before, and visits that add up over time.

Of an accepted claim its keyed digest is kept (BLAKE2 under a key that never leaves the folder), of a visit that a limit
counts the keyed digest of patient and limit, and its day, moved by a number that only the key and the patient give.
Nobody without both the key and a patient's data can tell whose they are. What is older than the retention is deleted.

A worker reads what earlier files left in the ledger and notes what its own file adds; that joins the ledger in the
commit that publishes the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from scrubber.catalogue.check import Sent
from scrubber.claims.earlier import INSTEAD, identify_patient
from scrubber.claims.model import Claim
from scrubber.reports.held import judge_envelope
from scrubber.verdict import ClaimStatus, ClaimVerdict, Event, FileEnd, GroupEnd, InterchangeEnd, SetEnd
from scrubber.watch.ledger import Ledger

TAG = 16
"""Bytes of a digest."""

_DAYS = 1 << 16
_SEPARATOR = b"\x1f"

VOID = "8"

FRESH = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE claim (tag BLOB PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE visit (tag BLOB, day INTEGER, number INTEGER, PRIMARY KEY (tag, day)) STRICT, WITHOUT ROWID;
CREATE TABLE void (tag BLOB, number INTEGER NOT NULL) STRICT;
"""


def read_key(path: Path) -> bytes:
    """The folder's key, made when there is none (0600). Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == 32:
            return key
    temporary = path.with_suffix(".part")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:
        key = secrets.token_bytes(32)
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
    return key


class History:
    """The history as one file's judging sees it: what earlier files left, and what this file has added so far.

    ``meet`` names the claim that is about to be judged; ``sent`` and ``visits`` answer for it. ``handle`` takes the
    events of the file: what a claim adds counts only once it is accepted, and is taken back with the set, group or
    interchange that is rejected.
    """

    def __init__(self, ledger: Path, fresh: Path, key: bytes) -> None:
        self._known = sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True, timeout=30, isolation_level=None)
        self._fresh = sqlite3.connect(fresh, isolation_level=None)
        self._fresh.executescript(FRESH)
        self._fresh.execute("BEGIN")
        self._key = key
        self._number = 0
        """Claims accepted so far."""
        self._starts = [0, 0, 0]
        """How many there were when the open set, group and interchange began."""
        self._claim: Claim | None = None
        self._patient: bytes | None = None
        self._pending: list[tuple[bytes, int]] = []
        self.snapshot: int = self._known.execute("SELECT value FROM counter WHERE name = 'published'").fetchone()[0]

    def close(self) -> None:
        """Write out what was added."""
        self._known.close()
        self._fresh.execute("COMMIT")
        self._fresh.close()

    # What checks ask -------------------------------------------------------------------------------------------------

    def meet(self, claim: Claim) -> None:
        self._claim = claim
        self._pending.clear()
        patient = identify_patient(claim)
        self._patient = None if patient is None else _SEPARATOR.join(str(part).upper().encode() for part in patient)

    def sent(self) -> Sent | None:
        """Where the same claim was accepted before, in an earlier file."""
        claim = self._claim
        if claim is None or claim.frequency in INSTEAD:
            return None
        tag = self._tag_claim(claim)
        if tag is None or self._fresh.execute("SELECT 1 FROM void WHERE tag = ?", (tag,)).fetchone():
            return None
        row = self._known.execute(
            "SELECT file.slot, claim.day FROM claim JOIN file ON file.id = claim.file WHERE tag = ?", (tag,)
        ).fetchone()
        return None if row is None else Sent(row[0], date.fromordinal(row[1]))

    def visits(self, limit: str, days: Sequence[date]) -> Sequence[date]:
        """The days on which the patient's earlier claims met a limit; ``days`` are this claim's, to be remembered."""
        if self._patient is None:
            return ()
        tag = self._digest(b"visit", self._patient, limit.encode())
        moved = int.from_bytes(self._digest(b"day", self._patient, limit.encode())[:4], "big")
        self._pending += [(tag, (day.toordinal() + moved) % _DAYS) for day in days]
        found = {
            row[0]
            for database in (self._known, self._fresh)
            for row in database.execute("SELECT day FROM visit WHERE tag = ?", (tag,))
        }
        # Days are kept without their 65,536s: of those there may be, the one near this claim's is meant.
        near = max(days).toordinal()
        half = _DAYS // 2
        return sorted(date.fromordinal(near + (day - moved - near + half) % _DAYS - half) for day in found)

    def _tag_claim(self, claim: Claim) -> bytes | None:
        billing = claim.billing
        if self._patient is None or billing is None or not claim.lines or claim.charge is None:
            return None
        lines = sorted(f"{line.procedure} {line.first} {line.last} {line.units}" for line in claim.lines)
        said = (billing.npi or billing.name, f"{claim.charge.normalize():f}", *lines)
        return self._digest(b"claim", self._patient, *(part.encode() for part in said))

    def _digest(self, *parts: bytes) -> bytes:
        return hashlib.blake2b(_SEPARATOR.join(parts), key=self._key, digest_size=TAG).digest()

    # What the file adds ----------------------------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take the next event of the pipeline."""
        if type(event) is ClaimVerdict:
            if event.status is ClaimStatus.ACCEPTED:
                self._keep(event.claim)
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            level = 0 if isinstance(event, SetEnd) else 1 if isinstance(event, GroupEnd) else 2
            if judge_envelope(event)[0]:
                for table in ("claim", "visit", "void"):
                    self._fresh.execute(f"DELETE FROM {table} WHERE number > ?", (self._starts[level],))
            self._starts[: level + 1] = [self._number] * (level + 1)
        elif isinstance(event, FileEnd):
            self._claim = None

    def _keep(self, claim: Claim) -> None:
        if claim is not self._claim:
            self.meet(claim)
        tag = self._tag_claim(claim)
        if tag is None:
            return
        self._number += 1
        run, number = self._fresh.execute, self._number
        if claim.frequency == VOID:
            run("INSERT INTO void VALUES (?, ?)", (tag, number))
            return
        run("INSERT OR IGNORE INTO claim VALUES (?, ?)", (tag, number))
        for visit, day in self._pending:
            run("INSERT OR IGNORE INTO visit VALUES (?, ?, ?)", (visit, day, number))


class Merging:
    """What a file adds to the history, about to join the ledger."""

    def __init__(self, ledger: Ledger, there: bool) -> None:
        self._ledger = ledger
        self._there = there

    def meets(self, snapshot: int) -> bool:
        """Whether a file that was published after the snapshot holds a claim, or a patient's visit, of this one: what
        was said of this one may then lack something."""
        if not self._there:
            return False
        return any(
            self._ledger.run(
                f"SELECT 1 FROM fresh.{table} AS new JOIN {table} AS old ON old.tag = new.tag"
                " JOIN file ON file.id = old.file WHERE file.published > ? LIMIT 1",
                (snapshot,),
            ).fetchone()
            for table in ("claim", "visit")
        )

    def carry_out(self, file: int, day: date | None = None) -> None:
        """Add it, inside the ledger's transaction."""
        if not self._there:
            return
        today = (day or date.today()).toordinal()
        run = self._ledger.run
        run("DELETE FROM claim WHERE tag IN (SELECT tag FROM fresh.void)")
        run("INSERT OR IGNORE INTO claim SELECT tag, ?, ? FROM fresh.claim", (file, today))
        run("INSERT OR IGNORE INTO visit SELECT tag, day, ?, ? FROM fresh.visit", (file, today))


@contextlib.contextmanager
def merge(ledger: Ledger, fresh: Path | None) -> Iterator[Merging]:
    """What a worker noted, attached to the ledger."""
    there = fresh is not None and fresh.exists()
    if there:
        ledger.run("ATTACH DATABASE ? AS fresh", (os.fspath(fresh or ""),))
    try:
        yield Merging(ledger, there)
    finally:
        if there:
            ledger.run("DETACH DATABASE fresh")


def forget(ledger: Ledger, days: int) -> int:
    """Delete what is older than the retention; how many claims and visits."""
    before = (date.today() - timedelta(days=days)).toordinal() if days else date.max.toordinal()
    with ledger.transaction():
        return (
            ledger.run("DELETE FROM claim WHERE day < ?", (before,)).rowcount
            + ledger.run("DELETE FROM visit WHERE kept < ?", (before,)).rowcount
        )
