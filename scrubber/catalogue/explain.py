"""An edit as a page, for the terminal and as Markdown, and the catalogue as a list."""

from __future__ import annotations

import json
import string
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from scrubber.catalogue.entry import ANYWHERE, Citation, Edit, Example, Source
from scrubber.catalogue.index import Catalogue
from scrubber.finding import Severity

SNIP = {
    1: "X12 syntax",
    2: "rules of the implementation guide",
    3: "sums that must balance",
    4: "one value asks for another",
    5: "code sets",
    6: "kinds of service",
    7: "one payer's rules",
}
"""The WEDI SNIP types of test, in our own words."""

SayStatus = Callable[[tuple[tuple[str, str, str | None], ...]], str]
"""An STC (category, status, entity; up to three) in words. The words belong to the reports, a floor above."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A segment of an example. ``marks`` are (start, length) in ``text``; ``missing``: the example takes it out."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """All that an edit's page says."""

    edit: Edit
    what: str
    """The message, its placeholders shown as ``<name>``."""
    scope: tuple[str, ...]
    """Whose claims it looks at, what it looks up, which edits speak instead of it."""
    settings: tuple[str, ...]
    """Its parameters, as ``scrubber.toml`` would set them; long lists are left out."""
    dates: str
    acknowledged: tuple[str, ...]
    citations: tuple[Citation, ...]
    examples: tuple[tuple[str, tuple[Snippet, ...]], ...]
    """(title, segments)."""
    also: tuple[str, ...]
    """Other entries of this id, each in a line."""


def describe(catalogue: Catalogue, edit: Edit, say_status: SayStatus | None = None) -> Page:
    """What there is to say of an edit."""
    others = [e for e in catalogue.versions(edit.id) if e is not edit]
    return Page(
        edit=edit,
        what=_plain(edit.message),
        scope=tuple(_scope(catalogue, edit)),
        settings=tuple(_settings(edit.params)),
        dates=_dates(edit),
        acknowledged=tuple(_acknowledged(edit, say_status)),
        citations=catalogue.citations(edit),
        examples=tuple(_examples(catalogue, edit)),
        also=tuple(f"{_dates(e)} {_plain(e.message)}" for e in others),
    )


def _scope(catalogue: Catalogue, edit: Edit) -> Iterator[str]:
    if edit.looks_at.profiles:
        titles = (catalogue.profiles[name].title for name in edit.looks_at.profiles)
        yield f"Only claims to: {'; '.join(titles)} (profiles {', '.join(edit.looks_at.profiles)})."
    changed = {p.name: said for p in catalogue.profiles.values() if (said := p.severity.get(edit.id))}
    if changed:
        yield f"Weighs otherwise by payer: {', '.join(f'{said} under {name}' for name, said in changed.items())}."
    if edit.asks:
        yield (
            f"Looks up {', '.join(edit.asks)}; what the table at hand does not know is reported as not checked "
            f"(scrubber tables add {edit.asks[0]} FILE)."
        )
    if edit.unchecked_with:
        yield f"Where it cannot be checked, one of these says so for both: {', '.join(edit.unchecked_with)}."
    if edit.yields_to:
        yield f"Where one of these tells the same fault, it is silent: {', '.join(edit.yields_to)}."


MOST = 8
"""Segments of an example that a page shows."""

SHOWN = 60
"""Characters of a parameter that a page shows."""


def _settings(params: Mapping[str, Any]) -> Iterator[str]:
    """``limit = 6``; words that the message takes from the entry are no settings."""
    for name, value in params.items():
        if isinstance(value, bool | int | float) or (isinstance(value, list | tuple) and value):
            text = str(value).lower() if isinstance(value, bool) else json.dumps(value)
            if len(text) <= SHOWN:
                yield f"{name} = {text}"


def _plain(message: str) -> str:
    parts = string.Formatter().parse(message)
    return "".join(text + (f"<{name}>" if name else "") for text, name, _, _ in parts)


def _dates(edit: Edit) -> str:
    of = "dates of service" if edit.basis == "service" else "files received"
    if edit.from_ and edit.to:
        return f"For {of} from {edit.from_} to {edit.to}."
    if edit.from_:
        return f"For {of} from {edit.from_} on."
    if edit.to:
        return f"For {of} up to {edit.to}."
    return f"For all {of}."


def acknowledgement(edit: Edit) -> str | None:
    """The acknowledgement that tells the submitter of this fault: TA1, 999, 277CA; None when it is for people only. The
    999, where it depends on the case."""
    if edit.structure:
        return "TA1" if any(code.startswith("TA1") for code in edit.structure) else "999"
    return "277CA" if edit.severity is Severity.REJECT else None


