"""How far a long run has come, on standard error. Silent for short runs, and where nobody is watching."""

from __future__ import annotations

import io
import time
from typing import BinaryIO, TextIO

PATIENCE = 1.0
"""Seconds before the first sign."""

INTERVAL = 0.2


class Progress:
    """One line that is written over. ``total`` are the bytes to go through, 0 where that is not known; ``done`` says
    what becomes of them."""

    def __init__(self, stream: TextIO | None, total: int, done: str = "judged") -> None:
        self._stream = stream
        self._word = done
        self._total = total
        self._done = 0
        self._next = time.monotonic() + PATIENCE
        self._shown = False

    def add(self, size: int) -> None:
        """So many bytes more."""
        self._done += size
        now = time.monotonic()
        if self._stream is None or now < self._next:
            return
        self._next = now + INTERVAL
        if self._total:
            share = min(99, 100 * self._done // self._total)
            text = f"{share} % of {self._total / 1e6:,.1f} MB {self._word}"
        else:
            text = f"{self._done / 1e6:,.1f} MB {self._word}"
        self._stream.write(f"\r\x1b[K{text}")
        self._stream.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away: something else is about to be written."""
        if self._shown and self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """The stream, counting what is read from it."""
        return _Watched(stream, self)  # type: ignore[return-value]  # It has all that a reader calls.


class _Watched(io.RawIOBase):
    def __init__(self, stream: BinaryIO, progress: Progress) -> None:
        super().__init__()
        self._stream = stream
        self._progress = progress

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._progress.add(len(data))
        return data

    def readall(self) -> bytes:
        return self.read()

    def close(self) -> None:
        self._stream.close()
        super().close()
