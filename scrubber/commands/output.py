"""Standard output by its name: an error that writing meets says where, once."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

NAME = "standard output"


class _Output(io.RawIOBase):
    """Writes to a file descriptor; None stands for one that was closed before we began."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self.given_up = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._descriptor is None:
            raise OSError(errno.EBADF, "is closed", NAME)
        return self._descriptor

    def write(self, data: Any, /) -> int | None:
        if self.given_up:
            return len(data)
        try:
            return os.write(self.fileno(), data)
        except BlockingIOError:
            return None  # What stands above knows what to do.
        except OSError as error:
            raise OSError(error.errno, error.strerror, NAME) from None


@contextlib.contextmanager
def named_output() -> Iterator[None]:
    """Within, an error of standard output names it; behind, what could not be written is let go, for it has been told.
    A terminal is left alone: it cannot be full."""
    plain = sys.stdout
    if plain is None:
        os.open(os.devnull, os.O_WRONLY)  # Else the next file that is opened would be standard output.
        raw = _Output(None)
    elif plain.isatty():
        yield
        return
    else:
        raw = _Output(plain.fileno())
    encoding, errors = (plain.encoding, plain.errors) if plain is not None else ("utf-8", "strict")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        raw.given_up = True
