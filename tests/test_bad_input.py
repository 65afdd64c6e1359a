"""Bad input: a clear word and the right exit code, never a traceback, never without bound."""

from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from reading import base, write

from scrubber import cli
from scrubber.catalogue.load import load
from scrubber.pipeline import Options, judge
from scrubber.verdict import ClaimVerdict, Event, FileEnd

MIB = 1 << 20
MEMORY = 1536 * MIB
"""Address space of a process that judges anything: tables and all, and what libraries map without using."""

PATIENCE = 240
"""Seconds after which a judgement counts as hung; each takes a few."""


def office() -> bytes:
    return write(base("office"))


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("claims.837", office())
    return stream.getvalue()


def other_kind(code: str, version: str, kind: str) -> bytes:
    segments = base("office")
    segments[1][1], segments[1][8], segments[2][1], segments[2][3] = code, version, kind, version
    return write(segments)


UNREADABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "blanks": (lambda: b" \r\n\t" * 99, "blanks"),
    "text": (lambda: b"Dear Sir or Madam,\nour VISA card is ISAAC's.\n" * 50, "no ISA"),
    "binary": (lambda: bytes(range(256)) * 40, "binary"),
    "zip": (zipped, "ZIP"),
    "gzip": (lambda: gzip.compress(office()), "gzip"),
    "pdf": (lambda: b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    "utf-16": (lambda: office().decode().encode("utf-16"), "UTF-16"),
    "no ISA": (lambda: write(base("office")[1:]), "ISA segment is missing"),
    "ISA alone": (lambda: write(base("office")[:1]), "no transaction set"),
    "ISA and IEA": (lambda: write([base("office")[0], ["IEA", "0", "000000101"]]), "no transaction set"),
    "ISA in pieces": (lambda: office()[:60], "16 elements"),
    "ISA without ISA16": (lambda: office().replace(b"*T*:~", b"*T~", 1), "16 elements"),
    "837I": (lambda: other_kind("HC", "005010X223A2", "837"), "837I"),
    "837D": (lambda: other_kind("HC", "005010X224A2", "837"), "837D"),
    "835": (lambda: other_kind("HP", "005010X221A1", "835"), "835"),
    "4010": (lambda: other_kind("HC", "004010X098A1", "837").replace(b"*00501*", b"*00401*"), "4010"),
    "999": (lambda: other_kind("FA", "005010X231A1", "999"), "999"),
}


@pytest.fixture(scope="module")
def options() -> Options:
    return Options(received=date(2026, 9, 20), catalogue=load(installed=False), strict=True)


