"""A finding in words: the catalogue's text of its edit, filled with the finding's values.

A finding carries what differs from case to case, the catalogue what is always the same. The second is prepared once
an edit, so that a report of a million findings does not look it up a million times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scrubber.catalogue.entry import ANYWHERE, Citation, Edit, LooksAt, Status
from scrubber.catalogue.index import Catalogue
from scrubber.finding import Answered, Finding, Severity

INTERNAL = frozenset({"ik3", "ik4", "data_element", "bad", "trigger"})
"""Values that are there for the 999 and say nothing to a reader that the message and the place do not say."""

MISSING = "(unknown)"
"""What a message shows for a value that the finding does not have. An empty value is a clause left out."""


class Entry(NamedTuple):
    """What is always the same about the findings of an edit."""

    edit: Edit
    citations: tuple[Citation, ...]
    ack: str
    """The acknowledgement that speaks of this kind of fault: TA1, 999 or 277CA."""

    @property
    def name(self) -> str:
        return self.edit.name

    @property
    def why(self) -> str:
        return self.edit.why

    @property
    def fix(self) -> str:
        return self.edit.fix

    def message(self, finding: Finding) -> str:
        """The edit's message, with this finding's values."""
        return fill(self.edit.message, finding.values)

    def status_of(self, finding: Finding) -> tuple[Status, ...]:
        """Claim status codes (code sources 507 and 508), with their entity."""
        return self.edit.status_of(finding)

    def ack_of(self, finding: Finding) -> str | None:
        """The acknowledgement that carries this finding, or None: warnings go to people alone, for a 277CA can only
        accept or reject. An edit may name structural faults and judge, too: the 999 tells of the former."""
        if finding.severity is not Severity.REJECT:
            return None
        return "277CA" if self.ack == "999" and self.edit.must and x12_codes(finding) is None else self.ack


class Wording:
    """The catalogue as reports read it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._entries: dict[str, Entry] = {}
        self._cited: dict[tuple[str, tuple[Answered, ...]], tuple[Citation, ...]] = {}

    def entry(self, edit: str) -> Entry:
        """What the catalogue says of an edit, by id. A structural fault without an entry (``X12-IK4-13``) is told by
        the words of its finding. Raises KeyError for any other id that no pack has: a fault of ours."""
        entry = self._entries.get(edit)
        if entry is None:
            found = self.catalogue.by_id.get(edit)
            if found is not None:
                entry = Entry(found, self.catalogue.citations(found), _ack(found))
            elif edit.startswith(("X12-", "SYS-")):
                plain = _plain(edit)
                entry = Entry(plain, (), _ack(plain))
            else:
                raise KeyError(f"{edit} is not in the catalogue")
            self._entries[edit] = entry
        return entry

    def citations(self, finding: Finding) -> tuple[Citation, ...]:
        """The sources of a finding: the edit's, but of a reference table the edition of the user's own that decided,
        where it did."""
        if not finding.answered:
            return self.entry(finding.edit).citations
        key = finding.edit, finding.answered
        cited = self._cited.get(key)
        if cited is None:
            own = {answered.table: answered for answered in finding.answered}
            cited = self._cited[key] = tuple([_recite(c, own) for c in self.entry(finding.edit).citations])
        return cited


def x12_codes(finding: Finding) -> tuple[str | None, str | None] | None:
    """IK304 and IK403 of a structural finding; None for any other."""
    ik3, ik4 = finding.values.get("ik3"), finding.values.get("ik4")
    return (ik3 or None, ik4 or None) if ik3 or ik4 else None


def _recite(citation: Citation, own: Mapping[str, Answered]) -> Citation:
    source = citation.source
    answered = own.get(source.table or "")
    if answered is None:
        return citation
    url = None if answered.elsewhere else source.url
    return citation._replace(source=source._replace(title=answered.title, edition=answered.edition, url=url))


def own_values(finding: Finding) -> dict[str, str]:
    """A finding's values without those that only the 999 needs."""
    return {name: value for name, value in finding.values.items() if name not in INTERNAL}


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text of the catalogue with its ``{placeholders}`` filled."""
    if "{" not in text:
        return text
    return text.format_map(_Values(values))


class _Values(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return MISSING


def _ack(edit: Edit) -> str:
    if edit.id.startswith("SYS-"):
        return "277CA"  # No code of the 999 tells of a fault that is ours.
    codes = edit.structure or ((edit.id.removeprefix("X12-"),) if edit.id.startswith("X12-") else ())
    if any(code.startswith("TA1") for code in codes):
        return "TA1"
    return "999" if codes else "277CA"


def _plain(id: str) -> Edit:
    """An edit for a structural fault that no pack describes."""
    return Edit(
        id=id,
        name=f"x12-fault-{id.split('-', 1)[1].lower()}",
        pack="",
        file="",
        at=ANYWHERE,
        snip=1,
        when=(),
        must=None,
        structure=(),
        looks_at=LooksAt(),
        message="{detail}.",
        why="The file does not follow the X12 standard or the 837 professional guide here.",
        fix="Correct the segment where the file is written.",
        severity=Severity.REJECT,
        status=(),
        cases={},
        basis="receipt",
        from_=None,
        to=None,
        cite=(),
        breaks=None,
        holds=None,
        params={},
        yields_to=(),
    )
