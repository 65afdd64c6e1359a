"""What a file said before of the same patient, performer and day.

Payers judge a day, not a claim: procedures of one visit that were split over two claims meet again in their history.
A file is judged claim by claim, and the verdict on the earlier claim has gone out when the later one comes; so what
the two say together is said of the later one, which names the earlier.

Claims meet only if nothing but the split can explain them: the same payer in the same place of the order (P, S, T),
the same member, name and date of birth, the same accident if any, and the same performer. Corrections and voids
(CLM05-3 7 and 8) take the place of a claim that was sent before and stand beside none.

Claims that were rejected are taken back (``drop``): they do not go to the payer, so those that do must be right
without them. That makes what is accepted clean when it is judged again alone: no add-on code leans on a claim that
stayed behind.

Memory is bounded: of each claim and day a fixed-size record is kept, under an eight-byte keyed hash (no name, no
number of a patient), and beyond a limit the oldest half is forgotten at once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from scrubber.claims.model import Claim, ServiceLine
from scrubber.finding import Location
from scrubber.x12.address import locate

REMEMBERED = 100_000
"""Claims and days that are remembered at least; at most twice as many are."""

KINDS_OF_LINE = 50_000
"""Different lines (codes, modifiers, charge, units) after which the older half is forgotten, too: practices repeat a
few hundred, hostile files none."""

LONGEST_SPAN = 31
"""Days of one line that are remembered. Longer spans are a fault of their own."""

MOST = 64
"""Earlier lines that a claim is compared with. A day of a patient has a dozen; hostile files should not cost the square
of their claims."""

LONGEST_LOG = 1 << 26
"""Bytes of records after which the older half is forgotten, too."""

INSTEAD = frozenset(("7", "8"))
"""CLM05-3 of claims that replace or void another."""


@dataclass(frozen=True, slots=True)
class EarlierLine:
    """A service line of an earlier claim of the file that shares ``day`` with a line of this claim, rendered by the
    same performer to the same patient. The first values are as in ServiceLine."""

    procedure: str
    qualifier: str
    modifiers: tuple[str, ...]
    charge: Decimal | None
    units: Decimal | None
    unit_basis: str
    days: int
    """Days that the line spans."""
    procedure_place: Location
    """SV101-2, in the earlier claim."""
    day: date
    performer: str
    """NPI."""
    repeated: bool
    """Whether this claim is the earlier one once more: the same CLM01 and the same lines."""

    @property
    def first(self) -> date:
        """The shared day: this line is known for it alone."""
        return self.day


class Met(NamedTuple):
    """What a claim met. ``whole`` is False where something may be missing: claims were forgotten, or it met more lines
    than MOST."""

    lines: Sequence[EarlierLine] = ()
    whole: bool = True


class Mark(NamedTuple):
    """A moment in the memory of a file."""

    generation: _Generation
    position: int


NOBODY = Met()
_NOBODY_KNOWN = Met(whole=False)

_Kind = tuple[object, ...]
"""LX01, component separator, SV101 to SV104 as written, and the days if several: what is alike is kept once."""

_HEAD = Struct("<III")
"""Position behind the record before under this key (0 none), lines, bytes of CLM01."""

_LINE = Struct("<IIQ")
"""Number of its kind, ordinal and offset of SV1."""


@lru_cache(maxsize=1_024)
def _record(lines: int) -> Struct:
    """A record: its head and its lines. CLM01 stands behind it."""
    return Struct("<III" + "IIQ" * lines)


class EarlierClaims:
    """The memory of one file."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self.limit = limit
        self._stranger = NOBODY
        """What a claim meets that meets nobody: once claims have been forgotten, nobody that is known."""
        self._recent = _Generation()
        self._older = _Generation()

    def meet(self, claim: Claim) -> Met:
        """The lines of earlier claims that this one meets; then the claim is remembered. Claims come in file order."""
        if claim.frequency in INSTEAD:
            return NOBODY
        patient = identify_patient(claim)
        if patient is None:
            return NOBODY
        found: list[EarlierLine] = []
        recent, older = self._recent, self._older
        for performer, day, lines in _days(claim):
            key = hash((performer, day, patient)) & _MASK or 1
            slot = recent.slot(key)
            if recent.heads[slot] or (older.size and older.heads[older.slot(key)]):
                found += self._recall(key, claim, lines, performer, day)
            recent.add(key, slot, claim, lines)
        met = Met(tuple(found[-MOST:]), self._stranger.whole and len(found) < MOST) if found else self._stranger
        if recent.size >= self.limit or len(recent.kinds) >= KINDS_OF_LINE or len(recent.log) >= LONGEST_LOG:
            if older.size:
                self._stranger = _NOBODY_KNOWN
            self._older, self._recent = recent, _Generation()
        return met

    def mark(self) -> Mark:
        """Where the memory stands: what is met from now on can be dropped."""
        return Mark(self._recent, len(self._recent.log))

    def drop(self, mark: Mark) -> None:
        """Forget the claims met since, which were rejected."""
        recent, older = self._recent, self._older
        if mark.generation is recent:
            recent.drop(mark.position)
        else:
            recent.drop(0)
            older.drop(mark.position if mark.generation is older else 0)

    def _recall(
        self, key: int, claim: Claim, lines: Sequence[ServiceLine], performer: str, day: date
    ) -> list[EarlierLine]:
        """The lines under a key, oldest first; of many the newest."""
        said = sorted(map(_said, lines))
        found: list[EarlierLine] = []
        for generation in (self._recent, self._older):
            for id, record in generation.records(key):
                repeated = id == claim.id[:_LONGEST_ID] and said == sorted(map(_said, record))
                found += [replace(line, day=day, performer=performer, repeated=repeated) for line in record[::-1]]
                if len(found) >= MOST:
                    return found[MOST - 1 :: -1]
        return found[::-1]


