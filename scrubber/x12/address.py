"""Addresses: how an edit, an example or a report names a place in a claim.

``LOOP[n].SEG(QUAL)EE-C``: ``2010AA.NM109``, ``2400[2].SV101-3`` (second 2400 of the claim), ``2300.REF(F8)02``,
``2300.HI(ABK)02-2``, a segment ``2300.CLM``, a loop ``2310B``. A segment without a qualifier means every segment with
that id in the loop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scrubber.finding import Location
from scrubber.spelling import suggest
from scrubber.x12 import guide
from scrubber.x12.places import find_span, number_line
from scrubber.x12.segments import Delimiters, Place, Segment

if TYPE_CHECKING:
    from scrubber.x12.guide import LoopUse, SegmentUse
    from scrubber.x12.loops import Loop

_FORM = re.compile(
    r"(?P<loop>[0-9A-Z_]+)(?:\[(?P<index>[1-9][0-9]*)\])?"
    r"(?:\.(?P<segment>[A-Z][A-Z0-9]{1,2})(?:\((?P<qualifier>[0-9A-Z]+)\))?"
    r"(?:(?P<element>[0-9]{2})(?:-(?P<component>[1-9][0-9]?))?)?)?"
).fullmatch


class AddressError(ValueError):
    """A text that is no address, or an address that the guide does not know. Its text says what would be."""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address. ``index`` counts loops from 1, 0 for every loop; ``element`` and ``component`` are 0 when the
    address names something larger."""

    loop: str
    index: int = 0
    segment: str = ""
    qualifier: str = ""
    element: int = 0
    component: int = 0

    def __str__(self) -> str:
        text = self.loop + (f"[{self.index}]" if self.index else "")
        if self.segment:
            text += f".{self.segment}" + (f"({self.qualifier})" if self.qualifier else "")
        if self.element:
            text += f"{self.element:02d}" + (f"-{self.component}" if self.component else "")
        return text

    @property
    def key(self) -> str:
        """The qualified segment id under which ``Loop.index`` keeps the segment: ``DTP472``, ``CLM``."""
        return self.segment + self.qualifier

    @property
    def element_text(self) -> str | None:
        """``HI02-2``, as a Location writes it; None for a whole segment."""
        return element_text(self.segment, self.element, self.component)


@lru_cache(maxsize=4096)
def parse(text: str) -> Address:
    """Read an address. Raises AddressError when the text is none."""
    found = _FORM(text)
    if found is None or found["element"] == "00":
        raise AddressError(f"`{text}` is not an address; addresses look like 2010AA.NM109, 2400[2].SV101-3 or 2310B")
    return Address(
        found["loop"],
        int(found["index"] or 0),
        found["segment"] or "",
        found["qualifier"] or "",
        int(found["element"] or 0),
        int(found["component"] or 0),
    )


def element_text(segment: str, element: int, component: int = 0) -> str | None:
    """``HI02-2`` from its parts; None for a whole segment (element 0)."""
    if not element:
        return None
    return f"{segment}{element:02d}-{component}" if component else f"{segment}{element:02d}"


@lru_cache(maxsize=256)
def lineage(loop_id: str) -> tuple[str, ...]:
    """A loop's id and those of the loops around it, innermost first: ``2420A 2400 2300 2000B 2000A …``; empty for a
    loop that the guide does not have. 2300 stands under 2000C as well; here it is under 2000B."""
    loop = _loops().get(loop_id)
    return tuple(outer.id for outer in loop.chain()) if loop else ()


@lru_cache(maxsize=1)
def _loops() -> dict[str, LoopUse]:
    return guide.shipped().loops


def near(loop: Loop, loop_id: str) -> list[Loop]:
    """The loops of this id that belong with ``loop``: itself, one around it, or those under the nearest loop that
    holds both. From a 2400, ``2420A`` is this line's, ``2010AA`` its claim's billing provider.

    Claims and subscribers are let go once judged, so that looking down from a provider finds none of them."""
    line = lineage(loop_id)
    start: Loop | None = loop
    while start is not None and start.node.id not in line:
        start = start.parent
    if start is None:
        return []
    level = [start]
    for step in line[: line.index(start.node.id)][::-1]:
        level = [child for found in level for child in found.children if child.node.id == step]
    return level


