"""The store of reference data: all or nothing, undisturbed readers, the edition of the day, and clear errors."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from reference import PTP, imported, load_ptp, many, pair

from scrubber.catalogue.sources import Sources
from scrubber.config import ConfigError
from scrubber.tables import store as store_module
from scrubber.tables.compare import Change, compare
from scrubber.tables.dated import Row
from scrubber.tables.folder import FILE, find_folder, open_library
from scrubber.tables.kinds import ImportFault
from scrubber.tables.ptp import PtpTable
from scrubber.tables.quarters import Quarter, read_quarter
from scrubber.tables.store import SourceFile, Store, StoreError

TESTS = str(Path(__file__).parent)

DAY = date(2026, 9, 15)


def rows_in(folder: Path, name: str = "2026 Q3") -> list[Row]:
    library = open_library(folder)
    assert library is not None
    return list(library.rows(library.get("ncci-ptp", name)))


def names_in(folder: Path) -> list[str]:
    library = open_library(folder)
    return [h.edition.name for h in library.holdings()] if library else []


# What an import leaves -------------------------------------------------------------------------------------------


def test_an_edition_comes_out_as_it_went_in(tmp_path: Path) -> None:
    rows = [pair("20550", "99213", "2020-01-01", "2026-06-30", "1"), pair("A0001", "B0001"), pair("A0001", "B0002")]
    source = SourceFile("ccipra-v322r0-f1.TXT", 12, "ab" * 32)
    with Store(tmp_path / "data") as store:
        holding, replaced = store.add(PTP, imported(reversed(rows)), [source])
    assert not replaced
    assert holding.edition.rows == 3
    assert holding.sources == (source,)
    assert (holding.edition.from_, holding.edition.to) == (date(2026, 7, 1), date(2026, 9, 30))
    assert rows_in(tmp_path / "data") == rows


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    load_ptp(folder, pair("A0001", "B0001"))
    library = open_library(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert library is not None


def test_the_same_edition_again_replaces_itself(tmp_path: Path) -> None:
    for _ in range(3):
        load_ptp(tmp_path, *many(2_000))
    size = (tmp_path / FILE).stat().st_size
    load_ptp(tmp_path, *many(2_000))
    assert names_in(tmp_path) == ["2026 Q3"]
    assert rows_in(tmp_path) == sorted(many(2_000))
    assert (tmp_path / FILE).stat().st_size == size
    gc.collect()  # Whoever still reads keeps the space from being given back.
    load_ptp(tmp_path, pair("A0001", "B0001"))
    assert rows_in(tmp_path) == [pair("A0001", "B0001")]
    assert (tmp_path / FILE).stat().st_size < size, "what the old edition took was not given back"


def test_editions_lie_side_by_side_and_go_one_by_one(tmp_path: Path) -> None:
    load_ptp(tmp_path, pair("A0001", "B0001"), name="2026 Q3")
    load_ptp(tmp_path, pair("A0002", "B0002"), name="2026 Q2")
    assert names_in(tmp_path) == ["2026 Q2", "2026 Q3"]
    with Store(tmp_path) as store:
        assert store.remove("ncci-ptp", "2026q2").edition.name == "2026 Q2"
        with pytest.raises(StoreError, match="no edition `2026 Q2`; did you mean 2026 Q3"):
            store.remove("ncci-ptp", "2026 Q2")
    assert names_in(tmp_path) == ["2026 Q3"]
    assert rows_in(tmp_path) == [pair("A0001", "B0001")]


def test_a_fault_half_way_changes_nothing(tmp_path: Path) -> None:
    load_ptp(tmp_path, *many(500))

    def broken() -> Iterator[Row]:
        yield from many(5_000, mark="1")
        raise ImportFault("ptp.txt", 5_001, "the row has 6 columns, not 7")

    with Store(tmp_path) as store, pytest.raises(ImportFault):
        store.add(PTP, imported(broken()), [])
    with Store(tmp_path) as store, pytest.raises(ImportFault, match="holds no rows"):
        store.add(PTP, imported(()), [])
    with Store(tmp_path) as store, pytest.raises(KeyboardInterrupt):
        store.add(PTP, imported(_interrupted()), [])
    assert rows_in(tmp_path) == sorted(many(500))


def _interrupted() -> Iterator[Row]:
    yield from many(1_000, mark="1")
    raise KeyboardInterrupt


def test_a_row_that_comes_twice_is_named_by_its_line(tmp_path: Path) -> None:
    rows = [*many(700), pair("A0000", "B0123"), *many(5)]
    with Store(tmp_path) as store, pytest.raises(ImportFault) as caught:
        store.add(PTP, imported(rows), [])
    assert (caught.value.file, caught.value.line) == ("ptp.txt", 701)
    assert names_in(tmp_path) == []


CHILD = """
import sys
from pathlib import Path
from reference import PTP, imported, many
from scrubber.tables.store import Store

