"""Edits on the claim itself, beyond their examples: both sides of each rule, and where its finding stands."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from claim_edits import found, ids, judged, message, only, statuses
from hypothesis import given
from hypothesis import strategies as st

from scrubber.catalogue.examples import base_folder
from scrubber.catalogue.load import shipped_folder
from scrubber.finding import Severity


@pytest.mark.parametrize("base", sorted(path.stem for path in base_folder().glob("*.837")))
def test_base_claims_are_clean(base: str) -> None:
    assert ids(base) == []


# CLM-01: NPI ------------------------------------------------------------------------------------------------------

PROVIDERS = {
    "2310A": ("2310B.NM1", "NM1*DN*1*AMBROSE*HUGO****XX*{npi}", "before"),
    "2310C": ("2310B.PRV", "NM1*77*2*ALDER STREET CLINIC*****XX*{npi}", ""),
    "2310D": ("2310B.PRV", "NM1*DQ*1*AMBROSE*HUGO****XX*{npi}", ""),
    "2420A": ("2400[1].REF(6R)", "NM1*82*1*AMBROSE*HUGO****XX*{npi}", ""),
    "2420C": ("2400[1].REF(6R)", "NM1*77*2*ALDER STREET CLINIC*****XX*{npi}", ""),
    "2420D": ("2400[1].REF(6R)", "NM1*DQ*1*AMBROSE*HUGO****XX*{npi}", ""),
    "2420E": ("2400[1].REF(6R)", "NM1*DK*1*AMBROSE*HUGO****XX*{npi}", ""),
    "2420F": ("2400[1].REF(6R)", "NM1*DN*1*AMBROSE*HUGO****XX*{npi}", ""),
}
ENTITIES = {
    "2310A": "DN", "2310C": "77", "2310D": "DQ",
    "2420A": "82", "2420C": "77", "2420D": "DQ", "2420E": "DK", "2420F": "DN",
}  # fmt: skip


def with_provider(loop: str, npi: str) -> dict[str, object]:
    after, segment, before = PROVIDERS[loop]
    if before:  # The referring provider stands first.
        after = "2300.HI"
    added = [{"after": after, "segment": segment.format(npi=npi)}]
    if loop == "2420F":  # It differs from the claim's, so there is one.
        added.append({"after": "2300.HI", "segment": "NM1*DN*1*AMBROSE*HUGO****XX*2990001028"})
    if loop in ("2310C", "2420C"):
        added += [
            {"after": f"{loop}.NM1", "segment": "N3*9 ALDER STREET"},
            {"after": f"{loop}.N3", "segment": "N4*SPRINGFIELD*IL*627014410"},
        ]
    return {"add": added}


@pytest.mark.parametrize("loop", PROVIDERS)
def test_npi_of_every_provider(loop: str) -> None:
    assert ids(**with_provider(loop, "1234567893")) == []
    finding = only(**with_provider(loop, "1234567890"))
    assert (finding.edit, finding.where.loop, finding.where.element) == ("CLM-01", loop, "NM109")
    assert statuses(finding) == [f"A7:562:{ENTITIES[loop]}"]
    assert finding.where.line == (1 if loop.startswith("24") else None)
    assert "fails its check digit" in message(finding)


def test_npi_of_the_billing_provider_stands_above_the_claim_and_is_told_once() -> None:
    claims = judged("batch", set={"2010AA.NM109": "1234567890"})
    assert len([c for c in claims if c.claim]) > 2
    told = [f for c in claims for f in c.findings if f.edit == "CLM-01"]
    assert len(told) == 1
    assert told[0].where.loop == "2010AA"
    assert told[0].where.claim is None
    assert statuses(told[0]) == ["A7:562:85"]


@pytest.mark.parametrize(
    ("npi", "fault"),
    [
        ("123456789", "is not ten digits long"),
        ("12345678930", "is not ten digits long"),
        ("123456789A", "holds something other than digits"),
        ("1234567839", "fails its check digit"),
        ("3234567899", "begins with neither 1 nor 2"),
    ],
)
def test_npi_says_what_is_wrong(npi: str, fault: str) -> None:
    finding = only(set={"2310B.NM109": npi})
    assert message(finding) == f"Rendering provider NPI {npi} {fault}."


def test_other_provider_ids_are_no_npi() -> None:
    changes = {"replace": [{"old": "NM1*82*1*HOLLOWAY*MARIT****XX*2990001028", "new": "NM1*82*1*HOLLOWAY*MARIT"}]}
    assert ids(**changes) == []


def luhn(digits: str) -> bool:
    """The check by the textbook, beside the edit's shorter way."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


