"""Proof that nothing was lost and nothing doubled: every file that was dropped is in exactly one place, what was made
of it is whole and there once, and the ledger agrees."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scrubber.watch.identity import Swapped, open_plain
from scrubber.watch.intake import is_ignored
from scrubber.watch.layout import ACCEPTED, ARCHIVE, FAILED, INBOX, REJECTED, REPORTS, Layout, note_of
from scrubber.watch.ledger import Entry, Ledger

_INBOX = os.fsencode(f"{INBOX}/")


@dataclass(slots=True)
class Proof:
    """What was found. ``faults`` are sentences that name files by their place; none of them: all is well."""

    faults: list[str] = field(default_factory=list)
    inbox: int = 0
    """Files that wait in the inbox."""
    pending: int = 0
    """Files in hand, or published and not yet renamed: the next start sees to them."""
    done: int = 0
    outputs: int = 0
    """Outputs that are there, whole."""
    gone: list[str] = field(default_factory=list)
    """Outputs that somebody has taken away, as is meant with what is sent; and files that failed."""


def verify(layout: Layout, ledger: Ledger) -> Proof:
    """Check everything. Reads every file that was ever published and is still there. Raises OSError."""
    proof = Proof()
    faults = proof.faults
    found = ledger.run("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        faults.append(f"The ledger is damaged: {found}")
        return proof
    proof.inbox = sum(not is_ignored(os.fsencode(p.name)) and not p.is_symlink() for p in layout.inbox.iterdir())
    expected: set[bytes] = set()
    for entry in ledger.entries("1 ORDER BY id"):
        _check_entry(layout, ledger, entry, proof, expected)
    for name in (ACCEPTED, REJECTED, REPORTS, ARCHIVE, FAILED):
        for path in _walk(layout.root / name):
            if layout.relative(path) not in expected:
                faults.append(f"{_say(layout, path)} belongs to no file in the ledger")
    known = {str(entry.id) for entry in ledger.entries("state <> 'done'")}
    faults += [
        f".scrubber/work/{p.name} belongs to no file in hand" for p in layout.work.iterdir() if p.name not in known
    ]
    faults += _find_doubles(ledger)
    return proof


def _check_entry(layout: Layout, ledger: Ledger, entry: Entry, proof: Proof, expected: set[bytes]) -> None:
    who, faults = f"File {entry.id}", proof.faults
    held = layout.held(entry.id, entry.name)
    if entry.state == "taken":
        # Between the ledger and the rename a file is still in the inbox, and counted there.
        proof.pending += 1
        return
    moves = ledger.moves(entry.id)
    if entry.state == "moving":
        proof.pending += 1
    else:
        proof.done += 1
        if moves:
            faults.append(f"{who} is done, and {len(moves)} renames are left")
        if held.parent.parent.exists():
            faults.append(f"{who} is done, and its folder in .scrubber/work is still there")
    waiting = {target: source for _, source, target in moves if target is not None}
    if entry.outcome == "retried":
        expected.update(source for _, source, _ in moves)
        # A ledger of before there were notes has the reason of a duplicate there.
        expected.update(os.fsencode(note_of(entry.slot, outcome)) for outcome in ("retried", "duplicate"))
        # Its original is in the inbox, or another entry's by now; or not there yet.
        places = _find(layout, *(source for target, source in waiting.items() if target.startswith(_INBOX)))
    else:
        assert entry.place is not None
        places = _find(layout, entry.place, waiting.get(entry.place))
        expected.update(places)
        if not places and entry.outcome == "failed":
            proof.gone.append(os.fsdecode(entry.place))
        elif len(places) != 1:
            faults.append(f"{who}: its original is in {len(places)} places instead of one")
        if entry.reason is not None:
            expected.update((entry.place + b".txt", os.fsencode(note_of(entry.slot, entry.outcome or ""))))
    if len(places) == 1 and entry.sha256 is not None:
        _compare(layout, places[0], entry.sha256, entry.size, f"{who}: its original", proof)
    for path, sha256, size in ledger.outputs(entry.id):
        there = _find(layout, path, waiting.get(path))
        expected.update(there)
        if not there:
            proof.gone.append(os.fsdecode(path))
        elif len(there) > 1:
            faults.append(f"{who}: an output is there twice")
        elif _compare(layout, there[0], sha256, size, f"{who}: an output", proof):
            proof.outputs += 1


def _find(layout: Layout, *paths: bytes | None) -> list[bytes]:
    """Those of some places where there is something."""
    return [path for path in paths if path is not None and os.path.lexists(layout.absolute(path))]


def _compare(layout: Layout, path: bytes, sha256: str, size: int | None, what: str, proof: Proof) -> bool:
    try:
        with open_plain(layout.absolute(path)) as stream:
            whole = hashlib.file_digest(stream, "sha256").hexdigest() == sha256 and stream.tell() == size
    except Swapped:
        whole = False
    if not whole:
        proof.faults.append(f"{what} is not what it was when it was published ({_say(layout, layout.absolute(path))})")
    return whole


def _find_doubles(ledger: Ledger) -> Iterator[str]:
    """The same bytes, judged more than once without anybody having asked for it."""
    for sha256, count in ledger.run(
        "SELECT sha256, count(*) FROM file WHERE outcome IN ('accepted', 'partial', 'rejected') GROUP BY sha256"
        " HAVING count(*) > 1"
    ):
        asked = ledger.run("SELECT count(*) FROM file WHERE outcome = 'retried' AND sha256 = ?", (sha256,)).fetchone()[
            0
        ]
        if count > 1 + asked:
            yield f"The same content was judged {count} times, and was to be judged {1 + asked} times"


def _walk(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place) / name


def _say(layout: Layout, path: Path) -> str:
    return os.fsencode(path.relative_to(layout.root)).decode("utf-8", "backslashreplace")
