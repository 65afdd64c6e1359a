"""``scrubber edits``: the catalogue."""

from __future__ import annotations

import os

import click

from scrubber.commands.options import OK, colors, read_catalogue, read_settings


@click.command(short_help="List the edits.")
@click.option("--pack", "pack", metavar="NAME|DIR", help="Those of one pack, by name, or of your own folder.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--config", metavar="FILE", help="Settings that name packs.")
@click.option("--no-color", is_flag=True, help="No colour.")
def edits(pack: str | None, format_: str, config: str | None, no_color: bool) -> int:
    """List every edit: id, severity, name, and the dates it holds for. `scrubber explain ID` shows one in full."""
    from scrubber.catalogue.explain import list_records, list_text
    from scrubber.spelling import suggest

    settings = read_settings(config)
    own = (pack,) if pack and os.path.isdir(pack) else ()
    catalogue = read_catalogue(settings, own)
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
        click.echo(list_text(wanted, color=colors(no_color)), nl=False)
    return OK
