"""A family of the frame in every action, in seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from skillbank_engine.families import GROUP
from tests.engine.conftest import Run, status_lines
from tests.plugin_site import install

LATEST = "toy_model_latest.pth"


def test_every_action(toy: Run, tmp_path: Path, colours: Path) -> None:
    results = tmp_path / "results"
    assert toy("train", "train.num_epochs=12", "engine.profile=full") == 0
    lines = status_lines(results / "train")
    assert (lines[0]["message"], lines[-1]["status"]) == ("Starting Toy train.", "SUCCESS")
    assert [line["kpi"] for line in lines if "kpi" in line][-1]["val_top1"] == 1.0
    checkpoint = results / "train" / LATEST
    assert checkpoint.readlink() == Path("model_epoch_011_step_00048.pth")

    assert toy("evaluate", f"evaluate.checkpoint={checkpoint}") == 0
    metrics = json.loads((results / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["test_top1"], metrics["images"]) == (1.0, 6)

    words = [f"dataset.infer=[{colours / 'val' / 'red'}]", f"inference.checkpoint={checkpoint}"]
    assert toy("inference", *words) == 0
    labels = sorted((results / "inference" / "labels").iterdir())
    assert [json.loads(path.read_text())["label"] for path in labels] == ["red", "red"]

    exported = tmp_path / "model.onnx"
    assert toy("export", f"export.checkpoint={checkpoint}", f"export.onnx_file={exported}") == 0
    said = [line["kpi"] for line in status_lines(results / "export") if "kpi" in line]
    assert said[0]["agreement"] == 1.0
    words = [f"evaluate.checkpoint={exported}", f"evaluate.results_dir={tmp_path / 'onnx'}"]
    assert toy("evaluate", *words) == 0
    again = json.loads((tmp_path / "onnx" / "metrics.json").read_text(encoding="utf-8"))
    assert again["test_top1"] == 1.0

    assert toy("quantize", f"quantize.model_path={checkpoint}") == 0
    integers = ["engine.quantizer=onnxruntime", "quantize.mode=static_ptq", f"quantize.model_path={exported}"]
    assert toy("quantize", *integers) == 0
    made = sorted(path.name for path in (results / "quantize").glob("quantized*"))
    assert made == ["quantized_model_onnxruntime.onnx", "quantized_model_torchao.pth"]
    for number, name in enumerate(made):
        words = [
            f"evaluate.checkpoint={results / 'quantize' / name}",
            f"evaluate.results_dir={tmp_path / str(number)}",
        ]
        assert toy("evaluate", *words) == 0


@pytest.mark.slow
def test_a_package_of_its_own_makes_it_a_program_by_one_line(tmp_path: Path, colours: Path) -> None:
    site, results = tmp_path / "site", tmp_path / "results"
    install(site, "toy-family", {GROUP: {"toy": "tests.engine.toy_family.__main__:main"}})
    spec = tmp_path / "spec.yaml"
    dataset, engine = {"root": str(colours)}, {"device": "cpu", "threads": 1}
    spec.write_text(yaml.safe_dump({"dataset": dataset, "engine": engine, "train": {"num_epochs": 1}}))
    path = os.pathsep.join([str(site), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "skillbank_engine", "toy", "train", "-e", str(spec)]
    done = subprocess.run(
        [*command, f"results_dir={results}"],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert status_lines(results / "train")[-1]["status"] == "SUCCESS"
    assert (results / "train" / LATEST).exists()


def test_a_checkpoint_of_another_family_is_named(
    toy: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    path = tmp_path / "other.pth"
    torch.save({"format": "rtdetr.engine/1"}, path)
    assert toy("evaluate", f"evaluate.checkpoint={path}") == 1
    assert "is a checkpoint of rtdetr: name a .pth that toy train wrote" in capsys.readouterr().err


def test_an_unknown_key_and_a_tensorrt_engine(toy: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert toy("train", "model.hiden=3") == 1
    assert "model.hiden is not a known key; did you mean model.hidden?" in capsys.readouterr().err
    assert toy("evaluate", "evaluate.checkpoint=", "evaluate.trt_engine=x.engine") == 1
