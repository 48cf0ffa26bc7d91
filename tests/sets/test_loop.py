"""What the loop's benchmark draws and counts; the loop itself runs in tests/web, through the page."""

from __future__ import annotations

from pathlib import Path

from benchmarks.loop.person import drawing
from benchmarks.loop.pictures import write_pictures


def test_pictures_are_the_same_each_time_and_hold_what_is_said(tmp_path: Path) -> None:
    first, again = (write_pictures(tmp_path / name, 6, seed=2) for name in ("a", "b"))
    assert [each.path.read_bytes() for each in first] == [each.path.read_bytes() for each in again]
    assert [each.objects for each in first] == [each.objects for each in again]
    boxes = [box for each in first for _, box in each.objects]
    assert all(0 <= x1 < x2 <= 128 and 0 <= y1 < y2 <= 128 for x1, y1, x2, y2 in boxes)
    assert len(boxes) >= 12


def test_drawing_is_a_key_and_a_drag_a_box_and_a_key_a_class() -> None:
    box = (0.0, 0.0, 9.0, 9.0)
    assert drawing([]) == 1
    assert drawing([("exit", box), ("stop", box), ("exit", box)]) == 3 * 2 + 2 + 1
