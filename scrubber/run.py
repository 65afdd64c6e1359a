"""A run: judge files, one after another or side by side, and write one report of them all.

Whatever happens to one file, the others are judged. Files appear under their names only when they are complete.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from scrubber.catalogue.load import load
from scrubber.config import ConfigError
from scrubber.inputs import STDIN, measure, open_again
from scrubber.pipeline import Options, judge, make_engine, open_sources
from scrubber.progress import Progress
from scrubber.reports.fingerprint import Fingerprints
from scrubber.reports.folds import Unfolder
from scrubber.reports.redact import Redactor
from scrubber.reports.report import Report, Run
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.trouble import locate_crash
from scrubber.verdict import ClaimVerdict, Event, FileEnd, FileStart

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from scrubber.baseline import Baseline, Record
    from scrubber.reports.acknowledge import Acknowledgements
    from scrubber.reports.outbound import AckOptions

FORMATS = ("text", "json", "jsonl", "html", "csv", "sarif", "junit", "github")

AHEAD = 4
"""Files that each process may be ahead of the one that is written: what they found waits on disk."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. Once its catalogue is left out it pickles, so that another process can be told."""

    options: Options
    packs: tuple[str, ...] = ()
    version: str = ""
    format: str = "text"
    redact: bool = False
    quiet: bool = False
    verbose: bool = False
    color: bool = False
    width: int = 100
    encoding: str = "utf-8"
    acks: Path | None = None
    clock: datetime | None = None
    """When acknowledgements say they were made."""
    jobs: int = 1
    baseline: Baseline | None = None
    """What is known: it is left out of the report and the tally."""
    record: Record | None = None
    """Where everything that is found is noted for a baseline."""


def run(request: Request, paths: Sequence[str], out: BinaryIO, progress: Progress) -> Tally:
    """Judge the files and write the report to ``out``. Raises ConfigError and PackError before anything is written,
    OSError when output cannot be written."""
    request = replace(request, options=_equip(request))
    # What is loaded now stays: let the collector leave it alone.
    gc.freeze()
    make_engine(request.options)  # Refuses names that it does not know, while nothing is written yet.
    report = make_report(request, out)
    tally = Tally()
    report.begin()
    if request.jobs > 1 and len(paths) > 1 and not (request.acks or request.baseline or request.record):
        _judge_side_by_side(request, paths, report, tally, progress)
    else:
        _judge_in_turn(request, paths, report, tally, progress)
    progress.clear()
    if request.baseline is not None:
        tally.known = request.baseline.left_out
    if request.format == "jsonl" or (request.quiet and request.format == "text"):
        report.end(tally, ())
    else:
        from scrubber.inventory import list_tables

        assert request.options.sources is not None
        report.end(tally, tuple(list_tables(request.options.sources)))
    out.flush()
    return tally


def _equip(request: Request) -> Options:
    """The options with the edits loaded and the tables open, the same for all files."""
    options = request.options
    return replace(
        options,
        catalogue=options.catalogue or load(request.packs),
        sources=options.sources or open_sources(options.data),
    )


def make_report(request: Request, out: BinaryIO) -> Report:
    """The writer of the format asked for."""
    catalogue = request.options.catalogue
    assert catalogue is not None
    wording = Wording(catalogue)
    about = Run(request.version, request.options.received, request.redact)
    if request.format == "text":
        from scrubber.reports.glimpse import Glimpse
        from scrubber.reports.prose import Page
        from scrubber.reports.text import TextReport

        return TextReport(
            out,
            wording,
            about,
            Page(request.width, request.color),
            verbose=request.verbose,
            quiet=request.quiet,
            # A look into the file would show what was redacted.
            glimpse=None if request.redact else Glimpse(open_again),
            encoding=request.encoding,
        )
    if request.format == "html":
        from scrubber.reports.glimpse import Glimpse
        from scrubber.reports.html import Html

        return Html(out, wording, about, glimpse=None if request.redact else Glimpse(open_again))
    if request.format == "sarif":
        from scrubber.reports.lines import Lines
        from scrubber.reports.sarif import Sarif

        return Sarif(out, wording, about, Lines(open_again))
    if request.format == "github":
        from scrubber.reports.github import GitHub
        from scrubber.reports.lines import Lines

        return GitHub(out, wording, about, Lines(open_again), os.environ.get("GITHUB_STEP_SUMMARY"))
    if request.format == "junit":
        from scrubber.reports.junit import JUnit

        return JUnit(out, wording, about)
    if request.format == "csv":
        from scrubber.reports.csv_report import CsvReport

        return CsvReport(out, wording, about)
    from scrubber.reports.json_report import JsonLinesReport, JsonReport

    return (JsonReport if request.format == "json" else JsonLinesReport)(out, wording, about)


# One after another -----------------------------------------------------------------------------------------------


def _judge_in_turn(request: Request, paths: Sequence[str], report: Report, tally: Tally, progress: Progress) -> None:
    if request.acks is None:
        for path in paths:
            _judge_file(request, path, report, tally, progress)
        return
    from scrubber.reports.acknowledge import Acknowledgements
    from scrubber.reports.outbound import Numbers

    assert request.options.catalogue is not None
    words = Wording(request.options.catalogue)
    options = make_ack_options(request.options, request.clock)
    numbers = Numbers.starting(options)  # They run on through the files.
    for path in paths:
        with Acknowledgements(request.acks, ack_name(path), options, words, numbers) as acks:
            if _judge_file(request, path, report, tally, progress, acks):
                acks.release()


