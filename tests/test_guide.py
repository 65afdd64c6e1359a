"""The guide's tables: fresh, corrected with reasons, and read the same way by the patterns and by ``explain``."""

from __future__ import annotations

import random
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import COMMON, made

from scrubber.x12 import compile as compiler
from scrubber.x12.explain import dates_exist, explain, notes_hold
from scrubber.x12.guide import Definition, parse_note, shipped
from scrubber.x12.segments import Delimiters

X12 = Path(compiler.__file__).parent
DELIMITERS = [
    COMMON,
    Delimiters("|", "\\", "^", "\n"),
    Delimiters("\x1d", "\x1f", "]", "\x1c"),
    Delimiters("*", ".", "", "'"),
]


def definitions() -> list[tuple[str, Definition]]:
    """Each definition once, with the place that it is named by here."""
    found: dict[int, tuple[str, Definition]] = {}
    for loop in shipped().every():
        for use in loop.uses:
            found.setdefault(id(use.definition), (f"{loop.id}.{'/'.join(use.keys[:3]) or use.id}", use.definition))
    return list(found.values())


ALL = definitions()


# Compiled ------------------------------------------------------------------------------------------------------------


def test_the_compiled_guide_is_fresh() -> None:
    assert (X12 / "guide.json").read_bytes() == compiler.compiled()


def test_every_correction_has_its_reason() -> None:
    corrections = tomllib.loads((X12 / "corrections.toml").read_text("utf-8"))
    for kind, entries in corrections.items():
        for entry in entries:
            assert len(entry["reason"]) > 40, (kind, entry)


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("loop", {"path": "2399Z", "position": 1, "reason": ""}),
        ("external", {"at": ["2010AA.N499"], "list": "states", "reason": ""}),
    ],
)
def test_a_correction_that_fits_nothing_stops_the_compilation(kind: str, entry: dict[str, object]) -> None:
    broken = compiler.Compiler()
    broken.corrections[kind] = [*broken.corrections[kind], entry]
    with pytest.raises(SystemExit, match="nothing in the map matches"):
        broken.run()


def test_corrections_show_in_the_guide() -> None:
    guide = shipped()
    positions = {loop.id: loop.position for loop in guide.every()}
    assert len({positions[f"2330{x}"] for x in "CDEFG"}) == 1
    assert len({positions[f"2420{x}"] for x in "ABCDEFGH"}) == 1
    states = next(u for u in guide.loops["2010AA"].uses if u.id == "N4").definition.elements[1].external
    assert states is not None
    assert {"QC", "NL", "PW", "IL"} <= states
    assert "XX" not in states


def test_the_guide_has_every_loop_once_but_the_claim() -> None:
    ids = [loop.id for loop in shipped().every() if "2300" not in [outer.id for outer in loop.chain()]]
    assert len(ids) == len(set(ids)) == 12
    claims = [loop for loop in shipped().every() if loop.id == "2300"]
    assert [loop.parent.id for loop in claims if loop.parent] == ["2000B", "2000C"]


def test_every_segment_can_be_told_from_its_siblings() -> None:
    for loop in shipped().every():
        keys = [key for use in loop.uses for key in use.keys]
        assert len(keys) == len(set(keys)), loop.id
        firsts = [key for child in loop.loops for key in child.first.keys]
        assert len(firsts) == len(set(firsts)), loop.id


# Segments made to measure --------------------------------------------------------------------------------------------


def accepts(definition: Definition, text: str, delimiters: Delimiters) -> bool:
    """As the walk does it."""
    elements = text.split(delimiters.element)
    return definition.matcher(delimiters)(text) is not None and (
        len(elements) <= definition.safe or (dates_exist(definition, elements) and notes_hold(definition, elements))
    )


def texts(definition: Definition, name: str, count: int, spoil: float) -> Iterator[tuple[str, Delimiters]]:
    choice = random.Random(f"{name} {spoil}")
    for number in range(count):
        delimiters = DELIMITERS[number % len(DELIMITERS)]
        yield made(definition, choice, delimiters, spoil), delimiters


