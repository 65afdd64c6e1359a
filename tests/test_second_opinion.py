"""Scrubber's structural judgement beside pyx12 4.0.0's, on real files and on injured clean ones.

Every difference is listed in ``second_opinion.toml`` with who is right and why. A difference that is not listed fails,
and so does an entry that no difference bears out any more.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from everything import everything
from mutations import join, mutations
from second_opinion import Opinion, Refused, ask_pyx12, ask_scrubber

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "shared" / "corpus"

BASES = {
    "office": 5, "dependent": 4, "secondary": 6, "auto": 3, "batch": 2, "injection": 3, "two-sets": 1, "workcomp": 2,
    "newborn": 1, "medicare-chiro": 1, "therapy": 1, "two-interchanges": 1, "everything": 3,
}  # fmt: skip
"""Mutations of each kind that each base file gives; ``everything`` is made from the guide."""

SEEDS = ("a", "b", "c")


@dataclass(frozen=True)
class Difference:
    """An opinion that one of the two has alone."""

    case: str
    says: str
    opinion: Opinion
    ours: tuple[Opinion, ...]
    theirs: tuple[Opinion, ...]

    def __str__(self) -> str:
        o = self.opinion
        return (
            f"{self.case}: {self.says} alone says {o.code} {o.segment}{o.element} at segment {o.line}: {o.detail[:160]}"
        )


@dataclass(frozen=True)
class Entry:
    """A reviewed kind of difference. Patterns must match whole values. ``beside``, ``after`` and ``somewhere`` are
    findings of ours, as ``element code HL03``, ``segment missing LX`` or ``segment stray``: on this segment (and its
    element, if the opinion names one), on this segment or before it, anywhere in the case. ``behind`` is an error of
    pyx12's on this segment or before it."""

    name: str
    says: str
    right: str
    reason: str
    case: str = ".*"
    code: str = ".*"
    at: str = ".*"
    detail: str = ".*"
    beside: str = ""
    after: str = ""
    somewhere: str = ""
    behind: str = ""

    def covers(self, difference: Difference) -> bool:
        opinion = difference.opinion
        return (
            self.says == difference.says
            and matches(self.code, opinion.code)
            and matches(self.at, opinion.segment + opinion.element)
            and matches(self.case, difference.case)
            and matches(self.detail, opinion.detail)
            and (not self.beside or any(self._is_beside(o, opinion) for o in difference.ours))
            and (not self.after or has(difference.ours, self.after, opinion.line))
            and (not self.behind or has(difference.theirs, self.behind, opinion.line))
            and (not self.somewhere or has(difference.ours, self.somewhere))
        )

    def _is_beside(self, ours: Opinion, opinion: Opinion) -> bool:
        same = not opinion.element or not ours.element or ours.element[:2] == opinion.element[:2]
        return ours.line == opinion.line and same and matches(self.beside, ours.label)


def has(opinions: tuple[Opinion, ...], pattern: str, line: int = 1 << 30) -> bool:
    """Whether one of these, up to this segment, is such."""
    return any(o.line <= line and matches(pattern, o.label) for o in opinions)


def matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value, re.DOTALL) is not None


@cache
def entries() -> tuple[Entry, ...]:
    listed = tomllib.loads((HERE / "second_opinion.toml").read_text("utf-8"))["difference"]
    return tuple(Entry(**entry) for entry in listed)


@cache
def refusals() -> dict[str, str]:
    """Corpus files that pyx12 cannot read, each with the reason."""
    return tomllib.loads((HERE / "second_opinion.toml").read_text("utf-8"))["refused"]


def differences(case: str, data: bytes) -> Iterator[Difference]:
    theirs = ask_pyx12(data.decode("latin-1"))
    ours = ask_scrubber(data)
    their_keys, our_keys = {o.key for o in theirs}, {o.key for o in ours}
    for opinion in theirs:
        if opinion.key not in our_keys:
            yield Difference(case, "pyx12", opinion, tuple(ours), tuple(theirs))
    for opinion in ours:
        if opinion.key not in their_keys:
            yield Difference(case, "scrubber", opinion, tuple(ours), tuple(theirs))


@cache
def of_mutations(base: str) -> tuple[int, tuple[Difference, ...]]:
    """How many mutations of a base file were tried, and all differences about them."""
    count, found = 0, []
    data = join(everything(SEEDS[0])) if base == "everything" else None
    for mutation in mutations(base, BASES[base], data):
        count += 1
        found += differences(mutation.name, mutation.data)
    return count, tuple(found)


def unlisted(found: tuple[Difference, ...]) -> list[str]:
    return [str(d) for d in found if not any(entry.covers(d) for entry in entries())]


def idle(found: Sequence[Difference], chosen: list[Entry]) -> list[str]:
    return [e.name for e in chosen if not any(e.covers(d) for d in found)]


def test_entries_are_reviewed() -> None:
    names = [entry.name for entry in entries()]
    assert len(names) == len(set(names))
    for entry in entries():
        assert entry.says in ("scrubber", "pyx12")
        assert entry.right in ("scrubber", "pyx12", "both")
        assert len(entry.reason) > 30 or entry.reason.startswith("See ")


def test_mutations() -> None:
    counts, found = zip(*(of_mutations(base) for base in BASES), strict=True)
    assert sum(counts) >= 400
    seen = [d for part in found for d in part]
    for seed in SEEDS:
        seen += differences("everything", join(everything(seed)))
    assert not unlisted(tuple(seen))
    assert not idle(seen, [e for e in entries() if not e.case.startswith("corpus")])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_loop_and_segment_of_the_guide(seed: str) -> None:
    """A file with all of them is right to us; to pyx12 too, but for what is listed."""
    assert ask_scrubber(join(everything(seed))) == []


def professional() -> list[str]:
    """Paths of the corpus' professional claims."""
    with (CORPUS / "PROVENANCE.tsv").open(encoding="utf-8") as file:
        return [row["local_path"] for row in csv.DictReader(file, delimiter="\t") if row["kind"].startswith("837P")]


def modernise(data: bytes) -> bytes:
    """The file under the version that pyx12 knows, 005010X222A1, without a byte-order mark: pyx12 reads neither
    005010X222 nor 005010X222A2."""
    return re.sub(rb"005010X222(A2)?(?![0-9A-Z])", b"005010X222A1", data).removeprefix(b"\xef\xbb\xbf")


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is not here: the mutations alone are compared")
def test_corpus() -> None:
    refused, everything = {}, []
    for path in professional():
        try:
            everything += differences(f"corpus {path}", modernise((CORPUS / path).read_bytes()))
        except Refused as error:
            refused[path] = str(error)
    assert refused.keys() == refusals().keys()
    assert not unlisted(tuple(everything))
    assert not idle(everything, [e for e in entries() if e.case.startswith("corpus")])
