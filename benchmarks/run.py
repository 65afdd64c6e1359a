"""Measure scrubber against pyx12, whole process against whole process, in turn, in one run.

    python benchmarks/run.py                          10,000 clean claims, 3 pairs
    python benchmarks/run.py --claims 1000 --repeats 5
    python benchmarks/run.py --compare --stages --memory --startup --json figures.json

Every figure but those of `--stages` is that of a fresh child process: processor time and peak memory from `wait4`,
elapsed time from the parent's clock. The process is pinned to one core where the system allows it. Standard library
only: this process must stay small, since Linux counts the parent's memory before `exec` into the child's peak.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RECEIVED = "2026-09-30"  # the date of the generated files, so that a run does not depend on the day it is made
MEGABYTE = 1024 if sys.platform != "darwin" else 1024 * 1024  # ru_maxrss counts kilobytes, on macOS bytes
SMALL, LARGE = 10_000, 100_000

# What is installed has byte code: where the environment forbids to write it, start-up would mostly be compiling.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT["SCRUBBER_DATA"] = str(HERE / "no-tables-here")  # Whatever the one who measures has loaded.

TABLES = {"ncci-ptp": "ccipra-*", "ncci-mue": "MCR_MUE_*", "ncci-aoc": "AOC_*", "pfs": "PPRRVU*"}
"""Kinds of reference tables that `--tables` imports, and what their files are called."""
QUARTER = "2026Q3"  # of the generated claims: whatever quarter the files are of, they are made to answer for it


class Failed(Exception):
    """A measured command did not do its work: its time means nothing."""


@dataclass(frozen=True, slots=True)
class Measure:
    wall: float
    cpu: float  # user and system
    memory: float  # peak, MB
    code: int
    errors: str = ""


def measure(command: Sequence[str | Path], accept: Iterable[int], cwd: Path) -> Measure:
    """Run a command to its end in a fresh process."""
    with tempfile.TemporaryFile(dir=cwd) as errors:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, cwd=cwd, env=ENVIRONMENT)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = code = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if code not in accept or "Traceback (most recent call last)" in said:  # an uncaught exception leaves 1, too
        shown = " ".join(map(str, command))
        raise Failed(f"exit code {code} from: {shown}\n{said[-4000:]}")
    return Measure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MEGABYTE, code, said)


def pin() -> str:
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"pinned to core {core}"


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


# Commands


def scrubber(*arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "scrubber", *arguments]


def check(path: Path, output: Path, *more: str | Path) -> list[str | Path]:
    return scrubber("check", path, "--format", "json", "--output", output, "--received", RECEIVED, *more)


def generate(folder: Path, claims: int, seed: int, faults: float) -> Path:
    out = folder / f"{claims}.837"
    if not out.exists():
        options = ["--claims", str(claims), "--seed", str(seed), "--faults", str(faults), "--out", str(out)]
        subprocess.run([sys.executable, HERE / "generate.py", *options], check=True)
    return out


def count_claims(path: Path) -> int:
    """CLM segments, by the delimiters of the first ISA."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        separator, terminator = re.escape(data[3:4]), re.escape(data[105:106])
        found = sum(1 for _ in re.finditer(terminator + rb"\s*CLM" + separator, data))
    if not found:
        raise Failed(f"{path} holds no claims")
    return found


def judged(report: Path) -> dict[str, int]:
    """The summary of a JSON report, read by another process so that this one stays small."""
    code = (
        "import json, sys; s = json.load(open(sys.argv[1], 'rb'))['summary'];"
        "print(json.dumps({k: s[k] for k in ('claims', 'accepted', 'rejected')}))"
    )
    done = subprocess.run([sys.executable, "-c", code, report], check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout))


