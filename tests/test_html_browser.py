"""The HTML report in a browser: rendered, measured, printed, driven by keyboard, judged by axe.

Needs Chromium; without one these tests are skipped.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Opened, find_barriers, needs_browser, start_browser
from hostile import poison
from reporting import QUICKSTART, ROOT, base, write

pytestmark = needs_browser

SMALL = QUICKSTART.read_bytes()
BAD_NPI = base("batch", ("XX*2990001010~", "XX*2990001011~"))
BAD_COUNT = SMALL.replace(b"SE*114*0001~", b"SE*113*0001~")

REPORTS = {
    "small": lambda: write("html", SMALL),
    "several": lambda: write("html", {"a.837": SMALL, "b.837": BAD_NPI, "c.837": BAD_COUNT, "d.837": b"no X12"}),
    "redacted": lambda: write("html", SMALL, redact=True),
    "clean": lambda: write("html", {"a.837": base("office"), "b.837": base("telehealth")}),
    "hostile": lambda: write("html", {"<b>.837": poison(7, 0.3), "b.837": poison(8, 0.05)}),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    for name, make in REPORTS.items():
        made[name] = folder / f"{name}.html"
        made[name].write_bytes(make())
    return made


@pytest.fixture
def opened(browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    pages: list[Opened] = []

    def open_(name: str, **context: Any) -> Opened:
        pages.append(Opened(browser, files[name], **context))
        return pages[-1]

    yield open_
    for page in pages:
        page.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 360)])
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing(opened: Any, name: str, scheme: str, width: int) -> None:
    page = opened(name, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True).open_all()
    assert find_barriers(page) == []


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_loads_nothing_and_runs_nothing(opened: Any, name: str) -> None:
    it = opened(name)
    it.open_all().mouse.move(300, 300)
    assert it.requests == [it.page.url]
    assert it.said == []


@pytest.mark.parametrize("name", REPORTS)
def test_it_reads_the_same_without_script(opened: Any, name: str) -> None:
    texts = [opened(name, java_script_enabled=on).page.locator("main").inner_text() for on in (True, False)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_never_scrolls_sideways(opened: Any, name: str) -> None:
    page = opened(name).open_all()
    for width in (320, 768, 1200, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def test_light_and_dark_differ(opened: Any) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = opened("small", color_scheme=scheme).page
        grounds.append(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    light, dark = ([int(n) for n in re.findall(r"\d+", ground)] for ground in grounds)
    assert min(light) > 240
    assert max(dark) < 40


def test_the_bracket_reaches_from_one_row_to_the_other(opened: Any) -> None:
    page = opened("small").page
    for claim in ("NECK-1002", "NECK-1005"):
        box = page.locator("details.claim", has=page.locator("h4", has_text=claim))
        first, last = box.locator("td.join.from"), box.locator("td.join.to")
        assert first.count() == last.count() == 1
        top, bottom = first.bounding_box(), last.bounding_box()
        assert abs(top["y"] + top["height"] - bottom["y"]) <= 1  # No gap between the two halves.
        for cell in (first, last):
            width, color = cell.evaluate(
                "c => {const s = getComputedStyle(c, '::before'); return [s.borderLeftWidth, s.borderLeftColor]}"
            )
            assert width == "2px"
            assert color == page.locator(".mark.reject").first.evaluate("m => getComputedStyle(m).color")


def test_the_pointer_shows_what_an_element_is_called(opened: Any) -> None:
    page = opened("small").page
    element = page.locator(".finding .segments i", has_text="M50322").first
    assert element.evaluate("e => getComputedStyle(e, '::after').content") in ("none", "normal")
    element.hover()
    assert element.evaluate("e => getComputedStyle(e, '::after').content") == '"HI02-2 Diagnosis Code"'
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 1200


def test_the_keyboard_reaches_everything(opened: Any) -> None:
    page = opened("small").page
    active = "document.activeElement"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{active}.textContent") == "Skip to the report"
    assert page.locator(".skip").bounding_box()["width"] > 50  # It shows while it has the focus.
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        tag, style = page.evaluate(f"[{active}.tagName, getComputedStyle({active}).outlineStyle]")
        if tag == "BODY":
            break
        assert style != "none", tag
        seen.append(tag)
    assert {"A", "SUMMARY", "DIV"} <= set(seen)
    summary = page.locator("details.claim > summary").first
    summary.focus()
    assert summary.evaluate("s => s.parentElement.open")
    page.keyboard.press("Enter")
    assert not summary.evaluate("s => s.parentElement.open")


def test_a_link_of_the_worklist_leads_to_its_claim(opened: Any) -> None:
    page = opened("several").page
    link = page.locator(".tasks a").first
    number = link.inner_text()
    link.click()
    target = page.locator(link.get_attribute("href"))
    assert target.locator("h4").first.text_content() == number
    assert -1 <= target.bounding_box()["y"] < 900
    summary = target.locator("summary").first
    summary.click()  # It is in sight, and open like all of a few.
    assert not target.evaluate("d => d.open")


def test_paper_shows_what_is_closed_and_leaves_out_what_leads_nowhere(opened: Any) -> None:
    page = opened("several").page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
    finding = page.locator(".claim .what").first
    visible = "e => e.checkVisibility({contentVisibilityAuto: true}) && e.getBoundingClientRect().height > 0"
    assert not finding.evaluate(visible)
    page.emulate_media(media="print")
    assert finding.evaluate(visible)
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_it_prints_in_the_dark_as_in_the_light(opened: Any) -> None:
    pages = []
    for scheme in ("light", "dark"):
        page = opened("small", color_scheme=scheme).page
        page.emulate_media(media="print")
        colors = "[...document.querySelectorAll('main *')].map(e => getComputedStyle(e).color)"
        assert set(page.evaluate(colors)) <= {"rgb(0, 0, 0)", "rgb(68, 68, 68)", "rgb(156, 31, 18)"}
        data = page.pdf(format="Letter", prefer_css_page_size=True)
        pages.append(len(re.findall(rb"/Type /Page\b", data)))
    assert pages[0] == pages[1]
    assert 2 <= pages[0] <= 10


def test_nothing_moves_by_itself(opened: Any) -> None:
    moving = """[...document.querySelectorAll('*')].map(e => getComputedStyle(e)).filter(s =>
        s.animationName != 'none' || s.transitionDuration != '0s' || s.scrollBehavior != 'auto').length"""
    assert opened("small").page.evaluate(moving) == 0


def test_many_claims_open_at_once(browser: Any, tmp_path: Path) -> None:
    """The first page is painted while the rest is still read, and a claim in the middle is reached at once."""
    data = tmp_path / "many.837"
    generate = [sys.executable, str(ROOT / "benchmarks" / "generate.py"), "--claims", "1500", "--faults", "100"]
    subprocess.run([*generate, "--seed", "3", "--out", str(data)], check=True, capture_output=True)
    report = tmp_path / "many.html"
    report.write_bytes(write("html", data.read_bytes()))
    it = Opened(browser, report)
    page = it.page
    rejected = page.locator("details.claim").count()
    assert rejected > 1000
    assert page.locator("details.claim[open]").count() == 0
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert painted < loaded
    assert loaded < 30_000  # A tenth of it on a quiet machine.
    jump = """() => {
        const claim = document.querySelectorAll('details.claim')[700], start = performance.now();
        claim.open = true; claim.scrollIntoView(); claim.getBoundingClientRect();
        return performance.now() - start }"""
    assert page.evaluate(jump) < 3_000
    assert page.evaluate("document.getElementsByTagName('*').length") / rejected < 250
    it.context.close()
