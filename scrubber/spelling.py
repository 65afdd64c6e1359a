"""What was meant by a name that we do not know. This module imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(written: str, known: Iterable[str]) -> str:
    """``; did you mean NAME?`` for the nearest known name, or nothing when none is near."""
    import difflib  # Only mistakes need it, and start-up counts.

    names = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(written.casefold(), sorted(names), n=5, cutoff=0.5)
    if not close:
        return ""
    word = written.casefold()
    # Of equally near names the first that begins as the written one does.
    best = min(close, key=lambda n: (-difflib.SequenceMatcher(None, word, n).ratio(), not n.startswith(word[:1]), n))
    return f"; did you mean {names[best]}?"
