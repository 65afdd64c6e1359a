"""What holds between segments: numbers that count, parents, what a loop must have and where it is missing."""

from __future__ import annotations

from scrubber.finding import LAYOUT
from scrubber.x12.explain import Fault
from scrubber.x12.guide import LoopUse, SegmentUse
from scrubber.x12.loops import Loop
from scrubber.x12.places import context
from scrubber.x12.record import Recorder
from scrubber.x12.segments import Delimiters, Segment

MANDATORY = frozenset(("ST", "BHT", "HL", "SE", "FRM"))
"""Segments that the base transaction set 837 requires (standard.toml, set837): missing is 3, otherwise I8."""

ANY = "*"
"""Marks a loop in which an unknown segment stands: it explains one missing segment, of whatever kind."""


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
        written = written.rstrip(" ")
        if written == str(self.count):
            return True
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


class Checker(Recorder):
    """Holds the segments of a set against each other. ``_strays`` has, for open loops, the ids of stray segments in
    them: what they explain is not missing as well."""

    def __init__(self, root: Loop, delimiters: Delimiters) -> None:
        super().__init__(root, delimiters)
        self._strays: dict[Loop, set[str]] = {}
        self._numbers = Numbers()
        self._lines = Numbers()
        self._parents: dict[str, tuple[str, ...]] = {}
        self._emptied: Loop | None = None
        self._lower: dict[LoopUse, int] = {}
        """Bit of the lower HL loop of 2000A and 2000B."""

    def _check_hl(self, segment: Segment) -> None:
        """HL01 counts from 1, HL02 names the parent, HL04 is judged when the loop closes."""
        elements = segment.elements
        written, given, level = elements[1:4] if len(elements) > 3 else map(segment.get, (1, 2, 3))
        counted = str(self._numbers.count + 1)
        if written == counted:
            self._numbers.count += 1
        elif not self._numbers.fits(written) and written:
            detail = f"HL01 is {_number(written)}, the next number is {counted}"
            fault = Fault("7", 1, 0, 0, "HL01", "Hierarchical ID Number", "628", written, detail, counted)
            self._element_fault(fault, segment)
        parent = {"22": "20", "23": "22"}.get(level)
        if parent is not None and given:
            expected = self._parents.get(parent)
            if expected and given.rstrip(" ") not in expected:
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
        better = "1" if has else "0" if _is_own_patient(loop) else None
        fault = Fault("7", 4, 0, 0, "HL04", "Hierarchical Child Code", "736", segment.get(4), detail, better)
        self._element_fault(fault, segment)

    def _check_lx(self, segment: Segment) -> None:
        """LX01 counts the lines of a claim from 1."""
        written = segment.get(1)
        counted = self._lines.count + 1
        if not self._lines.fits(written) and written.isdecimal():
            detail = f"LX01 is {_number(written)}, the next line is {counted}"
            fault = Fault("7", 1, 0, 0, "LX01", "Assigned Number", "554", written, detail, str(counted))
            self._element_fault(fault, segment)

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

    def _empty(self, blank: bool, last: bool) -> None:
        """Two terminators with nothing but blanks between: no segment, not counted. Told once of each claim."""
        if (blank and last) or self._loop is self._emptied:
            return
        scope = context(self._loop)[2]
        told = self._emptied is not None and context(self._emptied)[2] is scope
        self._emptied = self._loop
        if not told:
            detail = "An empty segment: two segment terminators with nothing between them"
            self._report("IK3-1", "", detail, length=0, fix=LAYOUT)


def _is_own_patient(loop: Loop) -> bool:
    """Whether claims may stand right under this subscriber: else a patient may be missing, and no flag mends that."""
    subscriber = loop.index.get("SBR")
    return loop.id == "2000B" and subscriber is not None and subscriber.get(2) == "18"


def _number(written: str) -> str:
    """A number to be told; anything else may be anyone's data."""
    return written if written.isdecimal() and len(written) < 13 else "no number"


def _qualifier(use: SegmentUse) -> str:
    """What tells this segment from others of its id (``ABK``), so that an edit that names the fault can tell too."""
    return use.keys[0][len(use.id) :] if use.keys else ""