@lru_cache(maxsize=1024)
def keys(address: Address) -> tuple[str, ...]:
    """The keys of ``Loop.index`` under which the segments of an address may stand; none for a loop's address."""
    if address.qualifier:
        return (address.key,)
    loop = _loops().get(address.loop)
    found = [k for use in loop.uses if use.id == address.segment for k in use.keys] if loop else []
    return tuple(dict.fromkeys(found)) or (address.segment,)


def segments(loop: Loop, address: Address) -> list[Segment]:
    """The segments that an address names in one loop, in order."""
    if not address.qualifier:
        return loop.all(address.segment)
    if address.key not in loop.index:
        return []
    element = guide.QUALIFIER.get(address.segment, 1)
    # An HI is qualified by a component: the qualifier ends where the code begins, at whatever delimiter.
    same = re.compile(address.qualifier + r"(?![0-9A-Z])").match
    return [segment for segment in loop.all(address.segment) if same(segment.get(element))]


def resolve(root: Loop, address: Address | str) -> list[Place]:
    """Every place of this address in or under ``root`` (or around it, see ``near``), in file order. An address of a
    loop gives the place of the loop's first segment."""
    if isinstance(address, str):
        address = parse(address)
    loops = near(root, address.loop)
    if address.index:
        loops = loops[address.index - 1 : address.index]
    if not address.segment:
        return [Place(loop.segments[0]) for loop in loops if loop.segments]
    return [Place(segment, address.element, address.component) for loop in loops for segment in segments(loop, address)]


def check(address: Address | str) -> Address:
    """The address, when the guide knows it. Raises AddressError, which says what is meant if it can."""
    if isinstance(address, str):
        address = parse(address)
    loops = _loops()
    loop = loops.get(address.loop)
    if loop is None:
        raise AddressError(f"`{address}`: the guide has no loop {address.loop}{suggest(address.loop, loops)}")
    if not address.segment:
        return address
    uses = [use for use in loop.uses if use.id == address.segment]
    if not uses:
        known = {use.id for use in loop.uses}
        raise AddressError(
            f"`{address}`: loop {loop.id} has no segment {address.segment}{suggest(address.segment, known)}; "
            f"it has {', '.join(sorted(known))}"
        )
    if address.qualifier:
        codes = {code: use for use in uses for code in _qualifiers(use)}
        if address.qualifier not in codes:
            raise AddressError(
                f"`{address}`: loop {loop.id} has no {address.segment} qualified "
                f"{address.qualifier}{suggest(address.qualifier, codes)}; it has {', '.join(sorted(codes)) or 'none'}"
            )
        uses = [codes[address.qualifier]]
    if address.element:
        _check_element(address, uses)
    return address


def _qualifiers(use: SegmentUse) -> list[str]:
    position = guide.QUALIFIER.get(use.id)
    if position is None:
        return []
    element = use.definition.elements[position - 1]
    codes = (element.components[0] if element.components else element).codes
    return sorted(codes or ())


def _check_element(address: Address, uses: list[SegmentUse]) -> None:
    most = max(len(use.definition.elements) for use in uses)
    if address.element > most:
        raise AddressError(f"`{address}`: {address.segment} has elements 01 to {most:02d}")
    if address.component:
        counts = [
            len(use.definition.elements[address.element - 1].components or ())
            for use in uses
            if address.element <= len(use.definition.elements)
        ]
        if address.component > max(counts):
            name = f"{address.segment}{address.element:02d}"
            said = f"has components 1 to {max(counts)}" if max(counts) else "is no composite: leave the component out"
            raise AddressError(f"`{address}`: {name} {said}")


def locate(place: Place, delimiters: Delimiters, claim: str | None = None) -> Location:
    """Where an edit's fault lies: its name, and the bytes it covers in the file (``places.find_span``). ``claim`` is
    CLM01; the line is that of the 2400 that holds the place (``places.number_line``)."""
    segment, element, component, repeat = place
    loop = segment.loop
    line = loop.up("2400") if loop else None
    offset, length = find_span(place, delimiters)
    return Location(
        loop=loop.node.id if loop else None,
        segment=segment.id,
        element=element_text(segment.id, element, component),
        claim=claim,
        line=number_line(line) if line else None,
        ordinal=segment.ordinal,
        offset=offset,
        length=length,
        repeat=repeat,
    )
