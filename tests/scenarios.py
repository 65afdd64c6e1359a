"""The scenarios of ``fixtures/scenarios``: a biller's cases, written as files, judged, and counted.

Run as a program (``make scenarios``) it prints precision and recall on rejects, false warnings, and every miss.
"""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner
from reference import samples_are_whole

from scrubber.catalogue.edit import Example
from scrubber.catalogue.entry import Example as Change
from scrubber.catalogue.examples import apply, read_base
from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import load
from scrubber.catalogue.sources import Sources
from scrubber.cli import cli
from scrubber.finding import Severity
from scrubber.pipeline import Options, judge, open_sources
from scrubber.verdict import ClaimVerdict

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
FOLDER = FIXTURES / "scenarios"

TABLES = {
    "hcpcs": "HCPC2026_OCT_ANWEB_09232026.txt",
    "mcd": "current_article.zip",
    "ncci-aoc": "AOC_V2026Q3-F-MCR.txt",
    "ncci-mue": "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv",
    "pfs": "PPRRVU2026_Jul_nonQPP.csv",
    "taxonomy": "nucc_taxonomy_261.csv",
    "telehealth": "CY2026_Telehealth_List.txt",
}
"""Kind to the publisher's file in small."""

DAY = date(2026, 9, 15)

CLAIM_KEYS = {"base", "payer", "diagnoses", "place", "day", "lines", "set", "remove", "add", "replace"}
WORD_KEYS = {"rejects", "warnings", "must_not", "unchecked"}
CASE_KEYS = {"title", "why", "received", "claim", "tables", "known"}


@dataclass(frozen=True)
class Expected:
    """What is to be said of a claim: exactly these rejects and warnings; none of ``must_not`` in any weight; at least
    these edits not checked."""

    rejects: frozenset[str]
    warnings: frozenset[str]
    must_not: frozenset[str]
    unchecked: frozenset[str]


@dataclass(frozen=True)
class Case:
    """One scenario. ``claims`` are what its file holds, ``expected`` the word on each."""

    file: str
    title: str
    why: str
    received: date
    claims: tuple[Mapping[str, Any], ...]
    expected: tuple[Expected, ...]
    tables: frozenset[str]
    """Kinds of tables of which the file in ``fixtures/tables`` is loaded; else what is shipped answers."""
    known: str
    """Why scrubber does not say what it should; empty for a scenario that passes."""

    @property
    def name(self) -> str:
        return f"{self.file}: {self.title}"


@dataclass
class Said:
    """What scrubber said of a claim: ids by weight, and the ids that it could not check."""

    rejects: set[str] = field(default_factory=set)
    warnings: set[str] = field(default_factory=set)
    infos: set[str] = field(default_factory=set)
    unchecked: set[str] = field(default_factory=set)

    def differences(self, expected: Expected) -> list[str]:
        """What was said and should not have been, and the other way round, in words."""
        told = [f"said reject {e}" for e in sorted(self.rejects - expected.rejects)]
        told += [f"missed reject {e}" for e in sorted(expected.rejects - self.rejects)]
        told += [f"said warning {e}" for e in sorted(self.warnings - expected.warnings)]
        told += [f"missed warning {e}" for e in sorted(expected.warnings - self.warnings)]
        told += [f"said {e}, which must not be" for e in sorted(self.infos & expected.must_not)]
        told += [f"called {e} checked" for e in sorted(expected.unchecked - self.unchecked)]
        return told


# Reading ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    """Every scenario. Raises ValueError for a word that no scenario knows."""
    return tuple(case for path in sorted(FOLDER.glob("*.toml")) for case in _read(path))


def _read(path: Path) -> Iterator[Case]:
    document = tomllib.loads(path.read_text("utf-8"))
    common = {key: document[key] for key in CLAIM_KEYS & document.keys()}
    for record in document["case"]:
        _only_known(record, CASE_KEYS | CLAIM_KEYS | WORD_KEYS, path, record["title"])
        own = common | {key: record[key] for key in CLAIM_KEYS & record.keys()}
        parts = record.get("claim") or [{key: record[key] for key in WORD_KEYS & record.keys()}]
        for part in parts:
            _only_known(part, CLAIM_KEYS | WORD_KEYS, path, record["title"])
        claims = tuple(own | {key: part[key] for key in CLAIM_KEYS & part.keys()} for part in parts)
        last = max(claim.get("day", DAY) for claim in claims)
        yield Case(
            file=path.stem,
            title=record["title"],
            why=record["why"],
            received=record.get("received", last + timedelta(1)),
            claims=claims,
            expected=tuple(Expected(**{key: frozenset(part.get(key, ())) for key in WORD_KEYS}) for part in parts),
            tables=frozenset(record.get("tables", ())),
            known=record.get("known", ""),
        )


def _only_known(record: Mapping[str, Any], known: set[str], path: Path, title: str) -> None:
    if strange := record.keys() - known:
        raise ValueError(f"{path.name}, {title}: unknown {', '.join(sorted(strange))}")


