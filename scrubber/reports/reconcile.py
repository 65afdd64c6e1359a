"""Whether everything written about a file agrees, before any of it is released.

Claims and charges that came in must come out, accepted or rejected; each answer must say as many; and no claim may be
rejected without a reason. The files are read back from disk for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from scrubber.finding import Severity
from scrubber.reports.acknowledge import Acknowledgements
from scrubber.reports.held import judge_envelope
from scrubber.reports.readback import Unsound, read_277ca, read_999, read_claims
from scrubber.reports.split.split import Split
from scrubber.spelling import count
from scrubber.verdict import (
    ClaimStatus,
    ClaimVerdict,
    Event,
    GroupEnd,
    InterchangeEnd,
    SetEnd,
    Totals,
)

REJECT, REJECTED = Severity.REJECT, ClaimStatus.REJECTED

CHUNK = 1 << 20


class Reasons:
    """Watches that no claim is rejected without a finding that says why."""

    def __init__(self) -> None:
        self.missing = 0
        """Claims, sets, groups and interchanges that were rejected for no reason."""

    def handle(self, event: Event) -> None:
        """Take the next event of the pipeline."""
        if type(event) is ClaimVerdict:
            if event.status is REJECTED and not any(f.severity is REJECT for f in event.findings):
                self.missing += 1
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            lost, cause = judge_envelope(event)
            self.missing += lost and cause is None


def find_differences(
    written: Mapping[str, Path], name: str, totals: Totals, split: Split, acks: Acknowledgements, reasons: Reasons
) -> list[str]:
    """What does not agree, in words without patient data; nothing, where all is well. ``written`` has the files as they
    are until they are released, by the names that they will have; ``name`` is what these begin with."""
    return list(_compare(written, name, totals, split, acks, reasons))


def _compare(
    written: Mapping[str, Path], name: str, totals: Totals, split: Split, acks: Acknowledgements, reasons: Reasons
) -> Iterator[str]:
    if reasons.missing:
        yield f"{count(reasons.missing, 'rejection')} without a finding"
    if totals.claims != totals.accepted + totals.rejected:
        yield f"{count(totals.claims, 'claim')} judged, {totals.accepted + totals.rejected} with a status"
    told, untold = acks.told, acks.untold
    yield from _differ("acknowledged", "claims", told.claims + untold.claims, totals.claims)
    yield from _differ("acknowledged", "charges", told.charge + untold.charge, _charge(totals))
    try:
        yield from _compare_claims(written, name, totals, split)
        answer = read_277ca(written[f"{name}.277ca"])
        for what, found, wanted in (
            ("accepted claims", answer.accepted, told.accepted),
            ("rejected claims", answer.rejected, told.rejected),
            ("accepted charges", answer.charge_accepted, told.charge_accepted),
            ("rejected charges", answer.charge_rejected, told.charge_rejected),
        ):
            yield from _differ("in the 277CA", what, found, wanted)
        read_999(written[f"{name}.999"])
        for fate, wanted in (("accepted", totals.accepted), ("rejected", totals.rejected)):
            found = _count(written[f"{name}.report.json"], b',"status":"%b","findings":[' % fate.encode())
            yield from _differ("in the JSON report", f"{fate} claims", found, wanted)
    except Unsound as fault:
        yield str(fault)


def _compare_claims(written: Mapping[str, Path], name: str, totals: Totals, split: Split) -> Iterator[str]:
    accepted = read_claims(written[f"{name}.accepted.837"])
    yield from _differ("in the accepted file", "claims", accepted.claims, totals.accepted)
    yield from _differ("in the accepted file", "charges", accepted.charge, totals.charge_accepted)
    yield from _differ("written as rejected", "claims", split.rejected.claims, totals.rejected + split.outside)
    if not split.irregular:  # Else the file holds what no reader can follow: its bytes are all that is kept.
        rejected = read_claims(written[f"{name}.rejected.837"], levels=not split.verbatim)
        yield from _differ("in the rejected file", "claims", rejected.claims, totals.rejected)
        yield from _differ("in the rejected file", "charges", rejected.charge, totals.charge_rejected)


def _count(path: Path, text: bytes) -> int:
    """How often a text stands in a file."""
    found, held = 0, b""
    with open(path, "rb") as stream:
        while data := stream.read(CHUNK):
            data = held + data
            found += data.count(text)
            held = data[-(len(text) - 1) :]
    return found


def _differ(where: str, what: str, found: Decimal | int, wanted: Decimal | int) -> Iterator[str]:
    if found != wanted:
        yield f"{where}: {found} {what} instead of {wanted}"


def _charge(totals: Totals) -> Decimal:
    return totals.charge_accepted + totals.charge_rejected
