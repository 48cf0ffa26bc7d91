"""Sentences hold options and commands as data, and each door says them in its own words."""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

import skillbank
from skillbank import Request, Runtime, errors
from skillbank.agent.shortening import in_tool_words, shorten
from skillbank.agent.toolbox import Toolbox
from skillbank.cli import app
from skillbank.errors import ParentError, SkillbankError, SpecError
from skillbank.jobs.record import Failure
from skillbank.jobs.rows import changed_fields
from skillbank.kept_sentences import ways_of, with_ways
from skillbank.plan.model import Plan, Question
from skillbank.plan.open_points import open_points
from skillbank.plan.request import Setting
from skillbank.plan.slots import SLOTS
from skillbank.redact import redact
from skillbank.ways import (
    Sentence,
    Voice,
    Way,
    command,
    marked,
    option,
    said,
    speak,
    spoken,
)
from tests.agent.conftest import bank, data, environment, inline, runtime

__all__ = ["bank", "data", "environment", "inline", "runtime"]
MARK = re.compile("[\ue000-\ue002]")


@pytest.fixture(autouse=True)
def voice() -> Iterator[None]:
    """Let errors speak as they do in a program that imports skillbank."""
    before = spoken()
    speak(Voice.PYTHON)
    yield
    speak(before)


SOURCES = Path(skillbank.__file__).parent
AT_A_TERMINAL = (
    "cli",
    "trust/audit",
    "ways.py",
    "agent/mcp_server/http.py",
    "bank/request_words.py",
    "publishing",
)
"""What is printed to a person, and rules and words of other programs."""
OTHER_PROGRAMS = re.compile(
    r"(?:kubectl|docker|hf|sbatch|srun|sh|init|nvidia-smi|git)\b[^;]*|--(?:x-1|from-literal|[a-z-]+=)\S*"
)
PERSONAL = "approve|trust|review|cancel|sets accept|plan' shows|web does"
"""Commands in texts for agents, who are to tell a person of them."""
NO_COMMAND = (
    "does|did|itself|is|needs|cannot|has|and|there|fetches|trains|web session|label set|team add|runs"
    "|mcp:|x-1"
)
MADE_BY = re.compile(
    r"skillbank (run .train x-1|data (convert|split|show|program|check --fix)|sets export|compare"
    r"|schemas generate)"
)
"""What a file says of how it was made."""


def texts(file: Path) -> Iterator[str]:
    """Yield the texts of a module that are not docstrings; what is filled in is ``x-1``."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inner = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    inner |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    inner |= {id(n) for call in ast.walk(tree) if _makes_a_way(call) for n in ast.walk(call)}
    for node in ast.walk(tree):
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
    for file in sorted(SOURCES.rglob("*.py")):
        name = file.relative_to(SOURCES).as_posix()
        if name.startswith(AT_A_TERMINAL):
            continue
        for text in texts(file):
            left = OTHER_PROGRAMS.sub("", text)
            if name.startswith("agent/"):
                left = re.sub(rf"skillbank (?:{PERSONAL})\b", "", left)
            if (
                " " in text
                and not MADE_BY.search(text)
                and (re.search(rf"(?<![\w-])--[a-z]|skillbank (?!{NO_COMMAND})[a-z-]", left))
            ):
                wrong.append(f"{name}: {text}")
    assert wrong == []


STEPS = frozenset(("join", "map", "filter", "tuple", "rstrip", "format", "a_few"))
"""What may be done to a text with marks before a sentence is made of it."""
HANDED_ON = {"ask": ("why", "choices"), "_end": ("why",)}
"""Functions that make a sentence of what they are given, and of which arguments."""
OTHER_MARKS = ("jobs/checkpoints.py", "platforms/kubernetes/logs.py")
"""Modules in which an attribute ``marked`` is something else."""


def told_fields(tree: ast.AST) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the models of a module that have fields with sentences, and the names of these."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            rows = (each for each in node.body if isinstance(each, ast.AnnAssign))
            fields = {ast.unparse(row.target) for row in rows if "Told" in ast.unparse(row.annotation)}
            if fields and {ast.unparse(base) for base in node.bases} & {"BaseModel", "Frozen"}:
                yield node.name, frozenset(fields)


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module but that of the ways, by its path."""
    files = (file for file in sorted(SOURCES.rglob("*.py")) if file != SOURCES / "ways.py")
    return {
        file.relative_to(SOURCES).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files
    }


