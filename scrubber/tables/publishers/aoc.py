"""NCCI add-on codes: which primary procedures an add-on code may stand beside.

Columns: ``addon``; ``primary``, a code or ``CCCCC`` (the contractor names them); ``effective`` and ``deletion`` (last
day, ``""`` while open) of the pairing; ``type``: ``1`` closed list, ``2`` contractor-defined, ``3`` partial list;
``addon_deletion``, ``primary_deletion``: when the codes themselves were deleted; ``note``, CMS's instruction.

Three layouts: XLSX and tab-separated text, ``AOC_V2026Q3-MCR``, with a notice and a header; and text of fixed width,
``AOC_V2026Q3-F-MCR.txt``, without either (type 1, add-on code 2-6, its deletion 7-13, primary 14-18, its deletion
19-25, effective 26-32, deletion 33-39, note 40-97, as public readers of the file describe it; no raw file was at hand).
Days are YYYYDDD. Pairings that have ended stay, so that an edition speaks for the days since its first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.downloads import Download, choose, list_downloads
from scrubber.tables.headers import Sheet, cut_short, read_code, read_day, wrong
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress
from scrubber.tables.quarters import settle_quarter, tell_others

TYPE, ADDON, ADDON_DELETION, PRIMARY, PRIMARY_DELETION, EFFECTIVE, DELETION, NOTE = NAMES = (
    "AOC_Edit_Type", "Add-On_Code", "AOC_DelDT", "Primary_Code", "Primary_Code_DelDT", "AOC_Edit_EffDT",
    "AOC_Edit_DelDT", "Special_Instruction_Notes",
)  # fmt: skip
# Older editions write "(Julian)" behind the days.
WANTED = dict(
    zip(
        NAMES,
        (
            "aoc edit type.*", "add on code", "aoc deldt.*", "primary code", "primary code deldt.*",
            "aoc edit effdt.*", "aoc edit deldt.*", "special instruction notes?",
        ),
        strict=True,
    )
)  # fmt: skip
FIXED = (
    slice(0, 1),
    slice(1, 6),
    slice(6, 13),
    slice(13, 18),
    slice(18, 25),
    slice(25, 32),
    slice(32, 39),
    slice(39, 97),
)
_FIXED = re.compile(r"[123][0-9A-Z]{5}[ 0-9]{7}[0-9A-Z]{5}[ 0-9]{7}\d{7}")


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """The table of one quarter. Raises ImportFault, OSError."""
    found = choose(list_downloads(files, progress), r"^aoc.*\.(txt|xlsx|csv)$", "a table of add-on codes (AOC_V….txt)")
    if any("medicaid" in d.label.lower() or re.search(r"[-_ ]mcd\b", d.name, re.IGNORECASE) for d in found):
        raise ImportFault(
            found[0].label, None, "this is Medicaid's table", "Its pairings are not Medicare's",
            "Give Medicare's file (AOC_V….-MCR)",
        )  # fmt: skip
    # The workbook and the two texts of a quarter hold the same: the one with a header can be checked best.
    download = min(found, key=_rank)
    place = Place()
    records = _fixed(download, place) if _is_fixed(download) else _tabular(download, place)
    names = [download.name, *(file.name for file in files)]
    quarter = settle_quarter(edition, names, download.label)
    imported = Imported(quarter.name, quarter.first, quarter.last, iter(()), place)
    imported.notes += tell_others(quarter, edition, names)
    imported.rows = _rows(records, imported)
    return imported


def _rank(download: Download) -> tuple[bool, str]:
    return "-f-" in download.name.lower(), download.suffix


def _is_fixed(download: Download) -> bool:
    if download.suffix == ".xlsx":
        return False
    return any(_FIXED.match(line) for _, line in islice(download.lines(), 3))


def _tabular(download: Download, place: Place) -> Iterator[list[str]]:
    """Read as far as the header at once."""
    return Sheet(download, WANTED, what="CMS's table of add-on codes").rows(place)


def _fixed(download: Download, place: Place) -> Iterator[list[str]]:
    place.file = download.label
    for place.line, line in download.lines():
        if not line.strip():
            continue
        if len(line) < FIXED[-2].stop and not _FIXED.match(line):
            raise cut_short(place, f"{len(line)} characters of {FIXED[-1].stop}")
        yield [line[part].strip() for part in FIXED]


def _rows(records: Iterator[list[str]], imported: Imported) -> Iterator[Row]:
    place = imported.place
    first = ""
    for type_, addon, addon_deletion, primary, primary_deletion, effective, deletion, note in records:
        if type_ not in ("1", "2", "3"):
            raise wrong(place, TYPE, type_, "1, 2 or 3")
        begin = read_day(place, EFFECTIVE, effective, ordinal=True)
        if (begin and not first) or begin < first:
            first = begin
            imported.since = date.fromisoformat(begin) if begin else None
        yield (
            read_code(place, ADDON, addon),
            read_code(place, PRIMARY, primary),
            begin,
            type_,
            read_day(place, DELETION, deletion, ordinal=True),
            read_day(place, ADDON_DELETION, addon_deletion, ordinal=True),
            read_day(place, PRIMARY_DELETION, primary_deletion, ordinal=True),
            note,
        )
