"""What an operator may set in ``scrubber.toml``.

The result is a plain value; pydantic is loaded only where there is a file to check. Paths in the file are relative to
its folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scrubber.spelling import say_odd_date, suggest

if TYPE_CHECKING:
    from scrubber.settings import WatchSettings

FILE = "scrubber.toml"


class ConfigError(Exception):
    """A configuration that cannot be used (exit code 2). Its text names file, key and what would be right."""


class Acks(NamedTuple):
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


class Mail(NamedTuple):
    """An e-mail after a file. It names no file and no patient. The password stands in a file of its own."""

    host: str
    sender: str
    to: tuple[str, ...]
    port: int | None = None
    """Else 587, 465 or 25, as ``security`` has it."""
    security: str = "starttls"
    """``starttls``, ``tls`` or ``none``."""
    user: str | None = None
    password_file: str | None = None


class Webhook(NamedTuple):
    """A POST of JSON after a file. It names no file and no patient. A token is sent as ``Authorization: Bearer``."""

    url: str
    token_file: str | None = None


class Watch(NamedTuple):
    """How the watched folder works."""

    settle: float = 2.0
    """Seconds for which a file must stay as it is before it is taken."""
    scan: float = 10.0
    """Seconds between full looks at the inbox; with ``--poll`` they are all there is."""
    workers: int = 2
    memory: int = 1024
    """Megabytes that a worker may have; 0 for no limit."""
    seconds: int = 1800
    """Time that one file may take."""
    large: int = 50
    """Megabytes from which a file is large: one worker is always left for the others."""
    patience: int = 600
    """Seconds after which a file that cannot be opened has failed."""
    grace: int = 20
    """Seconds that files in hand have to be finished when the service is told to stop."""
    history_days: int = 400
    """Days for which claims and visits are remembered; 0 for no history."""
    same_number: str = "refuse"
    """``refuse`` or ``judge``: a file whose interchange control number its sender has used before, for other bytes."""
    answer_duplicates: bool = False
    """Whether a duplicate is answered with a 277CA (746)."""
    log_names: bool = False
    """Whether the log calls files by name. People put patients' names into them."""
    log_size: int = 5
    """Megabytes after which a log is put aside."""
    log_files: int = 5
    """Logs that are kept."""
    tell: str = "reject"
    """``reject`` or ``all``: which files mail, webhook and desktop tell of. Files that failed are always told."""
    desktop: bool = False
    mail: Mail | None = None
    webhook: Webhook | None = None


class Waiver(NamedTuple):
    """Findings that are set aside: of an edit (an id, the begin of ids, or a name), where all scopes that are given
    hold. ``expires`` is its last day. See scrubber/waivers.py."""

    edit: str
    reason: str
    owner: str
    expires: date
    claim: str | None = None
    """CLM01."""
    payer: str | None = None
    """2010BB NM109."""
    provider: str | None = None
    """NPI of who bills or renders."""
    file: str | None = None
    """A pattern for the end of the file's path: ``acme_*.837``."""

    @property
    def scope(self) -> str:
        """``claim NECK-1001, payer 12345``."""
        scopes = {"claim": self.claim, "payer": self.payer, "provider": self.provider, "file": self.file}
        return ", ".join(f"{name} {value}" for name, value in scopes.items() if value is not None)


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
    acks: Acks = field(default_factory=Acks)
    watch: Watch = field(default_factory=Watch)
    data: str | None = None
    """Folder of the reference tables."""
    packs: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()


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

    text = ""
    try:
        text = found.read_text("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{found}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{found}: not readable as TOML: {error}{say_odd_date(text, error)}") from None
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
        watch=_read_watch(settings.watch, folder),
        data=str(folder / settings.data) if settings.data else None,
        packs=tuple(str(folder / pack) for pack in settings.packs),
        waivers=tuple(Waiver(**waiver.model_dump()) for waiver in settings.waiver),
    )


def _read_watch(settings: WatchSettings, folder: Path) -> Watch:
    """``[watch]``, with paths made whole."""
    plain = settings.model_dump(exclude={"mail", "webhook"})
    mail = webhook = None
    if settings.mail is not None:
        mail = Mail(**_locate(settings.mail.model_dump(), "password_file", folder))
    if settings.webhook is not None:
        webhook = Webhook(**_locate(settings.webhook.model_dump(), "token_file", folder))
    return Watch(**plain, mail=mail, webhook=webhook)


def _locate(values: dict[str, Any], key: str, folder: Path) -> dict[str, Any]:
    return values | {key: str(folder / values[key])} if values[key] else values


def _find_model(model: Any, table: Sequence[str | int]) -> Any:
    """The model of a table in the file: ``[watch.mail]``, ``[[waiver]]`` and the like."""
    for name in [step for step in table if isinstance(step, str)]:
        kind = model.model_fields[name].annotation
        model = next((part for part in getattr(kind, "__args__", ()) if hasattr(part, "model_fields")), kind)
    return model


PLAIN = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "is no date; write it like 2026-12-31, without quotes",
    ),
}
"""What is wrong with a setting in an operator's words, by pydantic's type of error."""


def _explain(error: Any, model: Any) -> list[str]:
    """pydantic's errors in an operator's words, with what was meant by a key that we do not know."""
    problems = []
    for fault in error.errors(include_url=False, include_input=False):
        *table, key = fault["loc"]
        place = _place(fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = _find_model(model, table)
            names = list(known.model_fields)
            problems.append(f"{place}: no such key{suggest(str(key).replace('-', '_'), names)} ({', '.join(names)})")
        else:
            said = PLAIN.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
            problems.append(f"{place}: {said}")
    return problems


def _place(steps: Sequence[str | int]) -> str:
    """``waiver 1.expires``: tables of a list are counted from one, as people do."""
    return "".join(f" {step + 1}" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
