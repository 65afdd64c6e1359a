"""Take the README's pictures of the HTML report of ``fixtures/quickstart.837`` (invented people).

    python docs/screens/shoot.py

Needs Chromium and what ``pip install -e '.[test]'`` brings. Fonts are those of the machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

SHOTS = (
    # (name, colours, claim at the top, or None for the first page, height)
    ("report-first-page", "light", None, 860),
    ("report-claim", "light", "NECK-1002", 980),
    ("report-claim-dark", "dark", "NECK-1005", 980),
)


def shoot() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder) / "report.html"
        check = [sys.executable, "-m", "scrubber", "check", "fixtures/quickstart.837", "--format", "html"]
        subprocess.run([*check, "--received", "2026-09-16", "--output", str(report)], cwd=ROOT, check=False)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, scheme, claim, height in SHOTS:
            page = browser.new_page(viewport={"width": 1080, "height": height}, color_scheme=scheme)
            page.goto(report.as_uri())
            if claim:
                page.locator("details.claim", has=page.locator("h4", has_text=claim)).evaluate(
                    "d => window.scrollTo(0, d.getBoundingClientRect().top + scrollY - 24)"
                )
            page.screenshot(path=HERE / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    shoot()
