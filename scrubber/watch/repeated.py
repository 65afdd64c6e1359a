"""A file that repeats one that was judged: in its bytes, or in a control number that its sender has used."""

from __future__ import annotations

import time
from dataclasses import dataclass

from scrubber.config import Watch
from scrubber.watch.identity import Identity
from scrubber.watch.ledger import Ledger
from scrubber.watch.publish import Outcome
from scrubber.watch.worker import Judged


@dataclass(frozen=True, slots=True)
class Repeated:
    """The file that another repeats."""

    number: int
    same: bool
    """Whether in all its bytes."""


def find_repeated(ledger: Ledger, settings: Watch, identity: Identity) -> Repeated | None:
    """The file that one repeats; None where there is none, or a person has said to judge it anyway."""
    if ledger.is_allowed(identity.sha256):
        return None
    if (number := ledger.find_content(identity.sha256)) is not None:
        return Repeated(number, same=True)
    if settings.same_number == "refuse":
        for interchange in identity.interchanges:
            if (number := ledger.find_interchange(interchange)) is not None:
                return Repeated(number, same=False)
    return None


def answer_repeated(ledger: Ledger, repeated: Repeated, identity: Identity, judged: Judged | None = None) -> Outcome:
    """What becomes of it: the same bytes are filed away, other bytes under a number that was used wait for a person."""
    before = ledger.entry(repeated.number)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(before.done or 0))
    what = f"{before.slot}{before.ending}, judged on {when}"
    if repeated.same:
        reason = f"This file is the same, byte for byte, as {what}. It was not judged again. Nothing is to be done."
        return Outcome("duplicate", reason, repeated.number, identity, judged)
    reason = (
        f"Its interchange control number (ISA13) was used before by the same sender, in {what}; but the content "
        "differs. Receivers drop such a file as a duplicate, so it was not judged. If its claims are new, have the "
        "practice system write it anew with a number of its own. If it is to be judged as it is, run: "
        "scrubber watch retry FILE"
    )
    return Outcome("failed", reason, repeated.number, identity, judged)
