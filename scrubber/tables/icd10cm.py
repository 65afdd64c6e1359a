"""ICD-10-CM by date: what is billable, what a code is called, what the tabular list says about it and about pairs.

    >>> from datetime import date
    >>> icd = Icd10cm.shipped()
    >>> icd.status("M5012", date(2026, 3, 2))
    <CodeStatus.CATEGORY: 'category'>
    >>> [hit.names for hit in icd.excludes1("M542", "M50322", date(2026, 3, 2))]
    ['M50.-']

Codes are strings without the dot, upper case; dates are ``datetime.date``. Nothing is read at import; each file is
read on the first question that needs it. No look-up raises for bad input: an unknown code is UNKNOWN, or has no notes.

Sources: tabular list FY2025 and FY2026 (April releases), CDC/NCHS, public domain; billable windows FY2016 to FY2027
with their attributes, Medicare Code Editor v44, CMS. :mod:`scrubber.tables.build_icd10cm` builds the files.
"""

from bisect import bisect_right
from collections.abc import Hashable
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scrubber.tables.icd10cm_files import (
    Block,
    Chapter,
    Edition,
    Outline,
    Seventh,
    Sites,
    Titles,
    Validity,
    Window,
    dotted,
    read_sevenths,
    read_text,
    shipped_directory,
)
from scrubber.tables.icd10cm_notes import Doubt, Excludes, Kind, Level, Note, Notes

if TYPE_CHECKING:
    from scrubber.tables.dated import Edition as Dated
    from scrubber.tables.dated import Library
    from scrubber.tables.icd10cm_own import OwnValidity

__all__ = [
    "Block", "Chapter", "CodeStatus", "Doubt", "Excludes", "Icd10cm", "Level", "Note", "NotesEdition", "Seventh",
    "Window", "dotted",
]  # fmt: skip


class CodeStatus(StrEnum):
    """What a code is on a date."""

    BILLABLE = "billable"
    CATEGORY = "category"
    """Incomplete: codes in force on the date start with it (a header, or a stem that lacks its seventh character)."""
    NOT_IN_FORCE = "not-in-force"
    """Billable or a category on another date, neither on this one."""
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"
    """The date lies outside the table's editions (2015-10-01 to 2027-03-31): nothing can be said."""


class NotesEdition(NamedTuple):
    """Which tabular list answers for a date; ``stand_in`` when it was made for other dates."""

    name: str
    release: str
    start: date
    to: date
    stand_in: bool


