"""``scrubber filter``: judge claims, and split each file into those that may be sent and those that may not."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TextIO

import click

from scrubber.commands.options import (
    colors,
    decide,
    failing,
    judging,
    make_options,
    quieting,
    redacting,
    without_color,
)

if TYPE_CHECKING:
    from scrubber.filtering import FilterResult
    from scrubber.pipeline import Options
    from scrubber.progress import Progress

EXAMPLES = """
\b
Examples:
  scrubber filter claims.837 --out outbox
  scrubber filter *.837 --out outbox --reject-unit transaction
  produce | scrubber filter - --accepted - | send
  scrubber filter claims.837 --accepted good.837 --rejected bad.837

\b
Written into --out for claims.837 (each only where it holds something):
  claims.accepted.837    the claims that may be sent, an interchange of their own
  claims.rejected.837    the claims that may not, each as it came
  claims.ta1, .999, .277ca, and each in words as .txt
  claims.report.html     the report for people; claims.report.json for machines

\b
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above it
  2  wrong usage or configuration
  3  a file could not be judged, or what was written did not reconcile: of that
     file, nothing is released but what explains it
With several files the highest wins, and every file is filtered.
"""


@click.command("filter", epilog=EXAMPLES, short_help="Split files into accepted and rejected claims, with the answers.")
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", metavar="DIR", help="The folder for everything that is written.")
@click.option("--accepted", metavar="FILE|-", help="Write the accepted claims here, too; without --out, nothing else.")
@click.option("--rejected", metavar="FILE|-", help="Write the rejected claims here, too; without --out, nothing else.")
@click.option(
    "--reject-unit", type=click.Choice(["claim", "transaction"]), default="claim", show_default=True,
    help="What a rejected claim takes with it: nothing, or its whole transaction set.",
)  # fmt: skip
@failing
@judging
@redacting("the reports, not in the claims and the answers to them")
@quieting()
@without_color
def filter(
    paths: tuple[str, ...],
    out: str | None,
    accepted: str | None,
    rejected: str | None,
    reject_unit: str,
    fail_on: str | None,
    redact: bool,
    quiet: bool,
    no_color: bool,
    **how: Any,
) -> int:
    """Judge files (- is standard input), and write the claims that may be sent and those that may not, each as it came,
    with acknowledgements and reports.

    The files of one input come from one verdict and appear together, readable by you alone, and only if they agree
    with each other to the cent.
    """
    import gc

    # Claims form no cycles, and what is loaded stays: the collector seldom finds anything.
    gc.set_threshold(50_000, 20, 100)
    from scrubber.inputs import expand, measure
    from scrubber.pipeline import make_engine
    from scrubber.progress import Progress

    files = [file for file in expand(paths) if file in paths or not (out and _is_inside(file, out))]
    if not files:
        raise click.ClickException(f"no file in {', '.join(paths)} begins with ISA: there is nothing to filter")
    _check_targets(files, out, accepted, rejected)
    options = make_options(reject_unit=reject_unit, **how)
    make_engine(options)  # Refuses names that it does not know, while nothing is written yet.
    gc.freeze()
    watched = sys.stderr if sys.stderr.isatty() and not quiet else None
    run = _Run(
        Progress(watched, measure(files)),
        options,
        redact,
        quiet,
        received=how["received"] is not None,
        color=colors(no_color),
    )
    with _stopped_by_signal():
        run.write(files, out, accepted, rejected)
    return decide(run.tally, fail_on or options.config.fail_on)


class _Run:
    """Files filtered one after another: the control numbers of their answers run on."""

    def __init__(
        self, progress: Progress, options: Options, redact: bool, quiet: bool, *, received: bool, color: bool
    ) -> None:
        from scrubber.reports.outbound import Numbers
        from scrubber.reports.tally import Tally
        from scrubber.run import make_ack_options

        self.tally = Tally()
        self._progress = progress
        self._options = options
        self._redact = redact
        self._quiet = quiet
        self._color = color
        self._clock = datetime.combine(options.received, time()) if received else datetime.now()
        self._numbers = Numbers.starting(make_ack_options(options, self._clock))

    def write(self, files: Sequence[str], out: str | None, accepted: str | None, rejected: str | None) -> None:
        """Filter files into a folder, and copy their claims to where else they are wanted. Without a folder, what is
        written meanwhile lies in one that goes away again."""
        import tempfile

        from scrubber.destination import open_output

        said = sys.stderr if "-" in (accepted, rejected) else sys.stdout
        with contextlib.ExitStack() as stack:
            folder = out or stack.enter_context(tempfile.TemporaryDirectory(prefix="scrubber-"))
            targets: dict[str, BinaryIO] = {}
            for target, ending in ((accepted, ".accepted.837"), (rejected, ".rejected.837")):
                if target is not None:
                    targets[ending] = sys.stdout.buffer if target == "-" else stack.enter_context(open_output(target))
            for file in files:
                result = self._filter(file, folder)
                for ending, stream in targets.items():
                    if (written := result.file(ending)) is not None:
                        with written.open("rb") as claims:
                            shutil.copyfileobj(claims, stream, 1 << 20)
                        stream.flush()
                if out is None:
                    for path in result.files:
                        path.unlink()
                self._tell(result, said, out)

    def _filter(self, file: str, out: str) -> FilterResult:
        from scrubber.filtering import filter_file

        result = filter_file(
            file, out, self._options, clock=self._clock, numbers=self._numbers, redact=self._redact,
            progress=self._progress,
        )  # fmt: skip
        self.tally.merge(result.tally)
        return result

    def _tell(self, result: FilterResult, stream: TextIO, out: str | None) -> None:
        """One file's outcome in a line or two."""
        from scrubber.reports.prose import Page, harmless, money
        from scrubber.spelling import count

        page = Page(color=self._color and stream is sys.stdout)
        self._progress.clear()
        if result.error is not None:
            click.echo(f"scrubber: {harmless(result.path)}: {result.error}", err=True)
        if self._quiet:
            return
        totals = result.totals
        if result.error is None:
            good = f"{totals.accepted:,} accepted ({money(totals.charge_accepted)})"
            bad = f"{totals.rejected:,} rejected ({money(totals.charge_rejected)})"
            said = f"{page.paint(good, 'good')}, {page.paint(bad, 'reject') if totals.rejected else bad}"
            click.echo(f"{harmless(result.path)}: {count(totals.claims, 'claim')}: {said}", file=stream)
        if result.outside:
            claims = "claim stands" if result.outside == 1 else "claims stand"
            click.echo(
                f"  {result.outside:,} more {claims} outside the professional transaction sets: not judged, and in the "
                "rejected file as they came",
                file=stream,
            )
        if out is not None and result.files:
            names = ", ".join(harmless(file.name) for file in result.files)
            click.echo(f"  in {harmless(out)}: {names}", file=stream)


