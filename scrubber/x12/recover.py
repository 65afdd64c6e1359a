"""Segments that do not fit: one finding for one cause, and back to the straight path as soon as can be.

The walk asks here when a segment is not what the guide expects next, and for every segment while it is ``_lost``: after
a segment that opens a loop unknown here, and while a loop is open that was opened without its first segment.
"""

from __future__ import annotations

import re
from functools import cache

from scrubber.finding import Finding
from scrubber.x12.check import ANY, MANDATORY
from scrubber.x12.explain import Fault
from scrubber.x12.guide import Guide, LoopUse, SegmentUse, Step
from scrubber.x12.loops import Loop
from scrubber.x12.places import replace_segment
from scrubber.x12.segments import Delimiters, Segment, make_segment
from scrubber.x12.walk import Walker, is_full, raise_count

OPENERS = frozenset(("HL", "NM1", "CLM", "LX", "SBR", "LIN", "SVD", "LQ"))
"""Segments that open a loop somewhere: after a stray one, what follows belongs to it."""

MISQUALIFIED = {"HIABF": "HIABK", "HIBF": "HIBK"}
"""Diagnoses sent under the qualifier of the later ones: read as what they are, the fault shown at the qualifier."""

LONGEST_CLAIM = 50_000
"""Segments: fifty lines with all that the guide allows are a fifth of that."""

LEVELS = {"PRV": "2000A", "CUR": "2000A", "NM185": "2000A", "SBR": "2000B", "PAT": "2000C"}
"""What tells the level of an HL that does not say it: the segment behind it."""

GUESSED = frozenset(("2000A", "2000B", "2000C", "2300", "2400"))
"""Loops, besides required ones, that are guessed from what they hold when their first segment is missing."""

LEADING = frozenset((("2400", "SV1"), ("2000B", "SBR"), ("2000C", "PAT")))
"""Segments whose second coming in a complete loop tells of a missing first segment of the next: SV1 of an LX."""

CODES = {"2000A": "20", "2000B": "22", "2000C": "23"}
"""HL03 of each level."""

ABOVE = {"2000B": "2000A", "2000C": "2000B", "2300": "2000B"}


