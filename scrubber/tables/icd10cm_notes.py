"""Excludes1, Excludes2 and code-first notes of the ICD-10-CM tabular list, and which pairs of codes they touch.

Source: ICD-10-CM tabular list, CDC/NCHS. How a note applies: ICD-10-CM Official Guidelines I.A.12 and I.A.13.
A note counts for everything under the node that carries it: chapter, block, category, subcategory or code.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Literal, NamedTuple

from scrubber.tables.icd10cm_files import Outline

Wording = Literal["plain", "due-to", "nos", "text"]
Strength = Literal["reject", "warning"]
Kind = Literal["1", "2", "F"]
_WORDINGS: dict[str, Wording] = {"p": "plain", "d": "due-to", "n": "nos", "e": "nos", "t": "text"}


class Level(StrEnum):
    """Where in the tabular list a note stands."""

    CHAPTER = "chapter"
    BLOCK = "block"
    CATEGORY = "category"
    SUBCATEGORY = "subcategory"
    CODE = "code"


class Doubt(StrEnum):
    """Why an Excludes1 note may not hold for a pair, in the order the reasons are looked for."""

    NOS = "nos"
    """The note names only the unspecified part of a wider code: "radiculitis NOS (M54.1-)"."""
    WIDE = "wide"
    """The note stands at a block or chapter, far from the code."""
    SEQUELA = "sequela"
    """One code is an injury's sequela, reported after the condition it left behind (Guidelines I.C.19.a)."""
    APART = "apart"
    """The titles name different sides or sites, as M54.12 (cervical) and M51.16 (lumbar): likely unrelated
    (Guidelines I.A.12.a)."""


class Note(NamedTuple):
    """One line of a note as printed, with the codes it names resolved.

    ``node`` is a code without dot (``M541``), a block (``M50-M54``) or a chapter (``chapter 13``).
    """

    node: str
    kind: Kind
    level: Level
    text: str
    under: str
    """The last line above that ends in a colon ("hematuria included with …, such as:"); it may govern this one."""
    wording: Wording
    exact: bool
    """NOS wording whose target is the very code for "unspecified", as M79.2 in "neuralgia and neuritis NOS (M79.2)"."""
    references: tuple["NoteReference", ...]

    @property
    def open_ended(self) -> bool:
        """The note says more in words than its codes: no codes at all, or a list of examples."""
        return not self.references or "such as" in self.under

    @property
    def if_applicable(self) -> bool:
        """The note applies only where the documentation names the condition."""
        return "if applicable" in self.text or "if known" in self.text or "if applicable" in self.under

    def naming(self, code: str, place: int) -> "NoteReference | None":
        """The reference that names a code whose category has this place in the order (-1: unknown), or None."""
        for reference in self.references:
            if reference.names(code, place):
                return reference
        return None


class NoteReference(NamedTuple):
    """A reference inside a note: ``raw`` as printed, and the codes it means."""

    raw: str
    prefixes: tuple[str, ...]
    ranges: tuple[tuple[int, int, str], ...] = ()
    sevenths: tuple[tuple[str, str], ...] = ()

    def names(self, code: str, place: int) -> bool:
        """Whether the reference means the code; ``place`` is its category's place in the tabular's order."""
        if self.prefixes and code.startswith(self.prefixes):
            return True
        for low, high, intents in self.ranges:
            if low <= place <= high and (not intents or _intent(code) in intents):
                return True
        return any(code.startswith(stem) and len(code) == 7 and code[6] in last for stem, last in self.sevenths)


def _intent(code: str) -> str:
    """The intent character of a T36-T65 code: the sixth, or the fifth when the sixth is only a placeholder."""
    return code[4:5] if code[5:6] in ("", "X") else code[5:6]


class Excludes(NamedTuple):
    """One note that speaks about a pair of codes. Order: strongest first, then by place of the note."""

    node: str
    level: Level
    text: str
    under: str
    names: str
    """The reference as printed, e.g. ``M50.-``."""
    holder: str
    """The code of the pair that lies under the node."""
    excluded: str
    """The code of the pair the note names."""
    wording: Wording
    doubt: Doubt | None
    """Why the note may not hold for this pair; None when nothing speaks against it."""
    strength: Strength
    """Suggested severity: reject without a doubt, warning with one."""
    edition: str
    stand_in: bool
    """The notes are of another year than the date asked about."""


