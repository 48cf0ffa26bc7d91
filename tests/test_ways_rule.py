"""Ways out of errors are data: what holds that no text of the sources offers any, and that no mark leaves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import skillbank
from skillbank.plan.slots import SLOTS
from tests.cli.tree import whole

MARK = re.compile("[\ue000-\ue002]")

SOURCES = Path(skillbank.__file__).parent
AT_A_TERMINAL = (
    "cli",
    "trust/audit",
    "agent/mcp_server/http.py",
    "bank/request_words.py",
    "environment.py",
    "publishing",
)
"""What is printed to a person, and rules and words of other programs."""
OTHER_PROGRAMS = re.compile(
    r"(?:kubectl|docker|hf|sbatch|srun|sh|init|nvidia-smi|git)\b[^;]*|--(?:x-1|from-literal|[a-z-]+=)\S*"
)
PERSONAL = "approve|trust|review|cancel|sets accept|plan' shows|web does"
"""Commands in texts for agents, who are to tell a person of them."""
NO_COMMAND = (
    "does|did|itself|is|needs|cannot|has|and|there|fetches|trains|web session|label set|runs|mcp:|x-1"
)
MADE_BY = re.compile(
    r"skillbank (run .train x-1|data (convert|split|show|program|check --fix)|sets export|compare"
    r"|schemas generate)"
)
"""What a file says of how it was made."""


@cache
def modules() -> dict[str, tuple[ast.AST, ...]]:
    """Return the nodes of every module but that of the ways, by its path."""
    files = (file for file in sorted(SOURCES.rglob("*.py")) if file != SOURCES / "ways.py")
    return {
        file.relative_to(SOURCES).as_posix(): tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        for file in files
    }


def texts(nodes: tuple[ast.AST, ...]) -> Iterator[str]:
    """Yield the texts of a module that are not docstrings; what is filled in is ``x-1``."""
    inner = {id(v) for n in nodes if isinstance(n, ast.JoinedStr) for v in n.values}
    inner |= {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
    inner |= {id(n) for call in nodes if _makes_a_way(call) for n in ast.walk(call)}
    for node in nodes:
        if id(node) in inner:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "x-1" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _makes_a_way(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("option", "command")
    )


def test_ways_out_are_values_and_no_text() -> None:
    wrong = []
    for name, nodes in modules().items():
        if name.startswith(AT_A_TERMINAL):
            continue
        for text in texts(nodes):
            if " " not in text or not ("--" in text or "skillbank " in text):
                continue
            left = OTHER_PROGRAMS.sub("", text)
            if name.startswith("agent/"):
                left = re.sub(rf"skillbank (?:{PERSONAL})\b", "", left)
            if not MADE_BY.search(text) and (
                re.search(rf"(?<![\w-])--[a-z]|skillbank (?!{NO_COMMAND})[a-z-]", left)
            ):
                wrong.append(f"{name}: {text}")
    assert wrong == []


STEPS = frozenset(("join", "map", "filter", "tuple", "rstrip", "format", "a_few"))
"""What may be done to a text with marks before a sentence is made of it."""
HANDED_ON = {"ask": ("why", "choices"), "_end": ("why",)}
"""Functions that make a sentence of what they are given, and of which arguments."""
OTHER_MARKS = ("jobs/checkpoints.py", "platforms/kubernetes/logs.py")
"""Modules in which an attribute ``marked`` is something else."""


def told_fields(nodes: tuple[ast.AST, ...]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the models of a module that have fields with sentences, and the names of these."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            rows = (each for each in node.body if isinstance(each, ast.AnnAssign))
            fields = {ast.unparse(row.target) for row in rows if "Told" in ast.unparse(row.annotation)}
            if fields and {ast.unparse(base) for base in node.bases} & {"BaseModel", "Frozen"}:
                yield node.name, frozenset(fields)


@cache
def takers() -> dict[str, frozenset[str]]:
    """Return what makes a sentence of a text, and of which named arguments; of errors and `Sentence`, any."""
    found = {"Sentence": frozenset[str]()}
    for nodes in modules().values():
        found |= dict(told_fields(nodes))
    grown = {"SkillbankError"}
    classes = [node for nodes in modules().values() for node in nodes if isinstance(node, ast.ClassDef)]
    bases = {each.name: {ast.unparse(base) for base in each.bases} for each in classes}
    while new := {name for name, above in bases.items() if above & grown} - grown:
        grown |= new
    return found | dict.fromkeys(grown, frozenset()) | {k: frozenset(v) for k, v in HANDED_ON.items()}


def makes_a_sentence(call: ast.Call, inside: ast.AST) -> bool | None:
    """Return whether a call makes a sentence of one of its arguments; None where it hands the text on."""
    name = ast.unparse(call.func).rsplit(".", 1)[-1]
    if inside is call.func or name in STEPS:
        return None
    if name not in takers():
        return False
    return not isinstance(inside, ast.keyword) or inside.arg in takers()[name]


def open_marks(name: str, nodes: tuple[ast.AST, ...]) -> Iterator[str]:
    """Yield where a module has a text with marks that is not made into a sentence where it stands."""
    imports = [each for each in nodes if isinstance(each, ast.ImportFrom) and each.module == "skillbank.ways"]
    if not imports and not any(isinstance(n, ast.Attribute) and n.attr in ("way", "marked") for n in nodes):
        return
    above = {inner: node for node in nodes for inner in ast.iter_child_nodes(node)}
    known = {alias.name for each in imports for alias in each.names}
    if any(alias.asname for each in imports for alias in each.names):
        yield f"{name}: another name for a way"
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id="option" | "command" as made)) if made in known:
                start = above[node]
            case ast.Call(func=ast.Attribute(attr="way")):
                start = above[node]
            case ast.Name(id="marked", ctx=ast.Load()) if "marked" in known:
                start = node
            case ast.Attribute(attr="marked") if name not in OTHER_MARKS:
                if isinstance(above[node], ast.Call) and above[node].func is node:  # type: ignore[attr-defined]
                    continue  # the mark of a sentence is no method
                start = node
            case _:
                continue
        if name == "plan/slots.py" and isinstance(start, ast.Return):
            continue  # `Slot.way` makes one
        place: ast.AST = start
        sound = place is node or isinstance(place, ast.FormattedValue)
        while sound and not isinstance(place, ast.stmt):
            outer = above[place]
            if isinstance(outer, ast.Subscript):  # which would cut a mark in two
                sound = False
                break
            if isinstance(outer, ast.Call) and (made_one := makes_a_sentence(outer, place)) is not None:
                sound = made_one
                break
            place = outer
        if not sound or isinstance(place, ast.stmt):
            yield f"{name}:{node.lineno}"


def test_no_text_with_marks_leaves_the_call_that_makes_a_sentence_of_it() -> None:
    assert len(takers()) > 30 and takers()["Question"] == {"why", "choices"}
    assert [place for name, nodes in modules().items() for place in open_marks(name, nodes)] == []


@pytest.mark.parametrize(
    ("code", "sound"),
    [
        ("raise UsageError(f\"give {option('set')}\")", True),
        ("x = Sentence(f\"give {option('set')}\")", True),
        ("Question(key='x', why=f\"give {option('set')}\")", True),
        ("Question(key=f\"give {option('set')}\", why='')", False),
        ("raise UsageError('; '.join(map(marked, faults)))", True),
        ("x = f\"give {option('set')}\"", False),
        ("print(f\"give {option('set')}\")", False),
        ("raise ValueError(f\"give {option('set')}\")", False),
        ("x = option('set')", False),
        ("x = '{}'.format(option('set'))", False),
        ("x = error.sentence.marked", False),
        ("x = [marked(each) for each in faults]", False),
        ('note(Sentence(f"{error.sentence.marked}"))', True),
        ('Sentence(write(f"{error.sentence.marked}"))', False),
        ("raise UsageError(error.sentence.marked[:9])", False),
        ("raise UsageError(redact(error.sentence.marked))", False),
        ("raise UsageError(error.sentence.changed(redact).marked)", True),
    ],
)
def test_the_rule_finds_what_would_leak(code: str, sound: bool) -> None:
    tree = ast.parse(f"from skillbank.ways import Sentence, marked, option\n{code}")
    assert (not list(open_marks("x.py", tuple(ast.walk(tree))))) is sound


def told_as_text(nodes: tuple[ast.AST, ...], ours: frozenset[str]) -> Iterator[int]:
    """Yield the lines where an error of ours is written in this process's words instead of its sentence."""
    for handler in (n for n in nodes if isinstance(n, ast.ExceptHandler) and n.type is not None):
        caught = {ast.unparse(n).rsplit(".", 1)[-1] for n in getattr(handler.type, "elts", [handler.type])}
        for node in ast.walk(handler) if caught & ours else ():
            match node:
                case (
                    ast.FormattedValue(value=ast.Name(id=name))
                    | ast.Call(func=ast.Name(id="str" | "one_line"), args=[ast.Name(id=name), *_])
                ) if name == handler.name:
                    yield node.lineno


