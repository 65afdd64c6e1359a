"""The user's store as a run sees it: opened for reading, and unchanged for as long as the run lasts."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from scrubber.tables.dated import Edition, Editions, Row
from scrubber.tables.store import (
    Decoder,
    Holding,
    check_schema,
    explain,
    explained,
    get_holding,
    read_holdings,
    read_rows,
    read_words,
)

_MAPPED = 1 << 30
"""Bytes of the file that may be read as memory: pages that several processes share."""

_REMEMBERED = 65_536
"""Keys of a kind whose rows are remembered; when there are more, all are forgotten."""


class StoredLibrary:
    """The store of the user's reference data, read as it is now: what others import or remove meanwhile is not seen
    (a Library)."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError."""
        self.path = path
        with explained(path):
            # The engine of a run may be used by another thread than the one that made it, never by two at once.
            db = self._db = sqlite3.connect(_address(path), uri=True, isolation_level=None, check_same_thread=False)
        try:
            with explained(path):
                db.execute(f"PRAGMA mmap_size = {_MAPPED}")
                db.execute("BEGIN")  # From the first reading on, this run sees the store as it is now.
                self._holdings = read_holdings(db) if check_schema(db, path) else []
                if not self._holdings:
                    db.execute("ROLLBACK")
        except BaseException:
            db.close()
            raise
        self._editions: dict[str, StoredEditions] = {}

    def holdings(self) -> Sequence[Holding]:
        """Every edition, by kind and oldest first."""
        return self._holdings

    def editions(self, kind: str) -> Editions | None:
        if kind not in self._editions:
            own = [h for h in self._holdings if h.edition.kind == kind]
            if not own:
                return None
            self._editions[kind] = StoredEditions(self._db, self.path, own)
        return self._editions[kind]

    def get(self, kind: str, name: str) -> Holding:
        """An edition by its name. Raises StoreError when there is none."""
        with explained(self.path):
            return get_holding(self._db, kind, name)

    def rows(self, holding: Holding, codes: Sequence[str] = ()) -> Iterator[Row]:
        """The rows of an edition by their key; with ``codes``, those that hold one of them in their key."""
        with explained(self.path):
            yield from read_rows(self._db, holding, codes)


class StoredEditions:
    """The editions of one kind in the store (an Editions).

    A day belongs to the edition in force on it; when several are, to the one that began last. A day before that goes
    to the next edition that was to come and carries the history of its rows: a PTP file lists every pair that ever
    was, with its dates. A day after the last edition has ended belongs to none, for nobody knows what came then.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, holdings: Sequence[Holding]) -> None:
        self._db = db
        self._path = path
        self._holdings = holdings
        self._chosen: dict[date, Holding | None] = {}
        self._known: dict[tuple[int, tuple[str, ...]], tuple[Row, ...]] = {}
        self._queries: dict[tuple[int, int], str] = {}
        self._decoders: dict[int, Decoder] = {}

    def all(self) -> Sequence[Edition]:
        return [h.edition for h in self._holdings]

    def on(self, day: date) -> Edition | None:
        holding = self._choose(day)
        return holding.edition if holding else None

    def _choose(self, day: date) -> Holding | None:
        try:
            return self._chosen[day]
        except KeyError:
            pass
        answering = [h for h in self._holdings if h.edition.answers(day)]
        begun = [h for h in answering if h.edition.from_ <= day]
        holding = begun[-1] if begun else answering[0] if answering else None
        if len(self._chosen) >= _REMEMBERED:
            self._chosen.clear()
        self._chosen[day] = holding
        return holding

    def find(self, day: date, *key: str) -> Sequence[Row]:
        holding = self._choose(day)
        if holding is None:
            return ()
        which = (holding.id, key)
        rows = self._known.get(which)
        if rows is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            rows = self._known[which] = self._read(holding, key)
        return rows

    def _read(self, holding: Holding, key: tuple[str, ...]) -> tuple[Row, ...]:
        try:
            query = self._queries.get((holding.id, len(key))) or self._prepare(holding, len(key))
            found = self._db.execute(query, key).fetchall()
            return tuple(map(self._decoders[holding.id], found)) if found else ()
        except sqlite3.DatabaseError as error:
            raise explain(error, self._path) from None

    def _prepare(self, holding: Holding, length: int) -> str:
        columns = holding.layout.columns
        if length > len(columns):
            raise ValueError(f"{holding.edition.kind} has {len(columns)} columns, not {length}")
        where = " AND ".join(f'"{c}" = ?' for c in columns[:length]) or "true"
        order = ", ".join(f'"{c}"' for c in columns[: holding.layout.key])
        if holding.id not in self._decoders:
            self._decoders[holding.id] = Decoder(holding.layout, read_words(self._db, holding))
        query = f"SELECT * FROM {holding.table} WHERE {where} ORDER BY {order}"
        self._queries[holding.id, length] = query
        return query

    def turns(self) -> frozenset[date] | None:
        days: set[date] = set()
        for holding in self._holdings:
            edition = holding.edition
            days.update(map(date.fromordinal, holding.turns))
            days.update(day for day in (edition.since, edition.from_) if day)
            if edition.to:
                days.add(edition.to + timedelta(days=1))
        return frozenset(days)


def _address(path: Path) -> str:
    """The file as SQLite's URI, for reading only. In a folder that is not ours to write in, SQLite cannot keep its
    notes on who reads; nor then does anybody write, so the file is read as one that does not change."""
    mode = "mode=ro"
    if not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists():
        mode += "&immutable=1"
    return f"{path.resolve().as_uri()}?{mode}"
