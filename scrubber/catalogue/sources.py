"""Where checks get the big reference tables: each is opened when a check first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrubber.tables.dated import Library

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


class Sources:
    """The tables of a run, by their names in Knowledge."""

    def __init__(self, library: Library | None = None, given: Mapping[str, Callable[[], Any]] | None = None) -> None:
        """``library`` is the user's store: a kind that it holds is asked there, any other in what is shipped.
        ``given`` replaces tables by name (tests)."""
        self.library = library
        self._given = dict(given or {})
        self._opened: dict[str, Any] = {}

    def open(self, name: str) -> Any:
        """The table called ``name``, the same each time. Raises KeyError for a name that is no table's."""
        if name not in self._opened:
            self._opened[name] = self._given[name]() if name in self._given else self._open(name)
        return self._opened[name]

    def _open(self, name: str) -> Any:
        module, table = TABLES[name]
        return getattr(import_module(module), table).open(self.library)