@given(st.from_regex(r"[12][0-9]{9}", fullmatch=True))
def test_npi_check_digit_agrees_with_the_textbook(npi: str) -> None:
    from scrubber.edits.tr3.claim_checks import npi_fault

    assert (npi_fault(npi, "12") == "") == luhn("80840" + npi)


# CLM-02 and CLM-03: charges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "first", "second", "expected"),
    [
        ("150", "100", "50", []),
        ("150.00", "100.", "50.0", []),
        ("150", "100", "60", ["CLM-02"]),
        ("0.3", "0.1", "0.2", []),
        ("150.01", "100", "50", ["CLM-02"]),
        ("149.999", "100", "49.999", []),
        ("0", "0", "0", ["CLM-03"]),
        ("50", "100", "-50", ["CLM-03"]),
        ("-50", "-100", "50", ["CLM-03", "CLM-03"]),
        ("50", "0", "50", []),
    ],
)
def test_charges(total: str, first: str, second: str, expected: list[str]) -> None:
    changes = {"2300.CLM02": total, "2400[1].SV102": first, "2400[2].SV102": second}
    assert sorted(ids(set=changes)) == expected


def test_balance_names_the_difference_and_the_lines() -> None:
    finding = only(set={"2300.CLM02": "1245.00"})
    assert message(finding) == ("The claim charges 1245.00, but its 2 service lines add up to 245.00: 1000.00 apart.")
    assert [place.element for place in finding.related] == ["SV102", "SV102"]
    assert statuses(finding) == ["A7:400", "A7:178"]


def test_a_charge_that_cannot_be_read_leaves_the_balance_alone() -> None:
    assert ids(set={"2400[1].SV102": "1S0"}) == []


def test_an_encounter_may_total_zero() -> None:
    zero = {"2300.CLM02": "0", "2400.SV102": "0"}
    assert ids(set=zero | {"ST_LOOP.BHT06": "RP"}) == []
    assert statuses(only(set=zero)) == ["A7:402", "A7:178"]


def test_a_negative_line_has_its_own_status() -> None:
    finding = only(set={"2300.CLM02": "50", "2400[1].SV102": "100", "2400[2].SV102": "-50"})
    assert (finding.where.line, statuses(finding)) == (2, ["A7:693", "A7:583"])
    assert message(finding) == "Charge -50.00 of the line is negative."


@given(st.lists(st.integers(0, 10**7), min_size=2, max_size=2))
def test_cents_add_up_exactly(cents: list[int]) -> None:
    first, second = (Decimal(c) / 100 for c in cents)
    changes = {"2300.CLM02": str(first + second), "2400[1].SV102": str(first), "2400[2].SV102": str(second)}
    assert "CLM-02" not in ids(set=changes)


# CLM-04 to CLM-06: dates of service -------------------------------------------------------------------------------


def test_service_on_the_day_of_receipt_is_not_in_the_future() -> None:
    assert ids(received=date(2026, 9, 15)) == []
    early = found(received=date(2026, 9, 14))
    assert [f.edit for f in early] == ["CLM-04", "CLM-04"]
    assert statuses(early[0]) == ["A7:510", "A7:187"]


def test_a_span_that_ends_in_the_future() -> None:
    finding = only(set={"2400[2].DTP(472)02": "RD8", "2400[2].DTP(472)03": "20260915-20260930"})
    assert (finding.edit, finding.where.line) == ("CLM-04", 2)


@pytest.mark.parametrize(("birth", "expected"), [("20260915", []), ("20260916", ["CLM-05"])])
def test_service_from_the_day_of_birth(birth: str, expected: list[str]) -> None:
    assert ids("newborn", set={"2010CA.DMG02": birth}) == expected


