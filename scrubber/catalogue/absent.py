"""Ids that the field's lists name and that are no edit here: what stands behind them."""

from __future__ import annotations

import tomllib

from scrubber.catalogue.load import shipped_folder

FILE = "absent.toml"


def read_absent() -> dict[str, str]:
    """Id to why it is no edit: a clause that goes on from a colon."""
    return {
        id: " ".join(why.split()) for id, why in tomllib.loads((shipped_folder() / FILE).read_text("utf-8")).items()
    }


def say_absent(text: str) -> str | None:
    """Of an id in any case, that it is no edit, and why; None of everything else."""
    id = text.strip().upper()
    why = read_absent().get(id)
    return f"{id} is no edit: {why}" if why is not None else None
