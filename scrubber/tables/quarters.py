"""The quarters that CMS numbers its files by, read from file names and from what a user calls an edition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from scrubber.tables.kinds import ImportFault

_QUARTER = re.compile(r"(?<!\d)(20\d\d)[ _-]?q([1-4])(?!\d)", re.I)
_QUARTER_FIRST = re.compile(r"(?<![a-z\d])q([1-4])[ _-]?(20\d\d)(?!\d)", re.I)
_VERSION = re.compile(r"(?<![a-z\d])v?(\d\d)\.([0-3])(?!\d)|(?<![a-z\d])v(\d\d)([0-3])(?:r\d+)?(?![a-z\d])", re.I)
_DATE = re.compile(r"(?<!\d)(\d\d)-(\d\d)-(20\d\d)(?!\d)|(?<!\d)(20\d\d)-(\d\d)-(\d\d)(?!\d)")

_MONTHS = {"jan": 1, "apr": 2, "jul": 3, "oct": 4}
_MONTH = re.compile(
    r"(?<!\d)(20\d\d|(?<=u)\d\d)[ _-]?(jan|apr|jul|oct)|(?<![a-z])(jan|apr|jul|oct)[a-z]*[ ,_-]+(20\d\d)(?!\d)", re.I
)
_RVU = re.compile(r"(?<![a-z])rvu(\d\d)([a-d])(?![a-z])", re.I)

_FIRST_VERSION = 1994
"""NCCI version N.q is that of quarter q + 1 of the year 1994 + N: 30.2 is 2024 Q3, 32.3 is 2026 Q4."""

FORMS = "2026Q3, v32.2 or 2026-07-01"
"""How a user may write a quarter, for messages."""


class Quarter(NamedTuple):
    """A quarter of a year; ``number`` 1 to 4."""

    year: int
    number: int

    @property
    def name(self) -> str:
        return f"{self.year} Q{self.number}"

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Quarter:
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)


def read_quarter(text: str) -> Quarter | None:
    """The quarter that a text names: ``2026Q3``, ``AOC_V2026Q3-MCR.txt``, ``v32.2``, ``ccipra-v322r0-f1.TXT``, or the
    day that begins it, ``..._Eff_07-01-2026.csv``, ``2026-07-01``. None where it names none."""
    if found := _QUARTER.search(text):
        return Quarter(int(found[1]), int(found[2]))
    if found := _QUARTER_FIRST.search(text):
        return Quarter(int(found[2]), int(found[1]))
    if found := _DATE.search(text):
        month, day, year = (int(n) for n in (found.group(1, 2, 3) if found[1] else found.group(5, 6, 4)))
        return Quarter(year, month // 3 + 1) if day == 1 and month in (1, 4, 7, 10) else None
    if found := _VERSION.search(text):
        version, quarter = (int(n) for n in (found.group(1, 2) if found[1] else found.group(3, 4)))
        return Quarter(_FIRST_VERSION + version, quarter + 1)
    return None


def read_release(text: str) -> Quarter | None:
    """The quarter of a file that is named by the month that begins it: ``PPRRVU2026_Jul``, ``HCPC2026_OCT_ANWEB.txt``,
    ``july-2026-alpha-numeric-hcpcs-file.zip``, ``RVU26C.zip``; or as :func:`read_quarter` reads it."""
    if found := _MONTH.search(text):
        year = int(found[1] or found[4])
        return Quarter(year if year > 99 else 2000 + year, _MONTHS[(found[2] or found[3]).lower()])
    if found := _RVU.search(text):
        return Quarter(2000 + int(found[1]), "abcd".index(found[2].lower()) + 1)
    return read_quarter(text)


class Named(Protocol):
    """An edition by the name that it goes by."""

    @property
    def name(self) -> str: ...


def tell_others(
    taken: Named, said: object, texts: Iterable[str], read: Callable[[str], Named | None] = read_quarter
) -> list[str]:
    """What is to be told where a file's name or head (``texts``) names another edition than it was ``taken`` for,
    because of what the user ``said`` with --edition, or of another of these names."""
    why = "--edition" if said is not None else "another name"
    for text in texts:
        told = read(text)
        if told is not None and told != taken:
            return [f"{text[:100]} names {told.name}; it was taken for {taken.name}, as {why} says."]
    return []


def settle_quarter(
    edition: str | None, names: Iterable[str], label: str, read: Callable[[str], Quarter | None] = read_quarter
) -> Quarter:
    """The quarter of an edition: as the user says, else the first that a name tells. Raises ImportFault for a file
    (``label``) where neither does."""
    if edition is not None:
        said = read_release(edition)
        if said is None:
            raise ImportFault(label, None, f"`{edition}` names no quarter", fix=f"Write it like {FORMS}")
        return said
    for name in names:
        if found := read(name):
            return found
    raise ImportFault(
        label, None, "neither its name nor its head tells the quarter that it is for",
        "The edition decides for which days it answers",
        f"Keep the publisher's file name, or say --edition, like {FORMS}",
    )  # fmt: skip
