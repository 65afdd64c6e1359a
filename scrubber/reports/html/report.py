"""``--format html``: the report that a billing person opens, prints and forwards.

One file that needs nothing else: no network, no script. It is written as the claims come, in parts that wait in private
files, since what stands first in it, the totals and what to do, is known last. Memory holds a short record for each
claim of the open interchange (see ``held``), and what is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import BinaryIO
from zlib import crc32

import orjson

from scrubber.claims.model import Claim
from scrubber.finding import Finding, Location, Severity
from scrubber.reports.folds import find_fold
from scrubber.reports.glimpse import Glimpse, Sight, find_segment
from scrubber.reports.held import Docket, judge_envelope
from scrubber.reports.html.back import write_back
from scrubber.reports.html.claim import Teller
from scrubber.reports.html.document import write_contents, write_head
from scrubber.reports.html.front import write_front
from scrubber.reports.html.markup import NOTHING, Markup, tag, together
from scrubber.reports.html.parts import Part, spool
from scrubber.reports.html.words import say_days, say_name
from scrubber.reports.html.worklist import ZERO, Worklist
from scrubber.reports.json_report import exact, legible
from scrubber.reports.prose import money
from scrubber.reports.report import Run
from scrubber.reports.standing import (
    OWNERS,
    PROVIDER,
    TRANSACTION,
    Key,
    by_weight,
    first,
    key_of,
    owner_of,
)
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.spelling import count
from scrubber.tables.icd10cm import Icd10cm
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
from scrubber.x12.segments import Delimiters

WHOLE = 500
"""Claims of a file that are told whole. Of those behind them the segments are shown that findings point at, and why an
edit exists is told once, with a link to it: a file of ten thousand claims must still open."""

NAMED = 3
"""Edits that the line of a claim names."""

REJECT = Severity.REJECT
REJECTED = ClaimStatus.REJECTED


class Html:
    """``--format html``. ``glimpse`` opens the file again to show segments above the claims."""

    def __init__(self, out: BinaryIO, wording: Wording, run: Run, *, glimpse: Glimpse | None = None) -> None:
        self._out = out
        self._wording = wording
        self._run = run
        self._glimpse = glimpse
        self._teller = Teller(wording, Icd10cm.shipped().title, run.redacted)
        self._names = self._teller.names
        self._worklist = Worklist()
        self._rejected, self._warned = Part(), Part()
        self._bodies = spool()
        """What is said of the claims of the open interchange."""
        self._docket = Docket(self._doom, self._put)
        self._whole_run = False
        """Whether this is the report of a run, and not one file's piece of it."""
        self._prefix = ""
        self._claims = self._shown = self._blocks = 0
        self._interchange = self._group = self._set = ""
        self._delimiters: Delimiters | None = None
        self._told: dict[Key, str] = {}
        """Findings above the claims that have been told, and where."""
        self._sights: dict[Key, Sight] = {}
        """Segments of the set's header that findings point at, until they are told."""
        self._tally = Tally()

    # Events ----------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self._whole_run = True

    def handle(self, event: Event) -> None:
        claims = self._tally.open_claims(event)
        self._tally.handle(event)
        if type(event) is ClaimVerdict:
            self._claim(event)
        elif isinstance(event, SetStart):
            self._set = event.control_number
            self._told = {key: anchor for key, anchor in self._told.items() if key[1] == 0}
            self._sights = {}
        elif isinstance(event, SetEnd):
            self._close(event, f"Transaction set {self._set}", claims)
        elif isinstance(event, GroupStart):
            self._group = event.control_number
        elif isinstance(event, GroupEnd):
            self._close(event, f"Functional group {self._group}", claims)
        elif isinstance(event, InterchangeStart):
            self._interchange = event.control_number
            self._delimiters = event.delimiters
            self._teller.fold = find_fold(event)
            if self._glimpse:
                self._glimpse.delimiters, self._glimpse.fold = event.delimiters, self._teller.fold
        elif isinstance(event, InterchangeEnd):
            self._close(event, f"Interchange {self._interchange}", claims)
            self._forget_bodies()
        elif isinstance(event, FileStart):
            self._open_file(event)
        elif isinstance(event, FileEnd):
            self._close_file(event)

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        front = write_front(tally, self._worklist, self._wording, self._run)
        back = write_back(tally, tables, self._names.labels, self._wording, self._run)
        write = self._out.write
        write(write_head(tally, self._run, self._names.labels))
        write(write_contents(self._worklist, self._rejected, self._warned).encode())
        write(b'<main id="main">')
        write(front.encode())
        for part, title, id in (
            (self._rejected, "Rejected claims", "rejected"),
            (self._warned, "Warnings", "warnings"),
        ):
            if not part.empty:
                write(tag("h2", title, id=id).encode())
                part.pour(self._out)
        write(back.encode())
        write(b"</main></body></html>\n")

    def take_in(self, piece: BinaryIO) -> None:
        record = orjson.loads(piece.readline())
        self._worklist.merge(Worklist.load(record["worklist"]))
        self._names.labels |= record["names"]
        for part, described in zip((self._rejected, self._warned), record["parts"], strict=True):
            part.take_in(piece, described)

    def _write_piece(self) -> None:
        """What the process that writes the report must know of this one's file."""
        parts = (self._rejected, self._warned)
        record = {
            "worklist": self._worklist.dump(),
            "names": self._names.labels,
            "parts": [part.describe() for part in parts],
        }
        self._out.write(orjson.dumps(record) + b"\n")
        for part in parts:
            part.copy(self._out)

    # Files -----------------------------------------------------------------------------------------------------------

    def _open_file(self, event: FileStart) -> None:
        self._told = {}
        self._claims = self._shown = self._blocks = 0
        self._teller.open_file()
        self._prefix = f"f{crc32(event.path.encode('utf-8', 'surrogateescape')):08x}"
        heading = tag("h3", legible(event.path), class_="file").encode()
        for part in (self._rejected, self._warned):
            part.heading = heading
        if self._glimpse:
            self._glimpse.open(event.path)

    def _close_file(self, event: FileEnd) -> None:
        self._docket.close(event)
        self._forget_bodies()
        if news := [f for f in event.findings if key_of(f) not in self._told]:
            block = self._above("The file", "", by_weight(news))
            (self._rejected if _rejects(news) else self._warned).write(block.encode())
        for part in (self._rejected, self._warned):
            part.heading = b""
        if not self._whole_run:
            self._write_piece()

    def _forget_bodies(self) -> None:
        self._bodies.seek(0)
        self._bodies.truncate()

    # Claims ----------------------------------------------------------------------------------------------------------

    def _claim(self, verdict: ClaimVerdict) -> None:
        claim = verdict.claim
        self._claims += 1
        findings = verdict.findings
        edits: tuple[list[str], list[str]] = ([], [])
        start = length = 0
        if findings:
            for finding in findings:
                told = edits[finding.severity is not REJECT]
                if finding.edit not in told:
                    told.append(finding.edit)
            inherited = sorted((f for f in findings if f.inherited), key=lambda f: OWNERS.index(owner_of(f.where)))
            above = self._tell_above(inherited, claim)
            self._shown += 1
            if self._shown > WHOLE:
                self._teller.shorten(f"{self._prefix}-{self._claims}")
            body = self._teller.tell_claim(claim, findings, lambda where: self._find(claim, where), above).encode()
            start, length = self._bodies.tell(), len(body)
            self._bodies.write(body)
        record = [
            verdict.status is REJECTED,
            exact(claim.charge),
            *edits,
            self._claims,
            claim.id,
            "" if self._run.redacted else say_days(claim.service_from, claim.service_to),
            claim.payer.name if claim.payer is not None else "",
            start,
            length,
            None,
        ]
        self._docket.add(orjson.dumps(record))

    @staticmethod
    def _doom(entry: bytes, cause: Finding | None) -> bytes:
        """A claim that is rejected with what it lies in."""
        if entry[:1] != b"[":
            return entry
        record = orjson.loads(entry)
        if cause is not None:
            if not record[0]:
                record[-1] = cause.edit
            if cause.edit not in record[2]:
                record[2].append(cause.edit)
        record[0] = True
        return orjson.dumps(record)

    def _put(self, entry: bytes) -> None:
        """A claim with the status that it has in the end, or a block about what stands above the claims."""
        if entry[:1] == b"[":
            record = orjson.loads(entry)
            if record[0] or record[3]:
                self._put_claim(*record)
        else:
            (self._rejected if entry[:1] == b"R" else self._warned).write(entry[1:])

    def _put_claim(
        self,
        rejected: bool,
        charge: str | None,
        rejects: list[str],
        others: list[str],
        number: int,
        id: str,
        days: str,
        payer: str,
        start: int,
        length: int,
        cause: str | None,
    ) -> None:
        anchor = f"{self._prefix}-{number}"
        amount = Decimal(charge) if charge is not None else None
        if rejected:
            self._worklist.add(rejects, amount or ZERO, id, anchor)
        word, kind = ("Rejected", "reject") if rejected else ("Accepted", "good")
        summary = tag(
            "summary",
            tag("span", word, class_=f"mark {kind}"),
            tag("h4", id or "(no number)"),
            tag("span", days, class_="days"),
            tag("span", payer, class_="payer"),
            tag("span", "" if self._run.redacted else money(amount), class_="charge"),
            self._name_edits([*rejects, *others], kind),
        )
        part = self._rejected if rejected else self._warned
        part.begin_claim(f'<details class="claim" id="{anchor}"'.encode(), f'>{summary}<div class="body">'.encode())
        if cause is not None:
            part.write(
                tag(
                    "p",
                    f"Nothing is wrong with this claim that rejects it: it comes back with the envelope around it, "
                    f"because of {cause}, told above.",
                    class_="with",
                ).encode()
            )
        if length:
            end = self._bodies.tell()
            self._bodies.seek(start)
            part.write(self._bodies.read(length))
            self._bodies.seek(end)
        part.write(b"</div></details>\n")

    def _name_edits(self, edits: Sequence[str], kind: str) -> Markup:
        named = [f"{edit} {say_name(self._wording.entry(edit).name)}" for edit in edits[:NAMED]]
        if len(edits) > NAMED:
            named.append(f"and {len(edits) - NAMED:,} more")
        return tag("span", " · ".join(named), class_=f"edits {kind}")

    # What stands above the claims ------------------------------------------------------------------------------------

    def _tell_above(self, findings: Iterable[Finding], claim: Claim) -> Markup:
        """What rejects a claim from above: told in full once, before its first claim, and in short in each."""
        short = []
        news: dict[str, list[Finding]] = {}
        for finding in findings:
            owner = owner_of(finding.where)
            key = key_of(finding)
            if owner == TRANSACTION:
                # Told when the set is over, with what else is wrong with the set as a whole.
                if (sight := self._find(claim, finding.where)) and key not in self._told:
                    self._sights[key] = sight
            elif key not in self._told:
                news.setdefault(owner, []).append(finding)
        for owner, found in news.items():
            block = self._above(self._name(owner, claim), "and with it every claim under it", found, claim)
            self._docket.add(b"R" + block.encode())
        for finding in findings:
            entry = self._wording.entry(finding.edit)
            anchor = self._told.get(key_of(finding))
            edit = tag("a", finding.edit, href=f"#{anchor}") if anchor else tag("span", finding.edit)
            short.append(
                tag(
                    "p",
                    tag("span", "Reject", class_="mark reject"),
                    " ",
                    edit,
                    f" at the {owner_of(finding.where)}: {entry.message(finding)} {entry.fix}",
                    class_="with",
                )
            )
        return together(short)

    def _above(self, title: str, more: str, findings: Sequence[Finding], claim: Claim | None = None) -> Markup:
        """A block about what is no claim."""
        told = []
        for finding in findings:
            self._blocks += 1
            anchor = f"{self._prefix}-a{self._blocks}"
            self._told[key_of(finding)] = anchor
            if claim is not None:
                sight = self._find(claim, finding.where)
            else:
                sight = self._sights.pop(key_of(finding), None)
                sight = sight or (self._glimpse.segment(finding.where) if self._glimpse else None)
            told.append(self._teller.tell_finding(finding, sight, self._delimiters, "h5", anchor))
        fate = tag("span", "Rejected", class_="mark reject") if _rejects(findings) else NOTHING
        said = tag("h4", fate, " ", title, f", {more}" if more else "")
        return tag("section", said, *told, class_="above-claims")

    def _find(self, claim: Claim, where: Location) -> Sight | None:
        return find_segment(claim.loop, where, claim.delimiters.element, self._teller.fold)

    def _name(self, owner: str, claim: Claim) -> str:
        """``Billing provider CEDAR BRIDGE (NPI 2990001010)``, ``Subscriber of claim 17``: never a patient's name."""
        if owner != PROVIDER:
            return f"{owner.capitalize()} of {claim.id if self._run.redacted else f'claim {claim.id}'}"
        billing = claim.billing
        if billing is None:
            return owner.capitalize()
        return f"{owner.capitalize()} {billing.name}{f' (NPI {billing.npi})' if billing.npi else ''}"

    def _close(self, event: SetEnd | GroupEnd | InterchangeEnd, what: str, claims: int) -> None:
        """An envelope is over: what is to be said of it stands before its claims."""
        lost, cause = judge_envelope(event)
        news = first(cause, by_weight(f for f in event.findings if key_of(f) not in self._told))
        if not lost and not news:
            self._docket.close(event)
            return
        with_it = ""
        if lost and claims:
            with_it = f"and with it {'its claim' if claims == 1 else 'all its ' + count(claims, 'claim')}"
        block = self._above(what, with_it, news)
        if lost and cause is not None and cause not in news:
            because = f"It comes back as a whole because of {cause.edit} ({self._wording.entry(cause.edit).name})"
            named = f" in claim {cause.where.claim}" if cause.where.claim else ""
            block = together((block, tag("p", f"{because}{named}.", class_="with")))
        self._docket.close(event, (b"R" if lost or _rejects(news) else b"W") + block.encode())


def _rejects(findings: Iterable[Finding]) -> bool:
    return any(f.severity is REJECT for f in findings)
