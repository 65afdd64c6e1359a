"""The guide's steps as a file needs them: learned when they first come, then looked up."""

from __future__ import annotations

from collections.abc import Callable

from scrubber.x12.explain import dates_exist, notes_hold
from scrubber.x12.guide import QUALIFIER, Definition, LoopUse, SegmentUse, Step
from scrubber.x12.segments import Delimiters

Matcher = Callable[[str], object]

Opening = tuple[int, LoopUse]
"""What the hot path needs of a segment that opens a loop: whether the loop before closes first (0 or 1), the loop."""

Meaning = tuple[list[str], str, int, int, SegmentUse | None, Opening | None]
"""What a segment's text means inside a loop: elements, qualified id; where it is a sound segment of this loop, its
position and bit (else both 0); the use that accepted it; the loop that it opens."""

SELDOM_TWICE = frozenset(
    ("CLM", "HL20", "HL22", "HL23", "DMG", "N3", "N4", "NM1IL", "NM1QC", "REFD9", "REF6R", "REFEA", "ST", "SE", "BHT")
)
"""Segments, by qualified id, whose text hardly ever comes again: remembering them would only make memory slow."""

REMEMBERED = 20_000
"""Segments remembered by their text: half of a real file's segments have come before."""


class Plan:
    """The guide's steps as learned for one set of delimiters."""

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self.matchers: dict[Definition, Matcher] = {}
        self.readings: dict[LoopUse, Reading] = {}

    def of(self, loop: LoopUse) -> Reading:
        """How texts are read inside a loop, as learned so far."""
        reading = self.readings.get(loop)
        if reading is None:
            reading = self.readings[loop] = Reading(self.delimiters)
        return reading

    def matcher(self, definition: Definition) -> Matcher:
        matcher = self.matchers.get(definition)
        if matcher is None:
            matcher = self.matchers[definition] = definition.matcher(self.delimiters)
        return matcher

    def accepts(self, definition: Definition, elements: list[str], text: str) -> bool:
        """Whether a segment is sound at a glance: what is refused may still be, and is worth an explanation."""
        return self.matcher(definition)(text) is not None and (
            len(elements) <= definition.safe or holds(definition, elements)
        )

    def learn(self, loop: LoopUse, key: str, use: SegmentUse) -> None:
        """A segment that may stand inside a loop, at most once unless it repeats."""
        self.of(loop).learn(key, use, None, self.matcher(use.definition))

    def learn_opening(self, loop: LoopUse, key: str, step: Step) -> None:
        """A segment that opens another loop from inside this one."""
        node, use = step.opens, step.use
        if node is None or node.epoch or step.pops > 1 or (step.pops and loop.epoch):
            return
        self.of(loop).learn(key, use, (step.pops, node), self.matcher(use.definition))

    def forget(self) -> None:
        """Forget texts when there are too many."""
        if sum(len(reading.known) for reading in self.readings.values()) > REMEMBERED:
            for reading in self.readings.values():
                reading.known.clear()


class Reading:
    """What texts mean inside one loop of the guide. ``known`` are those that are remembered."""

    __slots__ = ("_component", "_separator", "_steps", "known")

    def __init__(self, delimiters: Delimiters) -> None:
        self.known: dict[str, Meaning] = {}
        self._steps: dict[str, tuple[int, int, Matcher, int, SegmentUse, Opening | None]] = {}
        self._separator = delimiters.element
        self._component = delimiters.component

    def learn(self, key: str, use: SegmentUse, opening: Opening | None, matcher: Matcher) -> None:
        place, bit = (use.position, use.bit) if opening is None else (0, 0)
        self._steps[key] = (place, bit, matcher, use.definition.safe, use, opening)

    def read(self, text: str) -> Meaning:
        """A text's meaning; one that is not a sound segment of steps learned here has no use."""
        elements = text.split(self._separator)
        key = elements[0]
        number = QUALIFIER.get(key)
        if number is not None and number < len(elements):
            key += elements[number] if key != "HI" else elements[1].split(self._component, 1)[0]
        step = self._steps.get(key)
        if step is None:
            return elements, key, 0, 0, None, None
        place, bit, matches, safe, use, opening = step
        if matches(text) is None or (len(elements) > safe and not holds(use.definition, elements)):
            return elements, key, 0, 0, None, None
        meaning = (elements, key, place, bit, use, opening)
        if key not in SELDOM_TWICE:
            self.known[text] = meaning
        return meaning

    def take_apart(self, text: str) -> Meaning:
        """Elements and qualified id alone, for who does not know where he is."""
        meaning = self.read(text)
        return meaning[0], meaning[1], 0, 0, None, None


def holds(definition: Definition, elements: list[str]) -> bool:
    """What the pattern cannot see: dates that do not exist, syntax notes."""
    return dates_exist(definition, elements) and notes_hold(definition, elements)
