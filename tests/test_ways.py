"""Sentences hold options and commands as data, and each door says them in its own words."""

from __future__ import annotations

import ast
import json
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
from skillbank.plan.model import Question
from skillbank.plan.request import Setting
from skillbank.plan.slots import SLOTS
from skillbank.ways import (
    MARKED,
    Sentence,
    Voice,
    Way,
    command,
    marked,
    option,
    plain,
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
    assert said(sentence, Voice.COMMAND_LINE) == str(Sentence(sentence)) == plain(sentence)
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
    failure = Failure(kind="INFRA", name="x", explanation="", advice=sentence)
    for kept in (failure.model_dump(context=MARKED), json.loads(failure.model_dump_json(context=MARKED))):
        assert Sentence(Failure.model_validate(kept).advice).parts == sentence.parts
    assert pickle.loads(pickle.dumps(ParentError(sentence))).offers == sentence.offers
    assert Sentence(marked(sentence)).parts == sentence.parts


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


def test_a_kept_plan_keeps_its_ways(runtime: Runtime) -> None:
    [plan] = runtime.plan("train the toy detector")
    assert plan.questions
    runtime.keep(plan)
    again = runtime.jobs.store.get_plan(plan.plan_id)
    assert again == plan
    assert [marked(each.why) for each in again.questions] == [marked(each.why) for each in plan.questions]
    assert not MARK.search(json.dumps(again.document(), ensure_ascii=False))


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


def test_long_texts_are_cut() -> None:
    assert shorten("a\n b  c" * 9, 8) == "a b ca…"
