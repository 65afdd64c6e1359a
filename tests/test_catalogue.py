"""Every edit of the catalogue, tried with its own example, and the catalogue as a whole."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

import pytest

from judging import judge
from scrubber.catalogue.engine import Engine
from scrubber.catalogue.entry import Edit, Example
from scrubber.catalogue.examples import RECEIVED, apply, base_folder, contrast
from scrubber.catalogue.index import Catalogue, PackError
from scrubber.catalogue.load import load, pack_folders, read_folder, shipped_folder
from scrubber.config import Config
from scrubber.finding import Finding, Severity


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load(compiled=False, installed=False)


@lru_cache(maxsize=1)
def partial() -> Catalogue:
    """The catalogue, or what can be read of it: one broken pack should not hide the tests of the others."""
    try:
        return catalogue()
    except PackError:
        from scrubber.catalogue.load import build

        records = []
        for folder in pack_folders(shipped_folder()):
            try:
                records.append(read_folder(folder, f"scrubber.edits.{folder.name}"))
            except PackError:
                continue
        return build(records, {})


@lru_cache(maxsize=64)
def engine(received: date, profile: str | None) -> Engine:
    return Engine(partial(), received=received, config=Config(profile=profile), strict=True)


def run(example: Example, data: bytes | None = None, received: date | None = None) -> list[Finding]:
    found = engine(received or example.received or RECEIVED, example.profile)
    # A fresh start: what was told above the claims of another file says nothing here.
    found = Engine(found.catalogue, received=found.received, config=found.config, strict=True)
    return [finding for judged in judge(data or apply(example), found) for finding in judged.findings]


def told(findings: list[Finding], id: str) -> str:
    said = [f"{f.edit} {f.severity} at {f.where.loop}.{f.where.element or f.where.segment} {dict(f.values)}" for f in findings]
    return f"{id}: " + ("; ".join(said) or "no findings")


WITH_EXAMPLE = [edit for edit in partial().edits if edit.breaks and edit.holds]


def name(edit: Edit) -> str:
    return edit.id if len(partial().versions(edit.id)) == 1 else f"{edit.id}-from-{edit.from_}"


def test_the_catalogue_loads() -> None:
    assert catalogue().edits


@pytest.mark.parametrize("edit", WITH_EXAMPLE, ids=name)
def test_its_example_breaks_it(edit: Edit) -> None:
    assert edit.breaks is not None
    findings = run(edit.breaks)
    ids = {finding.edit for finding in findings}
    assert edit.id in ids, told(findings, edit.id)
    others = {f.edit for f in findings if f.severity is not Severity.INFO} - {edit.id}
    assert others == set(edit.breaks.also), told(findings, edit.id)


@pytest.mark.parametrize("edit", WITH_EXAMPLE, ids=name)
def test_its_example_holds_it(edit: Edit) -> None:
    assert edit.holds is not None
    findings = run(edit.holds)
    assert edit.id not in {finding.edit for finding in findings}, told(findings, edit.id)
    others = {f.edit for f in findings if f.severity is not Severity.INFO}
    assert others == set(edit.holds.also), told(findings, edit.id)
