"""The corpus' own skills of three model families on the embedded engines, by the real command.

The bank is made of the skills as they are and trusted in a home of its own; their templates are the specs.
Only what makes a run small is said: one epoch, and the size of pictures.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.conftest import CORPUS

pytestmark = pytest.mark.slow

ACTIONS = ("train", "evaluate", "inference", "export")


@dataclass(frozen=True)
class Family:
    """How a family's skill is tried.

    Attributes
    ----------
    skill : str
        The corpus' name.
    shapes : tuple of str
        Words for ``PROGRAM shapes OUT``.
    settings : tuple of str
        What is set for the training.
    data : dict
        Action to role to folder below OUT: what the skill's own tables ask for.
    measured : tuple of str
        What training and evaluation must measure.
    """

    skill: str
    shapes: tuple[str, ...]
    settings: tuple[str, ...]
    data: Mapping[str, Mapping[str, str]]
    measured: tuple[str, str]


FAMILIES = {
    "rtdetr": Family(
        "tao-train-rtdetr",
        # Its template measures the first class alone, which few pictures may lack.
        ("--size", "64", "--train", "8", "--val", "20"),
        (
            "dataset.augmentation.train_spatial_size=[64, 64]",
            "dataset.augmentation.eval_spatial_size=[64, 64]",
        ),
        {
            "train": {"train": "train", "eval": "val"},
            "evaluate": {"eval": "val"},
            "inference": {"inference": "inference"},
        },
        ("val_mAP50", "test_mAP50"),
    ),
    "segformer": Family(
        "tao-train-segformer",
        ("--size", "64", "--train", "8", "--val", "4"),
        ("dataset.segment.img_size=64",),
        {
            "train": {"train": ""},
            "evaluate": {"eval": ""},
            "inference": {"inference": ""},
            "export": {"train": ""},
        },
        ("val_miou", "test_miou"),
    ),
    "classification_pyt": Family(
        "tao-train-image-classification",
        ("--size", "64", "--train", "2", "--val", "1"),
        ("dataset.img_size=64",),
        {
            "train": {"train": "", "eval": ""},
            "evaluate": {"eval": "", "inference": ""},
            "inference": {"eval": "", "inference": "inference"},
            "export": {"train": ""},
        },
        ("val_acc_1", "val_acc_1"),
    ),
}


class Home:
    """``skillbank`` in a home of its own."""

    def __init__(self, place: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SKILLBANK_")}
        self._environment = {**kept, "SKILLBANK_HOME": str(place / "home")}
        self._place = place

    def __call__(self, *words: str) -> Any:
        """Run a command; give its document."""
        done = subprocess.run(
            [sys.executable, "-m", "skillbank", *words, "--json"],
            env=self._environment,
            cwd=self._place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return json.loads(done.stdout)


@pytest.mark.parametrize("program", FAMILIES)
def test_a_familys_own_skill_runs(program: str, tmp_path: Path) -> None:
    family = FAMILIES[program]
    own = CORPUS / "skills" / "models" / family.skill
    if not own.is_dir():
        pytest.skip(f"the corpus of real skills is not at {CORPUS}")
    bank, data, home = tmp_path / "theirs", tmp_path / "data", Home(tmp_path)
    shutil.copytree(own, bank / "skills" / family.skill)
    shapes = [sys.executable, "-m", "skillbank_engine", program, "shapes", str(data), *family.shapes]
    subprocess.run(shapes, check=True, capture_output=True)
    home("trust", str(bank), "--yes")

    jobs: dict[str, Any] = {}
    for action in ACTIONS:
        words = ["--skill", f"theirs:{family.skill}", "--action", action, "--bank", str(bank)]
        words += ["--results-root", str(tmp_path / "results"), "--platform", "local", "--yes"]
        for role, folder in family.data.get(action, {}).items():
            words += ["--data", f"{role}={data / folder}"]
        if action == "train":
            words += ["--automl", "off", "--epochs", "1"]
            words += [word for setting in family.settings for word in ("--set", setting)]
        else:
            words += ["--parent", jobs["train"]["id"]]
        jobs[action] = home("run", *words)
        assert jobs[action]["state"] == "COMPLETE", jobs[action]

    trained, tested = family.measured
    assert trained in jobs["train"]["metrics"]
    assert tested in jobs["evaluate"]["metrics"]
    assert jobs["inference"]["metrics"]["images"] > 0
    assert jobs["export"]["metrics"]["agreement"] == 1.0
