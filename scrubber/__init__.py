"""scrubber: a scrubber for X12 837 professional claims.

Reads 837P files, judges every claim, says what is wrong, why and what to do. ``scrub`` is the way in; the other names
are what it takes and returns. Importing this package loads nothing heavy: each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from scrubber.api import Report, Scrub, Transaction, scrub
    from scrubber.catalogue.index import Catalogue
    from scrubber.catalogue.load import load
    from scrubber.claims.model import Claim
    from scrubber.config import Config
    from scrubber.finding import Finding, Location, Severity, Unchecked
    from scrubber.verdict import ClaimVerdict

_HOMES = {
    "Catalogue": "scrubber.catalogue.index",
    "Claim": "scrubber.claims.model",
    "ClaimVerdict": "scrubber.verdict",
    "Config": "scrubber.config",
    "Finding": "scrubber.finding",
    "Location": "scrubber.finding",
    "Report": "scrubber.api",
    "Scrub": "scrubber.api",
    "Severity": "scrubber.finding",
    "Transaction": "scrubber.api",
    "Unchecked": "scrubber.finding",
    "load": "scrubber.catalogue.load",
    "scrub": "scrubber.api",
}

__all__ = [
    "Catalogue",
    "Claim",
    "ClaimVerdict",
    "Config",
    "Finding",
    "Location",
    "Report",
    "Scrub",
    "Severity",
    "Transaction",
    "Unchecked",
    "load",
    "scrub",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
