"""Edits as the engine and the reports use them: plain values, quick to make.

``edit.py`` says what a pack may write and checks it; this module holds what was checked. Both ways to a catalogue,
from TOML through the models and from the compiled form without them, end in these classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from scrubber.finding import Finding, Severity

ANYWHERE = "*"
"""``at`` of an entry that defines a structural finding wherever it shows, rather than naming it at one address."""

BY_LOOP = "loop"
"""``entity`` of a status that is whoever the finding's loop is about: one rule for all providers."""

ENTITY_OF_LOOP = {
    "1000A": "41", "1000B": "40",
    "2000A": "85", "2010AA": "85", "2010AB": "87",
    "2000B": "IL", "2010BA": "IL", "2010BB": "PR",
    "2000C": "QC", "2010CA": "QC",
    "2310A": "DN", "2310B": "82", "2310C": "77", "2310D": "DQ",
    "2330A": "GB", "2330B": "PR",
    "2420A": "82", "2420B": "QB", "2420C": "77", "2420D": "DQ", "2420E": "DK", "2420F": "DN",
}  # fmt: skip
"""Loop of the 837 to the entity code (data element 98) that the 277CA calls it by."""


NO_PARAMS: Mapping[str, Mapping[str, Any]] = {}


class Status(NamedTuple):
    """Claim status category, status and entity, as the 277CA writes them."""

    category: str
    code: str
    entity: str | None = None


class Cite(NamedTuple):
    """A pinpoint in a source of the edit's pack."""

    source: str
    at: str


class Condition(NamedTuple):
    """One test: a verb of the closed vocabulary and its operand. ``at`` is None at the edit's own address."""

    at: str | None
    verb: str
    value: Any


class LooksAt(NamedTuple):
    """What a claim must hold for the edit to be able to fire; see ``edit.LooksAt``."""

    procedures: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


class Source(NamedTuple):
    """A publication that edits cite. ``read`` is the day on which we read it."""

    id: str
    title: str
    publisher: str
    edition: str
    read: date
    url: str | None = None
    verified: bool = True
    table: str | None = None
    """The reference table that it is the publication of (see ``sources.CITED``): a finding that an edition of the
    user's own decided cites that one."""


class Citation(NamedTuple):
    """A source and the place in it, ready to show."""

    source: Source
    at: str


class Series(NamedTuple):
    """A line repeated; see ``edit.Series``."""

    visits: int
    first: date
    last: date


class Example(NamedTuple):
    """A change to a base claim; see ``edit.Example``."""

    base: str
    set: Mapping[str, str]
    remove: tuple[str, ...]
    add: tuple[tuple[str, str], ...]
    """(address after which it goes, segment)."""
    replace: tuple[tuple[str, str], ...]
    received: date | None
    profile: str | None
    also: tuple[str, ...]
    note: str | None
    params: Mapping[str, Mapping[str, Any]] = NO_PARAMS
    series: Series | None = None


class Trial(NamedTuple):
    """An example of a profile; see ``edit.Trial``."""

    shows: str
    example: Example
    finds: Mapping[str, str]


class Edit(NamedTuple):
    """One entry of a pack. Several may share an id when an edit changed: their dates do not overlap."""

    id: str
    name: str
    pack: str
    file: str
    """The file that holds the entry, for its readers: ``edits/tr3/claim.toml``."""
    at: str
    snip: int
    when: tuple[Condition, ...]
    must: Condition | None
    structure: tuple[str, ...]
    looks_at: LooksAt
    message: str
    why: str
    fix: str
    severity: Severity
    status: tuple[Status, ...]
    cases: Mapping[str, tuple[Status, ...]]
    basis: str
    """``service`` or ``receipt``: which date decides whether the edit is in force."""
    from_: date | None
    to: date | None
    cite: tuple[Cite, ...]
    breaks: Example | None
    holds: Example | None
    params: Mapping[str, Any]
    yields_to: tuple[str, ...]
    more_breaks: tuple[Example, ...] = ()
    """Examples besides the ones shown."""
    more_holds: tuple[Example, ...] = ()
    asks: tuple[str, ...] = ()
    """Kinds of reference table that the check asks."""
    unchecked_with: tuple[str, ...] = ()
    """Edits in whose name it is told that this one could not be checked."""
    untried: str | None = None
    """Why there is no example."""
    also_at: tuple[str, ...] = ()
    """Further addresses whose structural faults are this edit's."""

    @property
    def examples(self) -> Iterator[tuple[str, Example]]:
        """All examples, each with what it does: ``breaks`` or ``holds``."""
        for kind, first, more in (("breaks", self.breaks, self.more_breaks), ("holds", self.holds, self.more_holds)):
            if first is not None:
                yield kind, first
            yield from ((kind, example) for example in more)

    def in_force(self, day: date) -> bool:
        """Whether the edit's dates hold this day."""
        return (self.from_ is None or self.from_ <= day) and (self.to is None or day <= self.to)

    def status_of(self, finding: Finding) -> tuple[Status, ...]:
        """What the 277CA says of this finding: the status of its case, with the entity of its loop filled in. The case
        of a structural finding is its element."""
        found = self.cases.get(finding.values.get("case") or finding.where.element or "", self.status)
        entity = ENTITY_OF_LOOP.get(finding.where.loop or "")
        return tuple(s._replace(entity=entity) if s.entity == BY_LOOP else s for s in found)


