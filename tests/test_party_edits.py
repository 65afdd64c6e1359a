"""CLM-18, 19, 22, 25, 26 and 28: how payers stand to each other, and what providers are told by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from claim_edits import found, ids, judged, only, statuses

from scrubber.finding import Finding, Severity
from scrubber.tables.dated import Edition, RowsInMemory
from scrubber.tables.kinds import KINDS
from scrubber.tables.taxonomy import TaxonomyTable

REJECT, WARNING, INFO = Severity.REJECT, Severity.WARNING, Severity.INFO
MBI = {"2010BA.NM109": "1EG4TE5MK73", "2000B.SBR03": ""}


def told(edit: str, base: str = "office", **changes: Any) -> list[Finding]:
    return [f for f in found(base, **changes) if f.edit == edit]


def is_open(edit: str, base: str = "office", **changes: Any) -> bool:
    """Whether an edit could not be checked."""
    return any(gap.edit == edit for claim in judged(base, **changes) for gap in claim.unchecked)


@pytest.mark.parametrize(
    ("turn", "kind", "filing", "expected"),
    [
        ("P", "", "MB", None),
        ("P", "12", "MB", ("first", REJECT)),
        ("P", "47", "CI", ("first", REJECT)),
        ("S", "12", "MB", None),
        ("S", "", "MB", ("missing", REJECT)),
        ("T", "", "MA", ("missing", REJECT)),
        ("U", "", "MB", None),
        ("S", "", "CI", None),
        ("S", "14", "CI", ("other", WARNING)),
        ("S", "14", "16", None),
    ],
)
def test_insurance_type(turn: str, kind: str, filing: str, expected: tuple[str, Severity] | None) -> None:
    other = "S" if turn == "P" else "P"
    changes = MBI | {"2000B.SBR01": turn, "2000B.SBR05": kind, "2000B.SBR09": filing, "2320.SBR01": other}
    findings = told("CLM-18", "secondary", set=changes)
    assert [(f.values["case"], f.severity) for f in findings] == ([expected] if expected else [])
    if expected:
        assert (findings[0].where.loop, findings[0].where.element) == ("2000B", "SBR05")
        assert statuses(findings[0]) == ["A6:578" if expected[0] == "missing" else "A7:578"]


def test_insurance_type_of_another_payer() -> None:
    finding = only("secondary", set={"2320.SBR05": "12"})
    assert (finding.edit, finding.where.loop, finding.where.claim) == ("CLM-18", "2320", "SECOND-1012")


def test_a_filing_code_is_there() -> None:
    finding = only(set={"2000B.SBR09": ""})
    assert (finding.edit, finding.severity, statuses(finding)) == ("CLM-19", WARNING, ["A6:480"])
    assert only("secondary", set={"2320.SBR09": ""}).where.loop == "2320"


def test_medicare_by_code_and_another_payer_by_id() -> None:
    from claim_edits import RECEIVED, catalogue
    from judging import judge

    from scrubber.catalogue.engine import Engine
    from scrubber.catalogue.examples import read_base
    from scrubber.config import Config

    def said(payer: str) -> list[str]:
        engine = Engine(catalogue(), received=RECEIVED, config=Config(payers={"MEDB1": payer}), strict=True)
        return [f.edit for claim in judge(read_base("medicare-em"), engine) for f in claim.findings]

    assert said("commercial") == ["CLM-19"]
    assert said("medicare") == []


@pytest.mark.parametrize(
    ("code", "valid"),
    [("207X00000X", True), ("2251X0800X", True), ("207X00000", False), ("207X00000Y", False), ("207x00000X", False),
     ("207X0000-X", False), ("207X000000X", False)],
)  # fmt: skip
def test_form_of_a_taxonomy_code(code: str, valid: bool) -> None:
    for at, loop, entity in (("2000A.PRV03", "2000A", "85"), ("2310B.PRV03", "2310B", "82")):
        findings = told("CLM-22", set={at: code})
        assert [(f.where.loop, *statuses(f)) for f in findings] == ([] if valid else [(loop, f"A7:145:{entity}")])


def test_the_taxonomy_of_a_line() -> None:
    line = [
        {"after": "2400[1].REF(6R)", "segment": "NM1*82*1*AMBROSE*HUGO****XX*2990002026"},
        {"after": "2420A.NM1", "segment": "PRV*PE*PXC*207Q"},
    ]
    finding = only(add=line)
    assert (finding.edit, finding.where.loop, finding.where.line) == ("CLM-22", "2420A", 1)


def test_medicaid_sorts_by_taxonomy() -> None:
    finding = only("medicaid", remove=["2000A.PRV"])
    assert (finding.edit, finding.severity, statuses(finding)) == ("CLM-22", WARNING, ["A6:145:85"])
    assert ids("office", remove=["2000A.PRV"]) == []


def taxonomies(to: date | None = None) -> TaxonomyTable:
    kind = KINDS["taxonomy"]
    rows = {"207X00000X": ("", ""), "207Q00000X": ("", "2026-06-30"), "208D00000X": ("2026-09-16", "")}
    held = {}
    for code, (first, last) in rows.items():
        row = dict.fromkeys(kind.columns, "") | {"code": code, "effective": first, "last": last}
        held[(code,)] = [tuple(row[column] for column in kind.columns)]
    return TaxonomyTable(RowsInMemory(Edition("taxonomy", "v26.0", date(2026, 4, 1), to), held))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("207X00000X", None),
        ("208D00000X", None),
        ("207Q00000X", ("inactive", WARNING)),
        ("299X99999X", ("unlisted", REJECT)),
    ],
)
def test_a_loaded_list_of_taxonomy_codes(code: str, expected: tuple[str, Severity] | None) -> None:
    findings = told("CLM-22", set={"2000A.PRV03": code}, tables={"taxonomy": taxonomies()})
    assert [(f.values["case"], f.severity) for f in findings] == ([expected] if expected else [])


@pytest.mark.parametrize("loaded", [True, False])
def test_without_a_list_of_the_day_a_taxonomy_code_is_not_checked(loaded: bool) -> None:
    tables = {"taxonomy": taxonomies(to=date(2026, 9, 15))} if loaded else {}
    assert told("CLM-22", set={"2000A.PRV03": "299X99999X"}, tables=tables) == []
    assert is_open("CLM-22", set={"2000A.PRV03": "299X99999X"}, tables=tables)
    assert not is_open("CLM-22", remove=["2000A.PRV", "2310B.PRV"], tables=tables)
    assert not is_open("CLM-22", tables={"taxonomy": taxonomies()})


@pytest.mark.parametrize(
    ("number", "valid"),
    [("2175550110", True), ("1175550110", False), ("0175550110", False), ("2171550110", False), ("2170550110", False),
     ("217555011", False), ("21755501100", False), ("217-555-0110", False), ("8005550110", True)],
)  # fmt: skip
def test_telephone_numbers(number: str, valid: bool) -> None:
    findings = told("CLM-25", set={"2010AA.PER04": number})
    assert [(f.severity, *statuses(f)) for f in findings] == ([] if valid else [(WARNING, "A7:127:85")])


def test_telephones_abroad_and_other_means_are_not_judged() -> None:
    abroad = {"2010AA.PER04": "49301234567", "2010AA.N402": "", "2010AA.N403": "10115", "2010AA.N404": "DE"}
    assert told("CLM-25", set=abroad) == []
    assert told("CLM-25", set={"2010AA.PER03": "EM", "2010AA.PER04": "OFFICE@EXAMPLE.ORG"}) == []
    assert told("CLM-25", set={"2010AA.PER05": "EX", "2010AA.PER06": "12"}) == []


@pytest.mark.parametrize(
    ("number", "fault", "corrected"),
    [("890010101", False, None), ("89-0010101", True, "890010101"), ("89001010", True, None), ("89001010A", True, None),
     ("8900101011", True, None)],
)  # fmt: skip
def test_tax_numbers(number: str, fault: bool, corrected: str | None) -> None:
    findings = told("CLM-26", set={"2010AA.REF(EI)02": number})
    assert [(f.severity, *statuses(f)) for f in findings] == ([(REJECT, "A7:128:85")] if fault else [])
    for finding in findings:
        change: Mapping[str, str] | None = finding.fix.changes if finding.fix else None
        assert change == ({"2010AA.REF(EI)02": corrected} if corrected else None)


def test_a_social_security_number() -> None:
    added = [{"after": "2010BA.DMG", "segment": "REF*SY*899-11-2222"}]
    finding = only(add=added)
    assert (finding.edit, finding.where.loop, statuses(finding)) == ("CLM-26", "2010BA", ["A7:148:IL"])


def test_faults_of_the_billing_provider_are_told_once() -> None:
    claims = judged("batch", set={"2010AA.REF(EI)02": "89-0010101", "2010AA.PER04": "1"})
    edits = [f.edit for claim in claims for f in claim.findings if f.edit in ("CLM-25", "CLM-26")]
    assert sorted(edits) == ["CLM-25", "CLM-26"]


def test_whom_you_may_send_for() -> None:
    assert told("CLM-28") == []
    assert told("CLM-28", params={"CLM-28": {"enrolled": ["2990001010"]}}) == []
    finding = only(params={"CLM-28": {"enrolled": ["2990002018"]}})
    assert (finding.edit, finding.severity, statuses(finding)) == ("CLM-28", INFO, ["A8:496:85"])
