"""Finding pictures and masks, and saying what is wrong with them."""

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.data.layout import find_pictures
from skillbank_engine.families.segformer.data.masks import read_mask
from skillbank_engine.families.segformer.data.sets import read_set
from tests.engine.segformer.conftest import spec_of


def save(values: np.ndarray, path: Path) -> None:
    Image.fromarray(values.astype(np.uint8)).save(path)


def test_a_split_is_read_with_its_pixels_counted(two_pictures: Path) -> None:
    found = read_set(spec_of(two_pictures), "train_split")
    assert [item.counts for item in found.items] == [(24, 24), (24, 24)]
    assert found.without_pixels() == []
    view = found.view(1, PixelScale())
    assert view.image.getpixel((0, 0)) == (40, 40, 40)
    assert np.unique(np.array(view.mask)).tolist() == [0, 1]


def test_all_faults_are_told_at_once(two_pictures: Path) -> None:
    images, masks = two_pictures / "images" / "train", two_pictures / "masks" / "train"
    blank = np.zeros((6, 8, 3))
    for name in ("lonely", "large", "strange", "broken"):
        save(blank, images / f"{name}.png")
    save(np.zeros((3, 4)), masks / "large.png")
    save(np.full((6, 8), 7), masks / "strange.png")
    (masks / "broken.png").write_bytes(b"nothing")
    with pytest.raises(DataError) as caught:
        read_set(spec_of(two_pictures), "train_split")
    text = str(caught.value)
    assert "1 pictures have no mask" in text and "lonely.png" in text
    assert "another size" in text and "4 x 3, the picture 8 x 6" in text
    assert (
        "hold what no class has" in text and "strange.png (7)" in text and "label_transform to 'None'" in text
    )
    assert "masks cannot be read" in text and "broken.png" in text
    assert "engine.skip_broken=true" in text


def test_what_is_broken_can_be_left_out(two_pictures: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(np.full((6, 8), 7), two_pictures / "masks" / "train" / "0.png")
    spec = spec_of(two_pictures)
    spec.engine.skip_broken = True
    with caplog.at_level(logging.WARNING):
        assert [item.pair.name for item in read_set(spec, "train_split").items] == ["1"]
    assert "left out" in caplog.text


def test_a_mask_without_a_picture_is_said(two_pictures: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(np.zeros((6, 8)), two_pictures / "masks" / "train" / "more.png")
    with caplog.at_level(logging.WARNING):
        assert len(read_set(spec_of(two_pictures), "train_split")) == 2
    assert "belong to no picture" in caplog.text


def test_names_that_several_files_share_are_faults(two_pictures: Path) -> None:
    images = two_pictures / "images" / "train"
    save(np.zeros((6, 8, 3)), images / "0.jpg")
    save(np.zeros((6, 8)), two_pictures / "masks" / "train" / "1.bmp")
    with pytest.raises(DataError, match=r"share their name.*several masks"):
        read_set(spec_of(two_pictures), "train_split")


def test_a_folder_that_is_not_there_is_named_with_those_that_are(two_pictures: Path) -> None:
    with pytest.raises(DataError, match=r"validation_split is 'val'.*set it to one of train"):
        read_set(spec_of(two_pictures), "validation_split")
    with pytest.raises(DataError, match=r"has no folder images .but train"):
        read_set(spec_of(two_pictures / "masks"), "train_split")


def test_masks_without_any_class_are_refused(two_pictures: Path) -> None:
    palette = [
        {"seg_class": "a", "rgb": [1], "label_id": 0},
        {"seg_class": "b", "rgb": [2], "label_id": 1},
        {"seg_class": "none", "rgb": [0], "label_id": 255},
        {"seg_class": "none too", "rgb": [255], "label_id": 255},
    ]
    with pytest.raises(DataError, match="no mask with a pixel of any class"):
        read_set(spec_of(two_pictures, palette=palette, label_transform="None"), "train_split")


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGB", "RGBA", "LA"])
def test_masks_of_every_kind_are_read(tmp_path: Path, mode: str) -> None:
    plain = Image.new("L", (4, 2), 0)
    plain.paste(255, (2, 0, 4, 2))
    path = tmp_path / "mask.png"
    if mode == "P":
        picture = plain.point(lambda value: value // 255)
        picture.putpalette([9, 9, 9, 200, 0, 0])
    else:
        picture = plain.convert(mode)
    picture.save(path)
    values = read_mask(path, grey=True)
    one = 1 if mode == "P" else 255
    assert values.reshape(2, 4, -1)[0, :, 0].tolist() == [0, 0, one, one]
    if mode == "P":
        assert read_mask(path, grey=False)[0, 3].tolist() == [200, 0, 0]


def test_a_mask_with_holes_is_refused(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="transparent"):
        read_mask(tmp_path / "a.png", grey=True)


def test_inference_sees_a_split_or_a_plain_folder(two_pictures: Path) -> None:
    found = find_pictures(str(two_pictures), "train", "dataset.segment.predict_split")
    assert [path.name for _, path in found] == ["0.png", "1.png"]
    plain = find_pictures(str(two_pictures / "images" / "train"), "test", "dataset.segment.predict_split")
    assert plain == found
    with pytest.raises(DataError, match="predict_split is 'test'"):
        find_pictures(str(two_pictures), "test", "dataset.segment.predict_split")
