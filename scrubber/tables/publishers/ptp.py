"""NCCI procedure-to-procedure edits, practitioner services: which two procedures are not paid together.

Columns: ``column_one``, ``column_two``; ``effective`` and ``deletion`` (last day, ``""`` while open); ``indicator``:
``0`` no modifier parts the pair, ``1`` one may, ``9`` the row was never an edit; ``rationale``, CMS's words.

CMS offers four parts a quarter (``ccipra-v322r0-f1.TXT`` to ``f4``; zipped, as text or as a workbook). Each row carries
its dates, and rows that have ended stay, so that an edition speaks for every day back to the first edits of 1996.
Medicaid's files lack the column on pairs from before 1996; that is how they are told from Medicare's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import dropwhile
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.downloads import Download, Line, choose, list_downloads
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress
from scrubber.tables.ptp import NEVER_AN_EDIT
from scrubber.tables.quarters import FORMS, Quarter, read_quarter, tell_others

MEDICARE, MEDICAID = "ncci-ptp", "ncci-ptp-medicaid"

PARTS = 4
"""Files that make one edition of Medicare's."""

FIRST_EDITS = date(1996, 1, 1)

_HEADER = ("column 1", "column 2", "*=in existence", "effective", "deletion", "modifier", "ptp edit rationale")
"""How the cells of the header begin; Medicaid's has not the third."""
_HEADER_WITHIN = 15
"""Lines within which the header must come."""

PART_OF = 5
"""A part that lacks one in so many lines of the largest is not whole. Those of 2024 and 2026 differ by one in forty."""
SMALL = 10_000
"""Parts of fewer lines than that are samples, and of no size that tells anything."""

_CODE = re.compile(r"[A-Z0-9]{4}[A-Z0-9]")
_OTHER = re.compile(r"ccioph|hospital|outpatient|\bdme\b", re.IGNORECASE)
"""In the names of edits for other claims, whose files are laid out alike."""
_PART = re.compile(r"-f(\d)\b", re.IGNORECASE)


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """All parts of one quarter."""
    parts = _choose_parts(list_downloads(files, progress))
    quarter = _quarter(parts, edition)
    first = parts[0].table()
    medicaid = _is_medicaid(_header(parts[0], first))
    if kind.name == MEDICAID and not medicaid:
        raise ImportFault(
            parts[0].label, None, "this is Medicare's file: it has the column on pairs from before 1996",
            "Medicaid has pairs of its own", f"Load it with `scrubber tables add {MEDICARE}`, or give Medicaid's file",
        )  # fmt: skip
    place = Place()
    imported = Imported(quarter.name, quarter.first, quarter.last, iter(()), place, since=FIRST_EDITS)
    imported.notes += tell_others(quarter, edition, [part.label for part in parts])
    imported.rows = _rows(parts, first, medicaid, imported)
    if medicaid and kind.name == MEDICARE:
        imported.kind = MEDICAID
        imported.notes.append("These are Medicaid's pairs: kept apart, for claims under the medicaid profile.")
    missing = _missing(parts)
    if missing and not medicaid:
        imported.complete = False
        imported.notes.append(
            f"Without {', '.join(missing)} it is not whole: pairs that the other parts do not list are reported as not "
            "checked. Give all parts in one command."
        )
    return imported


def _weigh(lines: Mapping[str, int], imported: Imported) -> None:
    """Whether one of the parts that were read is far smaller than another: CMS cuts all to one size but the last, which
    has what remains. A part that was cut off at the end of a line has no other mark."""
    *parts, _ = lines.items()
    most = max(lines.values())
    for label, count in parts:
        if most > SMALL and count * PART_OF < most * (PART_OF - 1):
            imported.complete = False
            imported.notes.append(
                f"{label} has {count:,} lines and another part {most:,}, and they should be of about one size. It is "
                "kept as not whole: pairs that it does not list are reported as not checked. Download that part again, "
                "and load all parts in one command; they replace these."
            )


def _choose_parts(downloads: Sequence[Download]) -> list[Download]:
    """The parts among the files. CMS packs each as text and as a workbook: the text will do."""
    found = choose(downloads, r"(cci|ptp|pra).*\.(txt|xlsx)$", "a part of the PTP edits (ccipra-v….TXT or .xlsx)")
    for part in found:
        if other := _OTHER.search(part.label):
            raise ImportFault(
                part.label, None, f"these are not the edits for practitioners (`{other[0]}`)",
                "Professional claims are judged by the practitioner edits", "Give the files called ccipra-v…",
            )  # fmt: skip
    texts = {Path(part.label).stem for part in found if part.suffix == ".txt"}
    return [part for part in found if part.suffix == ".txt" or Path(part.label).stem not in texts]


def _quarter(parts: Sequence[Download], edition: str | None) -> Quarter:
    """The quarter of all parts: as the user says, else by their names."""
    if edition is not None:
        said = read_quarter(edition)
        if said is None:
            raise ImportFault(parts[0].label, None, f"`{edition}` names no quarter", fix=f"Write it like {FORMS}")
        return said
    named: dict[Quarter, str] = {}
    for part in parts:
        quarter = read_quarter(part.label)
        if quarter is None:
            raise ImportFault(
                part.label, None, "its name tells no edition", "The edition decides for which days it answers",
                f"Keep the publisher's name (ccipra-v322r0-f1.TXT), or say --edition, like {FORMS}",
            )  # fmt: skip
        named.setdefault(quarter, part.label)
    if len(named) > 1:
        (one, first), (two, second), *_ = named.items()
        raise ImportFault(
            second, None, f"it is of {two.name}, but {first} is of {one.name}", "An edition is of one quarter",
            "Give the parts of one quarter at a time",
        )  # fmt: skip
    return next(iter(named))


