"""``scrubber watch``: the watched folder, and what a person may ask of it."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from scrubber.commands.options import FOUND, NOT_JUDGED, OK, in_format, judging, quieting

if TYPE_CHECKING:
    from scrubber.watch.layout import Layout

EXAMPLES = """
\b
Examples:
  scrubber watch /srv/claims                 watch until told to stop
  scrubber watch /srv/claims --once          judge what is there, and leave (for cron)
  scrubber watch status /srv/claims          who watches, what waits, what came of today's files
  scrubber watch retry /srv/claims/failed/a.837   judge a file again that failed or was a duplicate
  scrubber watch verify /srv/claims          prove that every file is in one place and every output whole
  scrubber watch rebuild /srv/claims         make a new ledger of what lies in archive/ and reports/

`scrubber watch run --help` lists the options of `scrubber watch DIR`.
A folder that is called like a command is written ./status.

\b
Exit codes of --once:
  0  nothing at or above fail_on; 1 findings at or above it
  2  wrong usage or configuration, another watcher has the folder, the ledger is corrupt
  3  a file could not be judged, or taken
"""


class _Watch(click.Group):
    """A folder where a command could stand means ``run``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "DIR [OPTIONS]  |  COMMAND ...")


@click.group(cls=_Watch, epilog=EXAMPLES, short_help="Judge every file that is dropped into a folder.")
def watch() -> None:
    """Judge every file that is dropped into DIR/inbox, and lay out what becomes of it beside: claims to send in
    accepted/, claims to correct in rejected/, reports and acknowledgements in reports/, originals in archive/, what
    could not be judged in failed/. index.html shows the day."""


@watch.command("run", short_help="Watch a folder: what `scrubber watch DIR` does.")
@click.argument("folder", metavar="DIR")
@click.option("--once", is_flag=True, help="Judge what is there, and leave.")
@click.option("--poll", is_flag=True, help="Do not wait for events: for shares that send none.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="The form of the log."
)
@quieting("Log to the file in DIR/.scrubber only, not to standard error.")
@judging
def run(folder: str, once: bool, poll: bool, log_format: str, quiet: bool, **how: Any) -> int:
    """Watch a folder: what `scrubber watch DIR` does. The folders in it are made where they are missing.

    Files are taken once they are at rest. How long that is, what is sent to whom, and how long things are kept stands
    in the settings under [watch]; docs/watch.md tells all of it.
    """
    from scrubber.commands.options import read_catalogue, read_settings
    from scrubber.pipeline import Options, make_engine
    from scrubber.tables.folder import find_folder
    from scrubber.watch.job import Terms
    from scrubber.watch.journal import Journal
    from scrubber.watch.layout import Layout
    from scrubber.watch.service import Service

    settings = read_settings(how["config"])
    packs = (*settings.packs, *how["packs"])
    options = Options(
        received=how["received"] or date.today(),
        config=settings,
        select=how["select"],
        ignore=how["ignore"],
        require=how["require"],
        profile=how["profile"],
        data=find_folder(how["data"], settings.data),
    )
    # Refuses what cannot work now, and not when the first file comes.
    make_engine(replace(options, catalogue=read_catalogue(settings, how["packs"])))
    layout = Layout(folder)
    with _refusing():
        layout.make()
    watch = settings.watch
    journal = Journal(
        layout.log, form=log_format, stream=None if quiet else sys.stderr, megabytes=watch.log_size,
        files=watch.log_files,
    )  # fmt: skip
    service = Service(layout, Terms(options, watch, packs, how["received"], poll, once), journal)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, service.stop)
    if not (once or quiet) and log_format == "text":
        click.echo(f"Drop files into {layout.inbox}, and look at {layout.index}. Ctrl-C stops.", err=True)
    try:
        with _refusing():
            tally = service.run()
    finally:
        journal.close()
    if not once:
        return OK
    outcomes = tally.outcomes
    if outcomes.get("failed") or tally.left:
        return NOT_JUDGED
    found = bool(outcomes.get("rejected") or outcomes.get("partial"))
    if settings.fail_on == "warning":
        found = found or tally.warnings > 0
    return FOUND if found and settings.fail_on != "never" else OK


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What stands in the way is told in its own words."""
    from scrubber.watch.layout import Unusable
    from scrubber.watch.ledger import Corrupt
    from scrubber.watch.lock import Held

    try:
        yield
    except (Unusable, Corrupt, Held) as error:
        raise click.ClickException(str(error)) from None


def _open_folder(folder: str) -> Layout:
    """The layout of a folder that has been watched."""
    from scrubber.watch.layout import Layout

    layout = Layout(folder)
    if not layout.root.is_dir():
        raise click.ClickException(f"{folder}: no such folder")
    if not layout.state.is_dir():
        raise click.ClickException(f"{folder}: was never watched (it has no .scrubber folder)")
    return layout


@watch.command("status", short_help="Who watches, what waits, what came of today's files.")
@click.argument("folder", metavar="DIR")
@in_format()
def status(folder: str, format_: str) -> int:
    """Say who watches a folder, what waits there, and what came of today's files."""
    import json

    from scrubber.watch.ledger import Ledger
    from scrubber.watch.status import find_state

    layout = _open_folder(folder)
    with _refusing(), contextlib.closing(Ledger(layout.ledger)) as ledger:
        state = find_state(layout, ledger)
    click.echo(json.dumps(state.data(), indent=2) if format_ == "json" else state.text())
    return OK


