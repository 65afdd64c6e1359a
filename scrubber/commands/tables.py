"""``scrubber tables``: the reference data."""

from __future__ import annotations

import click

from scrubber.commands.options import OK, read_catalogue, read_settings


@click.group(short_help="Reference data: what is loaded, which edition, which dates.")
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

    found = [*list_tables(), *list_code_lists(read_catalogue(read_settings(config), ()))]
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
