"""The bytes of a file, kept while it is judged: what is passed on must be what came in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from scrubber.reports.scroll import make_spool


class Original:
    """What has been read from a stream so far, to be read again.

    A position is a byte of the file. Where lines are broken at a fixed length (``join_lines``), it is a byte of the
    text without them: breaks in the middle of segments mean nothing once lines have been taken out. Raises OSError as
    the file system does.
    """

    def __init__(self, directory: Path) -> None:
        self.size = 0
        self._file = make_spool(directory)
        self.trouble: OSError | None = None
        """Why bytes could not be kept, which is no fault of the stream that they were read from."""
        self._at_end = True
        self._wrapped: tuple[int, int] | None = None

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """The stream; what is read from it is kept."""
        return _Watched(stream, self)  # type: ignore[return-value]  # It has all that a reader calls.

    def keep(self, data: bytes) -> None:
        """Keep what was just read."""
        if self._wrapped is not None:
            data = data.translate(None, b"\r\n")
        if not self._at_end:
            self._file.seek(0, io.SEEK_END)
            self._at_end = True
        self._file.write(data)
        self.size += len(data)

    def read(self, start: int, end: int) -> bytes:
        """The bytes between two positions, as far as there are any."""
        self._at_end = False
        self._file.seek(start)
        return self._file.read(max(0, end - start))

    def join_lines(self, wrapped: tuple[int, int]) -> None:
        """Take out the line breaks, from the file's start on; ``wrapped`` is the length of lines and of their ends."""
        if self._wrapped is None:
            data = self.read(0, self.size)
            self._file.seek(0)
            self._file.truncate()
            self._at_end, self.size = True, 0
            self._wrapped = wrapped
            self.keep(data)

    def position(self, offset: int) -> int:
        """The position of a byte of the file."""
        if self._wrapped is None:
            return offset
        line, end = self._wrapped
        return offset - offset // (line + end) * end

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


class _Watched(io.RawIOBase):
    def __init__(self, stream: BinaryIO, original: Original) -> None:
        super().__init__()
        self._stream = stream
        self._original = original

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size) or b""
        try:
            self._original.keep(data)
        except OSError as error:
            self._original.trouble = error
            raise
        return data

    def readall(self) -> bytes:
        return self.read()
