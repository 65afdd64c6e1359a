"""The form of ``scrubber.toml`` (pydantic, unknown keys refused). Loaded only where there is such a file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AckSettings(Table):
    """``[acks]``; see ``config.Acks``."""

    submitter: str | None = Field(default=None, min_length=1, max_length=15)
    receiver: str | None = Field(default=None, min_length=1, max_length=15)
    ta1_control_faults: Literal["reject", "note"] = "reject"
    stc12: bool = False
    syntax: Literal["transaction", "claim"] = "transaction"


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
    data: str | None = None
    packs: tuple[str, ...] = ()
