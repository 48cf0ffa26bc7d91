"""Words that were not understood, left out because somebody said so: the rest is read as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillbank.agent.toolbox import Toolbox
from skillbank.cli import app
from skillbank.errors import UsageError
from skillbank.plan.model import WORDS
from skillbank.plan.reader.leaving_out import words_in_question
from skillbank.runtime import Runtime
from tests.terminals import at_terminal

TEXT = "frobnicate it and train Grounding DINO on s3://b/train, no HPO, 12 epochs, wibbly wobbly"
PLAIN = "train Grounding DINO on s3://b/train, no HPO, 12 epochs"


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime()


def test_the_question_offers_to_leave_each_part_out(runtime: Runtime) -> None:
    [question] = runtime.plan(TEXT)[0].questions
    assert question.key == WORDS
    assert words_in_question(question) == ["frobnicate", "wibbly wobbly"]
    assert question.why.endswith("leave it out with --leave-out frobnicate --leave-out 'wibbly wobbly'")


def test_left_out_words_change_nothing_of_what_runs(runtime: Runtime) -> None:
    [plan] = runtime.plan(TEXT, leave_out=["Frobnicate", "wibbly  wobbly"])
    [plain] = runtime.plan(PLAIN)
    assert plan.questions == () and plan.plan_id == plain.plan_id
    assert runtime.sentence([plan]).endswith('; left out "frobnicate" and "wibbly wobbly"')
    [again] = runtime.plan(runtime.sentence([plan]))
    assert again.plan_id == plan.plan_id and again.left_out == plan.left_out


@pytest.mark.parametrize("some", [("frobnicate",), ("wibbly wobbly",)])
def test_what_is_not_left_out_is_still_asked(runtime: Runtime, some: tuple[str]) -> None:
    [question] = runtime.plan(TEXT, leave_out=some)[0].questions
    [rest] = {"frobnicate", "wibbly wobbly"} - set(some)
    assert words_in_question(question) == [rest]


def test_what_has_no_place_can_be_left_out(runtime: Runtime) -> None:
    text = "export Grounding DINO from /m/a.pth with a seed of 3"
    asked = [word for q in runtime.plan(text)[0].questions for word in words_in_question(q)]
    assert asked
    plans = runtime.plan(text, leave_out=asked)
    assert all(q.key != WORDS for plan in plans for q in plan.questions)


@pytest.mark.parametrize("words", ["train", "no HPO", "12", "wibbly", "s3://b/train", "wobbly frobnicate"])
def test_what_was_understood_cannot_be_left_out(runtime: Runtime, words: str) -> None:
    with pytest.raises(UsageError, match="'frobnicate', 'wibbly wobbly', not"):
        runtime.plan(TEXT, leave_out=[words])


@pytest.mark.parametrize(
    "said",
    [
        "don't send it to slurm",
        "without pretrained weights, hmm, with",
        "from scratch, hmm, not from scratch",
    ],
)
def test_words_that_only_turn_others_are_not_offered(runtime: Runtime, said: str) -> None:
    asked = runtime.plan(f"train rtdetr on s3://b/train, no HPO, {said}")[0].questions
    [question] = [each for each in asked if each.key == WORDS]
    assert question.choices == ()
    assert question.why.endswith("say it in other words")


@pytest.mark.parametrize("said", ["learning rate 10^-4", "lr=10^-4", "lr 10**-4", "batch size 2^3"])
def test_a_part_of_a_number_is_offered_with_the_whole(runtime: Runtime, said: str) -> None:
    [plan] = runtime.plan(f"train rtdetr on s3://b/train, no HPO, from scratch, {said}")
    assert [words_in_question(question) for question in plan.questions] == [[said]]


def test_a_chain_leaves_out_in_every_step(runtime: Runtime) -> None:
    text = "train Grounding DINO on s3://b/train, no HPO, from scratch, wibbly, then export it"
    plans = runtime.plan(text, leave_out=["wibbly"])
    assert [plan.left_out for plan in plans] == [("wibbly",)] * 2
    said = runtime.sentence(plans)
    assert said.count("left out") == 1
    assert [plan.plan_id for plan in runtime.plan(said)] == [plan.plan_id for plan in plans]


def test_a_secret_among_them_is_hidden(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "hf_" + "aB3dE5fG7h" * 4
    monkeypatch.setenv("HF_TOKEN", token)
    text = f"train Grounding DINO on s3://b/train, no HPO, frobnicate {token}"
    [question] = runtime.plan(text)[0].questions
    [plan] = runtime.plan(text, leave_out=words_in_question(question))
    said = runtime.sentence([plan])
    assert token not in said and "secrets not shown" in said


def test_options_without_words_have_nothing_to_leave_out() -> None:
    plan = ["plan", "--skill", "grounding-dino", "--action", "train", "--data", "train=s3://b/t"]
    said = CliRunner().invoke(app, [*plan, "--leave-out", "x"])
    assert "--leave-out has no meaning for train" in str(said.exception)


def test_the_tool_says_how_and_takes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    with Runtime() as opened:
        toolbox = Toolbox(opened)
        asked = toolbox.run("plan", {"text": TEXT}).model_dump()["plans"][0]["questions"]
        assert "leave_out" in asked[0]["why"] and "--" not in asked[0]["why"]
        answer = toolbox.run("plan", {"text": TEXT, "leave_out": ["frobnicate", "wibbly wobbly"]})
        [plan] = answer.model_dump()["plans"]
    assert not plan["questions"]
    assert plan["sentence"].endswith('left out "frobnicate" and "wibbly wobbly"')


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "goes_on"), [("y", True), ("n", False), ("", False)])
def test_a_person_is_asked_once(tmp_path: Path, answer: str, goes_on: bool) -> None:
    (tmp_path / "data").mkdir()
    words = f"train Grounding DINO on {tmp_path}/data, no HPO, from scratch, wibbly"
    question = "I did not understand 'wibbly'. Go on without? [y/N]"
    said = at_terminal(["run", words], {**os.environ, "SKILLBANK_HOME": str(tmp_path)}, (question, answer))
    assert said.text.count(question) == 1
    assert ("open questions" in said.text) is not goes_on
    assert said.code != 0  # there is no data in the folder
