"""What is to be corrected in a file: the safe fixes of its findings, by byte.

A finding's fix is either a new value for an element, or (``finding.LAYOUT``) one for what lies around the values. Both
become orders to ``rewrite``, which passes the file once. Orders are kept in memory: their number is that of the faults,
not of the claims.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from scrubber.finding import Finding, Location
from scrubber.verdict import ClaimVerdict, Event, FileEnd, GroupEnd, InterchangeEnd, InterchangeStart, SetEnd, SetStart
from scrubber.x12.address import AddressError, locate, resolve
from scrubber.x12.segments import Delimiters, Place

_ELEMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}([0-9]{2})(?:-[0-9]+)?").fullmatch


class Order(NamedTuple):
    """A new text for ``length`` bytes at ``offset``, which are in this element of their segment; ``edit`` asks for it.
    ``text`` is None where trailing delimiters are to go, those of this element or (0) of the segment."""

    offset: int
    length: int
    element: int
    text: str | None
    edit: str


@dataclass(slots=True)
class Orders:
    """Everything to be corrected in one pass; edits by what they ask for."""

    interchanges: list[tuple[int, Delimiters]] = field(default_factory=list)
    """Where each interchange begins."""
    changes: list[Order] = field(default_factory=list)
    hierarchies: dict[int, str] = field(default_factory=dict)
    """Sets (byte of ST) whose HL01 are to be counted anew."""
    tangled: set[int] = field(default_factory=set)
    """Sets in which some HL02 names another parent than the one it stands under: which is meant is for a person."""
    lines: dict[int, str] = field(default_factory=dict)
    """Claims (byte of CLM) whose LX01 are to be counted anew."""
    mark: str = ""
    """Edit that asks for the byte-order mark to go."""
    joined: str = ""
    """Edit that asks for lines to be joined that are broken in the middle of segments."""
    indents: str = ""
    empties: str = ""
    """Edit that asks for empty segments to go."""
    ending: str = ""
    """Edit that asks for the last segment's terminator."""

    def __bool__(self) -> bool:
        return bool(
            self.changes or self.hierarchies or self.lines or self.mark or self.joined or self.indents or self.empties
            or self.ending
        )  # fmt: skip


class Collector:
    """Makes the orders of one file from its events, fed in order."""

    def __init__(self) -> None:
        self.orders = Orders()
        self._set = 0
        self._wrapped = False

    def handle(self, event: Event) -> None:
        if type(event) is ClaimVerdict:
            for finding in event.findings:
                if finding.fix is not None and not finding.inherited:
                    self._finding(finding, event)
        elif isinstance(event, InterchangeStart):
            self.orders.interchanges.append((event.offset, event.delimiters))
            self._wrapped = event.wrapped is not None
        elif isinstance(event, SetStart):
            self._set = event.offset
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            for finding in event.findings:
                if finding.where.element == "HL02":
                    self.orders.tangled.add(self._set)
                if finding.fix is not None:
                    self._finding(finding, None)
        elif isinstance(event, FileEnd):
            self._finish()

    def _finish(self) -> None:
        orders = self.orders
        orders.changes = sorted(set(orders.changes), key=lambda order: (order.offset, order.length, order.edit))
        for set_ in orders.tangled:
            orders.hierarchies.pop(set_, None)

    def _finding(self, finding: Finding, verdict: ClaimVerdict | None) -> None:
        fix, where, orders = finding.fix, finding.where, self.orders
        if fix is None or not fix.safe or finding.waived is not None:
            return  # What is waived is so on purpose.
        if not fix.changes:
            self._layout(finding)
        elif where.element == "HL01":
            orders.hierarchies[self._set] = finding.edit
        elif where.element == "LX01" and verdict is not None:
            orders.lines[verdict.claim.clm.offset] = finding.edit
        elif len(fix.changes) == 1:
            ((address, text),) = fix.changes.items()
            if (where.element is not None and address.endswith(where.element)) or address.endswith(_plain(where)):
                self._order(where, text, finding.edit)
        elif verdict is not None:
            self._together(finding, verdict)

    def _layout(self, finding: Finding) -> None:
        where, orders, edit = finding.where, self.orders, finding.edit
        if where.segment is not None:
            found = _ELEMENT(where.element or finding.values.get("element", ""))
            # Too many elements (3): it is the segment that is too long.
            element = int(found[1]) if found and finding.values.get("ik4") != "3" else 0
            orders.changes.append(Order(where.offset, 0, element, None, edit))
        elif "ik3" in finding.values:
            orders.empties = edit
        elif edit == "X12-TA1-022":
            orders.mark = edit
        elif edit == "X12-TA1-004":
            orders.ending = edit
        elif self._wrapped:
            orders.joined = edit
        else:
            orders.indents = edit

    def _order(self, where: Location, text: str, edit: str) -> None:
        found = _ELEMENT(where.element or "")
        if found is not None:
            self.orders.changes.append(Order(where.offset, where.length, int(found[1]), text, edit))

    def _together(self, finding: Finding, verdict: ClaimVerdict) -> None:
        """Changes to several components of one element, as one new element."""
        assert finding.fix is not None
        delimiters = verdict.claim.delimiters
        element: Place | None = None
        parts: list[str] = []
        for address, text in finding.fix.changes.items():
            places = [p for p in _resolve(verdict, address) if p.segment.ordinal == finding.where.ordinal]
            if len(places) != 1 or not places[0].component:
                return
            place = places[0]
            if element is None:
                element = place._replace(component=0)
                parts = place.segment.get(place.element).split(delimiters.component)
            if element.element != place.element or place.component > len(parts):
                return
            parts[place.component - 1] = text
        while parts and not parts[-1]:
            parts.pop()
        if element is not None:
            where = locate(element, delimiters)
            self._order(where, delimiters.component.join(parts), finding.edit)


def _plain(where: Location) -> str:
    """``HI(ABK)02-2`` ends as ``HI02-2`` does, but for what tells its segment."""
    return ")" + (where.element or "")[len(where.segment or "") :]


def _resolve(verdict: ClaimVerdict, address: str) -> list[Place]:
    try:
        return resolve(verdict.claim.loop, address)
    except AddressError:
        return []
