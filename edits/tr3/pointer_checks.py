"""Diagnosis pointers (SV107) against the diagnoses of HI: PTR-02, PTR-05, PTR-06, PTR-07, PTR-09, PTR-10.

What the guide itself says of HI and SV107 (required, 1 to 12, four at most) is found by the reader: PTR-01, PTR-03,
PTR-04 and PTR-08 are its findings under their own ids. Here only readable pointers are judged.

A claim's pointers are judged once for all edits, and remembered by value: practices repeat a few patterns.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from scrubber.catalogue.check import Hit, Knowledge, alike
from scrubber.claims.model import Claim, Diagnosis
from scrubber.tables.icd10cm import Icd10cm, dotted

_KEY = "tr3.pointers"


class _Fault(NamedTuple):
    """A fault of one line: index of the line, component of SV107 (from 1), the pointer concerned."""

    line: int
    component: int
    pointer: str


class _Judged(NamedTuple):
    """What is wrong with the pointers of a claim's lines; all empty where nothing is."""

    beyond: tuple[_Fault, ...] = ()
    repeated: tuple[_Fault, ...] = ()
    gaps: tuple[_Fault, ...] = ()
    unused: tuple[int, ...] = ()
    """Positions in HI that no line points to."""


_CLEAN = _Judged()


def _pointers(claim: Claim, know: Knowledge) -> _Judged:
    judged: _Judged | None = know.scratch.get(_KEY)
    if judged is None:
        positions = tuple([d.position for d in claim.diagnoses])
        judged = _judge(positions, tuple([line.written_pointers for line in claim.lines])) if positions else _CLEAN
        know.scratch[_KEY] = judged
    return judged


@lru_cache(maxsize=4_096)
def _judge(positions: tuple[int, ...], lines: tuple[tuple[str, ...], ...]) -> _Judged:
    last = positions[-1]
    beyond: list[_Fault] = []
    repeated: list[_Fault] = []
    gaps: list[_Fault] = []
    used: set[int] = set()
    for index, written in enumerate(lines):
        seen: set[int] = set()
        empty = 0
        # A fifth pointer is one too many for the guide, whatever it points to.
        for component, text in enumerate(written[:4], 1):
            if not text:
                empty = empty or component
                continue
            if empty > 1:  # A missing first pointer is the guide's own fault: PTR-03.
                gaps.append(_Fault(index, empty, text))
            empty = -1 if empty else 0
            pointer = int(text) if text.isascii() and text.isdigit() else 0
            if not 1 <= pointer <= 12:
                continue  # No pointer at all: PTR-04.
            if pointer > last:
                beyond.append(_Fault(index, component, text))
            elif pointer in seen:
                repeated.append(_Fault(index, component, text))
            seen.add(pointer)
        used |= seen
    # Where a line points nowhere, the missing pointers are the fault.
    unused = tuple(position for position in positions if position not in used) if used and all(lines) else ()
    if not (beyond or repeated or gaps or unused):
        return _CLEAN
    return _Judged(tuple(beyond), tuple(repeated), tuple(gaps), unused)


def _hits(claim: Claim, faults: Iterable[_Fault]) -> Iterator[Hit]:
    for fault in faults:
        line = claim.lines[fault.line]
        values = {
            "line": str(line.number),
            "pointer": fault.pointer,
            "component": f"SV107-{fault.component}",
            "count": str(len(claim.diagnoses)),
        }
        yield Hit(line.at(7, fault.component), values)


def _looks(claim: Claim, know: Knowledge) -> Hashable:
    diagnoses = claim.diagnoses
    if not diagnoses or diagnoses[-1].position != len(diagnoses):
        return None
    return (len(diagnoses), *[line.written_pointers for line in claim.lines])


by_pattern = alike(_looks)
"""For a check that sees which diagnoses there are and which each line points to, and nothing else of a claim."""


@by_pattern
def diagnosis_gap(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """PTR-02: HI has an empty element before a filled one."""
    diagnoses = claim.diagnoses
    if not diagnoses or diagnoses[-1].position == len(diagnoses):
        return ()
    for expected, diagnosis in enumerate(diagnoses, 1):
        if diagnosis.position != expected:
            segment = diagnosis.segment
            if segment.get(expected):
                return ()  # Something stands there that is no diagnosis: PTR-01.
            values = {"empty": f"HI{expected:02d}", "filled": f"HI{diagnosis.position:02d}"}
            return (Hit(segment.at(expected), values, (diagnosis.place,)),)
    return ()


@by_pattern
def pointer_beyond_diagnoses(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """PTR-05: a pointer names a diagnosis that the claim does not have."""
    faults = _pointers(claim, know).beyond
    return _hits(claim, faults) if faults else ()


@by_pattern
def pointer_repeated(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """PTR-06: a line points to the same diagnosis twice."""
    faults = _pointers(claim, know).repeated
    return _hits(claim, faults) if faults else ()


@by_pattern
def pointer_gap(claim: Claim, know: Knowledge) -> Iterable[Hit]:
    """PTR-07: an empty pointer stands before a filled one."""
    faults = _pointers(claim, know).gaps
    return _hits(claim, faults) if faults else ()


@by_pattern
def diagnosis_without_pointer(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """PTR-09: diagnoses that no line points to; one remark a claim."""
    unused = _pointers(claim, know).unused
    if not unused:
        return ()
    idle = [d for d in claim.diagnoses if d.position in unused]
    values = {"codes": ", ".join(dotted(d.code) for d in idle)}
    return (Hit(idle[0].place, values, tuple(d.place for d in idle[1:])),)


def first_pointer_unfit(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """PTR-10: a line points first to a code that gives no reason for a service.

    Silent where an external cause or manifestation stands first on the claim: there DX-08 and DX-09 speak of it.
    """
    hits: list[Hit] = []
    fit: Diagnosis | None = None
    for line in claim.lines:
        diagnoses = line.diagnoses
        if not diagnoses or diagnoses[0] is fit:
            continue
        first = diagnoses[0]
        if not _may_be_unfit(know.icd10cm, first.code):
            fit = first
            continue
        day = line.first or claim.service_from
        kind = _kind(know.icd10cm, first.code, day) if day else ""
        if not kind:
            continue
        if kind == "status":
            if not _is_history(first.code, know.params["history"]):
                continue
            if line.procedure in know.params["history_is_reason"]:
                continue
            kind = "a history code"
        elif first.position == 1:
            continue
        values = {"line": str(line.number), "code": dotted(first.code), "kind": kind}
        hits.append(Hit(line.at(7, 1), values, (first.place,)))
    return hits


@lru_cache(maxsize=8_192)
def _may_be_unfit(table: Icd10cm, code: str) -> bool:
    """Whether a code is, on some day, one that PTR-10 looks at: the quick no."""
    return code.startswith("Z") or any(w.attributes & {"ecodepdx", "manifestation"} for w in table.windows(code))


def _kind(table: Icd10cm, code: str, day: date) -> str:
    """What keeps a code from being a reason for a service, in words; ``status`` for one that params decide about."""
    if table.has(code, "ecodepdx", day):
        return "an external cause"
    if table.has(code, "manifestation", day):
        return "a manifestation of another disease"
    return "status" if code.startswith("Z") else ""


def _is_history(code: str, stems: Sequence[str]) -> bool:
    for stem in stems:
        low, _, high = stem.partition("-")
        if low <= code[: len(low)] <= (high or low):
            return True
    return False