class Icd10cm:
    """The ICD-10-CM tables. Use :meth:`shipped`; the constructor is for tables built elsewhere."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._validity: Validity | OwnValidity | None = None
        self._outline: Outline | None = None
        self._titles: Titles | None = None
        self._sevenths: dict[str, Seventh] | None = None
        self._sites: Sites | None = None
        self._notes: dict[str, Notes] = {}
        self._editions = lru_cache(1_024)(self._find_edition)
        self._turns: list[date] | None = None
        self._eras = lru_cache(4_096)(self._find_era)
        self._spans = lru_cache(16_384)(self._find_windows)
        self._others = lru_cache(4_096)(self._find_status)
        self._named = lru_cache(4_096)(self._find_title)
        self._claims = lru_cache(4_096)(self._find_among)

    @classmethod
    def open(cls, library: "Library | None") -> "Icd10cm":
        """The user's own releases where they are loaded, beside the tables of this installation; else those alone."""
        own = library.editions("icd10cm") if library is not None else None
        if own is None:
            return cls.shipped()
        from scrubber.tables.icd10cm_own import OwnIcd10cm

        return OwnIcd10cm(shipped_directory(), own)

    @classmethod
    def shipped(cls) -> "Icd10cm":
        """The tables of this installation, one object a process. Raises FileNotFoundError if they are missing."""
        return _shipped()

    @property
    def first(self) -> date:
        """The first day validity is known for: 2015-10-01."""
        return self._valid().first

    @property
    def last(self) -> date:
        """The last day validity is known for: 2027-03-31, the end of the FY2027 data."""
        return self._valid().last

    def covers(self, on: date) -> bool:
        """Whether validity is known for the day. Releases of the user's own may leave days between them open."""
        return (self._validity or self._valid()).covers(on)

    @property
    def size(self) -> int:
        """How many codes validity is known for."""
        return self._valid().size

    @property
    def releases(self) -> tuple[Edition, ...]:
        """The tabular lists that the notes come from, oldest first."""
        return self._laid_out().editions

    def era(self, on: date) -> Hashable:
        """Days of one era are alike: no code comes, goes or changes between them, and the same notes answer."""
        return self._eras(on)

    # Validity

    def status(self, code: str, on: date) -> CodeStatus:
        """What the code is on the date."""
        validity = self._validity or self._valid()
        if not validity.covers(on):
            return CodeStatus.UNCHECKED
        for window in self._spans(code):
            if window.start <= on and (window.to is None or on <= window.to):
                return CodeStatus.BILLABLE
        return self._others(code, on)

    def billable(self, code: str, on: date) -> bool:
        """Whether the code is known to be billable on the date; False also when the date is outside the table."""
        return self.status(code, on) is CodeStatus.BILLABLE

    def windows(self, code: str) -> tuple[Window, ...]:
        """When the code was or is billable, oldest first; empty for a category or an unknown code."""
        return self._spans(code)

    def has(self, code: str, attribute: str, on: date) -> bool:
        """Whether the Medicare Code Editor gives the code the attribute on the date.

        Attributes: manifestation, ecodepdx (external cause), unacceptable (inpatient principal), unspecified, newborn,
        pediatric, maternity, adult, female and male (until 2024-09-30), and rarer ones. False outside the table.
        """
        validity = self._validity or self._valid()
        return on <= validity.last and any(
            attribute in window.attributes for window in self._spans(code) if window.covers(on)
        )

    def children(self, code: str, on: date) -> tuple[str, ...]:
        """The billable codes under a category on the date, sorted; empty for a billable code or outside the table."""
        validity = self._valid()
        if len(code) < 3 or not validity.covers(on):
            return ()
        return tuple(
            child
            for child, windows in validity.codes(code[:3]).items()
            if child != code and child.startswith(code) and any(window.covers(on) for window in windows)
        )

    # Names and places

    def title(self, code: str) -> str | None:
        """The title of a code or category, in the newest edition's words; None if no edition at hand prints it.

        A code with a seventh character has its stem's title and the character's meaning. Codes deleted before
        FY2025 have no title here.
        """
        return self._named(code)

    def seventh(self, code: str) -> Seventh | None:
        """The seventh-character rule of the nearest node at or above a code or stem, or None if none applies."""
        if self._sevenths is None:
            self._sevenths = self._read_sevenths()
        for end in range(min(len(code), 6), 2, -1):
            rule = self._sevenths.get(code[:end])
            if rule is not None:
                return rule
        return None

    def chapter(self, code: str) -> Chapter | None:
        """The chapter of a code, or None when its category is unknown."""
        return self._laid_out().chapter(code[:3])

    def ancestors(self, code: str) -> tuple[str, ...]:
        """What a code lies in, widest first: ``("chapter 13", "M40-M54", "M50-M54", "M54", "M541")`` for M5412.

        Empty when no edition knows the category. Stems that are no node of their own (S134X) are left out.
        """
        parts = self._laid_out().parts(code[:3])
        if not parts:
            return ()
        stems = (code[:end] for end in range(3, len(code)))
        return *(part for part in parts if part != code[:3]), *(stem for stem in stems if self._own_title(stem))

    def apart(self, a: str, b: str) -> bool:
        """Whether two codes' titles put them in different places: other sides, or sites with nothing in common.

        False whenever a title is silent. The words are in ``sites.txt``, kept by hand.
        """
        if self._sites is None:
            self._sites = Sites(read_text(self._directory, "sites.txt"))
        return self._sites.apart(self.title(a) or "", self.title(b) or "")

    # Notes

    def edition(self, on: date) -> NotesEdition:
        """Which notes answer for the date: the edition in force, else the nearest, marked as a stand-in."""
        return self._editions(on)

    def excludes1(self, a: str, b: str, on: date) -> tuple[Excludes, ...]:
        """The Excludes1 notes against reporting two codes together, strongest first; empty when there is none.

        Both directions, with the notes inherited from category, block and chapter. The result is the same for (a, b)
        and (b, a). A note never forbids absolutely: unrelated conditions may be reported (Guidelines I.A.12.a). Notes
        in words only are not here, see :meth:`notes`.
        """
        return self._between("1", a, b, on)

    def excludes2(self, a: str, b: str, on: date) -> tuple[Excludes, ...]:
        """The Excludes2 notes about two codes: each says that both may be reported (Guidelines I.A.12.b).

        Worth a look where :meth:`excludes1` answers: M50.1 lets M54.13 stand beside it, M54.1 does not.
        """
        return self._between("2", a, b, on)

    def excludes1_among(self, codes: tuple[str, ...], on: date) -> tuple[tuple[int, int, Excludes], ...]:
        """Every Excludes1 note among a claim's codes, as (index, index, note), in the order of the codes."""
        edition = self.edition(on)
        return self._claims(codes, edition.name, edition.stand_in)

    def code_first(self, code: str, on: date) -> tuple[Note, ...]:
        """The "code first" notes that apply to a code, nearest first; :meth:`named` tests a code against one."""
        return tuple(self._noted(self.edition(on).name).carried("F", code))

    def notes(self, code: str, kind: Kind, on: date) -> tuple[Note, ...]:
        """All notes of a kind ("1" Excludes1, "2" Excludes2, "F" code first) that apply to a code, nearest first.

        Includes notes in words only, such as "current injury - see injury of spine by body region" on M50-M54.
        """
        return tuple(self._noted(self.edition(on).name).carried(kind, code))

    def named(self, note: Note, code: str) -> bool:
        """Whether a note names a code."""
        return note.naming(code, self._laid_out().place.get(code[:3], -1)) is not None

    # Whose they are

    def own_codes(self, on: date) -> "Dated | None":
        """The user's own release whose order file says which codes are billable on the date; None: what is shipped."""
        return None

    def own_notes(self, on: date) -> "Dated | None":
        """The user's own release whose notes answer for the date, with the notes' days; None: what is shipped."""
        return None

    # Loading and finding

    def _find_era(self, on: date) -> Hashable:
        if self._turns is None:
            self._turns = sorted(set(self._valid().turns()))
        edition = self.edition(on)
        return bisect_right(self._turns, on), edition.name, edition.stand_in

    def _valid(self) -> "Validity | OwnValidity":
        if self._validity is None:
            self._validity = Validity(read_text(self._directory, "validity.txt.gz"))
        return self._validity

    def _read_sevenths(self) -> dict[str, Seventh]:
        return read_sevenths(read_text(self._directory, "seventh.txt"))

    def _laid_out(self) -> Outline:
        if self._outline is None:
            self._outline = Outline(self._read_outline())
        return self._outline

    def _read_outline(self) -> str:
        return read_text(self._directory, "outline.txt")

    def _noted(self, edition: str) -> Notes:
        found = self._notes.get(edition)
        if found is None:
            found = self._notes[edition] = Notes(
                edition, edition.removeprefix("FY"), self._laid_out(), self._read_notes(edition), self.apart
            )
        return found

    def _read_notes(self, edition: str) -> str:
        return read_text(self._directory, "notes.txt.gz")

    def _find_edition(self, on: date) -> NotesEdition:
        editions = self._laid_out().editions
        chosen = editions[0]
        for edition in editions:
            if edition.start <= on:
                chosen = edition
        stand_in = not chosen.start <= on <= chosen.to
        return NotesEdition(chosen.name, chosen.release, chosen.start, chosen.to, stand_in)

    def _find_windows(self, code: str) -> tuple[Window, ...]:
        return self._valid().codes(code[:3]).get(code, ())

    def _find_status(self, code: str, on: date) -> CodeStatus:
        """The status of a code that is not billable on a date inside the table."""
        if len(code) < 3:
            return CodeStatus.UNKNOWN
        known = False
        for other, windows in self._valid().codes(code[:3]).items():
            if other.startswith(code):
                known = True
                if any(window.covers(on) for window in windows):
                    return CodeStatus.CATEGORY
        return CodeStatus.NOT_IN_FORCE if known else CodeStatus.UNKNOWN

    def _find_title(self, code: str) -> str | None:
        own = self._own_title(code)
        if own is not None or len(code) != 7 or not self._spans(code):
            return own
        rule = self.seventh(code)
        meaning = rule.characters.get(code[6]) if rule else None
        stem = self._own_title(code[:6]) or self._own_title(code[:6].rstrip("X"))
        return f"{stem}, {meaning}" if stem and meaning else None

    def _own_title(self, code: str) -> str | None:
        if self._titles is None:
            self._titles = Titles(read_text(self._directory, "titles.txt.gz"))
        return self._titles.find(code)

    def _between(self, kind: Kind, a: str, b: str, on: date) -> tuple[Excludes, ...]:
        edition = self.edition(on)
        notes = self._notes.get(edition.name) or self._noted(edition.name)
        return notes.between(kind, a, b, edition.stand_in)

    def _find_among(
        self, codes: tuple[str, ...], edition: str, stand_in: bool
    ) -> tuple[tuple[int, int, Excludes], ...]:
        between = self._noted(edition).between
        return tuple(
            (i, j, hit)
            for i, a in enumerate(codes)
            for j in range(i + 1, len(codes))
            for hit in between("1", a, codes[j], stand_in)
        )


@lru_cache(1)
def _shipped() -> Icd10cm:
    return Icd10cm(shipped_directory())
