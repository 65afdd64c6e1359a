"""Figures of the watched folder, measured with the installed command on real folders.

    python benchmarks/watch.py                 everything, some minutes
    python benchmarks/watch.py --burst 200 --soak 30 --large 5      smaller

Each part prints a line; afterwards `scrubber watch verify` proves that nothing was lost or doubled. Folders are made in
the working folder's file system (`--in DIR`), so that syncing to disk is measured as it is.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OFFICE = (ROOT / "fixtures/base/office.837").read_text("ascii")
QUICKSTART = (ROOT / "fixtures/quickstart.837").read_text("ascii")
COMMAND = [sys.executable, "-m", "scrubber", "watch"]
RECEIVED = "2026-09-20"


def make(number: int) -> bytes:
    """A file of one claim (every fifth: of five claims, three of them rejected), patient and numbers its own."""
    text, old, member = (
        (QUICKSTART, "000000201", "NFH400118") if number % 5 == 4 else (OFFICE, "000000101", "NFH400118")
    )
    return text.replace(old, f"{number:09d}").replace(member, f"NFH{number:06d}").encode("ascii")


def drop(inbox: Path, name: str, data: bytes) -> None:
    """Write beside, then rename, as a practice system should."""
    aside = inbox.parent / f"{name}.aside"
    aside.write_bytes(data)
    os.rename(aside, inbox / name)


@contextlib.contextmanager
def folder(place: str | None) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="watch-bench-", dir=place))
    (root / "inbox").mkdir()
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def start(root: Path, config: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, str(root), "--quiet", "--received", RECEIVED, "--config", str(config)])


def configure(root: Path, **settings: object) -> Path:
    path = root / "scrubber.toml"
    path.write_text("[watch]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
    return path


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def done(root: Path) -> int:
    return len(list((root / "reports").glob("*/report.html"))) if (root / "reports").exists() else 0


def wait_for(root: Path, count: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while done(root) < count:
        if time.monotonic() > end:
            raise SystemExit(f"only {done(root)} of {count} files came out in {seconds:.0f} s")
        time.sleep(0.05)


def prove(root: Path) -> str:
    found = subprocess.run([*COMMAND, "verify", "--complete", str(root)], capture_output=True, text=True)
    if found.returncode:
        raise SystemExit(found.stdout)
    return found.stdout.strip()


def resident(pid: int) -> float:
    """Megabytes of a process and its children."""
    total = 0
    for process in [pid, *_children(pid)]:
        with contextlib.suppress(OSError, StopIteration):
            status = Path(f"/proc/{process}/status").read_text()
            total += int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    return total / 1024


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def measure_burst(place: str | None, count: int) -> None:
    """So many files at once: files a second from drop to the last report."""
    with folder(place) as root:
        config = configure(root, settle=0.5, scan=2)
        process = start(root, config)
        wait_for_start(root)
        for number in range(count):
            drop(root / "inbox", f"{number}.837", make(number))
        begun = time.monotonic()
        wait_for(root, count + 1, 60 + count)
        took = time.monotonic() - begun
        peak = resident(process.pid)
        stop(process)
        print(
            f"burst     {count} files at once: {took:.1f} s, {count / took:.1f} files/s, {peak:.0f} MB; {prove(root)}"
        )


def wait_for_start(root: Path) -> None:
    """Until a first file has come out: workers take a moment to load edits and tables."""
    while not (root / "index.html").exists():
        time.sleep(0.05)
    drop(root / "inbox", "first.837", make(900_000))
    while not (root / "reports/first/report.html").exists():
        time.sleep(0.05)
    time.sleep(1.5)


def measure_delay(place: str | None, count: int) -> None:
    """One file after another into a folder at rest: from the rename into the inbox to the report."""
    with folder(place) as root:
        config = configure(root, settle=0.2)
        process = start(root, config)
        wait_for_start(root)
        delays = []
        for number in range(count):
            drop(root / "inbox", f"{number}.837", make(number))
            begun = time.monotonic()
            report = root / f"reports/{number}/report.html"
            while not report.exists():
                time.sleep(0.002)
            delays.append(time.monotonic() - begun)
        stop(process)
        delays.sort()
        p99 = delays[min(len(delays) - 1, int(0.99 * len(delays)))]
        said = f"median {statistics.median(delays):.3f} s, p99 {p99:.3f} s, longest {delays[-1]:.3f} s"
        print(f"delay     {count} files, settle 0.2 s: {said}; {prove(root)}", flush=True)


def measure_large(place: str | None, megabytes: int) -> None:
    """Small files while a large one is judged."""
    with folder(place) as root:
        data = root / "large.837"
        claims = max(1, megabytes * 1_000_000 // 620)
        generate = [sys.executable, str(ROOT / "benchmarks/generate.py"), "--seed", "1"]
        subprocess.run([*generate, "--claims", str(claims), "--out", str(data)], check=True, stdout=subprocess.DEVNULL)
        size = data.stat().st_size / 1e6
        config = configure(root, settle=0.2, large=1, seconds=7200)  # memory: what everybody has
        process = start(root, config)
        wait_for_start(root)
        os.rename(data, root / "inbox/large.837")
        begun = time.monotonic()
        time.sleep(1)
        delays: list[tuple[float, float]] = []
        memory: list[float] = []
        number = 0
        while not (root / "reports/large/report.html").exists():
            if process.poll() is not None or (root / "failed/large.837").exists():
                raise SystemExit("the large file failed: " + (root / "failed/large.837.txt").read_text())
            name = f"small{number}"
            drop(root / "inbox", f"{name}.837", make(500_000 + number))  # The large one has 1.
            at = time.monotonic()
            while not (root / f"reports/{name}/report.html").exists():
                time.sleep(0.005)
                if time.monotonic() - at > 120:
                    raise SystemExit("a small file was held up")
            delays.append((time.monotonic() - at, at - begun))
            memory.append(resident(process.pid))
            number += 1
            time.sleep(0.5)
        took = time.monotonic() - begun
        stop(process)
        longest, when = max(delays)
        only = sorted(delay for delay, _ in delays)
        print(
            f"large     {size:.0f} MB in {took:.0f} s; meanwhile {len(only)} small files: median "
            f"{statistics.median(only):.2f} s, p99 {only[int(0.99 * len(only))]:.2f} s, longest {longest:.2f} s (the "
            f"one dropped after {when:.0f} s); memory {say_growth(memory)}, peak {max(memory):.0f} MB; {prove(root)}",
            flush=True,
        )


def say_growth(memory: list[float]) -> str:
    """How much was resident at the beginning and at the end of a stretch of work."""
    third = max(1, len(memory) // 3)
    first, last = statistics.median(memory[:third]), statistics.median(memory[-third:])
    return f"{first:.0f} MB in the first third, {last:.0f} MB in the last"


def soak(place: str | None, seconds: int, seed: int = 1) -> None:
    """A day's work in so many seconds, with kills of the service and of its workers at random."""
    chance = random.Random(seed)
    with folder(place) as root:
        config = configure(root, settle=0.2, scan=1)
        process = start(root, config)
        wait_for_start(root)
        dropped = kills = deaths = 0
        memory: list[float] = []
        end = time.monotonic() + seconds
        next_kill = time.monotonic() + 3
        kept: list[bytes] = []
        while time.monotonic() < end:
            for _ in range(chance.randrange(1, 6)):
                again = kept and chance.random() < 0.1
                data = chance.choice(kept) if again else make(dropped)
                kept.append(data)
                kept[:] = kept[-50:]
                drop(root / "inbox", f"{dropped}.837" if chance.random() < 0.7 else f"claims {dropped}.txt", data)
                dropped += 1
            time.sleep(chance.random())
            memory.append(resident(process.pid))
            if time.monotonic() > next_kill:
                next_kill = time.monotonic() + chance.uniform(2, 8)
                children = _children(process.pid)
                if children and chance.random() < 0.5:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(chance.choice(children), signal.SIGKILL)
                    deaths += 1
                else:
                    process.kill()
                    process.wait()
                    kills += 1
                    process = start(root, config)
        limit = time.monotonic() + 300
        while any((root / "inbox").iterdir()) or any((root / ".scrubber/work").iterdir()):
            if time.monotonic() > limit:
                raise SystemExit("the rest did not come out")
            time.sleep(0.2)
        stop(process)
        said = prove(root)
        print(
            f"soak      {seconds} s: {dropped} files dropped, service killed {kills} times, a child {deaths} times; "
            f"memory {say_growth(memory)}; {said}"
        )
        assert said.startswith(f"{dropped + 1:,} files done, 0 in hand, 0 in the inbox"), "a file was lost or doubled"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--burst", type=int, default=1000, help="files; 0 leaves it out")
    parser.add_argument("--delay", type=int, default=100, help="files")
    parser.add_argument("--large", type=int, default=500, help="megabytes")
    parser.add_argument("--soak", type=int, default=300, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in", dest="place", help="folder to work in")
    wanted = parser.parse_args()
    if wanted.delay:
        measure_delay(wanted.place, wanted.delay)
    if wanted.burst:
        measure_burst(wanted.place, wanted.burst)
    if wanted.large:
        measure_large(wanted.place, wanted.large)
    if wanted.soak:
        soak(wanted.place, wanted.soak, wanted.seed)


if __name__ == "__main__":
    main()