class Notes:
    """The notes of one edition, indexed by the category, block or chapter they stand in."""

    def __init__(self, edition: str, year: str, outline: Outline, text: str, apart: Callable[[str, str], bool]) -> None:
        self.edition = edition
        self._apart = apart
        self._outline = outline
        self._place = outline.place
        self._lines: dict[tuple[str, str], list[str]] = {}
        self._parsed: dict[tuple[str, str], tuple[Note, ...]] = {}
        lines = self._lines
        for line in text.splitlines():
            if line[0] == "#":
                continue
            kind, years, node, _ = line.split("\t", 3)
            if year in years:
                # Codes are told from blocks (M50-M54, or C7A as a category-wide block) by the hyphen alone: a block of
                # one category and that category are the same set of codes.
                key = (kind, node if "-" in node or " " in node else node[:3])
                if key in lines:
                    lines[key].append(line)
                else:
                    lines[key] = [line]
        self._targets: dict[tuple[Kind, str], frozenset[str]] = {}
        self._part_targets: dict[tuple[Kind, str], frozenset[str]] = {}
        # Claims repeat the same few thousand pairs; an entry costs about 300 bytes.
        self._pair = lru_cache(16_384)(self._find)

    def linked(self, kind: Kind, a: str, b: str) -> bool:
        """Whether any note of category ``a`` names something in category ``b``, or the other way: the quick no."""
        targets = self._targets
        at_a = targets.get((kind, a))
        if at_a is None:
            at_a = self._targets_of(kind, a)
        if b in at_a:
            return True
        at_b = targets.get((kind, b))
        if at_b is None:
            at_b = self._targets_of(kind, b)
        return a in at_b

    def between(self, kind: Kind, a: str, b: str, stand_in: bool) -> tuple[Excludes, ...]:
        """The notes that speak about two codes, in either direction; the same for (a, b) and (b, a)."""
        if a == b or not self.linked(kind, a[:3], b[:3]):
            return ()
        return self._pair(kind, a, b, stand_in) if a < b else self._pair(kind, b, a, stand_in)

    def carried(self, kind: Kind, code: str) -> Iterator[Note]:
        """The notes that apply to a code: its own, then its ancestors', nearest first."""
        own = [note for note in self._notes(kind, code[:3]) if code.startswith(note.node)]
        yield from sorted(own, key=lambda note: -len(note.node))
        for part in reversed(self._outline.parts(code[:3])):
            if part != code[:3]:
                yield from self._notes(kind, part)

    def _find(self, kind: Kind, a: str, b: str, stand_in: bool) -> tuple[Excludes, ...]:
        found = [*self._one_way(kind, a, b, stand_in), *self._one_way(kind, b, a, stand_in)]
        found.sort(key=lambda hit: (hit.strength, hit.holder))
        return tuple(found)

    def _one_way(self, kind: Kind, holder: str, other: str, stand_in: bool) -> Iterator[Excludes]:
        place = self._place.get(other[:3], -1)
        own = self._place.get(holder[:3], -1)
        for note in self.carried(kind, holder):
            reference = note.naming(other, place)
            if reference is None:
                continue
            # A note says "what stands here is not what stands there". When both codes stand on both sides (a block
            # whose note names a part of itself, a subcategory whose note names its own category) it does not tell
            # the two apart, and a coder reads nothing from it.
            if note.naming(holder, own) and self._under(other, note.node):
                continue
            doubt = self._doubt(note, holder, other)
            yield Excludes(
                note.node, note.level, note.text, note.under, reference.raw, holder, other, note.wording, doubt,
                "warning" if doubt else "reject", self.edition, stand_in,
            )  # fmt: skip

    def _doubt(self, note: Note, holder: str, other: str) -> Doubt | None:
        if note.wording == "nos" and not note.exact:
            return Doubt.NOS
        if note.level in (Level.BLOCK, Level.CHAPTER):
            return Doubt.WIDE
        late = [code for code in (holder, other) if len(code) == 7 and code[0] in "ST" and code[6] == "S"]
        if late and "sequela" not in note.text.lower():
            return Doubt.SEQUELA
        return Doubt.APART if self._apart(holder, other) else None

    def _under(self, code: str, node: str) -> bool:
        return code.startswith(node) or node in self._outline.parts(code[:3])

    def _targets_of(self, kind: Kind, category: str) -> frozenset[str]:
        wide = [self._part_targets_of(kind, part) for part in self._outline.parts(category) if part != category]
        found = frozenset().union(self._named(kind, category), *wide)
        # Most categories of a block have no notes of their own: they share the block's set instead of a copy.
        found = next((targets for targets in wide if targets == found), found)
        self._targets[kind, category] = found
        return found

    def _part_targets_of(self, kind: Kind, part: str) -> frozenset[str]:
        found = self._part_targets.get((kind, part))
        if found is None:
            found = self._part_targets[kind, part] = frozenset(self._named(kind, part))
        return found

    def _named(self, kind: Kind, group: str) -> set[str]:
        """The categories the notes of a group name."""
        found: set[str] = set()
        ranges: set[tuple[int, int]] = set()
        for note in self._notes(kind, group):
            for reference in note.references:
                found.update(prefix[:3] for prefix in reference.prefixes)
                found.update(stem[:3] for stem, _ in reference.sevenths)
                ranges.update((low, high) for low, high, _ in reference.ranges)
        if ranges:
            order = tuple(self._place)
            for low, high in ranges:
                found.update(order[low : high + 1])
        return found

    def _notes(self, kind: Kind, group: str) -> tuple[Note, ...]:
        key = (kind, group)
        found = self._parsed.get(key)
        if found is None:
            lines = self._lines.pop(key, None)
            if lines is None:
                return ()
            found = self._parsed[key] = tuple(self._parse(kind, line) for line in lines)
        return found

    def _parse(self, kind: Kind, line: str) -> Note:
        _, _, node, flags, references, under, text = line.split("\t")
        if " " in node:
            level = Level.CHAPTER
        elif "-" in node:
            level = Level.BLOCK
        elif len(node) == 3:
            level = Level.CATEGORY
        else:
            level = Level.CODE if "l" in flags else Level.SUBCATEGORY
        parsed = tuple(self._reference(item) for item in references.split(";")) if references else ()
        return Note(node, kind, level, text, under, _WORDINGS[flags[0]], flags[0] == "e", parsed)

    def _reference(self, item: str) -> NoteReference:
        raw, sep, tokens = item.partition("=")
        if not sep:
            return NoteReference(raw, (raw.rstrip(".-").replace(".", ""),))
        prefixes: list[str] = []
        ranges: list[tuple[int, int, str]] = []
        sevenths: list[tuple[str, str]] = []
        for token in tokens.split(","):
            if ":" in token:
                span, _, intents = token.partition("/")
                low, _, high = span.partition(":")
                ranges.append((self._place[low], self._place[high], intents))
            elif "*" in token:
                stem, _, last = token.partition("*")
                sevenths.append((stem, last))
            else:
                prefixes.append(token)
        return NoteReference(raw, tuple(prefixes), tuple(ranges), tuple(sevenths))
