"""The process that judges files for the watched folder, one after another, within limits of time and memory.

It reads files, and writes into folders that are its own; it never renames anything that others see. Whatever happens
to it, what it leaves behind is thrown away.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from scrubber.watch.identity import Identity, State, Swapped, find_state, identify, open_plain
from scrubber.watch.layout import sync_folder

if TYPE_CHECKING:
    from scrubber.pipeline import Options
    from scrubber.reports.outbound import Numbers
    from scrubber.verdict import Event
    from scrubber.watch.history import History

ENVIRONMENT = frozenset(
    {errno.ENOSPC, errno.EROFS, errno.EIO, errno.ENOENT, errno.EACCES, errno.EPERM, errno.ESTALE, errno.ENOTCONN,
     errno.EHOSTDOWN, errno.ETIMEDOUT, errno.ENODEV, errno.EMFILE, errno.ENFILE, errno.EFBIG, errno.ENOTDIR}
    | ({errno.EDQUOT} if hasattr(errno, "EDQUOT") else set())
)  # fmt: skip
"""Errors that say something about the machine, and nothing about the file: it is tried again."""

HISTORY = "history.sqlite"
"""What a file adds to the history, beside its outputs until it is published."""

CHECK = 0.5
"""Seconds between looks at whether the service lives; that its end of the pipe closes is mostly seen at once."""

OUT_OF_MEMORY = 77
"""Exit code of a worker that had no memory left."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is told when it starts. The options pickle: they hold no catalogue and no tables."""

    options: Options
    packs: tuple[str, ...]
    memory: int
    """Bytes of address space; 0 for no limit."""
    seconds: int
    """Processor time for one file; 0 for no limit."""
    ledger: Path
    key: bytes
    history_days: int
    """Days for which claims are remembered; 0 for no history."""
    received: date | None
    """The receipt date of every file; None for the day it is judged."""


@dataclass(frozen=True, slots=True)
class Read:
    """Order: read this file, which was seen in this state, and say what it is."""

    folder: Path
    name: str
    state: State


@dataclass(frozen=True, slots=True)
class Judge:
    """Order: judge the file read last, into this folder, under this name. ``numbers`` are the control numbers that its
    answers begin with."""

    out: Path
    slot: str
    numbers: tuple[int, int, int]
    duplicate: str | None = None
    """Do not judge it: answer that its batch was submitted before, as this file."""


@dataclass(frozen=True, slots=True)
class Output:
    """A file that was written. ``ending`` is its name without the slot."""

    ending: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Answer: how a file came out. ``state`` is the file's when it had been judged."""

    status: str
    error: str | None
    claims: int
    accepted: int
    rejected: int
    warnings: int
    outputs: tuple[Output, ...]
    state: State
    numbers: tuple[int, int, int]
    snapshot: int = 0
    """What the history knew: the number of the last file published then."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Answer: the file could not be judged, and it is not the file's fault."""

    reason: str


@dataclass(frozen=True, slots=True)
class Other:
    """Answer: what lies in the file's place is not the file that was taken, or not any more what was read."""


Answer = Identity | Judged | Trouble | Other


def work(orders: Connection, life: Connection, setup: Setup) -> None:
    """The life of a worker: it ends when there are no more orders, or when the service is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # The service decides when to stop.
    threading.Thread(target=_watch_life, args=(life,), daemon=True).start()
    limit_memory(setup.memory)
    desk: _Desk | None = None
    try:
        desk = _Desk(setup)
        orders.send(None)
        while True:
            orders.send(desk.answer(orders.recv()))
    except (EOFError, OSError):
        os._exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _watch_life(life: Connection) -> None:
    """Without the service nobody wants what is written here."""
    service = os.getppid()
    with contextlib.suppress(EOFError, OSError):
        while not life.poll(CHECK) and os.getppid() == service:
            pass
    os._exit(0)


def limit_memory(size: int) -> None:
    """Let this process have so many bytes of address space and no more, where the system can say so."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # A core holds claims.
        if size:
            resource.setrlimit(resource.RLIMIT_AS, (size, size))


def limit_time(seconds: int) -> None:
    """Let this process use so many seconds of processor time from now."""
    if not seconds:
        return
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, most))


