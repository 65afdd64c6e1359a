"""``index.html``: today's files at a glance, newest first, each with its counts and its reports.

It is written anew after every file, beside its name and then renamed, so that whoever has it open never sees half of
it. It needs no network, and reads the same without script.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock
from urllib.parse import quote

from scrubber.reports.html.document import read_style
from scrubber.reports.html.markup import NOTHING, Markup, tag, together
from scrubber.spelling import count
from scrubber.watch.layout import INDEX, Layout
from scrubber.watch.ledger import Entry, Ledger
from scrubber.watch.outstanding import Outstanding, find_outstanding

SHOWN = 200
"""Files that are listed; of the others of a busy day it is said how many they are."""

EARLIER = 14
"""Days for which files of earlier days are listed that still wait for a person."""

FRESH = 60.0
"""Seconds after which the page of a folder that is watched is written anew, whatever happens."""

STALE = 600.0
"""Seconds after which such a page tells by itself that nobody writes it any more."""

LOOK_AGAIN = """
document.addEventListener("visibilitychange", () => document.hidden || location.reload());
setInterval(() => document.hasFocus() || location.reload(), 30000);
document.addEventListener("DOMContentLoaded", () => {
  const stale = document.getElementById("stale");
  if (stale && Date.now() > stale.dataset.from * 1000) stale.hidden = false;
});
"""
"""A browser looks again when somebody comes back to the page, and each half minute while its window is not the one that
is worked in. Under somebody's eyes and hands the page stays as it is: a page that reloads by itself takes the place of
reading away from those who hear it read to them (WCAG 2.2.1)."""

STYLE = """
body.index { max-width: 72rem; }
.index h1 { margin-top: 0.25rem; }
.index .figures { margin: 2rem 0 2.5rem; }
.index td, .index th { padding: 0.75rem 1rem 0.75rem 0; }
.index .name { color: var(--ink); font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; min-width: 12rem; }
.index .links a { margin-right: 0.9rem; white-space: nowrap; }
.index .links small { display: block; color: var(--soft); max-width: 34rem; margin-bottom: 0.2rem; }
.index .notes { margin: 1.5rem 0; }
.index .notes li { border-left: 3px solid var(--accent); padding: 0.15rem 0 0.15rem 0.8rem; margin: 0.4rem 0; }
.index .stale { border: 1px solid var(--accent); border-left-width: 6px; padding: 0.8rem 1rem; margin: 1.5rem 0; }
.index .earlier { margin-top: 3rem; }
.index .none { margin: 3rem 0; font-size: 1.125rem; color: var(--soft); }
.index .wide { margin-top: 0; }
@media screen and (max-width: 54rem) {
  .index thead { position: absolute; clip-path: inset(50%); }
  .index tr { display: grid; grid-template-columns: 3.5rem auto auto 1fr; gap: 0.2rem 0.9rem; padding: 0.75rem 0;
    border-bottom: 1px solid var(--line); }
  .index th, .index td { grid-column: 2 / -1; padding: 0; border: 0; }
  .index td:first-child { grid-column: 1; }
  .index .n { grid-column: auto; }
  .index td.accepted { grid-column: 2; }
  .index td.accepted::after { content: " accepted"; }
  .index td.rejected::after { content: " rejected"; }
  .index td:empty { display: none; }
  .index .links a { display: inline-block; padding: 0.15rem 0; }
}
"""

MARKS = {
    "accepted": ("Accepted", "good"),
    "partial": ("Accepted in part", "reject"),
    "rejected": ("Rejected", "reject"),
    "failed": ("Not judged", "reject"),
    "duplicate": ("Duplicate", "warning"),
    "retried": ("Tried again", "info"),
}

LINKS = (
    ("report.html", "Report"), (".rejected.837", "Claims to correct"), (".accepted.837", "Claims to send"),
    (".277ca.txt", "277CA"), (".999.txt", "999"), (".ta1.txt", "TA1"),
)  # fmt: skip
"""What a file's row links to, by how the path ends, in this order."""


def write_page(layout: Layout, ledger: Ledger, notes: Sequence[str] = (), *, watched: bool = False) -> None:
    """Write the index; ``watched`` says that it will be written anew soon. Raises OSError."""
    data = render(layout, ledger, notes, datetime.now(), watched).encode()
    temporary = layout.state / "index.part"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(data)
    os.replace(temporary, layout.index)


def render(layout: Layout, ledger: Ledger, notes: Sequence[str], now: datetime, watched: bool = False) -> str:
    """The page."""
    midnight = datetime.combine(now.date(), clock())
    since = midnight.timestamp()
    earlier = find_outstanding(layout, ledger, (midnight - timedelta(EARLIER)).timestamp(), since)
    entries = ledger.entries("state = 'done' AND done >= ? ORDER BY published DESC LIMIT ?", (since, SHOWN))
    files, claims, accepted, rejected, failed = ledger.run(
        "SELECT count(*), total(claims), total(accepted), total(rejected), total(outcome = 'failed') FROM file"
        " WHERE state = 'done' AND outcome <> 'retried' AND done >= ?",
        (since,),
    ).fetchone()
    look_again = tag("a", "Look again", href=INDEX)
    body = together(
        (
            tag("p", f"Watched folder · {_say_day(now.date())} · as of {now:%H:%M:%S} · ", look_again, class_="above"),
            tag("h1", _headline(files, int(rejected), int(failed), earlier)),
            _warn(now) if watched else NOTHING,
            _figures(int(claims), int(accepted), int(rejected), int(failed)),
            tag("ul", *(tag("li", note) for note in notes), class_="notes") if notes else NOTHING,
            _table(ledger, entries) if entries else tag("p", "Drop a file into inbox/ and look here.", class_="none"),
            tag("p", f"And {files - len(entries):,} more today: see reports/.", class_="note")
            if files > len(entries) else NOTHING,
            _show_earlier(ledger, earlier),
            tag("footer", "Originals lie in archive/ by date, what could not be judged in failed/ with its reason."),
        )
    )  # fmt: skip
    return f'{_head(now)}<main id="main">{body}</main></body></html>\n'


