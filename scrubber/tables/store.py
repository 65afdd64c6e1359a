"""The user's reference data: one SQLite file, editions side by side, a table of rows for each.

A change is one transaction: whoever is killed half way leaves what was there before, and whoever reads meanwhile sees
what was there when the reading began (SQLite's write-ahead log). An edition imported again replaces itself.

    edition   one row an edition: its kind, name, days, and how its rows are laid out
    source    the files that it came from, with their SHA-256
    word      texts that many rows share, by number
    rows_N    the rows of edition N, by key; days are numbers (date.toordinal), 0 for none
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from scrubber.config import ConfigError
from scrubber.spelling import suggest
from scrubber.tables.dated import Edition, Row
from scrubber.tables.folder import FILE
from scrubber.tables.kinds import Imported, ImportFault, Kind

APPLICATION = 0x53435242
"""Marks an SQLite file as ours: SCRB."""

SCHEMA = 1

PATIENCE = 10.0
"""Seconds to wait for another process that is importing."""

_TABLES = """
CREATE TABLE edition (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
    from_day INTEGER NOT NULL, to_day INTEGER, since_day INTEGER, complete INTEGER NOT NULL,
    rows INTEGER NOT NULL, added TEXT NOT NULL, layout TEXT NOT NULL, turns TEXT NOT NULL,
    UNIQUE (kind, name)
);
CREATE TABLE source (
    edition INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL
);
CREATE TABLE word (edition INTEGER NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (edition, id))
WITHOUT ROWID;
"""


class StoreError(ConfigError):
    """A store that cannot be used, or does not hold what was asked for (exit code 2); its text says what to do."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that an edition was read from."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> SourceFile:
        """Raises OSError."""
        with path.open("rb") as stream:
            return cls(path.name, os.fstat(stream.fileno()).st_size, hashlib.file_digest(stream, "sha256").hexdigest())


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of one edition lie in their table. It is kept with the edition: a later scrubber reads it as it
    was written."""

    columns: tuple[str, ...]
    key: int
    days: tuple[int, ...]
    """Positions of the columns that hold days."""
    words: tuple[int, ...]
    """Positions of the columns that hold numbers of words."""

    @classmethod
    def of(cls, kind: Kind) -> Layout:
        at = kind.columns.index
        return cls(kind.columns, kind.key, tuple(map(at, kind.days)), tuple(map(at, kind.words)))

    @classmethod
    def read(cls, text: str) -> Layout:
        said = json.loads(text)
        return cls(tuple(said["columns"]), said["key"], tuple(said["days"]), tuple(said["words"]))

    def write(self) -> str:
        return json.dumps({"columns": self.columns, "key": self.key, "days": self.days, "words": self.words})

    def create(self, table: str) -> str:
        """The SQL that makes the table."""
        numbers = {*self.days, *self.words}
        columns = [f'"{c}" {"INTEGER" if n in numbers else "TEXT"} NOT NULL' for n, c in enumerate(self.columns)]
        key = ", ".join(f'"{c}"' for c in self.columns[: self.key])
        return f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({key})) WITHOUT ROWID"


@dataclass(frozen=True, slots=True)
class Holding:
    """An edition as it lies in the store."""

    id: int
    edition: Edition
    added: datetime
    layout: Layout
    turns: tuple[int, ...]
    """Days (ordinals) on which a row begins, or has just ended."""
    sources: tuple[SourceFile, ...]

    @property
    def table(self) -> str:
        return f"rows_{self.id}"


class Store:
    """The store of one folder, open for writing. Use it in a ``with``. Raises StoreError."""

    def __init__(self, folder: Path) -> None:
        """The folder (mode 0700) and the file (0600) are made where they are missing. Raises OSError, too."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / FILE
        self._ending = False
        # Made before SQLite does, so that it is never readable by others, nor what SQLite lays beside it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with explained(self.path):
            self._db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        try:
            with explained(self.path):
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        db = self._db
        if check_schema(db, self.path):
            return
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # What a removed edition took goes back to the disk.
        db.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            if not check_schema(db, self.path):  # Another process may have made them meanwhile.
                for statement in _TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {SCHEMA}")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    @property
    def has_changed(self) -> bool:
        """Whether the last change took place: what an interruption leaves open. To be asked while the store is."""
        return self._ending and not self._db.in_transaction

    def add(self, kind: Kind, imported: Imported, sources: Sequence[SourceFile]) -> tuple[Holding, bool]:
        """Store an edition; whether it took the place of one of the same kind and name. One that is too small for
        its kind becomes not ``complete``, and a note says so. Raises ImportFault for rows that cannot be, and whatever
        reading them raises: then nothing has changed."""
        layout = Layout.of(kind)
        with explained(self.path), self._transaction():
            replaced = find_holdings(self._db, kind.name, imported.name)
            for old in replaced:
                self._drop(old)
            number = self._next()
            table = f"rows_{number}"
            self._db.execute(layout.create(table))
            rows, words = self._write_rows(table, layout, imported)
            if not rows:
                raise ImportFault(imported.place.file, None, "it holds no rows", fix="Download it again")
            if imported.complete and (lack := kind.lack(rows, *self._reach(table, kind))):
                imported.complete = False
                imported.notes.append(
                    f"{lack}. It is kept as not whole: what it does not list is reported as not checked. Download the "
                    "file again and load it as it comes; it replaces this one."
                )
            turns = sorted(self._turns(table, kind))
            edition = (
                number, kind.name, imported.name, imported.from_.toordinal(),
                imported.to.toordinal() if imported.to else None,
                imported.since.toordinal() if imported.since else None,
                imported.complete, rows, datetime.now(UTC).isoformat(timespec="seconds"),
                layout.write(), json.dumps(turns),
            )  # fmt: skip
            self._db.execute(f"INSERT INTO edition VALUES ({_marks(len(edition))})", edition)
            self._db.executemany("INSERT INTO word VALUES (?, ?, ?)", ((number, id, text) for text, id in words))
            self._db.executemany(
                "INSERT INTO source VALUES (?, ?, ?, ?)", ((number, s.name, s.size, s.sha256) for s in sources)
            )
        self._tidy()
        return get_holding(self._db, kind.name, imported.name), bool(replaced)

    def _write_rows(self, table: str, layout: Layout, imported: Imported) -> tuple[int, list[tuple[str, int]]]:
        """Write rows as they are read; how many, and the words that they share."""
        days, words = _Days(), _Words()
        numbers: list[dict[str, int] | None] = [None] * len(layout.columns)
        for at in layout.days:
            numbers[at] = days
        for at in layout.words:
            numbers[at] = words
        place = imported.place

        def rows() -> Iterator[list[str | int]]:
            for row in imported.rows:
                yield [value if n is None else n[value] for value, n in zip(row, numbers, strict=True)]

        try:
            written = self._db.executemany(f"INSERT INTO {table} VALUES ({_marks(len(layout.columns))})", rows())
        except sqlite3.IntegrityError:
            # SQLite takes the rows one by one: the one refused is the one that was read last.
            raise ImportFault(
                place.file, place.line, "this row comes a second time",
                "It cannot be told which of the two is right", "Download the file again; nothing has been changed",
            ) from None  # fmt: skip
        return written.rowcount, list(words.items())

    def _reach(self, table: str, kind: Kind) -> tuple[str, str]:
        """The first and the last procedure code that an edition is found by."""
        column = kind.columns[0]
        ends = [
            self._db.execute(
                f'SELECT "{column}" FROM {table} WHERE length("{column}") = 5 ORDER BY "{column}" {order} LIMIT 1'
            ).fetchone()
            for order in ("ASC", "DESC")
        ]
        first, last = (str(found[0]) if found else "" for found in ends)
        return first, last

    def _turns(self, table: str, kind: Kind) -> set[int]:
        turns: set[int] = set()
        for column, after in ((kind.begins, 0), (kind.ends, 1)):
            if column:
                found = self._db.execute(f'SELECT DISTINCT "{column}" FROM {table}')
                turns.update(day + after for (day,) in found if day)
        return turns

    def remove(self, kind: str, name: str) -> Holding:
        """Remove an edition; what it was. Raises StoreError when there is none of this name."""
        with explained(self.path), self._transaction():
            old = get_holding(self._db, kind, name)
            self._drop(old)
        self._tidy()
        return old

    def _next(self) -> int:
        (last,) = self._db.execute("SELECT max(id) FROM edition").fetchone()
        return (last or 0) + 1

    def _drop(self, holding: Holding) -> None:
        self._db.execute(f"DROP TABLE {holding.table}")
        self._db.execute("DELETE FROM source WHERE edition = ?", (holding.id,))
        self._db.execute("DELETE FROM word WHERE edition = ?", (holding.id,))
        self._db.execute("DELETE FROM edition WHERE id = ?", (holding.id,))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._ending = False
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._ending = True
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._ending = False
                self._db.execute("ROLLBACK")
            raise

    def _tidy(self) -> None:
        """Give back what is no longer used. Readers may stand in the way: they are not waited for, the next change
        does it."""
        self._db.execute("PRAGMA busy_timeout = 0")
        with contextlib.suppress(sqlite3.OperationalError):
            self._db.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")


