"""What every acknowledgement is made of: who speaks and when, control numbers, clean data, envelopes.

Data copied from the file that is acknowledged may hold anything. ``clean`` lets through only what may stand in an
element of ours: no delimiter, no character outside X12's sets, no more than the element holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

ELEMENT, COMPONENT, REPETITION, TERMINATOR = "*", ":", "^", "~"
"""Delimiters of everything we send. A line break follows each terminator, so that people can read the file."""

HIGHEST = 999_999_999
"""Largest control number of an interchange, group or set (nine digits)."""

PARTY_QUALIFIERS = frozenset({"01", "14", "20", "27", "28", "29", "30", "33", "ZZ"})
"""ISA05 and ISA07 codes that health care uses."""

UNKNOWN = "UNKNOWN"
"""Stands where an element is required and the file gives nothing usable."""

_ALLOWED = "A-Za-z0-9!\"&'()+,\\-./;?= %@\\[\\]_{}\\\\|<>#$"
_CLEAN = re.compile(rf"[{_ALLOWED}]*").fullmatch
_BAD = re.compile(rf"[^{_ALLOWED}]+")


@dataclass(frozen=True, slots=True)
class AckOptions:
    """Everything about an acknowledgement that does not come from the file. Same options, same file: same bytes.

    ``clock`` stamps the envelopes and is the process date; ``received`` is the day the file came in (default: the
    clock's). ``name``, ``qualifier`` and ``id`` say who speaks in the 277CA (``entity`` AY clearinghouse, PR payer).
    The ``first_*`` numbers are those of the first interchange (ISA13), group (GS06) and set (ST02) that we send;
    ``Numbers`` tells which come next. ``cut_loops`` sends ``2010BA`` as IK303 ``2010``, for the element takes four
    characters; without it a longer loop id is left out. ``sender`` and ``receiver`` replace the ids that ISA and GS
    would take from the file acknowledged. ``stc12`` adds each reject's message as text to the claims of the 277CA; X12
    holds that element to be out of use (RFI 1465), some receivers read it all the same.

    Raises ValueError for a setting that could not give a valid acknowledgement.
    """

    clock: datetime
    received: date | None = None
    name: str = "SCRUBBER"
    id: str = "SCRUBBER"
    qualifier: str = "46"
    entity: str = "AY"
    first_interchange: int = 1
    first_group: int = 1
    first_set: int = 1
    cut_loops: bool = True
    sender: str | None = None
    receiver: str | None = None
    stc12: bool = False

    def __post_init__(self) -> None:
        if self.entity not in ("AY", "PR"):
            raise ValueError(f"entity is {self.entity!r}: give AY (clearinghouse) or PR (payer)")
        if self.qualifier not in ("46", "FI", "PI"):
            raise ValueError(f"qualifier is {self.qualifier!r}: give 46 (ETIN), FI (tax id) or PI (payer id)")
        if len(clean(self.id, 80)) < 2 or not clean(self.name, 60):
            raise ValueError("name and id must hold letters or digits, the id at least two")
        for field in ("sender", "receiver"):
            party = getattr(self, field)
            if party is not None and not 2 <= len(clean(party, 99)) <= 15:
                raise ValueError(f"{field} is {party!r}: give an id of 2 to 15 characters")
        for field in ("first_interchange", "first_group", "first_set"):
            if not 1 <= getattr(self, field) <= HIGHEST:
                raise ValueError(f"{field} is {getattr(self, field)}: give a number from 1 to {HIGHEST}")

    @property
    def receipt_date(self) -> str:
        """CCYYMMDD."""
        return f"{self.received or self.clock:%Y%m%d}"

    @property
    def process_date(self) -> str:
        """CCYYMMDD."""
        return f"{self.clock:%Y%m%d}"

    @property
    def time(self) -> str:
        """HHMM."""
        return f"{self.clock:%H%M}"


@dataclass(slots=True)
class Numbers:
    """The control numbers that come next. Shared by the writers of one run, so that no number is sent twice."""

    interchange: int
    group: int
    set: int

    @classmethod
    def starting(cls, options: AckOptions) -> Numbers:
        return cls(options.first_interchange, options.first_group, options.first_set)

    def take_interchange(self) -> int:
        number, self.interchange = self.interchange, self.interchange % HIGHEST + 1
        return number

    def take_group(self) -> int:
        number, self.group = self.group, self.group % HIGHEST + 1
        return number

    def take_set(self) -> str:
        """ST02: four digits at least."""
        number, self.set = self.set, self.set % HIGHEST + 1
        return f"{number:04d}"


def clean(text: str, limit: int) -> str:
    """Text for an element of ours, at most ``limit`` characters, without spaces around it; ``""`` if none is left.

    Accented letters lose the accent; delimiters and characters outside the X12 sets are dropped.
    """
    return _clean(text if len(text) <= _LONGEST else text[:_LONGEST], limit)


_LONGEST = 300
"""No element of ours is longer; what is cut here need not be remembered."""


@lru_cache(maxsize=16384)
def _clean(text: str, limit: int) -> str:
    if not _CLEAN(text):
        text = _BAD.sub("", unicodedata.normalize("NFKD", text))
    return text.strip(" ")[:limit].rstrip(" ")


def clean_code(text: str, limit: int, least: int = 2) -> str:
    """Like ``clean``, for identifiers that have a least length; ``UNKNOWN`` where the file gives none."""
    cleaned = clean(text, limit)
    return cleaned if len(cleaned) >= least else UNKNOWN


def is_usable(text: str) -> bool:
    """Whether a value may be echoed as it is: no character that ``clean`` would drop."""
    return bool(text) and _CLEAN(text) is not None and text == text.strip(" ")


_CENT = Decimal("0.01")
_MOST = 10**18 - 1


@lru_cache(maxsize=16384)
def format_amount(value: Decimal | None, digits: int = 18) -> str:
    """An exact decimal as X12 writes it (type R): no exponent, no idle zeros.

    None, which is an amount that could not be read, is 0. What does not fit in ``digits`` is rounded to cents, and
    then held at the largest number that fits: such an amount is already a fault of the file.
    """
    if value is None or not value.is_finite() or not value:
        return "0"
    text = _plain(value)
    if _digits(text) > digits:
        most = Decimal(10) ** digits - 1
        if abs(value) > most / 100:
            return _plain(min(max(value.to_integral_value(), -most), most))
        text = _plain(value.quantize(_CENT, ROUND_HALF_UP))
    return text


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _digits(text: str) -> int:
    return len(text.lstrip("-").replace(".", ""))


def say_money(value: Decimal | None) -> str:
    """An amount for people: ``$1,210.00``."""
    return f"${value or Decimal(0):,.2f}"


def say_date(ccyymmdd: str) -> str:
    """``20260915`` as ``2026-09-15``."""
    return f"{ccyymmdd[:4]}-{ccyymmdd[4:6]}-{ccyymmdd[6:]}"


def join(elements: Sequence[str]) -> str:
    """A segment as sent, terminator and line break included; empty elements at its end are dropped."""
    return ELEMENT.join(elements).rstrip(ELEMENT) + TERMINATOR + "\n"


def build_isa(options: AckOptions, inbound: Sequence[str], number: int) -> list[str]:
    """ISA of an answer to the interchange whose ISA is given: sender and receiver change places."""
    usage = inbound[15] if len(inbound) > 15 and inbound[15] in ("P", "T") else "P"
    return [
        "ISA", "00", " " * 10, "00", " " * 10,
        *_party(inbound, 7, options.sender), *_party(inbound, 5, options.receiver),
        f"{options.clock:%y%m%d}", options.time, REPETITION, "00501", f"{number:09d}", "0", usage, COMPONENT,
    ]  # fmt: skip


def _party(inbound: Sequence[str], at: int, instead: str | None) -> tuple[str, str]:
    qualifier = inbound[at] if len(inbound) > at else ""
    name = clean(instead or (inbound[at + 1] if len(inbound) > at + 1 else ""), 15)
    return qualifier if qualifier in PARTY_QUALIFIERS else "ZZ", f"{name or UNKNOWN:<15}"


def build_gs(options: AckOptions, kind: str, inbound: Sequence[str], number: int, version: str) -> list[str]:
    """GS of an answer to the group whose GS is given."""
    sender, receiver = (
        clean_code(instead or (inbound[at] if len(inbound) > at else ""), 15)
        for at, instead in ((3, options.sender), (2, options.receiver))
    )
    return ["GS", kind, sender, receiver, options.process_date, options.time, str(number), "X", version]
