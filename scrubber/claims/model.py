"""What a claim is, once the loops are read: typed values that each know the segment they came from.

Any part may be None or empty: a broken claim is still a claim. Texts are as written in the file, without trailing
spaces; diagnoses are without the dot; money and units are exact Decimals; dates are ``datetime.date``. A value that
could not be read (``20261332`` as a date) is None, and its segment still shows what was written.

To point at a value, ask its segment for a place: ``claim.clm.at(5, 3)`` is CLM05-3, ``line.sv1.at(1, 2)`` is SV101-2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Place, Segment


@dataclass(slots=True, eq=False, repr=False)
class DateRange:
    """Dates of a DTP, both ends included; a single date has ``first == last``. None where unreadable."""

    first: date | None
    last: date | None
    segment: Segment


@dataclass(slots=True, eq=False, repr=False)
class Diagnosis:
    """One code of the HI diagnosis segment. ``position`` is its number among HI01 to HI12, what a pointer names."""

    code: str
    qualifier: str
    position: int
    segment: Segment
    written: str
    """The code as written (it may hold a dot that ``code`` has lost)."""

    @property
    def place(self) -> Place:
        return Place(self.segment, self.position, 2)


@dataclass(slots=True, eq=False, repr=False)
class Provider:
    """A provider in one role. ``npi`` is NM109 when NM108 says XX, else ``""``."""

    role: str
    """billing, pay-to, referring, rendering, facility, supervising, ordering, purchased."""
    name: str
    first: str
    kind: str
    """NM102: 1 person, 2 organisation."""
    npi: str
    taxonomy: str
    loop: Loop
    nm1: Segment | None
    prv: Segment | None = None

    @property
    def npi_place(self) -> Place | None:
        return Place(self.nm1, 9) if self.nm1 else None


@dataclass(slots=True, eq=False, repr=False)
class Payer:
    """A payer and how this claim is filed with it. ``filing`` is SBR09, ``sequence`` SBR01."""

    name: str
    id_qualifier: str
    id: str
    filing: str
    sequence: str
    loop: Loop | None
    nm1: Segment | None
    sbr: Segment | None


@dataclass(slots=True, eq=False, repr=False)
class Person:
    """A subscriber's or patient's own data. ``sex`` is DMG03."""

    last: str
    first: str
    id: str
    birth: date | None
    death: date | None
    sex: str
    loop: Loop
    nm1: Segment | None
    dmg: Segment | None
    pat: Segment | None


@dataclass(slots=True, eq=False, repr=False)
class Subscriber:
    """Loop 2000B. ``relationship`` is SBR02 (18 self, or empty)."""

    person: Person
    relationship: str
    payer: Payer
    loop: Loop
    sbr: Segment | None
    member_id: str


@dataclass(slots=True, eq=False, repr=False)
class Adjustment:
    """One reason of a CAS. ``element`` is the number of its reason element in the segment."""

    group: str
    reason: str
    amount: Decimal | None
    quantity: Decimal | None
    segment: Segment
    element: int


@dataclass(slots=True, eq=False, repr=False)
class OtherPayer:
    """Loop 2320: another payer of this claim, with what it decided at claim level."""

    payer: Payer
    paid: Decimal | None
    """AMT*D."""
    non_covered: Decimal | None
    """AMT*A8."""
    liability: Decimal | None
    """AMT*EAF."""
    adjustments: list[Adjustment]
    adjudicated: date | None
    """DTP*573 of 2330B."""
    loop: Loop


@dataclass(slots=True, eq=False, repr=False)
class Adjudication:
    """Loop 2430: what another payer decided on this line."""

    payer_id: str
    paid: Decimal | None
    units: Decimal | None
    adjustments: list[Adjustment]
    adjudicated: date | None
    svd: Segment
    loop: Loop


@dataclass(slots=True, eq=False, repr=False)
class Drug:
    """Loop 2410: the drug of this line."""

    ndc: str
    quantity: Decimal | None
    unit: str
    lin: Segment | None
    ctp: Segment | None


@dataclass(slots=True, eq=False, repr=False)
class ServiceLine:
    """Loop 2400.

    ``number`` is LX01. ``place_of_service`` is SV105, else the claim's. ``pointers`` are the readable pointers of
    SV107 in order; ``diagnoses`` the diagnoses that they reach. ``written_pointers`` are its components as written.
    """

    number: int
    procedure: str
    qualifier: str
    modifiers: tuple[str, ...]
    charge: Decimal | None
    units: Decimal | None
    unit_basis: str
    place_of_service: str
    own_place_of_service: str
    pointers: tuple[int, ...]
    written_pointers: tuple[str, ...]
    diagnoses: tuple[Diagnosis, ...]
    service: DateRange | None
    rendering: Provider | None
    """2420A, else the claim's rendering provider, else None: the billing provider renders."""
    loop: Loop
    sv1: Segment | None
    lx: Segment | None
    adjudications: Sequence[Adjudication] = ()
    drug: Drug | None = None

    @property
    def first(self) -> date | None:
        """First day of service."""
        return self.service.first if self.service else None

    @property
    def last(self) -> date | None:
        """Last day of service."""
        return self.service.last if self.service else None

    def at(self, element: int = 0, component: int = 0) -> Place:
        """A place in SV1, or in LX where SV1 is missing."""
        segment = self.sv1
        if segment is None:
            return Place(self.lx or self.loop.segments[0])
        return Place(segment, element, component)

    @property
    def procedure_place(self) -> Place:
        return self.at(1, 2)

    def modifier_place(self, modifier: str) -> Place:
        """Place of this modifier (SV101-3 to SV101-6), or of the procedure where it is absent."""
        return self.at(1, 3 + self.modifiers.index(modifier)) if modifier in self.modifiers else self.at(1, 2)


