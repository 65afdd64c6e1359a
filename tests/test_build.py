"""Loops to claims: what is written is what a claim says, and a broken claim is still a claim."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from reading import Segments, base, count, find, read_all, write

from scrubber.claims.build import Builder
from scrubber.claims.model import Claim, TransactionKeys
from scrubber.x12.events import ClaimRead


def built(segments: Segments) -> list[Claim]:
    """The claims of a file, built as they are read."""
    builder: Builder | None = None
    found = []
    for event in read_all(write(count(segments))):
        if isinstance(event, ClaimRead):
            builder = builder or Builder(event.delimiters, TransactionKeys())
            claim = builder.build(event.loop)
            if claim is not None:
                found.append(claim)
    return found


def one(name: str) -> Claim:
    (claim,) = built(base(name))
    return claim


def test_a_claim_says_what_is_written() -> None:
    claim = one("office")
    assert (claim.id, claim.charge, claim.place_of_service, claim.frequency) == ("OFFICE-1001", Decimal(245), "11", "1")
    assert [(d.code, d.qualifier, d.position) for d in claim.diagnoses] == [("M542", "ABK", 1), ("M62838", "ABF", 2)]
    assert claim.billing is not None
    assert (claim.billing.npi, claim.billing.taxonomy) == ("2990001010", "207X00000X")
    assert claim.rendering is not None
    assert (claim.rendering.name, claim.rendering.npi) == ("HOLLOWAY", "2990001028")
    assert claim.subscriber is not None
    assert (claim.subscriber.member_id, claim.subscriber.relationship) == ("NFH400118", "18")
    assert claim.payer is not None
    assert (claim.payer.id, claim.payer.filing) == ("NFHP1", "CI")
    assert claim.patient is not None
    assert (claim.patient.last, claim.patient.birth, claim.patient.sex) == ("CORWIN", date(1984, 2, 19), "M")
    assert (claim.service_from, claim.service_to) == (date(2026, 9, 15), date(2026, 9, 15))
    first, second = claim.lines
    assert (first.number, first.procedure, first.charge, first.units) == (1, "99213", Decimal(150), Decimal(1))
    assert first.pointers == (1, 2)
    assert [d.code for d in first.diagnoses] == ["M542", "M62838"]
    assert (second.number, second.procedure, second.pointers) == (2, "72040", (1,))
    assert second.service is not None
    assert second.service.first == date(2026, 9, 15)


def test_modifiers_and_own_places() -> None:
    first, second = one("injection").lines
    assert (first.modifiers, second.modifiers) == (("25",), ("RT",))
    assert first.pointers == (2, 1)
    segments = base("office")
    segments[find(segments, "SV1")][5] = "22"
    (claim,) = built(segments)
    assert [line.place_of_service for line in claim.lines] == ["22", "11"]


def test_a_dependent_is_the_patient() -> None:
    claim = one("dependent")
    assert claim.subscriber is not None
    assert claim.patient is not None
    assert (claim.subscriber.person.first, claim.patient.first) == ("JASPER", "WREN")
    assert claim.patient.birth == date(2011, 6, 7)


def test_patients_do_not_leak_into_the_next_claim() -> None:
    claims = built(base("batch"))
    assert len(claims) > 3
    names = [c.patient.first for c in claims if c.patient]
    members = [c.subscriber.member_id for c in claims if c.subscriber]
    assert len(names) == len(members) == len(claims)
    assert len(set(names)) > 2
    assert len({c.billing.npi for c in claims if c.billing}) == 2


def test_what_another_payer_did() -> None:
    claim = one("secondary")
    (other,) = claim.other_payers
    assert (other.payer.id, other.paid) == ("NFHP1", Decimal(150))
    first, second = claim.lines
    (svd,) = first.adjudications
    assert (svd.payer_id, svd.paid, svd.adjudicated) == ("NFHP1", Decimal(90), date(2026, 9, 16))
    assert [(a.group, a.reason, a.amount) for a in svd.adjustments] == [
        ("CO", "45", Decimal(30)),
        ("PR", "2", Decimal(30)),
    ]
    assert sum(a.amount or 0 for a in second.adjudications[0].adjustments) == 35


def test_a_drug() -> None:
    segments = base("injection")
    segments.insert(find(segments, "REF*6R") + 1, ["LIN", "", "N4", "00409909432"])
    segments.insert(find(segments, "LIN") + 1, ["CTP", "", "", "", "2.5", "ML"])
    (claim,) = built(segments)
    drug = claim.lines[0].drug
    assert drug is not None
    assert (drug.ndc, drug.quantity, drug.unit) == ("00409909432", Decimal("2.5"), "ML")


def test_dates_from_and_to() -> None:
    segments = base("office")
    segments[find(segments, "DTP*472")][2:] = ["RD8", "20260901-20260914"]
    (claim,) = built(segments)
    assert (claim.service_from, claim.service_to) == (date(2026, 9, 1), date(2026, 9, 15))


@pytest.mark.parametrize("name", ["office", "secondary", "dependent", "auto"])
def test_every_element_may_be_missing_or_absurd(name: str) -> None:
    segments = base(name)
    whole = len(built(base(name))[0].lines)
    for i in range(find(segments, "HL*1"), find(segments, "SE")):
        for number in range(1, len(segments[i])):
            for text in ("", "\xb2", "-", ":::", "9" * 400, "19840230"):
                copy = [list(s) for s in segments]
                copy[i][number] = text
                claims = built(copy)
                assert len(claims) == 1
                assert len(claims[0].lines) == whole


def test_values_are_exact() -> None:
    segments = base("office")
    segments[find(segments, "CLM")][2] = "0.1"
    segments[find(segments, "SV1")][2] = "000000000000000.10"
    segments[find(segments, "SV1")][4] = "1e3"
    (claim,) = built(segments)
    assert str(claim.charge) == "0.1"
    assert claim.lines[0].charge == Decimal("0.10")
    assert claim.lines[0].units is None
