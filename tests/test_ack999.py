"""The 999 and the TA1: which fault is told how, and what happens to the sets and groups around it."""

from __future__ import annotations

import pytest
from ack_events import SetBuilder, find, group, gs, interchange, isa, locate, simple_set, whole_file

from scrubber.finding import Location, Severity
from scrubber.reports import ack999
from scrubber.reports.outbound import Numbers

pytest_plugins = ("ack_writing",)

# The 999 ------------------------------------------------------------------------------------------------------------


def structural(segment, element: str = "", claim: str | None = None, edit: str = "X12-IK4-I9", **values: str):
    """A structural finding; the codes are read off the edit's id."""
    kind, code = edit.split("-")[1:]
    codes = {"ik3": "8", "ik4": code} if kind == "IK4" else {"ik3": code}
    return find(edit, locate(segment, element or None, claim), values={**codes, **values})


def answer_999(write, built: SetBuilder, status: str, *findings, codes=(), **settings) -> list[str]:
    written = write(
        whole_file(interchange(group(built.events(status, *findings, codes=codes), status=status))), **settings
    )
    return written.segments("999")


def test_faults_of_one_segment_share_one_ik3_in_order_of_element(write) -> None:
    built = simple_set(1)
    clm = built.claims[0].claim.clm
    faults = [
        structural(clm, "CLM07", "PCN1", data_element="1359"),
        structural(clm, "CLM02", "PCN1", data_element="782", bad="1,0"),
        structural(clm, "CLM05-3", "PCN1", "X12-IK4-7", data_element="1325", bad="Q"),
    ]
    told = answer_999(write, built, "R", *faults)
    assert told[5:11] == [
        f"IK3*CLM*{clm.ordinal}*2300*8",
        "CTX*CLM01:PCN1",
        "IK4*2*782*I9*1,0",
        "IK4*5:3*1325*7*Q",
        "IK4*7*1359*I9",
        "IK5*R*I5*5",
    ]


def test_each_missing_segment_has_an_ik3_of_its_own_before_what_is_wrong_with_the_next(write) -> None:
    built = simple_set(1)
    clm = built.claims[0].claim.clm
    at = clm.ordinal
    gone = [Location("2300", name, None, "PCN1", None, at, 0, 0) for name in ("HI", "DTP")]
    told = answer_999(
        write, built, "E",
        structural(clm, "CLM02", "PCN1"),
        *(find("X12-IK3-I6", where, values={"ik3": "I6", "trigger": "CLM*20**5:1"}) for where in gone),
    )  # fmt: skip
    assert [s for s in told if s[:3] == "IK3"] == [
        f"IK3*HI*{at}*2300*I6",
        f"IK3*DTP*{at}*2300*I6",
        f"IK3*CLM*{at}*2300*8",
    ]
    assert told[6:8] == ["CTX*SITUATIONAL TRIGGER*CLM*20**5:1", "CTX*CLM01:PCN1"]


def test_an_unknown_segment_is_told_by_ik5_alone(write) -> None:
    built = simple_set(1)
    where = Location("2300", "ZZZ", None, "PCN1", None, 15, 0, 5)
    told = answer_999(write, built, "R", find("X12-IK3-1", where, values={"ik3": "1"}))
    assert told[4:6] == ["AK2*837*0001*005010X222A1", "IK5*R*5"]


@pytest.mark.parametrize(
    ("loop", "cut", "sent"),
    [("2300", True, "2300"), ("2010BA", True, "2010"), ("2010BA", False, ""), ("ST_LOOP", True, "")],
)
def test_a_loop_id_is_four_characters_at_most(write, loop: str, cut: bool, sent: str) -> None:
    built = simple_set(1)
    where = Location(loop, "N4", None, None, None, 12, 0, 0)
    told = answer_999(write, built, "E", find("X12-IK3-I8", where, values={"ik3": "I8"}), cut_loops=cut)
    assert told[5] == f"IK3*N4*12*{sent}*I8"


