"""Which keys of a family's specs its code reads: followed through the source, without running it.

Values are followed from ``spec`` over attributes, names, arguments, ``self`` and returned values, by classes
of the blocks and without regard to order; where two things share a name, both are meant.  What validators
read is not counted: a check alone makes nothing of a value.
"""

from __future__ import annotations

import ast
import typing
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

import skillbank_engine
from skillbank_engine.family import Family

ROOT = Path(skillbank_engine.__file__).parent

Kinds = frozenset[type[BaseModel]]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.Lambda
_NONE: Kinds = frozenset()


def parts(annotation: object) -> Kinds:
    """Give the blocks that an annotation holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return frozenset({annotation})
    return frozenset(kind for inner in typing.get_args(annotation) for kind in parts(inner))


Step = tuple[type[BaseModel], str]


def keys(kind: type[BaseModel], steps: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield, for every value of a spec with a choice, class and name of the blocks it is in and of itself."""
    for name, field in kind.model_fields.items():
        inside = parts(field.annotation)
        only = (
            typing.get_origin(field.annotation) is typing.Literal
            and len(typing.get_args(field.annotation)) == 1
        )
        if not inside and not only:
            yield (*steps, (kind, name))
        for block in inside:
            yield from keys(block, (*steps, (kind, name)))


def dotted(steps: tuple[Step, ...]) -> str:
    """Write a key."""
    return ".".join(name for _, name in steps)


class Reads:
    """What the code of a family and of the frame reads of its specs.

    Parameters
    ----------
    family : Family
        Whose.
    """

    def __init__(self, family: Family) -> None:
        self._specs: Kinds = frozenset(family.specs().by_action.values())
        self._actions = frozenset(family.specs().by_action)
        self._found: set[tuple[type[BaseModel], str]] = set()
        self._blocks: dict[str, set[type[BaseModel]]] = defaultdict(set)
        for spec in self._specs:
            self._name(spec)
        self._functions: dict[str, list[Function]] = defaultdict(list)
        self._arguments: dict[tuple[int, str], set[type[BaseModel]]] = defaultdict(set)
        self._attributes: dict[str, set[type[BaseModel]]] = defaultdict(set)
        self._returned: dict[str, set[type[BaseModel]]] = defaultdict(set)
        others, own = ROOT / "families", ROOT / "families" / family.name
        files = [path for path in ROOT.rglob("*.py") if others not in path.parents or own in path.parents]
        trees = [_tree(path) for path in files]
        for tree in trees:
            self._collect(tree)
        for _ in range(5):
            before = self._size()
            for tree in trees:
                self._scope(tree, {}, _strings(tree))
            if before == self._size():
                break

    def unread(self) -> set[str]:
        """Give the dotted keys that nothing reads."""
        return {
            dotted(steps) for spec in self._specs for steps in keys(spec) if not all(map(self._read, steps))
        }

    def _read(self, step: Step) -> bool:
        kind, name = step
        return any((base, name) in self._found for base in kind.__mro__)

    def _size(self) -> int:
        tables = (self._arguments, self._attributes, self._returned)
        return len(self._found) + sum(len(kinds) for table in tables for kinds in table.values())

    def _name(self, kind: type[BaseModel]) -> None:
        for base in kind.__mro__:
            if issubclass(base, BaseModel) and base is not BaseModel:
                self._blocks[base.__name__].add(base)
        for field in kind.model_fields.values():
            for block in parts(field.annotation):
                self._name(block)

    def _collect(self, scope: Scope) -> None:
        if isinstance(scope, ast.FunctionDef):
            self._functions[scope.name].append(scope)
        if isinstance(scope, ast.ClassDef):
            self._functions[scope.name] += [
                item for item in scope.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"
            ]
        for inner in _parts(scope).scopes:
            self._collect(inner)

    # ---- scopes --------------------------------------------------------------------------------------------

    def _scope(self, node: Scope, outer: dict[str, Kinds], words: frozenset[str], own: str = "") -> None:
        """Read a module, class or function, with the names that stand around it."""
        names = dict(outer)
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            names |= self._parameters(node, own)
        own_parts = _parts(node)
        for _ in range(3):
            for item in own_parts.binding:
                self._bind(item, names, words)
        for item in own_parts.reading:
            if isinstance(item, ast.expr):
                self._kinds(item, names, words)
            elif item.value is not None and isinstance(node, ast.FunctionDef):
                self._returned[node.name] |= self._kinds(item.value, names, words)
        for child in own_parts.scopes:
            if isinstance(child, ast.FunctionDef) and _validates(child):
                continue
            inside = (
                child.name
                if isinstance(child, ast.ClassDef)
                else own
                if isinstance(node, ast.ClassDef)
                else ""
            )
            self._scope(child, names, words, inside)

    def _parameters(self, node: ast.FunctionDef | ast.Lambda, own: str) -> dict[str, Kinds]:
        found: dict[str, Kinds] = {}
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            said = self._annotated(argument.annotation)
            if argument.arg == "spec":
                said |= self._specs
            if argument.arg == "self" and own:
                said = frozenset(self._blocks.get(own, ()))
            found[argument.arg] = said | self._arguments[id(node), argument.arg]
        return found

    def _annotated(self, annotation: ast.expr | None) -> Kinds:
        if annotation is None:
            return _NONE
        words = {n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)}
        words |= {
            n.value for n in ast.walk(annotation) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
        return frozenset(kind for word in words for kind in self._blocks.get(word, ()))

    def _bind(self, node: ast.AST, names: dict[str, Kinds], words: frozenset[str]) -> None:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            # A field of a dataclass.
            self._attributes[node.target.id] |= self._annotated(node.annotation)
        elif isinstance(node, ast.For | ast.comprehension):
            pairs = [(node.target, node.iter)]
        for target, value in pairs:
            self._put(target, value, names, words)

    def _put(self, target: ast.expr, value: ast.expr, names: dict[str, Kinds], words: frozenset[str]) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=False):
                self._put(one, other, names, words)
            return
        kinds = self._kinds(value, names, words)
        for one in target.elts if isinstance(target, ast.Tuple) else [target]:
            if isinstance(one, ast.Name):
                names[one.id] = names.get(one.id, _NONE) | kinds
            elif isinstance(one, ast.Attribute):
                self._attributes[one.attr] |= kinds

    # ---- expressions ---------------------------------------------------------------------------------------

    def _kinds(self, node: ast.expr, names: dict[str, Kinds], words: frozenset[str]) -> Kinds:
        """Give the blocks that an expression may be, and note what it reads."""
        if isinstance(node, ast.Name):
            return names.get(node.id, _NONE)
        if isinstance(node, ast.Attribute):
            return self._attribute(self._kinds(node.value, names, words), node.attr)
        if isinstance(node, ast.Call):
            return self._call(node, names, words)
        inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return frozenset().union(*(self._kinds(child, names, words) for child in inner))

    def _attribute(self, kinds: Kinds, name: str) -> Kinds:
        found: set[type[BaseModel]] = set()
        known = False
        for kind in kinds:
            if field := kind.model_fields.get(name):
                known = True
                self._found.add((kind, name))
                found |= parts(field.annotation)
        if not known:
            found |= self._specs if name == "spec" else self._attributes.get(name, set())
        return frozenset(found)

    def _call(self, node: ast.Call, names: dict[str, Kinds], words: frozenset[str]) -> Kinds:
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        given = [self._kinds(argument, names, words) for argument in node.args]
        if isinstance(called, ast.Attribute):
            of = self._kinds(called.value, names, words)
            if name == "model_copy":
                return of
            if name == "items":
                return of
        if name == "getattr" and given:
            key = node.args[1]
            wanted = {key.value} if isinstance(key, ast.Constant) else words | self._actions
            return frozenset().union(
                *(self._attribute(given[0], str(word)) for word in wanted if _has(given[0], word))
            )
        if name == "partial" and node.args and isinstance(node.args[0], ast.Name):
            name, given = node.args[0].id, given[1:]
        for function in self._functions.get(name, ()):
            self._hand_over(function, node, given, names, words)
        if isinstance(called, ast.Name) and name in self._blocks:
            return frozenset(self._blocks[name])
        same = (
            frozenset().union(*given)
            if name in ("list", "enumerate", "zip", "sorted", "reversed", "tuple")
            else _NONE
        )
        return same | frozenset(self._returned.get(name, ()))

    def _hand_over(
        self,
        function: Function,
        node: ast.Call,
        given: list[Kinds],
        names: dict[str, Kinds],
        words: frozenset[str],
    ) -> None:
        arguments = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        if arguments[:1] in (["self"], ["cls"]):
            arguments = arguments[1:]
        for argument, kinds in zip(arguments, given, strict=False):
            self._arguments[id(function), argument] |= kinds
        for keyword in node.keywords:
            kinds = self._kinds(keyword.value, names, words)
            if keyword.arg:
                self._arguments[id(function), keyword.arg] |= kinds


