"""``scrubber fix``: correct what is wrong with a file's format, and nothing else."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import click

from scrubber.commands.options import (
    colors,
    decide,
    failing,
    in_format,
    judging,
    make_options,
    quieting,
    redacting,
    without_color,
)

if TYPE_CHECKING:
    from scrubber.fixing import FixResult
    from scrubber.reports.wording import Wording

EXAMPLES = """
\b
Examples:
  scrubber fix claims.837                        show what would be corrected
  scrubber fix claims.837 --out fixed.837        correct it, into another file
  produce | scrubber fix - --out - | send        in a pipe; the diff goes to standard error
  scrubber fix claims.837 --select DX-0E         only the dots in diagnosis codes

\b
What is corrected: counts (SE01, GE01, IEA01), control numbers of trailers, HL and
LX numbers, trailing delimiters and blanks, empty segments, broken or indented
lines, a byte-order mark, a missing last terminator, dots and small letters in
codes, hyphens in ZIP codes, tax numbers and drug codes, gaps between modifiers.
Never: a diagnosis, a procedure, a modifier, an amount, units, a date, a pointer,
a name or a number of anyone. What is wrong with those is a question for a person.

\b
Exit codes, of the file as it is when corrected:
  0  nothing at or above --fail-on is left
  1  findings at or above it are left
  2  wrong usage or configuration
  3  the file could not be judged, or not be corrected: nothing is written
