"""Services of one day that are split over claims of one file: judged together, told on the later claim."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from checking import claims_of
from lines import OTHER_NPI, Line, catalogue
from several import RECEIVED, judged, sent, told, write_file

from scrubber.catalogue.engine import FORGOTTEN, Engine
from scrubber.claims import earlier
from scrubber.claims.earlier import MOST, NOBODY, EarlierClaims
from scrubber.cli import run_command
from scrubber.finding import Severity

SECONDARY = (("SBR*P", "SBR*S"),)


def find(data: bytes, text: bytes, claim: bytes) -> int:
    return data.index(text, data.index(b"CLM*" + claim))


# What meets ---------------------------------------------------------------------------------------------------------


def test_a_pair_is_told_on_the_later_claim_and_names_the_earlier() -> None:
    data = write_file(sent("98940-AT", id="MORNING"), sent("99214-25", "97140-GP", id="NOON"))
    first, second = judged(data, select=("NCCI",))
    assert not first.findings
    (finding,) = second.findings
    assert (finding.edit, finding.where.claim, finding.where.line) == ("NCCI-02", "NOON", 2)
    assert finding.values["column_one"] == "98940"
    (other,) = finding.related
    assert (other.claim, other.line, other.loop, other.element) == ("MORNING", 1, "2400", "SV101-2")
    assert other.offset == find(data, b"98940", b"MORNING")
    assert data[other.offset : other.offset + other.length] == b"98940"
    assert other.ordinal == data[: other.offset].count(b"~") - data[: data.index(b"ST*")].count(b"~") + 1


def test_the_column_two_code_may_have_come_first() -> None:
    first, second = judged(write_file(sent("97140-GP"), sent("98940-AT")), select=("NCCI",))
    (finding,) = second.findings
    assert finding.edit == "NCCI-02"
    assert finding.values["column_two"] == "97140"
    assert not first.findings


@pytest.mark.parametrize(
    ("one", "two", "edits"),
    [
        ("97140-GP", "97124-59-GP", {"NCCI-01"}),
        ("98940-AT", "97140-59-GP", set()),
        ("20610-RT", "20550-LT", set()),
        ("99213", "20610-RT", {"MOD-01"}),
        ("20610-RT", "99213", {"MOD-01"}),
        ("99213-25", "20610-RT", set()),
        ("99214", "96372", {"MOD-03"}),
        ("96372", "99214", {"MOD-03"}),
        ("98940-AT", "97140-76-GP", {"NCCI-02", "MOD-25"}),
        ("97110-59-GP", "97110-GP", {"MOD-09"}),  # The first claim cannot know of the second.
        ("97140-59-GP", "98940-AT", {"MOD-09"}),
    ],
)
def test_pairs_and_modifiers_across_claims(one: str, two: str, edits: set[str]) -> None:
    found = told(sent(one), sent(two))
    assert set.union(*found) - {"MOD-05"} == edits
    if edits and edits != {"MOD-09"}:
        assert found[1] == edits


def test_a_modifier_finds_its_reason_on_an_earlier_claim() -> None:
    assert told(sent("20610-RT"), sent("99213-25"))[1] == set()
    assert told(sent("98940-AT"), sent("97140-59-GP"))[1] == set()
    assert told(sent("99213-25"), sent("97110-59-GP"))[0] == {"MOD-05"}


def test_the_units_of_a_day_add_up_over_claims() -> None:
    data = write_file(
        sent(Line("97110-GP", units="4"), id="A"), sent(Line("97110-59-GP", units="2"), id="B"),
        sent(Line("97110-KX-GP", units="1"), id="C"),
    )  # fmt: skip
    first, second, third = judged(data, select=("NCCI-04",))
    assert not first.findings
    assert not second.findings
    (finding,) = third.findings
    assert finding.values["units"] == "7"
    assert [place.claim for place in finding.related] == ["A", "B"]


def test_an_add_on_finds_its_primary_on_an_earlier_claim_only() -> None:
    assert told(sent("97810"), sent("97811")) == [set(), set()]
    assert told(sent("97811"), sent("97810")) == [{"NCCI-05"}, set()]
    assert told(sent("97810"), sent(Line("97811", day="2026-09-14")))[1] == {"NCCI-05"}


def test_three_claims_meet_all_before_them() -> None:
    assert told(sent("98940-AT"), sent("72040"), sent("97140-GP"))[2] == {"NCCI-02"}


def test_a_line_of_several_days_meets_a_claim_inside_them() -> None:
    span = Line("98940-AT", day="2026-09-14/2026-09-16", units="3")
    assert told(sent(span), sent("97140-GP"))[1] == {"NCCI-02"}
    assert told(sent("97140-GP"), sent(span))[1] == {"NCCI-02"}
    assert told(sent(span), sent(Line("97140-GP", day="2026-09-17")))[1] == set()


def test_reports_name_the_earlier_claim(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def report(*options: str) -> str:
        assert run_command(["check", str(file), "--received", "2026-09-16", "--no-color", *options]) == 1
        sys.stdout.flush()
        return capfd.readouterr().out

    file = tmp_path / "split.837"
    file.write_bytes(write_file(sent("98940-AT", id="MORNING"), sent("97140-GP", id="NOON")))
    for form in ("text", "html"):
        assert "claim MORNING, line 1, SV101-2" in report("--format", form)
        redacted = report("--format", form, "--redact")
        assert "MORNING" not in redacted
        assert "claim 1 of set 0001, line 1, SV101-2" in redacted


# What does not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "later"),
    [
        ("another day", {"lines": (Line("97140-GP", day="2026-09-14"),)}),
        ("another performer", {"lines": (Line("97140-GP", npi=OTHER_NPI),)}),
        ("another member", {"change": (("NFH400118", "NFH400119"),)}),
        ("another payer", {"change": (("PI*NFHP1", "PI*NFHP2"),)}),
        ("a secondary copy", {"change": SECONDARY}),
        ("a correction", {"change": ((":B:1", ":B:7"),)}),
        ("a void", {"change": ((":B:1", ":B:8"),)}),
        ("a child of the subscriber", {"base": "dependent"}),
        ("a twin", {"change": (("CORWIN*JASPER", "CORWIN*JULES"),)}),
        ("another birth date", {"change": (("19840219", "19840220"),)}),
        ("no member number", {"change": (("*MI*NFH400118", ""),)}),
        ("no birth date", {"change": (("DMG*D8*19840219", "DMG*D8*19841399"),)}),
    ],
)
def test_claims_that_have_nothing_to_do_with_each_other(what: str, later: dict[str, object]) -> None:
    second = {"lines": ("97140-GP",), **later}
    lines = second.pop("lines")
    data = write_file(sent("98940-AT"), sent(*lines, **second))  # type: ignore[misc]
    edits = {f.edit for f in judged(data, select=("NCCI",))[1].findings}
    assert not edits, what


def test_patients_of_one_subscriber_meet_only_themselves() -> None:
    other_child = (("CORWIN*WREN", "CORWIN*WILLOW"),)
    found = told(
        sent("98940-AT", base="dependent"),
        sent("97140-GP", base="dependent", change=other_child),
        sent("97140-GP"),
        sent("97140-GP", base="dependent"),
    )
    assert found == [set(), set(), set(), {"NCCI-02"}]


def test_a_claim_sent_once_more_is_a_repeat_and_no_split() -> None:
    """The same claim in another set: its units are not doubled, its own pairs are not made with itself."""
    lines = (Line("97110-GP", units="4"), "98940-AT")
    found = told(sent(*lines, id="SAME"), sent(*lines, id="SAME", new_set=True))
    assert found == [set(), {"CLM-38"}]
    found = told(sent(*lines, id="SAME"), sent(*lines, id="OTHER", new_set=True))
    assert "NCCI-04" in found[1]


def test_a_copy_for_the_second_payer_is_neither() -> None:
    lines = (Line("97110-GP", units="4"), "98940-AT")
    assert told(sent(*lines, id="SAME"), sent(*lines, id="SAME", change=SECONDARY)) == [set(), set()]


def test_another_file_is_another_memory() -> None:
    assert told(sent("98940-AT")) == [set()]
    assert told(sent("97140-GP")) == [set()]


# Remembered answers ------------------------------------------------------------------------------------------------


def test_what_is_remembered_of_a_look_hides_no_meeting_and_learns_nothing_from_one() -> None:
    """Lines that look alike are judged once; with an earlier claim they are judged again, and for themselves."""
    stranger = (("NFH400118", "NFH400200"),)
    another = (("NFH400118", "NFH400300"),)
    found = told(
        sent("97140-GP", change=stranger),  # Learned: nothing to say.
        sent("98940-AT"),
        sent("97140-GP"),  # The same look, but it meets one.
        sent("97140-GP", change=another),  # And nothing was learned from that.
        sent("99213-25", change=another),
        sent("20610-RT"),
    )
    assert found[0] == found[3] == set()
    assert found[2] == {"NCCI-02"}
    found = told(sent("20610-RT"), sent("99213-25"), sent("99213-25", change=stranger))
    assert found == [set(), set(), {"MOD-05"}]


def test_files_judged_by_one_engine_in_any_order_agree() -> None:
    """The engine itself remembers no claim: what it says depends on what it is told that a claim meets."""
    chance = random.Random(3)
    pool = ["98940-AT", "97140-GP", "97140-59-GP", "99213", "99213-25", "20610-RT", "97110-GP", "97811", "97810"]
    files = [write_file(*(sent(*chance.sample(pool, chance.choice([1, 1, 2]))) for _ in range(3))) for _ in range(25)]
    engine = Engine(catalogue(), received=RECEIVED, select=("NCCI", "MOD"), strict=True)
    for data in files + files[::-1]:
        memory, again = EarlierClaims(), []
        for claim in claims_of(data):
            mark = memory.mark()
            again.append(engine.judge(claim, (), memory.meet(claim)))
            if any(finding.severity is Severity.REJECT for finding in again[-1].own):
                memory.drop(mark)
        fresh = [verdict.findings for verdict in judged(data, select=("NCCI", "MOD"))]
        assert [tuple(judgement.own) for judgement in again] == fresh


# What was rejected does not go to the payer -------------------------------------------------------------------------


def test_an_add_on_code_does_not_lean_on_a_claim_that_was_rejected() -> None:
    """Sent alone, it would lack its primary: what is accepted must be right without what is not."""
    assert told(sent("97810"), sent("97811")) == [set(), set()]
    broken = told(sent("97810", "98940-AT", "97140-GP"), sent("97811"))
    assert "NCCI-02" in broken[0]
    assert broken[1] == {"NCCI-05"}


def test_nor_on_one_whose_set_was_rejected() -> None:
    assert told(sent("97810"), sent("97811", new_set=True)) == [set(), set()]
    wrong = (("DTP*472*D8", "DTP*472*XX"),)
    both = told(sent("97810"), sent("99213", change=wrong), sent("97811", new_set=True))
    assert both[0] == set()
    assert both[2] == {"NCCI-05"}


def test_a_dropped_claim_is_met_by_nobody() -> None:
    claims = claims_of(write_file(*(sent("98940-AT") for _ in range(6))))

    def met(memory: EarlierClaims, number: int) -> list[str]:
        return [line.procedure_place.claim for line in memory.meet(claims[number]).lines]

    for limit in (1, 2, 100_000):
        memory = EarlierClaims(limit=limit)
        met(memory, 0)
        mark = memory.mark()
        met(memory, 1)
        memory.drop(mark)
        whole = met(memory, 2)
        assert claims[1].id not in whole
        before = memory.mark()
        met(memory, 3)
        inner = memory.mark()
        met(memory, 4)
        memory.drop(inner)
        memory.drop(before)
        left = met(memory, 5)
        assert not {claims[n].id for n in (1, 3, 4)} & set(left)
        if limit == 100_000:
            assert (whole, left) == ([claims[0].id], [claims[0].id, claims[2].id])
        memory.drop(memory.mark())


# Memory -------------------------------------------------------------------------------------------------------------


def test_the_oldest_are_forgotten_and_that_is_said() -> None:
    members = [(("NFH400118", f"NFH{500000 + n}"),) for n in range(9)]
    first = [sent("98940-AT", change=change) for change in members]
    claims = claims_of(write_file(*first, sent("97140-GP", change=members[0])))
    small = EarlierClaims(limit=3)
    met = [small.meet(claim) for claim in claims]
    assert met[:6] == [NOBODY] * 6  # Two halves of three: nothing is lost yet.
    assert not met[-1].whole
    assert not met[-1].lines
    engine = Engine(catalogue(), received=RECEIVED, select=("NCCI", "MOD-01", "MOD-07"), strict=True)
    unchecked = engine.judge(claims[-1], (), met[-1]).unchecked
    assert {gap.edit for gap in unchecked if gap.reason == FORGOTTEN} == {
        "NCCI-01",
        "NCCI-02",
        "NCCI-04",
        "NCCI-05",
        "MOD-01",
    }
    large = EarlierClaims()
    assert [line.procedure for line in [large.meet(claim) for claim in claims][-1].lines] == ["98940"]


def test_what_is_remembered_survives_growth_and_the_turn_of_the_halves() -> None:
    claims = claims_of(write_file(sent("98940-AT", "97140-GP"), sent("99213")))
    first, last = claims
    between = claims_of(write_file(sent("72040")))[0]
    for limit, count in ((earlier.REMEMBERED, 5_000), (2_000, 3_000)):
        memory = EarlierClaims(limit)
        memory.meet(first)
        assert between.subscriber is not None
        for number in range(count):
            between.subscriber.member_id = str(number)
            assert not memory.meet(between).lines
        assert [line.procedure for line in memory.meet(last).lines] == ["98940", "97140"]


def test_a_thousand_claims_of_one_day_cost_no_square() -> None:
    (claim,) = claims_of(write_file(sent("72040", "72020")))
    memory = EarlierClaims()
    for _ in range(1_000):
        met = memory.meet(claim)
    assert len(met.lines) == MOST
    assert not met.whole


def test_memory_holds_no_name_and_no_number_of_a_patient() -> None:
    (claim,) = claims_of(write_file(sent("72040")))
    memory = EarlierClaims()
    memory.meet(claim)
    held = bytes(memory._recent.log) + repr(memory._recent.prototypes).encode() + repr(memory._recent.kinds).encode()
    assert claim.patient is not None
    for word in (claim.patient.last, claim.patient.first, claim.patient.id, "19840219"):
        assert word.encode() not in held


def test_a_broken_claim_meets_nobody_and_breaks_nothing() -> None:
    whole = write_file(sent("98940-AT", "97140-GP"))
    chance = random.Random(11)
    segments = whole.decode().split("~")
    memory = EarlierClaims()
    for _ in range(300):
        broken = list(segments)
        for _ in range(chance.choice([1, 2, 3])):
            at = chance.randrange(8, len(broken) - 4)
            elements = broken[at].split("*")
            broken[at] = (
                "*".join(elements[: chance.randint(1, len(elements))]) if chance.random() < 0.7 else "\nREF*D9*X"
            )
        for claim in claims_of("~".join(broken).encode("latin-1")):
            for line in memory.meet(claim).lines:
                assert line.procedure_place.offset >= 0
