"""How words are written: numbers before nouns, and what was meant by a name that we do not know. This module imports
nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

_ALIKE = str.maketrans("oil_ .", "011---")
"""Characters that are taken for one another: DX-1O means DX-10."""


def suggest(written: str, known: Iterable[str]) -> str:
    """``; did you mean NAME?`` for the nearest known name, or nothing when none is near."""
    import difflib  # Only mistakes need it, and start-up counts.

    names = {_fold(name): name for name in known}
    word = _fold(written)
    close = difflib.get_close_matches(word, sorted(names), n=5, cutoff=0.5)
    if not close:
        return ""
    # Of equally near names the first that begins as the written one does.
    best = min(close, key=lambda n: (-difflib.SequenceMatcher(None, word, n).ratio(), not n.startswith(word[:1]), n))
    return f"; did you mean {names[best]}?"


def count(number: int, noun: str) -> str:
    """``1 claim``, ``1,200 claims``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def say_odd_date(text: str, error: ValueError) -> str:
    """``; 2026-13-01 is no date`` where the line of TOML that its reader complains of holds one, else nothing. The
    reader takes such a date for a number with something behind it, and names a bracket that is not missing."""
    import re
    from datetime import date

    at = re.search(r"line (\d+)", str(error))
    lines = text.split("\n")
    line = lines[int(at[1]) - 1] if at and int(at[1]) <= len(lines) else ""
    for written in re.findall(r"(?<![\w\"'-])\d+-\d+-\d+(?![\w\"'-])", line):
        try:
            date.fromisoformat(written)
        except ValueError:
            return f"; {written} is no date: a date is year, month and day, as in 2026-01-31"
    return ""


def _fold(name: str) -> str:
    return name.casefold().translate(_ALIKE)
