"""The family's own templates, as the corpus beside the repository has them, run here unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank_engine.families.rtdetr.__main__ import main
from tests.corpus.conftest import CORPUS

pytestmark = pytest.mark.slow

_TEMPLATES = CORPUS / "skills" / "models" / "tao-train-rtdetr" / "references"


def _run(action: str, folder: Path, changes: dict[str, Any]) -> None:
    spec = yaml.safe_load((_TEMPLATES / f"spec_template_{action}.yaml").read_text())
    for key, value in {"results_dir": str(folder), "train.num_epochs": 1, **changes}.items():
        node = spec
        *parents, last = key.split(".")
        for step in parents:
            node = node[step]
        node[last] = value
    file = folder / f"{action}.yaml"
    file.write_text(yaml.safe_dump(spec))
    assert main([action, "-e", str(file)]) == 0


def test_the_familys_own_templates_run(shapes: Path, tmp_path: Path) -> None:
    if not _TEMPLATES.is_dir():
        pytest.skip(f"the corpus of real skills is not at {CORPUS}")
    # The family's templates measure class 1 alone.
    document = json.loads((shapes / "val" / "annotations.json").read_text())
    for annotation in document["annotations"]:
        annotation["category_id"] = 1
    (tmp_path / "val.json").write_text(json.dumps(document))
    val = {"image_dir": str(shapes / "val" / "images"), "json_file": str(tmp_path / "val.json")}
    train = {
        "image_dir": str(shapes / "train" / "images"),
        "json_file": str(shapes / "train" / "annotations.json"),
    }
    sources = {"dataset.train_data_sources": [train], "dataset.val_data_sources": val}
    _run("train", tmp_path, sources)
    trained = str(tmp_path / "train" / "rtdetr_model_latest.pth")
    _run("evaluate", tmp_path, {"dataset.test_data_sources": val, "evaluate.checkpoint": trained})
    look = {"image_dir": [str(shapes / "inference" / "images")], "classmap": ""}
    _run("inference", tmp_path, {"dataset.infer_data_sources": look, "inference.checkpoint": trained})
    file = tmp_path / "rtdetr.onnx"
    _run("export", tmp_path, {"export.checkpoint": trained, "export.onnx_file": str(file)})
    assert file.stat().st_size > 10_000
