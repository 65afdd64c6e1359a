"""Reasons why something was not checked that name codes: a few of them, the rest counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from scrubber.catalogue.check import Gap
from scrubber.tables.dated import Edition

NAMED = 6
"""Codes that a reason names."""


def name_codes(codes: Collection[str]) -> str:
    """``64479, 64480``; of many the first, and how many more there are."""
    names = sorted(codes)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def gaps(reason: str, codes: Mapping[str, Iterable[int]]) -> Iterator[Gap]:
    """One gap for all codes of which the same is not known, with the lines (LX01) that bill them."""
    if codes:
        yield at_lines(f"{reason}: {name_codes(codes)}", (number for numbers in codes.values() for number in numbers))


def short_table(editions: Iterable[Edition]) -> str:
    """What a table is called that is not whole: the shipped one, or one of the user's own."""
    shipped = any(edition.name.startswith("starter") for edition in editions)
    return "the starter table" if shipped else "the loaded table, which is not whole"


def at_lines(reason: str, numbers: Iterable[int]) -> Gap:
    """A gap that concerns these lines."""
    lines = sorted(set(numbers))
    return Gap(reason, lines[0] if lines else None, tuple(lines[1:]))
