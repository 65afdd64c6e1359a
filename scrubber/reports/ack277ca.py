"""277CA (005010X214): which claims were accepted and which were not, and why.

One 277CA for each inbound transaction set that the 999 did not reject. The reject stands where its cause lies: the
whole set at 2200B, a billing provider's group at 2200C, a claim at 2200D, a line at 2220D. 2200B says ``WQ`` even
where every claim is rejected. There is no 2200C for a provider that is accepted, and there are no warnings: a 277CA
can only accept or reject.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from scrubber.claims.model import Provider
from scrubber.finding import Finding, Severity
from scrubber.reports.ack999 import refuses_group
from scrubber.reports.annotate import annotate, explain, say_group
from scrubber.reports.answering import Answering
from scrubber.reports.claimstatus import (
    PROVIDER_LOOPS,
    Stcs,
    build_provider,
    build_stc,
    collect,
    say_party,
    write_claim,
)
from scrubber.reports.entries import BUSINESS, UNSPECIFIED, Composites, Entries
from scrubber.reports.outbound import (
    UNKNOWN,
    AckOptions,
    Numbers,
    build_gs,
    clean,
    clean_code,
    format_amount,
    say_date,
    say_money,
)
from scrubber.reports.scroll import Mark, Scroll
from scrubber.reports.vocabulary import read_vocabulary
from scrubber.spelling import count
from scrubber.verdict import (
    ClaimStatus,
    ClaimVerdict,
    Event,
    FileStart,
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    SetEnd,
    SetStart,
)

VERSION = "005010X214"

FIRST_HL = 3
"""Hierarchical number of the first provider: 1 is we, 2 the submitter."""

MOST_NAMED = 200
"""Claims of a rejected provider that the rendering names; the 277CA itself only counts them."""

_ZERO = Decimal(0)


@dataclass(slots=True)
class Sum:
    """Claims and charges, exact."""

    accepted: int = 0
    rejected: int = 0
    charge_accepted: Decimal = _ZERO
    charge_rejected: Decimal = _ZERO

    def add(self, other: Sum) -> None:
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.charge_accepted += other.charge_accepted
        self.charge_rejected += other.charge_rejected

    def reject(self) -> None:
        """Count everything as rejected."""
        self.rejected += self.accepted
        self.charge_rejected += self.charge_accepted
        self.accepted, self.charge_accepted = 0, _ZERO

    @property
    def claims(self) -> int:
        return self.accepted + self.rejected

    @property
    def charge(self) -> Decimal:
        return self.charge_accepted + self.charge_rejected


@dataclass(slots=True)
class _Group:
    """Claims of one billing provider in a row."""

    key: tuple[int, bool]
    rejected: bool
    hl: int
    provider: Provider | None
    reasons: tuple[Finding, ...] = ()
    claims: list[str] = field(default_factory=list)
    """Patient control numbers of a rejected provider's first claims, for the rendering."""
    count: int = 0
    charge: Decimal = _ZERO


@dataclass(slots=True)
class _Set:
    """The inbound transaction set being answered. Its claims are in the spool."""

    start: SetStart
    sum: Sum = field(default_factory=Sum)
    group: _Group | None = None
    hl: int = FIRST_HL


