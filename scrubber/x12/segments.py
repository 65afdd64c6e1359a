"""Bytes to delimiters, envelopes and segments; and back.

The reader streams: it splits one block of bytes at a time and never holds more than a block and the segment that
straddles its end. Bytes are read as Latin-1, one character a byte, so that positions in text are byte offsets.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from weakref import ReferenceType

if TYPE_CHECKING:
    from scrubber.x12.guide import SegmentUse
    from scrubber.x12.loops import Loop

BLOCK = 1 << 15
"""Bytes read at a time. Larger blocks are no faster: what one block holds should stay in the processor's cache."""

LONGEST_SEGMENT = 1 << 20
"""Bytes after which a piece without a terminator is no segment: hostile or damaged data, cut and reported."""

BLANKS = "\r\n\t "
"""What may stand between segments, though X12 knows nothing of it."""

ISA_LENGTH = 106
"""Bytes of an ISA with every element at its fixed width, terminator included (X12.5)."""

ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)


class Delimiters(NamedTuple):
    """The four characters that an ISA declares."""

    element: str
    component: str
    repetition: str
    segment: str


class Segment:
    """One segment: its elements as written, and where it stood.

    ``elements[0]`` is the segment id; ``elements[n]`` is element n, or missing when the segment ends before it. Never
    change them: equal segments share one list. ``ordinal`` counts from ST = 1; ``offset`` is the byte of its first
    character. ``use`` is its place in the guide.
    """

    __slots__ = ("elements", "loop_ref", "offset", "ordinal", "use")

    # No __init__: the walk makes a segment in half the time without one. See ``make_segment``.
    elements: list[str]
    ordinal: int
    offset: int
    use: SegmentUse | None
    loop_ref: ReferenceType[Loop] | None

    @property
    def loop(self) -> Loop | None:
        """The loop that holds it, as long as something holds that loop: claims form no reference cycles, so that
        each is freed at once when it is judged (the cycle collector took twice the time of reading)."""
        return self.loop_ref() if self.loop_ref is not None else None

    @property
    def id(self) -> str:
        return self.elements[0]

    def get(self, element: int) -> str:
        """Element as written, ``""`` when absent."""
        elements = self.elements
        return elements[element] if element < len(elements) else ""

    def at(self, element: int = 0, component: int = 0, repeat: int = 0) -> Place:
        """The place of an element, component or repetition of this segment; with no number, of the whole segment."""
        return Place(self, element, component, repeat)

    def __repr__(self) -> str:  # Never the elements: they may be patient data, and reprs end up in logs.
        return f"<{self.elements[0][:3]} segment {self.ordinal} at byte {self.offset}>"


def make_segment(
    elements: list[str], ordinal: int, offset: int, loop: Loop | None = None, use: SegmentUse | None = None
) -> Segment:
    """A segment in a loop."""
    segment = Segment()
    segment.elements = elements
    segment.ordinal = ordinal
    segment.offset = offset
    segment.use = use
    segment.loop_ref = loop.ref if loop is not None else None
    return segment


class Place(NamedTuple):
    """A pointer into a segment, cheap to make; it becomes a Location only when a finding needs one."""

    segment: Segment
    element: int = 0
    component: int = 0
    repeat: int = 0


class Source:
    """A stream of bytes read once, hashed as it goes.

    ``path`` is only a name for reports. ``position`` is the byte that the next read starts with. Raises OSError as the
    underlying file does.
    """

    def __init__(self, stream: BinaryIO, path: str) -> None:
        self.path = path
        self.size = 0
        self.position = 0
        self.wrapped: tuple[int, int] | None = None
        """Bytes of each line and of its end, where lines are broken at a fixed length: ``read`` then joins them."""
        self._stream = stream
        self._sha256 = hashlib.sha256()
        self._pushed = b""

    @property
    def sha256(self) -> str:
        """Hex digest of everything read so far."""
        return self._sha256.hexdigest()

    def read(self, size: int = BLOCK) -> bytes:
        """The next bytes, ``b""`` at the end."""
        if self._pushed:
            data, self._pushed = self._pushed[:size], self._pushed[size:]
        else:
            data = self._fetch(size)
            while self.wrapped is not None and data:
                joined = data.translate(None, b"\r\n")
                data = joined or self._fetch(size)
                if joined:
                    break
        self.position += len(data)
        return data

    def _fetch(self, size: int) -> bytes:
        data = self._stream.read(size) or b""
        self._sha256.update(data)
        self.size += len(data)
        return data

    def push(self, data: bytes) -> None:
        """Give bytes back: the next read returns them."""
        self._pushed = data + self._pushed
        self.position -= len(data)

    def peek(self, size: int) -> bytes:
        """At least ``size`` of the next bytes where there are so many, without taking them."""
        parts = [self.read(max(size, BLOCK))]
        while sum(map(len, parts)) < size and (more := self.read()):
            parts.append(more)
        data = b"".join(parts)
        self.push(data)
        return data

    def skip(self, count: int) -> None:
        """Drop bytes that a peek has shown."""
        while count > 0 and (data := self.read(count)):
            count -= len(data)

    def drain(self) -> None:
        """Read to the end, so that the digest covers the whole file."""
        self._pushed = b""
        while self.read():
            pass

    def unwrap(self, line: int, end: int) -> None:
        """Join lines of this length from here, the file's start, on; positions are then those of the joined text."""
        self.wrapped = (line, end)
        self._pushed = self._pushed.translate(None, b"\r\n")

    def place(self, position: int) -> int:
        """The byte of the file at a position."""
        return position if self.wrapped is None else position + position // self.wrapped[0] * self.wrapped[1]


