"""What an operator may set in ``scrubber.toml``.

The result is a plain value; pydantic is loaded only where there is a file to check. Paths in the file are relative to
its folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrubber.spelling import suggest

FILE = "scrubber.toml"


class ConfigError(Exception):
    """A configuration that cannot be used (exit code 2). Its text names file, key and what would be right."""


@dataclass(frozen=True, slots=True)
class Acks:
    """How acknowledgements are written. ``submitter`` and ``receiver`` replace the ids that they would take from the
    file acknowledged."""

    submitter: str | None = None
    receiver: str | None = None
    ta1_control_faults: str = "reject"
    """``reject`` or ``note``: what a TA1 says of control numbers or counts that disagree (001, 021)."""
    stc12: bool = False
    """Whether the 277CA carries the message as text (STC12)."""
    syntax: str = "transaction"
    """``transaction`` or ``claim``: what a fault against the X12 standard inside a claim rejects."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, with what holds where nothing is set."""

    path: str | None = None
    """The file that they were read from."""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    """Edits that reject a claim on which they could not be checked."""
    fail_on: str = "reject"
    profile: str | None = None
    """A payer profile for every claim, instead of the one that the claim chooses."""
    severity: Mapping[str, str] = field(default_factory=dict)
    """Edit id to ``reject``, ``warning``, ``info`` or ``off``; it overrides profiles."""
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Edit id to changed parameters."""
    payers: Mapping[str, str] = field(default_factory=dict)
    """Payer id (2010BB NM109) to profile."""
    acks: Acks = Acks()
    data: str | None = None
    """Folder of the reference tables."""
    packs: tuple[str, ...] = ()


def find(start: Path | None = None) -> Path | None:
    """The nearest ``scrubber.toml`` in ``start`` (default: the working folder) or above it."""
    folder = (start or Path.cwd()).resolve()
    for place in (folder, *folder.parents):
        if (place / FILE).is_file():
            return place / FILE
    return None


def load(path: str | Path | None = None, start: Path | None = None) -> Config:
    """Settings from ``path``, else from the nearest file, else the defaults. Raises ConfigError."""
    found = Path(path) if path else find(start)
    if found is None:
        return Config()
    import tomllib

    try:
        data = tomllib.loads(found.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{found}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{found}: not readable as TOML: {error}") from None
    return read(data, found)


def read(data: Mapping[str, Any], path: Path) -> Config:
    """Settings from a file's tables. Raises ConfigError."""
    from pydantic import ValidationError

    from scrubber.settings import Settings

    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in _explain(error, Settings))) from None
    folder = path.resolve().parent
    payers: dict[str, str] = {}
    for name, payer_ids in settings.payers.items():
        for payer_id in payer_ids:
            if payers.setdefault(payer_id, name) != name:
                raise ConfigError(f"{path}: payers.{name}: `{payer_id}` already belongs to {payers[payer_id]}")
    return Config(
        path=str(path),
        select=settings.select,
        ignore=settings.ignore,
        require=settings.require,
        fail_on=settings.fail_on,
        profile=settings.profile,
        severity=settings.severity,
        params=settings.params,
        payers=payers,
        acks=Acks(**settings.acks.model_dump()),
        data=str(folder / settings.data) if settings.data else None,
        packs=tuple(str(folder / pack) for pack in settings.packs),
    )


def _explain(error: Any, model: Any) -> list[str]:
    """pydantic's errors in an operator's words, with what was meant by a key that we do not know."""
    problems = []
    for fault in error.errors(include_url=False, include_input=False):
        *table, key = fault["loc"]
        place = ".".join(map(str, fault["loc"]))
        if fault["type"] == "extra_forbidden":
            known = model.model_fields["acks"].annotation if table[:1] == ["acks"] else model
            names = list(known.model_fields)
            problems.append(f"{place}: no such key{suggest(str(key).replace('-', '_'), names)} ({', '.join(names)})")
        else:
            problems.append(f"{place}: {fault['msg'].removeprefix('Value error, ')}")
    return problems
