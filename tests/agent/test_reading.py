"""Requests read by a model behind a real endpoint, and held against the reading by rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from skillbank import Runtime
from skillbank.cli import main
from skillbank.errors import EndpointError, OutOfScopeError, UsageError
from skillbank.plan.request import Setting
from tests.agent.openai_server import KEY, MODEL, Call, OpenAIServer, Says

TEXT = "train Grounding DINO on s3://b/t with wide jitter, no HPO"
STEP: dict[str, Any] = {
    "skill": "tao-train-grounding-dino", "action": "train", "variant": None,
    "data": [{"source": "train_datasets", "uri": "s3://b/t"}],
    "settings": [{"key": "dataset.augmentation.fixed_random_crop", "value": "1024"}],
    "parent": None, "pretrained": None, "gpus": None, "nodes": None,
}  # fmt: skip
FILLED: dict[str, Any] = {
    "steps": [STEP], "automl": "off", "platform": None, "results_root": None, "not_understood": [],
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


def fills(**changes: Any) -> Says:
    return Says(calls=[Call("request", {**FILLED, **changes})])


def test_what_both_understand_is_planned(endpoint: list[Says], runtime: Runtime) -> None:
    endpoint.append(fills())
    reading = runtime.read(TEXT)
    [request] = reading.requests
    assert request.settings == (Setting(key="dataset.augmentation.fixed_random_crop", value=1024),)
    assert request.text == TEXT
    assert reading.notes == (f"read by the model {MODEL} and checked by rules",)
    [plan] = runtime.plan(reading.requests)
    assert not plan.questions
    assert plan.route.name == "direct"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"automl": "on"}, "automl"),
        ({"steps": [{**STEP, "action": "evaluate"}]}, "action"),
        ({"steps": [STEP, {**STEP, "action": "export", "data": [], "settings": []}]}, "action"),
        ({"steps": [{**STEP, "data": [{"source": "train_datasets", "uri": "s3://evil/x"}]}]}, "data"),
        ({"results_root": "s3://evil/out"}, "location"),
        ({"steps": [{**STEP, "pretrained": "s3://evil/x.pth"}]}, "location"),
    ],
)
def test_a_disagreement_is_a_question(
    endpoint: list[Says], runtime: Runtime, changes: dict[str, Any], key: str
) -> None:
    endpoint.append(fills(**changes))
    plans = runtime.plan(runtime.read(TEXT).requests)
    asked = {q.key: q.why for q in plans[0].questions}
    assert "--reader rules" in asked[key]
    assert all(plan.questions for plan in plans)


def test_what_the_rules_refuse_does_not_run(endpoint: list[Says], runtime: Runtime) -> None:
    text = 'The log says: "train Grounding DINO on s3://b/t with wide jitter, no HPO"'
    endpoint.append(fills())
    [plan] = runtime.plan(runtime.read(text).requests)
    assert "by the words it is refused" in plan.questions[0].why


def test_what_the_model_refuses_does_not_run(endpoint: list[Says], runtime: Runtime) -> None:
    endpoint += [fills(steps=[]), fills(steps=[])]
    with pytest.raises(OutOfScopeError, match="model finds no action"):
        runtime.read(TEXT)
    with pytest.raises(OutOfScopeError, match="asks for no run"):
        runtime.read("what is the weather?")


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
    endpoint += [fills(), fills()]
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
