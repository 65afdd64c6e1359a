"""Corrections as people and machines read them: a diff by segment, and the same as JSON."""

from __future__ import annotations

import re
from typing import Any, TextIO

from scrubber.fixes.rewrite import Change
from scrubber.reports.prose import Page, harmless
from scrubber.reports.wording import Wording

_SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}").fullmatch
"""Where a file is damaged, what stands in a segment id's place may be anything."""


class Diff:
    """Writes each change as it is told: a line that says where and which edit asks for it, the segment as it was and
    as it is. ``redacted`` leaves out everything that the file says."""

    def __init__(self, out: TextIO, words: Wording, page: Page, names: tuple[str, str], *, redacted: bool) -> None:
        self._out = out
        self._words = words
        self._page = page
        self._names = names
        self._redacted = redacted
        self._passed = 0

    def tell(self, passed: int, change: Change) -> None:
        """One change of this pass, from 1."""
        paint, write = self._page.paint, self._out.write
        if not self._passed:
            for sign, name in zip(("---", "+++"), self._names, strict=True):
                write(paint(f"{sign} {harmless(name)}", "strong") + "\n")
        elif passed != self._passed:
            write(paint("@@ what these corrections brought to light: bytes are those of the corrected text @@", "info"))
            write("\n")
        self._passed = passed
        edits = ", ".join(f"{edit} {self._words.entry(edit).name}" for edit in change.edits)
        write(f"{paint(f'@@ {self._place(change)} @@', 'info')} {edits}\n")
        if change.delimiters is None or self._redacted:
            return
        shown = change.delimiters.segment if change.delimiters.segment.isprintable() else ""
        # An empty segment that is gone leaves nothing behind; a last one was not terminated before.
        before = "" if change.unended else shown
        write(paint(f"-{harmless(change.before)}{before}", "reject") + "\n")
        if change.after:
            write(paint(f"+{harmless(change.after)}{shown}", "good") + "\n")

    def _place(self, change: Change) -> str:
        if change.delimiters is None:
            return "whole file"
        place = f"byte {change.offset}"
        if change.ordinal:
            place += f", segment {change.ordinal}"
        name = change.before[:4].partition(change.delimiters.element)[0]
        name = name if _SEGMENT_ID(name) else ""
        if change.claim and not self._redacted:
            place += f", claim {harmless(change.claim)}"
        return f"{place}, {name}" if name else place


def to_json(passed: int, change: Change, *, redacted: bool) -> dict[str, Any]:
    """A change as the JSON report lists it."""
    told: dict[str, Any] = {
        "pass": passed,
        "offset": change.offset,
        "ordinal": change.ordinal,
        "claim": change.claim or None,
        "edits": list(change.edits),
        "before": change.before,
        "after": change.after,
    }
    if redacted:
        for name in ("claim", "before", "after"):
            del told[name]
    return told
