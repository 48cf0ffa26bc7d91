"""How the code is built, measured beside packages that others wrote: sizes, complexity, docstrings, imports.

python -m benchmarks.house [--worst 10] [PACKAGE ...]

Measures ``skillbank``, ``skillbank_engine`` and those of Starlette, httpx and Optuna that are installed, or
the packages that are named. All is read from the sources with ``ast``; nothing is imported. Ends with 1 where
one of ours misses a goal of `GOALS`.

Complexity is cyclomatic: one, and one more for each ``if``, loop, handler, ``assert``, ``case``,
comprehension and its conditions, and each further operand of ``and`` and ``or``; functions inside count for
themselves and for the one around them. Statistics of functions take all, methods and inner ones among them;
a function's lines go without its docstring. Docstrings are asked of what is public by its name, but not of
``__init__`` and its like, nor of what stands in a function. An import in a function counts unless a type
checker alone sees it; lazy ones stand at the top of a file, in a block that puts them off. A circle is made
of imports that run when a module is loaded; as many are counted as imports would have to go.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

OURS = ("skillbank", "skillbank_engine")
BESIDE = ("starlette", "httpx", "optuna")
GOALS: Mapping[str, float] = {
    "mean complexity": 3.0,
    "worst complexity": 15,
    "95th percentile of lines": 35,
    "circles": 0,
    "without docstring, %": 7,
}
"""The most that a package of ours may have."""

_ONE_MORE = (
    ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Assert, ast.comprehension,
    ast.match_case,
)  # fmt: skip
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """A function or method: where it stands, its lines without the docstring, its complexity."""

    place: str
    lines: int
    complexity: int


@dataclass(frozen=True)
class Module:
    """One file, read."""

    name: str
    lines: int
    functions: tuple[Function, ...]
    public: int
    documented: int
    inner_imports: int
    lazy_imports: int
    anys: int
    imports: frozenset[str]


def complexity(function: _Function) -> int:
    """Return the cyclomatic complexity of a function with all that stands in it."""
    total = 1
    for node in ast.walk(function):
        if isinstance(node, _ONE_MORE):
            total += 1
        if isinstance(node, ast.comprehension):
            total += len(node.ifs)
        if isinstance(node, ast.BoolOp):
            total += len(node.values) - 1
        if isinstance(node, _Function) and node is not function:
            total += 1
    return total


def read_module(path: Path, name: str) -> Module:
    """Measure one file."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    asked = list(_asked(tree))
    return Module(
        name,
        source.count("\n"),
        tuple(_functions(tree, name)),
        len(asked),
        sum(ast.get_docstring(node) is not None for node in asked),
        sum(_imports_inside(node) for node in tree.body),
        sum(len(node.body) for node in ast.walk(tree) if isinstance(node, ast.With) and _puts_off(node)),
        sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree)),
        frozenset(_imported(tree, name, path.name == "__init__.py")),
    )


def _functions(tree: ast.Module, module: str) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            docstring = node.body[0] if ast.get_docstring(node) is not None else None
            inside = docstring.end_lineno - docstring.lineno + 1 if docstring and docstring.end_lineno else 0
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - inside
            yield Function(f"{module}:{node.lineno} {node.name}", lines, complexity(node))


def _asked(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef | _Function]:
    """Yield what is public and so has to say what it is."""
    yield tree
    for node in tree.body:
        if isinstance(node, _Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                methods = (each for each in node.body if isinstance(each, _Function))
                yield from (each for each in methods if not each.name.startswith("_"))


def _imports_inside(node: ast.stmt, inside: bool = False) -> int:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return int(inside)
    if isinstance(node, ast.If) and _for_types(node):
        return 0
    inside = inside or isinstance(node, _Function)
    return sum(
        _imports_inside(each, inside) for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)
    )


def _for_types(node: ast.If) -> bool:
    return "TYPE_CHECKING" in ast.unparse(node.test)


def _puts_off(node: ast.With) -> bool:
    return any("lazy_imports" in ast.unparse(each.context_expr) for each in node.items)