def check_schema(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file holds our tables; False for an empty one. Raises StoreError for one that is not ours to read."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not application and not version and not tables:
        return False
    if application != APPLICATION:
        raise StoreError(f"{path}: this is a database, but not scrubber's. Name another folder with --data")
    if version > SCHEMA:
        raise StoreError(
            f"{path}: written by a newer scrubber (schema {version}; this one reads up to {SCHEMA}). Use that "
            "scrubber, or name another folder with --data and load the tables there"
        )
    return True


def read_holdings(db: sqlite3.Connection, kind: str | None = None) -> list[Holding]:
    """The editions in the store, of one kind or of all, by kind and oldest first."""
    where, values = (" WHERE kind = ?", (kind,)) if kind else ("", ())
    sources: dict[int, list[SourceFile]] = {}
    for edition, name, size, digest in db.execute("SELECT edition, name, size, sha256 FROM source ORDER BY rowid"):
        sources.setdefault(edition, []).append(SourceFile(name, size, digest))
    found = db.execute(
        "SELECT id, kind, name, from_day, to_day, since_day, complete, rows, added, layout, turns FROM edition"
        f"{where} ORDER BY kind, from_day, to_day, id",
        values,
    )
    return [
        Holding(
            id,
            Edition(of, name, date.fromordinal(from_), _day(to), rows, bool(complete), _day(since)),
            datetime.fromisoformat(added),
            Layout.read(layout),
            tuple(json.loads(turns)),
            tuple(sources.get(id, ())),
        )
        for id, of, name, from_, to, since, complete, rows, added, layout, turns in found
    ]


def find_holdings(db: sqlite3.Connection, kind: str, name: str) -> list[Holding]:
    """The edition of this name, if there is one. Blanks and case do not matter: 2026q3 is 2026 Q3."""
    return [h for h in read_holdings(db, kind) if _fold(h.edition.name) == _fold(name)]


def get_holding(db: sqlite3.Connection, kind: str, name: str) -> Holding:
    """The edition of this name. Raises StoreError when there is none."""
    found = find_holdings(db, kind, name)
    if not found:
        names = [h.edition.name for h in read_holdings(db, kind)]
        loaded = f" (loaded: {', '.join(names)})" if names else f"; no {kind} is loaded"
        raise StoreError(f"{kind}: no edition `{name}`{suggest(name, names)}{loaded}")
    return found[0]


def read_words(db: sqlite3.Connection, holding: Holding) -> dict[int, str]:
    """The words that an edition's rows share, by number."""
    return dict(db.execute("SELECT id, text FROM word WHERE edition = ?", (holding.id,)))


def read_rows(db: sqlite3.Connection, holding: Holding, codes: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of an edition as texts, by their key; with ``codes``, those that hold one of them in their key."""
    layout = holding.layout
    numbers = {*layout.days, *layout.words}
    where = ""
    values: tuple[str, ...] = ()
    if codes:
        texts = [c for n, c in enumerate(layout.columns[: layout.key]) if n not in numbers]
        where = " WHERE " + " OR ".join(f'"{c}" IN ({_marks(len(codes))})' for c in texts)
        values = tuple(codes) * len(texts)
    order = ", ".join(f'"{c}"' for c in layout.columns[: layout.key])
    decode = Decoder(layout, read_words(db, holding))
    for row in db.execute(f"SELECT * FROM {holding.table}{where} ORDER BY {order}", values):
        yield decode(row)


class Decoder:
    """Rows of the store to rows of texts."""

    def __init__(self, layout: Layout, words: dict[int, str]) -> None:
        self._days = layout.days
        self._words = layout.words
        self._texts = words

    def __call__(self, row: Sequence[Any]) -> Row:
        if not self._days and not self._words:
            return tuple(row)
        values = list(row)
        for at in self._days:
            values[at] = date.fromordinal(values[at]).isoformat() if values[at] else ""
        for at in self._words:
            values[at] = self._texts[values[at]]
        return tuple(values)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """What SQLite has to complain about, in words that help."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise explain(error, path) from None


def explain(error: sqlite3.DatabaseError, path: Path) -> StoreError:
    """An error of SQLite as one of ours, with what to do."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            f"{path}: another process is changing the tables. Wait until its import is done, then try again"
        )
    if primary == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full. Nothing has been changed; make room and try again")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH):
        return StoreError(f"{path}: it cannot be opened or written ({error}). Check who owns the file and its folder")
    return StoreError(
        f"{path}: the store of tables is damaged ({error}). Nothing is judged while it lies there. Move this file away "
        "and load the tables again with `scrubber tables add`; without it, scrubber uses the tables it ships"
    )


class _Days(dict[str, int]):
    """Days as numbers: an edition has few different ones."""

    def __missing__(self, text: str) -> int:
        number = self[text] = date.fromisoformat(text).toordinal() if text else 0
        return number


class _Words(dict[str, int]):
    """Texts as numbers, in the order in which they are met."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _day(number: int | None) -> date | None:
    return date.fromordinal(number) if number else None


def _fold(name: str) -> str:
    return name.casefold().replace(" ", "")
