"""ICD-10-CM: CDC's order file and tabular list of one fiscal year, or of its April update.

Columns: ``sort``, ``node``, ``text``. By sort:

========  ==================  ==============================================================================
codes     category (M54)      its billable codes, by blanks
titles    category            a line a node: code, tab, title
notes     where they stand    Excludes1, Excludes2 and code-first notes, lines of the form of ``notes.txt``
outline                       editions, chapters, blocks, categories, in the form of ``outline.txt``
seventh                       seventh-character rules, in the form of ``seventh.txt``
========  ==================  ==============================================================================

``icd10cm-order-2027.txt``: number 1-5, code 7-13, flag 15 (1: billable), short title 17-76, long title 78 on.
``icd10cm-tabular-2027.xml``: the tabular list, read as for the shipped tables. An October release is trusted about
codes until March, for April may add some; the notes of a tabular list hold for its year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scrubber.tables.dated import Row
from scrubber.tables.downloads import Download, list_downloads
from scrubber.tables.headers import wrong
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress

if TYPE_CHECKING:
    from scrubber.tables.build_icd10cm import Edition

LARGEST_XML = 1 << 26
"""Bytes of a tabular list, which is held in memory while it is read; CDC's has some 10 million."""

LAST = "Z99"
"""The last category of the order file, year by year."""

_ORDER = re.compile(r"(\d{5}) ([A-Z][0-9A-Z]{2}[0-9A-Z ]{4}) ([01]) .{60} (.*)")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_SAID = re.compile(r"(?:FY[ -]?)?(20\d\d)(?:[ -](April))?", re.IGNORECASE)


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """One release. Raises ImportFault, OSError."""
    downloads = list_downloads(files, progress)
    tabular = _pick(downloads, r"(?<!index)tabular.*\.xml$", ".xml")
    order = _pick(downloads, r"order.*\.txt$", ".txt")
    if tabular is None and order is None:
        raise ImportFault(
            files[0].name, None, "neither a tabular list (icd10cm-tabular-….xml) nor an order file is there", "",
            "Give icd10cm-tabular-2027.xml, icd10cm-order-2027.txt, or the zips that hold them",
        )  # fmt: skip
    place = Place()
    listed = _read_tabular(tabular, place) if tabular else None
    named = [d.name for d in (order, tabular) if d is not None]
    year, april = _settle_year(edition, named, listed.year if listed else None, named[0])
    if listed and listed.year != year:
        raise ImportFault(
            named[-1], None, f"the tabular list is of {listed.year}, the edition is {year}", "One edition is one year",
            "Give files of one fiscal year",
        )  # fmt: skip
    first = date(year, 4, 1) if april else date(year - 1, 10, 1)
    last = date(year, 9, 30) if april or order is None else date(year, 3, 31)
    rows = _rows(order, listed, f"April {year}" if april else f"October {year - 1}", place)
    imported = Imported(f"FY{year} April" if april else f"FY{year}", first, last, rows, place)
    for name in named:
        if (told := _YEAR.search(name)) and int(told[1]) != year:
            imported.notes.append(
                f"{name} names {told[1]}; it was taken for {year}, as --edition or another name says."
            )
    if listed is None:
        imported.notes.append("No tabular list was given: notes and titles stay as they are. Give both files together.")
    elif order is None:
        imported.notes.append("No order file was given: which codes are billable stays as it is. Give both together.")
    return imported


def _pick(downloads: Sequence[Download], pattern: str, suffix: str) -> Download | None:
    """The file of this sort, by its name, or by how it ends if it is the only one that ends so."""
    found = [d for d in downloads if re.search(pattern, d.name, re.IGNORECASE) and "addenda" not in d.name.lower()]
    if not found:
        found = [d for d in downloads if d.suffix == suffix]
        return found[0] if len(found) == 1 == len(downloads) else None
    if len(found) > 1:
        raise ImportFault(
            found[1].label, None, f"there is another file of this sort, {found[0].label}",
            "One edition is one release", "Give the files of one release",
        )  # fmt: skip
    return found[0]


def _settle_year(edition: str | None, names: Sequence[str], told: int | None, label: str) -> tuple[int, bool]:
    """The fiscal year and whether it is April's update: as the user says, else by the names, else by the list."""
    april = any("april" in name.lower() for name in names)
    if edition is not None:
        said = _SAID.fullmatch(edition.strip())
        if said is None:
            raise ImportFault(label, None, f"`{edition}` names no fiscal year", fix="Write it like 2027 or 2027 April")
        return int(said[1]), bool(said[2]) or april
    for name in names:
        if found := _YEAR.search(name):
            return int(found[1]), april
    if told is None:
        raise ImportFault(
            label, None, "its name does not tell the fiscal year", "Codes come and go with the year",
            "Keep CDC's name (icd10cm-order-2027.txt), or say --edition, like 2027",
        )  # fmt: skip
    return told, april


