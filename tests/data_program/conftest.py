"""A COCO data set of drawn pictures, and the program run on it by a spec, as a job runs it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.data_program.run import run
from tests.datasets.made import scene

CLASSES = ("person", "hard hat", "stop sign")
SIZE = (96, 64)


@dataclass
class CocoFolder:
    """A COCO data set with one annotation file a split, as many tools export it."""

    root: Path
    numbers: random.Random = field(default_factory=lambda: random.Random(1))

    def add(self, split: str, count: int, boxes: Sequence[Sequence[float]] = ((5, 6, 20, 30),)) -> Path:
        """Draw pictures with these boxes (x, y, width, height), of the classes in turn; return the file."""
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number in range(count):
            name = f"{split}-{number:03d}.jpg"
            file = self.root / split / name
            file.parent.mkdir(parents=True, exist_ok=True)
            scene(self.numbers, SIZE).save(file)
            images.append({"id": number, "file_name": name, "width": SIZE[0], "height": SIZE[1]})
            annotations += [
                {
                    "id": len(annotations) + i,
                    "image_id": number,
                    "category_id": 1 + (number + i) % len(CLASSES),
                    "bbox": list(box),
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
                for i, box in enumerate(boxes)
            ]
        document = {
            "images": images,
            "annotations": annotations,
            "categories": [{"id": i, "name": name} for i, name in enumerate(CLASSES, 1)],
        }
        annotation = self.root / split / "_annotations.coco.json"
        annotation.write_text(json.dumps(document))
        return annotation


@dataclass
class Ran:
    """How an action ended, and what it left."""

    code: int
    folder: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it said while it worked."""
        return [json.loads(line) for line in (self.folder / "status.json").read_text().splitlines()]

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return document

    @property
    def told(self) -> str:
        return (self.folder / "report.md").read_text()


Program = Callable[..., Ran]


@pytest.fixture
def data(tmp_path: Path) -> CocoFolder:
    """Twelve pictures to train on, four to validate on."""
    made = CocoFolder(tmp_path / "data")
    made.add("train", 12)
    made.add("valid", 4)
    return made


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run an action on a place with blocks of its spec."""

    def ran(action: str, place: Path, results: str = "results", **blocks: dict[str, Any]) -> Ran:
        dataset = {"place": str(place), **blocks.pop("dataset", {})}
        spec = {"results_dir": str(tmp_path / results), "dataset": dataset, **blocks}
        file = tmp_path / f"{action}.yaml"
        file.write_text(yaml.safe_dump(spec))
        return Ran(run(action, file), tmp_path / results / action)

    return ran
