"""Waivers: findings that an operator has set aside, each with its reason, its owner and its last day.

A waived finding stays in every report, says who waived it, and weighs as an information: it no longer rejects. That
holds for what a 277CA would say, the edits' own verdicts. Structural faults cannot be waived: the file is then not what
it says it is, and a 999 that accepted it would be wrong. After its last day (by the receipt date) a waiver does nothing
but be told, as SYS-03.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePath

from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.selection import Selection
from scrubber.claims.model import Claim
from scrubber.config import Config, ConfigError, Waiver
from scrubber.finding import Finding, Location, Severity, Waived

EXPIRED = "SYS-03"
"""The finding that says that a waiver is over."""

NEVER = ("SYS-01", EXPIRED, "X12")
"""What no waiver may name: a crash of ours, an expired waiver, structural faults."""

_FILE = Location(None, None, None, None, None, 0, 0, 0)


class Waivers:
    """The waivers of a configuration. Raises ConfigError for one that names no edit, or one that cannot be waived."""

    def __init__(self, config: Config, catalogue: Catalogue, received: date) -> None:
        self._received = received
        self._known = [
            (waiver, _understand(waiver, number, config, catalogue)) for number, waiver in enumerate(config.waivers, 1)
        ]
        said = config.severity.get(EXPIRED, "warning")
        self._severity = None if said == "off" else Severity(said)

    def of_file(self, path: str) -> FileWaivers | None:
        """Those that concern a file; None where there are none."""
        here = [(waiver, edits) for waiver, edits in self._known if waiver.file is None or _is_named(path, waiver.file)]
        in_force = [(waiver, edits) for waiver, edits in here if waiver.expires >= self._received]
        over = [waiver for waiver, _ in here if waiver.expires < self._received]
        return FileWaivers(in_force, over, self._severity) if here else None


class FileWaivers:
    """The waivers that concern one file."""

    def __init__(
        self, in_force: Sequence[tuple[Waiver, Selection]], over: Sequence[Waiver], severity: Severity | None
    ) -> None:
        self._in_force = in_force
        self._over = over
        self._severity = severity

    def apply(self, claim: Claim, findings: Sequence[Finding]) -> Sequence[Finding]:
        """A claim's own findings, those waived that a waiver names."""
        return [self.weigh(claim, finding) for finding in findings] if findings and self._in_force else findings

    def weigh(self, claim: Claim, finding: Finding, *, above: bool = False) -> Finding:
        """A finding, waived where a waiver names it. One above the claims concerns others too, so that a waiver of one
        claim does not reach it."""
        if finding.edit in NEVER or "ik3" in finding.values or finding.waived:
            return finding
        for waiver, edits in self._in_force:
            if edits.has(finding.edit) and not (above and waiver.claim is not None) and _concerns(waiver, claim):
                waived = Waived(finding.severity, waiver.reason, waiver.owner, waiver.expires)
                return replace(finding, severity=Severity.INFO, waived=waived)
        return finding

    def expired(self) -> Iterable[Finding]:
        """A finding for each waiver that is over."""
        if self._severity is None:
            return
        for waiver in self._over:
            values = {
                "edit": waiver.edit,
                "scope": waiver.scope,
                "reason": waiver.reason,
                "owner": waiver.owner,
                "expires": str(waiver.expires),
            }
            yield Finding(EXPIRED, self._severity, _FILE, values)


def _understand(waiver: Waiver, number: int, config: Config, catalogue: Catalogue) -> Selection:
    """The edits that a waiver means."""
    place = f"{config.path or 'options'}: waiver {number}: "
    try:
        meant = Selection(catalogue, [waiver.edit])
    except ConfigError as error:
        raise ConfigError(f"{place}{error}") from None
    judging = [edit for edit in catalogue.edits if edit.must is not None and meant.has(edit.id)]
    if any(meant.has(id) for id in NEVER) or not (judging or meant.has("SYS-02")):
        raise ConfigError(
            f"{place}`{waiver.edit}` cannot be waived: only verdicts of edits can, not faults of structure or of "
            "scrubber itself; a structural fault is corrected where the file is written"
        )
    return meant


def _concerns(waiver: Waiver, claim: Claim) -> bool:
    """Whether a claim lies in a waiver's scope; of several scopes all must hold."""
    if waiver.claim is not None and waiver.claim != claim.id:
        return False
    if waiver.payer is not None and (claim.payer is None or waiver.payer != claim.payer.id):
        return False
    if waiver.provider is not None:
        providers = (claim.billing, claim.rendering, *(line.rendering for line in claim.lines))
        return any(provider is not None and provider.npi == waiver.provider for provider in providers)
    return True


def _is_named(path: str, pattern: str) -> bool:
    """Whether a pattern (``outbox/acme_*.837``) fits the end of a path."""
    return PurePath(path).match(pattern)
