"""Ids that the field's lists name and that are no edit here are told as such, not taken for a slip of the pen."""

from __future__ import annotations

import re

import pytest
from reporting import QUICKSTART, catalogue
from running import call

from scrubber.catalogue.absent import read_absent, say_absent

ID = re.compile(r"\b(?:DX|PTR|MOD|TEL|NEC|CLM|NCCI)-[0-9A-Z]+[a-z]?\b")


def test_they_are_no_edits_and_name_only_edits() -> None:
    known = catalogue().by_id
    for id, why in read_absent().items():
        assert id not in known
        assert ID.findall(why)
        assert set(ID.findall(why)) <= set(known)


@pytest.mark.parametrize("id", ["DX-16", "PTR-11", "dx-16", " ptr-11 "])
def test_explain_says_what_they_are(id: str) -> None:
    said = call("explain", id)
    assert said.exit_code == 2
    assert said.stderr.startswith(f"scrubber: {id.strip().upper()} is no edit: ")
    assert "did you mean" not in said.stderr


@pytest.mark.parametrize("option", ["--select", "--ignore", "--require"])
def test_so_do_the_options_that_take_edits(option: str) -> None:
    said = call("check", str(QUICKSTART), option, "DX-10,DX-16")
    assert said.exit_code == 2
    assert "DX-16 is no edit: " in said.stderr


def test_any_other_name_is_a_slip() -> None:
    assert say_absent("DX-99") is None
    assert "no edit is called `DX-99`" in call("explain", "DX-99").stderr
