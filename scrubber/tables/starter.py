"""Starter tables: small CSVs shipped with the packs, for those who have not loaded the publishers' files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

from scrubber.tables.dated import Edition, Editions, Library, Row, RowsInMemory


def read_starter(pack: str, file: str) -> list[dict[str, str]]:
    """The rows of ``edits/PACK/tables/FILE``, a CSV with ``#`` comments above its header."""
    path = Path(next(iter(import_module(f"scrubber.edits.{pack}").__path__))) / "tables" / file
    lines = path.read_text(encoding="ascii").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def in_memory(edition: Edition, columns: Sequence[str], rows: Iterable[dict[str, str]], begins: str = "") -> Editions:
    """A starter table as an Editions, found by its first column. Columns that the file lacks are empty; ``begins``
    names the column of a row's own first day, where rows have one."""
    found: dict[tuple[str, ...], list[Row]] = {}
    turns: set[date] = set()
    for row in rows:
        values = tuple([row.get(column) or "" for column in columns])
        found.setdefault(values[:1], []).append(values)
        if begins and row[begins]:
            turns.add(date.fromisoformat(row[begins]))
    return RowsInMemory(edition, found, turns)


def loaded(library: Library | None, kind: str) -> Editions | None:
    """The user's own editions of a kind, None where there are none."""
    return library.editions(kind) if library is not None else None
