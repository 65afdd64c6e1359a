"""What a Python check sees and returns.

A check is a function ``check(claim, know)`` in a pack's ``checks.py`` that yields a Hit for every fault and a Gap for
every question it could not answer. It looks at the Claim, never at raw text; it does no I/O and keeps no state. Id,
severity, dates, message and status come from the edit's entry.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from scrubber.claims.earlier import EarlierLine
from scrubber.claims.model import Claim
from scrubber.finding import Location, Severity
from scrubber.x12.segments import Place

if TYPE_CHECKING:  # A run that asks for no table should not load its module.
    from scrubber.tables.addons import AddonTable
    from scrubber.tables.coverage import Coverage
    from scrubber.tables.hcpcs import HcpcsTable
    from scrubber.tables.icd10cm import Icd10cm
    from scrubber.tables.mue import MueTable
    from scrubber.tables.pfs import FeeSchedule
    from scrubber.tables.ptp import PtpTable
    from scrubber.tables.taxonomy import TaxonomyTable
    from scrubber.tables.telehealth import TelehealthList


@dataclass(slots=True, eq=False, repr=False)
class Hit:
    """A fault at a place.

    ``severity`` may only soften the entry's (a reject that this case makes a warning). ``on`` is the date that decides
    whether the edit is in force, by default the first service date of the line or claim that holds ``where``.
    ``safe`` corrections concern format; anything clinical or financial is left to a person.
    """

    where: Place
    values: dict[str, str] = field(default_factory=dict)
    related: tuple[Place | Location, ...] = ()
    severity: Severity | None = None
    on: date | None = None
    change: Mapping[str, str] | None = None
    safe: bool = False


@dataclass(slots=True)
class Gap:
    """A question that could not be answered: the claim's ``unchecked`` list says so. ``line`` is the LX01 of the line
    that it concerns, ``also`` those of further ones; the whole claim without."""

    reason: str
    line: int | None = None
    also: tuple[int, ...] = ()


class Sent(NamedTuple):
    """Where a claim was accepted before: the name of the file, as the watched folder calls it, and the day."""

    file: str
    day: date


class History(Protocol):
    """What was accepted in earlier files (see ``scrubber.watch.history``)."""

    def meet(self, claim: Claim) -> None:
        """The claim that is judged from here on."""
        ...

    def sent(self) -> Sent | None:
        """Where the claim was accepted before: the same provider, patient, days, procedures and charge."""
        ...

    def visits(self, limit: str, days: Sequence[date]) -> Sequence[date]:
        """The days on which the patient's earlier claims met a limit. ``days`` are this claim's: they are remembered if
        it is accepted."""
        ...


class ProfileView(Protocol):
    """The payer profile in force for a claim."""

    name: str

    def is_(self, name: str) -> bool:
        """Whether this profile is, or extends, the named one (``medicare``, ``commercial``, ``property-casualty``)."""
        ...


@dataclass(slots=True, eq=False, repr=False)
class Knowledge:
    """All that a check may know besides the claim. One instance serves a run; ``profile``, ``params``, ``scratch`` and
    ``earlier`` are set for each claim or edit by the engine. A table is opened when a check first asks for it."""

    icd10cm: Icd10cm
    ptp: PtpTable
    received: date
    profile: ProfileView
    code_lists: Mapping[str, Mapping[str, Any]]
    """Small dated code lists of the packs by name (``place-of-service``, ``modifiers``), code to its row."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """The running edit's parameters, with the profile's changes."""
    scratch: dict[str, Any] = field(default_factory=dict)
    """Emptied for every claim: what one check computed and another may reuse (the PTP result of a claim)."""
    earlier: Sequence[EarlierLine] = ()
    """Lines of earlier claims of the file that share patient, performer and a day with this claim; mostly none. A
    check that looks at them is marked ``across``."""
    history: History | None = None
    """What earlier files held, where somebody keeps it. A check that asks it is marked ``over_time``."""
    mue: MueTable = field(init=False)
    addons: AddonTable = field(init=False)
    pfs: FeeSchedule = field(init=False)
    hcpcs: HcpcsTable = field(init=False)
    telehealth: TelehealthList = field(init=False)
    coverage: Coverage = field(init=False)
    taxonomy: TaxonomyTable = field(init=False)


Check = Callable[[Claim, Knowledge], Iterable[Hit | Gap]]

Key = Callable[[Claim, Knowledge], Hashable]
"""What some checks see of a claim, as one value; None where this claim is like no other."""


def alike(key: Key) -> Callable[[Check], Check]:
    """Marks a check that looks at nothing but what ``key`` returns, the payer profile, its parameters and tables.

    Practices bill a few hundred combinations over and over: the engine runs such a check once for each key, and not
    again while it found no fault. Its gaps are repeated; a Hit is never remembered, for it points into its own claim.
    """

    def mark(check: Check) -> Check:
        check.alike = key  # type: ignore[attr-defined]
        return check

    return mark


def across(check: Check) -> Check:
    """Marks a check that looks at ``know.earlier``, too: where there is any, it runs whatever its ``looks_at`` says
    (that names what the claim itself holds), and nothing is remembered of the claim."""
    check.across = True  # type: ignore[attr-defined]
    return check


def over_time(check: Check) -> Check:
    """Marks a check that asks ``know.history``: where there is one, nothing is remembered of claims that look alike."""
    check.over_time = True  # type: ignore[attr-defined]
    return check


Form = Callable[[Mapping[str, Any]], Iterable[str]]
"""What is wrong with the ``params`` of an entry, a sentence each."""


def reads(form: Form) -> Callable[[Check], Check]:
    """Marks a check that the entries of other packs may use: their ``params`` are checked when the pack loads."""

    def mark(check: Check) -> Check:
        check.form = form  # type: ignore[attr-defined]
        return check

    return mark
