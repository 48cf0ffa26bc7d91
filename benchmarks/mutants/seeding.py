"""Mutants: small faults, each one change in the body of one function, and a seeded choice of them.

Faults are comparisons, ``and`` and ``or``, ``not``, numbers, truth values, strings that are compared, what
is returned, conditions, calls that stand alone, arithmetic, bounds of slices, ``break`` and ``continue``, and
what an ``except`` does. None is made in docstrings, annotations, texts, what is raised, ``__repr__``, nor
where a module or a class is made: no function holds that, and a function is what a fork exchanges. Nor is one
made that no test should see: where a message is cut off, for how long a loop sleeps, whether a moment of
the clock still counts, and that what is zipped has one length.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import cast

__all__ = ["Mutant", "chosen", "closed_over", "mutants_of"]

_COMPARED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Pow: ast.Mult,
}  # fmt: skip
_UNTOLD = frozenset({"a_few", "examples", "one_line", "sleep"})
"""Functions whose numbers no test should see: where a text is cut off, and for how long nothing is done."""
_CLOCKS = frozenset({"monotonic", "now", "perf_counter", "process_time", "time"})
_TEXTS = ast.JoinedStr | ast.Raise | ast.Assert
_UNSEEN = frozenset({"annotation", "returns", "decorator_list", "args", "pattern"})
"""Fields of nodes that hold no code of a body; ``args`` are those of functions, with their defaults."""
_ORDERED = ast.Lt | ast.LtE | ast.Gt | ast.GtE
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes
    ----------
    function
        Qualified name of the function that holds it, the outermost one, and ``first`` the line it begins in.
    kind, before, after
        What was changed.
    number
        Which of its kind in its function.
    """

    path: Path
    function: str
    first: int
    lines: range
    kind: str
    number: int
    before: str
    after: str
    place: tuple[ast.AST, str, int | None]
    node: ast.AST
    tree: ast.Module

    @property
    def name(self) -> str:
        """What tells it from all others, and stays when other functions change."""
        return f"{self.path}:{self.function}:{self.kind}:{self.number}:{self.after}"

    def code(self) -> CodeType:
        """Compile its module with the fault and return the code of its function."""
        before = _put(self.place, self.node)
        try:
            module = compile(self.tree, str(self.path), "exec", dont_inherit=True)
        finally:
            _put(self.place, before)
        return next(code for code in _codes(module) if self.is_in(code))

    def is_in(self, code: CodeType) -> bool:
        """Whether code is that of its function."""
        return code.co_qualname == self.function and code.co_firstlineno == self.first


def closed_over(code: CodeType, free: tuple[str, ...]) -> CodeType:
    """Return code that fits a function with free variables, though it uses none: "super()" was taken out."""
    return code if code.co_freevars else code.replace(co_freevars=free)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _put(place: tuple[ast.AST, str, int | None], node: ast.AST) -> ast.AST:
    owner, field, index = place
    if index is None:
        before = getattr(owner, field)
        setattr(owner, field, node)
    else:
        nodes = getattr(owner, field)
        before, nodes[index] = nodes[index], node
    return cast(ast.AST, before)


def mutants_of(path: Path) -> list[Mutant]:
    """Return all mutants of a module."""
    tree = ast.parse(path.read_text("utf-8"))
    found: list[Mutant] = []
    for name, function in _functions(tree, ""):
        first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
        numbers: dict[str, int] = {}
        for place, old, kind, new in _changes(function):
            numbers[kind] = number = numbers.get(kind, -1) + 1
            ast.fix_missing_locations(ast.copy_location(new, old))
            shown = (" ".join(ast.unparse(_head(each)).split()) for each in (old, new))
            before, after = shown
            lines = _lines(old)
            found.append(Mutant(path, name, first, lines, kind, number, before, after, place, new, tree))
    return found


