"""The kinds of reference data that ``scrubber tables add`` takes: what a row of each holds, and who reads the file.

A reader is a module of ``scrubber.tables.publishers`` with one function::

    def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported

It looks at the files at once (names, headers, edition and dates) and yields rows while the store writes them. What is
wrong with a file is an ImportFault, at once or while rows are read: the store then stays as it was. ``edition`` is what
the user said with ``--edition``; it wins over what file names say. ``progress`` is called with bytes read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol

from scrubber.spelling import suggest
from scrubber.tables.dated import Row

Progress = Callable[[int], None]
"""Told how many bytes more of the files have been read (of compressed files, compressed ones)."""


class ImportFault(Exception):
    """A file that cannot be imported: what is wrong, where, why it matters, what to do. The store is as it was."""

    def __init__(self, file: str, line: int | None, what: str, why: str = "", fix: str = "") -> None:
        super().__init__(file, line, what, why, fix)
        self.file = file
        self.line = line
        """Line of the text file or row of the sheet, 1 is the first; None where the fault is no line's."""
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        text = ". ".join(part.rstrip(".") for part in (f"{place}: {self.what}", self.why, self.fix) if part)
        return "".join(c if c.isprintable() else "?" for c in text)  # It quotes the file, and goes to a terminal.


@dataclass(slots=True)
class Place:
    """Where a reader is: a reader keeps its own up to date, so that the store can name the line of a row it refuses
    (one that comes twice)."""

    file: str = ""
    line: int = 0


@dataclass(slots=True)
class Imported:
    """An edition as a reader found it. ``rows`` are read once."""

    name: str
    """As the publisher calls it, in one form for each kind: ``2026 Q3``. The same name again replaces the edition."""
    from_: date
    to: date | None
    """The last day it answers for; None where the publisher names none (it then holds until the next begins)."""
    rows: Iterator[Row]
    place: Place
    """The place of the row that was yielded last."""
    since: date | None = None
    """The first day that its rows speak for by their own dates, where it carries history; None: ``from_``."""
    complete: bool = True
    """Whether a key without rows is known to have none: not so where a part of the edition's files is missing."""
    kind: str | None = None
    """Another kind than asked for, where the file turned out to be that one's (Medicaid's file given as Medicare's)."""
    notes: list[str] = field(default_factory=list)
    """What the user should know of this import, a sentence each."""