_MASK = (1 << 64) - 1
_LONGEST_ID = 255


class _Generation:
    """Records by key: an open-addressed table of positions, and the records one behind the other.

    A dictionary of tuples would take three times the memory, and this must not grow with the file.
    """

    __slots__ = ("dropped_from", "dropped_to", "heads", "keys", "kinds", "log", "mask", "prototypes", "size")

    def __init__(self) -> None:
        self.size = 0
        self.mask = 1023
        self.keys = array("Q", bytes(8 * 1024))
        self.heads = array("I", bytes(4 * 1024))
        """Position behind the newest record of the key in the same slot; 0 for none."""
        self.log = bytearray()
        self.kinds: dict[_Kind, int] = {}
        self.prototypes: list[tuple[EarlierLine, int]] = []
        """What each kind of line says, and where SV101-2 lies in its SV1."""
        self.dropped_from = array("I")
        """Stretches of the log that no longer count, in order."""
        self.dropped_to = array("I")

    def drop(self, start: int) -> None:
        """Let the records from this position of the log on no longer count."""
        end, starts, ends = len(self.log), self.dropped_from, self.dropped_to
        if start == end:
            return
        while ends and ends[-1] >= start:
            start = min(start, starts.pop())
            ends.pop()
        starts.append(start)
        ends.append(end)

    def _is_dropped(self, position: int) -> bool:
        found = bisect_right(self.dropped_from, position) - 1
        return found >= 0 and position < self.dropped_to[found]

    def slot(self, key: int) -> int:
        """The slot of a key, or the free one where it belongs."""
        keys, mask = self.keys, self.mask
        slot = key & mask
        while (found := keys[slot]) and found != key:
            slot = (slot + 1) & mask
        return slot

    def add(self, key: int, slot: int, claim: Claim, lines: Sequence[ServiceLine]) -> None:
        """Remember lines under a key whose slot is known. Lines without SV1 or date say nothing."""
        id = claim.id[:_LONGEST_ID].encode("latin-1", "replace")
        kinds, component = self.kinds, claim.delimiters.component
        values = [self.heads[slot], 0, len(id)]
        for line in lines:
            sv1, service = line.sv1, line.service
            if sv1 is None or service is None:
                continue
            said: _Kind = (line.number, component, *sv1.elements[1:5])
            if service.last is not service.first:
                said = (*said, span(line))
            kind = kinds.get(said)
            if kind is None:
                kind = kinds[said] = len(self.prototypes)
                self.prototypes.append(_prototype(claim, line))
            values += (kind, sv1.ordinal, sv1.offset)
        log = self.log
        self.keys[slot] = key
        self.heads[slot] = len(log) + 1
        values[1] = count = len(values) // 3 - 1
        log += _record(count).pack(*values)
        log += id
        self.size += 1
        if self.size * 3 > self.mask * 2:
            self._grow()

    def records(self, key: int) -> Iterator[tuple[str, list[EarlierLine]]]:
        """What was remembered under a key, newest first: CLM01 and lines."""
        at = self.heads[self.slot(key)]
        while at:
            start = at - 1
            dropped = self._is_dropped(start)
            at, count, length = _HEAD.unpack_from(self.log, start)
            if dropped:
                continue
            start += _HEAD.size
            end = start + count * _LINE.size
            id = self.log[end : end + length].decode("latin-1")
            lines = _LINE.iter_unpack(self.log[start : start + min(count, MOST) * _LINE.size])
            yield id, [self._line(id, *values) for values in lines]

    def _line(self, id: str, number: int, ordinal: int, offset: int) -> EarlierLine:
        line, inside = self.prototypes[number]
        where = replace(line.procedure_place, claim=id, ordinal=ordinal, offset=offset + inside)
        return replace(line, procedure_place=where)

    def _grow(self) -> None:
        keys, heads = self.keys, self.heads
        slots = 4 * (self.mask + 1)
        self.mask = slots - 1
        self.keys = array("Q", bytes(8 * slots))
        self.heads = array("I", bytes(4 * slots))
        for key, head in zip(keys, heads, strict=True):
            if head:
                slot = self.slot(key)
                self.keys[slot] = key
                self.heads[slot] = head