def scrub(path: Path, claims: int, folder: Path, *more: str | Path) -> tuple[Measure, dict[str, int]]:
    """One measured check, believed only when its report holds every claim."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    result = measure(check(path, report, *more), (0, 1), folder)
    if not report.exists():
        raise Failed(f"no report was written\n{result.errors[-4000:]}")
    summary = judged(report)
    if summary["claims"] != claims:
        raise Failed(f"the report holds {summary['claims']} claims, the file {claims}")
    return result, summary


# Sections. Each prints its table and returns its figures.


def compare(path: Path, repeats: int, must_be_valid: bool, folder: Path) -> dict[str, Any]:
    """pyx12's validation alone, and the whole of scrubber with its report, in turn."""
    claims = count_claims(path)
    validate: list[str | Path] = [sys.executable, HERE / "pyx12_validate.py", path]
    pairs: list[tuple[Measure, Measure]] = []
    summary: dict[str, int] = {}
    for number in range(repeats):
        theirs = measure(validate, (0,) if must_be_valid else (0, 1), folder)
        ours, summary = scrub(path, claims, folder)
        pairs.append((theirs, ours))
        progress(f"pair {number + 1} of {repeats}: pyx12 {theirs.wall:.2f} s, scrubber {ours.wall:.2f} s")
    print(f"\n## {claims:,} claims, {path.stat().st_size / 1e6:.1f} MB, {repeats} pairs in turn\n")
    rows = []
    for name, column in ((f"pyx12 {version('pyx12')}, validation only", 0), ("scrubber check --format json", 1)):
        runs = [pair[column] for pair in pairs]
        wall = statistics.median(run.wall for run in runs)
        rows.append(
            [
                name,
                spread([run.cpu for run in runs]),
                spread([run.wall for run in runs]),
                f"{claims / wall:,.0f}",
                f"{max(run.memory for run in runs):.0f}",
            ]
        )
    table(["", "CPU s (min / median / max)", "wall s (min / median / max)", "claims/s", "peak MB"], rows)
    cpu_ratio = [theirs.cpu / ours.cpu for theirs, ours in pairs]
    wall_ratio = [theirs.wall / ours.wall for theirs, ours in pairs]
    print(f"\npyx12 / scrubber, pair by pair: CPU {spread(cpu_ratio)}, wall {spread(wall_ratio)}")
    verdict = "accepts" if pairs[0][0].code == 0 else "refuses"
    print(
        f"pyx12 {verdict} the file; scrubber accepts {summary['accepted']:,} and rejects {summary['rejected']:,} claims"
    )
    return {
        "claims": claims,
        "bytes": path.stat().st_size,
        "pyx12": [figures(theirs) for theirs, _ in pairs],
        "scrubber": [figures(ours) for _, ours in pairs],
        "ratio_cpu": cpu_ratio,
        "ratio_wall": wall_ratio,
        "summary": summary,
    }


def memory(folder: Path, seed: int, faults: float) -> dict[str, Any]:
    """What ten times the claims cost in peak memory."""
    rows, found = [], {}
    for claims in (SMALL, LARGE):
        result, _ = scrub(generate(folder, claims, seed, faults), claims, folder)
        rows.append([f"{claims:,}", f"{result.memory:.1f}", f"{result.wall:.2f}", f"{claims / result.wall:,.0f}"])
        found[str(claims)] = figures(result)
        progress(f"memory: {claims:,} claims done")
    print("\n## Memory\n")
    table(["claims", "peak MB", "wall s", "claims/s"], rows)
    grown = found[str(LARGE)]["memory"] - found[str(SMALL)]["memory"]
    print(f"\n{grown:+.1f} MB for {LARGE - SMALL:,} claims more: {grown * 1e6 / (LARGE - SMALL):.0f} bytes a claim")
    return found