class Reader(Protocol):
    """A module of ``publishers``."""

    def read(self, kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported: ...


class Kind(NamedTuple):
    """One kind of table. ``columns`` are the order of a Row's values, those that rows are found by first."""

    name: str
    title: str
    source: str
    """Publisher and the name of the page that has the file."""
    reader: str
    """Module of ``scrubber.tables.publishers``."""
    columns: tuple[str, ...]
    key: int
    """So many columns from the left tell a row from all others; ``Editions.find`` takes any of them from the left."""
    days: tuple[str, ...] = ()
    """Columns that hold days (ISO, ``""`` for none); they are stored as numbers."""
    words: tuple[str, ...] = ()
    """Columns of few different texts, each stored once."""
    begins: str = ""
    """The column of a row's own first day, where rows have one."""
    ends: str = ""
    """The column of a row's own last day."""
    same: int = 0
    """So many columns from the left that two editions are compared by, where the key is more than that; 0: the key."""

    usual: int = 0
    """So many rows the publisher's whole file has, or more; an edition of far fewer is not taken for whole. 0: no
    number tells."""
    reach: tuple[str, str] = ("", "")
    """A whole file has codes of five before the first of these and from the second on, whatever its order."""
    packed: bool = False
    """Whether a row holds many entries: its reader's ``unpack(rows)`` then tells them one by one, for comparing."""

    def lack(self, rows: int, first: str, last: str) -> str:
        """How so many rows, from the first code to the last, tell that the file is not whole; ``""`` where they do not.
        A file that was cut at the end of a line has no other mark."""
        if rows * 3 < self.usual * 2:  # Editions of years ago are smaller, but not by a third.
            return f"That is little: the publisher's file has {self.usual:,} rows or more"
        before, on = self.reach
        if before and first >= before:
            return f"Its codes begin at {first}: the publisher's file begins earlier"
        if last < on:
            return f"Its codes end at {last}: the publisher's file goes on"
        return ""

    def read(self, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
        """Read the publisher's files. Raises ImportFault, OSError."""
        reader: Reader = import_module(f"scrubber.tables.publishers.{self.reader}")
        return reader.read(self, files, edition, progress)

    def unpack(self, rows: Iterator[Row], codes: Sequence[str] = ()) -> Iterator[Row]:
        """The entries of rows, sorted; with ``codes``, those of these codes and of what lies under them."""
        entries: Iterator[Row] = import_module(f"scrubber.tables.publishers.{self.reader}").unpack(rows)
        under = tuple(code.replace(".", "") for code in codes)
        return iter(sorted(entry for entry in entries if not under or entry[1].startswith(under)))


_PTP = ("column_one", "column_two", "effective", "deletion", "indicator", "rationale")
# CMS prints a pair or two twice, with the same dates and another rationale: only a row like another in all is a repeat.
_PTP_DAYS = ("effective", "deletion")

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "ncci-ptp", "NCCI procedure pairs, practitioner, Medicare",
            "CMS, Medicare NCCI Procedure-to-Procedure (PTP) Edits", "ptp", _PTP, len(_PTP),
            days=_PTP_DAYS, words=("rationale",), begins="effective", ends="deletion", same=3,
            usual=2_500_000, reach=("1", "Q"),
        ),
        Kind(
            "ncci-ptp-medicaid", "NCCI procedure pairs, practitioner, Medicaid",
            "CMS, Medicaid NCCI Edit Files", "ptp", _PTP, len(_PTP),
            days=_PTP_DAYS, words=("rationale",), begins="effective", ends="deletion", same=3,
            usual=1_000_000,  # No count was at hand: Medicare's, from which they are made, are more than twice that.
        ),
        Kind(
            "ncci-mue", "NCCI unit limits (MUE), practitioner, Medicare",
            "CMS, Medicare NCCI Medically Unlikely Edits", "mue", ("code", "units", "mai", "rationale"), 1,
            words=("rationale",), usual=14_500, reach=("1", "V"),
        ),
        Kind(
            "ncci-mue-medicaid", "NCCI unit limits (MUE), practitioner, Medicaid",
            "CMS, Medicaid NCCI Edit Files", "mue", ("code", "units", "mai", "rationale"), 1,
            words=("rationale",), usual=7_800,  # It shares 7,842 codes with Medicare's.
        ),
        Kind(
            "ncci-aoc", "NCCI add-on codes and their primaries",
            "CMS, Medicare NCCI Add-on Code Edits", "aoc",
            ("addon", "primary", "effective", "type", "deletion", "addon_deletion", "primary_deletion", "note"), 3,
            days=("effective", "deletion", "addon_deletion", "primary_deletion"), words=("note",),
            begins="effective", ends="deletion", usual=7_000,
        ),
        Kind(
            "pfs", "Physician fee schedule indicators",
            "CMS, PFS Relative Value Files", "pfs",
            (
                "code", "modifier", "status", "pctc", "global_days", "pre_op", "intra_op", "post_op", "multiple",
                "bilateral", "assistant", "co_surgeons", "team",
            ), 2, usual=18_000, reach=("1", "V"),
        ),
        Kind(
            "hcpcs", "HCPCS Level II codes and modifiers",
            "CMS, HCPCS Quarterly Update", "hcpcs",
            ("code", "sort", "added", "terminated", "action", "action_date", "coverage", "pricing"), 2,
            days=("added", "terminated", "action_date"), begins="added", ends="terminated",
            usual=8_000, reach=("B", "V"),
        ),
        Kind(
            "icd10cm", "ICD-10-CM diagnosis codes",
            "CDC/NCHS, ICD-10-CM files", "icd10cm", ("sort", "node", "text"), 2, packed=True,
        ),
        Kind(
            "telehealth", "Medicare telehealth services",
            "CMS, List of Telehealth Services", "telehealth", ("code", "status", "audio_only", "limits"), 1,
            usual=250,
        ),
        Kind(
            "mcd", "Medicare coverage articles: procedures to diagnoses",
            "CMS, Medicare Coverage Database downloads", "mcd",
            ("subject", "code", "article", "list", "group", "marked", "effective", "end", "states"), 5,
            days=("effective", "end"), words=("states",), begins="effective", ends="end",
        ),
        Kind(
            "taxonomy", "Provider taxonomy codes",
            "NUCC, Health Care Provider Taxonomy CSV", "taxonomy",
            ("code", "effective", "last", "replacement", "classification", "specialization", "section"), 1,
            days=("effective", "last"), words=("classification", "section"), begins="effective", ends="last",
            usual=850,
        ),
    )
}  # fmt: skip
"""Every kind by name. Columns of a kind are its reader's and its table class's to agree on; the store takes any."""


def find_kind(name: str) -> Kind:
    """The kind of this name. Raises KeyError, its text for the user."""
    try:
        return KINDS[name]
    except KeyError:
        raise KeyError(
            f"no kind of table is called `{name}`{suggest(name, KINDS)} (there are {', '.join(KINDS)})"
        ) from None
