"""Loops as found in a file: segments in order, child loops in order, an index by qualified segment id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import ReferenceType

from scrubber.x12.segments import Segment

if TYPE_CHECKING:
    from scrubber.finding import Finding
    from scrubber.x12.guide import LoopUse


class Loop:
    """One occurrence of a loop of the guide.

    ``index`` maps a qualified segment id (``DTP472``, ``REFF8``, ``NM185``, plain ``CLM``) to its first occurrence.
    ``findings`` are the structural faults of this loop and of what lies under it, except what lies in a claim:
    a claim's loop (2300) collects its own.
    """

    __slots__ = (
        "__weakref__", "_around", "_parent", "children", "counts", "damaged", "findings", "index", "node", "position",
        "ref", "seen", "segments",
    )  # fmt: skip

    def __init__(self, node: LoopUse, parent: Loop | None) -> None:
        self.node = node
        self._parent = parent
        self._around: ReferenceType[Loop] | None = None
        self.ref = ReferenceType(self)
        """What its segments and child loops know of it: no strong reference, so no cycle."""
        self.segments: list[Segment] = []
        self.children: list[Loop] = []
        self.index: dict[str, Segment] = {}
        self.seen = 0
        self.counts: dict[int, int] | None = None
        self.position = 0
        self.damaged = False
        self.findings: list[Finding] = []

    @property
    def parent(self) -> Loop | None:
        """The loop around this one; a child loop that is complete holds it weakly."""
        parent = self._parent
        return parent if parent is not None or self._around is None else self._around()

    @parent.setter
    def parent(self, loop: Loop | None) -> None:
        self._parent = loop

    def complete(self) -> Loop:
        """From now on the parent holds this loop, and this loop its parent only weakly. Returns the parent."""
        parent = self._parent
        assert parent is not None
        self._around = parent.ref
        self._parent = None
        return parent

    @property
    def id(self) -> str:
        return self.node.id

    def find(self, key: str) -> Segment | None:
        """The first segment with this qualified id (``DTP472``), or None."""
        return self.index.get(key)

    def all(self, segment_id: str) -> list[Segment]:
        """Every segment of this loop with this plain id, in order."""
        return [s for s in self.segments if s.elements[0] == segment_id]

    def child(self, loop_id: str) -> Loop | None:
        """The first child loop with this id, or None."""
        for loop in self.children:
            if loop.node.id == loop_id:
                return loop
        return None

    def each(self, loop_id: str) -> list[Loop]:
        """Every child loop with this id, in order."""
        return [loop for loop in self.children if loop.node.id == loop_id]

    def up(self, loop_id: str) -> Loop | None:
        """This loop or its nearest ancestor with this id, or None."""
        loop: Loop | None = self
        while loop is not None and loop.node.id != loop_id:
            loop = loop.parent
        return loop

    def around(self) -> list[Loop]:
        """This loop and its ancestors, innermost first."""
        found = [self]
        while (parent := found[-1].parent) is not None:
            found.append(parent)
        return found

    def walk(self) -> Iterator[Loop]:
        """This loop and every loop under it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def __repr__(self) -> str:
        return f"<loop {self.node.id}: {len(self.segments)} segments, {len(self.children)} loops>"
