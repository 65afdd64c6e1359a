"""A file, corrected: judged, its safe fixes applied, and judged again, until none is left.

``fix_file`` changes nothing but format (see ``fixes.meaning``). What it wrote is held against what it read before it
counts as done: the same claims with the same charges, in the same order.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import IO, BinaryIO, NamedTuple, cast

from scrubber.catalogue.load import load
from scrubber.fixes.orders import Collector, Orders
from scrubber.fixes.rewrite import Change, rewrite
from scrubber.inputs import STDIN
from scrubber.pipeline import Options, judge, open_sources
from scrubber.progress import Progress
from scrubber.reports.tally import Tally
from scrubber.spelling import count
from scrubber.verdict import ClaimVerdict

PASSES = 20
"""Passes after which a file is given up: what one pass mends may bring to light what another has to, but not often."""

IN_MEMORY = 1 << 20
"""Bytes of a file in the making that are kept in memory; more are in a nameless file, readable by its owner alone."""

DISAGREES = (
    "The corrected file does not hold the same claims as before ({}), so it was not written. That is a fault of ours: "
    "please report it with this line, which holds no data of the file"
)


@dataclass(slots=True)
class FixResult:
    """How a file came out. ``error`` says in words why nothing was written, None when all is well. ``before`` and
    ``after`` count what was found."""

    path: str
    before: Tally = field(default_factory=Tally)
    after: Tally = field(default_factory=Tally)
    changed: int = 0
    """Segments changed; joined lines and a byte-order mark count as one."""
    refused: int = 0
    """Segments whose correction would have changed more than their format: left as they were."""
    error: str | None = None


def fix_file(
    source: str,
    options: Options,
    open_out: Callable[[], AbstractContextManager[BinaryIO]] | None = None,
    *,
    tell: Callable[[int, Change], None] = lambda passed, change: None,
    progress: Progress | None = None,
) -> FixResult:
    """Correct a file (``-`` is standard input). ``open_out`` opens what the result is written to, once it is known to
    be good; without it nothing is written. ``tell`` hears of every change, with the number of its pass from 1.

    A file that cannot be judged is a result with an error. Raises ConfigError for wrong options, OSError where files
    cannot be read or written.
    """
    options = replace(
        options,
        catalogue=options.catalogue or load(options.config.packs),
        sources=options.sources or open_sources(options.data),
    )
    progress = progress or Progress(None, 0)
    result = FixResult(source)
    with contextlib.ExitStack() as stack:
        try:
            current = stack.enter_context(_open(source))
        except OSError as error:
            result.error = f"The file cannot be read: {error.strerror or type(error).__name__}"
            return result
        first = last = _judge(current, source, options, progress)
        passed = 0
        while last.orders and not last.tally.errors and passed < PASSES:
            passed += 1
            corrected = stack.enter_context(_make_spool())
            done = rewrite(current, corrected, last.orders, partial(tell, passed))
            result.refused = done.refused
            if not done.changed:
                break
            result.changed += done.changed
            current = corrected
            last = _judge(current, source, options, progress)
        result.before, result.after = first.tally, last.tally
        result.error = _find_fault(first, last)
        if result.error is None and open_out is not None:
            current.seek(0)
            with open_out() as out:
                shutil.copyfileobj(current, out, IN_MEMORY)
    return result


class _Judged(NamedTuple):
    """A file as it was judged: what was found, what it orders, and a digest of its claims and charges in order."""

    tally: Tally
    orders: Orders
    claims: bytes


def _judge(stream: IO[bytes], path: str, options: Options, progress: Progress) -> _Judged:
    stream.seek(0)
    tally, collector, digest = Tally(), Collector(), sha256()
    for event in judge(progress.watch(cast(BinaryIO, _Lent(stream))), options, name=path):
        tally.handle(event)
        collector.handle(event)
        if type(event) is ClaimVerdict:
            digest.update(f"{event.claim.id.rstrip(' ')}\n{event.claim.charge}\n".encode())
    progress.clear()
    return _Judged(tally, collector.orders, digest.digest())


class _Lent:
    """A stream that stays open when who reads it is done."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.read = stream.read

    def close(self) -> None:
        pass


def _find_fault(first: _Judged, last: _Judged) -> str | None:
    """Why the result is not to be written; None when it is good."""
    for error in first.tally.errors:
        return error.error or "The file could not be judged"
    if last.tally.errors:
        return DISAGREES.format("it can no longer be read")
    before, after = first.tally.totals, last.tally.totals
    if before.claims != after.claims:
        return DISAGREES.format(f"{count(before.claims, 'claim')} before, {after.claims} after")
    if first.claims != last.claims:
        return DISAGREES.format("their numbers or charges differ")
    return None


@contextlib.contextmanager
def _open(path: str) -> Iterator[IO[bytes]]:
    """The file, to be read more than once: what comes from a stream is kept aside."""
    if path != STDIN and os.path.isfile(path):
        with open(path, "rb") as stream:
            yield stream
        return
    with _make_spool() as kept, contextlib.ExitStack() as stack:
        given = sys.stdin.buffer if path == STDIN else stack.enter_context(open(path, "rb"))
        shutil.copyfileobj(given, kept, IN_MEMORY)
        yield kept


def _make_spool() -> IO[bytes]:
    return cast(IO[bytes], tempfile.SpooledTemporaryFile(IN_MEMORY, mode="w+b"))
