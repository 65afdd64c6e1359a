"""Segments to loops: one transaction set, claim by claim, with its structural findings.

``Walker.feed`` is the hot path: each segment is looked up among the steps that the innermost loop allows and accepted
whole by its definition's pattern. What is refused goes to ``explain`` (an element fault) or to ``_astray`` (a segment
that does not fit), which reports one finding for one cause and finds its feet again at the next loop it recognises.

When a loop is missing, the finding stands where it should have been: at the segment that shows its absence.
"""

from __future__ import annotations

from collections.abc import Callable

from scrubber.finding import Finding, Location, Severity
from scrubber.x12.explain import Fault, dates_exist, explain, find_separator, notes_hold
from scrubber.x12.guide import EPOCH_LOOPS, QUALIFIER, Definition, Guide, LoopUse, SegmentUse, Step
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment

MANDATORY = frozenset(("ST", "BHT", "HL", "SE", "FRM"))
"""Segments that the base transaction set 837 requires (standard.toml, set837): missing is 3, otherwise I8."""

ENVELOPE = frozenset(("ISA", "GS", "ST", "GE", "IEA", "TA1"))
"""Segments that end a set that has no SE."""

OPENERS = frozenset(("HL", "NM1", "CLM", "LX", "SBR", "LIN", "SVD", "LQ"))
"""Segments that open a loop somewhere: after a stray one, what follows belongs to it."""

MISQUALIFIED = {"HIABF": "HIABK", "HIBF": "HIBK"}
"""Diagnoses sent under the qualifier of the later ones: read as what they are, the fault shown at the qualifier."""

CLAIM_FINDINGS = 200
OTHER_FINDINGS = 2_000
"""Findings kept for one claim, and outside claims for one set: hostile input must not fill memory."""

REMEMBERED = 20_000
"""Segments remembered by their text, as split and accepted: half of a real file's segments have come before."""


Entry = tuple[int, int, Callable[[str], object], int, SegmentUse]
"""What the hot path needs of a segment in its loop: position, bit, matcher, safe length, use."""

SELDOM_TWICE = frozenset(("CLM", "HL", "DMG", "ISA", "ST", "SE", "BHT"))
"""Segments whose text hardly ever comes again: not worth remembering."""

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
        self.entries: dict[LoopUse, dict[str, Entry]] = {}
        self.known: dict[str, tuple[list[str], str, SegmentUse]] = {}
        """Text to its elements, qualified id, and the use that accepted it."""

    def of(self, loop: LoopUse) -> dict[str, Entry]:
        entries = self.entries.get(loop)
        if entries is None:
            entries = self.entries[loop] = {}
        return entries

    def matcher(self, definition: Definition) -> Callable[[str], object]:
        matcher = self.matchers.get(definition)
        if matcher is None:
            matcher = self.matchers[definition] = definition.matcher(self.delimiters)
        return matcher

    def learn(self, loop: LoopUse, key: str, use: SegmentUse) -> None:
        definition = use.definition
        self.of(loop)[key] = (use.position, use.bit, self.matcher(definition), definition.safe, use)


