"""The log of the watched folder: what happened and when, without patient data.

Files are called by their number in the ledger. Their names are told only where the operator says so: practices put
patients' names into them.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

NAME = "scrubber.watch"

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Journal:
    """Writes to a file that is rotated, and to a stream. Never fails: a full disk must not stop what still works."""

    def __init__(
        self, path: Path | None, *, form: str = "text", stream: TextIO | None = None, megabytes: int = 5, files: int = 5
    ) -> None:
        self._logger = logging.Logger(NAME, logging.INFO)
        formatter = _Json() if form == "json" else _Text()
        handlers: list[logging.Handler] = [logging.NullHandler()]
        if path is not None:
            handlers.append(_Private(path, maxBytes=megabytes << 20, backupCount=files, encoding="utf-8", delay=True))
        if stream is not None:
            handlers.append(logging.StreamHandler(stream))
        for handler in handlers:
            handler.setFormatter(formatter)
            handler.handleError = lambda record: None  # type: ignore[method-assign]
            self._logger.addHandler(handler)

    def tell(self, event: str, level: str = "info", **values: Any) -> None:
        """One event: a few words, and what belongs to it by name. Nothing of it may be patient data."""
        self._logger.log(LEVELS[level], event, extra={"values": values})

    def close(self) -> None:
        for handler in list(self._logger.handlers):
            self._logger.removeHandler(handler)
            if not isinstance(handler, logging.StreamHandler) or isinstance(handler, logging.FileHandler):
                handler.close()


class _Private(RotatingFileHandler):
    def _open(self) -> Any:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return open(descriptor, self.mode, encoding=self.encoding)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        values = "".join(f" {key}={_plain(value)}" for key, value in record.__dict__["values"].items())
        return f"{_time(record)} {record.levelname.lower()} {record.msg}{values}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {"time": _time(record), "level": record.levelname.lower(), "event": record.msg}
        return json.dumps(said | record.__dict__["values"], ensure_ascii=True, default=str)


def _plain(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = str(value)
    return text if text.isalnum() else json.dumps(text)