def _imported(tree: ast.Module, name: str, package: bool) -> Iterator[str]:
    """Yield the names of modules, or of what stands in them, that are imported when the module is loaded."""
    around = name if package else name.rpartition(".")[0]
    for node in _loaded(tree.body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = around.split(".")[: len(around.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _loaded(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If):
            yield from _loaded([*([] if _for_types(node) else node.body), *node.orelse])
        elif isinstance(node, ast.Try):
            yield from _loaded([*node.body, *(each for handler in node.handlers for each in handler.body)])
        else:
            yield node


def circles(modules: Sequence[Module]) -> list[list[str]]:
    """Return circles of imports, each from a module back to itself.

    A package is not held against its own modules: to import one of them runs its ``__init__`` first anyway.
    """
    names = {module.name for module in modules}
    imports = {
        module.name: {
            other
            for other in module.imports & names
            if other != module.name and not module.name.startswith(f"{other}.")
        }
        for module in modules
    }
    found: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(imports).prepare()
        except CycleError as error:
            circle = list(error.args[1])  # each is imported by the next
            found.append(circle[::-1])
            imports[circle[1]].discard(circle[0])
        else:
            return found


def read_package(name: str) -> list[Module]:
    """Measure all files of an installed package but its tests.

    Raises
    ------
    SystemExit
        When it is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{name} is not installed here; name another package.")
    root = Path(spec.submodule_search_locations[0])
    modules = []
    for path in sorted(root.rglob("*.py")):
        parts = [name, *path.relative_to(root).with_suffix("").parts]
        if "tests" not in parts and "_vendor" not in parts:
            modules.append(read_module(path, ".".join(parts).removesuffix(".__init__")))
    return modules


def measures(modules: Sequence[Module]) -> dict[str, float]:
    """Return the measures of a package by their names."""
    functions = [function for module in modules for function in module.functions]
    thousands = sum(module.lines for module in modules) / 1000
    values = sorted(function.lines for function in functions)
    public = sum(module.public for module in modules)
    bare = public - sum(module.documented for module in modules)
    return {
        "files": len(modules),
        "thousand lines": thousands,
        "longest file": max(module.lines for module in modules),
        "mean complexity": statistics.fmean(function.complexity for function in functions),
        "worst complexity": max(function.complexity for function in functions),
        "above 10 per thousand lines": sum(function.complexity > 10 for function in functions) / thousands,
        "95th percentile of lines": values[math.ceil(0.95 * len(values)) - 1],
        "longest function": values[-1],
        "without docstring, %": 100 * bare / public,
        "imports in functions": sum(module.inner_imports for module in modules),
        "lazy imports": sum(module.lazy_imports for module in modules),
        "Any": sum(module.anys for module in modules),
        "circles": len(circles(modules)),
    }


def main() -> int:
    """Print the table, the worst functions and the circles of our packages, and what misses its goal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="in place of those beside ours")
    parser.add_argument("--worst", type=int, default=10, help="functions of ours to name")
    given = parser.parse_args()
    beside = given.packages or [name for name in BESIDE if importlib.util.find_spec(name)]
    if left_out := sorted({*BESIDE} - {*beside}) if not given.packages else []:
        print(f"Not installed here, and left out: {', '.join(left_out)}.\n")
    read = {name: read_package(name) for name in (*OURS, *beside)}
    table = {name: measures(modules) for name, modules in read.items()}
    print(f"| | {' | '.join(table)} | goal |\n|---|{'---|' * (len(table) + 1)}")
    for measure in table[OURS[0]]:
        shown = " | ".join(f"{each[measure]:.{1 if each[measure] % 1 else 0}f}" for each in table.values())
        print(f"| {measure} | {shown} | {GOALS.get(measure, '')} |")
    for name in OURS:
        functions = [function for module in read[name] for function in module.functions]
        print(f"\nThe most complex functions of {name}:")
        for function in sorted(functions, key=lambda each: -each.complexity)[: given.worst]:
            print(f"  {function.complexity:3} {function.lines:4} lines  {function.place}")
        for circle in circles(read[name]):
            print(f"  circle: {' -> '.join(circle)}")
    missed = [
        f"{name}: {measure}"
        for name in OURS
        for measure, most in GOALS.items()
        if table[name][measure] > most
    ]
    print("\nGoals missed: " + (", ".join(missed) or "none"))
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
