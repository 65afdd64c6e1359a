"""Lines broken at a fixed length: every format tells the bytes of the file, line ends between counted in."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting import BASE, QUICKSTART, RECEIVED, catalogue, options
from running import call, check

import scrubber
from scrubber.catalogue.sources import Sources
from scrubber.pipeline import judge, open_sources
from scrubber.reports.folds import Fold, Unfolder
from scrubber.verdict import ClaimVerdict, FileEnd

ENDS = (b"\n", b"\r\n")


class Told(NamedTuple):
    """A finding, and the text at its place."""

    edit: str
    place: str
    ordinal: int
    claim: str | None
    text: bytes


def flat(path: Path) -> bytes:
    return path.read_bytes().translate(None, b"\r\n")


def wrap(data: bytes, width: int, end: bytes) -> bytes:
    return end.join(data[at : at + width] for at in range(0, len(data), width))


def spoilt(data: bytes) -> Iterator[bytes]:
    """Copies of a file, in each of which one element, the next of all that it has, is not as it should be."""
    segments = [text.split(b"*") for text in data.rstrip(b"~").split(b"~")]
    for number, segment in enumerate(segments[1:], 1):
        for element in range(1, len(segment)):
            changed = [*segment[:element], segment[element] + b"\x01", *segment[element + 1 :]]
            yield b"~".join(b"*".join(s) for s in [*segments[:number], changed, *segments[number + 1 :]]) + b"~"


@cache
def sources() -> Sources:
    return open_sources(None)


def find(data: bytes, opener: Any = None) -> Counter[Told]:
    """What is found, with the texts at its places."""

    def fail(path: str) -> io.BytesIO:
        raise FileNotFoundError(path)

    unfolder = Unfolder((lambda path: io.BytesIO(data)) if opener is None else fail)
    told: Counter[Told] = Counter()
    for event in map(unfolder.unfold, judge(data, options(sources=sources()))):
        for finding in event.findings if isinstance(event, ClaimVerdict | FileEnd) else ():
            for number, where in enumerate((finding.where, *finding.related)):
                text = data[where.offset : where.offset + where.length].translate(None, b"\r\n")
                place = f"{number} {where.loop}.{where.element or where.segment}"
                told[Told(finding.edit, place, where.ordinal, where.claim, text)] += 1
    return told


def differ(one: Counter[Told], other: Counter[Told]) -> set[Told]:
    """What is told differently of two files, but for that the lines of one are broken."""
    return {told for told in (one - other) + (other - one) if told.place != "0 None.None"}


def test_a_fault_in_any_element_is_at_its_bytes() -> None:
    """Every element of a file, at widths that break it elsewhere each time: what a finding points at is what it would
    point at on one line."""
    places = set()
    for number, data in enumerate(spoilt(flat(BASE / "office.837"))):
        wrapped = find(wrap(data, 60 + number % 41, ENDS[number % 2]))
        assert not differ(find(data), wrapped), number
        places |= {told.place for told in wrapped}
    assert len(places) > 100


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("path", [*sorted(BASE.glob("*.837")), QUICKSTART], ids=lambda path: path.stem)
def test_what_is_found_is_at_its_bytes(path: Path, end: bytes) -> None:
    data = flat(path)
    if data.count(b"ISA*") == 1:
        data = data.replace(b"~GE*1*", b"~GE*2*").replace(b"~SV1*HC:", b"~SV1*HC:Q")
    else:
        data = data.replace(b"~GS*HC*", b"~GS*HP*").replace(b"~IEA*1*", b"~IEA*2*")
    for width in (60, 79, 80, 81, 133):
        assert not differ(find(data), find(wrap(data, width, end)))


def test_of_a_stream_what_its_claims_hold_is_known() -> None:
    """Nothing can be looked up; claims and what stands above them are still where they are."""
    data = flat(QUICKSTART).replace(b"*XX*2990001010", b"*XX*2990001011").replace(b"~SV1*HC:", b"~SV1*HC:Q")
    for width in range(60, 100, 3):
        wrapped = wrap(data, width, b"\r\n")
        known = {told for told in find(wrapped, opener="none") if "SE0" not in told.place}
        assert known <= set(find(wrapped))


def text_at(data: bytes, where: Any) -> bytes:
    return data[where["offset"] : where["offset"] + where["length"]].translate(None, b"\r\n")


class _Input(NamedTuple):
    buffer: io.BytesIO


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("end", ENDS)
def test_formats_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes, redact: bool) -> None:
    plain = flat(QUICKSTART).replace(b"~SV1*HC:", b"~SV1*HC:Q")
    data = wrap(plain, 80, end)

    def ask(kind: str) -> str:
        return check(tmp_path, kind, data, redact=redact).out.decode("utf-8-sig")

    document = json.loads(ask("json"))
    (file,) = document["files"]
    findings = [*file["findings"], *(f for c in file["claims"] for f in c["findings"])]
    places = Counter((f["edit"], f["location"]["offset"], f["location"]["length"]) for f in findings)
    assert sorted((f["edit"], text_at(data, f["location"])) for f in findings if f["location"]["segment"]) == sorted(
        (told.edit, told.text) for told in find(plain).elements() if told.place[:2] == "0 "
    )
    rows = csv.DictReader(io.StringIO(ask("csv")))
    assert Counter((r["edit"], int(r["offset"]), int(r["length"])) for r in rows) == places
    results = json.loads(ask("sarif"))["runs"][0]["results"]
    regions = [(r["ruleId"], r["locations"][0]["physicalLocation"]["region"]) for r in results]
    assert Counter((edit, r["byteOffset"], r["byteLength"]) for edit, r in regions) == places
    bytes_ = Counter(f"{offset:,}" for _, offset, _ in places.elements())
    assert Counter(re.findall(r"byte ([0-9,]+)\)", ask("text").replace("\n            ", " "))) == bytes_
    assert Counter(re.findall(r"byte ([0-9,]+)\)", ask("junit"))) == bytes_
    assert set(re.findall(r"byte ([0-9,]+)\)", ask("html"))) == set(bytes_)
    monkeypatch.setattr(sys, "stdin", _Input(io.BytesIO(data)))
    arguments = ("--redact",) if redact else ()
    said = call("check", "-", "--format", "json", "--received", str(RECEIVED), *arguments)
    assert [f["location"] for c in json.loads(said.stdout)["files"][0]["claims"] for f in c["findings"]] == [
        f["location"] for c in file["claims"] for f in c["findings"]
    ]


def marked(text: str) -> list[str]:
    """What stands above the marks of the text report."""
    lines = text.splitlines()
    found = []
    for above, below in pairwise(lines):
        if below.strip() and not below.strip("^- "):
            found += [above[m.start() : m.end()] for m in re.finditer(r"\^+|-+", below)]
    return found


def test_people_see_the_same_segments_and_marks(tmp_path: Path) -> None:
    data = flat(QUICKSTART).replace(b"*XX*2990001010", b"*XX*2990001011").replace(b"~SE*", b"~SE*9")
    plain = marked(check(tmp_path, "text", data).out.decode())
    html = re.findall("<mark.*?</mark>", check(tmp_path, "html", data).out.decode())
    assert "2990001011" in plain
    for width in (60, 79, 80, 81):
        wrapped = wrap(data, width, b"\r\n")
        assert marked(check(tmp_path, "text", wrapped).out.decode()) == plain
        assert re.findall("<mark.*?</mark>", check(tmp_path, "html", wrapped).out.decode()) == html


def test_a_program_gets_the_same_places(tmp_path: Path) -> None:
    data = wrap(flat(QUICKSTART).replace(b"~SV1*HC:", b"~SV1*HC:Q"), 80, b"\r\n")
    path = tmp_path / "claims.837"
    path.write_bytes(data)
    (file,) = json.loads(check(tmp_path, "json", data).out)["files"]
    offsets = [f["location"]["offset"] for c in file["claims"] for f in c["findings"]]
    for source in (path, str(path), data, io.BytesIO(data)):
        run = scrubber.scrub(source, received=date(2026, 9, 20), catalogue=catalogue())
        assert [f.where.offset for verdict in run for f in verdict.findings] == offsets


@given(st.integers(40, 200), st.sampled_from([1, 2]), st.integers(0, 5_000), st.integers(0, 500))
def test_a_reach_is_measured(line: int, end: int, start: int, distance: int) -> None:
    fold = Fold(line, end)
    start += 0 if fold.is_text(start) else end
    file = b"".join(b"x" * line + b"\n" * end for _ in range(5_800 // line + 3))
    byte = fold.reach(start, distance)
    assert fold.is_text(byte)
    assert file[start:byte].count(b"x") == distance == fold.measure(start, byte)
