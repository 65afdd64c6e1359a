"""Bytes to verdicts: the page to read first.

    bytes ─read──▶ envelopes, loops      findings of the envelope, of the guide   (scrubber.x12)
          ─build─▶ Claim                 never fails                              (scrubber.claims)
          ─judge─▶ findings              the catalogue's edits                    (scrubber.catalogue)
          ─────▶ verdicts                accepted or rejected, and what could not be checked

One pass, one claim at a time: memory holds a claim, what stands above it, and nothing of the claims before.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

from scrubber.catalogue.check import History
from scrubber.catalogue.engine import Engine
from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import load
from scrubber.catalogue.required import reject_unchecked
from scrubber.catalogue.sources import Sources
from scrubber.claims.build import Builder
from scrubber.claims.earlier import EarlierClaims
from scrubber.claims.model import Claim, TransactionKeys
from scrubber.config import Config
from scrubber.finding import Finding, Severity
from scrubber.tables.folder import open_library
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
from scrubber.waivers import EXPIRED, Waivers
from scrubber.x12 import events as x12
from scrubber.x12.loops import Loop
from scrubber.x12.read import read
from scrubber.x12.segments import Delimiters, Source
from scrubber.x12.values import to_date

# Looked up once, not for every claim: the members of an enum are slow to reach.
REJECT = Severity.REJECT
ACCEPTED, REJECTED = ClaimStatus.ACCEPTED, ClaimStatus.REJECTED


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge. ``received`` is the receipt date; without a catalogue the shipped one is loaded."""

    received: date
    catalogue: Catalogue | None = None
    config: Config = field(default_factory=Config)
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    require: Sequence[str] = ()
    """Edits that reject a claim on which they could not be checked (SYS-02); besides the configuration's."""
    profile: str | None = None
    data: Path | None = None
    """Folder of the user's reference tables; without one, only those that are shipped are asked."""
    sources: Sources | None = None
    """The tables, where they are open already; else those of ``data`` are opened."""
    strict: bool = False
    """Let the exception of a crashed edit through (tests); otherwise it becomes SYS-01."""
    history: History | None = None
    """What earlier files held (the watched folder)."""
    reject_unit: str = "claim"
    """``claim``, or ``transaction``: one rejected claim then rejects its whole transaction set."""


def judge(source: str | Path | bytes | BinaryIO, options: Options, *, name: str | None = None) -> Iterator[Event]:
    """Judge one file and yield what happens, in file order.

    ``source`` is a path, the file's bytes, or a binary stream (``-`` is standard input). Bad data never raises: it
    becomes findings, or a FileEnd with ``error``. So does a file that cannot be opened. Raises ConfigError for names
    in the options that the catalogue does not know.
    """
    engine = make_engine(options)
    path = name or (source if isinstance(source, str) else str(source) if isinstance(source, Path) else "-")
    yield FileStart(path)
    with contextlib.ExitStack() as stack:
        try:
            stream = _open(source, stack)
            yield from _Judge(engine, Source(stream, path), whole_sets=options.reject_unit == "transaction").events()
        except OSError as error:
            reason = f"The file cannot be read: {error.strerror or type(error).__name__}"
            yield FileEnd(path, "", 0, "unreadable", (), reason)


def open_sources(data: Path | None) -> Sources:
    """The reference tables: the user's from a folder, and those that are shipped. They stay as they are now, whatever
    is imported meanwhile. Raises StoreError (a ConfigError) for a store that cannot be read."""
    return Sources(open_library(data) if data else None)


def make_engine(options: Options) -> Engine:
    """The edits, set up for a run. Raises ConfigError for settings that name what is not there."""
    config = replace(options.config, profile=options.profile) if options.profile else options.config
    if options.require:
        config = replace(config, require=(*config.require, *options.require))
    engine = Engine(
        options.catalogue or load(config.packs),
        options.sources or open_sources(options.data),
        received=options.received,
        config=config,
        select=options.select,
        ignore=options.ignore,
        strict=options.strict,
        history=options.history,
    )
    Waivers(config, engine.catalogue, options.received)  # Refused now, while nothing is written yet.
    return engine


def _open(source: str | Path | bytes | BinaryIO, stack: contextlib.ExitStack) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if isinstance(source, str | Path):
        if str(source) == "-":
            return sys.stdin.buffer
        return stack.enter_context(open(source, "rb"))
    return source


