"""``scrubber explain``: one edit as a page."""

from __future__ import annotations

import sys

import click

from scrubber.commands.options import (
    OK,
    colors,
    read_catalogue,
    read_settings,
    width,
    with_packs,
    with_settings,
    without_color,
)

EXAMPLES = """
\b
Examples:
  scrubber explain DX-10
  scrubber explain cervicalgia-with-cervical-disc-disorder
  scrubber explain OUR-01 --pack ./our-payers    an edit of your own

`scrubber edits` lists them all.
"""


@click.command(epilog=EXAMPLES, short_help="One edit as a page: what, why, what to do, source, example.")
@click.argument("edit")
@with_packs
@with_settings
@without_color
def explain(edit: str, packs: tuple[str, ...], config: str | None, no_color: bool) -> int:
    """Show an edit as a page: what is wrong, why, what to do, since when, who says so, and a claim that breaks it
    beside one that holds. EDIT is its id, in any case, or its name."""
    from scrubber.catalogue.explain import describe, write_text
    from scrubber.reports.vocabulary import read_vocabulary

    catalogue = read_catalogue(read_settings(config), packs)
    try:
        found = catalogue.find(edit)
    except KeyError as error:
        from scrubber.catalogue.absent import say_absent

        if (known := say_absent(edit)) is not None:
            raise click.ClickException(known) from None
        raise click.UsageError(str(error.args[0])) from None
    page = describe(catalogue, found, read_vocabulary().say_status)
    columns = width() if sys.stdout.isatty() else 100
    click.echo(write_text(page, columns, colors(no_color)), nl=False)
    return OK
