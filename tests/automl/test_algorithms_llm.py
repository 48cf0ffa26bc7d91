"""Searches led by a language model, against a real endpoint that answers as it is told to."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from skillbank.automl.algorithms import Algorithm, Outcome, make_algorithm
from skillbank.automl.settings import AutoMLSettings
from skillbank.automl.space import SearchSpace, space_from_schema
from tests.listening import Listening

pytestmark = pytest.mark.slow

Answer = Callable[[dict[str, Any], int], str]
RATE, LAYERS, FLIP = "train.optim.lr", "model.layers", "data.flip"


class Endpoint:
    """An OpenAI-compatible server; `answer` gets the state that the model sees and the attempt's number."""

    def __init__(self) -> None:
        self.answer: Answer = lambda state, attempt: "{}"
        self.status = 200
        self.requests: list[dict[str, Any]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.requests.append({**body, "authorization": self.headers["Authorization"]})
                attempt = sum(m["role"] == "assistant" for m in body["messages"])
                state = json.loads(body["messages"][1]["content"])
                text = endpoint.answer(state, attempt)
                reply: dict[str, Any] = {
                    "id": "1", "object": "chat.completion", "created": 1, "model": body["model"],
                    "choices": [{"index": 0, "finish_reason": "stop",
                                 "message": {"role": "assistant", "content": text}}],
                }  # fmt: skip
                if endpoint.status != 200:
                    reply = {"error": {"message": f"denied for key {self.headers['Authorization']}"}}
                data = json.dumps(reply).encode()
                self.send_response(endpoint.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        self.server = Listening(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef0123456789")
    found = Endpoint()
    yield found
    found.server.shutdown()
    found.server.server_close()


def space() -> SearchSpace:
    schema = {
        "type": "object",
        "properties": {
            "train": {"type": "object", "properties": {"optim": {"type": "object", "properties": {
                "lr": {"type": "float", "minimum": 0.0, "default": 1e-4}}}}},
            "model": {"type": "object", "properties": {
                "layers": {"type": "int", "minimum": 1, "maximum": 12, "default": 6}}},
            "data": {"type": "object", "properties": {
                "flip": {"type": "float", "minimum": 0.0, "maximum": 1.0, "default": 0.5}}},
        },
        "automl_default_parameters": [RATE, LAYERS, FLIP],
    }  # fmt: skip
    return space_from_schema(
        schema, {"train": {"optim": {"lr": 1e-4}}, "model": {"layers": 6}, "data": {"flip": 0.5}}
    )


def search(name: str, endpoint: Endpoint, **said: Any) -> Algorithm:
    read = AutoMLSettings.read(
        {"algorithm": name, "metric": "mAP", "direction": "max", "max_recommendations": 8, **said,
         "llm": {"model": "any", "base_url": endpoint.url, "timeout": 10}}
    )  # fmt: skip
    return make_algorithm(space(), read)


def play(algorithm: Algorithm, trials: int, value: Callable[[dict[str, Any]], float]) -> list[dict[str, Any]]:
    seen = []
    for _ in range(trials):
        found = algorithm.ask()
        assert found is not None
        seen.append(found.values)
        algorithm.tell(found.number, Outcome.of(value(found.values)))
    return seen


def test_the_model_sees_every_result_and_its_proposal_is_run(endpoint: Endpoint) -> None:
    endpoint.answer = lambda state, attempt: json.dumps(
        {"values": {LAYERS: len(state["trials"]) + 1.0}, "reason": "one layer more"}
    )
    algorithm = search("llm", endpoint)
    values = play(algorithm, 4, lambda v: v[LAYERS] / 12)
    assert [v[LAYERS] for v in values] == [6, 2, 3, 4]
    assert algorithm.trials[1].asked.note == "proposed: one layer more"
    state = json.loads(endpoint.requests[-1]["messages"][1]["content"])
    assert [t["result"] for t in state["trials"]] == [[0.5], [2 / 12], [3 / 12]]
    assert state["objectives"] == [{"metric": "mAP", "direction": "maximize"}] and state["best"] == 0
    assert {row["key"] for row in state["space"]} == {RATE, LAYERS, FLIP}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ('{"values": {"model.layer": 3}}', "did you mean 'model.layers'?"),
        ('{"values": {"model.layers": 40}}', "must be in 1 to 12"),
        ('{"values": {"model.layers": 6}}', "tried already"),
        ('{"values": {}}', "at least one key"),
        ("three layers, I think", "not JSON"),
        ("[1, 2]", "not JSON"),
    ],
)
def test_what_is_wrong_goes_back_to_the_model(endpoint: Endpoint, bad: str, words: str) -> None:
    good = 'Sure:\n```json\n{"values": {"model.layers": 3}}\n```'
    endpoint.answer = lambda state, attempt: good if attempt else bad
    algorithm = search("llm", endpoint)
    assert [v[LAYERS] for v in play(algorithm, 2, lambda v: 0.5)] == [6, 3]
    assert words in endpoint.requests[-1]["messages"][-1]["content"]


def test_falling_back_is_loud_and_tells_no_key(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    endpoint.status = 401
    algorithm = search("llm", endpoint)
    with caplog.at_level(logging.WARNING, "skillbank.automl"):
        values = play(algorithm, 4, lambda v: 0.5)
    assert all(algorithm.space.violations(v) == [] for v in values)
    note = algorithm.trials[3].asked.note
    assert note.startswith("FALLBACK to Bayesian optimisation: the endpoint failed")
    assert "recommendation 3: FALLBACK" in caplog.text
    assert "0123456789abcdef" not in caplog.text + note
    endpoint.status, endpoint.answer = 200, lambda state, attempt: "never"
    assert play(algorithm, 1, lambda v: 0.5) and "in 3 attempts" in algorithm.trials[4].asked.note


@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        (
            "http://localhost:port/v1",
            "sk-test",
            "automl.llm.base_url is 'http://localhost:port/v1', which is no",
        ),
        ("", "sk-test", "automl.llm.base_url is empty"),
        ("http://localhost:1/v1", "ключ", "OPENAI_API_KEY holds a blank"),
    ],
)
def test_an_endpoint_that_is_none_ends_no_search(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, url: str, key: str, words: str
) -> None:
    endpoint.url = url
    monkeypatch.setenv("OPENAI_API_KEY", key)
    algorithm = search("llm", endpoint)
    play(algorithm, 3, lambda v: 0.5)
    assert words in algorithm.trials[2].asked.note