class _Judge:
    """Judges the claims of one source."""

    def __init__(self, engine: Engine, source: Source, *, whole_sets: bool = False) -> None:
        self.engine = engine
        self.source = source
        self.rename = engine.catalogue.rename
        self.earlier = EarlierClaims()
        self.waivers = Waivers(engine.config, engine.catalogue, engine.received).of_file(source.path)
        self.selection = engine.selection
        self.settled: dict[int, tuple[Finding, Finding | None]] = {}
        """Findings of the open set as they are told, by the id of what the reader found."""
        self.by_claim = engine.config.acks.syntax == "claim"
        self.whole_sets = whole_sets
        self.found: list[Finding] = []
        """Findings above the claims, the whole file's."""
        self.accepted = self.rejected = 0
        self.error: str | None = None
        self.interchange: x12.InterchangeOpened | None = None
        self.group: x12.GroupOpened | None = None
        self.group_sets: list[SetStatus] = []
        self.group_accepted = self.interchange_accepted = 0
        """Claims accepted so far under the open group and interchange, which may still be rejected with them."""

    def events(self) -> Iterator[Event]:
        for event in read(self.source):
            if type(event) is x12.ClaimRead:
                if not self.started:
                    yield self._start_set()
                if (verdict := self._claim(event.loop, event.delimiters)) is not None:
                    yield verdict
                continue
            match event:
                case x12.SetOpened():
                    self._open_set(event)
                case x12.SetClosed():
                    yield from self._close_set(event)
                case x12.GroupOpened(gs=gs, offset=offset):
                    self.group = event
                    self.group_sets = []
                    self.group_accepted = 0
                    self.before_group = self.earlier.mark()
                    yield GroupStart(gs, offset, gs[6] if len(gs) > 6 else "")
                case x12.GroupClosed():
                    yield self._close_group(event)
                case x12.InterchangeOpened(isa=isa, delimiters=delimiters, offset=offset):
                    self.interchange = event
                    self.interchange_accepted = 0
                    self.before_interchange = self.earlier.mark()
                    yield InterchangeStart(isa, delimiters, offset, isa[13], event.wrapped)
                case x12.InterchangeClosed():
                    yield from self._close_interchange(event)
                case x12.Unreadable(reason=reason):
                    self.error = reason
        yield self._end()

    # One transaction set -------------------------------------------------------------------------------------------

    def _open_set(self, event: x12.SetOpened) -> None:
        assert self.interchange is not None
        isa = self.interchange.isa
        gs = self.group.gs if self.group else []
        self.set = event
        self.started = False
        self.keys = TransactionKeys(
            interchange=isa[13], group=gs[6] if len(gs) > 6 else "", control_number=_get(event.st, 2)
        )
        self.builder: Builder | None = None
        self.claims = 0
        self.set_accepted = 0
        self.before_set = self.earlier.mark()
        self.above: list[Finding] = []
        self.plain: Finding | None = None
        """The first fault of this set against the X12 standard itself, inside a claim."""
        self.hopeless: Finding | None = None
        """The first fault that leaves a claim without what a 277CA must say of it."""
        self.headless = False
        """Whether claims stand under a level whose HL is missing: nobody can be sure whose they are."""
        self.first: Finding | None = None
        """What rejects the first claim, where one rejects the set."""
        self.structural_codes: set[str] = set()
        self.settled.clear()

    def _start_set(self) -> SetStart:
        self.started = True
        root = self.set.loop
        submitter = root.child("1000A")
        receiver = root.child("1000B")
        bht = root.index.get("BHT")
        if bht is not None:
            self.keys = replace(self.keys, kind=bht.get(6), created=to_date(bht.get(4)))
        return SetStart(
            self.set.st,
            self.set.offset,
            _get(self.set.st, 2),
            bht,
            submitter.index.get("NM141") if submitter else None,
            receiver.index.get("NM140") if receiver else None,
        )

    def _claim(self, loop: Loop, delimiters: Delimiters) -> ClaimVerdict | None:
        """The verdict on a claim; None where there is no claim to speak of."""
        structural = [s for f in loop.findings if (s := self._settle_one(f))] if loop.findings else []
        if self.builder is None or self.builder.delimiters is not delimiters:
            self.builder = Builder(delimiters, self.keys)
        claim = self.builder.build(loop)
        if claim is None:
            # Lines without a CLM: what was found stands above the claims.
            self.above.extend(structural)
            for finding in structural:
                self._weigh(finding, None)
            return None
        self.claims += 1
        above = self._above(loop)
        mark = self.earlier.mark()
        met = self.earlier.meet(claim)
        judgement = self.engine.judge(claim, [*structural, *above] if structural or above else (), met)
        for level, finding in judgement.above:
            if self.waivers:
                finding = self.waivers.weigh(claim, finding, above=True)
            level.findings.append(finding)
            self.above.append(finding)
            above.append(finding)
        own = judgement.own
        unchecked = judgement.unchecked
        if unchecked and self.selection.demands:
            unanswered = reject_unchecked(self.engine, claim, unchecked)
            own = sorted([*own, *unanswered], key=lambda f: f.sort_key)
        if self.waivers:
            own = self.waivers.apply(claim, own)
        if not structural and not above:
            findings: tuple[Finding, ...] = tuple(own)
        else:
            if structural:
                own = sorted([*structural, *own], key=lambda f: f.sort_key)
            inherited = [replace(f, inherited=True) for f in above if f.severity is REJECT]
            findings = (*inherited, *own)
        rejected = False
        syntax = False
        for finding in findings:
            if finding.severity is REJECT:
                rejected = True
                syntax = syntax or "ik3" in finding.values
        for finding in structural:
            self._weigh(finding, claim)
        if self.by_claim and not self.headless:
            self.headless = _is_headless(loop)
        if rejected:
            self.rejected += 1
            self.earlier.drop(mark)
            if self.whole_sets and self.first is None:
                self.first = replace(next(f for f in findings if f.severity is REJECT), inherited=False)
        else:
            self.accepted += 1
            self.set_accepted += 1
        return ClaimVerdict(
            claim,
            self.claims,
            REJECTED if rejected else ACCEPTED,
            findings,
            unchecked,
            claim.billing,
            bool(above) and self._provider_rejected(loop),
            claim.subscriber,
            syntax,
        )

    def _above(self, loop: Loop) -> list[Finding]:
        """What was found in the loops that this claim stands under, outermost first."""
        found: list[Finding] = []
        outer = loop.parent
        while outer is not None:
            if outer.findings:
                found[:0] = self._settle(outer.findings)
            outer = outer.parent
        return found

    def _settle(self, findings: Iterable[Finding]) -> list[Finding]:
        """Findings as they are told: structural ones by the name and severity that the catalogue and the configuration
        give them, and only those that are wanted. Findings above claims come by here for every claim under them."""
        settled = []
        for finding in findings:
            known = self.settled.get(id(finding))
            if known is None:
                # The finding is kept beside its answer: its id must not be another's while we go by it.
                known = self.settled[id(finding)] = (finding, self._settle_one(finding))
            if known[1] is not None:
                settled.append(known[1])
        return settled

    def _settle_one(self, finding: Finding) -> Finding | None:
        if not (finding.edit.startswith("X12-") or "ik3" in finding.values):
            return finding  # The engine has seen to it.
        finding = self.rename(finding)
        said = self.engine.config.severity.get(finding.edit)
        if said == "off" or not self.engine.selection.has(finding.edit):
            return None
        return replace(finding, severity=Severity(said)) if said and said != finding.severity else finding

    def _provider_rejected(self, loop: Loop) -> bool:
        provider = loop.up("2000A")
        return provider is not None and any(f.severity is REJECT for f in provider.findings)

    def _weigh(self, finding: Finding, claim: Claim | None) -> None:
        """Note what a structural fault inside a claim means for its set."""
        if finding.severity is not REJECT or "ik3" not in finding.values:
            return
        code = finding.values.get("ik4") or finding.values["ik3"]
        plain = not code.startswith("I")
        self.structural_codes.add("5" if plain else "I5")
        if plain and self.plain is None:
            self.plain = finding
        if self.hopeless is None and (claim is None or not _answerable(claim)):
            self.hopeless = finding

    def _close_set(self, event: x12.SetClosed) -> Iterator[Event]:
        if not self.started:
            yield self._start_set()
        closing = self._settle(event.findings)
        findings = sorted([*closing, *self.above], key=lambda f: f.sort_key)
        self.found.extend(findings)
        status, codes, cause = self._fate(closing)
        if status is SetStatus.REJECTED:
            self._reject(self.set_accepted)
            self.earlier.drop(self.before_set)
        else:
            self.group_accepted += self.set_accepted
        self.group_sets.append(status)
        yield SetEnd(status, tuple(findings), event.segments, self.claims, codes, cause)

    def _fate(self, closing: Iterable[Finding]) -> tuple[SetStatus, tuple[str, ...], Finding | None]:
        """IK501 with its codes, and what rejects the set as a whole.

        Rejected: a fault of the set's own envelope or header; a fault against the X12 standard (configurable: the
        claim alone then answers for it); a fault that leaves no compliant 277CA for some claim (X12 RFI 1575). Other
        faults are accepted with errors: the claims they touch are rejected on the 277CA, or, where the unit of
        rejection is the set, all of its claims.
        """
        envelope: list[str] = []
        by_claim = self.by_claim and not self.headless
        cause: Finding | None = None
        errors = bool(self.structural_codes)
        for finding in closing:
            if finding.severity is not REJECT:
                continue
            errors = True
            if finding.edit.startswith("X12-IK5-"):
                envelope.append(finding.edit[8:])
                cause = cause or finding
                continue
            code = finding.values.get("ik4") or finding.values.get("ik3", "")
            plain = not code.startswith("I")
            self.structural_codes.add("5" if plain else "I5")
            header = finding.where.loop in (None, "1000A", "1000B")
            if header or (plain and not by_claim):
                cause = cause or finding
        if not by_claim:
            cause = cause or self.plain
        cause = cause or self.hopeless or self.first
        codes = tuple(dict.fromkeys([*envelope, *sorted(self.structural_codes)]))[:5]
        if cause is not None:
            return SetStatus.REJECTED, codes, cause
        if errors:
            return SetStatus.ACCEPTED_WITH_ERRORS, codes, None
        return SetStatus.ACCEPTED, (), None

    def _reject(self, claims: int) -> None:
        """Claims that were accepted go down with the envelope around them."""
        self.accepted -= claims
        self.rejected += claims

    # Envelopes -------------------------------------------------------------------------------------------------------

    def _close_group(self, event: x12.GroupClosed) -> GroupEnd:
        findings = self._settle(event.findings)
        self.found.extend(findings)
        faults = [f for f in findings if f.severity is REJECT]
        statuses = self.group_sets
        good = sum(s is not SetStatus.REJECTED for s in statuses)
        if faults or not good:
            status, good = "R", 0
            self._reject(self.group_accepted)
            self.earlier.drop(self.before_group)
            self.group_accepted = 0
        elif good < len(statuses):
            status = "P"
        else:
            status = "E" if SetStatus.ACCEPTED_WITH_ERRORS in statuses else "A"
        codes = tuple(dict.fromkeys(f.edit[8:] for f in faults))[:5]
        self.group = None
        self.interchange_accepted += self.group_accepted
        return GroupEnd(status, _get(event.ge or [], 1), event.sets, good, tuple(findings), codes)

    def _close_interchange(self, event: x12.InterchangeClosed) -> Iterator[Event]:
        findings = self._settle(event.findings)
        self.found.extend(findings)
        interchange, self.interchange = self.interchange, None
        if interchange is None:
            return  # Text after the last interchange: the finding stands in the file's list.
        softened = self.engine.config.acks.ta1_control_faults == "note"
        faults = [f for f in findings if f.severity is REJECT]
        hard = [f for f in faults if not (softened and f.edit in ("X12-TA1-001", "X12-TA1-021"))]
        status = "R" if hard else "E" if faults else "A"
        note = (hard or faults)[0].edit[8:] if faults else "000"
        if status == "R":
            self._reject(self.interchange_accepted)
            self.earlier.drop(self.before_interchange)
        due = status == "R" or interchange.isa[14] == "1"
        yield InterchangeEnd(status, note, due, tuple(findings), hard[0] if hard else None)

    def _end(self) -> FileEnd:
        if self.waivers and self.error is None and self.selection.has(EXPIRED):
            self.found.extend(self.waivers.expired())
        if self.error is not None:
            status = "unreadable"
        elif self.rejected == 0 and not any(f.severity is REJECT for f in self.found):
            status = "accepted"
        else:
            status = "partial" if self.accepted else "rejected"
        return FileEnd(self.source.path, self.source.sha256, self.source.size, status, tuple(self.found), self.error)


def _is_headless(claim: Loop) -> bool:
    """Whether a level above a claim has no HL."""
    return any(not level.segments or level.segments[0].id != "HL" for level in claim.around()[1:-1])


def _answerable(claim: Claim) -> bool:
    """Whether a 277CA can still say of this claim all that it must: names, control number, charge, dates, provider."""
    return bool(
        claim.id
        and claim.charge is not None
        and claim.service_from
        and claim.patient
        and claim.patient.last
        and claim.subscriber
        and claim.subscriber.member_id
        and claim.billing
        and claim.billing.name
    )


def _get(elements: Sequence[str], number: int) -> str:
    return elements[number] if number < len(elements) else ""
