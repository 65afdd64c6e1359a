"""Claims from a few service lines, and what the coding edits say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from judging import judge

from scrubber.catalogue.engine import Engine
from scrubber.catalogue.examples import read_base
from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import load
from scrubber.catalogue.sources import Sources
from scrubber.finding import Finding, Severity, Unchecked
from scrubber.tables.ptp import PtpTable

CODING = ("NCCI", "MOD", "TEL")

REJECT, WARNING, INFO = Severity.REJECT, Severity.WARNING, Severity.INFO

OTHER_NPI = "1234567893"
"""The NPI of the standard's own example: passes its check digit, and is nobody of the base claims."""


@dataclass(frozen=True)
class Line:
    """One service line. ``code`` is written as billers do, modifiers behind dashes: ``97140-59-GP``."""

    code: str
    day: str = ""
    npi: str = ""
    units: str = "1"
    place: str = ""


@dataclass(frozen=True)
class Said:
    """The coding findings of one claim."""

    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def ids(self) -> set[str]:
        """Ids of rejects and warnings."""
        return {f.edit for f in self.findings if f.severity is not INFO}

    @property
    def weights(self) -> dict[str, Severity]:
        return {f.edit: f.severity for f in self.findings}

    def one(self, edit: str) -> Finding:
        (found,) = [f for f in self.findings if f.edit == edit]
        return found

    def gaps(self, edit: str) -> list[str]:
        return [u.reason for u in self.unchecked if u.edit == edit]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load(installed=False)


def write(
    *lines: Line | str,
    day: str = "2026-09-15",
    filing: str = "CI",
    place: str = "11",
    raw: str = "",
    rendering: bool = True,
) -> bytes:
    """The office claim with these lines instead of its own. ``raw`` is put in for the first line's SV101 as it is;
    without ``rendering`` the billing provider renders."""
    segments = [s.strip() for s in read_base("office").decode("latin-1").split("~") if s.strip()]
    start = next(i for i, s in enumerate(segments) if s.startswith("LX*"))
    end = next(i for i, s in enumerate(segments) if s.startswith("SE*"))
    body: list[str] = []
    for number, written in enumerate(lines, 1):
        line = Line(written) if isinstance(written, str) else written
        procedure = ":".join(["HC", *line.code.split("-")])
        body.append(f"LX*{number}")
        body.append(f"SV1*{raw if raw and number == 1 else procedure}*100*UN*{line.units}*{line.place}**1")
        body.append("DTP*472*" + _dates(line.day or day))
        if line.npi:
            body += [f"NM1*82*1*FENWICK*ROSA****XX*{line.npi}", "PRV*PE*PXC*207X00000X"]
    segments[start:end] = body
    if not rendering:
        at = next(i for i, s in enumerate(segments) if s.startswith("NM1*82"))
        del segments[at : at + 2]
    for i, segment in enumerate(segments):
        elements = segment.split("*")
        if elements[0] == "CLM":
            elements[2] = str(100 * len(lines))
            elements[5] = place + elements[5][2:]
        elif elements[0] == "SBR":
            elements[9] = filing
        elif elements[0] == "SE":
            elements[1] = str(i - next(n for n, s in enumerate(segments) if s.startswith("ST*")) + 1)
        segments[i] = "*".join(elements)
    return ("~\n".join(segments) + "~\n").encode("latin-1")


def _dates(day: str) -> str:
    first, slash, last = day.replace("-", "").partition("/")
    return f"RD8*{first}-{last}" if slash else f"D8*{first}"


def judge_file(
    data: bytes, *, select: tuple[str, ...] = CODING, ptp: PtpTable | None = None, use: Catalogue | None = None
) -> Said:
    """The coding edits' word on a file of one claim."""
    sources = Sources(given={"ptp": lambda: ptp}) if ptp else Sources()
    engine = Engine(use or catalogue(), sources, received=date(2026, 9, 16), select=select, strict=True)
    claims = [judged for judged in judge(data, engine) if judged.claim]
    assert len(claims) == 1, "the text is no claim"
    own = [f for f in claims[0].findings if not f.edit.startswith("X12-")]
    assert len(own) == len(claims[0].findings), [f.edit for f in claims[0].findings]
    return Said(tuple(own), tuple(claims[0].unchecked))


def said(
    *lines: Line | str,
    day: str = "2026-09-15",
    filing: str = "CI",
    place: str = "11",
    ptp: PtpTable | None = None,
    use: Catalogue | None = None,
) -> Said:
    """What the coding edits say of a claim with these lines."""
    return judge_file(write(*lines, day=day, filing=filing, place=place), ptp=ptp, use=use)
