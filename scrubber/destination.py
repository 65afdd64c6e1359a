"""Where a report goes: standard output, or a file that appears only when it is complete."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """Write to a temporary file beside ``path`` that takes its name at the end, readable by its owner alone (0600).

    What stood there before stays until then, and stays when the writing fails. A device or a pipe is written as it
    is. Raises OSError.
    """
    if _is_special(path):
        with open(path, "wb") as stream:
            yield stream
        return
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    # The name is known before the file is there, so that whatever interrupts us finds it to take it away.
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.part")
    try:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
        with open(descriptor, "wb") as stream:
            yield stream
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _is_special(path: str) -> bool:
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
