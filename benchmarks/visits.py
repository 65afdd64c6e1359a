"""Whom the synthetic claims are about and what is billed for them: all of it invented, all of it clean.

NPIs begin with 299 (none has been issued there), tax numbers with 89 (an unused prefix), telephone numbers are
555-01xx. No diagnosis list holds an Excludes1 pair, every code is billable in FY2026 and in FY2027, and no two
procedures of a visit are an unmodified PTP pair.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = words("""
    ALMA ANSEL BEATRIX BRAM CALLUM CLEMENCE DELPHINE DORIAN EDITH ELIAS ESME FELIX FREYA GARETH GRETA HUGO IMOGEN INGRID
    JASPER JUNE KEIR LEOPOLD LIONEL LUCASTA MAEVE MARIT MILO NADIA NOLAN ODETTE OSCAR PERPETUA PIPER QUENTIN ROSALIND
    RUPERT SILAS SOLVEIG TAMSIN TOBIAS URSULA VERITY WALDO WREN XENIA YVES ZELDA
""")
FAMILY = words("""
    ABERNETTLE ASHDOWN BELLWETHER BRACKENRIDGE CALDERSHAW CORWIN DUNMOREAU ELDERFIELD FAIRBOURNE FERNSBY GILLANDER
    HARGROVE HOLLOWAY INGLEWICK JESSAMY KITTERIDGE LARKINSON LINDQVIST MARLOWE MOSSWOOD NETTLETON OAKHURST OKONJO
    PELLAM PENHALLOW QUILLEN RAVENSCAR ROOKWOOD SALTMARSH STANNARD THISTLEWOOD TREVANION UNDERHAY VANTREASE WETHERBY
    WINTERBOURNE YARROWBY ZELLANDER