@cache
def takers() -> dict[str, frozenset[str]]:
    """Return what makes a sentence of a text, and of which named arguments; of errors and `Sentence`, any."""
    found = {"Sentence": frozenset[str]()}
    for tree in modules().values():
        found |= dict(told_fields(tree))
    grown = {"SkillbankError"}
    classes = [n for tree in modules().values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    while new := {c.name for c in classes if {ast.unparse(b) for b in c.bases} & grown} - grown:
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


def open_marks(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield where a module has a text with marks that is not made into a sentence where it stands."""
    above = {inner: node for node in ast.walk(tree) for inner in ast.iter_child_nodes(node)}
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "skillbank.ways"]
    known = {alias.name for each in imports for alias in each.names}
    if any(alias.asname for each in imports for alias in each.names):
        yield f"{name}: another name for a way"
    for node in ast.walk(tree):
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
            if isinstance(outer, ast.Call) and (made_one := makes_a_sentence(outer, place)) is not None:
                sound = made_one
                break
            place = outer
        if not sound or isinstance(place, ast.stmt):
            yield f"{name}:{node.lineno}"


def test_no_text_with_marks_leaves_the_call_that_makes_a_sentence_of_it() -> None:
    assert len(takers()) > 30 and takers()["Question"] == {"why", "choices"}
    assert [place for name, tree in modules().items() for place in open_marks(name, tree)] == []


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
    ],
)
def test_the_rule_finds_what_would_leak(code: str, sound: bool) -> None:
    tree = ast.parse(f"from skillbank.ways import Sentence, marked, option\n{code}")
    assert (not list(open_marks("x.py", tree))) is sound


def told_as_text(tree: ast.Module, ours: frozenset[str]) -> Iterator[int]:
    """Yield the lines where an error of ours is written in this process's words instead of its sentence."""
    for handler in (n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.type is not None):
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
        for name, tree in modules().items()
        if not name.startswith(("cli/", "platforms/keeper.py"))  # whose process speaks as its reader does
        for line in told_as_text(tree, ours)
    ]
    assert places == []
    code = "try: f()\nexcept (OSError, UsageError) as error:\n g(%s)"
    found = {
        text: bool(list(told_as_text(ast.parse(code % text), ours)))
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

    look(typer.main.get_command(app), ())
    return found


def calls() -> Iterator[tuple[str, list[str]]]:
    """Yield what ``option`` and ``command`` are called with, as far as it is written out."""
    for file in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
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


EXAMPLES = [
    (f"give {option('data', 'train=LOCATION')}", "give data with role 'train'",
     "give DataLocation(role='train', uri=LOCATION)"),
    (f"give {option('set', 'train.num_epochs=VALUE')}", "give settings with key 'train.num_epochs'",
     "give Setting(key='train.num_epochs', value=VALUE)"),
    (f"set the key yourself ({option('set', 'KEY=JOB')})", "set the key yourself (settings)",
     "set the key yourself (settings)"),
    (f"name one with {option('parent', 'JOB')}", "name one with parent", "name one with parent=JOB"),
    (f"{option('parent', 'toy-1')} from its model", "parent toy-1 from its model",
     "parent='toy-1' from its model"),
    (f"give {option('val', '0.2')}, {option('test', '0.1')}, or both", "give val 0.2, test 0.1, or both",
     "give val=0.2, test=0.1, or both"),
    (f"{option('on-oom')} is stop", "on_oom is stop", "on_oom is stop"),
    (f"with {option('on-broken', 'skip')}", "with on_broken skip", "with on_broken='skip'"),
    (f"{option('gpus', 0)} runs it on the CPU", "gpus 0 runs it on the CPU", "gpus=0 runs it on the CPU"),
    (f"wait with {command('status', 'toy-1', '--watch')}", "wait with job_status of toy-1 with wait_seconds",
     "wait with Runtime.wait('toy-1')"),
    (f"see {command('logs', 'toy-1')}, run it again", "see job_logs of toy-1, run it again",
     "see Runtime.logs('toy-1'), run it again"),
    (f"'{command('plan', '', '--check')}' looks now", "'launch' looks now",
     "'Runtime.check with remote=True' looks now"),
    (f"start one with {command('run')}", "start one with plan and launch",
     "start one with Runtime.plan and Runtime.launch"),
    (f"the file 'a --set b=c' and '{command('run')}' and x",
     "the file 'a --set b=c' and 'plan and launch' and x",
     "the file 'a --set b=c' and 'Runtime.plan and Runtime.launch' and x"),
    (f"where they lie: {command('label', 'DIR', '--into signs')}",
     "where they lie: label_image of DIR into signs",
     "where they lie: label_set of DIR into signs (skillbank.labelling.set_labels)"),
    (f"'{command('bank sync', '', '--replace')}' puts these back",
     "'skillbank bank sync --replace' puts these back", "'skillbank bank sync --replace' puts these back"),
    (f"'{command('trust', 'BANK')}' shows it", "'skillbank trust BANK' shows it",
     "'skillbank trust BANK' shows it"),
    ("the folder /data/--set/skillbank run", "the folder /data/--set/skillbank run",
     "the folder /data/--set/skillbank run"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "tools", "python"), EXAMPLES)
def test_each_door_says_it_in_its_words(sentence: str, tools: str, python: str) -> None:
    assert said(sentence, Voice.COMMAND_LINE) == str(Sentence(sentence)) == f"{Sentence(sentence)}"
    assert (said(sentence, Voice.TOOLS), said(sentence, Voice.PYTHON)) == (tools, python)
    assert in_tool_words(sentence) == tools
    assert marked(Sentence(sentence)) == sentence


TEXTS = st.text("ab '\"{}\\-\ue000\ue001\ue002", max_size=12)
WAYS = st.builds(option, st.sampled_from(["set", "data", "parent"]), TEXTS) | st.builds(
    command, st.sampled_from(["logs", "plan", "trust", "label"]), TEXTS, st.sampled_from(["", "--watch"])
)
ERRORS = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, SkillbankError)
]


