"""``scrubber tables``: load, list, compare, remove; and what a run then knows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lines import write
from reference import many, pair, ptp_parts, ptp_text, samples_are_whole
from test_importers import TABULAR

import scrubber as library
from scrubber import cli
from scrubber.tables.folder import FILE
from scrubber.tables.kinds import KINDS
from scrubber.tables.quarters import Quarter, read_quarter
from scrubber.tables.store import Store

PAIR = ("72040", "99213", "20200101", "*", "0")
"""Never a pair in truth, and not in the starter table: a finding on it is the loaded table's."""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def whole() -> Iterator[None]:
    """What is loaded here is whole, however small: test_cut_files.py has what is not."""
    with samples_are_whole():
        yield


@pytest.fixture
def scrubber(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs the command line with tables in a folder of this test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCRUBBER_DATA", str(tmp_path / "data"))

    def call(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        code = cli.run_command([str(a) for a in arguments])
        sys.stdout.flush()
        return Outcome(code, *capfd.readouterr())

    return call


@pytest.fixture
def loaded(scrubber: Command, tmp_path: Path) -> Command:
    """With an edition of 2026 Q3 loaded."""
    assert scrubber("tables", "add", "ncci-ptp", *ptp_parts(tmp_path / "q3", "v322r0", PAIR)).code == 0
    return scrubber


def listed(run: Command) -> list[dict[str, Any]]:
    outcome = run("tables", "list", "--format", "json")
    assert outcome.code == 0
    records: list[dict[str, Any]] = json.loads(outcome.out)
    return records


def own(run: Command) -> list[dict[str, Any]]:
    return [record for record in listed(run) if "added" in record]


# Loading and listing ---------------------------------------------------------------------------------------------


def test_what_is_loaded_is_listed(scrubber: Command, tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path, "v322r0", PAIR)
    outcome = scrubber("tables", "add", "ncci-ptp", *parts)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "ncci-ptp 2026 Q3: 1 row, in force from 2026-07-01 to 2026-09-30.\n"
    (record,) = own(scrubber)
    assert record["name"] == "ncci-ptp"
    assert (record["edition"], record["from"], record["to"]) == ("2026 Q3", "2026-07-01", "2026-09-30")
    assert (record["rows"], record["complete"]) == (1, True)
    assert [source["file"] for source in record["sources"]] == [part.name for part in parts]
    assert all(len(source["sha256"]) == 64 for source in record["sources"])
    assert record["added"].endswith("+00:00")
    text = scrubber("tables", "list").out
    for word in ("ncci-ptp", "2026 Q3", "2026-07-01..2026-09-30", parts[0].name, record["sources"][0]["sha256"]):
        assert word in text
    assert not any("ncci-ptp" in line and "starter" in line for line in text.splitlines())


def test_without_tables_the_shipped_ones_are_listed(scrubber: Command, tmp_path: Path) -> None:
    names = {record["name"] for record in listed(scrubber)}
    assert {"icd10cm-codes", "ncci-ptp", "place-of-service"} <= names
    assert not (tmp_path / "data").exists(), "a look leaves nothing behind"


def test_an_edition_past_its_quarter_is_warned_of(scrubber: Command, tmp_path: Path) -> None:
    past, now = read_quarter("2019Q4"), Quarter(date.today().year, (date.today().month - 1) // 3 + 1)
    assert past is not None
    parts = ptp_parts(tmp_path, "v322r0", PAIR)
    scrubber("tables", "add", "ncci-ptp", *parts, "--edition", past.name)
    (record,) = own(scrubber)
    assert record["warning"].startswith("ended 2019-12-31; later services are not checked")
    assert "! ended 2019-12-31" in scrubber("tables", "list").out
    scrubber("tables", "add", "ncci-ptp", *parts, "--edition", now.name)
    assert not any("warning" in record for record in own(scrubber)), "the older one is history, and no fault"
    last = now.last + timedelta(days=1)
    assert last > date.today()


def test_the_same_edition_again_says_so(loaded: Command, tmp_path: Path) -> None:
    outcome = loaded("tables", "add", "ncci-ptp", *ptp_parts(tmp_path / "r1", "v322r1", PAIR, ("99214", *PAIR[1:])))
    assert "2 rows" in outcome.out
    assert "It replaces the one loaded before." in outcome.out
    assert [record["rows"] for record in own(loaded)] == [2]


def test_the_medicaid_file_goes_where_it_belongs(scrubber: Command, tmp_path: Path) -> None:
    file = tmp_path / "ptp-2026q3.txt"
    file.write_bytes(ptp_text(PAIR, medicaid=True))
    outcome = scrubber("tables", "add", "ncci-ptp", file)
    assert outcome.out.startswith("ncci-ptp-medicaid 2026 Q3: 1 row,")
    assert "Medicaid's pairs: kept apart" in outcome.out
    assert [record["name"] for record in own(scrubber)] == ["ncci-ptp-medicaid"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "ncci-ppt", "x.txt"), "no kind of table is called `ncci-ppt`; did you mean ncci-ptp? (there are"),
        (("add", "ncci-ptp", "x.txt"), "x.txt: No such file"),
        (("add", "ncci-ptp"), "Missing argument 'FILE...'"),
        (("remove", "ncci-ptp", "2026Q3"), "no tables are loaded there"),
        (("remove", "mue", "2026Q3"), "did you mean ncci-mue?"),
        (("diff", "ncci-ptp", "2026Q2", "2026Q3"), "no tables are loaded there"),
        (("ad", "ncci-ptp", "x"), "No such command 'ad'"),
    ],
)
def test_mistakes_are_told_with_what_was_meant(
    scrubber: Command, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    outcome = scrubber("tables", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_wrong_leaves_the_tables_as_they_were(loaded: Command, tmp_path: Path) -> None:
    before = own(loaded)
    parts = ptp_parts(tmp_path / "bad", "v322r0", PAIR, ("99213", "7204", "20200101", "*", "0"))
    outcome = loaded("tables", "add", "ncci-ptp", *parts)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "scrubber: ccipra-v322r0-f1.TXT, line 8: `7204` is no procedure code. The file may be cut off or changed; "
        "nothing has been loaded from it. Download it again and give it unchanged\n"
    )
    twice = ptp_parts(tmp_path / "twice", "v322r0", PAIR, PAIR)
    outcome = loaded("tables", "add", "ncci-ptp", *twice)
    assert outcome.code == 2
    assert "ccipra-v322r0-f1.TXT, line 8: this row comes a second time" in outcome.err
    assert own(loaded) == before


def test_every_kind_refuses_what_is_none_of_its_files(scrubber: Command, tmp_path: Path) -> None:
    file = tmp_path / "letter_2026q3.txt"
    file.write_text("Dear Sir or Madam,\nplease find enclosed nothing.\n")
    for kind in KINDS:
        outcome = scrubber("tables", "add", kind, file)
        assert (outcome.code, outcome.out) == (2, ""), kind
        assert "Traceback" not in outcome.err
        assert "scrubber itself failed" not in outcome.err, kind
    assert own(scrubber) == []


def test_a_damaged_store_is_told_by_every_command(loaded: Command, tmp_path: Path) -> None:
    (tmp_path / "data" / FILE).write_bytes(b"\0" * 100 + b"garbage" * 2000)
    (tmp_path / "claim.837").write_bytes(write("99213", "72040"))
    for arguments in (
        ("tables", "list"),
        ("tables", "add", "ncci-ptp", *ptp_parts(tmp_path / "q3", "v322r0", PAIR)),
        ("tables", "remove", "ncci-ptp", "2026Q3"),
        ("check", "claim.837"),
        ("check", "claim.837", "--format", "json"),
    ):
        outcome = loaded(*arguments)
        assert (outcome.code, outcome.out) == (2, ""), arguments
        assert "is damaged" in outcome.err
        assert "Nothing is judged while it lies there. Move this file away and load the tables again" in outcome.err
    (tmp_path / "data" / FILE).rename(tmp_path / "damaged.sqlite")
    assert "without it, scrubber uses the tables it ships" in outcome.err
    assert not own(loaded)
    (claim,) = judged(loaded, "claim.837")["files"][0]["claims"]
    assert on_pairs(claim) == (set(), {"NCCI-01", "NCCI-02"}), "the starter table answers"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_command_leaves_the_tables_as_they_were(loaded: Command, tmp_path: Path) -> None:
    before = own(loaded)
    lines = [(one, two, "20200101", "*", "1") for one, two, *_ in many(60_000)]
    parts = ptp_parts(tmp_path / "long", "v323r0", *lines)
    for patience in (0.25, 0.5, 0.75):
        command = [sys.executable, "-m", "scrubber", "tables", "add", "ncci-ptp", *map(str, parts)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(patience)
        child.kill()
        child.communicate(timeout=20)
        # Wherever it was: all or nothing.
        assert own(loaded) == before or [record["rows"] for record in own(loaded)] == [1, 60_000]
    assert loaded("tables", "add", "ncci-ptp", *parts).code == 0
    assert [record["rows"] for record in own(loaded)] == [1, 60_000]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_leaves_the_tables_as_they_were_and_says_so(loaded: Command, tmp_path: Path) -> None:
    parts = ptp_parts(tmp_path / "long", "v323r0", *((a, b, "20200101", "*", "1") for a, b, *_ in many(60_000)))
    log = tmp_path / "data" / f"{FILE}-wal"
    assert not log.exists()
    command = [sys.executable, "-m", "scrubber", "tables", "add", "ncci-ptp", *map(str, parts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        while not log.exists():  # It is there while the store is open for writing.
            assert child.poll() is None
            time.sleep(0.005)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (130, b"")
    said = f"scrubber: interrupted. {tmp_path / 'data'}: nothing was loaded, the tables there are as they were."
    assert err.decode().splitlines() == [said]
    assert [record["edition"] for record in own(loaded)] == ["2026 Q3"]


def test_an_interruption_that_comes_too_late_says_that_the_edition_is_loaded(
    loaded: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(store: Store) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as late:
        late.setattr(Store, "_tidy", interrupt)  # What comes right behind the commit.
        outcome = loaded("tables", "add", "ncci-ptp", *ptp_parts(tmp_path / "q4", "v323r0", PAIR))
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err == f"scrubber: interrupted. {tmp_path / 'data'}: the edition is loaded.\n"
    assert len(own(loaded)) == 2


# Comparing and removing ------------------------------------------------------------------------------------------


def test_two_editions_are_compared(loaded: Command, tmp_path: Path) -> None:
    new = [("72040", "99213", "20200101", "20260930", "0"), ("20550", "99214", "20261001", "*", "1")]
    loaded("tables", "add", "ncci-ptp", *ptp_parts(tmp_path / "q4", "v323r0", *new))
    outcome = loaded("tables", "diff", "ncci-ptp", "2026Q3", "2026Q4")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "+ 20550 99214 2026-10-01  indicator 1, rationale Misuse of Column Two code",
        "~ 72040 99213 2020-01-01  deletion none -> 2026-09-30",
        "ncci-ptp, 2026 Q3 to 2026 Q4: 1 added, 0 removed, 1 changed",
    ]
    back = loaded("tables", "diff", "ncci-ptp", "2026Q4", "2026Q3", "--codes", "20550,99499").out.splitlines()
    assert back == [
        "- 20550 99214 2026-10-01  indicator 1, rationale Misuse of Column Two code",
        "ncci-ptp, 2026 Q4 to 2026 Q3: 0 added, 1 removed, 0 changed",
    ]
    document = json.loads(loaded("tables", "diff", "ncci-ptp", "2026Q3", "2026Q4", "--format", "json").out)
    assert document["summary"] == {"added": 1, "removed": 0, "changed": 1}
    assert [row["change"] for row in document["rows"]] == ["added", "changed"]
    assert document["rows"][1]["new"]["deletion"] == "2026-09-30"
    nothing = json.loads(loaded("tables", "diff", "ncci-ptp", "2026Q3", "2026Q3", "--format", "json").out)
    assert nothing["rows"] == []


def test_diagnosis_codes_are_compared_one_by_one(scrubber: Command, tmp_path: Path) -> None:
    def load(year: int, dorsalgia: str, *codes: str) -> None:
        lines = ((code, dorsalgia if code == "M5499" else f"Invented {code}") for code in codes)
        order = tmp_path / f"icd10cm-order-{year}.txt"
        order.write_text("".join(f"{n:05d} {c:<7} 1 {c:<60} {title}\n" for n, (c, title) in enumerate(lines, 1)))
        tabular = tmp_path / f"icd10cm-tabular-{year}.xml"
        tabular.write_text(TABULAR.replace("2028", str(year)).replace("<desc>Invented dorsalgia", f"<desc>{dorsalgia}"))
        assert scrubber("tables", "add", "icd10cm", order, tabular).code == 0

    load(2028, "Invented dorsalgia", "A000", "M542", "M5499", "Z0000", "Z9989")
    load(2029, "Invented back pain", "A000", "M5499", "Z0000", "Z0001", "Z9989")
    lines = scrubber("tables", "diff", "icd10cm", "FY2028", "FY2029").out.splitlines()
    assert lines[-1] == "icd10cm, FY2028 to FY2029: 2 added, 1 removed, 1 changed"
    assert "+ code Z0001" in lines
    assert "- code M542" in lines
    assert "~ title M5499  text Invented dorsalgia -> Invented back pain" in lines
    under = scrubber("tables", "diff", "icd10cm", "FY2028", "FY2029", "--codes", "m54").out.splitlines()
    assert {line[2:].split("  ")[0] for line in under[:-1]} == {"code M542", "title M5499"}


def test_an_edition_is_removed(loaded: Command, tmp_path: Path) -> None:
    outcome = loaded("tables", "remove", "ncci-ptp", "2026Q2")
    assert outcome.code == 2
    assert "no edition `2026Q2`; did you mean 2026 Q3? (loaded: 2026 Q3)" in outcome.err
    assert loaded("tables", "remove", "ncci-ptp", "2026q3").out == "ncci-ptp 2026 Q3 removed (1 row).\n"
    assert own(loaded) == []


def test_the_folder_is_named_in_three_ways(loaded: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move(tmp_path / "data", tmp_path / "elsewhere")
    assert own(loaded) == []
    named = loaded("tables", "list", "--format", "json", "--data", "elsewhere")
    assert [r["edition"] for r in json.loads(named.out) if "added" in r] == ["2026 Q3"]
    monkeypatch.delenv("SCRUBBER_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert own(loaded) == []
    (tmp_path / "scrubber.toml").write_text('data = "elsewhere"\n')
    assert len(own(loaded)) == 1


# What a run knows ------------------------------------------------------------------------------------------------


def judged(run: Command, *arguments: str | Path) -> dict[str, Any]:
    outcome = run("check", *arguments, "--format", "json", "--received", "2026-10-20", "--fail-on", "never")
    assert outcome.code == 0, outcome.err
    document: dict[str, Any] = json.loads(outcome.out)
    return document


def on_pairs(claim: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The edits on pairs that found something, and those that could not be checked."""
    found = {f["edit"] for f in claim["findings"]} & {"NCCI-01", "NCCI-02"}
    return found, {u["edit"] for u in claim["unchecked"]} & {"NCCI-01", "NCCI-02"}


def test_a_run_asks_the_edition_of_the_day(loaded: Command, tmp_path: Path) -> None:
    for day, found, unchecked in (
        ("2026-09-15", {"NCCI-01"}, set()),
        ("2026-09-30", {"NCCI-01"}, set()),
        ("2026-10-01", set(), {"NCCI-01", "NCCI-02"}),
        ("2025-02-03", {"NCCI-01"}, set()),
        ("2019-12-31", set(), set()),
    ):
        (tmp_path / "claim.837").write_bytes(write("99213", "72040", day=day))
        (claim,) = judged(loaded, "claim.837")["files"][0]["claims"]
        assert on_pairs(claim) == (found, unchecked), day
        assert not any(f["edit"] == "SYS-01" for f in claim["findings"])


def test_an_unlisted_pair_is_fine_where_the_edition_is_whole(loaded: Command, tmp_path: Path) -> None:
    (tmp_path / "claim.837").write_bytes(write("99213", "72100"))
    (claim,) = judged(loaded, "claim.837")["files"][0]["claims"]
    assert on_pairs(claim) == (set(), set())
    (claim,) = judged(loaded, "claim.837", "--data", "nowhere")["files"][0]["claims"]
    assert on_pairs(claim) == (set(), {"NCCI-01", "NCCI-02"}), "of the starter table nobody can tell"
    assert not (tmp_path / "nowhere").exists()


def test_the_report_says_which_tables_were_asked(loaded: Command, tmp_path: Path) -> None:
    (tmp_path / "claim.837").write_bytes(write("99213", "72040"))
    tables = [t for t in judged(loaded, "claim.837")["tables"] if t["name"].startswith("ncci-ptp")]
    assert tables == [{"name": "ncci-ptp", "edition": "2026 Q3", "from": "2026-07-01", "to": "2026-09-30", "rows": 1}]
    tables = [t for t in judged(loaded, "claim.837", "--data", "nowhere")["tables"] if t["name"] == "ncci-ptp"]
    assert "starter" in tables[0]["edition"]


def test_the_users_own_diagnosis_codes_are_listed_beside_the_shipped(scrubber: Command, tmp_path: Path) -> None:
    order = tmp_path / "icd10cm-order-2028.txt"
    codes = ("A000", "M542", "Z9989")
    order.write_text("".join(f"{n:05d} {code:<7} 1 {code:<60} {code}\n" for n, code in enumerate(codes, 1)))
    assert scrubber("tables", "add", "icd10cm", order).code == 0
    (tmp_path / "claim.837").write_bytes(write("99213"))
    names = [t["name"] for t in judged(scrubber, "claim.837")["tables"]]
    assert names.count("icd10cm") == 1
    assert "icd10cm-codes" in names


def test_files_judged_side_by_side_ask_the_same_tables(loaded: Command, tmp_path: Path) -> None:
    (tmp_path / "claims").mkdir()
    for name in "abc":
        (tmp_path / "claims" / f"{name}.837").write_bytes(write("99213", "72040"))
    together = judged(loaded, "claims", "--jobs", "2")
    assert together == judged(loaded, "claims")
    assert [on_pairs(file["claims"][0])[0] for file in together["files"]] == [{"NCCI-01"}] * 3


def test_medicaid_claims_ask_medicaids_pairs(loaded: Command, tmp_path: Path) -> None:
    file = tmp_path / "ptp-2026q3.txt"
    file.write_bytes(ptp_text(("72100", "99213", "20200101", "*", "0"), medicaid=True))
    loaded("tables", "add", "ncci-ptp-medicaid", file)
    answers = {}
    for filing in ("MC", "CI", "MB"):
        for code in ("72040", "72100"):
            (tmp_path / "claim.837").write_bytes(write("99213", code, filing=filing))
            (claim,) = judged(loaded, "claim.837")["files"][0]["claims"]
            answers[filing, code] = bool(on_pairs(claim)[0])
    assert answers == {
        ("MC", "72040"): False, ("MC", "72100"): True,
        ("CI", "72040"): True, ("CI", "72100"): False,
        ("MB", "72040"): True, ("MB", "72100"): False,
    }  # fmt: skip


def test_the_python_interface_asks_them_too(loaded: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write("99213", "72040")
    received = date(2026, 10, 20)

    def rejects(**options: Any) -> set[str]:
        return {f.edit for verdict in library.scrub(data, received=received, **options) for f in verdict.findings}

    assert "NCCI-01" in rejects()
    assert "NCCI-01" not in rejects(data=tmp_path / "nowhere")
    monkeypatch.setenv("SCRUBBER_DATA", os.devnull + "-nowhere")
    assert "NCCI-01" not in rejects()
    assert "NCCI-01" in rejects(data=tmp_path / "data")


def test_the_rows_of_this_test_are_no_pairs_of_the_starter_table() -> None:
    from scrubber.tables.ptp import PtpTable

    assert not PtpTable.starter().knows("72040", "99213")
    assert pair("72040", "99213")[:2] == ("72040", "99213")
