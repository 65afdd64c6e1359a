"""The implementation guide 005010X222A1 as tables: loops, segments, elements, and what may follow what.

Source: ``guide.json``, compiled from pyx12's map with our corrections (see ``compile.py``).

Two structures serve two readers. A ``Definition`` accepts a valid segment whole with one linear pattern, made when a
segment of its kind first comes up for a set of delimiters. A ``LoopUse`` holds, for each qualified segment id that
may come next while that loop is the innermost, a ready-made ``Step``: which loops to close, which one to open, which
definition to apply. Only what these refuse is looked at element by element (``explain``) or searched for (``walk``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from scrubber.x12.segments import Delimiters

QUALIFIER = {"NM1": 1, "REF": 1, "DTP": 1, "HL": 3, "AMT": 1, "PWK": 1, "CRC": 1, "QTY": 1, "NTE": 1, "HI": 1}
"""Segments that the guide tells apart by an element, and which one. HI: its first component."""

EPOCH_LOOPS = frozenset(("2000A", "2000B", "2000C", "2300"))
"""Loops that repeat without practical bound: read, judged and let go, never collected under their parent."""


@dataclass(slots=True, eq=False, repr=False)
class Element:
    """One element or component of a segment as the guide has it.

    ``usage`` is R, S or N (required, situational, not used). ``mandatory`` is the base standard's M. ``standard`` are
    codes of the base standard that the guide does not allow. ``type`` is AN, ID, DT, TM, R, Nn; lengths in
    characters, sign and decimal point not counted.
    """

    ref: str
    name: str
    usage: str
    data_element: str
    mandatory: bool
    type: str = "AN"
    min: int = 1
    max: int = 0
    codes: frozenset[str] | None = None
    standard: frozenset[str] | None = None
    external: frozenset[str] | None = None
    pattern: str | None = None
    repeat: int = 1
    components: list[Element] | None = None
    most: int = 0
    """Components that the base standard's composite has."""


class Definition:
    """A segment as the guide defines it in one or more places.

    A file meets few of the guide's 191 definitions: all but ``id``, ``name`` and ``most`` are made of the record when
    one of them is first asked for.
    """

    __slots__ = ("_lists", "_matchers", "_record", "dates", "elements", "id", "most", "name", "notes", "pairs", "safe")

    elements: list[Element]
    notes: tuple[Note, ...]
    dates: tuple[tuple[int, int, str], ...]
    pairs: frozenset[int]
    """First elements of the pairs that stand or fall together, behind the last required element: the pattern sees to
    these notes itself."""
    safe: int
    """A matching segment of so many parts at most (its id counted) is valid. A longer one may still hold a date that
    does not exist, or violate a syntax note."""

    def __init__(self, record: dict[str, Any], lists: dict[str, frozenset[str]]) -> None:
        self.id: str = record["id"]
        self.name: str = record["name"]
        self.most: int = record["most"]
        """Elements that the base standard's segment has."""
        self._record = record
        self._lists = lists
        self._matchers: dict[Delimiters, Callable[[str], object]] = {}

    def __getattr__(self, name: str) -> Any:
        # A slot that is still empty asks here.
        if name not in ("elements", "notes", "dates", "pairs", "safe"):
            raise AttributeError(name)
        self.elements = [_element(e, self._lists) for e in self._record["elements"]]
        self.notes = tuple(n for n in map(parse_note, self._record["notes"]) if self._can_fail(n))
        self.dates = tuple(self._dates())
        last = max((n for n, e in enumerate(self.elements, 1) if e.usage == "R"), default=0)
        self.pairs = frozenset(
            n.elements[0]
            for n in self.notes
            if n.kind == "P" and n.elements[1:] == (n.elements[0] + 1,) and n.elements[0] > last
        )
        self.safe = 0 if self.dates else min((self._harmless(n) for n in self.notes), default=99)
        return getattr(self, name)

    def matcher(self, delimiters: Delimiters) -> Callable[[str], object]:
        """The test that accepts a whole segment text, terminator excluded. What it refuses may still be valid."""
        try:
            return self._matchers[delimiters]
        except KeyError:
            matcher = self._matchers[delimiters] = re.compile(write_pattern(self, delimiters)).fullmatch
            return matcher

    def _can_fail(self, note: Note) -> bool:
        """Whether values that satisfy the guide's usages could still violate the note."""
        usages = [self.elements[n - 1].usage if n <= len(self.elements) else "N" for n in note.elements]
        if note.kind == "E":
            return sum(u != "N" for u in usages) > 1
        if note.kind == "R":
            return "R" not in usages
        if note.kind == "C":
            return usages[0] != "N" and not all(u == "R" for u in usages[1:])
        if note.kind == "L":
            return usages[0] != "N" and "R" not in usages[1:]
        return len(set(usages)) > 1 or usages[0] == "S"

    def _harmless(self, note: Note) -> int:
        """How many parts a segment may have before the note can be violated."""
        if note.kind == "P":
            return 99 if note.elements[0] in self.pairs else 0
        if note.kind == "E":
            return sorted(note.elements)[1]
        return note.elements[0] if note.kind in "CL" else 0

    def _dates(self) -> Iterator[tuple[int, int, str]]:
        """(element, element that holds its format or 0, fixed format) for each date or time, 1-based."""
        for number, element in enumerate(self.elements, 1):
            if element.usage == "N" or element.components:
                continue
            if element.data_element == "1251":
                yield number, number - 1, ""
            elif element.type in ("DT", "TM"):
                yield number, 0, element.type


