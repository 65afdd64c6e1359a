"""Which line and column of a file a byte is, as an editor counts them.

Lines end on CR LF, LF, or a CR alone. Columns are UTF-16 code units (what SARIF, GitHub and the editors behind them
count by default): a file that is no UTF-8 is taken for Latin-1, and a byte-order mark stands in no column.

A file is read a second time, and only when something is asked about it. What is kept of it is three numbers for each
block of bytes, and one block: memory does not grow with its lines, and a file that is one line costs no more.
"""

from __future__ import annotations

import codecs
from array import array
from bisect import bisect_right
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from scrubber.finding import Location

BLOCK = 1 << 16
"""Bytes between two places that are remembered."""

BOM = codecs.BOM_UTF8

_CONTINUATION = bytes(range(0x80, 0xC0))
_FOUR_BYTES = bytes(range(0xF0, 0xF8))


class Region(NamedTuple):
    """A stretch of text; lines and columns count from 1, and ``end_column`` is the one behind its last character."""

    line: int
    column: int
    end_line: int
    end_column: int


class Lines:
    """Looks places of files up. Only for files that can be opened twice: of a stream nothing is known."""

    def __init__(self, opener: Callable[[str], BinaryIO]) -> None:
        self._open = opener
        self._path: str | None = None
        self._index: _Index | None = None

    def open(self, path: str) -> None:
        """Answer for this file from now on."""
        self.close()
        self._path = path

    def close(self) -> None:
        """Let the file go."""
        if self._index is not None:
            self._index.stream.close()
        self._path = self._index = None

    def find(self, where: Location) -> Region | None:
        """The stretch of a place; None when the file cannot be read, or does not go so far."""
        return self.region(where.offset, where.length)

    def region(self, offset: int, length: int) -> Region | None:
        """The stretch of these bytes."""
        if self._index is None:
            if self._path is None:
                return None
            path, self._path = self._path, None  # What could not be read once is not tried for every finding.
            try:
                self._index = _Index(self._open(path))
            except OSError:
                return None
        try:
            begin = self._index.find(offset)
            end = self._index.find(offset + length) if length else begin
        except OSError:
            return None
        return Region(*begin, *end) if begin and end else None


class _Index:
    """A file's lines and columns at the begin of each block. Raises OSError as the file does."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self._starts = array("q")
        self._lines = array("q")
        self._bytes = array("q")
        """Of the line that the block begins in, how much stands before it: in bytes, and in UTF-16 units."""
        self._units = array("q")
        self._held = -1
        self._block = b""
        self._size = 0
        self._utf8 = True
        self._read()

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        line = before = units = 0
        self._bom = self.stream.read(len(BOM)) == BOM
        self.stream.seek(0)
        while block := self.stream.read(BLOCK):
            if block.endswith(b"\r"):
                block += self.stream.read(1)  # The two bytes of one line end stay together.
            self._starts.append(self._size)
            self._lines.append(line)
            self._bytes.append(before)
            self._units.append(units)
            self._size += len(block)
            if self._utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    self._utf8 = False
            ends, tail = _split(block)
            line += ends
            before = len(tail) + (0 if ends else before)
            units = count_units(tail) + (0 if ends else units)

    def find(self, offset: int) -> tuple[int, int] | None:
        """Line and column of a byte; of the file's end, too."""
        if offset > self._size or not self._starts:
            return None
        number = bisect_right(self._starts, offset) - 1
        if number != self._held:
            self.stream.seek(self._starts[number])
            self._block = self.stream.read(BLOCK + 1)
            self._held = number
        start = offset - self._starts[number]
        head = self._block[:start]
        if head.endswith(b"\r") and self._block[start : start + 1] == b"\n":
            head = head[:-1]  # Between the two bytes of a line end: that line is not over.
        ends, tail = _split(head)
        if self._utf8:
            column = count_units(tail) + (0 if ends else self._units[number])
        else:
            column = len(tail) + (0 if ends else self._bytes[number])
        line = self._lines[number] + ends
        if self._bom and not line:
            column = max(0, column - (1 if self._utf8 else len(BOM)))
        return line + 1, column + 1


def _split(text: bytes) -> tuple[int, bytes]:
    """How many lines end in a text, and what stands behind the last end."""
    ends = text.count(b"\n")
    if b"\r" in text:
        ends += text.count(b"\r") - text.count(b"\r\n")
    return ends, text[max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 :] if ends else text


def count_units(text: bytes) -> int:
    """UTF-16 code units of a piece of UTF-8: one a character, two beyond the basic plane. The piece may begin or end
    within a character, which counts where it begins."""
    if text.isascii():
        return len(text)
    return len(text.translate(None, _CONTINUATION)) + len(text) - len(text.translate(None, _FOUR_BYTES))
