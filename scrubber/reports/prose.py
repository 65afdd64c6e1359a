"""Text for people: paragraphs that fit the page, colour where there is any, segments with the faulty place marked.

Whatever comes from the file is made harmless first: a claim must not be able to drive the reader's terminal.
"""

from __future__ import annotations

import textwrap
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

WIDEST = 100
NARROWEST = 60

_COLORS = {
    "reject": "\x1b[1;31m",
    "warning": "\x1b[33m",
    "info": "\x1b[36m",
    "good": "\x1b[32m",
    "strong": "\x1b[1m",
    "faint": "\x1b[2m",
}
_PLAIN = "\x1b[0m"


class Mark(NamedTuple):
    """Part of a segment's text to point at: first character, length, and what to draw below it."""

    start: int
    length: int
    sign: str = "^"


class Page:
    """How wide the text is, and whether it has colour."""

    def __init__(self, width: int = WIDEST, color: bool = False) -> None:
        self.width = max(NARROWEST, min(width, WIDEST))
        self.color = color

    def paint(self, text: str, style: str) -> str:
        """The text in a style, where there is colour."""
        return f"{_COLORS[style]}{text}{_PLAIN}" if self.color and text else text

    def paragraph(self, text: str, indent: int = 0, label: str = "", hang: int = 0) -> str:
        """Wrapped text; a label stands before its first line, the other lines are indented by ``hang`` more. Ends with
        a line break."""
        return _fill(harmless(" ".join(text.split())), self.width, indent, f"{label:<{hang}}", hang)

    def segment(self, text: str, marks: list[Mark], indent: int, style: str) -> str:
        """A segment's text on one line and its marks below, cut where it is wider than the page."""
        room = self.width - indent
        shown, line = _draw(text, marks, room)
        margin = " " * indent
        return f"{margin}{shown}\n{margin}{self.paint(line, style)}\n" if line else f"{margin}{shown}\n"


@lru_cache(maxsize=2048)
def _fill(text: str, width: int, indent: int, label: str, hang: int) -> str:
    first = " " * indent + label
    if len(first) + len(text) <= width:
        return f"{first}{text}\n"
    rest = " " * (indent + hang)
    lines = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=True, break_on_hyphens=False
    )
    return "\n".join(lines) + "\n"


def _draw(text: str, marks: list[Mark], room: int) -> tuple[str, str]:
    pieces = [harmless(c) for c in text]
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    last = len(text)
    line = [" "] * (starts[-1] + 1)
    first_column = len(line)
    for mark in reversed(marks):  # The first is the most important: it is drawn last, over the others.
        start = min(max(mark.start, 0), last)
        begin, end = starts[start], starts[min(start + mark.length, last)]
        line[begin : max(end, begin + 1)] = mark.sign * (max(end, begin + 1) - begin)
        first_column = begin
    shown = "".join(pieces)
    below = "".join(line).rstrip()
    if len(shown) <= room:
        return shown, below
    # Wider than the page: show what lies around the first mark.
    left = max(0, min(first_column - room // 3, len(shown) - room)) if marks else 0
    right = left + room
    before, after = "..." if left else "", "..." if right < len(shown) else ""
    window = before + shown[left + len(before) : right - len(after)] + after
    return window, below[left:right].rstrip()


def harmless(text: str) -> str:
    """Text with every control character written out (``\\x1b``): no colours, no cursor moves, no line breaks, and
    nothing that turns the direction of reading."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text)


def money(amount: Decimal | None) -> str:
    """``$1,245.00``; more decimals where there are more."""
    if amount is None:
        return "not readable"
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{places}f}"
