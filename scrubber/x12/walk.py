"""Segments to loops: one transaction set, claim by claim, with its structural findings.

``Walker.feed`` is the hot path: each segment is looked up among the steps that the innermost loop allows and accepted
whole by its definition's pattern. What is refused goes to ``explain`` (an element fault) or to ``_astray`` (a segment
that does not fit), which reports one finding for one cause and finds its feet again at the next loop it recognises.

When a loop is missing, the finding stands where it should have been: at the segment that shows its absence.
"""

from __future__ import annotations

from collections.abc import Callable

from scrubber.x12.check import Checker, Numbers
from scrubber.x12.explain import Fault, explain, find_separator
from scrubber.x12.guide import Definition, Guide, LoopUse, SegmentUse, Step
from scrubber.x12.loops import Loop
from scrubber.x12.plan import Meaning, Plan
from scrubber.x12.segments import BLANKS, Delimiters, Segment, make_segment

ENVELOPE = frozenset(("ISA", "GS", "ST", "GE", "IEA", "TA1"))
"""Segments that end a set that has no SE."""

CHECKED = frozenset(("HL", "LX", "SE"))
"""Segments that are judged beside those before them."""


class Walker(Checker):
    """Walks one transaction set, from ST to SE.

    ``feed`` takes pieces until the set is over (``done``) or the pieces are. Whole claims are put on ``claims``;
    ``findings`` are those outside claims. ``separator`` is set when the set's data plainly use another component
    separator than declared; the walker then reads on with that.
    """

    def __init__(self, guide: Guide, delimiters: Delimiters) -> None:
        super().__init__(Loop(guide.root, None), delimiters)
        self.guide = guide
        self.claims: list[Loop] = []
        self.done = False
        self.closed_by_se = False
        self.se: list[str] = []
        self.separator: str | None = None
        self._lost = False
        self._declared = delimiters
        self._doubt: tuple[Segment, list[Fault], str] | None = None
        self._sound = False
        self._set_delimiters(delimiters)

    def _set_delimiters(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self._plan = Plan(delimiters)

    # The hot path ------------------------------------------------------------------------------------------------

    def feed(self, pieces: list[str], index: int, offset: int, gap: int = 1) -> tuple[int, int]:
        """Walk from ``pieces[index]``, which starts at byte ``offset``; returns where it stopped. Between two pieces
        are ``gap`` bytes."""
        loop, ordinal = self._loop, self.ordinal
        readings, ref = self._plan.readings, loop.ref
        known, read = self._reading(loop)
        seen, position, segments, by_key = loop.seen, loop.position, loop.segments, loop.index
        for index, text in enumerate(pieces[index:] if index else pieces, index):  # noqa: B020
            start = offset
            offset += len(text) + gap
            meaning = known.get(text)
            if meaning is None:
                if text < "!":  # It begins with a blank or a line break, or is empty.
                    raw, text = text, text.lstrip(BLANKS)
                    start += len(raw) - len(text)
                    if not text:
                        self.start = start
                        self._empty(bool(raw), index + 1 == len(pieces))
                        continue
                meaning = read(text)
            ordinal += 1
            elements, key, place, bit, use, opening = meaning
            if bit:
                if place >= position and not seen & bit:
                    seen |= bit
                    position = place
                    # As make_segment does, without the call.
                    segment = Segment()
                    segment.elements = elements
                    segment.ordinal = ordinal
                    segment.offset = start
                    segment.use = use
                    segment.loop_ref = ref
                    segments.append(segment)
                    by_key[key] = segment
                    continue
            elif opening is not None:
                pops, node = opening
                bit, place, most = node.bit, node.position, node.max
                if pops:
                    around = loop.parent
                    assert around is not None
                    fits = not loop.node.required & ~seen and place >= around.position
                    again = around.seen & bit
                else:
                    around = loop
                    fits = place >= position
                    again = seen & bit
                if fits and again and most:
                    # How many there were is counted only where there may be several, and not without bound.
                    counts = around.counts = around.counts or {}
                    fits = most > 1 and counts.get(bit, 1) < most
                    if fits:
                        counts[bit] = counts.get(bit, 1) + 1
                if fits:
                    assert use is not None
                    loop.seen = seen
                    loop.position = position
                    if pops:
                        loop.complete()
                    around.seen |= bit
                    around.position = place
                    loop = self._loop = Loop(node, around)
                    around.children.append(loop)
                    seen, position, segments, by_key, ref = use.bit, use.position, loop.segments, loop.index, loop.ref
                    reading = readings.get(node) or self._plan.of(node)
                    known, read = reading.known, reading.read
                    segment = Segment()
                    segment.elements = elements
                    segment.ordinal = ordinal
                    segment.offset = start
                    segment.use = use
                    segment.loop_ref = ref
                    segments.append(segment)
                    by_key[key] = segment
                    if key == "LX":
                        lines = self._lines
                        if len(elements) > 1 and elements[1] == str(lines.count + 1):
                            lines.count += 1
                        else:
                            self.ordinal, self.start = ordinal, start
                            self._check_lx(segment)
                    continue
            loop.seen, loop.position = seen, position
            self.ordinal, self.start = ordinal, start
            step = loop.node.steps.get(key)
            if step is not None and not self._lost and self._take(step, key, elements, text, use):
                pass
            elif elements[0] in ENVELOPE:
                self.ordinal -= 1
                self._end(start)
                return index, offset - len(pieces[index]) - gap
            else:
                self._astray(step, key, elements, text)
            if self.done:
                return index + 1, offset
            loop = self._loop
            readings, ref = self._plan.readings, loop.ref
            known, read = self._reading(loop)
            seen, position, segments, by_key = loop.seen, loop.position, loop.segments, loop.index
        loop.seen, loop.position = seen, position
        self.ordinal = ordinal
        self._plan.forget()
        return len(pieces), offset

    def _reading(self, loop: Loop) -> tuple[dict[str, Meaning], Callable[[str], Meaning]]:
        """How texts are read from here on: what is remembered of this loop, and how to read another."""
        reading = self._plan.of(loop.node)
        return ({}, reading.take_apart) if self._lost else (reading.known, reading.read)

    # Steps that change the loop or repeat a segment ---------------------------------------------------------------

    def _take(self, step: Step, key: str, elements: list[str], text: str, accepted: SegmentUse | None = None) -> bool:
        """Take a step if it is in order and within its maximum, here and now: close and open loops, then read."""
        loop = target = self._loop
        for _ in range(step.pops):
            target = target.parent  # type: ignore[assignment]  # a step never leads above the set's loop
        node, use = step.opens, step.use
        if node is None:
            if use.position < target.position or is_full(target, use.bit, use.max):
                return False
            while self._loop is not target:
                self._close()
            target.position = use.position
            raise_count(target, use.bit, use.max)
            if step.pops == 0:
                self._plan.learn(target.node, key, use)
        else:
            if node.position < target.position or (target.seen & node.bit and is_full(target, node.bit, node.max)):
                return False
            if not node.epoch:
                self._plan.learn_opening(loop.node, key, step)
            while loop is not target:
                if loop.node.epoch or loop.node.required & ~loop.seen:
                    self._close()
                    loop = self._loop
                else:
                    loop = self._loop = loop.complete()
            if node.epoch:
                loop = self._open(node)
            else:
                bit = node.bit
                if target.seen & bit:
                    raise_count(target, bit, node.max)
                else:
                    target.seen |= bit
                target.position = node.position
                loop = self._loop = Loop(node, target)
                loop.seen, loop.position = use.bit, use.position
                target.children.append(loop)
        self._lost = False
        if accepted is not use and not self._plan.accepts(use.definition, elements, text):
            self._read(use, key, elements, text)
            return True
        loop = self._loop
        segment = make_segment(elements, self.ordinal, self.start, loop, use)
        loop.segments.append(segment)
        if key not in loop.index:
            loop.index[key] = segment
        if elements[0] in CHECKED:
            self._check(segment)
        return True

    def _open(self, node: LoopUse) -> Loop:
        parent = self._loop
        if node.epoch:
            self._check_before(parent, node)
            if node.id == "2300":
                self._lines = Numbers()
        if node.position > parent.position:
            parent.position = node.position
        if parent.seen & node.bit:
            raise_count(parent, node.bit, node.max)
        else:
            parent.seen |= node.bit
        loop = self._loop = Loop(node, parent)
        first = node.uses[0]
        loop.seen = first.bit
        loop.position = first.position
        if not node.epoch and self._keeps(parent):
            parent.children.append(loop)
        return loop

    def _read(self, use: SegmentUse, key: str, elements: list[str], text: str) -> Segment:
        """Append a segment to the innermost loop, with a finding for each of its faults."""
        loop = self._loop
        segment = make_segment(elements, self.ordinal, self.start, loop, use)
        if self._keeps(loop):
            loop.segments.append(segment)
        if key not in loop.index:
            loop.index[key] = segment
        definition = use.definition
        name = elements[0]
        if not self._plan.accepts(definition, elements, text):
            for fault in self._faults(definition, segment):
                self._element_fault(fault, segment)
        if name in CHECKED:
            self._check(segment)
        return segment

    def _faults(self, definition: Definition, segment: Segment) -> list[Fault]:
        """The faults of a segment, minding that its sender may use another component separator than declared.

        The first composite in doubt is read with the separator that it seems to have; what follows in the same claim
        shows whether the whole set is written so (one finding) or only this element (a fault of the element).
        """
        elements = segment.elements
        faults = list(explain(definition, elements, self.delimiters))
        if definition.id == "SE":  # What is wrong with SE01 or SE02 is told of the set (IK502 4 and 3).
            return [f for f in faults if f.element not in (1, 2)]
        if not faults:
            return faults
        if self.delimiters is not self._declared:
            as_declared = list(explain(definition, elements, self._declared))
            if not as_declared and self._doubt is not None:
                first, before, doubted = self._doubt
                self._doubt = None
                self._set_delimiters(self._declared)
                use = first.use
                assert use is not None
                for fault in self._with_separator(use.definition, first.elements, before, doubted):
                    self._element_fault(fault, first)
            return as_declared if len(as_declared) < len(faults) else faults
        other = find_separator(definition, elements, self.delimiters)
        if other is not None and not self._sound and not self._uses_declared():
            self._doubt = (segment, faults, other)
            self._set_delimiters(self.delimiters._replace(component=other))
            return list(explain(definition, elements, self.delimiters))
        return faults if other is None else self._with_separator(definition, elements, faults, other)

    def _with_separator(
        self, definition: Definition, elements: list[str], faults: list[Fault], other: str
    ) -> list[Fault]:
        """The faults of elements that are right but for their separator, each told once and as that."""
        left = {f.element for f in explain(definition, elements, self.delimiters._replace(component=other))}
        told: dict[int, Fault] = {}
        for fault in faults:
            if fault.element not in left and definition.elements[fault.element - 1].components:
                ref = f"{definition.id}{fault.element:02d}"
                detail = (
                    f"{ref} is written with {other} between its components, this file has {self.delimiters.component}"
                )
                told.setdefault(fault.element, fault._replace(component=0, ref=ref, detail=detail))
        return [f for f in faults if f.element not in told] + list(told.values())

    def _uses_declared(self) -> bool:
        """Whether the claim read so far has a composite with the declared separator."""
        component = self.delimiters.component
        claim = self._loop.up("2300")
        return claim is not None and any(
            component in element for s in claim.segments if s.id in ("CLM", "HI") for element in s.elements
        )

    def _check(self, segment: Segment) -> None:
        """What a segment tells besides its elements: its number in a sequence, the end of the set."""
        name = segment.elements[0]
        if name == "LX":
            self._check_lx(segment)
        elif name == "HL":
            self._check_hl(segment)
        else:
            self.se = segment.elements
            self.closed_by_se = True
            self._end(self.start)

    def _close(self) -> None:
        """Leave the innermost loop: what it lacks is reported, a claim is handed on."""
        loop = self._loop
        parent = loop.parent
        assert parent is not None
        if (missing := loop.node.required & ~loop.seen) and not loop.damaged:
            self._missing(loop, missing)
        if not loop.node.epoch:
            loop.complete()
        else:
            if loop.node.id == "2300":
                self.claims.append(loop)
                if self._doubt is not None:
                    self.separator, self._doubt = self._doubt[2], None
                self._sound = self.separator is None
            else:
                self._check_children(loop)
            if self._strays:
                self._strays = {stray: names for stray, names in self._strays.items() if stray in parent.around()}
        self._loop = parent

    def _check_before(self, parent: Loop, node: LoopUse) -> None:
        """What the parent must hold before this loop is told now: claims that come must know."""
        missing = node.before & ~parent.seen
        if missing:
            if not parent.damaged:
                self._missing(parent, missing)
            parent.seen |= missing

    def _end(self, start: int) -> None:
        """The set is over: close every loop."""
        self.start = start
        if not self.closed_by_se:
            for loop in self._chain():
                loop.damaged = True  # Cut off: that is the finding, not each segment that is gone.
        while self._loop.parent is not None:
            self._close()
        if (missing := self.guide.root.required & ~self.root.seen) and not self.root.damaged:
            self._missing(self.root, missing)
        self.done = True

    def finish(self, start: int) -> None:
        """The data ended inside the set."""
        if not self.done:
            self._end(start)

    def _astray(self, step: Step | None, key: str, elements: list[str], text: str) -> None:
        """A segment that is not next here: one finding, and read on as well as can be (see ``recover``)."""
        raise NotImplementedError


def is_full(loop: Loop, bit: int, most: int) -> bool:
    """Whether a segment or child loop already stands as often as it may."""
    if not loop.seen & bit or most == 0:
        return False
    if most == 1:
        return True
    return (loop.counts or {}).get(bit, 1) >= most


def raise_count(loop: Loop, bit: int, most: int) -> None:
    if loop.seen & bit:
        if most > 1:
            counts = loop.counts = loop.counts or {}
            counts[bit] = counts.get(bit, 1) + 1
    else:
        loop.seen |= bit
