"""``scrubber tables``: the reference data."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scrubber.commands.options import (
    INTERRUPTED,
    OK,
    in_folder,
    in_format,
    parse_list,
    read_catalogue,
    read_settings,
    with_settings,
)

if TYPE_CHECKING:
    from scrubber.tables.compare import Change
    from scrubber.tables.kinds import Kind
    from scrubber.tables.store import Holding
    from scrubber.tables.stored import StoredLibrary

ADD_EXAMPLES = """
\b
Examples:
  scrubber tables add ncci-ptp ccipra-v322r0-f1.zip ccipra-v322r0-f2.zip ...    all parts of a quarter together
  scrubber tables add ncci-mue MCR_MUE_PractitionerServices_Eff_07-01-2026.csv
  scrubber tables add pfs rvu26c.zip --edition 2026Q3

\b
Kinds:
  ncci-ptp, ncci-ptp-medicaid    CMS: procedures not paid together, Medicare's and Medicaid's
  ncci-mue, ncci-mue-medicaid    CMS: units paid a line or a day, Medicare's and Medicaid's
  ncci-aoc                       CMS: add-on codes
  pfs                            CMS: physician fee schedule (relative value files)
  hcpcs                          CMS: HCPCS Level II
  icd10cm                        CDC/NCHS: ICD-10-CM
  telehealth                     CMS: telehealth services of a year
  mcd                            CMS: coverage articles and decisions
  taxonomy                       NUCC: provider taxonomy

Files are read exactly as they are downloaded. Where they are found: docs/tables.md.
"""

EXAMPLES = """
\b
Examples:
  scrubber tables list                                  what runs know now
  scrubber tables add ncci-mue MCR_MUE_file.csv         load a quarter's file as downloaded
  scrubber tables diff ncci-mue 2026Q2 2026Q3           what the new quarter changes
  scrubber tables remove ncci-mue 2026Q2                no longer needed
