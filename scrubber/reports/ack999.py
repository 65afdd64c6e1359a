"""999 (005010X231A1): the structural faults of a functional group, and which of its transaction sets were accepted.

One 999 for each inbound group, one AK2 for each set, accepted sets too. Segments whose id X12 does not know stand in
no IK3, for the IK3 would itself be invalid (X12 RFI 1257): IK5 alone tells of them. A missing segment is reported at
the position where it should have stood. No 999 follows where the whole interchange was refused (TA1 R).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scrubber.finding import Finding, Severity
from scrubber.reports.annotate import FINDING, annotate, explain, say_group, wrap
from scrubber.reports.answering import Answering
from scrubber.reports.entries import BUSINESS, FUNCTIONAL, Entries
from scrubber.reports.faults import Fault, read_fault, write_fault_group
from scrubber.reports.outbound import UNKNOWN, AckOptions, Numbers, build_gs, clean
from scrubber.reports.scroll import Mark, Scroll
from scrubber.reports.vocabulary import read_vocabulary
from scrubber.spelling import count
from scrubber.verdict import (
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

VERSION = "005010X231A1"

MOST_FAULTS = 10_000
"""Faults of one transaction set that are listed. Further ones are counted in the rendering; IK5 counts them in."""

MOST_NOTES = 1_000
"""Faults that only IK5 tells of and the rendering explains, for one transaction set."""

SET_LEVEL, GROUP_LEVEL = "X12-IK5-", "X12-AK9-"


@dataclass(slots=True)
class _Set:
    """A transaction set of the open group, as far as it must wait for the group's end. The spool holds its faults,
    from ``start`` to ``end``, and then what is said under IK5, up to ``last``."""

    start: Mark
    end: Mark
    last: Mark
    status: str
    codes: list[str]
    claims: int


@dataclass(slots=True)
class _Open:
    """A transaction set being read."""

    st: list[str]
    faults: list[Fault] = field(default_factory=list)
    uncounted: int = 0
    codes: dict[str, None] = field(default_factory=dict)
    """IK502 codes, in order."""
    notes: list[str] = field(default_factory=list)
    """What IK5 tells of, in words: faults of the set itself, and those on segments that X12 does not know."""

    def note(self, text: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(text)
        else:
            self.uncounted += 1


class Ack999:
    """Writes one interchange of 999s for each inbound interchange. Feed it every event of the pipeline in order."""

    def __init__(self, page: Scroll, spool: Scroll, options: AckOptions, numbers: Numbers, entries: Entries) -> None:
        self._page = page
        self._spool = spool
        self._options = options
        self._numbers = numbers
        self._entries = entries
        self._answer = Answering(page, options, numbers, "999, the answer to the format of a file")
        self._gs: list[str] | None = None
        self._sets: list[_Set] = []
        self._unnamed = 0
        self._good = 0
        self._open: _Open | None = None

    def handle(self, event: Event) -> None:
        """Take the next event of the pipeline."""
        if isinstance(event, ClaimVerdict):
            if event.findings and self._open:
                self._take(event.findings)
        elif isinstance(event, SetStart):
            self._open = _Open(event.st) if self._gs is not None else None
        elif isinstance(event, SetEnd):
            self._end_set(event)
        elif isinstance(event, GroupStart):
            # A 999 is never answered with a 999.
            self._gs = event.gs if len(event.gs) > 1 and event.gs[1] != "FA" else None
            self._sets, self._unnamed, self._good = [], 0, 0
            self._spool.clear()
        elif isinstance(event, GroupEnd):
            self._end_group(event)
        elif isinstance(event, InterchangeStart):
            self._answer.begin(event)
        elif isinstance(event, InterchangeEnd):
            self._answer.end(event.status != "R")
        elif isinstance(event, FileStart):
            self._answer.name(event)

    def close(self) -> None:
        """The events are over: an interchange that did not end is taken back."""
        self._answer.end(False)

    def _take(self, findings: Iterable[Finding]) -> None:
        """Keep what this 999 will tell, as short values."""
        opened = self._open
        if opened is None:
            return
        for finding in findings:
            if finding.inherited or finding.severity is not Severity.REJECT:
                continue
            if self._entries.acknowledged_on(finding) != FUNCTIONAL:
                continue
            if finding.edit.startswith(GROUP_LEVEL):
                continue
            if finding.edit.startswith(SET_LEVEL):
                opened.codes[finding.edit.removeprefix(SET_LEVEL)] = None
                opened.note(explain(self._entries, [finding]))
                continue
            fault = read_fault(finding, self._entries)
            opened.codes["I5" if fault.breaks_guide else "5"] = None
            if fault.unnamed:
                opened.note(explain(self._entries, [finding]))
            elif len(opened.faults) < MOST_FAULTS:
                opened.faults.append(fault)
            else:
                opened.uncounted += 1

    def _end_set(self, event: SetEnd) -> None:
        opened = self._open
        self._open = None
        self._good += event.status != "R"
        if opened is None:
            return
        # Findings above the claims come last but belong first: they must not fall victim to the limit.
        inside, opened.faults = opened.faults, []
        self._open = opened
        self._take(event.findings)
        self._open = None
        faults = sorted(opened.faults + inside, key=lambda f: f.order)
        opened.uncounted += max(0, len(faults) - MOST_FAULTS)
        del faults[MOST_FAULTS:]
        ak2 = _build_ak2(opened.st)
        if ak2 is None:
            self._unnamed += 1
            return
        start = self._spool.mark()
        self._spool.write(*annotate(ak2, f"About transaction set {ak2[2]} ({ak2[1]}{_version(ak2)})."))
        write_fault_group(self._spool, faults, self._entries, self._options.cut_loops)
        known = read_vocabulary().ik502
        codes = dict.fromkeys(c for c in (*event.codes, *opened.codes) if c in known)
        end = self._spool.mark()
        notes = "".join(opened.notes)
        if opened.uncounted:
            are = "is" if opened.uncounted == 1 else "are"
            notes += wrap(f"{count(opened.uncounted, 'further error')} {are} not listed.", FINDING)
        self._spool.write("", notes, 0)
        status = self._status(event, bool(codes))
        self._sets.append(_Set(start, end, self._spool.mark(), status, list(codes)[:5], event.claims))

    def _status(self, event: SetEnd, faulty: bool) -> str:
        """IK501. A set that business reasons alone reject is accepted here: a 999 does not tell of them."""
        if event.cause is not None and self._entries.acknowledged_on(event.cause) == BUSINESS:
            return "E" if faulty else "A"
        return "E" if faulty and event.status == "A" else event.status.value

    def _end_group(self, event: GroupEnd) -> None:
        gs, self._gs = self._gs, None
        if gs is None or not self._answer.is_open:
            return
        page, words = self._page, read_vocabulary()
        codes = dict.fromkeys(event.codes)
        codes |= dict.fromkeys(
            f.edit.removeprefix(GROUP_LEVEL) for f in event.findings if f.edit.startswith(GROUP_LEVEL)
        )
        if self._unnamed:  # A set that AK2 cannot name (X12 RFI 1339).
            codes["5"] = None
        kept = [c for c in codes if c in words.ak905][:5]
        rejected = refuses_group(event, self._good) or bool(self._unnamed)
        out = build_gs(self._options, "FA", gs, self._numbers.take_group(), VERSION)
        page.write(*annotate(out, say_group(out, "999")))
        begin = page.segments
        st = ["ST", "999", self._numbers.take_set(), VERSION]
        page.write(*annotate(st, f"Beginning of 999 number {st[2]}."))
        ak1 = _build_ak1(gs)
        page.write(*annotate(ak1, f"Answers group {ak1[2]} (kind {ak1[1]}, guide {ak1[3]})."))
        for each in self._sets:
            page.append(self._spool, each.start, each.end)
            self._end_ak2(each, rejected)
        accepted = 0 if rejected else sum(s.status != "R" for s in self._sets)
        status = self._group_status(event.status, rejected, accepted, bool(kept))
        received = max(event.sets_received, len(self._sets) + self._unnamed)
        declared = event.sets_declared.strip()
        if not (declared.isascii() and declared.isdigit() and len(declared) <= 6):
            declared = str(received)
        says = (
            f"The group was {words.ak901[status]}. Transaction sets: {declared} announced, {received} received, "
            f"{accepted} accepted. {_sentences(words.ak905[c] for c in kept)}"
        )
        reasons = (f for f in event.findings if self._entries.acknowledged_on(f) == FUNCTIONAL)
        page.write(
            *annotate(
                ["AK9", status, declared, str(received), str(accepted), *kept],
                says.rstrip(),
                explain(self._entries, reasons),
            )
        )
        segments = page.segments - begin + 1
        page.write(*annotate(["SE", str(segments), st[2]], f"End of 999 number {st[2]}: {segments} segments."))
        page.write(*annotate(["GE", "1", out[6]], f"End of group {out[6]}."))
        self._answer.groups += 1
        self._sets = []

    def _end_ak2(self, each: _Set, group_rejected: bool) -> None:
        words = read_vocabulary()
        status = "R" if group_rejected else each.status
        says = f"The transaction set was {words.ik501[status]}. {_sentences(words.ik502[c] for c in each.codes)}"
        if group_rejected and each.status != "R":
            says = "The transaction set was rejected because its group was: see AK9 below."
        if status == "R" and each.claims:
            says = f"{says.rstrip()} Claims in it: {each.claims}; no 277CA speaks of them."
        self._page.write(*annotate(["IK5", status, *each.codes], says.rstrip()))
        self._page.append(self._spool, each.end, each.last)

    def _group_status(self, told: str, rejected: bool, accepted: int, faulty: bool) -> str:
        """AK901, which must agree with the IK501s above it."""
        if rejected or (self._sets and not accepted):
            return "R"
        if accepted < len(self._sets):
            return "P"
        errors = faulty or told == "E" or any(s.status == "E" for s in self._sets)
        return "E" if errors else "A"


def refuses_group(event: GroupEnd, good: int) -> bool:
    """Whether a group is refused as such, not because its sets were; ``good`` is how many of these were not."""
    named = event.codes or any(f.edit.startswith(GROUP_LEVEL) for f in event.findings)
    return event.status == "R" and bool(named or good)


def _sentences(clauses: Iterable[str]) -> str:
    return " ".join(f"{c[0].upper()}{c[1:]}." for c in clauses)


def _version(ak2: Sequence[str]) -> str:
    return f", guide {ak2[3]}" if len(ak2) > 3 else ""


def _build_ak1(gs: Sequence[str]) -> list[str]:
    """AK1 of a group. What cannot be echoed has a fallback: kind HC, number 0, guide ``UNKNOWN``."""
    kind = gs[1] if len(gs[1]) == 2 and gs[1].isascii() and gs[1].isupper() and gs[1].isalpha() else "HC"
    number = gs[6].strip() if len(gs) > 6 else ""
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        number = "0"
    version = clean(gs[8], 12) if len(gs) > 8 else ""
    return ["AK1", kind, number, version or UNKNOWN]


def _build_ak2(st: Sequence[str]) -> list[str] | None:
    """AK2 of a set, or None where ST01 or ST02 is too damaged to name it."""
    kind = st[1] if len(st) > 1 else ""
    number = st[2] if len(st) > 2 else ""
    if not (len(kind) == 3 and kind.isalnum() and kind.isascii()):
        return None
    if not 4 <= len(number) <= 9 or clean(number, 9) != number:
        return None
    version = clean(st[3], 35) if len(st) > 3 else ""
    return ["AK2", kind, number, *([version] if version else [])]
