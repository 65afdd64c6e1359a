"""Medicare physician fee schedule, relative value file (PPRRVU): payment indicators, no amounts.

Columns: ``code``; ``modifier`` (``""``, 26, TC, 53: a row each); indicators as CMS writes them: ``status`` (A, B, C …),
``pctc`` (0 to 9), ``global_days`` (000, 010, 090, MMM, XXX, YYY, ZZZ), ``pre_op``, ``intra_op``, ``post_op`` shares,
``multiple``, ``bilateral``, ``assistant``, ``co_surgeons``, ``team`` (one character each).

CSV or XLSX, ``PPRRVU2026_Jul_nonQPP.csv`` of ``RVU26C.zip``. The words of its header stand over several lines (GLOB
above DAYS) and repeat, so that a column is known by all the words above it. From 2026 there are two files, for
qualifying participants of alternative payment models and for all others; they differ in amounts only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.downloads import Download, Line, choose, list_downloads
from scrubber.tables.headers import cut_short, read_code, stack, wrong
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress
from scrubber.tables.quarters import Quarter, read_release, settle_quarter, tell_others

COLUMNS = {
    "HCPCS": r"(?:.* )?hcpcs", "MOD": r"(?:.* )?mod", "STATUS CODE": r"(?:.* )?status code",
    "PCTC IND": r"(?:.* )?pctc ind", "GLOB DAYS": r"(?:.* )?glob days", "PRE OP": r"(?:.* )?pre op",
    "INTRA OP": r"(?:.* )?intra op", "POST OP": r"(?:.* )?post op", "MULT PROC": r"(?:.* )?mult proc",
    "BILAT SURG": r"(?:.* )?bilat surg", "ASST SURG": r"(?:.* )?asst surg", "CO- SURG": r"(?:.* )?co surg",
    "TEAM SURG": r"(?:.* )?team surg",
}  # fmt: skip
DEPTH = 5
"""Lines that the header's words are spread over, at most."""
_STATUS = re.compile(r"[A-Z]")
_GLOBAL = re.compile(r"\d{3}|MMM|XXX|YYY|ZZZ")
_INDICATOR = re.compile(r"[0-9A-Z]?")
_MODIFIER = re.compile(r"(?:[0-9A-Z]{2})?")
_SHARE = re.compile(r"\d*\.?\d*")


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """The schedule of one quarter. Raises ImportFault, OSError."""
    found = choose(list_downloads(files, progress), r"^pprrvu.*\.(csv|xlsx)$", "PPRRVU….csv")
    download = min(found, key=_rank)
    columns, above, lines = stack(download, "HCPCS", DEPTH)
    if not columns:
        raise ImportFault(
            download.label, None, "this is not CMS's relative value file: no line of its header begins with HCPCS", "",
            "Give PPRRVU….csv or .xlsx (it lies in RVU26C.zip and its like), not the text of fixed width",
        )  # fmt: skip
    places = {name: next((n for n, c in enumerate(columns) if re.fullmatch(p, c)), -1) for name, p in COLUMNS.items()}
    missing = [name for name, at in places.items() if at < 0]
    if missing:
        raise ImportFault(
            download.label, None, "the header has no column " + ", ".join(f"`{name}`" for name in missing),
            "It should be CMS's relative value file (PPRRVU)",
            "If CMS has changed the layout, please report it; else give the file as downloaded",
        )  # fmt: skip
    title = next((told for cell in above if (told := _told(cell))), None)
    names = [download.name, *(file.name for file in files)]
    quarter = settle_quarter(edition, names + ([title.name] if title else []), download.label, read_release)
    place = Place(download.label)
    imported = Imported(quarter.name, quarter.first, quarter.last, _rows(lines, list(places.values()), place), place)
    if title and title != quarter:
        said = "--edition" if edition is not None else "its name"
        imported.notes.append(f"Its head says {title.name}; it was taken for {quarter.name}, as {said} says.")
    else:
        imported.notes += tell_others(quarter, edition, names, read_release)
    if len(found) > 1:
        imported.notes.append(f"Of {len(found)} schedules {download.name} was read.")
    return imported


def _rank(download: Download) -> tuple[bool, bool, str]:
    return download.suffix != ".csv", "nonqpp" not in download.name.lower(), download.name


def _told(cell: str) -> Quarter | None:
    """The quarter that the title tells: 2026 National Physician Fee Schedule Relative Value File July Release."""
    found = re.search(r"(20\d\d) .*Relative Value File (\w+)", cell, re.IGNORECASE)
    return read_release(f"{found[2]} {found[1]}") if found else None


def _rows(lines: Iterator[Line], places: list[int], place: Place) -> Iterator[Row]:
    needed = 1 + max(places)
    empty = True
    for place.line, cells in lines:
        if not any(cells):
            continue
        if len(cells) < needed:
            raise cut_short(place, f"{len(cells)} columns of at least {needed}")
        empty = False
        code, modifier, status, pctc, days, *rest = (cells[at] for at in places)
        shares, indicators = rest[:3], [pctc, *rest[3:]]
        if not _STATUS.fullmatch(status):
            raise wrong(place, "STATUS CODE", status, "one letter")
        if not _MODIFIER.fullmatch(modifier):
            raise wrong(place, "MOD", modifier, "a modifier or nothing")
        if days.isascii() and days.isdigit() and len(days) < 3:
            days = days.zfill(3)  # Excel takes 010 for a number.
        if not _GLOBAL.fullmatch(days):
            raise wrong(place, "GLOB DAYS", days, "000, 010, 090, MMM, XXX, YYY or ZZZ")
        for name, value in zip(list(COLUMNS)[5:8], shares, strict=True):
            if not _SHARE.fullmatch(value):
                raise wrong(place, name, value, "a share like 0.10")
        for name, value in zip(["PCTC IND", *list(COLUMNS)[8:]], indicators, strict=True):
            if not _INDICATOR.fullmatch(value):
                raise wrong(place, name, value, "one digit or letter")
        yield read_code(place, "HCPCS", code), modifier, status, pctc, days, *rest
    if empty:
        raise ImportFault(place.file, None, "there is no row below the header", "", "Download it again")
