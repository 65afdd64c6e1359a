"""The command line: the commands, and what happens when one fails.

Everything heavy is imported where it is needed: ``--help`` and ``--version`` answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from scrubber import __version__
from scrubber.commands.options import INTERRUPTED, NOT_JUDGED, OK, PIPE_CLOSED, USAGE, leave_pipe
from scrubber.commands.output import named_output

__all__ = ["INTERRUPTED", "PIPE_CLOSED", "cli", "main", "run_command"]

COMMANDS = {
    "check": "Judge claims and say what is wrong with them.",
    "filter": "Split files into claims that may be sent and claims that may not, with the answers.",
    "fix": "Correct a file's format, show each change, and say what is left.",
    "diff": "Compare verdicts: two reports, or one file judged in two ways.",
    "watch": "Judge every file that is dropped into a folder, and lose none.",
    "edits": "List the edits, or try the examples of a pack.",
    "explain": "One edit as a page: what, why, what to do, source, example.",
    "tables": "Reference data: what is loaded, which edition, which dates.",
}
"""Each command, a function of the same name in ``scrubber/commands/NAME.py``, and what ``--help`` says of it."""

EXAMPLES = """
\b
Examples:
  scrubber check claims.837                  what is wrong, and what to do about it
  scrubber check outbox/ --format json       every X12 file of a folder, as one JSON document
  scrubber check claims.837 --ack-dir acks   and the TA1, 999 and 277CA a payer would send
  cat claims.837 | scrubber check - --redact   what claims say is masked
  scrubber explain DX-10                     why an edit exists, with an example
"""


class _Commands(click.Group):
    """Loads a command's module when it is called. Help lists them without loading any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(import_module(f"scrubber.commands.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from scrubber.spelling import suggest

            raise click.UsageError(f"no command `{args[0]}`{suggest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """As any group; but that a reader has gone is told before click makes an exit code 1 of it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return leave_pipe()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(f"scrubber {__version__}")
        ctx.exit()


@click.group(cls=_Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Say which version this is."
)
def cli() -> None:
    """Finds what would get professional claims (X12 837P, 005010X222A1) rejected, before they are sent.

    Every claim is judged: its form, its codes, and how they go together on the day of service. Each finding says what
    is wrong, where, why, and what to do, with its source.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code. Never a traceback: it would print patient data."""
    with named_output():
        code = run_command(arguments)
    sys.exit(code)


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
        return leave_pipe()
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


def _refuse(reason: str) -> int:
    for line in reason.splitlines():
        click.echo(f"scrubber: {line}", err=True)
    return USAGE
