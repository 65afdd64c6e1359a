"""One check on its own: a claim as the reader builds it, and the knowledge that a check is given."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

from lines import catalogue

from scrubber.catalogue.check import Knowledge
from scrubber.claims.build import Builder
from scrubber.claims.model import Claim, TransactionKeys
from scrubber.tables.addons import AddonTable
from scrubber.tables.icd10cm import Icd10cm
from scrubber.tables.mue import MueTable
from scrubber.tables.pfs import FeeSchedule
from scrubber.tables.ptp import PtpTable
from scrubber.x12.events import ClaimRead, InterchangeOpened
from scrubber.x12.read import read
from scrubber.x12.segments import Source


class Payer:
    """A profile for one check (a ProfileView)."""

    def __init__(self, *names: str) -> None:
        self.name = names[0] if names else "unknown"
        self._names = names

    def is_(self, name: str) -> bool:
        return name in self._names


def claim_of(data: bytes) -> Claim:
    """The only claim of a file."""
    (only,) = claims_of(data)
    return only


def claims_of(data: bytes) -> list[Claim]:
    """The claims of a file, as far as they can be read."""
    claims: list[Claim] = []
    for event in read(Source(io.BytesIO(data), "test")):
        if isinstance(event, InterchangeOpened):
            builder = Builder(event.delimiters, TransactionKeys())
        elif isinstance(event, ClaimRead) and (claim := builder.build(event.loop)) is not None:
            claims.append(claim)
    return claims


def knowledge(*profile: str, code_lists: Mapping[str, Mapping[str, Any]] | None = None, **params: Any) -> Knowledge:
    """What a check is given, with the shipped tables and lists unless told otherwise."""
    know = Knowledge(
        icd10cm=Icd10cm.shipped(),
        ptp=PtpTable.starter(),
        received=date(2026, 9, 16),
        profile=Payer(*profile),
        code_lists=catalogue().code_lists if code_lists is None else code_lists,
        params=params,
    )
    know.mue, know.addons, know.pfs = MueTable.open(None), AddonTable.open(None), FeeSchedule.open(None)
    return know
