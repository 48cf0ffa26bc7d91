"""Annotated pictures."""

from pathlib import Path

import pytest
from PIL import Image

from skillbank_engine.drawing import draw_detections, phrase_colours, save_picture
from skillbank_engine.families.grounding_dino.predictor import Detection


def test_colours_differ_and_can_be_chosen() -> None:
    colours = phrase_colours([str(number) for number in range(12)], {"3": "#010203", "4": "no such colour"})
    assert len(set(colours)) == 12
    assert colours[3] == (1, 2, 3)


@pytest.mark.parametrize(
    "box", [(100.0, 100.0, 300.0, 200.0), (0.0, 0.0, 600.0, 400.0), (500.0, 0.0, 600.0, 9.0)]
)
def test_box_and_label_are_inside(box: tuple[float, float, float, float]) -> None:
    image = Image.new("RGB", (600, 400), (255, 255, 255))
    drawn = draw_detections(image, [Detection(0, box, 0.87)], ["red circle"], [(200, 0, 0)], 3)
    assert drawn.size == image.size
    assert image.getcolors() == [(600 * 400, (255, 255, 255))]
    colours = {colour: number for number, colour in drawn.getcolors(10**6) or []}
    # Outline and label's ground in the colour, letters in white.
    assert colours[(200, 0, 0)] > 500


def test_small_pictures_are_enlarged_and_formats_kept(tmp_path: Path) -> None:
    drawn = draw_detections(Image.new("RGB", (100, 50)), [], [], [], 2)
    assert drawn.size == (500, 250)
    for name, kind in (("a.jpg", "JPEG"), ("b.png", "PNG"), ("c.xyz", "PNG")):
        save_picture(drawn, tmp_path / "new" / name)
        with Image.open(tmp_path / "new" / name) as saved:
            assert saved.format == kind
