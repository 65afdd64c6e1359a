"""The catalogue: every edit of every pack, found by id, with its pack's sources, code lists and profiles."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from scrubber.catalogue.entry import ANYWHERE, Citation, Edit, Pack, Profile
from scrubber.finding import Finding
from scrubber.spelling import suggest
from scrubber.x12 import guide
from scrubber.x12.address import lineage, parse

if TYPE_CHECKING:
    from scrubber.catalogue.check import Check

CodeList = Mapping[str, Mapping[str, Any]]


class PackError(Exception):
    """A pack that cannot be used: an operator's mistake, exit code 2. Each problem names file, entry and field, and
    what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Catalogue:
    """Edits in the order of their packs. Immutable once made."""

    def __init__(
        self, packs: Iterable[Pack], edits: Iterable[Edit], profiles: Iterable[Profile] = (), snippets: Any = None
    ) -> None:
        self.packs: Mapping[str, Pack] = {pack.name: pack for pack in packs}
        self.edits: tuple[Edit, ...] = tuple(edits)
        self.profiles: Mapping[str, Profile] = {profile.name: profile for profile in profiles}
        self.snippets: Mapping[str, Mapping[str, Any]] = snippets or {}
        """Edit id to its example's changed segments as text, where the base claims themselves are not at hand."""
        versions: dict[str, list[Edit]] = {}
        for edit in self.edits:
            versions.setdefault(edit.id, []).append(edit)
        self._versions = {
            id: tuple(sorted(entries, key=lambda e: e.from_ or date.min)) for id, entries in versions.items()
        }
        self.by_id: Mapping[str, Edit] = {id: entries[-1] for id, entries in self._versions.items()}
        """Id to entry; the newest where an edit changed (``versions`` gives all)."""
        self.code_lists: CodeLists = CodeLists(self.packs.values())
        self._named: dict[tuple[str, str | None, str | None], list[tuple[Edit, str]]] = {}
        for edit in self.edits:
            if not edit.structure or edit.at == ANYWHERE:
                continue
            for address in map(parse, (edit.at, *edit.also_at)):
                key = (address.loop, address.segment or None, address.element_text)
                if not address.segment:  # A loop too many, or missing, is told in the loop around it.
                    key = (lineage(address.loop)[1], guide.shipped().loops[address.loop].uses[0].definition.id, None)
                self._named.setdefault(key, []).append((edit, address.qualifier))

    def versions(self, id: str) -> tuple[Edit, ...]:
        """Every entry of this id, oldest first."""
        return self._versions.get(id, ())

    def edit_of(self, finding: Finding) -> Edit | None:
        """The entry that a finding speaks for."""
        return self.by_id.get(finding.edit)

    def find(self, text: str) -> Edit:
        """An edit by id, in any case, or by name. Raises KeyError, whose text says what is near."""
        edit = self.by_id.get(text) or self.by_id.get(text.upper())
        if edit is None:
            folded = text.casefold()
            edit = next((e for e in self.by_id.values() if folded in (e.name, e.id.casefold())), None)
        if edit is None:
            known = [*self.by_id, *(e.name for e in self.by_id.values())]
            raise KeyError(f"no edit is called `{text}`{suggest(text, known)}")
        return edit

    def citations(self, edit: Edit) -> tuple[Citation, ...]:
        """The edit's citations with their sources."""
        sources = self.packs[edit.pack].sources
        return tuple(Citation(sources[cite.source], cite.at) for cite in edit.cite)

    def rename(self, finding: Finding) -> Finding:
        """A structural finding (``X12-IK4-I9``) under the id of the edit that names this fault at this address, with
        that edit's severity; else the finding itself. An entry at a segment or element names the faults of what lies
        in it too, where no entry stands nearer. An address of a qualified segment names the fault only where the
        finding's value ``qualifier`` agrees, or where it has none."""
        where = finding.where
        code = finding.edit.removeprefix("X12-")
        qualifier = finding.values.get("qualifier")
        for element in dict.fromkeys((where.element, where.element and where.element.partition("-")[0], None)):
            key = (where.loop or "", where.segment, element)
            for edit, wanted in self._named.get(key, ()):
                if code in edit.structure and qualifier in (None, wanted or qualifier):
                    return replace(finding, edit=edit.id, severity=edit.severity)
        return finding

    def check(self, edit: Edit, name: str) -> Check:
        """The function of this name in the checks of the edit's pack; ``PACK.NAME`` in those of another, so that a pack
        that is data only may use what is shipped or installed. Raises PackError when there is none."""
        owner, _, function_name = name.rpartition(".")
        place = f"{edit.pack}: {edit.id}: check"
        pack = self.packs.get(owner or edit.pack)
        if pack is None:
            raise PackError([f"{place}: no pack `{owner}`{suggest(owner, self.packs)}"])
        if pack.module is None:
            raise PackError(
                [
                    f"{place}: `{name}` is Python, and a pack given as a folder holds data only, so that opening a "
                    f"folder never runs code beside patient data. Install the pack (entry point scrubber.packs), or "
                    f"use a check of a shipped pack, as `necessity.supported`."
                ]
            )
        try:
            module = importlib.import_module(f"{pack.module}.checks")
        except Exception as error:
            raise PackError([f"{place}: {pack.module}.checks cannot be imported: {error!r}"]) from error
        function = getattr(module, function_name, None)
        if not callable(function) or (owner and function_name not in getattr(module, "__all__", ())):
            known = getattr(module, "__all__", [n for n, f in vars(module).items() if callable(f) and n[0] != "_"])
            raise PackError([f"{place}: {pack.module}.checks has no function `{name}`{suggest(name, known)}"])
        return cast("Check", function)

    def ancestry(self, profile: str) -> tuple[Profile, ...]:
        """A profile and those that it extends, nearest first."""
        found: list[Profile] = []
        name: str | None = profile
        while name is not None and (known := self.profiles.get(name)) and known not in found:
            found.append(known)
            name = known.extends
        return tuple(found)


class CodeLists(Mapping[str, CodeList]):
    """The packs' small code lists by name, each read when first asked for."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.files = {name: Path(pack.folder) / file for pack in packs for name, file in pack.code_lists.items()}
        self._read: dict[str, CodeList] = {}

    def __getitem__(self, name: str) -> CodeList:
        rows = self._read.get(name)
        if rows is None:
            rows = self._read[name] = read_code_list(self.files[name])
        return rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


def read_code_list(path: Path) -> CodeList:
    """A CSV file of codes: ``#`` comments, a header, then rows; the first column is the key, all values are text."""
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        key = (rows.fieldnames or [""])[0]
        return {row[key]: row for row in rows}
