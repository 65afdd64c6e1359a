"""Judge a file's claims with the catalogue, as the tests of edits need it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from scrubber.catalogue.engine import Engine
from scrubber.claims.build import Builder
from scrubber.claims.model import TransactionKeys
from scrubber.finding import Finding, Unchecked
from scrubber.x12.events import ClaimRead, SetClosed, SetOpened
from scrubber.x12.read import read
from scrubber.x12.segments import Source
from scrubber.x12.values import to_date


@dataclass
class Judged:
    """One claim: its findings of every floor, and those above it told with it."""

    claim: str
    findings: list[Finding]
    unchecked: list[Unchecked]


def judge(data: bytes, engine: Engine) -> Iterator[Judged]:
    """Each claim of a file; last, under the claim ``""``, the structural findings outside claims."""
    above: list[Finding] = []
    builder: Builder | None = None
    for event in read(Source(io.BytesIO(data), "example")):
        if isinstance(event, SetOpened):
            builder, opened = None, event
        elif isinstance(event, ClaimRead):
            if builder is None or builder.delimiters is not event.delimiters:  # Only now is BHT read.
                bht = opened.loop.find("BHT")
                keys = TransactionKeys(
                    control_number=opened.st[2],
                    kind=bht.get(6) if bht else "",
                    created=to_date(bht.get(4)) if bht else None,
                )
                builder = Builder(event.delimiters, keys)
            claim = builder.build(event.loop)
            assert claim is not None
            structural = [engine.catalogue.rename(f) for f in event.loop.findings]
            judgement = engine.judge(claim, structural)
            findings = [*structural, *(f for _, f in judgement.above), *judgement.own]
            yield Judged(claim.id, findings, judgement.unchecked)
        elif isinstance(event, SetClosed):
            above += event.findings
        elif findings := getattr(event, "findings", None):
            above += findings
    yield Judged("", [engine.catalogue.rename(f) for f in above], [])