class Walker:
    """Walks one transaction set, from ST to SE.

    ``feed`` takes pieces until the set is over (``done``) or the pieces are. Whole claims are put on ``claims``;
    ``findings`` are those outside claims. ``separator`` is set when the set's data plainly use another component
    separator than declared; the walker then reads on with that.
    """

    def __init__(self, guide: Guide, delimiters: Delimiters) -> None:
        self.guide = guide
        self.claims: list[Loop] = []
        self.findings: list[Finding] = []
        self.done = False
        self.closed_by_se = False
        self.se: list[str] = []
        self.separator: str | None = None
        self.ordinal = 0
        self.root = Loop(guide.root, None)
        self._loop = self.root
        self._lost = False
        self._strays: dict[int, set[str]] = {}
        self._hl = 0
        self._parents: dict[str, int] = {}
        self._lx = 0
        self.start = 0
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
        entries, ref = self._plan.of(loop.node), loop.ref
        seen, position, segments, by_key = loop.seen, loop.position, loop.segments, loop.index
        for index, text in enumerate(pieces[index:] if index else pieces, index):  # noqa: B020, PLR1704
            start = offset
            offset += len(text) + 1
            if text < "!":  # It begins with a blank or a line break, or is empty.
                raw = text
                text = raw.lstrip("\r\n\t ")
                start += len(raw) - len(text)
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
                    if accepted is not use and match(text) is not None and (
                        len(elements) <= safe or self._holds(use.definition, elements)
                    ):
                        accepted = use
                        if elements[0] not in seldom:
                            known[text] = (elements, key, use)
                    if accepted is use:
                        seen |= bit
                        position = place
                        segment = make(Segment, (elements, ordinal, start, use, ref))
                        segments.append(segment)
                        by_key[key] = segment
                        continue
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
            entries, ref, known = self._plan.of(loop.node), loop.ref, self._plan.known
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

    def _take(
        self, step: Step, key: str, elements: list[str], text: str, accepted: SegmentUse | None = None
    ) -> bool:
        """Take a step if it is in order and within its maximum, here and now: close and open loops, then read."""
        loop = target = self._loop
        for _ in range(step.pops):
            target = target.parent  # type: ignore[assignment]  # a step never leads above the set's loop
        node, use = step.opens, step.use
        if node is None:
            if use.position < target.position or _full(target, use.bit, use.max):
                return False
            while self._loop is not target:
                self._close()
            target.position = use.position
            _count(target, use.bit, use.max)
            if step.pops == 0:
                self._plan.learn(target.node, key, use)
        else:
            if node.position < target.position or (target.seen & node.bit and _full(target, node.bit, node.max)):
                return False
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
                    _count(target, bit, node.max)
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
            if elements[0] not in SELDOM_TWICE:
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
                self._lx = 0
        if node.position > parent.position:
            parent.position = node.position
        if parent.seen & node.bit:
            _count(parent, node.bit, node.max)
        else:
            parent.seen |= node.bit
        loop = self._loop = Loop(node, parent)
        first = node.uses[0]
        loop.seen = first.bit
        loop.position = first.position
        if not node.epoch:
            parent.children.append(loop)
        return loop

    def _read(self, use: SegmentUse, key: str, elements: list[str], text: str) -> Segment:
        """Append a segment to the innermost loop, with a finding for each of its faults."""
        loop = self._loop
        segment = Segment(elements, self.ordinal, self.start, loop, use)
        loop.segments.append(segment)
        if key not in loop.index:
            loop.index[key] = segment
        definition = use.definition
        name = elements[0]
        if self._plan.matcher(definition)(text) is not None and (
            len(elements) <= definition.safe or self._holds(definition, elements)
        ):
            if name not in SELDOM_TWICE:
                self._plan.known[text] = (elements, key, use)
        else:
            faults = list(explain(definition, elements, self.delimiters))
            if faults and self.separator is None and (other := find_separator(definition, elements, self.delimiters)):
                self.separator = other
                self._set_delimiters(self.delimiters._replace(component=other))
                faults = list(explain(definition, elements, self.delimiters))
            for fault in faults:
                self._element_fault(fault, segment)
        if name in CHECKED:
            self._check(segment)
        return segment

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
            self._strays.pop(id(loop), None)
            if loop.node.id == "2300":
                self.claims.append(loop)
            else:
                self._check_children(loop)
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
            self.ordinal += 1  # What is missing would have stood here.
        while self._loop.parent is not None:
            self._close()
        self.root.seen |= self.guide.root.uses[-1].bit  # A missing SE is an envelope fault, reported there.
        if missing := self.guide.root.required & ~self.root.seen:
            self._missing(self.root, missing)
        if not self.closed_by_se:
            self.ordinal -= 1
        self.done = True

    def finish(self, start: int) -> None:
        """The data ended inside the set."""
        if not self.done:
            self._end(start)

    # Segments that do not fit ------------------------------------------------------------------------------------

    def _astray(self, step: Step | None, key: str, elements: list[str], text: str) -> None:
        """A segment that the innermost loop does not expect here: one finding, and read on as well as can be."""
        name = elements[0]
        if self._lost and name not in OPENERS:
            return  # It belongs to the stray segment that was reported.
        if self._lost and step is not None and self._take(step, key, elements, text):
            return
        if name not in self.guide.used_ids:
            self._unknown(name, elements)
        elif name == "HL":
            self._stray_hl(key, elements, text)
        elif name == "CLM" and self._force(("2000B",), "2300", key, elements, text):
            return
        elif (
            (step is not None and self._repeat(step, key, elements, text))
            or self._choose(key, elements, text)
            or self._misqualified(key, elements, text)
            or self._infer(key, elements, text)
            or self._misplaced(key, elements, text)
        ):
            return
        else:
            self._unexpected(key, elements)

    def _unknown(self, name: str, elements: list[str]) -> None:
        if name in self.guide.segment_ids:
            self._report("IK3-6", name, f"{name} is an X12 segment, but no professional claim holds one")
        else:
            shown = name if name.isalnum() and len(name) <= 3 else "This text"
            self._report("IK3-1", name[:3] if name.isalnum() else "", f"{shown} is no X12 segment", found=name[:20])

    def _unexpected(self, key: str, elements: list[str]) -> None:
        name = elements[0]
        if self._lost:
            return
        what = f"{name} with {elements[QUALIFIER[name]].split(self.delimiters.component)[0]}" if key != name else name
        self._report("IK3-2", name, f"{what} is not expected here", found=key[len(name) :])
        self._mark_stray(name)
        if name in OPENERS:
            self._lost = True

    def _stray_hl(self, key: str, elements: list[str], text: str) -> None:
        if key == "HL22" and self._force((), "2000B", key, elements, text):
            return
        if key == "HL23" and self._force(("2000B",), "2000C", key, elements, text):
            return
        while self._loop.parent is not None and self._loop.node.id != "2000A":
            self._close()  # Whose claims follow is unknown, but no longer those of the loop before.
        segment = Segment(elements, self.ordinal, self.start, self._loop)
        code = elements[3] if len(elements) > 3 else ""
        detail = f"HL03 (Hierarchical Level Code) is {code}; a professional claim has 20, 22 and 23" if code else (
            "HL03 (Hierarchical Level Code) is missing"
        )
        fault = Fault("7" if code else "1", 3, 0, 0, "HL03", "Hierarchical Level Code", "735", code, detail)
        self._element_fault(fault, segment)
        self._mark_stray("HL")
        self._lost = True

    def _force(self, above: tuple[str, ...], target: str, key: str, elements: list[str], text: str) -> bool:
        """Open a loop whose parent is missing, making up what lies between: data must not be lost with it."""
        chain = {loop.id: loop for loop in self._chain()}
        if target == "2300" and "2000C" in chain:
            above = ("2000C",)
        elif "2000A" in chain and target == "2000C" and "2000B" not in chain:
            above = ("2000B",)
        wanted = [*([] if "2000A" in chain else ["2000A"]), *(n for n in above if n not in chain)]
        keep = chain.get("2000C" if "2000C" in above else "2000B" if "2000B" in above else "2000A")
        stop = keep or chain.get("2000A") or self.root
        while self._loop is not stop:
            self._close()
        for name in wanted:
            node = next(n for n in self._loop.node.loops if n.id == name)
            if not self._lost:
                what = f"Loop {node.id} ({node.name}) is missing: its HL should stand before this {elements[0]}"
                self._report("IK3-3", "HL", what, loop=self._loop, length=0)
                self._lost = True  # One cause: what else these loops lack is not told.
            self._open(node).damaged = True
        node = next((n for n in self._loop.node.loops if n.id == target), None)
        if node is None:
            return False
        if not wanted and _full(self._loop, node.bit, node.max) and not self._lost:
            self._too_many_loops(node)
        self._lost = False
        self._open(node)
        self._read(node.first, key, elements, text)
        return True

    def _repeat(self, step: Step, key: str, elements: list[str], text: str) -> bool:
        """A segment or loop more often than the guide allows: reported, and read."""
        loop = self._loop
        for _ in range(step.pops):
            assert loop.parent is not None
            loop = loop.parent
        if step.opens is not None:
            if not _full(loop, step.opens.bit, step.opens.max):
                return False
            for _ in range(step.pops):
                self._close()
            self._too_many_loops(step.opens)
            self._lost = False
            self._open(step.opens)
            self._read(step.use, key, elements, text)
            return True
        use = step.use
        if not loop.seen & use.bit or not _full(loop, use.bit, use.max):
            return False
        if self._leads(use):
            return self._infer(key, elements, text)
        for _ in range(step.pops):
            self._close()
        times = "once" if use.max == 1 else f"{use.max} times"
        said = f"{use.id} ({use.definition.name}) may stand {times} in loop {loop.id}"
        self._report("IK3-5", use.id, said, qualifier=_qualifier(use))
        self._read(use, key, elements, text)
        return True

    def _too_many_loops(self, node: LoopUse) -> None:
        times = "once" if node.max == 1 else f"{node.max} times"
        self._report("IK3-4", node.first.id, f"Loop {node.id} ({node.name}) may stand {times} in its parent")

    def _leads(self, use: SegmentUse) -> bool:
        """Whether a second such segment tells of a missing first segment: SV1 of an LX, SBR of an HL."""
        loop = use.loop
        return loop.max != 1 and (loop.id, use.id) in (("2400", "SV1"), ("2000B", "SBR"), ("2000C", "PAT"))

    def _choose(self, key: str, elements: list[str], text: str) -> bool:
        """Two segments share this id: a further element says which."""
        choice = self._loop.node.choices.get(key)
        if choice is None:
            return False
        number, table = choice
        code = elements[number] if number < len(elements) else ""
        use = table.get(code) or next(iter(table.values()))
        if use.position < self._loop.position:
            self._report("IK3-7", use.id, f"{use.id} ({use.definition.name}) stands too late in loop {self._loop.id}")
        elif _full(self._loop, use.bit, use.max):
            self._report("IK3-5", use.id, f"{use.id} ({use.definition.name}) stands too often in loop {self._loop.id}")
        self._loop.position = max(self._loop.position, use.position)
        _count(self._loop, use.bit, use.max)
        self._read(use, key, elements, text)
        return True

    def _misqualified(self, key: str, elements: list[str], text: str) -> bool:
        """A segment whose qualifier belongs to another place of its kind: read, so that its data are not lost."""
        step = self._loop.node.steps.get(MISQUALIFIED.get(key, ""))
        if step is None or self._lost or self._take(step, key, elements, text):
            return step is not None and not self._lost
        use = step.use
        if step.pops or not _full(self._loop, use.bit, use.max):
            return False
        said = f"{use.id} ({use.definition.name}) may stand once in loop {self._loop.id}"
        self._report("IK3-5", use.id, said, qualifier=_qualifier(use))
        return True

    def _infer(self, key: str, elements: list[str], text: str) -> bool:
        """A segment that only makes sense in a loop whose first segment is missing: open that loop, and say so."""
        if self._lost:
            return False
        for pops, outer in enumerate(self._chain()):
            for node in outer.node.loops:
                if node.position < outer.position or (node.usage != "R" and node.id not in ("2000B", "2400")):
                    continue
                use = next((u for u in node.uses[1:] if key in u.keys), None)
                if use is None or not (self._leads(use) or not outer.seen & node.bit):
                    continue
                if outer.seen & node.bit and node.max == 1:
                    continue
                for _ in range(pops):
                    self._close()
                first = node.first
                code = "IK3-3" if first.id in MANDATORY else "IK3-I8"
                self._report(
                    code, first.id, f"{first.id} ({first.definition.name}), which opens loop {node.id}, is missing",
                    loop=self._loop, length=0, loop_id=node.id,
                )  # fmt: skip
                self._open(node)
                self._loop.position = use.position
                self._loop.seen |= use.bit
                self._read(use, key, elements, text)
                return True
            if outer.node.id in EPOCH_LOOPS and outer.node.id != "2000B":
                if outer.node.id != "2300" and outer.node.id != "2000A":
                    continue
        return False

    def _misplaced(self, key: str, elements: list[str], text: str) -> bool:
        """A segment or loop of a loop that is open, but past its place: reported, and read where it belongs."""
        for pops, outer in enumerate(self._chain()):
            use = next((u for u in outer.node.uses if key in u.keys and u is not outer.node.first), None)
            if use is not None and use.id != "SE":
                if pops and outer.node.id in EPOCH_LOOPS and outer.node.id != "2300":
                    return False
                code = "IK3-5" if _full(outer, use.bit, use.max) else "IK3-7"
                fault = "stands too often" if code == "IK3-5" else "stands too late"
                said = f"{use.id} ({use.definition.name}) {fault} in loop {outer.id}"
                self._report(code, use.id, said, qualifier=_qualifier(use))
                _count(outer, use.bit, use.max)
                inner, self._loop = self._loop, outer
                self._read(use, key, elements, text)
                if not self.done:
                    self._loop = inner
                return True
            node = next((n for n in outer.node.loops if key in n.first.keys and n.id not in EPOCH_LOOPS), None)
            if node is not None:
                if _full(outer, node.bit, node.max):
                    self._too_many_loops(node)
                else:
                    self._report("IK3-7", node.first.id, f"Loop {node.id} ({node.name}) stands too late")
                for _ in range(pops):
                    self._close()
                self._lost = False
                self._open(node)
                self._read(node.first, key, elements, text)
                return True
            if outer.node.id in EPOCH_LOOPS:
                return False
        return False

    def _empty(self, blank: bool, last: bool) -> None:
        """Two terminators with nothing but blanks between: no segment, not counted."""
        if not (blank and last):
            self._report("IK3-1", "", "An empty segment: two segment terminators with nothing between them", length=0)

    # Checks between segments -------------------------------------------------------------------------------------

    def _check_hl(self, segment: Segment) -> None:
        """HL01 counts from 1, HL02 names the parent, HL04 is judged when the loop closes."""
        self._hl += 1
        level = segment.get(3)
        written = segment.get(1)
        if written != str(self._hl) and written.isdigit():
            detail = f"HL01 is {written}, the next number is {self._hl}"
            self._element_fault(Fault("7", 1, 0, 0, "HL01", "Hierarchical ID Number", "628", written, detail), segment)
        parent = {"22": "20", "23": "22"}.get(level)
        given = segment.get(2)
        if parent is not None and given:
            expected = self._parents.get(parent, "")
            if given != expected and expected:
                detail = f"HL02 is {given}, the parent's number is {expected}"
                fault = Fault("7", 2, 0, 0, "HL02", "Hierarchical Parent ID Number", "734", given, detail)
                self._element_fault(fault, segment)
        self._parents[level] = written

    def _check_children(self, loop: Loop) -> None:
        """HL04 says whether a lower HL follows."""
        segment = loop.segments[0] if loop.segments else None
        child = next((n for n in loop.node.loops if n.id in ("2000B", "2000C")), None)
        if segment is None or segment.id != "HL" or loop.damaged:
            return
        has = child is not None and bool(loop.seen & child.bit)
        if segment.get(4) not in ("0", "1") or (segment.get(4) == "1") == has:
            return
        detail = (
            "HL04 says that no lower level follows, but one does" if has else
            "HL04 says that a lower level follows, but none does"
        )  # fmt: skip
        fault = Fault("7", 4, 0, 0, "HL04", "Hierarchical Child Code", "736", segment.get(4), detail)
        self._element_fault(fault, segment)

    def _check_lx(self, segment: Segment) -> None:
        """LX01 counts the lines of a claim from 1."""
        self._lx += 1
        written = segment.get(1)
        if written != str(self._lx) and written.isdigit():
            detail = f"LX01 is {written}, the next line is {self._lx}"
            self._element_fault(Fault("7", 1, 0, 0, "LX01", "Assigned Number", "554", written, detail), segment)
            self._lx = int(written[:6]) if int(written[:6]) > self._lx else self._lx

    def _missing(self, loop: Loop, bits: int) -> None:
        """Report what a loop lacks, at the place where it should have been."""
        strays = self._strays.get(id(loop), ())
        node = loop.node
        for use in node.uses:
            if use.bit & bits and use.id not in strays:
                code = "IK3-3" if use.id in MANDATORY else "IK3-I8"
                detail = f"{use.id} ({use.definition.name}) is missing in loop {node.id}"
                if node.id == "ST_LOOP":
                    detail = f"{use.id} ({use.definition.name}) is missing"
                ordinal, offset = self._place_of(loop, use.position)
                self._report(
                    code, use.id, detail, loop=loop, ordinal=ordinal, offset=offset, length=0,
                    qualifier=_qualifier(use),
                )  # fmt: skip
        for child in node.loops:
            if child.bit & bits and child.first.id not in strays:
                ordinal, offset = self._place_of(loop, child.position)
                code = "IK3-3" if child.first.id in MANDATORY else "IK3-I7"
                detail = f"Loop {child.id} ({child.name}) is missing: it opens with {child.first.id}"
                self._report(
                    code, child.first.id, detail, loop=loop, ordinal=ordinal, offset=offset, length=0, loop_id=child.id
                )

    def _place_of(self, loop: Loop, position: int) -> tuple[int, int]:
        """Ordinal and byte of the first segment of the loop that stands after a position, else of what follows it."""
        later = [s for s in loop.segments if s.use is not None and s.use.position > position]
        later += [c.segments[0] for c in loop.children if c.segments and c.node.position > position]
        if later:
            first = min(later, key=lambda s: s.ordinal)
            return first.ordinal, first.offset
        return self.ordinal, self.start

    # Findings ----------------------------------------------------------------------------------------------------

    def _chain(self) -> list[Loop]:
        chain = [self._loop]
        while chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        return chain

    def _mark_stray(self, name: str) -> None:
        """A stray segment explains why a segment of its kind is missing, up to the loop that repeats."""
        for loop in self._chain():
            self._strays.setdefault(id(loop), set()).add(name)
            if loop.node.id in EPOCH_LOOPS:
                break

    def _element_fault(self, fault: Fault, segment: Segment) -> None:
        loop = segment.loop or self._loop
        if fault.element == 0:
            self._report("IK3-8", segment.id, fault.detail, loop=loop, segment=segment, element=fault.ref)
            return
        where = locate(segment, fault.element, fault.component, fault.repeat, self.delimiters, fault.ref)
        self._add(
            loop,
            f"IK4-{fault.code}",
            where,
            {
                "element": fault.ref, "element_name": fault.name, "value": fault.value[:200], "detail": fault.detail,
                "ik3": "8", "ik4": fault.code, "data_element": fault.data_element, "bad": fault.value[:99],
                "component": str(fault.component or ""),
            },
        )  # fmt: skip

    def _report(
        self,
        code: str,
        segment_id: str,
        detail: str,
        *,
        loop: Loop | None = None,
        segment: Segment | None = None,
        ordinal: int | None = None,
        offset: int | None = None,
        length: int | None = None,
        element: str = "",
        found: str = "",
        loop_id: str = "",
        qualifier: str = "",
    ) -> None:
        loop = loop or self._loop
        if segment is not None:
            where = locate(segment, 0, 0, 0, self.delimiters, "")
        else:
            where = Location(
                loop=loop_id or loop.id,
                segment=segment_id or None,
                element=None,
                claim=None,
                line=None,
                ordinal=self.ordinal if ordinal is None else ordinal,
                offset=self.start if offset is None else offset,
                length=len(segment_id) if length is None else length,
            )
        values = {"detail": detail, "found": found, "ik3": code[4:], "element": element}
        if qualifier:
            values["qualifier"] = qualifier
        self._add(loop, code, where, values)

    def _add(self, loop: Loop, code: str, where: Location, values: dict[str, str]) -> None:
        claim, line, scope = context(loop)
        kept = scope.findings if scope.node.id == "2300" else self.findings
        limit = CLAIM_FINDINGS if scope.node.id == "2300" else OTHER_FINDINGS
        if len(kept) >= limit:
            if len(kept) > limit:
                return
            values = {"detail": "More faults follow here; they are not listed", "ik3": code[4:] if code[:3] == "IK3" else "8"}
            code = code if code[:3] == "IK3" else "IK3-8"
        complete = {"segment": where.segment or "", "loop": _named(where.loop), **values}
        where = Location(
            _named(where.loop) or None, where.segment, where.element, claim, line, where.ordinal, where.offset,
            where.length, where.repeat,
        )  # fmt: skip
        finding = Finding(f"X12-{code}", Severity.REJECT, where, complete)
        kept.append(finding)
        if kept is self.findings:
            scope.findings.append(finding)


