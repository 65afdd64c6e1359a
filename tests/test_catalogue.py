"""Every edit of the catalogue, tried with its own example, and the catalogue as a whole."""

from __future__ import annotations

import csv
import string
from datetime import timedelta
from pathlib import Path

import pytest
from shipped import catalogue, name, partial

from scrubber import proof
from scrubber.catalogue.compile import compile_packs
from scrubber.catalogue.entry import Edit, Example, Profile
from scrubber.catalogue.examples import RECEIVED, base_folder
from scrubber.catalogue.explain import describe, write_markdown, write_text
from scrubber.catalogue.load import COMPILED, load, shipped_folder
from scrubber.finding import Finding, Severity
from scrubber.pipeline import Options
from scrubber.reports.vocabulary import read_vocabulary


def run(example: Example) -> list[Finding]:
    """The findings of an example's file, whatever their floor; a check that crashes fails the test."""
    return proof.run(partial(), example)


def told(findings: list[Finding], id: str) -> str:
    said = [f"{f.edit} {f.severity} {f.where.loop}.{f.where.element or f.where.segment} {f.values}" for f in findings]
    return f"{id}: " + ("; ".join(said) or "no findings")


WITH_EXAMPLE = [edit for edit in partial().edits if edit.breaks and edit.holds]


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


# All that an entry can be tried for -----------------------------------------------------------------------------------


@pytest.mark.parametrize("edit", [edit for edit in WITH_EXAMPLE if edit.must], ids=name)
def test_it_stands_its_trials(edit: Edit) -> None:
    """Every example of it, the days on which its dates begin and end, the payers that it is not for."""
    problems = [f"{shows}: {problem}" for shows, problem in proof.prove_edit(partial(), edit) if problem]
    assert not problems, f"{edit.id}: " + "; ".join(problems)


def test_the_days_tried_are_those_of_the_entries() -> None:
    (edit,) = [e for e in partial().versions("MOD-26") if e.to]
    assert edit.to is not None
    assert [(at.day, at.due) for at in proof.boundaries(edit)][-2:] == [
        (edit.to, True),
        (edit.to + timedelta(1), False),
    ]


@pytest.mark.parametrize("profile", partial().profiles.values(), ids=lambda profile: profile.name)
def test_each_setting_of_a_profile_shows(profile: Profile) -> None:
    problems = [f"{shows}: {problem}" for shows, problem in proof.prove_profile(partial(), profile) if problem]
    assert not problems, f"{profile.name}: " + "; ".join(problems)


# The catalogue as a whole -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(base_folder().glob("*.837")), ids=lambda path: path.stem)
def test_base_claims_are_clean(path: Path) -> None:
    findings = proof.judge_data(path.read_bytes(), Options(received=RECEIVED, catalogue=partial(), strict=True))
    assert [f for f in findings if f.severity is not Severity.INFO] == [], told(findings, path.stem)


@pytest.mark.parametrize("edit", WITH_EXAMPLE, ids=name)
def test_its_message_is_filled(edit: Edit) -> None:
    """Every placeholder of the message is among the values that the example's finding brings."""
    assert edit.breaks is not None
    wanted = {field for _, field, _, _ in string.Formatter().parse(edit.message) if field}
    for finding in run(edit.breaks):
        if finding.edit == edit.id:
            assert wanted <= set(finding.values), f"{edit.id}: {wanted - set(finding.values)} not in {finding.values}"


def test_every_edit_has_an_example() -> None:
    bare = {edit.id for edit in catalogue().edits if edit.must} - {edit.id for edit in WITH_EXAMPLE}
    # They need tables or lists that are not ours to ship: each says so, and has tests of its own.
    assert bare == {edit.id for edit in catalogue().edits if edit.untried}


def test_no_two_edits_have_the_same_example() -> None:
    seen: dict[str, str] = {}
    for edit in WITH_EXAMPLE:
        text = repr(edit.breaks)
        if seen.setdefault(text, edit.id) != edit.id:
            pytest.fail(f"{edit.id} and {seen[text]} break on the same example")


def test_every_source_is_cited() -> None:
    for pack in catalogue().packs.values():
        cited = {cite.source for edit in catalogue().edits if edit.pack == pack.name for cite in edit.cite}
        assert set(pack.sources) == cited, f"{pack.name}: {set(pack.sources) ^ cited}"


def test_every_check_is_there_and_used() -> None:
    for edit in catalogue().edits:
        if edit.must and edit.must.verb == "check":
            assert callable(catalogue().check(edit, edit.must.value))


def test_code_lists_have_no_code_twice() -> None:
    for list_name, path in catalogue().code_lists.files.items():
        lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
        keys = [next(csv.reader([line]))[0] for line in lines[1:]]
        assert len(keys) == len(set(keys)), list_name
        assert set(catalogue().code_lists[list_name]) == set(keys)


def test_status_codes_have_words_and_what_they_ask_for() -> None:
    """A code that wants an entity or a second code gets it: a 277CA without it would be refused itself."""
    words = read_vocabulary()
    for edit in catalogue().edits:
        for status in (edit.status, *edit.cases.values()):
            for item in status:
                assert item.category in words.category, edit.id
                said = words.status.get(item.code)
                assert said, f"{edit.id}: no words for status {item.code}"
                assert item.entity or not said.entity, f"{edit.id}: {item.code} needs an entity"
                assert len(status) > 1 or not said.second, f"{edit.id}: {item.code} needs a second code"
                assert item.entity in (None, "loop") or item.entity in words.entity, f"{edit.id}: {item.entity}"


def test_ids_are_those_of_the_contract() -> None:
    """Each structural finding that the reader can make has its words."""
    for edit in catalogue().edits:
        if edit.id.startswith("X12-"):
            assert edit.structure == (edit.id.removeprefix("X12-"),), edit.id


# The compiled form ---------------------------------------------------------------------------------------------------


def test_the_compiled_form_is_fresh() -> None:
    path = shipped_folder() / COMPILED
    assert path.read_bytes() == compile_packs(), "run python -m scrubber.catalogue.compile"


def test_the_compiled_form_says_the_same() -> None:
    compiled = load(installed=False)
    assert compiled.snippets, "the compiled form was not used"
    assert compiled.edits == catalogue().edits
    assert compiled.packs == catalogue().packs
    assert compiled.profiles == catalogue().profiles


@pytest.mark.parametrize("edit", WITH_EXAMPLE, ids=name)
def test_its_page_shows_the_example(edit: Edit) -> None:
    page = describe(partial(), edit)
    text = write_text(page)
    assert edit.why.split()[0] in text
    assert write_markdown(page).startswith(f"# {edit.id}: ")
    breaks, holds = (segments for _, segments in page.examples)
    assert breaks
    assert breaks != holds