# Writing ----------------------------------------------------------------------------------------------------------


def write(case: Case) -> bytes:
    """The scenario's file: one interchange with its claims in order."""
    written = [_write_claim(claim, case.received) for claim in case.claims]
    segments = written[0][: _find(written[0], "HL*1*")]
    provider: list[str] = []
    level = parent = 0
    for number, own in enumerate(written, 1):
        top, subscriber, end = _find(own, "HL*1*"), _find(own, "HL*2*"), _find(own, "SE*")
        body = own[subscriber:end]
        numbers = {"1": str(parent)}
        if own[top:subscriber] != provider:
            provider, body = own[top:subscriber], own[top:end]
        for segment in body:
            elements = segment.split("*")
            if elements[0] == "HL":
                level += 1
                numbers[elements[1]] = str(level)
                parent = level if elements[1] == "1" else parent
                elements[1] = str(level)
                elements[2] = numbers.get(elements[2], "")
            elif elements[0] == "CLM" and len(written) > 1:
                elements[1] = f"{elements[1]}-{number}"
            segments.append("*".join(elements))
    segments.append(f"SE*{len(segments) - _find(segments, 'ST*') + 1}*0001")
    segments += written[0][_find(written[0], "GE*") :]
    return ("~\n".join(segments) + "~\n").encode("latin-1")


def _write_claim(claim: Mapping[str, Any], received: date) -> list[str]:
    """The segments of a base claim with the case's payer, diagnoses, place and lines, then changed by address."""
    segments = _split(read_base(claim["base"]))
    if "lines" in claim:
        start, end = _find(segments, "LX*"), _find(segments, "SE*")
        taxonomy = next((s for s in segments[_find(segments, "CLM*") :] if s.startswith("PRV*PE")), "")
        points = len(claim.get("diagnoses", "").split()) or segments[_find(segments, "HI*")].count("*")
        segments[start:end] = [
            segment
            for number, line in enumerate(claim["lines"], 1)
            for segment in _write_line(number, line, claim.get("day", DAY), points, taxonomy)
        ]
    charges = [segment.split("*")[2] for segment in segments if segment.startswith("SV1*")]
    for at, segment in enumerate(segments):
        elements = segment.split("*")
        if elements[0] == "ISA":
            elements[9] = f"{received:%y%m%d}"
        elif elements[0] in ("GS", "BHT"):
            elements[4] = f"{received:%Y%m%d}"
        elif elements[0] == "SBR" and at < _find(segments, "CLM*") and "payer" in claim:
            elements[9] = claim["payer"]
        elif elements[0] == "CLM":
            elements[2] = f"{sum(map(float, charges)):g}"
            elements[5] = claim.get("place", elements[5].partition(":")[0]) + elements[5][elements[5].index(":") :]
        elif elements[0] == "HI" and "diagnoses" in claim:
            elements[1:] = _diagnoses(claim["diagnoses"].split())
        segments[at] = "*".join(elements)
    changes = Example.model_validate({key: claim[key] for key in ("set", "remove", "add", "replace") if key in claim})
    return _split(
        apply(
            Change(
                base=claim["base"],
                set=changes.set,
                remove=changes.remove,
                add=tuple((a.after, a.segment) for a in changes.add),
                replace=tuple((r.old, r.new) for r in changes.replace),
                received=None,
                profile=None,
                also=(),
                note=None,
            ),
            ("~\n".join(segments) + "~\n").encode("latin-1"),
        )
    )


def _diagnoses(codes: Sequence[str]) -> Iterator[str]:
    """HI01 and on. A code with a colon is taken as it stands."""
    for number, code in enumerate(codes):
        yield code if ":" in code else f"{'ABF' if number else 'ABK'}:{code.replace('.', '')}"


def _write_line(number: int, text: str, day: date, points: int, taxonomy: str) -> Iterator[str]:
    """A service line of ``20610-RT $160 x1 >1:2 at=11 on=2026-09-15 by=NPI ndc=CODE:COUNT:UNIT minutes=45``.

    Only the procedure is needed: one unit at 100 dollars, pointing at the claim's first four diagnoses.
    """
    code, *words = shlex.split(text)
    said = {"$": "100", "x": "1", ">": ":".join(map(str, range(1, min(points, 4) + 1)))}
    for word in words:
        key, equals, value = word.partition("=")
        said |= {key: value} if equals else {word[0]: word[1:]}
    if strange := said.keys() - {"$", "x", ">", "at", "on", "by", "ndc", "minutes", "clia"}:
        raise ValueError(f"unknown in `{text}`: {', '.join(sorted(strange))}")
    basis, count = ("MJ", said["minutes"]) if "minutes" in said else ("UN", said["x"])
    procedure = ":".join(["HC", *code.split("-")])
    yield f"LX*{number}"
    sv1 = f"SV1*{procedure}*{said['$']}*{basis}*{count}*{said.get('at', '')}**{said['>']}"
    yield sv1.rstrip("*")
    first, span, last = said.get("on", day.isoformat()).replace("-", "").partition("/")
    yield f"DTP*472*RD8*{first}-{last}" if span else f"DTP*472*D8*{first}"
    yield f"REF*6R*L{number}"
    if "clia" in said:
        yield f"REF*X4*{said['clia']}"
    if "ndc" in said:
        drug, amount, unit = said["ndc"].split(":")
        yield f"LIN**N4*{drug}"
        yield f"CTP****{amount}*{unit}"
    if "by" in said:
        yield f"NM1*82*1*FENWICK*ROSA****XX*{said['by']}"
        if taxonomy:
            yield taxonomy


