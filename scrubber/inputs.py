"""What there is to judge: files, folders, standard input."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

STDIN = "-"

_HEAD = 512
"""Bytes that are looked at to tell X12 from other files."""


def expand(paths: Iterable[str]) -> Iterator[str]:
    """The files meant by paths, in order: a folder stands for every file in it, and in its folders, that begins with
    ``ISA``. A path is taken as it is, there or not. Nothing is read twice."""
    seen: set[str] = set()
    for path in paths:
        for found in find_interchanges(path) if os.path.isdir(path) else (path,):
            if found not in seen:
                seen.add(found)
                yield found


def find_interchanges(folder: str) -> Iterator[str]:
    """X12 files of a folder and the folders in it, sorted by name. What cannot be opened is named all the same, so
    that it is reported and not passed over."""
    for place, folders, files in os.walk(folder, onerror=_fail):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(place, name)
            if is_interchange(path):
                yield path


def _fail(error: OSError) -> None:
    raise error


def is_interchange(path: str | Path) -> bool:
    """Whether a file begins with ``ISA``, after a byte order mark or white space if there is any. True for a file that
    cannot be read: who judges it will say so."""
    try:
        if not os.path.isfile(path):
            return False  # A pipe or a device in a folder would block, or never end.
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return True
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"ISA")


def measure(paths: Iterable[str]) -> int:
    """Bytes of the files that have a size."""
    total = 0
    for path in paths:
        try:
            if path != STDIN and os.path.isfile(path):
                total += os.path.getsize(path)
        except OSError:
            continue
    return total


def open_again(path: str) -> BinaryIO:
    """A file that has been judged, or is being judged, once more from its begin. Raises OSError; for standard input,
    which is read once, FileNotFoundError."""
    if path == STDIN:
        raise FileNotFoundError(path)
    return open(path, "rb")
