"""The shipped catalogue, as its own tests need it."""

from __future__ import annotations

from functools import lru_cache

from scrubber.catalogue.entry import Edit
from scrubber.catalogue.index import Catalogue, PackError
from scrubber.catalogue.load import build, load, pack_folders, read_folder, shipped_folder


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load(compiled=False, installed=False)


@lru_cache(maxsize=1)
def partial() -> Catalogue:
    """The catalogue, or what can be read of it: one broken pack should not hide the tests of the others."""
    try:
        return catalogue()
    except PackError:
        records = []
        for folder in pack_folders(shipped_folder()):
            try:
                records.append(read_folder(folder, f"scrubber.edits.{folder.name}"))
            except PackError:
                continue
        return build(records, {})


def name(edit: Edit) -> str:
    """What a test calls an entry."""
    return edit.id if len(partial().versions(edit.id)) == 1 else f"{edit.id}-from-{edit.from_}"
