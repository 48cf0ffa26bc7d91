"""A small data set of pictures and masks, made once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from skillbank_engine.families.segformer.config import TrainSpec
from skillbank_engine.families.segformer.data.shapes import write_shapes

# Overrides that make the small profile tiny: whole runs in a second or two.
TINY_OVERRIDES = (
    "engine.profile=small",
    "engine.threads=1",
    "engine.mini_channels=[8, 8, 16, 16]",
    "engine.mini_heads=[1, 1, 2, 2]",
    "model.decode_head.decoder_params.embed_dim=16",
    "dataset.segment.img_size=64",
    "dataset.segment.batch_size=4",
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def masked_shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo data, ten pictures of 64 pixels."""
    out = tmp_path_factory.mktemp("masked-shapes")
    write_shapes(out, seed=0, train=6, val=4, size=64)
    return out


@pytest.fixture
def two_pictures(tmp_path: Path) -> Path:
    """A root folder with two pictures of 8 x 6 pixels, whose masks hold 0 and 255."""
    root = tmp_path / "data"
    for part in ("images", "masks"):
        (root / part / "train").mkdir(parents=True)
    for number in range(2):
        pixels = np.full((6, 8, 3), 40 * number, dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / "train" / f"{number}.png")
        mask = np.zeros((6, 8), dtype=np.uint8)
        mask[:, 4:] = 255
        Image.fromarray(mask).save(root / "masks" / "train" / f"{number}.png")
    return root


def spec_of(root: Path, **segment: object) -> TrainSpec:
    """A train spec of a root folder."""
    return TrainSpec.model_validate({"dataset": {"segment": {"root_dir": str(root), **segment}}})
