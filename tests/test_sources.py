"""Sources lead somewhere: each has its public address or a reason for having none, and every page and report that
names a source links it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from shipped import catalogue
from test_packs import PACK, problems, write

from scrubber.catalogue.entry import Citation, Source
from scrubber.catalogue.explain import describe, write_markdown, write_text
from scrubber.catalogue.load import load
from scrubber.reports.html.words import link

OURS = "our own words or choice: no public page says it"
COMMON = "common knowledge of the field: no publication that says it was found"

WITHOUT = {
    ("icd10cm", "practice"): COMMON,
    ("modifiers", "practice"): COMMON,
    ("modifiers", "mapping"): OURS,
    ("ncci", "mapping"): OURS,
    ("necessity", "bcbsms"): "the payer moved its policies; where this one stands now was not seen",
    ("necessity", "practice"): COMMON,
    ("necessity", "mapping"): OURS,
    ("telehealth", "codingintel"): "its publisher has several articles on this; which one was read is not recorded",
    ("telehealth", "definitions"): "put together from several guides: no one page has all five modifiers",
    ("telehealth", "practice"): COMMON,
    ("telehealth", "mapping"): OURS,
    ("tr3", "mapping"): OURS,
    ("tr3", "billing-practice"): COMMON,
    ("tr3", "hcpcs"): "CMS's page of the quarterly files was not seen",
    ("tr3", "scrubber"): OURS,
}
"""Sources without an address, and why. A new source has one or stands here."""


def sources() -> dict[tuple[str, str], Source]:
    return {(pack.name, id): source for pack in catalogue().packs.values() for id, source in pack.sources.items()}


def work(source: Source) -> str:
    """What the publication is called, without which part of it or which edition: what its title says first."""
    return re.split(r"[:;,(]", source.title)[0].strip().casefold()


def test_a_source_has_an_address_or_a_reason_for_having_none() -> None:
    assert {key for key, source in sources().items() if source.url is None} == set(WITHOUT)


def test_addresses_are_of_the_web_and_whole() -> None:
    for key, source in sources().items():
        if source.url is None:
            continue
        parts = urlsplit(source.url)
        assert parts.scheme == "https", key
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), key
        assert not re.search(r"[\s\"'<>()\[\]\\`]|\.\.", source.url), key


def test_a_publication_has_one_address_in_all_packs() -> None:
    found = defaultdict(set)
    for source in sources().values():
        if source.url is not None:
            found[work(source)].add(source.url)
    assert {name: urls for name, urls in found.items() if len(urls) > 1} == {}
    shared = [key for key, source in sources().items() if work(source) == "medicare ncci policy manual"]
    assert len(shared) == 3, "the rule above compares what several packs cite"


def test_nearly_every_edit_cites_a_source_that_can_be_opened() -> None:
    edits = list(catalogue().by_id.values())
    linked = [edit for edit in edits if any(c.source.url for c in catalogue().citations(edit))]
    assert len(linked) / len(edits) > 0.9


# A link wherever a source is named -------------------------------------------------------------------------------


def test_an_edits_page_links_its_sources() -> None:
    edit = catalogue().by_id["MOD-15"]
    page = describe(catalogue(), edit)
    linked = [c.source for c in page.citations if c.source.url]
    assert linked
    assert len(linked) < len(page.citations), "one of them has no address"
    text, markdown = write_text(page, width=60), write_markdown(page)
    for source in linked:
        assert f"{source.url}\n" in text, "an address stands whole, in a line that a terminal can open"
        assert f"- [{source.title}]({source.url}): " in markdown
    assert markdown.count("](https://") == len(linked)


def test_the_html_report_links_a_source_and_leaves_one_without_address_plain() -> None:
    (cited,) = {c for c in catalogue().citations(catalogue().by_id["MOD-15"]) if c.source.id == "manual"}
    opened = f'<a href="{cited.source.url}" rel="noopener noreferrer">'
    assert link(cited).startswith(f"{opened}Medicare NCCI Policy Manual</a>, revision of 2026-01-01: chapter I")
    plain = Citation(cited.source._replace(url=None), cited.at)
    assert "<a" not in link(plain)
    assert link(plain).startswith("Medicare NCCI Policy Manual, revision of")


# A pack's author errs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/memo",
        "example.org/memo",
        "javascript:alert(1)",
        "https://",
        "https:///memo",
        "https://example.org/a memo",
        "https://example.org/memo\\n",
        'https://example.org/\\"onclick=x',
        "https://example.org/memo)",
        "https://example.org/<memo>",
        "https://someone@example.org/memo",
        "",
    ],
)
def test_what_is_no_web_address_is_refused(tmp_path: Path, url: str) -> None:
    told = problems(write(tmp_path, pack=f'{PACK}url = "{url}"\n'))
    assert "pack.toml" in told
    assert "sources.memo.url: reports make a link of it, so it has to be a web address: https:// first" in told


@pytest.mark.parametrize(
    "url", ["https://example.org", "https://wiki:8443/memo_1?v=2&at=3#rule", "https://example.org/a%20memo~"]
)
def test_a_web_address_is_taken_as_it_is(tmp_path: Path, url: str) -> None:
    loaded = load([write(tmp_path, pack=f'{PACK}url = "{url}"\n')], installed=False)
    assert loaded.packs["house"].sources["memo"].url == url
