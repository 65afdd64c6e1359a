"""What an edit is: one entry of a pack, checked when the pack loads (pydantic, unknown keys refused).

An edit states a fault, says why it is one and what to do, cites its source with edition and dates, names the code
that an acknowledgement reports it by, and carries an example that breaks it and one that holds.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from scrubber.catalogue.sources import CITED
from scrubber.finding import Severity
from scrubber.spelling import suggest

EditId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+[a-z]?$")]
KebabName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]

ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?([/?#][A-Za-z0-9._~!$&*+,;=:@%/?#-]*)?")
"""A web address that any report can make a link of: nothing in it ends a quotation or a Markdown link."""


class Entry(BaseModel):
    """Common to all tables of a pack: immutable, and a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(Entry):
    """A publication that edits cite, described once in ``pack.toml`` (``[sources.ID]``)."""

    title: str
    publisher: str
    edition: str
    read: date
    """The day on which we read it."""
    url: str | None = None
    """Its public address, the publisher's own where there is one: where to look, not a claim that what stands there
    today is the edition above. None for what has none."""
    verified: bool = True
    """False: common knowledge of the field that we could not check against the text; citations say so."""
    table: str | None = None
    """The reference table (KIND of ``scrubber tables add``; ``icd10cm-codes`` or ``icd10cm-notes``) that it is the
    publication of. Where the user has loaded it, a finding cites the edition that decided instead of this one."""

    @field_validator("table")
    @classmethod
    def _known_table(cls, table: str | None) -> str | None:
        if table is not None and table not in CITED:
            raise ValueError(f"no reference table is called `{table}`{suggest(table, CITED)}")
        return table

    @field_validator("url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is not None and not ADDRESS.fullmatch(url):
            raise ValueError(
                "reports make a link of it, so it has to be a web address: https:// first, and spaces, quotes and "
                "brackets written as %20, %22, %28 ..."
            )
        return url


class Cite(Entry):
    """A pinpoint in a source."""

    source: str
    at: str


class Status(Entry):
    """What the 277CA says: claim status category (code source 507), status (508), entity (DE 98)."""

    category: Literal["A3", "A6", "A7", "A8"]
    code: str
    entity: str | None = None
    """An entity code, or ``loop``: the entity that the finding's loop is about. See ``entry.Edit.status_of``."""


class Effective(Entry):
    """When an edit is in force. Coding edits follow the line's service date, format edits the receipt date."""

    basis: Literal["service", "receipt"] = "receipt"
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None


class Condition(Entry):
    """One test of one element, in the closed vocabulary. Exactly one verb besides ``at``."""

    at: str | None = None
    present: bool | None = None
    absent: bool | None = None
    in_: tuple[str, ...] | None = Field(default=None, alias="in")
    not_in: tuple[str, ...] | None = None
    table: str | None = None
    matches: str | None = None
    min: str | None = None
    max: str | None = None
    equals: str | None = None
    before: str | None = None
    after: str | None = None
    check: str | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> Condition:
        verbs = [n for n in type(self).model_fields if n != "at" and getattr(self, n) is not None]
        if len(verbs) != 1:
            raise ValueError(f"a condition has exactly one verb, this one has {verbs or 'none'}")
        return self


class LooksAt(Entry):
    """What a claim must hold for the edit to be able to fire; a cheap filter before the check runs.

    Within one list any match is enough; between lists all must match. Procedures and diagnoses may be ranges
    (``98940-98942``) or, for diagnoses, category prefixes (``M54``, ``M50``). ``profiles`` name payer profiles.
    """

    procedures: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


class Addition(Entry):
    """A segment to insert into an example's base claim, written with ``*`` ``:`` ``^`` and no terminator."""

    after: str
    """Address of the segment (``2300.CLM``, ``2400[2].SV1``) or loop (``2400[1]``: behind all of it) after which it
    goes; the last one where several are meant."""
    segment: str


class Replacement(Entry):
    """Raw text to exchange in an example: for damage that no well-formed edit of the file can do."""

    old: str
    """Text as in the file; it must occur, and its first occurrence is replaced."""
    new: str


class Series(Entry):
    """The first service line of a claim, so many times and no other line: on ``first`` and the days that follow, the
    last time on ``last``. What a limit of visits within a number of days is tried with."""

    visits: int = Field(ge=1, le=50)
    first: date
    last: date

    @model_validator(mode="after")
    def _room(self) -> Series:
        if (self.last - self.first).days < self.visits - 1:
            raise ValueError("a day for each visit: `last` is too near to `first`")
        return self


class Example(Entry):
    """A change to a base claim of ``fixtures/base`` (name without ``.837``)."""

    base: str = "office"
    series: Series | None = None
    """Done first: what follows changes the lines that it made."""
    set: dict[str, str] = Field(default_factory=dict)
    """Address to value: ``{"2300.HI02-2" = "M5412", "2400[2].SV101-3" = "59"}``; a whole composite may be set. Without
    ``[n]`` the value is set in every such loop of the file's first claim; without a qualifier in the first segment."""
    remove: tuple[str, ...] = ()
    """Addresses of segments (``2300.REF(F8)``, ``2400[2].SV1``) or loops (``2310B``) to take out."""
    add: tuple[Addition, ...] = ()
    """Done after ``set``, one by one: the next may go behind a segment just added."""
    replace: tuple[Replacement, ...] = ()
    """Done last, to the finished text: what follows (counts, control numbers) stays as it stands."""
    received: date | None = None
    profile: str | None = None
    """Force a payer profile instead of the one that the claim chooses."""
    params: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Parameters under which the claim is judged, edit id to changes: for an edit whose lists a user has to fill."""
    also: tuple[str, ...] = ()
    """Ids of other edits that this example raises as well, where that cannot be avoided; say why in ``note``."""
    note: str | None = None


class Examples(Entry):
    """One of each kind, or a list: the first is shown on the edit's page, all are tried."""

    breaks: tuple[Example, ...]
    holds: tuple[Example, ...]

    @field_validator("breaks", "holds", mode="before")
    @classmethod
    def _several(cls, given: Any) -> Any:
        return given if isinstance(given, list | tuple) else (given,)

    @model_validator(mode="after")
    def _both(self) -> Examples:
        if not (self.breaks and self.holds):
            raise ValueError("an example breaks the edit and holds it: `breaks` and `holds` are both wanted")
        return self


class Trial(Example):
    """An example of a payer's profile: a claim, and all that is found on it. The claim names the payer
    (``set = { "2010BB.NM109" = "12345" }``), or ``profile`` forces it."""

    shows: str
    """What it proves, in a few words."""
    finds: dict[EditId, Severity] = Field(default_factory=dict)
    """Every reject and warning of the claim, edit id to severity; empty for a claim that is fine. An edit that only
    informs may be named, too."""


class Edit(Entry):
    """One edit. See the module and ``CONTRIBUTING.md``."""

    id: EditId
    name: KebabName
    """States the fault; reads well after "ignore"."""
    at: str
    """Address where the fault shows; a finding's own loop decides its scope (provider, subscriber, patient, claim,
    line), so that one edit may look at several. ``*`` for a structural finding wherever it shows."""
    snip: Literal[1, 2, 3, 4, 5, 6, 7]
    when: tuple[Condition, ...] = ()
    must: Condition | None = None
    """What has to hold. None only for an edit that names a structural fault (``structure``) and nothing else."""
    structure: tuple[str, ...] = ()
    """Structural codes (``IK4-I9``, ``IK3-I8``) that, found at or in ``at``, are reported as this edit and acknowledged
    on the 999."""
    also_at: tuple[str, ...] = ()
    """Further addresses whose structural faults are reported as this edit."""
    looks_at: LooksAt = LooksAt()
    message: str
    """Plain words for a biller, with ``{placeholders}`` filled from the finding's values."""
    why: str
    fix: str
    severity: Severity
    status: tuple[Status, ...] = ()
    """One error as the 277CA tells it: up to three composites (STC01, STC10, STC11) of one category."""
    cases: dict[str, tuple[Status, ...]] = Field(default_factory=dict)
    """Where one edit has several cases with a status each: a finding's value ``case`` chooses, else ``status``."""
    effective: Effective = Effective()
    cite: tuple[Cite, ...]
    example: Examples | None = None
    untried: str | None = None
    """Why there is no example, where there cannot be one: a table that is not ours to ship."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Numbers and lists that the check reads and a profile may change (``limit = 6``)."""
    asks: tuple[str, ...] = ()
    """Kinds of reference table that the check asks (``ncci-ptp``): what to load when it could not answer."""
    unchecked_with: tuple[str, ...] = ()
    """Edits in whose name it is told that this one could not be checked: they ask the same of the same tables."""
    yields_to: tuple[str, ...] = ()
    """Edits that, when they report the same claim and place, speak instead of this one."""

    @model_validator(mode="after")
    def _complete(self) -> Edit:
        if self.must is None and not self.structure:
            raise ValueError("an edit has `must`, `structure` or both")
        if self.also_at and not self.structure:
            raise ValueError("`also_at` is for structural faults: name their codes in `structure`")
        if self.severity is Severity.REJECT and not self.status and not self.structure:
            raise ValueError("a reject needs a `status` for the 277CA")
        if self.example and self.untried:
            raise ValueError("`untried` says why there is no example, and there is one")
        if not self.cite:
            raise ValueError("an edit without a source does not exist: `cite` is empty")
        if any(len(status) > 3 for status in (self.status, *self.cases.values())):
            raise ValueError("a 277CA STC holds three status codes at most")
        return self


class Pack(Entry):
    """``pack.toml``: who knows this, and the sources its edits cite."""

    name: KebabName
    title: str
    authority: str
    sources: dict[str, Source] = Field(default_factory=dict)
    edits: tuple[str, ...] = ()
    """Entry files beside pack.toml, in order."""
    code_lists: dict[str, str] = Field(default_factory=dict)
    """Name to file (``place-of-service = "tables/pos.csv"``): small lists that checks read as ``know.code_lists``.
    CSV with a header, ``#`` comments above it; the first column is the key, all values are text, dates ISO."""


class Profile(Entry):
    """A payer's habits. Chosen by claim filing code (SBR09) and payer id; ``extends`` another profile."""

    name: KebabName
    title: str
    extends: str | None = None
    filing: tuple[str, ...] = ()
    payer_ids: tuple[str, ...] = ()
    severity: dict[str, Literal["reject", "warning", "info", "off"]] = Field(default_factory=dict)
    params: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Edit id to changed parameters."""
    example: tuple[Trial, ...] = ()
    """Claims that show what the profile changes; ``scrubber edits test`` tries them."""