@given(st.lists(TEXTS | WAYS, max_size=5), st.sampled_from(ERRORS))
def test_no_mark_leaves_a_sentence(parts: list[str | Way], kind: type[SkillbankError]) -> None:
    error = kind("".join(f"{part}" for part in parts))
    assert error.offers == tuple(part for part in parts if isinstance(part, Way))
    question = Question(key="x", why=error.sentence)
    shown = [str(error), repr(error), error.sentence, f"{error}", f"{error.sentence}", question.why]
    shown += [error.sentence.said(voice) for voice in Voice]
    shown += [question.model_dump_json(), str(question.model_dump()), json.dumps(error.sentence)]
    assert [text for text in shown if MARK.search(text)] == []


@given(st.lists(TEXTS | WAYS, max_size=5))
def test_what_is_kept_is_read_back_whole(parts: list[str | Way]) -> None:
    sentence = Sentence("".join(f"{part}" for part in parts))
    kept = json.loads(json.dumps([sentence, sentence.ways]))
    assert not MARK.search(kept[0])
    assert Sentence.of(*kept).parts == sentence.parts
    assert pickle.loads(pickle.dumps(ParentError(sentence))).offers == sentence.offers
    assert not MARK.search(pickle.dumps(sentence, 0).decode("raw-unicode-escape"))
    assert Sentence(marked(sentence)).parts == sentence.parts


@given(st.lists(TEXTS | WAYS, max_size=5), st.integers(1, 60))
def test_what_is_cut_holds_whole_ways(parts: list[str | Way], longest: int) -> None:
    sentence = Sentence("".join(f"{part}" for part in parts))
    short = sentence.short(longest)
    assert len(short) <= longest and not MARK.search(short.said(Voice.TOOLS))
    assert short.offers == sentence.offers[: len(short.offers)]
    assert short is sentence if len(sentence) <= longest else short.endswith("…")


