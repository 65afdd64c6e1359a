"""The closed vocabulary of ``when`` and ``must``, compiled to functions of a Claim.

A condition looks at the values at its address, near the loop in which the edit is judged: from a line, ``2420A`` is
this line's and ``2300`` its claim. In ``when`` it holds if any of these values satisfies it (``absent`` and
``not_in``: if none contradicts it). In ``must`` every place is judged for itself, and a value that is absent breaks
nothing but ``present``.

``min`` and ``max`` compare numbers and include their bound; ``before`` and ``after`` compare dates and do not.
Operands of these and of ``equals`` are literals or addresses; ``received`` is the receipt date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from scrubber.catalogue.entry import Condition, Edit
from scrubber.claims.model import Claim
from scrubber.x12 import guide
from scrubber.x12.address import Address, AddressError, check, keys, lineage, near, parse, segments
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Place, Segment
from scrubber.x12.values import to_date, to_decimal

if TYPE_CHECKING:
    from scrubber.catalogue.check import Check, Gap, Hit, Knowledge

CONDITION_VALUES = ("value", "expected", "line")
"""What a message may name when its edit has no check: the value, what it was compared with, the line's number."""

Scope = Callable[[Claim], Iterable[Loop]]
Test = Callable[[str, Claim, Loop, "Knowledge"], bool | None]
# None: the value cannot be judged (no number, no date).
Operand = Callable[[Claim, Loop, "Knowledge"], str]


def compile_edit(edit: Edit, check_function: Check | None) -> Check:
    """A function of a claim that yields the edit's hits. ``check_function`` is the Python of ``must.check``."""
    must = edit.must
    assert must is not None
    address = parse(edit.at)
    whens = [_when(condition, address) for condition in edit.when]
    if check_function is not None:
        return _guarded(check_function, _scope(address.loop), whens) if whens else check_function
    judge = _judge(_must(must, address), _scope(address.loop if address.segment else lineage(address.loop)[1]), whens)
    if not whens and address.loop == "2300" and must.verb == "in" and must.at is None:
        return _unless_listed(judge, address, frozenset(must.value))
    return judge


