"""The demo data set."""

from pathlib import Path

import numpy as np
from PIL import Image

from skillbank_engine.families.segformer.data.shapes import CLASSES, write_shapes
from skillbank_engine.families.segformer.family import FAMILY
from skillbank_engine.families.segformer.task import SegformerTask
from tests.engine.segformer.conftest import spec_of


def test_masks_say_where_the_shapes_are(masked_shapes: Path) -> None:
    spec = spec_of(masked_shapes)
    prepare = FAMILY.specs().recipe.prepare
    assert prepare is not None
    said = {key.rpartition(".")[2]: value for key, value in prepare(spec).items()}
    data = SegformerTask.read_training(spec_of(masked_shapes, **said), lambda text: None)
    assert data.validation is not None
    assert (len(data.train), len(data.validation)) == (6, 4)
    assert data.train.classes.names == CLASSES
    for item in data.train.items:
        assert item.size == (64, 64)
        picture, mask = np.array(Image.open(item.pair.image)), np.array(Image.open(item.pair.mask))
        background = np.median(picture[mask == 0], axis=0)
        # Nothing but shapes stands out from the plain background, edges aside.
        apart = np.abs(picture.astype(int) - background).max(-1) > 60
        assert (apart & (mask == 0)).mean() < 0.02


def test_equal_arguments_give_equal_bytes(masked_shapes: Path, tmp_path: Path) -> None:
    write_shapes(tmp_path, seed=0, train=6, val=4, size=64)
    for path in masked_shapes.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(masked_shapes)).read_bytes() == path.read_bytes()
