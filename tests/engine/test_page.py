"""Evaluate's page: one file, that looks like the house's others and shows text as text."""

from pathlib import Path

import pytest
from PIL import Image

import skillbank.datasets
from skillbank_engine import page
from skillbank_engine.data.coco import CocoBox, EvaluationSet
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Record
from skillbank_engine.detection_metrics import Detection
from skillbank_engine.detection_review import NOTHING, review
from skillbank_engine.exchange import Confusion, Looked, Metrics
from skillbank_engine.page import MOST_PICTURES, PAGE, write_page


def test_it_looks_like_the_pages_of_data_sets() -> None:
    mine = Path(page.__file__).parent / "page.css"
    theirs = Path(skillbank.datasets.__file__).parent / "page" / "page.css"
    assert mine.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")


def looked(number: int) -> Looked:
    def draw() -> Image.Image:
        assert number < MOST_PICTURES, "drawn, and not shown"
        return Image.new("RGB", (2000, 10))

    return Looked(f"{number}.png", "1 missed", draw)


def test_text_of_the_data_is_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\u202eevil"
    metrics = Metrics(
        {"test_mAP50": 0.5},
        {name: {"mAP50": 0.5}, "b": {"mAP50": 0.25}},
        confusion=Confusion((name, "b"), [[1, 2], [0, 4]], "boxes"),
        worst=[looked(number) for number in range(20)],
    )
    write_page(tmp_path, "RT-DETR", "model.pth", 7, metrics)
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "<script" not in text and "\u202e" not in text
    assert text.count("<figure>") == MOST_PICTURES
    assert text.index("<td>b</td>") < text.index("<td>&lt;script"), "the worst class comes first"
    assert '<td class="number wrong">2</td>' in text


@pytest.mark.parametrize("classes", [30, 31])
def test_many_classes_are_listed_in_pairs(tmp_path: Path, classes: int) -> None:
    counts = [[0] * classes for _ in range(classes)]
    counts[1][2] = 3
    names = tuple(f"class {number}" for number in range(classes))
    write_page(tmp_path, "T", "m", 1, Metrics({"a": 1.0}, confusion=Confusion(names, counts, "pictures")))
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert text.count("class 7") == (2 if classes == 30 else 0)
    assert "class 1" in text and "class 2" in text


def test_boxes_are_compared_at_the_score_where_most_is_right(tmp_path: Path) -> None:
    records, found = [], {}
    boxes = ((0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 30.0, 30.0))
    for number in range(3):
        file = tmp_path / f"{number}.png"
        Image.new("RGB", (40, 40)).save(file)
        records.append(Record(file, 40, 40, boxes, ("cat", "dog"), ()))
    found[1] = [Detection(0, boxes[0], 0.9), Detection(1, boxes[1], 0.8), Detection(0, boxes[1], 0.1)]
    found[2] = [Detection(0, boxes[0], 0.9), Detection(0, boxes[1], 0.85)]
    found[3] = [Detection(1, (0.0, 20.0, 9.0, 30.0), 0.9)]
    names = ("cat", "dog", "cow")
    annotations: list[CocoBox] = [
        {
            "id": number,
            "image_id": 1,
            "category_id": number,
            "bbox": [0, 0, 10, 10],
            "area": 100,
            "iscrowd": 0,
        }
        for number in (0, 1)
    ]
    data = EvaluationSet(
        tuple(records),
        (1, 2, 3),
        names,
        (4, 5, 6),
        {"images": [], "categories": [], "annotations": annotations},
    )
    confusion, worst = review(data, found, None, PixelScale())
    assert confusion.names == ("cat", "dog", NOTHING)
    assert confusion.counts == [[2, 0, 1], [1, 1, 1], [0, 1, 0]]
    assert "score of 0.80" in confusion.about
    assert [(item.name, item.note) for item in worst] == [
        ("2.png", "2 missed, 1 where nothing is"),
        ("1.png", "1 of another class"),
    ]
    assert worst[0].draw().width == 2 * worst[0].draw().height
    only, _ = review(data, found, [5], PixelScale())
    assert only.names == ("dog", NOTHING)
