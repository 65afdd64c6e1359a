"""ICD-10-CM with the user's own releases beside what is shipped.

A release (CDC's order file, its tabular list, or both) speaks for its own days: which codes are billable is the order
file's to say on them, and the notes are those of its tabular list. On all other days the shipped tables answer. Titles,
seventh characters and the places of categories come from the newest release that knows a code.

What the order file does not tell, the Medicare Code Editor's attributes, is taken from the shipped window nearest to
the release.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from scrubber.tables.dated import Edition, Editions
from scrubber.tables.icd10cm import Icd10cm
from scrubber.tables.icd10cm_files import Seventh, Validity, Window, read_sevenths, rows

CODES, TITLES, NOTES, OUTLINE, SEVENTH = "codes", "titles", "notes", "outline", "seventh"
"""Sorts of rows of the kind icd10cm; ``publishers.icd10cm`` says what each holds."""

_DAY = timedelta(days=1)


class Release:
    """One release as it lies in the user's store."""

    def __init__(self, editions: Editions, edition: Edition) -> None:
        self._editions = editions
        self.edition = edition
        self.first = edition.from_
        self.last = edition.to or date.max

    def text(self, sort: str, node: str = "") -> str:
        """The text under a node, ``""`` when there is none."""
        found = self._editions.find(self.first, sort, node)
        return found[0][2] if found else ""

    def texts(self, sort: str) -> Iterator[str]:
        """Every text of a sort."""
        return (text for _, _, text in self._editions.find(self.first, sort))

    def has(self, sort: str) -> bool:
        """Whether the release has anything of a sort."""
        return bool(self._editions.find(self.first, sort))


class OwnValidity:
    """Billable windows by code: the shipped ones, and on the days of a release that has an order file its own."""

    def __init__(self, shipped: Validity, releases: Sequence[Release]) -> None:
        self._shipped = shipped
        self._releases = releases
        self.first = min([shipped.first, *(release.first for release in releases)])
        self.last = max([shipped.last, *(release.last for release in releases)])
        self.codes = lru_cache(512)(self._combine)

    @property
    def size(self) -> int:
        """How many codes were ever billable, by what is shipped."""
        return self._shipped.size

    def covers(self, on: date) -> bool:
        """Whether it is known which codes are billable on a day."""
        return self._shipped.covers(on) or any(release.first <= on <= release.last for release in self._releases)

    def turns(self) -> Iterator[date]:
        """The days on which something may change."""
        yield from self._shipped.turns()
        for release in self._releases:
            yield from (release.first, release.last + _DAY)

    def categories(self) -> tuple[str, ...]:
        """Every three-character category that ever had a billable code, sorted."""
        own = (text[:3] for release in self._releases for text in release.texts(CODES))
        return tuple(sorted({*self._shipped.categories(), *own}))

    def _combine(self, category: str) -> Mapping[str, tuple[Window, ...]]:
        shipped = self._shipped.codes(category)
        found = {code: list(self._closed(windows)) for code, windows in shipped.items()}
        for release in self._releases:
            billable = release.text(CODES, category).split()
            for code in found:
                found[code] = list(_cut(found[code], release.first, release.last))
            for code in billable:
                attributes = _nearest(shipped.get(code, ()), release.first)
                found.setdefault(code, []).append(Window(release.first, release.last, attributes))
        return {code: self._join(found[code]) for code in sorted(found) if found[code]}

    def _closed(self, windows: Sequence[Window]) -> Iterator[Window]:
        """An open window of what is shipped speaks no further than what is shipped does."""
        for window in windows:
            yield window._replace(to=self._shipped.last) if window.to is None else window

    def _join(self, windows: list[Window]) -> tuple[Window, ...]:
        """Windows in order, those that follow on one another as one, and the last one open if no end is known."""
        joined: list[Window] = []
        for window in sorted(windows, key=lambda w: w.start):
            before = joined[-1] if joined else None
            if before and before.to and before.attributes == window.attributes and before.to + _DAY == window.start:
                joined[-1] = before._replace(to=window.to)
            else:
                joined.append(window)
        if joined[-1].to == self.last:
            joined[-1] = joined[-1]._replace(to=None)
        return tuple(joined)


