"""What the HTML report says of a finding beside its message: sources, codes of the acknowledgements, days."""

from __future__ import annotations

from datetime import date

from scrubber.catalogue.entry import Citation
from scrubber.finding import Finding, Severity
from scrubber.reports.entries import BUSINESS, INTERCHANGE, Entries
from scrubber.reports.html.markup import Markup, tag, text, together
from scrubber.reports.vocabulary import read_vocabulary
from scrubber.reports.wording import x12_codes

SEVERITY = {Severity.REJECT: "Reject", Severity.WARNING: "Warning", Severity.INFO: "For information"}


def say_name(name: str) -> str:
    """``npi-check-digit-wrong`` to ``Npi check digit wrong``: as a heading has it."""
    words = name.replace("-", " ")
    return words[:1].upper() + words[1:]


def say_days(first: date | None, last: date | None) -> str:
    """Dates of service."""
    if first is None:
        return "day not readable"
    return str(first) if last in (None, first) else f"{first} to {last}"


def dotted(code: str) -> str:
    """A diagnosis as people write it: ``M54.2``."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and code.isalnum() else code


def link(citation: Citation) -> Markup:
    """A source, its title a link where it has an address that a browser may open, and the place in it. The edition is
    no part of the link: the publisher may show a later one there."""
    source = citation.source
    title = text(source.title)
    if source.url and source.url.startswith("https://"):
        title = tag("a", title, href=source.url, rel="noopener noreferrer")
    doubt = "" if source.verified else " (common knowledge of the field, not checked against the text)"
    return together((title, f", {source.edition}: {citation.at}{doubt}"))


def say_codes(finding: Finding, entries: Entries) -> tuple[str, Markup] | None:
    """(acknowledgement, its codes and their words); None where a finding is told to people only."""
    ack = entries.acknowledged_on(finding)
    if ack is None:
        return None
    words = read_vocabulary()
    if ack == BUSINESS:
        told = [(status_code(c), words.say_status(c)) for c in entries.statuses(finding)]
    elif ack == INTERCHANGE:
        note = finding.edit.removeprefix("X12-TA1-")
        told = [(f"TA105 {note}", words.ta105.get(note, ""))]
    else:
        told = _structural(finding)
    parts = [together((tag("code", code), f" {said}" if said else "")) for code, said in told]
    return ack, together(parts, "; ")


def status_code(composites: tuple[tuple[str, str, str | None], ...]) -> str:
    """An STC as written: ``A7:562:85``."""
    return " ".join(":".join(part for part in composite if part) for composite in composites)


def _structural(finding: Finding) -> list[tuple[str, str]]:
    words = read_vocabulary()
    codes = x12_codes(finding)
    if codes is not None:
        ik3, ik4 = codes
        if ik4:
            return [(f"IK403 {ik4}", words.ik403.get(ik4, ""))]
        return [(f"IK304 {ik3}", words.ik304.get(ik3 or "", ""))]
    kind, _, code = finding.edit.removeprefix("X12-").partition("-")
    known = {"IK5": ("IK502", words.ik502), "AK9": ("AK905", words.ak905)}.get(kind)
    return [(f"{known[0]} {code}", known[1].get(code, ""))] if known else []
