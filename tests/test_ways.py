"""Sentences hold options and commands as data, and each door says them in its own words."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank import Request, Runtime, errors
from skillbank.agent.shortening import in_tool_words, shorten
from skillbank.agent.toolbox import Toolbox
from skillbank.errors import ParentError, SkillbankError, SpecError
from skillbank.jobs.record import Failure
from skillbank.jobs.rows import changed_fields
from skillbank.plan.kept_sentences import ways_of, with_ways
from skillbank.plan.model import Plan, Question
from skillbank.plan.open_points import open_points
from skillbank.plan.request import Setting
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
    [warned] = runtime.plan("train the toy detector on ./d, for 3 epochs, no HPO, model only")
    for explained in (runtime.explain(plan), runtime.explain(warned)):
        told += [str(explained), *explained.warnings, *(each.why for each in explained.questions)]
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
    others: list[object] = [3, {}, {"questions.0.why": [[0, "command", "run", "", ""]]}, {"search": []}]
    for ways in others:
        assert Plan.from_document({**plan.document(), "ways": ways}) == plan


def test_long_texts_are_cut() -> None:
    assert shorten("a\n b  c" * 9, 8) == "a b ca…"