@given(st.lists(TEXTS | WAYS, max_size=5), st.sampled_from(["skillbank", "--set", "a", "b --", "train", " "]))
def test_a_secret_goes_wherever_it_stands(parts: list[str | Way], secret: str) -> None:
    sentence = Sentence("".join(f"{part}" for part in parts))
    changed = sentence.changed(lambda text: redact(text, [secret]))
    assert changed == redact(str(sentence), [secret])
    assert set(changed.offers) <= set(sentence.offers)
    assert [way for way in changed.offers if secret in str(way)] == []
    assert secret in sentence or changed.parts == sentence.parts


def test_a_text_that_is_replaced_leaves_the_other_ways() -> None:
    sentence = Sentence(f"/tmp/x is broken; see {command('data check')}, {option('set', 'k=/tmp/x')}")
    changed = sentence.changed(lambda text: text.replace("/tmp/x", "a.zip"))
    assert changed == "a.zip is broken; see skillbank data check, --set k=a.zip"
    assert changed.offers == (Way("command", "data check"),)


@given(
    st.lists(st.builds(lambda key, parts: (key, "".join(f"{part}" for part in parts)),
                       st.text("ab\ue000", max_size=90), st.lists(TEXTS | WAYS, max_size=200)), max_size=30)
)  # fmt: skip
def test_questions_do_not_flood_a_door(asked: list[tuple[str, str]]) -> None:
    told = open_points([Question(key=key, why=why) for key, why in asked])
    assert len(told) <= 20 * (60 + 600 + 4) + 20 and not MARK.search(told)
    assert (
        told.endswith(f"; and {len(asked) - 20} more") if len(asked) > 20 else told.count(": ") >= len(asked)
    )


@pytest.mark.parametrize(
    "ways",
    [
        None,
        3,
        {},
        [3],
        [[0, "option", "x", ""]],
        [[0, "x", "set", "", ""]],
        [[1, "option", "set", "", ""]],
    ],
)
def test_ways_that_do_not_stand_in_a_kept_text_are_none(ways: object) -> None:
    kept = Sentence.of("--set is text", ways)
    assert (kept, kept.offers) == ("--set is text", ())


def test_a_kept_failure_keeps_its_ways_beside_its_text() -> None:
    failure = Failure(kind="INFRA", name="x", explanation="", advice=f"see {command('logs', 'toy-1')}")
    row = changed_fields({"failure": failure})["failure"]
    assert row["advice"] == "see skillbank logs toy-1"
    assert row["ways"] == {"advice": [[4, "command", "logs", "toy-1", ""]]}
    older = Failure.model_validate(row)
    assert older == failure and in_tool_words(older.advice) == row["advice"]


