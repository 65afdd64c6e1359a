"""The document around the parts: its head with the style sheet and what a browser may do, and the way to the parts."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from scrubber.reports.html.markup import Markup, tag, text, together
from scrubber.reports.html.parts import Part
from scrubber.reports.html.segments import write_rules
from scrubber.reports.html.worklist import Worklist
from scrubber.reports.json_report import legible
from scrubber.reports.report import Run
from scrubber.reports.tally import Tally


@cache
def read_style() -> str:
    """The style sheet."""
    return (resources.files("scrubber.reports.html") / "report.css").read_text("utf-8")


def write_head(tally: Tally, run: Run, labels: dict[str, str]) -> bytes:
    """The document up to its body. A policy allows this style sheet and nothing else: no script, no network, whatever
    the markup should say."""
    style = f"{read_style()}{write_rules(labels)}\n"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = text(f"Claims report, {legible(tally.files[0].path) if len(tally.files) == 1 else run.received}")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f'<meta name="robots" content="noindex"><title>{title}</title><style>{style}</style></head><body>\n'
    ).encode()


def write_contents(worklist: Worklist, rejected: Part, warned: Part) -> Markup:
    """Links to the parts that there are."""
    links = [
        ("first", "What to do first", bool(worklist.tasks)),
        ("rejected", f"Rejected claims ({rejected.claims:,})", not rejected.empty),
        ("warnings", f"Warnings ({warned.claims:,})", not warned.empty),
        ("unchecked", "Not checked", True),
        ("editions", "Editions used", True),
    ]
    items = [tag("li", tag("a", name, href=f"#{id}")) for id, name, there in links if there]
    skip = tag("a", "Skip to the report", href="#main", class_="skip")
    return together((skip, tag("nav", tag("ul", *items), aria_label="Parts of this report")))