@pytest.mark.parametrize(("name", "definition"), ALL, ids=[n for n, _ in ALL])
def test_patterns_and_explanations_agree(name: str, definition: Definition) -> None:
    """What the pattern accepts has no fault. What has none is accepted, but for numbers whose point makes their length
    hard to see for a pattern, which are looked at element by element."""
    accepted = refused = 0
    for spoil in (0.0, 0.08, 0.3):
        for text, delimiters in texts(definition, name, 80, spoil):
            faults = list(explain(definition, text.split(delimiters.element), delimiters))
            if accepts(definition, text, delimiters):
                accepted += 1
                assert not faults, (text, faults[0])
            else:
                refused += 1
                assert faults or is_left_to_explain(definition, text, delimiters), text
    assert accepted >= 2
    assert refused >= 10


def is_left_to_explain(definition: Definition, text: str, delimiters: Delimiters) -> bool:
    """Whether a valid segment holds what no pattern is made for: a repetition, a decimal number, a leading space."""
    for value in text.split(delimiters.element)[1:]:
        for part in re.split("[" + re.escape(delimiters.component + delimiters.repetition) + "]", value):
            if part.startswith(" ") or re.fullmatch(r"-?[0-9]*\.[0-9]*", part):
                return True
        if delimiters.repetition and delimiters.repetition in value:
            return True
    return False


@pytest.mark.parametrize(("name", "definition"), ALL, ids=[n for n, _ in ALL])
def test_right_segments_are_right(name: str, definition: Definition) -> None:
    """What is made without a fault is taken by one of the two, whole."""
    for text, delimiters in texts(definition, name, 60, 0.0):
        elements = text.split(delimiters.element)
        faults = [f for f in explain(definition, elements, delimiters) if f.code not in ("2", "10")]
        assert not faults, (text, faults)
        if not definition.notes:
            assert not list(explain(definition, elements, delimiters)), text


def test_explanations_name_places_that_exist() -> None:
    for name, definition in ALL:
        for text, delimiters in texts(definition, name, 40, 0.3):
            elements = text.split(delimiters.element)
            for fault in explain(definition, elements, delimiters):
                assert fault.code in CODES
                assert 0 <= fault.element <= max(len(definition.elements), definition.most + 1)
                if fault.element and fault.element < len(elements) and not fault.component and not fault.repeat:
                    assert fault.value == elements[fault.element]


CODES = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "13", "I6", "I9", "I10", "I12"}
"""IK403, as far as an 837P can need it (facts 2.2)."""


# Patterns are linear -------------------------------------------------------------------------------------------------


def hostile(definition: Definition, size: int) -> Iterator[str]:
    name = definition.id
    yield name + "*" * size
    yield name + "*A" * size
    yield name + "*" + "A" * size
    yield name + "*" + "9" * size
    yield name + "*" + ":" * size
    yield name + "*" + "A:" * size
    yield name + "*" + " " * size
    yield name + "*" + "9." * size
    yield name + "*" + "^" * size
    for codes in [e.codes for e in definition.elements if e.codes][:1]:
        yield name + f"*{min(codes)}" * size


def test_no_pattern_takes_long() -> None:
    """Time grows with length alone: a hundred thousand characters are refused in the blink of an eye."""
    for name, definition in ALL:
        matcher = definition.matcher(COMMON)
        for size in (1_000, 10_000, 100_000):
            for text in hostile(definition, size):
                start = time.perf_counter()
                matcher(text)
                taken = time.perf_counter() - start
                assert taken < 2, (name, size, text[:40])


def test_pairs_before_a_required_element_are_held() -> None:
    """CR101 and CR102 stand or fall together, and CR104 behind them is required."""
    cr1 = next(u.definition for u in shipped().loops["2300"].uses if u.id == "CR1")
    assert accepts(cr1, "CR1*LB*140**A*DH*12", COMMON)
    assert accepts(cr1, "CR1****A*DH*12", COMMON)
    assert not accepts(cr1, "CR1*LB***A*DH*12", COMMON)
    assert not accepts(cr1, "CR1**140**A*DH*12", COMMON)


def test_the_map_has_the_notes_of_the_standard() -> None:
    """Where the base standard has a syntax note that the guide's usages leave open, the map has it too."""
    standard = tomllib.loads((X12 / "standard.toml").read_text("utf-8"))["segments"]
    for name, definition in ALL:
        wanted = {parse_note(note) for note in standard[definition.id]["notes"].split()}
        assert {note for note in wanted if definition._can_fail(note)} <= set(definition.notes), name
