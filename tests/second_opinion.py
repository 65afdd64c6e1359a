"""What pyx12 4.0.0 says of a file, and what our reader says, in one language, so that the two can be compared.

An opinion names the segment by its number in the file (blank pieces not counted, the ISA is 1), the fault by a class
that both can express, and the element where both name it. The classes follow the table in section 6.4 of
``../shared/facts/acknowledgements.md``: pyx12 knows no I-codes, calls every segment out of place unknown, and reports
whole-segment element faults as "8" with the reason in words.
"""

from __future__ import annotations

import io
import logging
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import pyx12.error_handler
import pyx12.errors
import pyx12.map_if
import pyx12.params
import pyx12.x12n_document

from scrubber.finding import Finding, Severity
from scrubber.x12 import events
from scrubber.x12.read import read
from scrubber.x12.segments import Source

logging.getLogger("pyx12").addHandler(logging.NullHandler())
logging.getLogger("pyx12").propagate = False


@dataclass(frozen=True, order=True)
class Opinion:
    """One fault. ``code`` is a class (see ``CLASSES``); ``element`` is ``05-2``, or empty where none is named."""

    line: int
    code: str
    element: str = ""
    segment: str = ""
    """Id of the segment concerned: the missing one's, where one is missing."""
    detail: str = ""
    """In the words of whoever says it; no part of the comparison."""

    @property
    def key(self) -> tuple[int, str, str, str]:
        return (self.line, self.code, self.element, self.segment)

    @property
    def label(self) -> str:
        """``element code HL03``, ``segment missing LX``, ``segment stray``."""
        return f"{self.code} {self.segment}{self.element}".strip()


class Refused(Exception):
    """pyx12 cannot read the file at all, and why."""


# What pyx12 says -------------------------------------------------------------------------------------------------


@cache
def _map(name: str, charset: str) -> Any:
    param = _params()
    return _LOAD(name, param, None)


_LOAD = pyx12.map_if.load_map_file


@cache
def _params() -> Any:
    param = pyx12.params.params()
    param.set("charset", "E")
    return param


class _Listener(pyx12.error_handler.err_handler):  # type: ignore[misc]
    """Hears every error with the segment it is about, where pyx12's own reports drop some."""

    heard: list[tuple[str, str, str, str, int, str]]
    last: _Listener | None = None

    def __init__(self) -> None:
        super().__init__()
        self.heard = []
        _Listener.last = self

    def _hear(
        self, level: str, code: str, text: str, element: str = "", line: int | None = None, segment: str = ""
    ) -> None:
        node = self.cur_seg_node
        if not segment and node is not None:
            segment = getattr(node, "seg_id", None) or node.id or ""
        self.heard.append((level, code, text, element, line or (node.get_cur_line() if node else 0), segment))

    def isa_error(self, err_cde: str, err_str: str) -> None:
        self._hear("TA1", err_cde, err_str, line=self.cur_isa_node.cur_line_isa)
        super().isa_error(err_cde, err_str)

    def gs_error(self, err_cde: str, err_str: str) -> None:
        self._hear("AK9", err_cde, err_str, line=self.cur_gs_node.cur_line_gs)
        super().gs_error(err_cde, err_str)

    def st_error(self, err_cde: str, err_str: str) -> None:
        self._hear("IK5", err_cde, err_str, line=self.cur_st_node.cur_line_st)
        super().st_error(err_cde, err_str)

    def seg_error(self, err_cde: str, err_str: str, err_value: Any = None, src_line: int | None = None) -> None:
        self._hear("IK3", err_cde, err_str, line=src_line)
        super().seg_error(err_cde, err_str, err_value, src_line)

    def ele_error(self, err_cde: str, err_str: str, bad_value: Any, refdes: str | None = None) -> None:
        self._hear("IK4", err_cde, err_str, refdes or "")
        super().ele_error(err_cde, err_str, bad_value, refdes)


def ask_pyx12(text: str) -> list[Opinion]:
    """pyx12's errors. Raises Refused where it gives up."""
    with (
        mock.patch.object(pyx12.error_handler, "err_handler", _Listener),
        mock.patch.object(pyx12.map_if, "load_map_file", lambda name, param, path: _map(name, "E")),
    ):
        _Listener.last = None
        crash = ""
        try:
            pyx12.x12n_document.x12n_document(_params(), io.StringIO(text), None, None)
        except Exception as error:
            crash = f"{type(error).__name__}: {error}"
    listener = _Listener.last
    if listener is None or listener.cur_isa_node is None or (crash and listener.cur_st_node is None):
        raise Refused(crash or "not read as X12")
    if crash:
        node = listener.cur_seg_node
        listener.heard.append(("crash", "", crash, "", node.get_cur_line(), ""))
    found = {}
    for level, code, said, refdes, line, segment in listener.heard:
        opinion = _translate(level, code, said, refdes, line, segment)
        found.setdefault(opinion.key, opinion)
    return sorted(found.values())


