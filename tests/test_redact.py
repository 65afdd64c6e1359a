"""``--redact`` keeps its promise for every edit: of what a claim says, nothing is in any report.

Each edit's examples are judged and told in every format. What is left may stand in the edits' own words, or in what
the guide says, but in nothing that came from the claim.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import groupby

import pytest
from reporting import QUICKSTART, catalogue
from several import sent, write_file

from scrubber.catalogue.examples import apply
from scrubber.catalogue.sources import Sources
from scrubber.pipeline import Options, judge, open_sources
from scrubber.proof import _options
from scrubber.reports.redact import Redactor, _masked_reason
from scrubber.reports.tally import Tally
from scrubber.run import FORMATS, Request, make_report
from scrubber.tables.icd10cm import Icd10cm
from scrubber.verdict import ClaimVerdict, FileEnd
from scrubber.x12.segments import read_isa

WORD = re.compile(r"[0-9A-Za-z]+(?:[.:/-][0-9A-Za-z]+)*")

SPOKEN = frozenset({"NM1", "N3", "N4", "PER", "REF", "NTE", "SBR", "PWK", "CN1", "CRC", "LIN", "K3"})
"""Segments whose words are names and notes, and not codes of the guide."""


def values(data: bytes) -> set[str]:
    """What the claims of a file say, as they write it and as reports would: names, numbers, codes, dates, money."""
    text = data.decode("latin-1")
    text = text[max(text.find("ISA"), 0) :]
    isa = read_isa(text)
    element, component, _, terminator = isa.delimiters if isa else ("*", ":", "^", "~")
    found: set[str] = set()
    for segment in text.split(terminator):
        id, *elements = segment.strip().split(element)
        if id in ("ISA", "GS", "ST", "BHT", "SE", "GE", "IEA", "HL", "LX"):
            continue
        for value in (part for e in elements for part in (e, *e.split(component))):
            word = value.strip()
            if id == "HI" and re.fullmatch("[A-Z][0-9][0-9A-Z]{1,5}", word):
                found |= {word, f"{word[:3]}.{word[3:]}".rstrip("."), Icd10cm.shipped().title(word) or ""}
            elif re.fullmatch("[0-9]{8}", word):
                found |= {word, f"{word[:4]}-{word[4:6]}-{word[6:]}"}
            elif re.fullmatch(r"[0-9]+\.[0-9]+|[0-9]{3,4}", word) and id in ("CLM", "SV1", "AMT", "CAS", "SVD"):
                found |= {f"${money(word):,.2f}", f'"{word}"'}
            elif re.fullmatch(r"(?=.*[0-9])[0-9A-Z-]{5,}", word) or (id in SPOKEN and len(word) > 3):
                found |= {word, *(part for part in WORD.findall(word) if len(part) > 4)}
    return {value for value in found if len(value) > 2}


def money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


@cache
def own_words(id: str) -> str:
    """What an edit says whatever the claim."""
    edit = catalogue().by_id.get(id)
    if edit is None:
        return ""
    cited = [f"{c.source.title} {c.source.edition} {c.at} {c.source.url}" for c in catalogue().citations(edit)]
    return " ".join([edit.id, edit.name, edit.message, edit.why, edit.fix, *cited, str(edit.params)])


@cache
def sources() -> Sources:
    return open_sources(None)


def tell(data: bytes, options: Options) -> Iterator[tuple[str, str, set[str]]]:
    """A format, its report, and the edits that it tells of."""
    events = list(judge(data, options))
    edits = {f.edit for e in events if isinstance(e, ClaimVerdict | FileEnd) for f in e.findings}
    edits |= {g.edit for e in events if isinstance(e, ClaimVerdict) for g in e.unchecked}
    for kind in FORMATS:
        out = io.BytesIO()
        report = make_report(Request(options, version="0", format=kind, redact=True, verbose=True), out)
        redactor, tally = Redactor(), Tally()
        report.begin()
        for event in events:
            tally.handle(event)
            report.handle(redactor.redact(event))
        report.end(tally, ())
        yield kind, out.getvalue().decode("utf-8-sig"), edits


def leaks(data: bytes, options: Options) -> set[tuple[str, str]]:
    """Values of the claims that a report tells, with its format."""
    said = values(data) - {options.received.isoformat()}
    found = set()
    for kind, text, edits in tell(data, options):
        plain = " ".join(re.sub(r"(?s)<style.*?</style>|<[^>]*>", " ", text).split())
        allowed = " ".join(map(own_words, edits))
        for value in said:
            if stands(value, plain) and not stands(value, allowed):
                found.add((kind, value))
    return found


def stands(value: str, text: str) -> bool:
    """Whether a text holds a value as a word; a title in any case."""
    anyhow = re.IGNORECASE if value[1:] != value[1:].upper() else re.NOFLAG
    return re.search(rf"(?<![0-9A-Za-z.]){re.escape(value)}(?![0-9A-Za-z])", text, anyhow) is not None


def told_gaps(data: bytes, options: Options) -> set[str]:
    redactor = Redactor()
    redacted = map(redactor.redact, judge(data, options))
    return {g.reason for event in redacted if isinstance(event, ClaimVerdict) for g in event.unchecked}


def test_a_reason_does_not_tell_the_codes_of_another_claim() -> None:
    """Claims of a patient meet: what could not be checked between them names codes of both."""
    options = Options(received=date(2026, 9, 16), catalogue=catalogue(), sources=sources())
    data = write_file(sent("99202", id="MORNING"), sent("20605", id="NOON"))
    assert "pairs not in the starter table: ***" in told_gaps(data, options)
    assert not leaks(data, options)


@pytest.mark.parametrize(
    ("reason", "masked"),
    [
        ("global days not known: 20605, J3301", "global days not known: ***, ***"),
        ("pairs not in the PTP table: 20605/99213", "pairs not in the PTP table: ***"),
        ("the CMS telehealth list for 2026 is not loaded", "the CMS telehealth list for 2026 is not loaded"),
        ("no tabular list for services of 2026-09-15 is at hand", "no tabular list for services of *** is at hand"),
        ("ICD-9-CM codes cannot be checked", "ICD-9-CM codes cannot be checked"),
        ("something about LIAM", "something about ***"),
    ],
)
def test_reasons_are_told_without_codes(reason: str, masked: str) -> None:
    assert _masked_reason(reason, {"LIAM"}) == masked


def test_what_is_not_redacted_would_be_noticed() -> None:
    """The tests here are no use if they find nothing anywhere."""
    said = values(QUICKSTART.read_bytes())
    assert {"M54.2", "Cervicalgia", "2026-09-15", "NECK-1002", "97140", "$112.00"} <= said, sorted(said)
    assert all(stands(value, f"the claim says {value.lower() if value == 'Cervicalgia' else value}.") for value in said)


EXAMPLES = [(edit, kind, example) for edit in catalogue().edits for kind, example in edit.examples]
FAMILIES = [(name, list(those)) for name, those in groupby(EXAMPLES, key=lambda one: one[0].id.rpartition("-")[0])]


@pytest.mark.parametrize("number", range(len(FAMILIES)), ids=[name for name, _ in FAMILIES])
def test_no_report_of_an_example_tells_what_its_claim_says(number: int) -> None:
    for edit, kind, example in FAMILIES[number][1]:
        options = replace(_options(catalogue(), example), sources=sources())
        assert not leaks(apply(example), options), f"{edit.id} {kind}"
