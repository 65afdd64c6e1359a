"""scrubber.toml: found, read, and refused with words that help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scrubber.config import Acks, Config, ConfigError, find, load

FULL = """
select = ["DX", "NCCI-01"]
ignore = ["DX-13"]
fail_on = "warning"
profile = "medicare"
data = "tables"
packs = ["house", "../shared-pack"]
[severity]
DX-12 = "off"
[params.CLM-07]
days = 180
[payers]
medicare = ["12345", "67890"]
[acks]
submitter = "US"
receiver = "THEM"
ta1_control_faults = "note"
stc12 = false
syntax = "claim"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "scrubber.toml"
    path.write_text(text)
    return path


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    config = load(write(tmp_path, FULL))
    assert config == Config(
        path=str(tmp_path / "scrubber.toml"),
        select=("DX", "NCCI-01"),
        ignore=("DX-13",),
        fail_on="warning",
        profile="medicare",
        severity={"DX-12": "off"},
        params={"CLM-07": {"days": 180}},
        payers={"12345": "medicare", "67890": "medicare"},
        acks=Acks("US", "THEM", "note", False, "claim"),
        data=str(tmp_path / "tables"),
        packs=(str(tmp_path / "house"), str(tmp_path / "../shared-pack")),
    )


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    assert load(path) == Config(path=str(path))


def test_it_is_found_upward(tmp_path: Path) -> None:
    path = write(tmp_path, 'fail_on = "never"')
    below = tmp_path / "claims" / "today"
    below.mkdir(parents=True)
    assert find(below) == path.resolve()
    assert load(start=below).fail_on == "never"
    nearer = write(tmp_path / "claims", "")
    assert find(below) == nearer.resolve()


def test_there_need_not_be_one(tmp_path: Path) -> None:
    if find(tmp_path) is not None:
        pytest.skip("a scrubber.toml above the temporary folder")
    assert load(start=tmp_path) == Config()


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('fail-on = "never"', "fail-on", "did you mean fail_on"),
        ("ignroe = []", "ignroe", "did you mean ignore"),
        ('[acks]\nreciever = "X"', "acks.reciever", "did you mean receiver"),
        ('[acks]\nsyntax = "file"', "acks.syntax", "'transaction' or 'claim'"),
        ('fail_on = "error"', "fail_on", "'reject', 'warning' or 'never'"),
        ('[severity]\nDX-10 = "fatal"', "severity.DX-10", "'off'"),
        ('select = "DX"', "select", "tuple"),
        ('[payers]\nmedicare = ["1"]\nmedicaid = ["1"]', "payers.medicaid", "already belongs to medicare"),
        ("select = [", "", "not readable as TOML"),
        ("[[waivers]]\nexpires = 2026-02-30", "", "2026-02-30 is no date"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, text: str, key: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {key}")
    assert said in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, 'fail_on = "error"\nprofil = "x"')
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "nowhere.toml")


def test_without_a_file_pydantic_is_not_loaded(tmp_path: Path) -> None:
    code = "import sys, scrubber.config as c; c.load(); print('pydantic' in sys.modules, 'tomllib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
