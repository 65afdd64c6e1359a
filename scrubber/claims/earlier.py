"""What a file said before of the same patient, performer and day.

Payers judge a day, not a claim: procedures of one visit that were split over two claims meet again in their history.
A file is judged claim by claim, and the verdict on the earlier claim has gone out when the later one comes; so what
the two say together is said of the later one, which names the earlier.

Claims meet only if nothing but the split can explain them: the same payer in the same place of the order (P, S, T),
the same member, name and date of birth, the same accident if any, and the same performer. Corrections and voids
(CLM05-3 7 and 8) take the place of a claim that was sent before and stand beside none.

Memory is bounded: of each claim and day a fixed-size record is kept, under an eight-byte keyed hash (no name, no
number of a patient), and beyond a limit the oldest half is forgotten at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
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

MOST = 200
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


NOBODY = Met()
_NOBODY_KNOWN = Met(whole=False)

_Kind = tuple[str, ...]
"""SV101 to SV104 as written, the component separator, and the number of days: lines alike in them are kept as one."""

_HEAD = Struct("<III")
"""Position behind the record before under this key (0 none), lines, bytes of CLM01."""

_LINE = Struct("<IIIQ")
"""Number of its kind, LX01, ordinal and offset of SV1."""


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
        patient = _patient(claim)
        if patient is None:
            return NOBODY
        found: list[EarlierLine] = []
        recent, older = self._recent, self._older
        for performer, day, lines in _days(claim):
            key = hash((patient, performer, day)) & _MASK or 1
            slot = recent.slot(key)
            if recent.heads[slot] or (older.size and older.heads[older.slot(key)]):
                found += self._recall(key, claim, lines, performer, day)
            recent.add(key, slot, claim, lines)
        if recent.size >= self.limit or len(recent.kinds) >= KINDS_OF_LINE or len(recent.log) >= LONGEST_LOG:
            if older.size:
                self._stranger = _NOBODY_KNOWN
            self._older, self._recent = recent, _Generation()
        if not found:
            return self._stranger
        return Met(tuple(found[-MOST:]), self._stranger.whole and len(found) < MOST)

    def _recall(
        self, key: int, claim: Claim, lines: Sequence[ServiceLine], performer: str, day: date
    ) -> list[EarlierLine]:
        """The lines under a key, oldest first; of many the newest."""
        said = sorted([_kind(claim, line) for line in lines])
        found: list[EarlierLine] = []
        for generation in (self._recent, self._older):
            for id, record in generation.records(key):
                repeated = id == claim.id[:_LONGEST_ID] and said == sorted([kind for kind, _ in record])
                found += [replace(line, day=day, performer=performer, repeated=repeated) for _, line in record[::-1]]
                if len(found) >= MOST:
                    return found[MOST - 1 :: -1]
        return found[::-1]


_MASK = (1 << 64) - 1
_LONGEST_ID = 255


class _Generation:
    """Records by key: an open-addressed table of positions, and the records one behind the other.

    A dictionary of tuples would take three times the memory, and this must not grow with the file.
    """

    __slots__ = ("heads", "keys", "kinds", "log", "mask", "prototypes", "size")

    def __init__(self) -> None:
        self.size = 0
        self.mask = 1023
        self.keys = array("Q", bytes(8 * 1024))
        self.heads = array("I", bytes(4 * 1024))
        """Position behind the newest record of the key in the same slot; 0 for none."""
        self.log = bytearray()
        self.kinds: dict[_Kind, int] = {}
        self.prototypes: list[tuple[_Kind, EarlierLine, int]] = []
        """What each kind of line says, and where SV101-2 lies in its SV1."""

    def slot(self, key: int) -> int:
        """The slot of a key, or the free one where it belongs."""
        keys, mask = self.keys, self.mask
        slot = key & mask
        while (found := keys[slot]) and found != key:
            slot = (slot + 1) & mask
        return slot

    def add(self, key: int, slot: int, claim: Claim, lines: Sequence[ServiceLine]) -> None:
        """Remember lines under a key whose slot is known."""
        id = claim.id[:_LONGEST_ID].encode("latin-1", "replace")
        log = self.log
        at = len(log)
        log += _HEAD.pack(self.heads[slot], len(lines), len(id))
        log += id
        for line in lines:
            sv1 = line.sv1
            assert sv1 is not None
            kind = self.kinds.get(said := _kind(claim, line))
            if kind is None:
                kind = self.kinds[said] = len(self.prototypes)
                self.prototypes.append(_prototype(claim, line, said))
            log += _LINE.pack(kind, line.number, sv1.ordinal, sv1.offset)
        self.keys[slot] = key
        self.heads[slot] = at + 1
        self.size += 1
        if self.size * 3 > self.mask * 2:
            self._grow()

    def records(self, key: int) -> Iterator[tuple[str, list[tuple[_Kind, EarlierLine]]]]:
        """What was remembered under a key, newest first: CLM01 and lines with their kinds."""
        at = self.heads[self.slot(key)]
        while at:
            start = at - 1
            at, count, length = _HEAD.unpack_from(self.log, start)
            start += _HEAD.size
            id = self.log[start : start + length].decode("latin-1")
            start += length
            lines = _LINE.iter_unpack(self.log[start : start + min(count, MOST) * _LINE.size])
            yield id, [self._line(id, *values) for values in lines]

    def _line(self, id: str, number: int, lx: int, ordinal: int, offset: int) -> tuple[_Kind, EarlierLine]:
        kind, line, inside = self.prototypes[number]
        where = replace(line.procedure_place, claim=id, line=lx, ordinal=ordinal, offset=offset + inside)
        return kind, replace(line, procedure_place=where)

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


def _patient(claim: Claim) -> tuple[object, ...] | None:
    """Who was treated, and who is to pay for it and in which place; None where that is not told."""
    payer, subscriber, patient = claim.payer, claim.subscriber, claim.patient
    if payer is None or subscriber is None or patient is None:
        return None
    member, birth = subscriber.member_id, patient.birth
    if not member or birth is None:
        return None
    accident = claim.accident.first if claim.accident is not None else None
    kind = claim.transaction.kind
    return (payer.id, payer.sequence, member, patient.last, patient.first, birth, accident, kind)


def _days(claim: Claim) -> Iterator[tuple[str, date, Sequence[ServiceLine]]]:
    """The lines of a claim by performer's NPI and day; mostly all under one."""
    lines, billing = claim.lines, claim.billing
    if not lines:
        return
    first = lines[0]
    performer, service = first.rendering or billing, first.service
    if performer is not None and performer.npi and service is not None and service.first is not None:
        day = service.first
        for line in lines:
            other = line.service
            if other is None or other.first is not day or other.last is not day or line.sv1 is None:
                break
            if line.rendering is not first.rendering:
                break
        else:
            yield performer.npi, day, lines
            return
    groups: dict[tuple[str, date], list[ServiceLine]] = {}
    for line in lines:
        npi = claim.performer(line)
        if npi and line.sv1 is not None and line.first is not None:
            for number in range(min(span(line), LONGEST_SPAN)):
                groups.setdefault((npi, line.first + timedelta(days=number)), []).append(line)
    for (npi, day), group in groups.items():
        yield npi, day, group


def span(line: ServiceLine) -> int:
    """Days that a line covers, both ends included; 1 where its dates do not tell."""
    first, last = line.first, line.last
    return (last - first).days + 1 if first is not None and last is not None and last > first else 1


def _kind(claim: Claim, line: ServiceLine) -> _Kind:
    assert line.sv1 is not None
    said = (*line.sv1.elements[1:5], claim.delimiters.component)
    service = line.service
    return said if service is None or service.first == service.last else (*said, str(span(line)))


def _prototype(claim: Claim, line: ServiceLine, said: _Kind) -> tuple[_Kind, EarlierLine, int]:
    assert line.sv1 is not None
    where = locate(line.procedure_place, claim.delimiters)
    earlier = EarlierLine(
        line.procedure, line.qualifier, line.modifiers, line.charge, line.units, line.unit_basis, span(line), where,
        date.min, "", False,
    )  # fmt: skip
    return said, earlier, where.offset - line.sv1.offset
