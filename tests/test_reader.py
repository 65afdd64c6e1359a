"""The reader: exact places, every way to write a file, every envelope fault, and one finding for one cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from reading import Segments, base, claims, count, find, findings, read_all, write

from scrubber.finding import Severity
from scrubber.x12.events import ClaimRead, InterchangeOpened, SetOpened, Unreadable


def codes(data: bytes) -> list[str]:
    return [f.edit.removeprefix("X12-") for f in findings(data)]


def value(element: str, text: str, *, start: str, nth: int = 0) -> Callable[[Segments], None]:
    """Put a text in an element of the nth segment that starts so."""
    number, _, component = element.partition("-")

    def change(segments: Segments) -> None:
        segment = segments[find(segments, start, nth)]
        if component:
            parts = segment[int(number)].split(":")
            parts[int(component) - 1] = text
            segment[int(number)] = ":".join(parts)
        else:
            segment[int(number)] = text

    return change


# Places ------------------------------------------------------------------------------------------------------------

LAYOUTS = {
    "lines": {}, "one-line": {"eol": ""}, "crlf": {"eol": "\r\n"}, "indented": {"eol": "\n   "},
    "blank-lines": {"eol": "\n\n"}, "pipes": {"element": "|", "component": ">", "terminator": "!"},
    "newline": {"terminator": "\n", "eol": ""},
    "control": {"element": "\x1d", "component": "\x1f", "terminator": "\x1c"},
}  # fmt: skip

PLACES = [
    (value("1", "45", start="NM1*41"), "NM1", None, None, ("", "", None), 3),
    (value("2", "9", start="NM1*85"), "NM1", "NM102", "9", ("2010AA", "", None), 8),
    (value("3", "BAD", start="DMG"), "DMG", "DMG03", "BAD", ("2010BA", "", None), 18),
    (value("5-2", "ZZ", start="CLM"), "CLM", "CLM05-2", "ZZ", ("2300", "OFFICE-1001", None), 20),
    (value("2-1", "ABJX", start="HI"), "HI", "HI02-1", "ABJX", ("2300", "OFFICE-1001", None), 22),
    (value("1-3", "2", start="SV1", nth=1), "SV1", "SV101-3", "2", ("2400", "OFFICE-1001", 2), 30),
    (value("3", "20260231", start="DTP*472", nth=1), "DTP", "DTP03", "20260231", ("2400", "OFFICE-1001", 2), 31),
    (value("8", "A^B", start="CLM"), "CLM", "CLM08", "A^B", ("2300", "OFFICE-1001", None), 20),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("change", PLACES, ids=lambda p: p[2] or "NM1")
def test_places_are_exact(change: tuple, layout: str) -> None:  # type: ignore[type-arg]
    apply, segment, element, text, (loop, claim, line), ordinal = change
    segments = base("office")
    if element == "SV101-3":
        segments[find(segments, "SV1", 1)][1] += ":"
    apply(segments)
    style = LAYOUTS[layout]
    if "component" in style:
        segments[0][16] = style["component"]
    data = write(segments, **style)
    at = next(f for f in findings(data) if f.severity is Severity.REJECT)
    assert (at.where.segment, at.where.element, at.where.ordinal) == (segment, element, ordinal)
    if text is not None:
        assert data[at.where.offset : at.where.offset + at.where.length] == text.encode()
        assert (at.where.loop or "", at.where.claim or "", at.where.line) == (loop, claim, line)
        assert at.values["bad"] == text
    else:
        assert data[at.where.offset : at.where.offset + 3] == b"NM1"


def test_every_segment_knows_its_byte() -> None:
    for layout in LAYOUTS.values():
        segments = base("secondary")
        if "component" in layout:
            segments[0][16] = layout["component"]
        data = write(segments, **layout)
        separator = layout.get("element", "*").encode()
        for event in read_all(data):
            if isinstance(event, ClaimRead):
                for loop in event.loop.walk():
                    for s in loop.segments:
                        assert data[s.offset :].startswith(separator.join(e.encode() for e in s.elements))


@pytest.mark.parametrize("block", [0, 1, 7, 64, 1_000])
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("odd", ["", "\n\n", "\r\n\r\n", " ", "\r", "\n ", "\n\t"])
def test_line_ends_that_change_midway_shift_nothing(odd: str, eol: str, block: int) -> None:
    segments = base("secondary")
    lines = write(segments, eol=eol).split(eol.encode())
    for broken in (5, len(segments) // 2, len(segments) - 2):
        data = odd.encode().join([eol.encode().join(lines[:broken]), eol.encode().join(lines[broken:])])
        read = 0
        for event in read_all(data, block):
            if isinstance(event, ClaimRead):
                for loop in (event.loop, *event.loop.around(), *event.loop.walk()):
                    for s in loop.segments:
                        read += 1
                        assert data[s.offset :].startswith(b"*".join(e.encode() for e in s.elements) + b"~")
        assert read > 40
        assert {f.severity for f in findings(data)} <= {Severity.WARNING}  # An indented line is one.


@pytest.mark.parametrize("stray", ["\0", "\x1d", "\x0b"])
def test_only_blanks_may_stand_before_a_segment(stray: str) -> None:
    segments = base("office")
    segments[find(segments, "REF*D9")][0] = stray + "REF"
    assert codes(write(segments)) == ["IK3-1"]


def test_missing_element_points_at_the_end_of_its_segment() -> None:
    segments = base("office")
    del segments[find(segments, "SV1")][5:]
    data = write(segments)
    (found,) = findings(data)
    assert (found.edit, found.where.element, found.where.length) == ("X12-IK4-I9", "SV107", 0)
    assert data[found.where.offset : found.where.offset + 1] == b"~"


def test_repetition_has_its_own_place() -> None:
    segments = base("dependent")
    dmg = segments[find(segments, "DMG")]
    dmg += [""] * (5 - len(dmg)) + ["RET:2^RET:3"]
    data = write(segments)
    found = findings(data)
    assert {f.edit for f in found} == {"X12-IK4-I10"}  # DMG05 is not used in this guide.
    assert data[found[0].where.offset : found[0].where.offset + found[0].where.length] == b"RET:2^RET:3"


# Ways to write a file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["office", "secondary", "injection", "batch"])
@pytest.mark.parametrize("layout", [n for n in LAYOUTS if n != "indented"])
def test_layouts_change_nothing(name: str, layout: str) -> None:
    segments = base(name)
    style = LAYOUTS[layout]
    if "component" in style:
        segments[0][16] = style["component"]
    data = write(segments, **style)
    assert findings(data) == []
    assert claims(data) == claims(write(base(name)))


def test_indented_lines_are_one_warning() -> None:
    (found,) = findings(write(base("batch"), eol="\n    "))
    assert found.severity is Severity.WARNING


def test_byte_order_mark_is_one_warning() -> None:
    data = b"\xef\xbb\xbf" + write(base("office"))
    (found,) = findings(data)
    assert (found.severity, found.where.offset, found.where.length) == (Severity.WARNING, 0, 3)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("width", [40, 80, 106, 333])
def test_wrapped_lines_are_one_warning(width: int, end: bytes) -> None:
    joined = write(base("batch"), eol="")
    data = b"".join(joined[i : i + width] + end for i in range(0, len(joined), width))
    (found,) = findings(data)
    assert found.severity is Severity.WARNING
    assert claims(data) == claims(joined)
    for event in read_all(data):
        if isinstance(event, ClaimRead):
            clm = event.loop.find("CLM")
            assert clm is not None
            assert data[clm.offset :].replace(end, b"").startswith(b"*".join(e.encode() for e in clm.elements))


def test_a_line_break_inside_one_element_is_that_element() -> None:
    segments = base("office")
    segments[find(segments, "N3*5 HARBOR")][1] = "5 HARBOR\nSTREET"
    (found,) = findings(write(segments))
    assert (found.edit, found.where.element) == ("X12-IK4-6", "N301")


def test_unterminated_last_segment() -> None:
    for data in (write(base("office")).rstrip()[:-1], write(base("office")).rstrip()[:-1] + b"\r\n"):
        (found,) = findings(data)
        assert (found.edit, found.severity) == ("X12-TA1-004", Severity.WARNING)


def test_text_behind_the_last_interchange() -> None:
    for tail in (b"\x1a", b"\x00" * 300, b"END OF FILE\n", b"%%EOF"):
        (found,) = findings(write(base("office")) + tail)
        assert found.severity is Severity.WARNING
    segments = base("office")
    lost = write(segments[1:-1])
    (found,) = findings(write(base("two-sets")) + lost)
    assert found.severity is Severity.REJECT
    assert claims(write(base("office")) + lost) == claims(write(base("office")))


def test_text_before_the_interchange() -> None:
    (found,) = findings(b"sent by fax\n\n" + write(base("office")))
    assert found.severity is Severity.WARNING
    assert claims(b"sent by fax\n\n" + write(base("office"))) == ["OFFICE-1001"]


def test_interchanges_of_different_delimiters() -> None:
    parts = []
    for number, style in enumerate(LAYOUTS.values()):
        segments = base("office" if number % 2 else "batch")
        segments[0][13] = segments[-1][2] = f"{number + 1:09d}"
        segments[0][16] = style.get("component", ":")
        if style.get("eol") == "\n   ":
            style = {}
        parts.append(write(segments, **style))
    # Larger than a block, so that what follows is not read yet when the delimiters change.
    segments = base("office")
    start, end = find(segments, "HL*1"), find(segments, "SE")
    many = segments[:start]
    for number in range(300):
        provider = [list(s) for s in segments[start:end]]
        subscriber = provider[find(provider, "HL*2")]
        provider[0][1] = subscriber[2] = str(2 * number + 1)
        subscriber[1] = str(2 * number + 2)
        many += provider
    many = count(many + segments[end:])
    many[0] = [*many[0][:13], "000009999", *many[0][14:16], ">"]
    many[-1][2] = "000009999"
    parts.insert(3, write(many, element="|", component=">", terminator="\x1e", eol=""))
    data = b"".join(parts)
    assert findings(data) == []
    assert len(claims(data)) == 300 + 4 * len(claims(write(base("batch")))) + 4
    assert len({e.delimiters for e in read_all(data) if isinstance(e, InterchangeOpened)}) == 5


def test_several_groups_and_sets() -> None:
    for name in ("two-sets", "two-interchanges"):
        data = write(base(name))
        assert findings(data) == []
        assert sum(isinstance(e, SetOpened) for e in read_all(data)) == 2


@pytest.mark.parametrize("version", ["005010X222", "005010X222A2"])
def test_older_versions_are_judged_with_one_warning(version: str) -> None:
    segments = base("office")
    segments[1][8] = segments[2][3] = version
    (found,) = findings(write(segments))
    assert (found.edit, found.severity, found.where.element) == ("X12-AK9-2", Severity.WARNING, "GS08")
    assert claims(write(segments)) == ["OFFICE-1001"]


@pytest.mark.parametrize(
    ("group", "version", "says"),
    [
        ("HC", "005010X223A2", "837I"), ("HC", "005010X224A2", "837D"), ("HP", "005010X221A1", "835"),
        ("HC", "004010X098A1", "4010"), ("FA", "005010X231A1", "999"), ("HS", "005010X279A1", "270"),
        ("HC", "005010X999", "005010X999"), ("", "", "GS01"),
        ("HI", "005010X222A1", "is the professional claim, and GS01 of claims is HC"),
        ("HP", "005010X222", "is the professional claim, and GS01 of claims is HC"),
    ],
)  # fmt: skip
def test_other_kinds_of_file_are_one_finding_that_says_what_they_are(group: str, version: str, says: str) -> None:
    segments = base("office")
    segments[0][12] = "00401" if version.startswith("004") else "00501"
    segments[1][1], segments[1][8], segments[2][3] = group, version, version
    data = write(segments)
    (found,) = findings(data)
    assert says in found.values["detail"]
    last = read_all(data)[-1]
    assert isinstance(last, Unreadable)
    assert says in last.reason


# Envelopes -----------------------------------------------------------------------------------------------------------


def isa(number: int, text: str) -> Callable[[Segments], None]:
    return lambda segments: segments[0].__setitem__(number, text)


def drop(start: str, nth: int = 0) -> Callable[[Segments], None]:
    return lambda segments: segments.pop(find(segments, start, nth)) and None


def insert(start: str, text: str, nth: int = 0) -> Callable[[Segments], None]:
    return lambda segments: segments.insert(find(segments, start, nth), text.split("*"))


def append(text: str) -> Callable[[Segments], None]:
    return lambda segments: segments.append(text.split("*"))


def again(segments: Segments) -> None:
    segments += [list(s) for s in segments]


def group_again(segments: Segments) -> None:
    segments[-1:-1] = [list(s) for s in segments[1:-1]]
    segments[-1][1] = "2"


def set_again(segments: Segments) -> None:
    end = find(segments, "GE")
    segments[end:end] = [list(s) for s in segments[2:end]]
    segments[find(segments, "GE")][1] = "2"


ENVELOPES: dict[str, tuple[Callable[[Segments], None], list[str], str | None]] = {
    "ISA01": (isa(1, "99"), ["TA1-010"], "ISA01"),
    "ISA03": (isa(3, "99"), ["TA1-012"], "ISA03"),
    "ISA05": (isa(5, "QQ"), ["TA1-005"], "ISA05"),
    "ISA06 empty": (isa(6, " " * 15), ["TA1-006"], "ISA06"),
    "ISA06 width": (isa(6, "SENDER"), ["TA1-006"], "ISA06"),
    "ISA07": (isa(7, "QQ"), ["TA1-007"], "ISA07"),
    "ISA08 empty": (isa(8, " " * 15), ["TA1-008"], "ISA08"),
    "ISA09": (isa(9, "260231"), ["TA1-014"], "ISA09"),
    "ISA10": (isa(10, "2461"), ["TA1-015"], "ISA10"),
    "ISA12": (isa(12, "00403"), ["TA1-017"], "ISA12"),
    "ISA13 letters": (isa(13, "00000A101"), ["TA1-018", "TA1-001"], "ISA13"),
    "ISA14": (isa(14, "7"), ["TA1-019"], "ISA14"),
    "ISA15": (isa(15, "X"), ["TA1-020"], "ISA15"),
    "ISA13 again": (again, ["TA1-025"], "ISA13"),
    "several widths": (lambda s: (isa(2, "")(s), isa(4, "")(s), isa(6, "X")(s)), ["TA1-011"], "ISA02"),  # type: ignore[dict-item,return-value]
    "IEA01": (value("1", "2", start="IEA"), ["TA1-021"], "IEA01"),
    "IEA01 letters": (value("1", "ONE", start="IEA"), ["TA1-021"], "IEA01"),
    "IEA02": (value("2", "000000999", start="IEA"), ["TA1-001"], "IEA02"),
    "no IEA": (drop("IEA"), ["TA1-023"], None),
    "no IEA, then another ISA": (lambda s: (again(s), drop("IEA")(s), isa(13, "000000009")(s)), ["TA1-023"], None),  # type: ignore[dict-item,return-value]
    "GS02": (value("2", "S", start="GS"), ["TA1-024"], "GS02"),
    "GS03": (value("3", "", start="GS"), ["TA1-024"], "GS03"),
    "GS04": (value("4", "20260931", start="GS"), ["TA1-024"], "GS04"),
    "GS05": (value("5", "0860", start="GS"), ["TA1-024"], "GS05"),
    "GS07": (value("7", "T", start="GS"), ["TA1-024"], "GS07"),
    "GS06 letters": (lambda s: (value("6", "A1", start="GS")(s), value("2", "A1", start="GE")(s)), ["AK9-6"], "GS06"),  # type: ignore[dict-item,return-value]
    "GS06 again": (group_again, ["AK9-19"], "GS06"),
    "GE01": (value("1", "2", start="GE"), ["AK9-5"], "GE01"),
    "GE01 letters": (value("1", "", start="GE"), ["AK9-5"], "GE01"),
    "GE02": (value("2", "9", start="GE"), ["AK9-4"], "GE02"),
    "no GE": (drop("GE"), ["AK9-3"], None),
    "ST01": (value("1", "835", start="ST"), ["IK5-1"], "ST01"),
    "ST01 empty": (value("1", "", start="ST"), ["IK5-6"], "ST01"),
    "ST02 short": (lambda s: (value("2", "1", start="ST")(s), value("2", "1", start="SE")(s)), ["IK5-7"], "ST02"),  # type: ignore[dict-item,return-value]
    "ST02 again": (set_again, ["IK5-23"], "ST02"),
    "ST03 missing": (lambda s: s[2].pop() and None, ["IK5-I6"], "ST03"),
    "ST03": (value("3", "005010X223A2", start="ST"), ["IK5-I6"], "ST03"),
    "ST with too many": (lambda s: s[2].append("X"), ["IK4-3"], "ST04"),
    "SE01": (value("1", "32", start="SE"), ["IK5-4"], "SE01"),
    "SE01 letters": (value("1", "MANY", start="SE"), ["IK5-4"], "SE01"),
    "SE02": (value("2", "0002", start="SE"), ["IK5-3"], "SE02"),
    "no SE": (drop("SE"), ["IK5-2"], None),
    "SE inside": (insert("HL*2", "SE*14*0001"), ["TA1-022"], None),
    "behind SE": (insert("GE", "NTE*ADD*TEXT"), ["TA1-022"], None),
    "between GE and IEA": (insert("IEA", "NTE*ADD*TEXT"), ["TA1-024"], None),
    "no GS": (drop("GS"), ["TA1-024"], None),
    "TA1 before GS": (insert("GS", "TA1*000000001*260916*0830*A*000"), [], None),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelope_faults(name: str) -> None:
    change, expected, element = ENVELOPES[name]
    segments = base("office")
    change(segments)
    data = write(segments)
    found = [f for f in findings(data) if f.severity is Severity.REJECT]
    own = [f for f in found if f.edit.removeprefix("X12-") in expected]
    assert sorted(f.edit.removeprefix("X12-") for f in own) == sorted(expected)
    if name != "SE inside":
        assert own == found
    if element:
        first = next(f for f in own if f.edit == f"X12-{expected[0]}")
        assert first.where.element == element
        number = int(element[-2:])
        at = data[: first.where.offset]
        line = at[max(at.rfind(b"~\n") + 2, 0) if b"~\n" in at else 0 :].split(b"*")
        assert len(line) - 1 == number or first.where.length == 0
        assert line[0].decode() == element[:-2]


def test_claims_of_a_set_outside_a_group_are_read() -> None:
    segments = base("office")
    del segments[1]
    assert claims(write(segments)) == ["OFFICE-1001"]


# One cause, one finding ----------------------------------------------------------------------------------------------


def separators(text: str) -> Callable[[Segments], None]:
    """Another component separator than ISA16 declares, in every composite."""

    def change(segments: Segments) -> None:
        for segment in segments[1:]:
            segment[:] = [e.replace(":", text) for e in segment]

    return change


def rename(start: str, name: str, nth: int = 0) -> Callable[[Segments], None]:
    return lambda segments: segments[find(segments, start, nth)].__setitem__(0, name)


def drop_loop(start: str, end: str) -> Callable[[Segments], None]:
    def change(segments: Segments) -> None:
        first = find(segments, start)
        del segments[first : next(i for i in range(first, len(segments)) if "*".join(segments[i]).startswith(end))]

    return change


def swap(start: str, nth: int = 0) -> Callable[[Segments], None]:
    def change(segments: Segments) -> None:
        i = find(segments, start, nth)
        segments[i], segments[i + 1] = segments[i + 1], segments[i]

    return change


Cause = tuple[str, Callable[[Segments], None], str, int | None]
"""Base file, change, the code of the one finding, and the ordinal at which it stands."""

CAUSES: dict[str, Cause] = {
    "component separator": ("batch", separators(">"), "TA1-027", None),
    "component separator of one element": ("office", value("1", "HC>72040", start="SV1", nth=1), "IK4-5", 30),
    "component separator of the first CLM05": ("batch", value("5", "11>B>1", start="CLM"), "IK4-5", 20),
    "empty segment": ("office", insert("REF*D9", ""), "IK3-1", None),
    "unknown segment": ("office", insert("REF*D9", "XQQ*1*2"), "IK3-1", 21),
    "text for a segment": ("office", insert("REF*D9", "hello, world"), "IK3-1", 21),
    "segment of another set": ("office", insert("REF*D9", "CLP*1*2"), "IK3-6", 21),
    "NM1 with a mistyped id": ("office", rename("NM1*85", "MN1"), "IK3-1", 8),
    "LX with a mistyped id": ("office", rename("LX*1", "LXX"), "IK3-1", 25),
    "SV2 for SV1": ("office", rename("SV1", "SV2"), "IK3-6", 26),
    "NM1*41 missing": ("office", drop("NM1*41"), "IK3-I8", 3),
    "1000A missing": ("office", drop_loop("NM1*41", "NM1*40"), "IK3-I7", None),
    "1000B missing": ("office", drop("NM1*40"), "IK3-I7", 5),
    "BHT missing": ("office", drop("BHT"), "IK3-3", 2),
    "first HL missing": ("office", drop("HL*1"), "IK3-3", 6),
    "first HL and PRV missing": ("office", drop_loop("HL*1", "NM1*85"), "IK3-3", 6),
    "NM1*85 missing": ("office", drop("NM1*85"), "IK3-I8", 8),
    "NM1*85 and N3 missing": ("office", drop_loop("NM1*85", "N4"), "IK3-I8", 8),
    "2010AA missing": ("office", drop_loop("NM1*85", "HL*2"), "IK3-I7", 8),
    "REF*EI missing": ("office", drop("REF*EI"), "IK3-I8", 11),
    "REF*EI with a wrong qualifier": ("office", value("1", "QQ", start="REF*EI"), "IK3-2", 11),
    "second HL missing": ("office", drop("HL*2"), "IK3-3", 13),
    "HL between subscribers missing": ("batch", drop("HL*3"), "IK3-3", 42),
    "HL of a second provider missing": ("batch", drop("HL*5"), "IK3-3", 65),
    "HL of a patient missing": ("dependent", drop("HL*3"), "IK3-3", 17),
    "SBR missing": ("office", drop("SBR"), "IK3-I8", 14),
    "NM1*IL missing": ("office", drop("NM1*IL"), "IK3-I8", 15),
    "NM1*IL with a mistyped qualifier": ("office", value("1", "LI", start="NM1*IL"), "IK3-2", 15),
    "NM1*PR with a mistyped qualifier": ("office", value("1", "RP", start="NM1*PR"), "IK3-2", 19),
    "NM1*82 with a mistyped qualifier": ("office", value("1", "28", start="NM1*82"), "IK3-2", 23),
    "2010BA missing": ("office", drop_loop("NM1*IL", "NM1*PR"), "IK3-I7", None),
    "2010BB missing": ("office", drop("NM1*PR"), "IK3-I7", 19),
    "CLM missing": ("office", drop("CLM"), "IK3-I8", 20),
    "CLM of a second claim missing": ("batch", drop("CLM", 1), "IK3-I8", 33),
    "HI missing": ("office", drop("HI"), "IK3-I8", 22),
    "HI*ABF for ABK": ("office", value("1", "ABF:M542", start="HI"), "IK4-I6", 22),
    "first LX missing": ("office", drop("LX*1"), "IK3-I8", 25),
    "second LX missing": ("office", drop("LX*2"), "IK3-I8", 29),
    "SV1 missing": ("office", drop("SV1"), "IK3-I8", 26),
    "DTP*472 missing": ("office", drop("DTP*472"), "IK3-I8", 27),
    "DTP*472 with another qualifier": ("office", value("1", "473", start="DTP*472"), "IK3-2", 27),
    "2400 missing": ("office", drop_loop("LX*1", "SE"), "IK3-I7", None),
    "LX before its time": ("office", swap("PRV*PE"), "IK3-2", 25),
    "SV1 before LX": ("office", swap("LX*1"), "IK3-7", 25),
    "DTP before SV1": ("office", swap("SV1"), "IK3-7", 27),
    "N3 before NM1*85": ("office", swap("NM1*85"), "IK3-7", 8),
    "N4 before N3": ("office", swap("N3*410"), "IK3-7", 10),
    "HI before REF": ("office", swap("REF*D9"), "IK3-7", 22),
    "SBR before HL": ("office", swap("HL*2"), "IK3-7", 13),
    "1000B before PER": ("office", swap("PER*IC*DANA"), "IK3-2", None),
    "N3 twice": ("office", insert("N4*SPRINGFIELD", "N3*AGAIN"), "IK3-5", 10),
    "SV1 twice": ("office", insert("DTP*472", "SV1*HC:99213*150*UN*1***1"), "IK3-5", 27),
    "NM1*85 twice": ("office", insert("N3*410", "NM1*85*2*CEDAR BRIDGE SPINE CENTER*****XX*2990001010"), "IK3-4", 9),
    "2010BB twice": ("office", insert("CLM", "NM1*PR*2*OTHER*****PI*X1"), "IK3-4", 20),
    "address without a name": ("office", insert("LX*1", "N3*1 ELM STREET*"), "", None),
    "HL01": ("batch", value("1", "9", start="HL*3"), "IK4-7", 42),
    "HL01 letters": ("office", value("1", "B", start="HL*2"), "IK4-7", 13),
    "HL01 missing": ("office", value("1", "", start="HL*2"), "IK4-1", 13),
    "HL02": ("batch", value("2", "3", start="HL*3"), "IK4-7", 42),
    "HL03": ("office", value("3", "99", start="HL*2"), "IK4-7", 13),
    "HL03 of the provider": ("office", value("3", "99", start="HL*1"), "IK4-7", 6),
    "HL03 of the patient": ("dependent", value("3", "99", start="HL*3"), "IK4-7", 17),
    "HL04 too high": ("office", value("4", "1", start="HL*2"), "IK4-7", 13),
    "HL04 too low": ("dependent", value("4", "0", start="HL*2"), "IK4-7", 13),
    "stray HL": ("office", insert("N3*410", "HL*9**99*0"), "IK4-7", 9),
    "LX01": ("office", value("1", "5", start="LX*1"), "IK4-7", 25),
    "LX01 again": ("office", value("1", "1", start="LX*2"), "IK4-7", 29),
    "LX01 letters": ("office", value("1", "A", start="LX*2"), "IK4-6", 29),
    "date that does not exist": ("office", value("3", "20260229", start="DTP*472"), "IK4-8", 27),
    "time that does not exist": ("office", value("5", "2460", start="BHT"), "IK4-9", 2),
    "time with a letter": ("office", value("5", "08A0", start="BHT"), "IK4-9", 2),
    "trailing separator": ("office", lambda s: s[find(s, "N3*410")].append(""), "IK3-8", 9),
    "trailing component separator": ("office", value("1", "HC:99213:", start="SV1"), "IK3-8", 26),
}  # fmt: skip
del CAUSES["address without a name"], CAUSES["LX before its time"], CAUSES["1000B before PER"]


@pytest.mark.parametrize("name", CAUSES)
def test_one_cause_one_finding(name: str) -> None:
    file, change, code, ordinal = CAUSES[name]
    segments = base(file)
    change(segments)
    data = write(count(segments))
    (found,) = [f for f in findings(data) if f.edit != "X12-IK5-4" or name != "empty segment"]
    assert found.edit == f"X12-{code}"
    if ordinal is not None:
        assert found.where.ordinal == ordinal
    expected = claims(write(base(file)))
    if "CLM" in name and "missing" in name:
        expected = ["" if c == expected[name.count("second")] else c for c in expected]
    assert claims(data) == expected


def test_a_loop_again_behind_a_late_segment() -> None:
    """BHT stands behind 1000B, and 1000B stands twice: found by a property test, when it crashed the recovery."""
    segments = base("office")
    late = segments.pop(find(segments, "BHT"))
    receiver = segments.pop(find(segments, "NM1*40"))
    segments[3:3] = [receiver, late, list(receiver)]
    assert codes(write(count(segments)))[:2] == ["IK3-7", "IK3-4"]


# Files that are cut off ----------------------------------------------------------------------------------------------


def cut_places() -> list[int]:
    data = write(base("two-sets"), eol="")
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("~")]
    return sorted({*ends[:-1], *range(110, len(data) - 2, 7)})


def test_a_file_cut_anywhere_is_one_finding() -> None:
    data = write(base("two-sets"), eol="")
    every = claims(data)
    assert len(every) > 1
    for place in cut_places():
        cut = data[:place]
        (found,) = findings(cut)
        assert found.edit == "X12-TA1-023", place
        assert found.where.offset <= place
        read = claims(cut)
        whole = [c for c in every if f"CLM*{c}*".encode() in cut]
        assert read[: len(whole)] == whole
        assert len(read) - len(whole) <= 1  # A CLM that is cut in its CLM01.


def test_a_file_cut_in_its_isa_is_unreadable() -> None:
    for place in (3, 50, 105):
        (event,) = [e for e in read_all(write(base("office"))[:place]) if isinstance(e, Unreadable)]
        assert event.reason


def test_an_iea_cut_off_is_no_iea() -> None:
    data = write(base("office"), eol="")
    for less in range(2, 10):
        assert codes(data[:-less]) == ["TA1-023"]
    assert codes(data[:-1]) == ["TA1-004"]