def _unless_listed(judge: Check, address: Address, listed: frozenset[str]) -> Check:
    """The plainest condition of all, a code of the claim in a list, looks before it leaps."""
    find, element, component = _finder(address), address.element, address.component

    @lru_cache(maxsize=1_024)
    def is_listed(text: str, separator: str) -> bool:
        parts = text.split(separator) if component else [text]
        return len(parts) >= component and parts[component - 1] in listed

    def judge_unless_listed(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
        for segment in find(claim.loop):
            elements = segment.elements
            if element >= len(elements) or not is_listed(elements[element], claim.delimiters.component):
                return judge(claim, know)
        return ()

    return judge_unless_listed


def _guarded(function: Check, scope: Scope, whens: list[Holds]) -> Check:
    def guarded(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
        for loop in scope(claim):
            if all(holds(claim, loop, know) for holds in whens):
                return function(claim, know)
        return ()

    return guarded


def _judge(must: Must, scope: Scope, whens: list[Holds]) -> Check:
    def judge(claim: Claim, know: Knowledge) -> Iterable[Hit | Gap]:
        hits: list[Hit | Gap] = []
        for loop in scope(claim):
            for holds in whens:
                if not holds(claim, loop, know):
                    break
            else:
                hits += must(claim, loop, know)
        return hits

    return judge


# Where an edit is judged ------------------------------------------------------------------------------------------


def _scope(loop_id: str) -> Scope:
    """The loops of this id that belong to a claim: its own, and those around it."""
    line = lineage(loop_id)
    if loop_id == "2300":
        return lambda claim: (claim.loop,)
    if loop_id == "2400":
        return lambda claim: [line.loop for line in claim.lines]
    if "2400" in line:
        return lambda claim: [child for line in claim.lines if line.loop.children for child in near(line.loop, loop_id)]
    return lambda claim: near(claim.loop, loop_id)


Holds = Callable[[Claim, Loop, "Knowledge"], bool]
Must = Callable[[Claim, Loop, "Knowledge"], Sequence["Hit | Gap"]]


def _finder(address: Address) -> Callable[[Loop], Sequence[Segment]]:
    """The segments of an address in its loop, without a search where the guide allows but one."""
    names = keys(address)
    uses = [u for u in guide.shipped().loops[address.loop].uses if any(k in u.keys for k in names)]
    if len(uses) == 1 and uses[0].max == 1 and len(names) == 1:
        name = names[0]

        def find(loop: Loop) -> Sequence[Segment]:
            segment = loop.index.get(name)
            return (segment,) if segment is not None else ()

        return find
    return lambda loop: segments(loop, address)


def _reader(address: Address) -> Callable[[Segment, Claim], str]:
    """The text at an address in one of its segments; the segment's id for the address of a whole segment."""
    element, component = address.element, address.component

    def read(segment: Segment, claim: Claim) -> str:
        elements = segment.elements
        if element >= len(elements):
            return ""
        text = elements[element]
        if not component:
            return text
        parts = text.split(claim.delimiters.component)
        return parts[component - 1] if component <= len(parts) else ""

    return read


def _values(address: Address, scope: Address) -> Callable[[Claim, Loop], list[str]]:
    """The texts at an address, seen from a loop of the edit's scope."""
    if not address.segment:
        return lambda claim, loop: [found.segments[0].id for found in near(loop, address.loop) if found.segments]
    find, read = _finder(address), _reader(address)
    if address.loop == scope.loop and scope.segment:
        return lambda claim, loop: [read(segment, claim) for segment in find(loop)]
    return lambda claim, loop: [read(segment, claim) for found in near(loop, address.loop) for segment in find(found)]


def _when(condition: Condition, scope: Address) -> Holds:
    values = _values(parse(condition.at) if condition.at else scope, scope)
    verb, wanted = condition.verb, condition.value
    if verb in ("present", "absent"):
        expected = wanted == (verb == "present")
        return lambda claim, loop, know: any(values(claim, loop)) == expected
    if verb == "not_in":
        refused = frozenset(wanted)
        return lambda claim, loop, know: refused.isdisjoint(values(claim, loop))
    test, _ = _test(condition, scope)

    def holds(claim: Claim, loop: Loop, know: Knowledge) -> bool:
        for value in values(claim, loop):  # noqa: SIM110 (a generator would cost more than the test)
            if value and test(value, claim, loop, know) is True:
                return True
        return False

    return holds


def _must(condition: Condition, scope: Address) -> Must:
    from scrubber.catalogue.check import Hit

    address = parse(condition.at) if condition.at else scope
    if not address.segment:
        return _must_loop(condition, address)
    find, read = _finder(address), _reader(address)
    verb = condition.verb
    places = find if address.loop == scope.loop else lambda loop: [s for n in near(loop, address.loop) for s in find(n)]

    def hit(segment: Segment, loop: Loop, value: str, expected: str = "") -> Hit:
        return Hit(
            Place(segment, address.element, address.component),
            {"value": value, "expected": expected, "line": _line(loop)},
        )

    if verb in ("present", "absent"):
        wanted = condition.value == (verb == "present")

        def exist(claim: Claim, loop: Loop, know: Knowledge) -> Sequence[Hit | Gap]:
            hits: list[Hit | Gap] = []
            seen = False
            for segment in places(loop):
                seen = True
                value = read(segment, claim)
                if bool(value) != wanted:
                    hits.append(hit(segment, loop, value))
            if wanted and not seen and loop.segments:
                hits.append(Hit(Place(loop.segments[0]), {"value": "", "expected": "", "line": _line(loop)}))
            return hits

        return exist
    test, operand = _test(condition, scope)

    def satisfy(claim: Claim, loop: Loop, know: Knowledge) -> Sequence[Hit | Gap]:
        hits: list[Hit | Gap] = []
        for segment in places(loop):
            value = read(segment, claim)
            if value and test(value, claim, loop, know) is False:
                hits.append(hit(segment, loop, value, operand(claim, loop, know)))
        return hits

    return satisfy


def _must_loop(condition: Condition, address: Address) -> Must:
    """``present`` and ``absent`` of a whole loop, seen from the loop that holds it."""
    from scrubber.catalogue.check import Hit

    wanted = condition.value == (condition.verb == "present")

    def exist(claim: Claim, loop: Loop, know: Knowledge) -> Sequence[Hit | Gap]:
        found = [child for child in near(loop, address.loop) if child.segments]
        missing = [] if found or not loop.segments else [loop]
        shown = missing if wanted else found
        return [Hit(Place(s.segments[0]), {"value": "", "expected": "", "line": _line(loop)}) for s in shown]

    return exist


def _line(loop: Loop) -> str:
    line = loop.up("2400")
    lx = line.find("LX") if line else None
    return lx.get(1) if lx else ""


# Tests of one value -----------------------------------------------------------------------------------------------


def _test(condition: Condition, scope: Address) -> tuple[Test, Operand]:
    verb, wanted = condition.verb, condition.value
    if verb in ("in", "not_in"):
        codes = frozenset(wanted)
        inside = verb == "in"
        return lambda value, claim, loop, know: (value in codes) == inside, _constant(", ".join(wanted))
    if verb == "matches":
        match = re.compile(wanted).fullmatch
        return lambda value, claim, loop, know: match(value) is not None, _constant("")
    if verb == "table":
        return lambda value, claim, loop, know: _listed(value, wanted, claim, loop, know), _constant(wanted)
    operand = _operand(wanted, scope)
    compare = _COMPARE[verb]
    if verb == "equals" and "." not in wanted:
        return lambda value, claim, loop, know: value == wanted or compare(value, operand(claim, loop, know)), operand
    return lambda value, claim, loop, know: compare(value, operand(claim, loop, know)), operand


def _constant(text: str) -> Operand:
    return lambda claim, loop, know: text


def _operand(text: str, scope: Address) -> Operand:
    if text == "received":
        return lambda claim, loop, know: know.received.strftime("%Y%m%d")
    if "." in text and to_decimal(text) is None:
        values = _values(parse(text), scope)
        return lambda claim, loop, know: next(filter(None, values(claim, loop)), "")
    return _constant(text.replace("-", "") if _ISO(text) else text)


_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch


def _numbers(judge: Callable[[Decimal, Decimal], bool]) -> Callable[[str, str], bool | None]:
    """A comparison of numbers. What is no number is not judged: its form is another edit's matter."""

    def compare(value: str, other: str) -> bool | None:
        one, two = to_decimal(value), to_decimal(other)
        return None if one is None or two is None else judge(one, two)

    return compare


def _dates(judge: Callable[[date, date], bool]) -> Callable[[str, str], bool | None]:
    """A comparison of dates; of a range its first day. What is no date is not judged."""

    def compare(value: str, other: str) -> bool | None:
        one, two = to_date(value[:8]), to_date(other[:8])
        return None if one is None or two is None else judge(one, two)

    return compare


def _equal(value: str, other: str) -> bool | None:
    if value == other:
        return True
    if not other:
        return None
    one = to_decimal(value)
    return one is not None and one == to_decimal(other)


_COMPARE: dict[str, Callable[[str, str], bool | None]] = {
    "min": _numbers(lambda one, two: one >= two),
    "max": _numbers(lambda one, two: one <= two),
    "before": _dates(lambda one, two: one < two),
    "after": _dates(lambda one, two: one > two),
    "equals": _equal,
}


def _listed(value: str, name: str, claim: Claim, loop: Loop, know: Knowledge) -> bool:
    """Whether a code list has this code, on the line's or claim's first day of service where its row has dates."""
    row = know.code_lists[name].get(value)
    if row is None:
        return False
    first, last = row.get("from"), row.get("to")
    if not first and not last:
        return True
    day = service_day(claim, loop)
    return day is None or ((not first or first <= day.isoformat()) and (not last or day.isoformat() <= last))


def service_day(claim: Claim, loop: Loop | None) -> date | None:
    """First day of service of the line that holds this loop, else of the claim; None where unknown."""
    found = loop.up("2400") if loop else None
    if found is not None:
        for line in claim.lines:
            if line.loop is found:
                return line.first
    return claim.service_from


def check_operand(condition: Condition) -> Iterator[str]:
    """Problems of a condition's operand, for the lint."""
    verb, wanted = condition.verb, condition.value
    if verb == "matches":
        try:
            re.compile(wanted)
        except re.error as error:
            yield f"matches: `{wanted}` is no regular expression: {error}"
    elif verb in ("in", "not_in"):
        if not wanted:
            yield f"{verb}: is empty"
    elif verb in _COMPARE and wanted != "received":
        if "." in wanted and to_decimal(wanted) is None:
            try:
                check(wanted)
            except AddressError as error:
                yield f"{verb}: {error}"
        elif verb in ("min", "max") and to_decimal(wanted) is None:
            yield f"{verb}: `{wanted}` is neither a number nor an address"
        elif verb in ("before", "after") and to_date(wanted.replace("-", "")) is None:
            yield f"{verb}: `{wanted}` is neither a date (2026-01-31), an address, nor `received`"