def _missing(parts: Sequence[Download]) -> list[str]:
    """Parts that an edition has and that were not given, by their numbers; none where names tell no numbers."""
    numbers: dict[int, str] = {}
    for part in parts:
        found = _PART.search(part.label)
        if found is None:
            return []
        other = numbers.setdefault(int(found[1]), part.label)
        if other != part.label:
            raise ImportFault(part.label, None, f"part {found[1]} is given twice, also as {other}", fix="Give it once")
    return [f"part f{n}" for n in range(1, max(PARTS, *numbers) + 1) if n not in numbers]


def _is_medicaid(header: Sequence[str]) -> bool:
    """Whether a part is laid out as Medicaid's."""
    return len(header) == len(_HEADER) - 1


def _header(part: Download, lines: Iterator[Line]) -> tuple[str, ...]:
    """Read on to the header and check it; its names as we know them."""
    for number, cells in lines:
        names = [" ".join(cell.casefold().split()) for cell in cells]
        if names and names[0].startswith(_HEADER[0]):
            break
        if number >= _HEADER_WITHIN:
            names = []
            break
    else:
        names = []
    if not names:
        raise ImportFault(
            part.label, None, f"no header begins with `Column 1` in the first {_HEADER_WITHIN} lines",
            "It does not look like CMS's practitioner PTP edits",
            "Download `Practitioner PTP Edits` and give the files unchanged",
        )  # fmt: skip
    while names and not names[-1]:
        names.pop()
    for wanted in (_HEADER, _HEADER[:2] + _HEADER[3:]):
        if len(names) == len(wanted) and all(map(str.startswith, names, wanted)):
            return wanted
    raise ImportFault(
        part.label, number, f"the header has changed: it reads {' | '.join(names)}",
        f"Expected: {' | '.join(_HEADER)}; a column read as another would be a wrong answer to every claim",
        "If CMS has changed its layout, a newer scrubber is needed: please report this line",
    )  # fmt: skip


def _rows(parts: Sequence[Download], first: Iterator[Line], medicaid: bool, imported: Imported) -> Iterator[Row]:
    """The rows of all parts; of the ``first`` the header has been read: opening a workbook again takes seconds. The
    place follows. Raises ImportFault for a part that is laid out differently."""
    codes, days = _Codes(), _Days()
    place = imported.place
    lengths: dict[str, int] = {}
    for part in parts:
        place.file = part.label
        lines = first
        if part is not parts[0]:
            lines = part.table()
            if _is_medicaid(_header(part, lines)) is not medicaid:
                raise ImportFault(
                    part.label, None,
                    f"it is laid out differently from {parts[0].label}: one is Medicare's, one Medicaid's",
                    fix="Load them apart",
                )  # fmt: skip
        for place.line, cells in dropwhile(_is_under_header, lines):
            try:
                if medicaid:
                    one, two, effective, deletion, indicator, rationale = cells
                else:
                    one, two, _, effective, deletion, indicator, rationale = cells
                if indicator not in _INDICATORS:
                    raise ValueError(f"the modifier indicator is `{indicator}`, not 0, 1 or 9")
                begin = days[effective]
                if not begin:
                    raise ValueError("the effective date is missing")
                end = days[deletion]
                if end and end < begin and indicator != NEVER_AN_EDIT:
                    raise ValueError(f"the deletion date {deletion} lies before the effective date {effective}")
                yield codes[one], codes[two], begin, end, indicator, rationale
            except ValueError as error:
                if not any(cells):
                    continue  # A blank line says nothing.
                raise _bad_row(place, cells, medicaid, str(error)) from None
        lengths[part.label] = place.line
    if not medicaid and len(parts) == PARTS:
        _weigh(lengths, imported)


def _is_under_header(line: Line) -> bool:
    """Whether a line goes on with the words of the header, which stand in some columns over several lines."""
    return not (line.cells and line.cells[0])


def _bad_row(place: Place, cells: list[str], medicaid: bool, reason: str) -> ImportFault:
    wanted = len(_HEADER) - medicaid
    if len(cells) != wanted:
        reason = f"the row has {len(cells)} columns, not {wanted}"
    return ImportFault(
        place.file, place.line, reason, "The file may be cut off or changed; nothing has been loaded from it",
        "Download it again and give it unchanged",
    )  # fmt: skip


_INDICATORS = frozenset("019")


class _Codes(dict[str, str]):
    """Codes that were found to be codes: some ten thousand, over and over."""

    def __missing__(self, text: str) -> str:
        if not _CODE.fullmatch(text):
            raise ValueError(f"`{text[:20]}` is no procedure code")
        self[text] = text
        return text


class _Days(dict[str, str]):
    """YYYYMMDD to ISO; ``*`` and nothing to ``""``."""

    def __missing__(self, text: str) -> str:
        if text in ("", "*"):
            day = ""
        else:
            try:
                if len(text) != 8 or not text.isdecimal():
                    raise ValueError
                day = date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
            except ValueError:
                raise ValueError(f"`{text[:20]}` is no date (YYYYMMDD)") from None
        self[text] = day
        return day
