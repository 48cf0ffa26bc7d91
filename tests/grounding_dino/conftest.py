"""Small models and data sets, made once."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch

from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.data.shapes import SEEN, write_shapes
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.family import FAMILY
from skillbank_engine.families.grounding_dino.model import build_detector, network_values
from skillbank_engine.families.grounding_dino.task import GroundingDino
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer, build_tokenizer
from skillbank_engine.onnx_file import write_graph

LATEST = FAMILY.latest
TINY = Architecture(
    backbone="mini",
    text_encoder="mini",
    hidden_dim=32,
    nheads=4,
    enc_layers=1,
    dec_layers=2,
    dim_feedforward=32,
    num_queries=12,
    feature_indices=(1, 2),
    log_scale="auto",
    class_embed_bias=True,
    backbone_channels=(8, 16, 16, 16),
    text_hidden=16,
    text_layers=1,
    text_heads=2,
    text_ffn=16,
    fusion_scale=0.3,
    fusion_droppath=0.0,
    denoising=True,
)

# The spec's overrides that make the small profile tiny: whole runs in a second or two.
TINY_OVERRIDES = (
    "model.hidden_dim=32",
    "model.dim_feedforward=32",
    "model.num_queries=12",
    "engine.profile=small",
    "engine.threads=1",
    "engine.image_size=64",
    "engine.backbone_channels=[8, 16, 16, 16]",
    "engine.text_hidden=16",
    "engine.text_layers=1",
    "engine.text_heads=2",
    "engine.text_ffn=16",
    "dataset.batch_size=4",
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer() -> PhraseTokenizer:
    return build_tokenizer(SEEN)


@pytest.fixture
def detector(tokenizer: PhraseTokenizer) -> Detector:
    torch.manual_seed(0)
    return build_detector(TINY, tokenizer)


def checkpoint_of(detector: Detector, tokenizer: PhraseTokenizer, image_size: int = 64) -> Checkpoint:
    """A checkpoint as training would leave it, of a detector that saw pictures of one size."""
    spec = build_spec("train", {"engine": {"profile": "small", "image_size": image_size}}).model_dump()
    return Checkpoint(
        weights=detector.state_dict(),
        architecture=detector.architecture,
        network=network_values(detector),
        vocabulary=tokenizer.vocabulary,
        labels=tuple(SEEN),
        spec=spec,
        epoch=0,
        step=0,
        training={},
    )


def task_of(detector: Detector, tokenizer: PhraseTokenizer, *overrides: str) -> GroundingDino:
    """A task of a detector, as a training has it."""
    spec = build_spec("train", {}, overrides)
    return GroundingDino(spec, detector, tokenizer, tuple(SEEN), detector.architecture, {})


def write_onnx(checkpoint: Checkpoint, path: Path, **how: Any) -> None:
    """Export a checkpoint, as the program does."""
    task = task_of(checkpoint.detector().eval(), checkpoint.tokenizer)
    task.labels = checkpoint.labels
    graph = task.graph(how.pop("height"), how.pop("width"), how.get("batch") or 1)
    metadata = {"format": "grounding_dino.onnx/1", **task.onnx_metadata(checkpoint.kept)}
    write_graph(graph, path, metadata, **how)


@pytest.fixture(scope="session")
def checkpoint(tokenizer: PhraseTokenizer) -> Checkpoint:
    torch.manual_seed(0)
    return checkpoint_of(build_detector(TINY, tokenizer), tokenizer)


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo data set of a few small pictures, archives unpacked beside themselves."""
    out = tmp_path_factory.mktemp("shapes")
    write_shapes(out, seed=3, train=12, val=4, size=64)
    for part in ("train", "val", "heldout"):
        with tarfile.open(out / part / "images.tar.gz") as archive:
            archive.extractall(out / part / "images", filter="data")
    return out


def data_block(shapes: Path) -> dict[str, Any]:
    """The dataset block of a spec for the demo data."""
    train, val = shapes / "train", shapes / "val"
    coco = {"image_dir": str(val / "images"), "json_file": str(val / "annotations.json")}
    return {
        "train_data_sources": [
            {
                "image_dir": str(train / "images"),
                "json_file": str(train / "annotations_odvg.jsonl"),
                "label_map": str(train / "annotations_odvg_labelmap.json"),
            }
        ],
        "val_data_sources": coco,
        "test_data_sources": coco,
        "infer_data_sources": {
            "image_dir": str(shapes / "inference" / "images"),
            "classmap": str(shapes / "inference" / "label_map.txt"),
        },
    }


def status_lines(folder: Path) -> list[dict[str, Any]]:
    """All lines of a results folder's status.json."""
    return [json.loads(line) for line in (folder / "status.json").read_text(encoding="utf-8").splitlines()]