def _split(data: bytes) -> list[str]:
    return [segment.strip() for segment in data.decode("latin-1").split("~") if segment.strip()]


def _find(segments: Sequence[str], begin: str) -> int:
    return next(at for at, segment in enumerate(segments) if segment.startswith(begin))


# Judging ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load(installed=False)


@lru_cache(maxsize=16)
def sources(kinds: frozenset[str]) -> Sources:
    """The shipped tables, and of these kinds what ``scrubber tables add`` loads from ``fixtures/tables``."""
    if not kinds:
        return Sources()
    folder = Path(_scratch().name) / "-".join(sorted(kinds))
    for kind in sorted(kinds):
        file = str(FIXTURES / "tables" / TABLES[kind])
        with samples_are_whole():
            run = CliRunner().invoke(cli, ["tables", "add", kind, file, "--data", str(folder)])
        if run.exit_code:
            raise RuntimeError(run.output)
    return open_sources(folder)


@lru_cache(maxsize=1)
def _scratch() -> TemporaryDirectory[str]:
    """Where the loaded tables lie; gone with the program."""
    return TemporaryDirectory(prefix="scrubber-scenarios-")


def say(case: Case) -> list[Said]:
    """The word on each claim of a scenario."""
    settings = Options(received=case.received, catalogue=catalogue(), sources=sources(case.tables), strict=True)
    told: list[Said] = []
    for event in judge(write(case), settings):
        if isinstance(event, ClaimVerdict):
            said = Said(unchecked={gap.edit for gap in event.unchecked})
            told.append(said)
        for finding in getattr(event, "findings", ()):
            # What stands above the claims is told of the claim before it, which these small files read at its end.
            weight = {Severity.REJECT: told[-1].rejects, Severity.WARNING: told[-1].warnings}
            weight.get(finding.severity, told[-1].infos).add(finding.edit)
    return told


# Counting ---------------------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """Rejects said and due, claim by claim; and warnings on claims that nothing rejects."""

    right: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    claims: int = 0
    clean: int = 0
    bothered: int = 0
    """Clean claims with a reject or warning that is not due."""

    def count(self, said: Said, expected: Expected) -> None:
        self.claims += 1
        for edits, counter in (
            (said.rejects & expected.rejects, self.right),
            (said.rejects - expected.rejects, self.false),
            (expected.rejects - said.rejects, self.missed),
        ):
            counter.update(edit.partition("-")[0] for edit in edits)
        if not expected.rejects:
            self.clean += 1
            self.bothered += bool(said.rejects | (said.warnings - expected.warnings))

    def rows(self) -> Iterator[tuple[str, int, int, int]]:
        """Family, right, false and missed; the whole last."""
        for family in sorted(self.right | self.false | self.missed):
            yield family, self.right[family], self.false[family], self.missed[family]
        yield "all", self.right.total(), self.false.total(), self.missed.total()


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main() -> int:
    """Print the figures and the misses; 1 where there is a miss that is not known."""
    figures = Figures()
    misses: list[str] = []
    news = False
    for case in cases():
        for number, (said, expected) in enumerate(zip(say(case), case.expected, strict=True), 1):
            figures.count(said, expected)
            for difference in said.differences(expected):
                which = f", claim {number}" if len(case.expected) > 1 else ""
                misses.append(f"{case.name}{which}: {difference}" + (f" ({case.known})" if case.known else ""))
                news |= not case.known
    print(f"{len(cases())} scenarios, {figures.claims} claims, {figures.clean} of them without a reject due\n")
    print(f"{'rejects':8}{'right':>7}{'false':>7}{'missed':>8}{'precision':>11}{'recall':>9}")
    for family, right, false, missed in figures.rows():
        print(
            f"{family:8}{right:7}{false:7}{missed:8}{share(right, right + false):>11}{share(right, right + missed):>9}"
        )
    print(f"\nclean claims with a false reject or warning: {figures.bothered} of {figures.clean}")
    print("misses: " + ("" if misses else "none"))
    for miss in misses:
        print(f"  {miss}")
    return news


if __name__ == "__main__":
    sys.exit(main())
