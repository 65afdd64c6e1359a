"""Which reference data there is: every table with its edition, dates and rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.sources import TABLES, Sources
from scrubber.tables.dated import Edition
from scrubber.tables.icd10cm import Icd10cm
from scrubber.verdict import TableUsed


def list_tables(sources: Sources) -> Iterator[TableUsed]:
    """The big look-up tables that edits ask. A run's answers depend on these editions."""
    icd10cm = Icd10cm.shipped()
    years = f"FY{_fiscal(icd10cm.first)} to FY{_fiscal(icd10cm.last)}"
    yield TableUsed("icd10cm-codes", years, icd10cm.first, icd10cm.last, icd10cm.size)
    for release in icd10cm.releases:
        yield TableUsed("icd10cm-notes", f"{release.name}, {release.release}", release.start, release.to, release.notes)
    for edition in list_editions(sources):
        yield TableUsed(edition.kind, edition.name, edition.from_, edition.to, edition.rows)


def list_editions(sources: Sources) -> list[Edition]:
    """Every edition that a run may ask, by kind: the user's, and what is shipped of kinds that the user has not."""
    # The shipped diagnosis codes are asked beside the user's own releases: they are listed above.
    releases = sources.library.editions("icd10cm") if sources.library else None
    found = list(releases.all()) if releases else []
    found += [edition for name in TABLES if name != "icd10cm" for edition in sources.open(name).all()]
    return sorted(found, key=lambda edition: (edition.kind, edition.from_))


def list_code_lists(catalogue: Catalogue) -> Iterator[TableUsed]:
    """The packs' small code lists. Their rows carry their own dates, where a source tells them."""
    for name, rows in sorted(catalogue.code_lists.items()):
        yield TableUsed(name, read_source(catalogue.code_lists.files[name]), None, None, len(rows))


def read_source(path: Path) -> str:
    """What a code list says about where it comes from, in its first sentence."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                break
            if line.startswith("# Source:"):
                return line.removeprefix("# Source:").partition(". ")[0].strip().rstrip(".")
    return "see its file"


def _fiscal(day: date) -> int:
    """The fiscal year that ICD-10-CM editions are called by: it begins in October."""
    return day.year + (day.month >= 10)