class Profile(NamedTuple):
    """A payer's habits; see ``edit.Profile``."""

    name: str
    title: str
    extends: str | None
    filing: tuple[str, ...]
    payer_ids: tuple[str, ...]
    severity: Mapping[str, str]
    params: Mapping[str, Mapping[str, Any]]
    pack: str = ""
    trials: tuple[Trial, ...] = ()


class Pack(NamedTuple):
    """A pack as loaded. ``folder`` is where its files lie; ``module`` the package of its checks, None for a pack that
    is data only."""

    name: str
    title: str
    authority: str
    folder: str
    module: str | None
    sources: Mapping[str, Source]
    code_lists: Mapping[str, str]

    @property
    def shipped(self) -> bool:
        """Whether the pack came with scrubber."""
        return self.module is not None and self.module.startswith("scrubber.edits.")


def read_edit(record: Mapping[str, Any], pack: str, file: str) -> Edit:
    """An edit from the checked record that ``edit.Edit.model_dump(mode="json", by_alias=True)`` gives."""
    effective = record["effective"]
    example = record["example"] or {"breaks": (), "holds": ()}
    breaks, holds = (tuple(map(_example, example[kind])) for kind in ("breaks", "holds"))
    must = record["must"]
    return Edit(
        id=record["id"],
        name=record["name"],
        pack=pack,
        file=file,
        at=record["at"],
        snip=record["snip"],
        when=tuple(map(_condition, record["when"])),
        must=_condition(must) if must else None,
        structure=tuple(record["structure"]),
        looks_at=LooksAt(**{k: tuple(v) for k, v in record["looks_at"].items()}),
        message=record["message"],
        why=record["why"],
        fix=record["fix"],
        severity=Severity(record["severity"]),
        status=_statuses(record["status"]),
        cases={case: _statuses(found) for case, found in record["cases"].items()},
        basis=effective["basis"],
        from_=_day(effective["from"]),
        to=_day(effective["to"]),
        cite=tuple(Cite(c["source"], c["at"]) for c in record["cite"]),
        breaks=breaks[0] if breaks else None,
        holds=holds[0] if holds else None,
        params=record["params"],
        yields_to=tuple(record["yields_to"]),
        more_breaks=breaks[1:],
        more_holds=holds[1:],
        asks=tuple(record["asks"]),
        unchecked_with=tuple(record["unchecked_with"]),
        untried=record["untried"],
        also_at=tuple(record["also_at"]),
    )


def read_pack(record: Mapping[str, Any], folder: str, module: str | None) -> Pack:
    """A pack from its checked record."""
    sources = {
        id: Source(
            id, s["title"], s["publisher"], s["edition"], date.fromisoformat(s["read"]), s["url"], s["verified"],
            s["table"],
        )
        for id, s in record["sources"].items()
    }  # fmt: skip
    return Pack(record["name"], record["title"], record["authority"], folder, module, sources, record["code_lists"])


def read_profile(record: Mapping[str, Any], pack: str) -> Profile:
    """A profile from its checked record."""
    return Profile(
        record["name"],
        record["title"],
        record["extends"],
        tuple(record["filing"]),
        tuple(record["payer_ids"]),
        record["severity"],
        record["params"],
        pack,
        tuple(Trial(trial["shows"], _example(trial), trial["finds"]) for trial in record["example"]),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _condition(record: Mapping[str, Any]) -> Condition:
    for verb, value in record.items():
        if verb != "at" and value is not None:
            return Condition(record.get("at"), verb, tuple(value) if isinstance(value, list) else value)
    raise ValueError("a condition without a verb")  # The model refuses it before we see it.


def _statuses(records: list[Mapping[str, Any]]) -> tuple[Status, ...]:
    return tuple(Status(s["category"], s["code"], s["entity"]) for s in records)


def _example(record: Mapping[str, Any]) -> Example:
    series = record["series"]
    return Example(
        base=record["base"],
        set=record["set"],
        remove=tuple(record["remove"]),
        add=tuple((a["after"], a["segment"]) for a in record["add"]),
        replace=tuple((r["old"], r["new"]) for r in record["replace"]),
        received=_day(record["received"]),
        profile=record["profile"],
        also=tuple(record["also"]),
        note=record["note"],
        params=record["params"],
        series=_series(series) if series else None,
    )


def _series(record: Mapping[str, Any]) -> Series:
    return Series(record["visits"], date.fromisoformat(record["first"]), date.fromisoformat(record["last"]))
