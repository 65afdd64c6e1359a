"""From pack folders to a catalogue: find the packs, read them, refuse what is wrong.

The packs that we ship are read from ``edits/catalogue.json`` while that agrees with their TOML files (see
``compile.py``): a check of one claim should not wait for 150 entries to be parsed and checked again.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrubber.catalogue.entry import read_edit, read_pack, read_profile
from scrubber.catalogue.index import Catalogue, PackError
from scrubber.spelling import say_odd_date, suggest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

COMPILED = "catalogue.json"
FORMAT = 3
"""Of the compiled file. Raise it when its shape changes."""

Record = dict[str, Any]
"""A pack as plain data: ``pack`` (checked pack.toml), ``edits``, ``profiles``, ``files`` (an entry's file)."""


def load(packs: Iterable[str | Path] = (), *, compiled: bool = True, installed: bool = True) -> Catalogue:
    """The catalogue of the shipped packs, the installed ones, and the folders given.

    ``compiled=False`` reads the TOML files even where the compiled form is fresh; ``installed=False`` leaves out packs
    of other distributions. Raises PackError with every problem found.
    """
    record = _read_compiled() if compiled else None
    checked = record is not None
    if record is None:
        record = {"packs": read_shipped(), "snippets": {}}
    folders = [*(_installed() if installed else ()), *((Path(path), None) for path in packs)]
    more = [read_folder(folder, module) for folder, module in folders]
    catalogue = build([*record["packs"], *more], record["snippets"])
    if more or not checked:
        from scrubber.catalogue.lint import lint

        if problems := list(lint(catalogue)):
            raise PackError(problems)
    return catalogue


def shipped_folder() -> Path:
    """Where the shipped packs lie: the package ``scrubber.edits``, or ``edits`` beside it in a bare checkout."""
    try:
        import scrubber.edits as package  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError:
        folder = Path(__file__).resolve().parents[2] / "edits"
        if not (folder / "__init__.py").is_file():
            raise PackError(["scrubber's own edits are not installed; reinstall scrubber"]) from None
        spec = importlib.util.spec_from_file_location(
            "scrubber.edits", folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules["scrubber.edits"] = package
        spec.loader.exec_module(package)
    return Path(next(iter(package.__path__)))


def pack_folders(root: Path) -> list[Path]:
    """Folders of packs under ``root``, by name."""
    return sorted(path.parent for path in root.glob("*/pack.toml"))


def digest(root: Path) -> str:
    """A fingerprint of everything that the compiled form is made of."""
    found = hashlib.sha256(f"format {FORMAT}".encode())
    for folder in pack_folders(root):
        for path in sorted(folder.glob("*.toml")):
            data = path.read_bytes()
            found.update(f"\n{folder.name}/{path.name} {len(data)}\n".encode())
            found.update(data)
    return found.hexdigest()


def read_shipped() -> list[Record]:
    """The shipped packs from their TOML files. Raises PackError."""
    root = shipped_folder()
    records: list[Record] = []
    problems: list[str] = []
    for folder in pack_folders(root):
        try:
            records.append(read_folder(folder, f"scrubber.edits.{folder.name}"))
        except PackError as error:
            problems += error.problems
    if problems:
        raise PackError(problems)
    return records


def read_folder(folder: Path, module: str | None) -> Record:
    """One pack from its folder: ``pack.toml``, the entry files that it names, and the profiles beside them.

    ``module`` is the package that holds the pack's ``checks``. Raises PackError.
    """
    from scrubber.catalogue import edit as models

    problems: list[str] = []
    if not (folder / "pack.toml").is_file():
        raise PackError([f"{folder}: no pack.toml here; a pack is a folder with a pack.toml"])
    pack = _validated(models.Pack, _parse(folder / "pack.toml", problems), f"{_name(folder)}/pack.toml", problems)
    edits: list[Record] = []
    files: list[str] = []
    profiles: list[Record] = []
    named = pack["edits"] if pack else ()
    for path in sorted(folder.glob("*.toml")):
        place = f"{_name(folder)}/{path.name}"
        if path.name == "pack.toml" or path.name in named:
            continue
        for number, table in enumerate(_tables(path, "profile", problems), 1):
            entry = _validated(models.Profile, table, f"{place}: {table.get('name', f'profile {number}')}", problems)
            if entry:
                profiles.append(entry)
    for name in named:
        place = f"{_name(folder)}/{name}"
        if not (folder / name).is_file():
            beside = [path.name for path in folder.glob("*.toml")]
            problems.append(f"{_name(folder)}/pack.toml: edits: there is no file `{name}`{suggest(name, beside)}")
            continue
        for number, table in enumerate(_tables(folder / name, "edit", problems), 1):
            entry = _validated(models.Edit, table, f"{place}: {table.get('id', f'entry {number}')}", problems)
            if entry:
                edits.append(entry)
                files.append(place)
    if problems or pack is None:
        raise PackError(problems)
    return {
        "pack": pack, "edits": edits, "profiles": profiles, "files": files, "folder": str(folder), "module": module
    }  # fmt: skip


def _name(folder: Path) -> str:
    """``edits/tr3`` for a shipped pack, else the folder as given: what the reader can open."""
    return f"edits/{folder.name}" if folder.parent.name == "edits" else str(folder)


def _parse(path: Path, problems: list[str]) -> Record:
    import tomllib

    text = ""
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = say_odd_date(text, error)
        problems.append(f"{_name(path.parent)}/{path.name}: not readable as TOML: {error}{hint}")
        return {}


def _tables(path: Path, kind: str, problems: list[str]) -> Iterator[Record]:
    """The ``[[edit]]`` or ``[[profile]]`` tables of a file; a file of one profile may leave the header out."""
    data = _parse(path, problems)
    place = f"{_name(path.parent)}/{path.name}"
    if kind == "profile" and "edit" in data:
        problems.append(f"{place}: holds edits, but pack.toml does not name it in `edits`")
    elif kind == "profile" and "profile" not in data:
        if data:
            yield data
    else:
        for key in data:
            if key != kind:
                problems.append(f"{place}: `{key}` stands outside every [[{kind}]] table{suggest(key, [kind])}")
        tables = data.get(kind, [])
        yield from tables if isinstance(tables, list) else [tables]


def _validated(model: type[BaseModel], data: Record, place: str, problems: list[str]) -> Record | None:
    from pydantic import ValidationError

    try:
        return model.model_validate(data).model_dump(mode="json", by_alias=True)
    except ValidationError as error:
        problems += [f"{place}: {problem}" for problem in _explain(error, model)]
        return None


def _explain(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """pydantic's errors in the words of a pack's author."""
    for fault in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in fault["loc"] if not str(part).startswith("function-"))
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            known = _fields(model, fault["loc"][:-1])
            message = f"no such key{suggest(str(fault['loc'][-1]), known)}"
            if known:
                message += f" (known: {', '.join(known)})"
        elif fault["type"] == "missing":
            message = "is missing"
        yield f"{field}: {message}" if field else message


def _fields(model: Any, path: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at ``path`` may have."""
    from typing import get_args

    from pydantic import BaseModel

    for part in path:
        if isinstance(part, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        found = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        model = found.annotation if found else None
        while model is not None and not (isinstance(model, type) and issubclass(model, BaseModel)):
            inner = [a for a in get_args(model) if a is not type(None) and a is not ...]
            model = inner[-1] if inner else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [f.alias or n for n, f in model.model_fields.items()]


def build(records: list[Record], snippets: Any) -> Catalogue:
    """A catalogue of packs that were checked, not yet linted."""
    packs, edits, profiles = [], [], []
    for record in records:
        pack = read_pack(record["pack"], record["folder"], record["module"])
        packs.append(pack)
        edits += [read_edit(e, pack.name, file) for e, file in zip(record["edits"], record["files"], strict=True)]
        profiles += [read_profile(entry, pack.name) for entry in record["profiles"]]
    return Catalogue(packs, edits, profiles, snippets)


def _read_compiled() -> Record | None:
    """The compiled form of the shipped packs, when it is there and agrees with them."""
    root = shipped_folder()
    try:
        data = (root / COMPILED).read_bytes()
    except FileNotFoundError:
        return None
    try:
        record: Record = json.loads(data)
    except ValueError:
        return None
    if record.get("digest") != digest(root):
        return None
    for pack in record["packs"]:
        pack["module"] = f"scrubber.edits.{pack['folder']}"
        pack["folder"] = str(root / pack["folder"])
    return record


def _installed() -> Iterator[tuple[Path, str]]:
    """Packs of other distributions, by the entry point ``scrubber.packs`` (a package that holds a pack.toml)."""
    if not any(map(_declares_packs, sys.path)):
        return
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group="scrubber.packs"), key=lambda p: p.name):
        package = importlib.import_module(point.value)
        yield Path(next(iter(package.__path__))), point.value


def _declares_packs(path: str) -> bool:
    """Whether a distribution installed here may declare packs: reading a few small files is far quicker than
    ``importlib.metadata``, which nearly every run would load for nothing."""
    for file in Path(path or ".").glob("*.dist-info/entry_points.txt"):
        try:
            if b"[scrubber.packs]" in file.read_bytes():
                return True
        except OSError:
            continue
    return False
