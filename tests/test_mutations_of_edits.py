"""The examples of every edit are sharp: whatever is changed about it, some example or boundary day notices.

``survivors.toml`` lists the changes that none can notice, each with its reason.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from edit_mutants import Witness, mutants, negated, numbers, shifted
from shipped import name, partial

from scrubber.catalogue.entry import Condition, Edit

SURVIVORS = tomllib.loads((Path(__file__).parent / "survivors.toml").read_text("utf-8"))["survivor"]

REVIEWED = {
    (edit, change): entry["reason"] for entry in SURVIVORS for edit in entry["edits"] for change in entry["changes"]
}


@pytest.mark.parametrize("edit", [edit for edit in partial().edits if edit.must and edit.breaks], ids=name)
def test_its_examples_notice_every_change(edit: Edit) -> None:
    witness = Witness(edit, partial())
    survivors = {mutant.change for mutant in mutants(edit, partial()) if not witness.notices(mutant.edit)}
    reviewed = {change for id, change in REVIEWED if id == name(edit)}
    assert survivors <= reviewed, (
        f"{edit.id}: no example notices these changes; add one to `breaks` or `holds` (each may be a list): "
        f"{'; '.join(sorted(survivors - reviewed))}"
    )
    assert reviewed <= survivors, (
        f"{edit.id}: noticed by now, take out of survivors.toml: {sorted(reviewed - survivors)}"
    )


def test_every_survivor_is_of_an_edit() -> None:
    names = {name(edit) for edit in partial().edits}
    assert {id for id, _ in REVIEWED} <= names
    assert all(len(reason.split()) > 5 for reason in REVIEWED.values())


def test_a_condition_is_turned_round() -> None:
    turned = {
        Condition(None, "present", True): Condition(None, "present", False),
        Condition("2300.CLM01", "in", ("1",)): Condition("2300.CLM01", "not_in", ("1",)),
        Condition(None, "equals", "11"): Condition(None, "not_in", ("11",)),
        Condition(None, "min", "2"): Condition(None, "max", "1.999999"),
        Condition(None, "max", "2300.CLM02"): Condition(None, "min", "2300.CLM02"),
        Condition(None, "before", "received"): Condition(None, "after", "received"),
    }
    for condition, other in turned.items():
        assert negated(condition, partial()) == other
    assert [moved.value for moved in shifted(Condition(None, "max", "6"))] == ["5", "7"]
    assert [moved.value for moved in shifted(Condition(None, "after", "2026-01-01"))] == ["2025-12-31", "2026-01-02"]
    assert not list(shifted(Condition(None, "before", "received")))


def test_numbers_are_found_wherever_they_stand() -> None:
    params = {"limit": 6, "ages": {"child": [0, 17]}, "on": True, "codes": ["98940"]}
    assert dict(numbers(params)) == {("limit",): 6, ("ages", "child", 0): 0, ("ages", "child", 1): 17}
