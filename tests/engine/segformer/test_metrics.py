"""Numbers of a confusion matrix, and pictures of classes."""

import numpy as np
import pytest
from PIL import Image

from skillbank_engine.drawing import beside
from skillbank_engine.families.segformer.config.dataset import IGNORED
from skillbank_engine.families.segformer.drawing import class_colours, draw_classes
from skillbank_engine.families.segformer.metrics import SegmentationMetrics, confusion


def test_pixels_are_counted_by_truth_and_answer() -> None:
    truth = np.array([[0, 0, 1], [2, IGNORED, 1]], dtype=np.uint8)
    found = np.array([[0, 1, 1], [2, 0, 2]], dtype=np.uint8)
    assert confusion(truth, found, 3).tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 1]]


def test_a_class_without_a_true_pixel_is_left_out() -> None:
    matrix = np.array([[8, 0, 2], [4, 6, 0], [0, 0, 0]])
    found = SegmentationMetrics.of(matrix, ("a", "b", "c"))
    assert found.absent == ("c",)
    assert found.per_class["a"] == {"iou": 8 / 14, "accuracy": 0.8, "precision": 8 / 12, "pixels": 10.0}
    assert found.miou == pytest.approx((8 / 14 + 6 / 10) / 2)
    assert found.accuracy == pytest.approx(14 / 20)
    assert found.mean_accuracy == pytest.approx(0.7)


def test_nothing_to_measure_is_nothing() -> None:
    found = SegmentationMetrics.of(np.zeros((2, 2), dtype=np.int64), ("a", "b"))
    assert (found.miou, found.per_class, found.absent) == (0.0, {}, ("a", "b"))


def test_classes_are_laid_over_a_picture_with_a_legend() -> None:
    colours = class_colours(3)
    assert len(set(colours)) == 3
    indices = np.zeros((10, 10), dtype=np.uint8)
    indices[:, 5:] = 2
    drawn = draw_classes(Image.new("RGB", (10, 10), "black"), indices, ("a", "b", "c"), colours)
    assert drawn.width == 480 and drawn.height > 480
    for x, number in ((100, 0), (400, 2)):
        assert drawn.getpixel((x, 100)) == pytest.approx([part / 2 for part in colours[number]], abs=2)
    legend = drawn.crop((0, 480, 480, drawn.height)).getcolors(10_000) or []
    shown = {colour for _, colour in legend}
    assert colours[0] in shown and colours[2] in shown and colours[1] not in shown
    assert beside(drawn, drawn).width == 960
