"""Boxes around masks in run lengths, as pycocotools finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as reference

from skillbank.datasets.formats.run_lengths import around_runs


@given(st.integers(1, 12), st.integers(1, 12), st.randoms(use_true_random=False))
def test_the_same_box_as_the_reference(height: int, width: int, numbers: object) -> None:
    share = numbers.choice((0.0, 0.05, 0.3, 0.9, 1.0))  # type: ignore[attr-defined]
    drawn = np.array(
        [[numbers.random() < share for _ in range(width)] for _ in range(height)],  # type: ignore[attr-defined]
        dtype=np.uint8,
    )
    packed = reference.encode(np.asfortranarray(drawn))
    spelled = {"size": [height, width], "counts": packed["counts"].decode()}
    found = around_runs(spelled)
    if not drawn.any():
        assert found is None
        return
    x, y, w, h = reference.toBbox(packed)
    assert found is not None
    ys, xs = np.nonzero(drawn)
    exact = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert exact == (x, y, x + w, y + h)
    assert found == exact


@pytest.mark.parametrize(
    "mask",
    [
        None,
        {},
        {"counts": "5", "size": [2]},
        {"counts": [1, 2, 9], "size": [2, 2]},
        {"counts": [1, -1], "size": [2, 2]},
        {"counts": ["x"], "size": [2, 2]},
        {"counts": "\x00", "size": [2, 2]},
        {"counts": "P", "size": [2, 2]},
        {"counts": 7, "size": [2, 2]},
        {"counts": [0, 1], "size": [0, 2]},
    ],
)
def test_what_is_none(mask: object) -> None:
    assert around_runs(mask) is None