def _functions(node: ast.AST, within: str) -> Iterator[tuple[str, _Function]]:
    """Yield functions and methods, those inside others as parts of them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function) and child.name != "__repr__":
            yield within + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{within}{child.name}.")


def _changes(owner: ast.AST) -> Iterator[tuple[tuple[ast.AST, str, int | None], ast.AST, str, ast.AST]]:
    for field, value in ast.iter_fields(owner):
        if field in _UNSEEN and not (field == "args" and isinstance(owner, ast.Call)):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or isinstance(child, _TEXTS) or _is_guard(child):
                continue
            for kind, new in _alternatives(child, owner):
                yield (owner, field, index), child, kind, new
            yield from _changes(child)


def _lines(node: ast.AST) -> range:
    """Return the lines that are run where a fault is met."""
    if isinstance(node, ast.ExceptHandler):
        return range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
    if isinstance(node, ast.comprehension):
        return range(node.target.lineno, (node.ifs[-1].end_lineno or 0) + 1)
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        node = node.test
    node = cast(ast.expr, node)
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _head(node: ast.AST) -> ast.AST:
    """Return a node without the statements in it."""
    if not isinstance(node, ast.If | ast.While):
        return node
    head = copy.copy(node)
    head.body, head.orelse = [ast.Pass()], []
    return head


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _alternatives(node: ast.AST, owner: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what may stand in a node's place, each with the kind of fault."""
    match node:
        case ast.Compare():
            for i, op in enumerate(node.ops):
                if isinstance(op, _ORDERED) and _tells_the_time(node):
                    continue
                ops = [*node.ops[:i], _COMPARED[type(op)](), *node.ops[i + 1 :]]
                yield "comparison", _with(node, ops=ops)
        case ast.BoolOp():
            yield "and, or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not()):
            yield "not", node.operand
        case ast.Constant():
            yield from _other_values(node.value, owner)
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _COMPUTED and not _of_texts(node):
            yield "arithmetic", _with(node, op=_COMPUTED[type(node.op)]())
        case ast.Slice():
            for bound in ("lower", "upper"):
                if getattr(node, bound) is not None:
                    yield "slice", _with(node, **{bound: None})
        case ast.comprehension(ifs=[_, *_]):
            for i in range(len(node.ifs)):
                yield "condition", _with(node, ifs=node.ifs[:i] + node.ifs[i + 1 :])
        case _:
            yield from _other_statements(node)


def _other_statements(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.If() | ast.IfExp():
            yield "condition", _with(node, test=ast.Constant(True))
            yield "condition", _with(node, test=ast.Constant(False))
        case ast.While():
            yield "condition", _with(node, test=ast.Constant(False))
        case ast.Return(value=ast.expr() as value) if not _is_empty(value):
            yield "return", _with(node, value=ast.Constant(None))
        case ast.Expr(value=ast.Call() as call) if not ast.unparse(call.func).lstrip("_").startswith("log"):
            yield "call", ast.Pass()
        case ast.Break():
            yield "loop", ast.Continue()
        case ast.Continue():
            yield "loop", ast.Break()
        case ast.ExceptHandler():
            alone = len(node.body) == 1 and isinstance(node.body[0], ast.Raise)
            yield "except", _with(node, body=[ast.Pass() if alone else ast.Raise()])


def _other_values(value: object, owner: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(value, bool):
        yield "truth", ast.Constant(not value)
    elif isinstance(value, int | float) and not (isinstance(owner, ast.Call) and _name(owner) in _UNTOLD):
        yield "number", ast.Constant(value + 1)
        yield "number", ast.Constant(value - 1)
    elif isinstance(value, str) and value and isinstance(owner, ast.Compare):
        yield "text", ast.Constant("")


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _is_guard(node: ast.AST) -> bool:
    """Whether it only says that the lengths of what is zipped must be the same, as they are."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def _tells_the_time(node: ast.Compare) -> bool:
    return any(isinstance(each, ast.Call) and _name(each) in _CLOCKS for each in ast.walk(node))


def _is_empty(value: ast.expr) -> bool:
    """Whether a value counts as False, as None would in its place."""
    try:
        return not ast.literal_eval(value)
    except ValueError:
        return False


def _of_texts(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether texts, lists or paths are put together: the other operators know none of them, and so fail."""
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    return any(
        isinstance(side, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def chosen(modules: Sequence[Path], number: int, seed: int) -> list[Mutant]:
    """Choose mutants, more of a module with more lines, in an order of chance.

    Each mutant has its own chance of its name and the seed, so that a change in one function leaves the
    choice in others as it was.
    """
    drawn: list[tuple[float, Mutant]] = []
    for module in modules:
        mutants = mutants_of(module)
        weight = len(module.read_text("utf-8").splitlines()) / max(1, len(mutants))
        for mutant in mutants:
            name = f"{seed}:{mutant.name.removeprefix(str(Path.cwd()))}"
            chance = (int(hashlib.sha256(name.encode()).hexdigest()[:13], 16) + 1) / (16**13 + 1)
            drawn.append((math.log(chance) / weight, mutant))
    return [mutant for _, mutant in heapq.nlargest(number, drawn, key=lambda each: each[0])]
