"""Where everything lies in a watched folder, and what things are called there.

A file keeps its own name while it waits in the inbox and while it is in hand. Everything that is made of it, and its
place in the archive, is called by its *slot*: its name made harmless, with a number where another file had it before.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

INBOX, ACCEPTED, REJECTED, REPORTS, ARCHIVE, FAILED = (
    "inbox", "accepted", "rejected", "reports", "archive", "failed",
)  # fmt: skip
FOLDERS = (INBOX, ACCEPTED, REJECTED, REPORTS, ARCHIVE, FAILED)
STATE = ".scrubber"
"""The folder for what is ours alone: ledger, lock, keys, logs, and the files in hand."""

INDEX = "index.html"

LONGEST_STEM = 100
"""Bytes of a slot: its longest ending, and a number, still fit into the 255 bytes of a name."""

_FORBIDDEN = frozenset('/\\:*?"<>|')
"""What Windows, and shares that Windows reads, allow in no name."""

_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})


class Unusable(Exception):
    """A folder that cannot be watched. Its text says why, and what to do."""


class Layout:
    """The paths of one watched folder."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(os.path.abspath(root))
        self.inbox = self.root / INBOX
        self.state = self.root / STATE
        self.ledger = self.state / "ledger.sqlite"
        self.key = self.state / "history.key"
        self.lock = self.state / "lock"
        self.log = self.state / "watch.log"
        self.work = self.state / "work"
        self.index = self.root / INDEX

    def make(self) -> None:
        """Make the folders that are missing (0700). Raises Unusable where they cannot hold together, OSError."""
        if not self.root.is_dir():
            raise Unusable(f"{self.root}: no such folder; make it, or name another")
        for folder in (*(self.root / name for name in FOLDERS), self.state, self.work):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            found = os.lstat(folder)
            if not stat.S_ISDIR(found.st_mode):
                raise Unusable(f"{folder}: is no folder of its own (a link or a file has its name); take it away")
            if found.st_dev != os.stat(self.state).st_dev if self.state.exists() else False:
                raise Unusable(
                    f"{folder}: lies on another file system than the rest; files can only be moved whole within one"
                )

    def hand(self, number: int) -> Path:
        """The folder of a file in hand."""
        return self.work / str(number)

    def held(self, number: int, name: bytes) -> Path:
        """Where a file in hand lies, under its own name."""
        return self.hand(number) / "in" / os.fsdecode(name)

    def relative(self, path: Path) -> bytes:
        """A path inside the folder, as the ledger keeps it."""
        return os.fsencode(path.relative_to(self.root))

    def absolute(self, path: bytes) -> Path:
        return self.root / os.fsdecode(path)

    def names_of(self, slot: str, ending: str) -> tuple[str, ...]:
        """Everything that a file of this slot may be called, but for its archive's day."""
        return (
            f"{ACCEPTED}/{slot}.accepted.837", f"{REJECTED}/{slot}.rejected.837", f"{REPORTS}/{slot}",
            f"{FAILED}/{slot}{ending}", f"{FAILED}/{slot}{ending}.txt",
        )  # fmt: skip

    def is_free(self, slot: str, ending: str, day: str) -> bool:
        """Whether nothing lies where the files of this slot would go."""
        names = (*self.names_of(slot, ending), f"{ARCHIVE}/{day}/{slot}{ending}")
        return not any(os.path.lexists(self.root / name) for name in names)


def destination(slot: str, ending: str) -> str:
    """Where an output of the filter goes, by the ending of its name."""
    if ending == ".accepted.837":
        return f"{ACCEPTED}/{slot}{ending}"
    if ending == ".rejected.837":
        return f"{REJECTED}/{slot}{ending}"
    name = ending[1:] if ending.startswith((".report.", ".duplicate.")) else f"{slot}{ending}"
    return f"{REPORTS}/{slot}/{name}"


def note_of(slot: str, outcome: str) -> str:
    """Where it stands why a file was not judged whose original is not in failed/."""
    return f"{REPORTS}/{slot}/{outcome}.txt"


def split_name(name: bytes) -> tuple[str, str]:
    """Stem and ending of a dropped file's name, harmless: no control or bidirectional characters, no separators, no
    name that some system keeps for itself."""
    text = unicodedata.normalize("NFC", name.decode("utf-8", "replace"))
    stem, ending = os.path.splitext(text)
    clean = _harmless(ending[1:])[:10].strip(" .")
    return _harmless_stem(stem), f".{clean}" if clean else ""


def _harmless(text: str) -> str:
    return "".join(c if c.isprintable() and c not in _FORBIDDEN else "_" for c in text)


def _harmless_stem(stem: str) -> str:
    stem = _harmless(stem).strip(" .")
    stem = stem.encode()[:LONGEST_STEM].decode("utf-8", "ignore").rstrip(" .") or "file"
    return f"_{stem}" if stem.lower() in _DEVICES or stem.startswith("-") else stem


def candidates(stem: str) -> Iterator[str]:
    """``claims``, ``claims-2``, ``claims-3`` …"""
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def free_path(path: Path, taken: Callable[[Path], bool] = os.path.lexists) -> Path:
    """This path, or one with a number behind the stem where something lies there already."""
    stem = path.stem
    while len(os.fsencode(stem)) > 200:
        stem = stem[:-1]
    for name in candidates(stem):
        found = path if name == path.stem else path.with_name(f"{name}{path.suffix}")
        if not taken(found):
            return found
    raise AssertionError("there are more numbers than files")


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder last through a loss of power, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Take a folder of ours away, if it is there, or what lies in its place."""
    with contextlib.suppress(FileNotFoundError):
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink()
