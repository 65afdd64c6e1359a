"""What is generated into docs/edits is fresh, complete, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from shipped import catalogue

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "edits"


@lru_cache(maxsize=1)
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1)
def pages() -> dict[str, str]:
    built: dict[str, str] = builder().build(catalogue())
    return built


def test_the_pages_are_fresh() -> None:
    there = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in {*there, *pages()} if there.get(name) != pages().get(name))
    assert not stale, f"run `make docs`: {', '.join(stale[:10])}"


def test_every_edit_has_a_page_and_stands_in_the_index() -> None:
    index = pages()["README.md"]
    families, _, types = index.partition("## By SNIP type")
    for id, edit in catalogue().by_id.items():
        assert f"# {id}: {edit.name}\n" in pages()[f"{id}.md"]
        assert f"[{id}]({id}.md)" in families
        assert f"[{id}]({id}.md)" in types


def test_links_lead_somewhere() -> None:
    for name, text in pages().items():
        for target in re.findall(r"\]\(([^)#]+\.md)", text):
            assert target in pages() or (FOLDER / target).exists(), f"{name} links to {target}"


def test_every_source_stands_in_the_bibliography() -> None:
    sources = pages()["sources.md"]
    for pack in catalogue().packs.values():
        for source in pack.sources.values():
            assert source.title in sources
            assert source.edition in sources


def test_a_page_says_what_its_example_raises() -> None:
    page = pages()["DX-10.md"]
    assert "M54.2 (cervicalgia) is on the claim with M50.322" in page
    assert "^^^^^^^^" in page
    assert not re.search(r"^.*\{[a-z_]+\}.*$", page, re.M), "a placeholder was left"


def test_stale_pages_are_taken_out(tmp_path: Path) -> None:
    (tmp_path / "OLD-01.md").write_text("of an edit that is no more")
    (tmp_path / "notes.txt").write_text("not ours")
    builder().write(tmp_path, {"DX-10.md": "text"})
    assert {path.name for path in tmp_path.iterdir()} == {"DX-10.md", "notes.txt"}
