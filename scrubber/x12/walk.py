"""Segments to loops: one transaction set, claim by claim, with its structural findings.

``Walker.feed`` is the hot path: each segment is looked up among the steps that the innermost loop allows and accepted
whole by its definition's pattern. What is refused goes to ``explain`` (an element fault) or to ``_astray`` (a segment
that does not fit), which reports one finding for one cause and finds its feet again at the next loop it recognises.

When a loop is missing, the finding stands where it should have been: at the segment that shows its absence.
"""

from __future__ import annotations

from collections.abc import Callable

from scrubber.x12.explain import Fault, dates_exist, explain, find_separator, notes_hold
from scrubber.x12.guide import QUALIFIER, Definition, Guide, LoopUse, SegmentUse, Step
from scrubber.x12.loops import Loop
from scrubber.x12.places import context
from scrubber.x12.record import Recorder
from scrubber.x12.segments import Delimiters, Segment

MANDATORY = frozenset(("ST", "BHT", "HL", "SE", "FRM"))
"""Segments that the base transaction set 837 requires (standard.toml, set837): missing is 3, otherwise I8."""

ENVELOPE = frozenset(("ISA", "GS", "ST", "GE", "IEA", "TA1"))
"""Segments that end a set that has no SE."""

ANY = "*"
"""Marks a loop in which an unknown segment stands: it explains one missing segment, of whatever kind."""

REMEMBERED = 20_000
"""Segments remembered by their text, as split and accepted: half of a real file's segments have come before."""


Entry = tuple[int, int, Callable[[str], object], int, SegmentUse]
"""What the hot path needs of a segment in its loop: position, bit, matcher, safe length, use."""

Opening = tuple[int, LoopUse, Callable[[str], object], int, SegmentUse]
"""What it needs of a segment that opens a loop: whether the loop before closes first (0 or 1), the loop, matcher, safe
length, use."""

SELDOM_TWICE = frozenset(
    ("CLM", "HL20", "HL22", "HL23", "DMG", "N3", "N4", "NM1IL", "NM1QC", "REFD9", "REF6R", "REFEA", "ST", "SE", "BHT")
)
"""Segments, by qualified id, whose text hardly ever comes again: remembering them would only make memory slow."""

CHECKED = frozenset(("HL", "LX", "SE"))
"""Segments that are judged beside those before them."""

make_segment = tuple.__new__
"""Makes a Segment without the cost of a call in Python; see its fields."""


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


class Numbers:
    """Numbers that count from 1, HL01 and LX01. After a wrong one, both ways to count on are right: past it, and as if
    it had been right; so that one wrong or missing number is told once."""

    __slots__ = ("count", "gap")

    def __init__(self) -> None:
        self.count = 0
        self.gap = 0

    def fits(self, written: str) -> bool:
        """Whether this is the next number."""
        self.count += 1
        return written == str(self.count) or self._fits_otherwise(written)

    def _fits_otherwise(self, written: str) -> bool:
        number = int(written) if written.isdecimal() and len(written) < 10 else 0
        gap, self.gap = self.gap, number - self.count if number else self.gap
        if gap and number == self.count + gap:
            self.count, self.gap = number, 0
            return True
        return False

    def allow_gap(self) -> None:
        """The next number may be one too high: what should have it is missing."""
        self.gap = 1

    def skip(self, written: str) -> None:
        """Count a stray segment if it continues the numbers."""
        if written == str(self.count + 1):
            self.count += 1


