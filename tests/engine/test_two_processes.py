"""Two processes train as one with batches twice as large, up to what a BatchNorm sees of a batch."""

import json
import tarfile
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from PIL import Image

from tests.engine.rtdetr.conftest import TINY_OVERRIDES as TINY_RTDETR
from tests.engine.segformer.conftest import TINY_OVERRIDES as TINY_SEGFORMER

pytestmark = pytest.mark.slow


def boxes(root: Path) -> dict[str, Any]:
    """Eleven pictures, so that the last batch of ten leaves one of two processes idle."""
    from skillbank_engine.families.rtdetr.shapes import write_shapes

    write_shapes(root, seed=0, train=11, val=4, size=64)
    sources = {}
    for part in ("train", "val"):
        with tarfile.open(root / part / "images.tar.gz") as archive:
            archive.extractall(root / part / "images", filter="data")
        folder = root / part
        sources[part] = {"image_dir": str(folder / "images"), "json_file": str(folder / "annotations.json")}
    return {"train_data_sources": [sources["train"]], "val_data_sources": sources["val"]}


def masks(root: Path) -> dict[str, Any]:
    from skillbank_engine.families.segformer.data.shapes import write_shapes

    write_shapes(root, seed=0, train=11, val=4, size=64)
    return {"segment": {"root_dir": str(root)}}


def classes(root: Path) -> dict[str, Any]:
    for part, count in (("train", 4), ("val", 2)):
        for place, name in enumerate("abc"):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                shade = tuple(200 if place == band else 20 * number for band in range(3))
                Image.new("RGB", (24, 20), shade).save(folder / f"{number}.png")
    parts = {f"{part}_dataset": {"images_dir": str(root / part)} for part in ("train", "val")}
    return {**parts, "img_size": 48}


CASES = {
    "rtdetr": (boxes, TINY_RTDETR, "dataset.batch_size"),
    "segformer": (masks, TINY_SEGFORMER, "dataset.segment.batch_size"),
    "classification_pyt": (classes, ("engine.profile=small", "engine.threads=1"), "dataset.batch_size"),
}


@pytest.mark.parametrize("name", CASES)
def test_two_processes_train_as_one(name: str, tmp_path: Path) -> None:
    make, tiny, batch_size = CASES[name]
    family = import_module(f"skillbank_engine.families.{name}.family").FAMILY
    main = import_module(f"skillbank_engine.families.{name}.__main__").main
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump({"dataset": make(tmp_path / "data")}), encoding="utf-8")
    ends, losses = [], []
    for processes, size in ((1, 10), (2, 5)):
        out = tmp_path / str(processes)
        words = [word for word in tiny if not word.startswith(batch_size)]
        words += [f"{batch_size}={size}", f"engine.processes={processes}", f"results_dir={out}"]
        assert main(["train", "-e", str(spec), *words, "train.num_epochs=2"]) == 0
        ends.append(torch.load(out / "train" / family.latest, weights_only=True))
        lines = (out / "train" / "status.json").read_text(encoding="utf-8").splitlines()
        losses.append(
            [kpi["val_loss"] for kpi in (json.loads(x).get("kpi", {}) for x in lines) if "val_loss" in kpi]
        )
    first, second = ends
    assert first["step"] == second["step"] == 4
    normed = any(key.endswith("running_var") for key in first["weights"])
    # A BatchNorm sees the pictures of its own process alone: half of the batch.
    assert normed == (name != "segformer")
    assert losses[0] == pytest.approx(losses[1], rel=0.3 if normed else 1e-5)
    if not normed:
        for key, tensor in first["weights"].items():
            torch.testing.assert_close(tensor, second["weights"][key], rtol=1e-4, atol=1e-6, msg=key)