def last(events: list[Event]) -> FileEnd:
    end = events[-1]
    assert isinstance(end, FileEnd)
    return end


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_judged(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, says = UNREADABLE[name]
    path = tmp_path / "in"
    path.write_bytes(make())
    assert cli.run_command(["check", "--format", "json", str(path)]) == 3
    told = capsys.readouterr()
    (file,) = json.loads(told.out)["files"]
    assert file["status"] == "unreadable"
    assert says in told.err
    assert "Traceback" not in told.err


def test_a_folder_and_a_missing_file(tmp_path: Path, options: Options, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    end = last(list(judge(tmp_path / "empty", options)))
    assert end.status == "unreadable"
    assert end.error is not None
    assert cli.run_command(["check", str(tmp_path / "nothing.837")]) == 3
    assert "No such file" in capsys.readouterr().err


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Options) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "in.837"
    path.write_bytes(office())
    monkeypatch.setattr("builtins.open", refuse)
    end = last(list(judge(path, options)))
    assert end.status == "unreadable"
    assert "Permission denied" in (end.error or "")


def test_a_disk_that_fails_half_way(options: Options) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 40_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    segments = base("office")
    start, end = 21, len(segments) - 3
    data = write([*segments[:start], *(segments[start:end] * 199), *segments[end:]])
    assert len(data) > 50_000
    events = list(judge(Failing(data), options))
    assert last(events).status == "unreadable"
    assert "Input/output error" in (last(events).error or "")


NONSENSE = b"".join(b"HL*%d*%d*2%d*1~" % (n % 7, n % 5, n % 4) for n in range(10_000))

FOUND: dict[str, Callable[[], bytes]] = {
    "widths": lambda: office().replace(b"*CBB0101        *", b"*CBB0101*", 1),
    "invalid UTF-8": lambda: office().replace(b"JASPER", b"JOS\xff\xc3\x28", 1),
    "element of a megabyte": lambda: office().replace(b"5 HARBOR STREET", b"A" * MIB, 1),
    "element of two megabytes": lambda: office().replace(b"5 HARBOR STREET", b"A" * (2 * MIB), 1),
    "separators for a megabyte": lambda: office().replace(b"5 HARBOR STREET", b"*" * MIB, 1),
    "components for a megabyte": lambda: office().replace(b"ABK:M542", b":" * MIB, 1),
    "repetitions for a megabyte": lambda: office().replace(b"ABK:M542", b"^" * MIB, 1),
    "digits for a megabyte": lambda: office().replace(b"HL*2*", b"HL*" + b"9" * MIB + b"*", 1),
    "superscripts": lambda: office().replace(b"LX*1", b"LX*\xb2").replace(b"HL*2", b"HL*\xb2"),
    "a superscript that counts": lambda: office().replace(b"SE*", b"SE*\xb9"),
    "a hundred thousand empty segments": lambda: office().replace(b"LX*1~", b"LX*1~" + b"~" * 100_000, 1),
    "ten thousand HLs": lambda: office().replace(b"HL*1", NONSENSE + b"HL*1", 1),
    "sixty thousand lines": lambda: office().replace(b"LX*2~", b"LX*2~SV1*HC:99213*1*UN*1***1~" * 60_000, 1),
    "a hundred thousand forms": lambda: office().replace(b"LX*2~", b"LQ*UT*01.02~FRM*1*Y~" * 100_000 + b"LX*2~", 1),
    "thirty thousand names": lambda: office().replace(b"N3*410", b"NM1*85*2*X~" * 30_000 + b"N3*410", 1),
    "thirty thousand of one segment": lambda: office().replace(b"REF*D9", b"REF*D9*X~" * 30_000 + b"REF*D9", 1),
    "all zero bytes inside": lambda: office()[:400] + b"\x00" * 100_000,
    "nested interchanges": lambda: office()[:107] * 500 + office(),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_can_be_judged_is(name: str, options: Options) -> None:
    data = FOUND[name]()
    events = list(judge(data, options))
    end = last(events)
    assert end.status in ("rejected", "partial")
    assert end.size == len(data)
    kept = sum(len(e.findings) for e in events if isinstance(e, ClaimVerdict)) + len(end.findings)
    assert 0 < kept < 5_000


# Without bound: judged in a process of its own, in little memory -----------------------------------------------------


def endless(head: bytes, part: bytes, size: int = 200 * MIB) -> Iterator[bytes]:
    yield head
    block = part * (MIB // len(part))
    for _ in range(size // len(block)):
        yield block


HEAD = office()[: office().index(b"ST*837")].replace(b"\n", b"")
SET = HEAD + b"ST*837*0001*005010X222A1~BHT*0019*00*1*20260916*0830*CH~"

HUGE = {
    "one line of text": (b"", b"A", 3),
    "an ISA and one line": (HEAD[:106], b"A", 3),
    "one segment in a set": (SET + b"NTE*ADD*", b"A", 1),
    "one segment of separators": (SET + b"HI*", b"*", 1),
    "one note of blanks": (SET + b"NTE*ADD*", b" ", 1),
}


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@pytest.mark.parametrize("name", HUGE)
def test_two_hundred_megabytes_in_one_line(name: str) -> None:
    head, part, code = HUGE[name]
    command = [sys.executable, "-m", "scrubber", "check", "--format", "json", "-"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit
    )
    guard = threading.Timer(PATIENCE, process.kill)
    guard.start()
    try:
        assert process.stdin is not None
        for block in endless(head, part):
            process.stdin.write(block)
        out, errors = process.communicate()
    finally:
        guard.cancel()
    assert process.returncode == code, errors
    assert b"Traceback" not in errors
    (file,) = json.loads(out)["files"]
    assert file["status"] == ("unreadable" if code == 3 else "rejected")


def test_memory_does_not_grow_with_the_file() -> None:
    """A million claims' worth of segments goes through a process that could not hold them."""
    segments = base("office")
    start, end = 21, len(segments) - 3
    claim = write(segments[start:end], eol="")
    command = [sys.executable, "-c", PEAK]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=limit)
    assert process.stdin is not None
    process.stdin.write(write(segments[:start], eol=""))
    for _ in range(60):
        process.stdin.write(claim * 1_000)
    process.stdin.write(write([["SE", "1", "0001"], *segments[end + 1 :]], eol=""))
    out, _ = process.communicate(timeout=PATIENCE)
    early, late, claims = json.loads(out)
    assert claims == 60_000
    assert late - early < 24 * 1024  # KiB


PEAK = """
import json, resource, sys
from scrubber.x12.events import ClaimRead
from scrubber.x12.read import read
from scrubber.x12.segments import Source
claims = 0
for event in read(Source(sys.stdin.buffer, "-")):
    claims += isinstance(event, ClaimRead)
    if claims == 5_000:
        early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([early, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, claims]))
"""
