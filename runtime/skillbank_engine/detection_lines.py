"""How a detector's findings are written: a row of JSON, and a line of KITTI's layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank_engine.detection_metrics import Found

__all__ = ["kitti_line", "rounded"]


def rounded(item: Found, names: Sequence[str]) -> dict[str, object]:
    """A detection as it stands in JSON: what it is, ``xyxy`` box in pixels, score."""
    return {
        "phrase": names[item.label],
        "box": [round(value, 2) for value in item.box],
        "score": round(item.score, 4),
    }


def kitti_line(item: Found, names: Sequence[str]) -> str:
    """Write one object in KITTI's layout, whose columns are split at blanks, with its score behind them."""
    box = " ".join(f"{value:.2f}" for value in item.box)
    name = names[item.label].replace(" ", "_")
    return f"{name} 0.00 0 0.00 {box} {' '.join(['0.00'] * 7)} {item.score:.4f}\n"
