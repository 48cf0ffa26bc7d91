"""TensorRT engines: what is missing here is said, and INT8 is refused everywhere."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
import yaml

from skillbank_engine.families.grounding_dino.__main__ import main
from tests.grounding_dino.conftest import status_lines


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    block = {"onnx_file": str(tmp_path / "model.onnx"), "trt_engine": str(tmp_path / "model.engine")}
    document = {"results_dir": str(tmp_path), "gen_trt_engine": block}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return tmp_path / "spec.yaml"


@pytest.mark.skipif(
    find_spec("tensorrt") is not None and torch.cuda.is_available(), reason="an engine can be built here"
)
def test_what_is_missing_is_said(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gen_trt_engine", "-e", str(spec)]) == 1
    captured = capsys.readouterr()
    missing = [] if find_spec("tensorrt") else ["the package tensorrt"]
    missing += [] if torch.cuda.is_available() else ["a GPU"]
    assert f"gen_trt_engine lacks {' and '.join(missing)} here: run it in the family's deploy" in captured.err
    assert captured.out == "Execution status: FAIL\n"
    assert status_lines(spec.parent / "gen_trt_engine")[-1]["status"] == "FAILURE"


def test_int8_is_refused(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gen_trt_engine", "-e", str(spec), "gen_trt_engine.tensorrt.data_type=INT8"]) == 1
    assert "INT8 is not supported for Grounding DINO, use FP16 or FP32" in capsys.readouterr().err
