"""TA1: what became of an interchange as a whole."""

from __future__ import annotations

from pathlib import PurePath

from scrubber.reports.annotate import SAYS, annotate, explain, heading, say_envelope, wrap
from scrubber.reports.entries import INTERCHANGE, Entries
from scrubber.reports.outbound import AckOptions, Numbers, build_isa, say_date
from scrubber.reports.scroll import Scroll
from scrubber.reports.vocabulary import read_vocabulary
from scrubber.verdict import Event, FileStart, InterchangeEnd, InterchangeStart
from scrubber.x12.values import to_date


class Ta1:
    """Writes the TA1 of every interchange that is owed one, each in an interchange of its own.

    Where ISA09, ISA10 or ISA13 is damaged no TA1 can be built (X12 RFI 2102): the rendering says so alone.
    """

    def __init__(self, page: Scroll, options: AckOptions, numbers: Numbers, entries: Entries) -> None:
        self._page = page
        self._options = options
        self._numbers = numbers
        self._entries = entries
        self._source = ""
        self._isa: list[str] = []

    def handle(self, event: Event) -> None:
        """Take the next event of the pipeline."""
        if isinstance(event, FileStart):
            self._source = PurePath(event.path).name
        elif isinstance(event, InterchangeStart):
            self._isa = event.isa
        elif isinstance(event, InterchangeEnd) and event.due:
            self._write(event)

    def _write(self, event: InterchangeEnd) -> None:
        page, words = self._page, read_vocabulary()
        if not page.mark().text:
            page.write("", heading("TA1, the answer to an envelope,", self._source), 0)
        note = event.note if event.note in words.ta105 else "000"
        about = f"{words.ta104.get(event.status, event.status)} {words.ta105[note]}"
        reasons = explain(self._entries, (f for f in event.findings if self._entries.acknowledged_on(f) == INTERCHANGE))
        echo = _echo(self._isa)
        if echo is None:
            lead = (
                "No TA1 could be written: the ISA segment is too damaged to say which interchange a TA1 would answer "
                "(control number ISA13, date ISA09, time ISA10). Tell the sender in another way."
            )
            page.write("", wrap(lead, 0) + wrap(about, SAYS) + reasons + "\n", 0)
            return
        number, day, time = echo
        isa = build_isa(self._options, self._isa, self._numbers.take_interchange())
        which = f"Interchange {number} of {say_date('20' + day)} {time[:2]}:{time[2:]}."
        for piece in (
            annotate(isa, say_envelope(isa)),
            annotate(["TA1", number, day, time, event.status, note], f"{which} {about}", reasons),
            annotate(["IEA", "0", isa[13]], "End of the interchange: it holds nothing but this answer."),
        ):
            page.write(*piece)
        page.write("", "\n", 0)


def _echo(isa: list[str]) -> tuple[str, str, str] | None:
    """ISA13, ISA09 and ISA10 of the interchange answered, if they can stand in a TA1."""
    if len(isa) < 14:
        return None
    number, day, time = isa[13].strip(), isa[9].strip(), isa[10].strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 9 and to_date("20" + day)):
        return None
    if not (time.isascii() and time.isdigit() and len(time) == 4 and time[:2] < "24" and time[2:] < "60"):
        return None
    return number.zfill(9), day, time
