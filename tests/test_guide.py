"""The guide's tables: fresh, corrected with reasons, and read the same way by the patterns and by ``explain``."""

from __future__ import annotations

import random
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrubber.x12 import compile as compiler
from scrubber.x12.explain import dates_exist, explain, notes_hold
from scrubber.x12.guide import Definition, Element, parse_note, shipped
from scrubber.x12.segments import Delimiters

X12 = Path(compiler.__file__).parent
COMMON = Delimiters("*", ":", "^", "~")
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

LETTERS = "ABC XYZ019-'/#&().,"


def plain(element: Element, choice: random.Random, delimiters: Delimiters, fmt: str) -> str:
    """A value that is right."""
    codes = (element.codes or frozenset()) | (element.external or frozenset())
    if codes:
        return choice.choice(sorted(codes))
    if element.pattern:
        return "".join(choice.choice("0123456789") for _ in range(9))
    if fmt:
        day = choice.choice(("20240229", "20260915", "19991231"))
        return {"D8": day, "RD8": f"{day}-20260930", "DT": day, "TM": choice.choice(("0000", "2359", "23595999"))}[fmt]
    least, most = max(element.min, 1), min(element.max, 40)
    length = choice.choice((least, most, choice.randint(least, most)))
    if element.type.startswith("N"):
        return "".join(choice.choice("123456789") for _ in range(length))
    if element.type == "R":
        digits = "".join(choice.choice("123456789") for _ in range(min(length, 9)))
        at = choice.randrange(len(digits))
        return choice.choice((digits, f"{digits[:at]}.{digits[at:]}" if "." not in delimiters else digits))
    letters = [c for c in LETTERS if c not in delimiters]
    inner = "".join(choice.choice(letters) for _ in range(length))
    return "A" + inner[1:]


def wrong(value: str, element: Element, choice: random.Random, delimiters: Delimiters) -> str:
    """The value, spoilt in one of many ways; now and then it is as good as before."""
    kind = choice.randrange(10)
    if kind == 0:
        return ""
    if kind == 1:
        return value + "9" * choice.choice((1, 60, 300))
    if kind == 2:
        return value[:1]
    if kind == 3:
        return choice.choice((" ", "\t", "\xe9", "\x00", "\n", "  "))
    if kind == 4:
        return value + choice.choice((" ", "x", ".", "-", delimiters.component, delimiters.repetition))
    if kind == 5:
        return choice.choice(("ZZ", "0", "-", ".", "-.", "1.", ".5", "-1", "1e5", "00", "A", "+1", "1,000"))
    if kind == 6:
        return choice.choice(("20260231", "20260915-", "20260915-20260231", "2460", "99999999", "20260915-20260916"))
    if kind == 7:
        return value.lower()
    return value


def made(definition: Definition, choice: random.Random, delimiters: Delimiters, spoil: float) -> str:
    """A segment: right, but for elements spoilt with this chance each."""
    parts = [definition.id]
    formats = {number: (at, kind) for number, at, kind in definition.dates}
    for number, element in enumerate(definition.elements, 1):
        used = element.usage == "R" or (element.usage == "S" and choice.random() < 0.5)
        if not used:
            value = "X" if element.usage == "N" and choice.random() < spoil / 4 else ""
        else:
            at, kind = formats.get(number, (0, ""))
            fmt = kind or (parts[at] if at and at < len(parts) else "") or ("D8" if at else "")
            if fmt not in ("", "D8", "RD8", "DT", "TM"):
                fmt = "D8"
            repeats = []
            for _ in range(choice.choice((1, 1, 1, element.repeat)) if delimiters.repetition else 1):
                if element.components is None:
                    repeats.append(plain(element, choice, delimiters, fmt))
                else:
                    inner = [
                        plain(c, choice, delimiters, "")
                        if c.usage == "R" or (c.usage == "S" and choice.random() < 0.5)
                        else ""
                        for c in element.components
                    ]
                    inner = [
                        wrong(v, c, choice, delimiters) if choice.random() < spoil else v
                        for v, c in zip(inner, element.components, strict=True)
                    ]
                    text = delimiters.component.join(inner)
                    repeats.append(text if choice.random() < spoil / 2 else text.rstrip(delimiters.component))
            value = delimiters.repetition.join(repeats) if len(repeats) > 1 else repeats[0]
            if choice.random() < spoil:
                value = wrong(value, element, choice, delimiters)
        parts.append(value)
    parts += ["X"] * (choice.random() < spoil / 6)
    text = delimiters.element.join(parts)
    return text if choice.random() < spoil / 3 else text.rstrip(delimiters.element)


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
    """Whether a valid segment holds what no pattern is made for: a repetition, a number with a point, a leading space."""
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
