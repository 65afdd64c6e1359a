"""Tables of a claim's diagnoses and service lines, with what conflicts joined by a bracket.

The bracket is drawn by the borders of a narrow column, so that it fits rows of any height, on paper too. What it joins
is said below the table in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Finding, Location, Severity
from scrubber.reports.claimstatus import find_line
from scrubber.reports.html.markup import NOTHING, Markup, tag, text, together
from scrubber.reports.html.words import dotted, say_days
from scrubber.reports.json_report import exact
from scrubber.reports.prose import money
from scrubber.reports.standing import is_beside
from scrubber.spelling import count

BRACKETS = 4
"""Pairs that one table joins; a pair more is only said."""

LINES = 100
"""Service lines that are shown; the guide allows 50."""

Title = Callable[[str], str | None]
"""What a diagnosis code is called."""


class Join(NamedTuple):
    """Two rows of a table that an edit sets against each other."""

    edit: str
    severity: Severity
    one: int
    other: int


class Rows(NamedTuple):
    """Which rows of a table findings point at."""

    edits: dict[int, list[tuple[str, Severity]]]
    joins: list[Join]


class Marks(NamedTuple):
    """What findings point at: diagnoses and service lines, by index."""

    diagnoses: Rows
    lines: Rows


def find_marks(claim: Claim, findings: Iterable[Finding]) -> Marks:
    """Where findings lie, as rows of the two tables."""
    marks = Marks(Rows({}, []), Rows({}, []))
    for finding in findings:
        for rows, find in ((marks.diagnoses, _find_diagnosis), (marks.lines, find_line)):
            own = find(claim, finding.where)
            if own is None:
                continue
            told = rows.edits.setdefault(own, [])
            if (finding.edit, finding.severity) not in told:
                told.append((finding.edit, finding.severity))
            here = [find(claim, where) for where in finding.related if is_beside(finding, where)]
            for other in dict.fromkeys(here):
                if other is not None and other != own:
                    rows.joins.append(Join(finding.edit, finding.severity, own, other))
    return marks


def _find_diagnosis(claim: Claim, where: Location) -> int | None:
    if where.segment != "HI" or not where.element:
        return None
    number = where.element[2:4]
    for index, diagnosis in enumerate(claim.diagnoses):
        if diagnosis.segment.ordinal == where.ordinal and number.isdecimal() and int(number) == diagnosis.position:
            return index
    return None


def tell_diagnoses(claim: Claim, rows: Rows, title: Title) -> Markup:
    """The diagnoses, each with the lines that point to it."""
    if not claim.diagnoses:
        return NOTHING
    users: dict[int, list[str]] = {}
    for line in claim.lines:
        for diagnosis in line.diagnoses:
            users.setdefault(diagnosis.position, []).append(str(line.number))
    cells = []
    for diagnosis in claim.diagnoses:
        named = title(diagnosis.code)
        used = users.get(diagnosis.position, [])
        cells.append(
            (
                tag("th", str(diagnosis.position), scope="row", class_="n"),
                tag("td", dotted(diagnosis.code), class_="code"),
                tag("td", named or ""),
                tag("td", ", ".join(dict.fromkeys(used)) or "none"),
            )
        )
    heads = (("No.", "n"), ("Code", ""), ("Called", ""), ("Lines that point to it", ""))
    said = [f"diagnosis {d.position} ({dotted(d.code)})" for d in claim.diagnoses]
    return _table("Diagnoses", heads, cells, rows, said)


def tell_lines(claim: Claim, rows: Rows, redacted: bool) -> Markup:
    """The service lines, each with the diagnoses that its pointers reach. A redacted line has no day to tell."""
    if not claim.lines:
        return NOTHING
    cells = []
    for line in claim.lines[:LINES]:
        cells.append(
            (
                tag("th", str(line.number), scope="row", class_="n"),
                tag("td", "" if redacted else say_days(line.first, line.last), class_="nowrap"),
                tag("td", line.place_of_service, class_="n"),
                tag("td", " ".join((line.procedure or "none", *line.modifiers)), class_="code"),
                tag("td", _pointed(line), class_="code"),
                tag("td", exact(line.units) or "", class_="n"),
                tag("td", "" if line.charge is None else money(line.charge), class_="n"),
            )
        )
    heads = (
        ("Line", "n"), ("Service", ""), ("Place", "n"), ("Procedure", ""), ("Diagnoses pointed to", ""), ("Units", "n"),
        ("Charge", "n"),
    )  # fmt: skip
    said = [f"line {line.number} ({line.procedure})" for line in claim.lines]
    more = len(claim.lines) - LINES
    after = tag("p", f"and {count(more, 'more line')}", class_="note") if more > 0 else NOTHING
    return together((_table("Service lines", heads, cells, rows, said), after))


def _pointed(line: ServiceLine) -> Markup:
    """``1 M54.2, 2 M50.322``; a pointer that reaches nothing says so."""
    reached = {d.position: dotted(d.code) for d in line.diagnoses}
    written = line.written_pointers if not line.pointers else tuple(map(str, line.pointers))
    parts = []
    for pointer in written:
        code = reached.get(int(pointer)) if pointer.isdecimal() and len(pointer) < 4 else None
        parts.append(together((text(pointer or "empty"), Markup("&nbsp;"), code or tag("em", "none there"))))
    return together(parts, ", ") if parts else tag("em", "none")


def _edits_cell(rows: Rows, index: int) -> Markup:
    told = [tag("span", edit, class_=f"mark {severity}") for edit, severity in rows.edits.get(index, ())]
    return tag("td", together(told, " "), class_="nowrap")


def _table(
    caption: str, heads: Sequence[tuple[str, str]], cells: Sequence[Sequence[Markup]], rows: Rows, said: Sequence[str]
) -> Markup:
    joins = [join for join in rows.joins if max(join.one, join.other) < len(cells)]
    drawn = joins[:BRACKETS]
    head = [tag("th", name, scope="col", class_=kind or None) for name, kind in heads]
    if rows.edits:
        head.append(tag("th", "Findings", scope="col"))
    body = []
    for index, row in enumerate(cells):
        partner = any(index in (join.one, join.other) for join in drawn)
        if rows.edits:
            row = (*row, _edits_cell(rows, index))
        kind = "hit" if partner or index in rows.edits else None
        body.append(tag("tr", *(_bracket(join, index) for join in drawn), *row, class_=kind))
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("td", class_="join") for _ in drawn), *head)),
        tag("tbody", *body),
    )
    words = [
        tag("li", f"{join.edit} sets {said[join.one]} against {said[join.other]}.", class_=join.severity.value)
        for join in joins
    ]
    below = tag("ul", *words, class_="joined") if words else NOTHING
    return tag("div", table, below, class_="wide", tabindex="0", role="group", aria_label=caption)


def _bracket(join: Join, index: int) -> Markup:
    low, high = sorted((join.one, join.other))
    part = "from" if index == low else "to" if index == high else "through" if low < index < high else ""
    return tag("td", class_=f"join {part} {join.severity}" if part else "join")
