"""An edit's example: a small change to a clean base claim, which breaks the edit or holds it.

The example on an edit's page is the test of the edit: ``apply`` gives the file that the test judges, ``contrast`` the
segments that the page shows.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

from scrubber.catalogue.entry import Edit, Example, Series
from scrubber.catalogue.load import shipped_folder
from scrubber.x12.address import Address, near, parse, segments
from scrubber.x12.events import ClaimRead
from scrubber.x12.loops import Loop
from scrubber.x12.read import read
from scrubber.x12.segments import Segment, Source

RECEIVED = date(2026, 9, 16)
"""Receipt date of an example that gives none: the base claims' own, the day after their services."""


class ExampleError(ValueError):
    """An example that cannot be applied to its base claim. Its text says which address has nothing there."""


def base_folder() -> Path:
    """``fixtures/base`` of the checkout that holds the shipped packs. Installed, there is none."""
    return shipped_folder().parent / "fixtures" / "base"


@lru_cache(maxsize=64)
def read_base(name: str) -> bytes:
    """A base claim. Raises ExampleError when there is none of this name."""
    path = base_folder() / f"{name}.837"
    if not path.is_file():
        from scrubber.spelling import suggest

        if not base_folder().is_dir():
            raise ExampleError("the base claims come with scrubber's source, not with an installed copy")
        known = sorted(p.stem for p in base_folder().glob("*.837"))
        raise ExampleError(f"there is no base claim `{name}`{suggest(name, known)}; known: {', '.join(known)}")
    return path.read_bytes()


def apply(example: Example, base: bytes | None = None) -> bytes:
    """The example as a whole file: the base with the changes, SE01 counted again. Raises ExampleError."""
    draft = _Draft(base if base is not None else read_base(example.base))
    if example.series is not None:
        draft.repeat(example.series)
    for text, value in example.set.items():
        draft.set(parse(text), value)
    for after, segment in example.add:
        draft.add(parse(after), segment)
    for text in example.remove:
        draft.remove(parse(text))
    written = draft.write()
    for old, new in example.replace:
        if old not in written:
            raise ExampleError(f"replace: `{old}` is not in the file")
        written = written.replace(old, new, 1)
    return written.encode("latin-1")


class _Draft:
    """A base file as a list of segments. Addresses mean the file's first claim as it stands after the changes so
    far, so that a segment may be added behind one that was just added."""

    def __init__(self, base: bytes) -> None:
        text = base.decode("latin-1")
        self.terminator = text[105]
        self.element = text[3]
        self.component = text[104]
        self.pieces = text.split(self.terminator)
        self.first = next(i for i, piece in enumerate(self.pieces) if piece.lstrip().startswith("ST"))
        self.claim = self._read()

    def _read(self) -> Loop:
        data = self.terminator.join(self.pieces).encode("latin-1")
        for event in read(Source(io.BytesIO(data), "example")):
            if isinstance(event, ClaimRead):
                return event.loop
        raise ExampleError("the file holds no claim")

    def _loops(self, address: Address) -> list[Loop]:
        loops = near(self.claim, address.loop)
        if address.index:
            loops = loops[address.index - 1 : address.index]
        if not loops:
            raise ExampleError(f"`{address}`: the claim has no such loop")
        return loops

    def _targets(self, address: Address) -> list[int]:
        """Indices of the segments that an address names: without an index in every such loop, and in each the first
        where no qualifier says which."""
        found = [segments(loop, address)[: None if address.qualifier else 1] for loop in self._loops(address)]
        indices = [self._index(segment) for inside in found for segment in inside]
        if not indices:
            raise ExampleError(f"`{address}`: the claim has no such segment; `add` it")
        return indices

    def _index(self, segment: Segment) -> int:
        return self.first + segment.ordinal - 1

    def repeat(self, series: Series) -> None:
        """The claim's first line as often as the series says, a day each, and the claim's charge the sum of them."""
        lines = self._loops(parse("2400"))
        indices = sorted(self._index(s) for top in lines for loop in top.walk() for s in loop.segments)
        own = sorted(self._index(s) for loop in lines[0].walk() for s in loop.segments)
        pattern = [self.pieces[index] for index in own]
        days = [series.first + timedelta(n) for n in range(series.visits - 1)] + [series.last]
        made = [self._dated(piece, number, day) for number, day in enumerate(days, 1) for piece in pattern]
        self.pieces[indices[0] : indices[-1] + 1] = made
        self.claim = self._read()
        charge = Decimal(self.pieces[own[1]].split(self.element)[2])
        self.set(parse("2300.CLM02"), str(charge * series.visits))

    def _dated(self, piece: str, number: int, day: date) -> str:
        """A segment of a line as the line of this number and day has it."""
        elements = piece.split(self.element)
        kind = elements[0].strip()
        if kind == "LX":
            elements[1] = str(number)
        elif kind == "DTP" and elements[1] == "472":
            elements[2:4] = ["D8", f"{day:%Y%m%d}"]
        elif kind == "REF" and elements[1] == "6R":
            elements[2] = f"L{number}"
        return self.element.join(elements)

    def set(self, address: Address, value: str) -> None:
        if not address.element:
            raise ExampleError(f"`{address}`: set an element, not a whole segment")
        for index in self._targets(address):
            elements = self.pieces[index].split(self.element)
            _lengthen(elements, address.element + 1)
            if address.component:
                parts = elements[address.element].split(self.component)
                _lengthen(parts, address.component)
                parts[address.component - 1] = value
                value_now = self.component.join(parts).rstrip(self.component)
            else:
                value_now = value
            elements[address.element] = value_now
            self.pieces[index] = self.element.join(elements).rstrip(self.element)

    def add(self, after: Address, segment: str) -> None:
        if after.segment:
            index = self._targets(after)[-1]
        else:
            index = max(self._index(s) for loop in self._loops(after)[-1].walk() for s in loop.segments)
        self.pieces.insert(index + 1, "\n" + segment)
        self.claim = self._read()

    def remove(self, address: Address) -> None:
        if address.segment:
            indices = self._targets(address)
        else:
            indices = [self._index(s) for top in self._loops(address) for loop in top.walk() for s in loop.segments]
        for index in sorted(indices, reverse=True):
            del self.pieces[index]
        self.claim = self._read()

    def write(self) -> str:
        """The file, with SE01 of every set made right."""
        start = 0
        for number, piece in enumerate(self.pieces):
            elements = piece.split(self.element)
            kind = elements[0].strip()
            if kind == "ST":
                start = number
            elif kind == "SE" and len(elements) > 1:
                elements[1] = str(number - start + 1)
                self.pieces[number] = self.element.join(elements)
        return self.terminator.join(self.pieces)


