"""Where the user's reference data lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrubber.tables.stored import StoredLibrary

VARIABLE = "SCRUBBER_DATA"

FILE = "tables.sqlite"


def find_folder(said: str | Path | None = None, setting: str | None = None) -> Path:
    """The folder of the tables: as ``said`` for this run, else by SCRUBBER_DATA, else by the configuration's
    ``data``, else the folder that the system has for a program's data. It need not exist."""
    if named := said or os.environ.get(VARIABLE) or setting:
        return Path(named)
    from platformdirs import user_data_path  # Not needed where a folder is named, and start-up counts.

    return user_data_path("scrubber", appauthor=False)


def open_library(folder: Path) -> StoredLibrary | None:
    """The store in a folder, for reading; None where there is none yet. Raises StoreError."""
    path = folder / FILE
    if not path.exists():
        return None
    from scrubber.tables.stored import StoredLibrary  # Not needed where nothing is loaded.

    return StoredLibrary(path)