@dataclass(slots=True, eq=False, repr=False)
class Claim:
    """Loop 2300 with what it inherits from the loops above it."""

    id: str
    """CLM01, the patient control number."""
    charge: Decimal | None
    place_of_service: str
    frequency: str
    diagnoses: tuple[Diagnosis, ...]
    lines: list[ServiceLine]
    billing: Provider | None
    pay_to: Provider | None
    rendering: Provider | None
    facility: Provider | None
    referring: Provider | None
    supervising: Provider | None
    subscriber: Subscriber | None
    patient: Person | None
    """Loop 2000C's patient, else the subscriber."""
    payer: Payer | None
    """The destination payer (2010BB)."""
    other_payers: list[OtherPayer]
    related_causes: tuple[str, ...]
    """CLM11-1 to CLM11-3: AA auto, EM employment, OA other accident."""
    accident_state: str
    accident: DateRange | None
    """DTP*439."""
    payer_control_number: str
    """REF*F8."""
    service_from: date | None
    service_to: date | None
    clm: Segment
    hi: Segment | None
    """The diagnosis HI (ABK/BK …), not the anesthesia or condition HI."""
    loop: Loop
    patient_loop: Loop | None
    """2000C, where the patient is not the subscriber."""
    delimiters: Delimiters
    transaction: TransactionKeys

    @property
    def dependent(self) -> bool:
        """Whether the patient has a loop of its own (2000C)."""
        return self.patient_loop is not None

    def codes(self) -> tuple[str, ...]:
        """Diagnosis codes in order, without the dot."""
        return tuple(d.code for d in self.diagnoses)

    def days(self) -> Iterator[date]:
        """Each distinct first day of service, in order of line."""
        return iter(dict.fromkeys(line.first for line in self.lines if line.first))

    def performer(self, line: ServiceLine) -> str:
        """NPI of who rendered the line: 2420A over 2310B over 2010AA."""
        provider = line.rendering or self.billing
        return provider.npi if provider else ""


@dataclass(frozen=True, slots=True)
class TransactionKeys:
    """The control numbers and header facts that a claim lives under."""

    interchange: str = ""
    """ISA13."""
    group: str = ""
    """GS06."""
    control_number: str = ""
    """ST02."""
    kind: str = ""
    """BHT06: CH chargeable, RP reporting, 31 subrogation demand."""
    created: date | None = None
    """BHT04."""
