"""No edit on claims raises on a claim with any part absent or absurd; where nothing is wrong it stays silent."""

from __future__ import annotations

import random

import pytest
from claim_edits import RECEIVED, catalogue
from everything import everything

from scrubber.catalogue.examples import base_folder, read_base
from scrubber.pipeline import Options, judge
from scrubber.verdict import ClaimVerdict

JUNK = ("", ":", "::::", "-", "0", "-1", ".", "20260230", "99999999", "00000000-99999999", "9" * 30, "X", "é", "^")
EXTRA = (
    "DTP*454*D8*20260915", "DTP*431*D8*0", "DTP*435*DT*202609151200", "DTP*314*RD8*20260930-20260901", "REF*X4*1",
    "CR2********A", "REF*G1*1", "CAS*PR*1*", "AMT*D*", "SVD*1*-1*HC", "LIN**N4*1", "CTP****0*UN", "PRV*PE*PXC*",
    "NM1*DN*1*A", "SBR*S*18*******MB", "OI", "SV1*HC*1*MJ*1***1", "SV1*HC:00100:AA*1*MJ*0***1",
)  # fmt: skip
"""Segments thrown in where they may or may not belong."""


def spoiled(base: str, chance: random.Random) -> bytes:
    """A base claim, one to three of its segments lost, cut, filled with junk, doubled or joined by others."""
    segments = [s.strip() for s in read_base(base).decode("latin-1").split("~") if s.strip()]
    inside = range(3, len(segments) - 3)
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.choice(inside)
        elements = segments[at].split("*")
        kind = chance.choice(("lose", "cut", "junk", "junk", "component", "double", "add"))
        if kind == "lose":
            elements = []
        elif kind == "cut":
            elements = elements[: chance.randint(1, len(elements))]
        elif kind == "double":
            elements += ["~" + segments[at]]
        elif kind == "add":
            elements[-1] += "~" + chance.choice(EXTRA)
        elif len(elements) > 1:
            number = chance.randrange(1, len(elements))
            parts = elements[number].split(":") if kind == "component" else [elements[number]]
            parts[chance.randrange(len(parts))] = chance.choice(JUNK)
            elements[number] = ":".join(parts)
        segments[at] = "*".join(elements)
    return ("~".join(filter(None, segments)) + "~").encode("latin-1")


def edits_told(data: bytes) -> set[str]:
    """What is found. Judged strictly: what a check raises comes through and fails the test."""
    events = judge(data, Options(received=RECEIVED, catalogue=catalogue(), strict=True))
    return {finding.edit for event in events if isinstance(event, ClaimVerdict) for finding in event.findings}


@pytest.mark.parametrize("base", sorted(path.stem for path in base_folder().glob("*.837")))
def test_nothing_absent_or_absurd_makes_an_edit_crash(base: str) -> None:
    chance = random.Random(base)
    told = set().union(*(edits_told(spoiled(base, chance)) for _ in range(60)))
    assert len({edit for edit in told if edit.startswith("CLM")}) > 2, "too little is wrong here to prove anything"


@pytest.mark.parametrize("seed", range(8))
def test_a_claim_with_every_segment_of_the_guide(seed: int) -> None:
    written = "~".join("*".join(segment) for segment in everything(str(seed))) + "~"
    assert edits_told(written.encode("latin-1"))
