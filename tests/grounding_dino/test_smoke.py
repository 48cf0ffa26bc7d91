"""Every action once, each on what the one before has left, on a CPU: a minute in all on an idle machine."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from skillbank_engine.families.grounding_dino.__main__ import main
from tests.grounding_dino.conftest import LATEST, TINY, TINY_OVERRIDES, data_block, status_lines

pytestmark = pytest.mark.slow

Run = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path, shapes: Path) -> Run:
    """Run an action on the demo data; give its results folder."""
    data: dict[str, Any] = data_block(shapes)
    source = data["train_data_sources"][0]
    data["quant_calibration_data_sources"] = source
    # Phrases of regions (VG) besides classes (OD), as two sources of one training.
    regions = tmp_path / "regions.jsonl"
    lines = [json.loads(line) for line in Path(source["json_file"]).read_text(encoding="utf-8").splitlines()]
    with regions.open("w", encoding="utf-8") as file:
        for line in lines[:4]:
            boxes = [
                {"bbox": item["bbox"], "phrase": item["category"]}
                for item in line.pop("detection")["instances"]
            ]
            caption = " and ".join(box["phrase"] for box in boxes)
            file.write(json.dumps({**line, "grounding": {"caption": caption, "regions": boxes}}) + "\n")
    data["train_data_sources"] = [source, {"image_dir": source["image_dir"], "json_file": str(regions)}]
    spec = tmp_path / "spec.yaml"

    def work(action: str, name: str, *words: str) -> Path:
        document = {"results_dir": str(tmp_path / name), "dataset": data}
        spec.write_text(yaml.safe_dump(document), encoding="utf-8")
        assert main([action, "-e", str(spec), *words]) == 0
        assert status_lines(tmp_path / name / action)[-1]["status"] == "SUCCESS"
        return tmp_path / name / action

    return work


def scores(folder: Path) -> list[float]:
    rows = json.loads((folder / "detections.json").read_text(encoding="utf-8"))
    return sorted((row["score"] for row in rows), reverse=True)


def labels(folder: Path) -> dict[str, list[list[float]]]:
    """Numbers of the label files: boxes and scores, best first."""
    found = {}
    for path in sorted((folder / "labels").glob("*.txt")):
        rows = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()]
        found[path.stem] = [[float(word) for word in (*row[4:8], row[15])] for row in rows]
    return found


def test_every_action(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained = run("train", "trained", *TINY_OVERRIDES, "train.num_epochs=1") / LATEST
    assert status_lines(trained.parent)[-2]["kpi"].keys() == {"val_mAP", "val_mAP50", "val_loss"}
    exported = run(
        "export", "exported", f"export.checkpoint={trained}", f"export.onnx_file={tmp_path / 'm.onnx'}"
    )
    assert status_lines(exported)[0]["status"] == "STARTED"
    onnx = tmp_path / "m.onnx"

    asked = ["dataset.infer_data_sources.captions=[red circle, blue star]", "inference.conf_threshold=0.0"]
    # All answers of all queries: which ones come first, and in which order, hangs on the last digits.
    asked += [f"model.num_select={2 * TINY.num_queries}", "engine.nms_iou=1"]
    plain = scores(run("evaluate", "evaluated", f"evaluate.checkpoint={trained}"))
    seen = labels(run("inference", "seen", f"inference.checkpoint={trained}", *asked))
    assert seen
    assert all(len(rows) == 2 * TINY.num_queries for rows in seen.values())
    # The ONNX file answers as the checkpoint does.
    assert scores(run("evaluate", "evaluated2", f"evaluate.checkpoint={onnx}")) == pytest.approx(
        plain, abs=1e-3
    )
    again = labels(run("inference", "seen2", f"inference.checkpoint={onnx}", *asked))
    assert again.keys() == seen.keys()
    for name, rows in seen.items():
        apart = torch.cdist(torch.tensor(again[name]), torch.tensor(rows), p=torch.inf)
        assert float(apart.amin(0).max()) < 0.1 and float(apart.amin(1).max()) < 0.1

    (small,) = run("quantize", "small", f"quantize.model_path={trained}").glob("*.pth")
    static = ["quantize.mode=static_ptq", "engine.quantizer=onnxruntime"]
    (integers,) = run("quantize", "integers", f"quantize.model_path={onnx}", *static).glob("*.onnx")
    for number, path in enumerate((small, integers)):
        found = scores(run("evaluate", f"quantized{number}", f"evaluate.checkpoint={path}"))
        assert found == pytest.approx(plain, abs=0.2)
        assert found != plain

    if find_spec("tensorrt") is None or not torch.cuda.is_available():
        engine = [f"gen_trt_engine.onnx_file={onnx}", f"gen_trt_engine.trt_engine={tmp_path / 'm.engine'}"]
        capsys.readouterr()
        assert main(["gen_trt_engine", "-e", str(tmp_path / "spec.yaml"), *engine]) == 1
        assert "gen_trt_engine lacks" in capsys.readouterr().err
