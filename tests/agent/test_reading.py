"""Requests read by a model behind a real endpoint, and held against the reading by rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from skillbank import Runtime
from skillbank.cli import main
from skillbank.errors import EndpointError, OutOfScopeError, UsageError
from skillbank.language_model.reading import _messages, _tool
from skillbank.plan.request import Setting
from skillbank.plan.slots import SLOTS, Kind
from tests.agent.openai_server import KEY, MODEL, Call, OpenAIServer, Says

TEXT = "train Grounding DINO on s3://b/t for 7 epochs with crops of 1024 pixels, no HPO"
CROP = "dataset.augmentation.fixed_random_crop"
CROPPED: dict[str, Any] = {"key": CROP, "value": "1024", "said": "crops of 1024 pixels"}
EPOCHS: dict[str, Any] = {"slot": "epochs", "value": "7", "said": "for 7 epochs"}
POLICY: dict[str, Any] = {"slot": "automl", "value": "off", "said": "no HPO"}
STEP: dict[str, Any] = {
    "skill": "tao-train-grounding-dino", "action": "train",
    "data": [{"source": "train_datasets", "uri": "s3://b/t", "said": "on s3://b/t"}],
    "values": [EPOCHS, POLICY],
    "settings": [CROPPED],
}  # fmt: skip


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Says]]:
    """An endpoint whose answers are what is put into the list."""
    answers: list[Says] = []
    with OpenAIServer(lambda _: answers.pop(0)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("SKILLBANK_MODEL", MODEL)
        yield answers
        assert not server.refused


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(reader="llm") as opened:
        yield opened


def fills(*steps: dict[str, Any]) -> Says:
    return Says(calls=[Call("request", {"steps": list(steps)})])


def asked(endpoint: list[Says], runtime: Runtime, text: str, *steps: dict[str, Any]) -> dict[str, str]:
    """Return the questions of the plans of a text that a model fills so."""
    endpoint.append(fills(*steps))
    plans = runtime.plan(runtime.read(text).requests)
    return {q.key: q.why for plan in plans for q in plan.questions}


def test_what_both_understand_is_planned(endpoint: list[Says], runtime: Runtime) -> None:
    endpoint.append(fills(STEP))
    reading = runtime.read(TEXT)
    [request] = reading.requests
    assert Setting(key=CROP, value=1024) in request.settings
    assert request.text == TEXT
    assert reading.notes == (f"read by the model {MODEL} and checked by rules",)
    [plan] = runtime.plan(reading.requests)
    assert not plan.questions
    assert plan.spec["train"]["num_epochs"] == 7
    assert plan.route.name == "direct"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"values": [EPOCHS, {**POLICY, "value": "on"}]}, "automl"),
        ({"values": [EPOCHS]}, "automl"),
        ({"values": [{**EPOCHS, "value": "8"}, POLICY]}, "train.num_epochs"),
        ({"values": [POLICY]}, "train.num_epochs"),
        ({"values": [EPOCHS, POLICY, {"slot": "seed", "value": "7", "said": "for 7 epochs"}]}, "train.seed"),
        ({"values": [EPOCHS, POLICY, {"slot": "threshold", "value": ".5", "said": "1024"}]}, "threshold"),
        ({"values": [{**EPOCHS, "value": "many"}, POLICY]}, "epochs"),
        ({"action": "evaluate"}, "action"),
        ({"data": [{"source": "train_datasets", "uri": "s3://evil/x", "said": "s3://evil/x"}]}, "data"),
        ({"data": [{"source": "train_datasets", "uri": "s3://b/t", "said": "s3://evil/x"}]}, "data"),
        ({"settings": []}, "words"),
        ({"settings": [{**CROPPED, "value": "512"}]}, CROP),
        ({"settings": [{**CROPPED, "said": "crops of 1024"}]}, "words"),
        ({"settings": [{**CROPPED, "said": "crops of 1024 metres"}]}, CROP),
    ],
)
def test_a_disagreement_is_a_question(
    endpoint: list[Says], runtime: Runtime, changes: dict[str, Any], key: str
) -> None:
    way = "--leave-out" if key == "words" else "--reader rules"
    assert way in asked(endpoint, runtime, TEXT, {**STEP, **changes})[key]


def test_what_neither_understands_can_be_left_out(endpoint: list[Says], runtime: Runtime) -> None:
    endpoint += [fills({**STEP, "settings": []})] * 2
    reading = runtime.read(TEXT)
    [words] = reading.not_understood
    [plan] = runtime.plan(TEXT, leave_out=[words])
    assert not plan.questions and plan.left_out == (words,)
    assert plan.spec["train"]["num_epochs"] == 7


@pytest.mark.parametrize(
    "name", [slot.name for slot in SLOTS if slot.kind in (Kind.PLACE, Kind.JOB, Kind.TEXT)]
)
def test_a_place_that_nobody_named_is_a_question(endpoint: list[Says], runtime: Runtime, name: str) -> None:
    said = {"slot": name, "value": "s3://evil/x", "said": "s3://evil/x"}
    step = {**STEP, "values": [EPOCHS, POLICY, said]}
    assert "which the request does not" in asked(endpoint, runtime, TEXT, step)[name]


def test_a_step_more_is_a_question(endpoint: list[Says], runtime: Runtime) -> None:
    more = {**STEP, "action": "export", "data": [], "values": [], "settings": []}
    assert "--reader rules" in asked(endpoint, runtime, TEXT, STEP, more)["action"]


@pytest.mark.parametrize(
    "words", ["no crops of 1024 pixels", "crops of 1024 pixels, and only the pictures of the night shift"]
)
def test_words_around_a_value_are_not_lost(endpoint: list[Says], runtime: Runtime, words: str) -> None:
    text = TEXT.replace("crops of 1024 pixels", words)
    for said in (words, "crops of 1024 pixels"):
        assert asked(endpoint, runtime, text, {**STEP, "settings": [{**CROPPED, "said": said}]})


def test_the_slots_are_what_a_model_may_fill(endpoint: list[Says], runtime: Runtime) -> None:
    tool = _tool(True)["function"]["parameters"]
    assert tool["$defs"]["_Value"]["properties"]["slot"]["enum"] == [slot.name for slot in SLOTS]
    system = _messages(TEXT, runtime)[0]["content"]
    assert all(f"{slot.name}:" in system or f"{slot.name} (" in system for slot in SLOTS)


def test_what_the_rules_refuse_does_not_run(endpoint: list[Says], runtime: Runtime) -> None:
    text = f'The log says: "{TEXT}"'
    endpoint.append(fills(STEP))
    [plan] = runtime.plan(runtime.read(text).requests)
    assert "by the words it is refused" in plan.questions[0].why


def test_what_the_model_refuses_does_not_run(endpoint: list[Says], runtime: Runtime) -> None:
    endpoint += [fills(), fills()]
    with pytest.raises(OutOfScopeError, match="model finds no action"):
        runtime.read(TEXT)
    with pytest.raises(OutOfScopeError, match="asks for no run"):
        runtime.read("what is the weather?")


@pytest.mark.parametrize(
    ("named", "why"),
    [({"skill": "nope"}, "There is no skill 'nope'"), ({"action": "rm"}, "has no action 'rm'")],
)
def test_what_only_the_model_names_and_is_not_there_is_told_as_its_own(
    endpoint: list[Says], runtime: Runtime, named: dict[str, str], why: str
) -> None:
    endpoint.append(fills({**STEP, **named}))
    with pytest.raises(EndpointError, match=f"^the model's reading does not hold: .*{why}.* --reader rules"):
        runtime.read(TEXT)


@pytest.mark.parametrize(
    "answer",
    [
        Says("I would rather talk."),
        Says(calls=[Call("request", "{")]),
        Says(calls=[Call("request", {"a": 1})]),
    ],
)
def test_an_answer_of_another_shape_is_an_error(endpoint: list[Says], runtime: Runtime, answer: Says) -> None:
    endpoint.append(answer)
    with pytest.raises(EndpointError, match="did not fill in the request"):
        runtime.read(TEXT)


def test_the_command_line_chooses_the_reader(
    endpoint: list[Says], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint += [fills(STEP), fills(STEP)]
    monkeypatch.setattr("sys.argv", ["skillbank", "plan", TEXT, "--reader", "llm", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    crop = json.loads(capsys.readouterr().out)["spec"]["dataset"]["augmentation"]["fixed_random_crop"]
    assert crop == 1024
    monkeypatch.setenv("SKILLBANK_READER", "llm")
    with Runtime() as runtime:
        assert runtime.plan(TEXT)[0].automl_policy.source == "the model's reading"


def test_an_unknown_reader_is_refused() -> None:
    with pytest.raises(UsageError, match="must be rules or llm"):
        Runtime(reader="tea leaves")
