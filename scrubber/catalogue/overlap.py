"""Whether findings speak of the same place: then one of them is enough."""

from __future__ import annotations

from collections.abc import Iterable

from scrubber.finding import Finding, Location


def _numbers(where: Location) -> tuple[int, int, int]:
    """Segment, element and component of a location; 0 for the whole."""
    if where.element is None or where.segment is None:
        return where.ordinal, 0, 0
    element, _, component = where.element[len(where.segment) :].partition("-")
    return where.ordinal, int(element), int(component or 0)


def _overlap(one: Location, two: Location) -> bool:
    a, b = _numbers(one), _numbers(two)
    return a[0] == b[0] and all(x == y or not x or not y for x, y in zip(a[1:], b[1:], strict=True))


def share_place(one: Finding, two: Finding) -> bool:
    """Whether two findings share a place."""
    places: Iterable[Location] = (two.where, *two.related)
    return any(_overlap(mine, other) for other in places for mine in (one.where, *one.related))


def spoils(damage: Location, where: Location) -> bool:
    """Whether a structural fault lies where a finding looks. A finding about a whole segment (it lacks something, it
    should not be there) is spoilt only by a fault of the whole segment."""
    if damage.segment != where.segment:
        return False
    if where.element is None and damage.element is not None:
        return False
    return _overlap(damage, where)
