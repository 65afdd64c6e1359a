"""Medicare Coverage Database: billing and coding articles, which diagnoses they list for which procedures.

Three sorts of rows, for procedures times diagnoses would be hundreds of millions:

    ("procedure", "64479", "A56651", "", "1", …)          an article speaks of a procedure, in its first group of codes
    ("A56651", "M5412", "A56651", "covered", "1", …)      an article lists a diagnosis
    ("article", "A56651", "A56651", "covered", "1 1 0", "", effective, end, states)

Columns: ``subject``; ``code``: a procedure, a diagnosis without dot, or the article; ``article``; ``list`` of a
diagnosis: ``covered`` or ``noncovered``, of an article: those that it has, by blanks; ``group``, CMS's number of the
code's group in its list, of an article: how many groups of procedures, covered and noncovered diagnoses it has;
``marked``: ``Y`` where the article asterisks the diagnosis; of an article only: ``effective`` and ``end``, first and
last day of its version, and ``states`` (postal codes by blanks) where its contractors for Part B apply it.

The download (``current_article.zip``) is a zip of a zip of CSV tables. Group numbers of procedures and diagnoses do not
match one to one; which belongs to which is said in prose only, which is not read. Ranges come code by code. Layout as
public readers of the export describe it; no raw file was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.downloads import Download, list_downloads
from scrubber.tables.headers import Sheet, read_code, read_day, wrong
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress
from scrubber.tables.quarters import Quarter

NEEDED = ("article", "article_x_hcpc_code", "article_x_icd10_covered")
WHERE = ("article_x_contractor", "contractor_jurisdiction", "state_lookup")
"""Tables that tell where an article applies."""

PARTS_OF_STATES = {
    "DN": "NY", "QN": "NY", "UN": "NY", "EM": "MO", "WM": "MO", "NF": "CA", "SF": "CA",
}  # fmt: skip
"""CMS's codes for parts of a state."""

NO_DIAGNOSIS = "XX000"
"""What CMS enters where a list holds no diagnosis."""

