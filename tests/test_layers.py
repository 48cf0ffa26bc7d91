"""Imports go one way, as CONTRIBUTING draws it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "skillbank"
ENGINE = "skillbank_engine"
BELOW = "what lies beside the folders"


class Import(NamedTuple):
    """One module that imports another, at a line."""

    by: str
    of: str
    line: int


@cache
def drawn() -> tuple[tuple[str, ...], ...]:
    """Return the lines of the list in CONTRIBUTING, from the top to the bottom."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    begun = text.index("Imports go one way")
    lines = text[begun:].splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("    "))
    found = []
    for line in lines[first:]:
        if not line.startswith("    "):
            break
        found.append(tuple(line.split()))
    return tuple(found)


@cache
def modules(package: str = PACKAGE) -> dict[str, Path]:
    """Return the files of a package by the names of their modules below it."""
    folder = ROOT / "runtime" / package
    found = {}
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def patterns(entry: str) -> list[str]:
    """Return the names that an entry stands for: ``a.{b,c*}`` are ``a.b`` and ``a.c*``."""
    base, brace, names = entry.partition("{")
    return [base + name for name in names.rstrip("}").split(",")] if brace else [entry]


@cache
def room(module: str) -> str:
    """Return the entry of the list that a module belongs to: the longest that fits."""
    fitting = [
        (len(pattern), entry)
        for line in drawn()
        for entry in line
        for pattern in patterns(entry)
        if fnmatchcase(module, pattern) or fnmatchcase(module, f"{pattern}.*")
    ]
    return max(fitting, default=(0, BELOW))[1]


def height(of: str) -> int:
    """Return how far down an entry stands."""
    return next((i for i, line in enumerate(drawn()) if of in line), len(drawn()))


def imports(module: str, file: Path, package: str) -> Iterator[Import]:
    """Yield what a module imports of its package, anywhere in it, but for types alone."""
    queue: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            queue += node.orelse
            continue
        for name in _named(node, package):
            yield Import(module, name, getattr(node, "lineno", 0))
        queue += ast.iter_child_nodes(node)


def _named(node: ast.AST, package: str) -> Iterator[str]:
    """Yield the modules of a package that one statement imports, named below it."""
    named: list[str] = []
    if isinstance(node, ast.Import):
        named = [alias.name for alias in node.names if alias.name != package]  # for its version
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if whole != f"{package}.__version__":
                named.append(
                    whole if whole.removeprefix(f"{package}.") in modules(package) else node.module or ""
                )
    for name in named:
        if name == package or name.startswith(f"{package}."):
            yield name.removeprefix(package).removeprefix(".")


@cache
def every(package: str = PACKAGE) -> tuple[Import, ...]:
    # The package itself names its public classes and imports none.
    files = {module: file for module, file in modules(package).items() if module}
    return tuple(each for module, file in files.items() for each in imports(module, file, package))


def test_imports_go_one_way() -> None:
    back = [
        f"{each.by}:{each.line} imports {each.of}"
        for each in every()
        if (by := room(each.by)) != (of := room(each.of)) and height(by) >= height(of)
    ]
    assert not back


@pytest.mark.parametrize("package", [PACKAGE, ENGINE])
def test_no_imports_make_a_circle(package: str) -> None:
    """Those that wait count as well; a package is not held against its own modules."""
    graph: dict[str, set[str]] = defaultdict(set)
    for each in every(package):
        if each.by != each.of and not each.by.startswith(f"{each.of}."):
            graph[each.by].add(each.of)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_folder_is_drawn_and_nothing_that_is_not_there() -> None:
    entries = {entry for line in drawn() for entry in line}
    for entry in entries:
        assert any(room(module) == entry for module in modules()), entry
    folders = {m.partition(".")[0] for m in modules() if "." in m}
    undrawn = {folder for folder in folders if room(folder) == BELOW}
    assert undrawn <= {"team"}, "a folder that all may use lies beside the others"
