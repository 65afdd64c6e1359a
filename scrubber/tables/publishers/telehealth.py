"""CMS's list of services that Medicare pays as telehealth, by calendar year.

Columns: ``code``; ``status`` as the list words it (``Permanent``, ``Provisional``; in a list of changes ``Maintain``,
``Addition``, ``Removal``); ``audio_only`` and ``limits`` as worded, ``""`` where the list has no such column.

Tab-separated text, CSV or XLSX: a title with the year (``CY 2026 Final List of Medicare Telehealth Services``), a
header, a row a code; notes may follow. The columns beside the code have changed from year to year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.downloads import choose, list_downloads
from scrubber.tables.headers import CODE, Sheet, read_code
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress

WANTED = {
    "HCPCS": r"(?:cpt )?(?:hcpcs|code|hcpcs(?: cpt)? code)s?",
    "Short Descriptor": r"(?:short )?descriptors?|short description",
}
OPTIONAL = {
    "Status": r".*\b(?:status|action)\b.*",
    "Audio-only": r".*\baudio only\b.*",
    "Payment Limitations": r".*\blimitations?\b.*",
}
_YEAR = re.compile(r"(?:\bCY|calendar year)[\s_-]*(20\d\d)", re.IGNORECASE)
_ANY_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """The list of one calendar year. Raises ImportFault, OSError."""
    found = choose(list_downloads(files, progress), r"telehealth.*\.(txt|csv|xlsx)$", "the list of telehealth services")
    download = min(found, key=lambda d: (d.suffix == ".xlsx", d.name))
    sheet = Sheet(download, WANTED, OPTIONAL, what="CMS's list of telehealth services")
    title = " ".join(sheet.above)
    if "proposed" in title.lower() and "final" not in title.lower():
        raise ImportFault(
            download.label, 1, "this is the list that CMS proposed", "What it adopted may differ", "Give the final list"
        )
    names = [download.name, *(file.name for file in files)]
    year = _settle_year(edition, [title, *names], download.label)
    place = Place()
    imported = Imported(f"CY{year}", date(year, 1, 1), date(year, 12, 31), _rows(sheet, place), place)
    told = _find_year([title, *names], _YEAR, _ANY_YEAR)
    if told and told != year:
        imported.notes.append(f"Its title or name says {told}; it was taken for {year}, as --edition says.")
    return imported


def _find_year(texts: Sequence[str], *patterns: re.Pattern[str]) -> int | None:
    for pattern in patterns:
        for text in texts:
            if found := pattern.search(text):
                return int(found[1])
    return None


def _settle_year(edition: str | None, told: list[str], label: str) -> int:
    year = _find_year([edition], _ANY_YEAR) if edition is not None else _find_year(told, _YEAR, _ANY_YEAR)
    if year is not None:
        return year
    if edition is not None:
        raise ImportFault(label, None, f"`{edition}` names no year", fix="Write it like 2026")
    raise ImportFault(
        label, None, "neither its title nor its name tells the year that it is for",
        "The list changes with the calendar year", "Say the year with --edition, like 2026",
    )  # fmt: skip


def _rows(sheet: Sheet, place: Place) -> Iterator[Row]:
    for code, descriptor, *said in sheet.rows(place):
        if not descriptor and not any(said) and not CODE.fullmatch(code.upper()):
            continue  # A note below the list.
        yield read_code(place, "HCPCS", code), *said
