"""The first page of the HTML report: how the claims came out, and what to do first."""

from __future__ import annotations

from decimal import Decimal

from scrubber.reports.html.markup import NOTHING, Markup, tag, text, together
from scrubber.reports.html.words import say_name
from scrubber.reports.html.worklist import Task, Worklist
from scrubber.reports.json_report import legible
from scrubber.reports.prose import money
from scrubber.reports.report import Run
from scrubber.reports.summary import STATES, say_clean
from scrubber.reports.tally import FileResult, Tally
from scrubber.reports.wording import Wording
from scrubber.spelling import count

TASKS = 12
"""Edits that are told with what to do; the others are listed."""

FILES = 200
"""Files that are listed; those with faults come first."""

WIDE = 1000
"""Units across a chart."""


def write_front(tally: Tally, worklist: Worklist, wording: Wording, run: Run) -> Markup:
    """Headline, figures, chart, files, and the list of what to do."""
    return together(
        (
            _headline(tally, run),
            _figures(tally, run),
            _errors(tally),
            _tasks(worklist, wording, run),
            _files(tally, run),
        )
    )


def _headline(tally: Tally, run: Run) -> Markup:
    totals = tally.totals
    name = legible(tally.files[0].path) if len(tally.files) == 1 else count(len(tally.files), "file")
    above = tag("p", f"{name} · received {run.received}", class_="above")
    if not totals.claims:
        said = "Nothing could be judged" if tally.errors else "There is no claim in what was read"
    elif not totals.rejected:
        said = "The claim is accepted" if totals.claims == 1 else f"All {totals.claims:,} claims are accepted"
    elif not totals.accepted:
        said = "The claim is rejected" if totals.claims == 1 else f"All {totals.claims:,} claims are rejected"
    else:
        said = f"{totals.rejected:,} of {totals.claims:,} claims {'is' if totals.rejected == 1 else 'are'} rejected"
    found = totals.findings
    lead = ""
    if totals.rejected:
        them, are = ("it", "it is") if totals.rejected == 1 else ("them", "they are")
        charge = "" if run.redacted else f"{money(totals.charge_rejected)} will not be paid until {are} corrected. "
        lead = f"{charge}Correct {them} where the claims are kept, write the file anew and check it again."
    elif found["reject"]:
        lead = "No claim is rejected, but the file has faults: they stand below."
    elif totals.claims:
        lead = say_clean(tally)
    if found["warning"]:
        lead += f" {count(found['warning'], 'warning')}: a payer may ask, or refuse to pay."
    if tally.known is not None:
        lead += (
            f" {count(tally.known, 'finding')} that a baseline knows left out here: a claim may be rejected by these."
        )
    if tally.waived:
        lead += f" {count(tally.waived, 'finding')} waived, and marked so."
    return together((above, tag("h1", said), tag("p", lead.strip(), class_="lead") if lead else NOTHING))


def _figures(tally: Tally, run: Run) -> Markup:
    """Accepted and rejected: claims, money, and a bar that shows their shares."""
    totals = tally.totals
    if not totals.claims:
        return NOTHING
    boxes = []
    for word, kind, claims, charge in (
        ("Rejected", "reject", totals.rejected, totals.charge_rejected),
        ("Accepted", "good", totals.accepted, totals.charge_accepted),
    ):
        sum_ = NOTHING if run.redacted else tag("span", money(charge), class_="money")
        boxes.append(
            tag(
                "div",
                tag("dt", tag("span", word, class_=f"mark {kind}")),
                tag("dd", tag("span", f"{claims:,}", class_="big"), f" {'claim' if claims == 1 else 'claims'}", sum_),
                class_=kind,
            )
        )
    if run.redacted or not totals.charge_rejected + totals.charge_accepted:
        lost, whole, what = Decimal(totals.rejected), Decimal(totals.claims), "claims"
    else:
        lost, whole, what = totals.charge_rejected, totals.charge_rejected + totals.charge_accepted, "charges"
    return together((tag("dl", *boxes, class_="figures"), _shares(lost, whole, what)))


def _shares(lost: Decimal, whole: Decimal, what: str) -> Markup:
    """One bar: what is rejected, and the rest."""
    share = min(max(lost / whole, Decimal(0)), Decimal(1)) if whole > 0 else Decimal(0)
    width = int(share * WIDE)
    if share:
        width = max(width, 4)
    percent = f"{share * 100:.0f}" if share in (0, 1) else f"{share * 100:.1f}"
    said = f"{percent} % of the {what} are rejected, {100 - Decimal(percent):f} % accepted."
    bar = (
        f'<svg class="shares" viewBox="0 0 {WIDE} 28" preserveAspectRatio="none" role="img" aria-label="{text(said)}">'
        f'<rect class="rest" x="0" y="0.5" width="{WIDE}" height="27"/>'
        f'<rect class="lost" x="0" y="0" width="{width}" height="28"/></svg>'
    )
    return tag("figure", Markup(bar), tag("figcaption", said))