def _qualifier(use: SegmentUse) -> str:
    """What tells this segment from others of its id (``ABK``), so that an edit that names the fault can tell too."""
    return use.keys[0][len(use.id) :] if use.keys else ""


def _named(loop_id: str | None) -> str:
    """The set's own loop has no name in the guide."""
    return "" if loop_id in (None, "ST_LOOP") else loop_id


def context(loop: Loop) -> tuple[str | None, int | None, Loop]:
    """The claim id and line number that a loop lies in, and the loop whose findings it adds to."""
    claim: str | None = None
    line: int | None = None
    scope = loop
    outer: Loop | None = loop
    while outer is not None:
        if outer.node.id == "2400" and line is None:
            lx = outer.index.get("LX")
            written = lx.get(1) if lx else ""
            line = int(written) if written.isdecimal() and len(written) < 7 else None
        if outer.node.id == "2300":
            clm = outer.index.get("CLM")
            claim = (clm.get(1) or None) if clm else None
        scope = outer
        if outer.node.id in EPOCH_LOOPS:
            break
        outer = outer.parent
    return claim, line, scope


def locate(
    segment: Segment, element: int, component: int, repeat: int, delimiters: Delimiters, ref: str = ""
) -> Location:
    """The bytes of an element, component or repetition (0: the whole) of a segment."""
    elements = segment.elements
    offset = segment.offset
    if element == 0:
        length = sum(map(len, elements)) + len(elements) - 1
        name = None
    else:
        name = ref or f"{elements[0]}{element:02d}" + (f"-{component}" if component else "")
        offset += sum(map(len, elements[:element])) + element
        value = elements[element] if element < len(elements) else ""
        if repeat and delimiters.repetition:
            parts = value.split(delimiters.repetition)
            offset += sum(map(len, parts[: repeat - 1])) + repeat - 1
            value = parts[repeat - 1] if repeat <= len(parts) else ""
        if component:
            parts = value.split(delimiters.component)
            offset += sum(map(len, parts[: component - 1])) + min(component - 1, len(parts))
            value = parts[component - 1] if component <= len(parts) else ""
        end = segment.offset + sum(map(len, elements)) + len(elements) - 1
        offset = min(offset, end)  # A missing element points at the segment's end.
        length = len(value)
    loop = segment.loop
    claim, line, _ = context(loop) if loop is not None else (None, None, None)
    return Location(
        loop=(_named(loop.id) or None) if loop is not None else None,
        segment=elements[0],
        element=name,
        claim=claim,
        line=line,
        ordinal=segment.ordinal,
        offset=offset,
        length=length,
        repeat=repeat,
    )


def _full(loop: Loop, bit: int, most: int) -> bool:
    """Whether a segment or child loop already stands as often as it may."""
    if not loop.seen & bit or most == 0:
        return False
    if most == 1:
        return True
    return (loop.counts or {}).get(bit, 1) >= most


def _count(loop: Loop, bit: int, most: int) -> None:
    if loop.seen & bit:
        if most > 1:
            counts = loop.counts = loop.counts or {}
            counts[bit] = counts.get(bit, 1) + 1
    else:
        loop.seen |= bit
