"""Write a synthetic 837P interchange of any size, the same bytes for the same arguments.

    python benchmarks/generate.py --claims 10000 --seed 1 --out claims.837
    python benchmarks/generate.py --claims 1000 --seed 1 --out broken.837 --faults 5 --answers broken.tsv

Without `--faults` every claim is clean. With it, that share of the claims is broken the way billers break them, every
other claim keeps its bytes, and `--answers` lists which claim got which fault.

Standard library only, and nothing of scrubber: what measures it must not be written with it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
from collections.abc import Iterator
from typing import TextIO, TypeVar

import faults
from visits import (
    AUTO,
    COMMERCIAL,
    COMP,
    EMPLOYERS,
    FAMILY,
    GIVEN,
    MEDICARE,
    NOTES,
    PRACTICES,
    SHARE,
    STREETS,
    TOWNS,
    Claim,
    Facility,
    Payer,
    Practice,
    npi,
)

MAX_CLAIMS_PER_SET = 5_000  # what the guide recommends for one ST
SENDER, RECEIVER = "CBB0101", "PRCH01"
T = TypeVar("T")


def weighted(rng: random.Random, choices: tuple[tuple[float, T], ...]) -> T:
    mark = rng.random()
    for weight, choice in choices:
        mark -= weight
        if mark < 0:
            return choice
    return choices[-1][1]


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)


def ymd(day: dt.date) -> str:
    return f"{day:%Y%m%d}"


# People and places


def address(rng: random.Random) -> list[str]:
    town, state, zip5 = rng.choice(TOWNS)
    number = rng.randint(1, 999)
    return [f"N3*{number} {rng.choice(STREETS)}", f"N4*{town}*{state}*{zip5}{rng.randint(1, 9998):04d}"]


def born(rng: random.Random, today: dt.date, youngest: int, oldest: int) -> str:
    return ymd(today - dt.timedelta(rng.randint(youngest * 366, oldest * 365)))


def mbi(rng: random.Random) -> str:
    """A Medicare number by its pattern: no S L O I B Z, letters and digits each in their places."""
    letters, digits = "ACDEFGHJKMNPQRTUVWXY", "0123456789"
    both = letters + digits
    places = ("123456789", letters, both, digits, letters, both, digits, letters, letters, digits, digits)
    return "".join(rng.choice(place) for place in places)


def member(rng: random.Random, payer: Payer) -> str:
    return mbi(rng) if payer is MEDICARE else f"{payer.prefix}{rng.randrange(10**8):08d}"


def person(rng: random.Random) -> str:
    middle = rng.choice(("", "", *"ABCDEGHJKLMNPRST"))
    return f"1*{rng.choice(FAMILY)}*{rng.choice(GIVEN)}" + (f"*{middle}" if middle else "*")


def payer_segments(payer: Payer) -> list[str]:
    town, state, zip5 = TOWNS[len(payer.name) % len(TOWNS)]
    return [f"NM1*PR*2*{payer.name}*****PI*{payer.ident}", f"N3*{payer.box}", f"N4*{town}*{state}*{zip5}0001"]


def enrol(rng: random.Random, claim: Claim, today: dt.date) -> None:
    """Fill the subscriber, and the patient where it is somebody else."""
    payer = claim.payer
    payer_loop = payer_segments(payer)
    sex = rng.choice("FM")
    if payer is COMP:  # the employer is the subscriber, the employee the patient
        employer = rng.choice(EMPLOYERS)
        claim.subscriber = ["SBR*P********WC", f"NM1*IL*2*{employer}*****MI*{member(rng, payer)}", *payer_loop]
        claim.patient = ["PAT*20", f"NM1*QC*{person(rng).rstrip('*')}", *address(rng)]
        claim.patient += [f"DMG*D8*{born(rng, today, 19, 64)}*{sex}", f"REF*Y4*GC{rng.randrange(10**8):08d}"]
        return
    group = f"{payer.prefix}{rng.randint(100, 999)}" if payer in COMMERCIAL else ""
    identity = f"NM1*IL*{person(rng)}***MI*{member(rng, payer)}"
    if payer in COMMERCIAL and (claim.child or rng.random() < 0.12):
        claim.subscriber = [f"SBR*P**{group}******{payer.filing}", identity, *payer_loop]
        relation, youngest, oldest = ("19", 1, 14) if claim.child else rng.choice((("01", 20, 63), ("19", 15, 24)))
        claim.patient = [f"PAT*{relation}", f"NM1*QC*{person(rng).rstrip('*')}", *address(rng)]
        claim.patient.append(f"DMG*D8*{born(rng, today, youngest, oldest)}*{sex}")
        return
    youngest, oldest = (66, 92) if payer is MEDICARE else (1, 14) if claim.child else (19, 64)
    claim.subscriber = [f"SBR*P*18*{group}******{payer.filing}", identity, *address(rng)]
    claim.subscriber.append(f"DMG*D8*{born(rng, today, youngest, oldest)}*{sex}")
    if payer is AUTO:
        claim.subscriber.append(f"REF*Y4*CM{rng.randrange(10**8):08d}")
    claim.subscriber += payer_loop


def coordinate(rng: random.Random, claim: Claim, today: dt.date) -> None:
    """A second payer: one that will pay after us (nothing adjudicated yet), or one that has paid before us."""
    other = rng.choice([payer for payer in COMMERCIAL if payer is not claim.payer])
    before = claim.payer is not MEDICARE and rng.random() < 0.5
    mine = "S" if before else "P"
    claim.subscriber[0] = "SBR*" + mine + claim.subscriber[0][5:]
    claim.other = [f"SBR*{'P' if before else 'S'}*18*{other.prefix}{rng.randint(100, 999)}******{other.filing}"]
    if before:
        shares = []
        for line in claim.lines:
            discount = line.cents * rng.randint(10, 35) // 100
            copay = (line.cents - discount) * rng.randint(10, 30) // 100
            shares.append((line.cents - discount - copay, discount, copay))
        first = max(claim.day + dt.timedelta(line.later) for line in claim.lines)
        claim.paid = (other.ident, min(today, first + dt.timedelta(rng.randint(6, 15))), shares)
        claim.other.append(f"AMT*D*{money(sum(share[0] for share in shares))}")
    claim.other.append("OI***Y***Y")
    name = claim.subscriber[1].split("*")
    claim.other.append("*".join([*name[:9], member(rng, other)]))
    claim.other += claim.subscriber[2:4]
    claim.other += payer_segments(other)


# One claim


def make_claim(rng: random.Random, practice: Practice, number: int, seed: int, today: dt.date) -> Claim:
    payer = weighted(rng, practice.payers) or rng.choice(COMMERCIAL)
    day = today - dt.timedelta(rng.randint(3, 60))
    if day.weekday() == 6:
        day -= dt.timedelta(1) if day > today - dt.timedelta(60) else dt.timedelta(-1)
    claim = weighted(rng, practice.visits)(rng, payer, day)
    claim.number = f"C{seed % 1000:03d}-{number:08d}"
    claim.cents = sum(line.cents for line in claim.lines)
    if practice.renderers:
        stem = practice.stem + 11 * rng.randint(1, practice.renderers)
        claim.rendering = (FAMILY[stem % len(FAMILY)], GIVEN[stem % len(GIVEN)], npi(stem), practice.taxonomy)
    if rng.random() < 0.06:
        claim.note = rng.choice(NOTES)
    enrol(rng, claim, today)
    plain = not claim.patient and claim.payer in (*COMMERCIAL, MEDICARE)
    if plain and rng.random() < 0.08:  # about 5 % of all claims
        coordinate(rng, claim, today)
    elif claim.payer in COMMERCIAL and rng.random() < 0.01:
        claim.frequency, claim.control = "7", f"{claim.payer.prefix}{rng.randrange(10**9):09d}"
    return claim


def facility_segments(facility: Facility) -> list[str]:
    town, state, zip5 = facility.town
    return [f"NM1*77*2*{facility.name}*****XX*{facility.npi}", f"N3*{facility.street}", f"N4*{town}*{state}*{zip5}2200"]


def claim_segments(claim: Claim) -> Iterator[str]:
    """Loop 2300 and all below it."""
    cause = f"**{claim.cause}" if claim.cause else ""
    yield f"CLM*{claim.number}*{money(claim.cents)}***{claim.place}:B:{claim.frequency}*Y*A*Y*Y{cause}"
    if claim.accident:
        yield f"DTP*439*D8*{ymd(claim.accident)}"
    if claim.onset:
        yield f"DTP*431*D8*{ymd(claim.onset)}"
    if claim.initial:
        yield f"DTP*454*D8*{ymd(claim.initial)}"
    for qualifier, value in (("G1", claim.authorization), ("F8", claim.control), ("X4", claim.clia)):
        if value:
            yield f"REF*{qualifier}*{value}"
    yield f"REF*D9*{claim.number[1:4]}{claim.number[-8:]}PRCH"
    yield f"REF*EA*MR{claim.number[-8:]}"
    if claim.note:
        yield f"NTE*ADD*{claim.note}"
    yield "*".join(["HI", *(f"{'ABF' if place else 'ABK'}:{code}" for place, code in enumerate(claim.diagnoses))])
    if claim.referring:
        yield "NM1*DN*1*{}*{}****XX*{}".format(*claim.referring)
    if claim.rendering:
        family, given, ident, taxonomy = claim.rendering
        yield f"NM1*82*1*{family}*{given}****XX*{ident}"
        yield f"PRV*PE*PXC*{taxonomy}"
    if claim.facility:
        yield from facility_segments(claim.facility)
    yield from claim.other
    for number, line in enumerate(claim.lines, 1):
        day = ymd(claim.day + dt.timedelta(line.later))
        procedure = ":".join(("HC", line.code, *line.modifiers))
        yield f"LX*{number}"
        yield f"SV1*{procedure}*{money(line.cents)}*UN*{line.units}***{':'.join(map(str, line.pointers))}".rstrip("*")
        yield f"DTP*472*D8*{day}"
        yield f"REF*6R*{claim.number[-8:]}{number:02d}"
        if line.drug:
            ndc, quantity, unit = line.drug
            yield f"LIN**N4*{ndc}"
            yield f"CTP****{quantity}*{unit}"
        if claim.paid:
            payer, adjudicated, shares = claim.paid
            paid, discount, copay = shares[number - 1]
            yield f"SVD*{payer}*{money(paid)}*{procedure}**{line.units}"
            yield f"CAS*CO*45*{money(discount)}"
            yield f"CAS*PR*2*{money(copay)}"
            yield f"DTP*573*D8*{ymd(adjudicated)}"
            yield f"AMT*EAF*{money(copay)}"


# The interchange


def practice_segments(practice: Practice) -> Iterator[str]:
    town, state, zip5 = practice.town
    yield f"PRV*BI*PXC*{practice.taxonomy}"
    who = f"1*{practice.name}*{practice.person}****" if practice.person else f"2*{practice.name}*****"
    yield f"NM1*85*{who}XX*{npi(practice.stem)}"
    yield f"N3*{practice.street}"
    yield f"N4*{town}*{state}*{zip5}{practice.stem % 9000 + 100:04d}"
    yield f"REF*EI*89{practice.stem:07d}"
    yield f"PER*IC*BILLING OFFICE*TE*21755501{practice.stem % 100:02d}"
    if practice.pay_to:
        yield "NM1*87*1" if practice.person else "NM1*87*2"
        yield f"N3*{practice.pay_to}"
        yield f"N4*{town}*{state}*{zip5}0512"


def next_practice(rng: random.Random, last: Practice | None) -> Practice:
    """By their shares; never the one before, so that its billing loop is not repeated at once."""
    shares = [0 if practice is last else share for practice, share in zip(PRACTICES, SHARE, strict=True)]
    return rng.choices(PRACTICES, shares)[0]


def interchange(count: int, seed: int, today: dt.date, broken: faults.Faults, per_set: int) -> Iterator[str]:
    """Every segment in order, without its terminator. Holds one claim at a time."""
    rng = random.Random(seed)
    control = seed % 999_999_999 + 1
    yield (f"ISA*00*{'':10}*00*{'':10}*ZZ*{SENDER:15}*ZZ*{RECEIVER:15}*{today:%y%m%d}*0830*^*00501*{control:09d}*0*T*:")
    yield f"GS*HC*{SENDER}*{RECEIVER}*{ymd(today)}*0830*{control}*X*005010X222A1"
    number = sets = 0
    longest_run = max(1, min(60, count // 6))
    while number < count:
        sets += 1
        name = f"{sets:04d}"
        here = min(per_set, count - number)
        segments = hierarchy = run = 0
        practice = PRACTICES[0]
        level = 0
        batch: list[str] = [
            f"ST*837*{name}*005010X222A1",
            f"BHT*0019*00*{control}-{name}*{ymd(today)}*0830*CH",
            f"NM1*41*2*CEDAR BRIDGE BILLING*****46*{SENDER}",
            "PER*IC*DANA WHITLOCK*TE*2175550142",
            f"NM1*40*2*PRAIRIE CLEARINGHOUSE*****46*{RECEIVER}",
        ]
        for _ in range(here):
            number += 1
            if not run:
                practice = next_practice(rng, practice if level else None)
                run = rng.randint(max(1, longest_run // 4), longest_run)
                hierarchy += 1
                level = hierarchy
                batch.append(f"HL*{level}**20*1")
                batch += practice_segments(practice)
            run -= 1
            claim = make_claim(rng, practice, number, seed, today)
            broken.touch(claim, today)
            hierarchy += 1
            subscriber = hierarchy
            batch.append(f"HL*{subscriber}*{level}*22*{1 if claim.patient else 0}")
            batch += claim.subscriber
            if claim.patient:
                hierarchy += 1
                batch.append(f"HL*{hierarchy}*{subscriber}*23*0")
                batch += claim.patient
            batch += claim_segments(claim)
            segments += len(batch)
            yield from batch
            batch = []
        yield f"SE*{segments + 1}*{name}"
    yield f"GE*{sets}*{control}"
    yield f"IEA*1*{control:09d}"


def write(out: TextIO, segments: Iterator[str]) -> None:
    block: list[str] = []
    for segment in segments:
        block.append(segment)
        if len(block) == 4096:
            out.write("~\n".join(block) + "~\n")
            block.clear()
    if block:
        out.write("~\n".join(block) + "~\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write a synthetic 837P, the same bytes for the same arguments.")
    add = parser.add_argument
    add("--claims", type=int, required=True, metavar="N")
    add("--seed", type=int, default=1, metavar="S")
    add("--out", required=True, metavar="FILE")
    add("--faults", type=float, default=0.0, metavar="PCT", help="break this share of the claims, in percent")
    add("--answers", metavar="FILE", help="write which claim was broken how, tab-separated")
    add("--date", type=dt.date.fromisoformat, default=dt.date(2026, 9, 30), help="of the file; default 2026-09-30")
    add("--per-set", type=int, default=MAX_CLAIMS_PER_SET, metavar="N", help="claims in one ST; default 5000")
    options = parser.parse_args(arguments)
    if options.claims < 1 or options.per_set < 1 or options.seed < 0 or not 0 <= options.faults <= 100:
        parser.error("--claims and --per-set start at 1, --seed at 0, --faults is a percentage")
    broken = faults.Faults(options.claims, options.faults, options.seed)
    with open(options.out, "w", encoding="ascii", newline="\n") as out:
        write(out, interchange(options.claims, options.seed, options.date, broken, options.per_set))
    if options.answers:
        with open(options.answers, "w", encoding="ascii", newline="\n") as out:
            out.writelines(f"{claim}\t{fault}\n" for claim, fault in broken.answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