def _head(now: datetime) -> str:
    style = f"{read_style()}{STYLE}"
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(LOOK_AGAIN)}; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f'<meta name="robots" content="noindex"><title>Claims of {now:%Y-%m-%d}</title>'
        f'<style>{style}</style><script>{LOOK_AGAIN}</script></head><body class="index">\n'
    )


def _digest(text: str) -> str:
    """A style sheet or script as a policy allows it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _headline(files: int, rejected: int, failed: int, earlier: Outstanding) -> str:
    """What there is to do comes first, and all of it."""
    said = f"{count(files, 'file')} today" if files else "No file yet today"
    if steps := _say_steps(rejected, failed):
        said = f"{said}: {steps}"
    elif files:
        said = f"{said}, nothing to correct"
    if before := _say_steps(earlier.claims, len(earlier.failed)):
        said = f"{said}. From earlier days: {before}"
    return said


def _say_steps(claims: int, failed: int) -> str:
    steps = [f"{count(claims, 'claim')} to correct"] if claims else []
    return ", ".join([*steps, f"{count(failed, 'file')} not judged"] if failed else steps)


def _warn(now: datetime) -> Markup:
    """What shows itself when the page has not been written anew for long."""
    return tag(
        "p",
        f"This page has not changed since {now:%A, %H:%M}. The watcher may have stopped: what is dropped then waits. "
        "Whoever looks after it can ask: scrubber watch status",
        id="stale", class_="stale", hidden="", data_from=f"{now.timestamp() + STALE:.0f}",
    )  # fmt: skip


def _show_earlier(ledger: Ledger, earlier: Outstanding) -> Markup:
    entries = earlier.entries[:SHOWN]
    if not entries:
        return NOTHING
    how = "A file leaves this list when it is taken out of rejected/ or failed/, and after two weeks."
    return tag(
        "section",
        tag("h2", "Still open from earlier days"),
        tag("p", how, class_="note"),
        _table(ledger, entries, "Day", "%b %d"),
        class_="earlier",
    )


def _figures(claims: int, accepted: int, rejected: int, failed: int) -> Markup:
    if not claims and not failed:
        return NOTHING
    boxes = [("Rejected claims", "reject", rejected), ("Accepted claims", "good", accepted)]
    if failed:
        boxes.append(("Files not judged", "reject", failed))
    return tag(
        "dl",
        *(
            tag(
                "div",
                tag("dt", tag("span", word, class_=f"mark {kind}")),
                tag("dd", tag("span", f"{n:,}", class_="big")),
                class_=kind,
            )
            for word, kind, n in boxes
        ),
        class_="figures",
    )  # fmt: skip


def _table(ledger: Ledger, entries: Sequence[Entry], when: str = "Time", form: str = "%H:%M") -> Markup:
    heads = ((when, ""), ("File", ""), ("Verdict", ""), ("Accepted", "n"), ("Rejected", "n"), ("Open", ""))
    head = tag("thead", tag("tr", *(tag("th", name, scope="col", class_=kind or None) for name, kind in heads)))
    rows = [_row(entry, [os.fsdecode(path) for path, _, _ in ledger.outputs(entry.id)], form) for entry in entries]
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="wide")


def _row(entry: Entry, outputs: Sequence[str], form: str) -> Markup:
    word, kind = MARKS[entry.outcome or "failed"]
    judged = entry.outcome in ("accepted", "partial", "rejected")
    when = time.strftime(form, time.localtime(entry.done or 0))
    name = entry.name.decode("utf-8", "replace")
    return tag(
        "tr",
        tag("td", when, class_="nowrap"),
        tag("th", name, scope="row", class_="name"),
        tag("td", tag("span", word, class_=f"mark {kind}")),
        tag("td", f"{entry.accepted:,}" if judged else "", class_="n accepted"),
        tag("td", f"{entry.rejected:,}" if judged else "", class_="n rejected"),
        tag("td", *_links(entry, outputs), class_="links"),
    )


def _links(entry: Entry, outputs: Sequence[str]) -> list[Markup]:
    links = [tag("small", entry.reason)] if entry.reason else []
    if entry.outcome == "failed" and entry.place:
        links.append(_link(f"{os.fsdecode(entry.place)}.txt", "Reason"))
    for ending, word in LINKS:
        links += [_link(path, word) for path in outputs if path.endswith(ending)]
    return links


def _link(path: str, word: str) -> Markup:
    return tag("a", word, href=quote(path))


def _say_day(day: date) -> str:
    return f"{day:%A}, {day.isoformat()}"
