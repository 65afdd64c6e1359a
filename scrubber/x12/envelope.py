"""What the elements of ISA and GS must be. Faults of an interchange are TA105 codes, those of a group AK905 codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from scrubber.finding import Severity
from scrubber.x12.segments import Isa
from scrubber.x12.values import to_date

ISA_NOTES = (
    "010", "011", "012", "013", "005", "006", "007", "008", "014", "015", "016", "017", "018", "019", "020", "027",
)  # fmt: skip
"""TA105 for each element of the ISA, ISA01 first."""


def check_isa(isa: Isa) -> Iterator[tuple[int, str, Severity]]:
    """Number, words and severity of each fault of an ISA's elements."""
    elements = isa.elements
    if wrong := isa.wrong_widths:
        names = ", ".join(f"ISA{n:02d}" for n in wrong)
        have = "has" if len(wrong) == 1 else "have"
        yield wrong[0], f"{names} {have} the wrong width: ISA elements are padded to a fixed width", Severity.REJECT
    version = elements[12]
    if version != "00501":
        yield 12, f"ISA12 (Interchange Control Version Number) is {shown(version)}, not 00501", Severity.REJECT
    elif not isa.delimiters.repetition:
        detail = f"ISA11 (Repetition Separator) is {shown(elements[11])}, which cannot separate"
        yield 11, detail, Severity.WARNING
    if elements[1] not in ("00", "03") and 1 not in wrong:
        yield 1, "ISA01 (Authorization Information Qualifier) is neither 00 nor 03", Severity.REJECT
    if elements[3] not in ("00", "01") and 3 not in wrong:
        yield 3, "ISA03 (Security Information Qualifier) is neither 00 nor 01", Severity.REJECT
    for number in (5, 7):
        if elements[number] not in ("01", "14", "20", "27", "28", "29", "30", "33", "ZZ") and number not in wrong:
            yield (
                number,
                f"ISA{number:02d} (Interchange ID Qualifier) is not one that the guide allows",
                Severity.REJECT,
            )
    for number, role in ((6, "Sender"), (8, "Receiver")):
        if number not in wrong and not elements[number].strip():
            yield number, f"ISA{number:02d} (Interchange {role} ID) is empty", Severity.REJECT
    if 9 not in wrong and not is_short_date(elements[9]):
        yield 9, "ISA09 (Interchange Date) is no date that exists (written YYMMDD)", Severity.REJECT
    if 10 not in wrong and not is_time(elements[10]):
        yield 10, "ISA10 (Interchange Time) is no time that exists (written HHMM)", Severity.REJECT
    if 13 not in wrong and not elements[13].isdecimal():
        yield 13, "ISA13 (Interchange Control Number) is not nine digits", Severity.REJECT
    if 14 not in wrong and elements[14] not in ("0", "1"):
        yield 14, "ISA14 (Acknowledgment Requested) is neither 0 nor 1", Severity.REJECT
    if 15 not in wrong and elements[15] not in ("P", "T"):
        yield 15, "ISA15 (Interchange Usage Indicator) is neither P nor T", Severity.REJECT


def check_gs(gs: list[str]) -> Iterator[tuple[str, int, str]]:
    """Edit, element and words of each fault of a GS, but for what it is a group of and its control number."""
    for number, sound, what in (
        (2, 2 <= len(get(gs, 2)) <= 15, "(Application Sender's Code) is not 2 to 15 characters"),
        (3, 2 <= len(get(gs, 3)) <= 15, "(Application Receiver's Code) is not 2 to 15 characters"),
        (4, to_date(get(gs, 4)) is not None, "(Date) is no date that exists (written CCYYMMDD)"),
        (
            5,
            is_time(get(gs, 5)[:4]) and re.fullmatch(r"....(?:[0-5][0-9](?:[0-9]{1,2})?)?", get(gs, 5)),
            "(Time) is no time that exists (written HHMM)",
        ),
        (7, get(gs, 7) == "X", "(Responsible Agency Code) is not X"),
    ):
        if not sound:
            yield "TA1-024", number, f"GS{number:02d} {what}"


def get(elements: list[str], number: int) -> str:
    return elements[number] if number < len(elements) else ""


def shown(text: str) -> str:
    """A code or control number as a message may tell it; anything else might be anyone's data."""
    if not text:
        return "empty"
    return text if re.fullmatch(r"[A-Za-z0-9]{1,12}", text) else "no code or number"


def is_short_date(text: str) -> bool:
    try:
        return len(text) == 6 and text.isdecimal() and bool(date(2000 + int(text[:2]), int(text[2:4]), int(text[4:])))
    except ValueError:
        return False


def is_time(text: str) -> bool:
    return len(text) == 4 and text.isdecimal() and int(text[:2]) < 24 and int(text[2:]) < 60
