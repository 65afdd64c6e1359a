"""Baselines: what is known already, so that a run reports, and fails for, only what is new.

A baseline is a small JSON file of fingerprints by edit; no data of claims can be read from it. It hides findings from
the report and the exit code, never from a verdict or an acknowledgement: a claim stays rejected by what is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from scrubber.config import ConfigError
from scrubber.destination import open_output
from scrubber.finding import Finding
from scrubber.reports.fingerprint import LENGTH, VERSION
from scrubber.verdict import ClaimVerdict, Event, FileEnd, GroupEnd, InterchangeEnd, SetEnd

FORM = "scrubber baseline"


class Baseline:
    """Fingerprints that are known. It counts what it leaves out, and remembers what it met."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self.left_out = 0
        self._met: set[str] = set()

    @property
    def stale(self) -> int:
        """How many were not met: mended, or not in what was judged."""
        return len(self.known) - len(self._met)

    def leave_out(self, event: Event) -> Event:
        """The event without the findings that are known. It comes with fingerprints."""
        if type(event) is ClaimVerdict:
            new = self._sift(event.findings)
            if len(new) == len(event.findings):
                return event
            self.left_out += sum(not f.inherited and f.fingerprint in self.known for f in event.findings)
            return replace(event, findings=new, known=len(event.findings) - len(new))
        if isinstance(event, SetEnd | InterchangeEnd):
            cause = event.cause if event.cause and event.cause.fingerprint not in self.known else None
            return replace(event, findings=self._sift(event.findings), cause=cause)
        if isinstance(event, GroupEnd | FileEnd):
            new = self._sift(event.findings)
            if isinstance(event, FileEnd):  # It repeats those of sets and groups.
                self.left_out += len(event.findings) - len(new)
            return replace(event, findings=new)
        return event

    def _sift(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        new = []
        for finding in findings:
            if finding.fingerprint in self.known:
                self._met.add(finding.fingerprint)
            else:
                new.append(finding)
        return tuple(new)


class Record:
    """The findings of a run, for the baseline of later ones. Waived ones are left out: they count for nothing."""

    def __init__(self) -> None:
        self._found: dict[str, set[str]] = {}

    def note(self, event: Event) -> None:
        """Note an event's findings, which come with fingerprints."""
        if isinstance(event, ClaimVerdict | FileEnd):
            for finding in event.findings:
                if not finding.inherited and not finding.waived:
                    self._found.setdefault(finding.edit, set()).add(finding.fingerprint)

    def write(self, path: str) -> None:
        """Write the baseline, readable by its owner alone. The same findings give the same bytes. Raises OSError."""
        found = {edit: sorted(prints) for edit, prints in sorted(self._found.items())}
        form = {"form": FORM, "version": VERSION, "findings": found}
        with open_output(path) as out:
            out.write(json.dumps(form, indent=1).encode() + b"\n")


def read_baseline(path: str) -> Baseline:
    """A baseline from its file. Raises ConfigError."""
    try:
        with open(path, "rb") as stream:
            form = json.load(stream)
    except OSError as error:
        raise ConfigError(
            f"{path}: the baseline cannot be read: {error.strerror}. --write-baseline {path} writes one"
        ) from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{path}: this is no baseline: it is not JSON. --write-baseline FILE writes one") from None
    return Baseline(_read(form, path))


def _read(form: Any, path: str) -> list[str]:
    if not isinstance(form, dict) or form.get("form") != FORM:
        raise ConfigError(f"{path}: this is no baseline. --write-baseline FILE writes one")
    if form.get("version") != VERSION:
        raise ConfigError(
            f"{path}: this baseline was written by another version of scrubber, which knew findings by other marks; "
            "write it anew with --write-baseline"
        )
    found = form.get("findings")
    prints = [p for each in found.values() for p in each] if isinstance(found, dict) and _are_lists(found) else None
    if prints is None or not all(isinstance(p, str) and len(p) == LENGTH for p in prints):
        raise ConfigError(f"{path}: this baseline is damaged: its findings are no lists of fingerprints")
    return prints


def _are_lists(found: dict[str, Any]) -> bool:
    return all(isinstance(each, list) for each in found.values())
