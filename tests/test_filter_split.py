"""A file in two: every claim in one of them, byte for byte, under the patient, subscriber and provider that it came
with, in interchanges that the reader finds no fault with."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from splitting import LAYOUTS, Shape, Writer, lay_out, list_claims, shapes

from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import load
from scrubber.finding import Finding, Location, Severity
from scrubber.pipeline import Options, judge
from scrubber.reports.readback import read_claims
from scrubber.reports.split import portion, split
from scrubber.reports.split.split import Split
from scrubber.verdict import ClaimStatus, ClaimVerdict, Event, FileEnd, InterchangeEnd, SetEnd, SetStatus
from scrubber.x12 import skeleton
from scrubber.x12.segments import Delimiters

CAUSE = Finding("X12-IK5-4", Severity.REJECT, Location(None, "SE", "SE01", None, None, 1, 0, 0))
OPTIONS: dict[str, Any] = {"received": date(2026, 9, 20), "select": ("X12",), "strict": True}

ORDINARY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def catalogue() -> Catalogue:
    return load(installed=False)


def events(stream: io.BytesIO) -> Iterator[Event]:
    return judge(stream, Options(catalogue=catalogue(), **OPTIONS), name="claims.837")


def divide(data: bytes, claims: list[bool], sets: list[bool], folder: Path) -> tuple[bytes, bytes, list[bool]]:
    """Split a file in which these claims and sets are accepted (the lists begin anew where they end). Returns both
    halves, and the fate of each claim."""
    halves = io.BytesIO(), io.BytesIO()
    divided = Split(*halves, folder)
    fates: list[bool] = []
    seen = number = 0
    for event in events(divided.original.watch(io.BytesIO(data))):
        if isinstance(event, ClaimVerdict):
            assert event.status is ClaimStatus.ACCEPTED, event.findings
            accepted = claims[seen % len(claims)]
            seen += 1
            fates.append(accepted)
            event.status = ClaimStatus.ACCEPTED if accepted else ClaimStatus.REJECTED
        elif isinstance(event, SetEnd):
            if not sets[number % len(sets)]:
                event.status, event.cause = SetStatus.REJECTED, CAUSE
                fates[len(fates) - event.claims :] = [False] * event.claims
            number += 1
        divided.handle(event)
    assert not divided.outside
    assert not divided.verbatim
    assert (divided.accepted.claims, divided.rejected.claims) == (sum(fates), len(fates) - sum(fates))
    divided.close()
    return halves[0].getvalue(), halves[1].getvalue(), fates


def faults(data: bytes) -> list[str]:
    """What the reader finds in a file."""
    found: list[str] = []
    for event in events(io.BytesIO(data)):
        found += [f"{f.edit} {f.values.get('detail')}" for f in getattr(event, "findings", ())]
    return found


fates = st.lists(st.booleans(), min_size=1, max_size=12)
sets = st.lists(st.sampled_from((True, True, False)), min_size=1, max_size=4)


@ORDINARY
@given(shape=shapes, claims=fates, sets=sets, layout=st.sampled_from(LAYOUTS))
def test_claims_keep_their_bytes_and_their_people(
    shape: Shape, claims: list[bool], sets: list[bool], layout: str, tmp_path: Path
) -> None:
    data = lay_out(Writer().write(shape), layout)
    accepted, rejected, fate = divide(data, claims, sets, tmp_path)
    whole = list_claims(data.translate(None, b"\r\n") if layout == "wrapped" else data)
    assert len(whole) == len(fate)
    for half, wanted in ((accepted, True), (rejected, False)):
        assert list_claims(half) == [claim for claim, kept in zip(whole, fate, strict=True) if kept is wanted]
        if half:
            assert not faults(half)
            path = tmp_path / "half.837"
            path.write_bytes(half)
            assert read_claims(path).claims == fate.count(wanted)
            again = divide(half, [True], [True], tmp_path)
            assert again[:2] == (half, b"")
    if all(fate) and layout != "wrapped":
        assert accepted == data
    if not any(fate) and layout != "wrapped":
        assert rejected == data


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=shapes, claims=fates, sets=sets, layout=st.sampled_from(LAYOUTS), chunk=st.integers(40, 300))
def test_chunks_leave_no_seam(
    shape: Shape, claims: list[bool], sets: list[bool], layout: str, chunk: int, tmp_path: Path
) -> None:
    data = lay_out(Writer().write(shape), layout)
    whole = divide(data, claims, sets, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for module in (skeleton, portion, split):
            patch.setattr(module, "CHUNK", chunk)
        assert divide(data, claims, sets, tmp_path) == whole


PIECES = st.lists(
    st.sampled_from(("~", "~", "~", "*", "\n", "\r\n", " ", "\x07", "HL*1", "CLM*A", "SE", "ST*", "GSX*", "HLX", "Q")),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(pieces=PIECES, chunk=st.integers(1, 40))
def test_marks_do_not_depend_on_chunks(pieces: list[str], chunk: int) -> None:
    data = "".join(pieces).encode()
    delimiters = Delimiters("*", ":", "^", "~")

    def marks() -> list[skeleton.Mark]:
        return list(skeleton.find_marks(lambda start, end: data[start:end], 0, len(data), delimiters))

    whole = marks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skeleton, "CHUNK", chunk)
        assert marks() == whole
    for position, name in whole:
        assert data[position:].startswith((name + b"*", name + b"~"))


@settings(max_examples=200, deadline=None)
@given(pieces=PIECES)
def test_segments_are_counted_as_they_are_read(pieces: list[str]) -> None:
    data = "".join(pieces).encode() + b"~"
    counted = sum(bool(piece.strip(b"\r\n\t ")) for piece in data.split(b"~")[:-1])
    assert skeleton.count_segments(data, b"~") == counted


# Damaged hierarchies ------------------------------------------------------------------------------------------------

TWO_FAMILIES: Shape = [[[[[(1, []), (0, [1, 1])], [(2, [])]]]]]


def filter_events(data: bytes, folder: Path, **change: bool) -> tuple[bytes, bytes, Split, list[Event]]:
    """Split a file as it is judged; ``claim=True``: faults reject claims, not sets."""
    from scrubber.config import Acks, Config

    halves = io.BytesIO(), io.BytesIO()
    divided = Split(*halves, folder)
    config = Config(acks=Acks(syntax="claim" if change.get("claim") else "transaction"))
    said = []
    stream = divided.original.watch(io.BytesIO(data))
    for event in judge(stream, Options(catalogue=catalogue(), config=config, **OPTIONS), name="claims.837"):
        divided.handle(event)
        said.append(event)
    divided.close()
    return halves[0].getvalue(), halves[1].getvalue(), divided, said


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("HL*4*3*23*0", "HL*4*2*23*0"),  # The parent is another's: by number one patient's, by place the other's.
        ("HL*4*3*23*0", "HL*4*3*99*0"),
        ("HL*4*3*23*0", "HL*4"),
        ("HL*3*1*22*1~", ""),
    ],
)
def test_a_hierarchy_that_cannot_be_followed_is_not_mended(right: str, wrong: str, tmp_path: Path) -> None:
    text = Writer().write(TWO_FAMILIES)
    assert right in text
    data = text.replace(right, wrong).encode()
    accepted, rejected, divided, _ = filter_events(data, tmp_path)
    assert accepted == b""
    assert divided.verbatim
    inside = slice(data.index(b"HL*1*"), data.index(b"SE*"))
    assert rejected[rejected.index(b"HL*1*") : rejected.index(b"SE*")] == data[inside]


def test_numbers_that_are_only_out_of_step_are_mended(tmp_path: Path) -> None:
    text = Writer().write(TWO_FAMILIES)
    odd = text.replace("HL*3*1*22", "HL*30*1*22").replace("*3*23*0", "*30*23*0").replace("HL*6**20*1", "HL*6**20*0")
    accepted, rejected, divided, _ = filter_events(odd.encode(), tmp_path)
    assert accepted == b""
    assert not divided.verbatim
    assert rejected == text.encode()


def test_accepted_claims_leave_a_damaged_set(tmp_path: Path) -> None:
    """Where faults reject claims alone: what is sent on is sound, what is left behind is as it was."""
    text = Writer().write(TWO_FAMILIES).replace("HL*4*3*23*0", "HL*4*2*23*0")
    accepted, rejected, divided, said = filter_events(text.encode(), tmp_path, claim=True)
    fates = [event.status == "accepted" for event in said if isinstance(event, ClaimVerdict)]
    assert True in fates
    assert False in fates
    assert divided.verbatim
    assert not faults(accepted)
    whole = list_claims(text.encode())
    assert [c.claim for c in list_claims(accepted)] == [c.claim for c, f in zip(whole, fates, strict=True) if f]
    assert [c.claim for c in list_claims(rejected)] == [c.claim for c, f in zip(whole, fates, strict=True) if not f]
    assert b"HL*4*2*23*0" in rejected


def test_claims_under_a_level_without_hl_take_their_set_along(tmp_path: Path) -> None:
    """Even where faults reject claims alone: under whom the next subscriber stands is anyone's guess."""
    text = Writer().write(TWO_FAMILIES).replace("HL*6**20*1", "ZQ*6**20*1")
    accepted, rejected, divided, said = filter_events(text.encode(), tmp_path, claim=True)
    assert any(event.status == "accepted" for event in said if isinstance(event, ClaimVerdict))
    assert next(event for event in said if isinstance(event, SetEnd)).status is SetStatus.REJECTED
    assert accepted == b""
    assert divided.verbatim
    assert rejected == text.encode()


