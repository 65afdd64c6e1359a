"""The command line: options in, a run, an exit code out.

Everything heavy is imported where it is needed: ``--help`` and ``--version`` answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, NoReturn

import click

from scrubber import __version__

if TYPE_CHECKING:
    from scrubber.catalogue.index import Catalogue
    from scrubber.config import Config
    from scrubber.reports.tally import Tally

OK, FOUND, USAGE, NOT_JUDGED = 0, 1, 2, 3
INTERRUPTED, PIPE_CLOSED = 130, 141

EXAMPLES = """
\b
Examples:
  scrubber check claims.837                  what is wrong, and what to do about it
  scrubber check outbox/ --format json       every X12 file of a folder, as one JSON document
  scrubber check claims.837 --ack-dir acks   and the TA1, 999 and 277CA a payer would send
  cat claims.837 | scrubber check - --redact   no patient data in the output
  scrubber explain DX-10                     why an edit exists, with an example
"""

CHECK_EXAMPLES = """
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


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date; write it like 2026-09-15") from None


def _list(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Options that may be repeated, and hold several names parted by commas."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def _version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(f"scrubber {__version__}")
        ctx.exit()


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Say which.")
def cli() -> None:
    """Finds what would get professional claims (X12 837P, 005010X222A1) rejected, before they are sent.

    Every claim is judged: its form, its codes, and how they go together on the day of service. Each finding says what
    is wrong, where, why, and what to do, with its source.
    """


@cli.command(epilog=CHECK_EXAMPLES, short_help="Judge claims and say what is wrong with them.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "jsonl"]), default="text", show_default=True,
    help="text for people; json, one document; jsonl, one claim a line.",
)  # fmt: skip
@click.option("--output", metavar="FILE", help="Write here, readable by you alone, instead of standard output.")
@click.option(
    "--fail-on",
    type=click.Choice(["reject", "warning", "never"]),
    help="What makes the exit code 1.  [default: reject]",
)
@click.option(
    "--select", multiple=True, callback=_list, metavar="EDIT[,EDIT]",
    help="Only these edits: an id (DX-10), the begin of ids (DX), or a name.",
)  # fmt: skip
@click.option("--ignore", multiple=True, callback=_list, metavar="EDIT[,EDIT]", help="All edits but these.")
@click.option("--profile", metavar="NAME", help="Judge every claim by this payer's rules, whoever it names.")
@click.option("--config", metavar="FILE", help="Settings.  [default: the nearest scrubber.toml, upward from here]")
@click.option("--received", callback=_day, metavar="DATE", help="The day the claims come in.  [default: today]")
@click.option("--redact", is_flag=True, help="No patient data in the output.")
@click.option(
    "--ack-dir",
    metavar="DIR",
    help="Write TA1, 999 and 277CA here, each also in words. They name the claims, --redact or not.",
)
@click.option(
    "--pack", "packs", multiple=True, metavar="DIR", help="Edits of your own, from a folder with a pack.toml."
)
@click.option("-v", "--verbose", is_flag=True, help="Text: list accepted claims too, and tell every finding in full.")
@click.option("--quiet", is_flag=True, help="Only the findings: no totals, no progress.")
@click.option("--no-color", is_flag=True, help="No colour, also not on a terminal.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Files judged at the same time.")
def check(
    paths: tuple[str, ...],
    format_: str,
    output: str | None,
    fail_on: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    profile: str | None,
    config: str | None,
    received: date | None,
    redact: bool,
    ack_dir: str | None,
    packs: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    no_color: bool,
    jobs: int,
) -> int:
    """Judge the claims of files, of all X12 files in folders, or of standard input (-).

    Nothing but the report is written to standard output. It holds patient data unless you say --redact.
    """
    import gc
    from pathlib import Path

    # Claims form no cycles, and what is loaded stays: the collector seldom finds anything.
    gc.set_threshold(50_000, 20, 100)
    from scrubber.inputs import expand, measure
    from scrubber.pipeline import Options
    from scrubber.progress import Progress
    from scrubber.run import Request, run

    settings = _settings(config)
    catalogue = _catalogue(settings, packs)
    files = [file for file in expand(paths) if file in paths or not (ack_dir and _is_answer(file, ack_dir))]
    if not files:
        raise click.ClickException(f"no file in {', '.join(paths)} begins with ISA: there is nothing to judge")
    if output and os.path.realpath(output) in map(os.path.realpath, files):
        raise click.UsageError(f"{output} is among the files to judge; write the report elsewhere")
    acks = _ack_folder(ack_dir, files) if ack_dir else None
    on_screen = output is None and sys.stdout.isatty()
    options = Options(
        received=received or date.today(),
        catalogue=catalogue,
        config=settings,
        select=select,
        ignore=ignore,
        profile=profile,
    )
    request = Request(
        options=options,
        packs=(*settings.packs, *packs),
        version=__version__,
        format=format_,
        redact=redact,
        quiet=quiet,
        verbose=verbose,
        color=on_screen and not no_color and _wants_color(),
        width=_width() if on_screen else 100,
        encoding=sys.stdout.encoding or "utf-8" if on_screen else "utf-8",
        acks=Path(acks) if acks else None,
        clock=datetime.combine(received, time()) if received else None,
        jobs=jobs,
    )
    watched = sys.stderr if sys.stderr.isatty() and not quiet else None
    progress = Progress(watched, measure(files))
    if output is None:
        try:
            tally = run(request, files, sys.stdout.buffer, progress)
        except BrokenPipeError:
            return _leave_pipe()
    else:
        from scrubber.destination import open_output

        with open_output(output) as out:
            tally = run(request, files, out, progress)
    for file in tally.errors:
        progress.clear()
        click.echo(f"scrubber: {file.path}: {file.error or 'could not be judged'}", err=True)
    return decide(tally, fail_on or settings.fail_on)


@cli.command(short_help="List the edits.")
@click.option("--pack", "pack", metavar="NAME|DIR", help="Those of one pack, by name, or of your own folder.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--config", metavar="FILE", help="Settings that name packs.")
@click.option("--no-color", is_flag=True, help="No colour.")
def edits(pack: str | None, format_: str, config: str | None, no_color: bool) -> int:
    """List every edit: id, severity, name, and the dates it holds for. `scrubber explain ID` shows one in full."""
    from scrubber.catalogue.explain import list_records, list_text
    from scrubber.spelling import suggest

    settings = _settings(config)
    own = (pack,) if pack and os.path.isdir(pack) else ()
    catalogue = _catalogue(settings, own)
    wanted = list(catalogue.edits)
    if own:
        folder = os.path.realpath(own[0])
        names = {p.name for p in catalogue.packs.values() if os.path.realpath(p.folder) == folder}
        wanted = [edit for edit in wanted if edit.pack in names]
    elif pack:
        if pack not in catalogue.packs:
            known = ", ".join(catalogue.packs)
            raise click.UsageError(f"no pack is called `{pack}`{suggest(pack, catalogue.packs)} (there are {known})")
        wanted = [edit for edit in wanted if edit.pack == pack]
    if format_ == "json":
        import json

        click.echo(json.dumps(list_records(wanted), indent=1, ensure_ascii=False))
    else:
        click.echo(list_text(wanted, color=_on_terminal(no_color)), nl=False)
    return OK


@cli.command(short_help="One edit as a page: what, why, what to do, source, example.")
@click.argument("edit")
@click.option("--pack", "packs", multiple=True, metavar="DIR", help="Edits of your own, from a folder.")
@click.option("--config", metavar="FILE", help="Settings that name packs.")
@click.option("--no-color", is_flag=True, help="No colour.")
def explain(edit: str, packs: tuple[str, ...], config: str | None, no_color: bool) -> int:
    """Show an edit, by id (DX-10) or by name, as a page."""
    from scrubber.catalogue.explain import describe, write_text
    from scrubber.reports.vocabulary import read_vocabulary

    catalogue = _catalogue(_settings(config), packs)
    try:
        found = catalogue.find(edit)
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from None
    page = describe(catalogue, found, read_vocabulary().say_status)
    width = _width() if sys.stdout.isatty() else 100
    click.echo(write_text(page, width, _on_terminal(no_color)), nl=False)
    return OK


@cli.group(short_help="Reference data: what is loaded, which edition, which dates.")
def tables() -> None:
    """The reference data that edits look things up in."""


@tables.command("list", short_help="What is loaded, which edition, which dates.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--config", metavar="FILE", help="Settings that name packs.")
def list_(format_: str, config: str | None) -> int:
    """List every table and code list with its edition, the dates it answers for, and its rows.

    A question about a day that no table answers for is reported as not checked, never as fine.
    """
    from scrubber.inventory import list_code_lists, list_tables

    found = [*list_tables(), *list_code_lists(_catalogue(_settings(config), ()))]
    if format_ == "json":
        import json

        records = [
            {
                "name": t.name,
                "edition": t.edition,
                "from": t.from_ and t.from_.isoformat(),
                "to": t.to and t.to.isoformat(),
                "rows": t.rows,
            }
            for t in found
        ]
        click.echo(json.dumps(records, indent=1, ensure_ascii=False))
        return OK
    name = max(len(t.name) for t in found)
    for t in found:
        days = f"{t.from_ or ''}..{t.to or ''}" if t.from_ or t.to else ""
        click.echo(f"{t.name:<{name}}  {t.rows:>6,}  {days:<22}  {t.edition}".rstrip())
    return OK


def decide(tally: Tally, fail_on: str) -> int:
    """The exit code of a run."""
    if tally.errors:
        return NOT_JUDGED
    found = tally.totals.findings
    rejects = bool(found["reject"] or tally.totals.rejected)
    if fail_on == "warning":
        return FOUND if rejects or found["warning"] else OK
    return FOUND if rejects and fail_on == "reject" else OK


def _settings(path: str | None) -> Config:
    from scrubber.config import load

    return load(path)


def _catalogue(settings: Config, packs: Sequence[str]) -> Catalogue:
    from scrubber.catalogue.load import load

    return load((*settings.packs, *packs))


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


def _on_terminal(no_color: bool) -> bool:
    return sys.stdout.isatty() and not no_color and _wants_color()


def _wants_color() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code. Never a traceback: it would print patient data."""
    sys.exit(run_command(arguments))


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    try:
        code = cli.main(args=arguments, prog_name="scrubber", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else OK
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        return _refuse(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _leave_pipe()
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{place}{error.strerror or type(error).__name__}")
    except Exception as error:
        from scrubber.catalogue.index import PackError
        from scrubber.config import ConfigError

        if isinstance(error, ConfigError | PackError):
            return _refuse(str(error))
        from scrubber.trouble import locate_crash

        click.echo(f"scrubber: {locate_crash(error)}.", err=True)
        return NOT_JUDGED


def _leave_pipe() -> int:
    """The reader has gone, as after ``| head``: nothing may be written any more, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED


def _refuse(reason: str) -> int:
    for line in reason.splitlines():
        click.echo(f"scrubber: {line}", err=True)
    return USAGE
