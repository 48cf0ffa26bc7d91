"""Weights and graphs as integers: how much is lost, how it is kept, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from skillbank.jobs.checkpoints import model_of
from skillbank_engine.commands.quantize import layer_choice
from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from skillbank_engine.families.grounding_dino.onnx_model import read_onnx
from skillbank_engine.quantization import quantize_weights, unpacked
from tests.grounding_dino.conftest import data_block, status_lines, write_onnx


def test_weights_lose_half_a_step_at_most(checkpoint: Checkpoint, tmp_path: Path) -> None:
    detector = checkpoint.detector()
    linear = {name for name, part in detector.named_modules() if isinstance(part, nn.Linear)}
    weights, count = quantize_weights(detector, lambda _: True, {})
    assert count == len(linear)
    packed = {name for name, value in weights.items() if isinstance(value, dict)}
    assert {f"{name}.weight" for name in linear} <= packed
    write_checkpoint(tmp_path / "small.pth", replace(checkpoint, weights=weights))
    read = read_checkpoint(tmp_path / "small.pth", "test")
    assert read.architecture == checkpoint.architecture
    lost = 0.0
    for name, value in checkpoint.weights.items():
        if name in packed:
            assert weights[name]["int8"].dtype == torch.int8
            error = (read.weights[name] - value).abs()
            assert (error <= 0.501 * weights[name]["scale"]).all(), name
            lost = max(lost, float(error.max()))
        else:
            assert torch.equal(read.weights[name], value), name
    assert lost > 0
    # What torchao itself makes of its tensors.
    for name, part in detector.named_modules():
        if isinstance(part, nn.Linear):
            dequantized: Any = part.weight
            assert torch.equal(dequantized.dequantize(), read.weights[f"{name}.weight"]), name
    read.detector()


def test_chosen_layers_only(checkpoint: Checkpoint) -> None:
    chosen = layer_choice([{"module_name": "network.model.encoder"}], ["*.fc1"])
    weights, count = quantize_weights(checkpoint.detector(), chosen, {})
    packed = [name for name, value in weights.items() if isinstance(value, dict)]
    assert count == len(packed) > 0
    assert all(name.startswith("network.model.encoder.") and ".fc1" not in name for name in packed)
    with pytest.raises(EngineError, match=r"torchao does not take quantize.backend_kwargs"):
        quantize_weights(checkpoint.detector(), chosen, {"bits": 4})


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.integers(0, 2**32 - 1)
)  # rows, groups, columns of a group
def test_scales_belong_to_groups_of_columns(rows: int, groups: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    integers = random.integers(-127, 128, (rows, groups * columns))
    scale = random.random((rows, groups)).astype(np.float32)
    packed = {"int8": torch.from_numpy(integers.astype(np.int8)), "scale": torch.from_numpy(scale)}
    wanted = integers * np.repeat(scale, columns, axis=1)
    found = unpacked({"part": packed, "other": torch.ones(1)})
    np.testing.assert_allclose(found["part"], wanted, rtol=1e-6)
    assert found["other"].item() == 1


@pytest.mark.parametrize(
    ("rules", "skipped", "name", "wanted"),
    [
        ([], [], "a.b.fc1", True),
        ([], ["a.b"], "a.b.fc1", False),
        ([], ["a.b"], "a.bc.fc1", True),
        ([], ["*.fc1"], "a.b.fc1", False),
        ([{"module_name": "Linear"}], [], "a", True),
        ([{"module_name": "*.fc*", "weights": {"dtype": "int8"}}], [], "a.b.fc1", True),
        ([{"module_name": "a"}], [], "b.a", False),
        ([], ["/detector/text_backbone"], "/detector/text_backbone/query/MatMul", False),
    ],
)
def test_layer_choice(rules: list[Any], skipped: list[str], name: str, wanted: bool) -> None:
    assert layer_choice(rules, skipped)(name) is wanted


@pytest.mark.parametrize("name", ["quantized_model_torchao.pth", "quantized_model_onnxruntime.onnx"])
def test_jobs_that_follow_find_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "quantize").mkdir()
    (tmp_path / "quantize" / name).write_bytes(b"model")
    assert model_of("job", "quantize", tmp_path) == tmp_path / "quantize" / name


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump({"results_dir": str(tmp_path)}), encoding="utf-8")
    return tmp_path / "spec.yaml"


ONNX_WORDS = ("quantize.model_path=m.onnx", "engine.quantizer=onnxruntime", "quantize.mode=static_ptq")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["quantize.backend=modelopt.pytorch"],
            "backend=modelopt.pytorch is not part of the embedded engine",
        ),
        (["quantize.backend=modelopt.onnx"], "family's toolkit container (platform docker"),
        (
            ["quantize.mode=static_ptq"],
            "static_ptq is not done to checkpoints by the embedded engine",
        ),
        (["quantize.model_path=m.onnx"], "set engine.quantizer=onnxruntime"),
        (["engine.quantizer=onnxruntime"], "quantize.model_path=m.pth is not: export it first"),
        ([*ONNX_WORDS, "quantize.mode=weight_only_ptq"], "is not done to ONNX files by the embedded engine"),
        ([*ONNX_WORDS, "quantize.algorithm=awq_lite"], "set minmax or entropy, or run quantize in"),
        ([*ONNX_WORDS], "quantize.model_path names m.onnx, which is no file"),
        ([], "quantize.model_path names m.pth, which is no file"),
    ],
)
def test_refusals(spec: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert main(["quantize", "-e", str(spec), "quantize.model_path=m.pth", *words]) == 1
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == "Execution status: FAIL\n"


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"weights": {"dtype": "int8"}}, r"quantize.layers\[0\] must be like"),
        ("Linear", r"quantize.layers\[0\] must be like"),
        (
            {"module_name": "Linear", "weights": {"dtype": "fp8_e4m3fn"}},
            r"weights.dtype=fp8_e4m3fn is",
        ),
        (
            {"module_name": "Linear", "activations": {"dtype": "fp8_e5m2"}},
            r"activations.dtype=fp8_e5m2 is",
        ),
    ],
)
def test_rules_that_cannot_be_kept(rule: Any, sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence):
        layer_choice([rule], [])


def test_nothing_left(spec: Path, checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    write_checkpoint(spec.parent / "m.pth", checkpoint)
    words = [f"quantize.model_path={spec.parent / 'm.pth'}", "quantize.skip_names=['*']"]
    assert main(["quantize", "-e", str(spec), *words]) == 1
    assert "quantize.skip_names leave nothing to quantize" in capsys.readouterr().err
    assert not list((spec.parent / "quantize").glob("*.pth"))


@pytest.mark.slow
def test_static_quantization(spec: Path, checkpoint: Checkpoint, shapes: Path) -> None:
    data = data_block(shapes)
    data["quant_calibration_data_sources"] = data["train_data_sources"][0]
    document = {"results_dir": str(spec.parent), "dataset": data}
    spec.write_text(yaml.safe_dump(document), encoding="utf-8")
    source = spec.parent / "model.onnx"
    write_onnx(checkpoint, source, height=64, width=64)
    words = [*ONNX_WORDS, f"quantize.model_path={source}", "quantize.skip_names=['*/bbox_embed*']"]
    assert main(["quantize", "-e", str(spec), *words]) == 0
    path = spec.parent / "quantize" / "quantized_model_onnxruntime.onnx"
    assert read_onnx(path, "test").metadata == read_onnx(source, "test").metadata
    model = onnx.load_model(path)
    assert {entry.domain for entry in model.opset_import} == {""}
    floats = [node for node in model.graph.node if node.op_type == "DequantizeLinear"]
    outputs = {name for node in floats for name in node.output}
    assert {kind.data_type for kind in model.graph.initializer} >= {onnx.TensorProto.INT8}
    products = [node for node in model.graph.node if node.op_type in ("Conv", "MatMul")]
    kept = [node.name for node in products if not set(node.input[:2]) <= outputs]
    assert kept
    assert all("bbox_embed" in name for name in kept)
    (line,) = (line for line in status_lines(path.parent) if "kpi" in line)
    assert line["kpi"]["layers"] == len(products) - len(kept)
    first = path.read_bytes()
    assert main(["quantize", "-e", str(spec), *words]) == 0
    assert path.read_bytes() == first
