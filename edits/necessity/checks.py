"""The checks of the necessity pack, by the names that its entries, and entries of other packs, use."""

from __future__ import annotations

from .articles import not_in_article
from .chiropractic import chiropractor_beyond_manipulation, regions_for_level, subluxation_first
from .injections import injections_within_limits
from .support import side_not_in_code, supported, supported_in_company, undercoded
from .visits import too_many_visits

__all__ = [
    "chiropractor_beyond_manipulation",
    "injections_within_limits",
    "not_in_article",
    "regions_for_level",
    "side_not_in_code",
    "subluxation_first",
    "supported",
    "supported_in_company",
    "too_many_visits",
    "undercoded",
]
