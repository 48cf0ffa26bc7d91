"""Small models and data sets, made once."""

import tarfile
from pathlib import Path

import pytest
import torch

from skillbank_engine.families.rtdetr.architecture import Architecture
from skillbank_engine.families.rtdetr.detector import Detector
from skillbank_engine.families.rtdetr.model import build_detector
from skillbank_engine.families.rtdetr.shapes import write_shapes

TINY = Architecture(
    backbone="mini",
    backbone_channels=(8, 16, 16, 16),
    frozen_norms=False,
    feature_indices=(1, 2),
    encoder_indices=(1,),
    hidden_dim=16,
    nheads=2,
    dim_feedforward=16,
    dec_layers=2,
    num_queries=10,
    expansion=0.5,
    denoising=8,
)

# The spec's overrides that make the small profile tiny: whole runs in a second or two.
TINY_OVERRIDES = (
    "model.hidden_dim=16",
    "model.feat_channels=[16, 16]",
    "model.nheads=2",
    "model.dim_feedforward=16",
    "model.num_queries=10",
    "model.dn_number=8",
    "engine.profile=small",
    "engine.threads=1",
    "engine.backbone_channels=[8, 16, 16, 16]",
    "dataset.augmentation.train_spatial_size=[64, 64]",
    "dataset.augmentation.eval_spatial_size=[64, 64]",
    "dataset.batch_size=4",
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def detector() -> Detector:
    """A tiny detector of five classes."""
    torch.manual_seed(0)
    return build_detector(TINY, 5)


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo data set, small and unpacked."""
    folder = tmp_path_factory.mktemp("shapes")
    write_shapes(folder, seed=0, train=8, val=4, size=64)
    for part in ("train", "val"):
        with tarfile.open(folder / part / "images.tar.gz") as archive:
            archive.extractall(folder / part / "images", filter="data")
    return folder
