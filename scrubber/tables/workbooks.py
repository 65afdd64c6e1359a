"""Reading the first sheet of an Excel workbook (.xlsx) row by row, with openpyxl (the extra ``scrubber[xlsx]``).

A workbook is a zip of XML from outside. Before openpyxl sees it, its parts are measured, and one that declares a
document type is refused: no workbook has one, and without it XML can neither expand nor read other files. A sheet may
have no more rows than Excel allows. openpyxl takes some minutes for a million rows: a text beside it is read instead.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO

from scrubber.tables.downloads import Line, check_members, reporting
from scrubber.tables.kinds import ImportFault

MOST_ROWS = 1 << 20
"""Rows of a sheet: Excel's own limit."""
_PROLOG = 1 << 12
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<[A-Za-z]", re.DOTALL)
"""How a part begins that has no document type: in UTF-8 or ASCII, at once with its root element."""

LARGEST_STRINGS = 1 << 27
"""Bytes of the parts that openpyxl holds in memory; in the largest NCCI workbook the texts have some 3 MB."""


def read_sheet(stream: BinaryIO, label: str) -> Iterator[Line]:
    """The rows of the first sheet that has any. Raises ImportFault for a workbook that cannot be read."""
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped]
    except ImportError:
        raise ImportFault(
            label, None, "reading .xlsx files needs a library that is not installed", "",
            "Run: pip install 'scrubber[xlsx]' (or give the publisher's .txt or .csv file)",
        ) from None  # fmt: skip
    with reporting(label), zipfile.ZipFile(stream) as archive:
        for info in check_members(archive, label):
            if info.file_size > LARGEST_STRINGS and "worksheets/" not in info.filename:
                raise ImportFault(
                    label, None, f"its part {info.filename} is larger than any publisher's",
                    "It would have to be held in memory", "Download the file again, or give the .txt or .csv file",
                )  # fmt: skip
            with archive.open(info) as part:
                head = part.read(_PROLOG)
            if info.filename.endswith((".xml", ".rels")) and not _PLAIN.match(head):
                raise ImportFault(
                    label, None, f"its part {info.filename} does not begin as a workbook's does",
                    "It may be made to fill memory", "Download the file from the publisher's own page",
                )  # fmt: skip
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and checks that no table needs.
            book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # Some writers state them wrongly.
                found = False
                width = 0
                for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
                    if number > MOST_ROWS:
                        raise ImportFault(label, number, "the sheet has more rows than Excel allows", "", "")
                    cells = [_text(value) for value in values]
                    # Cells that are empty at the end of a row are not written: it is as wide as those above.
                    width = max(width, len(cells))
                    cells += [""] * (width - len(cells))
                    found = found or any(cells)
                    yield Line(number, cells)
                if found:
                    return
    except (ImportFault, GeneratorExit, MemoryError):
        raise
    except Exception as error:  # A hostile workbook makes openpyxl raise whatever there is.
        raise ImportFault(
            label, None, f"the workbook cannot be read ({type(error).__name__})", "It is damaged or cut off",
            "Download it again, or give the publisher's .txt or .csv file",
        ) from None  # fmt: skip


def _text(value: object) -> str:
    """A cell as the text a publisher's CSV would have: whole numbers without a point, days as ISO."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
