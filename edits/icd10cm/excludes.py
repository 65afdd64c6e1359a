"""Codes that do not go together: the Excludes1 notes (DX-E1 and its named cases) and advice about pairs beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.claims.model import Claim, Diagnosis
from scrubber.finding import Severity
from scrubber.tables.icd10cm import Excludes, Icd10cm, dotted

from .reading import Pair, among, by_codes, join, listed, read_codes, report

_KEY = "icd10cm pairs"


class _Case(NamedTuple):
    """A pair under the edit that reports it: the finding stands at ``at`` and names ``other``."""

    pair: Pair
    at: int
    other: int


def _cases(claim: Claim, know: Knowledge) -> Mapping[str, list[_Case]]:
    """The claim's Excludes1 pairs by the edit that speaks of them."""
    sorted_: dict[str, list[_Case]] | None = know.scratch.get(_KEY)
    if sorted_ is None:
        sorted_ = know.scratch[_KEY] = {}
        rows = know.code_lists["pair-cases"].values()
        for pair in read_codes(claim, know).pairs:
            edit, case = _sort(claim, pair, rows)
            sorted_.setdefault(edit, []).append(case)
    return sorted_


def _sort(claim: Claim, pair: Pair, rows: Iterable[Mapping[str, Any]]) -> tuple[str, _Case]:
    a, b = claim.diagnoses[pair.first].code, claim.diagnoses[pair.second].code
    for row in rows:
        at, other = row["at"], row["other"]
        if a.startswith(at) and b.startswith(other):
            return row["edit"], _Case(pair, pair.first, pair.second)
        if b.startswith(at) and a.startswith(other):
            return row["edit"], _Case(pair, pair.second, pair.first)
    return "DX-E1", _Case(pair, pair.second, pair.first)


def _edition(note: Excludes, claim: Claim, table: Icd10cm) -> str:
    day = claim.service_from
    name = f"the {note.edition} tabular list"
    if not note.stand_in or day is None:
        return name
    if day < table.edition(day).start:
        return f"{name}, the oldest at hand, which stands in for services of {day}"
    return f"{name}, the newest at hand: it stands in for the list of {day}, whose notes could not be checked"


def _place_of(note: Excludes) -> str:
    return note.node if " " in note.node else dotted(note.node)


def _named_case(claim: Claim, know: Knowledge, edit: str) -> Sequence[Hit]:
    """The pairs of one named edit: one finding for each code to look at, naming all that it conflicts with."""
    if not read_codes(claim, know).pairs:
        return ()
    cases = _cases(claim, know).get(edit, [])
    diagnoses, table = claim.diagnoses, know.icd10cm
    hits: list[Hit] = []
    for at in dict.fromkeys(case.at for case in cases):
        mine = [case for case in cases if case.at == at]
        # A certain pair rejects and is quoted, whatever doubtful pair stands beside it.
        sure = [case for case in mine if case.pair.notes[0].doubt is None and not case.pair.contradicted]
        pair = (sure or mine)[0].pair
        note = pair.notes[0]
        others = [diagnoses[case.other] for case in mine]
        values = {
            "code": dotted(diagnoses[at].code),
            "title": table.title(diagnoses[at].code) or "",
            "others": listed([other.code for other in others]),
            "note": note.text,
            "node": _place_of(note),
            "edition": _edition(note, claim, table),
            "doubt": _doubt(pair),
        }
        related = tuple(other.place for other in others)
        hits.append(Hit(diagnoses[at].place, values, related, None if sure else Severity.WARNING))
    return hits


def _doubt(pair: Pair) -> str:
    """A sentence on why the note may not hold here, with a blank before it; empty where nothing speaks against it."""
    if pair.contradicted:
        return " The list contradicts itself here: an Excludes2 note lets the same pair stand."
    reasons = {
        "nos": " The note means the unspecified condition only.",
        "wide": " The note covers a whole block or chapter and may not mean these two.",
        "sequela": " One of them is the late effect of an injury, which is reported with the condition it left behind.",
        "apart": " Their titles name different sides or sites, so they are probably unrelated.",
    }
    doubt = pair.notes[0].doubt
    return reasons[doubt] if doubt else ""