def test_hybrid_searches_where_the_model_says(endpoint: Endpoint) -> None:
    answers = [
        {"method": "random", "focus": [FLIP], "reason": "only the flips"},
        {"method": "bayesian", "focus": [FLIP, RATE], "ranges": {RATE: [1e-5, 3e-5]}},
        {"method": "propose", "values": {LAYERS: 2}, "reason": "small"},
    ]
    endpoint.answer = lambda state, attempt: json.dumps(answers[(len(state["trials"]) - 1) % 3])
    algorithm = search("hybrid", endpoint)
    values = play(algorithm, 4, lambda v: v[FLIP])
    assert (values[1][RATE], values[1][LAYERS]) == (1e-4, 6) and values[1][FLIP] != 0.5
    assert 1e-5 <= values[2][RATE] <= 3e-5 and values[2][LAYERS] == 6
    assert values[3][LAYERS] == 2
    assert algorithm.trials[2].asked.note.startswith("bayesian in 2 keys")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"method": "magic"}, "must be bayesian, random or propose"),
        ({"method": "random", "focus": ["model.layrs"]}, "did you mean"),
        ({"method": "random", "ranges": {LAYERS: [0, 40]}}, "must lie in 1 to 12"),
    ],
)
def test_hybrid_sends_bad_strategies_back(endpoint: Endpoint, bad: dict[str, Any], words: str) -> None:
    good = {"method": "random", "focus": [LAYERS]}
    endpoint.answer = lambda state, attempt: json.dumps(good if attempt else bad)
    play(search("hybrid", endpoint), 2, lambda v: 0.5)
    assert words in endpoint.requests[-1]["messages"][-1]["content"]


def test_autoresearch_keeps_what_is_better_and_discards_the_rest(endpoint: Endpoint) -> None:
    proposals = [{LAYERS: 8}, {LAYERS: 2}, {FLIP: 0.1}, {LAYERS: 9, FLIP: 0.2, RATE: 1e-3, "x": 1}]
    endpoint.answer = lambda state, attempt: json.dumps(
        {"values": {RATE: 1e-3} if attempt else proposals[len(state["trials"]) - 1], "hypothesis": "deeper"}
    )
    algorithm = search("autoresearch", endpoint)
    values = play(algorithm, 4, lambda v: v[LAYERS] / 12 + v[FLIP] / 100)
    # Every experiment changes the configuration that stands: the one with 8 layers, from then on.
    assert [(v[LAYERS], v[FLIP]) for v in values] == [(6, 0.5), (8, 0.5), (2, 0.5), (8, 0.1)]
    algorithm.ask()
    state = json.loads(endpoint.requests[-1]["messages"][1]["content"])
    assert [t["verdict"] for t in state["trials"]] == ["keep", "keep", "discard", "discard"]
    assert "change at most 3" in endpoint.requests[-1]["messages"][-1]["content"]
