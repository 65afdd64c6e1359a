"""Markup, and the one way from text to it.

Whatever is not ``Markup`` is text, and every function here escapes it: what is forgotten shows as ``&lt;`` on the
page and is never taken for a tag.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from scrubber.reports.prose import harmless


class Markup(str):
    """HTML that is ready to be written."""

    __slots__ = ()


NOTHING = Markup()


def text(value: str) -> Markup:
    """Text as markup: escaped, control characters and turns of the reading direction written out."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(harmless(value)))


def together(parts: Iterable[str], between: str = "") -> Markup:
    """One behind the other."""
    return Markup(text(between).join(map(text, parts)))


def tag(name: str, *inside: str, **attributes: str | None) -> Markup:
    """An element. ``class_`` is the attribute ``class``, ``aria_label`` is ``aria-label``; None leaves one out, and
    ``""`` is an attribute without value."""
    head = name
    for attribute, value in attributes.items():
        if value is not None:
            called = attribute.rstrip("_").replace("_", "-")
            head += f' {called}="{text(value)}"' if value else f" {called}"
    return Markup(f"<{head}>{''.join(map(text, inside))}</{name}>")
