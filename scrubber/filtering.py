"""The filter that stands before submission: one file in, its claims in two files out, with everything there is to say.

``filter_file`` judges a file once. From that one verdict come the accepted and the rejected 837, the acknowledgements
and the reports. They are held against each other before any of them appears; if they disagree, none does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from scrubber import __version__
from scrubber.catalogue.load import load
from scrubber.inputs import STDIN, open_again
from scrubber.inventory import list_tables
from scrubber.pipeline import Options, open_sources
from scrubber.progress import Progress
from scrubber.reports.acknowledge import Acknowledgements
from scrubber.reports.folds import Unfolder
from scrubber.reports.glimpse import Glimpse
from scrubber.reports.html import Html
from scrubber.reports.json_report import JsonReport
from scrubber.reports.outbound import Numbers
from scrubber.reports.reconcile import Reasons, find_differences
from scrubber.reports.redact import Redactor
from scrubber.reports.report import Report, Run
from scrubber.reports.scroll import Shelf
from scrubber.reports.split.division import Unbalanced
from scrubber.reports.split.split import Split
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.run import Events, ack_name, make_ack_options
from scrubber.verdict import ClaimVerdict, Event, FileEnd, FileStart, Totals

ENDINGS = (
    ".accepted.837", ".rejected.837", ".ta1", ".ta1.txt", ".999", ".999.txt", ".277ca", ".277ca.txt", ".report.html",
    ".report.json",
)  # fmt: skip
"""What the names of the files that a filter writes end with."""

DISAGREES = (
    "What was written does not agree with what was judged ({}), so nothing was released. That is a fault of ours: "
    "please report it with this line, which holds no data of the file"
)


@dataclass(frozen=True, slots=True)
class FilterResult:
    """How a file came out. ``error`` says in words why it was not filtered, None when it was; ``files`` are those that
    appeared: where ``error`` is set, only what explains it."""

    path: str
    status: str
    """accepted, partial, rejected or unreadable."""
    totals: Totals
    files: tuple[Path, ...]
    error: str | None
    tally: Tally
    """The same in full: counts of findings and of what was not checked."""
    outside: int = 0
    """Claims that stood in no transaction set that could be judged, and are in no count but this: they are in the
    rejected file as they came."""

    def file(self, ending: str) -> Path | None:
        """The file whose name ends so (``.accepted.837``), if it appeared."""
        return next((file for file in self.files if file.name.endswith(ending)), None)


def filter_file(
    source: str | Path,
    out_dir: str | Path,
    options: Options,
    *,
    name: str | None = None,
    clock: datetime | None = None,
    numbers: Numbers | None = None,
    redact: bool = False,
    progress: Progress | None = None,
    watch: Callable[[Event], None] | None = None,
) -> FilterResult:
    """Judge a file (``-`` is standard input), and write what becomes of it into a folder, as ``NAME.accepted.837`` and
    so on; ``name`` is by default the source's without its ending.

    All files appear together, readable by their owner alone, in place of older ones of these names; or none does.
    ``clock`` stamps the acknowledgements. ``numbers`` are the control numbers that they begin with, and are moved on;
    give the same to the next file. ``redact`` leaves patient data out of the reports; the other files are claims and
    answers to them. Options that hold a catalogue and tables save loading them for each file. ``watch`` is
    shown every event of the file.

    A file that cannot be read, or holds no professional claim, is a result with an error, and so is a file whose
    outputs disagree. Raises ConfigError for wrong options, OSError where the folder cannot be written.
    """
    return _Filtering(str(source), Path(out_dir), options, name, clock, numbers, redact, progress, watch).run()


class _Filtering:
    """One file on its way through."""

    def __init__(
        self,
        path: str,
        out: Path,
        options: Options,
        name: str | None,
        clock: datetime | None,
        numbers: Numbers | None,
        redact: bool,
        progress: Progress | None,
        watch: Callable[[Event], None] | None,
    ) -> None:
        self.path = path
        self.name = name or ack_name(path)
        self.out = out
        catalogue = options.catalogue or load(options.config.packs)
        sources = options.sources or open_sources(options.data)
        self.options = replace(options, catalogue=catalogue, sources=sources)
        self.sources = sources
        self.words = Wording(catalogue)
        self.answering = make_ack_options(options, clock)
        self.numbers = numbers
        self.redactor = Redactor() if redact else None
        self.progress = progress or Progress(None, 0)
        self.watch = watch
        self.tally = Tally()
        self.reasons = Reasons()

    def run(self) -> FilterResult:
        shelf = Shelf(self.out)
        try:
            with self._acknowledge(shelf) as acks, self._split(shelf) as split:
                end = self._judge(shelf, split, acks)
                return self._release(shelf, split, acks, end)
        except Unbalanced as fault:
            return self._refuse(DISAGREES.format(str(fault)))
        except OSError as error:
            raise OSError(error.errno, error.strerror, error.filename or str(self.out)) from None
        finally:
            shelf.discard()

    def _acknowledge(self, shelf: Shelf) -> Acknowledgements:
        return Acknowledgements(self.out, self.name, self.answering, self.words, self.numbers, shelf)

    @contextlib.contextmanager
    def _split(self, shelf: Shelf) -> Iterator[Split]:
        accepted, rejected = (shelf.open(f"{self.name}.{fate}.837") for fate in ("accepted", "rejected"))
        split = Split(accepted, rejected, self.out)
        try:
            yield split
        finally:
            split.close()

    def _judge(self, shelf: Shelf, split: Split, acks: Acknowledgements) -> FileEnd:
        """Judge the file for all who want to know. Returns how it ended."""
        reports = self._make_reports(shelf)
        redactor, tally, reasons = self.redactor, self.tally, self.reasons
        for report in reports:
            report.begin()
        end: FileEnd | None = None
        events = Events(self.options, self.path, lambda stream: split.original.watch(self.progress.watch(stream)))
        with contextlib.closing(events):
            for event in map(Unfolder(open_again).unfold, events):
                if type(event) is FileEnd:
                    end = event
                    if split.original.trouble is not None:
                        raise split.original.trouble
                    if not event.sha256:
                        break  # It was not read to its end: what came before is worth nothing.
                tally.handle(event)
                reasons.handle(event)
                acks.handle(event)
                split.handle(event)
                if self.watch is not None:
                    self.watch(event)
                shown = redactor.redact(event) if redactor else event
                for report in reports:
                    report.handle(shown)
                if type(event) is not ClaimVerdict:
                    self.progress.clear()
        assert end is not None
        tables = tuple(list_tables(self.sources))
        for report in reports:
            report.end(tally, tables)
        return end

    def _make_reports(self, shelf: Shelf) -> list[Report]:
        about = Run(__version__, self.options.received, self.redactor is not None)
        html, json = (cast(BinaryIO, shelf.open(f"{self.name}.report.{ending}")) for ending in ("html", "json"))
        # A stream is read once, and a look into the file would show what was redacted.
        glimpse = None if about.redacted or self.path == STDIN else Glimpse(open_again)
        return [Html(html, self.words, about, glimpse=glimpse), JsonReport(json, self.words, about)]

    def _release(self, shelf: Shelf, split: Split, acks: Acknowledgements, end: FileEnd) -> FilterResult:
        if not end.sha256:
            return self._refuse(end.error or "The file could not be judged")
        if end.error is not None:
            # It holds no professional claim: what there is to say of it is all that there is.
            shelf.blank(f"{self.name}.accepted.837", f"{self.name}.rejected.837")
            return self._result(tuple(acks.release()), end.error)
        shelf.finish()
        totals = self.tally.totals
        differences = find_differences(shelf.staged(), self.name, totals, split, acks, self.reasons)
        if differences:
            return self._refuse(DISAGREES.format("; ".join(differences)))
        return replace(self._result(tuple(acks.release()), None), outside=split.outside)

    def _refuse(self, reason: str) -> FilterResult:
        """Nothing is released, and nothing that was counted holds."""
        self.tally = Tally()
        for event in (FileStart(self.path), FileEnd(self.path, "", 0, "unreadable", (), reason)):
            self.tally.handle(event)
        return self._result((), reason)

    def _result(self, files: tuple[Path, ...], error: str | None) -> FilterResult:
        file = self.tally.files[-1]
        return FilterResult(self.path, file.status, file.totals, files, error, self.tally)