def _read_tabular(download: Download, place: Place) -> Edition:
    """The tabular list. Raises ImportFault."""
    from lxml import etree

    from scrubber.tables.build_icd10cm import read_tabular

    if download.size > LARGEST_XML:
        raise ImportFault(
            download.label, None, f"it has {download.size / 1e6:,.0f} MB; CDC's tabular list has some 10", "",
            "Download it again",
        )  # fmt: skip
    with download.open() as stream:
        data = stream.read(LARGEST_XML + 1)
    try:
        listed = read_tabular(data)
    except etree.XMLSyntaxError as error:
        raise ImportFault(
            download.label, error.lineno, f"the XML is damaged or cut off ({error.msg})", "", "Download it again"
        ) from None
    except Exception as error:  # Well-formed, and yet not what CDC publishes: there are many ways.
        raise ImportFault(
            download.label, None, f"this is not CDC's tabular list of ICD-10-CM ({error or type(error).__name__})", "",
            "Give icd10cm-tabular-….xml (not the index, the drug table or the addenda)",
        ) from None  # fmt: skip
    if not listed.tree.names or not all(first for _, first, _ in listed.chapters):
        raise ImportFault(
            download.label, None, "the tabular list has chapters without codes", "It is not whole", "Download it again"
        )
    place.file, place.line = download.label, 0
    return listed


def _rows(order: Download | None, listed: Edition | None, release: str, place: Place) -> Iterator[Row]:
    titles: dict[str, dict[str, str]] = {}
    if order is not None:
        codes, titles = _read_order(order, place)
        for category, billable in codes.items():
            yield "codes", category, " ".join(billable)
    if listed is not None:
        from scrubber.tables.build_icd10cm import note_lines, outline_lines, seventh_lines

        for node, title in listed.tree.titles.items():
            titles.setdefault(node[:3], {})[node] = title
        notes = list(note_lines([listed]))
        yield "outline", "", "\n".join(outline_lines([listed], [release], [], notes))
        yield "seventh", "", "\n".join(seventh_lines([listed]))
        standing: dict[str, list[str]] = {}
        for line in notes[1:]:
            standing.setdefault(line.split("\t", 3)[2], []).append(line)
        for node, lines in standing.items():
            yield "notes", node, "\n".join(lines)
    for category, named in titles.items():
        yield "titles", category, "\n".join(f"{node}\t{title}" for node, title in sorted(named.items()))


def _read_order(download: Download, place: Place) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
    """Billable codes and titles by category. A code of seven characters has the title of its stem and the meaning of
    its last character, so its own is not kept. Raises ImportFault."""
    codes: dict[str, list[str]] = {}
    titles: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    before = 0
    place.file = download.label
    for place.line, line in download.lines("latin-1"):
        if not line.strip():
            continue
        found = _ORDER.fullmatch(line)
        if found is None:
            raise wrong(place, "the line", line, "number, code, flag, short and long title at the order file's places")
        number, padded, flag, title = found.groups()
        code = padded.rstrip()
        if int(number) <= before or code in seen or " " in code:
            raise wrong(place, "the order number and code", f"{number} {code}", f"one that follows {before:05}")
        before = int(number)
        seen.add(code)
        if flag == "1":
            codes.setdefault(code[:3], []).append(code)
        if len(code) < 7:
            titles.setdefault(code[:3], {})[code] = " ".join(title.split())
    if not any(category.startswith("A") for category in codes) or LAST not in codes:
        raise ImportFault(
            download.label, place.line or None,
            f"the codes do not go from chapter 1 (A) to the end of chapter 21, {LAST}",
            "The file is not whole", "Download it again",
        )  # fmt: skip
    return codes, titles


_NOTES = {"1": "excludes1", "2": "excludes2", "F": "code first"}


def unpack(rows: Iterator[Row]) -> Iterator[Row]:
    """The entries of stored rows, each with the code it stands at: what an edition says, without what only places it
    (the year, the outline)."""
    for sort, node, text in rows:
        lines = text.split("\n")
        if sort == "codes":
            yield from (("code", code, "") for code in text.split())
        elif sort == "titles":
            yield from (("title", *line.split("\t", 1)) for line in lines)
        elif sort == "notes":
            for kind, _year, _node, _flags, _references, under, words in (line.split("\t") for line in lines):
                yield _NOTES.get(kind, kind), node, f"{under} {words}".strip()
        elif sort == "seventh":
            parts = [line.split("\t", 2) for line in lines if not line.startswith("#")]
            rules = {number: rule.replace("\t", ", ") for what, number, rule in parts if what == "rule"}
            for what, number, nodes in parts:
                if what == "nodes":
                    yield from (("seventh character", code, rules[number]) for code in nodes.split())
