"""Files broken on purpose, judged by the real pipeline and told by a report: for the tests of reports."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from scrubber.catalogue.index import Catalogue
from scrubber.catalogue.load import load
from scrubber.pipeline import Options, judge
from scrubber.reports.html import Html
from scrubber.reports.json_report import JsonLinesReport, JsonReport
from scrubber.reports.prose import Page
from scrubber.reports.redact import Redactor
from scrubber.reports.report import Run
from scrubber.reports.tally import Tally
from scrubber.reports.text import TextReport
from scrubber.reports.wording import Wording
from scrubber.verdict import Event, TableUsed

ROOT = Path(__file__).parents[1]
BASE = ROOT / "fixtures" / "base"
QUICKSTART = ROOT / "fixtures" / "quickstart.837"
RECEIVED = date(2026, 9, 20)
TABLES = (TableUsed("icd10cm-codes", "FY2026", date(2025, 10, 1), date(2026, 9, 30), 74_719),)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load()


def options(**settings: Any) -> Options:
    return Options(RECEIVED, catalogue(), **settings)


def base(name: str, *changes: tuple[str, str]) -> bytes:
    """A base file with texts exchanged, each at its first occurrence."""
    text = (BASE / f"{name}.837").read_text(encoding="ascii")
    for old, new in changes:
        assert old in text, f"{name}.837 does not hold {old!r}"
        text = text.replace(old, new, 1)
    return text.encode("latin-1")


def events(data: bytes, name: str = "claims.837", **settings: Any) -> Iterator[Event]:
    return judge(data, options(**settings), name=name)


Files = dict[str, bytes]


def write(kind: str, files: Files | bytes, *, redact: bool = False, lines: bool = False, **page: Any) -> bytes:
    """The report of these files: ``json``, ``jsonl``, ``html`` or ``text``."""
    if isinstance(files, bytes):
        files = {"claims.837": files}
    out = io.BytesIO()
    report = make(kind, out, redact, **page)
    tally = Tally()
    report.begin()
    for name, data in files.items():
        redactor = Redactor()
        for event in events(data, name):
            tally.handle(event)
            report.handle(redactor.redact(event) if redact else event)
    report.end(tally, TABLES)
    return out.getvalue()


def make(kind: str, out: io.BytesIO, redact: bool = False, **page: Any) -> Any:
    wording, run = Wording(catalogue()), Run("0.0.0", RECEIVED, redact)
    if kind == "text":
        shape = Page(page.pop("width", 100), page.pop("color", False))
        return TextReport(out, wording, run, shape, **page)
    if kind == "html":
        return Html(out, wording, run, **page)
    return (JsonReport if kind == "json" else JsonLinesReport)(out, wording, run)


def document(files: Files | bytes, **how: Any) -> Any:
    return json.loads(write("json", files, **how))


def text(files: Files | bytes, **how: Any) -> str:
    return write("text", files, **how).decode()
