"""Markup, and the one way from text to it.

Whatever is not ``Markup`` is text, and every function here escapes it: what is forgotten shows as ``&lt;`` on the
page and is never taken for a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape

from scrubber.reports.prose import harmless


class Markup(str):
    """HTML that is ready to be written."""

    __slots__ = ()


NOTHING = Markup()


_harmless = re.compile(r"[0-9A-Za-z .,:;()*/_#+$%-]*").fullmatch
"""Most of what is written needs no look at each of its characters."""


def text(value: str) -> Markup:
    """Text as markup: escaped, control characters and turns of the reading direction written out."""
    if type(value) is Markup:
        return value
    return Markup(value if _harmless(value) else escape(harmless(value)))


def together(parts: Iterable[str], between: str = "") -> Markup:
    """One behind the other."""
    return Markup(text(between).join([p if type(p) is Markup else text(p) for p in parts]))


def tag(name: str, *inside: str, **attributes: str | None) -> Markup:
    """An element. ``class_`` is the attribute ``class``, ``aria_label`` is ``aria-label``; None leaves one out, and
    ``""`` is an attribute without value."""
    head = _open(name, tuple(attributes.items())) if attributes else name
    return Markup(f"<{head}>{''.join([i if type(i) is Markup else text(i) for i in inside])}</{name}>")


@lru_cache(maxsize=4096)
def _open(name: str, attributes: tuple[tuple[str, str | None], ...]) -> str:
    head = name
    for attribute, value in attributes:
        if value is not None:
            called = attribute.rstrip("_").replace("_", "-")
            head += f' {called}="{text(value)}"' if value else f" {called}"
    return head
