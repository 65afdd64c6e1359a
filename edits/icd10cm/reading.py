"""A claim's diagnosis codes, judged once for all edits of this pack.

Most claims are clean, and practices bill the same few codes: the judgement depends on codes, qualifiers and dates
alone, so it is remembered by value, and a clean claim costs each edit one look into ``know.scratch``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from scrubber.catalogue.check import Gap, Hit, Knowledge, alike
from scrubber.claims.model import Claim
from scrubber.finding import Severity
from scrubber.tables.icd10cm import CodeStatus, Excludes, Icd10cm, Level, dotted

from .anatomy import explain_code, find_specific

ICD10_START = date(2015, 10, 1)
"""First day of service on which HIPAA claims carry ICD-10-CM instead of ICD-9-CM (45 CFR 162.1002(c))."""

ICD9_QUALIFIERS = frozenset(("BK", "BF"))

AGE_LIMITS = ("newborn", "pediatric", "maternity", "adult")
"""Attributes of the Medicare Code Editor that stand for an age range."""

_KEY = "icd10cm"

Days = date | tuple[tuple[date, ...], ...] | None
"""The day of service of every code, or the days of each code where the lines differ; None where none is readable."""


class Found(NamedTuple):
    """A fault among a claim's codes, before it becomes a Hit. ``at`` and ``related`` index ``claim.diagnoses``."""

    at: int
    values: Mapping[str, str]
    related: tuple[int, ...] = ()
    severity: Severity | None = None
    on: date | None = None


class Pair(NamedTuple):
    """Two codes (indices) that an Excludes1 note sets apart, with every note that does, strongest first."""

    first: int
    second: int
    notes: tuple[Excludes, ...]
    contradicted: bool
    """An Excludes2 note, as close to the codes, lets the same pair stand (M50.1 about M54.13)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is wrong with a list of codes. A clean list has nothing in any field but, maybe, ``limited``."""

    faults: Mapping[str, tuple[Found | Gap, ...]] = field(default_factory=dict)
    """Edit id to its faults, in the order of the codes."""
    pairs: tuple[Pair, ...] = ()
    limited: tuple[tuple[int, str], ...] = ()
    """Codes (index) that the Medicare Code Editor ties to an age: newborn, pediatric, maternity, adult."""
    usable: frozenset[int] = frozenset()
    """Indices of codes that are ICD-10-CM codes or categories, each code once: the others have no meaning."""


NOTHING = Judged()


def read_codes(claim: Claim, know: Knowledge) -> Judged:
    """The judgement of this claim's codes, made on first call."""
    judged: Judged | None = know.scratch.get(_KEY)
    if judged is None:
        judged = know.scratch[_KEY] = _read(claim, know.icd10cm)
    return judged


def looks(claim: Claim, know: Knowledge) -> Hashable:
    """What the edits on codes see of a claim whose lines lie in one era of the tables: codes, qualifiers, the era; and
    the patient's age and sex where a code is meant for some. Else None."""
    day, last, hi = claim.service_from, claim.service_to, claim.hi
    if day is None or last is None or hi is None:
        return None
    era = know.icd10cm.era(day)
    if last is not day and know.icd10cm.era(last) != era:
        return None
    key = (era, claim.delimiters.component, *hi.elements)
    limited = _limited.get(key)
    if limited is None:
        if not know.icd10cm.covers(day):
            return None
        if len(_limited) > 20_000:
            _limited.clear()
        limited = _limited[key] = bool(read_codes(claim, know).limited)
    if not limited:
        return key
    patient = claim.patient
    birth = patient.birth if patient is not None else None
    return (key, age(birth, day) if birth is not None else None, patient.sex if patient is not None else "")


by_codes = alike(looks)
"""For a check that sees the codes and the day's era; of the patient age and sex, where a code is meant for some."""

_limited: dict[Hashable, bool] = {}
"""The codes of an era, and whether any of them is meant for an age or sex."""


