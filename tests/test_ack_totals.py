"""Acknowledgements of anything: totals that agree with the claims, and valid files for damaged ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from ack_events import CLOCK, RECEIVED, SetBuilder, find, group, interchange, locate, whole_file
from ack_validator import find_faults
from damaging import damage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrubber.catalogue.load import load
from scrubber.pipeline import Options, judge
from scrubber.reports.acknowledge import Acknowledgements
from scrubber.reports.outbound import AckOptions
from scrubber.reports.wording import Wording
from scrubber.verdict import ClaimVerdict

pytest_plugins = ("ack_writing",)

ROOT = Path(__file__).parent.parent

# Totals -------------------------------------------------------------------------------------------------------------

AMOUNTS = st.decimals(min_value=0, max_value=99999, places=2, allow_nan=False, allow_infinity=False)
VERDICTS = st.lists(st.tuples(st.sampled_from("AALLCS"), AMOUNTS), max_size=6)
PROVIDERS = st.lists(st.tuples(st.booleans(), VERDICTS), max_size=4)
SETS = st.lists(st.tuples(st.sampled_from("AAER"), PROVIDERS), min_size=1, max_size=3)


def build_sets(drawn) -> list[tuple[str, SetBuilder]]:
    """Sets of random verdicts: accepted, line, claim or syntax reject, under providers accepted or rejected."""
    sets = []
    for number, (status, providers) in enumerate(drawn, 1):
        built = SetBuilder(f"{number:04d}", f"BATCH{number}")
        for rejected, verdicts in providers:
            provider = built.provider()
            subscriber = built.subscriber(provider)
            for at, (kind, amount) in enumerate(verdicts):
                claim = built.claim(provider, subscriber, f"PCN{at}", (str(amount), "0.01"))
                place = claim.lines[1].sv1 if kind == "L" else claim.clm
                findings = [find("MOD-05", locate(place, None, claim.id))] if kind in "LC" else []
                if rejected:
                    findings.append(find("CLM-01", locate(provider.nm1), values={"value": "1"}, inherited=True))
                built.judge(claim, *findings, provider_rejected=rejected, syntax=kind == "S")
        sets.append((status, built))
    return sets


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=SETS)
def test_totals_reconcile(write, drawn) -> None:
    sets = build_sets(drawn)
    written = write(whole_file(interchange(group(*(b.events(s) for s, b in sets), status="P"))))
    told = [b for s, b in sets if s != "R"]
    acks = written.acks
    every = [v for _, b in sets for v in b.claims]
    assert acks.told.claims + acks.untold.claims == len(every)
    assert acks.told.charge + acks.untold.charge == sum((v.claim.charge for v in every), Decimal(0))
    if not told:
        assert "277ca" not in written
        return
    answers = "\n".join(written.segments("277ca")).split("\nST*277*")[1:]
    assert len(answers) == len(told)
    for text, built in zip(answers, told, strict=True):
        segments = [line.split("*") for line in text.split("\n")]
        level = next(i for i, s in enumerate(segments) if s[0] == "STC")
        body = segments[next((i for i, s in enumerate(segments) if s[0] == "HL" and s[3] == "19"), len(segments)) :]
        head = segments[: len(segments) - len(body)]
        totals = {s[1]: Decimal(s[2]) for s in head if s[0] in ("QTY", "AMT")}
        good = [v.claim.charge for v in built.claims if v.status == "accepted"]
        bad = [v.claim.charge for v in built.claims if v.status == "rejected"]
        assert (totals.get("90", 0), totals.get("AA", 0)) == (len(good), len(bad))
        assert (totals.get("YU", 0), totals.get("YY", 0)) == (sum(good), sum(bad))
        assert Decimal(segments[level][4]) == sum(good) + sum(bad)
        # The claims say the same as the totals: each claim's first STC, and the providers rejected as a whole.
        claims = [body[i + 3] for i, s in enumerate(body) if s[0] == "HL" and s[3] == "PT"]
        accepted = [Decimal(s[4]) for s in claims if s[3] == "WQ"]
        rejected = [Decimal(s[4]) for s in claims if s[3] == "U"]
        whole = {q: sum(Decimal(s[2]) for s in body if s[:2] == [*q]) for q in (("QTY", "QC"), ("AMT", "YY"))}
        assert (len(accepted), sum(accepted)) == (len(good), sum(good))
        assert (len(rejected) + whole["QTY", "QC"], sum(rejected) + whole["AMT", "YY"]) == (len(bad), sum(bad))
        count = next(i for i, s in enumerate(segments) if s[0] == "SE")
        assert segments[count][1] == str(count + 1)
        numbers = [int(s[1]) for s in segments if s[0] == "HL"]
        assert numbers == list(range(1, len(numbers) + 1))


# Whatever comes in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["batch", "two-sets", "two-interchanges", "secondary"])
def test_damaged_files_get_sound_acknowledgements_that_lose_no_claim(base: str, tmp_path: Path, maps: Path) -> None:
    words = Wording(load())
    text = (ROOT / "fixtures" / "base" / f"{base}.837").read_text()
    for seed in range(25):
        claims = 0
        data = damage(text, seed).encode("latin-1")
        with Acknowledgements(tmp_path, "f", AckOptions(clock=CLOCK), words) as acks:
            for event in judge(data, Options(received=RECEIVED, catalogue=words.catalogue), name="f.837"):
                claims += isinstance(event, ClaimVerdict)
                acks.handle(event)
            for path in acks.release():
                if path.suffix != ".txt":
                    assert find_faults(path.read_text(), maps) == [], f"seed {seed}: {path.name}"
        assert acks.told.claims + acks.untold.claims == claims, f"seed {seed}"
