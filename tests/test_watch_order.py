"""Who was first is a matter of the order in which files are taken, not of how fast they are judged."""

from __future__ import annotations

import contextlib
import http.server
import io
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from watching import claims, drop, entries, files, folder, make_service, outcomes, prove, run

from scrubber import filtering
from scrubber.config import Webhook
from scrubber.watch import worker
from scrubber.watch.layout import Layout

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")

assert filtering  # Workers are forked: what they need is loaded here.

FIRST = claims(number=900, patient="FIRST0001")
LIKE: dict[str, tuple[bytes, str]] = {
    "its number": (claims(number=900, patient="SECOND001"), "failed"),
    "its bytes": (FIRST, "duplicate"),
    "its number, behind another": (claims(patient="SECOND002") + claims(number=900, patient="SECOND003"), "failed"),
}
"""Files that must come after the first, and how they come out then."""


@pytest.fixture
def layout() -> Iterator[Layout]:
    with folder() as layout:
        yield layout


def slow_down(
    monkeypatch: pytest.MonkeyPatch,
    step: str = "_filter",
    seconds: float = 1.0,
    act: Callable[[], object] | None = None,
) -> None:
    """The worker takes its time over files that begin with ``slow``, and does something then, once."""
    real = getattr(worker._Desk, step)
    once = multiprocessing.get_context("fork").Value("b", 0)

    def slowly(desk: Any, order: Any, *rest: Any) -> Any:
        if desk._read.name.startswith("slow"):
            time.sleep(seconds)
            if act is not None and not once.value:
                once.value = 1
                act()
        return real(desk, order, *rest)

    monkeypatch.setattr(worker._Desk, step, slowly)


def drop_both(layout: Layout, second: bytes) -> None:
    drop(layout, "slow first.837", FIRST, age=100)
    drop(layout, "second.837", second, age=90)


@pytest.mark.parametrize("step", ["_identify", "_filter"])
@pytest.mark.parametrize("kind", LIKE)
@pytest.mark.parametrize("workers", [2, 3])
def test_the_first_is_first_however_long_it_takes(
    layout: Layout, kind: str, step: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, outcome = LIKE[kind]
    slow_down(monkeypatch, step)
    drop_both(layout, second)
    run(layout, workers=workers)
    assert outcomes(layout) == {"slow first.837": "accepted", "second.837": outcome}
    assert entries(layout)[1].repeats == 1
    prove(layout, 2)


@pytest.mark.parametrize("answer", [False, True])
def test_many_that_are_the_same_wait_and_others_do_not(
    layout: Layout, answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch, seconds=3)
    drop(layout, "slow first.837", FIRST, age=100)
    for number in range(6):
        drop(layout, f"same{number}.837", FIRST, age=90)
        drop(layout, f"other{number}.837", claims(patient=f"OTHER{number:04d}"), age=80)
    log = io.StringIO()
    make_service(layout, log, workers=2, answer_duplicates=answer).run()
    found = {os.fsdecode(entry.name): entry for entry in entries(layout)}
    first = found.pop("slow first.837")
    assert first.outcome == "accepted"
    for name, entry in found.items():
        other = name.startswith("other")
        assert entry.outcome == ("accepted" if other else "duplicate")
        assert ((entry.published or 0) < (first.published or 0)) is other, "it is judged side by side, or it waits"
    assert log.getvalue().count(" waits ") == 6
    assert "same0" not in log.getvalue()
    prove(layout, 13)


def test_a_file_waits_for_one_that_waits_itself(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third shares a number with the second, which shares one with the first: the second fails, the third does
    not repeat anything that was judged."""
    slow_down(monkeypatch)
    drop_both(layout, claims(number=900, patient="CHAIN0001") + claims(number=901, patient="CHAIN0002"))
    drop(layout, "third.837", claims(number=901, patient="CHAIN0003"), age=80)
    run(layout, workers=2)
    assert outcomes(layout) == {"slow first.837": "accepted", "second.837": "failed", "third.837": "accepted"}
    assert [entry.published for entry in entries(layout)] == [1, 2, 3]
    prove(layout, 3)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("step", ["_identify", "_filter"])
@pytest.mark.parametrize("kind", LIKE)
def test_the_first_stays_first_when_its_worker_dies(
    layout: Layout, kind: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch, step, 0.3, die)
    drop_both(layout, LIKE[kind][0])
    run(layout, workers=2)
    assert outcomes(layout) == {"slow first.837": "accepted", "second.837": LIKE[kind][1]}
    assert entries(layout)[0].deaths == 1
    prove(layout, 2)


def test_the_second_is_judged_where_the_first_cannot_be(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    real = worker._Desk._filter
    monkeypatch.setattr(
        worker._Desk,
        "_filter",
        lambda desk, *rest: time.sleep(60) if desk._read.name.startswith("slow") else real(desk, *rest),
    )
    drop_both(layout, LIKE["its number"][0])
    run(layout, workers=2, seconds=1)
    assert outcomes(layout) == {"slow first.837": "failed", "second.837": "accepted"}
    prove(layout, 2)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_waited_when_the_service_ended_is_still_second(
    layout: Layout, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody stays reserved: the next start reads the files in the same order, whoever is in hand or in the inbox."""
    with monkeypatch.context() as patch:
        slow_down(patch, seconds=60)
        drop_both(layout, LIKE["its number"][0])
        log = layout.root / "log"
        child = os.fork()
        if child == 0:
            with log.open("w", buffering=1) as stream:
                os.setpgrp()
                service = make_service(layout, stream, once=False, workers=2, grace=0)  # type: ignore[arg-type]
                signal.signal(signal.SIGTERM, service.stop)
                service.run()
            os._exit(0)
        end = time.monotonic() + 30
        while not (log.exists() and " waits " in log.read_text()):
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.02)
        os.kill(child, number)
        os.waitpid(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    prove(layout, 2)
    slow_down(monkeypatch, seconds=0.5)
    run(layout, workers=2)
    assert outcomes(layout) == {"slow first.837": "accepted", "second.837": "failed"}
    prove(layout, 2)


def test_the_setting_that_judges_a_used_number_lets_nobody_wait(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch)
    drop_both(layout, LIKE["its number"][0])
    run(layout, workers=2, same_number="judge")
    assert [entry.published for entry in entries(layout)] == [2, 1]
    assert set(outcomes(layout).values()) == {"accepted"}


# Notices that are left when the service stops -------------------------------------------------------------------------


class _Hook(http.server.BaseHTTPRequestHandler):
    said: list[bytes]

    def do_POST(self) -> None:
        self.said.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_notices_that_did_not_go_out_are_told_of(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubber.watch.notices.FINISH", 0.2)
    for number in range(6):
        drop(layout, f"Corwin {number}.837", claims(patient=f"HANG{number:05d}"))
    log = io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        make_service(layout, log, webhook=Webhook(f"http://127.0.0.1:{deaf.getsockname()[1]}/"), tell="all").run()
    (line,) = (line for line in log.getvalue().splitlines() if "notices not sent" in line)
    assert "notices=6" in line
    assert "Corwin" not in log.getvalue()
    _Hook.said = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log = io.StringIO()
        monkeypatch.setattr("scrubber.watch.notices.FINISH", 15)
        hook = Webhook(f"http://127.0.0.1:{server.server_port}/")
        make_service(layout, log, webhook=hook, tell="all").run()
        server.shutdown()
    assert len(_Hook.said) == 6, "the next start sends them"
    assert "notices not sent" not in log.getvalue()
    assert all(entry.told for entry in entries(layout))
    assert files(layout, "inbox") == []
