"""``--format junit``: JUnit XML, for the test pages of build servers. A file is a suite, a claim a test case.

A claim that is rejected is a failure; its warnings, and what was not checked on it, are the case's output. What stands
above the claims is a case of its own, ``(file)``, and a file that could not be judged is that case's error. Cases are
held, compressed, until their file is over: a suite says first how many of them fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from lxml import etree

from scrubber.finding import Finding, Severity
from scrubber.reports.held import Docket, Held
from scrubber.reports.prose import harmless
from scrubber.reports.report import Run
from scrubber.reports.standing import say_place
from scrubber.reports.tally import Tally
from scrubber.reports.wording import Wording
from scrubber.verdict import (
    ClaimVerdict,
    Event,
    FileEnd,
    FileStart,
    GroupEnd,
    InterchangeEnd,
    SetEnd,
    TableUsed,
)

FILE_CASE = "(file)"
"""Name of the case that stands for a file's envelopes, header, providers and subscribers."""

_FAILS, _PASSES = b"F", b"P"


class JUnit:
    """Writes suites to ``out``."""

    def __init__(self, out: BinaryIO, wording: Wording, run: Run) -> None:
        self._out = out
        self._wording = wording
        self._run = run
        self._path = ""
        self._start()

    def _start(self) -> None:
        self._cases = Held()
        self._tests = self._failures = 0
        self._docket = Docket(self._doom, self._put)

    def begin(self) -> None:
        self._out.write(b"<?xml version='1.0' encoding='UTF-8'?>\n<testsuites name=\"scrubber\">\n")

    def end(self, tally: Tally, tables: Sequence[TableUsed]) -> None:
        self._out.write(b"</testsuites>\n")

    def take_in(self, piece: BinaryIO) -> None:
        import shutil

        shutil.copyfileobj(piece, self._out, 1 << 20)

    def handle(self, event: Event) -> None:
        if type(event) is ClaimVerdict:
            self._claim(event)
        elif isinstance(event, SetEnd | GroupEnd | InterchangeEnd):
            self._docket.close(event)
        elif isinstance(event, FileStart):
            self._path = _legible(event.path)
        elif isinstance(event, FileEnd):
            self._docket.close(event)
            self._suite(event)
            self._start()

    # Claims ------------------------------------------------------------------------------------------------------

    def _claim(self, verdict: ClaimVerdict) -> None:
        case = self._case(harmless(verdict.claim.id) or "(no number)")
        rejects = [f for f in verdict.findings if f.severity is Severity.REJECT]
        others = [f for f in verdict.findings if f.severity is not Severity.REJECT]
        if rejects:
            self._fail(case, rejects)
        said = [self._say(f) for f in others]
        for gap in verdict.unchecked:
            line = f" line {gap.line}" if gap.line is not None else ""
            said.append(f"NOT CHECKED {gap.edit}{line}: {harmless(gap.reason)}")
        if said:
            etree.SubElement(case, "system-out").text = "\n".join(said)
        self._docket.add((_FAILS if rejects else _PASSES) + etree.tostring(case))

    def _case(self, name: str) -> etree._Element:
        return etree.Element("testcase", classname=self._path, name=name, time="0")

    def _fail(self, case: etree._Element, rejects: list[Finding]) -> None:
        """One failure with all rejects: readers show the first and no other."""
        first = rejects[0]
        more = f" (and {len(rejects) - 1} more)" if len(rejects) > 1 else ""
        message = f"{first.edit}: {harmless(self._wording.entry(first.edit).message(first))}{more}"
        failure = etree.Element("failure", type=first.edit, message=message)
        failure.text = "\n\n".join(map(self._say, rejects))
        case.insert(0, failure)

    def _say(self, finding: Finding) -> str:
        """A finding in a few lines."""
        entry = self._wording.entry(finding.edit)
        kind = "WAIVED" if finding.waived else finding.severity.upper()
        lines = [
            f"{kind} {finding.edit} {entry.name}",
            f"  {harmless(entry.message(finding))}",
            f"  At: {harmless(say_place(finding, None))}",
        ]
        if waived := finding.waived:
            lines.append(f"  Waived: {harmless(waived.reason)} ({harmless(waived.owner)}, until {waived.expires})")
        lines.append(f"  Fix: {' '.join(entry.fix.split())}")
        return "\n".join(lines)

    def _doom(self, entry: bytes, cause: Finding | None) -> bytes:
        """A case whose envelope is rejected fails with it, unless it fails already or the cause is not told."""
        if entry[:1] == _FAILS or cause is None:
            return entry
        case = etree.fromstring(entry[1:])
        self._fail(case, [cause])
        return _FAILS + etree.tostring(case)

    def _put(self, entry: bytes) -> None:
        self._tests += 1
        self._failures += entry[:1] == _FAILS
        self._cases.add(entry[1:])

    # Files -------------------------------------------------------------------------------------------------------

    def _suite(self, event: FileEnd) -> None:
        case = self._about_file(event.findings, event.error if event.status == "unreadable" or event.error else None)
        errors = sum(child.tag == "error" for child in case)
        failures = self._failures + sum(child.tag == "failure" for child in case)
        suite = etree.Element(
            "testsuite",
            name=self._path,
            tests=str(self._tests + 1),
            failures=str(failures),
            errors=str(errors),
            skipped="0",
            time="0",
        )
        head = etree.tostring(suite)
        self._out.write(head.removesuffix(b"/>") + b">\n" + etree.tostring(case) + b"\n")
        for entry in self._cases.take():
            self._out.write(entry + b"\n")
        self._out.write(b"</testsuite>\n")

    def _about_file(self, findings: Iterable[Finding], error: str | None) -> etree._Element:
        case = self._case(FILE_CASE)
        rejects = [f for f in findings if f.severity is Severity.REJECT]
        if error is not None:
            etree.SubElement(case, "error", type="file-not-judged", message=harmless(error)).text = harmless(error)
        elif rejects:
            self._fail(case, rejects)
        others = [f for f in findings if f.severity is not Severity.REJECT or error is not None]
        if others:
            etree.SubElement(case, "system-out").text = "\n".join(map(self._say, others))
        return case


def _legible(path: str) -> str:
    return harmless(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
