"""Chromium without a window, for tests of what people read in a browser: Debian's package, or any of BROWSERS."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install scrubber[test]")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here: apt-get install chromium")


@contextlib.contextmanager
def start_browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A page of a file on disk, and what the browser has said about it."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        context = {"viewport": {"width": 1200, "height": 900}, **context}
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.on("dialog", lambda d: self.said.append(d.message))
        self.page.goto(path.as_uri())

    def open_all(self) -> Any:
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        return self.page


def find_barriers(page: Any) -> list[str]:
    """What axe has against a page. Its context must be one with ``bypass_csp``."""
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]})
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]]
