"""The report for people: file by file, claim by claim, what is wrong, where, why, and what to do about it.

Clean claims are counted, not listed. What stands above several claims (a billing provider, a subscriber) is told once,
where its first claim stands. Why an edit exists and who says so is told at its first finding of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from scrubber.catalogue.entry import Citation
from scrubber.claims.model import Claim
from scrubber.finding import Answered, Finding, Severity
from scrubber.reports.folds import Fold, find_fold
from scrubber.reports.glimpse import Glimpse, Sight, find_segment
from scrubber.reports.held import Docket, judge_envelope
from scrubber.reports.prose import Mark, Page, harmless, money
from scrubber.reports.report import Run
from scrubber.reports.standing import (
    OWNERS,
    PROVIDER,
    TRANSACTION,
    by_weight,
    first,
    is_beside,
    key_of,
    owner_of,
    say_other_claim,
    say_place,
    say_waiver,
)
from scrubber.reports.summary import summarise
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.spelling import count
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
    TableUsed,
)

LABEL = 8
"""Columns of the words (``Why``, ``Fix``) that stand before a paragraph."""

RELATED = 3
"""Places that a finding shows beside its own."""

CHUNK = 1 << 20
"""Bytes copied at a time."""

_FATE = "\x01"
"""Stands in a held claim where its status goes. No other text here holds control characters."""


class TextReport:
    """``--format text``.

    ``verbose`` lists the accepted claims too and tells every finding in full; ``quiet`` leaves out all but findings.
    ``look`` opens the file again to show segments above the claims; without it their text is not shown.
    """

    def __init__(
        self,
        out: BinaryIO,
        wording: Wording,
        run: Run,
        page: Page | None = None,
        *,
        verbose: bool = False,
        quiet: bool = False,
        glimpse: Glimpse | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self._out = out
        self._wording = wording
        self._run = run
        self._page = page or Page()
        self._verbose = verbose
        self._quiet = quiet
        self._glimpse = glimpse
        self._encoding = encoding
        self._docket = Docket(self._doom, self._put)
        self._interchange = self._group = self._set = ""
        self._fold: Fold | None = None
        self._first_file = True
        self._heading = ""
        """Path of the file, until something is said of it."""
        self._short = False
        self._told: set[tuple[str, int, int]] = set()
        """Findings above the claims that have been told, by edit, segment and byte."""
        self._sights: dict[tuple[str, int, int], Sight] = {}
        """Segments of the set's header that findings point at, until they are told."""
        self._explained: set[tuple[str, tuple[Answered, ...]]] = set()
        """Edits that this file's part has explained."""
        self._tally = Tally()
        """Of the files of this piece."""

    # Events ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        pass

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        if not self._quiet:
            self._separate()
            self._write(summarise(tally, tables, self._wording, self._run, self._page))

    def take_in(self, piece: BinaryIO) -> None:
        import shutil

        start = piece.read(CHUNK)
        if start:  # A quiet report says nothing of a clean file.
            self._separate(short=start.count(b"\n") == 1)
            self._out.write(start)
            shutil.copyfileobj(piece, self._out, CHUNK)

    def handle(self, event: Event) -> None:
        claims = self._tally.open_claims(event)
        self._tally.handle(event)
        if type(event) is ClaimVerdict:
            self._claim(event)
        elif isinstance(event, SetStart):
            self._set = event.control_number
            self._told = {key for key in self._told if key[1] == 0}
            self._sights = {}
        elif isinstance(event, SetEnd):
            self._close(event, f"Transaction set {harmless(self._set)}", claims)
        elif isinstance(event, GroupStart):
            self._group = event.control_number
        elif isinstance(event, GroupEnd):
            self._close(event, f"Functional group {harmless(self._group)}", claims)
        elif isinstance(event, InterchangeStart):
            self._interchange = event.control_number
            self._fold = find_fold(event)
            if self._glimpse:
                self._glimpse.delimiters, self._glimpse.fold = event.delimiters, self._fold
        elif isinstance(event, InterchangeEnd):
            self._close(event, f"Interchange {harmless(self._interchange)}", claims)
        elif isinstance(event, FileStart):
            self._told, self._explained = set(), set()
            if self._glimpse:
                self._glimpse.open(event.path)
            self._heading = self._page.paint(harmless(event.path), "strong")
        elif isinstance(event, FileEnd):
            self._close_file(event)

    def _separate(self, short: bool = False) -> None:
        """A blank line between files, but not between two of which there is nothing to say."""
        if not (self._first_file or (short and self._short)):
            self._out.write(b"\n")
        self._first_file = False
        self._short = short

    def _write(self, text: str) -> None:
        self._write_bytes(text.encode(self._encoding, "replace"))

    def _write_bytes(self, text: bytes) -> None:
        """Write; before the first text about a file stands its path."""
        if self._heading:
            heading, self._heading = self._heading, ""
            self._separate()
            self._out.write(f"{heading}\n".encode(self._encoding, "replace"))
        self._out.write(text)

    # Claims ------------------------------------------------------------------------------------------------------

    def _claim(self, verdict: ClaimVerdict) -> None:
        rejected = verdict.status is ClaimStatus.REJECTED
        if not verdict.findings and (not rejected or verdict.known) and not self._verbose:
            return
        claim = verdict.claim
        inherited = sorted((f for f in verdict.findings if f.inherited), key=lambda f: OWNERS.index(owner_of(f.where)))
        own = [f for f in verdict.findings if not f.inherited]
        text = self._told_above(inherited, claim)
        text += "\n" if verdict.findings else ""
        text += f"{_FATE}{self._claim_header(claim)}\n"
        if inherited:
            because = ", ".join(dict.fromkeys(f"{f.edit} (the {owner_of(f.where)})" for f in inherited))
            text += self._page.paragraph(f"Rejected with what stands above it: {because}, see above.", 2)
        text += "".join(
            self._finding(f, find_segment(claim.loop, f.where, claim.delimiters.element, self._fold))
            for f in by_weight(own)
        )
        self._docket.add(("R" if rejected else "A").encode() + text.encode(self._encoding, "replace"))

    def _claim_header(self, claim: Claim) -> str:
        first, last = claim.service_from, claim.service_to
        day = "day unknown" if first is None else str(first) if last in (None, first) else f"{first} to {last}"
        if self._run.redacted:
            parts = [claim.id.capitalize()]
        else:
            parts = [f"Claim {harmless(claim.id) or '(no number)'}", f"service {day}", f"charge {money(claim.charge)}"]
            if claim.payer and claim.payer.name:
                parts.append(harmless(claim.payer.name))
        return self._page.paint(" | ".join(parts), "strong")

    @staticmethod
    def _doom(entry: bytes, cause: Finding | None) -> bytes:
        return b"R" + entry[1:] if entry[:1] == b"A" else entry

    def _put(self, entry: bytes) -> None:
        """A claim with the status that it has in the end, or text about what stands above the claims."""
        kind, text = entry[:1], entry[1:]
        if kind != b"T":
            fate = self._page.paint("REJECTED", "reject") if kind == b"R" else self._page.paint("accepted", "good")
            text = text.replace(_FATE.encode(), f"{fate}  ".encode(), 1)
        self._write_bytes(text)

    # What stands above the claims --------------------------------------------------------------------------------

    def _close(self, event: SetEnd | GroupEnd | InterchangeEnd, what: str, claims: int) -> None:
        """An envelope is over: what is to be said of it stands before its claims."""
        page = self._page
        lost, cause = judge_envelope(event)
        news = [f for f in event.findings if self._is_news(f)]
        text = ""
        if lost:
            here = cause is not None and any(key_of(f) == key_of(cause) for f in news)
            text = self._lost(cause, what, claims, here)
            news = first(cause, by_weight(news))
        elif news:
            text = f"\n{page.paint(what, 'strong')}\n"
            news = by_weight(news)
        text += "".join(self._finding(f, self._look(f)) for f in news)
        self._docket.close(event, b"T" + text.encode(self._encoding, "replace") if text else b"")

    def _lost(self, cause: Finding | None, what: str, claims: int, here: bool) -> str:
        page = self._page
        with_it = f", and with it {'its claim' if claims == 1 else f'all its {claims:,} claims'}" if claims else ""
        text = f"\n{page.paint('REJECTED', 'reject')}{page.paint(f'  {what}{with_it}', 'strong')}\n"
        if not claims:
            return text
        because = ""
        if cause is not None:
            named = f" in claim {harmless(cause.where.claim)}" if cause.where.claim else ""
            there = "" if here else ", told below"
            because = f" because of {cause.edit} ({self._wording.entry(cause.edit).name}){named}{there}"
        return text + page.paragraph(
            f"It comes back as a whole{because}. No claim of it is taken, faultless ones included: correct this first.",
            2,
        )

    def _look(self, finding: Finding) -> Sight | None:
        kept = self._sights.pop(key_of(finding), None)
        return kept or (self._glimpse.segment(finding.where) if self._glimpse else None)

    def _is_news(self, finding: Finding) -> bool:
        key = key_of(finding)
        if key in self._told:
            return False
        self._told.add(key)
        return True

    def _told_above(self, findings: Iterable[Finding], claim: Claim) -> str:
        """Findings that reject this claim and those after it, each told once, under whose they are."""
        text, last = "", ""
        for finding in findings:
            sight = find_segment(claim.loop, finding.where, claim.delimiters.element, self._fold)
            owner = owner_of(finding.where)
            if owner == TRANSACTION:
                # Told when the set is over, with what else is wrong with the set as a whole.
                if sight and key_of(finding) not in self._told:
                    self._sights[key_of(finding)] = sight
            elif self._is_news(finding):
                if owner != last:
                    what = f"  {self._name_owner(owner, claim)}, and with it every claim under it"
                    text += f"\n{self._page.paint('REJECTED', 'reject')}{self._page.paint(what, 'strong')}\n"
                text += self._finding(finding, sight)
                last = owner
        return text

    def _name_owner(self, owner: str, claim: Claim) -> str:
        """``Billing provider CEDAR BRIDGE (NPI 2990001010)``, ``Subscriber of claim 17``: never a patient's name."""
        if owner != PROVIDER:
            called = harmless(claim.id)
            return f"{owner.capitalize()} of {called if self._run.redacted else f'claim {called}'}"
        billing = claim.billing
        if billing is None:
            return owner.capitalize()
        return (
            f"{owner.capitalize()} {harmless(billing.name)}{f' (NPI {harmless(billing.npi)})' if billing.npi else ''}"
        )

    def _close_file(self, event: FileEnd) -> None:
        self._docket.close(event)
        if news := [f for f in event.findings if self._is_news(f)]:
            self._write(f"\n{self._page.paint('The file', 'strong')}\n")
            self._write("".join(self._finding(f, self._look(f)) for f in by_weight(news)))
        if event.error is not None:
            self._write("\n" + self._page.paragraph(event.error, 0, self._page.paint("NOT JUDGED", "reject"), 12))
        if self._heading and not self._quiet:
            heading, self._heading = self._heading, ""
            self._separate(short=True)
            self._write(f"{heading}: {self._file_line()}\n")
        elif not self._quiet:
            self._write(f"\n{self._file_line()}\n")
        self._heading = ""

    def _file_line(self) -> str:
        file = self._tally.files[-1]
        totals = file.totals
        if not totals.claims:
            return "No claim was read."
        claims = count(totals.claims, "claim")
        if not totals.rejected:
            return f"{claims}, {self._page.paint('accepted' if totals.claims == 1 else 'all accepted', 'good')}."
        if not totals.accepted:
            return f"{claims}, {self._page.paint('rejected' if totals.claims == 1 else 'all rejected', 'reject')}."
        return f"{claims}: {totals.accepted:,} accepted, {self._page.paint(f'{totals.rejected:,} rejected', 'reject')}."

    # Findings ----------------------------------------------------------------------------------------------------

    def _finding(self, finding: Finding, sight: Sight | None) -> str:
        page, entry = self._page, self._wording.entry(finding.edit)
        severity = finding.severity.value
        brief = finding.severity is not Severity.REJECT and not self._verbose
        mark = page.paint(f"{'WAIVED' if finding.waived else severity.upper():<8}", severity)
        text = f"\n  {mark} {page.paint(finding.edit, 'strong')} {page.paint(entry.name, 'faint')}\n"
        text += page.paragraph(entry.message(finding), 4)
        if sight is not None and sight.text.strip() and not brief:
            text += self._sight(finding, sight)
        text += page.paragraph(say_place(finding, sight), 4, "At", LABEL)
        if finding.waived:
            text += page.paragraph(say_waiver(finding.waived), 4, "Waived", LABEL)
        for other in [place for place in finding.related if not is_beside(finding, place)][:RELATED]:
            text += page.paragraph(say_other_claim(other), 4, "With", LABEL)
        told = finding.edit, finding.answered  # Another edition is another source.
        full = self._verbose or not (brief or told in self._explained)
        if full:
            self._explained.add(told)
            text += page.paragraph(entry.why, 4, "Why", LABEL)
        text += page.paragraph(entry.fix, 4, "Fix", LABEL)
        text += self._changes(finding)
        if full and entry.citations:
            cited = _cite(finding, self._wording.citations(finding), self._verbose)
            text += page.paragraph(cited, 4, "Source", LABEL)
        return text

    def _sight(self, finding: Finding, sight: Sight) -> str:
        """The segment with what is wrong marked ``^``, and what it collides with marked ``-``."""
        where = finding.where
        if where.element is None and where.length == 0:
            return self._page.paragraph(f"before {sight.text}", 4)
        marks = [Mark(*sight.stretch(where))] if where.element else []
        for other in finding.related[:RELATED]:
            if other.ordinal == where.ordinal and other.offset != where.offset and is_beside(finding, other):
                marks.append(Mark(*sight.stretch(other), "-"))
        text = self._page.segment(sight.text, marks, 4, finding.severity.value)
        for other in finding.related[:RELATED]:
            beside = sight.beside(other)
            if beside is not None and other.ordinal != where.ordinal and is_beside(finding, other):
                mark = [Mark(*beside.stretch(other), "-")] if other.element else []
                text += self._page.segment(beside.text, mark, 4, "faint")
        return text

    def _changes(self, finding: Finding) -> str:
        if finding.fix is None or not finding.fix.changes:
            return ""
        to = "; ".join(f"{address} = {value or '(empty)'}" for address, value in finding.fix.changes.items())
        asked = "" if finding.fix.safe else ", if the record bears it out"
        return self._page.paragraph(f"{to}{asked}", 4, "Change", LABEL)


def _cite(finding: Finding, citations: Sequence[Citation], verbose: bool) -> str:
    """The first source, or all of them; of several the one that decided, where that is an edition of the user's own."""
    told = []
    own = {answered.table for answered in finding.answered}
    ordered = sorted(citations, key=lambda c: c.source.table not in own) if own else citations
    for citation in ordered if verbose else ordered[:1]:
        source = citation.source
        doubt = "" if source.verified else " (common knowledge of the field, not checked against the text)"
        told.append(f"{source.title}, {source.edition}: {citation.at}{doubt}")
    if len(citations) > len(told):
        told.append(f"{len(citations) - len(told)} more: scrubber explain {finding.edit}")
    return "; ".join(told)