def _lengthen(parts: list[str], length: int) -> None:
    parts.extend("" for _ in range(length - len(parts)))


# What a page shows ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A segment as a page shows it. ``marks`` are (start, length) of the elements that the example is about;
    ``loop`` is where it stands; ``missing`` says that the example has taken the segment out."""

    text: str
    marks: tuple[tuple[int, int], ...]
    missing: bool = False


def contrast(edit: Edit) -> dict[str, list[Shown]]:
    """The segments that the edit's two examples are about: under ``breaks`` as they break it, under ``holds`` as they
    hold it. Empty for an edit without an example."""
    if edit.breaks is None or edit.holds is None:
        return {}
    files = {"breaks": edit.breaks, "holds": edit.holds}
    bases = {name: _segments(read_base(example.base)) for name, example in files.items()}
    finals = {name: _segments(apply(example)) for name, example in files.items()}
    paired = {name: _pair(bases[name], finals[name]) for name in files}
    touched = [{i for i, now in enumerate(paired[name]) if now != [bases[name][i]]} for name in files]
    shown: dict[str, list[Shown]] = {}
    for name, mine in zip(files, touched, strict=True):
        other = next(n for n in files if n != name)
        same_base = files[name].base == files[other].base
        indices = sorted(mine | (touched[1] if name == "breaks" else touched[0]) if same_base else mine)
        found: list[Shown] = []
        for index in indices:
            before = bases[name][index]
            against = {before, *(paired[other][index] if same_base else ())}
            found += [_show(text, against) for text in paired[name][index] if not text.startswith("SE")]
            if not paired[name][index]:
                found.append(Shown(before, ((0, len(before)),), missing=True))
        shown[name] = found
    return shown


def _segments(data: bytes) -> list[str]:
    text = data.decode("latin-1")
    return [piece.strip() for piece in text.split(text[105]) if piece.strip()]


def _pair(base: Sequence[str], final: Sequence[str]) -> list[list[str]]:
    """For each segment of the base what it has become: itself, other text, nothing, or several segments."""
    became: list[list[str]] = [[] for _ in base]
    for kind, b0, b1, f0, f1 in SequenceMatcher(None, base, final, autojunk=False).get_opcodes():
        if kind in ("equal", "replace"):
            for number, text in enumerate(final[f0:f1]):
                became[min(b0 + number, b1 - 1)].append(text)
        elif kind == "insert":
            became[max(b0 - 1, 0)] += final[f0:f1]
    return became


def _show(text: str, against: set[str]) -> Shown:
    """A segment with the elements marked in which it differs from others of its kind; all of it, where it is new."""
    kind = text.split("*", 1)[0]
    others = [other.split("*") for other in against if other != text and other.split("*", 1)[0] == kind]
    if not others:
        return Shown(text, () if text in against else ((0, len(text)),))
    return Shown(text, tuple(_marks(text, others)))


def _marks(text: str, others: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    start = 0
    for number, element in enumerate(text.split("*")):
        if any(element != (other[number] if number < len(other) else "") for other in others):
            yield start, len(element)
        start += len(element) + 1
    if any(len(other) > text.count("*") + 1 for other in others):
        yield len(text), 0