def _translate(level: str, code: str, said: str, refdes: str, line: int, segment: str) -> Opinion:
    if level == "crash":
        return Opinion(line, "crash", "", "", said)
    if level == "IK4":
        name = {"10": "not-used", "1": "missing", "7": "code", "8": "date", "9": "time"}.get(code, code)
        owner = re.match(r"[A-Z]+[0-9]?(?=[0-9]{2})", refdes)
        return Opinion(line, f"element {name}", _element(refdes), owner[0] if owner else segment, said)
    if level == "IK3":
        if code in ("HL1", "HL2", "LX"):
            return Opinion(line, "element code", "02" if code == "HL2" else "01", code[:2], said)
        if code == "SEG1":
            return Opinion(line, "segment 8", "", segment, said)
        if code == "8":
            in_brackets = re.findall(r"\(([A-Z][A-Z0-9]{1,2}[0-9]{2}(?:-[0-9]+)?)\)", said)
            element = _element(in_brackets[-1]) if in_brackets else ""
            for words, name in (
                ("Too many elements", "3"), ("Too many sub-elements", "13"), ("Mandatory composite", "missing"),
                ("marked as Not Used", "not-used"), ("Syntax Error", "2"), ("is empty", "empty"),
            ):  # fmt: skip
                if words in said:
                    owner = re.search(r'" \(([A-Z][A-Z0-9]{1,2})\)', said)
                    segment = owner[1] if owner and name == "3" else segment
                    name = "10" if name == "2" and re.search(r"\(E[0-9]{4}", said) else name
                    return Opinion(line, f"element {name}", "" if name in ("2", "3", "10") else element, segment, said)
        if code == "3":
            return Opinion(line, "segment missing", "", segment, said)
        if code == "1":
            return Opinion(line, "segment stray", "", "", said)
        return Opinion(
            line, {"5": "segment repeats", "4": "loop repeats"}.get(code, f"segment {code}"), "", segment, said
        )
    return Opinion(line, f"{level} {code}", "", "", said)


def _element(refdes: str) -> str:
    found = re.search(r"([0-9]{2})(?:-([0-9]+))?$", refdes)
    if not found:
        return ""
    return found[1] + (f"-{int(found[2])}" if found[2] else "")


# What scrubber says ----------------------------------------------------------------------------------------------


def findings(data: bytes) -> list[Finding]:
    """Every structural finding of a file, those of claims included."""
    found: list[Finding] = []
    for event in read(Source(io.BytesIO(data), "-")):
        if isinstance(event, events.ClaimRead):
            found += event.loop.findings
        elif isinstance(event, events.SetClosed | events.GroupClosed | events.InterchangeClosed):
            found += event.findings
    return found


def ask_scrubber(data: bytes) -> list[Opinion]:
    """Our own findings that reject, in the same terms."""
    text = data.decode("latin-1")
    starts = segment_starts(text)
    found = {}
    for finding in findings(data):
        if finding.severity is Severity.REJECT:
            opener = {"IK5": "ST", "AK9": "GS", "TA1": "ISA"}.get(finding.edit[4:7])
            opinion = _restate(finding, _line(starts, finding.where.offset, text, opener))
            found.setdefault(opinion.key, opinion)
    return sorted(found.values())


def segment_starts(text: str) -> list[int]:
    """Offsets of the segments of a text that begins with an ISA of the right widths; blank pieces left out."""
    starts, offset = [], 0
    for piece in text.split(text[105]):
        blank = len(piece) - len(piece.lstrip("\r\n\t "))
        if blank < len(piece):
            starts.append(offset + blank)
        offset += len(piece) + 1
    return starts


def _line(starts: list[int], offset: int, text: str, opener: str | None) -> int:
    """Number of the segment that holds an offset; past the end, the last. For a fault of an envelope: of the segment
    that opened it."""
    line = max(1, bisect_right(starts, offset))
    while opener and line > 1 and not text.startswith(opener, starts[line - 1]):
        line -= 1
    return line


def _restate(finding: Finding, line: int) -> Opinion:
    _, level, code = finding.edit.split("-")
    segment = finding.where.segment or ""
    detail = finding.values.get("detail", "")
    if level == "IK4":
        name = {
            "1": "missing",
            "I9": "missing",
            "I10": "not-used",
            "7": "code",
            "I6": "code",
            "I12": "code",
            "8": "date",
            "9": "time",
        }.get(code, code)
        element = finding.where.element or ""
        named = _element(element) if name not in ("2", "3", "10") else ""
        if name == "13":
            named = named[:2]
        return Opinion(line, f"element {name}", named, segment, detail)
    if level == "IK3":
        if code in ("1", "2", "6", "7"):
            return Opinion(line, "segment stray", "", "", detail)
        name = {
            "3": "missing",
            "I6": "missing",
            "I7": "missing",
            "I8": "missing",
            "5": "segment repeats",
            "4": "loop repeats",
        }.get(code, code)
        return Opinion(line, name if "repeats" in name else f"segment {name}", "", segment, detail)
    return Opinion(line, f"{level} {code}", "", "", detail)
