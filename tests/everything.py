"""A file that holds every loop and every segment of the guide, made from the guide: nobody writes such a claim.

Each text is right by the guide's tables; numbers, parents and counts are right by construction.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from making import COMMON, made

from scrubber.x12.explain import explain
from scrubber.x12.guide import QUALIFIER, LoopUse, SegmentUse, shipped

Segments = list[list[str]]

FIXED = {"1331": "11", "1332": "B"}
"""Elements whose code lists others check: place of service."""


def everything(seed: str) -> Segments:
    """The segments of a whole file. Another seed chooses other elements, codes and values."""
    choice = random.Random(seed)
    body: Segments = []
    numbers = {"HL": 0, "LX": 0}
    parents: dict[str, int] = {}
    for use in every_use(shipped().root):
        elements = one_segment(use, choice)
        name = elements[0]
        if name == "CLM":
            numbers["LX"] = 0
        if name == "HL":
            numbers["HL"] += 1
            parents[elements[3]] = numbers["HL"]
            above = {"20": "", "22": "20", "23": "22"}[elements[3]]
            lower = "0" if elements[3] == "23" else "1"
            elements = ["HL", str(numbers["HL"]), str(parents[above]) if above else "", elements[3], lower]
        elif name == "LX":
            numbers["LX"] += 1
            elements = ["LX", str(numbers["LX"])]
        body.append(elements)
    body[0] = ["ST", "837", "0001", "005010X222A1"]
    body[-1] = ["SE", str(len(body)), "0001"]
    isa = "ISA*00*          *00*          *ZZ*CBB0101        *ZZ*PRCH01         *260916*0830*^*00501*000000001*0*T*:"
    return [
        isa.split("*"),
        ["GS", "HC", "CBB0101", "PRCH01", "20260916", "0830", "1", "X", "005010X222A1"],
        *body,
        ["GE", "1", "1"],
        ["IEA", "1", "000000001"],
    ]


def every_use(loop: LoopUse) -> Iterator[SegmentUse]:
    """Segments in the order of their positions, child loops among them."""
    items: list[tuple[int, int, SegmentUse | LoopUse]] = []
    items += [(use.position, n, use) for n, use in enumerate(loop.uses)]
    items += [(child.position, 1000 + n, child) for n, child in enumerate(loop.loops)]
    for _, _, item in sorted(items, key=lambda i: i[:2]):
        if isinstance(item, SegmentUse):
            yield item
        else:
            yield from every_use(item)


def one_segment(use: SegmentUse, choice: random.Random) -> list[str]:
    """A right segment for this place: told from its siblings, its syntax notes held."""
    definition = use.definition
    siblings = {key for other in use.loop.uses if other is not use for key in other.keys}
    for _ in range(500):
        text = made(definition, choice, COMMON, 0.0)
        elements = text.split("*")
        for number, element in enumerate(definition.elements, 1):
            if number < len(elements) and elements[number]:
                if element.components and element.components[0].data_element in FIXED:
                    elements[number] = "11:B:1"
                elif element.data_element in FIXED:
                    elements[number] = FIXED[element.data_element]
        if definition.id == "MOA":
            elements = [e if i < 3 or not e else "MA01" for i, e in enumerate(elements)]
        number = QUALIFIER.get(definition.id, 0)
        key = definition.id + (elements[number].split(":")[0] if number else "")
        told = key in use.keys and key not in siblings if use.keys else not use.loop.choices
        if (told or (not use.keys and chosen(use, elements))) and not list(explain(definition, elements, COMMON)):
            return elements
    raise AssertionError(f"no right segment for {use.loop.id}.{definition.id}")


def chosen(use: SegmentUse, elements: list[str]) -> bool:
    """Whether the further element that tells this use from its twin says so."""
    for element, table in use.loop.choices.values():
        if use in table.values():
            return element < len(elements) and table.get(elements[element]) is use
    return False