def test_a_program_that_imports_skillbank_is_told_pythons_words() -> None:
    code = (
        "from skillbank.errors import UsageError; from skillbank.ways import option; "
        'print(UsageError(f\'give {option("parent", "JOB")}\'))'
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "give parent=JOB\n"


def test_an_error_holds_what_it_offers() -> None:
    error = ParentError(
        f"it failed; see {command('logs', 'toy-1')}, or name one with {option('parent', 'JOB')}"
    )
    assert error.offers == (Way("command", "logs", "toy-1"), Way("option", "parent", "JOB"))
    assert [str(way) for way in error.offers] == ["skillbank logs toy-1", "--parent JOB"]
    assert str(error) == "it failed; see Runtime.logs('toy-1'), or name one with parent=JOB"
    assert error.sentence.endswith("--parent JOB")
    assert ParentError("nothing to do, and --parent is only text").offers == ()


def test_what_is_kept_and_written_has_no_mark(runtime: Runtime) -> None:
    [plan] = runtime.plan("train the toy detector")
    assert any(isinstance(each.why, Sentence) and each.why.offers for each in plan.questions)
    runtime.keep(plan)
    again = runtime.jobs.store.get_plan(plan.plan_id)
    assert again == plan
    assert ways_of(again) == ways_of(plan) and ways_of(plan)
    assert runtime.jobs.store.save_plan(again) == plan.plan_id == again.plan_id
    home = Path(os.environ["SKILLBANK_HOME"])
    files = [file for file in home.rglob("*") if file.is_file()]
    marks = [mark.encode() for mark in "\ue000\ue001\ue002"] + [rb"\ue000", rb"\ue001", rb"\ue002"]
    assert files
    assert [file for file in files for mark in marks if mark in file.read_bytes().lower()] == []


def test_what_python_is_told_is_pythons(runtime: Runtime, data: Path) -> None:
    asked: list[Callable[[], object]] = [
        lambda: runtime.plan("train the toy detector on ./d, from last:train"),
        lambda: runtime.status("last"),
        lambda: runtime.wait("toy-99"),
        lambda: runtime.plan("dance with the moon"),
        lambda: runtime.plan("train the qwertz model on ./d"),
        lambda: runtime.sets.open("nothing"),
        lambda: runtime.launch(runtime.plan("evaluate the toy detector")[0]),
        lambda: runtime.launch(runtime.plan("train the toy detector")[0]),
    ]
    told = []
    for ask in asked:
        with pytest.raises(SkillbankError) as caught:
            ask()
        told.append(str(caught.value))
    setting = Setting(key="pretrained", value="x")
    with pytest.raises(SpecError, match="give pretrained='x' instead") as nested:
        runtime.plan(Request(skill="toy-detector", action="train", settings=(setting,)))
    assert [way.name for way in nested.value.offers] == ["pretrained"]
    [plan] = runtime.plan("train the toy detector")
    told.append(str(runtime.explain(plan)))
    assert [
        text for text in told if re.search(r"(?<![\w-])--[a-z]|skillbank (?:run|plan|jobs|sets|skills)", text)
    ] == []
    assert "Runtime.plan and Runtime.launch" in told[1] and "Runtime.jobs.store.list" in told[2]


def test_the_command_line_and_the_tools_say_theirs(runtime: Runtime, inline: object) -> None:
    answer = Toolbox(runtime).call("job_status", {"job": "last"}).document()
    assert "start one with plan and launch" in answer["error"]["message"]
    assert inline("status", "last").err.rstrip().endswith("start one with skillbank run")  # type: ignore[operator]
    with pytest.raises(SkillbankError, match=r"start one with Runtime\.plan"):
        runtime.status("last")


def test_a_kept_plan_says_its_questions_in_the_words_of_the_tools(runtime: Runtime) -> None:
    box = Toolbox(runtime)
    [planned] = box.call("plan", {"text": "train the toy detector"}).document()["plans"]
    refused = box.call("launch", {"plan_id": planned["plan_id"]}).document()["error"]["message"]
    assert "data with role 'train'" in refused and "--" not in refused


PLACES = st.sampled_from(
    ["why", "choices.0", "choices.9", "choices.x", "key.0", "why.0", "none", "from_skill.a", ".."]
)
KEPT = st.sampled_from([None, [[0, "option", "set", "", ""]], [[3, "option", "set", "", ""]]])


@given(st.dictionaries(PLACES, KEPT) | st.sampled_from([None, 3, [1]]))
def test_ways_that_do_not_fit_a_document_change_nothing(ways: object) -> None:
    document = {"key": "x", "why": "--set is text", "choices": ["--set"], "from_skill": None}
    assert with_ways(document, ways) == document


def test_a_plan_with_ways_of_somebody_else_is_the_same_plan(runtime: Runtime) -> None:
    [plan] = runtime.plan("train the toy detector")
    for ways in (3, {}, {"questions.0.why": [[0, "command", "run", "", ""]]}, {"search": []}):
        assert Plan.from_document({**plan.document(), "ways": ways}) == plan


def test_long_texts_are_cut() -> None:
    assert shorten("a\n b  c" * 9, 8) == "a b ca…"
