"""Claims that look alike are judged once: the answer must be what a judgement from scratch would give."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest
from checking import claim_of, claims_of
from lines import CODING, OTHER_NPI, Line, catalogue, said, write
from scrubber.edits.modifiers import checks as modifiers
from scrubber.edits.ncci import checks as ncci
from scrubber.edits.telehealth import checks as telehealth

from scrubber.catalogue.engine import Engine
from scrubber.tables.ptp import PtpRow, PtpTable

DAYS = (
    "2014-12-31", "2015-01-01", "2017-12-31", "2018-01-01", "2019-06-30", "2019-07-01", "2019-12-31", "2020-01-01",
    "2021-12-31", "2022-01-01", "2023-09-30", "2023-10-01", "2024-06-30", "2024-07-01", "2024-12-31", "2025-01-01",
    "2026-09-15",
)  # fmt: skip

LINES = (
    "99213", "99213-25", "99203", "99214-57", "99442", "98005-95", "20610-RT", "20550-LT", "20553-59", "98940-AT",
    "97140-GP", "97140-59-GP", "97140-XS-GP", "97140-XP-GP", "97110", "97110-GP", "97530-GP", "97150-59-GP", "72040",
    "72141-26-TC", "96372", "G2211", "Q3014", "97110-CQ", "97110-GP-GP", "20610-ZZ", "97811", "97810", "64480",
    "20610-26", "97014-GP", "99417", "64483-LT", "64483-RT", "98940-AT-GY", "72040-59-26", "A0425", "11720",
)  # fmt: skip


def random_claim(chance: random.Random) -> bytes:
    lines = [
        Line(
            chance.choice(LINES),
            day=chance.choice(["", "", "", "", "2026-09-14"]),
            npi=chance.choice(["", "", "", "", OTHER_NPI]),
            place=chance.choice(["", "", "", "10", "11"]),
            units=chance.choice(["1", "1", "1", "2", "7", "251"]),
        )
        for _ in range(chance.choice([1, 2, 2, 3, 4]))
    ]
    return write(
        *lines,
        day=chance.choice(DAYS),
        filing=chance.choice(["CI", "CI", "MB", "MB", "WC"]),
        place=chance.choice(["11", "11", "10", "02", "27", "30"]),
    )


def engine() -> Engine:
    return Engine(catalogue(), received=date(2026, 9, 16), select=CODING, strict=True)


def test_a_remembered_answer_is_the_answer() -> None:
    chance = random.Random(20260915)
    claims = [claim_of(random_claim(chance)) for _ in range(250)]
    fresh = [engine().judge(claim) for claim in claims]
    one = engine()
    order = [*range(len(claims))] * 3
    chance.shuffle(order)
    for index in order:
        assert one.judge(claims[index]) == fresh[index]
    told = Counter(finding.edit for judged in fresh for finding in judged.own)
    assert len(told) > 15, "too few edits speak for this to prove anything"


def test_the_day_a_rule_turns_is_not_blurred() -> None:
    """A claim of the day before must not lend its silence to the next."""
    one = engine()
    for lines, silent, speaking, edit in (
        (("97140-GP", "97530-GP"), "2020-01-01", "2019-12-31", "NCCI-02"),
        (("97150-59-GP", "97110-GP"), "2019-07-01", "2019-06-30", "NCCI-02"),
        (("97140-GP-CQ",), "2020-01-01", "2019-12-31", "MOD-13"),
    ):
        for day, expected in ((silent, False), (speaking, True), (silent, False)):
            found = {f.edit for f in one.judge(claim_of(write(*lines, day=day))).own}
            assert (edit in found) is expected, (lines, day)


def test_another_table_is_another_memory() -> None:
    rows = [PtpRow("72040", "72020", date(2020, 1, 1), None, "0")]
    table = PtpTable.of(rows, "test", date(2020, 1, 1), None, complete=True)
    assert "NCCI-01" not in said("72040", "72020").ids
    assert "NCCI-01" in said("72040", "72020", ptp=table).ids
    assert "NCCI-01" not in said("72040", "72020").ids


def test_a_table_tells_the_days_on_which_it_turns() -> None:
    rows = [
        PtpRow("98940", "97140", date(2020, 1, 1), date(2023, 12, 31), "1"),
        PtpRow("98941", "97140", None, None, "1"),
    ]
    table = PtpTable.of(rows, "test", date(2019, 1, 1), date(2026, 6, 30), complete=True)
    assert table.turns() == {
        date.min, date(2019, 1, 1), date(2020, 1, 1), date(2023, 12, 31), date(2024, 1, 1), date(2026, 7, 1)
    }  # fmt: skip


@pytest.mark.parametrize("module", [ncci, modifiers, telehealth])
def test_each_check_serves_one_entry(module: object) -> None:
    """Answers are remembered by check; two entries with one check would read each other's."""
    pack = module.__name__.split(".")[-2]  # type: ignore[attr-defined]
    used = Counter(
        edit.must.value for edit in catalogue().edits if edit.pack == pack and edit.must and edit.must.verb == "check"
    )
    assert used
    assert set(used.values()) == {1}


def test_nothing_in_a_broken_claim_makes_a_coding_edit_crash() -> None:
    """Segments lost, elements blank or mangled: an edit says something or nothing, and never raises."""
    chance = random.Random(7)
    judged = 0
    one = engine()
    for _ in range(400):
        segments = random_claim(chance).decode("latin-1").split("~")
        inside = range(next(i for i, s in enumerate(segments) if "CLM*" in s), len(segments) - 4)
        for _ in range(chance.choice([1, 2, 3])):
            at = chance.choice(inside)
            elements = segments[at].split("*")
            kind = chance.choice(["cut", "blank", "mangle", "lose"])
            if kind == "cut":
                elements = elements[: chance.randint(1, len(elements))]
            elif kind == "lose" and elements[0].strip() not in ("CLM", "LX"):
                elements = ["\nREF", "D9", "LOST"]
            elif len(elements) > 1:
                junk = "" if kind == "blank" else chance.choice([":", "0", "HC:::", "é"])
                elements[chance.randrange(1, len(elements))] = junk
            segments[at] = "*".join(elements)
        for claim in claims_of("~".join(segments).encode("latin-1")):
            one.judge(claim)
            judged += 1
    assert judged > 300
