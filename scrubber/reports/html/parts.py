"""The body of the report while it grows: written to nameless files, since what stands above it is known last.

The files are readable by their owner alone and vanish with the process; only what is small is kept in memory.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import IO, Any, BinaryIO, cast

from scrubber.reports.scroll import SPOOL_IN_MEMORY

CHUNK = 1 << 20

OPEN = 12
"""So many claims are shown open; where there are more, all are closed, as a list to choose from."""

OPENED = b" open"


def spool() -> IO[bytes]:
    """A private file without a name; in memory while it is small."""
    return cast(IO[bytes], tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY, mode="w+b"))


class Part:
    """One part of the report: the rejected claims, or the warnings."""

    def __init__(self) -> None:
        self.claims = 0
        self.heading = b""
        """The name of the file, until something of it is told here."""
        self._stream = spool()
        self._openings: list[int] = []
        """Where the first claims' ``open`` goes, if there are few."""

    def write(self, text: bytes) -> None:
        if self.heading:
            self._stream.write(self.heading)
            self.heading = b""
        self._stream.write(text)

    def begin_claim(self, head: bytes, rest: bytes) -> None:
        """A claim's element as far as ``open`` may stand in it, and what follows."""
        self.write(head)
        self.claims += 1
        if len(self._openings) <= OPEN:
            self._openings.append(self._stream.tell())
        self.write(rest)

    @property
    def empty(self) -> bool:
        return not self._stream.tell()

    def pour(self, out: BinaryIO) -> None:
        """Write everything, the claims open where they are few."""
        stream = self._stream
        stream.seek(0)
        at = 0
        if self.claims <= OPEN:
            for opening in self._openings:
                out.write(stream.read(opening - at))
                out.write(OPENED)
                at = opening
        shutil.copyfileobj(stream, out, CHUNK)
        stream.close()

    # Between processes -----------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """What another process must know to take this in."""
        return {"claims": self.claims, "openings": self._openings, "length": self._stream.tell()}

    def take_in(self, piece: BinaryIO, described: dict[str, Any]) -> None:
        """Append what another process wrote."""
        start = self._stream.tell()
        self.claims += described["claims"]
        self._openings += [start + opening for opening in described["openings"]]
        del self._openings[OPEN + 1 :]
        left = described["length"]
        while left and (data := piece.read(min(left, CHUNK))):
            self._stream.write(data)
            left -= len(data)

    def copy(self, out: BinaryIO) -> None:
        """Write everything as it is, for another process."""
        self._stream.seek(0)
        shutil.copyfileobj(self._stream, out, CHUNK)
        self._stream.close()
