"""Small code lists whose keys may be ranges: ``20610`` or ``20550-20611``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]

_REMEMBERED = 4096
"""Codes remembered per list; a practice bills a few hundred."""


class CodeSpans:
    """A code list looked up by code. An exact key wins over a range; of two ranges that hold a code, the first."""

    __slots__ = ("_exact", "_known", "_spans")

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._exact: dict[str, Row] = {}
        self._spans: list[tuple[str, str, Row]] = []
        self._known: dict[str, Row | None] = {}
        for key, row in rows.items():
            first, dash, last = key.partition("-")
            if dash:
                self._spans.append((first, last, row))
            else:
                self._exact[key] = row

    def get(self, code: str) -> Row | None:
        """The row that holds a code, or None."""
        try:
            return self._known[code]
        except KeyError:
            pass
        row = self._exact.get(code)
        if row is None:
            row = next((r for first, last, r in self._spans if len(code) == len(first) and first <= code <= last), None)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[code] = row
        return row

    def value(self, code: str, column: str) -> str:
        """One column of the row that holds a code, ``""`` when none does."""
        row = self.get(code)
        return str(row[column]) if row is not None else ""

    def __contains__(self, code: str) -> bool:
        return self.get(code) is not None


_spans: dict[str, CodeSpans] = {}
_spans_of: Mapping[str, Mapping[str, Row]] | None = None


def spans(lists: Mapping[str, Mapping[str, Row]], name: str) -> CodeSpans:
    """The list of this name, ready for looking up codes; empty when there is none. Made once for the ``lists`` of a
    run."""
    global _spans_of
    if lists is not _spans_of:
        _spans.clear()
        _spans_of = lists
    try:
        return _spans[name]
    except KeyError:
        return _spans.setdefault(name, CodeSpans(lists.get(name, {})))