_DIAGNOSIS = re.compile(r"[A-Z][0-9A-Z]{2,6}")
_PROCEDURE = re.compile(r"[0-9A-Z]{5}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(slots=True)
class _Article:
    """What is kept of an article: its version in force, where it applies, and how its lists are grouped."""

    id: str
    version: str
    effective: str
    end: str
    updated: str
    states: set[str] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=dict)
    """Group numbers by list: procedure, covered, noncovered."""


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """The articles in force when the export was made. Raises ImportFault, OSError."""
    tables: dict[str, Download] = {}
    for download in list_downloads(files, progress):
        name = Path(download.name).stem.lower()
        if download.suffix == ".csv" and tables.setdefault(name, download) is not download:
            raise ImportFault(
                download.label, None, f"there is a second {download.name}", "One export is one edition",
                "Give one export (current_article.zip) by itself",
            )  # fmt: skip
    if missing := [f"{name}.csv" for name in NEEDED if name not in tables]:
        raise ImportFault(
            files[0].name, None, f"this is not the export of coverage articles: it lacks {', '.join(missing)}",
            "", "Give current_article.zip of the Medicare Coverage Database, as downloaded",
        )  # fmt: skip
    place = Place()
    articles = _read_articles(tables["article"], place)
    told = _told_day(tables, articles, place)
    day = _settle_day(edition, told, files[0].name)
    imported = Imported(day.isoformat(), day, Quarter(day.year, (day.month + 2) // 3).last, iter(()), place)
    if told and told != day:
        imported.notes.append(f"The export says that it is of {told}; it was taken for {day}, as --edition says.")
    begins = [a.effective for a in articles.values() if a.effective]
    imported.since = date.fromisoformat(min(begins)) if begins else None
    if absent := [f"{name}.csv" for name in WHERE if name not in tables]:
        imported.notes.append(f"Without {', '.join(absent)} nobody can tell in which states an article applies.")
    else:
        _read_states(tables, articles, place)
    imported.rows = _rows(tables, articles, place)
    return imported


def _read_articles(table: Download, place: Place) -> dict[tuple[str, str], _Article]:
    """The newest version of each active article, by CMS's id and version."""
    wanted = {"article_id": "article id", "article_version": "article version"}
    optional = {
        "article_eff_date": "article eff date", "article_end_date": "article end date",
        "article_rev_end_date": "article rev end date", "status": "status", "date_retired": "date retired",
        "display_id": "display id", "last_updated": "last updated",
    }  # fmt: skip
    newest: dict[str, _Article] = {}
    for row in _read(table, wanted, optional, place):
        id, version, effective, end, revised, status, retired, shown, updated = row
        if status.upper()[:1] not in ("", "A") or retired or (shown and not shown.startswith("A")):
            continue
        if not id.isdigit() or not version.isdigit():
            raise wrong(place, "article_id and article_version", f"{id} {version}", "two numbers")
        other = newest.get(id)
        if other is None or int(other.version) < int(version):
            begin = read_day(place, "article_eff_date", effective)
            last = read_day(place, "article_end_date", end or revised)
            newest[id] = _Article(f"A{id}", version, begin, last, updated[:10])
    return {(id, article.version): article for id, article in newest.items()}


def _told_day(
    tables: Mapping[str, Download], articles: Mapping[tuple[str, str], _Article], place: Place
) -> date | None:
    """The day that the export speaks for: as its update_period tells, or its newest change."""
    days = []
    if "update_period" in tables:
        for (end,) in _read(tables["update_period"], {"end_date": "end date"}, {}, place):
            days.append(read_day(place, "end_date", end))
    days = [day for day in days if day] or [a.updated for a in articles.values() if _DAY.fullmatch(a.updated)]
    return date.fromisoformat(max(days)) if days else None


def _settle_day(edition: str | None, told: date | None, label: str) -> date:
    """The day of an export: as the user says, else as it tells."""
    if edition is not None:
        try:
            return date.fromisoformat(edition)
        except ValueError:
            raise ImportFault(label, None, f"`{edition}` names no day", fix="Write it like 2026-11-20") from None
    if told is None:
        raise ImportFault(
            label, None, "nothing in it tells the day that it was made",
            "Articles change from week to week", "Say the day of the download with --edition, like 2026-11-20",
        )  # fmt: skip
    return told


def _read_states(tables: Mapping[str, Download], articles: Mapping[tuple[str, str], _Article], place: Place) -> None:
    """Fill in where articles apply: contractors for Part B have states, articles have contractors."""
    type_columns = {"contractor_type_id": "contractor type id", "description": "description"}
    types = {row[0]: row[1] for row in _read(tables.get("contractor_type_lookup"), type_columns, {}, place)}
    states = {
        id: PARTS_OF_STATES.get(state, state)
        for id, state in _read(
            tables["state_lookup"], {"state_id": "state id", "state_abbrev": "state abbrev"}, {}, place
        )
    }
    contractor = {
        "contractor_id": "contractor id", "contractor_type_id": "contractor type id",
        "contractor_version": "contractor version",
    }  # fmt: skip
    served: dict[tuple[str, str, str], set[str]] = {}
    for id, type_, version, state, ended in _read(
        tables["contractor_jurisdiction"], {**contractor, "state_id": "state id"}, {"term_date": "term date"}, place
    ):
        for_part_b = re.search(r"\bB\b", types.get(type_, "B"))
        if for_part_b and not ended and state in states:
            served.setdefault((id, type_, version), set()).add(states[state])
    key = {"article_id": "article id", "article_version": "article version"}
    for id, version, *by in _read(tables["article_x_contractor"], {**key, **contractor}, {}, place):
        article = articles.get((id, version))
        if article is not None:
            article.states |= served.get((by[0], by[1], by[2]), set())


def _rows(tables: Mapping[str, Download], articles: Mapping[tuple[str, str], _Article], place: Place) -> Iterator[Row]:
    # The export repeats a code for each version of its code set: once is enough.
    seen: set[tuple[str, ...]] = set()
    lists = (
        ("procedure", "article_x_hcpc_code", "hcpc code", "hcpc code group"),
        ("covered", "article_x_icd10_covered", "icd10 code", "icd10 covered group"),
        ("noncovered", "article_x_icd10_noncovered", "icd10 code", "icd10 noncovered group"),
    )
    for which, name, code_column, group_column in lists:
        wanted = {
            "article_id": "article id", "article_version": "article version",
            f"{code_column} id": f"{code_column} id", group_column: group_column,
        }  # fmt: skip
        seen.clear()
        for id, version, code, group, asterisk in _read(tables.get(name), wanted, {"asterisk": "asterisk"}, place):
            article = articles.get((id, version))
            code = code.replace(".", "").upper()
            if article is None or code == NO_DIAGNOSIS:
                continue
            if which == "procedure":
                code = read_code(place, "hcpc_code_id", code)
                row = ("procedure", code, article.id, "", group)
            elif _DIAGNOSIS.fullmatch(code):
                row = (article.id, code, article.id, which, group)
            else:
                raise wrong(place, "icd10_code_id", code, "a diagnosis code")
            if row not in seen:
                seen.add(row)
                article.groups.setdefault(which, set()).add(group)
                yield (*row, "Y" if asterisk.upper() == "Y" else "", "", "", "")
    for article in articles.values():
        groups = article.groups
        if "procedure" in groups:
            has = " ".join(which for which in ("covered", "noncovered") if which in groups)
            counts = " ".join(str(len(groups.get(which, ()))) for which in ("procedure", "covered", "noncovered"))
            states = " ".join(sorted(article.states))
            yield "article", article.id, article.id, has, counts, "", article.effective, article.end, states


def _read(
    table: Download | None, wanted: Mapping[str, str], optional: Mapping[str, str], place: Place
) -> Iterator[list[str]]:
    """The rows of one table of the export, which may be empty; none where it is not there."""
    if table is None:
        return
    # CMS's own texts have quotes that are not doubled; the zip's check sums tell a file that is cut off.
    yield from Sheet(table, wanted, optional, what=f"the table {table.name} of the export", strict=False).rows(
        place, may_be_empty=True
    )
