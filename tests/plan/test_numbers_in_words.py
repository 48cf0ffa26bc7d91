"""Numbers, pairs and spans of time as people write them, and what is asked where one is not understood."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime


def values(runtime: Runtime, text: str) -> tuple[dict[str, object], bool]:
    """Return the settings of a training by the last part of their keys, and whether anything is asked."""
    [request] = runtime.read(f"train grounding dino on /a/t and validate on /a/v, {text}").requests
    return {each.key.rpartition(".")[2]: each.value for each in request.settings}, bool(request.questions)


@pytest.mark.parametrize(
    ("said", "epochs"),
    [
        ("twenty-five", 25), ("twenty five", 25), ("a hundred", 100), ("one hundred", 100),
        ("2 hundred", 200), ("two hundred and fifty", 250), ("a dozen", 12), ("half a dozen", 6),
        ("two dozen", 24), ("a couple of", 2), ("1k", 1000), ("three thousand", 3000),
        ("one thousand two hundred", 1200), ("1,000", 1000), ("nineteen", 19), ("ninety-nine", 99),
    ],
)  # fmt: skip
def test_a_count_in_words(own_bank: Runtime, said: str, epochs: int) -> None:
    assert values(own_bank, f"without automl for {said} epochs") == ({"num_epochs": epochs}, False)


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        ("one e minus four", 1e-4), ("five e minus five", 5e-5), ("2*10^-4", 2e-4), ("2x10^-4", 2e-4),
        ("zero point zero zero one", 1e-3), ("point zero one", 1e-2), ("0,001", 1e-3), ("1E-4", 1e-4),
    ],
)  # fmt: skip
def test_a_small_number_in_words(own_bank: Runtime, said: str, rate: float) -> None:
    assert values(own_bank, f"without automl, learning rate {said}") == ({"learning_rate": rate}, False)


@pytest.mark.parametrize(
    "said",
    [
        "for one and a half thousand epochs", "for 10-20 epochs", "learning rate 1 e-4",
        "learning rate 0.01%", "learning rate two times ten to the minus four", "3rd epoch validation",
    ],
)  # fmt: skip
def test_a_number_that_is_not_understood_is_asked_about(own_bank: Runtime, said: str) -> None:
    assert values(own_bank, f"without automl, {said}") == ({}, True)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("epochs=10 lr=1e-4", {"num_epochs": 10, "learning_rate": 1e-4}),
        ("epochs: 10, lr: 1e-4", {"num_epochs": 10, "learning_rate": 1e-4}),
        ("train.num_epochs=10", {"num_epochs": 10}),
        ('model.backbone = "resnet_50"', {"backbone": "resnet_50"}),
        ("batch size of sixteen", {"batch_size": 16}),
        ("seed forty-two", {"seed": 42}),
        ("validate every other epoch", {"validation_interval": 2}),
        ("validate every third epoch", {"validation_interval": 3}),
        ("a checkpoint every 2 epochs", {"checkpoint_interval": 2}),
    ],
)
def test_pairs_and_intervals(own_bank: Runtime, said: str, found: dict[str, object]) -> None:
    assert values(own_bank, f"without automl, {said}") == (found, False)


@pytest.mark.parametrize(
    ("said", "found", "asks"),
    [
        ("HPO with a budget of 1.5 days", {"time_budget": "1.5d"}, False),
        ("HPO, 90 minutes per trial", {"trial_timeout": "90m"}, False),
        ("search at most 2 weeks", {"time_budget": "14d"}, False),
        ("HPO, ten trials", {"max_recommendations": 10}, False),
        ("HPO, at most 45 s per trial", {"trial_timeout": "45s"}, False),
        ("HPO for half an hour", {}, True),
        ("HPO for 1h30m", {}, True),
        ("HPO for an hour and a half", {"time_budget": "1h"}, True),
    ],
)
def test_spans_of_time(own_bank: Runtime, said: str, found: dict[str, object], asks: bool) -> None:
    assert values(own_bank, said) == (found, asks)


@pytest.mark.parametrize(
    ("said", "gpus", "nodes", "platform"),
    [
        ("on 2x gpus", 2, None, None),
        ("on 2xA100", 2, None, None),
        ("gpus=2 nodes=1", 2, 1, None),
        ("platform=docker", None, None, "docker"),
    ],
)
def test_hardware_in_short(
    own_bank: Runtime, said: str, gpus: int | None, nodes: int | None, platform: str | None
) -> None:
    [request] = own_bank.read(f"train grounding dino on /a/t without automl, {said}").requests
    assert (request.gpus, request.nodes, request.platform, request.questions) == (gpus, nodes, platform, ())


def test_places_as_pairs(own_bank: Runtime) -> None:
    for said in ("train=/a/t val=/a/v", "data=/a/t eval: /a/v"):
        [request] = own_bank.read(f"train grounding dino without automl {said}").requests
        assert {each.source: each.uri for each in request.data} == {
            "train_datasets": "/a/t",
            "eval_dataset": "/a/v",
        }
        assert not request.questions
