"""Acknowledgements written and checked: the fixture that the tests of the acknowledgements share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from ack_events import CLOCK, RECEIVED, WORDS
from ack_validator import find_faults

from scrubber.reports.acknowledge import Acknowledgements
from scrubber.reports.outbound import AckOptions
from scrubber.verdict import Event


class Written(dict[str, str]):
    """Acknowledgements by the ending of their name."""

    acks: Acknowledgements

    def segments(self, name: str, kind: str = "") -> list[str]:
        """The segments of one acknowledgement, all or those of one kind."""
        found = [s for s in self[name].replace("\n", "").split("~") if s]
        return [s for s in found if not kind or s.split("*")[0] == kind]


@pytest.fixture(scope="session")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pyx12")


@pytest.fixture
def write(tmp_path: Path, maps: Path):
    """Acknowledge a stream of events; every file must be one that pyx12 finds no fault with."""

    def run(events: Iterable[Event], words=WORDS, **settings) -> Written:
        options = AckOptions(clock=CLOCK, received=RECEIVED, **settings)
        written = Written()
        with Acknowledgements(tmp_path / "out", "batch", options, words) as acks:
            for event in events:
                acks.handle(event)
            for path in acks.release():
                text = path.read_bytes().decode("ascii" if path.suffix != ".txt" else "utf-8")
                written[path.name.removeprefix("batch.")] = text
        for name, text in written.items():
            if name.endswith(".txt"):
                assert max(map(len, text.splitlines())) <= 100, "a page is 100 columns wide"
            else:
                assert find_faults(text, maps) == []
        written.acks = acks
        return written

    return run
