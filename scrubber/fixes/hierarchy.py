"""HL segments counted anew, where nothing but their numbers is wrong.

The numbers of a hierarchy say who stands under whom. They are counted anew only where every HL02 names the parent that
its HL stands under anyway (the last HL of the level above): then nothing hangs elsewhere than before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from scrubber.x12.segments import BLANKS

if TYPE_CHECKING:
    from scrubber.fixes.rewrite import Piece

ABOVE = {"22": "20", "23": "22"}
"""The level under which each level stands (HL03)."""


class Renumbering(NamedTuple):
    """HL01 and HL02 of one HL, and the edit that asks for them."""

    own: str
    parent: str
    edit: str


class _Level(NamedTuple):
    written: str
    counted: str


def renumber(pieces: Iterable[Piece], sets: Mapping[int, str]) -> dict[int, Renumbering]:
    """New numbers of the HL segments (by byte) in these sets (byte of ST, and the edit that asks); none of a set whose
    HL02 leave open which parent is meant."""
    found: dict[int, Renumbering] = {}
    mine: dict[int, Renumbering] | None = None
    edit = ""
    last: dict[str, _Level] = {}
    used: set[tuple[str, str]] = set()
    for piece in pieces:
        body = piece.text.lstrip(BLANKS)
        if body[:2] not in ("ST", "HL", "SE"):
            continue
        elements = body.split(piece.delimiters.element)
        start = piece.offset + len(piece.text) - len(body)
        if elements[0] in ("ST", "SE"):
            found |= mine or {}
            edit = sets.get(start, "") if elements[0] == "ST" else ""
            mine = {} if edit else None
            last, used = {}, set()
        elif mine is not None and elements[0] == "HL":
            number = _number(elements, last, used, str(len(mine) + 1), edit)
            if number is None:
                mine = None
            else:
                mine[start] = number
    return found | (mine or {})


def _number(
    elements: list[str], last: dict[str, _Level], used: set[tuple[str, str]], counted: str, edit: str
) -> Renumbering | None:
    """The new numbers of one HL; None when they cannot be told."""
    if len(elements) < 4 or not elements[1]:
        return None
    written, given, level = elements[1].rstrip(" "), elements[2].rstrip(" "), elements[3]
    parent = ""
    if level in ABOVE:
        above = last.get(ABOVE[level])
        if above is None:
            return None
        plain = given == above.written
        meant = given == above.counted and (ABOVE[level], given) not in used
        if not plain and not meant:
            return None
        parent = above.counted
    elif level != "20" or given:
        return None
    last[level] = _Level(written, counted)
    used.add((level, written))
    for lower in ("22", "23") if level == "20" else ("23",) if level == "22" else ():
        last.pop(lower, None)
    return Renumbering(counted, parent, edit)
