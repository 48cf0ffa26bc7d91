"""Pictures and boxes on their way to the network and back."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.transforms import View
from skillbank_engine.errors import DataError
from skillbank_engine.families.rtdetr.config.dataset import CocoSource
from skillbank_engine.families.rtdetr.data import DetectionSamples, read_test_set, read_training_set
from skillbank_engine.families.rtdetr.framing import Framing
from skillbank_engine.families.rtdetr.predictor import detections_of
from skillbank_engine.families.rtdetr.shapes import CLASSES, write_shapes
from skillbank_engine.families.rtdetr.variation import Variation, cut_out, recoloured

_STILL = Variation(0.0, 0.0, 0.0)


def _source(shapes: Path, part: str = "train") -> CocoSource:
    folder = shapes / part
    return CocoSource(image_dir=str(folder / "images"), json_file=str(folder / "annotations.json"))


def _samples(shapes: Path, **changes: object) -> DetectionSamples:
    values: dict[str, object] = {
        "framing": Framing(64, 64),
        "variation": _STILL,
        "sides": (),
        "cache_bytes": 2**20,
        "pixels": PixelScale(),
    }
    data = read_training_set([_source(shapes)], skip_broken=False)
    return DetectionSamples(data, data.names, **{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(40, 100), (100, 40), (7, 300)])
@pytest.mark.parametrize("keep_shape", [False, True])
def test_boxes_come_back_from_the_frame(size: tuple[int, int], keep_shape: bool) -> None:
    framing = Framing(64, 96, keep_shape)
    width, height = size
    boxes = np.array([[1.0, 2.0, width - 1.0, height - 2.0]])
    view = framing.apply(View(Image.new("RGB", size, "white"), boxes, (0,)))
    assert view.image.size == (96, 64)
    relative = view.boxes / np.array([96, 64, 96, 64])
    assert relative.max() <= 1
    back = relative * np.array([*framing.picture_size(width, height)] * 2)
    np.testing.assert_allclose(back, boxes, atol=1e-9)


def test_padding_is_black_and_beside_the_picture() -> None:
    view = Framing(64, 64, keep_shape=True).apply(
        View(Image.new("RGB", (64, 32), "white"), np.zeros((0, 4)), ())
    )
    pixels = np.asarray(view.image)
    assert (pixels[:32] == 255).all() and (pixels[32:] == 0).all()


def test_detections_are_in_pixels_of_the_picture_and_inside() -> None:
    logits = torch.tensor([[[2.0, -3.0], [-1.0, 1.0]]])
    boxes = torch.tensor([[[0.5, 0.5, 0.5, 0.5], [0.9, 0.5, 0.4, 0.2]]])
    found = detections_of(logits, boxes, [(200, 100)], Framing(64, 64), 3, 0.5)[0]
    assert [item.label for item in found] == [0, 1]
    assert found[0].box == pytest.approx((50, 25, 150, 75))
    assert found[1].box == pytest.approx((140, 40, 200, 60))
    assert len(detections_of(logits, boxes, [(200, 100)], Framing(64, 64), 9)[0]) == 4


def test_the_shapes_are_the_same_for_a_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_shapes(tmp_path / name, seed=3, train=2, val=1, size=64)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) >= 6
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_samples_depend_on_seed_epoch_and_index_alone(shapes: Path) -> None:
    lively = _samples(shapes, variation=Variation(1.0, 1.0, 0.5), sides=(32, 64))
    first, again = (lively.sample(3, 2, random.Random("1-2-3")) for _ in range(2))
    assert torch.equal(first.pixels, again.pixels) and torch.equal(first.boxes, again.boxes)
    other = lively.sample(3, 2, random.Random("1-3-3"))
    assert not torch.equal(first.pixels, other.pixels)


def test_kept_pictures_give_what_opened_ones_give(shapes: Path) -> None:
    kept, opened = _samples(shapes), _samples(shapes, cache_bytes=0)
    for _ in range(2):
        ours, theirs = (samples.sample(1, 0, random.Random(0)) for samples in (kept, opened))
        assert torch.equal(ours.pixels, theirs.pixels)
        torch.testing.assert_close(ours.boxes, theirs.boxes)
        assert torch.equal(ours.classes, theirs.classes)


def test_a_batch_has_the_size_that_its_first_sample_drew(shapes: Path) -> None:
    samples = _samples(shapes, sides=(32, 96))
    made = [samples.sample(index, 0, random.Random(index)) for index in range(4)]
    batch = samples.collate(made)
    assert batch.pixels.shape == (4, 3, made[0].side, made[0].side)
    assert batch.pixels.dtype == torch.uint8
    assert batch.targets.count == sum(len(sample.boxes) for sample in made)
    assert len(batch.part(slice(1, 3))) == 2


def test_cuts_keep_whole_objects_in_place() -> None:
    boxes = np.array([[10.0, 10.0, 30.0, 30.0], [60.0, 60.0, 90.0, 90.0]])
    image = Image.new("RGB", (100, 100))
    image.paste((255, 0, 0), (10, 10, 30, 30))
    image.paste((0, 255, 0), (60, 60, 90, 90))
    smaller = 0
    for seed in range(40):
        view = cut_out(View(image, boxes, (0, 1)), random.Random(seed))
        smaller += view.image.size != (100, 100)
        assert len(view.indices) == len(view.boxes) > 0
        assert view.boxes.min() >= 0 and (view.boxes[:, 2:] <= np.array(view.image.size)).all()
        for index, box in zip(view.indices, view.boxes, strict=True):
            x, y = (int(value) for value in (box[:2] + box[2:]) / 2)
            assert view.image.getpixel((x, y)) == ((255, 0, 0), (0, 255, 0))[index]
    assert smaller > 10


def test_colours_change_and_shapes_stay() -> None:
    image = Image.effect_mandelbrot((16, 16), (-2, -1, 1, 1), 20).convert("RGB")
    changed = [recoloured(image, random.Random(seed)) for seed in range(8)]
    assert all(item.size == image.size and item.mode == "RGB" for item in changed)
    assert len({item.tobytes() for item in changed}) > 4


def test_sources_are_mixed_by_name(shapes: Path, tmp_path: Path) -> None:
    document = json.loads((shapes / "val" / "annotations.json").read_text())
    for category in document["categories"]:
        category["id"] += 7
    for annotation in document["annotations"]:
        annotation["category_id"] += 7
    document["categories"].append({"id": 99, "name": "grey cube"})
    (tmp_path / "more.json").write_text(json.dumps(document))
    more = CocoSource(image_dir=str(shapes / "val" / "images"), json_file=str(tmp_path / "more.json"))
    data = read_training_set([_source(shapes), more], skip_broken=False)
    assert data.names == (*CLASSES, "grey cube")
    assert len(data) == 12 and len(list(data.pictures())) == 12


def test_a_set_without_boxes_teaches_nothing(shapes: Path, tmp_path: Path) -> None:
    document = json.loads((shapes / "val" / "annotations.json").read_text())
    (tmp_path / "none.json").write_text(json.dumps({**document, "annotations": []}))
    source = CocoSource(image_dir=str(shapes / "val" / "images"), json_file=str(tmp_path / "none.json"))
    with pytest.raises(DataError, match="no box"):
        read_training_set([source], skip_broken=False)
    with pytest.raises(DataError, match="train_data_sources is empty"):
        read_training_set([], skip_broken=False)
    assert len(read_test_set(source, "dataset.test_data_sources", skip_broken=False)) == 4
