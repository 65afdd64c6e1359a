"""The base-standard tables against themselves and against pyx12's 837P map."""

import re
import tomllib
import xml.etree.ElementTree as ET
from functools import cache
from importlib import resources

import pytest

TOKEN = re.compile(r"(I\d\d|C?\d{1,4})([MOX])(?:\*(\d+))?")
NOTE = re.compile(r"[PRECL](\d\d){2,}")
SET_TOKEN = re.compile(r"([A-Z][A-Z0-9]{1,2})([MO])(?:\*(\d+|n))?")


@cache
def standard():
    return tomllib.loads(resources.files("scrubber").joinpath("x12/standard.toml").read_text("utf-8"))


@cache
def guide():
    name = "map/837.5010.X222.A1.xml"
    return ET.fromstring(resources.files("pyx12").joinpath(name).read_bytes())


def tokens(entry):
    found = [TOKEN.fullmatch(text) for text in entry["elements"].split()]
    assert all(found), entry
    return [match.groups() for match in found]


def guide_positions():
    """Each position the guide lists: segment id, its node, the base's token."""
    for segment in guide().iter("segment"):
        base = tokens(standard()["segments"][segment.get("xid")])
        for child in segment:
            if child.tag in ("element", "composite"):
                yield segment.get("xid"), child, base[int(child.findtext("seq")) - 1]


def test_layouts_are_well_formed():
    composites = standard()["composites"]
    for name, entry in {**standard()["segments"], **composites}.items():
        base = tokens(entry)
        for number, _, repeat in base:
            assert not number.startswith("C") or number in composites, name
            assert repeat is None or int(repeat) > 1, name
        for note in entry["notes"].split():
            assert NOTE.fullmatch(note), (name, note)
            places = [int(note[at : at + 2]) for at in range(1, len(note), 2)]
            bound = places if note[0] in "PRE" else places[1:]
            assert {base[place - 1][1] for place in bound} == {"X"}, (name, note)


def test_every_segment_of_the_guide_is_there():
    assert {segment.get("xid") for segment in guide().iter("segment")} <= set(standard()["segments"])


def test_the_guide_uses_the_base_data_elements():
    differ = {
        (name, int(child.findtext("seq")))
        for name, child, (number, _, _) in guide_positions()
        if child.findtext("data_ele") != number
    }
    assert differ == {("ISA", 11)}  # pyx12 still has the older I10 there; see the table's exceptions


def test_the_guide_uses_the_base_components():
    for name, child, (number, _, _) in guide_positions():
        if child.tag == "composite":
            base = tokens(standard()["composites"][number])
            for part in child.findall("element"):
                assert part.findtext("data_ele") == base[int(part.findtext("seq")) - 1][0], (name, number)


def test_what_the_base_has_mandatory_the_guide_requires():
    for name, child, (_, designator, _) in guide_positions():
        if designator == "M":
            assert child.findtext("usage") == "R", (name, child.findtext("seq"))


def test_repeats_reach_what_the_guide_allows():
    for name, child, (_, _, repeat) in guide_positions():
        assert int(child.findtext("repeat") or 1) <= int(repeat or 1), (name, child.findtext("seq"))


def test_set_837_holds_what_the_guide_uses():
    base = standard()["set837"]
    loops = {name: SET_TOKEN.findall(entry["segments"]) for name, entry in base["loops"].items()}
    for name, entry in base["loops"].items():
        assert entry["in"] in {"header", "detail", *loops}
        assert " ".join("".join((i, d, r and f"*{r}")) for i, d, r in loops[name]) == entry["segments"]
    for node in guide().iter("loop"):
        name = node.get("xid")[:4]
        if name.isdigit():
            allowed = {segment for segment, _, _ in loops[name]}
            assert {segment.get("xid") for segment in node.findall("segment")} <= allowed, node.get("xid")


def test_set_837_mandatory_lists_agree():
    base = standard()["set837"]
    everywhere = set()
    for part in ("header", "summary"):
        everywhere |= {i for i, d, _ in SET_TOKEN.findall(base[part]) if d == "M"}
    within = {}
    for name, entry in base["loops"].items():
        wanted = {i for i, d, _ in SET_TOKEN.findall(entry["segments"]) if d == "M"}
        if name == "2000":
            everywhere |= wanted
        elif wanted:
            within[name] = " ".join(sorted(wanted))
    assert set(base["mandatory"].split()) == everywhere
    assert base["mandatory_in_loop"] == within


def test_segment_ids():
    ids = standard()["segment_ids"]["all"].split()
    assert ids == sorted(set(ids))
    assert all(re.fullmatch("[A-Z][A-Z0-9]{1,2}", name) for name in ids)
    for entry in resources.files("pyx12").joinpath("map").iterdir():
        if ".5010." in entry.name:
            used = {segment.get("xid") for segment in ET.fromstring(entry.read_bytes()).iter("segment")}
            assert used <= set(ids), entry.name
    for text in standard()["set837"]["loops"].values():
        assert {segment for segment, _, _ in SET_TOKEN.findall(text["segments"])} <= set(ids)
    assert not {"XXX", "ZZZ"} & set(ids)


def test_the_guides_codes_are_in_the_base_lists():
    whole, known = standard()["codes"], standard()["codes_partial"]
    patterns = standard()["codes_pattern"]
    assert not set(whole) & set(known)
    for number, text in {**whole, **known}.items():
        assert len(text.split()) == len(set(text.split())), number
    without = set()
    for element in guide().iter("element"):
        number = element.findtext("data_ele")
        used = {code.text for code in element.findall("valid_codes/code")}
        if number in patterns:
            assert all(re.fullmatch(patterns[number], code) for code in used), number
        elif number in whole or number in known:
            assert used <= set((whole.get(number) or known[number]).split()), number
        elif used:
            without.add(number)
    assert without == {"1328", "480", "I10"}  # a number, free text, and pyx12's older ISA11


def test_elements_are_those_that_differ_from_pyx12():
    data = ET.fromstring(resources.files("pyx12").joinpath("map/dataele.xml").read_bytes())
    theirs = {
        entry.get("ele_num"): f"{entry.get('data_type')} {entry.get('min_len')}/{entry.get('max_len')}"
        for entry in data.iter("data_ele")
    }
    for number, base in standard()["elements"].items():
        assert theirs[number] != base
    for entry in (*standard()["segments"].values(), *standard()["composites"].values()):
        for number, _, _ in tokens(entry):
            assert number.startswith("C") or number in theirs, number


@pytest.mark.parametrize(
    ("segment", "place", "designator"),
    [("NM1", 4, "O"), ("NM1", 3, "X"), ("CLM", 2, "O"), ("SV1", 1, "M"), ("SVD", 2, "M"), ("ST", 3, "O")],
)
def test_designators_that_decide_a_999(segment, place, designator):
    assert tokens(standard()["segments"][segment])[place - 1][1] == designator
