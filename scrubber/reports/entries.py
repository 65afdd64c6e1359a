"""What the catalogue says of a finding, as far as an acknowledgement needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scrubber.finding import Finding, Severity

FUNCTIONAL, BUSINESS, INTERCHANGE = "999", "277CA", "TA1"

Composites = tuple[tuple[str, str, str | None], ...]
"""One error as an STC tells it: (category, status code, entity code), three at most, all of one category."""

UNSPECIFIED: Composites = (("A3", "0", None),)
"""What is sent where a reject has no status of its own: returned unprocessed, no code says more."""

LONGEST_MESSAGE = 600
"""Characters of a message that a rendering shows: messages may quote data of any length."""


class StatusLike(Protocol):
    """A claim status: category, code and entity."""

    @property
    def category(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def entity(self) -> str | None: ...


class Entry(Protocol):
    """An edit as the catalogue describes it."""

    @property
    def ack(self) -> str | None:
        """TA1, 999, 277CA, or None: reported to people only."""
        ...

    @property
    def name(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def fix(self) -> str: ...
    def message(self, finding: Finding) -> str: ...
    def status_of(self, finding: Finding) -> Sequence[StatusLike]: ...


class Words(Protocol):
    """The catalogue: edit id to its entry. Raises KeyError for an id that it does not know."""

    def entry(self, edit: str) -> Entry: ...


class Entries:
    """A catalogue that always has an answer: an id without an entry is judged by its name."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._found: dict[str, Entry | None] = {}

    def find(self, edit: str) -> Entry | None:
        """The entry, or None where the catalogue has none."""
        if edit not in self._found:
            try:
                self._found[edit] = self._words.entry(edit)
            except KeyError:
                self._found[edit] = None
        return self._found[edit]

    def acknowledged_on(self, finding: Finding) -> str | None:
        """TA1, 999, 277CA or None. A warning is told to people, never to an acknowledgement."""
        if finding.severity is not Severity.REJECT:
            return None
        edit = finding.edit
        if edit.startswith("X12-TA1-"):
            return INTERCHANGE
        if edit.startswith("X12-") or "ik3" in finding.values or "ik4" in finding.values:
            return FUNCTIONAL
        entry = self.find(edit)
        # Without a structural code there is nothing that a 999 could say: an edit that crashed, for instance.
        return BUSINESS if entry is None or entry.ack == FUNCTIONAL else entry.ack

    def statuses(self, finding: Finding) -> list[Composites]:
        """What the 277CA says of a finding: one STC a member. Codes of different categories become several."""
        entry = self.find(finding.edit)
        said = entry.status_of(finding) if entry else ()
        stcs: list[Composites] = []
        for status in said:
            composite = (status.category, status.code, status.entity)
            if stcs and stcs[-1][0][0] == status.category and len(stcs[-1]) < 3:
                stcs[-1] = (*stcs[-1], composite)
            else:
                stcs.append((composite,))
        return stcs or [UNSPECIFIED]

    def message(self, finding: Finding) -> str:
        """What is wrong, cut to a length that a page can hold."""
        entry = self.find(finding.edit)
        text = entry.message(finding) if entry else finding.values.get("detail", finding.edit)
        return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + " …"
