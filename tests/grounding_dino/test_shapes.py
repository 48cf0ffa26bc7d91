"""The demo data set: the same for a seed, and its held-out pairs really held out."""

import hashlib
import json
from pathlib import Path

from skillbank_engine.families.grounding_dino.data.shapes import HELD_OUT, SEEN, write_shapes


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_shapes(tmp_path / name, seed=seed, train=3, val=2, size=64)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")
    assert set(digest(tmp_path / "a")) >= {
        "train/images.tar.gz",
        "train/annotations_odvg.jsonl",
        "train/annotations_odvg_labelmap.json",
        "val/images.tar.gz",
        "val/annotations.json",
        "heldout/images.tar.gz",
        "heldout/annotations.json",
        "inference/label_map.txt",
        "inference/images/picture_0.png",
    }


def test_held_out_pairs_are_in_no_training_word(shapes: Path) -> None:
    texts = [
        (shapes / "train" / "annotations_odvg.jsonl").read_text(encoding="utf-8"),
        (shapes / "train" / "annotations_odvg_labelmap.json").read_text(encoding="utf-8"),
        (shapes / "val" / "annotations.json").read_text(encoding="utf-8"),
    ]
    assert not any(pair in text for pair in HELD_OUT for text in texts)
    # Each of their words is known from other pairs, or there would be nothing to compose.
    known = {word for pair in SEEN for word in pair.split()}
    assert all(word in known for pair in HELD_OUT for word in pair.split())


def test_held_out_set_counts_the_held_out_pairs_only(shapes: Path) -> None:
    document = json.loads((shapes / "heldout" / "annotations.json").read_text(encoding="utf-8"))
    names = [entry["name"] for entry in document["categories"]]
    assert [entry["id"] for entry in document["categories"]] == list(range(len(names)))
    assert tuple(names[: len(HELD_OUT)]) == HELD_OUT
    for annotation in document["annotations"]:
        assert annotation["iscrowd"] == (names[annotation["category_id"]] not in HELD_OUT)
    assert {a["image_id"] for a in document["annotations"] if not a["iscrowd"]} == {0, 1, 2, 3}
    assert any(a["iscrowd"] for a in document["annotations"])


def test_boxes_lie_in_their_pictures_and_apart(shapes: Path) -> None:
    for line in (shapes / "train" / "annotations_odvg.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        boxes = [item["bbox"] for item in entry["detection"]["instances"]]
        assert boxes
        for number, (x1, y1, x2, y2) in enumerate(boxes):
            assert 0 <= x1 < x2 <= entry["width"]
            assert 0 <= y1 < y2 <= entry["height"]
            for a1, b1, a2, b2 in boxes[number + 1 :]:
                assert x2 <= a1 or a2 <= x1 or y2 <= b1 or b2 <= y1
