"""Telling people that a file was judged: e-mail, webhook, desktop. What is sent names no file and no patient: whoever
gets it looks at the index.

A server that does not answer holds nothing up: notices go out one after another beside the service.
"""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from scrubber.config import Mail, Watch, Webhook
from scrubber.watch.journal import Journal
from scrubber.watch.ledger import Entry

TRIES = 3
PAUSE = 5.0
TIMEOUT = 20.0
FINISH = 15.0
"""Seconds that notices have to go out when the service stops; those that are left are told at the next start."""

PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Notices:
    """Tells of files in the background. ``told`` names those that are through; ``ring`` is called when one is."""

    def __init__(self, settings: Watch, journal: Journal, ring: Callable[[], None]) -> None:
        self._settings = settings
        self._journal = journal
        self._ring = ring
        self._ways: list[tuple[str, Callable[[dict[str, Any]], None]]] = []
        if settings.mail is not None:
            mail = settings.mail
            self._ways.append(("e-mail", lambda said: send_mail(mail, said)))
        if settings.webhook is not None:
            hook = settings.webhook
            self._ways.append(("webhook", lambda said: post(hook, said)))
        if settings.desktop and shutil.which("notify-send"):
            self._ways.append(("desktop", show))
        self._orders: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._counting = threading.Lock()
        self._left = 0
        """Notices that were ordered, and are not through."""
        if self._ways:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def tell(self, entry: Entry) -> None:
        """Tell of a file that is done, if that is wanted."""
        if self._thread is not None and self._is_wanted(entry):
            with self._counting:
                self._left += 1
            self._orders.put(entry)
        else:
            self._done.put(entry.id)

    def told(self) -> Iterator[int]:
        """Files that need not be told any more."""
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._done.get_nowait()

    def finish(self) -> None:
        """Let what is waiting go out, within reason; what is left is told at the next start, and the log says so."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join(FINISH)
            if left := self._left:
                reason = "no answer in time; the next start sends them"
                self._journal.tell("notices not sent", "warning", notices=left, reason=reason)

    def close(self) -> None:
        self._closing.set()
        self._orders.put(None)

    def _is_wanted(self, entry: Entry) -> bool:
        return self._settings.tell == "all" or entry.outcome in ("partial", "rejected", "failed")

    def _work(self) -> None:
        while (entry := self._orders.get()) is not None and not self._closing.is_set():
            said = describe(entry)
            for name, way in self._ways:
                self._try(name, way, said)
            self._done.put(entry.id)
            with self._counting:
                self._left -= 1
            self._ring()

    def _try(self, name: str, way: Callable[[dict[str, Any]], None], said: dict[str, Any]) -> None:
        for number in range(TRIES):
            try:
                way(said)
                return
            except Exception as error:
                # Of the error only its kind: servers quote what they were sent.
                self._journal.tell("notice failed", "warning", way=name, file=said["file"], reason=type(error).__name__)
                if number + 1 < TRIES and self._closing.wait(PAUSE):
                    return


def describe(entry: Entry) -> dict[str, Any]:
    """What a notice says."""
    done = datetime.fromtimestamp(entry.done or time.time()).astimezone()
    return {
        "event": "file",
        "file": entry.id,
        "outcome": entry.outcome,
        "claims": entry.claims,
        "accepted": entry.accepted,
        "rejected": entry.rejected,
        "warnings": entry.warnings,
        "at": done.isoformat(timespec="seconds"),
    }


def say(said: dict[str, Any]) -> str:
    """The same in a sentence."""
    number, outcome = said["file"], said["outcome"]
    if outcome == "failed":
        return f"File {number} could not be judged. The reason lies beside it in failed/."
    if outcome == "duplicate":
        return f"File {number} was judged before and is filed away."
    return f"File {number}: {said['accepted']} of {said['claims']} claims accepted, {said['rejected']} rejected."


def send_mail(mail: Mail, said: dict[str, Any]) -> None:
    """Raises OSError, smtplib.SMTPException."""
    import smtplib
    import ssl
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    message["Subject"] = f"scrubber: {say(said)}"
    message.set_content(f"{say(said)}\n\nThe report is linked from index.html in the watched folder ({said['at']}).\n")
    port = mail.port or PORTS[mail.security]
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if mail.security == "tls":
        server = smtplib.SMTP_SSL(mail.host, port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(mail.host, port, timeout=TIMEOUT)
    with server:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.user is not None:
            server.login(mail.user, _read_secret(mail.password_file))
        server.send_message(message)


def post(hook: Webhook, said: dict[str, Any]) -> None:
    """Raises OSError (urllib's errors are)."""
    from urllib.request import Request, urlopen

    headers = {"Content-Type": "application/json", "User-Agent": "scrubber"}
    if hook.token_file is not None:
        headers["Authorization"] = f"Bearer {_read_secret(hook.token_file)}"
    with urlopen(Request(hook.url, json.dumps(said).encode(), headers, method="POST"), timeout=TIMEOUT) as answer:
        answer.read(1)


def show(said: dict[str, Any]) -> None:
    subprocess.run(["notify-send", "scrubber", say(said)], check=True, timeout=TIMEOUT, capture_output=True)


def _read_secret(path: str | None) -> str:
    return Path(path).read_text("utf-8").strip() if path is not None else ""
