"""Accuracies, confusion and F1, by hand; schedules of the learning rate; the family's result.csv."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from skillbank_engine.families.classification_pyt.answers import write_results
from skillbank_engine.families.classification_pyt.config import BY_ACTION
from skillbank_engine.families.classification_pyt.family import FAMILY
from skillbank_engine.families.classification_pyt.metrics import Tally
from skillbank_engine.families.classification_pyt.schedule import factor
from skillbank_engine.team import Team


def logits_of(found: list[int], classes: int = 3) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(found), classes).float() * 5


def test_numbers_by_hand() -> None:
    tally = Tally.empty(3, (1, 2))
    tally.add(logits_of([0, 0, 1]), torch.tensor([0, 1, 1]))
    tally.add(logits_of([1]), torch.tensor([0]))
    metrics = tally.metrics(("a", "b", "c"))
    assert metrics.values["val_acc_1"] == 0.5
    assert metrics.per_class == {
        "a": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "images": 2.0},
        "b": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "images": 2.0},
    }
    assert metrics.values["val_f1"] == 0.5
    assert metrics.more["confusion"] == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert metrics.more["images"] == 4
    assert {"true": "a", "found": "b", "images": 1} in metrics.more["most_confused"]
    right, wrong = math.log(math.exp(5) + 2) - 5, math.log(math.exp(5) + 2)
    assert metrics.values["val_loss"] == pytest.approx((2 * right + 2 * wrong) / 4, rel=1e-5)


def test_the_familys_metric_is_counted_whatever_is_asked_for() -> None:
    tally = Tally.empty(3, (3, 2))
    tally.add(logits_of([0, 1]), torch.tensor([0, 0]))
    values = tally.metrics(("a", "b", "c")).values
    assert [name for name in values if "acc" in name] == [FAMILY.metric, "val_acc_3", "val_acc_2"]
    assert values[FAMILY.metric] == 0.5 and values["val_acc_3"] == 1


def test_shares_of_processes_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [Tally.empty(3, (1,)), Tally.empty(3, (1,))]
    parts[0].add(logits_of([0, 2]), torch.tensor([0, 1]))
    parts[1].add(logits_of([1]), torch.tensor([1]))
    whole = Tally.empty(3, (1,))
    whole.add(logits_of([0, 2, 1]), torch.tensor([0, 1, 1]))
    rows = [[*part.confusion.ravel(), *part.hits, part.loss] for part in parts]
    monkeypatch.setattr(Team, "gather", lambda _team, *_values: rows)
    assert parts[0].gathered(Team(0, 2)).metrics("abc").values == pytest.approx(whole.metrics("abc").values)


def optim(**values: Any) -> Any:
    return BY_ACTION["train"].model_validate({"train": {"optim": values}}).train.optim


def factors(of: Any, epochs: int = 8, per_epoch: int = 4) -> list[float]:
    return [factor(of, epochs, step, per_epoch) for step in range(epochs * per_epoch)]


def test_linear_falls_by_epochs_as_the_family_does() -> None:
    assert factors(optim(policy="linear"))[::4] == pytest.approx([1 - epoch / 9 for epoch in range(8)])


def test_drops_are_torchs() -> None:
    for values, scheduler in (
        ({"policy": "step", "policy_params": {"step_size": 3, "gamma": 0.5}}, "step"),
        ({"policy": "multistep", "policy_params": {"milestones": [2, 5], "gamma": 0.2}}, "multistep"),
    ):
        weights = [torch.nn.Parameter(torch.zeros(1))]
        made = torch.optim.SGD(weights, lr=1.0)
        theirs: torch.optim.lr_scheduler.LRScheduler = (
            torch.optim.lr_scheduler.StepLR(made, 3, 0.5)
            if scheduler == "step"
            else torch.optim.lr_scheduler.MultiStepLR(made, [2, 5], 0.2)
        )
        rates = []
        for _ in range(8):
            rates.append(theirs.get_last_lr()[0])
            made.step()
            theirs.step()
        assert factors(optim(**values))[::4] == pytest.approx(rates)


def test_multistep_without_milestones_drops_half_way() -> None:
    assert factors(optim(policy="multistep"))[::4] == pytest.approx([1] * 4 + [0.1] * 4)


def test_cosine_rises_and_falls_to_zero() -> None:
    found = factors(optim(policy="cosine", warmup_epochs=2))
    assert found[:8] == sorted(found[:8])
    assert found[8] == 1
    assert found[8:] == sorted(found[8:], reverse=True)
    assert 0 < found[-1] < 0.02


def test_results_are_the_familys_table(tmp_path: Path) -> None:
    scores = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    images = [Path("/p/a, b.png"), Path("/p/ü.png")]
    write_results(tmp_path, images, ("x", "y", "z"), scores)
    with (tmp_path / "result.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["img_name", "pred_label", "pred_score"],
        ["/p/a, b.png", "x", "0.7"],
        ["/p/ü.png", "z", "0.6"],
    ]
    write_results(tmp_path, images, ("x", "y", "z"), scores, ["y", "z"])
    with (tmp_path / "result.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["img_name", "x", "y", "z", "pred_label", "pred_score", "gt_label"]
    assert rows[1] == ["/p/a, b.png", "0.7", "0.2", "0.1", "x", "0.7", "y"]
