"""The house stands as designed: floors import only floors below, names and sizes keep to the rules."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "scrubber"

FLOORS = [
    {"finding", "spelling", "settings"},
    {"x12"},
    {"claims", "config"},
    {"tables"},
    {"catalogue"},
    {"verdict", "waivers"},
    {"pipeline"},
    {"reports"},
    {"fixes", "comparison"},
    {"api", "proof", "inventory", "inputs", "destination", "progress", "trouble"},
    {"run", "baseline"},
    {"filtering", "fixing"},
    {"watch"},
    {"commands"},
    {"cli"},
    {"__main__", "__init__"},
]
"""Top-level modules and packages of scrubber, lowest floor first (docs/decisions.md tells where this differs from the
first sketch)."""

LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}

FORBIDDEN = re.compile(r"(^|_)(utils?|helpers?|managers?|base|misc|common)($|_)")

SOURCES = sorted(PACKAGE.rglob("*.py"))


def floor_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] != "scrubber":
        return None
    return parts[1] if len(parts) > 1 else "__init__"


def imports(path: Path) -> set[str]:
    """What a module imports when it is loaded or run; what only the type checker reads does not count."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_floor_imports_only_floors_below(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert own in LEVEL, f"{own} has no floor: give it one in FLOORS"
    for module in imports(path):
        target = floor_of(module)
        if target is None or target in (own, "__init__", "edits"):
            continue
        assert LEVEL[target] < LEVEL[own], f"{own} may not import {module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_are_named_and_sized(path: Path) -> None:
    assert not FORBIDDEN.search(path.stem), f"{path.stem} is no noun of the field"
    assert len(path.read_text("utf-8").splitlines()) <= 700, "split it: nobody reads so long a file"


def test_a_wheel_holds_every_package() -> None:
    """An editable install works without the list in pyproject.toml; what others install is made from it."""
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    edits = PACKAGE.parent / settings["package-dir"]["scrubber.edits"]
    ours = {".".join(("scrubber", *p.parent.relative_to(PACKAGE).parts)) for p in PACKAGE.rglob("__init__.py")}
    theirs = {".".join(("scrubber.edits", *p.parent.relative_to(edits).parts)) for p in edits.rglob("__init__.py")}
    assert set(settings["packages"]) == ours | theirs


def test_findings_import_nothing_of_ours() -> None:
    assert not [m for m in imports(PACKAGE / "finding.py") if m.startswith("scrubber")]


def test_importing_the_package_loads_nothing_heavy() -> None:
    """CI jobs and shells start scrubber for one small file."""
    import subprocess
    import sys

    heavy = ("pydantic", "lxml", "orjson", "click", "pyx12")
    code = f"import sys, scrubber; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
