"""One is no plural: counts in front of their nouns, in everything that is told of one claim."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from reporting import base, catalogue
from running import call, check

from scrubber.catalogue.explain import list_text
from scrubber.run import FORMATS

SLIP = re.compile(
    r"(?<![\w.,:*/-])1 (?:[a-z]+ )?(?:bytes|characters|claims|edits|elements|errors|faults|files|findings|groups"
    r"|interchanges|lines|outputs|rejects|reasons|rows|segments|sets|times|units|visits|warnings)\b|"
    r"\b(?:these|all|All) 1\b|\b1 (?:are|were|have)\b"
)

FILES = {
    "clean": base("office"),
    "a warning": base("office", ("SV1*HC:99213", "SV1*HC:99213:25")),
    "a reject": base("office", ("HI*ABK:", "HI*ABK:Q")),
    "a provider": base("office", ("XX*2990001010~", "XX*2990001011~")),
    "no such set": base("office", ("ST*837*0001", "ST*837*1")),
    "a unit too many": base("office", ("*CI~", "*MB~"), ("SV1*HC:99213", "SV1*HC:99051")),
    "cut off": base("office")[:700],
}


def slips(text: str) -> list[str]:
    return [text[max(0, m.start() - 40) : m.end() + 10] for m in SLIP.finditer(text)]


@pytest.mark.parametrize("name", FILES)
def test_reports_count_one(tmp_path: Path, name: str) -> None:
    acks = tmp_path / "acks"
    acks.mkdir()
    for kind in FORMATS:
        told = check(tmp_path, kind, FILES[name], acks=acks, clock=datetime(2026, 9, 20)).out.decode("utf-8-sig")
        assert not slips(re.sub(r"<[^>]+>", "", told)), kind
        assert kind not in ("text", "html") or "these claims" not in told
    for path in acks.glob("*.txt"):
        assert not slips(path.read_text("utf-8")), path.name


def test_commands_count_one(tmp_path: Path) -> None:
    (tmp_path / "office.837").write_bytes(base("office", ("XX*2990001010~", "XX*2990001010***~")))
    said = [
        call("filter", str(tmp_path / "office.837"), "--out", str(tmp_path / "out"), "--received", "2026-09-20"),
        call("fix", str(tmp_path / "office.837"), "--received", "2026-09-20"),
        call("tables", "list", "--data", str(tmp_path)),
    ]
    for told in said:
        assert not slips(told.stdout + told.stderr)
    assert list_text(catalogue().edits[:1]).endswith("\n1 edit\n")
    assert list_text(catalogue().edits[:2]).endswith("\n2 edits\n")
