"""What the edits on the claim itself say of a base claim with a few changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from judging import Judged, judge

from scrubber.catalogue.edit import Example
from scrubber.catalogue.engine import Engine
from scrubber.catalogue.entry import Example as ReadExample
from scrubber.catalogue.examples import apply
from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import build, read_folder, shipped_folder
from scrubber.catalogue.sources import Sources
from scrubber.config import Config
from scrubber.finding import Finding

RECEIVED = date(2026, 9, 16)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The packs under test alone: what another pack says of these claims is not asked here."""
    root = shipped_folder()
    return build([read_folder(root / name, f"scrubber.edits.{name}") for name in ("payers", "tr3")], {})


def judged(
    base: str = "office",
    received: date = RECEIVED,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    tables: Mapping[str, Any] | None = None,
    **changes: object,
) -> list[Judged]:
    """``params`` are set as by scrubber.toml, edit id to names and values; ``tables`` by their name in Knowledge."""
    record = Example.model_validate({"base": base, **changes})
    example = ReadExample(
        base=base,
        set=record.set,
        remove=record.remove,
        add=tuple((a.after, a.segment) for a in record.add),
        replace=tuple((r.old, r.new) for r in record.replace),
        received=None,
        profile=None,
        also=(),
        note=None,
    )
    sources = Sources(given={name: lambda table=table: table for name, table in (tables or {}).items()})
    config = Config(params=dict(params or {}))
    return list(judge(apply(example), Engine(catalogue(), sources, received=received, config=config, strict=True)))


def found(base: str = "office", received: date = RECEIVED, **changes: Any) -> list[Finding]:
    return [f for claim in judged(base, received, **changes) for f in claim.findings if f.edit.startswith("CLM")]


def ids(base: str = "office", received: date = RECEIVED, **changes: Any) -> list[str]:
    return [f.edit for f in found(base, received, **changes)]


def only(base: str = "office", received: date = RECEIVED, **changes: Any) -> Finding:
    [finding] = found(base, received, **changes)
    return finding


def statuses(finding: Finding) -> list[str]:
    edit = catalogue().by_id[finding.edit]
    return [":".join(filter(None, status)) for status in edit.status_of(finding)]


def message(finding: Finding) -> str:
    return catalogue().by_id[finding.edit].message.format_map(finding.values)
