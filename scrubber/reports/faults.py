"""Structural findings as a 999 tells them: IK3 the segment, CTX its claim and its cause, IK4 the element."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from scrubber.finding import Finding
from scrubber.reports.annotate import annotate, explain_said, say_where
from scrubber.reports.entries import Entries
from scrubber.reports.outbound import clean, is_usable
from scrubber.reports.scroll import Scroll
from scrubber.reports.vocabulary import read_vocabulary

MISSING = frozenset({"3", "I6", "I7", "I8"})
"""IK304 codes of something that is not there; its position is where it should have stood."""

UNKNOWN_SEGMENT = "1"
"""IK304 code that no IK3 may carry."""

_ELEMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}?([0-9]{2})(?:-([0-9]{1,2}))?").fullmatch
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}").fullmatch
_TRIGGER = re.compile(
    r"([A-Z][A-Z0-9]{1,2})\*([0-9]{1,10})\*([0-9A-Z_]*)(?:\*([0-9]{1,2})(?::([0-9]{1,2}))?)?"
).fullmatch
_FOUR_DIGITS = re.compile(r"[0-9]{4}").match


@dataclass(frozen=True, slots=True)
class Fault:
    """A structural finding, kept short: a set may have very many. ``element`` is 0 where the whole segment is meant."""

    ordinal: int
    segment: str
    loop: str
    ik3: str
    element: int
    component: int
    repeat: int
    data_element: str
    ik4: str
    bad: str
    trigger: str
    claim: str
    edit: str
    where: str
    message: str

    @property
    def unnamed(self) -> bool:
        """Whether no IK3 may tell of it: its segment id is not one that X12 knows."""
        return self.ik3 == UNKNOWN_SEGMENT or _SEGMENT(self.segment) is None

    @property
    def breaks_guide(self) -> bool:
        """Whether the implementation guide forbids it (I-codes), not the standard."""
        return (self.ik4 or self.ik3).startswith("I")

    @property
    def order(self) -> tuple[int, bool, bool, str, int, int, int]:
        """In order of place; what should have stood before a segment comes before what is wrong with it."""
        return (
            self.ordinal, self.ik3 not in MISSING, self.ik3 == "8", self.ik3, self.element, self.component, self.repeat,
        )  # fmt: skip

    @property
    def group(self) -> tuple[object, ...]:
        """Faults of one group share an IK3: one for each segment and code. Each missing segment is one of its own."""
        if self.ik3 in MISSING:
            return (self.ordinal, self.segment, self.ik3, self.loop, self.trigger, self.where)
        return (self.ordinal, self.segment, self.ik3)


def read_fault(finding: Finding, entries: Entries) -> Fault:
    """What a 999 needs of a structural finding. Its values ``ik3``, ``ik4``, ``data_element``, ``bad`` and ``trigger``
    tell the codes; where they are silent, the edit's id does (``X12-IK3-5``, ``X12-IK4-I9``)."""
    values, where = finding.values, finding.where
    kind, _, code = finding.edit.removeprefix("X12-").partition("-")
    ik4 = values.get("ik4") or (code if kind == "IK4" else "")
    ik3 = "8" if ik4 else values.get("ik3") or (code if kind == "IK3" else "8")
    words = read_vocabulary()
    at = _ELEMENT(where.element or "")
    element = int(at[1]) if at and ik4 in words.ik403 else 0
    return Fault(
        ordinal=where.ordinal,
        segment=(where.segment or "")[:9],
        loop=where.loop or "",
        ik3=ik3 if ik3 in words.ik304 else "8",
        element=element,
        component=int(at[2] or 0) if at else 0,
        repeat=where.repeat if where.repeat <= 9999 else 0,
        data_element=values.get("data_element", "")[:9],
        ik4=ik4 if element else "",
        bad=clean(values.get("bad", ""), 99),
        trigger=values.get("trigger", "")[:60],
        claim=where.claim[:35] if where.claim and is_usable(where.claim) else "",
        edit=finding.edit,
        where=say_where(where),
        message=entries.message(finding),
    )


def write_fault_group(scroll: Scroll, faults: Sequence[Fault], entries: Entries, cut_loops: bool) -> None:
    """The IK3 loops of one set; ``faults`` are in order."""
    for _, same in groupby(faults, key=lambda f: f.group):
        members = list(same)
        first = members[0]
        unplaced = [m for m in members if not m.ik4]
        ik3 = ["IK3", first.segment, str(first.ordinal), _loop(first.loop, cut_loops), first.ik3]
        scroll.write(*annotate(ik3, say_ik3(first), "".join(_explain(entries, m) for m in unplaced)))
        for trigger in list(dict.fromkeys(m.trigger for m in unplaced if m.trigger))[:9]:
            _write_trigger(scroll, trigger, cut_loops)
        if first.claim:
            scroll.write(*annotate(["CTX", f"CLM01:{first.claim}"], f"In claim {first.claim}."))
        for member in members:
            if member.ik4:
                scroll.write(*annotate(_build_ik4(member), _say_ik4(member), _explain(entries, member)))
                _write_trigger(scroll, member.trigger, cut_loops)


def say_ik3(fault: Fault) -> str:
    """An IK3 in words."""
    words = read_vocabulary()
    place = words.say_place(fault.segment, fault.loop)
    if fault.ik3 in MISSING:
        return f"Before or at segment {fault.ordinal}: {place}, {words.ik304[fault.ik3]}."
    return f"Segment {fault.ordinal}, {place}, {words.ik304[fault.ik3]}."


def _explain(entries: Entries, fault: Fault) -> str:
    return explain_said(entries, fault.edit, fault.where, fault.message)


def _build_ik4(fault: Fault) -> list[str]:
    number = fault.data_element if re.fullmatch("[0-9]{1,4}", fault.data_element) else ""
    position = [str(fault.element)]
    if fault.component or fault.repeat:
        position.append(str(fault.component or ""))
    if fault.repeat:
        position.append(str(fault.repeat))
    return ["IK4", ":".join(position), number, fault.ik4, fault.bad]


def _say_ik4(fault: Fault) -> str:
    name = f"{fault.segment}{fault.element:02d}{f'-{fault.component}' if fault.component else ''}"
    which = f", repetition {fault.repeat}," if fault.repeat else ""
    holds = f' It holds "{fault.bad}".' if fault.bad else ""
    return f"{name}{which} {read_vocabulary().ik403[fault.ik4]}.{holds}"


def _write_trigger(scroll: Scroll, trigger: str, cut_loops: bool) -> None:
    """The CTX that points to the data which make something required, if the trigger is well formed."""
    found = _TRIGGER(trigger)
    if found is None:
        return
    segment, position, loop, element, component = found.groups()
    ctx = ["CTX", "SITUATIONAL TRIGGER", segment, position, _loop(loop, cut_loops)]
    name = segment
    if element:
        ctx.append(":".join(p for p in (str(int(element)), component) if p))
        name = f"{segment}{int(element):02d}{f'-{component}' if component else ''}"
    place = f" in loop {loop}" if loop else ""
    scroll.write(*annotate(ctx, f"The reason lies in {name}{place}, segment {position}."))


def _loop(loop: str, cut: bool) -> str:
    """IK303 takes four characters."""
    if len(loop) <= 4:
        return loop if clean(loop, 4) == loop else ""
    digits = _FOUR_DIGITS(loop) if cut else None
    return digits[0] if digits else ""
