"""Where checks get the big reference tables: each is opened when a check first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from scrubber.finding import Answered

if TYPE_CHECKING:
    from scrubber.tables.dated import Edition, Library

TABLES = {
    "icd10cm": ("scrubber.tables.icd10cm", "Icd10cm"),
    "ptp": ("scrubber.tables.ptp", "PtpTable"),
    "mue": ("scrubber.tables.mue", "MueTable"),
    "addons": ("scrubber.tables.addons", "AddonTable"),
    "pfs": ("scrubber.tables.pfs", "FeeSchedule"),
    "hcpcs": ("scrubber.tables.hcpcs", "HcpcsTable"),
    "telehealth": ("scrubber.tables.telehealth", "TelehealthList"),
    "coverage": ("scrubber.tables.coverage", "Coverage"),
    "taxonomy": ("scrubber.tables.taxonomy", "TaxonomyTable"),
}
"""Name in Knowledge to the module and class of the table. Each class has ``open(library)``, and but for the
diagnosis codes ``all()``: the editions that it answers from, for the reports' list of what a run used."""

CODES, NOTES = "icd10cm-codes", "icd10cm-notes"
"""Order file and tabular list: a release has one, the other or both, and each is cited by itself."""

CITED = (
    "ncci-ptp", "ncci-mue", "ncci-aoc", "pfs", "hcpcs", "telehealth", "mcd", "taxonomy", CODES, NOTES,
)  # fmt: skip
"""What a source of a pack may be the publication of (its ``table``). Medicaid's tables go under Medicare's names, in
whose place they are asked."""

BY_RECEIPT = "taxonomy"
"""The table that is asked about the day of receipt, not that of service."""


class Sources:
    """The tables of a run, by their names in Knowledge."""

    def __init__(self, library: Library | None = None, given: Mapping[str, Callable[[], Any]] | None = None) -> None:
        """``library`` is the user's store: a kind that it holds is asked there, any other in what is shipped.
        ``given`` replaces tables by name (tests)."""
        self.library = library
        self._given = dict(given or {})
        self._opened: dict[str, Any] = {}
        self.answered = lru_cache(4_096)(self._find_answered)
        """The user's own edition of a cited table that answers for a day, for Medicaid or others; None where it is what
        is shipped."""

    def open(self, name: str) -> Any:
        """The table called ``name``, the same each time. Raises KeyError for a name that is no table's."""
        if name not in self._opened:
            self._opened[name] = self._given[name]() if name in self._given else self._open(name)
        return self._opened[name]

    def _find_answered(self, table: str, day: date, medicaid: bool) -> Answered | None:
        if self.library is None:
            return None
        from scrubber.tables.kinds import KINDS

        if table in (CODES, NOTES):
            icd10cm = self.open("icd10cm")
            edition: Edition | None = icd10cm.own_codes(day) if table == CODES else icd10cm.own_notes(day)
            title = f"ICD-10-CM, {'order file' if table == CODES else 'tabular list'}"
            return Answered(table, title, edition.cite(day)) if edition else None
        for kind in (f"{table}-medicaid", table) if medicaid else (table,):
            editions = self.library.editions(kind) if kind in KINDS else None
            if editions is not None and (edition := editions.on(day)) is not None:
                return Answered(table, KINDS[kind].title, edition.cite(day), kind != table)
        return None

    def _open(self, name: str) -> Any:
        module, table = TABLES[name]
        return getattr(import_module(module), table).open(self.library)