class ForgivingWalker(Walker):
    """A walker that finds its feet again.

    ``_guess`` is the loop that was opened without its first segment, with the finding that says so: should the segment
    still come, it was only out of order. ``_belongs`` holds what may belong to a stray segment. ``_hl`` is an HL whose
    level is unknown until the next segment tells it. ``_back`` is a loop to which a segment out of place belonged:
    what follows may belong there too. ``_behind`` are segments of a claim that stand behind its lines, with the finding
    that says so: should they turn out to be the next claim's, whose CLM is missing, that is the finding.
    """

    def __init__(self, guide: Guide, delimiters: Delimiters) -> None:
        super().__init__(guide, delimiters)
        self._guess: tuple[Loop, Finding | None, SegmentUse] | None = None
        self._belongs: frozenset[str] = frozenset()
        self._weak = False
        self._hl: Segment | None = None
        self._back: Loop | None = None
        self._behind: list[tuple[int, Finding | None, Segment]] = []
        self._unknown_at = -1

    def _astray(self, step: Step | None, key: str, elements: list[str], text: str) -> None:
        name = elements[0]
        if self._hl is not None:
            hl, self._hl = self._hl, None
            if self._tell_level(hl, step, key, elements, text):
                return
            step = self._loop.node.steps.get(key)
        if self._guess is not None:
            if self._late_first(key, elements, text):
                return
            taken = step is not None and self._take(step, key, elements, text)
            self._check_guess()
            if taken or self.done:
                return
        elif self._lost:
            if self._weak and step is not None and self._take(step, key, elements, text):
                return
            if key in self._belongs:
                self._mark_stray(name)
                return
            self._lost = False
            if step is not None and self._take(step, key, elements, text):
                return
        if self._go_back(key, elements, text):
            return
        if name not in self.guide.used_ids:
            self._unknown(name, elements)
        elif name == "HL":
            self._stray_hl(key, elements, text)
        elif not (
            (step is not None and self._repeat(step, key, elements, text))
            or self._choose(key, elements, text)
            or self._misqualified(key, elements, text)
            or (step is not None and self._misplaced(key, elements, text, 1))
            or self._infer(key, elements, text)
            or self._misplaced(key, elements, text, 99)
            or (name == "CLM" and self._force("2300", key, elements, text))
        ):
            self._unexpected(key, elements)

    def trim(self) -> None:
        """Let go of the inside of a claim that has grown beyond all measure, and say so."""
        claim = self._loop.up("2300")
        if claim is not None and claim.segments and self.ordinal - claim.segments[0].ordinal > LONGEST_CLAIM:
            if claim.children:
                detail = f"The claim has more than {LONGEST_CLAIM} segments: not all of it is judged"
                self._report("IK3-4", "LX", detail, loop=claim, length=0)
            for loop in (*self._chain(), claim):
                if not loop.node.epoch or loop is claim:
                    loop.children.clear()

    # What fits nowhere ---------------------------------------------------------------------------------------------

    def _unknown(self, name: str, elements: list[str]) -> None:
        if name in self.guide.segment_ids:
            self._report("IK3-6", name, f"{name} is an X12 segment, but no professional claim holds one")
        else:
            plain = re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", name)
            shown = name if plain else "This text"
            self._report("IK3-1", name if plain else "", f"{shown} is no X12 segment", found=name[:20])
        self._mark_stray(ANY)
        self._unknown_at = self.ordinal

    def _unexpected(self, key: str, elements: list[str]) -> None:
        name = elements[0]
        qualifier = re.match(r"[A-Z0-9]{0,3}(?![A-Za-z0-9])", key[len(name) :])
        what = f"{name} with {qualifier[0]}" if qualifier and qualifier[0] else name
        self._report("IK3-2", name, f"{what} is not expected here", found=key[len(name) :])
        self._mark_stray(name)
        self._weak = name not in OPENERS
        self._belongs = belongings(self.guide, name) if name in OPENERS else companions(self.guide, key)
        self._lost = True

    # HL ------------------------------------------------------------------------------------------------------------

    def _stray_hl(self, key: str, elements: list[str], text: str) -> None:
        """An HL that is not next: its parent is missing, or its level is unknown and the next segment must tell."""
        if key == "HL22" and self._force("2000B", key, elements, text):
            return
        if key == "HL23" and self._force("2000C", key, elements, text):
            return
        self._hl = make_segment(elements, self.ordinal, self.start)
        self._lost = True
        self._belongs = frozenset()

    def _tell_level(self, hl: Segment, step: Step | None, key: str, elements: list[str], text: str) -> bool:
        """The segment behind an HL of unknown level: open the level that it tells of, else leave the HL out."""
        target = LEVELS.get(key) or ("2300" if key == "CLM" else None)
        at_home = self._loop.node.id in ("2000B", "2000C")
        if target is None or target == "2300" or (at_home and step is not None and step.pops == 0):
            self._leave_out(hl, close=elements[0] != "HL")
            step = self._loop.node.steps.get(key)
            if step is not None and step.pops == 0 and self._take(step, key, elements, text):
                return True
            return target == "2300" and self._force("2300", key, elements, text, silent=True)
        self._open_above(target, silent=True)
        node = next(n for n in self._loop.node.loops if n.id == target)
        ordinal, start = self.ordinal, self.start
        self.ordinal, self.start = hl.ordinal, hl.offset
        self._open(node)
        self._read(node.first, "HL", hl.elements, "")
        self.ordinal, self.start = ordinal, start
        self._parents[CODES[target]] = (hl.get(1),)
        step = self._loop.node.steps.get(key)
        return step is not None and self._take(step, key, elements, text)

    def _leave_out(self, hl: Segment, *, close: bool) -> None:
        """An HL that opens no level: its fault is told of the level above, or of what it stands in if that goes on."""
        chain = self._chain()
        depth = next((n for n, loop in enumerate(chain) if loop.node.id == "2000A"), len(chain) - 1)
        if close and all(map(_complete, chain[:depth])):
            ordinal, start = self.ordinal, self.start
            self.ordinal, self.start = hl.ordinal, hl.offset
            for _ in range(depth):
                self._close()  # Whose claims follow is unknown, but no longer those of the loop before.
            self.ordinal, self.start = ordinal, start
        code = hl.get(3)
        detail = "neither 20, 22 nor 23" if code else "missing"
        fault = Fault("7" if code else "1", 3, 0, 0, "HL03", "Hierarchical Level Code", "735", code,
                      f"HL03 (Hierarchical Level Code) is {detail}")  # fmt: skip
        self._element_fault(fault, hl)
        self._mark_stray("HL")
        self._numbers.skip(hl.get(1))

    def _end(self, start: int) -> None:
        if self._hl is not None:
            hl, self._hl = self._hl, None
            self._leave_out(hl, close=True)
        super()._end(start)

    def _force(self, target: str, key: str, elements: list[str], text: str, *, silent: bool = False) -> bool:
        """Open a loop whose parent is missing, making up what lies between: data must not be lost with it."""
        self._open_above(target, silent=silent or self._explained())
        node = next((n for n in self._loop.node.loops if n.id == target), None)
        if node is None:
            return False
        self._open(node)
        self._read(node.first, key, elements, text)
        return True

    def _open_above(self, target: str, *, silent: bool) -> None:
        """Close what is open down to the parent of a level, opening that first if it is missing."""
        open_ids = [loop.node.id for loop in self._chain()]
        above = "2000C" if target == "2300" and "2000C" in open_ids else ABOVE.get(target)
        wanted: list[str] = []
        while above is not None and above not in open_ids:
            wanted.insert(0, above)
            above = ABOVE.get(above)
        stop = above or "ST_LOOP"
        while self._loop.node.id != stop:
            self._close()
        for name in wanted:
            node = next(n for n in self._loop.node.loops if n.id == name)
            loop = self._open(node)
            loop.damaged = True
            self._unknown_parent(node)
            if not silent:
                detail = f"Loop {node.id} ({node.name}) is missing: its HL should stand before this segment"
                self._report("IK3-3", "HL", detail, loop=loop, length=0)
                silent = True  # One cause: what else these loops lack is not told.

    def _unknown_parent(self, node: LoopUse) -> None:
        """No number is known for a level whose HL is missing."""
        self._parents[CODES[node.id]] = ()
        self._numbers.allow_gap()

    # Too often, too late -------------------------------------------------------------------------------------------

    def _repeat(self, step: Step, key: str, elements: list[str], text: str) -> bool:
        """A segment or loop more often than the guide allows: reported, and read."""
        loop = self._loop
        for _ in range(step.pops):
            assert loop.parent is not None
            loop = loop.parent
        if step.opens is not None:
            if not is_full(loop, step.opens.bit, step.opens.max):
                return False
            for _ in range(step.pops):
                if self._loop.node is step.opens:
                    self._loop.damaged = True  # The second one says what the first lacks.
                self._close()
            self._too_many_loops(step.opens)
            self._open(step.opens)
            self._read(step.use, key, elements, text)
            return True
        use = step.use
        if not loop.seen & use.bit or not is_full(loop, use.bit, use.max):
            return False
        if (loop.node.id, use.id) in LEADING and _complete(loop):
            return self._infer(key, elements, text)
        for _ in range(step.pops):
            self._close()
        self._too_often(use)
        self._read(use, key, elements, text)
        return True

    def _too_often(self, use: SegmentUse) -> Finding | None:
        times = "once" if use.max == 1 else f"{use.max} times"
        detail = f"{use.id} ({use.definition.name}) may stand {times} in loop {use.loop.id}"
        return self._report("IK3-5", use.id, detail)

    def _too_many_loops(self, node: LoopUse) -> None:
        times = "once" if node.max == 1 else f"{node.max} times"
        self._report("IK3-4", node.first.id, f"Loop {node.id} ({node.name}) may stand {times} in its parent")

    def _choose(self, key: str, elements: list[str], text: str) -> bool:
        """Two segments share this id: a further element says which."""
        choice = self._loop.node.choices.get(key)
        if choice is None:
            return False
        number, table = choice
        code = elements[number] if number < len(elements) else ""
        use = table.get(code) or next(iter(table.values()))
        loop = self._loop
        if use.position < loop.position:
            self._report("IK3-7", use.id, f"{use.id} ({use.definition.name}) stands too late in loop {loop.id}")
        elif is_full(loop, use.bit, use.max):
            self._too_often(use)
        loop.position = use.position
        raise_count(loop, use.bit, use.max)
        self._read(use, key, elements, text)
        return True

    def _misqualified(self, key: str, elements: list[str], text: str) -> bool:
        """A segment whose qualifier belongs to another place of its kind, or is written with another separator: read,
        so that its data are not lost."""
        plain = re.match(r"HI[A-Z]{2,3}(?![A-Z0-9])", key)
        step = self._loop.node.steps.get(MISQUALIFIED.get(key, plain[0] if plain else ""))
        if step is None or self._take(step, key, elements, text):
            return step is not None
        use = step.use
        if step.pops or not is_full(self._loop, use.bit, use.max):
            return False
        self._too_often(use)
        return True

    def _misplaced(self, key: str, elements: list[str], text: str, reach: int) -> bool:
        """A segment or loop of one of the ``reach`` innermost loops, but past its place: reported, and read there."""
        for pops, outer in enumerate(self._chain()[:reach]):
            use = next((u for u in outer.node.uses[1:] if key in u.keys), None)
            if use is not None and use.id != "SE":
                if pops and outer.node.epoch and outer.node.id != "2300":
                    return False
                if is_full(outer, use.bit, use.max):
                    finding = self._too_often(use)
                else:
                    finding = self._report(
                        "IK3-7", use.id, f"{use.id} ({use.definition.name}) stands too late in loop {outer.id}"
                    )
                    if pops:
                        self._back, self._lost, self._belongs = outer, True, frozenset()
                    outer.position = use.position  # Perhaps what stood before came too early: go on from here.
                raise_count(outer, use.bit, use.max)
                inner, self._loop = self._loop, outer
                segment = self._read(use, key, elements, text)
                self._loop = inner
                if outer.node.id == "2300" and self._chain()[pops - 1].node.id == "2400":
                    self._behind = [*self._behind[-20:], (self.ordinal, finding, segment)]
                return True
            node = next((n for n in outer.node.loops if key in n.first.keys and not n.epoch), None)
            if node is not None:
                if is_full(outer, node.bit, node.max):
                    self._too_many_loops(node)
                else:
                    self._report("IK3-7", node.first.id, f"Loop {node.id} ({node.name}) stands too late")
                for _ in range(pops):
                    self._close()
                outer.position = node.position
                self._open(node)
                self._read(node.first, key, elements, text)
                return True
            if outer.node.epoch:
                return False
        return False

    def _go_back(self, key: str, elements: list[str], text: str) -> bool:
        """After a segment out of place: what follows may belong to its loop too."""
        back, self._back = self._back, None
        if back is None or back not in self._chain():
            return False
        step = back.node.steps.get(key)
        if step is None or step.pops:
            return False
        place = step.opens or step.use
        if place.position < back.position or is_full(back, place.bit, place.max):
            return False
        while self._loop is not back:
            self._close()
        return self._take(step, key, elements, text)

    # Loops without their first segment -----------------------------------------------------------------------------

    def _infer(self, key: str, elements: list[str], text: str) -> bool:
        """A segment that only makes sense in a loop whose first segment is missing: open that loop, and say so."""
        crossed = False
        chain = self._chain()
        for pops, outer in enumerate(chain):
            for node in outer.node.loops:
                way = self._way(outer, node, key, text, crossed)
                if way is None:
                    continue
                around = chain[pops - 1] if pops else None
                if around is not None and around.node is node and not self._told_apart(around, way):
                    continue
                self._open_without_first(outer, node, way)
                if way.loop is not node:
                    self._open(way.loop)
                else:
                    self._loop.position = way.position
                    raise_count(self._loop, way.bit, way.max)
                self._read(way, key, elements, text)
                self._check_guess()
                return True
            if not _complete(outer):
                return False
            crossed = crossed or outer.node.epoch
        return False

    def _way(self, outer: Loop, node: LoopUse, key: str, text: str, crossed: bool) -> SegmentUse | None:
        """The place of a segment in a loop, or as the first of a loop in it, if that loop may well be missing here."""
        sure = node.usage == "R" and not crossed
        if node.position < outer.position or (node.usage != "R" and node.id not in GUESSED):
            return None
        if outer.seen & node.bit and node.max == 1:
            return None
        if node.before & ~outer.seen and not outer.damaged:
            return None
        use = next((u for u in node.uses[1:] if key in u.keys), None)
        if use is None:
            return next((child.first for child in node.loops if key in child.first.keys), None)
        return use if sure or self._plan.matcher(use.definition)(text) is not None else None

    def _told_apart(self, last: Loop, way: SegmentUse) -> bool:
        """Whether a segment cannot belong to the last occurrence of its loop: that one is complete and has it. For a
        claim, only diagnoses tell so much: everything else may just stand too late, or too often."""
        bit = way.bit if way.loop is last.node else way.loop.bit
        return _complete(last) and bool(last.seen & bit) and (last.node.id != "2300" or way.id == "HI")

    def _open_without_first(self, outer: Loop, node: LoopUse, way: SegmentUse) -> None:
        taken = self._take_back() if node.id == "2300" else []
        while self._loop is not outer:
            self._close()
        silent = self._explained()
        loop = self._open(node)
        position = way.position if way.loop is node else way.loop.position
        loop.damaged = any(u.usage == "R" and u.position < position for u in node.uses[1:])
        first = node.first
        finding = None
        if not silent:
            code = "IK3-3" if first.id in MANDATORY else "IK3-I8"
            detail = f"{first.id} ({first.definition.name}), which opens loop {node.id}, is missing"
            at = taken[0] if taken else None
            finding = self._report(
                code, first.id, detail, loop=loop, length=0,
                ordinal=at.ordinal if at else None, offset=at.offset if at else None,
            )  # fmt: skip
        if first.id == "HL":
            self._unknown_parent(node)
        elif first.id == "LX":
            self._lines.allow_gap()
        self._guess = (loop, finding, way)
        for segment in taken:
            assert segment.use is not None
            raise_count(loop, segment.use.bit, segment.use.max)
            moved = make_segment(segment.elements, segment.ordinal, segment.offset, loop, segment.use)
            loop.segments.append(moved)
            loop.index.setdefault(segment.use.keys[0], moved)

    def _take_back(self) -> list[Segment]:
        """The segments just before this one that were read into the claim before, behind its lines."""
        last = self._loop.up("2300")
        taken: list[Segment] = []
        expected = self.ordinal - 1
        while last is not None and self._behind and self._behind[-1][0] == expected and last.segments:
            _, finding, segment = self._behind.pop()
            if last.segments[-1] is not segment:
                break
            last.segments.pop()
            last.findings[:] = [f for f in last.findings if f is not finding]
            taken.insert(0, segment)
            expected -= 1
        self._behind.clear()
        return taken

    def _check_guess(self) -> None:
        """Whether the first segment of the guessed loop may still come; until then every segment is looked at."""
        if self._guess is not None and self._loop is not self._guess[0]:
            self._guess = None
        if self._guess is not None:
            self._lost = True

    def _late_first(self, key: str, elements: list[str], text: str) -> bool:
        """The first segment of a loop, behind another of its segments: they were only out of order."""
        assert self._guess is not None
        loop, finding, way = self._guess
        node = loop.node
        if self._loop is not loop or key not in node.first.keys or (node.max != 1 and _complete(loop)):
            return False
        self._guess = None
        self._lost = False
        self._read(node.first, key, elements, text)
        if loop.segments and loop.segments[-1].use is node.first:
            loop.segments.insert(0, loop.segments.pop())
        if finding is not None:
            detail = f"{way.id} ({way.definition.name}) stands before {node.first.id}, which opens its loop {node.id}"
            where = replace_segment(finding, way.id)
            values = {**finding.values, "segment": way.id, "detail": detail, "ik3": "7"}
            self._amend(finding, Finding("X12-IK3-7", finding.severity, where, values))
        return True

    def _explained(self) -> bool:
        """Whether the segment before this one was no known segment: then it was likely the one that is missing."""
        return self._unknown_at == self.ordinal - 1


def _complete(loop: Loop) -> bool:
    return loop.damaged or not loop.node.required & ~loop.seen


@cache
def belongings(guide: Guide, name: str) -> frozenset[str]:
    """Qualified ids of what may stand in a loop that a segment of this id opens."""
    found: set[str] = set()
    for loop in guide.every():
        if loop.first.id == name:
            inner = [loop] if name in ("HL", "NM1") else [n for n in guide.every() if loop in n.chain()]
            found.update(key for n in inner for use in n.uses if use is not loop.first for key in use.keys)
            if name in ("LX", "SVD", "LIN", "LQ"):
                found.add(name)
    return frozenset(found)


@cache
def companions(guide: Guide, key: str) -> frozenset[str]:
    """Qualified ids that may follow this one in some loop that a name opens: an address without its name."""
    found: set[str] = set()
    for loop in guide.every():
        if loop.first.id == "NM1":
            for use in loop.uses:
                if key in use.keys:
                    found.update(k for u in loop.uses if u.position > use.position for k in u.keys)
    return frozenset(found)
