"""Publishers' files in small, for tests of the tables: the layouts are CMS's, the rows invented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.kinds import KINDS, Imported, Place
from scrubber.tables.store import Store

PTP = KINDS["ncci-ptp"]._replace(usual=0, reach=("", ""))
"""Whose samples are whole, however few rows they have."""


@contextmanager
def samples_are_whole() -> Iterator[None]:
    """Files of a few rows stand for the publishers' whole ones: no kind judges them by their size."""
    kept = dict(KINDS)
    KINDS.update((name, kind._replace(usual=0, reach=("", ""))) for name, kind in kept.items())
    try:
        yield
    finally:
        KINDS.update(kept)


_HEAD = [
    ["CPT only copyright 2025 American Medical Association.  All rights reserved."],
    ["Column1/Column2 Edits"],
    ["Column 1", "Column 2", "*=in existence", "Effective", "Deletion", "Modifier", "PTP Edit Rationale"],
    ["", "", "prior to 1996", "Date", "Date", "0=not allowed", ""],
    ["", "", "", "", "*=no data", "1=allowed", ""],
    ["", "", "", "", "", "9=not applicable", ""],
]
"""The preamble of CMS's file."""

PtpLine = tuple[str, str, str, str, str]
"""Column one, column two, effective, deletion, indicator, as CMS writes them."""


def ptp_text(*rows: PtpLine, medicaid: bool = False, rationale: str = "Misuse of Column Two code") -> bytes:
    """A part of CMS's PTP edits."""
    table = [line + [""] * (7 - len(line)) for line in _HEAD]
    table += [[one, two, "", effective, deletion, mark, rationale] for one, two, effective, deletion, mark in rows]
    if medicaid:
        table = [line[:2] + line[3:] for line in table]
    return "".join("\t".join(line) + "\r\n" for line in table).encode("latin-1")


def ptp_parts(folder: Path, version: str, *rows: PtpLine) -> list[Path]:
    """The four parts of an edition; all rows in the first."""
    folder.mkdir(exist_ok=True)
    parts = [folder / f"ccipra-{version}-f{n}.TXT" for n in (1, 2, 3, 4)]
    for number, part in enumerate(parts):
        part.write_bytes(ptp_text(*rows) if number == 0 else ptp_text())
    return parts


def pair(one: str, two: str, effective: str = "2020-01-01", deletion: str = "", mark: str = "0") -> Row:
    return (one, two, effective, deletion, mark, "Misuse of Column Two code")


def imported(rows: Iterable[Row], name: str = "2026 Q3", since: date | None = date(1996, 1, 1)) -> Imported:
    """An edition as a reader hands it over; ``place`` counts its rows."""
    year, number = int(name[:4]), int(name[-1])
    from_, to = date(year, 3 * number - 2, 1), date(year + number // 4, 3 * number % 12 + 1, 1)
    place = Place("ptp.txt", 0)

    def counted() -> Iterator[Row]:
        for place.line, row in enumerate(rows, 1):
            yield row

    return Imported(name, from_, date.fromordinal(to.toordinal() - 1), counted(), place, since)


def load_ptp(folder: Path, *rows: Row, name: str = "2026 Q3") -> None:
    """Put an edition into the store of a folder."""
    with Store(folder) as store:
        store.add(PTP, imported(rows, name), [])


def many(count: int, mark: str = "0") -> Iterator[Row]:
    """So many pairs of invented codes."""
    for n in range(count):
        yield pair(f"A{n // 1000:04d}", f"B{n % 1000:04d}", mark=mark)


def keys(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    return [row[:2] for row in rows]
