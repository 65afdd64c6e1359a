"""Packs that are wrong are refused in words that help their author: file, entry, field, and what was meant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scrubber.catalogue.explain import list_records, list_text
from scrubber.catalogue.index import PackError
from scrubber.catalogue.load import COMPILED, digest, load, shipped_folder
from scrubber.finding import Finding, Location, Severity

PACK = """
name = "house"
title = "House rules"
authority = "our office"
edits = ["rules.toml"]
code_lists = { colours = "colours.csv" }
[sources.memo]
title = "Memo"
publisher = "The office"
edition = "1"
read = 2026-11-22
"""

EDIT = """
[[edit]]
id = "T-01"
name = "a-test"
at = "2300.CLM01"
snip = 7
must = { matches = "[A-Z0-9-]+" }
message = "Claim number {value} has characters that our system drops."
why = "Because."
fix = "Change it."
severity = "warning"
cite = [{ source = "memo", at = "1" }]
"""


def is_fresh() -> bool:
    """Whether the compiled form is in use; test_catalogue says when it is not."""
    compiled = json.loads((shipped_folder() / COMPILED).read_bytes())
    return bool(compiled["digest"] == digest(shipped_folder()))


needs_compiled = pytest.mark.skipif(not is_fresh(), reason="edits/catalogue.json is stale")


def write(folder: Path, edits: str = EDIT, pack: str = PACK) -> Path:
    (folder / "pack.toml").write_text(pack)
    (folder / "colours.csv").write_text("code,name\n1,red\n")
    (folder / "rules.toml").write_text(edits)
    return folder


def problems(folder: Path) -> str:
    with pytest.raises(PackError) as caught:
        load([folder], installed=False)
    return "\n".join(caught.value.problems)


def test_a_pack_of_data_is_added_to_the_catalogue(tmp_path: Path) -> None:
    catalogue = load([write(tmp_path)], installed=False)
    edit = catalogue.by_id["T-01"]
    assert edit.pack == "house"
    (citation,) = catalogue.citations(edit)
    assert (citation.source.title, citation.at) == ("Memo", "1")
    assert catalogue.code_lists["colours"] == {"1": {"code": "1", "name": "red"}}
    assert len(catalogue.edits) > 100
    assert catalogue.find("t-01") is catalogue.find("a-test") is edit


CHANGES = [
    # what an entry alone can get wrong
    ('name = "a-test"', 'nmae = "a-test"', "rules.toml: T-01: nmae: no such key; did you mean name?"),
    ('severity = "warning"', 'severity = "error"', "T-01: severity: Input should be 'reject', 'warning' or 'info'"),
    ('severity = "warning"', 'severity = "reject"', "a reject needs a `status`"),
    ('{ matches = "[A-Z0-9-]+" }', '{ match = "x" }', "must.match: no such key; did you mean matches?"),
    ('{ matches = "[A-Z0-9-]+" }', '{ matches = "x", max = "1" }', "exactly one verb"),
    ('why = "Because."\n', "", "T-01: why: is missing"),
    ('id = "T-01"', 'id = "t1"', "rules.toml: t1: id: String should match pattern"),
    ('{ source = "memo", at = "1" }', '{ source = "memo" }', "cite.0.at: is missing"),
    ('cite = [{ source = "memo", at = "1" }]', "cite = []", "without a source"),
    # what only the whole can tell
    ('source = "memo"', 'source = "mmeo"', "T-01: cite: no source `mmeo` in pack.toml; did you mean memo?"),
    (
        'at = "2300.CLM01"',
        'at = "2300.CML01"',
        "T-01: at: `2300.CML01`: loop 2300 has no segment CML; did you mean CLM?",
    ),
    ('at = "2300.CLM01"', 'at = "2400[1].SV101"', "leave [1] out"),
    ('at = "2300.CLM01"', 'at = "*"', "`*` is for structural findings"),
    ('{ matches = "[A-Z0-9-]+" }', '{ matches = "[A-Z" }', "no regular expression"),
    ('{ matches = "[A-Z0-9-]+" }', '{ table = "colors" }', "no code list `colors`; did you mean colours?"),
    ('{ matches = "[A-Z0-9-]+" }', '{ min = "many" }', "neither a number nor an address"),
    ('{ matches = "[A-Z0-9-]+" }', '{ before = "2400.DPT(472)03" }', "did you mean DTP?"),
    ('{ matches = "[A-Z0-9-]+" }', '{ after = "soon" }', "neither a date"),
    ('{ matches = "[A-Z0-9-]+" }', "{ in = [] }", "in: is empty"),
    ('{ matches = "[A-Z0-9-]+" }', '{ check = "colour" }', "holds data only"),
    ("{value}", "{vlaue}", "`{vlaue}` is never filled here; did you mean value?"),
    ("{value}", "{value!r}", "is no placeholder"),
    ("{value}", "{value", "a literal brace is written twice"),
    ('fix = "Change it."', 'fix = "Change {value}."', "only the message is filled"),
    ('name = "a-test"', 'name = "cervicalgia-with-cervical-disc-disorder"', "is already the name of DX-10"),
    ('id = "T-01"', 'id = "DX-10"', "an id has one meaning, in one pack"),
    ("snip = 7", 'snip = 7\nyields_to = ["DX-1O"]', "yields_to: no edit `DX-1O`; did you mean DX-10?"),
    ("snip = 7", 'snip = 7\nlooks_at = { profiles = ["medicaire"] }', "did you mean medicare?"),
    ("snip = 7", "snip = 7\neffective = { from = 2026-02-01, to = 2026-01-31 }", "`to` lies before `from`"),
    (
        "snip = 7",
        'snip = 7\nexample = { breaks = { set = { "2300.CLM21" = "x" } }, holds = {} }',
        "example.breaks: `2300.CLM21`: CLM has elements 01 to 20",
    ),
    ('at = "2300.CLM01"', 'at = "2010AA.NM109"\nwhen = [{ at = "2300.CLM02", present = true }]', "lies in a claim"),
]


@pytest.mark.parametrize(("old", "new", "said"), CHANGES, ids=[said for _, _, said in CHANGES])
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in EDIT
    assert said in problems(write(tmp_path, EDIT.replace(old, new)))


def test_entries_of_one_id_must_not_overlap(tmp_path: Path) -> None:
    first = EDIT + "effective = { to = 2026-06-30 }\n"
    second = EDIT + "effective = { from = 2026-07-01 }\n"
    edits = load([write(tmp_path, first + second)], installed=False).versions("T-01")
    assert [edit.to is None for edit in edits] == [False, True]
    overlapping = EDIT + "effective = { from = 2026-06-30 }\n"
    assert "overlaps another entry" in problems(write(tmp_path, first + overlapping))
    assert "overlaps another entry" in problems(write(tmp_path, EDIT + EDIT))


def test_files_that_are_not_what_they_should_be(tmp_path: Path) -> None:
    assert "no pack.toml here" in problems(tmp_path)
    missing = PACK.replace("rules.toml", "ruels.toml")
    assert "there is no file `ruels.toml`; did you mean rules.toml?" in problems(write(tmp_path, pack=missing))
    assert "not readable as TOML" in problems(write(tmp_path, "[[edit]"))
    odd = problems(write(tmp_path, EDIT + 'effective = { basis = "service", from = 2026-13-01 }\n'))
    assert "; 2026-13-01 is no date: a date is year, month and day" in odd
    assert "is no date" not in problems(write(tmp_path, EDIT + "effective = { from = 2026-12-01\n"))
    assert "stands outside every [[edit]] table; did you mean edit?" in problems(write(tmp_path, "[[edits]]\n"))
    (tmp_path / "more.toml").write_text(EDIT)
    assert "more.toml: holds edits, but pack.toml does not name it" in problems(write(tmp_path))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(write(tmp_path, EDIT.replace("source", "sauce").replace('why = "Because."\n', "")))
    assert len(found.splitlines()) == 3  # sauce, no source, no why


def test_a_pack_may_bring_profiles(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text('name = "ours"\ntitle = "Ours"\nextends = "medicare"\npayer_ids = ["OURS1"]\n')
    catalogue = load([write(tmp_path)], installed=False)
    assert [profile.name for profile in catalogue.ancestry("ours")][:2] == ["ours", "medicare"]
    (tmp_path / "ours.toml").write_text('name = "ours"\ntitle = "Ours"\nextends = "medicaire"\n')
    assert "did you mean medicare?" in problems(tmp_path)


def test_the_catalogue_is_listed(tmp_path: Path) -> None:
    edits = load([write(tmp_path)], installed=False).edits
    text = list_text(edits)
    assert "T-01" in text
    assert text.splitlines()[-1] == f"{len({e.id for e in edits})} edits"
    record = next(r for r in list_records(edits) if r["id"] == "T-01")
    assert record["name"] == "a-test"
    assert record["ack"] is None


def test_a_structural_fault_takes_the_name_of_its_edit() -> None:
    catalogue = load(installed=False)

    def fault(edit: str, loop: str, place: str, qualifier: str = "") -> Finding:
        element = place if place[-1].isdigit() else None
        where = Location(loop, place[:3], element, "A", 1, 20, 100, 2)
        return Finding(edit, Severity.REJECT, where, {"qualifier": qualifier} if qualifier else {})

    # PTR-03 names a pointer that is missing from a service line, and no other missing element.
    assert catalogue.rename(fault("X12-IK4-1", "2400", "SV107")).edit == "PTR-03"
    assert catalogue.rename(fault("X12-IK4-1", "2400", "SV102")).edit == "X12-IK4-1"
    # PTR-01 names what is wrong with the HI of diagnoses, not with those of conditions or anesthesia.
    assert catalogue.rename(fault("X12-IK3-5", "2300", "HI", "ABK")).edit == "PTR-01"
    assert catalogue.rename(fault("X12-IK3-5", "2300", "HI")).edit == "PTR-01"
    assert catalogue.rename(fault("X12-IK3-5", "2300", "HI", "BP")).edit == "X12-IK3-5"


@needs_compiled
def test_the_compiled_form_needs_no_pydantic() -> None:
    code = (
        "import sys; from scrubber.catalogue.load import load; from scrubber.catalogue.engine import Engine;"
        "from datetime import date; c = load(installed=False); Engine(c, received=date(2026, 9, 16));"
        "print(bool(c.snippets), 'pydantic' in sys.modules, 'tomllib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


@needs_compiled
def test_a_bare_checkout_finds_its_edits() -> None:
    """Without installing: no site-packages, no import hook for scrubber.edits."""
    root = Path(__file__).parents[1]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); from scrubber.catalogue.load import load, shipped_folder;"
        "c = load(); e = c.by_id['CLM-01']; print(shipped_folder().name, callable(c.check(e, e.must.value)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["edits", "True"]


def test_an_installed_pack_is_found_and_may_hold_checks(tmp_path: Path) -> None:
    """A distribution with the entry point scrubber.packs, as pip would leave it."""
    package = tmp_path / "house_pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "checks.py").write_text("def colour(claim, know):\n    return ()\n")
    write(package, EDIT.replace('{ matches = "[A-Z0-9-]+" }', '{ check = "colour" }'))
    info = tmp_path / "house_pack-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house-pack\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[scrubber.packs]\nhouse = house_pack\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from scrubber.catalogue.load import load;"
        "c = load(); e = c.by_id['T-01']; print(c.packs['house'].module, c.check(e, e.must.value).__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["house_pack", "house_pack.checks"]
