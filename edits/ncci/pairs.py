"""Which procedure pairs of a claim are NCCI edits, and whether a modifier parts them.

A pair counts when both lines have the same performer and share a day (a claim is one patient). One of the two may
stand on an earlier claim of the file; the pair is then told at the line of this claim. The work is done once per claim
and kept in ``know.scratch`` for every edit that asks; what depends on codes alone is remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import combinations

from scrubber.catalogue.check import Knowledge
from scrubber.claims.earlier import EarlierLine, span
from scrubber.claims.model import Claim, ServiceLine
from scrubber.tables.codes import spans
from scrubber.tables.pfs import FeeSchedule
from scrubber.tables.ptp import PtpRow, PtpTable

_REMEMBERED = 8192
"""Combinations of codes remembered; a file repeats a few hundred."""


class Parting(Enum):
    """How a pair of indicator 1 stands."""

    NONE = "no modifier that parts the pair"
    SAME_SITE = "both lines name the same site"
    PARTED = "parted"


AnyLine = ServiceLine | EarlierLine


@dataclass(slots=True)
class Pair:
    """Two lines that the PTP table pairs on ``day``, the first day that both cover; at least one is this claim's."""

    one: AnyLine
    two: AnyLine
    day: date
    row: PtpRow
    parting: Parting
    sure: bool
    """False where the table does not tell whether the row was already in force on this day, or a line of several days
    has fewer units than days: its services may lie on the others."""
    owner: str
    """The edit that speaks of the pair while it stands unparted: NCCI-01, NCCI-02, MOD-01 or MOD-03."""

    def here(self, wanted: AnyLine) -> ServiceLine:
        """The line to tell it at: the wanted one of the two, unless an earlier claim holds it."""
        for line in (wanted, self.one, self.two):
            if isinstance(line, ServiceLine):
                return line
        raise AssertionError("a pair without a line of this claim")

    def beside(self, line: AnyLine) -> AnyLine:
        """The other one."""
        return self.two if line is self.one else self.one


@dataclass(slots=True)
class Pairs:
    """A claim's pairs, and those that could not be judged."""

    found: list[Pair]
    unlisted: dict[tuple[str, str], list[int]]
    """Codes of one day and performer that a partial table does not know as a pair, with their lines (LX01)."""
    undated: tuple[ServiceLine, ...]
    """Lines without a readable date whose code the table pairs with another of the claim."""


NO_PAIRS = Pairs([], {}, ())

Candidates = tuple[tuple[int, int, bool], ...]
"""Line indices of pairs to look at; True where the table has rows for the pair, False where it does not know it."""


class Judge:
    """A PTP table with the code lists that decide about modifiers. One serves a run."""

    def __init__(self, table: PtpTable, know: Knowledge) -> None:
        lists = know.code_lists
        self.table = table
        self.lists = lists
        self.em = spans(lists, "em-codes")
        self.fees: FeeSchedule = know.pfs
        self.modifiers = {
            m: (str(row["kind"]), _day(row["from"]), _day(row["any_line_from"]))
            for m, row in lists.get("ptp-modifiers", {}).items()
        }
        self.distinct = frozenset(m for m, (kind, _, _) in self.modifiers.items() if kind == "distinct")
        self._candidates: dict[tuple[str, ...], Candidates] = {}

    def judge(self, claim: Claim, earlier: Sequence[EarlierLine] = ()) -> Pairs:
        """The pairs of a claim, with those that it makes with earlier ones."""
        lines = claim.lines
        codes = tuple([line.procedure for line in lines])
        candidates = self._candidates.get(codes)
        if candidates is None:
            if len(self._candidates) >= _REMEMBERED:
                self._candidates.clear()
            candidates = self._candidates[codes] = tuple(self._look(codes))
        if not candidates and not earlier:
            return NO_PAIRS
        found = _Finding(self)
        for i, j, listed in candidates:
            a, b = lines[i], lines[j]
            if a.qualifier != "HC" or b.qualifier != "HC" or not same_performer(claim, a, b):
                continue
            first, other = a.service, b.service
            if first is None or other is None or first.first is None or other.first is None:
                if listed:
                    found.undated.update((id(x), x) for x in (a, b) if x.first is None)
                continue
            if first.first == other.first:
                day = first.first
            elif (shared := shared_day(a, b)) is None:
                continue
            else:
                day = shared
            found.look(a, b, day, listed)
        for line, before in meetings(claim, earlier):
            code, other_code = line.procedure, before.procedure
            if line.qualifier != "HC" or before.qualifier != "HC" or code == other_code:
                continue
            listed = bool(self.table.find(code, other_code) or self.table.find(other_code, code))
            if listed or not self.table.knows(code, other_code):
                found.look(line, before, before.day, listed)
        return Pairs(found.pairs, found.unlisted, tuple(found.undated.values()))

    def _look(self, codes: tuple[str, ...]) -> Iterator[tuple[int, int, bool]]:
        table = self.table
        for (i, a), (j, b) in combinations(enumerate(codes), 2):
            if a and b and a != b:
                if table.find(a, b) or table.find(b, a):
                    yield i, j, True
                elif not table.knows(a, b):
                    yield i, j, False

    def pair(self, a: AnyLine, b: AnyLine, day: date, row: PtpRow) -> Pair:
        """Two lines that a row pairs, as they stand."""
        one, two = (a, b) if a.procedure == row.column_one else (b, a)
        parting = self.parting(one, two, day) if row.indicator == "1" else Parting.NONE
        sure = self.table.sure(row, day) and _fills_its_days(one) and _fills_its_days(two)
        return Pair(one, two, day, row, parting, sure, self._owner(row, day))

    def parting(self, one: AnyLine, two: AnyLine, day: date) -> Parting:
        """Whether a modifier parts two lines of a pair with indicator 1."""
        if not one.modifiers and not two.modifiers:
            return Parting.NONE
        sites: list[set[str]] = []
        for line in (one, two):
            named: set[str] = set()
            for modifier in line.modifiers:
                kind, begin, any_line = self.modifiers.get(modifier, ("", date.max, date.max))
                if day < begin or (line is one and day < any_line):
                    continue
                if kind == "site":
                    named.add(modifier)
                elif kind == "em":
                    if line.procedure in self.em:
                        return Parting.PARTED
                else:
                    return Parting.PARTED
            sites.append(named)
        if not sites[0] or not sites[1]:
            return Parting.NONE
        return Parting.SAME_SITE if sites[0] & sites[1] else Parting.PARTED

    def is_visit(self, code: str) -> bool:
        """Whether a code is an E/M visit, beside which a procedure asks for modifier 25."""
        return self.em.value(code, "kind") == "visit"

    def global_days(self, code: str, day: date | None) -> str:
        """Global days of a procedure (000, 010, 090, XXX, ZZZ), ``""`` where the fee schedule does not tell."""
        fee = self.fees.find(code, day)
        return fee.global_days if fee else ""

    def _owner(self, row: PtpRow, day: date) -> str:
        """One fault, one finding: a visit beside a procedure lacks modifier 25, which MOD-01 and MOD-03 say."""
        if row.indicator == "0":
            return "NCCI-01"
        one, two = self.is_visit(row.column_one), self.is_visit(row.column_two)
        if one == two:
            return "NCCI-02"
        days = self.global_days(row.column_two if one else row.column_one, day)
        if days in ("000", "010"):
            return "MOD-01"
        return "NCCI-02" if days == "090" else "MOD-03"


