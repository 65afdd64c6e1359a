"""The watched folder loses nothing and doubles nothing, whichever of its steps is the last of its process.

One file is dropped; the service, or its worker, is killed at one step between its start and its end; the service is
started again. There are some 250 steps, and every one is tried.
"""

from __future__ import annotations

import os
import random
import signal
from functools import lru_cache

import pytest
from killing import SERVICE, WORKER, run_killed
from watching import claims, drop, files, folder, outcomes, prove, run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by fork")

SHARES = 8
"""Parts of the work, for tests that run side by side."""


@lru_cache(maxsize=1)
def undisturbed() -> tuple[tuple[int, int], bytes, list[str]]:
    """Steps of a run that nobody kills, the claims that it accepts, and the reports that it leaves."""
    with folder() as layout:
        drop(layout, "a.837", claims(number=7))
        code, steps = run_killed(layout)
        assert code == 0
        prove(layout, 1)
        return steps, (layout.root / "accepted/a.accepted.837").read_bytes(), files(layout, "reports")


def kill_and_recover(role: str, at: int) -> int:
    """Kill at a step, start again, and prove that nothing shows. How the killed process ended."""
    _, accepted, reports = undisturbed()
    with folder() as layout:
        drop(layout, "a.837", claims(number=7))
        code, _ = run_killed(layout, role, at)
        assert code in (0, -signal.SIGKILL)
        run(layout, settle=0)
        proof = prove(layout, 1)
        assert (proof.done, proof.pending, proof.inbox) == (1, 0, 0)
        assert outcomes(layout) == {"a.837": "accepted"}
        assert files(layout, "accepted") == ["a.accepted.837"]
        assert (layout.root / "accepted/a.accepted.837").read_bytes() == accepted
        assert files(layout, "reports") == reports
        assert len(files(layout, "archive")) == 1
        assert files(layout, "rejected") == files(layout, "failed") == files(layout, "inbox") == []
        return code


def test_there_are_enough_steps_to_be_killed_at() -> None:
    (service, worker), _, _ = undisturbed()
    assert service >= 120
    assert worker >= 60


@pytest.mark.parametrize("share", range(SHARES))
def test_the_service_killed_at_any_step(share: int) -> None:
    (steps, _), _, _ = undisturbed()
    killed = sum(kill_and_recover(SERVICE, at) != 0 for at in range(1 + share, steps + 1, SHARES))
    assert killed >= steps // SHARES - 4, "few of these steps were reached"


@pytest.mark.parametrize("share", range(SHARES // 2))
def test_the_worker_killed_at_any_step(share: int) -> None:
    (_, steps), _, _ = undisturbed()
    for at in range(1 + share, steps + 1, SHARES // 2):
        assert kill_and_recover(WORKER, at) == 0, "the service must outlive its worker"


@pytest.mark.parametrize("seed", range(4))
def test_killed_again_and_again_over_many_files(seed: int) -> None:
    """Clean files, rejected ones, duplicates and others; the process is killed at random, up to a dozen times."""
    chance = random.Random(seed)
    with folder() as layout:
        again = claims(number=900)
        dropped = {f"clean {n}.837": claims(patient=f"M{seed}{n:07d}") for n in range(3)}
        dropped |= {"some.837": claims("quickstart"), "no.txt": b"hello", "one.837": again, "two.837": again}
        for name, data in dropped.items():
            drop(layout, name, data)
        for _ in range(12):
            code, _ = run_killed(layout, chance.choice((SERVICE, WORKER)), chance.randrange(30, 500), workers=2)
            if code == 0:
                break
        run(layout, settle=0)
        proof = prove(layout, len(dropped))
        assert proof.done == len(dropped)
        found = outcomes(layout)
        assert [found[f"clean {n}.837"] for n in range(3)] == ["accepted"] * 3
        assert (found["some.837"], found["no.txt"]) == ("partial", "failed")
        assert sorted([found["one.837"] or "", found["two.837"] or ""]) == ["accepted", "duplicate"]
        assert len(files(layout, "accepted")) == 5
