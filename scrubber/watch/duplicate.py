"""What a submitter is told of a batch that came before: a 277CA that rejects each set as a duplicate submission.

Nothing is judged. 746 stands at the level of the batch (2200B) and nowhere else; the claims are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scrubber.catalogue.load import load
from scrubber.finding import Finding, Location, Severity
from scrubber.pipeline import Options, judge
from scrubber.reports.ack277ca import Ack277ca
from scrubber.reports.entries import BUSINESS, Entries, Entry
from scrubber.reports.outbound import AckOptions, Numbers
from scrubber.reports.scroll import Scroll, Shelf
from scrubber.reports.wording import Wording
from scrubber.verdict import Event, GroupEnd, InterchangeEnd, SetEnd, SetStatus

EDIT = "WATCH-01"
"""What the duplicate is called in the rendering of the 277CA."""


@dataclass(frozen=True, slots=True)
class _Status:
    category: str = "A3"
    code: str = "746"
    entity: str | None = None


class _Duplicate:
    """The entry of a batch that came before."""

    ack = BUSINESS
    name = "batch-submitted-before"
    why = "A file of the same content, or with the same interchange control number, was judged before."
    fix = "If the claims are new, give the interchange a number of its own and send it again."

    def message(self, finding: Finding) -> str:
        return "This batch was submitted before."

    def status_of(self, finding: Finding) -> tuple[_Status, ...]:
        return (_Status(),)


class _Words:
    """The catalogue, with the one entry that is not about claims."""

    def __init__(self, words: Wording) -> None:
        self._words = words

    def entry(self, edit: str) -> Entry:
        return _Duplicate() if edit == EDIT else self._words.entry(edit)


def refuse_batch(
    path: Path, out: Path, slot: str, options: Options, acks: AckOptions, numbers: Numbers
) -> tuple[Path, ...]:
    """Write the 277CA of a file that came before, and its rendering; nothing where it holds no set. Raises OSError."""
    words = Wording(options.catalogue or load(options.config.packs))
    shelf = Shelf(out)
    spool = Scroll.spooled(out)
    try:
        page = shelf.scroll(f"{slot}.277ca")
        writer = Ack277ca(page, spool, acks, numbers, Entries(_Words(words)))
        for event in judge(path, options, name=path.name):
            writer.handle(_refuse(event))
        writer.close()
        if not page.segments:
            shelf.blank(f"{slot}.277ca", f"{slot}.277ca.txt")
        return tuple(shelf.release())
    finally:
        spool.close()
        shelf.discard()


def _refuse(event: Event) -> Event:
    """The event as it is when nothing but the repetition is wrong."""
    if isinstance(event, SetEnd):
        where = Location(None, None, None, None, None, 1, 0, 0)
        return replace(
            event, status=SetStatus.ACCEPTED, findings=(Finding(EDIT, Severity.REJECT, where),), codes=(), cause=None
        )
    if isinstance(event, GroupEnd):
        return replace(event, status="A", findings=(), codes=())
    if isinstance(event, InterchangeEnd):
        return replace(event, status="A", findings=(), cause=None)
    return event
