"""The guide's steps as a file needs them: learned when they first come, then looked up."""

from __future__ import annotations

from collections.abc import Callable

from scrubber.x12.guide import Definition, LoopUse, SegmentUse, Step
from scrubber.x12.segments import Delimiters

Entry = tuple[int, int, Callable[[str], object], int, SegmentUse]
"""What the hot path needs of a segment in its loop: position, bit, matcher, safe length, use."""

Opening = tuple[int, LoopUse, Callable[[str], object], int, SegmentUse]
"""What it needs of a segment that opens a loop: whether the loop before closes first (0 or 1), the loop, matcher, safe
length, use."""

SELDOM_TWICE = frozenset(
    ("CLM", "HL20", "HL22", "HL23", "DMG", "N3", "N4", "NM1IL", "NM1QC", "REFD9", "REF6R", "REFEA", "ST", "SE", "BHT")
)
"""Segments, by qualified id, whose text hardly ever comes again: remembering them would only make memory slow."""


class Plan:
    """The steps of the guide as learned for one set of delimiters: what a file needs is compiled when it first comes.

    ``entries`` has, for each loop, the segments that may follow inside it, each at most once unless it repeats.
    """

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self.matchers: dict[Definition, Callable[[str], object]] = {}
        self.tables: dict[LoopUse, tuple[dict[str, Entry], dict[str, Opening]]] = {}
        self.known: dict[str, tuple[list[str], str, SegmentUse]] = {}
        """Text to its elements, qualified id, and the use that accepted it."""

    def of(self, loop: LoopUse) -> tuple[dict[str, Entry], dict[str, Opening]]:
        """What may follow inside a loop, and what opens another from it, as learned so far."""
        tables = self.tables.get(loop)
        if tables is None:
            tables = self.tables[loop] = ({}, {})
        return tables

    def matcher(self, definition: Definition) -> Callable[[str], object]:
        matcher = self.matchers.get(definition)
        if matcher is None:
            matcher = self.matchers[definition] = definition.matcher(self.delimiters)
        return matcher

    def learn(self, loop: LoopUse, key: str, use: SegmentUse) -> None:
        definition = use.definition
        self.of(loop)[0][key] = (use.position, use.bit, self.matcher(definition), definition.safe, use)

    def learn_opening(self, loop: LoopUse, key: str, step: Step) -> None:
        node, use = step.opens, step.use
        if node is None or node.epoch or step.pops > 1 or (step.pops and loop.epoch):
            return
        definition = use.definition
        self.of(loop)[1][key] = (step.pops, node, self.matcher(definition), definition.safe, use)
