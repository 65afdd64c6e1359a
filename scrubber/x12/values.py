"""Texts of elements to dates and numbers, exactly, without ever raising. Repeats are remembered."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

_NUMBER = re.compile(r"-?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})").fullmatch


@lru_cache(maxsize=65536)
def to_date(text: str) -> date | None:
    """``CCYYMMDD`` to a date; None when it is no date that exists."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def to_decimal(text: str) -> Decimal | None:
    """An X12 decimal (type R, no exponent) to an exact Decimal; None when it is no number."""
    return Decimal(text) if _NUMBER(text) else None
