"""One stretch of work on a watched folder: from the opening of its ledger until it is told to stop, or until the
machine does not let it go on."""

from __future__ import annotations

import contextlib
import secrets
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scrubber.watch.crew import Crew, Death, Hand
from scrubber.watch.ears import Ears
from scrubber.watch.history import forget
from scrubber.watch.identity import Identity, Swapped, find_state
from scrubber.watch.intake import Inbox, Whole
from scrubber.watch.job import Job
from scrubber.watch.layout import remove_tree
from scrubber.watch.ledger import Ledger
from scrubber.watch.lock import BEAT, Lock
from scrubber.watch.notes import say_hand, say_inbox, say_stopped, takes_long
from scrubber.watch.notices import Notices
from scrubber.watch.page import FRESH, write_page
from scrubber.watch.publish import GRACE, Outcome, Publisher
from scrubber.watch.repeated import answer_repeated, find_repeated
from scrubber.watch.worker import HISTORY, Answer, Judge, Judged, Other, Read, Trouble

if TYPE_CHECKING:
    from scrubber.watch.service import Service

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before something that the machine did not allow is tried again: once, twice …"""

POLL = 2.0
"""Seconds between looks where no events come."""

TRIES = 3
"""How often ``--once`` tries what the machine does not allow."""

JUDGED = ("accepted", "partial", "rejected")

FRESHNESS = 0.25
"""Seconds between two writings of the index while files keep coming."""


class Shift:
    """The service while nothing stands in its way."""

    def __init__(self, service: Service, lock: Lock, ledger: Ledger, ears: Ears, crew: Crew, notices: Notices) -> None:
        self.service = service
        self.terms = service.terms
        self.settings = service.terms.settings
        self.layout = service.layout
        self.journal = service.journal
        self.lock = lock
        self.ledger = ledger
        self.ears = ears
        self.crew = crew
        self.notices = notices
        self.publisher = Publisher(self.layout, ledger)
        self.inbox = Inbox(self.layout.inbox, self.settings.settle)
        self.jobs: dict[int, Job] = {}
        self.waiting: list[Job] = []
        """Files in hand that no worker has: left by a crash, or to be tried again."""
        self.ready: list[Whole] = []
        self.denied: dict[bytes, float] = {}
        """Files that cannot be opened, and since when."""
        self._unsettled = 0
        """Files that were whole when they were looked at last, and were not any more when they were to be taken."""
        self._looked = self._next_look = self._next_page = self._old_page = 0.0
        self._dirty = True
        self._long = 0
        """Files that have been judged for long."""
        self._passed: dict[bytes, str] = {}
        self._day = date.min
        self._active = time.monotonic()

    def work(self) -> None:
        """Until the service is told to stop, or is through with everything (``once``)."""
        finished, again = self.publisher.recover()
        if finished or again:
            self.journal.tell("recovered", "warning", finished=finished, again=again)
        for entry in self.ledger.entries("state = 'taken' ORDER BY id"):
            try:
                state = find_state(self.layout.held(entry.id, entry.name))
            except Swapped:
                self._return(entry.id)
                continue
            self.waiting.append(Job(entry, state, self._is_large(state.size)))
        for entry in self.ledger.entries("told = 0 AND state = 'done' ORDER BY id"):
            self.notices.tell(entry)
        end = None
        while True:
            self._keep_house()
            if self.service.stopping:
                end = end or time.monotonic() + self.settings.grace
                if not self.crew.busy or time.monotonic() >= end:
                    break
            else:
                self._look()
                self._hand_out()
                if self.terms.once and self._is_through():
                    break
            for hand, said in self.crew.wait(self._pause(), self.ears.descriptor):
                self._hear(hand, said)
            if self.ears.heard():
                self._next_look = 0.0
        self._lay_down()

    # Taking ----------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._looked = now
        self._unsettled = 0
        self.ready = self.inbox.look()
        interval = self.settings.scan if self.ears.heeds else min(self.settings.scan, POLL)
        self._next_look = now + (max(0.02, self.settings.settle / 4) if self.inbox.waiting else interval)
        for name, why in self.inbox.passed.items():
            if name not in self._passed:
                self.journal.tell("not taken", "warning", reason=why)
                self._dirty = True
        self._passed = self.inbox.passed

    def _hand_out(self) -> None:
        """Give a free worker a file to read, if there is any. Files are judged side by side, but read one after
        another: so whoever is read knows all that was taken before, and who was first is never a matter of speed."""
        if any(job.reading for job in self.jobs.values()):
            return
        if (hand := self.crew.find_free()) is not None and (job := self._next_job()) is not None:
            job.reading = True
            self.jobs[job.entry.id] = job
            self._active = time.monotonic()
            folder = self.layout.hand(job.entry.id) / "in"
            name = self.layout.held(job.entry.id, job.entry.name).name
            self.crew.give(hand, job.entry.id, Read(folder, name, job.state))

    def _next_job(self) -> Job | None:
        now = time.monotonic()
        behind = self._find_behind() if any(job.behind for job in self.waiting) else set()
        for job in sorted(self.waiting, key=lambda job: job.entry.id):
            if job.due <= now and self._has_room(job.large) and job.entry.id not in behind:
                self.waiting.remove(job)
                return job
        for one in list(self.ready):
            large = self._is_large(one.state.size)
            if not self._has_room(large):
                continue
            self.ready.remove(one)
            if (taken := self._take(one)) is not None:
                return taken
        return None

    def _take(self, one: Whole) -> Job | None:
        try:
            if not self.inbox.check(one):
                self.inbox.forget(one.name)  # It changed, or is being written: it must settle anew.
                self._unsettled += 1
                self._next_look = min(self._next_look, time.monotonic() + max(0.02, self.settings.settle))
                return None
        except PermissionError:
            self._refuse_denied(one)
            return None
        self.denied.pop(one.name, None)
        return self._claim(one)

    def _claim(self, one: Whole) -> Job | None:
        """Move a file out of the inbox; None where it is gone, or another by now."""
        self.inbox.forget(one.name)
        try:
            number, state = self.publisher.take(one.name, one.state)
        except FileNotFoundError:
            if not self.layout.inbox.is_dir():
                raise
            return None
        except Swapped:
            self.journal.tell("changed while it was taken", "warning")
            self._unsettled += 1
            self._next_look = 0.0
            return None
        self.journal.tell("taken", file=number, size=state.size, **self._name(one.name))
        return Job(self.ledger.entry(number), state, self._is_large(state.size))

    def _refuse_denied(self, one: Whole) -> None:
        """A file that may not be opened: whoever writes it may still hold it, but not for ever."""
        since = self.denied.setdefault(one.name, time.monotonic())
        if time.monotonic() - since < self.settings.patience:
            self._dirty = True
            return
        self.denied.pop(one.name)
        job = self._claim(one)
        if job is None:
            return
        reason = (
            "The file may not be read by the user that scrubber runs as. Give that user the right to read it, and drop "
            "it again."
        )
        self._publish(job, Outcome("failed", reason))

    def _has_room(self, large: bool) -> bool:
        """Whether a worker may have such a file: one is always left for files that are not large."""
        if not large:
            return True
        return sum(job.large for job in self.jobs.values()) < max(1, self.crew.size - 1)

    def _is_large(self, size: int) -> bool:
        return size >= self.settings.large << 20

    def _find_behind(self) -> set[int]:
        """Files in hand with the bytes, or a control number, of one in hand that was taken before. Nothing of this
        outlives the process: whoever takes over reads the files in hand in the same order."""
        seen: set[tuple[str, ...]] = set()
        behind = set()
        for job in sorted((*self.jobs.values(), *self.waiting), key=lambda job: job.entry.id):
            if not seen.isdisjoint(job.keys):
                behind.add(job.entry.id)
            seen |= job.keys
        return behind

    # Hearing ---------------------------------------------------------------------------------------------------------

    def _hear(self, hand: Hand, said: Answer | Death) -> None:
        assert hand.file is not None
        job = self.jobs[hand.file]
        self._active = time.monotonic()
        job.reading = False
        if isinstance(said, Identity):
            self._place(hand, job, said)
        elif isinstance(said, Judged):
            self._settle(hand, job, said)
        elif isinstance(said, Trouble):
            self._let_go(hand, job)
            self._postpone(job, said)
        elif isinstance(said, Other):
            self._let_go(hand, job)
            self._return(job.entry.id)
        else:
            self._bury(job, said)

    def _place(self, hand: Hand, job: Job, identity: Identity) -> None:
        """A file has been read: it is judged, or waits until one that was taken before has come out."""
        job.identity = identity
        job.keys = identity.keys if self.settings.same_number == "refuse" else frozenset(((identity.sha256,),))
        if job.entry.id in self._find_behind():
            if not job.behind:
                self.journal.tell("waits", file=job.entry.id, reason="a file taken before it has its bytes or number")
            job.behind = True
            self._let_go(hand, job)
            self.waiting.append(job)
            return
        job.behind = False
        job.repeats = find_repeated(self.ledger, self.settings, identity)
        self._order(hand, job)

    def _order(self, hand: Hand, job: Job) -> None:
        """Have a file judged, or answered as a duplicate, in a folder of its own."""
        identity = job.identity
        assert identity is not None
        job.out = self.layout.hand(job.entry.id) / f"out-{secrets.token_hex(6)}"
        before = None
        if job.repeats is not None:
            if not self.settings.answer_duplicates:
                self._let_go(hand, job)
                self._publish(job, answer_repeated(self.ledger, job.repeats, identity))
                return
            before = self.ledger.entry(job.repeats.number).slot
        self.crew.give(hand, job.entry.id, Judge(job.out, job.entry.slot, self._reserve(identity), before))

    def _reserve(self, identity: Identity) -> tuple[int, int, int]:
        """Control numbers for the answers to a file: more than they can need, so that no other file's begin among
        them. Numbers must be unique; gaps do no harm."""
        interchanges = len(identity.interchanges) + 1
        groups = sum(len(one.groups) for one in identity.interchanges) + 1
        start = []
        with self.ledger.transaction():
            for name, count in (
                ("interchange", 3 * interchanges),
                ("group", 3 * groups),
                ("set", 3 * identity.sets + 3),
            ):
                first = self.ledger.counter(name)
                if first + count > 999_999_999:
                    first = 1
                self.ledger.set_counter(name, first + count)
                start.append(first)
        return start[0], start[1], start[2]

    def _settle(self, hand: Hand, job: Job, judged: Judged) -> None:
        """A file has been judged: publish it, unless something happened meanwhile."""
        identity = job.identity
        assert identity is not None
        if judged.state != identity.state:
            self._let_go(hand, job)
            self._return(job.entry.id)
            return
        if job.repeats is None and (repeats := find_repeated(self.ledger, self.settings, identity)) is not None:
            job.repeats = repeats  # Its like was judged at the same time, and is published.
            self._order(hand, job)
            return
        if job.repeats is not None:
            outcome = answer_repeated(self.ledger, job.repeats, identity, judged)
        elif judged.error is not None:
            outcome = Outcome("failed", judged.error, None, identity, judged)
        else:
            outcome = Outcome(judged.status, None, None, identity, judged)
        assert job.out is not None
        history = job.out / HISTORY if outcome.outcome in JUDGED else None
        if not self._publish(job, outcome, history):
            self._order(hand, job)
            return
        self._let_go(hand, job)

    def _publish(self, job: Job, outcome: Outcome, history: Path | None = None) -> bool:
        number = job.entry.id
        out = job.out if outcome.judged is not None else None
        if not self.publisher.publish(number, out, outcome, history):
            self.journal.tell("judged again", file=number, reason="another file has to do with it")
            return False
        entry = self.ledger.entry(number)
        self.service.tally.count(outcome.outcome, entry.warnings)
        level = "info" if outcome.outcome in JUDGED else "warning"
        self.journal.tell(
            outcome.outcome, level, file=number, claims=entry.claims, accepted=entry.accepted, rejected=entry.rejected,
            seconds=round(time.time() - entry.seen, 3), **self._name(entry.name),
        )  # fmt: skip
        self.notices.tell(entry)
        self._dirty = True
        return True

    def _return(self, number: int) -> None:
        """A file in hand is not what was taken any more: it must settle anew; a link, in the inbox, is left alone."""
        self.journal.tell("changed while it was read", "warning", file=number)
        self.publisher.give_back(number)
        self._next_look = 0.0

    def _let_go(self, hand: Hand, job: Job) -> None:
        self.jobs.pop(job.entry.id, None)
        self.crew.release(hand)

    def _postpone(self, job: Job, trouble: Trouble) -> None:
        """The machine did not allow it: once more, a while later."""
        pause = PAUSES[min(job.troubles, len(PAUSES) - 1)]
        job.troubles += 1
        self.journal.tell("put off", "error", file=job.entry.id, reason=trouble.reason, again_in=pause)
        if self.terms.once and job.troubles >= TRIES:
            self.publisher.give_back(job.entry.id)
            self.service.tally.left += 1
            return
        self._clear(job)
        job.due = time.monotonic() + pause
        self.waiting.append(job)

    def _bury(self, job: Job, death: Death) -> None:
        """A worker died over a file. The second one was the last."""
        number = job.entry.id
        self.jobs.pop(number, None)
        self._clear(job)
        deaths = self.ledger.count_death(number)
        self.journal.tell("worker died", "error", file=number, times=deaths, reason=death.reason)
        if deaths < GRACE:
            self.waiting.append(job)
            return
        reason = (
            f"It could not be judged: {death.reason}. It was tried {deaths} times. Split it into smaller files, or "
            "give more memory or time in scrubber.toml ([watch] memory, seconds); then run: scrubber watch retry FILE"
        )
        self._publish(job, Outcome("failed", reason, None, job.identity))

    def _clear(self, job: Job) -> None:
        if job.out is not None:
            with contextlib.suppress(OSError):
                remove_tree(job.out)
        job.out = None

    # The rest --------------------------------------------------------------------------------------------------------

    def _keep_house(self) -> None:
        self.lock.beat()
        for number in self.notices.told():
            with self.ledger.transaction():
                self.ledger.run("UPDATE file SET told = 1 WHERE id = ?", (number,))
        today = date.today()
        if today != self._day:
            self._day, self._dirty = today, True
            forget(self.ledger, self.settings.history_days)
        now = time.monotonic()
        if (long := sum(map(takes_long, self.jobs.values()))) != self._long:
            self._long, self._dirty = long, True
        if now >= self._next_page and (self._dirty or now >= self._old_page):
            stopped = self.service.stopping and not self.terms.once
            notes = [
                *([say_stopped()] if stopped else []), *say_hand(self.jobs.values(), self.waiting, len(self.ready)),
                *say_inbox(self.inbox, len(self.denied)),
            ]  # fmt: skip
            write_page(self.layout, self.ledger, notes, watched=not self.terms.once and not stopped)
            self._dirty, self._next_page, self._old_page = False, now + FRESHNESS, now + FRESH

    def _pause(self) -> float:
        now = time.monotonic()
        ends = [self._next_look - now, BEAT / 2]
        ends += [job.due - now for job in self.waiting if job.due > now]
        if self._dirty:
            ends.append(self._next_page - now)
        return max(0.0, min(ends))

    def _is_through(self) -> bool:
        if self.jobs or self.waiting or self.ready or not self.crew.find_free():
            return False
        if self._looked < self._active:
            self._next_look = 0.0  # Something may have been dropped while the last file was judged.
            return False
        left = self.inbox.waiting + self._unsettled + len(self.denied)
        if left and time.monotonic() - self._active <= max(5.0, 5 * self.settings.settle):
            return False
        self.service.tally.left += left
        return True

    def _lay_down(self) -> None:
        """Stop: what is not finished goes back into the inbox."""
        self.crew.stop()
        for job in [*self.jobs.values(), *self.waiting]:
            self.publisher.give_back(job.entry.id)
            self.journal.tell("rolled back", file=job.entry.id)
        self.jobs.clear()
        self.waiting.clear()
        self.notices.finish()
        self._dirty, self._next_page = True, 0.0
        self._keep_house()

    def _name(self, name: bytes) -> dict[str, str]:
        return {"name": name.decode("utf-8", "backslashreplace")} if self.settings.log_names else {}
