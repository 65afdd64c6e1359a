"""CLM-09, 10, 11, 33, 34, 35, 36, 38 and 41: what a line bills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from claim_edits import found, ids, judged, only, statuses

from scrubber.finding import Finding, Severity
from scrubber.tables.dated import Edition, RowsInMemory
from scrubber.tables.hcpcs import HcpcsTable
from scrubber.tables.kinds import KINDS
from scrubber.tables.pfs import FeeSchedule

REJECT, WARNING = Severity.REJECT, Severity.WARNING


def told(edit: str, base: str = "office", **changes: Any) -> list[Finding]:
    return [f for f in found(base, **changes) if f.edit == edit]


def second(code: str, **elements: str) -> dict[str, str]:
    """The second line of a claim bills something else."""
    return {"2400[2].SV101": f"HC:{code}"} | {f"2400[2].{name}": value for name, value in elements.items()}


# CLM-09 and CLM-41: anesthesia ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "basis", "expected"),
    [
        ("00100:AA:P1", "MJ", []),
        ("01999:AA:P1", "MJ", []),
        ("00100:AA:P1", "UN", ["A7:251", "A7:659"]),
        ("01996", "UN", []),
        ("01953", "UN", []),
        ("99213", "MJ", ["A7:659"]),
        ("02000", "MJ", ["A7:659"]),
        ("0100T", "UN", []),
        ("99100", "UN", []),
    ],
)
def test_minutes_are_for_anesthesia(code: str, basis: str, expected: list[str]) -> None:
    findings = told("CLM-09", set=second(code, SV103=basis, SV104="15"))
    assert [status for f in findings for status in statuses(f)] == expected
    assert all(f.severity is REJECT and f.where.element == "SV103" for f in findings)


@pytest.mark.parametrize(
    ("code", "base", "expected"),
    [
        ("00600:QZ:P3", "office", []),
        ("00600:QZ", "office", [("status", WARNING)]),
        ("00600:P3", "office", [("performer", WARNING)]),
        ("00600", "esi", [("performer", WARNING)]),
        ("00600:QK", "esi", []),
        ("01996", "office", []),
    ],
)
def test_anesthesia_says_by_whom(code: str, base: str, expected: list[tuple[str, Severity]]) -> None:
    changes = {"2400[1].SV101": f"HC:{code}", "2400[1].SV103": "MJ", "2400[1].SV104": "30"}
    findings = told("CLM-41", base, set=changes)
    assert [(f.values["case"], f.severity) for f in findings] == expected


# CLM-10: codes by day ---------------------------------------------------------------------------------------------


def hcpcs(*rows: tuple[str, str, str], to: date | None = date(2026, 9, 30)) -> HcpcsTable:
    kind = KINDS["hcpcs"]
    held: dict[tuple[str, ...], Sequence[tuple[str, ...]]] = {}
    for code, added, terminated in rows:
        row = dict.fromkeys(kind.columns, "") | {
            "code": code, "sort": "procedure", "added": added, "terminated": terminated
        }  # fmt: skip
        held[(code,)] = [tuple(row[column] for column in kind.columns)]
    return HcpcsTable(RowsInMemory(Edition("hcpcs", "2026 Q3", date(2026, 7, 1), to, since=date(2020, 1, 1)), held))


def fees(*codes: str, complete: bool = True) -> FeeSchedule:
    columns = KINDS["pfs"].columns
    held = {(code,): [(code, *[""] * (len(columns) - 1))] for code in codes}
    edition = Edition("pfs", "2026 Q3", date(2026, 1, 1), date(2026, 12, 31), complete=complete)
    return FeeSchedule(RowsInMemory(edition, held))


LISTED = (("G0283", "2001-01-01", ""), ("G0282", "2001-01-01", "2026-09-14"), ("G0599", "2026-09-16", ""))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("G0283", None),
        ("G0282", ("date", REJECT)),
        ("G0599", ("date", REJECT)),
        ("G9998", ("unlisted", REJECT)),
        ("72040", None),
        ("72041", ("not-in-schedule", WARNING)),
        ("D0120", None),
        ("W1793", None),
        ("7204", ("form", REJECT)),
        ("720400", ("form", REJECT)),
        ("g0283", ("form", REJECT)),
        ("G02831", ("form", REJECT)),
    ],
)
def test_codes_of_the_day(code: str, expected: tuple[str, Severity] | None) -> None:
    tables = {"hcpcs": hcpcs(*LISTED), "pfs": fees("99213", "72040")}
    findings = told("CLM-10", set=second(code), tables=tables)
    assert [(f.values["case"], f.severity) for f in findings] == ([expected] if expected else [])
    for finding in findings:
        assert (finding.where.element, statuses(finding)) == ("SV101-2", ["A7:507"])


@pytest.mark.parametrize(
    ("code", "day", "wrong"),
    [
        ("G0282", "20260914", False),
        ("G0282", "20260915", True),
        ("G0599", "20260915", True),
        ("G0599", "20260916", False),
    ],
)
def test_the_first_and_the_last_day_of_a_code(code: str, day: str, wrong: bool) -> None:
    changes = second(code) | {"2400[2].DTP(472)03": day}
    tables = {"hcpcs": hcpcs(*LISTED), "pfs": fees("99213", "72040")}
    assert bool(told("CLM-10", set=changes, tables=tables)) is wrong


def gaps(**changes: Any) -> list[str]:
    return [u.reason for claim in judged(**changes) for u in claim.unchecked if u.edit == "CLM-10"]


def test_what_was_not_looked_up_is_said_once_a_claim() -> None:
    said = ["no table of procedure codes covers the date of service"]
    assert gaps() == said
    assert gaps(tables={"pfs": fees("99213", "72040")}) == []
    assert gaps(tables={"pfs": fees("99213", "72040", complete=False)}) == said
    assert gaps(set=second("G0283"), tables={"pfs": fees("99213")}) == said
    assert gaps(set={"2400.SV101": "HC:G0283"}, tables={"hcpcs": hcpcs(*LISTED, to=date(2026, 9, 14))}) == said
    assert gaps(set={"2400.SV101": "HC:G0283"}, tables={"hcpcs": hcpcs(*LISTED)}) == []
    assert gaps(set={"2400.SV101": "HC:D0120"}, tables={"hcpcs": hcpcs(*LISTED), "pfs": fees("99213")}) == said


# CLM-11 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("qualifier", "right"), [("HC", True), ("ER", True), ("IV", True), ("WK", True), ("N4", False)]
)
def test_qualifiers_of_procedures(qualifier: str, right: bool) -> None:
    findings = found(set={"2400[2].SV101-1": qualifier})
    assert [(f.edit, f.where.element, *statuses(f)) for f in findings] == (
        [] if right else [("CLM-11", "SV101-1", "A7:745", "A7:454")]
    )


# CLM-33: laboratories ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "base", "expected"),
    [
        ("85610:QW", "medicare-em", REJECT),
        ("85610", "medicare-em", WARNING),
        ("85610:QW", "medicaid", WARNING),
        ("80047", "medicare-em", WARNING),
        ("89398", "medicare-em", WARNING),
        ("88305:26", "medicare-em", None),
        ("86580", "medicare-em", None),
        ("80046", "medicare-em", None),
        ("90471", "medicare-em", None),
    ],
)
def test_a_laboratory_has_a_number(code: str, base: str, expected: Severity | None) -> None:
    changes = {"2400.SV101": f"HC:{code}"}
    assert [f.severity for f in told("CLM-33", base, set=changes)] == ([expected] if expected else [])
    for after in ("2300.CLM", "2400[1].DTP(472)"):
        number = [{"after": after, "segment": "REF*X4*14D2099999"}]
        assert told("CLM-33", base, set=changes, add=number) == []


@pytest.mark.parametrize("number", ["14D209999", "14D20999990", "14E2099999", "14d2099999", "1AD2099999"])
def test_form_of_a_clia_number(number: str) -> None:
    told_number = [{"after": "2300.CLM", "segment": f"REF*X4*{number}"}]
    findings = told("CLM-33", "medicare-em", set={"2400.SV101": "HC:85610:QW"}, add=told_number)
    assert [(f.severity, *statuses(f)) for f in findings] == [(REJECT, "A7:544")]


# CLM-34: drugs ----------------------------------------------------------------------------------------------------


def given_drug(ndc: str, quantity: str = "1") -> list[dict[str, str]]:
    return [
        {"after": "2400[1].REF(6R)", "segment": f"LIN**N4*{ndc}"},
        {"after": "2410.LIN", "segment": f"CTP****{quantity}*UN"},
    ]


def test_medicaid_wants_the_package() -> None:
    assert [statuses(f) for f in told("CLM-34", "medicaid", set={"2400.SV101": "HC:J3301"})] == [["A6:218"]]
    assert told("CLM-34", "medicaid", set={"2400.SV101": "HC:J3301"}, add=given_drug("00003029305")) == []
    assert told("CLM-34", "office", set={"2400.SV101": "HC:J3301"}) == []
    assert told("CLM-34", "medicaid", set={"2400.SV101": "HC:A4550"}) == []


@pytest.mark.parametrize(
    ("ndc", "right", "corrected"),
    [("00003029305", True, None), ("00003-0293-05", False, "00003029305"), ("0003029305", False, None),
     ("000030293055", False, None), ("0000302930X", False, None)],
)  # fmt: skip
def test_a_drug_has_eleven_digits(ndc: str, right: bool, corrected: str | None) -> None:
    findings = told("CLM-34", add=given_drug(ndc))
    assert [(f.severity, f.where.element) for f in findings] == ([] if right else [(WARNING, "LIN03")])
    for finding in findings:
        assert (finding.fix.changes if finding.fix else None) == ({"2410.LIN03": corrected} if corrected else None)


def test_a_drug_has_a_quantity() -> None:
    assert [f.where.element for f in told("CLM-34", add=given_drug("00003029305", "0"))] == ["CTP04"]


# CLM-35: authorization --------------------------------------------------------------------------------------------


def test_services_that_a_payer_wants_to_authorize() -> None:
    params = {"CLM-35": {"authorization": ["72020-72052"], "referral": ["99213"]}}
    assert told("CLM-35") == []
    findings = told("CLM-35", params=params)
    assert [(f.values["case"], f.where.line, f.severity, *statuses(f)) for f in findings] == [
        ("referral", 1, WARNING, "A6:761:PR"),
        ("authorization", 2, WARNING, "A6:252:PR"),
    ]
    for after in ("2300.CLM", "2400[2].DTP(472)"):
        number = [{"after": after, "segment": "REF*G1*AUTH77"}]
        assert [f.values["case"] for f in told("CLM-35", params=params, add=number)] == ["referral"]


# CLM-36 -----------------------------------------------------------------------------------------------------------

REFERRED = {"after": "2400[1].REF(6R)", "segment": "NM1*DN*1*AMBROSE*HUGO****XX*2990002026"}


def test_a_line_has_a_referring_provider_only_beside_the_claims() -> None:
    again = {**REFERRED, "after": "2400[2].REF(6R)"}
    finding = only(add=[REFERRED, again])
    assert (finding.edit, finding.where.line, [place.line for place in finding.related]) == ("CLM-36", 1, [2])
    assert statuses(finding) == ["A6:562:DN"]
    claims = {"after": "2300.HI", "segment": "NM1*DN*1*PELL*IDA****XX*2990001028"}
    assert ids(add=[REFERRED, claims]) == []


# CLM-38: lines once more ------------------------------------------------------------------------------------------

TWICE = {"2400.SV101": "HC:72040", "2400.SV102": "95", "2400.SV107": "1", "2300.CLM02": "190"}


@pytest.mark.parametrize(
    "changes",
    [
        {"2400[2].SV101": "HC:72050"},
        {"2400[2].SV101": "HC:72040:76"},
        {"2400[2].SV102": "94", "2300.CLM02": "189"},
        {"2400[2].SV104": "2"},
        {"2400[2].DTP(472)03": "20260914"},
        {"2400.SV101": "HC:72040:91"},
    ],
)
def test_lines_that_differ_in_something(changes: dict[str, str]) -> None:
    assert [f.edit for f in told("CLM-38", set=TWICE)] == ["CLM-38"]
    assert told("CLM-38", set=TWICE | changes) == []


def test_lines_of_different_performers_and_drugs() -> None:
    other = {"after": "2400[2].REF(6R)", "segment": "NM1*82*1*OKONJO*DELPHINE****XX*2990002026"}
    assert told("CLM-38", set=TWICE, add=[other]) == []
    drug = [
        {"after": "2400[2].REF(6R)", "segment": "LIN**N4*00003029305"},
        {"after": "2410.LIN", "segment": "CTP****1*UN"},
    ]
    assert told("CLM-38", set=TWICE, add=drug) == []


def test_the_repeat_is_told_at_the_second_line() -> None:
    finding = only(set=TWICE)
    assert (finding.where.line, [place.line for place in finding.related]) == (2, [1])
    assert (finding.severity, statuses(finding)) == (WARNING, ["A7:78"])