def _acknowledged(edit: Edit, say_status: SayStatus | None) -> Iterator[str]:
    ack = acknowledgement(edit)
    if ack is None:
        yield "Told to people only, unless a profile or the configuration makes it a reject."
    elif ack != "277CA":
        yield f"{ack}: {', '.join(edit.structure)}"
        if edit.must is None:
            return
    for case, status in (("", edit.status), *edit.cases.items()):
        if status:
            codes = " ".join(":".join(filter(None, (s.category, s.code, s.entity))) for s in status)
            said = f" ({say_status(tuple(status))})" if say_status else ""
            yield f"277CA{f', {case}' if case else ''}: {codes}{said}"


def _examples(catalogue: Catalogue, edit: Edit) -> Iterator[tuple[str, tuple[Snippet, ...]]]:
    shown = snippets(catalogue, edit)
    for name, title, example in (("breaks", "Breaks it", edit.breaks), ("holds", "Holds it", edit.holds)):
        if example is None:
            continue
        received = f", received {example.received}" if example.received else ""
        payer = f", profile {example.profile}" if example.profile else ""
        found = shown.get(name)
        segments = tuple(found) if found else tuple(map(Snippet, _changes(example)))
        settings = tuple(Snippet(said) for changed in example.params.values() for said in _settings(changed))
        if len(segments) > MOST:
            segments = (*segments[: MOST - 1], Snippet(f"and {len(segments) - MOST + 1} segments more"))
        yield f"{title} (base claim: {example.base}{received}{payer})", settings + segments


def _changes(example: Example) -> Iterator[str]:
    """The example as its entry writes it, where the base claims are not at hand."""
    if example.series:
        yield f"the first line {example.series.visits} times, from {example.series.first} to {example.series.last}"
    yield from (f"{address} = {value}" for address, value in example.set.items())
    yield from (f"behind {after}: {segment}" for after, segment in example.add)
    yield from (f"without {address}" for address in example.remove)
    yield from (f"{_one_line(old)} replaced by {_one_line(new)}" for old, new in example.replace)


def _one_line(text: str) -> str:
    return text.replace("\n", "\\n") or "(nothing)"


def key(edit: Edit) -> str:
    """Name of an entry's snippets: ids may have several entries."""
    return f"{edit.id} {edit.from_ or ''}".strip()


def snippets(catalogue: Catalogue, edit: Edit) -> dict[str, list[Snippet]]:
    """The segments that the edit's examples are about: as compiled, or made from the base claims; else nothing."""
    compiled = catalogue.snippets.get(key(edit))
    if compiled is not None:
        return {
            name: [Snippet(text, tuple((m[0], m[1]) for m in marks), missing) for text, marks, missing in found]
            for name, found in compiled.items()
        }
    from scrubber.catalogue.examples import ExampleError, contrast

    try:
        return {
            name: [Snippet(shown.text, shown.marks, shown.missing) for shown in found]
            for name, found in contrast(edit).items()
        }
    except ExampleError:
        return {}


# Writing ---------------------------------------------------------------------------------------------------------