class _Desk:
    """Where orders are carried out."""

    def __init__(self, setup: Setup) -> None:
        from scrubber.catalogue.load import load
        from scrubber.pipeline import open_sources

        gc.set_threshold(50_000, 20, 100)
        options = setup.options
        self._setup = setup
        self._options = replace(
            options,
            catalogue=options.catalogue or load(setup.packs),
            sources=options.sources or open_sources(options.data),
        )
        gc.freeze()
        self._read: Read | None = None
        self._sha256 = ""
        """The digest of what was read."""

    def answer(self, order: Read | Judge) -> Answer:
        limit_time(self._setup.seconds)
        if isinstance(order, Read):
            self._read = order
        assert self._read is not None
        try:
            # Reports call the file by the name that it was dropped under, and by nothing else.
            os.chdir(self._read.folder)
            return self._identify(order) if isinstance(order, Read) else self._judge(order)
        except Swapped:
            return Other()
        except OSError as error:
            if _is_taken_away(self._read):
                return Other()
            if error.errno not in ENVIRONMENT:
                raise
            return Trouble(error.strerror or "The system refused")
        finally:
            with contextlib.suppress(OSError):
                os.chdir(self._setup.ledger.parent)  # Some systems let nobody remove the folder that one is in.

    def _identify(self, order: Read) -> Identity:
        with open_plain(order.name, order.state) as stream:
            if os.name != "nt":  # There only what is open for writing can be synced.
                os.fsync(stream.fileno())  # It is about to be all that is left of what was dropped.
            sync_folder(order.folder)
            identity = identify(stream)
        self._sha256 = identity.sha256
        return identity

    def _judge(self, order: Judge) -> Judged:
        assert self._read is not None
        name = self._read.name
        order.out.mkdir(mode=0o700)
        today = self._setup.received or date.today()
        options = replace(self._options, received=today)
        clock = datetime.now()
        if order.duplicate is not None:
            return self._answer_duplicate(order, options, clock)
        return self._filter(order, f"./{name}" if name == "-" else name, options, clock)

    def _filter(self, order: Judge, name: str, options: Options, clock: datetime) -> Judged:
        from scrubber.filtering import ENDINGS, filter_file
        from scrubber.reports.outbound import Numbers
        from scrubber.verdict import FileEnd

        numbers = Numbers(*order.numbers)
        with self._remember(order) as history:
            options = replace(options, history=history)

            def watch(event: Event) -> None:
                if type(event) is FileEnd and event.sha256 != self._sha256:
                    raise Swapped  # It was opened anew, by its name.
                if history is not None:
                    history.handle(event)

            result = filter_file(name, order.out, options, name=order.slot, clock=clock, numbers=numbers, watch=watch)
            snapshot = history.snapshot if history is not None else 0
        endings = {f"{order.slot}{ending}": ending for ending in ENDINGS}
        outputs = [measure(path, endings[path.name]) for path in result.files]
        sync_folder(order.out)
        totals = result.totals
        return Judged(
            result.status, result.error, totals.claims, totals.accepted, totals.rejected, totals.findings["warning"],
            tuple(outputs), find_state(Path(name)), _tell(numbers), snapshot,
        )  # fmt: skip

    @contextlib.contextmanager
    def _remember(self, order: Judge) -> Iterator[History | None]:
        """The history as this file sees it."""
        setup = self._setup
        if not setup.history_days:
            yield None
            return
        from scrubber.watch.history import History

        history = History(setup.ledger, order.out / HISTORY, setup.key)
        try:
            yield history
        finally:
            history.close()

    def _answer_duplicate(self, order: Judge, options: Options, clock: datetime) -> Judged:
        from scrubber.reports.outbound import Numbers
        from scrubber.run import make_ack_options
        from scrubber.watch.duplicate import refuse_batch

        assert self._read is not None
        numbers = Numbers(*order.numbers)
        path = Path(self._read.name)
        written = refuse_batch(path, order.out, order.slot, options, make_ack_options(options, clock), numbers)
        outputs = [measure(path, path.name.removeprefix(order.slot)) for path in written]
        sync_folder(order.out)
        return Judged("duplicate", None, 0, 0, 0, 0, tuple(outputs), find_state(path), _tell(numbers))


def _is_taken_away(read: Read) -> bool:
    """Whether the file is gone, and nothing but the file."""
    return read.folder.is_dir() and not os.path.lexists(read.folder / read.name)


def _tell(numbers: Numbers) -> tuple[int, int, int]:
    return numbers.interchange, numbers.group, numbers.set


def measure(path: Path, ending: str) -> Output:
    """A file that was written, by digest and size. Raises Swapped, OSError."""
    import hashlib

    with open_plain(path) as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return Output(ending, digest.hexdigest(), stream.tell())
