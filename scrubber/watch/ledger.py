"""The ledger: every file that was ever taken, where it is, and what became of it.

An SQLite database with a write-ahead log that is synced at each commit. What is to be renamed when a file is published
stands in it as an intent (``move``), committed together with everything else there is to know of the file: from that
moment on the file is published, and whoever starts next carries out what is left of it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrubber.watch.identity import Interchange

APPLICATION = 0x53435257
"""Marks a database as ours."""

VERSION = 1

SCHEMA = """
CREATE TABLE file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name BLOB NOT NULL,
  slot TEXT NOT NULL UNIQUE COLLATE NOCASE,
  ending TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('taken', 'moving', 'done')),
  seen REAL NOT NULL,
  deaths INTEGER NOT NULL DEFAULT 0,
  published INTEGER UNIQUE,
  done REAL,
  outcome TEXT CHECK (outcome IN ('accepted', 'partial', 'rejected', 'duplicate', 'failed', 'retried')),
  place BLOB,
  sha256 TEXT,
  size INTEGER,
  claims INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  warnings INTEGER NOT NULL DEFAULT 0,
  repeats INTEGER REFERENCES file (id),
  reason TEXT,
  told INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX file_digest ON file (sha256);
CREATE INDEX file_open ON file (state) WHERE state <> 'done';
CREATE INDEX file_done ON file (done);
CREATE TABLE move (
  file INTEGER NOT NULL REFERENCES file (id),
  source BLOB NOT NULL,
  target BLOB
) STRICT;
CREATE INDEX move_file ON move (file);
CREATE TABLE output (
  file INTEGER NOT NULL REFERENCES file (id),
  path BLOB NOT NULL UNIQUE,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL
) STRICT;
CREATE INDEX output_file ON output (file);
CREATE TABLE interchange (
  file INTEGER NOT NULL REFERENCES file (id),
  sender TEXT NOT NULL,
  number TEXT NOT NULL,
  usage TEXT NOT NULL,
  groups TEXT NOT NULL,
  sets TEXT NOT NULL
) STRICT;
CREATE INDEX interchange_number ON interchange (number, sender, usage);
CREATE TABLE allowed (sha256 TEXT PRIMARY KEY) STRICT;
CREATE TABLE claim (tag BLOB PRIMARY KEY, file INTEGER NOT NULL, day INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX claim_day ON claim (day);
CREATE TABLE visit (
  tag BLOB NOT NULL, day INTEGER NOT NULL, file INTEGER NOT NULL, kept INTEGER NOT NULL, PRIMARY KEY (tag, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_kept ON visit (kept);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
INSERT INTO counter VALUES ('interchange', 1), ('group', 1), ('set', 1), ('published', 0);
"""


class Corrupt(Exception):
    """A ledger that cannot be trusted. Its text says why, and how to rebuild it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the ledger has it."""

    id: int
    name: bytes
    slot: str
    ending: str
    state: str
    seen: float
    deaths: int
    published: int | None
    done: float | None
    outcome: str | None
    place: bytes | None
    sha256: str | None
    size: int | None
    claims: int
    accepted: int
    rejected: int
    warnings: int
    repeats: int | None
    reason: str | None
    told: int


COLUMNS = ", ".join(Entry.__dataclass_fields__)


class Ledger:
    """The ledger of a watched folder. Raises Corrupt; sqlite3.OperationalError where the disk does not let it work."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not path.is_file():
            raise Corrupt(_advise(path, "it is not there, and there are files that it should know"))
        if create and not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            self._open(create)
        except BaseException:
            self.close()
            raise

    def _open(self, create: bool) -> None:
        run = self._db.execute
        try:
            empty = run("PRAGMA schema_version").fetchone()[0] == 0
            if empty and not create:
                raise Corrupt(_advise(self.path, "it is empty"))
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = FULL")
            run("PRAGMA secure_delete = ON")
            run("PRAGMA foreign_keys = ON")
            if empty:
                with self.transaction():
                    for statement in SCHEMA.split(";\n"):
                        run(statement)
                    run(f"PRAGMA application_id = {APPLICATION}")
                    run(f"PRAGMA user_version = {VERSION}")
            if run("PRAGMA application_id").fetchone()[0] != APPLICATION:
                raise Corrupt(_advise(self.path, "it is another program's database"))
            if (version := run("PRAGMA user_version").fetchone()[0]) != VERSION:
                raise Corrupt(f"{self.path}: its form is number {version}, and this scrubber knows {VERSION}")
            if (found := run("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise Corrupt(_advise(self.path, str(found).splitlines()[0]))
        except sqlite3.DatabaseError as error:
            raise self._sort(error) from None

    def _sort(self, error: sqlite3.DatabaseError) -> Exception:
        """The same error, or Corrupt where it says that the database is damaged."""
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return Corrupt(_advise(self.path, str(error))) if damaged else error

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside becomes true together, and lasts; or nothing of it does."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise self._sort(error) from None
            raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise self._sort(error) from None

    # Files -----------------------------------------------------------------------------------------------------------

    def entries(self, where: str, values: Sequence[Any] = ()) -> list[Entry]:
        """Files for which a condition holds; it may end with an order and a limit."""
        return [Entry(*row) for row in self.run(f"SELECT {COLUMNS} FROM file WHERE {where}", values)]

    def entry(self, number: int) -> Entry:
        return self.entries("id = ?", (number,))[0]

    def is_slot_free(self, slot: str) -> bool:
        return self.run("SELECT 1 FROM file WHERE slot = ?", (slot,)).fetchone() is None

    def take(self, name: bytes, slot: str, ending: str) -> int:
        """Note that a file is about to be taken out of the inbox."""
        with self.transaction():
            found = self.run(
                "INSERT INTO file (name, slot, ending, state, seen) VALUES (?, ?, ?, 'taken', ?)",
                (name, slot, ending, time.time()),
            )
        assert found.lastrowid is not None
        return found.lastrowid

    def give_back(self, number: int) -> None:
        """Forget a file that was not taken after all."""
        with self.transaction():
            self.run("DELETE FROM file WHERE id = ? AND state = 'taken'", (number,))

    def count_death(self, number: int) -> int:
        """Note that a worker died over a file; how often by now."""
        with self.transaction():
            self.run("UPDATE file SET deaths = deaths + 1 WHERE id = ?", (number,))
        return self.entry(number).deaths

    def moves(self, number: int) -> list[tuple[int, bytes, bytes | None]]:
        """What is left to be renamed, in order; a target of None is to be taken away."""
        return list(self.run("SELECT rowid, source, target FROM move WHERE file = ? ORDER BY rowid", (number,)))

    def add_moves(self, number: int, moves: Iterable[tuple[bytes, bytes | None]]) -> None:
        for source, target in moves:
            self.run("INSERT INTO move VALUES (?, ?, ?)", (number, source, target))

    def redirect(self, number: int, row: int, before: bytes, after: bytes) -> None:
        """A target was no longer free: another one."""
        with self.transaction():
            self.run("UPDATE move SET target = ? WHERE rowid = ?", (after, row))
            self.run("UPDATE output SET path = ? WHERE file = ? AND path = ?", (after, number, before))
            self.run("UPDATE file SET place = ? WHERE id = ? AND place = ?", (after, number, before))

    def settle(self, number: int) -> None:
        """Every rename of a file is done."""
        with self.transaction():
            self.run("DELETE FROM move WHERE file = ?", (number,))
            self.run("UPDATE file SET state = 'done' WHERE id = ?", (number,))

    def outputs(self, number: int) -> list[tuple[bytes, str, int]]:
        """Path, digest and size of what a file was made into."""
        return list(self.run("SELECT path, sha256, size FROM output WHERE file = ? ORDER BY path", (number,)))

    # What came before ------------------------------------------------------------------------------------------------

    def find_content(self, sha256: str) -> int | None:
        """The file of the same bytes that was judged before."""
        row = self.run(
            "SELECT min(id) FROM file WHERE sha256 = ? AND outcome IN ('accepted', 'partial', 'rejected')", (sha256,)
        ).fetchone()
        return None if row is None else row[0]

    def find_interchange(self, interchange: Interchange) -> int | None:
        """The file that was judged before and held an interchange of this sender and number."""
        row = self.run(
            "SELECT min(file.id) FROM interchange JOIN file ON file.id = interchange.file"
            " WHERE number = ? AND sender = ? AND usage = ? AND outcome IN ('accepted', 'partial', 'rejected')",
            (interchange.number, interchange.sender, interchange.usage),
        ).fetchone()
        return None if row is None else row[0]

    def add_interchanges(self, number: int, interchanges: Iterable[Interchange]) -> None:
        for one in interchanges:
            self.run(
                "INSERT INTO interchange VALUES (?, ?, ?, ?, ?, ?)",
                (number, one.sender, one.number, one.usage, " ".join(one.groups), " ".join(one.sets)),
            )

    def is_allowed(self, sha256: str) -> bool:
        """Whether a person said that a file is to be judged though it looks like a duplicate."""
        return self.run("SELECT 1 FROM allowed WHERE sha256 = ?", (sha256,)).fetchone() is not None

    # Counters --------------------------------------------------------------------------------------------------------

    def counter(self, name: str) -> int:
        value: int = self.run("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()[0]
        return value

    def set_counter(self, name: str, value: int) -> None:
        self.run("UPDATE counter SET value = ? WHERE name = ?", (value, name))


def _advise(path: Path, why: str) -> str:
    return (
        f"{path}: the ledger cannot be used: {why}. Nothing was touched. `scrubber watch rebuild {path.parent.parent}` "
        "puts it aside and makes a new one of what lies in archive/, failed/ and reports/"
    )
