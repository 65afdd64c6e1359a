"""All acknowledgements of one file: TA1, 999, 277CA and their renderings, from one stream of verdicts.

``NAME.ta1`` only where one is due, ``NAME.999``, ``NAME.277ca``, and each with ``.txt`` for people. One outbound
interchange answers each inbound one. Nothing is visible under its name before ``release``.
"""

from __future__ import annotations

from pathlib import Path

from scrubber.reports.ack277ca import Ack277ca, Sum
from scrubber.reports.ack999 import Ack999
from scrubber.reports.entries import Entries, Words
from scrubber.reports.outbound import AckOptions, Numbers
from scrubber.reports.scroll import Scroll, Shelf
from scrubber.reports.ta1 import Ta1
from scrubber.verdict import Event, FileEnd, GroupEnd, InterchangeEnd, InterchangeStart, SetEnd


class Acknowledgements:
    """Writes the acknowledgements of one file into a folder.

    Feed ``handle`` every event of the pipeline, then call ``release``; used as a context manager, whatever was not
    released is taken back. ``words`` is the catalogue. ``numbers`` tells, afterwards, the control numbers that the next
    file should begin with; give the same object to the next file of a run. Other outputs of the file that must appear
    together with these may stand on the same ``shelf``. Raises OSError as the file system does.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        options: AckOptions,
        words: Words,
        numbers: Numbers | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self.numbers = numbers or Numbers.starting(options)
        self._shelf = shelf or Shelf(directory)
        entries = Entries(words)
        self._spools = [Scroll.spooled(directory) for _ in range(2)]
        self._ta1 = Ta1(self._shelf.scroll(f"{name}.ta1"), options, self.numbers, entries)
        self._999 = Ack999(self._shelf.scroll(f"{name}.999"), self._spools[0], options, self.numbers, entries)
        self._277 = Ack277ca(self._shelf.scroll(f"{name}.277ca"), self._spools[1], options, self.numbers, entries)
        self._before = (0, 0, 0)

    @property
    def told(self) -> Sum:
        """Claims and charges that the 277CAs speak of."""
        return self._277.told

    @property
    def untold(self) -> Sum:
        """Claims and charges of sets, groups and interchanges that the 999 or TA1 rejected: no 277CA speaks of them."""
        return self._277.untold

    def handle(self, event: Event) -> None:
        """Take the next event of the pipeline."""
        if isinstance(event, InterchangeStart):
            self._before = (self.numbers.interchange, self.numbers.group, self.numbers.set)
        # The last to take a number is the first to give it back, so ends go the other way than beginnings.
        if isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            self._277.handle(event)
            self._999.handle(event)
        else:
            self._999.handle(event)
            self._277.handle(event)
        if isinstance(event, InterchangeEnd) and event.status == "R":
            self.numbers.interchange, self.numbers.group, self.numbers.set = self._before
        self._ta1.handle(event)
        if isinstance(event, FileEnd):
            self._277.close()
            self._999.close()

    def release(self) -> list[Path]:
        """Let the files appear under their names, and return them. Those that hold nothing do not appear."""
        self._close_spools()
        return self._shelf.release()

    def discard(self) -> None:
        """Take everything back."""
        self._close_spools()
        self._shelf.discard()

    def _close_spools(self) -> None:
        for spool in self._spools:
            spool.close()

    def __enter__(self) -> Acknowledgements:
        return self

    def __exit__(self, *error: object) -> None:
        self.discard()