def age(birth: date, day: date) -> int:
    """Completed years on a day; negative before birth."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _read(claim: Claim, table: Icd10cm) -> Judged:
    diagnoses = claim.diagnoses
    if not diagnoses:
        return NOTHING
    day: date | None = None
    for line in claim.lines:
        first = line.first
        if first is not None and first != day:
            if day is not None:
                return judge_codes(table, *_columns(claim), _days(claim), claim.service_from or day)
            day = first
    day = day or claim.service_from
    return judge_codes(table, *_columns(claim), day, day)


def _columns(claim: Claim) -> tuple[tuple[str, ...], tuple[str, ...]]:
    diagnoses = claim.diagnoses
    return tuple([d.code for d in diagnoses]), tuple([d.qualifier for d in diagnoses])


def _days(claim: Claim) -> tuple[tuple[date, ...], ...]:
    """For each code the days of the lines that point to it, else the claim's first day."""
    usual = (claim.service_from,) if claim.service_from else tuple(claim.days())[:1]
    days: list[tuple[date, ...]] = []
    for diagnosis in claim.diagnoses:
        own = {line.first for line in claim.lines if line.first and diagnosis.position in line.pointers}
        days.append(tuple(sorted(own)) or usual)
    return tuple(days)


@lru_cache(maxsize=8_192)
def judge_codes(
    table: Icd10cm, codes: tuple[str, ...], qualifiers: tuple[str, ...], days: Days, claim_day: date | None
) -> Judged:
    """Judge codes by value; ``claim_day`` is the day whose notes answer for pairs. Codes are without the dot."""
    faults: dict[str, list[Found | Gap]] = {}
    limited: list[tuple[int, str]] = []
    usable: dict[str, int] = {}
    seen: dict[str, int] = {}
    wrong_set = False
    for index, code in enumerate(codes):
        own: tuple[date, ...]
        own = days[index] if isinstance(days, tuple) else (days,) if days else ()
        icd9 = qualifiers[index] in ICD9_QUALIFIERS
        if not code:
            continue
        if code in seen:
            faults.setdefault("DX-07", []).append(Found(index, {"code": dotted(code)}, (seen[code],)))
            continue
        seen[code] = index
        odd = next((day for day in own if (day < ICD10_START) != icd9), None)
        if odd is not None:
            if not wrong_set:
                faults.setdefault("DX-04", []).append(Found(index, _wrong_set(qualifiers[index], odd), (), None, odd))
            wrong_set = True
            continue
        if icd9:
            if "DX-02" not in faults:
                faults["DX-02"] = [Gap("ICD-9-CM codes cannot be checked: the tables hold ICD-10-CM only")]
            continue
        if _judge_code(table, code, index, own, faults):
            usable[code] = index
            if own:
                limited.extend((index, limit) for limit in AGE_LIMITS if table.has(code, limit, own[0]))
    pairs: tuple[Pair, ...] = ()
    if claim_day is not None and claim_day >= ICD10_START and not table.covers(claim_day):
        if len(seen) > 1:
            faults.setdefault("DX-E1", []).append(Gap(f"no tabular list for services of {claim_day} is at hand"))
    elif claim_day is not None and claim_day >= ICD10_START and len(usable) > 1:
        pairs = tuple(_pairs(table, usable, claim_day))
        if unlisted := newer_than_notes(table, usable, claim_day):
            faults.setdefault("DX-E1", []).append(Gap(unlisted))
    if len(usable) > 1:
        excluded = {frozenset((pair.first, pair.second)) for pair in pairs}
        for found in _unspecified(table, usable):
            if frozenset((found.at, *found.related)) not in excluded:
                faults.setdefault("DX-0D", []).append(found)
    if not (faults or pairs or limited):
        return Judged(usable=frozenset(usable.values()))
    return Judged({k: tuple(v) for k, v in faults.items()}, pairs, tuple(limited), frozenset(usable.values()))


def newer_than_notes(table: Icd10cm, codes: Iterable[str], day: date) -> str:
    """Why the notes at hand say nothing of some of these codes: their category is newer than the list. Else ``""``.

    Of such a category only the chapter is known (J4B, K6A and QA1 came with FY2027), so that its own notes, and those
    of its block, could not be looked up.
    """
    edition = table.edition(day)
    if day <= edition.to:
        return ""
    known = (CodeStatus.BILLABLE, CodeStatus.CATEGORY)
    new = [head for head in dict.fromkeys(code[:3] for code in codes) if table.status(head, edition.to) not in known]
    if not new:
        return ""
    return f"category {join(new)} is newer than the tabular list at hand ({edition.name}), which holds no note of it"


def _wrong_set(qualifier: str, day: date) -> dict[str, str]:
    if qualifier in ICD9_QUALIFIERS:
        return {"qualifier": qualifier, "written": "ICD-9-CM", "due": "ICD-10-CM", "day": str(day)}
    return {"qualifier": qualifier, "written": "ICD-10-CM", "due": "ICD-9-CM", "day": str(day), "case": "icd9-due"}