class Note(NamedTuple):
    """A syntax note: P all or none, R at least one, E at most one, C if the first then all, L then at least one."""

    kind: str
    elements: tuple[int, ...]


def parse_note(written: str) -> Note:
    """``P0809`` to its kind and element numbers."""
    return Note(written[0], tuple(int(written[i : i + 2]) for i in range(1, len(written), 2)))


@dataclass(slots=True, eq=False, repr=False)
class SegmentUse:
    """A segment in its place in a loop. ``bit`` marks it in the loop's ``seen``; ``max`` 0 is no bound."""

    definition: Definition
    loop: LoopUse
    usage: str
    max: int
    position: int
    bit: int
    keys: tuple[str, ...]
    """Qualified ids that lead here: ``DTP472``; the plain id where nothing qualifies it."""

    @property
    def id(self) -> str:
        return self.definition.id


@dataclass(slots=True, eq=False, repr=False)
class Step:
    """What a qualified segment id means while some loop is innermost: close ``pops`` loops, then open ``opens``."""

    use: SegmentUse
    pops: int
    opens: LoopUse | None


@dataclass(slots=True, eq=False, repr=False)
class LoopUse:
    """A loop in its place in the guide; 2300 stands twice, under 2000B and 2000C."""

    id: str
    name: str
    usage: str
    max: int
    position: int
    parent: LoopUse | None
    bit: int
    uses: list[SegmentUse] = field(default_factory=list)
    loops: list[LoopUse] = field(default_factory=list)
    required: int = 0
    """Bits of the required segments and child loops."""
    before: int = 0
    """Bits of what the parent must hold before this loop comes."""
    epoch: bool = False
    """Whether it is one of EPOCH_LOOPS."""
    steps: dict[str, Step] = field(default_factory=dict)
    choices: dict[str, tuple[int, dict[str, SegmentUse]]] = field(default_factory=dict)
    """Qualified ids that two segments share: the element that decides, and its codes."""

    @property
    def first(self) -> SegmentUse:
        """The segment that opens the loop."""
        return self.uses[0]

    def chain(self) -> Iterator[LoopUse]:
        """This loop and its ancestors, innermost first."""
        loop: LoopUse | None = self
        while loop is not None:
            yield loop
            loop = loop.parent


@dataclass(slots=True, eq=False, repr=False)
class Guide:
    """The whole guide. ``root`` is the transaction set (ST_LOOP)."""

    name: str
    source: str
    root: LoopUse
    segment_ids: frozenset[str]
    """Every segment id of X12 005010 that we know, used by this guide or not."""
    used_ids: frozenset[str]
    """Segment ids that the guide uses."""

    def every(self) -> Iterator[LoopUse]:
        """Every loop, outermost first."""
        todo = [self.root]
        while todo:
            loop = todo.pop(0)
            yield loop
            todo[:0] = loop.loops

    @property
    def loops(self) -> dict[str, LoopUse]:
        """Loop id to loop; the first one where an id stands twice."""
        found: dict[str, LoopUse] = {}
        for loop in self.every():
            found.setdefault(loop.id, loop)
        return found


@cache
def shipped() -> Guide:
    """The guide that we ship, loaded on first use."""
    return load(Path(__file__).with_name("guide.json").read_bytes())