@pytest.mark.parametrize(
    ("control", "unit"),
    [("A" * 38, ["CTX*CLM01:" + "A" * 35]), ("A:1", []), ("A\xe91", []), ("", []), ("X-1", ["CTX*CLM01:X-1"])],
)
def test_the_business_unit_is_the_claim_if_it_can_be_named(write, control: str, unit: list[str]) -> None:
    built = simple_set(1)
    told = answer_999(write, built, "E", structural(built.claims[0].claim.clm, "CLM02", control))
    assert [s for s in told if s.startswith("CTX")] == unit


def test_bad_data_is_copied_without_delimiters_and_cut_to_99_characters(write) -> None:
    built = simple_set(1)
    bad = "*:~^\x00" + "x" * 150
    told = answer_999(write, built, "R", structural(built.bht, "BHT03", edit="X12-IK4-6", data_element="127", bad=bad))
    assert "IK4*3*127*6*" + "x" * 99 in told


def test_a_repeated_element_is_pointed_to_by_its_repetition(write) -> None:
    built = simple_set(1)
    where = locate(built.claims[0].claim.hi, "HI01-2", "PCN1")
    where = Location(where.loop, where.segment, where.element, where.claim, None, where.ordinal, 0, 0, repeat=3)
    told = answer_999(write, built, "E", find("X12-IK4-I9", where, values={"ik3": "8", "ik4": "I9"}))
    assert "IK4*1:2:3**I9" in told


def test_a_warning_is_on_no_acknowledgement(write) -> None:
    built = simple_set(1)
    clm = built.claims[0].claim.clm
    soft = find("X12-IK4-I9", locate(clm, "CLM02"), Severity.WARNING, {"ik3": "8", "ik4": "I9"})
    told = answer_999(write, built, "A", soft, find("W-01", locate(clm), Severity.INFO))
    assert told[4:7] == ["AK2*837*0001*005010X222A1", "IK5*A", "AK9*A*1*1*1"]


def test_what_stands_again_under_a_claim_is_told_once(write) -> None:
    built = simple_set(0)
    provider = built.provider()
    subscriber = built.subscriber(provider)
    fault = structural(provider.nm1, "NM109", data_element="67")
    again = find(fault.edit, fault.where, values=fault.values, inherited=True)
    for number in (1, 2):
        built.judge(built.claim(provider, subscriber, f"PCN{number}"), again, provider_rejected=True, syntax=True)
    written = write(whole_file(interchange(group(built.events("E", fault), status="E"))))
    assert len(written.segments("999", "IK4")) == 1
    assert written.segments("277ca", "STC")[1:] == ["STC*A3:684**U*300"]


def test_listing_ends_at_a_limit_and_says_so(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ack999, "MOST_FAULTS", 3)
    built = SetBuilder()
    provider = built.provider()
    subscriber = built.subscriber(provider)
    for number in range(5):
        claim = built.claim(provider, subscriber, f"PCN{number}")
        built.judge(claim, structural(claim.clm, "CLM02", claim.id), syntax=True)
    above = structural(built.bht, "BHT03", edit="X12-IK4-5")
    written = write(whole_file(interchange(group(built.events("R", above), status="R"))))
    told = written.segments("999")
    assert next(s for s in told if s.startswith("IK3")).startswith("IK3*BHT*2*"), "what stands above comes first"
    assert sum(s.startswith("IK3") for s in told) == 3
    assert "IK5*R*I5*5" in told
    assert "3 further errors are not listed." in written["999.txt"]


def test_a_refused_group_takes_its_sets_with_it(write) -> None:
    good = simple_set(2).events()
    where = Location(None, "GE", "GE01", None, None, 0, 0, 0)
    fault = find("X12-AK9-5", where, values={"detail": "GE01 says 3"})
    events = whole_file(interchange(group(good, status="R", declared="3", codes=("5",), findings=(fault,))))
    written = write(events)
    assert written.segments("999")[5:7] == ["IK5*R", "AK9*R*3*1*0*5"]
    assert set(written) == {"999", "999.txt"}
    assert "GE01 says 3" in written["999.txt"]
    assert (written.acks.told.claims, written.acks.untold.claims) == (0, 2)


