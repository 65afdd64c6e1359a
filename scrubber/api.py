"""The Python interface: ``scrubber.scrub``.

run = scrubber.scrub("claims.837")
for verdict in run:                       # claim by claim, as the file is read
    if verdict.status == "rejected":
        for finding in verdict.findings:
            print(run.explain(finding))
print(run.report.accepted, run.report.rejected)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import load
from scrubber.config import Config
from scrubber.finding import Finding
from scrubber.pipeline import Options, judge
from scrubber.reports.folds import Unfolder
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.tables.folder import find_folder
from scrubber.verdict import ClaimVerdict, FileEnd, GroupStart, InterchangeStart, SetEnd, SetStart


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction set (ST to SE). ``status`` is A accepted, E accepted with errors, R rejected (IK501)."""

    interchange: str
    """ISA13."""
    group: str
    """GS06."""
    control_number: str
    """ST02."""
    status: str


@dataclass(slots=True)
class Report:
    """What became of a file. Complete once the run has been read to its end.

    Counts are claims; charges are exact. A set, group or interchange that is rejected rejects every claim in it: here,
    unlike in the verdicts that came before its end, those claims are counted as rejected.
    """

    path: str = ""
    sha256: str = ""
    status: str = ""
    """accepted, partial, rejected or unreadable."""
    error: str | None = None
    """Why the file could not be judged; None when it was."""
    claims: int = 0
    accepted: int = 0
    rejected: int = 0
    charge_accepted: Decimal = Decimal(0)
    charge_rejected: Decimal = Decimal(0)
    findings: tuple[Finding, ...] = ()
    """Those above the claims: envelopes, sets, providers, subscribers."""
    counts: dict[str, int] = field(default_factory=dict)
    """Findings by severity, those in claims included, each counted once."""
    transactions: list[Transaction] = field(default_factory=list)


class Scrub:
    """A run over one file: iterate over it for the verdicts, then read ``report``.

    Iterating again goes on where the first iteration stopped.
    """

    def __init__(self, source: str | Path | bytes | BinaryIO, options: Options, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._wording = Wording(catalogue)
        self._tally = Tally()
        self._report = Report()
        self._verdicts = self._run(source, options)

    def __iter__(self) -> Iterator[ClaimVerdict]:
        return self._verdicts

    @property
    def report(self) -> Report:
        """The report; reads what is left of the file first."""
        for _ in self._verdicts:
            pass
        return self._report

    def explain(self, finding: Finding) -> str:
        """The finding in plain words: what is wrong, and what to do."""
        entry = self._wording.entry(finding.edit)
        return f"{finding.edit} {entry.name}: {entry.message(finding)} {entry.fix}"

    def _run(self, source: str | Path | bytes | BinaryIO, options: Options) -> Iterator[ClaimVerdict]:
        report, tally = self._report, self._tally
        interchange = group = control = ""
        unfolder = Unfolder(lambda path: _open_again(source))
        for event in map(unfolder.unfold, judge(source, options)):
            tally.handle(event)
            if isinstance(event, ClaimVerdict):
                yield event
            elif isinstance(event, InterchangeStart):
                interchange = event.control_number
            elif isinstance(event, GroupStart):
                group = event.control_number
            elif isinstance(event, SetStart):
                control = event.control_number
            elif isinstance(event, SetEnd):
                report.transactions.append(Transaction(interchange, group, control, event.status.value))
            elif isinstance(event, FileEnd):
                totals = tally.totals
                report.path, report.sha256, report.status = event.path, event.sha256, event.status
                report.error, report.findings = event.error, event.findings
                report.claims, report.accepted, report.rejected = totals.claims, totals.accepted, totals.rejected
                report.charge_accepted, report.charge_rejected = totals.charge_accepted, totals.charge_rejected
                report.counts = {str(severity): count for severity, count in totals.findings.items()}


def _open_again(source: str | Path | bytes | BinaryIO) -> BinaryIO:
    """The source once more from its begin. Raises FileNotFoundError where it is a stream."""
    if isinstance(source, bytes):
        return BytesIO(source)
    if isinstance(source, str | Path) and str(source) != "-":
        return open(source, "rb")
    raise FileNotFoundError("a stream")


def scrub(
    source: str | Path | bytes | BinaryIO,
    *,
    received: date | None = None,
    profile: str | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    require: Sequence[str] = (),
    config: Config | None = None,
    catalogue: Catalogue | None = None,
    data: str | Path | None = None,
) -> Scrub:
    """Judge an 837P file.

    ``source`` is a path (``-``: standard input), the bytes themselves or a binary stream. ``received`` is the receipt
    date (default today): format edits and the future-date edit follow it; coding edits follow each line's date of
    service. ``profile`` forces a payer profile; ``select`` and ``ignore`` take edit ids, families (``DX``) or names;
    so does ``require``, which rejects a claim on which these edits could not be checked. ``data`` is the folder of
    the user's reference tables (default: SCRUBBER_DATA, else the configuration's, else the user's own).

    Nothing is read until the result is iterated. Bad data never raises: it becomes findings, or ``report.error``.
    Raises ConfigError for unknown edits or profiles, PackError for a broken pack, both with what to change.
    """
    config = config or Config()
    catalogue = catalogue or load(config.packs)
    options = Options(
        received=received or date.today(),
        catalogue=catalogue,
        config=config,
        select=tuple(select),
        ignore=tuple(ignore),
        require=tuple(require),
        profile=profile,
        data=find_folder(data, config.data),
    )
    return Scrub(source, options, catalogue)
