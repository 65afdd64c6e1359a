"""How sharp are the examples of the Python checks? ``make mutants``, or ``python tests/check_mutants.py [PACK...]``.

Each condition in a pack's modules (``if``, conditional expressions, filters of comprehensions) is turned round, one at
a time, and the examples of the pack's edits are judged again: a mutant that no example notices is listed. Only examples
are asked, which is what an author of an edit writes; the packs' own tests notice more. Not part of the test run: it
takes minutes.
"""

from __future__ import annotations

import ast
import importlib
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path

from shipped import partial

from scrubber.catalogue.entry import Edit, Example
from scrubber.catalogue.examples import apply
from scrubber.catalogue.index import Catalogue
from scrubber.proof import run

Trial = tuple[Edit, Example, bytes]


def conditions(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int]]:
    """Every condition that may be turned round: the node that holds it, its field, and its number among several."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp):
            yield node, "test", 0
        elif isinstance(node, ast.comprehension):
            yield from ((node, "ifs", number) for number in range(len(node.ifs)))


def turn(holder: ast.AST, field: str, number: int) -> int:
    """Turn a condition round, or back; its line."""
    value = getattr(holder, field)
    condition = value[number] if isinstance(value, list) else value
    if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not) and hasattr(condition, "turned"):
        turned: ast.expr = condition.operand
    else:
        turned = ast.copy_location(ast.UnaryOp(ast.Not(), condition), condition)
        turned.turned = True  # type: ignore[attr-defined]
    if isinstance(value, list):
        value[number] = turned
    else:
        setattr(holder, field, turned)
    return int(condition.lineno)


def functions(module: types.ModuleType) -> dict[str, types.FunctionType]:
    """The functions that a module defines, methods and wrapped ones included, by qualified name."""
    found: dict[str, types.FunctionType] = {}
    holders = [module, *(v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__)]
    for holder in holders:
        for value in vars(holder).values():
            value = getattr(value, "__func__", getattr(value, "fget", value))
            while hasattr(value, "__wrapped__"):
                value = value.__wrapped__
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                found[value.__qualname__] = value
    return found


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from codes(constant)


def install(module: types.ModuleType, tree: ast.Module, path: Path) -> None:
    """Give a loaded module's functions the code of a tree. What others have imported from it changes with them."""
    made = {code.co_qualname: code for code in codes(compile(tree, str(path), "exec"))}
    for name, function in functions(module).items():
        if name in made and made[name].co_freevars == function.__code__.co_freevars:
            function.__code__ = made[name]


def forget(modules: list[types.ModuleType]) -> None:
    """Empty what functions remember: a changed one must be asked anew."""
    for module in modules:
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def trials(known: Catalogue, pack: str) -> list[tuple[Trial, bool]]:
    """The examples of the pack's edits, with whether the edit fires on them."""
    found = []
    for edit in known.edits:
        if edit.pack == pack and edit.must is not None and edit.must.verb == "check":
            alone = Catalogue(known.packs.values(), [edit], known.profiles.values())
            for _, example in edit.examples:
                trial = (edit, example, apply(example))
                found.append((trial, fires(alone, trial)))
    return found


def fires(alone: Catalogue, trial: Trial) -> bool | None:
    edit, example, data = trial
    try:
        return any(finding.edit == edit.id for finding in run(alone, example, data))
    except Exception:
        return None  # A check that crashes is noticed.


def main(wanted: list[str]) -> int:
    known = partial()
    total = noticed = 0
    for pack in known.packs.values():
        if pack.module is None or (wanted and pack.name not in wanted):
            continue
        began, before = time.monotonic(), (total, noticed)
        asked = trials(known, pack.name)
        catalogues = {
            id(edit): Catalogue(known.packs.values(), [edit], known.profiles.values()) for (edit, _, _), _ in asked
        }
        paths = sorted(Path(pack.folder).glob("*.py"))
        modules = {
            path: importlib.import_module(f"{pack.module}.{path.stem}") for path in paths if path.stem != "__init__"
        }
        survivors = []
        for path, module in modules.items():
            tree = ast.parse(path.read_text("utf-8"))
            for holder, field, number in list(conditions(tree)):
                line = turn(holder, field, number)
                install(module, tree, path)
                forget(list(modules.values()))
                total += 1
                if any(fires(catalogues[id(trial[0])], trial) != expected for trial, expected in asked):
                    noticed += 1
                else:
                    survivors.append(f"{path.name}:{line}")
                turn(holder, field, number)
            install(module, tree, path)
        tried, kept = total - before[0], noticed - before[1]
        if tried:
            print(f"{pack.name}: {kept} of {tried} noticed ({kept / tried:.0%}), {time.monotonic() - began:.0f} s")
            print(f"  not noticed by an example: {', '.join(dict.fromkeys(survivors)) or 'none'}", flush=True)
    print(f"{noticed} of {total} changed conditions are noticed by an example ({noticed / max(total, 1):.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