class Splitter:
    """Cuts a source into the texts between segment terminators, a block at a time.

    ``offset`` is the position of the first piece returned last, and ``gap`` the bytes between one piece and the next:
    the terminator, and the line end behind it as long as every segment has the same. Any other blanks stay in the
    pieces. A piece longer than LONGEST_SEGMENT is cut there and the rest of it dropped, so that no input needs
    unbounded memory.
    """

    def __init__(self, source: Source, terminator: str) -> None:
        self.terminator = terminator
        self.offset = 0
        self.unterminated = False
        """Whether the pieces just returned are one last segment that lacks its terminator."""
        self._source = source
        self._tail = ""
        self._dropping = False
        self._between = terminator + _line_end(source, terminator)

    @property
    def gap(self) -> int:
        return len(self._between)

    def next(self) -> list[str] | None:
        """The next pieces, or None at the end of the data."""
        source = self._source
        while True:
            self.offset = source.position - len(self._tail)
            data = source.read()
            if not data:
                break
            text = data.decode("latin-1")
            if self._dropping:
                head, found, text = text.partition(self.terminator)
                if not found:
                    continue
                self._dropping = False
                self.offset += len(head) + 1
            text = self._tail + text
            pieces = text.split(self._between)
            if self.gap > 1 and not self._is_even(text, pieces):
                self._between = self.terminator
                pieces = text.split(self.terminator)
            self._tail = pieces.pop()
            if len(self._tail) > LONGEST_SEGMENT:
                pieces.append(self._tail[:LONGEST_SEGMENT])
                self._between = self.terminator
                self._dropping = True
                self._tail = ""
            if pieces:
                return pieces
        self._between = self.terminator
        *pieces, tail = self._tail.split(self.terminator)
        self._tail = tail.rstrip(BLANKS)
        if pieces:
            return pieces
        tail, self._tail = self._tail, ""
        self.unterminated = bool(tail.strip(BLANKS))
        return [tail] if tail else None

    def _is_even(self, text: str, pieces: list[str]) -> bool:
        """Whether each terminator, but for one at the very end, has its line end, and nothing stands beyond that."""
        ends = self._between[1:]
        tail = pieces[-1]
        at_end = any(tail.endswith(self._between[:n]) for n in range(1, self.gap))
        return text.count(self.terminator) == len(pieces) - 1 + at_end and text.count(ends) <= len(pieces) + 1

    def give_back(self, pieces: list[str]) -> None:
        """Return these pieces, the last of those handed out, and what follows them to the source."""
        self._source.push(self._between.join([*pieces, self._tail]).encode("latin-1"))
        self._tail = ""


def _line_end(source: Source, terminator: str) -> str:
    """What stands behind the ISA, where that is one line end; else nothing."""
    head = source.peek(2).decode("latin-1")
    for end in ("\r\n", "\n"):
        if head.startswith(end) and terminator not in BLANKS:
            return end
    return ""


class Isa(NamedTuple):
    """An ISA as found. ``length`` is its bytes without the terminator."""

    elements: list[str]
    delimiters: Delimiters
    length: int

    @property
    def wrong_widths(self) -> list[int]:
        """Numbers of the elements that do not have their fixed width."""
        return [n for n, width in enumerate(ISA_WIDTHS, 1) if len(self.elements[n]) != width]


def read_isa(text: str) -> Isa | None:
    """The ISA at the start of a text, by its separators rather than its widths; None where there is none to read."""
    if len(text) < 4 or text[:3] != "ISA" or text[3].isalnum() or text[3] in BLANKS:
        return None
    separator = text[3]
    position = 3
    for _ in range(15):
        position = text.find(separator, position + 1)
        if position < 0 or position > 400:
            return None
    if position + 2 >= len(text):
        return None
    component, terminator = text[position + 1], text[position + 2]
    if component.isalnum() or terminator.isalnum() or len({separator, component, terminator}) < 3:
        return None
    elements = text[: position + 2].split(separator)
    repetition = elements[11]
    if len(repetition) != 1 or repetition.isalnum() or repetition in (" ", component, terminator):
        repetition = ""
    return Isa(elements, Delimiters(separator, component, repetition, terminator), position + 2)
