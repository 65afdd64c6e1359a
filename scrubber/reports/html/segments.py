"""Segments as sent, each element named, the faulty ones marked.

The name of an element shows when the pointer is on it, by a style rule that all elements of that name share: a title
on each would make the file several times as large. The names of what is marked are written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from scrubber.reports.html.markup import Markup, tag, text, together
from scrubber.reports.prose import harmless
from scrubber.spelling import count
from scrubber.x12.guide import Definition, Element
from scrubber.x12.segments import Delimiters, Segment

LONGEST = 2_000
"""Characters of a segment that are shown: far more than one of an 837 holds."""


class Stretch(NamedTuple):
    """A part of a segment's text to mark. ``kind``: ``reject``, ``warning``, ``info`` or ``beside``, what it collides
    with. Nothing stands in a stretch of no length: that is where something is missing."""

    start: int
    length: int
    kind: str


class Names:
    """Names of the elements that were shown: class to what it is called."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}

    def draw(self, segment: Segment, delimiters: Delimiters) -> Markup:
        """A segment without marks."""
        definition = segment.use.definition if segment.use else None
        markup, labels = _draw_plain(delimiters.element.join(segment.elements), definition, delimiters)
        self.labels |= labels
        return markup

    def mark(
        self, written: str, definition: Definition | None, delimiters: Delimiters, stretches: Iterable[Stretch]
    ) -> Markup:
        """A segment's text with stretches marked."""
        markup, labels = _draw(written, definition, delimiters, tuple(stretches))
        self.labels |= labels
        return markup


@lru_cache(maxsize=8192)
def _draw_plain(written: str, definition: Definition | None, delimiters: Delimiters) -> tuple[Markup, dict[str, str]]:
    return _draw(written, definition, delimiters, ())


def _draw(
    written: str, definition: Definition | None, delimiters: Delimiters, stretches: tuple[Stretch, ...]
) -> tuple[Markup, dict[str, str]]:
    shown, labels = written[:LONGEST], {}
    tokens = []
    for start, value, element in _tokens(shown, definition, delimiters):
        name = ""
        if element is not None:
            name, label = _label(element.ref, element.name)
            labels[name] = label
        tokens.append((start, start + len(value), name))
    parts = [f"<b>{text(shown[: tokens[0][0] - 1] if tokens else shown)}</b>"]
    at = tokens[0][0] - 1 if tokens else len(shown)
    whole = next((s for s in stretches if s.start <= 0 and s.length >= at > 0), None)
    if whole:
        parts = [_marked(whole.kind, parts[0])]
    for start, end, name in tokens:
        parts.append(text(shown[at:start]))
        parts.append(_token(shown, start, end, name, stretches))
        at = end
    parts.append(text(shown[at:]))
    if len(written) > LONGEST:
        parts.append(f" … {count(len(written) - LONGEST, 'more character')}")
    elif delimiters.segment.isprintable() and not delimiters.segment.isspace():
        parts.append(text(delimiters.segment))
    return Markup("".join(parts)), labels


def _token(shown: str, start: int, end: int, name: str, stretches: tuple[Stretch, ...]) -> str:
    value = shown[start:end]
    called = f' class="{name}"' if name else ""
    inner = f"<i{called}>{text(value)}</i>" if value else ""
    for stretch in stretches:
        if stretch.length == 0 and start <= stretch.start <= end:
            gap = f'<mark class="{stretch.kind} gap"><span class="vh">something is missing here</span></mark>'
            return inner + gap if stretch.start > start or not value else gap + inner
        if stretch.start < end and start < stretch.start + stretch.length:
            return _marked(stretch.kind, inner)
    return inner


def _marked(kind: str, inner: str) -> str:
    return f'<mark class="{kind}">{inner}</mark>'


def _tokens(
    shown: str, definition: Definition | None, delimiters: Delimiters
) -> Iterator[tuple[int, str, Element | None]]:
    """(first character, text, what it is) of each element, or of each component of a composite."""
    elements = definition.elements if definition else []
    at = shown.find(delimiters.element) + 1
    if at == 0:
        return
    for number, value in enumerate(shown[at:].split(delimiters.element)):
        element = elements[number] if number < len(elements) else None
        if element is not None and element.components and value:
            for repeat in value.split(delimiters.repetition) if delimiters.repetition else [value]:
                for place, part in enumerate(repeat.split(delimiters.component)):
                    named = element.components[place] if place < len(element.components) else None
                    yield at, part, named
                    at += len(part) + 1
        else:
            yield at, value, element
            at += len(value) + 1


@lru_cache(maxsize=4096)
def _label(ref: str, name: str) -> tuple[str, str]:
    """The class of an element and what it is called. The class depends on nothing but the name, so that what several
    processes write goes together."""
    label = f"{ref} {name}".strip()
    return f"e{crc32(label.encode()):x}", label


def write_rules(labels: dict[str, str]) -> str:
    """The style rules that show the names."""
    rules = []
    for name, label in sorted(labels.items(), key=lambda item: item[1]):
        quoted = "".join(c if c.isalnum() or c in " -()/," else f"\\{ord(c):x} " for c in harmless(label))
        rules.append(f'.{name}:hover::after{{content:"{quoted}"}}')
    return "\n".join(rules)


def list_names(labels: dict[str, str]) -> Markup:
    """The names as a list, for readers who have no pointer, and for paper."""
    rows = []
    for label in sorted(set(labels.values())):
        ref, _, name = label.partition(" ")
        rows.append(together((tag("dt", ref), tag("dd", name))))
    return tag("dl", together(rows), class_="names")