def _files(tally: Tally, run: Run) -> Markup:
    if len(tally.files) < 2:
        return NOTHING
    ranked = sorted(tally.files, key=lambda f: (f.status == "accepted", f.path))
    rows = [tag("tr", *_file_cells(file, run)) for file in ranked[:FILES]]
    heads = ["File", "Came out", "Claims", "Rejected"] + ([] if run.redacted else ["Rejected charges"])
    more = len(ranked) - FILES
    return together(
        (
            tag("h2", "Files", id="files"),
            _scroll(
                "Files",
                tag("thead", tag("tr", *(tag("th", h, scope="col", class_="n" if n > 1 else None)
                                         for n, h in enumerate(heads)))),
                tag("tbody", *rows),
            ),
            tag("p", f"and {count(more, 'other file')}, all accepted or further down", class_="note") if more > 0
            else NOTHING,
        )
    )  # fmt: skip


def _file_cells(file: FileResult, run: Run) -> list[Markup]:
    totals = file.totals
    cells = [
        tag("th", legible(file.path), scope="row"),
        tag("td", STATES.get(file.status, file.status)),
        tag("td", f"{totals.claims:,}", class_="n"),
        tag("td", f"{totals.rejected:,}", class_="n"),
    ]
    return cells if run.redacted else [*cells, tag("td", money(totals.charge_rejected), class_="n")]


def _errors(tally: Tally) -> Markup:
    told = [
        tag("li", tag("strong", legible(file.path)), ": ", file.error or "could not be judged")
        for file in tally.errors[:FILES]
    ]
    if not told:
        return NOTHING
    return together((tag("h2", "Not judged", id="errors"), tag("ul", *told, class_="errors")))


def _tasks(worklist: Worklist, wording: Wording, run: Run) -> Markup:
    ranked = worklist.ranked()
    if not ranked:
        return NOTHING
    most = max(task.charge for _, task in ranked)
    heads = [tag("th", "Correct", scope="col"), tag("th", "Claims", scope="col", class_="n")]
    if not run.redacted:
        heads.append(tag("th", "Charges held back", scope="col", class_="n"))
        heads.append(tag("th", "Freed by this alone", scope="col", class_="n"))
    rows = [_task_row(edit, task, most, wording, run) for edit, task in ranked[:TASKS]]
    rest = ranked[TASKS:]
    others = NOTHING
    if rest:
        told = [
            tag("li", tag("span", edit, class_="code"), f" {say_name(wording.entry(edit).name)}: ",
                count(task.claims, "claim"), "" if run.redacted else f", {money(task.charge)}")
            for edit, task in rest
        ]  # fmt: skip
        others = tag("details", tag("summary", count(len(rest), "other edit")), tag("ul", *told), class_="others")
    lead = "By the number of claims." if run.redacted else "By the charges that each holds back, most first."
    return together(
        (
            tag("h2", "What to do first", id="first"),
            tag("p", f"{lead} A claim with several faults counts under each of them.", class_="note"),
            _scroll("What to do first", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="tasks"),
            others,
        )
    )


def _task_row(edit: str, task: Task, most: Decimal, wording: Wording, run: Run) -> Markup:
    entry = wording.entry(edit)
    links = [tag("a", example.id or "(no number)", href=f"#{example.anchor}") for example in task.examples]
    more = task.claims - len(links)
    said = together((together(links, ", "), f" and {more:,} more" if more > 0 else ""))
    cells = [
        tag(
            "th",
            tag("span", tag("span", edit, class_="code"), " ", say_name(entry.name), class_="title"),
            tag("span", entry.fix, class_="fix"),
            tag("span", said, class_="claims"),
            scope="row",
        ),
        tag("td", f"{task.claims:,}", class_="n"),
    ]
    if not run.redacted:
        width = int(task.charge / most * WIDE) if most > 0 else 0
        bar = (
            f'<svg class="bar" viewBox="0 0 {WIDE} 10" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="lost" x="{WIDE - width}" y="0" width="{width}" height="10"/></svg>'
        )
        cells.append(tag("td", money(task.charge), Markup(bar), class_="n"))
        cells.append(tag("td", money(task.charge_alone), class_="n"))
    return tag("tr", *cells)


def _scroll(name: str, *inside: Markup, class_: str | None = None) -> Markup:
    """A table that scrolls sideways on its own where the page is narrow."""
    table = tag("table", tag("caption", name, class_="vh"), *inside, class_=class_)
    return tag("div", table, class_="wide", tabindex="0", role="group", aria_label=name)
