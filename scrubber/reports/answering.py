"""The interchange that carries an acknowledgement: it opens with the one that it answers, and is taken back where
nothing got into it."""

from __future__ import annotations

from pathlib import PurePath

from scrubber.reports.annotate import annotate, heading, say_envelope
from scrubber.reports.outbound import AckOptions, Numbers, build_isa
from scrubber.reports.scroll import Mark, Scroll
from scrubber.spelling import count
from scrubber.verdict import FileStart, InterchangeStart


class Answering:
    """Writes ISA and IEA around what others write to ``page``. ``what`` says in the rendering's first line what it
    is: ``999, the answer to the format of a file``."""

    def __init__(self, page: Scroll, options: AckOptions, numbers: Numbers, what: str) -> None:
        self.groups = 0
        """Groups in the open interchange."""
        self.number = ""
        """ISA13 of the open interchange."""
        self._page = page
        self._options = options
        self._numbers = numbers
        self._what = what
        self._source = ""
        self._start: Mark | None = None

    @property
    def is_open(self) -> bool:
        return self._start is not None

    def name(self, event: FileStart) -> None:
        """What is answered from here on."""
        self._source = PurePath(event.path).name

    def begin(self, event: InterchangeStart) -> None:
        """Answer this interchange."""
        page = self._page
        self._start = page.mark()
        self.groups = 0
        isa = build_isa(self._options, event.isa, self._numbers.take_interchange())
        self.number = isa[13]
        if not self._start.text:
            page.write("", heading(f"{self._what},", self._source), 0)
        page.write(*annotate(isa, say_envelope(isa)))

    def end(self, keep: bool) -> bool:
        """The interchange is over; whether it stands. It is taken back, and its number with it, where it holds no
        group, or is not to be kept."""
        start, self._start = self._start, None
        if start is None:
            return False
        if keep and self.groups:
            says = f"End of interchange {self.number}: {count(self.groups, 'group')}."
            self._page.write(*annotate(["IEA", str(self.groups), self.number], says, "\n"))
            return True
        self._page.rewind(start)
        self._numbers.interchange = int(self.number)
        return False
