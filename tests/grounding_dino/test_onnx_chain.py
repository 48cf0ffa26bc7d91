"""The whole way as jobs on this machine: train, export, evaluate the export, quantize it."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.data.shapes import write_shapes
from skillbank_engine.families.grounding_dino.onnx_model import read_onnx
from tests.grounding_dino.conftest import LATEST, TINY_OVERRIDES, data_block

SHORT = ("train.num_epochs=2",)


def unpack(part: Path) -> None:
    with tarfile.open(part / "images.tar.gz") as archive:
        archive.extractall(part / "images", filter="data")


class Place:
    """A folder with data and a home for jobs."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "tiny"
        write_shapes(self.data, seed=0, train=16, val=4, size=64)
        self._environment = {**os.environ, "SKILLBANK_HOME": str(folder / "home")}
        self._environment.pop("SKILLBANK_DATABASE_URL", None)

    def run(self, words: str, settings: Sequence[str] = ()) -> Path:
        """Run what a sentence asks for; give the results folder."""
        given = [f"--set={word}" for word in settings]
        command = [sys.executable, "-m", "skillbank", "run", words, *given, "--yes", "--json"]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        record: dict[str, Any] = json.loads(done.stdout)
        return Path(record["results_dir"])


class Bench:
    """Runs the engine here, without jobs, on the demo data."""

    def __init__(self, folder: Path, shapes: Path) -> None:
        self._folder = folder
        self._shapes = shapes
        self._number = 0

    def __call__(self, action: str, *words: str) -> Path:
        """Run an action; give its results folder."""
        self._number += 1
        results = self._folder / str(self._number)
        results.mkdir(parents=True)
        data = data_block(self._shapes)
        data["quant_calibration_data_sources"] = data["train_data_sources"][0]
        document = {"results_dir": str(results), "dataset": data}
        (results / "spec.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        assert main([action, "-e", str(results / "spec.yaml"), *words]) == 0
        return results / action


def found(results: Path) -> tuple[list[float], list[float]]:
    """mAP and mAP50 of an evaluation, and the scores of everything that it found."""
    document = json.loads((results / "metrics.json").read_text(encoding="utf-8"))
    rows = json.loads((results / "detections.json").read_text(encoding="utf-8"))
    return [document["test_mAP"], document["test_mAP50"]], [row["score"] for row in rows]


@pytest.mark.slow
def test_from_a_training_to_a_quantized_file(tmp_path: Path) -> None:
    place = Place(tmp_path)
    trained = place.run(f"train Grounding DINO on {place.data}, no HPO", [*TINY_OVERRIDES, *SHORT])
    exported = place.run("export Grounding DINO from the last training") / "model.onnx"
    evaluated = place.run(f"evaluate Grounding DINO on {place.data}/val from the last export") / "evaluate"
    words = f"quantize Grounding DINO on {place.data} from the last export"
    quantized = place.run(words, ["engine.quantizer=onnxruntime", "quantize.mode=static_ptq"])
    (small,) = (quantized / "quantize").glob("*.onnx")
    assert read_onnx(small, "test").metadata == read_onnx(exported, "test").metadata
    for part in ("train", "val"):
        unpack(place.data / part)
    # The same evaluation of the checkpoint that was exported, and of all that was made of it.
    bench = Bench(tmp_path / "bench", place.data)
    latest = trained / "train" / LATEST
    averages, scores = found(bench("evaluate", f"evaluate.checkpoint={latest}"))
    other_averages, other_scores = found(evaluated)
    # Of two answers that are equally sure, either may come first: averages of so few pictures then differ.
    assert other_averages == pytest.approx(averages, abs=0.02)
    assert other_scores == pytest.approx(scores, abs=1e-3)
    (weights,) = bench("quantize", f"quantize.model_path={latest}").glob("*.pth")
    for path in (small, weights):
        _, small_scores = found(bench("evaluate", f"evaluate.checkpoint={path}"))
        assert small_scores != scores
        assert len(small_scores) == len(scores)
        assert small_scores == pytest.approx(scores, abs=0.2)
