"""The last part of the text report: totals, what was found most, what was not checked, what to do next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scrubber.reports.prose import Page, harmless, money
from scrubber.reports.report import Run
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.spelling import count
from scrubber.verdict import TableUsed

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").sub

_OF_CLAIM = re.compile(r"\b(readable|unreadable|could be read|damaged)\b").search
"""Reasons that lie in the claim: no table would help."""

MOST = 8
"""Edits, and groups of what was not checked, that are told one by one."""

EXAMPLES = 3
"""Cases that a reason names."""

STATES = {
    "accepted": "accepted",
    "partial": "accepted in part",
    "rejected": "rejected",
    "unreadable": "not judged",
}

LABEL = 13


def summarise(tally: Tally, tables: Sequence[TableUsed], wording: Wording, run: Run, page: Page) -> str:
    """The summary as text."""
    lines = [page.paint("Summary", "strong") + "\n"]
    for label, text in (
        *_counts(tally, run.redacted),
        *_most(tally, wording),
        *_tables(tables),
        ("Received", f"{run.received} (the day of receipt; --received changes it)"),
        *_unchecked(tally, wording, run.redacted),
        *_next(tally),
    ):
        lines.append(page.paragraph(text, 2, label, LABEL))
    return "".join(lines)


def _counts(tally: Tally, redacted: bool) -> Iterator[tuple[str, str]]:
    totals = tally.totals
    if len(tally.files) != 1:
        states = Counter(file.status for file in tally.files)
        each = ", ".join(f"{states[s]:,} {word}" for s, word in STATES.items() if states[s])
        yield "Files", f"{len(tally.files):,}: {each}" if each else "none"
    for number, file in enumerate(tally.errors[:MOST]):
        yield "" if number else "Not judged", harmless(file.path)
    if len(tally.errors) > MOST:
        yield "", f"and {count(len(tally.errors) - MOST, 'other file')}"
    if totals.claims:
        taken = "" if redacted else f" ({money(totals.charge_accepted)})"
        lost = "" if redacted else f" ({money(totals.charge_rejected)})"
        told = f"{totals.accepted:,} accepted{taken}, {totals.rejected:,} rejected{lost}"
        yield "Claims", f"{totals.claims:,}: {told}"
    elif not tally.errors:
        yield "Claims", "none: there is no claim in what was read"
    found = totals.findings
    if any(found.values()):
        info = f", {found['info']:,} for information" if found["info"] else ""
        yield "Findings", f"{count(found['reject'], 'reject')}, {count(found['warning'], 'warning')}{info}"
    if tally.waived:
        yield "Waived", f"{count(tally.waived, 'finding')}, among those for information"
    if tally.known is not None:
        yield "Known", f"{count(tally.known, 'finding')} of the baseline, not told here; claims stay rejected by them"


def _most(tally: Tally, wording: Wording) -> Iterator[tuple[str, str]]:
    weight = {"reject": 0, "warning": 1, "info": 2}
    ranked = sorted(tally.edits.items(), key=lambda item: (weight[item[0][1]], -item[1], item[0][0]))
    for number, ((edit, severity), times) in enumerate(ranked[:MOST]):
        name = wording.entry(edit).name
        yield "" if number else "Most often", f"{times:>5,} x {edit} {name} ({severity})"
    if len(ranked) > MOST:
        yield "", f"and {count(len(ranked) - MOST, 'other edit')}"


def _tables(tables: Sequence[TableUsed]) -> Iterator[tuple[str, str]]:
    for number, table in enumerate(tables):
        dates = f", {table.from_ or 'any day'} to {table.to or 'further notice'}" if table.from_ or table.to else ""
        yield "" if number else "Tables", f"{table.name}: {table.edition}{dates}, {count(table.rows, 'row')}"


class OpenQuestion(NamedTuple):
    """What some edits asked and could not have answered."""

    why: str
    """The most frequent reason, with what differs in the next ones. May hold codes and days of claims."""
    kind: str
    """The reason without days, and without what differs from claim to claim."""
    edits: tuple[str, ...]
    times: int
    claims: tuple[str, ...]
    """The first claims (CLM01) that it stayed open on. Patient data."""


def group_gaps(tally: Tally) -> list[OpenQuestion]:
    """What was not checked, the most frequent first. Reasons that differ only in a day, or in what follows their colon,
    are one, and so are those of several edits."""
    edits: dict[str, set[str]] = {}
    reasons: dict[str, Counter[str]] = {}
    claims: dict[str, dict[str, None]] = {}
    for (edit, reason), times in tally.unchecked.items():
        kind = _DAY("*", reason).partition(": ")[0]
        edits.setdefault(kind, set()).add(edit)
        counted = reasons.setdefault(kind, Counter())
        counted[reason] = max(counted[reason], times)  # Several edits often ask the same question.
        claims.setdefault(kind, {}).update(dict.fromkeys(tally.waiting.get((edit, reason), ())))
    found = [
        OpenQuestion(
            _examples(counted), kind, tuple(sorted(edits[kind])), counted.total(), tuple(claims[kind])[:EXAMPLES]
        )
        for kind, counted in reasons.items()
    ]
    return sorted(found, key=lambda question: (-question.times, question.kind))


def tables_to_load(tally: Tally, wording: Wording) -> list[tuple[str, str]]:
    """The kinds of table that would have had answers, each with whose file it is and the edits that ask it. Where the
    claim itself lacks something, none would."""
    from scrubber.tables.kinds import KINDS

    asking: dict[str, set[str]] = {}
    for edit, reason in tally.unchecked:
        for kind in () if _OF_CLAIM(reason) else wording.entry(edit).edit.asks:
            asking.setdefault(kind, set()).add(edit)
    return [(kind, f"{KINDS[kind].source}; for {', '.join(sorted(edits))}") for kind, edits in sorted(asking.items())]


def _unchecked(tally: Tally, wording: Wording, redacted: bool) -> Iterator[tuple[str, str]]:
    if not tally.unchecked:
        return
    claims = tally.totals.claims
    on = "points of the claim" if claims == 1 else f"points of {tally.open:,} of {count(claims, 'claim')}"
    yield "Not checked", f"{on}: nothing is known to be wrong there, nor to be right"
    questions = group_gaps(tally)
    for question in questions[:MOST]:
        why = question.kind if redacted else question.why
        if not redacted and question.times < claims:
            named = ", ".join(claim or "(no number)" for claim in question.claims)
            why += f" ({named}{' ...' if question.times > len(question.claims) else ''})"
        yield "", harmless(f"{question.times:>5,} x {', '.join(question.edits)}: {why}")
    if len(questions) > MOST:
        yield "", f"and {count(len(questions) - MOST, 'other reason')}: --format json lists them all"
    for number, (kind, why) in enumerate(tables_to_load(tally, wording)):
        yield "" if number else "To check it", f"scrubber tables add {kind} FILE ({why})"


def _examples(counted: Counter[str]) -> str:
    """The most frequent reason, and what stands behind the colon of the next ones."""
    reasons = sorted(counted, key=lambda reason: (-counted[reason], reason))
    head, _, detail = reasons[0].partition(": ")
    if len(reasons) > 1 and len({_DAY("*", reason) for reason in reasons}) == 1:
        return f"{reasons[0]}, and {len(reasons) - 1:,} more like it"
    named = [reason.partition(": ")[2] for reason in reasons[:EXAMPLES]]
    more = " ..." if len(reasons) > EXAMPLES else ""
    return f"{head}: {', '.join(named)}{more}" if detail else head


def say_clean(tally: Tally) -> str:
    """That nothing rejects what was judged, where that is so."""
    what, they = ("this claim", "it") if tally.totals.claims == 1 else ("these claims", "they")
    limit = f" as far as {they} could be checked" if tally.unchecked else ""
    return f"Nothing here rejects {what}{limit}: {they} can be sent."


def _next(tally: Tally) -> Iterator[tuple[str, str]]:
    totals = tally.totals
    edits = [edit for (edit, severity) in tally.edits if severity == "reject"]
    if tally.known is not None and not totals.findings["reject"] and not tally.errors:
        yield "Next", "Nothing new rejects a claim. What the baseline knows is still to be corrected."
    elif totals.claims and (totals.rejected or totals.findings["reject"]):
        example = min(edits, key=lambda e: (-tally.edits[e, "reject"], e)) if edits else ""
        more = f" `scrubber explain {example}` tells an edit in full, with an example." if example else ""
        yield (
            "Next",
            "Correct what is rejected where the claims are kept, write the file anew and check it again before you "
            f"send it.{more}",
        )
    elif tally.errors:
        yield "Next", "See above why nothing could be judged; nothing is known about claims in there."
    elif totals.claims:
        look = " Look at the warnings first: a payer may ask." if totals.findings["warning"] else ""
        yield "Next", f"{say_clean(tally)}{look}"
    if tally.fixable:
        concern = "concerns" if tally.fixable == 1 else "concern"
        yield (
            "",
            f"{count(tally.fixable, 'finding')} {concern} format alone: `scrubber fix` corrects and shows it.",
        )
