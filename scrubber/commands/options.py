"""What several commands need: exit codes, the reading of options, settings and edits, the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scrubber.catalogue.index import Catalogue
    from scrubber.config import Config
    from scrubber.pipeline import Options
    from scrubber.reports.tally import Tally

Option = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What gives a command an option."""

OK, FOUND, USAGE, NOT_JUDGED = 0, 1, 2, 3
INTERRUPTED, PIPE_CLOSED = 130, 141


def parse_day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date; write it like 2026-09-15") from None


def parse_list(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Options that may be repeated, and hold several names parted by commas."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


with_packs = click.option(
    "--pack", "packs", multiple=True, metavar="DIR", help="Edits of your own, from a folder with a pack.toml."
)

with_settings = click.option(
    "--config", metavar="FILE", help="File of settings.  [default: the nearest scrubber.toml, upward from here]"
)

in_folder = click.option(
    "--data",
    metavar="DIR",
    help="Folder of your reference tables.  [default: SCRUBBER_DATA, else as set, else your own data folder]",
)

without_color = click.option("--no-color", is_flag=True, help="No colour, also not on a terminal.")


def redacting(where: str) -> Option:
    """The option that leaves out what claims say, of what is told there."""
    return click.option(
        "--redact",
        is_flag=True,
        help=f"Mask what claims say (names, numbers, codes, dates, money) in {where}. Edits keep their own words.",
    )


def quieting(what: str = "Say nothing but errors.") -> Option:
    return click.option("--quiet", is_flag=True, help=what)


def in_format(what: str = "text for people; json, one document.") -> Option:
    """Text or JSON."""
    return click.option(
        "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help=what
    )


def judging(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how claims are judged; ``make_options`` takes their values."""
    for option in (
        with_packs,
        click.option(
            "--received", callback=parse_day, metavar="DATE",
            help="The day the claims come in, as 2026-09-16.  [default: today]",
        ),
        in_folder,
        with_settings,
        click.option(
            "--profile", metavar="NAME",
            help="Judge every claim by these payers' rules (medicare, medicaid, commercial ...), whoever it names.",
        ),
        click.option(
            "--require", multiple=True, callback=parse_list, metavar="EDIT[,EDIT]",
            help="Reject a claim on which these edits could not be checked.",
        ),
        click.option(
            "--ignore", multiple=True, callback=parse_list, metavar="EDIT[,EDIT]", help="Leave these edits out."
        ),
        click.option(
            "--select", multiple=True, callback=parse_list, metavar="EDIT[,EDIT]",
            help="Judge by these edits alone: an id (DX-10), the begin of ids (DX), or a name.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


failing = click.option(
    "--fail-on",
    type=click.Choice(["reject", "warning", "never"]),
    help="What makes the exit code 1: a reject, a warning too, or nothing.  [default: reject]",
)
"""The option that says which findings make an exit code 1; ``decide`` takes its value."""


def make_options(
    select: Sequence[str],
    ignore: Sequence[str],
    require: Sequence[str],
    profile: str | None,
    config: str | None,
    data: str | None,
    received: date | None,
    packs: Sequence[str],
    reject_unit: str = "claim",
    open_tables: bool = True,
) -> Options:
    """How to judge, with settings read, edits loaded and tables open; or not yet open, for a run of several processes,
    each of which opens its own."""
    from scrubber.pipeline import Options, open_sources
    from scrubber.tables.folder import find_folder

    settings = read_settings(config)
    folder = find_folder(data, settings.data)
    return Options(
        received=received or date.today(),
        catalogue=read_catalogue(settings, packs),
        config=settings,
        select=select,
        ignore=ignore,
        require=require,
        profile=profile,
        data=folder,
        sources=open_sources(folder) if open_tables else None,
        reject_unit=reject_unit,
    )


def decide(tally: Tally, fail_on: str) -> int:
    """The exit code of a run. Where a baseline knows why claims are rejected, only what is new counts."""
    if tally.errors:
        return NOT_JUDGED
    found = tally.totals.findings
    rejects = bool(found["reject"] or (tally.known is None and tally.totals.rejected))
    if fail_on == "warning":
        return FOUND if rejects or found["warning"] else OK
    return FOUND if rejects and fail_on == "reject" else OK


def read_settings(path: str | None) -> Config:
    from scrubber.config import load

    return load(path)


def read_catalogue(settings: Config, packs: Sequence[str]) -> Catalogue:
    from scrubber.catalogue.load import load

    return load((*settings.packs, *packs))


def colors(no_color: bool) -> bool:
    return sys.stdout.isatty() and not no_color and wants_color()


def wants_color() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def leave_pipe() -> int:
    """The reader has gone, as after ``| head``: nothing may be written any more, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED
