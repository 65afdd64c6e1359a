"""Acknowledgements in words: plain text, 100 columns, for readers without a code book.

Every segment stands on a line of its own; what it says follows, indented; under that the findings it stands for, each
with why it is one and what to do.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from functools import lru_cache

from scrubber.finding import Finding, Location
from scrubber.reports.entries import Entries
from scrubber.reports.outbound import ELEMENT, join, say_date

WIDTH = 100
SAYS, FINDING, DETAIL = 4, 6, 8
"""Columns that each kind of line is indented by."""


def make_printable(text: str) -> str:
    """Text of the file made harmless to show: no control characters, no line breaks, no bidirectional tricks."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def wrap(text: str, indent: int) -> str:
    """A paragraph, line break included."""
    text = make_printable(text)
    if indent + len(text) <= WIDTH:
        return f"{' ' * indent}{text}\n"
    return _fill(text, indent)


@lru_cache(maxsize=2048)
def _fill(text: str, indent: int) -> str:
    margin = " " * indent
    return textwrap.fill(text, WIDTH, initial_indent=margin, subsequent_indent=margin) + "\n"


def show_segment(segment: str) -> str:
    """A segment as sent (``join``), broken between elements where it is wider than the page."""
    if len(segment) <= WIDTH + 1:
        return segment
    lines: list[str] = []
    line = ""
    for part in segment.rstrip("\n").split(ELEMENT):
        piece = part if not line and not lines else ELEMENT + part
        if line and len(line) + len(piece) > WIDTH:
            lines.append(line)
            line = "   "
        line += piece
        while len(line) > WIDTH:
            lines.append(line[:WIDTH])
            line = "   " + line[WIDTH:]
    return "\n".join([*lines, line]) + "\n"


def annotate(elements: Sequence[str], says: str, under: str = "") -> tuple[str, str]:
    """A segment as sent, and its rendering: what it says, then the paragraphs of ``under``."""
    segment = join(elements)
    return segment, f"{show_segment(segment)}{wrap(says, SAYS)}{under}"


def heading(title: str, source: str) -> str:
    """The first lines of a rendering."""
    lead = (
        f"{title} for {source}. Each segment is followed by what it says. "
        "Amounts are in dollars; dates are written year-month-day."
    )
    return f"{wrap(lead, 0)}\n"


def say_envelope(isa: Sequence[str]) -> str:
    """What an ISA of ours says."""
    kind = "test data" if isa[15] == "T" else "production data"
    return (
        f"Interchange {isa[13]}, from {isa[6].strip()} to {isa[8].strip()}, written 20{isa[9][:2]}-{isa[9][2:4]}-"
        f"{isa[9][4:]} at {isa[10][:2]}:{isa[10][2:]}, {kind}."
    )


def say_group(gs: Sequence[str], what: str) -> str:
    """What a GS of ours says."""
    return f"Group {gs[6]} ({what}), from {gs[2]} to {gs[3]}, written {say_date(gs[4])}."


def say_where(where: Location) -> str:
    """``claim A1, line 2, 2400 SV101-3, segment 31``; parts that do not apply are left out."""
    parts = []
    if where.claim:
        parts.append(f"claim {where.claim[:50]}")
    if where.line is not None:
        parts.append(f"line {where.line}")
    if place := " ".join(p for p in (where.loop, where.element or where.segment) if p):
        parts.append(place[:50])
    if where.ordinal:
        parts.append(f"segment {where.ordinal}")
    return ", ".join(parts)


def explain(entries: Entries, findings: Iterable[Finding]) -> str:
    """The paragraphs of findings: which edit, where, what is wrong, why, what to do."""
    return "".join(explain_said(entries, f.edit, say_where(f.where), entries.message(f)) for f in findings)


def explain_said(entries: Entries, edit: str, where: str, message: str) -> str:
    """As ``explain``, for one finding whose place and message are already words."""
    entry = entries.find(edit)
    title = f"{edit} {entry.name}" if entry else edit
    text = wrap(f"{title}{f' ({where})' if where else ''}", FINDING) + wrap(message, DETAIL)
    if entry:
        text += wrap(f"Why: {entry.why}", DETAIL) + wrap(f"What to do: {entry.fix}", DETAIL)
    return text
