"""What a report has to say of claims, held until it is known whether they stand.

A set, a group or an interchange that is rejected takes its claims with it, and says so only at its end. Until then a
report holds them as bytes: as they are while they are few, compressed beyond (claims resemble each other), so that
memory grows by some 80 bytes a claim.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from scrubber.finding import Finding, Severity
from scrubber.verdict import Event, FileEnd, GroupEnd, InterchangeEnd, SetEnd, SetStatus

CHUNK = 1 << 20
"""Bytes that are compressed together."""

IN_FULL = 16 << 20
"""Bytes held uncompressed: a file of ordinary size is never compressed."""

END = b"\x00"
"""Stands between entries. No report's text holds it: JSON and prose both write control characters out."""

Doom = Callable[[bytes, Finding | None], bytes]
"""What becomes of an entry when an envelope is rejected, for this cause."""


class Held:
    """Byte strings in order, to be taken out once."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        # One buffer, not an object for each entry: freed among others they would leave memory full of holes.
        self._recent = bytearray()
        self._chunks: list[bytearray | bytes] = []
        """Compressed where they are bytes."""
        self._full = 0

    def __bool__(self) -> bool:
        return bool(self._recent or self._chunks)

    def add(self, entry: bytes) -> None:
        """Hold one more. The entry must not hold a zero byte."""
        recent = self._recent
        recent += entry
        recent += END
        if len(recent) > CHUNK:
            self._seal()

    def take_over(self, other: Held) -> None:
        """Everything that the other holds, behind what is here."""
        if not other._chunks and len(self._recent) + len(other._recent) <= CHUNK:
            self._recent += other._recent
        else:
            self._seal()
            other._seal()
            self._chunks += other._chunks
            self._full += other._full
            self._compress()
        other._clear()

    def take(self) -> Iterator[bytes]:
        """Every entry in order; nothing is held afterwards."""
        for text in self.take_together():
            yield from text.split(END)

    def take_together(self) -> Iterator[bytes]:
        """The same, many at a time: entries with END between them."""
        chunks = [*self._chunks, self._recent]
        self._clear()
        for chunk in chunks:
            if chunk:
                text = zlib.decompress(chunk) if isinstance(chunk, bytes) else bytes(chunk)
                yield text[: -len(END)]

    def _seal(self) -> None:
        if self._recent:
            self._chunks.append(self._recent)
            self._full += len(self._recent)
            self._recent = bytearray()
        self._compress()

    def _compress(self) -> None:
        if self._full > IN_FULL:
            self._chunks = [c if isinstance(c, bytes) else zlib.compress(c, 1) for c in self._chunks]
            self._full = 0


class Docket:
    """Claims on their way through set, group and interchange, each of which may still reject them."""

    def __init__(
        self, doom: Doom, write: Callable[[bytes], object], write_together: Callable[[bytes], object] | None = None
    ) -> None:
        """``write`` takes one entry, ``write_together`` many with END between them; without it, one at a time."""
        self._doom = doom
        self._write = write
        self._write_together = write_together
        self._levels = [Held(), Held(), Held()]
        """Of the open set, group and interchange."""
        self.add = self._levels[0].add

    def close(self, event: SetEnd | GroupEnd | InterchangeEnd | FileEnd, heading: bytes = b"") -> None:
        """An envelope is over: what it held is rejected with it, or goes on to the next; behind the last it is
        written. A heading stands before it."""
        lost, cause = judge_envelope(event)
        if isinstance(event, SetEnd):
            self._pass(0, lost, cause, heading)
        elif isinstance(event, GroupEnd):
            self._pass(0, False, None)
            self._pass(1, lost, cause, heading)
        else:
            self._pass(0, False, None)
            self._pass(1, False, None)
            if heading:
                self._write(heading)
            if self._write_together is not None and not lost:
                for entries in self._levels[2].take_together():
                    self._write_together(entries)
            else:
                for entry in self._levels[2].take():
                    self._write(self._doom(entry, cause) if lost else entry)

    def _pass(self, level: int, lost: bool, cause: Finding | None, heading: bytes = b"") -> None:
        held, outer = self._levels[level], self._levels[level + 1]
        if heading:
            outer.add(heading)
        if lost:
            for entry in held.take():
                outer.add(self._doom(entry, cause))
        else:
            outer.take_over(held)


def judge_envelope(event: Event) -> tuple[bool, Finding | None]:
    """Whether an envelope that is over takes its claims with it, and what rejects it."""
    if isinstance(event, SetEnd):
        return (True, event.cause) if event.status is SetStatus.REJECTED else (False, None)
    if isinstance(event, InterchangeEnd):
        return (True, event.cause) if event.status == "R" else (False, None)
    if isinstance(event, GroupEnd) and event.status == "R":
        # A group is refused as well when all its sets were; each of its claims has its cause then.
        cause = next((f for f in event.findings if f.severity is Severity.REJECT), None)
        return (True, cause) if cause else (False, None)
    return False, None
