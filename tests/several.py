"""Files of several claims, made of the base claims, and what is found on each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lines import Line, catalogue, write

from scrubber.catalogue.examples import read_base
from scrubber.pipeline import Options, judge
from scrubber.verdict import ClaimVerdict

RECEIVED = date(2026, 9, 16)


@dataclass(frozen=True)
class Sent:
    """One claim. ``change`` replaces texts in its segments from 2000B on, first come first served."""

    lines: tuple[Line | str, ...]
    id: str = ""
    filing: str = "CI"
    base: str = "office"
    change: tuple[tuple[str, str], ...] = ()
    new_set: bool = False
    """Whether a transaction set of its own begins with it."""


def sent(*lines: Line | str, **rest: object) -> Sent:
    return Sent(lines, **rest)  # type: ignore[arg-type]


def write_file(*claims: Sent) -> bytes:
    """One interchange with these claims, each under a subscriber (and patient) loop of its own."""
    segments: list[str] = []
    start = 0
    for number, claim in enumerate(claims, 1):
        written = _segments(write(*claim.lines, filing=claim.filing))
        body = _body(claim.base, written)
        if not segments:
            segments = written[: _find(written, "HL*2")]
        elif claim.new_set:
            segments.append(_close(segments, start))
            start = len(segments)
            opening = written[_find(written, "ST*") : _find(written, "HL*2")]
            segments += [opening[0].replace("0001", f"{number:04d}"), *opening[1:]]
        if number == 1 or claim.new_set:
            start = max(i for i, s in enumerate(segments) if s.startswith("ST*"))
            level = 1
        body, level = _renumber(body, level)
        for old, new in claim.change:
            at = next(i for i, s in enumerate(body) if old in s)
            body[at] = body[at].replace(old, new)
        at = _find(body, "CLM*")
        elements = body[at].split("*")
        elements[1] = claim.id or f"CLAIM-{number}"
        body[at] = "*".join(elements)
        segments += body
    sets = sum(s.startswith("ST*") for s in segments)
    segments.append(_close(segments, start))
    tail = written[_find(written, "GE*") :]
    elements = tail[0].split("*")
    segments += ["*".join([elements[0], str(sets), *elements[2:]]), *tail[1:]]
    return ("~\n".join(segments) + "~\n").encode("latin-1")


def _segments(data: bytes) -> list[str]:
    return [s.strip() for s in data.decode("latin-1").split("~") if s.strip()]


def _find(segments: list[str], begin: str) -> int:
    return next(i for i, s in enumerate(segments) if s.startswith(begin))


def _body(base: str, written: list[str]) -> list[str]:
    """The subscriber and patient of a base claim with the written claim behind them."""
    own = _segments(read_base(base))
    filing = written[_find(written, "SBR*")].split("*")[9]
    above = own[_find(own, "HL*2") : _find(own, "CLM*")]
    at = _find(above, "SBR*")
    elements = above[at].split("*")
    elements[9:10] = [filing]
    above[at] = "*".join(elements)
    return [*above, *written[_find(written, "CLM*") : _find(written, "SE*")]]


def _renumber(body: list[str], level: int) -> tuple[list[str], int]:
    """HL numbers that go on from ``level``, under the provider 1."""
    parent = 1
    for i, segment in enumerate(body):
        if segment.startswith("HL*"):
            level += 1
            elements = segment.split("*")
            elements[1], elements[2] = str(level), str(parent)
            body[i] = "*".join(elements)
            parent = level
    return body, level


def _close(segments: list[str], start: int) -> str:
    control = segments[start].split("*")[2]
    return f"SE*{len(segments) - start + 1}*{control}"


def judged(data: bytes, **options: object) -> list[ClaimVerdict]:
    """The verdicts of a file's claims."""
    given = {"received": RECEIVED, "catalogue": catalogue(), "strict": True, **options}
    return [event for event in judge(data, Options(**given)) if isinstance(event, ClaimVerdict)]  # type: ignore[arg-type]


def told(*claims: Sent, **options: object) -> list[set[str]]:
    """Ids of the rejects and warnings of NCCI, MOD and CLM-38 on each claim of a file."""
    verdicts = judged(write_file(*claims), select=("NCCI", "MOD", "CLM-38", "X12"), **options)
    assert len(verdicts) == len(claims)
    return [{f.edit for f in v.findings if f.severity.value != "info"} for v in verdicts]