@by_codes
def cervicalgia_with_disc(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-10: M54.2 with any M50.- code."""
    return _named_case(claim, know, "DX-10")


@by_codes
def radiculopathy_with_cause(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-11: M54.1- with a code that already says radiculopathy (M50.1-, M51.1-, M47.2-), or with M79.2."""
    return _named_case(claim, know, "DX-11")


@by_codes
def pain_with_psychogenic_pain(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-17: F45.41 with M54.- or G89.-."""
    return _named_case(claim, know, "DX-17")


@by_codes
def pain_unspecified_with_pain(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-18: R52 with M54.- or G89.-."""
    return _named_case(claim, know, "DX-18")


@by_codes
def chronic_pain_twice(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-19: G89.2- with G89.0, G89.3 or G89.4."""
    return _named_case(claim, know, "DX-19")


@by_codes
def excluded_pair(claim: Claim, know: Knowledge) -> Iterator[Hit | Gap]:
    """DX-E1: every other pair that an Excludes1 note sets apart.

    Reject where a note at category level or below names the code; warning where it names only the unspecified
    condition (NOS), stands at a block or chapter, where the titles put the two in different places, or where the
    notes at hand were made for another time.
    """
    judged = read_codes(claim, know)
    for gap in judged.faults.get("DX-E1", ()):
        if isinstance(gap, Gap):
            yield gap
    if not judged.pairs:
        return
    told: dict[tuple[int, str, str], list[tuple[_Case, Excludes, bool]]] = {}
    for case in _cases(claim, know).get("DX-E1", ()):
        note, certain = _weigh(case.pair, claim, know.icd10cm)
        told.setdefault((case.at, note.node, note.text), []).append((case, note, certain))
    diagnoses, table = claim.diagnoses, know.icd10cm
    for (at, _, _), several in told.items():
        case, note, certain = next((one for one in several if one[2]), several[0])
        doubt = "" if certain else _doubt(case.pair)
        if not certain and not doubt and note.wording == "nos":
            doubt = " The note speaks of the unspecified condition."
        others = [diagnoses[case.other] for case, _, _ in several]
        named = [f"{dotted(other.code)} ({table.title(other.code) or 'no title at hand'})" for other in others]
        values = {
            "code": dotted(diagnoses[at].code),
            "title": table.title(diagnoses[at].code) or "",
            "others": join(named),
            "note": note.text,
            "node": _place_of(note),
            "edition": _edition(note, claim, table),
            "doubt": doubt,
        }
        related = tuple(other.place for other in others)
        yield Hit(diagnoses[at].place, values, related, None if certain else Severity.WARNING)


def _weigh(pair: Pair, claim: Claim, table: Icd10cm) -> tuple[Excludes, bool]:
    """The note to quote for a pair, and whether it is certain."""
    sure = [note for note in pair.notes if note.doubt is None and note.wording != "nos"]
    note = sure[0] if sure else pair.notes[0]
    day = claim.service_from
    outdated = note.stand_in and day is not None and (table.edition(day).start - day).days > 366
    return note, bool(sure) and not pair.contradicted and not outdated


# Advice beside the notes: pairs that no Excludes1 note names.


def _of(claim: Claim, stems: Sequence[str]) -> list[Diagnosis]:
    found: dict[str, Diagnosis] = {}
    for diagnosis in claim.diagnoses:
        if diagnosis.code not in found and among(diagnosis.code, stems):
            found[diagnosis.code] = diagnosis
    return list(found.values())


def _advise(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """One finding where a code of ``params.codes`` stands beside one of ``params.others``."""
    at, others = _of(claim, know.params["codes"]), _of(claim, know.params["others"])
    if not at or not others:
        return ()
    values = {"code": dotted(at[0].code), "others": listed([d.code for d in others])}
    return (Hit(at[0].place, values, tuple(d.place for d in others)),)


@by_codes
def radiculopathy_beside_disc(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-12: M54.12 with a cervical disc code that does not say radiculopathy."""
    return _advise(claim, know)


@by_codes
def cervicalgia_with_radiculopathy(claim: Claim, know: Knowledge) -> Sequence[Hit]:
    """DX-13: M54.2 with M54.12, allowed."""
    return _advise(claim, know)


@by_codes
def radiculopathy_denied(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-15: M54.1x with M47.81x of the same region, whose title says there is no radiculopathy.

    Both subcategories number the regions of the spine alike in their last character.
    """
    for root in _of(claim, know.params["radiculopathy"]):
        for without in _of(claim, know.params["without"]):
            if without.code[-1] == root.code[-1]:
                better = dotted(know.params["instead"] + root.code[-1])
                values = {"code": dotted(root.code), "other": dotted(without.code), "instead": better}
                yield Hit(without.place, values, (root.place,))


@by_codes
def spine_with_injury(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    """DX-14: a dorsopathy (M50-M54) beside a current injury of the same part of the spine.

    The note is in words only ("current injury - see injury of spine by body region"): ``params.injuries`` says which
    codes are meant, ``params.weaker`` which of them are muscles and only worth a remark.
    """
    table, params = know.icd10cm, know.params
    stems = (*params["injuries"], *params["weaker"])
    injuries = [d for d in _of(claim, stems) if _is_current(d.code, table)]
    if not injuries:
        return
    excluded = {
        frozenset((claim.diagnoses[pair.first].code, claim.diagnoses[pair.second].code))
        for pair in read_codes(claim, know).pairs
    }
    for spine in _of(claim, params["codes"]):
        meant = [
            injury
            for injury in injuries
            if not table.apart(spine.code, injury.code) and frozenset((spine.code, injury.code)) not in excluded
        ]
        if meant:
            weak = all(among(injury.code, params["weaker"]) for injury in meant)
            values = {"code": dotted(spine.code), "injuries": listed([injury.code for injury in meant])}
            related = tuple(injury.place for injury in meant)
            yield Hit(spine.place, values, related, Severity.INFO if weak else None)


def _is_current(code: str, table: Icd10cm) -> bool:
    rule = table.seventh(code)
    meaning = rule.characters.get(code[6:7], "") if rule and len(code) == 7 else ""
    return bool(meaning) and not meaning.startswith("sequela")


@by_codes
def unspecified_beside_specific(claim: Claim, know: Knowledge) -> Sequence[Hit | Gap]:
    """DX-0D: an "unspecified" code beside a code that says it more exactly."""
    return report(claim, know, "DX-0D")
