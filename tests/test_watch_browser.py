"""The watched folder from end to end, with the parts that its users have: the installed command as a process, files
saved into the inbox, a kill in the middle of the work, a start afterwards, and the day read in a browser.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from browsing import Opened, find_barriers, needs_browser, start_browser
from reporting import BASE, QUICKSTART, ROOT

pytestmark = [needs_browser, pytest.mark.skipif(os.name == "nt", reason="kills by signal")]

COMMAND = shutil.which("scrubber", path=sysconfig.get_path("scripts"))

PATIENCE = 60
"""Seconds to wait for what takes one or two on a quiet machine."""

AWKWARD = "Praxis Müller & Söhne 100% #2.837"
"""A name with what a link or a page must escape."""


class Office:
    """A watched folder, and the command that watches it."""

    def __init__(self, place: Path) -> None:
        self.root = place / "claims"
        self.root.mkdir(mode=0o700)
        self.index = self.root / "index.html"
        self.said = place / "said.txt"
        self.config = place / "scrubber.toml"
        self.config.write_text("[watch]\nsettle = 0.3\nscan = 1\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert COMMAND, "the command is not installed: pip install -e ."
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(
                [COMMAND, "watch", self.root, "--received", "2026-09-20", "--config", self.config], stderr=said
            )
        self.wait(lambda: self.index.exists())

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(COMMAND), "watch", *words, str(self.root)], capture_output=True, text=True)

    def save(self, name: str, data: bytes) -> None:
        """Save a file into the inbox as most programs do: open, write, close."""
        with open(self.root / "inbox" / name, "wb") as stream:
            for at in range(0, len(data), 100_000):
                stream.write(data[at : at + 100_000])

    def wait(self, reached: Callable[[], Any]) -> None:
        end = time.monotonic() + PATIENCE
        while not reached():
            if self.process is not None and (code := self.process.poll()) is not None:
                pytest.fail(f"the service ended with {code}: {self.said.read_text()}")
            if time.monotonic() > end:
                pytest.fail(f"it took too long: {self.said.read_text()}")
            time.sleep(0.01)

    def wait_for_files(self, number: int) -> None:
        self.wait(lambda: f">{number} files today" in self.index.read_text("utf-8"))

    def kill(self) -> list[int]:
        """SIGKILL, while a file is being judged. The processes that it leaves behind."""
        assert self.process is not None
        self.wait(lambda: any((self.root / ".scrubber/work").glob("*/out-*")))
        left = find_children(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.process = None
        return left

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    if office.process is not None and office.process.poll() is None:
        office.process.kill()
        office.process.wait()


def find_children(process: int) -> list[int]:
    """Children of a process, where the system tells them (Linux)."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def lives(process: int) -> bool:
    """Whether a process is there, and not merely waits to be buried."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def generate(place: Path, claims: int) -> bytes:
    path = place / "generated"
    command = [sys.executable, ROOT / "benchmarks/generate.py", "--claims", str(claims), "--date", "2026-09-16"]
    subprocess.run([*command, "--out", path], check=True, capture_output=True)
    return path.read_bytes()


def read_rows(page: Any) -> list[tuple[str, ...]]:
    """Name, verdict, accepted and rejected claims, of each row of the index from the top."""
    return [tuple(row.locator("th, td").all_inner_texts()[1:5]) for row in page.locator("tbody tr").all()]


def test_a_day_of_the_folder(office: Office, tmp_path: Path) -> None:
    office.start()
    office.save("clean.837", (BASE / "office.837").read_bytes())
    office.save(AWKWARD, QUICKSTART.read_bytes())
    office.save("cut.837", (BASE / "batch.837").read_bytes()[:2500])
    office.save("letter.txt", b"Dear Sir or Madam")
    office.wait_for_files(4)

    office.save("large.837", generate(tmp_path, 4000))
    left = office.kill()
    office.wait(lambda: not any(map(lives, left)))
    asked = json.loads(office.ask("status", "--format", "json").stdout)
    assert (asked["watched"], asked["in_hand"]) == (False, 1)
    proof = office.ask("verify")
    assert (proof.returncode, proof.stdout[:39]) == (0, "4 files done, 1 in hand, 0 in the inbox")
    office.save("while nobody looked.837", (BASE / "telehealth.837").read_bytes())

    office.start()
    office.wait_for_files(6)
    office.save("again.837", (BASE / "office.837").read_bytes())
    office.wait_for_files(7)
    asked = json.loads(office.ask("status", "--format", "json").stdout)
    assert asked["today"] == {"accepted": 3, "duplicate": 1, "failed": 1, "partial": 1, "rejected": 1}
    assert (asked["watched"], asked["waiting"], asked["in_hand"]) == (True, 0, 0)
    assert asked["claims"] == {"accepted": 4004, "rejected": 7}
    assert office.stop() == 0

    assert f"Drop files into {office.root / 'inbox'}, and look at {office.index}" in office.said.read_text("utf-8")
    with start_browser() as browser:
        check_index(browser, office.index)
        check_report(browser, office.index)
        check_freshness(browser, office.index)
    check_folder(office.root)
    proof = office.ask("verify", "--complete")
    assert (proof.returncode, proof.stdout[:39]) == (0, "7 files done, 0 in hand, 0 in the inbox"), proof.stdout


def check_index(browser: Any, index: Path) -> None:
    """The day at a glance."""
    it = Opened(browser, index)
    rows = read_rows(it.page)
    assert rows[0] == ("again.837", "Duplicate", "", "")
    assert set(rows[1:3]) == {
        ("large.837", "Accepted", "4,000", "0"), ("while nobody looked.837", "Accepted", "1", "0")
    }  # fmt: skip
    assert set(rows[3:]) == {
        ("clean.837", "Accepted", "1", "0"), (AWKWARD, "Accepted in part", "2", "3"),
        ("cut.837", "Rejected", "0", "4"), ("letter.txt", "Not judged", "", ""),
    }  # fmt: skip
    assert it.page.locator("h1").inner_text() == "7 files today: 7 claims to correct, 1 file not judged"
    figures = re.findall(r"(.+)\n+([0-9,]+)", it.page.locator(".figures").inner_text())
    assert figures == [("Rejected claims", "7"), ("Accepted claims", "4,004"), ("Files not judged", "1")]
    for link in it.page.locator("tbody a").all():
        there = it.page.evaluate("a => new URL(a.href).pathname", link.element_handle())
        assert os.path.isfile(unquote(there)), there
    assert (it.requests, it.said) == ([it.page.url], [])
    for scheme in ("light", "dark"):
        for width in (1200, 360):
            view = {"width": width, "height": 900}
            page = Opened(browser, index, color_scheme=scheme, viewport=view, bypass_csp=True).page
            assert find_barriers(page) == [], f"{scheme}, {width} wide"
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def check_report(browser: Any, index: Path) -> None:
    """From the index to the reason why a claim was rejected, and back; and to the reason why a file was not judged."""
    page = Opened(browser, index).page

    def row(name: str) -> Any:
        return page.locator("tbody tr", has=page.get_by_role("rowheader", name=name, exact=True))

    row(AWKWARD).get_by_role("link", name="Report").click()
    page.wait_for_url("**/report.html")
    assert AWKWARD in page.locator("main").inner_text()
    claim = page.locator("details.claim", has=page.locator("h4", has_text="NECK-1002"))
    assert "Rejected" in claim.locator("summary").first.inner_text()
    assert "DX-10" in claim.inner_text()
    page.go_back()
    row("letter.txt").get_by_role("link", name="Reason").click()
    page.wait_for_url("**/letter.txt.txt")
    assert "no ISA segment" in page.locator("body").inner_text()


def check_freshness(browser: Any, index: Path) -> None:
    """The page looks again when somebody comes back to it, or works elsewhere; never while it is read."""
    it = Opened(browser, index)
    page = it.page
    page.clock.install()
    page.reload()
    page.clock.run_for(120_000)
    assert len(it.requests) == 2
    for happening in (
        "document.dispatchEvent(new Event('visibilitychange'))",
        "document.hasFocus = () => false",
        "document.querySelector('.above a').click()",
    ):
        before = len(it.requests)
        with page.expect_navigation():
            page.evaluate(happening)
            page.clock.run_for(31_000)
        assert len(it.requests) == before + 1


def check_folder(root: Path) -> None:
    """What lies in the folder at the end of the day: nothing half done, and nothing for other eyes."""
    assert list((root / "inbox").iterdir()) == list((root / ".scrubber/work").iterdir()) == []
    assert {path.name for path in (root / "accepted").iterdir()} == {
        f"{name}.accepted.837" for name in ("clean", "large", "while nobody looked", AWKWARD.removesuffix(".837"))
    }
    assert sum(path.is_file() for path in (root / "archive").rglob("*")) == 6
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path.relative_to(root)} is {mode:o}"
