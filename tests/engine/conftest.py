"""Pictures for the toy family."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from PIL import Image

from tests.engine.toy_family.__main__ import main

COLOURS = {"blue": (20, 30, 200), "green": (30, 180, 40), "red": (200, 20, 30)}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of pictures of three colours, with noise."""
    root = tmp_path_factory.mktemp("colours")
    numbers = random.Random(1)
    for part, count in (("train", 5), ("val", 2)):
        for name, colour in COLOURS.items():
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                shade = tuple(min(max(value + numbers.randint(-20, 20), 0), 255) for value in colour)
                Image.new("RGB", (24, 20), shade).save(folder / f"{number}.png")
    return root


Run = Callable[..., int]


@pytest.fixture
def toy(tmp_path: Path, colours: Path) -> Run:
    """Run an action of the toy family on the pictures; results go below the test's folder."""
    spec = {"results_dir": str(tmp_path / "results"), "dataset": {"root": str(colours)}}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")

    def run(action: str, *words: str) -> int:
        return main(
            [action, "-e", str(tmp_path / "spec.yaml"), "engine.device=cpu", "engine.threads=1", *words]
        )

    return run


def status_lines(folder: Path) -> list[dict[str, Any]]:
    """All lines of a results folder's status.json."""
    return [json.loads(line) for line in (folder / "status.json").read_text(encoding="utf-8").splitlines()]
