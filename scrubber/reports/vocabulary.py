"""What the codes of the acknowledgements say, in our own words: ``edits/tr3/tables/ack_words.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StatusWords:
    """A claim status code (code source 508). ``says`` may hold ``{who}``, the entity the status is about.

    ``entity``: the code is never sent without an entity code; ``second``: never without a further status code.
    """

    says: str
    entity: bool = False
    second: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Code to words, one table per code list. A code that has no words here is not one that we send."""

    ta104: Mapping[str, str]
    ta105: Mapping[str, str]
    ik304: Mapping[str, str]
    ik403: Mapping[str, str]
    ik501: Mapping[str, str]
    ik502: Mapping[str, str]
    ak901: Mapping[str, str]
    ak905: Mapping[str, str]
    category: Mapping[str, str]
    status: Mapping[str, StatusWords]
    entity: Mapping[str, str]
    entities: Mapping[str, frozenset[str]]
    """Level of the 277CA (batch, provider, claim) to the entity codes that it takes."""
    qualifiers: Mapping[str, frozenset[str]]
    """``procedure``: the qualifiers of a procedure code that SVC01-1 takes."""
    loop: Mapping[str, str]
    segment: Mapping[str, str]

    def say_place(self, segment: str, loop: str | None) -> str:
        """``CLM (claim), in loop 2300 (the claim)``."""
        name = self.segment.get(segment)
        said = f"{segment} ({name})" if name else segment
        if not loop:
            return said
        what = self.loop.get(loop)
        return f"{said}, in loop {loop} ({what})" if what else f"{said}, in loop {loop}"

    def say_status(self, composites: tuple[tuple[str, str, str | None], ...]) -> str:
        """One STC in words: ``Something is invalid: the NPI of the billing provider``."""
        parts = []
        for _, code, entity in composites:
            words = self.status.get(code)
            who = self.entity.get(entity or "", "the party concerned")
            parts.append(words.says.format(who=who) if words else f"status code {code}")
        category = composites[0][0]
        return f"{self.category.get(category, f'Category {category}')}: {'; '.join(parts)}"


@cache
def read_vocabulary() -> Vocabulary:
    """The words, read once."""
    folder = Path(next(iter(import_module("scrubber.edits.tr3").__path__)))
    text = (folder / "tables" / "ack_words.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    status = {code: StatusWords(**row) for code, row in tables.pop("status").items()}
    entities = {level: frozenset(codes) for level, codes in tables.pop("entities").items()}
    qualifiers = {what: frozenset(codes) for what, codes in tables.pop("qualifiers").items()}
    return Vocabulary(status=status, entities=entities, qualifiers=qualifiers, **tables)
