"""The engine: which edits run, and what becomes of what they yield. The checks here are the test's own."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from judging import Judged, judge

from scrubber.catalogue.check import Gap, Hit, Knowledge
from scrubber.catalogue.engine import Engine, Judgement
from scrubber.catalogue.entry import LooksAt
from scrubber.catalogue.examples import RECEIVED, read_base
from scrubber.catalogue.features import Filters
from scrubber.catalogue.index import PackError
from scrubber.catalogue.load import build, read_folder
from scrubber.claims.model import Claim
from scrubber.config import Config, ConfigError
from scrubber.finding import Finding, Severity, Unchecked

PACK = """
name = "house"
title = "House rules"
authority = "our office"
edits = ["rules.toml"]
[sources.memo]
title = "Memo"
publisher = "The office"
edition = "1"
read = 2026-11-22
"""

PROFILES = """
[[profile]]
name = "unknown"
title = "Nobody knows"
[[profile]]
name = "medicare"
title = "Medicare"
filing = ["MB"]
severity = { T-01 = "warning", T-02 = "off" }
params = { T-01 = { limit = 6, note = "medicare" } }
[[profile]]
name = "local"
title = "Our own contractor"
extends = "medicare"
payer_ids = ["LOCAL1"]
severity = { T-01 = "info" }
params = { T-01 = { limit = 4 } }
[[profile]]
name = "commercial"
title = "Commercial"
filing = ["CI"]
"""


def entry(id: str, check: str, **more: str) -> str:
    lines = {
        "at": '"2400.SV101-2"',
        "snip": "5",
        "must": f'{{ check = "{check}" }}',
        "message": '"Something."',
        "why": '"Because."',
        "fix": '"Change it."',
        "severity": '"reject"',
        "status": '[{ category = "A7", code = "507" }]',
        "cite": '[{ source = "memo", at = "1" }]',
        **more,
    }
    body = "\n".join(f"{key} = {value}" for key, value in lines.items())
    return f'[[edit]]\nid = "{id}"\nname = "{id.lower()}-fault"\n{body}\n'


Make = Callable[..., Engine]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """An engine of these entries, whose checks are these functions."""

    def made(entries: str, checks: dict[str, Any], **options: Any) -> Engine:
        (tmp_path / "pack.toml").write_text(PACK)
        (tmp_path / "profiles.toml").write_text(PROFILES)
        (tmp_path / "rules.toml").write_text(entries)
        package, module = types.ModuleType("house"), types.ModuleType("house.checks")
        module.__dict__.update(checks)
        monkeypatch.setitem(sys.modules, "house", package)
        monkeypatch.setitem(sys.modules, "house.checks", module)
        catalogue = build([read_folder(tmp_path, "house")], {})
        return Engine(catalogue, received=options.pop("received", RECEIVED), **options)

    return made


def first(engine: Engine, base: str = "office", old: str = "", new: str = "") -> Judged:
    data = read_base(base).decode()
    assert old in data
    return next(judge(data.replace(old, new, 1).encode(), engine))


def each_line(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    for line in claim.lines:
        yield Hit(line.procedure_place, {"code": line.procedure})


def ids(judged: Judged) -> list[str]:
    return [finding.edit for finding in judged.findings]


# What runs ------------------------------------------------------------------------------------------------------------


def test_findings_stand_in_the_order_of_their_places(make: Make) -> None:
    def backwards(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield from reversed(list(each_line(claim, know)))

    engine = make(
        entry("T-02", "backwards") + entry("T-01", "each_line"), {"backwards": backwards, "each_line": each_line}
    )
    found = first(engine).findings
    assert [(f.edit, f.where.line) for f in found] == [("T-01", 1), ("T-02", 1), ("T-01", 2), ("T-02", 2)]
    assert found[0].values == {"code": "99213"}
    assert found[0].where.element == "SV101-2"
    assert found[0].where.claim == "OFFICE-1001"


@pytest.mark.parametrize(
    ("looks_at", "runs"),
    [
        ('procedures = ["99213"]', True),
        ('procedures = ["99202-99499"]', True),
        ('procedures = ["97010-97799", "G0283"]', False),
        ('diagnoses = ["M54"]', True),
        ('diagnoses = ["M54.2"]', True),
        ('diagnoses = ["M50-M54"]', True),
        ('diagnoses = ["S12-S14"]', False),
        ('diagnoses = ["M54"], procedures = ["20610"]', False),
        ('diagnoses = ["M54"], procedures = ["72040"]', True),
        ('modifiers = ["25"]', False),
        ('places = ["11"]', True),
        ('places = ["02", "10"]', False),
        ('profiles = ["commercial"]', True),
        ('profiles = ["medicare"]', False),
    ],
)
def test_an_edit_runs_where_it_could_fire(make: Make, looks_at: str, runs: bool) -> None:
    engine = make(entry("T-01", "each_line", looks_at=f"{{ {looks_at} }}"), {"each_line": each_line})
    assert bool(ids(first(engine))) == runs


def test_filters_forget_before_memory_fills(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    monkeypatch.setattr("scrubber.catalogue.features.MEMORY", 3)
    filters = Filters([LooksAt(procedures=("99213",))])
    codes = filters._procedures
    assert [codes[c] for c in ("99213", "A", "B", "C", "D", "99213")] == [1, 0, 0, 0, 0, 1]
    assert len(codes) <= 4


def test_select_and_ignore(make: Make) -> None:
    entries = entry("T-01", "each_line") + entry("T-02", "each_line") + entry("U-01", "each_line")
    checks = {"each_line": each_line}

    def said(**options: Any) -> set[str]:
        return set(ids(first(make(entries, checks, **options))))

    assert said() == {"T-01", "T-02", "U-01"}
    assert said(select=["T"]) == {"T-01", "T-02"}
    assert said(select=["t-02-fault"]) == {"T-02"}
    assert said(ignore=["T-01"]) == {"T-02", "U-01"}
    assert said(select=["T"], ignore=["t-01"]) == {"T-02"}
    assert said(config=Config(select=("T",), ignore=("T-02",))) == {"T-01"}
    assert said(config=Config(select=("T",), ignore=("T-02",)), select=["U"]) == {"U-01"}
    with pytest.raises(ConfigError, match="did you mean T-01"):
        said(select=["T-O1"])


def test_a_check_that_is_not_there_is_the_packs_fault(make: Make) -> None:
    with pytest.raises(PackError, match="did you mean each_line"):
        make(entry("T-01", "each_lime"), {"each_line": each_line})


# Profiles -------------------------------------------------------------------------------------------------------------


def limits(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    yield Hit(
        claim.lines[0].procedure_place, {"profile": know.profile.name, **{k: str(v) for k, v in know.params.items()}}
    )


def test_a_profile_changes_severity_and_parameters(make: Make) -> None:
    entries = entry("T-01", "limits", params="{ limit = 8, days = 90 }") + entry("T-02", "limits")
    engine = make(entries, {"limits": limits})

    commercial = first(engine).findings
    assert [(f.edit, f.severity) for f in commercial] == [("T-01", "reject"), ("T-02", "reject")]
    assert commercial[0].values == {"profile": "commercial", "limit": "8", "days": "90"}

    (medicare,) = first(engine, "medicare-em").findings
    assert (medicare.edit, medicare.severity) == ("T-01", "warning")
    assert medicare.values == {"profile": "medicare", "limit": "6", "days": "90", "note": "medicare"}


def test_a_payer_id_goes_before_the_filing_code(make: Make) -> None:
    engine = make(entry("T-01", "limits", params="{ limit = 8 }"), {"limits": limits})
    (local,) = first(engine, old="PI*NFHP1", new="PI*LOCAL1").findings
    assert (local.severity, local.values["limit"], local.values["note"]) == ("info", "4", "medicare")
    assert local.values["profile"] == "local"
    (nobody,) = first(engine, old="******CI~", new="******ZZ~").findings
    assert nobody.values["profile"] == "unknown"


def test_the_configuration_goes_before_profiles(make: Make) -> None:
    entries = entry("T-01", "limits", params="{ limit = 8 }") + entry("T-02", "limits")
    config = Config(profile="local", severity={"T-01": "reject", "T-02": "warning"}, params={"T-01": {"limit": 1}})
    found = first(make(entries, {"limits": limits}, config=config)).findings
    assert [(f.edit, f.severity) for f in found] == [("T-01", "reject"), ("T-02", "warning")]
    assert found[0].values["limit"] == "1"
    assert found[0].values["profile"] == "local"

    config = Config(payers={"NFHP1": "medicare"})
    (found_one,) = first(make(entries, {"limits": limits}, config=config)).findings
    assert found_one.values["profile"] == "medicare"


def test_a_profile_is_what_it_extends(make: Make) -> None:
    def asks(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        if know.profile.is_("medicare") and not know.profile.is_("commercial"):
            yield Hit(claim.lines[0].procedure_place)

    engine = make(entry("T-01", "asks"), {"asks": asks}, config=Config(profile="local"))
    assert ids(first(engine)) == ["T-01"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config(profile="medicaire"), "did you mean medicare"),
        (Config(payers={"X": "comercial"}), "did you mean commercial"),
        (Config(severity={"T-11": "off"}), "did you mean T-01"),
        (Config(params={"T-11": {}}), "did you mean T-01"),
    ],
)
def test_misspelt_settings_are_refused(make: Make, config: Config, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make(entry("T-01", "each_line"), {"each_line": each_line}, config=config)


# Dates ----------------------------------------------------------------------------------------------------------------

SERVICE = {"effective": '{ basis = "service", from = 2026-01-01, to = 2026-09-15 }'}


def test_the_line_decides_whether_a_coding_edit_is_in_force(make: Make) -> None:
    engine = make(entry("T-01", "each_line", **SERVICE), {"each_line": each_line})
    assert [f.where.line for f in first(engine).findings] == [1, 2]
    # The first line a day later.
    judged = first(engine, old="DTP*472*D8*20260915", new="DTP*472*D8*20260916")
    assert [f.where.line for f in judged.findings if f.edit == "T-01"] == [2]


def test_a_line_without_a_date_is_listed_unchecked(make: Make) -> None:
    engine = make(entry("T-01", "each_line", **SERVICE), {"each_line": each_line})
    judged = first(engine, old="DTP*472*D8*20260915", new="DTP*472*D8*20261332")
    assert [f.where.line for f in judged.findings if f.edit == "T-01"] == [2]
    assert [(u.edit, u.line) for u in judged.unchecked] == [("T-01", 1)]
    assert "date of service" in judged.unchecked[0].reason


def test_a_hit_may_name_the_date_that_decides(make: Make) -> None:
    def late(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(claim.lines[0].procedure_place, on=date(2026, 12, 1))
        yield Hit(claim.lines[1].procedure_place, on=date(2026, 2, 1))

    engine = make(entry("T-01", "late", **SERVICE), {"late": late})
    assert [f.where.line for f in first(engine).findings] == [2]


def test_of_two_entries_the_one_in_force_speaks(make: Make) -> None:
    old = entry("T-01", "each_line", severity='"warning"', effective='{ basis = "service", to = 2026-09-14 }')
    new = entry("T-01", "each_line", effective='{ basis = "service", from = 2026-09-15 }')
    engine = make(old + new, {"each_line": each_line})
    judged = first(engine, old="DTP*472*D8*20260915", new="DTP*472*D8*20260914")
    assert [(f.where.line, f.severity) for f in judged.findings] == [(1, "warning"), (2, "reject")]


def test_format_edits_follow_the_receipt_date(make: Make) -> None:
    entries = entry("T-01", "each_line", effective="{ from = 2026-10-01 }")
    checks = {"each_line": each_line}
    assert ids(first(make(entries, checks, received=date(2026, 9, 30)))) == []
    assert ids(first(make(entries, checks, received=date(2026, 10, 1)))) == ["T-01", "T-01"]


# What they say --------------------------------------------------------------------------------------------------------


def test_a_hit_may_soften_but_not_harden(make: Make) -> None:
    def both(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(claim.lines[0].procedure_place, severity=Severity.INFO)
        yield Hit(claim.lines[1].procedure_place, severity=Severity.REJECT)

    engine = make(entry("T-01", "both", severity='"warning"'), {"both": both})
    assert [f.severity for f in first(engine).findings] == ["info", "warning"]


def test_gaps_are_listed_once(make: Make) -> None:
    def unsure(claim: Claim, know: Knowledge) -> Iterator[Gap]:
        yield Gap("no table", 1)
        yield Gap("no table", 1)
        yield Gap("no table", 2)

    judged = first(make(entry("T-01", "unsure"), {"unsure": unsure}))
    assert [(u.edit, u.line, u.also, u.reason) for u in judged.unchecked] == [("T-01", 1, (2,), "no table")]


def test_a_crash_rejects_the_claim_and_the_run_goes_on(make: Make) -> None:
    def crash(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(claim.lines[0].procedure_place)
        raise LookupError(claim.subscriber)

    entries = entry("T-01", "crash") + entry("T-02", "each_line")
    checks = {"crash": crash, "each_line": each_line}
    judged = first(make(entries, checks))
    assert ids(judged) == ["SYS-01", "T-01", "T-02", "T-02"]
    finding = judged.findings[0]
    assert finding.severity is Severity.REJECT
    assert finding.values == {"edit": "T-01", "error": "LookupError"}
    assert (finding.where.segment, finding.where.element) == ("CLM", None)
    with pytest.raises(LookupError):
        first(make(entries, checks, strict=True))


def test_a_check_that_is_no_generator_may_crash_too(make: Make) -> None:
    def crash(claim: Claim, know: Knowledge) -> list[Hit]:
        raise ZeroDivisionError

    assert ids(first(make(entry("T-01", "crash"), {"crash": crash}))) == ["SYS-01"]


def test_a_hit_without_a_place_is_a_crash(make: Make) -> None:
    def nowhere(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(None)  # type: ignore[arg-type]

    checks = {"nowhere": nowhere, "each_line": each_line}
    judged = first(make(entry("T-01", "nowhere") + entry("T-02", "each_line"), checks))
    assert ids(judged) == ["SYS-01", "T-02", "T-02"]


def test_scratch_is_empty_for_every_claim(make: Make) -> None:
    def remember(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        if know.scratch.setdefault("claim", claim.id) != claim.id:
            yield Hit(claim.lines[0].procedure_place)

    engine = make(entry("T-01", "remember"), {"remember": remember})
    assert [ids(judged) for judged in judge(read_base("batch"), engine)] == [[]] * 6


# One cause, one finding -----------------------------------------------------------------------------------------------


def on_charge(claim: Claim, know: Knowledge) -> Iterator[Hit]:
    yield Hit(claim.lines[0].at(2), related=(claim.lines[0].procedure_place,))


def test_what_is_damaged_is_not_judged(make: Make) -> None:
    engine = make(
        entry("T-01", "each_line") + entry("T-02", "on_charge"), {"each_line": each_line, "on_charge": on_charge}
    )
    judged = first(engine, old="*150*UN*", new="*15O*UN*")
    # The charge is no number, which the reader says; the procedure beside it is judged.
    assert sorted(ids(judged)) == ["T-01", "T-01", "X12-IK4-6"]
    assert [(u.edit, u.line) for u in judged.unchecked] == [("T-02", 1)]
    assert "X12-IK4-6" in judged.unchecked[0].reason


def test_a_related_place_that_is_damaged_counts_too(make: Make) -> None:
    def related(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(claim.lines[0].procedure_place, related=(claim.lines[0].at(2),))

    judged = first(make(entry("T-01", "related"), {"related": related}), old="*150*UN*", new="*15O*UN*")
    assert "T-01" not in ids(judged)


def test_what_a_segment_lacks_is_told_beside_a_damaged_element(make: Make) -> None:
    def lacks(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(claim.lines[0].at())

    judged = first(make(entry("T-01", "lacks"), {"lacks": lacks}), old="*150*UN*", new="*15O*UN*")
    assert "T-01" in ids(judged)


def test_an_edit_yields_at_the_same_place_only(make: Make) -> None:
    def second(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(claim.lines[1].procedure_place)

    entries = entry("T-01", "each_line", yields_to='["T-02"]') + entry("T-02", "second")
    judged = first(make(entries, {"each_line": each_line, "second": second}))
    assert [(f.edit, f.where.line) for f in judged.findings] == [("T-01", 1), ("T-02", 2)]


def test_a_whole_segment_is_the_place_of_its_elements(make: Make) -> None:
    def whole(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        yield Hit(claim.lines[0].at())

    entries = entry("T-01", "each_line", yields_to='["T-02"]') + entry("T-02", "whole")
    judged = first(make(entries, {"each_line": each_line, "whole": whole}))
    assert [(f.edit, f.where.line) for f in judged.findings] == [("T-02", 1), ("T-01", 2)]


# Above the claims -----------------------------------------------------------------------------------------------------


def test_a_fault_above_the_claims_is_told_once_for_its_loop(make: Make) -> None:
    def npis(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        if claim.billing and claim.billing.npi_place:
            yield Hit(claim.billing.npi_place, {"npi": claim.billing.npi})
        if claim.rendering and claim.rendering.npi_place:
            yield Hit(claim.rendering.npi_place, {"npi": claim.rendering.npi})

    engine = make(entry("T-01", "npis", at='"2010AA.NM109"'), {"npis": npis})
    claims = [judged for judged in judge(read_base("batch"), engine) if judged.claim]
    billing = [f for judged in claims for f in judged.findings if f.where.loop == "2010AA"]
    rendering = [f for judged in claims for f in judged.findings if f.where.loop == "2310B"]
    assert len(billing) == 2
    assert len({f.where.ordinal for f in billing}) == 2
    assert all(f.where.claim is None for f in billing)
    assert len(rendering) == len({f.where.claim for f in rendering}) > 2


def test_what_was_told_above_damages_nothing(make: Make) -> None:
    """The pipeline hands back what stands above a claim: the same fault, seen again from the next claim, is known."""

    def npi(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        if claim.billing and claim.billing.npi_place:
            yield Hit(claim.billing.npi_place)

    engine = make(entry("T-01", "npi"), {"npi": npi})
    told: list[Finding] = []
    unchecked: list[Unchecked] = []
    genuine = engine.judge

    def again(claim: Claim, structural: Sequence[Finding] = ()) -> Judgement:
        judgement = genuine(claim, [*structural, *told])
        told.extend(finding for _, finding in judgement.above)
        unchecked.extend(judgement.unchecked)
        return judgement

    engine.judge = again  # type: ignore[method-assign]
    list(judge(read_base("batch"), engine))
    assert len(told) == 2
    assert unchecked == []


def test_judgements_name_the_loop_whose_claims_they_concern(make: Make) -> None:
    def everywhere(claim: Claim, know: Knowledge) -> Iterator[Hit]:
        loop = claim.loop
        while loop.parent is not None:
            loop = loop.parent
            yield Hit(loop.segments[0].at())

    engine = make(entry("T-01", "everywhere"), {"everywhere": everywhere})
    levels: list[list[str]] = []
    genuine = engine.judge

    def spy(claim: Claim, structural: Any = ()) -> Any:
        judgement = genuine(claim, structural)
        levels.append([loop.id for loop, _ in judgement.above])
        return judgement

    engine.judge = spy  # type: ignore[method-assign]
    list(judge(read_base("dependent"), engine))
    assert levels == [["2000C", "2000B", "2000A", "ST_LOOP"]]
