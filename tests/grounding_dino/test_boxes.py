"""Boxes: conversions are inverse, overlaps behave."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skillbank_engine.boxes import cxcywh_from_xyxy, generalized_iou, xyxy_from_cxcywh

coordinates = st.floats(0, 1000, allow_nan=False, width=32)
sizes = st.floats(0.125, 500, allow_nan=False, width=32)


@given(coordinates, coordinates, sizes, sizes)
def test_conversions_are_inverse(x: float, y: float, width: float, height: float) -> None:
    boxes = torch.tensor([[x, y, x + width, y + height]], dtype=torch.float64)
    torch.testing.assert_close(xyxy_from_cxcywh(cxcywh_from_xyxy(boxes)), boxes)


box = st.tuples(coordinates, coordinates, sizes, sizes)


@given(box, box)
def test_generalized_iou_is_symmetric_and_bounded(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    boxes = torch.tensor([one, other], dtype=torch.float64)
    boxes[:, 2:] += boxes[:, :2]
    first, second = generalized_iou(boxes[0], boxes[1]), generalized_iou(boxes[1], boxes[0])
    assert -1.0 - 1e-6 <= float(first) <= 1.0 + 1e-6
    torch.testing.assert_close(first, second)
    assert float(generalized_iou(boxes[0], boxes[0])) == pytest.approx(1.0, abs=1e-4)


def test_generalized_iou_by_hand() -> None:
    first = torch.tensor([0.0, 0.0, 2.0, 2.0])
    # Overlap 1 of a union of 7; the hull of 9 wastes 2.
    assert float(generalized_iou(first, torch.tensor([1.0, 1.0, 3.0, 3.0]))) == pytest.approx(1 / 7 - 2 / 9)
    # Apart: overlap 0 of a union of 8; the hull of 12 wastes 4.
    assert float(generalized_iou(first, torch.tensor([4.0, 0.0, 6.0, 2.0]))) == pytest.approx(-4 / 12)