class OwnIcd10cm(Icd10cm):
    """The shipped tables with the user's releases beside them."""

    def __init__(self, directory: Path, editions: Editions) -> None:
        super().__init__(directory)
        self._own = sorted((Release(editions, e) for e in editions.all()), key=lambda release: release.first)
        self._newest_first = self._own[::-1]
        self._titles_in = lru_cache(512)(self._read_titles)

    def all(self) -> Sequence[Edition]:
        """The user's releases; what is shipped is listed apart."""
        return [release.edition for release in self._own]

    def _valid(self) -> Validity | OwnValidity:
        if self._validity is None:
            shipped = super()._valid()
            assert isinstance(shipped, Validity)
            self._validity = OwnValidity(shipped, [release for release in self._own if release.has(CODES)])
        return self._validity

    def _read_sevenths(self) -> dict[str, Seventh]:
        rules = super()._read_sevenths()
        for release in self._own:
            rules.update(read_sevenths(release.text(SEVENTH)))
        return rules

    def _read_outline(self) -> str:
        text = super()._read_outline()
        for release in self._own:
            if own := release.text(OUTLINE):
                text = merge_outlines(text, own)
        return text

    def _read_notes(self, edition: str) -> str:
        release = self._release_of(edition)
        return "\n".join(release.texts(NOTES)) if release else super()._read_notes(edition)

    def _release_of(self, edition: str) -> Release | None:
        """The release that has the tabular list of this name."""
        mark = f"edition\t{edition}\t"
        return next((release for release in self._newest_first if mark in release.text(OUTLINE)), None)

    def own_codes(self, on: date) -> Edition | None:
        for release in self._newest_first:
            if release.first <= on <= release.last and release.has(CODES):
                return release.edition
        return None

    def own_notes(self, on: date) -> Edition | None:
        notes = self.edition(on)
        release = self._release_of(notes.name)
        return release.edition._replace(from_=notes.start, to=notes.to) if release else None

    def _own_title(self, code: str) -> str | None:
        return self._titles_in(code[:3]).get(code) or super()._own_title(code)

    def _read_titles(self, category: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for release in self._own:
            for line in release.text(TITLES, category).splitlines():
                code, _, title = line.partition("\t")
                found[code] = title
        return found


def merge_outlines(older: str, newer: str) -> str:
    """Two outlines as one, in the form of ``outline.txt``: all editions (of one year the newer), the newer's chapters,
    all blocks, and the older's categories with new ones where the newer prints them."""
    editions: dict[str, list[str]] = {}
    blocks: dict[tuple[str, str], list[str]] = {}
    chapters: list[list[str]] = []
    order: list[str] = []
    for text in (older, newer):
        own_chapters = []
        previous = ""
        for row in rows(text):
            if row[0] == "edition":
                editions[row[1]] = row
            elif row[0] == "block":
                blocks[row[1], row[2]] = row
            elif row[0] == "chapter":
                own_chapters.append(row)
            else:
                order, previous = _weave(order, row[1].split(" "), previous)
        chapters = own_chapters or chapters
    lines = [*sorted(editions.values(), key=lambda row: row[3]), *chapters, *blocks.values()]
    return "\n".join("\t".join(row) for row in [*lines, ["order", " ".join(order)]]) + "\n"


def _weave(order: list[str], printed: Sequence[str], previous: str) -> tuple[list[str], str]:
    """Put categories into an order, a new one behind the one printed before it; and the last one of them."""
    known = set(order)
    for category in printed:
        if category not in known:
            order.insert(order.index(previous) + 1 if previous else len(order), category)
            known.add(category)
        previous = category
    return order, previous


def _cut(windows: Sequence[Window], first: date, last: date) -> Iterator[Window]:
    """What of windows lies outside a stretch of days."""
    for window in windows:
        end = window.to or date.max
        if window.start < first:
            yield window._replace(to=min(end, first - _DAY))
        if end > last:
            yield window._replace(start=max(window.start, last + _DAY))


def _nearest(windows: Sequence[Window], day: date) -> frozenset[str]:
    """The attributes of the window that covers a day, else of the last one before it, else of the first."""
    begun = [window for window in windows if window.start <= day]
    window = begun[-1] if begun else windows[0] if windows else None
    return window.attributes if window else frozenset()
