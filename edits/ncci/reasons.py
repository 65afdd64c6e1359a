"""Reasons why something was not checked that name codes: a few of them, the rest counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from scrubber.catalogue.check import Gap

NAMED = 6
"""Codes that a reason names."""


def name_codes(codes: Collection[str]) -> str:
    """``64479, 64480``; of many the first, and how many more there are."""
    names = sorted(codes)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def gaps(reason: str, codes: Collection[str]) -> Iterator[Gap]:
    """One gap for all codes of which the same is not known."""
    if codes:
        yield Gap(f"{reason}: {name_codes(codes)}")
