"""The form of ``scrubber.toml`` (pydantic, unknown keys refused). Loaded only where there is such a file."""

from __future__ import annotations

from datetime import date
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AckSettings(Table):
    """``[acks]``; see ``config.Acks``."""

    submitter: str | None = Field(default=None, min_length=1, max_length=15)
    receiver: str | None = Field(default=None, min_length=1, max_length=15)
    ta1_control_faults: Literal["reject", "note"] = "reject"
    stc12: bool = False
    syntax: Literal["transaction", "claim"] = "transaction"


class MailSettings(Table):
    """``[watch.mail]``; see ``config.Mail``."""

    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_file: str | None = None
    sender: str = Field(min_length=3)
    to: tuple[str, ...] = Field(min_length=1)


class WebhookSettings(Table):
    """``[watch.webhook]``; see ``config.Webhook``."""

    url: str = Field(pattern=r"^https?://[^/\s]+")
    token_file: str | None = None


class WatchSettings(Table):
    """``[watch]``; see ``config.Watch``."""

    settle: float = Field(default=2.0, ge=0, le=3600)
    scan: float = Field(default=10.0, gt=0, le=3600)
    workers: int = Field(default=2, ge=1, le=64)
    memory: int = Field(default=1024, ge=0)
    seconds: int = Field(default=1800, ge=1)
    large: int = Field(default=50, ge=1)
    patience: int = Field(default=600, ge=0)
    grace: int = Field(default=20, ge=0)
    history_days: int = Field(default=400, ge=0, le=4000)
    same_number: Literal["refuse", "judge"] = "refuse"
    answer_duplicates: bool = False
    log_names: bool = False
    log_size: int = Field(default=5, ge=1)
    log_files: int = Field(default=5, ge=1)
    tell: Literal["reject", "all"] = "reject"
    desktop: bool = False
    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class WaiverSettings(Table):
    """``[[waiver]]``; see ``config.Waiver``."""

    edit: Words
    reason: Words
    owner: Words
    expires: date
    claim: Words | None = None
    payer: Words | None = None
    provider: Words | None = None
    file: Words | None = None

    @model_validator(mode="after")
    def _has_a_scope(self) -> Self:
        if not (self.claim or self.payer or self.provider or self.file):
            raise ValueError('a waiver needs a scope: claim, payer, provider or file (file = "*" is every file)')
        if self.file and not PurePath(self.file).name:
            raise ValueError(f"no file ends on {self.file!r}; write a pattern like acme_*.837")
        return self


class Settings(Table):
    """The whole file; see ``config.Config``."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    fail_on: Literal["reject", "warning", "never"] = "reject"
    profile: str | None = None
    severity: dict[str, Literal["reject", "warning", "info", "off"]] = Field(default_factory=dict)
    params: dict[str, dict[str, Any]] = Field(default_factory=dict)
    payers: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Profile to payer ids: ``medicare = ["12345"]``."""
    acks: AckSettings = AckSettings()
    watch: WatchSettings = WatchSettings()
    waiver: tuple[WaiverSettings, ...] = ()
    data: str | None = None
    packs: tuple[str, ...] = ()