def test_a_set_that_cannot_be_named_has_no_ak2_and_refuses_its_group(write) -> None:
    unnamed = simple_set(1, "01")
    written = write(whole_file(interchange(group(unnamed.events("R"), simple_set(1, "0002").events(), status="P"))))
    assert written.segments("999", "AK2") == ["AK2*837*0002*005010X222A1"]
    assert written.segments("999", "AK9") == ["AK9*R*2*2*0*5"]


def test_st03_is_echoed_even_where_it_is_not_supported(write) -> None:
    built = simple_set(1)
    built.st = ["ST", "837", "0001", "005010X888"]
    told = answer_999(write, built, "R", codes=("I6",))
    assert told[4:6] == ["AK2*837*0001*005010X888", "IK5*R*I6"]


def test_group_numbers_that_cannot_be_echoed_have_a_fallback(write) -> None:
    events = list(whole_file(interchange(group(simple_set(1).events(), declared="many"))))
    events[2].gs = [*gs()[:6], "A16", "X", ""]
    written = write(events)
    assert written.segments("999", "AK1") == ["AK1*HC*0*UNKNOWN"]
    assert written.segments("999", "AK9") == ["AK9*A*1*1*1"]


def test_a_999_is_not_answered(write) -> None:
    events = list(whole_file(interchange(group(simple_set(1).events()))))
    events[2].gs = ["GS", "FA", *gs()[2:]]
    assert "999" not in write(events)


# TA1 ----------------------------------------------------------------------------------------------------------------


def test_a_refused_interchange_gets_a_ta1_and_nothing_else(write) -> None:
    fault = find(
        "X12-TA1-006", Location(None, "ISA", "ISA06", None, None, 0, 0, 106), values={"detail": "ISA06 is empty"}
    )
    events = whole_file(interchange(group(simple_set(3).events()), status="R", note="006", findings=(fault,)))
    written = write(events)
    assert set(written) == {"ta1", "ta1.txt"}
    assert written.segments("ta1")[1:] == ["TA1*000000116*260916*0830*R*006", "IEA*0*000000001"]
    assert "ISA06 is empty" in written["ta1.txt"]
    assert written.acks.numbers == Numbers(2, 1, 1)
    assert written.acks.untold.claims == 3


@pytest.mark.parametrize("status", ["A", "E"])
def test_a_ta1_that_was_asked_for_stands_beside_the_others(write, status: str) -> None:
    note = "000" if status == "A" else "001"
    events = whole_file(interchange(group(simple_set(1).events()), status=status, note=note, due=True))
    written = write(events)
    assert written.segments("ta1", "TA1") == [f"TA1*000000116*260916*0830*{status}*{note}"]
    assert {"999", "277ca"} < set(written)
    assert len({written[n].split("*")[13] for n in ("ta1", "999", "277ca")}) == 3, "no control number is sent twice"


@pytest.mark.parametrize("damage", [(13, "00000011X"), (9, "261399"), (10, "2460"), (10, "")])
def test_a_damaged_header_leaves_only_the_page_for_people(write, damage: tuple[int, str]) -> None:
    header = isa()
    header[damage[0]] = damage[1]
    written = write(whole_file(interchange(status="R", note="018", header=header)))
    assert set(written) == {"ta1.txt"}
    assert "No TA1 could be written" in written["ta1.txt"]


def test_each_interchange_is_answered_by_one_of_its_own(write) -> None:
    header = isa("000000117")
    header[6], header[5] = "OTHER          ", "30"
    events = whole_file(
        interchange(group(simple_set(1).events())),
        interchange(group(simple_set(2).events(), control="9"), control="000000117", header=header),
        interchange(group(simple_set(1).events()), status="R", note="024", control="000000118"),
    )
    written = write(events)
    for name in ("999", "277ca"):
        assert [s[51:70] for s in written.segments(name, "ISA")] == ["ZZ*CBB0101        *", "30*OTHER          *"]
        assert written.segments(name, "IEA")[0].startswith("IEA*1*")
    assert len(written.segments("ta1", "TA1")) == 1