class Ack277ca:
    """Writes one interchange of 277CAs for each inbound interchange. Feed it every event of the pipeline in order.

    ``told`` sums the claims that a 277CA speaks of; ``untold`` those whose set, group or interchange was rejected by
    the 999 or TA1, which alone speaks of them.
    """

    def __init__(self, page: Scroll, spool: Scroll, options: AckOptions, numbers: Numbers, entries: Entries) -> None:
        self.told = Sum()
        self.untold = Sum()
        self._page = page
        self._spool = spool
        self._options = options
        self._numbers = numbers
        self._entries = entries
        self._answer = Answering(page, options, numbers, "277CA, the answer to the claims of a file")
        self._day = options.process_date
        self._inbound_gs: list[str] = []
        self._gs: list[str] | None = None
        self._group_start = Mark(0, 0, 0)
        self._first_set = 0
        self._sets = 0
        self._good = 0
        self._set: _Set | None = None
        self._in_group = Sum()
        self._in_interchange = Sum()

    def handle(self, event: Event) -> None:
        """Take the next event of the pipeline."""
        if isinstance(event, ClaimVerdict):
            self._take(event)
        elif isinstance(event, SetStart):
            self._spool.clear()
            self._set = _Set(event)
        elif isinstance(event, SetEnd):
            self._end_set(event)
        elif isinstance(event, GroupStart):
            self._begin_group(event)
        elif isinstance(event, GroupEnd):
            self._end_group(not refuses_group(event, self._good))
        elif isinstance(event, InterchangeStart):
            self._answer.begin(event)
        elif isinstance(event, InterchangeEnd):
            self._end(event.status != "R")
        elif isinstance(event, FileStart):
            self._answer.name(event)

    def close(self) -> None:
        """The events are over: an interchange that did not end is taken back."""
        if self._set is not None:
            self._in_group.add(self._set.sum)
            self._set = None
        self._end_group(False)
        self._end(False)

    def _end(self, keep: bool) -> None:
        if not self._answer.is_open:
            return
        (self.told if self._answer.end(keep) else self.untold).add(self._in_interchange)
        self._in_interchange = Sum()

    def _begin_group(self, event: GroupStart) -> None:
        self._group_start = self._page.mark()
        self._first_set = self._numbers.set
        self._sets = self._good = 0
        self._inbound_gs = event.gs
        self._gs = build_gs(self._options, "HN", event.gs, self._numbers.take_group(), VERSION)
        self._page.write(*annotate(self._gs, say_group(self._gs, "277CA")))

    def _end_group(self, keep: bool) -> None:
        gs, self._gs = self._gs, None
        if gs is None:
            return
        if keep and self._sets:
            says = f"End of group {gs[6]}: {self._sets} 277CA{'s' if self._sets > 1 else ''}."
            self._page.write(*annotate(["GE", str(self._sets), gs[6]], says))
            self._answer.groups += 1
            self._in_interchange.add(self._in_group)
        else:
            self._page.rewind(self._group_start)
            self._numbers.group, self._numbers.set = int(gs[6]), self._first_set
            self.untold.add(self._in_group)
        self._in_group = Sum()

    def _take(self, verdict: ClaimVerdict) -> None:
        current = self._set
        if current is None:
            return
        charge = verdict.claim.charge or _ZERO
        if verdict.status is ClaimStatus.ACCEPTED:
            current.sum.accepted += 1
            current.sum.charge_accepted += charge
        else:
            current.sum.rejected += 1
            current.sum.charge_rejected += charge
        rejected = verdict.provider_rejected and verdict.status is ClaimStatus.REJECTED
        level = verdict.claim.loop.up("2000A")
        key = (level.segments[0].ordinal if level is not None and level.segments else 0, rejected)
        group = current.group
        if group is None or group.key != key:
            group = self._begin_provider(current, verdict, key)
        if rejected:
            group.count += 1
            group.charge += charge
            if len(group.claims) < MOST_NAMED:
                group.claims.append(clean(verdict.claim.id, 50) or UNKNOWN)
            return
        options = self._options
        write_claim(self._spool, verdict, current.hl, group.hl, self._day, options.stc12, self._entries)
        current.hl += 1

    def _begin_provider(self, current: _Set, verdict: ClaimVerdict, key: tuple[int, bool]) -> _Group:
        self._end_provider(current)
        rejected = key[1]
        group = _Group(key, rejected, current.hl, verdict.provider)
        current.group = group
        current.hl += 1
        if rejected:
            group.reasons = tuple(f for f in verdict.findings if f.where.loop in PROVIDER_LOOPS)
        else:
            self._name_provider(group, "1", "")
        return group

    def _name_provider(self, group: _Group, child: str, says: str) -> None:
        nm1 = build_provider(group.provider)
        hl = ["HL", str(group.hl), "2", "19", child]
        self._spool.write(*annotate(hl, says or "A billing provider, whose claims follow."))
        self._spool.write(*annotate(nm1, f"Billing provider {say_party(nm1)}."))

    def _end_provider(self, current: _Set) -> None:
        """Tell of a provider whose group is rejected: only now is it known how much that is."""
        group = current.group
        if group is None or not group.rejected:
            return
        self._name_provider(group, "0", "A billing provider all of whose claims are rejected, for the reason below.")
        self._spool.write(*annotate(["TRN", "1", "0"], "The provider has no trace number of its own."))
        amount, money = format_amount(group.charge), say_money(group.charge)
        stcs: Stcs = collect(group.reasons, self._entries, "provider") or {UNSPECIFIED: []}
        for composites, findings in stcs.items():
            says = f"All claims of the provider rejected, {money}. {read_vocabulary().say_status(composites)}."
            stc = build_stc(composites, "U", "", amount)
            self._spool.write(*annotate(stc, says, explain(self._entries, findings)))
        rejected, named = str(group.count), ", ".join(group.claims)
        more = f" and {group.count - len(group.claims)} more" if group.count > len(group.claims) else ""
        says = f"Rejected claims of the provider: {rejected} ({named}{more})."
        self._spool.write(*annotate(["QTY", "QC", rejected], says))
        self._spool.write(*annotate(["AMT", "YY", amount], f"Rejected charges of the provider: {money}."))

    def _end_set(self, event: SetEnd) -> None:
        current, self._set = self._set, None
        if current is None:
            return
        self._good += event.status != "R"
        self._end_provider(current)
        batch = self._find_batch_reasons(event)
        if self._gs is None or (event.status == "R" and not batch):
            self.untold.add(current.sum)
            return
        if batch:
            current.sum.reject()
        self._write_set(current, batch)
        self._sets += 1
        self._in_group.add(current.sum)

    def _find_batch_reasons(self, event: SetEnd) -> list[Finding]:
        """Business rejects of the set as a whole: above the first provider, or the pipeline's stated cause."""
        found = [
            f
            for f in event.findings
            if f.severity is Severity.REJECT
            and not (f.where.loop or "").startswith("2")
            and self._entries.acknowledged_on(f) == BUSINESS
        ]
        if event.status != "R":
            return found
        cause = event.cause
        if cause is None or self._entries.acknowledged_on(cause) != BUSINESS:
            return []
        return found if cause in found else [cause, *found]

    def _write_set(self, current: _Set, batch: Sequence[Finding]) -> None:
        page, options, sums = self._page, self._options, current.sum
        begin = page.segments
        number = self._numbers.take_set()
        ours = f"{self._answer.number}-{number}"
        told = f"the transaction set {clean(current.start.control_number, 9) or UNKNOWN}"
        child = "0" if batch or not sums.claims else "1"
        us = [
            "NM1",
            options.entity,
            "2",
            clean(options.name, 60),
            "",
            "",
            "",
            "",
            options.qualifier,
            clean(options.id, 80),
        ]
        submitter = self._build_submitter(current.start)
        reference = clean(current.start.bht.get(3), 50) if current.start.bht else ""
        received, processed = options.receipt_date, self._day
        for elements, says in (
            (["ST", "277", number, VERSION], f"Beginning of 277CA number {number}, the answer to {told}."),
            (["BHT", "0085", "08", ours, processed, options.time, "TH"], f"Our reference {ours}."),
            (["HL", "1", "", "20", "1"], "Who answers."),
            (us, f"From {us[3]}, id {us[9]}."),
            (["TRN", "1", ours], f"Our trace number {ours}."),
            (["DTP", "050", "D8", received], f"The file was received on {say_date(received)}."),
            (["DTP", "009", "D8", processed], f"It was processed on {say_date(processed)}."),
            (["HL", "2", "1", "21", child], "Who sent the claims."),
            (submitter, f"To the submitter {say_party(submitter)}."),
            (["TRN", "2", reference or "0"], f"The submitter's batch number (BHT03): {reference or 'not given'}."),
        ):
            page.write(*annotate(elements, says))
        self._write_totals(sums, batch)
        if not batch:
            page.append(self._spool, Mark(0, 0, 0), self._spool.mark())
        segments = page.segments - begin + 1
        page.write(*annotate(["SE", str(segments), number], f"End of 277CA number {number}: {segments} segments."))

    def _write_totals(self, sums: Sum, batch: Sequence[Finding]) -> None:
        page, words, day = self._page, read_vocabulary(), self._day
        amount, money = format_amount(sums.charge), say_money(sums.charge)
        if batch:
            stcs = collect(batch, self._entries, "batch")
            for composites, findings in stcs.items():
                says = f"All claims rejected, {money}. {words.say_status(composites)}."
                page.write(*annotate(build_stc(composites, "U", day, amount), says, explain(self._entries, findings)))
        else:
            receipt: Composites = (("A1", "19", self._options.entity),)
            who = words.entity[self._options.entity]
            says = f"The batch was received by {who}: {count(sums.claims, 'claim')}, {money}."
            page.write(*annotate(build_stc(receipt, "WQ", day, amount), says))
        counts = (("90", sums.accepted, "Accepted"), ("AA", sums.rejected, "Rejected"))
        charges = (("YU", sums.charge_accepted), ("YY", sums.charge_rejected))
        for code, claims, what in counts:
            if claims:
                page.write(*annotate(["QTY", code, str(claims)], f"{what} claims: {claims}."))
        for (code, charge), (_, claims, what) in zip(charges, counts, strict=True):
            if claims:
                page.write(*annotate(["AMT", code, format_amount(charge)], f"{what} charges: {say_money(charge)}."))

    def _build_submitter(self, start: SetStart) -> list[str]:
        """NM1*41. A submitter without an id is called by the sender's code of the group (GS02)."""
        nm1 = start.submitter
        person = nm1 is not None and nm1.get(2) == "1"
        name = clean(nm1.get(3), 60) if nm1 else ""
        first, middle = (clean(nm1.get(4), 35), clean(nm1.get(5), 25)) if nm1 and person else ("", "")
        number = clean(nm1.get(9), 80) if nm1 else ""
        if len(number) < 2:
            number = clean_code(self._inbound_gs[2] if len(self._inbound_gs) > 2 else "", 80)
        return ["NM1", "41", "1" if person else "2", name or UNKNOWN, first, middle, "", "", "46", number]