def _has(kinds: Kinds, word: object) -> bool:
    return any(word in kind.model_fields for kind in kinds)


@cache
def _tree(path: Path) -> ast.Module:
    """Return a file of the engine, read once for all families."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _strings(tree: ast.AST) -> frozenset[str]:
    """Texts of a module: what ``getattr`` with a name that is computed may mean."""
    return frozenset(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


class _Parts(NamedTuple):
    """What stands directly in a scope, not in those inside of it."""

    binding: tuple[ast.AST, ...]
    reading: tuple[ast.expr | ast.Return, ...]
    scopes: tuple[Scope, ...]


@cache
def _parts(scope: Scope) -> _Parts:
    """Return the parts of a scope, which stay the same however often values are followed through it."""
    binding: list[ast.AST] = []
    reading: list[ast.expr | ast.Return] = []
    scopes: list[Scope] = []
    queue = list(ast.iter_child_nodes(scope))[::-1]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Lambda):
            scopes.append(node)
            continue
        if isinstance(node, _BINDING):
            binding.append(node)
        if isinstance(node, ast.expr | ast.Return):
            reading.append(node)
        queue += list(ast.iter_child_nodes(node))[::-1]
    return _Parts(tuple(binding), tuple(reading), tuple(scopes))


_BINDING = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension)


@cache
def _validates(node: ast.FunctionDef) -> bool:
    return any("validator" in ast.unparse(decorator) for decorator in node.decorator_list)