def identify_patient(claim: Claim) -> tuple[object, ...] | None:
    """Who was treated, and who is to pay for it and in which place; None where that is not told."""
    payer, subscriber, patient = claim.payer, claim.subscriber, claim.patient
    if payer is None or subscriber is None or patient is None:
        return None
    member, birth = subscriber.member_id, patient.birth
    if not member or birth is None:
        return None
    accident = claim.accident
    hurt = accident.first if accident is not None else None
    return (payer.id, payer.sequence, member, patient.last, patient.first, birth, hurt, claim.transaction.kind)


def _days(claim: Claim) -> Iterable[tuple[str, date, Sequence[ServiceLine]]]:
    """The lines of a claim by performer's NPI and day; mostly all under one."""
    lines, rendering, day = claim.lines, claim.rendering, claim.service_from
    if day is not None and day is claim.service_to:
        for line in lines:
            if line.rendering is not rendering:
                break
        else:
            performer = rendering or claim.billing
            return ((performer.npi, day, lines),) if performer is not None and performer.npi else ()
    groups: dict[tuple[str, date], list[ServiceLine]] = {}
    for line in lines:
        npi = claim.performer(line)
        if npi and line.first is not None:
            for number in range(min(span(line), LONGEST_SPAN)):
                groups.setdefault((npi, line.first + timedelta(days=number)), []).append(line)
    return [(npi, day, group) for (npi, day), group in groups.items()]


def span(line: ServiceLine) -> int:
    """Days that a line covers, both ends included; 1 where its dates do not tell."""
    first, last = line.first, line.last
    return (last - first).days + 1 if first is not None and last is not None and last > first else 1


def _said(line: ServiceLine | EarlierLine) -> tuple[str, ...]:
    """What a line bills, to compare claims by."""
    return (line.procedure, *line.modifiers, str(line.charge), str(line.units), line.unit_basis)


def _prototype(claim: Claim, line: ServiceLine) -> tuple[EarlierLine, int]:
    where = locate(line.procedure_place, claim.delimiters)
    earlier = EarlierLine(
        line.procedure, line.qualifier, line.modifiers, line.charge, line.units, line.unit_basis, span(line), where,
        date.min, "", False,
    )  # fmt: skip
    return earlier, where.offset - (line.sv1.offset if line.sv1 is not None else 0)