class Walker(Recorder):
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
        self._emptied: Loop | None = None
        self._strays: dict[Loop, set[str]] = {}
        self._numbers = Numbers()
        self._lines = Numbers()
        self._lower: dict[LoopUse, int] = {}
        """Bit of the lower HL loop of 2000A and 2000B."""
        self._parents: dict[str, tuple[str, ...]] = {}
        self._declared = delimiters
        self._doubt: tuple[Segment, list[Fault], str] | None = None
        self._sound = False
        self._set_delimiters(delimiters)

    def _set_delimiters(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self._plan = Plan(delimiters)

    # The hot path ------------------------------------------------------------------------------------------------

    def feed(self, pieces: list[str], index: int, offset: int) -> tuple[int, int]:
        """Walk from ``pieces[index]``, which starts at byte ``offset``; returns where it stopped."""
        separator, component = self.delimiters.element, self.delimiters.component
        qualifier, known, seldom, make = QUALIFIER, self._plan.known, SELDOM_TWICE, make_segment
        loop, ordinal, lost = self._loop, self.ordinal, self._lost
        tables, ref = self._plan.tables, loop.ref
        entries, openings = self._plan.of(loop.node)
        seen, position, segments, by_key = loop.seen, loop.position, loop.segments, loop.index
        for index, text in enumerate(pieces[index:] if index else pieces, index):  # noqa: B020
            start = offset
            offset += len(text) + 1
            if text < "!":  # It begins with a blank or a line break, or is empty.
                raw, text = text, text[1:]
                start += 1
                if text < "!":  # More than the one line break that is usual, or nothing at all.
                    text = raw.lstrip("\r\n\t ")
                    start += len(raw) - len(text) - 1
                    if not text:
                        self.start = start
                        self._empty(bool(raw), index + 1 == len(pieces))
                        continue
            ordinal += 1
            memory = known.get(text)
            if memory is not None:
                elements, key, accepted = memory
            else:
                elements = text.split(separator)
                accepted = None
                key = elements[0]
                number = qualifier.get(key)
                if number is not None and number < len(elements):
                    key += elements[number] if key != "HI" else elements[1].split(component, 1)[0]
            entry = entries.get(key)
            if entry is not None and not lost:
                place, bit, match, safe, use = entry
                if place >= position and not seen & bit:
                    if (
                        accepted is not use
                        and match(text) is not None
                        and (len(elements) <= safe or self._holds(use.definition, elements))
                    ):
                        accepted = use
                        if key not in seldom:
                            known[text] = (elements, key, use)
                    if accepted is use:
                        seen |= bit
                        position = place
                        segment = make(Segment, (elements, ordinal, start, use, ref))
                        segments.append(segment)
                        by_key[key] = segment
                        continue
            elif (opening := openings.get(key)) is not None and not lost:
                pops, node, match, safe, use = opening
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
                if fits and (
                    accepted is use
                    or (match(text) is not None and (len(elements) <= safe or self._holds(use.definition, elements)))
                ):
                    if accepted is not use and key not in seldom:
                        known[text] = (elements, key, use)
                    if pops:
                        loop.seen, loop.position = seen, position
                        loop.complete()
                        around.seen |= bit
                        around.position = place
                    else:
                        loop.seen, loop.position = seen | bit, place
                    loop = self._loop = Loop(node, around)
                    around.children.append(loop)
                    seen, position, segments, by_key, ref = use.bit, use.position, loop.segments, loop.index, loop.ref
                    entries, openings = tables.get(node) or self._plan.of(node)
                    segment = make(Segment, (elements, ordinal, start, use, ref))
                    segments.append(segment)
                    by_key[key] = segment
                    if key == "LX":
                        self.ordinal, self.start = ordinal, start
                        self._check_lx(segment)
                    continue
                if fits and again and most > 1 and around.counts:
                    around.counts[bit] -= 1  # The slow way counts it anew.
            loop.seen, loop.position = seen, position
            self.ordinal, self.start = ordinal, start
            step = loop.node.steps.get(key)
            if step is not None and not lost and self._take(step, key, elements, text, accepted):
                pass
            elif elements[0] in ENVELOPE:
                self.ordinal -= 1
                self._end(start)
                return index, offset - len(pieces[index]) - 1
            else:
                self._astray(step, key, elements, text)
            if self.done:
                return index + 1, offset
            loop, lost = self._loop, self._lost
            ref, known, tables = loop.ref, self._plan.known, self._plan.tables
            entries, openings = self._plan.of(loop.node)
            seen, position, segments, by_key = loop.seen, loop.position, loop.segments, loop.index
            component = self.delimiters.component
        loop.seen, loop.position = seen, position
        self.ordinal = ordinal
        if len(known) > REMEMBERED:
            known.clear()
        return len(pieces), offset

    def _holds(self, definition: Definition, elements: list[str]) -> bool:
        """What the pattern cannot see: dates that do not exist, syntax notes."""
        return dates_exist(definition, elements) and notes_hold(definition, elements)

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
        if accepted is not use:
            definition = use.definition
            if self._plan.matcher(definition)(text) is None or not (
                len(elements) <= definition.safe or self._holds(definition, elements)
            ):
                self._read(use, key, elements, text)
                return True
            if key not in SELDOM_TWICE:
                self._plan.known[text] = (elements, key, use)
        loop = self._loop
        segment = make_segment(Segment, (elements, self.ordinal, self.start, use, loop.ref))
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
        segment = Segment(elements, self.ordinal, self.start, loop, use)
        if self._keeps(loop):
            loop.segments.append(segment)
        if key not in loop.index:
            loop.index[key] = segment
        definition = use.definition
        name = elements[0]
        if self._plan.matcher(definition)(text) is not None and (
            len(elements) <= definition.safe or self._holds(definition, elements)
        ):
            if key not in SELDOM_TWICE:
                self._plan.known[text] = (elements, key, use)
        else:
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

    def _empty(self, blank: bool, last: bool) -> None:
        """Two terminators with nothing but blanks between: no segment, not counted. Told once of each claim."""
        if (blank and last) or self._loop is self._emptied:
            return
        scope = context(self._loop)[2]
        told = self._emptied is not None and context(self._emptied)[2] is scope
        self._emptied = self._loop
        if not told:
            self._report("IK3-1", "", "An empty segment: two segment terminators with nothing between them", length=0)

    # Checks between segments -------------------------------------------------------------------------------------

    def _check_hl(self, segment: Segment) -> None:
        """HL01 counts from 1, HL02 names the parent, HL04 is judged when the loop closes."""
        written, given, level = segment.get(1), segment.get(2), segment.get(3)
        counted = str(self._numbers.count + 1)
        if not self._numbers.fits(written) and written:
            detail = f"HL01 is {_number(written)}, the next number is {counted}"
            self._element_fault(Fault("7", 1, 0, 0, "HL01", "Hierarchical ID Number", "628", written, detail), segment)
        parent = {"22": "20", "23": "22"}.get(level)
        if parent is not None and given:
            expected = self._parents.get(parent)
            if expected and given not in expected:
                detail = f"HL02 is {_number(given)}, the parent's number is {_number(expected[0])}"
                fault = Fault("7", 2, 0, 0, "HL02", "Hierarchical Parent ID Number", "734", given, detail)
                self._element_fault(fault, segment)
        self._parents[level] = (written,) if written == counted else (written, counted)

    def _check_children(self, loop: Loop) -> None:
        """HL04 says whether a lower HL follows."""
        segment = loop.segments[0] if loop.segments else None
        if segment is None or segment.id != "HL" or loop.damaged:
            return
        lower = self._lower.get(loop.node)
        if lower is None:
            lower = self._lower[loop.node] = sum(n.bit for n in loop.node.loops if n.id in ("2000B", "2000C"))
        has, flag = bool(loop.seen & lower), segment.get(4)
        if (flag == "1") == has or flag not in ("0", "1"):
            return
        if len(loop.segments) == 1 and not loop.children:
            return  # It holds nothing but this HL, and that is told.
        if not self._strays.get(loop, set()).isdisjoint(("HL", ANY)):
            return
        detail = (
            "HL04 says that no lower level follows, but one does" if has else
            "HL04 says that a lower level follows, but none does"
        )  # fmt: skip
        fault = Fault("7", 4, 0, 0, "HL04", "Hierarchical Child Code", "736", segment.get(4), detail)
        self._element_fault(fault, segment)

    def _check_lx(self, segment: Segment) -> None:
        """LX01 counts the lines of a claim from 1."""
        written = segment.get(1)
        counted = self._lines.count + 1
        if not self._lines.fits(written) and written.isdecimal():
            detail = f"LX01 is {_number(written)}, the next line is {counted}"
            self._element_fault(Fault("7", 1, 0, 0, "LX01", "Assigned Number", "554", written, detail), segment)

    def _missing(self, loop: Loop, bits: int) -> None:
        """Report what a loop lacks, at the place where it should have been. A loop that holds nothing but its first
        segment is one finding."""
        node = loop.node
        strays = self._strays.get(loop, set())
        lacking: list[SegmentUse | LoopUse] = [u for u in node.uses if u.bit & bits and u.id not in strays]
        lacking += [n for n in node.loops if n.bit & bits and n.first.id not in strays]
        if lacking and ANY in strays:
            strays.discard(ANY)
            del lacking[0]
        if lacking and len(loop.segments) == 1 and not loop.children and loop is not self.root:
            others = ", ".join(f"loop {x.id}" if isinstance(x, LoopUse) else x.id for x in lacking[1:])
            note = f"; so {'are' if len(lacking) > 2 else 'is'} {others}" if others else ""
            self._report_missing(loop, lacking[0], note)
            return
        for item in lacking:
            self._report_missing(loop, item, "")

    def _report_missing(self, loop: Loop, item: SegmentUse | LoopUse, note: str) -> None:
        ordinal, offset = self._place_of(loop, item.position)
        if isinstance(item, LoopUse):
            first, name, qualifier = item.first, item.id, ""
            code = "IK3-3" if first.id in MANDATORY else "IK3-I7"
            detail = f"Loop {item.id} ({item.name}) is missing: it opens with {first.id}"
        else:
            first, name, qualifier = item, "", _qualifier(item)
            code = "IK3-3" if item.id in MANDATORY else "IK3-I8"
            detail = f"{item.id} ({item.definition.name}) is missing" + (
                f" in loop {loop.id}" if loop is not self.root else ""
            )
        self._report(
            code, first.id, detail + note, loop=loop, ordinal=ordinal, offset=offset, length=0, loop_id=name,
            qualifier=qualifier,
        )  # fmt: skip

    def _place_of(self, loop: Loop, position: int) -> tuple[int, int]:
        """Ordinal and byte of the first segment of the loop that stands after a position, else of what follows it."""
        later = [s for s in loop.segments if s.use is not None and s.use.position > position]
        later += [c.segments[0] for c in loop.children if c.segments and c.node.position > position]
        if later:
            first = min(later, key=lambda s: s.ordinal)
            return first.ordinal, first.offset
        return self.ordinal, self.start

    def _mark_stray(self, name: str) -> None:
        """A stray segment explains why a segment of its kind is missing, up to the loop that repeats."""
        for loop in self._chain():
            self._strays.setdefault(loop, set()).add(name)
            if loop.node.epoch:
                break

    def _astray(self, step: Step | None, key: str, elements: list[str], text: str) -> None:
        """A segment that is not next here: one finding, and read on as well as can be (see ``recover``)."""
        raise NotImplementedError


def _number(written: str) -> str:
    """A number to be told; anything else may be anyone's data."""
    return written if written.isdecimal() and len(written) < 13 else "no number"


def _qualifier(use: SegmentUse) -> str:
    """What tells this segment from others of its id (``ABK``), so that an edit that names the fault can tell too."""
    return use.keys[0][len(use.id) :] if use.keys else ""


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
