"""Small folders of pictures and specs for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from skillbank_engine.families.classification_pyt.config import BY_ACTION, ClassificationSpec

COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Three classes of plain colours, four pictures each, to train on and to validate on."""
    for part in ("train", "val"):
        for name, colour in COLOURS.items():
            place = tmp_path / part / name
            place.mkdir(parents=True)
            for number in range(4):
                shade = tuple(part + 10 * number for part in colour)
                Image.new("RGB", (24, 20), shade).save(place / f"{number}.png")
    return tmp_path


@pytest.fixture
def make_spec(folders: Path) -> Callable[..., Any]:
    """Give a spec of an action on these folders, with further values by dotted key."""

    def make(action: str = "train", **more: Any) -> ClassificationSpec:
        kind = BY_ACTION[action]
        values = kind().model_dump()
        wanted = {
            "model.backbone.type": "resnet_mini",
            "dataset.img_size": 32,
            "dataset.num_classes": 0,
            "dataset.train_dataset.images_dir": str(folders / "train"),
            "dataset.val_dataset.images_dir": str(folders / "val"),
            "results_dir": str(folders / "results"),
            **{key.replace("__", "."): value for key, value in more.items()},
        }
        for key, value in wanted.items():
            node = values
            *steps, last = key.split(".")
            for step in steps:
                node = node[step]
            node[last] = value
        return kind.model_validate(values)

    return make