""")
STREETS = tuple(
    name.replace("-", " ")
    for name in words("""
        ALDER-STREET ASH-GROVE BIRCH-LANE CANAL-STREET FERRY-ROAD FOUNDRY-ROW HARBOR-STREET LINDEN-COURT MAPLE-AVENUE
        MILL-RACE-ROAD ORCHARD-LANE ORIOLE-DRIVE PRAIRIE-AVENUE QUARRY-ROAD RIVER-TERRACE SUMMIT-DRIVE WILLOW-BEND
    """)
)
TOWNS = (
    ("SPRINGFIELD", "IL", "62704"),
    ("DECATUR", "IL", "62521"),
    ("PEORIA", "IL", "61602"),
    ("BLOOMINGTON", "IL", "61701"),
    ("CHAMPAIGN", "IL", "61820"),
    ("TERRE HAUTE", "IN", "47807"),
    ("PADUCAH", "KY", "42001"),
    ("DAVENPORT", "IA", "52801"),
)
EMPLOYERS = ("LARKSPUR MILLWORK", "BOXELDER FREIGHT", "THREE RIVERS FOUNDRY", "COPPERLEAF KITCHENS")
NOTES = (
    "PATIENT SEEN BY COVERING PROVIDER",
    "RECORDS AVAILABLE ON REQUEST",
    "SYMPTOMS FOR THREE WEEKS",
    "CORRESPONDENCE TO BILLING OFFICE",
)


def npi(stem: int) -> str:
    """A ten-digit NPI that begins with 299 and passes the check digit over 80840 + NPI."""
    digits = f"299{stem % 1_000_000:06d}"
    total = 24  # what the constant prefix 80840 adds
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


@dataclass(frozen=True, slots=True)
class Payer:
    name: str
    ident: str
    filing: str  # SBR09
    prefix: str  # of its member numbers
    box: str


NORTHFIELD = Payer("NORTHFIELD HEALTH PLAN", "NFHP1", "CI", "NFH", "PO BOX 4100")
BIRCH = Payer("BIRCH RIVER MUTUAL", "BRMUT", "CI", "BRK", "PO BOX 210")
BLUE = Payer("TALLGRASS BLUE PLAN", "TGBP1", "BL", "TGB", "PO BOX 7700")
HMO = Payer("ORCHARD VALLEY HMO", "OVHMO", "HM", "OVH", "PO BOX 88")
MEDICARE = Payer("MEDICARE PART B", "MEDB1", "MB", "", "PO BOX 1000")
MEDICAID = Payer("PRAIRIE STATE MEDICAID", "PSMCD", "MC", "8", "PO BOX 19105")
AUTO = Payer("COPPER MILE INSURANCE", "CMINS", "AM", "CMI", "PO BOX 650")
COMP = Payer("GRANITE COMPENSATION FUND", "GRCOM", "WC", "GC", "PO BOX 330")
COMMERCIAL = (NORTHFIELD, BIRCH, BLUE, HMO)


@dataclass(slots=True)
class Line:
    code: str
    cents: int
    pointers: list[int | str]
    modifiers: tuple[str, ...] = ()
    units: int = 1
    later: int = 0  # days after the first date of service
    drug: tuple[str, str, str] | None = None  # NDC, quantity, unit


@dataclass(slots=True)
class Claim:
    number: str
    payer: Payer
    day: dt.date
    diagnoses: list[str]
    lines: list[Line]
    place: str = "11"
    cents: int = 0
    frequency: str = "1"
    cause: str = ""  # CLM11
    accident: dt.date | None = None
    onset: dt.date | None = None
    initial: dt.date | None = None
    authorization: str = ""
    control: str = ""  # the payer's number of the claim replaced
    clia: str = ""
    note: str = ""
    referring: tuple[str, str, str] | None = None  # family, given, NPI
    rendering: tuple[str, str, str, str] | None = None  # family, given, NPI, taxonomy
    facility: Facility | None = None
    child: bool = False  # the patient is young
    subscriber: list[str] = field(default_factory=list)  # 2000B after its HL
    patient: list[str] = field(default_factory=list)  # 2000C after its HL
    other: list[str] = field(default_factory=list)  # 2320
    paid: tuple[str, dt.date, list[tuple[int, int, int]]] | None = None  # payer, date, (paid, CO-45, PR) a line


@dataclass(frozen=True, slots=True)
class Facility:
    name: str
    npi: str
    street: str
    town: tuple[str, str, str]


HOSPITAL = Facility("HOLLIN GENERAL HOSPITAL", npi(8011), "1 INFIRMARY SQUARE", TOWNS[0])
SURGERY = Facility("WESTMERE SURGERY CENTER", npi(8029), "220 SUMMIT DRIVE", TOWNS[4])

# What is billed. Charges in cents. Diagnosis lists hold no Excludes1 pair and are billable in FY2026 and FY2027 alike.

FEES = {
    "99202": 14000, "99203": 21000, "99204": 29500, "99212": 9500, "99213": 15000, "99214": 21500, "G2211": 2450,
    "20552": 14500, "20553": 16500, "20610": 16000, "62321": 64000, "96372": 4200, "J3301": 1275, "J1885": 815,
    "36415": 1200, "80053": 3825, "80061": 4250, "83036": 3475, "84443": 5650, "85025": 2850, "87880": 4125,
    "72040": 9500, "72050": 13500, "72141": 98000, "73030": 8800, "73562": 10200, "95886": 21500, "95910": 38500,
    "97110": 4825, "97112": 5275, "97116": 4575, "97140": 5200, "97161": 13250, "97530": 5725, "97012": 3150,
    "97035": 2675, "G0283": 2225, "97810": 8500, "97811": 6250, "98940": 5200, "98941": 6800,
}  # fmt: skip
NECK = (
    "M542", "M542 M62838", "M542 M4802", "M542 R519", "M542 G8929", "M542 M546 M62838", "M5412", "M5412 M6281",
    "M47812", "M4802", "M50122", "M50322", "M4722",
)  # fmt: skip
SPINE = (*NECK, "M5416", "M5459 M47816", "M5450", "M542 M47812 I10", "M5412 M4802 I10 E785")
ROOT = ("M5412", "M5412 M4802", "M50121", "M50122", "M4722", "M4802 M5412 M6281")
JOINT = ("M25511", "M25512", "M1711", "M1712", "M7541", "M7542")
FAMILY_CARE = (
    "I10", "I10 E785", "E119 I10 E785", "J069", "J029", "R519", "M542", "M542 I10", "E039", "E559 R5383", "K219",
    "F411", "N390", "J0190", "R7303 E785 I10", "M5450", "E119 I10 E785 K219",
)  # fmt: skip
PEDIATRIC = ("J069", "J029", "H6691", "R509", "J0190", "R509 J069")
LAB = ("E119 E785", "I10", "E039", "E785 I10", "E559", "R5383", "E119 I10 E785 K219", "R7303")


def dx(rng: random.Random, choices: tuple[str, ...]) -> list[str]:
    return rng.choice(choices).split()


def all_of(diagnoses: list[str]) -> list[int | str]:
    return list(range(1, len(diagnoses) + 1))


def line(code: str, pointers: list[int | str], *modifiers: str, units: int = 1, later: int = 0) -> Line:
    return Line(code, FEES[code] * units, pointers, modifiers, units, later)


Visit = Callable[[random.Random, Payer, dt.date], Claim]


def office_visit(choices: tuple[str, ...]) -> Visit:
    """An office visit, alone, with an x-ray of the neck or with laboratory tests drawn and run in the office."""

    def visit(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
        found = dx(rng, choices)
        code = rng.choice(("99212", "99213", "99213", "99214", "99203"))
        claim = Claim("", payer, day, found, [line(code, all_of(found))])
        if found[0][0] in "JM":
            claim.onset = day - dt.timedelta(rng.randint(1, 30))
        other = rng.random()
        if found[0][:3] in ("M54", "M47", "M48", "M50") and found[0] not in ("M5416", "M5450", "M5459"):
            if other < 0.5:
                claim.lines.append(line(rng.choice(("72040", "72040", "72050")), [1]))
        elif found[0][0] in "EIR" and other < 0.6:
            claim.lines.append(line("36415", [1]))
            claim.lines += [line(code, [1]) for code in rng.sample(("80053", "85025", "84443"), rng.randint(1, 2))]
            claim.clia = "14D9900101"
        elif found == ["J029"]:
            claim.lines.append(line("87880", [1], "QW"))
            claim.clia = "14D9900101"
        elif payer is MEDICARE and other > 0.8:
            claim.lines.append(line("G2211", [1]))
        return claim

    return visit


def injection(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """An office visit and an injection on the same day: the visit carries modifier 25."""
    visit = rng.choice(("99213", "99213", "99214"))
    if rng.random() < 0.6:
        joint = rng.choice(JOINT)
        found = [joint, *rng.choice(((), ("M542",), ("I10",)))]
        side = "RT" if joint[-1] == "1" else "LT"
        given = [line("20610", [1], side)]
    else:
        found = ["M7918", *rng.choice(((), ("M542",), ("M542", "M4802")))]
        given = [line(rng.choice(("20552", "20553")), [1])]
    if rng.random() < 0.5:
        drug = line("J3301", [1], units=4)
        drug.drug = ("00003029305", "1", "ML")
        given.append(drug)
    pointers = all_of(found)
    return Claim("", payer, day, found, [line(visit, pointers[1:] + pointers[:1], "25"), *given])


def therapy(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """Physical therapy, every line with GP, on one day or on two."""
    found = dx(rng, ("M542", "M542 M6281", "M5412", "M5450", "M25511", "M47812", "M542 R262", "M546"))
    if rng.random() < 0.12:
        lines = [line("97161", all_of(found), "GP"), line("97110", [1], "GP", units=rng.randint(1, 2))]
    else:
        codes = rng.sample(("97110", "97112", "97140", "97530", "97116"), 2)
        lines = []
        for later in (0, 2)[: rng.randint(1, 2)]:
            lines.append(line(codes[0], all_of(found), "GP", units=rng.randint(1, 3), later=later))
            lines.append(line(codes[1], [1], "GP", units=rng.randint(1, 2), later=later))
    claim = Claim("", payer, day, found, lines, initial=day - dt.timedelta(rng.randint(3, 40)))
    claim.referring = REFERRERS[rng.randrange(len(REFERRERS))]
    return claim


def chiropractic(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """Manipulation: subluxation first, AT for Medicare, one region a code of M99.0; therapies only outside Medicare."""
    at = ("AT",) if payer is MEDICARE else ()
    if rng.random() < 0.65:
        found = ["M9901", rng.choice(("M542", "M542", "M5412")), *rng.choice(((), ("M9902",)))]
        lines = [line("98940", all_of(found), *at)]
    else:
        found = ["M9901", "M542", "M9902", "M9903"]
        lines = [line("98941", all_of(found), *at)]
    if payer is not MEDICARE and rng.random() < 0.6:
        lines.append(line(rng.choice(("97012", "97035", "G0283", "97110")), [2], "GP"))
    return Claim("", payer, day, found, lines, initial=day - dt.timedelta(rng.randint(1, 60)))


def imaging(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """Films at the practice, or read for the hospital (26); magnetic resonance with its diagnosis and authorization."""
    at_hospital = rng.random() < 0.3
    part = ("26",) if at_hospital else ()
    kind = rng.random()
    authorization = ""
    if kind < 0.35:
        found = dx(rng, ROOT)
        lines = [line("72141", all_of(found), *part)]
        authorization = f"PA{rng.randrange(10**7):07d}"
    elif kind < 0.75:
        found = dx(rng, NECK)
        lines = [line(rng.choice(("72040", "72050")), all_of(found), *part)]
    else:
        joint = rng.choice(JOINT)
        found = [joint]
        side = "RT" if joint[-1] == "1" else "LT"
        lines = [line("73562" if joint.startswith("M17") else "73030", [1], *part, side)]
    claim = Claim("", payer, day, found, lines, authorization=authorization)
    if at_hospital:
        claim.place, claim.facility = "22", HOSPITAL
    claim.referring = REFERRERS[rng.randrange(len(REFERRERS))]
    return claim


def laboratory(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    found = dx(rng, LAB)
    codes = rng.sample(("80053", "80061", "83036", "84443", "85025"), rng.randint(1, 3))
    lines = [line(code, all_of(found) if not number else [1]) for number, code in enumerate(codes)]
    claim = Claim("", payer, day, found, [*lines, line("36415", [1])], place="81", clia="14D9900202")
    claim.referring = REFERRERS[rng.randrange(len(REFERRERS))]
    return claim


def telehealth(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """A video visit with the patient at home: 95, but not for Medicare."""
    found = dx(rng, ("M542", "M5412", "I10", "F411", "E119 I10", "M542 M62838", "R519"))
    video = () if payer is MEDICARE else ("95",)
    visit = line(rng.choice(("99212", "99213", "99214")), all_of(found), *video)
    return Claim("", payer, day, found, [visit], place="10", onset=day - dt.timedelta(rng.randint(1, 30)))


def epidural(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    found = dx(rng, ROOT)
    claim = Claim("", payer, day, found, [line("62321", all_of(found))])
    if rng.random() < 0.6:
        claim.place, claim.facility = "24", SURGERY
    if payer is not MEDICARE:
        claim.authorization = f"PA{rng.randrange(10**7):07d}"
    return claim


def conduction(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """Nerve conduction studies with the needle study of the same day."""
    found = dx(rng, ("M5412", "M5412 R202", "M50122", "G5601", "M5412 M6281"))
    lines = [line("95910", all_of(found)), line("95886", [1])]
    claim = Claim("", payer, day, found, lines)
    claim.referring = REFERRERS[rng.randrange(len(REFERRERS))]
    return claim


def acupuncture(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    found = dx(rng, ("M542", "M542 M62838", "M5459", "M542 G8929"))
    return Claim("", payer, day, found, [line("97810", all_of(found)), line("97811", [1], units=rng.randint(1, 2))])


def pain_shot(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """A visit and an intramuscular injection: 25 again."""
    found = dx(rng, ("M5450", "M542", "M5459 M47816"))
    drug = line("J1885", [1], units=2)
    drug.drug = ("00409379501", "1", "ML")
    return Claim("", payer, day, found, [line("99213", all_of(found), "25"), line("96372", [1]), drug])


def accident(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    """A neck hurt in a car or at work: first contact with a film."""
    car = rng.random() < 0.5
    when = day - dt.timedelta(rng.randint(1, 20))
    injury = "S134XX" if car or rng.random() < 0.5 else "S161XX"
    found = [injury + "A", ("V4352X" if car else "X500XX") + "A"]
    lines = [line(rng.choice(("99203", "99213")), [1, 2]), line(rng.choice(("72040", "72050")), [1])]
    claim = Claim("", AUTO if car else COMP, day, found, lines, accident=when)
    claim.cause = f"AA:::{rng.choice(TOWNS)[1]}" if car else "EM"
    return claim


def pediatric(rng: random.Random, payer: Payer, day: dt.date) -> Claim:
    claim = office_visit(PEDIATRIC)(rng, payer, day)
    claim.child = True
    return claim


REFERRERS = tuple((FAMILY[n], GIVEN[-n - 1], npi(7000 + 9 * n)) for n in (3, 11, 17, 23, 29))
ANY = ((0.62, None), (0.28, MEDICARE), (0.10, MEDICAID))
NO_MEDICARE = ((0.75, None), (0.25, MEDICAID))
NO_MEDICAID = ((0.65, None), (0.35, MEDICARE))


@dataclass(frozen=True, slots=True)
class Practice:
    name: str
    stem: int
    taxonomy: str
    street: str
    town: tuple[str, str, str]
    visits: tuple[tuple[float, Visit], ...]
    payers: tuple[tuple[float, Payer | None], ...] = ANY
    renderers: int = 3  # 0: the billing provider renders (or a laboratory, where nobody does)
    person: str = ""  # given name of a practitioner who bills alone
    pay_to: str = ""


PRACTICES = (
    Practice(
        "CEDAR BRIDGE SPINE CENTER", 1010, "207X00000X", "410 ALDER STREET", TOWNS[0],
        ((0.5, office_visit(SPINE)), (0.3, injection), (0.08, telehealth), (0.12, accident)),
    ),
    Practice(
        "LANTERN HILL FAMILY PRACTICE", 2013, "207Q00000X", "77 ORCHARD LANE", TOWNS[1],
        ((0.66, office_visit(FAMILY_CARE)), (0.16, telehealth), (0.08, injection), (0.1, pain_shot)),
        pay_to="PO BOX 512",
    ),
    Practice(
        "MEADOWLARK CHIROPRACTIC", 3017, "111N00000X", "1250 PRAIRIE AVENUE", TOWNS[2],
        ((1.0, chiropractic),), NO_MEDICAID, renderers=2,
    ),
    Practice(
        "STILLWATER PHYSICAL THERAPY", 4011, "225100000X", "32 MILL RACE ROAD", TOWNS[3],
        ((1.0, therapy),), renderers=4,
    ),
    Practice(
        "QUARRY ROAD PAIN CLINIC", 5016, "208VP0014X", "900 QUARRY ROAD", TOWNS[4],
        ((0.35, epidural), (0.3, injection), (0.2, office_visit(SPINE)), (0.15, conduction)), NO_MEDICAID,
    ),
    Practice(
        "SUNDIAL PEDIATRICS", 6022, "208000000X", "18 LINDEN COURT", TOWNS[4],
        ((1.0, pediatric),), NO_MEDICARE,
    ),
    Practice("BOXWOOD RADIOLOGY", 1515, "2085R0202X", "5 SUMMIT DRIVE", TOWNS[0], ((1.0, imaging),)),
    Practice(
        "PRAIRIE REFERENCE LABORATORY", 1616, "291U00000X", "84 CANAL STREET", TOWNS[1],
        ((1.0, laboratory),), renderers=0,
    ),
    Practice(
        "JESSAMY", 1717, "171100000X", "14 RIVER TERRACE", TOWNS[5],
        ((1.0, acupuncture),), ((1.0, None),), renderers=0, person="ODETTE",
    ),
    Practice(
        "PENHALLOW", 1818, "207Q00000X", "3 MAPLE AVENUE", TOWNS[6],
        ((0.8, office_visit(FAMILY_CARE)), (0.2, telehealth)), renderers=0, person="CLEMENCE",
    ),
)  # fmt: skip
SHARE = (5, 7, 4, 5, 3, 3, 3, 3, 1, 2)  # how often each practice comes, roughly