# Damaged envelopes --------------------------------------------------------------------------------------------------

PLAIN = Writer().write([[[[[(2, [])]]]]])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("SE*30*0001", "SE*29*0001"),
        ("SE*30*0001", "SE*30*0009"),
        ("SE*30*0001~", ""),
        ("GE*1*1~", "GE*4*1~"),
        ("GE*1*1~", "GE*1*7~"),
        ("GE*1*1~", ""),
        ("IEA*1*000000001~", "IEA*3*000000001~"),
        ("IEA*1*000000001~", "IEA*1*000000009~"),
        ("IEA*1*000000001~", ""),
        ("GE*1*1~IEA*1*000000001~", ""),
        ("SE*30*0001~GE*1*1~IEA*1*000000001~", ""),
    ],
)
def test_counts_and_numbers_of_envelopes_are_mended(right: str, wrong: str, tmp_path: Path) -> None:
    assert right in PLAIN
    accepted, rejected, divided, _ = filter_events(PLAIN.replace(right, wrong).encode(), tmp_path)
    assert (accepted, rejected) == (b"", PLAIN.encode())
    assert not divided.irregular


def test_the_rest_of_a_file_that_is_cut_off_is_kept(tmp_path: Path) -> None:
    cut = PLAIN[: PLAIN.index("DTP*472", PLAIN.index("SPLIT-2")) + 5]
    accepted, rejected, divided, said = filter_events(cut.encode(), tmp_path)
    assert accepted == b""
    assert b"SV1*HC:99213*102.02*UN*1***1~DTP*4~SE*29*0001~GE*1*1~IEA*1*000000001~" in rejected
    assert divided.rejected.claims == 2
    assert isinstance(said[-1], FileEnd)


