"""NCCI medically unlikely edits, practitioner services: the units of a code beyond which Medicare does not pay.

Columns: ``code``; ``units``, a whole number as text (0: never payable); ``mai``, the adjudication indicator: ``1``
line, ``2`` day by policy, ``3`` day by clinical benchmark, ``""`` in Medicaid's table, which has none; ``rationale``,
CMS's words.

CSV or XLSX, ``MCR_MUE_PractitionerServices_Eff_07-01-2026.csv``: a notice of several lines, a header whose first cell
holds a line break, rows. No day stands inside: the quarter is in the name. Medicaid's table is told by its name, or by
having no adjudication indicator; more than a quarter of its values differ from Medicare's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from scrubber.tables.dated import Row
from scrubber.tables.downloads import Download, choose, list_downloads
from scrubber.tables.headers import Sheet, read_code, wrong
from scrubber.tables.kinds import Imported, ImportFault, Kind, Place, Progress
from scrubber.tables.quarters import settle_quarter, tell_others

WANTED = {"HCPCS/CPT Code": "hcpcs cpt codes?", "MUE Values": ".*mue values?"}
OPTIONAL = {"MUE Adjudication Indicator": "mue adjudication indicator.*", "MUE Rationale": "mue rationale"}
INDICATORS = frozenset("123")


def read(kind: Kind, files: Sequence[Path], edition: str | None, progress: Progress) -> Imported:
    """The table of one quarter. Raises ImportFault, OSError."""
    medicaid = kind.name.endswith("-medicaid")
    downloads = choose(list_downloads(files, progress), r"mue.*\.(csv|xlsx|txt)$", "a table of MUE values")
    if len(downloads) > 1:
        downloads = _practitioner(downloads)
    download = downloads[0]
    sheet = Sheet(download, WANTED, OPTIONAL, what="CMS's table of MUE values for practitioner services")
    head = next(cell for cell in sheet.header if cell.endswith(("mue values", "mue value")))
    other = f"{download.name} {head}".lower()
    if "outpatient" in other or "dme" in head.split() or "dmesupplier" in other.replace(" ", ""):
        raise ImportFault(
            download.label, sheet.first, "these are the values for hospitals or for suppliers of equipment",
            "Professional claims are judged by the practitioner table",
            "Give the file for practitioner services (MCR_MUE_PractitionerServices_Eff_….csv)",
        )  # fmt: skip
    theirs = "medicaid" in other or "mcd_mue" in other or "mue adjudication indicator" not in sheet.header
    if theirs and not medicaid:
        raise ImportFault(
            download.label, sheet.first, "this looks like Medicaid's table (it has no MUE Adjudication Indicator)",
            "Its values are not Medicare's",
            "Give Medicare's file (MCR_MUE_PractitionerServices_Eff_….csv), or add this one as ncci-mue-medicaid",
        )  # fmt: skip
    if medicaid and not theirs:
        raise ImportFault(
            download.label, sheet.first, "this is Medicare's table (it has an MUE Adjudication Indicator)",
            "Its values are not Medicaid's", "Add it as ncci-mue",
        )  # fmt: skip
    names = [download.name, *(file.name for file in files)]
    quarter = settle_quarter(edition, names, download.label)
    place = Place()
    imported = Imported(quarter.name, quarter.first, quarter.last, _rows(sheet, place), place)
    imported.notes += tell_others(quarter, edition, names)
    return imported


def _practitioner(downloads: list[Download]) -> list[Download]:
    """The one table that a practice needs of those that the quarter's zip holds; CSV rather than its twin in Excel."""
    ours = [d for d in downloads if "practitioner" in d.name.lower()] or downloads
    ours = sorted(ours, key=lambda d: d.suffix != ".csv")
    if len({Path(d.name).stem for d in ours}) > 1:
        raise ImportFault(
            ours[0].label, None, "there are several tables: " + ", ".join(d.name for d in ours),
            "Each import is one edition", "Give one of them at a time",
        )  # fmt: skip
    return ours


def _rows(sheet: Sheet, place: Place) -> Iterator[Row]:
    for code, units, mai, rationale in sheet.rows(place):
        if not (units.isascii() and units.isdigit() and len(units) <= 9):
            raise wrong(place, "MUE Values", units, "a whole number of units")
        if (mai and mai[0] not in INDICATORS) or (not mai and "mue adjudication indicator" in sheet.header):
            raise wrong(place, "MUE Adjudication Indicator", mai, "a text that begins with 1, 2 or 3")
        yield read_code(place, "HCPCS/CPT Code", code), str(int(units)), mai[:1], rationale
