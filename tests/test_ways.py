"""Sentences offer options and commands as data, and each door says them in its own words."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import skillbank
from skillbank import Request, Runtime
from skillbank.agent.shortening import in_tool_words, shorten
from skillbank.agent.toolbox import Toolbox
from skillbank.errors import ParentError, SkillbankError, SpecError
from skillbank.plan.request import Setting
from skillbank.plan.slots import SLOTS
from skillbank.ways import OPTIONS, PERSONAL, Voice, Way, offers, said, speak, spoken
from tests.agent.conftest import bank, data, environment, inline, runtime

__all__ = ["bank", "data", "environment", "inline", "runtime"]


@pytest.fixture(autouse=True)
def voice() -> Iterator[None]:
    """Let errors speak as they do in a program that imports skillbank."""
    before = spoken()
    speak(Voice.PYTHON)
    yield
    speak(before)


SOURCES = Path(skillbank.__file__).parent
AT_A_TERMINAL = ("cli", "trust/audit", "ways.py", "agent/mcp_server/http.py", "bank/request_words.py",
                 "data_program/run.py", "publishing")  # fmt: skip
"""What is printed to a person, rules and words of other programs, and the words of the program for jobs."""
OTHER_PROGRAMS = re.compile(
    r"(?:kubectl|docker|hf|sbatch|srun|sh|init|nvidia-smi)\b[^;]*|--(?:x-1|from-literal|[a-z-]+=)\S*"
)
NO_COMMAND = (
    "does|did|itself|is|needs|cannot|has|and|there|fetches|trains|web session|label set|runs|mcp:|x-1"
)
VERB = rf"(?!{NO_COMMAND})[a-z-]"


def sentences(file: Path) -> Iterator[str]:
    """Yield the texts of a module that are not docstrings; what is filled in is ``x-1``."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inner = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    inner |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "x-1" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def written() -> list[tuple[str, str]]:
    """Return the sentences of all modules below the doors that name an option or a command."""
    found = []
    for file in sorted(SOURCES.rglob("*.py")):
        name = file.relative_to(SOURCES).as_posix()
        if name.startswith(AT_A_TERMINAL):
            continue
        for sentence in sentences(file):
            if " " in sentence and re.search(rf"(?<![\w-])--[a-z]|skillbank {VERB}", sentence):
                found.append((name, sentence))
    return found


def left(sentence: str) -> str:
    """Return a sentence without what is a person's, or another program's."""
    for name in sorted(PERSONAL, key=len, reverse=True):
        sentence = re.sub(rf"skillbank {name}\b[^'\";,.)]*", "", sentence)
    sentence = sentence.replace("skillbank data check --fix", "")
    return OTHER_PROGRAMS.sub("", sentence)


@pytest.mark.parametrize("voice", [Voice.TOOLS, Voice.PYTHON])
def test_no_sentence_speaks_of_options_and_commands_at_another_door(voice: Voice) -> None:
    texts = written()
    assert len(texts) > 150
    wrong = [
        f"{name}: {told}"
        for name, sentence in texts
        if re.search(rf"(?<![\w-])--[a-z]|skillbank {VERB}", told := left(said(sentence, voice)))
    ]
    assert wrong == []


def test_every_slot_is_known() -> None:
    assert {each.option.removeprefix("--") for each in SLOTS} <= OPTIONS


EXAMPLES = [
    ("give --data train=LOCATION", "give data with role 'train'",
     "give DataLocation(role='train', uri=LOCATION)"),
    ("give --set train.num_epochs=VALUE", "give settings with key 'train.num_epochs'",
     "give Setting(key='train.num_epochs', value=VALUE)"),
    ("set the key yourself (--set KEY=JOB)", "set the key yourself (settings)",
     "set the key yourself (settings)"),
    ("name one with --parent JOB", "name one with parent", "name one with parent=JOB"),
    ("--parent toy-1 from its model", "parent toy-1 from its model", "parent='toy-1' from its model"),
    ("give --val 0.2, --test 0.1, or both", "give val 0.2, test 0.1, or both",
     "give val=0.2, test=0.1, or both"),
    ("--on-oom is stop or reduce-batch", "on_oom is stop or reduce-batch", "on_oom is stop or reduce-batch"),
    ("with --on-broken skip", "with on_broken skip", "with on_broken='skip'"),
    ("--gpus 0 runs it on the CPU", "gpus 0 runs it on the CPU", "gpus=0 runs it on the CPU"),
    ("wait with skillbank status toy-1 --watch", "wait with job_status of toy-1 with wait_seconds",
     "wait with Runtime.wait('toy-1')"),
    ("see skillbank logs toy-1, run it again", "see job_logs of toy-1, run it again",
     "see Runtime.logs('toy-1'), run it again"),
    ("start one with skillbank run", "start one with plan and launch",
     "start one with Runtime.plan and Runtime.launch"),
    ("'skillbank skills' lists them", "'search_skills' lists them", "'Runtime.search' lists them"),
    ("no job; skillbank jobs lists them", "no job; list_jobs lists them",
     "no job; Runtime.jobs.store.list lists them"),
    ("the file 'a --set b=c' and 'skillbank run' and x", "the file 'a --set b=c' and 'plan and launch' and x",
     "the file 'a --set b=c' and 'Runtime.plan and Runtime.launch' and x"),
    ("'skillbank bank sync --replace' puts these back", "'skillbank bank sync --replace' puts these back",
     "'skillbank bank sync --replace' puts these back"),
    ("where they lie: skillbank label DIR --into signs", "where they lie: label_image of DIR into signs",
     "where they lie: label_set of DIR into signs (skillbank.labelling.set_labels)"),
    ("'skillbank trust BANK' shows it", "'skillbank trust BANK' shows it", "'skillbank trust BANK' shows it"),
    ("the folder /data/--set/skillbank run", "the folder /data/--set/skillbank run", None),
    ("--setter and --set-code stay", "--setter and --set-code stay", "--setter and --set-code stay"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "tools", "python"), EXAMPLES)
def test_each_door_says_it_in_its_words(sentence: str, tools: str, python: str | None) -> None:
    assert said(sentence, Voice.COMMAND_LINE) == sentence
    if python is not None:
        assert (said(sentence, Voice.TOOLS), said(sentence, Voice.PYTHON)) == (tools, python)
        assert in_tool_words(sentence) == tools


def test_a_program_that_imports_skillbank_is_told_pythons_words() -> None:
    code = "from skillbank.errors import UsageError; print(UsageError('give --parent JOB'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "give parent=JOB\n"


def test_an_error_holds_what_it_offers() -> None:
    error = ParentError("it failed; see skillbank logs toy-1, or name one with --parent JOB")
    assert error.offers == (Way("command", "logs", "toy-1"), Way("option", "parent", "JOB"))
    assert [str(way) for way in error.offers] == ["skillbank logs toy-1", "--parent JOB"]
    assert str(error) == "it failed; see Runtime.logs('toy-1'), or name one with parent=JOB"
    assert error.sentence.endswith("--parent JOB")
    assert offers("nothing to do") == ()


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
    with pytest.raises(SpecError, match="give pretrained x instead") as nested:
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
