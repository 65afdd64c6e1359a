"""What was written, read again: by the parts of the reader, not of the writers, so that the one checks the other.

Each function reads one file from its start and says what it holds. What is not as X12 wants it raises Unsound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from scrubber.x12.segments import BLANKS, Source, Splitter, read_isa
from scrubber.x12.values import to_decimal

ZERO = Decimal(0)

NAMES = frozenset(("GS", "GE", "ST", "SE", "HL", "CLM", "IEA", "AK2", "IK5", "AK9", "QTY", "AMT"))
"""Segments that count or are counted."""


LEAST = 7
"""Elements that each of them is read with, its id among them."""


class Unsound(Exception):
    """A file of ours that is not what it should be. Its text says what, without data of the file."""


@dataclass(slots=True)
class Contents:
    """What a file of ours holds."""

    claims: int = 0
    charge: Decimal = ZERO
    accepted: int = 0
    rejected: int = 0
    charge_accepted: Decimal = ZERO
    charge_rejected: Decimal = ZERO
    sets: dict[str, int] = field(default_factory=dict)
    """Of a 999: IK501 to transaction sets."""


def read_claims(path: Path, *, levels: bool = True) -> Contents:
    """Claims and charges of an 837, whose envelopes and, if asked for, ``levels`` must be right."""
    found = Contents()
    hierarchy = _Levels()
    for elements in _segments(path):
        name = elements[0]
        if name == "CLM":
            found.claims += 1
            found.charge += to_decimal(elements[2]) or ZERO
        elif levels and name == "HL":
            hierarchy.add(elements)
        elif levels and name == "SE":
            hierarchy.close()
            hierarchy = _Levels()
    return found


def read_999(path: Path) -> Contents:
    """Transaction sets of a 999 by their status; what each AK9 counts must be what stands above it."""
    found = Contents()
    sets: list[str] = []
    opened = 0
    for elements in _segments(path):
        name = elements[0]
        if name == "AK2":
            opened += 1
        elif name == "IK5":
            sets.append(elements[1])
            found.sets[elements[1]] = found.sets.get(elements[1], 0) + 1
        elif name == "AK9":
            if len(sets) != opened or (sets and _number(elements, 4) != sum(s != "R" for s in sets)):
                raise Unsound("AK9 does not count the transaction sets that stand above it")
            sets, opened = [], 0
    return found


def read_277ca(path: Path) -> Contents:
    """Claims and charges of a 277CA, as its totals have them; where it lists the claims, these must be as many."""
    found = Contents()
    listed = providers = told = 0
    for elements in _segments(path):
        name, code = elements[:2]
        if name == "QTY":
            count = _number(elements, 2)
            if code == "QC":
                listed += count
                continue
            told += count
            if code == "90":
                found.accepted += count
            else:
                found.rejected += count
        elif name == "AMT" and code == "YU":
            found.charge_accepted += to_decimal(elements[2]) or ZERO
        elif name == "AMT" and not providers:
            found.charge_rejected += to_decimal(elements[2]) or ZERO
        elif name == "HL":
            providers += elements[3] == "19"
            listed += elements[3] == "PT"
        elif name == "SE":
            if providers and listed != told:
                raise Unsound("a 277CA lists another number of claims than its totals say")
            listed = providers = told = 0
    found.claims = found.accepted + found.rejected
    found.charge = found.charge_accepted + found.charge_rejected
    return found


class _Levels:
    """The HLs of a set, which must count from 1, name their parents, and say whether a lower level follows."""

    def __init__(self) -> None:
        self._above: list[tuple[str, str]] = []
        """Level and number of each open HL."""
        self._count = 0
        self._says = "0"

    def add(self, hl: list[str]) -> None:
        number, parent, level, child = hl[1:5]
        self._count += 1
        above = [(code, n) for code, n in self._above if code < level]
        if self._count > 1 and (len(above) == len(self._above)) != (self._says == "1"):
            raise Unsound(f"HL04 of level {self._count - 1} is wrong")
        if number != str(self._count) or parent != (above[-1][1] if above else ""):
            raise Unsound(f"level {self._count} is not numbered right")
        self._above = [*above, (level, number)]
        self._says = child

    def close(self) -> None:
        if self._count and self._says != "0":
            raise Unsound(f"HL04 of level {self._count} is wrong")


def _segments(path: Path) -> Iterator[list[str]]:
    """The counting segments of a file, whose envelopes must be whole and count right."""
    with open(path, "rb") as stream:
        source = Source(stream, path.name)
        while head := source.peek(600):
            blank = len(head) - len(head.lstrip(BLANKS.encode()))
            if blank:
                source.skip(blank)
                continue
            isa = read_isa(head[:600].decode("latin-1"))
            if isa is None:
                raise Unsound("an interchange does not begin with an ISA")
            source.skip(isa.length + 1)
            yield from _interchange(source, isa.elements[13], isa.delimiters.element, isa.delimiters.segment)


def _interchange(source: Source, number: str, separator: str, terminator: str) -> Iterator[list[str]]:
    splitter = Splitter(source, terminator)
    wanted = {(name + separator)[:3] for name in NAMES}
    groups = sets = segments = 0
    group = opened = ""
    ended = False
    while not ended and (pieces := splitter.next()) is not None:
        for index, piece in enumerate(pieces):
            text = piece if piece > "!" else piece.lstrip(BLANKS)
            if not text:
                continue
            segments += 1
            if text[:3] not in wanted:
                continue
            elements = text.split(separator)
            elements += [""] * (LEAST - len(elements))  # A damaged set may be kept as it is.
            name = elements[0]
            if name == "GS":
                groups, sets, group = groups + 1, 0, elements[6]
            elif name == "ST":
                sets, segments, opened = sets + 1, 1, elements[2]
            elif name == "SE":
                _hold("SE", elements, segments, opened)
            elif name == "GE":
                _hold("GE", elements, sets, group)
            elif name == "IEA":
                _hold("IEA", elements, groups, number)
                splitter.give_back([*pieces[index + 1 :]])
                ended = True
                break
            yield elements
    if not ended:
        raise Unsound("an interchange does not end with an IEA")


def _hold(name: str, elements: list[str], count: int, number: str) -> None:
    if _number(elements, 1) != count:
        raise Unsound(f"{name}01 is wrong")
    if elements[2] != number:
        raise Unsound(f"{name}02 is wrong")


def _number(elements: list[str], at: int) -> int:
    text = elements[at]
    return int(text) if text.isdecimal() and len(text) < 13 else -1
