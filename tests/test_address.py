"""Addresses: read and written alike, checked against the guide, found in a tree of loops."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrubber.x12 import guide, places
from scrubber.x12.address import Address, AddressError, check, keys, lineage, locate, near, parse, resolve
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Place, make_segment

DELIMITERS = Delimiters("*", ":", "^", "~")


def grow(outline: list[tuple[str, str | None, str]]) -> dict[str, Loop]:
    """Loops from (name, parent's name, segments); a name is a loop id, with a mark behind a space where it repeats."""
    known = guide.shipped().loops
    found: dict[str, Loop] = {}
    ordinal, offset = 1, 0
    for name, parent, text in outline:
        outer = found[parent] if parent else None
        loop = found[name] = Loop(known[name.split()[0]], outer)
        if outer:
            outer.children.append(loop)
        for written in text.split("~"):
            segment = make_segment(written.split("*"), ordinal, offset, loop)
            loop.segments.append(segment)
            place = guide.QUALIFIER.get(segment.id)
            loop.index.setdefault(segment.id + (segment.get(place).split(":")[0] if place else ""), segment)
            ordinal += 1
            offset += len(written) + 1
    return found


@pytest.fixture
def loops() -> dict[str, Loop]:
    return grow(
        [
            ("2000A", None, "HL*1**20*1~PRV*BI*PXC*207X00000X"),
            ("2010AA", "2000A", "NM1*85*2*CEDAR~REF*EI*890010101"),
            ("2000B", "2000A", "HL*2*1*22*0~SBR*P*18"),
            ("2300", "2000B", "CLM*A1*150***11:B:1~REF*D9*X~REF*F8*Y~HI*ABK:M542*ABF:M5412~HI*BG:10"),
            ("2310B", "2300", "NM1*82*1*HOLLOWAY"),
            ("2400 first", "2300", "LX*1~SV1*HC:99213:25*100*UN*1***1:2"),
            ("2420A", "2400 first", "NM1*82*1*OTHER"),
            ("2400 second", "2300", "LX*two~SV1*HC:72040*50*UN*1***1"),
        ]
    )


WRITTEN = [
    "2010AA.NM109",
    "2400[2].SV101-3",
    "2300.REF(F8)02",
    "2300.HI(ABK)02-2",
    "2300.HI02-2",
    "2300.CLM",
    "2310B",
    "2400[1]",
    "2300.K301",
    "2400.LX01",
    "2010BB.N301",
    "2300.DTP(439)03",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(parse(text)) == text
    assert check(text) == parse(text)


@given(
    st.builds(
        Address,
        loop=st.sampled_from(sorted(guide.shipped().loops)),
        index=st.integers(0, 60),
        segment=st.sampled_from(sorted(guide.shipped().used_ids)),
        qualifier=st.sampled_from(["", "F8", "ABK", "472", "1"]),
        element=st.integers(1, 30),
        component=st.integers(0, 12),
    )
)
def test_every_address_reads_back(address: Address) -> None:
    assert parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "CLM05-3.", "2300.CLM5", "2300.CLM00", "2300.CLM05-0", "2300 CLM01"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="not an address"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2010A.NM109", "did you mean 2010AA"),
        ("2300.REF(F9)02", "did you mean F5"),
        ("2300.CLX01", "did you mean CLM"),
        ("2300.CLM21", "elements 01 to 20"),
        ("2300.CLM05-4", "components 1 to 3"),
        ("2400.SV102-1", "no composite"),
    ],
)
def test_what_the_guide_does_not_know_is_refused_with_a_suggestion(text: str, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        check(text)


def test_keys_are_those_of_the_guide() -> None:
    assert keys(parse("2010AA.NM109")) == ("NM185",)
    assert keys(parse("2300.REF(F8)02")) == ("REFF8",)
    assert keys(parse("2400.SV1")) == ("SV1",)
    assert keys(parse("2300.HI"))[0] == "HIABK"


def test_lineage_follows_the_guide() -> None:
    assert lineage("2420A")[:4] == ("2420A", "2400", "2300", "2000B")
    assert lineage("2999") == ()


def test_places_are_found_from_the_claim(loops: dict[str, Loop]) -> None:
    claim = loops["2300"]

    def ordinals(address: str, root: Loop = claim) -> list[int]:
        return [place.segment.ordinal for place in resolve(root, address)]

    assert ordinals("2300.CLM05-3") == [7]
    assert ordinals("2300.REF(F8)02") == [9]
    assert ordinals("2300.REF") == [8, 9]
    assert ordinals("2300.HI") == [10, 11]
    assert ordinals("2300.HI(BG)") == [11]
    assert ordinals("2400.SV1") == [14, 17]
    assert ordinals("2400[2].SV101-2") == [17]
    assert ordinals("2400[3].SV101-2") == []
    assert ordinals("2420A.NM103") == [15]
    assert ordinals("2010AA.NM103") == [3]
    assert ordinals("2000C.PAT01") == []
    assert ordinals("2310B") == [12]
    assert resolve(claim, "2400[2].SV101-2") == [Place(loops["2400 second"].segments[1], 1, 2)]


def test_near_keeps_to_the_line(loops: dict[str, Loop]) -> None:
    assert near(loops["2400 first"], "2420A") == [loops["2420A"]]
    assert near(loops["2400 second"], "2420A") == []
    assert near(loops["2400 second"], "2310B") == [loops["2310B"]]
    assert near(loops["2420A"], "2000A") == [loops["2000A"]]
    assert near(loops["2010AA"], "2999") == []


def test_a_location_names_the_place_and_its_bytes(loops: dict[str, Loop]) -> None:
    text = "~".join(
        "*".join(segment.elements) for name in ("2000A",) for loop in loops[name].walk() for segment in loop.segments
    )

    def bytes_of(address: str) -> str:
        where = locate(resolve(loops["2300"], address)[0], DELIMITERS, "A1")
        return text[where.offset : where.offset + where.length]

    assert bytes_of("2300.CLM") == "CLM*A1*150***11:B:1"
    assert bytes_of("2300.CLM05") == "11:B:1"
    assert bytes_of("2300.CLM05-3") == "1"
    assert bytes_of("2300.HI02-2") == "M5412"
    assert bytes_of("2300.CLM03") == ""
    assert bytes_of("2400.SV101-4") == ""
    where = locate(resolve(loops["2300"], "2400.SV101-3")[0], DELIMITERS, "A1")
    assert (where.loop, where.segment, where.element, where.claim, where.line) == ("2400", "SV1", "SV101-3", "A1", 1)
    assert where.ordinal == 14
    missing = locate(resolve(loops["2300"], "2400.SV115")[0], DELIMITERS)
    assert (missing.length, text[missing.offset : missing.offset + 1]) == (0, "~")


def test_a_line_without_a_readable_number_is_counted(loops: dict[str, Loop]) -> None:
    assert locate(Place(loops["2400 second"].segments[1]), DELIMITERS).line == 2
    assert locate(Place(loops["2420A"].segments[0]), DELIMITERS).line == 1
    assert locate(Place(loops["2300"].segments[0]), DELIMITERS).line is None


def test_the_reader_and_the_edits_locate_alike(loops: dict[str, Loop]) -> None:
    """Every element of every segment, and what lies behind the last of its components and elements."""
    for loop in loops.values():
        for segment in loop.segments:
            for element in range(len(segment.elements) + 2):
                for component in range(5 if element else 1):
                    ours = locate(Place(segment, element, component), DELIMITERS)
                    theirs = places.locate(segment, element, component, 0, DELIMITERS)
                    assert replace(ours, claim=None, loop=None) == replace(theirs, claim=None, loop=None)


def test_what_is_missing_is_at_the_end_of_what_it_should_be_in() -> None:
    segment = make_segment(["CLM", "A1", "150", "", "", "11:B", "Y"], 2, 100)
    for component in (3, 4, 9):
        assert places.find_span(segment.at(5, component), DELIMITERS) == (100 + len("CLM*A1*150***11:B"), 0)
    assert places.find_span(segment.at(9), DELIMITERS) == (100 + len("CLM*A1*150***11:B*Y"), 0)
    assert places.find_span(segment.at(5, 0, 2), DELIMITERS._replace(repetition="")) == (113, 4)


def test_lines_that_cannot_be_told_apart_by_number_are_counted_fast() -> None:
    known = guide.shipped().loops
    claim = Loop(known["2300"], None)
    started = time.perf_counter()
    for number in range(1, 20_001):
        line = Loop(known["2400"], claim)
        claim.children.append(line)
        assert places.number_line(line) == number
    assert time.perf_counter() - started < 2
    assert places.number_line(Loop(known["2400"], claim)) is None


def test_a_repetition_is_located() -> None:
    segment = make_segment(["DMG", "D8", "20110607", "F", "", "RET:01^RET:02"], 5, 100)
    where = locate(Place(segment, 5, 2, 2), DELIMITERS)
    assert (where.offset, where.length, where.repeat, where.loop) == (100 + 30, 2, 2, None)
