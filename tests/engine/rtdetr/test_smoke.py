"""All actions, one after the other, in one process: what one writes the next one reads."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
import yaml

from skillbank_engine.families.rtdetr.__main__ import main
from skillbank_engine.families.rtdetr.shapes import CLASSES
from tests.engine.rtdetr.conftest import TINY_OVERRIDES

pytestmark = pytest.mark.slow


def _source(shapes: Path, part: str) -> dict[str, str]:
    return {
        "image_dir": str(shapes / part / "images"),
        "json_file": str(shapes / part / "annotations.json"),
    }


def _run(action: str, spec: dict[str, Any], folder: Path, *overrides: str) -> list[dict[str, Any]]:
    """Run an action and give its status lines."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{action}.yaml"
    file.write_text(yaml.safe_dump({"results_dir": str(folder), **spec}))
    assert main([action, "-e", str(file), *TINY_OVERRIDES, *overrides]) == 0
    return [json.loads(line) for line in (folder / action / "status.json").read_text().splitlines()]


def _kpi(lines: list[dict[str, Any]], message: str) -> dict[str, float]:
    return next(line["kpi"] for line in reversed(lines) if line["message"] == message)


def test_from_training_to_integers(shapes: Path, tmp_path: Path) -> None:
    val = _source(shapes, "val")
    data = {
        "train_data_sources": [_source(shapes, "train")],
        "val_data_sources": val,
        "test_data_sources": val,
        "quant_calibration_data_sources": val,
    }
    lines = _run("train", {"dataset": data, "train": {"num_epochs": 2}}, tmp_path)
    assert lines[-1]["status"] == "SUCCESS"
    assert set(_kpi(lines, "Eval metrics generated.")) == {"val_mAP", "val_mAP50", "val_loss"}
    trained = tmp_path / "train" / "rtdetr_model_latest.pth"
    assert trained.resolve().name.startswith("model_epoch_001_step_")

    again = _run("train", {"dataset": data, "train": {"num_epochs": 3}}, tmp_path)
    assert trained.resolve().name.startswith("model_epoch_002_step_")
    assert again[-1]["status"] == "SUCCESS"

    tested = _run("evaluate", {"dataset": data, "evaluate": {"checkpoint": str(trained)}}, tmp_path)
    measured = _kpi(tested, "Test metrics generated.")
    last = _kpi(again, "Eval metrics generated.")
    assert measured["test_mAP"] == pytest.approx(last["val_mAP"], abs=1e-6)
    metrics = json.loads((tmp_path / "evaluate" / "metrics.json").read_text())
    assert set(metrics["per_class"]) <= set(CLASSES)
    assert metrics["confusion"]["classes"][-1] == "nothing"
    assert "<figure>" in (tmp_path / "evaluate" / "report.html").read_text(encoding="utf-8")

    labels = shapes / "inference" / "label_map.txt"
    look = {
        "infer_data_sources": {"image_dir": str(shapes / "inference" / "images"), "classmap": str(labels)}
    }
    infer = {"checkpoint": str(trained), "conf_threshold": 0.0}
    _run("inference", {"dataset": look, "inference": infer}, tmp_path, "inference.conf_threshold=0.0")
    pictures = sorted((shapes / "inference" / "images").iterdir())
    for picture in pictures:
        assert (tmp_path / "inference" / "images_annotated" / picture.name).is_file()
        line = (tmp_path / "inference" / "labels" / f"{picture.stem}.txt").read_text().splitlines()[0]
        assert line.split()[0].replace("_", " ") in CLASSES and len(line.split()) == 16

    file = tmp_path / "model.onnx"
    export = {"checkpoint": str(trained), "onnx_file": str(file)}
    _run("export", {"dataset": data, "export": export}, tmp_path)
    _agrees(file, trained)
    exported = _run(
        "evaluate", {"dataset": data, "evaluate": {"checkpoint": str(file)}}, tmp_path / "exported"
    )
    assert _kpi(exported, "Test metrics generated.")["test_mAP"] == pytest.approx(
        measured["test_mAP"], abs=1e-3
    )

    quantize = {"model_path": str(trained)}
    _run("quantize", {"dataset": data, "quantize": quantize}, tmp_path)
    small = tmp_path / "quantize" / "quantized_model_torchao.pth"
    assert small.stat().st_size < trained.stat().st_size
    _run("evaluate", {"dataset": data, "evaluate": {"checkpoint": str(small)}}, tmp_path / "small")
    quantize = {"model_path": str(file), "mode": "static_ptq"}
    _run(
        "quantize",
        {"dataset": data, "quantize": quantize},
        tmp_path / "onnx",
        "engine.quantizer=onnxruntime",
    )
    assert (tmp_path / "onnx" / "quantize" / "quantized_model_onnxruntime.onnx").is_file()

    distill = {"pretrained_teacher_model_path": str(trained)}
    taught = _run(
        "distill",
        {
            "dataset": data,
            "train": {"num_epochs": 2, "checkpoint_interval": 1},
            "distill": distill,
            "model": {"load_teacher_enc_dec": True},
        },
        tmp_path,
    )
    assert any("teacher's encoder and decoder" in line["message"] for line in taught)
    assert (tmp_path / "distill" / "rtdetr_model_latest.pth").is_file()

    [begun] = (tmp_path / "distill").glob("model_epoch_000_*.pth")
    gone_on = _run(
        "distill",
        {
            "dataset": data,
            "train": {"num_epochs": 2, "resume_training_checkpoint_path": str(begun)},
            "distill": distill,
            "model": {"load_teacher_enc_dec": True},
        },
        tmp_path / "again",
    )
    # A student that goes on still has its teacher.
    assert _kpi(gone_on, "Train metrics generated.") == _kpi(taught, "Train metrics generated.")


def _agrees(file: Path, checkpoint: Path) -> None:
    """An exported file says what the checkpoint says, to 1e-4, for any number of pictures."""
    from skillbank_engine.families.rtdetr.task import _from_checkpoint

    detector, _ = _from_checkpoint(str(checkpoint), "checkpoint")
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert [item.name for item in session.get_inputs()] == ["inputs"]
    for count in (1, 3):
        pixels = torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(count))
        with torch.no_grad():
            output = detector.eval()(pixels)
        logits, boxes = session.run(["pred_logits", "pred_boxes"], {"inputs": pixels.numpy()})
        np.testing.assert_allclose(logits, output.logits[-1], atol=1e-4)
        np.testing.assert_allclose(boxes, output.boxes[-1], atol=1e-4)
