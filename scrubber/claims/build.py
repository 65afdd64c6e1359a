"""Loops to claims. Never fails: what a broken claim lacks is None or empty, and every value keeps its segment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

from scrubber.claims.model import (
    Adjudication,
    Adjustment,
    Claim,
    DateRange,
    Diagnosis,
    Drug,
    OtherPayer,
    Payer,
    Person,
    Provider,
    ServiceLine,
    Subscriber,
    TransactionKeys,
)
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment
from scrubber.x12.values import to_date, to_decimal

DIAGNOSIS_QUALIFIERS = frozenset(("ABK", "ABF", "BK", "BF"))

_ROLES = {
    "2010AA": "billing", "2010AB": "pay-to", "2310A": "referring", "2310B": "rendering", "2310C": "facility",
    "2310D": "supervising", "2420A": "rendering", "2420B": "purchased", "2420C": "facility", "2420D": "supervising",
    "2420E": "ordering", "2420F": "referring",
}  # fmt: skip


class Builder:
    """Builds the claims of one transaction set.

    What claims share (billing provider, subscriber, patient) is built once for each of their loops.
    """

    def __init__(self, delimiters: Delimiters, keys: TransactionKeys) -> None:
        self.delimiters = delimiters
        self.keys = keys
        self._provider_loop: Loop | None = None
        self._billing: Provider | None = None
        self._pay_to: Provider | None = None
        self._subscriber_loop: Loop | None = None
        self._subscriber: Subscriber | None = None
        self._patient_loop: Loop | None = None
        self._patient: Person | None = None

    def build(self, loop: Loop) -> Claim | None:
        """The claim of a loop 2300; None when it has no CLM at all, so that there is no claim to speak of."""
        index = loop.index
        clm = index.get("CLM")
        if clm is None:
            return None
        self._inherit(loop)
        subscriber = self._subscriber
        elements = clm.elements
        size = len(elements)
        component = self.delimiters.component
        # Set one by one, here and for lines: calls with so many arguments took as long as all else.
        claim = Claim.__new__(Claim)
        claim.clm = clm
        claim.loop = loop
        claim.delimiters = self.delimiters
        claim.transaction = self.keys
        claim.id = elements[1].rstrip() if size > 1 else ""
        claim.charge = to_decimal(elements[2]) if size > 2 else None
        claim.place_of_service, claim.frequency = _place(elements[5], component) if size > 5 else ("", "")
        causes = elements[11].split(component) if size > 11 else ()
        claim.related_causes = tuple([c for c in causes[:3] if c]) if causes else ()
        claim.accident_state = causes[3] if len(causes) > 3 else ""
        accident = index.get("DTP439")
        claim.accident = _dates(accident) if accident is not None else None
        f8 = index.get("REFF8")
        claim.payer_control_number = f8.get(2) if f8 is not None else ""
        claim.billing = self._billing
        claim.pay_to = self._pay_to
        claim.subscriber = subscriber
        claim.payer = subscriber.payer if subscriber is not None else None
        claim.patient_loop = self._patient_loop
        claim.patient = self._patient
        if self._patient_loop is None:
            claim.patient = subscriber.person if subscriber is not None else None
        rendering = facility = referring = supervising = None
        other_payers: list[OtherPayer] = []
        lines: list[Loop] = []
        for child in loop.children:
            name = child.node.id
            if name == "2400":
                lines.append(child)
            elif name == "2310B":
                rendering = rendering or self._provider(child)
            elif name == "2310C":
                facility = facility or self._provider(child)
            elif name == "2310A":
                referring = referring or self._provider(child)
            elif name == "2310D":
                supervising = supervising or self._provider(child)
            elif name == "2320":
                other_payers.append(self._other_payer(child))
        claim.rendering = rendering
        claim.facility = facility
        claim.referring = referring
        claim.supervising = supervising
        claim.other_payers = other_payers
        by_position: dict[int, Diagnosis] = {}
        claim.hi = self._read_diagnoses(loop, by_position)
        claim.diagnoses = tuple(by_position.values())
        claim.lines = built = [self._line(child, claim, by_position) for child in lines]
        first: date | None = None
        last: date | None = None
        for line in built:
            service = line.service
            if service is not None:
                if service.first is not None and (first is None or service.first < first):
                    first = service.first
                if service.last is not None and (last is None or service.last > last):
                    last = service.last
        claim.service_from, claim.service_to = first, last
        return claim

    # What claims share -------------------------------------------------------------------------------------------

    def _inherit(self, loop: Loop) -> None:
        """Bring provider, subscriber and patient up to date with the loops above this claim."""
        parent = loop.parent
        patient_loop, subscriber_loop = None, parent
        if parent is not None and parent.node.id != "2000B":
            patient_loop = parent if parent.node.id == "2000C" else None
            subscriber_loop = parent.up("2000B")
        provider_loop = subscriber_loop.parent if subscriber_loop is not None else None
        if provider_loop is not self._provider_loop:
            self._provider_loop = provider_loop
            billing = provider_loop.child("2010AA") if provider_loop else None
            pay_to = provider_loop.child("2010AB") if provider_loop else None
            prv = provider_loop.index.get("PRVBI", provider_loop.index.get("PRV")) if provider_loop else None
            self._billing = self._provider(billing, prv) if billing else None
            self._pay_to = self._provider(pay_to) if pay_to else None
        if subscriber_loop is not self._subscriber_loop:
            self._subscriber_loop = subscriber_loop
            self._subscriber = _subscriber(subscriber_loop) if subscriber_loop else None
        if patient_loop is not self._patient_loop:
            self._patient_loop = patient_loop
            self._patient = _person(patient_loop, patient_loop.child("2010CA")) if patient_loop else None

    def _provider(self, loop: Loop, prv: Segment | None = None) -> Provider:
        nm1 = _name(loop)
        prv = prv or loop.index.get("PRV")
        role = _ROLES.get(loop.node.id, loop.node.id)
        name = first = kind = npi = ""
        if nm1 is not None:
            elements = nm1.elements
            size = len(elements)
            kind = elements[2] if size > 2 else ""
            name = elements[3].rstrip() if size > 3 else ""
            first = elements[4].rstrip() if size > 4 else ""
            npi = elements[9] if size > 9 and elements[8] == "XX" else ""
        return Provider(role, name, first, kind, npi, prv.get(3) if prv is not None else "", loop, nm1, prv)

    # The claim's own parts ---------------------------------------------------------------------------------------

    def _read_diagnoses(self, loop: Loop, by_position: dict[int, Diagnosis]) -> Segment | None:
        """The diagnoses of a claim, in order, each under its position; returns their HI."""
        index = loop.index
        hi = index.get("HIABK") or index.get("HIBK")
        if hi is None:
            # A first qualifier that the guide refuses: the first HI that is neither anesthesia nor condition.
            hi = next((s for s in loop.segments if s.elements[0] == "HI" and s.get(1)[:2] not in ("BP", "BG")), None)
            if hi is None:
                return None
        component = self.delimiters.component
        position = -1
        for element in hi.elements:
            position += 1
            if position and element:
                code, qualifier, written = _diagnosis(element, component)
                if written:
                    by_position[position] = Diagnosis(code, qualifier, position, hi, written)
        return hi

    def _line(self, loop: Loop, claim: Claim, by_position: dict[int, Diagnosis]) -> ServiceLine:
        index = loop.index
        component = self.delimiters.component
        line = ServiceLine.__new__(ServiceLine)
        line.loop = loop
        line.lx = lx = index.get("LX")
        line.sv1 = sv1 = index.get("SV1")
        line.number = _number(lx.elements[1]) if lx is not None and len(lx.elements) > 1 else 0
        elements: Sequence[str] = sv1.elements if sv1 is not None else ()
        size = len(elements)
        line.qualifier, line.procedure, line.modifiers = _procedure(elements[1] if size > 1 else "", component)
        line.charge = to_decimal(elements[2]) if size > 2 else None
        line.unit_basis = elements[3] if size > 3 else ""
        line.units = to_decimal(elements[4]) if size > 4 else None
        line.own_place_of_service = own = elements[5] if size > 5 else ""
        line.place_of_service = own or claim.place_of_service
        line.written_pointers = line.pointers = line.diagnoses = ()
        if size > 7 and elements[7]:
            line.written_pointers, line.pointers = _pointers(elements[7], component)
            reached = []
            for position in line.pointers:
                if position in by_position:
                    reached.append(by_position[position])
            line.diagnoses = tuple(reached)
        service = index.get("DTP472")
        line.service = _dates(service) if service is not None else None
        line.rendering = claim.rendering
        line.adjudications = ()
        line.drug = None
        if loop.children:
            self._read_children(loop, line)
        return line

    def _read_children(self, loop: Loop, line: ServiceLine) -> None:
        adjudications = []
        for child in loop.children:
            name = child.node.id
            if name == "2420A":
                line.rendering = self._provider(child)
            elif name == "2430":
                adjudications.append(_adjudication(child))
            elif name == "2410":
                line.drug = _drug(child, self.delimiters.component)
        line.adjudications = adjudications

    def _other_payer(self, loop: Loop) -> OtherPayer:
        sbr = loop.index.get("SBR")
        payer_loop = loop.child("2330B")
        return OtherPayer(
            payer=_payer(payer_loop, sbr),
            paid=_amount(loop.index.get("AMTD")),
            non_covered=_amount(loop.index.get("AMTA8")),
            liability=_amount(loop.index.get("AMTEAF")),
            adjustments=_adjustments(loop),
            adjudicated=_adjudicated(payer_loop) if payer_loop is not None else None,
            loop=loop,
        )


# Practices repeat the same few procedures, pointers and codes: composites are taken apart once.


@lru_cache(maxsize=1_024)
def _place(text: str, component: str) -> tuple[str, str]:
    """CLM05: place of service, frequency."""
    parts = text.split(component)
    return parts[0], parts[2] if len(parts) > 2 else ""


@lru_cache(maxsize=1_024)
def _number(text: str) -> int:
    """LX01; 0 where it is no number of a line."""
    return int(text) if text.isdecimal() and len(text) < 7 else 0


@lru_cache(maxsize=16_384)
def _procedure(text: str, component: str) -> tuple[str, str, tuple[str, ...]]:
    """SV101: qualifier, procedure, modifiers."""
    parts = text.split(component)
    return parts[0], parts[1].rstrip() if len(parts) > 1 else "", tuple([m for m in parts[2:6] if m])


@lru_cache(maxsize=4_096)
def _pointers(text: str, component: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """SV107: its components as written, and those that are numbers."""
    written = tuple(text.split(component))
    return written, tuple([int(p) for p in written if p.isdecimal() and len(p) < 4])


@lru_cache(maxsize=16_384)
def _diagnosis(text: str, component: str) -> tuple[str, str, str]:
    """An element of HI: code without the dot, qualifier, code as written."""
    qualifier, _, rest = text.partition(component)
    written = rest.partition(component)[0].rstrip()
    return written.replace(".", "").upper(), qualifier, written


def _subscriber(loop: Loop) -> Subscriber:
    name_loop = payer_loop = None
    for child in loop.children:
        if child.node.id == "2010BA":
            name_loop = name_loop or child
        elif child.node.id == "2010BB":
            payer_loop = payer_loop or child
    sbr = loop.index.get("SBR")
    person = _person(loop, name_loop)
    relationship = sbr.get(2) if sbr is not None else ""
    return Subscriber(person, relationship, _payer(payer_loop, sbr), loop, sbr, person.id)


def _person(loop: Loop, name_loop: Loop | None) -> Person:
    nm1 = dmg = None
    if name_loop is not None:
        nm1, dmg = _name(name_loop), name_loop.index.get("DMG")
    pat = loop.index.get("PAT")
    last = first = id = sex = ""
    birth = death = None
    if nm1 is not None:
        elements = nm1.elements
        size = len(elements)
        last = elements[3].rstrip() if size > 3 else ""
        first = elements[4].rstrip() if size > 4 else ""
        id = elements[9].rstrip() if size > 9 else ""
    if dmg is not None:
        elements = dmg.elements
        size = len(elements)
        birth = to_date(elements[2]) if size > 2 else None
        sex = elements[3] if size > 3 else ""
    if pat is not None:
        death = to_date(pat.get(6)) if pat.get(5) == "D8" else None
    return Person(last, first, id, birth, death, sex, loop, nm1, dmg, pat)


def _payer(loop: Loop | None, sbr: Segment | None) -> Payer:
    nm1 = _name(loop) if loop is not None else None
    name = qualifier = id = sequence = filing = ""
    if nm1 is not None:
        elements = nm1.elements
        size = len(elements)
        name = elements[3].rstrip() if size > 3 else ""
        qualifier = elements[8] if size > 8 else ""
        id = elements[9].rstrip() if size > 9 else ""
    if sbr is not None:
        elements = sbr.elements
        size = len(elements)
        sequence = elements[1] if size > 1 else ""
        filing = elements[9] if size > 9 else ""
    return Payer(name, qualifier, id, filing, sequence, loop, nm1, sbr)


def _name(loop: Loop) -> Segment | None:
    """The NM1 that opens a loop; None where the loop was made up for one that is missing."""
    segments = loop.segments
    return segments[0] if segments and segments[0].elements[0] == "NM1" else None


def _dates(segment: Segment) -> DateRange:
    elements = segment.elements
    written = elements[3] if len(elements) > 3 else ""
    if len(written) == 8:
        day = to_date(written)
        return DateRange(day, day, segment)
    first, _, last = written.partition("-")
    return DateRange(to_date(first[:8]), to_date((last or first)[:8]), segment)


def _adjudicated(loop: Loop) -> date | None:
    segment = loop.index.get("DTP573")
    return _dates(segment).first if segment is not None else None


def _amount(segment: Segment | None) -> Decimal | None:
    return to_decimal(segment.get(2)) if segment else None


def _adjustments(loop: Loop) -> list[Adjustment]:
    found = []
    for segment in loop.segments:
        if segment.elements[0] != "CAS":
            continue
        for element in range(2, min(len(segment.elements), 20), 3):
            if segment.elements[element]:
                found.append(
                    Adjustment(
                        group=segment.get(1),
                        reason=segment.elements[element],
                        amount=to_decimal(segment.get(element + 1)),
                        quantity=to_decimal(segment.get(element + 2)),
                        segment=segment,
                        element=element,
                    )
                )
    return found


def _adjudication(loop: Loop) -> Adjudication:
    svd = loop.segments[0]
    return Adjudication(
        payer_id=svd.get(1),
        paid=to_decimal(svd.get(2)),
        units=to_decimal(svd.get(5)),
        adjustments=_adjustments(loop),
        adjudicated=_adjudicated(loop),
        svd=svd,
        loop=loop,
    )


def _drug(loop: Loop, component: str) -> Drug:
    lin = loop.index.get("LIN")
    ctp = loop.index.get("CTP")
    return Drug(
        ndc=lin.get(3) if lin and lin.get(2) == "N4" else "",
        quantity=to_decimal(ctp.get(4)) if ctp else None,
        unit=ctp.get(5).partition(component)[0] if ctp else "",
        lin=lin,
        ctp=ctp,
    )