def load(data: bytes) -> Guide:
    """A guide from its compiled form (see ``compile.py``)."""
    record = json.loads(data)
    lists = {name: frozenset(codes) for name, codes in record["external"].items()}
    definitions = [(Definition(d, lists), _keys(d)) for d in record["definitions"]]
    choices = {(loop, segment): element for loop, segment, element in record["choices"]}
    root = _loop(record["tree"], None, 0, definitions, choices)
    guide = Guide(
        record["guide"],
        record["source"],
        root,
        frozenset(record["segment_ids"]) | {d.id for d, _ in definitions},
        frozenset(d.id for d, _ in definitions),
    )
    for loop in guide.every():
        loop.steps = dict(_steps(loop))
        loop.epoch = loop.id in EPOCH_LOOPS
        items: list[SegmentUse | LoopUse] = [*loop.parent.uses, *loop.parent.loops] if loop.parent else []
        for item in items:
            if item.usage == "R" and item.position < loop.position:
                loop.before |= item.bit
    return guide


def _element(record: dict[str, Any], lists: dict[str, frozenset[str]]) -> Element:
    components = record.get("components")
    return Element(
        ref=record["ref"],
        name=record["name"],
        usage=record["usage"],
        data_element=record["data_element"],
        mandatory=record["mandatory"],
        type=record.get("type", ""),
        min=record.get("min", 1),
        max=record.get("max", 0),
        codes=frozenset(record["codes"]) if "codes" in record else None,
        standard=frozenset(record["standard"]) if "standard" in record else None,
        external=lists.get(record["external"]) if "external" in record else None,
        pattern=record.get("pattern"),
        repeat=record.get("repeat", 1),
        components=[_element(c, lists) for c in components] if components is not None else None,
        most=record.get("most", 0),
    )


def _loop(
    record: dict[str, Any],
    parent: LoopUse | None,
    bit: int,
    definitions: list[tuple[Definition, tuple[str, ...]]],
    choices: dict[tuple[str, str], int],
) -> LoopUse:
    loop = LoopUse(record["id"], record["name"], record["usage"], record["max"], record["position"], parent, 1 << bit)
    for number, item in enumerate(record["items"]):
        if "segment" in item:
            definition, keys = definitions[item["definition"]]
            use = SegmentUse(definition, loop, item["usage"], item["max"], item["position"], 1 << number, keys)
            loop.uses.append(use)
            if use.usage == "R":
                loop.required |= use.bit
        else:
            child = _loop(item, loop, number, definitions, choices)
            loop.loops.append(child)
            if child.usage == "R":
                loop.required |= child.bit
    for (name, segment), element in choices.items():
        if name == loop.id:
            _add_choice(loop, segment, element)
    return loop


def _keys(record: dict[str, Any]) -> tuple[str, ...]:
    """The qualified ids of a definition's record."""
    id = record["id"]
    number = QUALIFIER.get(id)
    if number is None:
        return (id,)
    element = record["elements"][number - 1]
    if element.get("components"):
        element = element["components"][0]
    return tuple(id + code for code in sorted(element.get("codes") or ("",)))


def _add_choice(loop: LoopUse, segment: str, element: int) -> None:
    """Two uses share a qualified id: take the id from both and let a further element decide."""
    uses = [u for u in loop.uses if u.id == segment]
    for key in set(uses[0].keys).intersection(*(u.keys for u in uses[1:])):
        table = {code: use for use in uses for code in use.definition.elements[element - 1].codes or ()}
        loop.choices[key] = (element, table)
        for use in uses:
            use.keys = tuple(k for k in use.keys if k != key)


def _steps(loop: LoopUse) -> Iterator[tuple[str, Step]]:
    """What may follow, nearest first: later segments and child loops of this loop, then of those around it."""
    found: dict[str, Step] = {}
    came_from = -1
    for pops, outer in enumerate(loop.chain()):
        for use in outer.uses:
            if use.position >= came_from and not (use is outer.first and outer.parent):
                for key in use.keys:
                    found.setdefault(key, Step(use, pops, None))
        for child in outer.loops:
            if child.position >= came_from:
                for key in child.first.keys:
                    found.setdefault(key, Step(child.first, pops, child))
        came_from = outer.position
    return iter(found.items())


# What a valid segment looks like, as one pattern ----------------------------------------------------------------