"""


@click.command(epilog=EXAMPLES, short_help="Correct a file's format: counts, numbers, dots, delimiters.")
@click.argument("path", metavar="FILE|-")
@click.option("--out", metavar="FILE|-", help="Write the corrected file here, readable by you alone.")
@click.option("--dry-run", is_flag=True, help="Write nothing, whatever --out says: show what would change.")
@in_format("How corrections are told: as a diff, or as one JSON document.")
@failing
@judging
@redacting("what is told, not in the file")
@quieting()
@without_color
def fix(
    path: str,
    out: str | None,
    dry_run: bool,
    format_: str,
    fail_on: str | None,
    redact: bool,
    quiet: bool,
    no_color: bool,
    **how: Any,
) -> int:
    """Correct what is wrong with a file's format, show every change with the edit behind it, and say what is left.

    The corrected file is judged again, and written only if it holds the same claims with the same charges. Without
    --out, nothing is written.
    """
    import gc

    gc.set_threshold(50_000, 20, 100)  # Claims form no cycles, as in check.
    from scrubber.fixing import fix_file
    from scrubber.inputs import measure
    from scrubber.progress import Progress
    from scrubber.reports.wording import Wording

    _check_target(path, out)
    target = None if dry_run else out
    options = make_options(**how)
    assert options.catalogue is not None
    words = Wording(options.catalogue)
    stream = sys.stderr if target == "-" else sys.stdout
    color = colors(no_color) and stream is sys.stdout
    writer = (_Json if format_ == "json" else _Text)(stream, words, path, target, redact=redact, color=color)
    watched = sys.stderr if sys.stderr.isatty() and not quiet else None
    result = fix_file(
        path,
        options,
        None if target is None else lambda: _open_out(target),
        tell=(lambda passed, change: None) if quiet else writer.tell,
        progress=Progress(watched, measure((path,))),
    )
    if result.error is None and not quiet:
        writer.finish(result)
    if result.error is not None:
        from scrubber.commands.options import NOT_JUDGED
        from scrubber.reports.prose import harmless

        click.echo(f"scrubber: {harmless(path)}: {result.error}", err=True)
        return NOT_JUDGED
    return decide(result.after, fail_on or options.config.fail_on)


def _check_target(path: str, out: str | None) -> None:
    if os.path.isdir(path):
        raise click.UsageError(f"{path} is a folder; correct one file at a time")
    if out is None or out == "-":
        return
    if os.path.isdir(out):
        raise click.UsageError(f"--out {out} is a folder; name the file to write")
    if path != "-" and os.path.realpath(path) == os.path.realpath(out):
        raise click.UsageError(f"{path} would be overwritten; write to another file, and compare them first")


def _open_out(target: str) -> contextlib.AbstractContextManager[BinaryIO]:
    if target == "-":
        return contextlib.nullcontext(sys.stdout.buffer)
    from scrubber.destination import open_output

    return open_output(target)


class _Text:
    """The diff, then what is left."""

    def __init__(
        self, stream: TextIO, words: Wording, path: str, target: str | None, *, redact: bool, color: bool
    ) -> None:
        from scrubber.fixes.listing import Diff
        from scrubber.reports.prose import Page

        self._stream = stream
        self._words = words
        self._target = target
        self._path = path
        self._recounted = False
        names = path, target if target not in (None, "-") else "corrected"
        self._diff = Diff(stream, words, Page(color=color), (names[0], str(names[1])), redacted=redact)

    def tell(self, passed: int, change: Any) -> None:
        self._recounted = self._recounted or not {"X12-IK5-4", "X12-AK9-5", "X12-TA1-021"}.isdisjoint(change.edits)
        self._diff.tell(passed, change)

    def finish(self, result: FixResult) -> None:
        from scrubber.reports.prose import harmless
        from scrubber.spelling import count

        before, after = result.before.totals, result.after.totals

        def say(text: str) -> None:
            click.echo(text, file=self._stream)

        if result.changed:
            say("")
        written = "nothing is written without --out" if self._target is None else f"written to {harmless(self._target)}"
        what = count(result.changed, "correction") if result.changed else "nothing to correct"
        say(f"{harmless(self._path)}: {what}; {written}")
        if self._recounted:
            say("  A count was wrong: make sure that nothing was lost on the way before you send this.")
        if result.refused:
            say(f"  {count(result.refused, 'segment')} left alone: the correction would change more than the format.")
        for when, totals in (("before", before), ("now", after)):
            found = totals.findings
            say(
                f"  {when + ':':<8}{totals.accepted} of {count(totals.claims, 'claim')} accepted; "
                f"{count(found['reject'], 'reject')}, {count(found['warning'], 'warning')}"
            )
        if after.accepted < before.accepted:
            say("  Claims that can be read now count against others: see what is left.")
        left = [(edit, severity, number) for (edit, severity), number in sorted(result.after.edits.items())]
        if not left:
            return
        say("  Left for a person:")
        for edit, severity, number in left:
            say(f"  {number:>7,}  {severity:<8}{edit:<12}{self._words.entry(edit).name}")
        where = self._path if self._target in (None, "-") else self._target
        if where != "-":
            say(f"  Where, why, and what to do: scrubber check {harmless(str(where))}")


class _Json:
    """One document: every change, and what is left."""

    def __init__(
        self, stream: TextIO, words: Wording, path: str, target: str | None, *, redact: bool, color: bool
    ) -> None:
        self._stream = stream
        self._redact = redact
        self._path = path
        self._target = target
        self._changes: list[dict[str, Any]] = []

    def tell(self, passed: int, change: Any) -> None:
        from scrubber.fixes.listing import to_json

        self._changes.append(to_json(passed, change, redacted=self._redact))

    def finish(self, result: FixResult) -> None:
        import json

        def counted(tally: Any) -> dict[str, Any]:
            totals = tally.totals
            return {"claims": totals.claims, "accepted": totals.accepted, "findings": totals.findings}

        document = {
            "schema": 1,
            "path": self._path,
            "written": self._target,
            "changes": self._changes,
            "refused": result.refused,
            "before": counted(result.before),
            "after": counted(result.after),
            "left": [
                {"edit": edit, "severity": severity, "count": number}
                for (edit, severity), number in sorted(result.after.edits.items())
            ],
        }
        json.dump(document, self._stream, indent=2)
        self._stream.write("\n")