@pytest.mark.parametrize(
    ("base", "after", "segment"),
    [
        ("office", "2000B.SBR", "PAT*****D8*{day}"),
        ("dependent", "", ""),
    ],
)
def test_service_to_the_day_of_death(base: str, after: str, segment: str) -> None:
    def dead(day: str) -> dict[str, object]:
        if after:
            return {"add": [{"after": after, "segment": segment.format(day=day)}]}
        return {"set": {"2000C.PAT05": "D8", "2000C.PAT06": day}}

    assert ids(base, **dead("20260915")) == []
    finding = only(base, **dead("20260914"))
    assert finding.edit == "CLM-05"
    assert statuses(finding) == ["A8:187", "A8:159:QC"]
    assert finding.where.loop == "2400"  # Told of the claim, not of all claims of the patient.
    assert message(finding) == "Service date 2026-09-15 lies after the patient's date of death, 2026-09-14."
    assert finding.related[0].element == "PAT06"


def test_a_birth_after_every_line_is_one_finding() -> None:
    finding = only(set={"2010BA.DMG02": "20260916"})
    assert statuses(finding) == ["A8:187", "A8:158:QC"]
    assert [place.element for place in finding.related] == ["DMG02", "DTP03"]


def test_reversed_span_is_not_also_something_else() -> None:
    assert ids(set={"2400[1].DTP(472)02": "RD8", "2400[1].DTP(472)03": "20260915-20260901"}) == ["CLM-06"]


def test_dates_that_do_not_exist_are_the_readers() -> None:
    assert ids(set={"2400[1].DTP(472)03": "20261332"}) == []


# CLM-08: units ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "procedure", "severity"),
    [
        ("1", "99213", None),
        ("12", "99213", None),
        ("1.000", "99213", None),
        ("0", "99213", Severity.REJECT),
        ("-1", "99213", Severity.REJECT),
        ("1.5", "99213", Severity.WARNING),
        ("1.5", "A0425", None),
        ("1.125", "J1100", None),
        ("1.1254", "J1100", Severity.REJECT),
        ("1.1250", "J1100", None),
    ],
)
def test_units(units: str, procedure: str, severity: Severity | None) -> None:
    findings = found(set={"2400[2].SV104": units, "2400[2].SV101-2": procedure})
    assert [(f.edit, f.severity) for f in findings] == ([("CLM-08", severity)] if severity else [])


def test_anesthesia_minutes_are_not_counted_in_units() -> None:
    lines = {"2400[2].SV101": "HC:00600:AA:P2", "2400[2].SV103": "MJ", "2400[2].SV104": "45.5"}
    assert ids(set=lines) == []


# CLM-12 and CLM-13: frequency -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["2", "3", "4", "6", "9", "A"])
def test_frequency_codes_of_hospitals(code: str) -> None:
    finding = only(set={"2300.CLM05-3": code})
    assert (finding.edit, finding.where.element, statuses(finding)) == ("CLM-12", "CLM05-3", ["A7:535"])


@pytest.mark.parametrize("code", ["7", "8"])
def test_a_correction_names_the_claim_it_corrects(code: str) -> None:
    assert ids("replacement", set={"2300.CLM05-3": code}) == []
    finding = only(set={"2300.CLM05-3": code})
    assert (finding.edit, finding.severity, finding.where.element) == ("CLM-13", Severity.REJECT, "CLM05-3")
    assert statuses(finding) == ["A6:464"]


def test_an_original_with_a_payer_claim_number_is_a_warning() -> None:
    finding = only("replacement", set={"2300.CLM05-3": "1"})
    assert (finding.edit, finding.severity, finding.where.element) == ("CLM-13", Severity.WARNING, "REF02")


# CLM-15 and CLM-16: subscriber and patient ------------------------------------------------------------------------


def test_neither_subscriber_nor_patient() -> None:
    finding = only(set={"2000B.SBR02": ""})
    assert (finding.edit, finding.where.loop, finding.where.claim) == ("CLM-15", "2000B", None)
    assert statuses(finding) == ["A7:156"]


def test_both_subscriber_and_patient() -> None:
    finding = only("dependent", set={"2000B.SBR02": "18"})
    assert finding.edit == "CLM-15"
    assert [place.loop for place in finding.related] == ["2000C"]


MEDICARE_CHILD = {"2000B.SBR09": "MB", "2000B.SBR03": "", "2010BA.NM109": "1EG4TE5MK73"}


@pytest.mark.parametrize("filing", ["MA", "MB"])
def test_medicare_has_no_dependents(filing: str) -> None:
    finding = only("dependent", set=MEDICARE_CHILD | {"2000B.SBR09": filing})
    assert (finding.edit, finding.where.loop) == ("CLM-16", "2000C")


