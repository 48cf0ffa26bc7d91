"""What every training of every family offers, tried with each (the table of the guide for families)."""

import json
import math
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
import torch
import yaml
from benchmarks.families import draw
from benchmarks.smoke import dataset

from skillbank.jobs.checkpoints import model_of
from skillbank.jobs.metrics import read_status
from skillbank_engine.family import Family
from tests.engine.conftest import status_lines

pytestmark = pytest.mark.slow

DRAWN = {
    "grounding_dino": ("--train", "16", "--val", "6"),
    "rtdetr": ("--train", "16", "--val", "6"),
    "segformer": ("--train", "16", "--val", "6"),
    "classification_pyt": ("--train", "1", "--val", "1"),
}
RATES = {"grounding_dino": ("lr", "lr_backbone"), "rtdetr": ("lr", "lr_backbone")}
PRECISION = {"segformer": "engine.precision"}
BATCH = {"segformer": "dataset.segment.batch_size"}


@dataclass(frozen=True)
class Tried:
    """A family, what it has drawn, and its trainings."""

    name: str
    folder: Path

    @property
    def family(self) -> Family:
        found: Family = import_module(f"skillbank_engine.families.{self.name}.family").FAMILY
        return found

    def run(self, action: str, results: str, *words: str) -> Path:
        """Run an action on the drawn pictures; give its results folder."""
        spec = self.folder / "spec.yaml"
        block = dataset(self.name, self.folder / "data")
        engine = {"device": "cpu", "threads": 1}
        spec.write_text(yaml.safe_dump({"dataset": block, "engine": engine}), encoding="utf-8")
        main = import_module(f"skillbank_engine.families.{self.name}.__main__").main
        assert main([action, "-e", str(spec), f"results_dir={self.folder / results}", *words]) == 0
        return self.folder / results / action

    def losses(self, results: Path) -> list[float]:
        """The training losses of all epochs."""
        return [kpi["train_loss"] for kpi in self._kpi(results) if "train_loss" in kpi]

    def measured(self, results: Path) -> list[float]:
        """The family's metric of all validations."""
        return [kpi[self.family.metric] for kpi in self._kpi(results) if self.family.metric in kpi]

    def _kpi(self, results: Path) -> list[dict[str, float]]:
        return [line["kpi"] for line in status_lines(results) if "kpi" in line]


@pytest.fixture(scope="module", params=DRAWN)
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """A family that has drawn its pictures."""
    folder = tmp_path_factory.mktemp(request.param)
    draw(request.param, folder / "data", *DRAWN[request.param])
    return Tried(request.param, folder)


@pytest.fixture(scope="module")
def trained(tried: Tried) -> Path:
    """Two epochs in batches of eight, averaged, the best one kept."""
    words = ("train.num_epochs=2", "engine.ema_decay=0.9", "engine.keep_best=true")
    return tried.run("train", "whole", f"{BATCH.get(tried.name, 'dataset.batch_size')}=8", *words)


def test_the_best_of_the_averages_is_saved_and_evaluated(tried: Tried, trained: Path) -> None:
    measured = tried.measured(trained)
    assert len(measured) == 2
    best = trained / tried.family.best
    wanted = max(measured)
    assert best.readlink().name.startswith(f"model_epoch_{measured.index(wanted):03d}_")
    # A job that is given this training takes a model of the same value.
    epochs = read_status(trained.parent, "train").epochs
    assert tried.family.higher_is_better
    chosen = model_of(
        "j", "train", trained.parent, epochs=epochs, metric=tried.family.metric, direction="maximize"
    )
    assert measured[int(chosen.resolve().name.split("_")[2])] == wanted
    document = torch.load(best, weights_only=True)
    own = document["training"]["average"]["weights"]
    assert any(not torch.equal(value, own[name]) for name, value in document["weights"].items())
    # A validation measures the average; so does whoever uses the file.
    results = tried.run("evaluate", "evaluated", f"evaluate.checkpoint={best}")
    said = json.loads((results / "metrics.json").read_text())
    headline = tried.family.metric.removeprefix("val_")
    assert next(value for name, value in said.items() if name.endswith(headline)) == pytest.approx(wanted)
    # What an evaluation tells beside its headline: each class, what was taken for what, and the worst.
    assert said["per_class"]
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "By class" in page and "What was taken for what" in page and "The worst pictures" in page
    assert said["confusion"]


def test_accumulated_batches_are_nearly_one_large_batch(tried: Tried, trained: Path) -> None:
    words = (f"{BATCH.get(tried.name, 'dataset.batch_size')}=4", "engine.accumulate=2", "train.num_epochs=2")
    found, wanted = tried.losses(tried.run("train", "parts", *words)), tried.losses(trained)
    # Batch norms, and the number of denoising queries of RT-DETR, are a matter of each batch by itself.
    near = 1e-3 if tried.name in ("grounding_dino", "segformer") else 0.05
    assert found[0] == pytest.approx(wanted[0], rel=near)


def test_training_in_bf16_is_finite_and_ends_early(tried: Tried) -> None:
    still = [f"train.optim.{name}=1e-12" for name in RATES.get(tried.name, ("lr",))]
    precision = f"{PRECISION.get(tried.name, 'train.precision')}=bf16"
    results = tried.run("train", "still", precision, *still, "train.num_epochs=9", "engine.early_stopping=1")
    losses = tried.losses(results)
    assert losses and all(map(math.isfinite, losses))
    assert len(losses) < 9
    assert "training ends early" in " ".join(line["message"] for line in status_lines(results))
