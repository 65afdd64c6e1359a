"""The service: looks into the inbox, lets workers judge what is whole, and publishes what they made of it.

    inbox ─take─▶ .scrubber/work/N/in ─read─▶ who is it ─judge─▶ …/out-X ─publish─▶ accepted, rejected, reports, archive

One thread does everything but the judging. What goes wrong with the machine (a full disk, a share that is away) ends
the shift: everything is let go, and a while later the next shift opens the folder and recovers, as after a crash.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace

from scrubber.watch import shift
from scrubber.watch.crew import Crew
from scrubber.watch.ears import Ears
from scrubber.watch.history import read_key
from scrubber.watch.job import Tally, Terms
from scrubber.watch.journal import Journal
from scrubber.watch.layout import ARCHIVE, FAILED, REPORTS, Layout, Unusable
from scrubber.watch.ledger import Ledger
from scrubber.watch.lock import Lock
from scrubber.watch.notices import Notices
from scrubber.watch.shift import Shift
from scrubber.watch.worker import Setup

CALM = 300.0
"""Seconds of undisturbed work after which trouble is new trouble."""

PASSING = (OSError, sqlite3.OperationalError, Unusable, RuntimeError)
"""What may pass by itself: the folder is let go, and tried again."""


class Service:
    """One watched folder, from start to stop. ``run`` returns when it is told to ``stop``, or with ``once`` when
    nothing is left to do. Raises Unusable, Held, Corrupt, OSError for what stands in the way at the start."""

    def __init__(self, layout: Layout, terms: Terms, journal: Journal) -> None:
        self.layout = layout
        self.terms = terms
        self.journal = journal
        self.tally = Tally()
        self.stopping = False
        self._ears: Ears | None = None

    def stop(self, *_: object) -> None:
        """Finish what is in hand, take nothing more. May be called from a signal handler."""
        self.stopping = True
        if self._ears is not None:
            self._ears.call()

    def run(self) -> Tally:
        failures = 0
        begun = False
        since = time.monotonic()
        while True:
            try:
                with _open_shift(self, begun) as current:
                    begun = True
                    since = time.monotonic()
                    self.journal.tell("watching", poll=not current.ears.heeds, workers=self.terms.settings.workers)
                    current.work()
                self.journal.tell("stopped")
                return self.tally
            except PASSING as error:
                if not begun or (self.terms.once and failures >= shift.TRIES):
                    raise
                if time.monotonic() - since > CALM:
                    failures = 0
                pause = shift.PAUSES[min(failures, len(shift.PAUSES) - 1)]
                failures += 1
                self.journal.tell("interrupted", "error", reason=say_trouble(error), again_in=pause)
                self._wait(pause)
                if self.stopping:
                    return self.tally

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            time.sleep(min(0.2, seconds))


@contextlib.contextmanager
def _open_shift(service: Service, begun: bool) -> Iterator[Shift]:
    """The folder, locked and in order, with its workers."""
    layout, terms = service.layout, service.terms
    if begun and not layout.ledger.exists():
        # An empty mount point, perhaps: nothing may be begun anew in it.
        raise FileNotFoundError(2, "The ledger is not there; is the folder away?", str(layout.root))
    layout.make()
    with contextlib.ExitStack() as stack:
        lock = Lock(layout.lock)
        stack.push(lambda _, error, __: lock.release(say_trouble(error) if isinstance(error, PASSING) else None))
        ledger = stack.enter_context(contextlib.closing(open_ledger(layout)))
        ears = stack.enter_context(contextlib.closing(Ears(layout.inbox, poll=terms.poll or terms.once)))
        service._ears = ears
        settings = terms.settings
        setup = Setup(
            replace(terms.options, catalogue=None, sources=None) if terms.method == "spawn" else terms.options,
            terms.packs, settings.memory << 20, settings.seconds, layout.ledger, read_key(layout.key),
            settings.history_days, terms.received,
        )  # fmt: skip
        crew = Crew(settings.workers, setup, settings.seconds, terms.method)
        stack.callback(crew.stop)
        notices = stack.enter_context(contextlib.closing(Notices(settings, service.journal, ears.call)))
        yield Shift(service, lock, ledger, ears, crew, notices)


def open_ledger(layout: Layout) -> Ledger:
    """The folder's ledger; a new one where there never was any. Raises Corrupt."""
    used = any(any((layout.root / name).iterdir()) for name in (ARCHIVE, FAILED, REPORTS))
    return Ledger(layout.ledger, create=not used or (layout.ledger.exists() and layout.ledger.stat().st_size > 0))


def say_trouble(error: BaseException) -> str:
    """An error of the machine in words, without paths that may name patients."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
