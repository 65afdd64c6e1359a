"""NUCC health care provider taxonomy: codes and the days on which they may be used.

Columns: ``code``; ``effective`` first and ``last`` last day of use, ``""`` where the file does not tell or while in
use; ``replacement``, the code to use instead; ``classification``, ``specialization``; ``section`` ``Individual`` or
``Non-Individual``, ``""`` in old files.

``nucc_taxonomy_261.csv`` is version 26.1. NUCC publishes in January (.0, in use from April) and July (.1, in use from
October). Codes are never taken out: one that is out of use says so in its notes (``[7/1/2009: marked inactive, use
…]``), a later one when it came (``[1/1/2007: new]``); files of earlier years have columns for both days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from scrubber.tables.dated import Row
from scrubber.tables.downloads import choose, list_downloads
from scrubber.tables.headers import Sheet, read_day, wrong
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress
from scrubber.tables.quarters import tell_others

WANTED = {
    "Code": "code", "Grouping": "grouping|type", "Classification": "classification",
    "Specialization": "specialization", "Definition": "definition",
}  # fmt: skip
OPTIONAL = {
    "Notes": "notes", "Section": "section", "Effective Date": "effective date",
    "Deactivation Date": "deactivation date",
}  # fmt: skip
_CODE = re.compile(r"[0-9A-Z]{9}X")
_NEW = re.compile(r"(\d{1,2}/\d{1,2}/\d{4}): new\b")
_INACTIVE = re.compile(r"(\d{1,2}/\d{1,2}/\d{4}): marked inactive")
_USE = re.compile(r"\buse\s+(?:value\s+)?([0-9A-Z]{9}X)")
_NAME = re.compile(r"taxonomy[_ -]?v?(\d\d)[._]?([01])(?!\d)", re.IGNORECASE)
_VERSION = re.compile(r"v?(\d\d)[._]([01])", re.IGNORECASE)


class Version(NamedTuple):
    """A version of the code set: 26.1 is the second of 2026."""

    year: int
    half: int

    @property
    def name(self) -> str:
        return f"v{self.year}.{self.half}"

    @property
    def first(self) -> date:
        return date(2000 + self.year, 10 if self.half else 4, 1)

    @property
    def last(self) -> date:
        following = Version(self.year + 1, 0) if self.half else Version(self.year, 1)
        return following.first - timedelta(days=1)


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """One version of the code set. Raises ImportFault, OSError."""
    found = choose(list_downloads(files, progress), r"taxonomy.*\.csv$", "nucc_taxonomy_….csv")
    if len(found) > 1:
        raise ImportFault(found[1].label, None, "there are several versions", "", "Give one of them at a time")
    download = found[0]
    sheet = Sheet(download, WANTED, OPTIONAL, what="NUCC's taxonomy of providers")
    names = [download.name, *(file.name for file in files)]
    version = _settle_version(edition, names, download.label)
    place = Place()
    imported = Imported(version.name, version.first, version.last, iter(()), place)
    imported.notes += tell_others(version, edition, names, _read_version)
    imported.rows = _rows(sheet, imported)
    return imported


def _read_version(name: str) -> Version | None:
    """The version that a file is named by."""
    found = _NAME.search(name)
    return Version(int(found[1]), int(found[2])) if found else None


def _settle_version(edition: str | None, names: Sequence[str], label: str) -> Version:
    if edition is not None:
        if found := _VERSION.fullmatch(edition.strip()):
            return Version(int(found[1]), int(found[2]))
        raise ImportFault(label, None, f"`{edition}` names no version", fix="Write it like 26.1")
    for name in names:
        if version := _read_version(name):
            return version
    raise ImportFault(
        label, None, "its name does not tell the version", "The version decides for which days it answers",
        "Keep NUCC's name (nucc_taxonomy_261.csv), or say --edition, like 26.1",
    )  # fmt: skip


def _rows(sheet: Sheet, imported: Imported) -> Iterator[Row]:
    place = imported.place
    for code, _, classification, specialization, definition, notes, section, effective, gone in sheet.rows(place):
        if not _CODE.fullmatch(code):
            raise wrong(place, "Code", code, "nine letters and digits and an X")
        new, inactive = _NEW.search(notes), _INACTIVE.search(notes)
        begin = read_day(place, "Effective Date", effective or (new[1] if new else ""))
        end = read_day(place, "Deactivation Date", gone or (inactive[1] if inactive else ""))
        last = (date.fromisoformat(end) - timedelta(days=1)).isoformat() if end else ""
        instead = (_USE.search(notes) or _USE.search(definition)) if end else None
        if begin:
            imported.since = min(imported.since or imported.from_, date.fromisoformat(begin))
        yield code, begin, last, instead[1] if instead else "", classification, specialization, section
