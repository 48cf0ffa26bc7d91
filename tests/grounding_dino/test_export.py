"""ONNX files: the family's inputs and outputs, torch's numbers, and all that is needed in one file."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import yaml
from PIL import Image
from torch import Tensor

from skillbank_engine.data.transforms import Resizing
from skillbank_engine.device import Compute
from skillbank_engine.errors import EngineError, WeightsError
from skillbank_engine.extras import require
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.architecture import SWIN_SIZES, Architecture
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint, write_checkpoint
from skillbank_engine.families.grounding_dino.commands.loading import compute_of
from skillbank_engine.families.grounding_dino.config import InferenceSpec, build_spec
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.model import build_detector
from skillbank_engine.families.grounding_dino.onnx_model import (
    INPUTS,
    NOTHING,
    OnnxDetector,
    OnnxModel,
    network_inputs,
    read_onnx,
)
from skillbank_engine.families.grounding_dino.predictor import Network, Predictor
from skillbank_engine.families.grounding_dino.prompt import PromptBatch, batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.onnx_file import OnnxRunner, agreement
from tests.grounding_dino.conftest import checkpoint_of, status_lines, task_of, write_onnx

pytestmark = pytest.mark.slow

COMPUTE = Compute(torch.device("cpu"), "fp32", 1)
HEIGHT, WIDTH = 64, 96


@pytest.fixture(scope="module")
def exported(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    write_onnx(checkpoint, path, height=HEIGHT, width=WIDTH)
    return read_onnx(path, "test")


@pytest.fixture(scope="module")
def network(exported: OnnxModel) -> OnnxDetector:
    return exported.detector(COMPUTE)


@pytest.fixture(scope="module")
def trained(checkpoint: Checkpoint) -> Detector:
    return checkpoint.detector().eval()


def prompts(tokenizer: PhraseTokenizer, count: int) -> PromptBatch:
    """Prompts of several lengths, one word unknown to the vocabulary."""
    phrases = [["red circle"], ["blue star", "green square"], ["zebra", "red star", "yellow circle"]]
    chosen = [build_prompt(phrases[number % 3], tokenizer, 256) for number in range(count)]
    return batch_prompts(chosen, tokenizer.pad)


def noise(count: int, height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_same_numbers_as_torch(
    network: OnnxDetector, trained: Detector, tokenizer: PhraseTokenizer, count: int
) -> None:
    batch = prompts(tokenizer, count)
    pixels = noise(count)
    with torch.inference_mode():
        wanted = trained(pixels, None, batch)
    logits, boxes = network._runner(*network_inputs(pixels, batch, 256).values())
    length = batch.token_ids.shape[1]
    assert logits.shape == (count, 12, 256)
    assert (logits[..., length:] == NOTHING).all()
    absent = ~batch.token_mask[:, None].expand(-1, 12, -1)
    assert (logits[..., :length][absent] == NOTHING).all()
    present = ~absent
    torch.testing.assert_close(logits[..., :length][present], wanted.logits[-1][present], atol=1e-4, rtol=0)
    torch.testing.assert_close(boxes, wanted.boxes[-1], atol=1e-4, rtol=0)


def test_inputs_and_outputs_of_the_family(exported: OnnxModel) -> None:
    model = onnx.load_model(exported.path)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]

    def described(part: Any) -> tuple[str, str, list[Any]]:
        kind = part.type.tensor_type
        sizes = [size.dim_param or size.dim_value for size in kind.shape.dim]
        return part.name, onnx.TensorProto.DataType.Name(kind.elem_type), sizes

    tokens = ["batch", 256]
    assert [described(part) for part in model.graph.input] == [
        ("inputs", "FLOAT", ["batch", 3, HEIGHT, WIDTH]),
        ("input_ids", "INT64", tokens),
        ("attention_mask", "BOOL", tokens),
        ("position_ids", "INT64", tokens),
        ("token_type_ids", "INT64", tokens),
        ("text_token_mask", "BOOL", [*tokens, 256]),
    ]
    assert [(name, kind) for name, kind, _ in map(described, model.graph.output)] == [
        ("pred_logits", "FLOAT"),
        ("pred_boxes", "FLOAT"),
    ]
    assert tuple(part.name for part in model.graph.input) == INPUTS


def test_the_file_carries_everything(exported: OnnxModel, checkpoint: Checkpoint) -> None:
    assert exported.frame == (HEIGHT, WIDTH)
    assert exported.batch is None
    assert exported.architecture == checkpoint.architecture
    assert exported.tokenizer.vocabulary == checkpoint.vocabulary
    assert exported.labels == checkpoint.labels
    for name in ("model", "engine"):
        assert exported.spec[name] == checkpoint.spec[name]
    saved = checkpoint.spec["dataset"]["augmentation"]
    assert exported.spec["dataset"]["augmentation"] == {
        name: saved[name] for name in ("input_mean", "input_std")
    }


MEAN = (124, 116, 104)
"""Red, green and blue that are normalised to zero."""


def predictor(network: Network, checkpoint: Checkpoint, resizing: Resizing) -> Predictor:
    return Predictor(
        network,
        checkpoint.tokenizer,
        ["red circle", "blue star"],
        resizing=resizing,
        mean=[value / 255 for value in MEAN],
        std=(0.229, 0.224, 0.225),
        compute=COMPUTE,
        num_select=5,
    )


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_pictures_that_fill_the_frame_are_seen_alike(
    network: OnnxDetector, exported: OnnxModel, trained: Detector, checkpoint: Checkpoint
) -> None:
    # Twice the frame's size, so both resize.
    pictures = [picture(2 * WIDTH, 2 * HEIGHT)] * 2
    by_torch = predictor(trained, checkpoint, Resizing(0, WIDTH)).detect(pictures)
    resizing = Resizing(0, 0, exported.frame)
    by_onnx = predictor(network, checkpoint, resizing).detect(pictures)
    for one, other in zip(by_torch, by_onnx, strict=True):
        assert [item.phrase for item in one] == [item.phrase for item in other]
        assert [item.score for item in one] == pytest.approx([item.score for item in other], abs=1e-4)
        np.testing.assert_allclose([item.box for item in one], [item.box for item in other], atol=0.02)


@pytest.mark.parametrize("size", [(48, 96), (200, 40)])
def test_other_pictures_are_fitted_into_the_frame(
    network: OnnxDetector, exported: OnnxModel, checkpoint: Checkpoint, size: tuple[int, int]
) -> None:
    image = picture(*size)
    resizing = Resizing(0, 0, exported.frame)
    new = resizing.size(*size)
    assert new[0] == WIDTH or new[1] == HEIGHT
    assert new[0] <= WIDTH
    assert new[1] <= HEIGHT
    assert new[0] / new[1] == pytest.approx(size[0] / size[1], rel=0.05)
    # By hand: the resized picture top left on the mean colour.
    wide = Image.new("RGB", (WIDTH, HEIGHT), MEAN)
    wide.paste(image.resize(new, Image.Resampling.BILINEAR))
    (found,) = predictor(network, checkpoint, resizing).detect([image])
    (wanted,) = predictor(network, checkpoint, resizing).detect([wide])
    factors = np.array([size[0] / new[0], size[1] / new[1]] * 2)
    for item, other in zip(found, wanted, strict=True):
        assert item.score == pytest.approx(other.score, abs=1e-4)
        edges = np.minimum(np.array(other.box) * factors, [*size, *size])
        np.testing.assert_allclose(item.box, edges, atol=0.02)


def agreement_of(checkpoint: Checkpoint, exported: OnnxModel) -> float:
    graph = task_of(checkpoint.detector().eval(), checkpoint.tokenizer).graph(*exported.frame, 2)
    with torch.inference_mode():
        wanted = graph.module(*graph.inputs.values())
    return agreement(graph, OnnxRunner(exported, COMPUTE)(*graph.inputs.values()), wanted)


@pytest.mark.slow
def test_agreement(exported: OnnxModel, checkpoint: Checkpoint, tokenizer: PhraseTokenizer) -> None:
    assert agreement_of(checkpoint, exported) == 1.0
    torch.manual_seed(1)
    other = checkpoint_of(build_detector(checkpoint.architecture, tokenizer), tokenizer)
    assert agreement_of(other, exported) < 0.5


def test_files_that_cannot_be_used(exported: OnnxModel, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"evaluate.checkpoint names .*none.onnx, which is no file"):
        read_onnx(tmp_path / "none.onnx", "evaluate.checkpoint")
    (tmp_path / "text.onnx").write_text("no graph", encoding="utf-8")
    with pytest.raises(WeightsError, match="cannot be read as ONNX"):
        read_onnx(tmp_path / "text.onnx", "evaluate.checkpoint")
    foreign = onnx.load_model(exported.path)
    del foreign.metadata_props[:]
    onnx.save_model(foreign, tmp_path / "foreign.onnx")
    with pytest.raises(WeightsError, match="which this engine did not export"):
        read_onnx(tmp_path / "foreign.onnx", "evaluate.checkpoint")


def test_no_precision_is_named_of_what_computes_as_it_was_exported(exported: OnnxModel) -> None:
    spec = build_spec("inference", {"inference": {"checkpoint": "model.onnx"}})
    assert isinstance(spec, InferenceSpec)
    assert compute_of(spec, exported, "").precision == "fp32"
    with pytest.raises(EngineError, match=r"named \(bf16\), but an ONNX file computes as it was exported"):
        compute_of(spec, exported, "bf16")


def test_missing_package() -> None:
    with pytest.raises(EngineError, match=r"export needs the package no_such.*\[export\]'"):
        require("no_such.part", "export", "export")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    document = {
        "results_dir": str(tmp_path),
        "export": {"checkpoint": str(tmp_path / "model.pth"), "onnx_file": str(tmp_path / "model.onnx")},
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return tmp_path / "spec.yaml"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("export.format=xdl", "export.format=xdl is not written by the embedded engine: set onnx, or run"),
        ("export.serialize_nvdsinfer=true", "export.serialize_nvdsinfer, DeepStream's configuration, is not"),
        ("export.input_channel=1", "export.input_channel=1 does not fit the model"),
        ("export.opset_version=15", "export.opset_version=15 cannot be written: choose one from 16 to 20"),
        ("export.opset_version=21", "export.opset_version=21 cannot be written: choose one from 16 to 20"),
        ("export.onnx_file={spec}", "spec.yaml, which exists: remove it or name another file"),
        ("export.checkpoint={spec}", "spec.yaml, which cannot be read as a checkpoint"),
    ],
)
def test_refusals(spec: Path, capsys: pytest.CaptureFixture[str], word: str, sentence: str) -> None:
    assert main(["export", "-e", str(spec), word.format(spec=spec)]) == 1
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == "Execution status: FAIL\n"
    assert status_lines(spec.parent / "export")[-1]["status"] == "FAILURE"
    assert not (spec.parent / "model.onnx").exists()


@pytest.mark.slow
def test_command(
    spec: Path,
    checkpoint: Checkpoint,
    trained: Detector,
    tokenizer: PhraseTokenizer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_checkpoint(spec.parent / "model.pth", checkpoint)
    words = ["export.batch_size=2", "export.opset_version=20", "export.input_width=96"]
    assert main(["export", "-e", str(spec), *words]) == 0
    assert "export.input_height 64 (spec: 544)" in capsys.readouterr().err
    model = read_onnx(spec.parent / "model.onnx", "test")
    assert (model.frame, model.batch) == ((64, 96), 2)
    assert onnx.load_model(model.path).opset_import[0].version == 20
    (line,) = (line for line in status_lines(spec.parent / "export") if "kpi" in line)
    assert line["kpi"]["agreement"] == 1.0
    kinds = {part.type.tensor_type.elem_type for part in onnx.load_model(model.path).graph.output}
    assert kinds == {onnx.TensorProto.FLOAT}
    # A fixed batch is filled up.
    batch, pixels = prompts(tokenizer, 5), noise(5)
    with torch.inference_mode():
        wanted = trained(pixels, None, batch)
    found = model.detector(COMPUTE)(pixels, None, batch)
    torch.testing.assert_close(found.boxes[-1], wanted.boxes[-1], atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["swin_tiny_224_1k", "resnet_50"])
def test_other_backbones(
    tmp_path: Path, tokenizer: PhraseTokenizer, monkeypatch: pytest.MonkeyPatch, backbone: str
) -> None:
    # A Swin of the same shape, but narrow.
    monkeypatch.setitem(
        SWIN_SIZES,
        "swin_tiny_224_1k",
        {"embed_dim": 12, "depths": [2, 2, 2, 2], "num_heads": [1, 2, 3, 4], "window_size": 3},
    )
    architecture = Architecture(
        backbone=backbone,
        text_encoder="mini",
        hidden_dim=32,
        nheads=4,
        enc_layers=2,
        dec_layers=2,
        dim_feedforward=32,
        num_queries=12,
        log_scale="-0.5",
        embed_init_target=False,
        max_text_len=64,
    )
    torch.manual_seed(0)
    checkpoint = checkpoint_of(build_detector(architecture, tokenizer), tokenizer)
    path = tmp_path / "model.onnx"
    write_onnx(checkpoint, path, height=80, width=112, opset=16)
    batch = prompts(tokenizer, 3)
    pixels = noise(3, 80, 112)
    with torch.inference_mode():
        wanted = checkpoint.detector().eval()(pixels, None, batch)
    found = read_onnx(path, "test").detector(COMPUTE)(pixels, None, batch)
    torch.testing.assert_close(found.boxes[-1], wanted.boxes[-1], atol=1e-4, rtol=0)
    torch.testing.assert_close(found.logits[-1].sigmoid(), wanted.logits[-1].sigmoid(), atol=1e-4, rtol=0)
