"""Compile the shipped packs to ``edits/catalogue.json``: checked once, read quickly at every start.

Run as ``python -m scrubber.catalogue.compile`` after a change to a pack's TOML files. A stale file does no harm (the
TOML files are read instead, which is slower), and a test holds it fresh.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from scrubber.catalogue.examples import contrast
from scrubber.catalogue.explain import key
from scrubber.catalogue.index import PackError
from scrubber.catalogue.lint import lint
from scrubber.catalogue.load import COMPILED, build, digest, read_shipped, shipped_folder


def compile_packs() -> bytes:
    """The compiled form of the shipped packs as they now stand. Raises PackError."""
    records = read_shipped()
    catalogue = build(records, {})
    if problems := list(lint(catalogue)):
        raise PackError(problems)
    snippets: dict[str, Any] = {}
    for edit in catalogue.edits:
        if edit.breaks and edit.holds:
            snippets[key(edit)] = {
                name: [[s.text, s.marks, s.missing] for s in shown] for name, shown in contrast(edit).items()
            }
    for record in records:
        record["folder"] = Path(record["folder"]).name
        del record["module"]
    data = {"digest": digest(shipped_folder()), "packs": records, "snippets": snippets}
    return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def main() -> int:
    try:
        data = compile_packs()
    except PackError as error:
        print(error, file=sys.stderr)
        return 1
    path = shipped_folder() / COMPILED
    path.write_bytes(data)
    print(f"{path.name}: {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