def _check_targets(files: Sequence[str], out: str | None, accepted: str | None, rejected: str | None) -> None:
    """Whether everything can be written without overwriting anything that is read or written here."""
    from scrubber.filtering import ENDINGS
    from scrubber.run import ack_name

    if out is None and accepted is None and rejected is None:
        raise click.UsageError("say where to write: --out DIR for everything, or --accepted FILE and --rejected FILE")
    targets = [target for target in (accepted, rejected) if target is not None]
    if accepted is not None and rejected is not None and _same(accepted, rejected):
        raise click.UsageError("accepted and rejected claims cannot go to the same place")
    names: dict[str, str] = {}
    for file in files:
        other = names.setdefault(ack_name(file), file)
        if other != file and out is not None:
            raise click.UsageError(f"{other} and {file} would be written under the same names; use two folders")
    if out is not None:
        if os.path.exists(out) and not os.path.isdir(out):
            raise click.UsageError(f"--out {out} is not a folder")
        targets += [os.path.join(out, name + ending) for name in names for ending in ENDINGS]
    sources = {os.path.realpath(file): file for file in files if file != "-"}
    for target in targets:
        if source := sources.get(os.path.realpath(target)):
            raise click.UsageError(f"{source} would be overwritten; write into another folder")


def _same(one: str, other: str) -> bool:
    return one == other or ("-" not in (one, other) and os.path.realpath(one) == os.path.realpath(other))


def _is_inside(file: str, folder: str) -> bool:
    """Whether a file that was found in a folder lies where the output goes."""
    return os.path.dirname(os.path.realpath(file)) == os.path.realpath(folder)


@contextlib.contextmanager
def _stopped_by_signal() -> Iterator[None]:
    """Being told to stop takes away what is half written, as Ctrl-C does."""

    def stop(number: int, frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
