"""``scrubber edits``: the catalogue; ``scrubber edits test``: its proof."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from scrubber.commands.options import (
    FOUND,
    OK,
    colors,
    in_format,
    read_catalogue,
    read_settings,
    with_settings,
    without_color,
)

if TYPE_CHECKING:
    from scrubber.catalogue.index import Catalogue
    from scrubber.proof import Proof

EXAMPLES = """
\b
Examples:
  scrubber edits                        every edit
  scrubber edits --pack ncci            those of one pack
  scrubber edits --pack ./our-payers    and those of your own folder
  scrubber edits test ./our-payers      try the examples of your own folder
"""

TEST_EXAMPLES = """
\b
Examples:
  scrubber edits test ./our-payers      a folder with a pack.toml
  scrubber edits test ncci modifiers    packs that are known, by name
  scrubber edits test --all             everything that is known

\b
Exit codes:
  0  every example shows what it should
  1  some do not, or something is shown by no example
  2  wrong usage, or a pack that cannot be read
"""


@click.group(invoke_without_command=True, epilog=EXAMPLES, short_help="List the edits, or try a pack's examples.")
@click.option("--pack", "pack", metavar="NAME|DIR", help="Those of one pack: by its name, or your own folder.")
@in_format()
@with_settings
@without_color
@click.pass_context
def edits(ctx: click.Context, pack: str | None, format_: str, config: str | None, no_color: bool) -> int:
    """List every edit: id, severity, name, and the dates it holds for. `scrubber explain ID` shows one in full."""
    if ctx.invoked_subcommand is not None:
        return OK
    from scrubber.catalogue.explain import list_records, list_text

    catalogue, names = _packs(config, (pack,) if pack else ())
    wanted = [edit for edit in catalogue.edits if not pack or edit.pack in names]
    if format_ == "json":
        import json

        click.echo(json.dumps(list_records(wanted), indent=1, ensure_ascii=False))
    else:
        click.echo(list_text(wanted, color=colors(no_color)), nl=False)
    return OK


@edits.command(epilog=TEST_EXAMPLES, short_help="Try the examples of packs: which show what they should.")
@click.argument("packs", nargs=-1, metavar="PACK...")
@click.option("--all", "every", is_flag=True, help="All packs that are known.")
@click.option("-v", "--verbose", is_flag=True, help="List what is in order, too.")
@with_settings
@without_color
def test(packs: tuple[str, ...], every: bool, verbose: bool, config: str | None, no_color: bool) -> int:
    """Try what packs say of themselves, each by its name or as a folder with a pack.toml.

    Each edit is tried with its examples, those that break it and those that hold, and on the days on which its dates
    begin and end. Each profile is tried with its examples, and each of its settings must show in one of them.
    """
    from scrubber.proof import prove

    if not packs and not every:
        raise click.UsageError("which pack? A name or a folder, or --all")
    catalogue, names = _packs(config, packs)
    return _tell(prove(catalogue, list(catalogue.packs) if every else names), verbose, colors(no_color))


def _packs(config: str | None, wanted: Sequence[str]) -> tuple[Catalogue, list[str]]:
    """The catalogue with the folders among the packs wanted, and the names of these packs."""
    from scrubber.spelling import suggest

    settings = read_settings(config)
    folders = [pack for pack in wanted if os.path.isdir(pack)]
    known_folders = set(map(os.path.realpath, settings.packs))
    catalogue = read_catalogue(settings, [f for f in folders if os.path.realpath(f) not in known_folders])
    by_folder = {os.path.realpath(pack.folder): pack.name for pack in catalogue.packs.values()}
    names = []
    for pack in wanted:
        if pack in folders:
            names.append(by_folder[os.path.realpath(pack)])
        elif pack in catalogue.packs:
            names.append(pack)
        else:
            known = ", ".join(catalogue.packs)
            raise click.UsageError(f"no pack is called `{pack}`{suggest(pack, catalogue.packs)} (there are {known})")
    return catalogue, list(dict.fromkeys(names))


def _tell(proofs: Iterable[Proof], verbose: bool, color: bool) -> int:
    """Write the proofs pack by pack, edit by edit; the exit code."""
    from scrubber.reports.prose import Page

    page = Page(color=color)
    tried = failed = 0
    pack = about = ""
    for proof in proofs:
        tried += 1
        if proof.problem is None and not verbose:
            continue
        if proof.pack != pack:
            click.echo(("\n" if pack else "") + page.paint(proof.pack, "strong"))
            pack, about = proof.pack, ""
        if proof.about != about:
            click.echo(f"  {page.paint(proof.about, 'strong')}")
            about = proof.about
        if proof.problem is None:
            click.echo(page.paragraph(proof.shows, 4, page.paint("pass", "good"), 6), nl=False)
        else:
            failed += 1
            click.echo(page.paragraph(f"{proof.shows}: {proof.problem}", 4, page.paint("FAIL", "reject"), 6), nl=False)
    gap = "\n" if pack else ""
    if not tried:
        click.echo("Nothing to try: the pack has neither edits of its own nor profiles with settings.")
    elif failed:
        click.echo(f"{gap}{tried:,} tried, {page.paint(f'{failed:,} failed', 'reject')}.")
    else:
        click.echo(f"{gap}{tried:,} tried, {page.paint('all as they should be', 'good')}.")
    return FOUND if failed else OK