def write_pattern(definition: Definition, delimiters: Delimiters) -> str:
    """A pattern for a whole segment. Linear: delimiters are in no character class, so no text matches two ways."""
    # Elements after the last required one nest, so that a trailing delimiter is never accepted.
    separator = re.escape(delimiters.element)
    last = max((n for n, e in enumerate(definition.elements, 1) if e.usage == "R"), default=0)
    usable = max((n for n, e in enumerate(definition.elements, 1) if e.usage != "N"), default=0)
    units = [_unit(e, delimiters) for e in definition.elements[:usable]]
    head = "".join(separator + u for u in units[:last])
    pairs = frozenset(n - last for n in definition.pairs if n > last)
    some = "" if last else f"(?={separator})"  # A segment has at least one element.
    return re.escape(definition.id) + some + head + _nest(units[last:], separator, pairs)


def _nest(units: list[str], separator: str, pairs: frozenset[int] = frozenset()) -> str:
    """``(?:*a(?:*b|)|)``, refusing to end on a delimiter. ``pairs``: units that come with the next one or not.

    What may be absent is written as an empty alternative: ``?`` behind a group takes half as long again."""
    pattern = rest = ""
    for number in range(len(units), 0, -1):
        unit = units[number - 1]
        if number in pairs and number < len(units):
            both = separator + _present(unit) + separator + _present(units[number])
            pattern = f"(?:{both}{rest}|{separator}{separator}{rest}|)" if rest else _optional(both)
        else:
            rest, pattern = pattern, _optional(separator + unit + pattern)
    return pattern + f"(?<!{separator})" if units else ""


def _optional(pattern: str) -> str:
    return f"(?:{pattern}|)"


def _present(unit: str) -> str:
    """What ``_optional`` made, no longer optional."""
    return unit.removesuffix("|)") + ")" if unit.endswith("|)") else unit


def _unit(element: Element, delimiters: Delimiters) -> str:
    if element.usage == "N":
        return ""
    if element.components is None:
        pattern = _simple(element, delimiters)
    else:
        separator = re.escape(delimiters.component)
        parts = element.components
        last = max((n for n, c in enumerate(parts, 1) if c.usage == "R"), default=0)
        usable = max((n for n, c in enumerate(parts, 1) if c.usage != "N"), default=0)
        units = [_unit(c, delimiters) for c in parts[:usable]]
        pattern = separator.join(units[:last]) + _nest(units[last:], separator)
        if last == 0:  # No component is required: the nest would want a delimiter first. Left to `explain`.
            pattern = r"(?!)"
    return pattern if element.usage == "R" else _optional(pattern)


def _simple(element: Element, delimiters: Delimiters) -> str:
    if element.codes and not element.external:
        return _one_of(element.codes)
    if element.pattern:
        return f"(?:{element.pattern})"
    if element.external:
        return _one_of(element.external | (element.codes or frozenset()))
    least, most = max(element.min, 1), element.max
    kind = element.type
    if kind == "DT":
        return f"[0-9]{{{least},{most}}}"
    if kind == "TM":
        return "(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?)?"
    if kind.startswith("N"):
        return f"-?[0-9]{{{least},{most}}}"
    if kind == "R":
        # Length counts digits only. The longest numbers with a point are left to `explain`.
        return f"-?(?:[0-9]{{{least},{most}}}|[0-9]{{0,{most // 2}}}\\.[0-9]{{1,{most - most // 2}}})"
    first, later = _characters(delimiters)
    # The first character is no space: an element of nothing but spaces is left to `explain`.
    return f"{first}{later}{{{least - 1},{most - 1}}}"


def _one_of(codes: Iterable[str]) -> str:
    """A pattern for these codes. What they begin with stands once: a long list is sooner compiled, and sooner read."""
    rests: dict[str, set[str]] = {}
    for code in codes:
        rests.setdefault(code[:1], set()).add(code[1:])
    absent = rests.pop("", None) is not None
    single = "".join(re.escape(first) for first in sorted(rests) if rests[first] == {""})
    choices = [f"[{single}]"] if len(single) > 1 else [single] if single else []
    choices += [re.escape(first) + _one_of(rests[first]) for first in sorted(rests) if rests[first] != {""}]
    if absent:
        choices.append("")  # The code may end here: the longer ones are tried first.
    return f"(?:{'|'.join(choices)})" if len(choices) > 1 else choices[0]


@cache
def _characters(delimiters: Delimiters) -> tuple[str, str]:
    """Character classes of printable ASCII without the delimiters: without and with the space. Written as ranges: a
    list of all characters takes many times as long to compile."""
    printable = [c for c in range(0x21, 0x7F) if chr(c) not in delimiters]
    ends = [c for c in printable if c + 1 not in printable]
    starts = [c for c in printable if c - 1 not in printable]
    ranges = "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in zip(starts, ends, strict=True))
    return f"[{ranges}]", f"[ {ranges}]"
