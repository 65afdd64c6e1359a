"""Where the time of a check goes: processor time of each stage of the pipeline, in one warm process.

    python benchmarks/stages.py FILE [REPEATS]        prints JSON: stage to seconds

The stages stand on one another: each is measured together with those before it (split; read; read and build; …), and
its own cost is the difference. Of each the least of the repetitions is taken, in turn, after one round that warms what
a run learns as it goes.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from scrubber import __version__
from scrubber.catalogue.load import load
from scrubber.claims.build import Builder
from scrubber.claims.model import TransactionKeys
from scrubber.pipeline import Options, judge
from scrubber.progress import Progress
from scrubber.run import Request, run
from scrubber.x12.events import ClaimRead
from scrubber.x12.read import read
from scrubber.x12.segments import Source, Splitter, read_isa

RECEIVED = date(2026, 9, 30)
"""As in run.py."""


def split(path: Path) -> None:
    """Bytes to the texts of segments."""
    with path.open("rb") as stream:
        source = Source(stream, "-")
        isa = read_isa(source.peek(600).decode("latin-1"))
        if isa is None:
            raise SystemExit(f"{path} does not begin with an ISA segment")
        splitter = Splitter(source, isa.delimiters.segment)
        while splitter.next() is not None:
            pass


def walk(path: Path) -> None:
    """Texts to loops, with what the guide has to say (`scrubber.x12`)."""
    with path.open("rb") as stream:
        for _ in read(Source(stream, "-")):
            pass


def build(path: Path) -> None:
    """Loops to claims (`scrubber.claims`)."""
    builder: Builder | None = None
    with path.open("rb") as stream:
        for event in read(Source(stream, "-")):
            if isinstance(event, ClaimRead):
                if builder is None or builder.delimiters is not event.delimiters:
                    builder = Builder(event.delimiters, TransactionKeys())
                builder.build(event.loop)


def measure(path: Path, repeats: int) -> dict[str, float]:
    """Seconds of each stage by itself."""
    gc.set_threshold(50_000, 20, 100)  # as `scrubber check` does
    options = Options(received=RECEIVED, catalogue=load())
    request = Request(options, version=__version__, format="json")

    def verdicts(path: Path) -> None:
        for _ in judge(path, options):
            pass

    def report(path: Path) -> None:
        with open(os.devnull, "wb") as out:
            run(request, [str(path)], out, Progress(None, 0))

    stages: dict[str, Callable[[Path], None]] = {
        "split": split,
        "read": walk,
        "build": build,
        "judge": verdicts,
        "tally and JSON": report,
    }
    least = dict.fromkeys(stages, float("inf"))
    for number in range(repeats + 1):
        for name, stage in stages.items():
            start = time.process_time()
            stage(path)
            if number:
                least[name] = min(least[name], time.process_time() - start)
    own, before = {}, 0.0
    for name, seconds in least.items():
        own[name], before = seconds - before, seconds
    return own


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3)))