class _Finding:
    """The pairs of one claim while they are looked for."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.pairs: list[Pair] = []
        self.unlisted: dict[tuple[str, str], list[int]] = {}
        self.undated: dict[int, ServiceLine] = {}
        self._told: set[tuple[int, str]] = set()

    def look(self, a: AnyLine, b: AnyLine, day: date, listed: bool) -> None:
        """Note what the table says of two lines on a day that they share."""
        table = self.judge.table
        if not listed or not table.tells(a.procedure, b.procedure, day):
            low, high = sorted((a.procedure, b.procedure))
            lines = self.unlisted.setdefault((low, high), [])
            lines += [line.number for line in (a, b) if isinstance(line, ServiceLine)]
            return
        row = table.between(a.procedure, b.procedure, day)
        if row is None:
            return
        pair = self.judge.pair(a, b, day, row)
        if pair.parting is Parting.PARTED:
            self.pairs.append(pair)
            return
        # Three units of one column one code on three lines are one fault of the column two line.
        where = pair.here(pair.two)
        key = (id(where), pair.beside(where).procedure)
        if key not in self._told:
            self._told.add(key)
            self.pairs.append(pair)


def meetings(claim: Claim, earlier: Sequence[EarlierLine]) -> Iterator[tuple[ServiceLine, EarlierLine]]:
    """Lines of this claim, each with those of earlier claims on the same day by the same performer. A claim that is
    sent once more makes no pairs with itself: that is another fault (CLM-38)."""
    for line in claim.lines if earlier else ():
        for before in earlier:
            if (
                not before.repeated
                and line.first is not None
                and line.first <= before.day <= (line.last or line.first)
                and claim.performer(line) == before.performer
            ):
                yield line, before


def same_performer(claim: Claim, a: ServiceLine, b: ServiceLine) -> bool:
    """Whether two lines were rendered by one person or group: 2420A over 2310B over 2010AA."""
    one, two = a.rendering or claim.billing, b.rendering or claim.billing
    if one is two:
        return True
    return one is not None and two is not None and bool(one.npi) and one.npi == two.npi


def shared_day(a: ServiceLine, b: ServiceLine) -> date | None:
    """The first day that both lines cover, None when there is none or a date is not readable."""
    if a.first is None or b.first is None:
        return None
    start = max(a.first, b.first)
    return start if start <= (a.last or a.first) and start <= (b.last or b.first) else None


def days_of(line: AnyLine) -> int:
    """Days that a line covers."""
    return line.days if isinstance(line, EarlierLine) else span(line)


def _fills_its_days(line: AnyLine) -> bool:
    days = days_of(line)
    return days == 1 or (line.units is not None and line.units >= days)


def _day(text: str) -> date:
    return date.fromisoformat(text) if text else date.min


_judges: dict[bool, Judge] = {}
"""For claims to Medicaid and for others."""


def judge_of(know: Knowledge) -> Judge:
    """The judge of this claim's payer in this run: made anew when the tables change."""
    medicaid = know.profile.is_("medicaid")
    table = know.ptp.medicaid if medicaid else know.ptp
    judge = _judges.get(medicaid)
    if judge is None or judge.table is not table or judge.fees is not know.pfs or judge.lists is not know.code_lists:
        judge = _judges[medicaid] = Judge(table, know)
    return judge


def pairs_of(claim: Claim, know: Knowledge) -> Pairs:
    """The PTP pairs of this claim, worked out once."""
    if len(claim.lines) < 2 and not know.earlier:
        return NO_PAIRS
    pairs: Pairs | None = know.scratch.get("ptp")
    if pairs is None:
        pairs = know.scratch["ptp"] = judge_of(know).judge(claim, know.earlier)
    return pairs
