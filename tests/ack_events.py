"""Verdicts made by hand, for tests of the acknowledgements: people, claims and faults are invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace

from scrubber.claims.model import Claim, DateRange, Payer, Person, Provider, ServiceLine, Subscriber, TransactionKeys
from scrubber.finding import Finding, Location, Severity
from scrubber.verdict import (
    ClaimStatus,
    ClaimVerdict,
    Event,
    FileEnd,
    FileStart,
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    SetEnd,
    SetStart,
    SetStatus,
)
from scrubber.x12.loops import Loop
from scrubber.x12.segments import Delimiters, Segment, make_segment

CLOCK = datetime(2026, 11, 23, 7, 56)
RECEIVED = date(2026, 11, 22)

DELIMITERS = Delimiters("*", ":", "^", "~")


@dataclass(frozen=True)
class Code:
    category: str
    code: str
    entity: str | None = None


@dataclass(frozen=True)
class FakeEntry:
    """What a catalogue says of an edit."""

    name: str
    ack: str | None
    status: tuple[Code, ...] = ()
    text: str = "A fault was found."
    why: str = "Because the guide says so."
    fix: str = "Correct it and send the claim again."

    def message(self, finding: Finding) -> str:
        return self.text.format_map({**finding.values})

    def status_of(self, finding: Finding) -> tuple[Code, ...]:
        return self.status


class FakeWords:
    """A small catalogue."""

    def __init__(self, entries: Mapping[str, FakeEntry]) -> None:
        self.entries = entries

    def entry(self, edit: str) -> FakeEntry:
        return self.entries[edit]


WORDS = FakeWords(
    {
        "CLM-01": FakeEntry("npi-check-digit-wrong", "277CA", (Code("A7", "562", "85"),), "The NPI {value} is wrong."),
        "CLM-02": FakeEntry("charges-out-of-balance", "277CA", (Code("A7", "400"), Code("A7", "178"))),
        "CLM-27": FakeEntry("member-id-malformed", "277CA", (Code("A7", "164", "IL"),)),
        "DX-01": FakeEntry("diagnosis-not-in-code-set", "277CA", (Code("A7", "255"), Code("A7", "700"))),
        "MOD-01": FakeEntry("modifier-25-missing", "277CA", (Code("A8", "454"), Code("A8", "453"))),
        "MOD-05": FakeEntry("modifier-twice", "277CA", (Code("A7", "453"),)),
        "MIX-01": FakeEntry("two-categories", "277CA", (Code("A7", "453"), Code("A8", "454"))),
        "BAT-01": FakeEntry("batch-sent-before", "277CA", (Code("A3", "746", "41"),)),
        "PTR-03": FakeEntry("pointer-missing", "999", text="Line {line} points to no diagnosis."),
        "W-01": FakeEntry("worth-a-look", "277CA", (Code("A7", "453"),)),
    }
)


def locate(segment: Segment, element: str | None = None, claim: str | None = None, line: int | None = None) -> Location:
    """A location in a segment that stands in a loop."""
    loop = segment.loop.id if segment.loop else None
    return Location(loop, segment.id, element, claim, line, segment.ordinal, segment.offset, 10)


def find(
    edit: str,
    where: Location,
    severity: Severity = Severity.REJECT,
    values: Mapping[str, str] | None = None,
    inherited: bool = False,
) -> Finding:
    return Finding(edit, severity, where, values or {}, inherited=inherited)


@dataclass
class SetBuilder:
    """Builds the events of one transaction set segment by segment."""

    control: str = "0001"
    batch: str = "BATCH1"
    ordinal: int = 0
    offset: int = 300
    claims: list[ClaimVerdict] = field(default_factory=list)
    version: str = "005010X222A1"

    def __post_init__(self) -> None:
        self.st = ["ST", "837", self.control, self.version]
        self.root = Loop(SimpleNamespace(id="ST_LOOP"), None)
        self.segment(self.root, "ST*837*" + self.control)
        self.bht = self.segment(self.root, f"BHT*0019*00*{self.batch}*20260916*0830*CH")
        self.submitter = self.segment(self.loop("1000A"), "NM1*41*2*CEDAR BRIDGE BILLING*****46*CBB0101")
        self.receiver = self.segment(self.loop("1000B"), "NM1*40*2*PRAIRIE CLEARINGHOUSE*****46*PRCH01")

    def loop(self, name: str, parent: Loop | None = None) -> Loop:
        loop = Loop(SimpleNamespace(id=name), parent or self.root)
        (parent or self.root).children.append(loop)
        return loop

    def segment(self, loop: Loop, text: str) -> Segment:
        self.ordinal += 1
        segment = make_segment(text.split("*"), self.ordinal, self.offset, loop)
        self.offset += len(text) + 1
        loop.segments.append(segment)
        key = segment.id + (segment.get(1) if segment.id in ("REF", "DTP", "NM1") else "")
        loop.index.setdefault(key, segment)
        return segment

    def provider(
        self, name: str = "CEDAR BRIDGE SPINE CENTER", npi: str = "2900010105", tax: str = "890010101"
    ) -> Provider:
        level = self.loop("2000A")
        self.segment(level, "HL*1**20*1")
        loop = self.loop("2010AA", level)
        nm1 = self.segment(loop, f"NM1*85*2*{name}*****XX*{npi}")
        if tax:
            self.segment(loop, f"REF*EI*{tax}")
        return Provider("billing", name, "", "2", npi, "", loop, nm1)

    def subscriber(
        self, provider: Provider | None, name: str = "CORWIN*JASPER*T", member: str = "NFH400118"
    ) -> Subscriber:
        level = self.loop("2000B", provider.loop.parent if provider else None)
        self.segment(level, "HL*2*1*22*0")
        sbr = self.segment(level, "SBR*P*18*******CI")
        loop = self.loop("2010BA", level)
        nm1 = self.segment(loop, f"NM1*IL*1*{name}{'*' * (6 - name.count('*') - 2)}*MI*{member}")
        person = Person(nm1.get(3), nm1.get(4), member, None, None, "M", loop, nm1, None, None)
        payer = Payer("NORTHFIELD HEALTH PLAN", "PI", "NFHP1", "CI", "P", None, None, sbr)
        return Subscriber(person, "18", payer, level, sbr, member)

    def claim(
        self,
        provider: Provider | None,
        subscriber: Subscriber | None,
        control: str = "PCN1",
        charges: Sequence[str] = ("150",),
        day: date | None = date(2026, 9, 15),
        procedures: Sequence[str] = ("99213",),
        modifiers: Sequence[str] = (),
        trace: str = "",
        to: date | None = None,
    ) -> Claim:
        parent = subscriber.loop if subscriber else provider.loop.parent if provider else None
        loop = self.loop("2300", parent)
        total = sum(map(Decimal, charges), Decimal(0))
        clm = self.segment(loop, f"CLM*{control}*{total}***11:B:1*Y*A*Y*Y")
        if trace:
            self.segment(loop, f"REF*D9*{trace}")
        hi = self.segment(loop, "HI*ABK:M542")
        lines = []
        for number, charge in enumerate(charges, 1):
            at = self.loop("2400", loop)
            lx = self.segment(at, f"LX*{number}")
            procedure = procedures[(number - 1) % len(procedures)]
            sv1 = self.segment(at, f"SV1*HC:{':'.join([procedure, *modifiers])}*{charge}*UN*1***1")
            service = None
            if day:
                dtp = self.segment(at, f"DTP*472*D8*{day:%Y%m%d}")
                service = DateRange(day, to or day, dtp)
            if number == 1 and trace:
                self.segment(at, "REF*6R*L1")
            lines.append(
                ServiceLine(
                    number=number,
                    procedure=procedure,
                    qualifier="HC",
                    modifiers=tuple(modifiers),
                    charge=Decimal(charge),
                    units=Decimal(1),
                    unit_basis="UN",
                    place_of_service="11",
                    own_place_of_service="",
                    pointers=(1,),
                    written_pointers=("1",),
                    diagnoses=(),
                    service=service,
                    rendering=None,
                    loop=at,
                    sv1=sv1,
                    lx=lx,
                )
            )
        return Claim(
            id=control, charge=total, place_of_service="11", frequency="1", diagnoses=(), lines=lines,
            billing=provider, pay_to=None, rendering=None, facility=None, referring=None, supervising=None,
            subscriber=subscriber, patient=subscriber.person if subscriber else None, payer=None, other_payers=[],
            related_causes=(), accident_state="", accident=None, payer_control_number="", service_from=day,
            service_to=to or day, clm=clm, hi=hi, loop=loop, patient_loop=None, delimiters=DELIMITERS,
            transaction=TransactionKeys("000000116", "116", self.control, "CH"),
        )  # fmt: skip

    def judge(
        self, claim: Claim, *findings: Finding, provider_rejected: bool = False, syntax: bool = False
    ) -> ClaimVerdict:
        rejected = any(f.severity is Severity.REJECT for f in findings) or provider_rejected or syntax
        verdict = ClaimVerdict(
            claim=claim, ordinal=len(self.claims) + 1,
            status=ClaimStatus.REJECTED if rejected else ClaimStatus.ACCEPTED, findings=findings, unchecked=(),
            provider=claim.billing, provider_rejected=provider_rejected, subscriber=claim.subscriber, syntax=syntax,
        )  # fmt: skip
        self.claims.append(verdict)
        return verdict

    def events(
        self, status: str = "A", *findings: Finding, codes: Sequence[str] = (), cause: Finding | None = None
    ) -> list[Event]:
        return [
            SetStart(self.st, 200, self.st[2], self.bht, self.submitter, self.receiver),
            *self.claims,
            SetEnd(SetStatus(status), findings, self.ordinal + 1, len(self.claims), tuple(codes), cause),
        ]


def isa(control: str = "000000116", requested: str = "0") -> list[str]:
    return [
        "ISA", "00", " " * 10, "00", " " * 10, "ZZ", "CBB0101        ", "ZZ", "PRCH01         ", "260916", "0830",
        "^", "00501", control, requested, "T", ":",
    ]  # fmt: skip


def gs(control: str = "116") -> list[str]:
    return ["GS", "HC", "CBB0101", "PRCH01", "20260916", "0830", control, "X", "005010X222A1"]


def group(
    *sets: list[Event], status: str = "A", declared: str | None = None, codes: Sequence[str] = (), control: str = "116",
    findings: Sequence[Finding] = (),
) -> list[Event]:  # fmt: skip
    ends = [e for events in sets for e in events if isinstance(e, SetEnd)]
    accepted = 0 if status == "R" else sum(e.status != "R" for e in ends)
    return [
        GroupStart(gs(control), 106, control),
        *(e for events in sets for e in events),
        GroupEnd(
            status, str(len(ends)) if declared is None else declared, len(ends), accepted, tuple(findings), tuple(codes)
        ),
    ]


def interchange(
    *groups: list[Event], status: str = "A", note: str = "000", due: bool = False, control: str = "000000116",
    findings: Sequence[Finding] = (), header: list[str] | None = None,
) -> list[Event]:  # fmt: skip
    return [
        InterchangeStart(header or isa(control, "1" if due else "0"), DELIMITERS, 0, control),
        *(e for events in groups for e in events),
        InterchangeEnd(status, note, due or status == "R", tuple(findings)),
    ]


def whole_file(*interchanges: list[Event], path: str = "batch.837") -> Iterator[Event]:
    yield FileStart(path)
    for events in interchanges:
        yield from events
    yield FileEnd(path, "0" * 64, 1000, "accepted", ())


def simple_set(count: int = 2, control: str = "0001") -> SetBuilder:
    """A set of accepted claims of one provider and one subscriber."""
    built = SetBuilder(control)
    provider = built.provider()
    subscriber = built.subscriber(provider)
    for number in range(1, count + 1):
        built.judge(built.claim(provider, subscriber, f"PCN{number}", ("150", "95.50")))
    return built
