"""The ways billers break a claim: each takes a clean claim of the generator and spoils exactly one thing.

The choice of claims and of faults has its own random numbers, so the claims left alone keep their bytes.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from visits import FEES, MEDICARE, Claim, Line

Fault = Callable[[Claim, dt.date], bool]  # False: does not fit this claim, nothing was changed


def cervicalgia_with_disc(claim: Claim, today: dt.date) -> bool:
    """M54.2 beside M50.322, which its Excludes1 note forbids."""
    if "M542" not in claim.diagnoses or len(claim.diagnoses) > 3:
        return False
    claim.diagnoses.append("M50322")
    claim.lines[0].pointers.append(len(claim.diagnoses))
    return True


def diagnosis_not_billable(claim: Claim, today: dt.date) -> bool:
    """M50.12, which has children since 2016-10-01."""
    if claim.diagnoses[0] not in ("M5412", "M50121", "M50122"):
        return False
    claim.diagnoses[:] = ["M5012"]
    for line in claim.lines:
        line.pointers = [1]
    return True


def pointer_missing(claim: Claim, today: dt.date) -> bool:
    claim.lines[-1].pointers = []
    return True


def pointer_at_nothing(claim: Claim, today: dt.date) -> bool:
    claim.lines[-1].pointers = [*claim.lines[-1].pointers[:3], len(claim.diagnoses) + 1]
    return True


def npi_check_digit(claim: Claim, today: dt.date) -> bool:
    if claim.rendering is None:
        return False
    family, given, ident, taxonomy = claim.rendering
    claim.rendering = (family, given, ident[:-1] + str((int(ident[-1]) + 1) % 10), taxonomy)
    return True


def total_off(claim: Claim, today: dt.date) -> bool:
    if claim.paid:  # would also unbalance the coordination of benefits
        return False
    claim.cents += 1000
    return True


def service_in_future(claim: Claim, today: dt.date) -> bool:
    if claim.paid:
        return False
    claim.day = claim.day.replace(year=claim.day.year + 1, day=min(claim.day.day, 28))
    return True


def modifier_25_missing(claim: Claim, today: dt.date) -> bool:
    for line in claim.lines:
        if "25" in line.modifiers:
            line.modifiers = tuple(modifier for modifier in line.modifiers if modifier != "25")
            return True
    return False


def manual_therapy_unmodified(claim: Claim, today: dt.date) -> bool:
    """97140 with 98940 on one day and nothing that says they were apart; not for Medicare, which pays a DC no 97140."""
    if claim.payer is MEDICARE or claim.paid or claim.lines[0].code != "98940":
        return False
    claim.lines[1:] = [Line("97140", FEES["97140"], [2], ("GP",))]
    claim.cents = sum(line.cents for line in claim.lines)
    return True


def place_unassigned(claim: Claim, today: dt.date) -> bool:
    if claim.place != "11":
        return False
    claim.place = "30"
    return True


def diagnosis_with_dot(claim: Claim, today: dt.date) -> bool:
    code = claim.diagnoses[0]
    if len(code) < 4:
        return False
    claim.diagnoses[0] = f"{code[:3]}.{code[3:]}"
    return True


FAULTS: tuple[tuple[str, Fault], ...] = tuple(
    (fault.__name__.replace("_", "-"), fault)
    for fault in (
        cervicalgia_with_disc,
        diagnosis_not_billable,
        pointer_missing,
        pointer_at_nothing,
        npi_check_digit,
        total_off,
        service_in_future,
        modifier_25_missing,
        manual_therapy_unmodified,
        place_unassigned,
        diagnosis_with_dot,
    )
)


class Faults:
    """Breaks exactly `percent` of `count` claims, chosen as they stream by (selection sampling)."""

    def __init__(self, count: int, percent: float, seed: int) -> None:
        self.rng = random.Random(f"faults {seed}")
        self.left = count
        self.wanted = round(count * percent / 100)
        self.answers: list[tuple[str, str]] = []
        self.used = dict.fromkeys((name for name, _ in FAULTS), 0)

    def touch(self, claim: Claim, today: dt.date) -> None:
        chosen = self.rng.random() * self.left < self.wanted
        self.left -= 1
        if not chosen:
            return
        self.wanted -= 1
        shuffled = self.rng.sample(FAULTS, len(FAULTS))
        for name, fault in sorted(shuffled, key=lambda entry: self.used[entry[0]]):  # the rarest so far that fits
            if fault(claim, today):
                self.used[name] += 1
                self.answers.append((claim.number, name))
                return
