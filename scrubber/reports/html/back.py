"""The last page of the HTML report: what was not checked, with which editions, and how to read the report."""

from __future__ import annotations

from collections.abc import Sequence

from scrubber.reports.html.markup import NOTHING, Markup, tag, together
from scrubber.reports.html.segments import list_names
from scrubber.reports.report import Run
from scrubber.reports.summary import group_gaps, tables_to_load
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.spelling import count
from scrubber.verdict import TableUsed


def write_back(tally: Tally, tables: Sequence[TableUsed], labels: dict[str, str], wording: Wording, run: Run) -> Markup:
    """Everything behind the claims."""
    return together((_unchecked(tally, wording, run), _editions(tables, run), _names(labels), _footer(run)))


def _unchecked(tally: Tally, wording: Wording, run: Run) -> Markup:
    """What was not checked, on how many claims and why; then what to load so that it is."""
    heading = tag("h2", "Not checked", id="unchecked")
    one = tally.totals.claims == 1
    if not tally.totals.claims:
        return together((heading, tag("p", "No claim could be read, so none was checked.")))
    if not tally.unchecked:
        these = "this claim" if one else "these claims"
        return together((heading, tag("p", f"Every edit that applies to {these} could be checked.")))
    on = "the claim" if one else f"{tally.open:,} of {count(tally.totals.claims, 'claim')}"
    rows = []
    for question in group_gaps(tally):
        cells = [tag("td", question.kind if run.redacted else question.why), tag("td", ", ".join(question.edits))]
        if not run.redacted:
            named = ", ".join(claim or "(no number)" for claim in question.claims)
            cells.append(tag("td", f"{named}{' …' if question.times > len(question.claims) else ''}"))
        rows.append(tag("tr", *cells, tag("td", f"{question.times:,}", class_="n")))
    heads = (("Why", ""), ("Edits", ""), *(() if run.redacted else (("Claims", ""),)), ("Times", "n"))
    shown = _table("What was not checked", heads, rows)
    lead = f"On {on}. Nothing is known to be wrong there, nor to be right."
    missing = [
        tag("li", tag("code", f"scrubber tables add {kind} FILE"), f" {why}")
        for kind, why in tables_to_load(tally, wording)
    ]
    load = together((tag("p", "To check it, load:", class_="note"), tag("ul", *missing))) if missing else NOTHING
    return together((heading, tag("p", lead, class_="note"), shown, load))


def _editions(tables: Sequence[TableUsed], run: Run) -> Markup:
    rows = []
    for table in tables:
        days = f"{table.from_ or 'any day'} to {table.to or 'further notice'}" if table.from_ or table.to else "any day"
        rows.append(
            tag(
                "tr",
                tag("th", table.name, scope="row"),
                tag("td", table.edition),
                tag("td", days),
                tag("td", f"{table.rows:,}", class_="n"),
            )
        )
    said = f"scrubber {run.version}, for claims received on {run.received}."
    shown = (
        _table("Reference data", (("Table", ""), ("Edition", ""), ("Days it answers for", ""), ("Rows", "n")), rows)
        if rows
        else NOTHING
    )
    return together((tag("h2", "Editions used", id="editions"), tag("p", said, class_="note"), shown))


def _names(labels: dict[str, str]) -> Markup:
    if not labels:
        return NOTHING
    summary = tag("summary", f"What the elements are called ({len(set(labels.values())):,})")
    return together(
        (tag("h2", "Elements", id="elements"), tag("details", summary, list_names(labels), class_="glossary"))
    )


def _footer(run: Run) -> Markup:
    said = (
        "Patient data has been left out of this report."
        if run.redacted
        else "This report holds patient data: treat it as you treat the claims."
    )
    return tag("footer", tag("p", said), tag("p", f"Written by scrubber {run.version}."))


def _table(name: str, heads: Sequence[tuple[str, str]], rows: Sequence[Markup]) -> Markup:
    head = tag("tr", *(tag("th", title, scope="col", class_=kind or None) for title, kind in heads))
    table = tag("table", tag("caption", name, class_="vh"), tag("thead", head), tag("tbody", *rows))
    return tag("div", table, class_="wide", tabindex="0", role="group", aria_label=name)