def write_text(page: Page, width: int = 100, color: bool = False) -> str:
    """A page for the terminal, ``width`` columns."""

    def strong(text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if color else text

    edit = page.edit
    tint = {"reject": "31", "warning": "33", "info": "36"}[edit.severity]
    severity = f"\x1b[{tint}m{edit.severity}\x1b[0m" if color else str(edit.severity)
    lines = [f"{strong(edit.id)}  {edit.name}", f"{severity} · {_kind(edit)}"]

    def section(title: str, *paragraphs: str) -> None:
        lines.extend(("", strong(title)))
        lines.extend(_wrap(paragraph, width) for paragraph in paragraphs)

    section("What", page.what)
    section("Why", edit.why)
    section("What to do", edit.fix)
    section("In force", page.dates)
    if page.scope:
        section("Looks at", *page.scope)
    if page.settings:
        section(f"Settings, under [params.{edit.id}] of scrubber.toml", *page.settings)
    if page.also:
        section("At other times", *page.also)
    section("Acknowledged", *page.acknowledged)
    section("Source", *map(cite, page.citations))
    for title, shown in page.examples:
        lines.extend(("", strong(title)))
        for snippet in shown or (Snippet("the base claim as it is"),):
            lines.extend(_draw(snippet, width))
    return "\n".join(lines) + "\n"


def _kind(edit: Edit) -> str:
    where = "anywhere" if edit.at == ANYWHERE else edit.at
    return f"SNIP type {edit.snip} ({SNIP[edit.snip]}) · at {where} · {edit.file}"


def cite(citation: Citation) -> str:
    """A citation in a line: title, place, publisher, edition, whether we could read it, and its address."""
    link = f" {citation.source.url}" if citation.source.url else ""
    return _cite(citation, citation.source.title) + link


def _cite(citation: Citation, title: str) -> str:
    source = citation.source
    doubt = "" if source.verified else " Not verified against the text."
    return f"{title}: {citation.at}. {source.publisher}, {source.edition}, read {source.read}.{doubt}"


def link_title(source: Source) -> str:
    """A source's title in Markdown, a link where the source has an address."""
    return f"[{source.title}]({source.url})" if source.url else source.title


def _wrap(text: str, width: int, indent: str = "  ") -> str:
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _draw(snippet: Snippet, width: int) -> Iterator[str]:
    """A segment with its marks underlined, in as many rows as the width asks for."""
    if snippet.missing:
        yield f"  (without {snippet.text}~)"
        return
    under = [" "] * len(snippet.text)
    for start, length in snippet.marks:
        under[start : start + length] = "^" * length
        if not length and start <= len(under):
            under[start : start + 1] = "^"
    room = max(20, width - 2)
    text, below = snippet.text + ("~" if "*" in snippet.text and "~" not in snippet.text else ""), "".join(under)
    for start in range(0, len(text), room):
        yield "  " + text[start : start + room]
        if row := below[start : start + room].rstrip():
            yield "  " + row


def write_markdown(page: Page, says: str = "") -> str:
    """A page of the documentation. ``says`` is the message as the example's finding fills it."""
    edit = page.edit
    lines = [f"# {edit.id}: {edit.name}", "", f"**{edit.severity}** · {_kind(edit)}", "", says or page.what, ""]
    for title, paragraphs in (("Why", (edit.why,)), ("What to do", (edit.fix,)), ("In force", (page.dates,))):
        lines += [f"## {title}", "", *(part for text in paragraphs for part in (" ".join(text.split()), ""))]
    lines += [line for other in page.also for line in (f"At other times: {other}", "")]
    if page.scope:
        lines += ["## Looks at", "", *(f"- {said}" for said in page.scope), ""]
    if page.settings:
        lines += [
            f"## Settings, under `[params.{edit.id}]` of `scrubber.toml`",
            "",
            "```toml",
            *page.settings,
            "```",
            "",
        ]
    lines += ["## Acknowledged", "", *(f"- {said}" for said in page.acknowledged), ""]
    lines += ["## Source", "", *(f"- {_cite(c, link_title(c.source))}" for c in page.citations), ""]
    for title, shown in page.examples:
        drawn = [row[2:] for snippet in shown or (Snippet("the base claim as it is"),) for row in _draw(snippet, 100)]
        lines += [f"## {title}", "", "```", *drawn, "```", ""]
    return "\n".join(line.replace("<", "\\<") if "<" in line and "`" not in line else line for line in lines)


# The list --------------------------------------------------------------------------------------------------------


def list_records(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """The catalogue as data (``scrubber edits --format json``), one record an entry."""
    return [
        {
            "id": edit.id,
            "name": edit.name,
            "severity": str(edit.severity),
            "snip": edit.snip,
            "at": edit.at,
            "pack": edit.pack,
            "ack": acknowledgement(edit),
            "basis": edit.basis,
            "from": _iso(edit.from_),
            "to": _iso(edit.to),
            "profiles": list(edit.looks_at.profiles),
            "tables": list(edit.asks),
            "message": edit.message,
        }
        for edit in edits
    ]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def list_text(edits: Sequence[Edit], color: bool = False) -> str:
    """The catalogue as a table, pack by pack: id, severity, name, dates."""
    if not edits:
        return "No edits.\n"
    ids = max(len(edit.id) for edit in edits)
    names = max(len(edit.name) for edit in edits)
    rows = []
    pack = ""
    for edit in edits:
        if edit.pack != pack:
            heading = f"\x1b[1m{edit.pack}\x1b[0m" if color else edit.pack
            rows += ["", heading] if pack else [heading]
            pack = edit.pack
        tint = {"reject": "31", "warning": "33", "info": "36"}[edit.severity]
        severity = f"{edit.severity:<7}"
        shown = f"\x1b[{tint}m{severity}\x1b[0m" if color else severity
        dates = "" if not (edit.from_ or edit.to) else f"{edit.basis} {edit.from_ or ''}..{edit.to or ''}"
        rows.append(f"  {edit.id:<{ids}}  {shown}  {edit.name:<{names}}  {dates}".rstrip())
    count = len({edit.id for edit in edits})
    return "\n".join(rows) + f"\n\n{count} edit{'' if count == 1 else 's'}\n"
