"""Hearing that something was dropped: the system's events where there are any, told through a pipe.

An event only shortens the wait for the next full look. One that is missed costs time, never a file.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


class Ears:
    """A descriptor that can be read when it is time to look. ``heeds`` says whether events come at all."""

    def __init__(self, folder: Path, *, poll: bool) -> None:
        self.descriptor, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        os.set_blocking(self.descriptor, False)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if not poll and _can_watch():
            self._thread = threading.Thread(target=self._listen, args=(folder,), daemon=True)
            self._thread.start()

    @property
    def heeds(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def call(self, *_: object) -> None:
        """Make the descriptor readable. May be called from a signal handler."""
        with contextlib.suppress(OSError):
            os.write(self._mouth, b".")

    def heard(self) -> bool:
        """Whether there was a call since this was last asked."""
        try:
            return bool(os.read(self.descriptor, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        os.close(self.descriptor)
        os.close(self._mouth)

    def _listen(self, folder: Path) -> None:
        from watchfiles import watch

        # The thread ends where the folder goes away; the service then polls until it looks for events anew.
        with contextlib.suppress(Exception):
            changes = watch(
                folder, watch_filter=None, recursive=False, debounce=100, step=20, rust_timeout=1000,
                stop_event=self._stop, raise_interrupt=False, yield_on_timeout=True,
            )  # fmt: skip
            listening = False
            for found in changes:
                # Between the first look and the first event that can be heard something may have been dropped.
                if found or not listening:
                    self.call()
                listening = True


def _can_watch() -> bool:
    from importlib.util import find_spec

    return find_spec("watchfiles") is not None
