"""The 277CA: where each reject stands, what it says, and to whom."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from ack_events import (
    WORDS,
    Code,
    FakeEntry,
    FakeWords,
    SetBuilder,
    find,
    group,
    interchange,
    locate,
    simple_set,
    whole_file,
)
from hypothesis import given
from hypothesis import strategies as st

from scrubber.finding import Location, Severity
from scrubber.reports.outbound import clean, format_amount
from scrubber.reports.vocabulary import read_vocabulary
from scrubber.x12.segments import make_segment

pytest_plugins = ("ack_writing",)


def answer(write, built: SetBuilder, status: str = "A", *findings, **settings) -> list[str]:
    written = write(whole_file(interchange(group(built.events(status, *findings), status=status))), **settings)
    return written.segments("277ca")


def one_claim(write, *edits: tuple[str, str], **made) -> list[str]:
    """Segments of loop 2200D and below for a claim rejected by edits at CLM or at a line (``("DX-01", "CLM")``)."""
    built = SetBuilder()
    provider = built.provider()
    claim = built.claim(provider, built.subscriber(provider), **made)
    places = {"CLM": claim.clm, "HI": claim.hi, **{f"SV1-{line.number}": line.sv1 for line in claim.lines}}
    findings = []
    for edit, place in edits:
        line = int(place[4:]) if place.startswith("SV1") else None
        findings.append(find(edit, locate(places[place], None, claim.id, line)))
    built.judge(claim, *findings)
    told = answer(write, built)
    return told[told.index("TRN*2*PCN1") + 1 : -3]


# Where a reject stands ----------------------------------------------------------------------------------------------


def test_an_accepted_claim(write) -> None:
    assert one_claim(write, trace="T1") == ["STC*A1:20*20261123*WQ*150", "REF*D9*T1", "DTP*472*D8*20260915"]


def test_a_claim_reject_says_one_error_an_stc(write) -> None:
    told = one_claim(write, ("CLM-02", "CLM"), ("DX-01", "HI"), to=date(2026, 9, 20))
    assert told == [
        "STC*A7:400*20261123*U*150******A7:178",
        "STC*A7:255*20261123*U*150******A7:700",
        "DTP*472*RD8*20260915-20260920",
    ]


def test_the_same_error_twice_is_said_once(write) -> None:
    assert one_claim(write, ("DX-01", "HI"), ("DX-01", "HI"))[:-1] == ["STC*A7:255*20261123*U*150******A7:700"]


def test_codes_of_two_categories_become_two_stcs(write) -> None:
    assert one_claim(write, ("MIX-01", "CLM"))[:2] == ["STC*A7:453*20261123*U*150", "STC*A8:454*20261123*U*150"]


def test_a_line_reject_stands_at_the_line_and_the_claim_points_to_it(write) -> None:
    told = one_claim(
        write, ("MOD-05", "SV1-2"), ("MOD-01", "SV1-1"), charges=("150", "95.50"), modifiers=("25", "59"), trace="T1"
    )
    assert told == [
        "STC*A3:247*20261123*U*245.5",
        "REF*D9*T1",
        "DTP*472*D8*20260915",
        "SVC*HC:99213:25:59*150*****1",
        "STC*A8:454**U*******A8:453",
        "REF*FJ*L1",
        "DTP*472*D8*20260915",
        "SVC*HC:99213:25:59*95.5*****1",
        "STC*A7:453**U",
        "REF*FJ*2",
        "DTP*472*D8*20260915",
    ]


def test_a_line_that_cannot_be_named_is_told_at_the_claim(write) -> None:
    assert one_claim(write, ("MOD-05", "SV1-1"), procedures=("*",)) == [
        "STC*A7:453*20261123*U*150",
        "DTP*472*D8*20260915",
    ]


def test_lines_are_found_by_place_for_their_numbers_may_repeat(write) -> None:
    built = SetBuilder()
    provider = built.provider()
    claim = built.claim(provider, built.subscriber(provider), charges=("10", "20", "30"))
    claim.lines[2].number = 1
    built.judge(claim, find("MOD-05", locate(claim.lines[2].sv1, "SV101-3", "PCN1", 1)))
    assert "SVC*HC:99213*30*****1" in answer(write, built)


def test_a_provider_reject_counts_its_claims_and_names_no_patient(write) -> None:
    built = SetBuilder()
    for name, npi, rejected in (
        ("GOOD", "2900010105", False),
        ("BAD", "2990003019", True),
        ("LAST", "2900010105", False),
    ):
        provider = built.provider(name, npi)
        subscriber = built.subscriber(provider)
        fault = find("CLM-01", locate(provider.nm1, "NM109"), values={"value": npi}, inherited=True)
        for number in (1, 2):
            claim = built.claim(provider, subscriber, f"{name}-{number}", ("100.10",))
            built.judge(claim, *([fault] if rejected else []), provider_rejected=rejected)
    written = write(whole_file(interchange(group(built.events()))))
    told = written.segments("277ca")
    assert [s for s in told if s.startswith("HL")] == [
        "HL*1**20*1", "HL*2*1*21*1", "HL*3*2*19*1", "HL*4*3*PT", "HL*5*3*PT", "HL*6*2*19*0", "HL*7*2*19*1",
        "HL*8*7*PT", "HL*9*7*PT",
    ]  # fmt: skip
    at = told.index("HL*6*2*19*0")
    assert told[at + 1 : at + 6] == [
        "NM1*85*2*BAD*****XX*2990003019", "TRN*1*0", "STC*A7:562:85**U*200.2", "QTY*QC*2", "AMT*YY*200.2",
    ]  # fmt: skip
    assert told[13:18] == ["QTY*90*4", "QTY*AA*2", "AMT*YU*400.4", "AMT*YY*200.2", "HL*3*2*19*1"]
    assert "BAD-1, BAD-2" in written["277ca.txt"]


def test_a_batch_reject_stands_at_the_submitter_and_names_nobody(write) -> None:
    built = simple_set(3)
    batch = find("BAT-01", locate(built.submitter))
    written = write(whole_file(interchange(group(built.events("A", batch)))))
    assert written.segments("999", "IK5") == ["IK5*A"]
    assert written.segments("277ca", "HL") == ["HL*1**20*1", "HL*2*1*21*0"]
    assert written.segments("277ca")[12:15] == ["STC*A3:746:41*20261123*U*736.5", "QTY*AA*3", "AMT*YY*736.5"]


def test_a_set_that_business_alone_rejects_is_still_accepted_by_the_999(write) -> None:
    built = simple_set(1)
    batch = find("BAT-01", locate(built.bht))
    events = whole_file(interchange(group(built.events("R", batch), status="R")))
    list_of = list(events)
    list_of[-3 - 1].cause = batch
    written = write(list_of)
    assert written.segments("999")[5:7] == ["IK5*A", "AK9*A*1*1*1"]
    assert written.segments("277ca", "STC") == ["STC*A3:746:41*20261123*U*245.5"]


def test_all_claims_rejected_is_no_batch_reject(write) -> None:
    built = SetBuilder()
    provider = built.provider()
    claim = built.claim(provider, built.subscriber(provider))
    built.judge(claim, find("CLM-02", locate(claim.clm, "CLM02", "PCN1")))
    told = answer(write, built)
    assert "STC*A1:19:AY*20261123*WQ*150" in told
    assert "HL*2*1*21*1" in told


def test_a_reject_of_the_subscriber_is_one_of_each_claim_under_it(write) -> None:
    built = SetBuilder()
    provider = built.provider()
    subscriber = built.subscriber(provider)
    fault = find("CLM-27", locate(subscriber.person.nm1, "NM109"), inherited=True)
    for number in (1, 2):
        built.judge(built.claim(provider, subscriber, f"PCN{number}"), fault)
    assert [s for s in answer(write, built) if s.startswith("STC*A7")] == ["STC*A7:164:IL*20261123*U*150"] * 2


def test_a_claim_lost_to_the_999_carries_684_and_its_business_codes(write) -> None:
    built = SetBuilder()
    provider = built.provider()
    claim = built.claim(provider, built.subscriber(provider))
    syntax = find("X12-IK4-I9", locate(claim.lines[0].sv1, "SV107-1", "PCN1", 1), values={"ik3": "8", "ik4": "I9"})
    built.judge(claim, find("DX-01", locate(claim.hi, "HI01-2", "PCN1")), syntax, syntax=True)
    told = answer(write, built, "E")
    assert [s for s in told if s.startswith("STC*A")][1:] == [
        "STC*A7:255*20261123*U*150******A7:700",
        "STC*A3:684*20261123*U*150",
    ]
    assert not [s for s in told if s.startswith("SVC")], "the 999 tells of the line"


def test_a_crashed_edit_is_told_without_a_code_of_its_own(write) -> None:
    words = FakeWords({"SYS-01": FakeEntry("edit-crashed", "999")})
    built = SetBuilder()
    provider = built.provider()
    claim = built.claim(provider, built.subscriber(provider))
    built.judge(claim, find("SYS-01", locate(claim.clm)), find("NEW-01", locate(claim.clm)))
    written = write(whole_file(interchange(group(built.events()))), words)
    assert written.segments("277ca", "STC")[1:] == ["STC*A3:0*20261123*U*150"]
    assert written.segments("999", "IK3") == []


def test_entities_that_a_level_does_not_take_are_left_out(write) -> None:
    words = FakeWords({"E-1": FakeEntry("wrong", "277CA", (Code("A7", "562", "DN"),))})
    built = SetBuilder()
    provider = built.provider()
    fault = find("E-1", locate(provider.nm1), inherited=True)
    built.judge(built.claim(provider, built.subscriber(provider)), fault, provider_rejected=True)
    written = write(whole_file(interchange(group(built.events()))), words)
    assert "STC*A7:562**U*150" in written.segments("277ca")


def test_the_message_goes_along_as_text_only_where_asked_for(write) -> None:
    built = SetBuilder()
    provider = built.provider()
    claim = built.claim(provider, built.subscriber(provider))
    built.judge(claim, find("DX-01", locate(claim.hi)))
    assert "STC*A7:255*20261123*U*150******A7:700**A fault was found." in answer(write, built, stc12=True)


# Who speaks to whom -------------------------------------------------------------------------------------------------


def test_the_header_says_who_when_and_about_what(write) -> None:
    told = answer(write, simple_set(1), name="Prairie: Clearing*house", id="PRCH01", qualifier="PI", entity="PR")
    assert told[2:13] == [
        "ST*277*0001*005010X214",
        "BHT*0085*08*000000002-0001*20261123*0756*TH",
        "HL*1**20*1",
        "NM1*PR*2*Prairie Clearinghouse*****PI*PRCH01",
        "TRN*1*000000002-0001",
        "DTP*050*D8*20261122",
        "DTP*009*D8*20261123",
        "HL*2*1*21*1",
        "NM1*41*2*CEDAR BRIDGE BILLING*****46*CBB0101",
        "TRN*2*BATCH1",
        "STC*A1:19:PR*20261123*WQ*245.5",
    ]


def test_ids_may_be_given_instead_of_taken_from_the_file(write) -> None:
    written = write(whole_file(interchange(group(simple_set(1).events()))), sender="MY-ID", receiver="YOUR-ID")
    assert written.segments("277ca", "GS") == ["GS*HN*MY-ID*YOUR-ID*20261123*0756*1*X*005010X214"]
    assert written.segments("277ca", "ISA")[0][32:69] == "ZZ*MY-ID          *ZZ*YOUR-ID        "


def test_what_the_file_does_not_give_has_a_fallback(write) -> None:
    built = SetBuilder()
    built.submitter = make_segment(["NM1", "41", "9"], 3, 300)
    built.bht = None
    provider = built.provider("", "", tax="")
    subscriber = built.subscriber(provider, "*", "")
    claim = built.claim(provider, subscriber, "", charges=())
    claim.charge = None
    built.judge(claim)
    orphan = built.claim(None, None, "NOBODY")
    built.judge(orphan)
    told = answer(write, built)
    for segment in (
        "NM1*41*2*UNKNOWN*****46*CBB0101",
        "TRN*2*0",
        "NM1*85*2*UNKNOWN*****FI*UNKNOWN",
        "NM1*QC*1*UNKNOWN*****MI*UNKNOWN",
        "STC*A1:20*20261123*WQ*0",
    ):
        assert segment in told


def test_a_provider_without_npi_is_called_by_its_tax_id(write) -> None:
    built = SetBuilder()
    provider = built.provider(npi="", tax="890010101")
    built.judge(built.claim(provider, built.subscriber(provider)))
    assert "NM1*85*2*CEDAR BRIDGE SPINE CENTER*****FI*890010101" in answer(write, built)


def test_data_of_the_file_is_cleaned_and_cut(write) -> None:
    built = SetBuilder()
    provider = built.provider("Ca\xf1ada: ^Clinic~\x1b[31m" + "N" * 80)
    subscriber = built.subscriber(provider, "O'BRIEN^X:Y~*M\xc9LANIE*\x00", "A:1^2~")
    built.judge(built.claim(provider, subscriber, "PCN:1^" + "9" * 60, trace="T" * 70))
    told = answer(write, built)
    assert "NM1*85*2*" + ("Canada Clinic[31m" + "N" * 80)[:60] + "*****XX*2900010105" in told
    assert "NM1*QC*1*O'BRIENXY*MELANIE****MI*A12" in told
    assert "TRN*2*" + ("PCN1" + "9" * 60)[:50] in told
    assert "REF*D9*" + "T" * 50 in told


def test_the_page_holds_no_control_characters(write) -> None:
    built = SetBuilder()
    provider = built.provider("EVIL\x1b[2J\u202e")
    fault = find("CLM-01", locate(provider.nm1), values={"value": "\x1b[2J\u202e\r\n"}, inherited=True)
    built.judge(built.claim(provider, built.subscriber(provider)), fault, provider_rejected=True)
    page = write(whole_file(interchange(group(built.events()))))["277ca.txt"]
    assert all(c.isprintable() for c in page.replace("\n", ""))


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        ("0.00", 18, "0"), ("100", 18, "100"), ("95.50", 18, "95.5"), ("-0.10", 18, "-0.1"), ("1E+3", 18, "1000"),
        ("1.234567890123456789", 18, "1.23"), ("9" * 30, 18, "9" * 18), ("NaN", 18, "0"),
        ("1.0049999999999999", 15, "1"), ("99999999999999999.99", 18, "100000000000000000"),
    ],
)  # fmt: skip
def test_amounts_are_written_as_x12_does(value: str, digits: int, text: str) -> None:
    assert format_amount(Decimal(value), digits) == text
    assert sum(c.isdigit() for c in text) <= digits


@given(st.text(max_size=400), st.integers(1, 99))
def test_cleaned_text_can_stand_in_any_element(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert not set(cleaned) & set("*:^~`\r\n")
    assert cleaned.isascii()
    assert cleaned.isprintable()
    assert clean(cleaned, limit) == cleaned == cleaned.strip()


# Words --------------------------------------------------------------------------------------------------------------


def test_every_status_in_the_catalogue_can_be_sent_and_said() -> None:
    from scrubber.catalogue.load import load

    words = read_vocabulary()
    for edit in load().edits:
        for status in (edit.status, *edit.cases.values()):
            assert len({s.category for s in status}) <= 1, f"{edit.id}: one error has one category"
            for each in status:
                assert each.code in words.status, f"{edit.id}: say what status {each.code} means in ack_words.toml"
                meaning = words.status[each.code]
                assert each.entity or not meaning.entity, (
                    f"{edit.id}: status {each.code} says nothing without an entity"
                )
                assert len(status) > 1 or not meaning.second, f"{edit.id}: status {each.code} is never sent alone"
                if each.entity not in (None, "loop"):
                    assert each.entity in words.entities["claim"], f"{edit.id}: a 277CA takes no entity {each.entity}"


def test_warnings_and_hints_reach_no_277ca(write) -> None:
    told = one_claim(write)
    built = SetBuilder()
    provider = built.provider()
    claim = built.claim(provider, built.subscriber(provider))
    where = Location("2300", "CLM", "CLM02", "PCN1", None, claim.clm.ordinal, 0, 0)
    built.judge(claim, find("W-01", where, Severity.WARNING), find("CLM-02", where, Severity.INFO))
    assert told == answer(write, built)[-5:-3]
    assert WORDS.entry("W-01").ack == "277CA"
