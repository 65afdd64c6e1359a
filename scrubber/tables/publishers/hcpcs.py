"""HCPCS Level II: CMS's codes and modifiers, with the days on which each may be used.

Columns: ``code``; ``sort``: ``procedure`` or ``modifier`` (two characters); ``added`` first and ``terminated`` last day
of use, ``""`` while open; ``action`` (A add; B C F S T changes; D discontinue; N none; P payment; R re-activate) and
``action_date``, since when; ``coverage`` one letter; ``pricing`` two digits.

``HCPC2026_OCT_ANWEB….txt``: records of 320 characters, blanks at the end cut; its twin in Excel. Places are those of
CMS's record layout (``HCPC2026_recordlayout.txt``; no raw file was at hand): code 1-5, of a modifier 4-5, record 11 (3
and 7 begin a procedure and a modifier, 4 and 8 go on with the description), pricing 120-121, coverage 230, added
269-276, action effective 277-284, terminated 285-292, action 293. Codes terminated in the last ten years are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.downloads import Download, choose, list_downloads
from scrubber.tables.headers import Sheet, cut_short, read_day, wrong
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress
from scrubber.tables.quarters import read_release, settle_quarter, tell_others

RECORD, END = 10, 293
PARTS = tuple(
    slice(first - 1, last)
    for first, last in ((1, 5), (11, 11), (269, 276), (277, 284), (285, 292), (293, 293), (230, 230), (120, 121))
)
"""Where a record holds what WANTED names."""
WANTED = {
    "HCPC": "hcpc(?:s)?(?: code)?", "RECID": "recid", "ADD DT": "add dt", "ACT EFF DT": "act eff dt",
    "TERM DT": "term dt", "ACTION CD": "action cd", "COV": "cov", "PRICE1": "price1",
}  # fmt: skip
SORTS = {"3": "procedure", "7": "modifier"}
CONTINUED = ("4", "8")
_RECORD = re.compile(r"(?:[A-Z]\d{4}| {3}[0-9A-Z]{2})[ \d]{5}[3478]")
_CODES = {"procedure": re.compile(r"[A-Z]\d{4}"), "modifier": re.compile(r"[0-9A-Z]{2}")}
_ACTION = re.compile(r"[A-Z]?")
_SHORT = re.compile(r"[0-9A-Z]{0,2}")


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """The code set of one quarter. Raises ImportFault, OSError."""
    found = choose(list_downloads(files, progress), r"anweb.*\.(txt|xlsx|csv)$", "the code file (HCPC…_ANWEB….txt)")
    download = min(found, key=lambda d: (d.suffix != ".txt", d.name))
    place = Place(download.label)
    if download.suffix == ".txt":
        _check_first(download)
        records = _fixed(download, place)
    else:
        records = Sheet(download, WANTED, what="CMS's HCPCS file").rows(place)
    names = [download.name, *(file.name for file in files)]
    quarter = settle_quarter(edition, names, download.label, read_release)
    imported = Imported(quarter.name, quarter.first, quarter.last, iter(()), place)
    imported.notes += tell_others(quarter, edition, names, read_release)
    imported.rows = _rows(records, imported)
    return imported


def _check_first(download: Download) -> None:
    for number, line in download.lines("latin-1"):
        if not _RECORD.match(line):
            raise ImportFault(
                download.label, number, "this is not CMS's HCPCS file: the line is no record of a code", "",
                "Give HCPC…_ANWEB….txt of the quarterly update (not the record layout, the notes or the corrections)",
            )  # fmt: skip
        return


def _fixed(download: Download, place: Place) -> Iterator[list[str]]:
    for place.line, line in download.lines("latin-1"):
        if not line.strip():
            continue
        if not _RECORD.match(line):
            raise wrong(place, "the begin of the record", line[:11], "a code, a number and a record id (3, 4, 7 or 8)")
        if line[RECORD] in CONTINUED:
            continue
        if len(line) < END:
            raise cut_short(place, f"{len(line)} characters of at least {END}")
        yield [line[part].strip() for part in PARTS]


def _rows(records: Iterator[list[str]], imported: Imported) -> Iterator[Row]:
    place = imported.place
    oldest = ""
    for code, record, added, changed, terminated, action, coverage, pricing in records:
        if record in CONTINUED:
            continue
        sort = SORTS.get(record)
        if sort is None:
            raise wrong(place, "the record id", record, "3, 4, 7 or 8")
        if not _CODES[sort].fullmatch(code):
            raise wrong(
                place, "the code", code, "a letter and four digits" if sort == "procedure" else "two characters"
            )
        if not _ACTION.fullmatch(action):
            raise wrong(place, "the action code", action, "one letter")
        if not _SHORT.fullmatch(coverage) or not _SHORT.fullmatch(pricing):
            raise wrong(place, "coverage or pricing", f"{coverage} {pricing}", "one letter and two digits")
        last = read_day(place, "the termination date", terminated)
        if last and (not oldest or last < oldest):
            # What ended before the oldest that is kept may be missing; from then on a code not listed was not in use.
            oldest = last
            imported.since = min(imported.from_, date.fromisoformat(last) + timedelta(days=1))
        first = read_day(place, "the date added", added)
        yield code, sort, first, last, action, read_day(place, "the action date", changed), coverage, pricing
