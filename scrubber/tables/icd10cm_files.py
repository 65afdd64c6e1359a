"""Reading the shipped ICD-10-CM files: where they are, and the parts every look-up needs.

The files are written by :mod:`scrubber.tables.build_icd10cm`, which describes them. All codes are without the dot.
"""

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


def shipped_directory() -> Path:
    """The folder of the shipped tables: beside this package when installed, in the checkout otherwise.

    Raises FileNotFoundError when neither exists, which means a broken installation.
    """
    package = Path(__file__).resolve().parent.parent
    for edits in (package / "edits", package.parent / "edits"):
        tables = edits / "icd10cm" / "tables"
        if tables.is_dir():
            return tables
    raise FileNotFoundError(
        "The ICD-10-CM tables (scrubber/edits/icd10cm/tables) are missing from this installation: install it again."
    )


def read_text(directory: Path, name: str) -> str:
    """A table's text. ``name`` ends in .gz when compressed; no module but zlib is loaded for it."""
    data = (directory / name).read_bytes()
    return (zlib.decompress(data, 31) if name.endswith(".gz") else data).decode("utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """The tab-separated rows of a table, comments left out."""
    for line in text.splitlines():
        if line and line[0] != "#":
            yield line.split("\t")


def dotted(code: str) -> str:
    """A code as people write it: M542 gives M54.2. Blocks (``M50-M54``) and chapters come back unchanged."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and code.isalnum() else code


class Window(NamedTuple):
    """A stretch of days on which a code is billable with the same Medicare Code Editor attributes."""

    start: date
    to: date | None
    """Last day, or None while no end is known."""
    attributes: frozenset[str]
    """MCE's own words: manifestation, ecodepdx, unspecified, unacceptable, newborn, pediatric, maternity, adult …"""

    def covers(self, on: date) -> bool:
        """Whether the day lies in the window."""
        return self.start <= on and (self.to is None or on <= self.to)


class Validity:
    """Billable windows by code. Source: CMS Medicare Code Editor v44, FY2016 to FY2027."""

    __slots__ = ("_codes", "_lines", "_windows", "first", "last")

    def __init__(self, text: str) -> None:
        self._windows: list[Window] = []
        self._lines: dict[str, str] = {}
        self.first = self.last = date.min
        # Splitting a category's line waits until it is asked for: few of the 1,900 ever are.
        for line in text.splitlines():
            key, _, rest = line.partition("\t")
            if len(key) == 3:
                self._lines[key] = rest
            elif key == "window":
                _, start, to, attributes = rest.split("\t")
                self._windows.append(
                    Window(
                        date.fromisoformat(start),
                        date.fromisoformat(to) if to else None,
                        frozenset(attributes.split("|")) if attributes else frozenset(),
                    )
                )
            elif key == "range":
                first, last = rest.split("\t")
                self.first, self.last = date.fromisoformat(first), date.fromisoformat(last)
        # 512 categories hold what a practice bills; the largest (S82) has 3,096 codes.
        self._codes = lru_cache(512)(self._split)

    @property
    def size(self) -> int:
        """How many codes were ever billable."""
        return sum(line.count(" ") + 1 for line in self._lines.values() if line)

    def covers(self, on: date) -> bool:
        """Whether it is known which codes are billable on a day."""
        return self.first <= on <= self.last

    def turns(self) -> Iterator[date]:
        """The days on which something may change: windows begin, or have ended the day before."""
        yield from (self.first, self.last + timedelta(days=1))
        for window in self._windows:
            yield window.start
            if window.to is not None:
                yield window.to + timedelta(days=1)

    def codes(self, category: str) -> Mapping[str, tuple[Window, ...]]:
        """Every code of a three-character category, sorted, with its windows; empty for an unknown category."""
        return self._codes(category)

    def categories(self) -> tuple[str, ...]:
        """Every three-character category that ever had a billable code, sorted."""
        return tuple(self._lines)

    def _split(self, category: str) -> dict[str, tuple[Window, ...]]:
        found: dict[str, tuple[Window, ...]] = {}
        windows = self._windows
        usual = (windows[0],)
        shared: dict[str, tuple[Window, ...]] = {}
        line = self._lines.get(category)
        for item in line.split(" ") if line else ():
            suffix, sep, numbers = item.partition("=")
            if not sep:
                found[category + suffix] = usual
                continue
            spans = shared.get(numbers)
            if spans is None:
                spans = shared[numbers] = tuple(windows[int(number)] for number in numbers.split(","))
            found[category + suffix] = spans
        return found


class Titles:
    """Titles by node, searched in the text: 47,000 entries of a dictionary would cost 30 ms and 12 MB."""

    __slots__ = ("_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = {found[1]: found.start() + 1 for found in re.finditer(r"\n(\w{3})\t", text)}

    def find(self, code: str) -> str | None:
        """The title printed at a node, or None."""
        start = self._starts.get(code[:3])
        if start is None:
            return None
        # Codes are sorted and a category's line stands first, so its codes follow up to the next category's line.
        head = f"{code}\t"
        if not self._text.startswith(head, start):
            start = self._text.find(f"\n{head}", start) + 1
            if not start:
                return None
        return self._text[start + len(head) : self._text.find("\n", start)]


class Sites:
    """Which sides and sites the words of a title name, from ``sites.txt``."""

    __slots__ = ("_places", "_words")

    def __init__(self, text: str) -> None:
        self._places: dict[str, frozenset[str]] = {}
        for word, places in rows(text):
            aspect, _, names = places.partition(": ")
            self._places[word] = frozenset(f"{aspect} {name}" for name in names.split(" "))
        # Longest first, so that "lower limb" is not read as "limb".
        words = sorted(self._places, key=lambda word: (-len(word), word))
        self._words = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, words)) + r")(?![\w-])")

    def apart(self, one: str, other: str) -> bool:
        """Whether both titles name sides, or both sites, and share none."""
        here, there = self._read(one), self._read(other)
        for aspect in ("side", "site"):
            mine = {place for place in here if place.startswith(aspect)}
            theirs = {place for place in there if place.startswith(aspect)}
            if mine and theirs and not mine & theirs:
                return True
        return False

    def _read(self, title: str) -> set[str]:
        return set().union(*(self._places[word] for word in self._words.findall(title.lower())))


