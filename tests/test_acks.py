"""TA1, 999, 277CA and their renderings, from verdicts made by hand and, for the golden files, from the pipeline.

Whatever is written here is read back by pyx12, its map faults mended (``ack_validator``), and must pass clean.
Golden files are contracts: ``SCRUBBER_GOLDEN=write pytest tests/test_acks.py`` rewrites them, the commit says why.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ack_events import CLOCK, RECEIVED, WORDS, SetBuilder, find, group, interchange, locate, simple_set, whole_file

from scrubber.config import Acks, Config
from scrubber.finding import Location, Severity
from scrubber.pipeline import Options, judge
from scrubber.reports import scroll
from scrubber.reports.acknowledge import Acknowledgements
from scrubber.reports.outbound import AckOptions, Numbers
from scrubber.reports.wording import Wording
from scrubber.verdict import Event

if TYPE_CHECKING:
    from ack_writing import Written

pytest_plugins = ("ack_writing",)

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "fixtures" / "golden"

# Golden files: files through the pipeline ---------------------------------------------------------------------------

SHAPES: dict[str, tuple[str, dict[str, str]]] = {
    "accepted": ("batch", {}),
    "two-sets": ("two-sets", {}),
    "two-interchanges": ("two-interchanges", {}),
    "claim-rejected": ("batch", {"CLM*BATCH-1*245": "CLM*BATCH-1*250"}),
    "line-rejected": ("batch", {"HC:99213:25*150": "HC:99213:59:59*150"}),
    "provider-rejected": ("batch", {"*2990001010~": "*2990001011~"}),
    "segment-missing": ("batch", {"N3*410 ALDER STREET~\n": "", "SE*106": "SE*105"}),
    "pointer-missing": ("batch", {"HC:99213:25*150*UN*1***2:1": "HC:99213:25*150*UN*1"}),
    "element-broken": ("batch", {"HC:72040*95": "HC:72040*9A5"}),
    "segment-unknown": ("batch", {"LX*2~\nSV1*HC:72040": "LX*2~\nZZZ*1~\nSV1*HC:72040", "SE*106": "SE*107"}),
    "one-set-rejected": ("two-sets", {"SE*29*0002": "SE*30*0002"}),
    "group-count-wrong": ("batch", {"GE*1*": "GE*2*"}),
    "group-version-unknown": ("batch", {"*X*005010X222A1~\nST": "*X*005010X999~\nST"}),
    "group-not-ended": ("batch", {"GE*1*116~\n": ""}),
    "ta1-asked-for": ("batch", {"*000000116*0*T": "*000000116*1*T"}),
    "ta1-rejects": ("batch", {"IEA*1*000000116": "IEA*1*000000117"}),
    "ta1-notes": ("batch", {"IEA*1*000000116": "IEA*1*000000117", "*000000116*0*T": "*000000116*1*T"}),
    "one-interchange-refused": ("two-interchanges", {"IEA*1*000000118": "IEA*2*000000118"}),
}


@pytest.fixture(scope="session")
def wording() -> Wording:
    from scrubber.catalogue.load import load

    return Wording(load())


def break_file(shape: str) -> bytes:
    """A base file with the changes of a shape, each made once."""
    base, changes = SHAPES[shape]
    text = (ROOT / "fixtures" / "base" / f"{base}.837").read_text()
    for old, new in changes.items():
        assert old in text, f"{base}.837 no longer holds {old!r}"
        text = text.replace(old, new, 1)
    return text.encode()


def compare(shape: str, written: Written, names: Iterable[str]) -> None:
    folder = GOLDEN / shape
    if os.environ.get("SCRUBBER_GOLDEN") == "write":
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / f"batch.{name}").write_text(written[name])
    assert {p.name.removeprefix("batch.") for p in folder.iterdir()} == set(names)
    for name in names:
        assert written[name] == (folder / f"batch.{name}").read_text(), f"{shape}: {name} has changed"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_gets_its_golden_acknowledgements(shape: str, write, wording: Wording) -> None:
    acks = Acks(ta1_control_faults="note" if shape == "ta1-notes" else "reject")
    options = Options(received=RECEIVED, catalogue=wording.catalogue, config=Config(acks=acks))
    written = write(judge(break_file(shape), options, name="batch.837"), wording)
    # The renderings quote the catalogue, whose wording may improve without a reason: they have goldens of their own.
    compare(shape, written, sorted(n for n in written if not n.endswith(".txt")))
    assert {f"{n}.txt" for n in written if not n.endswith(".txt")} == {n for n in written if n.endswith(".txt")}


# Golden files: every shape in one file, made by hand, with renderings -----------------------------------------------


def every_kind() -> list[Event]:
    """One set with each kind of verdict, one that the 999 rejects, one that is rejected as a batch."""
    first = SetBuilder("0001", "BATCH-A")
    provider = first.provider()
    subscriber = first.subscriber(provider)
    first.judge(first.claim(provider, subscriber, "GOOD-1", ("150", "95.50"), trace="TRACE1"))
    bad = first.claim(provider, subscriber, "CLAIM-2", ("150", "95.50"), to=date(2026, 9, 17))
    first.judge(bad, find("DX-01", locate(bad.hi, "HI01-2", "CLAIM-2")), find("W-01", locate(bad.hi), Severity.WARNING))
    bad = first.claim(provider, subscriber, "LINE-3", ("150", "95.50"), modifiers=("25",), trace="TRACE3")
    sv1 = bad.lines[0].sv1
    first.judge(
        bad,
        find("MOD-01", locate(sv1, "SV101-3", "LINE-3", 1)),
        find("MOD-05", locate(bad.lines[1].sv1, "SV101-4", "LINE-3", 2)),
        find("MOD-05", locate(sv1, "SV101-4", "LINE-3", 1)),
    )
    bad = first.claim(provider, subscriber, "SYNTAX-4", ("80",))
    trigger = f"CLM*{bad.clm.ordinal}*2300*5:3"
    first.judge(
        bad,
        find(
            "PTR-03",
            locate(bad.lines[0].sv1, "SV107-1", "SYNTAX-4", 1),
            values={"ik3": "8", "ik4": "I9", "data_element": "1328", "line": "1", "trigger": trigger},
        ),
        syntax=True,
    )
    member = first.subscriber(provider, "PELLAM*ROSALIND", "X")
    fault = find("CLM-27", locate(member.person.nm1, "NM109"), inherited=True)
    first.judge(first.claim(provider, member, "MEMBER-5", ("70",)), fault)
    other = first.provider("MEADOWLARK CHIROPRACTIC", "2990003019")
    patient = first.subscriber(other, "ASHDOWN*EDITH*M", "1EG4TE5MK73")
    fault = find("CLM-01", locate(other.nm1, "NM109"), values={"value": "2990003019"})
    for number in (6, 7):
        claim = first.claim(other, patient, f"GROUP-{number}", ("52",))
        first.judge(claim, find("CLM-01", fault.where, values=fault.values, inherited=True), provider_rejected=True)

    second = simple_set(1, "0002")
    broken = second.claims.pop().claim
    missing = Location("2010BA", "N4", None, None, None, 12, 600, 0)
    faults = (
        find("X12-IK3-3", missing, values={"ik3": "3", "detail": "N4 is missing"}),
        find("X12-IK5-4", Location(None, "SE", "SE01", None, None, 20, 900, 3), values={"detail": "SE01 is wrong"}),
        find("X12-IK3-1", Location("2300", "ZZZ", None, "PCN1", None, 15, 700, 5), values={"ik3": "1"}),
    )
    second.judge(
        broken,
        find(
            "X12-IK4-6",
            locate(broken.clm, "CLM05-2", "PCN1"),
            values={"ik3": "8", "ik4": "6", "data_element": "1332", "bad": "B~:*^\x07"},
        ),
        syntax=True,
    )

    third = simple_set(2, "0003")
    batch = find("BAT-01", locate(third.submitter))
    return list(
        whole_file(
            interchange(
                group(
                    first.events("E", fault),
                    second.events("R", *faults, codes=("4",), cause=faults[1]),
                    third.events("A", batch),
                    status="P",
                ),
                due=True,
            )
        )
    )


def test_every_kind_of_verdict_has_its_golden_page(write) -> None:
    written = write(every_kind())
    compare("every-kind", written, sorted(written))


# The files themselves -----------------------------------------------------------------------------------------------


def test_nothing_shows_before_release_and_then_only_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "acks"
    acks = Acknowledgements(folder, "batch", AckOptions(clock=CLOCK), WORDS)
    for event in every_kind():
        acks.handle(event)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(p.name.startswith(".") and stat.S_IMODE(p.stat().st_mode) == 0o600 for p in folder.iterdir())
    released = acks.release()
    assert sorted(folder.iterdir()) == sorted(released)
    assert [p.name for p in released] == [
        "batch.ta1", "batch.ta1.txt", "batch.999", "batch.999.txt", "batch.277ca", "batch.277ca.txt",
    ]  # fmt: skip
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in released)


def test_what_is_not_released_leaves_nothing_behind(tmp_path: Path) -> None:
    with Acknowledgements(tmp_path, "batch", AckOptions(clock=CLOCK), WORDS) as acks:
        for event in every_kind():
            acks.handle(event)
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_an_older_acknowledgement_that_no_longer_holds_goes(tmp_path: Path) -> None:
    (tmp_path / "batch.ta1").write_text("an older one")
    with Acknowledgements(tmp_path, "batch", AckOptions(clock=CLOCK), WORDS) as acks:
        for event in whole_file(interchange(group(simple_set(1).events()))):
            acks.handle(event)
        acks.release()
    assert not (tmp_path / "batch.ta1").exists()
    assert (tmp_path / "batch.999").exists()


def test_same_verdicts_same_bytes(write) -> None:
    assert write(every_kind()) == write(every_kind())


def test_what_outgrows_memory_is_staged_in_nameless_files(write, monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = write(every_kind())
    monkeypatch.setattr(scroll, "SPOOL_IN_MEMORY", 64)
    assert write(every_kind()) == in_memory


def test_numbers_go_on_where_the_last_file_ended(tmp_path: Path) -> None:
    options = AckOptions(clock=CLOCK, first_interchange=999_999_998, first_group=7, first_set=41)
    numbers = Numbers.starting(options)
    sent = []
    for name in ("one", "two"):
        with Acknowledgements(tmp_path, name, options, WORDS, numbers) as acks:
            for event in whole_file(interchange(group(simple_set(1).events()))):
                acks.handle(event)
            acks.release()
        sent += [(tmp_path / f"{name}.{kind}").read_text().split("*")[13] for kind in ("999", "277ca")]
    assert sent == ["999999998", "999999999", "000000001", "000000002"]
    assert numbers == Numbers(3, 11, 45)


def test_an_interchange_that_breaks_off_is_not_acknowledged(write) -> None:
    events = [e for e in every_kind() if type(e).__name__ not in ("InterchangeEnd", "GroupEnd")]
    written = write(events)
    assert written == {}
    assert written.acks.untold.charge == Decimal("245.50") * 6 + 80 + 70 + 52 * 2


@pytest.mark.parametrize(
    "wrong", [{"entity": "41"}, {"qualifier": "ZZ"}, {"id": "*"}, {"name": "~"}, {"first_set": 0}, {"sender": "X" * 16}]
)
def test_settings_that_could_not_be_sent_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AckOptions(clock=CLOCK, **wrong)