@pytest.mark.parametrize(
    ("damage", "outside"),
    [
        (lambda t: t.replace("ST*837*0001*005010X222A1~", ""), 2),
        (lambda t: t.replace("GE*1*1~", "CLM*LOST*10~GE*1*1~"), 1),
        (lambda t: t + "CLM*LOST*10~SE*2*0001~", 1),
        (lambda t: "CLM*LOST*10~" + t, 1),
        (lambda t: t.replace("GE*1*1~", "GE*1*1~GS*HC*A*B*20260916*0830*2*X*005010X223A2~ST*837*0001*005010X223A2~"
                             "CLM*OTHER*10~SE*3*0001~GE*1*2~").replace("IEA*1*", "IEA*2*"), 1),
        (lambda t: t.replace("GE*1*1~", "ST*835*0002~CLM*ODD*1~SE*3*0002~GE*2*1~"), 1),
    ],
    ids=["no ST", "between sets", "behind", "before", "institutional group", "other set"],
)  # fmt: skip
def test_claims_outside_are_carried(damage, outside: int, tmp_path: Path) -> None:
    text = damage(PLAIN)
    accepted, rejected, divided, _ = filter_events(text.encode(), tmp_path)
    assert divided.outside == outside
    assert divided.irregular
    assert accepted.count(b"CLM*") + rejected.count(b"CLM*") == text.count("CLM*")
    assert accepted.count(b"SV1*") + rejected.count(b"SV1*") == text.count("SV1*")


def test_a_group_of_other_claims_keeps_its_envelope(tmp_path: Path) -> None:
    group = "GS*HC*A*B*20260916*0830*2*X*005010X223A2~ST*837*0001*005010X223A2~CLM*OTHER*10~SE*3*0001~GE*1*2~"
    accepted, rejected, _, said = filter_events(
        PLAIN.replace("GE*1*1~", "GE*1*1~" + group).replace("IEA*1*", "IEA*2*").encode(), tmp_path
    )
    end = next(event for event in said if isinstance(event, InterchangeEnd))
    assert end.status == "A"
    assert accepted == PLAIN.encode()
    assert rejected.decode() == PLAIN[: PLAIN.index("GS*")] + group + "IEA*1*000000001~"


def test_text_around_interchanges_that_is_no_claim_is_left_out(tmp_path: Path) -> None:
    accepted, rejected, divided, _ = filter_events(b"\xef\xbb\xbf" + PLAIN.encode() + b"\n\x1a", tmp_path)
    assert accepted.rstrip(b"\n") == PLAIN.encode()
    assert rejected == b""
    assert not divided.outside


def test_a_clm_behind_its_segments_takes_them_along(tmp_path: Path) -> None:
    """The claim before it must not keep what belongs to it."""
    second = "CLM*SPLIT-2*102.02***11:B:1*Y*A*Y*Y~"
    data = PLAIN.replace(second + "HI*ABK:M542~", "HI*ABK:M542~" + second)
    accepted, rejected, divided, _ = filter_events(data.encode(), tmp_path, claim=True)
    assert divided.accepted.claims == divided.rejected.claims == 1
    assert not faults(accepted)
    assert accepted.count(b"HI*") == rejected.count(b"HI*") == 1