def test_one_finding_where_medicare_has_both_patients() -> None:
    assert ids("dependent", set=MEDICARE_CHILD | {"2000B.SBR02": "18"}) == ["CLM-15"]


# CLM-17: order of payers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "other", "where"),
    [
        ("S", "P", None),
        ("P", "S", None),
        ("T", "P", None),
        ("U", "U", None),
        ("U", "S", None),
        ("P", "P", "2320"),
        ("S", "S", "2320"),
        ("S", "T", "2300"),
    ],
)
def test_order_of_payers(own: str, other: str, where: str | None) -> None:
    findings = found("secondary", set={"2000B.SBR01": own, "2320.SBR01": other})
    assert [(f.edit, f.where.loop) for f in findings] == ([("CLM-17", where)] if where else [])


def test_a_secondary_claim_without_its_primary_payer() -> None:
    finding = only(set={"2000B.SBR01": "S"})
    assert (finding.edit, finding.where.claim, statuses(finding)) == ("CLM-17", "OFFICE-1001", ["A7:742"])
    assert [place.element for place in finding.related] == ["SBR01"]


# CLM-23 and CLM-24: addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "street",
    ["PO BOX 12", "P.O. BOX 12", "P O BOX 12", "POBOX 12", "Post Office Box 12", "LOCK BOX 9", "LOCKBOX 9", "PMB 140",
     "410 ALDER STREET PMB 140", "P.O.Box 12"],
)  # fmt: skip
def test_boxes_are_no_street(street: str) -> None:
    finding = only(set={"2010AA.N301": street})
    assert (finding.edit, finding.where.loop, statuses(finding)) == ("CLM-23", "2010AA", ["A7:503:85"])


@pytest.mark.parametrize(
    "street",
    [
        "100 MAIN ST",
        "12 BOXWOOD ROAD",
        "7 POST OAK LANE",
        "RR 2",
        "1 PO RIVER DRIVE",
        "5 LOCKHART BLVD",
        "500 LOCKBOX STREET",
        "100 POBOX RD",
    ],
)
def test_streets_that_look_like_boxes(street: str) -> None:
    assert ids(set={"2010AA.N301": street}) == []


def test_a_box_in_the_second_address_line() -> None:
    finding = only(set={"2010AA.N302": "PO BOX 12"})
    assert (finding.edit, finding.where.element) == ("CLM-23", "N302")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"2010AA.N403": "62701"}, "A7:500:85"),
        ({"2010AA.N403": "627014410", "2010AA.N404": "US"}, None),
        ({"2010AA.N403": "62701", "2010AA.N404": "US"}, "A7:500:85"),
        ({"2010AA.N403": "62701-4410"}, "A7:500:85"),
        ({"2010AA.N403": ""}, "A6:500:85"),
        ({"2010AA.N402": "PR", "2010AA.N403": "00901"}, "A7:500:85"),
        ({"2010AA.N402": "ON", "2010AA.N403": "K1A0B1", "2010AA.N404": "CA"}, None),
        ({"2010AA.N402": "QC", "2010AA.N403": "H2Y1C6"}, None),
        ({"2010AA.N402": "", "2010AA.N403": "44100", "2010AA.N404": "MX"}, "A7:500:85"),
        ({"2010AA.N402": "", "2010AA.N403": "", "2010AA.N404": "MX"}, None),
        ({"2010AA.N402": "", "2010AA.N403": "009010000", "2010AA.N404": "PR"}, None),
        ({"2010BA.N403": "62703"}, None),
    ],
)
def test_zip_codes(changes: Mapping[str, str], status: str | None) -> None:
    findings = found(set=changes)
    assert [(f.edit, *statuses(f)) for f in findings] == ([("CLM-24", status)] if status else [])


def test_a_hyphenated_zip_code_is_put_right_safely() -> None:
    finding = only(set={"2010AA.N403": "62701-4410"})
    assert finding.fix is not None
    assert finding.fix.safe
    assert dict(finding.fix.changes) == {"2010AA.N403": "627014410"}


