"""Finding the columns of a publisher's table by the words of its header, and reading rows and days below it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain

from scrubber.tables.downloads import Download, Line
from scrubber.tables.kinds import ImportFault, Place

DEEPEST = 40
"""Rows above a header; the fee schedule has nine, and nobody has more than a page."""

CODE = re.compile(r"[0-9A-Z]{5}")
"""A procedure code: CPT (12345, 1234F, 1234T, 1234U …) or HCPCS Level II (A1234)."""


class Sheet:
    """The rows of a table below its header, as values in the order of ``wanted``; blank rows are left out.

    ``wanted`` and ``optional`` give each column's name for messages and the pattern that its header, in small letters
    and with every run of other characters as one blank, must match whole. Values of an absent optional column are
    ``""`` and stand after the wanted ones.
    """

    def __init__(
        self,
        download: Download,
        wanted: Mapping[str, str],
        optional: Mapping[str, str] | None = None,
        *,
        what: str,
        delimiter: str = "",
        strict: bool = True,
    ) -> None:
        """Reads as far as the header. Raises ImportFault where there is none, or a column is missing; ``what`` the
        file should be."""
        self.download = download
        self._lines = download.table(delimiter, strict)
        self.above: list[str] = []
        """The filled cells above the header: title, year, notice."""
        patterns = {**wanted, **(optional or {})}
        best: tuple[int, int, list[str]] = (0, 0, [])
        for line in self._lines:
            self.header = [_plain(cell) for cell in line.cells]
            found = {name: _find(self.header, pattern) for name, pattern in patterns.items()}
            missing = [name for name in wanted if found[name] is None]
            if not missing:
                self._places = [found[name] for name in patterns]
                self._needed = 1 + max(place for place in self._places if place is not None)
                self.first = line.number
                return
            best = max(best, (len(wanted) - len(missing), line.number, missing), key=lambda b: b[0])
            self.above += [cell for cell in line.cells if cell]
            if line.number > DEEPEST:
                break
        _, number, missing = best
        if 2 * len(missing) <= len(wanted) and number:
            raise ImportFault(
                download.label, number, f"the header has no column {_list(missing)}", f"It should be {what}",
                "If the publisher has changed the layout, please report it; else give the file as downloaded",
            )  # fmt: skip
        raise ImportFault(
            download.label, None, f"this is not {what}: no header with the columns {_list(list(wanted))}", "",
            "Check that the file and the kind belong together (scrubber tables add KIND FILE)",
        )  # fmt: skip

    def rows(self, place: Place, may_be_empty: bool = False) -> Iterator[list[str]]:
        """The values of each row. ``place`` is kept at the row. Raises ImportFault for a row that is cut short, and
        where there is no row."""
        place.file = self.download.label
        empty = True
        for line in self._lines:
            if not any(line.cells):
                continue
            place.line = line.number
            is_note = " " in line.cells[0] and not any(line.cells[1:])
            if len(line.cells) < self._needed and not is_note:
                raise cut_short(place, f"{len(line.cells)} columns where the header has {self._needed} or more")
            empty = False
            size = len(line.cells)
            yield [line.cells[at] if at is not None and at < size else "" for at in self._places]
        if empty and not may_be_empty:
            raise ImportFault(self.download.label, None, "there is no row below the header", "", "Download it again")


def stack(download: Download, first: str, depth: int) -> tuple[list[str], list[str], Iterator[Line]]:
    """A header whose words are spread over several lines: the words of each column joined, the cells above, the rest.

    ``first`` is the first cell of the header's last line; ``depth`` how many lines may belong to it.
    """
    lines = download.table()
    above: deque[Line] = deque(maxlen=depth - 1)
    cells: list[str] = []
    for line in lines:
        if line.cells and line.cells[0].upper() == first:
            width = len(line.cells)
            over = [[*entry.cells, *[""] * (width - len(entry.cells))] for entry in (*above, line)]
            return [_plain(" ".join(column)) for column in zip(*(o[:width] for o in over), strict=True)], cells, lines
        above.append(line)
        cells += [cell for cell in line.cells if cell]
        if line.number > DEEPEST:
            break
    return [], cells, chain(())


def cut_short(place: Place, what: str) -> ImportFault:
    """A row that has too little."""
    return ImportFault(
        place.file, place.line, f"the row is cut short: {what}", "The file is damaged, or its layout has changed",
        "Download it again and give it unchanged",
    )  # fmt: skip


def wrong(place: Place, name: str, value: str, expected: str) -> ImportFault:
    """A value that its column cannot hold."""
    shown = value if len(value) <= 40 else value[:40] + "…"
    return ImportFault(
        place.file, place.line, f"{name} is `{shown}`, expected {expected}",
        "A table that is read wrongly would judge claims wrongly, so nothing of it is taken",
        "Download the file again and give it unchanged; if it is as published, please report this line",
    )  # fmt: skip


def read_code(place: Place, name: str, value: str) -> str:
    """A procedure code. Raises ImportFault."""
    code = value.upper()
    # Excel takes 00100 for a number.
    if code.isdigit() and len(code) < 5:
        code = code.zfill(5)
    if not CODE.fullmatch(code):
        raise wrong(place, name, value, "a procedure code of five letters and digits")
    return code


_FORMS = (
    (re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[ T].*)?"), (1, 2, 3)),
    (re.compile(r"(\d{4})(\d\d)(\d\d)"), (1, 2, 3)),
    (re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(?: .*)?"), (3, 1, 2)),
)
_ORDINAL = re.compile(r"(\d{4})(\d{3})")
NO_DAY = frozenset(("", "*", "0", "0000000", "00000000", "N/A", "NULL"))


def read_day(place: Place, name: str, value: str, *, ordinal: bool = False) -> str:
    """A day as ISO, ``""`` for none: YYYYMMDD, YYYY-MM-DD or M/D/YYYY, or YYYYDDD where ``ordinal``. Raises
    ImportFault for anything else, or a day that no calendar has."""
    if value in NO_DAY:
        return ""
    try:
        if ordinal and (found := _ORDINAL.fullmatch(value)):
            first = date(int(found[1]), 1, 1)
            day = first + timedelta(days=int(found[2]) - 1)
            if found[2] == "000" or day.year != first.year:
                raise ValueError
            return day.isoformat()
        for form, groups in _FORMS:
            if found := form.fullmatch(value):
                return date(*(int(found[group]) for group in groups)).isoformat()
        raise ValueError
    except (ValueError, OverflowError):
        wanted = "YYYYDDD (the year and the day of the year)" if ordinal else "YYYYMMDD, YYYY-MM-DD or MM/DD/YYYY"
        raise wrong(place, name, value, f"a day as {wanted}") from None


def _plain(cell: str) -> str:
    """A header in small letters, every run of other characters one blank: ``HCPCS/\\nCPT Code`` is hcpcs cpt code."""
    return re.sub(r"[^a-z0-9]+", " ", cell.lower()).strip()


def _find(header: Sequence[str], pattern: str) -> int | None:
    return next((at for at, cell in enumerate(header) if cell and re.fullmatch(pattern, cell)), None)


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
