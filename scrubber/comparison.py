"""Two judgements of the same claims, held against each other: which verdicts differ, and which findings did it.

Both sides are streams of claims as the JSON report writes them (``--format json`` or ``jsonl``), so that reports of
different days, versions and machines can be compared. Claims pair up by file, transaction set and patient control
number; while both sides come in the same order, memory holds one claim of each.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from scrubber.spelling import count

Record = Mapping[str, Any]
"""A claim, a finding or a table as the JSON report has it."""

Key = tuple[str, str, str, int]
"""File, transaction set, claim, and which of those that share all three."""

REPORT = "a JSON report of scrubber (--format json or jsonl)"


class ReportError(ValueError):
    """A file that is no report. Its text says why; it quotes nothing of the file."""


@dataclass(frozen=True, slots=True)
class Side:
    """One judgement: what it knew, and its claims."""

    name: str
    received: str
    """Receipt date it judged by; empty where the report does not say."""
    tables: tuple[Record, ...]
    claims: Iterable[Record]
    paths: int = 1
    """Files that it judged; 0 where that is not known."""


class Amended(NamedTuple):
    """A finding that both sides have at one place, in different words, severity or by different values."""

    was: Record
    now: Record


@dataclass(slots=True)
class Difference:
    """A claim that the sides judge differently. ``was`` and ``now`` are accepted, rejected or, where only one side has
    it, None."""

    claim: Record
    was: str | None
    now: str | None
    appeared: list[Record] = field(default_factory=list)
    gone: list[Record] = field(default_factory=list)
    amended: list[Amended] = field(default_factory=list)
    unchecked: list[Record] = field(default_factory=list)
    """What only the second side could not check."""
    checked: list[Record] = field(default_factory=list)
    """What only the first side could not check."""

    @property
    def turned(self) -> bool:
        """Whether the verdict differs."""
        return self.was != self.now

    @property
    def worse(self) -> bool:
        return self.was == "accepted" and self.now == "rejected"


@dataclass(slots=True)
class Summary:
    """Counts over a comparison; money exact. An edit is counted for each claim whose verdict it helped to turn."""

    claims: int = 0
    worse: int = 0
    better: int = 0
    worse_charge: Decimal = Decimal(0)
    better_charge: Decimal = Decimal(0)
    restated: int = 0
    """Claims with the same verdict and other findings."""
    only_first: int = 0
    only_second: int = 0
    appeared: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    amended: Counter[str] = field(default_factory=Counter)

    @property
    def turned(self) -> int:
        """Claims whose verdict differs, those among them that only one side has."""
        return self.worse + self.better + self.only_first + self.only_second

    def count(self, difference: Difference) -> None:
        """Add one claim that differs."""
        if difference.was is None:
            self.only_second += 1
        elif difference.now is None:
            self.only_first += 1
        elif not difference.turned:
            self.restated += 1
            return
        elif difference.worse:
            self.worse += 1
            self.worse_charge += _amount(difference.claim)
        else:
            self.better += 1
            self.better_charge += _amount(difference.claim)
        if None not in (difference.was, difference.now):
            self.appeared.update({f["edit"] for f in difference.appeared})
            self.amended.update({both.now["edit"] for both in difference.amended})
            self.gone.update({f["edit"] for f in difference.gone})


def compare(first: Side, second: Side, summary: Summary) -> Iterator[Difference]:
    """Every claim that the two sides judge differently, as they come; ``summary`` counts along. Raises ReportError for
    a record that is no claim."""
    alone = first.paths == 1 == second.paths
    ours, theirs = _keyed(first.claims, alone=alone), _keyed(second.claims, alone=alone)
    waiting: tuple[dict[Key, Record], dict[Key, Record]] = ({}, {})
    while True:
        one, other = next(ours, None), next(theirs, None)
        if one is None and other is None:
            break
        pairs: deque[tuple[Record, Record]] = deque()
        if one is not None and other is not None and one[0] == other[0]:
            pairs.append((one[1], other[1]))
        else:
            if one is not None:
                match = waiting[1].pop(one[0], None)
                if match is not None:
                    pairs.append((one[1], match))
                else:
                    waiting[0][one[0]] = one[1]
            if other is not None:
                match = waiting[0].pop(other[0], None)
                if match is not None:
                    pairs.append((match, other[1]))
                else:
                    waiting[1][other[0]] = other[1]
        for was, now in pairs:
            summary.claims += 1
            if (difference := _differ(was, now)) is not None:
                summary.count(difference)
                yield difference
    for claims, first_only in ((waiting[0], True), (waiting[1], False)):
        for claim in claims.values():
            summary.claims += 1
            status = claim["status"]
            difference = Difference(claim, status, None) if first_only else Difference(claim, None, status)
            summary.count(difference)
            yield difference


def differing_tables(first: Side, second: Side) -> list[tuple[str, str, str]]:
    """Name, and the edition on either side, of each reference table that the sides do not share; none where one does
    not say what it used."""
    if not first.tables or not second.tables:
        return []
    sides = [
        {(t["name"], t["edition"]): f"{t['edition']} ({count(t['rows'], 'row')})" for t in side.tables}
        for side in (first, second)
    ]
    found: dict[str, tuple[list[str], list[str]]] = {}
    for number, (side, other) in enumerate(((sides[0], sides[1]), (sides[1], sides[0]))):
        for (name, edition), told in side.items():
            if other.get((name, edition)) != told:
                found.setdefault(name, ([], []))[number].append(told)
    return [(name, "; ".join(a) or "none", "; ".join(b) or "none") for name, (a, b) in sorted(found.items())]


def hide(difference: Difference) -> Difference:
    """The same without patient data: a claim is its number in its set, a finding its edit and place."""
    claim = difference.claim
    label = f"claim {claim.get('ordinal')} of set {claim['transaction']}"

    def finding(full: Record) -> Record:
        where = {**full["location"], "claim": None}
        return {**full, "location": where, "related": [], "values": {}, "message": ""}

    return replace(
        difference,
        claim={name: claim.get(name) for name in ("path", "transaction", "ordinal")} | {"claim": label},
        appeared=[finding(each) for each in difference.appeared],
        gone=[finding(each) for each in difference.gone],
        amended=[Amended(finding(each.was), finding(each.now)) for each in difference.amended],
        checked=[{**gap, "reason": ""} for gap in difference.checked],
        unchecked=[{**gap, "reason": ""} for gap in difference.unchecked],
    )


def read_report(data: Any, name: str) -> Side:
    """A side of one parsed JSON document. Raises ReportError."""
    if not isinstance(data, dict) or not isinstance(data.get("files"), list):
        raise ReportError(f"{name} is not {REPORT}: it has no list of files")
    if data.get("schema") != 1:
        raise ReportError(f"{name} is a report of schema {str(data.get('schema'))[:9]}; this version reads schema 1")
    files = data["files"]
    claims = ({**claim, "path": file.get("path", "")} for file in files for claim in file.get("claims", ()))
    return Side(name, str(data.get("received", "")), tuple(data.get("tables", ())), claims, len(files))


def _keyed(claims: Iterable[Record], *, alone: bool) -> Iterator[tuple[Key, Record]]:
    """Claims with their keys. Where either side judged one file, what it was called does not matter; else its name
    does, and not its folder."""
    seen: Counter[int] = Counter()
    """By hash: both sides go wrong alike where two keys share one, and memory is a third."""
    for claim in claims:
        try:
            path = "" if alone else PurePosixPath(claim["path"].replace("\\", "/")).name
            key = (path, str(claim["transaction"]), str(claim["claim"]))
            _ = claim["status"], claim["findings"], claim["unchecked"]
        except (KeyError, TypeError, AttributeError):
            raise ReportError(f"a record is no claim of {REPORT}") from None
        seen[hash(key)] += 1
        yield (*key, seen[hash(key)]), claim


def _differ(was: Record, now: Record) -> Difference | None:
    """How two judgements of a claim differ; None when they do not."""
    if was["status"] == now["status"] and was["findings"] == now["findings"] and was["unchecked"] == now["unchecked"]:
        return None
    difference = Difference(now, was["status"], now["status"])
    before, after = _placed(was["findings"]), _placed(now["findings"])
    for place, findings in after.items():
        known = before.pop(place, [])
        for old, new in zip(known, findings, strict=False):
            if _told(old) != _told(new):
                difference.amended.append(Amended(old, new))
        difference.gone += known[len(findings) :]
        difference.appeared += findings[len(known) :]
    for findings in before.values():
        difference.gone += findings
    gaps = [{(gap["edit"], gap["reason"]): gap for gap in side["unchecked"]} for side in (was, now)]
    difference.checked = [gap for key, gap in gaps[0].items() if key not in gaps[1]]
    difference.unchecked = [gap for key, gap in gaps[1].items() if key not in gaps[0]]
    return difference


def _placed(findings: Sequence[Record]) -> dict[tuple[Any, ...], list[Record]]:
    """Findings by edit and place. Bytes do not count: a corrected file moves them."""
    found: dict[tuple[Any, ...], list[Record]] = {}
    for finding in findings:
        where = finding["location"]
        place = (finding["edit"], where["loop"], where["segment"], where["element"], where["line"])
        found.setdefault(place, []).append(finding)
    return found


def _told(finding: Record) -> tuple[Any, ...]:
    cited = [(c.get("source"), c.get("edition"), c.get("at")) for c in finding["citations"]]
    return finding["severity"], finding["values"], finding["message"], cited


def _amount(claim: Record) -> Decimal:
    try:
        return Decimal(claim.get("charge") or 0)
    except InvalidOperation:
        return Decimal(0)
