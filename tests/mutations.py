"""Small, named injuries to clean files: the same ones every time.

A mutation's name says all that is needed to make it again: ``office drop 13 REF`` is ``fixtures/base/office.837``
without its 13th segment, a REF.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BASE = Path(__file__).parents[1] / "fixtures" / "base"


class Mutation(NamedTuple):
    name: str
    data: bytes


def split(data: bytes) -> list[list[str]]:
    """The segments of a base file, which has one a line, ``~`` and ``*``."""
    return [line.removesuffix("~").split("*") for line in data.decode("ascii").splitlines()]


def join(segments: list[list[str]]) -> bytes:
    return "".join("*".join(elements) + "~\n" for elements in segments).encode("latin-1")


def count(segments: list[list[str]]) -> None:
    """Make SE01 right, so that only the injury shows."""
    for i, elements in enumerate(segments):
        if elements[0] == "ST":
            start = i
        elif elements[0] == "SE":
            elements[1] = str(i - start + 1)


def mutations(base: str, per_operation: int, data: bytes | None = None) -> Iterator[Mutation]:
    """Mutations of a base file (or of another's ``data``, under this name) between its ST and SE, ``per_operation`` of
    each kind at most, spread over the file."""
    segments = split(data or (BASE / f"{base}.837").read_bytes())
    for operation in (*WHOLE, *ELEMENT, *COMPONENT):
        choice = random.Random(f"{base} {operation.__name__}")
        if operation in WHOLE:
            places = [(i, 0, 0) for i, s in enumerate(segments) if s[0] not in OUTSIDE]
        else:
            places = [
                (i, e, c)
                for i, s in enumerate(segments)
                if s[0] not in ("ISA", "GS", "GE", "IEA")
                for e in range(1, len(s))
                for c in (range(len(s[e].split(":"))) if operation in COMPONENT and ":" in s[e] else (0,))
                if operation in ELEMENT or ":" in s[e]
            ]
        seen: set[bytes] = set()
        for place in choice.sample(places, len(places)):
            copy = [list(s) for s in segments]
            called = operation(copy, place, choice)
            if operation in WHOLE:
                count(copy)
            data = join(copy)
            if called is None or data in seen or copy == segments:
                continue
            seen.add(data)
            i, e, c = place
            where = (
                f"{i + 1} {segments[i][0]}"
                + (f"{e:02d}" if e else "")
                + (f"-{c + 1}" if operation in COMPONENT else "")
            )
            name = operation.__name__.replace("_", "-")
            yield Mutation(f"{base} {name} {where}" + (f" {called}" if called else ""), data)
            if len(seen) == per_operation:
                break


OUTSIDE = ("ISA", "GS", "ST", "SE", "GE", "IEA")

Place = tuple[int, int, int]
Segments = list[list[str]]


# Each changes the copy and says how, or returns None where it does not apply -----------------------------------------


def drop(copy: Segments, place: Place, choice: random.Random) -> str | None:
    del copy[place[0]]
    return ""


def repeat(copy: Segments, place: Place, choice: random.Random) -> str | None:
    copy.insert(place[0], list(copy[place[0]]))
    return ""


def swap(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i = place[0]
    if copy[i + 1][0] in OUTSIDE:
        return None
    copy[i], copy[i + 1] = copy[i + 1], copy[i]
    return copy[i][0]


def move(copy: Segments, place: Place, choice: random.Random) -> str | None:
    inside = [i for i, s in enumerate(copy) if s[0] not in OUTSIDE]
    target = choice.choice(inside)
    copy.insert(target, copy.pop(place[0]))
    return f"to {target + 1}"


def drop_to_next(copy: Segments, place: Place, choice: random.Random) -> str | None:
    """A whole loop: from a segment that opens one to the next that does."""
    i = place[0]
    if copy[i][0] not in ("NM1", "HL", "LX", "CLM", "SBR", "SVD", "LIN"):
        return None
    end = next(
        n for n in range(i + 1, len(copy)) if copy[n][0] in ("NM1", "HL", "LX", "CLM", "SBR", "SVD", "LIN", "SE")
    )
    del copy[i:end]
    return f"+{end - i - 1}"


def repeat_to_next(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i = place[0]
    if copy[i][0] not in ("NM1", "SBR", "SVD", "LIN", "LX"):
        return None
    end = next(
        n for n in range(i + 1, len(copy)) if copy[n][0] in ("NM1", "HL", "LX", "CLM", "SBR", "SVD", "LIN", "SE")
    )
    copy[i:i] = [list(s) for s in copy[i:end]]
    return f"+{end - i - 1}"


def no_x12_id(copy: Segments, place: Place, choice: random.Random) -> str | None:
    copy[place[0]][0] = choice.choice(("XX9", "ZQ", "N", "NM11", "nm1"))
    return copy[place[0]][0]


def other_id(copy: Segments, place: Place, choice: random.Random) -> str | None:
    """The id of a segment that X12 has: of this guide or of another."""
    copy[place[0]][0] = choice.choice(("N1", "BPR", "SV2", "REF", "NTE", "K3", "HCP", "CL1", "PAT", "MEA"))
    return copy[place[0]][0]


def insert(copy: Segments, place: Place, choice: random.Random) -> str | None:
    copy.insert(place[0], choice.choice(STRANGERS).split("*"))
    return copy[place[0]][0]


STRANGERS = (
    "REF*G1*A1",
    "REF*ZZ*A1",
    "NTE*ADD*TEXT",
    "DTP*435*D8*20260901",
    "DTP*999*D8*20260901",
    "AMT*F5*10",
    "K3*TEXT",
    "N3*1 ELM STREET",
    "PAT",
    "PER*IC*NAME*TE*2175550000",
    "CRC*ZZ*Y*AV",
    "PWK*OZ*BM***AC*1",
    "HCP*00*1",
    "NM1*DN*1*A*B****XX*1993999998",
    "NM1*ZZ*1*A*B",
    "CAS*CO*45*1",
    "SVD*AB*1*HC:99213**1",
    "LQ*UT*1",
    "QTY*PT*2",
    "CN1*09",
    "OI***Y***Y",
    "MOA***MA01",
    "XYZ*1",
    "SBR*S*18*******CI",
    "HL*9*1*22*0",
    "HL*9**99*1",
    "DMG*D8*19800101*F",
    "HI*BP:00840",
    "HI*BG:17",
    "HI*XX:17",
)


def empty(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    if not copy[i][e]:
        return None
    copy[i][e] = ""
    return ""


def cut(copy: Segments, place: Place, choice: random.Random) -> str | None:
    """The segment ends before this element."""
    i, e, _ = place
    del copy[i][e:]
    return "" if len(copy[i]) > 1 else None


def too_long(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    value = copy[i][e]
    if not value or ":" in value:
        return None
    copy[i][e] = value + ("7" * 90 if value.replace(".", "").isdigit() else "X" * 90)
    return ""


def too_short(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    if len(copy[i][e]) < 2 or ":" in copy[i][e]:
        return None
    copy[i][e] = copy[i][e][0]
    return ""


def wrong_code(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    if not copy[i][e] or ":" in copy[i][e]:
        return None
    copy[i][e] = choice.choice(("Q7", "ZZ", "Q", "99", "QQQ"))
    return copy[i][e]


def letter(copy: Segments, place: Place, choice: random.Random) -> str | None:
    """A character that the element's type may not hold."""
    i, e, _ = place
    if not copy[i][e] or ":" in copy[i][e]:
        return None
    sort = choice.choice(("A", "\t", "\x07", "\xe9", " ", "-", "."))
    at = choice.randrange(len(copy[i][e]) + 1)
    copy[i][e] = copy[i][e][:at] + sort + copy[i][e][at:]
    return repr(sort)


def padded(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    if not copy[i][e] or ":" in copy[i][e]:
        return None
    copy[i][e] += " "
    return ""


def no_date(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    if not (copy[i][e].isdigit() and len(copy[i][e]) in (4, 8) and copy[i][0] in ("DTP", "DMG", "BHT", "PAT")):
        return None
    copy[i][e] = choice.choice(("20260231", "20261301", "00000000", "20250229")) if len(copy[i][e]) == 8 else "2460"
    return copy[i][e]


def one_more(copy: Segments, place: Place, choice: random.Random) -> str | None:
    """Elements after the last that the standard has."""
    i, e, _ = place
    if e + 1 < len(copy[i]):
        return None
    copy[i] += [""] * (25 - len(copy[i])) + ["X"]
    return ""


def trailing(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    if e + 1 < len(copy[i]):
        return None
    copy[i].append("")
    return ""


def fill(copy: Segments, place: Place, choice: random.Random) -> str | None:
    """An element that was empty."""
    i, e, _ = place
    if copy[i][e]:
        return None
    copy[i][e] = choice.choice(("X", "1", "Y", "A1"))
    return copy[i][e]


def split_up(copy: Segments, place: Place, choice: random.Random) -> str | None:
    """A component more, in an element that may have none."""
    i, e, _ = place
    if not copy[i][e]:
        return None
    copy[i][e] += ":X"
    return ""


def repeated(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    if not copy[i][e] or ":" in copy[i][e]:
        return None
    copy[i][e] += "^" + copy[i][e]
    return ""


def empty_part(copy: Segments, place: Place, choice: random.Random) -> str | None:
    return _part(copy, place, lambda value: "")


def long_part(copy: Segments, place: Place, choice: random.Random) -> str | None:
    return _part(copy, place, lambda value: value + "9" * 50)


def wrong_part(copy: Segments, place: Place, choice: random.Random) -> str | None:
    return _part(copy, place, lambda value: "QX")


def more_parts(copy: Segments, place: Place, choice: random.Random) -> str | None:
    return _part(copy, place, lambda value: value + ":" * 9 + "1")


def separator(copy: Segments, place: Place, choice: random.Random) -> str | None:
    i, e, _ = place
    copy[i][e] = copy[i][e].replace(":", ">")
    return ""


def _part(copy: Segments, place: Place, change: object) -> str | None:
    i, e, c = place
    parts = copy[i][e].split(":")
    parts[c] = change(parts[c])  # type: ignore[operator]
    copy[i][e] = ":".join(parts)
    return ""


WHOLE = (drop, repeat, swap, move, drop_to_next, repeat_to_next, no_x12_id, other_id, insert)
ELEMENT = (
    empty, cut, padded, too_long, too_short, wrong_code, letter, no_date, one_more, trailing, fill, split_up, repeated,
)  # fmt: skip
COMPONENT = (empty_part, long_part, wrong_part, more_parts, separator)