def _judge_file(
    request: Request, path: str, report: Report, tally: Tally, progress: Progress, acks: Acknowledgements | None = None
) -> bool:
    """Judge one file for all who want to know; whether it was judged without a crash of ours."""
    unfolder = Unfolder(open_again)
    redactor = Redactor() if request.redact else None
    marks = Fingerprints() if request.format == "sarif" or request.baseline or request.record else None
    with contextlib.closing(Events(request.options, path, progress.watch)) as events:
        for event in map(unfolder.unfold, events):
            if acks is not None and not events.crashed:
                acks.handle(event)  # Whatever is known or new: an answer tells all.
            if marks is not None:
                event = marks.mark(event)
                if request.record is not None:
                    request.record.note(event)
                if request.baseline is not None:
                    event = request.baseline.leave_out(event)
            tally.handle(event)
            if type(event) is not ClaimVerdict:
                progress.clear()
            report.handle(redactor.redact(event) if redactor else event)
        return not events.crashed


class Events:
    """The events of one file, which is read through ``watch``. A crash of the pipeline ends the file, not the run."""

    def __init__(self, options: Options, path: str, watch: Callable[[BinaryIO], BinaryIO]) -> None:
        self.crashed = False
        self._options = options
        self._path = path
        self._watch = watch
        self._stack = contextlib.ExitStack()

    def __iter__(self) -> Iterator[Event]:
        path, started = self._path, False
        try:
            events = judge(self._source(), self._options, name=path)
            first = next(events)
            started = True
            yield first
            yield from events
        except (ConfigError, OSError):
            raise  # An operator's mistake, or trouble with what is written: neither is about this file.
        except Exception as error:
            self.crashed = True
            if not started:
                yield FileStart(path)
            yield FileEnd(path, "", 0, "unreadable", (), locate_crash(error))

    def _source(self) -> str | BinaryIO:
        """The file, watched; or the path, when it cannot be opened: why it cannot be is for the pipeline to say."""
        if self._path == STDIN:
            return self._watch(sys.stdin.buffer)
        try:
            stream = self._stack.enter_context(open(self._path, "rb"))  # noqa: SIM115 - closed by close()
        except OSError:
            return self._path
        return self._watch(stream)

    def close(self) -> None:
        self._stack.close()


def ack_name(path: str) -> str:
    """What the acknowledgements of a file are called, without their endings."""
    return "stdin" if path == STDIN else Path(path).stem


def make_ack_options(options: Options, clock: datetime | None = None) -> AckOptions:
    """How acknowledgements are written; ``clock``, else now, is when. The claims' submitter is the receiver of what
    answers them, and the other way round. Raises ConfigError."""
    from scrubber.reports.outbound import AckOptions

    acks = options.config.acks
    try:
        return AckOptions(
            clock=clock or datetime.now(),
            received=options.received,
            sender=acks.receiver,
            receiver=acks.submitter,
            stc12=acks.stc12,
        )
    except ValueError as error:
        raise ConfigError(f"acks: {error}") from None


# Side by side ----------------------------------------------------------------------------------------------------


def _judge_side_by_side(
    request: Request, paths: Sequence[str], report: Report, tally: Tally, progress: Progress
) -> None:
    """Each file in a process of its own; what was found is written in the order of the files."""
    import tempfile
    from concurrent.futures import ProcessPoolExecutor

    order = replace(request, options=replace(request.options, catalogue=None, sources=None))
    with (
        tempfile.TemporaryDirectory(prefix="scrubber-") as folder,
        ProcessPoolExecutor(min(request.jobs, len(paths)), initializer=_prepare, initargs=(order,)) as pool,
    ):
        waiting: deque[tuple[str, str, Future[Tally] | None]] = deque()
        rest = iter(enumerate(paths))
        try:
            while True:
                while len(waiting) < AHEAD * request.jobs and (entry := next(rest, None)):
                    number, path = entry
                    piece = os.path.join(folder, str(number))
                    waiting.append((path, piece, _submit(pool, path, piece)))
                if not waiting:
                    return
                path, piece, future = waiting.popleft()
                found = _result(future, order, path, piece)
                progress.clear()
                if found is None:
                    _report_death(path, report, tally)
                else:
                    with open(piece, "rb") as stream:
                        report.take_in(stream)
                    tally.merge(found)
                    os.unlink(piece)
                progress.add(measure((path,)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _submit(pool: ProcessPoolExecutor, path: str, piece: str) -> Future[Tally] | None:
    from concurrent.futures import BrokenExecutor

    try:
        return pool.submit(_judge_piece, path, piece)
    except BrokenExecutor:
        return None


def _result(future: Future[Tally] | None, order: Request, path: str, piece: str) -> Tally | None:
    """What was found; None when the process that judged the file died."""
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

    if future is not None:
        with contextlib.suppress(BrokenExecutor):
            return future.result()
    # One file has broken the pool, and with it the work on others: each is tried again, alone.
    with ProcessPoolExecutor(1, initializer=_prepare, initargs=(order,)) as alone:
        try:
            return alone.submit(_judge_piece, path, piece).result()
        except BrokenExecutor:
            return None


def _report_death(path: str, report: Report, tally: Tally) -> None:
    reason = "The process that judged this file was ended from outside, perhaps for want of memory. Try --jobs 1"
    for event in (FileStart(path), FileEnd(path, "", 0, "unreadable", (), reason)):
        tally.handle(event)
        report.handle(event)


_order: Request | None = None
"""In a process of the pool: what it was told."""


def _prepare(order: Request) -> None:
    """Make a process ready to judge files."""
    global _order
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word.
    _order = replace(order, options=_equip(order))


def _judge_piece(path: str, piece: str) -> Tally:
    """Judge a file and write its part of the report."""
    assert _order is not None
    tally = Tally()
    with open(piece, "wb") as out:
        _judge_file(_order, path, make_report(_order, out), tally, Progress(None, 0))
    return tally
