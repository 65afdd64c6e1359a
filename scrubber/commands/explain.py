"""``scrubber explain``: one edit as a page."""

from __future__ import annotations

import sys

import click

from scrubber.commands.options import OK, colors, read_catalogue, read_settings, width


@click.command(short_help="One edit as a page: what, why, what to do, source, example.")
@click.argument("edit")
@click.option("--pack", "packs", multiple=True, metavar="DIR", help="Edits of your own, from a folder.")
@click.option("--config", metavar="FILE", help="Settings that name packs.")
@click.option("--no-color", is_flag=True, help="No colour.")
def explain(edit: str, packs: tuple[str, ...], config: str | None, no_color: bool) -> int:
    """Show an edit, by id (DX-10) or by name, as a page."""
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
