"""A teacher's training, its labels, the student's training and the table of both, by real commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(sys.executable).parent


def _run(place: Path, *words: str) -> str:
    done = subprocess.run(
        [str(PROGRAMS / words[0]), *words[1:]],
        cwd=place,
        env={**os.environ, "SKILLBANK_HOME": str(place / "home"), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def _said(place: Path, *words: str) -> Any:
    return json.loads(_run(place, "skillbank", *words, "--json"))


@pytest.mark.slow
def test_the_chain_runs_to_a_filled_table(tmp_path: Path) -> None:
    _run(tmp_path, "grounding_dino", "shapes", "d", "--train", "16", "--val", "4", "--size", "64")
    with tarfile.open(tmp_path / "d" / "train" / "images.tar.gz") as packed:
        packed.extractall(tmp_path / "photos", filter="data")
    _run(tmp_path, "skillbank", "run", "train Grounding DINO on d, no HPO, 1 epoch", "--yes")
    text = "distill the last Grounding DINO into RT-DETR on photos/ for 1 epoch, compare both on d/val"
    told = _said(tmp_path, "plan", text)["sentence"]
    # A teacher of two steps is sure of nothing; the plan read back takes a correction.
    output = next(part for part in told.split("; ") if part.startswith("teach.output"))
    corrected = told.replace(output, f"{output}; teach.least = 0.001", 1)
    both = _said(tmp_path, "run", corrected, "--yes")["comparison"]["jobs"]
    assert [each["skill"] for each in both] == ["tao-train-grounding-dino", "tao-train-rtdetr"]
    for each in both:
        assert {"test_mAP", "test_mAP50"} <= each["metrics"].keys()
        assert each["rate"] > 0 and each["model_bytes"] > 0
