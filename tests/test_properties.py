"""What holds for every input: no exception, every claim accounted for, places inside the file, the same each time.

The judgement runs strict: an edit that would crash on odd data fails here.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mutations import STRANGERS
from reading import BASE, Stream, base, findings, read_all, write

from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import load
from scrubber.finding import Finding, Severity
from scrubber.pipeline import Options, judge
from scrubber.verdict import ClaimVerdict, Event, FileEnd, GroupEnd, InterchangeEnd, SetEnd
from scrubber.x12.events import ClaimRead, ReaderEvent
from scrubber.x12.loops import Loop

ORDINARY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

FILES = sorted(path.read_bytes() for path in BASE.glob("*.837"))
HEAD = FILES[0][: FILES[0].index(b"\nST*") + 1]
TAIL = b"GE*1*101~\nIEA*1*000000101~\n"

SEGMENTS = sorted(
    {line for data in FILES for line in data.decode("ascii").splitlines() if line[:3] not in ("ISA", "IEA")}
)
TOKENS = [
    *(s + "~" for s in STRANGERS),
    *SEGMENTS,
    "~",
    "~~",
    "*~",
    ":",
    "ISA",
    "SE*1*0001~",
    "CLM~",
    "HL~",
    "LX~",
    "SV1~",
]


@cache
def catalogue() -> Catalogue:
    return load(installed=False)


def judged(data: bytes) -> list[Event]:
    return list(judge(data, Options(received=date(2026, 9, 20), catalogue=catalogue(), strict=True)))


# Inputs --------------------------------------------------------------------------------------------------------------


@st.composite
def soups(draw: st.DrawFn) -> bytes:
    """Segments in any order, in an envelope or out of it."""
    body = "".join(draw(st.lists(st.sampled_from(TOKENS), max_size=40))).encode("latin-1")
    shape = draw(st.integers(0, 3))
    if shape == 0:
        return body
    if shape == 1:
        return HEAD + body + TAIL
    return HEAD + b"ST*837*0001*005010X222A1~" + body + (b"SE*3*0001~" + TAIL if shape == 2 else b"")


@st.composite
def injured(draw: st.DrawFn, *, spare: int = 0) -> bytes:
    """A base file with a few bytes changed, dropped, doubled or moved; the first ``spare`` bytes stay."""
    data = draw(st.sampled_from(FILES))
    head, body = data[:spare], bytearray(data[spare:])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body)))
        length = draw(st.sampled_from((1, 1, 2, 9, 60, 400)))
        match draw(st.integers(0, 4)):
            case 0:
                del body[at : at + length]
            case 1:
                body[at:at] = body[at : at + length]
            case 2:
                body[at:at] = draw(
                    st.sampled_from([b"~", b"*", b":", b"^", b"\n", b"CLM*", b"HL*", b"\x00", b"\xff", b"A" * 90])
                )
            case 3:
                body[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 4:
                piece = body[at : at + length]
                del body[at : at + length]
                to = draw(st.integers(0, len(body)))
                body[to:to] = piece
    return head + bytes(body)


# What holds ----------------------------------------------------------------------------------------------------------


def every_finding(events: list[Event]) -> list[Finding]:
    found: list[Finding] = []
    for event in events:
        if isinstance(event, ClaimVerdict | SetEnd | GroupEnd | InterchangeEnd | FileEnd):
            found += event.findings
    return found


def check(data: bytes) -> list[Event]:
    """Judge, and hold the result against what is always so."""
    events = judged(data)
    end = events[-1]
    assert isinstance(end, FileEnd)
    assert end.size == len(data)
    for finding in every_finding(events):
        for where in (finding.where, *finding.related):
            assert 0 <= where.offset <= where.offset + where.length <= len(data), (finding.edit, where)
            assert where.ordinal >= 0
    offsets = [e.claim.clm.offset for e in events if isinstance(e, ClaimVerdict)]
    assert len(set(offsets)) == len(offsets)
    for offset in offsets:
        assert data[offset : offset + 3] == b"CLM"
    return events


@given(st.binary(max_size=400))
@ORDINARY
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(st.binary(max_size=300))
@example(b"*" * 300)
@example(b"\xb2" * 40)
@ORDINARY
def test_any_bytes_in_an_interchange(data: bytes) -> None:
    check(HEAD + data)
    check(HEAD + b"ST*837*0001*005010X222A1~BHT*0019*00*1*20260101*1200*CH~" + data)


@given(soups())
@ORDINARY
def test_any_segments(data: bytes) -> None:
    check(data)


@given(injured())
@ORDINARY
def test_injured_files(data: bytes) -> None:
    check(data)


# Claims --------------------------------------------------------------------------------------------------------------


def expected_claims(data: bytes) -> list[int]:
    """Bytes of each CLM segment of an 837 set of a professional group, by splitting alone. The ISA must be whole."""
    found = []
    offset = 0
    professional, inside = True, False  # A set outside a group is read, and reported.
    open_interchange = True
    pieces = data.split(b"~")
    for number, piece in enumerate(pieces):
        text = piece.strip(b"\r\n\t ")
        elements = text.split(b"*")
        name = elements[0]
        start = offset + len(piece) - len(piece.lstrip(b"\r\n\t "))
        offset += len(piece) + 1
        last = number == len(pieces) - 1
        if name == b"IEA" and not last:
            open_interchange = inside = False
        if not open_interchange:
            continue
        if name == b"GS":
            version = elements[8] if len(elements) > 8 else b""
            known = version in (b"005010X222A1", b"005010X222", b"005010X222A2")
            professional, inside = elements[1:2] == [b"HC"] and known, False
        elif name == b"GE":
            inside, professional = False, True
        elif name == b"ST":
            inside = professional and elements[1:2] == [b"837"]
        elif name == b"SE":
            inside = False
        elif name == b"CLM" and inside:
            found.append(start)
    return found


@given(injured(spare=106))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_claim_is_accounted_for(data: bytes) -> None:
    events = check(data)
    if data.count(b"ISA") > 1:
        return  # Another interchange, perhaps with other delimiters: the examples of test_reader.py show those.
    got = [e.claim.clm.offset for e in events if isinstance(e, ClaimVerdict)]
    assert got == expected_claims(data)


@given(soups())
@ORDINARY
def test_claims_without_a_set_are_told_of(data: bytes) -> None:
    events = check(data)
    read = {e.claim.clm.offset for e in events if isinstance(e, ClaimVerdict)}
    lost = [m.start() for m in re.finditer(rb"(?<=~)CLM(?=[*~])", data) if m.start() not in read]
    end = events[-1]
    assert isinstance(end, FileEnd)
    if lost:
        assert end.error or any(f.severity is Severity.REJECT for f in end.findings)


# The same each time --------------------------------------------------------------------------------------------------


def digest(events: list[ReaderEvent]) -> list[object]:
    """Events as values: what is said, and what each claim holds."""

    def outline(loop: Loop) -> object:
        return (
            loop.id,
            [(s.ordinal, s.offset, s.elements) for s in loop.segments],
            [outline(c) for c in loop.children],
        )

    return [
        (outline(e.loop), e.loop.findings)
        if isinstance(e, ClaimRead)
        else (type(e).__name__, getattr(e, "findings", None))
        for e in events
    ]


@given(st.one_of(injured(), soups()), st.integers(1, 400))
@ORDINARY
def test_blocks_do_not_matter(data: bytes, size: int) -> None:
    assert digest(read_all(data, size)) == digest(read_all(data)) == digest(read_all(data))


@given(injured())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_verdicts_are_the_same_each_time(data: bytes) -> None:
    first, second = judged(data), judged(data)
    assert [type(e) for e in first] == [type(e) for e in second]
    assert every_finding(first) == every_finding(second)


def test_a_stream_is_read_as_its_bytes() -> None:
    data = write(base("batch"))
    stream = Stream(data, 37)
    options = Options(received=date(2026, 9, 20), catalogue=catalogue(), strict=True)
    events = list(judge(stream, options))  # type: ignore[arg-type]
    assert every_finding(events) == every_finding(judged(data))
    end = events[-1]
    assert isinstance(end, FileEnd)
    assert (end.size, end.sha256) == (len(data), next(e for e in judged(data) if isinstance(e, FileEnd)).sha256)


# Nobody's data -------------------------------------------------------------------------------------------------------

SECRETS = ("CORWIN", "JASPER", "NFH400118", "19840219", "5 HARBOR STREET", "NF2200", "M542")


def test_details_tell_no_patient_data() -> None:
    """Whatever is wrong with a file, the words of a finding hold codes and numbers only; values have their own keys."""
    data = write(base("office"))
    for secret in SECRETS:
        for change in (
            secret + "~",
            "*" + secret,
            secret + ":" + secret,
            secret + "^" + secret,
            "HL*" + secret,
            secret + "\n",
        ):
            for found in findings(data.replace(secret.encode(), change.encode())):
                assert secret not in found.values["detail"], (secret, change, found.edit)
    segments = base("office")
    for i in range(1, len(segments)):
        for number in range(len(segments[i])):
            copy = [list(s) for s in segments]
            copy[i][number] = "CORWINJASPER"
            for found in findings(write(copy)):
                assert "CORWIN" not in found.values["detail"] or segments[i][0] in ("ST", "SE", "GS", "GE", "IEA"), (
                    found
                )