"""

NAMES = """
\b
KIND and edition are called as `scrubber tables list` calls them.
"""


@click.group(epilog=EXAMPLES, short_help="Reference data: what is loaded, which edition, which dates.")
def tables() -> None:
    """The reference data that edits look things up in.

    A question about a day that no edition answers for is reported as not checked, never as fine.
    """


@tables.command("list", short_help="What is loaded, which edition, which dates.")
@in_format()
@in_folder
@with_settings
def list_(format_: str, data: str | None, config: str | None) -> int:
    """List every table and code list with its edition, the dates it is in force, its rows, and where it comes from."""
    from scrubber.catalogue.sources import Sources
    from scrubber.inventory import list_code_lists, list_tables

    settings = read_settings(config)
    library = _open(_folder(data, settings.data))
    holdings = library.holdings() if library else ()
    loaded = {(h.edition.kind, h.edition.name) for h in holdings}
    shipped = [t for t in list_tables(Sources(library)) if (t.name, t.edition) not in loaded]
    records: list[dict[str, Any]] = [
        *(_describe(holding, holdings, date.today()) for holding in holdings),
        *(
            {"name": t.name, "edition": t.edition, "from": _iso(t.from_), "to": _iso(t.to), "rows": t.rows}
            for t in (*shipped, *list_code_lists(read_catalogue(settings, ())))
        ),
    ]
    if format_ == "json":
        import json

        click.echo(json.dumps(records, indent=1, ensure_ascii=False))
        return OK
    name = max(len(r["name"]) for r in records)
    for r in records:
        days = f"{r['from'] or ''}..{r['to'] or ''}" if r["from"] or r["to"] else ""
        click.echo(f"{r['name']:<{name}}  {r['rows']:>9,}  {days:<22}  {r['edition']}".rstrip())
        if "added" in r:
            for source in r["sources"]:
                click.echo(f"    {source['file']}  sha256 {source['sha256']}")
            click.echo(f"    added {r['added'][:16].replace('T', ' ')} UTC" + ("" if r["complete"] else "; not whole"))
        if r.get("warning"):
            click.echo(f"    ! {r['warning']}")
    return OK


@tables.command(epilog=ADD_EXAMPLES, short_help="Load an edition from its publisher's files.")
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--edition", metavar="NAME", help="Which edition it is (2026Q3), where the files do not tell.")
@in_folder
@with_settings
def add(kind: str, files: tuple[str, ...], edition: str | None, data: str | None, config: str | None) -> int:
    """Load an edition of KIND from the files of its publisher: text, CSV, workbook, or a zip of these.

    The whole edition is loaded or nothing: whatever is wrong with a file, and whenever this is interrupted, the tables
    stay as they were. Loading an edition again replaces it.
    """
    from scrubber.progress import Progress
    from scrubber.spelling import count
    from scrubber.tables.kinds import KINDS, ImportFault
    from scrubber.tables.store import SourceFile, Store

    wanted = _kind(kind)
    folder = _folder(data, read_settings(config).data)
    paths = [Path(file) for file in files]
    changed = False
    total = sum(path.stat().st_size for path in paths)
    progress = Progress(sys.stderr if sys.stderr.isatty() else None, total, "read")
    try:
        imported = wanted.read(paths, edition, progress.add)
        found = KINDS[imported.kind or kind]
        with Store(folder) as store:
            try:
                holding, replaced = store.add(found, imported, [SourceFile.of(path) for path in paths])
            except KeyboardInterrupt:
                changed = store.has_changed
                raise
    except ImportFault as fault:
        raise click.ClickException(str(fault)) from None
    except KeyboardInterrupt:
        progress.clear()
        state = "the edition is loaded" if changed else "nothing was loaded, the tables there are as they were"
        click.echo(f"scrubber: interrupted. {folder}: {state}.", err=True)
        return INTERRUPTED
    finally:
        progress.clear()
    known = holding.edition
    until = f" to {known.to}" if known.to else " on"
    again = " It replaces the one loaded before." if replaced else ""
    click.echo(f"{known.kind} {known.name}: {count(known.rows, 'row')}, in force from {known.from_}{until}.{again}")
    for note in imported.notes:
        click.echo(f"  {note}")
    return OK


@tables.command(epilog=NAMES, short_help="Remove an edition.")
@click.argument("kind")
@click.argument("edition")
@in_folder
@with_settings
def remove(kind: str, edition: str, data: str | None, config: str | None) -> int:
    """Remove EDITION of KIND. Its days are then reported as not checked, unless another edition answers for them."""
    from scrubber.spelling import count
    from scrubber.tables.store import Store

    wanted = _kind(kind)
    folder = _folder(data, read_settings(config).data)
    _loaded(folder)  # A folder without tables should not get any by this.
    with Store(folder) as store:
        gone = store.remove(wanted.name, edition).edition
    click.echo(f"{gone.kind} {gone.name} removed ({count(gone.rows, 'row')}).")
    return OK


@tables.command(epilog=NAMES, short_help="What a new edition changes.")
@click.argument("kind")
@click.argument("old")
@click.argument("new")
@click.option("--codes", multiple=True, callback=parse_list, metavar="CODE[,CODE]", help="Rows of these codes only.")
@in_format()
@in_folder
@with_settings
def diff(
    kind: str, old: str, new: str, codes: tuple[str, ...], format_: str, data: str | None, config: str | None
) -> int:
    """Compare two editions of KIND: rows added (+), removed (-) and changed (~)."""
    from scrubber.tables.compare import compare

    wanted = _kind(kind)
    library = _loaded(_folder(data, read_settings(config).data))
    before, after = library.get(wanted.name, old), library.get(wanted.name, new)
    if before.layout.columns != after.layout.columns:
        raise click.ClickException(
            f"{before.edition.name} was loaded by another version of scrubber, with other columns. Load it again"
        )
    codes = tuple(code.upper() for code in codes)
    same = wanted.same or wanted.key
    if wanted.packed:
        old_rows, new_rows = (wanted.unpack(library.rows(holding), codes) for holding in (before, after))
    else:
        old_rows, new_rows = (library.rows(holding, codes) for holding in (before, after))
    changes = compare(old_rows, new_rows, same)
    write = _write_json if format_ == "json" else _write_text
    write(before, after, changes, same)
    return OK


def _write_text(before: Holding, after: Holding, changes: Iterator[Change], same: int) -> None:
    columns = after.layout.columns
    counts = {"+": 0, "-": 0, "~": 0}
    for change in changes:
        sign = "+" if change.old is None else "-" if change.new is None else "~"
        counts[sign] += 1
        row = change.new or change.old or ()
        # Written plainly: two editions may differ in millions of rows, and click flushes each line.
        sys.stdout.write(f"{sign} {' '.join(filter(None, row[:same]))}  {_tell(columns, change, same)}".rstrip() + "\n")
    names = f"{before.edition.kind}, {before.edition.name} to {after.edition.name}"
    click.echo(f"{names}: {counts['+']:,} added, {counts['-']:,} removed, {counts['~']:,} changed")


def _tell(columns: Sequence[str], change: Change, same: int) -> str:
    """What a row says besides its key, or what has changed in it."""
    old, new = change
    if old is not None and new is not None:
        pairs = zip(columns, old, new, strict=True)
        return ", ".join(f"{name} {a or 'none'} -> {b or 'none'}" for name, a, b in pairs if a != b)
    row = new or old or ()
    return ", ".join(f"{name} {value}" for name, value in zip(columns[same:], row[same:], strict=True) if value)


def _write_json(before: Holding, after: Holding, changes: Iterator[Change], same: int) -> None:
    """One document, written as it is found: two editions may differ in millions of rows."""
    import json

    columns = after.layout.columns
    counts = {"added": 0, "removed": 0, "changed": 0}
    head = {"kind": before.edition.kind, "old": before.edition.name, "new": after.edition.name}
    sys.stdout.write(json.dumps(head)[:-1] + ', "rows": [')
    for number, (old, new) in enumerate(changes):
        what = "added" if old is None else "removed" if new is None else "changed"
        counts[what] += 1
        record = {
            "change": what,
            "old": old and dict(zip(columns, old, strict=True)),
            "new": new and dict(zip(columns, new, strict=True)),
        }
        sys.stdout.write(("," if number else "") + "\n" + json.dumps(record, ensure_ascii=False))
    sys.stdout.write(f'\n], "summary": {json.dumps(counts)}}}\n')


def _describe(holding: Holding, holdings: Sequence[Holding], today: date) -> dict[str, Any]:
    """An edition of the store, as ``tables list`` tells it."""
    edition = holding.edition
    others = [h.edition for h in holdings if h.edition.kind == edition.kind]
    record: dict[str, Any] = {
        "name": edition.kind,
        "edition": edition.name,
        "from": _iso(edition.from_),
        "to": _iso(edition.to),
        "rows": edition.rows,
        "complete": edition.complete,
        "added": holding.added.isoformat(),
        "sources": [{"file": s.name, "bytes": s.size, "sha256": s.sha256} for s in holding.sources],
    }
    newest = edition == max(others, key=lambda e: (e.to or date.max, e.from_))
    if newest and edition.to is not None and edition.to < today:
        record["warning"] = f"ended {edition.to}; later services are not checked: load the next edition"
    return record


def _folder(said: str | None, setting: str | None) -> Path:
    from scrubber.tables.folder import find_folder

    return find_folder(said, setting)


def _open(folder: Path) -> StoredLibrary | None:
    from scrubber.tables.folder import open_library

    return open_library(folder)


def _loaded(folder: Path) -> StoredLibrary:
    library = _open(folder)
    if library is None:
        raise click.ClickException(
            f"{folder}: no tables are loaded there. Load some with `scrubber tables add`, or name another folder with "
            "--data"
        )
    return library


def _kind(name: str) -> Kind:
    from scrubber.tables.kinds import find_kind

    try:
        return find_kind(name)
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