@pytest.mark.parametrize(("loop", "next_line"), [("2310C", "LX*1"), ("2420C", "LX*2")])
def test_zip_code_of_the_service_facility(loop: str, next_line: str) -> None:
    whole = f"N4*SPRINGFIELD*IL*627014410~\n{next_line}~"
    short = f"N4*SPRINGFIELD*IL*62701~\n{next_line}~"
    changes = with_provider(loop, "1234567893")
    assert ids(**changes) == []
    finding = only(**changes, replace=[{"old": whole, "new": short}])
    assert (finding.edit, finding.where.loop, statuses(finding)) == ("CLM-24", loop, ["A7:500:77"])


# CLM-27: Medicare numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("1EG4TE5MK73", True),
        ("9AA0AA0AA00", True),
        ("1EG4-TE5-MK73", False),
        ("1SG4TE5MK73", False),
        ("0EG4TE5MK73", False),
        ("1EG4TE5MK7", False),
        ("1EG4TE5MK733", False),
        ("1E14TE5MK73", True),
        ("1EGATE5MK73", False),
        ("123456789A", False),
        ("1eg4te5mk73", False),
    ],
)
def test_medicare_numbers(number: str, valid: bool) -> None:
    assert ids("medicare-em", set={"2010BA.NM109": number}) == ([] if valid else ["CLM-27"])
    assert ids("office", set={"2010BA.NM109": number}) == []


# CLM-29: accidents ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("causes", "dated", "expected"),
    [
        ("AA:::TX", True, []),
        ("AA:::TX", False, [("reject", "A6:727")]),
        ("AA", True, [("reject", "A6:750")]),
        ("AA", False, [("reject", "A6:727"), ("reject", "A6:750")]),
        ("AA::::MX", True, []),
        ("AA::::US", True, [("reject", "A6:750")]),
        ("OA", True, []),
        ("OA", False, [("reject", "A6:727")]),
        ("EM", True, []),
        ("EM", False, [("warning", "A6:727")]),
        ("EM:AA::IL", False, [("reject", "A6:727")]),
    ],
)
def test_accidents(causes: str, dated: bool, expected: list[tuple[str, str]]) -> None:
    findings = found("auto", set={"2300.CLM11": causes}, remove=[] if dated else ["2300.DTP(439)"])
    assert {f.edit for f in findings} <= {"CLM-29"}
    assert [(f.severity.value, *statuses(f)) for f in findings] == expected


# CLM-37: names of organisations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "status"), [("NM104", "A8:505:85"), ("NM105", "A8:514:85"), ("NM107", "A8:125:85")]
)
def test_organisations_have_one_name(element: str, status: str) -> None:
    finding = only(set={f"2010AA.{element}": "JR"})
    assert (finding.edit, finding.where.element, statuses(finding)) == ("CLM-37", element, [status])


def test_an_employer_as_subscriber_with_a_first_name() -> None:
    finding = only("workcomp", set={"2010BA.NM104": "SILAS"})
    assert (finding.edit, finding.where.loop, statuses(finding)) == ("CLM-37", "2010BA", ["A8:505:IL"])
    assert message(finding).startswith("The subscriber is sent as an organisation")


def test_a_name_with_several_parts_is_one_finding() -> None:
    finding = only(set={"2310B.NM102": "2", "2310B.NM105": "T", "2310B.NM107": "MD"})
    assert statuses(finding) == ["A8:505:82"]


# Broken claims ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["office", "dependent", "secondary", "auto", "medicare-em", "replacement"])
@pytest.mark.parametrize(
    "removed",
    ["2010AA", "2000B.SBR", "2010BA", "2010BA.DMG", "2010BB", "2010AA.N3", "2010AA.N4", "2310B", "2300.HI",
     "2400[1].SV1", "2400[1].DTP(472)", "2400", "ST_LOOP.BHT"],
)  # fmt: skip
def test_no_check_raises_on_what_is_missing(base: str, removed: str) -> None:
    if removed == "2010BA.DMG" and base == "dependent":
        removed = "2010CA.DMG"
    judged(base, remove=[removed])  # The engine is strict: a check that raises fails the test.


# The documents ----------------------------------------------------------------------------------------------------


def test_the_guide_for_contributors_shows_an_edit_as_it_is() -> None:
    guide = (shipped_folder().parent / "CONTRIBUTING.md").read_text("utf-8")
    shown = guide.split("```toml\n", 1)[1].split("```", 1)[0]
    packed = (shipped_folder() / "tr3" / "claim.toml").read_text("utf-8")
    assert tomllib.loads(shown)["edit"][0] in tomllib.loads(packed)["edit"]