def test_a_caught_error_is_handed_on_as_its_sentence() -> None:
    ours = frozenset(takers()) | {"BaseException"}
    places = [
        f"{name}:{line}"
        for name, nodes in modules().items()
        if not name.startswith(("cli/", "platforms/keeper.py"))  # whose process speaks as its reader does
        for line in told_as_text(nodes, ours)
    ]
    assert places == []
    code = "try: f()\nexcept (OSError, UsageError) as error:\n g(%s)"
    found = {
        text: bool(list(told_as_text(tuple(ast.walk(ast.parse(code % text))), ours)))
        for text in (
            "str(error)",
            "f'{error}'",
            "one_line(error, 9)",
            "error.sentence",
            "f'{error.sentence}'",
        )
    }
    assert list(found.values()) == [True, True, True, False, False]


def test_no_golden_output_has_a_mark() -> None:
    written = [*Path("tests").rglob("*.json"), *Path("tests").rglob("*.txt"), *Path("tests").rglob("*.yaml")]
    kept = [each for each in written if "requests" not in each.parts]
    assert kept
    assert [each for each in kept if MARK.search(each.read_text(encoding="utf-8", errors="ignore"))] == []


@cache
def of_the_command_line() -> dict[str, frozenset[str]]:
    """Return every command with its options, as typer knows them."""
    found: dict[str, frozenset[str]] = {}

    def look(place: Any, words: tuple[str, ...]) -> None:
        found[" ".join(words)] = frozenset(
            name for parameter in place.params for name in parameter.opts if name.startswith("--")
        )
        for name, inner in getattr(place, "commands", {}).items():
            look(inner, (*words, name))

    look(whole(), ())
    return found


def calls() -> Iterator[tuple[str, list[str]]]:
    """Yield what ``option`` and ``command`` are called with, as far as it is written out."""
    for nodes in modules().values():
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in ("option", "command") and isinstance(first, ast.Constant):
                    more = ast.unparse(node.args[2]) if len(node.args) > 2 else ""
                    yield node.func.id, [str(first.value), more]


def test_every_way_is_one_of_the_command_line() -> None:
    known = of_the_command_line()
    options = frozenset().union(*known.values())
    made = list(calls())
    assert len(made) > 190
    assert [name for kind, (name, _) in made if kind == "option" and f"--{name}" not in options] == []
    for kind, (name, more) in made:
        if kind == "command":
            assert name in known
            assert set(re.findall(r"--[a-z-]+", more)) <= known[name], name
    assert {each.option for each in SLOTS} <= options
