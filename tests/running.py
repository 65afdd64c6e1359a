"""Runs as the command makes them, over files on disk: for the tests of reports that look into the file again."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any, NamedTuple

from reporting import options

from scrubber.cli import run_command
from scrubber.progress import Progress
from scrubber.reports.tally import Tally
from scrubber.run import Request, run


class Ran(NamedTuple):
    out: bytes
    tally: Tally


def check(folder: Path, kind: str, files: dict[str, bytes] | bytes, *, config: Any = None, **request: Any) -> Ran:
    """Write the files into a folder, judge them, and return the report in this format."""
    if isinstance(files, bytes):
        files = {"claims.837": files}
    paths = []
    for name, data in files.items():
        path = folder / name
        path.write_bytes(data)
        paths.append(str(path))
    how = options(config=config) if config else options()
    out = io.BytesIO()
    tally = run(Request(how, version="0.0.0", format=kind, **request), paths, out, Progress(None, 0))
    return Ran(out.getvalue(), tally)


class Said(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


def call(*args: str) -> Said:
    """The command itself, in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command(args)
    out.flush()
    return Said(code, out.buffer.getvalue().decode(), err.getvalue())