@watch.command("retry", short_help="Put files back into the inbox that failed or were duplicates.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def retry(files: tuple[str, ...]) -> int:
    """Put files from failed/, or duplicates from archive/, back into the inbox: they are judged whatever they look
    like. A watcher may run meanwhile."""
    from scrubber.watch.ledger import Ledger
    from scrubber.watch.publish import Publisher
    from scrubber.watch.status import find_entry, find_interrupted, find_root

    for file in files:
        layout = find_root(file)
        if layout is None:
            raise click.ClickException(f"{file}: lies in no watched folder; name a file of failed/ or archive/")
        with _refusing(), contextlib.closing(Ledger(layout.ledger)) as ledger:
            entry, publisher = find_entry(layout, ledger, file), Publisher(layout, ledger)
            if entry is not None:
                if entry.outcome not in ("failed", "duplicate"):
                    raise click.ClickException(
                        f"{file}: was judged ({entry.outcome}); only what failed can be tried again"
                    )
                publisher.retry(entry)
            elif (number := find_interrupted(layout, ledger, file)) is not None:
                publisher.finish(number)
            else:
                raise click.ClickException(f"{file}: the ledger has no file there")
        click.echo(f"{file}: in the inbox again")
    return OK


@watch.command("verify", short_help="Prove that nothing is lost, and every output whole.")
@click.argument("folder", metavar="DIR")
@click.option("--complete", is_flag=True, help="Outputs that somebody has taken away are faults, too.")
def verify(folder: str, complete: bool) -> int:
    """Prove that every file that was dropped is in exactly one place, what was made of it is whole and there once, and
    the ledger agrees. Exit code 1 where that is not so."""
    from scrubber.spelling import count
    from scrubber.watch.ledger import Ledger
    from scrubber.watch.verify import verify as prove

    layout = _open_folder(folder)
    with _refusing(), contextlib.closing(Ledger(layout.ledger)) as ledger:
        proof = prove(layout, ledger)
    faults = [*proof.faults, *(f"{path}: is not there" for path in (proof.gone if complete else ()))]
    for fault in faults:
        click.echo(fault)
    click.echo(
        f"{count(proof.done, 'file')} done, {proof.pending:,} in hand, {proof.inbox:,} in the inbox; "
        f"{count(proof.outputs, 'output')} whole, {len(proof.gone):,} taken away; "
        + (count(len(faults), "fault") if faults else "all is well")
    )
    return FOUND if faults else OK


@watch.command("rebuild", short_help="Make a new ledger of what lies in the folders.")
@click.argument("folder", metavar="DIR")
@judging
def rebuild(folder: str, **how: Any) -> int:
    """Make a new ledger of what lies in archive/, failed/ and reports/. The old one is put aside."""
    from scrubber.commands.options import make_options
    from scrubber.spelling import count
    from scrubber.watch.rebuild import rebuild as build

    layout = _open_folder(folder)
    options = make_options(**how)
    with _refusing():
        result = build(layout, options, options.config.watch.history_days, lambda said: None)
    aside = f" The old ledger is .scrubber/{result.aside}." if result.aside else ""
    click.echo(
        f"A new ledger of {count(result.files, 'file')} and {count(result.outputs, 'output')}; of files in hand, "
        f"{result.returned:,} back in the inbox.{aside}"
    )
    return OK
