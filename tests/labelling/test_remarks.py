"""What is said of pictures that a model sees otherwise than a person."""

from __future__ import annotations

from skillbank.labelling.engine_documents import PictureDocument
from skillbank.labelling.remarks import Remarks, Shrunk

LARGE: PictureDocument = {"width": 4000, "height": 3000, "seen": [1333, 1000]}


def test_a_picture_that_is_seen_much_smaller_is_told_once() -> None:
    shrunk = Shrunk()
    shrunk.take("small.png", {"width": 100, "height": 80})
    assert shrunk.notes() == []
    for name in ("a.png", "b.png", "c.png"):
        shrunk.take(name, LARGE)
    assert shrunk.notes() == [
        "a.png has 4000 x 3000 pixels and the model sees 1333 x 1000, 3.0 times fewer each way, and 2 more "
        "are like it; --tiles auto looks closer."
    ]


def test_pictures_of_more_than_8_bits_are_told_together() -> None:
    remarks = Remarks()
    own = {"own_scale": "has more than 8 bits a colour, for which the model keeps no scale; its own was used"}
    remarks.take("a.tif", {"remarks": own})
    assert list(remarks.sentences()) == [f"a.tif {own['own_scale']}."]
    remarks.take("b.tif", {**LARGE, "remarks": own | {"frames": "has several frames"}})
    first, second, third = remarks.sentences()
    assert first.startswith("2 pictures, as a.tif, have more than 8 bits") and "its own darkest" in first
    assert second == "b.tif has several frames." and third.startswith("b.tif has 4000 x 3000")
