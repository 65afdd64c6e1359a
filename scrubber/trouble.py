"""Crashes of ours, told without a traceback and without the data that met them. This module imports nothing of ours."""

from __future__ import annotations

import os


def locate_crash(error: BaseException) -> str:
    """``scrubber itself failed (KeyError at x12/walk.py:120) …``: the kind of an exception and where it arose. Never
    its text, which may quote a claim."""
    import traceback

    here = os.path.dirname(os.path.abspath(__file__))
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if os.path.abspath(f.filename).startswith(here + os.sep)] or frames
    last = ours[-1] if ours else None
    where = f" at {_short(last.filename, here)}:{last.lineno}" if last else ""
    return (
        f"scrubber itself failed here ({type(error).__name__}{where}). That is a fault of ours, and this result must "
        "not be relied on. Please report it with this line; it holds no data of the file"
    )


def _short(path: str, here: str) -> str:
    inside = os.path.relpath(path, here)
    return os.path.basename(path) if inside.startswith("..") else inside.replace(os.sep, "/")
