"""``scrubber diff``: which claims are judged differently, by two reports or in two ways, and what did it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from scrubber.commands.options import (
    FOUND,
    NOT_JUDGED,
    OK,
    colors,
    in_format,
    judging,
    make_options,
    parse_day,
    quieting,
    redacting,
    without_color,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from scrubber.comparison import Difference, Record, Side, Summary
    from scrubber.pipeline import Options
    from scrubber.progress import Progress

EXAMPLES = """
\b
Examples, two reports of scrubber check --format json (or jsonl):
  scrubber diff monday.json tuesday.json
  scrubber diff before.jsonl after.jsonl --fail-on worse

\b
Examples, the same files judged in two ways:
  scrubber diff claims.837 --data-a tables/2026q3 --data-b tables/2026q4
  scrubber diff outbox/ --config-b strict.toml
  scrubber diff claims.837 --received-a 2026-09-30 --received-b 2026-10-01
  scrubber diff claims.837 --pack-b our-edits/ --format json

\b
An option without -a or -b holds for both sides.

\b
Exit codes:
  0  no verdict differs (--fail-on worse: none turned from accepted to rejected)
  1  some do
  2  wrong usage or configuration, or a file that is no report
  3  a file could not be judged
"""

SIDES = ("config", "data", "profile", "received", "pack")
"""Options that each side may have its own of."""


def _each_side(command: Any) -> Any:
    """Give the command ``--NAME-a`` and ``--NAME-b`` for each of SIDES."""
    metavars = {"config": "FILE", "data": "DIR", "profile": "NAME", "received": "DATE", "pack": "DIR"}
    for name in reversed(SIDES):
        for side in ("b", "a"):
            which = "first" if side == "a" else "second"
            command = click.option(
                f"--{name}-{side}",
                metavar=metavars[name],
                callback=parse_day if name == "received" else None,
                multiple=name == "pack",
                help=f"--{name} of the {which} side alone.",
            )(command)
    return command


@click.command(epilog=EXAMPLES, short_help="Compare verdicts: two reports, or one file judged in two ways.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_each_side
@judging
@click.option("--all", "all_", is_flag=True, help="List also claims with the same verdict and other findings.")
@in_format()
@click.option(
    "--fail-on", type=click.Choice(["worse", "any", "never"]), default="any", show_default=True,
    help="What makes the exit code 1: a claim that is now rejected, any other verdict, or nothing.",
)  # fmt: skip
@redacting("the output")
@quieting("Only the totals.")
@without_color
def diff(
    paths: tuple[str, ...],
    all_: bool,
    format_: str,
    fail_on: str,
    redact: bool,
    quiet: bool,
    no_color: bool,
    **how: Any,
) -> int:
    """Say which claims are judged differently, and which edits, tables and settings did it.

    Compare two JSON reports, or judge the same files twice, with what differs between the sides in options that end
    in -a and -b: tables (--data-b), settings (--config-b), the receipt date, the payer's rules, edits of your own.
    """
    from scrubber.comparison import ReportError, Summary, compare, hide

    summary = Summary()
    with contextlib.ExitStack() as stack:
        try:
            reports = _are_reports(paths)
            first, second, judged = _read(paths, how, stack) if reports else _judge(paths, how, redact, stack)
            writer = (_Json if format_ == "json" else _Text)(
                first, second, summary, redact=redact, quiet=quiet, color=colors(no_color)
            )
            for difference in compare(first, second, summary):
                if difference.turned or all_:
                    writer.tell(hide(difference) if redact else difference)
            writer.finish()
        except ReportError as error:
            raise click.ClickException(str(error)) from None
    if not judged:
        return NOT_JUDGED
    changed = {"worse": summary.worse, "any": summary.turned, "never": 0}[fail_on]
    return FOUND if changed else OK


# Where the sides come from ------------------------------------------------------------------------------------------


def _are_reports(paths: Sequence[str]) -> bool:
    """Whether two reports are given: JSON, by its first character. Reports and claims together are a mistake."""
    found = [path for path in paths if _begins_with_brace(path)]
    if not found:
        return False
    if len(found) != len(paths) or len(paths) != 2:
        if missing := [path for path in paths if not os.path.exists(path)]:
            raise click.UsageError(f"{missing[0]}: there is no such file")
        raise click.UsageError(
            f"{found[0]} is a report: give two reports to compare, or none and the files that are to be judged"
        )
    return True


def _begins_with_brace(path: str) -> bool:
    try:
        with open(path, "rb") as stream:
            return stream.read(64).lstrip().startswith(b"{")
    except OSError:
        return False  # A folder, or a file that cannot be read: who judges it will say so.


def _read(paths: Sequence[str], how: dict[str, Any], stack: contextlib.ExitStack) -> tuple[Side, Side, bool]:
    if given := sorted(name for name, value in how.items() if value):
        name = given[0].replace("_", "-").replace("packs", "pack")
        raise click.UsageError(f"--{name} says how files are judged; {paths[0]} and {paths[1]} are reports already")
    first, second = (_open_report(path, stack) for path in paths)
    return first, second, True


def _open_report(path: str, stack: contextlib.ExitStack) -> Side:
    """A side from a file: one document, or a claim a line, which is read as it is compared."""
    import orjson

    from scrubber.comparison import REPORT, ReportError, Side, read_report

    stream = stack.enter_context(open(path, "rb"))  # noqa: SIM115 - closed with the stack
    head = stream.read(1 << 12)
    stream.seek(0)
    if b'"files":' not in head.partition(b"\n")[0] and b'"claim":' in head:
        return Side(path, "", (), _lines(stream, path), paths=0)
    try:
        return read_report(orjson.loads(stream.read()), path)
    except orjson.JSONDecodeError:
        raise ReportError(f"{path} is not {REPORT}: it is no whole JSON document") from None


def _lines(stream: IO[bytes], path: str) -> Iterator[Record]:
    """The claims of a report in lines."""
    import orjson

    from scrubber.comparison import REPORT, ReportError

    for number, line in enumerate(stream, 1):
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            raise ReportError(f"{path}, line {number}: is not {REPORT}: the line is no JSON") from None


def _judge(
    paths: Sequence[str], how: dict[str, Any], redact: bool, stack: contextlib.ExitStack
) -> tuple[Side, Side, bool]:
    """Both sides from the same files, judged one after the other; whether all could be."""
    from scrubber.inputs import STDIN, expand, measure
    from scrubber.progress import Progress

    own = {name: tuple(how.pop(f"{name}_{side}") for side in "ab") for name in SIDES}
    if STDIN in paths:
        raise click.UsageError("standard input can be read only once; save it to a file to judge it twice")
    if all((not a and not b) or a == b for a, b in own.values()):
        raise click.UsageError(
            "both sides would be judged alike; say what differs, for instance --data-a OLD --data-b NEW, or "
            "--config-b FILE, or give two JSON reports"
        )
    files = list(expand(paths))
    if not files:
        raise click.ClickException(f"no file in {', '.join(paths)} begins with ISA: there is nothing to judge")
    options = [_side_options(how, {name: values[side] for name, values in own.items()}) for side in (0, 1)]
    watched = sys.stderr if sys.stderr.isatty() else None
    progress = Progress(watched, 2 * measure(files))
    sides, judged = [], True
    for letter, chosen in zip("ab", options, strict=True):
        side, sound = _make_side(letter, chosen, files, redact, progress, stack)
        judged = judged and sound
        sides.append(side)
    return sides[0], sides[1], judged


def _side_options(how: dict[str, Any], own: dict[str, Any]) -> Options:
    packs = (*how["packs"], *own.pop("pack"))
    return make_options(**{**how, **{name: value for name, value in own.items() if value}, "packs": packs})


def _make_side(
    letter: str, options: Options, files: Sequence[str], redact: bool, progress: Progress, stack: contextlib.ExitStack
) -> tuple[Side, bool]:
    """One side: the files judged, their claims kept aside until they are compared; whether all could be judged."""
    import tempfile

    from scrubber import __version__
    from scrubber.comparison import Side
    from scrubber.inventory import list_tables
    from scrubber.run import Request, run

    kept = stack.enter_context(tempfile.SpooledTemporaryFile(1 << 20, mode="w+b"))  # noqa: SIM115 - as above
    request = Request(options=options, version=__version__, format="jsonl", redact=redact)
    tally = run(request, files, kept, progress)  # type: ignore[arg-type]  # It has all that a report writes to.
    if letter == "a":
        for file in tally.errors:
            click.echo(f"scrubber: {file.path}: {file.error or 'could not be judged'}", err=True)
    kept.seek(0)
    assert options.sources is not None
    tables = tuple(
        {"name": t.name, "edition": t.edition, "from": t.from_, "to": t.to, "rows": t.rows}
        for t in list_tables(options.sources)
    )
    side = Side(f"side {letter}", options.received.isoformat(), tables, _lines(kept, letter), len(files))
    return side, not tally.errors


# What is said --------------------------------------------------------------------------------------------------------


class _Text:
    """For people: what the sides knew, each claim with what did it, totals."""

    def __init__(self, first: Side, second: Side, summary: Summary, *, redact: bool, quiet: bool, color: bool) -> None:
        from scrubber.reports.prose import Page

        self._sides = first, second
        self._summary = summary
        self._redact = redact
        self._quiet = quiet
        self._page = Page(color=color)
        self._head()

    def _head(self) -> None:
        from scrubber.comparison import differing_tables
        from scrubber.reports.prose import harmless

        for sign, side in zip(("---", "+++"), self._sides, strict=True):
            received = f", received {side.received}" if side.received else ""
            click.echo(self._page.paint(f"{sign} {harmless(side.name)}{received}", "strong"))
        for name, was, now in differing_tables(*self._sides):
            click.echo(f"table {name}: {was} -> {now}")

    def tell(self, difference: Difference) -> None:
        if self._quiet:
            return
        from scrubber.reports.prose import harmless

        claim = difference.claim
        was, now = difference.was or "not there", difference.now or "not there"
        style = "reject" if difference.worse else "good" if difference.turned else "strong"
        place = f"set {claim['transaction']}, claim {claim.get('ordinal', '')}"
        name = harmless(str(claim["claim"]))
        click.echo(f"\n{self._page.paint(f'{name}: {was} -> {now}', style)}  ({harmless(str(claim['path']))}, {place})")
        for sign, findings in (("-", difference.gone), ("+", difference.appeared)):
            for finding in findings:
                self._finding(sign, finding)
        for old, new in difference.amended:
            self._finding("-", old)
            self._finding("+", new)
        for when, gaps in (("only before", difference.checked), ("only now", difference.unchecked)):
            for gap in gaps:
                self._say(f"  not checked {when}: {gap['edit']}" + (f": {gap['reason']}" if gap["reason"] else ""))

    def _finding(self, sign: str, finding: Record) -> None:
        where = finding["location"]
        line = f" line {where['line']}" if where["line"] else ""
        message = f": {finding['message']}" if finding["message"] else ""
        cited = "; ".join(dict.fromkeys(f"{c['title']}, {c['edition']}" for c in finding["citations"][:1]))
        self._say(f"  {sign} {finding['severity']} {finding['edit']} {finding['name']}{line}{message}")
        if cited:
            self._say(f"      {cited}")

    def _of(self, charge: Decimal) -> str:
        from scrubber.reports.prose import money

        return "" if self._redact else f" ({money(charge)})"

    def _say(self, text: str) -> None:
        from scrubber.reports.prose import harmless

        click.echo(harmless(text))

    def finish(self) -> None:
        from scrubber.spelling import count

        said = self._summary
        click.echo(f"\n{count(said.claims, 'claim')} compared")
        rows = (
            (said.worse, "now rejected" + self._of(said.worse_charge)),
            (said.better, "now accepted" + self._of(said.better_charge)),
            (said.restated, "with the same verdict and other findings"),
            (said.only_first, "only on the first side"),
            (said.only_second, "only on the second side"),
        )
        for number, words in rows:
            if number:
                click.echo(f"{number:>9,} {words}")
        if not said.turned:
            click.echo("No verdict differs.")
        for title, edits in (
            ("Found now", said.appeared),
            ("Found no more", said.gone),
            ("Found both times, told differently", said.amended),
        ):
            if edits:
                told = ", ".join(f"{edit} ({count(n, 'claim')})" for edit, n in sorted(edits.items()))
                click.echo(f"{title} on claims that turned: {told}")


class _Json:
    """One document, written as claims are compared."""

    def __init__(self, first: Side, second: Side, summary: Summary, *, redact: bool, quiet: bool, color: bool) -> None:
        from scrubber.comparison import differing_tables

        self._summary = summary
        self._redact = redact
        self._quiet = quiet
        self._comma = ""
        sides = [{"name": s.name, "received": s.received or None, "tables": list(s.tables)} for s in (first, second)]
        tables = [{"name": n, "first": a, "second": b} for n, a, b in differing_tables(first, second)]
        head = {"schema": 1, "sides": sides, "tables": tables}
        click.echo(json.dumps(head, default=str)[:-1] + ', "claims": [', nl=False)

    def tell(self, difference: Difference) -> None:
        if self._quiet:
            return
        claim = difference.claim
        record = {
            **{name: claim.get(name) for name in ("path", "transaction", "claim", "ordinal", "charge")},
            "was": difference.was,
            "now": difference.now,
            "gone": difference.gone,
            "appeared": difference.appeared,
            "amended": [{"was": a.was, "now": a.now} for a in difference.amended],
            "checked": difference.checked,
            "unchecked": difference.unchecked,
        }
        click.echo(self._comma + "\n" + json.dumps(record, default=str), nl=False)
        self._comma = ","

    def finish(self) -> None:
        said = self._summary
        summary = {
            "claims": said.claims,
            "worse": said.worse,
            "better": said.better,
            "worse_charge": None if self._redact else str(said.worse_charge),
            "better_charge": None if self._redact else str(said.better_charge),
            "restated": said.restated,
            "only_first": said.only_first,
            "only_second": said.only_second,
            "appeared": dict(sorted(said.appeared.items())),
            "gone": dict(sorted(said.gone.items())),
            "amended": dict(sorted(said.amended.items())),
        }
        click.echo('\n], "summary": ' + json.dumps(summary) + "}")