class Chapter(NamedTuple):
    """A chapter of the tabular list."""

    number: str
    first: str
    title: str


class Block(NamedTuple):
    """A block of the tabular list; ``id`` as printed (``M50-M54``, ``C7A``), ends as places in the category order."""

    id: str
    low: int
    high: int
    title: str


class Edition(NamedTuple):
    """A tabular list the notes were read from: ``FY2026``, release ``April 2026``, the days it was made for, and how
    many notes it has."""

    name: str
    release: str
    start: date
    to: date
    notes: int


class Outline:
    """Editions, chapters, blocks, and the categories in the order CDC prints them."""

    __slots__ = ("_chapter_places", "_chapters", "_parts", "_wide", "blocks", "editions", "place")

    def __init__(self, text: str) -> None:
        editions: list[Edition] = []
        chapters: list[list[str]] = []
        blocks: list[list[str]] = []
        order: list[str] = []
        for row in rows(text):
            if row[0] == "order":
                order.extend(row[1].split(" "))
            elif row[0] == "block":
                blocks.append(row)
            elif row[0] == "chapter":
                chapters.append(row)
            else:
                days = date.fromisoformat(row[3]), date.fromisoformat(row[4])
                editions.append(Edition(row[1], row[2], *days, int(row[5])))
        self.editions = tuple(editions)
        self.place: Mapping[str, int] = {category: at for at, category in enumerate(order)}
        self._chapters = [Chapter(number, first, title) for _, number, first, title in chapters]
        self._chapter_places = [self.place[chapter.first] for chapter in self._chapters]
        names = sorted(order)
        self.blocks = tuple(
            Block(low if low == high else f"{low}-{high}", *self._span(names, low, high), title)
            for _, low, high, title in blocks
        )
        self._parts: dict[str, tuple[str, ...]] = {}

    def _span(self, names: Sequence[str], low: str, high: str) -> tuple[int, int]:
        """The places of a block's first and last category. Its ends need not exist (X58, U00), and its last category by
        name need not be the last in print (J40-J4A ends with J47)."""
        inside = [self.place[name] for name in names[bisect_left(names, low) : bisect_right(names, high)]]
        if not inside:
            return len(self.place), -1
        return self.place.get(low, min(inside)), max(inside)

    def chapter(self, category: str) -> Chapter | None:
        """The chapter of a category, or None for one no edition knows."""
        at = self.place.get(category)
        return None if at is None else self._chapters[bisect_right(self._chapter_places, at) - 1]

    def parts(self, category: str) -> tuple[str, ...]:
        """What a category lies in, widest first: ``("chapter 13", "M40-M54", "M50-M54")``; empty when unknown."""
        found = self._parts.get(category)
        if found is None:
            chapter = self.chapter(category)
            at = self.place.get(category, -1)
            inside = sorted(
                (block for block in self.blocks if block.low <= at <= block.high), key=lambda b: b.low - b.high
            )
            found = (f"chapter {chapter.number}", *(block.id for block in inside)) if chapter else ()
            self._parts[category] = found
        return found


class Seventh(NamedTuple):
    """The seventh-character rule printed at a node: which characters its codes take and what they mean."""

    node: str
    characters: Mapping[str, str]


def read_sevenths(text: str) -> dict[str, Seventh]:
    """Seventh-character rules by node."""
    rules: dict[str, Mapping[str, str]] = {}
    found: dict[str, Seventh] = {}
    for row in rows(text):
        if row[0] == "rule":
            rules[row[1]] = MappingProxyType(dict(item.split("=", 1) for item in row[2:]))
        else:
            found.update((node, Seventh(node, rules[row[1]])) for node in row[2].split(" "))
    return found