def stages(path: Path, repeats: int, folder: Path) -> dict[str, float]:
    """Where the time of a check goes, stage by stage, in one warm process (`stages.py`)."""
    claims = count_claims(path)
    command = [sys.executable, HERE / "stages.py", path, str(repeats)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=ENVIRONMENT)
    if done.returncode:
        raise Failed(f"stages.py left with exit code {done.returncode}\n{done.stderr[-4000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    total = sum(found.values())
    rows = [
        [name, f"{seconds * 1e6 / claims:.1f}", f"{seconds / total:.0%}"]
        for name, seconds in (*found.items(), ("all", total))
    ]
    print(f"\n## Stages, {claims:,} claims, one warm process, least of {repeats}\n")
    table(["", "CPU µs a claim", "share"], rows)
    return found


def tables(source: Path, path: Path, repeats: int, folder: Path) -> dict[str, Any]:
    """What importing the publishers' files costs, and how much slower the scrub is with them than with what is
    shipped."""
    data, claims = folder / "tables", count_claims(path)
    rows, found = [], dict[str, Any]()
    for kind, pattern in TABLES.items():
        files = sorted(source.glob(pattern))
        if not files:
            progress(f"{source} holds no {pattern}: {kind} is left out")
            continue
        command = scrubber("tables", "add", kind, *files, "--edition", QUARTER, "--data", data)
        done = measure(command, (0,), folder)
        size = sum(file.stat().st_size for file in files) / 1e6
        rows.append([kind, f"{size:.1f}", f"{done.cpu:.1f}", f"{done.wall:.1f}", f"{done.memory:.0f}"])
        found[kind] = figures(done)
    if not found:
        raise Failed(f"no publisher's file in {source}; looked for {', '.join(TABLES.values())}")
    print("\n## Import of reference tables\n")
    table(["", "MB read", "CPU s", "wall s", "peak MB"], rows)
    stored = sum(file.stat().st_size for file in data.iterdir()) / 1e6
    pairs = []
    for number in range(repeats):
        shipped, full = scrub(path, claims, folder)[0], scrub(path, claims, folder, "--data", data)[0]
        pairs.append((shipped, full))
        progress(f"tables, pair {number + 1} of {repeats}: {shipped.cpu:.2f} s, loaded {full.cpu:.2f} s")
    print(f"\n## Scrub with them, {claims:,} claims, {repeats} pairs in turn; the store takes {stored:.0f} MB\n")
    rows = [
        [name, spread([pair[n].cpu for pair in pairs]), f"{max(pair[n].memory for pair in pairs):.0f}"]
        for n, name in enumerate(("tables that are shipped", "tables loaded"))
    ]
    table(["", "CPU s (min / median / max)", "peak MB"], rows)
    slower = [full.cpu / shipped.cpu for shipped, full in pairs]
    print(f"\nloaded / shipped, pair by pair: {spread(slower)}")
    return found | {"store_mb": stored, "slower": slower, "pairs": [[figures(run) for run in pair] for pair in pairs]}


def startup(folder: Path, repeats: int, seed: int) -> dict[str, Any]:
    """What a job pays before it judges anything, and how much of it is importing."""
    one = generate(folder, 1, seed, 0)
    commands: dict[str, list[str | Path]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "scrubber --version": scrubber("--version"),
        "scrubber --help": scrubber("--help"),
        "scrubber check, one claim": check(one, folder / "one.json"),
    }
    runs: dict[str, list[Measure]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(measure(command, (0, 1) if "check" in name else (0,), folder))
    print(f"\n## Start-up, {repeats} runs in turn\n")
    rows = []
    for name, done in runs.items():
        milliseconds = spread([run.wall * 1000 for run in done], 0)
        rows.append([name, milliseconds, f"{max(run.memory for run in done):.0f}"])
    table(["", "wall ms (min / median / max)", "peak MB"], rows)
    found: dict[str, Any] = {name: [figures(run) for run in done] for name, done in runs.items()}
    print("\nImports (`-X importtime`, one run each; its own cost included)\n")
    rows = []
    for name, command in commands.items():
        traced = [command[0], "-X", "importtime", *command[1:]]
        done_once = measure(traced, (0, 1) if "check" in name else (0,), folder)
        total, packages = imports(done_once.errors)
        largest = sorted(packages.items(), key=lambda entry: -entry[1])[:6]
        shown = ", ".join(f"{package} {microseconds / 1000:.0f}" for package, microseconds in largest)
        share = total / 1e6 / done_once.wall
        rows.append([name, f"{total / 1000:.0f}", f"{share:.0%}", shown])
        found[f"imports of {name}"] = {"total_us": total, "share": share, "packages_us": dict(largest)}
    table(["", "imports ms", "of wall", "most, ms by package"], rows)
    return found


def imports(trace: str) -> tuple[int, dict[str, int]]:
    """Microseconds of all top-level imports, and of each package's own modules."""
    total = 0
    packages: dict[str, int] = {}
    for line in trace.splitlines():
        if not line.startswith("import time:"):
            continue
        fields = line.removeprefix("import time:").split("|")
        if len(fields) != 3 or not fields[0].strip().isdigit():
            continue  # the heading
        own, cumulative, module = int(fields[0]), int(fields[1]), fields[2]
        if not module.startswith("  "):
            total += cumulative
        package = module.strip().partition(".")[0]
        packages[package] = packages.get(package, 0) + own
    return total, packages


# Printing


def spread(values: Sequence[float], digits: int = 2) -> str:
    parts = (min(values), statistics.median(values), max(values))
    return " / ".join(f"{value:.{digits}f}" for value in parts)


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table that is also readable as it stands."""
    widths = [max(len(row[column]) for row in (heading, *rows)) for column in range(len(heading))]

    def show(cells: Sequence[str]) -> None:
        padded = [
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        print("| " + " | ".join(padded) + " |")

    show(heading)
    print("|" + "|".join("-" * (width + 1) + ("-" if not column else ":") for column, width in enumerate(widths)) + "|")
    for row in rows:
        show(row)


def figures(run: Measure) -> dict[str, float]:
    return {name: value for name, value in asdict(run).items() if name != "errors"}


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure scrubber against pyx12, in turn, one fresh process a run.")
    add = parser.add_argument
    add("--claims", type=int, default=SMALL, metavar="N", help="claims of the comparison; default 10,000")
    add("--repeats", type=int, default=3, metavar="N", help="pairs of runs; default 3")
    add("--seed", type=int, default=1, metavar="S", help="of the generated claims; default 1")
    add("--faults", type=float, default=0.0, metavar="PCT", help="break this share of the claims; default none")
    add("--file", type=Path, metavar="FILE", help="compare on this file instead of generated claims")
    add("--compare", action="store_true", help="the comparison (what is run when no section is named)")
    add("--stages", action="store_true", help="processor time of each stage of the pipeline, in one warm process")
    add("--memory", action="store_true", help="peak memory at 10,000 and at 100,000 claims")
    add("--startup", action="store_true", help="--version, --help, one claim; share of imports")
    add("--tables", type=Path, metavar="DIR", help="import the publishers' files in DIR, and scrub with and without")
    add("--startup-repeats", type=int, default=15, metavar="N")
    add("--json", type=Path, metavar="FILE", help="write every figure here too")
    options = parser.parse_args()
    known = ("compare", "stages", "memory", "startup", "tables")
    sections = [name for name in known if getattr(options, name)] or ["compare"]
    if options.file and not (options.file.is_file() and options.file.stat().st_size > 106):
        parser.error(f"{options.file} is no file with an X12 interchange")
    if "compare" in sections:
        try:
            version("pyx12")
        except PackageNotFoundError:
            parser.error("the comparison wants pyx12: pip install 'scrubber[guide]'")
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "pinned": pin(),
    }
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    with tempfile.TemporaryDirectory(prefix="scrubber-bench-") as name:
        folder = Path(name)

        def judged_file() -> Path:
            path: Path = options.file or generate(folder, options.claims, options.seed, options.faults)
            return path.resolve()

        def comparison() -> dict[str, Any]:
            return compare(judged_file(), options.repeats, not options.faults and not options.file, folder)

        run: dict[str, Callable[[], dict[str, Any]]] = {
            "compare": comparison,
            "stages": lambda: stages(judged_file(), options.repeats, folder),
            "memory": lambda: memory(folder, options.seed, options.faults),
            "startup": lambda: startup(folder, options.startup_repeats, options.seed),
            "tables": lambda: tables(options.tables.resolve(), judged_file(), options.repeats, folder),
        }
        try:
            warm = generate(folder, 1, options.seed, 0)  # byte code and page cache; not measured
            if "compare" in sections:
                measure([sys.executable, HERE / "pyx12_validate.py", warm], (0,), folder)
            scrub(warm, 1, folder)
            for section in sections:
                found[section] = run[section]()
        except (Failed, subprocess.CalledProcessError) as error:
            print(f"benchmark failed: {error}", file=sys.stderr)
            return 1
    found["own_memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
    print(f"\nThis process peaked at {found['own_memory']:.0f} MB; a child's peak cannot read below that.")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
