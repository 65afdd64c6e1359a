"""What people should know besides the files that are done: sentences for the index."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime

from scrubber.spelling import count
from scrubber.watch.intake import Inbox
from scrubber.watch.job import Job

LONG = 10.0
"""Seconds after which a file is named that is being judged."""

NAMED = 5
"""Things in the inbox that are named, where they are never taken."""


def takes_long(job: Job) -> bool:
    """Whether people may wonder where a file is."""
    return time.time() - job.entry.seen > LONG


def say_stopped() -> str:
    return f"The watcher was stopped at {datetime.now():%H:%M}: what is dropped waits for its next start"


def say_hand(jobs: Iterable[Job], waiting: Iterable[Job], ready: int) -> Iterator[str]:
    """Of files in hand, with a worker and without, and of those that may be taken."""
    for job in jobs:
        if takes_long(job):
            name = job.entry.name.decode("utf-8", "replace")
            yield f"{name} is being judged, since {datetime.fromtimestamp(job.entry.seen):%H:%M}"
    if ready:
        yield f"{count(ready, 'file')} in the inbox will be judged next"
    if behind := sum(job.behind and takes_long(job) for job in waiting):
        yield (
            f"{count(behind, 'file')} in hand with the content or the control number (ISA13) of a file that is being "
            "judged will come out after it"
        )
    if late := sum(job.troubles > 0 for job in waiting):
        yield f"{late:,} in hand could not be judged for want of room or rights, and will be tried again"


def say_inbox(inbox: Inbox, denied: int) -> Iterator[str]:
    """Of what lies in the inbox and is not taken."""
    for name, why in sorted(inbox.passed.items())[:NAMED]:
        yield f"{name.decode('utf-8', 'replace')} in the inbox will not be taken: it is {why}"
    if (more := len(inbox.passed) - NAMED) > 0:
        yield f"{more:,} more in the inbox will not be taken: links, folders"
    if inbox.unfinished:
        yield (
            f"{inbox.unfinished:,} in the inbox will not be taken under such a name (.tmp, .part and the like stand "
            "for unfinished work): rename what is whole"
        )
    if denied:
        yield f"{denied:,} in the inbox cannot be opened: scrubber's user may not read it, or it is in use"