stop = int(sys.argv[2])

def rows():
    for number, row in enumerate(many(40_000, mark="1")):
        if number == stop:
            wait()
        yield row
    if stop >= 40_000:
        wait()

def wait():
    print("here", flush=True)
    sys.stdin.read()

with Store(Path(sys.argv[1])) as store:
    if stop < 0:
        # Everything is written, nothing is committed.
        inner = store._turns
        store._turns = lambda *given: (wait(), inner(*given))[1]
    store.add(PTP, imported(rows()), [])
print("done", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("stop", [0, 1, 20_000, 40_000, -1])
def test_a_killed_import_leaves_the_old_edition(tmp_path: Path, stop: int) -> None:
    load_ptp(tmp_path, *many(300))
    environment = {**os.environ, "PYTHONPATH": TESTS}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(stop)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert child.stdin
    assert child.stdout
    assert child.stdout.readline() == b"here\n"
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    child.stdin.close()
    child.stdout.close()
    assert rows_in(tmp_path) == sorted(many(300))
    load_ptp(tmp_path, *many(40_000, mark="1"))  # And nothing stands in the way of the next import.
    assert rows_in(tmp_path) == sorted(many(40_000, mark="1"))


READER = """
import sys
from datetime import date
from pathlib import Path
from scrubber.tables.folder import open_library

library = open_library(Path(sys.argv[1]))
editions = library.editions("ncci-ptp")
day = date(2026, 9, 15)
assert editions.find(day, "A0000", "B0000")[0][4] == "0"
print("open", flush=True)
asked = 0
for line in sys.stdin:  # One look-up of a pair never asked before for each line.
    asked += 1
    (row,) = editions.find(day, "A0000", f"B{asked:04d}")
    assert row[4] == "0", row
    print("same", flush=True)
"""


def test_a_reader_is_not_disturbed(tmp_path: Path) -> None:
    """A reader in another process sees one state, during an import, after it, and when the edition is gone."""
    load_ptp(tmp_path, *many(1_000))
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin
    assert reader.stdout

    def ask() -> None:
        assert reader.stdin
        assert reader.stdout
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "same\n"

    def watched() -> Iterator[Row]:
        for number, row in enumerate(many(40_000, mark="1")):
            if number % 5_000 == 0:
                ask()
            yield row

    try:
        assert reader.stdout.readline() == "open\n"
        with Store(tmp_path) as store:
            store.add(PTP, imported(watched()), [])
            ask()
            assert rows_in(tmp_path)[0][4] == "1"
            store.remove("ncci-ptp", "2026 Q3")
        ask()
        assert names_in(tmp_path) == []
    finally:
        reader.stdin.close()
        assert reader.wait(30) == 0
        reader.stdout.close()


def test_two_imports_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PATIENCE", 0.05)
    load_ptp(tmp_path, pair("A0001", "B0001"))

    def meanwhile() -> Iterator[Row]:
        yield pair("A0002", "B0002")
        with pytest.raises(StoreError, match="another process is changing the tables"):
            load_ptp(tmp_path, pair("A0003", "B0003"))

    with Store(tmp_path) as store:
        store.add(PTP, imported(meanwhile()), [])
    assert rows_in(tmp_path) == [pair("A0002", "B0002")]


# Stores that cannot be used --------------------------------------------------------------------------------------


def test_garbage_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but as long as one. " * 200)
    for use in (lambda: open_library(tmp_path), lambda: Store(tmp_path)):
        with pytest.raises(StoreError, match=r"damaged .*Move this file away and load the tables again"):
            use()
    assert issubclass(StoreError, ConfigError)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    load_ptp(tmp_path, pair("A0001", "B0001"))
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("PRAGMA user_version = 99")
    db.close()
    for use in (lambda: open_library(tmp_path), lambda: Store(tmp_path)):
        with pytest.raises(StoreError, match=r"written by a newer scrubber \(schema 99;"):
            use()


def test_a_database_of_others_is_left_alone(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = (tmp_path / FILE).read_bytes()
    for use in (lambda: open_library(tmp_path), lambda: Store(tmp_path)):
        with pytest.raises(StoreError, match="not scrubber's"):
            use()
    assert (tmp_path / FILE).read_bytes() == before


def test_damage_that_a_look_up_meets_is_told_too(tmp_path: Path) -> None:
    load_ptp(tmp_path, *many(30_000))
    content = bytearray((tmp_path / FILE).read_bytes())
    page = 4096
    # The head of the file is whole, the pages of rows are not.
    content[12 * page :] = b"\xff" * (len(content) - 12 * page)
    (tmp_path / FILE).write_bytes(content)
    library = open_library(tmp_path)
    assert library is not None
    editions = library.editions("ncci-ptp")
    assert editions is not None

    def look_up() -> None:
        for n in range(0, 30_000, 500):
            editions.find(DAY, f"A{n // 1000:04d}", f"B{n % 1000:04d}")

    with pytest.raises(StoreError, match="damaged"):
        look_up()


def test_no_store_is_no_error(tmp_path: Path) -> None:
    assert open_library(tmp_path / "nowhere") is None
    assert not (tmp_path / "nowhere").exists()
    assert PtpTable.open(None) is PtpTable.starter()


def test_an_empty_store_holds_nothing(tmp_path: Path) -> None:
    Store(tmp_path).close()
    library = open_library(tmp_path)
    assert library is not None
    assert library.holdings() == []
    assert library.editions("ncci-ptp") is None


# The edition of the day ------------------------------------------------------------------------------------------


def test_the_edition_in_force_answers(tmp_path: Path) -> None:
    load_ptp(tmp_path, pair("A0001", "B0001", mark="0"), name="2025 Q4")
    load_ptp(tmp_path, pair("A0001", "B0001", mark="1"), name="2026 Q2")
    load_ptp(tmp_path, pair("A0001", "B0001", mark="9"), name="2026 Q3")
    library = open_library(tmp_path)
    assert library is not None
    editions = library.editions("ncci-ptp")
    assert editions is not None

    def on(day: str) -> str | None:
        found = editions.on(date.fromisoformat(day))
        rows = editions.find(date.fromisoformat(day), "A0001", "B0001")
        assert bool(found) is bool(rows)
        return f"{found.name}: {rows[0][4]}" if found else None

    assert on("2025-12-31") == "2025 Q4: 0"
    assert on("2026-06-30") == "2026 Q2: 1"
    assert on("2026-07-01") == "2026 Q3: 9"
    assert on("2026-09-30") == "2026 Q3: 9"
    assert on("2026-10-01") is None, "nobody knows what came after the last edition"
    assert on("2026-03-31") == "2026 Q2: 1", "in a gap the next edition answers, by its rows' dates"
    assert on("2020-05-05") == "2025 Q4: 0"
    assert on("1996-01-01") == "2025 Q4: 0"
    assert on("1995-12-31") is None, "before its history begins"


def test_an_edition_without_history_answers_for_its_own_days_alone(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add(PTP, imported([pair("A0001", "B0001")], since=None), [])
    library = open_library(tmp_path)
    assert library is not None
    editions = library.editions("ncci-ptp")
    assert editions is not None
    assert editions.on(date(2026, 7, 1)) is not None
    assert editions.on(date(2026, 6, 30)) is None
    assert editions.on(date(2026, 10, 1)) is None


def test_rows_are_found_by_any_part_of_their_key(tmp_path: Path) -> None:
    load_ptp(tmp_path, pair("A0001", "B0001"), pair("A0001", "B0002"), pair("A0002", "B0001"))
    library = open_library(tmp_path)
    assert library is not None
    editions = library.editions("ncci-ptp")
    assert editions is not None
    assert [row[:2] for row in editions.find(DAY, "A0001")] == [("A0001", "B0001"), ("A0001", "B0002")]
    assert editions.find(DAY, "A0003") == ()
    assert editions.find(DAY, "A0001' OR '1'='1") == ()


def test_turns_are_the_days_on_which_an_answer_changes(tmp_path: Path) -> None:
    load_ptp(tmp_path, pair("A0001", "B0001", "2021-04-01", "2024-06-30"), pair("A0002", "B0002", "2022-01-01"))
    library = open_library(tmp_path)
    assert library is not None
    editions = library.editions("ncci-ptp")
    assert editions is not None
    turns = editions.turns()
    assert turns is not None
    assert sorted(map(str, turns)) == [
        "1996-01-01", "2021-04-01", "2022-01-01", "2024-07-01", "2026-07-01", "2026-10-01"
    ]  # fmt: skip


# Procedure pairs from the store ----------------------------------------------------------------------------------


def table_of(folder: Path) -> PtpTable:
    table = Sources(open_library(folder)).open("ptp")
    assert isinstance(table, PtpTable)
    return table


def test_a_complete_edition_knows_what_is_no_pair(tmp_path: Path) -> None:
    load_ptp(tmp_path, pair("A0001", "B0001", "2020-01-01", "2026-08-31"))
    table = table_of(tmp_path)
    assert table.complete
    assert table.tells("99213", "72040", DAY)
    assert not table.tells("99213", "72040", date(2026, 10, 1))
    last, after = date(2026, 8, 31), date(2026, 9, 1)
    assert table.between("B0001", "A0001", last) is not None
    assert table.between("A0001", "B0001", after) is None
    assert table.tells("A0001", "B0001", after)
    assert table.between("A0001", "B0001", date(2019, 12, 31)) is None


def test_of_an_edition_that_lacks_a_part_only_listed_pairs_are_known(tmp_path: Path) -> None:
    part = imported([pair("A0001", "B0001")])
    part.complete = False
    with Store(tmp_path) as store:
        store.add(PTP, part, [])
    table = table_of(tmp_path)
    assert not table.complete
    assert table.tells("B0001", "A0001", DAY)
    assert not table.tells("99213", "72040", DAY)


def test_the_stricter_of_two_rows_counts(tmp_path: Path) -> None:
    load_ptp(tmp_path, pair("A0001", "B0001", "2020-01-01", "", "1"), pair("A0001", "B0001", "2021-01-01", "", "0"))
    table = table_of(tmp_path)
    row = table.on("A0001", "B0001", DAY)
    assert row is not None
    assert row.indicator == "0"
    row = table.on("A0001", "B0001", date(2020, 6, 1))
    assert row is not None
    assert row.indicator == "1"


def test_medicaid_has_its_own_pairs_where_loaded(tmp_path: Path) -> None:
    from scrubber.tables.kinds import KINDS

    load_ptp(tmp_path, pair("A0001", "B0001"))
    assert table_of(tmp_path).medicaid.between("A0001", "B0001", DAY) is not None, "Medicare's stand in"
    with Store(tmp_path) as store:
        store.add(KINDS["ncci-ptp-medicaid"], imported([pair("A0002", "B0002")]), [])
    table = table_of(tmp_path)
    assert table.between("A0002", "B0002", DAY) is None
    assert table.medicaid.between("A0002", "B0002", DAY) is not None
    assert table.medicaid.between("A0001", "B0001", DAY) is None
    assert [e.kind for e in table.all()] == ["ncci-ptp", "ncci-ptp-medicaid"]


# Quarters, folders, differences ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quarter"),
    [
        ("ccipra-v322r0-f1.TXT", (2026, 3)),
        ("ccipra-v302r0-f4.txt", (2024, 3)),
        ("v32.3", (2026, 4)),
        ("32.0", (2026, 1)),
        ("2026Q3", (2026, 3)),
        ("2026 q4", (2026, 4)),
        ("Q1-2025", (2025, 1)),
        ("AOC_V2026Q3-MCR.txt", (2026, 3)),
        ("MCR_MUE_PractitionerServices_Eff_07-01-2026.csv", (2026, 3)),
        ("2026-10-01", (2026, 4)),
        ("2026-10-02", None),
        ("ccipra-v329r0-f1.TXT", None),
        ("rvu.csv", None),
        ("99213", None),
    ],
)
def test_quarters_are_read_from_what_publishers_and_users_write(text: str, quarter: tuple[int, int] | None) -> None:
    assert read_quarter(text) == (Quarter(*quarter) if quarter else None)


def test_a_quarter_has_its_days() -> None:
    assert (Quarter(2026, 3).first, Quarter(2026, 3).last) == (date(2026, 7, 1), date(2026, 9, 30))
    assert (Quarter(2027, 1).first, Quarter(2026, 4).last) == (date(2027, 1, 1), date(2026, 12, 31))
    assert Quarter(2026, 4).name == "2026 Q4"


def test_the_nearest_word_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRUBBER_DATA", "by-variable")
    assert find_folder("said", "setting") == Path("said")
    assert find_folder(None, "setting") == Path("by-variable")
    monkeypatch.delenv("SCRUBBER_DATA")
    assert find_folder(None, "setting") == Path("setting")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/share")
    if sys.platform.startswith("linux"):
        assert find_folder() == Path("/somewhere/share/scrubber")


def test_editions_are_compared_row_by_row() -> None:
    a, b, c = pair("A0001", "B0001"), pair("A0002", "B0002"), pair("A0003", "B0003")
    ended = pair("A0002", "B0002", deletion="2026-06-30")
    again = pair("A0002", "B0002", effective="2026-07-01")
    assert list(compare(iter([a, b]), iter([a, b]), 3)) == []
    assert list(compare(iter([a, b]), iter([b, c]), 3)) == [Change(a, None), Change(None, c)]
    assert list(compare(iter([b]), iter([ended, again]), 3)) == [Change(b, ended), Change(None, again)]
    assert list(compare(iter([]), iter([c]), 3)) == [Change(None, c)]
    assert list(compare(iter([c]), iter([]), 3)) == [Change(c, None)]
