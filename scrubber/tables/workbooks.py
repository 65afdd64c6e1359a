"""Reading the first sheet of an Excel workbook (.xlsx) row by row, with python-calamine (the extra ``scrubber[xlsx]``).

A workbook is a zip of XML from outside. Before the library sees it, its parts are measured, and one that declares a
document type is refused: no workbook has one, and without it XML can neither expand nor read other files. The library
holds a sheet whole, as wide and long as its farthest cells: those may lie no farther apart than the cells that there
are can fill. A part of the NCCI's pairs, 650,000 rows, takes some 400 MB and seconds.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, BinaryIO

from scrubber.tables.downloads import Line, check_members, reporting
from scrubber.tables.kinds import ImportFault

MOST_ROWS = 1 << 20
"""Rows of a sheet: Excel's own limit."""

MOST_CELLS = 1 << 24
"""Cells of a sheet, empty ones between them counted: thrice what the largest NCCI workbook has."""

LARGEST_SHEET = 1 << 29
"""Bytes of a sheet: twice the largest of the NCCI."""

LARGEST_STRINGS = 1 << 27
"""Bytes of another part; in the largest NCCI workbook the texts have some 3 MB."""

_PROLOG = 1 << 12
_BLOCK = 1 << 20
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<[A-Za-z]", re.DOTALL)
"""How a part begins that has no document type: in UTF-8 or ASCII, at once with its root element."""
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
"""Where a row or cell says that it stands: ``r="B12"``."""


def read_sheet(stream: BinaryIO, label: str) -> Iterator[Line]:
    """The rows of the first sheet that has any. Raises ImportFault for a workbook that cannot be read."""
    try:
        from python_calamine import CalamineWorkbook, SheetTypeEnum
    except ImportError:
        raise ImportFault(
            label, None, "reading .xlsx files needs a library that is not installed", "",
            "Run: pip install 'scrubber[xlsx]' (or give the publisher's .txt or .csv file)",
        ) from None  # fmt: skip
    with reporting(label), zipfile.ZipFile(stream) as archive:
        for info in check_members(archive, label):
            with archive.open(info) as part:
                _check_part(part, info, label)
    stream.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(stream)
        for number, about in enumerate(book.sheets_metadata):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_index(number)
            if sheet.start is None:
                continue  # Empty.
            before = [""] * sheet.start[1]
            for row, values in enumerate(sheet.iter_rows(), 1):
                yield Line(row, before + [_text(value) for value in values])
            return
    except (ImportFault, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        # A hostile workbook makes the library raise whatever there is, even its own PanicException.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ImportFault(
            label, None, f"the workbook cannot be read ({type(error).__name__})", "It is damaged or cut off",
            "Download it again, or give the publisher's .txt or .csv file",
        ) from None  # fmt: skip


def _check_part(part: IO[bytes], info: zipfile.ZipInfo, label: str) -> None:
    """Refuse a part of a workbook that could fill memory."""
    if not info.filename.endswith((".xml", ".rels")):
        return
    head = part.read(_PROLOG)
    if not _PLAIN.match(head):
        raise ImportFault(
            label, None, f"its part {info.filename} does not begin as a workbook's does",
            "It may be made to fill memory", "Download the file from the publisher's own page",
        )  # fmt: skip
    sheet = "worksheets/" in info.filename
    if sheet:
        _check_extent(head, part, label)
    if info.file_size > (LARGEST_SHEET if sheet else LARGEST_STRINGS):
        raise ImportFault(
            label, None, f"its part {info.filename} is larger than any publisher's",
            "It would have to be held in memory", "Download the file again, or give the .txt or .csv file",
        )  # fmt: skip


def _check_extent(data: bytes, part: IO[bytes], label: str) -> None:
    """Refuse a sheet with cells far apart: what lies between them would be held in memory, too."""
    columns: set[bytes] = set()
    cells = last = 0
    while data:
        more = part.read(_BLOCK)
        # A tag that the end of a block cuts waits for the next; none is as long as a block.
        cut = data.rfind(b"<") if more and len(data) < 2 * _BLOCK else len(data)
        for column, row in _PLACE.findall(data, 0, cut):
            columns.add(column)
            cells += 1
            last = max(last, int(row[:10]))
        data = data[cut:] + more if more else b""
    width = max((_column(name) for name in columns), default=0)
    if last > MOST_ROWS:
        raise ImportFault(label, None, "the sheet has more rows than Excel allows", "", "Download it again")
    if last * width > min(MOST_CELLS, 4 * cells + MOST_ROWS):
        raise ImportFault(
            label, None, f"its cells lie far apart, over {last:,} rows and {width:,} columns",
            "No publisher's table is like that; it may be made to fill memory",
            "Download the file from the publisher's own page, or give the .txt or .csv file",
        )  # fmt: skip


def _column(name: bytes) -> int:
    """Number of a column: A is 1, AA is 27; 0 for a row's own place."""
    number = 0
    for letter in name.upper()[:8]:
        number = number * 26 + letter - 64
    return number


def _text(value: object) -> str:
    """A cell as the text a publisher's CSV would have: whole numbers without a point, days as ISO."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
