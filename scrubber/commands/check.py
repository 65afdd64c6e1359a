"""``scrubber check``: judge claims and say what is wrong with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import click

from scrubber import __version__
from scrubber.commands.options import (
    decide,
    failing,
    judging,
    make_options,
    quieting,
    redacting,
    wants_color,
    width,
    without_color,
)

EXAMPLES = """
\b
Examples:
  scrubber check claims.837
  scrubber check outbox/ --output report.txt
  scrubber check claims.837 --format jsonl --redact | head
  scrubber check claims.837 --ignore NCCI,MOD-06 --fail-on warning
  scrubber check claims.837 --received 2026-09-16 --ack-dir acks

\b
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above it
  2  wrong usage or configuration
  3  a file could not be judged (not there, not X12, not an 837P)
With several files the highest wins, and every file is judged.
"""


@click.command(epilog=EXAMPLES, short_help="Judge claims and say what is wrong with them.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format", "format_", default="text", show_default=True,
    type=click.Choice(["text", "json", "jsonl", "html", "csv", "sarif", "junit", "github"]),
    help="text for people; html, to open, print and forward; csv, a row a finding; json, one document; jsonl, one "
    "claim a line; sarif, junit and github for build servers.",
)  # fmt: skip
@click.option("--output", metavar="FILE", help="Write here, readable by you alone, instead of standard output.")
@failing
@judging
@click.option("--baseline", metavar="FILE", help="Report, and fail for, only what this baseline does not know.")
@click.option("--write-baseline", metavar="FILE", help="Write what is found into a baseline, for --baseline.")
@redacting("the report")
@click.option(
    "--ack-dir",
    metavar="DIR",
    help="Write TA1, 999 and 277CA here, each also in words. They name the claims, --redact or not.",
)
@click.option("-v", "--verbose", is_flag=True, help="Text: list accepted claims too, and tell every finding in full.")
@quieting("Only the findings: no totals, no progress.")
@without_color
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", default=1, show_default=True, help="Files judged at the same time."
)
def check(
    paths: tuple[str, ...],
    format_: str,
    output: str | None,
    fail_on: str | None,
    baseline: str | None,
    write_baseline: str | None,
    redact: bool,
    ack_dir: str | None,
    verbose: bool,
    quiet: bool,
    no_color: bool,
    jobs: int,
    **how: Any,
) -> int:
    """Judge the claims of files, of all X12 files in folders, or of standard input (-).

    Nothing but the report is written to standard output. It holds patient data unless you say --redact.
    """
    import gc
    from pathlib import Path

    # Claims form no cycles, and what is loaded stays: the collector seldom finds anything.
    gc.set_threshold(50_000, 20, 100)
    from scrubber.inputs import expand, measure
    from scrubber.progress import Progress
    from scrubber.run import Request, run

    options = make_options(open_tables=False, **how)
    files = [file for file in expand(paths) if file in paths or not (ack_dir and _is_answer(file, ack_dir))]
    if not files:
        raise click.ClickException(f"no file in {', '.join(paths)} begins with ISA: there is nothing to judge")
    for target in filter(None, (output, write_baseline)):
        if os.path.realpath(target) in map(os.path.realpath, files):
            raise click.UsageError(f"{target} is among the files to judge; write elsewhere")
    acks = _ack_folder(ack_dir, files) if ack_dir else None
    on_screen = output is None and sys.stdout.isatty()
    from scrubber.baseline import Record, read_baseline

    known = read_baseline(baseline) if baseline else None
    record = Record() if write_baseline else None
    request = Request(
        options=options,
        packs=(*options.config.packs, *how["packs"]),
        version=__version__,
        format=format_,
        redact=redact,
        quiet=quiet,
        verbose=verbose,
        color=on_screen and not no_color and wants_color(),
        width=width() if on_screen else 100,
        encoding=sys.stdout.encoding or "utf-8" if on_screen else "utf-8",
        acks=Path(acks) if acks else None,
        clock=datetime.combine(options.received, time()) if how["received"] else None,
        jobs=jobs,
        baseline=known,
        record=record,
    )
    watched = sys.stderr if sys.stderr.isatty() and not quiet else None
    progress = Progress(watched, measure(files))
    if output is None:
        tally = run(request, files, sys.stdout.buffer, progress)
    else:
        from scrubber.destination import open_output

        with open_output(output) as out:
            tally = run(request, files, out, progress)
    for file in tally.errors:
        progress.clear()
        click.echo(f"scrubber: {file.path}: {file.error or 'could not be judged'}", err=True)
    if record is not None and write_baseline:
        record.write(write_baseline)
    if known is not None and known.stale and not quiet:
        from scrubber.spelling import count

        click.echo(
            f"scrubber: {known.stale:,} of {count(len(known.known), 'finding')} of {baseline} not met again: mended, "
            "or not in these files. --write-baseline writes it anew.",
            err=True,
        )
    return decide(tally, fail_on or options.config.fail_on)


def _ack_folder(folder: str, files: Sequence[str]) -> str:
    """The folder, made where it is missing. Two files may not want the same names in it."""
    from scrubber.run import ack_name

    named: dict[str, str] = {}
    for path in files:
        other = named.setdefault(ack_name(path), path)
        if other != path:
            raise click.UsageError(
                f"the acknowledgements of {other} and {path} would have the same names; check them into two folders"
            )
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


def _is_answer(path: str, folder: str) -> bool:
    """Whether a file is an acknowledgement that an earlier run has left in the folder for them."""
    name = os.path.realpath(path)
    return os.path.dirname(name) == os.path.realpath(folder) and name.endswith((".ta1", ".999", ".277ca"))