def _judge_code(
    table: Icd10cm, code: str, index: int, days: Sequence[date], faults: dict[str, list[Found | Gap]]
) -> bool:
    """Judge one code by itself, adding to ``faults``; whether it means something, so that pairs make sense."""
    if not days:
        if not any(isinstance(found, Gap) for found in faults.get("DX-02", ())):
            faults.setdefault("DX-02", []).append(Gap("no readable date of service says which code set is in force"))
        return False
    known = True
    for day in days:
        status = table.status(code, day)
        if status is CodeStatus.BILLABLE:
            continue
        if status is CodeStatus.UNCHECKED:
            faults.setdefault("DX-02", []).append(Gap(_uncovered(table, day)))
            return False
        edit, values = explain_code(table, code, day, status)
        if index == 0:
            values["case"] = "first-listed"
        faults.setdefault(edit, []).append(Found(index, values, (), None, day))
        # A header (M50.12) still says which condition is meant; a code that does not exist says nothing.
        known = status is CodeStatus.CATEGORY and edit == "DX-01"
        break
    if table.has(code, "manifestation", days[0]):
        faults.setdefault("DX-09", []).append(Found(index, {"code": dotted(code), "title": table.title(code) or ""}))
    if index == 0 and table.has(code, "ecodepdx", days[0]):
        values = {"code": dotted(code), "title": table.title(code) or ""}
        faults.setdefault("DX-08", []).append(Found(index, values))
    return known


def _uncovered(table: Icd10cm, day: date) -> str:
    if day > table.last:
        return f"the ICD-10-CM code set at hand ends on {table.last}: codes of {day} were not checked"
    return f"no ICD-10-CM code set at hand covers {day}: its codes were not checked"


def _pairs(table: Icd10cm, usable: dict[str, int], day: date) -> Iterator[Pair]:
    codes = tuple(usable)
    notes: dict[tuple[int, int], list[Excludes]] = {}
    for i, j, note in table.excludes1_among(codes, day):
        notes.setdefault((i, j), []).append(note)
    for (i, j), several in notes.items():
        # A chapter's or block's Excludes2 is too wide to take back what a category says.
        allowed = any(
            note.level not in (Level.CHAPTER, Level.BLOCK) for note in table.excludes2(codes[i], codes[j], day)
        )
        yield Pair(usable[codes[i]], usable[codes[j]], tuple(several), allowed)


def _unspecified(table: Icd10cm, usable: dict[str, int]) -> Iterator[Found]:
    """Unspecified codes beside specific ones of their family (DX-0D)."""
    heads = [code[:3] for code in usable]
    for code, head in zip(usable, heads, strict=True):
        if heads.count(head) > 1 and (other := find_specific(table, code, usable)):
            values = {"code": dotted(code), "title": table.title(code) or ""}
            values |= {"other": dotted(other), "other_title": table.title(other) or ""}
            yield Found(usable[code], values, (usable[other],))


def report(claim: Claim, know: Knowledge, edit: str) -> Sequence[Hit | Gap]:
    """What the judgement holds for one edit, as Hits at the claim's own places."""
    judged: Judged | None = know.scratch.get(_KEY)  # A dozen edits ask: spare them a call.
    found = (judged or read_codes(claim, know)).faults.get(edit)
    if not found:
        return ()
    return [f if isinstance(f, Gap) else to_hit(claim, f) for f in found]


def to_hit(claim: Claim, found: Found) -> Hit:
    """A Found at its place in this claim."""
    diagnoses = claim.diagnoses
    return Hit(
        diagnoses[found.at].place,
        dict(found.values),
        tuple(diagnoses[i].place for i in found.related),
        found.severity,
        found.on,
    )


@lru_cache(maxsize=1_024)
def _bounds(stems: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((low, high or low) for low, _, high in (stem.partition("-") for stem in stems))


def among(code: str, stems: Sequence[str]) -> bool:
    """Whether a code starts with a stem, or lies in a range of stems of one length (``M50-M54``, ``62320-62327``)."""
    return any(low <= code[: len(low)] <= high for low, high in _bounds(tuple(stems)))


def listed(codes: Sequence[str]) -> str:
    """Codes with their dots, for a message: ``M50.120, M50.121 and M50.122``."""
    return join([dotted(code) for code in codes])


def join(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
